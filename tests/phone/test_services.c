/* The services of RFC 5359 that a user agent gives, between phones; and the transfer that crosses a hang-up. */
#include "service.h"

#include "session/pkg_refer.h"
#include "session/proxy.h"

/* ---- hold ---- */

static void hold(struct service *s)
{
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call;

	CHECK_OK(offhook_call_hold(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_REMOTE_HOLD));
	CHECK(service_wait_media(s->b, at_b, OFFHOOK_MEDIA_LOCAL_HOLD));
	rig_run_ms(s->r, 3000);
	CHECK_OK(offhook_call_reinvite(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_ACTIVE));
	CHECK(service_wait_media(s->b, at_b, OFFHOOK_MEDIA_ACTIVE));
	rig_run_ms(s->r, 3000);
	service_hangup(s->a, at_a, s->b);
}

/* MATRIX: RFC 5359 2.1 */
TEST(bob_holds_alice_and_takes_her_back)
{
	service_flow_run(&(struct service_flow){.script = hold});
}

static void consultation(struct service *s)
{
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call, to_carol;

	CHECK_OK(offhook_call_hold(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_REMOTE_HOLD));
	to_carol = service_talk(s->b, &s->carol);
	rig_run_ms(s->r, 3000);
	service_hangup(s->b, to_carol, &s->carol);
	CHECK_OK(offhook_call_reinvite(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_ACTIVE));
	rig_run_ms(s->r, 3000);
	service_hangup(s->b, at_b, s->a);
}

/* MATRIX: RFC 5359 2.2 */
TEST(bob_holds_alice_to_talk_to_carol)
{
	service_flow_run(&(struct service_flow){.script = consultation});
}

/* ---- transfers ---- */

