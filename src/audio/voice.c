#include "audio/voice.h"

#include "base/mem.h"
#include "base/ring.h"
#include "offhook/error.h"

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <string.h>

/* The speaker's samples that may wait for the microphone's; beyond, and with as many owed, both are set anew. */
#define APART_MS 250u
/* The reference has to come before its echo: it is read when this much waits. */
#define AHEAD_MS 10u

struct voice {
	size_t frame, apart, ahead;
	SpeexEchoState *echo; /* NULL: none */
	SpeexPreprocessState *clean;
	struct ring said;
	/* The microphone's thread. */
	bool aligned;
	size_t owed; /* samples of the speaker that came too late for theirs, and are to be passed over */
};

int voice_new(const struct voice_cfg *cfg, struct voice **ret_voice)
{
	struct voice *v;
	int rate = (int)cfg->rate_hz, noise = cfg->noise, gain = cfg->gain, err = 0;

	*ret_voice = NULL;
	if (!cfg->echo_ms && !cfg->noise && !cfg->gain)
		return 0;
	v = mem_zalloc(sizeof(*v));
	if (!v)
		return OH_ENOMEM;
	v->frame = cfg->rate_hz / 1000 * VOICE_FRAME_MS;
	v->apart = cfg->rate_hz / 1000 * APART_MS;
	v->ahead = cfg->rate_hz / 1000 * AHEAD_MS;
	v->clean = speex_preprocess_state_init((int)v->frame, rate);
	if (cfg->echo_ms) {
		v->echo = speex_echo_state_init((int)v->frame, rate / 1000 * (int)cfg->echo_ms);
		err = ring_init(&v->said, sizeof(int16_t), 2 * v->apart);
	}
	if (err || !v->clean || (cfg->echo_ms && !v->echo)) {
		voice_free(v);
		return OH_ENOMEM;
	}
	speex_preprocess_ctl(v->clean, SPEEX_PREPROCESS_SET_DENOISE, &noise);
	speex_preprocess_ctl(v->clean, SPEEX_PREPROCESS_SET_AGC, &gain);
	if (v->echo) {
		speex_echo_ctl(v->echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
		speex_preprocess_ctl(v->clean, SPEEX_PREPROCESS_SET_ECHO_STATE, v->echo);
	}
	*ret_voice = v;
	return 0;
}

struct voice *voice_free(struct voice *v)
{
	if (!v)
		return NULL;
	if (v->clean)
		speex_preprocess_state_destroy(v->clean);
	if (v->echo)
		speex_echo_state_destroy(v->echo);
	ring_free(&v->said);
	mem_free(v);
	return NULL;
}

void voice_said(struct voice *v, const int16_t *pcm, size_t n)
{
	/* Full: nobody records. */
	if (v->echo)
		(void)ring_write(&v->said, pcm, n);
}

/* False: the speaker has said nothing yet. */
static bool align(struct voice *v)
{
	size_t waiting = ring_count(&v->said), late = waiting < v->owed ? waiting : v->owed;

	ring_skip(&v->said, late);
	v->owed -= late;
	waiting -= late;
	if (v->owed > v->apart || waiting > v->apart)
		v->aligned = false;
	if (v->aligned)
		return true;
	v->owed = 0;
	if (waiting < v->ahead)
		return false;
	ring_skip(&v->said, waiting - v->ahead);
	v->aligned = true;
	return true;
}

static void cancel(struct voice *v, int16_t *pcm)
{
	int16_t said[VOICE_FRAME_MAX] = {0}, out[VOICE_FRAME_MAX];

	if (align(v))
		v->owed += v->frame - ring_read(&v->said, said, v->frame);
	speex_echo_cancellation(v->echo, pcm, said, out);
	memcpy(pcm, out, v->frame * sizeof(*pcm));
}

void voice_clean(struct voice *v, int16_t *pcm)
{
	if (v->echo)
		cancel(v, pcm);
	speex_preprocess_run(v->clean, pcm);
}
