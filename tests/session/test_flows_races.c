/*
 * The races of RFC 5407 section 3: what one end sends crosses what the other end sends. The wire takes 1 ms, so two ends
 * that act at the same virtual moment cross. Alice (end a) is the caller. What flow_run() does with each is in flow.h.
 *
 * Where RFC 5407 lets a UA do what RFC 3261 advises against (a BYE instead of a CANCEL in the early dialog, a callee's BYE
 * before the ACK), ours does not; then the race is shown as such a peer would make it (test_inv_callee.c), or as far as it
 * goes.
 */
#include "flow.h"

static const char cleared[] = "Normal call clearing";

/* Packets from one end to the other vanish, or pass again. */
static void mute(struct pair *p, const char *from, const char *to, bool on)
{
	const struct sim_wire wire = {.loss = on ? 1 : 0, .delay_ns = NS_PER_MS};

	CHECK_OK(sim_wire_between(p->sim, from, to, &wire));
}

static uint64_t start_call(struct pair *p, const char *offer)
{
	pair_call(p, offer);
	return sim_now(p->sim);
}

/* As pair_wait() for both, or one of them has ended. */
static void wait_confirmed(struct pair *p)
{
	(void)pair_wait(&p->a, INV_CONFIRMED);
	(void)pair_wait(&p->b, INV_CONFIRMED);
}

/* ---- 3.1: the callee has answered and waits for the ACK ---- */

