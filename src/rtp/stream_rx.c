#include "rtp/stream_impl.h"

#include "offhook/error.h"

/* The codec of a payload type; NULL: that one was not agreed. */
static const struct codec *codec_of(const struct stream_setup *set, uint8_t pt)
{
	for (size_t i = 0; i < set->p.n_rx; i++)
		if (set->p.rx[i].pt == pt)
			return set->p.rx[i].codec;
	return NULL;
}

long stream_decode(void *arg, uint8_t codec, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	struct stream *s = arg;
	int i = stream_setup_decoder(s->cur, codec);

	if (i < 0)
		return OH_ESYNTAX;
	s->rx.codec = codec;
	return s->cur->p.rx[i].codec->decode(s->cur->dec[i], data, n, pcm, cap);
}

bool stream_conceal(void *arg, uint8_t codec, const struct codec_gap *gap, int16_t *pcm, size_t n)
{
	struct stream *s = arg;
	int i = stream_setup_decoder(s->cur, s->rx.codec);
	struct codec_gap ours = *gap;

	if (s->rx.quiet == STREAM_NOISE && s->cur->noise && !gap->next) {
		noise_play(&s->cur->noise->heard, pcm, n);
		return true;
	}
	if (s->cur->p.bare) {
		memset(pcm, 0, n * sizeof(*pcm));
		return true;
	}
	if (i < 0 || !s->cur->p.rx[i].codec->conceal)
		return false;
	if (codec != s->rx.codec)
		ours.next = NULL;
	return s->cur->p.rx[i].codec->conceal(s->cur->dec[i], &ours, pcm, n);
}

/* Another source than before takes over. What the old one left to play is not mixed with it. */
static void new_source(struct stream *s, const struct rtp_packet *p)
{
	double ms = 1000.0 / s->jbuf.dec.clock_hz;

	if (s->rx.source.known) {
		s->rx.lost_before += rtp_source_lost(&s->rx.source);
		s->figures.reordered += s->rx.source.reordered;
		if (s->rx.source.jitter_max * ms > s->rx.jitter_max)
			s->rx.jitter_max = s->rx.source.jitter_max * ms;
		s->rx.reported_ns = 0;
		jbuf_restart(&s->jbuf);
		dtmf_rx_restart(&s->dtmf_rx);
	}
	bursts_end(&s->judge.bursts);
	rtp_source_start(&s->rx.source, p->ssrc, p->seq);
	s->rx.ext = p->seq;
	bursts_packet(&s->judge.bursts, s->rx.ext, false);
	s->rx.loose_until_ns = 0;
	s->rx.candidate_known = false;
}

/*
 * Which source a packet is from (RFC 3550 8.2, A.1). While one is speaking another has to show two packets in
 * sequence, so that a stray packet does not cut the call; when it is silent, said BYE or may have moved, the
 * first is believed.
 */
static enum rtp_seq place_in_sequence(struct stream *s, const struct rtp_packet *p)
{
	struct stream_rx *rx = &s->rx;

	if (rx->source.known && rx->source.ssrc == p->ssrc) {
		enum rtp_seq where = rtp_source_update(&rx->source, p->seq, &rx->ext);

		if (where == RTP_SEQ_RESTART) {
			jbuf_restart(&s->jbuf);
			dtmf_rx_restart(&s->dtmf_rx);
			bursts_end(&s->judge.bursts);
		}
		if (where != RTP_SEQ_INVALID)
			bursts_packet(&s->judge.bursts, rx->ext, false);
		return where;
	}
	if (rx->source.known && s->now_ns >= rx->loose_until_ns &&
		s->now_ns - rx->heard_ns < STREAM_SOURCE_IDLE &&
		!(rx->candidate_known && rx->candidate_ssrc == p->ssrc && rx->candidate_seq == p->seq)) {
		rx->candidate_known = true;
		rx->candidate_ssrc = p->ssrc;
		rx->candidate_seq = (uint16_t)(p->seq + 1);
		return RTP_SEQ_INVALID;
	}
	new_source(s, p);
	return RTP_SEQ_NEXT;
}

/* Is it from where the peer's description says that it is? */
static bool is_announced(const struct stream *s, const struct netaddr *from)
{
	return netaddr_eq(from, &s->cur->p.remote_rtp);
}

/* One from where the peer was, under way when its new description came: whoever sends there reaches nobody. */
static bool is_late(const struct stream *s, const struct host_rx *rx)
{
	return netaddr_eq(&rx->from, &s->left) && !is_announced(s, &rx->from) &&
	       rx->at_ns < s->left_ns + STREAM_LATE_NS;
}

