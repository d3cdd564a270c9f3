/*
 * Which of our addresses a peer is told and answered from, and which of its addresses we find: several addresses on a
 * machine, IPv4 and IPv6 side by side, names instead of numbers.
 */
#include "peer.h"

#define A_IP6 "2001:db8::1"
#define B_IP6 "2001:db8::2"

#define AUDIO_AT(where) \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 " where "\r\nt=0 0\r\n" \
	"m=audio 4000 RTP/AVP 8\r\n"

static void add_transport(
	struct side *s, const char *address, uint16_t port, const char *public, offhook_id *ret_id)
{
	struct offhook_transport_cfg cfg;

	offhook_transport_cfg_init(&cfg);
	cfg.address = address;
	cfg.port = port;
	cfg.public_address = public;
	CHECK_OK(offhook_transport_add(s->phone, &cfg, ret_id));
}

/* Both phones with both families. */
static struct rig *dual_rig(void)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id id;

	CHECK_OK(sim_host_add_ip(r->a.host, A_IP6));
	CHECK_OK(sim_host_add_ip(r->b.host, B_IP6));
	add_transport(&r->a, "::", 5060, NULL, &id);
	add_transport(&r->b, "::", 5060, NULL, &id);
	return r;
}

static int call_uri(struct side *s, const char *uri)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	return offhook_call_make(s->phone, s->account, &cfg, &s->call);
}

static bool said(const struct side *s, const char *words)
{
	if (strstr(s->message, words))
		return true;
	print_error("no '%s' in:\n%s\n", words, s->message);
	return false;
}

static struct offhook_call_stats stats_of(struct side *s)
{
	struct offhook_call_stats stats = {.size = sizeof(stats)};

	CHECK_OK(offhook_call_get_stats(s->phone, s->call, &stats));
	return stats;
}

/* ---- IPv6 ---- */

