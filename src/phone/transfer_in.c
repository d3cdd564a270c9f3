/*
 * The peer of a call asks us to call somebody (RFC 3515): a question to the program; after a yes a new call with an id of
 * its own, and the asker is told how it goes.
 *
 * One struct follows a request: of the old call while the program is asked (call.asked), of the new one while it is
 * reported (call.reports). The subscription shares the old call's dialog and outlives it (RFC 5057).
 */
#include "phone/transfer.h"

#include "base/mem.h"
#include "phone/uri_text.h"
#include "session/pkg_refer.h"

struct transfer_in {
	struct offhook_phone *phone;
	struct sub *sub; /* NULL: the asker wants to hear no more, or never wanted to */
	struct question *question;
	struct call *old, *made; /* NULL: gone, or none; not yet */
	offhook_id account;
	bool silent;     /* Refer-Sub: false (RFC 4488) */
	unsigned status; /* as told last */
	char *reason;
	struct slice target; /* the URI without its headers, "<...>" */
	size_t n_headers;
	struct offhook_header headers[TRANSFER_HEADERS_MAX];
	size_t n;
	char text[TRANSFER_TEXT_MAX];
};

static void drop(struct transfer_in *t)
{
	if (t->old)
		t->old->asked = NULL;
	if (t->made)
		t->made->reports = NULL;
	question_drop(t->question);
	sub_free(t->sub);
	mem_free(t->reason);
	mem_free(t);
}

void transfer_forget(struct call *c)
{
	transfer_drop(c);
	if (c->asked)
		drop(c->asked);
	if (c->reports)
		drop(c->reports);
}

void transfer_asker_gone(struct call *c)
{
	struct transfer_in *t = c->asked;

	if (!t)
		return;
	(void)sub_reply(t->sub, &(struct sub_reply){.status = 481});
	drop(t);
}

/* ---- what the request asks for ---- */

/* A terminated copy behind the others. NULL: no room. */
static const char *keep(struct transfer_in *t, const char *before, struct slice text, const char *after)
{
	char *at = t->text + t->n;
	size_t n = strlen(before) + text.n + strlen(after) + 1;

	if (t->n + n > sizeof(t->text))
		return NULL;
	snprintf(at, n, "%s%.*s%s", before, SLICE_ARG(text), after);
	t->n += n;
	return at;
}

static int add_header(struct transfer_in *t, struct slice name, struct slice value)
{
	struct offhook_header *h = &t->headers[t->n_headers];

	if (t->n_headers == TRANSFER_HEADERS_MAX)
		return OH_ETOOBIG;
	h->name = keep(t, "", name, "");
	h->value = keep(t, "", value, "");
	if (!h->name || !h->value)
		return OH_ETOOBIG;
	t->n_headers++;
	return 0;
}

/* RFC 3261 19.1.5: of the headers in a URI only those are obeyed that can do no harm. */
static bool is_harmless(const struct sip_extra *h)
{
	switch (sip_hdr_of(h->name)) {
	case SIP_HDR_REPLACES:
	case SIP_HDR_SUBJECT:
		return true;
	case SIP_HDR_REQUIRE:
		return slice_ieq(slice_trim(h->value), SLICE_LIT("replaces")) ||
		       slice_ieq(slice_trim(h->value), SLICE_LIT("join"));
	case SIP_HDR_OTHER:
		return slice_ieq(h->name, SLICE_LIT("Join")) ||
		       (h->name.n > 2 && slice_ieq(slice_make(h->name.p, 2), SLICE_LIT("X-")));
	default:
		return false;
	}
}

static int take_uri_headers(struct transfer_in *t, struct slice rest)
{
	char buf[1024];
	struct sip_extra h;
	int more, err;

	while ((more = uri_header_next(&rest, buf, sizeof(buf), &h)) == 1) {
		if (!is_harmless(&h))
			continue;
		err = add_header(t, h.name, h.value);
		if (err)
			return err;
	}
	return more;
}

