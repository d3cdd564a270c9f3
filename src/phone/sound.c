#include "phone/sound.h"

#include "base/mem.h"
#include "phone/phone_impl.h"

static bool is_null(const char *id)
{
	return !strcmp(id, OFFHOOK_DEVICE_NULL);
}

static bool is_main(const struct sound *s)
{
	return s == &s->phone->sounds.main;
}

static enum host_sound_side host_side(const struct line *l)
{
	return l->side == OFFHOOK_DEVICE_CAPTURE ? HOST_SOUND_CAPTURE : HOST_SOUND_PLAYBACK;
}

static bool is_wanted(const struct line *l)
{
	return l->side && !is_null(l->chosen);
}

static bool is_opening(const struct line *l)
{
	return l->state == LINE_OPENING || l->state == LINE_REOPENING;
}

static bool is_live(const struct line *l)
{
	return is_opening(l) || l->state == LINE_OPEN;
}

bool sound_settled(const struct sound *s)
{
	return !is_opening(&s->capture) && !is_opening(&s->playback);
}

/* ---- telling ---- */

static void tell(struct sound *s, const struct line *l, enum offhook_device_change change, int err)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_DEVICE,
		.id = id_make(ID_SLOT, s->slot.generation, s->slot.number),
		.status = change,
		.count = l->side,
		.error = err,
		.text = slice_of(l->tried),
	};

	if (err)
		say.reason = slice_of(offhook_strerror(err));
	event_emit(s->phone, &say);
	host_log(s->phone->host, LOG_INFO, "sound", "%s device '%s' %s%s%s",
		l->side == OFFHOOK_DEVICE_CAPTURE ? "capture" : "playback", l->tried,
		change == OFFHOOK_DEVICE_OPENED ? "opened"
		: change == OFFHOOK_DEVICE_BACK ? "is back"
		: change == OFFHOOK_DEVICE_LOST ? "is lost"
						: "failed",
		err ? ": " : "", err ? offhook_strerror(err) : "");
}

static void warn_once(struct sound *s, const struct line *l)
{
	if (s->phone->sounds.warned)
		return;
	s->phone->sounds.warned = true;
	host_log(s->phone->host, LOG_WARN, "sound", "no sound device for %s (%s): the null device serves",
		l->side == OFFHOOK_DEVICE_CAPTURE ? "capture" : "playback", offhook_strerror(l->err));
}

/* ---- one direction ---- */

static const char *candidate(const struct sound *s, const struct line *l, unsigned attempt)
{
	if (!*l->chosen)
		return host_sound_default(s->phone->host, attempt);
	return attempt ? host_sound_default(s->phone->host, attempt - 1) : l->chosen;
}

/* The device that should be open: its failure is the one to tell. */
static void note_failure(struct line *l, int err)
{
	if (l->attempt == 0 || !l->err)
		l->err = err;
}

static void give_up(struct sound *s, struct line *l)
{
	l->state = l->state == LINE_REOPENING ? LINE_LOST : LINE_MISSING;
	l->due_ns = host_now(s->phone->host) + l->patience_s * NS_PER_S;
	l->patience_s = l->patience_s * 2 < SOUND_PATIENCE_S ? l->patience_s * 2 : SOUND_PATIENCE_S;
	if (!l->err)
		l->err = OH_ENODEV;
	if (l->state == LINE_MISSING && l->told != l->err) {
		l->told = l->err;
		tell(s, l, OFFHOOK_DEVICE_FAILED, l->err);
	}
	warn_once(s, l);
}

/* The state says whether it is the first time. */
static void try_from(struct sound *s, struct line *l, unsigned attempt)
{
	const char *id;

	for (l->attempt = attempt; (id = candidate(s, l, l->attempt)); l->attempt++) {
		int err;

		snprintf(l->tried, sizeof(l->tried), "%s", id);
		err = device_open(s->device, host_side(l), id);
		if (!err) {
			l->due_ns = host_now(s->phone->host) + SOUND_OPEN_LIMIT_S * NS_PER_S;
			return;
		}
		note_failure(l, err);
	}
	give_up(s, l);
}

