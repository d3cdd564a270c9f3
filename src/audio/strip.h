/*
 * A strip, as on a mixing desk: what a connection, all that a slot gives, or all that it hears passes through when it is
 * more than a constant level: a level that moves, a delay, ducking. It lives as long as it is needed; a level that has come
 * to rest is a weight of the mix again, and one that is 1 changes no bit.
 *
 * Signalling makes it, and says in each plan what is wanted; the media thread runs it once a tick. What it gives is cut at
 * 16 bits.
 */
#ifndef OH_AUDIO_STRIP_H
#define OH_AUDIO_STRIP_H

#include "audio/vad.h"

#include <stdatomic.h>

/* A straight line from one factor to another. */
struct glide {
	float from, goal;
	uint32_t done, total; /* samples */
};

struct strip_want {
	uint32_t turn;    /* grows with each new wish */
	uint32_t leveled; /* the turn that wished the level */
	float level;      /* to be reached ... */
	uint32_t ramp;    /* ... over so many samples */
	bool ducks;
	float low;                /* 0..1: what is left while the trigger speaks */
	uint32_t attack, release; /* samples for the whole way down, up */
};

/* Of one tick; NULL is silence. */
struct strip_input {
	const int16_t *pcm;
	const int16_t *trigger;
	const int16_t *past; /* goes past the ducking, times past_level */
	float past_level;
	size_t n;
	uint32_t frame_ms;
	uint64_t tick;
};

struct strip {
	_Atomic uint32_t rested; /* the turn that has come to rest: nothing moves any more */

	/* Media thread. */
	uint32_t leveled;
	struct glide level, duck;
	struct vad vad;
	uint64_t ran;       /* tick + 1 of the last run */
	const int16_t *out; /* what it gave then; NULL: silence */
	int16_t *ring;      /* of what is delayed; NULL: nothing is */
	size_t ring_n, ring_at, sounding;
	int16_t *frame;
	void *block;
};

/* The level that it begins with; stride: samples in a frame buffer; delay in samples. OH_ENOMEM. */
int strip_init(struct strip *s, float level, size_t stride, size_t delay);
void strip_free_buffers(struct strip *s);

/* Media thread. The frame that comes out, good for this tick, or NULL; a second run in one tick gives the first one's.
 * True in ret_rested when it has come to rest with this frame. */
const int16_t *strip_run(
	struct strip *s, const struct strip_want *w, const struct strip_input *in, bool *ret_rested);

#endif
