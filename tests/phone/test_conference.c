/* Conferences, levels that move, meters, and who has the floor: what a program hears and is told. */
#include "rig.h"

#include "offhook/audio.h"
#include "offhook/conference.h"
#include "offhook/levels.h"
#include "offhook/mixing.h"

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

/* ---- conferences ---- */

#define RATE   16000u
#define PEOPLE 4u

static void at_16000(struct offhook_phone_cfg *cfg)
{
	cfg->clock_rate_hz = RATE;
	cfg->codecs = "L16/16000"; /* what is said is heard bit by bit */
}

/* Four ports of the program: each says a number, and what it hears is a sum of them. */
struct room {
	struct rig *r;
	struct offhook_phone *phone;
	offhook_id conference, ports[PEOPLE], slots[PEOPLE];
};
static const int16_t numbers[PEOPLE] = {1000, 200, 30, 4};

static int open_port(struct offhook_phone *phone, offhook_id call, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct offhook_audio_cfg cfg;

	offhook_audio_cfg_init(&cfg);
	cfg.rate_hz = RATE;
	cfg.call = call;
	return offhook_audio_new(phone, &cfg, ret_id, ret_slot);
}

static void say(struct offhook_phone *phone, offhook_id port, int16_t number)
{
	static int16_t pcm[RATE];

	for (size_t i = 0; i < RATE; i++)
		pcm[i] = number;
	(void)offhook_audio_write(phone, port, pcm, RATE, 0); /* as much as there is room for */
}

/* The last sample that came; INT16_MIN: none did. */
static int16_t last_heard(struct offhook_phone *phone, offhook_id port)
{
	static int16_t pcm[2 * RATE];
	long n = offhook_audio_read(phone, port, pcm, ARRAY_LEN(pcm), 0, NULL);

	CHECK(n >= 0);
	return n ? pcm[n - 1] : INT16_MIN;
}

static void room_open(struct room *t)
{
	t->r = rig_new_with(OFFHOOK_DELIVER_INLINE, at_16000);
	t->phone = t->r->a.phone;
	CHECK_OK(offhook_conference_new(t->phone, NULL, &t->conference));
	for (size_t i = 0; i < PEOPLE; i++)
		CHECK_OK(open_port(t->phone, 0, &t->ports[i], &t->slots[i]));
}

static void room_close(struct room *t)
{
	for (size_t i = 0; i < PEOPLE; i++)
		CHECK_OK(offhook_port_remove(t->phone, t->ports[i]));
	rig_close(t->r);
}

/* Everybody speaks for a while; who hears how much then? */
static void check_heard(struct room *t, const int16_t heard[PEOPLE])
{
	for (size_t i = 0; i < PEOPLE; i++)
		say(t->phone, t->ports[i], numbers[i]);
	rig_run_ms(t->r, 200);
	for (size_t i = 0; i < PEOPLE; i++) {
		int16_t last = last_heard(t->phone, t->ports[i]);

		if (last != heard[i])
			fail_msg("%zu hears %d, not %d", i, last, heard[i]);
	}
}

#define HEARD(...) check_heard(&t, (const int16_t[PEOPLE]){__VA_ARGS__})
#define NOTHING    INT16_MIN

