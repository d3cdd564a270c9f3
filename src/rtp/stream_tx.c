#include "rtp/stream_impl.h"

#include "offhook/error.h"

/* A tick of silence at the highest rate; zero pages that no process pays for. */
static const int16_t silence[48000 * 20 / 1000];

const struct netaddr *stream_from(const struct stream *s)
{
	return s->local.family ? &s->local : NULL;
}

void stream_refused(struct stream *s, int err)
{
	if (err == OH_EAGAIN)
		return;
	s->figures.refused++;
	s->figures.refused_err = err;
}

static void send_rtp(struct stream *s, const uint8_t *packet, size_t n)
{
	int err;

	/* Sent or not it has used its number: the peer shall see the loss. */
	s->tx.seq++;
	s->tx.sent_ns = s->now_ns;
	err = host_dgram_send(s->rtp_sock, &s->remote, stream_from(s), packet, n);
	if (err) {
		s->figures.tx_errors++;
		stream_refused(s, err);
		/* An address of ours that leads nowhere, or that we have no more: the next packet goes by route. */
		if (err != OH_EAGAIN)
			s->local = (struct netaddr){0};
		return;
	}
	s->figures.tx_packets++;
	s->figures.tx_bytes += n - RTP_HEADER_BYTES;
}

static void send_event(struct stream *s, const struct dtmf_packet *e)
{
	uint8_t packet[RTP_HEADER_BYTES + DTMF_BYTES];
	struct rtp_packet h = {.pt = (uint8_t)s->cur->p.dtmf_tx_pt,
		.marker = e->marker,
		.seq = s->tx.seq,
		.ts = e->ts,
		.ssrc = s->tx.ssrc};

	rtp_write_header(packet, &h);
	memcpy(packet + RTP_HEADER_BYTES, e->payload, DTMF_BYTES);
	s->figures.tx_events++;
	send_rtp(s, packet, sizeof(packet));
}

static void send_audio(struct stream *s, const int16_t *pcm, uint32_t ts)
{
	uint8_t packet[RTP_HEADER_BYTES + CODEC_FRAME_MAX];
	struct rtp_packet h = {
		.pt = s->cur->p.tx_pt, .marker = s->tx.mark, .seq = s->tx.seq, .ts = ts, .ssrc = s->tx.ssrc};
	long n = s->cur->p.tx->encode(
		s->cur->enc, pcm, s->cur->packet_samples, packet + RTP_HEADER_BYTES, CODEC_FRAME_MAX);

	if (n < 0) {
		s->figures.tx_errors++;
		return;
	}
	if (n == 0) { /* the codec's own way of silence */
		s->tx.mark = true;
		return;
	}
	s->tx.mark = false;
	rtp_write_header(packet, &h);
	send_rtp(s, packet, RTP_HEADER_BYTES + (size_t)n);
}

/* RFC 3389 4: in the sequence of the audio, without marker. */
static void send_noise(struct stream *s, const int16_t *pcm, uint32_t ts)
{
	uint8_t packet[RTP_HEADER_BYTES + NOISE_BYTES];
	struct rtp_packet h = {.pt = s->cur->p.noise.tx_pt, .seq = s->tx.seq, .ts = ts, .ssrc = s->tx.ssrc};
	size_t n = noise_describe(pcm, s->cur->packet_samples, packet + RTP_HEADER_BYTES);

	rtp_write_header(packet, &h);
	send_rtp(s, packet, RTP_HEADER_BYTES + n);
	s->cur->noise->told_ns = s->now_ns;
	s->tx.mark = true;
}

/* Is this packet silence that the peer has been told about? */
static bool is_silence(struct stream *s, const int16_t *pcm, uint32_t ts)
{
	struct stream_noise *noise = s->cur->noise;

	if (!s->cur->p.noise.tx)
		return false;
	if (voice_gate_opens(&noise->gate, pcm, s->cur->packet_samples, s->cur->p.ptime_ms)) {
		noise->told_ns = 0;
		return false;
	}
	if (!noise->told_ns || s->now_ns - noise->told_ns >= STREAM_NOISE_EVERY)
		send_noise(s, pcm, ts);
	return true;
}

static void tell_digits_sent(struct stream *s)
{
	if (!s->dtmf_tx.finished && !s->dtmf_sound.finished)
		return;
	s->dtmf_tx.finished = s->dtmf_sound.finished = false;
	stream_tell(s, MEDIA_DTMF_SENT, 0, 0, s->now_ns);
}

/* False: no event takes the place of the packet that begins at ts. */
static bool send_events(struct stream *s, uint32_t ts)
{
	struct dtmf_packet events[DTMF_STEP_PACKETS];
	size_t n = 0;

	if (s->cur->p.dtmf_tx_pt >= 0 && !s->cur->p.dtmf_sound)
		n = dtmf_tx_step(&s->dtmf_tx, ts, s->cur->packet_ts, events);
	for (size_t i = 0; i < n; i++)
		send_event(s, &events[i]);
	tell_digits_sent(s);
	return n > 0;
}

/* One packet's worth of audio that begins at ts is there: it leaves, or an event leaves in its place. */
static void packet_full(struct stream *s, const int16_t *pcm, uint32_t ts)
{
	if (send_events(s, ts))
		return;
	if (s->dtmf_sound.state != DTMF_SOUND_IDLE || !is_silence(s, pcm, ts))
		send_audio(s, pcm, ts);
}

