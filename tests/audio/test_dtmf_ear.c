/* The detector of DTMF in audio, held against ITU-T Q.24. */
#include "../rtp/speech.h"
#include "check.h"

#include "audio/dtmf_ear.h"
#include "codec/codec.h"
#include "rtp/plc.h"

enum { RATE_MAX = 48000, SPEECH_MINUTES = 10 };

static const char keys[] = "123A456B789C*0#D";

/* One digit as it may come. */
struct digit {
	double low_off, high_off;   /* of the frequencies, parts of 1 */
	double low_dbm0, high_dbm0; /* each tone */
	double on_ms, off_ms;
	double noise_dbm0; /* white, in 0-4 kHz; 0: none */
};
static const struct digit plain = {.low_dbm0 = -10, .high_dbm0 = -8, .on_ms = 60, .off_ms = 60};

static struct {
	char digits[512];
	uint32_t durations[512];
	size_t n;
} heard;

static void on_digit(void *arg, char digit, uint32_t duration_ms, uint32_t ago_ms)
{
	CHECK(arg == &heard);
	CHECK(ago_ms <= 60);
	heard.durations[heard.n] = duration_ms;
	if (heard.n < sizeof(heard.digits) - 1)
		heard.digits[heard.n++] = digit;
}

/* As a peer's codec leaves it. */
static void through(const struct codec *c, int16_t *pcm, size_t n)
{
	static uint8_t packet[RATE_MAX];
	static char enc[CODEC_STATE_MAX], dec[CODEC_STATE_MAX];

	if (!c)
		return;
	CHECK_OK(c->enc_init(c, enc, &(struct codec_params){0}));
	CHECK_OK(c->dec_init(c, dec));
	for (size_t at = 0; at + 160 <= n; at += 160) {
		long bytes = c->encode(enc, pcm + at, 160, packet, sizeof(packet));

		CHECK_EQ(c->decode(dec, packet, (size_t)bytes, pcm + at, 160), 160);
	}
	c->enc_free(enc);
	c->dec_free(dec);
}

static double amplitude(double dbm0)
{
	return 32767 * pow(10, (dbm0 - 3.14) / 20);
}

static double noise(uint32_t *rng, double dbm0)
{
	/* Uniform: its mean square is a third of the square of its peak. */
	return dbm0 == 0 ? 0 : (draw(rng) * 2 - 1) * amplitude(dbm0) * sqrt(1.5);
}

static void hear(struct dtmf_ear *e, const int16_t *pcm, size_t n, uint32_t rate)
{
	for (size_t at = 0; at + rate / 50 <= n; at += rate / 50)
		dtmf_ear_hear(e, rate, pcm + at, rate / 50, on_digit, &heard);
}

/* The same at 8 kHz behind a wire that loses one of so many packets of 20 ms by chance, as a stream conceals them. */
static void hear_over(
	struct dtmf_ear *e, struct plc *plc, uint32_t *rng, const int16_t *pcm, size_t n, double loss)
{
	int16_t heard_pcm[160];

	for (size_t at = 0; at + 160 <= n; at += 160) {
		if (draw(rng) < loss) {
			plc_conceal(plc, heard_pcm, 160);
			dtmf_ear_gap(e, 20);
		} else {
			memcpy(heard_pcm, pcm + at, sizeof(heard_pcm));
			plc_good(plc, heard_pcm, 160);
		}
		dtmf_ear_hear(e, 8000, heard_pcm, 160, on_digit, &heard);
	}
}

/* Says the sixteen digits like this, at a place of its own within the frames each; how many of them are heard as they
 * are? Whatever else is heard counts against them. */
