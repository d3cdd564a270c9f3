/*
 * What the fuzz targets share. A target is one file with one function, fuzz_one(): bytes in, nothing out; a law that
 * does not hold ends the process (CHECK of tests/check.h, here an abort). It is linked twice:
 *
 *	with libFuzzer   invents bytes (./run fuzz, clang only, meson option `fuzz`)
 *	with replay.c    runs the files of corpus/<target>/ in the ordinary tests, so that what was once found stays
 *	                 fixed: each reproducer becomes a file there
 */
#ifndef OH_FUZZ_FUZZ_H
#define OH_FUZZ_FUZZ_H

#include "check.h"

/* The target. data is a block of exactly n bytes; what it allocates by mem.h it frees. */
void fuzz_one(const uint8_t *data, size_t n);

/* What libFuzzer looks for. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A program in bytes: taken from the front, zeroes when nothing is left. */
struct feed {
	const uint8_t *p;
	size_t n;
};

static inline uint8_t feed_byte(struct feed *f)
{
	if (!f->n)
		return 0;
	f->n--;
	return *f->p++;
}

static inline uint16_t feed_u16(struct feed *f)
{
	uint16_t high = feed_byte(f);

	return (uint16_t)(high << 8 | feed_byte(f));
}

static inline uint32_t feed_u32(struct feed *f)
{
	uint32_t high = feed_u16(f);

	return high << 16 | feed_u16(f);
}

/* 0 .. bound-1; bound at most 256. */
static inline unsigned feed_below(struct feed *f, unsigned bound)
{
	return feed_byte(f) % bound;
}

/* The next n bytes, or what is left. */
static inline struct slice feed_bytes(struct feed *f, size_t n)
{
	struct slice s = {(const char *)f->p, n < f->n ? n : f->n};

	f->p += s.n;
	f->n -= s.n;
	return s;
}

/* In a block of its own size, so that a sanitizer sees a read beyond its end. For free(). */
static inline char *feed_block(struct slice s)
{
	char *block = malloc(s.n + !s.n);

	CHECK(block);
	if (s.n)
		memcpy(block, s.p, s.n);
	return block;
}

#endif
