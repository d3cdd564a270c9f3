#include "audio/progress_impl.h"

#include <math.h>

/* Cadences are kept to within 10 % (E.180 4-6), and we hear them to within a window's edge. */
#define SLACK_PART 0.12f
#define SLACK_MS   25.0f

/* Of networks in general (E.180 4-6, and all countries of the list). */
#define NET_LEAST_HZ     330.0f
#define NET_MOST_HZ      660.0f
#define DIAL_MOST_HZ     470.0f
#define DIAL_MS          2600u /* longer than any ringback */
#define RING_LEAST_MS    600u
#define RING_MOST_MS     2300u
#define RING_PAUSE_MS    1200u /* longer than any pause of a busy tone; what is known of a country needs ... */
#define RING_KNOWN_MS    900u
#define DOUBLE_LEAST_MS  300u
#define DOUBLE_MOST_MS   500u
#define PAIR_LEAST_MS    100u
#define BUSY_CYCLE_MS    560u /* faster is congestion */
#define ALIKE_LEAST      0.67f
#define QUICK_ON_MS      300u
#define QUICK_PAUSE_MS   1000u
#define SOUND_PART       0.3f /* of a pause; more is no pause */
#define FORGET_MS        12000u
#define VOICE_BETWEEN_MS 600u

#define SIT_LEAST_MS 200u
#define SIT_MOST_MS  450u
#define SIT_GAP_MS   80u

#define CNG_HZ       1100.0f /* T.30 4.1.2: within 38 Hz, 0.5 s within 15 % */
#define CNG_OFF_HZ   38.0f
#define CNG_LEAST_MS 400u
#define CNG_MOST_MS  600u
#define CED_HZ       2100.0f /* T.30 4.2.2: within 15 Hz */
#define CED_OFF_HZ   20.0f
#define CED_MS       500u
#define ENDED_MS     200u /* of silence: it was not the first of several */

#define BEEP_LEAST_MS 120u
#define BEEP_MOST_MS  1600u
#define BEEP_LEAST_HZ 380.0f
#define BEEP_MOST_HZ  2700.0f
#define BEEP_VOICE_MS 600u  /* of speech before it */
#define BEEP_APART_MS 4000u /* from anything like it */

static void tell(struct progress *p, enum progress_kind kind, unsigned confidence,
	const struct progress_run *r, progress_fn *fn, void *arg)
{
	struct progress_heard h = {
		.kind = kind,
		.confidence = confidence,
		.hz = {(uint32_t)lrintf(r->hz[0]), (uint32_t)lrintf(r->hz[1])},
		.on_ms = r->on_ms,
		.off_ms = r->off_ms,
	};

	if (p->told == kind)
		return;
	p->told = kind;
	p->voice_ms = 0;
	fn(arg, &h);
}

/* ---- parts of a cadence ---- */

static float apart(uint32_t is_ms, uint32_t ought_ms)
{
	return fabsf((float)is_ms - (float)ought_ms) / (SLACK_PART * (float)ought_ms + SLACK_MS);
}

static bool same_tone(const float a[2], const float b[2])
{
	if ((a[0] > 0) != (b[0] > 0) || (a[1] > 0) != (b[1] > 0))
		return false;
	return progress_near(a[0], b[0]) && (a[1] <= 0 || progress_near(a[1], b[1]));
}

static bool is_quiet(const struct progress_run *r)
{
	return (float)r->sound_ms <= SOUND_PART * (float)r->off_ms;
}

static bool is_of_network(const struct progress_run *r)
{
	return r->hz[0] >= NET_LEAST_HZ && r->hz[0] <= NET_MOST_HZ && r->hz[1] <= NET_MOST_HZ;
}

static bool is_single(const struct progress_run *r, float hz, float off)
{
	return r->hz[1] <= 0 && fabsf(r->hz[0] - hz) <= off;
}

static bool within(uint32_t v, uint32_t least, uint32_t most)
{
	return v >= least && v <= most;
}

/* How far the newest n pairs are from this cadence, in whatever round of it they are; above 1: they are not of it. */
static float distance(const struct progress *p, const struct progress_cadence *c, size_t n)
{
	float best = 2;

	for (size_t turn = 0; turn < c->n; turn++) {
		float worst = 0;

		for (size_t i = 0; i < n; i++) {
			const struct progress_run *r = &p->runs[i];
			size_t k = (turn + n - 1 - i) % c->n;

			worst = fmaxf(worst, apart(r->on_ms, c->on_ms[k]));
			worst = fmaxf(worst, apart(r->off_ms, c->off_ms[k]));
			if (!same_tone(r->hz, c->hz) || !is_quiet(r))
				worst = 2;
		}
		best = fminf(best, worst);
	}
	return best;
}

