/*
 * G.711, both laws (ITU-T G.711; RFC 3551 4.5.14). A code is a sign, a segment of three bits and a step of
 * four bits inside it; each segment is twice as coarse as the one below. Both laws are written here on 16-bit
 * samples: the 14-bit mu-law scale times four, the 13-bit A-law scale times eight.
 *
 * Decoding is one look-up. Encoding computes: a table of all samples would push the caller's audio out of the
 * cache.
 */
#include "codec/codecs.h"

#include "offhook/error.h"

#define ULAW_BIAS 132   /* 33 on the 14-bit scale: makes every segment begin at a power of two */
#define ULAW_CLIP 32635 /* the largest magnitude that does not leave the last segment */

/* What goes over the wire is inverted: all bits in mu-law, the even ones in A-law, so that silence has many
 * edges. */
#define ULAW_SEG(c) ((~(c) >> 4) & 7)
#define ULAW_MAG(c) ((((~(c)&15) * 8 + ULAW_BIAS) << ULAW_SEG(c)) - ULAW_BIAS)
#define ULAW(c)     (int16_t)(((c)&0x80) ? ULAW_MAG(c) : -ULAW_MAG(c))

#define ALAW_BITS(c) ((c) ^ 0x55)
#define ALAW_SEG(c)  ((ALAW_BITS(c) >> 4) & 7)
#define ALAW_STEP(c) ((ALAW_BITS(c) & 15) * 16 + 8)
#define ALAW_MAG(c)  ((ALAW_STEP(c) + (ALAW_SEG(c) ? 256 : 0)) << (ALAW_SEG(c) ? ALAW_SEG(c) - 1 : 0))
#define ALAW(c)      (int16_t)(((c)&0x80) ? ALAW_MAG(c) : -ALAW_MAG(c))

#define ROW8(f, c) f(c), f(c + 1), f(c + 2), f(c + 3), f(c + 4), f(c + 5), f(c + 6), f(c + 7)
#define ROW64(f, c) \
	ROW8(f, c), ROW8(f, c + 8), ROW8(f, c + 16), ROW8(f, c + 24), ROW8(f, c + 32), ROW8(f, c + 40), \
		ROW8(f, c + 48), ROW8(f, c + 56)
#define ROW256(f) ROW64(f, 0), ROW64(f, 64), ROW64(f, 128), ROW64(f, 192)

static const int16_t ulaw_table[256] = {ROW256(ULAW)};
static const int16_t alaw_table[256] = {ROW256(ALAW)};

/*
 * Segment and step of a magnitude are the exponent and the top mantissa bits of the same number as a float:
 * below 2^24 the conversion is exact, and unlike a bit count it is something that compilers do for many
 * samples at once.
 */
static inline int32_t log_steps(int32_t mag)
{
	float f = (float)mag;
	int32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits >> 19; /* 8 bits of exponent, 4 of mantissa */
}

#define LOG_OF(power) ((127 + (power)) << 4) /* log_steps(2^power) */

static inline uint8_t ulaw_of(int16_t sample)
{
	int32_t x = sample, negative = x >> 31, mag = (x ^ negative) - negative;

	mag = (mag < ULAW_CLIP ? mag : ULAW_CLIP) + ULAW_BIAS;
	return (uint8_t)(~(log_steps(mag) - LOG_OF(7)) ^ (negative & 0x80));
}

static inline uint8_t alaw_of(int16_t sample)
{
	int32_t x = sample, negative = x >> 31;
	/* One's complement, not minus: the intervals of both signs are mirrored at -1/2 and -32768 needs no
	 * clip. */
	int32_t mag = x ^ negative;
	/* The two lowest segments have the same step: below 256 the scale is linear. */
	int32_t steps = mag < 256 ? mag >> 4 : log_steps(mag) - LOG_OF(7);

	return (uint8_t)(steps ^ 0xd5 ^ (negative & 0x80));
}

uint8_t g711_ulaw_encode(int16_t sample)
{
	return ulaw_of(sample);
}

int16_t g711_ulaw_decode(uint8_t code)
{
	return ulaw_table[code];
}

uint8_t g711_alaw_encode(int16_t sample)
{
	return alaw_of(sample);
}

int16_t g711_alaw_decode(uint8_t code)
{
	return alaw_table[code];
}

/* One byte is one sample; a packet without any is none of ours. */
static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	(void)c;
	(void)data;
	return n ? (long)n : OH_ESYNTAX;
}

static long pcmu_encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	(void)state;
	if (n > cap)
		return OH_ETOOBIG;
	for (size_t i = 0; i < n; i++)
		out[i] = ulaw_of(pcm[i]);
	return (long)n;
}

static long pcma_encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	(void)state;
	if (n > cap)
		return OH_ETOOBIG;
	for (size_t i = 0; i < n; i++)
		out[i] = alaw_of(pcm[i]);
	return (long)n;
}

static long decode_by(const int16_t table[256], const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	if (n > cap)
		n = cap;
	for (size_t i = 0; i < n; i++)
		pcm[i] = table[data[i]];
	return (long)n;
}

static long pcmu_decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	(void)state;
	return decode_by(ulaw_table, data, n, pcm, cap);
}

static long pcma_decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	(void)state;
	return decode_by(alaw_table, data, n, pcm, cap);
}

#define G711(name, id, pt, enc, dec) \
	{ \
		.encoding = name, .number = id, .clock_hz = 8000, .rate_hz = 8000, .channels = 1, \
		.static_pt = pt, .bits_per_s = 64000, .packets = CODEC_PACKETS_ANY, \
		.enc_init = codec_no_enc, .dec_init = codec_no_dec, .enc_free = codec_no_free, \
		.dec_free = codec_no_free, .encode = enc, .decode = dec, .samples = samples, \
	}

const struct codec codec_pcmu = G711("PCMU", CODEC_PCMU, 0, pcmu_encode, pcmu_decode);
const struct codec codec_pcma = G711("PCMA", CODEC_PCMA, 8, pcma_encode, pcma_decode);
