/*
 * The telephone band, which is all that detectors of tones need: samples at any multiple of 8 kHz as samples at 8 kHz, by a
 * short windowed sinc. Plain values; the media thread. No allocation.
 */
#ifndef OH_AUDIO_NARROW_H
#define OH_AUDIO_NARROW_H

#include <stddef.h>
#include <stdint.h>

#define NARROW_HZ         8000u
#define NARROW_FACTOR_MAX 6u /* 48 kHz */
#define NARROW_PHASE_TAPS 8u
#define NARROW_TAPS_MAX   (NARROW_PHASE_TAPS * NARROW_FACTOR_MAX)
#define NARROW_IN_MAX     960u /* 20 ms at 48 kHz */
#define NARROW_OUT_MAX    160u

/* All zero: nothing was heard yet. */
struct narrow {
	uint32_t factor;
	float taps[NARROW_TAPS_MAX];
	float past[NARROW_TAPS_MAX];
};

/* n samples, a multiple of rate_hz / 8000 and at most NARROW_IN_MAX, at any of the bridge's rates; full scale is 1. Returns
 * how many of `out` they make. pcm NULL: silence. */
size_t narrow_run(
	struct narrow *w, uint32_t rate_hz, const int16_t *pcm, size_t n, float out[NARROW_OUT_MAX]);

#endif
