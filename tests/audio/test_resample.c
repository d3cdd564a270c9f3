#include "check.h"

#include "audio/resample.h"
#include "offhook/error.h"

#include <math.h>

enum { N = 48000 };

static int16_t in[N], out[6 * N + 1000];

/* Runs n samples through in 20 ms pieces; returns how many came out. */
static size_t run(struct resample *r, uint32_t in_hz, uint32_t out_hz, size_t n)
{
	size_t made = 0, frame = in_hz / 50;

	for (size_t at = 0; at + frame <= n; at += frame) {
		size_t got = resample_run(r, in + at, frame, out + made, out_hz / 50);

		CHECK_EQ(got, out_hz / 50);
		made += got;
	}
	return made;
}

static void sine(double hz, uint32_t rate, size_t n, double amplitude)
{
	for (size_t i = 0; i < n; i++)
		in[i] = (int16_t)lrint(amplitude * sin(2 * M_PI * hz * (double)i / rate));
}

static double amplitude_of(const int16_t *pcm, size_t n, double hz, double rate)
{
	double re = 0, im = 0;

	for (size_t i = n / 4; i < n - n / 4; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return hypot(re, im) * 2 / (double)(n - n / 4 - n / 4);
}

static double power(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = n / 4; i < n - n / 4; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)(n - n / 4 - n / 4);
}

static double db(double ratio)
{
	return 20 * log10(ratio);
}

static const uint32_t half_steps[][2] = {{8000, 16000}, {16000, 32000}, {24000, 48000}};

/* What passes passes unchanged, its image above stays out. */
TEST(doubling_is_flat_and_has_no_image)
{
	for (size_t s = 0; s < ARRAY_LEN(half_steps); s++) {
		uint32_t low = half_steps[s][0], high = half_steps[s][1];

		for (double f = 0.02; f <= 0.4251; f += 0.0135) { /* of the lower rate: to 3.4 of 8 kHz */
			struct resample *r;
			double gain, image;
			size_t n;

			CHECK_OK(resample_new(low, high, &r));
			sine(f * low, low, low / 2, 20000);
			n = run(r, low, high, low / 2);
			gain = db(amplitude_of(out, n, f * low, high) / 20000);
			image = db(amplitude_of(out, n, low - f * low, high) / 20000);
			if (fabs(gain) > 0.02 || image > -55)
				fail_msg("%u Hz to %u: at %.0f Hz gain %.4f dB, image %.1f dB", low, high,
					f * low, gain, image);
			resample_free(r);
		}
	}
}

/* What passes passes unchanged, what would fold back is 55 dB down. */
TEST(halving_is_flat_and_lets_nothing_fold_back)
{
	for (size_t s = 0; s < ARRAY_LEN(half_steps); s++) {
		uint32_t low = half_steps[s][0], high = half_steps[s][1];

		for (double f = 0.02; f < 0.98; f += 0.0137) { /* of the lower rate */
			struct resample *r;
			double gain;
			size_t n;

			if (f > 0.4251 && f < 0.5751)
				continue;
			CHECK_OK(resample_new(high, low, &r));
			sine(f * low, high, high / 2, 20000);
			n = run(r, high, low, high / 2);
			gain = f < 0.5 ? db(amplitude_of(out, n, f * low, low) / 20000)
				       : 10 * log10(power(out, n) / (20000.0 * 20000 / 2));
			if (f < 0.5 ? fabs(gain) > 0.02 : gain > -55)
				fail_msg("%u Hz to %u: at %.0f Hz %.4f dB", high, low, f * low, gain);
			resample_free(r);
		}
	}
}

/* The middle of a pulse comes out later by resample_delay() at most, and symmetrical: the phase is linear. */
TEST(the_delay_is_what_is_said)
{
	static const uint32_t rates[][2] = {{8000, 16000}, {16000, 8000}, {16000, 32000}, {48000, 24000},
		{16000, 48000}, {48000, 16000}, {8000, 24000}, {24000, 16000}};

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		size_t frame = rates[i][0] / 50, peak = 0, n;
		struct resample *r;
		double late;

		memset(in, 0, sizeof(in));
		in[frame] = 20000;
		CHECK_OK(resample_new(rates[i][0], rates[i][1], &r));
		n = run(r, rates[i][0], rates[i][1], 4 * frame);
		for (size_t k = 0; k < n; k++)
			peak = abs(out[k]) > abs(out[peak]) ? k : peak;
		late = ((double)peak / rates[i][1] - (double)frame / rates[i][0]) * rates[i][0];
		if (late < 0 || late > (double)resample_delay(r) + 1e-6)
			fail_msg("%u to %u: %.1f samples late, %zu said", rates[i][0], rates[i][1], late,
				resample_delay(r));
		CHECK((double)resample_delay(r) / rates[i][0] < 0.005);
		resample_free(r);
	}
}

TEST(doubling_carries_the_input_through_and_clamps)
{
	struct resample *r;
	uint64_t seed = 5;

	for (size_t i = 0; i < 1600; i++) {
		seed = seed * 6364136223846793005u + 1;
		in[i] = seed >> 63 ? 32767 : -32768;
	}
	CHECK_OK(resample_new(8000, 16000, &r));
	CHECK_EQ(run(r, 8000, 16000, 1600), 3200);
	for (size_t i = HALF_MID; i < 1600; i++)
		CHECK_EQ(out[2 * i], in[i - HALF_MID]);
	resample_reset(r);
	memset(in, 0, sizeof(in));
	run(r, 8000, 16000, 160);
	for (size_t i = 0; i < 320; i++)
		CHECK_EQ(out[i], 0);
	resample_free(r);
}

TEST(other_ratios_keep_level_and_length)
{
	static const uint32_t rates[][2] = {{16000, 48000}, {48000, 16000}, {8000, 48000}, {48000, 8000},
		{24000, 16000}, {16000, 24000}, {32000, 24000}, {8000, 24000}};

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct resample *r;
		size_t n;

		CHECK_OK(resample_new(rates[i][0], rates[i][1], &r));
		sine(1000, rates[i][0], rates[i][0] / 2, 20000);
		n = run(r, rates[i][0], rates[i][1], rates[i][0] / 2);
		CHECK(fabs(db(amplitude_of(out, n, 1000, rates[i][1]) / 20000)) < 0.1);
		/* What was is forgotten. */
		resample_reset(r);
		memset(in, 0, sizeof(in));
		n = run(r, rates[i][0], rates[i][1], rates[i][0] / 50);
		for (size_t k = 0; k < n; k++)
			CHECK_EQ(out[k], 0);
		resample_free(r);
	}
}

static int story(void *arg)
{
	struct resample *r = NULL;
	int err = resample_new(16000, 48000, &r);

	(void)arg;
	resample_free(r);
	return err;
}

TEST(what_cannot_be_converted_is_refused)
{
	struct resample *r = NULL;

	CHECK_EQ(resample_new(8000, 8000, &r), OH_EINVAL);
	CHECK_EQ(resample_new(999, 8000, &r), OH_EINVAL);
	check_every_allocation_fails(story, NULL);
}

TESTS(RUN(doubling_is_flat_and_has_no_image), RUN(halving_is_flat_and_lets_nothing_fold_back),
	RUN(the_delay_is_what_is_said), RUN(doubling_carries_the_input_through_and_clamps),
	RUN(other_ratios_keep_level_and_length), RUN(what_cannot_be_converted_is_refused))
