/* The program's own audio in calls of phones: who hears it, what survives a hold, how it ends. */
#include "rig.h"

#include "codec/codec.h"
#include "offhook/audio.h"

#define RATE 24000
#define N    (RATE / 50)

static int open_port(struct side *s, offhook_id call, offhook_id *ret_id)
{
	struct offhook_audio_cfg cfg;

	offhook_audio_cfg_init(&cfg);
	cfg.rate_hz = RATE;
	cfg.call = call;
	return offhook_audio_new(s->phone, &cfg, ret_id, NULL);
}

static struct offhook_audio_info info_of(struct side *s, offhook_id id)
{
	struct offhook_audio_info i = {.size = sizeof(i)};

	CHECK_OK(offhook_audio_get_info(s->phone, id, &i));
	CHECK_EQ(i.written, i.heard + i.queued + i.cleared);
	return i;
}

/* A 400 Hz tone, as much as the queue takes. */
static long say(struct side *s, offhook_id id, size_t n)
{
	static int16_t pcm[2 * RATE];

	for (size_t i = 0; i < n; i++)
		pcm[i] = i % 60 < 30 ? 8000 : -8000;
	return offhook_audio_write(s->phone, id, pcm, n, -1);
}

static int16_t loudest(struct side *s, offhook_id id)
{
	static int16_t pcm[2 * RATE];
	long n = offhook_audio_read(s->phone, id, pcm, ARRAY_LEN(pcm), 0, NULL);
	int16_t peak = 0;

	CHECK(n >= 0);
	for (long i = 0; i < n; i++)
		peak = pcm[i] > peak ? pcm[i] : peak;
	return peak;
}

TEST(two_programs_speak_with_each_other_through_hold_and_resume)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id at_a, at_b;

	/* The port is there before the call has audio. */
	rig_call(r);
	CHECK_OK(open_port(&r->a, r->a.call, &at_a));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK_OK(open_port(&r->b, r->b.call, &at_b));
	CHECK_EQ(say(&r->a, at_a, RATE), RATE);
	rig_run_ms(r, 500);
	CHECK(loudest(&r->b, at_b) > 6000);
	CHECK_EQ(info_of(&r->a, at_a).call, r->a.call);

	side_forget(&r->a);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "MEDIA(LOCAL_HOLD"));
	CHECK_OK(offhook_call_reinvite(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "MEDIA(ACTIVE"));
	rig_run_ms(r, 1000);
	(void)loudest(&r->b, at_b);
	CHECK_EQ(say(&r->a, at_a, RATE / 2), RATE / 2);
	rig_run_ms(r, 300);
	CHECK(loudest(&r->b, at_b) > 6000);

	/* The end lets both go; a port outlives its call until it is removed. */
	side_hangup(&r->a, 0);
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	CHECK_EQ(say(&r->a, at_a, 1), OH_EENDED);
	CHECK_OK(offhook_port_remove(r->a.phone, at_a));
	CHECK_EQ(say(&r->a, at_a, 1), OH_ENOENT);
	CHECK_OK(offhook_port_remove(r->b.phone, at_b));
	rig_close(r);
}

TEST(a_barge_in_is_exact)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id id;
	uint64_t queued;

	rig_talk(r);
	CHECK_OK(open_port(&r->a, r->a.call, &id));
	CHECK_EQ(say(&r->a, id, RATE), RATE);
	CHECK_OK(offhook_audio_mark(r->a.phone, id, 41));
	rig_run_ms(r, 200);
	CHECK_OK(offhook_audio_clear(r->a.phone, id, 5, &queued));
	CHECK(queued > RATE / 2 && queued < RATE);
	rig_run_ms(r, 40);
	CHECK(rig_wait(&r->a, "MARK(41,cleared) CLEARED "));
	CHECK_EQ(info_of(&r->a, id).heard, RATE - queued + RATE / 1000 * 5);
	CHECK_EQ(info_of(&r->a, id).queued, 0);
	CHECK_EQ(say(&r->a, id, N), N);
	CHECK_OK(offhook_audio_mark(r->a.phone, id, 42));
	CHECK(rig_wait(&r->a, "MARK(42,heard) "));
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	rig_close(r);
}

