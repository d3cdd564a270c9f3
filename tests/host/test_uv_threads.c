/* The real loop and the real threads: run these under ThreadSanitizer as well. */
#include "world.h"

#include "base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct alarm {
	struct world *w;
	struct host_timer *t;
	uint64_t due;
	unsigned fired;
};

static void ring_alarm(void *arg)
{
	struct alarm *a = arg;

	CHECK(host_now(a->w->host) >= a->due);
	if (++a->fired < 20) {
		a->due = host_now(a->w->host) + a->fired * 100000;
		host_timer_at(a->t, a->fired % 3 ? a->due : 1);
		a->due = a->fired % 3 ? a->due : 1;
		return;
	}
	a->t = host_timer_free(a->t);
	host_stop(a->w->host);
}

TEST(timers_are_never_early_and_may_rearm_and_free_themselves)
{
	struct world w;
	struct alarm a = {.w = &w, .due = 1};

	world_open(&w);
	CHECK_OK(host_timer_new(w.host, ring_alarm, &a, &a.t));
	host_timer_at(a.t, host_now(w.host) + NS_PER_S);
	host_timer_stop(a.t);
	host_timer_at(a.t, 0);
	world_run(&w);
	CHECK_EQ(a.fired, 20);
	CHECK(host_wall(w.host) > 1600000000 * NS_PER_S);
	world_close(&w);
}

enum { THREADS = 4, MESSAGES = 5000 };

struct message {
	struct mpsc_node node;
	unsigned value;
};

struct mailbox {
	struct world *w;
	struct mpsc q;
	unsigned got, idle;
};

struct sender {
	struct mailbox *box;
	struct message messages[MESSAGES];
};

static void *send_all(void *arg)
{
	struct sender *s = arg;

	for (unsigned i = 0; i < MESSAGES; i++)
		if (mpsc_push(&s->box->q, &s->messages[i].node))
			host_wake(s->box->w->host);
	return NULL;
}

static void read_mailbox(void *arg)
{
	struct mailbox *box = arg;

	while (mpsc_pop(&box->q))
		box->got++;
	if (box->got == THREADS * MESSAGES)
		host_stop(box->w->host);
}

static void count_idle(void *arg)
{
	((struct mailbox *)arg)->idle++;
}

