/* Which transports and hosts serve a domain: NAPTR and SRV records (RFC 3263 4.1, 4.2). */
#include "sip/locate_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/dns_order.h"

#include <stdio.h>

/* ---- NAPTR: RFC 3263 4.1 ---- */

static struct service *add_service(struct seek *q, enum sip_transport_type type)
{
	struct service *s;

	if (q->n_services == SERVICES_MAX)
		return NULL;
	s = &q->services[q->n_services++];
	s->type = type;
	return s;
}

/* "SIP+D2U" and the like (RFC 3263 4.1, RFC 7118 10.2). 0: another service, or where TLS is needed not a safe one. */
static enum sip_transport_type naptr_type(const struct dns_naptr *r, bool secure)
{
	static const struct {
		struct slice service;
		enum sip_transport_type type;
	} rows[] = {
		{SLICE_LIT("SIP+D2U"), SIP_TRANSPORT_UDP},
		{SLICE_LIT("SIP+D2T"), SIP_TRANSPORT_TCP},
		{SLICE_LIT("SIPS+D2T"), SIP_TRANSPORT_TLS},
		{SLICE_LIT("SIP+D2W"), SIP_TRANSPORT_WS},
		{SLICE_LIT("SIPS+D2W"), SIP_TRANSPORT_WSS},
	};

	if (!slice_ieq(slice_of(r->flags), SLICE_LIT("s")) || r->has_regexp || !r->replacement[0])
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_ieq(slice_of(r->service), rows[i].service) &&
			(!secure || sip_transport_is_secure(rows[i].type)))
			return rows[i].type;
	return 0;
}

/* Those of the first order that has something for us, and of no later one (RFC 3403 4.1): a domain that wants TLS is not
 * reached without it when TLS fails. */
void locate_take_naptr(struct seek *q, struct dns_records *records)
{
	unsigned have = locate_ours(q->aim.stack, 0);
	const struct dns_naptr *first = NULL;

	dns_naptr_order(records->naptr, records->n);
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_naptr *r = &records->naptr[i];
		enum sip_transport_type type = naptr_type(r, q->aim.secure);
		struct service *s;

		if (!type || !(have & 1u << type))
			continue;
		if (first && first->order != r->order)
			break;
		s = add_service(q, type);
		if (!s)
			break;
		first = first ? first : r;
		memcpy(s->name, r->replacement, sizeof(s->name));
	}
}

/* ---- SRV: RFC 3263 4.1, 4.2, RFC 2782 ---- */

/* For WebSocket there are SRV records behind NAPTR only: RFC 7118 gives them no name of their own. */
static const char *srv_prefix(enum sip_transport_type type)
{
	switch (type) {
	case SIP_TRANSPORT_UDP:
		return "_sip._udp.";
	case SIP_TRANSPORT_TCP:
		return "_sip._tcp.";
	case SIP_TRANSPORT_TLS:
		return "_sips._tcp.";
	default:
		return NULL;
	}
}

static void add_named_service(struct seek *q, enum sip_transport_type type)
{
	const char *prefix = srv_prefix(type);
	struct service *s;

	if (!prefix || strlen(prefix) + strlen(q->name) > DNS_NAME_MAX)
		return;
	s = add_service(q, type);
	if (s)
		snprintf(s->name, sizeof(s->name), "%s%s", prefix, q->name);
}

void locate_guess_services(struct seek *q)
{
	static const enum sip_transport_type others[] = {
		SIP_TRANSPORT_UDP, SIP_TRANSPORT_TCP, SIP_TRANSPORT_TLS};
	unsigned have = locate_ours(q->aim.stack, 0);

	add_named_service(q, q->aim.type);
	for (size_t i = 0; q->aim.type_open && i < ARRAY_LEN(others); i++)
		if (others[i] != q->aim.type && have & 1u << others[i] &&
			(!q->aim.secure || sip_transport_is_secure(others[i])))
			add_named_service(q, others[i]);
}

void locate_take_srv(struct seek *q, struct service *s, const struct dns_records *records)
{
	size_t size = offsetof(struct dns_records, srv) + records->n * sizeof(records->srv[0]);

	s->answered = true;
	s->srv = mem_alloc(size);
	if (!s->srv) {
		q->err = OH_ENOMEM;
		return;
	}
	memcpy(s->srv, records, size);
	dns_srv_order(q->aim.stack->host, s->srv->srv, s->srv->n);
}

void locate_add_host(struct seek *q, enum sip_transport_type type, const char *name, uint16_t port)
{
	struct host_target *h;

	if (q->n_hosts == HOSTS_MAX)
		return;
	h = &q->hosts[q->n_hosts++];
	h->type = type;
	h->port = port ? port : locate_default_port(type);
	snprintf(h->name, sizeof(h->name), "%s", name);
}

void locate_hosts_of_services(struct seek *q)
{
	bool any = false;

	for (size_t i = 0; i < q->n_services; i++) {
		const struct service *s = &q->services[i];

		any |= s->answered;
		for (size_t k = 0; s->srv && k < s->srv->n; k++)
			if (s->srv->srv[k].target[0])
				locate_add_host(q, s->type, s->srv->srv[k].target, s->srv->srv[k].port);
	}
	if (!any)
		locate_add_host(q, q->n_services ? q->services[0].type : q->aim.type, q->name, 0);
}
