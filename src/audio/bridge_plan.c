/*
 * The plan: what one tick has to do, in the order of the slots, with nothing left to look up. It borrows
 * ports and edges; whoever takes one of them away retires it until a later plan runs.
 */
#include "audio/bridge_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Ports that may go to any thread: so many are worth one, and so many are dealt at a time. */
#define PORTS_EACH 8u
#define NEIGHBOURS 4u
#define FULL_SCALE 32768u

/* By slot number: where it stands in the plan, and how loud it is received. */
struct place {
	uint32_t index;
	float rx_level;
};

struct draft {
	struct bridge *b;
	uint32_t n_numbers;
	struct place *places;
	struct slot **slots; /* by index */
	struct heard *heard; /* of all sinks, one after the other */
	uint32_t *hearers;   /* by index: how many */
	struct sharing sharing;
	struct passage *passages; /* rx, then those of connections, then tx */
	size_t n_rx, n_links, n_passages;
	uint32_t next_tx;   /* of the entries that are still to be set */
	struct heard *past; /* by index: what goes past a sink's ducking; source NOBODY: nothing */
};

/* ---- who hears whom ---- */

static int32_t weight_of(float level)
{
	level = level < BRIDGE_LEVEL_MAX ? level : BRIDGE_LEVEL_MAX;
	return (int32_t)lrintf(level * MIX_ONE);
}

static void scale_down(struct heard_set *h, int64_t total)
{
	if (total <= MIX_SUM_MAX)
		return;
	for (uint32_t i = 0; i < h->n; i++)
		h->v[i].weight = (int32_t)(h->v[i].weight * MIX_SUM_MAX / total);
	h->alone = true;
}

static bool can_hear(const struct slot *sink)
{
	return sink->member->port->ops->push && (sink->tx_level > 0 || sink->tx);
}

/* Both are sorted: k stays behind. */
static bool is_channel(const struct slot *sink, uint32_t source, uint32_t *k)
{
	const struct channels *c = &sink->channels;

	while (*k < c->n && c->v[*k]->source < source)
		(*k)++;
	return *k < c->n && c->v[*k]->source == source;
}

/* Does it go past what it ducks? */
static bool is_trigger(const struct bridge *b, const struct slot *sink, uint32_t source)
{
	const struct channel *c = sink->tx;

	return c && c->duck.trigger.generation && c->duck.trigger.number == source &&
	       bridge_slot_used(b, c->duck.trigger);
}

static void add_passage(struct draft *d, struct channel *c, uint32_t source)
{
	struct passage *p = &d->passages[d->n_passages++];
	struct slot *trigger = c->duck.trigger.generation ? bridge_slot_used(d->b, c->duck.trigger) : NULL;

	*p = (struct passage){&c->strip, c->want, source, NOBODY, NOBODY, 0};
	if (!trigger)
		return;
	p->trigger = d->places[c->duck.trigger.number].index;
	if (p->trigger != NOBODY)
		d->hearers[p->trigger]++;
}

/* A connection with a strip is a source of its own, which nobody else hears. */
static void hear_channels(
	struct draft *d, const struct slot *sink, size_t index, struct heard_set *h, int64_t *total)
{
	for (uint32_t i = 0; i < sink->channels.n; i++) {
		struct channel *c = sink->channels.v[i];
		const struct place *source = &d->places[c->source];
		struct heard heard = {
			(uint32_t)(d->sharing.n_ports + d->n_links), weight_of(source->rx_level)};

		if (source->index == NOBODY || heard.weight == 0)
			continue;
		add_passage(d, c, source->index);
		d->n_links++;
		d->hearers[source->index]++;
		if (is_trigger(d->b, sink, c->source)) {
			d->past[index] = heard;
			continue;
		}
		h->v[h->n++] = heard;
		*total += heard.weight;
	}
}

static void hear(struct draft *d, const struct slot *sink, size_t index, struct heard_set *h)
{
	int64_t total = 0;
	uint32_t k = 0;

	if (!can_hear(sink))
		return;
	for (uint32_t i = 0; i < sink->sources.n; i++) {
		const struct link *l = &sink->sources.v[i];
		const struct place *source = &d->places[l->peer];
		int32_t weight = weight_of(l->level * source->rx_level);

		if (source->index == NOBODY || weight == 0 || is_channel(sink, l->peer, &k))
			continue;
		d->hearers[source->index]++;
		if (is_trigger(d->b, sink, l->peer)) {
			d->past[index] = (struct heard){source->index, weight};
			continue;
		}
		h->v[h->n++] = (struct heard){source->index, weight};
		total += weight;
	}
	hear_channels(d, sink, index, h, &total);
	scale_down(h, total);
}

