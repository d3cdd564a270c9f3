#include "rig.h"

#include "host/talk.h"
#include "sip/conn.h"
#include "sip/keepalive.h"

/* A stack with TCP beside the rig's UDP, and a peer that talks to it over a connection. */
struct tcp {
	struct rig *r;
	struct sip_transport *t;
	struct talker peer;  /* it connects to us */
	struct door door;    /* we connect to it: port 5070 */
	struct netaddr here; /* ours */
	int failed;          /* what a keep-alive told */
	struct netaddr mapped;
	int changes;
};

static int tcp_add(struct tcp *p, uint32_t max_conns, uint32_t max_conns_ip)
{
	const struct sip_transport_cfg cfg = {.type = SIP_TRANSPORT_TCP,
		.local = p->r->stack_addr,
		.max_conns = max_conns,
		.max_conns_ip = max_conns_ip};

	return sip_transport_new(p->r->stack, &cfg, &p->t);
}

static void tcp_open(struct tcp *p)
{
	const struct sim_wire wire = {.delay_ns = NS_PER_MS};

	*p = (struct tcp){.r = rig_new()};
	sim_wire(p->r->sim, &wire);
	p->here = p->r->stack_addr;
	CHECK_OK(tcp_add(p, 0, 0));
	door_open(&p->door, p->r->peer_host, RIG_PEER_IP, RIG_PEER_PORT);
}

static void tcp_call_up(struct tcp *p)
{
	talker_connect(&p->peer, p->r->peer_host, &p->here);
	rig_run_for(p->r, 10);
	CHECK_EQ(p->peer.opened, 1);
}

static void tcp_close(struct tcp *p)
{
	talker_end(&p->peer);
	door_close(&p->door);
	p->t = sip_transport_free(p->t);
	rig_close(p->r);
}

/* With "\n" for line ends and an empty body. */
static const char *wire_text(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text && n + 32 < size; text++) {
		if (*text == '\n')
			buf[n++] = '\r';
		buf[n++] = *text;
	}
	buf[n] = 0;
	strcat(buf, "Content-Length: 0\r\n\r\n");
	return buf;
}

static void say(struct talker *t, const char *text)
{
	char buf[4096];

	talker_say(t, wire_text(text, buf, sizeof(buf)));
}

static bool heard(const struct talker *t, const char *piece)
{
	return t->text && strstr(t->text, piece) != NULL;
}

static size_t count(const struct talker *t, const char *piece)
{
	size_t n = 0;

	for (const char *p = t->text; p && (p = strstr(p, piece)) != NULL; p++)
		n++;
	return n;
}

/* A request of ours to the peer's door. */
static int call_door(struct tcp *p, enum sip_method method, struct sip_client **ret_client)
{
	const struct sip_client_handler handler = rig_client_handler(p->r);
	struct sip_request req = rig_out(method);

	req.flow = (struct sip_flow){
		.transport = p->t, .local = p->here, .remote = addr_of(RIG_PEER_IP, RIG_PEER_PORT)};
	return sip_client_send(p->r->stack, &req, &handler, ret_client);
}

TEST(requests_are_cut_out_of_a_stream_however_it_is_cut)
{
	static const size_t segments[] = {0, 1, 7, SIM_SEGMENT_MAX};

	for (size_t i = 0; i < ARRAY_LEN(segments); i++) {
		struct tcp p;
		char buf[4096], both[8192];

		tcp_open(&p);
		tcp_call_up(&p);
		sim_segments(p.r->sim, segments[i]);
		strcpy(both, wire_text(rig_request(p.r, "OPTIONS", "z9hG4bKa", 1, ""), buf, sizeof(buf)));
		strcat(both, "\r\n");
		strcat(both, wire_text(rig_request(p.r, "NOTKNOWN", "z9hG4bKb", 2, ""), buf, sizeof(buf)));
		talker_say(&p.peer, both);
		rig_run_for(p.r, 100);
		CHECK_EQ(p.r->requests, 1);
		rig_respond(p.r, 200);
		rig_run_for(p.r, 100);
		CHECK(heard(&p.peer, "SIP/2.0 200 OK\r\n"));
		CHECK(heard(&p.peer, "SIP/2.0 501 "));
		CHECK_EQ(p.door.accepted, 0); /* on the connection that it came by */
		tcp_close(&p);
	}
}

