/* Whom a request outside of dialogs goes to, and as whom: what an owner says each time that one is to leave. */
#ifndef OH_SESSION_WHOM_H
#define OH_SESSION_WHOM_H

#include "sip/stack.h"

struct sip_auth;

struct whom {
	struct slice target, from, to; /* from and to without tag */
	const struct slice *routes;
	size_t n_routes;
	struct sip_transport *prefer; /* NULL: any */
	const struct sip_flow *flow;  /* the way to take; NULL: looked for (RFC 3263) */
	struct sip_auth *auth;        /* NULL: nobody */
};

/* All in it is borrowed until control goes back to the loop. An error: nothing can be sent now. */
typedef int whom_fn(void *arg, struct whom *ret_whom);

#endif
