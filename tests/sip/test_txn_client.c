/* Client transactions: RFC 3261 17.1, RFC 6026. */
#include "rig.h"

#define INVITE_LINE  "INVITE sip:bob@192.0.2.2:5070 SIP/2.0\r\n"
#define OPTIONS_LINE "OPTIONS sip:bob@192.0.2.2:5070 SIP/2.0\r\n"

/* ---- time ---- */

/* RFC 3261 17.1.1.2: T1 = 500 ms, the wait doubles, and it is over at 64*T1. */
TEST(invite_over_udp_backs_off_then_times_out)
{
	static const unsigned sent_at_ms[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	struct rig *r = rig_new();
	const char *first = NULL;

	rig_call(r, SIP_INVITE);
	for (size_t i = 0; i < ARRAY_LEN(sent_at_ms); i++) {
		const char *msg = rig_expect_at(r, sent_at_ms[i], INVITE_LINE);

		first = first ? first : msg;
		CHECK_STR(msg, first);
	}
	CHECK_EQ(rig_counters(r).tx_retransmits, ARRAY_LEN(sent_at_ms) - 1);
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_ETIMEDOUT);
	rig_close(r);
}

/* RFC 3261 17.1.2.2: timer E doubles up to T2 = 4 s, timer F ends it at 64*T1. */
TEST(options_over_udp_backs_off_up_to_t2_then_times_out)
{
	static const unsigned sent_at_ms[] = {
		0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	struct rig *r = rig_new();

	rig_call(r, SIP_OPTIONS);
	for (size_t i = 0; i < ARRAY_LEN(sent_at_ms); i++)
		rig_expect_at(r, sent_at_ms[i], OPTIONS_LINE);
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.err, OH_ETIMEDOUT);
	rig_expect_nothing(r);
	rig_close(r);
}

/* 17.1.2.2: after a provisional timer E goes on as it stood, and from its next firing at T2; F
 * is not moved. */
TEST(options_goes_on_at_t2_after_a_provisional)
{
	static const unsigned sent_at_ms[] = {1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500};
	struct rig *r = rig_new();
	const char *req;

	rig_call(r, SIP_OPTIONS);
	req = rig_expect_at(r, 0, OPTIONS_LINE);
	rig_expect_at(r, 500, OPTIONS_LINE);
	rig_run_until(r, 600);
	rig_reply(r, req, "100 Trying");
	for (size_t i = 0; i < ARRAY_LEN(sent_at_ms); i++)
		rig_expect_at(r, sent_at_ms[i], OPTIONS_LINE);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.n, 1);
	CHECK_EQ(r->user.err, OH_ETIMEDOUT);
	rig_close(r);
}

TEST(timers_follow_the_configuration)
{
	const struct sip_stack_cfg cfg = {.timers = {.t1 = 100, .t2 = 300, .t4 = 700}};
	static const unsigned sent_at_ms[] = {0, 100, 300, 600, 900};
	struct rig *r = rig_new_with(&cfg);
	const char *req = NULL;

	rig_call(r, SIP_OPTIONS);
	for (size_t i = 0; i < ARRAY_LEN(sent_at_ms); i++)
		req = rig_expect_at(r, sent_at_ms[i], OPTIONS_LINE);
	rig_reply(r, req, "200 OK");
	rig_run_until(r, 900 + 699);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 900 + 700); /* timer K */
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, 0);
	rig_close(r);
}

/* ---- INVITE ---- */

/* A callee may ring as long as it likes: there is no timer C in a user agent. */
TEST(invite_rings_for_an_hour_then_is_answered)
{
	struct rig *r = rig_new();
	const char *invite;

	rig_call(r, SIP_INVITE);
	invite = rig_expect(r, INVITE_LINE);
	rig_reply(r, invite, "100 Trying");
	rig_reply(r, invite, "180 Ringing");
	rig_run_for(r, 3600 * 1000);
	rig_expect_nothing(r);
	rig_reply(r, invite, "200 OK");
	CHECK_EQ(r->user.n, 3);
	CHECK_EQ(r->user.status[0], 100);
	CHECK_EQ(r->user.status[1], 180);
	CHECK_EQ(r->user.status[2], 200);
	rig_expect_nothing(r); /* the ACK to a 2xx is the session's */
	rig_close(r);
}

