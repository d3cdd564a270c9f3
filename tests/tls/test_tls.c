/* TLS sessions face to face. The clock is the simulated host's: certificates are made around it. */
#include "certs.h"
#include "check.h"
#include "filter_pair.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "tls/impl.h"

#include <unistd.h>

#define DAY (24 * 3600)

/* Two contexts that trust the same issuer, and what is said between two of their sessions. */
struct rig {
	struct sim *sim;
	struct host *host;
	struct cert ca, server, client;
	struct tls_ctx *server_ctx, *client_ctx;
	struct filter_end s, c;
};

static int64_t now_s(const struct rig *r)
{
	return (int64_t)(host_wall(r->host) / NS_PER_S);
}

static void open_rig(struct rig *r)
{
	const struct cert_cfg ca = {.cn = "Test Authority", .ca = true};
	struct cert_cfg cert = {.cn = "x", .san = "DNS:sip.example", .issuer = &r->ca};

	*r = (struct rig){0};
	CHECK_OK(sim_new(1, &r->sim));
	CHECK_OK(sim_host_new(r->sim, "10.0.0.1", &r->host));
	cert_make(&ca, &r->ca);
	cert.from_s = now_s(r) - DAY;
	cert.until_s = now_s(r) + 2 * DAY;
	cert_make(&cert, &r->server);
	cert.san = "DNS:client.example";
	cert_make(&cert, &r->client);
}

static void close_rig(struct rig *r)
{
	filter_end_close(&r->s);
	filter_end_close(&r->c);
	tls_ctx_free(r->server_ctx);
	tls_ctx_free(r->client_ctx);
	cert_free(&r->server);
	cert_free(&r->client);
	cert_free(&r->ca);
	host_free(r->host);
	sim_free(r->sim);
}

static struct tls_cfg server_cfg(const struct rig *r)
{
	return (struct tls_cfg){.host = r->host,
		.cert_pem = slice_of(r->server.pem),
		.key_pem = slice_of(r->server.key_pem),
		.ca_pem = slice_of(r->ca.pem)};
}

static struct tls_cfg client_cfg(const struct rig *r)
{
	return (struct tls_cfg){.host = r->host, .ca_pem = slice_of(r->ca.pem)};
}

static void set_up(struct rig *r, const struct tls_cfg *server, const struct tls_cfg *client)
{
	r->server_ctx = tls_ctx_free(r->server_ctx);
	r->client_ctx = tls_ctx_free(r->client_ctx);
	CHECK_OK(tls_ctx_new(server, &r->server_ctx));
	CHECK_OK(tls_ctx_new(client, &r->client_ctx));
}

/* A new connection of the two; `piece` bytes arrive at a time. */
static void shake_hands(struct rig *r, const char *name, size_t piece)
{
	const struct filter_ask to = {.client = true, .name = slice_of(name)}, from = {.client = false};
	struct filter *s, *c;

	filter_end_close(&r->s);
	filter_end_close(&r->c);
	CHECK_OK(tls_filter_new(r->server_ctx, &from, &s));
	CHECK_OK(tls_filter_new(r->client_ctx, &to, &c));
	CHECK_OK(filter_end_start(&r->s, s));
	CHECK_OK(filter_end_start(&r->c, c));
	filter_talk(&r->c, &r->s, piece);
}

static void connect_rig(struct rig *r)
{
	const struct tls_cfg server = server_cfg(r), client = client_cfg(r);

	set_up(r, &server, &client);
	shake_hands(r, "sip.example", 0);
	CHECK_EQ(r->c.f->state, FILTER_OPEN);
	CHECK_EQ(r->s.f->state, FILTER_OPEN);
}

