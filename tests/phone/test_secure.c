/* Calls between two phones over TLS, WebSocket, and both. */
#include "rig.h"

#include "offhook/tls.h"
#include "tls/certs.h"

#include <unistd.h>

struct secure {
	struct rig *r;
	struct cert cert;
	char pem[64];
	offhook_id a, b; /* their transports */
};

static int add(struct secure *s, struct side *side, enum offhook_transport_type type, offhook_id *ret_id)
{
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;

	offhook_tls_cfg_init(&tls);
	tls.cert_file = tls.ca_file = s->pem;
	offhook_transport_cfg_init(&cfg);
	cfg.type = type;
	cfg.address = side->ip;
	cfg.port = 5061;
	cfg.tls = &tls;
	cfg.ws_path = "/sip";
	return offhook_transport_add(side->phone, &cfg, ret_id);
}

static void secure_open(struct secure *s, const char *san)
{
	const struct cert_cfg cert = {.cn = "b", .san = san};

	*s = (struct secure){.r = rig_new(OFFHOOK_DELIVER_INLINE)};
	cert_make(&cert, &s->cert);
	cert_write(s->cert.pem, s->cert.key_pem, s->pem);
}

static void secure_close(struct secure *s)
{
	unlink(s->pem);
	cert_free(&s->cert);
	rig_close(s->r);
}

static int call_uri(struct side *s, const char *uri)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	return offhook_call_make(s->phone, s->account, &cfg, &s->call);
}

TEST(a_call_over_every_kind_of_connection)
{
	static const struct {
		enum offhook_transport_type type;
		const char *uri;
	} rows[] = {
		{OFFHOOK_TLS, "sip:bob@192.0.2.2:5061;transport=tls"},
		{OFFHOOK_WS, "sip:bob@192.0.2.2:5061;transport=ws"},
		{OFFHOOK_WSS, "sips:bob@192.0.2.2:5061;transport=ws"},
	};
	struct offhook_transport_info info = {.size = sizeof(info)};
	struct secure s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		secure_open(&s, "IP:192.0.2.1,IP:192.0.2.2");
		CHECK_OK(add(&s, &s.r->a, rows[i].type, &s.a));
		CHECK_OK(add(&s, &s.r->b, rows[i].type, &s.b));
		CHECK_OK(offhook_transport_get_info(s.r->a.phone, s.a, &info));
		CHECK_EQ(info.type, rows[i].type);
		CHECK_OK(call_uri(&s.r->a, rows[i].uri));
		CHECK(rig_wait(&s.r->b, "INCOMING"));
		CHECK_OK(side_answer(&s.r->b, 200));
		CHECK(rig_wait(&s.r->a, "CONFIRMED"));
		CHECK(rig_wait(&s.r->b, "CONFIRMED"));
		CHECK_OK(side_hangup(&s.r->a, 0));
		CHECK(rig_wait(&s.r->b, "DISCONNECTED"));
		rig_run_ms(s.r, 1000000); /* until unused connections close */
		secure_close(&s);
	}
}

static void note_error(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_CALL_STATE)
		s->digits[0] = e->call->error == OH_ECERT ? 'c' : '?';
	if (e->type == OFFHOOK_EVENT_CALL_STATE)
		snprintf(s->message, sizeof(s->message), "%s", e->call->last_reason);
}

TEST(a_call_to_somebody_else_ends_and_says_so)
{
	struct secure s;

	secure_open(&s, "IP:192.0.2.1,DNS:bob.example");
	CHECK_OK(add(&s, &s.r->a, OFFHOOK_TLS, &s.a));
	CHECK_OK(add(&s, &s.r->b, OFFHOOK_TLS, &s.b));
	s.r->a.handler = note_error;
	CHECK_OK(call_uri(&s.r->a, "sip:bob@192.0.2.2:5061;transport=tls"));
	CHECK(rig_wait(&s.r->a, "DISCONNECTED"));
	CHECK_EQ(s.r->a.digits[0], 'c');
	CHECK_STR(s.r->a.message,
		"the server's certificate is not for '192.0.2.2' but for bob.example, 192.0.2.1");
	CHECK_STR(s.r->b.log, "");
	rig_run_ms(s.r, 1000000); /* until unused connections close */
	secure_close(&s);
}

TEST(settings_that_cannot_be_used_are_named)
{
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	struct secure s;
	offhook_id id;

	secure_open(&s, "IP:192.0.2.1");
	offhook_transport_cfg_init(&cfg);
	offhook_tls_cfg_init(&tls);
	cfg.type = OFFHOOK_TLS;
	cfg.tls = &tls;
	tls.cert_file = "/nonexistent.pem";
	CHECK_EQ(offhook_transport_add(s.r->a.phone, &cfg, &id), OH_ENOFILE);
	CHECK(strstr(offhook_error_detail(), "/nonexistent.pem"));
	tls.cert_file = NULL;
	tls.min_version = 9;
	CHECK_EQ(offhook_transport_add(s.r->a.phone, &cfg, &id), OH_EINVAL);
	cfg.type = OFFHOOK_WS;
	cfg.ws_path = "no slash";
	CHECK_EQ(offhook_transport_add(s.r->a.phone, &cfg, &id), OH_EINVAL);
	cfg.type = 9;
	CHECK_EQ(offhook_transport_add(s.r->a.phone, &cfg, &id), OH_ENOTSUP);
	/* The defaults do for a client. */
	cfg.type = OFFHOOK_TLS;
	cfg.tls = NULL;
	CHECK_OK(offhook_transport_add(s.r->a.phone, &cfg, &id));
	secure_close(&s);
}

TESTS(RUN(a_call_over_every_kind_of_connection), RUN(a_call_to_somebody_else_ends_and_says_so),
	RUN(settings_that_cannot_be_used_are_named))