TEST(a_port_alone_hears_what_is_connected_to_it)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_tone_cfg tone;
	struct offhook_audio_heard heard = {.size = sizeof(heard)};
	offhook_id id, slot, tone_id, tone_slot;
	int16_t pcm[320];

	CHECK_OK(offhook_audio_new(r->a.phone, NULL, &id, &slot));
	offhook_tone_cfg_init(&tone);
	CHECK_OK(offhook_tone_new(r->a.phone, &tone, &tone_id, &tone_slot));
	rig_run_ms(r, 100);
	CHECK_EQ(offhook_audio_read(r->a.phone, id, pcm, 320, -1, NULL), 0);
	CHECK_OK(offhook_connect(r->a.phone, tone_slot, slot));
	rig_run_ms(r, 100);
	CHECK_EQ(offhook_audio_read(r->a.phone, id, pcm, 320, 0, &heard), 320);
	CHECK_EQ(heard.position, 0);
	CHECK_EQ(heard.dropped, 0);
	CHECK(info_of(&r->a, id).captured >= 4 * 320);
	CHECK_EQ(info_of(&r->a, id).slot, slot);
	CHECK_OK(offhook_port_remove(r->a.phone, tone_id));
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	rig_close(r);
}

/* ---- bit by bit ---- */

#define EXACT_S 20

static uint32_t exact_hz;
static const char *exact_codec;

static void at_codecs_rate(struct offhook_phone_cfg *cfg)
{
	cfg->clock_rate_hz = exact_hz;
	cfg->codecs = exact_codec;
}

static offhook_id port_at(struct side *s)
{
	struct offhook_audio_cfg cfg;
	offhook_id id;

	offhook_audio_cfg_init(&cfg);
	cfg.rate_hz = exact_hz;
	cfg.call = s->call;
	CHECK_OK(offhook_audio_new(s->phone, &cfg, &id, NULL));
	return id;
}

static int16_t through(const struct codec *c, int16_t sample)
{
	return c->number == CODEC_PCMU   ? g711_ulaw_decode(g711_ulaw_encode(sample))
	       : c->number == CODEC_PCMA ? g711_alaw_decode(g711_alaw_encode(sample))
					 : sample;
}

/* What stands at one end and at the other, aligned by the first of them. */
static void check_exact(
	const int16_t *said, size_t n_said, const int16_t *heard, size_t n_heard, const struct codec *c)
{
	size_t lag = 0;

	while (lag + n_said <= n_heard &&
		(heard[lag] != through(c, said[0]) || heard[lag + 1] != through(c, said[1])))
		lag++;
	CHECK(lag + n_said <= n_heard);
	for (size_t i = 0; i < n_said; i++)
		if (heard[lag + i] != through(c, said[i]))
			fail_msg("%s: sample %zu was %d and became %d", exact_codec, i, said[i],
				heard[lag + i]);
}

/* Samples of every value, as loud as they can be; on a clean wire nothing is done to them but what the codec does. */
TEST(what_a_program_writes_another_one_reads_bit_by_bit)
{
	static const struct {
		const char *name;
		uint32_t hz;
	} rows[] = {{"PCMU", 8000}, {"PCMA", 8000}, {"L16", 8000}, {"L16", 16000}, {"L16", 48000}};
	static int16_t said[EXACT_S * 48000], heard[(EXACT_S + 1) * 48000];

	for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
		const struct codec *c = codec_find(slice_of(rows[row].name), rows[row].hz, 1);
		size_t n_said = EXACT_S * rows[row].hz, n = 0, piece = rows[row].hz / 5, n_heard = 0;
		offhook_id at_a, at_b;
		uint64_t seed = row;
		char codec[32];
		struct rig *r;

		snprintf(codec, sizeof(codec), "%s/%u", rows[row].name, rows[row].hz);
		exact_codec = codec;
		exact_hz = rows[row].hz;
		for (size_t i = 0; i < n_said; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			said[i] = (int16_t)(seed >> 48);
		}
		r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_codecs_rate);
		rig_talk(r);
		at_a = port_at(&r->a);
		at_b = port_at(&r->b);
		for (unsigned k = 0; k < EXACT_S * 5 + 4; k++) {
			long got;

			if (n < n_said)
				CHECK_EQ(offhook_audio_write(r->a.phone, at_a, said + n, piece, 0), piece);
			n += piece;
			rig_run_ms(r, 200);
			got = offhook_audio_read(
				r->b.phone, at_b, heard + n_heard, ARRAY_LEN(heard) - n_heard, 0, NULL);
			CHECK(got >= 0);
			n_heard += (size_t)got;
		}
		CHECK_EQ(info_of(&r->a, at_a).heard, n_said);
		check_exact(said, n_said, heard, n_heard, c);
		CHECK_OK(offhook_port_remove(r->a.phone, at_a));
		CHECK_OK(offhook_port_remove(r->b.phone, at_b));
		rig_close(r);
	}
}

