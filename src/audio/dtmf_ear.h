/*
 * DTMF heard in audio (ITU-T Q.23, Q.24): a digit is two tones of the two groups, each within 1.5 % of its frequency, that
 * together are nearly all that is heard for 40 ms. Judged every 5 ms over the last 20: a Goertzel sum for each of the eight
 * frequencies in blocks of 5 ms, whose phases tell how far off a tone is. A digit is told once, when it has ended: less than
 * 25 ms without it is an interruption.
 *
 * What was lost on the way may have held a part of a digit: one that begins where a gap was filled needs to be heard for
 * less long, and one that sounded into a gap and sounds behind it has lasted.
 *
 * What of Q.24 it keeps is in docs/tones.md, as measured. Plain values; the media thread. No allocation.
 */
#ifndef OH_AUDIO_DTMF_EAR_H
#define OH_AUDIO_DTMF_EAR_H

#include "audio/narrow.h"

#include <stdbool.h>

#define DTMF_EAR_TONES  8u  /* four low ones, four high ones */
#define DTMF_EAR_BLOCK  40u /* samples: 5 ms at 8 kHz */
#define DTMF_EAR_BLOCKS 4u

struct dtmf_ear_sum {
	float re, im;
};

struct dtmf_ear {
	struct narrow narrow;
	float hum_in, hum_out; /* of the filter against what is below 200 Hz */
	/* The block that is being heard. */
	size_t n;
	float energy;
	struct dtmf_ear_sum
		state[DTMF_EAR_TONES]; /* of Goertzel's recursion: re the newest, im the one before */
	/* The last blocks, newest first. */
	float energies[DTMF_EAR_BLOCKS];
	struct dtmf_ear_sum sums[DTMF_EAR_BLOCKS][DTMF_EAR_TONES];
	/* What comes of it. */
	bool heard; /* `digit` is a digit; else one that may become one */
	char digit; /* 0: none */
	char next;  /* while one is heard: another that may be */
	unsigned hits, misses, next_hits;
	unsigned needed;  /* hits that make a digit of it */
	unsigned made_up; /* of the blocks that come, so many are no sound of the peer's */
	unsigned near;    /* so many windows from now have, or follow, made-up sound */
	unsigned bridged; /* made-up blocks without the digit, since it was heard last */
	uint32_t blocks;  /* since its first hit */
	uint32_t last;    /* its last hit */
	struct dtmf_ear_sum turn[DTMF_EAR_TONES]; /* of one block at its frequency */
	float coefficient[DTMF_EAR_TONES];
};

/* A digit has ended `ago_ms` (at most 80) before the end of what was just given, after `duration_ms`. */
typedef void dtmf_ear_fn(void *arg, char digit, uint32_t duration_ms, uint32_t ago_ms);

void dtmf_ear_init(struct dtmf_ear *e);
/* Some samples at a multiple of 8 kHz, at most 20 ms; pcm NULL: silence. May call fn. */
void dtmf_ear_hear(
	struct dtmf_ear *e, uint32_t rate_hz, const int16_t *pcm, size_t n, dtmf_ear_fn *fn, void *arg);
/* The next ms of sound are made up, because nothing came. */
void dtmf_ear_gap(struct dtmf_ear *e, uint32_t ms);
/* Nothing that follows belongs to what was heard so far: a digit under way ends. May call fn. */
void dtmf_ear_break(struct dtmf_ear *e, dtmf_ear_fn *fn, void *arg);

#endif
