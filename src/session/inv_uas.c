/*
 * The callee's first INVITE: RFC 3261 13.3; and what a re-INVITE of the peer shares with it: the server
 * transaction, and the 2xx that is repeated until its ACK comes (13.3.1.4).
 */
#include "session/inv_impl.h"

/* ---- what can be a session at all ---- */

/* Does an Accept header, if there is one, take a session description? (RFC 3261 20.1) */
static bool accepts_sdp(const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_ACCEPT);

	if (!h)
		return true;
	for (; h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value, range;

		while (sip_list_next(&rest, &range)) {
			range.n = slice_index(range, ';');
			range = slice_trim(range);
			if (slice_ieq(range, SDP_TYPE) || slice_ieq(range, SLICE_LIT("application/*")) ||
				slice_ieq(range, SLICE_LIT("*/*")))
				return true;
		}
	}
	return false;
}

unsigned uas_body_fault(const struct sip_msg *invite)
{
	unsigned fault = inv_body_fault(invite);

	if (fault)
		return fault;
	return accepts_sdp(invite) ? 0 : 406;
}

/* RFC 3261 8.2.3: what we would have understood; 20.43: what we could have said. */
void uas_refuse_body(struct sip_server *server, unsigned status)
{
	static const struct sip_extra
		accept[] = {{SLICE_LIT("Accept"), SLICE_LIT(INV_ACCEPT)},
			{SLICE_LIT("Accept-Encoding"), SLICE_LIT("identity")}},
		warning = {SLICE_LIT("Warning"),
			SLICE_LIT("399 offhook \"Only application/sdp can be answered\"")};
	struct sip_reply reply = {.status = status};

	switch (status) {
	case 415:
		reply.extras = accept;
		reply.n_extras = ARRAY_LEN(accept);
		break;
	case 406:
		reply.extras = &warning;
		reply.n_extras = 1;
		break;
	case 400:
		reply.reason = SLICE_LIT("Bad Multipart Body");
		break;
	default:
		break;
	}
	if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, status, NULL);
}

/* ---- the server transaction ---- */

static void on_cancel(void *arg, struct sip_msg *msg)
{
	inv_handle(arg, &(struct ev){.kind = EV_CANCEL, .msg = msg});
}

static void on_server_done(void *arg, int err)
{
	struct inv *inv = arg;

	inv->server = NULL;
	inv_handle(inv, &(struct ev){.kind = EV_SERVER_GONE, .err = err});
	inv_unref(inv);
}

int uas_take_server(struct inv *inv, struct sip_msg *invite, struct sip_server *server)
{
	struct sip_server_handler handler = {.cancel = on_cancel, .done = on_server_done, .arg = inv};
	const struct sip_cseq *cseq;
	int err = sip_msg_cseq(invite, &cseq);

	if (err)
		return err;
	inv->server = server;
	inv->server_cseq = cseq->number;
	inv_ref(inv);
	sip_server_handle(server, &handler);
	return 0;
}

void uas_drop_server(struct inv *inv)
{
	if (!inv->server)
		return;
	sip_server_detach(inv->server);
	inv->server = NULL;
	inv_unref(inv);
}

int uas_send(struct inv *inv, const struct sip_reply *reply)
{
	struct sip_reply r = *reply;
	int err;

	r.to_tag = dialog_local_tag(inv->dialog);
	err = sip_respond(inv->server, &r);
	switch (err) {
	case OH_EINVAL:
	case OH_ETOOBIG:
	case OH_ENOMEM:
	case OH_ESTATE:
		return err;
	default:
		return 0;
	}
}

void uas_refuse_with(struct inv *inv, const struct sip_reply *reply)
{
	if (!inv->server)
		return;
	/* Not sent: the stack says 500 when we let go. */
	(void)uas_send(inv, reply);
	uas_drop_server(inv);
}

void uas_refuse(struct inv *inv, unsigned status)
{
	uas_refuse_with(inv, &(struct sip_reply){.status = status});
}

/* ---- a call comes ---- */

static void take_expires(struct inv *inv, const struct sip_msg *invite)
{
	uint32_t seconds;

	if (sip_msg_seconds(invite, SIP_HDR_EXPIRES, &seconds) == 0)
		inv->expires_ns = host_now(sip_stack_host(inv->stack)) + seconds * NS_PER_S;
}

