/* From spectra to runs. What runs mean is in progress_kinds.c. */
#include "audio/progress_impl.h"

#include "audio/pattern.h"

#include <math.h>
#include <string.h>

#define BEGIN_HOPS   3u    /* tonal in a row, and a tone has begun */
#define REF_HOPS     8u    /* into a tone, the window holds nothing else */
#define MISSES_MAX   4u    /* hops that are not tonal while it is as loud as before */
#define CHANGES_MAX  2u    /* hops of another frequency, and it is another tone */
#define QUIET_PART   0.1f  /* of a tone's power: it has ended; 400x16 comes down to 0.17 */
#define LATE_MS      30u   /* by which a tone seems longer, and a pause shorter, for that */
#define SILENT_PART  0.1f  /* of a tone's power: silence */
#define SILENT_POWER 4e-6f /* -48 dBm0: always silence */
#define VOICE_POWER  8e-6f /* -45 dBm0: what is no tone and louder is a voice */
#define VOICE_MAX_MS 60000u
#define NEAR_PART    0.04f /* frequencies that are the same: by so much, and */
#define NEAR_HZ      8.0f
#define STEADY_PART  0.015f
#define STEADY_POWER 2.5f
#define EDGE_PART    0.4f

bool progress_near(float a, float b)
{
	return fabsf(a - b) <= NEAR_PART * b + NEAR_HZ;
}

/* ---- how it travels ---- */

#define HZ_BITS   12u
#define HZ_MAX    4095u
#define TENTHS    10u
#define TIME_MAX  65535u
#define TIME_BITS 16u

static uint32_t cut(uint32_t v, uint32_t most)
{
	return v < most ? v : most;
}

struct progress_packed progress_pack(const struct progress_heard *h)
{
	return (struct progress_packed){
		.value = (uint32_t)h->kind << (2 * HZ_BITS + 4) |
			 cut(h->confidence / TENTHS, 15) << 2 * HZ_BITS | cut(h->hz[0], HZ_MAX) << HZ_BITS |
			 cut(h->hz[1], HZ_MAX),
		.times = cut(h->on_ms, TIME_MAX) << TIME_BITS | cut(h->off_ms, TIME_MAX),
	};
}

struct progress_heard progress_unpack(struct progress_packed p)
{
	return (struct progress_heard){
		.kind = (enum progress_kind)(p.value >> (2 * HZ_BITS + 4)),
		.confidence = (p.value >> 2 * HZ_BITS & 15) * TENTHS,
		.hz = {p.value >> HZ_BITS & HZ_MAX, p.value & HZ_MAX},
		.on_ms = p.times >> TIME_BITS,
		.off_ms = p.times & TIME_MAX,
	};
}

/* ---- a country's cadences ---- */

/* Frequencies that no spectrum tells apart are one. */
static void join_tones(const struct pattern_part *p, float ret_hz[2])
{
	double sum[2] = {0, 0}, weight[2] = {0, 0};

	for (size_t i = 0; i < PATTERN_HZ_MAX && p->tones[i].hz > 0; i++) {
		double hz = p->tones[i].hz, w = p->tones[i].weight;
		bool second = weight[0] > 0 && fabs(hz - sum[0] / weight[0]) > 62;

		sum[second] += hz * w;
		weight[second] += w;
	}
	for (size_t i = 0; i < 2; i++)
		ret_hz[i] = weight[i] > 0 ? (float)(sum[i] / weight[i]) : 0;
}

/* Only those of one tone, with pauses. A list of ours: it can be read. */
static struct progress_cadence cadence_of(const char *pattern)
{
	struct pattern_part parts[2 * PROGRESS_PAIRS];
	struct progress_cadence c = {.n = 0};
	size_t n;

	if (pattern_parse(pattern, parts, 2 * PROGRESS_PAIRS, &n))
		return c;
	join_tones(&parts[0], c.hz);
	for (size_t i = 0; i + 1 < n && pattern_sounds(&parts[i]) && !pattern_sounds(&parts[i + 1]); i += 2) {
		c.on_ms[c.n] = parts[i].ms;
		c.off_ms[c.n++] = parts[i + 1].ms;
	}
	return c;
}

static void take_country(struct progress *p, const struct national *country)
{
	p->country = country;
	memset(p->cadences, 0, sizeof(p->cadences));
	for (unsigned i = 0; country && i < NATIONAL_TONES; i++)
		p->cadences[i] = cadence_of(country->tones[i]);
}

void progress_init(struct progress *p)
{
	memset(p, 0, sizeof(*p));
	tonal_init(&p->tonal);
}

/* ---- runs ---- */

static uint32_t on_ms(const struct progress_now *now)
{
	uint32_t ms = now->hops * TONAL_HOP_MS;

	return ms > LATE_MS ? ms - LATE_MS : 0;
}

struct progress_run progress_present(const struct progress *p)
{
	const struct progress_now *now = &p->now;
	struct progress_run r = {.on_ms = on_ms(now)};
	unsigned hops = now->singles + now->pairs;

