/* Questions: asked by an event, answered by one call or by time. */
#include "phone/question.h"

#include "base/mem.h"
#include "base/wheel.h"
#include "phone/phone_impl.h"
#include "sip/msg.h"

struct question {
	struct list node; /* offhook_phone.questions */
	struct offhook_phone *phone;
	offhook_id ticket;
	unsigned refusal;
	struct wheel_timer timer;
	int (*answered)(void *arg, unsigned code, struct slice reason);
	void *arg;
};

unsigned question_refusal(enum offhook_question_kind kind)
{
	return kind == OFFHOOK_QUESTION_SUBSCRIBE ? 403 : 603;
}

struct question *question_drop(struct question *q)
{
	if (!q)
		return NULL;
	wheel_stop(&q->timer);
	if (list_linked(&q->node)) {
		list_remove(&q->node);
		q->phone->n_questions--;
	}
	ids_remove(&q->phone->ids, q->ticket);
	mem_free(q);
	return NULL;
}

static int answer(struct question *q, unsigned code, struct slice reason)
{
	int (*answered)(void *arg, unsigned code, struct slice reason) = q->answered;
	void *arg = q->arg;

	question_drop(q);
	return answered(arg, code, reason);
}

static void on_timer(void *arg)
{
	struct question *q = arg;

	(void)answer(q, q->refusal, SLICE_NONE);
}

void questions_refuse_all(struct offhook_phone *p)
{
	struct list *first;

	while ((first = list_first(&p->questions))) {
		struct question *q = CONTAINER_OF(first, struct question, node);

		(void)answer(q, q->refusal, SLICE_NONE);
	}
}

/* ---- asking ---- */

static char *put(char **at, struct slice text)
{
	char *begin = *at;

	if (text.n)
		memcpy(begin, text.p, text.n);
	begin[text.n] = '\0';
	*at += text.n + 1;
	return begin;
}

/* What the event shows, one block. */
static struct offhook_question *shown(const struct question_cfg *cfg, offhook_id ticket)
{
	struct offhook_question *s = mem_zalloc(sizeof(*s) + cfg->from.n + cfg->target.n + 2);
	char *at;

	if (!s)
		return NULL;
	at = (char *)(s + 1);
	s->size = sizeof(*s);
	s->ticket = ticket;
	s->kind = cfg->kind;
	s->from = put(&at, cfg->from);
	s->target = put(&at, cfg->target);
	return s;
}

static int check_room(const struct offhook_phone *p, const struct question_cfg *cfg)
{
	if (!p->cfg.on_event || p->state != PHONE_OPEN)
		return OH_EREFUSED;
	if (p->n_questions >= QUESTIONS_OPEN_MAX || !events_room(p, cfg->subject))
		return OH_ETOOMANY;
	return 0;
}

static int new_question(
	struct offhook_phone *p, const struct question_cfg *cfg, struct question **ret_question)
{
	struct question *q = mem_zalloc(sizeof(*q));
	int err;

	if (!q)
		return OH_ENOMEM;
	q->phone = p;
	q->refusal = question_refusal(cfg->kind);
	q->answered = cfg->answered;
	q->arg = cfg->arg;
	wheel_timer_init(&q->timer, on_timer, q);
	err = ids_add(&p->ids, ID_QUESTION, q, &q->ticket);
	if (err) {
		mem_free(q);
		return err;
	}
	*ret_question = q;
	return 0;
}

int question_ask(struct offhook_phone *p, const struct question_cfg *cfg, struct question **ret_question)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_QUESTION,
		.subject = cfg->subject,
		.account = cfg->account,
		.picture = cfg->picture,
		.message = cfg->message,
		.proven_user = cfg->proven_user,
	};
	struct question *q;
	int err = check_room(p, cfg);

	if (!err)
		err = new_question(p, cfg, &q);
	if (err) {
		picture_unref(cfg->picture);
		return err;
	}
	say.question = shown(cfg, q->ticket);
	if (!say.question) {
		picture_unref(cfg->picture);
		question_drop(q);
		return OH_ENOMEM;
	}
	if (!event_emit(p, &say)) {
		question_drop(q);
		return OH_ENOMEM;
	}
	list_append(&p->questions, &q->node);
	p->n_questions++;
	sip_stack_arm(p->stack, &q->timer, QUESTION_WAIT_MS);
	*ret_question = q;
	return 0;
}

/* ---- the API ---- */

struct answer_args {
	offhook_id ticket;
	unsigned code;
	struct slice reason;
};

static int answer_run(struct offhook_phone *p, void *arg)
{
	const struct answer_args *a = arg;
	struct question *q = ids_find(&p->ids, ID_QUESTION, a->ticket);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!q)
		return err_detail(OH_ENOENT, "no such question: it was answered, its time has passed, or "
					     "what it was about is over");
	return answer(q, a->code, a->reason);
}

int offhook_question_answer(struct offhook_phone *phone, offhook_id ticket, unsigned code, const char *reason)
{
	struct answer_args args = {ticket, code, SLICE_NONE};

	err_detail_clear();
	if (code < 200 || code > 699)
		return err_detail(OH_EINVAL, "the code %u is not 200 to 699", code);
	if (reason && *reason) {
		if (strpbrk(reason, "\r\n"))
			return err_detail(OH_EINVAL, "the reason has a line break");
		args.reason = slice_of(reason);
	}
	return phone_command(phone, answer_run, &args);
}
