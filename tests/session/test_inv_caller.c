/*
 * One end of a call against a scripted peer: what RFC 3261 13 to 15 ask for in the moments that two good ends
 * on a good wire never show.
 */
#include "../sip/rig.h"
#include "pair.h"

#include <stdio.h>

struct story {
	struct rig *r;
	struct end e;
	unsigned branches;
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
	return t;
}

/* Also when the owner has let go, everything must run out. */
static void story_close(struct story *t)
{
	inv_free(t->e.inv);
	rig_run_for(t->r, 136000);
	rig_close(t->r);
	free(t);
}

/* Header lines and body of a message with a description. */
static const char *sdp(const char *body)
{
	static char bufs[4][512];
	static unsigned next;
	char *buf = bufs[next++ % 4];

	snprintf(buf, sizeof(bufs[0]),
		"Contact: <sip:bob@192.0.2.2:5070>\nContent-Type: application/sdp\nContent-Length: %zu\n\n%s",
		strlen(body), body);
	return buf;
}

/* ---- we call ---- */

static const char *call(struct story *t, const char *offer)
{
	struct inv_call_cfg cfg = {.target = SLICE_LIT(RIG_PEER_URI),
		.policy = inv_policy_default(),
		.from = SLICE_LIT("<sip:alice@example.com>"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.contact = SLICE_LIT("<sip:alice@192.0.2.1>"),
		.offer = slice_of(offer),
		.handler = end_inv_handler(&t->e)};

	CHECK_OK(inv_call(t->r->stack, &cfg, &t->e.inv));
	return rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0");
}

static void answer(
	struct story *t, const char *request, const char *status, const char *tag, const char *more)
{
	rig_send(t->r, rig_response(t->r, request, status, tag, more));
}

/* A call that we made and that is confirmed; its log is empty. Returns the INVITE. */
static const char *confirmed_caller(struct story *t)
{
	const char *invite = call(t, "offer-1");

	answer(t, invite, "200 OK", "bob1", sdp("answer-1"));
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	CHECK_STR(t->e.log, "CONNECTING(200) answer:answer-1 CONFIRMED(200)");
	t->e.log[0] = 0;
	return invite;
}

/* A request of the peer inside the dialog that our INVITE made. */
static void peer_request(
	struct story *t, const char *invite, const char *method, unsigned cseq, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s sip:alice@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP "
		"192.0.2.2:5070;branch=z9hG4bKp%u\nMax-Forwards: 70\n"
		"From: %s;tag=bob1\nTo: %s\nCall-ID: %s\nCSeq: %u %s\n%s",
		method, strcmp(method, "CANCEL") ? ++t->branches : t->branches,
		rig_header(t->r, invite, "To"), rig_header(t->r, invite, "From"),
		rig_header(t->r, invite, "Call-ID"), cseq, method, more);
	rig_send(t->r, text);
}

static void we_hang_up_and_peer_agrees(struct story *t)
{
	end_hangup(&t->e);
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
}

TEST(rfc3261_9_1_cancel_waits_for_a_provisional)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1"), *cancel;

	end_hangup(&t->e);
	CHECK_STR(t->e.log, "DISCONNECTED(487)");
	CHECK_EQ(t->e.by, INV_ENDED_BY_US);
	rig_expect_nothing(t->r);
	answer(t, invite, "180 Ringing", "bob1", "");
	cancel = rig_expect(t->r, "CANCEL sip:bob@192.0.2.2:5070 SIP/2.0");
	rig_reply(t->r, cancel, "200 OK");
	answer(t, invite, "487 Request Terminated", "bob1", "");
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "DISCONNECTED(487)");
	CHECK_EQ(inv_end(t->e.inv, 0, SLICE_NONE, NULL, 0), OH_EENDED);
	story_close(t);
}