static void read_all(struct side *s, const struct offhook_event *e)
{
	int16_t pcm[4096];

	if (e->type == OFFHOOK_EVENT_AUDIO_READABLE) {
		s->file_ends++; /* how often */
		CHECK(offhook_audio_read(s->phone, e->id, pcm, ARRAY_LEN(pcm), 0, NULL) > 0);
	}
}

TEST(events_tell_that_samples_wait)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_audio_cfg cfg;
	offhook_id id;

	rig_talk(r);
	r->a.handler = read_all;
	offhook_audio_cfg_init(&cfg);
	cfg.call = r->a.call;
	cfg.events = 1;
	CHECK_OK(offhook_audio_new(r->a.phone, &cfg, &id, NULL));
	rig_run_ms(r, 1000);
	CHECK(r->a.file_ends >= 45 && r->a.file_ends <= 51);
	CHECK_EQ(info_of(&r->a, id).dropped, 0);
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	rig_close(r);
}

static void at_most_one(struct offhook_phone_cfg *cfg)
{
	cfg->max_queued_events = 1;
}

/* An event that found no room is told again: a program that waits for it must not wait for ever. */
TEST(what_found_no_room_in_the_queue_is_told_again)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_PULL, at_most_one);
	struct offhook_audio_cfg cfg;
	struct offhook_message message = {.size = sizeof(message), .uri = "sip:nobody@" RIG_B_IP, .body = ""};
	offhook_id id, slot;
	int16_t pcm[4096];

	r->a.handler = read_all;
	offhook_audio_cfg_init(&cfg);
	cfg.events = 1;
	CHECK_OK(offhook_audio_new(r->a.phone, &cfg, &id, &slot));
	CHECK_OK(offhook_message_send(r->a.phone, r->a.account, &message, NULL));
	rig_run_ms(r, 1000); /* its fate waits, and nobody pulls */
	CHECK_EQ(offhook_audio_read(r->a.phone, id, pcm, ARRAY_LEN(pcm), 0, NULL), 0);
	CHECK_OK(offhook_connect(r->a.phone, slot, slot));
	rig_run_ms(r, 200);
	rig_pull(r);
	rig_run_ms(r, 200);
	rig_pull(r);
	CHECK(r->a.file_ends > 0);
	CHECK_OK(offhook_port_remove(r->a.phone, id));
	rig_close(r);
}

TEST(wrong_settings_are_told)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_audio_cfg cfg;
	offhook_id id = 0;
	int16_t pcm[1];

	offhook_audio_cfg_init(&cfg);
	cfg.rate_hz = 11025;
	CHECK_EQ(offhook_audio_new(r->a.phone, &cfg, &id, NULL), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "rate_hz"));
	CHECK_EQ(open_port(&r->a, 4711, &id), OH_ENOENT);
	CHECK_EQ(id, 0);
	CHECK_EQ(offhook_audio_read(r->a.phone, 4711, pcm, 1, 0, NULL), OH_ENOENT);
	CHECK_EQ(offhook_audio_fd(r->a.phone, 4711, OFFHOOK_AUDIO_READ), OH_ENOENT);
	CHECK_OK(offhook_audio_new(r->a.phone, NULL, &id, NULL));
	CHECK_EQ(offhook_audio_write(r->a.phone, id, NULL, 1, 0), OH_EINVAL);
	CHECK_EQ(offhook_audio_fd(r->a.phone, id, (enum offhook_audio_side)7), OH_EINVAL);
	CHECK(offhook_audio_fd(r->a.phone, id, OFFHOOK_AUDIO_WRITE) >= 0);
	CHECK_OK(offhook_phone_close(r->a.phone, 0));
	CHECK_EQ(offhook_audio_write(r->a.phone, id, pcm, 1, -1), OH_ECLOSED);
	rig_drop(r);
}

static int a_port(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	offhook_id id;
	int err;

	(void)arg;
	if (!r)
		return OH_ENOMEM;
	err = rig_try_call(r);
	if (!err)
		err = open_port(&r->a, r->a.call, &id);
	rig_drop(r);
	return err;
}

TEST(memory_runs_out)
{
	check_every_allocation_fails(a_port, NULL);
}

TESTS(RUN(two_programs_speak_with_each_other_through_hold_and_resume), RUN(a_barge_in_is_exact),
	RUN(a_port_alone_hears_what_is_connected_to_it),
	RUN(what_a_program_writes_another_one_reads_bit_by_bit), RUN(events_tell_that_samples_wait),
	RUN(what_found_no_room_in_the_queue_is_told_again), RUN(wrong_settings_are_told),
	RUN(memory_runs_out))
