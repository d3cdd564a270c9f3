/*
 * Challenges to our requests, as stories: RFC 3261 22, RFC 7616, RFC 8760. The peer of the rig is the server; it checks
 * what it gets by the computation that test_digest.c holds against the RFCs' own vectors.
 */
#include "rig.h"

#include "sip/digest.h"

#define WWW   "WWW-Authenticate: Digest "
#define PROXY "Proxy-Authenticate: Digest "
#define PW    "secret"

static const struct sip_credential alice = {SLICE_LIT("home"), SLICE_LIT("alice"), SLICE_LIT(PW), {{0}}};
static const struct sip_credential anywhere = {SLICE_LIT("*"), SLICE_LIT("alice"), SLICE_LIT(PW), {{0}}};

static struct sip_auth *auth_of(const struct sip_credential *c, const struct sip_auth_cfg *more)
{
	struct sip_auth_cfg cfg = more ? *more : (struct sip_auth_cfg){0};
	struct sip_auth *a;

	cfg.credentials = c;
	cfg.n_credentials = 1;
	CHECK_OK(sip_auth_new(&cfg, &a));
	return a;
}

static struct sip_client *call_in(
	struct rig *r, enum sip_method method, struct sip_auth *a, const struct sip_auth_scope *scope)
{
	struct sip_request req = rig_out(method);
	struct sip_client_handler handler = rig_client_handler(r);
	struct sip_client *c;

	req.auth = a;
	if (scope)
		req.scope = *scope;
	CHECK_OK(sip_client_send(r->stack, &req, &handler, &c));
	return c;
}

static struct sip_client *call(struct rig *r, enum sip_method method, struct sip_auth *a)
{
	return call_in(r, method, a, NULL);
}

static void challenge(struct rig *r, const char *request, const char *status, const char *lines)
{
	rig_send(r, rig_response(r, request, status, "srv", lines));
}

/* Does this request prove that its sender knows PW? */
static void check_proof(struct rig *r, const char *request, const char *header)
{
	struct digest_fields f;
	char buf[256], response[TLS_HASH_HEX];
	const char *body = strstr(request, "\r\n\r\n") + 4;
	struct digest d = {.password = SLICE_LIT(PW),
		.method = slice_make(request, strcspn(request, " ")),
		.body = slice_of(body)};

	CHECK_OK(digest_parse(slice_of(rig_header(r, request, header)), &f));
	CHECK_OK(digest_algorithm_of(f.f[DIGEST_ALGORITHM], &d.algorithm));
	CHECK_OK(digest_qop_of(f.f[DIGEST_QOP], &d.qop));
	d.user = f.f[DIGEST_USERNAME];
	d.realm = digest_unquote(f.f[DIGEST_REALM], buf, sizeof(buf));
	d.nonce = f.f[DIGEST_NONCE];
	d.cnonce = f.f[DIGEST_CNONCE];
	d.nc = f.f[DIGEST_NC];
	d.uri = f.f[DIGEST_URI];
	CHECK_OK(digest_compute(&d, response));
	CHECK_SLICE(f.f[DIGEST_RESPONSE], response);
	CHECK_EQ(d.qop == DIGEST_QOP_NONE, !slice_present(f.f[DIGEST_CNONCE]));
}

static unsigned cseq_of(struct rig *r, const char *request)
{
	return (unsigned)atoi(rig_header(r, request, "CSeq"));
}

static void check_user(const struct rig *r, unsigned status)
{
	CHECK_EQ(r->user.n, 1);
	CHECK_EQ(r->user.status[0], status);
}

/* ---- one challenge ---- */