/* RFC 3261 15: the peer accepted while the CANCEL was under way. */
TEST(a_2xx_that_crosses_the_cancel_is_acknowledged_and_ended)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1");

	answer(t, invite, "180 Ringing", "bob1", "");
	end_hangup(&t->e);
	rig_expect(t->r, "CANCEL ");
	t->e.inv = inv_free(t->e.inv);
	answer(t, invite, "200 OK", "bob1", sdp("answer-1"));
	rig_expect(t->r, "ACK ");
	rig_reply(t->r, rig_expect(t->r, "BYE sip:bob@192.0.2.2:5070 SIP/2.0"), "200 OK");
	CHECK_STR(t->e.log, "EARLY(180) DISCONNECTED(487)");
	story_close(t);
}

TEST(rfc3261_13_2_2_4_each_repeated_2xx_gets_the_same_ack)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1"), *ok, *ack;

	ok = rig_response(t->r, invite, "200 OK", "bob1", sdp("answer-1"));
	rig_send(t->r, ok);
	ack = rig_expect(t->r, "ACK ");
	CHECK(strstr(rig_header(t->r, ack, "CSeq"), " ACK"));
	rig_run_for(t->r, 500);
	rig_send(t->r, ok);
	CHECK_STR(rig_expect(t->r, "ACK "), ack);
	we_hang_up_and_peer_agrees(t);
	t->e.inv = inv_free(t->e.inv);
	rig_send(t->r, ok); /* the owner has gone, the peer is still served */
	CHECK_STR(rig_expect(t->r, "ACK "), ack);
	story_close(t);
}

/* MATRIX: RFC 5407 E */
TEST(rfc3261_13_2_2_4_the_2xx_of_another_fork_is_acknowledged_and_ended)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t), *other, *bye;

	other = rig_response(t->r, invite, "200 OK", "bob2", sdp("answer-2"));
	rig_send(t->r, other);
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "ACK "), "To"), "tag=bob2"));
	bye = rig_expect(t->r, "BYE ");
	CHECK(strstr(rig_header(t->r, bye, "To"), "tag=bob2"));
	rig_reply(t->r, bye, "200 OK");
	rig_send(t->r, other);
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "ACK "), "To"), "tag=bob2"));
	rig_expect_nothing(t->r);
	CHECK_STR(t->e.log, "");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* MATRIX: RFC 5407 E */
TEST(the_latest_phone_that_describes_its_audio_is_heard)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1"), *ack;

	answer(t, invite, "183 Session Progress", "bob1", sdp("early-1"));
	answer(t, invite, "183 Session Progress", "bob2", sdp("early-2"));
	answer(t, invite, "200 OK", "bob2", sdp("answer-2"));
	ack = rig_expect(t->r, "ACK ");
	CHECK(strstr(rig_header(t->r, ack, "To"), "tag=bob2"));
	CHECK_STR(t->e.log, "EARLY(183) early-answer:early-1 EARLY(183) early-answer:early-2 "
			    "CONNECTING(200) answer:answer-2 CONFIRMED(200)");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(a_repeated_provisional_is_reported_once)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1");

	answer(t, invite, "100 Trying", NULL, "");
	answer(t, invite, "180 Ringing", "bob1", "");
	answer(t, invite, "180 Ringing", "bob1", "");
	answer(t, invite, "183 Progress", "bob1", sdp("early-1"));
	answer(t, invite, "603 No Way", "bob1", "");
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "EARLY(180) EARLY(183) early-answer:early-1 DISCONNECTED(603)");
	CHECK_STR(t->e.reason_text, "No Way");
	CHECK_EQ(t->e.by, INV_ENDED_BY_PEER);
	story_close(t);
}

TEST(an_answer_that_cannot_be_used_ends_the_call)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1");

	t->e.verdict = OH_ENOCODEC;
	answer(t, invite, "200 OK", "bob1", sdp("answer-1"));
	rig_expect(t->r, "ACK ");
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
	CHECK_STR(t->e.log, "CONNECTING(200) answer:answer-1 DISCONNECTED(488)");
	story_close(t);
}

