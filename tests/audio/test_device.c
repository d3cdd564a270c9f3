/* A sound card as a port: clocks that drift, cards that stall and work in large blocks, echo, noise, volume. */
#include "check.h"

#include "audio/device.h"
#include "audio/drift.h"
#include "audio/voice.h"
#include "base/err.h"
#include "host/sim/sim.h"

#include <math.h>

#define RATE 8000u
#define TICK (RATE / 50)
#define LOUD 8000.0

/* A steady tone, and an ear that hears each sample that is missing, doubled or wrong: a sine is twice the cosine of its
 * step times its last sample, minus the one before. */
struct tone {
	double turn;
};

static void say_tone(struct tone *t, int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pcm[i] = (int16_t)lrint(LOUD * sin(t->turn));
		t->turn += 2 * M_PI * 400 / RATE;
	}
	t->turn = fmod(t->turn, 2 * M_PI);
}

struct ear {
	double a, b;
	uint64_t samples, clicks;
	double energy; /* of what was heard since it was last looked at */
};

static void hear(struct ear *e, const int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double x = pcm[i];

		e->clicks += fabs(x - 2 * cos(2 * M_PI * 400 / RATE) * e->a + e->b) > 100;
		e->b = e->a;
		e->a = x;
		e->energy += x * x;
	}
	e->samples += n;
}

struct stage {
	struct sim *sim;
	struct host *host;
	struct sim_card *card;
	struct device *device;
	struct port *port;
	struct host_ticker *ticker;
	struct tone at_card, at_bridge;
	struct ear card_ear, bridge_ear;
	uint64_t ticks, silent; /* ticks that gave no audio */
	/* What the bridge and the person say, instead of tones; NULL: tones. */
	void (*bridge_says)(struct stage *s, int16_t *pcm, size_t n);
	void (*person_says)(struct stage *s, int16_t *pcm, size_t n);
	uint64_t chance;
};

static void person_says(void *arg, int16_t *pcm, size_t n)
{
	struct stage *s = arg;

	if (s->person_says)
		s->person_says(s, pcm, n);
	else
		say_tone(&s->at_card, pcm, n);
}

static void person_hears(void *arg, const int16_t *pcm, size_t n)
{
	hear(&((struct stage *)arg)->card_ear, pcm, n);
}

static void on_tick(void *arg, const struct host_tick *tick)
{
	struct stage *s = arg;
	struct audio_tick t = {.now_ns = tick->now_ns, .due_ns = tick->due_ns, .index = s->ticks++};
	int16_t pcm[TICK];

	if (s->port->ops->pull(s->port, pcm, TICK, &t))
		hear(&s->bridge_ear, pcm, TICK);
	else
		s->silent++;
	if (s->bridge_says)
		s->bridge_says(s, pcm, TICK);
	else
		say_tone(&s->at_bridge, pcm, TICK);
	s->port->ops->push(s->port, pcm, TICK, &t);
}

static void stage_open(struct stage *s, struct sim_card_cfg *card, const struct device_cfg *more)
{
	struct device_cfg cfg = more ? *more : (struct device_cfg){0};
	struct host_ticker_cfg ticker = {
		.period_ns = 20 * NS_PER_MS, .name = "tick", .fn = on_tick, .arg = s};

	*s = (struct stage){.chance = 1};
	CHECK_OK(sim_new(1, &s->sim));
	CHECK_OK(sim_host_new(s->sim, "192.0.2.1", &s->host));
	card->id = "card";
	card->name = "Card";
	card->says = person_says;
	card->hears = person_hears;
	card->arg = s;
	CHECK_OK(sim_card_add(s->host, card, &s->card));
	cfg.host = s->host;
	cfg.rate_hz = RATE;
	cfg.tick_ms = 20;
	cfg.latency_ms = 40;
	CHECK_OK(device_new(&cfg, &s->device, &s->port));
	CHECK_OK(host_ticker_new(s->host, &ticker, &s->ticker));
	CHECK_OK(device_open(s->device, HOST_SOUND_CAPTURE, "card"));
	CHECK_OK(device_open(s->device, HOST_SOUND_PLAYBACK, "card"));
}

static void stage_close(struct stage *s)
{
	device_close(s->device, HOST_SOUND_CAPTURE);
	device_close(s->device, HOST_SOUND_PLAYBACK);
	host_ticker_free(s->ticker);
	s->port->ops->free(s->port);
	host_free(s->host);
	sim_free(s->sim);
}

static struct device_figures figures(struct stage *s, enum host_sound_side side)
{
	struct device_figures f;

	device_figures(s->device, side, &f);
	return f;
}

