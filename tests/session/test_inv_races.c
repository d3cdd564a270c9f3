/*
 * Two ends that do things at the same moment, owners that let go in the middle of a callback, and wires so
 * bad that nobody can say what will happen, except that it ends and nothing is left.
 */
#include "pair.h"

static void connect_both(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 200, "answer-1");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	p->a.log[0] = p->b.log[0] = 0;
}

/* RFC 5407 3.3.1: both are refused with 491 and come again, the callee first. */
TEST(rfc5407_3_3_1_both_reinvite_at_once)
{
	struct pair *p = pair_new();

	connect_both(p);
	p->a.again = "offer-a";
	p->a.answer = "answer-a";
	p->b.again = "offer-b";
	p->b.answer = "answer-b";
	CHECK_OK(end_reoffer(&p->a, "offer-a"));
	CHECK_OK(end_reoffer(&p->b, "offer-b"));
	pair_run_ms(p, 20000);
	CHECK_STR(p->a.log, "offer:offer-b again answer:answer-b");
	CHECK_STR(p->b.log, "again answer:answer-a offer:offer-a");
	pair_close(p);
}

TEST(rfc5407_3_2_1_both_hang_up_at_once)
{
	struct pair *p = pair_new();

	connect_both(p);
	end_hangup(&p->a);
	end_hangup(&p->b);
	CHECK_EQ(sip_stack_ending(p->a.stack), 1);
	CHECK_EQ(sip_stack_ending(p->b.stack), 1);
	pair_settle(p);
	CHECK_EQ(sip_stack_ending(p->a.stack), 0);
	CHECK_EQ(sip_stack_ending(p->b.stack), 0);
	CHECK_STR(p->a.log, "DISCONNECTED(200)");
	CHECK_STR(p->b.log, "DISCONNECTED(200)");
	pair_close(p);
}

/* RFC 5407 3.2.2, 3.2.3: the BYE meets a re-INVITE on its way. */
TEST(rfc5407_3_2_2_bye_crosses_a_reinvite)
{
	struct pair *p = pair_new();

	connect_both(p);
	CHECK_OK(end_reoffer(&p->a, "offer-2"));
	end_hangup(&p->b);
	pair_settle(p);
	CHECK_STR(p->a.log, "DISCONNECTED(200)");
	CHECK_STR(p->a.reason_text, "Normal call clearing");
	CHECK_STR(p->b.log, "DISCONNECTED(200)");
	pair_close(p);
}

/* RFC 3261 12.2.2: the BYE that ends a call which nobody waits for any more has a higher number than what was sent in
 * the early dialog. */
TEST(a_2xx_after_the_cancel_timed_out_is_ended_above_the_numbers_of_the_early_dialog)
{
	const struct dialog_request info = {.method = SIP_INFO};
	const struct sim_wire broken = {.loss = 1}, whole = {.delay_ns = NS_PER_MS};
	struct pair *p = pair_new();

	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	CHECK(pair_wait(&p->a, INV_EARLY));
	CHECK_OK(inv_request(p->a.inv, &info, 1));
	CHECK_OK(inv_request(p->a.inv, &info, 2));
	pair_settle(p);
	CHECK_OK(sim_wire_between(p->sim, END_A_IP, END_B_IP, &broken));
	end_hangup(&p->a);
	pair_run_ms(p, 33000);
	CHECK_OK(sim_wire_between(p->sim, END_A_IP, END_B_IP, &whole));
	end_reply(&p->b, 200, "answer-1");
	pair_settle(p);
	CHECK_STR(p->b.log,
		"INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)");
	pair_close(p);
}

/* RFC 3261 9.1: the 200 is on the wire when the caller cancels. */
TEST(cancel_crosses_the_200)
{
	struct pair *p = pair_new();

	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	CHECK(pair_wait(&p->a, INV_EARLY));
	end_reply(&p->b, 200, "answer-1");
	end_hangup(&p->a);
	pair_settle(p);
	CHECK_STR(p->a.log, "EARLY(180) DISCONNECTED(487)");
	CHECK_STR(p->b.log,
		"INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200) DISCONNECTED(200)");
	pair_close(p);
}

/* Everything that can be done in a call, by owners that may be gone. */
static void busy_call(struct pair *p)
{
	struct end *a = &p->a, *b = &p->b;

	a->answer = a->again = "from-a";
	b->answer = b->again = "from-b";
	a->in_prack = "prack-a";
	pair_call(p, "offer-1");
	pair_wait(b, INV_INCOMING);
	if (b->inv)
		(void)end_try_reply(b, 183, "answer-1");
	pair_run_ms(p, 500);
	if (b->inv)
		(void)end_update(b, "update-b");
	pair_run_ms(p, 500);
	if (b->inv)
		(void)end_try_reply(b, 200, "answer-1");
	pair_run_ms(p, 500);
	if (a->inv)
		(void)end_reoffer(a, "hold-a");
	if (b->inv)
		(void)end_reoffer(b, "hold-b");
	pair_run_ms(p, 6000);
	if (b->inv)
		(void)end_reoffer(b, NULL);
	pair_run_ms(p, 3000);
	end_hangup(a);
	end_hangup(b);
	pair_run_ms(p, 1000);
}

TEST(an_owner_may_let_go_in_any_callback)
{
	for (unsigned n = 1; n < 28; n++) {
		for (unsigned who = 0; who < 2; who++) {
			struct pair *p = pair_new();
			struct end *e = who ? &p->b : &p->a;

			e->free_at = n;
			busy_call(p);
			CHECK(e->callbacks < n || !e->inv);
			pair_close(p);
		}
	}
}

TEST(bad_wires_come_to_an_end)
{
	for (unsigned seed = 1; seed <= 150; seed++) {
		const struct sim_wire wire = {.loss = 0.05 * (seed % 10),
			.duplicate = 0.3,
			.reorder = 0.3,
			.delay_ns = 20 * NS_PER_MS,
			.jitter_ns = 200 * NS_PER_MS,
			.reorder_ns = 900 * NS_PER_MS,
			.allow_overtake = true};
		struct pair *p = pair_seeded(seed);

		sim_wire(p->sim, &wire);
		busy_call(p);
		pair_run_ms(p, 100000);
		CHECK(!p->a.inv || inv_state(p->a.inv) == INV_DISCONNECTED);
		CHECK(!p->b.inv || inv_state(p->b.inv) == INV_DISCONNECTED);
		pair_close(p);
	}
}

TESTS(RUN(rfc5407_3_3_1_both_reinvite_at_once), RUN(rfc5407_3_2_1_both_hang_up_at_once),
	RUN(rfc5407_3_2_2_bye_crosses_a_reinvite),
	RUN(a_2xx_after_the_cancel_timed_out_is_ended_above_the_numbers_of_the_early_dialog),
	RUN(cancel_crosses_the_200), RUN(an_owner_may_let_go_in_any_callback), RUN(bad_wires_come_to_an_end))
