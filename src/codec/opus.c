/*
 * Opus (RFC 6716, RFC 7587) by libopus. Whatever it carries, the RTP clock is 48 kHz and rtpmap says two channels; PCM
 * is mono here, at the rate that its owner chooses: the decoder turns every packet into that, stereo ones too.
 *
 * The encoder listens to what the peer reports (RTCP). Some loss: in-band FEC goes on. Much of it is congestion: fewer
 * bits, and no packets for silence, until it is over.
 *
 * The decoder fills gaps itself. When the packet behind a gap is there and has FEC, the last lost packet is made from
 * that; all else is extrapolated. It does either in steps of 2.5 ms, so what it makes too much waits for the next turn.
 */
#include "codec/codecs.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <opus.h>
#include <stdio.h>

#define CLOCK_HZ     48000u
#define STEPS_PER_S  400u /* a step is 2.5 ms */
#define CHUNK_MS     20u  /* extrapolated at one time, at most */
#define MADE_MS      60u  /* the longest packet that FEC brings back */
#define BITS_MIN     6000u
#define BITS_MAX     510000u /* RFC 7587 6.1: outside of these maxaveragebitrate is ignored */
#define LOSS_FEC     1u      /* percent */
#define LOSS_HIGH    10u
#define LOSS_LOW     3u
#define COMPLEXITY   5u
#define UNSENT_BYTES 2 /* a packet of no more is silence and need not be sent (opus_encode) */
#define ALIGNED(n)   (((n) + 15) & ~(size_t)15)

/* ---- sending ----------------------------------------------------------------------------------------- */

/* In one block with libopus's own state behind it. */
struct sender {
	struct codec_params p;
	uint32_t bits, bits_now; /* a second: wanted, and as the losses allow */
	uint32_t loss;           /* percent, as lately reported */
	bool anew;               /* what comes next goes on behind packets of another encoder */
};

struct out {
	struct sender *sender;
};

static OpusEncoder *encoder(struct sender *s)
{
	return (OpusEncoder *)((char *)s + ALIGNED(sizeof(*s)));
}

/* What a voice needs. */
static uint32_t usual_bits(uint32_t rate_hz)
{
	return rate_hz <= 8000 ? 16000 : rate_hz <= 16000 ? 24000 : rate_hz <= 24000 ? 28000 : 36000;
}

/* The narrowest bandwidth that makes full use of a sample rate (RFC 7587 3.1.1). */
static int bandwidth_of(uint32_t hz)
{
	if (hz == 0 || hz > 24000)
		return OPUS_BANDWIDTH_FULLBAND;
	if (hz > 16000)
		return OPUS_BANDWIDTH_SUPERWIDEBAND;
	if (hz > 12000)
		return OPUS_BANDWIDTH_WIDEBAND;
	return hz > 8000 ? OPUS_BANDWIDTH_MEDIUMBAND : OPUS_BANDWIDTH_NARROWBAND;
}

/* What depends on the losses. FEC is a second, coarser voice in the packet: libopus leaves it out when it would have to
 * take it from the first one, so it gets bits of its own, unless their number is fixed. */
static void tune(struct sender *s)
{
	OpusEncoder *e = encoder(s);
	bool fec = s->p.fec == CODEC_FEC_ALWAYS || (s->p.fec == CODEC_FEC_BY_LOSS && s->loss >= LOSS_FEC);

	/* Without any expected loss libopus sends no FEC. */
	opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC((int)(fec && s->loss < LOSS_FEC ? LOSS_FEC : s->loss)));
	opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(fec));
	opus_encoder_ctl(e, OPUS_SET_BITRATE((opus_int32)(s->bits_now +
							  (fec && !s->p.bits_per_s ? s->bits_now / 3 : 0))));
	opus_encoder_ctl(e, OPUS_SET_DTX(s->p.dtx || s->loss >= LOSS_HIGH));
}

static int enc_init(const struct codec *c, void *state, const struct codec_params *p)
{
	struct out *o = state;
	struct sender *s = mem_zalloc(ALIGNED(sizeof(*s)) + (size_t)opus_encoder_get_size(1));
	OpusEncoder *e;

	if (!s)
		return OH_ENOMEM;
	e = encoder(s);
	if (opus_encoder_init(e, (opus_int32)c->rate_hz, 1, OPUS_APPLICATION_VOIP) != OPUS_OK) {
		mem_free(s);
		return OH_EBUG;
	}
	s->p = *p;
	s->bits = p->bits_per_s ? p->bits_per_s : usual_bits(c->rate_hz);
	s->bits_now = s->bits;
	opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	opus_encoder_ctl(e, OPUS_SET_COMPLEXITY((int)(p->complexity ? p->complexity : COMPLEXITY)));
	opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(bandwidth_of(p->max_hz)));
	opus_encoder_ctl(e, OPUS_SET_VBR(!p->cbr));
	tune(s);
	o->sender = s;
	return 0;
}