/* RFC 3261 13.2.2.4: the offer in the 2xx finds no answer, but its ACK. */
/* MATRIX: RFC 6337 5.2.4 */
TEST(a_late_offer_without_answer_is_acknowledged_and_ended)
{
	struct story *t = story_new();
	const char *invite = call(t, NULL);

	answer(t, invite, "200 OK", "bob1", sdp("offer-2"));
	rig_expect(t->r, "ACK ");
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
	CHECK_STR(t->e.log, "CONNECTING(200) offer:offer-2 DISCONNECTED(488)");
	story_close(t);
}

/* MATRIX: RFC 6337 5.2.4 */
TEST(a_late_offer_is_answered_in_the_ack)
{
	struct story *t = story_new();
	const char *invite, *ack;

	t->e.answer = "answer-2";
	invite = call(t, NULL);
	answer(t, invite, "200 OK", "bob1", sdp("offer-2"));
	ack = rig_expect(t->r, "ACK ");
	CHECK(rig_has(ack, "\r\n\r\nanswer-2"));
	answer(t, invite, "200 OK", "bob1", sdp("offer-2"));
	CHECK_STR(rig_expect(t->r, "ACK "), ack);
	CHECK_STR(t->e.log, "CONNECTING(200) offer:offer-2 CONFIRMED(200)");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* The peer gave up waiting for an ACK to 2xx that never came here: it ends a call that is early to us. */
TEST(bye_in_the_early_dialog_ends_the_callers_attempt)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1");

	answer(t, invite, "180 Ringing", "bob1", "Contact: <sip:bob@192.0.2.2:5070>\n");
	peer_request(t, invite, "BYE", 1, "");
	rig_expect(t->r, "SIP/2.0 200 OK");
	rig_reply(t->r, rig_expect(t->r, "CANCEL "), "200 OK");
	answer(t, invite, "487 Request Terminated", "bob1", "");
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "EARLY(180) DISCONNECTED(200)");
	CHECK_STR(t->e.reason_text, "Normal call clearing");
	story_close(t);
}

/* ---- in the confirmed dialog ---- */

TEST(rfc3261_12_2_2_a_lower_number_gets_500)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	peer_request(t, invite, "OPTIONS", 7, "");
	rig_expect(t->r, "SIP/2.0 200 OK");
	peer_request(t, invite, "OPTIONS", 6, "");
	rig_expect(t->r, "SIP/2.0 500 ");
	peer_request(t, invite, "OPTIONS", 90, ""); /* a gap is fine */
	rig_expect(t->r, "SIP/2.0 200 OK");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(methods_that_nobody_wants_inside_a_dialog)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	peer_request(t, invite, "INFO", 1, "");
	CHECK(*rig_header(t->r, rig_expect(t->r, "SIP/2.0 405 "), "Allow"));
	peer_request(t, invite, "MESSAGE", 2, "");
	rig_expect(t->r, "SIP/2.0 405 ");
	peer_request(t, invite, "DANCE", 3, "");
	rig_expect(t->r, "SIP/2.0 501 ");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(both_hang_up_at_once)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t), *bye;

	end_hangup(&t->e);
	bye = rig_expect(t->r, "BYE ");
	peer_request(t, invite, "BYE", 1, "");
	rig_expect(t->r, "SIP/2.0 200 OK");
	rig_reply(t->r, bye, "200 OK");
	CHECK_EQ(rig_counters(t->r).dialogs, 0);
	peer_request(t, invite, "INFO", 2, "");
	rig_expect(t->r, "SIP/2.0 481 ");
	CHECK_STR(t->e.log, "DISCONNECTED(200)");
	story_close(t);
}

