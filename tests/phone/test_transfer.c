/* Transfers: the program asks, is asked, and sees both calls; what a peer may ask for; Replaces. */
#include "peer.h"

#include "offhook/refer.h"
#include "phone/question.h"
#include "phone/refer.h"

#define CAROL_IP "192.0.2.3"

/* alice and bob of the rig, and carol, who may be called. */
struct three {
	struct rig *r;
	struct side c;
};

static void on_side_question(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_QUESTION)
		CHECK_OK(offhook_question_answer(s->phone, e->question->ticket, 200, NULL));
}

static void three_open(struct three *t)
{
	t->r = rig_new(OFFHOOK_DELIVER_INLINE);
	t->c = (struct side){.rig = t->r, .name = "carol", .ip = CAROL_IP};
	CHECK_OK(side_start(&t->c, OFFHOOK_DELIVER_INLINE, NULL));
}

/* Each ends what it still has. */
static void end_all(struct side *s)
{
	offhook_id calls[8];
	long n = offhook_calls(s->phone, calls, ARRAY_LEN(calls));

	for (long i = 0; i < n; i++)
		(void)offhook_call_hangup(s->phone, calls[i], NULL);
}

static void three_close(struct three *t)
{
	end_all(&t->r->a);
	end_all(&t->r->b);
	end_all(&t->c);
	rig_run_ms(t->r, 100000);
	side_check_quiet(&t->c);
	side_check_quiet(&t->r->a);
	side_check_quiet(&t->r->b);
	offhook_phone_free(t->c.phone);
	host_free(t->c.host);
	rig_drop(t->r);
}

static offhook_id call_from(struct side *s, const char *uri)
{
	struct offhook_call_cfg cfg;
	offhook_id id;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	CHECK_OK(offhook_call_make(s->phone, s->account, &cfg, &id));
	return id;
}

static enum offhook_call_state state_of(struct side *s, offhook_id call)
{
	struct offhook_call_info *info;
	enum offhook_call_state state;

	if (offhook_call_get_info(s->phone, call, &info))
		return OFFHOOK_CALL_DISCONNECTED;
	state = info->state;
	offhook_call_info_free(info);
	return state;
}

/* RFC 5589 6.1: bob, asked by alice, calls carol. */
TEST(a_blind_transfer_with_the_consent_of_the_program)
{
	struct three t;
	offhook_id old, made;

	three_open(&t);
	rig_talk(t.r);
	old = t.r->b.call;
	side_forget(&t.r->a);
	side_forget(&t.r->b);
	CHECK_OK(offhook_call_transfer(
		t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP "?X-Ticket=7%2B8", NULL, 0));
	CHECK_EQ(offhook_call_transfer(t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP, NULL, 0), OH_EBUSY);
	CHECK(rig_wait(&t.r->b, "QUESTION(1,sip:carol@" CAROL_IP "?X-Ticket=7%2B8)"));
	CHECK_STR(t.r->a.log, "");
	CHECK_OK(offhook_question_answer(t.r->b.phone, t.r->b.ticket, 200, NULL));
	CHECK(rig_wait(&t.c, "INCOMING"));
	CHECK(strstr(t.c.message, "\r\nReferred-By: \"alice\" <sip:alice@" RIG_A_IP ">\r\n") != NULL);
	CHECK(strstr(t.c.message, "\r\nX-Ticket: 7+8\r\n") != NULL);
	made = t.r->b.call;
	CHECK(made != old);
	CHECK_EQ(t.r->b.other, old);
	CHECK_OK(side_answer(&t.c, 180));
	rig_run_ms(t.r, 100);
	CHECK_OK(side_answer(&t.c, 200));
	CHECK(rig_wait(&t.r->b, "CONFIRMED"));
	rig_run_ms(t.r, 100);
	CHECK_STR(t.r->a.log, "TRANSFER(100,Accepted,0) TRANSFER(100,Trying,0) TRANSFER(180,Ringing,0) "
			      "TRANSFER(200,OK,1) ");
	CHECK_STR(t.r->b.log,
		"QUESTION(1,sip:carol@" CAROL_IP "?X-Ticket=7%2B8) TRANSFERRED CALLING EARLY(180) "
		"CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");
	/* Both calls stand: nobody has hung up. */
	CHECK_EQ(state_of(&t.r->b, old), OFFHOOK_CALL_CONFIRMED);
	CHECK_EQ(state_of(&t.r->b, made), OFFHOOK_CALL_CONFIRMED);
	CHECK_EQ(state_of(&t.r->a, t.r->a.call), OFFHOOK_CALL_CONFIRMED);
	CHECK_EQ(offhook_call_transfer_stop(t.r->a.phone, t.r->a.call), OH_ESTATE);
	three_close(&t);
}

