/* RFC 3263 on names: NAPTR, SRV, both address families, and what happens when name servers do not answer. */
#include "rig.h"

#include "sip/stack_impl.h"

struct found {
	int calls, err;
	char text[512]; /* "UDP 192.0.2.11:5060 ..." */
};

static void on_found(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct found *f = arg;
	char to[NETADDR_TEXT];

	f->calls++;
	f->err = err;
	for (size_t i = 0; i < n; i++)
		snprintf(f->text + strlen(f->text), sizeof(f->text) - strlen(f->text), "%s%s %s",
			i ? " " : "", sip_transport_name(flows[i].transport->type),
			netaddr_text(&flows[i].remote, to));
}

static struct sip_locate *begin(struct rig *r, const char *text, struct found *f)
{
	struct sip_locate *query = NULL;
	struct sip_uri uri;

	*f = (struct found){0};
	CHECK_OK(sip_uri_parse(slice_of(text), &uri));
	CHECK_OK(sip_locate(r->stack, &uri, NULL, on_found, f, &query));
	return query;
}

/* What a URI leads to, after at most 100 s. */
static const char *leads_to(struct rig *r, const char *text)
{
	static struct found f;

	begin(r, text, &f);
	rig_run_for(r, 100000);
	CHECK_EQ(f.calls, 1);
	CHECK_EQ(rig_counters(r).locating, 0);
	CHECK_EQ(f.err != 0, f.text[0] == 0);
	return f.err ? offhook_errname(f.err) : f.text;
}

/* ---- the zone of the examples ---- */

static void naptr(
	struct rig *r, const char *name, uint16_t order, const char *service, const char *replacement)
{
	const struct sim_naptr record = {.ttl_s = 60,
		.order = order,
		.preference = 50,
		.flags = "s",
		.service = service,
		.replacement = replacement};

	CHECK_OK(sim_dns_naptr(r->sim, name, &record));
}

static void srv(struct rig *r, const char *name, uint16_t priority, uint16_t port, const char *target)
{
	CHECK_OK(sim_dns_srv(r->sim, name, &(struct sim_srv){60, priority, 1, port, target}));
}

static void addr(struct rig *r, const char *name, const char *ip)
{
	CHECK_OK(sim_dns_addr_for(r->sim, name, ip, 60));
}

static void servers(struct rig *r)
{
	addr(r, "server1.example.com", "192.0.2.11");
	addr(r, "server2.example.com", "192.0.2.12");
	addr(r, "example.com", "192.0.2.10");
}

/* Transports of other kinds, as far as looking for a way needs them. */
static void add_kind(struct rig *r, struct sip_transport *t, enum sip_transport_type type, const char *ip)
{
	*t = (struct sip_transport){.stack = r->stack, .type = type};
	CHECK_OK(netaddr_parse_ip(slice_of(ip), 5060, &t->local));
	list_append(&r->stack->transports, &t->link);
}

/* ---- RFC 3263 4.1, 4.2 ---- */

/* The example of 4.1, for a client without TLS: TCP before UDP, and UDP not at all because its order is a later one. */
TEST(rfc3263_4_1_naptr_chooses_the_transport)
{
	struct rig *r = rig_new();
	struct sip_transport tcp, tls;

	servers(r);
	naptr(r, "example.com", 100, "SIP+D2U", "_sip._udp.example.com");
	naptr(r, "example.com", 50, "SIPS+D2T", "_sips._tcp.example.com");
	naptr(r, "example.com", 90, "SIP+D2T", "_sip._tcp.example.com");
	naptr(r, "example.com", 10, "E2U+sip", "enum.example.com");
	srv(r, "_sip._tcp.example.com", 1, 5060, "server1.example.com");
	srv(r, "_sip._tcp.example.com", 2, 5070, "server2.example.com");
	srv(r, "_sip._udp.example.com", 1, 5080, "server1.example.com");
	srv(r, "_sips._tcp.example.com", 1, 5061, "server2.example.com");
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "UDP 192.0.2.11:5080");
	add_kind(r, &tcp, SIP_TRANSPORT_TCP, RIG_IP);
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "TCP 192.0.2.11:5060 TCP 192.0.2.12:5070");
	add_kind(r, &tls, SIP_TRANSPORT_TLS, RIG_IP);
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "TLS 192.0.2.12:5061");
	CHECK_STR(leads_to(r, "sips:bob@example.com"), "TLS 192.0.2.12:5061");
	list_remove(&tls.link);
	list_remove(&tcp.link);
	rig_close(r);
}

