/*
 * Whether somebody speaks, against a truth that is known: speech is made without noise, its frames above -45 dBov are
 * speech (pauses shorter than the hang-over with them), and then noise is added. What is measured: speech that was found,
 * quiet frames that were taken for speech, and how late a phrase was noticed.
 */
#include "check.h"

#include "../rtp/speech.h"
#include "audio/vad.h"

#define RATE    8000u
#define FRAME   160u
#define SECONDS 120u
#define FRAMES  (SECONDS * 50)
#define HANG    20u /* frames of 400 ms */

enum noise { NONE, WHITE, FAN, HUM };

struct scores {
	double hit, wrong, late_ms;      /* shares; the mean delay of an onset */
	unsigned onsets, missed, starts; /* starts: where no speech is near */
};

static bool truth[FRAMES], quiet[FRAMES];
static int16_t clean[SECONDS * RATE], heard[SECONDS * RATE * 2];

static double power_of(const int16_t *pcm)
{
	double sum = 0;

	for (unsigned i = 0; i < FRAME; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / FRAME;
}

/* Which frames hold speech, and which are far from any; the mean power of speech. */
static double find_truth(void)
{
	double level = 0;
	unsigned n = 0, last = 0;

	memset(truth, 0, sizeof(truth));
	for (unsigned f = 0; f < FRAMES; f++) {
		double p = power_of(clean + f * FRAME);

		if (vad_dbov((float)(p / 32768 / 32768)) < -45)
			continue;
		level += p;
		n++;
		for (unsigned g = f - last < HANG && f ? last : f; g <= f; g++)
			truth[g] = true;
		last = f;
	}
	for (unsigned f = 0; f < FRAMES; f++) {
		quiet[f] = !truth[f];
		for (unsigned back = 1; back <= HANG + 2 && back <= f; back++)
			quiet[f] &= !truth[f - back];
	}
	return n ? level / n : 0;
}

static double make_truth(void)
{
	speech_make(5, clean, SECONDS * RATE);
	return find_truth();
}

static void add_noise(enum noise kind, double speech_power, double snr_db)
{
	double goal = sqrt(speech_power / pow(10, snr_db / 10)), slow = 0;
	uint32_t rng = 99;

	for (unsigned i = 0; i < SECONDS * RATE; i++) {
		double white = (draw(&rng) - .5) * 3.4641, y = 0;

		slow += (white - slow) * .1;
		if (kind == WHITE)
			y = white;
		else if (kind == FAN)
			y = slow * 4.36;
		else if (kind == HUM)
			y = 1.4142 * sin(2 * M_PI * 50 * i / RATE);
		y = clean[i] + y * goal;
		heard[i] = (int16_t)(y > 32767 ? 32767 : y < -32768 ? -32768 : y);
	}
}

static struct scores measure(const struct vad_cfg *cfg, uint32_t times)
{
	struct scores s = {0};
	unsigned hits = 0, speech = 0, wrong = 0, silent = 0, onset = 0, late = 0;
	bool waiting = false, before = false;
	struct vad v;

	vad_init(&v);
	for (unsigned f = 0; f < FRAMES; f++) {
		bool says = vad_frame(&v, cfg, heard + f * FRAME * times, FRAME * times, 20);

		hits += truth[f] && says;
		speech += truth[f];
		/* The first three seconds are for learning. */
		wrong += f > 150 && quiet[f] && says;
		silent += f > 150 && quiet[f];
		s.starts += f > 150 && quiet[f] && says && !before;
		before = says;
		if (truth[f] && f && quiet[f - 1] && !says) {
			waiting = true;
			onset = f;
		}
		if (truth[f] && f && quiet[f - 1])
			s.onsets++;
		if (waiting && says) {
			late += f - onset;
			waiting = false;
		} else if (waiting && !truth[f]) {
			s.missed++;
			waiting = false;
		}
	}
	s.hit = (double)hits / speech;
	s.wrong = silent ? (double)wrong / silent : 0;
	s.late_ms = s.onsets ? 20.0 * late / s.onsets : 0;
	return s;
}

struct row {
	const char *name;
	enum noise kind;
	double snr_db, hit, wrong, late_ms;
	unsigned missed;
};

static const struct row rows[] = {
	{"a quiet room", NONE, 99, .97, .01, 70, 0},
	{"white noise, 30 dB below", WHITE, 30, .96, .01, 80, 0},
	{"white noise, 20 dB below", WHITE, 20, .94, .01, 100, 0},
	{"white noise, 10 dB below", WHITE, 10, .80, .02, 200, 2},
	{"a fan, 20 dB below", FAN, 20, .95, .02, 90, 0},
	{"a fan, 10 dB below", FAN, 10, .88, .03, 120, 1},
	{"mains hum, 10 dB below", HUM, 10, .88, .01, 120, 1},
	{"mains hum, as loud", HUM, 0, .70, .01, 200, 3},
};

TEST(speech_is_found_in_noise)
{
	double level = make_truth();
	struct vad_cfg cfg;

	vad_cfg_defaults(&cfg);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct scores s;

		add_noise(r->kind, level, r->snr_db);
		s = measure(&cfg, 1);
		print_message("# %-26s found %5.1f %%, wrong %4.1f %%, late %3.0f ms, missed %u of %u\n",
			r->name, s.hit * 100, s.wrong * 100, s.late_ms, s.missed, s.onsets);
		CHECK(s.onsets > 20);
		CHECK(s.hit >= r->hit && s.wrong <= r->wrong && s.late_ms <= r->late_ms &&
			s.missed <= r->missed);
	}
}

