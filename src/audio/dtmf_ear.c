#include "audio/dtmf_ear.h"

#include <math.h>
#include <string.h>

#define TONES    DTMF_EAR_TONES
#define GROUP    (TONES / 2)
#define BLOCK    DTMF_EAR_BLOCK
#define BLOCKS   DTMF_EAR_BLOCKS
#define BLOCK_MS 5u
#define WINDOW   (BLOCK * BLOCKS)

#define LEAST_POWER \
	6e-5f /* -36 dBm0 of each tone, as a mean square of full scale 1 (Q.24: -25 is, -55 is not) */
#define OFF_MAX     0.025f /* Q.24: 1.5 % is, 3.5 % is not */
#define HIGH_MAX    4.0f   /* the high one by 6 dB louder (Q.24: 4) */
#define LOW_MAX     10.0f  /* the low one by 10 dB (Q.24: 8) */
#define PART_BEGIN  0.8f   /* of all that is heard, for a digit to begin */
#define PART_GO_ON  0.55f  /* and to go on */
#define HITS_NEEDED 5u     /* windows: 40 ms have six, 23 ms three (Q.24) */
#define HITS_BEHIND 3u     /* ... that follow a gap: it may have had the beginning */
#define BRIDGED_MAX 10u    /* blocks: two packets of 20 ms, and what their edges spoil */
#define MISSES_END  6u     /* windows: 10 ms are an interruption, 30 ms a pause (Q.24) */
#define HUM_KEEP    0.85f
#define EDGE_MS     10u /* by which a tone is longer than from its first to its last hit */

static const float hz[TONES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};
static const char keys[GROUP][GROUP] = {
	{'1', '2', '3', 'A'}, {'4', '5', '6', 'B'}, {'7', '8', '9', 'C'}, {'*', '0', '#', 'D'}};

typedef struct dtmf_ear_sum sum;