	if (!hops)
		return r;
	/* Two when there mostly were two; else the stronger one. */
	if (now->pairs > now->singles) {
		r.hz[0] = now->pair[0] / (float)now->pairs;
		r.hz[1] = now->pair[1] / (float)now->pairs;
	} else {
		r.hz[0] = now->single / (float)now->singles;
	}
	r.steady = now->most <= now->least * STEADY_POWER &&
		   now->highest - now->lowest <= STEADY_PART * now->lowest + 2;
	return r;
}

static void count(struct progress_now *now, const struct tonal_frame *f)
{
	bool swapped = f->hz[1] < f->hz[0];

	if (f->n == 2) {
		now->pair[0] += f->hz[swapped];
		now->pair[1] += f->hz[!swapped];
		now->pairs++;
	} else {
		now->single += f->hz[0];
		now->singles++;
	}
	if (f->hz[0] < now->lowest)
		now->lowest = f->hz[0];
	if (f->hz[0] > now->highest)
		now->highest = f->hz[0];
}

static void begin(struct progress *p, const struct tonal_frame *f, unsigned hops)
{
	p->now = (struct progress_now){.on = true, .hops = hops, .power = f->power};
	p->tonal_hops = 0;
	progress_begun(p);
}

static void end(struct progress *p)
{
	struct progress_run r = progress_present(p);

	p->now.on = false;
	r.off_ms = p->now.misses * TONAL_HOP_MS + LATE_MS;
	memmove(&p->runs[1], &p->runs[0], sizeof(p->runs) - sizeof(p->runs[0]));
	p->runs[0] = r;
	if (p->n_runs < PROGRESS_RUNS)
		p->n_runs++;
}

/* Is its strongest tone one of those that the run has? */
static bool goes_on(const struct progress_now *now, const struct tonal_frame *f)
{
	for (size_t i = 0; i < now->n_ref; i++)
		if (progress_near(f->hz[0], now->ref[i]))
			return true;
	return now->n_ref == 0;
}

/* Its window holds nothing but this tone. */
static void mind_whole(struct progress_now *now, const struct tonal_frame *f)
{
	if (now->n_ref == 0) {
		now->n_ref = f->n;
		memcpy(now->ref, f->hz, sizeof(now->ref));
		now->lowest = now->highest = f->hz[0];
		now->power = now->least = now->most = f->power;
	}
	now->power += (f->power - now->power) * 0.1f;
	/* What falls farther may be its end. */
	if (f->power > now->power * EDGE_PART)
		now->least = fminf(now->least, f->power);
	now->most = fmaxf(now->most, f->power);
	count(now, f);
}

static void mind_tone(struct progress *p, const struct tonal_frame *f, progress_fn *fn, void *arg)
{
	struct progress_now *now = &p->now;

	if (now->hops < REF_HOPS)
		now->power = fmaxf(now->power, f->power);
	if (f->power < now->power * QUIET_PART) {
		end(p);
		return;
	}
	if (f->n == 0 || !goes_on(now, f)) {
		now->misses += f->n == 0;
		now->changes += f->n != 0;
		if (now->changes >= CHANGES_MAX || now->misses > MISSES_MAX) {
			end(p);
			/* Another tone stands where it stood: no pause. */
			if (f->n) {
				p->runs[0].off_ms = 0;
				begin(p, f, CHANGES_MAX);
			}
		}
		return;
	}
	now->hops += 1 + now->misses + now->changes;
	now->misses = now->changes = 0;
	if (now->hops >= REF_HOPS)
		mind_whole(now, f);
	progress_sounds(p, fn, arg);
}

static void mind_pause(struct progress *p, const struct tonal_frame *f, progress_fn *fn, void *arg)
{
	struct progress_run *last = p->n_runs ? &p->runs[0] : NULL;
	bool silent = f->power < SILENT_POWER || (last && f->power < p->now.power * SILENT_PART);

	if (last && last->off_ms < TIME_MAX)
		last->off_ms += TONAL_HOP_MS;
	if (!silent && !f->n) {
		if (last)
			last->sound_ms += TONAL_HOP_MS;
		if (f->power > VOICE_POWER && p->voice_ms < VOICE_MAX_MS)
			p->voice_ms += TONAL_HOP_MS;
	}
	p->tonal_hops = f->n ? p->tonal_hops + 1 : 0;
	if (p->tonal_hops >= BEGIN_HOPS) {
		if (last)
			last->off_ms -= (BEGIN_HOPS - 1) * TONAL_HOP_MS;
		begin(p, f, BEGIN_HOPS);
	} else {
		progress_pauses(p, fn, arg);
	}
}

struct listener {
	struct progress *p;
	progress_fn *fn;
	void *arg;
};

static void on_frame(void *arg, const struct tonal_frame *f)
{
	const struct listener *l = arg;

	if (l->p->now.on)
		mind_tone(l->p, f, l->fn, l->arg);
	else
		mind_pause(l->p, f, l->fn, l->arg);
}

void progress_hear(struct progress *p, const struct national *country, uint32_t rate_hz, const int16_t *pcm,
	size_t n, progress_fn *fn, void *arg)
{
	struct listener l = {p, fn, arg};

	if (country != p->country)
		take_country(p, country);
	tonal_hear(&p->tonal, rate_hz, pcm, n, on_frame, &l);
}
