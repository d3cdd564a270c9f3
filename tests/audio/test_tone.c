#include "check.h"

#include "audio/ports.h"
#include "offhook/error.h"

#include <math.h>

enum { SECONDS = 3, RATE_MAX = 48000 };

static int16_t pcm[SECONDS * RATE_MAX];
static unsigned ends;

static void on_report(void *arg, const struct media_report *r)
{
	CHECK(arg == &ends);
	CHECK_EQ(r->type, MEDIA_FILE_END);
	CHECK_EQ(r->tag, 3);
	ends++;
}

/* What it says in 20 ms frames; silence where it says nothing. */
static void listen(const struct tone_cfg *cfg)
{
	struct audio_tick t = {0};
	size_t n = cfg->rate_hz / 50;
	struct port *p;

	ends = 0;
	memset(pcm, 0, sizeof(pcm));
	CHECK_OK(tone_new(cfg, &p));
	for (size_t at = 0; at + n <= SECONDS * cfg->rate_hz; at += n) {
		if (!p->ops->pull(p, pcm + at, n, &t))
			memset(pcm + at, 0, n * sizeof(*pcm));
	}
	p->ops->free(p);
}

static double amplitude(size_t from, size_t n, double hz, double rate)
{
	double re = 0, im = 0;

	for (size_t i = from; i < from + n; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return hypot(re, im) * 2 / (double)n / 32767;
}

TEST(a_tone_has_its_frequency_and_level_to_the_end)
{
	static const struct {
		double hz1, hz2, level;
		uint32_t rate;
	} rows[] = {{440, 0, 0.5, 16000}, {350, 440, 0, 8000}, {697, 1209, 0.4, 48000}, {0, 7000, 1, 16000}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double level = rows[i].level > 0 ? rows[i].level : 0.25;
		uint32_t rate = rows[i].rate;

		listen(&(struct tone_cfg){
			.hz1 = rows[i].hz1, .hz2 = rows[i].hz2, .level = rows[i].level, .rate_hz = rate});
		if (rows[i].hz1 > 0)
			CHECK(fabs(amplitude(2 * rate, rate, rows[i].hz1, rate) - level) < 0.002);
		if (rows[i].hz2 > 0)
			CHECK(fabs(amplitude(2 * rate, rate, rows[i].hz2, rate) - level) < 0.002);
		CHECK(amplitude(2 * rate, rate, 1000, rate) <
			0.001); /* and nothing else: a second tells 1 Hz apart */
		CHECK(amplitude(2 * rate, rate, (rows[i].hz1 > 0 ? rows[i].hz1 : rows[i].hz2) + 1, rate) <
			0.001);
	}
}

TEST(a_cadence_sounds_pauses_and_ends_once)
{
	size_t ms = 8;

	listen(&(struct tone_cfg){.hz1 = 400,
		.on_ms = 200,
		.off_ms = 300,
		.repeats = 3,
		.rate_hz = 8000,
		.tag = 3,
		.report = on_report,
		.report_arg = &ends});
	CHECK_EQ(ends, 1);
	for (size_t cycle = 0; cycle < 3; cycle++) {
		CHECK(fabs(amplitude((cycle * 500 + 50) * ms, 100 * ms, 400, 8000) - 0.25) < 0.002);
		for (size_t i = (cycle * 500 + 200) * ms; i < (cycle + 1) * 500 * ms; i++)
			CHECK_EQ(pcm[i], 0);
		CHECK(abs(pcm[cycle * 500 * ms + 1]) < 400); /* soft edges */
		CHECK(abs(pcm[(cycle * 500 + 200) * ms - 1]) < 1200);
	}
	for (size_t i = 1500 * ms; i < 3000 * ms; i++)
		CHECK_EQ(pcm[i], 0);
}

TEST(what_is_no_tone_is_refused)
{
	static const struct tone_cfg bad[] = {
		{.rate_hz = 16000},
		{.hz1 = 19, .rate_hz = 16000},
		{.hz1 = 7300, .rate_hz = 16000},
		{.hz1 = 440, .level = 1.1, .rate_hz = 16000},
		{.hz1 = 440, .level = NAN, .rate_hz = 16000},
		{.hz1 = 440, .off_ms = 10, .rate_hz = 16000},
		{.hz1 = NAN, .rate_hz = 16000},
	};
	struct port *p = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_EQ(tone_new(&bad[i], &p), OH_EINVAL);
	mem_fail_at(1);
	CHECK_EQ(tone_new(&(struct tone_cfg){.hz1 = 440, .rate_hz = 8000}, &p), OH_ENOMEM);
}

TESTS(RUN(a_tone_has_its_frequency_and_level_to_the_end), RUN(a_cadence_sounds_pauses_and_ends_once),
	RUN(what_is_no_tone_is_refused))
