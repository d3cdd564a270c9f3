/* Presence between two phones: alice follows bob, who is asked (RFC 3856, 6665; RFC 4235 for calls). */
#include "rig.h"

#include "phone/buddy.h"
#include "phone/watcher.h"

#define BOB "sip:bob@" RIG_B_IP

static unsigned yes; /* what bob's program answers at once; 0: nothing */

static void answer_at_once(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_QUESTION && yes)
		(void)offhook_question_answer(
			s->phone, e->question->ticket, yes, yes >= 300 ? "Not you" : NULL);
}

static struct rig *begin(unsigned answer)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	yes = answer;
	r->a.handler = r->b.handler = answer_at_once;
	return r;
}

static offhook_id follow(struct side *s, enum offhook_buddy_kind kind, uint32_t expires_s)
{
	struct offhook_buddy_cfg cfg;
	offhook_id id;

	offhook_buddy_cfg_init(&cfg);
	cfg.uri = "\"Bob\" <" BOB ">";
	cfg.kind = kind;
	cfg.expires_s = expires_s;
	cfg.subscribe = 1;
	cfg.user_data = s;
	CHECK_OK(offhook_buddy_add(s->phone, s->account, &cfg, &id));
	return id;
}

static int be(struct side *s, int online, enum offhook_activity activity, const char *note)
{
	const struct offhook_presence p = {
		.size = sizeof(p), .online = online, .activity = activity, .note = note};

	return offhook_account_set_presence(s->phone, s->account, &p);
}

static struct offhook_buddy_info info_of(struct side *s, offhook_id id)
{
	struct offhook_buddy_info info = {.size = sizeof(info)};

	CHECK_OK(offhook_buddy_get_info(s->phone, id, &info));
	return info;
}

static void let_watch(struct side *s, enum offhook_watchers presence, enum offhook_watchers dialogs)
{
	struct offhook_account_cfg cfg;
	struct offhook_presence_cfg pres;
	char uri[64];

	offhook_account_cfg_init(&cfg);
	offhook_presence_cfg_init(&pres);
	pres.watchers = presence;
	pres.dialog_watchers = dialogs;
	cfg.presence = &pres;
	snprintf(uri, sizeof(uri), "<sip:%s@%s>", s->name, s->ip);
	cfg.uri = uri;
	CHECK_OK(offhook_account_modify(s->phone, s->account, &cfg));
}

/* The subscription of alice goes, and bob's end with it. */
static void end(struct rig *r, offhook_id buddy)
{
	CHECK_OK(offhook_buddy_remove(r->a.phone, buddy));
	CHECK_EQ(offhook_buddy_remove(r->a.phone, buddy), OH_ENOENT);
	rig_run_ms(r, 1000);
	rig_close(r);
}

TEST(a_buddy_agrees_and_is_seen)
{
	struct rig *r = begin(200);
	offhook_id buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 3600);
	struct offhook_buddy_info info;

	rig_run_ms(r, 100);
	CHECK_STR(r->b.log, "QUESTION(3,presence) ");
	CHECK_STR(r->a.log, "BUDDY(sent,?) BUDDY(accepted,?) BUDDY(active,offline) ");
	side_forget(&r->a);
	CHECK_OK(be(&r->b, 1, OFFHOOK_ACTIVITY_AWAY, "at lunch, <soon> back"));
	rig_run_ms(r, 100);
	CHECK_OK(be(&r->b, 0, OFFHOOK_ACTIVITY_NONE, NULL));
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(active,online,away,at lunch, <soon> back) BUDDY(active,offline) ");
	info = info_of(&r->a, buddy);
	CHECK_EQ(info.account, r->a.account);
	CHECK_STR(info.uri, "\"Bob\" <" BOB ">");
	CHECK_EQ(info.subscription, OFFHOOK_SUBSCRIPTION_ACTIVE);
	CHECK(info.next_s > 3590 && info.next_s <= 3600);

	side_forget(&r->a);
	side_forget(&r->b);
	CHECK_OK(offhook_buddy_subscribe(r->a.phone, buddy, 0));
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(terminated,?) ");
	CHECK_STR(r->b.log, "WATCHER_GONE(0,timeout) ");
	end(r, buddy);
}