/* The beginning is over: from now on nothing may be missing. */
static void listen_anew(struct stage *s)
{
	s->card_ear = s->bridge_ear = (struct ear){0};
	s->silent = s->ticks = 0;
	sim_run_for(s->sim, NS_PER_S);
	s->card_ear.clicks = s->bridge_ear.clicks = s->silent = s->ticks = 0;
}

static double level(struct ear *e)
{
	double rms = e->samples ? sqrt(e->energy / (double)e->samples) : 0;

	*e = (struct ear){0};
	return rms;
}

/* ---- clocks ---- */

TEST(an_hour_with_a_clock_that_is_half_a_thousandth_off_has_no_gap)
{
	static const int32_t ppm[] = {500, -500};

	for (size_t i = 0; i < ARRAY_LEN(ppm); i++) {
		struct sim_card_cfg card = {.drift_ppm = ppm[i]};
		struct stage s;

		stage_open(&s, &card, NULL);
		sim_run_for(s.sim, 2 * NS_PER_S);
		listen_anew(&s);
		sim_run_for(s.sim, (CHECK_SANITIZED ? 600 : 3600) * NS_PER_S);
		CHECK_EQ(s.silent, 0);
		CHECK_EQ(s.bridge_ear.clicks, 0);
		CHECK_EQ(s.card_ear.clicks, 0);
		for (enum host_sound_side side = HOST_SOUND_CAPTURE; side <= HOST_SOUND_PLAYBACK; side++) {
			CHECK_EQ(figures(&s, side).gaps, 0);
			CHECK_EQ(figures(&s, side).cuts, 0);
			CHECK(fabs(figures(&s, side).drift_ppm - ppm[i]) < 150);
			CHECK(figures(&s, side).depth_ms < 60);
		}
		stage_close(&s);
	}
}

TEST(a_card_that_stalls_is_made_up_for)
{
	struct sim_card_cfg card = {0};
	struct stage s;

	stage_open(&s, &card, NULL);
	sim_run_for(s.sim, 5 * NS_PER_S);
	sim_card_stall(s.card, 700 * NS_PER_MS);
	/* All that had waited comes at once: it is cut, not heard later and later. */
	sim_run_for(s.sim, 10 * NS_PER_S);
	CHECK(figures(&s, HOST_SOUND_CAPTURE).gaps >= 1);
	CHECK(figures(&s, HOST_SOUND_CAPTURE).depth_ms < 200);
	CHECK(figures(&s, HOST_SOUND_PLAYBACK).depth_ms < 200);
	listen_anew(&s);
	sim_run_for(s.sim, 60 * NS_PER_S);
	CHECK_EQ(s.silent, 0);
	CHECK_EQ(s.bridge_ear.clicks, 0);
	CHECK_EQ(s.card_ear.clicks, 0);
	CHECK(figures(&s, HOST_SOUND_CAPTURE).depth_ms < 100);
	stage_close(&s);
}

TEST(a_card_of_large_blocks_is_followed)
{
	struct sim_card_cfg card = {.block_ms = 500, .drift_ppm = 100};
	struct stage s;

	stage_open(&s, &card, NULL);
	/* Until the clocks have passed each other once: how much has to be in hand is learnt then. */
	sim_run_for(s.sim, 500 * NS_PER_S);
	CHECK(figures(&s, HOST_SOUND_CAPTURE).gaps + figures(&s, HOST_SOUND_PLAYBACK).gaps < 6);
	listen_anew(&s);
	sim_run_for(s.sim, 600 * NS_PER_S);
	CHECK_EQ(s.silent, 0);
	CHECK_EQ(s.bridge_ear.clicks, 0);
	CHECK_EQ(s.card_ear.clicks, 0);
	stage_close(&s);
}

TEST(what_was_said_while_a_card_was_being_opened_is_not_heard_late)
{
	struct sim_card_cfg card = {.open_ns = 1500 * NS_PER_MS};
	struct stage s;
	int err;

	stage_open(&s, &card, NULL);
	sim_run_for(s.sim, NS_PER_S);
	CHECK_EQ(device_state(s.device, HOST_SOUND_CAPTURE, &err), HOST_SOUND_OPENING);
	CHECK_EQ(s.silent, s.ticks);
	sim_run_for(s.sim, NS_PER_S);
	CHECK_EQ(device_state(s.device, HOST_SOUND_CAPTURE, &err), HOST_SOUND_OPEN);
	CHECK(figures(&s, HOST_SOUND_PLAYBACK).depth_ms < 60);
	sim_card_unplug(s.card);
	CHECK_EQ(device_state(s.device, HOST_SOUND_CAPTURE, &err), HOST_SOUND_FAILED);
	CHECK_EQ(err, OH_ECONN);
	stage_close(&s);
}

