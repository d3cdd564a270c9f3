#include "base/ring.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <string.h>

#define RING_MAX (1u << 30)

int ring_init(struct ring *r, size_t record_bytes, size_t capacity)
{
	uint32_t slots = 1;
	char *memory;

	if (record_bytes == 0 || record_bytes > UINT32_MAX || capacity == 0 || capacity > RING_MAX)
		return OH_EINVAL;
	while (slots < capacity)
		slots *= 2;
	memory = mem_alloc(record_bytes * slots);
	if (!memory)
		return OH_ENOMEM;
	r->slots = memory;
	r->record = (uint32_t)record_bytes;
	r->mask = slots - 1;
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	return 0;
}

void ring_free(struct ring *r)
{
	mem_free(r->slots);
	r->slots = NULL;
}

/* Up to the end of the memory and on from its start: at most two pieces. */
static void copy_in(struct ring *r, uint32_t at, const char *from, size_t n)
{
	size_t first = (size_t)r->mask + 1 - (at & r->mask);

	if (first > n)
		first = n;
	memcpy(r->slots + (size_t)(at & r->mask) * r->record, from, first * r->record);
	memcpy(r->slots, from + first * r->record, (n - first) * r->record);
}

static void copy_out(const struct ring *r, uint32_t at, char *to, size_t n)
{
	size_t first = (size_t)r->mask + 1 - (at & r->mask);

	if (first > n)
		first = n;
	memcpy(to, r->slots + (size_t)(at & r->mask) * r->record, first * r->record);
	memcpy(to + first * r->record, r->slots, (n - first) * r->record);
}

size_t ring_write(struct ring *r, const void *records, size_t n)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	/* Acquire: the consumer has finished reading the slots that it gave back. */
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	size_t space = (size_t)r->mask + 1 - (head - tail);

	if (n > space)
		n = space;
	if (n == 0)
		return 0;
	copy_in(r, head, records, n);
	atomic_store_explicit(&r->head, head + (uint32_t)n, memory_order_release);
	return n;
}

size_t ring_read(struct ring *r, void *ret_records, size_t n)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	size_t waiting = head - tail;

	if (n > waiting)
		n = waiting;
	if (n == 0)
		return 0;
	copy_out(r, tail, ret_records, n);
	atomic_store_explicit(&r->tail, tail + (uint32_t)n, memory_order_release);
	return n;
}

bool ring_push(struct ring *r, const void *record)
{
	return ring_write(r, record, 1) == 1;
}

bool ring_pop(struct ring *r, void *ret_record)
{
	return ring_read(r, ret_record, 1) == 1;
}

void ring_skip(struct ring *r, size_t n)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store_explicit(&r->tail, tail + (uint32_t)n, memory_order_release);
}

size_t ring_count(const struct ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);

	return head - tail;
}

size_t ring_capacity(const struct ring *r)
{
	return (size_t)r->mask + 1;
}

void mpsc_init(struct mpsc *q)
{
	atomic_init(&q->stack, NULL);
	q->ready = NULL;
}

bool mpsc_push(struct mpsc *q, struct mpsc_node *node)
{
	struct mpsc_node *top = atomic_load_explicit(&q->stack, memory_order_relaxed);

	do {
		node->next = top;
	} while (!atomic_compare_exchange_weak_explicit(
		&q->stack, &top, node, memory_order_release, memory_order_relaxed));
	/* node may be gone already; top is only compared. */
	return top == NULL;
}

struct mpsc_node *mpsc_pop(struct mpsc *q)
{
	struct mpsc_node *node;

	if (!q->ready) {
		/* The whole stack at once: no node is ever popped while others push, so no ABA. */
		node = atomic_exchange_explicit(&q->stack, NULL, memory_order_acquire);
		while (node) {
			struct mpsc_node *older = node->next;

			node->next = q->ready;
			q->ready = node;
			node = older;
		}
	}
	node = q->ready;
	if (node)
		q->ready = node->next;
	return node;
}
