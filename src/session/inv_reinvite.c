/*
 * re-INVITE, both ways: RFC 3261 14, RFC 6337, RFC 5407 3.1.4, 3.1.5 and 3.3.1. That we want another session
 * is a small object of its own (struct reoffer): it lives from the owner's wish to its fulfilment, over the
 * waits after a 491, while the call goes on being at rest or answers the peer's re-INVITE.
 */
#include "session/inv_impl.h"

#include <stdio.h>

/* ---- ours ---- */

void reoffer_free(struct inv *inv)
{
	struct reoffer *want = inv->want;

	if (!want)
		return;
	wheel_stop(&want->retry);
	mem_free(want->extras);
	mem_free(want);
	inv->want = NULL;
}

/* RFC 3261 14.1: in units of 10 ms, 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other one. */
static void retry_later(struct inv *inv)
{
	struct host *h = sip_stack_host(inv->stack);
	uint32_t units = inv->caller ? 210 + host_random_below(h, 191) : host_random_below(h, 201);

	sip_stack_arm(inv->stack, &inv->want->retry, units * 10u);
}

static int send_reinvite(struct inv *inv, struct slice offer)
{
	struct reoffer *want = inv->want;
	struct sip_extra extras[INV_EXTRAS_ROOM];
	struct dialog_request req = {.method = SIP_INVITE,
		.contact = slice_of(inv->contact),
		.extras = extras,
		.content_type = slice_empty(offer) ? SLICE_NONE : SDP_TYPE,
		.body = offer};
	struct sip_client_handler handler;
	struct invite *v;
	int err = inv_extras_with_ours(want->extras->list, want->extras->n, extras, &req.n_extras);

	if (err == 0)
		err = invite_new(inv, &v);
	if (err)
		return err;
	handler = invite_handler(v);
	err = dialog_send(inv->dialog, &req, &handler, &v->client);
	if (err) {
		invite_free(v);
		return err;
	}
	v->cseq = dialog_local_seq(inv->dialog);
	inv->open = v;
	want->tries++;
	inv->sdp = slice_empty(offer) ? SDP_SETTLED : SDP_OURS;
	inv_enter(inv, PHASE_REOFFERED);
	return 0;
}

/* The old session stands. */
static void give_up(struct inv *inv, unsigned status, struct sip_msg *msg)
{
	reoffer_free(inv);
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	if (inv->handler.reoffer_failed)
		inv->handler.reoffer_failed(inv->handler.arg, inv, status, msg);
}

static struct slice ask_offer(struct inv *inv)
{
	if (!inv->handler.reoffer_again)
		return SLICE_NONE;
	return inv->handler.reoffer_again(inv->handler.arg, inv);
}

static void on_retry(void *arg)
{
	struct reoffer *want = arg;
	struct inv *inv = want->inv;
	struct slice offer;

	/* The peer's own re-INVITE is being answered: ours waits for another turn. */
	if (inv->phase != PHASE_CONFIRMED) {
		retry_later(inv);
		return;
	}
	inv_ref(inv);
	offer = ask_offer(inv);
	if (inv->want == want && inv->phase == PHASE_CONFIRMED &&
		(slice_empty(offer) || send_reinvite(inv, offer) != 0))
		give_up(inv, 491, NULL);
	inv_unref(inv);
}

int reoffer_start(struct inv *inv, const struct ev *ev)
{
	const struct op_reoffer *op = ev->op;
	struct reoffer *want;
	int err = inv_keep_contact(inv, op->contact);

	if (err)
		return err;
	want = mem_zalloc(sizeof(*want));
	if (!want)
		return OH_ENOMEM;
	want->inv = inv;
	wheel_timer_init(&want->retry, on_retry, want);
	inv->want = want;
	err = kept_extras_new(op->extras, op->n_extras, &want->extras);
	if (err == 0)
		err = send_reinvite(inv, op->offer);
	if (err)
		reoffer_free(inv);
	return err;
}

/* The 2xx to our re-INVITE without offer: its offer is answered in the ACK, from inside the callback. */
static void offered_again(struct inv *inv, struct slice offer)
{
	inv->sdp = SDP_THEIRS;
	inv_enter(inv, PHASE_REANSWER_DUE);
	if (!slice_empty(offer) && inv->handler.sdp)
		(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_OFFER, offer, false);
	if (inv->phase == PHASE_REANSWER_DUE)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 488});
}

