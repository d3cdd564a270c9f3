/*
 * DTMF as sound (ITU-T Q.23): queued digits are said in the place of the audio that leaves, for peers that take no
 * telephone-event. From its first digit to the end of the last pause nothing else is heard, so that no voice spoils it.
 * The media thread; no allocation.
 */
#ifndef OH_RTP_DTMF_SOUND_H
#define OH_RTP_DTMF_SOUND_H

#include "base/turning.h"
#include "rtp/dtmf.h"

/* 2 dB apart, because long lines damp what is high (ETSI ES 201 235-2 4.2.2 has -11 and -9 dBV). */
#define DTMF_LOW_DBM0  (-10.0)
#define DTMF_HIGH_DBM0 (-8.0)

enum dtmf_sound_state { DTMF_SOUND_IDLE, DTMF_SOUND_TONE, DTMF_SOUND_PAUSE };

struct dtmf_sound {
	enum dtmf_sound_state state;
	bool finished;      /* the last queued digit has been said; the owner clears it */
	uint32_t at, until; /* samples of this state */
	uint32_t pause;     /* samples */
	struct turning low, high;
};

/* The frequencies of events 0-15, in Hz; false: that one has no sound. */
bool dtmf_hz(unsigned event, double *ret_low, double *ret_high);

/* n samples are due: pcm itself while there is nothing to say, else `out` with what is to leave instead. */
const int16_t *dtmf_sound_step(struct dtmf_sound *t, struct dtmf_queue *q, uint32_t rate_hz,
	const int16_t *pcm, int16_t *out, size_t n);
/* The direction has closed, or the sample rate is another one: what was being said is given up and has its end, what is
 * queued waits. */
void dtmf_sound_stop(struct dtmf_sound *t, const struct dtmf_queue *q);

#endif
