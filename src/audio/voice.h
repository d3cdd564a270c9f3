/*
 * What speexdsp does for a microphone: echo cancellation, noise suppression, automatic gain; in frames of 10 ms, on the
 * card's thread, by the card's clock.
 *
 * The canceller hears what goes to the speaker. The speaker's thread and the microphone's may be two: a ring lies between.
 * Both cards count samples, and the reference of the microphone's n-th is the speaker's n-th: what comes late is missed
 * once and does not shift what follows, because the canceller has learnt where the echo stands. Only when the two have
 * drifted apart are they set anew.
 */
#ifndef OH_AUDIO_VOICE_H
#define OH_AUDIO_VOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct voice;

#define VOICE_FRAME_MS  10u
#define VOICE_FRAME_MAX 480u

struct voice_cfg {
	uint32_t rate_hz; /* 8000 .. 48000 */
	uint32_t echo_ms; /* the tail of the canceller, 0: none; at most 500 */
	bool noise, gain;
};

/* *ret_voice NULL: nothing is asked for. OH_ENOMEM. */
int voice_new(const struct voice_cfg *cfg, struct voice **ret_voice);
struct voice *voice_free(struct voice *v);

/* The speaker's thread: this goes out. */
void voice_said(struct voice *v, const int16_t *pcm, size_t n);
/* The microphone's thread: one frame, in place. */
void voice_clean(struct voice *v, int16_t *pcm);

#endif