int reoffer_success(struct inv *inv, const struct ev *ev)
{
	struct slice body = inv_sdp_of(ev->msg);

	/* Without memory for the new target the old one, also given by the peer, has to do. */
	(void)dialog_refresh_target(inv->dialog, ev->msg);
	reoffer_free(inv);
	if (inv->sdp != SDP_OURS) {
		offered_again(inv, body);
		return 0;
	}
	inv->open = NULL;
	(void)invite_ack(ev->invite, SLICE_NONE); /* failed: the repeated 2xx asks again */
	if (slice_empty(body)) {
		give_up(inv, ev->msg->status, ev->msg);
		return 0;
	}
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	if (inv->handler.sdp)
		(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, body, false);
	return 0;
}

int reoffer_refused(struct inv *inv, const struct ev *ev)
{
	unsigned status = ev->msg->status;

	/* RFC 3261 12.2.1.2: the peer does not know this call any more. */
	if (status == 481 || status == 408) {
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_PEER,
					.status = status,
					.reason = ev->msg->reason,
					.msg = ev->msg});
		return 0;
	}
	if (status != 491 || inv->want->tries >= INV_REOFFER_TRIES) {
		give_up(inv, status, ev->msg);
		return 0;
	}
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	retry_later(inv);
	return 0;
}

int reoffer_unanswered(struct inv *inv, const struct ev *ev)
{
	if (ev->err == OH_ETIMEDOUT)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_NETWORK, .status = 408});
	else
		give_up(inv, 503, NULL);
	return 0;
}

/*
 * The peer took it up (a provisional came) and then was silent: its refusal was lost as often as it was sent. Whoever
 * waited on could never make another offer.
 */
int reoffer_too_long(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	inv_enter(inv, PHASE_REOFFER_WITHDRAWN);
	inv_cancel_open(inv, NULL, 0);
	if (!inv->open)
		give_up(inv, 408, NULL);
	return 0;
}

/* The peer refused it long ago, or does not care: had it accepted, it would have ended the call for want of an ACK. */
int reoffer_unheard(struct inv *inv, const struct ev *ev)
{
	give_up(inv, ev->err == OH_ETIMEDOUT ? 408 : 503, NULL);
	return 0;
}

/* ---- the peer's ---- */

/* RFC 3261 14.2: ours is open. */
int reinvite_glare(struct inv *inv, const struct ev *ev)
{
	(void)inv;
	sip_refuse(ev->server, 491, NULL);
	return 0;
}

/* RFC 3261 14.2: the one before is not answered yet. */
int reinvite_too_early(struct inv *inv, const struct ev *ev)
{
	char seconds[16];
	struct sip_extra retry_after = {SLICE_LIT("Retry-After"), SLICE_NONE};
	uint32_t n = host_random_below(sip_stack_host(inv->stack), INV_RETRY_AFTER_S + 1);
	int len = snprintf(seconds, sizeof(seconds), "%u", n);

	retry_after.value = slice_make(seconds, (size_t)len);
	if (sip_respond(ev->server,
		    &(struct sip_reply){.status = 500, .extras = &retry_after, .n_extras = 1}) == OH_ENOMEM)
		sip_refuse(ev->server, 500, NULL);
	else
		sip_server_detach(ev->server);
	return 0;
}

/* A 2xx to the peer's INVITE with its answer, or with our offer. */
static int accept_reinvite(struct inv *inv, struct slice body, enum sdp_stage stage)
{
	struct sip_extra extras[INV_EXTRAS_ROOM];
	struct sip_reply reply = {.status = 200,
		.contact = slice_of(inv->contact),
		.record_route = true,
		.extras = extras,
		.content_type = SDP_TYPE,
		.body = body};
	int err;

	err = inv_extras_with_ours(NULL, 0, extras, &reply.n_extras);
	if (err == 0)
		err = uas_send(inv, &reply);
	if (err)
		return err;
	dialog_accept_target(inv->dialog);
	inv->sdp = stage;
	inv_enter(inv, PHASE_REANSWERED);
	return 0;
}

