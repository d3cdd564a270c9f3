/* Questions: asked, answered, unanswered, withdrawn; by whom else they are decided. */
#include "rig.h"

#include "phone/question.h"

struct asker {
	struct question *open;
	unsigned code, answers;
	char reason[32];
	int result; /* what it tells the one who answered */
};

static int answered(void *arg, unsigned code, struct slice reason)
{
	struct asker *a = arg;

	a->open = NULL;
	a->answers++;
	a->code = code;
	snprintf(a->reason, sizeof(a->reason), "%.*s", SLICE_ARG(reason));
	return a->result;
}

static int ask(struct side *s, struct asker *a, enum offhook_question_kind kind)
{
	struct question_cfg cfg = {
		.kind = kind,
		.from = SLICE_LIT("<sip:carol@example.test>"),
		.target = SLICE_LIT("presence"),
		.answered = answered,
		.arg = a,
	};
	int err = question_ask(s->phone, &cfg, &a->open);

	phone_settle(s->phone);
	side_pull(s);
	return err;
}

TEST(the_program_answers_a_question_once)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	struct asker a = {.result = 0};

	CHECK_OK(ask(&r->a, &a, OFFHOOK_QUESTION_SUBSCRIBE));
	CHECK_STR(r->a.log, "QUESTION(3,presence) ");
	CHECK_EQ(offhook_question_answer(r->a.phone, r->a.ticket, 199, NULL), OH_EINVAL);
	CHECK_EQ(offhook_question_answer(r->a.phone, r->a.ticket, 486, "a\r\nb"), OH_EINVAL);
	CHECK_OK(offhook_question_answer(r->a.phone, r->a.ticket, 486, "Not now"));
	CHECK_EQ(a.answers, 1);
	CHECK_EQ(a.code, 486);
	CHECK_STR(a.reason, "Not now");
	CHECK_EQ(offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL), OH_ENOENT);

	/* What it could not do with a yes comes back. */
	a.result = OH_ENOPORTS;
	CHECK_OK(ask(&r->a, &a, OFFHOOK_QUESTION_TRANSFER));
	CHECK_EQ(offhook_question_answer(r->a.phone, r->a.ticket, 202, NULL), OH_ENOPORTS);
	rig_drop(r);
}

TEST(a_question_that_nobody_answers_is_refused_after_ten_seconds)
{
	static const struct {
		enum offhook_question_kind kind;
		unsigned refusal;
	} rows[] = {{OFFHOOK_QUESTION_TRANSFER, 603}, {OFFHOOK_QUESTION_REPLACES, 603},
		{OFFHOOK_QUESTION_SUBSCRIBE, 403}, {OFFHOOK_QUESTION_REDIRECT, 603}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct asker a = {.result = 0};

		CHECK_OK(ask(&r->a, &a, rows[i].kind));
		rig_run_ms(r, 9900);
		CHECK_EQ(a.answers, 0);
		rig_run_ms(r, 200);
		CHECK_EQ(a.answers, 1);
		CHECK_EQ(a.code, rows[i].refusal);
		CHECK_EQ(offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL), OH_ENOENT);
	}
	rig_drop(r);
}

static void deaf(struct offhook_phone_cfg *cfg)
{
	cfg->on_event = NULL;
}

TEST(without_a_listener_there_is_no_question)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, deaf);
	struct asker a = {.result = 0};

	CHECK_EQ(ask(&r->a, &a, OFFHOOK_QUESTION_TRANSFER), OH_EREFUSED);
	CHECK_EQ(a.answers, 0);
	rig_drop(r);
}

TEST(a_question_withdrawn_is_answered_in_vain)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	struct asker a = {.result = 0};

	CHECK_OK(ask(&r->a, &a, OFFHOOK_QUESTION_TRANSFER));
	a.open = question_drop(a.open);
	CHECK_EQ(offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL), OH_ENOENT);
	rig_run_ms(r, 20000);
	CHECK_EQ(a.answers, 0);
	rig_drop(r);
}

TEST(a_phone_that_closes_refuses_what_is_asked)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_PULL);
	struct asker a = {.result = 0}, late = {.result = 0};

	CHECK_OK(ask(&r->a, &a, OFFHOOK_QUESTION_SUBSCRIBE));
	CHECK_OK(offhook_phone_close(r->a.phone, 0));
	CHECK_EQ(a.answers, 1);
	CHECK_EQ(a.code, 403);
	CHECK_EQ(ask(&r->a, &late, OFFHOOK_QUESTION_SUBSCRIBE), OH_EREFUSED);
	rig_drop(r);
}

TEST(more_open_questions_than_the_limit_are_not_asked)
{
	static struct asker askers[QUESTIONS_OPEN_MAX + 1];
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	for (size_t i = 0; i < QUESTIONS_OPEN_MAX; i++)
		CHECK_OK(ask(&r->a, &askers[i], OFFHOOK_QUESTION_REPLACES));
	CHECK_EQ(ask(&r->a, &askers[QUESTIONS_OPEN_MAX], OFFHOOK_QUESTION_REPLACES), OH_ETOOMANY);
	rig_run_ms(r, 11000);
	CHECK_EQ(askers[0].code, 603);
	CHECK_EQ(askers[QUESTIONS_OPEN_MAX - 1].code, 603);
	rig_drop(r);
}

static int ask_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct asker a = {.result = 0};
	int err = r ? ask(&r->a, &a, OFFHOOK_QUESTION_TRANSFER) : OH_ENOMEM;

	(void)arg;
	if (!err && a.open && r->a.ticket)
		(void)offhook_question_answer(r->a.phone, r->a.ticket, 202, NULL);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_question_may_fail)
{
	check_every_allocation_fails(ask_with_failing_memory, NULL);
}

TESTS(RUN(the_program_answers_a_question_once),
	RUN(a_question_that_nobody_answers_is_refused_after_ten_seconds),
	RUN(without_a_listener_there_is_no_question), RUN(a_question_withdrawn_is_answered_in_vain),
	RUN(a_phone_that_closes_refuses_what_is_asked), RUN(more_open_questions_than_the_limit_are_not_asked),
	RUN(every_allocation_of_a_question_may_fail))
