/* Transports: opening, describing and closing them. */
#include "phone/account_reg.h"
#include "phone/account_way.h"
#include "phone/phone_impl.h"
#include "phone/sources.h"

#include "base/mem.h"

void offhook_transport_cfg_init(struct offhook_transport_cfg *cfg)
{
	*cfg = (struct offhook_transport_cfg){.size = sizeof(*cfg), .type = OFFHOOK_UDP};
}

struct transport *transport_find(const struct offhook_phone *p, offhook_id id)
{
	return ids_find(&p->ids, ID_TRANSPORT, id);
}

struct transport *transport_of(const struct offhook_phone *p, const struct sip_transport *sip)
{
	LIST_FOREACH (it, &p->transports) {
		struct transport *t = CONTAINER_OF(it, struct transport, node);

		if (t->sip == sip)
			return t;
	}
	return NULL;
}

static void transport_free(struct offhook_phone *p, struct transport *t)
{
	if (list_linked(&t->node)) {
		list_remove(&t->node);
		p->n_transports--;
	}
	ids_remove(&p->ids, t->id);
	transport_public_forget(t);
	sip_transport_free(t->sip);
	mem_free(t->public_host);
	mem_free(t->allowed);
	mem_free(t);
}

void transports_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->transports)
		transport_free(p, CONTAINER_OF(it, struct transport, node));
}

void transport_published(
	const struct offhook_phone *p, const struct transport *t, char *host, size_t size, uint16_t *ret_port)
{
	struct netaddr local = sip_transport_local(t->sip), world, route;
	char text[NETADDR_TEXT];

	*ret_port = local.port;
	if (t->public_host) {
		snprintf(host, size, "%s", t->public_host);
		return;
	}
	/* Which of our addresses faces the world? The target (RFC 5737, RFC 3849) is never sent to. */
	if (netaddr_is_any(&local)) {
		bool ip6 = local.family == NETADDR_IP6;
		struct slice target = slice_of(ip6 ? "2001:db8::1" : "192.0.2.1");
		bool found =
			netaddr_parse_ip(target, 9, &world) == 0 && host_route(p->host, &world, &route) == 0;

		if (found || netaddr_parse_ip(slice_of(ip6 ? "::1" : "127.0.0.1"), 0, &route) == 0)
			local = route;
	}
	local.scope = 0; /* a zone means nothing to others */
	snprintf(host, size, "%s", netaddr_ip_text(&local, false, text));
}

/* ---- adding ---- */

_Static_assert((int)OFFHOOK_UDP == (int)SIP_TRANSPORT_UDP && (int)OFFHOOK_TCP == (int)SIP_TRANSPORT_TCP &&
		       (int)OFFHOOK_TLS == (int)SIP_TRANSPORT_TLS &&
		       (int)OFFHOOK_WS == (int)SIP_TRANSPORT_WS && (int)OFFHOOK_WSS == (int)SIP_TRANSPORT_WSS,
	"one list of kinds");

struct add_args {
	const struct offhook_transport_cfg *cfg;
	struct netaddr local;
	offhook_id *ret_id;
};

static int add_run(struct offhook_phone *p, void *arg)
{
	const struct add_args *a = arg;
	struct sip_transport_cfg cfg = {
		.type = (enum sip_transport_type)a->cfg->type,
		.local = a->local,
		.public_host = slice_of(
			a->cfg->public_address && *a->cfg->public_address ? a->cfg->public_address : NULL),
		.dscp = a->cfg->dscp,
		.connect_only = a->cfg->connect_only != 0,
	};
	struct transport *t;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (p->way->secure && !sip_transport_is_secure(cfg.type))
		return err_detail(OH_EINSECURE, "with secure_only there are no transports but TLS and WSS");
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return OH_ENOMEM;
	if (slice_present(cfg.public_host)) {
		t->public_host = slice_dup(cfg.public_host);
		err = t->public_host ? 0 : OH_ENOMEM;
	}
	if (!err)
		err = sources_new(a->cfg->allow_from, a->cfg->n_allow_from, &t->allowed);
	if (!err)
		err = transport_maker(p, a->cfg, &cfg.maker);
	if (!err)
		err = sip_transport_new(p->stack, &cfg, &t->sip);
	if (!err)
		err = ids_add(&p->ids, ID_TRANSPORT, t, &t->id);
	if (err) {
		transport_free(p, t);
		return err;
	}
	list_append(&p->transports, &t->node);
	p->n_transports++;
	(void)transport_public_ip(p, t); /* a name is looked up from now on */
	*a->ret_id = t->id;
	account_regs_wake(p);
	return 0;
}

int offhook_transport_add(
	struct offhook_phone *phone, const struct offhook_transport_cfg *cfg, offhook_id *ret_id)
{
	struct offhook_transport_cfg ours;
	struct add_args args = {.cfg = &ours, .ret_id = ret_id};
	const char *address;
	int err;

	err_detail_clear();
	offhook_transport_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	if (ours.type < OFFHOOK_UDP || ours.type > OFFHOOK_WSS)
		return err_detail(
			OH_ENOTSUP, "there is no such SIP transport; there are UDP, TCP, TLS, WS and WSS");
	if (ours.dscp > 63)
		return err_detail(OH_EINVAL, "dscp is 0 to 63");
	address = ours.address && *ours.address ? ours.address : "0.0.0.0";
	if (netaddr_parse_ip(slice_of(address), ours.port, &args.local))
		return err_detail(OH_EINVAL, "'%.64s' is not an IP address", address);
	return phone_command(phone, add_run, &args);
}

/* ---- asking and removing ---- */

struct info_args {
	offhook_id id;
	struct offhook_transport_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	struct transport *t = transport_find(p, a->id);
	struct netaddr local;
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!t)
		return err_detail(OH_ENOENT, "no such transport");
	local = sip_transport_local(t->sip);
	a->info.type = (enum offhook_transport_type)sip_transport_type(t->sip);
	transport_published(p, t, a->info.address, sizeof(a->info.address), &a->info.port);
	netaddr_text(&local, a->info.local);
	return 0;
}

int offhook_transport_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_transport_info *ret_info)
{
	struct info_args args = {.id = id};
	int err = phone_query(phone, info_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}

static int remove_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct transport *t = transport_find(p, *id);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!t)
		return err_detail(OH_ENOENT, "no such transport");
	calls_end_on(p, t->sip);
	transport_free(p, t);
	return 0;
}

int offhook_transport_remove(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, remove_run, &id);
}
