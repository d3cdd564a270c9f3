/*
 * NAT boxes, by the four classic kinds (RFC 3489 5, in the words of RFC 4787: mapping and filtering). The
 * three cones map an inner address to one public port, whoever it talks to; the symmetric box takes a new
 * port for every peer. Who may answer: anybody (full cone), whoever's address was talked to, whoever's
 * address and port was talked to. A binding lives by outward packets only (RFC 4787 REQ-6 makes inward
 * refresh optional, and the strict box tests more).
 */
#include "host/sim/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#define BINDING_DEFAULT_NS (30 * NS_PER_S)
/* Ports are handed out in a row, never the inner one: what relies on its own port must show up. */
#define NAT_FIRST_PORT 40001
#define NAT_LAST_PORT  65000

struct sim_nat {
	struct list node; /* first: sim_free() walks the list */
	struct sim *sim;
	enum sim_nat_kind kind;
	uint64_t binding_ns;
	struct netaddr public;
	struct sim_realm inside;
	struct list ips;
	struct list bindings;
	uint16_t next_port;
};

struct permit {
	struct list node;
	struct netaddr peer;
	uint64_t last_ns;
};

struct binding {
	struct list node;
	struct netaddr inner;
	struct netaddr peer; /* symmetric: the only one */
	uint16_t port;
	uint64_t last_ns;
	struct list permits;
};

static struct binding *binding_free(struct binding *b)
{
	while (!list_empty(&b->permits)) {
		struct permit *p = CONTAINER_OF(b->permits.next, struct permit, node);

		list_remove(&p->node);
		mem_free(p);
	}
	list_remove(&b->node);
	mem_free(b);
	return NULL;
}

void sim_nat_reset(struct sim_nat *nat)
{
	while (!list_empty(&nat->bindings))
		binding_free(CONTAINER_OF(nat->bindings.next, struct binding, node));
}

void sim_nat_free(struct sim_nat *nat)
{
	sim_nat_reset(nat);
	sim_realm_drop(&nat->sim->open, &nat->ips);
	sim_realm_free(&nat->inside);
	list_remove(&nat->node);
	mem_free(nat);
}

int sim_nat_new(struct sim *s, enum sim_nat_kind kind, const char *public_ip, uint64_t binding_ns,
	struct sim_nat **ret_nat)
{
	struct sim_nat *nat = mem_zalloc(sizeof(*nat));
	int err;

	if (!nat)
		return OH_ENOMEM;
	nat->sim = s;
	nat->kind = kind;
	nat->binding_ns = binding_ns ? binding_ns : BINDING_DEFAULT_NS;
	nat->next_port = NAT_FIRST_PORT;
	list_init(&nat->ips);
	list_init(&nat->bindings);
	err = sim_realm_init(&nat->inside, s, nat);
	if (!err)
		err = sim_realm_add(&s->open, public_ip, NULL, nat, &nat->ips);
	if (err) {
		sim_nat_free(nat);
		return err;
	}
	nat->public = CONTAINER_OF(nat->ips.next, struct sim_ip, in_owner)->addr;
	list_append(&s->nats, &nat->node);
	*ret_nat = nat;
	return 0;
}

int sim_nat_host_new(struct sim_nat *nat, const char *ip, struct host **ret_host)
{
	return sim_host_make(nat->sim, &nat->inside, ip, ret_host);
}

struct sim_realm *sim_nat_realm(struct sim_nat *nat)
{
	return &nat->inside;
}

static bool is_idle(const struct sim_nat *nat, uint64_t last_ns)
{
	return nat->sim->now_ns - last_ns > nat->binding_ns;
}

static void forget_idle(struct sim_nat *nat)
{
	LIST_FOREACH_SAFE (it, &nat->bindings) {
		struct binding *b = CONTAINER_OF(it, struct binding, node);

		if (is_idle(nat, b->last_ns))
			binding_free(b);
	}
}

static struct binding *by_port(struct sim_nat *nat, uint16_t port)
{
	LIST_FOREACH (it, &nat->bindings) {
		struct binding *b = CONTAINER_OF(it, struct binding, node);

		if (b->port == port)
			return b;
	}
	return NULL;
}

static struct binding *by_inner(struct sim_nat *nat, const struct netaddr *inner, const struct netaddr *peer)
{
	LIST_FOREACH (it, &nat->bindings) {
		struct binding *b = CONTAINER_OF(it, struct binding, node);

		if (netaddr_eq(&b->inner, inner) &&
			(nat->kind != SIM_NAT_SYMMETRIC || netaddr_eq(&b->peer, peer)))
			return b;
	}
	return NULL;
}

static int binding_new(struct sim_nat *nat, const struct netaddr *inner, const struct netaddr *peer,
	struct binding **ret_binding)
{
	struct binding *b;
	int tries = NAT_FIRST_PORT;

	while (by_port(nat, nat->next_port)) {
		if (tries++ > NAT_LAST_PORT)
			return OH_ETOOMANY;
		nat->next_port = nat->next_port < NAT_LAST_PORT ? nat->next_port + 1 : NAT_FIRST_PORT;
	}
	b = mem_zalloc(sizeof(*b));
	if (!b)
		return OH_ENOMEM;
	b->inner = *inner;
	b->peer = *peer;
	b->port = nat->next_port;
	/* The next binding takes the next port, even when this one dies: a lost binding shows
	 * as a new port. */
	nat->next_port = nat->next_port < NAT_LAST_PORT ? nat->next_port + 1 : NAT_FIRST_PORT;
	list_init(&b->permits);
	list_append(&nat->bindings, &b->node);
	*ret_binding = b;
	return 0;
}

static bool admits(const struct sim_nat *nat, const struct netaddr *permitted, const struct netaddr *peer)
{
	return nat->kind == SIM_NAT_ADDRESS_RESTRICTED ? netaddr_eq_ip(permitted, peer)
						       : netaddr_eq(permitted, peer);
}

static struct permit *find_permit(
	const struct sim_nat *nat, const struct binding *b, const struct netaddr *peer)
{
	LIST_FOREACH (it, &b->permits) {
		struct permit *p = CONTAINER_OF(it, struct permit, node);

		if (admits(nat, &p->peer, peer))
			return p;
	}
	return NULL;
}

int sim_nat_out(
	struct sim_nat *nat, const struct netaddr *from, const struct netaddr *to, struct netaddr *ret_from)
{
	struct binding *b;
	struct permit *p;
	int err;

	forget_idle(nat);
	b = by_inner(nat, from, to);
	err = b ? 0 : binding_new(nat, from, to, &b);
	if (err)
		return err;
	b->last_ns = nat->sim->now_ns;
	p = find_permit(nat, b, to);
	if (!p) {
		p = mem_zalloc(sizeof(*p));
		if (!p)
			return OH_ENOMEM;
		p->peer = *to;
		list_append(&b->permits, &p->node);
	}
	p->last_ns = nat->sim->now_ns;
	*ret_from = nat->public;
	ret_from->port = b->port;
	return 0;
}

bool sim_nat_in(
	struct sim_nat *nat, const struct netaddr *from, const struct netaddr *to, struct netaddr *ret_to)
{
	struct binding *b;
	struct permit *p;

	forget_idle(nat);
	b = by_port(nat, to->port);
	if (!b)
		return false;
	p = find_permit(nat, b, from);
	if (nat->kind != SIM_NAT_FULL_CONE && (!p || is_idle(nat, p->last_ns)))
		return false;
	*ret_to = b->inner;
	return true;
}
