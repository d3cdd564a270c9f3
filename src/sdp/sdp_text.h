/*
 * Printing of descriptions: a text that grows. It never fails in the middle; the end says OH_ENOMEM.
 */
#ifndef OH_SDP_SDP_TEXT_H
#define OH_SDP_SDP_TEXT_H

#include "base/slice.h"

struct sdp_text {
	char *p;
	size_t n, cap;
	int err;
};

/* cap: bytes to begin with, so that an ordinary description takes one allocation. */
void sdp_text_init(struct sdp_text *t, size_t cap);
void sdp_text_free(struct sdp_text *t);
/* One without an error: its bytes, terminated, without the room that it had left to grow. From mem_alloc(). */
char *sdp_text_take(struct sdp_text *t);
void sdp_text_add(struct sdp_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For what stands in every description: printf() would be a tenth of a call's set-up. */
void sdp_text_put(struct sdp_text *t, struct slice s);
void sdp_text_u32(struct sdp_text *t, uint32_t decimal);

static inline void sdp_text_str(struct sdp_text *t, const char *s)
{
	sdp_text_put(t, slice_of(s));
}

#endif
