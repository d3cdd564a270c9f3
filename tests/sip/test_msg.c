/* Messages of our own: framing, typed headers, faults, names, printing. RFC 4475 and 5118 are
 * test_torture.c. */
#include "check.h"

#include "offhook/error.h"
#include "sip/writer.h"

#define INVITE_HEAD \
	"INVITE sip:bob@biloxi.example.com;transport=udp SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP pc33.atlanta.example.com:5061;branch=z9hG4bK776asdhds;rport\r\n" \
	"Via: SIP/2.0/TCP [2001:db8::9:1];branch=z9hG4bKabc, SIP / 2.0 / TLS far.example.com : 5062 ; " \
	"received = 10.1.1.1\r\n" \
	"Max-Forwards: 70\r\n" \
	"To: Bob <sip:bob@biloxi.example.com>\r\n" \
	"f: \"Alice, \\\"A\\\"\" <sip:alice@atlanta.example.com>;tag=1928301774\r\n" \
	"Call-ID: a84b4c76e66710@pc33.atlanta.example.com\r\n" \
	"CSeq: 314159 INVITE\r\n" \
	"m: <sip:alice@pc33.atlanta.example.com>;expires=60\r\n" \
	"Record-Route: <sip:p1.example.com;lr>,\r\n <sip:p2.example.com;lr>\r\n" \
	"Supported: 100rel , replaces\r\n" \
	"k: timer\r\n" \
	"X-Odd_Name: some\r\n\tvalue\r\n" \
	"c: application/sdp;charset=\"utf-8\"\r\n"

static const char invite[] = INVITE_HEAD "Content-Length: 4\r\n\r\nv=0\n";

TEST(an_invite_gives_all_its_parts)
{
	struct sip_msg m;
	const struct sip_uri *uri;
	const struct sip_via *via, *vias;
	const struct sip_addr *addr, *routes;
	const struct sip_cseq *cseq;
	uint32_t number;
	size_t n;

	CHECK_OK(sip_msg_parse(&m, SLICE_LIT(invite)));
	CHECK_EQ(m.fault.status, 0);
	CHECK_OK(sip_msg_check(&m));
	CHECK(m.is_request && m.method == SIP_INVITE);
	CHECK_EQ(m.n_hdrs, 14);
	CHECK_SLICE(m.body, "v=0\n");

	CHECK_OK(sip_msg_ruri(&m, &uri));
	CHECK_SLICE(uri->user, "bob");
	CHECK_SLICE(uri->host, "biloxi.example.com");
	CHECK_SLICE(uri->params, "transport=udp");

	CHECK_OK(sip_msg_via(&m, &via));
	CHECK_SLICE(via->transport, "UDP");
	CHECK_SLICE(via->host, "pc33.atlanta.example.com");
	CHECK_EQ(via->port, 5061);
	CHECK_SLICE(via->branch, "z9hG4bK776asdhds");
	CHECK(via->magic);
	CHECK(slice_present(via->rport) && slice_empty(via->rport));
	CHECK(!slice_present(via->received));

	CHECK_OK(sip_msg_vias(&m, &vias, &n));
	CHECK_EQ(n, 3);
	CHECK_SLICE(vias[1].host, "[2001:db8::9:1]");
	CHECK_SLICE(vias[2].transport, "TLS");
	CHECK_EQ(vias[2].port, 5062);
	CHECK_SLICE(vias[2].received, "10.1.1.1");

	CHECK_OK(sip_msg_from(&m, &addr));
	CHECK_SLICE(addr->display, "Alice, \\\"A\\\"");
	CHECK_SLICE(sip_msg_from_tag(&m), "1928301774");
	CHECK(!slice_present(sip_msg_to_tag(&m)));
	CHECK_OK(sip_msg_to(&m, &addr));
	CHECK_SLICE(addr->display, "Bob");

	CHECK_OK(sip_msg_cseq(&m, &cseq));
	CHECK_EQ(cseq->number, 314159);
	CHECK_EQ(cseq->method, SIP_INVITE);
	CHECK_OK(sip_msg_contact(&m, &addr));
	CHECK_SLICE(addr->params, "expires=60");
	CHECK_OK(sip_msg_max_forwards(&m, &number));
	CHECK_EQ(number, 70);
	CHECK_OK(sip_msg_routes(&m, SIP_HDR_RECORD_ROUTE, &routes, &n));
	CHECK_EQ(n, 2);
	CHECK_SLICE(routes[1].uri.host, "p2.example.com");
	CHECK_OK(sip_msg_routes(&m, SIP_HDR_ROUTE, &routes, &n));
	CHECK_EQ(n, 0);

	CHECK(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, SLICE_LIT("TIMER")));
	CHECK(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, SLICE_LIT("replaces")));
	CHECK(!sip_msg_has_token(&m, SIP_HDR_SUPPORTED, SLICE_LIT("time")));
	CHECK_SLICE(sip_msg_content_type(&m), "application/sdp");
	CHECK_SLICE(sip_msg_hdr_named(&m, SLICE_LIT("x-oDD_name"))->value, "some\r\n\tvalue");
	CHECK(sip_msg_hdr_named(&m, SLICE_LIT("x-none")) == NULL);
	sip_msg_free(&m);
}

