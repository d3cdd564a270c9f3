/* Levels, meters and positions, to the sample: the bridge runs at the files' rate, so that nothing is converted. */
#include "rig.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <sys/stat.h>
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
	CHECK_OK(offhook_player_seek(d.phone, d.player, RATE)); /* at the end, not behind it */
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

/* ---- lists ---- */

/* Two files of half a second each, values 100 and 200, and a listener. */
struct shelf {
	struct rig *r;
	char paths[2][128], out[128];
	const char *list[2];
	offhook_id listener, listener_slot;
};

static void shelf_fill(struct shelf *s)
{
	static int16_t pcm[RATE / 2];

	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < RATE / 2; k++)
			pcm[k] = (int16_t)(100 * (i + 1));
		s->list[i] = rig_path(i ? "second.wav" : "first.wav", s->paths[i]);
		wav_put(s->list[i], pcm, RATE / 2, RATE);
	}
}

static void shelf_open(struct shelf *s)
{
	s->r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_8000);
	CHECK_OK(offhook_recorder_new(
		s->r->a.phone, rig_path("listener.wav", s->out), &s->listener, &s->listener_slot));
	shelf_fill(s);
}

static void shelf_close(struct shelf *s)
{
	CHECK_OK(offhook_port_remove(s->r->a.phone, s->listener));
	rig_close(s->r);
	unlink(s->out);
	unlink(s->paths[0]);
	unlink(s->paths[1]);
}

static offhook_id open_list(struct shelf *s, struct offhook_player_cfg *cfg)
{
	offhook_id player, slot;

	cfg->paths = s->list;
	cfg->n_paths = 2;
	CHECK_OK(offhook_player_open(s->r->a.phone, cfg, &player, &slot));
	CHECK_OK(offhook_connect(s->r->a.phone, slot, s->listener_slot));
	return player;
}

static struct offhook_player_info look(struct rig *r, offhook_id player)
{
	struct offhook_player_info info = {.size = sizeof(info)};

	CHECK_OK(offhook_player_get_info(r->a.phone, player, &info));
	return info;
}

TEST(a_list_tells_where_it_is_and_can_be_moved)
{
	struct offhook_player_info info;
	struct offhook_player_cfg cfg;
	struct shelf s;
	struct rig *r;
	offhook_id player;

	shelf_open(&s);
	r = s.r;
	offhook_player_cfg_init(&cfg);
	cfg.loops = 2;
	player = open_list(&s, &cfg);
	rig_run_ms(r, 300);
	info = look(r, player);
	CHECK(info.n_files == 2 && info.file == 0 && info.length == RATE / 2 && info.rate_hz == RATE);
	CHECK(info.channels == 1 && info.format == OFFHOOK_FORMAT_WAV && info.level == 1);
	CHECK_STR(r->a.log, "");
	rig_run_ms(r, 500);
	info = look(r, player);
	CHECK_EQ(info.file, 1);
	CHECK(info.position > 0 && info.position < RATE / 2);
	CHECK_STR(r->a.log, "NEXT(1,second.wav) ");

	CHECK_OK(offhook_player_pause(r->a.phone, player, 1));
	rig_run_ms(r, 5000);
	CHECK_EQ(look(r, player).position, info.position);
	CHECK(look(r, player).paused);
	CHECK_OK(offhook_player_set_level(r->a.phone, player, 0.25f));
	CHECK(look(r, player).level == 0.25f);
	CHECK_OK(offhook_player_move(r->a.phone, player, 0, 10));
	CHECK(look(r, player).file == 0 && look(r, player).position == 10);
	CHECK_EQ(offhook_player_move(r->a.phone, player, 2, 0), OH_ERANGE);
	CHECK(strstr(offhook_error_detail(), "2 files") != NULL);
	CHECK_EQ(offhook_player_move(r->a.phone, player, 1, RATE), OH_ERANGE);
	CHECK(strstr(offhook_error_detail(), "4000") != NULL);
	CHECK_OK(offhook_player_pause(r->a.phone, player, 0));
	rig_run_ms(r, 3000);
	CHECK_STR(r->a.log, "NEXT(1,second.wav) NEXT(0,first.wav) NEXT(1,second.wav) NEXT(0,first.wav) "
			    "NEXT(1,second.wav) ");
	CHECK_EQ(r->a.file_ends, 1);
	CHECK_OK(offhook_player_seek(r->a.phone, player, 20)); /* in the second, which it ended with */
	CHECK_EQ(look(r, player).file, 1);

	/* When it has ended once more, it starts again with all its rounds. */
	rig_run_ms(r, 3000);
	CHECK_EQ(r->a.file_ends, 2);
	side_forget(&r->a);
	CHECK_OK(offhook_player_move(r->a.phone, player, 0, 0));
	rig_run_ms(r, 3000);
	CHECK_STR(r->a.log, "NEXT(0,first.wav) NEXT(1,second.wav) NEXT(0,first.wav) NEXT(1,second.wav) ");
	CHECK_EQ(r->a.file_ends, 3);

	CHECK_OK(offhook_port_remove(r->a.phone, player));
	CHECK_EQ(offhook_player_pause(r->a.phone, player, 0), OH_ENOENT);
	CHECK_EQ(offhook_player_set_level(r->a.phone, player, 1), OH_ENOENT);
	CHECK_EQ(offhook_player_move(r->a.phone, player, 0, 0), OH_ENOENT);
	CHECK_EQ(offhook_player_get_info(r->a.phone, player, &info), OH_ENOENT);
	shelf_close(&s);
}

