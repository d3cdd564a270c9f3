#include "audio/links.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

int links_reserve(struct links *l, size_t more)
{
	size_t cap = l->cap ? l->cap : 4;
	struct link *v;

	if (more > UINT32_MAX / 2 || l->n + more <= l->cap)
		return l->n + more <= l->cap ? 0 : OH_ENOMEM;
	while (cap < l->n + more)
		cap *= 2;
	v = mem_realloc(l->v, cap * sizeof(*v));
	if (!v)
		return OH_ENOMEM;
	l->v = v;
	l->cap = (uint32_t)cap;
	return 0;
}

/* Index of the first peer that is not below. */
static uint32_t place_of(const struct links *l, uint32_t peer)
{
	uint32_t low = 0, high = l->n;

	/* Programs connect in order as a rule, so the place is mostly the end. */
	if (!l->n || l->v[l->n - 1].peer < peer)
		return l->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (l->v[middle].peer < peer)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool links_set(struct links *l, uint32_t peer, float level)
{
	uint32_t at = place_of(l, peer);

	if (at < l->n && l->v[at].peer == peer) {
		l->v[at].level = level;
		return false;
	}
	memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof(*l->v));
	l->v[at] = (struct link){peer, level};
	l->n++;
	return true;
}

bool links_drop(struct links *l, uint32_t peer)
{
	uint32_t at = place_of(l, peer);

	if (at == l->n || l->v[at].peer != peer)
		return false;
	l->n--;
	memmove(l->v + at, l->v + at + 1, (l->n - at) * sizeof(*l->v));
	return true;
}

const struct link *links_find(const struct links *l, uint32_t peer)
{
	uint32_t at = place_of(l, peer);

	return at < l->n && l->v[at].peer == peer ? &l->v[at] : NULL;
}

void links_free(struct links *l)
{
	mem_free(l->v);
	*l = (struct links){NULL, 0, 0};
}
