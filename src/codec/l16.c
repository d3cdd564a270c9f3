/*
 * L16: linear 16-bit samples in network order (RFC 3551 4.5.11). Bit-exact, twice the bytes of G.711 a sample. Mono at
 * the rates of the bridge. Not 44.1 kHz, the rate of the static types 10 and 11: their usual 20 ms have 1,764 bytes in mono
 * and twice that in stereo, more than a packet of ours or an Ethernet frame holds.
 */
#include "codec/codecs.h"

#include "offhook/error.h"

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	(void)c;
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
	if (n == 0 || n % 2)
		return OH_ESYNTAX;
	for (size_t i = 0; i < count; i++)
		pcm[i] = (int16_t)(uint16_t)(data[2 * i] << 8 | data[2 * i + 1]);
	return (long)count;
}

#define L16(khz) \
	{ \
		.encoding = "L16", .number = CODEC_L16_##khz, .clock_hz = khz * 1000, .rate_hz = khz * 1000, \
		.channels = 1, .static_pt = -1, .bits_per_s = khz * 16000, .packets = CODEC_PACKETS_ANY, \
		.enc_init = codec_no_enc, .dec_init = codec_no_dec, .enc_free = codec_no_free, \
		.dec_free = codec_no_free, .encode = encode, .decode = decode, .samples = samples, \
	}

const struct codec codec_l16_8 = L16(8);
const struct codec codec_l16_16 = L16(16);
const struct codec codec_l16_24 = L16(24);
const struct codec codec_l16_32 = L16(32);
const struct codec codec_l16_48 = L16(48);
