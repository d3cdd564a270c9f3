/* The wire between machines: what becomes of each packet, and when it arrives. */
#include "host/sim/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* From one address to another: its own rule, if it has one, and when its last packet arrives. */
struct direction {
	struct hash_node node;
	struct netaddr from, to; /* ports 0 */
	bool has_rule;
	struct sim_wire rule;
	uint64_t last_due_ns;
};

/* In flight; or on the way back as the news that it could not be delivered. */
struct packet {
	struct list node;
	struct sim_event due;
	struct sim_realm *realm; /* of the sender */
	struct netaddr from;     /* as the sender sent it */
	struct netaddr seen_as;  /* behind the sender's NAT box, if any */
	struct netaddr to;
	uint64_t delay_ns;
	int error;
	size_t n;
	uint8_t data[];
};

static struct packet *packet_free(struct packet *p)
{
	sim_event_close(&p->due);
	list_remove(&p->node);
	mem_free(p);
	return NULL;
}

void sim_wire_close(struct sim *s)
{
	while (!list_empty(&s->packets))
		packet_free(CONTAINER_OF(s->packets.next, struct packet, node));
	for (size_t i = 0; i < s->directions.n_buckets; i++) {
		while (s->directions.buckets[i]) {
			struct hash_node *node = s->directions.buckets[i];

			hash_remove(&s->directions, node);
			mem_free(CONTAINER_OF(node, struct direction, node));
		}
	}
	hash_free(&s->directions);
}

static uint64_t direction_key(struct sim *s, const struct netaddr *from, const struct netaddr *to)
{
	uint64_t key =
		hash_key(&s->directions, slice_make((const char *)from->ip, sizeof(from->ip)), from->family);

	return hash_key(&s->directions, slice_make((const char *)to->ip, sizeof(to->ip)), key);
}

static struct direction *find_direction(struct sim *s, const struct netaddr *from, const struct netaddr *to)
{
	for (struct hash_node *n = hash_first(&s->directions, direction_key(s, from, to)); n;
		n = hash_next(n)) {
		struct direction *d = CONTAINER_OF(n, struct direction, node);

		if (netaddr_eq_ip(&d->from, from) && netaddr_eq_ip(&d->to, to))
			return d;
	}
	return NULL;
}

/* NULL: out of memory. */
static struct direction *direction_of(struct sim *s, const struct netaddr *from, const struct netaddr *to)
{
	struct direction *d = find_direction(s, from, to);

	if (d)
		return d;
	d = mem_zalloc(sizeof(*d));
	if (!d)
		return NULL;
	d->from = *from;
	d->to = *to;
	hash_insert(&s->directions, &d->node, direction_key(s, from, to));
	return d;
}

void sim_wire(struct sim *s, const struct sim_wire *w)
{
	s->wire = *w;
}

int sim_wire_between(struct sim *s, const char *from_ip, const char *to_ip, const struct sim_wire *w)
{
	struct netaddr from, to;
	struct direction *d;

	if (netaddr_parse_ip(slice_of(from_ip), 0, &from) || netaddr_parse_ip(slice_of(to_ip), 0, &to))
		return OH_EINVAL;
	d = direction_of(s, &from, &to);
	if (!d)
		return OH_ENOMEM;
	d->rule = *w;
	d->has_rule = true;
	return 0;
}

const struct sim_wire *sim_wire_rule(struct sim *s, const struct netaddr *from, const struct netaddr *to)
{
	const struct direction *d = find_direction(s, from, to);

	return d && d->has_rule ? &d->rule : &s->wire;
}

void sim_filter(struct sim *s, sim_filter_fn *fn, void *arg)
{
	s->filter = fn;
	s->filter_arg = arg;
}

void sim_tap(struct sim *s, sim_tap_fn *fn, void *arg)
{
	s->tap = fn;
	s->tap_arg = arg;
}

static void tell_sender(void *arg)
{
	struct packet *p = arg;
	struct sim_ip *sender = sim_realm_find(p->realm, &p->from);
	struct netaddr from = p->from, to = p->to;
	int err = p->error;

	packet_free(p);
	if (sender && sender->host)
		sim_dgram_unreachable(sender->host, &from, &to, err);
}

static void send_back(struct packet *p, int err)
{
	p->error = err;
	p->due.fn = tell_sender;
	sim_event_at(&p->due, p->due.sim->now_ns + p->delay_ns);
}

