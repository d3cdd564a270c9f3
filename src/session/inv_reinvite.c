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
	struct inv_headers h;
	struct dialog_request req = {.method = SIP_INVITE,
		.contact = slice_of(inv->contact),
		.extras = h.list,
		.content_type = slice_empty(offer) ? SLICE_NONE : SDP_TYPE,
		.body = offer};
	struct sip_client_handler handler;
	struct invite *v;
	int err = inv_headers_fill(inv, KIND_REINVITE, want->extras->list, want->extras->n, &h);

	req.n_extras = h.n;
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
	inv->peer_rseq = 0; /* each INVITE has its own (RFC 3262 3) */
	want->tries++;
	inv->sdp = slice_empty(offer) ? SDP_NOTHING : SDP_OURS;
	inv_enter(inv, PHASE_REOFFERED);
	return 0;
}

void reoffer_failed(struct inv *inv, unsigned status, struct sip_msg *msg)
{
	reoffer_free(inv);
	if (inv->handler.reoffer_failed)
		inv->handler.reoffer_failed(inv->handler.arg, inv, status, msg);
}

/* The old session stands. */
static void give_up(struct inv *inv, unsigned status, struct sip_msg *msg)
{
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	reoffer_failed(inv, status, msg);
}

/* May the wish try again? A re-INVITE needs the call at rest, an UPDATE only the exchange. */
static bool may_try(const struct inv *inv)
{
	if (inv->want->method == SIP_UPDATE)
		return update_may_offer(inv);
	return inv->phase == PHASE_CONFIRMED && inv->sdp == SDP_SETTLED;
}

static void try_again(struct inv *inv, struct slice offer)
{
	int err = OH_EINVAL;

	if (!slice_empty(offer))
		err = inv->want->method == SIP_UPDATE ? update_send(inv, offer) : send_reinvite(inv, offer);
	if (err)
		reoffer_failed(inv, 491, NULL);
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

	/* The peer's own offer is being answered: ours waits for another turn. */
	if (!may_try(inv)) {
		retry_later(inv);
		return;
	}
	inv_ref(inv);
	offer = ask_offer(inv);
	if (inv->want == want && may_try(inv))
		try_again(inv, offer);
	inv_unref(inv);
}

int reoffer_new(struct inv *inv, enum sip_method method, const struct op_reoffer *op)
{
	struct reoffer *want = mem_zalloc(sizeof(*want));
	int err;

	if (!want)
		return OH_ENOMEM;
	want->inv = inv;
	want->method = method;
	want->since_ns = host_now(sip_stack_host(inv->stack));
	wheel_timer_init(&want->retry, on_retry, want);
	inv->want = want;
	err = kept_extras_new(op->extras, op->n_extras, &want->extras);
	if (err)
		reoffer_free(inv);
	return err;
}

int reoffer_start(struct inv *inv, const struct ev *ev)
{
	const struct op_reoffer *op = ev->op;
	int err = inv_keep_contact(inv, op->contact);

	if (err == 0)
		err = reoffer_new(inv, SIP_INVITE, op);
	if (err)
		return err;
	err = send_reinvite(inv, op->offer);
	if (err)
		reoffer_free(inv);
	return err;
}

/* RFC 3262: a reliable one is acknowledged, and its description counts; nothing else is worth a word. */
int reoffer_provisional(struct inv *inv, const struct ev *ev)
{
	if (prack_due(inv, ev->msg) == 1)
		uac_take_description(inv, ev->msg, inv_sdp_of(ev->msg), true);
	return 0;
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
	inv_note_peer(inv, ev->msg);
	timer_taken(inv, ev->msg);
	reoffer_free(inv);
	if (inv->sdp == SDP_NOTHING) {
		offered_again(inv, body);
		return 0;
	}
	inv->open = NULL;
	(void)invite_ack(ev->invite, SLICE_NONE); /* failed: the repeated 2xx asks again */
	if (inv->sdp == SDP_SETTLED || offer_is_beside(inv)) {
		inv_enter(inv, PHASE_CONFIRMED); /* a reliable provisional has brought the answer */
		return 0;
	}
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
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, PHASE_CONFIRMED);
	if (!reoffer_retry(inv, ev->msg))
		reoffer_failed(inv, status, ev->msg);
	return 0;
}

