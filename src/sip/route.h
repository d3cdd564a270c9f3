/*
 * The aim of a request (RFC 3261 8.1.2, 12.2.1.1): which URI stands in its first line, which ones in Route, and whose host is
 * asked first, for a route set of a dialog as for a pre-loaded one. Inside of src/sip only.
 */
#ifndef OH_SIP_ROUTE_H
#define OH_SIP_ROUTE_H

#include "sip/txn.h"

/* The URI of the first route, or the target. OH_EURI, OH_ESYNTAX. */
int route_first(const struct sip_request *req, struct sip_uri *ret_uri);

/* Is the first route a strict router, one without loose routing? first: as route_first() gave it. */
bool route_is_strict(const struct sip_request *req, const struct sip_uri *first);

/* A strict router replaces the Request-URI by the first Route: so its own URI stands in the first line, and the target
 * travels as the last Route. */
#define ROUTE_AIM_MAX 8192u
struct route_aim {
	struct slice target;
	struct slice routes[SIP_ROUTES_MAX];
	size_t n_routes;
	char buf[ROUTE_AIM_MAX];
};
/* Of a request to a sips URI: the routes as sips URIs too (RFC 5630 5.1.1). OH_ETOOBIG, OH_ESYNTAX, OH_EURI. */
int route_aim_secure(const struct sip_request *req, struct route_aim *ret_aim);
/* Of a request whose first route is strict. It points into req and itself. OH_ETOOBIG. */
int route_aim_strict(const struct sip_request *req, const struct sip_uri *first, struct route_aim *ret_aim);

#endif
