/* Challenging callers: RFC 3261 22.2, RFC 7616 3.3. The peer of the rig calls; it proves itself by the computation that
 * test_digest.c holds against the RFCs' own vectors. */
#include "rig.h"

#include "host/host.h"
#include "sip/auth_limit.h"
#include "sip/auth_server.h"
#include "sip/digest.h"

static const struct sip_credential users[] = {
	{SLICE_NONE, SLICE_LIT("alice"), SLICE_LIT("secret"), {{0}}},
	{SLICE_NONE, SLICE_LIT("b\"b"), SLICE_LIT("other"), {{0}}},
};
static const struct sip_auth_server_cfg office = {
	.realm = SLICE_LIT("office"), .users = users, .n_users = ARRAY_LEN(users), .nonce_s = 60};

struct asking {
	struct rig *r;
	struct sip_auth_server *a;
	unsigned serial;
	bool blocked;            /* 403 is due */
	char nonce[64], who[64]; /* who: the last one that was proven */
	struct sip_msg msg;
};

static void begin(struct asking *t, const struct sip_auth_server_cfg *cfg)
{
	*t = (struct asking){.r = rig_new()};
	CHECK_OK(sip_auth_server_new(t->r->stack, cfg, &t->a));
}

static void end(struct asking *t)
{
	sip_auth_server_free(t->a);
	rig_drop(t->r);
}

/* The peer asks with these header lines: 0 and "who", or what it is told. */
static int ask(struct asking *t, const char *lines, struct slice *ret_who)
{
	char branch[32];
	struct sip_server *server;
	struct digest_fields f;
	const char *reply;
	int err;

	snprintf(branch, sizeof(branch), "z9hG4bKask%u", ++t->serial);
	rig_send(t->r, rig_request(t->r, "OPTIONS", branch, t->serial, lines));
	server = rig_server(t->r);
	CHECK_OK(sip_msg_parse(&t->msg, slice_of(t->r->request)));
	err = sip_auth_server_check(t->a, &t->msg, server);
	if (err == 0) {
		snprintf(t->who, sizeof(t->who), "%.*s", SLICE_ARG(sip_server_proven(server)));
		*ret_who = slice_of(t->who);
		sip_refuse(server, 200, NULL);
		rig_expect(t->r, "SIP/2.0 200");
	} else if (t->blocked) {
		reply = rig_expect(t->r, "SIP/2.0 403");
		CHECK(rig_has(reply, "\r\nRetry-After: "));
	} else {
		reply = rig_expect(t->r, "SIP/2.0 401");
		CHECK_OK(digest_parse(slice_of(rig_header(t->r, reply, "WWW-Authenticate")), &f));
		snprintf(t->nonce, sizeof(t->nonce), "%.*s", SLICE_ARG(f.f[DIGEST_NONCE]));
		if (slice_ieq(f.f[DIGEST_STALE], SLICE_LIT("true")))
			err = OH_ESTALE;
	}
	sip_msg_free(&t->msg);
	return err;
}

struct proof {
	const char *user, *password, *nc, *nonce; /* nonce NULL: the last one asked */
	enum sip_auth_hash hash;
	bool hashed;
	const char *qop, *realm; /* NULL: auth, office */
};

static int prove(struct asking *t, const struct proof *p, struct slice *ret_who)
{
	const char *realm = p->realm ? p->realm : "office", *qop = p->qop ? p->qop : "auth";
	struct digest d = {.algorithm = {p->hash, false},
		.qop = strcmp(qop, "auth") ? DIGEST_QOP_AUTH_INT : DIGEST_QOP_AUTH,
		.user = slice_of(p->user),
		.realm = slice_of(realm),
		.password = slice_of(p->password),
		.nonce = slice_of(p->nonce ? p->nonce : t->nonce),
		.cnonce = SLICE_LIT("c"),
		.nc = slice_of(p->nc),
		.method = SLICE_LIT("OPTIONS"),
		.uri = SLICE_LIT("sip:x")};
	char response[TLS_HASH_HEX], name[TLS_HASH_HEX], quoted[64], lines[600];
	struct slice user = digest_quote(d.user, quoted, sizeof(quoted));

	CHECK_OK(digest_compute(&d, response));
	if (p->hashed) {
		CHECK_OK(digest_userhash(p->hash, d.user, d.realm, name));
		user = slice_of(name);
	}
	snprintf(lines, sizeof(lines),
		"Authorization: Digest "
		"username=\"%.*s\",realm=\"%s\",nonce=\"%.*s\",uri=\"sip:x\",response=\"%s\","
		"algorithm=%s,cnonce=\"c\",nc=%s,qop=%s%s\n",
		SLICE_ARG(user), realm, SLICE_ARG(d.nonce), response, digest_algorithm_name(d.algorithm),
		p->nc, qop, p->hashed ? ",userhash=true" : "");
	return ask(t, lines, ret_who);
}