TEST(a_transfer_is_refused_by_the_program_or_by_its_silence)
{
	struct three t;

	three_open(&t);
	rig_talk(t.r);
	side_forget(&t.r->a);
	CHECK_OK(offhook_call_transfer(t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP, NULL, 0));
	CHECK(rig_wait(&t.r->b, "QUESTION"));
	CHECK_OK(offhook_question_answer(t.r->b.phone, t.r->b.ticket, 486, "Later"));
	CHECK(rig_wait(&t.r->a, "TRANSFER(486,Later,1) "));
	CHECK_OK(offhook_call_transfer(t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP, NULL, 0));
	rig_run_ms(t.r, 9000);
	CHECK_STR(t.r->a.log, "TRANSFER(486,Later,1) ");
	CHECK(rig_wait(&t.r->a, "TRANSFER(603,Decline,1) "));
	CHECK_EQ(state_of(&t.r->a, t.r->a.call), OFFHOOK_CALL_CONFIRMED);
	three_close(&t);
}

TEST(a_transfer_to_somebody_who_refuses_or_is_not_there)
{
	static const struct {
		const char *uri;
		unsigned code;
		const char *told;
	} rows[] = {{"sip:carol@" CAROL_IP, 486, "TRANSFER(486,Busy Here,1) "},
		{"sip:carol@192.0.2.77", 0, "TRANSFER(503,Service Unavailable,1) "},
		{"sip:carol@no-such-host.test", 0, "TRANSFER(503,Service Unavailable,1) "}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct three t;

		three_open(&t);
		rig_talk(t.r);
		t.r->b.handler = on_side_question;
		side_forget(&t.r->a);
		CHECK_OK(offhook_call_transfer(t.r->a.phone, t.r->a.call, rows[i].uri, NULL, 0));
		if (rows[i].code) {
			CHECK(rig_wait(&t.c, "INCOMING"));
			CHECK_OK(side_answer(&t.c, rows[i].code));
		}
		CHECK(rig_wait(&t.r->a, ",1) "));
		if (!strstr(t.r->a.log, rows[i].told) &&
			!strstr(t.r->a.log, "TRANSFER(408,Request Timeout,1)"))
			CHECK_STR(t.r->a.log, rows[i].told);
		three_close(&t);
	}
}

/* RFC 5589 6.1: the transferor hangs up as soon as he was heard. */
TEST(the_one_who_asked_hangs_up_and_the_new_call_goes_on)
{
	struct three t;
	offhook_id made;

	three_open(&t);
	rig_talk(t.r);
	t.r->b.handler = on_side_question;
	CHECK_OK(offhook_call_transfer(t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP, NULL, 0));
	CHECK(rig_wait(&t.r->a, "TRANSFER(100,Accepted,0)"));
	CHECK_OK(side_hangup(&t.r->a, 0));
	CHECK(rig_wait(&t.c, "INCOMING"));
	made = t.r->b.call;
	CHECK_OK(side_answer(&t.c, 180));
	rig_run_ms(t.r, 1000);
	CHECK_OK(side_answer(&t.c, 200));
	CHECK(rig_wait(&t.r->b, "TRANSFERRED CALLING DISCONNECTED(200) EARLY(180)"));
	rig_run_ms(t.r, 1000);
	CHECK_EQ(state_of(&t.r->b, t.r->b.other), OFFHOOK_CALL_DISCONNECTED);
	CHECK_EQ(state_of(&t.c, t.c.call), OFFHOOK_CALL_CONFIRMED);
	CHECK(made != 0);
	three_close(&t);
}

static enum sim_fate lose_first_bye(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	unsigned *n_byes = arg;

	(void)delay_ns;
	if (p->n < 4 || memcmp(p->data, "BYE ", 4) != 0)
		return SIM_BY_RULE;
	return ++*n_byes == 1 ? SIM_DROP : SIM_BY_RULE;
}

