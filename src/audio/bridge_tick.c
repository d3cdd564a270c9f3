/*
 * One frame: everybody who speaks is asked once, shared sums are made, everybody who hears is given its own.
 * Runs on the media thread and its helpers: nothing here allocates, locks, logs or waits, but for one another. A port's
 * turn touches the port, its entry and its thread's desk; what it reads of others is what they left before the barrier.
 */
#include "audio/bridge_impl.h"

#include <string.h>

/* A frame of silence twice empties the filters of an edge (the longest hears 8 ms back). */
#define TAIL_FRAMES 2
/* So long a meter that was looked at is expected to be looked at again. */
#define METER_TICKS 150u

/* ---- who speaks ---- */

static bool is_watched(const struct entry *e, const struct audio_tick *t)
{
	uint64_t asked = atomic_load_explicit(&e->slot->asked, memory_order_relaxed);

	return asked && t->index < asked + METER_TICKS;
}

/* The frame has room for what nobody wants as samples. */
static struct parcel *parcel_of(const struct entry *e)
{
	return (struct parcel *)(void *)e->frame;
}

static bool hand(const struct bridge *b, struct entry *e, const struct audio_tick *t)
{
	struct parcel *p = parcel_of(e);

	e->handed = false;
	if (!e->to || is_watched(e, t) || is_watched(e->to, t))
		return false;
	p->want = e->want;
	p->room = (uint16_t)(b->stride * sizeof(*e->frame) - sizeof(*p));
	e->handed = e->ops->hand(e->port, p, t);
	e->edge->in_past |= e->handed;
	return e->handed;
}

static bool pull_converted(
	const struct bridge *b, struct desk *d, struct entry *e, const struct audio_tick *t)
{
	struct edge *edge = e->edge;
	const int16_t *pcm = d->scratch;

	if (edge->in_past)
		resample_reset(edge->in);
	edge->in_past = false;
	if (e->ops->pull(e->port, d->scratch, edge->n, t)) {
		edge->in_tail = TAIL_FRAMES;
	} else {
		if (!edge->in_tail)
			return false;
		edge->in_tail--;
		pcm = b->silence;
	}
	resample_run(edge->in, pcm, edge->n, e->frame, b->n);
	return true;
}

static bool pull(const struct bridge *b, struct desk *d, struct entry *e, const struct audio_tick *t)
{
	bool live;

	e->rx_peak = 0;
	if (!e->pulls || hand(b, e, t))
		return false;
	if (!e->heard) {
		/* Nobody listens, but its clock goes on, and so does its meter. */
		if (e->ops->pull(e->port, d->scratch, e->edge->n, t))
			e->rx_peak = b->mix->peak(d->scratch, e->edge->n);
		return false;
	}
	live = e->edge->in ? pull_converted(b, d, e, t) : e->ops->pull(e->port, e->frame, b->n, t);
	if (live)
		e->rx_peak = b->mix->peak(e->frame, b->n);
	return live;
}

/* ---- sums ---- */

static size_t gather(const struct plan *p, const struct term *terms, size_t n, const int16_t **ret_pcm)
{
	size_t live = 0;

	for (size_t i = 0; i < n; i++) {
		const int16_t *pcm = p->now[terms[i].source];

		if (pcm)
			ret_pcm[live++] = pcm;
	}
	return live;
}

static size_t gather_weighted(
	const struct plan *p, const struct term *terms, size_t n, struct mix_term *ret_terms)
{
	size_t live = 0;

	for (size_t i = 0; i < n; i++) {
		const int16_t *pcm = p->now[terms[i].source];

		if (pcm)
			ret_terms[live++] = (struct mix_term){pcm, terms[i].weight};
	}
	return live;
}

/* The job of those who speak now. False: nobody does. */
static bool make_job(const struct plan *p, struct desk *d, const struct terms *t, const struct sum *base,
	struct mix_job *job)
{
	const struct term *at = p->terms + t->first;
	size_t n_parts;

