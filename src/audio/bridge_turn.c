/*
 * One plan takes over from another. Who hears something else from now on hears both for one frame: what the old plan says
 * going, what the new one says coming, on straight lines; so no change clicks. Frames are pulled once for both; whom only
 * the old plan pulled is pulled once more. The old plan is acknowledged, and may be freed, after this tick.
 *
 * Media thread, but for what each hears: that is the turns' of all.
 */
#include "audio/bridge_impl.h"

/* Both are in the order of the slots. */
static void find_before(struct plan *old, struct plan *p)
{
	size_t k = 0;

	for (size_t i = 0; i < p->n_entries; i++) {
		while (k < old->n_entries && old->changes[k].number < p->changes[i].number)
			k++;
		if (k == old->n_entries)
			return;
		if (old->changes[k].number != p->changes[i].number ||
			old->entries[k].generation != p->entries[i].generation)
			continue;
		p->changes[i].before = &old->entries[k];
		old->changes[k].matched = true;
	}
}

bool turn_begin(struct plan *old, struct plan *p)
{
	bool any = false;

	for (size_t i = 0; i < p->n_entries && !any; i++)
		any = p->changes[i].changed > old->serial;
	if (!any)
		return false;
	find_before(old, p);
	for (size_t i = 0; i < p->n_entries; i++) {
		struct entry *e = &p->entries[i];
		struct change *t = &p->changes[i];
		const struct entry *o = t->before;

		t->fades = t->changed > old->serial && (e->pushes || (o && o->pushes));
		t->begins = !t->member->began;
		t->pulls = e->pulls;
		t->heard = e->heard;
		/* Whom only the old plan heard. */
		if (o && o->heard && !e->heard && e->ops->pull)
			e->pulls = e->heard = true;
	}
	return true;
}

void turn_end(struct plan *p, bool was_turn)
{
	for (size_t i = 0; i < p->n_entries; i++) {
		if (was_turn) {
			p->entries[i].pulls = p->changes[i].pulls;
			p->entries[i].heard = p->changes[i].heard;
		}
		p->changes[i].member->began |= p->entries[i].pulls;
	}
}

void turn_frames(struct bridge *b, struct plan *old, struct plan *p, const struct audio_tick *t)
{
	for (size_t i = 0; i < old->n_entries; i++) {
		struct entry *o = &old->entries[i];

		old->now[i] = !old->changes[i].matched && o->heard && tick_pull(b, old->workers, o, t)
				      ? o->frame
				      : NULL;
	}
	for (size_t i = 0; i < p->n_entries; i++) {
		if (p->changes[i].before)
			old->now[p->changes[i].before - old->entries] = p->now[i];
	}
	tick_passages(b, p, t);
	/* A strip that both plans have gives the frame that it has given. */
	tick_passages(b, old, t);
}

void turn_sums(const struct bridge *b, struct plan *old, struct plan *p)
{
	for (size_t i = 0; i < p->n_entries; i++) {
		const struct entry *o = p->changes[i].fades ? p->changes[i].before : NULL;
		struct sum *s;

		if (!o || o->base == NO_SUM || (o->feed != FEED_SUM && o->feed != FEED_MIX))
			continue;
		s = &old->sums[o->base];
		if (s->made)
			continue;
		tick_sum(b, old, s);
		s->made = true;
	}
}

/* ---- what begins is heard at once ---- */

static bool begins(const struct plan *p, uint32_t source)
{
	if (source >= p->n_entries)
		source = p->passages[p->n_rx + source - p->n_entries].source;
	return p->changes[source].begins;
}

static bool all_begin(const struct plan *p, const struct terms *t)
{
	size_t n = (size_t)t->n_adds + t->n_subs + t->n_wholes + t->n_parts;

	for (size_t i = 0; i < n; i++) {
		uint32_t source = p->terms[t->first + i].source;

		if (p->now[source] && !begins(p, source))
			return false;
	}
	return true;
}

static bool just_begins(const struct plan *p, const struct entry *e)
{
	if (e->feed == FEED_DIRECT)
		return begins(p, e->base);
	return all_begin(p, &e->terms) && (e->base == NO_SUM || all_begin(p, &p->sums[e->base].terms));
}

/* ---- both at once ---- */

static const int16_t *cross(const struct bridge *b, const int16_t *from, const int16_t *to, int16_t *out)
{
	if (from == to)
		return to;
	b->mix->cross(from ? from : b->silence, to ? to : b->silence, b->n, out);
	return out;
}

const int16_t *turn_feed(struct bridge *b, struct plan *old, struct plan *p, unsigned who, size_t i,
	const struct audio_tick *t, unsigned *ret_peak)
{
	struct worker *d = &p->workers[who], *was_d = &old->workers[who < old->n_workers ? who : 0];
	struct entry *e = &p->entries[i], *o = p->changes[i].before;
	const struct strip *was = o && o->tx != NOBODY ? old->passages[o->tx].strip : NULL;
	const struct strip *is = e->tx != NOBODY ? p->passages[e->tx].strip : NULL;
	const int16_t *to = tick_mix(b, p, d, e, d->out, ret_peak);
	const int16_t *from = o ? tick_mix(b, old, was_d, o, was_d->out, ret_peak) : NULL;

	/* The strip that all it hears goes through runs once: behind the change, when it is in both plans. */
	if (was != is) {
		from = o ? tick_through(b, old, o, from, t) : NULL;
		to = tick_through(b, p, e, to, t);
	}
	if (from || !just_begins(p, e))
		to = cross(b, from, to, d->out);
	if (was == is)
		to = tick_through(b, p, e, to, t);
	*ret_peak = to ? b->mix->peak(to, b->n) : 0;
	return to;
}
