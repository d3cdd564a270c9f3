/*
 * Where a request goes (RFC 3263): from the URI of the next hop to flows, i.e. transport, our address and the
 * peer's. Numeric hosts are known at once, names are asked from the host's resolver. The transport is the one
 * the URI names, by default UDP; the port is the URI's or the default.
 */
#include "sip/stack_impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

#define LOCATE_FLOWS_MAX 8u   /* addresses of one name that are looked at */
#define LOCATE_NAME_MAX  253u /* RFC 1035 2.3.4 */

struct sip_locate {
	struct list link;
	struct sip_stack *stack;
	struct sip_transport *prefer;
	uint16_t port;
	struct host_dns *query;
	sip_locate_fn *fn;
	void *arg;
};

/* RFC 3263 4.1. Only UDP exists so far; what asks for anything else cannot be reached. */
static int check_transport(const struct sip_uri *u)
{
	struct slice name;

	if (u->scheme == SIP_SCHEME_SIPS)
		return err_detail(OH_ETRANSPORT, "no TLS transport for '%.*s'", SLICE_ARG(u->text));
	if (sip_uri_param(u, SLICE_LIT("transport"), &name) && !slice_ieq(name, SLICE_LIT("udp")))
		return err_detail(
			OH_ETRANSPORT, "no transport '%.*s' for '%.*s'", SLICE_ARG(name), SLICE_ARG(u->text));
	return 0;
}

/* Can t send to remote, and from which address? */
static int fit(struct sip_transport *t, const struct netaddr *remote, struct sip_flow *ret_flow)
{
	struct sip_flow f = {.transport = t, .remote = *remote};
	int err;

	if (!t->dgram || t->type != SIP_TRANSPORT_UDP || t->local.family != remote->family)
		return OH_ETRANSPORT;
	/* A socket on the loopback reaches nobody else. */
	if (netaddr_is_loopback(&t->local) && !netaddr_is_loopback(remote))
		return OH_EUNREACH;
	err = sip_transport_source(t, remote, &f.local);
	if (err)
		return err;
	*ret_flow = f;
	return 0;
}

static int flow_to(struct sip_stack *s, struct sip_transport *prefer, const struct netaddr *remote,
	struct sip_flow *ret_flow)
{
	int why = OH_ETRANSPORT;

	if (prefer && fit(prefer, remote, ret_flow) == 0)
		return 0;
	LIST_FOREACH (it, &s->transports) {
		int err = fit(CONTAINER_OF(it, struct sip_transport, link), remote, ret_flow);

		if (!err)
			return 0;
		if (err != OH_ETRANSPORT)
			why = OH_EUNREACH;
	}
	return why;
}

static void addresses(void *arg, int err, const struct netaddr *addrs, size_t n)
{
	struct sip_locate *q = arg;
	struct sip_flow flows[LOCATE_FLOWS_MAX];
	sip_locate_fn *fn = q->fn;
	void *fn_arg = q->arg;
	size_t found = 0;
	int why = err ? err : OH_ERESOLVE;

	for (size_t i = 0; !err && i < n && found < LOCATE_FLOWS_MAX; i++) {
		struct netaddr remote = addrs[i];
		int no_flow;

		remote.port = q->port;
		no_flow = flow_to(q->stack, q->prefer, &remote, &flows[found]);
		if (no_flow)
			why = no_flow;
		else
			found++;
	}
	q->query = NULL; /* it has run */
	sip_locate_cancel(q);
	fn(fn_arg, found ? 0 : why, flows, found);
}

static int ask(
	struct sip_stack *s, struct slice host, const struct sip_locate *what, struct sip_locate **ret_query)
{
	char name[LOCATE_NAME_MAX + 1];
	struct sip_locate *q;
	int err;

	if (host.n > LOCATE_NAME_MAX)
		return err_detail(OH_EURI, "a host name of more than %u characters", LOCATE_NAME_MAX);
	memcpy(name, host.p, host.n);
	name[host.n] = 0;
	q = mem_alloc(sizeof(*q));
	if (!q)
		return OH_ENOMEM;
	*q = *what;
	err = host_dns_addrs(s->host, name, 0, addresses, q, &q->query);
	if (err) {
		mem_free(q);
		return err;
	}
	list_append(&s->locates, &q->link);
	s->counters.locating++;
	*ret_query = q;
	return 0;
}

int sip_locate(struct sip_stack *s, const struct sip_uri *next_hop, struct sip_transport *prefer,
	sip_locate_fn *fn, void *arg, struct sip_locate **ret_query)
{
	struct sip_locate q = {.stack = s, .prefer = prefer, .fn = fn, .arg = arg};
	struct slice host = next_hop->host, maddr;
	struct netaddr remote;
	struct sip_flow flow;
	int err;

	if (next_hop->scheme != SIP_SCHEME_SIP && next_hop->scheme != SIP_SCHEME_SIPS)
		return err_detail(OH_ESCHEME, "'%.*s' cannot be reached by SIP", SLICE_ARG(next_hop->text));
	err = check_transport(next_hop);
	if (err)
		return err;
	if (sip_uri_param(next_hop, SLICE_LIT("maddr"), &maddr) && !slice_empty(maddr))
		host = maddr; /* RFC 3263 4: it stands for the host */
	if (slice_empty(host))
		return err_detail(OH_EURI, "no host in '%.*s'", SLICE_ARG(next_hop->text));
	q.port = next_hop->port ? next_hop->port : SIP_PORT;

	if (netaddr_parse_ip(host, q.port, &remote))
		return ask(s, host, &q, ret_query);
	err = flow_to(s, prefer, &remote, &flow);
	*ret_query = NULL;
	fn(arg, err, &flow, err ? 0 : 1);
	return 0;
}

void sip_locate_cancel(struct sip_locate *q)
{
	if (!q)
		return;
	if (q->query)
		host_dns_cancel(q->query);
	list_remove(&q->link);
	q->stack->counters.locating--;
	mem_free(q);
}

void sip_locates_transport_gone(struct sip_stack *s, struct sip_transport *t)
{
	LIST_FOREACH (it, &s->locates) {
		struct sip_locate *q = CONTAINER_OF(it, struct sip_locate, link);

		if (q->prefer == t)
			q->prefer = NULL;
	}
}

void sip_locates_free_all(struct sip_stack *s)
{
	while (!list_empty(&s->locates))
		sip_locate_cancel(CONTAINER_OF(list_first(&s->locates), struct sip_locate, link));
}
