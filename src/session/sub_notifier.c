/* The notifier: RFC 6665 4.2. */
#include "session/sub_impl.h"

/* ---- what can become a subscription ---- */

/* Does an Accept header, if there is one, take what we would send? */
static bool accepts(const struct sip_msg *msg, const struct sub_package *package)
{
	struct slice types = slice_of(package->accept), type;

	if (!sip_msg_hdr(msg, SIP_HDR_ACCEPT) || sip_msg_has_token(msg, SIP_HDR_ACCEPT, SLICE_LIT("*/*")))
		return true;
	while (sip_list_next(&types, &type))
		if (sip_msg_has_token(msg, SIP_HDR_ACCEPT, type))
			return true;
	return false;
}

static void respond(struct sip_server *server, unsigned status, struct sip_extra extra)
{
	struct sip_reply reply = {.status = status, .extras = &extra, .n_extras = 1};

	if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, status, NULL);
}

static void refuse_event(const struct subs *subs, struct sip_server *server)
{
	char events[SUB_ALLOW_EVENTS_MAX];

	respond(server, 489, (struct sip_extra){SLICE_LIT("Allow-Events"), sub_allow_events(subs, events)});
}

/* RFC 6665 4.2.1.1: only what is above zero, below an hour and below our minimum is too short. *ret_seconds: what it
 * is granted. True: refused. */
static bool refused_time(const struct sub_package *package, const struct sip_msg *msg,
	struct sip_server *server, uint32_t *ret_seconds)
{
	uint32_t seconds = package->expires_s;
	char least[16];

	(void)sip_msg_seconds(msg, SIP_HDR_EXPIRES, &seconds);
	if (seconds > 0 && seconds < 3600 && seconds < package->min_s) {
		snprintf(least, sizeof(least), "%u", package->min_s);
		respond(server, 423, (struct sip_extra){SLICE_LIT("Min-Expires"), slice_of(least)});
		return true;
	}
	*ret_seconds = seconds < package->max_s ? seconds : package->max_s;
	return false;
}

struct request {
	const struct sub_package *package;
	struct slice id;
	uint32_t cseq, expires_s;
};

/* 0: sound. Else the server transaction is used up. */
static int examine(struct subs *subs, struct sip_msg *msg, struct sip_server *server, struct request *r)
{
	const struct sip_cseq *cseq;
	struct slice name = SLICE_LIT("refer");

	if (subs->n_notifiers >= subs->max_notifiers) {
		respond(server, 503, (struct sip_extra){SLICE_LIT("Retry-After"), SLICE_LIT("60")});
		return OH_ETOOMANY;
	}
	if (sip_msg_cseq(msg, &cseq)) {
		sip_refuse(server, 400, "Bad CSeq");
		return OH_ESYNTAX;
	}
	r->cseq = cseq->number;
	if (msg->method != SIP_REFER && sub_event_parse(sip_msg_value(msg, SIP_HDR_EVENT), &name, &r->id)) {
		refuse_event(subs, server);
		return OH_ENOTSUP;
	}
	r->package = sub_package_find(subs, name);
	if (!r->package || r->package->use == SUB_SUBSCRIBE_ONLY) {
		refuse_event(subs, server);
		return OH_ENOTSUP;
	}
	r->expires_s = r->package->expires_s;
	if (msg->method == SIP_REFER)
		return 0;
	if (r->package->use == SUB_BY_REFER) {
		sip_refuse(server, 403, NULL);
		return OH_ENOTSUP;
	}
	if (!accepts(msg, r->package)) {
		sip_refuse(server, 406, NULL);
		return OH_ENOTSUP;
	}
	return refused_time(r->package, msg, server, &r->expires_s) ? OH_ERANGE : 0;
}

/* ---- it comes ---- */

static int keep_texts(struct sub *sub, const struct request *r, struct slice contact, bool with_number)
{
	const char *name = r->package->name;
	size_t size = strlen(name) + r->id.n + 32;
	int n;

	sub->contact = slice_dup(contact);
	sub->event = mem_alloc(size);
	if (!sub->contact || !sub->event)
		return OH_ENOMEM;
	if (slice_present(r->id)) {
		n = snprintf(sub->event, size, "%s;id=%.*s", name, SLICE_ARG(r->id));
		sub->id = slice_make(sub->event + (size_t)n - r->id.n, r->id.n);
	} else if (with_number) {
		snprintf(sub->event, size, "%s;id=%u", name, r->cseq);
	} else {
		snprintf(sub->event, size, "%s", name);
	}
	return 0;
}

