/* Players: opened in the program's thread, which may wait for a disk; played on the bridge. */
#include "phone/file.h"

void offhook_player_cfg_init(struct offhook_player_cfg *cfg)
{
	*cfg = (struct offhook_player_cfg){
		.size = sizeof(*cfg), .loops = 1, .level = 1, .raw_rate_hz = 8000, .raw_channels = 1};
}

static bool level_valid(float level)
{
	return level >= 0 && level <= PLAYER_LEVEL_MAX;
}

static int check_level(float level)
{
	return level_valid(level) ? 0 : err_detail(OH_EINVAL, "level: 0 to %g", (double)PLAYER_LEVEL_MAX);
}

static int check_cfg(const struct offhook_player_cfg *c)
{
	if (!c->paths || c->n_paths < 1 || c->n_paths > OFFHOOK_PLAYER_FILES_MAX)
		return err_detail(
			OH_EINVAL, "n_paths: 1 to %d files can be played", OFFHOOK_PLAYER_FILES_MAX);
	for (size_t i = 0; i < c->n_paths; i++)
		if (!c->paths[i])
			return err_detail(OH_EINVAL, "path %zu is NULL", i);
	if (c->raw_rate_hz < 1000 || c->raw_rate_hz > 384000)
		return err_detail(OH_EINVAL, "raw_rate_hz: 1000 to 384000");
	if (c->raw_channels < 1 || c->raw_channels > SOUND_CHANNELS_MAX)
		return err_detail(OH_EINVAL, "raw_channels: 1 to %d", SOUND_CHANNELS_MAX);
	return check_level(c->level);
}

static int player_open(struct offhook_phone *phone, const struct offhook_player_cfg *c, offhook_id *ret_id,
	offhook_id *ret_slot)
{
	struct player_cfg cfg = {
		.host = phone->host,
		.read = {.paths = c->paths,
			.n_paths = c->n_paths,
			.how = {.formats = c->formats,
				.raw_rate_hz = c->raw_rate_hz,
				.raw_channels = c->raw_channels},
			.loops = c->loops,
			.rate_hz = phone->cfg.clock_rate_hz},
		.level = c->level,
		.paused = c->paused != 0,
		.tag = tag_draw(phone),
		.report = engine_report,
		.report_arg = phone->engine,
	};
	struct file *f = file_new(phone, FILE_PLAYER, c->user_data);
	struct port *port;
	int err;

	if (!f)
		return OH_ENOMEM;
	f->tell_removal = c->tell_removal != 0;
	err = player_new(&cfg, &f->player, &port);
	if (!err)
		err = file_put_on_bridge(f, port, cfg.tag, ret_id, ret_slot);
	if (err)
		file_free(f);
	return err;
}

int offhook_player_open(struct offhook_phone *phone, const struct offhook_player_cfg *cfg, offhook_id *ret_id,
	offhook_id *ret_slot)
{
	struct offhook_player_cfg ours;
	int err;

	err_detail_clear();
	if (!phone || !cfg)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "cfg" : "phone");
	offhook_player_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	if (!err)
		err = check_cfg(&ours);
	return err ? err : player_open(phone, &ours, ret_id, ret_slot);
}

int offhook_player_new(struct offhook_phone *phone, const char *path, int loop, void *user_data,
	offhook_id *ret_id, offhook_id *ret_slot)
{
	struct offhook_player_cfg cfg;

	err_detail_clear();
	if (!phone || !path)
		return err_detail(OH_EINVAL, "%s is NULL", phone ? "path" : "phone");
	offhook_player_cfg_init(&cfg);
	cfg.paths = &path;
	cfg.n_paths = 1;
	cfg.loops = !loop;
	cfg.user_data = user_data;
	return player_open(phone, &cfg, ret_id, ret_slot);
}

/* ---- what may be done to one ---- */

