/*
 * Transactions: the four machines of RFC 3261 17, with RFC 6026 (Accepted) and RFC 4320 (non-INVITE).
 *
 * A transaction keeps its key, its state, its timer and the bytes it may have to send again; not the parsed message.
 * A client transaction belongs to its user until its end was reported or sip_client_free(); it goes on by itself
 * (absorbing retransmissions) after the user let go. A server transaction belongs to the stack; the user may answer
 * it until its final response, after which (or after sip_server_detach()) the pointer must not be used any more.
 */
#ifndef OH_SIP_TXN_H
#define OH_SIP_TXN_H

#include "sip/auth.h"
#include "sip/stack.h"

/* ---- requests out ------------------------------------------------------------------------------------------ */

struct sip_client;

#define SIP_ROUTES_MAX 32u /* more: OH_ETOOBIG */

/* All slices are borrowed for the call only: the message is printed before sip_client_send() returns, or copied when
 * the next hop has to be looked up first. */
struct sip_request {
	enum sip_method method;
	struct slice method_text; /* for SIP_METHOD_OTHER */
	struct slice target;      /* Request-URI */
	/* The route set in order, each a name-addr; a first one without "lr" is a strict router (RFC 3261 12.2.1.1) */
	const struct slice *routes;
	size_t n_routes;
	struct slice from, to; /* whole header values, with tags */
	struct slice call_id;
	uint32_t cseq;
	struct slice contact;           /* whole value; absent: none */
	const struct sip_extra *extras; /* further headers */
	size_t n_extras;
	struct slice content_type, body;
	/* How it goes: given (flow.transport set), or located: from the first route or the target (RFC 3261 8.1.2) or,
	 * when there are servers, from these URIs in their order. */
	struct sip_flow flow;
	const struct slice *servers;
	size_t n_servers; /* at most SIP_HOPS_MAX */
	bool secure;      /* only over TLS, and so the dialog that it makes: OH_EINSECURE */
	/* for locating, when it fits the next hop (RFC 3261 18.1.1); NULL: any */
	struct sip_transport *prefer;
	/* Answers challenges; kept by reference. NULL: a 401 or 407 is a final response like any other. */
	struct sip_auth *auth;
	struct sip_auth_scope scope; /* zero: outside of dialogs */
	/* For an ACK to a 2xx: its INVITE, whose credentials it repeats (RFC 3261 22.1); NULL: none. */
	const struct sip_client *invite;
	/* A flow was given, and the user has another one for it: the wait is that of sip_timers.try_ms. A request that is
	 * located goes on to its next target by itself. */
	bool spare;
	uint64_t about; /* whom sip_stack_cfg.decision is told about */
};

/* Must its Contact be a sips URI: is the target or the first route one (RFC 3261 8.1.1.8)? */
bool sip_request_is_sips(const struct sip_request *req);
/* Its next hops (RFC 3261 8.1.2), for who locates them himself: servers, first route or target, and prefer and secure.
 * list: what they point into. OH_EURI, OH_ESYNTAX, OH_ETOOBIG. */
int sip_request_hops(
	const struct sip_request *req, struct sip_uri list[SIP_HOPS_MAX], struct sip_hops *ret_hops);

struct sip_client_handler {
	/*
	 * Every response that counts: provisionals (retransmissions too: INVITE only, the user compares), the final
	 * one, and for INVITE each 2xx that arrives until timer M (RFC 6026 7.2): more forks, or repeats that ask for
	 * the ACK again. `flow` is how it came. The ACK to 300-699 is sent by the transaction itself.
	 */
	void (*response)(void *arg, struct sip_msg *msg, const struct sip_flow *flow);
	/* It is over without (further) response: OH_ETIMEDOUT (timer B, F), OH_ETRANSPORT, OH_EUNREACH, OH_ERESOLVE;
	 * 0: the natural end after a final response. The client is freed when this returns. Exactly once unless freed
	 * by the user. */
	void (*done)(void *arg, int err);
	void *arg;
	/* The number of the same request sent again with credentials (RFC 3261 22.2): higher than any that its sequence
	 * has used. Inside a dialog: dialog_next_seq(). It may not free anything. NULL: the last one + 1. */
	uint32_t (*next_cseq)(void *arg);
};

/* Sends a request in a new client transaction. No callback runs from inside this call.
 * 0, or an error when nothing was sent: OH_ETRANSPORT, OH_EUNREACH, a wrapped errno, OH_EURI, OH_ESCHEME, OH_ETOOBIG,
 * OH_EINVAL (a CR or LF in a value), OH_ENOMEM. */
int sip_client_send(struct sip_stack *s, const struct sip_request *req,
	const struct sip_client_handler *handler, struct sip_client **ret_client);