static sum times(sum a, sum b)
{
	return (sum){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static sum conjugate(sum a)
{
	return (sum){a.re, -a.im};
}

static float power(sum a)
{
	return a.re * a.re + a.im * a.im;
}

void dtmf_ear_init(struct dtmf_ear *e)
{
	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < TONES; i++) {
		double w = 2 * M_PI * (double)hz[i] / NARROW_HZ;

		e->coefficient[i] = (float)(2 * cos(w));
		e->turn[i] = (sum){(float)cos(w * BLOCK), (float)sin(w * BLOCK)};
	}
}

/* ---- one window ---- */

/* Blocks from..from+n of one tone as one sum, each turned to where the newest is. */
static sum together(const struct dtmf_ear *e, size_t tone, size_t from, size_t n, sum turn)
{
	sum all = e->sums[from + n - 1][tone];

	for (size_t i = n - 1; i-- > 0;) {
		all = times(all, turn);
		all.re += e->sums[from + i][tone].re;
		all.im += e->sums[from + i][tone].im;
	}
	return all;
}

/* The power of a tone near this frequency; 0: it is too far off. */
static float near_power(const struct dtmf_ear *e, size_t tone)
{
	sum now = together(e, tone, 0, BLOCKS - 1, e->turn[tone]);
	sum before = together(e, tone, 1, BLOCKS - 1, e->turn[tone]);
	/* How much farther than expected it has turned in a block. */
	sum step = times(times(now, conjugate(before)), conjugate(e->turn[tone]));
	float angle = atan2f(step.im, step.re);
	float off = angle * NARROW_HZ / (2 * (float)M_PI * BLOCK), lost = 1;

	if (fabsf(off) > OFF_MAX * hz[tone])
		return 0;
	/* Within a block the sum turns away from itself too. */
	if (fabsf(angle) > 0.01f)
		lost = sinf(angle / 2) / (angle / 2);
	now = together(e, tone, 0, BLOCKS, times(e->turn[tone], (sum){cosf(angle), sinf(angle)}));
	return 2 * power(now) / (lost * lost * WINDOW * WINDOW);
}

static size_t loudest(const struct dtmf_ear *e, size_t first)
{
	size_t best = first;
	float most = -1;

	for (size_t i = first; i < first + GROUP; i++) {
		float p = power(together(e, i, 0, BLOCKS, e->turn[i]));

		if (p > most) {
			most = p;
			best = i;
		}
	}
	return best;
}

/* What digit the last 20 ms are; 0: none. */
static char judge(const struct dtmf_ear *e)
{
	float all = 0, low, high;
	size_t l, h;
	char digit;

	for (size_t i = 0; i < BLOCKS; i++)
		all += e->energies[i] / WINDOW;
	if (all < 2 * LEAST_POWER)
		return 0;
	l = loudest(e, 0);
	h = loudest(e, GROUP);
	low = near_power(e, l);
	high = near_power(e, h);
	if (low < LEAST_POWER || high < LEAST_POWER || high > low * HIGH_MAX || low > high * LOW_MAX)
		return 0;
	digit = keys[l][h - GROUP];
	if (low + high < all * (e->heard && digit == e->digit ? PART_GO_ON : PART_BEGIN))
		return 0;
	return digit;
}

/* ---- from windows to digits ---- */

static void tell_end(struct dtmf_ear *e, dtmf_ear_fn *fn, void *arg)
{
	uint32_t ago = (e->blocks - e->last) * BLOCK_MS;
	char digit = e->digit;

	e->heard = false;
	e->digit = 0;
	e->hits = 0;
	fn(arg, digit, e->last * BLOCK_MS + EDGE_MS, ago);
}

static void hit_first(struct dtmf_ear *e, char digit)
{
	e->digit = digit;
	e->needed = e->near ? HITS_BEHIND : HITS_NEEDED;
	e->hits = 1;
	e->misses = 0;
	e->blocks = e->last = 0;
}

/* No digit so far. One window may be spoilt. */
static void mind_begin(struct dtmf_ear *e, char digit)
{
	e->blocks++;
	if (digit && digit == e->digit) {
		e->hits++;
		e->misses = 0;
		e->last = e->blocks;
		e->heard = e->hits >= e->needed;
		e->next = 0;
	} else if (digit) {
		hit_first(e, digit);
	} else if (++e->misses > 1) {
		e->digit = 0;
	}
}

static void mind_end(struct dtmf_ear *e, char digit, dtmf_ear_fn *fn, void *arg)
{
	e->blocks++;
	if (digit == e->digit) {
		e->last = e->blocks;
		e->misses = 0;
		e->next = 0;
		e->bridged = 0;
		return;
	}
	/* It sounded into the gap; what comes behind tells whether it has ended. */
	if (e->made_up && !e->misses && ++e->bridged <= BRIDGED_MAX)
		return;
	e->next_hits = digit && digit == e->next ? e->next_hits + 1 : digit != 0;
	e->next = digit;
	/* Another digit ends it without a pause. */
	if (++e->misses < MISSES_END && e->next_hits < HITS_NEEDED)
		return;
	tell_end(e, fn, arg);
	if (!digit)
		return;
	hit_first(e, digit);
	e->hits = e->next_hits;
	e->blocks = e->last = e->next_hits - 1;
	e->heard = e->hits >= HITS_NEEDED;
}

static void end_block(struct dtmf_ear *e, dtmf_ear_fn *fn, void *arg)
{
	char digit;

	memmove(&e->sums[1], &e->sums[0], sizeof(e->sums) - sizeof(e->sums[0]));
	memmove(&e->energies[1], &e->energies[0], sizeof(e->energies) - sizeof(e->energies[0]));
	for (size_t i = 0; i < TONES; i++) {
		float w = e->coefficient[i] / 2, s1 = e->state[i].re, s2 = e->state[i].im;

		/* sum of x[k] * exp(j*w*(BLOCK-1-k)) */
		e->sums[0][i] = (sum){s1 - s2 * w, s2 * sqrtf(1 - w * w)};
	}
	e->energies[0] = e->energy;
	e->energy = 0;
	e->n = 0;
	memset(e->state, 0, sizeof(e->state));
	digit = judge(e);
	if (e->heard)
		mind_end(e, digit, fn, arg);
	else
		mind_begin(e, digit);
	e->made_up -= e->made_up > 0;
	e->near -= e->near > 0;
}

static void take(struct dtmf_ear *e, float sample)
{
	e->hum_out = sample - e->hum_in + HUM_KEEP * e->hum_out;
	e->hum_in = sample;
	e->energy += e->hum_out * e->hum_out;
	for (size_t i = 0; i < TONES; i++) {
		float s = e->hum_out + e->coefficient[i] * e->state[i].re - e->state[i].im;

		e->state[i].im = e->state[i].re;
		e->state[i].re = s;
	}
	e->n++;
}

void dtmf_ear_hear(
	struct dtmf_ear *e, uint32_t rate_hz, const int16_t *pcm, size_t n, dtmf_ear_fn *fn, void *arg)
{
	float x[NARROW_OUT_MAX];
	size_t made = narrow_run(&e->narrow, rate_hz, pcm, n, x);

	for (size_t i = 0; i < made; i++) {
		take(e, x[i]);
		if (e->n == BLOCK)
			end_block(e, fn, arg);
	}
}

void dtmf_ear_gap(struct dtmf_ear *e, uint32_t ms)
{
	e->made_up = ms / BLOCK_MS;
	e->near = e->made_up + BLOCKS;
}

void dtmf_ear_break(struct dtmf_ear *e, dtmf_ear_fn *fn, void *arg)
{
	if (e->heard)
		tell_end(e, fn, arg);
	e->digit = 0;
	memset(e->energies, 0, sizeof(e->energies));
	memset(e->sums, 0, sizeof(e->sums));
}
