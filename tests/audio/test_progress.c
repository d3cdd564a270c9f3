/* What tones in a call tell, held against the tones of every country, with noise and through G.711, and against speech. */
#include "../rtp/speech.h"
#include "check.h"

#include "audio/pattern.h"
#include "audio/ports.h"
#include "audio/progress.h"
#include "codec/codec.h"

enum { SECONDS = 16, SPEECH_MINUTES = 10, N = 8000 * SECONDS };

static const char *const names[] = {
	"nothing", "dial", "ringback", "busy", "congestion", "sit", "cng", "answer", "beep"};

static struct {
	struct progress_heard list[32];
	size_t n;
	char words[512];
} heard;

static void on_heard(void *arg, const struct progress_heard *h)
{
	CHECK(arg == &heard);
	if (heard.n < 32)
		heard.list[heard.n++] = progress_unpack(progress_pack(h));
	snprintf(heard.words + strlen(heard.words), sizeof(heard.words) - strlen(heard.words), "%s ",
		names[h->kind]);
}

static int16_t pcm[N];

static void say_pattern(const char *text, double level, size_t from, size_t n)
{
	struct pattern_part parts[PATTERN_PARTS_MAX];
	struct audio_tick t = {0};
	struct port *p;
	size_t n_parts;

	CHECK_OK(pattern_parse(text, parts, PATTERN_PARTS_MAX, &n_parts));
	CHECK_OK(tone_new(
		&(struct tone_cfg){.parts = parts, .n_parts = n_parts, .level = level, .rate_hz = 8000}, &p));
	for (size_t at = from; at + 160 <= from + n; at += 160)
		if (!p->ops->pull(p, pcm + at, 160, &t))
			memset(pcm + at, 0, 160 * sizeof(*pcm));
	p->ops->free(p);
}

static void add_noise(uint32_t seed, double peak)
{
	for (size_t i = 0; i < N; i++) {
		double x = pcm[i] + peak * 2 * (draw(&seed) - .5);

		pcm[i] = (int16_t)lrint(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
	}
}

/* As it comes out of a call. */
static void through(const char *name, size_t n)
{
	const struct codec *c = codec_find(slice_of(name), 8000, 1);
	static char enc[CODEC_STATE_MAX], dec[CODEC_STATE_MAX];
	uint8_t packet[160];

	CHECK_OK(c->enc_init(c, enc, &(struct codec_params){0}));
	CHECK_OK(c->dec_init(c, dec));
	for (size_t at = 0; at + 160 <= n; at += 160) {
		CHECK_EQ(c->encode(enc, pcm + at, 160, packet, sizeof(packet)), 160);
		CHECK_EQ(c->decode(dec, packet, 160, pcm + at, 160), 160);
	}
}

static void hear(struct progress *p, const struct national *country, size_t n)
{
	for (size_t at = 0; at + 160 <= n; at += 160)
		progress_hear(p, country, 8000, pcm + at, 160, on_heard, &heard);
}

static const char *listen_to(const struct national *country, size_t n)
{
	struct progress p;

	progress_init(&p);
	memset(&heard, 0, sizeof(heard));
	hear(&p, country, n);
	return heard.words;
}

static const char *listen(const struct national *country)
{
	return listen_to(country, N);
}

/* ---- the networks ---- */

/* What each of a country's tones is heard as, by somebody who knows the country. */
static const char *expected(const struct national *c, unsigned tone)
{
	switch (tone) {
	case NATIONAL_DIAL:
		return strchr(c->tones[tone], ':') ? "" : "dial ";
	case NATIONAL_RINGBACK:
		return "ringback ";
	case NATIONAL_BUSY:
		return "busy ";
	case NATIONAL_CONGESTION:
		return strcmp(c->tones[tone], c->tones[NATIONAL_BUSY]) ? "congestion " : "busy ";
	case NATIONAL_SIT:
		return strncmp(c->tones[tone], "450", 3) ? "sit " : "";
	default:
		return "";
	}
}

TEST(every_countrys_tones_are_known_through_noise_and_g711)
{
	const struct national *c;

	for (size_t i = 0; (c = national_at(i)); i++)
		for (unsigned tone = 0; tone < NATIONAL_TONES; tone++) {
			if (tone == NATIONAL_CALL_WAITING)
				continue;
			/* -20 dBm0 in noise 20 dB below. */
			say_pattern(c->tones[tone], 0.07, 0, N);
			add_noise((uint32_t)i + 1, 0.07 * 32767 / 10 * 1.2);
			through(i % 2 ? "PCMU" : "PCMA", N);
			if (strcmp(listen(c), expected(c, tone)))
				fail_msg("%s %s: heard '%s', not '%s'", c->country, c->tones[tone],
					heard.words, expected(c, tone));
		}
}

/* Who does not know the country hears the usual ones. */
TEST(usual_tones_are_known_anywhere)
{
	static const char *const usual[] = {"de", "us", "gb", "jp", "fr", "pl", "nl", "ch"};

	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		const struct national *c = national_find(slice_of(usual[i]));

		say_pattern(c->tones[NATIONAL_RINGBACK], 0.1, 0, N);
		CHECK_STR(listen(NULL), "ringback ");
		CHECK_EQ(heard.list[0].confidence, 70);
		say_pattern(c->tones[NATIONAL_BUSY], 0.1, 0, N);
		CHECK_STR(listen(NULL), "busy ");
		say_pattern(c->tones[NATIONAL_SIT], 0.1, 0, N);
		CHECK_STR(listen(NULL), "sit ");
	}
	say_pattern("425:240 0:240", 0.1, 0, N);
	CHECK_STR(listen(NULL), "congestion ");
	say_pattern("425:250 0:750", 0.1, 0, N);
	CHECK_STR(listen(NULL), "congestion ");
	say_pattern("350+440", 0.1, 0, N);
	CHECK_STR(listen(NULL), "dial ");
}

