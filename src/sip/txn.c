/* What client and server transactions share: their timers, and what happens to all of them at once. */
#include "sip/txn_impl.h"

#include "base/err.h"

static void arm(struct sip_stack *s, struct txn_timer *t)
{
	uint64_t now = host_now(s->host), left_ms = UINT64_MAX;

	if (t->give_up_ns != TXN_NEVER)
		left_ms = t->give_up_ns > now ? (t->give_up_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;
	if (t->retry_ms && t->retry_ms < left_ms)
		left_ms = t->retry_ms;
	if (left_ms == UINT64_MAX)
		wheel_stop(&t->wheel);
	else
		sip_stack_arm(s, &t->wheel, left_ms);
}

void txn_timer_set(struct sip_stack *s, struct txn_timer *t, uint32_t retry_ms, uint64_t give_up_ms)
{
	t->retry_ms = retry_ms;
	t->give_up_ns = give_up_ms == TXN_NEVER ? TXN_NEVER : host_now(s->host) + give_up_ms * NS_PER_MS;
	arm(s, t);
}

void txn_timer_retry(struct sip_stack *s, struct txn_timer *t, uint32_t retry_ms)
{
	t->retry_ms = retry_ms;
	arm(s, t);
}

bool txn_timer_is_over(struct sip_stack *s, const struct txn_timer *t)
{
	return host_now(s->host) >= t->give_up_ns;
}

/* One pass over all transactions for each report of the network: what strangers can make it cost is limited,
 * and those that go unheard end by their timers. */
void sip_txns_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer)
{
	if (!rate_allow(&s->unreach_rate, host_now(s->host)))
		return;
	client_unreachable(s, t, peer, OH_EUNREACH);
	server_unreachable(s, t, peer, OH_EUNREACH);
}

/* A server transaction finds another way for its response (RFC 3261 18.2.2), unless that was what could not be opened. */
void sip_txns_conn_gone(struct sip_stack *s, const struct sip_flow *flow, int err)
{
	client_conn_gone(s, flow, err);
	if (err != OH_ECONN && err != OH_ETIMEDOUT)
		server_unreachable(s, flow->transport, &flow->remote, err);
}

void sip_txns_transport_gone(struct sip_stack *s, struct sip_transport *t)
{
	client_transport_gone(s, t);
	server_transport_gone(s, t);
}

void sip_txns_free_all(struct sip_stack *s)
{
	client_free_all(s);
	server_free_all(s);
}
