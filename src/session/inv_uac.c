/*
 * The caller's first INVITE: RFC 3261 13.2.
 */
#include "session/inv_impl.h"

#include <stdio.h>

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
	char tag[INV_TAG_LEN + 1], call_id[CALL_ID_LEN + 1];
	struct slice id = cfg->call_id;
	struct inv *inv;
	char *at;
	int err;

	if (!slice_present(id)) {
		sip_stack_token(s, call_id, CALL_ID_LEN);
		id = slice_make(call_id, CALL_ID_LEN);
	}
	if (*cfg->again.tag)
		memcpy(tag, cfg->again.tag, sizeof(tag));
	else
		sip_stack_token(s, tag, INV_TAG_LEN);
	err = inv_new(s, &cfg->handler,
		cfg->from.n + strlen(";tag=") + INV_TAG_LEN + cfg->to.n + id.n + cfg->target.n, &inv);
	if (err)
		return err;
	at = inv->texts;
	inv->caller = true;
	inv->policy = cfg->policy;
	inv->offered = !slice_empty(cfg->offer);
	inv->flow = cfg->flow;
	inv->from = put(&at, cfg->from);
	inv->from_base = cfg->from.n;
	inv->from.n += put(&at, SLICE_LIT(";tag=")).n;
	inv->from.n += put(&at, slice_make(tag, INV_TAG_LEN)).n;
	inv->to = put(&at, cfg->to);
	inv->call_id = put(&at, id);
	inv->target = put(&at, cfg->target);
	*ret_inv = inv;
	return 0;
}

static int send_first(struct inv *inv, const struct inv_call_cfg *cfg)
{
	struct inv_headers h;
	struct sip_request req = {.method = SIP_INVITE,
		.target = inv->target,
		.routes = cfg->routes,
		.n_routes = cfg->n_routes,
		.from = inv->from,
		.to = inv->to,
		.call_id = inv->call_id,
		.contact = cfg->contact,
		.extras = h.list,
		.content_type = slice_empty(cfg->offer) ? SLICE_NONE : SDP_TYPE,
		.body = cfg->offer,
		.flow = cfg->flow,
		.spare = cfg->spare,
		.secure = cfg->secure,
		.about = cfg->about,
		.auth = cfg->auth};
	struct sip_client_handler handler;
	struct invite *v;
	char expires[16];
	int err = inv_headers_fill(inv, KIND_INVITE, cfg->extras, cfg->n_extras, &h);

	if (cfg->expires_s && err == 0) {
		snprintf(expires, sizeof(expires), "%u", cfg->expires_s);
		inv_headers_add(&h, "Expires", slice_of(expires));
	}
	req.n_extras = h.n;
	if (err == 0)
		err = inv_keep_contact(inv, cfg->contact);
	if (err == 0)
		err = invite_new(inv, &v);
	if (err)
		return err;
	/* RFC 3261 8.1.1.5: any number below 2**31; a small one leaves room to count. */
	v->cseq = req.cseq =
		cfg->again.cseq ? cfg->again.cseq : host_random_below(sip_stack_host(inv->stack), 30000) + 1;
	inv->first_cseq = v->cseq;
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
	inv->sdp = inv->offered ? SDP_OURS : SDP_NOTHING;
	if (cfg->expires_s)
		inv->expires_ns = host_now(sip_stack_host(s)) + cfg->expires_s * NS_PER_S;
	inv_enter(inv, PHASE_CALLING);
	*ret_inv = inv;
	return 0;
}

struct inv_again inv_again(const struct inv *inv)
{
	/* PRACKs and UPDATEs of an early dialog have counted on. */
	uint32_t last = inv->dialog ? dialog_local_seq(inv->dialog) : 0;
	struct inv_again again = {.cseq = (last > inv->first_cseq ? last : inv->first_cseq) + 1};

	memcpy(again.tag, slice_end(inv->from) - INV_TAG_LEN, INV_TAG_LEN);
	return again;
}

/* ---- dialogs ---- */

/* The dialog of the 2xx becomes the call's: the early one that is heard, another one, whose answer then is the one that
 * counts, or a new one (RFC 3261 13.2.2.4). The others go; what they were still to say of an offer of ours is lost. */
