/*
 * Vector code in the compilers' own vector types: eight lanes, which the base build splits into what the
 * machine has. Sums stay in registers for a block of samples while the terms pass by.
 */
#include "audio/mix.h"

#include <stdbool.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#ifdef MIX_AVX2
#define MIX_OPS      mix_ops_avx2
#define MIX_OPS_NAME "avx2"
#else
#define MIX_OPS      mix_ops_base
#define MIX_OPS_NAME "base"
#endif

#define LANES  8u
#define VECS   (MIX_BLOCK / LANES)
#define INLINE static inline __attribute__((always_inline))

typedef int32_t v_i32 __attribute__((vector_size(32)));
typedef uint32_t v_u32 __attribute__((vector_size(32)));
typedef float v_f32 __attribute__((vector_size(32)));
typedef int16_t v_i16 __attribute__((vector_size(16)));

/* Unsigned lanes, because hi may wrap on the way. Vectors go by pointer: passed by value they would depend on
 * the instruction set in the calling convention. */
INLINE void widen(const int16_t *pcm, v_u32 *ret_wide)
{
	v_i16 narrow;

	memcpy(&narrow, pcm, sizeof(narrow));
	*ret_wide = (v_u32) __builtin_convertvector(narrow, v_i32);
}

INLINE void fold(v_u32 *hi, v_u32 *lo)
{
	for (size_t v = 0; v < VECS; v++) {
		hi[v] += (v_u32)((v_i32)lo[v] >> MIX_SHIFT);
		lo[v] &= MIX_ONE - 1;
	}
}

/* lo += a * wa + b * wb. */
#if defined(__AVX2__)
INLINE void multiply_two(v_u32 *lo, const int16_t *a, const int16_t *b, int32_t wa, int32_t wb)
{
	__m256i w = _mm256_set1_epi32((int)(((uint32_t)wb << 16) | ((uint32_t)wa & 0xffff)));

	for (size_t v = 0; v < VECS; v++) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + v * LANES));
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + v * LANES));
		__m256i pairs = _mm256_inserti128_si256(
			_mm256_castsi128_si256(_mm_unpacklo_epi16(x, y)), _mm_unpackhi_epi16(x, y), 1);

		lo[v] += (v_u32)_mm256_madd_epi16(pairs, w);
	}
}
#elif defined(__SSE2__)
INLINE void multiply_two(v_u32 *lo, const int16_t *a, const int16_t *b, int32_t wa, int32_t wb)
{
	__m128i w = _mm_set1_epi32((int)(((uint32_t)wb << 16) | ((uint32_t)wa & 0xffff)));

	for (size_t v = 0; v < VECS; v++) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + v * LANES));
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + v * LANES));
		__m128i half[2] = {_mm_madd_epi16(_mm_unpacklo_epi16(x, y), w),
			_mm_madd_epi16(_mm_unpackhi_epi16(x, y), w)};
		v_u32 both;

		memcpy(&both, half, sizeof(both));
		lo[v] += both;
	}
}
#else
INLINE void multiply_two(v_u32 *lo, const int16_t *a, const int16_t *b, int32_t wa, int32_t wb)
{
	for (size_t v = 0; v < VECS; v++) {
		v_u32 x, y;

		widen(a + v * LANES, &x);
		widen(b + v * LANES, &y);
		lo[v] += x * (uint32_t)wa + y * (uint32_t)wb;
	}
}
#endif

INLINE void add_parts(const struct mix_job *job, size_t at, v_u32 *hi, v_u32 *lo)
{
	static const int16_t silence[MIX_BLOCK];
	uint32_t room = 65535; /* of weight: 32768 * 65535 < 2^31 less the folded rest */

	for (size_t i = 0; i < job->n_parts; i += 2) {
		const struct mix_term *a = &job->parts[i];
		bool two = i + 1 < job->n_parts;
		int32_t wb = two ? a[1].weight : 0;
		uint32_t need =
			(uint32_t)(a->weight < 0 ? -a->weight : a->weight) + (uint32_t)(wb < 0 ? -wb : wb);

		if (need > room) {
			fold(hi, lo);
			room = 65535;
		}
		room -= need;
		multiply_two(lo, a->pcm + at, two ? a[1].pcm + at : silence, a->weight, wb);
	}
	fold(hi, lo);
}

