#include "sip/dns_order.h"

#include <stdlib.h>

/* Where all is equal the answer's own order does not count: name servers turn it round as they like. */
static int by_priority(const void *a, const void *b)
{
	const struct dns_srv *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	/* "with all of those with weight 0 placed at the beginning of the list" */
	return (x->weight != 0) - (y->weight != 0);
}

static void swap(struct dns_srv *a, struct dns_srv *b)
{
	struct dns_srv c = *a;

	*a = *b;
	*b = c;
}

/* Moves the next one of a priority to the front: "the first in the selected order whose running sum value is greater than
 * or equal to the random number". */
static void choose(struct host *h, struct dns_srv *list, size_t n)
{
	uint32_t sum = 0, drawn;
	size_t chosen = 0;

	for (size_t i = 0; i < n; i++)
		sum += list[i].weight;
	drawn = host_random_below(h, sum + 1);
	sum = list[0].weight;
	while (sum < drawn)
		sum += list[++chosen].weight;
	/* The others keep their order, the weightless ones in front. */
	for (; chosen > 0; chosen--)
		swap(&list[chosen], &list[chosen - 1]);
}

void dns_srv_order(struct host *h, struct dns_srv *list, size_t n)
{
	qsort(list, n, sizeof(*list), by_priority);
	for (size_t i = 0; i < n;) {
		size_t end = i + 1;

		while (end < n && list[end].priority == list[i].priority)
			end++;
		for (; i < end; i++)
			choose(h, &list[i], end - i);
	}
}

static int by_order(const void *a, const void *b)
{
	const struct dns_naptr *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->preference > y->preference) - (x->preference < y->preference);
}

void dns_naptr_order(struct dns_naptr *list, size_t n)
{
	qsort(list, n, sizeof(*list), by_order);
}
