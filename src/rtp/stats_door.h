/*
 * Figures through the wall between threads without a lock: the media thread writes, any thread reads a
 * consistent copy (a sequence lock). Every word is atomic, so there is no data race to argue about; release
 * stores behind the odd number and acquire loads before the second look at it order them without a fence.
 */
#ifndef OH_RTP_STATS_DOOR_H
#define OH_RTP_STATS_DOOR_H

#include "rtp/report.h"

#include <stdatomic.h>
#include <string.h>

#define STATS_WORDS ((sizeof(struct stream_stats) + 7) / 8)

struct stats_door {
	_Atomic uint32_t turn; /* odd while the writer is inside */
	_Atomic uint64_t words[STATS_WORDS];
};

static inline void stats_door_write(struct stats_door *d, const struct stream_stats *s)
{
	uint32_t turn = atomic_load_explicit(&d->turn, memory_order_relaxed);
	uint64_t words[STATS_WORDS] = {0};

	memcpy(words, s, sizeof(*s));
	atomic_store_explicit(&d->turn, turn + 1, memory_order_relaxed);
	for (size_t i = 0; i < STATS_WORDS; i++)
		atomic_store_explicit(&d->words[i], words[i], memory_order_release);
	atomic_store_explicit(&d->turn, turn + 2, memory_order_release);
}

static inline void stats_door_read(const struct stats_door *d, struct stream_stats *ret_stats)
{
	uint64_t words[STATS_WORDS];
	uint32_t before;

	do {
		before = atomic_load_explicit(&d->turn, memory_order_acquire);
		for (size_t i = 0; i < STATS_WORDS; i++)
			words[i] = atomic_load_explicit(&d->words[i], memory_order_acquire);
	} while ((before & 1) || before != atomic_load_explicit(&d->turn, memory_order_relaxed));
	memcpy(ret_stats, words, sizeof(*ret_stats));
}

#endif
