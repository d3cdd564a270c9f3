/*
 * The peer does not take an extension that our INVITE names (420), or wants one in use (421): the INVITE goes once more, without
 * or with it (RFC 3261 8.1.3.5, 21.4.15, 21.4.16). What the program requires stays required, what it has turned off stays off.
 */
#include "phone/call_impl.h"

/* Without it; false: the program requires it, or it is none that can be left out. */
static bool leave_out(struct inv_policy *policy, struct slice extension)
{
	if (slice_ieq(extension, SLICE_LIT("100rel")) && policy->reliable != INV_RELIABLE_REQUIRED) {
		policy->reliable = INV_RELIABLE_OFF;
		return true;
	}
	if (slice_ieq(extension, SLICE_LIT("timer")) && policy->timer != INV_TIMER_REQUIRE) {
		policy->timer = INV_TIMER_OFF;
		return true;
	}
	return false;
}

/* In use; false: the program has turned it off, or we have asked for it already, or it is none of ours. */
static bool put_in(struct inv_policy *policy, struct slice extension)
{
	if (slice_ieq(extension, SLICE_LIT("100rel")) && policy->reliable == INV_RELIABLE_SUPPORTED) {
		policy->reliable = INV_RELIABLE_REQUIRED;
		return true;
	}
	if (slice_ieq(extension, SLICE_LIT("timer")) && policy->timer == INV_TIMER_ACCEPT) {
		policy->timer = INV_TIMER_OFFER;
		return true;
	}
	return false;
}

/* All that the response names, or nothing of it. */
static bool adapt(struct inv_policy *policy, const struct sip_msg *msg)
{
	bool without = msg->status == 420;
	enum sip_hdr_id list = without ? SIP_HDR_UNSUPPORTED : SIP_HDR_REQUIRE;
	size_t n = 0;

	for (const struct sip_hdr *h = sip_msg_hdr(msg, list); h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value, extension;

		for (; sip_list_next(&rest, &extension); n++)
			if (!(without ? leave_out : put_in)(policy, extension))
				return false;
	}
	return n > 0;
}

bool call_try_otherwise(struct call *c, const struct sip_msg *msg)
{
	struct inv_policy policy = c->rules.policy;

	if (msg->is_request || (msg->status != 420 && msg->status != 421) || c->tried_otherwise ||
		!adapt(&policy, msg))
		return false;
	c->tried_otherwise = true;
	c->rules.policy = policy;
	return call_invite_again(c) == 0;
}
