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

#define DOOR_WORDS(type) (sizeof(type) / sizeof(uint64_t))

struct stats_door {
	_Atomic uint32_t turn; /* odd while the writer is inside */
	_Atomic uint64_t words[DOOR_WORDS(struct stream_stats)];
};

struct quality_door {
	_Atomic uint32_t turn;
	_Atomic uint64_t words[DOOR_WORDS(struct stream_quality)];
};

_Static_assert(sizeof(struct stream_stats) % sizeof(uint64_t) == 0, "whole words");
_Static_assert(sizeof(struct stream_quality) % sizeof(uint64_t) == 0, "whole words");

static inline void door_write(_Atomic uint32_t *turn, _Atomic uint64_t *words, size_t n, const void *value)
{
	uint32_t now = atomic_load_explicit(turn, memory_order_relaxed);
	uint64_t word;

	atomic_store_explicit(turn, now + 1, memory_order_relaxed);
	for (size_t i = 0; i < n; i++) {
		memcpy(&word, (const char *)value + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&words[i], word, memory_order_release);
	}
	atomic_store_explicit(turn, now + 2, memory_order_release);
}

static inline void door_read(
	const _Atomic uint32_t *turn, const _Atomic uint64_t *words, size_t n, void *ret_value)
{
	uint32_t before;
	uint64_t word;

	do {
		before = atomic_load_explicit(turn, memory_order_acquire);
		for (size_t i = 0; i < n; i++) {
			word = atomic_load_explicit(&words[i], memory_order_acquire);
			memcpy((char *)ret_value + i * sizeof(word), &word, sizeof(word));
		}
	} while ((before & 1) || before != atomic_load_explicit(turn, memory_order_relaxed));
}

static inline void stats_door_write(struct stats_door *d, const struct stream_stats *s)
{
	door_write(&d->turn, d->words, DOOR_WORDS(*s), s);
}

static inline void stats_door_read(const struct stats_door *d, struct stream_stats *ret_stats)
{
	door_read(&d->turn, d->words, DOOR_WORDS(*ret_stats), ret_stats);
}

static inline void quality_door_write(struct quality_door *d, const struct stream_quality *q)
{
	door_write(&d->turn, d->words, DOOR_WORDS(*q), q);
}

static inline void quality_door_read(const struct quality_door *d, struct stream_quality *ret_quality)
{
	door_read(&d->turn, d->words, DOOR_WORDS(*ret_quality), ret_quality);
}

#endif
