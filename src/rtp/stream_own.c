/*
 * Somebody else bears our identifier (RFC 3550 8.2). Only the peer gets so far, so there is no list of addresses to keep: either
 * it has drawn the same number, and we take another and say BYE for the old one, or what comes is what we have sent. Such
 * an echo is told from a collision by what it repeats: the numbers of packets that have just left, the name in a report. It
 * is what somebody has called an echo service for, so it is heard and no identifier is changed for it, which would come
 * back like the first; its reports tell nothing that we do not know and are ignored.
 */
#include "rtp/stream_impl.h"

/* Have we sent it a moment ago? Who draws at random meets both numbers once in a million times. */
static bool is_looped(const struct stream *s, const struct rtp_packet *p)
{
	return (uint16_t)(s->tx.seq - 1 - p->seq) < STREAM_LOOP_S * STREAM_PACKETS_A_S &&
	       s->tx.ts - p->ts <= STREAM_LOOP_S * s->cur->clock_hz;
}

/* A peer that follows us from one identifier to the next costs one change in ten report intervals; what it says is taken
 * all the same. Numbers and time stamps go on: they are no worse for the new one. */
static void rename_us(struct stream *s, uint64_t at_ns)
{
	uint32_t old = s->tx.ssrc;

	if (s->tx.renamed_ns && s->now_ns - s->tx.renamed_ns < STREAM_RENAME_NS)
		return;
	stream_rtcp_bye(s);
	do
		s->tx.ssrc = host_random_u32(s->host);
	while (s->tx.ssrc == old || (s->rx.source.known && s->tx.ssrc == s->rx.source.ssrc));
	s->tx.renamed_ns = s->now_ns;
	s->tx.packets_before = s->figures.tx_packets;
	s->tx.bytes_before = s->figures.tx_bytes;
	s->tx.mark = true;
	s->figures.collisions++;
	stream_tell(s, MEDIA_COLLISION, 0, 0, at_ns);
}

void stream_own_rtp(struct stream *s, const struct rtp_packet *p, uint64_t at_ns)
{
	if (is_looped(s, p))
		s->figures.looped++;
	else
		rename_us(s, at_ns);
}

bool stream_own_rtcp(struct stream *s, const struct rtcp_in *in, uint64_t at_ns)
{
	if (in->ssrc != s->tx.ssrc)
		return true;
	if (slice_eq(in->cname, slice_of(s->cname)))
		return false;
	rename_us(s, at_ns);
	return true;
}
