/* Sockets, stream and slot of a call: from "we may need them" to "they have gone". What is said about them in
 * SDP is in call_sdp.c. */
#include "phone/call_media_impl.h"

#include "audio/ports.h"
#include "base/mem.h"
#include "phone/call_impl.h"

static void report(struct tagged *t, const struct media_report *r)
{
	struct call_media *m = CONTAINER_OF(t, struct call_media, tagged);

	call_take_report(CONTAINER_OF(m, struct call, media), r);
}

void call_media_choose(struct call_media *m, struct codec_choice *codecs)
{
	codec_choice_ref(codecs);
	codec_choice_unref(m->codecs);
	m->codecs = codecs;
}

void call_media_init(struct call_media *m, struct offhook_phone *p)
{
	m->phone = p;
	m->tagged.report = report;
	m->past.size = sizeof(m->past);
	m->listen = p->listen;
	m->listen_tones = p->listen_tones;
}

offhook_id call_media_slot_id(const struct call_media *m)
{
	return m->slot.generation ? id_make(ID_SLOT, m->slot.generation, m->slot.number) : 0;
}

/* ---- sockets ---- */

/* What we publish for audio: the transport's public address when it is known, else the one that faces the
 * peer. */
static struct netaddr published_ip(struct offhook_phone *p, const struct sip_flow *flow)
{
	struct transport *t = transport_of(p, flow->transport);
	struct netaddr ip = {0};

	if (t)
		ip = transport_public_ip(p, t);
	if (!ip.family)
		ip = flow->local;
	ip.scope = 0; /* a zone means nothing to others */
	return ip;
}

int call_media_open(struct call_media *m, const struct sip_flow *flow)
{
	struct netaddr local;
	int err;

	if (m->rtp_port)
		return 0;
	local = sip_transport_local(flow->transport);
	err = engine_rtp_open(m->phone->engine, &local, &m->rtp, &m->rtcp);
	if (err)
		return err;
	m->rtp_port = host_dgram_local(m->rtp).port;
	m->published = published_ip(m->phone, flow);
	m->published.port = m->rtp_port;
	m->local = flow->local;
	m->not_before_ns = host_now(m->phone->host);
	return 0;
}

void call_media_moved(struct call_media *m, const struct sip_flow *flow)
{
	struct stream_params params = m->params;

	if (!m->rtp_port)
		return;
	m->published = published_ip(m->phone, flow);
	m->published.port = m->rtp_port;
	m->local = flow->local;
	if (!m->stream)
		return;
	params.from = m->local;
	params.relatch = false;
	/* Out of memory: the answer to our offer says it again. */
	if (stream_apply(m->stream, &params) == 0)
		m->params = params;
}

static void close_sockets(struct call_media *m)
{
	if (!m->rtp)
		return;
	m->rtp = host_dgram_close(m->rtp);
	m->rtcp = host_dgram_close(m->rtcp);
	engine_rtp_release(m->phone->engine, m->rtp_port);
	m->rtp_port = 0;
}

static void released(void *arg, uint16_t rtp_port)
{
	struct offhook_phone *p = arg;

	engine_rtp_release(p->engine, rtp_port);
}

/* ---- the stream ---- */

static void new_cname(struct offhook_phone *p, char cname[25])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[12];

	/* RFC 7022 4.2: 96 random bits, nothing of the machine. */
	host_random(p->host, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		*cname++ = digits[bytes[i] >> 4];
		*cname++ = digits[bytes[i] & 15];
	}
	*cname = '\0';
}

/* Are digits looked for in the audio? */
static bool hears_digits(const struct call_media *m, const struct stream_params *params)
{
	switch (CONTAINER_OF(m, struct call, media)->rules.hear) {
	case OFFHOOK_DTMF_HEAR_DEFAULT:
	case OFFHOOK_DTMF_HEAR_OFF:
		return false;
	case OFFHOOK_DTMF_HEAR_AUTO:
		return params->dtmf_rx_pt < 0 && !params->n_dtmf_rx_more;
	case OFFHOOK_DTMF_HEAR_ON:
		break;
	}
	return true;
}

