/* SIP over UDP: RFC 3261 18, RFC 3581; once on real sockets. */
#include "rig.h"

#define FROM_TO "From: <sip:a@b>;tag=9\nTo: <sip:bob@example.com>\nCall-ID: x\nMax-Forwards: 70\n"

static struct netaddr addr_of(const char *ip, uint16_t port)
{
	struct netaddr a = {0};

	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &a));
	return a;
}

/* ---- where responses go: RFC 3261 18.2.1, 18.2.2, RFC 3581 4 ---- */

static struct netaddr went_to;

static void note_target(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	(void)arg;
	(void)fate;
	went_to = p->to;
}

TEST(responses_go_where_the_via_and_the_source_say)
{
	static const struct {
		const char *via; /* the source is 192.0.2.2:5070 */
		const char *to, *answer;
	} rows[] = {
		{"192.0.2.2:5070;branch=z9hG4bKa", "192.0.2.2:5070", "192.0.2.2:5070;branch=z9hG4bKa"},
		{"192.0.2.2;branch=z9hG4bKa", "192.0.2.2:5060", "192.0.2.2;branch=z9hG4bKa"},
		{"192.0.2.2:5099;branch=z9hG4bKa", "192.0.2.2:5099", "192.0.2.2:5099;branch=z9hG4bKa"},
		{"192.0.2.9:5070;branch=z9hG4bKa", "192.0.2.2:5070",
			"192.0.2.9:5070;branch=z9hG4bKa;received=192.0.2.2"},
		{"pc.example.com;branch=z9hG4bKa", "192.0.2.2:5060",
			"pc.example.com;branch=z9hG4bKa;received=192.0.2.2"},
		{"192.0.2.2:5099;rport;branch=z9hG4bKa", "192.0.2.2:5070",
			"192.0.2.2:5099;branch=z9hG4bKa;received=192.0.2.2;rport=5070"},
		{"192.0.2.9;branch=z9hG4bKa;received=192.0.2.66;rport", "192.0.2.2:5070",
			"192.0.2.9;branch=z9hG4bKa;received=192.0.2.2;rport=5070"},
		{"192.0.2.9:5071;maddr=192.0.2.3;branch=z9hG4bKa", "192.0.2.3:5071",
			"192.0.2.9:5071;maddr=192.0.2.3;branch=z9hG4bKa;received=192.0.2.2"},
		{"192.0.2.9;maddr=192.0.2.3;branch=z9hG4bKa", "192.0.2.3:5060",
			"192.0.2.9;maddr=192.0.2.3;branch=z9hG4bKa;received=192.0.2.2"},
		{"192.0.2.2;maddr=some.name;branch=z9hG4bKa", "192.0.2.2:5060",
			"192.0.2.2;maddr=some.name;branch=z9hG4bKa"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* Once with a transaction, once without. */
		for (int known = 0; known < 2; known++) {
			struct rig *r = rig_new();
			char text[1024], to[NETADDR_TEXT], via[256];

			sim_tap(r->sim, note_target, NULL);
			snprintf(text, sizeof(text),
				"%s sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP %s\n" FROM_TO "CSeq: 1 %s\n",
				known ? "OPTIONS" : "PUBLISH", rows[i].via, known ? "OPTIONS" : "PUBLISH");
			rig_send(r, text);
			if (known)
				rig_respond(r, 200);
			CHECK_STR(netaddr_text(&went_to, to), rows[i].to);
			if (netaddr_eq_ip(&went_to,
				    &(struct netaddr){.family = NETADDR_IP4, .ip = {192, 0, 2, 2}}) &&
				went_to.port == 5070) {
				snprintf(via, sizeof(via), "SIP/2.0/UDP %s", rows[i].answer);
				CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 "), "Via"), via);
			}
			rig_close(r);
		}
	}
}

/* A machine with two addresses answers from the one that was asked. */
TEST(replies_leave_from_the_address_that_was_asked)
{
	const struct sip_transport_cfg any = {
		.type = SIP_TRANSPORT_UDP, .local = {.family = NETADDR_IP4, .port = 5080}};
	struct rig *r = rig_new();
	struct sip_transport *t;
	struct host_rx rx;
	char buf[2048];

	CHECK_OK(sim_host_add_ip(r->host, "192.0.2.77"));
	CHECK_OK(sip_transport_new(r->stack, &any, &t));
	host_dgram_watch(r->peer, NULL);
	r->stack_addr = addr_of("192.0.2.77", 5080);
	rig_send(r, rig_request(r, "OPTIONS", "z9hG4bKa", 1, ""));
	CHECK_STR(netaddr_text(&sip_server_flow(r->server)->local, buf), "192.0.2.77:5080");
	rig_respond(r, 200);
	CHECK_OK(host_dgram_recv(r->peer, buf, sizeof(buf), &rx));
	CHECK_STR(netaddr_text(&rx.from, buf), "192.0.2.77:5080");
	rig_close(r);
}

/* ---- what is no message ---- */

TEST(keep_alives_and_noise_are_not_answered)
{
	static const struct {
		struct slice bytes;
		uint64_t messages, dropped;
	} rows[] = {
		{SLICE_LIT("\r\n\r\n"), 0, 0}, /* RFC 5626 3.5.1 */
		{SLICE_LIT("\r\n"), 0, 0},
		{SLICE_LIT(""), 0, 0},
		{SLICE_LIT("hello\r\n\r\n"), 1, 1},
		{SLICE_LIT("OPTIONS sip:a@b SIP/2.0\r\n\r\n"), 1, 1}, /* no Via: nobody to tell */
		{SLICE_LIT("SIP/2.0 200 OK\r\n\r\n"), 1, 1},
		{SLICE_LIT("SIP/2.0 2000 OK\r\n\r\n"), 1, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();

		CHECK_OK(host_dgram_send(r->peer, &r->stack_addr, NULL, rows[i].bytes.p, rows[i].bytes.n));
		rig_expect_nothing(r);
		CHECK_EQ(rig_counters(r).rx_messages, rows[i].messages);
		CHECK_EQ(rig_counters(r).rx_dropped, rows[i].dropped);
		CHECK_EQ(r->requests, 0);
		rig_close(r);
	}
}

/* RFC 3261 8.2, 18.3: the answer names what is wrong, and what could be read of the request comes back. */
TEST(faulty_requests_are_told_what_is_wrong)
{
	static const struct {
		const char *request, *answer;
	} rows[] = {
		{"OPTIONS sip:bob@192.0.2.1 SIP/7.0\nVia: SIP/7.0/UDP "
		 "192.0.2.2:5070;branch=z9hG4bKa\n" FROM_TO "CSeq: 1 OPTIONS\n",
			"SIP/2.0 505 "},
		{"OPTIONS sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP "
		 "192.0.2.2:5070;branch=z9hG4bKa\n" FROM_TO "CSeq: 1 INVITE\n",
			"SIP/2.0 400 "},
		{"OPTIONS sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKa\n"
		 "From: <sip:a@b>;tag=9\nTo: <sip:bob@example.com>\nCSeq: 1 OPTIONS\n",
			"SIP/2.0 400 "},
	};
	struct rig *r = rig_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *answer;

		rig_send(r, rows[i].request);
		answer = rig_expect(r, rows[i].answer);
		CHECK_STR(rig_header(r, answer, "From"), "<sip:a@b>;tag=9");
		CHECK(rig_has(answer, "branch=z9hG4bKa"));
	}
	CHECK_EQ(r->requests, 0);
	rig_close(r);
}

static size_t lines_logged;
static char last_line[256];

static void count_line(void *arg, enum log_level level, const char *module, const char *text)
{
	(void)arg;
	(void)level;
	(void)module;
	snprintf(last_line, sizeof(last_line), "%s", text);
	lines_logged++;
}

/* A flood of nonsense must not become a flood of log lines. */
TEST(log_about_strangers_is_limited)
{
	struct rig *r = rig_new();

	lines_logged = 0;
	host_log_to(r->host, LOG_DEBUG, count_line, NULL);
	for (int i = 0; i < 1000; i++)
		CHECK_OK(host_dgram_send(r->peer, &r->stack_addr, NULL, "nonsense\r\n\r\n", 12));
	rig_settle(r);
	CHECK_EQ(rig_counters(r).rx_dropped, 1000);
	CHECK_EQ(lines_logged, 1);
	/* A second later the next line tells of them; so does one about a request that was refused. */
	rig_run_for(r, 1000);
	rig_send(r, "OPTIONS sip:bob@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKx\n"
		    "From: <sip:a@b>;tag=1\nTo: <sip:bob@192.0.2.1>\nCall-ID: x\nCSeq: nothing OPTIONS\n");
	rig_expect(r, "SIP/2.0 400 ");
	CHECK_EQ(lines_logged, 2);
	CHECK(strstr(last_line, "refused a message from " RIG_PEER_IP ":5070: "));
	CHECK(strstr(last_line, " (and 999 more since the last such line)"));
	rig_close(r);
}

/* ---- our own side ---- */

TEST(what_we_publish_is_the_local_address_or_the_public_one)
{
	static const struct {
		const char *public_host;
		uint16_t public_port;
		const char *user, *sent_by, *contact;
	} rows[] = {
		{NULL, 0, "bob", "192.0.2.1:5090", "<sip:bob@192.0.2.1:5090>"},
		{NULL, 0, "", "192.0.2.1:5090", "<sip:192.0.2.1:5090>"},
		{"pbx.example.com", 0, "bob", "pbx.example.com:5090", "<sip:bob@pbx.example.com:5090>"},
		{"203.0.113.5", 6000, "bob", "203.0.113.5:6000", "<sip:bob@203.0.113.5:6000>"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new();
		struct sip_transport_cfg cfg = {.type = SIP_TRANSPORT_UDP, .local = addr_of(RIG_IP, 5090)};
		struct sip_flow flow = {.local = addr_of(RIG_IP, 5090), .remote = addr_of(RIG_PEER_IP, 5070)};
		char buf[SIP_SENT_BY_MAX];
		struct slice contact;

		cfg.public_host = slice_of(rows[i].public_host);
		cfg.public_port = rows[i].public_port;
		CHECK_OK(sip_transport_new(r->stack, &cfg, &flow.transport));
		CHECK_SLICE(sip_flow_sent_by(&flow, buf, sizeof(buf)), rows[i].sent_by);
		CHECK_OK(sip_flow_contact(&flow, slice_of(rows[i].user), buf, sizeof(buf), &contact));
		CHECK_SLICE(contact, rows[i].contact);
		CHECK_EQ(sip_flow_contact(&flow, slice_of("bob"), buf, 8, &contact), OH_ETOOBIG);
		CHECK(!sip_flow_reliable(&flow));
		rig_close(r);
	}
}

TEST(transports_that_cannot_be_are_refused)
{
	struct rig *r = rig_new();
	struct sip_transport_cfg cfg = {.type = SIP_TRANSPORT_UDP, .local = addr_of(RIG_IP, 5060)};
	struct sip_transport *t = NULL;
	char longest[SIP_PUBLIC_HOST_MAX + 2];

	CHECK(sip_transport_new(r->stack, &cfg, &t) < OH_EOS); /* the rig has that port */
	cfg.local.port = 0;
	cfg.public_host = SLICE_LIT("a\r\nX: y");
	CHECK_EQ(sip_transport_new(r->stack, &cfg, &t), OH_EINVAL);
	memset(longest, 'a', sizeof(longest));
	cfg.public_host = slice_make(longest, sizeof(longest));
	CHECK_EQ(sip_transport_new(r->stack, &cfg, &t), OH_EINVAL);
	CHECK(!t);
	CHECK_EQ(rig_counters(r).transports, 1);
	rig_close(r);
}

struct traced {
	size_t in, out;
};

static void trace(void *arg, bool out, const struct sip_flow *flow, struct slice bytes)
{
	struct traced *seen = arg;

	CHECK(flow->transport);
	CHECK(bytes.n > 0);
	*(out ? &seen->out : &seen->in) += 1;
}

TEST(trace_sees_every_message)
{
	struct traced seen = {0};
	const struct sip_stack_cfg cfg = {
		.trace = trace, .trace_arg = &seen, .user_agent = SLICE_LIT("offhook")};
	struct rig *r = rig_new_with(&cfg);

	rig_send(r, rig_request(r, "OPTIONS", "z9hG4bKa", 1, ""));
	rig_respond(r, 200);
	CHECK_STR(rig_header(r, rig_expect(r, "SIP/2.0 200"), "Server"), "offhook");
	rig_send(r, "nonsense\n\n");
	rig_call(r, SIP_OPTIONS);
	CHECK_STR(rig_header(r, rig_expect(r, "OPTIONS"), "User-Agent"), "offhook");
	CHECK_EQ(seen.in, 2);
	CHECK_EQ(seen.out, 2);
	CHECK_EQ(rig_counters(r).tx_messages, 2);
	rig_close(r);
}

static void close_in_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct rig *r = *(struct rig **)arg;

	(void)msg;
	r->requests++;
	sip_refuse(server, 486, NULL);
	r->udp = sip_transport_free(r->udp);
}

TEST(transport_may_be_closed_by_what_it_received)
{
	struct rig *r = NULL;
	const struct sip_stack_cfg cfg = {.handler = {.request = close_in_request, .arg = &r}};

	r = rig_new_with(&cfg);
	for (unsigned i = 0; i < 3; i++) {
		const char *text = rig_request(r, "INVITE", "z9hG4bKa", i, "Content-Length: 0\n\n");

		CHECK_OK(host_dgram_send(r->peer, &r->stack_addr, NULL, text, strlen(text)));
	}
	rig_settle(r);
	CHECK(r->requests <= 1);
	rig_send(r, rig_request(r, "INVITE", "z9hG4bKb", 9, ""));
	CHECK_EQ(rig_counters(r).transports, 0);
	rig_close(r);
}

TEST(ack_to_a_2xx_is_kept_and_repeated)
{
	struct rig *r = rig_new();
	struct sip_request req = rig_out(SIP_ACK);
	struct sip_ack *ack;
	const char *first;

	CHECK_OK(sip_ack_send(r->stack, &req, &ack));
	first = rig_expect(r, "ACK sip:bob@192.0.2.2:5070 SIP/2.0\r\n");
	CHECK_STR(rig_header(r, first, "CSeq"), "1 ACK");
	rig_run_for(r, 40000);
	rig_expect_nothing(r); /* never by itself */
	sip_ack_again(ack);
	CHECK_STR(rig_expect(r, "ACK "), first);
	r->udp = sip_transport_free(r->udp);
	sip_ack_again(ack); /* into the void */
	rig_expect_nothing(r);
	ack = sip_ack_free(ack);
	req.target = SLICE_LIT("tel:123");
	CHECK_EQ(sip_ack_send(r->stack, &req, &ack), OH_ESCHEME);
	rig_close(r);
}

TEST(tokens_differ_and_hold_only_letters_and_digits)
{
	struct rig *r = rig_new();
	char token[100][33];

	for (size_t i = 0; i < ARRAY_LEN(token); i++) {
		sip_stack_token(r->stack, token[i], 32);
		CHECK_EQ(strlen(token[i]), 32);
		CHECK_EQ(strspn(token[i], "0123456789abcdefghijklmnopqrstuvwxyz"), 32);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(token[i], token[j]) != 0);
	}
	rig_close(r);
}