/* The callee's turns are short (0 to 2 s), and the caller's offer may be open for longer than five of them. */
static bool gave_way_long_enough(const struct inv *inv)
{
	uint64_t limit_ns = 64 * (uint64_t)sip_stack_timers(inv->stack)->t1 * NS_PER_MS;

	return host_now(sip_stack_host(inv->stack)) - inv->want->since_ns >= limit_ns;
}

/* Both met (491), the peer was busy for some seconds (500 with Retry-After), or we asked for too short a timer (422). */
bool reoffer_retry(struct inv *inv, const struct sip_msg *msg)
{
	uint32_t seconds;

	if (inv->want->tries >= INV_REOFFER_TRIES && (msg->status != 491 || gave_way_long_enough(inv)))
		return false;
	switch (msg->status) {
	case 422:
		timer_too_short(inv, msg);
		sip_stack_arm(inv->stack, &inv->want->retry, 0);
		return true;
	case 491:
		retry_later(inv);
		return true;
	case 500:
		if (sip_msg_seconds(msg, SIP_HDR_RETRY_AFTER, &seconds) != 0 || seconds > INV_RETRY_AFTER_S)
			return false;
		sip_stack_arm(inv->stack, &inv->want->retry, seconds * 1000u);
		return true;
	default:
		return false;
	}
}

int reoffer_unanswered(struct inv *inv, const struct ev *ev)
{
	const struct inv_handler *h = &inv->handler;

	if (ev->err != OH_ETIMEDOUT)
		give_up(inv, 503, NULL);
	else if (h->unanswered && h->unanswered(h->arg, inv))
		give_up(inv, 408, NULL);
	else
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_NETWORK, .status = 408});
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
	refuse_later(inv, ev->server);
	return 0;
}

void refuse_later(struct inv *inv, struct sip_server *server)
{
	char seconds[16];
	struct sip_extra retry_after = {SLICE_LIT("Retry-After"), SLICE_NONE};
	uint32_t n = host_random_below(sip_stack_host(inv->stack), INV_RETRY_AFTER_S + 1);
	int len = snprintf(seconds, sizeof(seconds), "%u", n);
	bool invite = sip_server_method(server) == SIP_INVITE;

	retry_after.value = slice_make(seconds, (size_t)len);
	if (sip_respond(server, &(struct sip_reply){.status = 500, .extras = &retry_after, .n_extras = 1}) ==
		OH_ENOMEM)
		sip_refuse(server, 500, NULL);
	else if (invite)
		sip_server_detach(server);
}

/* A 2xx to the peer's INVITE with its answer, or with our offer. */
static int accept_reinvite(struct inv *inv, struct slice body, enum sdp_stage stage)
{
	struct inv_headers h;
	struct sip_reply reply = {.status = 200,
		.contact = slice_of(inv->contact),
		.record_route = true,
		.extras = h.list,
		.content_type = SDP_TYPE,
		.body = body};
	int err = inv_headers_fill(inv, KIND_ACCEPTED, NULL, 0, &h);

	reply.n_extras = h.n;
	if (err == 0)
		err = uas_send(inv, &reply);
	if (err)
		return err;
	dialog_accept_target(inv->dialog);
	timer_answered(inv);
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
	/* RFC 6337 4.3, UAS-UcI: an UPDATE of ours, or a PRACK of the INVITE before, has an offer open. */
	if (inv->sdp != SDP_SETTLED || prack_described_open(inv))
		return reinvite_glare(inv, ev);
	if (timer_asked(inv, ev->msg)) {
		timer_refuse(inv, ev->server);
		return 0;
	}
	inv_note_peer(inv, ev->msg);
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
	rel_over(inv);
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
	bool ours = inv->sdp == SDP_OURS && !offer_is_beside(inv);

	uas_drop_server(inv);
	if (ours)
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
