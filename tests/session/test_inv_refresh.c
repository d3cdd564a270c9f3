/*
 * Session timers and UPDATE against a scripted peer: one that knows no UPDATE, one that finds our times too short, one that
 * changes its mind (RFC 4028 7.2, 7.4, 9; RFC 3311 5.2).
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
	t->e.name = "we";
	t->e.stack = t->r->stack;
	t->e.again = "offer-1";
	return t;
}

static void story_close(struct story *t)
{
	inv_free(t->e.inv);
	rig_run_for(t->r, 136000);
	rig_close(t->r);
	free(t);
}

static void answer(struct story *t, const char *request, const char *status, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"Contact: <sip:bob@192.0.2.2:5070>\n%sContent-Type: application/sdp\nContent-Length: "
		"8\n\nanswer-1",
		more);
	rig_send(t->r, rig_response(t->r, request, status, "bob1", text));
}

/* We call, and the peer's 200 says this about timers and methods. */
static const char *talk(struct story *t, enum inv_timer_use timer, const char *more)
{
	struct inv_call_cfg cfg = {.target = SLICE_LIT(RIG_PEER_URI),
		.policy = inv_policy_default(),
		.from = SLICE_LIT("<sip:alice@example.com>"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.contact = SLICE_LIT("<sip:alice@192.0.2.1>"),
		.offer = SLICE_LIT("offer-1"),
		.handler = end_inv_handler(&t->e)};
	const char *invite;

	cfg.policy.timer = timer;
	CHECK_OK(inv_call(t->r->stack, &cfg, &t->e.inv));
	invite = rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0");
	answer(t, invite, "200 OK", more);
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	return invite;
}

#define NO_UPDATE "Allow: INVITE, ACK, BYE, CANCEL\n"

/* Halfway a re-INVITE; it is found too short, and the next try says more; its 200 asks for no timer any more. */
TEST(rfc4028_a_peer_without_update_is_refreshed_by_re_invites)
{
	struct story *t = story_new();
	const char *again;

	talk(t, INV_TIMER_OFFER, NO_UPDATE "Require: timer\nSession-Expires: 90;refresher=uac\n");
	rig_run_for(t->r, 45000);
	again = rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0");
	CHECK_STR(rig_header(t->r, again, "Session-Expires"), "90;refresher=uac");
	rig_send(t->r, rig_response(t->r, again, "422 Session Interval Too Small", "bob1", "Min-SE: 200\n"));
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	again = rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0");
	CHECK_STR(rig_header(t->r, again, "Min-SE"), "200");
	answer(t, again, "200 OK", NO_UPDATE "Require: timer\nSession-Expires: 200;refresher=uac\n");
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	rig_run_for(t->r, 60000);
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	story_close(t);
}

TEST(rfc4028_a_refresh_whose_200_names_no_time_ends_the_timer)
{
	struct story *t = story_new();
	const char *again;

	talk(t, INV_TIMER_OFFER, NO_UPDATE "Require: timer\nSession-Expires: 90;refresher=uac\n");
	rig_run_for(t->r, 45000);
	again = rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0");
	answer(t, again, "200 OK", NO_UPDATE);
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	rig_run_for(t->r, 600000);
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	story_close(t);
}

/* It says that it takes UPDATE and then does not: the session is refreshed by re-INVITE from then on. */
TEST(a_refresh_by_update_that_is_refused_is_tried_as_a_re_invite)
{
	static const char *const refusals[] = {"405 Method Not Allowed", "501 Not Implemented"};

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct story *t = story_new();
		const char *update;

		talk(t, INV_TIMER_OFFER,
			"Allow: INVITE, ACK, BYE, UPDATE\nRequire: timer\nSession-Expires: "
			"90;refresher=uac\n");
		rig_run_for(t->r, 45000);
		update = rig_expect(t->r, "UPDATE sip:bob@192.0.2.2:5070 SIP/2.0");
		rig_send(t->r, rig_response(t->r, update, refusals[i], "bob1", ""));
		rig_run_for(t->r, 100);
		answer(t, rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0"), "200 OK",
			"Require: timer\nSession-Expires: 90;refresher=uac\n");
		rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
		CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
		story_close(t);
	}
}

