/*
 * What a message of ours says about us (Allow, Supported, Require), and what those of the peer say about it.
 */
#include "session/inv_impl.h"

#include "base/text.h"

void inv_headers_add(struct inv_headers *h, const char *name, struct slice value)
{
	h->list[h->n++] = (struct sip_extra){slice_of(name), value};
}

static bool takes(const struct inv *inv, struct slice extension)
{
	if (slice_ieq(extension, SLICE_LIT("100rel")))
		return inv->policy.reliable != INV_RELIABLE_OFF;
	if (slice_ieq(extension, SLICE_LIT("timer")))
		return inv->policy.timer != INV_TIMER_OFF;
	return true;
}

/* Those of the stack that this call may use. */
static void put_supported(const struct inv *inv, struct inv_headers *h)
{
	struct slice rest = SLICE_LIT(SIP_STACK_SUPPORTED), extension;
	struct text t = text_in(h->supported, sizeof(h->supported));

	while (sip_list_next(&rest, &extension)) {
		if (!takes(inv, extension))
			continue;
		text_str(&t, t.n ? ", " : "");
		text_put(&t, extension);
	}
	if (inv->policy.join && t.n)
		text_str(&t, ", " SIP_STACK_ALLOWED_JOIN);
	inv_headers_add(h, "Supported", text_slice(&t));
}

static void put_require(const struct inv *inv, struct inv_headers *h)
{
	bool reliable = inv->policy.reliable == INV_RELIABLE_REQUIRED,
	     timer = inv->policy.timer == INV_TIMER_REQUIRE;

	if (reliable || timer)
		inv_headers_add(h, "Require",
			slice_of(!timer     ? "100rel"
				 : reliable ? "100rel, timer"
					    : "timer"));
}

int inv_headers_fill(
	struct inv *inv, enum inv_kind kind, const struct sip_extra *extras, size_t n, struct inv_headers *h)
{
	if (n > INV_EXTRAS_MAX)
		return err_detail(OH_ETOOBIG, "%zu headers; at most %u", n, INV_EXTRAS_MAX);
	h->n = 0;
	inv_headers_add(h, "Allow", SLICE_LIT(SIP_STACK_ALLOW));
	put_supported(inv, h);
	if (kind == KIND_INVITE)
		put_require(inv, h);
	timer_put(inv, kind, h);
	if (n)
		memcpy(&h->list[h->n], extras, n * sizeof(h->list[0]));
	h->n += n;
	if (inv->handler.headers)
		h->n += inv->handler.headers(inv->handler.arg, kind, &h->list[h->n], INV_OWNERS_MAX);
	return 0;
}

static uint8_t extensions_in(const struct sip_msg *msg, enum sip_hdr_id id)
{
	return (uint8_t)((sip_msg_has_token(msg, id, SLICE_LIT("100rel")) ? EXT_100REL : 0) |
			 (sip_msg_has_token(msg, id, SLICE_LIT("timer")) ? EXT_TIMER : 0));
}

void inv_note_peer(struct inv *inv, const struct sip_msg *msg)
{
	const struct sip_hdr *allow = sip_msg_hdr(msg, SIP_HDR_ALLOW);
	uint32_t methods = 1u << SIP_METHOD_OTHER; /* it has said something */

	if (sip_msg_hdr(msg, SIP_HDR_SUPPORTED))
		inv->peer_supports = extensions_in(msg, SIP_HDR_SUPPORTED);
	if (sip_msg_hdr(msg, SIP_HDR_REQUIRE))
		inv->peer_supports |= extensions_in(msg, SIP_HDR_REQUIRE);
	if (!allow)
		return;
	for (; allow; allow = sip_msg_hdr_next(msg, allow)) {
		struct slice rest = allow->value, method;

		while (sip_list_next(&rest, &method))
			methods |= 1u << sip_method_of(method);
	}
	inv->peer_allows = methods;
}

bool inv_peer_refuses(const struct inv *inv, enum sip_method method)
{
	return inv->peer_allows && !(inv->peer_allows & 1u << method);
}
