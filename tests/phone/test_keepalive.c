/* How the way to a registrar is kept open, and found broken: RFC 5626 4.4, 4.5. */
#include "rig.h"

#include "session/registrar.h"

#include <inttypes.h>

#define AOR      "sip:alice@example.com"
#define INSTANCE "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define TCP_IP   "192.0.2.30"

struct home {
	struct rig *r;
	struct registrar *registrar;
	struct offhook_registration_cfg reg;
	struct offhook_account_cfg account;
	offhook_id id;
};

static void home_open(struct home *h, const struct registrar_cfg *cfg)
{
	*h = (struct home){.r = rig_new(OFFHOOK_DELIVER_INLINE)};
	h->registrar = registrar_new(h->r->sim, cfg);
	offhook_registration_cfg_init(&h->reg);
	h->reg.registrar = "sip:" REGISTRAR_IP;
	h->reg.expires_s = 3600;
	offhook_account_cfg_init(&h->account);
	h->account.uri = AOR;
	h->account.registration = &h->reg;
}

static void outbound(struct home *h)
{
	h->reg.instance_id = INSTANCE;
	h->reg.reg_id = 1;
}

static void add(struct home *h)
{
	CHECK_OK(offhook_account_add(h->r->a.phone, &h->account, &h->id));
	rig_run_ms(h->r, 50);
}

static void home_close(struct home *h)
{
	CHECK_OK(offhook_account_remove(h->r->a.phone, h->id));
	rig_run_ms(h->r, 40000);
	registrar_free(h->registrar);
	rig_close(h->r);
}