static int callee_new(struct sip_stack *s, struct sip_msg *invite, const struct sip_flow *flow,
	const struct inv_policy *policy, const struct inv_handler *handler, struct inv **ret_inv)
{
	struct dialog_handler in_dialog = {inv_dialog_request, NULL};
	struct slice offer = inv_sdp_of(invite);
	struct inv *inv;
	int err = inv_new(s, handler, 0, &inv);

	if (err)
		return err;
	in_dialog.arg = inv;
	inv->flow = *flow;
	inv->policy = *policy;
	inv_note_peer(inv, invite);
	inv->peer_requires_100rel = sip_msg_has_token(invite, SIP_HDR_REQUIRE, SLICE_LIT("100rel"));
	inv->sdp = slice_empty(offer) ? SDP_NOTHING : SDP_THEIRS;
	err = inv_keep_body(inv, offer);
	if (err == 0)
		err = dialog_new_uas(s, &in_dialog, invite, flow, &inv->dialog);
	if (err) {
		inv_unref(inv);
		return err;
	}
	take_expires(inv, invite);
	*ret_inv = inv;
	return 0;
}

/* With an INVITE that makes no dialog. */
static const char *what_is_wrong(int err)
{
	switch (err) {
	case OH_ENOENT:
		return "Missing Contact";
	case OH_ETOOBIG:
		return "Too much in From, To, Contact and Record-Route";
	case OH_ENOMEM:
		return NULL;
	default:
		return "Bad Contact or Record-Route";
	}
}

/* What one side demands and the other one has not (RFC 3261 8.2.2.3, 21.4.16). True: refused. */
static bool refused_extension(
	const struct sip_msg *invite, struct sip_server *server, const struct inv_policy *policy)
{
	static const struct slice names[] = {{"100rel", 6}, {"timer", 5}, {"join", 4}};
	const bool off[] = {policy->reliable == INV_RELIABLE_OFF, policy->timer == INV_TIMER_OFF,
		!policy->join},
		   must[] = {policy->reliable == INV_RELIABLE_REQUIRED, policy->timer == INV_TIMER_REQUIRE,
			   false};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool required = sip_msg_has_token(invite, SIP_HDR_REQUIRE, names[i]),
		     has = required || sip_msg_has_token(invite, SIP_HDR_SUPPORTED, names[i]);
		struct sip_extra extra = {SLICE_LIT("Unsupported"), names[i]};
		struct sip_reply reply = {.status = 420, .extras = &extra, .n_extras = 1};

		if (must[i] && !has) {
			extra.name = SLICE_LIT("Require");
			reply.status = 421;
		} else if (!off[i] || !required) {
			continue;
		}
		if (sip_respond(server, &reply) == OH_ENOMEM)
			sip_refuse(server, reply.status, NULL);
		else
			sip_server_detach(server);
		return true;
	}
	return false;
}

int inv_incoming(struct sip_stack *s, struct sip_msg *invite, struct sip_server *server,
	const struct inv_policy *policy, const struct inv_handler *handler, struct inv **ret_inv)
{
	unsigned fault = uas_body_fault(invite);
	struct inv *inv;
	int err;

	if (fault) {
		uas_refuse_body(server, fault);
		return err_detail(OH_ENOTSUP, "INVITE refused with %u", fault);
	}
	if (refused_extension(invite, server, policy))
		return err_detail(OH_ENOTSUP, "INVITE refused: an extension is missing");
	err = callee_new(s, invite, sip_server_flow(server), policy, handler, &inv);
	if (err) {
		sip_refuse(server, err == OH_ENOMEM ? 500 : 400, what_is_wrong(err));
		return err;
	}
	if (timer_asked(inv, invite)) {
		timer_refuse(inv, server);
		inv_unref(inv);
		return err_detail(OH_ENOTSUP, "INVITE refused with 422");
	}
	err = uas_take_server(inv, invite, server);
	if (err) {
		sip_refuse(server, 400, "Bad CSeq");
		inv_unref(inv);
		return err;
	}
	inv_enter(inv, PHASE_INCOMING);
	*ret_inv = inv;
	return 0;
}

void inv_set_auth(struct inv *inv, struct sip_auth *auth)
{
	dialog_set_auth(inv->dialog, auth);
}

void inv_set_secure(struct inv *inv)
{
	dialog_set_secure(inv->dialog);
}

