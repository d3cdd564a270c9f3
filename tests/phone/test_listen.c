/* Silence and speech of a call, as its program is told. */
#include "rig.h"

#include "offhook/quality.h"

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

TESTS(RUN(packets_of_silence_are_told), RUN(speech_is_told_from_when_it_was_asked_for),
	RUN(settings_out_of_range_are_refused_by_name))
