#include "check.h"

#include "audio/national.h"
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

static const struct tone_cfg *of_two(double hz1, double hz2, double level, uint32_t rate)
{
	static struct pattern_part part;
	static struct tone_cfg cfg;

	part = (struct pattern_part){.tones = {{hz1, 1}, {hz2, 1}}};
	cfg = (struct tone_cfg){.parts = &part, .n_parts = 1, .level = level, .rate_hz = rate};
	return &cfg;
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
	} rows[] = {{440, 0, 0.5, 16000}, {350, 440, 0, 8000}, {697, 1209, 0.4, 48000}, {7000, 0, 1, 16000}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double level = rows[i].level > 0 ? rows[i].level : 0.25;
		uint32_t rate = rows[i].rate;

		listen(of_two(rows[i].hz1, rows[i].hz2, rows[i].level, rate));
		CHECK(fabs(amplitude(2 * rate, rate, rows[i].hz1, rate) - level) < 0.002);
		if (rows[i].hz2 > 0)
			CHECK(fabs(amplitude(2 * rate, rate, rows[i].hz2, rate) - level) < 0.002);
		CHECK(amplitude(2 * rate, rate, 1000, rate) <
			0.001); /* and nothing else: a second tells 1 Hz apart */
		CHECK(amplitude(2 * rate, rate, rows[i].hz1 + 1, rate) < 0.001);
	}
}

TEST(a_cadence_sounds_pauses_and_ends_once)
{
	struct pattern_part parts[4];
	size_t ms = 8, n;

	CHECK_OK(pattern_parse("400:200 0:300", parts, ARRAY_LEN(parts), &n));
	listen(&(struct tone_cfg){.parts = parts,
		.n_parts = n,
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
	static const struct {
		double hz1, hz2, level;
	} bad[] = {{0, 0, 0}, {19, 0, 0}, {7300, 0, 0}, {440, 7300, 0}, {440, 0, 1.1}, {440, 0, NAN},
		{NAN, 0, 0}};
	struct tone_cfg cfg;
	struct port *p = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_EQ(tone_new(of_two(bad[i].hz1, bad[i].hz2, bad[i].level, 16000), &p), OH_EINVAL);
	cfg = *of_two(440, 0, 0, 8000);
	cfg.repeats = 1; /* of what has no end */
	CHECK_EQ(tone_new(&cfg, &p), OH_EINVAL);
	CHECK_OK(tone_new(of_two(20, 7200, 1, 16000), &p)); /* what just is one */
	p->ops->free(p);
	mem_fail_at(1);
	CHECK_EQ(tone_new(of_two(440, 0, 0, 8000), &p), OH_ENOMEM);
}

TEST(a_pattern_is_what_its_text_says)
{
	struct pattern_part parts[8];
	size_t n;

	CHECK_OK(pattern_parse("440+480:2000 0:4000", parts, 8, &n));
	CHECK_EQ(n, 2);
	CHECK_EQ(parts[0].ms, 2000);
	CHECK(parts[0].tones[0].hz == 440 && parts[0].tones[1].hz == 480 && parts[0].tones[2].hz == 0);
	CHECK(!pattern_sounds(&parts[1]) && parts[1].ms == 4000);
	CHECK_OK(pattern_parse("300+400+500+600:5", parts, 8, &n));
	CHECK(n == 1 && parts[0].tones[3].hz == 600);
	CHECK_OK(pattern_parse("400x16.5:250", parts, 8, &n));
	CHECK(parts[0].tones[1].hz == 383.5 && parts[0].tones[2].hz == 416.5 &&
		parts[0].tones[0].weight == 0.5);
	CHECK_OK(pattern_parse("950:330   1400:330 1800", parts, 8, &n));
	CHECK(n == 3 && parts[2].ms == 0);
	CHECK_OK(pattern_digits("1d", 100, 50, parts, 8, &n));
	CHECK(n == 4 && parts[2].tones[1].hz == 1633 && parts[3].ms == 50);
	CHECK_EQ(pattern_digits("1R", 100, 50, parts, 8, &n), OH_EDIGIT);
	CHECK_EQ(pattern_digits("12345", 100, 50, parts, 8, &n), OH_ETOOMANY);
	CHECK_EQ(pattern_parse("1:1 1:1 1:1 1:1 1:1 1:1 1:1 1:1 1:1", parts, 8, &n), OH_ETOOMANY);
}

TEST(what_is_no_pattern_is_refused)
{
	static const char *const bad[] = {"", " ", "x", "440:", "440:0.5x", "440+", "440+:5", "440x",
		"440x440:5", "1+2+3+4+5:5", "440:99999999", "0", "0:0", "440 0:100", "440;5", "-440:5",
		"440:-5", "4e3:5", ":5"};
	struct pattern_part parts[8];
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (pattern_parse(bad[i], parts, 8, &n) != OH_EINVAL)
			fail_msg("'%s' was taken", bad[i]);
}

/* All of them can be said, and their special information tones are near those of E.180 (7). */
TEST(every_country_has_every_tone)
{
	struct pattern_part parts[PATTERN_PARTS_MAX];
	const struct national *c;
	size_t countries = 0, n;
	struct port *p;

	for (; (c = national_at(countries)); countries++) {
		CHECK(national_find(slice_of(c->country)) == c);
		for (unsigned i = 0; i < NATIONAL_TONES; i++) {
			CHECK_OK(pattern_parse(c->tones[i], parts, PATTERN_PARTS_MAX, &n));
			CHECK_OK(tone_new(
				&(struct tone_cfg){.parts = parts, .n_parts = n, .rate_hz = 8000}, &p));
			p->ops->free(p);
			CHECK((parts[n - 1].ms == 0) == (i == NATIONAL_DIAL && n == 1));
		}
	}
	CHECK(countries >= 20);
	CHECK(national_find(SLICE_LIT("UK")) == national_find(SLICE_LIT("gb")));
	CHECK(national_find(SLICE_LIT("ca")) == national_find(SLICE_LIT("US")));
	CHECK(!national_find(SLICE_LIT("xx")) && !national_find(SLICE_NONE));
}

TESTS(RUN(a_tone_has_its_frequency_and_level_to_the_end), RUN(a_cadence_sounds_pauses_and_ends_once),
	RUN(what_is_no_tone_is_refused), RUN(a_pattern_is_what_its_text_says),
	RUN(what_is_no_pattern_is_refused), RUN(every_country_has_every_tone))