/* A NOTIFY in the same dialog that overtook the BYE would make the peer refuse its repetition as out of order. */
TEST(what_is_reported_does_not_overtake_a_bye)
{
	struct three t;
	unsigned n_byes = 0;
	offhook_id old;

	three_open(&t);
	rig_talk(t.r);
	old = t.r->b.call;
	t.r->b.handler = on_side_question;
	CHECK_OK(offhook_call_transfer(t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP, NULL, 0));
	CHECK(rig_wait(&t.c, "INCOMING"));
	rig_run_ms(t.r, 100);
	sim_filter(t.r->sim, lose_first_bye, &n_byes);
	CHECK_OK(offhook_call_hangup(t.r->b.phone, old, NULL));
	CHECK_OK(side_answer(&t.c, 200));
	CHECK(rig_wait(&t.r->a, "DISCONNECTED(200)"));
	CHECK_EQ(n_byes, 2);
	three_close(&t);
}

TEST(the_call_ends_while_the_program_is_asked)
{
	for (int who = 0; who < 2; who++) {
		struct three t;

		three_open(&t);
		rig_talk(t.r);
		side_forget(&t.r->a);
		CHECK_OK(offhook_call_transfer(t.r->a.phone, t.r->a.call, "sip:carol@" CAROL_IP, NULL, 0));
		CHECK(rig_wait(&t.r->b, "QUESTION"));
		CHECK_OK(side_hangup(who ? &t.r->a : &t.r->b, 0));
		rig_run_ms(t.r, 1000);
		CHECK_EQ(offhook_question_answer(t.r->b.phone, t.r->b.ticket, 200, NULL), OH_ENOENT);
		CHECK_STR(t.c.log, "");
		three_close(&t);
	}
}

/* alice talks to bob and to carol; bob is to take her place at carol. Returns alice's call to carol. */
static offhook_id consult(struct three *t, bool answered)
{
	offhook_id second;

	rig_talk(t->r);
	CHECK_OK(offhook_call_hold(t->r->a.phone, t->r->a.call, NULL, 0));
	CHECK(rig_wait(&t->r->a, "MEDIA(LOCAL_HOLD"));
	second = call_from(&t->r->a, "sip:carol@" CAROL_IP);
	CHECK(rig_wait(&t->c, "INCOMING"));
	CHECK_OK(side_answer(&t->c, 180));
	rig_run_ms(t->r, 100);
	if (answered)
		CHECK_OK(side_answer(&t->c, 200));
	rig_run_ms(t->r, 1000);
	t->r->b.handler = t->c.handler = on_side_question;
	side_forget(&t->r->a);
	side_forget(&t->r->b);
	side_forget(&t->c);
	return second;
}

static offhook_id first_call(struct side *s)
{
	offhook_id calls[2];

	CHECK(offhook_calls(s->phone, calls, 2) >= 1);
	return calls[0];
}

