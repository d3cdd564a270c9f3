#include "rtp/plc.h"

#include <string.h>

#define LAG_MIN_HZ   200u /* 5 ms */
#define LAG_MAX_HZ   66u  /* 15 ms: the lowest male voices */
#define FULL_MS      10u  /* at full level, then down to nothing */
#define SILENT_MS    60u
#define BLEND_MS     4u /* into the first good samples, more after a long loss */
#define BLEND_MAX_MS 10u

static uint32_t samples_of(const struct plc *p, uint32_t ms)
{
	return p->rate_hz * ms / 1000;
}

void plc_init(struct plc *p, uint32_t rate_hz)
{
	memset(p, 0, sizeof(*p));
	p->rate_hz = rate_hz;
}

/* A ring: on the good path every sample is copied once and nothing is shifted. */
static void remember(struct plc *p, const int16_t *pcm, size_t n)
{
	size_t part;

	if (n > PLC_HISTORY) {
		pcm += n - PLC_HISTORY;
		n = PLC_HISTORY;
	}
	part = PLC_HISTORY - p->newest < n ? PLC_HISTORY - p->newest : n;
	memcpy(p->history + p->newest, pcm, part * sizeof(*pcm));
	memcpy(p->history, pcm + part, (n - part) * sizeof(*pcm));
	p->newest = (p->newest + (uint32_t)n) % PLC_HISTORY;
	p->filled = p->filled + (uint32_t)n > PLC_HISTORY ? PLC_HISTORY : p->filled + (uint32_t)n;
}

static void straighten(struct plc *p)
{
	int16_t old[PLC_HISTORY];

	memcpy(old, p->history, sizeof(old));
	memcpy(p->history, old + p->newest, (PLC_HISTORY - p->newest) * sizeof(*old));
	memcpy(p->history + PLC_HISTORY - p->newest, old, p->newest * sizeof(*old));
	p->newest = 0;
}

/* How well the end of the history matches itself `lag` samples earlier, as r*|r|/energy; every `stride`-th
 * sample. */
static double likeness(const struct plc *p, uint32_t lag, uint32_t window, uint32_t stride)
{
	const int16_t *now = p->history + PLC_HISTORY - window, *then = now - lag;
	double r = 0, energy = 1;

	for (uint32_t i = 0; i < window; i += stride) {
		r += (double)now[i] * then[i];
		energy += (double)then[i] * then[i];
	}
	return r * (r < 0 ? -r : r) / energy;
}

/* The lag, in samples, at which the history repeats itself best: coarse over all lags, then exact around the
 * best. */
static uint32_t find_period(const struct plc *p)
{
	uint32_t min = p->rate_hz / LAG_MIN_HZ, max = p->rate_hz / LAG_MAX_HZ;
	uint32_t window = samples_of(p, 20), coarse = p->rate_hz / 4000, best;
	double best_likeness = -1e300;

	if (coarse == 0)
		coarse = 1;
	if (window > PLC_HISTORY / 2)
		window = PLC_HISTORY / 2;
	if (max + window > p->filled)
		max = p->filled > window ? p->filled - window : 0;
	if (max <= min)
		return 0;
	best = min;
	for (uint32_t lag = min; lag <= max; lag += coarse) {
		double l = likeness(p, lag, window, coarse);

		if (l > best_likeness) {
			best_likeness = l;
			best = lag;
		}
	}
	best_likeness = -1e300;
	for (uint32_t lag = best > min + coarse ? best - coarse : min, end = best + coarse;
		lag <= end && lag <= max; lag++) {
		double l = likeness(p, lag, window, 1);

		if (l > best_likeness) {
			best_likeness = l;
			best = lag;
		}
	}
	return best;
}

/* The i-th sample of the repeated piece, its end blended with what stood before its start, so
 * that it closes. */
static int32_t piece_at(const struct plc *p, uint32_t i)
{
	uint32_t length = p->period * p->periods, blend = p->period / 4;
	const int16_t *start = p->history + PLC_HISTORY - length;
	uint32_t left = length - i;

	if (left > blend || length + blend > p->filled)
		return start[i];
	return (start[i] * (int32_t)left +
		       start[(int32_t)i - (int32_t)length] * (int32_t)(blend - left + 1)) /
	       (int32_t)(blend + 1);
}

static void begin(struct plc *p)
{
	straighten(p);
	p->open = true;
	p->gone = 0;
	p->period = find_period(p);
	p->periods = 1;
	p->at = 0;
	p->step = 0;
	p->step_left = 0;
	if (!p->period)
		return;
	/* The voice goes on one period ago; the offset between there and here fades out instead
	 * of clicking. */
	p->step = p->history[PLC_HISTORY - 1] -
		  (p->period < p->filled ? p->history[PLC_HISTORY - 1 - p->period] : 0);
	p->step_left = p->period / 4;
}

/* More periods make a longer loss sound less like a buzzer; they begin where the piece begins again. */
static void lengthen(struct plc *p)
{
	uint32_t want = 1 + p->gone / samples_of(p, 10);

	if (want > PLC_PERIODS)
		want = PLC_PERIODS;
	while (want > p->periods && p->period * want + p->period / 4 > p->filled)
		want--;
	if (want > p->periods)
		p->periods = want;
}

static int16_t next(struct plc *p)
{
	uint32_t full = samples_of(p, FULL_MS), silent = samples_of(p, SILENT_MS);
	int32_t value;

	if (p->gone >= silent || !p->period) {
		p->gone++;
		return 0;
	}
	value = piece_at(p, p->at);
	if (p->step_left) {
		value += p->step * (int32_t)p->step_left / (int32_t)(p->period / 4 + 1);
		p->step_left--;
	}
	if (++p->at >= p->period * p->periods) {
		p->at = 0;
		lengthen(p);
	}
	if (p->gone > full)
		value = value * (int32_t)(silent - p->gone) / (int32_t)(silent - full);
	p->gone++;
	return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

bool plc_conceal(struct plc *p, int16_t *pcm, size_t n)
{
	if (!p->open)
		begin(p);
	if (!p->period || p->gone >= samples_of(p, SILENT_MS)) {
		memset(pcm, 0, n * sizeof(*pcm));
		p->gone += (uint32_t)n < UINT32_MAX - p->gone ? (uint32_t)n : 0;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		pcm[i] = next(p);
	return true;
}

void plc_cut(struct plc *p)
{
	if (!p->open)
		begin(p);
}

void plc_good(struct plc *p, int16_t *pcm, size_t n)
{
	if (p->open) {
		/* 4 ms, and 4 more for every 10 ms that were lost. */
		uint32_t blend = samples_of(p, BLEND_MS) * (1 + p->gone / samples_of(p, 10));

		if (blend > samples_of(p, BLEND_MAX_MS))
			blend = samples_of(p, BLEND_MAX_MS);
		if (blend > n)
			blend = (uint32_t)n;
		for (uint32_t i = 0; i < blend; i++)
			pcm[i] = (int16_t)((pcm[i] * (int32_t)(i + 1) + next(p) * (int32_t)(blend - i)) /
					   (int32_t)(blend + 1));
		p->open = false;
	}
	remember(p, pcm, n);
}