TEST(a_request_of_ours_that_the_peer_does_not_know_ends_the_call)
{
	struct story *t = story_new();
	struct dialog_request info = {.method = SIP_INFO};

	confirmed_caller(t);
	CHECK_OK(inv_request(t->e.inv, &info, 1));
	rig_reply(t->r, rig_expect(t->r, "INFO "), "200 OK");
	CHECK_OK(inv_request(t->e.inv, &info, 2));
	rig_reply(t->r, rig_expect(t->r, "INFO "), "481 Gone");
	rig_reply(t->r, rig_expect(t->r, "BYE "), "481 Gone");
	CHECK_STR(t->e.log, "response(1,200,OH_OK) response(2,481,OH_OK) DISCONNECTED(481)");
	CHECK_EQ(inv_request(t->e.inv, &info, 3), OH_EENDED);
	story_close(t);
}

TEST(routes_of_the_2xx_lead_the_requests)
{
	struct story *t = story_new();
	const char *invite = call(t, "offer-1"), *bye;
	char more[1024];

	snprintf(more, sizeof(more),
		"Record-Route: <sip:192.0.2.2:5070;lr;x=far>, <sip:192.0.2.2:5070;lr;x=near>\n%s",
		sdp("answer-1"));
	answer(t, invite, "200 OK", "bob1", more);
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	end_hangup(&t->e);
	bye = rig_expect(t->r, "BYE sip:bob@192.0.2.2:5070 SIP/2.0");
	CHECK(strstr(rig_header(t->r, bye, "Route"), "x=near"));
	rig_reply(t->r, bye, "200 OK");
	story_close(t);
}

/* ---- our re-INVITE ---- */

/* RFC 3261 14.1: 2.1 to 4 s for the owner of the Call-ID, 0 to 2 s for the other, in steps of 10 ms. */
static void check_retry(struct story *t, unsigned from_ms, unsigned to_ms)
{
	unsigned refused_at;

	t->e.again = "offer-3";
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	CHECK_EQ(end_reoffer(&t->e, "offer-2"), OH_EBUSY);
	rig_reply(t->r, rig_expect(t->r, "INVITE "), "491 Request Pending");
	rig_expect(t->r, "ACK ");
	refused_at = rig_ms(t->r);
	CHECK_EQ(end_reoffer(&t->e, "offer-2"), OH_EBUSY);
	answer(t, rig_expect(t->r, "INVITE "), "200 OK", NULL, sdp("answer-3"));
	CHECK(rig_ms(t->r) - refused_at >= from_ms);
	CHECK(rig_ms(t->r) - refused_at <= to_ms);
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "again answer:answer-3");
}

