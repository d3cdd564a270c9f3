/*
 * Calls over a wire that loses packets, each way alike. What RFC 3261 can reach, for a loss p each way and q = 1 - p, with
 * a callee that answers before the INVITE's timer B (32 s):
 *
 *	the INVITE is sent 7 times (timer A), so the callee never hears of the call with p^7;
 *	the 2xx is sent 11 times until its ACK comes (13.3.1.4: 0.5, 1, 2, then 4 s apart), so none of them makes it there
 *	and back with (1 - q^2)^11; each arriving 2xx is acknowledged once, and the INVITE stops being the bottleneck,
 *	because a 2xx ends the caller's repetition as well as a provisional does;
 *	the 7th INVITE leaves 0.5 s before timer B: when it is the first to arrive and the 100 to it is lost, there is hardly
 *	time to say anything else, at most p^6 q p.
 *
 *	p         10 %        20 %        30 %
 *	p^7       1.0e-7      1.3e-5      2.2e-4
 *	2xx       1.2e-8      1.3e-5      6.1e-4
 *	too late  0.9e-7      1.0e-5      1.5e-4
 *	calls     99.99998 %  99.996 %    99.90 %
 *
 * Every packet has a fate of its own, and so has every call: of n calls the failed ones are binomially distributed, and a
 * number that so few would reach in a million runs is not chance but a fault, whatever the seed.
 *
 * A 100 (sent at once) or 180 that was lost is repeated for each repeated INVITE. A call that rings for longer than 32 s
 * needs one of them there and back within those 7: (1 - q^2)^7, that is 0.001, 0.08 and 0.9 %, fail by timer B.
 * OFFHOOK_CALLS=n makes more calls, OFFHOOK_SEED=n other ones.
 */
#include "rig.h"
#include "../sip/watch.h"

#include <math.h>

#define EVERY_MS  20
#define ANSWER_MS 4000 /* at the latest */
#define TALK_MS   2000
#define AGREE_NS  ((128 * 500 + 5000) * NS_PER_MS)

struct one {
	uint64_t talk;
	offhook_id id[2];
	uint64_t confirmed_ns[2], ended_ns[2];
	uint64_t answer_ns, hangup_ns; /* 0: not due any more */
};

static struct {
	struct rig *rig;
	struct watch watch;
	struct one *calls; /* in order of their INVITEs */
	size_t n;
	uint64_t random;
} world;

static unsigned draw(unsigned bound)
{
	world.random = world.random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(world.random >> 33) % bound;
}

/* The newest first: it is nearly always one of the last. */
static struct one *find(uint64_t talk)
{
	for (size_t i = world.n; i-- > 0;)
		if (world.calls[i].talk == talk)
			return &world.calls[i];
	return NULL;
}

static void on_event(struct side *s, const struct offhook_event *e)
{
	int end = s == &s->rig->b;
	uint64_t now = sim_now(s->rig->sim);
	struct one *c;

	s->log[0] = '\0';
	if (!e->call)
		return;
	if (e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_CALLING) {
		world.calls[world.n++] =
			(struct one){.talk = talk_id(e->call->sip_call_id), .id = {e->id, 0}};
		return;
	}
	c = find(talk_id(e->call->sip_call_id));
	CHECK(c);
	if (e->type == OFFHOOK_EVENT_CALL_INCOMING) {
		c->id[1] = e->id;
		c->answer_ns = now + draw(ANSWER_MS) * NS_PER_MS;
		if (draw(2))
			side_answer(s, 180);
	}
	if (e->call->state == OFFHOOK_CALL_CONFIRMED && !c->confirmed_ns[end]) {
		c->confirmed_ns[end] = now;
		c->hangup_ns = now + TALK_MS * NS_PER_MS;
	}
	if (e->call->state == OFFHOOK_CALL_DISCONNECTED)
		c->ended_ns[end] = now;
}