/* RFC 3261 22.2: the same request again, one number higher, on a branch of its own; the user hears the outcome alone. */
TEST(challenged_request_goes_again)
{
	static const struct {
		const char *status, *ask, *header, *has;
	} rows[] = {
		{"401 Unauthorized", WWW "realm=\"home\",nonce=\"n\"\n", "Authorization", "opaque=\"\""},
		{"401 Unauthorized", WWW "realm=\"home\",nonce=\"n\",qop=\"auth\",algorithm=MD5\n",
			"Authorization", "algorithm=MD5"},
		{"401 Unauthorized", WWW "realm=\"home\",nonce=\"n\",qop=\"auth-int\",algorithm=SHA-256\n",
			"Authorization", "qop=auth-int"},
		{"401 Unauthorized",
			WWW "realm=\"home\",nonce=\"n\",qop=\"auth\",algorithm=SHA-512-256-sess\n",
			"Authorization", "algorithm=SHA-512-256-sess"},
		{"407 Proxy Authentication Required",
			PROXY "realm=\"home\",nonce=\"n\",opaque=\"o\\\"p\",qop=\"auth,auth-int\"\n",
			"Proxy-Authorization", "opaque=\"o\\\"p\""},
		/* What we cannot do is passed over, and the first that we can do is taken (RFC 8760 2.4). */
		{"401 Unauthorized",
			WWW
			"realm=\"home\",nonce=\"n\",algorithm=SHA3\n" WWW
			"realm=\"home\",nonce=\"n\",algorithm=SHA-256,qop=\"auth\"\n" WWW
			"realm=\"home\",nonce=\"n\",algorithm=MD5\nWWW-Authenticate: Basic realm=\"home\"\n",
			"Authorization", "algorithm=SHA-256"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(i ? &alice : &anywhere, NULL);
		const char *first, *second;

		call(r, SIP_OPTIONS, a);
		first = rig_expect(r, "OPTIONS");
		CHECK(!rig_has(first, "uthorization"));
		challenge(r, first, rows[i].status, rows[i].ask);
		second = rig_expect(r, "OPTIONS");
		check_proof(r, second, rows[i].header);
		CHECK(i == 0 || rig_has(second, rows[i].has));
		CHECK_EQ(cseq_of(r, second), cseq_of(r, first) + 1);
		CHECK(strcmp(rig_header(r, first, "Via"), rig_header(r, second, "Via")) != 0);
		CHECK_STR(rig_header(r, first, "Call-ID"), rig_header(r, second, "Call-ID"));
		CHECK_STR(rig_header(r, first, "From"), rig_header(r, second, "From"));
		CHECK_EQ(r->user.n, 0);
		rig_reply(r, second, "200 OK");
		check_user(r, 200);
		sip_auth_unref(a);
		rig_close(r);
	}
}

/* The transaction acknowledges the 401 itself, absorbs its repeats, and goes on with the INVITE; after a 100 as well. */
TEST(challenged_invite_acknowledges_and_goes_on)
{
	for (int ringing = 0; ringing < 2; ringing++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&alice, NULL);
		const char *first, *second, *ask = WWW "realm=\"home\",nonce=\"n\",qop=\"auth\"\n";
		struct sip_client *c = call(r, SIP_INVITE, a);

		first = rig_expect(r, "INVITE");
		if (ringing)
			rig_reply(r, first, "100 Trying");
		challenge(r, first, "401 Unauthorized", ask);
		CHECK_EQ(cseq_of(r, rig_expect(r, "ACK")), cseq_of(r, first));
		second = rig_expect(r, "INVITE");
		check_proof(r, second, "Authorization");
		challenge(r, first, "401 Unauthorized", ask); /* doubled, or late */
		rig_expect(r, "ACK");
		rig_expect_nothing(r);
		CHECK(strstr(second, "branch=") &&
			slice_starts(slice_of(strstr(second, "branch=") + 7), sip_client_branch(c)));
		rig_reply(r, second, "200 OK");
		CHECK_EQ(r->user.status[r->user.n - 1], 200);
		CHECK_EQ(r->user.n, ringing ? 2 : 1);
		sip_auth_unref(a);
		rig_close(r);
	}
}

/* Lost once, each message of the exchange: retransmission brings it to its end all the same. */
TEST(lost_challenge_and_lost_answer)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&alice, NULL);
	const char *req, *ask = WWW "realm=\"home\",nonce=\"n\",qop=\"auth\"\n";

	call(r, SIP_INVITE, a);
	rig_expect_at(r, 0, "INVITE"); /* lost */
	req = rig_expect_at(r, 500, "INVITE");
	challenge(r, req, "401 Unauthorized", ask);
	rig_expect(r, "ACK");                  /* lost: the server repeats */
	req = rig_expect_at(r, 500, "INVITE"); /* lost */
	rig_reply(r, req, "100 Trying");
	rig_reply(r, req, "486 Busy Here");
	rig_expect(r, "ACK");
	CHECK_EQ(r->user.status[r->user.n - 1], 486);
	sip_auth_unref(a);
	rig_close(r);
}

