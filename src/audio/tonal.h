/*
 * Is what is heard one tone or two, and which? Every 10 ms a spectrum of the last 64 (an FFT of 512 at 8 kHz, Hann): what
 * lies within 62 Hz around a peak is one tone, however it beats; when two of them are nearly all there is, it is tonal.
 *
 * Plain values; the media thread. No allocation.
 */
#ifndef OH_AUDIO_TONAL_H
#define OH_AUDIO_TONAL_H

#include "audio/narrow.h"

#include <stdbool.h>

#define TONAL_N      512u
#define TONAL_HOP    80u
#define TONAL_HOP_MS 10u

struct tonal_frame {
	float power; /* mean square of full scale 1, as a Hann window sees the last 64 ms */
	size_t n;    /* tones: 0, 1 or 2; 0: it is not tonal */
	float hz[2]; /* the stronger one first */
};

struct tonal {
	struct narrow narrow;
	size_t waiting;
	float past[TONAL_N];
	float window[TONAL_N];
	float cosine[TONAL_N / 2], sine[TONAL_N / 2];
};

typedef void tonal_fn(void *arg, const struct tonal_frame *f);

void tonal_init(struct tonal *t);
/* Some samples at a multiple of 8 kHz, at most 20 ms; pcm NULL: silence. Calls fn for each 10 ms of them. */
void tonal_hear(struct tonal *t, uint32_t rate_hz, const int16_t *pcm, size_t n, tonal_fn *fn, void *arg);

#endif