struct slice inv_remote_offer(const struct inv *inv)
{
	return inv->sdp == SDP_THEIRS ? inv->kept : SLICE_NONE;
}

/* ---- answering ---- */

/* The description that goes with a response, and what the exchange is after it. */
struct choice {
	struct slice body;
	enum sdp_stage stage;
};

static int choose_body(const struct inv *inv, const struct inv_reply *r, bool reliable, struct choice *ret)
{
	bool final = r->status >= 200;

	*ret = (struct choice){SLICE_NONE, inv->sdp};
	switch (inv->sdp) {
	case SDP_THEIRS:
		if (final && slice_empty(r->sdp))
			return err_detail(OH_EINVAL, "a %u to an offer needs an answer", r->status);
		ret->body = r->sdp;
		if (!slice_empty(r->sdp))
			ret->stage = final || reliable ? SDP_SETTLED : SDP_PREVIEW;
		return 0;
	case SDP_PREVIEW: /* RFC 3261 13.2.1 wants the very same again */
		if (!final && slice_empty(r->sdp))
			return 0;
		ret->body = inv->kept;
		ret->stage = final || reliable ? SDP_SETTLED : SDP_PREVIEW;
		return 0;
	case SDP_NOTHING: /* our offer: only in a response that is certain to arrive (RFC 3261 13.2.1) */
		if (final && slice_empty(r->sdp))
			return err_detail(OH_EINVAL, "a %u to an INVITE without offer needs one", r->status);
		if ((final || reliable) && !slice_empty(r->sdp))
			*ret = (struct choice){r->sdp, SDP_OURS};
		return 0;
	default: /* said reliably: it is not said again, an UPDATE may have changed it since */
		return 0;
	}
}

static int accept_or_ring(struct inv *inv, const struct inv_reply *r)
{
	struct inv_headers h;
	char rseq[16];
	bool reliable = rel_wanted(inv, r);
	struct sip_reply reply = {
		.status = r->status, .reason = r->reason, .record_route = true, .extras = h.list};
	struct slice preview = SLICE_NONE; /* the answer that the 2xx has to repeat */
	struct choice choice;
	int err = choose_body(inv, r, reliable, &choice);

	if (err == 0)
		err = inv_headers_fill(
			inv, r->status < 200 ? KIND_PROVISIONAL : KIND_ACCEPTED, r->extras, r->n_extras, &h);
	if (err == 0 && reliable)
		err = rel_prepare(inv, &h, rseq);
	if (err == 0)
		err = inv_keep_contact(inv, r->contact);
	if (err)
		return err;
	if (inv->sdp == SDP_THEIRS && choice.stage == SDP_PREVIEW) {
		preview = slice_make(slice_dup(choice.body), choice.body.n);
		if (!preview.p)
			return OH_ENOMEM;
	}
	reply.n_extras = h.n;
	reply.body = choice.body;
	reply.contact = slice_of(inv->contact);
	reply.content_type = slice_empty(reply.body) ? SLICE_NONE : SDP_TYPE;
	err = uas_send(inv, &reply);
	if (err) {
		mem_free((char *)preview.p);
		return err;
	}
	if (reliable)
		rel_sent(inv, !slice_empty(choice.body));
	if (r->status >= 200) {
		rel_over(inv);
		timer_answered(inv);
	}
	if (choice.stage != inv->sdp || r->status >= 200) {
		inv_drop_body(inv);
		inv->kept = preview;
	}
	inv->sdp = choice.stage;
	return 0;
}

static void said(struct inv *inv, const struct inv_reply *r)
{
	inv_set_status(inv, r->status, r->reason);
	inv->wait_ms = sip_flow_reliable(&inv->flow) ? INV_RING_AGAIN_MS : INV_RING_FIRST_MS;
	inv_enter(inv, r->status < 200 ? PHASE_RINGING : PHASE_ANSWERED);
	inv_report(inv, NULL);
}

void uas_reply_queued(struct inv *inv, const struct inv_reply *r)
{
	int err = accept_or_ring(inv, r);

	if (r->status < 200)
		return; /* was told when it was said; one that cannot be sent is no loss */
	if (err)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 500});
	else
		said(inv, r);
}

