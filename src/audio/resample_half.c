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

#define CHUNK 160u /* of the lower rate, whole blocks: keeps the work on the stack small */

/* The sum is 1: for doubling. Halving takes half of each branch. */
#define PAIR(a, b, c, d, e, f, g, h, i, j, k, l) \
	a, b, c, d, e, f, g, h, i, j, k, l, l, k, j, i, h, g, f, e, d, c, b, a
static const float taps[HALF_TAPS] = {
	PAIR(-0.000977942f, 0.002411338f, -0.004800102f, 0.008494704f, -0.01393728f, 0.02172628f,
		-0.032770038f, 0.048667582f, -0.072766524f, 0.113781832f, -0.203899708f, 0.634069858f)};

struct work {
	float x[HALF_PAST + CHUNK + MIX_BLOCK], y[CHUNK];
	int16_t delayed[HALF_MID + CHUNK];
};

/* The pasts in front of what the chunk brings, and the rests after it. */
static void begin(const struct half *h, struct work *w)
{
	memcpy(w->x, h->filtered, sizeof(h->filtered));
	memcpy(w->delayed, h->delayed, sizeof(h->delayed));
}

static void filter(struct half *h, struct work *w, size_t n)
{
	/* What is computed past n is thrown away, but not from garbage: that could be slow numbers. */
	memset(w->x + HALF_PAST + n, 0, sizeof(w->x) - (HALF_PAST + n) * sizeof(float));
	mix_ops()->fir(w->x, taps, HALF_TAPS, w->y, n);
	memcpy(h->filtered, w->x + n, sizeof(h->filtered));
	memcpy(h->delayed, w->delayed + n, sizeof(h->delayed));
}

static void up_chunk(struct half *h, const int16_t *in, size_t n, int16_t *out)
{
	struct work w;

	begin(h, &w);
	mix_ops()->widen(in, n, w.x + HALF_PAST);
	memcpy(w.delayed + HALF_MID, in, n * sizeof(*in));
	filter(h, &w, n);
	mix_ops()->join(w.delayed, w.y, n, out);
}

static void down_chunk(struct half *h, const int16_t *in, size_t n, int16_t *out)
{
	struct work w;

	begin(h, &w);
	mix_ops()->split(in, n, w.delayed + HALF_MID, w.x + HALF_PAST);
	filter(h, &w, n);
	mix_ops()->halves(w.delayed + 1, w.y, n, out);
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
