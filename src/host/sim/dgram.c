/* The sockets of simulated machines. */
#include "host/sim/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define DGRAM_BYTES_MAX  65507
#define RCVBUF_DEFAULT   212992 /* as Linux */
#define ARRIVAL_OVERHEAD 256    /* a small datagram fills the buffer too */
#define FIRST_FREE_PORT  32768
#define LAST_FREE_PORT   60999

struct sim_dgram {
	struct host_dgram base;
	struct hash_node by_port;
	struct host_dgram_handler handler; /* readable NULL: not watched */
	struct sim_event ready;
	struct list queue;
	size_t queued, limit;
	bool timestamps, refusals;
	int refused; /* told by the next one who receives; 0: nothing */
};

struct arrival {
	struct list node;
	struct netaddr from, to;
	uint64_t at_ns;
	size_t n;
	uint8_t data[];
};

static struct sim_dgram *sim_dgram_of(struct host_dgram *d)
{
	return (struct sim_dgram *)d;
}

static bool owns_ip(const struct sim_host *h, const struct netaddr *ip)
{
	struct sim_ip *known = sim_realm_find(h->realm, ip);

	return known && known->host == h;
}

/* The socket bound to exactly this address, else the one bound to any address of the family. */
static struct sim_dgram *find_socket(const struct sim_host *h, const struct netaddr *to)
{
	struct sim_dgram *by_any = NULL;

	for (struct hash_node *n = hash_first(&h->sockets, to->port); n; n = hash_next(n)) {
		struct sim_dgram *d = CONTAINER_OF(n, struct sim_dgram, by_port);

		if (netaddr_eq_ip(&d->base.local, to))
			return d;
		if (d->base.local.family == to->family && netaddr_is_any(&d->base.local))
			by_any = d;
	}
	return by_any;
}

static bool port_is_taken(const struct sim_host *h, const struct netaddr *local)
{
	for (struct hash_node *n = hash_first(&h->sockets, local->port); n; n = hash_next(n)) {
		const struct netaddr *other = &CONTAINER_OF(n, struct sim_dgram, by_port)->base.local;

		if (other->family == local->family &&
			(netaddr_is_any(other) || netaddr_is_any(local) || netaddr_eq_ip(other, local)))
			return true;
	}
	return false;
}

static int choose_port(struct sim_host *h, struct netaddr *local)
{
	for (int tries = FIRST_FREE_PORT; tries <= LAST_FREE_PORT; tries++) {
		if (h->next_port < FIRST_FREE_PORT || h->next_port > LAST_FREE_PORT)
			h->next_port = FIRST_FREE_PORT;
		local->port = h->next_port++;
		if (!port_is_taken(h, local))
			return 0;
	}
	return err_from_errno(EADDRINUSE);
}

static void tell_readable(void *arg)
{
	struct sim_dgram *d = arg;

	/* Level-triggered: once more until everything is read. First, because the handler may close d. */
	sim_event_at(&d->ready, d->ready.sim->now_ns);
	d->handler.readable(d->handler.arg);
}

static void rearm(struct sim_dgram *d)
{
	if (!d->handler.readable || list_empty(&d->queue))
		sim_event_cancel(&d->ready);
	else if (!d->ready.place)
		sim_event_at(&d->ready, d->ready.sim->now_ns);
}

int sim_dgram_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram)
{
	struct sim_host *m = sim_host_of(h);
	struct netaddr local = cfg->local;
	struct sim_dgram *d;
	int err = 0;

	if (!netaddr_is_any(&local) && !owns_ip(m, &local))
		return err_from_errno(EADDRNOTAVAIL);
	if (local.port == 0)
		err = choose_port(m, &local);
	else if (port_is_taken(m, &local))
		err = err_from_errno(EADDRINUSE);
	if (err)
		return err;
	d = mem_zalloc(sizeof(*d));
	if (!d)
		return OH_ENOMEM;
	d->base.host = h;
	d->base.local = local;
	d->limit = cfg->rcvbuf ? cfg->rcvbuf : RCVBUF_DEFAULT;
	d->timestamps = cfg->timestamps;
	d->refusals = cfg->refusals;
	list_init(&d->queue);
	if (sim_event_init(&d->ready, m->sim, m, tell_readable, d)) {
		mem_free(d);
		return OH_ENOMEM;
	}
	hash_insert(&m->sockets, &d->by_port, local.port);
	*ret_dgram = &d->base;
	return 0;
}

