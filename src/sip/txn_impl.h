/*
 * Inside of the transactions, for request.c, reply.c, uas.c and the txn_*.c files only.
 */
#ifndef OH_SIP_TXN_IMPL_H
#define OH_SIP_TXN_IMPL_H

#include "sip/stack_impl.h"

/* ---- time (txn.c) ---- */

#define TXN_NEVER UINT64_MAX

/* The two timers that a transaction needs at a time, on one: when to do something again, and
 * when it is over. */
struct txn_timer {
	struct wheel_timer wheel;
	uint32_t retry_ms;   /* 0: nothing to do again */
	uint64_t give_up_ns; /* TXN_NEVER: no end */
};
/* Both from now. */
void txn_timer_set(struct sip_stack *s, struct txn_timer *t, uint32_t retry_ms, uint64_t give_up_ms);
/* The end stays where it is. */
void txn_timer_retry(struct sip_stack *s, struct txn_timer *t, uint32_t retry_ms);
/* It has fired: is it the end? */
bool txn_timer_is_over(struct sip_stack *s, const struct txn_timer *t);

/* ---- requests out (request.c) ---- */

/* Raw text that is known to be sound. */
static inline void sipw_put(struct sip_writer *w, struct slice text)
{
	if (text.n && w->n + text.n <= w->cap)
		memcpy(w->buf + w->n, text.p, text.n);
	w->n += text.n;
}

#define SIP_BRANCH_TOKEN 16u
#define SIP_BRANCH_MAX   (sizeof("z9hG4bK") + SIP_BRANCH_TOKEN)

/*
 * A printed request. The order of its headers is ours: Via, Route, Max-Forwards, From, Call-ID, To, CSeq, the
 * rest. So the ACK to a refusal and the CANCEL, which repeat what stands before To or CSeq, are made by
 * copying (RFC 3261 17.1.1.3, 9.1), and what follows CSeq may be cut off when the request itself is not
 * needed again.
 */
struct request_text {
	char *p; /* from mem_alloc() when kept */
	uint32_t n;
	uint32_t uri;  /* where the Request-URI begins */
	uint32_t via;  /* behind the request line */
	uint32_t to;   /* the To line */
	uint32_t cseq; /* the CSeq line */
	uint32_t auth; /* the lines with credentials, up to ... */
	uint32_t auth_end;
	uint32_t body;
	uint32_t number;
};

/* Where else a request may go: the targets behind the first, in their order. One block. */
struct other_ways {
	size_t n, next;
	struct sip_flow list[];
};

/* A request on its way: printed, then located, then complete with its Via. */
struct outgoing {
	struct sip_stack *stack;
	struct request_text text;
	struct sip_flow flow;
	struct other_ways *others; /* NULL: none, or no memory for them */
	struct sip_locate *query;  /* while its host name is looked up */
	void (*ready)(void *arg, int err);
	void *arg;
	int err;
	uint64_t about;
	char branch[SIP_BRANCH_MAX];
};

/* Only over TLS: the policy, or a sips URI (RFC 3261 26.2.2). */
bool request_wants_tls(const struct sip_request *req);
/* The URI whose host is asked first (RFC 3261 8.1.2). OH_EURI, OH_ESYNTAX. */
int request_next_hop(const struct sip_request *req, struct sip_uri *ret_uri);
/* Prints and locates. credentials: header lines, or empty. After 0: complete when o->query is NULL, else ready() will run once. */
int outgoing_start(struct outgoing *o, struct sip_stack *s, const struct sip_request *req,
	struct slice credentials, void (*ready)(void *arg, int err), void *arg);
int outgoing_send(const struct outgoing *o);
/* The same request as a new one: its flow and number, a branch of its own, these credentials. `from` must be whole.
 * OH_ETOOBIG, OH_ENOMEM. */
int outgoing_again(const struct outgoing *from, const struct sip_flow *flow, uint32_t cseq,
	struct slice credentials, struct outgoing *ret_next);
/* Keeps what an ACK or a CANCEL needs and gives the rest back. */
void outgoing_trim(struct outgoing *o);
void outgoing_drop(struct outgoing *o);
/* Keeps what the ACK to a 2xx repeats, and gives the rest back. */
void outgoing_keep_credentials(struct outgoing *o);
/* The credentials that an INVITE was last sent with: its ACK repeats them (RFC 3261 22.1). */
struct slice client_credentials(const struct sip_client *invite);
struct slice outgoing_credentials(const struct outgoing *o);
/* Of one that is whole. */
struct slice outgoing_uri(const struct outgoing *o);
struct slice outgoing_body(const struct outgoing *o);
struct slice outgoing_branch(const struct outgoing *o);

/* The CANCEL of an INVITE, complete, in o (which has the same branch and flow). */
int outgoing_cancel(
	struct outgoing *o, const struct outgoing *invite, const struct sip_extra *extras, size_t n_extras);
/* Sends the ACK to a response 300-699 (RFC 3261 17.1.1.3). */
int outgoing_ack(const struct outgoing *invite, const struct sip_msg *response);

/* ---- replies (reply.c) ---- */

#define SIP_TO_TAG_MAX 40u /* of tags that we make */

/* What every response to one request repeats (RFC 3261 8.2.6.2), printed once:
 * Via, From, Call-ID, CSeq | Record-Route | Timestamp | To, without the end of its line. */
struct reply_head {
	char *p; /* from mem_alloc() when kept */
	uint32_t n;
	uint32_t record_route, timestamp, to;
	bool to_tagged; /* the request had a To tag */
};

/* Prints the head into the stack's own room. OH_ESYNTAX: no Via. OH_ETOOBIG, OH_ENOMEM. */
int reply_head_print(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow,
	struct reply_head *ret_head);
/* Prints a response into the stack's room. tag: for a To that has none; auth_info: of Authentication-Info; absent: none. */
int reply_print(struct sip_stack *s, const struct reply_head *head, const struct sip_reply *reply,
	struct slice tag, struct slice auth_info, struct slice *ret_text);
/* Where responses to this request go (RFC 3261 18.2.2, RFC 3581 4). OH_ESYNTAX: no Via. */
int reply_address(struct sip_msg *request, const struct sip_flow *flow, struct netaddr *ret_to);
/* Answers without a transaction (RFC 3261 8.2.7): the same request always gets the same To tag, unless
 * reply->to_tag gives one. Not for an ACK. */
void reply_stateless(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow,
	const struct sip_reply *reply);
/* A To tag that follows from a number. buf: SIP_TO_TAG_MAX + 1. */
struct slice reply_tag(uint64_t number, char *buf);

/* ---- all of them at once ---- */

void server_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer, int err);
void server_transport_gone(struct sip_stack *s, struct sip_transport *t);
void server_free_all(struct sip_stack *s);

/* Those without a final response that went by this connection. */
void client_conn_gone(struct sip_stack *s, const struct sip_flow *flow, int err);
void client_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer, int err);
void client_transport_gone(struct sip_stack *s, struct sip_transport *t);
void client_free_all(struct sip_stack *s);

#endif
