#include "rtp/plc.h"

#include "rtp/pitch.h"

#include <stdlib.h>
#include <string.h>

#define LAG_MIN_HZ 200u /* 5 ms */
#define LAG_MAX_HZ 66u  /* 15 ms: the lowest male voices */
#define FULL_MS    10u  /* at full level, then down to nothing */
#define SILENT_MS  60u
#define NOISE_MS   5u    /* the quietest piece of so much of the history is the room */
#define NOISE_MOST 50u   /* mean magnitude, about -56 dBov: nobody needs to hear more of it */
#define BLEND_US   1500u /* into the first good samples: they are precious */

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

void plc_last(const struct plc *p, int16_t *pcm, size_t n)
{
	size_t end = p->newest, tail = n < end ? n : end;

	memcpy(pcm + n - tail, p->history + end - tail, tail * sizeof(*pcm));
	memcpy(pcm, p->history + PLC_HISTORY - (n - tail), (n - tail) * sizeof(*pcm));
}

static void straighten(struct plc *p)
{
	int16_t old[PLC_HISTORY];

	memcpy(old, p->history, sizeof(old));
	memcpy(p->history, old + p->newest, (PLC_HISTORY - p->newest) * sizeof(*old));
	memcpy(p->history + PLC_HISTORY - p->newest, old, p->newest * sizeof(*old));
	p->newest = 0;
}

/* The lag, in samples, at which the history repeats itself best. */
static uint32_t find_period(const struct plc *p)
{
	struct pitch_search search = {.side = -1,
		.min = p->rate_hz / LAG_MIN_HZ,
		.max = p->rate_hz / LAG_MAX_HZ,
		.window = samples_of(p, 20),
		.coarse = p->rate_hz / 4000};

	if (search.coarse == 0)
		search.coarse = 1;
	if (search.window > PLC_HISTORY / 2)
		search.window = PLC_HISTORY / 2;
	search.here = p->history + PLC_HISTORY - search.window;
	if (search.max + search.window > p->filled)
		search.max = p->filled > search.window ? p->filled - search.window : 0;
	return search.max > search.min ? pitch_find(&search).lag : 0;
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

/* How quiet the room is behind the voice. A history full of voice does not tell, but an earlier one may have. */
static void hear_room(struct plc *p)
{
	uint32_t piece = samples_of(p, NOISE_MS), least = p->room_known ? p->room + p->room / 8 : NOISE_MOST;

	for (uint32_t end = 0; end + piece <= p->filled; end += piece) {
		const int16_t *pcm = p->history + PLC_HISTORY - end - piece;
		uint32_t sum = 0;

		for (uint32_t i = 0; i < piece; i++)
			sum += (uint32_t)abs(pcm[i]);
		if (sum / piece < least)
			least = sum / piece;
	}
	p->room = least < NOISE_MOST ? least : NOISE_MOST;
	p->room_known = true;
}

static void begin(struct plc *p)
{
	straighten(p);
	hear_room(p);
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

static int32_t noise(struct plc *p)
{
	p->random = p->random * 1664525 + 1013904223;
	return (int32_t)(p->random >> 16) * (int32_t)(4 * p->room + 1) / 65536 - (int32_t)(2 * p->room);
}

static int16_t next(struct plc *p)
{
	uint32_t full = samples_of(p, FULL_MS), silent = samples_of(p, SILENT_MS);
	int32_t value;

	if (p->gone >= silent || !p->period) {
		p->gone++;
		return (int16_t)noise(p);
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
		value = (value * (int32_t)(silent - p->gone) + noise(p) * (int32_t)(p->gone - full)) /
			(int32_t)(silent - full);
	p->gone++;
	return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

bool plc_conceal(struct plc *p, int16_t *pcm, size_t n)
{
	if (!p->open)
		begin(p);
	if (p->gone > UINT32_MAX / 2)
		p->gone = UINT32_MAX / 2;
	if (!p->room && (!p->period || p->gone >= samples_of(p, SILENT_MS))) {
		memset(pcm, 0, n * sizeof(*pcm));
		p->gone += (uint32_t)n;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		pcm[i] = next(p);
	return true;
}

void plc_rest(struct plc *p)
{
	p->open = false;
}

/* Is something repeated that the next good samples can go over from? The noise of the room needs no care. */
static bool is_repeating(const struct plc *p)
{
	return p->open && p->period && p->gone < samples_of(p, SILENT_MS);
}

void plc_cut(struct plc *p)
{
	if (!p->open)
		begin(p);
}

void plc_good(struct plc *p, int16_t *pcm, size_t n)
{
	if (is_repeating(p)) {
		uint32_t blend = p->rate_hz / 1000 * BLEND_US / 1000;

		if (blend > n)
			blend = (uint32_t)n;
		for (uint32_t i = 0; i < blend; i++)
			pcm[i] = (int16_t)((pcm[i] * (int32_t)(i + 1) + next(p) * (int32_t)(blend - i)) /
					   (int32_t)(blend + 1));
	}
	p->open = false;
	remember(p, pcm, n);
}