/* RFC 6026 7.2: each 2xx goes up until timer M, repeats and other forks alike; what comes
 * later is a stray. */
TEST(every_2xx_goes_up_until_timer_m)
{
	struct rig *r = rig_new();
	const char *invite;

	rig_call(r, SIP_INVITE);
	invite = rig_expect(r, INVITE_LINE);
	rig_send(r, rig_response(r, invite, "200 OK", "fork1", ""));
	rig_send(r, rig_response(r, invite, "200 OK", "fork1", ""));
	rig_send(r, rig_response(r, invite, "200 OK", "fork2", ""));
	rig_send(r, rig_response(r, invite, "180 Ringing", "fork3", ""));
	rig_send(r, rig_response(r, invite, "486 Busy Here", "fork3", ""));
	CHECK_EQ(r->user.n, 3);
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_send(r, rig_response(r, invite, "200 OK", "fork3", ""));
	CHECK_EQ(r->user.n, 4);
	rig_run_until(r, 32000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, 0);
	CHECK_EQ(r->strays, 0);
	rig_send(r, rig_response(r, invite, "200 OK", "fork4", ""));
	CHECK_EQ(r->user.n, 4);
	CHECK_EQ(r->strays, 1);
	rig_close(r);
}

/* RFC 3261 17.1.1.3: Request-URI, Via, From, Call-ID, Route and the CSeq number of the INVITE, To of the
 * response. */
TEST(refusal_is_acknowledged_with_what_the_rfc_says)
{
	static const struct slice routes[] = {
		SLICE_LIT("<sip:192.0.2.2:5070;lr>"), SLICE_LIT("<sip:p2.example.com;lr>")};
	struct rig *r = rig_new();
	const struct sip_client_handler handler = rig_client_handler(r);
	struct sip_request req = rig_out(SIP_INVITE);
	struct sip_client *c;
	const char *invite, *ack;

	req.target = SLICE_LIT("sip:bob@far.example.com");
	req.routes = routes;
	req.n_routes = ARRAY_LEN(routes);
	req.content_type = SLICE_LIT("text/plain");
	req.body = SLICE_LIT("hello");
	CHECK_OK(sip_client_send(r->stack, &req, &handler, &c));
	invite = rig_expect(r, "INVITE sip:bob@far.example.com SIP/2.0\r\n");
	CHECK(rig_has(invite, "\r\n\r\nhello"));
	rig_reply(r, invite, "180 Ringing"); /* from here on the transaction keeps only what the ACK needs */
	rig_reply(r, invite, "486 Busy Here");
	ack = rig_expect(r, "ACK sip:bob@far.example.com SIP/2.0\r\n");
	CHECK_STR(rig_header(r, ack, "Via"), rig_header(r, invite, "Via"));
	CHECK_STR(rig_header(r, ack, "From"), rig_header(r, invite, "From"));
	CHECK_STR(rig_header(r, ack, "Call-ID"), rig_header(r, invite, "Call-ID"));
	CHECK_STR(rig_header(r, ack, "To"), "<sip:bob@example.com>;tag=bob1");
	CHECK_STR(rig_header(r, ack, "CSeq"), "1 ACK");
	CHECK_STR(rig_header(r, ack, "Max-Forwards"), "70");
	CHECK_STR(rig_header(r, ack, "Content-Length"), "0");
	CHECK(rig_has(ack, "Route: <sip:192.0.2.2:5070;lr>\r\nRoute: <sip:p2.example.com;lr>\r\n"));
	CHECK(rig_has(ack, "Content-Length: 0\r\n\r\n"));

	/* Each repetition of the refusal gets the ACK once more; the user hears of it once. */
	rig_reply(r, invite, "486 Busy Here");
	CHECK_STR(rig_expect(r, "ACK "), ack);
	CHECK_EQ(r->user.n, 2);
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000); /* timer D */
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, 0);
	rig_close(r);
}