static int attach(
	struct sub *sub, const struct sub_incoming *in, struct sip_msg *msg, struct sip_server *server)
{
	const struct dialog_handler maker = {sub_stray_request, NULL};
	struct dialog *d;
	int err;

	if (in->shared)
		return sub_share(sub, in->shared);
	err = dialog_new_uas(sub->stack, &maker, msg, sip_server_flow(server), &d);
	if (err)
		return err;
	dialog_set_auth(d, in->auth);
	sub_take_dialog(sub, d);
	return 0;
}

int sub_incoming(struct subs *subs, const struct sub_incoming *in, struct sip_msg *msg,
	struct sip_server *server, struct sub **ret_sub)
{
	struct request r = {.id = SLICE_NONE};
	struct sub *sub;
	/* RFC 3515 2.4.6: the second REFER in a dialog and those behind it are told apart by their numbers. */
	bool with_number = in->shared && msg->method == SIP_REFER && dialog_was_shared(in->shared);
	int err = examine(subs, msg, server, &r);

	if (err)
		return err;
	err = sub_new(subs, &in->handler, r.package, 0, &sub);
	if (err) {
		sip_refuse(server, 500, NULL);
		return err;
	}
	err = keep_texts(sub, &r, in->contact, with_number);
	if (err == 0)
		err = attach(sub, in, msg, server);
	if (err) {
		sub_enter(sub, PHASE_OVER);
		sub_unref(sub);
		sip_refuse(server,
			err == OH_ENOMEM     ? 500
			: err == OH_ETOOMANY ? 503
					     : 400,
			err == OH_ENOMEM || err == OH_ETOOMANY ? NULL : "Bad Contact");
		return err;
	}
	sub->cseq = r.cseq;
	sub->expires_s = r.expires_s;
	sub->server = server;
	sub_enter(sub, PHASE_N_ASKED);
	*ret_sub = sub;
	return 0;
}

/* ---- the answer ---- */

/* To the request that waits, or to a renewal. */
static int send_reply(struct sub *sub, struct sip_server *server, const struct sub_reply *r, uint32_t seconds)
{
	struct sip_extra extras[SUB_EXTRAS_ROOM];
	struct sip_reply reply = {.status = r->status, .reason = r->reason, .extras = extras};
	char expires[16];
	int err;

	if (r->n_extras > SUB_EXTRAS_MAX)
		return OH_ETOOBIG;
	if (r->n_extras)
		memcpy(extras, r->extras, r->n_extras * sizeof(extras[0]));
	reply.n_extras = r->n_extras;
	reply.to_tag = dialog_local_tag(sub->dialog);
	if (r->status < 300) {
		reply.contact = slice_of(sub->contact);
		reply.record_route = sub->own != NULL;
		if (sub->package->use != SUB_BY_REFER || !sub->server) {
			snprintf(expires, sizeof(expires), "%u", seconds);
			extras[reply.n_extras++] =
				(struct sip_extra){SLICE_LIT("Expires"), slice_of(expires)};
		}
		if (r->without_sub)
			extras[reply.n_extras++] =
				(struct sip_extra){SLICE_LIT("Refer-Sub"), SLICE_LIT("false")};
	}
	err = sip_respond(server, &reply);
	/* What was sent in vain counts as sent. */
	return err == OH_EINVAL || err == OH_ETOOBIG || err == OH_ENOMEM || err == OH_ESTATE ? err : 0;
}

int sub_reply(struct sub *sub, const struct sub_reply *r)
{
	int err;

	if (sub->phase != PHASE_N_ASKED)
		return OH_ESTATE;
	err = send_reply(sub, sub->server, r, sub->expires_s);
	if (err)
		return err;
	sub->server = NULL;
	if (r->status >= 300 || r->without_sub) {
		sub->handler = (struct sub_handler){.ended = NULL};
		sub_enter(sub, PHASE_OVER);
		return 0;
	}
	dialog_accept_target(sub->dialog);
	sub_set_expiry(sub, sub->expires_s);
	sub_enter(sub, PHASE_N_ACCEPTED);
	if (sub->expires_s)
		sip_stack_arm(sub->stack, &sub->expiry, sub->expires_s * 1000ull);
	return 0;
}

