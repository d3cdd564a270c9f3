/* The credentials of an account and those of its callers, from the public settings to what SIP works with. */
#ifndef OH_PHONE_ACCOUNT_AUTH_H
#define OH_PHONE_ACCOUNT_AUTH_H

#include "offhook/auth.h"
#include "sip/auth_server.h"

/* *ret is NULL when cfg is. Errors as sip_auth_new(), OH_EINVAL: an algorithm that we do not know; with detail. */
int account_auth_new(const struct offhook_auth_cfg *cfg, struct sip_auth **ret_auth);
int account_challenge_new(
	struct sip_stack *s, const struct offhook_challenge_cfg *cfg, struct sip_auth_server **ret_challenge);

#endif
