/* Messages of our own: framing, typed headers, faults, names, printing. RFC 4475 and 5118 are test_torture.c.
 */
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
	sipw_hdr_fmt(&w, SIP_HDR_CSEQ, "%u INVITE", 7u);
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

TESTS(RUN(an_invite_gives_all_its_parts), RUN(every_name_is_found),
	RUN(a_message_is_written_in_order_and_checked))
