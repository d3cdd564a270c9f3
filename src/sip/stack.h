/*
 * The SIP stack of one phone: its transports, its transactions, its dialogs, and the door through which requests
 * that belong to none of them reach the user. One per phone, several in a process; no global state.
 *
 * Thread: signalling, everything here. Callbacks come last in whatever the stack does, so they may send, answer and
 * free (their own object) as they like.
 */
#ifndef OH_SIP_STACK_H
#define OH_SIP_STACK_H

#include "base/filter.h"
#include "base/list.h"
#include "host/host.h"
#include "sip/msg.h"
#include "sip/writer.h"

struct wheel;
struct wheel_timer;
struct sip_stack;
struct sip_server; /* a server transaction: txn.h */
struct sip_draft;

/* RFC 3261 17.1.1.1 and table 4; all in ms; 0 = the RFC's default. */
struct sip_timers {
	uint32_t t1, t2, t4; /* 500, 4000, 5000 */
	uint32_t timer_c_ms; /* not used by a user agent */
	/* How long an INVITE waits for a first answer from one of several targets before the next one is tried; others wait
	 * twice as long, because a server may stay silent for T2 (RFC 4320 4.1). 0: SIP_TRY_T1 * T1. The last target has
	 * the 64*T1 of RFC 3263 4.3. */
	uint32_t try_ms;
};

#define SIP_TRY_T1 8u /* four sendings over UDP, and half a second for the answer to the last */

/* How a message came or will go: which transport, from which of our addresses, to whom. A plain value. */
struct sip_flow {
	struct sip_transport *transport;
	struct netaddr local; /* concrete address (never any) and port */
	struct netaddr remote;
	/* of a stream transport: the connection by which a message came; it serves what goes back while it is there. 0: any
	 * one that leads to remote. Never given out again. */
	uint64_t conn;
	/* of TLS and WebSocket: the host that the URI asked for, as a number (peer_name.h). 0: nobody asked by a name. */
	uint64_t name;
};

#define SIP_ADMIT_DROP 1u

/* What is decided; the numbers are those of enum offhook_decision. */
enum sip_decision {
	SIP_DECIDED_TARGET = 1,
	SIP_DECIDED_FAILOVER,
	SIP_DECIDED_ASIDE,
	SIP_DECIDED_BACK,
	SIP_DECIDED_SIZE,
	SIP_DECIDED_CONNECTION,
	SIP_DECIDED_CONTACT,
	SIP_DECIDED_OFFER,
	SIP_DECIDED_NETWORK,
	SIP_DECIDED_PROOF
};

struct sip_stack_handler {
	/*
	 * A request outside any dialog that is sound (sip_msg_check) and whose transaction is new: INVITE, OPTIONS or
	 * another method of SIP_STACK_ALLOW. `server` must be answered sooner or later (sip_respond); an INVITE that
	 * is not answered before this returns needs sip_server_handle(), else the stack answers 500. An ACK never
	 * comes here. CANCEL is answered by the stack itself and reported to the INVITE's server transaction (txn.h).
	 */
	void (*request)(void *arg, struct sip_msg *msg, struct sip_server *server);
	/* A 2xx to an INVITE whose client transaction is gone (RFC 3261 13.2.2.4): acknowledge and end it, or ignore
	 * it. NULL: ignored. */
	void (*stray_2xx)(void *arg, struct sip_msg *msg, const struct sip_flow *flow);
	void *arg;
};

struct sip_stack_cfg {
	struct host *host;       /* borrowed */
	struct slice user_agent; /* copied; User-Agent of requests and Server of responses; empty = neither */
	struct sip_timers timers;
	struct sip_stack_handler handler;
	uint32_t max_server_txns; /* above it new requests get 503 with Retry-After; 0 = 100,000 */
	size_t max_server_bytes;  /* of text that server transactions keep; as above; 0 = 256 MB */
	/*
	 * Asked before a request outside any dialog costs a transaction. 0: it may come in; 300-699: refused with that (503
	 * with Retry-After) and forgotten; SIP_ADMIT_DROP: left without an answer. NULL: all come in.
	 */
	unsigned (*admit)(void *arg, struct sip_msg *msg, const struct sip_flow *flow);
	/* Asked before a connection that somebody makes to us costs anything: may he? NULL: everybody. */
	bool (*admit_conn)(void *arg, const struct sip_transport *t, const struct netaddr *peer);
	void *admit_arg;  /* of both */
	bool plain_names; /* names lead to their addresses alone: no NAPTR, no SRV */
	/* Hears what was decided and why, as a line of text. about: sip_request.about; 0: of no request alone. May be NULL. */
	void (*decision)(void *arg, enum sip_decision kind, uint64_t about, const char *text);
	void *decision_arg;
	/* May change what a message of ours says, once, before it leaves (draft.h). It calls nothing else of the stack. NULL: nobody. */
	void (*edit)(void *arg, struct sip_draft *draft);
	void *edit_arg;
	/* Sees every message sent (out = true) and received, parsed or not. May be NULL. */
	void (*trace)(void *arg, bool out, const struct sip_flow *flow, struct slice bytes);
	void *trace_arg;
};

