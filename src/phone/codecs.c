#include "phone/codecs.h"

#include "base/err.h"
#include "base/mem.h"

void offhook_codec_cfg_init(struct offhook_codec_cfg *cfg)
{
	*cfg = (struct offhook_codec_cfg){.size = sizeof(*cfg), .plc = 1};
}

/* ---- choices ---- */

struct codec_choice *codec_choice_ref(struct codec_choice *c)
{
	if (c)
		c->refs++;
	return c;
}

struct codec_choice *codec_choice_unref(struct codec_choice *c)
{
	if (c && --c->refs == 0)
		mem_free(c);
	return NULL;
}

static int choice_of(struct phone_codec *const *list, size_t n, struct codec_choice **ret_choice)
{
	struct codec_choice *c = mem_alloc(sizeof(*c) + n * sizeof(*c->list));

	if (!c)
		return OH_ENOMEM;
	c->refs = 1;
	c->n = n;
	if (n)
		memcpy(c->list, list, n * sizeof(*c->list));
	*ret_choice = c;
	return 0;
}

int codec_choice_new(const struct phone_codecs *t, struct slice text, struct codec_choice **ret_choice)
{
	const struct codec *from[PHONE_CODECS_MAX], *chosen[STREAM_CODECS_MAX];
	struct phone_codec *list[STREAM_CODECS_MAX];
	size_t n;
	int err;

	for (size_t i = 0; i < t->n; i++)
		from[i] = t->list[i]->base;
	err = codec_choose(from, t->n, text, chosen, STREAM_CODECS_MAX, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < t->n; k++)
			if (from[k] == chosen[i])
				list[i] = t->list[k];
	return choice_of(list, n, ret_choice);
}

/* All with a priority, the highest first; equal ones keep their order. */
static size_t by_priority(const struct phone_codecs *t, struct phone_codec **list, size_t cap)
{
	size_t n = 0;

	for (int p = 255; p > 0; p--)
		for (size_t i = 0; i < t->n && n < cap; i++)
			if (t->list[i]->priority == p)
				list[n++] = t->list[i];
	return n;
}

/* ---- the table ---- */

static struct phone_codec *add(struct phone_codecs *t, const struct codec *base, int priority)
{
	struct phone_codec *c = mem_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->base = base;
	c->codec = codec_at_rate(base, t->rate_hz);
	c->priority = priority;
	offhook_codec_cfg_init(&c->cfg);
	t->list[t->n++] = c;
	return c;
}

static bool has(const struct phone_codecs *t, const struct codec *base)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i]->base == base)
			return true;
	return false;
}

static int rebuild(struct phone_codecs *t)
{
	struct phone_codec *list[STREAM_CODECS_MAX];
	struct codec_choice *fresh;
	int err = choice_of(list, by_priority(t, list, STREAM_CODECS_MAX), &fresh);

	if (err)
		return err;
	codec_choice_unref(t->choice);
	t->choice = fresh;
	return 0;
}

int phone_codecs_init(struct phone_codecs *t, uint32_t bridge_rate_hz, struct slice text)
{
	const struct codec *const *all = codec_list();
	const struct codec *chosen[STREAM_CODECS_MAX];
	size_t n_all = 0, n;
	int err;

	t->rate_hz = bridge_rate_hz;
	while (all[n_all])
		n_all++;
	err = codec_choose(all, n_all, text, chosen, STREAM_CODECS_MAX, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		if (!add(t, chosen[i], OFFHOOK_CODEC_PRIORITY))
			return OH_ENOMEM;
	for (size_t i = 0; i < n_all; i++)
		if (!has(t, all[i]) && !add(t, all[i], 0))
			return OH_ENOMEM;
	return rebuild(t);
}

void phone_codecs_free(struct phone_codecs *t)
{
	t->choice = codec_choice_unref(t->choice);
	for (size_t i = 0; i < t->n; i++) {
		program_codec_free(t->list[i]->program);
		mem_free(t->list[i]);
	}
	t->n = 0;
}

struct phone_codec *phone_codec_find(
	const struct phone_codecs *t, struct slice encoding, uint32_t clock_hz, unsigned channels)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct codec *c = t->list[i]->base;

		if (c->clock_hz == clock_hz && c->channels == channels &&
			slice_ieq(slice_of(c->encoding), encoding))
			return t->list[i];
	}
	return NULL;
}

