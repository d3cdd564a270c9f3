/*
 * Conferences of calls while things go wrong: messages are lost, people are held, transferred, or vanish from the wire. After
 * each deed everybody speaks a number, and whoever is there hears the sum of the others to the bit; the loudest has the
 * floor, and nobody has it when all are silent. Whom the conference tells to be there, away or gone is held against what
 * was done.
 *
 * A seed replays its run exactly. OFFHOOK_SCHEDULES=n plays a part of so many, OFFHOOK_SEED=n that one.
 */
#include "rig.h"
#include "../seeds.h"

#include "offhook/audio.h"
#include "offhook/conference.h"
#include "offhook/levels.h"
#include "offhook/transfer.h"

#include <inttypes.h>

#define PROGRAM   "tests/phone/test_phone_meeting"
#define RATE      16000u
#define PEOPLE    4u /* the last of them is not invited: a transfer may lead to him */
#define BYSTANDER (PEOPLE - 1)
#define DEEDS     12u
/* What was lost has come by then. */
#define SETTLED_MS 4000u

static const int16_t numbers[PEOPLE] = {6000, 1500, 375, 150};
static const char *const names[PEOPLE] = {"bob", "carol", "dave", "erin"};
static const char *const ips[PEOPLE] = {RIG_B_IP, "192.0.2.3", "192.0.2.4", "192.0.2.5"};

enum where { OUTSIDE, THERE, HELD_BY_US, HELD_BY_HIM };

struct person {
	struct side *s, own;
	enum where where;
	bool muted;
	offhook_id member;     /* our call with him; 0: none */
	offhook_id call, port; /* his */
	struct netaddr ip;
	bool cut_off; /* nothing comes from there, nothing gets there */
};

struct meeting {
	struct rig *r;
	struct side *us;
	struct person people[PEOPLE];
	offhook_id conference, brought;
	unsigned told[3]; /* times that somebody was told to be gone, away, there */
	/* The wire: */
	bool stormy;
	unsigned nth, n; /* the nth SIP message is lost; 0: none */
	uint64_t random;
	uint64_t print; /* of all that was heard and told, and when */
};

static unsigned draw(struct meeting *m, unsigned bound)
{
	m->random = m->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(m->random >> 33) % bound;
}

static void print(struct meeting *m, const void *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m->print = (m->print ^ ((const uint8_t *)data)[i]) * 1099511628211u;
}

/* ---- the wire ---- */

static enum sim_fate fate(void *arg, const struct sim_packet *p, uint64_t *ret_delay_ns)
{
	struct meeting *m = arg;
	bool is_sip = p->to.port == 5060;

	for (size_t i = 0; i < PEOPLE; i++) {
		const struct person *one = &m->people[i];

		if (one->cut_off && (netaddr_eq_ip(&p->from, &one->ip) || netaddr_eq_ip(&p->to, &one->ip)))
			return SIM_DROP;
	}
	if (is_sip && m->nth && ++m->n == m->nth)
		return SIM_DROP;
	if (!m->stormy)
		return SIM_BY_RULE;
	switch (draw(m, 10)) {
	case 0:
	case 1:
		return SIM_DROP;
	case 2:
		return SIM_DOUBLE;
	case 3:
		*ret_delay_ns = draw(m, 200) * NS_PER_MS;
		return SIM_DELAY;
	default:
		return SIM_BY_RULE;
	}
}

/* ---- what the programs do ---- */

static void on_any(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_QUESTION)
		CHECK_OK(offhook_question_answer(s->phone, e->question->ticket, 200, NULL));
	if (e->type == OFFHOOK_EVENT_CALL_RTP && !e->status)
		(void)offhook_call_hangup(s->phone, e->id, NULL);
}

static void on_his(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING)
		CHECK_OK(side_answer(s, 200));
	on_any(s, e);
}

static struct meeting *the_meeting; /* of our phone's handler */

static void on_ours(struct side *s, const struct offhook_event *e)
{
	struct meeting *m = the_meeting;

	if (e->type == OFFHOOK_EVENT_TRANSFERRED)
		m->brought = e->id;
	if (e->type == OFFHOOK_EVENT_CONFERENCE_MEMBER) {
		CHECK(e->id == m->conference && e->status < ARRAY_LEN(m->told));
		m->told[e->status]++;
	}
	on_any(s, e);
}

