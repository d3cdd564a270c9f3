/* "Is typing" (RFC 3994): the body of a MESSAGE that holds no message yet. */
#ifndef OH_SESSION_COMPOSING_H
#define OH_SESSION_COMPOSING_H

#include "base/slice.h"

#define COMPOSING_TYPE      "application/im-iscomposing+xml"
#define COMPOSING_REFRESH_S 120u  /* an active one that says nothing lasts so long (RFC 3994 3.3) ... */
#define COMPOSING_MAX_S     3600u /* ... and none longer than this */
#define COMPOSING_DOC_MAX   512u

struct composing {
	bool active;
	uint32_t refresh_s; /* when reading: how long it lasts; when writing: 0 = not said */
};
/* Errors as xml_read(). An unknown state is idle. */
int composing_read(struct slice doc, struct composing *ret_composing);
/* buf of COMPOSING_DOC_MAX bytes is enough. */
struct slice composing_write(const struct composing *c, char buf[COMPOSING_DOC_MAX]);

#endif
