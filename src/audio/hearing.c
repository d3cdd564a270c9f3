#include "audio/hearing.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <math.h>

#define LOAD(word)         atomic_load_explicit(&(word), memory_order_relaxed)
#define STORE(word, value) atomic_store_explicit(&(word), (value), memory_order_relaxed)

void hearing_cfg_defaults(struct hearing_cfg *cfg)
{
	*cfg = (struct hearing_cfg){.silence_dbov = -60};
	vad_cfg_defaults(&cfg->vad);
}

void hearing_init(struct hearing *h, media_report_fn *report, void *report_arg, uint32_t tag)
{
	struct hearing_cfg cfg;

	*h = (struct hearing){.report = report, .report_arg = report_arg, .tag = tag};
	vad_init(&h->vad);
	STORE(h->signal_milli, (int32_t)(h->vad.level_dbov * 1000));
	STORE(h->noise_milli, (int32_t)(h->vad.noise_dbov * 1000));
	hearing_cfg_defaults(&cfg);
	hearing_want(h, &cfg);
}

void hearing_free(struct hearing *h)
{
	mem_free(LOAD(h->digits));
	mem_free(LOAD(h->tones));
}

int hearing_want_digits(struct hearing *h, bool wanted)
{
	struct dtmf_ear *ear = LOAD(h->digits);

	if (wanted && !ear) {
		ear = mem_alloc(sizeof(*ear));
		if (!ear)
			return OH_ENOMEM;
		dtmf_ear_init(ear);
		atomic_store_explicit(&h->digits, ear, memory_order_release);
	}
	STORE(h->digits_wanted, wanted);
	return 0;
}

int hearing_want_tones(struct hearing *h, const struct hearing_tones *want)
{
	struct progress *p = LOAD(h->tones);

	if (want->wanted && !p) {
		p = mem_alloc(sizeof(*p));
		if (!p)
			return OH_ENOMEM;
		progress_init(p);
		atomic_store_explicit(&h->tones, p, memory_order_release);
	}
	STORE(h->country, want->country);
	STORE(h->tones_wanted, want->wanted);
	return 0;
}

/* Word by word: a tick in between hears a mixture of two wishes once. */
void hearing_want(struct hearing *h, const struct hearing_cfg *cfg)
{
	STORE(h->silence_ms, cfg->silence_ms);
	STORE(h->silence_milli, (int32_t)(cfg->silence_dbov * 1000));
	STORE(h->start_ms, cfg->vad.start_ms);
	STORE(h->hang_ms, cfg->vad.hang_ms);
	STORE(h->snr_milli, (int32_t)(cfg->vad.snr_db * 1000));
	STORE(h->speech, cfg->speech);
}

void hearing_figures(const struct hearing *h, struct hearing_figures *ret_figures)
{
	*ret_figures = (struct hearing_figures){
		.speaking = LOAD(h->speaking),
		.signal_dbov = (float)LOAD(h->signal_milli) / 1000,
		.noise_dbov = (float)LOAD(h->noise_milli) / 1000,
		.silent_ms = LOAD(h->silent_ms),
	};
}

static void tell(struct hearing *h, enum media_report_type type, uint32_t value, uint64_t ms, uint64_t now_ns)
{
	struct media_report r = {.type = type,
		.tag = h->tag,
		.value = value,
		.duration_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms,
		.at_ns = now_ns};

	if (h->report)
		h->report(h->report_arg, &r);
}

static void mind_silence(struct hearing *h, const int16_t *pcm, size_t n, uint32_t tick_ms, uint64_t now_ns)
{
	uint32_t silent_ms = LOAD(h->silent_ms), wanted_ms = LOAD(h->silence_ms);
	int32_t milli = LOAD(h->silence_milli);

	if (milli != h->threshold_milli) {
		h->threshold_milli = milli;
		h->threshold = powf(10, (float)milli / 10000);
	}
	if (vad_is_louder(pcm, n, h->threshold)) {
		if (silent_ms)
			STORE(h->silent_ms, 0);
		if (h->told_silence)
			tell(h, MEDIA_SILENCE, 1, silent_ms, now_ns);
		h->told_silence = false;
		return;
	}
	silent_ms += silent_ms < UINT32_MAX - tick_ms ? tick_ms : 0;
	STORE(h->silent_ms, silent_ms);
	if (!wanted_ms || h->told_silence || silent_ms < wanted_ms)
		return;
	h->told_silence = true;
	tell(h, MEDIA_SILENCE, 0, silent_ms, now_ns);
}

