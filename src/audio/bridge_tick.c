/*
 * One frame: everybody who speaks is asked once, shared sums are made, everybody who hears is given its own.
 * Runs on the media thread: nothing here allocates, locks, logs or waits.
 */
#include "audio/bridge_impl.h"

#include <string.h>

/* A frame of silence twice empties the filters of an edge (the longest hears 8 ms back). */
#define TAIL_FRAMES 2
/* What the power is a mean over. */
#define METER_MS 125.0f

static float mean_square(const int16_t *pcm, size_t n)
{
	int64_t energy = 0;

	for (size_t i = 0; i < n; i++)
		energy += (int32_t)pcm[i] * pcm[i];
	return (float)energy / (float)n / (32768.0f * 32768.0f);
}

static bool is_asked(const struct bridge *b, const struct entry *e, const struct audio_tick *t)
{
	uint32_t asked = atomic_load_explicit(&e->slot->asked, memory_order_relaxed);

	return bridge_still_asked(b, asked, (uint32_t)t->index + 1);
}

/* ---- who speaks ---- */

static bool pull_converted(struct bridge *b, struct entry *e, const struct audio_tick *t)
{
	struct edge *edge = e->edge;
	const int16_t *pcm = b->scratch;

	if (e->ops->pull(e->port, b->scratch, edge->n, t)) {
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

static bool pull(struct bridge *b, struct entry *e, const struct audio_tick *t)
{
	bool live;

	e->rx_peak = 0;
	e->rx_power = 0;
	e->measured = is_asked(b, e, t);
	if (!e->pulls)
		return false;
	if (!e->heard) {
		/* Nobody listens, but its clock goes on, and so does its meter. */
		if (!e->ops->pull(e->port, b->scratch, e->edge->n, t))
			return false;
		e->rx_peak = b->mix->peak(b->scratch, e->edge->n);
		if (e->measured)
			e->rx_power = mean_square(b->scratch, e->edge->n);
		return false;
	}
	live = e->edge->in ? pull_converted(b, e, t) : e->ops->pull(e->port, e->frame, b->n, t);
	if (live)
		e->rx_peak = b->mix->peak(e->frame, b->n);
	if (live && e->measured)
		e->rx_power = mean_square(e->frame, b->n);
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
static bool make_job(const struct plan *p, const struct terms *t, const struct sum *base, struct mix_job *job)
{
	const struct term *at = p->terms + t->first;
	size_t n_parts;

	*job = (struct mix_job){.adds = p->pointers, .wholes = p->weighted, .parts = p->pairs};
	if (base && base->live) {
		job->base_hi = base->hi;
		job->base_lo = base->lo;
	}
	job->n_adds = gather(p, at, t->n_adds, p->pointers);
	at += t->n_adds;
	job->subs = p->pointers + job->n_adds;
	job->n_subs = gather(p, at, t->n_subs, p->pointers + job->n_adds);
	at += t->n_subs;
	job->n_wholes = gather_weighted(p, at, t->n_wholes, p->weighted);
	at += t->n_wholes;
	n_parts = gather_weighted(p, at, t->n_parts, p->weighted + job->n_wholes);
	job->n_parts = mix_pair_up(p->weighted + job->n_wholes, n_parts, p->pairs);
	return job->base_hi || job->n_adds || job->n_subs || job->n_wholes || job->n_parts;
}

static void make_sum(const struct bridge *b, const struct plan *p, struct sum *s)
{
	struct mix_job job, finished;

	s->live = make_job(p, &s->terms, NULL, &job);
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
static const int16_t *feed(struct bridge *b, const struct plan *p, struct entry *e, unsigned *ret_peak)
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
		if (!make_job(p, &e->terms, sum, &job))
			break;
		*ret_peak = b->mix->out(&job, e->gain, b->out, b->n);
		/* The only one who speaks hears the sum minus itself. */
		return *ret_peak ? b->out : NULL;
	}
	*ret_peak = 0;
	return NULL;
}

static void push(struct bridge *b, struct entry *e, const int16_t *pcm, const struct audio_tick *t)
{
	struct edge *edge = e->edge;

	if (edge->out) {
		if (pcm)
			edge->out_tail = TAIL_FRAMES;
		else if (edge->out_tail)
			edge->out_tail--, pcm = b->silence;
		if (pcm) {
			resample_run(edge->out, pcm, b->n, b->scratch, edge->n);
			pcm = b->scratch;
		}
	}
	e->ops->push(e->port, pcm, edge->n, t);
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

/* A step of the mean towards the power of this frame, which was amplified by gain. */
static uint32_t power_bits(uint32_t before, float power, float gain, float part)
{
	float mean;

	memcpy(&mean, &before, sizeof(mean));
	mean += (power * gain * gain - mean) * part;
	memcpy(&before, &mean, sizeof(mean));
	return before;
}

static void show_power(const struct bridge *b, struct entry *e, float tx_power)
{
	uint64_t power = atomic_load_explicit(&e->slot->power, memory_order_relaxed);
	float part = (float)b->cfg.frame_ms / METER_MS;
	uint32_t tx = power_bits((uint32_t)(power >> 32), tx_power, 1, part);
	uint32_t rx = power_bits((uint32_t)power, e->rx_power, e->rx_gain, part);

	atomic_store_explicit(&e->slot->power, (uint64_t)tx << 32 | rx, memory_order_relaxed);
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

/* While one port has its turn, most of it spent in the kernel, memory fetches what those behind it need. */
static void warm_pull(const struct bridge *b, const struct plan *p, size_t i)
{
	const struct entry *e = &p->entries[i];
	size_t left = p->n_entries - i;

	if (left > 3)
		__builtin_prefetch(e[3].port);
	if (left > 2) {
		__builtin_prefetch(e[2].edge);
		__builtin_prefetch(&e[2].slot->meter, 1);
		if (e[2].ops->warm_pull)
			e[2].ops->warm_pull(e[2].port, true);
	}
	if (left > 1) {
		for (size_t at = 0; at < b->n; at += CACHE_LINE / sizeof(int16_t))
			__builtin_prefetch(e[1].frame + at, 1);
		if (e[1].ops->warm_pull)
			e[1].ops->warm_pull(e[1].port, false);
	}
}

static void warm_push(const struct plan *p, size_t i)
{
	const struct entry *e = &p->entries[i];
	size_t left = p->n_entries - i;

	if (left > 3)
		__builtin_prefetch(e[3].port);
	if (left > 2) {
		__builtin_prefetch(&e[2].edge->out);
		if (e[2].ops->warm_push)
			e[2].ops->warm_push(e[2].port, true);
	}
	if (left > 1 && e[1].ops->warm_push)
		e[1].ops->warm_push(e[1].port, false);
}

bool bridge_tick(struct bridge *b, uint64_t due_ns, uint64_t now_ns)
{
	struct audio_tick t = {now_ns, due_ns, atomic_fetch_add_explicit(&b->ticks, 1, memory_order_relaxed)};
	bool is_new;
	struct plan *p = take_plan(b, &is_new);

	if (!p)
		return false;
	for (size_t i = 0; i < p->n_entries; i++) {
		struct entry *e = &p->entries[i];

		warm_pull(b, p, i);
		if (e->ops->prepare)
			e->ops->prepare(e->port, &t);
		p->now[i] = pull(b, e, &t) ? e->frame : NULL;
	}
	for (size_t i = 0; i < p->n_sums; i++)
		make_sum(b, p, &p->sums[i]);
	for (size_t i = 0; i < p->n_entries; i++) {
		struct entry *e = &p->entries[i];
		const int16_t *pcm = NULL;
		unsigned peak = 0;

		warm_push(p, i);
		if (e->pushes) {
			pcm = feed(b, p, e, &peak);
			push(b, e, pcm, &t);
		}
		show(e, peak);
		if (e->measured)
			show_power(b, e, pcm ? mean_square(pcm, b->n) : 0);
	}
	return is_new;
}
