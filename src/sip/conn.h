/*
 * Connections of the stream transports (RFC 3261 18): one struct for each, named by an id that is never given out again,
 * so a flow may name a connection that has gone. Between its socket and SIP may stand a filter (base/filter.h: TLS,
 * WebSocket); without one the bytes are SIP.
 *
 *	CONNECTING --> OPENING --> OPEN --> CLOSING
 *	(we connect)   (filter)             (what we still say is on its way; what comes is thrown away)
 *
 * A request to an address that a connection leads to uses it (18.1.1); a response goes back on the connection that its
 * request came by, while that is there (18.2.2). Nobody but the socket's own callbacks ends a connection: sending may
 * fail but closes nothing, so no transaction is told of an end from inside its own sending.
 *
 * Inside of src/sip only. Thread: signalling.
 */
#ifndef OH_SIP_CONN_H
#define OH_SIP_CONN_H

#include "base/filter.h"
#include "sip/stack_impl.h"

/* Named limits and times: what strangers can make us hold, and for how long. */
#define SIP_CONNS_MAX       10000u            /* of a transport, unless its settings say otherwise */
#define SIP_CONNS_IP_MAX    100u              /* accepted from one address */
#define SIP_CONN_OPEN_MS    5000u             /* to connect, and for the handshake of a filter */
#define SIP_CONN_FIRST_MS   32000u            /* an accepted one says something until then */
#define SIP_CONN_MESSAGE_MS 10000u            /* from the first byte of a message to its last */
#define SIP_CONN_LINGER_MS  2000u             /* to say the last words */
#define SIP_CONN_IDLE_S     900u              /* unless its settings say otherwise */
#define SIP_CONN_YOUNG_MS   32000u            /* 64*T1: one used since then gives its place to nobody */
#define SIP_CONN_IN_MAX     (2 * SIP_MSG_MAX) /* bytes that came and are not worked on */
#define SIP_CONN_OUT_MAX    (256u << 10)      /* bytes that wait to be sent */

enum conn_state { CONN_CONNECTING, CONN_OPENING, CONN_OPEN, CONN_CLOSING };

struct bytes {
	char *p; /* NULL: none */
	size_t n, cap;
};

struct sip_conn {
	struct hash_node by_id, by_peer;
	struct list link; /* of its transport: who was not used for longest comes first */
	struct sip_transport *transport;
	uint64_t id;
	enum conn_state state;
	bool accepted;
	struct netaddr local, peer;
	uint64_t name; /* of the flow that it was opened for */
	struct host_stream *stream;
	struct filter *filter; /* or NULL */
	struct wheel_timer timer;
	uint64_t limit_ns; /* when what it is at must be done; 0: no limit */
	uint64_t used_ns;  /* last message or ping */
	struct bytes in;   /* came, not worked on */
	struct bytes out;  /* said before the filter was open */
	size_t scanned;    /* of `in`: no end of a head in these */
	bool begun;        /* the first line of the message was looked at */
	size_t need;       /* the message in `in` is complete with so many; 0: not known */
	unsigned pings;    /* ours, unanswered */
	unsigned kept;     /* keep-alives on it */
	uint32_t messages; /* received */
};

/* ---- life (conn.c) ---- */

/* A connection to flow->remote, or the one that flow->conn names; made when there is none. OH_ETOOMANY, OH_ECONN, or as
 * host_stream_connect(). */
int sip_conn_for(const struct sip_flow *flow, struct sip_conn **ret_conn);
/* The one that is there, or NULL. */
struct sip_conn *sip_conn_known(const struct sip_flow *flow);
/* NULL: gone. */
struct sip_conn *sip_conn_find(struct sip_stack *s, uint64_t id);
/* Somebody has connected. */
void sip_conn_accept(struct sip_transport *t, struct host_stream *stream);
struct sip_flow sip_conn_flow(const struct sip_conn *c);
/* It has ended, in order or not: its transactions and keep-alives hear of it. c is gone afterwards. */
void sip_conn_lost(struct sip_conn *c, int err);
/* Those from addresses that are no longer ours: nobody finds them from now on, and they end by sip_conns_lose(). */
void sip_conns_moved(struct sip_transport *t, struct list *gone);
void sip_conns_lose(struct list *gone);
/* No more words from there; ours go out, then it ends. */
void sip_conn_finish(struct sip_conn *c);
/* It was of use. */
void sip_conn_used(struct sip_conn *c);
/* Arms the timer for what it is at. */
void sip_conn_arm(struct sip_conn *c);
void sip_conn_enter(struct sip_conn *c, enum conn_state state);
/* The transport closes. Nobody is called. */
void sip_conns_free_all(struct sip_transport *t);

/* ---- bytes (conn_io.c) ---- */

extern const struct host_stream_handler sip_conn_handler; /* its arg is the connection */

/* The socket is there: the filter begins, or SIP. */
void sip_conn_begin(struct sip_conn *c);
int sip_conn_send(struct sip_conn *c, struct slice bytes);
int bytes_add(struct bytes *b, size_t max, struct slice more);
void bytes_drop(struct bytes *b, size_t n); /* from the front */
void bytes_free(struct bytes *b);

/* ---- framing (conn_frame.c) ---- */

/* Takes the next message off the front of c->in into s->in, answering pings on the way. 0; OH_EAGAIN: none is complete;
 * otherwise the framing is lost, and what could be answered was answered. */
int sip_conn_next(struct sip_conn *c, struct slice *ret_message);

#endif
