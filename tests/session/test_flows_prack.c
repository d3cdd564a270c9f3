/*
 * Reliable provisionals (RFC 3262) and the patterns of offer and answer that need them (RFC 6337). Alice (end a) is the
 * caller. What flow_run() does with each is in flow.h.
 */
#include "flow.h"

static const char cleared[] = "Normal call clearing";

/* What a PRACK acknowledges has passed, a repeated one included. */
static void calm(struct pair *p)
{
	pair_run_ms(p, 20000);
}

static void confirmed(struct pair *p)
{
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
}

/* ---- pattern 3 ---- */

static void answer_in_183(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	calm(p);
	end_reply(&p->b, 200, "answer-1"); /* said already: the 2xx brings none */
	confirmed(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.2 pattern 3 */
/* MATRIX: RFC 6337 3.1.1 figure 1 */
TEST(answer_in_a_reliable_provisional)
{
	flow_run(&(struct flow){.script = answer_in_183,
		.a = "EARLY(183) early-answer:answer-1 CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* RFC 3262 3: a 2xx waits for the PRACK of a description; what was said meanwhile goes in its order. */
static void answer_at_once(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	end_reply(&p->b, 180, NULL);
	end_reply(&p->b, 182, NULL);
	end_reply(&p->b, 200, "answer-1");
	CHECK_EQ(inv_state(p->b.inv), INV_EARLY);
	CHECK_EQ(end_try_reply(&p->b, 200, "answer-1"), OH_ESTATE);
	confirmed(p);
	flow_hangup(&p->b);
}

static void all_reliable(struct pair *p)
{
	p->a.policy.reliable = INV_RELIABLE_REQUIRED;
	answer_at_once(p);
}

TEST(a_2xx_waits_for_the_prack_of_a_description)
{
	flow_run(&(struct flow){.script = answer_at_once,
		.a = "EARLY(183) early-answer:answer-1 EARLY(180) EARLY(182) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) EARLY(180) EARLY(182) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.ends = {{cleared, "OK"}}});
	flow_run(&(struct flow){.script = all_reliable,
		.a = "EARLY(183) early-answer:answer-1 EARLY(180) EARLY(182) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) EARLY(180) EARLY(182) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.ends = {{cleared, "OK"}}});
}

static void rings_reliably(struct pair *p)
{
	p->a.policy.reliable = INV_RELIABLE_REQUIRED;
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	end_reply(&p->b, 200, "answer-1"); /* waits for nothing */
	confirmed(p);
	flow_hangup(&p->a);
}

TEST(a_2xx_does_not_wait_for_the_prack_of_mere_ringing)
{
	flow_run(&(struct flow){.script = rings_reliably, .ends = {{"OK", cleared}}});
}

static void refused_in_between(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	end_reply(&p->b, 486, NULL);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

static void cancelled_in_between(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	end_reply(&p->b, 200, "answer-1");
	CHECK(pair_wait(&p->a, INV_EARLY));
	end_hangup(&p->a);
	CHECK(pair_wait(&p->b, INV_DISCONNECTED));
}

TEST(a_call_may_end_before_its_prack_comes)
{
	flow_run(&(struct flow){.script = refused_in_between,
		.ends = {{"Busy Here", "Busy Here"}, {"Request Timeout", "Busy Here"}},
		.apart = true});
	flow_run(&(struct flow){.script = cancelled_in_between,
		.ends = {{"Request Terminated", cleared}, {"Request Terminated", "Request Terminated"}},
		.apart = true});
}

/* ---- pattern 4 ---- */

static void offer_in_183(struct pair *p)
{
	p->a.answer = "answer-2";
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "offer-2");
	calm(p);
	end_reply(&p->b, 200, NULL);
	confirmed(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.2 pattern 4 */
/* MATRIX: RFC 6337 3.1.2 figure 2 */
TEST(offer_in_a_reliable_provisional_answer_in_its_prack)
{
	flow_run(&(struct flow){.script = offer_in_183,
		.a = "EARLY(183) early-offer:offer-2 CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING EARLY(183) early-answer:answer-2 CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void offer_in_183_refused(struct pair *p)
{
	p->a.verdict = OH_ENOCODEC;
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "offer-2");
	CHECK(pair_wait(&p->b, INV_DISCONNECTED));
}

/* MATRIX: RFC 6337 2.3 pattern 4 */
TEST(an_offer_in_a_reliable_provisional_that_cannot_be_answered_ends_the_call)
{
	flow_run(&(struct flow){.script = offer_in_183_refused,
		.a = "EARLY(183) early-offer:offer-2 DISCONNECTED(488)",
		.b = "INCOMING EARLY(183) DISCONNECTED(487)",
		.ends = {{"Not Acceptable Here", "Request Terminated"}}});
}

/* ---- pattern 5 ---- */

static void offer_in_prack(struct pair *p)
{
	p->a.in_prack = "offer-2";
	p->b.answer = "answer-2";
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	calm(p);
	end_reply(&p->b, 200, NULL);
	confirmed(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.2 pattern 5 */
TEST(offer_in_a_prack_answer_in_its_2xx)
{
	flow_run(&(struct flow){.script = offer_in_prack,
		.a = "EARLY(183) early-answer:answer-1 early-answer:answer-2 CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) early-offer:offer-2 CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* The 2xx may overtake the 2xx to the PRACK, the ACK the PRACK itself. */
static void offer_in_prack_in_a_hurry(struct pair *p)
{
	p->a.in_prack = "offer-2";
	p->b.answer = "answer-2";
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	end_reply(&p->b, 200, "answer-1");
	confirmed(p);
	pair_run_ms(p, 40000);
	flow_hangup(&p->a);
}

TEST(a_2xx_meets_the_answer_to_a_prack)
{
	flow_run(&(struct flow){.script = offer_in_prack_in_a_hurry, .ends = {{"OK", cleared}}});
}

static void offer_in_prack_refused(struct pair *p)
{
	p->a.in_prack = "offer-2";
	p->b.verdict = OH_ENOCODEC;
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	calm(p);
	end_reply(&p->b, 200, NULL);
	confirmed(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.3 pattern 5 */
TEST(an_offer_in_a_prack_is_refused_and_the_provisional_acknowledged_without)
{
	flow_run(&(struct flow){.script = offer_in_prack_refused,
		.a = "EARLY(183) early-answer:answer-1 failed(488) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) early-offer:offer-2 CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* ---- previews ---- */

static void preview(struct pair *p)
{
	p->b.policy.reliable = INV_RELIABLE_OFF;
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	CHECK_EQ(end_update(&p->b, "offer-2"), OH_ESTATE);
	calm(p);
	end_reply(&p->b, 200, "answer-1");
	confirmed(p);
	flow_hangup(&p->a);
}

TEST(an_answer_in_an_unreliable_provisional_is_a_preview_of_that_in_the_2xx)
{
	flow_run(&(struct flow){.script = preview, .ends = {{"OK", cleared}}});
}

TESTS(RUN(answer_in_a_reliable_provisional), RUN(a_2xx_waits_for_the_prack_of_a_description),
	RUN(a_2xx_does_not_wait_for_the_prack_of_mere_ringing), RUN(a_call_may_end_before_its_prack_comes),
	RUN(offer_in_a_reliable_provisional_answer_in_its_prack),
	RUN(an_offer_in_a_reliable_provisional_that_cannot_be_answered_ends_the_call),
	RUN(offer_in_a_prack_answer_in_its_2xx), RUN(a_2xx_meets_the_answer_to_a_prack),
	RUN(an_offer_in_a_prack_is_refused_and_the_provisional_acknowledged_without),
	RUN(an_answer_in_an_unreliable_provisional_is_a_preview_of_that_in_the_2xx))
