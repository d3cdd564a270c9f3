/*
 * A hierarchy of wheels of 64 slots each: level 0 turns once in 64 ms, level 1 in 4 s, level 2 in 4.4
 * minutes, and so on. A timer's level is that of the highest base-64 digit in which its tick differs from the
 * present one, so timers of the same millisecond are always in the same slot, in the order of arming,
 * whenever they were armed. When the present reaches a slot of a higher level, its timers move down in that
 * order. Eight levels reach further than 64 bits of nanoseconds.
 */
#include "base/wheel.h"

#include "base/mem.h"
#include "offhook/error.h"

#define LEVELS      8
#define DIGIT_BITS  6
#define SLOTS       (1u << DIGIT_BITS)
#define NS_PER_TICK 1000000ull
#define NO_TICK     UINT64_MAX

struct wheel {
	uint64_t tick, now_ns;
	uint64_t horizon; /* while advancing: the first tick that is not due yet; else 0 */
	size_t count;
	uint64_t occupied[LEVELS];
	struct list slots[LEVELS * SLOTS];
	struct list firing; /* what is left of the slot that is being run */
	struct list late;   /* armed by a running timer for a time already past */
};

int wheel_new(uint64_t now_ns, struct wheel **ret_wheel)
{
	struct wheel *w = mem_zalloc(sizeof(*w));

	if (!w)
		return OH_ENOMEM;
	w->tick = now_ns / NS_PER_TICK;
	w->now_ns = now_ns;
	for (size_t i = 0; i < LEVELS * SLOTS; i++)
		list_init(&w->slots[i]);
	list_init(&w->firing);
	list_init(&w->late);
	*ret_wheel = w;
	return 0;
}

static struct wheel_timer *timer_of(struct list *node)
{
	return CONTAINER_OF(node, struct wheel_timer, node);
}

struct wheel *wheel_free(struct wheel *w)
{
	if (!w)
		return NULL;
	for (size_t i = 0; i < LEVELS * SLOTS; i++)
		while (!list_empty(&w->slots[i]))
			wheel_stop(timer_of(w->slots[i].next));
	mem_free(w);
	return NULL;
}

void wheel_timer_init(struct wheel_timer *t, wheel_fn *fn, void *arg)
{
	*t = (struct wheel_timer){.fn = fn, .arg = arg};
}

static unsigned digit(uint64_t tick, unsigned level)
{
	return (unsigned)(tick >> (level * DIGIT_BITS)) & (SLOTS - 1);
}

/* The first tick at which the timer may run: never early. */
static uint64_t tick_of(const struct wheel *w, const struct wheel_timer *t)
{
	if (t->due_ns <= w->now_ns)
		return 0;
	return t->due_ns / NS_PER_TICK + (t->due_ns % NS_PER_TICK != 0);
}

static void place(struct wheel *w, struct wheel_timer *t, uint64_t tick)
{
	unsigned level = 0, slot;

	if (tick < w->tick)
		tick = w->tick;
	if (tick != w->tick)
		level = (63 - (unsigned)__builtin_clzll(tick ^ w->tick)) / DIGIT_BITS;
	slot = digit(tick, level);
	w->occupied[level] |= 1ull << slot;
	list_append(&w->slots[level * SLOTS + slot], &t->node);
}

void wheel_arm(struct wheel *w, struct wheel_timer *t, uint64_t due_ns)
{
	uint64_t tick;

	wheel_stop(t);
	t->due_ns = due_ns;
	t->wheel = w;
	w->count++;
	tick = tick_of(w, t);
	/* A timer that re-arms itself for "now" must not keep wheel_advance() from returning. */
	if (tick < w->horizon)
		list_append(&w->late, &t->node);
	else
		place(w, t, tick);
}

/* The list that node is alone on may be a slot: then the slot is free now. */
static void unlink_node(struct wheel *w, struct list *node)
{
	struct list *head = node->next;

	if (head == node->prev && head >= w->slots && head < w->slots + LEVELS * SLOTS) {
		size_t i = (size_t)(head - w->slots);

		w->occupied[i / SLOTS] &= ~(1ull << i % SLOTS);
	}
	list_remove(node);
}

void wheel_stop(struct wheel_timer *t)
{
	if (!t->wheel)
		return;
	unlink_node(t->wheel, &t->node);
	t->wheel->count--;
	t->wheel = NULL;
}

/* The next tick at which a slot must be looked at, and its level. The lowest level that has one is the
 * nearest: everything on a higher level differs from the present in a higher digit. */
static uint64_t next_tick(const struct wheel *w, unsigned *ret_level)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		/* On level 0 the present slot counts too (timers already past). */
		unsigned shift = digit(w->tick, level);
		uint64_t ahead = w->occupied[level] & (~0ull << shift);
		unsigned low_bits = level * DIGIT_BITS;

		if (ahead) {
			uint64_t above = w->tick >> low_bits >> DIGIT_BITS << DIGIT_BITS;

			*ret_level = level;
			return (above | (unsigned)__builtin_ctzll(ahead)) << low_bits;
		}
	}
	return NO_TICK;
}

static void splice(struct list *to, struct list *from)
{
	while (!list_empty(from)) {
		struct list *node = from->next;

		list_remove(node);
		list_append(to, node);
	}
}

static void take_slot(struct wheel *w, unsigned level, struct list *to)
{
	unsigned slot = digit(w->tick, level);

	w->occupied[level] &= ~(1ull << slot);
	splice(to, &w->slots[level * SLOTS + slot]);
}

static void move_down(struct wheel *w, unsigned level)
{
	struct list moving;

	list_init(&moving);
	take_slot(w, level, &moving);
	while (!list_empty(&moving)) {
		struct wheel_timer *t = timer_of(moving.next);

		list_remove(&t->node);
		place(w, t, t->due_ns / NS_PER_TICK + (t->due_ns % NS_PER_TICK != 0));
	}
}

static void run_slot(struct wheel *w)
{
	take_slot(w, 0, &w->firing);
	while (!list_empty(&w->firing)) {
		struct wheel_timer *t = timer_of(w->firing.next);

		wheel_stop(t);
		t->fn(t->arg); /* last: t may be gone now */
	}
}

void wheel_advance(struct wheel *w, uint64_t now_ns)
{
	unsigned level = 0;
	uint64_t tick;

	if (now_ns < w->now_ns)
		now_ns = w->now_ns;
	w->now_ns = now_ns;
	w->horizon = now_ns / NS_PER_TICK + 1;
	while ((tick = next_tick(w, &level)) < w->horizon) {
		w->tick = tick;
		if (level > 0)
			move_down(w, level);
		else
			run_slot(w);
	}
	w->tick = w->horizon - 1;
	w->horizon = 0;
	while (!list_empty(&w->late)) {
		struct wheel_timer *t = timer_of(w->late.next);

		list_remove(&t->node);
		place(w, t, w->tick);
	}
}

uint64_t wheel_next(const struct wheel *w)
{
	unsigned level;
	uint64_t tick = next_tick(w, &level);

	return tick == NO_TICK                   ? UINT64_MAX
	       : tick > UINT64_MAX / NS_PER_TICK ? UINT64_MAX - 1
						 : tick * NS_PER_TICK;
}

size_t wheel_count(const struct wheel *w)
{
	return w->count;
}
