/* Two phones that prove to each other who they are: accounts with credentials, accounts that ask for them. */
#include "rig.h"

static const struct offhook_credential alice = {.realm = "office", .user = "alice", .password = "secret"};

static offhook_id add(
	struct side *s, const struct offhook_auth_cfg *auth, const struct offhook_challenge_cfg *ask)
{
	struct offhook_account_cfg cfg;
	char uri[64];
	offhook_id id;

	offhook_account_cfg_init(&cfg);
	snprintf(uri, sizeof(uri), "sip:%s@%s", s->name, s->ip);
	cfg.uri = uri;
	cfg.auth = auth;
	cfg.challenge = ask;
	cfg.priority = 1;
	cfg.make_default = 1;
	CHECK_OK(offhook_account_add(s->phone, &cfg, &id));
	return id;
}

/* a knows who it is; b lets only alice in. */
static struct rig *office(const struct offhook_credential *who, enum offhook_auth_policy policy)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_auth_cfg auth;
	struct offhook_challenge_cfg ask;

	offhook_auth_cfg_init(&auth);
	auth.credentials = who;
	auth.n_credentials = 1;
	auth.policy = policy;
	offhook_challenge_cfg_init(&ask);
	ask.realm = "office";
	ask.users = &alice;
	ask.n_users = 1;
	r->a.account = add(&r->a, &auth, NULL);
	add(&r->b, NULL, &ask);
	return r;
}

/* The whole call with the one challenge at its beginning; both may end it. */
TEST(caller_that_is_known)
{
	for (int who = 0; who < 2; who++) {
		struct rig *r = office(&alice, OFFHOOK_AUTH_MET);

		rig_talk(r);
		CHECK_STR(r->a.log, "CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");
		CHECK_OK(side_hangup(who ? &r->a : &r->b, 0));
		CHECK(rig_wait(who ? &r->b : &r->a, "DISCONNECTED"));
		rig_close(r);
	}
}

TEST(caller_that_is_not)
{
	static const struct offhook_credential wrong[] = {
		{.realm = "office", .user = "alice", .password = "guess"},
		{.realm = "office", .user = "eve", .password = "secret"},
		{.realm = "home", .user = "alice", .password = "secret"},
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct rig *r = office(&wrong[i], OFFHOOK_AUTH_MET);

		rig_call(r);
		CHECK(rig_wait(&r->a, "DISCONNECTED(401"));
		CHECK_STR(r->b.log, "");
		rig_close(r);
	}
}

/* RFC 3261 17: whatever gets lost, doubled or overtaken, the call comes about or ends, once, on both sides. */
TEST(challenged_calls_over_a_bad_wire)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct rig *r = office(&alice, OFFHOOK_AUTH_MET);
		const struct sim_wire bad = {.loss = 0.15,
			.duplicate = 0.1,
			.delay_ns = NS_PER_MS,
			.jitter_ns = 50 * NS_PER_MS,
			.allow_overtake = true};
		struct sim_wire good = {.delay_ns = NS_PER_MS};

		sim_wire(r->sim, &bad);
		for (uint64_t i = 0; i < seed; i++) /* another place in the sequence of fates */
			rig_run_ms(r, 7);
		rig_call(r);
		if (rig_wait(&r->b, "INCOMING")) {
			CHECK_OK(side_answer(&r->b, 200));
			CHECK(rig_wait(&r->a, "CONFIRMED") || strstr(r->a.log, "DISCONNECTED"));
		}
		sim_wire(r->sim, &good);
		(void)side_hangup(&r->a, 0);
		CHECK(rig_wait(&r->a, "DISCONNECTED"));
		CHECK(!*r->b.log || rig_wait(&r->b, "DISCONNECTED"));
		rig_close(r);
	}
}

/* ---- who it is, for the program ---- */

static void note_proven(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_MESSAGE || e->type == OFFHOOK_EVENT_QUESTION)
		snprintf(s->digits, sizeof(s->digits), "%s",
			e->proven_user ? e->proven_user : "(nobody asked)");
}

TEST(the_program_is_told_who_has_proven_to_be_whom)
{
	struct rig *r = office(&alice, OFFHOOK_AUTH_MET);
	struct offhook_message message;
	struct offhook_call_info *info;

	r->a.handler = r->b.handler = note_proven;
	rig_talk(r);
	info = side_info(&r->b);
	CHECK_STR(info->proven_user, "alice");
	offhook_call_info_free(info);
	info = side_info(&r->a);
	CHECK_STR(info->proven_user, "");
	offhook_call_info_free(info);
	message = (struct offhook_message){.size = sizeof(message)};
	message.uri = "sip:bob@" RIG_B_IP;
	message.body = "hello";
	message.body_length = 5;
	CHECK_OK(offhook_message_send(r->a.phone, r->a.account, &message, NULL));
	CHECK(rig_wait(&r->b, "MESSAGE"));
	CHECK_STR(r->b.digits, "alice");
	message.uri = "sip:alice@" RIG_A_IP;
	CHECK_OK(offhook_message_send(r->b.phone, 0, &message, NULL));
	CHECK(rig_wait(&r->a, "MESSAGE"));
	CHECK_STR(r->a.digits, "(nobody asked)");
	rig_close(r);
}

