/*
 * How a stream sounds: once a second the E-model is asked about what was lost, came too late or had to be waited for, and
 * about the delay; what comes out is told to the program and, in VoIP metrics (RFC 3611 4.7), to the peer. What the peer
 * hears of us is what its metrics say, else a guess from the losses that its reports tell.
 */
#include "rtp/stream_impl.h"

#include <math.h>

#define SECOND_MS    1000u
#define DBM0_OF_DBOV 6.15 /* a sine at full scale has -3.01 dBov and 3.14 dBm0 (G.711) */
#define PEER_TICK_MS 20.0 /* what a peer that tells nothing buffers besides its jitter */
#define PEER_JITTERS 2.0
#define SILENT_DBM0  (-90.0)

void stream_judge_init(struct stream_judge *j)
{
	j->signal = j->noise = XR_UNKNOWN;
}

void stream_judge_packet(struct stream *s, const struct codec *c, long samples, bool discarded)
{
	s->judge.codec = c;
	s->judge.packet_us = (double)samples * 1e6 / c->rate_hz;
	if (discarded)
		bursts_packet(&s->judge.bursts, s->rx.ext, true);
}

/* ---- what is heard here ---- */

static struct emodel_score score(const struct stream_judge *j, const struct bursts_count *c, double waited_us,
	double delay_ms, struct emodel_wide *ret_wide)
{
	/* The line stood still while the buffer waited: so much more was heard, and all of it was made up. */
	double waited = j->packet_us > 0 ? waited_us / j->packet_us : 0;
	struct emodel_in in = {
		.loss = ((double)(c->lost + c->discarded) + waited) / ((double)c->expected + waited),
		.burst_ratio = bursts_ratio(c),
		.delay_ms = delay_ms,
	};

	*ret_wide = (struct emodel_wide){0};
	if (emodel_wide_codec(j->codec->encoding, j->codec->rate_hz, &in.codec))
		*ret_wide = emodel_wide_score(&in);
	in.codec = emodel_codec(j->codec->encoding);
	return emodel_score(&in);
}

static void judge_second(struct stream *s)
{
	struct stream_judge *j = &s->judge;
	struct stream_quality *q = &j->told;
	const struct bursts_count *all = &j->bursts.count;
	struct bursts_count second = {
		.expected = all->expected - j->judged.expected,
		.lost = all->lost - j->judged.lost,
		.discarded = all->discarded - j->judged.discarded,
		.runs = all->runs - j->judged.runs,
	};
	uint64_t waited = s->jbuf.stats.waited_us - j->waited_us;

	j->judged = *all;
	j->waited_us += waited;
	q->now = (struct emodel_score){0};
	q->wide_now = (struct emodel_wide){0};
	if (j->depths) {
		j->buffer_ms = (double)j->depth_sum / j->depths;
		q->delay_ms = s->figures.rtt_ms / 2 + j->buffer_ms;
	}
	j->depths = j->depth_sum = 0;
	if (!second.expected || !j->codec)
		return;
	q->now = score(j, &second, (double)waited, q->delay_ms, &q->wide_now);
	if (q->seconds == 0 || q->now.r < q->worst.r)
		q->worst = q->now;
	q->seconds++;
	j->delay_sum += q->delay_ms;
	q->all = score(j, all, (double)j->waited_us, j->delay_sum / (double)q->seconds, &q->wide_all);
}

static void publish(struct stream *s)
{
	struct stream_judge *j = &s->judge;
	struct bursts_report r = bursts_report(&j->bursts);
	struct stream_quality *q = &j->told;

	q->expected = j->bursts.count.expected;
	q->lost = j->bursts.count.lost;
	q->discarded = j->bursts.count.discarded;
	q->bursts = r.bursts;
	q->burst_density = r.burst_density;
	q->gap_density = r.gap_density;
	q->burst_ms = r.burst_packets * j->packet_us / 1000;
	q->gap_ms = r.gap_packets * j->packet_us / 1000;
	q->waited_ms = (double)j->waited_us / 1000;
	quality_door_write(&s->quality, q);
}

void stream_judge_tick(struct stream *s)
{
	struct stream_judge *j = &s->judge;

	if (s->jbuf.state == JBUF_PLAYING) {
		j->depths++;
		j->depth_sum += jbuf_depth_ms(&s->jbuf) + s->tick_ms; /* this tick has just been taken */
	}
	if (++j->ticks < SECOND_MS / s->tick_ms)
		return;
	j->ticks = 0;
	judge_second(s);
	publish(s);
}

/* ---- what the peer hears ---- */

static double known(uint8_t value, double unit)
{
	return value == XR_UNKNOWN ? 0 : value / unit;
}

/* From the losses since its last report; delay from its jitter where it does not tell its buffer. */
static struct emodel_score guess(const struct stream *s, double loss, double end_ms)
{
	struct emodel_in in = {
		.codec = emodel_codec(s->cur->p.tx->encoding),
		.loss = loss,
		.burst_ratio = 1,
		.delay_ms = s->figures.rtt_ms / 2 + end_ms,
	};

