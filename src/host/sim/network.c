/* A simulated machine changes its address, or has slept, and is told. */
#include "host/sim/impl.h"

#include "base/err.h"

#include <errno.h>

bool sim_has_address(struct host *h, const struct netaddr *ip)
{
	struct sim_ip *known = sim_realm_find(sim_host_of(h)->realm, ip);

	return known && known->host == sim_host_of(h);
}

static void tell(void *arg)
{
	struct sim_host *m = arg;
	unsigned changes = m->changes;

	m->changes = 0;
	host_run_network(&m->base, changes);
}

int sim_network_watch(struct host *h, bool on)
{
	struct sim_host *m = sim_host_of(h);

	if (on)
		return sim_event_init(&m->network, m->sim, m, tell, m);
	sim_event_close(&m->network);
	m->changes = 0;
	return 0;
}

static void changed(struct sim_host *m, enum host_change what)
{
	if (!m->base.network_fn)
		return;
	m->changes |= what;
	sim_event_at(&m->network, m->sim->now_ns + HOST_SETTLE_MS * NS_PER_MS);
}

int sim_host_move(struct host *h, const char *from, const char *to)
{
	struct sim_host *m = sim_host_of(h);
	struct netaddr gone;
	struct sim_ip *known = NULL;
	int err = from ? netaddr_parse_ip(slice_of(from), 0, &gone) : 0;

	if (err)
		return err;
	if (from) {
		known = sim_realm_find(m->realm, &gone);
		if (!known || known->host != m)
			return err_from_errno(EADDRNOTAVAIL);
	}
	err = to ? sim_host_add_ip(h, to) : 0;
	if (err)
		return err;
	if (known)
		sim_realm_remove(m->realm, known);
	changed(m, HOST_ADDRESSES);
	return 0;
}

void sim_host_slept(struct host *h)
{
	changed(sim_host_of(h), HOST_SLEPT);
}
