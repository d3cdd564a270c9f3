#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

/* Most messages that outgrow their owner's buffer need only a little more. */
#define ARENA_BLOCK_BYTES 2048

struct arena_block {
	struct arena_block *next;
	max_align_t data[];
};

void arena_init(struct arena *a, void *buf, size_t cap, size_t limit)
{
	*a = (struct arena){.next = buf, .end = buf ? (char *)buf + cap : NULL, .limit = limit};
}

/* The first n aligned bytes of what is left, or NULL. */
static void *take(struct arena *a, size_t n)
{
	size_t pad = (size_t)(-(uintptr_t)a->next & (_Alignof(max_align_t) - 1));
	size_t left = (size_t)(a->end - a->next);
	char *p;

	if (!a->next || left < pad || left - pad < n)
		return NULL;
	p = a->next + pad;
	a->next = p + n;
	return memset(p, 0, n);
}

/* A block with room for n bytes; what was left of the one before is given up. */
static int grow(struct arena *a, size_t n)
{
	size_t bytes = n > ARENA_BLOCK_BYTES ? n : ARENA_BLOCK_BYTES;
	struct arena_block *block;

	if (a->limit - a->used_by_blocks < n)
		return 0;
	if (a->limit - a->used_by_blocks < bytes)
		bytes = n;
	block = mem_alloc(sizeof(*block) + bytes);
	if (!block)
		return 0;
	block->next = a->blocks;
	a->blocks = block;
	a->used_by_blocks += bytes;
	a->next = (char *)block->data;
	a->end = a->next + bytes;
	return 1;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	void *p;

	/* Two calls never return the same address, not even for nothing. */
	if (n == 0)
		n = 1;
	p = take(a, n);
	return !p && grow(a, n) ? take(a, n) : p;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *block = a->blocks;

		a->blocks = block->next;
		mem_free(block);
	}
	arena_init(a, NULL, 0, a->limit);
}