/* RFC 3261 9.1: the CANCEL follows the INVITE that is under way. */
TEST(challenged_invite_is_cancelled)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&alice, NULL);
	const char *req, *cancel, *ask = WWW "realm=\"home\",nonce=\"n\"\n";
	struct sip_client *c = call(r, SIP_INVITE, a);

	challenge(r, rig_expect(r, "INVITE"), "401 Unauthorized", ask);
	rig_expect(r, "ACK");
	req = rig_expect(r, "INVITE");
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	rig_expect_nothing(r);
	rig_reply(r, req, "180 Ringing");
	cancel = rig_expect(r, "CANCEL");
	CHECK_EQ(cseq_of(r, cancel), cseq_of(r, req));
	rig_reply(r, cancel, "200 OK");
	rig_reply(r, req, "487 Request Terminated");
	rig_expect(r, "ACK");
	CHECK_EQ(r->user.status[1], 487);
	sip_auth_unref(a);
	rig_close(r);
}

/* One that is being cancelled is not sent again: its challenge is its end. */
TEST(cancelled_invite_answers_no_challenge)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&alice, NULL);
	const char *req;
	struct sip_client *c = call(r, SIP_INVITE, a);

	req = rig_expect(r, "INVITE");
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	challenge(r, req, "401 Unauthorized", WWW "realm=\"home\",nonce=\"n\"\n");
	rig_expect(r, "ACK");
	rig_expect_nothing(r);
	check_user(r, 401);
	sip_auth_unref(a);
	rig_close(r);
}

/* A BYE whose user has gone still has to reach the peer. */
TEST(request_without_user_answers_its_challenge)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&alice, NULL);

	sip_client_free(call(r, SIP_OPTIONS, a));
	sip_auth_unref(a); /* the transaction has its own reference */
	challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized", WWW "realm=\"home\",nonce=\"n\"\n");
	check_proof(r, rig_expect(r, "OPTIONS"), "Authorization");
	rig_close(r);
}

/* ---- loops, and what is not answered ---- */

/* Each row: challenges in order; how many are answered. Then the user gets the 401. */
TEST(where_it_ends)
{
	static const struct {
		const char *ask[5];
		size_t answered;
	} rows[] = {
		/* the same nonce, or another one without "stale": the password is wrong */
		{{WWW "realm=\"home\",nonce=\"1\"\n", WWW "realm=\"home\",nonce=\"1\"\n"}, 1},
		{{WWW "realm=\"home\",nonce=\"1\"\n", WWW "realm=\"home\",nonce=\"2\"\n"}, 1},
		/* stale: three times, no more */
		{{WWW "realm=\"home\",nonce=\"1\"\n", WWW "realm=\"home\",nonce=\"2\",stale=true\n",
			 WWW "realm=\"home\",nonce=\"3\",stale=\"TRUE\"\n",
			 WWW "realm=\"home\",nonce=\"4\",stale=true\n",
			 WWW "realm=\"home\",nonce=\"5\",stale=true\n"},
			4},
		{{WWW "realm=\"other\",nonce=\"1\"\n"}, 0},
		{{WWW "realm=\"HOME\",nonce=\"1\"\n"}, 0},
		{{WWW "realm=\"home\"\n"}, 0},
		{{WWW "nonce=\"1\"\n"}, 0},
		{{WWW "realm=\"home\",nonce=\"1\",qop=\"other\"\n"}, 0},
		{{WWW "realm=\"home\",nonce=\"1\",algorithm=MD5-sess\n"}, 0},
		{{"WWW-Authenticate: Basic realm=\"home\"\n"}, 0},
		{{"WWW-Authenticate: Digest realm=\"home\n"}, 0},
		{{""}, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&alice, NULL);
		const char *req;

		call(r, SIP_OPTIONS, a);
		for (size_t n = 0; n <= rows[i].answered; n++) {
			req = rig_expect(r, "OPTIONS");
			if (n)
				check_proof(r, req, "Authorization");
			challenge(r, req, "401 Unauthorized", rows[i].ask[n]);
		}
		rig_expect_nothing(r);
		check_user(r, 401);
		sip_auth_unref(a);
		rig_close(r);
	}
}

/* RFC 3665 3.3: two proxies ask one after the other; the third INVITE answers both. Different realms without end: so many
 * and no more. */