TEST(our_requests_share_a_connection_and_are_sent_once)
{
	struct tcp p;
	struct sip_client *c;

	tcp_open(&p);
	CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
	CHECK_OK(call_door(&p, SIP_MESSAGE, &c));
	rig_run_for(p.r, 20000);
	CHECK_EQ(p.door.accepted, 1);
	CHECK_EQ(count(&p.door.t, "Via: SIP/2.0/TCP 192.0.2.1:5060;branch="), 2);
	CHECK_EQ(rig_counters(p.r).conns, 1);
	rig_run_for(p.r, 20000);
	CHECK_EQ(p.r->user.done, 2);
	CHECK_EQ(p.r->user.err, OH_ETIMEDOUT); /* timer F */
	CHECK_EQ(count(&p.door.t, "Via:"), 2);
	tcp_close(&p);
}

TEST(nobody_to_connect_to_is_told_at_once_and_silence_after_five_seconds)
{
	const struct sim_wire hole = {.loss = 1};
	struct tcp p;
	struct sip_client *c;

	tcp_open(&p);
	p.door.l = host_listener_close(p.door.l);
	CHECK_OK(call_door(&p, SIP_INVITE, &c));
	rig_run_for(p.r, 10);
	CHECK_EQ(p.r->user.done, 1);
	CHECK_EQ(p.r->user.err, OH_EUNREACH);
	CHECK_OK(sim_wire_between(p.r->sim, RIG_IP, RIG_PEER_IP, &hole));
	CHECK_OK(call_door(&p, SIP_INVITE, &c));
	rig_run_for(p.r, SIP_CONN_OPEN_MS - 1);
	CHECK_EQ(p.r->user.done, 1);
	rig_run_for(p.r, 1);
	CHECK_EQ(p.r->user.done, 2);
	CHECK_EQ(p.r->user.err, OH_EUNREACH);
	tcp_close(&p);
}

TEST(a_connection_that_ends_ends_what_waits_on_it)
{
	for (int reset = 0; reset < 2; reset++) {
		struct tcp p;
		struct sip_client *c;

		tcp_open(&p);
		CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
		rig_run_for(p.r, 10);
		CHECK_EQ(p.r->user.done, 0);
		p.door.t.s = reset ? host_stream_reset(p.door.t.s) : host_stream_close(p.door.t.s);
		rig_run_for(p.r, 10);
		CHECK_EQ(p.r->user.done, 1);
		CHECK_EQ(p.r->user.err, OH_ECONN);
		CHECK_EQ(rig_counters(p.r).conns, 0);
		/* The next one makes a new one. */
		CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
		rig_run_for(p.r, 10);
		CHECK_EQ(p.door.accepted, 2);
		tcp_close(&p);
	}
}

/* RFC 3261 18.1.1. The rig's peer has a UDP socket on the port of its door. */
TEST(a_request_that_outgrows_udp_goes_over_tcp_and_back_to_udp_when_that_is_refused)
{
	char body[1400];
	struct tcp p;
	struct sip_request req = rig_out(SIP_MESSAGE);
	struct sip_client_handler handler;
	struct sip_client *c;

	tcp_open(&p);
	handler = rig_client_handler(p.r);
	memset(body, 'x', sizeof(body));
	req.content_type = SLICE_LIT("text/plain");
	for (int i = 0; i < 3; i++) {
		req.body = slice_make(body, i == 0 ? 100 : sizeof(body));
		if (i == 2) {
			p.door.l = host_listener_close(p.door.l);
			p.door.t.s = host_stream_close(p.door.t.s);
			rig_run_for(p.r, 10);
		}
		CHECK_OK(sip_client_send(p.r->stack, &req, &handler, &c));
		if (i == 1) {
			rig_run_for(p.r, 10);
			rig_expect_nothing(p.r);
			CHECK_EQ(count(&p.door.t, "Via: SIP/2.0/TCP"), 1);
			say(&p.door.t, rig_response(p.r, p.door.t.text, "200 OK", "bob1", ""));
			rig_run_for(p.r, 10);
		} else {
			const char *got = rig_expect(p.r, "MESSAGE ");

			CHECK(rig_has(got, "Via: SIP/2.0/UDP"));
			rig_reply(p.r, got, "200 OK");
			rig_run_for(p.r, 10);
		}
	}
	CHECK_EQ(p.r->user.n, 3);
	/* It is known now that the peer has no TCP: no attempt, no delay. */
	CHECK_OK(sip_client_send(p.r->stack, &req, &handler, &c));
	rig_reply(p.r, rig_expect_at(p.r, rig_ms(p.r) + 1, "MESSAGE "), "200 OK");
	tcp_close(&p);
}

