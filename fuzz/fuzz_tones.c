/* Audio of a peer, as samples of any kind and in any rate: whatever is heard in it are digits and kinds that there are, with
 * times that can be, and no more of them than there is time for. Then bytes as a pattern: what is taken can be said. */
#include "fuzz.h"

#include "audio/dtmf_ear.h"
#include "audio/national.h"
#include "audio/ports.h"
#include "audio/progress.h"
#include "offhook/error.h"
#include "rtp/dtmf.h"

#include <math.h>

struct ears {
	size_t digits, tones, ms;
};

static void on_digit(void *arg, char digit, uint32_t duration_ms, uint32_t ago_ms)
{
	struct ears *e = arg;

	CHECK(dtmf_event_of(digit) >= 0 && dtmf_event_of(digit) < 16);
	CHECK(duration_ms >= 20 && duration_ms <= e->ms + 20 && ago_ms <= 80);
	e->digits++;
}

static void on_tone(void *arg, const struct progress_heard *h)
{
	struct ears *e = arg;

	CHECK(h->kind >= PROGRESS_DIAL && h->kind <= PROGRESS_BEEP && h->confidence <= 100);
	CHECK(h->hz[0] >= 90 && h->hz[0] <= 4000 && h->hz[1] <= 4000);
	e->tones++;
}

/* Each frame is one of: silence, noise from the bytes, two tones of any frequency and level. */
static void frame(struct feed *f, uint32_t rate, size_t n, int16_t *pcm)
{
	unsigned kind = feed_below(f, 4), low = feed_u16(f), high = feed_u16(f);

	for (size_t i = 0; i < n; i++) {
		double t = (double)i / rate;

		pcm[i] = 0;
		if (kind == 1)
			pcm[i] = (int16_t)((low = low * 1103515245u + high) >> 16);
		else if (kind > 1)
			pcm[i] = (int16_t)lrint(
				16000 * (sin(6.2831853 * low / 16 * t) +
						(kind > 2 ? sin(6.2831853 * high / 16 * t) : 0)));
	}
}

static void strange_sounds(struct feed f)
{
	static const uint32_t rates[] = {8000, 16000, 24000, 32000, 48000};
	uint32_t rate = rates[feed_below(&f, 5)];
	struct ears e = {.ms = 0};
	struct dtmf_ear digits;
	struct progress tones;
	int16_t pcm[960];

	dtmf_ear_init(&digits);
	progress_init(&tones);
	for (unsigned frames = 0; f.n && frames < 500; frames++) {
		unsigned more = feed_byte(&f), times = more % 16 + 1;

		frame(&f, rate, rate / 50, pcm);
		if (more & 0x10)
			dtmf_ear_break(&digits, on_digit, &e);
		for (unsigned i = 0; i < times; i++) {
			e.ms += 20;
			if (more & 0x80)
				dtmf_ear_gap(&digits, 20);
			dtmf_ear_hear(&digits, rate, pcm, rate / 50, on_digit, &e);
			progress_hear(&tones, more & 0x20 ? national_at(more % 31) : NULL, rate,
				more & 0x40 ? NULL : pcm, rate / 50, on_tone, &e);
		}
	}
	dtmf_ear_break(&digits, on_digit, &e);
	CHECK(e.digits <= e.ms / 20 + 1);
	CHECK(e.tones <= e.ms / 100 + 1);
}

static void strange_pattern(struct feed f)
{
	struct pattern_part parts[16];
	struct audio_tick tick = {0};
	int16_t pcm[320];
	struct port *p;
	char *text = malloc(f.n + 1);
	size_t n = 0;

	CHECK(text);
	memcpy(text, f.p, f.n);
	text[f.n] = '\0';
	if (pattern_parse(text, parts, 16, &n) == 0) {
		CHECK(n >= 1 && n <= 16);
		if (tone_new(&(struct tone_cfg){.parts = parts, .n_parts = n, .rate_hz = 16000}, &p) == 0) {
			for (unsigned i = 0; i < 10; i++)
				(void)p->ops->pull(p, pcm, 320, &tick);
			p->ops->free(p);
		}
	}
	free(text);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed f = {data, n};

	if (feed_below(&f, 2))
		strange_sounds(f);
	else
		strange_pattern(f);
}