/* ---- CANCEL: RFC 3261 9.1 ---- */

TEST(cancel_waits_for_the_first_provisional)
{
	const struct sip_extra reason = {SLICE_LIT("Reason"), SLICE_LIT("SIP;cause=200")};
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_INVITE);
	const char *invite = rig_expect(r, INVITE_LINE), *cancel;

	CHECK_OK(sip_client_cancel(c, &reason, 1));
	rig_expect_nothing(r);
	rig_expect_at(r, 500, INVITE_LINE); /* it goes on trying */
	rig_reply(r, invite, "100 Trying");
	cancel = rig_expect_at(r, 500, "CANCEL sip:bob@192.0.2.2:5070 SIP/2.0\r\n");
	CHECK_STR(rig_header(r, cancel, "Via"), rig_header(r, invite, "Via"));
	CHECK_STR(rig_header(r, cancel, "From"), rig_header(r, invite, "From"));
	CHECK_STR(rig_header(r, cancel, "To"), rig_header(r, invite, "To"));
	CHECK_STR(rig_header(r, cancel, "Call-ID"), rig_header(r, invite, "Call-ID"));
	CHECK_STR(rig_header(r, cancel, "CSeq"), "1 CANCEL");
	CHECK_STR(rig_header(r, cancel, "Reason"), "SIP;cause=200");
	rig_reply(r, cancel, "200 OK"); /* of no interest to the user */
	CHECK_EQ(r->user.n, 1);
	rig_reply(r, invite, "487 Request Terminated");
	rig_expect(r, "ACK ");
	CHECK_EQ(r->user.n, 2);
	CHECK_EQ(r->user.status[1], 487);
	rig_close(r);
}

TEST(cancel_is_retransmitted_like_any_request)
{
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_INVITE);
	const char *invite = rig_expect(r, INVITE_LINE);

	rig_reply(r, invite, "180 Ringing");
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	CHECK_OK(sip_client_cancel(c, NULL, 0)); /* once more changes nothing */
	rig_expect_at(r, 0, "CANCEL ");
	rig_expect_at(r, 500, "CANCEL ");
	rig_expect_at(r, 1500, "CANCEL ");
	rig_run_until(r, 31999);
	CHECK_EQ(r->user.done, 0);
	rig_run_until(r, 32000); /* 64*T1 after the CANCEL the INVITE counts as cancelled */
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_ETIMEDOUT);
	rig_close(r);
}

TEST(answer_that_crosses_the_cancel_goes_up)
{
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_INVITE);
	const char *invite = rig_expect(r, INVITE_LINE);

	CHECK_OK(sip_client_cancel(c, NULL, 0));
	rig_reply(r, invite, "200 OK");
	rig_expect_nothing(r); /* too late for a CANCEL */
	CHECK_EQ(r->user.status[0], 200);
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	rig_expect_nothing(r);
	rig_close(r);
}

TEST(only_an_invite_can_be_cancelled)
{
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_OPTIONS);

	CHECK_EQ(sip_client_cancel(c, NULL, 0), OH_ESTATE);
	rig_close(r);
}

TEST(cancel_with_a_line_end_in_it_is_refused)
{
	const struct sip_extra bad = {SLICE_LIT("Reason"), SLICE_LIT("SIP\r\nX: y")};
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_INVITE);

	CHECK_EQ(sip_client_cancel(c, &bad, 1), OH_EINVAL);
	rig_reply(r, rig_expect(r, INVITE_LINE), "180 Ringing");
	rig_expect_nothing(r);
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	rig_expect(r, "CANCEL ");
	rig_close(r);
}

/* ---- the user lets go ---- */

