/* The security posture of a phone, row by row. */
#include "offhook/security.h"

#include "phone/account.h"
#include "phone/account_way.h"
#include "phone/phone_impl.h"
#include "phone/sources.h"

struct list_args {
	struct offhook_security_row *rows;
	size_t capacity, n;
};

/* The next row, or a scrap one when there is no more room. */
static struct offhook_security_row *next(struct list_args *a, const char *name, bool ok, const char *text)
{
	static _Thread_local struct offhook_security_row scrap;
	struct offhook_security_row *row = a->n < a->capacity ? &a->rows[a->n] : &scrap;

	a->n++;
	*row = (struct offhook_security_row){.ok = ok};
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->text, sizeof(row->text), "%s", text);
	return row;
}

static void transports(const struct offhook_phone *p, struct list_args *a)
{
	LIST_FOREACH (it, &p->transports) {
		const struct transport *t = CONTAINER_OF(it, struct transport, node);
		struct netaddr local = sip_transport_local(t->sip);
		enum sip_transport_type type = sip_transport_type(t->sip);
		bool inside = netaddr_is_loopback(&local);
		bool secret = type == SIP_TRANSPORT_TLS || type == SIP_TRANSPORT_WSS;
		char text[NETADDR_TEXT];
		struct offhook_security_row *row = next(a, "transport", inside || secret,
			inside   ? "reached from this machine alone"
			: secret ? "open to the network, encrypted"
				 : "open to the network in clear: who calls whom can be read and changed on "
				   "the way");

		snprintf(row->value, sizeof(row->value), "%s %s", sip_transport_name(type),
			netaddr_text(&local, text));
	}
}

static void callers(const struct offhook_phone *p, struct list_args *a)
{
	int unmatched = p->cfg.unmatched;
	struct offhook_security_row *row;

	if (!p->default_account) {
		row = next(a, "unmatched", true, "without an account nobody is taken");
		snprintf(row->value, sizeof(row->value), "404");
		return;
	}
	row = next(a, "unmatched", unmatched != OFFHOOK_UNMATCHED_DEFAULT,
		unmatched == OFFHOOK_UNMATCHED_DROP ? "who asks for nobody we know hears nothing"
		: unmatched ? "who asks for nobody we know is refused: scanners see that there is a phone"
			    : "the default account takes what is for nobody: scanners make it ring; set "
			      "unmatched");
	if (unmatched == OFFHOOK_UNMATCHED_DROP)
		snprintf(row->value, sizeof(row->value), "dropped");
	else if (unmatched)
		snprintf(row->value, sizeof(row->value), "%d", unmatched);
	else
		snprintf(row->value, sizeof(row->value), "default account");
}

/* Of all lists together: a list is there where there is one. */
static void sources(const struct offhook_phone *p, struct list_args *a)
{
	size_t n = 0;
	struct offhook_security_row *row;

	LIST_FOREACH (it, &p->transports)
		n += sources_count(CONTAINER_OF(it, struct transport, node)->allowed);
	LIST_FOREACH (it, &p->accounts)
		n += sources_count(CONTAINER_OF(it, struct account, node)->allowed);
	row = next(a, "allow_from", n != 0,
		n == 0 ? "every address may send requests"
		: p->cfg.disallowed == OFFHOOK_UNMATCHED_DROP
			? "others than these addresses and prefixes hear nothing"
			: "others than these addresses and prefixes are refused");
	if (n)
		snprintf(row->value, sizeof(row->value), "%zu", n);
	else
		snprintf(row->value, sizeof(row->value), "everybody");
}

static void only_tls(const struct offhook_phone *p, struct list_args *a)
{
	struct offhook_security_row *row = next(a, "secure_only", p->way->secure,
		p->way->secure
			? "what cannot go over TLS does not go"
			: "names, records and routes may lead to transports in clear; set secure_only");

	snprintf(row->value, sizeof(row->value), p->way->secure ? "on" : "off");
}

static void limit(struct list_args *a, const char *name, uint32_t value, const char *without)
{
	struct offhook_security_row *row =
		next(a, name, value != 0, value ? "above it: 503 or 486" : without);

	if (value)
		snprintf(row->value, sizeof(row->value), "%u", value);
	else
		snprintf(row->value, sizeof(row->value), "no limit");
}

static void logs(const struct offhook_phone *p, struct list_args *a)
{
	struct offhook_security_row *row = next(a, "log_messages", true,
		p->cfg.log_messages ? "SIP messages are logged, secrets masked" : "no message is logged");

	snprintf(row->value, sizeof(row->value), p->cfg.log_messages ? "on" : "off");
	row = next(a, "refused", true, "requests that the limits and `unmatched` have kept out so far");
	snprintf(row->value, sizeof(row->value), "%llu", (unsigned long long)p->guard.refused);
}

static int list_run(struct offhook_phone *p, void *arg)
{
	struct list_args *a = arg;
	int err = phone_check_open(p);

	if (err)
		return err;
	transports(p, a);
	callers(p, a);
	sources(p, a);
	only_tls(p, a);
	limit(a, "max_calls", p->cfg.max_calls, "a flood of calls takes memory as long as there is some");
	limit(a, "max_requests", p->cfg.max_requests, "a flood of requests is answered one by one");
	limit(a, "max_requests_per_source", p->cfg.max_requests_per_source,
		"one address can use up what is there for all");
	logs(p, a);
	return 0;
}

int offhook_phone_security(
	struct offhook_phone *phone, struct offhook_security_row *rows, size_t capacity, size_t *ret_n)
{
	struct list_args args = {rows, capacity, 0};
	int err;

	err_detail_clear();
	if (!ret_n || (capacity && !rows))
		return err_detail(OH_EINVAL, "rows and ret_n are needed");
	err = phone_query(phone, list_run, &args);
	if (!err)
		*ret_n = args.n;
	return err;
}
