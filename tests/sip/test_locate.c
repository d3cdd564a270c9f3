/* The next hop: RFC 3263 as far as it goes today, and requests that wait for it. */
#include "rig.h"

struct found {
	int calls, err;
	size_t n;
	struct sip_flow flows[8];
};

static void on_found(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct found *f = arg;

	f->calls++;
	f->err = err;
	f->n = n;
	CHECK(n <= ARRAY_LEN(f->flows));
	if (n)
		memcpy(f->flows, flows, n * sizeof(*flows));
}

static int locate(struct rig *r, const char *text, struct found *f, struct sip_locate **ret_query)
{
	struct sip_uri uri;

	*f = (struct found){0};
	CHECK_OK(sip_uri_parse(slice_of(text), &uri));
	return sip_locate(r->stack, &uri, NULL, on_found, f, ret_query);
}

TEST(where_a_uri_leads)
{
	static const struct {
		const char *uri;
		int err;        /* of sip_locate() */
		int later;      /* of the callback */
		const char *to; /* the first flow's remote */
	} rows[] = {
		{"sip:bob@192.0.2.2", 0, 0, "192.0.2.2:5060"},
		{"sip:bob@192.0.2.2:5070", 0, 0, "192.0.2.2:5070"},
		{"sip:bob@192.0.2.2;transport=udp", 0, 0, "192.0.2.2:5060"},
		{"sip:bob@192.0.2.2;transport=UDP", 0, 0, "192.0.2.2:5060"},
		{"sip:bob@nowhere.example.com:5071;maddr=192.0.2.3", 0, 0, "192.0.2.3:5071"},
		{"sip:bob@bob.example.com", 0, 0, "192.0.2.2:5060"},
		{"sip:bob@bob.example.com:7000", 0, 0, "192.0.2.2:7000"},
		{"sip:bob@six.example.com", 0, OH_ERESOLVE,
			NULL}, /* only an IPv6 address, no IPv6 transport */
		{"sip:bob@nobody.example.com", 0, OH_ERESOLVE, NULL},
		{"sip:bob@[2001:db8::2]", 0, OH_ETRANSPORT, NULL},
		{"sip:bob@192.0.2.2;transport=tcp", OH_ETRANSPORT, 0, NULL},
		{"sip:bob@192.0.2.2;transport=frob", OH_ETRANSPORT, 0, NULL},
		{"sips:bob@192.0.2.2", OH_ETRANSPORT, 0, NULL},
		{"tel:+1-212-555-0101", OH_ESCHEME, 0, NULL},
		{"mailto:bob@example.com", OH_ESCHEME, 0, NULL},
	};
	struct rig *r = rig_new();

	CHECK_OK(sim_dns_addr(r->sim, "bob.example.com", "192.0.2.2"));
	CHECK_OK(sim_dns_addr(r->sim, "bob.example.com", "192.0.2.3"));
	CHECK_OK(sim_dns_addr(r->sim, "six.example.com", "2001:db8::2"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sip_locate *query = NULL;
		char to[NETADDR_TEXT];
		struct found f;

		CHECK_EQ(locate(r, rows[i].uri, &f, &query), rows[i].err);
		rig_run_for(r, 30000);
		CHECK_EQ(f.calls, rows[i].err ? 0 : 1);
		CHECK_EQ(f.err, rows[i].later);
		CHECK_EQ(f.n > 0, rows[i].to != NULL);
		if (!rows[i].to)
			continue;
		CHECK_STR(netaddr_text(&f.flows[0].remote, to), rows[i].to);
		CHECK_STR(netaddr_text(&f.flows[0].local, to), "192.0.2.1:5060");
		CHECK(f.flows[0].transport == r->udp);
	}
	CHECK_EQ(rig_counters(r).locating, 0);
	rig_close(r);
}

TEST(all_addresses_of_a_name_are_offered_in_order)
{
	struct rig *r = rig_new();
	struct sip_locate *query = NULL;
	char ip[32], to[NETADDR_TEXT];
	struct found f;

	for (int i = 1; i <= 20; i++) {
		snprintf(ip, sizeof(ip), "192.0.2.%d", 100 + i);
		CHECK_OK(sim_dns_addr(r->sim, "many.example.com", ip));
	}
	CHECK_OK(locate(r, "sip:many.example.com", &f, &query));
	CHECK(query);
	CHECK_EQ(f.calls, 0);
	CHECK_EQ(rig_counters(r).locating, 1);
	rig_run_for(r, 30000);
	CHECK_EQ(f.n, 8); /* LOCATE_FLOWS_MAX */
	CHECK_STR(netaddr_text(&f.flows[0].remote, to), "192.0.2.101:5060");
	CHECK_STR(netaddr_text(&f.flows[7].remote, to), "192.0.2.108:5060");
	rig_close(r);
}

TEST(cancelled_lookup_calls_nobody)
{
	struct rig *r = rig_new();
	struct sip_locate *query = NULL;
	struct found f;

	CHECK_OK(locate(r, "sip:nobody.example.com", &f, &query));
	sip_locate_cancel(query);
	sip_locate_cancel(NULL);
	rig_run_for(r, 30000);
	CHECK_EQ(f.calls, 0);
	CHECK_OK(locate(r, "sip:nobody.example.com", &f, &query));
	r->stack = sip_stack_free(r->stack);
	sim_run_for(r->sim, 30 * NS_PER_S);
	CHECK_EQ(f.calls, 0);
	rig_drop(r);
}

/* The wanted transport serves when it can; else another one that can. */
TEST(preferred_transport_is_taken_when_it_fits)
{
	struct rig *r = rig_new();
	struct sip_transport_cfg cfg = {
		.type = SIP_TRANSPORT_UDP, .local = {.family = NETADDR_IP4, .ip = {192, 0, 2, 1}}};
	struct sip_transport *second, *six;
	struct sip_locate *query;
	struct sip_uri uri;
	struct found f = {0};

	CHECK_OK(sip_transport_new(r->stack, &cfg, &second));
	CHECK_OK(sim_host_add_ip(r->host, "2001:db8::1"));
	cfg.local = (struct netaddr){.family = NETADDR_IP6};
	CHECK_OK(sip_transport_new(r->stack, &cfg, &six));
	CHECK_OK(sip_uri_parse(SLICE_LIT("sip:192.0.2.2"), &uri));
	CHECK_OK(sip_locate(r->stack, &uri, second, on_found, &f, &query));
	CHECK(f.flows[0].transport == second);
	CHECK_OK(sip_locate(r->stack, &uri, six, on_found, &f, &query));
	CHECK(f.flows[0].transport == r->udp);
	CHECK_OK(sip_uri_parse(SLICE_LIT("sip:[2001:db8::2]"), &uri));
	CHECK_OK(sip_locate(r->stack, &uri, second, on_found, &f, &query));
	CHECK(f.flows[0].transport == six);
	sip_transport_free(second);
	CHECK_OK(sip_uri_parse(SLICE_LIT("sip:192.0.2.2"), &uri));
	CHECK_OK(sip_locate(r->stack, &uri, second, on_found, &f, &query)); /* closed meanwhile */
	CHECK(f.flows[0].transport == r->udp);
	CHECK_EQ(f.calls, 4);
	rig_close(r);
}

/* A transport on any address speaks from the one that the route takes. */
TEST(any_address_becomes_the_routes_address)
{
	struct rig *r = rig_new();
	const struct sip_transport_cfg cfg = {
		.type = SIP_TRANSPORT_UDP, .local = {.family = NETADDR_IP4, .port = 5080}};
	struct sip_transport *any;
	struct sip_locate *query;
	char text[NETADDR_TEXT];
	struct sip_uri uri;
	struct found f = {0};

	CHECK_OK(sip_transport_new(r->stack, &cfg, &any));
	CHECK_OK(sip_uri_parse(SLICE_LIT("sip:192.0.2.2"), &uri));
	for (int i = 0; i < 2; i++) { /* the second time by memory */
		CHECK_OK(sip_locate(r->stack, &uri, any, on_found, &f, &query));
		CHECK_STR(netaddr_text(&f.flows[0].local, text), "192.0.2.1:5080");
	}
	rig_close(r);
}

/* ---- requests that wait for a name ---- */

static struct sip_client *call_name(struct rig *r, enum sip_method method, const char *target)
{
	const struct sip_client_handler handler = rig_client_handler(r);
	struct sip_request req = rig_out(method);
	struct sip_client *c = NULL;

	req.target = slice_of(target);
	req.content_type = SLICE_LIT("text/plain");
	req.body = SLICE_LIT("hello");
	CHECK_OK(sip_client_send(r->stack, &req, &handler, &c));
	CHECK_EQ(rig_counters(r).locating, 1);
	CHECK_EQ(rig_counters(r).client_txns, 1);
	return c;
}

TEST(request_to_a_name_goes_when_the_name_is_known)
{
	struct rig *r = rig_new();
	struct sip_client *c;
	const char *req;

	CHECK_OK(sim_dns_addr(r->sim, "bob.example.com", RIG_PEER_IP));
	c = call_name(r, SIP_OPTIONS, "sip:bob@bob.example.com:5070");
	req = rig_expect(
		r, "OPTIONS sip:bob@bob.example.com:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=");
	CHECK(rig_has(req, "\r\nContent-Length: 5\r\n\r\nhello"));
	CHECK_EQ(sip_client_flow(c)->remote.port, 5070);
	CHECK(rig_has(req, sip_client_branch(c).p));
	rig_reply(r, req, "200 OK");
	CHECK_EQ(r->user.status[0], 200);
	rig_close(r);
}

TEST(request_to_an_unknown_name_ends_with_eresolve)
{
	struct rig *r = rig_new();

	call_name(r, SIP_INVITE, "sip:bob@nobody.example.com");
	CHECK_EQ(r->user.done, 0);
	rig_run_for(r, 60000);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_ERESOLVE);
	rig_expect_nothing(r);
	rig_close(r);
}

