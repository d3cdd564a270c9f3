/*
 * Two clocks that mean to be the same: a card's and the bridge's. Between them lies a ring of samples; its low-water mark
 * says whether one is faster, and the card's side resamples by a hair so that the mark stays where it should be.
 *
 * The mark is what a reader leaves behind, at the worst moment of some seconds: it holds the size of the card's blocks, the
 * lateness of threads and everything else that a fixed depth would have to guess.
 */
#ifndef OH_AUDIO_DRIFT_H
#define OH_AUDIO_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- how fast? ---- */

#define DRIFT_WINDOW_S  1.0 /* so long a low-water mark is taken */
#define DRIFT_WINDOWS   3   /* of so many the lowest counts: a card may work in blocks of up to two seconds */
#define DRIFT_SPEED_MAX 0.001 /* a sixtieth of a semitone; clocks differ by less */
#define DRIFT_CUT_S     0.15  /* more than this too much is not worth waiting for */
#define DRIFT_CUT_NEW_S 0.05  /* the same in the first windows: what gathered while the card began to run */

struct drift {
	double base_s, margin_s; /* what should be left, at least and now */
	double lows[DRIFT_WINDOWS];
	unsigned n_lows;
	double sum; /* what the clocks differ by, as learned */
};

void drift_init(struct drift *d, double base_s);
/* After each window: so much was left at the worst moment, negative when it was missing. Returns by which share the side
 * that reads has to be faster (negative: slower), and how many seconds are to be thrown away at once. */
double drift_step(struct drift *d, double low_s, double *ret_cut_s);
/* The lasting part of it: what the clocks differ by. */
double drift_known(const struct drift *d);

/* ---- by a hair ---- */

#define HAIR_TAPS   32u
#define HAIR_PHASES 64u
#define HAIR_MAX    960u /* samples put in or taken out at one time: 20 ms at 48 kHz */

/* Windowed sinc, linear between phases. Without drift the samples come out as they went in, HAIR_TAPS / 2 later. */
struct hair {
	float taps[HAIR_PHASES + 1][HAIR_TAPS];
	float in[2 * HAIR_MAX + 2 * HAIR_TAPS];
	size_t fill;
	double at;   /* the place in `in` where the next one begins */
	double step; /* input a sample of output; 1: no drift */
};

void hair_init(struct hair *h);
/* The input is used up faster by this share. */
void hair_speed(struct hair *h, double faster);
/* So many must be put in before n come out. */
size_t hair_need(const struct hair *h, size_t n);
/* n <= HAIR_MAX; all that can be taken out has been. */
void hair_put(struct hair *h, const int16_t *pcm, size_t n);
/* As many as there are, at most n. */
size_t hair_get(struct hair *h, int16_t *pcm, size_t n);

#endif
