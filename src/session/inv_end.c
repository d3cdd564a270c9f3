/*
 * Hanging up, in every phase: RFC 3261 9, 15, and the crossings of RFC 5407 3.2. The owner is told at once;
 * what the peer must still hear goes on in the phases CANCELLING, BYE_AFTER_ACK and BYE_SENT.
 */
#include "session/inv_impl.h"

/* ---- BYE ---- */

static void bye_ended(struct inv *inv)
{
	inv->bye = sip_client_free(inv->bye);
	if (inv->phase == PHASE_BYE_SENT)
		inv_enter(inv, PHASE_OVER);
	inv_unref(inv);
}

/* RFC 3261 15.1.1: any final response, or none, ends it. */
static void on_bye_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	(void)flow;
	if (msg->status >= 200)
		bye_ended(arg);
}

static void on_bye_done(void *arg, int err)
{
	struct inv *inv = arg;

	(void)err;
	inv->bye = NULL;
	bye_ended(inv);
}

static uint32_t next_cseq(void *arg)
{
	struct inv *inv = arg;

	return dialog_next_seq(inv->dialog);
}

/* Sends the BYE; the phase that the call is in after it. Without memory or network the peer learns it from
 * silence. */
static enum phase send_bye(struct inv *inv, const struct sip_extra *extras, size_t n_extras)
{
	struct sip_client_handler handler = {on_bye_response, on_bye_done, inv, next_cseq};
	struct dialog_request req = {.method = SIP_BYE, .extras = extras, .n_extras = n_extras};
	int err = dialog_send(inv->dialog, &req, &handler, &inv->bye);

	/* What the program wanted to say along with it must not keep the peer from hearing it. */
	if (err == OH_EINVAL || err == OH_ETOOBIG) {
		req.n_extras = 0;
		err = dialog_send(inv->dialog, &req, &handler, &inv->bye);
	}
	if (err)
		return PHASE_OVER;
	inv_ref(inv);
	return PHASE_BYE_SENT;
}

/* ---- the owner hangs up, or the machine does ---- */

void inv_hangup(struct inv *inv, const struct op_end *end)
{
	(void)inv_handle(inv, &(struct ev){.kind = EV_END, .op = end});
}

void inv_cancel_open(struct inv *inv, const struct sip_extra *extras, size_t n_extras)
{
	int err;

	if (!inv->open)
		return;
	err = sip_client_cancel(inv->open->client, extras, n_extras);
	if (err == OH_EINVAL || err == OH_ETOOBIG)
		err = sip_client_cancel(inv->open->client, NULL, 0);
	if (err)
		invite_free(inv->open); /* the transaction sees to it by itself */
}

int end_cancel(struct inv *inv, const struct ev *ev)
{
	const struct op_end *end = ev->op;

	inv_cancel_open(inv, end->extras, end->n_extras);
	inv_finish(inv, inv->open ? PHASE_CANCELLING : PHASE_OVER, end);
	return 0;
}

int end_refuse(struct inv *inv, const struct ev *ev)
{
	struct op_end end = *(const struct op_end *)ev->op;
	struct sip_reply reply = {.reason = end.reason, .extras = end.extras, .n_extras = end.n_extras};

	if (end.status < 300 || end.status > 699)
		end.status = 603; /* no refusal: RFC 3261 21 */
	reply.status = end.status;
	if (uas_send(inv, &reply) != 0)
		uas_refuse(inv, reply.status);
	else
		uas_drop_server(inv);
	inv_finish(inv, PHASE_OVER, &end);
	return 0;
}

int end_after_ack(struct inv *inv, const struct ev *ev)
{
	const struct op_end *end = ev->op;

	/* A call that ends because no ACK came has none to wait for. */
	if (!inv->server)
		return end_bye(inv, ev);
	if (end->n_extras)
		(void)kept_extras_new(end->extras, end->n_extras, &inv->bye_extras);
	inv_finish(inv, PHASE_BYE_AFTER_ACK, end);
	return 0;
}

int end_bye(struct inv *inv, const struct ev *ev)
{
	const struct op_end *end = ev->op;

	switch (inv->phase) {
	case PHASE_ANSWER_DUE:
	case PHASE_REANSWER_DUE:
		/* The peer's offer finds no answer, but its 2xx must find an ACK (RFC 3261 13.2.2.4). */
		(void)invite_ack(inv->open, SLICE_NONE);
		inv->open = NULL;
		break;
	case PHASE_REOFFER_CAME:
		uas_refuse(inv, 487);
		break;
	case PHASE_REOFFERED:
	case PHASE_REOFFER_WITHDRAWN:
		inv_cancel_open(inv, NULL, 0);
		break;
	default:
		uas_drop_server(inv);
		break;
	}
	inv_finish(inv, send_bye(inv, end->extras, end->n_extras), end);
	return 0;
}