static void start(struct sound *s, struct line *l, enum line_state state)
{
	l->state = state;
	l->err = 0;
	try_from(s, l, 0);
}

static void opened(struct sound *s, struct line *l)
{
	enum offhook_device_change change =
		l->state == LINE_REOPENING ? OFFHOOK_DEVICE_BACK : OFFHOOK_DEVICE_OPENED;

	l->state = LINE_OPEN;
	l->due_ns = host_now(s->phone->host) + SOUND_LOOK_S * NS_PER_S;
	l->patience_s = 1;
	l->told = 0;
	/* Another one of the system's serves as well as its first. */
	if (l->attempt == 0 || !*l->chosen)
		l->err = 0;
	s->phone->sounds.warned = false;
	tell(s, l, change, 0);
}

static void step_opening(struct sound *s, struct line *l, uint64_t now)
{
	int err;
	enum host_sound_state state = device_state(s->device, host_side(l), &err);

	if (state == HOST_SOUND_OPEN) {
		opened(s, l);
		return;
	}
	if (state == HOST_SOUND_OPENING && now < l->due_ns)
		return;
	device_close(s->device, host_side(l));
	note_failure(l, state == HOST_SOUND_FAILED ? err : OH_ETIMEDOUT);
	try_from(s, l, l->attempt + 1);
}

static void step_open(struct sound *s, struct line *l, uint64_t now, bool changed)
{
	const char *first = candidate(s, l, 0);
	int err;

	if (device_state(s->device, host_side(l), &err) == HOST_SOUND_FAILED) {
		tell(s, l, OFFHOOK_DEVICE_LOST, err);
		device_close(s->device, host_side(l));
		start(s, l, LINE_REOPENING);
		return;
	}
	if (l->attempt == 0 || (!changed && now < l->due_ns))
		return;
	l->due_ns = now + SOUND_LOOK_S * NS_PER_S;
	if (first && host_sound_present(s->phone->host, first)) {
		device_close(s->device, host_side(l));
		start(s, l, LINE_REOPENING);
	}
}

static void step_line(struct sound *s, struct line *l, uint64_t now, bool changed)
{
	if (!is_wanted(l))
		return;
	switch (l->state) {
	case LINE_CLOSED:
		l->patience_s = 1;
		l->told = 0;
		start(s, l, LINE_OPENING);
		break;
	case LINE_OPENING:
	case LINE_REOPENING:
		step_opening(s, l, now);
		break;
	case LINE_OPEN:
		step_open(s, l, now, changed);
		break;
	case LINE_MISSING:
	case LINE_LOST:
		if (changed)
			l->patience_s = 1;
		if (changed || now >= l->due_ns)
			start(s, l, l->state == LINE_LOST ? LINE_REOPENING : LINE_OPENING);
		break;
	}
}

/* ---- a place ---- */

static void apply_volume(struct sound *s, const struct line *l)
{
	if (s->device && l->side)
		device_volume(s->device, host_side(l), l->muted ? 0 : l->volume);
}

int sound_device_new(const struct offhook_phone *p, struct device **ret_device, struct port **ret_port)
{
	const struct offhook_device_cfg *c = &p->sounds.cfg;
	struct device_cfg cfg = {
		.host = p->host,
		.rate_hz = c->rate_hz ? c->rate_hz : p->cfg.clock_rate_hz,
		.tick_ms = p->cfg.frame_ms,
		.latency_ms = c->latency_ms,
		.echo_ms = c->echo_ms,
		.noise = c->noise != 0,
		.gain = c->gain != 0,
	};

	return device_new(&cfg, ret_device, ret_port);
}

/* False: memory is out; it is tried again with the next look. */
static bool has_device(struct sound *s)
{
	struct device *d;
	struct port *port;

	if (s->device)
		return true;
	if (sound_device_new(s->phone, &d, &port))
		return false;
	if (bridge_set_device(engine_bridge(s->phone->engine), port)) {
		port->ops->free(port);
		return false;
	}
	s->device = d;
	apply_volume(s, &s->capture);
	apply_volume(s, &s->playback);
	return true;
}

