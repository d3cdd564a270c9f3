/* Server transactions: RFC 3261 17.2, RFC 6026, RFC 4320; and the order of checks of RFC 3261 8.2. */
#include "rig.h"

static void send_request(struct rig *r, const char *method, const char *branch, unsigned cseq)
{
	rig_send(r, rig_request(r, method, branch, cseq, ""));
}

/* ---- time ---- */

/* RFC 3261 17.2.1: without an answer within 200 ms the transaction says 100 by itself. */
TEST(invite_gets_a_100_after_200_ms)
{
	struct rig *r = rig_new();
	const char *trying;

	rig_send(r, rig_request(r, "INVITE", "z9hG4bKa", 1, "Timestamp: 54\n"));
	trying = rig_expect_at(r, 200, "SIP/2.0 100 Trying\r\n");
	CHECK_STR(rig_header(r, trying, "To"), "<sip:bob@example.com>"); /* no tag in a 100 */
	CHECK_STR(rig_header(r, trying, "Timestamp"), "54");             /* 8.2.6.1 */
	rig_respond(r, 486);
	rig_expect(r, "SIP/2.0 486");
	send_request(r, "ACK", "z9hG4bKa", 1);
	rig_close(r);
}

TEST(invite_answered_in_time_gets_no_100)
{
	struct rig *r = rig_new();

	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_run_until(r, 199);
	rig_respond(r, 180);
	rig_expect_at(r, 199, "SIP/2.0 180 Ringing\r\n");
	rig_run_until(r, 3600 * 1000); /* it may ring for an hour */
	rig_expect_nothing(r);
	rig_respond(r, 200);
	rig_expect(r, "SIP/2.0 200 OK\r\n");
	rig_close(r);
}

/* Without memory for the 100 it is as if it had been lost: the client asks again. */
TEST(a_100_without_memory_goes_when_the_client_asks_again)
{
	struct rig *r = rig_new();

	send_request(r, "INVITE", "z9hG4bKa", 1);
	mem_fail_at(1);
	rig_run_until(r, 200);
	CHECK(!mem_fail_armed());
	rig_run_until(r, 500);
	rig_expect_nothing(r);
	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_expect_at(r, 500, "SIP/2.0 100 Trying\r\n");
	rig_respond(r, 486);
	rig_expect(r, "SIP/2.0 486");
	rig_close(r);
}

/* 17.2.1: timer G doubles up to T2, timer H ends it at 64*T1. */
TEST(refusal_is_repeated_until_timer_h)
{
	static const unsigned sent_at_ms[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct rig *r = rig_new();

	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_respond(r, 486);
	for (size_t i = 0; i < ARRAY_LEN(sent_at_ms); i++)
		rig_expect_at(r, sent_at_ms[i], "SIP/2.0 486 Busy Here\r\n");
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_ETIMEDOUT);
	rig_close(r);
}

/* Timer I: after the ACK it absorbs more of them for T4. */
TEST(ack_ends_the_repetition)
{
	struct rig *r = rig_new();

	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_respond(r, 486);
	rig_expect_at(r, 0, "SIP/2.0 486");
	rig_run_until(r, 100);
	send_request(r, "ACK", "z9hG4bKa", 1);
	send_request(r, "ACK", "z9hG4bKa", 1);
	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_run_until(r, 5099);
	CHECK_EQ(r->user.done, 0);
	CHECK_EQ(r->requests, 1);
	rig_run_until(r, 5100);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, 0);
	rig_expect_nothing(r);
	rig_close(r);
}

/* RFC 6026 7.1: the 2xx is repeated by the session, the transaction only absorbs the INVITE,
 * until timer L. */
TEST(accepted_absorbs_invites_and_passes_2xx_until_timer_l)
{
	struct rig *r = rig_new();
	struct sip_server *t;

	send_request(r, "INVITE", "z9hG4bKa", 1);
	t = r->server;
	rig_respond(r, 200);
	rig_expect_at(r, 0, "SIP/2.0 200 OK");
	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_run_until(r, 10000);
	rig_expect_nothing(r);
	CHECK_OK(sip_respond_again(t));
	rig_expect_at(r, 10000, "SIP/2.0 200 OK");
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, 0);
	CHECK_EQ(r->requests, 1);
	rig_close(r);
}

