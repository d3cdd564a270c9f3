/* How a call sounds: the figures of its stream, joined with those of streams that it had before. */
#include "phone/call_impl.h"

#include "offhook/quality.h"

static struct emodel_score weighed(
	const struct emodel_score *a, uint64_t a_seconds, const struct emodel_score *b, uint64_t b_seconds)
{
	double part = a_seconds + b_seconds ? (double)b_seconds / (double)(a_seconds + b_seconds) : 0;

	return (struct emodel_score){
		.r = a->r + (b->r - a->r) * part,
		.mos_lq = a->mos_lq + (b->mos_lq - a->mos_lq) * part,
		.mos_cq = a->mos_cq + (b->mos_cq - a->mos_cq) * part,
	};
}

/* A call may have had codecs of both bands: of the time in a wide one. */
static struct emodel_wide weighed_wide(
	struct emodel_wide a, uint64_t a_seconds, struct emodel_wide b, uint64_t b_seconds)
{
	float part = (float)((double)b_seconds / (double)(a_seconds + b_seconds));

	if (a.r == 0 || b.r == 0)
		return a.r == 0 ? b : a;
	return (struct emodel_wide){
		.r = a.r + (b.r - a.r) * part,
		.r_lq = a.r_lq + (b.r_lq - a.r_lq) * part,
	};
}

/* What a later stream adds to an earlier one: counts grow, and what is a mean counts by the time that it is of. */
static struct stream_quality joined(const struct stream_quality *past, const struct stream_quality *s)
{
	struct stream_quality q = *s;

	if (!past->seconds)
		return q;
	q.all = weighed(&past->all, past->seconds, &s->all, s->seconds);
	q.wide_all = weighed_wide(past->wide_all, past->seconds, s->wide_all, s->seconds);
	if (!s->seconds || past->worst.r < s->worst.r)
		q.worst = past->worst;
	q.seconds += past->seconds;
	q.expected += past->expected;
	q.lost += past->lost;
	q.discarded += past->discarded;
	q.waited_ms += past->waited_ms;
	q.bursts += past->bursts;
	if (!s->bursts) {
		q.burst_density = past->burst_density;
		q.burst_ms = past->burst_ms;
	}
	q.xr_rx += past->xr_rx;
	q.xr_tx += past->xr_tx;
	return q;
}

void call_media_quality(const struct call_media *m, struct stream_quality *ret_quality)
{
	struct stream_quality s;

	*ret_quality = m->past_quality;
	if (!m->stream)
		return;
	stream_quality(m->stream, &s);
	*ret_quality = joined(&m->past_quality, &s);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* A level of the peer's metrics: a signed byte. */
static int level(const struct stream_quality *q, uint8_t value)
{
	return q->told.ssrc ? (int8_t)value : (int)XR_UNKNOWN;
}

static void fill(struct offhook_call_quality *out, const struct stream_quality *q)
{
	out->rx_r = q->now.r;
	out->rx_mos_lq = q->now.mos_lq;
	out->rx_mos_cq = q->now.mos_cq;
	out->rx_all_r = q->all.r;
	out->rx_all_mos_lq = q->all.mos_lq;
	out->rx_all_mos_cq = q->all.mos_cq;
	out->rx_worst_r = q->worst.r;
	out->rx_worst_mos_lq = q->worst.mos_lq;
	out->rx_worst_mos_cq = q->worst.mos_cq;
	out->rx_wide_r = q->wide_now.r;
	out->rx_wide_mos_lq = emodel_wide_mos(q->wide_now.r_lq);
	out->rx_wide_mos_cq = emodel_wide_mos(q->wide_now.r);
	out->rx_all_wide_r = q->wide_all.r;
	out->rx_all_wide_mos_lq = emodel_wide_mos(q->wide_all.r_lq);
	out->rx_all_wide_mos_cq = emodel_wide_mos(q->wide_all.r);
	out->rx_seconds = q->seconds;
	out->rx_loss_percent = percent(q->lost, q->expected);
	out->rx_discard_percent = percent(q->discarded, q->expected);
	out->rx_bursts = q->bursts;
	out->rx_burst_loss_percent = q->burst_density * 100;
	out->rx_gap_loss_percent = q->gap_density * 100;
	out->rx_burst_ms = q->burst_ms;
	out->rx_gap_ms = q->gap_ms;
	out->rx_waited_ms = q->waited_ms;
	out->rx_delay_ms = q->delay_ms;
	out->tx_r = q->peer.r;
	out->tx_mos_lq = q->peer.mos_lq;
	out->tx_mos_cq = q->peer.mos_cq;
	out->tx_told = q->peer_told != 0;
	out->tx_loss_percent = q->peer_loss * 100;
	out->tx_discard_percent = q->peer_discard * 100;
	out->tx_burst_loss_percent = q->told.burst_density * 100 / 256.0;
	out->tx_delay_ms = q->told.end_system_ms;
	out->tx_signal_dbm0 = level(q, q->told.signal);
	out->tx_noise_dbm0 = level(q, q->told.noise);
	out->xr_sent = q->xr_tx;
	out->xr_received = q->xr_rx;
}

static void fill_heard(struct offhook_call_quality *out, const struct call_media *m)
{
	struct hearing_figures heard = {.signal_dbov = vad_dbov(0), .noise_dbov = vad_dbov(0)};

	if (m->stream)
		hearing_figures(m->hearing, &heard);
	out->rx_silent_ms = heard.silent_ms;
	out->rx_speaking = heard.speaking;
	out->rx_signal_dbov = (double)heard.signal_dbov;
	out->rx_noise_dbov = (double)heard.noise_dbov;
}

/* ---- the API ---- */

struct quality_args {
	offhook_id call;
	struct offhook_call_quality quality;
};

static int quality_run(struct offhook_phone *p, void *arg)
{
	struct quality_args *a = arg;
	struct call *c;
	struct offhook_call_stats stats;
	struct stream_quality q;
	int err = call_asked(p, a->call, &c);

	if (err)
		return err;
	call_media_quality(&c->media, &q);
	call_media_stats(&c->media, &stats);
	fill(&a->quality, &q);
	a->quality.rtt_ms = stats.rtt_ms;
	fill_heard(&a->quality, &c->media);
	return 0;
}

int offhook_call_get_quality(
	struct offhook_phone *phone, offhook_id call, struct offhook_call_quality *ret_quality)
{
	struct quality_args args = {.call = call};
	int err = phone_query(phone, quality_run, &args);

	return err ? err : info_give(ret_quality, &args.quality, sizeof(args.quality));
}