struct sim_host *sim_wire_receiver(struct sim *s, struct sim_realm *r, const struct netaddr *seen_as,
	const struct netaddr *to, struct netaddr *ret_to)
{
	struct sim_ip *ip = sim_realm_find(r, to);

	*ret_to = *to;
	if (!ip)
		ip = sim_realm_find(&s->open, to);
	if (ip && ip->nat)
		ip = sim_nat_in(ip->nat, seen_as, to, ret_to) ? sim_realm_find(sim_nat_realm(ip->nat), ret_to)
							      : NULL;
	return ip ? ip->host : NULL;
}

static void arrive(void *arg)
{
	struct packet *p = arg;
	struct netaddr to;
	struct sim_host *receiver = sim_wire_receiver(p->due.sim, p->realm, &p->seen_as, &p->to, &to);

	/* Nobody lives there: silence. A machine without such a socket says so. */
	if (receiver && !sim_dgram_arrive(receiver, &p->seen_as, &to, p->data, p->n))
		send_back(p, err_from_errno(ECONNREFUSED));
	else
		packet_free(p);
}

/* What the rule says of one packet, and how long it waits beyond the fixed delay and jitter. */
static enum sim_fate draw_fate(struct sim *s, const struct sim_wire *w, size_t n, uint64_t *ret_wait_ns)
{
	if ((w->mtu && n > w->mtu) || sim_chance(s, w->loss))
		return SIM_DROP;
	if (sim_chance(s, w->duplicate))
		return SIM_DOUBLE;
	if (sim_chance(s, w->reorder)) {
		*ret_wait_ns = w->reorder_ns;
		return SIM_DELAY;
	}
	return SIM_DELIVER;
}

static int launch(struct sim *s, const struct packet *like, const void *data, uint64_t due_ns)
{
	struct packet *p = mem_alloc(sizeof(*p) + like->n);

	if (!p)
		return OH_ENOMEM;
	*p = *like;
	if (sim_event_init(&p->due, s, NULL, arrive, p)) {
		mem_free(p);
		return OH_ENOMEM;
	}
	if (p->n > 0)
		memcpy(p->data, data, p->n);
	list_append(&s->packets, &p->node);
	if (p->error)
		p->due.fn = tell_sender;
	sim_event_at(&p->due, due_ns);
	return 0;
}

/* When it arrives: a packet that is delayed on purpose is overtaken, the others keep their order. */
static uint64_t due_of(
	struct sim *s, struct direction *d, const struct sim_wire *w, enum sim_fate fate, uint64_t wait_ns)
{
	uint64_t due = s->now_ns + w->delay_ns + (w->jitter_ns ? sim_draw(s) % (w->jitter_ns + 1) : 0);

	if (fate == SIM_DELAY)
		return due + wait_ns;
	if (!w->allow_overtake && due < d->last_due_ns)
		due = d->last_due_ns;
	d->last_due_ns = due;
	return due;
}

int sim_wire_send(struct sim *s, struct sim_realm *r, const struct netaddr *from, const struct netaddr *to,
	const void *data, size_t n)
{
	struct packet p = {.realm = r, .from = *from, .seen_as = *from, .to = *to, .n = n};
	struct sim_packet shown = {*from, *to, data, n, s->now_ns, ++s->packets_sent};
	struct direction *d = direction_of(s, from, to);
	const struct sim_wire *w;
	enum sim_fate fate = SIM_BY_RULE;
	uint64_t wait_ns = 0, due;
	int err = 0;

	if (!d)
		return OH_ENOMEM;
	if (r->nat && !sim_realm_find(r, to))
		err = sim_nat_out(r->nat, from, to, &p.seen_as);
	if (err)
		return err;
	w = d->has_rule ? &d->rule : &s->wire;
	if (s->filter)
		fate = s->filter(s->filter_arg, &shown, &wait_ns);
	if (fate == SIM_BY_RULE)
		fate = draw_fate(s, w, n, &wait_ns);
	if (s->tap)
		s->tap(s->tap_arg, &shown, fate);
	if (fate == SIM_DROP)
		return 0;
	due = due_of(s, d, w, fate, wait_ns);
	p.delay_ns = w->delay_ns;
	if (fate == SIM_UNREACHABLE) {
		p.error = err_from_errno(EHOSTUNREACH);
		due += w->delay_ns; /* the news has the way back before it */
	}
	err = launch(s, &p, data, due);
	if (!err && fate == SIM_DOUBLE)
		err = launch(s, &p, data, due);
	return err;
}
