/* What runs out refuses what is new, by name, and leaves what is running alone. */
#include "peer.h"

#include "phone/call_impl.h"
#include "rtp/jbuf.h"

#include <malloc.h>

#define OFFER \
	"v=0\r\no=- 1 1 IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP "\r\nt=0 0\r\n" \
	"m=audio 4000 RTP/AVP 0\r\n"

static void two_pairs(struct offhook_phone_cfg *cfg)
{
	cfg->rtp_port_min = 20000;
	cfg->rtp_port_max = 20003;
}

static void one_slot(struct offhook_phone_cfg *cfg)
{
	cfg->max_ports = 2; /* slot 0 counts */
}

static struct offhook_call_stats stats_of(struct side *s, offhook_id call)
{
	struct offhook_call_stats st = {.size = sizeof(st)};

	CHECK_OK(offhook_call_get_stats(s->phone, call, &st));
	return st;
}

/* A second of a call that nothing disturbs. */
static void check_runs_on(struct rig *r, struct side *s, offhook_id call)
{
	struct offhook_call_stats before = stats_of(s, call), after;

	rig_run_ms(r, 1000);
	after = stats_of(s, call);
	CHECK_EQ(after.rx_packets - before.rx_packets, 50);
	CHECK_EQ(after.rx_lost + after.rx_late + after.rx_discarded + after.rx_concealed, 0);
}

/* The callee's program decides: it may answer 503, or wait until another call has ended. */
TEST(without_rtp_ports_a_call_is_refused_and_others_go_on)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, two_pairs);
	offhook_id first_a, first_b;
	struct peer p;

	peer_open(&p, r);
	rig_talk(r);
	first_a = r->a.call;
	first_b = r->b.call;
	side_forget(&r->a);
	side_forget(&r->b);
	rig_talk(r);
	CHECK_EQ(rig_try_call(r), OH_ENOPORTS);
	CHECK(strstr(offhook_error_detail(), "20000-20003") != NULL);
	CHECK_EQ(r->a.phone->n_calls, 2);

	rig_run_ms(r, 500); /* whatever these two have to tell is told */
	peer_say(&p, "INVITE", "bob", "", 1, "", OFFER);
	CHECK_EQ(side_answer(&r->b, 200), OH_ENOPORTS);
	CHECK_EQ(r->b.phone->n_calls, 3); /* still rings: it may be answered when a port is free */
	CHECK_OK(side_hangup(&r->b, 503));
	peer_hear(&p);
	CHECK(peer_got(&p, "SIP/2.0 503 "));
	CHECK_EQ(r->b.phone->n_calls, 2);
	check_runs_on(r, &r->a, first_a);
	check_runs_on(r, &r->b, first_b);

	/* A port rests for five seconds after its call. */
	r->a.call = first_a;
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	CHECK_EQ(rig_try_call(r), OH_ENOPORTS);
	rig_run_ms(r, 5000);
	side_forget(&r->a);
	side_forget(&r->b);
	rig_talk(r);
	peer_close(&p);
	LIST_FOREACH_SAFE (it, &r->a.phone->calls) {
		r->a.call = CONTAINER_OF(it, struct call, node)->id;
		CHECK_OK(side_hangup(&r->a, 0));
	}
	rig_close(r);
}

TEST(without_slots_a_call_is_refused_and_others_go_on)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, one_slot);
	offhook_id first_a, first_b, tone, slot;
	struct offhook_tone_cfg cfg;

	rig_talk(r);
	first_a = r->a.call;
	first_b = r->b.call;
	offhook_tone_cfg_init(&cfg);
	CHECK_EQ(offhook_tone_new(r->a.phone, &cfg, &tone, &slot), OH_ETOOMANY);
	CHECK(strstr(offhook_error_detail(), "max_ports is 2") != NULL);

	side_forget(&r->a);
	side_forget(&r->b);
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_EQ(side_answer(&r->b, 200), OH_ETOOMANY);
	CHECK_OK(side_hangup(&r->b, 503));
	CHECK(rig_wait(&r->a, "DISCONNECTED(503)"));
	check_runs_on(r, &r->a, first_a);
	check_runs_on(r, &r->b, first_b);
	r->a.call = first_a;
	rig_close(r);
}

