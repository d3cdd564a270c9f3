/*
 * A message of ours that is printed and has not left: what sip_stack_cfg.edit may look at and change. What decides where it goes
 * and what it belongs to is out of its reach: the lines before `tail` (Via, Route, Max-Forwards, From, To, Call-ID, CSeq, proofs),
 * and the names of sip_draft_is_fixed(). Nothing else in the library goes by what was changed.
 *
 * Every message passes here once, when it is made: what repeats it, sends it to the next target or with a proof goes as it was.
 */
#ifndef OH_SIP_DRAFT_H
#define OH_SIP_DRAFT_H

#include "sip/writer.h"

struct sip_draft {
	char *text; /* a request has no Via yet: it is not known where it goes */
	size_t n, cap;
	size_t tail; /* the headers from here on may be changed */
	size_t body;
};

/* Does the library alone write this header? */
bool sip_draft_is_fixed(struct slice name);
/* All headers of that name become this one; value absent: they go. OH_EINVAL (a fixed one; CR, LF or NUL), OH_ETOOBIG,
 * OH_ENOMEM: nothing was changed. */
int sip_draft_set(struct sip_draft *d, struct slice name, struct slice value);
/* One more, behind the others. Errors as above. */
int sip_draft_add(struct sip_draft *d, struct slice name, struct slice value);
/* Another body; empty: none. Errors as above. */
int sip_draft_set_body(struct sip_draft *d, struct slice type, struct slice body);

struct sip_stack;
/* Shows what has been printed into the stack's room to sip_stack_cfg.edit, which is there; *text grows or shrinks. Returns where its body begins. */
size_t draft_show(struct sip_stack *s, struct slice *text, size_t tail);

#endif