TEST(invite_whose_user_has_gone_is_cancelled)
{
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_INVITE);
	const char *invite = rig_expect(r, INVITE_LINE), *cancel;

	c = sip_client_free(c);
	rig_reply(r, invite, "180 Ringing");
	cancel = rig_expect(r, "CANCEL ");
	rig_reply(r, cancel, "200 OK");
	rig_reply(r, invite, "200 OK");
	CHECK_EQ(r->strays, 1); /* somebody must end that call */
	CHECK_EQ(r->user.n, 0);
	rig_run_for(r, 32000);
	CHECK_EQ(r->user.done, 0);
	rig_close(r);
}

TEST(request_whose_user_has_gone_goes_on_quietly)
{
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_BYE);
	const char *bye;

	sip_client_free(c);
	rig_expect_at(r, 0, "BYE ");
	bye = rig_expect_at(r, 500, "BYE ");
	rig_reply(r, bye, "200 OK");
	rig_run_until(r, 5500);
	CHECK_EQ(rig_counters(r).client_txns, 0);
	CHECK_EQ(r->user.n + r->user.done, 0);
	rig_close(r);
}

static void free_in_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct sip_client **c = arg;

	(void)msg;
	(void)flow;
	*c = sip_client_free(*c);
}

static void free_in_done(void *arg, int err)
{
	struct sip_client **c = arg;

	(void)err;
	*c = sip_client_free(*c);
}

TEST(user_may_free_inside_its_callbacks)
{
	static const enum sip_method methods[] = {SIP_INVITE, SIP_OPTIONS};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct rig *r = rig_new();
		struct sip_request req = rig_out(methods[i]);
		struct sip_client *heard = NULL, *ended = NULL;
		const struct sip_client_handler on_response = {.response = free_in_response, .arg = &heard};
		const struct sip_client_handler on_done = {.done = free_in_done, .arg = &ended};

		CHECK_OK(sip_client_send(r->stack, &req, &on_response, &heard));
		rig_reply(r, rig_expect(r, sip_method_name(methods[i])), "404 Not Found");
		CHECK(!heard);
		CHECK_OK(sip_client_send(r->stack, &req, &on_done, &ended));
		rig_run_for(r, 32000);
		CHECK(!ended);
		rig_close(r);
	}
}

/* ---- which response belongs to which request ---- */

TEST(responses_that_are_not_ours_are_dropped)
{
	static const char *const replace[][2] = {
		{"branch=z9hG4bK", "branch=z9hG4bKother"},
		{"CSeq: 1 OPTIONS", "CSeq: 1 BYE"},
		{"From: ", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKmore\nFrom: "}, /* RFC 3261 8.1.3.3 */
		{"Call-ID: ", "X-Call-ID: "},
	};
	struct rig *r = rig_new();
	const char *req;
	uint64_t dropped;

	rig_call(r, SIP_OPTIONS);
	req = rig_expect(r, OPTIONS_LINE);
	for (size_t i = 0; i < ARRAY_LEN(replace); i++) {
		const char *sound = rig_response(r, req, "200 OK", "bob1", "");
		const char *at = strstr(sound, replace[i][0]);
		char text[2048];

		CHECK(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sound), sound, replace[i][1],
			at + strlen(replace[i][0]));
		dropped = rig_counters(r).rx_dropped;
		rig_send(r, text);
		CHECK_EQ(r->user.n, 0);
		CHECK_EQ(rig_counters(r).rx_dropped, dropped + 1);
	}
	rig_reply(r, req, "200 OK");
	CHECK_EQ(r->user.n, 1);
	rig_reply(r, req, "200 OK"); /* a repetition within timer K */
	CHECK_EQ(r->user.n, 1);
	rig_close(r);
}

