/*
 * The subscriber: RFC 6665 4.1. It renews what it has until it is freed, unless a REFER made it: that lasts as long as
 * the notifier says (RFC 3515 3.4).
 */
#include "session/sub_impl.h"

#include "session/pkg_refer.h"

#define TAG_LEN     16u
#define CALL_ID_LEN 24u
/* A renewal goes out so long before the end, but not before half of the time: it may have to be repeated. */
#define RENEW_BEFORE_S 35u

static bool by_refer(const struct sub *sub)
{
	return sub->package->use == SUB_BY_REFER;
}

/* ---- the end ---- */

static void end(struct sub *sub, const struct sub_end *e)
{
	sub_finish(sub, PHASE_OVER, e);
}

static void end_by_error(struct sub *sub, int err)
{
	end(sub, &(struct sub_end){.status = err == OH_ETIMEDOUT ? 408 : 503});
}

/* ---- requests ---- */

/* What the headers of a request point into. */
struct texts {
	char expires[16], events[SUB_ALLOW_EVENTS_MAX];
};

static int put_headers(const struct sub *sub, const struct sip_extra *extras, size_t n, struct texts *t,
	struct sip_extra buf[SUB_EXTRAS_ROOM], size_t *ret_n)
{
	size_t at = 0;

	if (n > SUB_EXTRAS_MAX)
		return err_detail(OH_ETOOBIG, "%zu headers; at most %u", n, SUB_EXTRAS_MAX);
	if (!by_refer(sub)) {
		snprintf(t->expires, sizeof(t->expires), "%u", sub->expires_s);
		buf[at++] = (struct sip_extra){SLICE_LIT("Event"), slice_of(sub->event)};
		buf[at++] = (struct sip_extra){SLICE_LIT("Expires"), slice_of(t->expires)};
	}
	buf[at++] = (struct sip_extra){SLICE_LIT("Accept"), slice_of(sub->package->accept)};
	buf[at++] = (struct sip_extra){SLICE_LIT("Allow"), SLICE_LIT(SIP_STACK_ALLOW)};
	buf[at++] = (struct sip_extra){SLICE_LIT("Supported"), SLICE_LIT(SIP_STACK_SUPPORTED)};
	/* RFC 6665 4.4.4. */
	buf[at++] = (struct sip_extra){SLICE_LIT("Allow-Events"), sub_allow_events(sub->subs, t->events)};
	if (n)
		memcpy(&buf[at], extras, n * sizeof(buf[0]));
	*ret_n = at + n;
	return 0;
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow);
static void on_done(void *arg, int err);

static int send_in_dialog(
	struct sub *sub, enum sip_method method, const struct sip_extra *extras, size_t n_extras)
{
	struct sip_client_handler handler = {on_response, on_done, sub, sub_next_cseq};
	struct sip_extra all[SUB_EXTRAS_ROOM];
	struct dialog_request req = {.method = method, .contact = slice_of(sub->contact), .extras = all};
	struct texts texts;
	int err = put_headers(sub, extras, n_extras, &texts, all, &req.n_extras);

	if (err == 0)
		err = dialog_send(sub->dialog, &req, &handler, &sub->client);
	if (err == 0 && method == SIP_REFER)
		sub->cseq = dialog_local_seq(sub->dialog);
	return err;
}

static int send_outside(struct sub *sub, enum sip_method method, const struct slice *routes, size_t n_routes)
{
	struct sip_client_handler handler = {on_response, on_done, sub, sub_next_cseq};
	struct sip_extra all[SUB_EXTRAS_ROOM];
	struct sip_request req = {.method = method,
		.target = sub->target,
		.routes = routes,
		.n_routes = n_routes,
		.from = sub->from,
		.to = sub->to,
		.call_id = sub->call_id,
		.cseq = sub->cseq + 1,
		.contact = slice_of(sub->contact),
		.extras = all,
		.flow = sub->flow,
		.auth = sub->auth};
	struct texts texts;
	int err = put_headers(sub, sub->extras->list, sub->extras->n, &texts, all, &req.n_extras);

	if (err == 0)
		err = sip_client_send(sub->stack, &req, &handler, &sub->client);
	if (err == 0)
		sub->cseq = req.cseq;
	return err;
}

/* RFC 6665 4.1.2.4: timer N, from each SUBSCRIBE on. */
static void wait_for_notify(struct sub *sub)
{
	sip_stack_arm(sub->stack, &sub->wait, 64u * sip_stack_timers(sub->stack)->t1);
}

/* ---- responses ---- */

