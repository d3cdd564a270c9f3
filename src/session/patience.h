/* How long to wait before something is tried again that did not work: longer each time, never all at once. */
#ifndef OH_SESSION_PATIENCE_H
#define OH_SESSION_PATIENCE_H

#include "host/host.h"

#define PATIENCE_FIRST_S 2u
#define PATIENCE_MAX_S   86400u /* what a peer asks for beyond a day is cut */

/* ms: after the n-th failure in a row (1, 2, ...) half to all of 2, 4, 8 ... seconds, at most max_s; and at least what the
 * peer asked for (Retry-After; 0: nothing) and up to a tenth more. */
uint64_t patience_ms(struct host *h, unsigned failures, uint32_t max_s, uint32_t retry_after_s);

#endif
