/*
 * How many calls of each codec one core carries: calls that are up, joined two by two on a bridge of 16 kHz, RTP both ways
 * from another process; CPU of ours by getrusage(). All codecs in one run, in turns; mixed, and passed on undecoded.
 */
#include "callee.h"
#include "far.h"
#include "report.h"

#include "codec/codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS     30u
#define ROUNDS    5u
#define SECONDS   1u
#define SETTLE_MS 200u
#define RATE_HZ   16000u
/* Packets that need those before them begin to pass in a pause, or after so long without one: this voice has none. */
#define NO_PAUSE_MS 5500u

/* A voice-like packet of this codec. */
static struct far_codec speak(const struct codec *c, uint8_t pt)
{
	_Alignas(16) char state[CODEC_STATE_MAX];
	struct codec_params how = {0};
	struct far_codec far = {.pt = pt, .ts_step = (uint16_t)(c->clock_hz / 50)};
	int16_t pcm[960];
	size_t n = c->rate_hz / 50;
	long bytes = 0;

	snprintf(far.rtpmap, sizeof(far.rtpmap), "%s/%u/%u", c->encoding, c->clock_hz, c->channels);
	callee_require(c->enc_init(c, state, &how), "encoder");
	/* Some packets on: an encoder begins from silence. */
	for (unsigned k = 0; k < 20; k++) {
		for (size_t i = 0; i < n; i++) {
			double t = (double)(k * n + i) / c->rate_hz;

			pcm[i] = (int16_t)(6000 * sin(2 * M_PI * 180 * t) + 3000 * sin(2 * M_PI * 900 * t) +
					   rand() % 1000);
		}
		bytes = c->encode(state, pcm, n, far.payload, FAR_PAYLOAD_MAX);
	}
	c->enc_free(state);
	callee_require(bytes > 0 ? 0 : OH_EBUG, "packet");
	far.n_payload = (uint16_t)bytes;
	return far;
}

static double round_of(const char *name, const struct far_codec *codec, bool mixed, unsigned settle_ms)
{
	static struct callee callee;
	struct callee_cfg cfg = {.delivery = OFFHOOK_DELIVER_INLINE,
		.clock_rate_hz = RATE_HZ,
		.join = true,
		.codecs = name,
		.mixed = mixed};
	struct far *far = far_start();
	struct far_plan plan = {.n = CALLS, .window = 8, .keep = true, .media = true, .codec = *codec};
	double before, us;

	callee_open(&callee, &cfg);
	plan.port = callee.port;
	far_call(far, &plan);
	far_media(far, SECONDS * 1000 + settle_ms + SETTLE_MS);
	callee_sleep_ms(settle_ms);
	before = callee_cpu_us();
	callee_sleep_ms(SECONDS * 1000);
	us = callee_cpu_us() - before;
	far_wait(far);
	far_hangup(far);
	callee_wait_ended(&callee, CALLS);
	callee_close(&callee);
	far_stop(far);
	return us / CALLS / SECONDS;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *encoding;
		uint32_t clock_hz;
		unsigned channels;
		uint8_t pt;
	} rows[] = {
		{"PCMU", "PCMU", 8000, 1, 0}, {"G722", "G722", 8000, 1, 9}, {"opus", "opus", 48000, 2, 96}};
	double us[3][ROUNDS], passed[3][ROUNDS];
	struct report r;

	report_open(&r, "calls", argc, argv);
	for (unsigned k = 0; k < ROUNDS; k++) {
		for (size_t i = 0; i < 3; i++) {
			const struct codec *c =
				codec_find(slice_of(rows[i].encoding), rows[i].clock_hz, rows[i].channels);
			struct far_codec far;

			us[i][k] = passed[i][k] = 0;
			if (!c)
				continue;
			far = speak(codec_at_rate(c, RATE_HZ), rows[i].pt);
			us[i][k] = round_of(rows[i].name, &far, true, SETTLE_MS);
			passed[i][k] =
				round_of(rows[i].name, &far, false, c->dec_bytes ? NO_PAUSE_MS : SETTLE_MS);
		}
	}
	for (size_t i = 0; i < 3; i++) {
		double call_us = bench_median(us[i], ROUNDS);
		char row[64];

		if (call_us <= 0) /* this build has no such codec */
			continue;
		snprintf(row, sizeof(row), "%s: calls per core, 16 kHz", rows[i].name);
		report_row(&r, row, 1e6 / call_us, "", 0, NULL, 0);
		snprintf(row, sizeof(row), "%s: calls per core, passed undecoded", rows[i].name);
		report_row(&r, row, 1e6 / bench_median(passed[i], ROUNDS), "", 0, NULL, 0);
	}
	return report_close(&r);
}
