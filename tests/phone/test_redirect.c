/* A call that is sent to somebody else by a 3xx (RFC 3261 8.1.3.4), and one that is refused as too short (RFC 4028
 * 7.3) or for an extension (8.1.3.5). */
#include "peer.h"

#include "phone/call_redirect.h"

#include "offhook/tls.h"
#include "tls/certs.h"

#include <unistd.h>

#define NOBODY   "192.0.2.66" /* no machine at all */
#define BOB      "sip:bob@" RIG_B_IP
#define TO_BOB   "Contact: <" BOB ">\r\n"
#define CAROL    "sip:carol@" NOBODY
#define TO_CAROL "Contact: <" CAROL ">;q=0.2\r\n"

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			  "m=audio 4000 RTP/AVP 8\r\n";

/* The way of the account of a. */
static void set_redirect(struct side *s, enum offhook_redirect redirect)
{
	struct offhook_session_cfg cfg;

	offhook_session_cfg_init(&cfg);
	cfg.redirect = redirect;
	CHECK_OK(offhook_account_set_session(s->phone, s->account, &cfg));
}

static int try_call(struct side *s, const char *uri, const struct offhook_header *h)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	cfg.headers = h;
	cfg.n_headers = h ? 1 : 0;
	return offhook_call_make(s->phone, s->account, &cfg, &s->call);
}

/* a calls the stranger, who hears the INVITE. Answered with peer_respond(), whose own Contact is whom a has called. */
static struct rig *rig_calling(struct peer *p, enum offhook_redirect redirect)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	set_redirect(&r->a, redirect);
	peer_open(p, r);
	CHECK_OK(try_call(&r->a, "sip:peer@" PEER_IP, NULL));
	CHECK(peer_hear(p));
	return r;
}

static void close_both(struct peer *p, struct rig *r)
{
	peer_close(p);
	rig_close(r);
}

static const char *header(const char *message, const char *name, char buf[256])
{
	CHECK(offhook_message_header(message, strlen(message), name, 0, buf, 256) >= 0);
	return buf;
}

/* ---- who decides ---- */

TEST(the_program_agrees_and_the_call_goes_on)
{
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_DEFAULT);
	char first[256], again[256];
	unsigned number;

	sscanf(header(p.got, "CSeq", first), "%u", &number);
	peer_respond(&p, "302 Moved Temporarily", TO_CAROL TO_BOB, "");
	CHECK(rig_wait(&r->a, "QUESTION(4," BOB ")"));
	CHECK(strstr(r->a.message, "\r\n" TO_CAROL));
	CHECK_STR(r->b.log, "");
	CHECK_OK(offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	/* RFC 3261 8.1.3.4: the same call. */
	CHECK_STR(header(r->b.message, "Call-ID", again), header(p.got, "Call-ID", first));
	CHECK_STR(header(r->b.message, "From", again), header(p.got, "From", first));
	CHECK_STR(header(r->b.message, "To", again), header(p.got, "To", first));
	snprintf(first, sizeof(first), "%u INVITE", number + 1);
	CHECK_STR(header(r->b.message, "CSeq", again), first);
	CHECK(strstr(r->b.message, "INVITE " BOB " SIP/2.0\r\n") == r->b.message);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK_STR(r->a.log, "CALLING QUESTION(4," BOB ") REDIRECTED(" BOB
			    ") CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");
	close_both(&p, r);
}

TEST(the_program_refuses_by_word_by_silence_or_by_setting)
{
	for (int how = 0; how < 3; how++) {
		struct peer p;
		struct rig *r = rig_calling(&p, how == 2 ? OFFHOOK_REDIRECT_NEVER : OFFHOOK_REDIRECT_DEFAULT);

		peer_respond(&p, "301 Gone Away", TO_BOB, "");
		rig_run_ms(r, 10);
		if (how == 0)
			CHECK_OK(offhook_question_answer(r->a.phone, r->a.ticket, 603, NULL));
		else if (how == 1)
			rig_run_ms(r, 10000);
		/* As it would have ended at once: with the peer's words. */
		CHECK(rig_wait(&r->a, "DISCONNECTED(301)"));
		CHECK(strstr(r->a.message, "SIP/2.0 301 Gone Away\r\n") == r->a.message);
		CHECK(strstr(r->a.message, TO_BOB));
		CHECK_STR(r->b.log, "");
		close_both(&p, r);
	}
}

