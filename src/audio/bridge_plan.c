/*
 * The plan: what one tick has to do, in the order of the slots, with nothing left to look up. It borrows
 * ports and edges; whoever takes one of them away retires it until a later plan runs.
 */
#include "audio/bridge_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>

#define NOBODY UINT32_MAX

/* Ports that may go to any thread: so many are worth one, and so many are dealt at a time. */
#define PORTS_EACH 8u
#define NEIGHBOURS 4u

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
};

/* ---- who hears whom ---- */

static int32_t weight_of(float level)
{
	level = level < BRIDGE_LEVEL_MAX ? level : BRIDGE_LEVEL_MAX;
	return (int32_t)lrintf(level * MIX_ONE);
}

static void scale_down(struct hearing *h, int64_t total)
{
	if (total <= MIX_SUM_MAX)
		return;
	for (uint32_t i = 0; i < h->n; i++)
		h->v[i].weight = (int32_t)(h->v[i].weight * MIX_SUM_MAX / total);
	h->alone = true;
}

static void hear(struct draft *d, const struct slot *sink, struct hearing *h)
{
	int64_t total = 0;

	if (!sink->member->port->ops->push || sink->tx_level <= 0)
		return;
	for (uint32_t i = 0; i < sink->sources.n; i++) {
		const struct link *l = &sink->sources.v[i];
		const struct place *source = &d->places[l->peer];
		int32_t weight = weight_of(l->level * source->rx_level);

		if (source->index == NOBODY || weight == 0)
			continue;
		h->v[h->n++] = (struct heard){source->index, weight};
		d->hearers[source->index]++;
		total += weight;
	}
	scale_down(h, total);
}

static void draft_free(struct draft *d)
{
	mem_free(d->places);
	mem_free(d->slots);
	mem_free(d->heard);
	mem_free(d->hearers);
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
	d->sharing.n_ports = n;
	d->sharing.sinks = mem_zalloc(n * sizeof(*d->sharing.sinks));
	d->sharing.rests = mem_zalloc(n * sizeof(*d->sharing.rests));
	return d->places && d->slots && d->heard && d->hearers && d->sharing.sinks && d->sharing.rests
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
		d->places[number] = (struct place){speaks ? index : NOBODY, s->rx_level};
		d->slots[index++] = s;
	}
}

static void hear_all(struct draft *d)
{
	size_t at = 0;

	for (size_t i = 0; i < d->sharing.n_ports; i++) {
		struct hearing *h = &d->sharing.sinks[i];

		h->v = d->heard + at;
		hear(d, d->slots[i], h);
		at += h->n;
	}
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
	p->now = carve(block, &used, p->n_entries * sizeof(*p->now));
	p->turns = carve(block, &used, p->n_entries * sizeof(*p->turns));
	p->sums = carve(block, &used, p->n_sums * sizeof(*p->sums));
	p->desks = carve(block, &used, p->n_desks * sizeof(*p->desks));
	for (unsigned i = 0; i < p->n_desks; i++) {
		struct desk d = {.scratch = carve(block, &used, MIX_FRAME_MAX * sizeof(*d.scratch)),
			.out = carve(block, &used, MIX_FRAME_MAX * sizeof(*d.out)),
			.pointers = carve(block, &used, longest * sizeof(*d.pointers)),
			.weighted = carve(block, &used, longest * sizeof(*d.weighted)),
			.pairs = carve(block, &used, (longest + 1) / 2 * sizeof(*d.pairs))};

		if (block)
			p->desks[i] = d;
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
static unsigned desks_for(const struct draft *d)
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
	p->n_desks = desks_for(d);
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

static void set_entry(struct entry *e, const struct draft *d, size_t i)
{
	struct slot *slot = d->slots[i];
	struct member *m = slot->member;
	const struct port_ops *ops = m->port->ops;

	*e = (struct entry){
		.port = m->port,
		.ops = ops,
		.edge = m->edge,
		.frame = m->frame,
		.slot = slot,
		.generation = slot->generation,
		.meter = UINT64_MAX,
		.rx_gain = slot->rx_level,
		.heard = d->hearers[i] > 0,
		.pulls = ops->pull && (d->hearers[i] || ops->pull_always),
		.pushes = ops->push && (slot->sources.n || ops->push_always),
		.gain = slot->tx_level,
	};
	set_feed(e, &d->sharing, i);
}

/* Who is heard by one alone, and he hears nobody else. */
static void let_pass(struct plan *p, const struct draft *d, size_t i)
{
	struct entry *to = &p->entries[i], *from;

	if (to->feed != FEED_DIRECT || !to->ops->take || to->base == i)
		return;
	from = &p->entries[to->base];
	if (from->ops == to->ops && d->hearers[to->base] == 1 &&
		from->ops->passes(from->port, to->port, &from->want))
		from->to = to;
}

/* Ports that can go anywhere are dealt out, some neighbours at a time: they are made alike, and share memory. All others
 * are the first thread's. */
static void deal(struct plan *p, const struct draft *d)
{
	uint32_t at = 0;

	for (unsigned desk = 0; desk < p->n_desks; desk++) {
		uint32_t k = 0;

		p->desks[desk].first = at;
		for (uint32_t i = 0; i < p->n_entries; i++) {
			unsigned whose = goes_anywhere(d->slots[i]) ? k++ / NEIGHBOURS % p->n_desks : 0;

			if (whose == desk)
				p->turns[at++] = i;
		}
		p->desks[desk].n = at - p->desks[desk].first;
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
		set_entry(&p->entries[i], &d, i);
	for (size_t i = 0; i < p->n_entries; i++)
		let_pass(p, &d, i);
	deal(p, &d);
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