/* The ACK has come, or will not come any more. */
int bye_after_ack(struct inv *inv, const struct ev *ev)
{
	struct kept_extras *extras = inv->bye_extras;

	(void)ev;
	uas_drop_server(inv);
	inv_enter(inv, send_bye(inv, extras ? extras->list : NULL, extras ? extras->n : 0));
	inv->bye_extras = NULL;
	mem_free(extras);
	return 0;
}

/* ---- the CANCEL and what crosses it ---- */

int cancel_done(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	inv_enter(inv, PHASE_OVER);
	return 0;
}

/* RFC 3261 15: the peer accepted while our CANCEL was under way. */
int cancel_crossed(struct inv *inv, const struct ev *ev)
{
	int err = uac_take_2xx(inv, ev);

	if (err)
		return err; /* as if lost: it will be repeated */
	inv_enter(inv, send_bye(inv, NULL, 0));
	return 0;
}

/* The 2xx to a re-INVITE that crossed the end. */
int ended_success(struct inv *inv, const struct ev *ev)
{
	inv->open = NULL;
	return invite_ack(ev->invite, SLICE_NONE);
}

/* ---- the peer's BYE ---- */

static void answer_bye(struct sip_server *server)
{
	if (sip_respond(server, &(struct sip_reply){.status = 200}) == OH_ENOMEM)
		sip_refuse(server, 200, NULL);
}

static const struct op_end cleared = {.by = INV_ENDED_BY_PEER,
	.status = 200,
	.reason = {"Normal call clearing", sizeof("Normal call clearing") - 1}};

int bye_early_caller(struct inv *inv, const struct ev *ev)
{
	struct op_end end = cleared;
	struct early *f = NULL;

	end.msg = ev->msg;
	answer_bye(ev->server);
	/* One of several phones that ring goes: the others may still answer. */
	if (early_find(inv, sip_msg_from_tag(ev->msg), &f) == 1) {
		early_end(inv, sip_msg_from_tag(ev->msg));
		return 0;
	}
	inv_cancel_open(inv, NULL, 0);
	inv_finish(inv, inv->open ? PHASE_CANCELLING : PHASE_OVER, &end);
	return 0;
}

/* RFC 3261 15.1.2: requests that are still open get 487. */
int bye_early_callee(struct inv *inv, const struct ev *ev)
{
	answer_bye(ev->server);
	uas_refuse(inv, 487);
	inv_finish(inv, PHASE_OVER, &(struct op_end){.by = INV_ENDED_BY_PEER, .status = 487, .msg = ev->msg});
	return 0;
}

/*
 * The phase after a BYE of the peer. A 2xx of ours that has no ACK yet goes on being repeated (RFC 3261 13.3.1.4): a caller
 * that ended its early dialog by BYE may not have heard it, and its INVITE would never end (RFC 5407 3.1.3).
 */
static enum phase after_their_bye(const struct inv *inv)
{
	switch (inv->phase) {
	case PHASE_ANSWERED:
	case PHASE_REANSWERED:
	case PHASE_BYE_AFTER_ACK:
		return PHASE_BYE_BEFORE_ACK;
	default:
		return PHASE_OVER;
	}
}

int bye_came(struct inv *inv, const struct ev *ev)
{
	struct op_end end = cleared;

	end.msg = ev->msg;
	answer_bye(ev->server);
	if (inv->phase == PHASE_REOFFER_CAME)
		uas_refuse(inv, 487);
	inv_cancel_open(inv, NULL, 0);
	inv_finish(inv, after_their_bye(inv), &end);
	return 0;
}

/* Both hang up: RFC 5407 3.2.1. Ours still waits for its response. */
int bye_crossed(struct inv *inv, const struct ev *ev)
{
	answer_bye(ev->server);
	if (inv->phase == PHASE_BYE_AFTER_ACK)
		inv_enter(inv, after_their_bye(inv));
	return 0;
}

/* The ACK has come after all, or 64*T1 are over. */
int ended_acked(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	uas_drop_server(inv);
	inv_enter(inv, PHASE_OVER);
	return 0;
}
