/*
 * Where a request goes (RFC 3263): from the URI of the next hop to flows, i.e. transport, our address and the peer's.
 *
 *	the URI          says the transport, the port, the address, or leaves them open
 *	NAPTR            which transports the domain wants to be reached by            (nothing else was said)
 *	SRV              which hosts and ports serve such a transport, in their order  (no port was said)
 *	A and AAAA       where these hosts are, both families (RFC 7984)
 *	flows            those that a transport of ours reaches; who failed lately comes last (target.h)
 *
 * Each step asks all its questions at once and goes on when the last is answered; what the cache knows costs no time.
 */
#include "sip/stack_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/dns_cache.h"
#include "sip/dns_order.h"
#include "sip/target.h"

#include <stdio.h>

#define FLOWS_MAX    8u /* that are handed on */
#define SERVICES_MAX 4u /* names of SRV records that are looked at */
#define HOSTS_MAX    8u /* hosts whose addresses are looked up */

/* How long a slow name server is waited for when another question has brought an address: for the other family of a host
 * (as RFC 8305 3), for another host. */
#define SLOW_FAMILY_MS 300u
#define SLOW_HOST_MS   2000u

enum step { ASK_NAPTR, ASK_SRV, ASK_ADDRS };
enum family { IP6, IP4, N_FAMILIES }; /* in the order of trying: RFC 6157 6, RFC 7984 3.1 */

#define TRANSPORTS (SIP_TRANSPORT_WSS + 1u)

struct question {
	struct dns_wait wait;
	struct sip_locate *owner;
	int type;
	size_t index; /* of its service or host */
};

/* Something to look up the SRV records of. */
struct service {
	enum sip_transport_type type;
	char name[DNS_NAME_MAX + 1];
	struct question question;
	bool answered;           /* there are such records, be it only the one that says no */
	struct dns_records *srv; /* in their order, or NULL */
};

/* A host to be found, or found. */
struct host_target {
	enum sip_transport_type type;
	uint16_t port;
	char name[DNS_NAME_MAX + 1];
	struct question questions[N_FAMILIES];
	struct netaddr addrs[N_FAMILIES][FLOWS_MAX];
	size_t n_addrs[N_FAMILIES];
};

/* What the URI says. */
struct aim {
	struct sip_stack *stack;
	struct sip_transport *prefer; /* NULL when it is not open any more */
	enum sip_scheme scheme;
	struct slice host;            /* whom it names: what a certificate must show (RFC 5922 7.3) */
	enum sip_transport_type type; /* as the URI names it, or the first that we would take */
	bool type_open;               /* the URI left it open */
	uint16_t port;                /* 0: open */
};

struct sip_locate {
	struct list link;
	struct aim aim;
	sip_locate_fn *fn;
	void *arg;
	char name[DNS_NAME_MAX + 1];

	enum step step;
	unsigned open; /* questions of this step */
	int err;       /* why the last name had nothing */
	struct wheel_timer slow;
	struct question naptr;
	struct service services[SERVICES_MAX];
	size_t n_services;
	struct host_target hosts[HOSTS_MAX];
	size_t n_hosts;
};

/* ---- transports ---- */

static bool is_secure(enum sip_transport_type type)
{
	return type == SIP_TRANSPORT_TLS || type == SIP_TRANSPORT_WSS;
}

/* RFC 3261 19.1.2; RFC 7118 8.1 for WebSocket. */
static uint16_t default_port(enum sip_transport_type type)
{
	static const uint16_t ports[TRANSPORTS] = {[SIP_TRANSPORT_UDP] = SIP_PORT,
		[SIP_TRANSPORT_TCP] = SIP_PORT,
		[SIP_TRANSPORT_TLS] = 5061,
		[SIP_TRANSPORT_WS] = 80,
		[SIP_TRANSPORT_WSS] = 443};

	return ports[type];
}

/* The transports that this stack has, a bit each; of one family, or of any (0). */
static unsigned ours(const struct sip_stack *s, uint8_t family)
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
	unsigned have = ours(a->stack, 0);
	bool secure = a->scheme == SIP_SCHEME_SIPS;

	if (a->prefer && (!secure || is_secure(a->prefer->type)))
		return a->prefer->type;
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (have & 1u << order[i] && (!secure || is_secure(order[i])))
			return order[i];
	return 0;
}

