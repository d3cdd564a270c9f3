/* Refusals, as a stranger hears them from the whole phone: each status with the header that RFC 3261 gives it. */
#include "peer.h"

static const char sdp_type[] = "application/sdp";

#define AUDIO(version, formats) \
	"v=0\r\no=- 1 " version " IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n" \
	"m=audio 4000 RTP/AVP " formats "\r\n"

static const char strange[] = AUDIO("2", "96") "a=rtpmap:96 foo/8000\r\n";

/* Parts of a multipart body with the boundary "b". */
#define PART(headers, text) "--b\r\n" headers "\r\n" text "\r\n"
#define SDP_PART            PART("Content-Type: application/sdp\r\n", AUDIO("1", "8"))
#define TEXT_PART           PART("", "hello")
#define END                 "--b--\r\n"

static const struct row {
	struct peer_request req;
	const char *answer, *header;
} rows[] = {
	/* 21.4.1, 7.4 */
	{{"OPTIONS", .more = "Contact: <sip:x\r\n"}, "SIP/2.0 400 Bad Contact\r\n", ""},
	{{"OPTIONS", .more = "CSeq: 7 OPTIONS\r\n"}, "SIP/2.0 400 More than one CSeq\r\n", ""},
	{{"OPTIONS", .line = "<sip:bob@192.0.2.2> SIP/2.0"}, "SIP/2.0 400 Bad Request-URI\r\n", ""},
	{{"INVITE", .type = "multipart/mixed", .body = SDP_PART END}, "SIP/2.0 400 Bad Multipart Body\r\n",
		""},
	{{"INVITE", .type = "multipart/mixed;boundary=b", .body = SDP_PART},
		"SIP/2.0 400 Bad Multipart Body\r\n", ""},
	/* 21.4.6 */
	{{.method = "REGISTER"}, "SIP/2.0 405 Method Not Allowed\r\n", "\r\nAllow: INVITE, ACK"},
	/* 21.4.7 */
	{{"INVITE", .more = "Accept: text/plain\r\n"}, "SIP/2.0 406 Not Acceptable\r\n", "\r\nWarning: 399 "},
	/* 21.4.13, 8.2.3 */
	{{"INVITE", .type = "text/plain", .body = "hello"}, "SIP/2.0 415 Unsupported Media Type\r\n",
		"\r\nAccept: application/sdp"},
	{{"INVITE", .more = "Content-Encoding: gzip\r\n", .body = "x"},
		"SIP/2.0 415 Unsupported Media Type\r\n", "\r\nAccept-Encoding: identity\r\n"},
	/* RFC 5621 8.3: one part that is required and not understood */
	{{"INVITE", .type = "multipart/mixed;boundary=b", .body = SDP_PART TEXT_PART END},
		"SIP/2.0 415 Unsupported Media Type\r\n", "\r\nAccept: application/sdp, multipart/"},
	/* 21.4.14, 8.2.2.1 */
	{{"OPTIONS", .line = "http://example.com SIP/2.0"}, "SIP/2.0 416 Unsupported URI Scheme\r\n", ""},
	/* 21.4.15, 8.2.2.3 */
	{{"INVITE", .more = "Require: foo, bar\r\n"}, "SIP/2.0 420 Bad Extension\r\n",
		"\r\nUnsupported: foo, bar\r\n"},
	/* 12.2.2 */
	{{"BYE", .tag = "gone"}, "SIP/2.0 481 Call/Transaction Does Not Exist\r\n", ""},
	{{.method = "CANCEL"}, "SIP/2.0 481 Call/Transaction Does Not Exist\r\n", ""},
	/* 21.4.26, 20.43 */
	{{"INVITE", .body = strange}, "SIP/2.0 488 Not Acceptable Here\r\n", "\r\nWarning: 305 offhook \""},
	{{"INVITE", .body = "nonsense"}, "SIP/2.0 488 Not Acceptable Here\r\n",
		"\r\nWarning: 399 offhook \""},
	{{"INVITE", .body = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			    "m=audio 4000 RTP/\"X\\ 8\r\n"},
		"SIP/2.0 488 Not Acceptable Here\r\n", "\r\nWarning: 3"},
	/* 23.2 */
	{{"INVITE", .type = "application/pkcs7-mime;smime-type=enveloped-data", .body = "x"},
		"SIP/2.0 493 Undecipherable\r\n", ""},
	{{"INVITE", .type = "multipart/encrypted;boundary=b", .body = TEXT_PART END},
		"SIP/2.0 493 Undecipherable\r\n", ""},
	{{"INVITE", .type = "application/pkcs7-mime;smime-type=signed-data", .body = "x"},
		"SIP/2.0 415 Unsupported Media Type\r\n", "\r\nAccept: "},
	/* 21.5.2 */
	{{.method = "FOO"}, "SIP/2.0 501 Not Implemented\r\n", "\r\nAllow: INVITE, ACK"},
	/* 21.5.6 */
	{{"OPTIONS", .line = "sip:bob@192.0.2.2 SIP/7.0"}, "SIP/2.0 505 Version Not Supported\r\n", ""},
};

