/* What a URI says of the way to it, and which of our transports reach an address. */
#include "sip/locate_impl.h"

#include "base/err.h"

/* ---- transports ---- */

uint16_t locate_default_port(enum sip_transport_type type)
{
	static const uint16_t ports[TRANSPORTS] = {[SIP_TRANSPORT_UDP] = SIP_PORT,
		[SIP_TRANSPORT_TCP] = SIP_PORT,
		[SIP_TRANSPORT_TLS] = 5061,
		[SIP_TRANSPORT_WS] = 80,
		[SIP_TRANSPORT_WSS] = 443};

	return ports[type];
}

unsigned locate_ours(const struct sip_stack *s, uint8_t family)
{
	unsigned bits = 0;

	LIST_FOREACH (it, &s->transports) {
		const struct sip_transport *t = CONTAINER_OF(it, struct sip_transport, link);

		if (!family || t->local.family == family)
			bits |= 1u << t->type;
	}
	return bits;
}

/* What the transport parameter asks for; sips makes it secure (RFC 3261 26.2.2). 0: nothing that we know. */
static enum sip_transport_type named_type(struct slice name, enum sip_scheme scheme)
{
	static const struct {
		struct slice name;
		enum sip_transport_type sip, sips;
	} rows[] = {
		{SLICE_LIT("udp"), SIP_TRANSPORT_UDP, 0},
		{SLICE_LIT("tcp"), SIP_TRANSPORT_TCP, SIP_TRANSPORT_TLS},
		{SLICE_LIT("tls"), SIP_TRANSPORT_TLS, SIP_TRANSPORT_TLS},
		{SLICE_LIT("ws"), SIP_TRANSPORT_WS, SIP_TRANSPORT_WSS},
		{SLICE_LIT("wss"), SIP_TRANSPORT_WSS, SIP_TRANSPORT_WSS},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_ieq(name, rows[i].name))
			return scheme == SIP_SCHEME_SIPS ? rows[i].sips : rows[i].sip;
	return 0;
}

static bool is_open(const struct sip_stack *s, const struct sip_transport *t)
{
	LIST_FOREACH (it, &s->transports)
		if (CONTAINER_OF(it, struct sip_transport, link) == t)
			return true;
	return false;
}

/* RFC 3263 4.1: UDP for sip, TCP (with TLS) for sips. The program's or the dialog's transport counts for more, and a
 * stack without the default takes what it has. 0: nothing fits. */
static enum sip_transport_type open_type(const struct aim *a)
{
	static const enum sip_transport_type order[] = {
		SIP_TRANSPORT_UDP, SIP_TRANSPORT_TCP, SIP_TRANSPORT_TLS, SIP_TRANSPORT_WS, SIP_TRANSPORT_WSS};
	unsigned have = locate_ours(a->stack, 0);
	if (a->prefer && (!a->secure || sip_transport_is_secure(a->prefer->type)))
		return a->prefer->type;
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (have & 1u << order[i] && (!a->secure || sip_transport_is_secure(order[i])))
			return order[i];
	return 0;
}

static int choose_type(struct aim *a, const struct sip_uri *u)
{
	unsigned have = locate_ours(a->stack, 0);
	struct slice name;

	a->type_open = !sip_uri_param(u, SLICE_LIT("transport"), &name);
	a->type = a->type_open ? open_type(a) : named_type(name, u->scheme);
	/* RFC 7118 5.1: one name for both kinds; the secure one does for whom we reach by no other. */
	if (a->type == SIP_TRANSPORT_WS && (a->secure || !(have & 1u << SIP_TRANSPORT_WS)))
		a->type = SIP_TRANSPORT_WSS;
	if (a->type && a->secure && !sip_transport_is_secure(a->type))
		return err_detail(OH_EINSECURE, "'%.*s' is not reached by TLS", SLICE_ARG(u->text));
	if (a->type && have & 1u << a->type)
		return 0;
	if (a->type_open)
		return err_detail(OH_ETRANSPORT, "no %stransport for '%.*s'", a->secure ? "TLS " : "",
			SLICE_ARG(u->text));
	return err_detail(
		OH_ETRANSPORT, "no transport '%.*s' for '%.*s'", SLICE_ARG(name), SLICE_ARG(u->text));
}

int locate_aim(struct sip_stack *s, const struct sip_uri *u, const struct sip_hops *hops, struct aim *ret_aim)
{
	struct aim aim = {.stack = s,
		.secure = hops->secure || u->scheme == SIP_SCHEME_SIPS,
		.prefer = hops->prefer && is_open(s, hops->prefer) ? hops->prefer : NULL,
		.host = u->host,
		.port = u->port};
	struct slice maddr;
	int err;

	if (u->scheme != SIP_SCHEME_SIP && u->scheme != SIP_SCHEME_SIPS)
		return err_detail(OH_ESCHEME, "'%.*s' cannot be reached by SIP", SLICE_ARG(u->text));
	err = choose_type(&aim, u);
	if (err)
		return err;
	if (sip_uri_param(u, SLICE_LIT("maddr"), &maddr) && !slice_empty(maddr))
		aim.host = maddr; /* RFC 3263 4: it stands for the host */
	if (slice_empty(aim.host))
		return err_detail(OH_EURI, "no host in '%.*s'", SLICE_ARG(u->text));
	*ret_aim = aim;
	return 0;
}

/* ---- flows ---- */

/* Can t send to remote, and from which address? */
static int fit(struct sip_transport *t, enum sip_transport_type type, const struct netaddr *remote,
	struct sip_flow *ret_flow)
{
	struct sip_flow f = {.transport = t, .remote = *remote};
	int err;

	if (t->type != type || t->local.family != remote->family)
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

/* A filter will want to know. */
static void note_name(const struct aim *a, struct sip_flow *f)
{
	if (f->transport->maker.make)
		f->name = peer_names_note(&a->stack->names, a->host);
}

int locate_flow_to(const struct aim *a, enum sip_transport_type type, const struct netaddr *remote,
	struct sip_flow *ret_flow)
{
	int why = OH_ETRANSPORT;

	if (a->prefer && fit(a->prefer, type, remote, ret_flow) == 0) {
		note_name(a, ret_flow);
		return 0;
	}
	LIST_FOREACH (it, &a->stack->transports) {
		int err = fit(CONTAINER_OF(it, struct sip_transport, link), type, remote, ret_flow);

		if (!err) {
			note_name(a, ret_flow);
			return 0;
		}
		if (err != OH_ETRANSPORT)
			why = OH_EUNREACH;
	}
	return why;
}