/* CANCEL for a pending INVITE (RFC 3261 9.1): sent at once when a provisional has come, else when the first comes;
 * nothing when the final one has come. The INVITE then ends by its own 487, or by time-out 64*T1 after the CANCEL
 * (done with OH_ETIMEDOUT); one that was still being looked up ends with done(OH_EENDED), unsent. `extras`: e.g.
 * Reason. OH_ESTATE: not an INVITE; OH_ETOOBIG, OH_EINVAL, OH_ENOMEM. No callback runs from inside this call. */
int sip_client_cancel(struct sip_client *c, const struct sip_extra *extras, size_t n_extras);

/* The user lets go: no more callbacks; the transaction finishes by itself in the background. An INVITE still
 * pending is cancelled, and a 2xx that comes nevertheless goes to stack_handler.stray_2xx. NULL is harmless; returns
 * NULL. */
struct sip_client *sip_client_free(struct sip_client *c);

/* The branch of its Via (log, tests). */
struct slice sip_client_branch(const struct sip_client *c);
/* How it went (set once located). */
/* Went it over TLS because nothing else would do (RFC 3261 12.1.2: the secure flag)? */
bool sip_client_is_secure(const struct sip_client *c);
const struct sip_flow *sip_client_flow(const struct sip_client *c);
/* What it was sent with, and what a dialog that it made goes on with. NULL: none. */
struct sip_auth *sip_client_auth(const struct sip_client *c);
uint64_t sip_client_about(const struct sip_client *c);
struct sip_auth_scope sip_client_scope(const struct sip_client *c);

/* An ACK to a 2xx is a message of its own, without transaction (RFC 3261 13.2.2.4). It is kept to be sent again for
 * each repeated 2xx. req->method is SIP_ACK. Errors as sip_client_send(). */
struct sip_ack;
int sip_ack_send(struct sip_stack *s, const struct sip_request *req, struct sip_ack **ret_ack);
void sip_ack_again(struct sip_ack *a);
struct sip_ack *sip_ack_free(struct sip_ack *a);

/* ---- requests in ------------------------------------------------------------------------------------------- */

struct sip_reply {
	unsigned status;
	struct slice reason;  /* absent: the standard phrase */
	struct slice to_tag;  /* absent: the stack puts a stable one of its own (none in 100) */
	struct slice contact; /* whole value; absent: none */
	bool record_route;    /* copy the request's Record-Route (dialog-creating 18x and 2xx) */
	const struct sip_extra *extras;
	size_t n_extras;
	struct slice content_type, body;
};

struct sip_server_handler {
	/* CANCEL matched this INVITE before a final response: the stack has answered the CANCEL with 200 and the user
	 * now answers the INVITE with 487 (RFC 3261 9.2). */
	void (*cancel)(void *arg, struct sip_msg *msg);
	/* INVITE only: a response did not reach the peer (OH_EUNREACH or a wrapped errno). The transaction stays as it
	 * is (RFC 6026 7.1); the user may still answer. May be NULL. */
	void (*failed)(void *arg, int err);
	/* INVITE only: the transaction is over and freed when this returns. 0: the natural end (timer I after the ACK
	 * to a refusal, timer L after a 2xx); OH_ETIMEDOUT: no ACK to a refusal (timer H); OH_ETRANSPORT: its transport
	 * was closed. */
	void (*done)(void *arg, int err);
	void *arg;
};

/* From then on the user hears of it; may be called once, inside stack_handler.request or the dialog's. An INVITE
 * without it must be answered before that callback returns (else: 500); with it the pointer is good until `done`. */
void sip_server_handle(struct sip_server *t, const struct sip_server_handler *handler);
/* The user has gone: no more callbacks, the pointer is no longer good. If no final response was sent, the stack sends
 * 500. */
void sip_server_detach(struct sip_server *t);

/* Prints and sends. A 2xx to INVITE is passed through once per call of sip_respond()/sip_respond_again(): its
 * repetition until the ACK is the session's (RFC 3261 13.3.1.4). The final response to anything but an INVITE gives
 * the pointer back. OH_ESTATE: a final one was already sent. OH_EINVAL: a CR or LF in a value, or a status that RFC 4320
 * forbids: to anything but an INVITE no provisional (the stack sends its 100 when it is due) and no 408. OH_ETOOBIG,
 * OH_ENOMEM: nothing was sent, answer differently. OH_ETRANSPORT or a wrapped errno: it was sent in vain; the state is as
 * if it had arrived lost. */
int sip_respond(struct sip_server *t, const struct sip_reply *reply);
/* The bytes of the last response once more (2xx to INVITE, reliable provisionals). */
int sip_respond_again(struct sip_server *t);
/* status with standard phrase and nothing else; then detaches. */
void sip_refuse(struct sip_server *t, unsigned status, const char *reason);

enum sip_method sip_server_method(const struct sip_server *t);
const struct sip_flow *sip_server_flow(const struct sip_server *t); /* how the request came */
/* The user that its sender has proven to be (sip_auth_server_check()), good as long as `t`; absent: none. */
struct slice sip_server_proven(const struct sip_server *t);

#endif
