/*
 * A call that comes, against a scripted peer: RFC 3261 13.3, 14.2 and 15 in their odd moments.
 */
#include "../sip/rig.h"
#include "pair.h"

#include <stdio.h>

struct story {
	struct rig *r;
	struct end e;
};

static struct story *story_new(void)
{
	struct story *t = calloc(1, sizeof(*t));
	struct sip_stack_cfg cfg = {0};

	CHECK(t);
	cfg.handler = end_stack_handler(&t->e);
	t->r = rig_new_with(&cfg);
	CHECK(t->r);
	t->e.name = "we";
	t->e.stack = t->r->stack;
	t->e.policy = inv_policy_default();
	return t;
}

static void story_close(struct story *t)
{
	inv_free(t->e.inv);
	rig_run_for(t->r, 136000);
	rig_close(t->r);
	free(t);
}

static const char offer_1[] = "Content-Type: application/sdp\nContent-Length: 7\n\noffer-1";

static void invite(struct story *t, const char *more)
{
	rig_send(t->r, rig_request(t->r, "INVITE", "z9hG4bKi", 1, more));
}

static void incoming(struct story *t)
{
	invite(t, offer_1);
	CHECK_STR(t->e.log, "INCOMING offer:offer-1");
	CHECK_EQ(inv_status(t->e.inv), 0);
	t->e.log[0] = 0;
}

/* A request inside the dialog that `response` of ours made. */
static void inside(struct story *t, const char *response, const char *method, const char *branch,
	unsigned cseq, const char *more)
{
	char tagged[256];
	const char *tag = strstr(rig_header(t->r, response, "To"), ";tag=");

	CHECK(tag);
	snprintf(tagged, sizeof(tagged), "%s%s", method, tag);
	rig_send(t->r, rig_request(t->r, tagged, branch, cseq, more));
}

/* Returns the 200. */
static const char *confirmed(struct story *t)
{
	const char *ok;

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 OK");
	inside(t, ok, "ACK", "z9hG4bKa", 1, "");
	CHECK_STR(t->e.log, "CONNECTING(200) CONFIRMED(200)");
	t->e.log[0] = 0;
	return ok;
}

TEST(the_caller_cancels)
{
	struct story *t = story_new();
	const char *refusal;

	incoming(t);
	end_reply(&t->e, 180, NULL);
	rig_expect(t->r, "SIP/2.0 180 Ringing");
	rig_send(t->r, rig_request(t->r, "CANCEL", "z9hG4bKi", 1, ""));
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "SIP/2.0 200 "), "CSeq"), "CANCEL"));
	refusal = rig_expect(t->r, "SIP/2.0 487 Request Terminated");
	inside(t, refusal, "ACK", "z9hG4bKi", 1, "");
	CHECK_STR(t->e.log, "EARLY(180) DISCONNECTED(487)");
	CHECK_STR(t->e.reason_text, "Request Terminated");
	CHECK_EQ(t->e.by, INV_ENDED_BY_PEER);
	story_close(t);
}

/* RFC 3261 17.2.1: who answers within 200 ms needs no 100, which costs a message a call. */
TEST(rfc3261_17_2_1_a_100_goes_only_to_those_who_wait)
{
	struct story *t = story_new();

	incoming(t);
	rig_expect_at(t->r, 200, "SIP/2.0 100 Trying");
	rig_run_for(t->r, 5000);
	rig_expect_nothing(t->r);
	end_reply(&t->e, 180, NULL);
	rig_expect_at(t->r, 5200, "SIP/2.0 180 ");
	story_close(t);

	t = story_new();
	incoming(t);
	end_reply(&t->e, 180, NULL);
	rig_expect_at(t->r, 0, "SIP/2.0 180 ");
	rig_run_for(t->r, 1000);
	rig_expect_nothing(t->r);
	story_close(t);
}