static int prove_nc(struct asking *t, const char *nc)
{
	struct slice who;

	return prove(
		t, &(struct proof){"alice", "secret", nc, NULL, SIP_AUTH_SHA256, false, NULL, NULL}, &who);
}

/* One line for each algorithm, the best first; whoever proves it by either is let in. */
TEST(callers_prove_who_they_are)
{
	static const struct {
		struct proof p;
		int err;
		const char *who;
	} rows[] = {
		{{"alice", "secret", "00000001", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, 0, "alice"},
		{{"alice", "secret", "00000001", NULL, SIP_AUTH_MD5, false, NULL, NULL}, 0, "alice"},
		{{"b\"b", "other", "00000001", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, 0, "b\"b"},
		{{"alice", "secret", "00000001", NULL, SIP_AUTH_SHA256, true, NULL, NULL}, 0, "alice"},
		{{"alice", "secret", "00000001", NULL, SIP_AUTH_SHA256, false, "auth-int", NULL}, 0, "alice"},
		{{"alice", "other", "00000001", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, OH_EREFUSED, NULL},
		{{"eve", "secret", "00000001", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, OH_EREFUSED, NULL},
		{{"alice", "secret", "00000001", NULL, SIP_AUTH_SHA512_256, false, NULL, NULL}, OH_EREFUSED,
			NULL},
		{{"alice", "secret", "00000001", NULL, SIP_AUTH_SHA256, false, NULL, "home"}, OH_EREFUSED,
			NULL},
		{{"alice", "secret", "0000001", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, OH_EREFUSED, NULL},
		{{"alice", "secret", "0000000g", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, OH_EREFUSED,
			NULL},
		/* rightly proven, but not fresh: a count of nothing, a nonce that is none of ours */
		{{"alice", "secret", "00000000", NULL, SIP_AUTH_SHA256, false, NULL, NULL}, OH_ESTALE, NULL},
		{{"alice", "secret", "00000001", "x", SIP_AUTH_SHA256, false, NULL, NULL}, OH_ESTALE, NULL},
		{{"alice", "secret", "00000001", "0000000000000001e2b42c9d5eb1a5f5e2b42c9d5eb1a5f5",
			 SIP_AUTH_SHA256, false, NULL, NULL},
			OH_ESTALE, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct asking t;
		struct slice who = SLICE_NONE;

		begin(&t, &office);
		CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
		CHECK(rig_has(
			t.r->seen->text, "qop=\"auth, auth-int\", algorithm=SHA-256\r\nWWW-Authenticate: "));
		CHECK(rig_has(t.r->seen->text, "algorithm=MD5\r\n"));
		CHECK_EQ(prove(&t, &rows[i].p, &who), rows[i].err);
		if (rows[i].who)
			CHECK_SLICE(who, rows[i].who);
		end(&t);
	}
}

/* The same proof is worth nothing the second time; counts may overtake each other, but not by far. */
TEST(proof_is_good_once)
{
	struct asking t;
	struct slice who;
	char nonce[64];

	begin(&t, &office);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	snprintf(nonce, sizeof(nonce), "%s", t.nonce);
	CHECK_OK(prove_nc(&t, "00000001"));
	CHECK_EQ(prove_nc(&t, "00000001"), OH_ESTALE);
	snprintf(t.nonce, sizeof(t.nonce), "%s", nonce);
	CHECK_OK(prove_nc(&t, "00000003"));
	CHECK_OK(prove_nc(&t, "00000002"));
	CHECK_EQ(prove_nc(&t, "00000003"), OH_ESTALE);
	snprintf(t.nonce, sizeof(t.nonce), "%s", nonce);
	CHECK_OK(prove_nc(&t, "00000043"));
	CHECK_OK(prove_nc(&t, "00000004"));
	CHECK_EQ(prove_nc(&t, "00000003"), OH_ESTALE);
	snprintf(t.nonce, sizeof(t.nonce), "%s", nonce);
	CHECK_OK(prove_nc(&t, "ffffffff"));
	CHECK_EQ(prove_nc(&t, "00000044"), OH_ESTALE);
	end(&t);
}

TEST(nonce_grows_old)
{
	struct asking t;
	struct slice who;

	begin(&t, &office);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	rig_run_for(t.r, 59000);
	CHECK_OK(prove_nc(&t, "00000001"));
	rig_run_for(t.r, 2000);
	CHECK_EQ(prove_nc(&t, "00000002"), OH_ESTALE);
	CHECK_OK(prove_nc(&t, "00000001"));
	end(&t);
}

/* RFC 7616 3.5: what a proven one hears back, computed by the vectors' own function. */
TEST(who_is_proven_hears_that_we_know_the_password_too)
{
	struct digest d = {.algorithm = {SIP_AUTH_SHA256, false},
		.qop = DIGEST_QOP_AUTH,
		.user = SLICE_LIT("alice"),
		.realm = SLICE_LIT("office"),
		.password = SLICE_LIT("secret"),
		.cnonce = SLICE_LIT("c"),
		.nc = SLICE_LIT("00000001"),
		.method = SLICE_LIT(""),
		.uri = SLICE_LIT("sip:x")};
	struct asking t;
	struct slice who;
	struct digest_fields f;
	char expected[TLS_HASH_HEX], nonce[64];

	begin(&t, &office);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	snprintf(nonce, sizeof(nonce), "%s", t.nonce);
	d.nonce = slice_of(nonce);
	CHECK_OK(prove_nc(&t, "00000001"));
	CHECK_OK(digest_compute(&d, expected));
	CHECK_OK(digest_parse_info(slice_of(rig_header(t.r, t.r->seen->text, "Authentication-Info")), &f));
	CHECK_SLICE(f.f[DIGEST_RSPAUTH], expected);
	CHECK_SLICE(f.f[DIGEST_CNONCE], "c");
	CHECK_SLICE(f.f[DIGEST_NC], "00000001");
	CHECK_SLICE(f.f[DIGEST_QOP], "auth");
	CHECK(!slice_present(f.f[DIGEST_NEXTNONCE]));

	/* In the second half of its life a nonce is replaced; the next one is as good as one that was asked for. */
	rig_run_for(t.r, 31000);
	CHECK_OK(prove_nc(&t, "00000002"));
	CHECK_OK(digest_parse_info(slice_of(rig_header(t.r, t.r->seen->text, "Authentication-Info")), &f));
	CHECK(slice_present(f.f[DIGEST_NEXTNONCE]));
	snprintf(t.nonce, sizeof(t.nonce), "%.*s", SLICE_ARG(f.f[DIGEST_NEXTNONCE]));
	rig_run_for(t.r, 40000);
	CHECK_OK(prove_nc(&t, "00000001"));
	/* Over auth-int the body of the answer would have to be known: the next nonce alone. */
	CHECK_OK(prove(&t,
		&(struct proof){
			"alice", "secret", "00000002", NULL, SIP_AUTH_SHA256, false, "auth-int", NULL},
		&who));
	CHECK(!rig_has(t.r->seen->text, "rspauth"));
	end(&t);
}

static int guess(struct asking *t, const char *user, const char *password)
{
	struct slice who;

	return prove(t, &(struct proof){user, password, "00000001", NULL, SIP_AUTH_SHA256, false, NULL, NULL},
		&who);
}

TEST(one_address_may_be_wrong_ten_times_a_minute)
{
	struct asking t;
	struct slice who;

	begin(&t, &office);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	/* What answers no challenge of ours is no guess. */
	for (unsigned i = 0; i < 20; i++)
		CHECK_EQ(prove(&t,
				 &(struct proof){"alice", "guess", "00000001", "x", SIP_AUTH_SHA256, false,
					 NULL, NULL},
				 &who),
			OH_EREFUSED);
	for (unsigned i = 0; i < AUTH_LIMIT_SOURCE; i++)
		CHECK_EQ(guess(&t, i & 1 ? "alice" : "nobody", "guess"), OH_EREFUSED);
	t.blocked = true;
	CHECK_EQ(guess(&t, "alice", "secret"), OH_EREFUSED);
	t.blocked = false;
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED); /* a challenge is still to be had */
	rig_run_for(t.r, 61000);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	CHECK_OK(guess(&t, "alice", "secret"));
	end(&t);
}

/* From many addresses; the table alone, because the rig has one. */
TEST(one_user_may_be_guessed_at_thirty_times_a_minute)
{
	static struct auth_limit l;
	uint64_t now = NS_PER_S;

	memset(&l, 0, sizeof(l));
	for (unsigned i = 1; i < AUTH_LIMIT_USER; i++)
		CHECK(!auth_limit_count(&l, now, 7, AUTH_LIMIT_USER));
	CHECK_EQ(auth_limit_blocked_s(&l, now, 7, AUTH_LIMIT_USER), 0);
	CHECK(auth_limit_count(&l, now, 7, AUTH_LIMIT_USER));
	CHECK(!auth_limit_count(&l, now, 7, AUTH_LIMIT_USER));
	CHECK_EQ(auth_limit_blocked_s(&l, now + 20 * NS_PER_S, 7, AUTH_LIMIT_USER), 40);
	CHECK_EQ(auth_limit_blocked_s(&l, now + 60 * NS_PER_S, 7, AUTH_LIMIT_USER), 0);
	/* The minute begins anew; a full table forgets the oldest. */
	CHECK(!auth_limit_count(&l, now + 60 * NS_PER_S, 7, AUTH_LIMIT_USER));
	for (uint64_t key = 100; key < 100 + AUTH_LIMIT_ENTRIES; key++)
		CHECK(auth_limit_count(&l, now + 70 * NS_PER_S + key, key, 1));
	CHECK_EQ(auth_limit_blocked_s(&l, now + 71 * NS_PER_S, 100 + AUTH_LIMIT_ENTRIES - 1, 1), 60);
	CHECK(!auth_limit_count(&l, now + 71 * NS_PER_S, 7, 2));
}

/* ---- users of the owner's ---- */

static int find_carol(void *arg, struct slice user, struct sip_credential *ret_user)
{
	unsigned *asked = arg;

	++*asked;
	if (slice_eq(user, SLICE_LIT("carol")))
		ret_user->password = SLICE_LIT("piano");
	else if (slice_eq(user, SLICE_LIT("short")))
		ret_user->ha1[SIP_AUTH_SHA256] = SLICE_LIT("0123");
	else
		return OH_ENOENT;
	return 0;
}

TEST(users_may_be_known_to_the_owner_alone)
{
	struct sip_auth_server_cfg cfg = office;
	unsigned *asked = mem_zalloc(sizeof(*asked));
	struct asking t;
	struct slice who;

	CHECK(asked);
	cfg.find = find_carol;
	cfg.find_arg = asked;
	begin(&t, &cfg);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	CHECK_OK(guess(&t, "carol", "piano"));
	CHECK_STR(t.who, "carol");
	CHECK_EQ(*asked, 1);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	CHECK_OK(guess(&t, "alice", "secret"));
	CHECK_EQ(*asked, 1);
	CHECK_EQ(guess(&t, "carol", "guitar"), OH_EREFUSED);
	CHECK_EQ(guess(&t, "short", "x"), OH_EREFUSED);
	CHECK_EQ(guess(&t, "dave", "x"), OH_EREFUSED);
	CHECK_EQ(*asked, 4);
	end(&t);
}

/* The rig keeps what it has seen for the end of a story, and this one is long. */
static void forget_texts(struct rig *r)
{
	while (r->n_texts)
		free(r->texts[--r->n_texts]);
}

/* Memory is bounded: the nonce that was pushed out is stale, its proof cannot be sent again. */
TEST(remembered_nonces_are_limited)
{
	struct asking t;
	struct slice who;
	char first[64];

	begin(&t, &office);
	CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
	snprintf(first, sizeof(first), "%s", t.nonce);
	CHECK_OK(prove_nc(&t, "00000001"));
	for (unsigned i = 0; i < SIP_AUTH_SERVER_NONCES; i++) {
		CHECK_EQ(ask(&t, "", &who), OH_EREFUSED);
		CHECK_OK(prove_nc(&t, "00000001"));
		forget_texts(t.r);
	}
	snprintf(t.nonce, sizeof(t.nonce), "%s", first);
	CHECK_EQ(prove_nc(&t, "00000001"), OH_ESTALE);
	end(&t);
}

TEST(realms_that_cannot_be_said)
{
	static const struct slice realms[] = {SLICE_NONE, SLICE_LIT(""), SLICE_LIT("*"), SLICE_LIT("a\"b"),
		SLICE_LIT("a\\b"), SLICE_LIT("a\r\nb: c")};
	struct rig *r = rig_new();

	for (size_t i = 0; i < ARRAY_LEN(realms); i++) {
		struct sip_auth_server_cfg cfg = office;
		struct sip_auth_server *a;

		cfg.realm = realms[i];
		CHECK_EQ(sip_auth_server_new(r->stack, &cfg, &a), OH_EINVAL);
	}
	rig_close(r);
}

TESTS(RUN(callers_prove_who_they_are), RUN(proof_is_good_once), RUN(nonce_grows_old),
	RUN(who_is_proven_hears_that_we_know_the_password_too),
	RUN(one_address_may_be_wrong_ten_times_a_minute),
	RUN(one_user_may_be_guessed_at_thirty_times_a_minute), RUN(users_may_be_known_to_the_owner_alone),
	RUN(remembered_nonces_are_limited), RUN(realms_that_cannot_be_said))
