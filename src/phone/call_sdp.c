/* What a call says about its audio, and what it makes of what the peer says (RFC 3264; hold: RFC 6337 5). */
#include "phone/call_media_impl.h"

#include "phone/phone_impl.h"

#define DYNAMIC_PT_FIRST 96
#define PAYLOAD_MAX      1400u /* bytes: with all headers below the MTU of 1,500 */

/* ---- what we have and want ---- */

static size_t our_codecs(const struct offhook_phone *p, struct oa_codec *codecs)
{
	int dynamic = DYNAMIC_PT_FIRST;

	for (size_t n = 0; n < p->n_codecs; n++) {
		const struct codec *codec = p->codecs[n];

		codecs[n] = (struct oa_codec){
			.clock_hz = codec->clock_hz,
			.channels = codec->channels,
			.pt = codec->static_pt >= 0 ? codec->static_pt : dynamic++,
		};
		snprintf(codecs[n].encoding, sizeof(codecs[n].encoding), "%s", codec->encoding);
	}
	return p->n_codecs;
}

/* What our offer asks for. When the peer holds too, nothing is sent either way (RFC 3264 8.4). */
static enum sdp_dir offered(const struct call_media *m)
{
	const struct oa_audio *now = m->oa ? oa_agreed(m->oa) : NULL;

	if (!m->hold)
		return SDP_SENDRECV;
	return now && now->held_by_peer ? SDP_INACTIVE : SDP_SENDONLY;
}

/* What our answer allows. Never inactive by itself: a peer that ends its hold would get stuck
 * (RFC 6337 5.3). */
static enum sdp_dir allowed(const struct call_media *m)
{
	return m->hold ? SDP_SENDONLY : SDP_SENDRECV;
}

static struct oa_local local_of(
	const struct call_media *m, enum sdp_dir want, struct oa_codec codecs[OA_CODECS_MAX])
{
	struct oa_local local = {
		.rtp = m->published,
		.rtcp_port = (uint16_t)(m->published.port + 1),
		.codecs = codecs,
		.xr = true,
		.dtmf = true,
		.ptime_ms = m->phone->cfg.ptime_ms,
		.want = want,
	};

	local.n_codecs = our_codecs(m->phone, codecs);
	return local;
}

static int prepare(struct call_media *m, const struct sip_flow *flow)
{
	int err = call_media_open(m, flow);

	if (err || m->oa)
		return err;
	uint64_t session_id;

	/* RFC 8866 5.2: unique is enough; 62 bits fit everybody's numbers. */
	host_random(m->phone->host, &session_id, sizeof(session_id));
	return oa_new(session_id >> 2, &m->oa);
}

/* ---- what was agreed ---- */

static uint32_t packet_ms(const struct call_media *m, const struct oa_audio *a)
{
	const struct codec *codec =
		codec_find(slice_of(a->codec.encoding), a->codec.clock_hz, a->codec.channels);
	uint32_t ms = a->ptime_ms ? a->ptime_ms : m->phone->cfg.ptime_ms;

	/* One packet is one datagram that no link cuts in two. */
	if (codec && ms > PAYLOAD_MAX * 8000 / codec->bits_per_s)
		ms = PAYLOAD_MAX * 8000 / codec->bits_per_s;
	return ms < 10 ? 10 : ms > 60 ? 60 : ms / 10 * 10;
}

static struct stream_params params_of(const struct call_media *m, const struct oa_audio *a)
{
	struct stream_params params = {
		.dir = a->dir, /* the same bits */
		.remote_rtp = a->remote_rtp,
		.remote_rtcp = a->remote_rtcp,
		.tx = codec_find(slice_of(a->codec.encoding), a->codec.clock_hz, a->codec.channels),
		.tx_pt = (uint8_t)a->tx_pt,
		.ptime_ms = packet_ms(m, a),
		.dtmf_tx_pt = a->dtmf_tx_pt,
		.dtmf_rx_pt = a->dtmf_rx_pt,
		.not_before_ns = m->not_before_ns,
		.xr = a->xr, /* the same bits */
		.from = m->local,
	};