TEST(rfc3261_14_1_the_caller_tries_again_after_2100_to_4000_ms)
{
	struct story *t = story_new();

	confirmed_caller(t);
	check_retry(t, 2100, 4000);
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* As long as an offer of the peer's may be open: 64*T1. */
TEST(a_reoffer_that_meets_another_one_each_time_is_given_up)
{
	struct story *t = story_new();
	unsigned begun, tries = 0;

	confirmed_caller(t);
	t->e.again = "offer-2";
	begun = rig_ms(t->r);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	do {
		CHECK(tries < 5 || rig_ms(t->r) - begun < 32000);
		rig_reply(t->r, rig_expect(t->r, "INVITE "), "491 Request Pending");
		rig_expect(t->r, "ACK ");
		tries++;
	} while (!strstr(t->e.log, "failed(491)"));
	CHECK(tries >= 9 && rig_ms(t->r) - begun >= 32000);
	CHECK(!inv_offer_open(t->e.inv));
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(a_reoffer_that_the_peer_has_no_time_for_is_given_up_after_five_tries)
{
	struct story *t = story_new();

	confirmed_caller(t);
	t->e.again = "offer-2";
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	for (int i = 0; i < 5; i++) {
		rig_send(t->r, rig_response(t->r, rig_expect(t->r, "INVITE "), "500 Busy", NULL,
				       "Retry-After: 1\n"));
		rig_expect(t->r, "ACK ");
	}
	CHECK_STR(t->e.log, "again again again again failed(500)");
	CHECK(!inv_offer_open(t->e.inv));
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(headers_of_a_reoffer_travel_with_each_try)
{
	struct story *t = story_new();
	struct sip_extra why = {SLICE_LIT("X-Why"), SLICE_LIT("lunch")};
	const char *invite;

	confirmed_caller(t);
	t->e.again = "offer-2";
	CHECK_OK(inv_reoffer(t->e.inv, SLICE_LIT("offer-2"), SLICE_LIT("<sip:new@192.0.2.1>"), &why, 1));
	rig_reply(t->r, rig_expect(t->r, "INVITE "), "491 Request Pending");
	rig_expect(t->r, "ACK ");
	invite = rig_expect(t->r, "INVITE ");
	CHECK_STR(rig_header(t->r, invite, "X-Why"), "lunch");
	CHECK_STR(rig_header(t->r, invite, "Contact"), "<sip:new@192.0.2.1>");
	answer(t, invite, "200 OK", NULL, sdp("answer-2"));
	rig_expect(t->r, "ACK ");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(a_refused_reoffer_leaves_the_session)
{
	struct story *t = story_new();

	confirmed_caller(t);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	rig_reply(t->r, rig_expect(t->r, "INVITE "), "488 Not Acceptable Here");
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "failed(488)");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* What a 488 carries tells what the peer can do; it is no answer. */
/* MATRIX: RFC 6337 2.4 */
TEST(a_description_in_a_488_is_not_an_answer)
{
	struct story *t = story_new();

	confirmed_caller(t);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	answer(t, rig_expect(t->r, "INVITE "), "488 Not Acceptable Here", NULL, sdp("what-i-can"));
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "failed(488)");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

static void check_reoffer_ends_by(const char *status, const char *log)
{
	struct story *t = story_new();
	const char *bye;

	confirmed_caller(t);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	rig_reply(t->r, rig_expect(t->r, "INVITE "), status);
	rig_expect(t->r, "ACK ");
	bye = rig_expect(t->r, "BYE ");
	CHECK_STR(t->e.log, log);
	rig_reply(t->r, bye, "481 Gone");
	story_close(t);
}

TEST(rfc3261_12_2_1_2_a_reinvite_that_gets_481_or_408_ends_the_call)
{
	check_reoffer_ends_by("481 Call Does Not Exist", "DISCONNECTED(481)");
	check_reoffer_ends_by("408 Request Timeout", "DISCONNECTED(408)");
}

TEST(a_reinvite_without_any_response_ends_the_call)
{
	struct story *t = story_new();

	confirmed_caller(t);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	rig_run_for(t->r, 32000);
	CHECK_STR(t->e.log, "DISCONNECTED(408)");
	CHECK_EQ(t->e.by, INV_ENDED_BY_NETWORK);
	for (int i = 0; i < 7; i++)
		rig_expect(t->r, "INVITE ");
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
	story_close(t);
}

TEST(bye_crosses_our_reinvite)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t), *again;

	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	again = rig_expect(t->r, "INVITE ");
	peer_request(t, invite, "BYE", 1, "");
	rig_expect(t->r, "SIP/2.0 200 OK");
	answer(t, again, "200 OK", NULL, sdp("answer-2")); /* sent before our 200 came */
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "DISCONNECTED(200)");
	story_close(t);
}

/* A re-INVITE that the peer never ends must not outlive the call for ever. */
/* RFC 3261 17.1.1.2 lets a transaction wait for ever once a provisional came: its refusal may have been lost. */
TEST(a_reoffer_that_is_taken_up_and_never_answered_is_cancelled_after_3_minutes)
{
	struct story *t = story_new();
	const char *again;

	confirmed_caller(t);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	again = rig_expect(t->r, "INVITE ");
	rig_reply(t->r, again, "100 Trying");
	rig_run_for(t->r, 179000);
	rig_expect_nothing(t->r);
	rig_reply(t->r, rig_expect(t->r, "CANCEL "), "200 OK");
	CHECK_EQ(end_reoffer(&t->e, "offer-3"), OH_EBUSY);
	rig_reply(t->r, again, "487 Request Terminated");
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "failed(487)");
	t->e.log[0] = '\0';

	CHECK_OK(end_reoffer(&t->e, "offer-4"));
	rig_reply(t->r, rig_expect(t->r, "INVITE "), "100 Trying");
	rig_run_for(t->r, 179000);
	rig_reply(t->r, rig_expect(t->r, "CANCEL "), "481 No such transaction");
	rig_run_for(t->r, 33000);
	CHECK_STR(t->e.log, "failed(408)");
	CHECK(!inv_offer_open(t->e.inv));
	t->e.log[0] = '\0';
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(hanging_up_cancels_our_open_reinvite)
{
	struct story *t = story_new();
	const char *again;

	confirmed_caller(t);
	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	again = rig_expect(t->r, "INVITE ");
	rig_reply(t->r, again, "100 Trying");
	end_hangup(&t->e);
	rig_reply(t->r, rig_expect(t->r, "CANCEL "), "200 OK");
	rig_reply(t->r, rig_expect(t->r, "BYE "), "200 OK");
	CHECK_STR(t->e.log, "DISCONNECTED(200)");
	story_close(t);
}

TEST(a_reinvite_asks_for_an_offer_and_answers_it_in_the_ack)
{
	struct story *t = story_new();

	confirmed_caller(t);
	t->e.answer = "answer-3";
	CHECK_OK(end_reoffer(&t->e, NULL));
	answer(t, rig_expect(t->r, "INVITE "), "200 OK", NULL, sdp("offer-3"));
	CHECK(rig_has(rig_expect(t->r, "ACK "), "\r\n\r\nanswer-3"));
	CHECK_STR(t->e.log, "offer:offer-3");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* ---- the peer's re-INVITE ---- */

TEST(rfc3261_14_2_glare_gets_491)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t), *ours;

	CHECK_OK(end_reoffer(&t->e, "offer-2"));
	ours = rig_expect(t->r, "INVITE ");
	peer_request(t, invite, "INVITE", 1, sdp("offer-b"));
	rig_expect(t->r, "SIP/2.0 491 ");
	peer_request(t, invite, "ACK", 1, "");
	answer(t, ours, "200 OK", NULL, sdp("answer-2"));
	rig_expect(t->r, "ACK ");
	CHECK_STR(t->e.log, "answer:answer-2");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* MATRIX: RFC 6337 4.3 UAS-IsI */
TEST(rfc3261_14_2_an_invite_before_the_first_is_answered_gets_500)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t), *refusal;

	peer_request(t, invite, "INVITE", 1, sdp("offer-b"));
	rig_run_for(t->r, 300);
	rig_expect(t->r, "SIP/2.0 100 ");
	peer_request(t, invite, "INVITE", 2, sdp("offer-c"));
	refusal = rig_expect(t->r, "SIP/2.0 500 ");
	CHECK(*rig_header(t->r, refusal, "Retry-After"));
	CHECK(atoi(rig_header(t->r, refusal, "Retry-After")) <= 10);
	CHECK_OK(inv_answer_offer(t->e.inv, SLICE_LIT("answer-b"), SLICE_NONE));
	rig_settle(t->r);
	while (rig_has(refusal, "500 "))
		refusal = rig_expect(t->r, "SIP/2.0 ");
	CHECK(rig_has(refusal, "\r\n\r\nanswer-b"));
	peer_request(t, invite, "ACK", 1, "");
	CHECK_STR(t->e.log, "offer:offer-b");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* The ACK is missing, but a new INVITE proves that the 2xx came through (RFC 5407 3.1.4). */
