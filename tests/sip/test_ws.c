/* WebSocket sessions face to face, and against bytes as the RFC writes them. */
#include "check.h"
#include "filter_pair.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "sip/ws_impl.h"
#include "tls/certs.h"
#include "tls/tls.h"

struct rig {
	struct sim *sim;
	struct host *host;
	struct filter_maker server, client;
	struct filter_end s, c;
};

static void open_rig(struct rig *r, const struct ws_cfg *server, const struct ws_cfg *client)
{
	struct ws_cfg s = server ? *server : (struct ws_cfg){0}, c = client ? *client : (struct ws_cfg){0};

	*r = (struct rig){0};
	CHECK_OK(sim_new(1, &r->sim));
	CHECK_OK(sim_host_new(r->sim, "10.0.0.1", &r->host));
	s.host = c.host = r->host;
	CHECK_OK(ws_maker_new(&s, NULL, &r->server));
	CHECK_OK(ws_maker_new(&c, NULL, &r->client));
}

static void close_rig(struct rig *r)
{
	filter_end_close(&r->s);
	filter_end_close(&r->c);
	r->server.free(r->server.arg);
	r->client.free(r->client.arg);
	host_free(r->host);
	sim_free(r->sim);
}

static void start_server(struct rig *r)
{
	const struct filter_ask from = {.peer = SLICE_LIT("10.0.0.2:4000")};
	struct filter *f;

	filter_end_close(&r->s);
	CHECK_OK(r->server.make(r->server.arg, &from, &f));
	CHECK_OK(filter_end_start(&r->s, f));
}

static void start_client(struct rig *r, const char *name)
{
	const struct filter_ask to = {
		.client = true, .name = slice_of(name), .peer = SLICE_LIT("10.0.0.1:8080")};
	struct filter *f;

	filter_end_close(&r->c);
	CHECK_OK(r->client.make(r->client.arg, &to, &f));
	CHECK_OK(filter_end_start(&r->c, f));
}

static void connect_rig(struct rig *r, size_t piece)
{
	start_server(r);
	start_client(r, "ws.example");
	filter_talk(&r->c, &r->s, piece);
	CHECK_EQ(r->c.f->state, FILTER_OPEN);
	CHECK_EQ(r->s.f->state, FILTER_OPEN);
}

TEST(two_sides_shake_hands_talk_and_say_goodbye)
{
	static const size_t pieces[] = {0, 1, 3, 100};
	struct rig r;

	open_rig(&r, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		connect_rig(&r, pieces[i]);
		CHECK(r.c.f->whole);
		CHECK_OK(filter_send(r.c.f, SLICE_LIT("hello")));
		CHECK(!memmem(r.c.down.p, r.c.down.n, "hello", 5)); /* masked */
		CHECK_OK(filter_send(r.s.f, SLICE_LIT("wel")));
		CHECK_OK(filter_send(r.s.f, SLICE_LIT("come")));
		filter_talk(&r.c, &r.s, pieces[i]);
		CHECK_STR(r.s.up.p, "hello");
		CHECK_STR(r.c.up.p, "welcome");
		CHECK_EQ(r.c.messages, 2);
		filter_finish(r.c.f);
		filter_talk(&r.c, &r.s, pieces[i]);
		CHECK_EQ(r.s.f->state, FILTER_ENDED);
	}
	close_rig(&r);
}

TEST(messages_of_every_kind_of_length_arrive_whole)
{
	static const size_t sizes[] = {1, 125, 126, 127, 65534, 65535};
	char *text = malloc(65536);
	struct rig r;

	memset(text, 'x', 65536);
	open_rig(&r, NULL, NULL);
	connect_rig(&r, 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CHECK_OK(filter_send(r.c.f, slice_make(text, sizes[i])));
		CHECK_OK(filter_send(r.s.f, slice_make(text, sizes[i])));
		filter_talk(&r.c, &r.s, 1400);
		CHECK_EQ(r.s.up.n, sizes[i]);
		CHECK_EQ(r.c.up.n, sizes[i]);
		filter_end_clear(&r.s);
		filter_end_clear(&r.c);
	}
	/* One byte more than SIP ever takes. */
	CHECK_OK(filter_send(r.c.f, slice_make(text, 65536)));
	filter_carry(&r.c, &r.s, 0);
	CHECK_EQ(r.s.f->err, OH_ETOOBIG);
	CHECK_STR(r.s.f->why, "WebSocket: a message larger than allowed (close code 1009)");
	free(text);
	close_rig(&r);
}

