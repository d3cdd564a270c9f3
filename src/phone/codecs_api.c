/* The public functions about codecs: commands over the phone's table. */
#include "phone/codecs.h"

#include "phone/phone_impl.h"

#define BITS_MIN 6000u
#define BITS_MAX 510000u

struct codec_args {
	const char *name;
	int priority;
	struct offhook_codec_cfg cfg;
	const struct offhook_codec *given;
	struct offhook_codec_info *infos;
	size_t capacity, n;
};

/* ---- the list ---- */

static struct offhook_codec_info info_of(const struct offhook_phone *p, const struct phone_codec *c)
{
	const struct codec *codec = c->codec;
	struct offhook_codec_info info = {
		.clock_hz = codec->clock_hz,
		.rate_hz = codec->rate_hz,
		.channels = codec->channels,
		.bits_per_s = c->cfg.bits_per_s ? c->cfg.bits_per_s : codec->bits_per_s,
		.ptime_ms = codec_packet_ms(codec, c->cfg.ptime_ms ? c->cfg.ptime_ms : p->cfg.ptime_ms),
		.frame_ms = codec_packet_ms(codec, 10),
		.payload_type = codec->static_pt,
		.priority = c->priority,
		.vad = c->cfg.vad != 0,
		.plc = c->cfg.plc != 0,
	};

	snprintf(info.name, sizeof(info.name), "%s/%u/%u", codec->encoding, codec->clock_hz, codec->channels);
	return info;
}

static int list_run(struct offhook_phone *p, void *arg)
{
	struct codec_args *a = arg;
	int err = phone_check_open(p);

	if (err)
		return err;
	for (int priority = 255; priority >= 0; priority--)
		for (size_t i = 0; i < p->codecs.n; i++) {
			if (p->codecs.list[i]->priority != priority)
				continue;
			if (a->n < a->capacity)
				a->infos[a->n] = info_of(p, p->codecs.list[i]);
			a->n++;
		}
	return 0;
}

int offhook_codecs(
	struct offhook_phone *phone, struct offhook_codec_info *infos, size_t capacity, size_t *ret_n)
{
	struct codec_args args = {.infos = infos, .capacity = capacity};
	int err;

	err_detail_clear();
	if (!ret_n || (capacity && !infos))
		return err_detail(OH_EINVAL, "infos and ret_n are needed");
	err = phone_query(phone, list_run, &args);
	if (!err)
		*ret_n = args.n;
	return err;
}

/* ---- one of them ---- */

static int named(struct offhook_phone *p, const struct codec_args *a, struct phone_codec **ret_codec)
{
	int err = phone_check_open(p);

	return err ? err : phone_codec_named(&p->codecs, a->name, ret_codec);
}

static int priority_run(struct offhook_phone *p, void *arg)
{
	const struct codec_args *a = arg;
	struct phone_codec *c;
	int err = named(p, a, &c);

	return err ? err : phone_codec_set_priority(&p->codecs, c, a->priority);
}

int offhook_codec_set_priority(struct offhook_phone *phone, const char *name, int priority)
{
	struct codec_args args = {.name = name, .priority = priority};

	err_detail_clear();
	if (!name || priority < 0 || priority > 255)
		return err_detail(OH_EINVAL, "a name is needed, and a priority from 0 to 255");
	return phone_command(phone, priority_run, &args);
}

static int set_run(struct offhook_phone *p, void *arg)
{
	const struct codec_args *a = arg;
	struct phone_codec *c;
	int err = named(p, a, &c);

	if (!err)
		phone_codec_set(&p->codecs, c, &a->cfg);
	return err;
}

static int check_cfg(const struct offhook_codec_cfg *c)
{
	if (c->ptime_ms && (c->ptime_ms < 10 || c->ptime_ms > 60 || c->ptime_ms % 10))
		return err_detail(OH_EINVAL, "ptime_ms is 0, or 10 to 60 in steps of 10");
	if (c->bits_per_s && (c->bits_per_s < BITS_MIN || c->bits_per_s > BITS_MAX))
		return err_detail(OH_EINVAL, "bits_per_s is 0, or 6000 to 510000");
	if (c->max_rate_hz && c->max_rate_hz != 8000 && c->max_rate_hz != 16000 && c->max_rate_hz != 24000 &&
		c->max_rate_hz != 48000)
		return err_detail(OH_EINVAL, "max_rate_hz is 0, 8000, 16000, 24000 or 48000");
	if ((unsigned)c->fec > OFFHOOK_FEC_ALWAYS)
		return err_detail(OH_EINVAL, "fec is no enum offhook_fec");
	if (c->complexity > 10)
		return err_detail(OH_EINVAL, "complexity is at most 10");
	return 0;
}

int offhook_codec_set(struct offhook_phone *phone, const char *name, const struct offhook_codec_cfg *cfg)
{
	struct codec_args args = {.name = name};
	int err;

	err_detail_clear();
	if (!name || !cfg)
		return err_detail(OH_EINVAL, "a name and settings are needed");
	offhook_codec_cfg_init(&args.cfg);
	err = cfg_take(&args.cfg, sizeof(args.cfg), cfg);
	if (!err)
		err = check_cfg(&args.cfg);
	return err ? err : phone_command(phone, set_run, &args);
}

static int get_run(struct offhook_phone *p, void *arg)
{
	struct codec_args *a = arg;
	struct phone_codec *c;
	int err = named(p, a, &c);

	if (!err)
		a->cfg = c->cfg;
	return err;
}

int offhook_codec_get(struct offhook_phone *phone, const char *name, struct offhook_codec_cfg *ret_cfg)
{
	struct codec_args args = {.name = name};
	int err;

	err_detail_clear();
	if (!name)
		return err_detail(OH_EINVAL, "a name is needed");
	err = phone_query(phone, get_run, &args);
	return err ? err : info_give(ret_cfg, &args.cfg, sizeof(args.cfg));
}

/* ---- the program's own ---- */

static int add_run(struct offhook_phone *p, void *arg)
{
	const struct codec_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : phone_codecs_add(&p->codecs, a->given);
}

int offhook_codec_add(struct offhook_phone *phone, const struct offhook_codec *codec)
{
	struct offhook_codec ours;
	struct codec_args args = {.given = &ours};
	int err;

	err_detail_clear();
	if (!codec)
		return err_detail(OH_EINVAL, "codec is needed");
	offhook_codec_init(&ours);
	err = cfg_take(&ours, sizeof(ours), codec);
	if (!err)
		err = program_codec_check(&ours);
	return err ? err : phone_command(phone, add_run, &args);
}
