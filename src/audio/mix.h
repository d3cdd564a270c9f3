/*
 * The arithmetic of the mix, apart from who hears whom. One file of plain vector code is compiled once for
 * the machine's base instruction set and, on x86-64, once more for AVX2; mix_ops() picks at run time. Both
 * give the same bits.
 *
 * A level is a weight of MIX_ONE = 1. A sum is exact: sum = 4096 * hi + lo, hi in 32 bits that may wrap on
 * the way (only the final value must fit), lo a rest that is folded into hi before it can overflow. So the
 * result does not depend on the order or on the grouping of the terms, and rounding and clamping happen once,
 * at the end.
 *
 * Every buffer here has room for mix_stride(n) samples; what lies between n and the stride is computed and
 * ignored.
 */
#ifndef OH_AUDIO_MIX_H
#define OH_AUDIO_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIX_SHIFT 12
#define MIX_ONE   (1 << MIX_SHIFT)
#define MIX_BLOCK 32u
/* The longest frame: 20 ms at 48 kHz. */
#define MIX_FRAME_MAX 960u

/* What one 32-bit sum can hold: 65,535 sources at full scale. */
#define MIX_SUM_MAX ((int64_t)65535 * MIX_ONE)

static inline size_t mix_stride(size_t n)
{
	return (n + MIX_BLOCK - 1) / MIX_BLOCK * MIX_BLOCK;
}

struct mix_term {
	const int16_t *pcm;
	int32_t weight;
};

/* Two parts at a time: what the machine multiplies and adds in one step. */
struct mix_pair {
	const int16_t *a, *b;
	int16_t weight_a, weight_b;
	bool fold; /* before it, or the rest would not fit */
};

/* Terms with |weight| <= 32767 as pairs, (n + 1) / 2 of them; returns how many. */
size_t mix_pair_up(const struct mix_term *terms, size_t n, struct mix_pair *ret_pairs);

/* base + adds - subs + wholes by their weight (whole multiples) + parts by their weight / MIX_ONE. */
struct mix_job {
	const int32_t *base_hi, *base_lo; /* NULL: zero */
	const int16_t *const *adds, *const *subs;
	const struct mix_term *wholes;
	const struct mix_pair *parts;
	size_t n_adds, n_subs, n_wholes, n_parts;
};

struct mix_ops {
	const char *name;
	/* The sum itself, to be shared. lo NULL: the job has no parts and its base no lo. */
	void (*sum)(const struct mix_job *job, int32_t *hi, int32_t *lo, size_t n);
	/* The sum rounded, times gain, clamped to 16 bits; returns the peak of the n samples, 0..32768. gain
	 * 1 is exact. */
	unsigned (*out)(const struct mix_job *job, float gain, int16_t *pcm, size_t n);
	unsigned (*peak)(const int16_t *pcm, size_t n);
	/* From one to the other on straight lines, rounded to the nearest, of two to the farther from `from`: the last sample
	 * is wholly to's. pcm may be either; n is at least 80. */
	void (*cross)(const int16_t *from, const int16_t *to, size_t n, int16_t *pcm);

	/* For the half-band filter. y[i] = sum of c[k] * x[i + k] over the taps; rounds n up to whole blocks: x has room
	 * for that and the taps, y for that. */
	void (*fir)(const float *x, const float *c, size_t taps, float *y, size_t n);
	/* 2n samples into n of each parity, and back (rounded, clamped). */
	void (*split)(const int16_t *pcm, size_t n, int16_t *even, float *odd);
	void (*join)(const int16_t *even, const float *odd, size_t n, int16_t *pcm);
	void (*widen)(const int16_t *pcm, size_t n, float *x);
	/* (a + b) / 2, rounded and clamped. */
	void (*halves)(const int16_t *a, const float *b, size_t n, int16_t *pcm);
};

/* The best build for this machine. */
const struct mix_ops *mix_ops(void);
/* All that this machine can run, the best first; NULL past the last one. */
const struct mix_ops *mix_ops_at(size_t i);

extern const struct mix_ops mix_ops_base;
#ifdef OH_MIX_AVX2
extern const struct mix_ops mix_ops_avx2;
#endif

#endif
