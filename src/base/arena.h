/*
 * An arena hands out memory that is given back all at once. It begins in a buffer of its owner (the stack or a
 * struct), so that an ordinary message allocates nothing, and grows by blocks up to a named limit.
 */
#ifndef OH_BASE_ARENA_H
#define OH_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	char *next, *end;
	struct arena_block *blocks;
	size_t used_by_blocks, limit;
};

/* buf (cap bytes, borrowed, may be NULL) is used first; at most limit bytes are taken from the heap beyond it. */
void arena_init(struct arena *a, void *buf, size_t cap, size_t limit);

/* Aligned for any type and zeroed. NULL when memory is out or the limit is reached. */
void *arena_zalloc(struct arena *a, size_t n);

/* Gives back all blocks; the arena is as after arena_init() with no buffer. */
void arena_free(struct arena *a);

#endif
