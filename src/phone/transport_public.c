/*
 * The public address of a transport as a number, for session descriptions: Via and Contact may hold a name, but many
 * phones take none in SDP. The name is looked up when the transport is opened, and anew while calls are made or come,
 * because such a name may move.
 */
#include "phone/account.h"
#include "phone/phone_impl.h"

/* How long what was found is believed. */
#define PUBLIC_KEPT_NS (60 * NS_PER_S)

static void found(void *arg, int err, const struct netaddr *addrs, size_t n, uint32_t ttl_s)
{
	struct transport *t = arg;

	(void)ttl_s;
	t->public_query = NULL;
	/* A resolver that fails for a while takes nothing back. */
	if (!err && n > 0)
		t->public_ip = addrs[0];
}

struct netaddr transport_public_ip(struct offhook_phone *p, struct transport *t)
{
	uint8_t family = sip_transport_local(t->sip).family;
	uint64_t now = host_now(p->host);
	struct netaddr none = {0};

	if (!t->public_host)
		return none;
	if (netaddr_parse_ip(slice_of(t->public_host), 0, &t->public_ip) == 0)
		return t->public_ip.family == family ? t->public_ip : none;
	if (!t->public_query && (!t->public_asked_ns || now - t->public_asked_ns > PUBLIC_KEPT_NS)) {
		t->public_asked_ns = now;
		/* Failed: asked again in a minute. */
		(void)host_dns_addrs(p->host, t->public_host, family, found, t, &t->public_query);
	}
	return t->public_ip;
}

void transport_public_renew(struct offhook_phone *p, struct transport *t)
{
	t->public_asked_ns = 0;
	(void)transport_public_ip(p, t);
}

void transport_public_forget(struct transport *t)
{
	if (t->public_query)
		host_dns_cancel(t->public_query);
	t->public_query = NULL;
}
