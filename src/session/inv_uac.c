/*
 * The caller's first INVITE: RFC 3261 13.2.
 */
#include "session/inv_impl.h"

#include <stdio.h>

#define TAG_LEN     16u
#define CALL_ID_LEN 24u

static struct slice put(char **at, struct slice text)
{
	struct slice copy = slice_make(*at, text.n);

	if (text.n)
		memcpy(*at, text.p, text.n);
	*at += text.n;
	return copy;
}

/* Names and target stand behind the struct: they are what the call is before it has a dialog. */
static int caller_new(struct sip_stack *s, const struct inv_call_cfg *cfg, struct inv **ret_inv)
{
	char tag[TAG_LEN + 1], call_id[CALL_ID_LEN + 1];
	struct slice id = cfg->call_id;
	struct inv *inv;
	char *at;
	int err;

	if (!slice_present(id)) {
		sip_stack_token(s, call_id, CALL_ID_LEN);
		id = slice_make(call_id, CALL_ID_LEN);
	}
	sip_stack_token(s, tag, TAG_LEN);
	err = inv_new(s, &cfg->handler,
		cfg->from.n + strlen(";tag=") + TAG_LEN + cfg->to.n + id.n + cfg->target.n, &inv);
	if (err)
		return err;
	at = inv->texts;
	inv->caller = true;
	inv->flow = cfg->flow;
	inv->from = put(&at, cfg->from);
	inv->from_base = cfg->from.n;
	inv->from.n += put(&at, SLICE_LIT(";tag=")).n;
	inv->from.n += put(&at, slice_make(tag, TAG_LEN)).n;
	inv->to = put(&at, cfg->to);
	inv->call_id = put(&at, id);
	inv->target = put(&at, cfg->target);
	*ret_inv = inv;
	return 0;
}

static int send_first(struct inv *inv, const struct inv_call_cfg *cfg)
{
	struct sip_extra extras[INV_EXTRAS_ROOM];
	struct sip_request req = {.method = SIP_INVITE,
		.target = inv->target,
		.routes = cfg->routes,
		.n_routes = cfg->n_routes,
		.from = inv->from,
		.to = inv->to,
		.call_id = inv->call_id,
		.contact = cfg->contact,
		.extras = extras,
		.content_type = slice_empty(cfg->offer) ? SLICE_NONE : SDP_TYPE,
		.body = cfg->offer,
		.flow = cfg->flow,
		.auth = cfg->auth};
	struct sip_client_handler handler;
	struct invite *v;
	char expires[16];
	int err = inv_extras_with_ours(cfg->extras, cfg->n_extras, extras, &req.n_extras);

	if (cfg->expires_s && err == 0) {
		snprintf(expires, sizeof(expires), "%u", cfg->expires_s);
		extras[req.n_extras++] = (struct sip_extra){SLICE_LIT("Expires"), slice_of(expires)};
	}
	if (err == 0)
		err = inv_keep_contact(inv, cfg->contact);
	if (err == 0)
		err = invite_new(inv, &v);
	if (err)
		return err;
	/* RFC 3261 8.1.1.5: any number below 2**31; a small one leaves room to count. */
	v->cseq = req.cseq = host_random_below(sip_stack_host(inv->stack), 30000) + 1;
	handler = invite_handler(v);
	err = sip_client_send(inv->stack, &req, &handler, &v->client);
	if (err) {
		invite_free(v);
		return err;
	}
	inv->open = v;
	return 0;
}

int inv_call(struct sip_stack *s, const struct inv_call_cfg *cfg, struct inv **ret_inv)
{
	struct inv *inv;
	int err = caller_new(s, cfg, &inv);

	if (err)
		return err;
	err = send_first(inv, cfg);
	if (err) {
		inv_unref(inv);
		return err;
	}
	inv->sdp = slice_empty(cfg->offer) ? SDP_NOTHING : SDP_OURS;
	if (cfg->expires_s)
		inv->expires_ns = host_now(sip_stack_host(s)) + cfg->expires_s * NS_PER_S;
	inv_enter(inv, PHASE_CALLING);
	*ret_inv = inv;
	return 0;
}

/* ---- dialogs ---- */

static bool same_fork(const struct inv *inv, struct sip_msg *msg)
{
	return inv->dialog && slice_ieq(dialog_remote_tag(inv->dialog), sip_msg_to_tag(msg));
}

static int take_dialog(struct inv *inv, const struct ev *ev)
{
	struct dialog_uac_cfg cfg = {.local_seq = ev->invite->cseq,
		.target = inv->target,
		.client = ev->invite->client,
		.handler = {inv_dialog_request, inv}};
	struct dialog *d;
	int err = dialog_new_uac(inv->stack, &cfg, ev->msg, ev->flow, &d);

	if (err)
		return err;
	dialog_free(inv->dialog);
	inv->dialog = d;
	return 0;
}

/* The dialog of the 2xx: the early one confirmed, or that of another fork, whose answer then is the one that
 * counts (RFC 3261 13.2.2.4). */
static int confirm_dialog(struct inv *inv, const struct ev *ev)
{
	int err;

	if (same_fork(inv, ev->msg))
		return dialog_confirm(inv->dialog, ev->msg);
	err = take_dialog(inv, ev);
	if (err == 0 && inv->sdp == SDP_SETTLED)
		inv->sdp = SDP_OURS;
	return err;
}

/* ---- provisionals ---- */

static void refused_description(struct inv *inv)
{
	inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 488});
}