/* ---- NOTIFY ---- */

static uint32_t next_cseq(void *arg)
{
	struct sub *sub = arg;

	return dialog_next_seq(sub->dialog);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow);
static void on_done(void *arg, int err);

static struct slice state_value(const struct sub *sub, const struct sub_notice *n, char *buf, size_t cap)
{
	int at = snprintf(buf, cap, "%s", sub_state_name(n->state));

	if (n->state != SUB_TERMINATED)
		at += snprintf(buf + at, cap - (size_t)at, ";expires=%u", sub_seconds_left(sub));
	if (n->state == SUB_TERMINATED && slice_present(n->reason))
		at += snprintf(buf + at, cap - (size_t)at, ";reason=%.*s",
			(int)(n->reason.n < 64 ? n->reason.n : 64), n->reason.p);
	if (n->state == SUB_TERMINATED && n->retry_after_s)
		at += snprintf(buf + at, cap - (size_t)at, ";retry-after=%u", n->retry_after_s);
	return slice_make(buf, (size_t)at);
}

static int send_notify(struct sub *sub, const struct sub_notice *n)
{
	struct sip_client_handler handler = {on_response, on_done, sub, next_cseq};
	char state[160], events[SUB_ALLOW_EVENTS_MAX];
	const struct sip_extra extras[] = {
		{SLICE_LIT("Event"), slice_of(sub->event)},
		{SLICE_LIT("Subscription-State"), state_value(sub, n, state, sizeof(state))},
		{SLICE_LIT("Allow-Events"), sub_allow_events(sub->subs, events)},
	};
	struct dialog_request req = {.method = SIP_NOTIFY,
		.contact = slice_of(sub->contact),
		.extras = extras,
		.n_extras = ARRAY_LEN(extras),
		.content_type = slice_empty(n->body) ? SLICE_NONE : n->content_type,
		.body = n->body};

	return dialog_send(sub->dialog, &req, &handler, &sub->client);
}

static enum sub_phase phase_for(enum sub_state state)
{
	switch (state) {
	case SUB_PENDING:
		return PHASE_N_PENDING;
	case SUB_TERMINATED:
		return PHASE_N_LEAVING;
	default:
		return PHASE_N_ACTIVE;
	}
}

/* The newest state goes out unless another one is under way. Sent in vain it is as if lost. */
static int send_next(struct sub *sub)
{
	struct kept_notice *k = sub->next;
	bool last;
	int err;

	if (!k || sub->client || dialog_ends_usage(sub->dialog))
		return 0;
	sub->next = NULL;
	last = k->notice.state == SUB_TERMINATED;
	err = send_notify(sub, &k->notice);
	sub_enter(sub, err && last ? PHASE_OVER : phase_for(k->notice.state));
	mem_free(k);
	return err;
}

static int keep_notice(struct sub *sub, const struct sub_notice *n)
{
	struct kept_notice *k = mem_alloc(sizeof(*k) + n->reason.n + n->content_type.n + n->body.n);
	struct slice *texts[3];
	char *at;

	if (!k)
		return OH_ENOMEM;
	k->notice = *n;
	texts[0] = &k->notice.reason;
	texts[1] = &k->notice.content_type;
	texts[2] = &k->notice.body;
	at = k->texts;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i]->n)
			memcpy(at, texts[i]->p, texts[i]->n);
		texts[i]->p = texts[i]->p ? at : NULL;
		at += texts[i]->n;
	}
	mem_free(sub->next);
	sub->next = k;
	return 0;
}

static bool is_running(const struct sub *sub)
{
	return sub->phase == PHASE_N_ACCEPTED || sub->phase == PHASE_N_PENDING ||
	       sub->phase == PHASE_N_ACTIVE;
}

int sub_notify(struct sub *sub, const struct sub_notice *notice)
{
	struct sub_notice n = *notice;
	bool timeout = n.state != SUB_TERMINATED && is_running(sub) && sub_seconds_left(sub) == 0;
	int err;

	/* A poll, or the answer to the SUBSCRIBE that ends it (RFC 6665 4.4.3). */
	if (timeout) {
		n.state = SUB_TERMINATED;
		n.reason = SLICE_LIT("timeout");
	}
	if (!is_running(sub))
		return OH_ESTATE;
	err = keep_notice(sub, &n);
	if (err)
		return err;
	sub_ref(sub);
	err = send_next(sub);
	/* The one under way goes first. */
	if (sub->next && n.state == SUB_TERMINATED)
		sub_enter(sub, PHASE_N_LEAVING);
	if (timeout)
		sub_finish(sub, sub->phase, &(struct sub_end){.reason = SLICE_LIT("timeout")});
	else if (n.state == SUB_TERMINATED)
		sub->handler = (struct sub_handler){.ended = NULL};
	sub_unref(sub);
	return err;
}