/* RFC 3261 18.2.2: to the port of the sent-by, here the peer's door. */
TEST(a_response_whose_connection_has_gone_takes_a_new_one)
{
	struct tcp p;

	tcp_open(&p);
	tcp_call_up(&p);
	say(&p.peer, rig_request(p.r, "OPTIONS", "z9hG4bKa", 1, ""));
	rig_run_for(p.r, 10);
	p.peer.s = host_stream_close(p.peer.s);
	rig_run_for(p.r, 10);
	CHECK_EQ(rig_counters(p.r).conns, 0);
	rig_respond(p.r, 200);
	rig_run_for(p.r, 10);
	CHECK_EQ(p.door.accepted, 1);
	CHECK(heard(&p.door.t, "SIP/2.0 200 OK\r\n"));
	tcp_close(&p);
}

TEST(a_ping_is_answered_by_a_pong)
{
	struct tcp p;

	tcp_open(&p);
	tcp_call_up(&p);
	sim_segments(p.r->sim, 1);
	talker_say(&p.peer, "\r\n\r\n");
	rig_run_for(p.r, 50);
	CHECK_STR(p.peer.text, "\r\n");
	talker_say(&p.peer, "\r\n\r\n\r\n\r\n");
	say(&p.peer, rig_request(p.r, "OPTIONS", "z9hG4bKa", 1, ""));
	rig_run_for(p.r, 50);
	CHECK_STR(p.peer.text, "\r\n\r\n\r\n");
	CHECK_EQ(p.r->requests, 1);
	rig_respond(p.r, 200);
	tcp_close(&p);
}

