/* Inside of the server transactions, for txn_server.c, txn_match.c and uas.c only. */
#ifndef OH_SIP_TXN_SERVER_IMPL_H
#define OH_SIP_TXN_SERVER_IMPL_H

#include "sip/txn_impl.h"

enum server_state {
	I_TRYING,     /* INVITE: nothing was sent */
	I_PROCEEDING, /* a provisional was sent */
	I_COMPLETED,  /* 300-699 was sent, no ACK yet */
	I_CONFIRMED,  /* ... and acknowledged */
	I_ACCEPTED,   /* 2xx was sent */
	N_TRYING,     /* others: nothing was sent */
	N_PROCEEDING, /* our 100 was sent */
	N_EXPIRED,    /* the client has given up; the user does not know yet (RFC 4320 4.2) */
	N_COMPLETED,  /* a final was sent */
	TERMINATED,
	N_STATES
};

/* Who the sender has proven to be, and what a 2xx says to that: Authentication-Info, or nothing. */
struct server_proof {
	struct slice user, info;
	char texts[];
};

struct sip_server {
	struct hash_node node;  /* by key */
	struct hash_node merge; /* by what two paths of one request have in common */
	struct list link;
	struct sip_stack *stack;
	enum server_state state;
	enum sip_method method;
	struct txn_timer timer;
	struct sip_flow flow; /* as it came */
	struct netaddr reply_to;
	struct sip_server_handler handler;
	struct reply_head head;     /* until the final response */
	struct server_proof *proof; /* NULL: its sender has proven nothing */
	char *last;                 /* the response to repeat */
	size_t last_n;
	char to_tag[SIP_TO_TAG_MAX + 1]; /* of the last response that had one */
	bool magic;
	size_t key_n;
	char key[];
};

/* ---- matching (txn_match.c) ---- */

/* The key of RFC 3261 17.2.3, with or without cookie. It leaves out the method, because ACK and CANCEL look
 * for another one, and the To tag, because an ACK has one that the INVITE had not. */
#define SERVER_KEY_MAX 4096u
struct server_key {
	char text[SERVER_KEY_MAX];
	size_t n;
	uint64_t hash;
	bool magic;
};
/* OH_ETOOBIG: longer than any sound request makes it. */
int server_key_make(struct sip_stack *s, struct sip_msg *request, struct server_key *ret_key);

struct sip_server *server_find(struct sip_stack *s, const struct server_key *key, enum sip_method method);
/* The transaction that a CANCEL with this key means, of whatever method. */
struct sip_server *server_find_cancelled(struct sip_stack *s, const struct server_key *key);
/* The INVITE that an ACK with this key means. */
struct sip_server *server_find_acked(struct sip_stack *s, const struct server_key *key, struct slice to_tag);
/* RFC 3261 8.2.2.2: has this request come by another path already? */
bool server_is_merged(struct sip_stack *s, struct sip_msg *request);
/* What the paths of one request have in common: From tag, Call-ID, CSeq. The hash alone decides: it is keyed, so
 * nobody can aim at another's, and by chance it is one in 2^64. */
uint64_t server_merge_hash(struct sip_stack *s, struct sip_msg *request);

/* ---- the machine (txn_server.c) ---- */

int server_new(struct sip_stack *s, struct sip_msg *request, const struct server_key *key,
	const struct sip_flow *flow, struct sip_server **ret_server);
void server_repeated(struct sip_server *t);
/* True: absorbed; false: an ACK to a 2xx, for the dialog. */
bool server_acked(struct sip_server *t);
void server_cancelled(struct sip_server *t, struct sip_msg *cancel);
/* The To tag of its responses, as sent or as it will be. buf: SIP_TO_TAG_MAX + 1. */
struct slice server_to_tag(const struct sip_server *t, char *buf);
/* Its sender has proven to be this user; its 2xx say `info` in Authentication-Info (empty: nothing). OH_ENOMEM. */
int server_prove(struct sip_server *t, struct slice user, struct slice info);
/* The user's callback has returned: an INVITE that it neither answered nor took gets 500. */
void server_settle(struct sip_stack *s, const struct server_key *key);

#endif