static void arm_renewal(struct sub *sub)
{
	uint32_t left = sub_seconds_left(sub), before = left / 2 < RENEW_BEFORE_S ? left / 2 : RENEW_BEFORE_S;

	sip_stack_arm(sub->stack, &sub->expiry, (by_refer(sub) ? left : left - before) * 1000ull);
}

static void accepted(struct sub *sub, struct sip_msg *msg)
{
	bool first = sub->phase == PHASE_S_ASKED;
	uint32_t seconds;

	if (by_refer(sub) && refer_sub_false(msg)) {
		if (sub->handler.accepted)
			sub->handler.accepted(sub->handler.arg, sub, msg);
		end(sub, &(struct sub_end){.reason = SLICE_LIT("norefersub"), .msg = msg});
		return;
	}
	if (sub->dialog)
		(void)dialog_refresh_target(sub->dialog, msg);
	/* The peer may shorten, never lengthen (RFC 6665 4.1.2.1). */
	if (!by_refer(sub) && sip_msg_seconds(msg, SIP_HDR_EXPIRES, &seconds) == 0 &&
		seconds < sub->expires_s && sub->phase != PHASE_S_LEAVING)
		sub_set_expiry(sub, seconds);
	if (sub->phase == PHASE_S_PENDING || sub->phase == PHASE_S_ACTIVE)
		arm_renewal(sub);
	if ((first || by_refer(sub)) && sub->handler.accepted)
		sub->handler.accepted(sub->handler.arg, sub, msg);
}

/* RFC 3261 21.4.17, for SUBSCRIBE RFC 6665 4.2.1.1: once more with the time that the peer wants. True: it is out. */
static bool asked_longer(struct sub *sub, struct sip_msg *msg)
{
	uint32_t seconds;

	if (msg->status != 423 || by_refer(sub) || sip_msg_seconds(msg, SIP_HDR_MIN_EXPIRES, &seconds) != 0 ||
		seconds <= sub->expires_s || seconds > SUB_EXPIRES_MAX)
		return false;
	sub_set_expiry(sub, seconds);
	wait_for_notify(sub);
	if (sub->dialog)
		return send_in_dialog(sub, SIP_SUBSCRIBE, NULL, 0) == 0;
	return send_outside(sub, SIP_SUBSCRIBE, NULL, 0) == 0;
}

static uint32_t retry_after(const struct sip_msg *msg)
{
	uint32_t seconds;

	return sip_msg_seconds(msg, SIP_HDR_RETRY_AFTER, &seconds) == 0 ? seconds : 0;
}

static void refused(struct sub *sub, struct sip_msg *msg)
{
	if (asked_longer(sub, msg))
		return;
	/* What still runs lasts until its time is over (RFC 6665 4.1.2.2). */
	if ((sub->phase == PHASE_S_PENDING || sub->phase == PHASE_S_ACTIVE) && !sub_is_deadly(msg->status)) {
		wheel_stop(&sub->wait);
		sip_stack_arm(sub->stack, &sub->expiry, sub_seconds_left(sub) * 1000ull);
		return;
	}
	end(sub, &(struct sub_end){.status = msg->status,
			 .reason = msg->reason,
			 .retry_after_s = retry_after(msg),
			 .msg = msg});
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct sub *sub = arg;

	(void)flow;
	if (msg->status < 200)
		return;
	sub_ref(sub);
	sub->client = sip_client_free(sub->client);
	if (msg->status < 300)
		accepted(sub, msg);
	else
		refused(sub, msg);
	sub_unref(sub);
}

static void on_done(void *arg, int err)
{
	struct sub *sub = arg;

	sub->client = NULL;
	end_by_error(sub, err);
}

/* ---- NOTIFY ---- */

static bool body_is_for_us(const struct sub *sub, const struct sip_msg *msg)
{
	struct slice rest = slice_of(sub->package->accept), type;

	if (slice_empty(msg->body))
		return true;
	while (sip_list_next(&rest, &type))
		if (slice_ieq(type, sip_msg_content_type(msg)))
			return true;
	return false;
}

/* True: it was refused. */
static bool refused_notify(
	struct sub *sub, struct sip_msg *msg, struct sip_server *server, struct sub_header_state *ret_state)
{
	const struct sip_extra accept = {SLICE_LIT("Accept"), slice_of(sub->package->accept)};
	struct sip_reply unknown_body = {.status = 415, .extras = &accept, .n_extras = 1};