static void draft_free(struct draft *d)
{
	mem_free(d->places);
	mem_free(d->slots);
	mem_free(d->heard);
	mem_free(d->hearers);
	mem_free(d->passages);
	mem_free(d->past);
	mem_free(d->sharing.sinks);
	mem_free(d->sharing.terms);
	mem_free(d->sharing.sums);
	mem_free(d->sharing.rests);
}

static int draft_init(struct draft *d, struct bridge *b)
{
	size_t n = b->n_ports;

	*d = (struct draft){.b = b, .n_numbers = b->n_slots};
	d->places = mem_alloc(d->n_numbers * sizeof(*d->places));
	d->slots = mem_alloc(n * sizeof(struct slot *));
	d->heard = mem_alloc((b->n_links + 1) * sizeof(*d->heard));
	d->hearers = mem_zalloc(n * sizeof(*d->hearers));
	d->passages = mem_alloc((b->n_channels + 1) * sizeof(*d->passages));
	d->past = mem_alloc(n * sizeof(*d->past));
	d->sharing.n_ports = n;
	d->sharing.sinks = mem_zalloc(n * sizeof(*d->sharing.sinks));
	d->sharing.rests = mem_zalloc(n * sizeof(*d->sharing.rests));
	return d->places && d->slots && d->heard && d->hearers && d->passages && d->past &&
			       d->sharing.sinks && d->sharing.rests
		       ? 0
		       : OH_ENOMEM;
}

static void find_places(struct draft *d)
{
	uint32_t index = 0;

	for (uint32_t number = 0; number < d->n_numbers; number++) {
		struct slot *s = bridge_slot_at(d->b, number);
		bool speaks;

		d->places[number] = (struct place){NOBODY, 0};
		if (s->state != SLOT_USED)
			continue;
		speaks = s->member->port->ops->pull != NULL;
		/* The strip has the level. */
		d->places[number] = (struct place){speaks ? index : NOBODY, s->rx ? 1 : s->rx_level};
		d->slots[index++] = s;
	}
}

static void add_rx_passages(struct draft *d)
{
	for (size_t i = 0; i < d->sharing.n_ports; i++) {
		const struct slot *s = d->slots[i];

		if (s->rx && s->member->port->ops->pull)
			add_passage(d, s->rx, (uint32_t)i);
	}
	d->n_rx = d->n_passages;
}

/* In the order of the entries. */
static void add_tx_passages(struct draft *d)
{
	d->next_tx = (uint32_t)d->n_passages;
	for (size_t i = 0; i < d->sharing.n_ports; i++) {
		if (!d->slots[i]->tx)
			continue;
		add_passage(d, d->slots[i]->tx, NOBODY);
		d->passages[d->n_passages - 1].past = d->past[i].source;
		d->passages[d->n_passages - 1].past_level = (float)d->past[i].weight / MIX_ONE;
	}
}

static void hear_all(struct draft *d)
{
	size_t at = 0;

	add_rx_passages(d);
	for (size_t i = 0; i < d->sharing.n_ports; i++) {
		struct heard_set *h = &d->sharing.sinks[i];

		d->past[i] = (struct heard){NOBODY, 0};
		h->v = d->heard + at;
		hear(d, d->slots[i], i, h);
		at += h->n;
	}
	add_tx_passages(d);
	d->sharing.n_sources = d->sharing.n_ports + d->n_links;
}

/* ---- the plan's memory: one block ---- */

static size_t terms_count(const struct terms *t)
{
	return (size_t)t->n_adds + t->n_subs + t->n_wholes + t->n_parts;
}

static size_t longest_list(const struct sharing *s)
{
	size_t longest = 0;

	for (size_t i = 0; i < s->n_ports; i++)
		longest = terms_count(&s->rests[i]) > longest ? terms_count(&s->rests[i]) : longest;
	for (size_t i = 0; i < s->n_sums; i++)
		longest = terms_count(&s->sums[i]) > longest ? terms_count(&s->sums[i]) : longest;
	return longest;
}

