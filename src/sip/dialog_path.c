/*
 * Route sets and remote targets: RFC 3261 12.1.1, 12.1.2, 12.2.1.1.
 */
#include "sip/dialog_path.h"

#include "base/err.h"
#include "base/mem.h"

struct slice dialog_put(char **at, struct slice text)
{
	char *start = *at;

	for (size_t i = 0; i < text.n; i++)
		start[i] = text.p[i] == '\r' || text.p[i] == '\n' ? ' ' : text.p[i];
	*at += text.n;
	return slice_make(start, text.n);
}

static int path_new(struct slice target, const struct slice *routes, size_t n, struct dialog_path **ret_path)
{
	size_t size = target.n;
	struct dialog_path *p;
	char *at;

	for (size_t i = 0; i < n; i++)
		size += routes[i].n;
	if (size > DIALOG_TEXT_MAX)
		return OH_ETOOBIG;
	p = mem_zalloc(sizeof(*p) + n * sizeof(p->routes[0]) + size);
	if (!p)
		return OH_ENOMEM;
	at = (char *)&p->routes[n];
	p->target = dialog_put(&at, target);
	p->n_routes = n;
	for (size_t i = 0; i < n; i++)
		p->routes[i] = dialog_put(&at, routes[i]);
	*ret_path = p;
	return 0;
}

static bool path_is_strict(const struct dialog_path *p)
{
	struct sip_addr first;

	return p->n_routes && sip_addr_parse(p->routes[0], &first) == 0 &&
	       !sip_uri_param(&first.uri, SLICE_LIT("lr"), NULL);
}

int path_from_msg(
	struct sip_msg *msg, enum route_order order, struct slice fallback, struct dialog_path **ret_path)
{
	struct slice routes[DIALOG_ROUTES_MAX], target = fallback;
	const struct sip_addr *list = NULL, *contact;
	size_t n = 0;
	int err = sip_msg_routes(msg, SIP_HDR_RECORD_ROUTE, &list, &n);

	if (err && err != OH_ENOENT)
		return err;
	if (err)
		n = 0;
	if (n > DIALOG_ROUTES_MAX)
		return OH_ETOOBIG;
	err = sip_msg_contact(msg, &contact);
	if (err == 0 && !contact->star)
		target = contact->uri.text;
	else if (err != OH_ENOENT || !slice_present(fallback))
		return err ? err : OH_ESYNTAX;
	for (size_t i = 0; i < n; i++)
		routes[order == ROUTES_REVERSED ? n - 1 - i : i] = slice_trim(list[i].text);
	err = path_new(target, routes, n, ret_path);
	if (err == 0)
		(*ret_path)->strict = path_is_strict(*ret_path);
	return err;
}

int path_retarget(const struct dialog_path *old, struct slice target, struct dialog_path **ret_path)
{
	int err = path_new(target, old->routes, old->n_routes, ret_path);

	if (err == 0)
		(*ret_path)->strict = old->strict;
	return err;
}

/* A URI as it may stand in a Request-URI: no headers, no method parameter (RFC 3261 19.1.1, table 1). */
static struct slice put_request_uri(char **at, const struct sip_uri *u)
{
	struct slice head = u->text, params = u->params;
	struct sip_param param;
	char *start = *at;

	if (slice_present(u->params))
		head.n = (size_t)(u->params.p - head.p) - 1;
	else if (slice_present(u->headers))
		head.n = (size_t)(u->headers.p - head.p) - 1;
	dialog_put(at, head);
	while (slice_present(params) && sip_param_next(&params, &param) == 1) {
		if (slice_ieq(param.name, SLICE_LIT("method")))
			continue;
		dialog_put(at, SLICE_LIT(";"));
		dialog_put(at, param.name);
		if (!slice_present(param.value))
			continue;
		dialog_put(at, SLICE_LIT("="));
		dialog_put(at, param.value);
	}
	return slice_make(start, (size_t)(*at - start));
}

int path_aim(const struct dialog_path *p, struct sip_request *req, struct slice routes[DIALOG_ROUTES_MAX],
	char buf[PATH_AIM_MAX])
{
	struct slice last = slice_make(buf, 0);
	struct sip_addr first;
	char *at = buf;
	int err;

	if (!p->strict) {
		req->target = p->target;
		req->routes = p->routes;
		req->n_routes = p->n_routes;
		return 0;
	}
	err = sip_addr_parse(p->routes[0], &first);
	if (err)
		return err;
	/* The strict router replaces the Request-URI by the first Route: the target travels as
	 * the last one. */
	dialog_put(&at, SLICE_LIT("<"));
	dialog_put(&at, p->target);
	dialog_put(&at, SLICE_LIT(">"));
	last.n = (size_t)(at - buf);
	for (size_t i = 1; i < p->n_routes; i++)
		routes[i - 1] = p->routes[i];
	routes[p->n_routes - 1] = last;
	req->target = put_request_uri(&at, &first.uri);
	req->routes = routes;
	req->n_routes = p->n_routes;
	req->next_hop = req->target;
	return 0;
}
