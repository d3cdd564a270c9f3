#include "rtp/stream_impl.h"

#include "offhook/error.h"

/* 1/65536 s, for the fields of 6.4.1. */
static uint32_t ns_to_65536(uint64_t ns)
{
	return (uint32_t)(ns * 65536 / NS_PER_S);
}

/* ---- in ---------------------------------------------------------------------------------------------- */

/* A stranger must not feed us reports: the address has to be that of the RTP, or the one that
 * was signalled. */
static bool from_peer(const struct stream *s, const struct host_rx *rx)
{
	return netaddr_eq_ip(&rx->from, &s->remote) || netaddr_eq_ip(&rx->from, &s->cur->p.remote_rtcp);
}

/* 6.4.1, and RFC 3611 4.5 alike: A - LSR - DLSR. By our own monotonic note of when that report left, so that a step of the wall clock
 * between the two does no harm. */
static void measure_round_trip(struct stream *s, uint32_t lsr, uint32_t dlsr, uint64_t at_ns)
{
	uint64_t held = (uint64_t)dlsr * NS_PER_S / 65536;

	for (size_t i = 0; i < 2; i++) {
		if (!lsr || lsr != s->rtcp.sr_ntp[i] || at_ns < s->rtcp.sr_sent_ns[i] + held)
			continue;
		s->figures.rtt_ms = (double)(at_ns - s->rtcp.sr_sent_ns[i] - held) / 1e6;
	}
}

static void take_extended(struct stream *s, const struct xr *x, uint64_t at_ns)
{
	if (x->has_answer)
		measure_round_trip(s, x->lrr, x->dlrr, at_ns);
	if (x->has_reference) {
		s->rtcp.reference = rtcp_ntp_middle(x->reference_ntp);
		s->rtcp.reference_ssrc = x->reference_ssrc;
		s->rtcp.reference_ns = at_ns;
	}
}

/* Who is heard, or will be: nobody has been yet. */
static bool is_source(const struct stream *s, uint32_t ssrc)
{
	return !s->rx.source.known || s->rx.source.ssrc == ssrc;
}

void stream_rtcp_datagram(struct stream *s, const uint8_t *data, const struct host_rx *rx)
{
	struct rtcp_in in;

	if (rx->truncated || rx->at_ns < s->cur->p.not_before_ns || !from_peer(s, rx) ||
		rtcp_parse(data, rx->n, s->tx.ssrc, &in) < 0) {
		s->figures.foreign++;
		return;
	}
	if (!stream_own_rtcp(s, &in, rx->at_ns))
		return;
	s->figures.rtcp_rx++;
	rtcp_timing_packet(&s->rtcp.timing, rx->n);
	if (!netaddr_is_any(&s->rtcp.remote))
		s->rtcp.remote = rx->from; /* symmetric, like the RTP (RFC 4961) */
	if (in.has_sender && is_source(s, in.ssrc)) {
		s->rtcp.peer_sr = rtcp_ntp_middle(in.sender.ntp);
		s->rtcp.peer_sr_ssrc = in.ssrc;
		s->rtcp.peer_sr_ns = rx->at_ns;
	}
	if (in.has_about_us) {
		s->figures.peer_lost = in.about_us.lost > 0 ? (uint64_t)in.about_us.lost : 0;
		s->figures.peer_jitter_ms = in.about_us.jitter * 1000.0 / s->cur->clock_hz;
		measure_round_trip(s, in.about_us.lsr, in.about_us.dlsr, rx->at_ns);
		if (s->cur->p.tx->steer)
			s->cur->p.tx->steer(s->cur->enc, in.about_us.fraction);
	}
	take_extended(s, &in.xr, rx->at_ns);
	stream_judge_peer(s, &in);
	if (is_source(s, in.ssrc))
		s->rx.reported_ns = in.bye ? 0 : s->now_ns;
	if (in.bye && is_source(s, in.ssrc))
		s->rx.loose_until_ns = s->now_ns + STREAM_LATE_NS;
}

void stream_rtcp_receive(struct stream *s)
{
	uint8_t buf[1500];
	struct host_rx rx;

	if (s->rtcp.look_in > 0) {
		s->rtcp.look_in--;
		return;
	}
	s->rtcp.look_in = STREAM_RTCP_EVERY_MS / s->tick_ms - 1;
	for (unsigned i = 0; i < STREAM_RX_PER_TICK; i++) {
		int err = host_dgram_recv(s->rtcp_sock, buf, sizeof(buf), &rx);

		if (err == OH_EAGAIN)
			return;
		if (err == 0 && rx.n > 0)
			stream_rtcp_datagram(s, buf, &rx);
	}
}