static void deaf(struct offhook_phone_cfg *cfg)
{
	cfg->on_event = NULL;
}

TEST(without_a_listener_the_call_ends)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, deaf);
	struct peer p;

	peer_open(&p, r);
	CHECK_OK(try_call(&r->a, "sip:peer@" PEER_IP, NULL));
	CHECK(peer_hear(&p));
	peer_respond(&p, "302 Moved Temporarily", TO_BOB, "");
	rig_run_ms(r, 10);
	CHECK_EQ(offhook_calls(r->a.phone, NULL, 0), 0);
	peer_close(&p);
	rig_drop(r);
}

TEST(a_call_that_ends_while_it_is_asked_about)
{
	for (int how = 0; how < 3; how++) {
		struct peer p;
		struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_ASK);
		struct offhook_request info = {.size = sizeof(info), .method = "INFO"};

		peer_respond(&p, "302 Moved Temporarily", TO_BOB, "");
		CHECK(rig_wait(&r->a, "QUESTION"));
		CHECK_EQ(offhook_call_request(r->a.phone, r->a.call, &info), OH_EENDED);
		if (how == 0) {
			CHECK_OK(side_hangup(&r->a, 0));
			CHECK(rig_wait(&r->a, "DISCONNECTED(487)"));
		} else if (how == 1) {
			CHECK_OK(offhook_transport_remove(r->a.phone, r->a.transport));
			CHECK(rig_wait(&r->a, "DISCONNECTED(503)"));
		} else {
			CHECK_OK(offhook_phone_close(r->a.phone, 0));
			CHECK(strstr(r->a.log, "DISCONNECTED"));
		}
		CHECK(offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL) < 0);
		CHECK_STR(r->b.log, "");
		if (how < 2) {
			close_both(&p, r);
		} else {
			peer_close(&p);
			rig_drop(r);
		}
	}
}

/* ---- to whom ---- */

TEST(one_after_the_other_until_somebody_answers)
{
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_FOLLOW);

	/* carol is silent for 32 s, the next one cannot even be looked for, bob is there. */
	peer_respond(&p, "300 Multiple Choices",
		"Contact: <" CAROL ">;q=0.75, <" BOB
		">;q=0.003, \"x\" <sip:x@192.0.2.77;transport=tls>;q=0.5\r\n",
		"");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_STR(r->a.log, "CALLING REDIRECTED(" CAROL
			    ") REDIRECTED(sip:x@192.0.2.77;transport=tls) REDIRECTED(" BOB ") ");
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	close_both(&p, r);
}

TEST(a_name_that_does_not_exist_leads_to_the_next_one)
{
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_FOLLOW);

	peer_respond(&p, "302 Moved Temporarily",
		"Contact: <sip:a@no.example.com>;q=x, <sip:b@nor.example.com>;q=0.7z\r\n", "");
	CHECK(rig_wait(&r->a, "DISCONNECTED(503)"));
	CHECK(strstr(r->a.log, "REDIRECTED(sip:a@no.example.com) REDIRECTED(sip:b@nor.example.com) "));
	close_both(&p, r);
}

TEST(the_last_refusal_is_the_end)
{
	static const struct {
		const char *answer, *log;
	} rows[] = {
		{"486 Busy Here", "QUESTION(4," CAROL ") "},
		{"603 Decline", "DISCONNECTED(603) "}, /* for all (RFC 3261 21.6) */
		{"503 Service Unavailable", "QUESTION(4," CAROL ") "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer p;
		struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_ASK);
		unsigned code = (unsigned)atoi(rows[i].answer);

		peer_respond(&p, "302 Moved Temporarily", TO_CAROL TO_BOB, "");
		CHECK(rig_wait(&r->a, "QUESTION"));
		CHECK_OK(offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL));
		CHECK(rig_wait(&r->b, "INCOMING"));
		side_forget(&r->a);
		CHECK_OK(side_answer(&r->b, code));
		rig_run_ms(r, 10);
		CHECK_STR(r->a.log, rows[i].log);
		if (code != 603)
			CHECK_OK(offhook_question_answer(r->a.phone, r->a.ticket, 603, NULL));
		CHECK(strstr(r->a.log, "DISCONNECTED"));
		CHECK(strstr(r->a.message, rows[i].answer) == r->a.message + strlen("SIP/2.0 "));
		close_both(&p, r);
	}
}