/* RFC 4320 4.1: a 100 to anything else only when the client's timer E has reached T2, 3.5 s. */
TEST(slow_answer_to_options_gets_a_100_after_3500_ms)
{
	struct rig *r = rig_new();

	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	rig_run_until(r, 1500);
	send_request(r, "OPTIONS", "z9hG4bKa", 1); /* still nothing to repeat */
	rig_expect_at(r, 3500, "SIP/2.0 100 Trying\r\n");
	rig_run_until(r, 7500);
	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	rig_expect_at(r, 7500, "SIP/2.0 100 Trying\r\n");
	rig_respond(r, 200);
	rig_expect_at(r, 7500, "SIP/2.0 200 OK\r\n");
	rig_run_until(r, 7500 + 31999); /* timer J */
	CHECK_EQ(rig_counters(r).server_txns, 1);
	rig_run_until(r, 7500 + 32000);
	CHECK_EQ(rig_counters(r).server_txns, 0);
	rig_close(r);
}

/* RFC 4320 4.2: when the client has given up, an answer would only be in the way. */
TEST(answer_after_the_client_gave_up_is_not_sent)
{
	const struct sip_reply ok = {.status = 200};
	struct rig *r = rig_new();

	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	rig_expect_at(r, 3500, "SIP/2.0 100");
	rig_run_until(r, 40000);
	CHECK_EQ(rig_counters(r).server_txns, 1); /* the user still holds it */
	CHECK_EQ(sip_respond(r->server, &ok), OH_ETIMEDOUT);
	CHECK_EQ(rig_counters(r).server_txns, 0);
	rig_expect_nothing(r);

	send_request(r, "OPTIONS", "z9hG4bKb", 2);
	rig_run_for(r, 40000);
	rig_expect(r, "SIP/2.0 100");
	sip_server_detach(r->server);
	rig_expect_nothing(r);
	rig_close(r);
}

/* ---- every cell of the table ---- */

enum {
	I_TRYING,
	I_PROCEEDING,
	I_COMPLETED,
	I_CONFIRMED,
	I_ACCEPTED,
	N_TRYING,
	N_PROCEEDING,
	N_EXPIRED,
	N_COMPLETED,
	N_STATES
};
enum { REQUEST, ACK, TX_180, TX_200, TX_486, RETRY, GIVE_UP, UNREACHABLE, CANCEL, N_EVENTS };

static const char *const state_names[N_STATES] = {"I_TRYING", "I_PROCEEDING", "I_COMPLETED", "I_CONFIRMED",
	"I_ACCEPTED", "N_TRYING", "N_PROCEEDING", "N_EXPIRED", "N_COMPLETED"};

/* What is seen from outside: statuses sent, an error of sip_respond(), what the user is told. */
/* clang-format off */
static const char *const cells[N_STATES][N_EVENTS] = {
	/*                request  ACK  180       200       486       200 ms  60 s       unreach   CANCEL */
	[I_TRYING]     = {"",      "",  "180",    "200",    "486",    "100",  "",        "",       "200 cancel"},
	[I_PROCEEDING] = {"180",   "",  "180",    "200",    "486",    "",     "",        "failed", "200 cancel"},
	[I_COMPLETED]  = {"486",   "",  "estate", "estate", "estate", "",     "timeout", "failed", "200"},
	[I_CONFIRMED]  = {"",      "",  "estate", "estate", "estate", "",     "end",     "",       "200"},
	[I_ACCEPTED]   = {"",      "",  "estate", "estate", "estate", "",     "end",     "failed", "200"},
	[N_TRYING]     = {"",      "",  "einval", "200",    "486",    "",     "",        "",       "200"},
	[N_PROCEEDING] = {"100",   "",  "einval", "200",    "486",    "",     "",        "",       "200"},
	[N_EXPIRED]    = {"",      "",  "einval", "expired","expired","",     "",        "",       "200"},
	[N_COMPLETED]  = {"200",   "",  "einval", "estate", "estate", "",     "",        "",       "200"},
};
/* clang-format on */