#define GET  "GET / HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"
#define UP   "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define SIP  "Sec-WebSocket-Protocol: chat, sip\r\n"

TEST(a_server_answers_what_is_asked)
{
	static const struct {
		const char *request, *answer;
	} rows[] = {
		/* RFC 6455 1.3: the answer to this key. */
		{GET HOST UP KEY V13 SIP "\r\n",
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: "
			"sip\r\n\r\n"},
		{GET HOST "UPGRADE:WebSocket\r\nconnection:upgrade\r\n" KEY V13
			  "Sec-WebSocket-Protocol: SIP\r\n\r\n",
			"HTTP/1.1 101 "},
		{GET HOST UP KEY V13 SIP "Origin: https://good.example\r\n\r\n", "HTTP/1.1 101 "},
		{GET HOST UP KEY V13 SIP "Origin: https://evil.example\r\n\r\n", "HTTP/1.1 403 "},
		{"GET /?x=1 HTTP/1.1\r\n" HOST UP KEY V13 SIP "\r\n", "HTTP/1.1 101 "},
		{"GET /other HTTP/1.1\r\n" HOST UP KEY V13 SIP "\r\n", "HTTP/1.1 404 "},
		{"POST / HTTP/1.1\r\n" HOST UP KEY V13 SIP "\r\n", "HTTP/1.1 405 "},
		{"GET / HTTP/1.0\r\n" HOST UP KEY V13 SIP "\r\n", "HTTP/1.1 400 "},
		{"OPTIONS sip:a SIP/2.0\r\n\r\n", "HTTP/1.1 400 "},
		{"\r\n\r\n", "HTTP/1.1 400 "},
		{GET UP KEY V13 SIP "\r\n", "HTTP/1.1 400 "},
		{GET HOST HOST UP KEY V13 SIP "\r\n", "HTTP/1.1 400 "},
		{GET HOST "no colon\r\n" UP KEY V13 SIP "\r\n", "HTTP/1.1 400 "},
		{GET HOST UP KEY V13 SIP " folded: x\r\n\r\n", "HTTP/1.1 400 "},
		{GET HOST KEY V13 SIP "\r\n", "HTTP/1.1 426 "},
		{GET HOST UP KEY SIP "\r\n", "HTTP/1.1 426 "},
		{GET HOST UP KEY "Sec-WebSocket-Version: 8\r\n" SIP "\r\n", "HTTP/1.1 426 "},
		{GET HOST UP V13 SIP "\r\n", "HTTP/1.1 400 "},
		{GET HOST UP KEY KEY V13 SIP "\r\n", "HTTP/1.1 400 "},
		{GET HOST UP "Sec-WebSocket-Key: c2hvcnQ=\r\n" V13 SIP "\r\n", "HTTP/1.1 400 "},
		{GET HOST UP KEY V13 "\r\n", "HTTP/1.1 400 "},
		{GET HOST UP KEY V13 "Sec-WebSocket-Protocol: sipx, xsip\r\n\r\n", "HTTP/1.1 400 "},
	};
	const struct slice origin = SLICE_LIT("https://good.example");
	const struct ws_cfg cfg = {.path = SLICE_LIT("/"), .origins = &origin, .n_origins = 1};
	struct rig r;

	open_rig(&r, &cfg, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = strstr(rows[i].answer, " 101 ");

		start_server(&r);
		CHECK_EQ(filter_receive(r.s.f, slice_of(rows[i].request)), good ? 0 : OH_EREFUSED);
		if (strncmp(r.s.down.p, rows[i].answer, strlen(rows[i].answer)))
			fail_msg("row %zu: %s", i, r.s.down.p);
		CHECK_EQ(r.s.f->state, good ? FILTER_OPEN : FILTER_FAILED);
		CHECK_EQ(strstr(r.s.down.p, "Sec-WebSocket-Version: 13") != NULL,
			strstr(rows[i].answer, "426") != NULL);
	}
	close_rig(&r);
}

