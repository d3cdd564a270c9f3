/*
 * Whole calls between two ends, after the flows of RFC 3665: each runs on a clean wire, where every word of
 * both logs is compared, and then once for each packet lost, once for each doubled, once for each delayed
 * past its neighbours. Whatever happens to one packet, both ends must come to the end of the clean run, and
 * nothing may be left.
 */
#include "pair.h"

struct flow {
	void (*script)(struct pair *p);
	const char *a, *b; /* logs of the clean run */
	const char *reason_a, *reason_b;
};

static bool answered_call(struct pair *p)
{
	pair_call(p, "offer-1");
	if (!pair_wait(&p->b, INV_INCOMING))
		return false;
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 2000);
	end_reply(&p->b, 200, "answer-1");
	return pair_wait(&p->a, INV_CONFIRMED) && pair_wait(&p->b, INV_CONFIRMED);
}

static void successful_session(struct pair *p)
{
	CHECK(answered_call(p));
	end_hangup(&p->b);
	pair_wait(&p->a, INV_DISCONNECTED);
}

static void caller_hangs_up(struct pair *p)
{
	CHECK(answered_call(p));
	end_hangup(&p->a);
	pair_wait(&p->b, INV_DISCONNECTED);
}

static void early_media(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	pair_run_ms(p, 1000);
	end_reply(&p->b, 200, NULL);
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	end_hangup(&p->a);
	pair_wait(&p->b, INV_DISCONNECTED);
}

static void late_offer(struct pair *p)
{
	p->a.answer = "answer-2";
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 200, "offer-2");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	end_hangup(&p->a);
	pair_wait(&p->b, INV_DISCONNECTED);
}

static void no_answer(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 3000);
	end_hangup(&p->a);
	pair_wait(&p->b, INV_DISCONNECTED);
}

static void busy(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 486, NULL);
	pair_wait(&p->a, INV_DISCONNECTED);
}

static void temporarily_unavailable(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	end_reply(&p->b, 480, NULL);
	pair_wait(&p->a, INV_DISCONNECTED);
}

static void hold_and_resume(struct pair *p)
{
	CHECK(answered_call(p));
	p->b.answer = "held";
	CHECK_OK(end_reoffer(&p->a, "hold"));
	CHECK(pair_wait_settled(p));
	pair_run_ms(p, 5000);
	p->b.answer = "resumed";
	CHECK_OK(end_reoffer(&p->a, "resume"));
	CHECK(pair_wait_settled(p));
	pair_run_ms(p, 5000);
	end_hangup(&p->a);
	pair_wait(&p->b, INV_DISCONNECTED);
}

static void callee_holds(struct pair *p)
{
	CHECK(answered_call(p));
	p->a.answer = "held";
	CHECK_OK(end_reoffer(&p->b, "hold"));
	CHECK(pair_wait_settled(p));
	pair_run_ms(p, 5000);
	end_hangup(&p->b);
	pair_wait(&p->a, INV_DISCONNECTED);
}

static const struct flow rfc3665_3_1 = {successful_session,
	"EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
	"INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
	"Normal call clearing", "OK"};
static const struct flow caller_bye = {caller_hangs_up,
	"EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
	"INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)", "OK",
	"Normal call clearing"};
static const struct flow early = {early_media,
	"EARLY(183) early-answer:answer-1 CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
	"INCOMING offer:offer-1 EARLY(183) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)", "OK",
	"Normal call clearing"};
static const struct flow late = {late_offer, "CONNECTING(200) offer:offer-2 CONFIRMED(200) DISCONNECTED(200)",
	"INCOMING CONNECTING(200) answer:answer-2 CONFIRMED(200) DISCONNECTED(200)", "OK",
	"Normal call clearing"};
static const struct flow rfc3665_3_8 = {no_answer, "EARLY(180) DISCONNECTED(487)",
	"INCOMING offer:offer-1 EARLY(180) DISCONNECTED(487)", "Request Terminated", "Request Terminated"};
static const struct flow rfc3665_3_9 = {
	busy, "DISCONNECTED(486)", "INCOMING offer:offer-1 DISCONNECTED(486)", "Busy Here", "Busy Here"};
static const struct flow rfc3665_3_11 = {temporarily_unavailable, "EARLY(180) DISCONNECTED(480)",
	"INCOMING offer:offer-1 EARLY(180) DISCONNECTED(480)", "Temporarily Unavailable",
	"Temporarily Unavailable"};