static void bring_to(struct rig *r, int state)
{
	send_request(r, state >= N_TRYING ? "OPTIONS" : "INVITE", "z9hG4bKa", 1);
	if (state == I_PROCEEDING)
		rig_respond(r, 180);
	if (state == I_COMPLETED || state == I_CONFIRMED)
		rig_respond(r, 486);
	if (state == I_CONFIRMED)
		send_request(r, "ACK", "z9hG4bKa", 1);
	if (state == I_ACCEPTED || state == N_COMPLETED)
		rig_respond(r, 200);
	if (state == N_PROCEEDING)
		rig_run_for(r, 3500);
	if (state == N_EXPIRED)
		rig_run_for(r, 32000);
	while (r->got)
		rig_expect(r, "SIP/2.0");
	r->user = (struct rig_user){0};
}

static int happen(struct rig *r, int event, int state)
{
	static const unsigned statuses[N_EVENTS] = {[TX_180] = 180, [TX_200] = 200, [TX_486] = 486};
	const struct sip_reply reply = {.status = statuses[event]};
	int err = 0;

	switch (event) {
	case REQUEST:
		send_request(r, state >= N_TRYING ? "OPTIONS" : "INVITE", "z9hG4bKa", 1);
		break;
	case ACK:
		send_request(r, "ACK", "z9hG4bKa", 1);
		break;
	case RETRY:
		rig_run_for(r, 200);
		break;
	case GIVE_UP:
		rig_run_for(r, 60000);
		break;
	case UNREACHABLE:
		rig_unreachable(r);
		break;
	case CANCEL:
		send_request(r, "CANCEL", "z9hG4bKa", 1);
		break;
	default:
		err = sip_respond(r->server, &reply);
	}
	rig_settle(r);
	return err;
}

static void describe(struct rig *r, int event, int err, char *text)
{
	static const struct {
		int err;
		const char *text;
	} errors[] = {{OH_ESTATE, "estate "}, {OH_EINVAL, "einval "}, {OH_ETIMEDOUT, "expired "}};

	*text = 0;
	while (r->got) {
		const char *msg = rig_expect(r, "SIP/2.0");

		if (event != GIVE_UP) /* what is sent on the way there is another cell's */
			strncat(text, msg + 8, 4);
	}
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (err == errors[i].err)
			strcat(text, errors[i].text);
	if (r->user.cancelled)
		strcat(text, "cancel ");
	if (r->user.failed)
		strcat(text, "failed ");
	if (r->user.done)
		strcat(text, r->user.err == OH_ETIMEDOUT ? "timeout " : "end ");
	if (*text)
		text[strlen(text) - 1] = 0;
}

TEST(every_cell_of_the_state_table)
{
	for (int state = 0; state < N_STATES; state++) {
		for (int event = 0; event < N_EVENTS; event++) {
			struct rig *r = rig_new();
			char seen[256];
			int err;

			bring_to(r, state);
			err = happen(r, event, state);
			describe(r, event, err, seen);
			if (strcmp(seen, cells[state][event]) != 0)
				fail_msg("%s, event %d: \"%s\", expected \"%s\"", state_names[state], event,
					seen, cells[state][event]);
			CHECK_EQ(r->requests, 1);
			rig_drop(r);
		}
	}
}

/* ---- what a response says: RFC 3261 8.2.6 ---- */