/* The bands are those of 8 kHz whatever the rate: twice the samples, the same answers. */
TEST(another_rate_hears_the_same)
{
	double level = make_truth();
	struct scores slow, fast;
	struct vad_cfg cfg;

	vad_cfg_defaults(&cfg);
	add_noise(FAN, level, 20);
	slow = measure(&cfg, 1);
	for (unsigned i = SECONDS * RATE; i-- > 0;)
		heard[2 * i] = heard[2 * i + 1] = heard[i];
	fast = measure(&cfg, 2);
	CHECK(fabs(slow.hit - fast.hit) < .02 && fabs(slow.wrong - fast.wrong) < .01);
}

/* A tone of this amplitude for so long; what is said in its last frame. */
static bool tone(struct vad *v, const struct vad_cfg *cfg, double amplitude, unsigned ms)
{
	bool says = false;
	int16_t pcm[FRAME];

	for (unsigned f = 0; f < ms / 20; f++) {
		for (unsigned i = 0; i < FRAME; i++)
			pcm[i] = (int16_t)(amplitude * sin(2 * M_PI * 400 * i / RATE));
		says = vad_frame(v, cfg, pcm, FRAME, 20);
	}
	return says;
}

TEST(speech_begins_and_ends_when_the_settings_say)
{
	static const struct vad_cfg cfgs[] = {{60, 400, 8}, {0, 0, 8}, {200, 1000, 8}};

	for (size_t i = 0; i < ARRAY_LEN(cfgs); i++) {
		const struct vad_cfg *cfg = &cfgs[i];
		unsigned on = 0, off = 0;
		struct vad v;

		vad_init(&v);
		CHECK(!tone(&v, cfg, 0, 1000));
		while (!tone(&v, cfg, 3000, 20))
			on += 20;
		CHECK_EQ(on + 20, cfg->start_ms ? (cfg->start_ms + 19) / 20 * 20 : 20);
		while (tone(&v, cfg, 0, 20))
			off += 20;
		CHECK_EQ(off + 20, cfg->hang_ms ? cfg->hang_ms : 20);
		CHECK(v.level_dbov > -25 && v.level_dbov < -20 && v.noise_dbov < -85);
		/* Silence without samples is silence. */
		CHECK(!vad_frame(&v, cfg, NULL, 0, 20));
		/* Clicks are no speech. */
		CHECK(cfg->start_ms <= 20 || !tone(&v, cfg, 9000, 20));
	}
}

