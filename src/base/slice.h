/*
 * A slice is a piece of text that somebody else owns: a pointer and a length, not terminated. Parsing makes
 * slices into the received buffer and copies nothing. A slice with p == NULL means "absent"; a slice with
 * n == 0 and p != NULL is present and empty.
 */
#ifndef OH_BASE_SLICE_H
#define OH_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* For printf: printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s)    (int)(s).n, (s).p ? (s).p : ""
#define SLICE_LIT(text) ((struct slice){(text), sizeof(text) - 1})
#define SLICE_NONE      ((struct slice){NULL, 0})
#define ARRAY_LEN(a)    (sizeof(a) / sizeof((a)[0]))

static inline struct slice slice_make(const char *p, size_t n)
{
	return (struct slice){p, n};
}

/* The text of a C string; absent for NULL. The string must outlive the slice. */
static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool slice_present(struct slice s)
{
	return s.p != NULL;
}

static inline bool slice_empty(struct slice s)
{
	return s.n == 0;
}

/* Behind its last byte; NULL for an absent one: NULL takes no offset. */
static inline const char *slice_end(struct slice s)
{
	return s.p ? s.p + s.n : NULL;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII letters compare without case, all other bytes as they are (RFC 3261 7.3.1: tokens). */
bool slice_ieq(struct slice a, struct slice b);

/* ASCII ordering without case: <0, 0, >0. */
int slice_icmp(struct slice a, struct slice b);

/* Does s begin with prefix (case matters)? */
bool slice_starts(struct slice s, struct slice prefix);

/* Without the SP, HTAB, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/* The rest of s after its first n bytes (all of it gone when n > s.n). */
struct slice slice_skip(struct slice s, size_t n);

/* Index of the first byte c in s, or s.n when there is none. */
size_t slice_index(struct slice s, char c);

/* A decimal number of 1*DIGIT with nothing around it. OH_EINVAL: not a number; OH_ERANGE: above max. */
int slice_to_u64(struct slice s, uint64_t max, uint64_t *ret_value);
int slice_to_u32(struct slice s, uint32_t max, uint32_t *ret_value);

/* A terminated copy from mem_alloc(), to be given to mem_free(); NULL when memory is out or s is absent. */
char *slice_dup(struct slice s);

#endif