TEST(everybody_hears_all_but_himself)
{
	struct offhook_member_cfg cfg;
	struct offhook_member_info info = {.size = sizeof(info)};
	offhook_id ids[PEOPLE];
	struct room t;

	room_open(&t);
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[0], NULL));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[1], NULL));
	HEARD(200, 1000, NOTHING, NOTHING);
	/* A slot stands for the port that has it. */
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.slots[2], NULL));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[3], NULL));
	CHECK_STR(t.r->a.log, "THERE THERE THERE THERE ");
	CHECK_EQ(t.r->a.other, t.ports[3]);
	HEARD(234, 1034, 1204, 1230);
	CHECK_EQ(offhook_conference_members(t.phone, t.conference, ids, 2), 4);
	CHECK(ids[0] == t.ports[0] && ids[1] == t.ports[1]);
	CHECK_EQ(offhook_conference_members(t.phone, t.conference, ids, 4), 4);
	CHECK_EQ(ids[2], t.ports[2]);
	/* Muted: he hears on. */
	offhook_member_cfg_init(&cfg);
	cfg.muted = 1;
	CHECK_OK(offhook_conference_set(t.phone, t.conference, t.ports[0], &cfg));
	HEARD(234, 34, 204, 230);
	CHECK_OK(offhook_conference_get_member(t.phone, t.conference, t.slots[0], &info));
	CHECK(info.id == t.ports[0] && info.muted && info.state == OFFHOOK_MEMBER_THERE && info.level == 1);
	/* A coach whispers to one, and another one listens only. */
	offhook_member_cfg_init(&cfg);
	cfg.role = OFFHOOK_MEMBER_WHISPERS;
	cfg.to = t.slots[1];
	CHECK_OK(offhook_conference_set(t.phone, t.conference, t.ports[0], &cfg));
	cfg.role = OFFHOOK_MEMBER_LISTENS;
	cfg.to = 0;
	CHECK_OK(offhook_conference_set(t.phone, t.conference, t.ports[3], &cfg));
	HEARD(230, 1030, 200, 230);
	CHECK_OK(offhook_conference_get_member(t.phone, t.conference, t.ports[0], &info));
	CHECK(info.role == OFFHOOK_MEMBER_WHISPERS && info.to == t.ports[1] && !info.speaking);
	/* Half as loud to the others. */
	offhook_member_cfg_init(&cfg);
	cfg.level = 0.5f;
	CHECK_OK(offhook_conference_set(t.phone, t.conference, t.ports[1], &cfg));
	HEARD(130, 1030, 100, 130);
	/* Who is coached goes: nobody hears the coach. */
	side_forget(&t.r->a);
	CHECK_OK(offhook_conference_remove(t.phone, t.conference, t.ports[1]));
	CHECK_STR(t.r->a.log, "GONE ");
	HEARD(30, 0, 0, 30); /* what he heard has died away */
	CHECK_OK(offhook_conference_end(t.phone, t.conference));
	HEARD(0, NOTHING, NOTHING, 0);
	HEARD(NOTHING, NOTHING, NOTHING, NOTHING);
	room_close(&t);
}

TEST(a_port_that_is_removed_is_no_longer_in)
{
	struct room t;

	room_open(&t);
	for (size_t i = 0; i < PEOPLE; i++)
		CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[i], NULL));
	side_forget(&t.r->a);
	CHECK_OK(offhook_port_remove(t.phone, t.ports[2]));
	CHECK_STR(t.r->a.log, "GONE ");
	CHECK_EQ(t.r->a.other, t.ports[2]);
	CHECK_EQ(offhook_conference_members(t.phone, t.conference, NULL, 0), 3);
	CHECK_EQ(offhook_conference_remove(t.phone, t.conference, t.ports[2]), OH_ENOENT);
	CHECK_OK(open_port(t.phone, 0, &t.ports[2], &t.slots[2]));
	HEARD(204, 1004, NOTHING, 1200);
	/* The device is somebody too. */
	CHECK_OK(offhook_slot_of(t.phone, 0, &t.slots[2]));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.slots[2], NULL));
	CHECK_EQ(offhook_conference_members(t.phone, t.conference, NULL, 0), 4);
	/* The rest goes with the phone. */
	room_close(&t);
}

TEST(impossible_members_are_refused)
{
	struct offhook_conference_cfg conference;
	struct offhook_speaker_cfg speaker;
	struct offhook_member_info info = {.size = sizeof(info)};
	struct offhook_member_cfg cfg;
	offhook_id second;
	struct room t;

	room_open(&t);
	CHECK_OK(offhook_conference_new(t.phone, NULL, &second));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[0], NULL));
	CHECK_EQ(offhook_conference_add(t.phone, t.conference, t.slots[0], NULL), OH_EBUSY);
	CHECK_EQ(offhook_conference_add(t.phone, second, t.ports[0], NULL), OH_EBUSY);
	CHECK_EQ(offhook_conference_add(t.phone, t.conference, second, NULL), OH_ENOENT);
	CHECK_EQ(offhook_conference_add(t.phone, t.ports[0], t.ports[1], NULL), OH_ENOENT);
	CHECK_EQ(offhook_conference_remove(t.phone, second, t.ports[0]), OH_ENOENT);
	CHECK_EQ(offhook_conference_set(t.phone, second, t.ports[0], NULL), OH_ENOENT);
	CHECK_EQ(offhook_conference_get_member(t.phone, second, t.ports[0], &info), OH_ENOENT);
	CHECK_EQ(offhook_conference_members(t.phone, t.ports[0], NULL, 0), OH_ENOENT);
	CHECK_EQ(offhook_conference_end(t.phone, t.ports[0]), OH_ENOENT);
	offhook_member_cfg_init(&cfg);
	cfg.role = OFFHOOK_MEMBER_WHISPERS;
	CHECK_EQ(offhook_conference_set(t.phone, t.conference, t.ports[0], &cfg), OH_EINVAL);
	cfg.role = (enum offhook_member_role)7;
	CHECK_EQ(offhook_conference_set(t.phone, t.conference, t.ports[0], &cfg), OH_EINVAL);
	cfg.role = OFFHOOK_MEMBER_TALKS;
	cfg.level = 65;
	CHECK_EQ(offhook_conference_add(t.phone, t.conference, t.ports[1], &cfg), OH_EINVAL);
	cfg.size = 0;
	CHECK_EQ(offhook_conference_add(t.phone, t.conference, t.ports[1], &cfg), OH_EINVAL);
	offhook_conference_cfg_init(&conference);
	offhook_speaker_cfg_init(&speaker);
	speaker.quiet_ms = 60001;
	conference.speaker = &speaker;
	CHECK_EQ(offhook_conference_new(t.phone, &conference, &second), OH_EINVAL);
	room_close(&t);
}