/* docs/tones.md names them. */
TEST(without_a_country_fast_busy_is_congestion)
{
	static const struct {
		const char *country;
		enum national_tone tone;
		const char *told;
	} rows[] = {{"br", NATIONAL_BUSY, "congestion "}, {"mx", NATIONAL_BUSY, "congestion "},
		{"es", NATIONAL_BUSY, "congestion "}, {"se", NATIONAL_BUSY, "congestion "},
		{"cn", NATIONAL_CONGESTION, "busy "}, {"au", NATIONAL_CONGESTION, "busy "},
		{"hu", NATIONAL_CONGESTION, "busy "}, {"jp", NATIONAL_CONGESTION, "busy "},
		{"pl", NATIONAL_CONGESTION, "busy "}, {"br", NATIONAL_CONGESTION, ""},
		{"gb", NATIONAL_CONGESTION, ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct national *c = national_find(slice_of(rows[i].country));

		say_pattern(c->tones[rows[i].tone], 0.1, 0, N);
		CHECK_STR(listen(NULL), rows[i].told);
	}
}

TEST(it_tells_what_it_has_heard)
{
	say_pattern("480+620:500 0:500", 0.1, 0, N);
	(void)listen(national_find(SLICE_LIT("us")));
	CHECK_EQ(heard.n, 1);
	CHECK_EQ(heard.list[0].kind, PROGRESS_BUSY);
	CHECK_EQ(heard.list[0].confidence, 90);
	CHECK(abs((int)heard.list[0].hz[0] - 480) <= 5 && abs((int)heard.list[0].hz[1] - 620) <= 5);
	CHECK(abs((int)heard.list[0].on_ms - 500) <= 30 && abs((int)heard.list[0].off_ms - 500) <= 30);
}

/* As offhook/tone.h has it: ringback in its first pause, busy and congestion at the third tone; once. */
TEST(it_tells_as_soon_as_it_is_sure)
{
	static const struct {
		const char *pattern, *told;
		unsigned not_yet_ms, by_ms;
	} rows[] = {{"440+480:2000 0:4000", "ringback ", 2800, 3200},
		{"480+620:500 0:500", "busy ", 1900, 2200}, {"480+620:250 0:250", "congestion ", 900, 1200}};
	const struct national *us = national_find(SLICE_LIT("us"));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		say_pattern(rows[i].pattern, 0.1, 0, N);
		CHECK_STR(listen_to(us, rows[i].not_yet_ms * 8), "");
		CHECK_STR(listen_to(us, rows[i].by_ms * 8), rows[i].told);
		CHECK_STR(listen_to(us, N), rows[i].told);
	}
}

/* A country whose tones these are not. */
TEST(another_countrys_tones_are_none)
{
	say_pattern("480+620:500 0:500", 0.1, 0, N);
	CHECK_STR(listen(national_find(SLICE_LIT("de"))), "");
	say_pattern("425:480 0:480", 0.1, 0, N);
	CHECK_STR(listen(national_find(SLICE_LIT("us"))), "");
}

/* ---- machines ---- */

TEST(fax_machines_are_heard)
{
	static const double off[] = {-38, 0, 38};

	for (size_t i = 0; i < ARRAY_LEN(off); i++) {
		char text[64];

		/* T.30 4.1.2: half a second every three, within 15 %. */
		snprintf(text, sizeof(text), "%g:%d 0:3000", 1100 + off[i] * 0.9, 500 + (int)(off[i] * 1.5));
		say_pattern(text, 0.1, 0, N);
		CHECK_STR(listen(NULL), "cng ");
		snprintf(text, sizeof(text), "0:1000 %g:3000 0:60000", 2100 + off[i] * 0.39);
		say_pattern(text, 0.1, 0, N);
		CHECK_STR(listen(NULL), "answer ");
	}
}