TEST(responses_repeat_what_the_request_said)
{
	const struct sip_extra extra = {SLICE_LIT("X-Mine"), SLICE_LIT("yes")};
	const struct sip_reply ok = {.status = 200,
		.to_tag = SLICE_LIT("mytag"),
		.contact = SLICE_LIT("<sip:bob@192.0.2.1>"),
		.record_route = true,
		.extras = &extra,
		.n_extras = 1,
		.content_type = SLICE_LIT("text/plain"),
		.body = SLICE_LIT("hi")};
	struct rig *r = rig_new();
	const char *got;

	rig_send(r,
		"INVITE sip:bob@192.0.2.1 SIP/2.0\n"
		"v: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKtop ;x=1, SIP/2.0/TCP second;branch=z9hG4bKb\n"
		"Via: SIP/2.0/UDP third\n ;branch=z9hG4bKc\n"
		"Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\n"
		"Record-Route: <sip:p3.example.com;lr>\n"
		"From: \"A, B\" <sip:alice@example.com>\n ;tag=1\n"
		"t: <sip:bob@example.com>\n"
		"i: abc@def\nCSeq: 0009 INVITE\nMax-Forwards: 70\n"
		"Contact: <sip:alice@192.0.2.2>\n");
	CHECK_OK(sip_respond(r->server, &ok));
	got = rig_expect(r, "SIP/2.0 200 OK\r\n"
			    "Via: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKtop;x=1\r\n"
			    "Via: SIP/2.0/TCP second;branch=z9hG4bKb\r\n");
	CHECK(rig_has(got, "Via: SIP/2.0/UDP third ;branch=z9hG4bKc\r\n") ||
		rig_has(got, "Via: SIP/2.0/UDP third   ;branch=z9hG4bKc\r\n"));
	CHECK(rig_has(got, "Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\r\n"
			   "Record-Route: <sip:p3.example.com;lr>\r\n"));
	CHECK_STR(rig_header(r, got, "From"), "\"A, B\" <sip:alice@example.com> ;tag=1");
	CHECK_STR(rig_header(r, got, "To"), "<sip:bob@example.com>;tag=mytag");
	CHECK_STR(rig_header(r, got, "Call-ID"), "abc@def");
	CHECK_STR(rig_header(r, got, "CSeq"), "0009 INVITE");
	CHECK_STR(rig_header(r, got, "Contact"), "<sip:bob@192.0.2.1>");
	CHECK_STR(rig_header(r, got, "X-Mine"), "yes");
	CHECK_STR(rig_header(r, got, "Content-Length"), "2");
	CHECK(rig_has(got, "\r\n\r\nhi"));
	rig_close(r);
}

/* 8.2.6.2: all responses to one request have the same tag, also those that the stack makes by itself. */
TEST(one_request_has_one_to_tag)
{
	struct rig *r = rig_new();
	const char *first, *cancel;

	send_request(r, "INVITE", "z9hG4bKa", 1);
	rig_respond(r, 180);
	first = rig_header(r, rig_expect(r, "SIP/2.0 180"), "To");
	CHECK(rig_has(first, ";tag="));
	send_request(r, "CANCEL", "z9hG4bKa", 1);
	cancel = rig_expect(r, "SIP/2.0 200 OK");
	CHECK_STR(rig_header(r, cancel, "To"), first);
	CHECK_STR(rig_header(r, cancel, "CSeq"), "1 CANCEL");
	rig_respond(r, 487);
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 487"), "To"), first);
	rig_run_for(r, 500);
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 487"), "To"), first);
	rig_close(r);
}