static void refusal(struct peer *p, const struct row *row, unsigned cseq)
{
	struct peer_request req = row->req;

	req.cseq = cseq;
	peer_ask(p, &req);
	CHECK(peer_got(p, row->answer));
	CHECK(peer_got(p, row->header));
	CHECK(peer_got(p, "\r\nServer: offhook/"));
}

TEST(each_refusal_has_its_header)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		refusal(&p, &rows[i], 2 * i + 1);
	CHECK_STR(r->b.log, "");
	peer_close(&p);
	rig_close(r);
}

/* RFC 3261 21.4.11, 21.4.12; RFC 5621: a limit is named by a status. */
TEST(too_much_is_refused_by_name)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char *body = malloc(40001), line[3000];

	memset(body, 'x', 40000);
	body[40000] = '\0';
	memset(line, 'x', sizeof(line));
	memcpy(line, "sip:", 4);
	memcpy(line + sizeof(line) - 20, "@192.0.2.2 SIP/2.0", 19);
	peer_open(&p, r);
	peer_ask(&p, &(struct peer_request){"INVITE", .cseq = 1, .body = body});
	CHECK(peer_got(&p, "SIP/2.0 413 Request Entity Too Large\r\n"));
	peer_ask(&p, &(struct peer_request){"INVITE", .cseq = 2, .line = line});
	CHECK(peer_got(&p, "SIP/2.0 414 Request-URI Too Long\r\n"));
	CHECK_STR(r->b.log, "");
	free(body);
	peer_close(&p);
	rig_close(r);
}

/* RFC 3261 8.2.2.2: the same request by two ways. */
TEST(a_merged_request_is_refused)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", AUDIO("1", "8"));
	peer_say(&p, "INVITE", "bob", "", 1, "", AUDIO("1", "8"));
	CHECK(peer_got(&p, "SIP/2.0 482 Loop Detected\r\n"));
	CHECK_STR(r->b.log, "INCOMING ");
	peer_close(&p);
	rig_close(r);
}

/* RFC 3261 21.4.21: a phone with a limit. */
static void one_call(struct offhook_phone_cfg *cfg)
{
	cfg->max_calls = 1;
}

TEST(one_call_too_many_hears_busy)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, one_call);
	struct peer p;

	rig_talk(r);
	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", AUDIO("1", "8"));
	CHECK(peer_got(&p, "SIP/2.0 486 Busy Here\r\n"));
	peer_close(&p);
	rig_close(r);
}

/* An end point takes a request that no proxy would forward any more (RFC 3261 16.3 is the proxy's; RFC 4475
 * 3.3.11). */
TEST(the_last_hop_is_no_reason_to_refuse)
{
	static const char request[] = "OPTIONS sip:bob@192.0.2.2 SIP/2.0\r\n"
				      "Via: SIP/2.0/UDP " PEER_IP ":5060;branch=z9hG4bKmf\r\n"
				      "Max-Forwards: 0\r\nFrom: <sip:x@" PEER_IP ">;tag=us\r\n"
				      "To: <sip:bob@192.0.2.2>\r\nCall-ID: mf\r\nCSeq: 1 OPTIONS\r\n\r\n";
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	peer_send(&p, request, sizeof(request) - 1);
	CHECK(peer_got(&p, "SIP/2.0 200 OK\r\n"));
	peer_close(&p);
	rig_close(r);
}

/* ---- inside a call ---- */