TEST(no_message_of_any_thread_is_slept_through)
{
	static struct sender senders[THREADS];
	pthread_t threads[THREADS];
	struct world w;
	struct mailbox box = {.w = &w};

	world_open(&w);
	mpsc_init(&box.q);
	host_on_wake(w.host, read_mailbox, &box);
	host_on_idle(w.host, count_idle, &box);
	for (int i = 0; i < THREADS; i++) {
		senders[i].box = &box;
		CHECK_EQ(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	world_run(&w);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(box.got, THREADS * MESSAGES);
	CHECK(box.idle > 0);
	world_close(&w);
}

struct ticks {
	struct world *w;
	uint64_t last_due, period;
	unsigned n, skipped, made_up;
	char name[16];
	_Atomic bool done;
};

static void tick(void *arg, const struct host_tick *t)
{
	struct ticks *s = arg;

	CHECK(t->now_ns >= t->due_ns);
	if (s->n == 0)
		pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
	if (s->n > 0 && t->skipped == 0)
		CHECK_EQ(t->due_ns, s->last_due + s->period);
	if (s->n > 0 && t->skipped > 0)
		CHECK_EQ(t->due_ns, s->last_due + (t->skipped + 1) * s->period);
	s->last_due = t->due_ns;
	s->skipped += t->skipped;
	s->made_up += t->now_ns - t->due_ns > s->period;
	/* Once a little behind (made up for), once far behind (skipped). */
	if (s->n == 3 || s->n == 10) {
		uint64_t until = host_now(s->w->host) + (s->n == 3 ? 4 : 60) * s->period;

		while (host_now(s->w->host) < until)
			sched_yield();
	}
	if (++s->n == 20 && !atomic_exchange(&s->done, true))
		host_stop(s->w->host);
}

TEST(a_ticker_keeps_its_schedule_makes_up_and_skips)
{
	struct world w;
	struct ticks s = {.w = &w, .period = NS_PER_MS};
	struct host_ticker_cfg cfg = {
		.period_ns = NS_PER_MS, .max_behind = 40, .name = "offhook-media", .fn = tick, .arg = &s};
	struct host_ticker *t;

	world_open(&w);
	CHECK_OK(host_ticker_new(w.host, &cfg, &t));
	world_run(&w);
	host_ticker_free(t);
	CHECK_STR(s.name, "offhook-media");
	CHECK(s.made_up >= 2);
	CHECK(s.skipped >= 40);
	cfg.period_ns = 0;
	CHECK_EQ(host_ticker_new(w.host, &cfg, &t), OH_EINVAL);
	world_close(&w);
}

static void count_tick(void *arg, const struct host_tick *t)
{
	(void)t;
	++*(unsigned *)arg;
}

static void count_service(void *arg)
{
	++*(unsigned *)arg;
}

/* The counters are plain and on the heap: a call after the end is a race or a use after free. */
TEST(after_free_neither_tick_nor_service_runs_again)
{
	struct world w;

	world_open(&w);
	for (int i = 0; i < 200; i++) {
		unsigned *ticks = mem_zalloc(sizeof(*ticks)), *calls[3];
		struct host_service *services[3];
		struct host_ticker_cfg cfg = {.period_ns = 20000, .fn = count_tick, .arg = ticks};
		struct host_ticker *t;

		CHECK_OK(host_ticker_new(w.host, &cfg, &t));
		for (int k = 0; k < 3; k++) {
			calls[k] = mem_zalloc(sizeof(unsigned));
			CHECK_OK(host_service_new(w.host, 1, count_service, calls[k], &services[k]));
			host_service_kick(services[k]);
		}
		for (int k = 0; k < 3; k++) {
			host_service_kick(services[k]);
			sched_yield();
			host_service_free(services[k]);
			mem_free(calls[k]);
		}
		host_ticker_free(t);
		mem_free(ticks);
	}
	/* A long period does not hold up the end. */
	{
		struct host_ticker_cfg cfg = {.period_ns = 3600 * NS_PER_S, .fn = count_tick};
		struct host_ticker *t;
		struct host_service *s;

		CHECK_OK(host_ticker_new(w.host, &cfg, &t));
		CHECK_OK(host_service_new(w.host, 3600000, count_service, NULL, &s));
		host_ticker_free(t);
		host_service_free(s);
	}
	world_close(&w);
}

struct slow {
	_Atomic bool entered, left;
};

/* Long enough for the other thread to be in the middle of freeing us. */
static void be_slow(void *arg)
{
	struct slow *s = arg;

	atomic_store(&s->entered, true);
	for (int i = 0; i < 2000; i++)
		sched_yield();
	atomic_store(&s->left, true);
}

static void tick_slowly(void *arg, const struct host_tick *t)
{
	(void)t;
	be_slow(arg);
}

static void await_entry(struct slow *s)
{
	while (!atomic_load(&s->entered))
		sched_yield();
}

/* A service in the middle of something that only the test can end. */
struct held {
	_Atomic bool entered, released, left, ended;
};

static void be_held(void *arg)
{
	struct held *h = arg;

	atomic_store(&h->entered, true);
	while (!atomic_load(&h->released))
		sched_yield();
	atomic_store(&h->left, true);
}

static void has_ended(void *arg)
{
	struct held *h = arg;

	CHECK(!h->entered || h->left);
	atomic_store(&h->ended, true);
}

TEST(ending_a_service_waits_for_nothing_and_its_last_word_is_said)
{
	struct world w;
	struct held a = {0}, idle = {0}, last = {0};
	struct host_service *s, *other;
	struct host_counters counters;

	world_open(&w);
	CHECK_OK(host_service_new(w.host, 3600000, be_held, &a, &s));
	CHECK_OK(host_service_new(w.host, 3600000, be_held, &idle, &other));
	host_service_kick(s);
	while (!atomic_load(&a.entered))
		sched_yield();
	host_service_end(s, has_ended); /* it runs, and goes on running */
	host_service_end(other, has_ended);
	CHECK(!a.left && !a.ended && !idle.ended);
	host_counters(w.host, &counters);
	CHECK_EQ(counters.services, 0);
	atomic_store(&a.released, true);
	while (!atomic_load(&a.ended) || !atomic_load(&idle.ended))
		sched_yield();
	CHECK(!idle.entered);
	/* The thread has gone with them; there is a new one for the next. The host's end waits for it. */
	CHECK_OK(host_service_new(w.host, 3600000, be_held, &last, &s));
	host_service_end(s, has_ended);
	world_close(&w);
	CHECK(last.ended);
}

TEST(a_service_that_hangs_is_left_to_itself)
{
	struct world w;
	struct held a = {0}, idle = {0}, quick = {0};
	struct host_service *s, *other;

	world_open(&w);
	CHECK(host_services_leave(w.host, 1)); /* there are none */
	CHECK_OK(host_service_new(w.host, 3600000, be_held, &quick, &s));
	host_service_end(s, has_ended);
	CHECK(host_services_leave(w.host, 3600000));
	CHECK(quick.ended);
	CHECK_OK(host_service_new(w.host, 3600000, be_held, &a, &s));
	CHECK_OK(host_service_new(w.host, 3600000, be_held, &idle, &other));
	host_service_kick(s);
	while (!atomic_load(&a.entered))
		sched_yield();
	host_service_end(s, has_ended);
	host_service_end(other, has_ended);
	CHECK(!host_services_leave(w.host, 1));
	world_close(&w);
	CHECK(!a.ended && !idle.ended);
	atomic_store(&a.released, true);
	check_threads_gone();
	CHECK(a.ended && idle.ended);
}

TEST(free_waits_for_the_call_that_is_running)
{
	struct world w;
	struct slow a = {0}, b = {0};
	struct host_service *s, *other;
	struct host_ticker *t;
	unsigned calls = 0;
	struct host_ticker_cfg cfg = {.period_ns = NS_PER_MS, .fn = tick_slowly, .arg = &b};

	world_open(&w);
	CHECK_OK(host_service_new(w.host, 3600000, count_service, &calls, &other));
	CHECK_OK(host_service_new(w.host, 3600000, be_slow, &a, &s));
	host_service_kick(s);
	await_entry(&a);
	host_service_free(s);
	CHECK(a.left);
	host_service_free(other);
	CHECK_OK(host_ticker_new(w.host, &cfg, &t));
	await_entry(&b);
	host_ticker_free(t);
	CHECK(b.left);
	CHECK_EQ(calls, 0);
	world_close(&w);
}

struct kicked {
	struct world *w;
	struct host_service *s;
	_Atomic unsigned calls;
};

static void be_kicked(void *arg)
{
	struct kicked *k = arg;
	unsigned calls = atomic_fetch_add(&k->calls, 1) + 1;

	/* From inside too: one more run, soon. */
	if (calls < 10)
		host_service_kick(k->s);
	if (calls == 10)
		host_stop(k->w->host);
}

TEST(a_kick_calls_a_service_long_before_its_period)
{
	struct world w;
	struct kicked k = {.w = &w};

	world_open(&w);
	CHECK_EQ(host_service_new(w.host, 0, be_kicked, &k, &k.s), OH_EINVAL);
	CHECK_OK(host_service_new(w.host, 3600000, be_kicked, &k, &k.s));
	host_service_kick(k.s);
	world_run(&w);
	host_service_free(k.s);
	CHECK_EQ(k.calls, 10);
	world_close(&w);
}

TEST(random_bytes_are_drawn_and_differ)
{
	struct world w;
	uint8_t a[40] = {0}, b[40] = {0};

	world_open(&w);
	host_random(w.host, a, sizeof(a));
	host_random(w.host, b, sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	CHECK(!host_is_sim(w.host));
	/* Small draws come out of one store, large ones do not: none gives what another gave, all fill their bytes. */
	for (size_t n = 16; n < 600; n += 16) {
		uint8_t drawn[608] = {0};

		host_random(w.host, drawn, n);
		for (size_t at = 0; at < n; at += 16) {
			CHECK(memcmp(drawn + at, a, 16) != 0);
			memcpy(a, drawn + at, 16);
		}
		CHECK_EQ(drawn[n], 0);
	}
	world_close(&w);
}

static int open_everything(void *arg)
{
	struct host *h;
	struct host_timer *t = NULL;
	struct host_service *s = NULL;
	struct host_ticker *k = NULL;
	unsigned n = 0;
	struct host_ticker_cfg cfg = {.period_ns = NS_PER_S, .fn = count_tick, .arg = &n};
	struct host_crew *c = NULL;
	int err = host_uv_new(&h);

	(void)arg;
	if (err)
		return err;
	err = host_crew_new(h, "offhook-media", 2, &c);
	if (!err)
		err = host_timer_new(h, NULL, NULL, &t);
	if (!err)
		err = host_service_new(h, 1000, count_service, &n, &s);
	if (!err)
		err = host_ticker_new(h, &cfg, &k);
	host_ticker_free(k);
	host_service_free(s);
	host_timer_free(t);
	host_crew_free(c);
	host_free(h);
	return err;
}

enum { HELPERS = 3, PARTS = 2000 };

struct parts {
	unsigned turn, sums[HELPERS + 1], saw[HELPERS + 1]; /* no atomics: the crew is the barrier */
};

static void do_part(void *arg, unsigned who)
{
	struct parts *p = arg;

	p->saw[who] = p->turn;
	p->sums[who]++;
}

TEST(a_crew_does_its_parts_and_is_waited_for)
{
	struct host_crew *c;
	struct parts p = {0};
	struct world w;

	world_open(&w);
	CHECK_OK(host_crew_new(w.host, "offhook-media", HELPERS, &c));
	for (unsigned i = 0; i < PARTS; i++) {
		p.turn = i;
		host_crew_run(c, i % (HELPERS + 2), do_part, &p);
		for (unsigned who = 0; who <= HELPERS; who++)
			CHECK(who > i % (HELPERS + 2) || p.saw[who] == i);
	}
	CHECK_EQ(p.sums[0], PARTS);
	/* Who asks for more than there are gets all. */
	CHECK_EQ(p.sums[HELPERS], 2 * PARTS / (HELPERS + 2));
	host_crew_free(c);
	world_close(&w);
}

TEST(every_allocation_may_fail)
{
	CHECK_OK(open_everything(NULL));
	check_every_allocation_fails(open_everything, NULL);
}

TESTS_ON_UV(RUN(timers_are_never_early_and_may_rearm_and_free_themselves),
	RUN(no_message_of_any_thread_is_slept_through), RUN(a_ticker_keeps_its_schedule_makes_up_and_skips),
	RUN(after_free_neither_tick_nor_service_runs_again), RUN(free_waits_for_the_call_that_is_running),
	RUN(ending_a_service_waits_for_nothing_and_its_last_word_is_said),
	RUN(a_service_that_hangs_is_left_to_itself), RUN(a_kick_calls_a_service_long_before_its_period),
	RUN(random_bytes_are_drawn_and_differ), RUN(a_crew_does_its_parts_and_is_waited_for),
	RUN(every_allocation_may_fail))
