/* Players: opened in the program's thread, which may wait for a disk; played on the bridge. */
#include "phone/file.h"

int offhook_player_new(struct offhook_phone *phone, const char *path, int loop, void *user_data,
	offhook_id *ret_id, offhook_id *ret_slot)
{
	struct player_cfg cfg;
	struct file *f;
	struct port *port;
	int err;

	err_detail_clear();
	if (!phone || !path)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "path" : "phone");
	cfg = (struct player_cfg){
		.host = phone->host,
		.path = path,
		.loop = loop != 0,
		.bridge_rate_hz = phone->cfg.clock_rate_hz,
		.tag = tag_draw(phone),
		.report = engine_report,
		.report_arg = phone->engine,
	};
	f = file_new(phone, FILE_PLAYER, user_data);
	if (!f)
		return OH_ENOMEM;
	err = player_new(&cfg, &f->player, &port);
	if (!err)
		err = file_put_on_bridge(f, port, cfg.tag, ret_id, ret_slot);
	if (err)
		file_free(f);
	return err;
}

struct seek_args {
	offhook_id id;
	uint64_t frame;
};

static int seek_run(struct offhook_phone *p, void *arg)
{
	const struct seek_args *a = arg;
	struct file *f = file_find(p, a->id, FILE_PLAYER);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!f)
		return err_detail(OH_ENOENT, "no such player");
	if (player_length(f->player) && a->frame > player_length(f->player))
		return err_detail(
			OH_ERANGE, "the file has %llu samples", (unsigned long long)player_length(f->player));
	return player_seek(f->player, a->frame);
}

int offhook_player_seek(struct offhook_phone *phone, offhook_id id, uint64_t frame)
{
	struct seek_args args = {id, frame};

	return phone_command(phone, seek_run, &args);
}

struct position_args {
	offhook_id id;
	uint64_t position, length;
};

static int position_run(struct offhook_phone *p, void *arg)
{
	struct position_args *a = arg;
	struct file *f = file_find(p, a->id, FILE_PLAYER);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!f)
		return err_detail(OH_ENOENT, "no such player");
	a->position = player_position(f->player);
	a->length = player_length(f->player);
	return 0;
}

int offhook_player_position(
	struct offhook_phone *phone, offhook_id id, uint64_t *ret_position, uint64_t *ret_length)
{
	struct position_args args = {.id = id};
	int err = phone_query(phone, position_run, &args);

	if (err)
		return err;
	if (ret_position)
		*ret_position = args.position;
	if (ret_length)
		*ret_length = args.length;
	return 0;
}