static int find_player(struct offhook_phone *p, offhook_id id, struct file **ret_file)
{
	int err = phone_check_open(p);

	if (err)
		return err;
	*ret_file = file_find(p, id, FILE_PLAYER);
	return *ret_file ? 0 : err_detail(OH_ENOENT, "no such player");
}

struct move_args {
	offhook_id id;
	bool here; /* in the file that is played */
	size_t file;
	uint64_t frame;
};

static int move_run(struct offhook_phone *p, void *arg)
{
	struct move_args *a = arg;
	struct player_place now;
	uint64_t length;
	struct file *f;
	int err = find_player(p, a->id, &f);

	if (err)
		return err;
	if (a->here) {
		player_place(f->player, &now);
		a->file = now.file;
	}
	if (a->file >= player_n_files(f->player))
		return err_detail(OH_ERANGE, "the player has %zu files", player_n_files(f->player));
	length = player_file(f->player, a->file)->length;
	if (length && a->frame > length)
		return err_detail(OH_ERANGE, "the file has %llu samples", (unsigned long long)length);
	player_seek(f->player, a->file, a->frame);
	f->ended = false;
	return 0;
}

int offhook_player_seek(struct offhook_phone *phone, offhook_id id, uint64_t frame)
{
	struct move_args args = {.id = id, .here = true, .frame = frame};

	return phone_command(phone, move_run, &args);
}

int offhook_player_move(struct offhook_phone *phone, offhook_id id, size_t file, uint64_t frame)
{
	struct move_args args = {.id = id, .file = file, .frame = frame};

	return phone_command(phone, move_run, &args);
}

struct pause_args {
	offhook_id id;
	bool paused;
};

static int pause_run(struct offhook_phone *p, void *arg)
{
	const struct pause_args *a = arg;
	struct file *f;
	int err = find_player(p, a->id, &f);

	if (!err)
		player_pause(f->player, a->paused);
	return err;
}

int offhook_player_pause(struct offhook_phone *phone, offhook_id id, int paused)
{
	struct pause_args args = {id, paused != 0};

	return phone_command(phone, pause_run, &args);
}

struct level_args {
	offhook_id id;
	float level;
};

static int level_run(struct offhook_phone *p, void *arg)
{
	const struct level_args *a = arg;
	struct file *f;
	int err = find_player(p, a->id, &f);

	if (!err)
		err = check_level(a->level);
	if (!err)
		player_set_level(f->player, a->level);
	return err;
}

int offhook_player_set_level(struct offhook_phone *phone, offhook_id id, float level)
{
	struct level_args args = {id, level};

	return phone_command(phone, level_run, &args);
}

/* ---- questions ---- */

struct info_args {
	offhook_id id;
	struct offhook_player_info info;
};

static int info_run(struct offhook_phone *p, void *arg)
{
	struct info_args *a = arg;
	const struct reader_file *file;
	struct player_place now;
	struct file *f;
	int err = find_player(p, a->id, &f);

	if (err)
		return err;
	player_place(f->player, &now);
	file = player_file(f->player, now.file);
	a->info = (struct offhook_player_info){
		.size = sizeof(a->info),
		.file = now.file,
		.n_files = player_n_files(f->player),
		.position = now.position,
		.length = file->length,
		.rate_hz = file->rate_hz,
		.channels = file->channels,
		.format = (enum offhook_format)file->format,
		.paused = now.paused,
		.level = now.level,
	};
	return 0;
}

int offhook_player_get_info(struct offhook_phone *phone, offhook_id id, struct offhook_player_info *ret_info)
{
	struct info_args args = {.id = id};
	int err = phone_query(phone, info_run, &args);

	return err ? err : info_give(ret_info, &args.info, sizeof(args.info));
}

int offhook_player_position(
	struct offhook_phone *phone, offhook_id id, uint64_t *ret_position, uint64_t *ret_length)
{
	struct info_args args = {.id = id};
	int err = phone_query(phone, info_run, &args);

	if (err)
		return err;
	if (ret_position)
		*ret_position = args.info.position;
	if (ret_length)
		*ret_length = args.info.length;
	return 0;
}
