/*
 * The patterns of offer and answer that RFC 6337 lists and that need neither PRACK nor UPDATE. Alice (end a) is the caller.
 * What flow_run() does with each is in flow.h; what stands inside the descriptions is tested in tests/sdp.
 */
#include "flow.h"

static const char cleared[] = "Normal call clearing";

#define TALK_A "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200)"
#define TALK_B "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200)"

/* e offers anew, and that is settled. */
static void reoffer(struct end *e, const char *offer)
{
	CHECK_OK(end_reoffer(e, offer));
	CHECK(pair_wait_settled(e->pair));
	/* Until the ACK has passed, a late one included, no new offer may begin. */
	pair_run_ms(e->pair, 5000);
}

/* ---- pattern 1: INVITE and 2xx ---- */

static void offer_in_the_invite(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 200, "answer-1");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.2 pattern 1, initial */
TEST(offer_in_the_invite_answer_in_the_2xx)
{
	flow_run(&(struct flow){.script = offer_in_the_invite,
		.a = "CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void caller_reoffers(struct pair *p)
{
	flow_talk(p);
	p->b.answer = "held";
	reoffer(&p->a, "hold");
	p->b.answer = "resumed";
	reoffer(&p->a, "resume");
	flow_hangup(&p->a);
}

static void callee_reoffers(struct pair *p)
{
	flow_talk(p);
	p->a.answer = "held";
	reoffer(&p->b, "hold");
	p->a.answer = "resumed";
	reoffer(&p->b, "resume");
	flow_hangup(&p->b);
}

/* MATRIX: RFC 6337 2.2 pattern 1, established */
/* MATRIX: RFC 6337 3.3 */
TEST(reinvite_with_an_offer_from_either_end)
{
	flow_run(&(struct flow){.script = caller_reoffers,
		.a = TALK_A " answer:held answer:resumed DISCONNECTED(200)",
		.b = TALK_B " offer:hold offer:resume DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
	flow_run(&(struct flow){.script = callee_reoffers,
		.a = TALK_A " offer:hold offer:resume DISCONNECTED(200)",
		.b = TALK_B " answer:held answer:resumed DISCONNECTED(200)",
		.ends = {{cleared, "OK"}}});
}

/* ---- pattern 2: 2xx and ACK ---- */

static void offer_in_the_2xx(struct pair *p)
{
	p->a.answer = "answer-2";
	p->a.policy.reliable = INV_RELIABLE_OFF;
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, "too early"); /* not sent: an unreliable response carries no offer */
	pair_run_ms(p, 1000);
	end_reply(&p->b, 200, "offer-2");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.2 pattern 2, initial */
/* MATRIX: RFC 6337 3.1.2 */
TEST(offer_in_the_2xx_answer_in_the_ack)
{
	flow_run(&(struct flow){.script = offer_in_the_2xx,
		.a = "EARLY(180) CONNECTING(200) offer:offer-2 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING EARLY(180) CONNECTING(200) answer:answer-2 CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void asks_for_an_offer(struct pair *p)
{
	flow_talk(p);
	p->b.again = "offer-b";
	p->a.answer = "answer-a";
	CHECK_OK(end_reoffer(&p->a, NULL));
	pair_run_ms(p, 10000);
	flow_hangup(&p->b);
}

/* MATRIX: RFC 6337 2.2 pattern 2, established */
TEST(reinvite_without_an_offer)
{
	flow_run(&(struct flow){.script = asks_for_an_offer,
		.a = TALK_A " offer:offer-b DISCONNECTED(200)",
		.b = TALK_B " again answer:answer-a DISCONNECTED(200)",
		.ends = {{cleared, "OK"}}});
}

/* ---- 2.3: an offer is refused ---- */

static void refused_with(struct pair *p, unsigned status)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, status, NULL);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

static void refused_488(struct pair *p)
{
	refused_with(p, 488);
}

static void refused_606(struct pair *p)
{
	refused_with(p, 606);
}

/* MATRIX: RFC 6337 2.3 pattern 1, initial */
TEST(an_offer_in_the_first_invite_is_refused)
{
	flow_run(&(struct flow){.script = refused_488,
		.a = "DISCONNECTED(488)",
		.b = "INCOMING offer:offer-1 DISCONNECTED(488)",
		.ends = {{"Not Acceptable Here", "Not Acceptable Here"}}});
	flow_run(&(struct flow){.script = refused_606,
		.a = "DISCONNECTED(606)",
		.b = "INCOMING offer:offer-1 DISCONNECTED(606)",
		.ends = {{"Not Acceptable", "Not Acceptable"}}});
}

static void reinvite_refused(struct pair *p)
{
	flow_talk(p);
	p->b.verdict = OH_ENOCODEC;
	reoffer(&p->a, "offer-2");
	p->b.verdict = 0;
	p->b.answer = "answer-3";
	reoffer(&p->a, "offer-3");
	flow_hangup(&p->a);
}

/* The old session stands, and the next offer is as good as the first. */
/* MATRIX: RFC 6337 2.3 pattern 1, established */
/* MATRIX: RFC 6337 3.4 */
TEST(an_offer_in_a_reinvite_is_refused)
{
	flow_run(&(struct flow){.script = reinvite_refused,
		.a = TALK_A " failed(488) answer:answer-3 DISCONNECTED(200)",
		.b = TALK_B " offer:offer-2 offer:offer-3 DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void late_offer_refused(struct pair *p)
{
	pair_call(p, NULL); /* and no answer */
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 200, "offer-2");
	CHECK(pair_wait(&p->b, INV_DISCONNECTED));
}

/* A 2xx cannot be refused: ACK, then BYE. */
/* MATRIX: RFC 6337 2.3 pattern 2, initial */
TEST(an_offer_in_a_2xx_is_refused)
{
	flow_run(&(struct flow){.script = late_offer_refused,
		.a = "CONNECTING(200) offer:offer-2 DISCONNECTED(488)",
		.b = "INCOMING CONNECTING(200) DISCONNECTED(488)",
		.ends = {{"Not Acceptable Here", "Not Acceptable Here"}, {"Not Acceptable Here", cleared}}});
}

static void reinvite_late_offer_refused(struct pair *p)
{
	flow_talk(p);
	p->b.again = "offer-b";
	CHECK_OK(end_reoffer(&p->a, NULL));
	CHECK(pair_wait(&p->b, INV_DISCONNECTED));
}

/* MATRIX: RFC 6337 2.3 pattern 2, established */
TEST(an_offer_in_the_2xx_to_a_reinvite_is_refused)
{
	flow_run(&(struct flow){.script = reinvite_late_offer_refused,
		.a = TALK_A " offer:offer-b DISCONNECTED(488)",
		.b = TALK_B " again failed(488) DISCONNECTED(200)",
		.ends = {{"Not Acceptable Here", cleared}}});
}

/* ---- 3.1.1: a preview in an unreliable provisional ---- */

static void preview(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	pair_run_ms(p, 1000);
	CHECK_EQ(end_reoffer(&p->a, "offer-2"), OH_ESTATE); /* no new offer before the 2xx */
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	end_reply(&p->b, 200, NULL); /* the same answer again */
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 3.1.1 */
TEST(an_answer_in_a_183_counts_and_is_repeated_in_the_2xx)
{
	flow_run(&(struct flow){.script = preview,
		.a = "EARLY(183) early-answer:answer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) EARLY(180) CONNECTING(200) CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* ---- 4: crossings ---- */

static void glare_without_offer(struct pair *p)
{
	flow_talk(p);
	p->a.again = "offer-a";
	p->a.answer = "answer-a";
	p->b.again = "offer-b";
	p->b.answer = "answer-b";
	CHECK_OK(end_reoffer(&p->a, NULL));
	CHECK_OK(end_reoffer(&p->b, "offer-b"));
	pair_run_ms(p, 30000);
	CHECK(!inv_offer_open(p->a.inv) && !inv_offer_open(p->b.inv));
	flow_hangup(&p->b);
}

/* MATRIX: RFC 6337 4.2 re-INVITE without offer/re-INVITE */
TEST(a_reinvite_without_offer_crosses_one_with)
{
	flow_run(&(struct flow){.script = glare_without_offer, .ends = {{cleared, "OK"}}});
}

static void one_at_a_time(struct pair *p)
{
	flow_talk(p);
	p->b.answer = "answer-2";
	CHECK_OK(end_reoffer(&p->a, "offer-2"));
	CHECK_EQ(end_reoffer(&p->a, "offer-3"), OH_EBUSY);
	CHECK(pair_wait_settled(p));
	pair_run_ms(p, 5000);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 4.3 UAC-II */
TEST(no_second_offer_while_the_first_is_open)
{
	flow_run(&(struct flow){.script = one_at_a_time,
		.a = TALK_A " answer:answer-2 DISCONNECTED(200)",
		.b = TALK_B " offer:offer-2 DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

TESTS(RUN(offer_in_the_invite_answer_in_the_2xx), RUN(reinvite_with_an_offer_from_either_end),
	RUN(offer_in_the_2xx_answer_in_the_ack), RUN(reinvite_without_an_offer),
	RUN(an_offer_in_the_first_invite_is_refused), RUN(an_offer_in_a_reinvite_is_refused),
	RUN(an_offer_in_a_2xx_is_refused), RUN(an_offer_in_the_2xx_to_a_reinvite_is_refused),
	RUN(an_answer_in_a_183_counts_and_is_repeated_in_the_2xx),
	RUN(a_reinvite_without_offer_crosses_one_with), RUN(no_second_offer_while_the_first_is_open))
