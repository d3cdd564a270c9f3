/* The parser of session descriptions: RFC 8866 9, and what is forgiven. */
#include "check.h"

#include "base/err.h"
#include "sdp/sdp.h"

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"

static const char full[] = "v=0\r\n"
			   "o=alice 2890844526 2890844527 IN IP4 192.0.2.1\r\n"
			   "s=A call\r\n"
			   "i=about nothing\r\n"
			   "c=IN IP4 192.0.2.1\r\n"
			   "b=AS:64\r\n"
			   "t=2873397496 2873404696\r\n"
			   "a=tool:something\r\n"
			   "a=recvonly\r\n"
			   "m=audio 49170/2 RTP/AVP 0 97 101\r\n"
			   "a=rtpmap:97 L16/16000/2\r\n"
			   "a=rtpmap:101 telephone-event/8000\r\n"
			   "a=fmtp:101 0-15\r\n"
			   "a=sendonly\r\n"
			   "m=video 0 RTP/SAVPF 31\r\n"
			   "c=IN IP6 2001:db8::2\r\n";

TEST(a_full_description_is_slices_into_its_text)
{
	struct sdp s;
	const struct sdp_media *m;

	CHECK_OK(sdp_parse(&s, SLICE_LIT(full)));
	CHECK_SLICE(s.origin_user, "alice");
	CHECK_SLICE(s.origin_id, "2890844526");
	CHECK_SLICE(s.origin_version, "2890844527");
	CHECK_SLICE(s.origin.addr, "192.0.2.1");
	CHECK_SLICE(s.name, "A call");
	CHECK_SLICE(s.time, "2873397496 2873404696");
	CHECK_EQ(s.n_attrs, 2);
	CHECK_EQ(s.n_media, 2);

	m = &s.media[0];
	CHECK_SLICE(m->type, "audio");
	CHECK_EQ(m->port, 49170);
	CHECK_EQ(m->n_ports, 2);
	CHECK_SLICE(m->proto, "RTP/AVP");
	CHECK_EQ(m->n_formats, 3);
	CHECK_SLICE(m->formats[2], "101");
	CHECK_SLICE(m->conn.addr, "192.0.2.1");
	CHECK_EQ(m->dir, SDP_SENDONLY);
	CHECK_SLICE(sdp_fmtp(m, 101), "0-15");
	CHECK(!slice_present(sdp_fmtp(m, 0)));
	CHECK_SLICE(sdp_attr_value(&s, m, "tool"), "something");
	CHECK_SLICE(sdp_attr_value(&s, m, "sendonly"), "");
	CHECK(slice_present(sdp_attr_value(&s, m, "sendonly")));
	CHECK(!slice_present(sdp_attr_value(&s, m, "crypto")));

	m = &s.media[1];
	CHECK_EQ(m->port, 0);
	CHECK_SLICE(m->conn.addr_type, "IP6");
	CHECK_SLICE(m->conn.addr, "2001:db8::2");
	CHECK_EQ(m->dir, SDP_RECVONLY); /* of the session */
	sdp_free(&s);
}

TEST(an_ordinary_description_allocates_nothing)
{
	size_t blocks = mem_live();
	struct sdp s;

	CHECK_OK(sdp_parse(&s, SLICE_LIT(full)));
	CHECK_EQ(mem_live(), blocks);
	sdp_free(&s);
}

TEST(payload_types_have_the_meaning_of_rfc_3551_until_told_otherwise)
{
	static const struct {
		unsigned pt;
		const char *encoding;
		uint32_t clock_hz, channels;
	} rows[] = {
		{0, "PCMU", 8000, 1},
		{8, "PCMA", 8000, 1},
		{9, "G722", 8000, 1},
		{10, "L16", 44100, 2},
		{11, "L16", 44100, 1},
		{18, "G729", 8000, 1},
		{13, "CN", 8000, 1},
		{3, "X-redefined", 16000, 1},
		{97, "L16", 16000, 2},
		{98, "opus", 48000, 2},
		{99, "AMR", 8000, 1},
	};
	struct sdp s;
	struct sdp_rtpmap map;

	CHECK_OK(sdp_parse(&s, SLICE_LIT(HEAD "m=audio 4000 RTP/AVP 0\r\n"
					      "a=rtpmap:3 X-redefined/16000\r\n"
					      "a=rtpmap:97 L16/16000/2\r\n"
					      "a=rtpmap:98  opus/48000/2 \r\n"
					      "a=rtpmap:99 AMR/8000/what\r\n"
					      "a=rtpmap:100 nothing\r\n"
					      "a=rtpmap:101 zero/0\r\n"
					      "a=rtpmap:102\r\n"
					      "a=rtpmap:0103 leading/8000\r\n")));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_OK(sdp_rtpmap(&s.media[0], rows[i].pt, &map));
		CHECK_SLICE(map.encoding, rows[i].encoding);
		CHECK_EQ(map.clock_hz, rows[i].clock_hz);
		CHECK_EQ(map.channels, rows[i].channels);
	}
	for (unsigned pt = 100; pt <= 104; pt++)
		CHECK_EQ(sdp_rtpmap(&s.media[0], pt, &map), OH_ENOENT);
	sdp_free(&s);
}

