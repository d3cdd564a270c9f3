/* More services of RFC 5359: those that ask others to call, and those that a proxy or a second call makes. */
#include "service.h"

#include "offhook/refer.h"
#include "session/proxy.h"

static void allow_refer(struct offhook_phone_cfg *cfg)
{
	cfg->refer_outside_calls = 1;
}

/* ---- click to dial ---- */

/* Alice's phone plays Bob's PC. */
static void click_to_dial(struct service *s)
{
	const struct offhook_refer refer = {.size = sizeof(refer),
		.uri = "sip:bob@" RIG_B_IP,
		.refer_to = "sip:carol@" SERVICE_C_IP,
		.without_progress = 1};

	s->b->handler = service_agree;
	CHECK_OK(offhook_refer(s->a->phone, s->a->account, &refer, NULL));
	CHECK(rig_wait(&s->carol, "INCOMING"));
	CHECK_OK(side_answer(&s->carol, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(&s->carol, 200));
	CHECK(rig_wait(s->b, "CONFIRMED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	CHECK(rig_wait(s->a, "REFER(200,OK,1)"));
	service_hangup(&s->carol, s->carol.call, s->b);
}

/* MATRIX: RFC 5359 2.18 */
TEST(bob_clicks_and_his_phone_calls_carol)
{
	service_flow_run(&(struct service_flow){.script = click_to_dial, .settings = allow_refer});
}

/* ---- call park ---- */

/* The call at the park server, as Carol has heard of it. */
static struct {
	char call_id[128], his_tag[64], other_tag[64], other[128];
} parked;

static void notice(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if (e->type != OFFHOOK_EVENT_DIALOG_INFO || strcmp(e->dialog->state, "confirmed") != 0)
		return;
	snprintf(parked.call_id, sizeof(parked.call_id), "%s", e->dialog->call_id);
	snprintf(parked.his_tag, sizeof(parked.his_tag), "%s", e->dialog->local_tag);
	snprintf(parked.other_tag, sizeof(parked.other_tag), "%s", e->dialog->remote_tag);
	snprintf(parked.other, sizeof(parked.other), "%s", e->dialog->remote_target);
}

static offhook_id look_at(struct side *s, const char *uri)
{
	struct offhook_buddy_cfg cfg;
	offhook_id id;

	offhook_buddy_cfg_init(&cfg);
	cfg.uri = uri;
	cfg.kind = OFFHOOK_BUDDY_DIALOGS;
	cfg.subscribe = 1;
	CHECK_OK(offhook_buddy_add(s->phone, s->account, &cfg, &id));
	return id;
}

static offhook_id take_from_park(struct side *s)
{
	char value[512];
	const struct offhook_header headers[] = {{"Replaces", value}, {"Require", "replaces"}};
	struct offhook_call_cfg cfg;
	offhook_id id;

	snprintf(value, sizeof(value), "%s;to-tag=%s;from-tag=%s", parked.call_id, parked.other_tag,
		parked.his_tag);
	offhook_call_cfg_init(&cfg);
	cfg.uri = parked.other;
	cfg.headers = headers;
	cfg.n_headers = ARRAY_LEN(headers);
	CHECK_OK(offhook_call_make(s->phone, s->account, &cfg, &id));
	return id;
}

static void park(struct service *s)
{
	struct side *server = &s->dave;
	offhook_id at_a = service_talk(s->a, s->b), buddy, taken;
	const struct offhook_refer refer = {
		.size = sizeof(refer), .uri = "sip:dave@" SERVICE_D_IP, .call = s->b->call};

	memset(&parked, 0, sizeof(parked));
	s->a->handler = server->handler = service_agree;
	s->carol.handler = notice;
	CHECK_OK(offhook_refer(s->b->phone, s->b->account, &refer, NULL));
	CHECK(rig_wait(s->a, "REPLACED"));
	CHECK(rig_wait(server, "CONFIRMED"));
	CHECK(rig_wait(s->b, "DISCONNECTED"));
	CHECK(rig_wait(s->b, "REFER(200,OK,1)"));
	CHECK_EQ(service_state(s->a, at_a), OFFHOOK_CALL_DISCONNECTED);

	buddy = look_at(&s->carol, "sip:dave@" SERVICE_D_IP);
	CHECK(rig_wait(&s->carol, "DIALOG(confirmed)"));
	side_forget(s->a);
	side_forget(server);
	taken = take_from_park(&s->carol);
	CHECK(rig_wait(s->a, "REPLACED"));
	CHECK(rig_wait(server, "DISCONNECTED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	service_hangup(&s->carol, taken, s->a);
	CHECK_OK(offhook_buddy_remove(s->carol.phone, buddy));
	rig_run_ms(s->r, 40000);
}

/* MATRIX: RFC 5359 2.15 */
TEST(bob_parks_alice_and_carol_takes_her)
{
	service_flow_run(&(struct service_flow){.script = park, .settings = allow_refer, .more = 1});
}

/* ---- music on hold ---- */

static void take_back(struct service *s, const char *uri)
{
	offhook_id buddy;

	memset(&parked, 0, sizeof(parked));
	s->b->handler = notice;
	buddy = look_at(s->b, uri);
	CHECK(rig_wait(s->b, "DIALOG(confirmed)"));
	CHECK_OK(offhook_buddy_remove(s->b->phone, buddy));
}

/* Dave's phone plays the music server. */
static void music(struct service *s)
{
	struct side *server = &s->dave;
	offhook_id at_a = service_talk(s->a, s->b), at_b = s->b->call, taken;
	const struct offhook_refer refer = {
		.size = sizeof(refer), .uri = "sip:dave@" SERVICE_D_IP, .call = at_b};

	s->a->handler = server->handler = service_agree;
	CHECK_OK(offhook_call_hold(s->b->phone, at_b, NULL, 0));
	CHECK(service_wait_media(s->a, at_a, OFFHOOK_MEDIA_REMOTE_HOLD));
	CHECK(service_wait_media(s->b, at_b, OFFHOOK_MEDIA_LOCAL_HOLD));
	rig_run_ms(s->r, 3000);
	CHECK_OK(offhook_refer(s->b->phone, s->b->account, &refer, NULL));
	CHECK(rig_wait(s->a, "REPLACED"));
	CHECK(rig_wait(server, "CONFIRMED"));
	CHECK(rig_wait(s->b, "DISCONNECTED"));
	CHECK(rig_wait(s->b, "REFER(200,OK,1)"));
	CHECK(service_wait_media(s->a, s->a->other, OFFHOOK_MEDIA_ACTIVE));
	take_back(s, "sip:dave@" SERVICE_D_IP);
	side_forget(s->a);
	side_forget(s->b);
	side_forget(server);
	taken = take_from_park(s->b);
	CHECK(rig_wait(s->a, "REPLACED"));
	CHECK(rig_wait(server, "DISCONNECTED"));
	CHECK(rig_wait(s->b, "CONFIRMED"));
	service_hangup(s->b, taken, s->a);
	rig_run_ms(s->r, 40000);
}

/* MATRIX: RFC 5359 2.3 */
TEST(alice_hears_music_while_bob_holds_her)
{
	service_flow_run(&(struct service_flow){.script = music, .settings = allow_refer, .more = 1});
}

/* ---- three at once ---- */

static void set_session(struct side *s, const struct offhook_session_cfg *cfg)
{
	CHECK_OK(offhook_account_set_session(s->phone, s->account, cfg));
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

static offhook_id join_bob(struct side *s)
{
	char value[512];
	const struct offhook_header headers[] = {{"Join", value}, {"Require", "join"}};
	struct offhook_call_cfg cfg;
	offhook_id id;

	snprintf(value, sizeof(value), "%s;to-tag=%s;from-tag=%s", parked.call_id, parked.his_tag,
		parked.other_tag);
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP;
	cfg.headers = headers;
	cfg.n_headers = ARRAY_LEN(headers);
	CHECK_OK(offhook_call_make(s->phone, s->account, &cfg, &id));
	return id;
}

static void agree_to_follow(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_QUESTION && e->question->kind == OFFHOOK_QUESTION_SUBSCRIBE)
		CHECK_OK(offhook_question_answer(s->phone, e->question->ticket, 200, NULL));
}

/* Bob tells Alice that he is a focus now (F7) before he takes Carol in. */
static void third_joins(struct service *s)
{
	static const struct offhook_header focus = {"X-Focus", "1"};
	struct offhook_session_cfg cfg;
	offhook_id at_a, at_b, buddy, carols, made;

	offhook_session_cfg_init(&cfg);
	cfg.join = 1;
	set_session(s->b, &cfg);
	s->b->handler = agree_to_follow;
	s->carol.handler = notice;
	memset(&parked, 0, sizeof(parked));
	at_a = service_talk(s->a, s->b);
	at_b = s->b->call;
	buddy = look_at(&s->carol, "sip:bob@" RIG_B_IP);
	CHECK(rig_wait(&s->carol, "DIALOG(confirmed)"));
	CHECK_OK(offhook_buddy_remove(s->carol.phone, buddy));
	side_forget(s->b);
	carols = join_bob(&s->carol);
	CHECK(rig_wait(s->b, "QUESTION(5,)"));
	CHECK_OK(offhook_call_reinvite(s->b->phone, at_b, &focus, 1));
	CHECK(rig_wait(s->b, "MEDIA(ACTIVE"));
	CHECK_OK(offhook_question_answer(s->b->phone, s->b->ticket, 200, NULL));
	CHECK(rig_wait(s->b, "JOINED"));
	made = s->b->other;
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	CHECK(service_wait_media(s->b, made, OFFHOOK_MEDIA_ACTIVE));
	CHECK_OK(offhook_connect(s->b->phone, slot_of(s->b, at_b), slot_of(s->b, made)));
	CHECK_OK(offhook_connect(s->b->phone, slot_of(s->b, made), slot_of(s->b, at_b)));
	rig_run_ms(s->r, 3000);
	service_hangup(&s->carol, carols, s->b);
	CHECK_EQ(service_state(s->b, at_b), OFFHOOK_CALL_CONFIRMED);
	service_hangup(s->a, at_a, s->b);
	rig_run_ms(s->r, 40000);
}

/* MATRIX: RFC 5359 2.11 */
TEST(carol_joins_the_call_of_alice_and_bob)
{
	service_flow_run(&(struct service_flow){.script = third_joins});
}

/* ---- find me ---- */

static void refuse(struct side *s, unsigned code)
{
	CHECK(rig_wait(s, "INCOMING"));
	CHECK_OK(side_answer(s, code));
}

static void find_me(struct service *s)
{
	(void)service_call(s->a, "sip:bob@" SERVICE_PROXY_IP);
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_answer(s->b, 180));
	CHECK(rig_wait(s->a, "EARLY(180)"));
	while (!strstr(s->b->log, "DISCONNECTED")) {
		proxy_give_up(s->proxy);
		rig_run_ms(s->r, 500);
	}
	refuse(&s->carol, 480);
	refuse(&s->dave, 486);
	CHECK(rig_wait(&s->erin, "INCOMING"));
	CHECK_OK(side_answer(&s->erin, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(&s->erin, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(&s->erin, "CONFIRMED"));
	service_hangup(&s->erin, s->erin.call, s->a);
}

/* MATRIX: RFC 5359 2.12 */
TEST(bob_is_looked_for_at_four_places)
{
	service_flow_run(&(struct service_flow){.script = find_me,
		.proxy_to = RIG_B_IP,
		.proxy_then = {SERVICE_C_IP, SERVICE_D_IP, SERVICE_E_IP},
		.more = 2});
}

/* ---- incoming call screening ---- */

/* What the 305 says: from now on by this proxy, to which we prove who we are. */
static void go_by_proxy(struct side *s)
{
	static const struct offhook_credential secret = {
		.realm = "screening", .user = "alice", .password = "secret"};
	static const char *const proxies[] = {"sip:" SERVICE_PROXY_IP ";lr"};
	struct offhook_account_cfg cfg;
	struct offhook_auth_cfg auth;

	offhook_auth_cfg_init(&auth);
	auth.credentials = &secret;
	auth.n_credentials = 1;
	offhook_account_cfg_init(&cfg);
	cfg.uri = "sip:alice@" RIG_A_IP;
	cfg.auth = &auth;
	cfg.proxies = proxies;
	cfg.n_proxies = 1;
	CHECK_OK(offhook_account_modify(s->phone, s->account, &cfg));
}

static void screening(struct service *s)
{
	static const struct offhook_header to = {"Contact", "<sip:" SERVICE_PROXY_IP ";lr>"};
	struct offhook_account_cfg plain;
	struct offhook_answer by_proxy;
	char info[128];

	(void)service_call(s->a, "sip:bob@" RIG_B_IP);
	CHECK(rig_wait(s->b, "INCOMING"));
	offhook_answer_init(&by_proxy);
	by_proxy.code = 305;
	by_proxy.headers = &to;
	by_proxy.n_headers = 1;
	CHECK_OK(offhook_call_answer(s->b->phone, s->b->call, &by_proxy));
	CHECK(rig_wait(s->a, "DISCONNECTED(305)"));
	CHECK(offhook_message_header(s->a->message, strlen(s->a->message), "Contact", 0, info, sizeof(info)) >
		0);
	CHECK_STR(info, to.value);

	go_by_proxy(s->a);
	side_forget(s->b);
	(void)service_call(s->a, "sip:bob@" RIG_B_IP);
	CHECK(rig_wait(s->a, "DISCONNECTED(403)"));
	CHECK_STR(s->b->log, "");
	CHECK(offhook_message_header(
		      s->a->message, strlen(s->a->message), "Error-Info", 0, info, sizeof(info)) > 0);

	/* Carol's phone plays the announcement server. */
	offhook_account_cfg_init(&plain);
	plain.uri = "sip:alice@" RIG_A_IP;
	CHECK_OK(offhook_account_modify(s->a->phone, s->a->account, &plain));
	(void)service_call(s->a, info);
	CHECK(rig_wait(&s->carol, "INCOMING"));
	CHECK_OK(side_answer(&s->carol, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	service_hangup(&s->carol, s->carol.call, s->a);
}

/* MATRIX: RFC 5359 2.13 */
TEST(alice_is_screened_by_who_she_has_proven_to_be)
{
	service_flow_run(&(struct service_flow){.script = screening,
		.proxy_to = RIG_B_IP,
		.proxy_realm = "screening",
		.proxy_answer = "403 Screening Failure (Terminating)\r\nError-Info: <sip:carol@" SERVICE_C_IP
				">\r\n"});
}

/* ---- a call that is sent elsewhere, answers by itself, or is too short ---- */

static void redirected(struct service *s)
{
	static const struct offhook_header to = {"Contact", "<sip:carol@" SERVICE_C_IP ">"};
	struct offhook_session_cfg cfg;
	struct offhook_answer away;
	offhook_id at_a;

	offhook_session_cfg_init(&cfg);
	cfg.redirect = OFFHOOK_REDIRECT_FOLLOW;
	set_session(s->a, &cfg);
	at_a = service_call(s->a, "sip:bob@" RIG_B_IP);
	CHECK(rig_wait(s->b, "INCOMING"));
	offhook_answer_init(&away);
	away.code = 302;
	away.headers = &to;
	away.n_headers = 1;
	CHECK_OK(offhook_call_answer(s->b->phone, s->b->call, &away));
	CHECK(rig_wait(s->a, "REDIRECTED(sip:carol@" SERVICE_C_IP ")"));
	CHECK(rig_wait(&s->carol, "INCOMING"));
	CHECK_OK(side_answer(&s->carol, 180));
	rig_run_ms(s->r, 20);
	CHECK_OK(side_answer(&s->carol, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	service_hangup(s->a, at_a, &s->carol);
}

TEST(bob_sends_alice_to_carol_by_a_302)
{
	service_flow_run(&(struct service_flow){.script = redirected});
}

static void answers_itself(struct service *s)
{
	offhook_id at_a;

	CHECK_OK(
		offhook_account_set_auto_answer(s->b->phone, s->b->account, OFFHOOK_AUTO_ANSWER_ALWAYS, 700));
	at_a = service_call(s->a, "sip:bob@" RIG_B_IP);
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(s->b, "CONFIRMED"));
	service_hangup(s->a, at_a, s->b);
}

TEST(bobs_phone_answers_by_itself)
{
	service_flow_run(&(struct service_flow){.script = answers_itself});
}

static void too_short(struct service *s)
{
	struct offhook_session_cfg cfg;
	offhook_id at_a;

	offhook_session_cfg_init(&cfg);
	cfg.timer = OFFHOOK_TIMER_OFFER;
	cfg.session_expires_s = 90;
	set_session(s->a, &cfg);
	cfg.timer = OFFHOOK_TIMER_ACCEPT;
	cfg.session_expires_s = 0;
	cfg.min_se_s = 600;
	set_session(s->b, &cfg);
	at_a = service_talk(s->a, s->b);
	CHECK(strstr(s->a->log, "422") == NULL);
	service_hangup(s->b, s->b->call, s->a);
	CHECK_EQ(service_state(s->a, at_a), OFFHOOK_CALL_DISCONNECTED);
}

TEST(alice_wants_a_session_that_is_too_short_for_bob)
{
	service_flow_run(&(struct service_flow){.script = too_short});
}

/* ---- a caller who moves ---- */

#define NEW_A_IP "192.0.2.51"

static offhook_id call_in(struct side *s, enum offhook_call_state state)
{
	offhook_id calls[4];
	long n = offhook_calls(s->phone, calls, ARRAY_LEN(calls));

	for (long i = 0; i < n; i++)
		if (service_state(s, calls[i]) == state)
			return calls[i];
	return 0;
}

static void caller_moves(struct service *s)
{
	offhook_id at_a = service_call(s->a, "sip:bob@" RIG_B_IP);

	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_answer(s->b, 180));
	CHECK(rig_wait(s->a, "EARLY(180)"));
	side_forget(s->b);
	CHECK_OK(sim_host_move(s->a->host, RIG_A_IP, NEW_A_IP));
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK(rig_wait(s->b, "DISCONNECTED(487)"));
	s->b->call = call_in(s->b, OFFHOOK_CALL_INCOMING);
	CHECK_OK(side_answer(s->b, 200));
	CHECK(rig_wait(s->a, "CONFIRMED"));
	CHECK(rig_wait(s->b, "CONFIRMED"));
	CHECK_EQ(service_state(s->a, at_a), OFFHOOK_CALL_CONFIRMED);
	service_hangup(s->b, s->b->call, s->a);
}

TEST(alice_moves_while_bobs_phone_rings)
{
	service_flow_run(&(struct service_flow){.script = caller_moves});
}

TESTS(RUN(bob_clicks_and_his_phone_calls_carol), RUN(bob_parks_alice_and_carol_takes_her),
	RUN(alice_hears_music_while_bob_holds_her), RUN(carol_joins_the_call_of_alice_and_bob),
	RUN(bob_is_looked_for_at_four_places), RUN(alice_is_screened_by_who_she_has_proven_to_be),
	RUN(bob_sends_alice_to_carol_by_a_302), RUN(bobs_phone_answers_by_itself),
	RUN(alice_wants_a_session_that_is_too_short_for_bob), RUN(alice_moves_while_bobs_phone_rings))