TEST(what_is_no_other_address_ends_the_call)
{
	static const struct {
		const char *status, *contacts;
	} rows[] = {
		{"302 Moved Temporarily", ""}, /* whom we have called (peer_respond()) */
		{"302 Moved Temporarily", "Contact: <tel:+4930123>, <mailto:x@y.z>\r\n"},
		{"302 Moved Temporarily", "Contact: <sip:peer@" PEER_IP "?Subject=x>\r\n"},
		{"305 Use Proxy", TO_BOB},
		{"380 Alternative Service", TO_BOB},
		{"404 Not Found", TO_BOB},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct peer p;
		struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_FOLLOW);

		peer_respond(&p, rows[i].status, rows[i].contacts, "");
		rig_run_ms(r, 10);
		if (strstr(r->a.log, "CALLING DISCONNECTED(") != r->a.log)
			fail_msg("row %zu: %s", i, r->a.log);
		close_both(&p, r);
	}
}

/* Two that send us to each other. */
TEST(a_loop_ends)
{
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_FOLLOW);
	struct offhook_header back = {"Contact", "<sip:peer@" PEER_IP ">, <" BOB ">"};
	struct offhook_answer answer;

	offhook_answer_init(&answer);
	answer.code = 302;
	answer.headers = &back;
	answer.n_headers = 1;
	peer_respond(&p, "302 Moved Temporarily", TO_BOB, "");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(offhook_call_answer(r->b.phone, r->b.call, &answer));
	CHECK(rig_wait(&r->a, "DISCONNECTED(302)"));
	close_both(&p, r);
}

TEST(more_addresses_than_the_limit_are_not_called)
{
	char contacts[2048] = "Contact: ";
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_ASK);
	unsigned asked = 0;

	for (unsigned i = 0; i < 2 * REDIRECT_TARGETS_MAX; i++) {
		size_t n = strlen(contacts);

		snprintf(contacts + n, sizeof(contacts) - n, "%s<sip:%u@no.example.com>", i ? ", " : "", i);
	}
	strcat(contacts, "\r\n");
	peer_respond(&p, "302 Moved Temporarily", contacts, "");
	while (rig_wait(&r->a, "QUESTION")) {
		side_forget(&r->a);
		asked++;
		(void)offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL);
	}
	CHECK_EQ(asked, REDIRECT_TARGETS_MAX);
	CHECK(strstr(r->a.log, "DISCONNECTED(503)"));
	close_both(&p, r);
}

TEST(early_audio_goes_with_who_sent_it)
{
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_FOLLOW);

	peer_respond(&p, "183 Session Progress", "", sdp);
	CHECK(rig_wait(&r->a, "MEDIA(ACTIVE"));
	peer_respond(&p, "302 Moved Temporarily", TO_BOB, "");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_STR(
		r->a.log, "CALLING EARLY(183) MEDIA(ACTIVE,3,slot) REDIRECTED(" BOB ") MEDIA(NULL,3,none) ");
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	close_both(&p, r);
}

/* ---- what must not be given away ---- */

static const struct offhook_credential alice = {.realm = "*", .user = "alice", .password = "secret"};

static void add_account(struct side *s, bool asks)
{
	struct offhook_account_cfg cfg;
	struct offhook_auth_cfg auth;
	struct offhook_challenge_cfg ask;
	char uri[64];

	offhook_auth_cfg_init(&auth);
	auth.credentials = &alice;
	auth.n_credentials = 1;
	offhook_challenge_cfg_init(&ask);
	ask.realm = "office";
	ask.users = &alice;
	ask.n_users = 1;
	offhook_account_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:%s@%s", s->name, s->ip);
	cfg.uri = uri;
	cfg.auth = asks ? NULL : &auth;
	cfg.challenge = asks ? &ask : NULL;
	cfg.make_default = 1;
	cfg.priority = 1;
	CHECK_OK(offhook_account_add(s->phone, &cfg, &s->account));
}