/* RFC 5589 7.1. */
TEST(an_attended_transfer_takes_the_place_of_the_second_call)
{
	struct three t;
	offhook_id first, second, carols;

	three_open(&t);
	second = consult(&t, true);
	first = first_call(&t.r->a);
	carols = t.c.call;
	CHECK_EQ(offhook_call_transfer_to(t.r->a.phone, first, first, NULL, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_transfer_to(t.r->a.phone, first, 0, NULL, 0), OH_ENOENT);
	CHECK_OK(offhook_call_transfer_to(t.r->a.phone, first, second, NULL, 0));
	CHECK(rig_wait(&t.c, "REPLACED"));
	CHECK(strstr(t.c.log, "QUESTION(2,)") != NULL);
	CHECK_EQ(state_of(&t.c, carols), OFFHOOK_CALL_DISCONNECTED);
	rig_run_ms(t.r, 1000);
	CHECK(strstr(t.r->a.log, "TRANSFER(200,OK,1)") != NULL);
	CHECK(strstr(t.r->a.log, "DISCONNECTED(200)") != NULL); /* carol's BYE of the replaced one */
	CHECK_EQ(state_of(&t.r->a, first), OFFHOOK_CALL_CONFIRMED);
	CHECK_EQ(state_of(&t.c, t.c.other), OFFHOOK_CALL_CONFIRMED);
	CHECK(strstr(t.c.log, "INCOMING") == NULL);
	three_close(&t);
}

/* RFC 5589 7.6, figure 11: the request waits for the answer of the one who still rings. */
TEST(a_semi_attended_transfer_waits_for_the_answer)
{
	struct three t;
	offhook_id first, second;

	three_open(&t);
	second = consult(&t, false);
	first = first_call(&t.r->a);
	CHECK_OK(offhook_call_transfer_to(t.r->a.phone, first, second, NULL, 0));
	rig_run_ms(t.r, 3000);
	CHECK_STR(t.r->a.log, "");
	CHECK_OK(side_answer(&t.c, 200));
	CHECK(rig_wait(&t.r->a, "TRANSFER(200,OK,1)"));
	CHECK(rig_wait(&t.c, "REPLACED"));
	three_close(&t);
}

TEST(a_semi_attended_transfer_fails_with_the_one_who_rings)
{
	struct three t;
	offhook_id first, second;

	three_open(&t);
	second = consult(&t, false);
	first = first_call(&t.r->a);
	CHECK_OK(offhook_call_transfer_to(t.r->a.phone, first, second, NULL, 0));
	CHECK_OK(side_answer(&t.c, 486));
	CHECK(rig_wait(&t.r->a, "TRANSFER(486,Busy Here,1)"));
	CHECK_EQ(state_of(&t.r->a, first), OFFHOOK_CALL_CONFIRMED);

	/* Given up: nothing is sent. */
	second = call_from(&t.r->a, "sip:carol@" CAROL_IP);
	CHECK(rig_wait(&t.c, "INCOMING"));
	CHECK_OK(offhook_call_transfer_to(t.r->a.phone, first, second, NULL, 0));
	CHECK_OK(offhook_call_transfer_stop(t.r->a.phone, first));
	CHECK_OK(side_answer(&t.c, 200));
	rig_run_ms(t.r, 1000);
	CHECK(strstr(t.r->b.log, "QUESTION") == NULL);
	three_close(&t);
}

TEST(what_cannot_be_transferred)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_header bad = {"X-A", "a\r\nb"};

	CHECK_EQ(offhook_call_transfer(r->a.phone, 77, "sip:carol@" CAROL_IP, NULL, 0), OH_ENOENT);
	rig_call(r);
	CHECK_EQ(offhook_call_transfer(r->a.phone, r->a.call, "sip:carol@" CAROL_IP, NULL, 0), OH_ESTATE);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK_EQ(offhook_call_transfer(r->a.phone, r->a.call, "tel:+123", NULL, 0), OH_ESCHEME);
	CHECK_EQ(offhook_call_transfer(r->a.phone, r->a.call, "carol", NULL, 0), OH_EURI);
	CHECK_EQ(offhook_call_transfer(r->a.phone, r->a.call, NULL, NULL, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_transfer(r->a.phone, r->a.call, "sip:carol@" CAROL_IP, &bad, 1), OH_EINVAL);
	rig_close(r);
}

/* ---- a peer word by word ---- */

static const char offer[] = "v=0\r\no=- 1 1 IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP
			    "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/* The peer talks to bob; bob's tag. */
static void talk_to(struct peer *p, char tag[64])
{
	peer_say(p, "INVITE", "bob", "", 1, "", offer);
	CHECK_OK(side_answer(&p->r->b, 200));
	peer_hear(p);
	peer_tag(p, tag);
	peer_say(p, "ACK", "bob", tag, 1, "", "");
}

TEST(what_a_refer_must_look_like)
{
	static const struct {
		const char *headers, *answer;
	} rows[] = {
		{"", "SIP/2.0 400 "},
		{"Refer-To: <sip:a@192.0.2.3>\r\nRefer-To: <sip:b@192.0.2.3>\r\n", "SIP/2.0 400 "},
		{"Refer-To: sip:\r\n", "SIP/2.0 400 "},
		{"Refer-To: <sip:a@192.0.2.3>, <sip:b@192.0.2.3>\r\n", "SIP/2.0 400 "},
		{"Refer-To: <http://192.0.2.3/>\r\n", "SIP/2.0 603 "},
		{"Refer-To: <tel:+12345>\r\n", "SIP/2.0 603 "},
		{"Refer-To: <sip:a@192.0.2.3;method=BYE>\r\n", "SIP/2.0 603 "},
		{"Refer-To: <sip:a@192.0.2.3>\r\nReplaces: a;to-tag=1;from-tag=2\r\n", "SIP/2.0 400 "},
		{"Refer-To: <sip:a@192.0.2.3>\r\nRequire: nothing\r\n", "SIP/2.0 420 "},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	peer_open(&p, r);
	talk_to(&p, tag);
	side_forget(&r->b);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		peer_say(&p, "REFER", "bob", tag, 2 + (unsigned)i, rows[i].headers, "");
		CHECK(peer_got(&p, rows[i].answer));
	}
	/* Nobody was asked. */
	CHECK_STR(r->b.log, "");
	/* Neither of these belongs to anything. */
	peer_say(&p, "NOTIFY", "bob", tag, 20, "Event: refer\r\nSubscription-State: active\r\n", "");
	CHECK(peer_got(&p, "SIP/2.0 481 "));
	peer_say(&p, "SUBSCRIBE", "bob", tag, 21, "Event: refer\r\n", "");
	CHECK(peer_got(&p, "SIP/2.0 403 "));
	peer_say(&p, "BYE", "bob", tag, 22, "", "");
	peer_close(&p);
	rig_run_ms(r, 100000);
	rig_drop(r);
}

TEST(outside_of_calls_nobody_makes_us_call_and_nothing_is_told)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	peer_say(&p, "REFER", "bob", "", 1, "Refer-To: <sip:carol@192.0.2.3>\r\n", "");
	CHECK(peer_got(&p, "SIP/2.0 603 "));
	peer_say(&p, "SUBSCRIBE", "bob", "", 2, "Event: message-summary\r\n", "");
	CHECK(peer_got(&p, "SIP/2.0 489 Bad Event\r\n") &&
		peer_got(&p, "\r\nAllow-Events: refer, presence, dialog\r\n"));
	peer_say(&p, "NOTIFY", "bob", "", 3, "Event: presence\r\nSubscription-State: active\r\n", "");
	CHECK(peer_got(&p, "SIP/2.0 481 "));
	CHECK_STR(r->b.log, "");
	peer_close(&p);
	rig_run_ms(r, 100000);
	rig_drop(r);
}