/* What never pauses is noise in the end, and what is louder than that is speech again. */
TEST(a_steady_tone_is_no_speech_for_long)
{
	struct vad_cfg cfg;
	struct vad v;

	vad_cfg_defaults(&cfg);
	vad_init(&v);
	CHECK(!tone(&v, &cfg, 0, 1000));
	CHECK(tone(&v, &cfg, 1000, 1000));
	CHECK(!tone(&v, &cfg, 1000, 5000));
	CHECK(tone(&v, &cfg, 6000, 200));
	CHECK(v.noise_dbov > -40);
	/* Softer than any voice is none, however quiet it was. */
	vad_init(&v);
	CHECK(!tone(&v, &cfg, 0, 5000));
	CHECK(!tone(&v, &cfg, 40, 1000));
}

/* The same with voices that were recorded: 16-bit samples at 8 kHz in the file OFFHOOK_SPEECH, in stretches of two minutes. */
TEST(recorded_speech_is_found_in_noise)
{
	static const struct {
		const char *name;
		enum noise kind;
		double snr_db, hit, wrong, late_ms, missed; /* missed: a share of the onsets */
	} recorded[] = {
		{"as recorded", NONE, 99, .95, .05, 60, .01},
		{"white noise, 20 dB below", WHITE, 20, .93, .02, 90, .01},
		{"white noise, 10 dB below", WHITE, 10, .87, .02, 130, .02},
		{"white noise, 5 dB below", WHITE, 5, .60, .02, 250, .10},
		{"a fan, 20 dB below", FAN, 20, .93, .02, 90, .01},
		{"a fan, 10 dB below", FAN, 10, .84, .02, 140, .02},
		{"a fan, 5 dB below", FAN, 5, .40, .02, 320, .20},
	};
	const char *path = getenv("OFFHOOK_SPEECH");
	FILE *file = path ? fopen(path, "rb") : NULL;
	struct scores all[ARRAY_LEN(recorded)] = {{0}};
	unsigned stretches = 0;
	struct vad_cfg cfg;

	CHECK(!path == !file);
	vad_cfg_defaults(&cfg);
	while (file && fread(clean, sizeof(*clean), ARRAY_LEN(clean), file) == ARRAY_LEN(clean)) {
		double level = find_truth();

		stretches++;
		for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
			struct scores s;

			add_noise(recorded[i].kind, level, recorded[i].snr_db);
			s = measure(&cfg, 1);
			all[i].hit += s.hit;
			all[i].wrong += s.wrong;
			all[i].late_ms += s.late_ms * s.onsets;
			all[i].onsets += s.onsets;
			all[i].missed += s.missed;
			all[i].starts += s.starts;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(recorded) && stretches; i++) {
		double hit = all[i].hit / stretches, wrong = all[i].wrong / stretches;
		double starts = all[i].starts * 60.0 / SECONDS / stretches;
		double late_ms, missed;

		CHECK(all[i].onsets > 5 * stretches);
		late_ms = all[i].late_ms / all[i].onsets;
		missed = (double)all[i].missed / all[i].onsets;
		print_message(
			"# %-26s found %5.1f %%, wrong %4.1f %%, late %3.0f ms, missed %u of %u, starts "
			"without speech %.1f a minute\n",
			recorded[i].name, hit * 100, wrong * 100, late_ms, all[i].missed, all[i].onsets,
			starts);
		CHECK(hit >= recorded[i].hit && wrong <= recorded[i].wrong && starts <= 2);
		CHECK(late_ms <= recorded[i].late_ms && missed <= recorded[i].missed);
	}
	if (file)
		fclose(file);
}

TESTS(RUN(speech_is_found_in_noise), RUN(another_rate_hears_the_same),
	RUN(speech_begins_and_ends_when_the_settings_say), RUN(a_steady_tone_is_no_speech_for_long),
	RUN(recorded_speech_is_found_in_noise))
