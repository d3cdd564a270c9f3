/*
 * What goes over TLS or not at all: sips URIs with their Contacts and routes (RFC 3261 8.1.1.8, 12.1.1, 26.2, RFC 5630), phones
 * and accounts that want nothing else; and clients of WebSocket that nobody can connect to (RFC 7118 5).
 */
#include "rig.h"

#include "offhook/security.h"
#include "offhook/tls.h"
#include "offhook/trace.h"
#include "tls/certs.h"

#include <unistd.h>

#define BOB_SIPS "sips:bob@" RIG_B_IP ":5061"

struct story {
	struct rig *r;
	struct cert cert;
	char pem[64];
	char wire[65536]; /* what a sent and got, one message behind the other */
};

static void note_message(void *arg, const struct offhook_trace_message *m)
{
	struct story *s = arg;
	size_t n = strlen(s->wire);

	snprintf(s->wire + n, sizeof(s->wire) - n, "%s %s\n", m->sent ? ">" : "<", m->text);
}

static offhook_id add(struct story *s, struct side *side, enum offhook_transport_type type, bool connect_only)
{
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	offhook_id id;

	offhook_tls_cfg_init(&tls);
	tls.cert_file = tls.ca_file = s->pem;
	offhook_transport_cfg_init(&cfg);
	cfg.type = type;
	cfg.address = side->ip;
	cfg.port = type >= OFFHOOK_WS ? 5080 : 5061;
	cfg.tls = &tls;
	cfg.connect_only = connect_only;
	CHECK_OK(offhook_transport_add(side->phone, &cfg, &id));
	return id;
}

static void trace(struct story *s)
{
	struct offhook_trace_cfg cfg;
	offhook_id id;

	offhook_trace_cfg_init(&cfg);
	cfg.on_message = note_message;
	cfg.arg = s;
	CHECK_OK(offhook_trace_start(s->r->a.phone, &cfg, &id));
}

static void story_open(struct story *s)
{
	const struct cert_cfg cert = {.cn = "b", .san = "IP:" RIG_A_IP ",IP:" RIG_B_IP};

	*s = (struct story){.r = rig_new(OFFHOOK_DELIVER_INLINE)};
	cert_make(&cert, &s->cert);
	cert_write(s->cert.pem, s->cert.key_pem, s->pem);
	trace(s);
}

static void story_close(struct story *s)
{
	rig_run_ms(s->r, 1000000); /* until unused connections close */
	unlink(s->pem);
	cert_free(&s->cert);
	rig_close(s->r);
}

static int call(struct side *s, const char *uri)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	return offhook_call_make(s->phone, s->account, &cfg, &s->call);
}

static void talk(struct story *s, const char *uri)
{
	CHECK_OK(call(&s->r->a, uri));
	CHECK(rig_wait(&s->r->b, "INCOMING"));
	CHECK_OK(side_answer(&s->r->b, 200));
	CHECK(rig_wait(&s->r->a, "CONFIRMED"));
	CHECK(rig_wait(&s->r->b, "CONFIRMED"));
}

static bool on_wire(const struct story *s, const char *words)
{
	if (strstr(s->wire, words))
		return true;
	printf("- expected %s in\n%s\n", words, s->wire);
	return false;
}

TEST(rfc3261_12_1_1_both_contacts_of_a_sips_call_are_sips)
{
	struct story s;

	story_open(&s);
	add(&s, &s.r->a, OFFHOOK_TLS, false);
	add(&s, &s.r->b, OFFHOOK_TLS, false);
	talk(&s, BOB_SIPS);
	CHECK(on_wire(&s, "> INVITE " BOB_SIPS " SIP/2.0\r\nVia: SIP/2.0/TLS "));
	CHECK(on_wire(&s, "\r\nContact: <sips:alice@" RIG_A_IP ":5061>\r\n"));
	CHECK(on_wire(&s, "\r\nContact: <sips:bob@" RIG_B_IP ":5061>\r\n"));
	CHECK(!strstr(s.wire, "transport=tls"));
	CHECK_OK(side_hangup(&s.r->a, 0));
	CHECK(rig_wait(&s.r->b, "DISCONNECTED"));
	CHECK(on_wire(&s, "> BYE sips:bob@" RIG_B_IP ":5061 SIP/2.0\r\nVia: SIP/2.0/TLS "));
	CHECK(!strstr(s.wire, "SIP/2.0/UDP"));
	story_close(&s);
}