int sip_stack_new(const struct sip_stack_cfg *cfg, struct sip_stack **ret_stack);
/* Ends all transactions without calling back, closes the transports. Dialogs must be gone. Returns NULL. */
struct sip_stack *sip_stack_free(struct sip_stack *s);

struct host *sip_stack_host(const struct sip_stack *s);
/* The wheel that all SIP timers turn on; it hangs on one host timer. Timers are armed by sip_stack_arm(). */
void sip_stack_arm(struct sip_stack *s, struct wheel_timer *t, uint64_t delay_ms);
/* Tells sip_stack_cfg.decision; nothing else happens. about: sip_request.about, or 0. */
void sip_decided(struct sip_stack *s, enum sip_decision kind, uint64_t about, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for a request that goes there first. */
void sip_decided_target(struct sip_stack *s, uint64_t about, struct slice method, const struct sip_flow *to);
const struct sip_timers *sip_stack_timers(const struct sip_stack *s); /* with the defaults filled in */
struct slice sip_stack_user_agent(const struct sip_stack *s);

/* The methods that this user agent takes, as they stand in Allow. What is not here gets 405 from the stack, or 501
 * when SIP_METHODS does not know it either. */
#define SIP_STACK_ALLOW \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY, MESSAGE"
/* The extensions it takes, as they stand in Supported. A Require of anything else gets 420 from the stack. */
#define SIP_STACK_SUPPORTED "100rel, timer, 199, replaces, norefersub"
/* ... and of an INVITE where its user, who refuses it by himself, allows it. */
#define SIP_STACK_ALLOWED_JOIN "join"

/* A random token of n characters [0-9a-z] for tags and Call-IDs, not to be guessed by others; terminates buf[n]. */
void sip_stack_token(struct sip_stack *s, char *buf, size_t n);

/* Something of the layers above that may outlive its owner (a call that waits for the answer to its BYE). When the
 * stack is freed, each is told first, frees itself and calls nobody. */
struct sip_stack_user {
	struct list link;
	void (*stack_gone)(struct sip_stack_user *user);
	/* Its owner is through with it, but the peer has not answered its last word (CANCEL, BYE) yet. */
	bool (*ending)(const struct sip_stack_user *user);
};
void sip_stack_attach(struct sip_stack *s, struct sip_stack_user *user);
void sip_stack_detach(struct sip_stack_user *user);
/* How many are ending: a phone that closes waits a while for 0. */
size_t sip_stack_ending(const struct sip_stack *s);

/* What is alive, for tests and limits. */
struct sip_counters {
	size_t client_txns, server_txns, dialogs, timers, transports, locating, conns;
	size_t unanswered; /* requests of ours without a final response, refused INVITEs without their ACK, and what
			    * sip_stack_owe() adds */
	uint64_t rx_messages, rx_dropped, tx_messages, tx_retransmits;
};
/* A layer above has something to say to a peer that it cannot say yet (+1), or has said it (-1). */
void sip_stack_owe(struct sip_stack *s, int change);
void sip_stack_counters(const struct sip_stack *s, struct sip_counters *ret_counters);

/* ---- transports (transport.c, transport_udp.c, transport_stream.c) ---- */

enum sip_transport_type {
	SIP_TRANSPORT_UDP = 1,
	SIP_TRANSPORT_TCP,
	SIP_TRANSPORT_TLS,
	SIP_TRANSPORT_WS,
	SIP_TRANSPORT_WSS
};

struct sip_transport_cfg {
	/* UDP, TCP; the others speak through a filter and need its maker, else OH_ENOTSUP */
	enum sip_transport_type type;
	struct netaddr local; /* port 0: any free one */
	/* published instead of the local address, at most SIP_PUBLIC_HOST_MAX bytes; copied; absent =
	 * none */
	struct slice public_host;
	uint16_t public_port; /* 0 = the local port */
	uint8_t dscp;
	/* Of streams: */
	struct filter_maker maker; /* taken: its `free` runs when the transport goes, or at once on failure */
	uint32_t max_conns,
		max_conns_ip; /* in all, accepted from one address; 0 = conn.h's SIP_CONNS_MAX, _IP_MAX */
	uint32_t idle_s;      /* an unused connection closes after; 0 = SIP_CONN_IDLE_S */
	/* WS and WSS: it connects and takes no connections; nobody is told an address of it (RFC 7118 5) */
	bool connect_only;
};
#define SIP_PUBLIC_HOST_MAX 255u
/* OH_ENOTSUP, OH_EINVAL (public_host), OH_ENOMEM, or a wrapped errno (EADDRINUSE ...). */
int sip_transport_new(
	struct sip_stack *s, const struct sip_transport_cfg *cfg, struct sip_transport **ret_transport);
/* Transactions on it end with OH_ETRANSPORT. Returns NULL. */
struct sip_transport *sip_transport_free(struct sip_transport *t);
struct netaddr sip_transport_local(const struct sip_transport *t);
enum sip_transport_type sip_transport_type(const struct sip_transport *t);
const char *sip_transport_name(enum sip_transport_type type); /* "UDP" */
bool sip_transport_is_secure(enum sip_transport_type type);   /* TLS, WSS */
/* "host:port" to publish in Via and Contact when speaking to flow->remote; the port always stands there, but for a
 * transport that takes no connections: that one has an invalid name (RFC 7118 5). buf of SIP_SENT_BY_MAX bytes is enough. */
#define SIP_SENT_BY_MAX 272
struct slice sip_flow_sent_by(const struct sip_flow *f, char *buf, size_t cap);
/* "<sip:user@host:port>" (";transport=tcp" etc. where needed); user may be empty. secure: a sips URI (RFC 3261 8.1.1.8,
 * 12.1.1). OH_ETOOBIG; OH_EINSECURE: who is reached there is not reached by TLS. */
int sip_flow_contact_as(const struct sip_flow *f, bool secure, struct slice user, char *buf, size_t cap,
	struct slice *ret_contact);
int sip_flow_contact(
	const struct sip_flow *f, struct slice user, char *buf, size_t cap, struct slice *ret_contact);
bool sip_flow_reliable(const struct sip_flow *f);
/* Why, for people, while a transaction is being told of OH_ETLS or OH_ECERT. */
struct slice sip_stack_secure_fault(const struct sip_stack *s);
/* Does it name a connection that is still there? */
bool sip_flow_is_connected(const struct sip_flow *f);
/* From which address of ours would it leave now? f->local follows. OH_EUNREACH (no route, or the address that the transport
 * is bound to has gone) or a wrapped errno: unchanged. */
int sip_flow_follow(struct sip_flow *f);
/* Our addresses may have changed: what is known of the ways out is forgotten, and connections from addresses that are no
 * longer ours end (OH_ECONN to who waits on them). True: since the last time something was said of an address that we had
 * no more already, so that no flow tells what its peer believes. */
bool sip_stack_moved(struct sip_stack *s);
/* One message, once. 0 (also when the buffer of a UDP socket is full: to SIP that is one more lost packet, and while a
 * connection is being opened), OH_ETRANSPORT (the transport is gone), OH_ETOOBIG, OH_ECONN (the peer does not read),
 * OH_ETOOMANY (connections), OH_ENOMEM or a wrapped errno. */
int sip_flow_send(const struct sip_flow *f, struct slice bytes);

/* ---- finding the next hop (locate.c; RFC 3263) ---- */

struct sip_locate;
/* err 0: flows (at least one), best first. OH_ERESOLVE, OH_ETRANSPORT (no transport of that kind or family),
 * OH_EUNREACH (no route). */
typedef void sip_locate_fn(void *arg, int err, const struct sip_flow *flows, size_t n);
/* Next hops, in the order in which they are to be tried. */
#define SIP_HOPS_MAX 8u
#define SIP_WAYS_MAX 16u /* flows that they lead to, all together */
struct sip_hops {
	const struct sip_uri *list;
	size_t n;
	struct sip_transport *prefer; /* see sip_locate() */
	bool secure; /* only over TLS, whatever URIs and records say; what names another transport: OH_EINSECURE */
};
/* As sip_locate() for several; an error when none of them can be looked for. */
int sip_locate_any(struct sip_stack *s, const struct sip_hops *hops, sip_locate_fn *fn, void *arg,
	struct sip_locate **ret_query);
/* Where a request with this next-hop URI goes. After 0 fn runs exactly once, before sip_locate() returns when nothing has
 * to be asked (then *ret_query is NULL). prefer: use this transport when it fits, and one of its type when the URI leaves
 * that open; or NULL. After an error fn never runs: OH_ESCHEME (not sip or sips), OH_EURI (no host), OH_ETRANSPORT (as above), OH_ENOMEM. */
int sip_locate(struct sip_stack *s, const struct sip_uri *next_hop, struct sip_transport *prefer,
	sip_locate_fn *fn, void *arg, struct sip_locate **ret_query);
/* fn will not run. Accepts NULL. */
void sip_locate_cancel(struct sip_locate *q);
/* Its target has failed lately, and is tried after all others for now. */
bool sip_flow_aside(struct sip_stack *s, const struct sip_flow *flow);

#endif
