/*
 * G.722 at 64 kbit/s (ITU-T G.722 mode 1; RFC 3551 4.5.2): 16 kHz parted by a quadrature mirror filter into two bands of
 * 8 kHz, each under an adaptive differential quantiser, six bits for the lower and two for the upper one. A byte is two
 * samples, under an RTP clock of 8000: an error of the first profile (RFC 1890) that was kept.
 *
 * Names are those of the Recommendation where it has some. Bit-exact with it; beyond full scale the output is clipped.
 */
#include "codec/codecs.h"

#include "offhook/error.h"

#define QMF_TAPS 24u
#define QMF_PAST (QMF_TAPS - 2)
#define CHUNK    320u /* samples at one time */
#define ZEROS    6u
#define FOLLOWED 160u /* bytes at one time */

#define LOW_DET_FIRST  32
#define LOW_NB_MAX     18432
#define LOW_SHIFT      8
#define HIGH_DET_FIRST 8
#define HIGH_NB_MAX    22528
#define HIGH_SHIFT     10
#define HIGH_DECISION  564 /* of det / 4096: the one threshold of the upper band */

/* The predictor of a band and the scale of its quantiser (blocks 3L/3H and 4L/4H). */
struct band {
	int32_t s, sz;    /* predicted, and the part of it that the zeros give */
	int32_t r[2];     /* reconstructed, the newest first */
	int32_t p[2];     /* partially reconstructed */
	int32_t a[2];     /* poles */
	int32_t d[ZEROS]; /* quantised differences */
	int32_t b[ZEROS]; /* zeros */
	int32_t nb, det;  /* logarithm of the scale, and the scale */
};

struct state {
	struct band low, high;
	int16_t past[QMF_PAST];
};

_Static_assert(sizeof(struct state) <= CODEC_STATE_MAX, "it lies inside its owner");

static const int16_t qmf[QMF_TAPS / 2] = {3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11};

/* Decision levels of the lower band; the codes of negative and of positive differences between them. */
static const int16_t q6[30] = {0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
	786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919};
/* What the six bits and their upper four stand for. */
static const int16_t qm6[64] = {-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512,
	-12280, -11192, -10232, -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
	-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512,
	12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
	2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136};
static const int16_t qm4[16] = {
	0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0};
static const int16_t qm2[4] = {-7408, -1616, 7408, 1616};
/* How a code moves the logarithm of the scale. */
static const int16_t wl[16] = {
	-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60};
static const int16_t wh[4] = {798, -214, 798, -214};
/* 2048 * 2^(n / 32) */
static const int16_t ilb[32] = {2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656,
	2714, 2774, 2834, 2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838,
	3922, 4008};

static inline int32_t clip(int32_t x, int32_t most)
{
	return x > most ? most : x < -most - 1 ? -most - 1 : x;
}

static inline int32_t sat(int32_t x)
{
	return clip(x, INT16_MAX);
}

/* The scale follows the codes. */
static void adapt_scale(struct band *b, int32_t step, int32_t nb_max, int shift)
{
	int32_t nb = (b->nb * 127 >> 7) + step, value;

	b->nb = nb < 0 ? 0 : nb > nb_max ? nb_max : nb;
	value = ilb[b->nb >> 6 & 31];
	shift -= b->nb >> 11;
	b->det = (shift < 0 ? value << -shift : value >> shift) << 2;
}

/* UPPOL2 and UPPOL1: the poles after a difference d. */
static void adapt_poles(struct band *b, int32_t p)
{
	bool like_1 = (p < 0) == (b->p[0] < 0), like_2 = (p < 0) == (b->p[1] < 0);
	int32_t a1 = sat(b->a[0] * 4), a2, room;

	a2 = (like_1 ? sat(-a1) : a1) >> 7;
	a2 += (like_2 ? 128 : -128) + (b->a[1] * 32512 >> 15);
	a2 = a2 > 12288 ? 12288 : a2 < -12288 ? -12288 : a2;
	room = sat(15360 - a2);
	a1 = sat((like_1 ? 192 : -192) + (b->a[0] * 32640 >> 15));
	b->a[0] = a1 > room ? room : a1 < -room ? -room : a1;
	b->a[1] = a2;
}