TEST(one_proxy_after_the_other)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&anywhere, NULL);
	const char *req = NULL;
	char ask[80];

	call(r, SIP_INVITE, a);
	for (unsigned i = 0; i <= SIP_AUTH_REALMS_MAX; i++) {
		const char *line;
		unsigned lines = 0;

		req = rig_expect(r, "INVITE");
		for (line = req; (line = strstr(line, "\r\nProxy-Authorization: ")) != NULL; line += 2)
			lines++;
		CHECK_EQ(lines, i);
		snprintf(ask, sizeof(ask), PROXY "realm=\"proxy%u\",nonce=\"n\",qop=\"auth\"\n", i);
		challenge(r, req, "407 Proxy Authentication Required", ask);
		rig_expect(r, "ACK");
	}
	rig_expect_nothing(r);
	check_user(r, 407);
	sip_auth_unref(a);
	rig_close(r);
}

TEST(several_realms_in_one_response)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&anywhere, NULL);
	const char *req;

	call(r, SIP_OPTIONS, a);
	challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized",
		WWW "realm=\"one\",nonce=\"a\"\n" PROXY "realm=\"two\",nonce=\"b\"\n" WWW
		    "realm=\"three\",nonce=\"c\"\n");
	req = rig_expect(r, "OPTIONS");
	CHECK(rig_has(req, "realm=\"one\"") && rig_has(req, "realm=\"two\"") &&
		rig_has(req, "realm=\"three\""));
	check_proof(r, req, "Proxy-Authorization");
	rig_reply(r, req, "200 OK");
	sip_auth_unref(a);
	rig_close(r);
}

/* A policy of the account's own: not what the server likes best, and never MD5. */
TEST(preferred_algorithms)
{
	static const struct sip_auth_cfg strong = {
		.prefer = {SIP_AUTH_SHA512_256, SIP_AUTH_SHA256}, .n_prefer = 2};
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&alice, &strong);

	call(r, SIP_OPTIONS, a);
	challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized",
		WWW "realm=\"home\",nonce=\"a\"\n" WWW "realm=\"home\",nonce=\"a\",algorithm=SHA-256\n" WWW
		    "realm=\"home\",nonce=\"a\",algorithm=SHA-512-256\n");
	CHECK(rig_has(rig_expect(r, "OPTIONS"), "algorithm=SHA-512-256"));
	call(r, SIP_OPTIONS, a);
	challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized", WWW "realm=\"home\",nonce=\"a\"\n");
	rig_expect_nothing(r);
	CHECK_EQ(r->user.status[0], 401);
	sip_auth_unref(a);
	rig_drop(r);
}

/* Only the hash of one algorithm is known. */
TEST(ready_hash)
{
	/* H("alice:home:secret") */
	struct sip_credential c = {SLICE_LIT("home"), SLICE_LIT("alice"), SLICE_NONE, {{0}}};
	struct rig *r = rig_new();
	struct sip_auth *a;
	char ha1[TLS_HASH_HEX];

	CHECK_OK(digest_ha1(SIP_AUTH_SHA256, c.user, c.realm, SLICE_LIT(PW), ha1));
	c.ha1[SIP_AUTH_SHA256] = slice_of(ha1);
	a = auth_of(&c, NULL);
	call(r, SIP_OPTIONS, a);
	challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized",
		WWW "realm=\"home\",nonce=\"a\"\n" WWW "realm=\"home\",nonce=\"a\",algorithm=SHA-256\n");
	check_proof(r, rig_expect(r, "OPTIONS"), "Authorization");
	sip_auth_unref(a);
	rig_drop(r);
}

TEST(names_as_the_server_wants_them)
{
	static const struct sip_credential jason = {
		SLICE_LIT("api"), SLICE_LIT("J\xc3\xa4s\xc3\xb8n \"D\""), SLICE_LIT(PW), {{0}}};
	static const struct {
		const char *ask, *name;
	} rows[] = {
		{WWW "realm=\"api\",nonce=\"a\"\n", "username=\"J\xc3\xa4s\xc3\xb8n \\\"D\\\"\""},
		{WWW "realm=\"api\",nonce=\"a\",charset=UTF-8\n",
			"username*=UTF-8''%4A%C3%A4%73%C3%B8%6E%20%22%44%22"},
		{WWW "realm=\"api\",nonce=\"a\",userhash=true\n", "userhash=true"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&jason, NULL);

		call(r, SIP_OPTIONS, a);
		challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized", rows[i].ask);
		CHECK(rig_has(rig_expect(r, "OPTIONS"), rows[i].name));
		sip_auth_unref(a);
		rig_drop(r);
	}
}

