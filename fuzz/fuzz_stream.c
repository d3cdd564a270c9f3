/*
 * A whole RTP session on the simulated wire: the bytes are datagrams of the peer (made whole, or as they stand), of
 * others, RTCP, digits, and what signalling changes in between. The stream's conservation law holds at every tick
 * (rig_stats), and so does the order of a tick.
 */
#include "fuzz.h"

#include "base/err.h"
#include "rtp/rig_stream.h"
#include "rtp/rtp.h"

static void send_to(struct rig *r, struct host_dgram *from, bool rtcp, const uint8_t *data, size_t n)
{
	(void)host_dgram_send(from, rtcp ? &r->b.rtcp : &r->b.rtp, NULL, data, n);
}

/* A packet that goes on from the last one unless the bytes say otherwise. */
static void send_rtp(struct feed *f, struct rig *r, struct host_dgram *from, struct rtp_packet *last)
{
	unsigned how = feed_byte(f);
	uint8_t packet[RTP_HEADER_BYTES + 2000] = {0};
	size_t n = how & 1 ? feed_u16(f) % 2000 : 160;

	last->seq = (uint16_t)(how & 2 ? feed_u16(f) : last->seq + 1);
	last->ts = how & 4 ? feed_u32(f) : last->ts + 160;
	last->ssrc = how & 8 ? feed_byte(f) : last->ssrc;
	last->pt = how & 0x10 ? feed_byte(f) : 0;
	last->marker = how & 0x20;
	rtp_write_header(packet, last);
	for (size_t i = 0; i < n && i < 16; i++)
		packet[RTP_HEADER_BYTES + i] = how & 0x40 ? feed_byte(f) : (uint8_t)i;
	send_to(r, from, false, packet, RTP_HEADER_BYTES + n);
}

static void signal_change(struct feed *f, struct rig *r)
{
	static const uint32_t ptimes[] = {10, 20, 30, 40, 60, 0, 200};
	struct stream_params p = rig_params(&r->a, "PCMA", ptimes[feed_below(f, ARRAY_LEN(ptimes))]);
	unsigned how = feed_byte(f);

	p.dir = how & 3;
	p.relatch = how & 4;
	p.not_before_ns = how & 8 ? sim_now(r->sim) : 0;
	if (how & 16)
		p.dtmf_rx_pt = p.dtmf_tx_pt = -1;
	if (how & 32)
		p.n_rx = 1;
	if (how & 64) { /* a codec of another clock */
		p.rx[p.n_rx].codec = codec_find(SLICE_LIT("L16"), 16000, 1);
		p.rx[p.n_rx++].pt = 96;
	}
	(void)stream_apply(r->b.stream, &p);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed f = {data, n};
	struct rig *r = rig_open(7, "PCMU", feed_below(&f, 2) ? 10 : 20, 20);
	struct host_dgram *peer = rig_socket(r->a.host, "10.0.0.1", 9000);
	struct host_dgram *other = rig_socket(r->a.host, "10.0.0.1", 9002);
	struct rtp_packet last = {.ssrc = 1, .seq = 0xfff0};

	for (unsigned ops = 0; f.n && ops < 400; ops++) {
		unsigned op = feed_byte(&f);
		struct slice text;
		char digits[8];

		if (op < 0x70) {
			send_rtp(&f, r, op & 8 ? other : peer, &last);
		} else if (op < 0x90) {
			text = feed_bytes(&f, feed_byte(&f));
			send_to(r, peer, op & 1, (const uint8_t *)text.p, text.n);
		} else if (op < 0xe0) {
			r->b.quiet = op & 1;
			rig_run(r, op & 0x40 ? feed_u16(&f) % 3000 : 20);
			(void)rig_stats(&r->b);
		} else if (op < 0xf0) {
			signal_change(&f, r);
		} else {
			snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(feed_bytes(&f, 3)));
			(void)stream_dtmf(r->b.stream, digits, feed_byte(&f) * 40, 0);
		}
	}
	rig_run(r, 200);
	(void)rig_stats(&r->b);
	host_dgram_close(peer);
	host_dgram_close(other);
	rig_close(r);
}