TEST(a_request_without_an_end_is_refused)
{
	char line[64];
	struct rig r;

	open_rig(&r, NULL, NULL);
	start_server(&r);
	CHECK_OK(filter_receive(r.s.f, SLICE_LIT(GET)));
	for (int i = 0; i < 1000 && r.s.f->state == FILTER_OPENING; i++) {
		snprintf(line, sizeof(line), "X-%d: and one more header of no use\r\n", i);
		filter_receive(r.s.f, slice_of(line));
	}
	CHECK_EQ(r.s.f->err, OH_EREFUSED);
	CHECK(strstr(r.s.down.p, "HTTP/1.1 431 ") == r.s.down.p);
	close_rig(&r);
}

TEST(a_client_asks_as_it_is_told)
{
	const struct ws_cfg cfg = {.path = SLICE_LIT("/sip?x"), .origin = SLICE_LIT("http://me.example")};
	struct rig r;

	open_rig(&r, NULL, &cfg);
	start_client(&r, "ws.example");
	CHECK(strstr(r.c.down.p, "GET /sip?x HTTP/1.1\r\nHost: ws.example:8080\r\n") == r.c.down.p);
	CHECK(strstr(r.c.down.p, "\r\nOrigin: http://me.example\r\n\r\n") != NULL);
	CHECK(strstr(r.c.down.p, "\r\nSec-WebSocket-Protocol: sip\r\n") != NULL);
	start_client(&r, "2001:db8::1");
	CHECK(strstr(r.c.down.p, "\r\nHost: [2001:db8::1]:8080\r\n") != NULL);
	start_client(&r, NULL);
	CHECK(strstr(r.c.down.p, "\r\nHost: 10.0.0.1:8080\r\n") != NULL);
	close_rig(&r);
}

#define SWITCH  "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