/* A stranger who has named the target would have a hash of the password to try lists on. */
TEST(a_stranger_names_somebody_who_asks_for_a_proof)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_header proof = {"Authorization", "Digest username=\"alice\""};
	struct peer p;

	add_account(&r->a, false);
	add_account(&r->b, true);
	set_redirect(&r->a, OFFHOOK_REDIRECT_FOLLOW);
	peer_open(&p, r);
	CHECK_OK(try_call(&r->a, "sip:peer@" PEER_IP, &proof));
	CHECK(peer_hear(&p));
	CHECK(peer_got(&p, "\r\nAuthorization: "));
	peer_respond(&p, "302 Moved Temporarily", TO_BOB, "");
	CHECK(rig_wait(&r->a, "DISCONNECTED(401)"));
	CHECK_STR(r->b.log, "");
	close_both(&p, r);
}

/* bob sends alice to another name of his. */
static void send_elsewhere(struct side *bob)
{
	struct offhook_header contact = {"Contact", "<sip:robert@" RIG_B_IP ">"};
	struct offhook_answer answer;

	offhook_answer_init(&answer);
	answer.code = 302;
	answer.headers = &contact;
	answer.n_headers = 1;
	(void)offhook_call_answer(bob->phone, bob->call, &answer);
}

TEST(who_was_called_may_ask_at_another_address_of_his)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	add_account(&r->a, false);
	add_account(&r->b, true);
	set_redirect(&r->a, OFFHOOK_REDIRECT_FOLLOW);
	CHECK_OK(try_call(&r->a, BOB, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	side_forget(&r->b);
	send_elsewhere(&r->b);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	rig_close(r);
}

static void add_tls(struct side *s, const char *pem)
{
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	offhook_id id;

	offhook_tls_cfg_init(&tls);
	tls.cert_file = tls.ca_file = pem;
	offhook_transport_cfg_init(&cfg);
	cfg.type = OFFHOOK_TLS;
	cfg.address = s->ip;
	cfg.port = 5061;
	cfg.tls = &tls;
	CHECK_OK(offhook_transport_add(s->phone, &cfg, &id));
}

TEST(from_sips_only_to_sips)
{
	const struct cert_cfg cfg = {.cn = "b", .san = "IP:192.0.2.1,IP:192.0.2.2"};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_header contact = {
		"Contact", "<sip:plain@" RIG_B_IP ">, <sips:safe@" RIG_B_IP ":5061>;q=0.1"};
	struct offhook_answer answer;
	struct cert cert;
	char pem[64];

	cert_make(&cfg, &cert);
	cert_write(cert.pem, cert.key_pem, pem);
	add_tls(&r->a, pem);
	add_tls(&r->b, pem);
	offhook_answer_init(&answer);
	answer.code = 302;
	answer.headers = &contact;
	answer.n_headers = 1;
	set_redirect(&r->a, OFFHOOK_REDIRECT_FOLLOW);
	CHECK_OK(try_call(&r->a, "sips:bob@" RIG_B_IP ":5061", NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	side_forget(&r->b);
	CHECK_OK(offhook_call_answer(r->b.phone, r->b.call, &answer));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(strstr(r->a.log, "REDIRECTED(sips:safe@" RIG_B_IP ":5061) "));
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000000); /* until unused connections close */
	unlink(pem);
	cert_free(&cert);
	rig_close(r);
}

/* ---- 422 ---- */

TEST(a_call_that_is_too_short_is_made_again)
{
	static const enum offhook_session_timer timers[] = {OFFHOOK_TIMER_ACCEPT, OFFHOOK_TIMER_OFFER};

	for (size_t i = 0; i < ARRAY_LEN(timers); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct offhook_session_cfg cfg;
		char first[256], again[256];
		struct peer p;

		offhook_session_cfg_init(&cfg);
		cfg.timer = timers[i];
		cfg.session_expires_s = 90;
		CHECK_OK(offhook_account_set_session(r->a.phone, r->a.account, &cfg));
		peer_open(&p, r);
		CHECK_OK(try_call(&r->a, "sip:peer@" PEER_IP, NULL));
		CHECK(peer_hear(&p));
		header(p.got, "From", first);
		peer_respond(&p, "422 Session Interval Too Small", "Min-SE: 500\r\n", "");
		CHECK(peer_hear(&p));
		CHECK_STR(header(p.got, "From", again), first);
		CHECK(peer_got(&p, "\r\nSession-Expires: 500"));
		CHECK(peer_got(&p, "\r\nMin-SE: 500\r\n"));
		peer_respond(&p, "422 Session Interval Too Small", "Min-SE: 700\r\n", "");
		CHECK(peer_hear(&p));
		CHECK(peer_got(&p, "\r\nMin-SE: 700\r\n"));
		peer_respond(&p, "200 OK", "Session-Expires: 700;refresher=uas\r\nRequire: timer\r\n", sdp);
		CHECK(rig_wait(&r->a, "CONFIRMED"));
		CHECK_STR(r->a.log, "CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");
		close_both(&p, r);
	}
}

TEST(a_422_that_cannot_be_obeyed_ends_the_call)
{
	static const char *const rows[] = {"", "Min-SE: 0\r\n", "Min-SE: 100000000\r\n", "Min-SE: x\r\n"};
	struct peer p;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_NEVER);

		peer_respond(&p, "422 Session Interval Too Small", rows[i], "");
		CHECK(rig_wait(&r->a, "DISCONNECTED(422)"));
		close_both(&p, r);
	}
}