/* Its own end, a file that is gone when its turn comes, a removal before the end. */
TEST(a_player_says_why_it_ended)
{
	struct offhook_player_cfg cfg;
	struct shelf s;
	struct rig *r;
	offhook_id player;

	shelf_open(&s);
	r = s.r;
	offhook_player_cfg_init(&cfg);
	cfg.loops = 3; /* the second round is not read ahead yet */
	player = open_list(&s, &cfg);
	unlink(s.paths[1]);
	rig_run_ms(r, 5000);
	CHECK_STR(r->a.log, "NEXT(1,second.wav) NEXT(0,first.wav) END(1,OH_ENOFILE) ");
	CHECK_OK(offhook_port_remove(r->a.phone, player));

	shelf_fill(&s);
	side_forget(&r->a);
	cfg.tell_removal = 1;
	player = open_list(&s, &cfg);
	CHECK_OK(offhook_port_remove(r->a.phone, player));
	CHECK_STR(r->a.log, "END(2,) ");
	side_forget(&r->a);
	player = open_list(&s, &cfg);
	rig_run_ms(r, 5000);
	CHECK_OK(offhook_port_remove(r->a.phone, player)); /* it had ended: nothing new */
	CHECK(strstr(r->a.log, "END(") == NULL);
	CHECK_EQ(r->a.file_ends, 3);
	shelf_close(&s);
}