static int find(void *arg, const char *user, struct offhook_credential *ret_user)
{
	unsigned *asked = arg;

	++*asked;
	ret_user->password = "secret";
	return strcmp(user, "alice") == 0;
}

TEST(users_whom_only_the_program_knows)
{
	static const struct offhook_credential eve = {.realm = "office", .user = "eve", .password = "secret"};

	for (int who = 0; who < 2; who++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct offhook_auth_cfg auth;
		struct offhook_challenge_cfg ask;
		unsigned asked = 0;

		offhook_auth_cfg_init(&auth);
		auth.credentials = who ? &eve : &alice;
		auth.n_credentials = 1;
		auth.want_proof = 1;
		offhook_challenge_cfg_init(&ask);
		ask.realm = "office";
		ask.find_user = find;
		ask.find_user_arg = &asked;
		r->a.account = add(&r->a, &auth, NULL);
		add(&r->b, NULL, &ask);
		rig_call(r);
		CHECK(who ? rig_wait(&r->a, "DISCONNECTED(401") : rig_wait(&r->b, "INCOMING"));
		CHECK_EQ(asked, 1);
		rig_close(r);
	}
}

static int challenged_call(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_account_cfg cfg;
	struct offhook_auth_cfg auth;
	struct offhook_challenge_cfg ask;
	unsigned asked = 0;
	offhook_id id;
	int err = r ? 0 : OH_ENOMEM;

	(void)arg;
	if (err)
		return err;
	offhook_auth_cfg_init(&auth);
	auth.credentials = &alice;
	auth.n_credentials = 1;
	offhook_challenge_cfg_init(&ask);
	ask.realm = "office";
	ask.find_user = find;
	ask.find_user_arg = &asked;
	offhook_account_cfg_init(&cfg);
	cfg.uri = "sip:alice@" RIG_A_IP;
	cfg.auth = &auth;
	err = offhook_account_add(r->a.phone, &cfg, &r->a.account);
	cfg.uri = "sip:bob@" RIG_B_IP;
	cfg.auth = NULL;
	cfg.challenge = &ask;
	cfg.priority = 1;
	if (!err)
		err = offhook_account_add(r->b.phone, &cfg, &id);
	if (!err)
		err = rig_try_call(r);
	if (!err) {
		rig_run_ms(r, 100);
		err = strstr(r->b.log, "INCOMING") ? 0 : OH_ENOMEM;
	}
	rig_drop(r);
	return err;
}

TEST(challenging_without_memory_leaves_nothing_behind)
{
	check_every_allocation_fails(challenged_call, NULL);
}

TEST(settings_that_are_wrong)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_account_cfg cfg;
	struct offhook_auth_cfg auth;
	struct offhook_credential c = alice;
	offhook_id id;

	offhook_account_cfg_init(&cfg);
	offhook_auth_cfg_init(&auth);
	cfg.uri = "sip:alice@example.com";
	cfg.auth = &auth;
	auth.credentials = &c;
	auth.n_credentials = 1;
	c.ha1 = "00112233445566778899aabbccddeeff";
	CHECK_EQ(offhook_account_add(r->a.phone, &cfg, &id), OH_EINVAL);
	c.password = NULL;
	c.algorithm = "SHA-1";
	CHECK_EQ(offhook_account_add(r->a.phone, &cfg, &id), OH_EINVAL);
	c.algorithm = "SHA-256"; /* has 64 digits */
	CHECK_EQ(offhook_account_add(r->a.phone, &cfg, &id), OH_EINVAL);
	c.algorithm = NULL;
	auth.algorithms = "MD5, MD5";
	CHECK_EQ(offhook_account_add(r->a.phone, &cfg, &id), OH_EINVAL);
	auth.algorithms = "SHA-256,MD5";
	CHECK_OK(offhook_account_add(r->a.phone, &cfg, &id));
	rig_close(r);
}

TESTS(RUN(caller_that_is_known), RUN(caller_that_is_not), RUN(challenged_calls_over_a_bad_wire),
	RUN(the_program_is_told_who_has_proven_to_be_whom), RUN(users_whom_only_the_program_knows),
	RUN(challenging_without_memory_leaves_nothing_behind), RUN(settings_that_are_wrong))
