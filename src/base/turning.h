/* A pointer that turns by the same angle every sample: no sine a sample, and no error that grows, for its length is put
 * right every frame. */
#ifndef OH_BASE_TURNING_H
#define OH_BASE_TURNING_H

#include <math.h>
#include <stdint.h>

struct turning {
	double re, im, step_re, step_im;
};

/* It says a sine of this amplitude; hz 0: nothing. */
static inline void turning_init(struct turning *w, double hz, uint32_t rate_hz, double amplitude)
{
	double angle = 2 * M_PI * hz / rate_hz;

	*w = (struct turning){.re = hz > 0 ? amplitude : 0, .step_re = cos(angle), .step_im = sin(angle)};
}

static inline double turn(struct turning *w)
{
	double value = w->im, re = w->re * w->step_re - w->im * w->step_im;

	w->im = w->re * w->step_im + w->im * w->step_re;
	w->re = re;
	return value;
}

static inline void turning_keep(struct turning *w, double amplitude)
{
	double length = sqrt(w->re * w->re + w->im * w->im);

	if (length > 0) {
		w->re *= amplitude / length;
		w->im *= amplitude / length;
	}
}

#endif
