#include "audio/narrow.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define CUT_HZ 3400.0

/* A sinc that cuts at CUT_HZ in a Hann window; its sum is 1. */
static void begin(struct narrow *w, uint32_t factor)
{
	size_t n = NARROW_PHASE_TAPS * factor;
	double sum = 0, taps[NARROW_TAPS_MAX];

	memset(w, 0, sizeof(*w));
	w->factor = factor;
	for (size_t i = 0; i < n; i++) {
		double at = (double)i - ((double)n - 1) / 2,
		       x = 2 * M_PI * CUT_HZ * at / (NARROW_HZ * factor);

		taps[i] = (at == 0 ? 1 : sin(x) / x) *
			  (0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / (double)n));
		sum += taps[i];
	}
	for (size_t i = 0; i < n; i++)
		w->taps[i] = (float)(taps[i] / sum);
}

size_t narrow_run(struct narrow *w, uint32_t rate_hz, const int16_t *pcm, size_t n, float out[NARROW_OUT_MAX])
{
	uint32_t factor = rate_hz / NARROW_HZ;
	size_t taps = NARROW_PHASE_TAPS * factor, made = n / factor;
	float x[NARROW_TAPS_MAX + NARROW_IN_MAX];

	assert(factor >= 1 && factor <= NARROW_FACTOR_MAX && n <= NARROW_IN_MAX && made <= NARROW_OUT_MAX);
	if (factor != w->factor)
		begin(w, factor);
	memcpy(x, w->past, taps * sizeof(*x));
	for (size_t i = 0; i < n; i++)
		x[taps + i] = pcm ? (float)pcm[i] / 32768 : 0;
	memcpy(w->past, x + n, taps * sizeof(*x));
	if (factor == 1) {
		memcpy(out, x + taps, made * sizeof(*out));
		return made;
	}
	for (size_t i = 0; i < made; i++) {
		const float *from = x + (i + 1) * factor;
		float sum = 0;

		for (size_t k = 0; k < taps; k++)
			sum += from[k] * w->taps[k];
		out[i] = sum;
	}
	return made;
}
