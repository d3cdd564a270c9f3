#include "audio/tonal.h"

#include <math.h>
#include <string.h>

#define BINS         (TONAL_N / 2)
#define BIN_HZ       ((float)NARROW_HZ / TONAL_N)
#define FIRST_BIN    6u      /* 94 Hz: below is hum */
#define LAST_BIN     243u    /* 3.8 kHz */
#define REACH        4u      /* bins on both sides of a peak that are part of it */
#define LEAST_POWER  1.2e-5f /* -43 dBm0 */
#define ONE_PART     0.85f   /* of the whole spectrum, for one tone; and for two together */
#define SECOND_LEAST 0.06f   /* a second one is at most 12 dB softer */

void tonal_init(struct tonal *t)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < TONAL_N; i++)
		t->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / TONAL_N));
	for (size_t i = 0; i < TONAL_N / 2; i++) {
		t->cosine[i] = (float)cos(2 * M_PI * (double)i / TONAL_N);
		t->sine[i] = (float)-sin(2 * M_PI * (double)i / TONAL_N);
	}
}

static void reverse_bits(float *re)
{
	for (size_t i = 1, j = 0; i < TONAL_N; i++) {
		size_t bit = TONAL_N >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j |= bit;
		if (i < j) {
			float keep = re[i];

			re[i] = re[j];
			re[j] = keep;
		}
	}
}

/* In place; im is zero before. */
static void transform(const struct tonal *t, float *re, float *im)
{
	reverse_bits(re);
	for (size_t half = 1; half < TONAL_N; half *= 2)
		for (size_t from = 0; from < TONAL_N; from += 2 * half)
			for (size_t k = 0; k < half; k++) {
				size_t a = from + k, b = a + half, w = k * (TONAL_N / 2 / half);
				float x = re[b] * t->cosine[w] - im[b] * t->sine[w];
				float y = re[b] * t->sine[w] + im[b] * t->cosine[w];

				re[b] = re[a] - x;
				im[b] = im[a] - y;
				re[a] += x;
				im[a] += y;
			}
}

/* Takes the strongest peak out of the spectrum. Returns its part of it. */
static float take_peak(float *bins, float *ret_hz)
{
	size_t best = FIRST_BIN, from, to;
	float sum = 0, moment = 0;

	for (size_t k = FIRST_BIN; k <= LAST_BIN; k++)
		if (bins[k] > bins[best])
			best = k;
	from = best - FIRST_BIN < REACH ? FIRST_BIN : best - REACH;
	to = best + REACH > LAST_BIN ? LAST_BIN : best + REACH;
	for (size_t k = from; k <= to; k++) {
		sum += bins[k];
		moment += bins[k] * (float)k;
		bins[k] = 0;
	}
	*ret_hz = sum > 0 ? moment / sum * BIN_HZ : 0;
	return sum;
}

static void look(const struct tonal *t, struct tonal_frame *f)
{
	float re[TONAL_N], im[TONAL_N] = {0}, bins[BINS], all = 0, first, second, energy = 0;

	for (size_t i = 0; i < TONAL_N; i++) {
		re[i] = t->past[i] * t->window[i];
		energy += re[i] * re[i];
	}
	/* The squares of a Hann window sum up to 3/8. */
	*f = (struct tonal_frame){.power = energy / (TONAL_N * 0.375f)};
	if (f->power < LEAST_POWER)
		return;
	transform(t, re, im);
	for (size_t k = 0; k < BINS; k++) {
		bins[k] = re[k] * re[k] + im[k] * im[k];
		all += k >= FIRST_BIN && k <= LAST_BIN ? bins[k] : 0;
	}
	first = take_peak(bins, &f->hz[0]);
	second = take_peak(bins, &f->hz[1]);
	if (second >= first * SECOND_LEAST && first + second >= all * ONE_PART)
		f->n = 2;
	else if (first >= all * ONE_PART)
		f->n = 1;
}

void tonal_hear(struct tonal *t, uint32_t rate_hz, const int16_t *pcm, size_t n, tonal_fn *fn, void *arg)
{
	float x[NARROW_OUT_MAX];
	size_t made = narrow_run(&t->narrow, rate_hz, pcm, n, x);

	for (size_t at = 0; at < made;) {
		size_t part = TONAL_HOP - t->waiting;
		struct tonal_frame f;

		if (part > made - at)
			part = made - at;
		memmove(t->past, t->past + part, (TONAL_N - part) * sizeof(*t->past));
		memcpy(t->past + TONAL_N - part, x + at, part * sizeof(*x));
		at += part;
		t->waiting += part;
		if (t->waiting < TONAL_HOP)
			break;
		t->waiting = 0;
		look(t, &f);
		fn(arg, &f);
	}
}
