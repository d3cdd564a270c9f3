/*
 * Networks as seeded generators: which packet of a minute of speech arrives when, and which never. A packet that meets
 * no trouble takes TRACE_WAY_MS.
 */
#ifndef OH_TESTS_RTP_TRACES_H
#define OH_TESTS_RTP_TRACES_H

#include "speech.h"

#include <stdbool.h>
#include <stdlib.h>

#define TRACE_S       60u
#define TRACE_MS      20u /* of a packet */
#define TRACE_PACKETS (TRACE_S * 1000 / TRACE_MS)
#define TRACE_WAY_MS  20.0

struct arrival {
	uint64_t at_ns;
	uint32_t k;
};

struct trace {
	uint32_t rng;
	double drift; /* the sender's clock, ppm: positive is fast */
	size_t n;
	struct arrival arrivals[2 * TRACE_PACKETS];
	bool lost[TRACE_PACKETS];
	/* of the generators */
	double last_ms, stop_until_ms, next_stop_ms, wave, burst;
};

static inline double trace_sent_ms(const struct trace *t, uint32_t k)
{
	return 1000 + k * (double)TRACE_MS * (1 - t->drift / 1e6);
}

static inline void trace_add(struct trace *t, uint32_t k, double at_ms)
{
	t->arrivals[t->n++] = (struct arrival){(uint64_t)(at_ms * 1e6), k};
}

/* In order: nothing overtakes. */
static inline void trace_add_behind(struct trace *t, uint32_t k, double at_ms)
{
	if (at_ms < t->last_ms)
		at_ms = t->last_ms;
	t->last_ms = at_ms;
	trace_add(t, k, at_ms);
}

/* Without trouble it would arrive at `ms`. */
typedef void trace_step_fn(struct trace *t, uint32_t k, double ms);

static inline double trace_log(struct trace *t)
{
	return -log(1 - draw(&t->rng));
}

static inline void trace_clean(struct trace *t, uint32_t k, double ms)
{
	trace_add(t, k, ms);
}

static inline void trace_duplicates(struct trace *t, uint32_t k, double ms)
{
	trace_add(t, k, ms);
	if (draw(&t->rng) < .05)
		trace_add(t, k, ms + 5);
}

static inline void trace_fast(struct trace *t, uint32_t k, double ms)
{
	t->drift = 200;
	trace_add(t, k, ms);
}

static inline void trace_slow(struct trace *t, uint32_t k, double ms)
{
	t->drift = -200;
	trace_add(t, k, ms);
}

static inline void trace_jitter_10(struct trace *t, uint32_t k, double ms)
{
	trace_add_behind(t, k, ms + 10 * draw(&t->rng));
}

static inline void trace_jitter_30(struct trace *t, uint32_t k, double ms)
{
	trace_add_behind(t, k, ms + 30 * draw(&t->rng));
}

static inline void trace_jitter_60(struct trace *t, uint32_t k, double ms)
{
	trace_add(t, k, ms + 60 * draw(&t->rng));
}

/* Log-normal: half of them below 6 ms, one in a hundred above 45, one in a thousand above 80. */
static inline void trace_long_tail(struct trace *t, uint32_t k, double ms)
{
	double normal = sqrt(2 * trace_log(t)) * cos(2 * M_PI * draw(&t->rng));

	trace_add_behind(t, k, ms + 6 * exp(.85 * normal));
}

static inline void trace_overtaken(struct trace *t, uint32_t k, double ms)
{
	trace_add(t, k, draw(&t->rng) < .05 ? ms + 20 + 40 * draw(&t->rng) : ms);
}

/* All that comes while it stops leaves at its end, half a millisecond apart. */
static inline void trace_stop(struct trace *t, double ms, double every_ms, double least, double most)
{
	if (ms < t->next_stop_ms)
		return;
	if (t->next_stop_ms > 0)
		t->stop_until_ms = ms + least + (most - least) * draw(&t->rng);
	t->next_stop_ms = ms + every_ms;
}