static void settings(struct offhook_phone_cfg *cfg)
{
	cfg->clock_rate_hz = RATE;
	cfg->codecs = "L16/16000"; /* what is said is heard bit by bit */
	/* No RTP comes while the answer to our hold is lost again and again. */
	cfg->rtp_timeout_ms = 12000;
}

/* ---- who comes and goes ---- */

static void open_port(struct person *one)
{
	struct offhook_audio_cfg cfg;
	offhook_id slot;

	CHECK(rig_wait(one->s, "CONFIRMED"));
	one->call = one->s->call;
	offhook_audio_cfg_init(&cfg);
	cfg.rate_hz = RATE;
	cfg.call = one->call;
	CHECK_OK(offhook_audio_new(one->s->phone, &cfg, &one->port, &slot));
}

/* What is told of him comes true: told so and so often until now. */
static void wait_told(struct meeting *m, enum offhook_member_state state, unsigned times)
{
	for (unsigned ms = 0; m->told[state] < times && ms < 100000; ms += 10)
		rig_run_ms(m->r, 10);
	CHECK_EQ(m->told[state], times);
}

static void invite(struct meeting *m, struct person *one)
{
	unsigned there = m->told[OFFHOOK_MEMBER_THERE];
	struct offhook_call_cfg cfg;
	char uri[64];

	snprintf(uri, sizeof(uri), "sip:%s@%s", one->s->name, one->s->ip);
	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	side_forget(one->s);
	CHECK_OK(offhook_call_make(m->us->phone, m->us->account, &cfg, &one->member));
	CHECK_OK(offhook_conference_add(m->us->phone, m->conference, one->member, NULL));
	wait_told(m, OFFHOOK_MEMBER_THERE, there + 1);
	open_port(one);
	one->where = THERE;
	one->muted = false;
}

/* He has left, or is leaving. */
static void forget(struct person *one)
{
	if (one->port)
		CHECK_OK(offhook_port_remove(one->s->phone, one->port));
	one->port = one->call = one->member = 0;
	one->where = OUTSIDE;
}

static void meeting_open(struct meeting *m, uint64_t seed)
{
	struct offhook_conference_cfg cfg;
	struct offhook_speaker_cfg speaker;

	*m = (struct meeting){.random = seed, .print = 14695981039346656037u};
	the_meeting = m;
	m->r = rig_new_with(OFFHOOK_DELIVER_INLINE, settings);
	m->us = &m->r->a;
	m->us->handler = on_ours;
	for (size_t i = 0; i < PEOPLE; i++) {
		struct person *one = &m->people[i];

		CHECK_OK(netaddr_parse_ip(slice_of(ips[i]), 0, &one->ip));
		one->s = i ? &one->own : &m->r->b;
		if (i) {
			one->own = (struct side){.rig = m->r, .name = names[i], .ip = ips[i]};
			CHECK_OK(side_start(one->s, OFFHOOK_DELIVER_INLINE, settings));
		}
		one->s->handler = on_his;
	}
	sim_filter(m->r->sim, fate, m);
	offhook_conference_cfg_init(&cfg);
	offhook_speaker_cfg_init(&speaker);
	cfg.speaker = &speaker;
	CHECK_OK(offhook_conference_new(m->us->phone, &cfg, &m->conference));
	for (size_t i = 0; i < BYSTANDER; i++)
		invite(m, &m->people[i]);
}

static void end_all(struct side *s)
{
	offhook_id calls[8];
	long n = offhook_calls(s->phone, calls, ARRAY_LEN(calls));

	for (long i = 0; i < n; i++)
		(void)offhook_call_hangup(s->phone, calls[i], NULL);
}

static void meeting_close(struct meeting *m)
{
	CHECK_OK(offhook_conference_end(m->us->phone, m->conference));
	sim_starve_tickers(m->r->sim, 50);
	for (size_t i = 0; i < PEOPLE; i++) {
		forget(&m->people[i]);
		end_all(m->people[i].s);
	}
	end_all(m->us);
	rig_run_ms(m->r, 100000);
	side_check_quiet(m->us);
	for (size_t i = 0; i < PEOPLE; i++)
		side_check_quiet(m->people[i].s);
	for (size_t i = 1; i < PEOPLE; i++) {
		offhook_phone_free(m->people[i].own.phone);
		host_free(m->people[i].own.host);
	}
	rig_drop(m->r);
}

/* ---- is it as it should be? ---- */

static bool is_heard(const struct person *one)
{
	return one->where == THERE && !one->muted;
}

