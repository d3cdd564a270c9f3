/* Subscriptions: their life, their phases, and what subscriber and notifier share. */
#include "session/sub_impl.h"

static const struct {
	enum sub_state shown;
} phases[N_SUB_PHASES] = {
#define X(phase, state) [PHASE_##phase] = {state},
	SUB_PHASES(X)
#undef X
};

static bool is_notifier(const struct sub *sub)
{
	return sub->phase >= PHASE_N_ASKED && sub->phase <= PHASE_N_LEAVING;
}

/* ---- life ---- */

static void let_go_of_dialog(struct sub *sub)
{
	dialog_half_close(sub->stack, &sub->half);
	if (sub->dialog)
		dialog_leave(sub->dialog, &sub->usage);
	sub->dialog = NULL;
	sub->own = dialog_free(sub->own);
}

static void drop_request(struct sub *sub)
{
	if (!sub->client)
		return;
	sub->client = sip_client_free(sub->client);
}

static void destroy(struct sub *sub)
{
	sip_stack_detach(&sub->on_stack);
	if (is_notifier(sub))
		sub->subs->n_notifiers--;
	wheel_stop(&sub->expiry);
	wheel_stop(&sub->wait);
	drop_request(sub);
	if (sub->server)
		sip_server_detach(sub->server);
	let_go_of_dialog(sub);
	sip_auth_unref(sub->auth);
	mem_free(sub->next);
	mem_free(sub->extras);
	mem_free(sub->contact);
	mem_free(sub->event);
	mem_free(sub);
}

static void stack_gone(struct sip_stack_user *user)
{
	destroy(CONTAINER_OF(user, struct sub, on_stack));
}

static bool is_ending(const struct sip_stack_user *user)
{
	const struct sub *sub = CONTAINER_OF(user, const struct sub, on_stack);

	return sub->phase == PHASE_S_LEAVING || sub->phase == PHASE_N_LEAVING;
}

static void on_expiry(void *arg)
{
	struct sub *sub = arg;

	sub_ref(sub);
	if (is_notifier(sub))
		notifier_expired(sub);
	else
		subscriber_expired(sub);
	sub_unref(sub);
}

static void on_wait(void *arg)
{
	struct sub *sub = arg;

	sub_ref(sub);
	subscriber_unheard(sub);
	sub_unref(sub);
}

static bool on_usage(struct dialog_usage *u, struct sip_msg *msg, struct sip_server *server)
{
	struct sub *sub = CONTAINER_OF(u, struct sub, usage);
	bool taken;

	sub_ref(sub);
	taken = is_notifier(sub) ? notifier_takes(sub, msg, server) : subscriber_takes(sub, msg, server);
	sub_unref(sub);
	return taken;
}

static void on_may_send(struct dialog_usage *u)
{
	struct sub *sub = CONTAINER_OF(u, struct sub, usage);

	sub_ref(sub);
	if (is_notifier(sub))
		notifier_may_send(sub);
	sub_unref(sub);
}

int sub_new(struct subs *subs, const struct sub_handler *handler, const struct sub_package *package,
	size_t n_texts, struct sub **ret_sub)
{
	struct sub *sub = mem_zalloc(sizeof(*sub) + n_texts);

	if (!sub)
		return OH_ENOMEM;
	sub->subs = subs;
	sub->stack = subs->stack;
	sub->handler = *handler;
	sub->package = package;
	sub->refs = 1;
	sub->phase = PHASE_S_ASKED;
	sub->usage.request = on_usage;
	sub->usage.may_send = on_may_send;
	wheel_timer_init(&sub->expiry, on_expiry, sub);
	wheel_timer_init(&sub->wait, on_wait, sub);
	sub->on_stack.stack_gone = stack_gone;
	sub->on_stack.ending = is_ending;
	sip_stack_attach(sub->stack, &sub->on_stack);
	*ret_sub = sub;
	return 0;
}

void sub_ref(struct sub *sub)
{
	sub->refs++;
}

void sub_unref(struct sub *sub)
{
	if (--sub->refs == 0)
		destroy(sub);
}

struct sub *sub_free(struct sub *sub)
{
	if (!sub)
		return NULL;
	sub->handler = (struct sub_handler){.ended = NULL};
	if (is_notifier(sub))
		notifier_leave(sub);
	else
		subscriber_leave(sub);
	sub_unref(sub);
	return NULL;
}

/* ---- phases ---- */

/* From the first phase that the peer is owed something to OVER the subscription keeps itself alive. */
static bool keeps_itself(enum sub_phase phase)
{
	return phase == PHASE_S_LEAVING || phase == PHASE_N_LEAVING;
}