static int choose_type(struct aim *a, const struct sip_uri *u)
{
	struct slice name;

	a->type_open = !sip_uri_param(u, SLICE_LIT("transport"), &name);
	a->type = a->type_open ? open_type(a) : named_type(name, u->scheme);
	/* RFC 7118 5.1: one name for both kinds; the secure one does for whom we reach by no other. */
	if (a->type == SIP_TRANSPORT_WS && !(ours(a->stack, 0) & 1u << SIP_TRANSPORT_WS))
		a->type = SIP_TRANSPORT_WSS;
	if (a->type && ours(a->stack, 0) & 1u << a->type)
		return 0;
	if (a->type_open)
		return err_detail(OH_ETRANSPORT, "no %stransport for '%.*s'",
			u->scheme == SIP_SCHEME_SIPS ? "TLS " : "", SLICE_ARG(u->text));
	return err_detail(
		OH_ETRANSPORT, "no transport '%.*s' for '%.*s'", SLICE_ARG(name), SLICE_ARG(u->text));
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

static int flow_to(const struct aim *a, enum sip_transport_type type, const struct netaddr *remote,
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

struct flows {
	struct sip_flow list[FLOWS_MAX];
	size_t n;
};

static void add_flow(
	struct sip_locate *q, struct flows *f, const struct host_target *h, struct netaddr remote)
{
	int err;

	if (f->n == FLOWS_MAX)
		return;
	remote.port = h->port;
	err = flow_to(&q->aim, h->type, &remote, &f->list[f->n]);
	if (err)
		q->err = err;
	else
		f->n++;
}

/* One of each family in turn: a family that does not get through costs one try and not all of them (RFC 8305 4). */
static void add_host(struct sip_locate *q, struct flows *f, const struct host_target *h)
{
	for (size_t i = 0; i < FLOWS_MAX; i++)
		for (unsigned family = 0; family < N_FAMILIES; family++)
			if (i < h->n_addrs[family])
				add_flow(q, f, h, h->addrs[family][i]);
}

/* The end: q is gone when the callback runs. */
static void finish(struct sip_locate *q)
{
	struct flows f = {.n = 0};
	sip_locate_fn *fn = q->fn;
	void *arg = q->arg;
	int err;

	for (size_t i = 0; i < q->n_hosts; i++)
		add_host(q, &f, &q->hosts[i]);
	sip_targets_sort(q->aim.stack, f.list, f.n);
	err = f.n ? 0 : q->err;
	sip_locate_cancel(q);
	fn(arg, err, f.list, f.n);
}

/* ---- questions ---- */

static void take_answer(struct question *question, const struct dns_answer *answer);
static bool next_step(struct sip_locate *q);

static void answered(struct dns_wait *w, const struct dns_answer *answer)
{
	struct question *question = CONTAINER_OF(w, struct question, wait);
	struct sip_locate *q = question->owner;

	take_answer(question, answer);
	if (--q->open == 0)
		next_step(q);
}

/* Answers that are known are taken at once, so only next_step() may follow. */
static void ask(struct sip_locate *q, struct question *question, const char *name, int type, size_t index)
{
	const struct dns_answer *known;

	*question = (struct question){.wait = {.fn = answered}, .owner = q, .type = type, .index = index};
	known = dns_cache_ask(q->aim.stack->dns, name, type, &question->wait);
	if (known)
		take_answer(question, known);
	else
		q->open++;
}

/* ---- NAPTR: RFC 3263 4.1 ---- */

static struct service *add_service(struct sip_locate *q, enum sip_transport_type type)
{
	struct service *s;

	if (q->n_services == SERVICES_MAX)
		return NULL;
	s = &q->services[q->n_services++];
	s->type = type;
	return s;
}

/* "SIP+D2U" and the like (RFC 3263 4.1, RFC 7118 10.2). 0: another service, or for a sips URI not a safe one. */
static enum sip_transport_type naptr_type(const struct dns_naptr *r, enum sip_scheme scheme)
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
			(scheme != SIP_SCHEME_SIPS || is_secure(rows[i].type)))
			return rows[i].type;
	return 0;
}

/* Those of the first order that has something for us, and of no later one (RFC 3403 4.1): a domain that wants TLS is not
 * reached without it when TLS fails. */