/* A NAT box has forgotten its binding: the source has fallen silent where it was and goes on from here, which only those can
 * feign who hear it. */
static bool has_moved(const struct stream *s, const uint8_t *data, const struct host_rx *rx)
{
	struct rtp_packet p;

	return s->now_ns - s->rx.heard_ns >= STREAM_SOURCE_IDLE && rtp_parse(data, rx->n, &p) == 0 &&
	       rtp_source_goes_on(&s->rx.source, &p);
}

static bool is_foreign(const struct stream *s, const uint8_t *data, const struct host_rx *rx)
{
	if (rx->at_ns < s->cur->p.not_before_ns)
		return true;
	return s->figures.latched && !netaddr_eq(&rx->from, &s->remote) && !is_announced(s, &rx->from) &&
	       !has_moved(s, data, rx);
}

/* The first good packet fixes where RTP goes: RFC 4961, and the only way through most NAT boxes. After that nobody but the
 * source itself, or the announced address, can turn the stream away. */
static void latch(struct stream *s, const struct host_rx *rx)
{
	bool moved = !netaddr_eq(&s->remote, &rx->from);

	if (s->bound_any)
		s->local = rx->to;
	if ((s->figures.latched && !moved) || is_late(s, rx))
		return;
	s->figures.latched = true;
	s->rx.loose_until_ns = 0;
	s->remote = rx->from;
	stream_tell(s, MEDIA_LATCHED, moved, 0, rx->at_ns);
}

static void note_heard(struct stream *s, const struct host_rx *rx)
{
	s->rx.heard_ns = s->figures.heard_ns = s->now_ns;
	if (s->rx.heard && !s->rx.timed_out)
		return;
	stream_tell(s, MEDIA_RTP_RESUMED, s->rx.heard, 0, rx->at_ns);
	s->rx.heard = true;
	s->rx.timed_out = false;
}

static uint32_t arrival_ts(const struct stream *s, uint64_t at_ns)
{
	return (uint32_t)(at_ns / 1000 * (s->jbuf.dec.clock_hz / 1000) / 1000);
}

/* The clock of a telephone-event by its payload type; 0: it is none. */
static uint32_t event_clock(const struct stream_setup *set, uint8_t pt)
{
	if (set->p.dtmf_rx_pt >= 0 && pt == set->p.dtmf_rx_pt)
		return set->clock_hz;
	for (size_t i = 0; i < set->p.n_dtmf_rx_more; i++)
		if (set->p.dtmf_rx_more[i].pt == pt)
			return set->p.dtmf_rx_more[i].clock_hz;
	return 0;
}

static void take_event(
	struct stream *s, const struct rtp_packet *p, uint32_t clock_hz, const struct host_rx *rx)
{
	s->figures.rx_events++;
	s->rx.event_ns = s->now_ns;
	if (place_in_sequence(s, p) == RTP_SEQ_INVALID)
		return;
	latch(s, rx);
	note_heard(s, rx);
	if (!(s->cur->p.dir & STREAM_RECV))
		return;
	s->dtmf_rx.clock_hz = clock_hz;
	dtmf_rx_packet(&s->dtmf_rx, p->ts, p->marker, p->payload, p->n, rx->at_ns);
}

/* Silence begins, described by its noise (RFC 3389). It stands in the sequence like any packet, and lasts until the
 * next packet with audio. */
static void take_noise(struct stream *s, const struct rtp_packet *p, const struct host_rx *rx)
{
	enum rtp_seq where;

	s->figures.rx_noise++;
	where = place_in_sequence(s, p);
	if (where == RTP_SEQ_INVALID)
		return;
	latch(s, rx);
	note_heard(s, rx);
	if (where == RTP_SEQ_OLD || where == RTP_SEQ_DUPLICATE)
		return;
	if (noise_hear(&s->cur->noise->heard, p->payload, p->n))
		s->rx.quiet = STREAM_NOISE;
}

/*
 * The peer has changed to a codec of another clock (RFC 3264 6.1 lets it, at any time, within what was agreed). Time
 * stamps mean something else from here on (RFC 7160 3): the time line begins anew, and so does the measure of
 * jitter, whose value is kept as a time.
 */
