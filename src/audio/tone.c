/* The tone generator: one or two frequencies, steady or in a cadence, with soft edges so that
 * nothing clicks. */
#include "audio/ports.h"

#include "base/err.h"
#include "base/mem.h"

#include <math.h>

#define LEVEL_DEFAULT 0.25
#define EDGE_MS       2u

/* A pointer that turns by the same angle every sample: no sine a sample, and no error that grows, for its
 * length is put right every frame. */
struct turning {
	double re, im, step_re, step_im;
};

struct tone {
	struct port port;
	struct tone_cfg cfg;
	struct turning one, two;
	uint64_t on, cycle; /* samples; cycle 0: steady */
	uint64_t edge;
	uint64_t at;   /* in the cycle, or since the start */
	unsigned done; /* cycles */
	bool ended;
};

static void turning_init(struct turning *w, double hz, uint32_t rate_hz, double level)
{
	double angle = 2 * M_PI * hz / rate_hz;

	*w = (struct turning){.re = hz > 0 ? level : 0, .step_re = cos(angle), .step_im = sin(angle)};
}

static double turn(struct turning *w)
{
	double value = w->im, re = w->re * w->step_re - w->im * w->step_im;

	w->im = w->re * w->step_im + w->im * w->step_re;
	w->re = re;
	return value;
}

static void keep_length(struct turning *w, double level)
{
	double length = sqrt(w->re * w->re + w->im * w->im);

	if (length > 0) {
		w->re *= level / length;
		w->im *= level / length;
	}
}

static double envelope(const struct tone *t)
{
	uint64_t to_edge = t->at;

	if (t->cycle) {
		if (t->at >= t->on)
			return 0;
		to_edge = t->on - t->at < t->at ? t->on - t->at : t->at;
	}
	return to_edge < t->edge ? (double)to_edge / (double)t->edge : 1;
}

/* The next sample's place in the cadence; the last cycle ends with its tone, not with its pause. */
static void advance(struct tone *t)
{
	t->at++;
	if (!t->cycle)
		return;
	if (t->cfg.repeats && t->done + 1 == t->cfg.repeats && t->at >= t->on)
		t->ended = true;
	if (t->at == t->cycle) {
		t->at = 0;
		t->done++;
	}
}

static void tell_end(const struct tone *t, uint64_t now_ns)
{
	struct media_report r = {.type = MEDIA_FILE_END, .tag = t->cfg.tag, .at_ns = now_ns};

	if (t->cfg.report)
		t->cfg.report(t->cfg.report_arg, &r);
}

static bool tone_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *tick)
{
	struct tone *t = (struct tone *)p;
	bool sounds = false;

	if (t->ended)
		return false;
	for (size_t i = 0; i < n; i++) {
		double loud = t->ended ? 0 : envelope(t);
		double x = (turn(&t->one) + turn(&t->two)) * loud * 32767;

		sounds |= loud > 0;
		x = x < 32767 ? x : 32767;
		x = x > -32768 ? x : -32768;
		pcm[i] = (int16_t)lrint(x);
		if (!t->ended)
			advance(t);
	}
	keep_length(&t->one, t->cfg.level);
	keep_length(&t->two, t->cfg.level);
	if (t->ended)
		tell_end(t, tick->now_ns);
	return sounds;
}

static void tone_free(struct port *p)
{
	mem_free(p);
}

static const struct port_ops tone_ops = {.kind = "tone", .pull = tone_pull, .free = tone_free};

static bool hz_valid(double hz, uint32_t rate_hz)
{
	return hz == 0 || (hz >= 20 && hz <= 0.45 * rate_hz);
}

static bool cfg_valid(const struct tone_cfg *cfg)
{
	return hz_valid(cfg->hz1, cfg->rate_hz) && hz_valid(cfg->hz2, cfg->rate_hz) &&
	       (cfg->hz1 > 0 || cfg->hz2 > 0) && cfg->level >= 0 && cfg->level <= 1 &&
	       (cfg->on_ms || (!cfg->off_ms && !cfg->repeats));
}

int tone_new(const struct tone_cfg *cfg, struct port **ret_port)
{
	struct tone *t;

	if (!cfg_valid(cfg))
		return err_detail(OH_EINVAL,
			"a tone of %g and %g Hz at level %g, %u ms on, %u off: 20 to %g Hz, level 0 to 1, "
			"a cadence needs its tone",
			cfg->hz1, cfg->hz2, cfg->level, cfg->on_ms, cfg->off_ms, 0.45 * cfg->rate_hz);
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return OH_ENOMEM;
	t->port = (struct port){&tone_ops, cfg->rate_hz};
	t->cfg = *cfg;
	if (t->cfg.level == 0)
		t->cfg.level = LEVEL_DEFAULT;
	turning_init(&t->one, cfg->hz1, cfg->rate_hz, t->cfg.level);
	turning_init(&t->two, cfg->hz2, cfg->rate_hz, t->cfg.level);
	t->edge = cfg->rate_hz / 1000 * EDGE_MS;
	if (cfg->off_ms || cfg->repeats) {
		t->on = (uint64_t)cfg->rate_hz * cfg->on_ms / 1000;
		t->cycle = t->on + (uint64_t)cfg->rate_hz * cfg->off_ms / 1000;
	}
	*ret_port = &t->port;
	return 0;
}