TEST(without_drift_samples_pass_untouched)
{
	static int16_t in[4000], out[4000];
	static struct hair h;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		in[i] = (int16_t)(i * 7919 % 65536 - 32768);
	hair_init(&h);
	CHECK_EQ(hair_need(&h, 0), 0);
	CHECK_EQ(hair_need(&h, 100), 100);
	for (size_t at = 0; at < ARRAY_LEN(in); at += 400) {
		hair_put(&h, in + at, 400);
		n += hair_get(&h, out + n, 400);
	}
	CHECK_EQ(n, ARRAY_LEN(in));
	CHECK_MEM(out + HAIR_TAPS / 2, in, (n - HAIR_TAPS / 2) * sizeof(*in));
}

TEST(a_hair_bends_a_tone_by_less_than_a_thousandth)
{
	static struct hair h;
	int16_t in[480], out[480];
	double noise = 0, signal = 0, turn = 0;
	double step = 2 * M_PI * 1000 / 48000.0;
	size_t n = 0;

	hair_init(&h);
	hair_speed(&h, 0.0005);
	for (int block = 0; block < 200; block++) {
		size_t got;

		for (size_t i = 0; i < ARRAY_LEN(in); i++, turn += step)
			in[i] = (int16_t)lrint(20000 * sin(turn));
		hair_put(&h, in, ARRAY_LEN(in));
		got = hair_get(&h, out, ARRAY_LEN(out));
		for (size_t i = 0; i < got; i++, n++) {
			double wanted = 20000 * sin(step * (1.0005 * (double)n - HAIR_TAPS / 2));

			if (n < 100)
				continue;
			signal += wanted * wanted;
			noise += (out[i] - wanted) * (out[i] - wanted);
		}
	}
	CHECK(10 * log10(signal / noise) > 70);
}

/* ---- voice ---- */

static double uniform(struct stage *s)
{
	s->chance = s->chance * 6364136223846793005u + 1442695040888963407u;
	return (double)(int32_t)(s->chance >> 32) / 2147483648.0;
}

/* Bursts of noise of changing loudness: a far speaker, for a canceller. */
static void say_bursts(struct stage *s, int16_t *pcm, size_t n)
{
	double loud = s->ticks / 10 % 3 == 0 ? 300 : 6000;

	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(loud * uniform(s));
}

static void say_nothing(struct stage *s, int16_t *pcm, size_t n)
{
	(void)s;
	memset(pcm, 0, n * sizeof(*pcm));
}

static double echo_left(uint32_t echo_ms)
{
	struct sim_card_cfg card = {.echo_ms = 30, .echo = 0.5};
	struct device_cfg cfg = {.echo_ms = echo_ms};
	struct stage s;
	double left;

	stage_open(&s, &card, &cfg);
	s.bridge_says = say_bursts;
	s.person_says = say_nothing;
	sim_run_for(s.sim, 10 * NS_PER_S);
	(void)level(&s.bridge_ear);
	sim_run_for(s.sim, 10 * NS_PER_S);
	left = level(&s.bridge_ear);
	stage_close(&s);
	return left;
}

TEST(the_far_speaker_does_not_hear_himself)
{
	double before = echo_left(0), after = echo_left(200);

	print_message("# echo: %.0f without, %.1f with the canceller\n", before, after);
	CHECK(before > 500);
	CHECK(20 * log10(before / after) > 25);
}

TEST(the_near_speaker_is_heard_through_the_canceller)
{
	struct sim_card_cfg card = {.echo_ms = 30, .echo = 0.5};
	struct device_cfg cfg = {.echo_ms = 200};
	struct stage s;

	stage_open(&s, &card, &cfg);
	s.bridge_says = say_nothing;
	sim_run_for(s.sim, 5 * NS_PER_S);
	(void)level(&s.bridge_ear);
	sim_run_for(s.sim, NS_PER_S);
	CHECK(level(&s.bridge_ear) > LOUD / 2);
	stage_close(&s);
}

static void hiss(struct stage *s, int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(600 * uniform(s));
}

static double hiss_left(bool noise, bool gain)
{
	struct sim_card_cfg card = {0};
	struct device_cfg cfg = {.noise = noise, .gain = gain};
	struct stage s;
	double left;

	stage_open(&s, &card, &cfg);
	s.person_says = hiss;
	sim_run_for(s.sim, 5 * NS_PER_S);
	(void)level(&s.bridge_ear);
	sim_run_for(s.sim, 5 * NS_PER_S);
	left = level(&s.bridge_ear);
	stage_close(&s);
	return left;
}

