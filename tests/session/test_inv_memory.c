/*
 * A whole call, once for each allocation that fails: it may end early or not come about, but nothing crashes,
 * both ends come to rest, and nothing is left over.
 */
#include "pair.h"

static int call_hold_and_hang_up(void *arg)
{
	struct pair *p = pair_try_new();
	const char *offer = arg;

	if (!p)
		return OH_ENOMEM;
	p->a.answer = p->b.answer = "answer";
	p->a.again = p->b.again = "offer-again";
	if (pair_try_call(p, offer) == 0) {
		pair_wait(&p->b, INV_INCOMING);
		if (p->b.inv) {
			(void)end_try_reply(&p->b, 183, "answer-1");
			pair_run_ms(p, 1000);
			if (end_try_reply(&p->b, 200, "answer-1") != 0)
				(void)end_try_reply(&p->b, 200, "answer-1");
			pair_wait(&p->b, INV_CONFIRMED);
			(void)end_reoffer(&p->a, "hold");
			pair_run_ms(p, 5000);
			(void)end_reoffer(&p->b, "resume");
			(void)end_reoffer(&p->a, "resume");
			pair_run_ms(p, 5000);
		}
		end_hangup(&p->a);
		end_hangup(&p->b);
	}
	pair_close(p);
	return 0;
}

static int call_and_cancel(void *arg)
{
	struct pair *p = pair_try_new();

	(void)arg;
	if (!p)
		return OH_ENOMEM;
	if (pair_try_call(p, "offer-1") == 0) {
		pair_wait(&p->b, INV_INCOMING);
		end_hangup(&p->a);
	}
	pair_close(p);
	return 0;
}

TEST(a_call_with_hold_survives_every_failing_allocation)
{
	char offer[] = "offer-1";

	check_every_allocation_fails(call_hold_and_hang_up, offer);
}

TEST(a_late_offer_survives_every_failing_allocation)
{
	check_every_allocation_fails(call_hold_and_hang_up, NULL);
}

TEST(a_cancelled_call_survives_every_failing_allocation)
{
	check_every_allocation_fails(call_and_cancel, NULL);
}

/* When its transactions have run out, a call is its session, its dialog, the path and our Contact. */
TEST(an_idle_call_is_four_blocks_at_each_end)
{
	struct pair *p = pair_new();
	size_t idle;

	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 200, "answer-1");
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	pair_run_ms(p, 100000);
	idle = mem_live();
	end_hangup(&p->a);
	pair_run_ms(p, 100000);
	p->a.inv = inv_free(p->a.inv);
	p->b.inv = inv_free(p->b.inv);
	CHECK_EQ(idle - mem_live(), 2 * 4);
	pair_close(p);
}

TESTS(RUN(a_call_with_hold_survives_every_failing_allocation),
	RUN(a_late_offer_survives_every_failing_allocation),
	RUN(a_cancelled_call_survives_every_failing_allocation), RUN(an_idle_call_is_four_blocks_at_each_end))
