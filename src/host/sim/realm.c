/* Who answers to an address, on the open network and inside each NAT box. */
#include "host/sim/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>

int sim_realm_init(struct sim_realm *r, struct sim *s, struct sim_nat *nat)
{
	r->nat = nat;
	return hash_init(&r->ips, s->random);
}

void sim_realm_free(struct sim_realm *r)
{
	hash_free(&r->ips);
}

static uint64_t key_of(const struct sim_realm *r, const struct netaddr *ip)
{
	return hash_key(
		&r->ips, slice_make((const char *)ip->ip, ip->family == NETADDR_IP4 ? 4 : 16), ip->family);
}

struct sim_ip *sim_realm_find(const struct sim_realm *r, const struct netaddr *ip)
{
	for (struct hash_node *n = hash_first(&r->ips, key_of(r, ip)); n; n = hash_next(n)) {
		struct sim_ip *known = CONTAINER_OF(n, struct sim_ip, node);

		if (netaddr_eq_ip(&known->addr, ip))
			return known;
	}
	return NULL;
}

int sim_realm_add(
	struct sim_realm *r, const char *ip, struct sim_host *host, struct sim_nat *nat, struct list *owned)
{
	struct netaddr addr;
	struct sim_ip *known;
	int err = netaddr_parse_ip(slice_of(ip), 0, &addr);

	if (err)
		return err;
	if (sim_realm_find(r, &addr))
		return err_from_errno(EADDRINUSE);
	known = mem_zalloc(sizeof(*known));
	if (!known)
		return OH_ENOMEM;
	known->addr = addr;
	known->host = host;
	known->nat = nat;
	hash_insert(&r->ips, &known->node, key_of(r, &addr));
	list_append(owned, &known->in_owner);
	return 0;
}

void sim_realm_remove(struct sim_realm *r, struct sim_ip *known)
{
	hash_remove(&r->ips, &known->node);
	list_remove(&known->in_owner);
	mem_free(known);
}

void sim_realm_drop(struct sim_realm *r, struct list *owned)
{
	while (!list_empty(owned))
		sim_realm_remove(r, CONTAINER_OF(owned->next, struct sim_ip, in_owner));
}