TEST(two_sides_that_trust_each_other_talk_and_say_goodbye)
{
	struct tls_info info;
	struct rig r;

	open_rig(&r);
	connect_rig(&r);
	tls_filter_info(r.c.f, &info);
	CHECK_STR(info.version, "TLSv1.3");
	CHECK(!info.resumed);
	CHECK_OK(filter_send(r.c.f, SLICE_LIT("hello")));
	CHECK(!memmem(r.c.down.p, r.c.down.n, "hello", 5));
	CHECK_OK(filter_send(r.s.f, SLICE_LIT("welcome")));
	filter_talk(&r.c, &r.s, 0);
	CHECK_STR(r.s.up.p, "hello");
	CHECK_STR(r.c.up.p, "welcome");
	filter_finish(r.c.f);
	filter_talk(&r.c, &r.s, 0);
	CHECK_EQ(r.s.f->state, FILTER_ENDED);
	CHECK_EQ(filter_send(r.s.f, SLICE_LIT("late")), OH_ESTATE);
	close_rig(&r);
}

TEST(it_does_not_matter_in_which_pieces_the_bytes_arrive)
{
	static const size_t pieces[] = {1, 2, 5, 7, 1000};
	struct tls_cfg server, client;
	struct rig r;

	open_rig(&r);
	server = server_cfg(&r);
	client = client_cfg(&r);
	set_up(&r, &server, &client);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		shake_hands(&r, "sip.example", pieces[i]);
		CHECK_OK(filter_send(r.c.f, SLICE_LIT("hello")));
		filter_talk(&r.c, &r.s, pieces[i]);
		CHECK_STR(r.s.up.p, "hello");
	}
	close_rig(&r);
}

TEST(a_message_larger_than_many_records_arrives_whole)
{
	const size_t n = 300000;
	char *text = malloc(n);
	struct rig r;

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(i * 7 + i / 1000);
	open_rig(&r);
	connect_rig(&r);
	CHECK_OK(filter_send(r.c.f, slice_make(text, n)));
	filter_talk(&r.c, &r.s, 1400);
	CHECK_EQ(r.s.up.n, n);
	CHECK_MEM(r.s.up.p, text, n);
	CHECK_OK(filter_send(r.c.f, SLICE_LIT("")));
	CHECK_EQ(r.c.down.n, 0);
	free(text);
	close_rig(&r);
}

/* Both sides say what was wrong: one in its own words, the other by the alert that it got. */
static void expect_failure(
	struct rig *r, const char *name, int c_err, const char *c_why, int s_err, const char *s_why)
{
	shake_hands(r, name, 0);
	if (c_why && strcmp(r->c.f->why, c_why))
		fail_msg("client: %s", r->c.f->why);
	if (s_why && strcmp(r->s.f->why, s_why))
		fail_msg("server: %s", r->s.f->why);
	CHECK_EQ(r->c.f->err, c_err);
	CHECK_EQ(r->s.f->err, s_err);
	CHECK_EQ(r->c.f->state, FILTER_FAILED);
	CHECK_EQ(r->s.f->state, FILTER_FAILED);
}

TEST(a_certificate_for_another_name_is_refused_with_both_names)
{
	struct tls_cfg server, client;
	struct rig r;

	open_rig(&r);
	server = server_cfg(&r);
	client = client_cfg(&r);
	set_up(&r, &server, &client);
	expect_failure(&r, "other.example", OH_ECERT,
		"the server's certificate is not for 'other.example' but for sip.example", OH_ETLS,
		"the peer refuses: bad certificate (TLS alert 42)");
	expect_failure(&r, "10.0.0.2", OH_ECERT,
		"the server's certificate is not for '10.0.0.2' but for sip.example", OH_ETLS,
		"the peer refuses: bad certificate (TLS alert 42)");
	expect_failure(&r, NULL, OH_ECERT, "no host is known that the server's certificate should name",
		OH_ETLS, NULL);
	/* The program knows better. */
	client.name = "sip.example";
	set_up(&r, &server, &client);
	shake_hands(&r, "other.example", 0);
	CHECK_EQ(r.c.f->state, FILTER_OPEN);
	close_rig(&r);
}

