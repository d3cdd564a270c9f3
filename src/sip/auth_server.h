/*
 * Who is calling: requests are challenged (401) and their credentials checked (RFC 3261 22.2, RFC 7616, RFC 8760).
 *
 * A challenge costs no memory: its nonce carries the time and a keyed hash. Only a nonce that was answered rightly is
 * remembered, with the counts that were used with it, so that nobody can send the same proof twice; of those the
 * oldest is given up first, and whatever is as old as it is stale from then on.
 *
 * Thread: signalling.
 */
#ifndef OH_SIP_AUTH_SERVER_H
#define OH_SIP_AUTH_SERVER_H

#include "sip/auth.h"
#include "sip/txn.h"

struct sip_auth_server;

/* Named limits. */
#define SIP_AUTH_SERVER_NONCES 1024u /* remembered at a time */
#define SIP_AUTH_SERVER_WINDOW 64u   /* so far may one count overtake another */

struct sip_auth_server_cfg {
	struct slice realm; /* copied; without quotes and backslashes */
	/* Whom we know: realm is ignored; copied, wiped when it ends. At most SIP_AUTH_CREDENTIALS_MAX. */
	const struct sip_credential *users;
	size_t n_users;
	/* Asked for, best first; none: SHA-256, then MD5 (RFC 8760 2.3: one challenge each). */
	enum sip_auth_hash hashes[N_SIP_AUTH_HASHES];
	size_t n_hashes;
	uint32_t nonce_s; /* how long a nonce is good; 0: 300 */
};

/* OH_EINVAL (realm; as sip_auth_new()), OH_ETOOBIG, OH_ENOMEM. */
int sip_auth_server_new(
	struct sip_stack *s, const struct sip_auth_server_cfg *cfg, struct sip_auth_server **ret_server);
struct sip_auth_server *sip_auth_server_free(struct sip_auth_server *a);

/* Does this request prove that it comes from one of the users? 0: *ret_user is its name, good as long as `a`.
 * OH_EREFUSED: it does not, and was answered 401; `t` is used up. Not for ACK and CANCEL (RFC 3261 22.1). */
int sip_auth_server_check(
	struct sip_auth_server *a, struct sip_msg *request, struct sip_server *t, struct slice *ret_user);

#endif
