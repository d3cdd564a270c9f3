/*
 * UPDATE (RFC 3311), and where it meets INVITE and PRACK (RFC 6337 4, RFC 5407 3.3.2). Alice (end a) is the caller. What
 * flow_run() does with each is in flow.h.
 */
#include "flow.h"

static const char cleared[] = "Normal call clearing";

#define TALK_A "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200)"
#define TALK_B "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200)"

static void talk(struct pair *p)
{
	flow_talk(p);
	/* A late ACK too. */
	pair_run_ms(p, 5000);
	p->a.answer = "answer-a";
	p->b.answer = "answer-b";
	p->a.again = "again-a";
	p->b.again = "again-b";
}

/* A refused offer has been tried again, and a lost request repeated. */
static void calm(struct pair *p)
{
	pair_run_ms(p, 30000);
	if (!pair_wait_settled(p))
		fail_msg("%s\n%s", p->a.log, p->b.log);
}

/* A reliable answer in a provisional, acknowledged. */
static void early(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "answer-1");
	pair_run_ms(p, 20000);
	p->a.answer = "answer-a";
	p->b.answer = "answer-b";
	p->a.again = "again-a";
	p->b.again = "again-b";
}

static void answer_and_end(struct pair *p)
{
	end_reply(&p->b, 200, NULL);
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	calm(p);
	flow_hangup(&p->a);
}

/* ---- pattern 6 ---- */