/* ---- from memory ---- */

static const char *answered(struct rig *r, const char *header, const char *nc)
{
	const char *req = rig_expect(r, "");

	check_proof(r, req, header);
	CHECK(rig_has(req, nc));
	rig_reply(r, req, "200 OK");
	return req;
}

/* A registration shows what it was asked for last time; other requests only when the program says so. */
TEST(nonce_is_used_again)
{
	static const struct sip_auth_cfg initial = {.initial_send = true};

	for (int always = 0; always < 2; always++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&alice, always ? &initial : NULL);
		const char *ask = WWW "realm=\"home\",nonce=\"n\",qop=\"auth\"\n";

		call(r, SIP_REGISTER, a);
		challenge(r, rig_expect(r, "REGISTER"), "401 Unauthorized", ask);
		answered(r, "Authorization", "nc=00000001");
		call(r, SIP_REGISTER, a);
		answered(r, "Authorization", "nc=00000002");
		call(r, SIP_OPTIONS, a);
		if (always)
			answered(r, "Authorization", "nc=00000003");
		else
			CHECK(!rig_has(rig_expect(r, "OPTIONS"), "uthorization"));
		sip_auth_unref(a);
		rig_drop(r);
	}
}

/* What was shown from memory may be too old: a new nonce is answered even without "stale", the same one is not. */
TEST(old_nonce_from_memory)
{
	for (int same = 0; same < 2; same++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&alice, NULL);

		call(r, SIP_REGISTER, a);
		challenge(
			r, rig_expect(r, "REGISTER"), "401 Unauthorized", WWW "realm=\"home\",nonce=\"n\"\n");
		rig_reply(r, rig_expect(r, "REGISTER"), "200 OK");
		call(r, SIP_REGISTER, a);
		challenge(r, rig_expect(r, "REGISTER"), "401 Unauthorized",
			same ? WWW "realm=\"home\",nonce=\"n\"\n" : WWW "realm=\"home\",nonce=\"m\"\n");
		if (same)
			rig_expect_nothing(r);
		else
			check_proof(r, rig_expect(r, "REGISTER"), "Authorization");
		sip_auth_unref(a);
		rig_drop(r);
	}
}