/* The one list of names has every name under its id, in any case, and so have the compact forms. */
TEST(every_name_is_found)
{
	static const char compacts[N_SIP_HDRS] = {
#define X(id, name, compact, list) [SIP_HDR_##id] = compact,
		SIP_HEADERS(X)
#undef X
	};
	char name[40];

	for (unsigned id = 1; id < N_SIP_HDRS; id++) {
		snprintf(name, sizeof(name), "%s", sip_hdr_name(id));
		CHECK_EQ(sip_hdr_of(slice_of(name)), id);
		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z'   ? *p | 0x20
				    : *p >= 'a' && *p <= 'z' ? *p & ~0x20
							     : *p);
		CHECK_EQ(sip_hdr_of(slice_of(name)), id);
		name[strlen(name) - 1] = '!';
		CHECK_EQ(sip_hdr_of(slice_of(name)), SIP_HDR_OTHER);
		if (compacts[id])
			CHECK_EQ(sip_hdr_of(slice_make(&compacts[id], 1)), id);
	}
	for (unsigned id = 1; id < N_SIP_METHODS; id++)
		CHECK_EQ(sip_method_of(slice_of(sip_method_name(id))), id);
	CHECK_EQ(sip_method_of(SLICE_LIT("invite")), SIP_METHOD_OTHER);
	CHECK_EQ(sip_method_of(SLICE_LIT("")), SIP_METHOD_OTHER);
	CHECK_STR(sip_reason(486), "Busy Here");
	CHECK_STR(sip_reason(499), "Bad Request");
	CHECK_STR(sip_reason(99), "");
}

TEST(a_message_is_written_in_order_and_checked)
{
	struct sip_writer w;
	struct slice text;
	char buf[256];

	sipw_init(&w, buf, sizeof(buf));
	sipw_status_line(&w, 180, SLICE_NONE);
	sipw_hdr(&w, SIP_HDR_TO, SLICE_LIT("<sip:a@b>;tag=1\r\n ;x"));
	sipw_cseq(&w, 7, SLICE_LIT("INVITE"));
	sipw_body(&w, SLICE_LIT("text/plain"), SLICE_LIT("hello"));
	CHECK_OK(sipw_end(&w, &text));
	CHECK_SLICE(text, "SIP/2.0 180 Ringing\r\nTo: <sip:a@b>;tag=1 ;x\r\nCSeq: 7 INVITE\r\n"
			  "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");

	sipw_init(&w, buf, 20);
	sipw_status_line(&w, 200, SLICE_NONE);
	CHECK_EQ(sipw_end(&w, &text), 0);
	sipw_body(&w, SLICE_NONE, SLICE_NONE);
	CHECK_EQ(sipw_end(&w, &text), OH_ETOOBIG);

	static const struct slice evil[] = {SLICE_LIT("a\r\nX: y"), SLICE_LIT("a\nX: y"), SLICE_LIT("a\rX"),
		SLICE_LIT("a\0b"), SLICE_LIT("a\r\n")};
	for (size_t i = 0; i < ARRAY_LEN(evil); i++) {
		sipw_init(&w, buf, sizeof(buf));
		sipw_hdr(&w, SIP_HDR_SUBJECT, evil[i]);
		CHECK_EQ(sipw_end(&w, &text), OH_EINVAL);
	}
}