TEST(request_that_is_given_up_while_its_name_is_asked_is_never_sent)
{
	struct rig *r = rig_new();
	struct sip_client *c;

	CHECK_OK(sim_dns_addr(r->sim, "bob.example.com", RIG_PEER_IP));
	c = call_name(r, SIP_INVITE, "sip:bob@bob.example.com:5070");
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	CHECK_EQ(r->user.done, 0); /* no callback from inside the call */
	rig_run_for(r, 1);
	CHECK_EQ(r->user.done, 1);
	CHECK_EQ(r->user.err, OH_EENDED);
	c = call_name(r, SIP_INVITE, "sip:bob@bob.example.com:5070");
	sip_client_free(c);
	CHECK_EQ(rig_counters(r).client_txns, 0);
	rig_run_for(r, 60000);
	CHECK_EQ(r->user.done, 1);
	rig_expect_nothing(r);
	rig_close(r);
}

TEST(ack_to_a_name_goes_when_the_name_is_known)
{
	struct rig *r = rig_new();
	struct sip_request req = rig_out(SIP_ACK);
	struct sip_ack *ack;

	CHECK_OK(sim_dns_addr(r->sim, "bob.example.com", RIG_PEER_IP));
	req.target = SLICE_LIT("sip:bob@bob.example.com:5070");
	CHECK_OK(sip_ack_send(r->stack, &req, &ack));
	sip_ack_again(ack); /* not yet */
	rig_expect(r, "ACK sip:bob@bob.example.com:5070 SIP/2.0\r\nVia: ");
	rig_run_for(r, 60000);
	rig_expect_nothing(r);
	sip_ack_free(ack);
	req.target = SLICE_LIT("sip:bob@nobody.example.com:5070");
	CHECK_OK(sip_ack_send(r->stack, &req, &ack));
	rig_run_for(r, 60000);
	sip_ack_again(ack);
	rig_expect_nothing(r);
	sip_ack_free(ack);
	rig_close(r);
}

