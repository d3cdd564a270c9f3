/*
 * Inside of the credentials, for the files auth*.c only.
 *
 *	auth.c         the credentials: copied, checked, wiped
 *	auth_nonce.c   what servers have asked for: the last challenge of each realm, and the count of its nonce
 *	auth_answer.c  which challenges are answered, and the header lines that do it
 */
#ifndef OH_SIP_AUTH_IMPL_H
#define OH_SIP_AUTH_IMPL_H

#include "base/list.h"
#include "sip/auth_answer.h"
#include "sip/digest.h"

#define AUTH_NONCES_MAX   16u /* remembered for an account */
#define AUTH_CNONCE_TOKEN 20u

/* Its texts stand behind the array, in the same block: one wipe takes them all. */
struct credential {
	struct slice realm, user, password;
	struct slice ha1[N_SIP_AUTH_HASHES];
};

/* A challenge that we have answered or are about to. Its texts stand behind it, as they came. */
struct nonce {
	struct list link; /* sip_auth.nonces, the last one used first */
	uint64_t key;     /* of its realm and kind: auth_key() */
	uint64_t server;  /* who asked: auth_request.server */
	bool proxy;       /* Proxy-Authenticate */
	bool outside;     /* asked outside of dialogs */
	bool named;       /* it said its algorithm: so do we */
	bool userhash, utf8;
	struct digest_algorithm algorithm;
	enum digest_qop qop;
	uint32_t count;                     /* of requests with it */
	char cnonce[AUTH_CNONCE_TOKEN + 1]; /* one for all of them: -sess wants the first */
	struct slice realm, nonce, opaque;
	char texts[];
};

struct sip_auth {
	size_t refs;
	struct credential *credentials;
	size_t n_credentials, size; /* of the block, in bytes */
	enum sip_auth_hash prefer[N_SIP_AUTH_HASHES];
	size_t n_prefer;
	bool initial_send;
	enum sip_auth_policy policy;
	bool wants_proof;
	struct list nonces;
	size_t n_nonces;
};

static inline bool auth_is_any(const struct credential *c)
{
	return slice_eq(c->realm, SLICE_LIT("*"));
}

/* For a realm (its value, not its quoted form): the one that names it, else "*"; only those that can do `hash`. */
const struct credential *auth_credential(
	const struct sip_auth *a, struct slice realm, enum sip_auth_hash hash);

/* A challenge as it came. */
struct challenge {
	uint64_t key;
	bool proxy, stale;
	struct digest_algorithm algorithm;
	enum digest_qop qop;
	struct digest_fields fields;
};

/* NULL when it is not there. */
struct nonce *nonce_find(const struct sip_auth *a, uint64_t key);
/* Takes the place of what that realm asked before. OH_ENOMEM. */
int nonce_keep(struct sip_auth *a, const struct auth_request *req, const struct challenge *c);
/* RFC 7616 3.5: the server wants this one from now on. Without memory the old one stays. */
void nonce_renew(struct sip_auth *a, struct nonce *n, struct slice next);
void nonces_free_all(struct sip_auth *a);

#endif