static long say(const struct digit *d, uint32_t rate, const struct codec *codec)
{
	static const double low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};
	static int16_t pcm[RATE_MAX * 3];
	uint32_t rng = 77;
	struct dtmf_ear e;
	long good = 0;

	dtmf_ear_init(&e);
	for (unsigned k = 0; k < 16; k++) {
		size_t on = (size_t)(d->on_ms * rate / 1000), from = rate / 20 + k * rate / 1000 * 3 / 2;
		size_t n = (from + on + (size_t)(d->off_ms * rate / 1000)) / (rate / 50) * (rate / 50) +
			   rate / 50 * 4;
		double w1 = 2 * M_PI * low[k / 4] * (1 + d->low_off) / rate;
		double w2 = 2 * M_PI * high[k % 4] * (1 + d->high_off) / rate;

		for (size_t i = 0; i < n; i++) {
			double x = noise(&rng, d->noise_dbm0);

			if (i >= from && i < from + on)
				x += amplitude(d->low_dbm0) * sin(w1 * (double)i) +
				     amplitude(d->high_dbm0) * sin(w2 * (double)i + 1);
			pcm[i] = (int16_t)lrint(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
		}
		through(codec, pcm, n);
		memset(&heard, 0, sizeof(heard));
		hear(&e, pcm, n, rate);
		good += heard.n == 1 && heard.digits[0] == keys[k];
		good -= heard.n > 1 || (heard.n == 1 && heard.digits[0] != keys[k]);
	}
	return good;
}

static const struct codec *g711(const char *name)
{
	return codec_find(slice_of(name), 8000, 1);
}

/* Q.24 table A-1: what each administration's receivers take, and what they must not take. */
TEST(what_q24_says_is_a_digit_is_one_and_what_is_none_is_none)
{
	static const struct {
		const char *what;
		struct digit d;
		bool yes;
	} rows[] = {
		{"as we send it", {0, 0, -10, -8, 60, 60, 0}, true},
		{"loud", {0, 0, -3, -3, 60, 60, 0}, true},
		{"-25 dBm", {0, 0, -25, -25, 60, 60, 0}, true},
		{"-29 dBm", {0, 0, -29, -29, 60, 60, 0}, true},
		{"-55 dBm", {0, 0, -55, -55, 60, 60, 0}, false},
		{"+1.5 %", {.015, .015, -12, -12, 60, 60, 0}, true},
		{"-1.5 %", {-.015, -.015, -12, -12, 60, 60, 0}, true},
		{"+1.8 %", {.018, .018, -12, -12, 60, 60, 0}, true},
		{"-1.8 %", {-.018, -.018, -12, -12, 60, 60, 0}, true},
		{"+1.8, -1.8 %", {.018, -.018, -12, -12, 60, 60, 0}, true},
		{"low +3.5 %", {.035, 0, -12, -12, 60, 60, 0}, false},
		{"low -3.5 %", {-.035, 0, -12, -12, 60, 60, 0}, false},
		{"high +3.5 %", {0, .035, -12, -12, 60, 60, 0}, false},
		{"high -3.5 %", {0, -.035, -12, -12, 60, 60, 0}, false},
		{"high 4 dB louder", {0, 0, -16, -12, 60, 60, 0}, true},
		{"low 8 dB louder", {0, 0, -10, -18, 60, 60, 0}, true},
		{"low 8 dB louder, +1.5 %", {.015, .015, -10, -18, 60, 60, 0}, true},
		{"high 4 dB louder, -1.5 %", {-.015, -.015, -16, -12, 60, 60, 0}, true},
		{"40 ms", {0, 0, -10, -8, 40, 40, 0}, true},
		{"40 ms, -25 dBm, 8 dB, 1.5 %", {.015, -.015, -17, -25, 40, 40, 0}, true},
		{"23 ms", {0, 0, -10, -8, 23, 60, 0}, false},
		{"only the low one", {0, 0, -10, -90, 60, 60, 0}, false},
		{"only the high one", {0, 0, -90, -10, 60, 60, 0}, false},
		{"noise 15 dB below", {0, 0, -13, -13, 50, 50, -25}, true},
		{"noise 10 dB below, 1 s", {0, 0, -13, -13, 1000, 50, -20}, true},
		{"noise alone", {0, 0, -90, -90, 1000, 50, -20}, false},
	};
	const struct codec *codecs[] = {NULL, g711("PCMU"), g711("PCMA")};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t c = 0; c < ARRAY_LEN(codecs); c++) {
			long good = say(&rows[i].d, 8000, codecs[c]);

			if (good != (rows[i].yes ? 16 : 0))
				fail_msg("%s, %s: %ld of 16", rows[i].what,
					codecs[c] ? codecs[c]->encoding : "bare", good);
		}
}

