/* What the media thread reports of what it hears: silence although packets come, and speech. */
#include "check.h"

#include "audio/hearing.h"
#include "host/host.h"
#include "offhook/error.h"

#include <math.h>

#define FRAME 160u

static struct media_report reports[16];
static size_t n_reports;
static uint64_t now_ns;

static void on_report(void *arg, const struct media_report *r)
{
	(void)arg;
	if (n_reports < ARRAY_LEN(reports))
		reports[n_reports++] = *r;
}

static struct hearing *ear(uint32_t silence_ms, bool speech)
{
	static struct hearing h;
	struct hearing_cfg cfg;

	n_reports = 0;
	now_ns = NS_PER_S;
	hearing_init(&h, on_report, NULL, 42);
	hearing_cfg_defaults(&cfg);
	cfg.silence_ms = silence_ms;
	cfg.speech = speech;
	hearing_want(&h, &cfg);
	return &h;
}

static void hear(struct hearing *h, double amplitude, unsigned ms, bool live)
{
	int16_t pcm[FRAME];

	for (unsigned f = 0; f < ms / 20; f++, now_ns += 20 * NS_PER_MS) {
		for (unsigned i = 0; i < FRAME; i++)
			pcm[i] = (int16_t)(amplitude * sin(i * .3));
		hearing_tick(h, live ? pcm : NULL, FRAME, live, 20, now_ns);
	}
}

static struct hearing_figures figures(const struct hearing *h)
{
	struct hearing_figures f;

	hearing_figures(h, &f);
	return f;
}

TEST(silence_in_packets_is_told_once_and_so_is_its_end)
{
	struct hearing *h = ear(1000, false);

	hear(h, 3000, 500, true);
	hear(h, 8, 980, true); /* what A-law has in place of zero */
	CHECK_EQ(n_reports, 0);
	CHECK_EQ(figures(h).silent_ms, 980);
	hear(h, 8, 3020, true);
	CHECK_EQ(n_reports, 1);
	CHECK(reports[0].type == MEDIA_SILENCE && reports[0].value == 0 && reports[0].tag == 42);
	CHECK_EQ(reports[0].duration_ms, 1000);
	hear(h, 3000, 500, true);
	CHECK_EQ(n_reports, 2);
	CHECK(reports[1].type == MEDIA_SILENCE && reports[1].value == 1 && reports[1].duration_ms == 4000);
	CHECK_EQ(figures(h).silent_ms, 0);
}

/* A voice is known by its first samples, and one that comes at the end is not missed. */
TEST(loud_is_loud_wherever_it_stands)
{
	int16_t pcm[FRAME + 7] = {0};
	size_t lengths[] = {1, 31, 32, 33, FRAME, FRAME + 7};

	for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
		size_t n = lengths[k];

		for (size_t i = 0; i < n; i++) {
			float power;

			pcm[i] = -32768;
			power = vad_power(pcm, n);
			CHECK(vad_is_louder(pcm, n, power * 0.999f));
			CHECK(!vad_is_louder(pcm, n, power * 1.001f));
			pcm[i] = 0;
		}
		CHECK(!vad_is_louder(pcm, n, 0));
	}
}

/* When nothing comes at all, another clock runs. */
TEST(no_packets_are_not_this_silence)
{
	struct hearing *h = ear(1000, false);

	hear(h, 0, 500, true);
	hear(h, 0, 60000, false);
	CHECK_EQ(n_reports, 0);
	hear(h, 0, 500, true);
	CHECK_EQ(n_reports, 1);
}

TEST(what_nobody_wants_is_not_told)
{
	struct hearing *h = ear(0, false);
	struct hearing_cfg cfg;

	hear(h, 0, 60000, true);
	hear(h, 3000, 1000, true);
	CHECK_EQ(n_reports, 0);
	CHECK(!figures(h).speaking && figures(h).signal_dbov < -95);
	/* Somebody else's measure of silence. */
	hearing_cfg_defaults(&cfg);
	cfg.silence_ms = 500;
	cfg.silence_dbov = -20;
	hearing_want(h, &cfg);
	hear(h, 3000, 1000, true);
	CHECK_EQ(n_reports, 1);
}