	*job = (struct mix_job){.adds = d->pointers, .wholes = d->weighted, .parts = d->pairs};
	if (base && base->live) {
		job->base_hi = base->hi;
		job->base_lo = base->lo;
	}
	job->n_adds = gather(p, at, t->n_adds, d->pointers);
	at += t->n_adds;
	job->subs = d->pointers + job->n_adds;
	job->n_subs = gather(p, at, t->n_subs, d->pointers + job->n_adds);
	at += t->n_subs;
	job->n_wholes = gather_weighted(p, at, t->n_wholes, d->weighted);
	at += t->n_wholes;
	n_parts = gather_weighted(p, at, t->n_parts, d->weighted + job->n_wholes);
	job->n_parts = mix_pair_up(d->weighted + job->n_wholes, n_parts, d->pairs);
	return job->base_hi || job->n_adds || job->n_subs || job->n_wholes || job->n_parts;
}

static void make_sum(const struct bridge *b, const struct plan *p, struct desk *d, struct sum *s)
{
	struct mix_job job, finished;

	s->live = make_job(p, d, &s->terms, NULL, &job);
	if (!s->live)
		return;
	b->mix->sum(&job, s->hi, s->lo, b->n);
	if (!s->pcm)
		return;
	finished = (struct mix_job){.base_hi = s->hi, .base_lo = s->lo};
	s->peak = b->mix->out(&finished, 1.0f, s->pcm, b->n);
}

/* ---- who hears ---- */

/* NULL: silence. */
static const int16_t *feed(
	const struct bridge *b, const struct plan *p, struct desk *d, struct entry *e, unsigned *ret_peak)
{
	const struct sum *sum = e->feed != FEED_DIRECT && e->base != NO_SUM ? &p->sums[e->base] : NULL;
	struct mix_job job;

	switch (e->feed) {
	case FEED_NONE:
		break;
	case FEED_DIRECT:
		*ret_peak = p->entries[e->base].rx_peak;
		return p->now[e->base];
	case FEED_SUM:
		*ret_peak = sum->live ? sum->peak : 0;
		return sum->live ? sum->pcm : NULL;
	case FEED_MIX:
		if (!make_job(p, d, &e->terms, sum, &job))
			break;
		*ret_peak = b->mix->out(&job, e->gain, d->out, b->n);
		/* The only one who speaks hears the sum minus itself. */
		return *ret_peak ? d->out : NULL;
	}
	*ret_peak = 0;
	return NULL;
}

static void push(const struct bridge *b, struct desk *d, struct entry *e, const int16_t *pcm,
	const struct audio_tick *t)
{
	struct edge *edge = e->edge;

	if (edge->out) {
		if (edge->out_past)
			resample_reset(edge->out);
		edge->out_past = false;
		if (pcm)
			edge->out_tail = TAIL_FRAMES;
		else if (edge->out_tail)
			edge->out_tail--, pcm = b->silence;
		if (pcm) {
			resample_run(edge->out, pcm, b->n, d->scratch, edge->n);
			pcm = d->scratch;
		}
	}
	e->ops->push(e->port, pcm, edge->n, t);
}

/* Somebody's packets are here instead of what he said. */
static bool take(const struct plan *p, struct entry *e, const struct audio_tick *t)
{
	const struct entry *from = e->feed == FEED_DIRECT ? &p->entries[e->base] : NULL;

	if (!from || !from->handed)
		return false;
	e->edge->out_past = true;
	e->ops->take(e->port, parcel_of(from), t);
	return true;
}

static unsigned amplified(unsigned peak, float gain)
{
	float loud = (float)peak * gain;

	return loud < 32768.0f ? (unsigned)loud : 32768;
}

static void show(struct entry *e, unsigned tx_peak)
{
	unsigned rx_peak = e->rx_gain == 1.0f ? e->rx_peak : amplified(e->rx_peak, e->rx_gain);
	uint64_t meter = (uint64_t)e->generation << 32 | (uint64_t)tx_peak << 16 | rx_peak;

	if (meter == e->meter)
		return;
	e->meter = meter;
	atomic_store_explicit(&e->slot->meter, meter, memory_order_relaxed);
}

/* Older plans are out of reach from here on. */
static struct plan *take_plan(struct bridge *b, bool *ret_new)
{
	struct plan *p = atomic_load_explicit(&b->published, memory_order_acquire);