static int open_and_close(void *arg)
{
	struct sim *sim = NULL;
	struct host *h = NULL;
	struct sip_stack_cfg cfg = {.user_agent = SLICE_LIT("x")};
	const struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP,
		.local = addr_of(RIG_IP, 0),
		.public_host = SLICE_LIT("example.com")};
	struct sip_stack *s = NULL;
	struct sip_transport *t;
	int err = sim_new(1, &sim);

	(void)arg;
	if (!err)
		err = sim_host_new(sim, RIG_IP, &h);
	cfg.host = h;
	if (!err)
		err = sip_stack_new(&cfg, &s);
	if (!err)
		err = sip_transport_new(s, &udp, &t);
	sip_stack_free(s);
	host_free(h);
	sim_free(sim);
	return err;
}

TEST(opening_survives_every_failing_allocation)
{
	check_every_allocation_fails(open_and_close, NULL);
}

TESTS(RUN(responses_go_where_the_via_and_the_source_say), RUN(replies_leave_from_the_address_that_was_asked),
	RUN(keep_alives_and_noise_are_not_answered), RUN(faulty_requests_are_told_what_is_wrong),
	RUN(log_about_strangers_is_limited), RUN(what_we_publish_is_the_local_address_or_the_public_one),
	RUN(transports_that_cannot_be_are_refused), RUN(trace_sees_every_message),
	RUN(transport_may_be_closed_by_what_it_received), RUN(ack_to_a_2xx_is_kept_and_repeated),
	RUN(tokens_differ_and_hold_only_letters_and_digits), RUN(opening_survives_every_failing_allocation))