static int16_t should_hear(const struct meeting *m, const struct person *one)
{
	int sum = 0;

	for (size_t i = 0; i < PEOPLE && one->where == THERE; i++)
		sum += &m->people[i] != one && is_heard(&m->people[i]) ? numbers[i] : 0;
	return (int16_t)sum;
}

static void say_number(const struct person *one, int16_t number)
{
	static int16_t pcm[2 * RATE];

	for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
		pcm[i] = number;
	CHECK_EQ(offhook_audio_write(one->s->phone, one->port, pcm, ARRAY_LEN(pcm), 0), ARRAY_LEN(pcm));
}

/* The newest sample; silence when none came. */
static int16_t last_heard(const struct person *one)
{
	static int16_t pcm[2 * RATE];
	long n = offhook_audio_read(one->s->phone, one->port, pcm, ARRAY_LEN(pcm), 0, NULL);

	CHECK(n >= 0);
	return n ? pcm[n - 1] : 0;
}

/* The loudest of those who are heard, as the conference sees it; 0: nobody. */
static void check_floor(struct meeting *m, bool somebody)
{
	struct offhook_member_info info = {.size = sizeof(info)};

	for (size_t i = 0; i < PEOPLE; i++) {
		const struct person *one = &m->people[i];

		if (!one->member)
			continue;
		CHECK_OK(offhook_conference_get_member(m->us->phone, m->conference, one->member, &info));
		CHECK_EQ(info.state, one->where == THERE ? OFFHOOK_MEMBER_THERE : OFFHOOK_MEMBER_AWAY);
		CHECK_EQ(info.muted, one->muted);
		if (info.speaking != (somebody && is_heard(one)))
			fail_msg("%s %s the floor", one->s->name, info.speaking ? "has" : "has not");
		somebody &= !is_heard(one);
	}
}

static void check_heard(struct meeting *m)
{
	int16_t heard[PEOPLE];
	long n = 0;

	m->stormy = false;
	m->nth = 0;
	rig_run_ms(m->r, 500);
	side_forget(m->us);
	for (size_t i = 0; i < PEOPLE; i++) {
		n += m->people[i].member != 0;
		if (m->people[i].port)
			say_number(&m->people[i], numbers[i]);
	}
	CHECK_EQ(offhook_conference_members(m->us->phone, m->conference, NULL, 0), n);
	/* Storms leave much delay: who is heard later has to be louder for longer. */
	for (unsigned k = 0; k < 18; k++) {
		rig_run_ms(m->r, 100);
		for (size_t i = 0; i < PEOPLE; i++)
			heard[i] = m->people[i].port ? last_heard(&m->people[i]) : 0;
	}
	for (size_t i = 0; i < PEOPLE; i++) {
		if (heard[i] != should_hear(m, &m->people[i]))
			fail_msg("%s hears %d, not %d", names[i], heard[i], should_hear(m, &m->people[i]));
	}
	check_floor(m, true);
	print(m, heard, sizeof(heard));
	print(m, m->us->log, strlen(m->us->log));
	print(m, m->told, sizeof(m->told));
}

static void check_meeting(struct meeting *m)
{
	check_heard(m);
	/* The rest of what was said, its power fading, and the silence after which nobody has the floor. */
	rig_run_ms(m->r, 4000);
	check_floor(m, false);
}

/* ---- deeds ---- */

/* While the last offer is still under way there is no room for another. */
static void offer(struct meeting *m, const struct person *one, bool he, bool hold)
{
	struct offhook_phone *phone = he ? one->s->phone : m->us->phone;
	offhook_id call = he ? one->call : one->member;
	int err;

	for (;;) {
		err = hold ? offhook_call_hold(phone, call, NULL, 0)
			   : offhook_call_reinvite(phone, call, NULL, 0);
		if (err != OH_EBUSY)
			break;
		rig_run_ms(m->r, 500);
	}
	CHECK_OK(err);
}

static void hold(struct meeting *m, struct person *one, bool he)
{
	unsigned away = m->told[OFFHOOK_MEMBER_AWAY];

	offer(m, one, he, true);
	wait_told(m, OFFHOOK_MEMBER_AWAY, away + 1);
	one->where = he ? HELD_BY_HIM : HELD_BY_US;
}

static void resume(struct meeting *m, struct person *one)
{
	unsigned there = m->told[OFFHOOK_MEMBER_THERE];

	offer(m, one, one->where == HELD_BY_HIM, false);
	wait_told(m, OFFHOOK_MEMBER_THERE, there + 1);
	one->where = THERE;
}

