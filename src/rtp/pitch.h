/* Where a signal repeats itself: for concealment and for time-scaling. */
#ifndef OH_RTP_PITCH_H
#define OH_RTP_PITCH_H

#include <stddef.h>
#include <stdint.h>

struct pitch_search {
	const int16_t *here; /* `window` samples from here are held against those a lag away */
	int side;            /* -1: earlier, +1: later */
	uint32_t min, max;   /* lags */
	uint32_t window;
	uint32_t coarse; /* first every coarse-th lag and sample, then exact around the best; at least 1 */
};

struct pitch {
	uint32_t lag; /* 0: min is above max */
	double likeness; /* square of the normalised correlation, negative when it is; 1: the same but for its level */
};

struct pitch pitch_find(const struct pitch_search *s);

#endif