TEST(a_watcher_waits_is_let_in_and_thrown_out)
{
	struct rig *r = begin(202);
	offhook_id buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 3600);

	CHECK_OK(be(&r->b, 1, OFFHOOK_ACTIVITY_BUSY, NULL));
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(sent,?) BUDDY(accepted,?) BUDDY(pending,?) ");
	side_forget(&r->a);
	CHECK_EQ(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_SENT, NULL), OH_EINVAL);
	CHECK_EQ(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_TERMINATED, "two words"),
		OH_EINVAL);
	CHECK_OK(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_ACTIVE, NULL));
	rig_run_ms(r, 100);
	CHECK_OK(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_PENDING, NULL));
	rig_run_ms(r, 100);
	CHECK_OK(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_TERMINATED, NULL));
	CHECK_EQ(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_ACTIVE, NULL), OH_ENOENT);
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(active,online,busy) BUDDY(pending,online,busy) "
			    "BUDDY(terminated,?;0,rejected) ");
	/* "rejected": not asked again by itself (RFC 6665 4.1.3). */
	rig_run_ms(r, 4000 * 1000);
	CHECK_EQ(info_of(&r->a, buddy).subscription, OFFHOOK_SUBSCRIPTION_TERMINATED);
	end(r, buddy);
}

TEST(a_watcher_is_refused)
{
	static const struct {
		unsigned answer;
		const char *end;
	} rows[] = {{603, "BUDDY(sent,?) BUDDY(terminated,?;603,Not you) "},
		{404, "BUDDY(sent,?) BUDDY(terminated,?;404,Not you) "},
		{0, "BUDDY(sent,?) BUDDY(terminated,?;403,Forbidden) "}}; /* unanswered: after 10 s */

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = begin(rows[i].answer);
		offhook_id buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 3600);

		CHECK_EQ(offhook_watcher_set(r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_ACTIVE, NULL),
			OH_ENOENT);
		rig_run_ms(r, 5000);
		if (!rows[i].answer)
			CHECK_EQ(offhook_watcher_set(
					 r->b.phone, r->b.watcher, OFFHOOK_SUBSCRIPTION_ACTIVE, NULL),
				OH_ESTATE);
		rig_run_ms(r, 6000);
		CHECK_STR(r->a.log, rows[i].end);
		/* 404 may be another one tomorrow; a person's no is a no. */
		rig_run_ms(r, 3000 * 1000);
		CHECK_EQ(strstr(r->a.log + strlen(rows[i].end), "sent") != NULL, rows[i].answer == 404);
		end(r, buddy);
	}
}

TEST(the_settings_decide_who_may_watch)
{
	static const struct {
		enum offhook_watchers policy;
		bool is_buddy;
		const char *questions;
		bool seen;
	} rows[] = {
		{OFFHOOK_WATCHERS_ALL, false, "", true},
		{OFFHOOK_WATCHERS_NONE, true, "", false},
		{OFFHOOK_WATCHERS_BUDDIES, true, "", true},
		{OFFHOOK_WATCHERS_BUDDIES, false, "QUESTION(3,presence) ", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = begin(486);
		struct offhook_buddy_cfg alice;
		offhook_id buddy, other;

		offhook_buddy_cfg_init(&alice);
		alice.uri = rows[i].is_buddy ? "sip:alice@" RIG_A_IP : "sip:eve@" RIG_A_IP;
		CHECK_OK(offhook_buddy_add(r->b.phone, r->b.account, &alice, &other));
		let_watch(&r->b, rows[i].policy, OFFHOOK_WATCHERS_NONE);
		buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 3600);
		rig_run_ms(r, 100);
		CHECK_STR(r->b.log, rows[i].questions);
		CHECK_EQ(info_of(&r->a, buddy).subscription == OFFHOOK_SUBSCRIPTION_ACTIVE, rows[i].seen);
		CHECK_OK(offhook_buddy_remove(r->b.phone, other));
		end(r, buddy);
	}
}

