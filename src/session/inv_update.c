/*
 * UPDATE, both ways (RFC 3311, RFC 6337 2.2 pattern 6 and 4.3): a new target, a new description or both, in an early dialog
 * or a confirmed one; and the offers of the peer that are answered at once, of which a PRACK or a reliable provisional
 * may bring one, too.
 */
#include "session/inv_impl.h"

/* ---- offers that are answered at once ---- */

static bool nothing_was_sent(int err)
{
	return err == OH_EINVAL || err == OH_ETOOBIG || err == OH_ENOMEM;
}

static int accept_request(struct inv *inv, struct sip_server *server, struct dialog *d, struct slice body)
{
	bool update = sip_server_method(server) == SIP_UPDATE;
	struct sip_reply reply = {.status = 200,
		.to_tag = dialog_local_tag(d),
		.contact = update ? slice_of(inv->contact) : SLICE_NONE,
		.content_type = slice_empty(body) ? SLICE_NONE : SDP_TYPE,
		.body = body};
	struct inv_headers h;
	int err = 0;

	if (update) {
		err = inv_headers_fill(inv, KIND_ACCEPTED, NULL, 0, &h);
		reply.extras = h.list;
		reply.n_extras = h.n;
	}
	if (err == 0)
		err = sip_respond(server, &reply);
	if (nothing_was_sent(err))
		return err;
	if (update) {
		dialog_accept_target(d);
		timer_answered(inv);
	}
	return 0;
}

int offer_answer_now(struct inv *inv, struct slice sdp)
{
	struct asked *a = inv->asked;
	int err;

	if (a->result != ASKED_OPEN)
		return OH_ESTATE;
	if (slice_empty(sdp))
		return offer_refuse_now(inv, &(struct op_refusal){.status = 488});
	if (a->server)
		err = accept_request(inv, a->server, a->dialog, sdp);
	else
		err = prack_send(inv, a->msg, PRACK_DESCRIBED, sdp);
	if (err)
		return err;
	inv->sdp = SDP_SETTLED;
	a->result = ASKED_ANSWERED;
	return 0;
}

int offer_refuse_now(struct inv *inv, const struct op_refusal *op)
{
	struct sip_reply reply = {.status = op->status, .extras = op->extras, .n_extras = op->n_extras};
	struct asked *a = inv->asked;
	int err = 0;

	if (a->result != ASKED_OPEN)
		return OH_ESTATE;
	if (op->status < 300 || op->status > 699)
		return err_detail(OH_EINVAL, "%u is no refusal", op->status);
	if (a->server)
		err = sip_respond(a->server, &reply);
	if (nothing_was_sent(err))
		return err;
	inv->sdp = a->before;
	a->result = ASKED_REFUSED;
	return 0;
}

static bool ask(struct inv *inv, struct asked *a, struct slice offer)
{
	enum phase phase = inv->phase;
	int err = OH_ENOTSUP;

	a->before = inv->sdp;
	inv->sdp = SDP_THEIRS;
	inv->asked = a;
	if (inv->handler.sdp)
		err = inv->handler.sdp(
			inv->handler.arg, inv, INV_SDP_OFFER, offer, inv_state(inv) < INV_CONFIRMED);
	inv->asked = NULL;
	if (a->result != ASKED_OPEN)
		return a->result == ASKED_ANSWERED;
	if (inv->phase == phase)
		inv->sdp = a->before;
	/* RFC 3311 5.2: who would have to ask first says 504. */
	if (a->server)
		sip_refuse(a->server, inv_ended(inv) ? 487 : err ? 488 : 504, NULL);
	return false;
}

bool offer_ask(struct inv *inv, struct sip_server *server, struct dialog *d, struct slice offer)
{
	return ask(inv, &(struct asked){.server = server, .dialog = d}, offer);
}

bool offer_ask_reliable(struct inv *inv, struct sip_msg *msg, struct slice offer)
{
	return ask(inv, &(struct asked){.msg = msg}, offer);
}

/* ---- the peer's ---- */

static void refuse_busy(struct inv *inv, struct sip_server *server)
{
	/* RFC 6337 4.3, UAS-IsU: the peer's INVITE is open, and an offer in it or in our response. */
	if (inv->server)
		refuse_later(inv, server);
	else /* UAS-UcU, UAS-IcU */
		sip_refuse(server, 491, NULL);
}

static bool is_busy(const struct inv *inv)
{
	return inv->sdp != SDP_SETTLED || (inv->rel && inv->rel->open == REL_DESCRIBED) ||
	       prack_described_open(inv);
}

/* In the early dialog that it came in. */
static void take_offer(struct inv *inv, const struct ev *ev, struct early *f, struct slice offer)
{
	if (f && (is_busy(inv) || f->sdp != SDP_SETTLED)) {
		sip_refuse(ev->server, 491, NULL);
		return;
	}
	if (f)
		early_switch(inv, f);
	if (is_busy(inv))
		refuse_busy(inv, ev->server);
	else
		(void)offer_ask(inv, ev->server, inv->dialog, offer);
}

