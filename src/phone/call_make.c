/* Making a call: parse, find the next hop, open the sockets, offer, send. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "phone/account_way.h"
#include "phone/call_redirect.h"
#include "phone/identity.h"
#include "phone/session_cfg.h"
#include "phone/uri_text.h"

void offhook_call_cfg_init(struct offhook_call_cfg *cfg)
{
	*cfg = (struct offhook_call_cfg){.size = sizeof(*cfg)};
}

struct make_args {
	offhook_id account;
	const struct offhook_call_cfg *cfg;
	offhook_id *ret_call;
};

/* Call-ID: a random token, so that it tells nothing about us (RFC 3261 8.1.1.4). */
#define CALL_ID_LENGTH 24

static int fill_as(struct call *c, const struct account *a, const struct identity *id,
	const struct offhook_call_cfg *cfg, const struct sip_addr *addr)
{
	char token[CALL_ID_LENGTH + 1];
	int err;

	sip_stack_token(c->phone->stack, token, CALL_ID_LENGTH);
	c->account = c->media.account = a->id;
	c->expires_s = cfg->expires_s;
	c->rules = a->rules;
	call_media_choose(&c->media, a->codecs);
	c->local_uri = mem_strdup(a->uri);
	c->remote_uri = mem_strdup(cfg->uri);
	c->sip_call_id = mem_strdup(token);
	c->from = mem_strdup(a->from);
	c->to = uri_text_identity(addr);
	c->target = uri_text_target(&addr->uri);
	if (identity_is_anonymous(id) && c->from) {
		mem_free(c->from);
		c->from =
			mem_strdup("\"Anonymous\" <sip:anonymous@anonymous.invalid>"); /* RFC 3323 4.1.1.3 */
	}
	if (!c->local_uri || !c->remote_uri || !c->sip_call_id || !c->from || !c->to || !c->target)
		return OH_ENOMEM;
	c->ladder = ladder_new(c->phone, c->sip_call_id, c->id);
	c->end_picture = picture_new(c);
	if (!c->end_picture)
		return OH_ENOMEM;
	err = call_choose(c, cfg->codecs);
	if (!err && cfg->session)
		err = session_rules(cfg->session, &c->rules);
	c->anonymous = identity_is_anonymous(id);
	return err ? err : identity_extras(id, cfg->headers, cfg->n_headers, &c->extras);
}

static int fill(struct call *c, const struct account *a, const struct offhook_call_cfg *cfg,
	const struct sip_addr *addr)
{
	struct identity *own = NULL;
	int err = cfg->identity ? identity_new(cfg->identity, &own) : 0;

	if (!err)
		err = fill_as(c, a, own ? own : a->identity, cfg, addr);
	identity_free(own);
	return err;
}

/* Where the callee may be, best first (RFC 3263 4.2). */
struct call_ways {
	size_t n, next;
	struct sip_flow list[];
};

static int ways_new(const struct sip_flow *flows, size_t n, struct call_ways **ret_ways)
{
	struct call_ways *w = mem_alloc(sizeof(*w) + n * sizeof(*flows));

	if (!w)
		return OH_ENOMEM;
	w->n = n;
	w->next = 0;
	memcpy(w->list, flows, n * sizeof(*flows));
	*ret_ways = w;
	return 0;
}

void call_forget_ways(struct call *c)
{
	mem_free(c->ways);
	c->ways = NULL;
}

void call_forget_origin(struct call *c)
{
	call_forget_ways(c);
	c->redirect = redirect_free(c->redirect);
	mem_free(c->target);
	mem_free(c->from);
	mem_free(c->to);
	mem_free(c->extras);
	c->target = c->from = c->to = NULL;
	c->extras = NULL;
}

/* What is left of the time for an answer, over all addresses; at least a second. */
static uint32_t expires_left(const struct call *c)
{
	uint64_t gone_s = (host_now(c->phone->host) - c->begun_ns) / NS_PER_S;

	return c->expires_s > gone_s + 1 ? c->expires_s - (uint32_t)gone_s : c->expires_s != 0;
}