/* RFC 7616 3.5: the next nonce, unless the server's proof is wrong. */
TEST(authentication_info)
{
	static const struct {
		const char *proof, *next;
	} rows[] = {
		{NULL, "nonce=\"m\""},
		{"good", "nonce=\"m\""},
		{"bad", "nonce=\"n\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&alice, NULL);
		char line[300], proof[TLS_HASH_HEX];
		struct digest_fields f;
		const char *req;

		call(r, SIP_REGISTER, a);
		challenge(r, rig_expect(r, "REGISTER"), "401 Unauthorized",
			WWW "realm=\"home\",nonce=\"n\",qop=\"auth\"\n");
		req = rig_expect(r, "REGISTER");
		CHECK_OK(digest_parse(slice_of(rig_header(r, req, "Authorization")), &f));
		CHECK_OK(digest_compute(&(struct digest){.qop = DIGEST_QOP_AUTH,
						.user = alice.user,
						.realm = alice.realm,
						.password = alice.password,
						.nonce = f.f[DIGEST_NONCE],
						.cnonce = f.f[DIGEST_CNONCE],
						.nc = f.f[DIGEST_NC],
						.uri = f.f[DIGEST_URI]},
			proof));
		if (rows[i].proof && !strcmp(rows[i].proof, "bad"))
			proof[0] = 'x';
		snprintf(line, sizeof(line),
			rows[i].proof
				? "Authentication-Info: nextnonce=\"m\",qop=auth,nc=00000001,cnonce=\"%.*s\","
				  "rspauth=\"%s\"\n"
				: "Authentication-Info: nextnonce=\"m\"\n",
			SLICE_ARG(f.f[DIGEST_CNONCE]), proof);
		rig_send(r, rig_response(r, req, "200 OK", "srv", line));
		call(r, SIP_REGISTER, a);
		CHECK(rig_has(rig_expect(r, "REGISTER"), rows[i].next));
		sip_auth_unref(a);
		rig_drop(r);
	}
}

/* Whom the program wants to see proven has to say so with every answer, proxies too; a call is not ended for it. */
TEST(a_server_that_has_to_prove_itself)
{
	static const struct {
		const char *asks, *shows, *answer; /* answer: the header with the proof; NULL: none */
		bool right, taken;
	} rows[] = {
		{"401 Unauthorized", "Authorization", "Authentication-Info", true, true},
		{"401 Unauthorized", "Authorization", "Authentication-Info", false, false},
		{"401 Unauthorized", "Authorization", "Proxy-Authentication-Info", true, false},
		{"401 Unauthorized", "Authorization", NULL, false, false},
		{"407 Proxy Authentication Required", "Proxy-Authorization", "Proxy-Authentication-Info",
			true, true},
		{"407 Proxy Authentication Required", "Proxy-Authorization", NULL, false, false},
		{NULL, NULL, NULL, false, true}, /* nothing was shown */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(&alice, &(struct sip_auth_cfg){.wants_proof = true});
		bool proxy = rows[i].asks && rows[i].asks[2] == '7';
		char line[300] = "", proof[TLS_HASH_HEX];
		struct digest_fields f;
		const char *req;

		call(r, SIP_REGISTER, a);
		req = rig_expect(r, "REGISTER");
		if (rows[i].asks) {
			challenge(r, req, rows[i].asks,
				proxy ? "Proxy-Authenticate: Digest realm=\"home\",nonce=\"n\",qop=\"auth\"\n"
				      : WWW "realm=\"home\",nonce=\"n\",qop=\"auth\"\n");
			req = rig_expect(r, "REGISTER");
			CHECK_OK(digest_parse(slice_of(rig_header(r, req, rows[i].shows)), &f));
			CHECK_OK(digest_compute(&(struct digest){.qop = DIGEST_QOP_AUTH,
							.user = alice.user,
							.realm = alice.realm,
							.password = alice.password,
							.nonce = f.f[DIGEST_NONCE],
							.cnonce = f.f[DIGEST_CNONCE],
							.nc = f.f[DIGEST_NC],
							.uri = f.f[DIGEST_URI]},
				proof));
			if (!rows[i].right)
				proof[0] = 'x';
			if (rows[i].answer)
				snprintf(line, sizeof(line),
					"%s: qop=auth,nc=00000001,cnonce=\"%.*s\",rspauth=\"%s\"\n",
					rows[i].answer, SLICE_ARG(f.f[DIGEST_CNONCE]), proof);
		}
		rig_send(r, rig_response(r, req, "200 OK", "srv", line));
		CHECK_EQ(r->user.n, rows[i].taken);
		rig_run_for(r, 64000);
		CHECK_EQ(r->user.done, 1);
		CHECK_EQ(r->user.err, rows[i].taken ? 0 : OH_EREFUSED);
		sip_auth_unref(a);
		rig_drop(r);
	}
}

/* ---- in dialogs: the digest leak ---- */

/* A peer that we are in a dialog with asks, out of the blue. */
TEST(peer_of_a_dialog_that_merely_asks)
{
	static const struct {
		enum sip_auth_where where;
		bool named, registered;
		enum sip_auth_policy policy;
		bool answered;
	} rows[] = {
		{SIP_AUTH_THEIR_DIALOG, true, true, SIP_AUTH_MET, false},
		{SIP_AUTH_THEIR_DIALOG, false, true, SIP_AUTH_MET, false},
		{SIP_AUTH_THEIR_DIALOG, true, false, SIP_AUTH_NAMED, true},
		{SIP_AUTH_THEIR_DIALOG, false, true, SIP_AUTH_NAMED, false},
		{SIP_AUTH_THEIR_DIALOG, false, false, SIP_AUTH_ANY, true},
		{SIP_AUTH_OUR_DIALOG, true, false, SIP_AUTH_MET, false},
		{SIP_AUTH_OUR_DIALOG, true, true, SIP_AUTH_MET, true},
		{SIP_AUTH_OUR_DIALOG, false, true, SIP_AUTH_MET, false},
		{SIP_AUTH_OUR_DIALOG, false, false, SIP_AUTH_ANY, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sip_auth_scope scope = {.where = rows[i].where};
		struct rig *r = rig_new();
		struct sip_auth *a = auth_of(
			rows[i].named ? &alice : &anywhere, &(struct sip_auth_cfg){.policy = rows[i].policy});
		const char *ask = WWW "realm=\"home\",nonce=\"n\"\n";

		if (rows[i].registered) {
			call(r, SIP_REGISTER, a);
			challenge(r, rig_expect(r, "REGISTER"), "401 Unauthorized", ask);
			rig_reply(r, rig_expect(r, "REGISTER"), "200 OK");
		}
		call_in(r, SIP_OPTIONS, a, &scope);
		challenge(r, rig_expect(r, "OPTIONS"), "401 Unauthorized", ask);
		if (rows[i].answered)
			check_proof(r, rig_expect(r, "OPTIONS"), "Authorization");
		else
			rig_expect_nothing(r);
		sip_auth_unref(a);
		rig_drop(r);
	}
}

/* RFC 3261 22.3: what the first request was asked for goes with all that follow in the dialog, and its ACK repeats the
 * INVITE's line (22.1). */
TEST(realm_of_the_first_request_stays_with_its_dialog)
{
	struct rig *r = rig_new();
	struct sip_auth *a = auth_of(&anywhere, NULL);
	struct sip_request ack = rig_out(SIP_ACK);
	struct sip_client *c = call(r, SIP_INVITE, a);
	struct sip_auth_scope scope;
	struct sip_ack *sent;
	const char *req, *line;

	challenge(r, rig_expect(r, "INVITE"), "407 Proxy Authentication Required",
		PROXY "realm=\"home\",nonce=\"n\",qop=\"auth\"\n");
	rig_expect(r, "ACK");
	req = rig_expect(r, "INVITE");
	rig_reply(r, req, "200 OK");
	line = rig_header(r, req, "Proxy-Authorization");
	ack.invite = c;
	CHECK_OK(sip_ack_send(r->stack, &ack, &sent));
	CHECK_STR(rig_header(r, rig_expect(r, "ACK"), "Proxy-Authorization"), line);
	sip_ack_free(sent);
	scope = sip_client_scope(c);
	CHECK(sip_client_auth(c) == a);
	call_in(r, SIP_BYE, a, &scope);
	answered(r, "Proxy-Authorization", "nc=00000002");
	sip_auth_unref(a);
	rig_close(r);
}

/* ---- memory ---- */

/* NULL: it got lost, for want of memory. */
static const char *next_if_any(struct rig *r)
{
	rig_run_for(r, 3000);
	return r->got ? rig_expect(r, "OPTIONS") : NULL;
}

static int without_memory(void *arg)
{
	struct rig *r = rig_new_with(&(struct sip_stack_cfg){0});
	struct sip_auth *a;
	struct sip_request req = rig_out(SIP_OPTIONS);
	struct sip_client_handler handler;
	struct sip_client *c;
	int err;

	(void)arg;
	if (!r)
		return OH_ENOMEM;
	handler = rig_client_handler(r);
	err = sip_auth_new(&(struct sip_auth_cfg){.credentials = &alice, .n_credentials = 1}, &a);
	if (err == 0) {
		req.auth = a;
		err = sip_client_send(r->stack, &req, &handler, &c);
		sip_auth_unref(a);
	}
	if (err == 0) {
		const char *first = next_if_any(r), *second = NULL;

		if (first)
			challenge(r, first, "401 Unauthorized", WWW "realm=\"home\",nonce=\"n\"\n");
		/* On its way again, or the challenge is what the user got, or it was not heard. */
		if (first && r->user.n == 0)
			second = next_if_any(r);
		if (second && rig_has(second, "Authorization"))
			check_proof(r, second, "Authorization");
		else
			err = OH_ENOMEM;
	}
	rig_drop(r);
	return err;
}

TEST(challenges_without_memory)
{
	check_every_allocation_fails(without_memory, NULL);
}

TESTS(RUN(challenged_request_goes_again), RUN(challenged_invite_acknowledges_and_goes_on),
	RUN(lost_challenge_and_lost_answer), RUN(challenged_invite_is_cancelled),
	RUN(cancelled_invite_answers_no_challenge), RUN(request_without_user_answers_its_challenge),
	RUN(where_it_ends), RUN(one_proxy_after_the_other), RUN(several_realms_in_one_response),
	RUN(preferred_algorithms), RUN(ready_hash), RUN(names_as_the_server_wants_them),
	RUN(nonce_is_used_again), RUN(old_nonce_from_memory), RUN(authentication_info),
	RUN(a_server_that_has_to_prove_itself), RUN(peer_of_a_dialog_that_merely_asks),
	RUN(realm_of_the_first_request_stays_with_its_dialog), RUN(challenges_without_memory))
