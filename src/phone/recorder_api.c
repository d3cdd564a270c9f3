/* Recorders: opened in the program's thread, which may wait for a disk. Their removal is in file.c. */
#include "phone/file.h"

static void released(void *arg)
{
	struct file *f = arg;

	f->port_gone = true;
}

int offhook_recorder_new(
	struct offhook_phone *phone, const char *path, offhook_id *ret_id, offhook_id *ret_slot)
{
	struct recorder_cfg cfg;
	struct port *port;
	struct file *f;
	int err;

	err_detail_clear();
	if (!phone || !path)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "path" : "phone");
	cfg = (struct recorder_cfg){
		.host = phone->host,
		.path = path,
		.rate_hz = phone->cfg.clock_rate_hz,
		.released = released,
	};
	f = file_new(phone, FILE_RECORDER, NULL);
	if (!f)
		return OH_ENOMEM;
	cfg.released_arg = f;
	err = recorder_new(&cfg, &f->recorder, &port);
	if (!err) {
		err = file_put_on_bridge(f, port, tag_draw(phone), ret_id, ret_slot);
		if (err)
			recorder_finish(f->recorder);
	}
	if (err)
		file_free(f);
	return err;
}

struct recorder_args {
	offhook_id id;
	uint64_t frames, dropped;
};

static int position_run(struct offhook_phone *p, void *arg)
{
	struct recorder_args *a = arg;
	struct file *f = file_find(p, a->id, FILE_RECORDER);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!f)
		return err_detail(OH_ENOENT, "no such recorder");
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