static void leave(struct meeting *m, struct person *one, bool he)
{
	unsigned gone = m->told[OFFHOOK_MEMBER_GONE];

	CHECK_OK(offhook_call_hangup(he ? one->s->phone : m->us->phone, he ? one->call : one->member, NULL));
	wait_told(m, OFFHOOK_MEMBER_GONE, gone + 1);
	forget(one);
}

/* No BYE: that his RTP stays away is all there is to see. */
static void vanish(struct meeting *m, struct person *one)
{
	unsigned gone = m->told[OFFHOOK_MEMBER_GONE];

	one->cut_off = true;
	wait_told(m, OFFHOOK_MEMBER_GONE, gone + 1);
	forget(one);
	rig_run_ms(m->r, 5000); /* he has given up too */
	one->cut_off = false;
}

/* We ask him to call the bystander, and are rid of him. */
static void send_away(struct meeting *m, struct person *one)
{
	unsigned gone = m->told[OFFHOOK_MEMBER_GONE];
	struct person *other = &m->people[BYSTANDER];

	side_forget(m->us);
	CHECK_OK(offhook_call_transfer(m->us->phone, one->member, "sip:erin@192.0.2.5", NULL, 0));
	CHECK(rig_wait(m->us, "TRANSFER(200,OK,1)"));
	CHECK_OK(offhook_call_hangup(m->us->phone, one->member, NULL));
	wait_told(m, OFFHOOK_MEMBER_GONE, gone + 1);
	forget(one);
	rig_run_ms(m->r, 1000);
	end_all(one->s);
	rig_run_ms(m->r, SETTLED_MS);
	end_all(other->s);
}

/* He asks us to call the bystander, who takes his place. */
static void be_relieved(struct meeting *m, struct person *one)
{
	unsigned there = m->told[OFFHOOK_MEMBER_THERE];
	struct person *other = &m->people[BYSTANDER];

	side_forget(one->s);
	side_forget(other->s);
	m->brought = 0;
	CHECK_OK(offhook_call_transfer(one->s->phone, one->call, "sip:erin@192.0.2.5", NULL, 0));
	while (!m->brought)
		rig_run_ms(m->r, 10);
	CHECK_OK(offhook_conference_add(m->us->phone, m->conference, m->brought, NULL));
	CHECK(rig_wait(one->s, "TRANSFER(200,OK,1)"));
	wait_told(m, OFFHOOK_MEMBER_THERE, there + 1);
	other->member = m->brought;
	open_port(other);
	other->where = THERE;
	other->muted = false;
	leave(m, one, true);
}

static void mute(struct meeting *m, struct person *one)
{
	struct offhook_member_cfg cfg;

	offhook_member_cfg_init(&cfg);
	cfg.muted = one->muted = !one->muted;
	CHECK_OK(offhook_conference_set(m->us->phone, m->conference, one->member, &cfg));
}

/* ---- stories ---- */

/* A deed on a wire that loses one message after the other, until none of it is left to lose. */
static void with_each_message_lost(struct meeting *m, void (*deed)(struct meeting *m))
{
	unsigned seen;

	for (unsigned nth = 1;; nth++) {
		m->nth = nth;
		m->n = 0;
		deed(m);
		seen = m->n;
		check_heard(m);
		if (seen < nth)
			break;
	}
}

static void hold_and_resume(struct meeting *m)
{
	for (unsigned he = 0; he < 2; he++) {
		hold(m, &m->people[0], he);
		rig_run_ms(m->r, SETTLED_MS);
		resume(m, &m->people[0]);
		rig_run_ms(m->r, SETTLED_MS);
	}
}

TEST(who_is_held_is_away_and_comes_back_whichever_message_is_lost)
{
	struct meeting m;

	meeting_open(&m, 1);
	check_meeting(&m);
	for (unsigned he = 0; he < 2; he++) {
		hold(&m, &m.people[he], he);
		check_meeting(&m);
	}
	resume(&m, &m.people[1]);
	resume(&m, &m.people[0]);
	with_each_message_lost(&m, hold_and_resume);
	meeting_close(&m);
}

static void leave_and_come_back(struct meeting *m)
{
	leave(m, &m->people[0], true);
	leave(m, &m->people[1], false);
	invite(m, &m->people[0]);
	invite(m, &m->people[1]);
}

TEST(who_leaves_is_gone_and_may_come_back_whichever_message_is_lost)
{
	struct meeting m;

	meeting_open(&m, 2);
	with_each_message_lost(&m, leave_and_come_back);
	meeting_close(&m);
}