int call_contact(const struct call *c, const struct sip_flow *flow, bool secure, char **ret_contact)
{
	int err = account_contact_as(account_find(c->phone, c->account), flow, secure, ret_contact);

	if (!err && c->anonymous)
		identity_hide_user(*ret_contact);
	return err;
}

/* The INVITE leaves. */
static int send_invite(struct call *c, const struct sip_flow *flow)
{
	struct account *a = account_find(c->phone, c->account);
	struct inv_call_cfg cfg = {
		.target = slice_of(c->target),
		.from = slice_of(c->from),
		.to = slice_of(c->to),
		.call_id = slice_of(c->sip_call_id),
		.again = c->again,
		.extras = c->extras->list,
		.n_extras = c->extras->n,
		.expires_s = expires_left(c),
		.policy = c->rules.policy,
		.flow = *flow,
		.auth = a ? redirect_auth(c, a) : NULL,
		.handler = call_inv_handler(c),
	};
	struct sip_request way = {.target = cfg.target};
	struct slice routes[SIP_ROUTES_MAX];
	int err;

	/* Of an attempt before: another address may ask for sockets of another family. */
	(void)call_media_close(&c->media);
	mem_free(c->contact);
	c->contact = NULL;
	err = call_media_offer(&c->media, flow, &cfg.offer);
	if (err)
		return err;
	if (a) {
		account_way_of(c->phone, a, &way, routes);
		cfg.routes = way.routes;
		cfg.n_routes = way.n_routes;
		cfg.secure = way.secure;
	}
	err = call_contact(c, flow, sip_request_is_sips(&way), &c->contact);
	if (err)
		return err;
	cfg.contact = slice_of(c->contact);
	cfg.spare = c->ways && c->ways->next < c->ways->n;
	cfg.about = c->id;
	return inv_call(c->phone->stack, &cfg, &c->inv);
}

static void say_way(struct call *c, const struct call_ways *w)
{
	char to[NETADDR_TEXT], from[NETADDR_TEXT];

	if (w->next == 0)
		sip_decided_target(c->phone->stack, c->id, SLICE_LIT("INVITE"), &w->list[0]);
	else
		sip_decided(c->phone->stack, SIP_DECIDED_FAILOVER, c->id,
			"INVITE goes to %s %s instead of %s",
			sip_transport_name(sip_transport_type(w->list[w->next].transport)),
			netaddr_text(&w->list[w->next].remote, to),
			netaddr_text(&w->list[w->next - 1].remote, from));
}

static int try_ways(struct call *c)
{
	struct call_ways *w = c->ways;
	int err = OH_ERESOLVE;

	while (w->next < w->n) {
		say_way(c, w);
		err = send_invite(c, &w->list[w->next++]);
		if (!err)
			break;
	}
	if (err || w->next == w->n)
		call_forget_ways(c);
	return err;
}

bool call_try_next(struct call *c)
{
	if (!c->ways)
		return false;
	if (*c->again.tag)
		c->again = inv_again(c->inv);
	c->inv = inv_free(c->inv);
	return try_ways(c) == 0;
}

int call_invite_again(struct call *c)
{
	struct sip_flow flow = *inv_flow(c->inv);

	c->again = inv_again(c->inv);
	c->inv = inv_free(c->inv);
	return send_invite(c, &flow);
}

/* Each proxy on the way may want it longer still. */
#define TOO_SHORT_MAX 4u

bool call_try_longer(struct call *c, const struct sip_msg *msg)
{
	struct inv_policy *policy = &c->rules.policy;
	uint32_t min_se_s;

	if (policy->timer == INV_TIMER_OFF || c->n_too_short == TOO_SHORT_MAX ||
		sip_msg_seconds(msg, SIP_HDR_MIN_SE, &min_se_s) != 0 || min_se_s <= policy->min_se_s ||
		min_se_s > SESSION_SECONDS_MAX)
		return false;
	c->n_too_short++;
	policy->min_se_s = min_se_s;
	/* We have asked for none: it is a proxy that wants one (RFC 4028 8.1). */
	if (policy->timer == INV_TIMER_ACCEPT)
		policy->timer = INV_TIMER_OFFER;
	return call_invite_again(c) == 0;
}