TEST(a_sips_uri_is_never_reached_without_tls)
{
	struct rig *r = rig_new();
	struct sip_transport tcp, tls;

	servers(r);
	naptr(r, "example.com", 90, "SIP+D2T", "_sip._tcp.example.com");
	srv(r, "_sip._tcp.example.com", 1, 5060, "server1.example.com");
	add_kind(r, &tcp, SIP_TRANSPORT_TCP, RIG_IP);
	add_kind(r, &tls, SIP_TRANSPORT_TLS, RIG_IP);
	CHECK_STR(leads_to(r, "sips:bob@example.com"), "TLS 192.0.2.10:5061");
	CHECK_STR(leads_to(r, "sips:bob@192.0.2.9"), "TLS 192.0.2.9:5061");
	CHECK_STR(leads_to(r, "sips:bob@192.0.2.9;transport=tcp"), "TLS 192.0.2.9:5061");
	CHECK_STR(leads_to(r, "sip:bob@192.0.2.9;transport=tls"), "TLS 192.0.2.9:5061");
	list_remove(&tls.link);
	list_remove(&tcp.link);
	rig_close(r);
}

/* RFC 7118 8.1, 10.2. */
TEST(rfc7118_websocket_has_naptr_services_and_ports_of_its_own)
{
	struct rig *r = rig_new();
	struct sip_transport ws, wss;

	servers(r);
	naptr(r, "example.com", 50, "SIPS+D2W", "_secure.example.com");
	naptr(r, "example.com", 60, "SIP+D2W", "_plain.example.com");
	srv(r, "_secure.example.com", 1, 8443, "server1.example.com");
	srv(r, "_plain.example.com", 1, 8080, "server2.example.com");
	add_kind(r, &ws, SIP_TRANSPORT_WS, RIG_IP);
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "WS 192.0.2.12:8080");
	CHECK_STR(leads_to(r, "sip:bob@example.com;transport=ws"), "WS 192.0.2.10:80");
	add_kind(r, &wss, SIP_TRANSPORT_WSS, RIG_IP);
	CHECK_STR(leads_to(r, "sips:bob@example.com"), "WSS 192.0.2.11:8443");
	CHECK_STR(leads_to(r, "sips:bob@example.com;transport=ws"), "WSS 192.0.2.10:443");
	list_remove(&wss.link);
	list_remove(&ws.link);
	rig_close(r);
}

TEST(without_naptr_the_transports_that_we_have_are_looked_for)
{
	struct rig *r = rig_new();
	struct sip_transport tcp;

	servers(r);
	srv(r, "_sip._tcp.example.com", 1, 5070, "server2.example.com");
	add_kind(r, &tcp, SIP_TRANSPORT_TCP, RIG_IP);
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "TCP 192.0.2.12:5070");
	srv(r, "_sip._udp.example.com", 1, 5080, "server1.example.com");
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "UDP 192.0.2.11:5080 TCP 192.0.2.12:5070");
	CHECK_STR(leads_to(r, "sip:bob@example.com;transport=tcp"), "TCP 192.0.2.12:5070");
	list_remove(&tcp.link);
	rig_close(r);
}

TEST(without_srv_it_is_the_domain_and_the_default_port)
{
	struct rig *r = rig_new();

	servers(r);
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "UDP 192.0.2.10:5060");
	/* A service that says of itself that it is not there (RFC 2782). */
	srv(r, "_sip._udp.example.com", 0, 0, ".");
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "OH_ERESOLVE");
	rig_close(r);
}