static inline double trace_stopped(const struct trace *t, double ms)
{
	if (ms >= t->stop_until_ms)
		return ms;
	return t->last_ms >= t->stop_until_ms ? t->last_ms + .5 : t->stop_until_ms;
}

/* A channel that is busy for 20 to 80 ms about once a second, with a little contention between. */
static inline void trace_wifi(struct trace *t, uint32_t k, double ms)
{
	trace_stop(t, ms, 200 + 900 * trace_log(t), 20, 80);
	trace_add_behind(t, k, trace_stopped(t, ms + 4 * draw(&t->rng)));
}

static inline void trace_spikes(struct trace *t, uint32_t k, double ms)
{
	trace_stop(t, ms, 2500 + 3000 * draw(&t->rng), 100, 200);
	trace_add_behind(t, k, trace_stopped(t, ms));
}

static inline void trace_route(struct trace *t, uint32_t k, double ms)
{
	trace_add(t, k, ms > 21000 && ms < 41000 ? ms + 80 : ms);
}

/* Retransmissions of 8 ms, a load that comes and goes, and a hand-over every ten seconds that stops all and loses a
 * packet at times. */
static inline void trace_lte(struct trace *t, uint32_t k, double ms)
{
	double extra = 4 * draw(&t->rng);

	t->wave += .01 * (30 * draw(&t->rng) - t->wave) + .4 * (draw(&t->rng) - .5);
	t->wave = t->wave < 0 ? 0 : t->wave;
	while (draw(&t->rng) < .12)
		extra += 8;
	trace_stop(t, ms, 8000 + 6000 * draw(&t->rng), 50, 120);
	if (ms < t->stop_until_ms && draw(&t->rng) < .1) {
		t->lost[k] = true;
		return;
	}
	trace_add_behind(t, k, trace_stopped(t, ms + extra + t->wave));
}

static inline void trace_lose(struct trace *t, uint32_t k, double ms, double share)
{
	t->lost[k] = draw(&t->rng) < share;
	if (!t->lost[k])
		trace_add(t, k, ms);
}

static inline void trace_loss_1(struct trace *t, uint32_t k, double ms)
{
	trace_lose(t, k, ms, .01);
}

static inline void trace_loss_5(struct trace *t, uint32_t k, double ms)
{
	trace_lose(t, k, ms, .05);
}

static inline void trace_loss_10(struct trace *t, uint32_t k, double ms)
{
	trace_lose(t, k, ms, .1);
}

/* 5 %, four in a row on the average. */
static inline void trace_burst_loss(struct trace *t, uint32_t k, double ms)
{
	trace_lose(t, k, ms, t->burst);
	t->burst = t->lost[k] ? .75 : .0132;
}

/* A bit of all. */
static inline void trace_everything(struct trace *t, uint32_t k, double ms)
{
	trace_stop(t, ms, 6000 + 6000 * draw(&t->rng), 40, 120);
	t->lost[k] = draw(&t->rng) < .02;
	ms = trace_stopped(t, ms + 25 * draw(&t->rng));
	t->last_ms = ms > t->last_ms ? ms : t->last_ms;
	if (!t->lost[k])
		trace_add(t, k, ms);
	if (!t->lost[k] && draw(&t->rng) < .02)
		trace_add(t, k, ms + 12);
}

static inline int trace_by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns ? 1 : x->k < y->k ? -1 : x->k > y->k;
}

static inline void trace_make(struct trace *t, trace_step_fn *step, uint32_t seed)
{
	*t = (struct trace){.rng = seed * 2654435761u + 99};
	for (uint32_t k = 0; k < TRACE_PACKETS; k++)
		step(t, k, trace_sent_ms(t, k) + TRACE_WAY_MS);
	qsort(t->arrivals, t->n, sizeof(*t->arrivals), trace_by_time);
}

#endif