TEST(a_certificate_is_good_from_its_first_day_to_its_last)
{
	struct tls_cfg server, client;
	struct rig r;

	open_rig(&r);
	server = server_cfg(&r);
	client = client_cfg(&r);
	set_up(&r, &server, &client);
	sim_wall_jump(r.sim, -2 * DAY * (int64_t)NS_PER_S);
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.c.f->err, OH_ECERT);
	CHECK(strstr(r.c.f->why, "the server's certificate is not valid before 20") == r.c.f->why);
	CHECK_STR(r.s.f->why, "the peer refuses: bad certificate (TLS alert 42)");
	sim_wall_jump(r.sim, 2 * DAY * (int64_t)NS_PER_S);
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.c.f->state, FILTER_OPEN);
	sim_wall_jump(r.sim, 3 * DAY * (int64_t)NS_PER_S);
	r.client_ctx = tls_ctx_free((filter_end_close(&r.c), r.client_ctx));
	CHECK_OK(tls_ctx_new(&client, &r.client_ctx));
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.c.f->err, OH_ECERT);
	CHECK(strstr(r.c.f->why, "the server's certificate expired on 20") == r.c.f->why);
	CHECK(strstr(r.c.f->why, " UTC") != NULL);
	CHECK_STR(r.s.f->why, "the peer refuses: certificate expired (TLS alert 45)");
	close_rig(&r);
}

TEST(an_unknown_issuer_is_named)
{
	const struct cert_cfg own = {.cn = "my own", .san = "DNS:sip.example"};
	const struct cert_cfg other_ca = {.cn = "Somebody Else", .ca = true};
	struct cert_cfg by_other = {.san = "DNS:sip.example"};
	struct tls_cfg server, client;
	struct cert self, other;
	struct rig r;

	open_rig(&r);
	cert_make(&own, &self);
	cert_make(&other_ca, &other);
	by_other.issuer = &other;
	cert_free(&r.server);
	cert_make(&by_other, &r.server);
	server = server_cfg(&r);
	client = client_cfg(&r);
	set_up(&r, &server, &client);
	expect_failure(&r, "sip.example", OH_ECERT,
		"unknown CA: the server's certificate was issued by 'CN = Somebody Else', whom we do not "
		"trust",
		OH_ETLS, "the peer refuses: unknown CA (TLS alert 48)");
	server.cert_pem = slice_of(self.pem);
	server.key_pem = slice_of(self.key_pem);
	set_up(&r, &server, &client);
	expect_failure(&r, "sip.example", OH_ECERT,
		"unknown CA: the server's certificate was issued by 'CN = my own', whom we do not trust",
		OH_ETLS, "the peer refuses: unknown CA (TLS alert 48)");
	/* Who trusts anyone takes it, of whatever name. */
	client.trust_anyone = true;
	set_up(&r, &server, &client);
	shake_hands(&r, "other.example", 0);
	CHECK_EQ(r.c.f->state, FILTER_OPEN);
	/* A certificate that is its own issuer can be trusted by itself. */
	client.trust_anyone = false;
	client.ca_pem = slice_of(self.pem);
	set_up(&r, &server, &client);
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.c.f->state, FILTER_OPEN);
	cert_free(&self);
	cert_free(&other);
	close_rig(&r);
}

/* An intermediate issuer travels with the certificate. */
TEST(the_chain_is_shown_and_followed)
{
	const struct cert_cfg middle_cfg = {.cn = "Middle", .ca = true};
	struct cert_cfg cfg = middle_cfg;
	struct tls_cfg server, client;
	struct cert middle;
	char chain[64];
	struct rig r;

	open_rig(&r);
	cfg.issuer = &r.ca;
	cert_make(&cfg, &middle);
	cert_free(&r.server);
	cfg = (struct cert_cfg){.san = "URI:sip:sip.example", .issuer = &middle};
	cert_make(&cfg, &r.server);
	cert_write(r.server.pem, middle.pem, chain);
	server = server_cfg(&r);
	client = client_cfg(&r);
	set_up(&r, &server, &client);
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.c.f->err, OH_ECERT);
	server.cert_pem = SLICE_NONE;
	server.cert_file = chain;
	set_up(&r, &server, &client);
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.c.f->state, FILTER_OPEN);
	unlink(chain);
	cert_free(&middle);
	close_rig(&r);
}

