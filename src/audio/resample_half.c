/*
 * The half-band filter: 47 taps, windowed sinc (Kaiser, beta 5.68, the value with the deepest stop band for
 * this length). Pass band within 0.011 dB to 3.4 of 16 kHz, stop band 58 dB from 4.6 of 16 kHz.
 *
 * In polyphase form one branch is a mere delay: doubling, it carries the input's own samples through
 * unchanged and the filter makes those between; halving, the filter works on the odd samples only.
 */
#include "audio/resample.h"

#include "audio/mix.h"

#include <string.h>

#define CHUNK 160u /* of the lower rate: keeps the work on the stack small */

/* The sum is 1: for doubling. Halving takes half of each branch. */
#define PAIR(a, b, c, d, e, f, g, h, i, j, k, l) \
	a, b, c, d, e, f, g, h, i, j, k, l, l, k, j, i, h, g, f, e, d, c, b, a
static const float taps[HALF_TAPS] = {
	PAIR(-0.000977942f, 0.002411338f, -0.004800102f, 0.008494704f, -0.01393728f, 0.02172628f,
		-0.032770038f, 0.048667582f, -0.072766524f, 0.113781832f, -0.203899708f, 0.634069858f)};

struct work {
	float x[CHUNK + HALF_TAPS + 16], y[CHUNK + 16];
};

/* The filtered branch: n samples in, step apart. */
static void filter(struct half *h, struct work *w, const int16_t *in, size_t n, size_t step)
{
	memcpy(w->x, h->filtered, sizeof(h->filtered));
	for (size_t i = 0; i < n; i++)
		w->x[HALF_PAST + i] = (float)in[i * step];
	memset(w->x + HALF_PAST + n, 0, (HALF_TAPS + 16 + CHUNK - HALF_PAST - n) * sizeof(float));
	mix_ops()->fir(w->x, taps, HALF_TAPS, w->y, n);
	memcpy(h->filtered, w->x + n, sizeof(h->filtered));
}

static int16_t round_clamp(float f)
{
	f = f < 32767.0f ? f : 32767.0f;
	f = f > -32768.0f ? f : -32768.0f;
	return (int16_t)(int32_t)(f + (f < 0 ? -0.5f : 0.5f));
}

static void up_chunk(struct half *h, const int16_t *in, size_t n, int16_t *out)
{
	int16_t delayed[HALF_MID + CHUNK];
	struct work w;

	filter(h, &w, in, n, 1);
	memcpy(delayed, h->delayed, sizeof(h->delayed));
	memcpy(delayed + HALF_MID, in, n * sizeof(*in));
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = delayed[i];
		out[2 * i + 1] = round_clamp(w.y[i]);
	}
	memcpy(h->delayed, delayed + n, sizeof(h->delayed));
}

static void down_chunk(struct half *h, const int16_t *in, size_t n, int16_t *out)
{
	int16_t delayed[HALF_MID + CHUNK];
	struct work w;

	filter(h, &w, in + 1, n, 2);
	memcpy(delayed, h->delayed, sizeof(h->delayed));
	for (size_t i = 0; i < n; i++)
		delayed[HALF_MID + i] = in[2 * i];
	for (size_t i = 0; i < n; i++)
		out[i] = round_clamp(0.5f * ((float)delayed[i + 1] + w.y[i]));
	memcpy(h->delayed, delayed + n, sizeof(h->delayed));
}

void half_up(struct half *h, const int16_t *in, size_t n, int16_t *out)
{
	for (size_t at = 0; at < n; at += CHUNK)
		up_chunk(h, in + at, n - at < CHUNK ? n - at : CHUNK, out + 2 * at);
}

void half_down(struct half *h, const int16_t *in, size_t n, int16_t *out)
{
	n /= 2;
	for (size_t at = 0; at < n; at += CHUNK)
		down_chunk(h, in + 2 * at, n - at < CHUNK ? n - at : CHUNK, out + at);
}