TEST(settings_of_players_and_recorders_are_checked)
{
	static const char *many[OFFHOOK_PLAYER_FILES_MAX];
	const char *paths[] = {"x.wav", NULL};
	static char name[5000];
	struct offhook_player_cfg good, cfg;
	struct offhook_recorder_cfg rec;
	offhook_id id, slots[2];
	struct shelf s;
	struct rig *r;

	shelf_open(&s);
	r = s.r;
	offhook_player_cfg_init(&good);
	good.paths = s.list;
	good.n_paths = 1;
#define REFUSED(field, value, word) \
	do { \
		cfg = good; \
		cfg.field = (value); \
		CHECK_EQ(offhook_player_open(r->a.phone, &cfg, &id, slots), OH_EINVAL); \
		CHECK(strstr(offhook_error_detail(), word) != NULL); \
	} while (0)
	REFUSED(n_paths, 0, "n_paths");
	REFUSED(n_paths, OFFHOOK_PLAYER_FILES_MAX + 1, "n_paths");
	REFUSED(paths, NULL, "n_paths");
	REFUSED(paths, paths + 1, "path 0");
	REFUSED(level, -1, "level");
	REFUSED(level, 65, "level");
	REFUSED(level, NAN, "level");
	REFUSED(raw_rate_hz, 999, "raw_rate_hz");
	REFUSED(raw_rate_hz, 384001, "raw_rate_hz");
	REFUSED(raw_channels, 33, "raw_channels");
	REFUSED(raw_channels, 0, "raw_channels");
	CHECK_EQ(offhook_player_open(r->a.phone, NULL, &id, slots), OH_EINVAL);
	CHECK_EQ(offhook_player_open(NULL, &good, &id, slots), OH_EINVAL);
	good.size = 0;
	CHECK_EQ(offhook_player_open(r->a.phone, &good, &id, slots), OH_EINVAL);
	good.size = sizeof(good);
	good.formats = OFFHOOK_FORMAT_FLAC;
	CHECK_EQ(offhook_player_open(r->a.phone, &good, &id, slots), OH_EFORMAT);
	good.formats = OFFHOOK_FORMAT_WAV;
	CHECK_OK(offhook_player_open(r->a.phone, &good, &id, slots));
	CHECK_EQ(offhook_player_set_level(r->a.phone, id, 65), OH_EINVAL);
	CHECK_EQ(offhook_player_set_level(r->a.phone, id, NAN), OH_EINVAL);
	CHECK_EQ(offhook_player_set_level(r->a.phone, id, -0.5f), OH_EINVAL);
	CHECK_OK(offhook_player_set_level(r->a.phone, id, 64));
	CHECK_OK(offhook_player_set_level(r->a.phone, id, 0));
	CHECK_EQ(offhook_recorder_pause(r->a.phone, id, 1), OH_ENOENT);
	CHECK_OK(offhook_port_remove(r->a.phone, id));

	/* As many as there may be; then names that no system takes, and that no disk has. */
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = s.list[0];
	good.paths = many;
	good.n_paths = OFFHOOK_PLAYER_FILES_MAX;
	good.level = 64;
	CHECK_OK(offhook_player_open(r->a.phone, &good, &id, slots));
	many[0] = NULL; /* they were borrowed for the call */
	CHECK_EQ(look(r, id).n_files, OFFHOOK_PLAYER_FILES_MAX);
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	memset(name, 'x', sizeof(name) - 1);
	many[0] = name;
	CHECK_EQ(offhook_player_open(r->a.phone, &good, &id, slots), err_from_errno(ENAMETOOLONG));
	many[0] = "/nowhere/x.wav";
	CHECK_EQ(offhook_player_open(r->a.phone, &good, &id, slots), OH_ENOFILE);

	offhook_recorder_cfg_init(&rec);
	CHECK_EQ(offhook_recorder_open(NULL, &rec, &id, slots), OH_EINVAL);
	CHECK_EQ(offhook_recorder_open(r->a.phone, NULL, &id, slots), OH_EINVAL);
	CHECK_EQ(offhook_recorder_open(r->a.phone, &rec, &id, slots), OH_EINVAL);
	rec.path = "/nowhere/x.wav";
	CHECK_EQ(offhook_recorder_open(r->a.phone, &rec, &id, slots), err_from_errno(ENOENT));
	rec.path = "/tmp/x.mp3";
	CHECK_EQ(offhook_recorder_open(r->a.phone, &rec, &id, slots), OH_ENOTSUP);
	rec.channels = 3;
	CHECK_EQ(offhook_recorder_open(r->a.phone, &rec, &id, slots), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "channels") != NULL);
	rec.size = 0;
	CHECK_EQ(offhook_recorder_open(r->a.phone, &rec, &id, slots), OH_EINVAL);
	shelf_close(&s);
}

/* What the program gave comes back in every event, and a player that may not begin does not. */
static void *given[8];
static size_t n_given;

static void note_user_data(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if ((e->type == OFFHOOK_EVENT_PLAYER_NEXT || e->type == OFFHOOK_EVENT_PLAYER_END ||
		    e->type == OFFHOOK_EVENT_RECORDER_END || e->type == OFFHOOK_EVENT_TONE_END) &&
		n_given < ARRAY_LEN(given))
		given[n_given++] = e->user_data;
}

TEST(a_player_begins_when_it_may_and_events_carry_what_was_given)
{
	int mine = 0, its = 0, tones = 0;
	struct offhook_pattern_cfg pattern;
	struct offhook_recorder_cfg recorder;
	struct offhook_player_cfg cfg;
	offhook_id player, rec, tone, slot, slots[2];
	struct shelf s;
	struct rig *r;
	char out[128];

	shelf_open(&s);
	r = s.r;
	n_given = 0;
	r->a.handler = note_user_data;
	offhook_recorder_cfg_init(&recorder);
	recorder.path = rig_path("limited.wav", out);
	recorder.max_ms = 200;
	recorder.user_data = &its;
	CHECK_OK(offhook_recorder_open(r->a.phone, &recorder, &rec, slots));
	offhook_player_cfg_init(&cfg);
	cfg.paused = 1;
	cfg.user_data = &mine;
	player = open_list(&s, &cfg);
	CHECK_EQ(look(r, player).paused, 1);
	rig_run_ms(r, 2000);
	CHECK_EQ(look(r, player).position, 0);
	CHECK_EQ(n_given, 0);
	CHECK_OK(offhook_player_pause(r->a.phone, player, 0));
	rig_run_ms(r, 2000);
	CHECK_EQ(n_given, 2); /* NEXT, END */
	CHECK(given[0] == &mine && given[1] == &mine);
	offhook_pattern_cfg_init(&pattern);
	pattern.pattern = "440:100";
	pattern.repeats = 3;
	pattern.user_data = &tones;
	CHECK_OK(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot));
	CHECK_OK(offhook_connect(r->a.phone, slot, slots[0]));
	rig_run_ms(r, 1000);
	CHECK_EQ(n_given, 4);
	CHECK((given[2] == &its && given[3] == &tones) || (given[2] == &tones && given[3] == &its));
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	CHECK_OK(offhook_port_remove(r->a.phone, rec));
	CHECK_OK(offhook_port_remove(r->a.phone, player));
	unlink(out);
	shelf_close(&s);
}

