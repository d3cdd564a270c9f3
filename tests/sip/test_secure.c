/* Two stacks that speak SIP over TLS, WebSocket, and WebSocket over TLS, on simulated hosts of both families. */
#include "check.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "sip/txn.h"
#include "sip/ws.h"
#include "tls/certs.h"
#include "tls/tls.h"

struct end {
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *transport;
	char via[64], contact[128]; /* of the last request that came, and what we published */
	unsigned requests;
	unsigned status;
	int done, err;
};

struct rig {
	struct sim *sim;
	struct cert cert;
	struct end a, b;
	const char *ca; /* whom they trust; NULL: cert */
	bool mutual;    /* the next transports ask for certificates */
};

static void request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	const struct sip_reply ok = {.status = 200};
	struct end *e = arg;
	const char *via = memmem(msg->raw.p, msg->raw.n, "Via: ", 5);

	e->requests++;
	if (via)
		snprintf(e->via, sizeof(e->via), "%.*s", (int)strcspn(via + 5, " "), via + 5);
	(void)sip_respond(server, &ok); /* memory may be out */
}

static void response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct end *e = arg;
	struct slice contact;

	e->status = msg->status;
	CHECK_OK(sip_flow_contact(flow, SLICE_LIT("a"), e->contact, sizeof(e->contact), &contact));
}

static void done(void *arg, int err)
{
	struct end *e = arg;

	e->done++;
	e->err = err;
}

static int maker_of(
	struct rig *r, const struct end *e, enum sip_transport_type type, struct filter_maker *ret_maker)
{
	const struct tls_cfg tls = {.host = e->host,
		.require_client_cert = r->mutual,
		.cert_pem = slice_of(r->cert.pem),
		.key_pem = slice_of(r->cert.key_pem),
		.ca_pem = slice_of(r->ca ? r->ca : r->cert.pem)};
	const struct ws_cfg ws = {.host = e->host};
	struct tls_ctx *ctx = NULL;
	int err = type == SIP_TRANSPORT_WS ? 0 : tls_ctx_new(&tls, &ctx);

	if (err)
		return err;
	if (type == SIP_TRANSPORT_TLS) {
		tls_ctx_maker(ctx, ret_maker);
		return 0;
	}
	err = ws_maker_new(&ws, ctx, ret_maker);
	if (err)
		tls_ctx_free(ctx);
	return err;
}

static int end_open(struct rig *r, struct end *e, const char *ip, enum sip_transport_type type)
{
	const struct sip_stack_cfg stack = {.host = e->host, .handler = {.request = request, .arg = e}};
	struct sip_transport_cfg cfg = {.type = type};
	int err = sip_stack_new(&stack, &e->stack);

	if (err)
		return err;
	CHECK_OK(netaddr_parse_ip(slice_of(ip), 5061, &cfg.local));
	err = maker_of(r, e, type, &cfg.maker);
	return err ? err : sip_transport_new(e->stack, &cfg, &e->transport);
}

static void end_close(struct end *e)
{
	e->transport = sip_transport_free(e->transport);
	e->stack = sip_stack_free(e->stack);
}

static void open_worlds(struct rig *r)
{
	const struct cert_cfg cert = {.cn = "b", .san = "DNS:b.example,IP:10.0.0.2,IP:2001:db8::2"};

	*r = (struct rig){0};
	CHECK_OK(sim_new(1, &r->sim));
	CHECK_OK(sim_host_new(r->sim, "10.0.0.1", &r->a.host));
	CHECK_OK(sim_host_new(r->sim, "10.0.0.2", &r->b.host));
	CHECK_OK(sim_host_add_ip(r->a.host, "2001:db8::1"));
	CHECK_OK(sim_host_add_ip(r->b.host, "2001:db8::2"));
	CHECK_OK(sim_dns_addr(r->sim, "b.example", "10.0.0.2"));
	CHECK_OK(sim_dns_addr(r->sim, "c.example", "10.0.0.2"));
	cert_make(&cert, &r->cert);
}

static void close_worlds(struct rig *r)
{
	host_free(r->a.host);
	host_free(r->b.host);
	sim_free(r->sim);
	cert_free(&r->cert);
}

