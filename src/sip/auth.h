/*
 * Who we are: the credentials of one account and what servers have asked for so far (Digest: RFC 3261 22, RFC 7616,
 * RFC 8760). A request that carries a `struct sip_auth` is sent anew by its client transaction when it is challenged
 * (401, 407), and its user sees only how that ended. Passwords are wiped from memory with the last reference.
 *
 * What a challenge gets: nothing unless a credential is for its realm; inside a dialog nothing unless that realm was
 * met before by us asking, not by the peer (struct sip_auth_scope). So a peer that answers our BYE with a challenge of
 * a realm that it has heard of learns nothing that could be tried against a list of passwords.
 *
 * Thread: signalling.
 */
#ifndef OH_SIP_AUTH_H
#define OH_SIP_AUTH_H

#include "base/slice.h"

struct sip_auth;

/* The families of RFC 8760 2.1; each comes with -sess too. */
enum sip_auth_hash { SIP_AUTH_MD5, SIP_AUTH_SHA256, SIP_AUTH_SHA512_256, N_SIP_AUTH_HASHES };

/* Named limits: more is refused (what we are given), or not answered (what we are asked). */
#define SIP_AUTH_CREDENTIALS_MAX 1000u
#define SIP_AUTH_TEXT_MAX        1024u /* each of realm, user, password */
#define SIP_AUTH_REALMS_MAX      4u    /* asked for in one response, or in one dialog */

struct sip_credential {
	struct slice realm;    /* compared as it stands, case included; "*": every realm */
	struct slice user;     /* may differ from the URI's */
	struct slice password; /* absent: the hashes below */
	/* H(user:realm:password) in lower-case hexadecimal; absent: none. */
	struct slice ha1[N_SIP_AUTH_HASHES];
};

/* What a challenge inside a dialog is answered with. */
enum sip_auth_policy {
	/* In a dialog that we made: the realms that challenged its first request, and named realms that challenged this
	 * account before outside of any dialog. In a dialog that the peer made: nothing. */
	SIP_AUTH_MET,
	SIP_AUTH_NAMED, /* every realm that a credential names */
	SIP_AUTH_ANY    /* the same as outside of dialogs, "*" too */
};

struct sip_auth_cfg {
	const struct sip_credential
		*credentials; /* copied; for a challenge: the first that names its realm, else "*" */
	size_t n_credentials;
	/* Which families are answered, best first; none: all, in the server's order (RFC 8760 2.4). */
	enum sip_auth_hash prefer[N_SIP_AUTH_HASHES];
	size_t n_prefer;
	/* Send credentials with every request whose server has challenged before, not only with REGISTER and inside
	 * the dialog where it did. */
	bool initial_send;
	enum sip_auth_policy policy;
	/* A server that was shown credentials proves in its 2xx that it knows the password too (rspauth, RFC 7616 3.5), or the
	 * request ends with OH_EREFUSED. A call is not ended for that: it is told as a decision. */
	bool wants_proof;
};

/* OH_EINVAL: no user, a hash of the wrong length, neither password nor hash, a family twice;
 * OH_ETOOBIG, OH_ENOMEM. The detail names the credential by its number, never by its content. */
int sip_auth_new(const struct sip_auth_cfg *cfg, struct sip_auth **ret_auth);
struct sip_auth *sip_auth_ref(struct sip_auth *a);   /* NULL is harmless */
struct sip_auth *sip_auth_unref(struct sip_auth *a); /* returns NULL; NULL is harmless */

/* Where a request stands, and which realms may be answered there: a plain value, zero outside of dialogs. */
enum sip_auth_where { SIP_AUTH_OUTSIDE, SIP_AUTH_OUR_DIALOG, SIP_AUTH_THEIR_DIALOG };
struct sip_auth_scope {
	enum sip_auth_where where;
	size_t n_realms;
	uint64_t realms[SIP_AUTH_REALMS_MAX]; /* hashes of those that challenged the dialog's first request */
};

#endif