/* Whatever the wire does: in the end alice sees what bob said last, and every subscription comes to its end. */
TEST(presence_over_a_bad_wire)
{
	for (unsigned round = 0; round < 30; round++) {
		struct rig *r = begin(200);
		const struct sim_wire bad = {.loss = 0.3,
			.duplicate = 0.3,
			.delay_ns = NS_PER_MS,
			.jitter_ns = 900 * NS_PER_MS,
			.allow_overtake = true};
		const struct sim_wire good = {.delay_ns = NS_PER_MS};
		struct offhook_buddy_info info;
		offhook_id buddy;

		rig_run_ms(r, round);
		sim_wire(r->sim, &bad);
		buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 60);
		for (unsigned i = 0; i < 20; i++) {
			CHECK_OK(be(&r->b, i % 2, OFFHOOK_ACTIVITY_NONE, NULL));
			rig_run_ms(r, 17000);
		}
		sim_wire(r->sim, &good);
		rig_run_ms(r, 400 * 1000);
		info = info_of(&r->a, buddy);
		CHECK_EQ(info.subscription, OFFHOOK_SUBSCRIPTION_ACTIVE);
		CHECK_EQ(info.status, OFFHOOK_PRESENCE_ONLINE);
		end(r, buddy);
	}
}

/* Renewed in time for a day, without a word to the program. */
TEST(a_subscription_is_renewed)
{
	struct rig *r = begin(200);
	offhook_id buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 600);

	rig_run_ms(r, 100);
	side_forget(&r->a);
	side_forget(&r->b);
	rig_run_ms(r, 3600 * 1000);
	CHECK_EQ(info_of(&r->a, buddy).subscription, OFFHOOK_SUBSCRIPTION_ACTIVE);
	CHECK_STR(r->b.log, "");
	CHECK(!strstr(r->a.log, "sent"));
	end(r, buddy);
}

/* Bob's phone goes and comes back: alice finds him again by herself. */
static void start_again(struct rig *r)
{
	offhook_phone_free(r->b.phone);
	host_free(r->b.host);
	CHECK_OK(side_start(&r->b, OFFHOOK_DELIVER_INLINE, NULL));
	CHECK_OK(be(&r->b, 1, OFFHOOK_ACTIVITY_NONE, NULL));
}

TEST(a_buddy_goes_and_comes_back)
{
	const struct sim_wire dead = {.loss = 1.0}, good = {.delay_ns = NS_PER_MS};
	struct rig *r = begin(200);
	offhook_id buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 600);

	CHECK_OK(be(&r->b, 1, OFFHOOK_ACTIVITY_NONE, NULL));
	rig_run_ms(r, 100);
	side_forget(&r->a);
	(void)offhook_phone_close(r->b.phone, 0);
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(waiting,?;0,probation) ");
	start_again(r);
	rig_run_ms(r, 50000);
	CHECK_EQ(info_of(&r->a, buddy).subscription, OFFHOOK_SUBSCRIPTION_WAITING);
	rig_run_ms(r, 20000);
	CHECK_EQ(info_of(&r->a, buddy).subscription, OFFHOOK_SUBSCRIPTION_ACTIVE);
	CHECK_EQ(info_of(&r->a, buddy).status, OFFHOOK_PRESENCE_ONLINE);

	/* Without goodbye: the new phone does not know the subscription, and says so to its renewal. */
	side_forget(&r->a);
	sim_wire(r->sim, &dead);
	start_again(r);
	sim_wire(r->sim, &good);
	rig_run_ms(r, 570 * 1000);
	CHECK_STR(r->a.log,
		"BUDDY(waiting,online;481,Call/Transaction Does Not Exist) "
		"BUDDY(sent,online;481,Call/Transaction Does Not "
		"Exist) BUDDY(accepted,online;481,Call/Transaction Does Not Exist) BUDDY(active,online) ");
	end(r, buddy);
}