TEST(it_hears_at_every_rate)
{
	static const uint32_t rates[] = {16000, 24000, 32000, 48000};
	static const struct digit hard = {.015, -.015, -17, -25, 40, 40, 0},
				  short_one = {0, 0, -10, -8, 23, 60, 0};

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		CHECK_EQ(say(&plain, rates[i], NULL), 16);
		CHECK_EQ(say(&hard, rates[i], NULL), 16);
		CHECK_EQ(say(&short_one, rates[i], NULL), 0);
	}
}

/* Digits at 8 kHz one after the other, a gap of silence in the middle of each. */
static const char *string_of(const char *digits, double on_ms, double gap_ms, double off_ms)
{
	static int16_t pcm[8 * 1000 * 4];
	size_t n = 400;
	struct dtmf_ear e;

	memset(pcm, 0, sizeof(pcm));
	for (; *digits; digits++) {
		static const double low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};
		size_t k = (size_t)(strchr(keys, *digits) - keys), on = (size_t)(on_ms * 8);

		for (size_t i = 0; i < on; i++, n++)
			if (fabs((double)i - (double)on / 2) >= gap_ms * 4)
				pcm[n] = (int16_t)(8000 *
						   (sin(2 * M_PI * low[k / 4] * (double)n / 8000) +
							   sin(2 * M_PI * high[k % 4] * (double)n / 8000)));
		n += (size_t)(off_ms * 8);
	}
	memset(&heard, 0, sizeof(heard));
	dtmf_ear_init(&e);
	hear(&e, pcm, n + 800, 8000);
	return heard.digits;
}

/* Q.24: an interruption of 10 ms does not make two of one, a pause of 40 (30 in Japan) does. */
TEST(interruptions_are_no_pauses)
{
	CHECK_STR(string_of("5", 100, 10, 40), "5");
	CHECK_STR(string_of("5", 100, 15, 40), "5");
	CHECK_STR(string_of("55", 40, 0, 40), "55");
	CHECK_STR(string_of("5551", 50, 0, 30), "5551");
	CHECK_STR(string_of("1234", 80, 0, 0), "1234"); /* no pause, but another digit */
	CHECK_STR(string_of("147*", 40, 0, 30), "147*");
	CHECK_STR(string_of("7", 1000, 0, 40), "7");
}

TEST(a_digit_lasts_as_long_as_it_is_heard)
{
	for (double ms = 40; ms <= 1000; ms += 80) {
		(void)string_of("8", ms, 0, 40);
		CHECK_EQ(heard.n, 1);
		CHECK(fabs(heard.durations[0] - ms) <= 12);
	}
}

TEST(what_breaks_off_ends_there)
{
	int16_t pcm[800];
	struct dtmf_ear e;

	dtmf_ear_init(&e);
	memset(&heard, 0, sizeof(heard));
	for (size_t i = 0; i < 800; i++)
		pcm[i] = (int16_t)(8000 * (sin(2 * M_PI * 770 * (double)i / 8000) +
						  sin(2 * M_PI * 1336 * (double)i / 8000)));
	hear(&e, pcm, 800, 8000);
	CHECK_EQ(heard.n, 0);
	dtmf_ear_break(&e, on_digit, &heard);
	CHECK_STR(heard.digits, "5");
	dtmf_ear_break(&e, on_digit, &heard);
	for (size_t i = 0; i < 100; i++)
		dtmf_ear_hear(&e, 8000, NULL, 160, on_digit, &heard);
	CHECK_STR(heard.digits, "5");
}