/* ---- out --------------------------------------------------------------------------------------------- */

/* 6.4: a sender is who sent RTP since its second-last report. */
static bool we_send(const struct stream *s)
{
	return s->figures.tx_packets > s->rtcp.tx_packets_at[1];
}

/* A time of ours goes out, in an SR or as a reference: its echo will tell the round trip. */
static uint64_t note_time(struct stream *s)
{
	uint64_t ntp = rtcp_ntp(host_wall(s->host));

	s->rtcp.sr_ntp[1] = s->rtcp.sr_ntp[0];
	s->rtcp.sr_sent_ns[1] = s->rtcp.sr_sent_ns[0];
	s->rtcp.sr_ntp[0] = rtcp_ntp_middle(ntp);
	s->rtcp.sr_sent_ns[0] = s->now_ns;
	return ntp;
}

/* RFC 3611 5.1: nothing but what the peer's description asks for. */
static void fill_extended(struct stream *s, bool sending, struct xr *x)
{
	unsigned wanted = s->cur->p.xr;

	if ((wanted & STREAM_XR_RTT) && !sending) {
		x->has_reference = true;
		x->reference_ntp = note_time(s);
	}
	if ((wanted & STREAM_XR_RTT) && s->rtcp.reference && (sending || !(wanted & STREAM_XR_RTT_SENDER))) {
		x->has_answer = true;
		x->answer_ssrc = s->rtcp.reference_ssrc;
		x->lrr = s->rtcp.reference;
		x->dlrr = ns_to_65536(s->now_ns - s->rtcp.reference_ns);
		s->rtcp.reference = 0;
	}
	if (wanted & STREAM_XR_VOIP)
		x->has_voip = stream_judge_metrics(s, &x->voip);
	s->judge.told.xr_tx += x->has_reference || x->has_answer || x->has_voip;
}

static void send_report(struct stream *s, bool bye)
{
	uint8_t packet[RTCP_PACKET_MAX];
	struct xr xr = {0};
	struct rtcp_out out = {.ssrc = s->tx.ssrc, .cname = s->cname, .xr = &xr, .bye = bye};
	struct rtcp_sender sender;
	struct rtp_reception reception;
	size_t n;

	if (we_send(s)) {
		sender = (struct rtcp_sender){
			.ntp = note_time(s),
			.rtp_ts = s->tx.ts,
			.packets = (uint32_t)(s->figures.tx_packets - s->tx.packets_before),
			.octets = (uint32_t)(s->figures.tx_bytes - s->tx.bytes_before),
		};
		out.sender = &sender;
	}
	fill_extended(s, out.sender != NULL, &xr);
	/* 6.4: only about who was heard since the last report. */
	if (s->rx.source.known && s->rx.source.received != s->rx.source.received_prior) {
		rtp_source_report(&s->rx.source, &reception);
		if (s->rtcp.peer_sr && s->rtcp.peer_sr_ssrc == reception.ssrc) {
			reception.lsr = s->rtcp.peer_sr;
			reception.dlsr = ns_to_65536(s->now_ns - s->rtcp.peer_sr_ns);
		}
		out.reception = &reception;
	}
	s->rtcp.tx_packets_at[1] = s->rtcp.tx_packets_at[0];
	s->rtcp.tx_packets_at[0] = s->figures.tx_packets;
	n = rtcp_write(packet, &out);
	rtcp_timing_packet(&s->rtcp.timing, n);
	if (host_dgram_send(s->rtcp_sock, &s->rtcp.remote, stream_from(s), packet, n) < 0)
		s->figures.tx_errors++;
	else
		s->figures.rtcp_tx++;
}

void stream_rtcp_send_when_due(struct stream *s)
{
	bool sending = we_send(s), hearing = s->rx.heard && !s->rx.timed_out;

	if (netaddr_is_any(&s->rtcp.remote) ||
		!rtcp_timing_due(&s->rtcp.timing, s->now_ns, (unsigned)sending + hearing, sending))
		return;
	send_report(s, false);
}

/* 6.3.7: fewer than fifty members, so at once; and not at all when nothing was ever sent. */
void stream_rtcp_bye(struct stream *s)
{
	if (!s->cur || netaddr_is_any(&s->rtcp.remote) || (!s->figures.tx_packets && !s->figures.rtcp_tx))
		return;
	send_report(s, true);
}