static void talk(struct peer *p, struct rig *r, char tag[64])
{
	peer_open(p, r);
	peer_say(p, "INVITE", "bob", "", 1, "", AUDIO("1", "8"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(peer_hear(p) && peer_got(p, "200 OK"));
	peer_tag(p, tag);
	peer_say(p, "ACK", "bob", tag, 1, "", "");
	side_forget(&r->b);
}

TEST(a_reinvite_that_cannot_be_answered_learns_why)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	talk(&p, r, tag);
	peer_say(&p, "INVITE", "bob", tag, 2, "", strange);
	CHECK(peer_got(&p, "SIP/2.0 488 Not Acceptable Here\r\n"));
	CHECK(peer_got(&p, "\r\nWarning: 305 offhook \""));
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	peer_ask(&p, &(struct peer_request){
			     "INVITE", .tag = tag, .cseq = 3, .type = "text/plain", .body = "hello"});
	CHECK(peer_got(&p, "SIP/2.0 415 "));
	CHECK(peer_got(&p, "\r\nAccept: application/sdp"));
	peer_say(&p, "ACK", "bob", tag, 3, "", "");
	CHECK_STR(r->b.log, "");
	peer_say(&p, "BYE", "bob", tag, 4, "", "");
	peer_close(&p);
	rig_close(r);
}

TEST(glare_and_haste_are_refused)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	/* RFC 3261 14.2: the first INVITE waits for its answer. */
	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", AUDIO("1", "8"));
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(peer_hear(&p) && peer_got(&p, "180 "));
	peer_tag(&p, tag);
	peer_say(&p, "INVITE", "bob", tag, 2, "", AUDIO("1", "8"));
	CHECK(peer_got(&p, "SIP/2.0 500 "));
	CHECK(peer_got(&p, "\r\nRetry-After: "));
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(peer_hear(&p) && peer_got(&p, "200 OK"));
	peer_say(&p, "ACK", "bob", tag, 1, "", "");

	/* Ours is under way. */
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	CHECK(peer_hear(&p) && peer_got(&p, "INVITE sip:stranger@"));
	peer_say(&p, "INVITE", "bob", tag, 3, "", AUDIO("2", "8"));
	CHECK(peer_got(&p, "SIP/2.0 491 Request Pending\r\n"));
	peer_say(&p, "ACK", "bob", tag, 3, "", "");

	/* RFC 3261 12.2.2: a number from the past. */
	peer_say(&p, "INFO", "bob", tag, 2, "", "");
	CHECK(peer_got(&p, "SIP/2.0 500 CSeq Out Of Order\r\n"));
	peer_say(&p, "BYE", "bob", tag, 4, "", "");
	peer_close(&p);
	rig_close(r);
}

TEST(unknown_methods_inside_a_call)
{
	static const struct {
		const char *method, *answer;
	} inside[] = {{"FOO", "SIP/2.0 501 "}, {"PUBLISH", "SIP/2.0 405 "}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	talk(&p, r, tag);
	for (unsigned i = 0; i < ARRAY_LEN(inside); i++) {
		peer_say(&p, inside[i].method, "bob", tag, 2 + i, "", "");
		CHECK(peer_got(&p, inside[i].answer));
		CHECK(peer_got(&p, "\r\nAllow: INVITE, ACK"));
	}
	peer_say(&p, "OPTIONS", "bob", tag, 8, "", "");
	CHECK(peer_got(&p, "200 OK") && peer_got(&p, "\r\nAccept: ") && peer_got(&p, "\r\nAllow: "));
	peer_say(&p, "BYE", "bob", tag, 9, "", "");
	peer_close(&p);
	rig_close(r);
}

/* ---- bodies in parts: RFC 5621 ---- */

TEST(the_description_is_found_among_the_parts)
{
	static const struct {
		const char *type, *body;
	} parts[] = {
		{"multipart/mixed;boundary=b", SDP_PART END},
		{"multipart/mixed; boundary=\"b\"",
			"a preamble\r\n" PART("Content-Disposition: x;handling=optional\r\n", "hello")
				SDP_PART END "an epilogue"},
		{"multipart/alternative;boundary=b", TEXT_PART SDP_PART TEXT_PART END},
		{"Multipart/Related;boundary=b", SDP_PART END},
		{"multipart/mixed;boundary=c",
			"--c\r\nContent-Type: multipart/alternative;\r\n boundary=b\r\n\r\n" SDP_PART END
			"\r\n--c--"},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	peer_open(&p, r);
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++) {
		unsigned cseq = 10 * i + 1;

		side_forget(&r->b);
		peer_ask(&p, &(struct peer_request){
				     "INVITE", .cseq = cseq, .type = parts[i].type, .body = parts[i].body});
		CHECK_OK(side_answer(&r->b, 200));
		CHECK(peer_hear(&p) && peer_got(&p, "m=audio "));
		CHECK(strstr(p.got, sdp_type) != NULL);
		peer_tag(&p, tag);
		peer_say(&p, "ACK", "bob", tag, cseq, "", "");
		CHECK_STR(r->b.log, "INCOMING MEDIA(ACTIVE,3,slot) CONNECTING(200) CONFIRMED(200) ");
		peer_say(&p, "BYE", "bob", tag, cseq + 1, "", "");
	}
	peer_close(&p);
	rig_close(r);
}

TESTS(RUN(each_refusal_has_its_header), RUN(too_much_is_refused_by_name), RUN(a_merged_request_is_refused),
	RUN(one_call_too_many_hears_busy), RUN(the_last_hop_is_no_reason_to_refuse),
	RUN(a_reinvite_that_cannot_be_answered_learns_why), RUN(glare_and_haste_are_refused),
	RUN(unknown_methods_inside_a_call), RUN(the_description_is_found_among_the_parts))
