/* Levels, meters and positions, to the sample: the bridge runs at the files' rate, so that nothing is converted. */
#include "rig.h"

#include <unistd.h>

#define RATE  8000u
#define FRAME 160u

static void at_8000(struct offhook_phone_cfg *cfg)
{
	cfg->clock_rate_hz = RATE;
}

/* One phone with a player whose every sample is `value`, and a recorder. */
struct desk {
	struct rig *r;
	struct offhook_phone *phone;
	offhook_id player, player_slot, recorder, recorder_slot;
	char in[128], out[128];
};

static void desk_open(struct desk *d, int16_t value, size_t n, int loop)
{
	int16_t *pcm = malloc(n * sizeof(*pcm));

	for (size_t i = 0; i < n; i++)
		pcm[i] = value;
	d->r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_8000);
	d->phone = d->r->a.phone;
	wav_put(rig_path("levels-in.wav", d->in), pcm, n, RATE);
	rig_path("levels-out.wav", d->out);
	CHECK_OK(offhook_player_new(d->phone, d->in, loop, NULL, &d->player, &d->player_slot));
	CHECK_OK(offhook_recorder_new(d->phone, d->out, &d->recorder, &d->recorder_slot));
	free(pcm);
}

static void desk_close(struct desk *d)
{
	CHECK_OK(offhook_port_remove(d->phone, d->player));
	unlink(d->in);
	unlink(d->out);
	rig_close(d->r);
}

static float meter(struct desk *d, offhook_id slot, bool tx)
{
	struct offhook_slot_info info = {.size = sizeof(info)};

	CHECK_OK(offhook_slot_get_info(d->phone, slot, &info));
	return tx ? info.tx_signal : info.rx_signal;
}

