/*
 * Where a request goes: the URI of the next hop, or several of them in their order (RFC 3261 8.1.2: "an alternate set of
 * destinations to attempt"), become one list of flows, best first. Each URI is looked up by itself (locate_seek.c), all at
 * the same time; when one has led somewhere the others are waited for a moment only. Who failed lately comes last
 * (target.h): so the servers of a list are left and come back like the addresses of one name.
 */
#include "sip/locate_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/target.h"

/* Another server's name costs the first one no more than that. */
#define SLOW_HOP_MS SLOW_FAMILY_MS

/* One URI of the list. */
struct place {
	struct sip_locate *owner;
	struct seek *seek; /* NULL: it is known, or leads nowhere */
	size_t n;
	struct sip_flow flows[FLOWS_MAX];
};

struct sip_locate {
	struct list link;
	struct sip_stack *stack;
	sip_locate_fn *fn;
	void *arg;
	unsigned open; /* places that are not known yet, and one while they are set up */
	int err;       /* why the last one led nowhere */
	struct wheel_timer slow;
	size_t n;
	struct place places[];
};

/* The end: q is gone when the callback runs. */
static void finish(struct sip_locate *q)
{
	struct sip_flow flows[SIP_WAYS_MAX];
	sip_locate_fn *fn = q->fn;
	void *arg = q->arg;
	size_t n = 0;
	int err;

	for (size_t i = 0; i < q->n; i++)
		for (size_t k = 0; k < q->places[i].n && n < SIP_WAYS_MAX; k++)
			flows[n++] = q->places[i].flows[k];
	sip_targets_sort(q->stack, flows, n);
	err = n ? 0 : q->err;
	sip_locate_cancel(q);
	fn(arg, err, flows, n);
}

static void too_slow(void *arg)
{
	finish(arg);
}

static void settle(struct sip_locate *q)
{
	if (--q->open == 0)
		finish(q);
}

/* One has led somewhere: the others are not waited for much longer. */
static void arm_slow(struct sip_locate *q)
{
	if (!wheel_armed(&q->slow))
		sip_stack_arm(q->stack, &q->slow, SLOW_HOP_MS);
}

static void found(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct place *p = arg;
	struct sip_locate *q = p->owner;

	p->seek = NULL;
	if (err) {
		q->err = err;
	} else {
		p->n = n;
		memcpy(p->flows, flows, n * sizeof(*flows));
		arm_slow(q);
	}
	settle(q);
}

static int locate_new(struct sip_stack *s, size_t n, sip_locate_fn *fn, void *arg, struct sip_locate **ret)
{
	struct sip_locate *q = mem_zalloc(sizeof(*q) + n * sizeof(q->places[0]));

	if (!q)
		return OH_ENOMEM;
	q->stack = s;
	q->n = n;
	q->fn = fn;
	q->arg = arg;
	wheel_timer_init(&q->slow, too_slow, q);
	list_append(&s->locates, &q->link);
	s->counters.locating++;
	*ret = q;
	return 0;
}

static bool numeric(const struct aim *aim, struct netaddr *ret_remote)
{
	if (netaddr_parse_ip(aim->host, aim->port, ret_remote))
		return false;
	if (!ret_remote->port)
		ret_remote->port = locate_default_port(aim->type);
	return true;
}

/* Into its place, at once or later. */
static int look_up(struct place *p, const struct aim *aim)
{
	struct netaddr remote;
	int err;

	if (numeric(aim, &remote)) {
		err = locate_flow_to(aim, aim->type, &remote, &p->flows[0]);
		if (err)
			return err;
		p->n = 1;
		arm_slow(p->owner);
		return 0;
	}
	err = seek_new(aim, found, p, &p->seek);
	if (err)
		return err;
	p->owner->open++;
	seek_begin(p->seek);
	return 0;
}

static int look_up_all(struct sip_locate *q, const struct sip_hops *hops)
{
	int err = 0;
	size_t failed = 0;

	for (size_t i = 0; i < hops->n; i++) {
		struct aim aim;

		q->places[i].owner = q;
		err = locate_aim(q->stack, &hops->list[i], hops, &aim);
		if (!err)
			err = look_up(&q->places[i], &aim);
		if (!err)
			continue;
		q->err = err;
		failed++;
	}
	return failed == hops->n ? err : 0;
}

/* A number leads to itself. */
static bool is_known(const struct aim *aim, sip_locate_fn *fn, void *arg)
{
	struct netaddr remote;
	struct sip_flow flow;
	int err;

	if (!numeric(aim, &remote))
		return false;
	err = locate_flow_to(aim, aim->type, &remote, &flow);
	fn(arg, err, &flow, err ? 0 : 1);
	return true;
}

int sip_locate_any(struct sip_stack *s, const struct sip_hops *hops, sip_locate_fn *fn, void *arg,
	struct sip_locate **ret_query)
{
	struct sip_locate *q = NULL;
	struct aim aim;
	int err = 0;

	*ret_query = NULL;
	if (hops->n == 0 || hops->n > SIP_HOPS_MAX)
		return OH_EINVAL;
	if (hops->n == 1) {
		err = locate_aim(s, &hops->list[0], hops, &aim);
		if (err || is_known(&aim, fn, arg))
			return err;
	}
	err = locate_new(s, hops->n, fn, arg, &q);
	if (err)
		return err;
	q->open = 1;
	err = look_up_all(q, hops);
	if (err) {
		sip_locate_cancel(q);
		return err;
	}
	if (q->open > 1)
		*ret_query = q;
	settle(q);
	return 0;
}

int sip_locate(struct sip_stack *s, const struct sip_uri *next_hop, struct sip_transport *prefer,
	sip_locate_fn *fn, void *arg, struct sip_locate **ret_query)
{
	const struct sip_hops hops = {.list = next_hop, .n = 1, .prefer = prefer};

	return sip_locate_any(s, &hops, fn, arg, ret_query);
}

void sip_locate_cancel(struct sip_locate *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->n; i++)
		seek_free(q->places[i].seek);
	wheel_stop(&q->slow);
	list_remove(&q->link);
	q->stack->counters.locating--;
	mem_free(q);
}

void sip_locates_transport_gone(struct sip_stack *s, struct sip_transport *t)
{
	LIST_FOREACH (it, &s->locates) {
		struct sip_locate *q = CONTAINER_OF(it, struct sip_locate, link);

		for (size_t i = 0; i < q->n; i++)
			if (q->places[i].seek && q->places[i].seek->aim.prefer == t)
				q->places[i].seek->aim.prefer = NULL;
	}
}

void sip_locates_free_all(struct sip_stack *s)
{
	while (!list_empty(&s->locates))
		sip_locate_cancel(CONTAINER_OF(list_first(&s->locates), struct sip_locate, link));
}