/* All responses that make the dialog carry one tag, the Record-Route and our Contact (RFC 3261 12.1.1). */
TEST(rfc3261_12_1_1_responses_that_make_the_dialog)
{
	static const char more[] = "Record-Route: <sip:192.0.2.2:5070;lr;x=1>, <sip:far.example.com;lr>\n"
				   "Content-Type: application/sdp\nContent-Length: 7\n\noffer-1";
	struct story *t = story_new();
	const char *ringing, *ok, *bye;

	invite(t, more);
	end_reply(&t->e, 180, NULL);
	ringing = rig_expect(t->r, "SIP/2.0 180 ");
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	CHECK_STR(rig_header(t->r, ringing, "To"), rig_header(t->r, ok, "To"));
	CHECK_STR(rig_header(t->r, ok, "Contact"), "<sip:bob@192.0.2.2>");
	CHECK(strstr(rig_header(t->r, ok, "Record-Route"), "x=1"));
	CHECK(rig_has(ok, "far.example.com"));
	inside(t, ok, "ACK", "z9hG4bKa", 1, "");
	end_hangup(&t->e);
	bye = rig_expect(t->r, "BYE sip:alice@192.0.2.2:5070 SIP/2.0");
	CHECK(strstr(rig_header(t->r, bye, "Route"), "x=1"));
	rig_reply(t->r, bye, "200 OK");
	story_close(t);
}

/* RFC 3261 13.3.1.4: T1, doubled up to T2, for 64*T1; then BYE. */
TEST(rfc3261_13_3_1_4_the_2xx_is_repeated_until_the_ack)
{
	static const unsigned at_ms[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct story *t = story_new();

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	for (size_t i = 0; i < ARRAY_LEN(at_ms); i++)
		rig_expect_at(t->r, at_ms[i], "SIP/2.0 200 ");
	CHECK_STR(t->e.log, "CONNECTING(200)");
	rig_reply(t->r, rig_expect_at(t->r, 32000, "BYE "), "200 OK");
	CHECK_STR(t->e.log, "CONNECTING(200) DISCONNECTED(408)");
	CHECK_EQ(t->e.by, INV_ENDED_BY_NETWORK);
	story_close(t);
}

/* RFC 3261 15: a callee must not send BYE before the ACK. */
TEST(rfc3261_15_a_callee_hangs_up_before_the_ack)
{
	struct story *t = story_new();
	const char *ok;

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	end_hangup(&t->e);
	CHECK_STR(t->e.log, "CONNECTING(200) DISCONNECTED(200)");
	t->e.inv = inv_free(t->e.inv);
	rig_expect_at(t->r, 500, "SIP/2.0 200 ");
	inside(t, ok, "ACK", "z9hG4bKa", 1, "");
	rig_reply(t->r, rig_expect_at(t->r, 500, "BYE "), "200 OK");
	story_close(t);
}

TEST(rfc3261_15_without_an_ack_the_bye_waits_for_64_t1)
{
	struct story *t = story_new();

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	end_hangup(&t->e);
	for (int i = 0; i < 11; i++)
		rig_expect(t->r, "SIP/2.0 200 ");
	rig_reply(t->r, rig_expect_at(t->r, 32000, "BYE "), "200 OK");
	CHECK_STR(t->e.log, "CONNECTING(200) DISCONNECTED(200)");
	story_close(t);
}

TEST(only_the_ack_with_the_number_of_the_invite_confirms)
{
	struct story *t = story_new();
	const char *ok;

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	inside(t, ok, "ACK", "z9hG4bKa", 2, "");
	CHECK_STR(t->e.log, "CONNECTING(200)");
	rig_expect_at(t->r, 500, "SIP/2.0 200 ");
	inside(t, ok, "ACK", "z9hG4bKb", 1, "");
	CHECK_STR(t->e.log, "CONNECTING(200) CONFIRMED(200)");
	inside(t, ok, "ACK", "z9hG4bKb", 1, "");
	CHECK_STR(t->e.log, "CONNECTING(200) CONFIRMED(200)");
	story_close(t);
}

/* Both hang up before the ACK: the peer's BYE is enough, but its INVITE still asks for its 2xx (RFC 3261 13.3.1.4). */
TEST(a_bye_instead_of_the_ack_ends_the_wait)
{
	struct story *t = story_new();
	const char *ok;

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	end_hangup(&t->e);
	CHECK_EQ(sip_stack_ending(t->r->stack), 1);
	inside(t, ok, "BYE", "z9hG4bKb", 2, "");
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "SIP/2.0 200 "), "CSeq"), "BYE"));
	CHECK_EQ(sip_stack_ending(t->r->stack), 0);
	rig_expect_at(t->r, 500, "SIP/2.0 200 ");
	inside(t, ok, "ACK", "z9hG4bKa", 1, "");
	rig_run_for(t->r, 40000);
	rig_expect_nothing(t->r);
	story_close(t);
}

