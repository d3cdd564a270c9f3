/* What a call says about its audio, and what it makes of what the peer says (RFC 3264; hold: RFC 6337 5). */
#include "phone/call_media_impl.h"

#include "base/mem.h"
#include "phone/call_impl.h"
#include "phone/edits.h"
#include "phone/phone_impl.h"

#define DYNAMIC_PT_FIRST 96
#define PAYLOAD_MAX      1400u /* bytes: with all headers below the MTU of 1,500 */

/* ---- what we have and want ---- */

static const struct codec_choice *choice_of(const struct call_media *m)
{
	return m->codecs ? m->codecs : m->phone->codecs.choice;
}

static size_t our_codecs(const struct codec_choice *choice, struct oa_codec *codecs)
{
	int dynamic = DYNAMIC_PT_FIRST;

	for (size_t n = 0; n < choice->n; n++) {
		const struct codec *codec = choice->list[n]->codec;
		struct codec_params want = phone_codec_params(choice->list[n]);

		codecs[n] = (struct oa_codec){
			.clock_hz = codec->clock_hz,
			.channels = codec->channels,
			.pt = codec->static_pt >= 0 ? codec->static_pt : dynamic++,
		};
		snprintf(codecs[n].encoding, sizeof(codecs[n].encoding), "%s", codec->encoding);
		if (codec->describe)
			codec->describe(codec, &want, codecs[n].fmtp, sizeof(codecs[n].fmtp));
	}
	return choice->n;
}