TEST(a_port_is_a_question_for_addresses_alone)
{
	struct rig *r = rig_new();

	servers(r);
	srv(r, "_sip._udp.example.com", 1, 5080, "server1.example.com");
	CHECK_STR(leads_to(r, "sip:bob@example.com:5060"), "UDP 192.0.2.10:5060");
	CHECK_EQ(sim_dns_asked(r->sim), 1);
	rig_close(r);
}

TEST(srv_records_behind_an_alias_and_with_numbers_for_names)
{
	struct rig *r = rig_new();

	CHECK_OK(sim_dns_alias(r->sim, "_sip._udp.example.com", "sip.pool.example.net"));
	srv(r, "sip.pool.example.net", 2, 5070, "192.0.2.12");
	srv(r, "sip.pool.example.net", 1, 5060, "server1.example.com");
	servers(r);
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "UDP 192.0.2.11:5060 UDP 192.0.2.12:5070");
	rig_close(r);
}

/* RFC 3263 4: maddr is the target. */
TEST(maddr_is_looked_up_in_place_of_the_host)
{
	struct rig *r = rig_new();

	servers(r);
	CHECK_STR(
		leads_to(r, "sip:bob@nowhere.example.com;maddr=server2.example.com"), "UDP 192.0.2.12:5060");
	rig_close(r);
}

TEST(plain_names_lead_to_their_addresses)
{
	const struct sip_stack_cfg cfg = {.plain_names = true};
	struct rig *r = rig_new_with(&cfg);

	servers(r);
	srv(r, "_sip._udp.example.com", 1, 5080, "server1.example.com");
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "UDP 192.0.2.10:5060");
	CHECK_EQ(sim_dns_asked(r->sim), 1);
	rig_close(r);
}

/* ---- RFC 6157, RFC 7984 ---- */

TEST(rfc7984_both_families_are_tried_in_turn)
{
	struct rig *r = rig_new();
	struct sip_transport_cfg cfg = {.type = SIP_TRANSPORT_UDP};
	struct sip_transport *six;

	CHECK_OK(sim_host_add_ip(r->host, "2001:db8::1"));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("2001:db8::1"), 5060, &cfg.local));
	addr(r, "example.com", "192.0.2.10");
	addr(r, "example.com", "192.0.2.11");
	addr(r, "example.com", "2001:db8::10");
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "UDP 192.0.2.10:5060 UDP 192.0.2.11:5060");
	CHECK_OK(sip_transport_new(r->stack, &cfg, &six));
	CHECK_STR(leads_to(r, "sip:bob@example.com"),
		"UDP [2001:db8::10]:5060 UDP 192.0.2.10:5060 UDP 192.0.2.11:5060");
	sip_transport_free(six);
	rig_close(r);
}

TEST(a_family_that_is_not_answered_holds_nobody_up)
{
	struct rig *r = rig_new();
	struct sip_transport_cfg cfg = {.type = SIP_TRANSPORT_UDP};
	struct sip_transport *six;
	struct found f;

	CHECK_OK(sim_host_add_ip(r->host, "2001:db8::1"));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("2001:db8::1"), 5060, &cfg.local));
	CHECK_OK(sip_transport_new(r->stack, &cfg, &six));
	addr(r, "example.com", "192.0.2.10");
	CHECK_OK(sim_dns_answer(r->sim, "example.com", HOST_DNS_AAAA, NULL, 0, 10 * NS_PER_S));
	begin(r, "sip:bob@example.com:5060", &f);
	rig_run_for(r, 400);
	CHECK_STR(f.text, "UDP 192.0.2.10:5060");
	sip_transport_free(six);
	rig_close(r);
}

/* ---- name servers that fail ---- */

static void zone(struct rig *r)
{
	servers(r);
	naptr(r, "example.com", 100, "SIP+D2U", "_sip._udp.example.com");
	srv(r, "_sip._udp.example.com", 1, 5080, "server1.example.com");
	srv(r, "_sip._udp.example.com", 2, 5080, "server2.example.com");
}

