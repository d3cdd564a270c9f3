/*
 * Who is calling: requests are challenged (401) and their credentials checked (RFC 3261 22.2, RFC 7616, RFC 8760).
 *
 * A challenge costs no memory: its nonce carries the time and a keyed hash. Only a nonce that was answered rightly is
 * remembered, with the counts that were used with it, so that nobody can send the same proof twice; of those the
 * oldest is given up first, and whatever is as old as it is stale from then on.
 *
 * Who has proven itself hears in the 2xx that we know the password too (Authentication-Info, RFC 7616 3.5), and which nonce
 * to take from now on, before its own one grows stale. Who is wrong too often is not listened to for a while
 * (auth_limit.h).
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
	/* Asked for users that are not among them: 0 and a credential (its realm is ignored, its texts are good until the
	 * next call), or OH_ENOENT. NULL: there are no others. Must not block. */
	int (*find)(void *arg, struct slice user, struct sip_credential *ret_user);
	void *find_arg; /* from mem_alloc(), taken on success; or NULL */
};

/* OH_EINVAL (realm; as sip_auth_new()), OH_ETOOBIG, OH_ENOMEM. */
int sip_auth_server_new(
	struct sip_stack *s, const struct sip_auth_server_cfg *cfg, struct sip_auth_server **ret_server);
struct sip_auth_server *sip_auth_server_free(struct sip_auth_server *a);

/* Does this request prove that it comes from one of the users? 0: sip_server_proven() is its name. OH_EREFUSED: it does
 * not, and was answered (401; 403 to who was wrong too often; 500 without memory); `t` is used up. Not for ACK and CANCEL
 * (RFC 3261 22.1). */
int sip_auth_server_check(struct sip_auth_server *a, struct sip_msg *request, struct sip_server *t);

#endif
