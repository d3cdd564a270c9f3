/*
 * RTCP for a session of two (RFC 3550 6): compound packets out (SR or RR, SDES CNAME, BYE), compound packets
 * in, and the randomised interval between them (6.2, 6.3, A.7). No clock and no I/O here.
 */
#ifndef OH_RTP_RTCP_H
#define OH_RTP_RTCP_H

#include "base/slice.h"
#include "rtp/rtp.h"
#include "rtp/xr.h"

#define RTCP_CNAME_MAX  64u             /* bytes; longer ones are cut */
#define RTCP_PACKET_MAX (256u + XR_MAX) /* what rtcp_write() needs at most */
#define RTCP_BLOCKS_MAX 31u             /* by the 5-bit count */

struct rtcp_sender {  /* 6.4.1 */
	uint64_t ntp; /* 32.32 fixed point, since 1900 */
	uint32_t rtp_ts;
	uint32_t packets, octets;
};

struct rtcp_out {
	uint32_t ssrc;
	const struct rtcp_sender *sender;      /* NULL: a receiver report */
	const struct rtp_reception *reception; /* NULL: nothing heard */
	const char *cname;
	const struct xr *xr; /* extended reports (RFC 3611); NULL: none */
	bool bye;
};
/* A compound packet as 6.1 wants it: report, SDES, extended reports, then BYE. Returns its bytes. */
size_t rtcp_write(uint8_t out[RTCP_PACKET_MAX], const struct rtcp_out *what);

/* What a compound packet told, as far as it concerns us. */
struct rtcp_in {
	bool has_sender, has_about_us;
	bool bye;           /* of who sent the first report */
	uint32_t ssrc;      /* of the first report */
	struct slice cname; /* of who sent the first report; into the packet; absent: not told */
	struct rtcp_sender sender;
	struct rtp_reception about_us;
	struct xr xr; /* its answer and metrics about us, of whichever packet */
};
/* our_ssrc picks the block that is about us. OH_ESYNTAX: not a valid compound packet (A.2); nothing of it is
 * used. */
int rtcp_parse(const uint8_t *data, size_t n, uint32_t our_ssrc, struct rtcp_in *ret_in);

uint64_t rtcp_ntp(uint64_t wall_ns); /* from nanoseconds since 1970 */
static inline uint32_t rtcp_ntp_middle(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

/* When to send next. Two members; the seed makes it repeatable. */
struct rtcp_timing {
	uint64_t next_ns, last_ns;
	uint32_t random;      /* state of a generator that only has to spread */
	double average_bytes; /* of packets in both directions, UDP and IP headers included */
	double bytes_per_s;   /* 5 % of the session's bandwidth */
	bool initial;
};
void rtcp_timing_init(struct rtcp_timing *t, uint32_t seed, uint32_t session_bits_per_s, uint64_t now_ns);
/* Another bandwidth was agreed: what is left to wait is drawn anew. */
void rtcp_timing_bandwidth(struct rtcp_timing *t, uint32_t session_bits_per_s, uint64_t now_ns);
/* A packet of n bytes was sent or received. */
void rtcp_timing_packet(struct rtcp_timing *t, size_t n);
/* Is it time? Reconsiders (6.3.6): senders counts those of the two that send; on true the next
 * time is set. */
bool rtcp_timing_due(struct rtcp_timing *t, uint64_t now_ns, unsigned senders, bool we_send);

#endif
