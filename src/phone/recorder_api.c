/* Recorders: opened in the program's thread, which may wait for a disk. Their removal is in file.c. */
#include "phone/file.h"

void offhook_recorder_cfg_init(struct offhook_recorder_cfg *cfg)
{
	*cfg = (struct offhook_recorder_cfg){.size = sizeof(*cfg), .channels = 1};
}

static void released(void *arg)
{
	struct file *f = arg;

	f->released = true;
}

static int recorder_open(struct offhook_phone *phone, const struct offhook_recorder_cfg *c,
	offhook_id *ret_id, offhook_id ret_slots[2])
{
	struct recorder_cfg cfg = {
		.host = phone->host,
		.path = c->path,
		.rate_hz = phone->cfg.clock_rate_hz,
		.channels = c->channels,
		.max_frames = (uint64_t)c->max_ms * (phone->cfg.clock_rate_hz / 1000),
		.tag = tag_draw(phone),
		.report = engine_report,
		.report_arg = phone->engine,
		.released = released,
	};
	struct port *ports[2] = {NULL, NULL};
	struct file *f = file_new(phone, FILE_RECORDER, c->user_data);
	int err;

	if (!f)
		return OH_ENOMEM;
	cfg.released_arg = f;
	f->closing = closing_new(phone, "recording", c->path);
	err = f->closing ? recorder_new(&cfg, &f->recorder, ports) : OH_ENOMEM;
	if (err) {
		file_free(f);
		return err;
	}
	return file_put_recorder_on_bridge(f, ports, cfg.tag, ret_id, ret_slots);
}

int offhook_recorder_open(struct offhook_phone *phone, const struct offhook_recorder_cfg *cfg,
	offhook_id *ret_id, offhook_id ret_slots[2])
{
	struct offhook_recorder_cfg ours;
	int err;

	err_detail_clear();
	if (!phone || !cfg)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "cfg" : "phone");
	offhook_recorder_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (err)
		return err;
	if (!ours.path)
		return err_detail(OH_EINVAL, "path is NULL");
	if (ours.channels != 1 && ours.channels != 2)
		return err_detail(OH_EINVAL, "channels: 1 or 2");
	return recorder_open(phone, &ours, ret_id, ret_slots);
}

int offhook_recorder_new(
	struct offhook_phone *phone, const char *path, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct offhook_recorder_cfg cfg;
	offhook_id slots[2];
	int err;

	err_detail_clear();
	if (!phone || !path)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "path" : "phone");
	offhook_recorder_cfg_init(&cfg);
	cfg.path = path;
	err = recorder_open(phone, &cfg, ret_id, slots);
	if (!err)
		*ret_slot = slots[0];
	return err;
}

static int find_recorder(const struct offhook_phone *p, offhook_id id, struct file **ret_file)
{
	int err = phone_check_open(p);

	if (err)
		return err;
	*ret_file = file_find(p, id, FILE_RECORDER);
	return *ret_file ? 0 : err_detail(OH_ENOENT, "no such recorder");
}

struct pause_args {
	offhook_id id;
	bool paused;
};

static int pause_run(struct offhook_phone *p, void *arg)
{
	const struct pause_args *a = arg;
	struct file *f;
	int err = find_recorder(p, a->id, &f);

	if (!err)
		recorder_pause(f->recorder, a->paused);
	return err;
}

int offhook_recorder_pause(struct offhook_phone *phone, offhook_id id, int paused)
{
	struct pause_args args = {id, paused != 0};

	return phone_command(phone, pause_run, &args);
}

struct recorder_args {
	offhook_id id;
	uint64_t frames, dropped;
};

static int position_run(struct offhook_phone *p, void *arg)
{
	struct recorder_args *a = arg;
	struct file *f;
	int err = find_recorder(p, a->id, &f);

	if (err)
		return err;
	a->frames = recorder_frames(f->recorder);
	a->dropped = recorder_dropped(f->recorder);
	return 0;
}

int offhook_recorder_position(
	struct offhook_phone *phone, offhook_id id, uint64_t *ret_frames, uint64_t *ret_dropped)
{
	struct recorder_args args = {.id = id};
	int err = phone_query(phone, position_run, &args);

	if (err)
		return err;
	if (ret_frames)
		*ret_frames = args.frames;
	if (ret_dropped)
		*ret_dropped = args.dropped;
	return 0;
}
