/* From one stream to another without decoding: see parcel.h. */
#include "rtp/jbuf_impl.h"
#include "rtp/stream_impl.h"

/* What the far ends have agreed on is what their encoders do. Whether there is FEC in a packet, its decoder sees. */
static bool same_packets(const struct stream_want *f, const struct stream_want *t)
{
	return f->tx == t->tx && f->mode == t->mode && f->bits_per_s == t->bits_per_s &&
	       f->max_hz == t->max_hz && f->dtx == t->dtx && f->cbr == t->cbr;
}

bool stream_passes(const struct stream *from, const struct stream *to, struct parcel_want *ret_want)
{
	const struct stream_want *f = &from->want, *t = &to->want;

	if (!f->tx || !same_packets(f, t) || !(f->dir & STREAM_RECV) || !(t->dir & STREAM_SEND))
		return false;
	/* A call that leaves out its silence has to hear it. */
	if (t->noise_tx || !t->ptime_ms)
		return false;
	*ret_want = (struct parcel_want){
		.codec = t->tx->number, .chained = t->tx->dec_bytes > 0, .ms = (uint16_t)t->ptime_ms};
	return true;
}

bool stream_hand(struct stream *s, struct parcel *p)
{
	if (!s->cur || !(s->cur->p.dir & STREAM_RECV) || s->rx.quiet == STREAM_NOISE ||
		s->jbuf.dec.rate_hz != s->cur->rate_hz || s->jbuf.dec.clock_hz != s->cur->clock_hz)
		return false;
	stream_excuse(s);
	return jbuf_hand(&s->jbuf, s->now_ns, p);
}

/* Another stream's packet leaves under our name. */
static void send_passed(struct stream *s, const struct jbuf *store, uint16_t at, uint32_t ts)
{
	uint8_t packet[RTP_HEADER_BYTES + CODEC_FRAME_MAX];
	struct rtp_packet h = {.pt = s->cur->p.tx_pt,
		.marker = cell(store, at)->marker || s->tx.mark,
		.seq = s->tx.seq,
		.ts = ts,
		.ssrc = s->tx.ssrc};
	size_t n = jbuf_copy(store, at, packet + RTP_HEADER_BYTES);

	rtp_write_header(packet, &h);
	s->tx.mark = false;
	s->tx.passed = true;
	s->figures.tx_passed -= s->figures.tx_packets;
	stream_send(s, packet, RTP_HEADER_BYTES + n);
	s->figures.tx_passed += s->figures.tx_packets;
}

static void pass_one(struct stream *s, const struct parcel *p, unsigned i, uint32_t ts)
{
	if (stream_send_events(s, ts))
		return;
	switch ((enum parcel_kind)p->packets[i].kind) {
	case PARCEL_PACKET:
		send_passed(s, p->store, p->packets[i].cell, ts);
		break;
	case PARCEL_LOST:
		s->tx.seq++;
		break;
	case PARCEL_SILENT:
		s->tx.mark = true;
		break;
	}
}

/* The time line of what we send has no holes: what no packet covers is silence, and a packet that begins in what was
 * covered otherwise (by a digit that was sound) does not leave. */
void stream_pass_on(struct stream *s, const struct parcel *p)
{
	uint32_t covered = s->tx.ahead_ms, ms = s->cur->clock_hz / 1000;

	for (unsigned i = 0; i < p->n; i++) {
		uint32_t at = p->packets[i].at_ms;

		if (at < covered)
			continue;
		stream_pack_silence(s, at - covered, s->tx.ts + covered * ms);
		stream_flush(s, s->tx.ts + at * ms);
		pass_one(s, p, i, s->tx.ts + at * ms);
		covered = at + s->cur->p.ptime_ms;
	}
	if (covered < s->tick_ms) {
		stream_pack_silence(s, s->tick_ms - covered, s->tx.ts + covered * ms);
		covered = s->tick_ms;
	}
	s->tx.ahead_ms = (uint8_t)(covered - s->tick_ms);
}

void stream_follow(struct stream *s, const struct jbuf *store, uint16_t end)
{
	const struct codec *c = s->cur ? s->cur->p.tx : NULL;
	uint8_t buf[CODEC_FRAME_MAX];

	if (!s->tx.passed || !c || !c->follow)
		return;
	for (uint16_t i = store->past; i != JBUF_NO_CELL && i != end; i = cell(store, i)->next_packet) {
		if (cell(store, i)->codec == c->number)
			c->follow(s->cur->enc, buf, jbuf_copy(store, i, buf));
	}
	c->follow(s->cur->enc, NULL, 0);
	s->tx.passed = false;
}

void stream_resume(struct stream *s, const struct stream *from)
{
	stream_follow(s, &from->jbuf, JBUF_NO_CELL);
}
