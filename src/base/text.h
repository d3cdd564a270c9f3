/*
 * Text that is put together piece by piece into a buffer of the caller: for what every message needs, where printf() would
 * cost more than the parsing of the message. Always terminated; what does not fit is cut off and said.
 */
#ifndef OH_BASE_TEXT_H
#define OH_BASE_TEXT_H

#include "base/slice.h"

struct text {
	char *p;
	size_t cap; /* at least 1 */
	size_t n;   /* bytes before the terminator; < cap */
	bool cut;   /* something did not fit; what came after it is not there either */
};

/* An empty text in cap bytes at buf, which it borrows. */
struct text text_in(char *buf, size_t cap);

void text_put(struct text *t, struct slice s);
void text_u32(struct text *t, uint32_t decimal);
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void text_str(struct text *t, const char *s)
{
	text_put(t, slice_of(s));
}

/* What is there so far, inside the buffer. */
static inline struct slice text_slice(const struct text *t)
{
	return slice_make(t->p, t->n);
}

#endif