static int ask(struct rig *r, const char *uri)
{
	static unsigned calls;
	char call_id[32];
	const struct sip_request req = {.method = SIP_OPTIONS,
		.target = slice_of(uri),
		.from = SLICE_LIT("<sip:a@a.example>;tag=1"),
		.to = SLICE_LIT("<sip:b@b.example>"),
		.call_id = slice_make(call_id, (size_t)snprintf(call_id, sizeof(call_id), "call%u", calls++)),
		.cseq = 1};
	const struct sip_client_handler handler = {.response = response, .done = done, .arg = &r->a};
	struct sip_client *client;
	int err;

	r->a.status = 0;
	r->a.done = r->a.err = 0;
	err = sip_client_send(r->a.stack, &req, &handler, &client);
	sim_run_for(r->sim, 40 * NS_PER_S);
	return err;
}

static size_t conns(const struct end *e)
{
	struct sip_counters n;

	sip_stack_counters(e->stack, &n);
	return n.conns;
}

TEST(a_request_and_its_answer_over_every_kind_of_connection)
{
	static const struct {
		enum sip_transport_type type;
		const char *ip_a, *ip_b, *uri, *via, *contact;
	} rows[] = {
		{SIP_TRANSPORT_TLS, "10.0.0.1", "10.0.0.2", "sip:b@b.example:5061;transport=tls",
			"SIP/2.0/TLS", "<sip:a@10.0.0.1:5061;transport=tls>"},
		{SIP_TRANSPORT_TLS, "10.0.0.1", "10.0.0.2", "sips:b@10.0.0.2:5061", "SIP/2.0/TLS",
			"<sip:a@10.0.0.1:5061;transport=tls>"},
		{SIP_TRANSPORT_TLS, "2001:db8::1", "2001:db8::2", "sip:b@[2001:db8::2]:5061;transport=tls",
			"SIP/2.0/TLS", "<sip:a@[2001:db8::1]:5061;transport=tls>"},
		{SIP_TRANSPORT_WS, "10.0.0.1", "10.0.0.2", "sip:b@10.0.0.2:5061;transport=ws", "SIP/2.0/WS",
			"<sip:a@10.0.0.1:5061;transport=ws>"},
		{SIP_TRANSPORT_WSS, "10.0.0.1", "10.0.0.2", "sips:b@b.example:5061;transport=ws",
			"SIP/2.0/WSS", "<sip:a@10.0.0.1:5061;transport=ws>"},
		{SIP_TRANSPORT_WS, "2001:db8::1", "2001:db8::2", "sip:b@[2001:db8::2]:5061;transport=ws",
			"SIP/2.0/WS", "<sip:a@[2001:db8::1]:5061;transport=ws>"},
	};
	struct rig r;

	open_worlds(&r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_OK(end_open(&r, &r.a, rows[i].ip_a, rows[i].type));
		CHECK_OK(end_open(&r, &r.b, rows[i].ip_b, rows[i].type));
		CHECK_OK(ask(&r, rows[i].uri));
		CHECK_EQ(r.a.err, 0);
		CHECK_EQ(r.a.status, 200);
		CHECK_STR(r.b.via, rows[i].via);
		CHECK_STR(r.a.contact, rows[i].contact);
		/* The next one goes over the same connection. */
		CHECK_OK(ask(&r, rows[i].uri));
		CHECK_EQ(r.a.status, 200);
		CHECK_EQ(conns(&r.a), 1);
		CHECK_EQ(conns(&r.b), 1);
		end_close(&r.a);
		end_close(&r.b);
	}
	close_worlds(&r);
}

/* RFC 5922 7.3: a connection that was proven for one name proves nothing for another at the same address. */
TEST(a_connection_serves_the_name_that_it_was_proven_for)
{
	struct rig r;

	open_worlds(&r);
	CHECK_OK(end_open(&r, &r.a, "10.0.0.1", SIP_TRANSPORT_TLS));
	CHECK_OK(end_open(&r, &r.b, "10.0.0.2", SIP_TRANSPORT_TLS));
	CHECK_OK(ask(&r, "sip:b@b.example:5061;transport=tls"));
	CHECK_EQ(r.a.status, 200);
	CHECK_OK(ask(&r, "sip:b@c.example:5061;transport=tls"));
	CHECK_EQ(r.a.status, 0);
	CHECK_EQ(r.a.err, OH_ECERT);
	CHECK_EQ(r.b.requests, 1);
	/* Its address, as it stands in a Contact, is served by the connection that leads there. */
	CHECK_OK(ask(&r, "sip:b@10.0.0.2:5061;transport=tls"));
	CHECK_EQ(r.a.status, 200);
	CHECK_EQ(conns(&r.a), 1);
	end_close(&r.a);
	end_close(&r.b);
	close_worlds(&r);
}