TEST(what_peers_really_send_is_forgiven)
{
	static const char *const texts[] = {
		"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0", /* s=, t=,
												      end */
		HEAD "c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0 \r\n\r\n\r\n",
		HEAD "t=0 0\r\na=sendrecv\r\nb=AS:80\r\nc=IN IP4 192.0.2.1\r\nm=audio  4000 RTP/AVP  0\r\n",
		HEAD "y=what is this\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nq=?\r\n",
		"v=0\r\no=a.b@c 18446744073709551616 1 IN IP4 h.example\r\ns=\r\nc=IN IP4 192.0.2.1\r\n"
		"m=audio 4000 RTP/AVP 0\r\n", /* a session id of more than 64 bits; an empty name */
		HEAD "c=IN IP4 192.0.2.1/127/3\r\nm=audio 4000 RTP/AVP 0\r\n",
		HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct sdp s;

		CHECK_OK(sdp_parse(&s, slice_of(texts[i])));
		CHECK_EQ(s.n_media, 1);
		CHECK_EQ(s.media[0].port, 4000);
		CHECK_EQ(s.media[0].n_formats, 1);
		CHECK_SLICE(s.media[0].conn.addr, "192.0.2.1");
		CHECK_EQ(s.media[0].dir, SDP_SENDRECV);
		sdp_free(&s);
	}
}

TEST(faults_are_named_with_their_line)
{
	static const struct {
		const char *text, *fault;
		size_t line;
	} rows[] = {
		{"", "an empty description", 0},
		{"\r\n\r\n", "an empty description", 0},
		{"o=- 1 1 IN IP4 192.0.2.1\r\n", "the first line is not v=0", 1},
		{"v=1\r\no=- 1 1 IN IP4 192.0.2.1\r\n", "the first line is not v=0", 1},
		{"v=0\r\ns=-\r\n", "no o= line", 0},
		{HEAD "v=0\r\n", "a second v= line", 4},
		{HEAD "o=- 1 1 IN IP4 192.0.2.1\r\n", "a second o= line", 4},
		{"v=0\r\no=- one 1 IN IP4 192.0.2.1\r\n", "o= without a numeric session id and version", 2},
		{"v=0\r\no=- 1 1 IN IP4\r\n", "an address that is not <net type> <address type> <address>",
			2},
		{"v=0\r\no=- 1 1 IN IP4 a b\r\n",
			"an address that is not <net type> <address type> <address>", 2},
		{HEAD "c=IN IP4 300.1.2.3\r\n",
			"neither an IP address nor a host name where an address belongs", 4},
		{HEAD "c=IN IP4 a_b\r\n", "neither an IP address nor a host name where an address belongs",
			4},
		{HEAD "t=now\r\n", "t= is not <start> <stop>", 4},
		{HEAD "\r\nt=0 0\r\n", "a line that is not <letter>=<value>", 4},
		{HEAD "nonsense\r\n", "a line that is not <letter>=<value>", 4},
		{HEAD "T=0 0\r\n", "a line that is not <letter>=<value>", 4},
		{HEAD "a=b\rc\r\n", "a CR or NUL within a line", 4},
		{HEAD "a=\r\n", "a= without an attribute name", 4},
		{HEAD "a=:x\r\n", "a= without an attribute name", 4},
		{HEAD "m=\r\n", "m= line without a media type", 4},
		{HEAD "m=audio\r\n", "m= line without a port of 0..65535", 4},
		{HEAD "m=audio 65536 RTP/AVP 0\r\n", "m= line without a port of 0..65535", 4},
		{HEAD "m=audio -1 RTP/AVP 0\r\n", "m= line without a port of 0..65535", 4},
		{HEAD "m=audio 4000/0 RTP/AVP 0\r\n", "m= line with a bad number of ports", 4},
		{HEAD "m=audio 4000\r\n", "m= line without a transport", 4},
		{HEAD "m=audio 4000 RTP/ 0\r\n", "m= line without a transport", 4},
		{HEAD "m=audio 4000 RTP/AVP\r\n", "m= line without formats", 4},
		{HEAD "m=audio 4000 RTP/AVP 0 \"\r\n", "m= line with a format that is no token", 4},
		{HEAD "m=audio 4000 RTP/AVP 0\r\nt=0 0\r\n", "t= after m=", 5},
		{HEAD "m=audio 4000 RTP/AVP 0\r\no=- 1 1 IN IP4 a.b\r\n", "o= after m=", 5},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sdp s;

		CHECK_EQ(sdp_parse(&s, slice_of(rows[i].text)), OH_ESDP);
		CHECK_STR(s.fault, rows[i].fault);
		CHECK_EQ(s.fault_line, rows[i].line);
		sdp_free(&s);
	}
}