TEST(the_account_goes)
{
	struct rig *r = begin(200);
	offhook_id buddy = follow(&r->a, OFFHOOK_BUDDY_PRESENCE, 600);

	rig_run_ms(r, 100);
	side_forget(&r->a);
	CHECK_OK(offhook_account_remove(r->b.phone, r->b.account));
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(terminated,?;0,noresource) ");
	CHECK_OK(offhook_buddy_subscribe(r->a.phone, buddy, 1));
	rig_run_ms(r, 100);
	CHECK_EQ(info_of(&r->a, buddy).code, 404);
	side_forget(&r->a);
	CHECK_OK(offhook_account_remove(r->a.phone, r->a.account));
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "BUDDY(terminated,?) ");
	CHECK_OK(offhook_buddy_subscribe(r->a.phone, buddy, 1));
	CHECK_EQ(info_of(&r->a, buddy).error, OH_ENOENT);
	CHECK_EQ(info_of(&r->a, buddy).subscription, OFFHOOK_SUBSCRIPTION_WAITING);
	end(r, buddy);
}

/* ---- calls of a buddy ---- */

TEST(the_calls_of_a_buddy_are_seen)
{
	struct rig *r = begin(200);
	offhook_id buddy;

	let_watch(&r->b, OFFHOOK_WATCHERS_ASK, OFFHOOK_WATCHERS_ALL);
	rig_call(r);
	buddy = follow(&r->a, OFFHOOK_BUDDY_DIALOGS, 600);
	rig_run_ms(r, 100);
	CHECK(strstr(r->a.log, "BUDDY(active,?) DIALOG(trying) "));
	side_forget(&r->a);
	CHECK_OK(side_answer(&r->b, 180));
	rig_run_ms(r, 100);
	CHECK(strstr(r->a.log, "DIALOG(early) "));
	CHECK_OK(side_answer(&r->b, 200));
	rig_run_ms(r, 200);
	CHECK(strstr(r->a.log, "DIALOG(confirmed) "));
	side_forget(&r->a);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 200);
	CHECK(strstr(r->a.log, "DIALOG(terminated,remote-bye,0) "));

	side_forget(&r->a);
	rig_call(r);
	rig_run_ms(r, 100);
	CHECK_OK(side_hangup(&r->b, 486));
	rig_run_ms(r, 200);
	CHECK(strstr(r->a.log, "DIALOG(terminated,rejected,486) "));
	end(r, buddy);
}

/* ---- what is refused here ---- */

