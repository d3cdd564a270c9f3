/*
 * Comfort noise (RFC 3389): how loud the silence is, and of what colour. One side measures and describes it in a few
 * bytes, the other one makes noise like it. And who says when there is silence: a detector of voice.
 *
 * Plain values, no allocation; media thread.
 */
#ifndef OH_CODEC_NOISE_H
#define OH_CODEC_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOISE_ENCODING  "CN"
#define NOISE_STATIC_PT 13u /* at a clock of 8000; any other clock has a dynamic one (RFC 3389 4) */
#define NOISE_ORDER     8u  /* of what is told and made; more that a peer tells is left out (3) */
#define NOISE_BYTES     (1 + NOISE_ORDER)

/* The noise of a peer. */
struct noise {
	float gain; /* of the excitation */
	float k[NOISE_ORDER], past[NOISE_ORDER];
	uint32_t random;
	uint8_t order;
};

/* What a payload describes. False: it is none, and nothing has changed. */
bool noise_hear(struct noise *noise, const uint8_t *payload, size_t n);
void noise_play(struct noise *noise, int16_t *pcm, size_t n);
/* Describes n >= 1 samples; returns how many bytes. */
size_t noise_describe(const int16_t *pcm, size_t n, uint8_t payload[NOISE_BYTES]);

/* Is somebody speaking? Zero is a detector that has heard nothing. In doubt it says yes. */
struct vad {
	float floor;      /* mean square of what lies below the voice */
	uint32_t hang_ms; /* still counted as voice */
};

/* The next n samples, `ms` long. */
bool vad_voice(struct vad *v, const int16_t *pcm, size_t n, uint32_t ms);

#endif