void sim_dgram_close(struct host_dgram *base)
{
	struct sim_dgram *d = sim_dgram_of(base);

	hash_remove(&sim_host_of(base->host)->sockets, &d->by_port);
	sim_event_close(&d->ready);
	while (!list_empty(&d->queue)) {
		struct arrival *a = CONTAINER_OF(d->queue.next, struct arrival, node);

		list_remove(&a->node);
		mem_free(a);
	}
	mem_free(d);
}

int sim_route(struct host *h, const struct netaddr *to, struct netaddr *ret_local)
{
	struct sim_host *m = sim_host_of(h);

	LIST_FOREACH (it, &m->ips) {
		const struct sim_ip *known = CONTAINER_OF(it, struct sim_ip, in_owner);

		if (known->addr.family == to->family &&
			(!owns_ip(m, to) || netaddr_eq_ip(&known->addr, to))) {
			*ret_local = known->addr;
			return 0;
		}
	}
	return OH_EUNREACH;
}

int sim_dgram_send(struct host_dgram *base, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n)
{
	struct sim_host *m = sim_host_of(base->host);
	struct netaddr source = base->local;

	if (to->family != base->local.family)
		return err_from_errno(EAFNOSUPPORT);
	if (to->port == 0 || netaddr_is_any(to))
		return err_from_errno(EINVAL);
	if (n > DGRAM_BYTES_MAX)
		return err_from_errno(EMSGSIZE);
	if (netaddr_is_any(&source) && from && !netaddr_is_any(from)) {
		source = *from;
	} else if (netaddr_is_any(&source) && sim_route(base->host, to, &source)) {
		return err_from_errno(ENETUNREACH);
	}
	/* It may have been ours when the socket was bound. */
	if (!owns_ip(m, &source))
		return err_from_errno(EADDRNOTAVAIL);
	source.port = base->local.port;
	return sim_wire_send(m->sim, m->realm, &source, to, data, n);
}

int sim_dgram_recv(struct host_dgram *base, void *buf, size_t cap, struct host_rx *ret_rx)
{
	struct sim_dgram *d = sim_dgram_of(base);
	struct arrival *a;
	int refused = d->refused;

	d->refused = 0;
	if (refused)
		return refused;
	if (list_empty(&d->queue))
		return OH_EAGAIN;
	a = CONTAINER_OF(d->queue.next, struct arrival, node);
	*ret_rx = (struct host_rx){
		.from = a->from,
		.to = a->to,
		.at_ns = d->timestamps ? a->at_ns : d->ready.sim->now_ns,
		.n = a->n < cap ? a->n : cap,
		.truncated = a->n > cap,
	};
	memcpy(buf, a->data, ret_rx->n);
	d->queued -= a->n + ARRIVAL_OVERHEAD;
	list_remove(&a->node);
	mem_free(a);
	rearm(d);
	return 0;
}

int sim_dgram_watch(struct host_dgram *base, const struct host_dgram_handler *handler)
{
	struct sim_dgram *d = sim_dgram_of(base);

	d->handler = handler ? *handler : (struct host_dgram_handler){0};
	rearm(d);
	return 0;
}

bool sim_dgram_arrive(
	struct sim_host *h, const struct netaddr *from, const struct netaddr *to, const void *data, size_t n)
{
	struct sim_dgram *d = find_socket(h, to);
	struct arrival *a;

	if (!d)
		return false;
	/* Full, or out of memory: lost at the door, as in a kernel. */
	if (d->queued + n + ARRIVAL_OVERHEAD > d->limit)
		return true;
	a = mem_alloc(sizeof(*a) + n);
	if (!a)
		return true;
	a->from = *from;
	a->to = *to;
	a->at_ns = h->sim->now_ns;
	a->n = n;
	memcpy(a->data, data, n);
	list_append(&d->queue, &a->node);
	d->queued += n + ARRIVAL_OVERHEAD;
	rearm(d);
	return true;
}

void sim_dgram_unreachable(struct sim_host *h, const struct netaddr *from, const struct netaddr *to, int err)
{
	struct sim_dgram *d = find_socket(h, from);

	if (d && d->refusals && !d->handler.unreachable)
		d->refused = err;
	if (!d || !d->handler.unreachable)
		return;
	h->sim->running = h;
	d->handler.unreachable(d->handler.arg, to, err);
}