static void both_update(struct pair *p)
{
	talk(p);
	CHECK_OK(end_update(&p->a, "offer-2"));
	CHECK_EQ(end_update(&p->a, "offer-3"), OH_EBUSY);
	CHECK_EQ(end_reoffer(&p->a, "offer-3"), OH_EBUSY);
	calm(p);
	CHECK_OK(end_update(&p->b, "offer-4"));
	calm(p);
	CHECK_OK(end_update(&p->b, NULL));
	calm(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.2 pattern 6 */
TEST(update_with_an_offer_from_either_end)
{
	flow_run(&(struct flow){.script = both_update,
		.a = TALK_A " answer:answer-b offer:offer-4 DISCONNECTED(200)",
		.b = TALK_B " offer:offer-2 answer:answer-a DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void update_refused(struct pair *p)
{
	talk(p);
	p->b.verdict = OH_ENOCODEC;
	CHECK_OK(end_update(&p->a, "offer-2"));
	calm(p);
	p->b.verdict = 0;
	p->b.answer = NULL; /* would have to ask somebody */
	CHECK_OK(end_update(&p->a, "offer-3"));
	calm(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 2.3 pattern 6 */
TEST(an_offer_in_an_update_is_refused)
{
	flow_run(&(struct flow){.script = update_refused,
		.a = TALK_A " failed(488) failed(504) DISCONNECTED(200)",
		.b = TALK_B " offer:offer-2 offer:offer-3 DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void early_updates(struct pair *p)
{
	early(p);
	CHECK_OK(end_update(&p->a, "offer-2"));
	calm(p);
	CHECK_OK(end_update(&p->b, "offer-3"));
	calm(p);
	answer_and_end(p);
}

/* MATRIX: RFC 6337 3.2 */
TEST(offers_and_answers_in_the_early_dialog)
{
	flow_run(&(struct flow){.script = early_updates,
		.a = "EARLY(183) early-answer:answer-1 early-answer:answer-b early-offer:offer-3 "
		     "CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(183) early-offer:offer-2 early-answer:answer-a "
		     "CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void update_over_the_2xx(struct pair *p)
{
	early(p);
	CHECK_OK(end_update(&p->a, "offer-2"));
	answer_and_end(p);
}

static void callees_update_over_the_2xx(struct pair *p)
{
	early(p);
	CHECK_OK(end_update(&p->b, "offer-2"));
	answer_and_end(p);
}

TEST(an_early_update_outlives_its_invite)
{
	flow_run(&(struct flow){.script = update_over_the_2xx, .ends = {{"OK", cleared}}});
	flow_run(&(struct flow){.script = callees_update_over_the_2xx, .ends = {{"OK", cleared}}});
}

/* ---- 4.1: what would cross is not sent, or is refused ---- */

static void reinvite_behind_update(struct pair *p)
{
	talk(p);
	CHECK_OK(end_update(&p->a, "offer-2"));
	CHECK_EQ(end_reoffer(&p->a, NULL), OH_EBUSY); /* UAC-UI */
	calm(p);
	CHECK_OK(end_reoffer(&p->a, NULL));
	calm(p);
	flow_hangup(&p->a);
}

static void update_behind_reinvite(struct pair *p)
{
	talk(p);
	CHECK_OK(end_reoffer(&p->a, NULL));
	CHECK_EQ(end_update(&p->a, "offer-2"), OH_EBUSY); /* UAC-IU */
	calm(p);
	CHECK_OK(end_update(&p->a, "offer-2"));
	calm(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 4.1 figure 4 */
/* MATRIX: RFC 6337 4.1 figure 5 */
/* MATRIX: RFC 6337 4.2 figure 13 */
TEST(no_reinvite_while_an_update_is_open_nor_the_other_way_round)
{
	flow_run(&(struct flow){.script = reinvite_behind_update,
		.a = TALK_A " answer:answer-b offer:again-b DISCONNECTED(200)",
		.b = TALK_B " offer:offer-2 again answer:answer-a DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
	flow_run(&(struct flow){.script = update_behind_reinvite,
		.a = TALK_A " offer:again-b answer:answer-b DISCONNECTED(200)",
		.b = TALK_B " again answer:answer-a offer:offer-2 DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void update_behind_prack(struct pair *p)
{
	p->a.answer = "answer-a";
	p->b.answer = "answer-b";
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 183, "offer-1");
	/* Neither the one whose PRACK is under way, nor the one that waits for it. */
	CHECK_EQ(end_update(&p->b, "offer-2"), OH_EBUSY);
	CHECK(pair_wait(&p->a, INV_EARLY));
	if (!inv_offer_open(p->a.inv))
		CHECK_EQ(end_update(&p->a, "offer-2"), OH_EBUSY);
	calm(p);
	CHECK_OK(end_update(&p->a, "offer-2"));
	calm(p);
	end_reply(&p->b, 200, NULL);
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	flow_hangup(&p->a);
}

/* MATRIX: RFC 6337 4.1 figure 6 */
/* MATRIX: RFC 6337 4.1 figure 7 */
/* MATRIX: RFC 6337 4.1 figure 9 */
/* MATRIX: RFC 6337 4.2 figure 11 */
TEST(no_update_while_the_prack_of_a_description_is_open)
{
	flow_run(&(struct flow){.script = update_behind_prack, .ends = {{"OK", cleared}}});
}

static void update_meets_reinvite(struct pair *p)
{
	talk(p);
	CHECK_OK(end_reoffer(&p->a, "offer-a"));
	CHECK_OK(end_update(&p->b, "offer-b"));
	calm(p);
	flow_hangup(&p->a);
}

static void update_meets_reinvite_without_offer(struct pair *p)
{
	talk(p);
	CHECK_OK(end_reoffer(&p->b, NULL));
	CHECK_OK(end_update(&p->a, "offer-a"));
	calm(p);
	flow_hangup(&p->a);
}

/* UPDATE is refused with 491 or 500, the re-INVITE with 491; both are tried again. */
/* MATRIX: RFC 6337 4.1 figure 8 */
/* MATRIX: RFC 6337 4.2 figure 12 */
/* MATRIX: RFC 5407 3.3.2 */
TEST(update_meets_reinvite_on_the_way)
{
	flow_run(&(struct flow){.script = update_meets_reinvite, .ends = {{"OK", cleared}}});
	flow_run(&(struct flow){.script = update_meets_reinvite_without_offer, .ends = {{"OK", cleared}}});
}

static void update_meets_update(struct pair *p)
{
	talk(p);
	CHECK_OK(end_update(&p->a, "offer-a"));
	CHECK_OK(end_update(&p->b, "offer-b"));
	calm(p);
	flow_hangup(&p->a);
}

static void early_update_meets_update(struct pair *p)
{
	early(p);
	CHECK_OK(end_update(&p->a, "offer-a"));
	CHECK_OK(end_update(&p->b, "offer-b"));
	calm(p);
	answer_and_end(p);
}

/* The rules of 4.3 in the figures 14 to 19; which status refuses what is in test_flows_prack.c. */
/* MATRIX: RFC 6337 4.3 UPDATE */
TEST(update_meets_update_on_the_way)
{
	flow_run(&(struct flow){.script = update_meets_update, .ends = {{"OK", cleared}}});
	flow_run(&(struct flow){.script = early_update_meets_update, .ends = {{"OK", cleared}}});
}

TESTS(RUN(update_with_an_offer_from_either_end), RUN(an_offer_in_an_update_is_refused),
	RUN(offers_and_answers_in_the_early_dialog), RUN(an_early_update_outlives_its_invite),
	RUN(no_reinvite_while_an_update_is_open_nor_the_other_way_round),
	RUN(no_update_while_the_prack_of_a_description_is_open), RUN(update_meets_reinvite_on_the_way),
	RUN(update_meets_update_on_the_way))