TEST(a_server_that_asks_gets_a_certificate_or_refuses)
{
	const struct cert_cfg stranger_cfg = {.cn = "stranger"};
	struct tls_cfg server, client;
	struct cert stranger;
	struct rig r;

	open_rig(&r);
	cert_make(&stranger_cfg, &stranger);
	server = server_cfg(&r);
	client = client_cfg(&r);
	server.require_client_cert = true;
	set_up(&r, &server, &client);
	/* In TLS 1.3 the client was through before it heard of it. */
	expect_failure(&r, "sip.example", OH_ETLS, "the peer refuses: certificate required (TLS alert 116)",
		OH_ECERT, "the client showed no certificate");
	client.cert_pem = slice_of(stranger.pem);
	client.key_pem = slice_of(stranger.key_pem);
	set_up(&r, &server, &client);
	expect_failure(&r, "sip.example", OH_ETLS, "the peer refuses: unknown CA (TLS alert 48)", OH_ECERT,
		"unknown CA: the client's certificate was issued by 'CN = stranger', whom we do not trust");
	client.cert_pem = slice_of(r.client.pem);
	client.key_pem = slice_of(r.client.key_pem);
	set_up(&r, &server, &client);
	shake_hands(&r, "sip.example", 0);
	CHECK_EQ(r.s.f->state, FILTER_OPEN);
	CHECK_OK(filter_send(r.c.f, SLICE_LIT("hello")));
	filter_talk(&r.c, &r.s, 0);
	CHECK_STR(r.s.up.p, "hello");
	cert_free(&stranger);
	close_rig(&r);
}

TEST(versions_and_ciphers_that_do_not_meet_are_named)
{
	struct tls_cfg server, client;
	struct rig r;

	open_rig(&r);
	server = server_cfg(&r);
	client = client_cfg(&r);
	server.min_version = TLS_VERSION_1_3;
	set_up(&r, &server, &client);
	SSL_CTX_set_max_proto_version(r.client_ctx->ssl, TLS1_2_VERSION);
	expect_failure(&r, "sip.example", OH_ETLS, "the peer refuses: protocol version (TLS alert 70)",
		OH_ETLS, "no TLS version in common");
	/* Old versions are not even offered. */
	server.min_version = TLS_VERSION_DEFAULT;
	set_up(&r, &server, &client);
	CHECK_EQ(SSL_CTX_get_min_proto_version(r.client_ctx->ssl), TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(r.server_ctx->ssl, TLS1_2_VERSION);
	server.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
	client.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
	set_up(&r, &server, &client);
	SSL_CTX_set_max_proto_version(r.server_ctx->ssl, TLS1_2_VERSION);
	expect_failure(&r, "sip.example", OH_ETLS, "the peer refuses: handshake failure (TLS alert 40)",
		OH_ETLS, "no cipher in common");
	close_rig(&r);
}

TEST(who_does_not_speak_tls_is_told_apart)
{
	static const char *const rows[] = {
		"OPTIONS sip:a SIP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n\r\n\r\n"};
	struct rig r;

	open_rig(&r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		connect_rig(&r);
		filter_end_close(&r.s);
		CHECK_OK(tls_filter_new(r.server_ctx, &(struct filter_ask){.client = false}, &r.s.f));
		CHECK_OK(filter_end_start(&r.s, r.s.f));
		CHECK_EQ(filter_receive(r.s.f, slice_of(rows[i])), OH_ETLS);
		CHECK_STR(r.s.f->why, "the peer does not speak TLS");
	}
	close_rig(&r);
}

TEST(a_record_that_was_touched_ends_the_session)
{
	struct rig r;

	open_rig(&r);
	connect_rig(&r);
	CHECK_OK(filter_send(r.c.f, SLICE_LIT("hello")));
	r.c.down.p[r.c.down.n - 1] ^= 1;
	filter_talk(&r.c, &r.s, 0);
	CHECK_EQ(r.s.f->err, OH_ETLS);
	CHECK_EQ(r.s.up.n, 0);
	CHECK_STR(r.c.f->why, "the peer refuses: bad record mac (TLS alert 20)");
	close_rig(&r);
}

static bool resumed(struct rig *r, const char *name)
{
	struct tls_info info;

	shake_hands(r, name, 0);
	CHECK_EQ(r->c.f->state, FILTER_OPEN);
	tls_filter_info(r->c.f, &info);
	return info.resumed;
}

TEST(the_second_connection_to_a_name_resumes_the_session_of_the_first)
{
	struct tls_cfg server, client;
	struct rig r;

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		open_rig(&r);
		server = server_cfg(&r);
		client = client_cfg(&r);
		server.require_client_cert = version == TLS1_3_VERSION;
		client.cert_pem = slice_of(r.client.pem);
		client.key_pem = slice_of(r.client.key_pem);
		set_up(&r, &server, &client);
		SSL_CTX_set_max_proto_version(r.server_ctx->ssl, version);
		CHECK(!resumed(&r, "sip.example"));
		CHECK(resumed(&r, "SIP.example"));
		CHECK(resumed(&r, "sip.example"));
		/* Another name shows the certificate again, and it is not for it. */
		shake_hands(&r, "other.example", 0);
		CHECK_EQ(r.c.f->err, OH_ECERT);
		CHECK(resumed(&r, "sip.example"));
		close_rig(&r);
	}
}