TEST(the_caller_hangs_up_before_its_ack_came)
{
	struct story *t = story_new();
	const char *ok;

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	inside(t, ok, "BYE", "z9hG4bKb", 2, "");
	rig_expect(t->r, "SIP/2.0 200 ");
	CHECK_STR(t->e.log, "CONNECTING(200) DISCONNECTED(200)");
	for (int i = 0; i < 10; i++)
		CHECK(strstr(rig_header(t->r, rig_expect(t->r, "SIP/2.0 200 "), "CSeq"), "INVITE"));
	rig_run_for(t->r, 40000);
	rig_expect_nothing(t->r);
	story_close(t);
}

TEST(rfc3261_15_1_2_bye_in_the_early_dialog_ends_the_invite_too)
{
	struct story *t = story_new();
	const char *ringing;

	incoming(t);
	end_reply(&t->e, 180, NULL);
	ringing = rig_expect(t->r, "SIP/2.0 180 ");
	inside(t, ringing, "BYE", "z9hG4bKb", 2, "");
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "SIP/2.0 200 "), "CSeq"), "BYE"));
	inside(t, rig_expect(t->r, "SIP/2.0 487 "), "ACK", "z9hG4bKi", 1, "");
	CHECK_STR(t->e.log, "EARLY(180) DISCONNECTED(487)");
	story_close(t);
}

TEST(every_refusal_has_its_code_and_phrase)
{
	static const unsigned codes[] = {300, 302, 403, 480, 486, 500, 600, 603, 699};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct story *t = story_new();
		struct inv_reply reply = {.status = codes[i], .reason = SLICE_LIT("So Be It")};
		char line[32];

		incoming(t);
		CHECK_OK(inv_reply(t->e.inv, &reply));
		snprintf(line, sizeof(line), "SIP/2.0 %u So Be It\r\n", codes[i]);
		inside(t, rig_expect(t->r, line), "ACK", "z9hG4bKi", 1, "");
		CHECK_STR(t->e.reason_text, "So Be It");
		CHECK_EQ(t->e.status, codes[i]);
		CHECK_EQ(inv_reply(t->e.inv, &reply), OH_EENDED);
		story_close(t);
	}
}

TEST(hanging_up_refuses_with_603_or_the_given_code)
{
	struct story *t = story_new();

	incoming(t);
	end_hangup(&t->e);
	inside(t, rig_expect(t->r, "SIP/2.0 603 Decline"), "ACK", "z9hG4bKi", 1, "");
	CHECK_STR(t->e.log, "DISCONNECTED(603)");
	story_close(t);
}

TEST(answers_that_make_no_sense_are_refused_and_change_nothing)
{
	struct story *t = story_new();
	struct sip_extra evil = {SLICE_LIT("X-A"), SLICE_LIT("1\r\nX-B: 2")};
	struct inv_reply reply = {
		.status = 200, .sdp = SLICE_LIT("answer-1"), .extras = &evil, .n_extras = 1};

	incoming(t);
	CHECK_EQ(end_try_reply(&t->e, 100, NULL), OH_EINVAL);
	CHECK_EQ(end_try_reply(&t->e, 700, NULL), OH_EINVAL);
	CHECK_EQ(end_try_reply(&t->e, 200, NULL), OH_EINVAL);
	CHECK_EQ(inv_reply(t->e.inv, &reply), OH_EINVAL);
	reply.n_extras = 65;
	CHECK_EQ(inv_reply(t->e.inv, &reply), OH_ETOOBIG);
	CHECK_EQ(end_reoffer(&t->e, "x"), OH_ESTATE);
	CHECK_EQ(inv_answer_offer(t->e.inv, SLICE_LIT("x"), SLICE_NONE), OH_ESTATE);
	CHECK_EQ(inv_state(t->e.inv), INV_INCOMING);
	CHECK_STR(t->e.log, "");
	end_reply(&t->e, 200, "answer-1");
	CHECK(rig_has(rig_expect(t->r, "SIP/2.0 200 "), "answer-1"));
	story_close(t);
}

TEST(an_early_answer_is_repeated_in_the_2xx)
{
	struct story *t = story_new();

	incoming(t);
	end_reply(&t->e, 183, "answer-1");
	CHECK(rig_has(rig_expect(t->r, "SIP/2.0 183 "), "\r\n\r\nanswer-1"));
	end_reply(&t->e, 180, NULL);
	CHECK(!rig_has(rig_expect(t->r, "SIP/2.0 180 "), "answer"));
	end_reply(&t->e, 200, NULL);
	CHECK(rig_has(rig_expect(t->r, "SIP/2.0 200 "), "\r\n\r\nanswer-1"));
	story_close(t);
}