TEST(reply_that_cannot_be_sent_leaves_the_transaction_as_it_is)
{
	const struct sip_extra bad = {SLICE_LIT("X"), SLICE_LIT("a\r\nb")};
	const struct sip_reply with_line_end = {.status = 486, .extras = &bad, .n_extras = 1};
	const struct sip_reply odd[] = {{.status = 0}, {.status = 99}, {.status = 700}};
	const struct sip_reply timeout = {.status = 408};
	struct rig *r = rig_new();

	send_request(r, "INVITE", "z9hG4bKa", 1);
	CHECK_EQ(sip_respond(r->server, &with_line_end), OH_EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		CHECK_EQ(sip_respond(r->server, &odd[i]), OH_EINVAL);
	rig_expect_nothing(r);
	rig_respond(r, 408);
	rig_expect(r, "SIP/2.0 408 Request Timeout");
	send_request(r, "OPTIONS", "z9hG4bKb", 2);
	CHECK_EQ(sip_respond(r->server, &timeout), OH_EINVAL); /* RFC 4320 4.2 */
	rig_respond(r, 200);
	rig_close(r);
}

/* ---- the user goes ---- */

/* OH_ENOMEM means "answer again" and nothing else: what the socket had no memory for counts as sent and lost. */
TEST(response_that_found_no_memory_may_be_given_again)
{
	const struct sip_reply ok = {.status = 200};
	bool again = false, lost = false;

	for (uint64_t n = 1; !lost; n++) {
		struct rig *r = rig_new();
		struct sip_server *t;
		int err;

		rig_send(r, rig_request(r, "OPTIONS", "z9hG4bK1", 1, ""));
		t = rig_server(r);
		mem_fail_at(n);
		err = sip_respond(t, &ok);
		CHECK(!mem_fail_armed());
		if (err == OH_ENOMEM) {
			CHECK_OK(sip_respond(t, &ok));
			again = true;
		} else {
			CHECK_EQ(err, OH_ETRANSPORT);
			CHECK_EQ(rig_counters(r).server_txns, 1);
			lost = true;
		}
		rig_close(r);
	}
	CHECK(again);
}

TEST(refuse_and_detach_answer_what_is_open)
{
	struct rig *r = rig_new();

	send_request(r, "INVITE", "z9hG4bKa", 1);
	sip_refuse(rig_server(r), 603, NULL);
	rig_expect(r, "SIP/2.0 603 Decline\r\n");
	send_request(r, "INVITE", "z9hG4bKb", 2);
	sip_refuse(rig_server(r), 488, "Codecs");
	rig_expect(r, "SIP/2.0 488 Codecs\r\n");
	send_request(r, "INVITE", "z9hG4bKc", 3);
	sip_server_detach(rig_server(r));
	rig_expect(r, "SIP/2.0 500 ");
	send_request(r, "OPTIONS", "z9hG4bKd", 4);
	sip_server_detach(rig_server(r));
	rig_expect(r, "SIP/2.0 500 ");
	rig_run_for(r, 64000);
	CHECK_EQ(r->user.done, 0); /* nobody is told any more */
	while (r->got)
		rig_expect(r, "SIP/2.0 ");
	rig_close(r);
}

static void keep_only(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)msg;
	*(struct sip_server **)arg = server;
}

/* An INVITE that the user neither answers nor takes would never end. */
TEST(invite_that_nobody_takes_gets_500)
{
	struct sip_server *server = NULL;
	const struct sip_stack_cfg cfg = {.handler = {.request = keep_only, .arg = &server}};
	struct rig *r = rig_new_with(&cfg);

	send_request(r, "INVITE", "z9hG4bKa", 1);
	CHECK(server);
	rig_expect_at(r, 0, "SIP/2.0 500 ");
	rig_close(r);
}

/* ---- which request belongs to which transaction: RFC 3261 17.2.3 ---- */

TEST(a_branch_means_nothing_without_its_sender_and_method)
{
	struct rig *r = rig_new();

	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	CHECK_EQ(r->requests, 1);
	rig_respond(r, 200);
	send_request(r, "INVITE", "z9hG4bKa", 1);
	CHECK_EQ(r->requests, 2);
	rig_respond(r, 486);
	rig_send(r, "OPTIONS sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP other.example.com;branch=z9hG4bKa\n"
		    "Max-Forwards: 70\nFrom: <sip:c@d>;tag=9\nTo: <sip:bob@example.com>\nCall-ID: x\nCSeq: 1 "
		    "OPTIONS\n");
	CHECK_EQ(r->requests, 3);
	rig_respond(r, 200);
	rig_close(r);
}

/* A branch without the cookie is worth nothing: RFC 2543 peers may use one for all. */
TEST(peers_of_rfc_2543_are_told_apart_by_everything_else)
{
	struct rig *r = rig_new();
	const char *busy, *tag;
	char ack[32];

	send_request(r, "INVITE", "1", 1);
	send_request(r, "INVITE", "1", 1);
	CHECK_EQ(r->requests, 1);
	rig_respond(r, 486);
	busy = rig_expect(r, "SIP/2.0 486");
	send_request(r, "ACK;tag=wrong", "1", 1);
	rig_run_for(r, 500);
	rig_expect(r, "SIP/2.0 486"); /* not acknowledged */
	tag = strstr(rig_header(r, busy, "To"), ";tag=");
	snprintf(ack, sizeof(ack), "ACK%s", tag);
	send_request(r, ack, "1", 1);
	rig_run_for(r, 4000);
	rig_expect_nothing(r);
	send_request(r, "INVITE", "1", 2);
	CHECK_EQ(r->requests, 2);
	send_request(r, "CANCEL", "1", 2);
	rig_expect(r, "SIP/2.0 200 OK");
	CHECK_EQ(r->user.cancelled, 1);
	rig_respond(r, 487);
	rig_close(r);
}