TEST(two_requests_have_two_branches)
{
	struct rig *r = rig_new();
	const char *a, *b;

	rig_call(r, SIP_OPTIONS);
	rig_call(r, SIP_OPTIONS);
	a = rig_header(r, rig_expect(r, OPTIONS_LINE), "Via");
	b = rig_header(r, rig_expect(r, OPTIONS_LINE), "Via");
	CHECK(rig_has(a, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"));
	CHECK(rig_has(a, ";rport"));
	CHECK(strcmp(a, b) != 0);
	rig_close(r);
}

/* ---- every cell of the table ---- */

enum {
	CALLING,
	CALLING_CANCEL,
	PROCEEDING,
	CANCELLING,
	COMPLETED,
	ACCEPTED,
	TRYING,
	N_PROCEEDING,
	N_COMPLETED,
	N_STATES
};
enum { RX_1XX, RX_2XX, RX_486, RETRY, GIVE_UP, UNREACHABLE, CANCEL, LET_GO, N_EVENTS };

static const char *const state_names[N_STATES] = {"CALLING", "CALLING_CANCEL", "PROCEEDING", "CANCELLING",
	"COMPLETED", "ACCEPTED", "TRYING", "N_PROCEEDING", "N_COMPLETED"};

/* What is seen from outside: "up" (a response to the user), what is sent, how it ended. */
/* clang-format off */
static const char *const cells[N_STATES][N_EVENTS] = {
	/*                 1xx           2xx   486        retry      give up     unreachable cancel    let go */
	[CALLING]        = {"up",        "up", "up ACK",  "INVITE",  "timeout",  "unreach",  "",       ""},
	[CALLING_CANCEL] = {"up CANCEL", "up", "up ACK",  "INVITE",  "timeout",  "unreach",  "",       ""},
	[PROCEEDING]     = {"up",        "up", "up ACK",  "",        "",         "unreach",  "CANCEL", "CANCEL"},
	[CANCELLING]     = {"up",        "up", "up ACK",  "CANCEL",  "timeout",  "unreach",  "",       ""},
	[COMPLETED]      = {"",          "",   "ACK",     "",        "end",      "unreach",  "",       ""},
	[ACCEPTED]       = {"",          "up", "",        "",        "end",      "",         "",       ""},
	[TRYING]         = {"up",        "up", "up",      "OPTIONS", "timeout",  "unreach",  "",       ""},
	[N_PROCEEDING]   = {"up",        "up", "up",      "OPTIONS", "timeout",  "unreach",  "",       ""},
	[N_COMPLETED]    = {"",          "",   "",        "",        "end",      "",         "",       ""},
};
/* clang-format on */

static const char *bring_to(struct rig *r, int state, struct sip_client **ret_client)
{
	enum sip_method method = state >= TRYING ? SIP_OPTIONS : SIP_INVITE;
	struct sip_client *c = rig_call(r, method);
	const char *req = rig_expect(r, sip_method_name(method));

	if (state == CALLING_CANCEL)
		CHECK_OK(sip_client_cancel(c, NULL, 0));
	if (state == PROCEEDING || state == CANCELLING || state == N_PROCEEDING)
		rig_reply(r, req, "100 Trying");
	if (state == CANCELLING) {
		CHECK_OK(sip_client_cancel(c, NULL, 0));
		rig_expect(r, "CANCEL");
	}
	if (state == COMPLETED) {
		rig_reply(r, req, "486 Busy Here");
		rig_expect(r, "ACK");
	}
	if (state == ACCEPTED || state == N_COMPLETED)
		rig_reply(r, req, "200 OK");
	r->user = (struct rig_user){0};
	*ret_client = c;
	return req;
}

static void happen(struct rig *r, int event, const char *req, struct sip_client *c)
{
	switch (event) {
	case RX_1XX:
		rig_reply(r, req, "180 Ringing");
		break;
	case RX_2XX:
		rig_reply(r, req, "200 OK");
		break;
	case RX_486:
		rig_reply(r, req, "486 Busy Here");
		break;
	case RETRY:
		rig_run_for(r, 500);
		break;
	case GIVE_UP:
		rig_run_for(r, 32000);
		break;
	case UNREACHABLE:
		rig_unreachable(r);
		break;
	case CANCEL:
		sip_client_cancel(c, NULL, 0);
		break;
	default:
		sip_client_free(c);
	}
	rig_settle(r);
}

static void describe(struct rig *r, int event, char *text)
{
	*text = 0;
	if (r->user.n)
		strcat(text, "up ");
	while (r->got) {
		const char *msg = rig_expect(r, "");

		if (event != GIVE_UP) { /* what is sent on the way there is another cell's */
			strncat(text, msg, strcspn(msg, " "));
			strcat(text, " ");
		}
	}
	if (r->user.done)
		strcat(text, r->user.err == OH_ETIMEDOUT  ? "timeout "
			     : r->user.err == OH_EUNREACH ? "unreach "
							  : "end ");
	if (*text)
		text[strlen(text) - 1] = 0;
}

TEST(every_cell_of_the_state_table)
{
	for (int state = 0; state < N_STATES; state++) {
		for (int event = 0; event < N_EVENTS; event++) {
			struct rig *r = rig_new();
			struct sip_client *c;
			const char *req = bring_to(r, state, &c);
			char seen[256];

			happen(r, event, req, c);
			describe(r, event, seen);
			if (strcmp(seen, cells[state][event]) != 0)
				fail_msg("%s, event %d: \"%s\", expected \"%s\"", state_names[state], event,
					seen, cells[state][event]);
			if ((state == PROCEEDING &&
				    (event == RX_1XX || event == RETRY || event == GIVE_UP)) ||
				(state == CALLING && event == RX_1XX))
				rig_drop(r); /* it rings on without an end */
			else
				rig_close(r);
		}
	}
}

/* ---- what goes wrong ---- */

TEST(requests_that_cannot_be_printed_or_sent_are_refused)
{
	static const struct {
		const char *target, *from;
		int err;
	} rows[] = {
		{"sip:bob@192.0.2.2", "<sip:a@b>;tag=1\r\nX: y", OH_EINVAL},
		{"sip:bob@192.0.2.2 SIP/2.0\r\nX: y", "<sip:a@b>;tag=1", OH_EINVAL},
		{"sip:", "<sip:a@b>;tag=1", OH_EURI},
		{"tel:+1234", "<sip:a@b>;tag=1", OH_ESCHEME},
		{"sips:bob@192.0.2.2", "<sip:a@b>;tag=1", OH_ETRANSPORT},
		{"sip:bob@192.0.2.2;transport=tcp", "<sip:a@b>;tag=1", OH_ETRANSPORT},
		{"sip:bob@[2001:db8::1]", "<sip:a@b>;tag=1", OH_ETRANSPORT},
	};
	struct rig *r = rig_new();
	const struct sip_client_handler handler = rig_client_handler(r);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sip_request req = rig_out(SIP_OPTIONS);
		struct sip_client *c = NULL;

		req.target = slice_of(rows[i].target);
		req.from = slice_of(rows[i].from);
		CHECK_EQ(sip_client_send(r->stack, &req, &handler, &c), rows[i].err);
		CHECK(!c);
	}
	CHECK_EQ(r->user.done, 0);
	rig_expect_nothing(r);
	rig_close(r);
}

TEST(request_beyond_the_message_limit_is_refused)
{
	static char body[SIP_MSG_MAX];
	struct rig *r = rig_new();
	const struct sip_client_handler handler = rig_client_handler(r);
	struct sip_request req = rig_out(SIP_OPTIONS);
	struct sip_client *c = NULL;

	req.content_type = SLICE_LIT("text/plain");
	/* Exactly so much that the Via is what does not fit any more, and then less. */
	for (size_t n = sizeof(body); n > sizeof(body) - 600; n--) {
		req.body = slice_make(memset(body, 'x', n), n);
		if (sip_client_send(r->stack, &req, &handler, &c) == 0)
			break;
		CHECK(!c);
	}
	CHECK(c);
	rig_close(r);
}

TEST(transport_that_closes_ends_its_transactions)
{
	struct rig *r = rig_new();
	const struct sip_client_handler handler = rig_client_handler(r);
	const struct sip_request req = rig_out(SIP_OPTIONS);
	struct sip_client *c, *cancelled;
	const char *answered;

	rig_call(r, SIP_OPTIONS);
	answered = rig_expect(r, OPTIONS_LINE);
	rig_reply(r, answered, "200 OK");
	rig_call(r, SIP_INVITE);
	cancelled = rig_call(r, SIP_INVITE);
	CHECK_OK(sip_client_cancel(cancelled, NULL, 0));
	r->udp = sip_transport_free(r->udp);
	CHECK_EQ(r->user.done, 3);
	CHECK_EQ(rig_counters(r).client_txns, 0);
	CHECK_EQ(sip_client_send(r->stack, &req, &handler, &c), OH_ETRANSPORT);
	rig_close(r);
}

/* Each report of the network costs a pass over all transactions, so only so many a second are heard; the rest
 * is left to the timers. */
TEST(flood_of_icmp_is_not_followed)
{
	struct rig *r = rig_new();

	for (int i = 0; i < 50; i++) /* SIP_UNREACH_SCANS_PER_S */
		rig_unreachable(r);
	rig_call(r, SIP_OPTIONS);
	rig_unreachable(r);
	CHECK_EQ(r->user.done, 0);
	rig_run_for(r, 1000);
	rig_unreachable(r);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_EUNREACH);
	rig_close(r);
}