static int crowd(void *arg)
{
	struct offhook_conference_cfg cfg;
	struct offhook_speaker_cfg speaker;
	struct offhook_member_cfg how;
	struct room *t = arg;
	offhook_id id = 0;
	int err;

	offhook_conference_cfg_init(&cfg);
	offhook_speaker_cfg_init(&speaker);
	offhook_member_cfg_init(&how);
	how.muted = 1;
	cfg.speaker = &speaker;
	err = offhook_conference_new(t->phone, &cfg, &id);
	for (size_t i = 0; i < PEOPLE && !err; i++)
		err = offhook_conference_add(t->phone, id, t->ports[i], NULL);
	if (!err)
		err = offhook_conference_set(t->phone, id, t->ports[0], &how);
	if (id)
		CHECK_OK(offhook_conference_end(t->phone, id));
	return err;
}

TEST(memory_may_run_out_in_a_conference)
{
	struct room t;

	room_open(&t);
	for (unsigned n = 1;; n++) {
		int armed;

		mem_fail_at(n);
		(void)crowd(&t);
		armed = mem_fail_armed();
		mem_fail_at(0);
		rig_run_ms(t.r, 40);
		if (armed)
			break;
	}
	CHECK_OK(crowd(&t));
	room_close(&t);
}

/* A call is a member from its first ring on; hold and resume by either end take its connections, and the conference gives
 * them back. */
TEST(a_call_comes_back_into_its_conference)
{
	struct offhook_member_info info = {.size = sizeof(info)};
	struct room t;
	struct side *a, *b;
	offhook_id far;

	room_open(&t);
	a = &t.r->a;
	b = &t.r->b;
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[0], NULL));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[1], NULL));
	rig_call(t.r);
	side_forget(a);
	CHECK_OK(offhook_conference_add(t.phone, t.conference, a->call, NULL));
	CHECK_STR(a->log, "AWAY ");
	CHECK(rig_wait(b, "INCOMING"));
	CHECK_OK(open_port(b->phone, b->call, &far, NULL));
	CHECK_OK(side_answer(b, 200));
	CHECK(rig_wait(a, "THERE"));
	CHECK_EQ(a->other, a->call);
	say(b->phone, far, 5000);
	HEARD(5200, 6000, NOTHING, NOTHING);
	CHECK_EQ(last_heard(b->phone, far), 1200);
	for (unsigned end = 0; end < 2; end++) {
		struct side *s = end ? b : a;

		side_forget(a);
		CHECK_OK(offhook_call_hold(s->phone, s->call, NULL, 0));
		CHECK(rig_wait(a, "AWAY"));
		CHECK_OK(offhook_conference_get_member(t.phone, t.conference, a->call, &info));
		CHECK_EQ(info.state, OFFHOOK_MEMBER_AWAY);
		say(b->phone, far, 5000);
		HEARD(200, 1000, NOTHING, NOTHING);
		CHECK_OK(offhook_call_reinvite(s->phone, s->call, NULL, 0));
		CHECK(rig_wait(a, "THERE"));
		rig_run_ms(t.r, 300);
		say(b->phone, far, 5000);
		(void)last_heard(b->phone, far);
		HEARD(5200, 6000, NOTHING, NOTHING);
		CHECK_EQ(last_heard(b->phone, far), 1200);
	}
	side_forget(a);
	CHECK_OK(side_hangup(a, 0));
	CHECK(rig_wait(a, "GONE"));
	CHECK_EQ(offhook_conference_members(t.phone, t.conference, NULL, 0), 2);
	CHECK_EQ(offhook_conference_add(t.phone, t.conference, a->call, NULL), OH_ENOENT);
	CHECK_OK(offhook_port_remove(b->phone, far));
	room_close(&t);
}