/* Slot 0 is the null device again. Without memory for it, the device stays, with nothing open. */
static void drop_device(struct sound *s)
{
	if (is_main(s) && s->device && !bridge_set_device(engine_bridge(s->phone->engine), NULL))
		s->device = NULL;
}

static void log_figures(struct sound *s, const struct line *l)
{
	struct device_figures f;

	device_figures(s->device, host_side(l), &f);
	host_log(s->phone->host, LOG_INFO, "sound",
		"%s device '%s' closed: %.0f ppm fast, %.0f ms deep, %llu gaps, %llu cuts",
		l->side == OFFHOOK_DEVICE_CAPTURE ? "capture" : "playback", l->tried, f.drift_ppm, f.depth_ms,
		(unsigned long long)f.gaps, (unsigned long long)f.cuts);
}

static void close_line(struct sound *s, struct line *l)
{
	if (l->state == LINE_OPEN)
		log_figures(s, l);
	if (is_live(l))
		device_close(s->device, host_side(l));
	l->state = LINE_CLOSED;
	l->err = 0;
}

static void enter(struct sound *s, enum sound_state state)
{
	int32_t close_ms = s->phone->sounds.cfg.close_ms;

	s->state = state;
	if (state == SOUND_LINGERING)
		s->linger_until =
			close_ms < 0 ? UINT64_MAX : host_now(s->phone->host) + (uint64_t)close_ms * NS_PER_MS;
	if (state != SOUND_CLOSED)
		return;
	close_line(s, &s->capture);
	close_line(s, &s->playback);
	drop_device(s);
}

static bool is_connected(const struct sound *s)
{
	struct bridge_slot_info info;

	return !bridge_slot_info(engine_bridge(s->phone->engine), s->slot, &info) &&
	       (info.n_sinks || info.n_sources);
}

static void step_state(struct sound *s, uint64_t now)
{
	bool connected = is_connected(s);

	switch (s->state) {
	case SOUND_CLOSED:
		if (connected)
			enter(s, SOUND_IN_USE);
		break;
	case SOUND_IN_USE:
		if (!connected)
			enter(s, SOUND_LINGERING);
		break;
	case SOUND_LINGERING:
		if (connected)
			enter(s, SOUND_IN_USE);
		else if (now >= s->linger_until)
			enter(s, SOUND_CLOSED);
		break;
	}
}

static void step(struct sound *s, uint64_t now)
{
	unsigned changes = host_sound_changes(s->phone->host);

	step_state(s, now);
	if (s->state == SOUND_CLOSED)
		return;
	if ((is_wanted(&s->capture) || is_wanted(&s->playback)) && has_device(s)) {
		step_line(s, &s->capture, now, changes != s->changes);
		step_line(s, &s->playback, now, changes != s->changes);
	}
	s->changes = changes;
	if (!is_live(&s->capture) && !is_live(&s->playback))
		drop_device(s);
}

void sound_configure(struct sound *s)
{
	const struct sounds *all = &s->phone->sounds;
	const char *speaker = is_main(s) || !*all->ring ? all->playback : all->ring;

	snprintf(s->playback.chosen, sizeof(s->playback.chosen), "%s", speaker);
	snprintf(s->capture.chosen, sizeof(s->capture.chosen), "%s", all->capture);
	if (!is_main(s)) {
		s->playback.volume = all->ring_volume;
		s->playback.muted = all->ring_muted;
	}
	apply_volume(s, &s->capture);
	apply_volume(s, &s->playback);
}

void sound_begin(struct offhook_phone *p, struct sound *s, struct bridge_slot slot)
{
	s->phone = p;
	s->slot = slot;
	s->playback.side = is_main(s) ? OFFHOOK_DEVICE_PLAYBACK : OFFHOOK_DEVICE_RING;
	s->capture.side = is_main(s) ? OFFHOOK_DEVICE_CAPTURE : (enum offhook_device_side)0;
	s->capture.volume = s->playback.volume = 1;
	s->changes = host_sound_changes(p->host);
	sound_configure(s);
	list_append(&p->sounds.all, &s->node);
}