static void mind_speech(struct hearing *h, const int16_t *pcm, size_t n, uint32_t tick_ms, uint64_t now_ns)
{
	struct vad_cfg cfg = {LOAD(h->start_ms), LOAD(h->hang_ms), (float)LOAD(h->snr_milli) / 1000};
	bool before = h->vad.speaking, speaks;

	if (!LOAD(h->speech)) {
		if (!h->vad.begun)
			return;
		vad_init(&h->vad); /* no longer wanted */
		speaks = false;
	} else {
		speaks = vad_frame(&h->vad, &cfg, pcm, n, tick_ms);
	}
	STORE(h->signal_milli, (int32_t)(h->vad.level_dbov * 1000));
	STORE(h->noise_milli, (int32_t)(h->vad.noise_dbov * 1000));
	if (speaks == before)
		return;
	STORE(h->speaking, speaks);
	if (speaks)
		h->speech_since_ns = now_ns;
	tell(h, MEDIA_SPEECH, speaks, speaks ? 0 : (now_ns - h->speech_since_ns) / 1000000, now_ns);
}

bool hearing_is_wanted(const struct hearing *h)
{
	return LOAD(h->silence_ms) || LOAD(h->speech) || h->vad.begun || h->told_silence ||
	       LOAD(h->digits_wanted) || h->hears_digits || LOAD(h->tones_wanted) || h->hears_tones;
}

void hearing_tick(
	struct hearing *h, const int16_t *pcm, size_t n, bool live, uint32_t tick_ms, uint64_t now_ns)
{
	/* Without packets it is not this silence but the other one: no RTP. */
	if (live && n)
		mind_silence(h, pcm, n, tick_ms, now_ns);
	mind_speech(h, live ? pcm : NULL, n, tick_ms, now_ns);
}

/* Not the rate of the call, which signalling may just be changing: n samples are of the plan that runs. */
static uint32_t rate_of(size_t n, uint32_t tick_ms)
{
	return (uint32_t)n * 1000 / tick_ms;
}

/* ---- digits ---- */

struct listener {
	struct hearing *hearing;
	uint64_t now_ns;
};

static void on_digit(void *arg, char digit, uint32_t duration_ms, uint32_t ago_ms)
{
	const struct listener *l = arg;

	tell(l->hearing, MEDIA_DTMF_HEARD, (uint8_t)digit, duration_ms, l->now_ns - ago_ms * 1000000ull);
}

/* A peer that sends an event may have let some of its tone through before it, and may let some through behind. */
void hearing_digits_tick(struct hearing *h, const int16_t *pcm, size_t n, bool live, bool in_event,
	bool made_up, uint32_t tick_ms, uint64_t now_ns)
{
	struct dtmf_ear *ear = atomic_load_explicit(&h->digits, memory_order_acquire);
	bool hears = LOAD(h->digits_wanted) && !in_event;
	struct listener l = {h, now_ns};

	if (!ear || (!hears && !h->hears_digits))
		return;
	h->hears_digits = hears;
	if (made_up)
		dtmf_ear_gap(ear, tick_ms);
	if (hears)
		dtmf_ear_hear(ear, rate_of(n, tick_ms), live ? pcm : NULL, n, on_digit, &l);
	else
		dtmf_ear_break(ear, on_digit, &l);
}

/* ---- tones ---- */

static void on_tone(void *arg, const struct progress_heard *heard)
{
	const struct listener *l = arg;
	struct progress_packed p = progress_pack(heard);

	tell(l->hearing, MEDIA_PROGRESS, p.value, p.times, l->now_ns);
}

void hearing_tones_tick(
	struct hearing *h, const int16_t *pcm, size_t n, bool live, uint32_t tick_ms, uint64_t now_ns)
{
	struct progress *p = atomic_load_explicit(&h->tones, memory_order_acquire);
	bool hears = LOAD(h->tones_wanted);
	struct listener l = {h, now_ns};

	if (!p || (!hears && !h->hears_tones))
		return;
	h->hears_tones = hears;
	if (hears)
		progress_hear(p, LOAD(h->country), rate_of(n, tick_ms), live ? pcm : NULL, n, on_tone, &l);
	else
		progress_init(p); /* what comes later begins anew */
}
