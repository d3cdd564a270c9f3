/* Questions: asked, answered, unanswered, withdrawn; by whom else they are decided. What asks one and no more: Join (RFC 3911). */
#include "peer.h"

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
		{OFFHOOK_QUESTION_SUBSCRIBE, 403}, {OFFHOOK_QUESTION_REDIRECT, 603},
		{OFFHOOK_QUESTION_JOIN, 603}};
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

/* ---- Join ---- */

static const char offer[] = "v=0\r\no=- 1 1 IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP
			    "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

static int allow_join(struct side *s)
{
	struct offhook_session_cfg cfg;

	offhook_session_cfg_init(&cfg);
	cfg.join = 1;
	return offhook_account_set_session(s->phone, s->account, &cfg);
}

static void ask_with(struct peer *p, const char *method, unsigned cseq, const char *headers)
{
	peer_ask(p, &(struct peer_request){
			    .method = method, .user = "bob", .cseq = cseq, .more = headers, .body = offer});
}

/* RFC 3911 4. */
TEST(an_invite_with_join_finds_its_call_or_is_refused)
{
	static const struct {
		const char *method, *headers, *answer;
	} rows[] = {
		{"INVITE", "Join: two;to-tag=a;from-tag=b\r\n", "SIP/2.0 481 "},
		{"INVITE", "Join: two\r\n", "SIP/2.0 400 Bad Join"},
		{"INVITE", "Join: two;to-tag=a;from-tag=b\r\nJoin: two;to-tag=a;from-tag=b\r\n",
			"SIP/2.0 400 "},
		{"INVITE", "Join: two;to-tag=a;from-tag=b\r\nReplaces: two;to-tag=a;from-tag=b\r\n",
			"SIP/2.0 400 "},
		{"OPTIONS", "Join: two;to-tag=a;from-tag=b\r\n", "SIP/2.0 400 Join Without INVITE"},
		{"MESSAGE", "Join: two;to-tag=a;from-tag=b\r\n", "SIP/2.0 400 "},
		{"OPTIONS", "Require: join\r\n", "SIP/2.0 420 "},
		{"OPTIONS", "", "\r\nSupported: 100rel, timer, 199, replaces, norefersub, join\r\n"},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64], line[256];

	CHECK_OK(allow_join(&r->b));
	peer_open(&p, r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ask_with(&p, rows[i].method, 31 + (unsigned)i, rows[i].headers);
		CHECK(peer_got(&p, rows[i].answer));
	}
	CHECK_STR(r->b.log, "");

	/* A call that rings may be joined, too; but not by two at once. */
	peer_say(&p, "INVITE", "bob", "", 1, "", offer);
	CHECK_OK(side_answer(&r->b, 180));
	peer_hear(&p);
	CHECK(peer_got(&p, "\r\nSupported: 100rel, timer, 199, replaces, norefersub, join\r\n"));
	peer_tag(&p, tag);
	side_forget(&r->b);
	snprintf(line, sizeof(line), "Join: one;to-tag=%s;from-tag=us\r\nRequire: join\r\n", tag);
	ask_with(&p, "INVITE", 51, line);
	CHECK_STR(r->b.log, "QUESTION(5,) ");
	ask_with(&p, "INVITE", 52, line);
	for (int i = 0; i < 300 && !strstr(p.got, "SIP/2.0 491 "); i++)
		peer_hear(&p);
	CHECK(peer_got(&p, "SIP/2.0 491 "));

	/* The call ends before the program has said anything. */
	CHECK_OK(side_hangup(&r->b, 486));
	for (int i = 0; i < 300 && !strstr(p.got, "SIP/2.0 603 "); i++)
		peer_hear(&p);
	CHECK(peer_got(&p, "SIP/2.0 603 "));
	CHECK_EQ(offhook_question_answer(r->b.phone, r->b.ticket, 200, NULL), OH_ENOENT);
	peer_close(&p);
	rig_run_ms(r, 100000);
	side_check_quiet(&r->b);
	rig_drop(r);
}

TEST(where_nobody_may_join_the_header_says_nothing)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	ask_with(&p, "INVITE", 31, "Require: join\r\nJoin: two;to-tag=a;from-tag=b\r\n");
	CHECK(peer_got(&p, "SIP/2.0 420 ") && peer_got(&p, "\r\nUnsupported: join\r\n"));
	CHECK_STR(r->b.log, "");
	ask_with(&p, "INVITE", 32, "Join: two;to-tag=a;from-tag=b\r\n");
	CHECK_STR(r->b.log, "INCOMING ");
	CHECK_OK(side_hangup(&r->b, 486));
	peer_close(&p);
	rig_run_ms(r, 100000);
	side_check_quiet(&r->b);
	rig_drop(r);
}

static int try_join(struct side *s, const struct offhook_call_info *old)
{
	char value[512];
	const struct offhook_header join = {"Join", value};
	struct offhook_call_cfg cfg;
	offhook_id id;

	snprintf(value, sizeof(value), "%s;to-tag=%s;from-tag=%s", old->sip_call_id, s->rig->b.digits,
		s->rig->b.digits + 32);
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP;
	cfg.headers = &join;
	cfg.n_headers = 1;
	return offhook_call_make(s->phone, s->account, &cfg, &id);
}

static int take_tag(const struct side *s, const char *name, char buf[32])
{
	char value[256];
	long n = offhook_message_header(s->message, strlen(s->message), name, 0, value, sizeof(value));
	const char *tag = n > 0 ? strstr(value, ";tag=") : NULL;

	snprintf(buf, 32, "%s", tag ? tag + 5 : "");
	return n > 0 ? 0 : (int)n;
}

/* alice joins her own call by another one; b's newest message is her ACK. */
static int join_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_call_info *info = NULL;
	int err = r ? allow_join(&r->b) : OH_ENOMEM;

	(void)arg;
	if (!err)
		err = rig_try_call(r);
	if (r)
		rig_run_ms(r, 100);
	if (!err && r->b.call && side_answer(&r->b, 200) == 0) {
		rig_run_ms(r, 2000);
		err = take_tag(&r->b, "To", r->b.digits);
		if (!err)
			err = take_tag(&r->b, "From", r->b.digits + 32);
		if (!err)
			err = offhook_call_get_info(r->b.phone, r->b.call, &info);
		if (!err)
			err = try_join(&r->a, info);
		rig_run_ms(r, 1000);
		if (r->b.ticket)
			(void)offhook_question_answer(r->b.phone, r->b.ticket, 200, NULL);
		rig_run_ms(r, 1000);
		offhook_call_info_free(info);
	}
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_join_may_fail)
{
	check_every_allocation_fails(join_with_failing_memory, NULL);
}

TESTS(RUN(the_program_answers_a_question_once),
	RUN(a_question_that_nobody_answers_is_refused_after_ten_seconds),
	RUN(without_a_listener_there_is_no_question), RUN(a_question_withdrawn_is_answered_in_vain),
	RUN(a_phone_that_closes_refuses_what_is_asked), RUN(more_open_questions_than_the_limit_are_not_asked),
	RUN(every_allocation_of_a_question_may_fail), RUN(an_invite_with_join_finds_its_call_or_is_refused),
	RUN(where_nobody_may_join_the_header_says_nothing), RUN(every_allocation_of_a_join_may_fail))
