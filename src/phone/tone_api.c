/* Tone generators. */
#include "phone/file.h"

void offhook_tone_cfg_init(struct offhook_tone_cfg *cfg)
{
	*cfg = (struct offhook_tone_cfg){.size = sizeof(*cfg), .hz1 = 440, .level = 0.25};
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
	struct offhook_tone_cfg ours;
	struct tone_cfg tone;
	struct port *port;
	struct file *f;
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
	tone = (struct tone_cfg){
		.rate_hz = phone->cfg.clock_rate_hz,
		.tag = tag_draw(phone),
		.report = engine_report,
		.report_arg = phone->engine,
	};
	tone.hz1 = ours.hz1;
	tone.hz2 = ours.hz2;
	tone.on_ms = ours.on_ms;
	tone.off_ms = ours.off_ms;
	tone.level = ours.level;
	tone.repeats = ours.repeats;
	f = file_new(phone, FILE_TONE, ours.user_data);
	if (!f)
		return OH_ENOMEM;
	err = tone_new(&tone, &port);
	if (!err)
		err = file_put_on_bridge(f, port, tone.tag, ret_id, ret_slot);
	if (err)
		file_free(f);
	return err;
}