static void refuse_reinvite_with(struct inv *inv, const struct sip_reply *reply)
{
	uas_refuse_with(inv, reply);
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
}

static void refuse_reinvite(struct inv *inv, unsigned status)
{
	refuse_reinvite_with(inv, &(struct sip_reply){.status = status});
}

/* It asks for our offer. */
static void reinvite_without_offer(struct inv *inv)
{
	struct slice offer = ask_offer(inv);

	if (inv->phase != PHASE_REOFFER_CAME)
		return;
	if (slice_empty(offer))
		refuse_reinvite(inv, 488);
	else if (accept_reinvite(inv, offer, SDP_OURS) != 0)
		refuse_reinvite(inv, 500);
}

static void reinvite_with_offer(struct inv *inv, struct slice offer)
{
	int err = OH_ENOTSUP;

	inv->sdp = SDP_THEIRS;
	if (inv->handler.sdp)
		err = inv->handler.sdp(inv->handler.arg, inv, INV_SDP_OFFER, offer, false);
	if (err && inv->phase == PHASE_REOFFER_CAME)
		refuse_reinvite(inv, 488);
}

int reinvite_came(struct inv *inv, const struct ev *ev)
{
	struct slice offer = inv_sdp_of(ev->msg);
	unsigned fault = uas_body_fault(ev->msg);

	if (fault) {
		uas_refuse_body(ev->server, fault);
		return 0;
	}
	if (uas_take_server(inv, ev->msg, ev->server) != 0) {
		sip_refuse(ev->server, 400, "Bad CSeq");
		return 0;
	}
	inv_enter(inv, PHASE_REOFFER_CAME);
	if (slice_empty(offer))
		reinvite_without_offer(inv);
	else
		reinvite_with_offer(inv, offer);
	return 0;
}

/*
 * A new re-INVITE while our 2xx waits for its ACK: the peer has the 2xx (it may not start another INVITE
 * before), so only the ACK is missing (RFC 5407 3.1.4). Unless the ACK was to bring an answer: then an offer
 * is open (3.1.5).
 */
int reinvite_unacked(struct inv *inv, const struct ev *ev)
{
	enum phase before = inv->phase;

	if (inv->sdp == SDP_OURS)
		return reinvite_glare(inv, ev);
	uas_drop_server(inv);
	inv_enter(inv, PHASE_CONFIRMED);
	if (before == PHASE_ANSWERED)
		inv_report(inv, NULL);
	return inv_handle(inv, ev);
}

int reinvite_answer(struct inv *inv, const struct ev *ev)
{
	const struct op_answer *op = ev->op;
	int err;

	if (inv->sdp != SDP_THEIRS)
		return OH_ESTATE;
	if (slice_empty(op->sdp)) {
		refuse_reinvite(inv, 488);
		return 0;
	}
	err = inv_keep_contact(inv, op->contact);
	return err ? err : accept_reinvite(inv, op->sdp, SDP_SETTLED);
}

int reinvite_refuse(struct inv *inv, const struct ev *ev)
{
	const struct op_refusal *op = ev->op;

	if (op->status < 300 || op->status > 699)
		return err_detail(OH_EINVAL, "%u is no refusal", op->status);
	refuse_reinvite_with(inv,
		&(struct sip_reply){.status = op->status, .extras = op->extras, .n_extras = op->n_extras});
	return 0;
}

int reinvite_acked(struct inv *inv, const struct ev *ev)
{
	struct slice answer = inv_sdp_of(ev->msg);
	bool ours = inv->sdp == SDP_OURS;

	uas_drop_server(inv);
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	if (!ours)
		return 0;
	if (slice_empty(answer)) {
		if (inv->handler.reoffer_failed)
			inv->handler.reoffer_failed(inv->handler.arg, inv, 488, NULL);
	} else if (inv->handler.sdp) {
		(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer, false);
	}
	return 0;
}

int reinvite_withdrawn(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	refuse_reinvite(inv, 487);
	return 0;
}

int reinvite_too_late(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	refuse_reinvite(inv, 500);
	return 0;
}

/* Its transport was closed; the call may go on over another. */
int reinvite_gone(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	return 0;
}