TEST(a_handshake_that_fails_ends_the_request_at_once_with_its_reason)
{
	struct rig r;

	open_worlds(&r);
	CHECK_OK(end_open(&r, &r.a, "10.0.0.1", SIP_TRANSPORT_TLS));
	CHECK_OK(end_open(&r, &r.b, "10.0.0.2", SIP_TRANSPORT_WS)); /* no TLS there */
	CHECK_OK(ask(&r, "sip:b@b.example:5061;transport=tls"));
	CHECK_EQ(r.a.done, 1);
	CHECK_EQ(r.a.err, OH_ETLS);
	CHECK_EQ(conns(&r.a), 0);
	CHECK_EQ(conns(&r.b), 0);
	end_close(&r.a);
	end_close(&r.b);
	close_worlds(&r);
}

/* TLS 1.3: our request is on its way when the refusal comes. */
TEST(a_certificate_that_the_server_does_not_take_is_told_as_well)
{
	const struct cert_cfg other = {.cn = "nobody", .san = "DNS:b.example"};
	struct cert first;
	struct rig r;

	open_worlds(&r);
	r.mutual = true;
	CHECK_OK(end_open(&r, &r.b, "10.0.0.2", SIP_TRANSPORT_TLS));
	CHECK_OK(end_open(&r, &r.a, "10.0.0.1", SIP_TRANSPORT_TLS));
	CHECK_OK(ask(&r, "sip:b@b.example:5061;transport=tls"));
	CHECK_EQ(r.a.status, 200);
	end_close(&r.a);
	/* Now a shows another one, which b does not know; it still trusts b's. */
	first = r.cert;
	cert_make(&other, &r.cert);
	r.ca = first.pem;
	CHECK_OK(end_open(&r, &r.a, "10.0.0.1", SIP_TRANSPORT_TLS));
	CHECK_OK(ask(&r, "sip:b@b.example:5061;transport=tls"));
	CHECK_EQ(r.a.status, 0);
	CHECK_EQ(r.a.err, OH_ETLS);
	CHECK_SLICE(sip_stack_secure_fault(r.a.stack), "the peer refuses: unknown CA (TLS alert 48)");
	end_close(&r.a);
	end_close(&r.b);
	cert_free(&first);
	close_worlds(&r);
}

/* RFC 3261 26.2.2: nothing else will do. */
TEST(sips_goes_over_tls_or_not_at_all)
{
	struct rig r;

	open_worlds(&r);
	CHECK_OK(end_open(&r, &r.a, "10.0.0.1", SIP_TRANSPORT_WS));
	CHECK_EQ(ask(&r, "sips:b@10.0.0.2:5061"), OH_ETRANSPORT);
	end_close(&r.a);
	close_worlds(&r);
}

static int story(void *arg)
{
	struct rig *r = arg;
	int err = end_open(r, &r->a, "10.0.0.1", SIP_TRANSPORT_WSS);

	if (!err)
		err = end_open(r, &r->b, "10.0.0.2", SIP_TRANSPORT_WSS);
	if (!err)
		err = ask(r, "sips:b@b.example:5061;transport=ws");
	end_close(&r->a);
	end_close(&r->b);
	sim_run_for(r->sim, 40 * NS_PER_S); /* what is on the wire still */
	return err;
}

TEST(whatever_allocation_fails_nothing_is_left_behind)
{
	struct rig r;

	open_worlds(&r);
	check_every_allocation_fails(story, &r);
	close_worlds(&r);
}

TESTS(RUN(a_request_and_its_answer_over_every_kind_of_connection),
	RUN(a_connection_serves_the_name_that_it_was_proven_for),
	RUN(a_certificate_that_the_server_does_not_take_is_told_as_well),
	RUN(a_handshake_that_fails_ends_the_request_at_once_with_its_reason),
	RUN(sips_goes_over_tls_or_not_at_all), RUN(whatever_allocation_fails_nothing_is_left_behind))