static void do_what_is_due(void)
{
	uint64_t now = sim_now(world.rig->sim);

	for (size_t i = world.n; i-- > 0;) {
		struct one *c = &world.calls[i];

		if (c->answer_ns && c->answer_ns <= now) {
			c->answer_ns = 0;
			offhook_call_answer(world.rig->b.phone, c->id[1], NULL);
		}
		if (c->hangup_ns && c->hangup_ns <= now && c->confirmed_ns[0] && c->confirmed_ns[1]) {
			c->hangup_ns = 0;
			if (draw(2))
				offhook_call_hangup(world.rig->a.phone, c->id[0], NULL);
			else
				offhook_call_hangup(world.rig->b.phone, c->id[1], NULL);
		}
		/* All that is older has long been answered and ended. */
		if (world.n - i > 120000 / EVERY_MS)
			break;
	}
}

/* Both confirmed? And when one copy of the BYE passed, the other one heard of it in time. */
static bool check_one(const struct one *c)
{
	const struct talk *t = watch_talk(&world.watch, c->talk);
	uint64_t first, last;
	int end;

	CHECK(c->ended_ns[0] || !c->id[1] || t);
	if (!c->id[1])
		return false;
	end = c->ended_ns[1] && (!c->ended_ns[0] || c->ended_ns[1] < c->ended_ns[0]);
	first = c->ended_ns[end];
	last = c->ended_ns[!end];
	CHECK(first);
	if (t->bye_ns[end] != NEVER || talk_heard_end(t, end)) {
		CHECK(last);
		CHECK(last - first <= AGREE_NS);
	}
	return c->confirmed_ns[0] && c->confirmed_ns[1];
}

static size_t failed_calls(unsigned loss, size_t n_calls, uint64_t seed)
{
	size_t n_failed = 0;

	world.random = seed;
	world.n = 0;
	world.calls = calloc(n_calls, sizeof(*world.calls));
	world.rig = rig_new(OFFHOOK_DELIVER_INLINE);
	world.rig->a.handler = world.rig->b.handler = on_event;
	watch_start(&world.watch, world.rig->sim, seed);
	world.watch.weather.loss = loss;
	world.watch.no_sound = true;
	sim_starve_tickers(world.rig->sim, 50);
	while (world.n < n_calls) {
		CHECK_OK(rig_try_call(world.rig));
		rig_run_ms(world.rig, EVERY_MS);
		do_what_is_due();
	}
	for (unsigned ms = 0; ms < 300000; ms += 100) {
		rig_run_ms(world.rig, 100);
		do_what_is_due();
	}
	for (size_t i = 0; i < world.n; i++)
		n_failed += !check_one(&world.calls[i]);
	watch_check_acks(&world.watch);
	if (world.watch.fault[0])
		fail_msg("%s", world.watch.fault);
	/* What is left: callees whose caller was never heard of again. */
	for (size_t i = 0; i < world.n; i++) {
		offhook_call_hangup(world.rig->a.phone, world.calls[i].id[0], NULL);
		offhook_call_hangup(world.rig->b.phone, world.calls[i].id[1], NULL);
	}
	rig_close(world.rig);
	watch_stop(&world.watch);
	free(world.calls);
	return n_failed;
}

/* See above. */
static double probability_of_failure(unsigned loss)
{
	double p = loss / 1000.0, q = 1 - p;

	return pow(p, 7) + pow(1 - q * q, 11) + pow(p, 7) * q;
}

/* More of n fail in one run of a million. */
static size_t may_fail(size_t n, double p)
{
	double exactly = exp((double)n * log1p(-p)), at_most = exactly;
	size_t k = 0;

	for (; at_most < 1 - 1e-6; k++) {
		exactly *= (double)(n - k) / (double)(k + 1) * p / (1 - p);
		at_most += exactly;
	}
	return k;
}

TEST(calls_come_about_over_a_lossy_wire)
{
	static const struct {
		unsigned loss; /* of 1000 */
		size_t calls;
	} rows[] = {{100, 1000}, {200, 1500}, {300, 4500}};
	const char *more = getenv("OFFHOOK_CALLS"), *seed = getenv("OFFHOOK_SEED");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = more ? strtoul(more, NULL, 10) : rows[i].calls;
		size_t n_failed = failed_calls(rows[i].loss, n, seed ? strtoull(seed, NULL, 10) : 1);
		size_t bound = may_fail(n, probability_of_failure(rows[i].loss));

		print_message("# %u %% lost each way: %zu of %zu calls failed, at most %zu may\n",
			rows[i].loss / 10, n_failed, n, bound);
		CHECK(n_failed <= bound);
	}
}

TESTS(RUN(calls_come_about_over_a_lossy_wire))
