#include "phone/account_reg.h"

#include "base/mem.h"
#include "phone/account_keepalive.h"
#include "phone/account_way.h"
#include "phone/network.h"
#include "phone/phone_impl.h"
#include "phone/presence.h"

#define LINE_LEN 10u
#define UUID_LEN 36u

struct account_reg {
	struct list node; /* offhook_phone.regs */
	struct offhook_phone *phone;
	struct reg *reg;
	offhook_id account; /* 0: it leaves, and nobody hears of it */
	offhook_id next;    /* the account whose new registration begins when this one has left; 0: none */
	bool on_add;
	char line[LINE_LEN + 1]; /* tells a call to our Contact from any other */
	struct account_keepalive keepalive;
};

/* ---- what it tells ---- */

static void left(struct account_reg *r)
{
	struct account *next = account_find(r->phone, r->next);
	struct account_reg *follows = next ? next->reg : NULL;

	account_reg_free(r);
	if (follows)
		account_reg_begin(follows, NULL);
}

static void on_outcome(void *arg, const struct reg_outcome *o)
{
	struct account_reg *r = arg;
	struct account *a = account_find(r->phone, r->account);

	account_keepalive_follow(&r->keepalive);
	if (a) {
		struct event_say say = {
			.type = OFFHOOK_EVENT_REGISTRATION,
			.subject = a->subject,
			.account = a->id,
			.status = o->status,
			.error = o->err,
			.message = o->msg ? o->msg->raw : SLICE_NONE,
		};

		event_emit(r->phone, &say);
		if (o->state == REG_REGISTERED)
			account_presence_begin(a->presence);
		call_repairs_go(r->phone, a->id);
	} else if (o->state == REG_IDLE) {
		left(r);
	}
}

/* ---- settings ---- */

/* RFC 4122 3: 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(struct slice s)
{
	if (s.n != UUID_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !strchr("0123456789abcdefABCDEF", s.p[i]))
			return false;
	}
	return true;
}

static int take_instance(const char *text, char buf[64], struct slice *ret_instance)
{
	static const char urn[] = "urn:uuid:";
	struct slice uuid = slice_of(text);

	if (!text || !*text)
		return 0;
	if (slice_starts(uuid, SLICE_LIT("urn:uuid:")))
		uuid = slice_skip(uuid, sizeof(urn) - 1);
	if (!is_uuid(uuid))
		return err_detail(
			OH_EINVAL, "instance_id is a UUID, such as f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
	snprintf(buf, 64, "%s%.*s", urn, SLICE_ARG(uuid));
	*ret_instance = slice_of(buf);
	return 0;
}

static int check(const struct offhook_registration_cfg *cfg, struct slice instance)
{
	if (cfg->expires_s < 1 || cfg->expires_s > REG_EXPIRES_MAX_S)
		return err_detail(OH_EINVAL, "expires_s is 1 to %u", REG_EXPIRES_MAX_S);
	if (cfg->wait_max_s < 1 || cfg->wait_max_s > REG_EXPIRES_MAX_S)
		return err_detail(OH_EINVAL, "wait_max_s is 1 to %u", REG_EXPIRES_MAX_S);
	if (cfg->refused_wait_s > REG_EXPIRES_MAX_S)
		return err_detail(OH_EINVAL, "refused_wait_s is at most %u", REG_EXPIRES_MAX_S);
	if (cfg->n_backups > OFFHOOK_REGISTRARS_MAX - 1)
		return err_detail(OH_EINVAL, "at most %d backups", OFFHOOK_REGISTRARS_MAX - 1);
	if ((cfg->reg_id || cfg->use_gruu) && slice_empty(instance))
		return err_detail(OH_EINVAL, "reg_id and use_gruu need an instance_id");
	return 0;
}

/* RFC 3261 10.2.6: without a registrar the domain of the address-of-record. */
static int take_registrars(const struct account *a, const struct offhook_registration_cfg *cfg, char *domain,
	size_t cap, struct slice *list)
{
	const struct sip_uri *u = &a->parsed;
	int n = 0;

	if (cfg->registrar && *cfg->registrar) {
		list[0] = slice_of(cfg->registrar);
	} else {
		n = snprintf(domain, cap, u->port ? "%.*s:%.*s:%u" : "%.*s:%.*s", SLICE_ARG(u->scheme_text),
			SLICE_ARG(u->host), u->port);
		list[0] = slice_of(domain);
	}
	for (size_t i = 0; i < cfg->n_backups; i++)
		list[i + 1] = slice_of(cfg->backups[i]);
	return n < 0 || (size_t)n >= cap ? OH_ETOOBIG : 0;
}