/* The head, then `n` times `line` after `start`. */
static char *repeated(const char *start, const char *line, size_t n)
{
	size_t size = strlen(start) + n * strlen(line) + 1, at;
	char *text = malloc(size);

	assert_non_null(text);
	at = (size_t)sprintf(text, "%s", start);
	for (size_t i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "%s", line);
	return text;
}

TEST(everything_that_a_peer_can_grow_has_a_limit)
{
	static const struct {
		const char *start, *line;
		size_t most;
		const char *fault;
	} rows[] = {
		{HEAD, "m=audio 4000 RTP/AVP 0\r\n", SDP_MEDIA_MAX, "too many m= lines"},
		{HEAD, "a=x:y\r\n", SDP_ATTRS_MAX, "too many a= lines"},
		{HEAD "m=audio 4000 RTP/AVP", " 0", SDP_FORMATS_MAX, "m= line with too many formats"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *good = repeated(rows[i].start, rows[i].line, rows[i].most);
		char *bad = repeated(rows[i].start, rows[i].line, rows[i].most + 1);
		struct sdp s;

		CHECK_OK(sdp_parse(&s, slice_of(good)));
		sdp_free(&s);
		CHECK_EQ(sdp_parse(&s, slice_of(bad)), OH_ESDP);
		CHECK_STR(s.fault, rows[i].fault);
		sdp_free(&s);
		free(good);
		free(bad);
	}
}

TEST(all_limits_at_once_fit_into_the_arena)
{
	char formats[SDP_FORMATS_MAX * 4 + 64], *media, *all;
	size_t at = (size_t)sprintf(formats, "m=audio 4000 RTP/AVP");
	struct sdp s;

	for (size_t i = 0; i < SDP_FORMATS_MAX; i++)
		at += (size_t)sprintf(formats + at, " %zu", i);
	sprintf(formats + at, "\r\n");
	media = repeated(HEAD, formats, SDP_MEDIA_MAX);
	all = repeated(media, "a=x\r\n", SDP_ATTRS_MAX);
	CHECK_OK(sdp_parse(&s, slice_of(all)));
	CHECK_EQ(s.media[SDP_MEDIA_MAX - 1].n_attrs, SDP_ATTRS_MAX);
	sdp_free(&s);
	free(media);
	free(all);
}

TEST(directions_reverse)
{
	CHECK_EQ(sdp_dir_reverse(SDP_SENDONLY), SDP_RECVONLY);
	CHECK_EQ(sdp_dir_reverse(SDP_RECVONLY), SDP_SENDONLY);
	CHECK_EQ(sdp_dir_reverse(SDP_SENDRECV), SDP_SENDRECV);
	CHECK_EQ(sdp_dir_reverse(SDP_INACTIVE), SDP_INACTIVE);
}

static int parse_large(void *text)
{
	struct sdp s;
	int err = sdp_parse(&s, slice_of(text));

	sdp_free(&s);
	CHECK(err == 0 || err == OH_ENOMEM);
	return err;
}

TEST(a_large_description_survives_lack_of_memory)
{
	char *text = repeated(HEAD, "m=audio 4000 RTP/AVP 0 8 9 10 11 12 13 14\r\na=x\r\n", SDP_MEDIA_MAX);

	check_every_allocation_fails(parse_large, text);
	free(text);
}

TESTS(RUN(a_full_description_is_slices_into_its_text), RUN(an_ordinary_description_allocates_nothing),
	RUN(payload_types_have_the_meaning_of_rfc_3551_until_told_otherwise),
	RUN(what_peers_really_send_is_forgiven), RUN(faults_are_named_with_their_line),
	RUN(everything_that_a_peer_can_grow_has_a_limit), RUN(all_limits_at_once_fit_into_the_arena),
	RUN(directions_reverse), RUN(a_large_description_survives_lack_of_memory))
