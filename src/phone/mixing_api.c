/* Ramps, delays and ducking as the program sees them. */
#include "phone/phone_impl.h"

#include "offhook/mixing.h"

#include <math.h>

struct mixing_args {
	struct bridge_link link; /* or its sink, as the slot */
	enum offhook_slot_way way;
	uint32_t ms;
	struct bridge_duck duck;
	bool ducks;
};

static struct mixing_args args_of(offhook_id source, offhook_id sink)
{
	return (struct mixing_args){.link = {slot_from_id(source), slot_from_id(sink), BRIDGE_LEVEL_UNITY}};
}

/* ---- ramps ---- */

static int link_ramp_run(struct offhook_phone *p, void *arg)
{
	const struct mixing_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : bridge_ramp(engine_bridge(p->engine), &a->link, a->ms);
}

int offhook_link_ramp(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, float level, uint32_t ms)
{
	struct mixing_args args = args_of(source, sink);

	err_detail_clear();
	args.link.level = level;
	args.ms = ms;
	return phone_command(phone, link_ramp_run, &args);
}

static int slot_ramp_run(struct offhook_phone *p, void *arg)
{
	const struct mixing_args *a = arg;
	int err = phone_check_open(p);

	return err ? err
		   : bridge_ramp_level(engine_bridge(p->engine), a->link.sink, a->way == OFFHOOK_SLOT_TX,
			     a->link.level, a->ms);
}

int offhook_slot_ramp(
	struct offhook_phone *phone, offhook_id slot, enum offhook_slot_way way, float level, uint32_t ms)
{
	struct mixing_args args = args_of(0, slot);

	err_detail_clear();
	if (way != OFFHOOK_SLOT_TX && way != OFFHOOK_SLOT_RX)
		return err_detail(OH_EINVAL, "a slot has a tx and an rx level");
	args.link.level = level;
	args.way = way;
	args.ms = ms;
	return phone_command(phone, slot_ramp_run, &args);
}

/* ---- delays ---- */

static int delay_run(struct offhook_phone *p, void *arg)
{
	const struct mixing_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : bridge_set_delay(engine_bridge(p->engine), a->link.source, a->link.sink, a->ms);
}

int offhook_link_delay(struct offhook_phone *phone, offhook_id source, offhook_id sink, uint32_t ms)
{
	struct mixing_args args = args_of(source, sink);

	err_detail_clear();
	args.ms = ms;
	return phone_command(phone, delay_run, &args);
}

/* ---- ducking ---- */

void offhook_duck_cfg_init(struct offhook_duck_cfg *cfg)
{
	*cfg = (struct offhook_duck_cfg){
		.size = sizeof(*cfg), .depth_db = 15, .attack_ms = 60, .release_ms = 600};
}

static int take_duck(struct mixing_args *a, const struct offhook_duck_cfg *theirs)
{
	struct offhook_duck_cfg cfg;
	int err;

	err_detail_clear();
	if (!theirs)
		return 0;
	offhook_duck_cfg_init(&cfg);
	err = cfg_take(&cfg, sizeof(cfg), theirs);
	if (err)
		return err;
	if (!(cfg.depth_db >= 0 && cfg.depth_db <= 96)) /* so that NaN is refused too */
		return err_detail(OH_EINVAL, "depth_db is 0 to 96");
	a->ducks = true;
	a->duck = (struct bridge_duck){
		slot_from_id(cfg.trigger), (float)pow(10, -cfg.depth_db / 20), cfg.attack_ms, cfg.release_ms};
	return 0;
}

static int link_duck_run(struct offhook_phone *p, void *arg)
{
	const struct mixing_args *a = arg;
	int err = phone_check_open(p);

	return err ? err
		   : bridge_set_duck(engine_bridge(p->engine), a->link.source, a->link.sink,
			     a->ducks ? &a->duck : NULL);
}

int offhook_link_duck(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, const struct offhook_duck_cfg *cfg)
{
	struct mixing_args args = args_of(source, sink);
	int err = take_duck(&args, cfg);

	return err ? err : phone_command(phone, link_duck_run, &args);
}

static int slot_duck_run(struct offhook_phone *p, void *arg)
{
	const struct mixing_args *a = arg;
	int err = phone_check_open(p);

	return err ? err
		   : bridge_set_tx_duck(engine_bridge(p->engine), a->link.sink, a->ducks ? &a->duck : NULL);
}

int offhook_slot_duck(struct offhook_phone *phone, offhook_id slot, const struct offhook_duck_cfg *cfg)
{
	struct mixing_args args = args_of(0, slot);
	int err = take_duck(&args, cfg);

	return err ? err : phone_command(phone, slot_duck_run, &args);
}

/* ---- what is set ---- */

struct info_args {
	struct bridge_slot source, sink;
	struct bridge_link_info info;
};

static int link_info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : bridge_link_info(engine_bridge(p->engine), a->source, a->sink, &a->info);
}

int offhook_link_get_info(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, struct offhook_link_info *ret_info)
{
	struct info_args args = {.source = slot_from_id(source), .sink = slot_from_id(sink)};
	struct offhook_link_info info = {.size = sizeof(info)};
	int err = phone_query(phone, link_info_run, &args);

	if (err)
		return err;
	info.level = args.info.level;
	info.delay_ms = args.info.delay_ms;
	return info_give(ret_info, &info, sizeof(info));
}

static int give_duck(const struct bridge_duck *d, struct offhook_duck_cfg *ret_duck)
{
	struct offhook_duck_cfg cfg;

	offhook_duck_cfg_init(&cfg);
	if (d->trigger.generation) {
		cfg.trigger = slot_to_id(d->trigger);
		cfg.depth_db = d->low < 1 ? -20 * log10(d->low) : 0;
		cfg.attack_ms = d->attack_ms;
		cfg.release_ms = d->release_ms;
	}
	return info_give(ret_duck, &cfg, sizeof(cfg));
}

int offhook_link_get_duck(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, struct offhook_duck_cfg *ret_duck)
{
	struct info_args args = {.source = slot_from_id(source), .sink = slot_from_id(sink)};
	int err = phone_query(phone, link_info_run, &args);

	return err ? err : give_duck(&args.info.duck, ret_duck);
}

static int slot_duck_info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	int err = phone_check_open(p);

	return err ? err : bridge_tx_duck(engine_bridge(p->engine), a->sink, &a->info.duck);
}

int offhook_slot_get_duck(struct offhook_phone *phone, offhook_id slot, struct offhook_duck_cfg *ret_duck)
{
	struct info_args args = {.sink = slot_from_id(slot)};
	int err = phone_query(phone, slot_duck_info_run, &args);

	return err ? err : give_duck(&args.info.duck, ret_duck);
}
