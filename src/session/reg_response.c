/*
 * What a response to REGISTER means (RFC 3261 10.2.4, 10.2.8, 21): which binding is ours and for how long, the service
 * route and GRUUs that came with it, whether a refusal can be mended, is for now, or is for good.
 */
#include "session/reg_impl.h"

#include "base/err.h"
#include "base/mem.h"

void reg_grant_clear(struct reg *r)
{
	mem_free(r->grant.texts);
	r->grant = (struct reg_grant){0};
}

/* ---- a 2xx ---- */

static struct slice unquoted(struct slice s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return slice_make(s.p + 1, s.n - 2);
	return s;
}

/* RFC 5626 4.1: a URN in angle brackets in quotes; RFC 4122: UUIDs compare without case. */
static bool is_our_instance(const struct reg *r, const struct sip_addr *c)
{
	struct slice ours = r->own->list[REG_INSTANCE], value, reg_id;
	uint32_t id;

	if (slice_empty(ours) || !sip_param_find(c->params, SLICE_LIT("+sip.instance"), &value))
		return false;
	value = unquoted(value);
	if (value.n != ours.n + 2 || !slice_ieq(slice_make(value.p + 1, value.n - 2), ours))
		return false;
	if (!r->setup.reg_id || !sip_param_find(c->params, SLICE_LIT("reg-id"), &reg_id))
		return true;
	return slice_to_u32(reg_id, UINT32_MAX, &id) == 0 && id == r->setup.reg_id;
}

static bool is_ours(const struct reg *r, const struct sip_addr *c, const struct sip_addr *sent)
{
	return is_our_instance(r, c) || sip_uri_eq(&c->uri, &sent->uri);
}

struct found {
	struct sip_addr ours;
	size_t n; /* Contacts in all */
	bool hit; /* ours is one that we know */
};

/* RFC 3261 10.2.4: the response lists the bindings of everybody. */
static void find_ours(const struct reg *r, const struct sip_msg *msg, struct found *f)
{
	struct sip_addr sent, c;

	*f = (struct found){.n = 0};
	if (sip_addr_parse(slice_of(r->contact), &sent))
		return;
	for (const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT); h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value;

		while (f->n < REG_CONTACTS_MAX && sip_addr_next(&rest, &c) > 0) {
			f->n++;
			if (!f->hit)
				f->ours = c;
			f->hit = f->hit || is_ours(r, &c, &sent);
		}
	}
	/* A gateway on the way wrote its own address into the only one there is. */
	if (f->n == 1)
		f->hit = true;
}

/* RFC 3261 10.2: what is malformed counts as 3600. */
static uint32_t seconds(struct slice text)
{
	uint32_t s;

	switch (slice_to_u32(text, UINT32_MAX, &s)) {
	case 0:
		return s;
	case OH_ERANGE:
		return UINT32_MAX;
	default:
		return 3600;
	}
}

/* 10.2.4: the parameter of our Contact or, if absent, the Expires header; a registrar that says neither took what was
 * asked. 0: there is no binding. */
static uint32_t granted_s(const struct reg *r, const struct sip_msg *msg, const struct found *f)
{
	struct slice text;
	uint32_t s;

	if (f->n && !f->hit)
		return 0;
	if (f->n && sip_param_find(f->ours.params, SLICE_LIT("expires"), &text))
		return seconds(text);
	if (sip_msg_seconds(msg, SIP_HDR_EXPIRES, &s) == 0)
		return s;
	return r->setup.expires_s;
}

static struct slice gruu(const struct found *f, struct slice name)
{
	struct slice value;
	struct sip_uri uri;

	if (!f->hit || !sip_param_find(f->ours.params, name, &value))
		return SLICE_NONE;
	value = unquoted(value);
	return value.n <= REG_TEXT_MAX && sip_uri_parse(value, &uri) == 0 && uri.scheme != SIP_SCHEME_OTHER
		       ? value
		       : SLICE_NONE;
}

/* RFC 3608 5: the values of the last response replace those before; without any there are none. One that cannot be a
 * route makes the others worthless too. */
