/* How names are looked up, and what is told of where requests go. */
#include "phone/names.h"

#include "phone/account.h"
#include "phone/call_impl.h"

#define NAMESERVERS_MAX 8u

/* "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353" */
static int parse_server(const char *text, struct netaddr *ret_addr)
{
	struct slice s = slice_of(text), host = s;
	uint32_t port = 0;

	if (netaddr_parse_ip(s, 0, ret_addr) == 0)
		return 0;
	while (host.n && host.p[host.n - 1] != ':')
		host.n--;
	if (host.n < 2 || slice_to_u32(slice_skip(s, host.n), 65535, &port) || port == 0)
		return OH_EINVAL;
	host.n--;
	return netaddr_parse_ip(host, (uint16_t)port, ret_addr);
}

int names_setup(struct host *host, const struct offhook_phone_cfg *cfg)
{
	struct netaddr servers[NAMESERVERS_MAX];

	if (cfg->n_nameservers == 0)
		return 0;
	if (cfg->n_nameservers > NAMESERVERS_MAX)
		return err_detail(OH_EINVAL, "nameservers: at most %u", NAMESERVERS_MAX);
	for (size_t i = 0; i < cfg->n_nameservers; i++)
		if (!cfg->nameservers[i] || parse_server(cfg->nameservers[i], &servers[i]))
			return err_detail(OH_EINVAL,
				"nameservers: '%.64s' is no IP address, with or without port",
				cfg->nameservers[i] ? cfg->nameservers[i] : "");
	return host_dns_servers(host, servers, cfg->n_nameservers);
}

_Static_assert((int)OFFHOOK_DECISION_TARGET == (int)SIP_DECIDED_TARGET &&
		       (int)OFFHOOK_DECISION_NETWORK == (int)SIP_DECIDED_NETWORK,
	"one list of decisions");

void names_decided(void *phone, enum sip_decision kind, uint64_t about, const char *text)
{
	struct offhook_phone *p = phone;
	struct call *c = call_find(p, about);
	struct account *a = account_find(p, about);
	struct event_say say = {.type = OFFHOOK_EVENT_DECISION,
		.id = about,
		.status = (unsigned)kind,
		.text = slice_of(text)};

	host_log(p->host, LOG_INFO, "sip", "%s", text);
	if (!p->cfg.decisions)
		return;
	if (c) {
		say.subject = c->subject;
		say.account = c->account;
		say.picture = picture_new(c);
	} else if (a) {
		say.subject = a->subject;
		say.account = a->id;
	}
	event_emit(p, &say);
}

void names_offer_refused(struct offhook_phone *p, uint64_t about, const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "an offer is refused: %s", why);
	names_decided(p, SIP_DECIDED_OFFER, about, text);
}