TEST(rfc5407_3_1_4_a_reinvite_replaces_a_missing_ack)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	t->e.answer = "answer-b";
	peer_request(t, invite, "INVITE", 1, sdp("offer-b"));
	rig_expect(t->r, "SIP/2.0 200 ");
	peer_request(t, invite, "INVITE", 2, sdp("offer-c"));
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "SIP/2.0 200 "), "CSeq"), "2 INVITE"));
	peer_request(t, invite, "ACK", 2, "");
	rig_run_for(t->r, 5000);
	rig_expect_nothing(t->r);
	CHECK_STR(t->e.log, "offer:offer-b offer:offer-c");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(a_reinvite_that_the_owner_leaves_alone_is_refused_after_10_s)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	peer_request(t, invite, "INVITE", 1, sdp("offer-b"));
	rig_expect_at(t->r, 200, "SIP/2.0 100 ");
	CHECK(inv_offer_open(t->e.inv));
	rig_expect_at(t->r, 10000, "SIP/2.0 500 ");
	peer_request(t, invite, "ACK", 1, "");
	CHECK_EQ(inv_answer_offer(t->e.inv, SLICE_LIT("answer-b"), SLICE_NONE), OH_ESTATE);
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(a_reinvite_may_be_refused_or_withdrawn_and_the_session_stands)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	t->e.verdict = OH_ENOCODEC;
	peer_request(t, invite, "INVITE", 1, sdp("offer-b"));
	rig_expect(t->r, "SIP/2.0 488 ");
	peer_request(t, invite, "ACK", 1, "");
	t->e.verdict = 0;
	peer_request(t, invite, "INVITE", 2, "Content-Type: text/plain\nContent-Length: 2\n\nhi");
	CHECK_STR(rig_header(t->r, rig_expect(t->r, "SIP/2.0 415 "), "Accept"), INV_ACCEPT);
	peer_request(t, invite, "ACK", 2, "");
	peer_request(t, invite, "INVITE", 3, sdp("offer-d"));
	CHECK_OK(inv_answer_offer(t->e.inv, SLICE_NONE, SLICE_NONE));
	rig_expect(t->r, "SIP/2.0 488 ");
	peer_request(t, invite, "ACK", 3, "");
	peer_request(t, invite, "INVITE", 4, sdp("offer-c"));
	peer_request(t, invite, "CANCEL", 4, "");
	rig_expect(t->r, "SIP/2.0 200 ");
	rig_expect(t->r, "SIP/2.0 487 ");
	peer_request(t, invite, "ACK", 4, "");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	CHECK(!inv_offer_open(t->e.inv));
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

