/*
 * The doors between threads.
 *
 * struct ring: single producer, single consumer, fixed-size records, lock-free, no allocation after init. Used
 * between signalling and the media thread, and for audio between a file or program and the media thread.
 *
 * struct mpsc: many producers, one consumer, intrusive, unbounded (its users bound it), lock-free. Used for
 * commands to signalling and for events from it.
 */
#ifndef OH_BASE_RING_H
#define OH_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	char *slots;
	uint32_t record, mask;
	_Alignas(64) _Atomic uint32_t head; /* next to write; only the producer writes it */
	_Alignas(64) _Atomic uint32_t tail; /* next to read; only the consumer writes it */
};

/* capacity is rounded up to a power of two. OH_ENOMEM, OH_EINVAL. */
int ring_init(struct ring *r, size_t record_bytes, size_t capacity);
void ring_free(struct ring *r);

/* Producer: false when full (nothing written). */
bool ring_push(struct ring *r, const void *record);
/* Producer: as many of the n records as fit; returns how many. */
size_t ring_write(struct ring *r, const void *records, size_t n);
/* Consumer: false when empty. */
bool ring_pop(struct ring *r, void *ret_record);
/* Consumer: up to n records; returns how many. */
size_t ring_read(struct ring *r, void *ret_records, size_t n);
/* Consumer: gives n waiting records up unread; n is at most ring_count(). */
void ring_skip(struct ring *r, size_t n);
/* Either side: records waiting (a moment's view). */
size_t ring_count(const struct ring *r);
size_t ring_capacity(const struct ring *r);

struct mpsc_node {
	struct mpsc_node *next;
};

struct mpsc {
	_Atomic(struct mpsc_node *) stack; /* newest first */
	struct mpsc_node *ready;           /* consumer only: oldest first */
};

void mpsc_init(struct mpsc *q);
/* Any thread. True when the queue was empty before: the consumer may need a wake-up. */
bool mpsc_push(struct mpsc *q, struct mpsc_node *node);
/* Consumer: oldest first per producer, or NULL. */
struct mpsc_node *mpsc_pop(struct mpsc *q);

#endif