struct codec_params phone_codec_params(const struct phone_codec *c)
{
	static const enum codec_fec fec[] = {[OFFHOOK_FEC_BY_LOSS] = CODEC_FEC_BY_LOSS,
		[OFFHOOK_FEC_NEVER] = CODEC_FEC_NEVER,
		[OFFHOOK_FEC_ALWAYS] = CODEC_FEC_ALWAYS};

	return (struct codec_params){.bits_per_s = c->cfg.bits_per_s,
		.fec = fec[c->cfg.fec],
		.complexity = (uint8_t)c->cfg.complexity,
		.dtx = c->cfg.vad && c->codec->dtx,
		.cbr = c->cfg.cbr != 0};
}

/* ---- changes ---- */

int phone_codec_named(const struct phone_codecs *t, const char *name, struct phone_codec **ret_codec)
{
	const struct codec *from[PHONE_CODECS_MAX], *found;
	struct slice text = slice_of(name);
	size_t n;

	for (size_t i = 0; i < t->n; i++)
		from[i] = t->list[i]->base;
	found = codec_named(from, t->n, text);
	/* The same words for what is missing as elsewhere. */
	if (!found) {
		int err = codec_choose(from, t->n, text, &found, 1, &n);

		return err ? err : err_detail(OH_ENOCODEC, "'%s': a codec is NAME/RATE here", name);
	}
	for (size_t i = 0; i < t->n; i++)
		if (from[i] == found)
			*ret_codec = t->list[i];
	return 0;
}

int phone_codec_set_priority(struct phone_codecs *t, struct phone_codec *c, int priority)
{
	int before = c->priority, err;

	c->priority = priority;
	err = rebuild(t);
	if (err)
		c->priority = before;
	return err;
}

void phone_codec_set(const struct phone_codecs *t, struct phone_codec *c, const struct offhook_codec_cfg *cfg)
{
	uint32_t hz = cfg->max_rate_hz && cfg->max_rate_hz < t->rate_hz ? cfg->max_rate_hz : t->rate_hz;

	c->cfg = *cfg;
	c->codec = codec_at_rate(c->base, hz);
}

/* A static payload type has one meaning in a description. */
static const struct phone_codec *of_payload_type(const struct phone_codecs *t, int pt)
{
	for (size_t i = 0; i < t->n; i++)
		if (pt >= 0 && t->list[i]->base->static_pt == pt)
			return t->list[i];
	return NULL;
}

int phone_codecs_add(struct phone_codecs *t, const struct offhook_codec *given)
{
	const struct phone_codec *same = of_payload_type(t, given->payload_type);
	struct program_codec *program;
	struct phone_codec *c;
	int err;

	if (phone_codec_find(t, slice_of(given->encoding), given->clock_hz, given->channels))
		return err_detail(OH_EINVAL, "there is a codec %s/%u/%u already", given->encoding,
			given->clock_hz, given->channels);
	if (same)
		return err_detail(OH_EINVAL, "payload_type %d is that of %s", given->payload_type,
			same->base->encoding);
	if (t->n_programs == PROGRAM_CODECS_MAX)
		return err_detail(OH_ETOOMANY, "a phone takes %u codecs of the program", PROGRAM_CODECS_MAX);
	err = program_codec_new(given, (uint8_t)(CODEC_PROGRAM + t->n_programs), &program);
	if (err)
		return err;
	c = add(t, program_codec_of(program), OFFHOOK_CODEC_PRIORITY);
	err = c ? rebuild(t) : OH_ENOMEM;
	if (err) {
		if (c)
			t->n--;
		mem_free(c);
		program_codec_free(program);
		return err;
	}
	c->program = program;
	t->n_programs++;
	return 0;
}