static void take_naptr(struct sip_locate *q, struct dns_records *records)
{
	unsigned have = ours(q->aim.stack, 0);
	const struct dns_naptr *first = NULL;

	dns_naptr_order(records->naptr, records->n);
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_naptr *r = &records->naptr[i];
		enum sip_transport_type type = naptr_type(r, q->aim.scheme);
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

static void add_named_service(struct sip_locate *q, enum sip_transport_type type)
{
	const char *prefix = srv_prefix(type);
	struct service *s;

	if (!prefix || strlen(prefix) + strlen(q->name) > DNS_NAME_MAX)
		return;
	s = add_service(q, type);
	if (s)
		snprintf(s->name, sizeof(s->name), "%s%s", prefix, q->name);
}

/* No NAPTR: the transport of the URI, or all that we have, the default one first. */
static void guess_services(struct sip_locate *q)
{
	static const enum sip_transport_type others[] = {
		SIP_TRANSPORT_UDP, SIP_TRANSPORT_TCP, SIP_TRANSPORT_TLS};
	unsigned have = ours(q->aim.stack, 0);

	add_named_service(q, q->aim.type);
	for (size_t i = 0; q->aim.type_open && i < ARRAY_LEN(others); i++)
		if (others[i] != q->aim.type && have & 1u << others[i] &&
			(q->aim.scheme != SIP_SCHEME_SIPS || is_secure(others[i])))
			add_named_service(q, others[i]);
}

static void take_srv(struct sip_locate *q, struct service *s, const struct dns_records *records)
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

static struct host_target *add_host_target(
	struct sip_locate *q, enum sip_transport_type type, const char *name, uint16_t port)
{
	struct host_target *h;

	if (q->n_hosts == HOSTS_MAX)
		return NULL;
	h = &q->hosts[q->n_hosts++];
	h->type = type;
	h->port = port ? port : default_port(type);
	snprintf(h->name, sizeof(h->name), "%s", name);
	return h;
}

/* What the services led to; when none has records, the domain itself (4.2). */
static void hosts_of_services(struct sip_locate *q)
{
	bool any = false;

	for (size_t i = 0; i < q->n_services; i++) {
		const struct service *s = &q->services[i];

		any |= s->answered;
		for (size_t k = 0; s->srv && k < s->srv->n; k++)
			if (s->srv->srv[k].target[0])
				add_host_target(q, s->type, s->srv->srv[k].target, s->srv->srv[k].port);
	}
	if (!any)
		add_host_target(q, q->n_services ? q->services[0].type : q->aim.type, q->name, 0);
}

/* ---- A and AAAA ---- */

static void add_addr(struct host_target *h, const struct netaddr *addr)
{
	enum family family = addr->family == NETADDR_IP6 ? IP6 : IP4;

	if (h->n_addrs[family] < FLOWS_MAX)
		h->addrs[family][h->n_addrs[family]++] = *addr;
}

/* Has every host an address, so that only a slow name server is waited for? */
static bool all_found(const struct sip_locate *q)
{
	for (size_t i = 0; i < q->n_hosts; i++)
		if (!q->hosts[i].n_addrs[IP4] && !q->hosts[i].n_addrs[IP6])
			return false;
	return true;
}

static void too_slow(void *arg)
{
	finish(arg);
}

static void take_addrs(struct sip_locate *q, struct host_target *h, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->n_addrs; i++)
		add_addr(h, &answer->addrs[i]);
	if (all_found(q))
		sip_stack_arm(q->aim.stack, &q->slow, SLOW_FAMILY_MS);
	else if (!wheel_armed(&q->slow))
		sip_stack_arm(q->aim.stack, &q->slow, SLOW_HOST_MS);
}

static void take_answer(struct question *question, const struct dns_answer *answer)
{
	struct sip_locate *q = question->owner;

	if (answer->err) {
		/* A server that fails is worth more words than a name that is not there. */
		if (answer->err != OH_ERESOLVE)
			q->err = answer->err;
		return;
	}
	switch (question->type) {
	case HOST_DNS_NAPTR:
		take_naptr(q, answer->records);
		break;
	case HOST_DNS_SRV:
		take_srv(q, &q->services[question->index], answer->records);
		break;
	default:
		take_addrs(q, &q->hosts[question->index], answer);
	}
}

/* Families that none of our transports of this kind speaks are not asked for. */
static void ask_addrs(struct sip_locate *q, size_t index)
{
	static const struct {
		uint8_t family;
		int type;
	} rows[N_FAMILIES] = {[IP6] = {NETADDR_IP6, HOST_DNS_AAAA}, [IP4] = {NETADDR_IP4, HOST_DNS_A}};
	struct host_target *h = &q->hosts[index];
	struct netaddr numeric;

	if (netaddr_parse_ip(slice_of(h->name), 0, &numeric) == 0) {
		add_addr(h, &numeric);
		return;
	}
	for (unsigned i = 0; i < N_FAMILIES; i++)
		if (ours(q->aim.stack, rows[i].family) & 1u << h->type)
			ask(q, &h->questions[i], h->name, rows[i].type, index);
}

/* ---- from step to step ---- */

static void begin_step(struct sip_locate *q, enum step step)
{
	q->step = step;
	q->err = OH_ERESOLVE;
	switch (step) {
	case ASK_NAPTR:
		ask(q, &q->naptr, q->name, HOST_DNS_NAPTR, 0);
		break;
	case ASK_SRV:
		if (q->n_services == 0)
			guess_services(q);
		for (size_t i = 0; i < q->n_services; i++)
			ask(q, &q->services[i].question, q->services[i].name, HOST_DNS_SRV, i);
		break;
	case ASK_ADDRS:
		for (size_t i = 0; i < q->n_hosts; i++)
			ask_addrs(q, i);
		break;
	}
}