/* A request of the peer inside the dialog that our INVITE made. */
static void peer_request(
	struct story *t, const char *invite, const char *method, unsigned cseq, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s sip:alice@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP "
		"192.0.2.2:5070;branch=z9hG4bKp%u\nMax-Forwards: 70\n"
		"From: %s;tag=bob1\nTo: %s\nCall-ID: %s\nCSeq: %u %s\nContact: <sip:bob@192.0.2.2:5070>\n%s",
		method, ++t->branches, rig_header(t->r, invite, "To"), rig_header(t->r, invite, "From"),
		rig_header(t->r, invite, "Call-ID"), cseq, method, more);
	rig_send(t->r, text);
}

TEST(rfc4028_9_an_update_that_wants_too_short_a_time_is_refused)
{
	struct story *t = story_new();
	const char *invite =
		talk(t, INV_TIMER_OFFER, "Require: timer\nSession-Expires: 1800;refresher=uas\n");
	const char *refusal;

	peer_request(t, invite, "UPDATE", 1,
		"Supported: timer\nSession-Expires: 30;refresher=uac\nContent-Length: 0\n\n");
	refusal = rig_expect(t->r, "SIP/2.0 422 ");
	CHECK_STR(rig_header(t->r, refusal, "Min-SE"), "90");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	story_close(t);
}

TEST(an_update_with_a_body_of_another_kind_is_refused)
{
	struct story *t = story_new();
	const char *invite = talk(t, INV_TIMER_OFF, "");

	peer_request(t, invite, "UPDATE", 1, "Content-Type: text/plain\nContent-Length: 2\n\nhi");
	rig_expect(t->r, "SIP/2.0 415 ");
	/* An offer that cannot be used: 488, and the session stands. */
	t->e.verdict = OH_ESDP;
	peer_request(t, invite, "UPDATE", 2, "Content-Type: application/sdp\nContent-Length: 7\n\noffer-9");
	rig_expect(t->r, "SIP/2.0 488 ");
	CHECK_EQ(inv_state(t->e.inv), INV_CONFIRMED);
	CHECK_EQ(inv_refuse_offer(t->e.inv, 488, NULL, 0), OH_ESTATE);
	story_close(t);
}

static int refuse_inside(void *arg, struct inv *inv, enum inv_sdp kind, struct slice body, bool early)
{
	const struct sip_extra why = {SLICE_LIT("Warning"), SLICE_LIT("305 x \"no\"")};

	(void)arg;
	(void)body;
	(void)early;
	if (kind == INV_SDP_ANSWER)
		return 0;
	CHECK_EQ(inv_refuse_offer(inv, 200, NULL, 0), OH_EINVAL);
	CHECK_OK(inv_refuse_offer(inv, 488, &why, 1));
	CHECK_EQ(inv_refuse_offer(inv, 488, NULL, 0), OH_ESTATE);
	CHECK_EQ(inv_answer_offer(inv, SLICE_LIT("answer-9"), SLICE_NONE), OH_ESTATE);
	return OH_ESDP;
}

TEST(the_owner_refuses_the_offer_of_an_update_in_its_own_words)
{
	struct story *t = story_new();
	struct inv_call_cfg cfg = {.target = SLICE_LIT(RIG_PEER_URI),
		.policy = inv_policy_default(),
		.from = SLICE_LIT("<sip:alice@example.com>"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.contact = SLICE_LIT("<sip:alice@192.0.2.1>"),
		.offer = SLICE_LIT("offer-1"),
		.handler = end_inv_handler(&t->e)};
	const char *invite;

	cfg.handler.sdp = refuse_inside;
	CHECK_OK(inv_call(t->r->stack, &cfg, &t->e.inv));
	invite = rig_expect(t->r, "INVITE sip:bob@192.0.2.2:5070 SIP/2.0");
	answer(t, invite, "200 OK", "");
	rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0");
	peer_request(t, invite, "UPDATE", 1, "Content-Type: application/sdp\nContent-Length: 7\n\noffer-9");
	CHECK_STR(rig_header(t->r, rig_expect(t->r, "SIP/2.0 488 "), "Warning"), "305 x \"no\"");
	story_close(t);
}

TESTS(RUN(rfc4028_a_peer_without_update_is_refreshed_by_re_invites),
	RUN(rfc4028_a_refresh_whose_200_names_no_time_ends_the_timer),
	RUN(a_refresh_by_update_that_is_refused_is_tried_as_a_re_invite),
	RUN(rfc4028_9_an_update_that_wants_too_short_a_time_is_refused),
	RUN(an_update_with_a_body_of_another_kind_is_refused),
	RUN(the_owner_refuses_the_offer_of_an_update_in_its_own_words))