/* Behind a provisional that has no PRACK yet. */
static int wait_in_line(struct inv *inv, const struct inv_reply *r)
{
	struct inv_headers h;
	struct choice choice;
	int err = choose_body(inv, r, true, &choice);

	if (err == 0)
		err = inv_headers_fill(inv, KIND_ACCEPTED, r->extras, r->n_extras, &h);
	if (err == 0)
		err = rel_queue(inv, r);
	if (err)
		return err;
	if (r->status < 200)
		said(inv, r);
	else
		inv_enter(inv, PHASE_ANSWER_WAITS);
	return 0;
}

int uas_reply(struct inv *inv, const struct ev *ev)
{
	const struct inv_reply *r = ev->op;
	struct sip_reply refusal = {
		.status = r->status, .reason = r->reason, .extras = r->extras, .n_extras = r->n_extras};
	int err;

	if (r->status < 101 || r->status > 699)
		return err_detail(OH_EINVAL, "no such answer: %u; 101 to 699", r->status);
	if (r->status >= 300) {
		err = uas_send(inv, &refusal);
		if (err)
			return err;
		uas_drop_server(inv);
		inv_finish(inv, PHASE_OVER,
			&(struct op_end){.by = INV_ENDED_BY_US, .status = r->status, .reason = r->reason});
		return 0;
	}
	if (rel_waits(inv, r))
		return wait_in_line(inv, r);
	err = accept_or_ring(inv, r);
	if (err)
		return err;
	said(inv, r);
	return 0;
}

/* ---- time while it rings ---- */

int uas_ring_again(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	if (inv->expires_ns && host_now(sip_stack_host(inv->stack)) >= inv->expires_ns) {
		uas_refuse(inv, 487);
		inv_finish(inv, PHASE_OVER, &(struct op_end){.by = INV_ENDED_BY_PEER, .status = 487});
		return 0;
	}
	if (inv->phase != PHASE_INCOMING)
		(void)sip_respond_again(inv->server);
	inv->wait_ms = inv->wait_ms * 2 < INV_RING_AGAIN_MS ? inv->wait_ms * 2 : INV_RING_AGAIN_MS;
	inv_enter(inv, inv->phase);
	return 0;
}

/* ---- the 2xx and its ACK ---- */

/* RFC 3261 13.3.1.4: after T1, then twice as long each time up to T2, over any transport. That 64*T1 are over is told
 * by the end of the transaction (timer L). */
int uas_repeat(struct inv *inv, const struct ev *ev)
{
	const struct sip_timers *t = sip_stack_timers(inv->stack);

	(void)ev;
	(void)sip_respond_again(inv->server);
	inv->wait_ms = inv->wait_ms * 2 < t->t2 ? inv->wait_ms * 2 : t->t2;
	sip_stack_arm(inv->stack, &inv->timer, inv->wait_ms);
	return 0;
}

int uas_unacked(struct inv *inv, const struct ev *ev)
{
	inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_NETWORK,
				.status = ev->err && ev->err != OH_ETIMEDOUT ? 503 : 408});
	return 0;
}

int uas_ack(struct inv *inv, const struct ev *ev)
{
	struct slice answer = inv_sdp_of(ev->msg);

	rel_over(inv);
	uas_drop_server(inv);
	inv_enter(inv, PHASE_ACKED);
	if (inv->sdp == SDP_OURS && !offer_is_beside(inv)) {
		inv->sdp = SDP_SETTLED;
		if (slice_empty(answer) ||
			(inv->handler.sdp && inv->handler.sdp(inv->handler.arg, inv, INV_SDP_ANSWER, answer,
						     false) != 0)) {
			if (inv->phase == PHASE_ACKED)
				inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_US, .status = 488});
			return 0;
		}
	}
	if (inv->phase != PHASE_ACKED)
		return 0;
	inv_enter(inv, PHASE_CONFIRMED);
	timer_watch(inv);
	inv_report(inv, ev->msg);
	return 0;
}

/* ---- the end before the answer ---- */

int uas_cancel(struct inv *inv, const struct ev *ev)
{
	uas_refuse(inv, 487);
	inv_finish(inv, PHASE_OVER, &(struct op_end){.by = INV_ENDED_BY_PEER, .status = 487, .msg = ev->msg});
	return 0;
}

/* The transport of the INVITE was closed: there is nobody to answer any more. */
int uas_gone(struct inv *inv, const struct ev *ev)
{
	(void)ev;
	inv_finish(inv, PHASE_OVER, &(struct op_end){.by = INV_ENDED_BY_NETWORK, .status = 503});
	return 0;
}