TEST(bye_while_the_peers_reinvite_waits)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	peer_request(t, invite, "INVITE", 1, sdp("offer-b"));
	peer_request(t, invite, "BYE", 2, "");
	rig_expect(t->r, "SIP/2.0 200 ");
	rig_expect(t->r, "SIP/2.0 487 ");
	CHECK_STR(t->e.log, "offer:offer-b DISCONNECTED(200)");
	story_close(t);
}

TEST(a_reinvite_without_offer_gets_ours_and_the_ack_answers)
{
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	t->e.again = "offer-a";
	peer_request(t, invite, "INVITE", 1, "Contact: <sip:bob@192.0.2.2:5070>\n");
	CHECK(rig_has(rig_expect(t->r, "SIP/2.0 200 "), "\r\n\r\noffer-a"));
	CHECK(inv_offer_open(t->e.inv));
	peer_request(t, invite, "INVITE", 2, sdp("offer-b")); /* RFC 5407 3.1.5: ours is still open */
	rig_expect(t->r, "SIP/2.0 491 ");
	peer_request(t, invite, "ACK", 1, sdp("answer-b"));
	CHECK_STR(t->e.log, "again answer:answer-b");
	we_hang_up_and_peer_agrees(t);
	story_close(t);
}

/* RFC 3261 12.2.2: a refused request changes nothing, an accepted one moves the target. */
TEST(only_an_accepted_reinvite_moves_the_target)
{
	static const char moved[] = "Contact: <sip:bob@192.0.2.2:5070;moved>\nContent-Type: "
				    "application/sdp\nContent-Length: 7\n\noffer-b";
	struct story *t = story_new();
	const char *invite = confirmed_caller(t);

	t->e.verdict = OH_ENOCODEC;
	peer_request(t, invite, "INVITE", 1, moved);
	rig_expect(t->r, "SIP/2.0 488 ");
	peer_request(t, invite, "ACK", 1, "");
	CHECK_SLICE(inv_remote_contact(t->e.inv), "sip:bob@192.0.2.2:5070");
	t->e.verdict = 0;
	t->e.answer = "answer-b";
	peer_request(t, invite, "INVITE", 2, moved);
	rig_expect(t->r, "SIP/2.0 200 ");
	peer_request(t, invite, "ACK", 2, "");
	end_hangup(&t->e);
	rig_reply(t->r, rig_expect(t->r, "BYE sip:bob@192.0.2.2:5070;moved SIP/2.0"), "200 OK");
	story_close(t);
}

