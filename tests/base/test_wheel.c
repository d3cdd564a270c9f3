#include "check.h"

#include "base/wheel.h"
#include "offhook/error.h"

#define MS   1000000ull
#define HOUR (3600ull * 1000 * MS)

static uint64_t random_state;

/* splitmix64: the test repeats exactly. */
static uint64_t draw(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

struct story {
	struct wheel *w;
	uint64_t now;
	size_t fired;
	uint64_t last_tick, last_serial;
	uint64_t serial;
};

struct item {
	struct wheel_timer timer;
	struct story *story;
	uint64_t armed_at, serial;
	unsigned fired;
};

static uint64_t tick_of(const struct item *it)
{
	uint64_t due = it->timer.due_ns > it->armed_at ? it->timer.due_ns : it->armed_at;

	return (due + MS - 1) / MS;
}

/* Never early, in the order of milliseconds, and within one in the order of arming. */
static void fire(void *arg)
{
	struct item *it = arg;
	struct story *s = it->story;

	CHECK(!wheel_armed(&it->timer));
	CHECK(s->now >= it->timer.due_ns);
	CHECK(tick_of(it) >= s->last_tick);
	if (tick_of(it) == s->last_tick)
		CHECK(it->serial > s->last_serial);
	s->last_tick = tick_of(it);
	s->last_serial = it->serial;
	it->fired++;
	s->fired++;
}

static void arm(struct item *it, uint64_t due)
{
	it->serial = ++it->story->serial;
	it->armed_at = it->story->now;
	wheel_arm(it->story->w, &it->timer, due);
}

static uint64_t some_delay(void)
{
	static const uint64_t spans[] = {3 * MS, 100 * MS, 5000 * MS, HOUR / 10, 5 * HOUR, 2000 * HOUR};

	return draw() % spans[draw() % ARRAY_LEN(spans)];
}

/* The reference: who is armed and due. Nothing due may be left after advance, nothing else may have fired. */
TEST(a_hundred_thousand_timers_fire_in_order_and_on_time)
{
	enum { N = 100000 };
	struct item *items = calloc(N, sizeof(*items));
	struct story s = {.now = 77 * MS + 123};
	size_t armed = 0;

	random_state = 4711;
	CHECK_OK(wheel_new(s.now, &s.w));
	for (size_t i = 0; i < N; i++) {
		items[i].story = &s;
		wheel_timer_init(&items[i].timer, fire, &items[i]);
		arm(&items[i], s.now + some_delay());
	}
	for (size_t i = 0; i < N; i += 3)
		wheel_stop(&items[i].timer);
	for (size_t i = 0; i < N; i += 6)
		arm(&items[i], s.now + some_delay());
	for (size_t i = 0; i < N; i++)
		armed += (size_t)wheel_armed(&items[i].timer);
	CHECK_EQ(wheel_count(s.w), armed);
	while (wheel_count(s.w) > 0) {
		uint64_t next = wheel_next(s.w);
		size_t before = s.fired;

		CHECK(next > s.now);
		/* Sometimes exactly when asked for, sometimes late. */
		s.now = draw() % 4 ? next : next + draw() % (50 * MS);
		wheel_advance(s.w, s.now);
		CHECK_EQ(armed - s.fired, wheel_count(s.w));
		if (s.fired != before && draw() % 64 == 0)
			for (size_t i = 0; i < N; i++)
				CHECK(!wheel_armed(&items[i].timer) || tick_of(&items[i]) > s.now / MS);
	}
	CHECK_EQ(s.fired, armed);
	for (size_t i = 0; i < N; i++)
		CHECK_EQ(items[i].fired, i % 3 == 0 && i % 6 != 0 ? 0 : 1);
	CHECK_EQ(wheel_next(s.w), UINT64_MAX);
	wheel_free(s.w);
	free(items);
}

/* Armed before and after a slot of a higher level moved down: still the order of arming. */
TEST(one_millisecond_keeps_the_order_of_arming_whenever_armed)
{
	struct story s = {.now = MS};
	struct item items[4] = {0};

	CHECK_OK(wheel_new(s.now, &s.w));
	for (size_t i = 0; i < 4; i++) {
		items[i].story = &s;
		wheel_timer_init(&items[i].timer, fire, &items[i]);
	}
	arm(&items[0], 5000 * MS);
	for (size_t i = 1; i < 4; i++) {
		s.now = 1700 * MS * i;
		if (s.now > 4999 * MS)
			s.now = 4999 * MS;
		wheel_advance(s.w, s.now);
		arm(&items[i], 5000 * MS);
	}
	s.now = 5000 * MS;
	wheel_advance(s.w, s.now);
	CHECK_EQ(s.fired, 4);
	wheel_free(s.w);
}

static void fire_and_rearm_now(void *arg)
{
	struct item *it = arg;

	it->fired++;
	wheel_arm(it->story->w, &it->timer, it->story->now);
}

TEST(a_timer_that_rearms_itself_for_now_waits_for_the_next_call)
{
	struct story s = {.now = 9 * MS};
	struct item it = {.story = &s};

	CHECK_OK(wheel_new(s.now, &s.w));
	wheel_timer_init(&it.timer, fire_and_rearm_now, &it);
	wheel_arm(s.w, &it.timer, 0);
	CHECK(wheel_next(s.w) <= s.now);
	for (unsigned i = 1; i <= 5; i++) {
		wheel_advance(s.w, s.now);
		CHECK_EQ(it.fired, i);
		CHECK(wheel_next(s.w) <= s.now);
	}
	wheel_free(s.w);
	CHECK(!wheel_armed(&it.timer));
}

struct killer {
	struct wheel_timer timer;
	struct wheel_timer *victim;
	void *memory;
};

static void kill(void *arg)
{
	struct killer *k = arg;

	wheel_stop(k->victim);
	mem_free(k->memory);
}

static void never(void *arg)
{
	(void)arg;
	fail();
}

TEST(a_timer_may_stop_its_neighbour_and_free_its_owner)
{
	struct wheel *w;
	struct killer *k = mem_zalloc(sizeof(*k));
	struct wheel_timer victim;

	CHECK_OK(wheel_new(1, &w));
	wheel_timer_init(&victim, never, NULL);
	wheel_timer_init(&k->timer, kill, k);
	k->victim = &victim;
	k->memory = k;
	wheel_arm(w, &k->timer, 100 * MS);
	wheel_arm(w, &victim, 100 * MS);
	wheel_advance(w, 200 * MS);
	CHECK_EQ(wheel_count(w), 0);
	wheel_stop(&victim);
	/* The end of time can be armed and never comes. */
	wheel_arm(w, &victim, UINT64_MAX);
	wheel_advance(w, 100000 * HOUR);
	CHECK_EQ(wheel_count(w), 1);
	wheel_free(w);
	mem_fail_at(1);
	CHECK_EQ(wheel_new(1, &w), OH_ENOMEM);
}

TESTS(RUN(a_hundred_thousand_timers_fire_in_order_and_on_time),
	RUN(one_millisecond_keeps_the_order_of_arming_whenever_armed),
	RUN(a_timer_that_rearms_itself_for_now_waits_for_the_next_call),
	RUN(a_timer_may_stop_its_neighbour_and_free_its_owner))