/* A later version of the library may know more of a player than a program that was built before. */
TEST(a_players_picture_is_filled_as_far_as_the_program_knows_it)
{
	struct offhook_player_info info = {.size = 0};
	struct offhook_player_cfg cfg;
	offhook_id player;
	struct shelf s;

	shelf_open(&s);
	offhook_player_cfg_init(&cfg);
	player = open_list(&s, &cfg);
	CHECK_EQ(offhook_player_get_info(s.r->a.phone, player, &info), OH_EINVAL);
	CHECK_EQ(offhook_player_get_info(NULL, player, &info), OH_EINVAL);
	info.size = offsetof(struct offhook_player_info, position);
	info.position = 77;
	CHECK_OK(offhook_player_get_info(s.r->a.phone, player, &info));
	CHECK(info.n_files == 2 && info.position == 77 && info.rate_hz == 0);
	CHECK_OK(offhook_port_remove(s.r->a.phone, player));
	shelf_close(&s);
}

TEST(a_closed_phone_takes_no_files_and_moves_none)
{
	struct offhook_player_info info = {.size = sizeof(info)};
	struct offhook_pattern_cfg pattern;
	struct offhook_digits_cfg digits = {.size = sizeof(digits), .digits = "1"};
	struct offhook_recorder_cfg recorder;
	struct offhook_player_cfg cfg;
	offhook_id player, rec, id, slots[2];
	struct shelf s;
	char out[128];
	struct offhook_phone *phone;

	shelf_open(&s);
	phone = s.r->a.phone;
	offhook_player_cfg_init(&cfg);
	player = open_list(&s, &cfg);
	offhook_recorder_cfg_init(&recorder);
	recorder.path = rig_path("closed.wav", out);
	CHECK_OK(offhook_recorder_open(phone, &recorder, &rec, slots));
	CHECK_OK(offhook_port_remove(phone, s.listener));
	CHECK_OK(offhook_phone_close(phone, 1000));
	CHECK_EQ(offhook_player_open(phone, &cfg, &id, slots), OH_ECLOSED);
	CHECK_EQ(offhook_recorder_open(phone, &recorder, &id, slots), OH_ECLOSED);
	CHECK_EQ(offhook_player_move(phone, player, 0, 0), OH_ECLOSED);
	CHECK_EQ(offhook_player_pause(phone, player, 1), OH_ECLOSED);
	CHECK_EQ(offhook_player_set_level(phone, player, 1), OH_ECLOSED);
	CHECK_EQ(offhook_player_get_info(phone, player, &info), OH_ECLOSED);
	CHECK_EQ(offhook_recorder_pause(phone, rec, 1), OH_ECLOSED);
	CHECK_EQ(offhook_port_remove(phone, rec), OH_ECLOSED);
	CHECK_EQ(offhook_tone_national(phone, "de", OFFHOOK_TONE_BUSY, &id, slots), OH_ECLOSED);
	CHECK_EQ(offhook_tone_digits(phone, &digits, &id, slots), OH_ECLOSED);
	offhook_pattern_cfg_init(&pattern);
	pattern.pattern = "440";
	CHECK_EQ(offhook_tone_pattern(phone, &pattern, &id, slots), OH_ECLOSED);
	rig_drop(s.r);
	unlink(out);
	unlink(s.out);
	unlink(s.paths[0]);
	unlink(s.paths[1]);
}

/* ---- one party a channel ---- */

static long long file_size(const char *path)
{
	struct stat st;

	CHECK_EQ(stat(path, &st), 0);
	return st.st_size;
}