/* Hands out the next n bytes, a cache line at a time; block NULL: only counts. */
static void *carve(char *block, size_t *used, size_t n)
{
	char *at = block ? block + *used : NULL;

	*used += (n + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	return at;
}

static size_t lay_out(struct plan *p, char *block, size_t longest, size_t stride)
{
	size_t used = 0;

	p->entries = carve(block, &used, p->n_entries * sizeof(*p->entries));
	p->changes = carve(block, &used, p->n_entries * sizeof(*p->changes));
	p->now = carve(block, &used, (p->n_entries + p->n_links) * sizeof(*p->now));
	p->turns = carve(block, &used, p->n_entries * sizeof(*p->turns));
	p->passages = carve(block, &used, p->n_passages * sizeof(*p->passages));
	p->sums = carve(block, &used, p->n_sums * sizeof(*p->sums));
	p->workers = carve(block, &used, p->n_workers * sizeof(*p->workers));
	for (unsigned i = 0; i < p->n_workers; i++) {
		struct worker d = {.scratch = carve(block, &used, MIX_FRAME_MAX * sizeof(*d.scratch)),
			.out = carve(block, &used, MIX_FRAME_MAX * sizeof(*d.out)),
			.pointers = carve(block, &used, longest * sizeof(*d.pointers)),
			.weighted = carve(block, &used, longest * sizeof(*d.weighted)),
			.pairs = carve(block, &used, (longest + 1) / 2 * sizeof(*d.pairs))};

		if (block)
			p->workers[i] = d;
	}
	for (size_t i = 0; i < p->n_sums; i++) {
		int32_t *hi = carve(block, &used, stride * sizeof(*hi));
		int32_t *lo = carve(block, &used, stride * sizeof(*lo));
		int16_t *pcm = carve(block, &used, stride * sizeof(*pcm));

		if (block)
			p->sums[i] = (struct sum){.hi = hi, .lo = lo, .pcm = pcm};
	}
	return used;
}

static bool goes_anywhere(const struct slot *s)
{
	return s->member->port->ops->anywhere;
}

/* Few ports are done before a helper is awake. */
static unsigned workers_for(const struct draft *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->sharing.n_ports; i++)
		n += goes_anywhere(d->slots[i]);
	n /= PORTS_EACH;
	return n < 1 ? 1 : n < d->b->cfg.threads ? (unsigned)n : d->b->cfg.threads;
}

static int plan_alloc(struct draft *d, struct plan **ret_plan)
{
	size_t longest = longest_list(&d->sharing), stride = d->b->stride;
	struct plan *p = mem_zalloc(sizeof(*p));

	if (!p)
		return OH_ENOMEM;
	p->n_entries = d->sharing.n_ports;
	p->n_sums = d->sharing.n_sums;
	p->n_workers = workers_for(d);
	p->n_rx = d->n_rx;
	p->n_links = d->n_links;
	p->n_passages = d->n_passages;
	p->block = mem_alloc(lay_out(p, NULL, longest, stride) + CACHE_LINE);
	if (!p->block) {
		plan_free(p);
		return OH_ENOMEM;
	}
	(void)lay_out(p, on_cache_line(p->block), longest, stride);
	*ret_plan = p;
	return 0;
}

/* ---- entries ---- */

static void set_feed(struct entry *e, const struct sharing *s, size_t i)
{
	const struct terms *t = &s->rests[i];
	size_t n = terms_count(t);

	e->terms = *t;
	e->base = s->sinks[i].sum;
	if (n == 0 && e->base == NO_SUM)
		e->feed = FEED_NONE;
	else if (e->gain == 1.0f && e->base != NO_SUM && n == 0)
		e->feed = FEED_SUM;
	else if (e->gain == 1.0f && e->base == NO_SUM && n == 1 && t->n_adds == 1)
		e->feed = FEED_DIRECT;
	else
		e->feed = FEED_MIX;
	if (e->feed == FEED_DIRECT)
		e->base = s->terms[t->first].source;
}

