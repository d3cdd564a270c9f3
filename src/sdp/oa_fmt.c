/* Choosing formats: what we offer, what we take of an offer, what is left after an answer (RFC 3264 5.1, 6.1,
 * 7). */
#include "sdp/oa_impl.h"

#include "base/err.h"

/* What stands beside the codecs of a line, once for each clock rate that they have, so that its time stamps count as
 * theirs. */
struct beside {
	struct slice encoding;
	struct slice fmtp;  /* ours */
	unsigned pt_8k, pt; /* at a clock of 8000; at another one, when it is free */
};

/* RFC 4733 2.1; 101 is what everybody uses. The keypad and flash (3.2). */
static const struct beside events = {{"telephone-event", 15}, {"0-16", 4}, 101, 101};
/* RFC 3389 4 */
static const struct beside noise = {{"CN", 2}, {NULL, 0}, 13, 118};

static struct sdp_rtpmap map_of(const struct oa_codec *c)
{
	return (struct sdp_rtpmap){slice_of(c->encoding), c->clock_hz, c->channels ? c->channels : 1};
}

/* Text that goes into a line must not end it. */
static bool is_printable(const char *text, bool spaces)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || (*text == ' ' && !spaces))
			return false;
	return true;
}

int oa_local_check(const struct oa_local *local)
{
	if (local->rtp.family == NETADDR_NONE || local->rtp.port == 0 || local->n_codecs == 0 ||
		local->n_codecs > OA_CODECS_MAX)
		return OH_EINVAL;
	if (local->user && (!is_printable(local->user, false) || !*local->user))
		return OH_EINVAL;
	for (size_t i = 0; i < local->n_codecs; i++) {
		const struct oa_codec *c = &local->codecs[i];

		if (c->pt < 0 || c->pt > 127 || c->clock_hz == 0 || !c->encoding[0] ||
			!is_printable(c->encoding, false) || !is_printable(c->fmtp, true))
			return OH_EINVAL;
	}
	return 0;
}

bool oa_is_dtmf(const struct sdp_rtpmap *map)
{
	return slice_ieq(map->encoding, events.encoding);
}

bool oa_is_noise(const struct sdp_rtpmap *map)
{
	return slice_ieq(map->encoding, noise.encoding);
}

bool oa_is_speech(const struct sdp_rtpmap *map)
{
	return !oa_is_dtmf(map) && !oa_is_noise(map);
}

static void add(struct oa_fmts *fmts, struct oa_fmt fmt)
{
	if (fmts->n < OA_FMTS_MAX)
		fmts->list[fmts->n++] = fmt;
}

static bool has_beside(const struct oa_fmts *fmts, const struct beside *what, uint32_t clock_hz)
{
	for (size_t i = 0; i < fmts->n; i++)
		if (fmts->list[i].map.clock_hz == clock_hz &&
			slice_ieq(fmts->list[i].map.encoding, what->encoding))
			return true;
	return false;
}

static bool has_speech_at(const struct oa_fmts *fmts, uint32_t clock_hz)
{
	for (size_t i = 0; i < fmts->n; i++)
		if (fmts->list[i].map.clock_hz == clock_hz && oa_is_speech(&fmts->list[i].map))
			return true;
	return false;
}

static bool has_speech(const struct oa_fmts *fmts)
{
	for (size_t i = 0; i < fmts->n; i++)
		if (oa_is_speech(&fmts->list[i].map))
			return true;
	return false;
}

static int offer_beside(const struct oa *oa, const struct oa_local *local, const struct beside *what,
	struct pt_set *used, struct oa_fmts *fmts)
{
	for (size_t i = 0; i < local->n_codecs; i++) {
		struct sdp_rtpmap map = {what->encoding, local->codecs[i].clock_hz, 1};
		unsigned pt;
		int err;

		if (has_beside(fmts, what, map.clock_hz))
			continue;
		err = pt_map_choose(&oa->pts, map.clock_hz == 8000 ? what->pt_8k : what->pt, &map, used, &pt);
		if (err)
			return err;
		pt_set_add(used, pt);
		add(fmts, (struct oa_fmt){.rx_pt = pt, .map = map, .fmtp = what->fmtp});
	}
	return 0;
}

int oa_fmts_offer(const struct oa *oa, const struct oa_local *local, struct oa_fmts *ret_fmts)
{
	struct pt_set used = {{0}};
	unsigned pt;
	int err = 0;

	ret_fmts->n = 0;
	for (size_t i = 0; i < local->n_codecs; i++) {
		const struct oa_codec *c = &local->codecs[i];
		struct sdp_rtpmap map = map_of(c);

		err = pt_map_choose(&oa->pts, (unsigned)c->pt, &map, &used, &pt);
		if (err)
			return err;
		pt_set_add(&used, pt);
		add(ret_fmts, (struct oa_fmt){.rx_pt = pt, .map = map, .fmtp = slice_of(c->fmtp)});
	}
	if (local->noise)
		err = offer_beside(oa, local, &noise, &used, ret_fmts);
	if (!err && local->dtmf)
		err = offer_beside(oa, local, &events, &used, ret_fmts);
	return err;
}

