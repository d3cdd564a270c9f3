/*
 * Is somebody speaking? By what stands out of the noise: two bands (below and above 2 kHz, told apart by the correlation
 * of neighbouring samples), each against its own floor, which is the quietest that the band was in the last seconds. So a
 * fan, a car or a hum is no speech once it has lasted that long, nor is a steady tone; music is. Speech begins when
 * enough frames in a row stand out, and ends when none has for as long as the hang-over.
 *
 * Plain values; the media thread. No allocation.
 */
#ifndef OH_AUDIO_VAD_H
#define OH_AUDIO_VAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VAD_BLOCKS     6u
#define VAD_BLOCK_MS   500u /* a floor is the quietest of VAD_BLOCKS of these */
#define VAD_BANDS      2u
#define VAD_LEAST_DBOV (-55.0f) /* softer is no speech */

struct vad_cfg {
	uint32_t start_ms; /* speech begins after so much of it; default 60 */
	uint32_t hang_ms;  /* and ends after so much without; default 400 */
	float snr_db;      /* what stands out of its floor by so much; default 8 */
};
void vad_cfg_defaults(struct vad_cfg *cfg);

struct vad {
	bool speaking;
	float level_dbov, noise_dbov; /* of the last speech; of the floor */

	uint32_t active_ms, quiet_ms;
	uint32_t block_ms, block;
	float smooth[VAD_BANDS];
	float least[VAD_BANDS][VAD_BLOCKS]; /* mean squares, of full scale 1 */
	bool begun;
};

void vad_init(struct vad *v);
/* One frame of n samples that lasts ms; pcm NULL: silence. Is somebody speaking? */
bool vad_frame(struct vad *v, const struct vad_cfg *cfg, const int16_t *pcm, size_t n, uint32_t ms);
/* The mean square of n samples, n > 0, of full scale 1. */
float vad_power(const int16_t *pcm, size_t n);
/* vad_power() > power, by as few samples as it takes. */
bool vad_is_louder(const int16_t *pcm, size_t n, float power);
/* A mean square of full scale 1 in dBov, at least -96. */
float vad_dbov(float power);

#endif