TEST(speech_is_told_with_its_length)
{
	struct hearing *h = ear(0, true);
	struct hearing_cfg cfg;

	hear(h, 0, 1000, true);
	hear(h, 3000, 1000, true);
	CHECK_EQ(n_reports, 1);
	CHECK(reports[0].type == MEDIA_SPEECH && reports[0].value == 1 && reports[0].duration_ms == 0);
	CHECK(figures(h).speaking && figures(h).signal_dbov > -25 && figures(h).noise_dbov < -80);
	hear(h, 0, 300, true);
	hear(h, 3000, 300, true); /* a pause that is shorter than the hang-over */
	CHECK_EQ(n_reports, 1);
	hear(h, 0, 300, true);
	hear(h, 0, 300, false); /* silence without packets ends it as well */
	CHECK_EQ(n_reports, 2);
	CHECK(reports[1].type == MEDIA_SPEECH && reports[1].value == 0);
	CHECK(reports[1].duration_ms > 1900 && reports[1].duration_ms < 2100);
	/* No longer wanted in the middle of it: over at once, and then nothing. */
	hear(h, 3000, 500, true);
	CHECK_EQ(n_reports, 3);
	hearing_cfg_defaults(&cfg);
	hearing_want(h, &cfg);
	hear(h, 3000, 5000, true);
	CHECK_EQ(n_reports, 4);
	CHECK(!figures(h).speaking);
}

/* Frames of digit 5, heard in every way. */
static void hear_five(struct hearing *h, unsigned ms, bool in_event)
{
	int16_t pcm[160];

	for (unsigned f = 0; f < ms / 20; f++, now_ns += 20 * NS_PER_MS) {
		for (unsigned i = 0; i < 160; i++) {
			double t = (f * 160 + i) / 8000.0;

			pcm[i] = (int16_t)(8000 * (sin(2 * M_PI * 770 * t) + sin(2 * M_PI * 1336 * t)));
		}
		hearing_digits_tick(h, pcm, 160, true, in_event, false, 20, now_ns);
		hearing_tones_tick(h, pcm, 160, true, 20, now_ns);
	}
	for (unsigned f = 0; f < 5; f++, now_ns += 20 * NS_PER_MS) {
		hearing_digits_tick(h, pcm, 160, false, in_event, false, 20, now_ns);
		hearing_tones_tick(h, pcm, 160, false, 20, now_ns);
	}
}

/* Made when first asked for; what is told beside the audio is not looked for in it. */
TEST(digits_and_tones_are_heard_while_they_are_wanted)
{
	struct hearing_tones tones = {.wanted = true};
	struct hearing *h = ear(0, false);

	hear_five(h, 200, false);
	CHECK(!hearing_is_wanted(h) && n_reports == 0);
	mem_fail_at(1);
	CHECK_EQ(hearing_want_digits(h, true), OH_ENOMEM);
	mem_fail_at(1);
	CHECK_EQ(hearing_want_tones(h, &tones), OH_ENOMEM);
	CHECK(!hearing_is_wanted(h));
	CHECK_OK(hearing_want_digits(h, true));
	CHECK_OK(hearing_want_tones(h, &tones));
	CHECK(hearing_is_wanted(h));
	hear_five(h, 200, false);
	CHECK_EQ(n_reports, 1);
	CHECK_EQ(reports[0].type, MEDIA_DTMF_HEARD);
	CHECK_EQ(reports[0].value, '5');
	CHECK(reports[0].tag == 42 && reports[0].duration_ms >= 180 && reports[0].duration_ms <= 220);
	CHECK(reports[0].at_ns < now_ns - 40 * NS_PER_MS);
	hear_five(h, 200, true);
	CHECK_EQ(n_reports, 1);
	tones.wanted = false;
	CHECK_OK(hearing_want_digits(h, false));
	CHECK_OK(hearing_want_tones(h, &tones));
	CHECK(hearing_is_wanted(h)); /* until the next tick has let go of them */
	hear_five(h, 200, false);
	CHECK(!hearing_is_wanted(h) && n_reports == 1);
	hearing_free(h);
}

TESTS(RUN(silence_in_packets_is_told_once_and_so_is_its_end), RUN(no_packets_are_not_this_silence),
	RUN(what_nobody_wants_is_not_told), RUN(speech_is_told_with_its_length),
	RUN(digits_and_tones_are_heard_while_they_are_wanted), RUN(loud_is_loud_wherever_it_stands))
