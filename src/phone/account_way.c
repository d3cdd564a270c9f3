#include "phone/account_way.h"

#include "base/mem.h"
#include "phone/account_reg.h"
#include "phone/phone_impl.h"
#include "phone/uri_text.h"

/* ---- settings ---- */

/* A transport that the policy forbids is told at once, not by every call. */
static int check_secure(const struct sip_addr *addr)
{
	static const struct slice plain[] = {SLICE_LIT("udp"), SLICE_LIT("tcp")};
	struct slice name;

	if (addr->uri.scheme == SIP_SCHEME_SIPS || !sip_uri_param(&addr->uri, SLICE_LIT("transport"), &name))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (slice_ieq(name, plain[i]))
			return err_detail(
				OH_EINSECURE, "'%.*s' is not reached by TLS", SLICE_ARG(addr->uri.text));
	return 0;
}

struct texts {
	struct slice list[SIP_ROUTES_MAX + SIP_HOPS_MAX];
	bool bare[SIP_ROUTES_MAX + SIP_HOPS_MAX]; /* a route without brackets: it gets them */
	size_t n, bytes;
};

static int take(const struct way_cfg *cfg, const char *what, const char *const *list, size_t n, bool routes,
	struct texts *t)
{
	if (n > OFFHOOK_PROXIES_MAX)
		return err_detail(OH_EINVAL, "at most %d %s", OFFHOOK_PROXIES_MAX, what);
	for (size_t i = 0; i < n; i++) {
		struct sip_addr addr;
		int err = uri_text_parse(list[i], &addr);

		if (!err && cfg->secure)
			err = check_secure(&addr);
		if (err)
			return err;
		t->bare[t->n] = routes && !addr.angled;
		t->list[t->n] = routes ? slice_trim(addr.text) : addr.uri.text;
		t->bytes += t->list[t->n++].n + 2;
	}
	return 0;
}

static void take_before(const struct account_way *before, struct texts *t)
{
	for (size_t i = 0; before && i < before->n_routes; i++) {
		t->list[t->n] = before->list[i];
		t->bare[t->n] = false;
		t->bytes += t->list[t->n++].n + 2;
	}
}

static struct slice copy(char **at, struct slice text, bool bare)
{
	char *start = *at;

	if (bare)
		*(*at)++ = '<';
	memcpy(*at, text.p, text.n);
	*at += text.n;
	if (bare)
		*(*at)++ = '>';
	return slice_make(start, (size_t)(*at - start));
}

int account_way_new(const struct way_cfg *cfg, struct account_way **ret_way)
{
	struct texts t = {.n = 0};
	struct way_cfg c = *cfg;
	struct account_way *w;
	size_t n_routes;
	char *at;
	int err;

	c.secure = cfg->secure || (cfg->before && cfg->before->secure);
	take_before(cfg->before, &t);
	err = take(&c, "proxies", cfg->proxies, cfg->n_proxies, true, &t);
	n_routes = t.n;
	if (!err)
		err = take(&c, "servers", cfg->servers, cfg->n_servers, false, &t);
	if (err)
		return err;
	w = mem_alloc(sizeof(*w) + t.n * sizeof(w->list[0]) + t.bytes);
	if (!w)
		return OH_ENOMEM;
	w->n_routes = n_routes;
	w->n_servers = t.n - n_routes;
	w->secure = c.secure;
	at = (char *)&w->list[t.n];
	for (size_t i = 0; i < t.n; i++)
		w->list[i] = copy(&at, t.list[i], t.bare[i]);
	*ret_way = w;
	return 0;
}

/* ---- requests ---- */

/* RFC 3608 6.1: the service route is appended to what leads out of here. A registrar that names the proxy that was
 * configured anyway is not passed twice. */
static size_t add_service_route(const struct account *a, struct slice routes[SIP_ROUTES_MAX], size_t n)
{
	const struct slice *more;
	size_t n_more = account_reg_routes(a->reg, &more);
	struct sip_addr last, first;

	if (n && n_more && sip_addr_parse(routes[n - 1], &last) == 0 &&
		sip_addr_parse(more[0], &first) == 0 && sip_uri_eq(&last.uri, &first.uri))
		n--;
	for (size_t i = 0; i < n_more && n < SIP_ROUTES_MAX; i++)
		routes[n++] = more[i];
	return n;
}

void account_way_of(const struct offhook_phone *p, const struct account *a, struct sip_request *req,
	struct slice routes[SIP_ROUTES_MAX])
{
	const struct transport *t = a->transport ? transport_find(p, a->transport) : NULL;
	const struct account_way *w = a->way;
	struct sip_flow own;

	memcpy(routes, w->list, w->n_routes * sizeof(routes[0]));
	req->routes = routes;
	req->n_routes = add_service_route(a, routes, w->n_routes);
	req->servers = &w->list[w->n_routes];
	req->n_servers = w->n_servers;
	req->secure = w->secure;
	req->prefer = t ? t->sip : NULL;
	req->auth = a->auth;
	if (account_reg_flow(a->reg, &own))
		req->flow = own;
}