static int confirm_dialog(struct inv *inv, const struct ev *ev, bool *ret_other)
{
	bool beside = offer_is_beside(inv);
	struct early *f = NULL;
	int found = early_find(inv, sip_msg_to_tag(ev->msg), &f);
	int err = 0;

	*ret_other = false;
	if (found < 0) {
		*ret_other = inv->dialog != NULL;
		err = early_new(inv, ev);
		if (err == 0)
			found = early_find(inv, sip_msg_to_tag(ev->msg), &f);
	} else {
		err = dialog_confirm(f ? f->dialog : inv->dialog, ev->msg);
	}
	if (err)
		return err;
	if (found == 1) {
		*ret_other = true;
		early_switch(inv, f);
	}
	earlies_free_all(inv);
	if (beside && *ret_other)
		reoffer_failed(inv, 487, NULL);
	return 0;
}

/* ---- provisionals ---- */

static void refused_description(struct inv *inv)
{
	inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 488});
}

static int tell_answer(struct inv *inv, struct slice answer, bool early)
{
	return inv->handler.sdp ? inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer, early) : 0;
}

/* The PRACK of an answer may bring an offer. */
static void prack_the_answer(struct inv *inv, struct sip_msg *msg)
{
	enum phase phase = inv->phase;
	struct slice offer = SLICE_NONE;

	if (inv->handler.prack_offer)
		offer = inv->handler.prack_offer(inv->handler.arg, inv);
	if (inv->phase != phase)
		return;
	if (slice_empty(offer))
		(void)prack_send(inv, msg, PRACK_DESCRIBED, SLICE_NONE);
	else if (prack_send(inv, msg, PRACK_OFFER, offer) == 0)
		inv->sdp = SDP_OURS;
}

static void take_answer(struct inv *inv, struct sip_msg *msg, struct slice body, bool reliable)
{
	bool news = inv->sdp == SDP_OURS || !slice_eq(inv->kept, body), first = inv->phase == PHASE_RINGBACK;
	enum phase phase = inv->phase;

	/* Kept for the 2xx, which may say something else, and for the day when another phone is heard and this one wins.
	 * Without memory whatever it says is news. */
	if (first && inv_keep_body(inv, body) != 0)
		inv_drop_body(inv);
	inv->sdp = reliable ? SDP_SETTLED : SDP_PREVIEW;
	if (news && tell_answer(inv, body, first) != 0 && first && inv->phase == phase)
		refused_description(inv);
	if (reliable && inv->phase == phase)
		prack_the_answer(inv, msg);
}

static void take_offer(struct inv *inv, struct sip_msg *msg, struct slice body)
{
	/* RFC 6337 2.3 pattern 4: it cannot be refused but by ending it all. */
	if (!offer_ask_reliable(inv, msg, body) && !inv_ended(inv))
		refused_description(inv);
}

/* What a provisional describes: an answer to our offer, the first one or the first binding one; an offer, when it comes
 * reliably and the INVITE had none; else it means nothing (RFC 6337 3.1). */
static bool describes(enum sdp_stage stage, struct slice body, bool reliable)
{
	if (slice_empty(body))
		return false;
	return stage == SDP_OURS || (reliable && (stage == SDP_PREVIEW || stage == SDP_NOTHING));
}

void uac_take_description(struct inv *inv, struct sip_msg *msg, struct slice body, bool reliable)
{
	if (offer_is_beside(inv) || !describes(inv->sdp, body, reliable)) {
		if (reliable)
			(void)prack_send(inv, msg, PRACK_PLAIN, SLICE_NONE);
	} else if (inv->sdp == SDP_NOTHING) {
		take_offer(inv, msg, body);
	} else {
		take_answer(inv, msg, body, reliable);
	}
}

/* Which dialog it is of, the one that it makes included: as early_find(). Without memory for it there is none yet; the 2xx
 * makes one. */
static int dialog_of(struct inv *inv, const struct ev *ev, struct early **ret_early, bool *ret_new)
{
	struct slice tag = sip_msg_to_tag(ev->msg);
	int found = slice_present(tag) ? early_find(inv, tag, ret_early) : -1;

	*ret_new = slice_present(tag) && found < 0;
	if (*ret_new && early_new(inv, ev) == 0)
		found = early_find(inv, tag, ret_early);
	return found;
}