static int make_reg(
	struct account_reg *r, const struct account *a, const struct offhook_registration_cfg *cfg)
{
	struct transport *t = a->transport ? transport_find(r->phone, a->transport) : NULL;
	struct slice registrars[OFFHOOK_REGISTRARS_MAX];
	struct reg_cfg c = {.registrars = registrars,
		.n_registrars = 1 + cfg->n_backups,
		.aor = slice_of(a->from),
		.user = a->parsed.user,
		.contact = slice_of(a->contact),
		.params = slice_of(cfg->contact_params),
		.line = slice_of(r->line),
		.reg_id = cfg->reg_id,
		.gruu = cfg->use_gruu,
		.rewrite = cfg->contact_rewrite,
		.expires_s = cfg->expires_s,
		.wait_max_s = cfg->wait_max_s,
		.refused_s = cfg->refused_wait_s,
		.about = a->id,
		.prefer = t ? t->sip : NULL,
		.routes = a->way->list,
		.n_routes = a->way->n_routes,
		.servers = a->way->list + a->way->n_routes,
		.n_servers = a->way->n_servers,
		.secure = a->way->secure,
		.auth = a->auth,
		.handler = {.outcome = on_outcome, .arg = r}};
	char domain[512], instance[64];
	int err = take_instance(cfg->instance_id, instance, &c.instance);

	if (!err)
		err = check(cfg, c.instance);
	if (!err)
		err = take_registrars(a, cfg, domain, sizeof(domain), registrars);
	return err ? err : reg_new(r->phone->stack, &c, &r->reg);
}

int account_reg_new(struct offhook_phone *p, const struct account *a,
	const struct offhook_registration_cfg *cfg, struct account_reg **ret_reg)
{
	struct account_reg *r;
	int err;

	if (!cfg) {
		*ret_reg = NULL;
		return 0;
	}
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	r->phone = p;
	r->account = a->id;
	r->on_add = cfg->register_on_add;
	sip_stack_token(p->stack, r->line, LINE_LEN);
	list_append(&p->regs, &r->node);
	err = make_reg(r, a, cfg);
	r->keepalive.reg = r->reg;
	if (!err)
		err = account_keepalive_init(&r->keepalive, p->stack, cfg);
	if (err) {
		account_reg_free(r);
		return err;
	}
	*ret_reg = r;
	return 0;
}

struct account_reg *account_reg_free(struct account_reg *r)
{
	if (!r)
		return NULL;
	list_remove(&r->node);
	account_keepalive_close(&r->keepalive);
	reg_free(r->reg);
	mem_free(r);
	return NULL;
}

/* ---- coming and going ---- */

void account_reg_begin(struct account_reg *r, struct account_reg *before)
{
	if (before)
		before->next = r->account;
	else if (r->on_add && r->phone->state == PHONE_OPEN)
		reg_start(r->reg);
}

static bool is_idle(const struct account_reg *r)
{
	struct reg_info info;

	reg_info(r->reg, &info);
	return info.state == REG_IDLE;
}

void account_reg_leave(struct account_reg *r)
{
	if (!r)
		return;
	r->account = 0;
	if (is_idle(r))
		left(r);
	else
		reg_stop(r->reg); /* on_outcome() frees it, perhaps from inside */
}

/* Somebody who has been refused for good has nothing new to say over another way (but the program may know better). */
static bool is_concerned(const struct reg_info *info)
{
	switch (info->state) {
	case REG_IDLE:
	case REG_REFUSED:
	case REG_LEAVING:
	case REG_UNREGISTERING:
		return false;
	default:
		return !info->bound || !network_stands(&info->flow);
	}
}

size_t account_regs_moved(struct offhook_phone *p, enum network_cause cause)
{
	size_t n = 0;

	LIST_FOREACH (it, &p->regs) {
		struct account_reg *r = CONTAINER_OF(it, struct account_reg, node);
		struct reg_info info;

		reg_info(r->reg, &info);
		if (cause == NETWORK_ADDRESSES && !is_concerned(&info))
			continue;
		n += info.state != REG_IDLE;
		reg_moved(r->reg);
	}
	return n;
}

bool account_reg_is_moving(const struct account_reg *r)
{
	struct reg_info info;

	if (!r)
		return false;
	reg_info(r->reg, &info);
	return info.state == REG_REGISTERING || info.state == REG_REFRESHING || info.state == REG_HOLDING ||
	       info.state == REG_WAITING;
}

void account_regs_wake(struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->regs) {
		struct account_reg *r = CONTAINER_OF(it, struct account_reg, node);
		struct reg_info info;

		reg_info(r->reg, &info);
		if (info.state == REG_WAITING && info.err == OH_ETRANSPORT)
			reg_moved(r->reg);
	}
}

void account_regs_leave_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->regs)
		reg_stop(CONTAINER_OF(it, struct account_reg, node)->reg);
}

