/* Silence and speech of a call, as its program is told. */
#include "rig.h"

#include "offhook/quality.h"
#include "offhook/tone.h"

static void connect_tone(struct side *s, unsigned on_ms, unsigned off_ms, offhook_id *ret_tone)
{
	struct offhook_tone_cfg cfg;
	offhook_id slot;

	offhook_tone_cfg_init(&cfg);
	cfg.on_ms = on_ms;
	cfg.off_ms = off_ms;
	CHECK_OK(offhook_tone_new(s->phone, &cfg, ret_tone, &slot));
	CHECK_OK(offhook_connect(s->phone, slot, s->slot));
}

static struct offhook_call_quality quality(struct side *s)
{
	struct offhook_call_quality q = {.size = sizeof(q)};

	CHECK_OK(offhook_call_get_quality(s->phone, s->call, &q));
	return q;
}

static void end(struct rig *r)
{
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	rig_close(r);
}

/* The peer sends, but nothing that can be heard: told after the time that was asked for, and its end too. */
TEST(packets_of_silence_are_told)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_listen_cfg cfg;
	offhook_id tone;

	offhook_listen_cfg_init(&cfg);
	cfg.silence_ms = 3000;
	CHECK_OK(offhook_call_listen(r->b.phone, 0, &cfg));
	rig_talk(r);
	side_forget(&r->b);
	rig_run_ms(r, 2800);
	CHECK_STR(r->b.log, "");
	CHECK(quality(&r->b).rx_silent_ms >= 2500);
	rig_run_ms(r, 5000);
	CHECK_STR(r->b.log, "SILENCE ");
	connect_tone(&r->a, 0, 0, &tone);
	rig_run_ms(r, 1000);
	CHECK_STR(r->b.log, "SILENCE SOUND ");
	CHECK_EQ(quality(&r->b).rx_silent_ms, 0);
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "SILENCE SOUND SILENCE ");
	/* Nobody asked at the other end. */
	CHECK(!strstr(r->a.log, "SILENCE"));
	end(r);
}

/* Asked for in the middle, and heard by the level and the noise that the peer is told of, too. */
TEST(speech_is_told_from_when_it_was_asked_for)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_listen_cfg cfg;
	struct offhook_call_quality q;
	offhook_id tone;

	offhook_listen_cfg_init(&cfg);
	cfg.speech = 1;
	rig_talk(r);
	side_forget(&r->b);
	connect_tone(&r->a, 1000, 1000, &tone);
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "");
	CHECK(quality(&r->b).rx_signal_dbov < -95);
	CHECK_OK(offhook_call_listen(r->b.phone, r->b.call, &cfg));
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "SPEAKS SPOKE SPEAKS SPOKE ");
	rig_run_ms(r, 10000);
	q = quality(&r->b);
	CHECK(q.rx_signal_dbov > -20 && q.rx_signal_dbov < -10 && q.rx_noise_dbov < -60);
	q = quality(&r->a);
	CHECK(q.tx_signal_dbm0 > -14 && q.tx_signal_dbm0 < -4 && q.tx_noise_dbm0 < -55);
	cfg.speech = 0;
	CHECK_OK(offhook_call_listen(r->b.phone, r->b.call, &cfg));
	rig_run_ms(r, 100);
	side_forget(&r->b);
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "");
	CHECK(!quality(&r->b).rx_speaking);
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	end(r);
}

static void listen_when_it_rings(struct side *s, const struct offhook_event *e)
{
	struct offhook_listen_cfg cfg;

	offhook_listen_cfg_init(&cfg);
	cfg.speech = 1;
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(offhook_call_listen(s->phone, e->id, &cfg));
}

/* As an answering program does: before there is any audio to listen to. */
TEST(what_is_asked_for_before_the_answer_is_told_after_it)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id tone;

	r->b.handler = listen_when_it_rings;
	rig_talk(r);
	connect_tone(&r->a, 1000, 1000, &tone);
	rig_run_ms(r, 2000);
	CHECK(strstr(r->b.log, "SPEAKS SPOKE "));
	CHECK(!strstr(r->a.log, "SPEAKS"));
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	end(r);
}

