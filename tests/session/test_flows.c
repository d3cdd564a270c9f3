/*
 * The flows of RFC 3665 section 3 as a user agent sees them, on the wire that RFC draws: with proxies where it has them.
 * Alice is end a, Bob is end b. What flow_run() does with each is in flow.h.
 */
#include "flow.h"

/* "sip:bob@biloxi.example.com", and Alice's own proxy on the way to it. */
#define BOB      "sip:bob@biloxi.example.com"
#define PROXY_1  "192.0.2.11"
#define PROXY_2  "192.0.2.12"
#define BY_PROXY "<sip:" PROXY_1 ";lr>"

/* Both stay in the path. */
#define TWO_PROXIES \
	.target = BOB, .route = BY_PROXY, \
	.proxies = {{.ip = PROXY_1, .next = PROXY_2, .record_route = true}, \
		{.ip = PROXY_2, .next = END_B_IP, .record_route = true}}

static const char cleared[] = "Normal call clearing";

/* ---- sessions ---- */

static void bob_hangs_up(struct pair *p)
{
	flow_talk(p);
	flow_hangup(&p->b);
}

static void alice_hangs_up(struct pair *p)
{
	flow_talk(p);
	flow_hangup(&p->a);
}

#define TALK_A "EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200)"
#define TALK_B "INCOMING offer:offer-1 EARLY(180) CONNECTING(200) CONFIRMED(200)"

/* MATRIX: RFC 3665 3.1 */
TEST(rfc3665_3_1_successful_session)
{
	flow_run(&(struct flow){.script = bob_hangs_up,
		.a = TALK_A " DISCONNECTED(200)",
		.b = TALK_B " DISCONNECTED(200)",
		.ends = {{cleared, "OK"}}});
}

TEST(the_caller_ends_a_successful_session)
{
	flow_run(&(struct flow){.script = alice_hangs_up,
		.a = TALK_A " DISCONNECTED(200)",
		.b = TALK_B " DISCONNECTED(200)",
		.ends = {{"OK", cleared}}});
}

/* MATRIX: RFC 3665 3.2 */
TEST(rfc3665_3_2_session_through_two_proxies)
{
	flow_run(&(struct flow){.script = bob_hangs_up,
		.a = TALK_A " DISCONNECTED(200)",
		.b = TALK_B " DISCONNECTED(200)",
		.ends = {{cleared, "OK"}},
		TWO_PROXIES});
}

/* Both proxies ask, one after the other, and her BYE is asked for again: its nonces are others. */
/* MATRIX: RFC 3665 3.3 */
/* MATRIX: RFC 5407 D */
TEST(rfc3665_3_3_session_with_multiple_proxy_authentication)
{
	flow_run(&(struct flow){.script = alice_hangs_up,
		.a = TALK_A " DISCONNECTED(200)",
		.b = TALK_B " DISCONNECTED(200)",
		.ends = {{"OK", cleared}},
		.target = BOB,
		.route = BY_PROXY,
		.proxies = {{.ip = PROXY_1,
				    .next = PROXY_2,
				    .record_route = true,
				    .realm = "atlanta.example.com"},
			{.ip = PROXY_2,
				.next = END_B_IP,
				.record_route = true,
				.realm = "biloxi.example.com"}}});
}

/* The gateway stays in the path, the proxy behind it does not. */
/* MATRIX: RFC 3665 3.5 */
TEST(rfc3665_3_5_session_through_a_gateway)
{
	flow_run(&(struct flow){.script = alice_hangs_up,
		.a = TALK_A " DISCONNECTED(200)",
		.b = TALK_B " DISCONNECTED(200)",
		.ends = {{"OK", cleared}},
		.target = BOB,
		.route = BY_PROXY,
		.proxies = {{.ip = PROXY_1, .next = PROXY_2, .record_route = true},
			{.ip = PROXY_2, .next = END_B_IP}}});
}

