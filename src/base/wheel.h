/*
 * A timer wheel: arming, stopping and firing cost O(1) whatever the number of timers. Resolution 1 ms: a timer
 * never fires early and at most one resolution late. Intrusive: a wheel_timer lives in its owner.
 *
 * One thread. The wheel reads no clock: its owner tells it the time and asks when to come back.
 */
#ifndef OH_BASE_WHEEL_H
#define OH_BASE_WHEEL_H

#include "base/list.h"

#include <stdint.h>

struct wheel;
struct wheel_timer;

typedef void wheel_fn(void *arg);

struct wheel_timer {
	struct list node;
	uint64_t due_ns;
	wheel_fn *fn;
	void *arg;
	struct wheel *wheel; /* the wheel it is armed on, or NULL */
};

/* now_ns: the owner's monotonic time. OH_ENOMEM. */
int wheel_new(uint64_t now_ns, struct wheel **ret_wheel);
struct wheel *wheel_free(struct wheel *w);

/* Sets what it will call; not armed. */
void wheel_timer_init(struct wheel_timer *t, wheel_fn *fn, void *arg);

/* Arms (or re-arms) for due_ns; a time already past fires at the next wheel_advance(). */
void wheel_arm(struct wheel *w, struct wheel_timer *t, uint64_t due_ns);

/* Harmless when not armed. */
void wheel_stop(struct wheel_timer *t);
static inline int wheel_armed(const struct wheel_timer *t)
{
	return t->wheel != NULL;
}

/* Runs every timer that is due at now_ns, in order of due time as far as the resolution tells, those armed in
 * the same millisecond (or for a time already past) in the order of arming. What a running timer arms for a time not
 * after now_ns waits for the next call. Timers may arm and stop any timer, and free their owner. */
void wheel_advance(struct wheel *w, uint64_t now_ns);

/* When to call wheel_advance() next, at the latest the first due time; UINT64_MAX when nothing is armed. */
uint64_t wheel_next(const struct wheel *w);

/* How many are armed. */
size_t wheel_count(const struct wheel *w);

#endif
