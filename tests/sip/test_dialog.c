/*
 * Dialogs: RFC 3261 12. The rows of routing are tried on the wire: what the peer gets is what counts.
 */
#include "rig.h"

#include "sip/dialog.h"

#include <stdio.h>

struct story {
	struct rig *r;
	struct dialog *d;
	struct sip_client *client;
	enum sip_method got; /* of the last request inside the dialog */
	size_t requests;
	char record_routes[512];
};

static void inside(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct story *t = arg;

	t->got = msg->method;
	t->requests++;
	if (server)
		sip_refuse(server, 200, NULL);
}

static void on_invite(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct story *t = arg;
	const struct dialog_handler handler = {inside, t};
	int err = dialog_new_uas(t->r->stack, &handler, msg, sip_server_flow(server), &t->d);
	struct sip_reply reply = {
		.status = 200, .record_route = true, .contact = SLICE_LIT("<sip:bob@192.0.2.1>")};

	if (err) {
		sip_refuse(server, 400, offhook_errname(err));
		return;
	}
	reply.to_tag = dialog_local_tag(t->d);
	sip_respond(server, &reply);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct story *t = arg;
	struct dialog_uac_cfg cfg = {
		.local_seq = 1, .target = SLICE_LIT(RIG_PEER_URI), .handler = {inside, t}};

	if (t->d)
		CHECK_OK(dialog_confirm(t->d, msg));
	else
		CHECK_OK(dialog_new_uac(t->r->stack, &cfg, msg, flow, &t->d));
}

static void on_done(void *arg, int err)
{
	struct story *t = arg;

	(void)err;
	t->client = NULL;
}

static void nothing(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	(void)arg;
	(void)msg;
	(void)flow;
}

static void over(void *arg, int err)
{
	(void)arg;
	(void)err;
}

static struct story *story_new(void)
{
	struct story *t = calloc(1, sizeof(*t));
	struct sip_stack_cfg cfg = {0};

	CHECK(t);
	cfg.handler = (struct sip_stack_handler){on_invite, NULL, t};
	t->r = rig_new_with(&cfg);
	CHECK(t->r);
	return t;
}

static void story_close(struct story *t)
{
	dialog_free(t->d);
	rig_close(t->r);
	free(t);
}

/* We called; the peer's 2xx had these further header lines. */
static struct story *caller(const char *more)
{
	struct story *t = story_new();
	const struct sip_client_handler handler = {.response = on_response, .done = on_done, .arg = t};
	const struct sip_request req = rig_out(SIP_INVITE);
	const char *invite;

	CHECK_OK(sip_client_send(t->r->stack, &req, &handler, &t->client));
	invite = rig_expect(t->r, "INVITE ");
	rig_send(t->r, rig_response(t->r, invite, "200 OK", "bob1", more));
	CHECK(t->d);
	return t;
}

/* The peer called, with these further header lines. Returns our 200. */
static const char *callee(struct story *t, const char *more)
{
	rig_send(t->r, rig_request(t->r, "INVITE", "z9hG4bK1", 5, more));
	return rig_expect(t->r, "SIP/2.0 200 ");
}

static const char *send(struct story *t, enum sip_method method, const char *begins)
{
	const struct sip_client_handler handler = {.response = nothing, .done = over, .arg = NULL};
	const struct dialog_request req = {.method = method};
	struct sip_client *client;
	const char *got;

	CHECK_OK(dialog_send(t->d, &req, &handler, &client));
	got = rig_expect(t->r, begins);
	rig_reply(t->r, got, "200 OK");
	return got;
}

/* All Route values of a message on one line. */
static void check_routes(struct story *t, const char *msg, const char *routes)
{
	char all[1024] = "";

	(void)t;
	for (const char *line = strstr(msg, "\r\nRoute: "); line; line = strstr(line + 2, "\r\nRoute: ")) {
		const char *value = line + strlen("\r\nRoute: ");

		if (*all)
			strcat(all, ", ");
		strncat(all, value, strcspn(value, "\r"));
	}
	CHECK_STR(all, routes);
}

