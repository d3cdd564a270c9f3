/*
 * Which sinks share a sum.
 *
 * Sinks that hear nearly the same are found by a min-hash: the least hash over what a sink hears and itself.
 * Two sets agree in it with the probability that is the share of what they have in common, so the members of
 * a conference, each without itself, meet in one bucket although no two of their sets are equal. A bucket's
 * sum holds what most of its members hear, at the level most of them hear it, and each member keeps its
 * difference. Whoever gains nothing looks again by another hash: one source that is heard everywhere (music)
 * must not throw all conferences together.
 *
 * Every step is linear in the connections, and the number of rounds is fixed.
 */
#include "audio/bridge_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdlib.h>

#define ROUNDS 4u
/* Below this, adding up what is heard costs no more than a share. */
#define HEARD_MIN 4u
/* What starting from a shared sum costs, in terms. */
#define SHARE_COST 2u

struct bucket_key {
	uint64_t hash;
	uint32_t sink;
};

/* Per source: who hears it in the bucket at hand. The weight is found by majority vote (Boyer and Moore): one
 * candidate, whose score goes up by its own and down by others' votes. */
struct votes {
	int32_t weight;
	uint32_t score, count, present;
};

struct work {
	struct sharing *s;
	uint64_t *hashes;
	struct bucket_key *keys;
	size_t n_keys;
	struct votes *votes;
	uint32_t *touched;
	struct heard *base, *rest;
	size_t n_base, n_rest;
	struct terms *rests;
};

static uint64_t mix64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* ---- terms ---- */

static int reserve_terms(struct sharing *s, size_t more)
{
	size_t cap = s->terms_cap ? s->terms_cap : 256;
	struct term *terms;

	if (s->n_terms + more <= s->terms_cap)
		return 0;
	while (cap < s->n_terms + more)
		cap *= 2;
	terms = mem_realloc(s->terms, cap * sizeof(*terms));
	if (!terms)
		return OH_ENOMEM;
	s->terms = terms;
	s->terms_cap = cap;
	return 0;
}

enum kind { ADD, SUB, WHOLE, PART };

/* The whole multiple of 1 nearest to a weight that is too large for a part. */
static int32_t whole_of(int32_t weight)
{
	return (weight + MIX_ONE / 2) >> MIX_SHIFT;
}

static bool is_large(int32_t weight)
{
	return weight > INT16_MAX || weight < -INT16_MAX;
}

/* The share of weight that a term of this kind takes, 0: none. */
static int32_t take(enum kind kind, int32_t weight)
{
	bool unity = weight == MIX_ONE || weight == -MIX_ONE;

	switch (kind) {
	case ADD:
		return weight == MIX_ONE;
	case SUB:
		return weight == -MIX_ONE;
	case WHOLE:
		return is_large(weight) ? whole_of(weight) : 0;
	case PART:
		if (unity)
			return 0;
		return is_large(weight) ? weight - whole_of(weight) * MIX_ONE : weight;
	}
	return 0;
}

static uint32_t emit_kind(struct sharing *s, enum kind kind, const struct heard *v, size_t n)
{
	size_t begin = s->n_terms;

	for (size_t i = 0; i < n; i++) {
		int32_t share = take(kind, v[i].weight);

		if (share)
			s->terms[s->n_terms++] = (struct term){v[i].source, share};
	}
	return (uint32_t)(s->n_terms - begin);
}

static int emit(struct sharing *s, const struct heard *v, size_t n, struct terms *ret_terms)
{
	int err = reserve_terms(s, 2 * n);

	if (err)
		return err;
	ret_terms->first = (uint32_t)s->n_terms;
	ret_terms->n_adds = emit_kind(s, ADD, v, n);
	ret_terms->n_subs = emit_kind(s, SUB, v, n);
	ret_terms->n_wholes = emit_kind(s, WHOLE, v, n);
	ret_terms->n_parts = emit_kind(s, PART, v, n);
	return 0;
}

/* ---- one bucket ---- */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static size_t count_votes(struct work *w, const struct bucket_key *members, size_t n)
{
	size_t n_touched = 0;

	for (size_t m = 0; m < n; m++) {
		const struct heard_set *h = &w->s->sinks[members[m].sink];

		for (uint32_t i = 0; i < h->n; i++) {
			struct votes *v = &w->votes[h->v[i].source];

			if (!v->present++) {
				w->touched[n_touched++] = h->v[i].source;
				v->score = v->count = 0;
			}
			if (!v->score)
				v->weight = h->v[i].weight;
			if (v->weight == h->v[i].weight)
				v->score++;
			else
				v->score--;
		}
	}
	for (size_t m = 0; m < n; m++) {
		const struct heard_set *h = &w->s->sinks[members[m].sink];

		for (uint32_t i = 0; i < h->n; i++)
			w->votes[h->v[i].source].count += w->votes[h->v[i].source].weight == h->v[i].weight;
	}
	return n_touched;
}

/* What belongs in the bucket's sum: in it, a source costs one term and one for each member that does not hear
 * it. */
static void find_base(struct work *w, const struct bucket_key *members, size_t n)
{
	size_t n_touched = count_votes(w, members, n);

	qsort(w->touched, n_touched, sizeof(*w->touched), by_number);
	w->n_base = 0;
	for (size_t i = 0; i < n_touched; i++) {
		struct votes *v = &w->votes[w->touched[i]];

		if (v->count > 1 + n - v->present)
			w->base[w->n_base++] = (struct heard){w->touched[i], v->weight};
		v->present = 0;
	}
}

