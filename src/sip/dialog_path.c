/*
 * Route sets and remote targets: RFC 3261 12.1.1, 12.1.2.
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
	return path_new(target, routes, n, ret_path);
}

int path_retarget(const struct dialog_path *old, struct slice target, struct dialog_path **ret_path)
{
	return path_new(target, old->routes, old->n_routes, ret_path);
}
