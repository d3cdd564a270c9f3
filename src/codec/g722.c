/*
 * G.722 (RFC 3551 4.5.2) at 64 kbit/s, by spandsp. Two samples of 16 kHz a byte, under an RTP clock of 8000: an error
 * of the first profile (RFC 1890) that was kept.
 */
#include "codec/codecs.h"

#include "offhook/error.h"

#include <spandsp/telephony.h>

#include <spandsp/g722.h>

#define BITS_PER_S 64000

struct out {
	g722_encode_state_t *g722;
};

struct in {
	g722_decode_state_t *g722;
};

static int enc_init(const struct codec *c, void *state, const struct codec_params *p)
{
	struct out *o = state;

	(void)c;
	(void)p;
	o->g722 = g722_encode_init(NULL, BITS_PER_S, 0);
	return o->g722 ? 0 : OH_ENOMEM;
}

static int dec_init(const struct codec *c, void *state)
{
	struct in *i = state;

	(void)c;
	i->g722 = g722_decode_init(NULL, BITS_PER_S, 0);
	return i->g722 ? 0 : OH_ENOMEM;
}

static void enc_free(void *state)
{
	g722_encode_free(((struct out *)state)->g722);
}

static void dec_free(void *state)
{
	g722_decode_free(((struct in *)state)->g722);
}

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	(void)c;
	(void)data;
	return n ? (long)(2 * n) : OH_ESYNTAX;
}

static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	if (n / 2 > cap)
		return OH_ETOOBIG;
	return g722_encode(((struct out *)state)->g722, out, pcm, (int)(n & ~(size_t)1));
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	if (n == 0)
		return OH_ESYNTAX;
	if (n > cap / 2)
		n = cap / 2;
	return g722_decode(((struct in *)state)->g722, pcm, data, (int)n);
}

const struct codec codec_g722 = {
	.encoding = "G722",
	.number = CODEC_G722,
	.clock_hz = 8000,
	.rate_hz = 16000,
	.channels = 1,
	.static_pt = 9,
	.bits_per_s = BITS_PER_S,
	.packets = CODEC_PACKETS_ANY,
	.enc_bytes = sizeof(struct out),
	.dec_bytes = sizeof(struct in),
	.enc_init = enc_init,
	.dec_init = dec_init,
	.enc_free = enc_free,
	.dec_free = dec_free,
	.encode = encode,
	.decode = decode,
	.samples = samples,
};