/* ---- how a NOTIFY went ---- */

static void fared(struct sub *sub, const struct sub_end *end)
{
	if (sub->phase == PHASE_N_LEAVING && (end || !sub->next))
		sub_enter(sub, PHASE_OVER);
	else if (end)
		sub_finish(sub, PHASE_OVER, end);
	else
		(void)send_next(sub);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct sub *sub = arg;
	struct sub_end end = {.status = msg->status, .reason = msg->reason, .msg = msg};

	(void)flow;
	if (msg->status < 200)
		return;
	sub_ref(sub);
	sub->client = sip_client_free(sub->client);
	if (msg->status < 300)
		(void)dialog_refresh_target(sub->dialog, msg);
	fared(sub, sub_is_deadly(msg->status) ? &end : NULL);
	sub_unref(sub);
}

static void on_done(void *arg, int err)
{
	struct sub *sub = arg;
	struct sub_end end = {.status = err == OH_ETIMEDOUT ? 408 : 503};

	sub_ref(sub);
	sub->client = NULL;
	fared(sub, &end);
	sub_unref(sub);
}

/* ---- renewals ---- */

/* The owner tells the state from inside its callback; when it does not, the subscription is told without one. */
static void tell_again(struct sub *sub)
{
	struct sub_notice bare = {.state = sub_state(sub)};

	if (sub->handler.asked_again)
		sub->handler.asked_again(sub->handler.arg, sub);
	if (is_running(sub) && !sub->next && !sub->client)
		(void)sub_notify(sub, &bare);
}

static void renew(struct sub *sub, struct sip_msg *msg, struct sip_server *server)
{
	struct sub_reply ok = {.status = 200};
	uint32_t seconds;

	if (refused_time(sub->package, msg, server, &seconds))
		return;
	if (send_reply(sub, server, &ok, seconds) != 0) {
		sip_refuse(server, 500, NULL);
		return;
	}
	dialog_accept_target(sub->dialog);
	sub_set_expiry(sub, seconds);
	wheel_stop(&sub->expiry);
	if (seconds)
		sip_stack_arm(sub->stack, &sub->expiry, seconds * 1000ull);
	tell_again(sub);
}

void notifier_may_send(struct sub *sub)
{
	(void)send_next(sub);
}

bool notifier_takes(struct sub *sub, struct sip_msg *msg, struct sip_server *server)
{
	if (msg->method != SIP_SUBSCRIBE || !sub_event_fits(sub, msg))
		return false;
	if (is_running(sub))
		renew(sub, msg, server);
	else if (sub->phase == PHASE_N_ASKED)
		respond(server, 500, (struct sip_extra){SLICE_LIT("Retry-After"), SLICE_LIT("5")});
	else
		sip_refuse(server, 481, NULL);
	return true;
}

/* ---- the end ---- */

static void say_goodbye(struct sub *sub, struct slice reason)
{
	struct sub_notice last = {.state = SUB_TERMINATED, .reason = reason};

	if (keep_notice(sub, &last) != 0) {
		sub_enter(sub, PHASE_OVER);
		return;
	}
	(void)send_next(sub);
	if (sub->next)
		sub_enter(sub, PHASE_N_LEAVING);
}

void notifier_expired(struct sub *sub)
{
	if (!is_running(sub))
		return;
	say_goodbye(sub, SLICE_LIT("timeout"));
	sub_finish(sub, sub->phase, &(struct sub_end){.reason = SLICE_LIT("timeout")});
}

void notifier_leave(struct sub *sub)
{
	if (sub->phase == PHASE_N_ASKED) {
		sip_refuse(sub->server, 480, NULL);
		sub->server = NULL;
		sub_enter(sub, PHASE_OVER);
	} else if (is_running(sub)) {
		say_goodbye(sub, SLICE_LIT("noresource"));
	}
}
