/*
 * One frame: everybody who speaks is asked once, shared sums are made, everybody who hears is given its own.
 * Runs on the media thread and its helpers: nothing here allocates, locks, logs or waits, but for one another. A port's
 * turn touches the port, its entry and its worker; what it reads of others is what they left before the barrier.
 */
#include "audio/bridge_impl.h"

#include "audio/vad.h"
#include "host/host.h"

#include <string.h>

/* A frame of silence twice empties the filters of an edge (the longest hears 8 ms back). */
#define TAIL_FRAMES 2
/* Fewer packets than this are asked for one by one. */
#define FETCH_MIN 2
/* What the power is a mean over. */
#define METER_MS 125.0f
/* Before packets pass that need those before them. */
#define SETTLED_MS 200u
#define QUIET      128u  /* a peak of 48 dB below full scale is a quiet place at first ... */
#define RELAX_MS   500u  /* ... and 6 dB more with each of these */
#define ALONE_MS   5000u /* by then any place is quiet */

static bool is_asked(const struct bridge *b, const struct entry *e, const struct audio_tick *t)
{
	uint32_t asked = atomic_load_explicit(&e->slot->asked, memory_order_relaxed);

	return bridge_still_asked(b, asked, (uint32_t)t->index + 1);
}

/* Does anybody look at a level of it? */
static bool is_watched(const struct bridge *b, const struct entry *e, const struct audio_tick *t)
{
	uint32_t looked = atomic_load_explicit(&e->slot->looked, memory_order_relaxed);

	return is_asked(b, e, t) || bridge_still_asked(b, looked, (uint32_t)t->index + 1);
}

/* ---- who speaks ---- */

/* The frame has room for what nobody wants as samples. */
static struct parcel *parcel_of(const struct entry *e)
{
	return (struct parcel *)(void *)e->frame;
}

/*
 * May packets go on, or begin? Those that need the ones before them begin when the far decoder has heard the same as ours
 * for a while, and then in a quiet place: the longer none comes, the less quiet. Where packets are longer than ticks,
 * samples have come to where the last one ended.
 */
static bool may_pass(const struct bridge *b, const struct entry *e)
{
	const struct edge *to = e->to->edge;
	uint32_t ms = to->alone * b->cfg.frame_ms;

	if (to->out_past)
		return true;
	if (e->want.chained)
		return ms >= SETTLED_MS && e->rx_peak <= QUIET << ms / RELAX_MS;
	return e->want.ms <= b->cfg.frame_ms || ms >= e->want.ms;
}

static bool hand(const struct bridge *b, struct entry *e, const struct audio_tick *t)
{
	struct parcel *p = parcel_of(e);

	if (!may_pass(b, e) || is_watched(b, e, t) || is_watched(b, e->to, t))
		return false;
	e->rx_peak = 0;
	e->rx_power = 0;
	e->measured = false;
	p->want = e->want;
	e->handed = e->ops->hand(e->port, p, t);
	e->edge->in_past |= e->handed;
	return e->handed;
}

static bool pull_converted(
	const struct bridge *b, struct worker *d, struct entry *e, const struct audio_tick *t)
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

bool tick_pull(struct bridge *b, struct worker *d, struct entry *e, const struct audio_tick *t)
{
	bool live;

	e->rx_peak = 0;
	e->rx_power = 0;
	e->measured = is_asked(b, e, t);
	if (!e->pulls)
		return false;
	if (!e->heard) {
		/* Nobody listens, but its clock goes on, and so does its meter. */
		if (!e->ops->pull(e->port, d->scratch, e->edge->n, t))
			return false;
		e->rx_peak = b->mix->peak(d->scratch, e->edge->n);
		if (e->measured)
			e->rx_power = vad_power(d->scratch, e->edge->n);
		return false;
	}
	live = e->edge->in ? pull_converted(b, d, e, t) : e->ops->pull(e->port, e->frame, b->n, t);
	if (live)
		e->rx_peak = b->mix->peak(e->frame, b->n);
	if (live && e->measured)
		e->rx_power = vad_power(e->frame, b->n);
	return live;
}