static void change_clock(struct stream *s, const struct codec *c)
{
	struct jbuf_decoder dec = s->jbuf.dec;
	double ratio = (double)c->clock_hz / dec.clock_hz;
	void *convert = stream_setup_converter(s->cur, c->rate_hz);

	dec.clock_hz = c->clock_hz;
	dec.rate_hz = c->rate_hz;
	jbuf_bind(&s->jbuf, &dec);
	if (convert)
		s->cur->converter->reset(convert);
	s->rx.source.timed = false;
	s->rx.source.jitter *= ratio;
	s->rx.source.jitter_max *= ratio;
}

static bool is_of_another_clock(const struct stream *s, const struct codec *c)
{
	return c->clock_hz != s->jbuf.dec.clock_hz || c->rate_hz != s->jbuf.dec.rate_hz;
}

static uint64_t thrown_away(const struct jbuf_stats *j)
{
	return j->late + j->full + j->early + j->invalid;
}

/* Nothing to play. It has come all the same: of a source that is known it takes its number, so that nobody counts it as lost
 * (A.3 counts packets, whatever their type). */
static void pass_over(struct stream *s, const struct rtp_packet *p, bool known_type)
{
	s->figures.invalid++;
	if (!known_type) {
		s->figures.unknown_types++;
		s->figures.unknown_type = p->pt;
	}
	if (s->rx.source.known && s->rx.source.ssrc == p->ssrc)
		(void)place_in_sequence(s, p);
}

static void take_audio(struct stream *s, const struct rtp_packet *p, const struct host_rx *rx)
{
	const struct codec *codec = codec_of(s->cur, p->pt);
	enum rtp_seq where;
	uint64_t thrown;
	long samples = 0;

	s->figures.rx_packets++;
	s->figures.rx_bytes += p->n;
	/* Only what the signalled codecs can be may begin a source or latch; unknown payload types are
	 * ignored. */
	if (codec)
		samples = codec->samples(codec, p->payload, p->n);
	if (samples <= 0 || !stream_setup_plays(s->cur, codec) || (size_t)samples > s->cur->spill_cap) {
		pass_over(s, p, codec != NULL);
		return;
	}
	where = place_in_sequence(s, p);
	if (where == RTP_SEQ_INVALID) {
		s->figures.invalid++;
		return;
	}
	latch(s, rx);
	note_heard(s, rx);
	if (where == RTP_SEQ_DUPLICATE) {
		s->figures.duplicate++;
		return;
	}
	if (is_of_another_clock(s, codec)) {
		/* Overtaken by the change: its time line is over. */
		if (where == RTP_SEQ_OLD) {
			s->figures.late++;
			return;
		}
		change_clock(s, codec);
	}
	if (where != RTP_SEQ_OLD)
		s->rx.quiet = codec->dtx && p->n <= STREAM_DTX_BYTES ? STREAM_DTX : STREAM_SPEAKS;
	rtp_source_jitter(&s->rx.source, arrival_ts(s, rx->at_ns), p->ts);
	if (!(s->cur->p.dir & STREAM_RECV)) {
		s->figures.early++;
		return;
	}
	thrown = thrown_away(&s->jbuf.stats);
	jbuf_put(&s->jbuf, &(struct jbuf_packet){.data = p->payload,
				   .n = p->n,
				   .ts = p->ts,
				   .span = codec_ts(codec, (size_t)samples),
				   .at_ns = rx->at_ns,
				   .codec = codec->number,
				   .marker = p->marker});
	stream_judge_packet(s, codec, samples, thrown_away(&s->jbuf.stats) != thrown);
}

static void take_datagram(struct stream *s, const uint8_t *data, const struct host_rx *rx)
{
	enum rtp_kind kind = rtp_kind_of(data, rx->n);
	struct rtp_packet p;
	uint32_t clock_hz;

	if (kind == RTP_CONTROL) { /* RFC 5761, whether agreed or not */
		stream_rtcp_datagram(s, data, rx);
		return;
	}
	if (rx->n == 0) /* a keep-alive like ours */
		return;
	if (kind == RTP_OTHER || is_foreign(s, data, rx)) {
		s->figures.foreign++;
		s->figures.stranger = rx->from;
		return;
	}
	if (rx->truncated || rtp_parse(data, rx->n, &p) < 0) {
		s->figures.rx_packets++;
		s->figures.invalid++;
		return;
	}
	if (p.ssrc == s->tx.ssrc)
		stream_own_rtp(s, &p, rx->at_ns);
	clock_hz = event_clock(s->cur, p.pt);
	if (clock_hz)
		take_event(s, &p, clock_hz, rx);
	else if (s->cur->p.noise.rx && p.pt == s->cur->p.noise.rx_pt)
		take_noise(s, &p, rx);
	else
		take_audio(s, &p, rx);
}