int call_media_hear_digits(struct call_media *m)
{
	return m->stream ? hearing_want_digits(m->hearing, hears_digits(m, &m->params)) : 0;
}

/* Sockets become a stream, and the stream a port in a slot. On failure the sockets are closed. */
static int start_stream(struct call_media *m, const struct stream_params *params)
{
	struct offhook_phone *p = m->phone;
	char cname[25];
	struct stream_cfg cfg = {
		.host = p->host,
		.rtp = m->rtp,
		.rtcp = m->rtcp,
		.from = m->local,
		.tick_ms = p->cfg.frame_ms,
		.jitter_min_ms = p->cfg.jitter_ms ? p->cfg.jitter_ms : p->cfg.jitter_min_ms,
		.jitter_max_ms = p->cfg.jitter_ms ? p->cfg.jitter_ms : p->cfg.jitter_max_ms,
		.timeout_ms = p->cfg.rtp_timeout_ms,
		.cname = cname,
		.tag = tag_draw(p),
		.converter = &port_stream_converter,
		.report = engine_report,
		.report_arg = p->engine,
		.shelves = engine_shelves(p->engine),
	};
	struct hearing *hearing;
	struct stream *s;
	struct port *port;
	int err;

	new_cname(p, cname);
	err = stream_new(&cfg, &s);
	if (err) {
		close_sockets(m);
		return err;
	}
	m->rtp = m->rtcp = NULL; /* the stream has them */
	err = stream_apply(s, params);
	port = err ? NULL : port_stream_new(s, released, p, m->rtp_port);
	if (!port) {
		stream_free(s);
		engine_rtp_release(p->engine, m->rtp_port);
		m->rtp_port = 0;
		return err ? err : OH_ENOMEM;
	}
	hearing = port_stream_hearing(port);
	hearing_init(hearing, engine_report, p->engine, cfg.tag);
	hearing_want(hearing, &m->listen);
	err = hearing_want_digits(hearing, hears_digits(m, params));
	if (!err)
		err = hearing_want_tones(hearing, &m->listen_tones);
	if (!err)
		err = bridge_add(engine_bridge(p->engine), port, &m->slot);
	if (err) {
		port->ops->free(port);
		m->rtp_port = 0;
		return err;
	}
	m->stream = s;
	m->hearing = hearing;
	m->tagged.tag = cfg.tag;
	tag_enter(p, &m->tagged);
	return 0;
}

static bool same_audio(const struct stream_params *a, const struct stream_params *b)
{
	if (a->dir != b->dir || a->tx != b->tx || a->tx_pt != b->tx_pt || a->ptime_ms != b->ptime_ms ||
		a->n_rx != b->n_rx || a->n_dtmf_rx_more != b->n_dtmf_rx_more ||
		a->dtmf_tx_pt != b->dtmf_tx_pt || a->dtmf_rx_pt != b->dtmf_rx_pt ||
		!netaddr_eq(&a->remote_rtp, &b->remote_rtp) || !netaddr_eq(&a->from, &b->from) ||
		!netaddr_eq(&a->remote_rtcp, &b->remote_rtcp))
		return false;
	if (!stream_same_way(&a->how, &b->how) || a->bare != b->bare || a->noise.rx != b->noise.rx ||
		a->noise.tx != b->noise.tx || a->noise.rx_pt != b->noise.rx_pt ||
		a->noise.tx_pt != b->noise.tx_pt)
		return false;
	for (size_t i = 0; i < a->n_rx; i++)
		if (a->rx[i].codec != b->rx[i].codec || a->rx[i].pt != b->rx[i].pt)
			return false;
	for (size_t i = 0; i < a->n_dtmf_rx_more; i++)
		if (a->dtmf_rx_more[i].pt != b->dtmf_rx_more[i].pt ||
			a->dtmf_rx_more[i].clock_hz != b->dtmf_rx_more[i].clock_hz)
			return false;
	return true;
}