/* 8.2.2.2: the same request by two paths, once with another branch. */
TEST(request_that_comes_by_two_paths_is_answered_once)
{
	struct rig *r = rig_new();

	struct sip_server *first;

	send_request(r, "INVITE", "z9hG4bKpath1", 1);
	first = rig_server(r);
	send_request(r, "INVITE", "z9hG4bKpath2", 1);
	rig_expect(r, "SIP/2.0 482 Loop Detected\r\n");
	send_request(r, "INVITE", "z9hG4bKpath3", 2); /* a number further it is another one */
	CHECK_EQ(r->requests, 2);
	rig_respond(r, 486);
	sip_refuse(first, 486, NULL);
	rig_close(r);
}

/* ---- CANCEL: RFC 3261 9.2 ---- */

TEST(cancel_of_nothing_gets_481)
{
	struct rig *r = rig_new();

	send_request(r, "CANCEL", "z9hG4bKa", 1);
	rig_expect(r, "SIP/2.0 481 ");
	rig_close(r);
}

static void answer_cancel(void *arg, struct sip_msg *msg)
{
	const struct sip_reply terminated = {.status = 487};

	(void)msg;
	CHECK_OK(sip_respond(((struct rig *)arg)->server, &terminated));
}

TEST(cancel_is_answered_then_the_invite)
{
	struct rig *r = rig_new();
	const struct sip_server_handler handler = {
		.cancel = answer_cancel, .done = rig_server_handler(r).done, .arg = r};

	send_request(r, "INVITE", "z9hG4bKa", 1);
	sip_server_handle(r->server, &handler);
	send_request(r, "CANCEL", "z9hG4bKa", 1);
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 200 OK"), "CSeq"), "1 CANCEL");
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 487"), "CSeq"), "1 INVITE");
	send_request(r, "CANCEL", "z9hG4bKa", 1); /* repeated, because its answer was lost */
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 200 OK"), "CSeq"), "1 CANCEL");
	send_request(r, "ACK", "z9hG4bKa", 1);
	rig_run_for(r, 5000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, 0);
	rig_close(r);
}

/* ---- refusals without a transaction ---- */

TEST(what_nobody_takes_is_refused_without_memory)
{
	static const struct {
		const char *method, *more, *answer, *header, *value;
	} rows[] = {
		{"FROBNICATE", "", "SIP/2.0 501 Not Implemented\r\n", "Allow", SIP_STACK_ALLOW},
		{"PUBLISH", "", "SIP/2.0 405 Method Not Allowed\r\n", "Allow", SIP_STACK_ALLOW},
		{"BYE;tag=gone", "", "SIP/2.0 481 ", NULL, NULL},
		{"INVITE;tag=gone", "", "SIP/2.0 481 ", NULL, NULL},
		{"INVITE", "Require: x-c, x-a, 100rel\nRequire: x-b\n", "SIP/2.0 420 Bad Extension\r\n",
			"Unsupported", "x-c, x-a, x-b"},
		{"INVITE", "Content-Length: -1\n\n", "SIP/2.0 400 ", NULL, NULL},
	};
	struct rig *r = rig_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char branch[32];
		const char *answer, *again;

		snprintf(branch, sizeof(branch), "z9hG4bK%zu", i);
		rig_send(r, rig_request(r, rows[i].method, branch, 1, rows[i].more));
		answer = rig_expect(r, rows[i].answer);
		if (rows[i].header)
			CHECK_STR(rig_header(r, answer, rows[i].header), rows[i].value);
		rig_send(r, rig_request(r, rows[i].method, branch, 1, rows[i].more));
		again = rig_expect(r, rows[i].answer);
		CHECK_STR(answer, again); /* with the same To tag: RFC 3261 8.2.7 */
		CHECK(rig_has(rig_header(r, answer, "To"), ";tag="));
	}
	CHECK_EQ(r->requests, 0);
	CHECK_EQ(rig_counters(r).server_txns, 0);
	rig_close(r);
}

