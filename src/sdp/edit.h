/*
 * Lines of a session description of ours that somebody wants otherwise. Pure text: what was agreed stays agreed, whatever
 * the description then says. Where a line stands is the business of RFC 8866 5: b= comes before a=, and an addition goes to
 * the end of its kind in its part.
 */
#ifndef OH_SDP_EDIT_H
#define OH_SDP_EDIT_H

#include "base/slice.h"

enum sdp_edit_op { SDP_EDIT_ADD, SDP_EDIT_REMOVE, SDP_EDIT_REPLACE };
enum sdp_edit_part { SDP_EDIT_SESSION, SDP_EDIT_AUDIO };

struct sdp_edit {
	enum sdp_edit_op op;
	enum sdp_edit_part part; /* before the first m=; or every m=audio and what follows it */
	struct slice begins;     /* REMOVE and REPLACE: those lines that begin so */
	struct slice line;       /* ADD and REPLACE: without its end; "a=..." or "b=..." */
};

/* Lines that may be touched: a= and b=; the others say where the audio is, and to whom. */
bool sdp_edit_allowed(const struct sdp_edit *edit);

/* Writes the description with its edits, in their order, into buf. The number of bytes, or OH_ETOOBIG. */
long sdp_edit(struct slice text, const struct sdp_edit *edits, size_t n, char *buf, size_t cap);

#endif
