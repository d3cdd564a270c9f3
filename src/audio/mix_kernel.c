/*
 * Vector code in the compilers' own vector types: eight lanes, which the base build splits into what the
 * machine has. Sums stay in registers for a block of samples while the terms pass by.
 */
#include "audio/mix.h"

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

/* The same in memory, where nothing is aligned. Not memcpy: compilers split it into halves, and a whole
 * vector read back from two half stores waits for both to reach the cache. */
typedef uint32_t m_u32 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float m_f32 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int16_t m_i16 __attribute__((vector_size(16), aligned(2), may_alias));

/* Unsigned lanes, because hi may wrap on the way. Vectors go by pointer: passed by value they would depend on
 * the instruction set in the calling convention. */
INLINE void widen(const int16_t *pcm, v_u32 *ret_wide)
{
	*ret_wide = (v_u32) __builtin_convertvector(*(const m_i16 *)pcm, v_i32);
}

INLINE void fold(v_u32 *hi, v_u32 *lo)
{
	for (size_t v = 0; v < VECS; v++) {
		hi[v] += (v_u32)((v_i32)lo[v] >> MIX_SHIFT);
		lo[v] &= MIX_ONE - 1;
	}
}

/* rest += a * weight_a + b * weight_b, in an order of lanes that in_order() puts right. */
#if defined(__AVX2__)
INLINE void multiply(v_u32 *rest, const int16_t *a, const int16_t *b, __m256i weights)
{
	for (size_t v = 0; v < VECS; v += 2) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(a + v * LANES));
		__m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(b + v * LANES));

		rest[v] += (v_u32)_mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), weights);
		rest[v + 1] += (v_u32)_mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), weights);
	}
}

INLINE void in_order(const v_u32 *rest, v_u32 *ret)
{
	for (size_t v = 0; v < VECS; v += 2) {
		ret[v] = (v_u32)_mm256_permute2x128_si256((__m256i)rest[v], (__m256i)rest[v + 1], 0x20);
		ret[v + 1] = (v_u32)_mm256_permute2x128_si256((__m256i)rest[v], (__m256i)rest[v + 1], 0x31);
	}
}

INLINE void add_pair(v_u32 *rest, const struct mix_pair *p, size_t at)
{
	uint32_t weights = (uint32_t)(uint16_t)p->weight_b << 16 | (uint16_t)p->weight_a;

	multiply(rest, p->a + at, p->b + at, _mm256_set1_epi32((int)weights));
}
#else
INLINE void in_order(const v_u32 *rest, v_u32 *ret)
{
	for (size_t v = 0; v < VECS; v++)
		ret[v] = rest[v];
}

#if defined(__SSE2__)
INLINE void add_pair(v_u32 *rest, const struct mix_pair *p, size_t at)
{
	uint32_t weights = (uint32_t)(uint16_t)p->weight_b << 16 | (uint16_t)p->weight_a;
	__m128i w = _mm_set1_epi32((int)weights);

	for (size_t v = 0; v < VECS; v++) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p->a + at + v * LANES));
		__m128i y = _mm_loadu_si128((const __m128i *)(const void *)(p->b + at + v * LANES));
		__m128i *half = (__m128i *)(void *)&rest[v];

		half[0] = _mm_add_epi32(half[0], _mm_madd_epi16(_mm_unpacklo_epi16(x, y), w));
		half[1] = _mm_add_epi32(half[1], _mm_madd_epi16(_mm_unpackhi_epi16(x, y), w));
	}
}
#else
INLINE void add_pair(v_u32 *rest, const struct mix_pair *p, size_t at)
{
	for (size_t v = 0; v < VECS; v++) {
		v_u32 x, y;

		widen(p->a + at + v * LANES, &x);
		widen(p->b + at + v * LANES, &y);
		rest[v] += x * (uint32_t)p->weight_a + y * (uint32_t)p->weight_b;
	}
}
#endif
#endif