TEST(unknown_uri_scheme_gets_416)
{
	struct rig *r = rig_new();

	rig_send(r,
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKa\nMax-Forwards: 70\nFrom: <sip:c@d>;tag=9\n"
		"To: <sip:bob@example.com>\nCall-ID: x\nCSeq: 1 OPTIONS\n");
	rig_expect(r, "SIP/2.0 416 Unsupported URI Scheme\r\n");
	rig_close(r);
}

/* Nothing but its source says where the answer goes, and the Via comes back as it was. */
TEST(a_via_that_cannot_be_read_gets_its_400)
{
	struct rig *r = rig_new();
	const char *refusal;

	rig_send(r, "OPTIONS sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5099;;,;,,\n"
		    "v: SIP/2.0/UDP 192.0.2.99\nMax-Forwards: 70\nFrom: <sip:c@d>;tag=9\n"
		    "To: <sip:bob@example.com>\nCall-ID: x\nCSeq: 1 OPTIONS\n");
	refusal = rig_expect(r, "SIP/2.0 400 Bad Via\r\n");
	CHECK(rig_has(refusal, "Via: SIP/2.0/UDP 192.0.2.2:5099;;,;,,\r\nVia: SIP/2.0/UDP 192.0.2.99\r\n"));
	CHECK(strstr(rig_header(r, refusal, "To"), ";tag="));
	rig_close(r);
}

TEST(an_unknown_method_gets_501_with_allow_also_when_its_cseq_is_wrong)
{
	struct rig *r = rig_new();

	rig_send(r, "FROB sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKa\n"
		    "Max-Forwards: 70\nFrom: <sip:c@d>;tag=9\nTo: <sip:bob@example.com>\nCall-ID: x\n"
		    "CSeq: 1 INVITE\n");
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 501 Not Implemented\r\n"), "Allow"), SIP_STACK_ALLOW);
	rig_close(r);
}

TEST(an_ack_is_never_answered)
{
	struct rig *r = rig_new();

	send_request(r, "ACK", "z9hG4bKa", 1);
	send_request(r, "ACK;tag=gone", "z9hG4bKb", 1);
	rig_send(r, rig_request(r, "ACK", "z9hG4bKc", 1, "Content-Length: -1\n\n"));
	rig_expect_nothing(r);
	CHECK_EQ(rig_counters(r).rx_dropped, 3);
	rig_close(r);
}

TEST(above_the_limit_new_requests_get_503)
{
	const struct sip_stack_cfg cfg = {.max_server_txns = 2};
	struct rig *r = rig_new_with(&cfg);

	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	rig_respond(r, 200);
	rig_expect(r, "SIP/2.0 200");
	send_request(r, "OPTIONS", "z9hG4bKb", 2);
	rig_respond(r, 200);
	rig_expect(r, "SIP/2.0 200");
	send_request(r, "OPTIONS", "z9hG4bKc", 3);
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 503 Service Unavailable\r\n"), "Retry-After"), "10");
	send_request(r, "OPTIONS", "z9hG4bKa", 1); /* what is known is served on */
	rig_expect(r, "SIP/2.0 200");
	rig_run_for(r, 32000);
	send_request(r, "OPTIONS", "z9hG4bKd", 4);
	CHECK_EQ(r->requests, 3);
	rig_respond(r, 200);
	rig_close(r);
}

/* RFC 3261 15.1.1: any final response to its BYE ends the call for the peer, so a refusal would leave us alone in it. */
TEST(above_the_limit_a_bye_waits_for_its_repetition)
{
	const struct sip_stack_cfg cfg = {.max_server_txns = 1};
	struct rig *r = rig_new_with(&cfg);

	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	rig_respond(r, 200);
	rig_expect(r, "SIP/2.0 200");
	send_request(r, "BYE", "z9hG4bKb", 2);
	rig_expect_nothing(r);
	rig_run_for(r, 32000);
	send_request(r, "BYE", "z9hG4bKb", 2);
	rig_respond(r, 200);
	rig_expect(r, "SIP/2.0 200");
	rig_close(r);
}