/* What it says, what it hears, and that the connection ends after this many ms. */
TEST(who_does_not_speak_sip_or_not_to_an_end_is_cut_off)
{
	static const struct {
		const char *says, *hears;
		unsigned ms;
	} rows[] = {
		{"", NULL, SIP_CONN_FIRST_MS},
		{"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\nVia: ", NULL, SIP_CONN_FIRST_MS},
		{"GET / HTTP/1.1\r\n", NULL, 0},
		{"\1\2\3\4\r\n", NULL, 0},
		{"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKx\r\n"
		 "To: <sip:b@h>\r\nFrom: <sip:a@h>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n",
			"SIP/2.0 400 No Content-Length\r\n", 0},
		{"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKx\r\n"
		 "To: <sip:b@h>\r\nFrom: <sip:a@h>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
		 "Content-Length: 70000\r\n\r\n",
			"SIP/2.0 513 Message Too Large\r\n", 0},
		{"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKx\r\n"
		 "To: <sip:b@h>\r\nFrom: <sip:a@h>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
		 "Content-Length: -1\r\n\r\n",
			"SIP/2.0 400 Bad Content-Length\r\n", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tcp p;

		tcp_open(&p);
		tcp_call_up(&p);
		if (*rows[i].says)
			talker_say(&p.peer, rows[i].says);
		if (rows[i].ms > 20) {
			rig_run_for(p.r, rows[i].ms - 20);
			CHECK_EQ(p.peer.finished + p.peer.failed, 0);
		}
		rig_run_for(p.r, 100);
		CHECK_EQ(p.peer.finished + p.peer.failed, 1);
		if (rows[i].hears)
			CHECK(heard(&p.peer, rows[i].hears));
		CHECK_EQ(p.r->requests, 0);
		p.peer.s = host_stream_close(p.peer.s);
		rig_run_for(p.r, 10);
		CHECK_EQ(rig_counters(p.r).conns, 0);
		tcp_close(&p);
	}
}

TEST(a_message_has_ten_seconds_and_64_kb)
{
	struct tcp p;
	char *much = mem_zalloc(SIP_MSG_MAX + 1000);

	tcp_open(&p);
	tcp_call_up(&p);
	say(&p.peer, rig_request(p.r, "NOTKNOWN", "z9hG4bKa", 1, ""));
	talker_say(&p.peer, "OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n");
	rig_run_for(p.r, SIP_CONN_MESSAGE_MS - 10);
	CHECK_EQ(p.peer.finished + p.peer.failed, 0);
	rig_run_for(p.r, 20);
	CHECK_EQ(p.peer.finished + p.peer.failed, 1);
	talker_end(&p.peer);

	tcp_call_up(&p);
	memset(much, 'x', SIP_MSG_MAX + 999);
	memcpy(much, "OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\nSubject: ", 44);
	talker_say(&p.peer, much);
	rig_run_for(p.r, 1000);
	CHECK_EQ(p.peer.finished + p.peer.failed, 1);
	mem_free(much);
	tcp_close(&p);
}

TEST(one_address_has_so_many_and_the_idle_one_makes_room)
{
	struct tcp p;
	struct talker more[3];

	tcp_open(&p);
	p.t = sip_transport_free(p.t);
	CHECK_OK(tcp_add(&p, 2, 2));
	tcp_call_up(&p);
	say(&p.peer, rig_request(p.r, "NOTKNOWN", "z9hG4bKa", 1, ""));
	rig_run_for(p.r, SIP_CONN_YOUNG_MS / 2);
	talker_connect(&more[0], p.r->peer_host, &p.here);
	rig_run_for(p.r, 10);
	CHECK_EQ(more[0].finished + more[0].failed, 0);
	/* Two from one address are enough, and the transport is full of young ones. */
	talker_connect(&more[1], p.r->peer_host, &p.here);
	rig_run_for(p.r, 10);
	CHECK_EQ(more[1].finished + more[1].failed, 1);
	{
		struct sip_client *c;

		CHECK_EQ(call_door(&p, SIP_OPTIONS, &c), OH_ETOOMANY);
		rig_run_for(p.r, SIP_CONN_YOUNG_MS / 2);
		CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
	}
	rig_run_for(p.r, 10);
	CHECK_EQ(p.peer.finished + p.peer.failed, 1); /* the one that was idle for longest */
	CHECK_EQ(more[0].finished + more[0].failed, 0);
	CHECK_EQ(p.door.accepted, 1);
	talker_end(&more[0]);
	talker_end(&more[1]);
	tcp_close(&p);
}

TEST(an_unused_connection_is_closed_after_a_quarter_of_an_hour)
{
	struct tcp p;

	tcp_open(&p);
	tcp_call_up(&p);
	say(&p.peer, rig_request(p.r, "NOTKNOWN", "z9hG4bKa", 1, ""));
	rig_run_for(p.r, SIP_CONN_IDLE_S * 1000 / 2);
	talker_say(&p.peer, "\r\n\r\n"); /* of use */
	rig_run_for(p.r, SIP_CONN_IDLE_S * 1000 - 100);
	CHECK_EQ(p.peer.finished, 0);
	rig_run_for(p.r, 200);
	CHECK_EQ(p.peer.finished, 1);
	tcp_close(&p);
}

TEST(a_peer_that_reads_nothing_costs_a_bounded_queue)
{
	struct tcp p;
	struct sip_client *c;
	int sent = 0;

	tcp_open(&p);
	CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
	rig_run_for(p.r, 10);
	host_stream_read(p.door.t.s, false);
	while (sent < 10000 && call_door(&p, SIP_OPTIONS, &c) == 0)
		sent++;
	CHECK(sent > 100 && sent < 10000);
	CHECK_EQ(call_door(&p, SIP_OPTIONS, &c), OH_ECONN);
	rig_run_for(p.r, 40000);
	tcp_close(&p);
}

/* ---- keep-alives ---- */

static void on_failed(void *arg, int err)
{
	((struct tcp *)arg)->failed = err;
}

static void on_mapped(void *arg, const struct netaddr *mapped, bool changed)
{
	struct tcp *p = arg;

	p->mapped = *mapped;
	p->changes += changed;
}

static struct sip_keepalive *keep(struct tcp *p, const struct sip_flow *flow, enum sip_keepalive_way way)
{
	const struct sip_keepalive_cfg cfg = {.way = way};
	const struct sip_keepalive_handler handler = {.failed = on_failed, .mapped = on_mapped, .arg = p};
	struct sip_keepalive *k = NULL;

	CHECK_OK(sip_keepalive_start(p->r->stack, flow, &cfg, &handler, &k));
	return k;
}

TEST(pongs_keep_a_connection_and_a_missing_one_ends_it)
{
	struct tcp p;
	struct sip_client *c;
	struct sip_keepalive *k;
	struct sip_flow flow;
	size_t pings;

	tcp_open(&p);
	CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
	flow = *sip_client_flow(c);
	k = keep(&p, &flow, SIP_KEEPALIVE_ANSWERED);
	for (unsigned s = 0; s < 3 * SIP_CONN_IDLE_S; s += 5) {
		size_t before = count(&p.door.t, "\r\n\r\n");

		rig_run_for(p.r, 5000);
		if (count(&p.door.t, "\r\n\r\n") > before && s > 10)
			talker_say(&p.door.t, "\r\n");
	}
	pings = count(&p.door.t, "\r\n\r\n");
	CHECK(pings >= 3 * SIP_CONN_IDLE_S / SIP_KEEPALIVE_STREAM_S);
	CHECK_EQ(p.failed, 0);
	CHECK_EQ(p.door.t.finished, 0);
	sip_keepalive_now(k);
	rig_run_for(p.r, SIP_KEEPALIVE_PONG_S * 1000 - 100);
	CHECK_EQ(p.failed, 0);
	rig_run_for(p.r, 200);
	CHECK_EQ(p.failed, OH_ETIMEDOUT);
	CHECK_EQ(p.door.t.finished + p.door.t.failed, 1);
	sip_keepalive_free(k);
	tcp_close(&p);
}

TEST(a_keep_alive_hears_that_its_connection_has_ended)
{
	struct tcp p;
	struct sip_client *c;
	struct sip_keepalive *k;
	struct sip_flow flow;

	tcp_open(&p);
	CHECK_OK(call_door(&p, SIP_OPTIONS, &c));
	flow = *sip_client_flow(c);
	k = keep(&p, &flow, SIP_KEEPALIVE_BLIND);
	rig_run_for(p.r, 300000);
	CHECK_EQ(p.failed, 0); /* nobody answers, and nobody has to */
	p.door.t.s = host_stream_close(p.door.t.s);
	rig_run_for(p.r, 10);
	CHECK_EQ(p.failed, OH_ECONN);
	sip_keepalive_free(k);
	CHECK_EQ(sip_keepalive_start(p.r->stack, &flow, &(struct sip_keepalive_cfg){0},
			 &(struct sip_keepalive_handler){0}, &k),
		OH_ECONN);
	tcp_close(&p);
}

/* Another stack as the server: it answers by itself. */
TEST(stun_over_udp_tells_how_the_peer_sees_us_and_when_that_changes)
{
	struct tcp p;
	struct sip_stack *server;
	struct host *inner, *outer;
	struct sim_nat *nat;
	const struct sip_stack_cfg none = {0};
	struct sip_stack_cfg cfg = none;
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	struct sip_flow flow = {0};
	struct sip_transport *t;
	struct sip_keepalive *k;
	struct sip_stack *mine;
	struct netaddr first;

	tcp_open(&p);
	CHECK_OK(sim_host_new(p.r->sim, "198.51.100.1", &outer));
	CHECK_OK(sim_nat_new(p.r->sim, SIM_NAT_PORT_RESTRICTED, "203.0.113.1", 0, &nat));
	CHECK_OK(sim_nat_host_new(nat, "10.0.0.2", &inner));
	cfg.host = outer;
	CHECK_OK(sip_stack_new(&cfg, &server));
	udp.local = addr_of("198.51.100.1", 5060);
	CHECK_OK(sip_transport_new(server, &udp, &t));
	cfg.host = inner;
	CHECK_OK(sip_stack_new(&cfg, &mine));
	udp.local = addr_of("10.0.0.2", 5060);
	CHECK_OK(sip_transport_new(mine, &udp, &flow.transport));
	flow.local = udp.local;
	flow.remote = addr_of("198.51.100.1", 5060);
	{
		const struct sip_keepalive_handler handler = {
			.failed = on_failed, .mapped = on_mapped, .arg = &p};

		CHECK_OK(sip_keepalive_start(mine, &flow, &(struct sip_keepalive_cfg){0}, &handler, &k));
	}
	rig_run_for(p.r, 300000);
	CHECK_EQ(p.failed + p.changes, 0);
	first = p.mapped;
	CHECK_EQ(first.ip[0], 203);
	sim_nat_reset(nat);
	rig_run_for(p.r, 30000);
	CHECK_EQ(p.changes, 1);
	CHECK(first.port != p.mapped.port);
	sip_stack_free(server);
	rig_run_for(p.r, 29000 + 39500);
	CHECK(p.failed == OH_EUNREACH || p.failed == OH_ETIMEDOUT);
	sip_keepalive_free(k);
	sip_stack_free(mine);
	host_free(inner);
	host_free(outer);
	tcp_close(&p);
}

/* ---- memory ---- */

/* A stack of its own: the shell of a closed transport stays with its stack. */
static int talk_and_go(void *arg)
{
	struct tcp *p = arg;
	const struct sip_stack_cfg cfg = {.host = p->r->host};
	struct sip_stack *usual = p->r->stack;
	struct sip_client *c;
	int err = sip_stack_new(&cfg, &p->r->stack);

	if (!err) {
		err = tcp_add(p, 0, 0);
		if (!err)
			err = call_door(p, SIP_OPTIONS, &c);
		rig_run_for(p->r, 100);
		sip_stack_free(p->r->stack);
	}
	p->r->stack = usual;
	rig_run_for(p->r, 100);
	p->door.t.s = host_stream_close(p->door.t.s);
	rig_run_for(p->r, 5000); /* what the wire had no memory for is sent again */
	return err;
}

static void swallow(void *arg, const void *data, size_t n)
{
	(void)arg;
	(void)data;
	(void)n;
}

static void door_swallows(void *arg, struct host_stream *s)
{
	struct door *d = arg;
	struct host_stream_handler handler = talker_handler(&d->t);

	handler.received = swallow;
	d->t.s = s;
	host_stream_handle(s, &handler);
}

TEST(every_allocation_may_fail)
{
	struct tcp p;
	const struct host_stream_cfg quiet_cfg = {.local = addr_of(RIG_PEER_IP, RIG_PEER_PORT)};
	const struct host_listener_handler quiet = {door_swallows, &p.door};

	tcp_open(&p);
	p.t = sip_transport_free(p.t);
	door_close(&p.door);
	CHECK_OK(host_listener_open(p.r->peer_host, &quiet_cfg, &quiet, &p.door.l));
	check_every_allocation_fails(talk_and_go, &p);
	p.t = NULL;
	tcp_close(&p);
}

TESTS(RUN(requests_are_cut_out_of_a_stream_however_it_is_cut),
	RUN(our_requests_share_a_connection_and_are_sent_once),
	RUN(nobody_to_connect_to_is_told_at_once_and_silence_after_five_seconds),
	RUN(a_connection_that_ends_ends_what_waits_on_it),
	RUN(a_request_that_outgrows_udp_goes_over_tcp_and_back_to_udp_when_that_is_refused),
	RUN(a_response_whose_connection_has_gone_takes_a_new_one), RUN(a_ping_is_answered_by_a_pong),
	RUN(who_does_not_speak_sip_or_not_to_an_end_is_cut_off), RUN(a_message_has_ten_seconds_and_64_kb),
	RUN(one_address_has_so_many_and_the_idle_one_makes_room),
	RUN(an_unused_connection_is_closed_after_a_quarter_of_an_hour),
	RUN(a_peer_that_reads_nothing_costs_a_bounded_queue),
	RUN(pongs_keep_a_connection_and_a_missing_one_ends_it),
	RUN(a_keep_alive_hears_that_its_connection_has_ended),
	RUN(stun_over_udp_tells_how_the_peer_sees_us_and_when_that_changes), RUN(every_allocation_may_fail))
