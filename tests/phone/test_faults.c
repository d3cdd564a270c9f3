/*
 * The call flows of RFC 3665 that two phones can have without a proxy (3.1, 3.8 to 3.11) and the hold patterns of RFC 6337
 * 5.3, each SIP message of each flow lost, doubled and delayed once. However the wire misbehaves, both programs are told
 * the same story in the end, and nothing stays behind.
 */
#include "rig.h"

struct flow {
	const char *name;
	void (*play)(struct rig *r);
	const char *a,
		*b; /* what each end must have been told, in this order; NULL: chance decides who is first */
};

/* ---- the flows: each waits for the moment, not for a time ---- */

static void success(struct rig *r)
{
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	rig_run_ms(r, 200);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	rig_run_ms(r, 3000);
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
}

static void hold(struct rig *r)
{
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	rig_run_ms(r, 3000);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "LOCAL_HOLD"));
	/* Until the ACK has passed, a late one included, no new offer may begin. */
	rig_run_ms(r, 3000);
	CHECK_OK(offhook_call_reinvite(r->a.phone, r->a.call, NULL, 0));
	CHECK(rig_wait(&r->a, "CONFIRMED(200) MEDIA(LOCAL_HOLD,1,slot) MEDIA(ACTIVE,3,slot)"));
	rig_run_ms(r, 3000);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
}

/* Time enough for an exchange whose messages were lost or late, so that nobody is busy. */
static void settle(struct rig *r)
{
	rig_run_ms(r, 6000);
}

static void both_hold(struct rig *r)
{
	rig_talk(r);
	settle(r);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	settle(r);
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	settle(r);
	CHECK_OK(offhook_call_reinvite(r->a.phone, r->a.call, NULL, 0));
	settle(r);
	CHECK_OK(offhook_call_reinvite(r->b.phone, r->b.call, NULL, 0));
	settle(r);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
}

/* b renews the session while a holds it; then a lets go, and b is not stuck. */
static void offer_while_held(struct rig *r)
{
	rig_talk(r);
	settle(r);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	settle(r);
	CHECK_OK(offhook_call_reinvite(r->b.phone, r->b.call, NULL, 0));
	settle(r);
	CHECK_OK(offhook_call_reinvite(r->a.phone, r->a.call, NULL, 0));
	settle(r);
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
}

static void check_media(struct side *s, enum offhook_media_state state, enum offhook_media_dir dir)
{
	struct offhook_call_info *info = side_info(s);

	CHECK_EQ(info->media_state, state);
	CHECK_EQ(info->media_dir, dir);
	offhook_call_info_free(info);
}

/* 491 to both, and each comes again (RFC 3261 14.1). */
static void hold_glare(struct rig *r)
{
	rig_talk(r);
	settle(r);
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	rig_run_ms(r, 20000);
	check_media(&r->a, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_NONE);
	check_media(&r->b, OFFHOOK_MEDIA_LOCAL_HOLD, OFFHOOK_DIR_NONE);
	CHECK(!strstr(r->a.log, "HOLD_FAILED") && !strstr(r->b.log, "HOLD_FAILED"));
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
}

static void no_answer(struct rig *r)
{
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	rig_run_ms(r, 5000);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
}

static void busy(struct rig *r)
{
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_hangup(&r->b, 486));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
}

static void unavailable(struct rig *r)
{
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	rig_run_ms(r, 100);
	CHECK_OK(side_answer(&r->b, 480));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
}

static void no_response(struct rig *r)
{
	struct host_dgram_cfg mute_cfg = {.local = {.family = NETADDR_IP4, .port = 5099}};
	struct host_dgram *mute;
	struct offhook_call_cfg cfg;

	CHECK_OK(host_dgram_open(r->b.host, &mute_cfg, &mute));
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP ":5099";
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
	host_dgram_close(mute);
}

/* ---- the faults ---- */

struct fault {
	enum sim_fate fate;
	uint64_t delay_ns;
	unsigned nth; /* SIP packet, from 1; 0: none */
	unsigned n;   /* SIP packets so far */
};

static enum sim_fate misbehave(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	struct fault *f = arg;

	if (p->from.port != 5060 || ++f->n != f->nth)
		return SIM_BY_RULE;
	*delay_ns = f->delay_ns;
	return f->fate;
}

/* A lost 180 is not sent again, so a caller may or may not have heard it ring. */
static void forget_ringing(char *log)
{
	char *at;

	while ((at = strstr(log, "EARLY(180) ")))
		memmove(at, at + 11, strlen(at + 11) + 1);
}

static unsigned play(const struct flow *flow, struct fault fault)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	sim_filter(r->sim, misbehave, &fault);
	flow->play(r);
	forget_ringing(r->a.log);
	if (flow->a && (strcmp(r->a.log, flow->a) != 0 || strcmp(r->b.log, flow->b) != 0))
		print_error("%s, packet %u, fate %d, delay %llu ms\n", flow->name, fault.nth, (int)fault.fate,
			(unsigned long long)(fault.delay_ns / NS_PER_MS));
	if (flow->a) {
		CHECK_STR(r->a.log, flow->a);
		CHECK_STR(r->b.log, flow->b);
	}
	rig_close(r);
	return fault.n;
}