TEST(a_whole_call_over_ipv6)
{
	struct rig *r = dual_rig();
	struct offhook_call_stats stats;

	CHECK_OK(call_uri(&r->a, "sip:bob@[" B_IP6 "]"));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(said(&r->b, "INVITE sip:bob@[" B_IP6 "] SIP/2.0\r\n"));
	CHECK(said(&r->b, "\r\nVia: SIP/2.0/UDP [" A_IP6 "]:5060;branch="));
	CHECK(said(&r->b, "\r\nContact: <sip:alice@[" A_IP6 "]:5060>\r\n"));
	CHECK(said(&r->b, "\r\nc=IN IP6 " A_IP6 "\r\n"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	/* RFC 3581 4: where the request came from, without brackets as RFC 5118 4.5 has it. */
	CHECK(said(&r->a, ";received=" A_IP6 ";rport=5060\r\n"));
	CHECK(said(&r->a, "\r\nContact: <sip:bob@[" B_IP6 "]:5060>\r\n"));
	CHECK(said(&r->a, "\r\nc=IN IP6 " B_IP6 "\r\n"));
	rig_run_ms(r, 500);
	stats = stats_of(&r->a);
	CHECK(stats.rx_packets > 10 && strstr(stats.remote, "[" B_IP6 "]:") == stats.remote);
	CHECK(stats_of(&r->b).rx_packets > 10);

	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	CHECK(rig_wait(&r->a, "REMOTE_HOLD"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED(200)"));
	rig_close(r);
}

TEST(the_target_chooses_the_family)
{
	static const struct {
		const char *uri, *via;
	} rows[] = {
		{"sip:bob@" RIG_B_IP, "Via: SIP/2.0/UDP " RIG_A_IP ":5060"},
		{"sip:bob@[" B_IP6 "]:5060", "Via: SIP/2.0/UDP [" A_IP6 "]:5060"},
		{"sip:bob@six.example.com", "Via: SIP/2.0/UDP [" A_IP6 "]:5060"},
		{"sip:bob@four.example.com", "Via: SIP/2.0/UDP " RIG_A_IP ":5060"},
		{"sip:bob@both.example.com", "Via: SIP/2.0/UDP [" A_IP6 "]:5060"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = dual_rig();

		CHECK_OK(sim_dns_addr(r->sim, "six.example.com", B_IP6));
		CHECK_OK(sim_dns_addr(r->sim, "four.example.com", RIG_B_IP));
		CHECK_OK(sim_dns_addr(r->sim, "both.example.com", B_IP6));
		CHECK_OK(sim_dns_addr(r->sim, "both.example.com", RIG_B_IP));
		CHECK_OK(call_uri(&r->a, rows[i].uri));
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK(said(&r->b, rows[i].via));
		rig_close(r);
	}
}

/* RFC 3263 4.3 across families: the second attempt has sockets, Contact and description of its own. */
TEST(when_ipv6_is_dead_ipv4_carries_the_call)
{
	struct rig *r = dual_rig();

	CHECK_OK(sim_dns_addr(r->sim, "both.example.com", "2001:db8::77"));
	CHECK_OK(sim_dns_addr(r->sim, "both.example.com", RIG_B_IP));
	CHECK_OK(call_uri(&r->a, "sip:bob@both.example.com"));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(said(&r->b, "\r\nContact: <sip:alice@" RIG_A_IP ":5060>\r\n"));
	CHECK(said(&r->b, "\r\nc=IN IP4 " RIG_A_IP "\r\n"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	rig_run_ms(r, 200);
	CHECK(stats_of(&r->b).rx_packets > 5);
	rig_close(r);
}

TEST(what_no_transport_can_reach_is_told_at_once)
{
	static const struct {
		const char *uri;
		int err;
	} rows[] = {
		{"sip:bob@[" B_IP6 "]", OH_ETRANSPORT},
		{"sips:bob@" RIG_B_IP, OH_ETRANSPORT},
		{"sip:bob@" RIG_B_IP ";transport=tcp", OH_ETRANSPORT},
		{"sip:bob@" RIG_B_IP ";transport=tls", OH_ETRANSPORT},
		{"tel:+15551234", OH_ESCHEME},
		{"sip:", OH_EURI},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_EQ(call_uri(&r->a, rows[i].uri), rows[i].err);
		CHECK_STR(r->a.log, "");
	}
	CHECK_EQ(call_uri(&r->a, "sips:bob@" RIG_B_IP), OH_ETRANSPORT);
	CHECK(strstr(offhook_error_detail(), "TLS") != NULL);
	rig_close(r);
}

/* ---- several addresses ---- */

TEST(a_stranger_is_answered_from_the_address_that_it_asked)
{
	const struct host_dgram_cfg rtp_cfg = {.local = {.family = NETADDR_IP4, .port = 4000}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct host_dgram *rtp;
	struct host_rx rx;
	struct peer p;
	char text[NETADDR_TEXT], packet[1500];

	peer_open(&p, r);
	CHECK_OK(host_dgram_open(p.host, &rtp_cfg, &rtp));
	CHECK_OK(sim_host_add_ip(r->b.host, "192.0.2.77"));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("192.0.2.77"), 5060, &p.phone));
	peer_say(&p, "INVITE", "bob", "", 1, "", AUDIO_AT(PEER_IP));
	rig_run_ms(r, 150);
	CHECK(peer_hear(&p) && peer_got(&p, "100 Trying"));
	CHECK_STR(netaddr_text(&p.from, text), "192.0.2.77:5060");
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(peer_hear(&p) && peer_got(&p, "200 OK"));
	CHECK_STR(netaddr_text(&p.from, text), "192.0.2.77:5060");
	CHECK(peer_got(&p, "\r\nContact: <sip:bob@192.0.2.77:5060>\r\n"));
	CHECK(peer_got(&p, "\r\nc=IN IP4 192.0.2.77\r\n"));
	/* Its audio, too, before a packet of the peer has said where to. */
	rig_run_ms(r, 100);
	CHECK_OK(host_dgram_recv(rtp, packet, sizeof(packet), &rx));
	CHECK_STR(netaddr_ip_text(&rx.from, false, text), "192.0.2.77");
	host_dgram_close(rtp);
	peer_close(&p);
	rig_close(r);
}

TEST(a_public_address_is_published_everywhere)
{
	static const struct {
		const char *address, *public, *uri, *contact, *conn;
	} rows[] = {
		{RIG_A_IP, "203.0.113.9", "sip:bob@" RIG_B_IP, "Contact: <sip:alice@203.0.113.9:5070>\r\n",
			"c=IN IP4 203.0.113.9\r\n"},
		{"::", "2001:db8::99", "sip:bob@[" B_IP6 "]", "Contact: <sip:alice@[2001:db8::99]:5070>\r\n",
			"c=IN IP6 2001:db8::99\r\n"},
		{RIG_A_IP, "phone.example.com", "sip:bob@" RIG_B_IP,
			"Contact: <sip:alice@phone.example.com:5070>\r\n", "c=IN IP4 203.0.113.8\r\n"},
		{RIG_A_IP, "nobody.example.com", "sip:bob@" RIG_B_IP,
			"Contact: <sip:alice@nobody.example.com:5070>\r\n", "c=IN IP4 " RIG_A_IP "\r\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = dual_rig();
		struct offhook_account_cfg cfg;
		offhook_id id;

		CHECK_OK(sim_dns_addr(r->sim, "phone.example.com", "203.0.113.8"));
		add_transport(&r->a, rows[i].address, 5070, rows[i].public, &id);
		rig_run_ms(r, 100);
		offhook_account_cfg_init(&cfg);
		cfg.uri = "sip:alice@example.com";
		cfg.transport = id;
		CHECK_OK(offhook_account_add(r->a.phone, &cfg, &r->a.account));
		CHECK_OK(call_uri(&r->a, rows[i].uri));
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK(said(&r->b, rows[i].contact));
		CHECK(said(&r->b, rows[i].conn));
		CHECK_OK(side_hangup(&r->b, 0));
		rig_close(r);
	}
}

TEST(a_public_name_may_move_and_may_go_while_it_is_looked_up)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_account_cfg cfg;
	offhook_id id;

	add_transport(&r->a, NULL, 5070, "phone.example.com", &id);
	CHECK_OK(offhook_transport_remove(r->a.phone, id));
	rig_run_ms(r, 1000);
	add_transport(&r->a, NULL, 5070, "phone.example.com", &id);
	rig_run_ms(r, 1000);
	offhook_account_cfg_init(&cfg);
	cfg.uri = "sip:alice@example.com";
	cfg.transport = id;
	CHECK_OK(offhook_account_add(r->a.phone, &cfg, &r->a.account));
	CHECK_OK(sim_dns_addr(r->sim, "phone.example.com", "203.0.113.8"));
	for (int i = 0; i < 3; i++) {
		/* Not known; asked again after a minute, in the background; known. */
		side_forget(&r->b);
		CHECK_OK(call_uri(&r->a, "sip:bob@" RIG_B_IP));
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK(said(&r->b, i < 2 ? "c=IN IP4 " RIG_A_IP "\r\n" : "c=IN IP4 203.0.113.8\r\n"));
		CHECK_OK(side_hangup(&r->b, 0));
		rig_run_ms(r, 61000);
	}
	rig_close(r);
}

/* ---- a name for the peer's audio ---- */

struct listener {
	struct host_dgram *rtp;
	struct netaddr phone; /* where its audio is */
};

static void listen_rtp(struct listener *l, struct peer *p)
{
	const struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 4000}};

	CHECK_OK(host_dgram_open(p->host, &cfg, &l->rtp));
}

static unsigned heard(struct listener *l)
{
	char packet[1500];
	struct host_rx rx;
	unsigned n = 0;

	while (host_dgram_recv(l->rtp, packet, sizeof(packet), &rx) == 0)
		n++;
	return n;
}

static void answered(struct peer *p, char tag[64], const char *offer)
{
	peer_say(p, "INVITE", "bob", "", 1, "", offer);
	CHECK_OK(side_answer(&p->r->b, 200));
	CHECK(peer_hear(p) && peer_got(p, "200 OK"));
	peer_tag(p, tag);
	peer_say(p, "ACK", "bob", tag, 1, "", "");
}

TEST(audio_goes_to_where_the_peers_name_leads)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct listener l;
	struct peer p;
	char tag[64];

	peer_open(&p, r);
	listen_rtp(&l, &p);
	CHECK_OK(sim_dns_addr(r->sim, "media.example.com", PEER_IP));
	answered(&p, tag, AUDIO_AT("media.example.com"));
	CHECK_STR(r->b.log, "INCOMING MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) ");
	rig_run_ms(r, 500);
	CHECK(heard(&l) > 10);
	CHECK_STR(stats_of(&r->b).remote, PEER_IP ":4000");
	CHECK_EQ(stats_of(&r->b).tx_packets > 10, 1);

	/* The same name again: nothing changes and nothing is asked. */
	peer_say(&p, "INVITE", "bob", tag, 2, "", AUDIO_AT("media.example.com"));
	CHECK(peer_got(&p, "200 OK"));
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	(void)heard(&l);
	rig_run_ms(r, 100);
	CHECK(heard(&l) >= 4);
	peer_say(&p, "BYE", "bob", tag, 3, "", "");
	host_dgram_close(l.rtp);
	peer_close(&p);
	rig_close(r);
}

TEST(a_name_that_leads_nowhere_waits_for_the_peers_audio)
{
	static const uint8_t packet[12 + 160] = {0x80, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct listener l;
	struct peer p;
	struct netaddr to;
	const char *port;
	char tag[64];

	peer_open(&p, r);
	listen_rtp(&l, &p);
	answered(&p, tag, AUDIO_AT("nobody.example.com"));
	rig_run_ms(r, 500);
	CHECK_EQ(heard(&l), 0);
	CHECK_EQ(stats_of(&r->b).tx_packets, 0);

	CHECK_OK(netaddr_parse_ip(SLICE_LIT(RIG_B_IP), 0, &to));
	peer_say(&p, "INVITE", "bob", tag, 2, "", AUDIO_AT("nobody.example.com"));
	port = strstr(p.got, "m=audio ");
	assert_non_null(port);
	to.port = (uint16_t)strtoul(port + 8, NULL, 10);
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	for (int i = 0; i < 3; i++) {
		uint8_t copy[sizeof(packet)];

		memcpy(copy, packet, sizeof(packet));
		copy[3] = (uint8_t)(i + 1);
		CHECK_OK(host_dgram_send(l.rtp, &to, NULL, copy, sizeof(copy)));
		rig_run_ms(r, 20);
	}
	rig_run_ms(r, 200);
	CHECK(heard(&l) > 5);
	peer_say(&p, "BYE", "bob", tag, 3, "", "");
	host_dgram_close(l.rtp);
	peer_close(&p);
	rig_close(r);
}

TEST(a_call_may_end_while_the_name_is_looked_up)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	CHECK_OK(sim_dns_answer(r->sim, "slow.example.com", HOST_DNS_A, NULL, 0, 5 * NS_PER_S));
	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", AUDIO_AT("slow.example.com"));
	CHECK_OK(side_answer(&r->b, 183));
	CHECK_OK(side_hangup(&r->b, 0));
	peer_close(&p);
	rig_close(r);
}

/* Every allocation on the way from a public name and a peer's name to audio fails once. */
static int call_by_names(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_transport_cfg cfg;
	struct peer_request invite = {"INVITE", .cseq = 1, .body = AUDIO_AT("media.example.com")};
	struct host_dgram_cfg socket = {.local = {.family = NETADDR_IP4, .port = 5060}};
	struct peer p = {.r = r};
	offhook_id id;
	int err = OH_ENOMEM;

	(void)arg;
	if (!r)
		return err;
	if (sim_dns_addr(r->sim, "media.example.com", PEER_IP) ||
		sim_dns_addr(r->sim, "phone.example.com", "203.0.113.8") ||
		sim_host_new(r->sim, PEER_IP, &p.host) || host_dgram_open(p.host, &socket, &p.dgram))
		goto done;
	offhook_transport_cfg_init(&cfg);
	cfg.port = 5070;
	cfg.public_address = "phone.example.com";
	if (offhook_transport_add(r->b.phone, &cfg, &id))
		goto done;
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(RIG_B_IP), 5070, &p.phone));
	peer_ask(&p, &invite);
	if (strstr(r->b.log, "INCOMING") && side_answer(&r->b, 200) == 0) {
		rig_run_ms(r, 200);
		/* The name was found; a name that could not be looked up is only logged. */
		err = strstr(stats_of(&r->b).remote, PEER_IP) ? 0 : OH_ENOMEM;
	}
done:
	offhook_phone_free(r->a.phone);
	offhook_phone_free(r->b.phone);
	r->a.phone = r->b.phone = NULL;
	host_dgram_close(p.dgram);
	host_free(p.host);
	rig_drop(r);
	return err;
}

TEST(names_without_memory_leave_nothing_behind)
{
	check_every_allocation_fails(call_by_names, NULL);
}

/* ---- whose call it is ---- */

TEST(accounts_are_matched_by_user_host_priority_and_transport)
{
	enum { ALICE, ALICE_FIVE, ALICE_ELSEWHERE, LINE_1, LINE_2, SIX, N_ACCOUNTS };
	static const struct {
		const char *uri, *line;
		uint16_t port;
		int account; /* -1: the default one */
	} rows[] = {
		{"user and host, the higher priority", "sip:alice@example.com SIP/2.0", 5060, ALICE_FIVE},
		{"the user alone", "sip:alice@192.0.2.2 SIP/2.0", 5060, ALICE_ELSEWHERE},
		{"no user: the transport's own account", "sip:192.0.2.2:5071 SIP/2.0", 5071, LINE_1},
		{"equal but for the transport", "sip:192.0.2.2:5072 SIP/2.0", 5072, LINE_2},
		{"a user that nobody has", "sip:5551234@192.0.2.2 SIP/2.0", 5072, LINE_2},
		{"nobody at all", "sip:nobody@192.0.2.2 SIP/2.0", 5060, -1},
		{"IPv6 in another spelling", "sip:six@[2001:DB8:0:0::5] SIP/2.0", 5060, SIX},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct {
		const char *uri;
		int priority;
		offhook_id transport, id;
	} accounts[N_ACCOUNTS] = {
		[ALICE] = {"sip:alice@example.com", 0, 0, 0},
		[ALICE_FIVE] = {"sip:alice@example.com", 5, 0, 0},
		[ALICE_ELSEWHERE] = {"sip:alice@elsewhere.example", 9, 0, 0},
		[LINE_1] = {NULL, 0, 0, 0},
		[LINE_2] = {NULL, 0, 0, 0},
		[SIX] = {"sip:six@[2001:db8::5]", 0, 0, 0},
	};
	struct peer p;

	add_transport(&r->b, RIG_B_IP, 5071, NULL, &accounts[LINE_1].transport);
	add_transport(&r->b, RIG_B_IP, 5072, NULL, &accounts[LINE_2].transport);
	for (int i = 0; i < N_ACCOUNTS; i++) {
		struct offhook_account_cfg cfg;

		offhook_account_cfg_init(&cfg);
		cfg.uri = accounts[i].uri;
		cfg.priority = accounts[i].priority;
		cfg.transport = accounts[i].transport;
		CHECK_OK(offhook_account_add(r->b.phone, &cfg, &accounts[i].id));
	}
	peer_open(&p, r);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_call_info *info;

		p.phone.port = rows[i].port;
		peer_ask(&p, &(struct peer_request){"INVITE", .line = rows[i].line, .cseq = i + 1});
		info = side_info(&r->b);
		if (info->account != (rows[i].account < 0 ? r->b.account : accounts[rows[i].account].id))
			fail_msg("%s", rows[i].uri);
		offhook_call_info_free(info);
		CHECK_OK(side_hangup(&r->b, 0));
		peer_hear(&p);
	}
	peer_close(&p);
	rig_close(r);
}

TESTS(RUN(a_whole_call_over_ipv6), RUN(the_target_chooses_the_family),
	RUN(when_ipv6_is_dead_ipv4_carries_the_call), RUN(what_no_transport_can_reach_is_told_at_once),
	RUN(a_stranger_is_answered_from_the_address_that_it_asked),
	RUN(a_public_address_is_published_everywhere),
	RUN(a_public_name_may_move_and_may_go_while_it_is_looked_up),
	RUN(audio_goes_to_where_the_peers_name_leads),
	RUN(a_name_that_leads_nowhere_waits_for_the_peers_audio),
	RUN(a_call_may_end_while_the_name_is_looked_up), RUN(names_without_memory_leave_nothing_behind),
	RUN(accounts_are_matched_by_user_host_priority_and_transport))
