/* An INVITE that takes the place of one of our calls (RFC 3891 3), or joins it (RFC 3911 4). */
#include "phone/transfer.h"

#include "base/mem.h"
#include "session/pkg_refer.h"

struct replacing {
	struct call *made; /* not yet told of */
	struct call *old;
	bool joins;
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

/* What state forbids it: 0, or the status to refuse with. */
static unsigned forbidden(const struct call *c, const struct replaces *r, bool joins)
{
	bool answered = c->state == OFFHOOK_CALL_CONNECTING || c->state == OFFHOOK_CALL_CONFIRMED;

	if (joins)
		return c->replacing ? 481 : 0; /* of that one nobody has heard yet */
	if (answered)
		return r->early_only ? 486 : 0;
	return c->role == OFFHOOK_CALLER ? 0 : 481;
}

/* 0 with the call, or the status to refuse with. */
static unsigned find(struct offhook_phone *p, const struct replaces *r, struct replaces_wish *wish)
{
	struct dialog *d = dialog_meant(p, r);
	struct inv *inv = d ? inv_of_dialog(d) : NULL;
	unsigned status;
	struct call *c;

	if (!inv)
		return 481;
	c = call_of(p, inv);
	if (!c)
		return 603; /* just ended: what would have taken its place is not wanted either */
	status = forbidden(c, r, wish->joins);
	if (!status && c->replacer)
		status = 491; /* somebody else is asked about already */
	if (!status)
		wish->old = c;
	return status;
}

/* OH_ENOENT: the message wants neither; OH_ESYNTAX: it cannot be read, or wants both (RFC 3911 4). */
static int wanted(const struct account *a, const struct sip_msg *msg, struct replaces *r, bool *ret_joins)
{
	struct replaces join;
	int err = replaces_of(msg, r), joining = a->rules.policy.join ? join_of(msg, &join) : OH_ENOENT;

	*ret_joins = joining != OH_ENOENT;
	if (!*ret_joins)
		return err;
	*r = join;
	return err == OH_ENOENT ? joining : OH_ESYNTAX;
}

bool replaces_refused(struct offhook_phone *p, const struct account *a, struct sip_msg *msg,
	struct sip_server *server, struct replaces_wish *ret_wish)
{
	struct replaces r;
	unsigned status;
	int err;

	*ret_wish = (struct replaces_wish){.old = NULL};
	err = wanted(a, msg, &r, &ret_wish->joins);
	if (err == OH_ENOENT)
		return false;
	status = err ? 400 : find(p, &r, ret_wish);
	if (status)
		sip_refuse(server, status, !err ? NULL : ret_wish->joins ? "Bad Join" : "Bad Replaces");
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

static int take_over(struct call *made, struct call *old, bool joins)
{
	struct event_say say = {
		.type = joins ? OFFHOOK_EVENT_JOINED : OFFHOOK_EVENT_REPLACED,
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
	bool joins = r->joins;
	int err = 0;

	r->question = NULL;
	if (code < 300) {
		made->state = OFFHOOK_CALL_INCOMING;
		err = take_over(made, old, joins);
		if (err)
			made->state = OFFHOOK_CALL_NULL;
	}
	let_go(r);
	if (code < 300 && !err) {
		if (!joins)
			call_end(old, 0, SLICE_NONE, NULL);
		return 0;
	}
	if (err)
		code = 488; /* RFC 3891 3, RFC 3911 4: the matched call stays as it is */
	if (made->inv)
		inv_end(made->inv, code, reason, NULL, 0);
	call_discard(made);
	return err;
}

int replaces_ask(struct call *c, const struct replaces_wish *wish, struct sip_msg *msg)
{
	struct call *old = wish->old;
	struct replacing *r = mem_zalloc(sizeof(*r));
	struct question_cfg q = {.kind = wish->joins ? OFFHOOK_QUESTION_JOIN : OFFHOOK_QUESTION_REPLACES,
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
	r->joins = wish->joins;
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