/* Is silence of ours left out by comfort noise, with any of these codecs? */
static bool wants_noise(const struct codec_choice *choice)
{
	for (size_t i = 0; i < choice->n; i++)
		if (choice->list[i]->cfg.vad && !choice->list[i]->codec->dtx)
			return true;
	return false;
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

/* What every description says; the peer's comfort noise is always taken, and offered when we need it. */
static struct oa_local local_of(const struct call_media *m, struct oa_codec codecs[OA_CODECS_MAX])
{
	const struct codec_choice *choice = choice_of(m);
	struct oa_local local = {
		.rtp = m->published,
		.rtcp_port = (uint16_t)(m->published.port + 1),
		.codecs = codecs,
		.xr = true,
		.dtmf = true,
		.ptime_ms = m->phone->cfg.ptime_ms,
	};

	local.n_codecs = our_codecs(choice, codecs);
	/* There is one a=ptime for all of them: the first one's. */
	if (choice->n && choice->list[0]->cfg.ptime_ms)
		local.ptime_ms = choice->list[0]->cfg.ptime_ms;
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

static struct phone_codec *codec_of(const struct call_media *m, const struct oa_codec *c)
{
	return phone_codec_find(&m->phone->codecs, slice_of(c->encoding), c->clock_hz, c->channels);
}

static uint32_t packet_ms(const struct call_media *m, const struct oa_audio *a, const struct phone_codec *c,
	uint32_t bits_per_s)
{
	uint32_t ours = c->cfg.ptime_ms ? c->cfg.ptime_ms : m->phone->cfg.ptime_ms;
	uint32_t ms = a->ptime_ms ? a->ptime_ms : ours;

	/* One packet is one datagram that no link cuts in two. */
	if (ms > PAYLOAD_MAX * 8000 / bits_per_s)
		ms = PAYLOAD_MAX * 8000 / bits_per_s;
	return codec_packet_ms(c->codec, ms);
}

/* How we send: what is set for the codec, within what the peer's fmtp allows. */
static void choose_tx(const struct call_media *m, const struct oa_audio *a, struct phone_codec *c,
	struct stream_params *params)
{
	params->tx = c->codec;
	params->how = phone_codec_params(c);
	if (c->codec->limit)
		c->codec->limit(c->codec, slice_of(a->codec.fmtp), &params->how);
	params->ptime_ms =
		packet_ms(m, a, c, params->how.bits_per_s ? params->how.bits_per_s : c->codec->bits_per_s);
	params->bare = !c->cfg.plc;
	params->noise.rx = a->noise_rx_pt >= 0;
	params->noise.rx_pt = params->noise.rx ? (uint8_t)a->noise_rx_pt : 0;
	params->noise.tx = a->noise_tx_pt >= 0 && c->cfg.vad && !c->codec->dtx;
	params->noise.tx_pt = params->noise.tx ? (uint8_t)a->noise_tx_pt : 0;
}

/* Do digits of ours go as sound? */
static bool digits_sound(const struct call_media *m, const struct oa_audio *a)
{
	enum offhook_dtmf dtmf = CONTAINER_OF(m, struct call, media)->rules.dtmf;

	return dtmf == OFFHOOK_DTMF_IN_BAND || (dtmf == OFFHOOK_DTMF_AUTO && a->dtmf_tx_pt < 0);
}

static struct stream_params params_of(const struct call_media *m, const struct oa_audio *a)
{
	struct stream_params params = {
		.dir = a->dir, /* the same bits */
		.remote_rtp = a->remote_rtp,
		.remote_rtcp = a->remote_rtcp,
		.tx_pt = (uint8_t)a->tx_pt,
		.dtmf_tx_pt = a->dtmf_tx_pt,
		.dtmf_rx_pt = a->dtmf_rx_pt,
		.dtmf_sound = digits_sound(m, a),
		.not_before_ns = m->not_before_ns,
		.xr = a->xr, /* the same bits */
		.from = m->local,
	};
	struct phone_codec *tx = codec_of(m, &a->codec);

	if (tx)
		choose_tx(m, a, tx, &params);
	for (size_t i = 0; i < a->n_dtmf_rx_more && i < STREAM_EVENTS_MAX; i++) {
		params.dtmf_rx_more[i].pt = (uint8_t)a->dtmf_rx_more[i].pt;
		params.dtmf_rx_more[i].clock_hz = a->dtmf_rx_more[i].clock_hz;
		params.n_dtmf_rx_more++;
	}
	for (size_t i = 0; i < a->n_codecs && params.n_rx < STREAM_CODECS_MAX; i++) {
		const struct phone_codec *c = codec_of(m, &a->codecs[i]);

		if (!c) /* comfort noise is listed too */
			continue;
		params.rx[params.n_rx].codec = c->codec;
		params.rx[params.n_rx++].pt = (uint8_t)a->codecs[i].pt;
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

static struct slice edit(struct call_media *m, struct slice text)
{
	const struct account *a = account_find(m->phone, m->account);
	size_t n = 0;
	char *edited = a ? edits_description(a->edits, text, &n) : NULL;

	mem_free((char *)m->edited.p);
	m->edited = slice_make(edited, n);
	return edited ? m->edited : text;
}

struct slice call_media_text(const struct call_media *m)
{
	return slice_present(m->edited) ? m->edited : oa_local_text(m->oa);
}

int call_media_offer(struct call_media *m, const struct sip_flow *flow, struct slice *ret_text)
{
	struct oa_codec codecs[OA_CODECS_MAX];
	struct oa_local local;
	int err = prepare(m, flow);

	if (err)
		return err;
	local = local_of(m, codecs);
	if (!local.n_codecs)
		return err_detail(OH_ENOCODEC, "every codec has priority 0");
	local.want = offered(m);
	local.noise = wants_noise(choice_of(m));
	err = oa_make_offer(m->oa, &local, ret_text);
	if (!err)
		*ret_text = edit(m, *ret_text);
	return err;
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
	local = local_of(m, codecs);
	if (!local.n_codecs)
		return err_detail(OH_ENOCODEC, "every codec has priority 0");
	local.want = allowed(m);
	local.noise = true;
	/* One of ours that was refused by 491 and waits for its next try is made anew then. */
	oa_rollback(m->oa);
	err = oa_answer(m->oa, offer, &local, ret_text, &audio);
	if (err)
		return err;
	*ret_text = edit(m, *ret_text);
	m->hold_before = m->hold;
	return commit(m, &audio, ret_gone);
}

void call_media_rollback(struct call_media *m)
{
	m->hold = m->hold_before;
	if (m->oa)
		oa_rollback(m->oa);
}

int call_media_check_offer(struct offhook_phone *p, struct codec_choice *choice, const struct sip_flow *flow,
	struct slice offer, unsigned *ret_warn_code, char *ret_why, size_t why_size)
{
	struct call_media m = {.phone = p, .published = flow->local, .codecs = choice};
	struct oa_codec codecs[OA_CODECS_MAX];
	struct oa_local local;
	struct oa_audio audio;
	struct slice text;
	int err = oa_new(1, &m.oa);

	if (err)
		return err;
	/* Any port will do: the answer is thrown away. */
	m.published.port = 2;
	local = local_of(&m, codecs);
	local.want = SDP_SENDRECV;
	err = local.n_codecs ? oa_answer(m.oa, offer, &local, &text, &audio) : OH_ENOCODEC;
	if (!err && audio.status != OA_ACTIVE)
		err = OH_ENOCODEC;
	snprintf(ret_why, why_size, "%s", oa_fault(m.oa, ret_warn_code));
	oa_free(m.oa);
	return err;
}