/* ---- faults: a sound request with one line replaced ---- */

enum { L_START, L_VIA, L_FROM, L_TO, L_CALL_ID, L_CSEQ, L_HOPS, L_LENGTH, N_LINES };

static const char *const sound[N_LINES] = {
	"OPTIONS sip:bob@example.com SIP/2.0",
	"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
	"From: <sip:alice@example.com>;tag=1",
	"To: <sip:bob@example.com>",
	"Call-ID: 1@10.0.0.1",
	"CSeq: 1 OPTIONS",
	"Max-Forwards: 70",
	"Content-Length: 0",
};

static const struct {
	int line;
	const char *instead; /* of that line; NULL: without it */
	unsigned status;
	const char *what;
} faults[] = {
	{L_START, "OPTIONS sip:bob@example.com sip/2.0", 0, NULL},
	{L_START, "OPTIONS sip:bob@example.com SIP/3.0", 505, "Version Not Supported"},
	{L_START, "OPTIONS sip:bob@example.com SIP/2.00", 505, "Version Not Supported"},
	{L_START, "OPTIONS sip:bob@example.com", 400, "No SIP version in the start line"},
	{L_START, "OPTIONS sip:bob@example.com  SIP/2.0", 400, "White space in the start line"},
	{L_START, "OPTIONS  sip:bob@example.com SIP/2.0", 400, "White space in the start line"},
	{L_START, "OPTIONS sip:bob@example.com SIP/2.0 ", 400, "White space in the start line"},
	{L_START, "OPTIONS sip:bob@example.com\r\n SIP/2.0", 400, "White space in the start line"},
	{L_START, "OPTIONS sip:bob @example.com SIP/2.0", 400, "Bad Request-URI"},
	{L_START, "OPTIONS <sip:bob@example.com> SIP/2.0", 400, "Bad Request-URI"},
	{L_START, "OPTIONS bob@example.com SIP/2.0", 400, "Bad Request-URI"},
	{L_START, "OPTIONS sip:bob@example.com?Route=x SIP/2.0", 400, "Headers in the Request-URI"},
	{L_START, "OPTIONS x:whatever SIP/2.0", 0, NULL},
	{L_START, "BYE sip:bob@example.com SIP/2.0", 400, "CSeq method is not the request's"},
	{L_START, "NEW sip:bob@example.com SIP/2.0", 501, "Not Implemented"},
	{L_START, "SIP/2.0 200 OK", 0, NULL},
	{L_START, "SIP/2.0 200", 0, NULL},
	{L_START, "SIP/2.0 200 ", 0, NULL},
	{L_START, "SIP/2.0 099 Low", 400, "Bad status code"},
	{L_START, "SIP/2.0 700 High", 400, "Bad status code"},
	{L_START, "SIP/2.0 20 Short", 400, "Bad status code"},
	{L_START, "SIP/2.0 2000 Long", 400, "Bad status code"},
	{L_START, "SIP/2.0 +20 Sign", 400, "Bad status code"},
	{L_START, "SIP/2.0  200 OK", 400, "Bad status code"},
	{L_START, "SIP/2.0 200 O\r\n K", 400, "Folded start line"},
	{L_START, "SIP/1.0 200 OK", 505, "Version Not Supported"},
	{L_VIA, NULL, 400, "No Via"},
	{L_VIA, "Via:", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP10.0.0.1", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0 UDP 10.0.0.1", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP 10.0.0.1,", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP 10.0.0.1;;branch=z9hG4bK1", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP 10.0.0.1:0", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP 10.0.0.1:65536", 400, "Bad Via"},
	{L_VIA, "Via: SIP/2.0/UDP 10.0.0.1\r\nVia: SIP/2.0/UDP", 400, "Bad Via"},
	{L_VIA, "v:\tSIP/2.0/UDP\t10.0.0.1 ; branch = z9hG4bK1", 0, NULL},
	{L_FROM, NULL, 400, "No From"},
	{L_FROM, "From: <sip:a@h>\r\nf: <sip:a@h>", 400, "More than one From"},
	{L_FROM, "From: *", 400, "Bad From"},
	{L_FROM, "From: <sip:a@h>, <sip:b@h>", 400, "Bad From"},
	{L_FROM, "From:", 400, "Bad From"},
	{L_FROM, "From: <sip:a@h>;tag", 0, NULL},
	{L_FROM, "From: <sip:a@h>;tag=", 400, "Bad From"},
	{L_TO, NULL, 400, "No To"},
	{L_TO, "To: \"open <sip:b@h>", 400, "Bad To"},
	{L_TO, "To: <sip:b@h>\r\nTo: <sip:c@h>", 400, "More than one To"},
	{L_CALL_ID, NULL, 400, "No Call-ID"},
	{L_CALL_ID, "Call-ID:", 400, "Bad Call-ID"},
	{L_CALL_ID, "Call-ID: a b", 400, "Bad Call-ID"},
	{L_CALL_ID, "i: a\r\nCall-ID: b", 400, "More than one Call-ID"},
	{L_CSEQ, NULL, 400, "No CSeq"},
	{L_CSEQ, "CSeq: 1", 400, "Bad CSeq"},
	{L_CSEQ, "CSeq: OPTIONS", 400, "Bad CSeq"},
	{L_CSEQ, "CSeq: 1OPTIONS", 400, "Bad CSeq"},
	{L_CSEQ, "CSeq: -1 OPTIONS", 400, "Bad CSeq"},
	{L_CSEQ, "CSeq: 1 OPTIONS x", 400, "Bad CSeq"},
	{L_CSEQ, "CSeq: 4294967296 OPTIONS", 400, "Bad CSeq"},
	{L_CSEQ, "CSeq: 4294967295 OPTIONS", 0, NULL},
	{L_CSEQ, "CSeq: 1 options", 400, "CSeq method is not the request's"},
	{L_CSEQ, "CSeq: 1 INVITE", 400, "CSeq method is not the request's"},
	{L_HOPS, NULL, 0, NULL},
	{L_HOPS, "Max-Forwards: 300", 0, NULL},
	{L_HOPS, "Max-Forwards: 99999999999999999999", 0, NULL},
	{L_HOPS, "Max-Forwards: many", 400, "Bad Max-Forwards"},
	{L_HOPS, "Max-Forwards:", 400, "Bad Max-Forwards"},
	{L_HOPS, "Max-Forwards: 1\r\nMax-Forwards: 1", 400, "More than one Max-Forwards"},
	{L_HOPS, "Contact: *", 400, "Bad Contact"},
	{L_HOPS, "Contact: <sip:a@h>\r\nm: sip:b@h?x=y", 400, "Bad Contact"},
	{L_HOPS, "Route: sip:a@h", 400, "Bad Route"},
	{L_HOPS, "Record-Route: <sip:a@h>, <sip:b@h", 400, "Bad Record-Route"},
	{L_HOPS, "Content-Type: text", 400, "Bad Content-Type"},
	{L_HOPS, "Content-Type: text/", 400, "Bad Content-Type"},
	{L_HOPS, "c: multipart/mixed ; boundary=\"a;b\"", 0, NULL},
	{L_HOPS, "Content-Type: text/plain;;", 400, "Bad Content-Type"},
	{L_HOPS, "Refer-To: <sip:a@h>\r\nr: <sip:b@h>", 400, "More than one Refer-To"},
	{L_HOPS, "No colon here", 400, "Header line without a colon"},
	{L_HOPS, ": nameless", 400, "Bad header name"},
	{L_HOPS, "Two words: x", 400, "Bad header name"},
	{L_HOPS, "Max-Forwards\r\n : 70", 400, "Bad header name"},
	{L_HOPS, "X: a\rb", 400, "Bare CR in a header"},
	{L_HOPS, "X: a\r\rb", 400, "Bare CR in a header"},
	{L_HOPS, "Subject:", 0, NULL},
	{L_HOPS, "Subject: \r\n \r\n\tx", 0, NULL},
	{L_LENGTH, NULL, 0, NULL},
	{L_LENGTH, "Content-Length: 1", 400, "Content-Length larger than the body"},
	{L_LENGTH, "Content-Length: -1", 400, "Bad Content-Length"},
	{L_LENGTH, "Content-Length: 0x0", 400, "Bad Content-Length"},
	{L_LENGTH, "Content-Length: 4294967296", 513, "Message Too Large"},
	{L_LENGTH, "Content-Length: 0\r\nl: 0", 400, "More than one Content-Length"},
};

