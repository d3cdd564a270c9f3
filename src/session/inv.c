/*
 * The INVITE session: its life, its table, what the owner is told, and what it may ask. The cells of the
 * table are in the other files of inv_impl.h's list.
 */
#include "session/inv_impl.h"

static const struct {
	const char *name;
	enum inv_state shown;
} phases[N_PHASES] = {
#define X(phase, state) [PHASE_##phase] = {#phase, state},
	INV_PHASES(X)
#undef X
};

/*
 * An empty cell means: a response or a timer that lost a race is ignored, a request of the peer is refused
 * with 481, an operation of the owner is OH_ESTATE (OH_EENDED after the end).
 */
static inv_act *const table[N_PHASES][N_EVENTS] = {
	[PHASE_CALLING] =
		{
			[EV_PROVISIONAL] = uac_provisional,
			[EV_SUCCESS] = uac_success,
			[EV_FAILURE] = uac_failure,
			[EV_NO_RESPONSE] = uac_no_response,
			[EV_BYE] = bye_early_caller,
			[EV_INVITE] = reinvite_glare,
			[EV_TIMER] = uac_expired,
			[EV_END] = end_cancel,
		},
	[PHASE_RINGBACK] =
		{
			[EV_PROVISIONAL] = uac_provisional,
			[EV_SUCCESS] = uac_success,
			[EV_FAILURE] = uac_failure,
			[EV_NO_RESPONSE] = uac_no_response,
			[EV_BYE] = bye_early_caller, /* its 2xx were all lost, or it breaks RFC 3261 15 */
			[EV_INVITE] = reinvite_glare,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = uac_expired,
			[EV_END] = end_cancel,
		},
	[PHASE_ANSWER_DUE] =
		{
			[EV_ANSWER] = uac_answer,
			[EV_END] = end_bye,
		},
	[PHASE_ACKED] =
		{
			[EV_END] = end_bye,
		},
	[PHASE_INCOMING] =
		{
			[EV_REPLY] = uas_reply,
			[EV_CANCEL] = uas_cancel,
			[EV_BYE] = bye_early_callee,
			[EV_INVITE] = reinvite_too_early,
			[EV_TIMER] = uas_ring_again,
			[EV_SERVER_GONE] = uas_gone,
			[EV_END] = end_refuse,
		},
	[PHASE_RINGING] =
		{
			[EV_REPLY] = uas_reply,
			[EV_CANCEL] = uas_cancel,
			[EV_BYE] = bye_early_callee,
			[EV_INVITE] = reinvite_too_early,
			[EV_PRACK] = prack_came,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = uas_ring_again,
			[EV_RELIABLE_TIMER] = prack_missing,
			[EV_SERVER_GONE] = uas_gone,
			[EV_END] = end_refuse,
		},
	[PHASE_ANSWER_WAITS] =
		{
			[EV_CANCEL] = uas_cancel,
			[EV_BYE] = bye_early_callee,
			[EV_INVITE] = reinvite_too_early,
			[EV_PRACK] = prack_came,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = uas_ring_again,
			[EV_RELIABLE_TIMER] = prack_missing,
			[EV_SERVER_GONE] = uas_gone,
			[EV_END] = end_refuse,
		},
	[PHASE_ANSWERED] =
		{
			[EV_ACK] = uas_ack,
			[EV_BYE] = bye_came,
			[EV_INVITE] = reinvite_unacked,
			[EV_PRACK] = prack_came,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = uas_repeat,
			[EV_SERVER_GONE] = uas_unacked,
			[EV_END] = end_after_ack,
		},
	[PHASE_CONFIRMED] =
		{
			[EV_BYE] = bye_came,
			[EV_INVITE] = reinvite_came,
			[EV_UPDATE] = update_came,
			[EV_REOFFER] = reoffer_start,
			[EV_END] = end_bye,
		},
	[PHASE_REOFFERED] =
		{
			[EV_PROVISIONAL] = reoffer_provisional,
			[EV_SUCCESS] = reoffer_success,
			[EV_FAILURE] = reoffer_refused,
			[EV_NO_RESPONSE] = reoffer_unanswered,
			[EV_BYE] = bye_came,
			[EV_INVITE] = reinvite_glare,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = reoffer_too_long,
			[EV_END] = end_bye,
		},
	[PHASE_REOFFER_WITHDRAWN] =
		{
			[EV_PROVISIONAL] = reoffer_provisional,
			[EV_SUCCESS] = reoffer_success,
			[EV_FAILURE] = reoffer_refused,
			[EV_NO_RESPONSE] = reoffer_unheard,
			[EV_BYE] = bye_came,
			[EV_INVITE] = reinvite_glare,
			[EV_UPDATE] = update_came,
			[EV_END] = end_bye,
		},
	[PHASE_REANSWER_DUE] =
		{
			[EV_ANSWER] = uac_answer,
			[EV_END] = end_bye,
		},
	[PHASE_REOFFER_CAME] =
		{
			[EV_ANSWER] = reinvite_answer,
			[EV_REFUSE] = reinvite_refuse,
			[EV_CANCEL] = reinvite_withdrawn,
			[EV_BYE] = bye_came,
			[EV_INVITE] = reinvite_too_early,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = reinvite_too_late,
			[EV_SERVER_GONE] = reinvite_gone,
			[EV_END] = end_bye,
		},
	[PHASE_REANSWERED] =
		{
			[EV_ACK] = reinvite_acked,
			[EV_BYE] = bye_came,
			[EV_INVITE] = reinvite_unacked,
			[EV_UPDATE] = update_came,
			[EV_TIMER] = uas_repeat,
			[EV_SERVER_GONE] = uas_unacked,
			[EV_END] = end_bye,
		},
	[PHASE_CANCELLING] =
		{
			[EV_SUCCESS] = cancel_crossed,
			[EV_FAILURE] = cancel_done,
			[EV_NO_RESPONSE] = cancel_done,
			[EV_BYE] = bye_crossed,
		},
	[PHASE_BYE_AFTER_ACK] =
		{
			[EV_ACK] = bye_after_ack,
			[EV_BYE] = bye_crossed,
			[EV_TIMER] = uas_repeat,
			[EV_SERVER_GONE] = bye_after_ack,
		},
	[PHASE_BYE_BEFORE_ACK] =
		{
			[EV_ACK] = ended_acked,
			[EV_BYE] = bye_crossed,
			[EV_TIMER] = uas_repeat,
			[EV_SERVER_GONE] = ended_acked,
		},
	[PHASE_BYE_SENT] =
		{
			[EV_SUCCESS] = ended_success, /* a re-INVITE's that crossed our BYE */
			[EV_BYE] = bye_crossed,
		},
	[PHASE_OVER] =
		{
			[EV_SUCCESS] = ended_success,
		},
};