TEST(rfc3261_12_1_2_the_callers_routes_are_reversed)
{
	struct story *t =
		caller("Contact: <sip:bob@192.0.2.2:5070>\n"
		       "Record-Route: <sip:192.0.2.2:5070;lr;n=1>, \"Two\" <sip:192.0.2.2:5070;lr;n=2>;p=q\n"
		       "Record-Route: <sip:192.0.2.2:5070;lr;n=3>\n");
	const char *bye = send(t, SIP_BYE, "BYE sip:bob@192.0.2.2:5070 SIP/2.0");

	check_routes(t, bye,
		"<sip:192.0.2.2:5070;lr;n=3>, \"Two\" <sip:192.0.2.2:5070;lr;n=2>;p=q, "
		"<sip:192.0.2.2:5070;lr;n=1>");
	CHECK_STR(rig_header(t->r, bye, "CSeq"), "2 BYE");
	CHECK_STR(rig_header(t->r, bye, "From"), "<sip:alice@example.com>;tag=alice1");
	CHECK_STR(rig_header(t->r, bye, "To"), "<sip:bob@example.com>;tag=bob1");
	story_close(t);
}

TEST(rfc3261_12_1_1_the_callees_routes_keep_their_order)
{
	struct story *t = story_new();
	const char *bye;

	callee(t, "Record-Route: <sip:192.0.2.2:5070;lr;n=1>, <sip:192.0.2.2:5070;lr;n=2>\n");
	bye = send(t, SIP_BYE, "BYE sip:alice@192.0.2.2:5070 SIP/2.0");
	check_routes(t, bye, "<sip:192.0.2.2:5070;lr;n=1>, <sip:192.0.2.2:5070;lr;n=2>");
	CHECK_EQ(strncmp(rig_header(t->r, bye, "From"), "<sip:bob@example.com>;tag=", 26), 0);
	CHECK_STR(rig_header(t->r, bye, "To"), "Alice <sip:alice@example.com>;tag=alice1");
	story_close(t);
}

/* RFC 3261 12.2.1.1: the first route is a strict router; the target travels as the last Route. */
TEST(rfc3261_12_2_1_1_a_strict_router_stands_in_the_request_uri)
{
	struct story *t = caller("Contact: <sip:bob@192.0.2.99:5099;x=y>\n"
				 "Record-Route: <sip:192.0.2.2:5070;n=2;lr>\n"
				 "Record-Route: <sip:192.0.2.2:5070;method=INVITE;n=1?Subject=hi>\n");
	const char *bye = send(t, SIP_BYE, "BYE sip:192.0.2.2:5070;n=1 SIP/2.0");

	check_routes(t, bye, "<sip:192.0.2.2:5070;n=2;lr>, <sip:bob@192.0.2.99:5099;x=y>");
	story_close(t);
}

TEST(rfc3261_13_2_2_4_the_2xx_brings_the_routes_anew)
{
	struct story *t = story_new();
	const struct sip_client_handler handler = {.response = on_response, .done = on_done, .arg = t};
	const struct sip_request req = rig_out(SIP_INVITE);
	const char *invite;
	struct sip_ack *ack;

	CHECK_OK(sip_client_send(t->r->stack, &req, &handler, &t->client));
	invite = rig_expect(t->r, "INVITE ");
	rig_send(t->r, rig_response(t->r, invite, "180 Ringing", "bob1", ""));
	CHECK_SLICE(dialog_remote_target(t->d), RIG_PEER_URI); /* no Contact yet: where the INVITE went */
	rig_send(t->r,
		rig_response(t->r, invite, "200 OK", "bob1",
			"Contact: <sip:bob@192.0.2.2:5070;here>\nRecord-Route: <sip:192.0.2.2:5070;lr>\n"));
	CHECK_OK(dialog_ack(t->d, &(struct dialog_ack){.cseq = 1}, &ack));
	sip_ack_free(ack);
	check_routes(
		t, rig_expect(t->r, "ACK sip:bob@192.0.2.2:5070;here SIP/2.0"), "<sip:192.0.2.2:5070;lr>");
	CHECK_EQ(dialog_local_seq(t->d), 1);
	story_close(t);
}