/* ---- busy and congestion: by whole pairs ---- */

static void tell_known_pairs(struct progress *p, progress_fn *fn, void *arg)
{
	const struct progress_cadence *busy = &p->cadences[NATIONAL_BUSY],
				      *congestion = &p->cadences[NATIONAL_CONGESTION];
	size_t n = busy->n > congestion->n ? busy->n : congestion->n;
	float a, b;

	/* As many as the longer one has: its parts may look like the other. */
	if (n < 2)
		n = 2;
	if (p->n_runs < n)
		return;
	a = distance(p, busy, n);
	b = distance(p, congestion, n);
	if (a > 1 && b > 1)
		return;
	/* Where a country has one tone for both, it is taken for busy. */
	if (a <= b)
		tell(p, PROGRESS_BUSY, a == b ? 50 : 90, &p->runs[0], fn, arg);
	else
		tell(p, PROGRESS_CONGESTION, 90, &p->runs[0], fn, arg);
}

/* Without a country: tone and pause alike, twice; by how fast they follow. */
static void tell_pairs(struct progress *p, progress_fn *fn, void *arg)
{
	const struct progress_run *a = &p->runs[0], *b = &p->runs[1];
	uint32_t cycle = a->on_ms + a->off_ms;
	float ratio;

	if (p->n_runs < 2 || !is_of_network(a) || !same_tone(a->hz, b->hz) || !is_quiet(a) || !is_quiet(b) ||
		apart(a->on_ms, b->on_ms) > 1 || apart(a->off_ms, b->off_ms) > 1 || a->on_ms < PAIR_LEAST_MS)
		return;
	ratio = (float)a->on_ms / (float)a->off_ms;
	if (ratio >= ALIKE_LEAST && ratio <= 1 / ALIKE_LEAST)
		tell(p, cycle > BUSY_CYCLE_MS ? PROGRESS_BUSY : PROGRESS_CONGESTION,
			cycle > BUSY_CYCLE_MS ? 80 : 60, a, fn, arg);
	else if (a->on_ms <= QUICK_ON_MS && a->off_ms <= QUICK_PAUSE_MS)
		tell(p, PROGRESS_CONGESTION, 50, a, fn, arg);
}

/* ---- ringback: by its tone, and a pause that is longer than others ---- */

static bool is_known_ring(const struct progress *p)
{
	const struct progress_cadence *c = &p->cadences[NATIONAL_RINGBACK];
	const struct progress_run *last = &p->runs[0];

	if (!c->n || p->n_runs < c->n || !same_tone(last->hz, c->hz) || !is_quiet(last) ||
		apart(last->on_ms, c->on_ms[c->n - 1]) > 1)
		return false;
	for (size_t i = 1; i < c->n; i++)
		if (!same_tone(p->runs[i].hz, c->hz) || apart(p->runs[i].on_ms, c->on_ms[c->n - 1 - i]) > 1 ||
			apart(p->runs[i].off_ms, c->off_ms[c->n - 1 - i]) > 1)
			return false;
	return true;
}

static bool is_some_ring(const struct progress *p)
{
	const struct progress_run *a = &p->runs[0], *b = &p->runs[1];

	if (!is_of_network(a) || !is_quiet(a))
		return false;
	if (within(a->on_ms, RING_LEAST_MS, RING_MOST_MS))
		return true;
	return p->n_runs > 1 && same_tone(a->hz, b->hz) && is_quiet(b) &&
	       within(a->on_ms, DOUBLE_LEAST_MS, DOUBLE_MOST_MS) &&
	       within(b->on_ms, DOUBLE_LEAST_MS, DOUBLE_MOST_MS) && b->off_ms < a->on_ms;
}

static void mind_ring(struct progress *p, progress_fn *fn, void *arg)
{
	if (p->country ? is_known_ring(p) : is_some_ring(p))
		tell(p, PROGRESS_RINGBACK, p->country ? 90 : 70, &p->runs[0], fn, arg);
}

/* ---- what stands alone ---- */