/* Three questions in a row, the last step has two; each lost once. */
TEST(whichever_answer_is_lost_there_is_a_way)
{
	static const char *const ways[] = {
		"UDP 192.0.2.11:5080 UDP 192.0.2.12:5080", /* none lost */
		"UDP 192.0.2.11:5080 UDP 192.0.2.12:5080", /* NAPTR: the services are guessed */
		"UDP 192.0.2.10:5060",                     /* SRV: the domain itself */
		"UDP 192.0.2.12:5080",                     /* the first server's address */
		"UDP 192.0.2.11:5080",                     /* the second one's */
	};

	for (unsigned lost = 0; lost < ARRAY_LEN(ways); lost++) {
		struct rig *r = rig_new();

		zone(r);
		sim_dns_lose(r->sim, lost, 10 * NS_PER_S);
		CHECK_STR(leads_to(r, "sip:bob@example.com"), ways[lost]);
		rig_close(r);
	}
}

TEST(no_name_server_at_all_is_told_as_what_it_is)
{
	static const int types[] = {HOST_DNS_NAPTR, HOST_DNS_A};
	struct rig *r = rig_new();

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		CHECK_OK(sim_dns_answer(r->sim, "example.com", types[i], NULL, 0, 10 * NS_PER_S));
	CHECK_OK(sim_dns_answer(r->sim, "_sip._udp.example.com", HOST_DNS_SRV, NULL, 0, 10 * NS_PER_S));
	CHECK_STR(leads_to(r, "sip:bob@example.com"), "OH_ETIMEDOUT");
	rig_close(r);
}

TEST(a_second_search_asks_nobody_until_the_records_have_run_out)
{
	struct rig *r = rig_new();
	struct found f;
	unsigned asked;

	zone(r);
	begin(r, "sip:bob@example.com", &f);
	rig_run_for(r, 100);
	asked = sim_dns_asked(r->sim);
	CHECK(f.calls == 1 && asked == 4);
	CHECK(!begin(r, "sip:alice@example.com", &f));
	CHECK_EQ(f.calls, 1);
	rig_run_for(r, 60000);
	CHECK(begin(r, "sip:alice@example.com", &f));
	rig_run_for(r, 100);
	CHECK_EQ(sim_dns_asked(r->sim), 2 * asked);
	CHECK_STR(f.text, "UDP 192.0.2.11:5080 UDP 192.0.2.12:5080");
	rig_close(r);
}

TEST(a_search_can_be_given_up_at_every_step)
{
	for (unsigned ms = 0; ms < 4; ms++) {
		struct rig *r = rig_new();
		struct sip_locate *query;
		struct found f;

		zone(r);
		query = begin(r, "sip:bob@example.com", &f);
		rig_run_for(r, ms);
		if (!f.calls)
			sip_locate_cancel(query);
		rig_run_for(r, 100);
		CHECK_EQ(f.calls, ms >= 3);
		rig_close(r);
	}
}

/* ---- several next hops ---- */

#define HOPS 3u

static int begin_any(
	struct rig *r, const char *const *texts, bool secure, struct found *f, struct sip_locate **ret_query)
{
	struct sip_uri list[HOPS + SIP_HOPS_MAX];
	struct sip_hops hops = {.list = list, .secure = secure};

	*f = (struct found){0};
	for (; texts[hops.n]; hops.n++)
		CHECK_OK(sip_uri_parse(slice_of(texts[hops.n]), &list[hops.n]));
	return sip_locate_any(r->stack, &hops, on_found, f, ret_query);
}