/* RFC 3892 3: who sent us is told to the one whom we call. */
static int take_referred_by(struct transfer_in *t, const struct sip_msg *msg)
{
	struct slice value = sip_msg_value(msg, SIP_HDR_REFERRED_BY);
	char line[1024];
	long n;

	if (!slice_present(value))
		return 0;
	n = sip_unfold(value, line, sizeof(line));
	return n < 0 ? (int)n : add_header(t, SLICE_LIT("Referred-By"), slice_make(line, (size_t)n));
}

/* 0, or the status to refuse with. */
static unsigned read_request(struct transfer_in *t, const struct sip_msg *msg, struct sip_addr *ret_to)
{
	struct slice uri, method;
	int err = refer_to_parse(msg, ret_to);

	if (err || sip_msg_hdr(msg, SIP_HDR_REPLACES)) /* RFC 3891 3: in an INVITE only */
		return 400;
	uri = ret_to->uri.text;
	/* RFC 3515 2.4.2: what we cannot call we do not promise to. */
	if ((ret_to->uri.scheme != SIP_SCHEME_SIP && ret_to->uri.scheme != SIP_SCHEME_SIPS) ||
		slice_empty(ret_to->uri.host))
		return 603;
	if (sip_uri_param(&ret_to->uri, SLICE_LIT("method"), &method) &&
		!slice_eq(method, SLICE_LIT("INVITE")))
		return 603;
	uri.n = slice_index(uri, '?');
	t->target = slice_of(keep(t, "<", uri, ">"));
	if (!slice_present(t->target))
		return 513;
	err = take_uri_headers(t, ret_to->uri.headers);
	if (!err)
		err = take_referred_by(t, msg);
	if (err)
		return err == OH_ETOOBIG ? 513 : 400;
	t->silent = refer_sub_false(msg);
	return 0;
}

/* ---- telling the asker ---- */

static void tell(struct transfer_in *t, bool final)
{
	struct sub_notice n = {.state = final ? SUB_TERMINATED : SUB_ACTIVE,
		.reason = final ? SLICE_LIT("noresource") : SLICE_NONE,
		.content_type = SLICE_LIT(SIPFRAG_TYPE)};
	char body[512];

	if (!t->sub)
		return;
	if (sipfrag_write(t->status, slice_of(t->reason), body, sizeof(body), &n.body) != 0 &&
		sipfrag_write(t->status, SLICE_NONE, body, sizeof(body), &n.body) != 0)
		return;
	(void)sub_notify(t->sub, &n);
}

static void set_status(struct transfer_in *t, unsigned status, struct slice reason)
{
	mem_free(t->reason);
	t->status = status;
	t->reason = slice_empty(reason) ? NULL : slice_dup(reason);
}

void transfer_report(struct call *c, unsigned status, struct slice reason, bool final)
{
	struct transfer_in *t = c->reports;

	if (!t || (t->status == status && !final))
		return;
	set_status(t, status, reason);
	tell(t, final);
	if (final)
		drop(t);
}

static void on_asked_again(void *arg, struct sub *sub)
{
	(void)sub;
	tell(arg, false);
}

/* The asker hangs up, or wants to hear no more: the new call goes on (RFC 3515 2.4.4). */
static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	struct transfer_in *t = arg;

	(void)sub;
	(void)end;
	t->sub = sub_free(t->sub);
	drop(t);
}

/* ---- the answer of the program ---- */

static int place(struct transfer_in *t)
{
	struct offhook_call_cfg cfg;
	struct call *c;
	int err;

	offhook_call_cfg_init(&cfg);
	cfg.uri = t->target.p;
	cfg.headers = t->headers;
	cfg.n_headers = t->n_headers;
	err = call_place(t->phone, t->account, &cfg, t->old ? t->old->id : 0, &c);
	if (err)
		return err;
	if (t->old)
		t->old->asked = NULL;
	t->old = NULL;
	t->made = c;
	c->reports = t;
	return 0;
}