TEST(two_slots_record_into_one_file_until_its_limit)
{
	struct offhook_slot_info info = {.size = sizeof(info)};
	struct offhook_recorder_cfg cfg;
	offhook_id recorder, slots[2];
	struct desk d;
	SNDFILE *f;
	SF_INFO sound = {0};
	int16_t pcm[2 * RATE];
	size_t n;

	desk_open(&d, 100, RATE, 1);
	CHECK_OK(offhook_port_remove(d.phone, d.recorder));
	offhook_recorder_cfg_init(&cfg);
	cfg.path = d.out;
	cfg.channels = 2;
	cfg.max_ms = 500;
	CHECK_EQ(truncate(d.out, 1000000), 0); /* what is there goes */
	CHECK_OK(offhook_recorder_open(d.phone, &cfg, &recorder, slots));
	CHECK_OK(offhook_slot_get_info(d.phone, slots[1], &info));
	CHECK_EQ(info.owner, recorder);
	CHECK_OK(offhook_connect(d.phone, d.player_slot, slots[1]));
	rig_run_ms(d.r, 200);
	CHECK_OK(offhook_recorder_pause(d.phone, recorder, 1));
	rig_run_ms(d.r, 1000);
	CHECK_OK(offhook_recorder_pause(d.phone, recorder, 0));
	CHECK_STR(d.r->a.log, "");
	rig_run_ms(d.r, 1000);
	CHECK_STR(d.r->a.log, "RECORDED(0,) ");
	CHECK_OK(offhook_port_remove(d.phone, recorder));
	CHECK_EQ(offhook_slot_get_info(d.phone, slots[0], &info), OH_ENOENT);
	CHECK_EQ(offhook_slot_get_info(d.phone, slots[1], &info), OH_ENOENT);
	f = sf_open(d.out, SFM_READ, &sound);
	n = (size_t)sf_readf_short(f, pcm, RATE);
	sf_close(f);
	CHECK_EQ(n, RATE / 2);
	CHECK_EQ(sound.channels, 2);
	CHECK_EQ(file_size(d.out), 44 + 4 * RATE / 2);
	for (size_t i = 0; i < n; i++)
		CHECK(pcm[2 * i] == 0 && pcm[2 * i + 1] == 100);
	desk_close(&d);
}

static void with_three_slots(struct offhook_phone_cfg *cfg)
{
	cfg->max_ports = 3;
}

/* Slot 0, a tone, and one place for two. */
TEST(a_recorder_that_has_room_for_one_slot_only_leaves_nothing)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, with_three_slots);
	struct offhook_recorder_cfg cfg;
	struct offhook_tone_cfg tone;
	offhook_id id, first, slot, slots[2];
	char path[128];

	offhook_tone_cfg_init(&tone);
	CHECK_OK(offhook_tone_new(r->a.phone, &tone, &first, &slot));
	offhook_recorder_cfg_init(&cfg);
	cfg.path = rig_path("both.wav", path);
	cfg.channels = 2;
	CHECK_EQ(offhook_recorder_open(r->a.phone, &cfg, &id, slots), OH_ETOOMANY);
	CHECK(strstr(offhook_error_detail(), "max_ports is 3") != NULL);
	rig_run_ms(r, 100);
	cfg.channels = 1;
	CHECK_OK(offhook_recorder_open(r->a.phone, &cfg, &id, slots));
	CHECK_EQ(slots[1], 0);
	CHECK_EQ(offhook_recorder_open(r->a.phone, &cfg, &slot, slots), OH_ETOOMANY);
	CHECK_EQ(offhook_player_new(r->a.phone, path, 0, NULL, &slot, slots), OH_ETOOMANY);
	CHECK(strstr(offhook_error_detail(), "max_ports is 3") != NULL);
	CHECK_EQ(offhook_tone_national(r->a.phone, "us", OFFHOOK_TONE_DIAL, &slot, slots), OH_ETOOMANY);
	CHECK_OK(offhook_port_remove(r->a.phone, first));
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	unlink(path);
	rig_close(r);
}

TESTS(RUN(a_list_tells_where_it_is_and_can_be_moved), RUN(a_player_says_why_it_ended),
	RUN(settings_of_players_and_recorders_are_checked),
	RUN(a_player_begins_when_it_may_and_events_carry_what_was_given),
	RUN(a_players_picture_is_filled_as_far_as_the_program_knows_it),
	RUN(a_closed_phone_takes_no_files_and_moves_none),
	RUN(two_slots_record_into_one_file_until_its_limit),
	RUN(a_recorder_that_has_room_for_one_slot_only_leaves_nothing), RUN(a_recorder_tells_how_much_it_has),
	RUN(levels_multiply_and_clamp), RUN(muting_in_the_middle_is_heard_as_silence),
	RUN(a_position_is_exact_to_the_frame), RUN(a_loop_begins_again_at_its_first_sample))
