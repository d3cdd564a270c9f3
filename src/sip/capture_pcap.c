/* Records of a capture file: capture.h. Little-endian file, nanosecond stamps, link type raw IP. */
#include "sip/capture.h"

#define MAGIC_NS     0xa1b23c4du
#define LINKTYPE_RAW 101u
#define SNAP         65535u

#define PROTO_TCP 6u
#define PROTO_UDP 17u
#define IP4_BYTES 20u
#define IP6_BYTES 40u
#define UDP_BYTES 8u
#define TCP_BYTES 20u

static uint8_t *put_le(uint8_t *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*at++ = (uint8_t)(v >> (8 * i));
	return at;
}

static uint8_t *put_be(uint8_t *at, uint64_t v, unsigned bytes)
{
	while (bytes--)
		*at++ = (uint8_t)(v >> (8 * bytes));
	return at;
}

void capture_pcap_header(uint8_t out[CAPTURE_PCAP_HEADER])
{
	out = put_le(out, MAGIC_NS, 4);
	out = put_le(out, 2, 2); /* version 2.4 */
	out = put_le(out, 4, 2);
	out = put_le(out, 0, 8); /* UTC; accuracy */
	out = put_le(out, SNAP, 4);
	put_le(out, LINKTYPE_RAW, 4);
}

/* ---- checksums (RFC 1071) ---- */

static uint32_t sum(uint32_t s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	if (n & 1)
		s += (uint32_t)p[n - 1] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static size_t ip_bytes(const struct netaddr *a)
{
	return a->family == NETADDR_IP6 ? 16 : 4;
}

static uint16_t transport_sum(
	const struct netaddr *from, const struct netaddr *to, uint8_t proto, const uint8_t *segment, size_t n)
{
	uint32_t s = sum(0, from->ip, ip_bytes(from));

	s = sum(s, to->ip, ip_bytes(to));
	s += proto + (uint32_t)n;
	return fold(sum(s, segment, n));
}

/* ---- headers ---- */

static uint8_t *ip_header(
	uint8_t *at, const struct netaddr *from, const struct netaddr *to, uint8_t proto, size_t payload)
{
	uint8_t *begin = at;

	if (from->family == NETADDR_IP6) {
		at = put_be(at, 0x60000000u, 4);
		at = put_be(at, payload, 2);
		at = put_be(at, proto, 1);
		at = put_be(at, 64, 1);
	} else {
		at = put_be(at, 0x4500, 2);
		at = put_be(at, IP4_BYTES + payload, 2);
		at = put_be(at, 0x00004000u, 4); /* do not fragment */
		at = put_be(at, 64, 1);
		at = put_be(at, proto, 1);
		at = put_be(at, 0, 2);
	}
	memcpy(at, from->ip, ip_bytes(from));
	at += ip_bytes(from);
	memcpy(at, to->ip, ip_bytes(to));
	at += ip_bytes(to);
	if (from->family != NETADDR_IP6)
		put_be(begin + 10, fold(sum(0, begin, IP4_BYTES)), 2);
	return at;
}

static size_t udp(uint8_t *at, const struct netaddr *from, const struct netaddr *to, struct slice bytes)
{
	uint8_t *begin = at;
	size_t n = UDP_BYTES + bytes.n;
	uint16_t check;

	at = put_be(at, from->port, 2);
	at = put_be(at, to->port, 2);
	at = put_be(at, n, 2);
	at = put_be(at, 0, 2);
	memcpy(at, bytes.p, bytes.n);
	check = transport_sum(from, to, PROTO_UDP, begin, n);
	put_be(begin + 6, check ? check : 0xffff, 2); /* RFC 768: 0 means none */
	return n;
}

static size_t tcp(uint8_t *at, const struct netaddr *from, const struct netaddr *to, uint32_t seq,
	uint32_t ack, struct slice bytes)
{
	uint8_t *begin = at;
	size_t n = TCP_BYTES + bytes.n;

	at = put_be(at, from->port, 2);
	at = put_be(at, to->port, 2);
	at = put_be(at, seq, 4);
	at = put_be(at, ack, 4);
	at = put_be(at, 0x5018, 2); /* PSH and ACK */
	at = put_be(at, 65535, 2);
	at = put_be(at, 0, 4);
	memcpy(at, bytes.p, bytes.n);
	put_be(begin + 16, transport_sum(from, to, PROTO_TCP, begin, n), 2);
	return n;
}

/* ---- the connections that are shown ---- */

/* Numbers begin at 1, as if a SYN had gone before. Returns seq; *ret_ack what the other side has sent. */
static uint32_t advance(struct capture_streams *s, const struct capture *c, size_t n, uint32_t *ret_ack)
{
	size_t at = 0;
	uint32_t seq;

	for (size_t i = 0; i < CAPTURE_STREAMS; i++) {
		if (s->list[i].used && netaddr_eq(&s->list[i].local, &c->local) &&
			netaddr_eq(&s->list[i].remote, &c->remote)) {
			at = i;
			break;
		}
		if (s->list[i].used < s->list[at].used)
			at = i;
	}
	if (!s->list[at].used || !netaddr_eq(&s->list[at].local, &c->local) ||
		!netaddr_eq(&s->list[at].remote, &c->remote)) {
		memset(&s->list[at], 0, sizeof(s->list[at]));
		s->list[at].local = c->local;
		s->list[at].remote = c->remote;
	}
	s->list[at].used = ++s->clock;
	seq = 1 + (c->out ? s->list[at].sent : s->list[at].received);
	*ret_ack = 1 + (c->out ? s->list[at].received : s->list[at].sent);
	if (c->out)
		s->list[at].sent += (uint32_t)n;
	else
		s->list[at].received += (uint32_t)n;
	return seq;
}

size_t capture_pcap_record(struct capture_streams *streams, const struct capture *c, uint8_t *out)
{
	const struct netaddr *from = c->out ? &c->local : &c->remote, *to = c->out ? &c->remote : &c->local;
	bool stream = c->transport != SIP_TRANSPORT_UDP;
	struct slice bytes = c->bytes;
	uint8_t *packet = out + 16, *segment;
	uint32_t ack, seq;
	size_t n;

	if (bytes.n > CAPTURE_MESSAGE_MAX)
		bytes.n = CAPTURE_MESSAGE_MAX;
	segment = ip_header(
		packet, from, to, stream ? PROTO_TCP : PROTO_UDP, (stream ? TCP_BYTES : UDP_BYTES) + bytes.n);
	if (stream) {
		seq = advance(streams, c, bytes.n, &ack);
		n = tcp(segment, from, to, seq, ack, bytes);
	} else {
		n = udp(segment, from, to, bytes);
	}
	n += (size_t)(segment - packet);
	out = put_le(out, c->wall_ns / 1000000000u, 4);
	out = put_le(out, c->wall_ns % 1000000000u, 4);
	out = put_le(out, n, 4);
	put_le(out, n, 4);
	return 16 + n;
}