static size_t build(char *buf, size_t cap, int line, const char *instead)
{
	size_t n = 0;

	for (int i = 0; i < N_LINES; i++) {
		const char *text = i == line ? instead : sound[i];

		if (text)
			n += (size_t)snprintf(buf + n, cap - n, "%s\r\n", text);
	}
	return n + (size_t)snprintf(buf + n, cap - n, "\r\n");
}

TEST(each_fault_is_named)
{
	static struct sip_msg m;
	char buf[1024];

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		size_t n = build(buf, sizeof(buf), faults[i].line, faults[i].instead);

		CHECK_OK(sip_msg_parse(&m, slice_make(buf, n)));
		CHECK_EQ(sip_msg_check(&m), faults[i].status ? OH_ESYNTAX : 0);
		if (m.fault.status != faults[i].status ||
			(m.fault.what && strcmp(m.fault.what, faults[i].what) != 0))
			fail_msg("%s: %u %s", faults[i].instead, m.fault.status, m.fault.what);
		sip_msg_free(&m);
	}
}

TEST(what_is_not_sip_is_dropped)
{
	static const char *const texts[] = {"hello\r\n\r\n", "\"x\" y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "INVITE", "INVITE sip:a@b SIP/2.0",
		" INVITE sip:a@b SIP/2.0\r\n\r\n", "\x16\x03\x01\x02", "OPTIONS\r\n\r\n"};
	static struct sip_msg m;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CHECK_EQ(sip_msg_parse(&m, slice_of(texts[i])), OH_ESYNTAX);
		sip_msg_free(&m);
	}
	CHECK_EQ(sip_msg_parse(&m, SLICE_LIT("\r\n\r\n")), OH_EAGAIN);
	CHECK_EQ(sip_msg_parse(&m, SLICE_LIT("")), OH_EAGAIN);
}