/* ---- strips ---- */

static const int16_t *run_passage(struct bridge *b, const struct plan *p, struct passage *a,
	const int16_t *pcm, const struct audio_tick *t)
{
	struct strip_input in = {
		.pcm = pcm,
		.trigger = a->trigger == NOBODY ? NULL : p->now[a->trigger],
		.past = a->past == NOBODY ? NULL : p->now[a->past],
		.past_level = a->past_level,
		.n = b->n,
		.frame_ms = b->cfg.frame_ms,
		.tick = t->index,
	};
	bool rested = false;

	pcm = strip_run(a->strip, &a->want, &in, &rested);
	if (rested)
		atomic_store_explicit(&b->rested, true, memory_order_relaxed);
	return pcm;
}

void tick_passages(struct bridge *b, struct plan *p, const struct audio_tick *t)
{
	for (size_t i = 0; i < p->n_rx; i++) {
		struct passage *a = &p->passages[i];
		struct entry *e = &p->entries[a->source];

		p->now[a->source] = run_passage(b, p, a, p->now[a->source], t);
		if (!e->heard)
			continue;
		e->rx_peak = p->now[a->source] ? b->mix->peak(p->now[a->source], b->n) : 0;
		if (e->measured)
			e->rx_power = p->now[a->source] ? vad_power(p->now[a->source], b->n) : 0;
	}
	for (size_t i = 0; i < p->n_links; i++) {
		struct passage *a = &p->passages[p->n_rx + i];

		p->now[p->n_entries + i] = run_passage(b, p, a, p->now[a->source], t);
	}
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
static bool make_job(const struct plan *p, struct worker *d, const struct terms *t, const struct sum *base,
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

void tick_sum(const struct bridge *b, const struct plan *p, struct sum *s)
{
	struct mix_job job, finished;

	s->live = make_job(p, p->workers, &s->terms, NULL, &job);
	if (!s->live)
		return;
	b->mix->sum(&job, s->hi, s->lo, b->n);
	if (!s->pcm)
		return;
	finished = (struct mix_job){.base_hi = s->hi, .base_lo = s->lo};
	s->peak = b->mix->out(&finished, 1.0f, s->pcm, b->n);
}

/* ---- who hears ---- */

static unsigned peak_of(const struct bridge *b, const struct plan *p, uint32_t source)
{
	if (source < p->n_entries)
		return p->entries[source].rx_peak;
	return p->now[source] ? b->mix->peak(p->now[source], b->n) : 0;
}

const int16_t *tick_mix(const struct bridge *b, const struct plan *p, struct worker *d, struct entry *e,
	int16_t *out, unsigned *ret_peak)
{
	const struct sum *sum = e->feed != FEED_DIRECT && e->base != NO_SUM ? &p->sums[e->base] : NULL;
	struct mix_job job;

	switch (e->feed) {
	case FEED_NONE:
		break;
	case FEED_DIRECT:
		*ret_peak = peak_of(b, p, e->base);
		return p->now[e->base];
	case FEED_SUM:
		*ret_peak = sum->live ? sum->peak : 0;
		return sum->live ? sum->pcm : NULL;
	case FEED_MIX:
		if (!make_job(p, d, &e->terms, sum, &job))
			break;
		*ret_peak = b->mix->out(&job, e->gain, out, b->n);
		/* The only one who speaks hears the sum minus itself. */
		return *ret_peak ? out : NULL;
	}
	*ret_peak = 0;
	return NULL;
}

const int16_t *tick_through(struct bridge *b, struct plan *p, const struct entry *e, const int16_t *pcm,
	const struct audio_tick *t)
{
	return e->tx == NOBODY ? pcm : run_passage(b, p, &p->passages[e->tx], pcm, t);
}

/* NULL: silence. */
static const int16_t *feed(struct bridge *b, struct plan *p, struct worker *d, struct entry *e,
	const struct audio_tick *t, unsigned *ret_peak)
{
	const int16_t *pcm = tick_mix(b, p, d, e, d->out, ret_peak);

	if (e->tx == NOBODY)
		return pcm;
	pcm = tick_through(b, p, e, pcm, t);
	*ret_peak = pcm ? b->mix->peak(pcm, b->n) : 0;
	return pcm;
}

/* from: whose packets it got before this one's plan, or may get again; NULL: nobody's. */
static void push(const struct bridge *b, struct worker *d, struct entry *e, const struct entry *from,
	const int16_t *pcm, const struct audio_tick *t)
{
	struct edge *edge = e->edge;

	if (edge->out_past && from)
		e->ops->resume(e->port, from->port);
	if (edge->out_past && edge->out)
		resample_reset(edge->out);
	edge->out_past = false;
	if (edge->out) {
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
static bool take(struct entry *e, const struct audio_tick *t)
{
	if (!e->from || !e->from->handed)
		return false;
	e->edge->out_past = true;
	e->edge->alone = 0;
	e->ops->take(e->port, parcel_of(e->from), t);
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

/* ret_old: the one that it takes over from; NULL: none does, or nobody notices. */
static struct plan *take_plan(struct bridge *b, bool *ret_new, struct plan **ret_old)
{
	struct plan *p = atomic_load_explicit(&b->published, memory_order_acquire);

	*ret_new = p && p->serial != atomic_load_explicit(&b->acknowledged, memory_order_relaxed);
	*ret_old = *ret_new && b->running && turn_begin(b->running, p) ? b->running : NULL;
	return p;
}

/* Older plans are out of reach from here on. */
static void leave_old(struct bridge *b, struct plan *p, const struct plan *old)
{
	turn_end(p, old != NULL);
	b->running = p;
	atomic_store_explicit(&b->acknowledged, p->serial, memory_order_release);
}

/* ---- turns ---- */

/* A tick, for all threads that have a part in it. */
struct turns {
	struct bridge *b;
	struct plan *old, *plan; /* old: the one that this one takes over from in this tick, or NULL */
	struct audio_tick t;
	unsigned threads; /* that have them now */
};

/* The k-th turn of a thread. */
static struct entry *turn(const struct plan *p, const struct worker *d, uint32_t k)
{
	return &p->entries[p->turns[d->first + k]];
}

/* While one port has its turn, most of it spent in the kernel, memory fetches what those behind it need. */
static void warm_pull(const struct bridge *b, const struct plan *p, const struct worker *d, uint32_t k)
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

static void warm_push(const struct plan *p, const struct worker *d, uint32_t k)
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

/* Of the thread that has these turns: where they are not dealt out it is the first one for all. */
static struct audio_tick tick_of(const struct turns *turns, unsigned who)
{
	struct host_lane *const *lanes = turns->b->cfg.lanes;
	struct audio_tick t = turns->t;

	if (lanes)
		t.lane = lanes[turns->threads > 1 ? who : 0];
	return t;
}

/* Packets for the turns from the k-th on, as many as a lane carries. */
static void fetch(const struct plan *p, const struct worker *d, uint32_t k, struct host_lane *lane)
{
	struct host_dgram *sockets[HOST_LANE_PLACES];
	uint32_t n = 0, end = d->n - k < HOST_LANE_PLACES ? d->n : k + HOST_LANE_PLACES;

	for (; k < end; k++) {
		struct host_dgram *socket = turn(p, d, k)->socket;

		__builtin_prefetch(socket);
		if (socket)
			sockets[n++] = socket;
	}
	if (n >= FETCH_MIN)
		host_lane_fetch(lane, sockets, n);
}

/* While another plan takes over both have to want the same of it: that its packets go there, where nothing changes. */
static bool hands_on(const struct turns *turns, const struct entry *e)
{
	const struct change *changes = turns->plan->changes;
	const struct entry *before, *to = e->to;

	if (!turns->old || !to)
		return to != NULL;
	before = changes[e - turns->plan->entries].before;
	return before && before->to && before->to == changes[to - turns->plan->entries].before &&
	       !changes[to - turns->plan->entries].fades;
}

static void pull_turns(void *arg, unsigned who)
{
	const struct turns *turns = arg;
	struct plan *p = turns->plan;
	struct worker *d = &p->workers[who];
	struct audio_tick t = tick_of(turns, who);

	for (uint32_t k = 0; k < d->n; k++) {
		struct entry *e = turn(p, d, k);

		if (k % HOST_LANE_PLACES == 0)
			fetch(p, d, k, t.lane);
		warm_pull(turns->b, p, d, k);
		if (e->ops->prepare)
			e->ops->prepare(e->port, &t);
		p->now[e - p->entries] = NULL;
		e->handed = hands_on(turns, e) && hand(turns->b, e, &t);
		if (!e->handed && tick_pull(turns->b, d, e, &t))
			p->now[e - p->entries] = e->frame;
	}
}

static void count_alone(const struct bridge *b, struct entry *e)
{
	struct edge *edge = e->edge;

	if (!e->from)
		edge->alone = 0;
	else if (edge->alone * b->cfg.frame_ms < ALONE_MS)
		edge->alone++;
}

static void push_turn(const struct turns *turns, unsigned who, struct entry *e, const struct audio_tick *t)
{
	struct bridge *b = turns->b;
	struct plan *p = turns->plan;
	struct worker *d = &p->workers[who];
	const struct change *change = turns->old ? &p->changes[e - p->entries] : NULL;
	const int16_t *pcm = NULL;
	unsigned peak = 0;

	if (change && change->fades) {
		pcm = turn_feed(b, turns->old, p, who, (size_t)(e - p->entries), t, &peak);
		push(b, d, e, change->before ? change->before->from : NULL, pcm, t);
		e->edge->alone = 0;
	} else if (e->pushes && !take(e, t)) {
		pcm = feed(b, p, d, e, t, &peak);
		push(b, d, e, e->from, pcm, t);
		count_alone(b, e);
	}
	show(e, peak);
	if (e->measured)
		show_power(b, e, pcm ? vad_power(pcm, b->n) : 0);
}

static void push_turns(void *arg, unsigned who)
{
	const struct turns *turns = arg;
	struct worker *d = &turns->plan->workers[who];
	struct audio_tick t = tick_of(turns, who);

	for (uint32_t k = 0; k < d->n; k++) {
		warm_push(turns->plan, d, k);
		push_turn(turns, who, turn(turns->plan, d, k), &t);
	}
	host_lane_flush(t.lane);
}

/* Everybody's turns, on so many threads. */
static void run(struct turns *turns, void (*fn)(void *arg, unsigned who), unsigned threads)
{
	const struct bridge_cfg *cfg = &turns->b->cfg;

	turns->threads = cfg->run ? threads : 1;
	if (turns->threads > 1) {
		cfg->run(cfg->run_arg, threads, fn, turns);
		return;
	}
	for (unsigned who = 0; who < turns->plan->n_workers; who++)
		fn(turns, who);
}

bool bridge_tick(struct bridge *b, uint64_t due_ns, uint64_t now_ns)
{
	uint64_t index = atomic_fetch_add_explicit(&b->ticks, 1, memory_order_relaxed);
	bool is_new;
	struct plan *old, *p = take_plan(b, &is_new, &old);
	struct turns turns = {b, old, p, {now_ns, due_ns, index, NULL}, 1};

	if (!p)
		return false;
	run(&turns, pull_turns, p->n_workers);
	if (old)
		turn_frames(b, old, p, &turns.t);
	else
		tick_passages(b, p, &turns.t);
	for (size_t i = 0; i < p->n_sums; i++)
		tick_sum(b, p, &p->sums[i]);
	if (old)
		turn_sums(b, old, p);
	/* Who takes part in a change needs the room of a worker in both plans. */
	run(&turns, push_turns, old && old->n_workers < p->n_workers ? 1 : p->n_workers);
	if (is_new)
		leave_old(b, p, old);
	return atomic_exchange_explicit(&b->rested, false, memory_order_relaxed) || is_new;
}
