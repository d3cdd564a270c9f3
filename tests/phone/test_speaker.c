/* Level meters, and who has the floor among the players that a slot hears: the events that a program gets. */
#include "rig.h"

#include "offhook/levels.h"

#include <math.h>

struct stage {
	struct rig *r;
	struct offhook_phone *phone;
	offhook_id tones[2], slots[2], ear, ear_slot, watch;
};

static void stage_open(struct stage *t)
{
	struct offhook_tone_cfg tone;
	char path[128];

	t->r = rig_new(OFFHOOK_DELIVER_INLINE);
	t->phone = t->r->a.phone;
	offhook_tone_cfg_init(&tone);
	for (size_t i = 0; i < 2; i++) {
		tone.level = i ? 0.1 : 0.25;
		CHECK_OK(offhook_tone_new(t->phone, &tone, &t->tones[i], &t->slots[i]));
	}
	CHECK_OK(offhook_recorder_new(t->phone, rig_path("floor.wav", path), &t->ear, &t->ear_slot));
}

static void stage_close(struct stage *t)
{
	char path[128];

	CHECK_OK(offhook_port_remove(t->phone, t->tones[0]));
	CHECK_OK(offhook_port_remove(t->phone, t->tones[1]));
	remove(rig_path("floor.wav", path));
	rig_close(t->r);
}

static struct offhook_slot_levels levels(struct stage *t, offhook_id slot)
{
	struct offhook_slot_levels l = {.size = sizeof(l)};

	CHECK_OK(offhook_slot_get_levels(t->phone, slot, &l));
	return l;
}

/* A sine of amplitude 1/4 has a peak of -12.04 dBov and a power of -15.05 dBov, at both ends of the connection. */
TEST(meters_show_peak_and_power)
{
	struct stage t;
	struct offhook_slot_levels l;

	stage_open(&t);
	CHECK_OK(offhook_connect(t.phone, t.slots[0], t.ear_slot));
	rig_run_ms(t.r, 200);
	l = levels(&t, t.slots[0]);
	CHECK(fabs(l.rx_peak_dbov + 12.04) < 0.3 && l.rx_rms_dbov == -96); /* nobody has asked before */
	for (unsigned i = 0; i < 20; i++) {
		rig_run_ms(t.r, 100);
		l = levels(&t, t.slots[0]);
		(void)levels(&t, t.ear_slot);
	}
	CHECK(fabs(l.rx_rms_dbov + 15.05) < 0.1);
	CHECK(l.tx_rms_dbov == -96 && l.tx_peak_dbov == -96);
	l = levels(&t, t.ear_slot);
	CHECK(fabs(l.tx_rms_dbov + 15.05) < 0.1 && fabs(l.tx_peak_dbov + 12.04) < 0.3);
	/* Twice as loud by its rx level. */
	CHECK_OK(offhook_slot_set_levels(t.phone, t.slots[0], -1, 2));
	rig_run_ms(t.r, 900);
	l = levels(&t, t.slots[0]);
	CHECK(fabs(l.rx_rms_dbov + 9.03) < 0.1);
	/* What was measured for the last question is too old to be an answer. */
	rig_run_ms(t.r, 3000);
	l = levels(&t, t.slots[0]);
	CHECK(fabs(l.rx_peak_dbov + 6.02) < 0.3 && l.rx_rms_dbov == -96);
	CHECK_EQ(offhook_slot_get_levels(t.phone, 7, &l), OH_ENOENT);
	l.size = 0;
	CHECK_EQ(offhook_slot_get_levels(t.phone, t.slots[0], &l), OH_EINVAL);
	CHECK_OK(offhook_port_remove(t.phone, t.ear));
	stage_close(&t);
}

TEST(the_floor_goes_to_who_is_heard_most)
{
	struct offhook_speaker_cfg cfg;
	struct stage t;

	stage_open(&t);
	offhook_speaker_cfg_init(&cfg);
	CHECK_OK(offhook_speaker_watch(t.phone, t.ear_slot, &cfg, &t.watch));
	rig_run_ms(t.r, 1000);
	CHECK_STR(t.r->a.log, "");
	CHECK_OK(offhook_connect(t.phone, t.slots[1], t.ear_slot));
	rig_run_ms(t.r, 1000);
	CHECK_STR(t.r->a.log, "FLOOR ");
	CHECK_EQ(t.r->a.other, t.tones[1]);
	CHECK_OK(offhook_connect(t.phone, t.slots[0], t.ear_slot)); /* 8 dB louder */
	rig_run_ms(t.r, 2000);
	CHECK_STR(t.r->a.log, "FLOOR FLOOR ");
	CHECK_EQ(t.r->a.other, t.tones[0]);
	CHECK_OK(offhook_disconnect(t.phone, t.slots[0], t.ear_slot));
	CHECK_OK(offhook_disconnect(t.phone, t.slots[1], t.ear_slot));
	rig_run_ms(t.r, 1000);
	CHECK_STR(t.r->a.log, "FLOOR FLOOR NO_FLOOR ");
	/* The slot goes: silence from then on, and the watch is ended as any other. */
	CHECK_OK(offhook_port_remove(t.phone, t.ear));
	rig_run_ms(t.r, 1000);
	CHECK_OK(offhook_speaker_unwatch(t.phone, t.watch));
	CHECK_EQ(offhook_speaker_unwatch(t.phone, t.watch), OH_ENOENT);
	CHECK_STR(t.r->a.log, "FLOOR FLOOR NO_FLOOR ");
	stage_close(&t);
}

TEST(watches_with_impossible_settings_are_refused)
{
	struct offhook_speaker_cfg good, cfg;
	offhook_id id;
	struct stage t;

	stage_open(&t);
	offhook_speaker_cfg_init(&good);
	cfg = good;
	cfg.start_ms = 10001;
	CHECK_EQ(offhook_speaker_watch(t.phone, t.ear_slot, &cfg, &id), OH_EINVAL);
	cfg = good;
	cfg.pause_ms = 10001;
	CHECK_EQ(offhook_speaker_watch(t.phone, t.ear_slot, &cfg, &id), OH_EINVAL);
	cfg = good;
	cfg.quiet_ms = 60001;
	CHECK_EQ(offhook_speaker_watch(t.phone, t.ear_slot, &cfg, &id), OH_EINVAL);
	cfg = good;
	cfg.margin_db = 0.0 / 0.0;
	CHECK_EQ(offhook_speaker_watch(t.phone, t.ear_slot, &cfg, &id), OH_EINVAL);
	CHECK_EQ(offhook_speaker_watch(t.phone, t.ear, &good, &id), OH_ENOENT);
	CHECK_EQ(offhook_speaker_watch(t.phone, t.ear_slot + 4096, &good, &id), OH_ENOENT);
	for (unsigned n = 1;; n++) {
		int err;

		mem_fail_at(n);
		err = offhook_speaker_watch(t.phone, t.ear_slot, &good, &id);
		mem_fail_at(0);
		if (!err)
			break;
		CHECK_EQ(err, OH_ENOMEM);
	}
	/* One that is left is ended with the phone. */
	CHECK_OK(offhook_port_remove(t.phone, t.ear));
	stage_close(&t);
}

TESTS(RUN(meters_show_peak_and_power), RUN(the_floor_goes_to_who_is_heard_most),
	RUN(watches_with_impossible_settings_are_refused))
