/*
 * G.726 by spandsp: ADPCM with 2 to 5 bits a sample, in the two packings that there are. RFC 3551 4.5.4 fills octets
 * from their least significant bit ("G726-32"), ITU-T I.366.2 Annex E from the most significant one ("AAL2-G726-32").
 * Both end with a full octet.
 *
 * Linear samples in and out: through a law and back the decoder would lose up to 15 dB. spandsp does not clip them, so
 * we have to.
 */
#include "codec/codecs.h"

#include "offhook/error.h"

#include <stdlib.h>

#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/g726.h>

#define NEAR_FULL_SCALE 24000
#define FOLLOWED        60u /* bytes at one time: whole samples of every size */

struct state {
	g726_state_t *g726;
	uint32_t bits; /* a sample */
	int16_t last;  /* decoded */
};

static int init(const struct codec *c, void *state)
{
	struct state *s = state;
	int packing = c->number >= CODEC_AAL2_G726_16 ? G726_PACKING_LEFT : G726_PACKING_RIGHT;

	s->g726 = g726_init(NULL, (int)c->bits_per_s, G726_ENCODING_LINEAR, packing);
	s->bits = c->bits_per_s / 8000;
	s->last = 0;
	return s->g726 ? 0 : OH_ENOMEM;
}

static int enc_init(const struct codec *c, void *state, const struct codec_params *p)
{
	(void)p;
	return init(c, state);
}

static void free_state(void *state)
{
	g726_free(((struct state *)state)->g726);
}

/* Bytes that hold whole samples. */
static bool is_whole(size_t n, uint32_t bits)
{
	return n && n * 8 % bits == 0;
}

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	uint32_t bits = c->bits_per_s / 8000;

	(void)data;
	return is_whole(n, bits) ? (long)(n * 8 / bits) : OH_ESYNTAX;
}

static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	struct state *s = state;

	if (n * s->bits % 8)
		return OH_EINVAL;
	if (n * s->bits / 8 > cap)
		return OH_ETOOBIG;
	return g726_encode(s->g726, out, pcm, (int)n);
}

/* What has left the scale comes out at its other end. No voice goes so far in one sample. */
static int16_t clipped(int16_t before, int16_t now)
{
	if (abs(now) < NEAR_FULL_SCALE || abs(now - before) <= INT16_MAX)
		return now;
	return now < 0 ? INT16_MAX : INT16_MIN;
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	struct state *s = state;
	int count;

	if (!is_whole(n, s->bits))
		return OH_ESYNTAX;
	/* Of what does not fit, whole groups of eight samples: no bits may stay behind. */
	if (n * 8 / s->bits > cap)
		n = cap / 8 * s->bits;
	count = g726_decode(s->g726, pcm, data, (int)n);
	for (int i = 0; i < count; i++)
		s->last = pcm[i] = clipped(s->last, pcm[i]);
	return count;
}

/* Both directions are one predictor. */
static void follow(void *state, const uint8_t *data, size_t n)
{
	struct state *s = state;
	int16_t pcm[FOLLOWED * 4];

	for (size_t part; is_whole(n, s->bits); data += part, n -= part) {
		part = n < FOLLOWED ? n : FOLLOWED;
		(void)g726_decode(s->g726, pcm, data, (int)part);
	}
}

#define G726(name, id, kbit) \
	{ \
		.encoding = name, .number = id, .clock_hz = 8000, .rate_hz = 8000, .channels = 1, \
		.static_pt = -1, .bits_per_s = kbit * 1000, .packets = CODEC_PACKETS_ANY, \
		.enc_bytes = sizeof(struct state), .dec_bytes = sizeof(struct state), .enc_init = enc_init, \
		.dec_init = init, .enc_free = free_state, .dec_free = free_state, .encode = encode, \
		.decode = decode, .samples = samples, .follow = follow, \
	}

const struct codec codec_g726_16 = G726("G726-16", CODEC_G726_16, 16);
const struct codec codec_g726_24 = G726("G726-24", CODEC_G726_24, 24);
const struct codec codec_g726_32 = G726("G726-32", CODEC_G726_32, 32);
const struct codec codec_g726_40 = G726("G726-40", CODEC_G726_40, 40);
const struct codec codec_aal2_g726_16 = G726("AAL2-G726-16", CODEC_AAL2_G726_16, 16);
const struct codec codec_aal2_g726_24 = G726("AAL2-G726-24", CODEC_AAL2_G726_24, 24);
const struct codec codec_aal2_g726_32 = G726("AAL2-G726-32", CODEC_AAL2_G726_32, 32);
const struct codec codec_aal2_g726_40 = G726("AAL2-G726-40", CODEC_AAL2_G726_40, 40);
