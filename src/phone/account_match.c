/* Which account a call is for, and which address the peer is told to find it at. */
#include "phone/account.h"
#include "phone/phone_impl.h"

#include "base/mem.h"

#define USER_MAX 256u

/* Users compare with their escapes undone and with case (RFC 3261 19.1.4). */
static bool same_user(struct slice a, struct slice b)
{
	char x[USER_MAX], y[USER_MAX];
	long n, m;

	if (slice_eq(a, b))
		return true;
	n = sip_unescape(a, x, sizeof(x));
	m = sip_unescape(b, y, sizeof(y));
	return n >= 0 && n == m && memcmp(x, y, (size_t)n) == 0;
}

/* How well an account fits; 0: not at all. */
static int fitness(const struct offhook_phone *p, const struct account *a, const struct sip_uri *ruri,
	const struct sip_flow *flow)
{
	bool user = slice_present(a->parsed.user) && slice_present(ruri->user) &&
		    same_user(a->parsed.user, ruri->user);
	bool host = slice_ieq(a->parsed.host, ruri->host);
	const struct transport *t = transport_of(p, flow->transport);

	if (host && (user || (!slice_present(a->parsed.user) && !slice_present(ruri->user))))
		return 3;
	if (user)
		return 2;
	return !slice_present(a->parsed.user) && t && a->transport == t->id ? 1 : 0;
}

struct account *account_match(
	const struct offhook_phone *p, const struct sip_uri *ruri, const struct sip_flow *flow)
{
	struct account *best = NULL;
	int best_fit = 0;

	LIST_FOREACH (it, &p->accounts) {
		struct account *a = CONTAINER_OF(it, struct account, node);
		int fit = fitness(p, a, ruri, flow);

		if (fit > best_fit || (fit && fit == best_fit && a->priority > best->priority)) {
			best = a;
			best_fit = fit;
		}
	}
	return best ? best : p->default_account;
}

int account_contact(const struct account *a, const struct sip_flow *flow, char **ret_contact)
{
	char buf[SIP_SENT_BY_MAX + USER_MAX];
	struct slice text;
	char *copy;

	if (a && a->contact) {
		copy = mem_strdup(a->contact);
	} else {
		struct slice user = a ? a->parsed.user : SLICE_NONE;
		int err = sip_flow_contact(flow, user, buf, sizeof(buf), &text);

		if (err)
			return err;
		copy = slice_dup(text);
	}
	if (!copy)
		return OH_ENOMEM;
	*ret_contact = copy;
	return 0;
}