TEST(the_floor_of_a_conference_is_a_member)
{
	struct offhook_member_info info = {.size = sizeof(info)};
	struct offhook_conference_cfg cfg;
	struct offhook_speaker_cfg speaker;
	struct offhook_member_cfg how;
	offhook_id id;
	struct stage t;

	stage_open(&t);
	offhook_conference_cfg_init(&cfg);
	offhook_speaker_cfg_init(&speaker);
	cfg.speaker = &speaker;
	CHECK_OK(offhook_conference_new(t.phone, &cfg, &id));
	CHECK_OK(offhook_conference_add(t.phone, id, t.ear, NULL));
	CHECK_OK(offhook_conference_add(t.phone, id, t.tones[1], NULL));
	side_forget(&t.r->a);
	rig_run_ms(t.r, 1000);
	CHECK_STR(t.r->a.log, "FLOOR ");
	CHECK_EQ(t.r->a.other, t.tones[1]);
	CHECK_OK(offhook_conference_get_member(t.phone, id, t.tones[1], &info));
	CHECK(info.speaking);
	/* Who only listens has no floor, and nobody has it who is muted. */
	offhook_member_cfg_init(&how);
	how.role = OFFHOOK_MEMBER_LISTENS;
	CHECK_OK(offhook_conference_add(t.phone, id, t.tones[0], &how));
	how.role = OFFHOOK_MEMBER_TALKS;
	how.muted = 1;
	CHECK_OK(offhook_conference_set(t.phone, id, t.tones[1], &how));
	side_forget(&t.r->a);
	rig_run_ms(t.r, 3000);
	CHECK_STR(t.r->a.log, "NO_FLOOR ");
	CHECK_OK(offhook_conference_get_member(t.phone, id, t.tones[1], &info));
	CHECK(!info.speaking);
	CHECK_OK(offhook_conference_end(t.phone, id));
	CHECK_OK(offhook_port_remove(t.phone, t.ear));
	stage_close(&t);
}

/* What all of a conference heard, with everything that moves in it: a lossy wire, a ramp, ducking, a delay, a hold. */
static void perform(char name[128])
{
	struct offhook_duck_cfg duck;
	offhook_id recorder, slot, far;
	struct room t;
	struct side *b;

	room_open(&t);
	b = &t.r->b;
	CHECK_OK(offhook_recorder_new(t.phone, rig_path("heard.wav", name), &recorder, &slot));
	rig_talk(t.r);
	CHECK_OK(open_port(b->phone, b->call, &far, NULL));
	for (size_t i = 0; i < PEOPLE; i++)
		CHECK_OK(offhook_conference_add(t.phone, t.conference, t.ports[i], NULL));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, t.r->a.call, NULL));
	CHECK_OK(offhook_conference_add(t.phone, t.conference, recorder, NULL));
	offhook_duck_cfg_init(&duck);
	duck.trigger = t.slots[0];
	CHECK_OK(offhook_slot_duck(t.phone, slot, &duck));
	CHECK_OK(offhook_link_delay(t.phone, t.slots[1], slot, 330));
	for (unsigned k = 0; k < 4; k++) {
		static int16_t pcm[RATE];

		for (size_t i = 0; i < PEOPLE; i++) {
			speech_like(pcm, RATE / 2, RATE, 10 * k + i);
			(void)offhook_audio_write(t.phone, t.ports[i], pcm, RATE / 2, 0);
		}
		speech_like(pcm, RATE / 2, RATE, 77 + k);
		(void)offhook_audio_write(b->phone, far, pcm, RATE / 2, 0);
		CHECK_OK(offhook_link_ramp(t.phone, t.slots[2], slot, k & 1 ? 0.1f : 1, 700));
		if (k == 2)
			CHECK_OK(offhook_call_hold(t.phone, t.r->a.call, NULL, 0));
		if (k == 3)
			CHECK_OK(offhook_call_reinvite(t.phone, t.r->a.call, NULL, 0));
		rig_run_ms(t.r, 500);
	}
	CHECK_OK(offhook_port_remove(t.phone, recorder));
	CHECK_OK(offhook_port_remove(b->phone, far));
	room_close(&t);
}

