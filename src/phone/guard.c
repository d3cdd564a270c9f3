#include "phone/guard.h"

#include "base/mem.h"
#include "phone/account_way.h"
#include "phone/call_impl.h"
#include "phone/phone_impl.h"
#include "phone/sources.h"

static bool is_refusal(int setting)
{
	return setting == 0 || setting == OFFHOOK_UNMATCHED_DROP || (setting >= 300 && setting <= 699);
}

int guard_init(struct guard *g, const struct offhook_phone_cfg *cfg, const uint64_t seed[2])
{
	if (!is_refusal(cfg->unmatched))
		return err_detail(OH_EINVAL, "unmatched is 0, -1 or a status of 300 to 699");
	if (!is_refusal(cfg->disallowed))
		return err_detail(OH_EINVAL, "disallowed is 0, -1 or a status of 300 to 699");
	memcpy(g->seed, seed, sizeof(g->seed));
	if (cfg->max_requests_per_source) {
		g->sources = mem_zalloc(GUARD_SOURCES * sizeof(*g->sources));
		if (!g->sources)
			return OH_ENOMEM;
	}
	return 0;
}

void guard_free(struct guard *g)
{
	mem_free(g->sources);
	g->sources = NULL;
}

/* Takes a token. False: there is none. rate 0: no limit. */
static bool take(struct guard_bucket *b, uint32_t rate, uint64_t now)
{
	uint64_t price = rate ? NS_PER_S / rate : 0;

	if (!rate)
		return true;
	b->tokens_ns = b->as_of_ns ? b->tokens_ns + (now - b->as_of_ns) : NS_PER_S;
	if (b->tokens_ns > NS_PER_S)
		b->tokens_ns = NS_PER_S;
	b->as_of_ns = now;
	if (b->tokens_ns < price)
		return false;
	b->tokens_ns -= price;
	return true;
}

static struct netaddr source_of(const struct netaddr *remote)
{
	struct netaddr ip = {.family = remote->family};

	memcpy(ip.ip, remote->ip, remote->family == NETADDR_IP6 ? 8 : 4);
	return ip;
}

/* The entry of an address, or in its place the one of its set that was quiet for longest. */
static struct guard_bucket *bucket_of(struct guard *g, const struct netaddr *remote)
{
	const struct hash keyed = {.seed = {g->seed[0], g->seed[1]}};
	struct netaddr ip = source_of(remote);
	uint64_t hash = hash_key(&keyed, slice_make((const char *)ip.ip, sizeof(ip.ip)), ip.family);
	struct guard_source *set = &g->sources[hash % (GUARD_SOURCES / GUARD_WAYS) * GUARD_WAYS],
			    *quiet = set;

	for (unsigned i = 0; i < GUARD_WAYS; i++) {
		if (netaddr_eq(&set[i].ip, &ip))
			return &set[i].bucket;
		if (set[i].bucket.as_of_ns < quiet->bucket.as_of_ns)
			quiet = &set[i];
	}
	*quiet = (struct guard_source){.ip = ip};
	return &quiet->bucket;
}

static unsigned for_nobody(const struct offhook_phone *p, struct sip_msg *msg, const struct sip_flow *flow)
{
	const struct sip_uri *ruri;

	if (p->cfg.unmatched == OFFHOOK_UNMATCHED_DEFAULT || sip_msg_ruri(msg, &ruri) ||
		account_match_exact(p, ruri, flow))
		return 0;
	return p->cfg.unmatched == OFFHOOK_UNMATCHED_DROP ? SIP_ADMIT_DROP : (unsigned)p->cfg.unmatched;
}

/* Is the sender in the lists of the transport that it came by and of the account that it is for? */
static unsigned from_elsewhere(
	const struct offhook_phone *p, struct sip_msg *msg, const struct sip_flow *flow)
{
	const struct transport *t = transport_of(p, flow->transport);
	const struct account *a = NULL;
	const struct sip_uri *ruri;

	if (sip_msg_ruri(msg, &ruri) == 0)
		a = account_match(p, ruri, flow);
	/* RFC 5630 5.1.2. */
	if (a && a->way->secure && !sip_transport_is_secure(sip_transport_type(flow->transport)))
		return 480;
	if ((!t || sources_allow(t->allowed, &flow->remote)) &&
		(!a || sources_allow(a->allowed, &flow->remote)))
		return 0;
	if (p->cfg.disallowed == OFFHOOK_UNMATCHED_DROP)
		return SIP_ADMIT_DROP;
	return p->cfg.disallowed ? (unsigned)p->cfg.disallowed : 403;
}

unsigned guard_admit(void *phone, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct offhook_phone *p = phone;
	struct guard *g = &p->guard;
	uint64_t now = host_now(p->host);
	unsigned verdict = 0;

	/* The address first: one that is over its own limit, or not in the list, takes nothing of the others'. */
	if (g->sources && !take(bucket_of(g, &flow->remote), p->cfg.max_requests_per_source, now))
		verdict = 503;
	else
		verdict = from_elsewhere(p, msg, flow);
	if (!verdict && !take(&g->all, p->cfg.max_requests, now))
		verdict = 503;
	if (!verdict)
		verdict = for_nobody(p, msg, flow);
	g->refused += verdict != 0;
	return verdict;
}

/* His answers and requests inside of the call come by a connection of his own when ours has gone (RFC 3261 18.2.2). */
static bool talks_to(const struct offhook_phone *p, const struct netaddr *peer)
{
	LIST_FOREACH (it, &p->calls) {
		const struct call *c = CONTAINER_OF(it, struct call, node);

		if (c->inv && netaddr_eq_ip(&inv_flow(c->inv)->remote, peer))
			return true;
	}
	return false;
}

bool guard_admit_conn(void *phone, const struct sip_transport *sip, const struct netaddr *peer)
{
	const struct offhook_phone *p = phone;
	const struct transport *t = transport_of(p, sip);

	return !t || sources_allow(t->allowed, peer) || talks_to(p, peer);
}