TEST(settings_out_of_range_are_refused_by_name)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_listen_cfg good, cfg;

	offhook_listen_cfg_init(&good);
	cfg = good;
	cfg.silence_dbov = 1;
	CHECK_EQ(offhook_call_listen(r->a.phone, 0, &cfg), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "silence_dbov"));
	cfg = good;
	cfg.speech_start_ms = 1001;
	CHECK_EQ(offhook_call_listen(r->a.phone, 0, &cfg), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "speech_start_ms"));
	cfg = good;
	cfg.speech_hang_ms = 10001;
	CHECK_EQ(offhook_call_listen(r->a.phone, 0, &cfg), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "speech_hang_ms"));
	cfg = good;
	cfg.speech_snr_db = 0.0 / 0.0;
	CHECK_EQ(offhook_call_listen(r->a.phone, 0, &cfg), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "speech_snr_db"));
	cfg.size = 0;
	CHECK_EQ(offhook_call_listen(r->a.phone, 0, &cfg), OH_EINVAL);
	CHECK_EQ(offhook_call_listen(r->a.phone, 77, &good), OH_ENOENT);
	rig_talk(r);
	CHECK_OK(offhook_call_listen(r->a.phone, r->a.call, &good));
	end(r);
}

/* ---- what tones tell ---- */

static void listen_to_tones(struct side *s, offhook_id call, const char *country)
{
	struct offhook_progress_cfg cfg;

	offhook_progress_cfg_init(&cfg);
	cfg.country = country;
	CHECK_OK(offhook_call_progress_listen(s->phone, call, &cfg));
}

static char told[256];

static void note_text(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if (e->type == OFFHOOK_EVENT_CALL_PROGRESS)
		snprintf(told, sizeof(told), "%llu: %s", (unsigned long long)e->count, e->text);
}

TEST(tones_of_the_network_are_told)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_progress_cfg off;
	offhook_id tone, slot;

	r->b.handler = note_text;
	listen_to_tones(&r->b, 0, "de");
	rig_talk(r);
	side_forget(&r->b);
	CHECK_OK(offhook_tone_national(r->a.phone, "DE", OFFHOOK_TONE_BUSY, &tone, &slot));
	CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "PROGRESS(3) ");
	CHECK(strncmp(told, "90: 42", 6) == 0 && strstr(told, " Hz, 4") && strstr(told, " ms on, "));
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	/* Another country, in the middle of the call; then none any more. */
	listen_to_tones(&r->b, r->b.call, "us");
	CHECK_OK(offhook_tone_national(r->a.phone, "us", OFFHOOK_TONE_RINGBACK, &tone, &slot));
	CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "PROGRESS(3) PROGRESS(2) ");
	CHECK(strncmp(told, "90: 4", 5) == 0);
	offhook_progress_cfg_init(&off);
	off.on = 0;
	CHECK_OK(offhook_call_progress_listen(r->b.phone, r->b.call, &off));
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	CHECK_OK(offhook_tone_national(r->a.phone, "us", OFFHOOK_TONE_BUSY, &tone, &slot));
	CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
	rig_run_ms(r, 4000);
	CHECK_STR(r->b.log, "PROGRESS(3) PROGRESS(2) ");
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	/* Nobody asked at the other end. */
	CHECK(!strstr(r->a.log, "PROGRESS"));
	end(r);
}