TEST(two_runs_of_one_conference_give_the_same_samples)
{
	int16_t *first, *second;
	size_t n, m, loud = 0;
	unsigned rate;
	char name[128];

	perform(name);
	first = wav_get(name, &n, &rate);
	perform(name);
	second = wav_get(name, &m, &rate);
	remove(name);
	CHECK_EQ(n, m);
	CHECK(n > RATE);
	CHECK_MEM(first, second, n * sizeof(*first));
	for (size_t i = 0; i < n; i++)
		loud += first[i] > 500 || first[i] < -500;
	CHECK(loud > n / 4);
	free(first);
	free(second);
}

/* ---- levels that move ---- */

TEST(connections_ramp_and_are_delayed_and_ducked)
{
	struct offhook_duck_cfg duck;
	struct room t;

	room_open(&t);
	CHECK_OK(offhook_link_ramp(t.phone, t.slots[0], t.slots[1], 1, 400));
	HEARD(NOTHING, 500, NOTHING, NOTHING);
	HEARD(NOTHING, 1000, NOTHING, NOTHING);
	CHECK_OK(offhook_slot_ramp(t.phone, t.slots[0], OFFHOOK_SLOT_RX, 2, 0));
	CHECK_OK(offhook_slot_ramp(t.phone, t.slots[1], OFFHOOK_SLOT_TX, 0, 400));
	HEARD(NOTHING, 1000, NOTHING, NOTHING);
	CHECK_OK(offhook_slot_ramp(t.phone, t.slots[1], OFFHOOK_SLOT_TX, 1, 0));
	HEARD(NOTHING, 2000, NOTHING, NOTHING);
	CHECK_OK(offhook_link_delay(t.phone, t.slots[0], t.slots[1], 300));
	HEARD(NOTHING, 0, NOTHING, NOTHING);
	HEARD(NOTHING, 2000, NOTHING, NOTHING);
	/* Somebody speaks to nobody: others are softer all the same. */
	offhook_duck_cfg_init(&duck);
	duck.trigger = t.slots[0];
	duck.depth_db = 20;
	CHECK_OK(offhook_connect(t.phone, t.slots[1], t.slots[2]));
	CHECK_OK(offhook_link_duck(t.phone, t.slots[1], t.slots[2], &duck));
	HEARD(NOTHING, 2000, 20, NOTHING);
	CHECK_OK(offhook_link_duck(t.phone, t.slots[1], t.slots[2], NULL));
	for (unsigned i = 0; i < 4; i++)
		HEARD(NOTHING, 2000, i < 3 ? (int16_t)(20 + 60 * (i + 1)) : 200, NOTHING);
	room_close(&t);
}

static void check_duck(
	const struct offhook_duck_cfg *d, offhook_id trigger, double depth_db, uint32_t release_ms)
{
	CHECK_EQ(d->trigger, trigger);
	CHECK(fabs(d->depth_db - depth_db) < 0.001);
	CHECK_EQ(d->attack_ms, 60);
	CHECK_EQ(d->release_ms, release_ms);
}

