/* Sound devices as the program sees them. */
#include "phone/file.h"
#include "phone/sound.h"

#include "base/mem.h"

/* So long a sound server may take to answer a thread of the program. */
#define LIST_WAIT_MS 2000u
#define VOLUME_MAX   16.0f

/* ---- the list ---- */

static int open_run(struct offhook_phone *p, void *arg)
{
	(void)arg;
	return phone_check_open(p);
}

static int give_device(const struct host_sound_info *i, struct offhook_device *ret_device)
{
	struct offhook_device d = {
		.capture_channels = i->capture_channels,
		.playback_channels = i->playback_channels,
		.rate_hz = i->rate_hz,
		.default_capture = i->default_capture,
		.default_playback = i->default_playback,
	};

	memcpy(d.id, i->id, sizeof(d.id));
	memcpy(d.name, i->name, sizeof(d.name));
	return info_give(ret_device, &d, sizeof(d));
}

long offhook_devices(struct offhook_phone *phone, struct offhook_device *ret_devices, size_t cap)
{
	struct host_sound_info *infos;
	int err = phone_query(phone, open_run, NULL);
	long n;

	if (err)
		return err;
	if (cap && !ret_devices)
		return err_detail(OH_EINVAL, "ret_devices is NULL");
	infos = mem_alloc(HOST_SOUND_LIST_MAX * sizeof(*infos));
	if (!infos)
		return OH_ENOMEM;
	n = host_sound_list(phone->host, infos, HOST_SOUND_LIST_MAX, phone_is_here(phone) ? 0 : LIST_WAIT_MS);
	if (n > (long)HOST_SOUND_LIST_MAX)
		n = HOST_SOUND_LIST_MAX;
	for (long i = 0; i < n && (size_t)i < cap && !err; i++)
		err = give_device(&infos[i], &ret_devices[i]);
	mem_free(infos);
	return err ? err : n;
}

/* ---- settings ---- */

void offhook_device_cfg_init(struct offhook_device_cfg *cfg)
{
	*cfg = (struct offhook_device_cfg){
		.size = sizeof(*cfg), .latency_ms = 40, .echo_ms = 200, .close_ms = 1000};
}

static int check_cfg(const struct offhook_device_cfg *c)
{
	uint32_t r = c->rate_hz;
	const char *ids[] = {c->capture, c->playback, c->ring};

	if (r && r != 8000 && r != 16000 && r != 24000 && r != 32000 && r != 48000)
		return err_detail(OH_EINVAL, "rate_hz is 0, 8000, 16000, 24000, 32000 or 48000");
	if (c->latency_ms < 10 || c->latency_ms > 500)
		return err_detail(OH_EINVAL, "latency_ms is 10 to 500");
	if (c->echo_ms > 500)
		return err_detail(OH_EINVAL, "echo_ms is at most 500");
	if (c->close_ms < -1)
		return err_detail(OH_EINVAL, "close_ms is -1 or more");
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		if (ids[i] && strlen(ids[i]) >= HOST_SOUND_ID_MAX)
			return err_detail(OH_ETOOBIG, "an id has at most %u bytes", HOST_SOUND_ID_MAX - 1);
	}
	return 0;
}

static void keep(char copy[HOST_SOUND_ID_MAX], const char *id)
{
	snprintf(copy, HOST_SOUND_ID_MAX, "%s", id ? id : "");
}

static int set_run(struct offhook_phone *p, void *arg)
{
	const struct offhook_device_cfg *cfg = arg;
	struct sounds *all = &p->sounds;
	int err = phone_check_open(p);

	if (err)
		return err;
	LIST_FOREACH (it, &all->all)
		sound_shut(CONTAINER_OF(it, struct sound, node));
	all->cfg = *cfg;
	keep(all->capture, cfg->capture);
	keep(all->playback, cfg->playback);
	keep(all->ring, cfg->ring);
	all->cfg.capture = all->cfg.playback = all->cfg.ring = NULL;
	LIST_FOREACH (it, &all->all)
		sound_configure(CONTAINER_OF(it, struct sound, node));
	return 0;
}

int offhook_device_set(struct offhook_phone *phone, const struct offhook_device_cfg *cfg)
{
	struct offhook_device_cfg ours;
	int err = 0;

	err_detail_clear();
	offhook_device_cfg_init(&ours);
	if (cfg)
		err = cfg_take(&ours, sizeof(ours), cfg);
	if (!err)
		err = check_cfg(&ours);
	return err ? err : phone_command(phone, set_run, &ours);
}

static int wake_run(struct offhook_phone *p, void *arg)
{
	int err = phone_check_taking(p);

	(void)arg;
	if (!err && p->sounds.opener)
		err = err_detail(OH_EBUSY, "another thread waits for the sound device already");
	if (err)
		return err;
	sound_wake(&p->sounds.main);
	/* The idle hook looks when it is settled. */
	p->sounds.opener = command_defer(p);
	return p->sounds.opener ? 0 : err_detail(OH_EAGAIN, "nobody can wait here; an event will tell");
}