static const struct flow hold = {hold_and_resume,
	"EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) answer:held answer:resumed "
	"DISCONNECTED(200)",
	"INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) offer:hold offer:resume "
	"DISCONNECTED(200)",
	"OK", "Normal call clearing"};
static const struct flow hold_by_callee = {callee_holds,
	"EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) offer:hold DISCONNECTED(200)",
	"INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) answer:held DISCONNECTED(200)",
	"Normal call clearing", "OK"};

static void check_end(const struct end *e, const char *reason, const struct fault *f)
{
	if (strcmp(e->reason_text, reason) != 0)
		fail_msg("fate %d of packet %u: %s ended by \"%s\", not \"%s\"; log: %s", (int)f->kind,
			(unsigned)f->serial, e->name, e->reason_text, reason, e->log);
}

/* How many packets there were. */
static uint64_t run(const struct flow *flow, struct fault *f)
{
	struct pair *p = pair_new();

	pair_fault(p, f);
	flow->script(p);
	pair_run_ms(p, 100000);
	check_end(&p->a, flow->reason_a, f);
	check_end(&p->b, flow->reason_b, f);
	if (f->kind == SIM_BY_RULE) {
		CHECK_STR(p->a.log, flow->a);
		CHECK_STR(p->b.log, flow->b);
	}
	pair_close(p);
	return f->n_packets;
}

static void run_with_every_fault(const struct flow *flow)
{
	static const struct fault kinds[] = {{.kind = SIM_DROP}, {.kind = SIM_DOUBLE},
		{.kind = SIM_DELAY, .delay_ns = 4 * NS_PER_MS},
		{.kind = SIM_DELAY, .delay_ns = 700 * NS_PER_MS}};
	struct fault none = {.kind = SIM_BY_RULE};
	uint64_t n = run(flow, &none);

	CHECK(n >= 3);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (uint64_t serial = 1; serial <= n; serial++) {
			struct fault f = kinds[k];

			f.serial = serial;
			run(flow, &f);
		}
	}
}

TEST(rfc3665_3_1_successful_session)
{
	run_with_every_fault(&rfc3665_3_1);
}

TEST(caller_ends_a_successful_session)
{
	run_with_every_fault(&caller_bye);
}

TEST(early_media_is_answered_once)
{
	run_with_every_fault(&early);
}

TEST(late_offer_is_answered_in_the_ack)
{
	run_with_every_fault(&late);
}

TEST(rfc3665_3_8_no_answer_caller_cancels)
{
	run_with_every_fault(&rfc3665_3_8);
}

TEST(rfc3665_3_9_busy)
{
	run_with_every_fault(&rfc3665_3_9);
}

/* Nobody is there: after 64*T1 it is over. */
TEST(rfc3665_3_10_no_response)
{
	struct pair *p = pair_new();
	struct sim_wire dead = {.loss = 1};

	sim_wire(p->sim, &dead);
	pair_call(p, "offer-1");
	pair_run_ms(p, 31990);
	CHECK_EQ(inv_state(p->a.inv), INV_CALLING);
	pair_run_ms(p, 20);
	CHECK_STR(p->a.log, "DISCONNECTED(408)");
	CHECK_STR(p->a.reason_text, "Request Timeout");
	CHECK_EQ(p->a.by, INV_ENDED_BY_NETWORK);
	pair_close(p);
}

TEST(rfc3665_3_11_temporarily_unavailable)
{
	run_with_every_fault(&rfc3665_3_11);
}

TEST(hold_and_resume_by_the_caller)
{
	run_with_every_fault(&hold);
}

TEST(hold_by_the_callee)
{
	run_with_every_fault(&hold_by_callee);
}

TESTS(RUN(rfc3665_3_1_successful_session), RUN(caller_ends_a_successful_session),
	RUN(early_media_is_answered_once), RUN(late_offer_is_answered_in_the_ack),
	RUN(rfc3665_3_8_no_answer_caller_cancels), RUN(rfc3665_3_9_busy), RUN(rfc3665_3_10_no_response),
	RUN(rfc3665_3_11_temporarily_unavailable), RUN(hold_and_resume_by_the_caller),
	RUN(hold_by_the_callee))