static void allow_refer(struct offhook_phone_cfg *cfg)
{
	cfg->refer_outside_calls = 1;
}

TEST(where_the_program_allows_it_a_refer_outside_of_calls_is_asked)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, allow_refer);
	struct peer p;

	peer_open(&p, r);
	r->b.handler = on_side_question;
	peer_say(&p, "REFER", "bob", "", 1, "Refer-To: <sip:alice@" RIG_A_IP ">\r\n", "");
	CHECK(rig_wait(&r->a, "INCOMING"));
	CHECK(strstr(r->b.log, "QUESTION(1,sip:alice@" RIG_A_IP ") TRANSFERRED CALLING") != NULL);
	CHECK_EQ(r->b.other, 0);
	CHECK_OK(side_answer(&r->a, 200));
	peer_hear(&p);
	rig_run_ms(r, 40000);
	peer_hear(&p);
	CHECK(peer_got(&p, "NOTIFY ") && peer_got(&p, "\r\nEvent: refer\r\n"));
	peer_close(&p);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 100000);
	side_check_quiet(&r->b);
	rig_drop(r);
}

/* ---- we ask, outside of calls ---- */

/* alice's computer asks bob's phone to call carol. */
static int click(struct side *s, const struct offhook_refer *more, offhook_id *ret_id)
{
	struct offhook_refer refer = more ? *more : (struct offhook_refer){.refer_to = "sip:carol@" CAROL_IP};

	refer.size = sizeof(refer);
	if (!refer.uri)
		refer.uri = "sip:bob@" RIG_B_IP;
	return offhook_refer(s->phone, s->account, &refer, ret_id);
}

static void three_open_asked(struct three *t)
{
	t->r = rig_new_with(OFFHOOK_DELIVER_INLINE, allow_refer);
	t->c = (struct side){.rig = t->r, .name = "carol", .ip = CAROL_IP};
	CHECK_OK(side_start(&t->c, OFFHOOK_DELIVER_INLINE, NULL));
	t->r->b.handler = on_side_question;
}

