/*
 * Who an account says it is in its calls (RFC 3323, RFC 3325), and from whom it takes the network's word for who calls.
 */
#ifndef OH_PHONE_IDENTITY_H
#define OH_PHONE_IDENTITY_H

#include "phone/call_impl.h"

struct offhook_identity_cfg;
struct identity;

/* From mem_alloc(). OH_EINVAL, OH_EURI, OH_ESCHEME with detail; OH_ENOMEM. */
int identity_new(const struct offhook_identity_cfg *cfg, struct identity **ret_identity);
struct identity *identity_free(struct identity *id); /* returns NULL; NULL is harmless */

/* NULL is everywhere an account that has said nothing. */
bool identity_is_anonymous(const struct identity *id);
/* The program's headers of an INVITE, and behind them what the identity adds. Errors as extras_new(). */
int identity_extras(const struct identity *id, const struct offhook_header *headers, size_t n,
	struct extras **ret_extras);
/* Is what comes from there believed? */
bool identity_trusts(const struct account *a, const struct netaddr *from);

/* "<sip:alice@192.0.2.1:5060>" without the user, unless it is an address that the registrar has made (RFC 5627). */
void identity_hide_user(char *contact);

#endif