/* What was lost may have been the beginning: less of a tone is enough behind it, but not nothing. */
TEST(behind_a_gap_a_digit_may_be_shorter)
{
	static const struct {
		double ms;
		const char *digits;
	} rows[] = {{15, ""}, {30, "5"}, {50, "5"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int16_t pcm[160 * 10] = {0};
		struct dtmf_ear e;

		for (size_t k = 320; k < 320 + (size_t)(rows[i].ms * 8); k++)
			pcm[k] = (int16_t)(8000 * (sin(2 * M_PI * 770 * (double)k / 8000) +
							  sin(2 * M_PI * 1336 * (double)k / 8000)));
		for (unsigned gap = 0; gap < 2; gap++) {
			memset(&heard, 0, sizeof(heard));
			dtmf_ear_init(&e);
			hear(&e, pcm, 160, 8000);
			if (gap)
				dtmf_ear_gap(&e, 20);
			hear(&e, pcm + 160, 9 * 160, 8000);
			CHECK_STR(heard.digits, gap || rows[i].ms >= 40 ? rows[i].digits : "");
		}
	}
}

/* Two lost packets in the middle of a digit are no pause; two of them in a pause do not join two digits. */
TEST(a_gap_does_not_make_two_of_one_nor_one_of_two)
{
	for (unsigned real = 0; real < 2; real++) {
		int16_t pcm[160 * 20] = {0};
		struct dtmf_ear e;

		for (size_t k = 160; k < 160 * 12; k++)
			if (k < 160 * 5 || k >= (real ? 160 * 8 : 160 * 7))
				pcm[k] = (int16_t)(8000 * (sin(2 * M_PI * 770 * (double)k / 8000) +
								  sin(2 * M_PI * 1336 * (double)k / 8000)));
		memset(&heard, 0, sizeof(heard));
		dtmf_ear_init(&e);
		for (size_t at = 0; at < ARRAY_LEN(pcm); at += 160) {
			/* Without a pause of its own all that is silent here is made up. */
			if (real ? at >= 160 * 6 && at < 160 * 8 : at >= 160 * 5 && at < 160 * 7)
				dtmf_ear_gap(&e, 20);
			hear(&e, pcm + at, 160, 8000);
		}
		CHECK_STR(heard.digits, real ? "55" : "5");
	}
}

/* Q.24: speech has to be taken for digits seldom; here never, on a bad wire either. Every level of a telephone, all of it
 * through G.711. */
TEST(speech_is_no_digit)
{
	static int16_t pcm[8000 * 60];
	struct dtmf_ear e, lossy;
	uint32_t rng = 3;
	struct plc plc;

	dtmf_ear_init(&e);
	dtmf_ear_init(&lossy);
	plc_init(&plc, 8000);
	memset(&heard, 0, sizeof(heard));
	for (uint32_t minute = 0; minute < SPEECH_MINUTES; minute++) {
		speech_make(1000 + minute, pcm, ARRAY_LEN(pcm));
		through(g711(minute % 2 ? "PCMU" : "PCMA"), pcm, ARRAY_LEN(pcm));
		hear(&e, pcm, ARRAY_LEN(pcm), 8000);
		hear_over(&lossy, &plc, &rng, pcm, ARRAY_LEN(pcm), .1);
	}
	CHECK_STR(heard.digits, "");
}

/* The same with speech of somebody else's making: 16-bit samples at 8 kHz in the file OFFHOOK_SPEECH. */
TEST(speech_in_a_file_is_no_digit)
{
	static const double losses[] = {0, .05, .1, .2};
	const char *path = getenv("OFFHOOK_SPEECH");

	for (size_t i = 0; path && i < ARRAY_LEN(losses); i++) {
		FILE *file = fopen(path, "rb");
		struct dtmf_ear e;
		uint32_t rng = 4;
		int16_t pcm[160];
		struct plc plc;

		CHECK(file);
		dtmf_ear_init(&e);
		plc_init(&plc, 8000);
		memset(&heard, 0, sizeof(heard));
		while (fread(pcm, sizeof(*pcm), 160, file) == 160)
			hear_over(&e, &plc, &rng, pcm, 160, losses[i]);
		fclose(file);
		print_message("# %.0f %% lost: \"%s\"\n", losses[i] * 100, heard.digits);
		CHECK(heard.n <= (losses[i] > .1));
	}
}

TESTS(RUN(what_q24_says_is_a_digit_is_one_and_what_is_none_is_none), RUN(it_hears_at_every_rate),
	RUN(interruptions_are_no_pauses), RUN(a_digit_lasts_as_long_as_it_is_heard),
	RUN(what_breaks_off_ends_there), RUN(behind_a_gap_a_digit_may_be_shorter),
	RUN(a_gap_does_not_make_two_of_one_nor_one_of_two), RUN(speech_is_no_digit),
	RUN(speech_in_a_file_is_no_digit))