static const struct oa_codec *find_codec(const struct oa_local *local, const struct sdp_rtpmap *map)
{
	for (size_t i = 0; i < local->n_codecs; i++) {
		struct sdp_rtpmap ours = map_of(&local->codecs[i]);

		if (sdp_rtpmap_eq(&ours, map))
			return &local->codecs[i];
	}
	return NULL;
}

/* Takes what is offered beside a codec that we took, one for each clock. */
static void answer_beside(const struct sdp_media *offered, const struct beside *what, struct oa_fmts *fmts)
{
	for (size_t i = 0; i < offered->n_formats; i++) {
		struct sdp_rtpmap map;
		unsigned pt;

		if (sdp_payload_type(offered->formats[i], &pt) || sdp_rtpmap(offered, pt, &map) ||
			!slice_ieq(map.encoding, what->encoding))
			continue;
		if (!has_speech_at(fmts, map.clock_hz) || has_beside(fmts, what, map.clock_hz))
			continue;
		map = (struct sdp_rtpmap){what->encoding, map.clock_hz, 1};
		add(fmts, (struct oa_fmt){pt, pt, map, what->fmtp, sdp_fmtp(offered, pt)});
	}
}

int oa_fmts_answer(const struct oa_local *local, const struct sdp_media *offered, struct oa_fmts *ret_fmts)
{
	struct pt_set seen = {{0}};

	ret_fmts->n = 0;
	for (size_t i = 0; i < offered->n_formats && ret_fmts->n < OA_CODECS_MAX; i++) {
		const struct oa_codec *c;
		struct sdp_rtpmap map;
		unsigned pt;

		if (sdp_payload_type(offered->formats[i], &pt) || pt_set_has(&seen, pt) ||
			sdp_rtpmap(offered, pt, &map))
			continue;
		pt_set_add(&seen, pt);
		c = find_codec(local, &map);
		if (c) /* with the offer's number (6.1: SHOULD) and our spelling of the name */
			add(ret_fmts,
				(struct oa_fmt){pt, pt, map_of(c), slice_of(c->fmtp), sdp_fmtp(offered, pt)});
	}
	if (!has_speech(ret_fmts))
		return OH_ENOCODEC;
	if (local->noise)
		answer_beside(offered, &noise, ret_fmts);
	if (local->dtmf)
		answer_beside(offered, &events, ret_fmts);
	return 0;
}

/* The format of our offer that a format of the answer stands for: by number and codec, else by codec under
 * another number (RFC 3264 5.1), else by number alone when the peer forgot the rtpmap. */
static int find_offered(const struct sdp_media *ours, const struct pt_set *taken, unsigned tx_pt,
	const struct sdp_rtpmap *answered, unsigned *ret_pt)
{
	struct sdp_rtpmap map;
	int err = OH_ENOENT;

	for (size_t i = 0; i < ours->n_formats; i++) {
		unsigned pt;

		if (sdp_payload_type(ours->formats[i], &pt) || pt_set_has(taken, pt) ||
			sdp_rtpmap(ours, pt, &map))
			continue;
		if (answered ? !sdp_rtpmap_eq(&map, answered) : pt != tx_pt)
			continue;
		if (err || pt == tx_pt)
			*ret_pt = pt;
		err = 0;
	}
	return err;
}

int oa_fmts_agreed(const struct sdp_media *ours, const struct sdp_media *answered, struct oa_fmts *ret_fmts)
{
	struct pt_set taken = {{0}};

	ret_fmts->n = 0;
	for (size_t i = 0; i < answered->n_formats; i++) {
		struct oa_fmt fmt = {0};
		struct sdp_rtpmap map;
		bool mapped;

		if (sdp_payload_type(answered->formats[i], &fmt.tx_pt))
			continue;
		mapped = sdp_rtpmap(answered, fmt.tx_pt, &map) == 0;
		if (find_offered(ours, &taken, fmt.tx_pt, mapped ? &map : NULL, &fmt.rx_pt))
			continue;
		pt_set_add(&taken, fmt.rx_pt);
		(void)sdp_rtpmap(ours, fmt.rx_pt, &fmt.map); /* found there */
		fmt.peer_fmtp = sdp_fmtp(answered, fmt.tx_pt);
		add(ret_fmts, fmt);
	}
	return has_speech(ret_fmts) ? 0 : OH_ENOCODEC;
}

int oa_fmts_bind(struct oa *oa, const struct oa_fmts *fmts, bool offer)
{
	for (size_t i = 0; i < fmts->n; i++) {
		const struct oa_fmt *f = &fmts->list[i];
		int err = pt_map_bind(&oa->pts, f->rx_pt, &f->map);

		/* In an offer the peer's numbers are not known yet. */
		if (!err && !offer)
			err = pt_map_bind(&oa->pts, f->tx_pt, &f->map);
		if (err)
			return err;
	}
	return 0;
}