static void redirected(struct pair *p)
{
	pair_call(p, NULL);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
	CHECK_EQ(p->a.status, 302);
	p->a.inv = inv_free(p->a.inv);
	p->target = BOB;
	p->route = "<sip:" PROXY_2 ";lr>";
	p->a.answer = "answer-1";
	pair_call(p, NULL);
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	end_reply(&p->b, 200, "offer-1");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
	flow_hangup(&p->b);
}

/* The program is told of the 302 and calls again; the second INVITE has no offer either. */
/* MATRIX: RFC 3665 3.6 */
TEST(rfc3665_3_6_redirect_then_proxy_with_sdp_in_the_ack)
{
	flow_run(&(struct flow){.script = redirected,
		.a = "DISCONNECTED(302) EARLY(180) CONNECTING(200) offer:offer-1 CONFIRMED(200) "
		     "DISCONNECTED(200)",
		.b = "INCOMING EARLY(180) CONNECTING(200) answer:answer-1 CONFIRMED(200) DISCONNECTED(200)",
		.ends = {{cleared, "OK"}},
		.target = BOB,
		.route = BY_PROXY,
		.proxies = {{.ip = PROXY_1,
				    .answer = "302 Moved Temporarily\r\nContact: "
					      "<sip:bob@chicago.example.com>\r\n"},
			{.ip = PROXY_2, .next = END_B_IP, .record_route = true}}});
}

#define NEW_B_IP "192.0.2.77"

/* Bob's INVITE says where he is from now on; Alice's BYE goes there. */
static void bob_moves(struct pair *p)
{
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	struct sip_transport *moved;

	flow_talk(p);
	CHECK_OK(sim_host_add_ip(p->b.host, NEW_B_IP));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(NEW_B_IP), 5060, &udp.local));
	CHECK_OK(sip_transport_new(p->b.stack, &udp, &moved));
	p->a.answer = "answer-2";
	snprintf(p->b.our_offer, sizeof(p->b.our_offer), "offer-2");
	CHECK_OK(inv_reoffer(p->b.inv, SLICE_LIT("offer-2"), SLICE_LIT("<sip:bob@" NEW_B_IP ">"), NULL, 0));
	CHECK(pair_wait_settled(p));
	CHECK_SLICE(inv_remote_contact(p->a.inv), "sip:bob@" NEW_B_IP);
	pair_run_ms(p, 5000);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 3665 3.7 */
TEST(rfc3665_3_7_reinvite_after_a_change_of_address)
{
	flow_run(&(struct flow){.script = bob_moves,
		.a = TALK_A " offer:offer-2 DISCONNECTED(200)",
		.b = TALK_B " answer:answer-2 DISCONNECTED(200)",
		.ends = {{"OK", cleared}},
		.target = BOB,
		.route = BY_PROXY,
		.proxies = {{.ip = PROXY_1, .next = END_B_IP}}});
}

/* ---- no session ---- */

static void no_answer(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 3000);
	flow_hangup(&p->a);
}

/* MATRIX: RFC 3665 3.8 */
/* MATRIX: RFC 5407 C */
TEST(rfc3665_3_8_no_answer_caller_cancels)
{
	flow_run(&(struct flow){.script = no_answer,
		.a = "EARLY(180) DISCONNECTED(487)",
		.b = "INCOMING offer:offer-1 EARLY(180) DISCONNECTED(487)",
		.ends = {{"Request Terminated", "Request Terminated"}},
		TWO_PROXIES});
}

TEST(no_answer_without_proxies)
{
	flow_run(&(struct flow){.script = no_answer, .ends = {{"Request Terminated", "Request Terminated"}}});
}

static void busy(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 486, NULL);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

/* MATRIX: RFC 3665 3.9 */
TEST(rfc3665_3_9_busy)
{
	flow_run(&(struct flow){.script = busy,
		.a = "DISCONNECTED(486)",
		.b = "INCOMING offer:offer-1 DISCONNECTED(486)",
		.ends = {{"Busy Here", "Busy Here"}},
		TWO_PROXIES});
}

