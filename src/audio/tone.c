/* The tone generator: parts of up to four frequencies or of silence, one after the other and over again, with soft edges so
 * that nothing clicks. */
#include "audio/ports.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/turning.h"

#include <string.h>

#define EDGE_MS 2u

struct tone {
	struct port port;
	struct tone_cfg cfg;
	struct turning tones[PATTERN_HZ_MAX]; /* of the present part */
	uint64_t edge;
	uint64_t at, until; /* samples of the present part; until 0: it has no end */
	size_t part, last;  /* last: the last one that sounds */
	unsigned done;      /* rounds */
	bool ended;
	struct pattern_part parts[];
};

static double level_of(const struct tone *t, size_t i)
{
	return t->cfg.level * t->parts[t->part].tones[i].weight;
}

static void begin_part(struct tone *t, size_t part)
{
	t->part = part;
	t->at = 0;
	t->until = (uint64_t)t->cfg.rate_hz * t->parts[part].ms / 1000;
	for (size_t i = 0; i < PATTERN_HZ_MAX; i++)
		turning_init(&t->tones[i], t->parts[part].tones[i].hz, t->cfg.rate_hz, level_of(t, i));
}

static double envelope(const struct tone *t)
{
	uint64_t to_edge = t->until && t->until - t->at < t->at ? t->until - t->at : t->at;

	return to_edge < t->edge ? (double)to_edge / (double)t->edge : 1;
}

/* The next sample's place; the last round ends with its last tone, not with the pause behind it. */
static void advance(struct tone *t)
{
	t->at++;
	if (!t->until || t->at < t->until)
		return;
	if (t->part == t->last && t->cfg.repeats && t->done + 1 == t->cfg.repeats) {
		t->ended = true;
		return;
	}
	if (t->part + 1 == t->cfg.n_parts)
		t->done++;
	begin_part(t, (t->part + 1) % t->cfg.n_parts);
}

static double sample(struct tone *t)
{
	double x = 0;

	for (size_t i = 0; i < PATTERN_HZ_MAX && t->parts[t->part].tones[i].hz > 0; i++)
		x += turn(&t->tones[i]);
	return x * 32767 * envelope(t);
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
		double x = 0;

		if (!t->ended) {
			sounds |= pattern_sounds(&t->parts[t->part]);
			x = sample(t);
			advance(t);
		}
		x = x < 32767 ? x : 32767;
		x = x > -32768 ? x : -32768;
		pcm[i] = (int16_t)lrint(x);
	}
	for (size_t i = 0; i < PATTERN_HZ_MAX; i++)
		turning_keep(&t->tones[i], level_of(t, i));
	if (t->ended)
		tell_end(t, tick->now_ns);
	return sounds;
}

static void tone_free(struct port *p)
{
	mem_free(p);
}

static const struct port_ops tone_ops = {.kind = "tone", .pull = tone_pull, .free = tone_free};

/* Negated comparisons, so that NaN is refused too. */
static int check(const struct tone_cfg *cfg, size_t *ret_last)
{
	double top = 0.45 * cfg->rate_hz;
	size_t sounding = 0;

	if (!(cfg->level >= 0 && cfg->level <= 1))
		return err_detail(OH_EINVAL, "level is 0 to 1");
	for (size_t i = 0; i < cfg->n_parts; i++) {
		for (size_t k = 0; k < PATTERN_HZ_MAX && cfg->parts[i].tones[k].hz != 0; k++)
			if (!(cfg->parts[i].tones[k].hz >= 20 && cfg->parts[i].tones[k].hz <= top))
				return err_detail(OH_EINVAL, "%g Hz: a tone has 20 to %g",
					cfg->parts[i].tones[k].hz, top);
		if (pattern_sounds(&cfg->parts[i])) {
			sounding++;
			*ret_last = i;
		}
	}
	if (!sounding)
		return err_detail(OH_EINVAL, "a tone of nothing but silence");
	if (cfg->repeats && cfg->parts[cfg->n_parts - 1].ms == 0)
		return err_detail(OH_EINVAL, "what has no end cannot be repeated");
	return 0;
}

int tone_new(const struct tone_cfg *cfg, struct port **ret_port)
{
	struct tone *t;
	size_t last = 0;
	int err = check(cfg, &last);

	if (err)
		return err;
	t = mem_zalloc(sizeof(*t) + cfg->n_parts * sizeof(t->parts[0]));
	if (!t)
		return OH_ENOMEM;
	t->port = (struct port){&tone_ops, cfg->rate_hz};
	t->cfg = *cfg;
	memcpy(t->parts, cfg->parts, cfg->n_parts * sizeof(t->parts[0]));
	t->cfg.parts = t->parts;
	if (t->cfg.level == 0)
		t->cfg.level = TONE_LEVEL_DEFAULT;
	t->edge = cfg->rate_hz / 1000 * EDGE_MS;
	t->last = last;
	begin_part(t, 0);
	*ret_port = &t->port;
	return 0;
}