TEST(digits_and_patterns_are_ports)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_digits_cfg digits = {.size = sizeof(digits), .digits = "19#"};
	struct offhook_pattern_cfg pattern;
	offhook_id tone, slot;

	rig_talk(r);
	CHECK_OK(offhook_call_hear_dtmf(r->b.phone, r->b.call, OFFHOOK_DTMF_HEAR_ON));
	CHECK_OK(offhook_tone_digits(r->a.phone, &digits, &tone, &slot));
	rig_run_ms(r, 2000); /* they wait for somebody who hears them */
	CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
	rig_run_ms(r, 3 * 160 + 2 * 80 - 20);
	CHECK_EQ(r->a.file_ends, 0);
	rig_run_ms(r, 40);
	CHECK_EQ(r->a.file_ends, 1);
	rig_run_ms(r, 2000); /* once */
	CHECK_STR(r->b.digits, "19#");
	CHECK_EQ(r->a.file_ends, 1);
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	offhook_pattern_cfg_init(&pattern);
	pattern.pattern = "697+1209:60 0:60";
	pattern.repeats = 3;
	CHECK_OK(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot));
	CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
	rig_run_ms(r, 1000);
	CHECK_STR(r->b.digits, "19#111");
	CHECK_EQ(r->a.file_ends, 2);
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	end(r);
}

/* The last that is taken, and the first that is not. */
static void check_limits_of_tones(struct offhook_phone *phone)
{
	static const struct {
		unsigned duration_ms, pause_ms;
		int err;
	} rows[] = {{40, 30, 0}, {8000, 8000, 0}, {39, 0, OH_EINVAL}, {8001, 0, OH_EINVAL},
		{0, 29, OH_EINVAL}, {0, 8001, OH_EINVAL}};
	char text[257 * 6 + 1] = "", many[129 + 1];
	struct offhook_digits_cfg digits = {.size = sizeof(digits), .digits = many};
	struct offhook_pattern_cfg pattern;
	offhook_id tone, slot;

	for (int i = 0; i < 256; i++)
		strcat(text, "440:9 ");
	offhook_pattern_cfg_init(&pattern);
	pattern.pattern = text;
	CHECK_OK(offhook_tone_pattern(phone, &pattern, &tone, &slot));
	CHECK_OK(offhook_port_remove(phone, tone));
	strcat(text, "440:9 ");
	CHECK_EQ(offhook_tone_pattern(phone, &pattern, &tone, &slot), OH_ETOOMANY);
	memset(many, 'd', 129);
	many[129] = '\0';
	CHECK_EQ(offhook_tone_digits(phone, &digits, &tone, &slot), OH_ETOOMANY);
	many[128] = '\0';
	CHECK_OK(offhook_tone_digits(phone, &digits, &tone, &slot));
	CHECK_OK(offhook_port_remove(phone, tone));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		digits.duration_ms = rows[i].duration_ms;
		digits.pause_ms = rows[i].pause_ms;
		CHECK_EQ(offhook_tone_digits(phone, &digits, &tone, &slot), rows[i].err);
		if (!rows[i].err)
			CHECK_OK(offhook_port_remove(phone, tone));
	}
}

