/* The services of RFC 5359 that a user agent gives, between phones; and the transfer that crosses a hang-up. */
#include "service.h"

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
	RUN(bob_adds_carol_to_his_call_with_alice))