/* All provisionals are lost, so Alice's INVITE comes again, and crosses the 200. */
static void invite_again_crosses_200(struct pair *p)
{
	uint64_t start = start_call(p, "offer-1");

	mute(p, END_B_IP, END_A_IP, true);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	sim_run_until(p->sim, start + 500 * NS_PER_MS);
	mute(p, END_B_IP, END_A_IP, false);
	end_reply(&p->b, 200, "answer-1");
	wait_confirmed(p);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 5407 3.1.1 */
TEST(rfc5407_3_1_1_invite_again_crosses_the_200)
{
	flow_run(&(struct flow){.script = invite_again_crosses_200,
		.a = "CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void cancel_crosses_200(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	end_reply(&p->b, 200, "answer-1");
	end_hangup(&p->a);
	CHECK(pair_wait(&p->b, INV_DISCONNECTED));
}

/* MATRIX: RFC 5407 3.1.2 */
/* MATRIX: RFC 5407 C */
TEST(rfc5407_3_1_2_cancel_crosses_the_200)
{
	flow_run(&(struct flow){.script = cancel_crosses_200,
		.a = "EARLY(180) DISCONNECTED(487)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"Request Terminated", cleared}},
		.apart = true});
}

/* b answers with `sdp`, the ACK of a is lost, and time runs until b repeats its 200. Under a fault a may not have heard
 * the first 200 at all; then it hears the second. */
static void answer_whose_ack_is_lost(struct pair *p, const char *sdp)
{
	uint64_t start;

	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	start = sim_now(p->sim);
	end_reply(&p->b, 200, sdp);
	mute(p, END_A_IP, END_B_IP, true);
	pair_run_ms(p, 3);
	mute(p, END_A_IP, END_B_IP, false);
	sim_run_until(p->sim, start + 500 * NS_PER_MS);
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
}

static void reinvite_crosses_200(struct pair *p)
{
	pair_call(p, "offer-1");
	answer_whose_ack_is_lost(p, "answer-1");
	p->b.answer = "answer-2";
	CHECK_OK(end_reoffer(&p->a, "offer-2"));
	CHECK(pair_wait_settled(p));
	pair_run_ms(p, 5000);
	flow_hangup(&p->a);
}

/* The re-INVITE says what the lost ACK would have said. */
/* MATRIX: RFC 5407 3.1.4 */
TEST(rfc5407_3_1_4_reinvite_before_the_ack)
{
	flow_run(&(struct flow){.script = reinvite_crosses_200,
		.a = "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) answer:answer-2 "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) offer:offer-2 "
		     "DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void reinvite_crosses_200_with_offer(struct pair *p)
{
	p->a.answer = "answer-1";
	p->a.again = "offer-3";
	p->b.answer = "answer-2";
	pair_call(p, NULL);
	answer_whose_ack_is_lost(p, "offer-1");
	CHECK_OK(end_reoffer(&p->a, "offer-2"));
	pair_run_ms(p, 20000);
	flow_hangup(&p->a);
}

/* Bob's own offer is open: 491, and Alice comes again. */
/* MATRIX: RFC 5407 3.1.5 */
/* MATRIX: RFC 6337 4.1 2xx/ACK/INVITE */
TEST(rfc5407_3_1_5_reinvite_before_the_ack_with_the_answer)
{
	flow_run(&(struct flow){.script = reinvite_crosses_200_with_offer,
		.a = "EARLY(180) CONNECTING(200) offer:offer-1 CONFIRMED(200) again answer:answer-2 "
		     "DISCONNECTED(200)",
		.b = "INCOMING EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) offer:offer-3 "
		     "DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

static void bye_crosses_200(struct pair *p)
{
	pair_call(p, "offer-1");
	answer_whose_ack_is_lost(p, "answer-1");
	flow_hangup(&p->a);
}

/* MATRIX: RFC 5407 3.1.6 */
TEST(rfc5407_3_1_6_bye_before_the_ack)
{
	flow_run(&(struct flow){.script = bye_crosses_200,
		.a = "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* ---- 3.2: one has sent BYE ---- */

static void both_hang_up(struct pair *p)
{
	flow_talk(p);
	end_hangup(&p->a);
	end_hangup(&p->b);
}

/* MATRIX: RFC 5407 3.2.1 */
TEST(rfc5407_3_2_1_bye_crosses_bye)
{
	flow_run(&(struct flow){.script = both_hang_up,
		.a = "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", "OK"}}});
}

static void bye_crosses_reinvite(struct pair *p)
{
	flow_talk(p);
	p->a.answer = "answer-2";
	end_hangup(&p->a);
	CHECK_OK(end_reoffer(&p->b, "offer-2"));
	CHECK(pair_wait(&p->b, INV_DISCONNECTED));
}

/* A BYE that is lost leaves the 481 to the re-INVITE to tell Bob. */
/* MATRIX: RFC 5407 3.2.2 */
TEST(rfc5407_3_2_2_bye_crosses_a_reinvite)
{
	flow_run(&(struct flow){.script = bye_crosses_reinvite,
		.a = "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}, {"OK", "Call/Transaction Does Not Exist"}}});
}

static void bye_crosses_200_to_reinvite(struct pair *p)
{
	flow_talk(p);
	p->a.answer = "answer-2";
	CHECK_OK(end_reoffer(&p->b, "offer-2"));
	pair_run_ms(p, 1);
	end_hangup(&p->b);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

/* Alice has answered, Bob does not look at the answer any more: he acknowledges it. */
/* MATRIX: RFC 5407 3.2.3 */
/* MATRIX: RFC 5407 B */
TEST(rfc5407_3_2_3_bye_crosses_the_200_to_a_reinvite)
{
	flow_run(&(struct flow){.script = bye_crosses_200_to_reinvite,
		.a = "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) offer:offer-2 "
		     "DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{cleared, "OK"}},
		.apart = true});
}

static void callee_hangs_up_before_the_ack(struct pair *p)
{
	p->a.answer = "answer-1";
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	end_reply(&p->b, 200, "offer-1");
	pair_run_ms(p, 1);
	end_hangup(&p->b);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

/* Bob's BYE waits for the ACK that is on its way (RFC 3261 15); the answer in it starts no session. */
/* MATRIX: RFC 5407 3.2.4 */
TEST(rfc5407_3_2_4_the_ack_comes_after_the_end)
{
	flow_run(&(struct flow){.script = callee_hangs_up_before_the_ack,
		.a = "EARLY(180) CONNECTING(200) offer:offer-1 CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING EARLY(180) CONNECTING(200) DISCONNECTED(200)",
		.ends = {{cleared, "OK"}},
		.apart = true});
}

/* ---- 3.3 ---- */

static void both_reinvite(struct pair *p)
{
	flow_talk(p);
	p->a.again = "offer-a";
	p->a.answer = "answer-a";
	p->b.again = "offer-b";
	p->b.answer = "answer-b";
	CHECK_OK(end_reoffer(&p->a, "offer-a"));
	CHECK_OK(end_reoffer(&p->b, "offer-b"));
	pair_run_ms(p, 30000);
	CHECK(!inv_offer_open(p->a.inv) && !inv_offer_open(p->b.inv));
	CHECK(strstr(p->a.log, "failed") == NULL && strstr(p->b.log, "failed") == NULL);
	flow_hangup(&p->a);
}

/* Both hear 491 and come again, each in its own band (RFC 3261 14.1): Bob first. */
/* MATRIX: RFC 5407 3.3.1 */
/* MATRIX: RFC 6337 4.2 re-INVITE/re-INVITE */
/* MATRIX: RFC 6337 4.3 UAS-IcI */
TEST(rfc5407_3_3_1_reinvite_crosses_reinvite)
{
	flow_run(&(struct flow){.script = both_reinvite,
		.a = "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) offer:offer-b again "
		     "answer:answer-b DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) again answer:answer-a "
		     "offer:offer-a DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* ---- appendix E: a proxy forks, and two answer ---- */

static void ring_and_answer(struct end *e, unsigned status, const char *sdp)
{
	if (e->inv)
		end_reply(e, status, sdp);
}

/* A proxy without state does not repeat what it sends to one of two, so a fork may hear nothing at all. */
static void both_forks_answer(struct pair *p)
{
	struct end *winner = &p->b, *loser = &p->c;

	pair_add_third(p);
	pair_call(p, "offer-1");
	pair_run_ms(p, 2000);
	CHECK(p->b.inv || p->c.inv);
	ring_and_answer(&p->b, 180, NULL);
	ring_and_answer(&p->c, 180, NULL);
	pair_run_ms(p, 1000);
	ring_and_answer(&p->b, 200, "answer-b");
	ring_and_answer(&p->c, 200, "answer-c");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	pair_run_ms(p, 40000);
	if (!p->b.inv || inv_state(p->b.inv) != INV_CONFIRMED) {
		winner = &p->c;
		loser = &p->b;
	}
	CHECK_EQ(inv_state(winner->inv), INV_CONFIRMED);
	CHECK_STR(winner->session, p->a.session);
	CHECK_STR(loser->reason_text, loser->inv ? cleared : "");
	end_hangup(&p->a);
	CHECK(pair_wait(winner, INV_DISCONNECTED));
	CHECK_STR(winner->reason_text, cleared);
}

/* Alice acknowledges both and ends the second one; the first one's answer is hers. */
/* MATRIX: RFC 5407 E */
TEST(rfc5407_e_two_forks_answer)
{
	flow_run(&(struct flow){.script = both_forks_answer,
		.a = "EARLY(180) EARLY(180) CONNECTING(200) answer:answer-b CONFIRMED(200) DISCONNECTED(200)",
		.b = "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{"OK", cleared}, {"OK", ""}},
		.apart = true,
		.target = "sip:bob@biloxi.example.com",
		.route = "<sip:192.0.2.11;lr>",
		.proxies = {{.ip = "192.0.2.11", .next = END_B_IP, .fork = END_C_IP, .record_route = true}}});
}

TESTS(RUN(rfc5407_3_1_1_invite_again_crosses_the_200), RUN(rfc5407_3_1_2_cancel_crosses_the_200),
	RUN(rfc5407_3_1_4_reinvite_before_the_ack),
	RUN(rfc5407_3_1_5_reinvite_before_the_ack_with_the_answer), RUN(rfc5407_3_1_6_bye_before_the_ack),
	RUN(rfc5407_3_2_1_bye_crosses_bye), RUN(rfc5407_3_2_2_bye_crosses_a_reinvite),
	RUN(rfc5407_3_2_3_bye_crosses_the_200_to_a_reinvite), RUN(rfc5407_3_2_4_the_ack_comes_after_the_end),
	RUN(rfc5407_3_3_1_reinvite_crosses_reinvite), RUN(rfc5407_e_two_forks_answer))
