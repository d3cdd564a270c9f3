#include "rtp/rtcp.h"

#include "offhook/error.h"
#include "rtp/wire.h"

#include <string.h>

enum { RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203 };
enum { SDES_CNAME = 1 };

#define BLOCK_BYTES      24u
#define SENDER_BYTES     20u
#define NTP_UNIX_SECONDS 2208988800ull /* from 1900 to 1970 */

uint64_t rtcp_ntp(uint64_t wall_ns)
{
	uint64_t s = wall_ns / 1000000000u, ns = wall_ns % 1000000000u;

	return (s + NTP_UNIX_SECONDS) << 32 | (ns << 32) / 1000000000u;
}

/* ---- out --------------------------------------------------------------------------------------------- */

static uint8_t *put_header(uint8_t *at, unsigned count, uint8_t type, size_t bytes)
{
	at[0] = (uint8_t)(2u << 6 | count);
	at[1] = type;
	put16(at + 2, (uint16_t)(bytes / 4 - 1)); /* 32-bit words, less one (6.4.1) */
	return at + 4;
}

static uint8_t *put_reception(uint8_t *at, const struct rtp_reception *r)
{
	put32(at, r->ssrc);
	put32(at + 4, (uint32_t)r->fraction << 24 | ((uint32_t)r->lost & 0xffffff));
	put32(at + 8, r->max_ext);
	put32(at + 12, r->jitter);
	put32(at + 16, r->lsr);
	put32(at + 20, r->dlsr);
	return at + BLOCK_BYTES;
}

static uint8_t *put_report(uint8_t *at, const struct rtcp_out *what)
{
	size_t bytes = 8 + (what->sender ? SENDER_BYTES : 0) + (what->reception ? BLOCK_BYTES : 0);

	at = put_header(at, what->reception ? 1 : 0, what->sender ? RTCP_SR : RTCP_RR, bytes);
	put32(at, what->ssrc);
	at += 4;
	if (what->sender) {
		put32(at, (uint32_t)(what->sender->ntp >> 32));
		put32(at + 4, (uint32_t)what->sender->ntp);
		put32(at + 8, what->sender->rtp_ts);
		put32(at + 12, what->sender->packets);
		put32(at + 16, what->sender->octets);
		at += SENDER_BYTES;
	}
	return what->reception ? put_reception(at, what->reception) : at;
}

/* One chunk with one item; at least one zero byte ends it, and it fills a word (6.5). */
static uint8_t *put_sdes(uint8_t *at, uint32_t ssrc, const char *cname)
{
	size_t length = strlen(cname), chunk;

	if (length > RTCP_CNAME_MAX)
		length = RTCP_CNAME_MAX;
	chunk = (4 + 2 + length + 1 + 3) / 4 * 4;
	at = put_header(at, 1, RTCP_SDES, 4 + chunk);
	memset(at, 0, chunk);
	put32(at, ssrc);
	at[4] = SDES_CNAME;
	at[5] = (uint8_t)length;
	memcpy(at + 6, cname, length);
	return at + chunk;
}

size_t rtcp_write(uint8_t out[RTCP_PACKET_MAX], const struct rtcp_out *what)
{
	uint8_t *at = put_report(out, what);

	at = put_sdes(at, what->ssrc, what->cname);
	if (what->xr)
		at += xr_write(at, what->ssrc, what->xr);
	if (what->bye) {
		at = put_header(at, 1, RTCP_BYE, 8);
		put32(at, what->ssrc);
		at += 4;
	}
	return (size_t)(at - out);
}

/* ---- in ---------------------------------------------------------------------------------------------- */

/* A.2: version 2 throughout, a report first, padding only in the last, and the lengths add up. */
static bool compound_is_valid(const uint8_t *data, size_t n)
{
	size_t at = 0;

	if (n < 8 || (data[1] != RTCP_SR && data[1] != RTCP_RR) || data[0] & 0x20)
		return false;
	while (at < n) {
		size_t bytes;

		if (n - at < 4 || data[at] >> 6 != 2)
			return false;
		bytes = (get16(data + at + 2) + 1u) * 4;
		if (bytes > n - at)
			return false;
		if ((data[at] & 0x20) && at + bytes != n)
			return false;
		at += bytes;
	}
	return true;
}

static int32_t sign_extend_24(uint32_t v)
{
	return (int32_t)(v << 8) >> 8;
}

static void read_reception(const uint8_t *at, struct rtp_reception *r)
{
	r->ssrc = get32(at);
	r->fraction = at[4];
	r->lost = sign_extend_24(get32(at + 4) & 0xffffff);
	r->max_ext = get32(at + 8);
	r->jitter = get32(at + 12);
	r->lsr = get32(at + 16);
	r->dlsr = get32(at + 20);
}

/* SR or RR of `bytes` bytes. */
static int read_report(const uint8_t *p, size_t bytes, uint32_t our_ssrc, struct rtcp_in *in)
{
	unsigned count = p[0] & 31;
	bool sender = p[1] == RTCP_SR;
	size_t at = 8 + (sender ? SENDER_BYTES : 0);

	if (at + count * BLOCK_BYTES > bytes)
		return OH_ESYNTAX;
	if (sender && !in->has_sender) {
		in->has_sender = true;
		in->ssrc = get32(p + 4);
		in->sender = (struct rtcp_sender){
			.ntp = (uint64_t)get32(p + 8) << 32 | get32(p + 12),
			.rtp_ts = get32(p + 16),
			.packets = get32(p + 20),
			.octets = get32(p + 24),
		};
	}
	for (unsigned i = 0; i < count; i++, at += BLOCK_BYTES) {
		if (get32(p + at) != our_ssrc)
			continue;
		in->has_about_us = true;
		read_reception(p + at, &in->about_us);
	}
	return 0;
}

