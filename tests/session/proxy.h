/*
 * What stands between two user agents in RFC 3665, as far as they see it: a proxy without state (RFC 3261 16.11) that
 * puts itself into Via and, if told to, Record-Route; or a server that answers every INVITE by itself. With `then` it knows
 * as much of one call as it takes to go on after a refusal.
 */
#ifndef OH_TESTS_SESSION_PROXY_H
#define OH_TESTS_SESSION_PROXY_H

#include "check.h"

#include "host/sim/sim.h"

#define PROXY_THEN_MAX 3

struct proxy_cfg {
	const char *ip;
	const char *next; /* address of the next hop of what names no other; port 5060 */
	const char *fork; /* another one that gets the same at the same time; NULL: none */
	/* these get, one after the other, a call that those before refuse or are not to get any more; NULL: nobody */
	const char *then[PROXY_THEN_MAX];
	bool record_route;
	/* asks for credentials of this realm before it lets an INVITE or a BYE pass, each with a nonce of its own; NULL: asks
	 * nobody */
	const char *realm;
	/* status and headers for each INVITE that was not challenged, with "\r\n" behind each line; NULL: it is a proxy */
	const char *answer;
};

struct proxy;
struct proxy *proxy_new(struct sim *sim, const struct proxy_cfg *cfg);
/* `next` has rung long enough: its INVITE is cancelled. To be said again until it has heard it. */
void proxy_give_up(struct proxy *p);
/* NULL is harmless. */
void proxy_free(struct proxy *p);

#endif