/* RFC 3261 8.1.3.1: a request that cannot be sent counts as answered by 503. */
static void cannot_be_reached(struct call *c, int err)
{
	struct call_end end = {.status = 503, .by = OFFHOOK_ENDED_BY_NETWORK, .error = err};

	if (!redirect_goes_on(c, &end))
		call_ended(c, &end);
}

static void located(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct call *c = arg;
	bool later = c->locate != NULL; /* else begin() is told */

	c->locate = NULL;
	if (!err)
		err = ways_new(flows, n, &c->ways);
	if (!err)
		err = try_ways(c);
	if (err)
		call_forget_ways(c);
	c->error = err;
	if (err && later)
		cannot_be_reached(c, err);
}

/* RFC 3261 8.1.2; RFC 5626 4.3: who has a flow of his own takes it. */
static int begin(struct call *c, const struct account *a)
{
	struct sip_request req = {.target = slice_of(c->target)};
	struct slice routes[SIP_ROUTES_MAX];
	struct sip_uri list[SIP_HOPS_MAX];
	struct sip_hops hops;
	int err;

	account_way_of(c->phone, a, &req, routes);
	if (req.flow.transport) {
		located(c, 0, &req.flow, 1);
		return c->error;
	}
	c->located_by = req.prefer;
	err = sip_request_hops(&req, list, &hops);
	if (!err)
		err = sip_locate_any(c->phone->stack, &hops, located, c, &c->locate);
	/* A numeric host has been called by now, or the attempt has failed. */
	return err ? err : c->error;
}

int call_place_again(struct call *c)
{
	struct account *a = account_find(c->phone, c->account);

	call_forget_ways(c);
	return a ? begin(c, a) : OH_ENOENT;
}

static int make(struct offhook_phone *p, offhook_id account, const struct offhook_call_cfg *cfg,
	struct call **ret_call)
{
	struct account *a = account ? account_find(p, account) : p->default_account;
	struct sip_addr addr;
	struct call *c;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, account ? "no such account" : "the phone has no account");
	if (list_empty(&p->transports))
		return err_detail(OH_ETRANSPORT, "the phone has no transport");
	err = uri_text_parse(cfg->uri, &addr);
	if (!err)
		err = call_room(p);
	if (!err)
		err = call_new(p, OFFHOOK_CALLER, cfg->user_data, &c);
	if (err)
		return err;
	err = fill(c, a, cfg, &addr);
	if (!err)
		err = begin(c, a);
	if (err) {
		call_discard(c);
		return err;
	}
	c->state = OFFHOOK_CALL_CALLING;
	*ret_call = c;
	return 0;
}

static int make_run(struct offhook_phone *p, void *arg)
{
	const struct make_args *args = arg;
	struct call *c = NULL;
	int err = make(p, args->account, args->cfg, &c);

	if (err)
		return err;
	*args->ret_call = c->id;
	call_say_state(c, NULL, false);
	return 0;
}

int call_place(struct offhook_phone *p, offhook_id account, const struct offhook_call_cfg *cfg,
	offhook_id asked_in, struct call **ret_call)
{
	struct event_say say = {.type = OFFHOOK_EVENT_TRANSFERRED, .account = account, .other = asked_in};
	struct call *c = NULL;
	int err = make(p, account, cfg, &c);

	if (err)
		return err;
	say.subject = c->subject;
	say.picture = picture_new(c);
	if (!event_emit(p, &say)) {
		/* A call that the program cannot be told of does not stay. */
		c->state = OFFHOOK_CALL_NULL;
		call_discard(c);
		return OH_ENOMEM;
	}
	call_say_state(c, NULL, false);
	*ret_call = c;
	return 0;
}

int offhook_call_make(struct offhook_phone *phone, offhook_id account, const struct offhook_call_cfg *cfg,
	offhook_id *ret_call)
{
	struct offhook_call_cfg ours;
	struct make_args args = {account, &ours, ret_call};
	int err;

	err_detail_clear();
	offhook_call_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	return err ? err : phone_command(phone, make_run, &args);
}