static int handle_nothing(const struct inv *inv, const struct ev *ev)
{
	switch (ev->kind) {
	case EV_BYE:
	case EV_INVITE:
	case EV_PRACK:
	case EV_UPDATE:
		sip_refuse(ev->server, 481, NULL);
		return 0;
	case EV_REPLY:
	case EV_ANSWER:
	case EV_REFUSE:
	case EV_REOFFER:
	case EV_END:
		return inv_ended(inv) ? OH_EENDED : OH_ESTATE;
	default:
		return 0;
	}
}

int inv_handle(struct inv *inv, const struct ev *ev)
{
	inv_act *act = table[inv->phase][ev->kind];
	int err;

	if (!act)
		return handle_nothing(inv, ev);
	inv_ref(inv); /* the owner may let go from a callback */
	err = act(inv, ev);
	inv_unref(inv);
	return err;
}

static void on_timer(void *arg)
{
	inv_handle(arg, &(struct ev){.kind = EV_TIMER});
}

/* How long until the Expires of the INVITE. */
static uint64_t left_ms(const struct inv *inv)
{
	uint64_t now = host_now(sip_stack_host(inv->stack));

	return inv->expires_ns > now ? (inv->expires_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* How long until that, or the next repetition of a provisional. */
static uint64_t ring_ms(const struct inv *inv)
{
	uint64_t left = inv->expires_ns ? left_ms(inv) : UINT64_MAX,
		 again = inv->wait_ms ? inv->wait_ms : INV_RING_AGAIN_MS;

	return left < again ? left : again;
}

void inv_enter(struct inv *inv, enum phase phase)
{
	sip_stack_owe(inv->stack, (phase == PHASE_BYE_AFTER_ACK) - (inv->phase == PHASE_BYE_AFTER_ACK));
	inv->phase = phase;
	switch (phase) {
	case PHASE_CALLING:
	case PHASE_RINGBACK:
		if (inv->expires_ns)
			sip_stack_arm(inv->stack, &inv->timer, left_ms(inv));
		break;
	case PHASE_INCOMING:
	case PHASE_RINGING:
	case PHASE_ANSWER_WAITS:
		sip_stack_arm(inv->stack, &inv->timer, ring_ms(inv));
		break;
	case PHASE_ANSWERED:
	case PHASE_REANSWERED:
		inv->wait_ms = sip_stack_timers(inv->stack)->t1;
		sip_stack_arm(inv->stack, &inv->timer, inv->wait_ms);
		break;
	case PHASE_BYE_AFTER_ACK: /* the 2xx goes on being repeated */
	case PHASE_BYE_BEFORE_ACK:
		break;
	case PHASE_REOFFERED:
		sip_stack_arm(inv->stack, &inv->timer, INV_REOFFER_LIMIT_MS);
		break;
	case PHASE_REOFFER_CAME:
		sip_stack_arm(inv->stack, &inv->timer, INV_REOFFER_ANSWER_MS);
		break;
	case PHASE_OVER:
		wheel_stop(&inv->timer);
		dialog_close(inv->dialog);
		earlies_free_all(inv);
		break;
	default:
		wheel_stop(&inv->timer);
		break;
	}
}

/* ---- life ---- */

static void destroy(struct inv *inv)
{
	sip_stack_detach(&inv->on_stack);
	sip_stack_owe(inv->stack, -(inv->phase == PHASE_BYE_AFTER_ACK));
	wheel_stop(&inv->timer);
	invites_free_all(inv);
	inv_requests_free_all(inv);
	earlies_free_all(inv);
	reoffer_free(inv);
	rel_free(inv);
	timer_free(inv);
	if (inv->server)
		sip_server_detach(inv->server);
	sip_client_free(inv->bye);
	dialog_free(inv->dialog);
	inv_drop_body(inv);
	mem_free(inv->bye_extras);
	mem_free(inv->contact);
	mem_free(inv->reason);
	mem_free(inv);
}

static void stack_gone(struct sip_stack_user *user)
{
	destroy(CONTAINER_OF(user, struct inv, on_stack));
}

static bool is_ending(const struct sip_stack_user *user)
{
	const struct inv *inv = CONTAINER_OF(user, const struct inv, on_stack);

	/* A peer that has said BYE waits for nothing, even if its ACK is missing. */
	return inv_ended(inv) && inv->phase != PHASE_OVER && inv->phase != PHASE_BYE_BEFORE_ACK;
}

int inv_new(struct sip_stack *s, const struct inv_handler *handler, size_t n_texts, struct inv **ret_inv)
{
	struct inv *inv = mem_zalloc(sizeof(*inv) + n_texts);

	if (!inv)
		return OH_ENOMEM;
	inv->stack = s;
	inv->handler = *handler;
	inv->refs = 1;
	list_init(&inv->invites);
	list_init(&inv->requests);
	list_init(&inv->earlies);
	wheel_timer_init(&inv->timer, on_timer, inv);
	inv->on_stack.stack_gone = stack_gone;
	inv->on_stack.ending = is_ending;
	sip_stack_attach(s, &inv->on_stack);
	*ret_inv = inv;
	return 0;
}

void inv_ref(struct inv *inv)
{
	inv->refs++;
}

void inv_unref(struct inv *inv)
{
	if (--inv->refs == 0)
		destroy(inv);
}

struct inv *inv_free(struct inv *inv)
{
	if (!inv)
		return NULL;
	inv->handler = (struct inv_handler){.state = NULL};
	inv_end(inv, 0, SLICE_NONE, NULL, 0);
	inv_unref(inv);
	return NULL;
}

/* ---- texts ---- */

int inv_keep_body(struct inv *inv, struct slice body)
{
	char *copy = NULL;

	if (!slice_empty(body)) {
		copy = slice_dup(body);
		if (!copy)
			return OH_ENOMEM;
	}
	inv_drop_body(inv);
	inv->kept = slice_make(copy, copy ? body.n : 0);
	return 0;
}

void inv_drop_body(struct inv *inv)
{
	mem_free((char *)inv->kept.p);
	inv->kept = SLICE_NONE;
}

int inv_keep_contact(struct inv *inv, struct slice contact)
{
	char *copy;

	if (!slice_present(contact) || (inv->contact && slice_eq(slice_of(inv->contact), contact)))
		return 0;
	copy = slice_dup(contact);
	if (!copy)
		return OH_ENOMEM;
	mem_free(inv->contact);
	inv->contact = copy;
	return 0;
}

/* ---- reports ---- */

void inv_set_status(struct inv *inv, unsigned status, struct slice reason)
{
	mem_free(inv->reason);
	inv->reason = NULL;
	inv->status = status;
	if (!slice_present(reason) || slice_eq(reason, slice_of(sip_reason(status))))
		return;
	if (reason.n > INV_REASON_MAX)
		reason.n = INV_REASON_MAX;
	inv->reason = slice_dup(reason); /* without memory: the standard phrase */
}

void inv_report(struct inv *inv, struct sip_msg *msg)
{
	if (inv->handler.state)
		inv->handler.state(inv->handler.arg, inv, msg);
}

bool inv_ended(const struct inv *inv)
{
	return phases[inv->phase].shown == INV_DISCONNECTED;
}

void inv_finish(struct inv *inv, enum phase phase, const struct op_end *end)
{
	struct inv_handler handler = inv->handler;

	inv->handler = (struct inv_handler){.state = NULL};
	inv->ended_by = end->by;
	inv->end_err = end->err;
	inv_set_status(inv, end->status, end->reason);
	inv_drop_body(inv);
	reoffer_free(inv);
	inv->rel = rel_free(inv);
	timer_free(inv);
	inv_requests_free_all(inv);
	inv->sdp = SDP_SETTLED;
	inv_enter(inv, phase);
	if (handler.state)
		handler.state(handler.arg, inv, end->msg);
}

/* ---- requests of the peer inside the dialog ---- */

static bool acks_our_2xx(const struct inv *inv, struct sip_msg *ack)
{
	const struct sip_cseq *cseq;

	return inv->server && sip_msg_cseq(ack, &cseq) == 0 && cseq->number == inv->server_cseq;
}

void inv_dialog_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct inv *inv = arg;

	switch (msg->method) {
	case SIP_ACK:
		if (acks_our_2xx(inv, msg))
			inv_handle(inv, &(struct ev){.kind = EV_ACK, .msg = msg});
		break;
	case SIP_BYE:
		inv_handle(inv, &(struct ev){.kind = EV_BYE, .msg = msg, .server = server});
		break;
	case SIP_INVITE:
		inv_handle(inv, &(struct ev){.kind = EV_INVITE, .msg = msg, .server = server});
		break;
	case SIP_PRACK:
		inv_handle(inv, &(struct ev){.kind = EV_PRACK, .msg = msg, .server = server});
		break;
	case SIP_UPDATE:
		inv_handle(inv, &(struct ev){.kind = EV_UPDATE, .msg = msg, .server = server});
		break;
	default:
		inv_other_request(inv, msg, server);
		break;
	}
}

/* ---- operations ---- */

int inv_reply(struct inv *inv, const struct inv_reply *reply)
{
	return inv_handle(inv, &(struct ev){.kind = EV_REPLY, .op = reply});
}

int inv_answer_offer(struct inv *inv, struct slice sdp, struct slice contact)
{
	struct op_answer op = {sdp, contact};
	int err;

	if (inv->asked && !inv_ended(inv)) {
		err = inv_keep_contact(inv, contact);
		return err ? err : offer_answer_now(inv, sdp);
	}
	return inv_handle(inv, &(struct ev){.kind = EV_ANSWER, .op = &op});
}

int inv_refuse_offer(struct inv *inv, unsigned status, const struct sip_extra *extras, size_t n_extras)
{
	struct op_refusal op = {status, extras, n_extras};

	if (inv->asked && !inv_ended(inv))
		return offer_refuse_now(inv, &op);
	return inv_handle(inv, &(struct ev){.kind = EV_REFUSE, .op = &op});
}

int inv_reoffer(struct inv *inv, struct slice offer, struct slice contact, const struct sip_extra *extras,
	size_t n_extras)
{
	struct op_reoffer op = {offer, contact, extras, n_extras};

	/* UAC-UI of RFC 6337 4.3 too. */
	if (phases[inv->phase].shown == INV_CONFIRMED &&
		(inv->phase != PHASE_CONFIRMED || inv->want || inv->sdp != SDP_SETTLED))
		return OH_EBUSY;
	return inv_handle(inv, &(struct ev){.kind = EV_REOFFER, .op = &op});
}

static unsigned default_code(const struct inv *inv)
{
	switch (phases[inv->phase].shown) {
	case INV_CONNECTING:
	case INV_CONFIRMED:
		return 200;
	default:
		return inv->caller ? 487 : 603;
	}
}

int inv_end(
	struct inv *inv, unsigned code, struct slice reason, const struct sip_extra *extras, size_t n_extras)
{
	struct op_end op = {.by = INV_ENDED_BY_US,
		.status = code ? code : default_code(inv),
		.reason = reason,
		.extras = extras,
		.n_extras = n_extras};

	return inv_handle(inv, &(struct ev){.kind = EV_END, .op = &op});
}

/* ---- questions ---- */

enum inv_state inv_state(const struct inv *inv)
{
	return phases[inv->phase].shown;
}

const char *inv_state_name(enum inv_state state)
{
	static const char *const names[] = {[INV_NULL] = "NULL",
		[INV_CALLING] = "CALLING",
		[INV_INCOMING] = "INCOMING",
		[INV_EARLY] = "EARLY",
		[INV_CONNECTING] = "CONNECTING",
		[INV_CONFIRMED] = "CONFIRMED",
		[INV_DISCONNECTED] = "DISCONNECTED"};

	return (size_t)state < ARRAY_LEN(names) ? names[state] : "?";
}

bool inv_is_caller(const struct inv *inv)
{
	return inv->caller;
}

unsigned inv_status(const struct inv *inv)
{
	return inv->status;
}

struct slice inv_reason(const struct inv *inv)
{
	if (inv->status == 0)
		return SLICE_LIT("");
	return slice_of(inv->reason ? inv->reason : sip_reason(inv->status));
}

int inv_end_error(const struct inv *inv)
{
	return inv->end_err;
}

enum inv_ended_by inv_ended_by(const struct inv *inv)
{
	return inv->ended_by;
}

struct slice inv_local_uri(const struct inv *inv)
{
	return inv->caller ? slice_make(inv->from.p, inv->from_base) : dialog_local_uri(inv->dialog);
}

struct slice inv_remote_uri(const struct inv *inv)
{
	return inv->caller ? inv->to : dialog_remote_uri(inv->dialog);
}

struct slice inv_remote_contact(const struct inv *inv)
{
	return inv->dialog ? dialog_remote_target(inv->dialog) : SLICE_LIT("");
}

struct slice inv_call_id(const struct inv *inv)
{
	return inv->caller ? inv->call_id : dialog_call_id(inv->dialog);
}

void inv_moved(struct inv *inv, const struct netaddr *local)
{
	if (inv->dialog)
		dialog_moved(inv->dialog, local);
	else
		inv->flow.local = *local;
}

const struct sip_flow *inv_flow(const struct inv *inv)
{
	if (inv->dialog)
		return dialog_flow(inv->dialog);
	return inv->open ? sip_client_flow(inv->open->client) : &inv->flow;
}

struct dialog *inv_dialog(const struct inv *inv)
{
	return inv->dialog;
}

struct inv *inv_of_dialog(const struct dialog *dialog)
{
	const struct dialog_handler *maker = dialog_maker(dialog);

	return maker->request == inv_dialog_request ? maker->arg : NULL;
}

bool inv_offer_open(const struct inv *inv)
{
	return inv->sdp == SDP_OURS || inv->sdp == SDP_THEIRS;
}

bool inv_peer_takes(const struct inv *inv, enum sip_method method)
{
	return !inv_peer_refuses(inv, method);
}

struct inv_policy inv_policy_default(void)
{
	return (struct inv_policy){.reliable = INV_RELIABLE_SUPPORTED, .timer = INV_TIMER_ACCEPT};
}
