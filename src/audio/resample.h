/*
 * From one sample rate to another, 16-bit mono. The steps 8/16, 16/32 and 24/48 kHz go through our own
 * half-band filter, because they decide what a call costs; every other ratio through speexdsp.
 */
#ifndef OH_AUDIO_RESAMPLE_H
#define OH_AUDIO_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct resample;

/* Samples in at one time at most: 20 ms at 48 kHz. */
#define RESAMPLE_MAX 960u

/* Rates 1,000 to 384,000 Hz, different from each other. OH_EINVAL, OH_ENOMEM. */
int resample_new(uint32_t in_hz, uint32_t out_hz, struct resample **ret_resample);
struct resample *resample_free(struct resample *r);

/* Takes all n <= RESAMPLE_MAX samples (an even number when the rate halves), writes at most cap; returns how
 * many. When n * out / in is whole in every call, it is what comes out. Does not allocate. */
size_t resample_run(struct resample *r, const int16_t *in, size_t n, int16_t *out, size_t cap);

/* Forgets the past. */
void resample_reset(struct resample *r);
/* Samples of the input's rate by which the output comes later (rounded up): so much silence flushes it. */
size_t resample_delay(const struct resample *r);
/* The same in samples of the output's rate: so many at the beginning are nothing but the filter filling up. */
size_t resample_lead(const struct resample *r);

/* ---- the half-band filter (resample_half.c) ---- */

/* Every second tap of a half-band filter is zero but for the middle one: what is left of 47 taps is 24 and
 * the middle. Rates as 8 and 16 kHz: flat to 3.4 kHz, -6 dB at 4 kHz, 55 dB down from 4.6 kHz. */
#define HALF_TAPS 24u
#define HALF_PAST (HALF_TAPS - 1)
#define HALF_MID \
	12u /* by so many samples of the lower rate the other branch is delayed (halving: one less) */

struct half {
	float filtered[HALF_PAST]; /* the past of the branch that is filtered */
	int16_t delayed[HALF_MID]; /* the past of the branch that is only delayed */
};

void half_up(struct half *h, const int16_t *in, size_t n, int16_t *out);   /* 2n out */
void half_down(struct half *h, const int16_t *in, size_t n, int16_t *out); /* n / 2 out, n even */

#endif