TEST(stack_that_is_freed_calls_nobody_back)
{
	struct rig *r = rig_new();
	struct sip_client *c = rig_call(r, SIP_INVITE);

	CHECK_OK(sip_client_cancel(c, NULL, 0));
	rig_call(r, SIP_OPTIONS);
	r->stack = sip_stack_free(r->stack);
	CHECK_EQ(r->user.done, 0);
	rig_drop(r);
}

/* The n-th allocation fails, from the moment that the stack stands: an error or a transaction, never half of
 * one. */
TEST(every_allocation_may_fail)
{
	bool more = true;

	for (uint64_t n = 1; more; n++) {
		struct rig *r = rig_new();
		const struct sip_client_handler handler = rig_client_handler(r);
		const struct sip_request req = rig_out(SIP_INVITE);
		struct sip_client *c = NULL;

		mem_fail_at(n);
		if (sip_client_send(r->stack, &req, &handler, &c) == 0) {
			sip_client_cancel(c, NULL, 0);
			rig_settle(r);
			if (r->got)
				rig_reply(r, rig_expect(r, "INVITE"), "180 Ringing");
			sip_client_free(c);
		}
		more = !mem_fail_armed();
		mem_fail_at(0);
		rig_run_for(r, 64000);
		rig_close(r);
	}
}

