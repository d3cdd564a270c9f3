/* Who calls: what we say about ourselves, whom we believe, what an INVITE tells, and calls that are answered at once. */
#include "peer.h"

static const char offer[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			    "m=audio 4000 RTP/AVP 8\r\n";

static int set_identity(struct side *s, struct offhook_identity_cfg cfg)
{
	cfg.size = sizeof(cfg);
	return offhook_account_set_identity(s->phone, s->account, &cfg);
}

static const char *header(const struct side *s, const char *name, char buf[256])
{
	if (offhook_message_header(s->message, strlen(s->message), name, 0, buf, 256) < 0)
		buf[0] = '\0';
	return buf;
}

/* ---- ours ---- */

TEST(a_call_without_a_name)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_info *info;
	char buf[256];

	CHECK_OK(set_identity(&r->a, (struct offhook_identity_cfg){.anonymous = 1}));
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	header(&r->b, "From", buf);
	CHECK(strstr(buf, "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=") == buf);
	CHECK_STR(header(&r->b, "Privacy", buf), "id");
	CHECK_STR(header(&r->b, "Contact", buf), "<sip:" RIG_A_IP ":5060>");
	CHECK(!strstr(r->b.message, "alice"));
	/* We know who we are, and the call works both ways. */
	info = side_info(&r->a);
	CHECK_STR(info->local_uri, "\"alice\" <sip:alice@" RIG_A_IP ">");
	offhook_call_info_free(info);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	CHECK(rig_wait(&r->a, "REMOTE_HOLD"));
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED"));
	rig_close(r);
}