/* All factors together decide what is heard: the source's, the connection's, the sink's; cut at full scale. */
TEST(levels_multiply_and_clamp)
{
	static const struct {
		int16_t said;
		float rx, link, tx;
		int16_t heard;
	} rows[] = {
		{1000, 1, 1, 1, 1000},
		{-1000, 0.5f, 1, 1, -500},
		{1000, 1, 0.5f, 1, 500},
		{1000, 1, 1, 0.5f, 500},
		{1000, 2, 2, 2, 8000},
		{1000, 0.5f, 0.5f, 4, 1000},
		{20000, 2, 1, 1, 32767},
		{-20000, 1, 2, 1, -32768},
		{20000, 1, 1, 2, 32767},
		{20000, 2, 0.5f, 1, 20000},
		{20000, 0, 1, 1, 0},
		{20000, 1, 0, 1, 0},
		{20000, 1, 1, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_slot_info info = {.size = sizeof(info)};
		struct offhook_link link;
		struct desk d;
		int16_t *heard;
		unsigned rate;
		size_t n, at = 0, same = 0;

		desk_open(&d, rows[i].said, RATE, 1);
		link = (struct offhook_link){d.player_slot, d.recorder_slot, rows[i].link};
		CHECK_OK(offhook_slot_set_levels(d.phone, d.player_slot, -1, rows[i].rx));
		CHECK_OK(offhook_slot_set_levels(d.phone, d.recorder_slot, rows[i].tx, -1));
		CHECK_OK(offhook_connect_many(d.phone, &link, 1));
		rig_run_ms(d.r, 500);
		CHECK_OK(offhook_slot_get_info(d.phone, d.player_slot, &info));
		CHECK(info.rx_level == rows[i].rx && info.tx_level == 1.0f && info.n_sinks == 1);
		/* The meters: what came in from the source, and what went out to the sink. */
		CHECK_EQ((int)(meter(&d, d.recorder_slot, true) * 32768),
			rows[i].heard < 0 ? -rows[i].heard : rows[i].heard);
		CHECK_OK(offhook_port_remove(d.phone, d.recorder));
		heard = wav_get(d.out, &n, &rate);
		CHECK_EQ(rate, RATE);
		while (at < n && heard[at] != rows[i].heard)
			at++;
		while (at + same < n && heard[at + same] == rows[i].heard)
			same++;
		CHECK(at <= 2 * FRAME && same >= 22 * FRAME);
		free(heard);
		desk_close(&d);
	}
}

/* Levels that change while it plays go on a straight line for a frame, and muting leaves nothing. */
TEST(muting_in_the_middle_is_heard_as_silence)
{
	struct desk d;
	int16_t *heard;
	unsigned rate;
	size_t n, loud = 0, quiet = 0;

	desk_open(&d, 3000, RATE, 1);
	CHECK_OK(offhook_connect(d.phone, d.player_slot, d.recorder_slot));
	rig_run_ms(d.r, 400);
	CHECK_OK(offhook_slot_set_levels(d.phone, d.player_slot, -1, 0));
	rig_run_ms(d.r, 400);
	CHECK(meter(&d, d.recorder_slot, true) == 0);
	CHECK_OK(offhook_slot_set_levels(d.phone, d.player_slot, -1, 1));
	rig_run_ms(d.r, 400);
	CHECK_OK(offhook_port_remove(d.phone, d.recorder));
	heard = wav_get(d.out, &n, &rate);
	for (size_t i = 0; i < n; i++) {
		loud += heard[i] == 3000;
		quiet += heard[i] == 0;
	}
	CHECK_EQ(n % FRAME, 0);
	/* Down and up, each with its last sample where it wants to be. */
	CHECK_EQ(loud + quiet, n - 2 * (FRAME - 1));
	CHECK_EQ(loud % FRAME, 1);
	CHECK(quiet >= 19 * FRAME && quiet <= 22 * FRAME);
	free(heard);
	desk_close(&d);
}

static uint64_t position(struct desk *d)
{
	uint64_t at, length;

	CHECK_OK(offhook_player_position(d->phone, d->player, &at, &length));
	CHECK_EQ(length, RATE);
	return at;
}

TEST(a_position_is_exact_to_the_frame)
{
	struct desk d;
	uint64_t at;

	desk_open(&d, 100, RATE, 0);
	CHECK_EQ(position(&d), 0);
	rig_run_ms(d.r, 200);
	CHECK_EQ(position(&d), 0); /* nobody listens */
	CHECK_OK(offhook_connect(d.phone, d.player_slot, d.recorder_slot));
	rig_run_ms(d.r, 200);
	at = position(&d);
	CHECK(at >= 9 * FRAME && at <= 11 * FRAME && at % FRAME == 0);
	rig_run_ms(d.r, 200);
	CHECK_EQ(position(&d), at + 10 * FRAME);

	/* At once after the seek, and frame by frame from there. */
	CHECK_OK(offhook_player_seek(d.phone, d.player, 1001));
	CHECK_EQ(position(&d), 1001);
	rig_run_ms(d.r, 500);
	at = position(&d);
	CHECK(at > 1001 && (at - 1001) % FRAME == 0);
	rig_run_ms(d.r, 100);
	CHECK_EQ(position(&d), at + 5 * FRAME);

	/* The end is the length, and stays; one sample behind it is refused. */
	rig_run_ms(d.r, 2000);
	CHECK_EQ(position(&d), RATE);
	CHECK_EQ(d.r->a.file_ends, 1);
	CHECK_EQ(offhook_player_seek(d.phone, d.player, RATE + 1), OH_ERANGE);
	CHECK_EQ(position(&d), RATE);
	CHECK_OK(offhook_player_seek(d.phone, d.player, RATE - 3));
	rig_run_ms(d.r, 500);
	CHECK_EQ(position(&d), RATE);
	CHECK_EQ(d.r->a.file_ends, 2);
	CHECK_OK(offhook_port_remove(d.phone, d.recorder));
	CHECK_EQ(offhook_player_position(d.phone, d.recorder, NULL, NULL), OH_ENOENT);
	desk_close(&d);
}

TEST(a_loop_begins_again_at_its_first_sample)
{
	struct desk d;
	uint64_t at;

	desk_open(&d, 100, RATE, 1);
	CHECK_OK(offhook_connect(d.phone, d.player_slot, d.recorder_slot));
	rig_run_ms(d.r, 500);
	at = position(&d);
	rig_run_ms(d.r, 1000); /* the whole file once */
	CHECK_EQ(position(&d), at);
	rig_run_ms(d.r, 540);
	CHECK_EQ(position(&d), (at + 27 * FRAME) % RATE);
	CHECK_EQ(d.r->a.file_ends, 0);
	CHECK_OK(offhook_port_remove(d.phone, d.recorder));
	desk_close(&d);
}

TEST(a_recorder_tells_how_much_it_has)
{
	struct desk d;
	uint64_t frames = 1, dropped = 1, before;

	desk_open(&d, 100, RATE, 1);
	rig_run_ms(d.r, 200);
	CHECK_OK(offhook_recorder_position(d.phone, d.recorder, &frames, &dropped));
	CHECK_EQ(frames, 0); /* nobody speaks to it */
	CHECK_EQ(dropped, 0);
	CHECK_OK(offhook_connect(d.phone, d.player_slot, d.recorder_slot));
	rig_run_ms(d.r, 200);
	CHECK_OK(offhook_recorder_position(d.phone, d.recorder, &before, NULL));
	CHECK(before >= 9 * FRAME && before <= 11 * FRAME);
	rig_run_ms(d.r, 1000);
	CHECK_OK(offhook_recorder_position(d.phone, d.recorder, &frames, &dropped));
	CHECK_EQ(frames, before + 50 * FRAME);
	CHECK_EQ(dropped, 0);
	CHECK_EQ(offhook_recorder_position(d.phone, d.player, &frames, NULL), OH_ENOENT);
	CHECK_OK(offhook_port_remove(d.phone, d.recorder));
	CHECK_EQ(offhook_recorder_position(d.phone, d.recorder, NULL, NULL), OH_ENOENT);
	desk_close(&d);
}

TESTS(RUN(a_recorder_tells_how_much_it_has), RUN(levels_multiply_and_clamp),
	RUN(muting_in_the_middle_is_heard_as_silence), RUN(a_position_is_exact_to_the_frame),
	RUN(a_loop_begins_again_at_its_first_sample))