static void relieve(struct meeting *m)
{
	be_relieved(m, &m->people[0]);
	leave(m, &m->people[BYSTANDER], true);
	invite(m, &m->people[0]);
}

TEST(a_transfer_brings_somebody_else_in_whichever_message_is_lost)
{
	struct meeting m;

	meeting_open(&m, 3);
	be_relieved(&m, &m.people[1]);
	check_meeting(&m);
	leave(&m, &m.people[BYSTANDER], false);
	invite(&m, &m.people[1]);
	with_each_message_lost(&m, relieve);
	meeting_close(&m);
}

TEST(who_is_transferred_or_vanishes_is_gone)
{
	struct meeting m;

	meeting_open(&m, 4);
	send_away(&m, &m.people[1]);
	check_meeting(&m);
	vanish(&m, &m.people[0]);
	check_meeting(&m);
	invite(&m, &m.people[0]);
	hold(&m, &m.people[0], true);
	vanish(&m, &m.people[2]);
	check_meeting(&m);
	resume(&m, &m.people[0]);
	check_meeting(&m);
	leave(&m, &m.people[0], true);
	CHECK_EQ(m.told[OFFHOOK_MEMBER_GONE], 4);
	check_meeting(&m);
	meeting_close(&m);
}

/* ---- senseless programs ---- */

static struct person *somebody(struct meeting *m)
{
	unsigned first = draw(m, PEOPLE);

	for (size_t i = 0; i < PEOPLE; i++) {
		struct person *one = &m->people[(first + i) % PEOPLE];

		if (one->member)
			return one;
	}
	return NULL;
}

static unsigned deeds[8];

static void deed(struct meeting *m)
{
	struct person *one = somebody(m), *bystander = &m->people[BYSTANDER];
	unsigned kind;

	for (size_t i = 0; i < BYSTANDER && (!one || !draw(m, 3)); i++) {
		if (!m->people[i].member) {
			invite(m, &m->people[i]);
			return;
		}
	}
	if (one->where != THERE) {
		resume(m, one);
		return;
	}
	kind = draw(m, ARRAY_LEN(deeds));
	deeds[kind]++;
	switch (kind) {
	case 0:
	case 1:
	case 2:
		hold(m, one, draw(m, 2));
		break;
	case 3:
		leave(m, one, draw(m, 2));
		break;
	case 4:
		vanish(m, one);
		break;
	case 5:
		if (bystander->member)
			leave(m, bystander, draw(m, 2));
		else
			send_away(m, one);
		break;
	case 6:
		if (bystander->member)
			leave(m, bystander, draw(m, 2));
		else
			be_relieved(m, one);
		break;
	default:
		mute(m, one);
	}
}

static uint64_t run(uint64_t seed)
{
	struct meeting m;
	uint64_t now;

	meeting_open(&m, seed);
	for (unsigned i = 0; i < DEEDS; i++) {
		m.stormy = draw(&m, 4);
		deed(&m);
		rig_run_ms(m.r, m.stormy ? SETTLED_MS : 0);
		if (draw(&m, 2))
			check_meeting(&m);
	}
	check_meeting(&m);
	m.stormy = true;
	for (size_t i = 0; i < PEOPLE; i++) {
		if (m.people[i].member)
			leave(&m, &m.people[i], draw(&m, 2));
	}
	check_meeting(&m);
	now = sim_now(m.r->sim);
	print(&m, &now, sizeof(now));
	meeting_close(&m);
	return m.print;
}

static void play(uint64_t seed)
{
	uint64_t once = run(seed);

	if (seed % 4 == 1)
		CHECK_EQ(run(seed), once);
}

TEST(in_any_weather_the_meeting_is_what_was_made_of_it)
{
	bool counts = seeds_play(&(struct seeds){PROGRAM, 5, 4000}, play);

	for (size_t i = 0; i < ARRAY_LEN(deeds) && counts; i++)
		CHECK(deeds[i] > 0);
}

TESTS(RUN(who_is_held_is_away_and_comes_back_whichever_message_is_lost),
	RUN(who_leaves_is_gone_and_may_come_back_whichever_message_is_lost),
	RUN(a_transfer_brings_somebody_else_in_whichever_message_is_lost),
	RUN(who_is_transferred_or_vanishes_is_gone),
	RUN_SEEDS(in_any_weather_the_meeting_is_what_was_made_of_it))