/* The caller needs its slot only when the answer comes: then the call is acknowledged and ended. */
TEST(a_caller_without_a_slot_ends_what_was_answered)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, one_slot);
	struct offhook_tone_cfg cfg;
	offhook_id tone, slot;

	offhook_tone_cfg_init(&cfg);
	CHECK_OK(offhook_tone_new(r->a.phone, &cfg, &tone, &slot));
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
	CHECK(strstr(r->a.log, "CONFIRMED") == NULL);
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	side_forget(&r->a);
	side_forget(&r->b);
	rig_talk(r);
	rig_close(r);
}

/* ---- one plan a wake-up ---- */

#define TONES 12

static offhook_id slots[TONES];

static uint64_t plans_of(struct side *s)
{
	struct bridge_counters c;

	bridge_counters(engine_bridge(s->phone->engine), &c);
	return c.plans;
}

/* A hundred commands from one handler: the thread that serves them wakes up once. */
static void connect_all(struct side *s, const struct offhook_event *e)
{
	if (e->type != OFFHOOK_EVENT_CALL_STATE || e->call->state != OFFHOOK_CALL_CONFIRMED)
		return;
	for (size_t i = 0; i < TONES; i++)
		for (size_t k = 0; k < TONES; k++)
			CHECK_OK(offhook_connect(s->phone, slots[i], slots[k]));
	CHECK_OK(offhook_slot_set_levels(s->phone, slots[0], 2, 2));
	CHECK_OK(offhook_disconnect(s->phone, slots[0], slots[1]));
}

TEST(many_changes_in_one_wake_up_make_one_plan)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_link links[TONES * TONES];
	offhook_id tones[TONES];
	struct offhook_tone_cfg cfg;
	struct bridge_counters c;
	uint64_t before;

	offhook_tone_cfg_init(&cfg);
	for (size_t i = 0; i < TONES; i++)
		CHECK_OK(offhook_tone_new(r->a.phone, &cfg, &tones[i], &slots[i]));
	rig_run_ms(r, 100);
	before = plans_of(&r->a);
	for (size_t i = 0; i < TONES * TONES; i++)
		links[i] = (struct offhook_link){slots[i / TONES], slots[i % TONES], 1.0f};
	CHECK_OK(offhook_connect_many(r->a.phone, links, TONES * TONES));
	rig_run_ms(r, 100);
	CHECK_EQ(plans_of(&r->a), before + 1);
	bridge_counters(engine_bridge(r->a.phone->engine), &c);
	CHECK_EQ(c.links, TONES * TONES);
	/* What changes nothing makes none. */
	rig_run_ms(r, 1000);
	CHECK_EQ(plans_of(&r->a), before + 1);

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	before = plans_of(&r->a);
	r->a.handler = connect_all;
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	rig_run_ms(r, 100);
	CHECK_EQ(plans_of(&r->a), before + 1);
	for (size_t i = 0; i < TONES; i++)
		CHECK_OK(offhook_port_remove(r->a.phone, tones[i]));
	rig_close(r);
}

/* ---- what a call keeps: it may be more, but not unseen (docs/costs.md) ---- */

#define SETTLED    16u /* calls that are up before it is measured: whole shelves, as at the end */
#define MORE       32u
#define CALL_BYTES 19500u /* of either end, without the room for bursts */
#define BURST_BYTES \
	((JBUF_CELLS - JBUF_ROW) * sizeof(struct jbuf_cell)) /* untouched while the network is quiet */

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void talk_more(struct rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rig_talk(r);
		rig_run_ms(r, 500); /* whatever these two have to tell is told */
		side_forget(&r->a);
		side_forget(&r->b);
	}
	rig_run_ms(r, 40000); /* longer than any transaction */
}

/* Both ends are in this process. A sanitizer has a heap of its own, which tells nothing: then nothing is found. */
TEST(a_call_keeps_no_more_memory_than_is_known)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	size_t before, each;

	talk_more(r, SETTLED);
	before = heap_bytes();
	talk_more(r, MORE);
	each = (heap_bytes() - before) / (2 * MORE);
	CHECK(each <= CALL_BYTES + BURST_BYTES);
	rig_drop(r);
}

TESTS(RUN(without_rtp_ports_a_call_is_refused_and_others_go_on),
	RUN(without_slots_a_call_is_refused_and_others_go_on),
	RUN(a_caller_without_a_slot_ends_what_was_answered), RUN(many_changes_in_one_wake_up_make_one_plan),
	RUN(a_call_keeps_no_more_memory_than_is_known))