INLINE void add_block(const struct mix_job *job, size_t at, v_u32 *hi, v_u32 *lo)
{
	v_u32 x;

	for (size_t v = 0; v < VECS; v++) {
		hi[v] = (v_u32){0};
		lo[v] = (v_u32){0};
	}
	if (job->base_hi) {
		for (size_t v = 0; v < VECS; v++)
			memcpy(&hi[v], job->base_hi + at + v * LANES, sizeof(hi[v]));
	}
	if (job->base_lo) {
		for (size_t v = 0; v < VECS; v++)
			memcpy(&lo[v], job->base_lo + at + v * LANES, sizeof(lo[v]));
	}
	for (size_t i = 0; i < job->n_adds; i++) {
		for (size_t v = 0; v < VECS; v++) {
			widen(job->adds[i] + at + v * LANES, &x);
			hi[v] += x;
		}
	}
	for (size_t i = 0; i < job->n_subs; i++) {
		for (size_t v = 0; v < VECS; v++) {
			widen(job->subs[i] + at + v * LANES, &x);
			hi[v] -= x;
		}
	}
	for (size_t i = 0; i < job->n_wholes; i++) {
		for (size_t v = 0; v < VECS; v++) {
			widen(job->wholes[i].pcm + at + v * LANES, &x);
			hi[v] += x * (uint32_t)job->wholes[i].weight;
		}
	}
	if (job->n_parts)
		add_parts(job, at, hi, lo);
}

static void kernel_sum(const struct mix_job *job, int32_t *ret_hi, int32_t *ret_lo, size_t n)
{
	for (size_t at = 0; at < n; at += MIX_BLOCK) {
		v_u32 hi[VECS], lo[VECS];

		add_block(job, at, hi, lo);
		for (size_t v = 0; v < VECS; v++)
			memcpy(ret_hi + at + v * LANES, &hi[v], sizeof(hi[v]));
		for (size_t v = 0; ret_lo && v < VECS; v++)
			memcpy(ret_lo + at + v * LANES, &lo[v], sizeof(lo[v]));
	}
}

static unsigned kernel_peak(const int16_t *pcm, size_t n)
{
	int16_t high = 0, low = 0;

	for (size_t i = 0; i < n; i++) {
		high = pcm[i] > high ? pcm[i] : high;
		low = pcm[i] < low ? pcm[i] : low;
	}
	return (unsigned)(high > -low ? high : -low);
}

/* In float the clamp comes before the conversion: a loud sum times a high gain does not fit an int. */
INLINE int32_t scale(int32_t x, float gain)
{
	float f = (float)x * gain;

	f = f < (float)INT16_MAX ? f : (float)INT16_MAX;
	f = f > (float)INT16_MIN ? f : (float)INT16_MIN;
	return (int32_t)(f + (f < 0 ? -0.5f : 0.5f));
}

INLINE void narrow(const int32_t *sum, int16_t *pcm)
{
	for (size_t i = 0; i < MIX_BLOCK; i++) {
		int32_t x = sum[i] < INT16_MAX ? sum[i] : INT16_MAX;

		pcm[i] = (int16_t)(x > INT16_MIN ? x : INT16_MIN);
	}
}

static unsigned kernel_out(const struct mix_job *job, float gain, int16_t *pcm, size_t n)
{
	int32_t block[MIX_BLOCK];

	for (size_t at = 0; at < n; at += MIX_BLOCK) {
		v_u32 hi[VECS], lo[VECS];

		add_block(job, at, hi, lo);
		for (size_t v = 0; v < VECS; v++) {
			hi[v] += (v_u32)((v_i32)(lo[v] + MIX_ONE / 2) >> MIX_SHIFT);
			memcpy(block + v * LANES, &hi[v], sizeof(hi[v]));
		}
		for (size_t i = 0; gain != 1.0f && i < MIX_BLOCK; i++)
			block[i] = scale(block[i], gain);
		narrow(block, pcm + at);
	}
	return kernel_peak(pcm, n);
}

/* Two vectors of results at a time stay in registers; the taps pass by in the same order in every build. */
static void kernel_fir(const float *x, const float *c, size_t taps, float *y, size_t n)
{
	for (size_t i = 0; i < n; i += 2 * LANES) {
		v_f32 a = {0}, b = {0}, in;

		for (size_t k = 0; k < taps; k++) {
			memcpy(&in, x + i + k, sizeof(in));
			a += in * c[k];
			memcpy(&in, x + i + k + LANES, sizeof(in));
			b += in * c[k];
		}
		memcpy(y + i, &a, sizeof(a));
		memcpy(y + i + LANES, &b, sizeof(b));
	}
}

const struct mix_ops MIX_OPS = {
	.name = MIX_OPS_NAME,
	.sum = kernel_sum,
	.out = kernel_out,
	.peak = kernel_peak,
	.fir = kernel_fir,
};