static int answered(void *arg, unsigned code, struct slice reason)
{
	struct transfer_in *t = arg;
	struct sub_reply r = {.status = code, .reason = reason};
	int err;

	t->question = NULL;
	if (code >= 300) {
		err = sub_reply(t->sub, &r);
		drop(t);
		return err;
	}
	/* RFC 3515 2.4.2, RFC 4488 4. */
	r.status = t->silent ? 200 : 202;
	r.reason = SLICE_NONE;
	r.without_sub = t->silent;
	err = sub_reply(t->sub, &r);
	if (err) {
		drop(t);
		return err;
	}
	if (t->silent)
		t->sub = sub_free(t->sub);
	set_status(t, 100, SLICE_NONE);
	tell(t, false);
	err = place(t);
	if (err) {
		set_status(t, 503, SLICE_NONE);
		tell(t, true);
		drop(t);
	}
	return err;
}

/* ---- a REFER comes ---- */

static int begin(struct transfer_in *t, struct sip_msg *msg, struct sip_server *server)
{
	struct sub_incoming in = {.handler = {.asked_again = on_asked_again, .ended = on_ended, .arg = t}};
	struct call *c = t->old;
	char *contact = NULL;
	int err = 0;

	if (c) {
		in.shared = inv_dialog(c->inv);
		in.contact = slice_of(c->contact);
	} else {
		err = account_contact_as(account_find(t->phone, t->account), sip_server_flow(server),
			sip_msg_wants_sips(msg), &contact);
		in.contact = slice_of(contact);
	}
	if (err)
		sip_refuse(server, 500, NULL);
	else
		err = sub_incoming(&t->phone->subs, &in, msg, server, &t->sub);
	mem_free(contact);
	return err;
}

static int ask(struct transfer_in *t, struct sip_msg *msg, const struct sip_server *server,
	const struct sip_addr *to)
{
	const struct sip_addr *from;
	struct call *c = t->old;
	struct question_cfg q = {.kind = OFFHOOK_QUESTION_TRANSFER,
		.subject = c ? c->subject : NULL,
		.account = t->account,
		.target = to->uri.text,
		.message = msg->raw,
		.proven_user = c ? slice_of(c->proven_user) : sip_server_proven(server),
		.answered = answered,
		.arg = t};

	if (sip_msg_from(msg, &from) == 0)
		q.from = from->uri.text;
	if (c) {
		q.picture = picture_new(c);
		if (!q.picture)
			return OH_ENOMEM;
	}
	return question_ask(t->phone, &q, &t->question);
}

static offhook_id account_for(
	struct offhook_phone *p, struct call *c, struct sip_msg *msg, const struct sip_server *server)
{
	const struct sip_uri *ruri;
	struct account *a = NULL;

	if (c)
		return account_find(p, c->account) ? c->account : 0;
	if (sip_msg_ruri(msg, &ruri) == 0)
		a = account_match(p, ruri, sip_server_flow(server));
	return a ? a->id : 0;
}

void transfer_take(struct offhook_phone *p, struct call *c, struct sip_msg *msg, struct sip_server *server)
{
	struct transfer_in *t;
	struct sip_addr to;
	unsigned status;
	int err;

	/* One at a time: the program has not said yes or no to the one before. */
	if (c && c->asked) {
		sip_refuse(server, 491, NULL);
		return;
	}
	t = mem_zalloc(sizeof(*t));
	if (!t) {
		sip_refuse(server, 500, NULL);
		return;
	}
	t->phone = p;
	t->old = c;
	t->account = account_for(p, c, msg, server);
	status = t->account ? read_request(t, msg, &to) : 404;
	if (status) {
		t->old = NULL;
		drop(t);
		sip_refuse(server, status, NULL);
		return;
	}
	if (begin(t, msg, server) != 0) {
		/* It has been refused already. */
		t->old = NULL;
		drop(t);
		return;
	}
	if (c)
		c->asked = t;
	err = ask(t, msg, server, &to);
	if (err)
		(void)answered(t, err == OH_EREFUSED ? question_refusal(OFFHOOK_QUESTION_TRANSFER) : 503,
			SLICE_NONE);
}
