/* Which account a call is for, and which address the peer is told to find it at. */
#include "phone/account_reg.h"
#include "phone/phone_impl.h"
#include "phone/uri_text.h"

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

/* How well an account fits, the weightiest first. */
struct fitness {
	int uri; /* 0: not at all */
	int priority;
	bool bound; /* to the transport that the call came by */
};

/* Numeric hosts compare as addresses: IPv6 is written in many ways (RFC 5118 4.5). */
static bool same_host(struct slice a, struct slice b)
{
	struct netaddr x, y;

	if (netaddr_parse_ip(a, 0, &x) == 0 && netaddr_parse_ip(b, 0, &y) == 0)
		return netaddr_eq_ip(&x, &y);
	return slice_ieq(a, b);
}

static struct fitness fitness(const struct account *a, const struct sip_uri *ruri, const struct transport *t)
{
	bool named = slice_present(a->parsed.user);
	bool user = named && slice_present(ruri->user) && same_user(a->parsed.user, ruri->user);
	bool host = same_host(a->parsed.host, ruri->host);
	struct fitness fit = {.priority = a->priority, .bound = t && a->transport == t->id};

	if (host && (user || (!named && !slice_present(ruri->user))))
		fit.uri = 3;
	else if (user)
		fit.uri = 2;
	else if (!named && fit.bound)
		fit.uri = 1;
	return fit;
}

static bool is_better(struct fitness a, struct fitness b)
{
	if (a.uri != b.uri)
		return a.uri > b.uri;
	if (a.priority != b.priority)
		return a.priority > b.priority;
	return a.bound && !b.bound;
}

struct account *account_match_exact(
	const struct offhook_phone *p, const struct sip_uri *ruri, const struct sip_flow *flow)
{
	const struct transport *t = transport_of(p, flow->transport);
	struct account *best = NULL;
	struct fitness best_fit = {0};

	LIST_FOREACH (it, &p->accounts) {
		struct account *a = CONTAINER_OF(it, struct account, node);
		struct fitness fit = fitness(a, ruri, t);

		if (account_reg_is_called(a->reg, ruri))
			return a; /* what it registered, to the letter */
		if (fit.uri && (!best || is_better(fit, best_fit))) {
			best = a;
			best_fit = fit;
		}
	}
	return best;
}

struct account *account_match(
	const struct offhook_phone *p, const struct sip_uri *ruri, const struct sip_flow *flow)
{
	struct account *a = account_match_exact(p, ruri, flow);

	return a ? a : p->default_account;
}

/* A Contact that is told must not lead back to us any other way than by TLS (RFC 3261 8.1.1.8). */
static int secured(const char *contact, char **ret_contact)
{
	struct sip_addr addr;
	int err = sip_addr_parse(slice_of(contact), &addr);

	if (err)
		return err;
	*ret_contact = addr.uri.scheme == SIP_SCHEME_SIP ? uri_text_secure(&addr) : mem_strdup(contact);
	return *ret_contact ? 0 : OH_ENOMEM;
}

int account_contact_as(const struct account *a, const struct sip_flow *flow, bool secure, char **ret_contact)
{
	char *plain;
	int err;

	if (!secure)
		return account_contact(a, flow, ret_contact);
	if (!sip_transport_is_secure(sip_transport_type(flow->transport)))
		return err_detail(OH_EINSECURE, "a sips URI is not reached by TLS");
	err = account_contact(a, flow, &plain);
	if (err)
		return err;
	err = secured(plain, ret_contact);
	mem_free(plain);
	return err;
}

int account_contact(const struct account *a, const struct sip_flow *flow, char **ret_contact)
{
	char buf[SIP_SENT_BY_MAX + USER_MAX + REG_TEXT_MAX];
	struct slice text = a ? account_reg_contact(a->reg, flow, buf, sizeof(buf)) : SLICE_NONE;
	char *copy;

	if (a && a->contact) {
		copy = mem_strdup(a->contact);
	} else if (slice_present(text)) {
		copy = slice_dup(text);
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
