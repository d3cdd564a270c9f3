#include "codec/noise.h"

#include <math.h>
#include <string.h>

#define FULL_SCALE 32768.0f
#define LEVEL_MAX  127
#define MEAN_OF_K  127 /* the index of a reflection coefficient of zero */
#define K_STEP     (258.0f / 32768)
#define K_MAX      254
#define UNIFORM    1.7320508f /* what makes the power of numbers between -1 and 1 one */

bool noise_hear(struct noise *noise, const uint8_t *payload, size_t n)
{
	float lost = 1;

	if (n == 0)
		return false;
	noise->order = (uint8_t)(n - 1 < NOISE_ORDER ? n - 1 : NOISE_ORDER);
	for (size_t i = 0; i < noise->order; i++) {
		int index = payload[1 + i] < K_MAX ? payload[1 + i] : K_MAX;

		noise->k[i] = (float)(index - MEAN_OF_K) * K_STEP;
		lost *= 1 - noise->k[i] * noise->k[i];
	}
	/* The filter makes its input louder by 1 / lost. */
	noise->gain = FULL_SCALE * powf(10, -(float)(payload[0] & LEVEL_MAX) / 20) * sqrtf(lost) * UNIFORM;
	return true;
}

/* A lattice of all poles: stable for whatever coefficients below 1 a peer tells. */
static float shape(struct noise *noise, float x)
{
	for (size_t i = noise->order; i-- > 0;) {
		x -= noise->k[i] * noise->past[i];
		if (i + 1 < NOISE_ORDER)
			noise->past[i + 1] = noise->past[i] + noise->k[i] * x;
	}
	noise->past[0] = x;
	return x;
}

void noise_play(struct noise *noise, int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x;

		noise->random = noise->random * 1664525 + 1013904223;
		x = shape(noise, noise->gain * (float)(int32_t)noise->random / 2147483648.0f);
		pcm[i] = (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : lrintf(x));
	}
}

/* r[0] is not zero. */
static void reflections(const float r[NOISE_ORDER + 1], float k[NOISE_ORDER])
{
	float a[NOISE_ORDER + 1] = {1}, left = r[0];

	memset(k, 0, NOISE_ORDER * sizeof(*k));
	for (size_t m = 1; m <= NOISE_ORDER && left > 0; m++) {
		float old[NOISE_ORDER + 1], sum = 0;

		for (size_t i = 0; i < m; i++)
			sum += a[i] * r[m - i];
		k[m - 1] = -sum / left;
		memcpy(old, a, sizeof(old));
		for (size_t i = 1; i <= m; i++)
			a[i] = old[i] + k[m - 1] * old[m - i];
		left *= 1 - k[m - 1] * k[m - 1];
	}
}

size_t noise_describe(const int16_t *pcm, size_t n, uint8_t payload[NOISE_BYTES])
{
	float r[NOISE_ORDER + 1] = {0}, k[NOISE_ORDER], level;

	for (size_t lag = 0; lag <= NOISE_ORDER; lag++)
		for (size_t i = lag; i < n; i++)
			r[lag] += (float)pcm[i] * (float)pcm[i - lag];
	level = r[0] > 0 ? -10 * log10f(r[0] / (float)n / (FULL_SCALE * FULL_SCALE)) : LEVEL_MAX;
	payload[0] = (uint8_t)(level < LEVEL_MAX ? lrintf(level) : LEVEL_MAX);
	if (r[0] <= 0)
		return 1;
	r[0] *= 1.0001f; /* a floor under the noise: what is too pure would ring */
	reflections(r, k);
	for (size_t i = 0; i < NOISE_ORDER; i++) {
		long index = lrintf(k[i] / K_STEP) + MEAN_OF_K;

		payload[1 + i] = (uint8_t)(index < 0 ? 0 : index > K_MAX ? K_MAX : index);
	}
	return NOISE_BYTES;
}