TEST(an_invite_without_offer_gets_ours_in_the_2xx_only)
{
	struct story *t = story_new();
	const char *ok;

	invite(t, "");
	end_reply(&t->e, 183, "offer-2");
	CHECK(!rig_has(rig_expect(t->r, "SIP/2.0 183 "), "offer-2"));
	end_reply(&t->e, 200, "offer-2");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	CHECK(rig_has(ok, "\r\n\r\noffer-2"));
	inside(t, ok, "ACK", "z9hG4bKa", 1, ""); /* without the answer */
	CHECK_STR(t->e.log, "INCOMING EARLY(183) CONNECTING(200) DISCONNECTED(488)");
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
	story_close(t);
}

/* RFC 3261 13.3.1: the caller's Expires; 13.3.1.1: a provisional every minute until then, over UDP sooner at first. */
TEST(rfc3261_13_3_1_ringing_is_repeated_each_minute_until_it_expires)
{
	static const unsigned repeated_at_ms[] = {2000, 6000, 14000, 30000, 62000, 122000};
	struct story *t = story_new();
	char more[256];

	snprintf(more, sizeof(more), "Expires: 150\n%s", offer_1);
	invite(t, more);
	end_reply(&t->e, 180, NULL);
	rig_expect_at(t->r, 0, "SIP/2.0 180 ");
	for (size_t i = 0; i < ARRAY_LEN(repeated_at_ms); i++)
		rig_expect_at(t->r, repeated_at_ms[i], "SIP/2.0 180 ");
	inside(t, rig_expect_at(t->r, 150000, "SIP/2.0 487 "), "ACK", "z9hG4bKi", 1, "");
	CHECK_STR(t->e.log, "INCOMING offer:offer-1 EARLY(180) DISCONNECTED(487)");
	story_close(t);
}

