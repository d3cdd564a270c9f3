/*
 * Inside of the credentials, for the files auth*.c only.
 */
#ifndef OH_SIP_AUTH_IMPL_H
#define OH_SIP_AUTH_IMPL_H

#include "sip/auth.h"

/* Its texts stand behind it, in the same block: one wipe takes them all. */
struct credential {
	struct slice realm, user, password;
	struct slice ha1[N_SIP_AUTH_HASHES];
};

struct sip_auth {
	size_t refs;
	struct credential *credentials;
	size_t n_credentials, size; /* of the block, in bytes */
	enum sip_auth_hash prefer[N_SIP_AUTH_HASHES];
	size_t n_prefer;
	bool initial_send;
	enum sip_auth_policy policy;
};

#endif