/* What the sink hears less the base, unless it is more than limit terms. */
static bool find_rest(struct work *w, const struct heard_set *h, size_t limit)
{
	size_t at = 0, i = 0;

	w->n_rest = 0;
	while ((at < w->n_base || i < h->n) && w->n_rest <= limit) {
		uint32_t base = at < w->n_base ? w->base[at].source : UINT32_MAX;
		uint32_t own = i < h->n ? h->v[i].source : UINT32_MAX;
		struct heard d = {base < own ? base : own, 0};

		if (own <= base)
			d.weight += h->v[i++].weight;
		if (base <= own)
			d.weight -= w->base[at++].weight;
		if (d.weight)
			w->rest[w->n_rest++] = d;
	}
	return w->n_rest <= limit;
}

static int add_sum(struct sharing *s, const struct terms *terms)
{
	size_t cap = s->sums_cap ? 2 * s->sums_cap : 16;
	struct terms *sums;

	if (s->n_sums == s->sums_cap) {
		sums = mem_realloc(s->sums, cap * sizeof(*sums));
		if (!sums)
			return OH_ENOMEM;
		s->sums = sums;
		s->sums_cap = cap;
	}
	s->sums[s->n_sums++] = *terms;
	return 0;
}

static int try_bucket(struct work *w, const struct bucket_key *members, size_t n)
{
	struct sharing *s = w->s;
	size_t saved = 0, undo = s->n_terms;
	struct terms terms;
	int err;

	find_base(w, members, n);
	err = emit(s, w->base, w->n_base, &terms);
	for (size_t m = 0; m < n && !err; m++) {
		struct heard_set *h = &s->sinks[members[m].sink];

		if (!find_rest(w, h, h->n - SHARE_COST))
			continue;
		err = emit(s, w->rest, w->n_rest, &s->rests[members[m].sink]);
		h->sum = (uint32_t)s->n_sums;
		saved += h->n - w->n_rest;
	}
	if (err)
		return err;
	if (saved > w->n_base)
		return add_sum(s, &terms);
	for (size_t m = 0; m < n; m++)
		s->sinks[members[m].sink].sum = NO_SUM;
	s->n_terms = undo;
	return 0;
}

/* ---- rounds ---- */

static int by_hash(const void *a, const void *b)
{
	const struct bucket_key *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->sink > y->sink) - (x->sink < y->sink);
}

static void hash_sinks(struct work *w, unsigned round)
{
	const struct sharing *s = w->s;

	for (size_t i = 0; i < s->n_ports; i++)
		w->hashes[i] = mix64((i + 1) * 0x9e3779b97f4a7c15u + round);
	w->n_keys = 0;
	for (size_t i = 0; i < s->n_ports; i++) {
		const struct heard_set *h = &s->sinks[i];
		uint64_t least = w->hashes[i];

		if (h->n < HEARD_MIN || h->alone || h->sum != NO_SUM)
			continue;
		/* What nobody else hears says nothing about company. */
		for (uint32_t k = 0; k < h->n && h->v[k].source < s->n_ports; k++)
			least = w->hashes[h->v[k].source] < least ? w->hashes[h->v[k].source] : least;
		w->keys[w->n_keys++] = (struct bucket_key){least, (uint32_t)i};
	}
	qsort(w->keys, w->n_keys, sizeof(*w->keys), by_hash);
}

static int share_round(struct work *w, unsigned round)
{
	hash_sinks(w, round);
	for (size_t i = 0, end; i < w->n_keys; i = end) {
		int err;

		for (end = i + 1; end < w->n_keys && w->keys[end].hash == w->keys[i].hash;)
			end++;
		if (end - i < 2)
			continue;
		err = try_bucket(w, w->keys + i, end - i);
		if (err)
			return err;
	}
	return 0;
}

static int emit_unshared(struct sharing *s)
{
	for (size_t i = 0; i < s->n_ports; i++) {
		int err;

		if (s->sinks[i].sum != NO_SUM)
			continue;
		err = emit(s, s->sinks[i].v, s->sinks[i].n, &s->rests[i]);
		if (err)
			return err;
	}
	return 0;
}

static int work_init(struct work *w, struct sharing *s)
{
	size_t n = s->n_sources;

	*w = (struct work){.s = s};
	w->hashes = mem_alloc(s->n_ports * sizeof(*w->hashes));
	w->keys = mem_alloc(s->n_ports * sizeof(*w->keys));
	w->votes = mem_zalloc(n * sizeof(*w->votes));
	w->touched = mem_alloc(n * sizeof(*w->touched));
	w->base = mem_alloc(n * sizeof(*w->base));
	w->rest = mem_alloc((n + 1) * sizeof(*w->rest));
	return w->hashes && w->keys && w->votes && w->touched && w->base && w->rest ? 0 : OH_ENOMEM;
}

static void work_free(struct work *w)
{
	mem_free(w->hashes);
	mem_free(w->keys);
	mem_free(w->votes);
	mem_free(w->touched);
	mem_free(w->base);
	mem_free(w->rest);
}

int share_sums(struct sharing *s)
{
	bool worth = false;
	struct work w;
	int err = 0;

	for (size_t i = 0; i < s->n_ports; i++) {
		s->sinks[i].sum = NO_SUM;
		worth |= s->sinks[i].n >= HEARD_MIN;
	}
	if (worth) {
		err = work_init(&w, s);
		for (unsigned round = 0; round < ROUNDS && !err; round++)
			err = share_round(&w, round);
		work_free(&w);
	}
	return err ? err : emit_unshared(s);
}