/* n samples from the bridge: whole packets leave straight from there, parts are gathered. */
static void pack(struct stream *s, const int16_t *pcm, size_t n)
{
	size_t want = s->cur->packet_samples;
	uint32_t start = s->tx.ts - codec_ts(s->cur->p.tx, s->tx.gathered);

	while (n > 0) {
		const int16_t *full = pcm;
		size_t part = want - s->tx.gathered;

		if (part > n)
			part = n;
		if (part < want) {
			memcpy(s->cur->gather + s->tx.gathered, pcm, part * sizeof(*pcm));
			s->tx.gathered += part;
			full = s->tx.gathered == want ? s->cur->gather : NULL;
		}
		pcm += part;
		n -= part;
		if (!full)
			break;
		s->tx.gathered = 0;
		packet_full(s, full, start);
		start += s->cur->packet_ts;
	}
}

/*
 * A stream that is held or only receives keeps the binding of its NAT box alive (RFC 6263). RTCP on the same
 * port (4.3) has to be agreed first, so what is left must disturb no peer: an empty datagram (4.1) is no RTP
 * at all, while a packet of an unknown type (4.6) would take sequence numbers and is played by some. The
 * first leaves at once: the peer's first words may need the way in. RTCP keeps its own port open by itself:
 * its interval is at most 6.2 s.
 */
static void keep_alive(struct stream *s)
{
	if (s->tx.sent_ns && s->now_ns - s->tx.sent_ns < STREAM_KEEPALIVE_NS)
		return;
	s->tx.sent_ns = s->now_ns;
	if (host_dgram_send(s->rtp_sock, &s->remote, stream_from(s), "", 0) < 0)
		s->figures.tx_errors++;
}

/* Another stream's packet leaves under our name. */
static void send_passed(struct stream *s, const uint8_t *data, size_t n, bool marker, uint32_t ts)
{
	uint8_t packet[RTP_HEADER_BYTES + CODEC_FRAME_MAX];
	struct rtp_packet h = {.pt = s->cur->p.tx_pt,
		.marker = marker || s->tx.mark,
		.seq = s->tx.seq,
		.ts = ts,
		.ssrc = s->tx.ssrc};

	rtp_write_header(packet, &h);
	memcpy(packet + RTP_HEADER_BYTES, data, n);
	s->tx.mark = false;
	s->figures.tx_passed -= s->figures.tx_packets;
	send_rtp(s, packet, RTP_HEADER_BYTES + n);
	s->figures.tx_passed += s->figures.tx_packets;
}

static void pass_on(struct stream *s, const struct parcel *p)
{
	const uint8_t *data = p->data;
	uint32_t ts = s->tx.ts;

	for (unsigned i = 0; i < p->n; i++, ts += s->cur->packet_ts) {
		enum parcel_kind kind = p->packets[i].kind;
		size_t n = kind == PARCEL_PACKET ? p->packets[i].n : 0;
		bool ours = send_events(s, ts);

		if (!ours && kind == PARCEL_PACKET)
			send_passed(s, data, n, p->packets[i].marker, ts);
		else if (!ours && kind == PARCEL_LOST)
			s->tx.seq++;
		else if (!ours)
			s->tx.mark = true;
		data += n;
	}
}

/* Does it send anything now? */
static bool is_sending(struct stream *s)
{
	if (stream_has_aim(s) && (s->cur->p.dir & STREAM_SEND))
		return true;
	s->tx.gathered = 0;
	s->tx.mark = true;
	dtmf_tx_stop(&s->dtmf_tx);
	dtmf_sound_stop(&s->dtmf_sound, &s->dtmf_tx.queue);
	tell_digits_sent(s);
	if (stream_has_aim(s))
		keep_alive(s);
	return false;
}

/* Do digits stand in the place of audio now? */
static bool says_digits(const struct stream *s)
{
	return s->cur->p.dtmf_sound &&
	       (s->dtmf_sound.state != DTMF_SOUND_IDLE || !dtmf_queue_empty(&s->dtmf_tx.queue));
}

/* A tick of audio, or of digits in its place. */
static void push_sound(struct stream *s, const int16_t *pcm)
{
	int16_t digits[STREAM_TICK_MAX];
	size_t n = s->cur->tick_samples;

	if (says_digits(s))
		pcm = dtmf_sound_step(&s->dtmf_sound, &s->dtmf_tx.queue, s->cur->rate_hz, pcm, digits, n);
	pack(s, pcm, n);
}

static void end_tick(struct stream *s)
{
	/* The clock of the samples never stops, so a pause is as long in time stamps as it was (RFC
	 * 3551 4.1). */
	s->tx.ts += s->cur->tick_ts;
	stream_judge_tick(s);
	stream_rtcp_send_when_due(s);
	stream_publish(s);
}

void stream_push(struct stream *s, const int16_t *pcm, size_t n, uint64_t now_ns)
{
	s->now_ns = now_ns;
	if (!s->cur)
		return;
	if (!pcm || n != s->cur->tick_samples)
		pcm = silence;
	if (is_sending(s))
		push_sound(s, pcm);
	end_tick(s);
}

void stream_take(struct stream *s, const struct parcel *p, uint64_t now_ns)
{
	s->now_ns = now_ns;
	if (!s->cur)
		return;
	if (is_sending(s)) {
		/* What was agreed anew may be here a tick before the plan that knows it. */
		if (s->cur->p.tx->number == p->want.codec && s->cur->packet_ts == p->want.span &&
			!says_digits(s))
			pass_on(s, p);
		else
			push_sound(s, silence);
	}
	end_tick(s);
}
