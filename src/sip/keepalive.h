/*
 * Keeping a flow alive (RFC 5626 3.5, 4.4): something small is sent over it again and again, so that NAT boxes and
 * firewalls keep their bindings, and its answer tells that the peer is still there.
 *
 * Over a connection: CRLF CRLF, answered by CRLF within 10 s (3.5.1, 4.4.1). Over UDP: a STUN binding request (3.5.2,
 * 4.4.2; RFC 8489), whose answer also says from which address the peer sees us. As servers we always answer both; the
 * stack does that by itself.
 *
 * Thread: signalling.
 */
#ifndef OH_SIP_KEEPALIVE_H
#define OH_SIP_KEEPALIVE_H

#include "sip/stack.h"

struct sip_keepalive;

enum sip_keepalive_way {
	SIP_KEEPALIVE_ANSWERED, /* as above; a missing answer fails the flow (RFC 5626: a registrar with outbound) */
	SIP_KEEPALIVE_BLIND /* CRLF CRLF of which no answer is expected: for peers that do not promise one */
};

/* Seconds; each wait is drawn anew between 80 % and 100 % of it (RFC 5626 4.4.1, 4.4.2). */
#define SIP_KEEPALIVE_STREAM_S 120u
#define SIP_KEEPALIVE_UDP_S    29u
#define SIP_KEEPALIVE_PONG_S   10u /* a connection whose pong stays out longer has failed */

struct sip_keepalive_cfg {
	enum sip_keepalive_way way;
	uint32_t interval_s; /* 0: the default of the flow's transport; Flow-Timer of the registrar (4.4) */
};

struct sip_keepalive_handler {
	/* The flow has failed: OH_ETIMEDOUT (no answer), OH_ECONN (the connection has closed), OH_EUNREACH, OH_ETRANSPORT.
	 * Once; the keep-alive has stopped, its owner frees it, here or later. */
	void (*failed)(void *arg, int err);
	/* It was answered. May be NULL. */
	void (*answered)(void *arg);
	/* The same, over UDP: the answer told the address at which the peer sees us, for the first time or another one than before
	 * (RFC 5626 4.4.2: a changed one means that the flow has failed; register anew). May be NULL. */
	void (*mapped)(void *arg, const struct netaddr *mapped, bool changed);
	void *arg;
};

/* The first one goes out after the first wait. A connection that is kept alive is not closed for being idle.
 * OH_ECONN: the flow's connection is not there; OH_ETRANSPORT; OH_ENOMEM. No callback runs from inside this call. */
int sip_keepalive_start(struct sip_stack *s, const struct sip_flow *flow, const struct sip_keepalive_cfg *cfg,
	const struct sip_keepalive_handler *handler, struct sip_keepalive **ret_keepalive);
/* Once now, out of turn (after sleep, or when an address has changed). */
void sip_keepalive_now(struct sip_keepalive *k);
/* Stops it; NULL is harmless. Returns NULL. */
struct sip_keepalive *sip_keepalive_free(struct sip_keepalive *k);

#endif
