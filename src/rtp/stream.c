#include "rtp/stream_impl.h"

#include "base/mem.h"
#include "offhook/error.h"

/* ---- doors ------------------------------------------------------------------------------------------- */

void stream_tell(
	struct stream *s, enum media_report_type type, uint32_t value, uint32_t duration_ms, uint64_t at_ns)
{
	struct media_report r = {
		.type = type, .tag = s->tag, .value = value, .duration_ms = duration_ms, .at_ns = at_ns};

	if (s->report)
		s->report(s->report_arg, &r);
}

/* The digit's value is its character. */
static void heard_digit(void *arg, char digit, uint32_t duration_ms, uint64_t at_ns)
{
	stream_tell(arg, MEDIA_DTMF, (uint8_t)digit, duration_ms, at_ns);
}

/* Signalling gets it back at its next stream_apply(); here nothing may be freed. */
static void retire(struct stream *s, struct stream_setup *set)
{
	set->next = atomic_load_explicit(&s->door.retired, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(
		&s->door.retired, &set->next, set, memory_order_release, memory_order_relaxed))
		;
}

static void free_retired(struct stream *s)
{
	struct stream_setup *set = atomic_exchange_explicit(&s->door.retired, NULL, memory_order_acquire);

	while (set) {
		struct stream_setup *next = set->next;

		stream_setup_free(set);
		set = next;
	}
}

void stream_publish(struct stream *s)
{
	struct stream_stats f = s->figures;
	const struct jbuf_stats *j = &s->jbuf.stats;
	double ms = s->cur ? 1000.0 / s->jbuf.dec.clock_hz : 0;

	f.played = j->played;
	f.late += j->late;
	f.full = j->full;
	f.buffered = j->buffered;
	f.concealed = j->concealed;
	f.stretched = j->stretched;
	f.cut = j->cut;
	f.duplicate += j->duplicate;
	f.invalid += j->invalid;
	f.early += j->early;
	f.lost = s->rx.lost_before + rtp_source_lost(&s->rx.source);
	f.reordered += s->rx.source.reordered;
	f.jitter_ms = s->rx.source.jitter * ms;
	f.jitter_max_ms = s->rx.source.jitter_max * ms;
	if (f.jitter_max_ms < s->rx.jitter_max)
		f.jitter_max_ms = s->rx.jitter_max;
	f.depth_ms = s->cur ? jbuf_depth_ms(&s->jbuf) : 0;
	f.target_ms = jbuf_target_ms(&s->jbuf);
	f.rx_ssrc = s->rx.source.ssrc;
	f.tx_ssrc = s->tx.ssrc;
	f.remote = s->remote;
	stats_door_write(&s->door.stats, &f);
}

/* ---- life -------------------------------------------------------------------------------------------- */

int stream_new(const struct stream_cfg *cfg, struct stream **ret_stream)
{
	const struct jbuf_cfg jbuf = {.shelves = cfg->shelves,
		.tick_ms = cfg->tick_ms,
		.min_ms = cfg->jitter_min_ms,
		.max_ms = cfg->jitter_max_ms};
	struct stream *s;
	size_t n;

	if ((cfg->tick_ms != 10 && cfg->tick_ms != 20) || !cfg->rtp || !cfg->rtcp || !cfg->cname)
		return OH_EINVAL;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return OH_ENOMEM;
	if (jbuf_init(&s->jbuf, &jbuf) < 0) {
		mem_free(s);
		return OH_ENOMEM;
	}
	s->host = cfg->host;
	s->rtp_sock = cfg->rtp;
	s->rtcp_sock = cfg->rtcp;
	s->local = host_dgram_local(cfg->rtp);
	s->bound_any = netaddr_is_any(&s->local);
	s->local = s->bound_any ? cfg->from : (struct netaddr){0};
	s->tick_ms = cfg->tick_ms;
	s->timeout_ns = cfg->timeout_ms * NS_PER_MS;
	s->tag = cfg->tag;
	s->report = cfg->report;
	s->report_arg = cfg->report_arg;
	s->converter = cfg->converter;
	n = strnlen(cfg->cname, RTCP_CNAME_MAX);
	memcpy(s->cname, cfg->cname, n);
	stream_judge_init(&s->judge);
	s->want.dtmf_tx_pt = -1;
	/* RFC 3550 5.1: random, against known-plaintext attacks and against meeting another source. */
	s->tx.ssrc = host_random_u32(s->host);
	s->tx.ts = host_random_u32(s->host);
	s->tx.seq = (uint16_t)host_random_u32(s->host);
	s->tx.mark = true;
	dtmf_rx_init(&s->dtmf_rx, 8000, heard_digit, s);
	stream_publish(s);
	*ret_stream = s;
	return 0;
}

struct stream *stream_free(struct stream *s)
{
	if (!s)
		return NULL;
	stream_take_setup(s);
	stream_rtcp_bye(s);
	host_dgram_close(s->rtp_sock);
	host_dgram_close(s->rtcp_sock);
	stream_setup_free(s->cur);
	free_retired(s);
	jbuf_free(&s->jbuf);
	mem_free(s);
	return NULL;
}

/* ---- signalling -------------------------------------------------------------------------------------- */

