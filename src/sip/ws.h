/*
 * WebSocket (RFC 6455) as a filter of connections (base/filter.h), for SIP (RFC 7118): the opening handshake both ways
 * with the subprotocol "sip", then one SIP message a WebSocket message. Text when it is UTF-8, binary when not; either is
 * taken. Pings are answered; the peer's goodbye is answered; what breaks the rules is told by a close code and fails.
 *
 * As a server it serves browsers too, so `origins` says whose pages may connect (RFC 6455 10.2); programs send no Origin.
 * A request that is none of ours gets its answer (400, 403, 404, 405, 426) and the filter has failed.
 *
 * Thread: signalling.
 */
#ifndef OH_SIP_WS_H
#define OH_SIP_WS_H

#include "base/filter.h"
#include "host/host.h"

struct tls_ctx;

/* Bytes of a request or answer of the handshake, with all its headers. */
#define WS_HEAD_MAX 8192u
/* Of a path, an origin, a host in the configuration. */
#define WS_TEXT_MAX 1024u

struct ws_cfg {
	struct host *host; /* borrowed: masks and keys are random */
	/* "/..."; client: what to ask for, server: the only one that is served; absent: "/", and a server serves all. */
	struct slice path;
	struct slice origin;         /* client: sent as Origin; absent: none */
	const struct slice *origins; /* server: the only pages that may connect; none: all */
	size_t n_origins;
	uint32_t max_message; /* bytes; 0: the largest SIP message */
};

/* Makes the filters of a transport; with `tls` they speak over TLS (wss), and it is taken when this succeeds. OH_EINVAL
 * (a text that cannot stand in a handshake), OH_ENOMEM. */
int ws_maker_new(const struct ws_cfg *cfg, struct tls_ctx *tls, struct filter_maker *ret_maker);

#endif