/* When all questions of the step are answered. True: it is over, q is gone. */
static bool next_step(struct sip_locate *q)
{
	while (q->open == 0) {
		switch (q->step) {
		case ASK_NAPTR:
			begin_step(q, ASK_SRV);
			break;
		case ASK_SRV:
			hosts_of_services(q);
			begin_step(q, ASK_ADDRS);
			break;
		case ASK_ADDRS:
			finish(q);
			return true;
		}
	}
	return false;
}

/* Where the URI lets us begin. True: it is over, q is gone. */
static bool begin(struct sip_locate *q)
{
	if (q->aim.port || q->aim.stack->cfg.plain_names) {
		add_host_target(q, q->aim.type, q->name, q->aim.port);
		begin_step(q, ASK_ADDRS);
	} else {
		begin_step(q, q->aim.type_open ? ASK_NAPTR : ASK_SRV);
	}
	return next_step(q);
}

/* ---- the door ---- */

static int locate_new(
	const struct aim *aim, struct slice host, sip_locate_fn *fn, void *arg, struct sip_locate **ret_query)
{
	struct sip_locate *q;

	if (host.n > DNS_NAME_MAX)
		return err_detail(OH_EURI, "a host name of more than %u characters", DNS_NAME_MAX);
	q = mem_zalloc(sizeof(*q));
	if (!q)
		return OH_ENOMEM;
	q->aim = *aim;
	memcpy(q->name, host.p, host.n);
	q->aim.host = slice_of(q->name);
	q->fn = fn;
	q->arg = arg;
	wheel_timer_init(&q->slow, too_slow, q);
	list_append(&aim->stack->locates, &q->link);
	aim->stack->counters.locating++;
	*ret_query = q;
	return 0;
}

int sip_locate(struct sip_stack *s, const struct sip_uri *next_hop, struct sip_transport *prefer,
	sip_locate_fn *fn, void *arg, struct sip_locate **ret_query)
{
	struct aim aim = {
		.stack = s, .scheme = next_hop->scheme, .port = next_hop->port, .host = next_hop->host};
	struct slice host = next_hop->host, maddr;
	struct netaddr remote;
	struct sip_locate *q = NULL;
	struct sip_flow flow;
	int err;

	if (next_hop->scheme != SIP_SCHEME_SIP && next_hop->scheme != SIP_SCHEME_SIPS)
		return err_detail(OH_ESCHEME, "'%.*s' cannot be reached by SIP", SLICE_ARG(next_hop->text));
	aim.prefer = prefer && is_open(s, prefer) ? prefer : NULL;
	err = choose_type(&aim, next_hop);
	if (err)
		return err;
	if (sip_uri_param(next_hop, SLICE_LIT("maddr"), &maddr) && !slice_empty(maddr))
		host = maddr; /* RFC 3263 4: it stands for the host */
	if (slice_empty(host))
		return err_detail(OH_EURI, "no host in '%.*s'", SLICE_ARG(next_hop->text));
	*ret_query = NULL;
	if (netaddr_parse_ip(host, next_hop->port, &remote) == 0) {
		remote.port = remote.port ? remote.port : default_port(aim.type);
		err = flow_to(&aim, aim.type, &remote, &flow);
		fn(arg, err, &flow, err ? 0 : 1);
		return 0;
	}
	err = locate_new(&aim, host, fn, arg, &q);
	if (err)
		return err;
	if (!begin(q))
		*ret_query = q;
	return 0;
}

void sip_locate_cancel(struct sip_locate *q)
{
	if (!q)
		return;
	dns_cache_leave(&q->naptr.wait);
	for (size_t i = 0; i < q->n_services; i++) {
		dns_cache_leave(&q->services[i].question.wait);
		mem_free(q->services[i].srv);
	}
	for (size_t i = 0; i < q->n_hosts; i++)
		for (unsigned family = 0; family < N_FAMILIES; family++)
			dns_cache_leave(&q->hosts[i].questions[family].wait);
	wheel_stop(&q->slow);
	list_remove(&q->link);
	q->aim.stack->counters.locating--;
	mem_free(q);
}

void sip_locates_transport_gone(struct sip_stack *s, struct sip_transport *t)
{
	LIST_FOREACH (it, &s->locates) {
		struct sip_locate *q = CONTAINER_OF(it, struct sip_locate, link);

		if (q->aim.prefer == t)
			q->aim.prefer = NULL;
	}
}

void sip_locates_free_all(struct sip_stack *s)
{
	while (!list_empty(&s->locates))
		sip_locate_cancel(CONTAINER_OF(list_first(&s->locates), struct sip_locate, link));
}