TESTS(RUN(invite_over_udp_backs_off_then_times_out), RUN(options_over_udp_backs_off_up_to_t2_then_times_out),
	RUN(options_goes_on_at_t2_after_a_provisional), RUN(timers_follow_the_configuration),
	RUN(invite_rings_for_an_hour_then_is_answered), RUN(every_2xx_goes_up_until_timer_m),
	RUN(refusal_is_acknowledged_with_what_the_rfc_says), RUN(cancel_waits_for_the_first_provisional),
	RUN(cancel_is_retransmitted_like_any_request), RUN(answer_that_crosses_the_cancel_goes_up),
	RUN(only_an_invite_can_be_cancelled), RUN(cancel_with_a_line_end_in_it_is_refused),
	RUN(invite_whose_user_has_gone_is_cancelled), RUN(request_whose_user_has_gone_goes_on_quietly),
	RUN(user_may_free_inside_its_callbacks), RUN(responses_that_are_not_ours_are_dropped),
	RUN(two_requests_have_two_branches), RUN(every_cell_of_the_state_table),
	RUN(requests_that_cannot_be_printed_or_sent_are_refused),
	RUN(request_beyond_the_message_limit_is_refused), RUN(transport_that_closes_ends_its_transactions),
	RUN(stack_that_is_freed_calls_nobody_back), RUN(flood_of_icmp_is_not_followed),
	RUN(every_allocation_may_fail))
