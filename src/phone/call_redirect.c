#include "phone/call_redirect.h"

#include "base/mem.h"
#include "phone/account_reg.h"
#include "phone/account_way.h"
#include "phone/uri_text.h"

#define Q_MAX 1000u

struct target {
	char *uri; /* as a Request-URI */
	unsigned q;
	bool tried;
};

struct redirect {
	struct call *call;
	struct question *question; /* NULL: none is open */
	struct call_end end;       /* while it is: what a refusal ends the call with; its message is below */
	char *message;
	size_t n_message;
	size_t n;
	struct target list[REDIRECT_TARGETS_MAX + 1]; /* the first is whom the program has called */
};

struct redirect *redirect_free(struct redirect *r)
{
	if (!r)
		return NULL;
	question_drop(r->question);
	for (size_t i = 0; i < r->n; i++)
		mem_free(r->list[i].uri);
	mem_free(r->message);
	mem_free(r);
	return NULL;
}

bool redirect_waits(const struct call *c)
{
	return c->redirect && c->redirect->question;
}

/* ---- the set of targets ---- */

/* qvalue in thousandths (RFC 3261 20.10, 25.1); what says nothing, or nothing that can be read, is as good as any. */
static unsigned q_of(const struct sip_addr *contact)
{
	struct slice value;
	unsigned q = 0, weight = 100;

	if (!slice_present(contact->params) || !sip_param_find(contact->params, SLICE_LIT("q"), &value) ||
		slice_empty(value) || value.p[0] != '0')
		return Q_MAX;
	for (size_t i = 2; i < value.n && weight; i++, weight /= 10) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return Q_MAX;
		q += (unsigned)(value.p[i] - '0') * weight;
	}
	return q;
}

static bool has(const struct redirect *r, const struct sip_uri *uri)
{
	struct sip_uri other;

	for (size_t i = 0; i < r->n; i++)
		if (sip_uri_parse(slice_of(r->list[i].uri), &other) == 0 && sip_uri_eq(&other, uri))
			return true;
	return false;
}

/* sip: or, when the call began with it, only sips: (RFC 5630 4: the user was promised no less). */
static bool may_be_called(const struct redirect *r, const struct sip_addr *contact)
{
	struct sip_uri first;

	if (contact->star || slice_empty(contact->uri.host) ||
		sip_uri_parse(slice_of(r->list[0].uri), &first))
		return false;
	return contact->uri.scheme == SIP_SCHEME_SIPS ||
	       (contact->uri.scheme == SIP_SCHEME_SIP && first.scheme != SIP_SCHEME_SIPS);
}

static void add(struct redirect *r, const struct sip_addr *contact)
{
	struct sip_uri uri;
	char *text;

	if (r->n == ARRAY_LEN(r->list) || !may_be_called(r, contact))
		return;
	text = uri_text_target(&contact->uri);
	if (!text)
		return;
	if (sip_uri_parse(slice_of(text), &uri) || has(r, &uri))
		mem_free(text);
	else
		r->list[r->n++] = (struct target){.uri = text, .q = q_of(contact)};
}

static struct redirect *redirect_new(struct call *c)
{
	struct redirect *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->call = c;
	r->list[0] = (struct target){.uri = mem_strdup(c->target), .tried = true};
	r->n = 1;
	return r->list[0].uri ? r : redirect_free(r);
}

/* Without memory as if it had named nobody. */
static void take_contacts(struct call *c, const struct sip_msg *msg)
{
	if (!c->redirect)
		c->redirect = redirect_new(c);
	if (!c->redirect)
		return;
	for (const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT); h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value;
		struct sip_addr contact;

		while (sip_addr_next(&rest, &contact) == 1)
			add(c->redirect, &contact);
	}
}

static struct target *next_target(struct redirect *r)
{
	struct target *best = NULL;

	for (size_t i = 0; i < r->n; i++)
		if (!r->list[i].tried && (!best || r->list[i].q > best->q))
			best = &r->list[i];
	return best;
}

/* ---- whom we trust with a proof ---- */

static bool same_host(const char *uri, const struct sip_uri *other)
{
	struct sip_uri u;

	return sip_uri_parse(slice_of(uri), &u) == 0 && slice_ieq(u.host, other->host);
}

static bool is_home(const struct call *c, const struct account *a)
{
	const struct slice *routes;
	struct sip_flow buf;

	return a->way->n_routes || a->way->n_servers || account_reg_flow(a->reg, &buf) ||
	       account_reg_routes(a->reg, &routes) || same_host(c->target, &a->parsed);
}

static bool is_trusted(const struct call *c, const struct account *a)
{
	struct sip_uri target;

	if (is_home(c, a))
		return true;
	/* Whoever the program has called is asked for no more than before. */
	return sip_uri_parse(slice_of(c->target), &target) == 0 &&
	       same_host(c->redirect->list[0].uri, &target);
}