TESTS(RUN(rfc3261_9_1_cancel_waits_for_a_provisional),
	RUN(a_2xx_that_crosses_the_cancel_is_acknowledged_and_ended),
	RUN(rfc3261_13_2_2_4_each_repeated_2xx_gets_the_same_ack),
	RUN(rfc3261_13_2_2_4_the_2xx_of_another_fork_is_acknowledged_and_ended),
	RUN(the_latest_phone_that_describes_its_audio_is_heard), RUN(a_repeated_provisional_is_reported_once),
	RUN(an_answer_that_cannot_be_used_ends_the_call),
	RUN(a_late_offer_without_answer_is_acknowledged_and_ended), RUN(a_late_offer_is_answered_in_the_ack),
	RUN(bye_in_the_early_dialog_ends_the_callers_attempt), RUN(rfc3261_12_2_2_a_lower_number_gets_500),
	RUN(methods_that_nobody_wants_inside_a_dialog), RUN(both_hang_up_at_once),
	RUN(a_request_of_ours_that_the_peer_does_not_know_ends_the_call),
	RUN(routes_of_the_2xx_lead_the_requests),
	RUN(rfc3261_14_1_the_caller_tries_again_after_2100_to_4000_ms),
	RUN(a_reoffer_that_meets_another_one_each_time_is_given_up),
	RUN(a_reoffer_that_the_peer_has_no_time_for_is_given_up_after_five_tries),
	RUN(headers_of_a_reoffer_travel_with_each_try), RUN(a_refused_reoffer_leaves_the_session),
	RUN(a_description_in_a_488_is_not_an_answer),
	RUN(rfc3261_12_2_1_2_a_reinvite_that_gets_481_or_408_ends_the_call),
	RUN(a_reinvite_without_any_response_ends_the_call), RUN(bye_crosses_our_reinvite),
	RUN(a_reoffer_that_is_taken_up_and_never_answered_is_cancelled_after_3_minutes),
	RUN(hanging_up_cancels_our_open_reinvite),
	RUN(a_reinvite_asks_for_an_offer_and_answers_it_in_the_ack), RUN(rfc3261_14_2_glare_gets_491),
	RUN(rfc3261_14_2_an_invite_before_the_first_is_answered_gets_500),
	RUN(rfc5407_3_1_4_a_reinvite_replaces_a_missing_ack),
	RUN(a_reinvite_that_the_owner_leaves_alone_is_refused_after_10_s),
	RUN(a_reinvite_may_be_refused_or_withdrawn_and_the_session_stands),
	RUN(bye_while_the_peers_reinvite_waits), RUN(a_reinvite_without_offer_gets_ours_and_the_ack_answers),
	RUN(only_an_accepted_reinvite_moves_the_target))
