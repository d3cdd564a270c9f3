/* Challenging callers: RFC 3261 22.2, RFC 7616 3.3. The peer of the rig calls; it proves itself by the computation that
 * test_digest.c holds against the RFCs' own vectors. */
#include "rig.h"

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
	char nonce[64];
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
	err = sip_auth_server_check(t->a, &t->msg, server, ret_who);
	if (err == 0) {
		sip_refuse(server, 200, NULL);
		rig_expect(t->r, "SIP/2.0 200");
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
	RUN(remembered_nonces_are_limited), RUN(realms_that_cannot_be_said))
