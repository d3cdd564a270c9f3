/* The services of RFC 5359 that need the calls of others (RFC 4235), and presence itself, with every message lost, doubled
 * and late. */
#include "service.h"

#define BOB "sip:bob@" RIG_B_IP

/* Of the dialog that was told of last. */
static struct {
	char call_id[256], local_tag[64], remote_tag[64], remote[256];
} seen;

static void notice(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if (e->type != OFFHOOK_EVENT_DIALOG_INFO || !*e->dialog->remote_tag)
		return;
	snprintf(seen.call_id, sizeof(seen.call_id), "%s", e->dialog->call_id);
	snprintf(seen.local_tag, sizeof(seen.local_tag), "%s", e->dialog->local_tag);
	snprintf(seen.remote_tag, sizeof(seen.remote_tag), "%s", e->dialog->remote_tag);
	snprintf(seen.remote, sizeof(seen.remote), "%s", e->dialog->remote_target);
}

static offhook_id follow(struct side *s, enum offhook_buddy_kind kind)
{
	struct offhook_buddy_cfg cfg;
	offhook_id id;

	offhook_buddy_cfg_init(&cfg);
	cfg.uri = BOB;
	cfg.kind = kind;
	cfg.subscribe = 1;
	CHECK_OK(offhook_buddy_add(s->phone, s->account, &cfg, &id));
	return id;
}

/* Nothing of it is left at either side. */
static void stop(struct service *s, struct side *who, offhook_id buddy)
{
	CHECK_OK(offhook_buddy_remove(who->phone, buddy));
	rig_run_ms(s->r, 40000);
}

/* ---- pick-up ---- */

static offhook_id take_call_of_bob(struct side *s)
{
	char value[512];
	const struct offhook_header headers[] = {{"Replaces", value}, {"Require", "replaces"}};
	struct offhook_call_cfg cfg;
	offhook_id id;

	snprintf(value, sizeof(value), "%s;to-tag=%s;from-tag=%s;early-only", seen.call_id, seen.remote_tag,
		seen.local_tag);
	offhook_call_cfg_init(&cfg);
	cfg.uri = seen.remote;
	cfg.headers = headers;
	cfg.n_headers = ARRAY_LEN(headers);
	CHECK_OK(offhook_call_make(s->phone, s->account, &cfg, &id));
	return id;
}

static void pickup(struct service *s)
{
	offhook_id buddy, taken;

	memset(&seen, 0, sizeof(seen));
	s->a->handler = s->b->handler = service_agree;
	s->carol.handler = notice;
	buddy = follow(&s->carol, OFFHOOK_BUDDY_DIALOGS);
	CHECK(rig_wait(&s->carol, "BUDDY(active"));
	(void)service_call(s->a, BOB);
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_answer(s->b, 180));
	CHECK(rig_wait(&s->carol, "DIALOG(early)"));
	CHECK(rig_wait(s->a, "EARLY"));
	side_forget(s->b);
	taken = take_call_of_bob(&s->carol);
	CHECK(rig_wait(s->a, "REPLACED"));
	CHECK(rig_wait(s->b, "DISCONNECTED"));
	CHECK(rig_wait(&s->carol, "CONFIRMED"));
	CHECK(rig_wait(&s->carol, "DIALOG(terminated,cancelled,487)"));
	service_hangup(&s->carol, taken, s->a);
	stop(s, &s->carol, buddy);
}

/* MATRIX: RFC 5359 2.16 */
TEST(carol_takes_the_call_that_rings_at_bob)
{
	service_flow_run(&(struct service_flow){.script = pickup});
}

/* ---- automatic redial ---- */

static void redial(struct service *s)
{
	offhook_id buddy, first, at_b;

	s->b->handler = service_agree;
	(void)service_talk(&s->carol, s->b);
	at_b = s->b->call;
	side_forget(s->b);
	first = service_call(s->a, BOB);
	CHECK(rig_wait(s->b, "INCOMING"));
	CHECK_OK(side_hangup(s->b, 486));
	CHECK(rig_wait(s->a, "DISCONNECTED(486)"));
	(void)first;
	buddy = follow(s->a, OFFHOOK_BUDDY_DIALOGS);
	CHECK(rig_wait(s->a, "DIALOG(confirmed)"));
	side_forget(s->a);
	service_hangup(s->b, at_b, &s->carol);
	CHECK(rig_wait(s->a, "DIALOG(terminated"));
	(void)service_talk(s->a, s->b);
	CHECK_OK(offhook_buddy_subscribe(s->a->phone, buddy, 0));
	CHECK(rig_wait(s->b, "WATCHER_GONE"));
	stop(s, s->a, buddy);
}

/* MATRIX: RFC 5359 2.17 */
TEST(alice_calls_again_when_bob_has_hung_up)
{
	service_flow_run(&(struct service_flow){.script = redial});
}

/* ---- presence ---- */

static void be(struct side *s, int online)
{
	const struct offhook_presence p = {.size = sizeof(p), .online = online};

	CHECK_OK(offhook_account_set_presence(s->phone, s->account, &p));
}

static void presence(struct service *s)
{
	offhook_id buddy;

	s->b->handler = service_agree;
	buddy = follow(s->a, OFFHOOK_BUDDY_PRESENCE);
	CHECK(rig_wait(s->a, "BUDDY(active,offline)"));
	be(s->b, 1);
	CHECK(rig_wait(s->a, "BUDDY(active,online)"));
	side_forget(s->a);
	be(s->b, 0);
	CHECK(rig_wait(s->a, "BUDDY(active,offline)"));
	CHECK_OK(offhook_watcher_set(s->b->phone, s->b->watcher, OFFHOOK_SUBSCRIPTION_TERMINATED, NULL));
	CHECK(rig_wait(s->a, "BUDDY(terminated,?;0,rejected)"));
	CHECK_OK(offhook_buddy_subscribe(s->a->phone, buddy, 1));
	CHECK(rig_wait(s->a, "BUDDY(active,offline)"));
	CHECK_OK(offhook_buddy_subscribe(s->a->phone, buddy, 0));
	CHECK(rig_wait(s->b, "WATCHER_GONE"));
	stop(s, s->a, buddy);
}

TEST(alice_follows_bob)
{
	service_flow_run(&(struct service_flow){.script = presence});
}

TESTS(RUN(carol_takes_the_call_that_rings_at_bob), RUN(alice_calls_again_when_bob_has_hung_up),
	RUN(alice_follows_bob))