TEST(who_answers_is_asked_as_often_as_the_flow_timer_says)
{
	static const struct {
		bool outbound;
		enum offhook_keepalive way;
		const char *headers;
		unsigned pings_least, pings_most; /* in ten minutes */
	} rows[] = {
		{true, OFFHOOK_KEEPALIVE_AUTO, "Require: outbound\r\n", 20, 27},
		{true, OFFHOOK_KEEPALIVE_AUTO, "Require: outbound\r\nFlow-Timer: 60\r\n", 9, 13},
		{false, OFFHOOK_KEEPALIVE_ANSWERED, "", 20, 27},
		{false, OFFHOOK_KEEPALIVE_AUTO, "", 0, 0},
		{true, OFFHOOK_KEEPALIVE_BLIND, "Require: outbound\r\n", 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct home h;
		unsigned before;

		home_open(&h, &(struct registrar_cfg){.headers = rows[i].headers, .stun = true});
		h.reg.keepalive = rows[i].way;
		if (rows[i].outbound)
			outbound(&h);
		add(&h);
		before = h.registrar->datagrams;
		rig_run_ms(h.r, 600 * 1000);
		CHECK(h.registrar->pings >= rows[i].pings_least && h.registrar->pings <= rows[i].pings_most);
		if (!rows[i].pings_most)
			CHECK(h.registrar->datagrams - before >= 40);
		CHECK_EQ(h.registrar->requests, 1);
		home_close(&h);
	}
}

TEST(without_an_answer_the_way_is_made_anew)
{
	struct home h;
	unsigned requests;

	home_open(&h, &(struct registrar_cfg){.headers = "Require: outbound\r\n", .stun = true});
	outbound(&h);
	add(&h);
	rig_run_ms(h.r, 60000);
	/* It was good: at once. */
	h.registrar->cfg.stun = false;
	CHECK(rig_wait(&h.r->a, "REGISTRATION(200) REGISTRATION(0,OH_ETIMEDOUT) REGISTRATION(200)"));
	requests = h.registrar->requests;
	CHECK_EQ(requests, 2);
	/* The new one never was: 40 s until it has failed, then half a minute at least. */
	rig_run_ms(h.r, 75000);
	CHECK_EQ(h.registrar->requests, requests);
	h.registrar->cfg.stun = true;
	rig_run_ms(h.r, 100000);
	CHECK_EQ(h.registrar->requests, requests + 1);
	rig_run_ms(h.r, 300000);
	CHECK_EQ(h.registrar->requests, requests + 1);
	home_close(&h);
}

/* 4.4.2: behind another binding of the NAT box nobody would find us. */
TEST(a_changed_mapping_is_a_failed_way)
{
	struct rig *r = mem_zalloc(sizeof(*r));
	struct home h = {.r = r};
	struct offhook_phone_cfg cfg;
	struct offhook_transport_cfg udp;
	struct sim_nat *nat;

	CHECK(r);
	CHECK_OK(sim_new(1, &r->sim));
	CHECK_OK(sim_nat_new(r->sim, SIM_NAT_PORT_RESTRICTED, "198.51.100.1", 0, &nat));
	CHECK_OK(sim_nat_host_new(nat, "10.0.0.2", &r->a.host));
	h.registrar = registrar_new(r->sim, &(struct registrar_cfg){.stun = true});
	offhook_phone_cfg_init(&cfg);
	CHECK_OK(phone_new_on(r->a.host, &cfg, &r->a.phone));
	offhook_transport_cfg_init(&udp);
	CHECK_OK(offhook_transport_add(r->a.phone, &udp, &r->a.transport));
	offhook_registration_cfg_init(&h.reg);
	h.reg.registrar = "sip:" REGISTRAR_IP;
	h.reg.expires_s = 3600;
	h.reg.keepalive = OFFHOOK_KEEPALIVE_ANSWERED;
	offhook_account_cfg_init(&h.account);
	h.account.uri = AOR;
	h.account.registration = &h.reg;
	CHECK_OK(offhook_account_add(r->a.phone, &h.account, &h.id));
	sim_run_for(r->sim, 60 * NS_PER_S);
	CHECK_EQ(h.registrar->requests, 2);
	sim_nat_reset(nat);
	sim_run_for(r->sim, 60 * NS_PER_S);
	CHECK(h.registrar->requests >= 3);
	CHECK(strstr(registrar_contacts(h.registrar, AOR), "198.51.100.1") &&
		!strchr(registrar_contacts(h.registrar, AOR), ' '));
	registrar_free(h.registrar);
	rig_drop(r);
}

/* ---- over a connection: a registrar that takes one and does as little as it can ---- */

struct tcp_home {
	struct host *host;
	struct host_listener *listener;
	struct host_stream *stream; /* the newest */
	bool answers;
	unsigned conns, pings, registers;
};

static const char *line_of(const char *msg, const char *name, char buf[512])
{
	const char *at = strstr(msg, name);

	CHECK(at);
	snprintf(buf, 512, "%.*s\r\n", (int)strcspn(at, "\r"), at);
	return buf;
}

static void on_received(void *arg, const void *data, size_t n)
{
	struct tcp_home *t = arg;
	char msg[4096], answer[4096], via[512], from[512], to[512], id[512], cseq[512], contact[512];

	snprintf(msg, sizeof(msg), "%.*s", (int)n, (const char *)data);
	if (strcmp(msg, "\r\n\r\n") == 0) {
		t->pings++;
		if (t->answers)
			CHECK_OK(host_stream_send(t->stream, "\r\n", 2));
		return;
	}
	t->registers++;
	snprintf(answer, sizeof(answer),
		"SIP/2.0 200 OK\r\n%s%s%s%s%s%sRequire: outbound\r\nContent-Length: 0\r\n\r\n",
		line_of(msg, "Via: ", via), line_of(msg, "From: ", from), line_of(msg, "To: ", to),
		line_of(msg, "Call-ID: ", id), line_of(msg, "CSeq: ", cseq),
		line_of(msg, "Contact: ", contact));
	CHECK_OK(host_stream_send(t->stream, answer, strlen(answer)));
}

static void on_end(void *arg)
{
	struct tcp_home *t = arg;

	t->stream = host_stream_close(t->stream);
}

static void on_failed(void *arg, int err)
{
	(void)err;
	on_end(arg);
}

static void on_accepted(void *arg, struct host_stream *s)
{
	struct tcp_home *t = arg;
	const struct host_stream_handler handler = {
		.received = on_received, .finished = on_end, .failed = on_failed, .arg = t};

	host_stream_close(t->stream);
	t->stream = s;
	t->conns++;
	host_stream_handle(s, &handler);
}

TEST(a_connection_without_pong_is_made_anew)
{
	struct tcp_home t = {.answers = true};
	const struct host_listener_handler handler = {on_accepted, &t};
	struct host_stream_cfg listen = {0};
	struct offhook_transport_cfg tcp;
	struct home h;
	offhook_id id;

	home_open(&h, &(struct registrar_cfg){0});
	sim_segments(h.r->sim, 0);
	CHECK_OK(sim_host_new(h.r->sim, TCP_IP, &t.host));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(TCP_IP), 5060, &listen.local));
	CHECK_OK(host_listener_open(t.host, &listen, &handler, &t.listener));
	offhook_transport_cfg_init(&tcp);
	tcp.type = OFFHOOK_TCP;
	CHECK_OK(offhook_transport_add(h.r->a.phone, &tcp, &id));
	outbound(&h);
	h.reg.registrar = "sip:" TCP_IP ";transport=tcp";
	add(&h);
	rig_run_ms(h.r, 600 * 1000);
	CHECK_EQ(t.conns, 1);
	CHECK_EQ(t.registers, 1);
	CHECK(t.pings >= 5 && t.pings <= 7);

	/* 4.4.1: ten seconds. */
	t.answers = false;
	rig_run_ms(h.r, 60000);
	CHECK(rig_wait(&h.r->a, "REGISTRATION(0,OH_ETIMEDOUT) "));
	t.answers = true;
	rig_run_ms(h.r, 1000);
	CHECK_EQ(t.conns, 2);
	CHECK_EQ(t.registers, 2);
	/* The server goes away, and comes back while we wait. */
	rig_run_ms(h.r, 200 * 1000);
	side_forget(&h.r->a);
	t.stream = host_stream_reset(t.stream);
	CHECK(rig_wait(&h.r->a, "REGISTRATION(0,OH_ECONN) REGISTRATION(200) "));
	CHECK_EQ(t.conns, 3);

	CHECK_OK(offhook_account_remove(h.r->a.phone, h.id));
	rig_run_ms(h.r, 40000);
	CHECK_OK(offhook_transport_remove(h.r->a.phone, id));
	host_stream_close(t.stream);
	host_listener_close(t.listener);
	host_free(t.host);
	registrar_free(h.registrar);
	rig_close(h.r);
}