TEST(a_client_believes_only_the_answer_to_its_own_question)
{
	static const struct {
		const char *before, *behind;
		const char *why; /* NULL: it opens */
	} rows[] = {
		{SWITCH UPGRADE, "Sec-WebSocket-Protocol: sip\r\n", NULL},
		{SWITCH UPGRADE, "", "WebSocket: the server does not agree to the subprotocol 'sip'"},
		{SWITCH UPGRADE, "Sec-WebSocket-Protocol: chat\r\n",
			"WebSocket: the server does not agree to the subprotocol 'sip'"},
		{SWITCH UPGRADE,
			"Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
			"WebSocket: the server uses an extension that was not offered"},
		{SWITCH, "Sec-WebSocket-Protocol: sip\r\n", "WebSocket: the server's answer is none"},
		{"HTTP/1.1 403 Forbidden\r\n", "", "WebSocket: the server refuses: 403 Forbidden"},
		{"HTTP/1.1 301 Moved\r\nLocation: /x\r\n", "", "WebSocket: the server refuses: 301 Moved"},
		{"SIP/2.0 200 OK\r\n", "", "WebSocket: the server does not speak HTTP/1.1"},
	};
	char text[512];
	struct rig r;

	open_rig(&r, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		start_client(&r, "ws.example");
		snprintf(text, sizeof(text), "%sSec-WebSocket-Accept: %s\r\n%s\r\n", rows[i].before,
			((struct ws_filter *)r.c.f)->accept, rows[i].behind);
		filter_receive(r.c.f, slice_of(text));
		CHECK_EQ(r.c.f->state, rows[i].why ? FILTER_FAILED : FILTER_OPEN);
		CHECK_STR(r.c.f->why, rows[i].why ? rows[i].why : "");
	}
	start_client(&r, "ws.example");
	filter_receive(r.c.f,
		SLICE_LIT(SWITCH UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
	CHECK_STR(r.c.f->why, "WebSocket: the server's answer is to another key");
	start_client(&r, "ws.example");
	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < WS_HEAD_MAX / sizeof(text); i++)
		filter_receive(r.c.f, slice_make(text, sizeof(text)));
	CHECK_EQ(r.c.f->err, OH_ETOOBIG);
	close_rig(&r);
}

/* RFC 6455 5: what a client (of all zero masks) sends, what the server makes of it. */
#define MASK "\0\0\0\0"
struct bytes {
	const char *p;
	size_t n;
};
#define BYTES(text) \
	{ \
		text, sizeof(text) - 1 \
	}

TEST(frames_are_put_together_and_judged)
{
	static const struct {
		struct bytes in;
		const char *up;
		unsigned close; /* the code that the peer is told; 0: none */
		enum filter_state state;
	} rows[] = {
		{BYTES("\x81\x85" MASK "hello"), "hello", 0, FILTER_OPEN},
		{BYTES("\x82\x85" MASK "hello"), "hello", 0, FILTER_OPEN},
		{BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "Hello", 0, FILTER_OPEN}, /* 5.7 */
		{BYTES("\x81\xfe\0\5" MASK "hello"), "hello", 0, FILTER_OPEN},
		{BYTES("\x81\xff\0\0\0\0\0\0\0\5" MASK "hello"), "hello", 0, FILTER_OPEN},
		{BYTES("\x01\x83" MASK "hel\x80\x82" MASK "lo"), "hello", 0, FILTER_OPEN},
		{BYTES("\x01\x83" MASK "hel\x00\x80" MASK "\x80\x82" MASK "lo"), "hello", 0, FILTER_OPEN},
		{BYTES("\x01\x83" MASK "hel\x89\x80" MASK "\x8a\x81" MASK "x\x80\x82" MASK "lo"), "hello", 0,
			FILTER_OPEN},
		{BYTES("\x81\x80" MASK), "", 0, FILTER_OPEN}, /* an empty message says nothing */
		{BYTES("\x82\x82" MASK "\xc3\x28"), "\xc3\x28", 0, FILTER_OPEN},
		{BYTES("\x81\x82" MASK "\xc3\x28"), "", 1007, FILTER_FAILED},
		{BYTES("\x81\x83" MASK "\xed\xa0\x80"), "", 1007, FILTER_FAILED}, /* a surrogate */
		{BYTES("\x81\x82" MASK "\xc0\xaf"), "", 1007, FILTER_FAILED},     /* longer than need be */
		{BYTES("\x81\x82" MASK "\xe2\x82"), "", 1007, FILTER_FAILED},     /* cut */
		{BYTES("\x01\x81" MASK "\xc3\x80\x81" MASK "\xa4"), "\xc3\xa4", 0, FILTER_OPEN},
		{BYTES("\x81\x05hello"), "", 1002, FILTER_FAILED},         /* not masked (5.1) */
		{BYTES("\xc1\x85" MASK "hello"), "", 1002, FILTER_FAILED}, /* RSV1 */
		{BYTES("\x83\x80" MASK), "", 1002, FILTER_FAILED},         /* opcode 3 */
		{BYTES("\x8b\x80" MASK), "", 1002, FILTER_FAILED},         /* opcode 11 */
		{BYTES("\x80\x80" MASK), "", 1002, FILTER_FAILED},         /* goes on with nothing */
		{BYTES("\x01\x81" MASK "a\x81\x81" MASK "b"), "", 1002, FILTER_FAILED},
		{BYTES("\x09\x80" MASK), "", 1002, FILTER_FAILED},       /* a ping in pieces */
		{BYTES("\x89\xfe\0\x7e" MASK), "", 1002, FILTER_FAILED}, /* a ping of 126 */
		{BYTES("\x81\xff\0\0\0\0\0\1\0\0" MASK), "", 1009, FILTER_FAILED},
		{BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK), "", 1009, FILTER_FAILED},
		{BYTES("\x01\x81" MASK "a\x80\xfe\xff\xff" MASK), "", 1009, FILTER_FAILED},
		{BYTES("\x88\x80" MASK), "", 1000, FILTER_ENDED},
		{BYTES("\x88\x82" MASK "\x03\xe9"), "", 1001, FILTER_ENDED},
		{BYTES("\x88\x85" MASK "\x0f\xa0"
		       "bye"),
			"", 4000, FILTER_ENDED},
		{BYTES("\x88\x81" MASK "x"), "", 1002, FILTER_FAILED},
		{BYTES("\x88\x82" MASK "\x03\xed"), "", 1002, FILTER_FAILED}, /* 1005 is never sent */
		{BYTES("\x88\x84" MASK "\x03\xe8\xc3\x28"), "", 1007, FILTER_FAILED},
		{BYTES("\x88\x80" MASK "\x81\x85" MASK "hello"), "", 1000,
			FILTER_ENDED}, /* nothing behind it */
	};
	struct rig r;

	open_rig(&r, NULL, NULL);
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		size_t row = i / 2, n;

		connect_rig(&r, 0);
		/* At once, then byte by byte. */
		r.c.down.p = malloc(rows[row].in.n);
		memcpy(r.c.down.p, rows[row].in.p, rows[row].in.n);
		r.c.down.n = rows[row].in.n;
		filter_carry(&r.c, &r.s, i % 2);
		n = r.s.down.n;
		if (r.s.f->state != rows[row].state || strcmp(r.s.up.n ? r.s.up.p : "", rows[row].up))
			fail_msg("row %zu: state %d, '%s', %s", row, r.s.f->state, r.s.up.n ? r.s.up.p : "",
				r.s.f->why);
		if (rows[row].close) {
			CHECK(n >= 4);
			CHECK_EQ((uint8_t)r.s.down.p[n - 4], 0x88);
			CHECK_EQ((uint8_t)r.s.down.p[n - 2] << 8 | (uint8_t)r.s.down.p[n - 1],
				rows[row].close);
		}
	}
	close_rig(&r);
}