TEST(several_next_hops_come_in_their_order)
{
	static const struct {
		const char *const texts[HOPS + 1];
		const char *leads_to;
	} rows[] = {
		{{"sip:192.0.2.7", "sip:192.0.2.8:5080"}, "UDP 192.0.2.7:5060 UDP 192.0.2.8:5080"},
		{{"sip:server2.example.com:5070", "sip:192.0.2.8", "sip:server1.example.com:5090"},
			"UDP 192.0.2.12:5070 UDP 192.0.2.8:5060 UDP 192.0.2.11:5090"},
		/* One that cannot be found, or not be reached, leaves the others. */
		{{"sip:nobody.example.com:5060", "sip:server1.example.com:5060"}, "UDP 192.0.2.11:5060"},
		{{"sip:x@192.0.2.7;transport=tcp", "sip:192.0.2.8"}, "UDP 192.0.2.8:5060"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_locate *query;
		struct found f;

		servers(r);
		CHECK_OK(begin_any(r, rows[i].texts, false, &f, &query));
		rig_run_for(r, 100000);
		CHECK_EQ(f.calls, 1);
		CHECK_STR(f.text, rows[i].leads_to);
		CHECK_EQ(rig_counters(r).locating, 0);
		rig_close(r);
	}
}

TEST(next_hops_that_all_lead_nowhere_are_an_error)
{
	static const char *const unknown[] = {"sip:no1.example.com:5060", "sip:no2.example.com:5060", NULL};
	static const char *const plain[] = {
		"sip:192.0.2.7;transport=tcp", "sip:192.0.2.8;transport=tcp", NULL};
	static const char *const none[] = {NULL};
	static const char *const many[] = {
		"sip:a", "sip:a", "sip:a", "sip:a", "sip:a", "sip:a", "sip:a", "sip:a", "sip:a", NULL};
	struct rig *r = rig_new();
	struct sip_locate *query;
	struct found f;

	CHECK_OK(begin_any(r, unknown, false, &f, &query));
	rig_run_for(r, 100000);
	CHECK_EQ(f.calls, 1);
	CHECK_EQ(f.err, OH_ERESOLVE);
	CHECK_EQ(begin_any(r, plain, false, &f, &query), OH_ETRANSPORT);
	CHECK_EQ(begin_any(r, none, false, &f, &query), OH_EINVAL);
	CHECK_EQ(begin_any(r, many, false, &f, &query), OH_EINVAL);
	CHECK_EQ(f.calls, 0);
	rig_close(r);
}

TEST(a_slow_name_server_for_a_backup_does_not_keep_the_first_one_waiting)
{
	static const char *const texts[] = {"sip:192.0.2.7", "sip:server1.example.com:5060", NULL};
	struct rig *r = rig_new();
	struct sip_locate *query;
	struct found f;

	servers(r);
	sim_dns_lose(r->sim, 1, 20 * NS_PER_S);
	CHECK_OK(begin_any(r, texts, false, &f, &query));
	CHECK_EQ(f.calls, 0);
	rig_run_for(r, 300);
	CHECK_EQ(f.calls, 1);
	CHECK_STR(f.text, "UDP 192.0.2.7:5060");
	sim_dns_forget(r->sim, "server1.example.com");
	CHECK_OK(begin_any(r, texts, false, &f, &query));
	sip_locate_cancel(query);
	rig_run_for(r, 100000);
	CHECK_EQ(f.calls, 0);
	rig_close(r);
}

/* ---- only over TLS ---- */

TEST(where_only_tls_will_do_nothing_else_is_found)
{
	static const struct {
		const char *uri;
		int err;
		const char *leads_to;
	} rows[] = {
		{"sip:bob@192.0.2.9", 0, "TLS 192.0.2.9:5061"},
		{"sip:bob@192.0.2.9;transport=tls", 0, "TLS 192.0.2.9:5061"},
		{"sip:bob@192.0.2.9;transport=udp", OH_EINSECURE, ""},
		{"sip:bob@192.0.2.9;transport=tcp", OH_EINSECURE, ""},
		{"sip:bob@192.0.2.9;transport=ws", OH_ETRANSPORT, ""}, /* there is no WSS */
		/* NAPTR and SRV that want something else are not followed. */
		{"sip:bob@plain.example.com", 0, "TLS 192.0.2.10:5061"},
		{"sip:bob@both.example.com", 0, "TLS 192.0.2.12:5061"},
	};
	struct rig *r = rig_new();
	struct sip_transport tcp, tls;

	servers(r);
	addr(r, "plain.example.com", "192.0.2.10");
	naptr(r, "plain.example.com", 90, "SIP+D2T", "_sip._tcp.plain.example.com");
	srv(r, "_sip._tcp.plain.example.com", 1, 5060, "server1.example.com");
	naptr(r, "both.example.com", 10, "SIP+D2U", "_sip._udp.both.example.com");
	naptr(r, "both.example.com", 20, "SIPS+D2T", "_sips._tcp.both.example.com");
	srv(r, "_sip._udp.both.example.com", 1, 5060, "server1.example.com");
	srv(r, "_sips._tcp.both.example.com", 1, 5061, "server2.example.com");
	add_kind(r, &tcp, SIP_TRANSPORT_TCP, RIG_IP);
	add_kind(r, &tls, SIP_TRANSPORT_TLS, RIG_IP);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const texts[] = {rows[i].uri, NULL};
		struct sip_locate *query;
		struct found f;

		CHECK_EQ(begin_any(r, texts, true, &f, &query), rows[i].err);
		rig_run_for(r, 100000);
		CHECK_STR(f.text, rows[i].leads_to);
	}
	list_remove(&tls.link);
	list_remove(&tcp.link);
	rig_close(r);
}