TEST(identities_of_the_account_and_of_one_call)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_identity_cfg own = {.size = sizeof(own), .preferred_identity = "\"Al\" <tel:+4930>"};
	struct offhook_header privacy = {"Privacy", "none"};
	struct offhook_account_cfg account;
	struct offhook_call_cfg cfg;
	char buf[256];

	CHECK_OK(set_identity(&r->a, (struct offhook_identity_cfg){.privacy = "header; critical",
					     .preferred_identity = "sip:al@example.com",
					     .asserted_identity = "<sip:alice@example.com;user=phone>"}));
	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_STR(header(&r->b, "Privacy", buf), "header; critical");
	CHECK_STR(header(&r->b, "P-Preferred-Identity", buf), "<sip:al@example.com>");
	CHECK_STR(header(&r->b, "P-Asserted-Identity", buf), "<sip:alice@example.com;user=phone>");
	CHECK(strstr(header(&r->b, "From", buf), "alice"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED"));

	/* It outlives a change of the account. */
	offhook_account_cfg_init(&account);
	account.uri = "sip:alice@" RIG_A_IP;
	CHECK_OK(offhook_account_modify(r->a.phone, r->a.account, &account));
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP;
	cfg.headers = &privacy;
	cfg.n_headers = 1;
	side_forget(&r->b);
	CHECK_OK(offhook_call_make(r->a.phone, r->a.account, &cfg, &r->a.call));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_STR(header(&r->b, "Privacy", buf), "none");
	CHECK_STR(header(&r->b, "P-Preferred-Identity", buf), "<sip:al@example.com>");
	CHECK_OK(side_hangup(&r->a, 0));

	/* One call may be another one's. */
	cfg.identity = &own;
	cfg.n_headers = 0;
	side_forget(&r->b);
	CHECK_OK(offhook_call_make(r->a.phone, r->a.account, &cfg, &r->a.call));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_STR(header(&r->b, "Privacy", buf), "");
	CHECK_STR(header(&r->b, "P-Preferred-Identity", buf), "\"Al\" <tel:+4930>");
	CHECK_STR(header(&r->b, "P-Asserted-Identity", buf), "");
	own.preferred_identity = "mailto:x@y.z";
	CHECK_EQ(offhook_call_make(r->a.phone, r->a.account, &cfg, &r->a.call), OH_ESCHEME);
	rig_close(r);
}

TEST(settings_that_cannot_be)
{
	static const struct {
		struct offhook_identity_cfg cfg;
		int err;
	} rows[] = {
		{{.privacy = "secret"}, OH_EINVAL},
		{{.privacy = ""}, OH_EINVAL},
		{{.privacy = "id;;user"}, OH_EINVAL},
		{{.preferred_identity = "sip:a b"}, OH_EURI},
		{{.preferred_identity = "<sip:a@b>\r\n"}, OH_EURI},
		{{.asserted_identity = "http://example.com"}, OH_ESCHEME},
		{{.asserted_identity = "*"}, OH_EURI},
		{{.trusted = "192.0.2.1/33"}, OH_EINVAL},
		{{.trusted = "host.example.com"}, OH_EINVAL},
		{{.trusted = "2001:db8::/129"}, OH_EINVAL},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	char many[2048] = "";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (set_identity(&r->a, rows[i].cfg) != rows[i].err)
			fail_msg("row %zu", i);
	for (int i = 0; i < 65; i++)
		strcat(many, "192.0.2.1 ");
	CHECK_EQ(set_identity(&r->a, (struct offhook_identity_cfg){.trusted = many}), OH_EINVAL);
	CHECK_EQ(offhook_account_set_identity(r->a.phone, 1, NULL), OH_ENOENT);
	CHECK_OK(offhook_account_set_identity(r->a.phone, r->a.account, NULL));
	CHECK_EQ(offhook_account_set_auto_answer(r->a.phone, r->a.account, 9, 0), OH_EINVAL);
	CHECK_EQ(offhook_account_set_auto_answer(r->a.phone, r->a.account, 1, 600001), OH_EINVAL);
	CHECK_EQ(offhook_account_set_auto_answer(r->a.phone, 1, OFFHOOK_AUTO_ANSWER_OFF, 0), OH_ENOENT);
	rig_close(r);
}

/* ---- theirs ---- */

#define ASSERTED "P-Asserted-Identity: \"Carol\" <sip:carol@example.com>, <tel:+4930>\r\n"

TEST(only_who_is_trusted_says_who_calls)
{
	static const struct {
		const char *trusted, *asserted;
	} rows[] = {
		{NULL, ""},
		{"192.0.2.8, 198.51.100.0/24 2001:db8::/32", ""},
		{PEER_IP, "\"Carol\" <sip:carol@example.com>"},
		{"198.51.100.1 192.0.2.9/32", "\"Carol\" <sip:carol@example.com>"},
		{"192.0.2.15/29", "\"Carol\" <sip:carol@example.com>"},
		{"192.0.2.16/29", ""},
		{"0.0.0.0/0", "\"Carol\" <sip:carol@example.com>"},
		{"::/0", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct offhook_call_info *info;
		struct peer p;

		peer_open(&p, r);
		CHECK_OK(set_identity(&r->b,
			(struct offhook_identity_cfg){.trusted = rows[i].trusted, .trust_registrar = 1}));
		peer_say(&p, "INVITE", NULL, "", 1, ASSERTED, offer);
		CHECK(rig_wait(&r->b, "INCOMING"));
		info = side_info(&r->b);
		CHECK_STR(info->asserted_identity, rows[i].asserted);
		offhook_call_info_free(info);
		CHECK_OK(side_hangup(&r->b, 0));
		rig_run_ms(r, 40000);
		peer_close(&p);
		rig_close(r);
	}
}

static const char telling[] =
	"INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n"
	"From: \"Mr. X\" <sip:x@example.com>;tag=1\r\nTo: <sip:bob@192.0.2.2>\r\nCall-ID: 1\r\nCSeq: 1 "
	"INVITE\r\n" ASSERTED
	"P-Asserted-Identity: <sip:third@example.com>\r\nP-Preferred-Identity: <sip:p@example.com>\r\n"
	"Privacy: id;user\r\n"
	"Diversion: \"Bob\" <sip:bob@example.com>;reason=user-busy;counter=2;privacy=\"full\",\r\n"
	" <sip:dave@example.com?x=y>;counter=x\r\n"
	"Diversion: <tel:+4940>;reason=\"no-answer\"\r\n"
	"History-Info: <sip:a@example.com>;index=1\r\n"
	"History-Info: \"B\" <sip:b@example.com?Reason=SIP%3Bcause%3D486%3Btext%3D%22Busy%22&Privacy=history>"
	";index=1.1;rc=1, <sip:c@example.com;cause=302>;index=1.2;mp=1\r\n"
	"History-Info: <<<\r\n"
	"Alert-Info: <http://example.com/ring.wav>;info=\"a, b\", <x:y>\r\n"
	"Answer-Mode: Auto;require\r\nContent-Length: 0\r\n\r\n";

TEST(what_an_invite_tells)
{
	struct offhook_caller *c;

	CHECK_OK(offhook_caller_read(telling, strlen(telling), &c));
	CHECK_STR(c->uri, "sip:x@example.com");
	CHECK_STR(c->name, "Mr. X");
	CHECK_STR(c->asserted, "\"Carol\" <sip:carol@example.com>");
	CHECK_STR(c->asserted_other, "<tel:+4930>");
	CHECK_STR(c->preferred, "<sip:p@example.com>");
	CHECK_STR(c->privacy, "id;user");
	CHECK_STR(c->alert_info, "<http://example.com/ring.wav>;info=\"a, b\"");
	CHECK_EQ(c->n_diversions, 3);
	CHECK_STR(c->diversions[0].uri, "sip:bob@example.com");
	CHECK_STR(c->diversions[0].name, "Bob");
	CHECK_STR(c->diversions[0].reason, "user-busy");
	CHECK_STR(c->diversions[0].privacy, "full");
	CHECK_EQ(c->diversions[0].counter, 2);
	CHECK_STR(c->diversions[1].uri, "sip:dave@example.com");
	CHECK_EQ(c->diversions[1].counter, 1);
	CHECK_STR(c->diversions[2].uri, "tel:+4940");
	CHECK_STR(c->diversions[2].reason, "no-answer");
	CHECK_EQ(c->n_history, 3);
	CHECK_STR(c->history[0].index, "1");
	CHECK_STR(c->history[0].why, "");
	CHECK_EQ(c->history[0].hidden, 0);
	CHECK_STR(c->history[1].uri, "sip:b@example.com");
	CHECK_STR(c->history[1].name, "B");
	CHECK_EQ(c->history[1].cause, 486);
	CHECK_EQ(c->history[1].hidden, 1);
	CHECK_STR(c->history[1].why, "rc");
	CHECK_STR(c->history[1].from, "1");
	CHECK_EQ(c->history[2].cause, 302);
	CHECK_STR(c->history[2].why, "mp");
	CHECK_EQ(c->answer_mode, OFFHOOK_ANSWER_MODE_AUTO);
	CHECK_EQ(c->answer_mode_required, 1);
	offhook_caller_free(c);
	offhook_caller_free(NULL);
	CHECK_EQ(offhook_caller_read("no message", 10, &c), OH_ESYNTAX);
	CHECK_EQ(offhook_caller_read(NULL, 0, &c), OH_EINVAL);
}

/* The limit of its lists, and a message that tells nothing. */
TEST(an_invite_that_tells_too_much_or_nothing)
{
	char text[8192] = "INVITE sip:bob@192.0.2.2 SIP/2.0\r\nDiversion: <sip:0@x>";
	struct offhook_caller *c;

	for (int i = 1; i < 50; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", <sip:%d@x>", i);
	strcat(text, "\r\n\r\n");
	CHECK_OK(offhook_caller_read(text, strlen(text), &c));
	CHECK_EQ(c->n_diversions, OFFHOOK_CALLER_LIST_MAX);
	CHECK_STR(c->diversions[31].uri, "sip:31@x");
	CHECK_EQ(c->n_history, 0);
	CHECK_STR(c->uri, "");
	CHECK_STR(c->asserted, "");
	CHECK_EQ(c->answer_mode, OFFHOOK_ANSWER_MODE_NONE);
	offhook_caller_free(c);
}

/* ---- answered without the program ---- */

TEST(calls_that_are_answered_at_once)
{
	static const struct {
		enum offhook_auto_answer which;
		bool trusted;
		const char *header, *answer; /* what the caller has heard after 2 s */
	} rows[] = {
		{OFFHOOK_AUTO_ANSWER_OFF, true, "Answer-Mode: Auto;require\r\n", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Answer-Mode: Auto\r\n", "200 OK"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Priv-Answer-Mode: auto;require\r\n", "200 OK"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Answer-Mode: Manual\r\n", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Answer-Mode: Whenever\r\n", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, false, "Answer-Mode: Auto\r\n", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, false, "Answer-Mode: Auto;require\r\n",
			"403 automatic answer forbidden"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Call-Info: <sip:x>;answer-after=1\r\n", "200 OK"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Call-Info: <sip:x>, <sip:y>;a=b;answer-after=0\r\n",
			"200 OK"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Call-Info: <sip:x>;answer-after=99999\r\n",
			"100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Call-Info: <sip:x>;answer-after=3\r\n", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Call-Info: answer-after\r\n", "100 Trying"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Alert-Info: <x:y>;info=alert-autoanswer;delay=0\r\n",
			"200 OK"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Alert-Info: <x:y>;info=alert-autoanswer\r\n",
			"200 OK"},
		{OFFHOOK_AUTO_ANSWER_REQUESTED, true, "Alert-Info: <x:y>;info=alert-internal\r\n",
			"100 Trying"},
		{OFFHOOK_AUTO_ANSWER_ALWAYS, false, "", "200 OK"},
		{OFFHOOK_AUTO_ANSWER_ALWAYS, false, "Answer-Mode: Manual\r\n", "200 OK"},
		{OFFHOOK_AUTO_ANSWER_ALWAYS, false, "Answer-Mode: Manual;require\r\n", "100 Trying"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct peer p;

		peer_open(&p, r);
		CHECK_OK(set_identity(
			&r->b, (struct offhook_identity_cfg){.trusted = rows[i].trusted ? PEER_IP : NULL}));
		CHECK_OK(offhook_account_set_auto_answer(r->b.phone, r->b.account, rows[i].which, 500));
		peer_say(&p, "INVITE", NULL, "", 1, rows[i].header, offer);
		rig_run_ms(r, 150);
		if (rows[i].answer[0] != '4')
			CHECK(peer_hear(&p) && peer_got(&p, "SIP/2.0 100 "));
		rig_run_ms(r, 240);
		CHECK(!strstr(r->b.log, "CONNECTING"));
		rig_run_ms(r, 1400);
		(void)peer_hear(&p);
		if (!strstr(p.got, rows[i].answer))
			fail_msg("row %zu: %s", i, p.got);
		(void)side_hangup(&r->b, 0);
		rig_run_ms(r, 40000);
		peer_close(&p);
		rig_close(r);
	}
}

TEST(a_call_that_ends_or_is_answered_before_its_time)
{
	for (int how = 0; how < 2; how++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

		CHECK_OK(offhook_account_set_auto_answer(
			r->b.phone, r->b.account, OFFHOOK_AUTO_ANSWER_ALWAYS, 5000));
		rig_call(r);
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK_OK(how ? side_answer(&r->b, 200) : side_hangup(&r->a, 0));
		rig_run_ms(r, 10000);
		CHECK(strstr(r->b.log, how ? "CONFIRMED" : "DISCONNECTED(487)"));
		rig_close(r);
	}
}

/* ---- why it ends ---- */

TEST(a_reason_goes_out)
{
	static const struct {
		unsigned q850, sip;
		const char *text, *value;
	} rows[] = {
		{16, 0, NULL, "Q.850;cause=16"},
		{0, 200, "Call \"completed\" else\\where",
			"SIP;cause=200;text=\"Call \\\"completed\\\" else\\\\where\""},
		{17, 486, "Busy", "Q.850;cause=17;text=\"Busy\", SIP;cause=486;text=\"Busy\""},
	};
	struct offhook_header other = {"X-A", "b"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct offhook_answer how;
		char buf[256];

		offhook_answer_init(&how);
		how.code = 0;
		how.reason_q850 = rows[i].q850;
		how.reason_sip = rows[i].sip;
		how.reason_text = rows[i].text;
		how.headers = &other;
		how.n_headers = 1;
		rig_talk(r);
		CHECK_OK(offhook_call_hangup(r->a.phone, r->a.call, &how));
		CHECK(rig_wait(&r->b, "DISCONNECTED"));
		CHECK_STR(header(&r->b, "Reason", buf), rows[i].value);
		CHECK_STR(header(&r->b, "X-A", buf), "b");
		rig_close(r);
	}
}

TEST(reasons_that_are_none)
{
	static const char much[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
				   "01234567890123456789012345";
	static const struct offhook_answer rows[] = {{.reason_q850 = 128}, {.reason_sip = 199},
		{.reason_sip = 700}, {.reason_q850 = 16, .reason_text = "a\nb"},
		{.reason_q850 = 16, .reason_text = much}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_answer how = rows[i];

		how.size = sizeof(how);
		CHECK_EQ(offhook_call_hangup(r->a.phone, r->a.call, &how), OH_EINVAL);
	}
	rig_close(r);
}

/* ---- memory ---- */

static int known_caller_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_identity_cfg cfg = {.size = sizeof(cfg),
		.anonymous = 1,
		.asserted_identity = "sip:alice@example.com",
		.trusted = RIG_A_IP};
	struct offhook_caller *c;
	int err = r ? 0 : OH_ENOMEM;

	(void)arg;
	if (!err)
		err = offhook_account_set_identity(r->a.phone, r->a.account, &cfg);
	if (!err)
		err = offhook_account_set_identity(r->b.phone, r->b.account, &cfg);
	if (!err)
		err = offhook_account_set_auto_answer(
			r->b.phone, r->b.account, OFFHOOK_AUTO_ANSWER_ALWAYS, 0);
	if (!err)
		err = rig_try_call(r);
	if (!err) {
		struct offhook_answer how;

		rig_run_ms(r, 1000);
		if (*r->b.message && offhook_caller_read(r->b.message, strlen(r->b.message), &c) == 0)
			offhook_caller_free(c);
		offhook_answer_init(&how);
		how.code = 0;
		how.reason_q850 = 16;
		(void)offhook_call_hangup(r->a.phone, r->a.call, &how);
		rig_run_ms(r, 1000);
	}
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_known_caller_may_fail)
{
	check_every_allocation_fails(known_caller_with_failing_memory, NULL);
}

TESTS(RUN(a_call_without_a_name), RUN(identities_of_the_account_and_of_one_call),
	RUN(settings_that_cannot_be), RUN(only_who_is_trusted_says_who_calls), RUN(what_an_invite_tells),
	RUN(an_invite_that_tells_too_much_or_nothing), RUN(calls_that_are_answered_at_once),
	RUN(a_call_that_ends_or_is_answered_before_its_time), RUN(a_reason_goes_out),
	RUN(reasons_that_are_none), RUN(every_allocation_of_a_known_caller_may_fail))