static void set_account(struct side *s, struct offhook_account_cfg cfg)
{
	char uri[64];

	snprintf(uri, sizeof(uri), "sip:%s@%s", s->name, s->ip);
	cfg.uri = uri;
	CHECK_OK(offhook_account_modify(s->phone, s->account, &cfg));
}

/* RFC 5630 5.1.1; and the program's own Contact is no way around it. */
TEST(rfc5630_routes_and_contacts_of_a_sips_request_become_sips)
{
	static const char *const proxies[] = {
		"sip:" RIG_B_IP ":5061;lr", "\"P\" <sip:192.0.2.50;lr>;x=1", "sips:192.0.2.51;lr"};
	struct offhook_account_cfg cfg;
	struct story s;

	story_open(&s);
	offhook_account_cfg_init(&cfg);
	cfg.proxies = proxies;
	cfg.n_proxies = 3;
	cfg.contact = "sip:alice@" RIG_A_IP ":5061;transport=tls;x=y";
	add(&s, &s.r->a, OFFHOOK_TLS, false);
	add(&s, &s.r->b, OFFHOOK_TLS, false);
	set_account(&s.r->a, cfg);
	CHECK_OK(call(&s.r->a, "sips:bob@far.example.com"));
	CHECK(rig_wait(&s.r->b, "INCOMING"));
	CHECK(on_wire(&s,
		"\r\nRoute: <sips:" RIG_B_IP ":5061;lr>\r\nRoute: \"P\" <sips:192.0.2.50;lr>;x=1\r\n"
		"Route: <sips:192.0.2.51;lr>\r\n"));
	CHECK(on_wire(&s, "\r\nContact: <sips:alice@" RIG_A_IP ":5061;x=y>\r\n"));
	CHECK_OK(side_hangup(&s.r->b, 486));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED(486)"));
	story_close(&s);
}

TEST(a_sips_uri_without_tls_is_an_error)
{
	struct story s;

	story_open(&s);
	CHECK_EQ(call(&s.r->a, BOB_SIPS), OH_ETRANSPORT);
	CHECK(strstr(offhook_error_detail(), "no TLS transport for '" BOB_SIPS "'"));
	story_close(&s);
}

/* ---- nothing but TLS ---- */

TEST(an_account_with_secure_only_goes_over_tls_or_not_at_all)
{
	struct offhook_account_cfg cfg;
	struct story s;

	story_open(&s);
	offhook_account_cfg_init(&cfg);
	cfg.secure_only = 1;
	set_account(&s.r->a, cfg);
	CHECK_EQ(call(&s.r->a, "sip:bob@" RIG_B_IP), OH_ETRANSPORT);
	add(&s, &s.r->a, OFFHOOK_TLS, false);
	add(&s, &s.r->b, OFFHOOK_TLS, false);
	CHECK_EQ(call(&s.r->a, "sip:bob@" RIG_B_IP ";transport=udp"), OH_EINSECURE);
	CHECK_EQ(call(&s.r->a, "sip:bob@" RIG_B_IP ";transport=tcp"), OH_EINSECURE);
	CHECK(strstr(offhook_error_detail(), "is not reached by TLS"));
	CHECK_STR(s.wire, "");
	/* The URI leaves it open, and the peer's Contact does not lead elsewhere. */
	talk(&s, "sip:bob@" RIG_B_IP ":5061");
	CHECK_OK(side_hangup(&s.r->a, 0));
	CHECK(rig_wait(&s.r->b, "DISCONNECTED"));
	CHECK(!strstr(s.wire, "SIP/2.0/UDP"));
	story_close(&s);
}