static void set_entry(struct plan *p, struct draft *d, size_t i)
{
	struct entry *e = &p->entries[i];
	struct slot *slot = d->slots[i];
	struct member *m = slot->member;
	const struct port_ops *ops = m->port->ops;

	*e = (struct entry){
		.port = m->port,
		.ops = ops,
		.socket = ops->socket ? ops->socket(m->port) : NULL,
		.edge = m->edge,
		.frame = m->frame,
		.slot = slot,
		.generation = slot->generation,
		.meter = UINT64_MAX,
		.rx_peak = FULL_SCALE,
		.rx_gain = slot->rx ? 1 : slot->rx_level,
		.heard = d->hearers[i] > 0,
		.pulls = ops->pull && (d->hearers[i] || ops->pull_always),
		.pushes = ops->push && (slot->sources.n || ops->push_always),
		.gain = slot->tx ? 1 : slot->tx_level,
		.tx = slot->tx ? d->next_tx++ : NOBODY,
	};
	set_feed(e, &d->sharing, i);
	p->changes[i] = (struct change){.changed = slot->changed, .number = slot->number, .member = m};
}

/* Who is heard by one alone, and he hears nobody else. */
static void let_pass(struct plan *p, const struct draft *d, size_t i)
{
	struct entry *to = &p->entries[i], *from;

	if (to->feed != FEED_DIRECT || !to->ops->take || to->base == i || to->tx != NOBODY ||
		to->base >= p->n_entries || d->slots[to->base]->rx)
		return;
	from = &p->entries[to->base];
	if (from->ops == to->ops && d->hearers[to->base] == 1 &&
		from->ops->passes(from->port, to->port, &from->want)) {
		to->from = from;
		from->to = to;
	}
}

/* Ports that can go anywhere are dealt out, some neighbours at a time: they are made alike, and share memory. All others
 * are the first thread's. */
static void deal(struct plan *p, const struct draft *d)
{
	uint32_t at = 0;

	for (unsigned who = 0; who < p->n_workers; who++) {
		uint32_t k = 0;

		p->workers[who].first = at;
		for (uint32_t i = 0; i < p->n_entries; i++) {
			unsigned whose = goes_anywhere(d->slots[i]) ? k++ / NEIGHBOURS % p->n_workers : 0;

			if (whose == who)
				p->turns[at++] = i;
		}
		p->workers[who].n = at - p->workers[who].first;
	}
}

static void set_sum(struct plan *p, size_t i, const struct sharing *s)
{
	p->sums[i].terms = s->sums[i];
	if (!s->sums[i].n_parts)
		p->sums[i].lo = NULL;
}

/* Only a sum that is somebody's whole frame is finished. */
static void drop_unused_frames(struct plan *p)
{
	for (size_t i = 0; i < p->n_sums; i++)
		p->sums[i].live = false;
	for (size_t i = 0; i < p->n_entries; i++) {
		if (p->entries[i].feed == FEED_SUM)
			p->sums[p->entries[i].base].live = true;
	}
	for (size_t i = 0; i < p->n_sums; i++) {
		if (!p->sums[i].live)
			p->sums[i].pcm = NULL;
	}
}

static void plan_retire(struct retired *r)
{
	plan_free((struct plan *)r);
}

int plan_new(struct bridge *b, uint64_t serial, struct plan **ret_plan)
{
	struct plan *p = NULL;
	struct draft d;
	int err;

	err = draft_init(&d, b);
	if (err)
		goto out;
	find_places(&d);
	hear_all(&d);
	err = share_sums(&d.sharing);
	if (!err)
		err = plan_alloc(&d, &p);
	if (err)
		goto out;
	p->retired.free = plan_retire;
	p->serial = serial;
	for (size_t i = 0; i < p->n_entries; i++)
		set_entry(p, &d, i);
	for (size_t i = 0; i < p->n_entries; i++)
		let_pass(p, &d, i);
	deal(p, &d);
	if (p->n_passages)
		memcpy(p->passages, d.passages, p->n_passages * sizeof(*p->passages));
	for (size_t i = 0; i < p->n_sums; i++)
		set_sum(p, i, &d.sharing);
	drop_unused_frames(p);
	p->terms = d.sharing.terms; /* taken */
	d.sharing.terms = NULL;
	*ret_plan = p;
out:
	draft_free(&d);
	return err;
}

struct plan *plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	mem_free(p->terms);
	mem_free(p->block);
	mem_free(p);
	return NULL;
}