TEST(somebody_is_asked_to_call_and_tells_how_it_goes)
{
	struct three t;
	offhook_id id = 0;

	three_open_asked(&t);
	CHECK_OK(click(&t.r->a, NULL, &id));
	CHECK(rig_wait(&t.c, "INCOMING"));
	CHECK(strstr(t.c.message, "\r\nReferred-By: \"alice\" <sip:alice@" RIG_A_IP ">\r\n") != NULL);
	CHECK_EQ(t.r->b.other, 0);
	CHECK_OK(side_answer(&t.c, 180));
	rig_run_ms(t.r, 100);
	CHECK_OK(side_answer(&t.c, 200));
	CHECK(rig_wait(&t.r->a, "REFER(200,OK,1)"));
	CHECK_STR(t.r->a.log,
		"REFER(100,Accepted,0) REFER(100,Trying,0) REFER(180,Ringing,0) REFER(200,OK,1) ");
	CHECK_EQ(offhook_refer_stop(t.r->a.phone, id), OH_ENOENT);
	three_close(&t);
}

/* RFC 4488: he agrees, and nothing else is told; RFC 3892: who asks is the program's to say. */
TEST(somebody_is_asked_to_call_and_need_not_tell)
{
	static const struct {
		const char *says, *told;
	} rows[] = {{"sip:boss@192.0.2.1", "\r\nReferred-By: <sip:boss@192.0.2.1>\r\n"}, {"", NULL}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct offhook_refer refer = {.refer_to = "sip:carol@" CAROL_IP "?X-Why=web",
			.without_progress = 1,
			.referred_by = rows[i].says};
		struct three t;

		three_open_asked(&t);
		CHECK_OK(click(&t.r->a, &refer, NULL));
		CHECK(rig_wait(&t.c, "INCOMING"));
		CHECK(strstr(t.c.message, "\r\nX-Why: web\r\n") != NULL);
		CHECK(rows[i].told ? strstr(t.c.message, rows[i].told) != NULL
				   : strstr(t.c.message, "Referred-By") == NULL);
		CHECK_OK(side_answer(&t.c, 200));
		rig_run_ms(t.r, 1000);
		CHECK_STR(t.r->a.log, "REFER(100,Accepted,0) REFER(200,OK,1) ");
		three_close(&t);
	}
}

TEST(who_is_asked_to_call_refuses_or_is_not_there)
{
	static const struct {
		const char *uri, *told;
	} rows[] = {{"sip:bob@" RIG_B_IP, "REFER(603,Decline,1) "}, /* outside of calls he takes none */
		{"sip:bob@nowhere.test", "REFER(0,,1,OH_ERESOLVE) "},
		{"sip:bob@192.0.2.77", "REFER(408,Request Timeout,1) "},
		{"sip:bob@two.test", "REFER(603,Decline,1) "}}; /* the first address is silent */

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct offhook_refer refer = {.uri = rows[i].uri, .refer_to = "sip:carol@" CAROL_IP};
		struct three t;

		three_open(&t);
		CHECK_OK(sim_dns_addr(t.r->sim, "two.test", "192.0.2.77"));
		CHECK_OK(sim_dns_addr(t.r->sim, "two.test", RIG_B_IP));
		CHECK_OK(click(&t.r->a, &refer, NULL));
		CHECK(rig_wait(&t.r->a, "REFER("));
		CHECK_STR(t.r->a.log, rows[i].told);
		three_close(&t);
	}
}

TEST(whoever_has_asked_may_stop_listening)
{
	struct three t;
	offhook_id id = 0;

	three_open_asked(&t);
	CHECK_OK(click(&t.r->a, NULL, &id));
	CHECK(rig_wait(&t.c, "INCOMING"));
	CHECK(rig_wait(&t.r->a, "REFER(100,Trying,0)"));
	CHECK_OK(offhook_refer_stop(t.r->a.phone, id));
	CHECK_OK(side_answer(&t.c, 180));
	CHECK_OK(side_answer(&t.c, 200));
	CHECK(rig_wait(&t.r->b, "CONFIRMED"));
	CHECK(strstr(t.r->a.log, "REFER(180") == NULL);
	three_close(&t);
}