static int change_stream(struct call_media *m, struct stream_params *params)
{
	struct bridge *b = engine_bridge(m->phone->engine);
	uint32_t rate = stream_rate(m->stream);
	bool same;
	int err;

	params->relatch = !netaddr_eq(&params->remote_rtp, &m->params.remote_rtp);
	same = same_audio(params, &m->params);
	if (same && params->xr == m->params.xr)
		return 0;
	err = hearing_want_digits(m->hearing, hears_digits(m, params));
	if (!err)
		err = stream_apply(m->stream, params);
	if (err || same)
		return err;
	bridge_disconnect_all(b, m->slot);
	if (stream_rate(m->stream) != rate)
		return bridge_rate_changed(b, m->slot, stream_rate(m->stream));
	return 0;
}

int call_media_run(struct call_media *m, struct stream_params *params)
{
	int err = m->stream ? change_stream(m, params) : start_stream(m, params);

	if (!err)
		m->params = *params;
	return err;
}

uint32_t call_media_stop(struct call_media *m)
{
	uint32_t slot = m->slot.generation ? m->slot.number : 0;

	if (m->stream) {
		call_media_stats(m, &m->past);
		call_media_quality(m, &m->past_quality);
		tag_leave(m->phone, &m->tagged);
		bridge_remove(engine_bridge(m->phone->engine), m->slot);
		m->stream = NULL; /* its port frees it once the media thread has let go */
		m->rtp_port = 0;
	}
	close_sockets(m);
	call_media_forget_name(m);
	m->slot = (struct bridge_slot){0, 0};
	return slot;
}

uint32_t call_media_close(struct call_media *m)
{
	uint32_t slot = call_media_stop(m);

	m->state = OFFHOOK_MEDIA_NULL;
	m->oa = oa_free(m->oa);
	mem_free((char *)m->edited.p);
	m->edited = SLICE_NONE;
	return slot;
}

/* ---- figures ---- */

static void add_counts(struct offhook_call_stats *t, const struct stream_stats *s)
{
	t->rx_packets += s->rx_packets;
	t->rx_bytes += s->rx_bytes;
	t->rx_lost += s->lost;
	t->rx_late += s->late;
	t->rx_duplicate += s->duplicate;
	t->rx_discarded += s->full + s->invalid + s->early;
	t->rx_reordered += s->reordered;
	t->rx_concealed += s->concealed;
	t->rx_stretched += s->stretched;
	t->rx_cut += s->cut;
	t->tx_packets += s->tx_packets;
	t->tx_bytes += s->tx_bytes;
	t->tx_passed += s->tx_passed;
	t->peer_lost += s->peer_lost;
}

void call_media_stats(const struct call_media *m, struct offhook_call_stats *ret_stats)
{
	struct offhook_call_stats t = m->past;
	struct stream_stats s;

	t.size = sizeof(t);
	t.rx_digits = m->digits_received;
	t.tx_digits = m->digits_sent;
	snprintf(t.codec, sizeof(t.codec), "%s", m->codec);
	if (m->stream) {
		stream_stats(m->stream, &s);
		add_counts(&t, &s);
		t.rx_jitter_ms = s.jitter_ms;
		if (s.jitter_max_ms > t.rx_jitter_max_ms)
			t.rx_jitter_max_ms = s.jitter_max_ms;
		t.peer_jitter_ms = s.peer_jitter_ms;
		t.rtt_ms = s.rtt_ms;
		t.buffer_ms = s.depth_ms;
		t.buffer_goal_ms = s.target_ms;
		/* Before the media thread's first turn: where the peer's description says. */
		if (netaddr_is_any(&s.remote))
			s.remote = m->params.remote_rtp;
		if (!netaddr_is_any(&s.remote))
			netaddr_text(&s.remote, t.remote);
	}
	*ret_stats = t;
}
