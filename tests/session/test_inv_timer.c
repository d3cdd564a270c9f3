/*
 * Session timers (RFC 4028) and the OPTIONS that asks whether the peer is there, between two ends.
 */
#include "pair.h"

#define HOUR_MS 3600000u

/* They talk, under the policies that the story has set. */
static void talk(struct pair *p)
{
	p->a.again = "offer-1";
	p->b.again = "answer-1";
	p->a.answer = "answer-1";
	p->b.answer = "answer-1";
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 200, "answer-1");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
}

static uint64_t sent(const struct end *e)
{
	struct sip_counters c;

	sip_stack_counters(e->stack, &c);
	return c.tx_messages;
}

/* After that time both still talk; *ret_requests: what a has sent meanwhile. */
static void for_two_hours(struct pair *p, uint64_t *ret_a, uint64_t *ret_b)
{
	uint64_t a = sent(&p->a), b = sent(&p->b);

	pair_run_ms(p, 2 * HOUR_MS);
	CHECK_EQ(inv_state(p->a.inv), INV_CONFIRMED);
	CHECK_EQ(inv_state(p->b.inv), INV_CONFIRMED);
	*ret_a = sent(&p->a) - a;
	*ret_b = sent(&p->b) - b;
}

TEST(nobody_asks_and_nothing_is_sent)
{
	struct pair *p = pair_new();
	uint64_t a, b;

	talk(p);
	for_two_hours(p, &a, &b);
	CHECK_EQ(a + b, 0);
	pair_close(p);
}

/* 7200 s at 900 s each: 7 refreshes and the 8th with the end of it, by UPDATE. */
TEST(rfc4028_the_caller_asks_and_refreshes)
{
	struct pair *p = pair_new();
	uint64_t a, b;

	p->a.policy.timer = INV_TIMER_OFFER;
	talk(p);
	for_two_hours(p, &a, &b);
	CHECK(a >= 7 && a <= 8);
	CHECK_EQ(a, b);
	CHECK(!strstr(p->a.log, "offer"));
	pair_close(p);
}

TEST(rfc4028_the_callee_asks_and_refreshes)
{
	struct pair *p = pair_new();
	uint64_t a, b;

	p->b.policy.timer = INV_TIMER_OFFER;
	talk(p);
	for_two_hours(p, &a, &b);
	CHECK(a >= 7 && a <= 8);
	CHECK_EQ(a, b);
	pair_close(p);
}

/* RFC 4028 7.2: the other side knows no timers; our requests tell that it is there. */
TEST(rfc4028_a_peer_without_timers_is_refreshed_all_the_same)
{
	struct pair *p = pair_new();
	uint64_t a, b;

	p->a.policy.timer = INV_TIMER_OFFER;
	p->b.policy.timer = INV_TIMER_OFF;
	talk(p);
	for_two_hours(p, &a, &b);
	CHECK(a >= 7 && a <= 8);
	pair_close(p);
}

TEST(rfc4028_a_call_in_which_both_insist)
{
	struct pair *p = pair_new();
	uint64_t a, b;

	p->a.policy.timer = p->b.policy.timer = INV_TIMER_REQUIRE;
	p->a.policy.session_expires_s = p->b.policy.session_expires_s = 100;
	talk(p);
	for_two_hours(p, &a, &b);
	CHECK(a >= 143 && a <= 144);
	end_hangup(&p->b);
	pair_close(p);
}

static void cut(struct pair *p)
{
	const struct sim_wire closed = {.loss = 1};

	CHECK_OK(sim_wire_between(p->sim, END_A_IP, END_B_IP, &closed));
	CHECK_OK(sim_wire_between(p->sim, END_B_IP, END_A_IP, &closed));
}

/* Whoever refreshes finds out at the next refresh, the other one 32 s before the time is over. */
TEST(rfc4028_10_a_lost_peer_ends_the_call_with_a_reason)
{
	struct pair *p = pair_new();

	p->a.policy.timer = INV_TIMER_OFFER;
	talk(p);
	cut(p);
	pair_run_ms(p, 935 * 1000);
	CHECK_EQ(inv_state(p->a.inv), INV_DISCONNECTED);
	CHECK_EQ(p->a.status, 408);
	CHECK_EQ(p->a.by, INV_ENDED_BY_NETWORK);
	CHECK_EQ(inv_state(p->b.inv), INV_CONFIRMED);
	pair_run_ms(p, (1768 - 936) * 1000);
	CHECK_EQ(inv_state(p->b.inv), INV_CONFIRMED);
	pair_run_ms(p, 3 * 1000);
	CHECK_EQ(inv_state(p->b.inv), INV_DISCONNECTED);
	CHECK_EQ(p->b.by, INV_ENDED_BY_NETWORK);
	CHECK_STR(p->b.reason_text, "Session Timer Expired");
	pair_close(p);
}

TEST(a_peer_that_does_not_answer_options_ends_the_call)
{
	struct pair *p = pair_new();
	uint64_t a, b;

	p->a.policy.options_s = 60;
	talk(p);
	for_two_hours(p, &a, &b);
	CHECK(a >= 119 && a <= 120);
	cut(p);
	pair_run_ms(p, 95 * 1000);
	CHECK_EQ(inv_state(p->a.inv), INV_DISCONNECTED);
	CHECK_STR(p->a.reason_text, "Peer Does Not Answer");
	end_hangup(&p->b);
	pair_close(p);
}

