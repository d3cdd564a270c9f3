#include "phone/floor.h"

#include "audio/vad.h"
#include "base/mem.h"

/* Without memory: nothing new in this step. */
static uint64_t look(struct floor *f)
{
	struct bridge *b = engine_bridge(f->cfg.phone->engine);
	size_t n = f->cfg.candidates(f->cfg.arg, NULL, 0);
	struct speaker_voice *voices = speaker_room(&f->speaker, n);
	struct bridge_slot *slots = n && voices ? mem_alloc(n * sizeof(*slots)) : NULL;
	float tx, rx;

	if (n && !slots)
		return f->speaker.current;
	(void)f->cfg.candidates(f->cfg.arg, slots, n);
	for (size_t i = 0; i < n; i++) {
		voices[i].key = slot_to_id(slots[i]);
		voices[i].level_dbov = bridge_power(b, slots[i], &tx, &rx) ? vad_dbov(0) : vad_dbov(rx);
	}
	mem_free(slots);
	return speaker_step(&f->speaker, &f->rules, voices, n);
}

static void on_step(void *arg)
{
	struct floor *f = arg;
	struct offhook_phone *p = f->cfg.phone;
	uint64_t before = f->speaker.current, now = look(f);
	struct event_say say = {.type = OFFHOOK_EVENT_ACTIVE_SPEAKER, .subject = f->cfg.subject};

	host_timer_at(f->timer, host_now(p->host) + SPEAKER_STEP_MS * NS_PER_MS);
	if (now == before)
		return;
	f->holder = now ? f->cfg.name(f->cfg.arg, slot_from_id(now)) : 0;
	say.other = f->holder;
	event_emit(p, &say); /* handed over when this wake-up's work is done */
}

int floor_check(const struct offhook_speaker_cfg *cfg)
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

int floor_open(struct floor *f, const struct floor_cfg *cfg, const struct offhook_speaker_cfg *rules)
{
	int err = host_timer_new(cfg->phone->host, on_step, f, &f->timer);

	if (err)
		return err;
	f->cfg = *cfg;
	f->rules = (struct speaker_cfg){
		rules->start_ms, rules->pause_ms, rules->quiet_ms, (float)rules->margin_db};
	speaker_init(&f->speaker);
	host_timer_at(f->timer, host_now(cfg->phone->host) + SPEAKER_STEP_MS * NS_PER_MS);
	return 0;
}

void floor_close(struct floor *f)
{
	if (!f->timer)
		return;
	f->timer = host_timer_free(f->timer);
	speaker_free(&f->speaker);
}