/* A few huge requests weigh as much as many small ones. */
TEST(above_the_limit_in_bytes_new_requests_get_503)
{
	const struct sip_stack_cfg cfg = {.max_server_bytes = 8000};
	struct rig *r = rig_new_with(&cfg);
	char more[8200] = "Record-Route: <sip:p.example.com;x=";

	memset(more + strlen(more), 'y', 8000);
	strcat(more, ">\n");
	rig_send(r, rig_request(r, "OPTIONS", "z9hG4bKa", 1, more));
	CHECK_EQ(r->requests, 1);
	send_request(r, "OPTIONS", "z9hG4bKb", 2);
	rig_expect(r, "SIP/2.0 503 ");
	rig_respond(r, 200); /* what it must repeat is much less */
	rig_expect(r, "SIP/2.0 200");
	send_request(r, "OPTIONS", "z9hG4bKb", 2);
	CHECK_EQ(r->requests, 2);
	rig_respond(r, 200);
	rig_close(r);
}

/* ---- what goes wrong ---- */

TEST(transport_that_closes_ends_what_nobody_waits_for)
{
	const struct sip_reply ok = {.status = 200};
	struct rig *r = rig_new();
	struct sip_server *waiting;

	send_request(r, "OPTIONS", "z9hG4bKa", 1);
	rig_respond(r, 200);
	send_request(r, "OPTIONS", "z9hG4bKb", 2);
	waiting = r->server;
	send_request(r, "INVITE", "z9hG4bKc", 3);
	r->udp = sip_transport_free(r->udp);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_ETRANSPORT);
	CHECK_EQ(rig_counters(r).server_txns, 1);
	CHECK_EQ(sip_respond(waiting, &ok), OH_ETRANSPORT);
	rig_close(r);
}

TEST(every_allocation_may_fail)
{
	bool more = true;

	for (uint64_t n = 1; more; n++) {
		struct rig *r = rig_new();
		const char *invite = rig_request(r, "INVITE", "z9hG4bKa", 1, "");
		const char *options = rig_request(r, "OPTIONS", "z9hG4bKb", 2, "");

		mem_fail_at(n);
		rig_send(r, invite);
		if (r->server)
			sip_refuse(rig_server(r), 486, NULL);
		rig_send(r, options);
		if (r->server)
			sip_server_detach(rig_server(r));
		more = !mem_fail_armed();
		mem_fail_at(0);
		rig_close(r);
	}
}

TESTS(RUN(invite_gets_a_100_after_200_ms), RUN(invite_answered_in_time_gets_no_100),
	RUN(a_100_without_memory_goes_when_the_client_asks_again), RUN(refusal_is_repeated_until_timer_h),
	RUN(ack_ends_the_repetition), RUN(accepted_absorbs_invites_and_passes_2xx_until_timer_l),
	RUN(slow_answer_to_options_gets_a_100_after_3500_ms),
	RUN(answer_after_the_client_gave_up_is_not_sent), RUN(every_cell_of_the_state_table),
	RUN(responses_repeat_what_the_request_said), RUN(one_request_has_one_to_tag),
	RUN(reply_that_cannot_be_sent_leaves_the_transaction_as_it_is),
	RUN(response_that_found_no_memory_may_be_given_again), RUN(refuse_and_detach_answer_what_is_open),
	RUN(invite_that_nobody_takes_gets_500), RUN(a_branch_means_nothing_without_its_sender_and_method),
	RUN(peers_of_rfc_2543_are_told_apart_by_everything_else),
	RUN(request_that_comes_by_two_paths_is_answered_once), RUN(cancel_of_nothing_gets_481),
	RUN(cancel_is_answered_then_the_invite), RUN(what_nobody_takes_is_refused_without_memory),
	RUN(unknown_uri_scheme_gets_416), RUN(a_via_that_cannot_be_read_gets_its_400),
	RUN(an_unknown_method_gets_501_with_allow_also_when_its_cseq_is_wrong), RUN(an_ack_is_never_answered),
	RUN(above_the_limit_a_bye_waits_for_its_repetition), RUN(above_the_limit_new_requests_get_503),
	RUN(above_the_limit_in_bytes_new_requests_get_503),
	RUN(transport_that_closes_ends_what_nobody_waits_for), RUN(every_allocation_may_fail))