	if (sub_state_parse(sip_msg_value(msg, SIP_HDR_SUBSCRIPTION_STATE), ret_state)) {
		sip_refuse(server, 400, "Bad Subscription-State");
		return true;
	}
	if (!body_is_for_us(sub, msg)) {
		if (sip_respond(server, &unknown_body) == OH_ENOMEM)
			sip_refuse(server, 415, NULL);
		return true;
	}
	return false;
}

static void take_times(struct sub *sub, const struct sub_header_state *state)
{
	wheel_stop(&sub->wait);
	if (state->expires_s != SUB_SECONDS_UNKNOWN)
		sub_set_expiry(sub, state->expires_s);
	else if (sub->phase == PHASE_S_ASKED)
		sub_set_expiry(sub, sub->expires_s);
	arm_renewal(sub);
}

static void take_news(struct sub *sub, struct sip_msg *msg, const struct sub_header_state *state)
{
	struct sub_news news = {*state, msg};
	struct sub_end over = {.reason = state->reason, .retry_after_s = state->retry_after_s, .msg = msg};
	bool last = state->state == SUB_TERMINATED;

	if (sub->phase == PHASE_S_LEAVING) {
		if (last)
			sub_enter(sub, PHASE_OVER);
		return;
	}
	if (!last) {
		take_times(sub, state);
		sub_enter(sub, state->state == SUB_PENDING ? PHASE_S_PENDING : PHASE_S_ACTIVE);
	}
	if (sub->handler.notify)
		sub->handler.notify(sub->handler.arg, sub, &news);
	if (last && sub->phase != PHASE_OVER)
		end(sub, &over);
}

bool subscriber_takes(struct sub *sub, struct sip_msg *msg, struct sip_server *server)
{
	struct sub_header_state state;

	if (msg->method != SIP_NOTIFY || !sub_event_fits(sub, msg))
		return false;
	if (refused_notify(sub, msg, server, &state))
		return true;
	dialog_accept_target(sub->dialog);
	sip_refuse(server, 200, NULL);
	take_news(sub, msg, &state);
	return true;
}

/* The first NOTIFY, when there is no dialog yet. */
static void notified(struct dialog_half *h, struct sip_msg *msg, struct sip_server *server)
{
	struct sub *sub = CONTAINER_OF(h, struct sub, half);
	struct dialog_uac_cfg cfg = {
		.local_seq = sub->cseq, .client = sub->client, .handler = {sub_stray_request, NULL}};
	struct sub_header_state state;
	struct dialog *d;
	int err;

	if (!sub_event_fits(sub, msg)) {
		sip_refuse(server, 481, NULL);
		return;
	}
	if (refused_notify(sub, msg, server, &state))
		return;
	err = dialog_new_notified(sub->stack, &cfg, msg, sip_server_flow(server), &d);
	if (err) {
		sip_refuse(server, err == OH_ENOMEM ? 500 : 400, err == OH_ENOMEM ? NULL : "Bad Contact");
		return;
	}
	sub_ref(sub);
	dialog_half_close(sub->stack, &sub->half);
	sub_take_dialog(sub, d);
	sip_refuse(server, 200, NULL);
	take_news(sub, msg, &state);
	sub_unref(sub);
}

/* ---- time ---- */

void subscriber_unheard(struct sub *sub)
{
	end_by_error(sub, OH_ETIMEDOUT);
}

void subscriber_expired(struct sub *sub)
{
	uint32_t seconds = sub->expires_s;

	if (sub_seconds_left(sub) == 0) {
		end(sub, &(struct sub_end){.reason = SLICE_LIT("timeout")});
		return;
	}
	/* Cannot be sent now: what is left runs out. */
	if (sub->client || sub_refresh(sub, seconds) != 0)
		sip_stack_arm(sub->stack, &sub->expiry, sub_seconds_left(sub) * 1000ull);
}

/* ---- the owner ---- */

static struct slice put(char **at, struct slice text)
{
	struct slice copy = slice_make(*at, text.n);

	if (text.n)
		memcpy(*at, text.p, text.n);
	*at += text.n;
	return copy;
}

static int keep_texts(struct sub *sub, const struct sub_cfg *cfg)
{
	const char *name = cfg->package->name;
	size_t size = strlen(name) + cfg->id.n + sizeof(";id=");
	int n;

	sub->contact = slice_dup(cfg->contact);
	sub->event = mem_alloc(size);
	if (!sub->contact || !sub->event)
		return OH_ENOMEM;
	n = snprintf(
		sub->event, size, slice_present(cfg->id) ? "%s;id=%.*s" : "%s", name, SLICE_ARG(cfg->id));
	if (slice_present(cfg->id))
		sub->id = slice_make(sub->event + (size_t)n - cfg->id.n, cfg->id.n);
	sub->expires_s = cfg->expires_s == SUB_SECONDS_UNKNOWN || cfg->method == SIP_REFER
				 ? cfg->package->expires_s
				 : cfg->expires_s;
	if (sub->expires_s > SUB_EXPIRES_MAX)
		sub->expires_s = SUB_EXPIRES_MAX;
	return kept_extras_new(cfg->extras, cfg->n_extras, &sub->extras);
}