static enum sim_fate if_away(void *arg, const struct sim_packet *packet, uint64_t *delay_ns)
{
	(void)packet;
	(void)delay_ns;
	return *(const bool *)arg ? SIM_UNREACHABLE : SIM_BY_RULE;
}

/* "There is nobody" comes at once, so who is starting anew gets as long as one who says nothing: 32 s. */
TEST(a_peer_that_is_unreachable_for_long_ends_the_call)
{
	struct pair *p = pair_new();
	bool away = false;

	p->a.policy.options_s = 10;
	talk(p);
	sim_filter(p->sim, if_away, &away);
	for (int outage = 0; outage < 3; outage++) {
		away = true;
		pair_run_ms(p, 25 * 1000);
		away = false;
		pair_run_ms(p, 15 * 1000);
		CHECK_EQ(inv_state(p->a.inv), INV_CONFIRMED);
	}
	away = true;
	pair_run_ms(p, 55 * 1000);
	CHECK_EQ(inv_state(p->a.inv), INV_DISCONNECTED);
	CHECK_EQ(p->a.status, 408);
	CHECK_EQ(p->a.by, INV_ENDED_BY_NETWORK);
	CHECK_STR(p->a.reason_text, "Peer Does Not Answer");
	away = false;
	end_hangup(&p->b);
	pair_close(p);
}

/* RFC 4028 9, 7.3: too short a time is refused with the one that would do. */
TEST(rfc4028_a_time_that_is_too_short_is_refused)
{
	struct pair *p = pair_new();

	p->a.policy.timer = INV_TIMER_OFFER;
	p->a.policy.session_expires_s = 100;
	p->b.policy.min_se_s = 200;
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
	CHECK_EQ(p->a.status, 422);
	CHECK(!p->b.inv);
	pair_close(p);
}

TEST(who_insists_refuses_who_cannot)
{
	static const struct {
		struct inv_policy a, b;
		unsigned status;
	} rows[] = {
		{{.timer = INV_TIMER_REQUIRE}, {.timer = INV_TIMER_OFF}, 420},
		{{.timer = INV_TIMER_OFF}, {.timer = INV_TIMER_REQUIRE}, 421},
		{{.reliable = INV_RELIABLE_REQUIRED}, {.reliable = INV_RELIABLE_OFF}, 420},
		{{.reliable = INV_RELIABLE_OFF}, {.reliable = INV_RELIABLE_REQUIRED}, 421},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pair *p = pair_new();

		p->a.policy = rows[i].a;
		p->b.policy = rows[i].b;
		pair_call(p, "offer-1");
		CHECK(pair_wait(&p->a, INV_DISCONNECTED));
		CHECK_EQ(p->a.status, rows[i].status);
		CHECK(!p->b.inv);
		pair_close(p);
	}
}

/* Nothing is left of a call whose memory runs out anywhere. */
static int with_everything(void *arg)
{
	struct pair *p = pair_try_new();

	(void)arg;
	if (!p)
		return OH_ENOMEM;
	p->a.policy = p->b.policy = (struct inv_policy){
		.reliable = INV_RELIABLE_REQUIRED, .timer = INV_TIMER_OFFER, .options_s = 300};
	p->a.again = p->b.again = "again";
	p->a.answer = p->b.answer = "answer";
	p->a.in_prack = "offer-2";
	if (pair_try_call(p, "offer-1") == 0) {
		(void)pair_wait(&p->b, INV_INCOMING);
		if (p->b.inv) {
			(void)end_try_reply(&p->b, 180, NULL);
			(void)end_try_reply(&p->b, 183, "answer-1");
			(void)end_try_reply(&p->b, 200, "answer-1");
		}
		pair_run_ms(p, 60000);
		(void)end_update(&p->a, "offer-3");
		pair_run_ms(p, 60000);
		if (p->b.inv)
			(void)end_update(&p->b, "offer-4");
		pair_run_ms(p, HOUR_MS);
		end_hangup(&p->a);
	}
	end_hangup(&p->b);
	pair_run_ms(p, 200000);
	pair_close(p);
	return 0;
}

TEST(every_allocation_of_such_a_call_fails)
{
	check_every_allocation_fails(with_everything, NULL);
}

TESTS(RUN(nobody_asks_and_nothing_is_sent), RUN(rfc4028_the_caller_asks_and_refreshes),
	RUN(rfc4028_the_callee_asks_and_refreshes),
	RUN(rfc4028_a_peer_without_timers_is_refreshed_all_the_same),
	RUN(rfc4028_a_call_in_which_both_insist), RUN(rfc4028_10_a_lost_peer_ends_the_call_with_a_reason),
	RUN(a_peer_that_does_not_answer_options_ends_the_call),
	RUN(a_peer_that_is_unreachable_for_long_ends_the_call),
	RUN(rfc4028_a_time_that_is_too_short_is_refused), RUN(who_insists_refuses_who_cannot),
	RUN(every_allocation_of_such_a_call_fails))