/* Does it name who sent the report before it (6.6)? */
static bool read_bye(const uint8_t *p, size_t bytes, uint32_t ssrc)
{
	size_t count = p[0] & 31;

	for (size_t i = 0; i < count && 8 + 4 * i <= bytes; i++)
		if (get32(p + 4 + 4 * i) == ssrc)
			return true;
	return false;
}

/* The name in the chunk of one source (6.5); absent: there is none. Items are not aligned, chunks are. */
static struct slice read_cname(const uint8_t *p, size_t bytes, uint32_t ssrc)
{
	size_t at = 4;

	for (unsigned chunks = p[0] & 31; chunks > 0 && at + 4 <= bytes; chunks--) {
		bool of_source = get32(p + at) == ssrc;

		at += 4;
		while (at + 2 <= bytes && p[at]) {
			size_t length = p[at + 1];

			if (at + 2 + length > bytes)
				return SLICE_NONE;
			if (of_source && p[at] == SDES_CNAME)
				return slice_make((const char *)p + at + 2, length);
			at += 2 + length;
		}
		at = (at + 4) / 4 * 4; /* at least one zero byte */
	}
	return SLICE_NONE;
}

int rtcp_parse(const uint8_t *data, size_t n, uint32_t our_ssrc, struct rtcp_in *ret_in)
{
	struct rtcp_in in = {0};

	if (!compound_is_valid(data, n))
		return OH_ESYNTAX;
	in.ssrc = get32(data + 4);
	for (size_t at = 0; at < n;) {
		size_t bytes = (get16(data + at + 2) + 1u) * 4;
		uint8_t type = data[at + 1];

		if (type == RTCP_SR || type == RTCP_RR) {
			if (read_report(data + at, bytes, our_ssrc, &in) < 0)
				return OH_ESYNTAX;
		} else if (type == RTCP_SDES) {
			if (!slice_present(in.cname))
				in.cname = read_cname(data + at, bytes, in.ssrc);
		} else if (type == RTCP_BYE) {
			in.bye |= read_bye(data + at, bytes, in.ssrc);
		} else if (type == RTCP_XR) {
			xr_read(data + at, bytes, our_ssrc, &in.xr);
		}
		at += bytes; /* unknown types (6.1) are of no use to us */
	}
	*ret_in = in;
	return 0;
}

/* ---- timing ------------------------------------------------------------------------------------------ */

#define MIN_INTERVAL_S   5.0     /* 6.2; half of it before the first packet */
#define SHARE_OF_SESSION 0.05    /* 6.2 */
#define COMPENSATION     1.21828 /* e - 3/2: reconsideration makes intervals too short by this (6.3.1) */
#define SENDER_SHARE     0.25
#define UDP_IP_BYTES     28.0

/* 0 <= x < 1 */
static double draw(struct rtcp_timing *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 17;
	t->random ^= t->random << 5;
	return t->random / 4294967296.0;
}

/* 6.3.1, for two members. */
static uint64_t interval_ns(struct rtcp_timing *t, unsigned senders, bool we_send)
{
	double least = t->initial ? MIN_INTERVAL_S / 2 : MIN_INTERVAL_S, bandwidth = t->bytes_per_s, n = 2, s;

	/* Senders get a quarter of the bandwidth for themselves while they are at most a quarter of the
	 * members: of two members that is nobody or none, so both share all of it. */
	if (senders <= n * SENDER_SHARE) {
		bandwidth *= we_send ? SENDER_SHARE : 1 - SENDER_SHARE;
		n = we_send ? senders : n - senders;
	}
	s = t->average_bytes * n / bandwidth;
	if (s < least)
		s = least;
	return (uint64_t)(s * (0.5 + draw(t)) / COMPENSATION * 1e9);
}

void rtcp_timing_init(struct rtcp_timing *t, uint32_t seed, uint32_t session_bits_per_s, uint64_t now_ns)
{
	*t = (struct rtcp_timing){
		.random = seed ? seed : 1,
		.average_bytes = 100 + UDP_IP_BYTES,
		.bytes_per_s = session_bits_per_s * SHARE_OF_SESSION / 8,
		.initial = true,
		.last_ns = now_ns,
	};
	t->next_ns = now_ns + interval_ns(t, 0, false);
}

void rtcp_timing_bandwidth(struct rtcp_timing *t, uint32_t session_bits_per_s, uint64_t now_ns)
{
	double bytes_per_s = session_bits_per_s * SHARE_OF_SESSION / 8;

	if (bytes_per_s == t->bytes_per_s)
		return;
	t->bytes_per_s = bytes_per_s;
	if (t->next_ns > now_ns)
		t->next_ns = now_ns; /* reconsidered then */
}

void rtcp_timing_packet(struct rtcp_timing *t, size_t n)
{
	t->average_bytes += ((double)n + UDP_IP_BYTES - t->average_bytes) / 16; /* 6.3.3 */
}

bool rtcp_timing_due(struct rtcp_timing *t, uint64_t now_ns, unsigned senders, bool we_send)
{
	uint64_t due;

	if (now_ns < t->next_ns)
		return false;
	due = t->last_ns + interval_ns(t, senders, we_send);
	if (due > now_ns) {
		t->next_ns = due;
		return false;
	}
	t->last_ns = now_ns;
	t->initial = false;
	t->next_ns = now_ns + interval_ns(t, senders, we_send); /* drawn anew: 6.3.6 */
	return true;
}