static void keep_names(struct sub *sub, const struct sub_whom *whom, const char *tag, const char *call_id)
{
	char *at = sub->texts;

	sub->flow = whom->flow;
	sub->auth = sip_auth_ref(whom->auth);
	sub->from = put(&at, whom->from);
	sub->from.n += put(&at, SLICE_LIT(";tag=")).n;
	sub->local_tag = put(&at, slice_make(tag, TAG_LEN));
	sub->from.n += TAG_LEN;
	sub->to = put(&at, whom->to);
	sub->call_id = put(&at, slice_make(call_id, CALL_ID_LEN));
	sub->target = put(&at, whom->target);
}

int sub_subscribe(
	struct subs *subs, const struct sub_cfg *cfg, const struct sub_whom *whom, struct sub **ret_sub)
{
	char tag[TAG_LEN + 1], call_id[CALL_ID_LEN + 1];
	struct sub *sub;
	int err = sub_new(subs, &cfg->handler, cfg->package,
		whom->from.n + strlen(";tag=") + TAG_LEN + whom->to.n + CALL_ID_LEN + whom->target.n, &sub);

	if (err)
		return err;
	sip_stack_token(subs->stack, tag, TAG_LEN);
	sip_stack_token(subs->stack, call_id, CALL_ID_LEN);
	keep_names(sub, whom, tag, call_id);
	sub->cseq = host_random_below(sip_stack_host(subs->stack), 30000);
	err = keep_texts(sub, cfg);
	if (err == 0)
		err = send_outside(sub, cfg->method, whom->routes, whom->n_routes);
	if (err) {
		sub_enter(sub, PHASE_OVER);
		sub_unref(sub);
		return err;
	}
	sub->half.notified = notified;
	dialog_half_open(subs->stack, &sub->half, sub->call_id, sub->local_tag);
	wait_for_notify(sub);
	*ret_sub = sub;
	return 0;
}

int sub_subscribe_in(
	struct subs *subs, const struct sub_cfg *cfg, struct dialog *dialog, struct sub **ret_sub)
{
	struct sub *sub;
	int err = sub_new(subs, &cfg->handler, cfg->package, 0, &sub);

	if (err)
		return err;
	err = keep_texts(sub, cfg);
	if (err == 0)
		err = sub_share(sub, dialog);
	if (err == 0)
		err = send_in_dialog(sub, cfg->method, sub->extras->list, sub->extras->n);
	if (err) {
		sub_enter(sub, PHASE_OVER);
		sub_unref(sub);
		return err;
	}
	wait_for_notify(sub);
	*ret_sub = sub;
	return 0;
}

int sub_refresh(struct sub *sub, uint32_t expires_s)
{
	uint32_t before = sub->expires_s;
	int err;

	if (!sub->dialog || (sub->phase != PHASE_S_PENDING && sub->phase != PHASE_S_ACTIVE))
		return OH_ESTATE;
	if (by_refer(sub))
		return OH_ENOTSUP;
	if (sub->client)
		return OH_EBUSY;
	sub->expires_s = expires_s > SUB_EXPIRES_MAX ? SUB_EXPIRES_MAX : expires_s;
	err = send_in_dialog(sub, SIP_SUBSCRIBE, NULL, 0);
	if (err) {
		sub->expires_s = before;
		return err;
	}
	wait_for_notify(sub);
	return 0;
}

void subscriber_leave(struct sub *sub)
{
	if (sub->phase == PHASE_OVER)
		return;
	/* Before the first NOTIFY there is nobody to tell: it will get 481. */
	if (by_refer(sub) || !sub->dialog || sub->expires_s == 0) {
		sub_enter(sub, PHASE_OVER);
		return;
	}
	sub->client = sip_client_free(sub->client);
	sub->expires_s = 0;
	if (send_in_dialog(sub, SIP_SUBSCRIBE, NULL, 0) != 0) {
		sub_enter(sub, PHASE_OVER);
		return;
	}
	sub_enter(sub, PHASE_S_LEAVING);
	wait_for_notify(sub);
}