TEST(settings_out_of_range_are_refused_by_name)
{
	char data[600];
	struct home h;

	memset(data, 'x', sizeof(data) - 1);
	data[sizeof(data) - 1] = '\0';
	home_open(&h, &(struct registrar_cfg){0});
	h.reg.keepalive = (enum offhook_keepalive)7;
	CHECK_EQ(offhook_account_add(h.r->a.phone, &h.account, &h.id), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "keepalive"));
	h.reg.keepalive = OFFHOOK_KEEPALIVE_AUTO;
	h.reg.keepalive_s = 100000;
	CHECK_EQ(offhook_account_add(h.r->a.phone, &h.account, &h.id), OH_EINVAL);
	h.reg.keepalive_s = 15;
	h.reg.keepalive_data = data;
	CHECK_EQ(offhook_account_add(h.r->a.phone, &h.account, &h.id), OH_EINVAL);
	CHECK(strstr(offhook_error_detail(), "keepalive_data"));
	registrar_free(h.registrar);
	rig_close(h.r);
}

TESTS(RUN(who_answers_is_asked_as_often_as_the_flow_timer_says), RUN(without_an_answer_the_way_is_made_anew),
	RUN(a_changed_mapping_is_a_failed_way), RUN(a_connection_without_pong_is_made_anew),
	RUN(settings_out_of_range_are_refused_by_name))