TEST(busy_without_proxies)
{
	flow_run(&(struct flow){.script = busy, .ends = {{"Busy Here", "Busy Here"}}});
}

static void no_response(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

/* Bob's proxy gives up: Alice hears its 480, Bob nothing. */
/* MATRIX: RFC 3665 3.10 */
TEST(rfc3665_3_10_no_response)
{
	flow_run(&(struct flow){.script = no_response,
		.a = "DISCONNECTED(480)",
		.b = "",
		.ends = {{"No Response", ""}},
		.target = BOB,
		.route = BY_PROXY,
		.proxies = {
			{.ip = PROXY_1, .next = PROXY_2}, {.ip = PROXY_2, .answer = "480 No Response\r\n"}}});
}

/* Nobody is there: after 64*T1 it is over. */
/* MATRIX: RFC 3665 3.10 */
TEST(rfc3665_3_10_no_response_from_anybody)
{
	struct pair *p = pair_new();
	struct sim_wire dead = {.loss = 1};

	sim_wire(p->sim, &dead);
	pair_call(p, "offer-1");
	pair_run_ms(p, 31990);
	CHECK_EQ(inv_state(p->a.inv), INV_CALLING);
	pair_run_ms(p, 20);
	CHECK_STR(p->a.log, "DISCONNECTED(408)");
	CHECK_STR(p->a.reason_text, "Request Timeout");
	CHECK_EQ(p->a.by, INV_ENDED_BY_NETWORK);
	pair_close(p);
}

static void temporarily_unavailable(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 1000);
	end_reply(&p->b, 480, NULL);
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

/* MATRIX: RFC 3665 3.11 */
TEST(rfc3665_3_11_temporarily_unavailable)
{
	flow_run(&(struct flow){.script = temporarily_unavailable,
		.a = "EARLY(180) DISCONNECTED(480)",
		.b = "INCOMING offer:offer-1 EARLY(180) DISCONNECTED(480)",
		.ends = {{"Temporarily Unavailable", "Temporarily Unavailable"}},
		TWO_PROXIES});
}

static void screened(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->a, INV_DISCONNECTED));
}

/* The proxy asks Alice who she is, and then does not let her call Bob, who hears nothing of it. */
/* MATRIX: RFC 5359 2.14 */
TEST(rfc5359_2_14_outgoing_call_screening)
{
	flow_run(&(struct flow){.script = screened,
		.a = "DISCONNECTED(403)",
		.b = "",
		.ends = {{"Screening Failure (Originating)", ""}},
		.target = BOB,
		.route = BY_PROXY,
		.proxies = {{.ip = PROXY_1,
			.realm = "atlanta.example.com",
			.answer =
				"403 Screening Failure (Originating)\r\n"
				"Error-Info: <sip:screen-failure-term-ann@announcement.example.com>\r\n"}}});
}

TESTS(RUN(rfc3665_3_1_successful_session), RUN(the_caller_ends_a_successful_session),
	RUN(rfc3665_3_2_session_through_two_proxies),
	RUN(rfc3665_3_3_session_with_multiple_proxy_authentication),
	RUN(rfc3665_3_5_session_through_a_gateway), RUN(rfc3665_3_6_redirect_then_proxy_with_sdp_in_the_ack),
	RUN(rfc3665_3_7_reinvite_after_a_change_of_address), RUN(rfc3665_3_8_no_answer_caller_cancels),
	RUN(no_answer_without_proxies), RUN(rfc3665_3_9_busy), RUN(busy_without_proxies),
	RUN(rfc3665_3_10_no_response), RUN(rfc3665_3_10_no_response_from_anybody),
	RUN(rfc3665_3_11_temporarily_unavailable), RUN(rfc5359_2_14_outgoing_call_screening))