/* A 3xx that leads to where there is no TLS leads nowhere; what leaves the way open is gone to by TLS. */
TEST(with_secure_only_a_redirection_into_the_clear_is_not_followed)
{
	static const struct {
		const char *contact, *end;
	} rows[] = {
		{"<sip:other@" RIG_B_IP ";transport=udp>, <sip:other@" RIG_B_IP ":5060;transport=tcp>",
			"DISCONNECTED(302)"},
		{"<sip:other@" RIG_B_IP ";transport=udp>;q=1, <sip:other@" RIG_B_IP ":5061>;q=0.5", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct offhook_header to = {"Contact", rows[i].contact};
		struct offhook_session_cfg session;
		struct offhook_account_cfg cfg;
		struct offhook_answer away;
		struct story s;

		story_open(&s);
		offhook_account_cfg_init(&cfg);
		cfg.secure_only = 1;
		set_account(&s.r->a, cfg);
		offhook_session_cfg_init(&session);
		session.redirect = OFFHOOK_REDIRECT_FOLLOW;
		CHECK_OK(offhook_account_set_session(s.r->a.phone, s.r->a.account, &session));
		add(&s, &s.r->a, OFFHOOK_TLS, false);
		add(&s, &s.r->b, OFFHOOK_TLS, false);
		CHECK_OK(call(&s.r->a, "sip:bob@" RIG_B_IP ":5061"));
		CHECK(rig_wait(&s.r->b, "INCOMING"));
		offhook_answer_init(&away);
		away.code = 302;
		away.headers = &to;
		away.n_headers = 1;
		CHECK_OK(offhook_call_answer(s.r->b.phone, s.r->b.call, &away));
		side_forget(&s.r->b);
		if (rows[i].end) {
			CHECK(rig_wait(&s.r->a, rows[i].end));
			CHECK_STR(s.r->b.log, "");
		} else {
			CHECK(rig_wait(&s.r->b, "INCOMING"));
			CHECK_OK(side_answer(&s.r->b, 200));
			CHECK(rig_wait(&s.r->a, "CONFIRMED"));
			CHECK_OK(side_hangup(&s.r->a, 0));
			CHECK(rig_wait(&s.r->b, "DISCONNECTED(200)"));
		}
		CHECK(!strstr(s.wire, "SIP/2.0/UDP") && !strstr(s.wire, "SIP/2.0/TCP"));
		story_close(&s);
	}
}

/* A proxy that wants to stay in the way (RFC 3261 12.1.2), and is not reached by TLS: nothing goes there, and the call does not last. */
TEST(with_secure_only_a_route_in_the_clear_is_not_taken)
{
	static const struct offhook_header route = {"Record-Route", "<sip:" RIG_B_IP ";transport=udp;lr>"};
	struct offhook_account_cfg cfg;
	struct offhook_answer answer;
	struct story s;

	story_open(&s);
	offhook_account_cfg_init(&cfg);
	cfg.secure_only = 1;
	set_account(&s.r->a, cfg);
	add(&s, &s.r->a, OFFHOOK_TLS, false);
	add(&s, &s.r->b, OFFHOOK_TLS, false);
	CHECK_OK(call(&s.r->a, "sip:bob@" RIG_B_IP ":5061"));
	CHECK(rig_wait(&s.r->b, "INCOMING"));
	offhook_answer_init(&answer);
	answer.headers = &route;
	answer.n_headers = 1;
	CHECK_OK(offhook_call_answer(s.r->b.phone, s.r->b.call, &answer));
	CHECK(rig_wait(&s.r->b, "DISCONNECTED"));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED"));
	CHECK(!strstr(s.wire, "SIP/2.0/UDP") && !strstr(s.wire, "> ACK"));
	story_close(&s);
}

TEST(an_account_with_secure_only_is_not_called_in_clear)
{
	struct offhook_account_cfg cfg;
	struct story s;

	story_open(&s);
	offhook_account_cfg_init(&cfg);
	cfg.secure_only = 1;
	set_account(&s.r->b, cfg);
	CHECK_OK(call(&s.r->a, "sip:bob@" RIG_B_IP));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED(480)"));
	CHECK_STR(s.r->b.log, "");
	add(&s, &s.r->a, OFFHOOK_TLS, false);
	add(&s, &s.r->b, OFFHOOK_TLS, false);
	talk(&s, "sip:bob@" RIG_B_IP ":5061;transport=tls");
	CHECK_OK(side_hangup(&s.r->b, 0));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED"));
	story_close(&s);
}

/* RFC 5630 5.1.2: what asks for a sips Contact, by a way that has none. */
TEST(a_sips_request_in_clear_is_refused)
{
	struct offhook_account_cfg cfg;
	struct story s;

	story_open(&s);
	offhook_account_cfg_init(&cfg);
	cfg.contact = "sips:alice@" RIG_A_IP;
	set_account(&s.r->a, cfg);
	CHECK_OK(call(&s.r->a, "sip:bob@" RIG_B_IP));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED(480)"));
	CHECK(on_wire(&s, "\"SIPS Not Allowed\""));
	story_close(&s);
}

TEST(a_phone_with_secure_only_opens_nothing_else)
{
	static const enum offhook_transport_type plain[] = {OFFHOOK_UDP, OFFHOOK_TCP, OFFHOOK_WS};
	struct offhook_security_row rows[32];
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg t;
	struct offhook_account_cfg a;
	struct offhook_phone *phone;
	struct host *h;
	struct sim *sim;
	offhook_id id;
	size_t n;

	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, RIG_A_IP, &h));
	offhook_phone_cfg_init(&cfg);
	cfg.secure_only = 1;
	CHECK_OK(phone_new_on(h, &cfg, &phone));
	offhook_transport_cfg_init(&t);
	t.address = RIG_A_IP;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		t.type = plain[i];
		CHECK_EQ(offhook_transport_add(phone, &t, &id), OH_EINSECURE);
	}
	t.type = OFFHOOK_TLS;
	CHECK_OK(offhook_transport_add(phone, &t, &id));
	/* Its accounts cannot want less. */
	offhook_account_cfg_init(&a);
	a.uri = "sip:alice@example.com";
	a.proxies = &(const char *){"sip:p;transport=tcp;lr"};
	a.n_proxies = 1;
	CHECK_EQ(offhook_account_add(phone, &a, &id), OH_EINSECURE);
	CHECK_OK(offhook_phone_security(phone, rows, ARRAY_LEN(rows), &n));
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].name, "secure_only"))
			CHECK(rows[i].ok && !strcmp(rows[i].value, "on"));
	offhook_phone_free(phone);
	host_free(h);
	sim_free(sim);
}