	*ret_new = p && p->serial != atomic_load_explicit(&b->acknowledged, memory_order_relaxed);
	if (*ret_new)
		atomic_store_explicit(&b->acknowledged, p->serial, memory_order_release);
	return p;
}

/* ---- turns ---- */

/* A tick, for all threads that have a part in it. */
struct turns {
	const struct bridge *b;
	struct plan *plan;
	struct audio_tick t;
};

/* The k-th turn of a thread. */
static struct entry *turn(const struct plan *p, const struct desk *d, uint32_t k)
{
	return &p->entries[p->turns[d->first + k]];
}

/* While one port has its turn, most of it spent in the kernel, memory fetches what those behind it need. */
static void warm_pull(const struct bridge *b, const struct plan *p, const struct desk *d, uint32_t k)
{
	const struct entry *e;
	uint32_t left = d->n - k;

	if (left > 3)
		__builtin_prefetch(turn(p, d, k + 3)->port);
	if (left > 2) {
		e = turn(p, d, k + 2);
		__builtin_prefetch(e->edge);
		__builtin_prefetch(&e->slot->meter, 1);
		if (e->ops->warm_pull)
			e->ops->warm_pull(e->port, true);
	}
	if (left > 1) {
		e = turn(p, d, k + 1);
		for (size_t at = 0; at < b->n; at += CACHE_LINE / sizeof(int16_t))
			__builtin_prefetch(e->frame + at, 1);
		if (e->ops->warm_pull)
			e->ops->warm_pull(e->port, false);
	}
}

static void warm_push(const struct plan *p, const struct desk *d, uint32_t k)
{
	const struct entry *e;
	uint32_t left = d->n - k;

	if (left > 3)
		__builtin_prefetch(turn(p, d, k + 3)->port);
	if (left > 2) {
		e = turn(p, d, k + 2);
		__builtin_prefetch(&e->edge->out);
		if (e->ops->warm_push)
			e->ops->warm_push(e->port, true);
	}
	if (left > 1) {
		e = turn(p, d, k + 1);
		if (e->ops->warm_push)
			e->ops->warm_push(e->port, false);
	}
}

static void pull_turns(void *arg, unsigned who)
{
	const struct turns *turns = arg;
	struct plan *p = turns->plan;
	struct desk *d = &p->desks[who];

	for (uint32_t k = 0; k < d->n; k++) {
		struct entry *e = turn(p, d, k);

		warm_pull(turns->b, p, d, k);
		if (e->ops->prepare)
			e->ops->prepare(e->port, &turns->t);
		p->now[e - p->entries] = pull(turns->b, d, e, &turns->t) ? e->frame : NULL;
	}
}

static void push_turns(void *arg, unsigned who)
{
	const struct turns *turns = arg;
	struct plan *p = turns->plan;
	struct desk *d = &p->desks[who];

	for (uint32_t k = 0; k < d->n; k++) {
		struct entry *e = turn(p, d, k);
		const int16_t *pcm = NULL;
		unsigned peak = 0;

		warm_push(p, d, k);
		if (e->pushes && !take(p, e, &turns->t)) {
			pcm = feed(turns->b, p, d, e, &peak);
			push(turns->b, d, e, pcm, &turns->t);
		}
		show(e, peak);
	}
}

static void run(const struct turns *turns, void (*fn)(void *arg, unsigned who))
{
	const struct bridge_cfg *cfg = &turns->b->cfg;
	unsigned n = turns->plan->n_desks;

	if (n > 1 && cfg->run) {
		cfg->run(cfg->run_arg, n, fn, (void *)(uintptr_t)turns);
		return;
	}
	for (unsigned who = 0; who < n; who++)
		fn((void *)(uintptr_t)turns, who);
}

bool bridge_tick(struct bridge *b, uint64_t due_ns, uint64_t now_ns)
{
	uint64_t index = atomic_fetch_add_explicit(&b->ticks, 1, memory_order_relaxed);
	bool is_new;
	struct plan *p = take_plan(b, &is_new);
	struct turns turns = {b, p, {now_ns, due_ns, index}};

	if (!p)
		return false;
	run(&turns, pull_turns);
	for (size_t i = 0; i < p->n_sums; i++)
		make_sum(b, p, p->desks, &p->sums[i]);
	run(&turns, push_turns);
	return is_new;
}