TEST(tones_that_are_none_are_refused_by_name)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_digits_cfg digits = {.size = sizeof(digits), .digits = "1x"};
	struct offhook_pattern_cfg pattern;
	struct offhook_progress_cfg progress;
	offhook_id tone, slot;

	CHECK_EQ(offhook_tone_national(r->a.phone, "xx", OFFHOOK_TONE_BUSY, &tone, &slot), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "'xx'"));
	CHECK_EQ(offhook_tone_national(r->a.phone, NULL, OFFHOOK_TONE_BUSY, &tone, &slot), OH_EINVAL);
	CHECK_EQ(offhook_tone_national(r->a.phone, "de", (enum offhook_tone_kind)7, &tone, &slot), OH_EINVAL);
	CHECK_EQ(offhook_tone_digits(r->a.phone, &digits, &tone, &slot), OH_EDIGIT);
	digits.digits = "";
	CHECK_EQ(offhook_tone_digits(r->a.phone, &digits, &tone, &slot), OH_EINVAL);
	digits.digits = "1";
	digits.pause_ms = 1;
	CHECK_EQ(offhook_tone_digits(r->a.phone, &digits, &tone, &slot), OH_EINVAL);
	digits.size = 0;
	CHECK_EQ(offhook_tone_digits(r->a.phone, &digits, &tone, &slot), OH_EINVAL);
	CHECK_EQ(offhook_tone_digits(NULL, &digits, &tone, &slot), OH_EINVAL);
	offhook_pattern_cfg_init(&pattern);
	CHECK_EQ(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot), OH_EINVAL);
	CHECK_EQ(offhook_tone_pattern(NULL, &pattern, &tone, &slot), OH_EINVAL);
	pattern.pattern = "440:100 what";
	CHECK_EQ(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "'what'"));
	pattern.pattern = "7900:100";
	CHECK_EQ(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot), OH_EINVAL);
	pattern.pattern = "440:100";
	pattern.level = 1.5;
	CHECK_EQ(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot), OH_EINVAL);
	pattern.level = -0.1;
	CHECK_EQ(offhook_tone_pattern(r->a.phone, &pattern, &tone, &slot), OH_EINVAL);
	check_limits_of_tones(r->a.phone);
	offhook_progress_cfg_init(&progress);
	progress.country = "xx";
	CHECK_EQ(offhook_call_progress_listen(r->a.phone, 0, &progress), OH_EINVAL);
	CHECK_EQ(offhook_call_progress_listen(r->a.phone, 77, NULL), OH_ENOENT);
	progress.size = 0;
	CHECK_EQ(offhook_call_progress_listen(r->a.phone, 0, &progress), OH_EINVAL);
	CHECK_EQ(offhook_call_hear_dtmf(r->a.phone, 77, OFFHOOK_DTMF_HEAR_ON), OH_ENOENT);
	CHECK_STR(offhook_tone_find("us", OFFHOOK_TONE_BUSY), "480+620:500 0:500");
	CHECK(!offhook_tone_find("us", (enum offhook_tone_kind)0));
	CHECK(offhook_tone_country(19) && !offhook_tone_country(1000));
	CHECK(!offhook_tone_find(NULL, OFFHOOK_TONE_BUSY));
	CHECK(offhook_tone_find("UK", OFFHOOK_TONE_SIT) == offhook_tone_find("gb", OFFHOOK_TONE_SIT));
	for (size_t i = 0; offhook_tone_country(i); i++)
		CHECK(offhook_tone_find(offhook_tone_country(i), OFFHOOK_TONE_CALL_WAITING));
	CHECK_OK(offhook_phone_close(r->a.phone, 1000));
	CHECK_EQ(offhook_call_progress_listen(r->a.phone, 0, NULL), OH_ECLOSED);
	CHECK_EQ(offhook_call_hear_dtmf(r->a.phone, 77, OFFHOOK_DTMF_HEAR_ON), OH_ECLOSED);
	rig_drop(r);
}

static int tones_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	offhook_id tone, slot;
	int err = r ? 0 : OH_ENOMEM;

	(void)arg;
	if (err)
		return err;
	err = offhook_call_progress_listen(r->b.phone, 0, NULL);
	if (!err)
		err = rig_try_call(r);
	rig_run_ms(r, 100);
	(void)side_answer(&r->b, 200);
	rig_run_ms(r, 1000);
	if (!err)
		err = offhook_call_progress_listen(r->a.phone, r->a.call, NULL);
	if (!err)
		err = offhook_call_hear_dtmf(r->a.phone, r->a.call, OFFHOOK_DTMF_HEAR_ON);
	if (!err)
		err = offhook_tone_national(r->a.phone, "us", OFFHOOK_TONE_BUSY, &tone, &slot);
	rig_drop(r);
	/* The call may have ended by what failed. */
	return err == OH_EENDED || err == OH_ENOENT ? OH_ENOMEM : err;
}

TEST(every_allocation_for_tones_may_fail)
{
	check_every_allocation_fails(tones_with_failing_memory, NULL);
}

TESTS(RUN(what_is_asked_for_before_the_answer_is_told_after_it), RUN(tones_of_the_network_are_told),
	RUN(digits_and_patterns_are_ports), RUN(tones_that_are_none_are_refused_by_name),
	RUN(every_allocation_for_tones_may_fail), RUN(packets_of_silence_are_told),
	RUN(speech_is_told_from_when_it_was_asked_for), RUN(settings_out_of_range_are_refused_by_name))