/* UPZERO, and the delay line of the differences. */
static void adapt_zeros(struct band *b, int32_t d)
{
	for (size_t i = ZEROS; i-- > 0;) {
		int32_t step = d == 0 ? 0 : (d < 0) == (b->d[i] < 0) ? 128 : -128;

		b->b[i] = sat(step + (b->b[i] * 32640 >> 15));
		b->d[i] = i ? b->d[i - 1] : d;
	}
}

/* Block 4: a quantised difference d has come; what will be next? */
static void predict(struct band *b, int32_t d)
{
	int32_t r = sat(b->s + d), p = sat(b->sz + d), sp;

	adapt_poles(b, p);
	/* The signs of the old differences count, so these go before theirs move. */
	adapt_zeros(b, d);
	b->r[1] = b->r[0];
	b->r[0] = r;
	b->p[1] = b->p[0];
	b->p[0] = p;
	sp = sat((b->a[0] * sat(2 * b->r[0]) >> 15) + (b->a[1] * sat(2 * b->r[1]) >> 15));
	b->sz = 0;
	for (size_t i = 0; i < ZEROS; i++)
		b->sz += b->b[i] * sat(2 * b->d[i]) >> 15;
	b->sz = sat(b->sz);
	b->s = sat(sp + b->sz);
}

static void low_band(struct band *b, unsigned code)
{
	int32_t d = b->det * qm4[code >> 2] >> 15;

	adapt_scale(b, wl[code >> 2], LOW_NB_MAX, LOW_SHIFT);
	predict(b, d);
}

