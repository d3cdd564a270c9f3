/*
 * Whom a request outside of dialogs goes to, as whom, and by which way: what an owner says each time that one is to leave.
 * Of the sip_request it sets target, from and to (both without tag) and the way: routes, servers, secure, prefer, flow, auth.
 */
#ifndef OH_SESSION_WHOM_H
#define OH_SESSION_WHOM_H

#include "sip/txn.h"

/* All in it is borrowed until control goes back to the loop. An error: nothing can be sent now. */
typedef int whom_fn(void *arg, struct sip_request *ret_whom);

#endif
