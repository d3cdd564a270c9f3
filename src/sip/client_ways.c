/*
 * Fail-over (RFC 3263 4.3): a request that was located by a name has other targets behind the first. When one answers 503,
 * the network says that it is unreachable, the connection fails or nobody answers, the same request goes to the next one
 * in a new transaction: another branch, all else as it was. The user keeps its pointer and hears only the last outcome.
 */
#include "sip/client_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/target.h"

bool client_has_ways(const struct sip_client *c)
{
	return c->ways && c->ways->next < c->ways->n;
}

uint64_t client_patience_ms(const struct sip_client *c)
{
	const struct sip_timers *t = sip_stack_timers(c->out.stack);
	uint64_t all = 64ull * t->t1, one = (uint64_t)t->try_ms * (c->method == SIP_INVITE ? 1 : 2);

	return (client_has_ways(c) || c->spare) && one < all ? one : all;
}

/* A number of seconds, perhaps with a comment or parameters behind it. */
static uint32_t retry_after_s(struct sip_msg *response)
{
	const struct sip_hdr *h = sip_msg_hdr(response, SIP_HDR_RETRY_AFTER);
	uint32_t seconds = 0;
	size_t n = 0;

	if (!h)
		return 0;
	while (n < h->value.n && h->value.p[n] >= '0' && h->value.p[n] <= '9')
		n++;
	return slice_to_u32(slice_make(h->value.p, n), UINT32_MAX, &seconds) == OH_ERANGE ? UINT32_MAX
											  : seconds;
}

static void say(const struct sip_client *c, const struct sip_flow *to, int err)
{
	char from_text[NETADDR_TEXT], to_text[NETADDR_TEXT];

	sip_decided(c->out.stack, SIP_DECIDED_FAILOVER, c->about, "%s goes to %s %s instead of %s: %s",
		sip_method_name(c->method), sip_transport_name(to->transport->type),
		netaddr_text(&to->remote, to_text), netaddr_text(&c->out.flow.remote, from_text),
		err ? offhook_strerror(err) : "503");
}

static int next_outgoing(struct sip_client *c, int err, struct outgoing *ret_next)
{
	const struct sip_flow *to = &c->ways->list[c->ways->next++];

	say(c, to, err);
	return outgoing_again(&c->out, to, c->out.text.number, outgoing_credentials(&c->out), ret_next);
}

bool client_ways_unsent(struct sip_client *c, int err)
{
	struct outgoing next;

	if (!client_has_ways(c) || next_outgoing(c, err, &next))
		return false;
	client_replace(c, &next);
	return true;
}

bool client_ways_failed(struct sip_client *c, int err)
{
	struct outgoing next;

	/* With a provisional there was somebody (RFC 3263 4.3); what is being cancelled is wanted nowhere. */
	if (c->state != CALLING && c->state != TRYING)
		return false;
	if (c->ways || c->spare)
		sip_target_failed(c->out.stack, &c->out.flow, err, 0);
	return client_has_ways(c) && next_outgoing(c, err, &next) == 0 && client_restart(c, &next, NULL) == 0;
}

bool client_ways_answered(struct sip_client *c, struct sip_msg *response)
{
	struct outgoing next;

	if (response->status != 503 || !client_is_open(c)) {
		sip_target_answered(c->out.stack, &c->out.flow);
		return false;
	}
	if (c->ways || c->spare)
		sip_target_failed(c->out.stack, &c->out.flow, 0, retry_after_s(response));
	return client_has_ways(c) && next_outgoing(c, 0, &next) == 0 &&
	       client_restart(c, &next, response) == 0;
}