	for (size_t i = 0; i < a->n_dtmf_rx_more && i < STREAM_EVENTS_MAX; i++) {
		params.dtmf_rx_more[i].pt = (uint8_t)a->dtmf_rx_more[i].pt;
		params.dtmf_rx_more[i].clock_hz = a->dtmf_rx_more[i].clock_hz;
		params.n_dtmf_rx_more++;
	}
	for (size_t i = 0; i < a->n_codecs && params.n_rx < STREAM_CODECS_MAX; i++) {
		const struct oa_codec *c = &a->codecs[i];

		params.rx[params.n_rx].codec = codec_find(slice_of(c->encoding), c->clock_hz, c->channels);
		params.rx[params.n_rx].pt = (uint8_t)c->pt;
		params.n_rx += params.rx[params.n_rx].codec != NULL;
	}
	return params;
}

static enum offhook_media_state state_of(const struct call_media *m, const struct oa_audio *a)
{
	if (m->hold || a->held_by_us)
		return OFFHOOK_MEDIA_LOCAL_HOLD;
	return a->held_by_peer ? OFFHOOK_MEDIA_REMOTE_HOLD : OFFHOOK_MEDIA_ACTIVE;
}

/* Puts into force what was agreed. */
static int commit(struct call_media *m, const struct oa_audio *a, uint32_t *ret_gone)
{
	struct stream_params params;
	int err;

	if (a->status != OA_ACTIVE) {
		*ret_gone = call_media_stop(m);
		m->state = OFFHOOK_MEDIA_NULL;
		return 0;
	}
	params = params_of(m, a);
	call_media_find_peer(m, a, &params);
	err = params.tx ? call_media_run(m, &params) : OH_ENOCODEC;
	if (err) {
		*ret_gone = call_media_stop(m);
		m->state = OFFHOOK_MEDIA_ERROR;
		return err;
	}
	m->state = state_of(m, a);
	m->dir = (enum offhook_media_dir)a->dir;
	snprintf(m->codec, sizeof(m->codec), "%s/%u/%u", a->codec.encoding, a->codec.clock_hz,
		a->codec.channels);
	return 0;
}

int call_media_offer(struct call_media *m, const struct sip_flow *flow, struct slice *ret_text)
{
	struct oa_codec codecs[OA_CODECS_MAX];
	struct oa_local local;
	int err = prepare(m, flow);

	if (err)
		return err;
	local = local_of(m, offered(m), codecs);
	return oa_make_offer(m->oa, &local, ret_text);
}

int call_media_take_answer(struct call_media *m, struct slice text, uint32_t *ret_gone)
{
	struct oa_audio audio;
	int err = OH_ESTATE;

	if (m->oa) {
		/* The session reports a second answer only for another fork that accepted the call. */
		(void)oa_reopen(m->oa);
		err = oa_take_answer(m->oa, text, &audio);
	}

	if (err) {
		m->hold = m->hold_before;
		return err;
	}
	m->hold_before = m->hold;
	return commit(m, &audio, ret_gone);
}

int call_media_answer(struct call_media *m, const struct sip_flow *flow, struct slice offer,
	struct slice *ret_text, uint32_t *ret_gone)
{
	struct oa_codec codecs[OA_CODECS_MAX];
	struct oa_local local;
	struct oa_audio audio;
	int err = prepare(m, flow);

	if (err)
		return err;
	local = local_of(m, allowed(m), codecs);
	/* One of ours that was refused by 491 and waits for its next try is made anew then. */
	oa_rollback(m->oa);
	err = oa_answer(m->oa, offer, &local, ret_text, &audio);
	if (err)
		return err;
	m->hold_before = m->hold;
	return commit(m, &audio, ret_gone);
}

void call_media_rollback(struct call_media *m)
{
	m->hold = m->hold_before;
	if (m->oa)
		oa_rollback(m->oa);
}

int call_media_check_offer(struct offhook_phone *p, const struct sip_flow *flow, struct slice offer,
	unsigned *ret_warn_code, char *ret_why, size_t why_size)
{
	struct call_media m = {.phone = p, .published = flow->local};
	struct oa_codec codecs[OA_CODECS_MAX];
	struct oa_local local;
	struct oa_audio audio;
	struct slice text;
	int err = oa_new(1, &m.oa);

	if (err)
		return err;
	/* Any port will do: the answer is thrown away. */
	m.published.port = 2;
	local = local_of(&m, SDP_SENDRECV, codecs);
	err = oa_answer(m.oa, offer, &local, &text, &audio);
	if (!err && audio.status != OA_ACTIVE)
		err = OH_ENOCODEC;
	snprintf(ret_why, why_size, "%s", oa_fault(m.oa, ret_warn_code));
	oa_free(m.oa);
	return err;
}
