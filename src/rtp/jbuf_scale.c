/*
 * How the time line moves without anybody hearing it (the idea is that of WSOLA): somewhere in a tick the signal goes
 * over, within a few milliseconds, into itself a period later (what lies between is left out) or a period earlier
 * (which is said twice). All samples besides those few are what the sender sent. Where it is quiet any length will do.
 */
#include "rtp/jbuf_impl.h"
#include "rtp/pitch.h"

#include <stdlib.h>
#include <string.h>

#define LAG_MIN_MS   2u
#define LAG_MAX_MS   15u
#define WINDOW_MS    12u
#define HOP_MS       4u
#define FADE_MS      3u
#define RATE_MAX_KHZ 48u
#define TICK_MAX_MS  20u
#define QUIET        100 /* mean magnitude: about -50 dBov */

static bool is_quiet(const int16_t *pcm, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)abs(pcm[i]);
	return sum <= QUIET * n;
}

/* from[] goes over into to[]; they may lie in one another, out is neither. */
static void go_over(int16_t *out, const int16_t *from, const int16_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] =
			(int16_t)((from[i] * (int32_t)(n - i) + to[i] * (int32_t)(i + 1)) / (int32_t)(n + 1));
}

/* Samples between two time stamps cannot be parted. */
static uint32_t whole(const struct jbuf *j, uint32_t samples)
{
	return samples - samples % samples_at_least(j);
}

/* Less than the shortest period: it will do where it is quiet, and nowhere else. */
static bool is_fine(const struct jbuf *j, uint32_t samples)
{
	return samples < j->dec.rate_hz / 1000 * LAG_MIN_MS;
}

/* Where in a tick to go over, and how far. */
struct place {
	uint32_t at;
	struct pitch pitch;
};

/* The place where the tick is most like itself some lag earlier or later. */
static struct place search(const struct jbuf *j, const int16_t *tick, int side, uint32_t most, size_t n)
{
	uint32_t khz = j->dec.rate_hz / 1000;
	struct pitch_search s = {.side = side,
		.min = khz * LAG_MIN_MS,
		.max = most,
		.window = khz * WINDOW_MS < n ? khz * WINDOW_MS : (uint32_t)n,
		.coarse = khz < 8 ? 1 : khz / 4};
	struct place best = {0, {0, -2}};

	for (uint32_t at = 0; at + s.window <= n; at += khz * HOP_MS) {
		struct pitch p;

		s.here = tick + at;
		p = pitch_find(&s);
		if (p.likeness > best.pitch.likeness)
			best = (struct place){at, p};
	}
	best.pitch.lag = whole(j, best.pitch.lag);
	return best;
}

static bool accept(struct jbuf *j, int32_t wish, const struct pitch *p)
{
	if (!p->lag || !jbuf_accept(j, wish, p->likeness))
		return false;
	jbuf_moved(j, (wish < 0 ? -1 : 1) * (int64_t)p->lag * 1000000 / j->dec.rate_hz);
	return true;
}

/* A tick that goes over, at a place of now[], to what is `lag` samples away. */
static void lay(int16_t *pcm, const int16_t *now, const struct place *p, int32_t lag, size_t fade, size_t n)
{
	size_t at = p->at;

	if (fade > n - at)
		fade = n - at;
	memcpy(pcm, now, at * sizeof(*pcm));
	go_over(pcm + at, now + at, now + at + lag, fade);
	memcpy(pcm + at + fade, now + at + fade + lag, (n - at - fade) * sizeof(*pcm));
}

/* Up to `most` samples less. */
static bool shorten(struct jbuf *j, uint32_t most, int16_t *pcm, size_t n)
{
	int16_t all[RATE_MAX_KHZ * (TICK_MAX_MS + LAG_MAX_MS)];
	struct place p = {0, {most, 1}};
	bool sound = jbuf_play(j, all, n + most);

	if (!is_quiet(all, n + most))
		p = search(j, all, 1, most, n);
	if (!accept(j, -(int32_t)most, &p.pitch))
		p.pitch.lag = 0;
	lay(pcm, all, &p, (int32_t)p.pitch.lag, p.pitch.lag ? j->dec.rate_hz / 1000 * FADE_MS : 0, n);
	jbuf_unplay(j, all + n + p.pitch.lag, most - p.pitch.lag);
	return sound;
}

/* At least `least` samples more, in as many ticks as it takes; exactly so many where it is quiet. */
static bool lengthen(struct jbuf *j, uint32_t least, uint32_t most, int16_t *pcm, size_t n)
{
	int16_t all[RATE_MAX_KHZ * (TICK_MAX_MS + LAG_MAX_MS)], *now = all + most;
	struct place p = {0, {least < most ? least : most, 1}};
	bool sound;

	plc_last(&j->plc, all, most);
	sound = jbuf_play(j, now, n);
	if (!is_quiet(all, n + most))
		p = j->whole && is_fine(j, least) ? (struct place){0} : search(j, now, -1, most, n);
	if (!accept(j, (int32_t)least, &p.pitch))
		p.pitch.lag = 0;
	lay(pcm, now, &p, -(int32_t)p.pitch.lag, p.pitch.lag ? j->dec.rate_hz / 1000 * FADE_MS : 0, n);
	jbuf_unplay(j, now + n - p.pitch.lag, p.pitch.lag);
	return sound;
}

bool jbuf_play_scaled(struct jbuf *j, int32_t wish, int16_t *pcm, size_t n)
{
	uint32_t most = j->dec.rate_hz / 1000 * LAG_MAX_MS;
	bool sound;

	if (most > n)
		most = (uint32_t)n;
	if (wish < 0 && (uint32_t)-wish < most)
		most = (uint32_t)-wish;
	if (wish > 0 && most > j->plc.filled)
		most = j->plc.filled;
	most = whole(j, most);
	if (!most || j->plc.open || j->dec.rate_hz > RATE_MAX_KHZ * 1000 ||
		!jbuf_has(j, ts_of_samples(j, wish < 0 ? n + most : n)))
		return jbuf_play(j, pcm, n);
	j->scaling = true;
	sound = wish < 0 ? shorten(j, most, pcm, n)
			 : lengthen(j, whole(j, (uint32_t)wish + samples_at_least(j) - 1), most, pcm, n);
	j->scaling = false;
	plc_good(&j->plc, pcm, n);
	return sound;
}