static void enc_free(void *state)
{
	mem_free(((struct out *)state)->sender);
}

/*
 * The far decoder knows nothing of what this encoder remembers, so the next packet must need nothing. What came before
 * it, which the encoder looks back at and sends late, is thought to be its mirror image: a beginning out of silence would
 * be a gap.
 */
static void begin_anew(OpusEncoder *e, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	int16_t mirrored[CODEC_PCM_MAX];

	if (n > ARRAY_LEN(mirrored))
		return;
	for (size_t i = 0; i < n; i++)
		mirrored[i] = pcm[n - 1 - i];
	opus_encoder_ctl(e, OPUS_RESET_STATE);
	if (opus_encode(e, mirrored, (int)n, out, (opus_int32)cap) >= 0)
		opus_encoder_ctl(e, OPUS_SET_PREDICTION_DISABLED(1));
}

static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	struct sender *s = ((struct out *)state)->sender;
	OpusEncoder *e = encoder(s);
	int bytes;

	if (s->anew)
		begin_anew(e, pcm, n, out, cap);
	bytes = opus_encode(e, pcm, (int)n, out, (opus_int32)cap);
	if (s->anew)
		opus_encoder_ctl(e, OPUS_SET_PREDICTION_DISABLED(0));
	s->anew = false;
	if (bytes < 0)
		return OH_EINVAL;
	return bytes > UNSENT_BYTES ? bytes : 0;
}

/* Loss is believed at once and forgotten by halves. Bits go down by a quarter and come back by an eighth. */
static void steer(void *state, unsigned lost_of_256)
{
	struct sender *s = ((struct out *)state)->sender;
	uint32_t now = lost_of_256 * 100 / 256, least = s->bits / 2 > BITS_MIN ? s->bits / 2 : BITS_MIN;

	s->loss = now > s->loss ? now : (s->loss + now) / 2;
	if (now >= LOSS_HIGH)
		s->bits_now -= s->bits_now / 4;
	else if (now < LOSS_LOW)
		s->bits_now += s->bits_now / 8;
	if (s->bits_now < least)
		s->bits_now = least;
	if (s->bits_now > s->bits)
		s->bits_now = s->bits;
	tune(s);
}

static void follow(void *state, const uint8_t *data, size_t n)
{
	(void)data;
	(void)n;
	((struct out *)state)->sender->anew = true;
}

/* ---- receiving --------------------------------------------------------------------------------------- */

struct receiver {
	uint32_t rate_hz;
	size_t made_at, made_n; /* what was made for a gap and not yet taken */
	int16_t made[CLOCK_HZ * MADE_MS / 1000];
};

struct in {
	struct receiver *receiver;
};

static OpusDecoder *decoder(struct receiver *r)
{
	return (OpusDecoder *)((char *)r + ALIGNED(sizeof(*r)));
}

static int dec_init(const struct codec *c, void *state)
{
	struct in *i = state;
	struct receiver *r = mem_zalloc(ALIGNED(sizeof(*r)) + (size_t)opus_decoder_get_size(1));

	if (!r)
		return OH_ENOMEM;
	if (opus_decoder_init(decoder(r), (opus_int32)c->rate_hz, 1) != OPUS_OK) {
		mem_free(r);
		return OH_EBUG;
	}
	r->rate_hz = c->rate_hz;
	i->receiver = r;
	return 0;
}

static void dec_free(void *state)
{
	mem_free(((struct in *)state)->receiver);
}

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	int count = opus_packet_get_nb_samples(data, (opus_int32)n, (opus_int32)c->rate_hz);

	return count > 0 ? count : OH_ESYNTAX;
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	struct receiver *r = ((struct in *)state)->receiver;
	int count;

	if (n == 0) /* libopus would extrapolate */
		return OH_ESYNTAX;
	r->made_n = 0;
	count = opus_decode(decoder(r), data, (opus_int32)n, pcm, (int)cap, 0);
	return count > 0 ? count : OH_ESYNTAX;
}

static size_t whole_steps(const struct receiver *r, size_t n)
{
	size_t step = r->rate_hz / STEPS_PER_S;

	return (n + step - 1) / step * step;
}

/* How much FEC of the packet behind the gap brings back: as much as it holds itself; 0: none. */
static size_t recoverable(const struct receiver *r, const struct codec_gap *gap)
{
	int count;

	if (!gap->next || gap->n == 0)
		return 0;
	count = opus_packet_get_nb_samples(gap->next, (opus_int32)gap->n, (opus_int32)r->rate_hz);
	return count > 0 && (size_t)count <= r->rate_hz / 1000 * MADE_MS ? (size_t)count : 0;
}