TEST(a_ping_is_answered_with_what_it_carried)
{
	struct rig r;

	open_rig(&r, NULL, NULL);
	connect_rig(&r, 0);
	CHECK_OK(filter_receive(r.s.f, SLICE_LIT("\x89\x82" MASK "hi")));
	CHECK_EQ(r.s.down.n, 4);
	CHECK_MEM(r.s.down.p, "\x8a\x02hi", 4);
	/* A client's answer is masked. */
	CHECK_OK(filter_receive(r.c.f, SLICE_LIT("\x89\x02hi")));
	CHECK_EQ(r.c.down.n, 8);
	CHECK_EQ((uint8_t)r.c.down.p[1], 0x82);
	CHECK_EQ(filter_receive(r.c.f, SLICE_LIT("\x81\x82" MASK "hi")), OH_ESYNTAX);
	CHECK_STR(r.c.f->why, "WebSocket: a server that masks (close code 1002)");
	close_rig(&r);
}

TEST(what_is_not_utf8_is_sent_as_binary)
{
	struct rig r;

	open_rig(&r, NULL, NULL);
	connect_rig(&r, 0);
	CHECK_OK(filter_send(r.s.f, SLICE_LIT("a\xff")));
	CHECK_MEM(r.s.down.p,
		"\x82\x02"
		"a\xff",
		4);
	CHECK_OK(filter_send(r.s.f, SLICE_LIT("\xf0\x9f\x98\x80")));
	CHECK_EQ((uint8_t)r.s.down.p[4], 0x81);
	filter_talk(&r.s, &r.c, 0);
	CHECK_EQ(r.c.messages, 2);
	close_rig(&r);
}

TEST(a_buffer_of_a_large_message_is_given_back)
{
	char *text = calloc(1, 50000);
	struct rig r;

	open_rig(&r, NULL, NULL);
	connect_rig(&r, 0);
	CHECK_OK(filter_send(r.c.f, slice_make(text, 50000)));
	filter_talk(&r.c, &r.s, 1000);
	CHECK_EQ(r.s.up.n, 50000);
	CHECK_EQ(((struct ws_filter *)r.s.f)->cap, 0);
	free(text);
	close_rig(&r);
}

TEST(what_cannot_stand_in_a_handshake_is_refused)
{
	const struct slice bad = SLICE_LIT("http://a\r\nX: y");
	const struct ws_cfg rows[] = {{.path = SLICE_LIT("sip")}, {.path = SLICE_LIT("/a b")},
		{.origin = bad}, {.origins = &bad, .n_origins = 1}};
	struct filter_maker maker;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(ws_maker_new(&rows[i], NULL, &maker), OH_EINVAL);
}