TEST(a_client_keeps_the_sessions_of_the_last_servers_only)
{
	struct tls_cfg server, client;
	char name[32];
	struct rig r;

	open_rig(&r);
	server = server_cfg(&r);
	client = client_cfg(&r);
	client.trust_anyone = true;
	set_up(&r, &server, &client);
	for (unsigned i = 0; i < TLS_SESSIONS_MAX + 1; i++) {
		snprintf(name, sizeof(name), "host%u.example", i);
		CHECK(!resumed(&r, name));
	}
	CHECK_EQ(r.client_ctx->n_sessions, TLS_SESSIONS_MAX);
	CHECK(!resumed(&r, "host0.example"));
	CHECK(resumed(&r, "host64.example"));
	close_rig(&r);
}

TEST(without_a_certificate_nobody_is_served)
{
	const struct filter_ask from = {.client = false};
	struct tls_cfg cfg;
	struct filter *f;
	struct rig r;

	open_rig(&r);
	cfg = client_cfg(&r);
	CHECK_OK(tls_ctx_new(&cfg, &r.client_ctx));
	CHECK(!tls_ctx_can_serve(r.client_ctx));
	CHECK_EQ(tls_filter_new(r.client_ctx, &from, &f), OH_EREFUSED);
	close_rig(&r);
}

TEST(the_secrets_are_logged_when_the_program_asked_for_it)
{
	struct tls_cfg server, client;
	char path[64], line[512];
	FILE *file;
	struct rig r;

	open_rig(&r);
	cert_write("", NULL, path);
	server = server_cfg(&r);
	client = client_cfg(&r);
	client.keylog_file = path;
	set_up(&r, &server, &client);
	shake_hands(&r, "sip.example", 0);
	file = fopen(path, "r");
	CHECK(file);
	CHECK(fgets(line, sizeof(line), file));
	CHECK(strstr(line, "_SECRET ") != NULL);
	fclose(file);
	client.keylog_file = "/nonexistent/keys";
	tls_ctx_free(r.client_ctx);
	filter_end_close(&r.c);
	r.client_ctx = NULL;
	CHECK_EQ(err_to_errno(tls_ctx_new(&client, &r.client_ctx)), 2);
	unlink(path);
	close_rig(&r);
}

