/* Tone generators. */
#include "phone/file.h"

#include "audio/national.h"
#include "offhook/tone.h"
#include "rtp/dtmf.h"

void offhook_tone_cfg_init(struct offhook_tone_cfg *cfg)
{
	*cfg = (struct offhook_tone_cfg){.size = sizeof(*cfg), .hz1 = 440, .level = 0.25};
}

void offhook_pattern_cfg_init(struct offhook_pattern_cfg *cfg)
{
	*cfg = (struct offhook_pattern_cfg){.size = sizeof(*cfg), .level = TONE_LEVEL_DEFAULT};
}

/* What a generator says, and what comes of it. */
struct saying {
	struct pattern_part *parts;
	size_t n;
	unsigned repeats;
	double level;
	void *user_data;
};

static int put(struct offhook_phone *phone, const struct saying *s, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct tone_cfg tone = {
		.parts = s->parts,
		.n_parts = s->n,
		.repeats = s->repeats,
		.level = s->level,
		.rate_hz = phone->cfg.clock_rate_hz,
		.tag = tag_draw(phone),
		.report = engine_report,
		.report_arg = phone->engine,
	};
	struct port *port;
	struct file *f = file_new(phone, FILE_TONE, s->user_data);
	int err;

	if (!f)
		return OH_ENOMEM;
	err = tone_new(&tone, &port);
	if (!err)
		err = file_put_on_bridge(f, port, tone.tag, ret_id, ret_slot);
	if (err)
		file_free(f);
	return err;
}

/* Negated comparisons, so that NaN is refused too. */
static int check_tone(const struct offhook_phone *p, const struct offhook_tone_cfg *t)
{
	double top = 0.45 * p->cfg.clock_rate_hz;

	if (!(t->hz1 >= 20 && t->hz1 <= top))
		return err_detail(OH_EINVAL, "hz1 is 20 to %g", top);
	if (!(t->hz2 == 0 || (t->hz2 >= 20 && t->hz2 <= top)))
		return err_detail(OH_EINVAL, "hz2 is 0 or 20 to %g", top);
	if (!(t->level >= 0 && t->level <= 1))
		return err_detail(OH_EINVAL, "level is 0 to 1");
	if ((t->repeats || t->off_ms) && !t->on_ms)
		return err_detail(OH_EINVAL, "on_ms is needed for a cadence");
	return 0;
}

int offhook_tone_new(struct offhook_phone *phone, const struct offhook_tone_cfg *cfg, offhook_id *ret_id,
	offhook_id *ret_slot)
{
	struct pattern_part parts[2] = {{.ms = 0}, {.ms = 0}};
	struct offhook_tone_cfg ours;
	struct saying s = {.parts = parts, .n = 1};
	int err;

	err_detail_clear();
	if (!phone)
		return err_detail(OH_EINVAL, "phone is NULL");
	offhook_tone_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (!err)
		err = check_tone(phone, &ours);
	if (err)
		return err;
	parts[0].tones[0].hz = ours.hz1;
	parts[0].tones[1].hz = ours.hz2;
	parts[0].tones[0].weight = parts[0].tones[1].weight = 1;
	/* Without a pause it is steady, unless it is to end. */
	if (ours.off_ms || ours.repeats)
		parts[0].ms = ours.on_ms;
	parts[1].ms = ours.off_ms;
	s.n += ours.off_ms != 0;
	s.repeats = ours.repeats;
	s.level = ours.level;
	s.user_data = ours.user_data;
	return put(phone, &s, ret_id, ret_slot);
}

int offhook_tone_pattern(struct offhook_phone *phone, const struct offhook_pattern_cfg *cfg,
	offhook_id *ret_id, offhook_id *ret_slot)
{
	struct pattern_part parts[PATTERN_PARTS_MAX];
	struct offhook_pattern_cfg ours;
	struct saying s = {.parts = parts};
	int err;

	err_detail_clear();
	if (!phone)
		return err_detail(OH_EINVAL, "phone is NULL");
	offhook_pattern_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (!err && !ours.pattern)
		err = err_detail(OH_EINVAL, "pattern is NULL");
	if (!err)
		err = pattern_parse(ours.pattern, parts, PATTERN_PARTS_MAX, &s.n);
	if (err)
		return err;
	s.repeats = ours.repeats;
	s.level = ours.level;
	s.user_data = ours.user_data;
	return put(phone, &s, ret_id, ret_slot);
}

const char *offhook_tone_find(const char *country, enum offhook_tone_kind kind)
{
	const struct national *n = national_find(slice_of(country));

	if (!n || kind < OFFHOOK_TONE_DIAL || kind > OFFHOOK_TONE_SIT)
		return NULL;
	return n->tones[kind - OFFHOOK_TONE_DIAL];
}

const char *offhook_tone_country(size_t number)
{
	const struct national *n = national_at(number);

	return n ? n->country : NULL;
}

int offhook_tone_national(struct offhook_phone *phone, const char *country, enum offhook_tone_kind kind,
	offhook_id *ret_id, offhook_id *ret_slot)
{
	struct offhook_pattern_cfg cfg;

	err_detail_clear();
	offhook_pattern_cfg_init(&cfg);
	cfg.pattern = offhook_tone_find(country, kind);
	if (!cfg.pattern)
		return err_detail(OH_EINVAL, "no tone %d of the country '%.8s' is known", (int)kind,
			country ? country : "");
	return offhook_tone_pattern(phone, &cfg, ret_id, ret_slot);
}

static uint32_t within(unsigned ms, unsigned least, unsigned normal)
{
	return !ms ? normal : ms < least || ms > DTMF_MAX_MS ? 0 : ms;
}

int offhook_tone_digits(struct offhook_phone *phone, const struct offhook_digits_cfg *cfg, offhook_id *ret_id,
	offhook_id *ret_slot)
{
	struct pattern_part parts[PATTERN_PARTS_MAX];
	struct offhook_digits_cfg ours = {.size = sizeof(ours)};
	struct saying s = {.parts = parts, .repeats = 1};
	uint32_t duration_ms, pause_ms;
	int err;

	err_detail_clear();
	if (!phone)
		return err_detail(OH_EINVAL, "phone is NULL");
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	duration_ms = within(ours.duration_ms, DTMF_MIN_MS, DTMF_DEFAULT_MS);
	pause_ms = within(ours.pause_ms, DTMF_MIN_PAUSE, DTMF_DEFAULT_PAUSE);
	if (!ours.digits || !*ours.digits || !duration_ms || !pause_ms)
		return err_detail(OH_EINVAL, "digits, of 40 to 8000 ms, with pauses of 30 to 8000 ms");
	err = pattern_digits(ours.digits, duration_ms, pause_ms, parts, PATTERN_PARTS_MAX, &s.n);
	if (err)
		return err;
	s.user_data = ours.user_data;
	return put(phone, &s, ret_id, ret_slot);
}
