/*
 * L16: linear 16-bit samples in network order (RFC 3551 4.5.11). Bit-exact, twice the bytes of G.711 a sample. Mono at
 * the rates of the bridge; the static types 10 and 11 are 44.1 kHz, which no telephone asks for.
 */
#include "codec/codecs.h"

#include "offhook/error.h"

static int no_init(void *state, struct slice fmtp)
{
	(void)state;
	(void)fmtp;
	return 0;
}

static void no_free(void *state)
{
	(void)state;
}

static long samples(const uint8_t *data, size_t n)
{
	(void)data;
	return n && n % 2 == 0 ? (long)(n / 2) : OH_ESYNTAX;
}

static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	(void)state;
	if (n > cap / 2)
		return OH_ETOOBIG;
	for (size_t i = 0; i < n; i++) {
		uint16_t v = (uint16_t)pcm[i];

		out[2 * i] = (uint8_t)(v >> 8);
		out[2 * i + 1] = (uint8_t)v;
	}
	return (long)(2 * n);
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	size_t count = n / 2 < cap ? n / 2 : cap;

	(void)state;
	if (samples(data, n) < 0)
		return OH_ESYNTAX;
	for (size_t i = 0; i < count; i++)
		pcm[i] = (int16_t)(uint16_t)(data[2 * i] << 8 | data[2 * i + 1]);
	return (long)count;
}

#define L16(hz) \
	{ \
		.encoding = "L16", .clock_hz = hz, .rate_hz = hz, .channels = 1, .static_pt = -1, \
		.bits_per_s = 16 * hz, .frame_us = 125, .enc_init = no_init, .dec_init = no_init, \
		.enc_free = no_free, .dec_free = no_free, .encode = encode, .decode = decode, \
		.samples = samples, \
	}

const struct codec codec_l16_8 = L16(8000);
const struct codec codec_l16_16 = L16(16000);