static void unattended(struct service *s)
{
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call;

	s->a->handler = service_agree;
	side_forget(s->b);
	CHECK_OK(offhook_call_transfer(s->b->phone, at_b, "sip:carol@" SERVICE_C_IP, NULL, 0));
	CHECK(rig_wait(&s->carol, "INCOMING"));
	CHECK_OK(side_answer(&s->carol, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(&s->carol, 200));
	CHECK(rig_wait(s->b, "TRANSFER(200,OK,1)"));
	CHECK(s->a->other == at_a);
	service_hangup(s->b, at_b, s->a);
	rig_run_ms(s->r, 3000);
	CHECK_EQ(service_state(&s->carol, s->carol.call), OFFHOOK_CALL_CONFIRMED);
}

/* MATRIX: RFC 5359 2.4 */
TEST(bob_sends_alice_to_carol_without_asking_her)
{
	service_flow_run(&(struct service_flow){.script = unattended});
}

static void attended(struct service *s)
{
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call, to_carol;

	CHECK_OK(offhook_call_hold(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_REMOTE_HOLD));
	to_carol = service_talk(s->b, &s->carol);
	rig_run_ms(s->r, 3000);
	s->a->handler = s->carol.handler = service_agree;
	side_forget(s->b);
	side_forget(&s->carol);
	CHECK_OK(offhook_call_transfer_to(s->b->phone, at_b, to_carol, NULL, 0));
	CHECK(rig_wait(&s->carol, "REPLACED"));
	CHECK(rig_wait(s->b, "TRANSFER(200,OK,1)"));
	CHECK(rig_wait(&s->carol, "DISCONNECTED"));
	service_hangup(s->b, at_b, s->a);
	rig_run_ms(s->r, 3000);
	CHECK_EQ(service_state(s->b, to_carol), OFFHOOK_CALL_DISCONNECTED);
	CHECK_EQ(service_state(&s->carol, s->carol.other), OFFHOOK_CALL_CONFIRMED);
}

/* MATRIX: RFC 5359 2.5 */
TEST(bob_sends_alice_to_carol_after_talking_to_her)
{
	service_flow_run(&(struct service_flow){.script = attended});
}

/* The one who is asked hangs up while the REFER is on its way to him. */
static void mortal(struct service *s)
{
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call;

	s->a->handler = service_agree;
	rig_run_ms(s->r, 3000);
	side_forget(s->a);
	side_forget(s->b);
	CHECK_OK(offhook_call_transfer(s->b->phone, at_b, "sip:carol@" SERVICE_C_IP, NULL, 0));
	CHECK_OK(offhook_call_hangup(s->a->phone, at_a, NULL));
	CHECK(rig_wait(s->b, "DISCONNECTED"));
	rig_run_ms(s->r, 40000);
	CHECK_STR(s->carol.log, "");
	CHECK(strstr(s->a->log, "QUESTION") == NULL);
}

/* MATRIX: RFC 5407 3.3.3 */
TEST(a_refer_crosses_the_bye_of_the_one_who_is_asked)
{
	service_flow_run(&(struct service_flow){.script = mortal});
}

/* ---- forwarding, and three at once ---- */

static void forwarded(struct service *s)
{
	offhook_id at_a = service_call(s->a, "sip:bob@" SERVICE_PROXY_IP);

	CHECK(rig_wait(&s->carol, "INCOMING"));
	CHECK_OK(side_answer(&s->carol, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(&s->carol, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	CHECK_STR(s->b->log, "");
	service_hangup(&s->carol, s->carol.call, s->a);
	CHECK_EQ(service_state(s->a, at_a), OFFHOOK_CALL_DISCONNECTED);
}

/* MATRIX: RFC 5359 2.7 */
TEST(all_calls_to_bob_are_forwarded_to_carol)
{
	service_flow_run(&(struct service_flow){.script = forwarded, .proxy_to = SERVICE_C_IP});
}

/* Carol takes the call that Bob did not. */
static void carol_answers(struct service *s)
{
	CHECK(rig_wait(&s->carol, "INCOMING"));
	CHECK_OK(side_answer(&s->carol, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(&s->carol, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	rig_run_ms(s->r, 5000);
	service_hangup(s->a, s->a->call, &s->carol);
}

static void busy(struct service *s)
{
	(void)service_call(s->a, "sip:bob@" SERVICE_PROXY_IP);
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_answer(s->b, 486));
	carol_answers(s);
}

/* MATRIX: RFC 5359 2.8 */
TEST(bob_is_busy_and_carol_gets_the_call)
{
	service_flow_run(
		&(struct service_flow){.script = busy, .proxy_to = RIG_B_IP, .proxy_then = {SERVICE_C_IP}});
}

static void no_answer(struct service *s)
{
	(void)service_call(s->a, "sip:bob@" SERVICE_PROXY_IP);
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_answer(s->b, 180));
	rig_run_ms(s->r, 10000);
	while (!strstr(s->b->log, "DISCONNECTED")) {
		proxy_give_up(s->proxy);
		rig_run_ms(s->r, 500);
	}
	carol_answers(s);
}

/* MATRIX: RFC 5359 2.9 */
TEST(bob_does_not_answer_and_carol_gets_the_call)
{
	service_flow_run(&(struct service_flow){
		.script = no_answer, .proxy_to = RIG_B_IP, .proxy_then = {SERVICE_C_IP}});
}

/* The first proxy is silent (RFC 3263 4.3). */
static void proxy_fails(struct service *s)
{
	CHECK_OK(sim_dns_addr(s->r->sim, "biloxi.example.com", "192.0.2.99"));
	CHECK_OK(sim_dns_addr(s->r->sim, "biloxi.example.com", SERVICE_PROXY_IP));
	(void)service_call(s->a, "sip:bob@biloxi.example.com");
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_answer(s->b, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(s->b, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(s->b, "CONFIRMED"));
	rig_run_ms(s->r, 3000);
	service_hangup(s->b, s->b->call, s->a);
}

/* MATRIX: RFC 3665 3.4 */
TEST(the_first_proxy_fails)
{
	service_flow_run(&(struct service_flow){.script = proxy_fails, .proxy_to = RIG_B_IP});
}

/* ---- a transfer by an instant message ---- */

static struct slice tag_of(const struct side *s, const char *name, char buf[256])
{
	CHECK(offhook_message_header(s->message, strlen(s->message), name, 0, buf, 256) > 0);
	CHECK(strstr(buf, ";tag="));
	return slice_of(strstr(buf, ";tag=") + 5);
}

/* What Bob writes to Carol: Alice's address, with the dialog between the two in it (RFC 3891). */
static void write_invitation(const struct side *bob, char *text, size_t size)
{
	char call_id[256], from[256], to[256];
	struct slice at_alice = tag_of(bob, "From", from), at_bob = tag_of(bob, "To", to);

	CHECK(offhook_message_header(bob->message, strlen(bob->message), "Call-ID", 0, call_id, 256) > 0);
	snprintf(text, size, "<sip:alice@" RIG_A_IP "?Replaces=%s%%3Bto-tag%%3D%.*s%%3Bfrom-tag%%3D%.*s>",
		call_id, SLICE_ARG(at_alice), SLICE_ARG(at_bob));
}

/* Carol clicks on it. */
static void follow_invitation(struct side *carol)
{
	struct offhook_header replaces;
	struct offhook_call_cfg cfg;
	char buf[512], value[512];
	struct sip_addr addr;
	struct sip_extra header;
	struct slice headers;
	const char *body;
	size_t n;

	body = offhook_message_body(carol->message, strlen(carol->message), &n);
	CHECK_OK(sip_addr_parse(slice_make(body, n), &addr));
	headers = addr.uri.headers;
	CHECK_EQ(uri_header_next(&headers, buf, sizeof(buf), &header), 1);
	snprintf(value, sizeof(value), "%.*s", SLICE_ARG(header.value));
	replaces = (struct offhook_header){"Replaces", value};
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:alice@" RIG_A_IP;
	cfg.headers = &replaces;
	cfg.n_headers = 1;
	CHECK_OK(offhook_call_make(carol->phone, carol->account, &cfg, &carol->call));
}

static void by_message(struct service *s)
{
	struct offhook_message message = {.size = sizeof(message), .uri = "sip:carol@" SERVICE_C_IP};
	offhook_id at_a = service_talk(s->a, s->b);
	char text[1024];

	/* Bob's newest message is Alice's ACK, which has both tags. */
	CHECK(strstr(s->b->message, "ACK ") == s->b->message);
	write_invitation(s->b, text, sizeof(text));
	message.body = text;
	message.body_length = strlen(text);
	CHECK_OK(offhook_message_send(s->b->phone, s->b->account, &message, NULL));
	CHECK(rig_wait(&s->carol, "MESSAGE"));
	s->a->handler = service_agree;
	follow_invitation(&s->carol);
	CHECK(rig_wait(s->a, "REPLACED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	CHECK(rig_wait(s->b, "DISCONNECTED"));
	rig_run_ms(s->r, 3000);
	CHECK_EQ(service_state(s->a, at_a), OFFHOOK_CALL_DISCONNECTED);
	service_hangup(&s->carol, s->carol.call, s->a);
}

/* MATRIX: RFC 5359 2.6 */
TEST(bob_sends_carol_to_alice_by_a_message)
{
	service_flow_run(&(struct service_flow){.script = by_message});
}

static offhook_id slot_of(struct side *s, offhook_id call)
{
	struct offhook_call_info *info;
	offhook_id slot;

	CHECK_OK(offhook_call_get_info(s->phone, call, &info));
	slot = info->slot;
	offhook_call_info_free(info);
	return slot;
}

static void three_way(struct service *s)
{
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call, to_carol;

	CHECK_OK(offhook_call_hold(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_REMOTE_HOLD));
	to_carol = service_talk(s->b, &s->carol);
	rig_run_ms(s->r, 3000);
	CHECK_OK(offhook_call_reinvite(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->b, at_b, OFFHOOK_MEDIA_ACTIVE));
	CHECK_OK(offhook_connect(s->b->phone, slot_of(s->b, at_b), slot_of(s->b, to_carol)));
	CHECK_OK(offhook_connect(s->b->phone, slot_of(s->b, to_carol), slot_of(s->b, at_b)));
	rig_run_ms(s->r, 3000);
	service_hangup(&s->carol, s->carol.call, s->b);
	service_hangup(s->a, at_a, s->b);
}

/* MATRIX: RFC 5359 2.10 */
TEST(bob_adds_carol_to_his_call_with_alice)
{
	service_flow_run(&(struct service_flow){.script = three_way});
}

TESTS(RUN(bob_holds_alice_and_takes_her_back), RUN(bob_holds_alice_to_talk_to_carol),
	RUN(bob_sends_alice_to_carol_without_asking_her), RUN(bob_sends_alice_to_carol_after_talking_to_her),
	RUN(a_refer_crosses_the_bye_of_the_one_who_is_asked), RUN(all_calls_to_bob_are_forwarded_to_carol),
	RUN(bob_is_busy_and_carol_gets_the_call), RUN(bob_does_not_answer_and_carol_gets_the_call),
	RUN(the_first_proxy_fails), RUN(bob_sends_carol_to_alice_by_a_message),
	RUN(bob_adds_carol_to_his_call_with_alice))