/* ---- one connection both ways (RFC 5923) ---- */

static void with_decisions(struct offhook_phone_cfg *cfg)
{
	cfg->decisions = 1;
}

static void add_mutual(struct side *side, const char *pem, const char *ca, bool asks)
{
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	offhook_id id;

	offhook_tls_cfg_init(&tls);
	tls.cert_file = pem;
	tls.ca_file = ca;
	tls.require_client_cert = asks;
	offhook_transport_cfg_init(&cfg);
	cfg.type = OFFHOOK_TLS;
	cfg.address = side->ip;
	cfg.port = 5061;
	cfg.tls = &tls;
	CHECK_OK(offhook_transport_add(side->phone, &cfg, &id));
}

/* a calls b, then b calls a: by the same connection only when a has proved to be who is called. */
TEST(rfc5923_a_connection_serves_both_ways_when_the_certificate_is_good_for_it)
{
	static const struct {
		const char *san; /* of the caller */
		bool asks;       /* the callee wants a certificate */
		const char *how;
	} rows[] = {
		{"IP:" RIG_A_IP, true, ", by the connection that is there]"},
		{"IP:" RIG_A_IP, false, ", by a new connection]"},
		{"IP:192.0.2.77", true, ", by a new connection]"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cert_cfg issuer = {.cn = "issuer", .ca = true};
		struct cert ca, cert[2];
		struct story s = {.r = rig_new_with(OFFHOOK_DELIVER_INLINE, with_decisions)};
		const struct cert_cfg of_a = {.cn = "a", .san = rows[i].san, .issuer = &ca};
		const struct cert_cfg of_b = {.cn = "b", .san = "IP:" RIG_B_IP, .issuer = &ca};
		char ca_pem[64], pem[2][64], words[128];

		cert_make(&issuer, &ca);
		cert_make(&of_a, &cert[0]);
		cert_make(&of_b, &cert[1]);
		cert_write(ca.pem, "", ca_pem);
		cert_write(cert[0].pem, cert[0].key_pem, pem[0]);
		cert_write(cert[1].pem, cert[1].key_pem, pem[1]);
		add_mutual(&s.r->a, pem[0], ca_pem, false);
		add_mutual(&s.r->b, pem[1], ca_pem, rows[i].asks);
		talk(&s, "sip:bob@" RIG_B_IP ":5061;transport=tls");
		CHECK(strstr(s.r->b.message, ";alias\r\n"));
		CHECK_OK(side_hangup(&s.r->a, 0));
		CHECK(rig_wait(&s.r->b, "DISCONNECTED"));
		CHECK_OK(call(&s.r->b, "sip:alice@" RIG_A_IP ":5061;transport=tls"));
		snprintf(words, sizeof(words), "[INVITE goes to TLS " RIG_A_IP ":5061%s", rows[i].how);
		CHECK(strstr(s.r->b.log, words));
		rig_run_ms(s.r, 1000);
		CHECK_EQ(strstr(s.r->a.log, "INCOMING") != NULL, i < 2);
		(void)side_hangup(&s.r->b, 0); /* the third has ended by itself */
		rig_run_ms(s.r, 1000000);
		unlink(ca_pem);
		for (int k = 0; k < 2; k++) {
			unlink(pem[k]);
			cert_free(&cert[k]);
		}
		cert_free(&ca);
		rig_close(s.r);
	}
}

/* ---- a client that nobody can connect to ---- */

TEST(rfc7118_5_a_client_of_websocket_tells_an_invalid_name_and_is_reached_all_the_same)
{
	struct story s;
	struct offhook_transport_info info = {.size = sizeof(info)};
	offhook_id id;
	const char *host;

	story_open(&s);
	id = add(&s, &s.r->a, OFFHOOK_WS, true);
	CHECK_OK(offhook_transport_get_info(s.r->a.phone, id, &info));
	CHECK_EQ(info.port, 0);
	add(&s, &s.r->b, OFFHOOK_WS, false);
	talk(&s, "sip:bob@" RIG_B_IP ":5080;transport=ws");
	host = strstr(s.wire, "\r\nVia: SIP/2.0/WS ");
	CHECK(host && strspn(host + 18, "abcdefghijklmnopqrstuvwxyz0123456789") == 12);
	CHECK(host && strncmp(host + 30, ".invalid;branch=", 16) == 0);
	CHECK(on_wire(&s, ".invalid;transport=ws>\r\n"));
	CHECK_OK(side_hangup(&s.r->b, 0));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED"));
	CHECK(on_wire(&s, "< BYE sip:alice@"));
	story_close(&s);
}

TEST(only_websocket_can_do_without_being_connected_to)
{
	struct offhook_transport_cfg cfg;
	struct story s;
	offhook_id id;

	story_open(&s);
	offhook_transport_cfg_init(&cfg);
	cfg.type = OFFHOOK_TCP;
	cfg.connect_only = 1;
	CHECK_EQ(offhook_transport_add(s.r->a.phone, &cfg, &id), OH_EINVAL);
	story_close(&s);
}

TESTS(RUN(rfc3261_12_1_1_both_contacts_of_a_sips_call_are_sips),
	RUN(rfc5630_routes_and_contacts_of_a_sips_request_become_sips),
	RUN(a_sips_uri_without_tls_is_an_error), RUN(an_account_with_secure_only_goes_over_tls_or_not_at_all),
	RUN(with_secure_only_a_redirection_into_the_clear_is_not_followed),
	RUN(with_secure_only_a_route_in_the_clear_is_not_taken),
	RUN(an_account_with_secure_only_is_not_called_in_clear), RUN(a_sips_request_in_clear_is_refused),
	RUN(a_phone_with_secure_only_opens_nothing_else),
	RUN(rfc5923_a_connection_serves_both_ways_when_the_certificate_is_good_for_it),
	RUN(rfc7118_5_a_client_of_websocket_tells_an_invalid_name_and_is_reached_all_the_same),
	RUN(only_websocket_can_do_without_being_connected_to))