TEST(what_cannot_be_loaded_is_named)
{
	struct tls_cfg cfg;
	struct tls_ctx *ctx;
	char cert[64], key[64], both[64];
	struct rig r;

	open_rig(&r);
	cert_write(r.server.pem, NULL, cert);
	cert_write(r.server.key_pem, NULL, key);
	cert_write(r.server.pem, r.server.key_pem, both);
	cfg = (struct tls_cfg){.host = r.host, .cert_file = cert, .key_file = key, .ca_folder = "/tmp"};
	CHECK_OK(tls_ctx_new(&cfg, &r.server_ctx));
	CHECK(tls_ctx_can_serve(r.server_ctx));
	r.server_ctx = tls_ctx_free(r.server_ctx);
	cfg = (struct tls_cfg){.host = r.host, .cert_file = both, .ca_file = cert};
	CHECK_OK(tls_ctx_new(&cfg, &ctx));
	tls_ctx_free(ctx);

	cfg = (struct tls_cfg){.host = r.host, .cert_file = "/nonexistent.pem"};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_ENOFILE);
	CHECK(strstr(err_detail_text(), "the certificate '/nonexistent.pem'"));
	cfg = (struct tls_cfg){.host = r.host, .cert_file = cert};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_ECERT);
	CHECK(strstr(err_detail_text(), "the private key in /tmp/"));
	cfg = (struct tls_cfg){.host = r.host, .cert_file = key, .key_file = key};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_ECERT);
	CHECK(strstr(err_detail_text(), "the certificate in /tmp/"));
	cfg = (struct tls_cfg){
		.host = r.host, .cert_pem = slice_of(r.server.pem), .key_pem = slice_of(r.client.key_pem)};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_ECERT);
	CHECK_STR(err_detail_text(), "the private key cannot be used: key values mismatch");
	cfg = (struct tls_cfg){.host = r.host, .key_file = key};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_EINVAL);
	cfg = (struct tls_cfg){.host = r.host, .ca_file = "/nonexistent.pem"};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_ENOFILE);
	cfg = (struct tls_cfg){.host = r.host, .ca_pem = SLICE_LIT("no certificate")};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_ECERT);
	cfg = (struct tls_cfg){.host = r.host, .ciphers = "NO-SUCH-CIPHER"};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_EINVAL);
	cfg = (struct tls_cfg){.host = r.host, .min_version = 7};
	CHECK_EQ(tls_ctx_new(&cfg, &ctx), OH_EINVAL);
	unlink(cert);
	unlink(key);
	unlink(both);
	close_rig(&r);
}

/* An allocation of ours; those of OpenSSL are its own affair. */
static int story(void *arg)
{
	struct rig *r = arg;
	const struct tls_cfg server = server_cfg(r);
	struct tls_cfg client = client_cfg(r);
	const struct filter_ask to = {.client = true, .name = SLICE_LIT("sip.example")},
				from = {.client = false};
	struct filter *s, *c;
	int err;

	client.name = "sip.example";
	r->server_ctx = r->client_ctx = NULL;
	err = tls_ctx_new(&server, &r->server_ctx);
	if (!err)
		err = tls_ctx_new(&client, &r->client_ctx);
	for (int i = 0; !err && i < 2; i++) {
		err = tls_filter_new(r->server_ctx, &from, &s);
		if (!err)
			filter_end_start(&r->s, s);
		err = err ? err : tls_filter_new(r->client_ctx, &to, &c);
		if (!err) {
			filter_end_start(&r->c, c);
			filter_talk(&r->c, &r->s, 0);
			CHECK_EQ(r->c.f->state, FILTER_OPEN);
		}
		filter_end_close(&r->s);
		filter_end_close(&r->c);
	}
	r->server_ctx = tls_ctx_free(r->server_ctx);
	r->client_ctx = tls_ctx_free(r->client_ctx);
	return err;
}

TEST(whatever_allocation_fails_nothing_is_left_behind)
{
	struct rig r;

	open_rig(&r);
	check_every_allocation_fails(story, &r);
	close_rig(&r);
}

TESTS(RUN(two_sides_that_trust_each_other_talk_and_say_goodbye),
	RUN(it_does_not_matter_in_which_pieces_the_bytes_arrive),
	RUN(a_message_larger_than_many_records_arrives_whole),
	RUN(a_certificate_for_another_name_is_refused_with_both_names),
	RUN(a_certificate_is_good_from_its_first_day_to_its_last), RUN(an_unknown_issuer_is_named),
	RUN(the_chain_is_shown_and_followed), RUN(a_server_that_asks_gets_a_certificate_or_refuses),
	RUN(versions_and_ciphers_that_do_not_meet_are_named), RUN(who_does_not_speak_tls_is_told_apart),
	RUN(a_record_that_was_touched_ends_the_session),
	RUN(the_second_connection_to_a_name_resumes_the_session_of_the_first),
	RUN(a_client_keeps_the_sessions_of_the_last_servers_only),
	RUN(without_a_certificate_nobody_is_served),
	RUN(the_secrets_are_logged_when_the_program_asked_for_it), RUN(what_cannot_be_loaded_is_named),
	RUN(whatever_allocation_fails_nothing_is_left_behind))