/* wss: the name in the certificate is that of the URI; who does not trust it hears that and not "WebSocket". */
TEST(a_websocket_over_tls_shakes_hands_twice)
{
	const struct cert_cfg cert = {.cn = "x", .san = "DNS:ws.example"};
	struct tls_cfg tls;
	struct tls_ctx *server, *client;
	struct ws_cfg ws;
	struct cert c;
	struct rig r;

	open_rig(&r, NULL, NULL);
	r.server.free(r.server.arg);
	r.client.free(r.client.arg);
	cert_make(&cert, &c);
	tls = (struct tls_cfg){.host = r.host,
		.cert_pem = slice_of(c.pem),
		.key_pem = slice_of(c.key_pem),
		.ca_pem = slice_of(c.pem)};
	CHECK_OK(tls_ctx_new(&tls, &server));
	CHECK_OK(tls_ctx_new(&tls, &client));
	ws = (struct ws_cfg){.host = r.host};
	CHECK_OK(ws_maker_new(&ws, server, &r.server));
	CHECK_OK(ws_maker_new(&ws, client, &r.client));
	connect_rig(&r, 7);
	CHECK(r.c.f->whole);
	CHECK_OK(filter_send(r.c.f, SLICE_LIT("hello")));
	CHECK_OK(filter_send(r.c.f, SLICE_LIT("again")));
	filter_talk(&r.c, &r.s, 0);
	CHECK_STR(r.s.up.p, "helloagain");
	CHECK_EQ(r.s.messages, 2);
	filter_finish(r.s.f);
	filter_talk(&r.c, &r.s, 0);
	CHECK_EQ(r.c.f->state, FILTER_ENDED);
	start_server(&r);
	start_client(&r, "other.example");
	filter_talk(&r.c, &r.s, 0);
	CHECK_EQ(r.c.f->err, OH_ECERT);
	CHECK_STR(r.c.f->why, "the server's certificate is not for 'other.example' but for ws.example");
	cert_free(&c);
	close_rig(&r);
}

static int story(void *arg)
{
	struct rig *r = arg;
	const struct slice origin = SLICE_LIT("http://a");
	const struct ws_cfg cfg = {.host = r->host,
		.path = SLICE_LIT("/"),
		.origin = origin,
		.origins = &origin,
		.n_origins = 1};
	const struct filter_ask to = {.client = true, .name = SLICE_LIT("a")}, from = {.client = false};
	struct filter_maker maker;
	struct filter *f;
	int err = ws_maker_new(&cfg, NULL, &maker);

	if (err)
		return err;
	r->c = r->s = (struct filter_end){0};
	err = maker.make(maker.arg, &from, &f);
	if (!err)
		filter_end_start(&r->s, f);
	err = err ? err : maker.make(maker.arg, &to, &f);
	if (!err) {
		filter_end_start(&r->c, f);
		filter_talk(&r->c, &r->s, 0);
		err = filter_send(r->c.f, SLICE_LIT("hello"));
		filter_talk(&r->c, &r->s, 0);
		filter_finish(r->c.f);
		filter_talk(&r->c, &r->s, 0);
	}
	filter_end_close(&r->s);
	filter_end_close(&r->c);
	maker.free(maker.arg);
	return err;
}

TEST(whatever_allocation_fails_nothing_is_left_behind)
{
	struct rig r;

	open_rig(&r, NULL, NULL);
	check_every_allocation_fails(story, &r);
	close_rig(&r);
}

TESTS(RUN(two_sides_shake_hands_talk_and_say_goodbye), RUN(messages_of_every_kind_of_length_arrive_whole),
	RUN(a_server_answers_what_is_asked), RUN(a_request_without_an_end_is_refused),
	RUN(a_client_asks_as_it_is_told), RUN(a_client_believes_only_the_answer_to_its_own_question),
	RUN(frames_are_put_together_and_judged), RUN(a_ping_is_answered_with_what_it_carried),
	RUN(what_is_not_utf8_is_sent_as_binary), RUN(a_buffer_of_a_large_message_is_given_back),
	RUN(what_cannot_stand_in_a_handshake_is_refused), RUN(a_websocket_over_tls_shakes_hands_twice),
	RUN(whatever_allocation_fails_nothing_is_left_behind))