bool account_regs_gone(const struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->regs)
		if (!is_idle(CONTAINER_OF(it, struct account_reg, node)))
			return false;
	return true;
}

void account_regs_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->regs)
		account_reg_free(CONTAINER_OF(it, struct account_reg, node));
}

/* ---- what calls take from it ---- */

bool account_reg_is_called(const struct account_reg *r, const struct sip_uri *ruri)
{
	struct slice line;

	return r && sip_uri_param(ruri, SLICE_LIT("line"), &line) && slice_eq(line, slice_of(r->line));
}

bool account_reg_is_at(const struct account_reg *r, const struct netaddr *ip)
{
	struct reg_info info;

	if (!r)
		return false;
	reg_info(r->reg, &info);
	return info.bound && netaddr_eq_ip(&info.flow.remote, ip);
}

struct slice account_reg_contact(
	const struct account_reg *r, const struct sip_flow *flow, char *buf, size_t cap)
{
	struct reg_info info;
	int n;

	if (!r)
		return SLICE_NONE;
	reg_info(r->reg, &info);
	if (!info.bound)
		return SLICE_NONE;
	/* RFC 5627 4.4.1: a GRUU reaches this device from wherever its peer is. */
	if (slice_present(info.pub_gruu)) {
		n = snprintf(buf, cap, "<%.*s>", SLICE_ARG(info.pub_gruu));
		return n > 0 && (size_t)n < cap ? slice_make(buf, (size_t)n) : SLICE_NONE;
	}
	/* What the registrar saw is no address for a peer in another direction. */
	if (info.flow.transport != flow->transport || !netaddr_eq_ip(&info.flow.local, &flow->local))
		return SLICE_NONE;
	return info.contact;
}

size_t account_reg_routes(const struct account_reg *r, const struct slice **ret_list)
{
	struct reg_info info;

	if (!r)
		return 0;
	reg_info(r->reg, &info);
	*ret_list = info.service_route;
	return info.bound ? info.n_service_route : 0;
}

const struct sip_flow *account_reg_flow(const struct account_reg *r, struct sip_flow *buf)
{
	struct reg_info info;

	if (!r)
		return NULL;
	reg_info(r->reg, &info);
	if (!info.bound || !info.outbound)
		return NULL;
	*buf = info.flow;
	return buf;
}

/* ---- what the program asks ---- */

static enum offhook_registration_state public_state(const struct reg_info *info)
{
	switch (info->state) {
	case REG_IDLE:
		return OFFHOOK_REGISTRATION_OFF;
	case REG_REGISTERING:
		return OFFHOOK_REGISTRATION_TRYING;
	case REG_REGISTERED:
	case REG_REFRESHING:
	case REG_HOLDING:
		return OFFHOOK_REGISTRATION_ACTIVE;
	case REG_WAITING:
		return OFFHOOK_REGISTRATION_WAITING;
	case REG_REFUSED:
		return OFFHOOK_REGISTRATION_REFUSED;
	default:
		return OFFHOOK_REGISTRATION_LEAVING;
	}
}

void account_reg_info(const struct account_reg *r, struct offhook_registration_info *ret_info)
{
	struct reg_info info;
	size_t n = 0;

	if (!r)
		return;
	reg_info(r->reg, &info);
	ret_info->state = public_state(&info);
	ret_info->status = info.status;
	ret_info->error = info.err;
	ret_info->granted_s = info.granted_s;
	ret_info->next_s = info.next_s;
	ret_info->failures = info.failures;
	ret_info->registrar = (uint32_t)info.registrar;
	ret_info->outbound = info.outbound;
	ret_info->flow_timer_s = info.flow_timer_s;
	snprintf(ret_info->reason, sizeof(ret_info->reason), "%.*s", SLICE_ARG(info.reason));
	snprintf(ret_info->contact, sizeof(ret_info->contact), "%.*s", SLICE_ARG(info.contact));
	snprintf(ret_info->pub_gruu, sizeof(ret_info->pub_gruu), "%.*s", SLICE_ARG(info.pub_gruu));
	snprintf(ret_info->temp_gruu, sizeof(ret_info->temp_gruu), "%.*s", SLICE_ARG(info.temp_gruu));
	for (size_t i = 0; i < info.n_service_route && n < sizeof(ret_info->service_route); i++)
		n += (size_t)snprintf(ret_info->service_route + n, sizeof(ret_info->service_route) - n,
			"%s%.*s", i ? "," : "", SLICE_ARG(info.service_route[i]));
}

void account_reg_prefer(struct account_reg *r, struct sip_transport *prefer)
{
	if (r)
		reg_prefer(r->reg, prefer);
}

void account_reg_order(struct account_reg *r, bool on)
{
	if (on)
		reg_start(r->reg);
	else
		reg_stop(r->reg);
}