int uac_provisional(struct inv *inv, const struct ev *ev)
{
	struct sip_msg *msg = ev->msg;
	struct early *f = NULL;
	bool is_new;
	int found = dialog_of(inv, ev, &f, &is_new), due = prack_due(inv, msg);
	struct slice body = inv_sdp_of(msg);
	bool heard = describes(f ? f->sdp : inv->sdp, body, due == 1) && !offer_is_beside(inv);
	bool repeated = inv->phase == PHASE_RINGBACK && inv->status == msg->status && !is_new;

	if (due < 0 || (found < 0 && due > 0))
		return 0;
	inv_note_peer(inv, msg);
	/* RFC 6228: one of the phones has given up; nothing that the owner would call a state. */
	if (msg->status == 199) {
		if (due)
			(void)prack_send(inv, msg, PRACK_PLAIN, SLICE_NONE);
		early_end(inv, sip_msg_to_tag(msg));
		return 0;
	}
	if (f && heard)
		early_switch(inv, f);
	if (!repeated || heard || due) {
		inv_set_status(inv, msg->status, msg->reason);
		inv_enter(inv, PHASE_RINGBACK);
		inv_report(inv, msg);
	}
	if (inv->phase == PHASE_RINGBACK && heard)
		uac_take_description(inv, msg, body, due == 1);
	else if (inv->phase == PHASE_RINGBACK && due)
		(void)prack_send(inv, msg, PRACK_PLAIN, SLICE_NONE);
	return 0;
}

/* ---- the 2xx ---- */

static void confirmed(struct inv *inv, struct sip_msg *msg)
{
	inv_drop_body(inv);
	inv_enter(inv, PHASE_CONFIRMED);
	timer_watch(inv);
	inv_report(inv, msg);
}

/* The answer that the owner does not know yet, if any: of the 2xx, or of another phone than the one that was heard. False:
 * there had to be one. */
static bool news_of_2xx(const struct inv *inv, struct slice body, bool other, struct slice *ret_answer)
{
	*ret_answer = SLICE_NONE;
	if (offer_is_beside(inv))
		return true;
	switch (inv->sdp) {
	case SDP_OURS:
		*ret_answer = body;
		return !slice_empty(body);
	case SDP_PREVIEW:
		if (!slice_empty(body) && (other || !slice_eq(body, inv->kept)))
			*ret_answer = body;
		else if (other)
			*ret_answer = inv->kept;
		return true;
	default:
		if (other)
			*ret_answer = inv->kept;
		return true;
	}
}

/* Our offer is answered by the 2xx, or was in a provisional. The ACK has gone out. */
static void answered(struct inv *inv, struct sip_msg *msg, bool other)
{
	struct slice answer, kept;
	bool good;

	inv_report(inv, msg);
	if (inv->phase != PHASE_ACKED)
		return;
	good = news_of_2xx(inv, inv_sdp_of(msg), other, &answer);
	kept = inv->kept; /* may be the answer: it must not go while the owner reads it */
	inv->kept = SLICE_NONE;
	if (!offer_is_beside(inv))
		inv->sdp = SDP_SETTLED;
	if (good && !slice_empty(answer))
		good = tell_answer(inv, answer, false) == 0;
	mem_free((char *)kept.p);
	if (inv->phase != PHASE_ACKED)
		return;
	if (good)
		confirmed(inv, msg);
	else
		refused_description(inv);
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

static int take_2xx(struct inv *inv, const struct ev *ev, bool *ret_other)
{
	/* Without a dialog (no memory, a Record-Route that cannot be read) there is no ACK: as if it had been
	 * lost. It will be repeated. */
	int err = confirm_dialog(inv, ev, ret_other);

	if (err || inv->sdp == SDP_NOTHING)
		return err;
	inv->open = NULL;
	(void)invite_ack(ev->invite, SLICE_NONE); /* failed: the repeated 2xx asks again */
	return 0;
}

int uac_take_2xx(struct inv *inv, const struct ev *ev)
{
	bool other;
	int err = take_2xx(inv, ev, &other);

	if (err == 0 && inv->open) {
		inv->open = NULL;
		(void)invite_ack(ev->invite, SLICE_NONE);
	}
	return err;
}

int uac_success(struct inv *inv, const struct ev *ev)
{
	bool other;
	int err = take_2xx(inv, ev, &other);

	if (err)
		return err;
	inv_set_status(inv, ev->msg->status, ev->msg->reason);
	inv_note_peer(inv, ev->msg);
	timer_taken(inv, ev->msg);
	if (inv->sdp == SDP_NOTHING) {
		inv->sdp = SDP_THEIRS;
		inv_enter(inv, PHASE_ANSWER_DUE);
		offered(inv, ev->msg);
		return 0;
	}
	inv_enter(inv, PHASE_ACKED);
	answered(inv, ev->msg, other);
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
