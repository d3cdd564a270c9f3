/* Messages at a glance, as records of a capture file, and as packets for a collector. */
#include "check.h"

#include "base/err.h"
#include "sip/capture.h"
#include "sip/peek.h"

static const char invite[] = "INVITE sip:bob@192.0.2.2 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 192.0.2.1\r\n"
			     "i : abc@host \r\n"
			     "CSEQ: 7 INVITE\r\n"
			     "c: Application/SDP;x=1\r\n\r\nCall-ID: not this\r\n";

TEST(a_glance_tells_request_and_response_apart)
{
	struct sip_peek p;

	CHECK_OK(sip_peek(slice_of(invite), &p));
	CHECK_EQ(p.method, SIP_INVITE);
	CHECK_EQ(p.status, 0);
	CHECK_EQ(p.cseq, 7);
	CHECK_SLICE(p.call_id, "abc@host");
	CHECK(p.body_sdp);
	CHECK_OK(sip_peek(slice_of("SIP/2.0 180 Ringing\nCall-ID: x\nCSeq: 4294967295  PRACK\n\n"), &p));
	CHECK_EQ(p.method, SIP_PRACK);
	CHECK_EQ(p.status, 180);
	CHECK_EQ(p.cseq, 4294967295u);
	CHECK_SLICE(p.call_id, "x");
	CHECK(!p.body_sdp);
}

/* What is no SIP is said so; what is half of it is read as far as it goes. */
TEST(a_glance_at_anything_is_safe)
{
	static const char *const junk[] = {"", "\r\n", "INVITE", "SIP/2.0", "SIP/2.0 99 x", "SIP/2.0 abc x",
		"SIP/2.0 700 x", " \r\n\r\n"};
	struct sip_peek p;

	for (size_t i = 0; i < ARRAY_LEN(junk); i++)
		CHECK_EQ(sip_peek(slice_of(junk[i]), &p), OH_ESYNTAX);
	for (size_t n = 0; n < sizeof(invite); n++) {
		char *cut = malloc(n ? n : 1); /* so that a sanitizer sees one byte too far */

		memcpy(cut, invite, n);
		(void)sip_peek(slice_make(cut, n), &p);
		free(cut);
	}
	CHECK_OK(sip_peek(slice_of("X y SIP/2.0\r\nCSeq\r\nCall-ID\r\nC\r\n:\r\n"), &p));
	CHECK(slice_empty(p.call_id));
}

static uint32_t be(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static uint32_t le(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint16_t ones_sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i += 2)
		s += (uint32_t)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static struct capture capture_of(const char *local, const char *remote, const char *text)
{
	struct capture c = {.out = true,
		.transport = SIP_TRANSPORT_UDP,
		.wall_ns = 1700000000123456789u,
		.call_id = SLICE_LIT("abc@host"),
		.bytes = slice_of(text)};

	CHECK_OK(netaddr_parse_ip(slice_of(local), 5060, &c.local));
	CHECK_OK(netaddr_parse_ip(slice_of(remote), 5070, &c.remote));
	return c;
}

TEST(a_record_holds_a_datagram_with_sound_checksums)
{
	static const struct {
		const char *local, *remote, *text;
		unsigned ip_bytes;
	} rows[] = {{"192.0.2.1", "192.0.2.2", "odd", 20}, {"192.0.2.1", "192.0.2.2", "even", 20},
		{"2001:db8::1", "2001:db8::2", "six", 40}};
	uint8_t out[CAPTURE_PCAP_EXTRA + 16], *ip = out + 16;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct capture c = capture_of(rows[i].local, rows[i].remote, rows[i].text);
		size_t n = capture_pcap_record(NULL, &c, out), size = rows[i].ip_bytes == 20 ? 4 : 16;
		size_t udp_n = 8 + c.bytes.n;
		uint8_t *udp = ip + rows[i].ip_bytes;

		CHECK_EQ(n, 16 + rows[i].ip_bytes + udp_n);
		CHECK_EQ(le(out), 1700000000u);
		CHECK_EQ(le(out + 4), 123456789u);
		CHECK_EQ(le(out + 8), n - 16);
		CHECK_EQ(le(out + 12), n - 16);
		if (size == 4)
			CHECK_EQ(ones_sum(ip, 20, 0), 0xffff);
		CHECK_EQ(be(udp, 2), 5060);
		CHECK_EQ(be(udp + 2, 2), 5070);
		CHECK_EQ(be(udp + 4, 2), udp_n);
		CHECK_EQ(ones_sum(udp, udp_n, ones_sum(udp - 2 * size, 2 * size, 17 + (uint32_t)udp_n)),
			0xffff);
		CHECK_MEM(udp + 8, rows[i].text, c.bytes.n);
	}
}