/* As it is, and with each message lost, doubled and delayed once. */
static void flow_run(const struct flow *flow)
{
	static const struct fault faults[] = {
		{SIM_DROP, 0, 0, 0},
		{SIM_DOUBLE, 0, 0, 0},
		{SIM_DELAY, 20 * NS_PER_MS, 0, 0},
		{SIM_DELAY, 700 * NS_PER_MS, 0, 0},
		{SIM_DELAY, 2500 * NS_PER_MS, 0, 0},
	};

	unsigned packets = play(flow, (struct fault){0});

	for (size_t k = 0; k < ARRAY_LEN(faults); k++)
		for (unsigned nth = 1; nth <= packets; nth++) {
			struct fault fault = faults[k];

			fault.nth = nth;
			play(flow, fault);
		}
}

#define TALK_A "CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) "
#define TALK_B "INCOMING MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) "

/* MATRIX: RFC 3665 3.1 */
TEST(rfc3665_3_1_success)
{
	flow_run(&(struct flow){"success", success, TALK_A "DISCONNECTED(200) ",
		"INCOMING EARLY(180) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) "
		"DISCONNECTED(200) "});
}

/* MATRIX: RFC 3665 3.8 */
TEST(rfc3665_3_8_no_answer)
{
	flow_run(&(struct flow){"no answer", no_answer, "CALLING DISCONNECTED(487) ",
		"INCOMING EARLY(180) DISCONNECTED(487) "});
}

/* MATRIX: RFC 3665 3.9 */
TEST(rfc3665_3_9_busy)
{
	flow_run(&(struct flow){"busy", busy, "CALLING DISCONNECTED(486) ", "INCOMING DISCONNECTED(486) "});
}

/* MATRIX: RFC 3665 3.10 */
TEST(rfc3665_3_10_no_response)
{
	flow_run(&(struct flow){"no response", no_response, "CALLING DISCONNECTED(408) ", ""});
}

/* MATRIX: RFC 3665 3.11 */
TEST(rfc3665_3_11_unavailable)
{
	flow_run(&(struct flow){"unavailable", unavailable, "CALLING DISCONNECTED(480) ",
		"INCOMING EARLY(180) DISCONNECTED(480) "});
}

/* MATRIX: RFC 6337 5.3 hold */
TEST(rfc6337_5_3_hold_and_resume)
{
	flow_run(&(struct flow){"hold", hold,
		TALK_A "MEDIA(LOCAL_HOLD,1,slot) MEDIA(ACTIVE,3,slot) DISCONNECTED(200) ",
		TALK_B "MEDIA(REMOTE_HOLD,2,slot) MEDIA(ACTIVE,3,slot) DISCONNECTED(200) "});
}

/* MATRIX: RFC 6337 5.3 both hold */
TEST(rfc6337_5_3_both_hold_and_resume)
{
	flow_run(&(struct flow){"both hold", both_hold,
		TALK_A "MEDIA(LOCAL_HOLD,1,slot) MEDIA(LOCAL_HOLD,0,slot) MEDIA(REMOTE_HOLD,2,slot) "
		       "MEDIA(ACTIVE,3,slot) DISCONNECTED(200) ",
		TALK_B "MEDIA(REMOTE_HOLD,2,slot) MEDIA(LOCAL_HOLD,0,slot) MEDIA(LOCAL_HOLD,1,slot) "
		       "MEDIA(ACTIVE,3,slot) DISCONNECTED(200) "});
}

/* MATRIX: RFC 6337 5.3 another offer */
TEST(rfc6337_5_3_an_offer_of_the_held_one)
{
	flow_run(&(struct flow){"offer while held", offer_while_held,
		TALK_A
		"MEDIA(LOCAL_HOLD,1,slot) MEDIA(LOCAL_HOLD,1,slot) MEDIA(ACTIVE,3,slot) DISCONNECTED(200) ",
		TALK_B "MEDIA(REMOTE_HOLD,2,slot) MEDIA(REMOTE_HOLD,2,slot) MEDIA(ACTIVE,3,slot) "
		       "DISCONNECTED(200) "});
}

/* MATRIX: RFC 6337 5.3 glare */
TEST(rfc6337_5_3_both_hold_at_once)
{
	flow_run(&(struct flow){"glare", hold_glare, NULL, NULL});
}

TEST(calls_over_a_bad_wire_end_well)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct sim_wire wire = {.delay_ns = 20 * NS_PER_MS,
		.jitter_ns = 30 * NS_PER_MS,
		.loss = 0.2,
		.duplicate = 0.2,
		.allow_overtake = true};

	sim_wire(r->sim, &wire);
	for (int i = 0; i < 20; i++) {
		side_forget(&r->a);
		side_forget(&r->b);
		rig_call(r);
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK_OK(side_answer(&r->b, 200));
		CHECK(rig_wait(&r->a, "CONFIRMED"));
		rig_run_ms(r, 200);
		CHECK_OK(side_hangup(&r->a, 0));
		CHECK(rig_wait(&r->b, "DISCONNECTED"));
	}
	rig_close(r);
}

TESTS(RUN(rfc3665_3_1_success), RUN(rfc3665_3_8_no_answer), RUN(rfc3665_3_9_busy),
	RUN(rfc3665_3_10_no_response), RUN(rfc3665_3_11_unavailable), RUN(rfc6337_5_3_hold_and_resume),
	RUN(rfc6337_5_3_both_hold_and_resume), RUN(rfc6337_5_3_an_offer_of_the_held_one),
	RUN(rfc6337_5_3_both_hold_at_once), RUN(calls_over_a_bad_wire_end_well))