void sub_enter(struct sub *sub, enum sub_phase phase)
{
	enum sub_phase before = sub->phase;
	bool was_notifier = is_notifier(sub);

	if (before == PHASE_OVER)
		return;
	sub->phase = phase;
	sub->subs->n_notifiers += (size_t)is_notifier(sub) - (size_t)was_notifier;
	if (keeps_itself(phase) && !keeps_itself(before))
		sub_ref(sub);
	if (phase == PHASE_OVER) {
		wheel_stop(&sub->wait);
		drop_request(sub);
		let_go_of_dialog(sub);
	}
	if (phase == PHASE_OVER || keeps_itself(phase))
		wheel_stop(&sub->expiry);
	if (keeps_itself(before) && !keeps_itself(phase))
		sub_unref(sub);
}

void sub_finish(struct sub *sub, enum sub_phase phase, const struct sub_end *end)
{
	struct sub_handler handler = sub->handler;

	sub->handler = (struct sub_handler){.ended = NULL};
	sub_ref(sub);
	sub_enter(sub, phase);
	if (handler.ended)
		handler.ended(handler.arg, sub, end);
	sub_unref(sub);
}

void sub_set_expiry(struct sub *sub, uint32_t seconds)
{
	if (seconds > SUB_EXPIRES_MAX)
		seconds = SUB_EXPIRES_MAX;
	sub->expires_s = seconds;
	sub->expires_ns = host_now(sip_stack_host(sub->stack)) + seconds * NS_PER_S;
}

/* ---- dialogs ---- */

int sub_share(struct sub *sub, struct dialog *dialog)
{
	int err = dialog_join(dialog, &sub->usage);

	if (err == 0)
		sub->dialog = dialog;
	return err;
}

void sub_take_dialog(struct sub *sub, struct dialog *dialog)
{
	sub->own = dialog;
	(void)sub_share(sub, dialog);
}

uint32_t sub_next_cseq(void *arg)
{
	struct sub *sub = arg;

	uint32_t next = sub->dialog ? dialog_next_seq(sub->dialog) : sub->cseq + 1;

	/* The number of the first request names it (RFC 3515 2.4.6). */
	if (sub->phase == PHASE_S_ASKED)
		sub->cseq = next;
	return next;
}

void sub_stray_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	static const struct sip_extra allow = {{"Allow", 5}, {SIP_STACK_ALLOW, sizeof(SIP_STACK_ALLOW) - 1}};
	struct sip_reply reply = {.status = 405, .extras = &allow, .n_extras = 1};

	(void)arg;
	if (!server)
		return;
	if (msg->method == SIP_SUBSCRIBE || msg->method == SIP_NOTIFY || msg->method == SIP_BYE)
		sip_refuse(server, 481, NULL);
	else if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, 405, NULL);
}

/* RFC 6665 8.2.1. What a REFER made has its number as id, or none (RFC 3515 2.4.6). */
bool sub_event_fits(const struct sub *sub, const struct sip_msg *msg)
{
	struct slice name, id;
	uint32_t number;

	if (sub_event_parse(sip_msg_value(msg, SIP_HDR_EVENT), &name, &id) ||
		!slice_eq(name, slice_of(sub->package->name)))
		return false;
	if (sub->package->use == SUB_BY_REFER)
		return !slice_present(id) ||
		       (slice_to_u32(id, UINT32_MAX, &number) == 0 && number == sub->cseq);
	return slice_present(id) == slice_present(sub->id) && slice_eq(id, sub->id);
}

bool sub_is_deadly(unsigned status)
{
	switch (status) {
	case 404:
	case 405:
	case 410:
	case 416:
	case 480:
	case 481:
	case 482:
	case 483:
	case 484:
	case 485:
	case 489:
	case 501:
	case 604:
		return true;
	default:
		return false;
	}
}

const struct sip_flow *sub_flow(const struct sub *sub)
{
	return sub->dialog ? dialog_flow(sub->dialog) : NULL;
}

int sub_moved(struct sub *sub, const struct sip_flow *flow, struct slice contact)
{
	char *copy;

	if (!sub->own || sub->phase == PHASE_OVER)
		return OH_ESTATE;
	copy = slice_dup(contact);
	if (!copy)
		return OH_ENOMEM;
	mem_free(sub->contact);
	sub->contact = copy;
	dialog_moved(sub->dialog, &flow->local);
	if (!is_notifier(sub))
		(void)sub_refresh(sub, sub->expires_s);
	return 0;
}

/* ---- questions ---- */

enum sub_state sub_state(const struct sub *sub)
{
	return phases[sub->phase].shown;
}

const char *sub_state_name(enum sub_state state)
{
	static const char *const names[] = {[SUB_ASKED] = "asked",
		[SUB_PENDING] = "pending",
		[SUB_ACTIVE] = "active",
		[SUB_TERMINATED] = "terminated"};

	return (size_t)state < ARRAY_LEN(names) ? names[state] : "?";
}

const struct sub_package *sub_package(const struct sub *sub)
{
	return sub->package;
}

uint32_t sub_seconds_left(const struct sub *sub)
{
	uint64_t now = host_now(sip_stack_host(sub->stack));

	return sub->expires_ns > now ? (uint32_t)((sub->expires_ns - now + NS_PER_S - 1) / NS_PER_S) : 0;
}