/* More for the gap, `left` samples before its end. want: at least one, what is needed now. */
static bool make(struct receiver *r, const struct codec_gap *gap, size_t left, size_t want)
{
	size_t back = recoverable(r, gap), n;
	int count;

	if (back && left <= back) {
		count = opus_decode(decoder(r), gap->next, (opus_int32)gap->n, r->made, (int)back, 1);
		/* Its beginning may have been extrapolated before the packet came. */
		r->made_at = count > 0 && left ? (size_t)count - left : 0;
	} else {
		n = back && want > left - back ? left - back : want;
		n = whole_steps(r, n);
		if (n > r->rate_hz / 1000 * CHUNK_MS)
			n = r->rate_hz / 1000 * CHUNK_MS;
		count = opus_decode(decoder(r), NULL, 0, r->made, (int)n, 0);
		r->made_at = 0;
	}
	if (count <= 0)
		return false;
	r->made_n = (size_t)count - r->made_at;
	return true;
}

static bool conceal(void *state, const struct codec_gap *gap, int16_t *pcm, size_t n)
{
	struct receiver *r = ((struct in *)state)->receiver;

	for (size_t done = 0; done < n;) {
		size_t part = n - done;

		if (!r->made_n && !make(r, gap, gap->samples > done ? gap->samples - done : 0, part))
			return false;
		if (part > r->made_n)
			part = r->made_n;
		memcpy(pcm + done, r->made + r->made_at, part * sizeof(*pcm));
		r->made_at += part;
		r->made_n -= part;
		done += part;
	}
	return true;
}

/* ---- a=fmtp (RFC 7587 6.1, 7) ------------------------------------------------------------------------ */

static void describe(const struct codec *c, const struct codec_params *want, char *buf, size_t size)
{
	char rate[64] = "", bits[40] = "";

	if (c->rate_hz < CLOCK_HZ)
		snprintf(rate, sizeof(rate), "maxplaybackrate=%u;sprop-maxcapturerate=%u;", c->rate_hz,
			c->rate_hz);
	if (want->bits_per_s)
		snprintf(bits, sizeof(bits), "maxaveragebitrate=%u;", want->bits_per_s);
	snprintf(buf, size, "%s%suseinbandfec=%d%s%s", rate, bits, want->fec != CODEC_FEC_NEVER,
		want->dtx ? ";usedtx=1" : "", want->cbr ? ";cbr=1" : "");
}

static bool says_yes(struct slice fmtp, const char *name)
{
	return slice_eq(codec_fmtp_value(fmtp, name), SLICE_LIT("1"));
}

/* What stereo and sprop-stereo ask for is not for us: we send mono, which every receiver takes. */
static void limit(const struct codec *c, struct slice fmtp, struct codec_params *want)
{
	uint32_t value;

	if (!slice_to_u32(codec_fmtp_value(fmtp, "maxplaybackrate"), UINT32_MAX, &value) && value >= 8000)
		want->max_hz = value;
	if (!slice_to_u32(codec_fmtp_value(fmtp, "maxaveragebitrate"), UINT32_MAX, &value) &&
		value >= BITS_MIN && value <= BITS_MAX) {
		uint32_t ours = want->bits_per_s ? want->bits_per_s : usual_bits(c->rate_hz);

		want->bits_per_s = value < ours ? value : ours;
	}
	if (want->fec == CODEC_FEC_BY_LOSS && !says_yes(fmtp, "useinbandfec"))
		want->fec = CODEC_FEC_NEVER;
	want->dtx |= says_yes(fmtp, "usedtx");
	want->cbr |= says_yes(fmtp, "cbr");
}

#define OPUS(khz) \
	{ \
		.encoding = "opus", .number = CODEC_OPUS_##khz, .clock_hz = CLOCK_HZ, .rate_hz = khz * 1000, \
		.channels = 2, .static_pt = -1, .bits_per_s = 36000, \
		.packets = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 5, /* RFC 6716 2.1.4 */ \
			.dtx = true, .enc_bytes = sizeof(struct out), .dec_bytes = sizeof(struct in), \
		.enc_init = enc_init, .dec_init = dec_init, .enc_free = enc_free, .dec_free = dec_free, \
		.encode = encode, .decode = decode, .samples = samples, .conceal = conceal, \
		.follow = follow, .steer = steer, .describe = describe, .limit = limit, \
	}

const struct codec codec_opus_8 = OPUS(8);
const struct codec codec_opus_16 = OPUS(16);
const struct codec codec_opus_24 = OPUS(24);
const struct codec codec_opus_48 = OPUS(48);