TEST(what_nobody_can_be_asked_for)
{
	static const struct offhook_header bad = {"Via", "x"};
	static const struct {
		struct offhook_refer refer;
		int err;
	} rows[] = {
		{{.refer_to = NULL}, OH_EINVAL},
		{{.refer_to = "sip:c@h", .call = 7}, OH_EINVAL},
		{{.call = 7}, OH_ENOENT},
		{{.refer_to = "carol"}, OH_EURI},
		{{.refer_to = "tel:+1"}, OH_ESCHEME},
		{{.refer_to = "sip:c@h", .referred_by = "x"}, OH_EURI},
		{{.refer_to = "sip:c@h", .uri = "x"}, OH_EURI},
		{{.refer_to = "sip:c@h", .headers = &bad, .n_headers = 1}, OH_EINVAL},
	};
	struct offhook_refer refer = {.size = sizeof(refer), .refer_to = "sip:c@" CAROL_IP};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(click(&r->a, &rows[i].refer, NULL), rows[i].err);
	CHECK_EQ(offhook_refer(r->a.phone, 0, &refer, NULL), OH_EINVAL);
	refer.uri = "sip:bob@" RIG_B_IP;
	CHECK_EQ(offhook_refer(r->a.phone, 77, &refer, NULL), OH_ENOENT);
	for (unsigned i = 0; i < REFERS_MAX; i++)
		CHECK_OK(click(&r->a, NULL, NULL));
	CHECK_EQ(click(&r->a, NULL, NULL), OH_ETOOMANY);
	rig_call(r);
	refer.refer_to = NULL;
	refer.call = r->a.call;
	CHECK_EQ(offhook_refer(r->a.phone, 0, &refer, NULL), OH_ESTATE);
	/* Those that are open go with the phone. */
	rig_drop(r);
}

TEST(what_we_tell_of_is_said_where_it_is_of_use)
{
	static const char allow[] = "\r\nAllow-Events: refer, presence, dialog\r\n";
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	rig_call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(strstr(r->b.message, allow) != NULL);
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY(180)"));
	CHECK(strstr(r->a.message, allow) != NULL);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(strstr(r->a.message, allow) != NULL);
	peer_open(&p, r);
	peer_say(&p, "OPTIONS", "bob", "", 1, "", "");
	CHECK(peer_got(&p, "SIP/2.0 200 ") && peer_got(&p, allow));
	peer_close(&p);
	rig_close(r);
}

static int refer_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, allow_refer);
	const struct offhook_refer refer = {
		.refer_to = "sip:x@192.0.2.77", .referred_by = "sip:a@b", .without_progress = arg != NULL};
	int err;

	if (!r)
		return OH_ENOMEM;
	err = click(&r->a, &refer, NULL);
	rig_run_ms(r, 1000);
	if (!err && r->b.ticket)
		(void)offhook_question_answer(r->b.phone, r->b.ticket, 200, NULL);
	rig_run_ms(r, 100000);
	/* Whatever was missing on the way: the end was told. */
	if (!err && !strstr(r->a.log, ",1) "))
		err = OH_EDIALOG;
	end_all(&r->b);
	rig_run_ms(r, 100000);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_asking_somebody_to_call_may_fail)
{
	check_every_allocation_fails(refer_with_failing_memory, NULL);
	check_every_allocation_fails(refer_with_failing_memory, (void *)"without progress");
}

static void ask_with(struct peer *p, unsigned cseq, const char *headers)
{
	peer_ask(p, &(struct peer_request){
			    .method = "INVITE", .user = "bob", .cseq = cseq, .more = headers, .body = offer});
}