	return emodel_score(&in);
}

static void take_metrics(struct stream *s, const struct xr_voip *v)
{
	struct stream_quality *q = &s->judge.told;

	q->told = *v;
	q->peer_told = 1;
	q->peer_loss = v->loss / 256.0;
	q->peer_discard = v->discard / 256.0;
	/* A phone that only counts leaves the judgement to us. */
	if (v->r == XR_UNKNOWN && v->mos_lq == XR_UNKNOWN && v->mos_cq == XR_UNKNOWN)
		q->peer = guess(s, fmin(1, q->peer_loss + q->peer_discard), v->end_system_ms);
	else
		q->peer = (struct emodel_score){known(v->r, 1), known(v->mos_lq, 10), known(v->mos_cq, 10)};
}

void stream_judge_peer(struct stream *s, const struct rtcp_in *in)
{
	struct stream_quality *q = &s->judge.told;

	q->xr_rx += in->xr.has_voip || in->xr.has_answer || in->xr.has_reference;
	if (in->xr.has_voip) {
		take_metrics(s, &in->xr.voip);
	} else if (in->has_about_us && !q->peer_told) {
		q->peer_loss = in->about_us.fraction / 256.0;
		q->peer = guess(s, q->peer_loss,
			s->cur->p.ptime_ms + PEER_TICK_MS + PEER_JITTERS * s->figures.peer_jitter_ms);
	} else {
		return;
	}
	publish(s);
}

/* ---- for the peer ---- */

/* Cut to the range of its field. */
static uint16_t whole(double v, double most)
{
	return (uint16_t)(v < 0 ? 0 : v > most ? most : v);
}

/* Of 256 (4.7.1). */
static uint8_t share(double part)
{
	return (uint8_t)whole(part * 256, 255);
}

bool stream_judge_metrics(const struct stream *s, struct xr_voip *ret_voip)
{
	const struct stream_judge *j = &s->judge;
	const struct bursts_count *c = &j->bursts.count;
	const struct stream_quality *q = &j->told;
	struct bursts_report r = bursts_report(&j->bursts);
	double most_ms = s->jbuf.max_ms + JBUF_EXCESS_MS, target_ms = jbuf_target_ms(&s->jbuf);
	bool judged = q->seconds > 0;

	if (!s->rx.source.known || !j->codec)
		return false;
	*ret_voip = (struct xr_voip){
		.ssrc = s->rx.source.ssrc,
		.loss = c->expected ? share((double)c->lost / (double)c->expected) : 0,
		.discard = c->expected ? share((double)c->discarded / (double)c->expected) : 0,
		.burst_density = share(r.burst_density),
		.gap_density = share(r.gap_density),
		.burst_ms = whole(r.burst_packets * j->packet_us / 1000, UINT16_MAX),
		.gap_ms = whole(r.gap_packets * j->packet_us / 1000, UINT16_MAX),
		.rtt_ms = whole(s->figures.rtt_ms + 0.5, UINT16_MAX),
		/* 4.7.3: a packet is gathered before it leaves, and what comes waits in the buffer. */
		.end_system_ms = whole(s->cur->p.ptime_ms + j->buffer_ms, UINT16_MAX),
		.signal = j->signal,
		.noise = j->noise,
		.rerl = XR_UNKNOWN,
		.gmin = BURSTS_GMIN,
		.r = judged ? (uint8_t)whole(q->all.r + 0.5, 100) : (uint8_t)XR_UNKNOWN,
		.ext_r = XR_UNKNOWN,
		.mos_lq = judged ? (uint8_t)whole(q->all.mos_lq * 10 + 0.5, 50) : (uint8_t)XR_UNKNOWN,
		.mos_cq = judged ? (uint8_t)whole(q->all.mos_cq * 10 + 0.5, 50) : (uint8_t)XR_UNKNOWN,
		.rx_config = XR_PLC_STANDARD |
			     (s->jbuf.min_ms < s->jbuf.max_ms ? XR_BUFFER_ADAPTIVE : XR_BUFFER_FIXED),
		.buffer_ms = whole(target_ms, UINT16_MAX),
		.buffer_max_ms = whole(fmin(target_ms + JBUF_EXCESS_MS, most_ms), UINT16_MAX),
		.buffer_abs_ms = whole(most_ms, UINT16_MAX),
	};
	return true;
}

/* 4.7.4: a signed byte; what is below is silence. */
static uint8_t dbm0(double dbov)
{
	double level = dbov + DBM0_OF_DBOV;

	return (uint8_t)(int8_t)lrint(level < SILENT_DBM0 ? SILENT_DBM0 : level);
}

void stream_levels(struct stream *s, double signal_dbov, double noise_dbov)
{
	s->judge.signal = dbm0(signal_dbov);
	s->judge.noise = dbm0(noise_dbov);
}