TEST(a_422_that_never_ends_is_obeyed_four_times)
{
	struct peer p;
	struct rig *r = rig_calling(&p, OFFHOOK_REDIRECT_NEVER);
	unsigned n = 0;

	do {
		char min_se[64];

		snprintf(min_se, sizeof(min_se), "Min-SE: %u\r\n", 100 + n++);
		peer_respond(&p, "422 Session Interval Too Small", min_se, "");
	} while (!strstr(r->a.log, "DISCONNECTED(422)") && peer_hear(&p) && n < 50);
	CHECK(rig_wait(&r->a, "DISCONNECTED(422)"));
	CHECK(n >= 5 && n <= 10); /* the ACKs are heard too */
	close_both(&p, r);
}

/* ---- 420 and 421 ---- */

static struct rig *rig_calling_as(struct peer *p, const struct offhook_session_cfg *cfg)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	CHECK_OK(offhook_account_set_session(r->a.phone, r->a.account, cfg));
	peer_open(p, r);
	CHECK_OK(try_call(&r->a, "sip:peer@" PEER_IP, NULL));
	CHECK(peer_hear(p));
	return r;
}

/* RFC 3261 8.1.3.5, 21.4.16. */
TEST(a_call_that_names_an_extension_too_many_or_too_few_is_made_again)
{
	static const struct {
		const char *status, *headers, *again, *not_again;
	} rows[] = {
		{"420 Bad Extension", "Unsupported: 100rel\r\n", "\r\nSupported: timer, 199, replaces",
			"100rel"},
		{"420 Bad Extension", "Unsupported: timer, 100rel\r\n", "\r\nSupported: 199, replaces",
			"100rel"},
		{"421 Extension Required", "Require: 100rel\r\n", "\r\nRequire: 100rel\r\n",
			"Session-Expires"},
		{"421 Extension Required", "Require: timer\r\n", "\r\nSession-Expires: 1800",
			"Require: 100rel"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_session_cfg cfg;
		char first[256], again[256];
		struct peer p;
		struct rig *r;
		unsigned number;

		offhook_session_cfg_init(&cfg);
		r = rig_calling_as(&p, &cfg);
		sscanf(header(p.got, "CSeq", first), "%u", &number);
		header(p.got, "Call-ID", first);
		peer_respond(&p, rows[i].status, rows[i].headers, "");
		CHECK(peer_hear(&p));
		CHECK_STR(header(p.got, "Call-ID", again), first);
		snprintf(first, sizeof(first), "%u INVITE", number + 1);
		CHECK_STR(header(p.got, "CSeq", again), first);
		CHECK(peer_got(&p, rows[i].again));
		CHECK(strstr(p.got, rows[i].not_again) == NULL);
		/* Once only. */
		peer_respond(&p, rows[i].status, rows[i].headers, "");
		CHECK(rig_wait(&r->a, i < 2 ? "DISCONNECTED(420)" : "DISCONNECTED(421)"));
		close_both(&p, r);
	}
}

TEST(what_the_program_requires_or_has_turned_off_stays_so)
{
	static const struct {
		enum offhook_reliable reliable;
		enum offhook_session_timer timer;
		const char *status, *headers, *end;
	} rows[] = {
		{OFFHOOK_RELIABLE_REQUIRED, 0, "420 Bad Extension", "Unsupported: 100rel\r\n",
			"DISCONNECTED(420)"},
		{0, OFFHOOK_TIMER_REQUIRE, "420 Bad Extension", "Unsupported: 100rel, timer\r\n",
			"DISCONNECTED(420)"},
		{OFFHOOK_RELIABLE_OFF, 0, "421 Extension Required", "Require: 100rel\r\n",
			"DISCONNECTED(421)"},
		{0, OFFHOOK_TIMER_OFF, "421 Extension Required", "Require: 100rel, timer\r\n",
			"DISCONNECTED(421)"},
		{0, 0, "420 Bad Extension", "Unsupported: replaces\r\n", "DISCONNECTED(420)"},
		{0, 0, "420 Bad Extension", "", "DISCONNECTED(420)"},
		{0, 0, "421 Extension Required", "Require: strange\r\n", "DISCONNECTED(421)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_session_cfg cfg;
		struct peer p;
		struct rig *r;

		offhook_session_cfg_init(&cfg);
		cfg.reliable = rows[i].reliable;
		cfg.timer = rows[i].timer;
		r = rig_calling_as(&p, &cfg);
		peer_respond(&p, rows[i].status, rows[i].headers, "");
		CHECK(rig_wait(&r->a, rows[i].end));
		close_both(&p, r);
	}
}

/* ---- memory ---- */

static int redirected_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_session_cfg cfg;
	int err = r ? 0 : OH_ENOMEM;

	if (err)
		return err;
	offhook_session_cfg_init(&cfg);
	cfg.redirect = *(enum offhook_redirect *)arg;
	err = offhook_account_set_session(r->a.phone, r->a.account, &cfg);
	if (!err)
		err = try_call(&r->a, BOB, NULL);
	rig_run_ms(r, 1000);
	send_elsewhere(&r->b);
	rig_run_ms(r, 1000);
	if (r->a.ticket)
		(void)offhook_question_answer(r->a.phone, r->a.ticket, 200, NULL);
	rig_run_ms(r, 1000);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_redirected_call_may_fail)
{
	static enum offhook_redirect ways[] = {OFFHOOK_REDIRECT_ASK, OFFHOOK_REDIRECT_FOLLOW};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		check_every_allocation_fails(redirected_with_failing_memory, &ways[i]);
}

TESTS(RUN(the_program_agrees_and_the_call_goes_on), RUN(the_program_refuses_by_word_by_silence_or_by_setting),
	RUN(without_a_listener_the_call_ends), RUN(a_call_that_ends_while_it_is_asked_about),
	RUN(one_after_the_other_until_somebody_answers),
	RUN(a_name_that_does_not_exist_leads_to_the_next_one), RUN(the_last_refusal_is_the_end),
	RUN(what_is_no_other_address_ends_the_call), RUN(a_loop_ends),
	RUN(more_addresses_than_the_limit_are_not_called), RUN(early_audio_goes_with_who_sent_it),
	RUN(a_stranger_names_somebody_who_asks_for_a_proof),
	RUN(who_was_called_may_ask_at_another_address_of_his), RUN(from_sips_only_to_sips),
	RUN(a_call_that_is_too_short_is_made_again), RUN(a_422_that_cannot_be_obeyed_ends_the_call),
	RUN(a_422_that_never_ends_is_obeyed_four_times),
	RUN(a_call_that_names_an_extension_too_many_or_too_few_is_made_again),
	RUN(what_the_program_requires_or_has_turned_off_stays_so),
	RUN(every_allocation_of_a_redirected_call_may_fail))