/* Headers beyond the message's own room move to the arena; beyond the limit there is a fault, and still an
 * answer. */
TEST(many_headers)
{
	static const struct {
		size_t extra;
		unsigned status;
	} rows[] = {{SIP_MSG_HDRS_FIRST - 7, 0}, {SIP_MSG_HDRS_FIRST - 6, 0}, {SIP_MSG_HDRS_MAX - 7, 0},
		{SIP_MSG_HDRS_MAX - 6, 513}, {4000, 513}};
	static struct sip_msg m;
	static char buf[65000];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sip_via *via;
		size_t n = build(buf, sizeof(buf), -1, NULL) - 2;

		for (size_t k = 0; k < rows[i].extra; k++)
			n += (size_t)snprintf(buf + n, sizeof(buf) - n, "X-%zu: %zu\r\n", k, k);
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "\r\n");
		CHECK_OK(sip_msg_parse(&m, slice_make(buf, n)));
		CHECK_EQ(m.fault.status, rows[i].status);
		CHECK_OK(sip_msg_via(&m, &via));
		if (!rows[i].status) {
			CHECK_EQ(m.n_hdrs, 7 + rows[i].extra);
			CHECK_SLICE(sip_msg_hdr_named(&m, SLICE_LIT("x-3"))->value, "3");
		}
		sip_msg_free(&m);
	}
}