/* RFC 3261 8.1.2: the servers that are configured, else the first route, else the target. */
TEST(next_hop_is_a_server_or_the_first_route_or_the_target)
{
	static const struct slice far[] = {SLICE_LIT("<sip:192.0.2.99;lr>")};
	static const struct slice near[] = {SLICE_LIT("\"P\" <sip:192.0.2.2:5070;lr>;x=y")};
	static const struct slice servers[] = {SLICE_LIT("sip:192.0.2.2:5070"), SLICE_LIT("sip:192.0.2.98")};
	static const struct {
		const char *target;
		const struct slice *route;
		size_t n_servers;
	} rows[] = {
		{"sip:bob@192.0.2.2:5070", NULL, 0},
		{"sip:bob@far.example.com", near, 0},
		{"sip:192.0.2.97:5070", far, 1},
		{"sip:192.0.2.97:5070", NULL, 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		const struct sip_client_handler handler = rig_client_handler(r);
		struct sip_request req = rig_out(SIP_OPTIONS);
		struct sip_client *c;

		req.target = slice_of(rows[i].target);
		req.routes = rows[i].route;
		req.n_routes = rows[i].route ? 1 : 0;
		req.servers = servers;
		req.n_servers = rows[i].n_servers;
		CHECK_OK(sip_client_send(r->stack, &req, &handler, &c));
		rig_reply(r, rig_expect(r, "OPTIONS "), "200 OK");
		CHECK_EQ(r->user.status[0], 200);
		rig_close(r);
	}
}

/* RFC 3261 12.2.1.1, 16.4: also of a set that was loaded before there is a dialog. */
TEST(a_strict_router_stands_in_the_first_line)
{
	static const struct slice routes[] = {
		SLICE_LIT("<sip:old@192.0.2.2:5070;method=INVITE;x=1?Subject=y>"),
		SLICE_LIT("<sip:192.0.2.50;lr>")};
	struct rig *r = rig_new();
	const struct sip_client_handler handler = rig_client_handler(r);
	struct sip_request req = rig_out(SIP_OPTIONS);
	struct slice many[SIP_ROUTES_MAX + 1];
	struct sip_client *c;
	const char *msg;

	req.target = SLICE_LIT("sip:bob@far.example.com;y=2");
	req.routes = routes;
	req.n_routes = ARRAY_LEN(routes);
	CHECK_OK(sip_client_send(r->stack, &req, &handler, &c));
	msg = rig_expect(r, "OPTIONS sip:old@192.0.2.2:5070;x=1 SIP/2.0\r\n");
	CHECK(rig_has(msg, "\r\nRoute: <sip:192.0.2.50;lr>\r\nRoute: <sip:bob@far.example.com;y=2>\r\n"));
	rig_reply(r, msg, "200 OK");
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = routes[0];
	req.routes = many;
	req.n_routes = ARRAY_LEN(many);
	CHECK_EQ(sip_client_send(r->stack, &req, &handler, &c), OH_ETOOBIG);
	many[0] = SLICE_LIT("nothing of the kind");
	CHECK(sip_client_send(r->stack, &req, &handler, &c) != 0);
	rig_close(r);
}

TEST(every_allocation_may_fail)
{
	bool more = true;

	for (uint64_t n = 1; more; n++) {
		struct rig *r = rig_new();
		const struct sip_client_handler handler = rig_client_handler(r);
		struct sip_request req = rig_out(SIP_OPTIONS);
		struct sip_client *c;

		CHECK_OK(sim_dns_addr(r->sim, "bob.example.com", RIG_PEER_IP));
		req.target = SLICE_LIT("sip:bob@bob.example.com:5070");
		mem_fail_at(n);
		if (sip_client_send(r->stack, &req, &handler, &c) == 0)
			rig_run_for(r, 100);
		more = !mem_fail_armed();
		mem_fail_at(0);
		rig_close(r);
	}
}

TESTS(RUN(where_a_uri_leads), RUN(all_addresses_of_a_name_are_offered_in_order),
	RUN(cancelled_lookup_calls_nobody), RUN(preferred_transport_is_taken_when_it_fits),
	RUN(any_address_becomes_the_routes_address), RUN(request_to_a_name_goes_when_the_name_is_known),
	RUN(request_to_an_unknown_name_ends_with_eresolve),
	RUN(request_that_is_given_up_while_its_name_is_asked_is_never_sent),
	RUN(ack_to_a_name_goes_when_the_name_is_known),
	RUN(next_hop_is_a_server_or_the_first_route_or_the_target),
	RUN(a_strict_router_stands_in_the_first_line), RUN(every_allocation_may_fail))