static void read_rtp(struct stream *s)
{
	uint8_t buf[2048];
	struct host_rx rx;

	for (unsigned i = 0; i < STREAM_RX_PER_TICK; i++) {
		int err = host_dgram_recv(s->rtp_sock, buf, sizeof(buf), &rx);

		if (err == OH_EAGAIN)
			return;
		if (err < 0) { /* an ICMP error of an earlier packet; what waits behind it is read on */
			stream_refused(s, err);
			continue;
		}
		if (!s->cur) {
			s->figures.foreign++;
			continue;
		}
		take_datagram(s, buf, &rx);
		/* Whatever waits behind a packet younger than a tick is younger still, and this tick has all
		 * it needs: it can wait for the next one. This saves one system call in two. */
		if (rx.at_ns + s->tick_ms * NS_PER_MS > s->now_ns && jbuf_has_tick(&s->jbuf))
			return;
	}
}

/* It has said that it would send nothing for a while, and its reports go on: it is silent, not gone. */
static bool is_silent_by_intent(const struct stream *s)
{
	return s->rx.quiet != STREAM_SPEAKS && s->rx.reported_ns &&
	       s->now_ns - s->rx.reported_ns < STREAM_REPORTED_NS;
}

static void check_timeout(struct stream *s)
{
	if (!s->timeout_ns || s->rx.timed_out || !(s->cur->p.dir & STREAM_RECV) ||
		s->now_ns - s->rx.heard_ns < s->timeout_ns || is_silent_by_intent(s))
		return;
	s->rx.timed_out = true;
	stream_tell(s, MEDIA_RTP_TIMEOUT, 0, 0, s->now_ns);
}

void stream_receive(struct stream *s, uint64_t now_ns)
{
	s->now_ns = now_ns;
	s->jbuf.whole = false;
	stream_take_setup(s);
	read_rtp(s);
	if (!s->cur)
		return;
	stream_rtcp_receive(s);
	dtmf_rx_tick(&s->dtmf_rx, now_ns);
	check_timeout(s);
}

/* The peer speaks at another rate than we do. */
static bool pull_converted(struct stream *s, int16_t *pcm, size_t n)
{
	int16_t own[STREAM_TICK_MAX];
	size_t n_own = s->jbuf.dec.rate_hz / 1000 * s->tick_ms;
	void *convert = stream_setup_converter(s->cur, s->jbuf.dec.rate_hz);

	if (!jbuf_get(&s->jbuf, s->now_ns, own, n_own)) {
		s->cur->converter->reset(convert);
		memset(pcm, 0, n * sizeof(*pcm));
		return false;
	}
	s->cur->converter->run(convert, own, n_own, pcm, n);
	return true;
}

/* The time line has ended, the silence of the peer has not. */
static bool pull_noise(struct stream *s, int16_t *pcm, size_t n)
{
	if (s->rx.quiet != STREAM_NOISE || !s->cur->noise)
		return false;
	noise_play(&s->cur->noise->heard, pcm, n);
	return true;
}

struct host_dgram *stream_socket(const struct stream *s)
{
	return s->rtp_sock;
}

uint32_t stream_tick_ms(const struct stream *s)
{
	return s->tick_ms;
}

bool stream_in_event(const struct stream *s)
{
	return s->rx.event_ns && s->now_ns - s->rx.event_ns <= STREAM_EVENT_TAIL;
}

bool stream_made_up(const struct stream *s)
{
	return s->jbuf.state == JBUF_PLAYING && s->jbuf.made_up;
}

bool stream_pull(struct stream *s, int16_t *pcm, size_t n)
{
	/* Between a new setup and the plan that knows its rate there may be a tick of the wrong size. */
	if (!s->cur || n != s->cur->tick_samples || !(s->cur->p.dir & STREAM_RECV)) {
		memset(pcm, 0, n * sizeof(*pcm));
		return false;
	}
	stream_excuse(s);
	if (s->jbuf.dec.rate_hz != s->cur->rate_hz)
		return pull_converted(s, pcm, n) || pull_noise(s, pcm, n);
	return jbuf_get(&s->jbuf, s->now_ns, pcm, n) || pull_noise(s, pcm, n);
}