TEST(a_list_has_a_limit)
{
	static struct sip_msg m;
	static char buf[8192];
	char routes[4096] = "Route: <sip:h>";
	const struct sip_addr *list;
	size_t n;

	for (unsigned i = 1; i < SIP_MSG_LIST_MAX; i++)
		strcat(routes, ",<sip:h>");
	CHECK_OK(sip_msg_parse(&m, slice_make(buf, build(buf, sizeof(buf), L_HOPS, routes))));
	CHECK_OK(sip_msg_routes(&m, SIP_HDR_ROUTE, &list, &n));
	CHECK_EQ(n, SIP_MSG_LIST_MAX);
	CHECK_SLICE(list[n - 1].uri.host, "h");
	sip_msg_free(&m);
	strcat(routes, ",<sip:h>");
	CHECK_OK(sip_msg_parse(&m, slice_make(buf, build(buf, sizeof(buf), L_HOPS, routes))));
	CHECK_EQ(sip_msg_routes(&m, SIP_HDR_ROUTE, &list, &n), OH_ETOOBIG);
	sip_msg_free(&m);
}

/* Whatever the length of the head, its end is found: line ends fall on every place of a block. */
TEST(line_ends_everywhere)
{
	static struct sip_msg m;
	char filler[300] = "X: ", buf[1024];

	for (size_t len = 0; len < 200; len++) {
		size_t n;

		filler[3 + len] = '\0';
		memset(filler + 3, 'x', len);
		n = build(buf, sizeof(buf), L_HOPS, filler);
		memcpy(buf + n, "\n \r\n\r\n", 6); /* no header any more */
		CHECK_OK(sip_msg_parse(&m, slice_make(buf, n + 6)));
		CHECK_OK(sip_msg_check(&m));
		CHECK_EQ(m.n_hdrs, 7);
		CHECK_EQ(sip_msg_hdr_named(&m, SLICE_LIT("x"))->value.n, len);
		CHECK_EQ(m.raw.n, n);
		sip_msg_free(&m);
	}
}

/* ---- streams ---- */

TEST(a_stream_gives_one_message_after_the_other)
{
	static const char stream[] =
		"\r\n\r\n" INVITE_HEAD "Content-Length: 4\r\n\r\nv=0\n" INVITE_HEAD "l: 0\r\n\r\nNEXT";
	size_t first = sizeof(invite) - 1 + 4, used = 0;
	static struct sip_msg m;

	for (size_t n = 0; n < first; n++) {
		CHECK_EQ(sip_msg_parse_stream(&m, slice_make(stream, n), &used), OH_EAGAIN);
		sip_msg_free(&m);
	}
	CHECK_OK(sip_msg_parse_stream(&m, SLICE_LIT(stream), &used));
	CHECK_EQ(used, first);
	CHECK_SLICE(m.body, "v=0\n");
	sip_msg_free(&m);
	CHECK_OK(sip_msg_parse_stream(&m, slice_skip(SLICE_LIT(stream), used), &used));
	CHECK_EQ(m.body.n, 0);
	CHECK_EQ(first + used, sizeof(stream) - 1 - 4);
	sip_msg_free(&m);
}

TEST(a_stream_that_cannot_be_framed_is_closed)
{
	static const struct {
		const char *length;
		int err;
		unsigned status;
	} rows[] = {{NULL, OH_ESYNTAX, 400}, {"Content-Length: x", OH_ESYNTAX, 400},
		{"Content-Length: -1", OH_ESYNTAX, 400}, {"l: 1\r\nl: 2", OH_ESYNTAX, 400},
		{"Content-Length: 70000", OH_ETOOBIG, 513}, {"Content-Length: 5", OH_EAGAIN, 0}};
	static struct sip_msg m;
	static char junk[SIP_MSG_MAX + 100];
	size_t used = 77;
	char buf[1024];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = build(buf, sizeof(buf), L_LENGTH, rows[i].length);

		CHECK_EQ(sip_msg_parse_stream(&m, slice_make(buf, n), &used), rows[i].err);
		CHECK_EQ(m.fault.status, rows[i].status);
		sip_msg_free(&m);
	}
	memset(junk, 'x', sizeof(junk));
	CHECK_EQ(sip_msg_parse_stream(&m, SLICE_LIT(junk), &used), OH_ETOOBIG);
	memcpy(junk, "A b SIP/2.0\r\n", 13);
	CHECK_EQ(sip_msg_parse_stream(&m, SLICE_LIT(junk), &used), OH_ETOOBIG);
	CHECK_EQ(used, 77);
}

