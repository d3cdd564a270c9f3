/*
 * The way of an account's requests outside of dialogs (RFC 3261 8.1.2): the route set that they are pre-loaded with, the
 * servers that they go to, and whether anything but TLS will do.
 */
#ifndef OH_PHONE_ACCOUNT_WAY_H
#define OH_PHONE_ACCOUNT_WAY_H

#include "offhook/phone.h"
#include "sip/txn.h"

struct account;

/* One block. */
struct account_way {
	size_t n_routes, n_servers;
	bool secure;
	struct slice list[]; /* routes, each a name-addr; then servers, each a URI */
};

struct way_cfg {
	const struct account_way
		*before; /* whose routes come first and whose policy holds too; NULL: nobody's */
	const char *const *proxies;
	size_t n_proxies;
	const char *const *servers;
	size_t n_servers;
	bool secure;
};
/* Everything is copied. OH_EURI, OH_ESCHEME, OH_EINVAL (too many, NULL), OH_EINSECURE (one of them names a transport
 * without TLS), OH_ENOMEM, with detail. From mem_alloc(). */
int account_way_new(const struct way_cfg *cfg, struct account_way **ret_way);

/* Sets what of the request is the account's: routes (those of its registrar behind its own, RFC 3608 6.1), servers, policy,
 * its flow (RFC 5626 4.3), its transport, who answers challenges. The request's target is set. routes is what it points
 * into. */
void account_way_of(const struct offhook_phone *p, const struct account *a, struct sip_request *req,
	struct slice routes[SIP_ROUTES_MAX]);

#endif
