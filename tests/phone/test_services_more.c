/* More services of RFC 5359: those that ask others to call, and those that a proxy or a second call makes. */
#include "service.h"

#include "offhook/refer.h"

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
	service_flow_run(&(struct service_flow){.script = park, .settings = allow_refer, .four = true});
}

TESTS(RUN(bob_clicks_and_his_phone_calls_carol), RUN(bob_parks_alice_and_carol_takes_her))