int update_came(struct inv *inv, const struct ev *ev)
{
	struct slice offer = inv_sdp_of(ev->msg);
	unsigned fault = uas_body_fault(ev->msg);
	struct early *f = NULL;

	(void)early_find(inv, sip_msg_from_tag(ev->msg), &f);
	if (fault) {
		uas_refuse_body(ev->server, fault);
		return 0;
	}
	if (timer_asked(inv, ev->msg)) {
		timer_refuse(inv, ev->server);
		return 0;
	}
	inv_note_peer(inv, ev->msg);
	if (!slice_empty(offer))
		take_offer(inv, ev, f, offer);
	else if (accept_request(inv, ev->server, f ? f->dialog : inv->dialog, SLICE_NONE) != 0)
		sip_refuse(ev->server, 500, NULL);
	return 0;
}

/* ---- ours ---- */

/* Without an offer: its end matters only when the peer knows nothing of the call. */
static void plain_done(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	(void)token;
	if (msg && msg->status < 300)
		(void)dialog_refresh_target(inv->dialog, msg);
	inv_judge_response(inv, msg, err);
}

static void offered_done(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	struct slice answer = msg && msg->status < 300 ? inv_sdp_of(msg) : SLICE_NONE;

	(void)token;
	if (msg && msg->status < 300) {
		(void)dialog_refresh_target(inv->dialog, msg);
		inv_note_peer(inv, msg);
		timer_taken(inv, msg);
	}
	inv->sdp = SDP_SETTLED;
	if (!slice_empty(answer)) {
		reoffer_free(inv);
		if (inv->handler.sdp)
			(void)inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer,
				inv_state(inv) < INV_CONFIRMED);
		return;
	}
	if (msg && reoffer_retry(inv, msg))
		return;
	reoffer_failed(inv, msg ? msg->status : err == OH_ETIMEDOUT ? 408 : 503, msg);
	inv_judge_response(inv, msg, err);
}

bool update_offer_open(const struct inv *inv)
{
	return inv_request_open(inv, offered_done);
}

int update_send(struct inv *inv, struct slice offer)
{
	struct reoffer *want = inv->want;
	struct dialog_request req = {.method = SIP_UPDATE,
		.contact = slice_of(inv->contact),
		.content_type = SDP_TYPE,
		.body = offer};
	struct inv_headers h;
	int err = inv_headers_fill(inv, KIND_UPDATE, want->extras->list, want->extras->n, &h);

	req.extras = h.list;
	req.n_extras = h.n;
	if (err == 0)
		err = inv_request_send(inv, inv->dialog, &req, offered_done, 0);
	if (err)
		return err;
	want->tries++;
	inv->sdp = SDP_OURS;
	return 0;
}

int update_send_plain(struct inv *inv, const struct sip_extra *extras, size_t n_extras, inv_done_fn *done)
{
	struct dialog_request req = {.method = SIP_UPDATE, .contact = slice_of(inv->contact)};
	struct inv_headers h;
	int err = inv_headers_fill(inv, KIND_UPDATE, extras, n_extras, &h);

	req.extras = h.list;
	req.n_extras = h.n;
	return err ? err : inv_request_send(inv, inv->dialog, &req, done, 0);
}

bool update_may_offer(const struct inv *inv)
{
	return !inv_ended(inv) && !is_busy(inv);
}

int inv_may_update(const struct inv *inv, bool with_offer)
{
	if (inv_ended(inv))
		return OH_EENDED;
	if (!inv->dialog || inv->phase == PHASE_INCOMING)
		return err_detail(OH_ESTATE, "the call has no dialog yet");
	if (with_offer && inv->sdp == SDP_PREVIEW)
		return err_detail(OH_ESTATE, "the first offer has no reliable answer yet");
	if (inv_peer_refuses(inv, SIP_UPDATE))
		return err_detail(OH_ENOTSUP, "the peer takes no UPDATE");
	/* RFC 6337 4.3, UAC-UU. */
	if (inv->want || inv_request_open(inv, plain_done) || (with_offer && !update_may_offer(inv)))
		return err_detail(OH_EBUSY, "another offer waits for its answer");
	return 0;
}

int inv_update(struct inv *inv, struct slice offer, struct slice contact, const struct sip_extra *extras,
	size_t n_extras)
{
	struct op_reoffer op = {offer, contact, extras, n_extras};
	int err = inv_may_update(inv, !slice_empty(offer));

	if (err == 0)
		err = inv_keep_contact(inv, contact);
	if (err)
		return err;
	if (slice_empty(offer))
		return update_send_plain(inv, extras, n_extras, plain_done);
	err = reoffer_new(inv, SIP_UPDATE, &op);
	if (err)
		return err;
	err = update_send(inv, offer);
	if (err)
		reoffer_free(inv);
	return err;
}