struct sip_auth *redirect_auth(const struct call *c, const struct account *a)
{
	return !c->redirect || is_trusted(c, a) ? a->auth : NULL;
}

/* A proof that the program has written by itself was for somebody else. */
static void drop_proofs(struct extras *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		enum sip_hdr_id id = sip_hdr_of(x->list[i].name);

		if (id != SIP_HDR_AUTHORIZATION && id != SIP_HDR_PROXY_AUTHORIZATION)
			x->list[n++] = x->list[i];
	}
	x->n = n;
}

/* ---- going on ---- */

static void tell(const struct call *c)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_CALL_REDIRECTED,
		.subject = c->subject,
		.account = account_find(c->phone, c->account) ? c->account : 0,
		.picture = picture_new(c),
		.text = slice_of(c->target),
	};

	event_emit(c->phone, &say);
}

static int go_to(struct call *c, const struct target *t)
{
	char *target = mem_strdup(t->uri);
	uint32_t gone;

	if (!target)
		return OH_ENOMEM;
	if (c->inv) {
		c->again = inv_again(c->inv);
		c->inv = inv_free(c->inv);
	}
	mem_free(c->target);
	c->target = target;
	drop_proofs(c->extras);
	c->state = OFFHOOK_CALL_CALLING;
	gone = call_media_close(&c->media);
	/* The first word of a call that is CALLING again: before that of its audio. */
	tell(c);
	if (gone)
		call_say_media(c, gone, 0);
	return call_place_again(c);
}

/* An error: the one whose turn it is cannot even be tried. */
static int go_to_next(struct redirect *r)
{
	struct target *t = next_target(r);

	t->tried = true;
	return go_to(r->call, t);
}

/* False: there is nobody left who could be called. */
static bool follow(struct redirect *r)
{
	while (next_target(r))
		if (go_to_next(r) == 0)
			return true;
	return false;
}

/* ---- asking ---- */

/* As if nobody had offered another address. */
static void finish(struct redirect *r)
{
	struct call_end end = r->end;
	char *text = r->message; /* the message's, while r goes */
	struct sip_msg msg;
	bool shown = text && sip_msg_parse(&msg, slice_make(text, r->n_message)) == 0;

	r->message = NULL;
	if (shown)
		end.msg = &msg;
	call_ended(r->call, &end);
	if (shown)
		sip_msg_free(&msg);
	mem_free(text);
}

static bool ask(struct redirect *r, const struct call_end *end);

static int answered(void *arg, unsigned code, struct slice reason)
{
	struct redirect *r = arg;
	int err = 0;

	(void)reason;
	r->question = NULL;
	if (code < 300) {
		struct call_end end = {.status = 503, .by = OFFHOOK_ENDED_BY_NETWORK};

		err = end.error = go_to_next(r);
		if (!err || (next_target(r) && ask(r, &end)))
			return err;
	}
	finish(r);
	return err;
}

/* False: it cannot be asked. */
static bool ask(struct redirect *r, const struct call_end *end)
{
	struct call *c = r->call;
	struct slice raw = end->msg ? end->msg->raw : SLICE_NONE;
	struct question_cfg q = {.kind = OFFHOOK_QUESTION_REDIRECT,
		.subject = c->subject,
		.account = account_find(c->phone, c->account) ? c->account : 0,
		.from = slice_of(c->remote_uri),
		.target = slice_of(next_target(r)->uri),
		.message = raw,
		.answered = answered,
		.arg = r};
	char *message = slice_present(raw) ? slice_dup(raw) : NULL;

	q.picture = picture_new(c);
	if (!q.picture || (slice_present(raw) && !message)) {
		picture_unref(q.picture);
		mem_free(message);
		return false;
	}
	if (question_ask(c->phone, &q, &r->question)) {
		mem_free(message);
		return false;
	}
	mem_free(r->message);
	r->message = message;
	r->n_message = raw.n;
	r->end = *end;
	r->end.msg = NULL;
	return true;
}

/* 305 asks for a proxy and 380 for another service: neither is another address of the callee (RFC 3261 21.3). */
static bool is_redirection(const struct call_end *end)
{
	return end->by == OFFHOOK_ENDED_BY_PEER && end->msg &&
	       (end->status == 300 || end->status == 301 || end->status == 302);
}

bool redirect_goes_on(struct call *c, const struct call_end *end)
{
	if (c->role != OFFHOOK_CALLER || end->by == OFFHOOK_ENDED_BY_US ||
		(c->state != OFFHOOK_CALL_CALLING && c->state != OFFHOOK_CALL_EARLY))
		return false;
	if (c->rules.redirect != OFFHOOK_REDIRECT_NEVER && is_redirection(end))
		take_contacts(c, end->msg);
	/* A 6xx speaks for all (RFC 3261 21.6). */
	if (!c->redirect || end->status >= 600 || !next_target(c->redirect))
		return false;
	if (c->rules.redirect == OFFHOOK_REDIRECT_FOLLOW)
		return follow(c->redirect);
	return ask(c->redirect, end);
}