int stream_apply(struct stream *s, const struct stream_params *p)
{
	struct stream_setup *set, *unseen;
	int err = stream_setup_new(p, s->converter, s->tick_ms, &set);

	if (err < 0)
		return err;
	/* One that no tick has taken yet never happened, but for its wish to latch again. Taken out first and
	 * not by one exchange: nobody reads the new one before it is complete. */
	unseen = atomic_exchange_explicit(&s->door.pending, NULL, memory_order_acquire);
	if (unseen) {
		set->p.relatch |= unseen->p.relatch;
		stream_setup_free(unseen);
	}
	s->want.dir = p->dir;
	s->want.dtmf_tx_pt = p->dtmf_tx_pt;
	s->want.dtmf_sound = p->dtmf_sound;
	s->want.ptime_ms = p->ptime_ms;
	s->want.mode = p->how.mode;
	s->want.bits_per_s = p->how.bits_per_s;
	s->want.max_hz = p->how.max_hz;
	s->want.dtx = p->how.dtx;
	s->want.cbr = p->how.cbr;
	s->want.tx = p->tx;
	s->want.noise_tx = p->noise.tx;
	atomic_store_explicit(&s->door.pending, set, memory_order_release);
	free_retired(s);
	return 0;
}

int stream_dtmf(struct stream *s, const char *digits, unsigned duration_ms, unsigned pause_ms)
{
	if (!(s->want.dir & STREAM_SEND))
		return OH_ENOMEDIA;
	if (s->want.dtmf_sound && strpbrk(digits, "Rr"))
		return OH_EDIGIT;
	if (s->want.dtmf_tx_pt < 0 && !s->want.dtmf_sound)
		return OH_ENODTMF;
	return dtmf_queue_add(&s->dtmf_tx.queue, digits, duration_ms, pause_ms);
}

void stream_stats(const struct stream *s, struct stream_stats *ret_stats)
{
	stats_door_read(&s->door.stats, ret_stats);
}

void stream_quality(const struct stream *s, struct stream_quality *ret_quality)
{
	quality_door_read(&s->quality, ret_quality);
}

uint32_t stream_rate(const struct stream *s)
{
	return s->want.tx ? s->want.tx->rate_hz : 8000;
}

/* ---- the media thread takes what signalling left ----------------------------------------------------- */

/* The peer speaks on as it did while that is agreed: its next codec shows in its packets. */
static bool is_still_heard(const struct stream *s, const struct stream_setup *set)
{
	for (size_t i = 0; i < set->p.n_rx; i++) {
		const struct codec *c = set->p.rx[i].codec;

		if (c->clock_hz == s->jbuf.dec.clock_hz && c->rate_hz == s->jbuf.dec.rate_hz &&
			stream_setup_plays(set, c))
			return true;
	}
	return false;
}

static void aim(struct stream *s, const struct stream_setup *set)
{
	s->left = s->remote;
	s->left_ns = s->now_ns;
	s->remote = set->p.remote_rtp;
	s->rtcp.remote = set->p.remote_rtcp;
	s->figures.latched = false;
	s->rx.loose_until_ns = UINT64_MAX;
}

/* Our own address has changed since. */
static bool is_elsewhere(const struct stream *s, const struct stream_setup *set)
{
	const struct netaddr *from = &set->p.from;

	return s->bound_any && from->family && s->cur && !netaddr_eq_ip(from, &s->cur->p.from);
}

/* RFC 3550 6.2: one sender's, with the headers of RTP, UDP and IP. */
static uint32_t session_bits(const struct stream_setup *set)
{
	uint32_t audio = set->p.how.bits_per_s ? set->p.how.bits_per_s : set->p.tx->bits_per_s;

	return audio + STREAM_HEADERS_BYTES * 8 * 1000 / set->p.ptime_ms;
}

void stream_take_setup(struct stream *s)
{
	struct stream_setup *set, *old = s->cur;
	struct jbuf_decoder dec;
	bool goes_on;

	if (!atomic_load_explicit(&s->door.pending, memory_order_relaxed))
		return;
	set = atomic_exchange_explicit(&s->door.pending, NULL, memory_order_acquire);
	if (!set) /* signalling is just replacing it */
		return;
	goes_on = is_still_heard(s, set);
	dec = (struct jbuf_decoder){.decode = stream_decode,
		.conceal = stream_conceal,
		.arg = s,
		.clock_hz = goes_on ? s->jbuf.dec.clock_hz : set->clock_hz,
		.rate_hz = goes_on ? s->jbuf.dec.rate_hz : set->rate_hz,
		.spill = set->spill,
		.spill_cap = set->spill_cap};
	jbuf_bind(&s->jbuf, &dec);
	if (!old || set->p.relatch || !netaddr_eq(&old->p.remote_rtp, &set->p.remote_rtp))
		aim(s, set);
	else if (!netaddr_eq(&old->p.remote_rtcp, &set->p.remote_rtcp))
		s->rtcp.remote = set->p.remote_rtcp;
	if (is_elsewhere(s, set))
		s->local = set->p.from;
	if (old) {
		rtcp_timing_bandwidth(&s->rtcp.timing, session_bits(set), s->now_ns);
		stream_setup_inherit(set, old);
	} else {
		rtcp_timing_init(&s->rtcp.timing, host_random_u32(s->host), session_bits(set), s->now_ns);
	}
	if (!old || !(old->p.dir & STREAM_RECV)) {
		s->rx.heard_ns = s->now_ns; /* the time-out counts from here */
		s->rx.timed_out = false;
	}
	if (!(set->p.dir & STREAM_RECV))
		jbuf_restart(&s->jbuf);
	if (!old || old->packet_samples != set->packet_samples || !set->gather)
		s->tx.gathered = 0;
	if (old && (old->rate_hz != set->rate_hz || !set->p.dtmf_sound))
		dtmf_sound_stop(&s->dtmf_sound, &s->dtmf_tx.queue);
	/* Its time stamps are those of another clock, or will be stale when it may go on. */
	if (old && (old->clock_hz != set->clock_hz || set->p.dtmf_tx_pt < 0 || set->p.dtmf_sound))
		dtmf_tx_stop(&s->dtmf_tx);
	s->dtmf_rx.clock_hz = s->dtmf_tx.clock_hz = set->clock_hz;
	s->cur = set;
	if (old)
		retire(s, old);
}