TEST(settings_of_buddies_that_are_refused)
{
	static const struct {
		const char *uri;
		int kind;
		uint32_t expires_s, wait_max_s, refused_wait_s;
		int err;
	} rows[] = {
		{NULL, 0, 600, 10, 10, OH_EINVAL},
		{"bob", 0, 600, 10, 10, OH_EURI},
		{"tel:112", 0, 600, 10, 10, OH_ESCHEME},
		{BOB, 2, 600, 10, 10, OH_EINVAL},
		{BOB, 0, 59, 10, 10, OH_EINVAL},
		{BOB, 0, 86401, 10, 10, OH_EINVAL},
		{BOB, 0, 600, 0, 10, OH_EINVAL},
		{BOB, 0, 600, 10, 86401, OH_EINVAL},
	};
	struct rig *r = begin(0);
	struct offhook_buddy_info info = {.size = sizeof(info)};
	struct offhook_presence p = {.size = sizeof(p), .activity = 3};
	struct offhook_account_cfg account;
	struct offhook_presence_cfg pres;
	char big[PIDF_TEXT_MAX + 1];
	offhook_id id = 7;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_buddy_cfg cfg;

		offhook_buddy_cfg_init(&cfg);
		cfg.uri = rows[i].uri;
		cfg.kind = (enum offhook_buddy_kind)rows[i].kind;
		cfg.expires_s = rows[i].expires_s;
		cfg.wait_max_s = rows[i].wait_max_s;
		cfg.refused_wait_s = rows[i].refused_wait_s;
		CHECK_EQ(offhook_buddy_add(r->a.phone, r->a.account, &cfg, &id), rows[i].err);
		CHECK_EQ(id, 7);
		cfg.uri = BOB;
	}
	CHECK_EQ(offhook_buddy_get_info(r->a.phone, 1, &info), OH_ENOENT);
	CHECK_EQ(offhook_buddy_subscribe(r->a.phone, 1, 1), OH_ENOENT);
	CHECK_EQ(offhook_account_set_presence(r->a.phone, 0, &p), OH_EINVAL);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_EQ(be(&r->a, 1, OFFHOOK_ACTIVITY_NONE, big), OH_ETOOBIG);
	p = (struct offhook_presence){.size = sizeof(p), .id = big};
	CHECK_EQ(offhook_account_set_presence(r->a.phone, 0, &p), OH_ETOOBIG);
	p.id = NULL;
	CHECK_EQ(offhook_account_set_presence(r->a.phone, 1, &p), OH_ENOENT);
	CHECK_OK(offhook_account_set_presence(r->a.phone, 0, &p));

	offhook_account_cfg_init(&account);
	account.uri = "sip:x@" RIG_A_IP;
	account.presence = &pres;
	offhook_presence_cfg_init(&pres);
	pres.watchers = (enum offhook_watchers)4;
	CHECK_EQ(offhook_account_add(r->a.phone, &account, &id), OH_EINVAL);
	CHECK_EQ(offhook_account_modify(r->a.phone, r->a.account, &account), OH_EINVAL);
	offhook_presence_cfg_init(&pres);
	pres.publish_expires_s = 59;
	CHECK_EQ(offhook_account_add(r->a.phone, &account, &id), OH_EINVAL);
	pres.size = 0;
	CHECK_EQ(offhook_account_add(r->a.phone, &account, &id), OH_EINVAL);
	rig_close(r);
}

static int without_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_buddy_cfg cfg;
	offhook_id id;
	int err;

	yes = 200;
	if (!r)
		return OH_ENOMEM;
	r->a.handler = r->b.handler = answer_at_once;
	offhook_buddy_cfg_init(&cfg);
	cfg.uri = BOB;
	cfg.kind = *(enum offhook_buddy_kind *)arg;
	cfg.subscribe = 1;
	err = offhook_buddy_add(r->a.phone, r->a.account, &cfg, &id);
	if (!err) {
		rig_run_ms(r, 100);
		if (cfg.kind == OFFHOOK_BUDDY_PRESENCE)
			err = be(&r->b, 1, OFFHOOK_ACTIVITY_AWAY, "x");
		else if (rig_try_call(r) == 0)
			rig_run_ms(r, 200);
		rig_run_ms(r, 40000);
		(void)offhook_buddy_subscribe(r->a.phone, id, 0);
		rig_run_ms(r, 40000);
	}
	rig_drop(r);
	return err;
}

TEST(presence_without_memory)
{
	enum offhook_buddy_kind kinds[] = {OFFHOOK_BUDDY_PRESENCE, OFFHOOK_BUDDY_DIALOGS};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		check_every_allocation_fails(without_memory, &kinds[i]);
}

TESTS(RUN(a_buddy_agrees_and_is_seen), RUN(a_watcher_waits_is_let_in_and_thrown_out),
	RUN(a_watcher_is_refused), RUN(the_settings_decide_who_may_watch), RUN(presence_over_a_bad_wire),
	RUN(a_subscription_is_renewed), RUN(a_buddy_goes_and_comes_back), RUN(the_account_goes),
	RUN(the_calls_of_a_buddy_are_seen), RUN(settings_of_buddies_that_are_refused),
	RUN(presence_without_memory))
