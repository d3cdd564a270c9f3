/*
 * The call flows of RFC 3665 that two phones can have without a proxy (3.1, 3.7 as hold, 3.8 to 3.11), each SIP message of
 * each flow lost, doubled and delayed once. However the wire misbehaves, both programs are told the same story in the end,
 * and nothing stays behind.
 */
#include "rig.h"

struct flow {
	const char *name;
	void (*play)(struct rig *r);
	const char *a, *b; /* what each end must have been told, in this order */
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

static const struct flow flows[] = {
	{"3.1 success", success,
		"CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) DISCONNECTED(200) ",
		"INCOMING EARLY(180) MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200) "},
	{"3.7 hold", hold,
		"CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) MEDIA(LOCAL_HOLD,1,slot) "
		"MEDIA(ACTIVE,3,slot) DISCONNECTED(200) ",
		"INCOMING MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) MEDIA(REMOTE_HOLD,2,slot) "
		"MEDIA(ACTIVE,3,slot) DISCONNECTED(200) "},
	{"3.8 no answer", no_answer, "CALLING DISCONNECTED(487) ", "INCOMING EARLY(180) DISCONNECTED(487) "},
	{"3.9 busy", busy, "CALLING DISCONNECTED(486) ", "INCOMING DISCONNECTED(486) "},
	{"3.10 no response", no_response, "CALLING DISCONNECTED(408) ", ""},
	{"3.11 unavailable", unavailable, "CALLING DISCONNECTED(480) ",
		"INCOMING EARLY(180) DISCONNECTED(480) "},
};

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
	if (strcmp(r->a.log, flow->a) != 0 || strcmp(r->b.log, flow->b) != 0)
		print_error("%s, packet %u, fate %d, delay %llu ms\n", flow->name, fault.nth, (int)fault.fate,
			(unsigned long long)(fault.delay_ns / NS_PER_MS));
	CHECK_STR(r->a.log, flow->a);
	CHECK_STR(r->b.log, flow->b);
	rig_close(r);
	return fault.n;
}

TEST(each_message_lost_doubled_and_delayed_once)
{
	static const struct fault faults[] = {
		{SIM_DROP, 0, 0, 0},
		{SIM_DOUBLE, 0, 0, 0},
		{SIM_DELAY, 20 * NS_PER_MS, 0, 0},
		{SIM_DELAY, 700 * NS_PER_MS, 0, 0},
		{SIM_DELAY, 2500 * NS_PER_MS, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(flows); i++) {
		unsigned packets = play(&flows[i], (struct fault){0});

		for (size_t k = 0; k < ARRAY_LEN(faults); k++)
			for (unsigned nth = 1; nth <= packets; nth++) {
				struct fault fault = faults[k];

				fault.nth = nth;
				play(&flows[i], fault);
			}
	}
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

TESTS(RUN(each_message_lost_doubled_and_delayed_once), RUN(calls_over_a_bad_wire_end_well))
