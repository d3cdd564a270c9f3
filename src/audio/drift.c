#include "audio/drift.h"

#include <math.h>
#include <string.h>

/* Too little is a gap soon, and mended within some ten seconds; all else is only early or late, and mended so gently that
 * no measure of likeness sees it. The sum of the errors becomes what the clocks differ by. */
#define GAIN_LITTLE     0.1
#define GAIN_MUCH       0.02
#define GAIN_LITTLE_SUM 0.0025
#define GAIN_MUCH_SUM   0.0003
#define LITTLE_S        0.005

#define MARGIN_STEP_S  0.005
#define MARGIN_MAX_S   1.0
#define MARGIN_FORGETS 0.9997 /* a window without a gap: an hour, because clocks pass each other seldom */

void drift_init(struct drift *d, double base_s)
{
	*d = (struct drift){.base_s = base_s, .margin_s = base_s};
}

static double lowest(struct drift *d, double low_s)
{
	double low = low_s;

	d->lows[d->n_lows++ % DRIFT_WINDOWS] = low_s;
	for (unsigned i = 0; i < d->n_lows && i < DRIFT_WINDOWS; i++)
		low = fmin(low, d->lows[i]);
	return low;
}

static void adapt_margin(struct drift *d, double low_s)
{
	if (low_s < 0)
		d->margin_s = fmin(d->margin_s + MARGIN_STEP_S - low_s, MARGIN_MAX_S);
	else
		d->margin_s = d->base_s + (d->margin_s - d->base_s) * MARGIN_FORGETS;
}

double drift_step(struct drift *d, double low_s, double *ret_cut_s)
{
	double low, error, learned, speed;

	adapt_margin(d, low_s);
	low = lowest(d, low_s);
	error = low - d->margin_s;
	*ret_cut_s = 0;
	if (error > (d->n_lows < DRIFT_WINDOWS ? DRIFT_CUT_NEW_S : DRIFT_CUT_S)) {
		*ret_cut_s = error;
		/* The marks that are remembered are of what has been cut. */
		for (unsigned i = 0; i < DRIFT_WINDOWS; i++)
			d->lows[i] -= error;
		error = 0;
	}
	learned = (error < 0 ? GAIN_LITTLE_SUM : GAIN_MUCH_SUM) * error * DRIFT_WINDOW_S;
	speed = (low < LITTLE_S ? GAIN_LITTLE : GAIN_MUCH) * error + d->sum + learned;
	/* What the limit holds back is not to be remembered. */
	if (fabs(speed) < DRIFT_SPEED_MAX)
		d->sum += learned;
	return fmax(-DRIFT_SPEED_MAX, fmin(DRIFT_SPEED_MAX, speed));
}

double drift_known(const struct drift *d)
{
	return d->sum;
}

/* ---- by a hair ---- */

/* Blackman's window, over all taps. */
static double window(double x)
{
	double turn = 2 * M_PI * (x + HAIR_TAPS / 2.0) / HAIR_TAPS;

	return 0.42 - 0.5 * cos(turn) + 0.08 * cos(2 * turn);
}

static double sinc(double x)
{
	return x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
}

void hair_init(struct hair *h)
{
	memset(h->in, 0, sizeof(h->in));
	h->fill = HAIR_TAPS - 1;
	h->at = 0;
	h->step = 1;
	for (unsigned p = 0; p <= HAIR_PHASES; p++) {
		for (unsigned k = 0; k < HAIR_TAPS; k++) {
			double x = (double)k - (HAIR_TAPS / 2 - 1) - (double)p / HAIR_PHASES;

			/* At whole places sin() is not quite 0. */
			h->taps[p][k] = p % HAIR_PHASES ? (float)(sinc(x) * window(x)) : x == 0;
		}
	}
}

void hair_speed(struct hair *h, double faster)
{
	h->step = 1 + faster;
}

size_t hair_need(const struct hair *h, size_t n)
{
	/* The last of them begins here. */
	double last = h->at + h->step * (double)(n - 1);
	size_t wanted = (size_t)last + HAIR_TAPS;

	return n && wanted > h->fill ? wanted - h->fill : 0;
}

void hair_put(struct hair *h, const int16_t *pcm, size_t n)
{
	size_t done = (size_t)h->at;

	memmove(h->in, h->in + done, (h->fill - done) * sizeof(*h->in));
	h->fill -= done;
	h->at -= (double)done;
	for (size_t i = 0; i < n; i++)
		h->in[h->fill++] = pcm[i];
}

static int16_t sample_at(const struct hair *h, size_t place, double fraction)
{
	double phase = fraction * HAIR_PHASES;
	unsigned p = (unsigned)phase;
	float b = (float)(phase - p), a = 1 - b, sum = 0;
	const float *x = h->in + place;

	for (unsigned k = 0; k < HAIR_TAPS; k++)
		sum += x[k] * (a * h->taps[p][k] + b * h->taps[p + 1][k]);
	return (int16_t)lrintf(fmaxf(-32768, fminf(32767, sum)));
}

size_t hair_get(struct hair *h, int16_t *pcm, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t place = (size_t)h->at;

		if (place + HAIR_TAPS > h->fill)
			break;
		pcm[done++] = sample_at(h, place, h->at - (double)place);
		h->at += h->step;
	}
	return done;
}
