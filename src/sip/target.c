#include "sip/target.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/conn.h"
#include "sip/stack_impl.h"

void sip_targets_free(struct targets *t)
{
	mem_free(t->list);
	*t = (struct targets){0};
}

static struct target *find(struct sip_stack *s, const struct sip_flow *flow)
{
	struct targets *all = &s->targets;

	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].type == flow->transport->type &&
			netaddr_eq(&all->list[i].remote, &flow->remote))
			return &all->list[i];
	return NULL;
}

bool sip_flow_aside(struct sip_stack *s, const struct sip_flow *flow)
{
	const struct target *t = find(s, flow);

	return t && host_now(s->host) < t->until_ns;
}

/* As long as one request gets to know how it is with it, the others do without. */
static void probe(struct sip_stack *s, const struct sip_flow *flow)
{
	struct target *t = find(s, flow);
	char text[NETADDR_TEXT];

	if (!t || host_now(s->host) < t->until_ns)
		return;
	t->until_ns = host_now(s->host) + s->cfg.timers.try_ms * NS_PER_MS;
	sip_decided(s, SIP_DECIDED_BACK, 0, "%s %s is tried again", sip_transport_name(flow->transport->type),
		netaddr_text(&flow->remote, text));
}

void sip_targets_sort(struct sip_stack *s, struct sip_flow *flows, size_t n)
{
	size_t good = 0;

	if (s->targets.n == 0 || n < 2)
		return;
	for (size_t i = 0; i < n; i++) {
		struct sip_flow flow = flows[i];

		if (sip_flow_aside(s, &flow))
			continue;
		for (size_t k = i; k > good; k--)
			flows[k] = flows[k - 1];
		flows[good++] = flow;
	}
	probe(s, &flows[0]);
}

/* NULL: memory is out; then it is not known as failed. */
static struct target *make_room(struct targets *all)
{
	struct target *soonest;

	if (!all->list)
		all->list = mem_alloc(TARGETS_ASIDE_MAX * sizeof(*all->list));
	if (!all->list)
		return NULL;
	if (all->n < TARGETS_ASIDE_MAX)
		return &all->list[all->n++];
	soonest = &all->list[0];
	for (size_t i = 1; i < all->n; i++)
		if (all->list[i].until_ns < soonest->until_ns)
			soonest = &all->list[i];
	return soonest;
}

void sip_target_failed(struct sip_stack *s, const struct sip_flow *flow, int err, uint32_t retry_after_s)
{
	uint32_t aside_ms = TARGET_ASIDE_MS;
	struct target *t = find(s, flow);
	char text[NETADDR_TEXT];

	if (!err && retry_after_s)
		aside_ms = 1000 * (retry_after_s < TARGET_RETRY_AFTER_MAX_S ? retry_after_s
									    : TARGET_RETRY_AFTER_MAX_S);
	if (!t)
		t = make_room(&s->targets);
	if (!t)
		return;
	*t = (struct target){flow->transport->type, flow->remote, host_now(s->host) + aside_ms * NS_PER_MS};
	sip_decided(s, SIP_DECIDED_ASIDE, 0, "%s %s is put aside for %u s: %s", sip_transport_name(t->type),
		netaddr_text(&t->remote, text), aside_ms / 1000,
		err ? offhook_strerror(err) : "it answered 503");
}

void sip_target_answered(struct sip_stack *s, const struct sip_flow *flow)
{
	struct target *t = s->targets.n ? find(s, flow) : NULL;
	char text[NETADDR_TEXT];

	if (!t)
		return;
	sip_decided(s, SIP_DECIDED_BACK, 0, "%s %s is back", sip_transport_name(t->type),
		netaddr_text(&t->remote, text));
	*t = s->targets.list[--s->targets.n];
}

void sip_decided_target(struct sip_stack *s, uint64_t about, struct slice method, const struct sip_flow *to)
{
	char text[NETADDR_TEXT];
	const char *how = "";

	if (!s->cfg.decision)
		return;
	if (sip_flow_reliable(to))
		how = sip_conn_known(to) ? ", by the connection that is there" : ", by a new connection";
	sip_decided(s, SIP_DECIDED_TARGET, about, "%.*s goes to %s %s%s", SLICE_ARG(method),
		sip_transport_name(to->transport->type), netaddr_text(&to->remote, text), how);
}
