/*
 * What a client transaction asks of its credentials, in this order: auth_begin() when the request is new, then
 * auth_write() for the lines it is sent with; auth_challenged() for each 401 or 407, after which auth_write() again;
 * auth_accepted() for its final response. For the files of src/sip only.
 */
#ifndef OH_SIP_AUTH_ANSWER_H
#define OH_SIP_AUTH_ANSWER_H

#include "sip/auth.h"
#include "sip/stack.h"

/* Loops end: so often is a request sent again because it was challenged, and so often because a nonce was stale. */
#define AUTH_ROUNDS_MAX 6u
#define AUTH_STALE_MAX  3u

/* The request: slices are borrowed. */
struct auth_request {
	struct sip_stack *stack;
	enum sip_method method;
	struct slice method_text, uri, body;
	struct sip_auth_scope scope;
	uint64_t server; /* auth_server_key() of its next hop */
};

/* What the request shows, over all its tries. */
struct auth_shown {
	uint64_t key;   /* realm and kind */
	uint64_t nonce; /* the last one used */
	bool asked;     /* this request was challenged for it; else shown from memory */
};
struct auth_tried {
	struct auth_shown shown[SIP_AUTH_REALMS_MAX];
	size_t n;
	unsigned rounds, stale;
};

uint64_t auth_server_key(struct sip_stack *s, const struct sip_uri *next_hop);

/* Chooses what is shown without being asked (RFC 3261 22.3). */
void auth_begin(const struct sip_auth *a, const struct auth_request *req, struct auth_tried *ret_tried);
/* Header lines for all that is to be shown. OH_ETOOBIG, OH_ENOTSUP, OH_ENOMEM: nothing may be sent. */
int auth_write(
	struct sip_auth *a, const struct auth_request *req, struct auth_tried *tried, struct sip_writer *w);
/* 0: there is something to show that was not shown before. OH_EREFUSED: rejected (a wrong password), not for this
 * peer, or too often; OH_ENOENT: no credential for what was asked; OH_ENOMEM. The reason is in the log. */
int auth_challenged(struct sip_auth *a, const struct auth_request *req, struct sip_msg *response,
	struct auth_tried *tried);
/* RFC 7616 3.5, RFC 3261 20.6: a 2xx. False: it had to prove that the server knows the password, and does not. */
bool auth_accepted(struct sip_auth *a, const struct auth_request *req, const struct sip_msg *response,
	const struct auth_tried *tried);
/* What a dialog that this request made may be asked for. */
void auth_scope(const struct auth_tried *tried, struct sip_auth_scope *ret_scope);

#endif