void sound_shut(struct sound *s)
{
	enter(s, SOUND_CLOSED);
}

void sound_end(struct sound *s)
{
	if (!s || !list_linked(&s->node))
		return;
	sound_shut(s);
	list_remove(&s->node);
}

void sound_wake(struct sound *s)
{
	if (s->state != SOUND_IN_USE)
		enter(s, SOUND_LINGERING);
}

/* ---- all of them ---- */

/* The idle hook comes behind every turn of the loop and does the work. */
static void look_again(void *arg)
{
	(void)arg;
}

int sounds_init(struct offhook_phone *p)
{
	struct sounds *all = &p->sounds;
	int err;

	list_init(&all->all);
	offhook_device_cfg_init(&all->cfg);
	all->ring_volume = 1;
	all->changes = host_sound_changes(p->host);
	err = host_timer_new(p->host, look_again, p, &all->timer);
	if (!err)
		sound_begin(p, &all->main, BRIDGE_SLOT_0);
	return err;
}

static uint64_t line_due(const struct line *l)
{
	/* What serves as it should needs no look: it says itself when it fails. */
	return l->state == LINE_CLOSED || (l->state == LINE_OPEN && !l->attempt) ? UINT64_MAX : l->due_ns;
}

static uint64_t due(const struct sound *s)
{
	uint64_t at = s->state == SOUND_LINGERING ? s->linger_until : UINT64_MAX;
	uint64_t capture = line_due(&s->capture), playback = line_due(&s->playback);

	at = capture < at ? capture : at;
	return playback < at ? playback : at;
}

static void set_timer(struct sounds *all)
{
	uint64_t at = UINT64_MAX;

	LIST_FOREACH (it, &all->all) {
		uint64_t its = due(CONTAINER_OF(it, struct sound, node));

		at = its < at ? its : at;
	}
	if (at == UINT64_MAX)
		host_timer_stop(all->timer);
	else
		host_timer_at(all->timer, at);
}

static void tell_list(struct offhook_phone *p)
{
	struct event_say say = {.type = OFFHOOK_EVENT_DEVICE, .status = OFFHOOK_DEVICE_LIST};
	unsigned changes = host_sound_changes(p->host);

	if (changes == p->sounds.changes)
		return;
	p->sounds.changes = changes;
	event_emit(p, &say);
}

/* NULL of both is what was asked for, too. */
static int outcome(const struct sound *s)
{
	const struct line *l = s->capture.err ? &s->capture : &s->playback;

	return l->err ? err_detail(l->err, "%s: %s", *l->chosen ? l->chosen : "the default sound device",
				offhook_strerror(l->err))
		      : 0;
}

static void let_opener_go(struct sounds *all, int result)
{
	struct command *opener = all->opener;

	all->opener = NULL;
	command_finish(opener, result);
}

void sounds_step(struct offhook_phone *p)
{
	struct sounds *all = &p->sounds;
	uint64_t now = host_now(p->host);

	if (p->state == PHONE_CLOSED)
		return;
	tell_list(p);
	LIST_FOREACH (it, &all->all)
		step(CONTAINER_OF(it, struct sound, node), now);
	if (all->opener && sound_settled(&all->main))
		let_opener_go(all, outcome(&all->main));
	set_timer(all);
}

void sounds_close(struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->sounds.all)
		sound_shut(CONTAINER_OF(it, struct sound, node));
	if (p->sounds.opener)
		let_opener_go(&p->sounds, err_detail(OH_ECLOSED, "the phone has been closed"));
	host_timer_stop(p->sounds.timer);
}

void sounds_free(struct offhook_phone *p)
{
	/* A phone that never came to be. */
	if (!p->sounds.timer)
		return;
	sound_end(&p->sounds.main);
	p->sounds.timer = host_timer_free(p->sounds.timer);
}