TEST(only_the_right_tags_find_the_dialog)
{
	struct story *t = story_new();
	const char *ok = callee(t, ""), *tag = strstr(rig_header(t->r, ok, "To"), ";tag=");
	char method[128];

	snprintf(method, sizeof(method), "OPTIONS%s", tag);
	rig_send(t->r, rig_request(t->r, method, "z9hG4bK2", 6, ""));
	rig_expect(t->r, "SIP/2.0 200 ");
	CHECK_EQ(t->got, SIP_OPTIONS);
	rig_send(t->r, rig_request(t->r, "OPTIONS;tag=other", "z9hG4bK3", 7, ""));
	rig_expect(t->r, "SIP/2.0 481 ");
	CHECK_EQ(t->requests, 1);
	rig_send(t->r, rig_request(t->r, method, "z9hG4bK4", 5, "")); /* lower than 6 */
	rig_expect(t->r, "SIP/2.0 500 ");
	CHECK_EQ(t->requests, 1);
	dialog_close(t->d);
	rig_send(t->r, rig_request(t->r, method, "z9hG4bK5", 8, ""));
	rig_expect(t->r, "SIP/2.0 481 ");
	story_close(t);
}

/* A re-INVITE with another Contact, in the dialog that `ok` made. */
static void move(struct story *t, const char *ok, const char *branch, unsigned cseq)
{
	const char *tag = strstr(rig_header(t->r, ok, "To"), ";tag=");
	char method[128], moved[2048];
	const char *request, *port;

	snprintf(method, sizeof(method), "INVITE%s", tag);
	request = rig_request(t->r, method, branch, cseq, "");
	port = strstr(strstr(request, "Contact:"), "5070");
	snprintf(moved, sizeof(moved), "%.*s5071%s", (int)(port - request), request, port + 4);
	rig_send(t->r, moved);
	rig_expect(t->r, "SIP/2.0 200 ");
}

TEST(rfc3261_12_2_2_a_contact_counts_when_it_is_accepted)
{
	struct story *t = story_new();
	const char *ok = callee(t, "");

	move(t, ok, "z9hG4bK2", 6);
	CHECK_SLICE(dialog_remote_target(t->d), "sip:alice@192.0.2.2:5070");
	dialog_accept_target(t->d);
	CHECK_SLICE(dialog_remote_target(t->d), "sip:alice@192.0.2.2:5071");
	dialog_accept_target(t->d); /* nothing new */
	CHECK_SLICE(dialog_remote_target(t->d), "sip:alice@192.0.2.2:5071");
	CHECK_SLICE(dialog_remote_uri(t->d), "Alice <sip:alice@example.com>");
	CHECK_SLICE(dialog_remote_tag(t->d), "alice1");
	story_close(t);
}

TEST(what_the_network_may_not_grow)
{
	static const char *const rows[] = {
		"Record-Route: <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, "
		"<sip:192.0.2.2;lr>, "
		"<sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, "
		"<sip:192.0.2.2;lr>, "
		"<sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, "
		"<sip:192.0.2.2;lr>, "
		"<sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>, <sip:192.0.2.2;lr>\n",
	};
	char big[DIALOG_TEXT_MAX + 64];

	for (size_t i = 0; i <= ARRAY_LEN(rows); i++) {
		struct story *t = story_new();

		snprintf(big, sizeof(big), "Record-Route: <sip:192.0.2.2;lr;x=%0*d>\n", (int)DIALOG_TEXT_MAX,
			1);
		rig_send(t->r,
			rig_request(t->r, "INVITE", "z9hG4bK1", 1, i < ARRAY_LEN(rows) ? rows[i] : big));
		rig_expect(t->r, "SIP/2.0 400 OH_ETOOBIG");
		CHECK(!t->d);
		story_close(t);
	}
}

TESTS(RUN(rfc3261_12_1_2_the_callers_routes_are_reversed),
	RUN(rfc3261_12_1_1_the_callees_routes_keep_their_order),
	RUN(rfc3261_12_2_1_1_a_strict_router_stands_in_the_request_uri),
	RUN(rfc3261_13_2_2_4_the_2xx_brings_the_routes_anew), RUN(only_the_right_tags_find_the_dialog),
	RUN(rfc3261_12_2_2_a_contact_counts_when_it_is_accepted), RUN(what_the_network_may_not_grow))
