#include "sip/route.h"

#include "base/err.h"

int route_first(const struct sip_request *req, struct sip_uri *ret_uri)
{
	struct sip_addr route;
	int err;

	if (req->n_routes == 0)
		return sip_uri_parse(req->target, ret_uri);
	err = sip_addr_parse(req->routes[0], &route);
	if (!err)
		*ret_uri = route.uri;
	return err;
}

bool route_is_strict(const struct sip_request *req, const struct sip_uri *first)
{
	return req->n_routes && !sip_uri_param(first, SLICE_LIT("lr"), NULL);
}

static void put(char **at, struct slice text)
{
	if (text.n)
		memcpy(*at, text.p, text.n);
	*at += text.n;
}

/* As it may stand in a Request-URI: no headers, no method parameter (RFC 3261 19.1.1, table 1). Never longer than it was. */
static struct slice put_request_uri(char **at, const struct sip_uri *u)
{
	struct slice head = u->text, params = u->params;
	struct sip_param param;
	char *start = *at;

	if (slice_present(u->params))
		head.n = (size_t)(u->params.p - head.p) - 1;
	else if (slice_present(u->headers))
		head.n = (size_t)(u->headers.p - head.p) - 1;
	put(at, head);
	while (slice_present(params) && sip_param_next(&params, &param) == 1) {
		if (slice_ieq(param.name, SLICE_LIT("method")))
			continue;
		put(at, SLICE_LIT(";"));
		put(at, param.name);
		if (!slice_present(param.value))
			continue;
		put(at, SLICE_LIT("="));
		put(at, param.value);
	}
	return slice_make(start, (size_t)(*at - start));
}

int route_aim_strict(const struct sip_request *req, const struct sip_uri *first, struct route_aim *ret_aim)
{
	struct route_aim *a = ret_aim;
	char *at = a->buf;

	if (req->n_routes > SIP_ROUTES_MAX || req->target.n + first->text.n + 2 > sizeof(a->buf))
		return OH_ETOOBIG;
	a->target = put_request_uri(&at, first);
	for (size_t i = 1; i < req->n_routes; i++)
		a->routes[i - 1] = req->routes[i];
	a->routes[req->n_routes - 1].p = at;
	put(&at, SLICE_LIT("<"));
	put(&at, req->target);
	put(&at, SLICE_LIT(">"));
	a->routes[req->n_routes - 1].n = (size_t)(at - a->routes[req->n_routes - 1].p);
	a->n_routes = req->n_routes;
	return 0;
}

int route_aim_secure(const struct sip_request *req, struct route_aim *ret_aim)
{
	struct route_aim *a = ret_aim;
	char *at = a->buf;

	if (req->n_routes > SIP_ROUTES_MAX)
		return OH_ETOOBIG;
	for (size_t i = 0; i < req->n_routes; i++) {
		struct slice route = req->routes[i];
		struct sip_addr addr;
		size_t scheme_end;
		int err = sip_addr_parse(route, &addr);

		if (err)
			return err;
		a->routes[i] = route;
		if (addr.uri.scheme != SIP_SCHEME_SIP)
			continue;
		if (route.n + 1 > sizeof(a->buf) - (size_t)(at - a->buf))
			return OH_ETOOBIG;
		scheme_end = (size_t)(addr.uri.scheme_text.p + addr.uri.scheme_text.n - route.p);
		a->routes[i] = slice_make(at, route.n + 1);
		put(&at, slice_make(route.p, scheme_end));
		put(&at, SLICE_LIT("s"));
		put(&at, slice_skip(route, scheme_end));
	}
	return 0;
}