static void high_band(struct band *b, unsigned code)
{
	int32_t d = b->det * qm2[code] >> 15;

	adapt_scale(b, wh[code], HIGH_NB_MAX, HIGH_SHIFT);
	predict(b, d);
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static unsigned quantise_low(const struct band *b, int32_t x)
{
	int32_t e = sat(x - b->s), mag = e < 0 ? -(e + 1) : e;
	unsigned i = 1;

	while (i < 30 && mag >= q6[i] * b->det >> 12)
		i++;
	/* Codes fall with the magnitude; the two smallest negative ones have the ends of the range. */
	if (e >= 0)
		return 62 - i;
	return i < 3 ? 64 - i : 34 - i;
}

static unsigned quantise_high(const struct band *b, int32_t x)
{
	int32_t e = sat(x - b->s), mag = e < 0 ? -(e + 1) : e;
	bool far = mag >= HIGH_DECISION * b->det >> 12;

	return e < 0 ? !far : 2u + !far;
}

static uint8_t encode_pair(struct state *s, const int16_t x[QMF_TAPS])
{
	int32_t even = 0, odd = 0;
	unsigned low, high;

	for (size_t i = 0; i < QMF_TAPS / 2; i++) {
		odd += x[2 * i] * qmf[i];
		even += x[2 * i + 1] * qmf[QMF_TAPS / 2 - 1 - i];
	}
	low = quantise_low(&s->low, (even + odd) >> 14);
	low_band(&s->low, low);
	high = quantise_high(&s->high, (even - odd) >> 14);
	high_band(&s->high, high);
	return (uint8_t)(high << 6 | low);
}

static long encode(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap)
{
	struct state *s = state;
	int16_t x[QMF_PAST + CHUNK];

	if (n % 2)
		return OH_EINVAL;
	if (n / 2 > cap)
		return OH_ETOOBIG;
	for (size_t done = 0; done < n;) {
		size_t part = n - done < CHUNK ? n - done : CHUNK;

		memcpy(x, s->past, sizeof(s->past));
		memcpy(x + QMF_PAST, pcm + done, part * sizeof(*x));
		for (size_t i = 0; i < part; i += 2)
			*out++ = encode_pair(s, x + i);
		memcpy(s->past, x + part, sizeof(s->past));
		done += part;
	}
	return (long)(n / 2);
}

/* ---- receiving --------------------------------------------------------------------------------------- */

/* A byte becomes the sum and the difference of its bands. */
static void decode_byte(struct state *s, unsigned code, int16_t x[2])
{
	int32_t low = clip(s->low.s + (s->low.det * qm6[code & 63] >> 15), 16383), high;

	low_band(&s->low, code & 63);
	high = clip(s->high.s + (s->high.det * qm2[code >> 6] >> 15), 16383);
	high_band(&s->high, code >> 6);
	x[0] = (int16_t)(low + high);
	x[1] = (int16_t)(low - high);
}

static void join_pair(const int16_t x[QMF_TAPS], int16_t *pcm)
{
	int32_t first = 0, second = 0;

	for (size_t i = 0; i < QMF_TAPS / 2; i++) {
		second += x[2 * i] * qmf[i];
		first += x[2 * i + 1] * qmf[QMF_TAPS / 2 - 1 - i];
	}
	pcm[0] = (int16_t)sat(first >> 11);
	pcm[1] = (int16_t)sat(second >> 11);
}

static long decode(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	struct state *s = state;
	int16_t x[QMF_PAST + CHUNK];

	if (n == 0)
		return OH_ESYNTAX;
	if (n > cap / 2)
		n = cap / 2;
	for (size_t done = 0; done < n;) {
		size_t part = n - done < CHUNK / 2 ? n - done : CHUNK / 2;

		memcpy(x, s->past, sizeof(s->past));
		for (size_t i = 0; i < part; i++) {
			decode_byte(s, data[done + i], x + QMF_PAST + 2 * i);
			join_pair(x + 2 * i, pcm + 2 * (done + i));
		}
		memcpy(s->past, x + 2 * part, sizeof(s->past));
		done += part;
	}
	return (long)(2 * n);
}

static long samples(const struct codec *c, const uint8_t *data, size_t n)
{
	(void)c;
	(void)data;
	return n ? (long)(2 * n) : OH_ESYNTAX;
}

static int dec_init(const struct codec *c, void *state)
{
	(void)c;
	*(struct state *)state = (struct state){.low.det = LOW_DET_FIRST, .high.det = HIGH_DET_FIRST};
	return 0;
}

static int enc_init(const struct codec *c, void *state, const struct codec_params *p)
{
	(void)p;
	return dec_init(c, state);
}

/* The predictors are the decoder's. What the filter has seen last is what the decoder would have given. */
static void follow(void *state, const uint8_t *data, size_t n)
{
	struct state *s = state, d = *s;
	int16_t pcm[2 * FOLLOWED];

	memset(d.past, 0, sizeof(d.past));
	for (size_t done = 0; done < n;) {
		size_t part = n - done < FOLLOWED ? n - done : FOLLOWED;
		long got = decode(&d, data + done, part, pcm, ARRAY_LEN(pcm));
		size_t last = (size_t)got < QMF_PAST ? (size_t)got : QMF_PAST;

		memmove(s->past, s->past + last, (QMF_PAST - last) * sizeof(*pcm));
		memcpy(s->past + QMF_PAST - last, pcm + (size_t)got - last, last * sizeof(*pcm));
		done += part;
	}
	s->low = d.low;
	s->high = d.high;
}

const struct codec codec_g722 = {
	.encoding = "G722",
	.number = CODEC_G722,
	.clock_hz = 8000,
	.rate_hz = 16000,
	.channels = 1,
	.static_pt = 9,
	.bits_per_s = 64000,
	.packets = CODEC_PACKETS_ANY,
	.enc_bytes = sizeof(struct state),
	.dec_bytes = sizeof(struct state),
	.enc_init = enc_init,
	.dec_init = dec_init,
	.enc_free = codec_no_free,
	.dec_free = codec_no_free,
	.encode = encode,
	.decode = decode,
	.samples = samples,
	.follow = follow,
};