TEST(what_cannot_become_a_session_is_refused)
{
	static const struct {
		const char *more, *status;
	} rows[] = {
		{"Content-Type: text/plain\nContent-Length: 5\n\nhello", "SIP/2.0 415 "},
		{"Content-Type: application/sdp\nContent-Encoding: gzip\nContent-Length: 1\n\nx",
			"SIP/2.0 415 "},
		{"Accept: text/plain, image/gif\n", "SIP/2.0 406 "},
		{"Accept: text/plain, application/SDP;level=1\n", "SIP/2.0 100 "},
		{"Content-Disposition: icon;handling=optional\nContent-Type: image/gif\nContent-Length: "
		 "1\n\nx",
			"SIP/2.0 100 "},
		{"Record-Route: nonsense\n", "SIP/2.0 400 "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct story *t = story_new();
		const char *got;

		invite(t, rows[i].more);
		got = rig_expect(t->r, rows[i].status);
		if (rig_has(got, " 100 "))
			end_hangup(&t->e);
		story_close(t);
	}
}

TEST(an_invite_without_contact_is_refused)
{
	struct story *t = story_new();

	rig_send(t->r,
		"INVITE sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKi\n"
		"Max-Forwards: 70\nFrom: <sip:a@example.com>;tag=a\nTo: <sip:bob@example.com>\nCall-ID: c1\n"
		"CSeq: 1 INVITE\n");
	rig_expect(t->r, "SIP/2.0 400 Missing Contact");
	CHECK(!t->e.inv);
	story_close(t);
}

/* Before RFC 3261 a Contact was not asked for: such a caller is where its From says (RFC 4475 3.4.1). */
TEST(a_caller_of_rfc_2543_may_have_no_contact)
{
	struct story *t = story_new();
	char ack[512];

	rig_send(t->r, "INVITE sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070\n"
		       "From: <sip:alice@192.0.2.2:5070>\nTo: <sip:bob@example.com>\nCall-ID: c1\n"
		       "CSeq: 1 INVITE\nContent-Type: application/sdp\n\noffer-1");
	end_reply(&t->e, 200, "answer-1");
	snprintf(ack, sizeof(ack),
		"ACK sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070\n"
		"From: <sip:alice@192.0.2.2:5070>\nTo: %s\nCall-ID: c1\nCSeq: 1 ACK\n",
		rig_header(t->r, rig_expect(t->r, "SIP/2.0 200 "), "To"));
	rig_send(t->r, ack);
	CHECK_STR(t->e.log, "INCOMING offer:offer-1 CONNECTING(200) CONFIRMED(200)");
	end_hangup(&t->e);
	rig_reply(t->r, rig_expect(t->r, "BYE sip:alice@192.0.2.2:5070 SIP/2.0"), "200 OK");
	story_close(t);
}

/* MATRIX: RFC 6337 4.3 UAS-IsI */
TEST(rfc3261_14_2_a_second_invite_in_the_early_dialog)
{
	struct story *t = story_new();
	const char *ringing;

	incoming(t);
	end_reply(&t->e, 180, NULL);
	ringing = rig_expect(t->r, "SIP/2.0 180 ");
	inside(t, ringing, "INVITE", "z9hG4bKj", 2, offer_1);
	CHECK(*rig_header(t->r, rig_expect(t->r, "SIP/2.0 500 "), "Retry-After"));
	CHECK_STR(t->e.log, "EARLY(180)");
	story_close(t);
}

/* RFC 3261 14.1: the callee waits 0 to 2 s. */
TEST(rfc3261_14_1_the_callee_tries_again_within_2_s)
{
	struct story *t = story_new();
	const char *again;
	unsigned refused_at;

	confirmed(t);
	t->e.again = "offer-3";
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	rig_reply(t->r, rig_expect(t->r, "INVITE sip:alice@192.0.2.2:5070 SIP/2.0"), "491 Request Pending");
	rig_expect(t->r, "ACK ");
	refused_at = rig_ms(t->r);
	again = rig_expect(t->r, "INVITE ");
	CHECK(rig_ms(t->r) - refused_at <= 2000);
	CHECK(rig_has(again, "offer-3"));
	rig_send(t->r, rig_response(t->r, again, "200 OK", NULL,
			       "Contact: <sip:alice@192.0.2.2:5070;new>\nContent-Type: application/sdp\n"
			       "Content-Length: 8\n\nanswer-3"));
	rig_expect(t->r, "ACK sip:alice@192.0.2.2:5070;new SIP/2.0");
	CHECK_STR(t->e.log, "again answer:answer-3");
	story_close(t);
}

/* Our retry is due while the peer's own re-INVITE is being answered: it waits, and then takes its turn. */
TEST(a_retry_waits_until_the_peers_reinvite_is_done)
{
	struct story *t = story_new();
	const char *ok = confirmed(t);

	t->e.again = "offer-3";
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	rig_reply(t->r, rig_expect(t->r, "INVITE "), "491 Request Pending");
	rig_expect(t->r, "ACK ");
	inside(t, ok, "INVITE", "z9hG4bKj", 2, offer_1);
	rig_expect(t->r, "SIP/2.0 100 ");
	rig_run_for(t->r, 5000);
	rig_expect_nothing(t->r);
	CHECK_OK(inv_answer_offer(t->e.inv, SLICE_LIT("answer-b"), SLICE_NONE));
	inside(t, rig_expect(t->r, "SIP/2.0 200 "), "ACK", "z9hG4bKk", 2, "");
	CHECK(rig_has(rig_expect(t->r, "INVITE "), "offer-3"));
	CHECK_STR(t->e.log, "offer:offer-1 again");
	end_hangup(&t->e);
	story_close(t);
}

TEST(an_owner_that_lets_go_ends_the_call_behind_itself)
{
	struct story *t = story_new();
	const char *ok = confirmed(t), *bye;

	t->e.inv = inv_free(t->e.inv);
	bye = rig_expect(t->r, "BYE ");
	inside(t, ok, "INFO", "z9hG4bKn", 2, "");
	rig_expect(t->r, "SIP/2.0 481 ");
	rig_expect_at(t->r, 500, "BYE ");
	rig_reply(t->r, bye, "200 OK");
	CHECK_STR(t->e.log, "");
	story_close(t);
}

TEST(what_a_call_can_be_asked)
{
	struct story *t = story_new();

	confirmed(t);
	CHECK(!inv_is_caller(t->e.inv));
	CHECK_SLICE(inv_local_uri(t->e.inv), "<sip:bob@example.com>");
	CHECK_SLICE(inv_remote_uri(t->e.inv), "Alice <sip:alice@example.com>");
	CHECK_SLICE(inv_remote_contact(t->e.inv), "sip:alice@192.0.2.2:5070");
	CHECK_SLICE(inv_call_id(t->e.inv), "call1@192.0.2.2");
	CHECK_EQ(inv_flow(t->e.inv)->remote.port, 5070);
	CHECK(inv_flow(t->e.inv)->transport == t->r->udp);
	end_hangup(&t->e);
	CHECK_SLICE(inv_remote_uri(t->e.inv), "Alice <sip:alice@example.com>");
	story_close(t);
}

/* The program's headers travel with the BYE, also when it has to wait; a bad one does not keep the peer from hearing it. */
TEST(headers_of_the_hang_up)
{
	struct story *t = story_new();
	struct sip_extra why = {SLICE_LIT("X-Why"), SLICE_LIT("tired")},
			 evil = {SLICE_LIT("X-Why"), SLICE_LIT("\r\nX: 1")};
	const char *ok, *bye;

	incoming(t);
	end_reply(&t->e, 200, "answer-1");
	ok = rig_expect(t->r, "SIP/2.0 200 ");
	CHECK_OK(inv_end(t->e.inv, 0, SLICE_NONE, &why, 1));
	inside(t, ok, "ACK", "z9hG4bKa", 1, "");
	bye = rig_expect(t->r, "BYE ");
	CHECK_STR(rig_header(t->r, bye, "X-Why"), "tired");
	rig_reply(t->r, bye, "200 OK");
	story_close(t);

	t = story_new();
	confirmed(t);
	CHECK_OK(inv_end(t->e.inv, 0, SLICE_NONE, &evil, 1));
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
	story_close(t);
}

/* No refusal is below 300: a callee that hangs up with 200 declines. */
TEST(hanging_up_with_a_code_that_is_no_refusal)
{
	struct story *t = story_new();

	incoming(t);
	CHECK_OK(inv_end(t->e.inv, 200, SLICE_NONE, NULL, 0));
	rig_expect(t->r, "SIP/2.0 603 Decline");
	CHECK_STR(t->e.log, "DISCONNECTED(603)");
	story_close(t);
}

TEST(a_transport_that_closes_takes_its_unanswered_call_along)
{
	struct story *t = story_new();

	incoming(t);
	t->r->udp = sip_transport_free(t->r->udp);
	rig_settle(t->r);
	CHECK_STR(t->e.log, "DISCONNECTED(503)");
	CHECK_EQ(t->e.by, INV_ENDED_BY_NETWORK);
	story_close(t);
}

/* Nobody waits for the peer when the phone closes: nothing leaks, nothing is called. */
TEST(the_stack_goes_while_a_call_is_still_ending)
{
	struct story *t = story_new();

	confirmed(t);
	t->e.inv = inv_free(t->e.inv);
	rig_expect(t->r, "BYE ");
	rig_drop(t->r);
	free(t);
}

TESTS(RUN(the_caller_cancels), RUN(rfc3261_17_2_1_a_100_goes_only_to_those_who_wait),
	RUN(rfc3261_12_1_1_responses_that_make_the_dialog),
	RUN(rfc3261_13_3_1_4_the_2xx_is_repeated_until_the_ack),
	RUN(rfc3261_15_a_callee_hangs_up_before_the_ack),
	RUN(rfc3261_15_without_an_ack_the_bye_waits_for_64_t1),
	RUN(only_the_ack_with_the_number_of_the_invite_confirms), RUN(a_bye_instead_of_the_ack_ends_the_wait),
	RUN(the_caller_hangs_up_before_its_ack_came),
	RUN(rfc3261_15_1_2_bye_in_the_early_dialog_ends_the_invite_too),
	RUN(every_refusal_has_its_code_and_phrase), RUN(hanging_up_refuses_with_603_or_the_given_code),
	RUN(answers_that_make_no_sense_are_refused_and_change_nothing),
	RUN(an_early_answer_is_repeated_in_the_2xx), RUN(an_invite_without_offer_gets_ours_in_the_2xx_only),
	RUN(rfc3261_13_3_1_ringing_is_repeated_each_minute_until_it_expires),
	RUN(what_cannot_become_a_session_is_refused), RUN(an_invite_without_contact_is_refused),
	RUN(a_caller_of_rfc_2543_may_have_no_contact), RUN(rfc3261_14_2_a_second_invite_in_the_early_dialog),
	RUN(rfc3261_14_1_the_callee_tries_again_within_2_s),
	RUN(a_retry_waits_until_the_peers_reinvite_is_done),
	RUN(an_owner_that_lets_go_ends_the_call_behind_itself), RUN(what_a_call_can_be_asked),
	RUN(headers_of_the_hang_up), RUN(hanging_up_with_a_code_that_is_no_refusal),
	RUN(a_transport_that_closes_takes_its_unanswered_call_along),
	RUN(the_stack_goes_while_a_call_is_still_ending))