static bool try_any(uint64_t fail_at)
{
	static const char *const texts[] = {
		"sip:example.com", "sip:192.0.2.8", "sip:server1.example.com:5060", NULL};
	struct rig *r = rig_new();
	struct sip_locate *query;
	struct found f;
	bool more;
	int err;

	zone(r);
	mem_fail_at(fail_at);
	err = begin_any(r, texts, false, &f, &query);
	if (!err)
		rig_run_for(r, 100000);
	more = !mem_fail_armed();
	mem_fail_at(0);
	CHECK_EQ(f.calls, err ? 0 : 1);
	rig_close(r);
	return more;
}

TEST(several_next_hops_without_memory)
{
	for (uint64_t n = 1; try_any(n); n++)
		;
}

TEST(every_allocation_may_fail)
{
	bool more = true;

	for (uint64_t n = 1; more; n++) {
		struct rig *r = rig_new();
		struct sip_locate *query = NULL;
		struct found f = {0};
		struct sip_uri uri;
		int err;

		zone(r);
		CHECK_OK(sip_uri_parse(SLICE_LIT("sip:bob@example.com"), &uri));
		mem_fail_at(n);
		err = sip_locate(r->stack, &uri, NULL, on_found, &f, &query);
		if (!err)
			rig_run_for(r, 100000);
		more = !mem_fail_armed();
		mem_fail_at(0);
		CHECK_EQ(f.calls, err ? 0 : 1);
		rig_close(r);
	}
}

TESTS(RUN(several_next_hops_come_in_their_order), RUN(next_hops_that_all_lead_nowhere_are_an_error),
	RUN(a_slow_name_server_for_a_backup_does_not_keep_the_first_one_waiting),
	RUN(where_only_tls_will_do_nothing_else_is_found), RUN(several_next_hops_without_memory),
	RUN(rfc3263_4_1_naptr_chooses_the_transport), RUN(a_sips_uri_is_never_reached_without_tls),
	RUN(rfc7118_websocket_has_naptr_services_and_ports_of_its_own),
	RUN(without_naptr_the_transports_that_we_have_are_looked_for),
	RUN(without_srv_it_is_the_domain_and_the_default_port), RUN(a_port_is_a_question_for_addresses_alone),
	RUN(srv_records_behind_an_alias_and_with_numbers_for_names),
	RUN(maddr_is_looked_up_in_place_of_the_host), RUN(plain_names_lead_to_their_addresses),
	RUN(rfc7984_both_families_are_tried_in_turn), RUN(a_family_that_is_not_answered_holds_nobody_up),
	RUN(whichever_answer_is_lost_there_is_a_way), RUN(no_name_server_at_all_is_told_as_what_it_is),
	RUN(a_second_search_asks_nobody_until_the_records_have_run_out),
	RUN(a_search_can_be_given_up_at_every_step), RUN(every_allocation_may_fail))
