/* Level meters, and watches over who speaks: levels are read ten times a second while somebody watches. */
#include "phone/levels.h"

#include "audio/speaker.h"
#include "base/mem.h"
#include "offhook/levels.h"
#include "phone/call_impl.h"
#include "phone/file.h"

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
	struct host_timer *timer;
	struct speaker_cfg cfg;
	struct speaker speaker;
};

static struct speaker_watch *watch_free(struct speaker_watch *w)
{
	if (!w)
		return NULL;
	if (w->id) {
		ids_remove(&w->phone->ids, w->id);
		list_remove(&w->node);
	}
	host_timer_free(w->timer);
	speaker_free(&w->speaker);
	subject_unref(w->subject);
	mem_free(w);
	return NULL;
}

/* What is heard at the slot now. Without memory: nothing new in this step. */
static uint64_t look(struct speaker_watch *w)
{
	struct bridge *b = engine_bridge(w->phone->engine);
	size_t n = bridge_sources(b, w->slot, NULL, 0);
	struct speaker_voice *voices = speaker_room(&w->speaker, n);
	struct bridge_slot *slots = n && voices ? mem_alloc(n * sizeof(*slots)) : NULL;
	float tx, rx;

	if (n && !slots)
		return w->speaker.current;
	(void)bridge_sources(b, w->slot, slots, n);
	for (size_t i = 0; i < n; i++) {
		voices[i].key = slot_to_id(slots[i]);
		voices[i].level_dbov = bridge_power(b, slots[i], &tx, &rx) ? vad_dbov(0) : vad_dbov(rx);
	}
	mem_free(slots);
	return speaker_step(&w->speaker, &w->cfg, voices, n);
}

static void on_step(void *arg)
{
	struct speaker_watch *w = arg;
	struct offhook_phone *p = w->phone;
	uint64_t before = w->speaker.current, now = look(w);
	struct event_say say = {.type = OFFHOOK_EVENT_ACTIVE_SPEAKER, .subject = w->subject};

	host_timer_at(w->timer, host_now(p->host) + SPEAKER_STEP_MS * NS_PER_MS);
	if (now == before)
		return;
	say.other = now ? slot_owner(p, now) : 0;
	event_emit(p, &say); /* handed over when this wake-up's work is done */
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

static int check(const struct offhook_speaker_cfg *cfg)
{
	if (cfg->start_ms > 10000)
		return err_detail(OH_EINVAL, "start_ms is 0 to 10,000");
	if (cfg->pause_ms > 10000)
		return err_detail(OH_EINVAL, "pause_ms is 0 to 10,000");
	if (cfg->quiet_ms > 60000)
		return err_detail(OH_EINVAL, "quiet_ms is 0 to 60,000");
	if (!(cfg->margin_db >= 0 && cfg->margin_db <= 60)) /* so that NaN is refused too */
		return err_detail(OH_EINVAL, "margin_db is 0 to 60");
	return 0;
}

struct watch_args {
	offhook_id slot;
	struct offhook_speaker_cfg cfg;
	offhook_id *ret_id;
};

static int watch_new(struct offhook_phone *p, const struct watch_args *a, struct bridge_slot slot,
	struct speaker_watch **ret_watch)
{
	struct speaker_watch *w = mem_zalloc(sizeof(*w));
	int err;

	if (!w)
		return OH_ENOMEM;
	w->phone = p;
	w->slot = slot;
	w->cfg = (struct speaker_cfg){
		a->cfg.start_ms, a->cfg.pause_ms, a->cfg.quiet_ms, (float)a->cfg.margin_db};
	speaker_init(&w->speaker);
	w->subject = subject_new(a->cfg.user_data);
	err = w->subject ? host_timer_new(p->host, on_step, w, &w->timer) : OH_ENOMEM;
	if (!err)
		err = ids_add(&p->ids, ID_SPEAKER, w, &w->id);
	if (err) {
		w->id = 0;
		watch_free(w);
		return err;
	}
	list_append(&p->speakers, &w->node);
	*ret_watch = w;
	return 0;
}

static int watch_run(struct offhook_phone *p, void *arg)
{
	const struct watch_args *a = arg;
	struct bridge_slot_info info;
	struct speaker_watch *w = NULL;
	struct bridge_slot slot = slot_from_id(a->slot);
	int err = phone_check_open(p);

	if (!err)
		err = bridge_slot_info(engine_bridge(p->engine), slot, &info);
	if (!err)
		err = watch_new(p, a, slot, &w);
	if (err)
		return err;
	w->subject->id = w->id;
	host_timer_at(w->timer, host_now(p->host) + SPEAKER_STEP_MS * NS_PER_MS);
	*a->ret_id = w->id;
	return 0;
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
		err = check(&args.cfg);
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
