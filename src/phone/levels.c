/* Level meters, and watches over who speaks. */
#include "phone/levels.h"

#include "base/mem.h"
#include "offhook/levels.h"
#include "phone/floor.h"

#include <math.h>

#define SILENCE_DBOV (-96.0)

static double dbov_of_peak(float peak)
{
	return peak > 0 ? fmax(20 * log10((double)peak), SILENCE_DBOV) : SILENCE_DBOV;
}

static double dbov_of_power(float power)
{
	return power > 0 ? fmax(10 * log10((double)power), SILENCE_DBOV) : SILENCE_DBOV;
}

/* ---- meters ---- */

struct levels_args {
	offhook_id slot;
	struct offhook_slot_levels levels;
};

static int levels_run(struct offhook_phone *p, void *arg)
{
	struct levels_args *a = arg;
	struct bridge *b = engine_bridge(p->engine);
	struct bridge_slot slot = slot_from_id(a->slot);
	float tx, rx, tx_power, rx_power;
	int err = phone_check_open(p);

	if (!err)
		err = bridge_signal(b, slot, &tx, &rx);
	if (!err)
		err = bridge_power(b, slot, &tx_power, &rx_power);
	if (err)
		return err;
	a->levels.tx_peak_dbov = dbov_of_peak(tx);
	a->levels.rx_peak_dbov = dbov_of_peak(rx);
	a->levels.tx_rms_dbov = dbov_of_power(tx_power);
	a->levels.rx_rms_dbov = dbov_of_power(rx_power);
	return 0;
}

int offhook_slot_get_levels(
	struct offhook_phone *phone, offhook_id slot, struct offhook_slot_levels *ret_levels)
{
	struct levels_args args = {.slot = slot};
	int err = phone_query(phone, levels_run, &args);

	return err ? err : info_give(ret_levels, &args.levels, sizeof(args.levels));
}

/* ---- who speaks ---- */

struct speaker_watch {
	struct list node; /* offhook_phone.speakers */
	struct offhook_phone *phone;
	offhook_id id;
	struct bridge_slot slot;
	struct subject *subject;
	struct floor floor;
};

static struct speaker_watch *watch_free(struct speaker_watch *w)
{
	if (!w)
		return NULL;
	if (w->id) {
		ids_remove(&w->phone->ids, w->id);
		list_remove(&w->node);
	}
	floor_close(&w->floor);
	subject_unref(w->subject);
	mem_free(w);
	return NULL;
}

static size_t heard(void *arg, struct bridge_slot *ret_slots, size_t cap)
{
	const struct speaker_watch *w = arg;

	return bridge_sources(engine_bridge(w->phone->engine), w->slot, ret_slots, cap);
}

static offhook_id name(void *arg, struct bridge_slot slot)
{
	const struct speaker_watch *w = arg;

	return slot_owner(w->phone, slot_to_id(slot));
}

void speakers_free(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->speakers)
		watch_free(CONTAINER_OF(it, struct speaker_watch, node));
}

void offhook_speaker_cfg_init(struct offhook_speaker_cfg *cfg)
{
	*cfg = (struct offhook_speaker_cfg){
		.size = sizeof(*cfg), .start_ms = 300, .pause_ms = 600, .quiet_ms = 2000, .margin_db = 6};
}

struct watch_args {
	offhook_id slot;
	struct offhook_speaker_cfg cfg;
	offhook_id *ret_id;
};

static int watch_new(struct offhook_phone *p, const struct watch_args *a, struct bridge_slot slot)
{
	struct speaker_watch *w = mem_zalloc(sizeof(*w));
	struct floor_cfg cfg = {.phone = p, .candidates = heard, .name = name, .arg = w};
	offhook_id id = 0;
	int err;

	if (!w)
		return OH_ENOMEM;
	w->phone = p;
	w->slot = slot;
	cfg.subject = w->subject = subject_new(a->cfg.user_data);
	err = w->subject ? floor_open(&w->floor, &cfg, &a->cfg) : OH_ENOMEM;
	if (!err)
		err = ids_add(&p->ids, ID_SPEAKER, w, &id);
	if (err) {
		watch_free(w);
		return err;
	}
	w->id = w->subject->id = *a->ret_id = id;
	list_append(&p->speakers, &w->node);
	return 0;
}

static int watch_run(struct offhook_phone *p, void *arg)
{
	const struct watch_args *a = arg;
	struct bridge_slot_info info;
	struct bridge_slot slot = slot_from_id(a->slot);
	int err = phone_check_open(p);

	if (!err)
		err = bridge_slot_info(engine_bridge(p->engine), slot, &info);
	return err ? err : watch_new(p, a, slot);
}

int offhook_speaker_watch(struct offhook_phone *phone, offhook_id slot, const struct offhook_speaker_cfg *cfg,
	offhook_id *ret_id)
{
	struct watch_args args = {.slot = slot, .ret_id = ret_id};
	int err;

	err_detail_clear();
	offhook_speaker_cfg_init(&args.cfg);
	err = cfg_take(&args.cfg, sizeof(args.cfg), cfg);
	if (!err)
		err = floor_check(&args.cfg);
	return err ? err : phone_command(phone, watch_run, &args);
}

static int unwatch_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct speaker_watch *w = ids_find(&p->ids, ID_SPEAKER, *id);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!w)
		return err_detail(OH_ENOENT, "no such watch: it was ended, or it never was");
	watch_free(w);
	return 0;
}

int offhook_speaker_unwatch(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, unwatch_run, &id);
}