/* ---- small accessors ---- */

TEST(seconds_and_unfolding)
{
	static const struct {
		const char *line;
		int err;
		uint32_t seconds;
	} rows[] = {{"Expires: 3600", 0, 3600}, {"Expires: 0", 0, 0}, {"Expires: 5 (soon) ;duration=3", 0, 5},
		{"Expires: 5;x", 0, 5}, {"Expires: 4294967296", OH_ERANGE, 0},
		{"Expires: soon", OH_ESYNTAX, 0}, {"Expires: 5x", OH_ESYNTAX, 0}, {"Expires:", OH_ESYNTAX, 0},
		{"Subject: x", OH_ENOENT, 0}};
	static struct sip_msg m;
	char buf[1024], flat[8];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t seconds = 0;

		CHECK_OK(sip_msg_parse(&m, slice_make(buf, build(buf, sizeof(buf), L_HOPS, rows[i].line))));
		CHECK_EQ(sip_msg_seconds(&m, SIP_HDR_EXPIRES, &seconds), rows[i].err);
		CHECK_EQ(seconds, rows[i].seconds);
		sip_msg_free(&m);
	}
	CHECK_EQ(sip_unfold(SLICE_LIT("a\r\n \tb c"), flat, sizeof(flat)), 5);
	CHECK_MEM(flat, "a b c", 5);
	CHECK_EQ(sip_unfold(SLICE_LIT("123456789"), flat, sizeof(flat)), OH_ETOOBIG);
}

TEST(lists_of_elements)
{
	static const char *const want[] = {"a", "\"b,\\\",c\"", "<sip:x,y>;q", "d"};
	struct slice rest = SLICE_LIT(" a , \"b,\\\",c\",, <sip:x,y>;q ,d, "), element;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		CHECK(sip_list_next(&rest, &element));
		CHECK_SLICE(element, want[i]);
	}
	CHECK(!sip_list_next(&rest, &element));
	rest = SLICE_LIT("\"open, for ever");
	CHECK(sip_list_next(&rest, &element));
	CHECK(!sip_list_next(&rest, &element));
}

/* The answer to a faulty message gives its headers back without a line end that could add one. */
TEST(an_echo_adds_no_header)
{
	static struct sip_msg m;
	struct sip_writer w;
	struct slice text;
	char buf[1024], out[512];

	CHECK_OK(sip_msg_parse(&m, slice_make(buf, build(buf, sizeof(buf), L_TO, "To: a\rX: y\r\n z"))));
	CHECK_EQ(m.fault.status, 400);
	sipw_init(&w, out, sizeof(out));
	sipw_copy(&w, &m, SIP_HDR_TO);
	sipw_copy(&w, &m, SIP_HDR_CONTACT);
	CHECK_OK(sipw_end(&w, &text));
	CHECK_SLICE(text, "To: a X: y z\r\n");
	sip_msg_free(&m);
}

TESTS(RUN(an_invite_gives_all_its_parts), RUN(every_name_is_found),
	RUN(a_message_is_written_in_order_and_checked), RUN(each_fault_is_named),
	RUN(what_is_not_sip_is_dropped), RUN(many_headers), RUN(a_list_has_a_limit),
	RUN(line_ends_everywhere), RUN(a_stream_gives_one_message_after_the_other),
	RUN(a_stream_that_cannot_be_framed_is_closed), RUN(seconds_and_unfolding), RUN(lists_of_elements),
	RUN(an_echo_adds_no_header))
