#include "audio/vad.h"

#include <math.h>
#include <string.h>

#define FULL_SCALE   (32768.0f * 32768.0f)
#define LEAST_POWER  2.5e-10f /* -96 dBov: what 16 bits hold */
#define FIRST_FLOOR  1e-5f    /* -50 dBov: what a line is believed to have before it was heard */
#define LOOK_SAMPLES 32u      /* of a voice the first few are loud enough */
#define SMOOTHING    0.3f     /* of a frame of 20 ms, for the floor */
#define FLOOR_BIAS   1.6f     /* the quietest is below the mean by so much (2 dB) */
#define LEVEL_PART   0.05f    /* of a frame, for the level of speech */

void vad_cfg_defaults(struct vad_cfg *cfg)
{
	*cfg = (struct vad_cfg){.start_ms = 60, .hang_ms = 400, .snr_db = 8};
}

void vad_init(struct vad *v)
{
	memset(v, 0, sizeof(*v));
	v->level_dbov = v->noise_dbov = vad_dbov(0);
}

float vad_power(const int16_t *pcm, size_t n)
{
	int64_t energy = 0;

	for (size_t i = 0; i < n; i++)
		energy += (int32_t)pcm[i] * pcm[i];
	return (float)energy / (float)n / FULL_SCALE;
}

bool vad_is_louder(const int16_t *pcm, size_t n, float power)
{
	size_t few = n < LOOK_SAMPLES ? n : LOOK_SAMPLES;

	return vad_power(pcm, few) * (float)few > power * (float)n || vad_power(pcm, n) > power;
}

float vad_dbov(float power)
{
	return 10 * log10f(power < LEAST_POWER ? LEAST_POWER : power);
}

/* Energy below and above a quarter of the rate that the frame has at 8 kHz: sums and differences of samples that are
 * an eighth of a millisecond apart. */
static void split(const int16_t *pcm, size_t n, size_t lag, float ret_power[VAD_BANDS])
{
	int64_t energy = 0, alike = 0;

	for (size_t i = 0; i < lag && i < n; i++)
		energy += (int32_t)pcm[i] * pcm[i];
	for (size_t i = lag; i < n; i++) {
		energy += (int32_t)pcm[i] * pcm[i];
		alike += (int32_t)pcm[i] * pcm[i - lag];
	}
	for (size_t i = 0; i < VAD_BANDS; i++) {
		float e = (float)(i ? energy - alike : energy + alike) / 2 / (float)n / FULL_SCALE;

		ret_power[i] = e < LEAST_POWER ? LEAST_POWER : e;
	}
}

/* The quietest that a band was. */
static float floor_of(const struct vad *v, size_t band)
{
	float least = v->least[band][0];

	for (size_t i = 1; i < VAD_BLOCKS; i++)
		if (v->least[band][i] < least)
			least = v->least[band][i];
	return least * FLOOR_BIAS;
}

static void begin(struct vad *v, const float power[VAD_BANDS])
{
	v->begun = true;
	for (size_t b = 0; b < VAD_BANDS; b++) {
		v->smooth[b] = power[b];
		for (size_t i = 0; i < VAD_BLOCKS; i++)
			v->least[b][i] = FIRST_FLOOR;
	}
}

static void follow_floor(struct vad *v, const float power[VAD_BANDS], uint32_t ms)
{
	v->block_ms += ms;
	if (v->block_ms >= VAD_BLOCK_MS) {
		v->block_ms = 0;
		v->block = (v->block + 1) % VAD_BLOCKS;
		for (size_t b = 0; b < VAD_BANDS; b++)
			v->least[b][v->block] = v->smooth[b];
	}
	for (size_t b = 0; b < VAD_BANDS; b++) {
		v->smooth[b] += (power[b] - v->smooth[b]) * SMOOTHING;
		if (v->smooth[b] < v->least[b][v->block])
			v->least[b][v->block] = v->smooth[b];
	}
}

static bool stands_out(const struct vad *v, const float power[VAD_BANDS], float snr)
{
	if (vad_dbov(power[0] + power[1]) < VAD_LEAST_DBOV)
		return false;
	for (size_t b = 0; b < VAD_BANDS; b++)
		if (power[b] > floor_of(v, b) * snr)
			return true;
	return false;
}

bool vad_frame(struct vad *v, const struct vad_cfg *cfg, const int16_t *pcm, size_t n, uint32_t ms)
{
	float power[VAD_BANDS] = {LEAST_POWER, LEAST_POWER}, level;
	size_t lag = n / ms / 8;

	if (pcm && n)
		split(pcm, n, lag ? lag : 1, power);
	if (!v->begun)
		begin(v, power);
	if (stands_out(v, power, powf(10, cfg->snr_db / 10))) {
		level = vad_dbov(power[0] + power[1]);
		v->level_dbov += v->level_dbov < VAD_LEAST_DBOV ? level - v->level_dbov
								: (level - v->level_dbov) * LEVEL_PART;
		v->active_ms += ms;
		v->quiet_ms = 0;
	} else {
		v->active_ms -= v->active_ms < ms ? v->active_ms : ms;
		v->quiet_ms += ms;
	}
	follow_floor(v, power, ms);
	v->noise_dbov = vad_dbov(floor_of(v, 0) + floor_of(v, 1));
	if (!v->speaking && v->active_ms && v->active_ms >= cfg->start_ms) {
		v->speaking = true;
	} else if (v->speaking && v->quiet_ms >= cfg->hang_ms) {
		v->speaking = false;
		v->active_ms = 0;
	} else if (v->speaking) {
		v->active_ms = cfg->start_ms;
	}
	return v->speaking;
}
