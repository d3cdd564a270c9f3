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
	const struct inv_handler *handler, struct inv **ret_inv)
{
	struct dialog_handler in_dialog = {inv_dialog_request, NULL};
	struct slice offer = inv_sdp_of(invite);
	struct inv *inv;
	int err = inv_new(s, handler, 0, &inv);

	if (err)
		return err;
	in_dialog.arg = inv;
	inv->flow = *flow;
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

int inv_incoming(struct sip_stack *s, struct sip_msg *invite, struct sip_server *server,
	const struct inv_handler *handler, struct inv **ret_inv)
{
	unsigned fault = uas_body_fault(invite);
	struct inv *inv;
	int err;

	if (fault) {
		uas_refuse_body(server, fault);
		return err_detail(OH_ENOTSUP, "INVITE refused with %u", fault);
	}
	err = callee_new(s, invite, sip_server_flow(server), handler, &inv);
	if (err) {
		sip_refuse(server, err == OH_ENOMEM ? 500 : 400, what_is_wrong(err));
		return err;
	}
	err = uas_take_server(inv, invite, server);
	if (err) {
		sip_refuse(server, 400, "Bad CSeq");
		inv_unref(inv);
		return err;
	}
	/* Without memory for the 100 the peer repeats its INVITE; nothing else is lost. */
	(void)sip_respond(server, &(struct sip_reply){.status = 100});
	inv_enter(inv, PHASE_INCOMING);
	*ret_inv = inv;
	return 0;
}

void inv_set_auth(struct inv *inv, struct sip_auth *auth)
{
	dialog_set_auth(inv->dialog, auth);
}

struct slice inv_remote_offer(const struct inv *inv)
{
	return inv->sdp == SDP_THEIRS ? inv->kept : SLICE_NONE;
}

/* ---- answering ---- */

/* The description that goes with a response, and what the exchange is after it. */
static int choose_body(
	const struct inv *inv, const struct inv_reply *r, struct slice *ret_body, enum sdp_stage *ret_stage)
{
	bool final = r->status >= 200;

	switch (inv->sdp) {
	case SDP_THEIRS:
		if (final && slice_empty(r->sdp))
			return err_detail(OH_EINVAL, "a %u to an offer needs an answer", r->status);
		*ret_body = r->sdp;
		*ret_stage = slice_empty(r->sdp) ? SDP_THEIRS : SDP_SETTLED;
		return 0;
	case SDP_SETTLED: /* the answer went in a provisional: RFC 3261 13.2.1 wants the very same again */
		*ret_body = final || !slice_empty(r->sdp) ? inv->kept : SLICE_NONE;
		*ret_stage = SDP_SETTLED;
		return 0;
	default: /* our offer: only in a response that is certain to arrive (RFC 3261 13.2.1) */
		if (final && slice_empty(r->sdp))
			return err_detail(OH_EINVAL, "a %u to an INVITE without offer needs one", r->status);
		*ret_body = final ? r->sdp : SLICE_NONE;
		*ret_stage = final ? SDP_OURS : SDP_NOTHING;
		return 0;
	}
}

static int accept_or_ring(struct inv *inv, const struct inv_reply *r)
{
	struct sip_extra extras[INV_EXTRAS_ROOM];
	struct sip_reply reply = {
		.status = r->status, .reason = r->reason, .record_route = true, .extras = extras};
	struct slice early = SLICE_NONE; /* the answer that the 2xx has to repeat */
	enum sdp_stage stage = inv->sdp;
	int err = choose_body(inv, r, &reply.body, &stage);

	if (err == 0)
		err = inv_extras_with_ours(r->extras, r->n_extras, extras, &reply.n_extras);
	if (err == 0)
		err = inv_keep_contact(inv, r->contact);
	if (err)
		return err;
	if (r->status < 200 && inv->sdp == SDP_THEIRS && stage == SDP_SETTLED) {
		early = slice_make(slice_dup(reply.body), reply.body.n);
		if (!early.p)
			return OH_ENOMEM;
	}
	reply.contact = slice_of(inv->contact);
	reply.content_type = slice_empty(reply.body) ? SLICE_NONE : SDP_TYPE;
	err = uas_send(inv, &reply);
	if (err) {
		mem_free((char *)early.p);
		return err;
	}
	if (stage != inv->sdp || r->status >= 200) {
		inv_drop_body(inv);
		inv->kept = early;
	}
	inv->sdp = stage;
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
	err = accept_or_ring(inv, r);
	if (err)
		return err;
	inv_set_status(inv, r->status, r->reason);
	inv_enter(inv, r->status < 200 ? PHASE_RINGING : PHASE_ANSWERED);
	inv_report(inv, NULL);
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
	if (inv->phase == PHASE_RINGING)
		(void)sip_respond_again(inv->server);
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

	uas_drop_server(inv);
	inv_enter(inv, PHASE_ACKED);
	if (inv->sdp == SDP_OURS) {
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
