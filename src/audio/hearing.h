/*
 * What is heard of a call, besides being played: is it silence, does somebody speak, how loud. The media thread listens to
 * each tick of decoded audio; signalling says what is wanted and reads the figures, all by single atomic words.
 */
#ifndef OH_AUDIO_HEARING_H
#define OH_AUDIO_HEARING_H

#include "audio/dtmf_ear.h"
#include "audio/progress.h"
#include "audio/vad.h"
#include "rtp/report.h"

#include <stdatomic.h>

struct hearing_cfg {
	uint32_t silence_ms; /* report when packets come, but nothing louder for so long; 0: never */
	float silence_dbov;  /* what is no louder is silence */
	bool speech;         /* report when speech begins and ends */
	struct vad_cfg vad;
};
void hearing_cfg_defaults(struct hearing_cfg *cfg);

/* What tones tell of a call. */
struct hearing_tones {
	bool wanted;
	const struct national *country; /* NULL: any */
};

struct hearing_figures {
	bool speaking;
	float signal_dbov, noise_dbov; /* with speech wanted; else -96 */
	uint32_t silent_ms;            /* so long packets have come with nothing but silence */
};

struct hearing {
	/* Signalling to media: floats as thousandths. */
	_Atomic uint32_t silence_ms, speech, start_ms, hang_ms;
	_Atomic int32_t silence_milli, snr_milli;
	_Atomic(struct dtmf_ear *) digits; /* made when first asked for; goes with the rest */
	_Atomic uint32_t digits_wanted;
	_Atomic(struct progress *) tones; /* likewise */
	_Atomic(const struct national *) country;
	_Atomic uint32_t tones_wanted;
	/* Media to whoever asks. */
	_Atomic uint32_t silent_ms, speaking;
	_Atomic int32_t signal_milli, noise_milli;
	/* Media thread. */
	media_report_fn *report;
	void *report_arg;
	uint32_t tag;
	struct vad vad;
	bool told_silence;
	uint64_t speech_since_ns;
	bool hears_digits, hears_tones; /* as of the last tick */
	float threshold;                /* silence_milli as a mean square of full scale 1 */
	int32_t threshold_milli;
};

/* Reports carry the tag. */
void hearing_init(struct hearing *h, media_report_fn *report, void *report_arg, uint32_t tag);
/* When no tick can come any more. */
void hearing_free(struct hearing *h);
/* Signalling. */
void hearing_want(struct hearing *h, const struct hearing_cfg *cfg);
/* Are digits looked for in the audio? OH_ENOMEM: then as before. */
int hearing_want_digits(struct hearing *h, bool wanted);
/* Likewise for tones of networks and machines. */
int hearing_want_tones(struct hearing *h, const struct hearing_tones *want);
void hearing_figures(const struct hearing *h, struct hearing_figures *ret_figures); /* any thread */
/* Media thread: does anybody want to know? */
bool hearing_is_wanted(const struct hearing *h);
/* Media thread: one tick; live: something came to be played. */
void hearing_tick(
	struct hearing *h, const int16_t *pcm, size_t n, bool live, uint32_t tick_ms, uint64_t now_ns);
/* The same tick once more, for digits and for tones; in_event: the peer tells a digit beside its audio; made_up: some of
 * it is what the jitter buffer conceals losses with. */
void hearing_digits_tick(struct hearing *h, const int16_t *pcm, size_t n, bool live, bool in_event,
	bool made_up, uint32_t tick_ms, uint64_t now_ns);
void hearing_tones_tick(
	struct hearing *h, const int16_t *pcm, size_t n, bool live, uint32_t tick_ms, uint64_t now_ns);

#endif
