/* GSM 06.10 full rate (RFC 3551 4.5.8) by spandsp: 160 samples in 33 bytes, the first of which begins with the
 * signature 1101. */
#include "codec/codecs.h"

#include "offhook/error.h"

#include <string.h>

#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/gsm0610.h>

#define FRAME_SAMPLES 160u
#define FRAME_BYTES   33u
#define SIGNATURE     0xd0u
#define FOLLOWED      10u /* frames */

struct state {
	gsm0610_state_t *gsm;
};

struct sender {
	struct state base;
	uint32_t n_followed; /* the last FOLLOWED of them are there, in a ring */
	uint8_t followed[FOLLOWED][FRAME_BYTES];
};

_Static_assert(sizeof(struct sender) <= CODEC_STATE_MAX, "it lies inside its owner");

static int dec_init(const struct codec *c, void *state)
{
	struct state *s = state;

	(void)c;
	s->gsm = gsm0610_init(NULL, GSM0610_PACKING_VOIP);
	return s->gsm ? 0 : OH_ENOMEM;
}

static int enc_init(const struct codec *c, void *state, const struct codec_params *p)
{
	(void)p;
	((struct sender *)state)->n_followed = 0;
	return dec_init(c, state);
}

static void free_state(void *state)
{
	gsm0610_free(((struct state *)state)->gsm);
}

static bool is_gsm(const uint8_t *data, size_t n)
{
	if (n == 0 || n % FRAME_BYTES)
		return false;
	for (size_t i = 0; i < n; i += FRAME_BYTES)
		if ((data[i] & 0xf0) != SIGNATURE)
			return false;
	return true;
}

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	(void)c;
	return is_gsm(data, n) ? (long)(n / FRAME_BYTES * FRAME_SAMPLES) : OH_ESYNTAX;
}

static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	if (n % FRAME_SAMPLES)
		return OH_EINVAL;
	if (n / FRAME_SAMPLES * FRAME_BYTES > cap)
		return OH_ETOOBIG;
	return gsm0610_encode(((struct state *)state)->gsm, out, pcm, (int)n);
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	if (!is_gsm(data, n))
		return OH_ESYNTAX;
	if (n / FRAME_BYTES > cap / FRAME_SAMPLES)
		n = cap / FRAME_SAMPLES * FRAME_BYTES;
	return gsm0610_decode(((struct state *)state)->gsm, pcm, data, (int)n);
}

/* What the frames that are followed sound like, in an encoder's state: pcm is the last one of them. */
static void hear_followed(struct sender *s, int16_t pcm[FRAME_SAMPLES])
{
	uint32_t n = s->n_followed < FOLLOWED ? s->n_followed : FOLLOWED;

	for (uint32_t i = s->n_followed - n; i < s->n_followed; i++)
		(void)gsm0610_decode(s->base.gsm, pcm, s->followed[i % FOLLOWED], FRAME_BYTES);
}

/*
 * spandsp's encoder and decoder are one state. What the far decoder remembers, the past of the long-term predictor and the
 * last reflection coefficients, decoding leaves there as encoding would. The encoder's own filters remember what they
 * were fed, which decoding leaves alone: they are fed the last frame, and all is heard once more.
 */
static void go_on_behind(struct sender *s)
{
	uint8_t thrown_away[FRAME_BYTES];
	int16_t pcm[FRAME_SAMPLES];

	if (!s->n_followed)
		return;
	hear_followed(s, pcm);
	(void)gsm0610_encode(s->base.gsm, thrown_away, pcm, FRAME_SAMPLES);
	hear_followed(s, pcm);
	s->n_followed = 0;
}

static void follow(void *state, const uint8_t *data, size_t n)
{
	struct sender *s = state;

	if (!data)
		go_on_behind(s);
	for (size_t i = 0; is_gsm(data, n) && i < n; i += FRAME_BYTES)
		memcpy(s->followed[s->n_followed++ % FOLLOWED], data + i, FRAME_BYTES);
}

const struct codec codec_gsm = {
	.encoding = "GSM",
	.number = CODEC_GSM,
	.clock_hz = 8000,
	.rate_hz = 8000,
	.channels = 1,
	.static_pt = 3,
	.bits_per_s = 13200,
	.packets = 1u << 1 | 1u << 3 | 1u << 5, /* whole frames of 20 ms */
	.enc_bytes = sizeof(struct sender),
	.dec_bytes = sizeof(struct state),
	.enc_init = enc_init,
	.dec_init = dec_init,
	.enc_free = free_state,
	.dec_free = free_state,
	.encode = encode,
	.decode = decode,
	.samples = samples,
	.follow = follow,
};