static size_t service_route(const struct sip_msg *msg, struct slice *list)
{
	struct sip_addr route;
	size_t n = 0, bytes = 0;

	for (const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_SERVICE_ROUTE); h;
		h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value;
		int more;

		while ((more = sip_addr_next(&rest, &route)) > 0) {
			bytes += route.text.n;
			if (n == REG_ROUTES_MAX || bytes > REG_TEXT_MAX || !route.angled)
				return 0;
			list[n++] = route.text;
		}
		if (more < 0)
			return 0;
	}
	return n;
}

static struct texts *grant_texts(
	const struct reg *r, const struct sip_msg *msg, const struct found *f, int *ret_err)
{
	struct slice list[REG_N_GRUUS + REG_ROUTES_MAX] = {SLICE_NONE};
	struct texts *t;
	size_t n;

	if (r->setup.gruu) {
		list[REG_PUB_GRUU] = gruu(f, SLICE_LIT("pub-gruu"));
		list[REG_TEMP_GRUU] = gruu(f, SLICE_LIT("temp-gruu"));
	}
	n = service_route(msg, &list[REG_N_GRUUS]);
	*ret_err = 0;
	if (n == 0 && !slice_present(list[REG_PUB_GRUU]) && !slice_present(list[REG_TEMP_GRUU]))
		return NULL;
	t = texts_new(list, REG_N_GRUUS + n);
	*ret_err = t ? 0 : OH_ENOMEM;
	return t;
}

/* RFC 3581 4: where the registrar saw us, when that is not what our Contact says. A host that was configured to be
 * published is left alone. */
static bool seen_elsewhere(
	const struct reg *r, struct sip_msg *msg, const struct sip_flow *flow, struct netaddr *ret_seen)
{
	const struct netaddr *known = r->seen.family != NETADDR_NONE ? &r->seen : &flow->local;
	const struct sip_via *via;
	struct sip_addr contact;
	struct netaddr seen, ours;
	uint32_t port;

	if (!r->setup.rewrite || sip_addr_parse(slice_of(r->contact), &contact) ||
		sip_uri_netaddr(&contact.uri, &ours) || !netaddr_eq_ip(&ours, known))
		return false;
	if (sip_msg_via(msg, &via))
		return false;
	port = via->port ? via->port : 5060;
	if (slice_present(via->rport) && !slice_empty(via->rport) &&
		(slice_to_u32(via->rport, 65535, &port) || !port))
		return false;
	if (netaddr_parse_ip(slice_present(via->received) ? via->received : via->host, (uint16_t)port, &seen))
		return false;
	*ret_seen = seen;
	return !netaddr_eq_ip(&seen, &ours) || seen.port != (ours.port ? ours.port : 5060);
}

static bool same_way(const struct sip_flow *a, const struct sip_flow *b)
{
	return a->transport == b->transport && a->conn == b->conn && netaddr_eq(&a->remote, &b->remote);
}

static void take_grant(
	struct reg *r, const struct sip_msg *msg, const struct sip_flow *flow, uint32_t s, struct texts *t)
{
	uint32_t flow_timer = 0;
	const struct sip_hdr *h = sip_msg_hdr_named(msg, SLICE_LIT("Flow-Timer"));

	if (r->grant.until_ns && r->bound_at != r->registrar)
		reg_leave_backup(r); /* the first one is well again */
	bool answers = r->grant.answers && same_way(&r->grant.flow, flow);

	if (h && slice_to_u32(h->value, REG_EXPIRES_MAX_S, &flow_timer))
		flow_timer = 0;
	reg_grant_clear(r);
	r->grant = (struct reg_grant){
		.until_ns = r->sent_ns + s * NS_PER_S,
		.expires_s = s,
		.flow_timer_s = flow_timer,
		/* RFC 5626 4.2.1: the registrar, and every proxy that had to, took part. */
		.outbound = r->setup.reg_id && sip_msg_has_token(msg, SIP_HDR_REQUIRE, SLICE_LIT("outbound")),
		.texts = t,
		.flow = *flow,
		.answers = answers,
	};
	r->bound_at = r->registrar;
	mem_free(r->old_contact);
	r->old_contact = NULL;
}

static void deny(struct reg *r, const struct reg_happened *h, int err)
{
	struct reg_happened denied = *h;

	denied.err = err;
	reg_handle(r, REG_EV_DENIED, &denied);
}

static void fail(struct reg *r, const struct reg_happened *h, int err)
{
	struct reg_happened failed = *h;

	failed.err = err;
	reg_handle(r, REG_EV_FAILED, &failed);
}