/* What passes both ways on one connection makes one stream of bytes in each direction. */
TEST(records_of_a_connection_continue_each_other)
{
	struct capture_streams *s = calloc(1, sizeof(*s));
	struct capture c = capture_of("192.0.2.1", "192.0.2.2", "12345");
	uint8_t out[CAPTURE_PCAP_EXTRA + 16], *tcp = out + 16 + 20;

	c.transport = SIP_TRANSPORT_TLS;
	capture_pcap_record(s, &c, out);
	CHECK_EQ(be(tcp + 4, 4), 1);
	CHECK_EQ(be(tcp + 8, 4), 1);
	c.out = false;
	capture_pcap_record(s, &c, out);
	CHECK_EQ(be(tcp, 2), 5070);
	CHECK_EQ(be(tcp + 4, 4), 1);
	CHECK_EQ(be(tcp + 8, 4), 6);
	c.out = true;
	CHECK_EQ(capture_pcap_record(s, &c, out), 16 + 20 + 20 + 5);
	CHECK_EQ(be(tcp + 4, 4), 6);
	CHECK_EQ(be(tcp + 8, 4), 6);
	CHECK_EQ(ones_sum(tcp, 25, ones_sum(tcp - 8, 8, 6 + 25)), 0xffff);
	/* More connections than are remembered: the oldest begins anew, nothing else happens. */
	for (uint16_t port = 1; port <= 2 * CAPTURE_STREAMS; port++) {
		c.remote.port = port;
		capture_pcap_record(s, &c, out);
		CHECK_EQ(be(tcp + 4, 4), 1);
	}
	free(s);
}

TEST(a_message_that_no_packet_holds_is_cut)
{
	char *big = malloc(SIP_MSG_MAX + 1);
	uint8_t *out = malloc(CAPTURE_PCAP_EXTRA + CAPTURE_MESSAGE_MAX);
	struct capture c = capture_of("2001:db8::1", "2001:db8::2", "");

	memset(big, 'x', SIP_MSG_MAX);
	c.bytes = slice_make(big, SIP_MSG_MAX);
	CHECK_EQ(capture_pcap_record(NULL, &c, out), 16 + 40 + 8 + CAPTURE_MESSAGE_MAX);
	CHECK_EQ(capture_hep(&c, 1, SLICE_NONE, out, CAPTURE_MESSAGE_MAX), OH_ETOOBIG);
	free(out);
	free(big);
}

/* The value of a chunk of a packet; checks the framing on its way. */
static struct slice hep_chunk(const uint8_t *packet, long n, unsigned type)
{
	struct slice found = SLICE_NONE;
	const uint8_t *at = packet + 6;

	CHECK_MEM(packet, "HEP3", 4);
	CHECK_EQ(be(packet + 4, 2), n);
	while (at < packet + n) {
		CHECK_EQ(be(at, 2), 0);
		if (be(at + 2, 2) == type)
			found = slice_make((const char *)at + 6, be(at + 4, 2) - 6);
		at += be(at + 4, 2);
	}
	CHECK(at == packet + n);
	return found;
}

TEST(a_packet_for_a_collector_says_who_whom_when_and_what)
{
	struct capture c = capture_of("192.0.2.1", "192.0.2.2", invite);
	uint8_t out[1024];
	long n;

	c.out = false;
	n = capture_hep(&c, 2001, SLICE_LIT("secret"), out, sizeof(out));
	CHECK(n > 0);
	CHECK_MEM(hep_chunk(out, n, 1).p, "\x02", 1);
	CHECK_MEM(hep_chunk(out, n, 2).p, "\x11", 1);
	CHECK_MEM(hep_chunk(out, n, 3).p, "\xc0\x00\x02\x02", 4);
	CHECK_MEM(hep_chunk(out, n, 4).p, "\xc0\x00\x02\x01", 4);
	CHECK_EQ(be((const uint8_t *)hep_chunk(out, n, 7).p, 2), 5070);
	CHECK_EQ(be((const uint8_t *)hep_chunk(out, n, 8).p, 2), 5060);
	CHECK_EQ(be((const uint8_t *)hep_chunk(out, n, 9).p, 4), 1700000000u);
	CHECK_EQ(be((const uint8_t *)hep_chunk(out, n, 10).p, 4), 123456u);
	CHECK_MEM(hep_chunk(out, n, 11).p, "\x01", 1);
	CHECK_EQ(be((const uint8_t *)hep_chunk(out, n, 12).p, 4), 2001);
	CHECK_SLICE(hep_chunk(out, n, 14), "secret");
	CHECK_SLICE(hep_chunk(out, n, 15), invite);
	CHECK_SLICE(hep_chunk(out, n, 17), "abc@host");
	for (size_t cap = 0; cap < (size_t)n; cap++) {
		uint8_t *room = malloc(cap ? cap : 1);

		CHECK_EQ(capture_hep(&c, 2001, SLICE_LIT("secret"), room, cap), OH_ETOOBIG);
		free(room);
	}
}

TESTS(RUN(a_glance_tells_request_and_response_apart), RUN(a_glance_at_anything_is_safe),
	RUN(a_record_holds_a_datagram_with_sound_checksums), RUN(records_of_a_connection_continue_each_other),
	RUN(a_message_that_no_packet_holds_is_cut), RUN(a_packet_for_a_collector_says_who_whom_when_and_what))