/* A greeting, and then its beep, of every kind. */
TEST(a_beep_behind_a_greeting_is_heard)
{
	static const char *const beeps[] = {
		"440:500", "850:300", "1000:200", "1000:1000", "1400:400", "1800:150", "620:800", "2000:250"};

	for (size_t i = 0; i < ARRAY_LEN(beeps); i++)
		for (unsigned law = 0; law < 2; law++) {
			char text[64];

			speech_make((uint32_t)(100 + i), pcm, N);
			snprintf(text, sizeof(text), "0:200 %s 0:60000", beeps[i]);
			say_pattern(text, 0.2, N / 2, N / 2);
			add_noise(7, 20);
			through(law ? "PCMU" : "PCMA", N);
			if (strcmp(listen(NULL), "beep "))
				fail_msg("%s: heard '%s'", beeps[i], heard.words);
		}
	/* Without anybody having spoken it is none. */
	say_pattern("0:3000 1000:300 0:60000", 0.2, 0, N);
	CHECK_STR(listen(NULL), "");
}

/* Ringing ends when somebody answers, and begins anew with another call. */
TEST(one_after_the_other_is_told)
{
	say_pattern("425:1000 0:4000", 0.1, 0, N / 2);
	say_pattern("425:480 0:480", 0.1, N / 2, N / 2);
	CHECK_STR(listen(national_find(SLICE_LIT("de"))), "ringback busy ");
}

TEST(it_hears_at_every_rate)
{
	static int16_t fast[N * 6];
	struct progress p;

	say_pattern("425:480 0:480", 0.1, 0, N);
	for (unsigned factor = 2; factor <= 6; factor += factor == 2 ? 1 : factor == 3 ? 1 : 2) {
		for (size_t i = 0; i < (size_t)N * factor; i++)
			fast[i] = pcm[i / factor];
		progress_init(&p);
		memset(&heard, 0, sizeof(heard));
		for (size_t at = 0; at + 160 * factor <= (size_t)N * factor; at += 160 * factor)
			progress_hear(&p, NULL, 8000 * factor, fast + at, 160 * factor, on_heard, &heard);
		CHECK_STR(heard.words, "busy ");
	}
	for (unsigned i = 0; i < 100; i++)
		progress_hear(&p, NULL, 8000, NULL, 160, on_heard, &heard);
	CHECK_STR(heard.words, "busy ");
}

TEST(what_travels_arrives)
{
	struct progress_heard h = {PROGRESS_BEEP, 80, {1400, 4000}, 65535, 12}, back;

	back = progress_unpack(progress_pack(&h));
	CHECK(back.kind == h.kind && back.confidence == 80 && back.hz[0] == 1400 && back.hz[1] == 4000 &&
		back.on_ms == 65535 && back.off_ms == 12);
	h.on_ms = 99999;
	back = progress_unpack(progress_pack(&h));
	CHECK(back.on_ms == 65535 && back.off_ms == 12);
}

/* ---- speech ---- */

TEST(speech_is_none_of_them)
{
	struct progress p, known;

	progress_init(&p);
	progress_init(&known);
	memset(&heard, 0, sizeof(heard));
	for (uint32_t at = 0; at < SPEECH_MINUTES * 60; at += SECONDS) {
		speech_make(5000 + at, pcm, N);
		through(at % 2 ? "PCMU" : "PCMA", N);
		hear(&p, NULL, N);
		hear(&known, national_find(SLICE_LIT("de")), N);
	}
	CHECK_STR(heard.words, "");
}

/* The same with speech of somebody else's making: 16-bit samples at 8 kHz in the file OFFHOOK_SPEECH. */
TEST(speech_in_a_file_is_none_of_them)
{
	const char *path = getenv("OFFHOOK_SPEECH");
	FILE *file = path ? fopen(path, "rb") : NULL;
	struct progress p, known;

	CHECK(!path == !file);
	progress_init(&p);
	progress_init(&known);
	memset(&heard, 0, sizeof(heard));
	while (file && fread(pcm, sizeof(*pcm), 160, file) == 160) {
		hear(&p, NULL, 160);
		hear(&known, national_find(SLICE_LIT("us")), 160);
	}
	if (file)
		fclose(file);
	CHECK_STR(heard.words, "");
}

TESTS(RUN(every_countrys_tones_are_known_through_noise_and_g711), RUN(usual_tones_are_known_anywhere),
	RUN(without_a_country_fast_busy_is_congestion), RUN(it_tells_what_it_has_heard),
	RUN(it_tells_as_soon_as_it_is_sure), RUN(another_countrys_tones_are_none),
	RUN(fax_machines_are_heard), RUN(a_beep_behind_a_greeting_is_heard), RUN(one_after_the_other_is_told),
	RUN(it_hears_at_every_rate), RUN(what_travels_arrives), RUN(speech_is_none_of_them),
	RUN(speech_in_a_file_is_none_of_them))
