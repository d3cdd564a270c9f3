#include "phone/watcher.h"

#include "base/mem.h"
#include "phone/buddy.h"
#include "phone/phone_impl.h"
#include "phone/presence.h"
#include "sip/grammar.h"

/* Whom the end of a phone does not end for good (RFC 6665 4.1.3 "probation"). */
#define COME_AGAIN_S 60u

/* ---- life ---- */

struct watcher *watcher_free(struct watcher *w)
{
	list_remove(&w->node);
	w->phone->n_dialog_watchers -= w->dialogs;
	question_drop(w->question);
	sub_free(w->sub);
	ids_remove(&w->phone->ids, w->id);
	subject_unref(w->subject);
	mem_free(w);
	return NULL;
}

static void say_gone(const struct watcher *w, unsigned status, struct slice reason)
{
	const struct event_say say = {.type = OFFHOOK_EVENT_WATCHER_GONE,
		.subject = w->subject,
		.account = account_find(w->phone, w->account) ? w->account : 0,
		.status = status,
		.reason = reason};

	event_emit(w->phone, &say);
}

static void on_asked_again(void *arg, struct sub *sub)
{
	(void)sub;
	(void)watcher_tell(arg);
}

static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	struct watcher *w = arg;

	(void)sub;
	say_gone(w, end->status, end->reason);
	watcher_free(w);
}

/* ---- the decision ---- */

/* What offhook_question_answer() does, and what the settings decide. */
static int answered(void *arg, unsigned code, struct slice reason)
{
	struct watcher *w = arg;
	const struct sub_reply r = {.status = code, .reason = code < 300 ? SLICE_NONE : reason};
	int err;

	w->question = NULL;
	err = sub_reply(w->sub, &r);
	if (err || code >= 300) {
		watcher_free(w);
		return err;
	}
	w->state = code == 202 ? WATCHER_PENDING : WATCHER_ACTIVE;
	return watcher_tell(w);
}

static int ask(struct watcher *w, const struct sip_msg *msg, const struct sip_addr *from)
{
	const struct question_cfg q = {.kind = OFFHOOK_QUESTION_SUBSCRIBE,
		.subject = w->subject,
		.account = w->account,
		.from = from->uri.text,
		.target = slice_of(sub_package(w->sub)->name),
		.message = msg->raw,
		.answered = answered,
		.arg = w};

	return question_ask(w->phone, &q, &w->question);
}

static void decide(struct watcher *w, const struct account *a, struct sip_msg *msg)
{
	enum offhook_watchers policy = account_presence_policy(a->presence, w->dialogs);
	const struct sip_addr *from;
	int err;

	/* The stack has looked at it (RFC 3261 8.2). */
	if (sip_msg_from(msg, &from) != 0 || policy == OFFHOOK_WATCHERS_NONE) {
		(void)answered(w, 403, SLICE_NONE);
		return;
	}
	if (policy == OFFHOOK_WATCHERS_ALL ||
		(policy == OFFHOOK_WATCHERS_BUDDIES && buddies_know(w->phone, a->id, &from->uri))) {
		(void)answered(w, 200, SLICE_NONE);
		return;
	}
	err = ask(w, msg, from);
	if (err)
		(void)answered(w, err == OH_EREFUSED ? question_refusal(OFFHOOK_QUESTION_SUBSCRIBE) : 503,
			SLICE_NONE);
}

/* ---- a SUBSCRIBE comes ---- */

/* OH_ENOMEM: it was answered; any error of sub_incoming(): so it was. */
static int watcher_new(struct offhook_phone *p, const struct account *a, struct sip_msg *msg,
	struct sip_server *server, struct watcher **ret_watcher)
{
	struct watcher *w = mem_zalloc(sizeof(*w));
	struct sub_incoming in = {
		.auth = a->auth, .handler = {.asked_again = on_asked_again, .ended = on_ended, .arg = w}};
	char *contact = NULL;
	int err;

	if (!w) {
		sip_refuse(server, 500, NULL);
		return OH_ENOMEM;
	}
	w->phone = p;
	w->account = a->id;
	list_append(&p->watchers, &w->node);
	w->subject = subject_new(NULL);
	err = w->subject ? account_contact(a, sip_server_flow(server), &contact) : OH_ENOMEM;
	if (!err)
		err = ids_add(&p->ids, ID_WATCHER, w, &w->id);
	if (err) {
		sip_refuse(server, 500, NULL);
	} else {
		w->subject->id = w->id;
		in.contact = slice_of(contact);
		err = sub_incoming(&p->subs, &in, msg, server, &w->sub);
	}
	mem_free(contact);
	if (err) {
		watcher_free(w);
		return err;
	}
	w->dialogs = sub_package(w->sub) == &pkg_dialog;
	p->n_dialog_watchers += w->dialogs;
	*ret_watcher = w;
	return 0;
}

void watcher_take(struct offhook_phone *p, struct account *a, struct sip_msg *msg, struct sip_server *server)
{
	struct watcher *w;

	if (watcher_new(p, a, msg, server, &w) == 0)
		decide(w, a, msg);
}

/* ---- the end ---- */

static void end(struct watcher *w, struct slice reason, uint32_t retry_after_s)
{
	const struct sub_notice last = {
		.state = SUB_TERMINATED, .reason = reason, .retry_after_s = retry_after_s};

	(void)sub_notify(w->sub, &last);
	watcher_free(w);
}

void watchers_account_gone(struct offhook_phone *p, offhook_id account)
{
	LIST_FOREACH_SAFE (it, &p->watchers) {
		struct watcher *w = CONTAINER_OF(it, struct watcher, node);

		if (w->account == account)
			end(w, SLICE_LIT("noresource"), 0);
	}
}

void watchers_stop_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->watchers)
		end(CONTAINER_OF(it, struct watcher, node), SLICE_LIT("probation"), COME_AGAIN_S);
}

void watchers_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->watchers)
		watcher_free(CONTAINER_OF(it, struct watcher, node));
}

/* ---- the program decides again ---- */

struct set_args {
	offhook_id id;
	enum offhook_subscription state;
	struct slice reason;
};

static int set_run(struct offhook_phone *p, void *arg)
{
	const struct set_args *args = arg;
	struct watcher *w = ids_find(&p->ids, ID_WATCHER, args->id);
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!w)
		return err_detail(OH_ENOENT, "no such watcher");
	if (w->state == WATCHER_ASKS)
		return err_detail(OH_ESTATE, "the question whether he may is not answered yet");
	if (args->state == OFFHOOK_SUBSCRIPTION_TERMINATED) {
		end(w, args->reason, 0);
		return 0;
	}
	w->state = args->state == OFFHOOK_SUBSCRIPTION_ACTIVE ? WATCHER_ACTIVE : WATCHER_PENDING;
	return watcher_tell(w);
}

int offhook_watcher_set(
	struct offhook_phone *phone, offhook_id id, enum offhook_subscription state, const char *reason)
{
	struct set_args args = {id, state, reason && *reason ? slice_of(reason) : SLICE_LIT("rejected")};

	err_detail_clear();
	if (state != OFFHOOK_SUBSCRIPTION_PENDING && state != OFFHOOK_SUBSCRIPTION_ACTIVE &&
		state != OFFHOOK_SUBSCRIPTION_TERMINATED)
		return err_detail(OH_EINVAL, "a watcher is pending, active or terminated");
	for (size_t i = 0; i < args.reason.n; i++)
		if (!sip_is(args.reason.p[i], CT_TOKEN))
			return err_detail(OH_EINVAL, "a reason is one word");
	return phone_command(phone, set_run, &args);
}