TEST(what_is_set_can_be_asked)
{
	struct offhook_link_info info = {.size = sizeof(info)};
	struct offhook_duck_cfg duck;
	struct room t;

	room_open(&t);
	offhook_duck_cfg_init(&duck);
	CHECK_EQ(offhook_link_get_info(t.phone, t.slots[0], t.slots[1], &info), OH_ENOENT);
	CHECK_EQ(offhook_link_get_duck(t.phone, t.slots[0], t.slots[1], &duck), OH_ENOENT);
	CHECK_OK(offhook_connect(t.phone, t.slots[0], t.slots[1]));
	CHECK_OK(offhook_link_get_info(t.phone, t.slots[0], t.slots[1], &info));
	CHECK(info.level == 1 && info.delay_ms == 0);
	CHECK_OK(offhook_link_get_duck(t.phone, t.slots[0], t.slots[1], &duck));
	check_duck(&duck, 0, 15, 600);

	CHECK_OK(offhook_link_ramp(t.phone, t.slots[0], t.slots[1], 0.25f, 1000));
	CHECK_OK(offhook_link_delay(t.phone, t.slots[0], t.slots[1], 150));
	duck.trigger = t.slots[2];
	duck.depth_db = 96;
	duck.release_ms = 5;
	CHECK_OK(offhook_link_duck(t.phone, t.slots[0], t.slots[1], &duck));
	duck.depth_db = 0;
	CHECK_OK(offhook_slot_duck(t.phone, t.slots[1], &duck));
	/* Another delay is another strip: it is ducked as the one before. */
	CHECK_OK(offhook_link_delay(t.phone, t.slots[0], t.slots[1], 160));
	CHECK_OK(offhook_link_get_info(t.phone, t.slots[0], t.slots[1], &info));
	CHECK(info.level == 0.25f && info.delay_ms == 160);
	CHECK_OK(offhook_link_get_duck(t.phone, t.slots[0], t.slots[1], &duck));
	check_duck(&duck, t.slots[2], 96, 5);
	CHECK_OK(offhook_slot_get_duck(t.phone, t.slots[1], &duck));
	check_duck(&duck, t.slots[2], 0, 5);

	/* The trigger goes, and somebody else comes. */
	CHECK_OK(offhook_port_remove(t.phone, t.ports[2]));
	CHECK_OK(open_port(t.phone, 0, &t.ports[2], &t.slots[2]));
	CHECK_OK(offhook_link_get_duck(t.phone, t.slots[0], t.slots[1], &duck));
	check_duck(&duck, 0, 15, 600);
	CHECK_OK(offhook_slot_get_duck(t.phone, t.slots[1], &duck));
	check_duck(&duck, 0, 15, 600);
	CHECK_OK(offhook_slot_get_duck(t.phone, t.slots[0], &duck));
	CHECK_EQ(duck.trigger, 0);
	CHECK_EQ(offhook_slot_get_duck(t.phone, t.ports[0], &duck), OH_ENOENT);
	info.size = 0;
	CHECK_EQ(offhook_link_get_info(t.phone, t.slots[0], t.slots[1], &info), OH_EINVAL);
	room_close(&t);
}

TEST(impossible_mixtures_are_refused)
{
	struct offhook_duck_cfg duck;
	struct room t;

	room_open(&t);
	CHECK_EQ(offhook_link_ramp(t.phone, t.slots[0], t.ports[1], 1, 400), OH_ENOENT);
	CHECK_EQ(offhook_link_ramp(t.phone, t.slots[0], t.slots[1], 1, 60001), OH_EINVAL);
	CHECK_EQ(offhook_slot_ramp(t.phone, t.slots[0], (enum offhook_slot_way)2, 1, 0), OH_EINVAL);
	CHECK_EQ(offhook_slot_ramp(t.phone, t.slots[0], OFFHOOK_SLOT_TX, -1, 40), OH_EINVAL);
	CHECK_EQ(offhook_link_delay(t.phone, t.slots[0], t.slots[1], 10), OH_ENOENT);
	offhook_duck_cfg_init(&duck);
	CHECK_EQ(offhook_slot_duck(t.phone, t.slots[0], &duck), OH_ENOENT); /* no trigger */
	duck.trigger = t.slots[1];
	duck.depth_db = 97;
	CHECK_EQ(offhook_slot_duck(t.phone, t.slots[0], &duck), OH_EINVAL);
	duck.depth_db = 10;
	CHECK_EQ(offhook_link_duck(t.phone, t.slots[0], t.slots[1], &duck), OH_ENOENT);
	CHECK_EQ(offhook_slot_duck(t.phone, t.ports[0], NULL), OH_ENOENT);
	duck.size = 0;
	CHECK_EQ(offhook_slot_duck(t.phone, t.slots[0], &duck), OH_EINVAL);
	room_close(&t);
}

TESTS(RUN(meters_show_peak_and_power), RUN(the_floor_goes_to_who_is_heard_most),
	RUN(watches_with_impossible_settings_are_refused), RUN(everybody_hears_all_but_himself),
	RUN(a_port_that_is_removed_is_no_longer_in), RUN(impossible_members_are_refused),
	RUN(memory_may_run_out_in_a_conference), RUN(a_call_comes_back_into_its_conference),
	RUN(the_floor_of_a_conference_is_a_member), RUN(two_runs_of_one_conference_give_the_same_samples),
	RUN(connections_ramp_and_are_delayed_and_ducked), RUN(what_is_set_can_be_asked),
	RUN(impossible_mixtures_are_refused))