TEST(noise_is_suppressed_and_a_quiet_voice_is_raised)
{
	struct sim_card_cfg card = {0};
	struct device_cfg cfg = {.gain = true};
	struct stage s;

	CHECK(20 * log10(hiss_left(false, false) / hiss_left(true, false)) > 8);
	stage_open(&s, &card, &cfg);
	s.person_says = say_bursts;
	sim_run_for(s.sim, 20 * NS_PER_S);
	CHECK(level(&s.bridge_ear) > 1000);
	stage_close(&s);
}

TEST(volume_changes_without_a_click)
{
	struct sim_card_cfg card = {0};
	struct stage s;
	double before;

	stage_open(&s, &card, NULL);
	sim_run_for(s.sim, 3 * NS_PER_S);
	listen_anew(&s);
	(void)level(&s.bridge_ear);
	sim_run_for(s.sim, NS_PER_S);
	before = level(&s.bridge_ear);
	device_volume(s.device, HOST_SOUND_CAPTURE, 0.5f);
	device_volume(s.device, HOST_SOUND_PLAYBACK, 0);
	sim_run_for(s.sim, NS_PER_S);
	(void)level(&s.bridge_ear);
	(void)level(&s.card_ear);
	sim_run_for(s.sim, NS_PER_S);
	CHECK(fabs(level(&s.bridge_ear) / before - 0.5) < 0.01);
	CHECK(level(&s.card_ear) == 0);
	/* Louder than there is room for is cut, not folded over. */
	device_volume(s.device, HOST_SOUND_CAPTURE, 16);
	sim_run_for(s.sim, NS_PER_S);
	(void)level(&s.bridge_ear);
	sim_run_for(s.sim, NS_PER_S);
	CHECK(level(&s.bridge_ear) > 25000);
	stage_close(&s);
}

/* ---- what goes wrong ---- */

static int make(void *arg)
{
	struct device_cfg cfg = {
		.rate_hz = 16000, .tick_ms = 20, .latency_ms = 40, .echo_ms = 100, .noise = true};
	struct sim_card_cfg card = {.id = "card", .name = "Card"};
	struct sim *sim;
	struct host *h = NULL;
	struct device *d = NULL;
	struct port *port;
	struct sim_card *c;
	int err = sim_new(1, &sim);

	(void)arg;
	if (err)
		return err;
	err = sim_host_new(sim, "192.0.2.1", &h);
	if (!err)
		err = sim_card_add(h, &card, &c);
	cfg.host = h;
	if (!err)
		err = device_new(&cfg, &d, &port);
	if (!err) {
		err = device_open(d, HOST_SOUND_PLAYBACK, "card");
		device_close(d, HOST_SOUND_PLAYBACK);
		port->ops->free(port);
	}
	host_free(h);
	sim_free(sim);
	return err;
}

TEST(every_allocation_may_fail)
{
	CHECK_OK(make(NULL));
	check_every_allocation_fails(make, NULL);
}

TEST(what_cannot_be_opened_is_told)
{
	struct sim_card_cfg card = {.broken = true};
	struct host_sound_cfg cfg = {
		.id = "card", .side = HOST_SOUND_CAPTURE, .rate_hz = 7999, .latency_ms = 40};
	struct host_sound *sound;
	struct stage s;
	int err;

	stage_open(&s, &card, NULL);
	sim_run_for(s.sim, NS_PER_MS);
	CHECK_EQ(device_state(s.device, HOST_SOUND_PLAYBACK, &err), HOST_SOUND_FAILED);
	CHECK_EQ(err, OH_EBUSY);
	device_close(s.device, HOST_SOUND_PLAYBACK);
	CHECK_EQ(device_open(s.device, HOST_SOUND_PLAYBACK, "another"), OH_ENODEV);
	CHECK_EQ(host_sound_open(s.host, &cfg, &sound), OH_EINVAL);
	stage_close(&s);
}

TESTS(RUN(an_hour_with_a_clock_that_is_half_a_thousandth_off_has_no_gap),
	RUN(a_card_that_stalls_is_made_up_for), RUN(a_card_of_large_blocks_is_followed),
	RUN(what_was_said_while_a_card_was_being_opened_is_not_heard_late),
	RUN(without_drift_samples_pass_untouched), RUN(a_hair_bends_a_tone_by_less_than_a_thousandth),
	RUN(the_far_speaker_does_not_hear_himself), RUN(the_near_speaker_is_heard_through_the_canceller),
	RUN(noise_is_suppressed_and_a_quiet_voice_is_raised), RUN(volume_changes_without_a_click),
	RUN(every_allocation_may_fail), RUN(what_cannot_be_opened_is_told))