int offhook_device_open(struct offhook_phone *phone)
{
	return phone_command(phone, wake_run, NULL);
}

/* ---- one direction ---- */

static struct sound *first_ringer(const struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->sounds.all) {
		struct sound *s = CONTAINER_OF(it, struct sound, node);

		if (s != &p->sounds.main)
			return s;
	}
	return NULL;
}

struct info_args {
	enum offhook_device_side side;
	struct offhook_device_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	struct sound *s = a->side == OFFHOOK_DEVICE_RING ? first_ringer(p) : &p->sounds.main;
	struct device_figures figures = {0};
	const struct line *l;
	int err = phone_check_open(p);

	if (!err && !s)
		err = err_detail(OH_ENOENT, "there is no ringer");
	if (err)
		return err;
	l = a->side == OFFHOOK_DEVICE_CAPTURE ? &s->capture : &s->playback;
	if (s->device)
		device_figures(s->device,
			a->side == OFFHOOK_DEVICE_CAPTURE ? HOST_SOUND_CAPTURE : HOST_SOUND_PLAYBACK,
			&figures);
	memcpy(a->info.chosen, l->chosen, sizeof(l->chosen));
	if (l->state == LINE_OPEN)
		memcpy(a->info.in_use, l->tried, sizeof(l->tried));
	a->info.volume = l->volume;
	a->info.muted = l->muted;
	a->info.error = l->err;
	a->info.gaps = figures.gaps;
	a->info.cuts = figures.cuts;
	a->info.drift_ppm = figures.drift_ppm;
	a->info.depth_ms = figures.depth_ms;
	return 0;
}

static int check_side(enum offhook_device_side side)
{
	return side == OFFHOOK_DEVICE_CAPTURE || side == OFFHOOK_DEVICE_PLAYBACK ||
			       side == OFFHOOK_DEVICE_RING
		       ? 0
		       : err_detail(OH_EINVAL, "side is capture, playback or ring");
}

int offhook_device_get_info(
	struct offhook_phone *phone, enum offhook_device_side side, struct offhook_device_info *ret_info)
{
	struct info_args args = {.side = side};
	int err;

	err_detail_clear();
	err = check_side(side);
	if (!err)
		err = phone_query(phone, info_run, &args);
	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}

struct volume_args {
	enum offhook_device_side side;
	float volume;
	int muted;
};

static void set_line(struct line *l, const struct volume_args *a)
{
	if (a->volume >= 0)
		l->volume = a->volume;
	if (a->muted >= 0)
		l->muted = a->muted != 0;
}

static int volume_run(struct offhook_phone *p, void *arg)
{
	const struct volume_args *a = arg;
	struct sounds *all = &p->sounds;
	int err = phone_check_open(p);

	if (err)
		return err;
	if (a->side != OFFHOOK_DEVICE_RING) {
		set_line(a->side == OFFHOOK_DEVICE_CAPTURE ? &all->main.capture : &all->main.playback, a);
	} else {
		if (a->volume >= 0)
			all->ring_volume = a->volume;
		if (a->muted >= 0)
			all->ring_muted = a->muted != 0;
	}
	LIST_FOREACH (it, &all->all)
		sound_configure(CONTAINER_OF(it, struct sound, node));
	return 0;
}

int offhook_device_set_volume(
	struct offhook_phone *phone, enum offhook_device_side side, float volume, int muted)
{
	struct volume_args args = {side, volume, muted};
	int err;

	err_detail_clear();
	err = check_side(side);
	/* Negated, so that NaN is refused too. */
	if (!err && !(volume <= VOLUME_MAX))
		err = err_detail(OH_EINVAL, "volume is at most %g", (double)VOLUME_MAX);
	return err ? err : phone_command(phone, volume_run, &args);
}

/* ---- ringers ---- */

struct ringer_args {
	struct file *file;
	offhook_id id, slot;
};

static int ringer_run(struct offhook_phone *p, void *arg)
{
	struct ringer_args *a = arg;
	struct file *f = a->file;
	struct port *port;
	int err = sound_device_new(p, &f->ringer.device, &port);

	if (err)
		return err;
	err = file_enter(f, port, tag_draw(p));
	if (err) {
		port->ops->free(port);
		return err;
	}
	sound_begin(p, &f->ringer, f->slot);
	a->id = f->id;
	a->slot = file_slot_id(f);
	return 0;
}

int offhook_ringer_new(struct offhook_phone *phone, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct ringer_args args = {NULL, 0, 0};
	int err;

	err_detail_clear();
	if (!phone || !ret_id)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "ret_id" : "phone");
	args.file = file_new(phone, FILE_RINGER, NULL);
	if (!args.file)
		return OH_ENOMEM;
	err = phone_command(phone, ringer_run, &args);
	if (err) {
		file_free(args.file);
		return err;
	}
	*ret_id = args.id;
	if (ret_slot)
		*ret_slot = args.slot;
	return 0;
}