INLINE void add_parts(const struct mix_job *job, size_t at, v_u32 *hi, v_u32 *lo)
{
	v_u32 rest[VECS] = {{0}}, ordered[VECS];

	for (size_t i = 0; i < job->n_parts; i++) {
		if (job->parts[i].fold) {
			in_order(rest, ordered);
			fold(hi, ordered);
			for (size_t v = 0; v < VECS; v++)
				rest[v] &= MIX_ONE - 1;
		}
		add_pair(rest, &job->parts[i], at);
	}
	/* Folded each for itself: together they could be too large. */
	in_order(rest, ordered);
	fold(hi, ordered);
	for (size_t v = 0; v < VECS; v++)
		lo[v] += ordered[v];
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
			hi[v] = *(const m_u32 *)(job->base_hi + at + v * LANES);
	}
	if (job->base_lo) {
		for (size_t v = 0; v < VECS; v++)
			lo[v] = *(const m_u32 *)(job->base_lo + at + v * LANES);
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
			*(m_u32 *)(ret_hi + at + v * LANES) = hi[v];
		for (size_t v = 0; ret_lo && v < VECS; v++)
			*(m_u32 *)(ret_lo + at + v * LANES) = lo[v];
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
INLINE int16_t to_int16(float f)
{
	f = f < (float)INT16_MAX ? f : (float)INT16_MAX;
	f = f > (float)INT16_MIN ? f : (float)INT16_MIN;
	return (int16_t)(int32_t)(f + __builtin_copysignf(0.5f, f));
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
			*(m_u32 *)(block + v * LANES) = hi[v];
		}
		for (size_t i = 0; gain != 1.0f && i < MIX_BLOCK; i++)
			block[i] = to_int16((float)block[i] * gain);
		narrow(block, pcm + at);
	}
	return kernel_peak(pcm, n);
}

/* Divided by a product, which is exact for all that comes here: x < 2^26, n <= MIX_FRAME_MAX < 2^10. */
static void kernel_cross(const int16_t *from, const int16_t *to, size_t n, int16_t *pcm)
{
	const uint32_t part = (uint32_t)((((uint64_t)1 << 36) + n - 1) / n);

	for (int32_t i = 0; i < (int32_t)n; i++) {
		int32_t way = to[i] - from[i];
		uint32_t x = (uint32_t)(way < 0 ? -way : way) * (uint32_t)(i + 1) + (uint32_t)n / 2;
		int32_t done = (int32_t)((uint64_t)x * part >> 36);

		pcm[i] = (int16_t)(from[i] + (way < 0 ? -done : done));
	}
}

/* Four vectors of results at a time stay in registers, so that no addition waits for the one before; the taps pass by
 * in the same order in every build. */
static void kernel_fir(const float *x, const float *c, size_t taps, float *y, size_t n)
{
	for (size_t i = 0; i < n; i += MIX_BLOCK) {
		v_f32 sum[VECS] = {{0}};

		for (size_t k = 0; k < taps; k++) {
			for (size_t v = 0; v < VECS; v++)
				sum[v] += *(const m_f32 *)(x + i + k + v * LANES) * c[k];
		}
		for (size_t v = 0; v < VECS; v++)
			*(m_f32 *)(y + i + v * LANES) = sum[v];
	}
}

static void kernel_split(const int16_t *pcm, size_t n, int16_t *even, float *odd)
{
	for (size_t i = 0; i < n; i++) {
		even[i] = pcm[2 * i];
		odd[i] = (float)pcm[2 * i + 1];
	}
}

static void kernel_join(const int16_t *even, const float *odd, size_t n, int16_t *pcm)
{
	for (size_t i = 0; i < n; i++) {
		pcm[2 * i] = even[i];
		pcm[2 * i + 1] = to_int16(odd[i]);
	}
}

static void kernel_widen(const int16_t *pcm, size_t n, float *x)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)pcm[i];
}

static void kernel_halves(const int16_t *a, const float *b, size_t n, int16_t *pcm)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = to_int16(0.5f * ((float)a[i] + b[i]));
}

const struct mix_ops MIX_OPS = {
	.name = MIX_OPS_NAME,
	.sum = kernel_sum,
	.out = kernel_out,
	.peak = kernel_peak,
	.cross = kernel_cross,
	.fir = kernel_fir,
	.split = kernel_split,
	.join = kernel_join,
	.widen = kernel_widen,
	.halves = kernel_halves,
};
