/* An INVITE that takes the place of one of our calls: RFC 3891 3. */
#include "phone/transfer.h"

#include "base/mem.h"
#include "session/pkg_refer.h"

struct replacing {
	struct call *made; /* not yet told of */
	struct call *old;
	struct question *question;
};

/* ---- which one ---- */

/* A tag of 0 stands for none too (RFC 3891 6.1). */
static struct slice none_for_zero(struct slice tag)
{
	return slice_eq(tag, SLICE_LIT("0")) ? SLICE_LIT("") : tag;
}

static struct dialog *dialog_meant(struct offhook_phone *p, const struct replaces *r)
{
	struct dialog *d = dialog_find(p->stack, r->call_id, r->to_tag, r->from_tag);

	if (!d)
		d = dialog_find(p->stack, r->call_id, none_for_zero(r->to_tag), none_for_zero(r->from_tag));
	return d;
}

static struct call *call_of(struct offhook_phone *p, const struct inv *inv)
{
	LIST_FOREACH (it, &p->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);

		if (c->inv == inv)
			return c;
	}
	return NULL;
}

/* 0 with the call, or the status to refuse with. */
static unsigned find(struct offhook_phone *p, const struct replaces *r, struct call **ret_old)
{
	struct dialog *d = dialog_meant(p, r);
	struct inv *inv = d ? inv_of_dialog(d) : NULL;
	struct call *c;

	if (!inv)
		return 481;
	c = call_of(p, inv);
	if (!c)
		return 603; /* just ended: what would have taken its place is not wanted either */
	switch (c->state) {
	case OFFHOOK_CALL_CONNECTING:
	case OFFHOOK_CALL_CONFIRMED:
		if (r->early_only)
			return 486;
		break;
	default:
		if (c->role != OFFHOOK_CALLER)
			return 481;
		break;
	}
	if (c->replacer)
		return 491; /* somebody else is asked about already */
	*ret_old = c;
	return 0;
}

bool replaces_refused(
	struct offhook_phone *p, struct sip_msg *msg, struct sip_server *server, struct call **ret_old)
{
	struct replaces r;
	int err = replaces_of(msg, &r);
	unsigned status;

	*ret_old = NULL;
	if (err == OH_ENOENT)
		return false;
	status = err ? 400 : find(p, &r, ret_old);
	if (status)
		sip_refuse(server, status, err ? "Bad Replaces" : NULL);
	return status != 0;
}

/* ---- the answer ---- */

static void let_go(struct replacing *r)
{
	question_drop(r->question);
	r->old->replacer = NULL;
	r->made->replacing = NULL;
	mem_free(r);
}

static int take_over(struct call *made, struct call *old)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_REPLACED,
		.subject = old->subject,
		.account = account_find(old->phone, old->account) ? old->account : 0,
		.picture = picture_new(old),
		.other = made->id,
	};
	struct event *told = event_emit(old->phone, &say);
	int err = told ? call_answer_with(made, 200) : OH_ENOMEM;

	if (err)
		event_retract(old->phone, told);
	return err;
}

static int answered(void *arg, unsigned code, struct slice reason)
{
	struct replacing *r = arg;
	struct call *made = r->made, *old = r->old;
	int err = 0;

	r->question = NULL;
	if (code < 300) {
		made->state = OFFHOOK_CALL_INCOMING;
		err = take_over(made, old);
		if (err)
			made->state = OFFHOOK_CALL_NULL;
	}
	let_go(r);
	if (code < 300 && !err) {
		call_end(old, 0, SLICE_NONE, NULL);
		return 0;
	}
	if (err)
		code = 488; /* RFC 3891 3: the matched call stays as it is */
	if (made->inv)
		inv_end(made->inv, code, reason, NULL, 0);
	call_discard(made);
	return err;
}

int replaces_ask(struct call *c, struct call *old, struct sip_msg *msg)
{
	struct replacing *r = mem_zalloc(sizeof(*r));
	struct question_cfg q = {.kind = OFFHOOK_QUESTION_REPLACES,
		.subject = old->subject,
		.account = old->account,
		.from = inv_remote_uri(c->inv),
		.message = msg->raw,
		.proven_user = slice_of(c->proven_user),
		.answered = answered,
		.arg = r};
	int err;

	if (!r)
		return OH_ENOMEM;
	q.picture = picture_new(old);
	err = q.picture ? question_ask(c->phone, &q, &r->question) : OH_ENOMEM;
	if (err) {
		mem_free(r);
		return err;
	}
	r->made = c;
	r->old = old;
	c->replacing = old->replacer = r;
	return 0;
}

void replaces_withdrawn(struct call *c)
{
	if (!c->replacing || !c->replacing->question)
		return;
	let_go(c->replacing);
	call_discard(c);
}

void replaces_old_gone(struct call *old)
{
	struct replacing *r = old->replacer;

	if (r) {
		struct question *q = r->question;

		r->question = NULL;
		question_drop(q);
		(void)answered(r, 603, SLICE_NONE);
	}
}
