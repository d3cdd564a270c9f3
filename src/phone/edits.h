/* What the messages of an account's calls say besides: headers, and lines of session descriptions. Signalling only. */
#ifndef OH_PHONE_EDITS_H
#define OH_PHONE_EDITS_H

#include "offhook/edit.h"
#include "session/inv.h"

struct edits;

struct edits *edits_free(struct edits *e); /* returns NULL; NULL is harmless */
/* The headers for such a message, at most cap; how many. NULL: none. They last until the account's edits change. */
size_t edits_headers(const struct edits *e, enum inv_kind kind, struct sip_extra *list, size_t cap);
/* Our description as it leaves, which is from mem_alloc(); NULL: as it is, for want of edits, memory or room. */
char *edits_description(const struct edits *e, struct slice text, size_t *ret_n);

#endif
