/*
 * Inside of the client transactions, for txn_client.c and the client_*.c files only.
 *
 *	txn_client.c   the two machines
 *	client_auth.c  challenges: the same request again with credentials
 *	client_ways.c  fail-over: the same request again to another target
 */
#ifndef OH_SIP_CLIENT_IMPL_H
#define OH_SIP_CLIENT_IMPL_H

#include "sip/auth_answer.h"
#include "sip/txn_impl.h"

enum client_state {
	LOCATING,       /* the next hop's name is being looked up; nothing was sent */
	ABORTED,        /* cancelled while LOCATING; about to say so */
	HELD,           /* a CANCEL that waits for the INVITE's first provisional */
	CALLING,        /* INVITE sent */
	CALLING_CANCEL, /* ... and to be cancelled as soon as a provisional comes */
	PROCEEDING,     /* INVITE: a provisional came */
	CANCELLING,     /* ... and the CANCEL went out */
	COMPLETED,      /* INVITE: 300-699 came and was acknowledged */
	ACCEPTED,       /* INVITE: 2xx came */
	TRYING,         /* others: sent */
	N_PROCEEDING,   /* others: a provisional came */
	N_COMPLETED,    /* others: a final came */
	TERMINATED,
	N_STATES
};

struct sip_client {
	struct hash_node node; /* by branch, from the first sending on */
	struct list link;
	struct outgoing out;
	enum client_state state;
	enum sip_method method;
	struct txn_timer timer;
	struct sip_client_handler handler;
	struct sip_auth *auth;
	struct sip_auth_scope scope;
	struct auth_tried *tried; /* with auth only */
	uint64_t server;          /* whose challenges are remembered: auth_server_key() */
	struct other_ways *ways;  /* NULL: none */
	bool spare;               /* the user knows another target */
	bool secure;              /* only over TLS */
	uint64_t about;
	struct sip_client *cancel; /* HELD: ours alone, not published yet */
};

/* Sent, not to be cancelled, and without a final response: what may be tried again some other way. */
static inline bool client_is_open(const struct sip_client *c)
{
	return c->state == CALLING || c->state == PROCEEDING || c->state == TRYING ||
	       c->state == N_PROCEEDING;
}

/*
 * The user's request goes on in a new transaction with `next`, which is taken, also on failure. The old one is left
 * behind without a user: it acknowledges `response` (the final one that it got, or NULL) and absorbs its repeats.
 * OH_ENOMEM: nothing has changed. When `next` cannot be sent the user hears of it as ever.
 */
int client_restart(struct sip_client *c, struct outgoing *next, struct sip_msg *response);
/* Of one that was not sent yet: `next` (taken) goes in its place. */
void client_replace(struct sip_client *c, struct outgoing *next);

/* ---- fail-over (client_ways.c) ---- */

/* Is there another target behind this one? */
bool client_has_ways(const struct sip_client *c);
/* How long it waits for a first answer: sip_timers.try_ms when there is another target, else 64*T1. */
uint64_t client_patience_ms(const struct sip_client *c);
/* It could not even be sent: true when it may be sent now, to the next target. */
bool client_ways_unsent(struct sip_client *c, int err);
/* It failed without an answer. True: it is on its way to the next target. */
bool client_ways_failed(struct sip_client *c, int err);
/* A final response, or for a client that is through with it any. True: it was a 503, and the request is on its way to the
 * next target. */
bool client_ways_answered(struct sip_client *c, struct sip_msg *response);

/* ---- challenges (client_auth.c) ---- */

/* Header lines of credentials, of all realms together. */
#define CLIENT_CREDENTIALS_MAX 8192u

/* Prints into buf of CLIENT_CREDENTIALS_MAX what a new request is sent with; empty without credentials. OH_ENOMEM,
 * OH_ETOOBIG. */
int client_auth_begin(
	struct sip_client *c, const struct sip_request *req, char *buf, struct slice *ret_lines);
/* A final response to one that is open: true when it was a challenge and the request is on its way again. */
bool client_auth_answer(struct sip_client *c, struct sip_msg *response);
/* Any other final response: what the server wants from now on. False: it is no success, because the server had to prove
 * itself and did not. */
bool client_auth_done(struct sip_client *c, const struct sip_msg *response);

#endif