/* RFC 3261 13.2.1: the first description is the answer, the others are not looked at. */
static void early_answer(struct inv *inv, struct slice answer)
{
	inv->sdp = SDP_SETTLED;
	if (inv->handler.sdp && inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer, true) != 0 &&
		inv->phase == PHASE_RINGBACK)
		refused_description(inv);
}

int uac_provisional(struct inv *inv, const struct ev *ev)
{
	struct sip_msg *msg = ev->msg;
	struct slice tag = sip_msg_to_tag(msg);
	struct slice answer = inv->sdp == SDP_OURS ? inv_sdp_of(msg) : SLICE_NONE;
	bool repeated = inv->phase == PHASE_RINGBACK && inv->status == msg->status &&
			(!slice_present(tag) || same_fork(inv, msg));

	/* One early dialog is enough: that of the first fork, or of the first that answers our offer. Without
	 * memory for it there is none yet; the 2xx makes one. */
	if (slice_present(tag) && (!inv->dialog || (!slice_empty(answer) && !same_fork(inv, msg))))
		(void)take_dialog(inv, ev);
	if (repeated && slice_empty(answer))
		return 0;
	inv_set_status(inv, msg->status, msg->reason);
	inv_enter(inv, PHASE_RINGBACK);
	inv_report(inv, msg);
	if (inv->phase == PHASE_RINGBACK && !slice_empty(answer))
		early_answer(inv, answer);
	return 0;
}

/* ---- the 2xx ---- */

static void confirmed(struct inv *inv, struct sip_msg *msg)
{
	inv_enter(inv, PHASE_CONFIRMED);
	inv_report(inv, msg);
}

/* Our offer is answered by the 2xx, or was in a provisional. The ACK has gone out. */
static void answered(struct inv *inv, struct sip_msg *msg)
{
	struct slice answer = inv_sdp_of(msg);

	inv_report(inv, msg);
	if (inv->phase != PHASE_ACKED)
		return;
	if (inv->sdp == SDP_OURS) {
		inv->sdp = SDP_SETTLED;
		if (slice_empty(answer) ||
			(inv->handler.sdp && inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer,
						     false) != 0)) {
			if (inv->phase == PHASE_ACKED)
				refused_description(inv);
			return;
		}
	}
	if (inv->phase == PHASE_ACKED)
		confirmed(inv, msg);
}

/* The 2xx brings the offer: the ACK waits for the owner's answer, which must come from inside
 * the callback. */
static void offered(struct inv *inv, struct sip_msg *msg)
{
	struct slice offer = inv_sdp_of(msg);

	inv_report(inv, msg);
	if (inv->phase == PHASE_ANSWER_DUE && !slice_empty(offer) && inv->handler.sdp)
		(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_OFFER, offer, false);
	if (inv->phase == PHASE_ANSWER_DUE)
		refused_description(inv);
	else if (inv->phase == PHASE_ACKED)
		confirmed(inv, msg);
}

int uac_take_2xx(struct inv *inv, const struct ev *ev)
{
	int err = confirm_dialog(inv, ev);

	if (err)
		return err;
	inv->open = NULL;
	(void)invite_ack(ev->invite, SLICE_NONE); /* failed: the repeated 2xx asks again */
	return 0;
}

int uac_success(struct inv *inv, const struct ev *ev)
{
	/* Without a dialog (no memory, a Record-Route that cannot be read) there is no ACK: as if it had been
	 * lost. It will be repeated. */
	int err = inv->sdp == SDP_NOTHING ? confirm_dialog(inv, ev) : uac_take_2xx(inv, ev);

	if (err)
		return err;
	inv_set_status(inv, ev->msg->status, ev->msg->reason);
	if (inv->sdp == SDP_NOTHING) {
		inv->sdp = SDP_THEIRS;
		inv_enter(inv, PHASE_ANSWER_DUE);
		offered(inv, ev->msg);
		return 0;
	}
	inv_enter(inv, PHASE_ACKED);
	answered(inv, ev->msg);
	return 0;
}

/* The answer to an offer in a 2xx, to the first INVITE or a re-INVITE: it travels in the ACK. */
int uac_answer(struct inv *inv, const struct ev *ev)
{
	const struct op_answer *op = ev->op;
	int err;

	if (slice_empty(op->sdp))
		return 0; /* refused: the call ends when the callback returns */
	err = invite_ack(inv->open, op->sdp);
	if (err)
		return err;
	inv->open = NULL;
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, inv->phase == PHASE_ANSWER_DUE ? PHASE_ACKED : PHASE_CONFIRMED);
	return 0;
}

/* ---- the end without 2xx ---- */

int uac_failure(struct inv *inv, const struct ev *ev)
{
	inv_finish(inv, PHASE_OVER,
		&(struct op_end){.by = INV_ENDED_BY_PEER,
			.status = ev->msg->status,
			.reason = ev->msg->reason,
			.msg = ev->msg});
	return 0;
}

/* RFC 3261 13.2.1: nobody answered in the time that we gave. */
int uac_expired(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 487});
	return 0;
}

/* RFC 3261 8.1.3.1: a time-out counts as 408, a fault of the transport as 503. What TLS did not like is said in the place
 * of the phrase: no peer has sent one. */
int uac_no_response(struct inv *inv, const struct ev *ev)
{
	bool insecure = ev->err == OH_ETLS || ev->err == OH_ECERT;

	inv_finish(inv, PHASE_OVER,
		&(struct op_end){.by = INV_ENDED_BY_NETWORK,
			.status = ev->err == OH_ETIMEDOUT ? 408 : 503,
			.reason = insecure ? sip_stack_secure_fault(inv->stack) : SLICE_NONE,
			.err = ev->err});
	return 0;
}