static void accepted(
	struct reg *r, struct sip_msg *msg, const struct sip_flow *flow, const struct reg_happened *h)
{
	char text[NETADDR_TEXT];
	struct found f;
	struct netaddr seen;
	struct texts *texts;
	uint32_t s;
	int err;

	if (reg_leaves(r)) {
		reg_handle(r, REG_EV_GONE, h);
		return;
	}
	find_ours(r, msg, &f);
	s = granted_s(r, msg, &f);
	if (s == 0) {
		deny(r, h, OH_ENOBINDING);
		return;
	}
	texts = grant_texts(r, msg, &f, &err);
	if (err) {
		fail(r, h, err);
		return;
	}
	take_grant(r, msg, flow, s, texts);
	if (r->state != REG_LEAVING && seen_elsewhere(r, msg, flow, &seen)) {
		r->seen = seen;
		sip_decided(r->stack, SIP_DECIDED_CONTACT, r->about,
			"the Contact becomes %s: there the registrar sees us", netaddr_text(&seen, text));
		reg_handle(r, REG_EV_BOUND, h);
		if (reg_ask_again(r))
			return;
	}
	reg_handle(r, REG_EV_GRANTED, h);
}

/* ---- what is refused ---- */

/* RFC 3261 10.2.8. An interval that we asked for already, or that nobody could want, is no reason to ask again. */
static bool longer(struct reg *r, const struct sip_msg *msg)
{
	uint32_t min;

	if (reg_leaves(r) || sip_msg_seconds(msg, SIP_HDR_MIN_EXPIRES, &min) || min <= r->setup.expires_s ||
		min > REG_EXPIRES_MAX_S)
		return false;
	r->setup.expires_s = min;
	return reg_ask_again(r);
}

/* RFC 3261 8.1.3.4: to the first Contact that is no step down from sips. */
static bool redirected(struct reg *r, struct sip_msg *msg)
{
	const struct sip_addr *to;
	struct slice was = r->redirect ? r->redirect->list[0] : r->own->list[REG_N_TEXTS + r->registrar];
	struct texts *t;
	bool secure = slice_starts(was, SLICE_LIT("sips:"));

	if (msg->status == 300 || msg->status == 380 || sip_msg_contact(msg, &to) || to->star ||
		to->uri.text.n > REG_TEXT_MAX)
		return false;
	if (to->uri.scheme != SIP_SCHEME_SIPS && (to->uri.scheme != SIP_SCHEME_SIP || secure))
		return false;
	t = texts_new(&to->uri.text, 1);
	if (!t)
		return false;
	reg_forget_way(r);
	r->redirect = t;
	return reg_ask_again(r);
}

/* RFC 5626 4.2.1, 11.6: our proxy cannot; so without. */
static bool without_outbound(struct reg *r)
{
	if (!r->setup.reg_id)
		return false;
	r->setup.reg_id = 0;
	return reg_ask_again(r);
}

/* For now: another server or another time may say yes (RFC 3261 21; 430: RFC 5626 11.5). Everything else is for good. */
static bool is_for_now(unsigned status)
{
	switch (status) {
	case 408:
	case 430:
	case 480:
	case 482:
	case 483:
	case 486:
	case 491:
	case 600:
		return true;
	case 501:
	case 505:
	case 513:
		return false;
	default:
		return status / 100 == 5;
	}
}

static void take_retry_after(struct reg *r, const struct sip_msg *msg)
{
	uint32_t s;

	r->retry_after_s = -1;
	if (sip_msg_seconds(msg, SIP_HDR_RETRY_AFTER, &s) == 0)
		r->retry_after_s = s < REG_RETRY_AFTER_MAX_S ? s : REG_RETRY_AFTER_MAX_S;
}

void reg_respond(struct reg *r, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct reg_happened h = {.status = msg->status, .reason = msg->reason, .msg = msg};

	if (msg->status < 300) {
		accepted(r, msg, flow, &h);
		return;
	}
	take_retry_after(r, msg);
	if ((msg->status == 423 && longer(r, msg)) || (msg->status == 439 && without_outbound(r)) ||
		(msg->status < 400 && redirected(r, msg)))
		return;
	if (!is_for_now(msg->status))
		deny(r, &h, OH_EREGISTRAR);
	else if (!reg_ask_next(r))
		fail(r, &h, OH_EREGISTRAR);
}