/* RFC 3891 3. */
TEST(an_invite_with_replaces_finds_its_call_or_is_refused)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64], line[256];

	peer_open(&p, r);
	/* No such dialog; not to be read; twice. */
	snprintf(line, sizeof(line), "Replaces: two;to-tag=a;from-tag=b\r\n");
	ask_with(&p, 31, line);
	CHECK(peer_got(&p, "SIP/2.0 481 "));
	snprintf(line, sizeof(line), "Replaces: two\r\n");
	ask_with(&p, 32, line);
	CHECK(peer_got(&p, "SIP/2.0 400 "));
	snprintf(line, sizeof(line),
		"Replaces: two;to-tag=a;from-tag=b\r\nReplaces: two;to-tag=a;from-tag=b\r\n");
	ask_with(&p, 33, line);
	CHECK(peer_got(&p, "SIP/2.0 400 "));
	CHECK_STR(r->b.log, "");

	/* A call that rings here is not replaced; a confirmed one not when only an early one is meant. */
	peer_say(&p, "INVITE", "bob", "", 1, "", offer);
	CHECK_OK(side_answer(&r->b, 180));
	peer_hear(&p);
	peer_tag(&p, tag);
	snprintf(line, sizeof(line), "Replaces: one;to-tag=%s;from-tag=us\r\n", tag);
	ask_with(&p, 34, line);
	CHECK(peer_got(&p, "SIP/2.0 48"));
	CHECK_OK(side_answer(&r->b, 200));
	peer_hear(&p);
	peer_say(&p, "ACK", "bob", tag, 1, "", "");
	snprintf(line, sizeof(line), "Replaces: one;to-tag=%s;from-tag=us;early-only\r\n", tag);
	ask_with(&p, 35, line);
	CHECK(peer_got(&p, "SIP/2.0 486 "));

	/* Asked, and nobody answers. */
	side_forget(&r->b);
	snprintf(line, sizeof(line), "Replaces: one;to-tag=%s;from-tag=us\r\nRequire: replaces\r\n", tag);
	ask_with(&p, 36, line);
	CHECK_STR(r->b.log, "QUESTION(2,) ");
	/* The refusals before, which this peer does not acknowledge, come again and again. */
	for (int i = 0; i < 300 && !strstr(p.got, "SIP/2.0 603 "); i++)
		peer_hear(&p);
	CHECK(peer_got(&p, "SIP/2.0 603 "));
	CHECK_STR(r->b.log, "QUESTION(2,) ");
	peer_say(&p, "BYE", "bob", tag, 22, "", "");
	peer_close(&p);
	rig_run_ms(r, 100000);
	rig_drop(r);
}

static int transfer_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	int err = r ? 0 : OH_ENOMEM;

	(void)arg;
	if (!r)
		return err;
	r->b.handler = NULL;
	err = rig_try_call(r);
	if (!err) {
		rig_run_ms(r, 100);
		if (r->b.call && side_answer(&r->b, 200) == 0) {
			rig_run_ms(r, 2000);
			err = offhook_call_transfer(r->a.phone, r->a.call, "sip:x@" RIG_A_IP, NULL, 0);
			rig_run_ms(r, 1000);
			if (r->b.ticket)
				(void)offhook_question_answer(r->b.phone, r->b.ticket, 200, NULL);
			rig_run_ms(r, 1000);
		}
	}
	end_all(&r->a);
	end_all(&r->b);
	rig_run_ms(r, 100000);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_transfer_may_fail)
{
	check_every_allocation_fails(transfer_with_failing_memory, NULL);
}

TESTS(RUN(a_blind_transfer_with_the_consent_of_the_program),
	RUN(a_transfer_is_refused_by_the_program_or_by_its_silence),
	RUN(a_transfer_to_somebody_who_refuses_or_is_not_there),
	RUN(the_one_who_asked_hangs_up_and_the_new_call_goes_on),
	RUN(what_is_reported_does_not_overtake_a_bye), RUN(the_call_ends_while_the_program_is_asked),
	RUN(an_attended_transfer_takes_the_place_of_the_second_call),
	RUN(a_semi_attended_transfer_waits_for_the_answer),
	RUN(a_semi_attended_transfer_fails_with_the_one_who_rings), RUN(what_cannot_be_transferred),
	RUN(what_a_refer_must_look_like), RUN(outside_of_calls_nobody_makes_us_call_and_nothing_is_told),
	RUN(where_the_program_allows_it_a_refer_outside_of_calls_is_asked),
	RUN(somebody_is_asked_to_call_and_tells_how_it_goes),
	RUN(somebody_is_asked_to_call_and_need_not_tell), RUN(who_is_asked_to_call_refuses_or_is_not_there),
	RUN(whoever_has_asked_may_stop_listening), RUN(what_nobody_can_be_asked_for),
	RUN(what_we_tell_of_is_said_where_it_is_of_use),
	RUN(every_allocation_of_asking_somebody_to_call_may_fail),
	RUN(an_invite_with_replaces_finds_its_call_or_is_refused),
	RUN(every_allocation_of_a_transfer_may_fail))
