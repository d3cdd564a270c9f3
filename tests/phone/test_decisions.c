/* Decisions as events (OFFHOOK_EVENT_DECISION): what was chosen or refused, of which kind, about whom, and why. */
#include "peer.h"

#include "offhook/message.h"
#include "session/registrar.h"

#define NAME "bob.example.com"

struct told {
	unsigned kinds; /* a bit each */
	offhook_id about[16];
};
static struct told told;

static void note_decision(struct side *s, const struct offhook_event *e)
{
	(void)s;
	if (e->type != OFFHOOK_EVENT_DECISION || e->status >= ARRAY_LEN(told.about))
		return;
	told.kinds |= 1u << e->status;
	told.about[e->status] = e->id;
}

static void with_decisions(struct offhook_phone_cfg *cfg)
{
	cfg->decisions = 1;
}

static struct rig *open_rig(void)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, with_decisions);

	told = (struct told){0};
	r->a.handler = note_decision;
	r->b.handler = note_decision;
	return r;
}

static bool said(const struct side *s, enum offhook_decision kind, const char *words)
{
	if (told.kinds & 1u << kind && strstr(s->log, words))
		return true;
	printf("- expected %s in %s\n", words, s->log);
	return false;
}

static void call(struct side *s, const char *uri)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	CHECK_OK(offhook_call_make(s->phone, s->account, &cfg, &s->call));
}

TEST(the_first_target_and_the_next_one_are_told)
{
	struct rig *r = open_rig();
	struct host *nobody;

	CHECK_OK(sim_dns_addr(r->sim, NAME, "192.0.2.66"));
	CHECK_OK(sim_dns_addr(r->sim, NAME, RIG_B_IP));
	CHECK_OK(sim_host_new(r->sim, "192.0.2.66", &nobody));
	call(&r->a, "sip:bob@" NAME);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(said(&r->a, OFFHOOK_DECISION_TARGET, "[INVITE goes to UDP 192.0.2.66:5060]"));
	CHECK(said(&r->a, OFFHOOK_DECISION_FAILOVER,
		"[INVITE goes to UDP " RIG_B_IP ":5060 instead of 192.0.2.66:5060]"));
	CHECK_EQ(told.about[OFFHOOK_DECISION_TARGET], r->a.call);
	CHECK_EQ(told.about[OFFHOOK_DECISION_FAILOVER], r->a.call);
	CHECK(said(&r->a, OFFHOOK_DECISION_ASIDE, "[UDP 192.0.2.66:5060 is put aside for 30 s: "));
	CHECK_OK(side_hangup(&r->b, 486));
	CHECK(rig_wait(&r->a, "DISCONNECTED(486)"));
	host_free(nobody);
	rig_close(r);
}

TEST(an_offer_that_is_refused_is_told_with_its_reason)
{
	struct rig *r = open_rig();
	struct peer p;

	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 nothing/8000\r\n");
	CHECK(peer_got(&p, "488 "));
	CHECK(said(&r->b, OFFHOOK_DECISION_OFFER, "[an offer is refused: "));
	peer_close(&p);
	rig_close(r);
}

static offhook_id add_tcp(struct side *s)
{
	struct offhook_transport_cfg cfg;
	offhook_id id;

	offhook_transport_cfg_init(&cfg);
	cfg.type = OFFHOOK_TCP;
	cfg.address = s->ip;
	cfg.port = 5060;
	CHECK_OK(offhook_transport_add(s->phone, &cfg, &id));
	return id;
}

/* RFC 3261 18.1.1; and which connection it was, and that it went. */
TEST(a_request_that_outgrows_udp_and_the_end_of_its_connection_are_told)
{
	struct rig *r = open_rig();
	struct offhook_message m = {.size = sizeof(m), .uri = "sip:bob@" RIG_B_IP};
	static char body[1250];
	offhook_id theirs;

	memset(body, 'x', sizeof(body));
	m.body = body;
	m.body_length = sizeof(body);
	add_tcp(&r->a);
	theirs = add_tcp(&r->b);
	CHECK_OK(offhook_message_send(r->a.phone, r->a.account, &m, NULL));
	rig_run_ms(r, 100);
	CHECK(said(&r->a, OFFHOOK_DECISION_SIZE, "MESSAGE of "));
	CHECK(strstr(r->a.log, " bytes is too large for UDP and goes to TCP " RIG_B_IP ":5060]"));
	side_forget(&r->a);
	m.uri = "sip:bob@" RIG_B_IP ";transport=tcp";
	CHECK_OK(offhook_message_send(r->a.phone, r->a.account, &m, NULL));
	rig_run_ms(r, 100);
	CHECK(said(&r->a, OFFHOOK_DECISION_TARGET,
		"[MESSAGE goes to TCP " RIG_B_IP ":5060, by the connection that is there]"));
	CHECK_OK(offhook_transport_remove(r->b.phone, theirs));
	rig_run_ms(r, 100);
	CHECK(said(&r->a, OFFHOOK_DECISION_CONNECTION,
		"[the connection with TCP " RIG_B_IP ":5060 has ended: "));
	rig_close(r);
}

TEST(a_contact_that_follows_the_registrar_is_told)
{
	struct rig *r = open_rig();
	struct registrar *registrar = registrar_new(r->sim, &(struct registrar_cfg){0});
	struct offhook_registration_cfg registration;
	struct offhook_transport_cfg transport;
	struct offhook_account_cfg cfg;
	offhook_id id, inner;

	/* A phone that publishes another port than the registrar sees. */
	offhook_transport_cfg_init(&transport);
	transport.address = RIG_A_IP;
	transport.port = 5090;
	CHECK_OK(offhook_transport_add(r->a.phone, &transport, &inner));
	offhook_registration_cfg_init(&registration);
	registration.registrar = "sip:" REGISTRAR_IP;
	registration.keepalive_s = 0;
	offhook_account_cfg_init(&cfg);
	cfg.uri = "sip:alice@example.com";
	cfg.transport = inner;
	cfg.registration = &registration;
	registrar->cfg.sees = "192.0.2.99";
	CHECK_OK(offhook_account_add(r->a.phone, &cfg, &id));
	rig_run_ms(r, 200);
	CHECK(said(&r->a, OFFHOOK_DECISION_TARGET, "[REGISTER goes to UDP " REGISTRAR_IP ":5060]"));
	CHECK(said(&r->a, OFFHOOK_DECISION_CONTACT,
		"[the Contact becomes 192.0.2.99:5090: there the registrar sees us]"));
	CHECK_EQ(told.about[OFFHOOK_DECISION_CONTACT], id);
	CHECK_OK(offhook_account_remove(r->a.phone, id));
	rig_run_ms(r, 40000);
	registrar_free(registrar);
	rig_close(r);
}

TESTS(RUN(the_first_target_and_the_next_one_are_told), RUN(an_offer_that_is_refused_is_told_with_its_reason),
	RUN(a_request_that_outgrows_udp_and_the_end_of_its_connection_are_told),
	RUN(a_contact_that_follows_the_registrar_is_told))