static bool is_sit(const struct progress *p, const struct progress_run *third)
{
	static const float least[] = {880, 1340, 1730}, most[] = {1010, 1460, 1880};
	const struct progress_run *runs[] = {&p->runs[1], &p->runs[0], third};

	if (p->n_runs < 2 || third->on_ms < SIT_LEAST_MS)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (runs[i]->hz[0] < least[i] || runs[i]->hz[0] > most[i] || runs[i]->on_ms > SIT_MOST_MS ||
			(i < 2 && (runs[i]->on_ms < SIT_LEAST_MS || runs[i]->off_ms > SIT_GAP_MS)))
			return false;
	return true;
}

static bool is_dial(const struct progress *p, const struct progress_run *r)
{
	if (p->country)
		return p->cadences[NATIONAL_DIAL].n == 0 && same_tone(r->hz, p->cadences[NATIONAL_DIAL].hz);
	return r->hz[0] >= NET_LEAST_HZ && r->hz[0] <= DIAL_MOST_HZ && r->hz[1] <= DIAL_MOST_HZ;
}

static bool is_beep(const struct progress *p)
{
	const struct progress_run *r = &p->runs[0];
	uint32_t since_ms = r->on_ms;

	if (!r->steady || r->hz[1] > 0 || r->hz[0] < BEEP_LEAST_HZ || r->hz[0] > BEEP_MOST_HZ ||
		!within(r->on_ms, BEEP_LEAST_MS, BEEP_MOST_MS) || p->voice_ms < BEEP_VOICE_MS || !is_quiet(r))
		return false;
	for (size_t i = 1; i < p->n_runs; i++) {
		since_ms += p->runs[i].off_ms;
		if (since_ms < BEEP_APART_MS && same_tone(p->runs[i].hz, r->hz))
			return false;
		since_ms += p->runs[i].on_ms;
	}
	return true;
}

/* ---- when ---- */

/* What was told may be told again after somebody has spoken, or after a long silence. */
void progress_begun(struct progress *p)
{
	if (p->voice_ms >= VOICE_BETWEEN_MS || (p->n_runs && p->runs[0].off_ms >= FORGET_MS))
		p->told = (enum progress_kind)0;
}

void progress_sounds(struct progress *p, progress_fn *fn, void *arg)
{
	struct progress_run r = progress_present(p);

	/* The pause before it is whole: a pair more. */
	if (r.on_ms >= PAIR_LEAST_MS && r.on_ms < PAIR_LEAST_MS + TONAL_HOP_MS && p->n_runs) {
		if (p->country)
			tell_known_pairs(p, fn, arg);
		else
			tell_pairs(p, fn, arg);
	}
	if (is_sit(p, &r))
		tell(p, PROGRESS_SIT, 90, &r, fn, arg);
	else if (r.on_ms >= CED_MS && is_single(&r, CED_HZ, CED_OFF_HZ))
		tell(p, PROGRESS_FAX_ANSWERS, 90, &r, fn, arg);
	else if (r.on_ms >= DIAL_MS && is_dial(p, &r))
		tell(p, PROGRESS_DIAL, p->country ? 80 : 60, &r, fn, arg);
}

/* Each hop of a pause, so that each of its lengths is met once. */
static bool reaches(const struct progress_run *r, uint32_t ms)
{
	return r->off_ms >= ms && r->off_ms < ms + TONAL_HOP_MS;
}

void progress_pauses(struct progress *p, progress_fn *fn, void *arg)
{
	const struct progress_run *r = &p->runs[0];

	if (!p->n_runs)
		return;
	if (reaches(r, ENDED_MS) && is_single(r, CNG_HZ, CNG_OFF_HZ) && is_quiet(r) &&
		within(r->on_ms, CNG_LEAST_MS, CNG_MOST_MS)) {
		tell(p, PROGRESS_FAX_CALLS, 70, r, fn, arg);
		return;
	}
	/* What a network might say once more is not taken for a beep before it has not. */
	if (reaches(r, is_of_network(r) ? RING_PAUSE_MS : ENDED_MS) && is_beep(p)) {
		tell(p, PROGRESS_BEEP, is_of_network(r) ? 60 : 80, r, fn, arg);
		return;
	}
	if (reaches(r, p->country ? RING_KNOWN_MS : RING_PAUSE_MS))
		mind_ring(p, fn, arg);
}
