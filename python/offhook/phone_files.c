/* Phone's methods about files: lists to be played, recordings of one channel or two. */
#include "ext.h"

static PyObject *player_open(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"paths", "loops", "level", "paused", "formats", "raw_rate", "raw_channels",
		"tell_removal", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_player_cfg cfg;
	const char *paths[OFFHOOK_PLAYER_FILES_MAX];
	PyObject *list, *kept;
	unsigned long long user = 0;
	offhook_id id = 0, slot = 0;
	int err;

	offhook_player_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|IfpIIIpK", names, &list, &cfg.loops, &cfg.level,
		    &cfg.paused, &cfg.formats, &cfg.raw_rate_hz, &cfg.raw_channels, &cfg.tell_removal, &user))
		return NULL;
	kept = texts_from(list, paths, OFFHOOK_PLAYER_FILES_MAX, &cfg.n_paths);
	if (!kept)
		return NULL;
	cfg.paths = paths;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_player_open(self->phone, &cfg, &id, &slot);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return err ? raise_error(err) : Py_BuildValue("(KK)", id, slot);
}

static PyObject *player_move(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "file", "frame", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id, file, frame = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK|K", names, &id, &file, &frame))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_player_move(self->phone, id, (size_t)file, frame);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *player_pause(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_flag(op, args, kwargs, "paused", offhook_player_pause);
}

static PyObject *player_set_level(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "level", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	float level;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Kf", names, &id, &level))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_player_set_level(self->phone, id, level);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *player_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_player_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_player_get_info(self->phone, id, &info);
	Py_END_ALLOW_THREADS if (err) return raise_error(err);
	return Py_BuildValue("{s:n,s:n,s:K,s:K,s:I,s:I,s:i,s:O,s:d}", "file", (Py_ssize_t)info.file,
		"n_files", (Py_ssize_t)info.n_files, "position", (unsigned long long)info.position, "length",
		(unsigned long long)info.length, "rate", info.rate_hz, "channels", info.channels, "format",
		(int)info.format, "paused", info.paused ? Py_True : Py_False, "level", (double)info.level);
}

static PyObject *recorder_open(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"path", "channels", "max_ms", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_recorder_cfg cfg;
	unsigned long long user = 0;
	offhook_id id = 0, slots[2] = {0, 0};
	int err;

	offhook_recorder_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "s|IIK", names, &cfg.path, &cfg.channels, &cfg.max_ms, &user))
		return NULL;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_recorder_open(self->phone, &cfg, &id, slots);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : Py_BuildValue("(KKK)", id, slots[0], slots[1]);
}

static PyObject *recorder_pause(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_flag(op, args, kwargs, "paused", offhook_recorder_pause);
}

static PyObject *recorder_position(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	uint64_t frames = 0, dropped = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_recorder_position(self->phone, id, &frames, &dropped);
	Py_END_ALLOW_THREADS return err
		? raise_error(err)
		: Py_BuildValue("(KK)", (unsigned long long)frames, (unsigned long long)dropped);
}

PyMethodDef phone_file_methods[] = {
	{"player_open", KEYWORDS(player_open),
		"player_open(paths, loops=1, level=1, paused=False, formats=0, raw_rate=8000, "
		"raw_channels=1, "
		"tell_removal=False, user=0) -> (id, slot): a list of files, loops 0 = for ever"},
	{"player_move", KEYWORDS(player_move), "player_move(id, file, frame=0)"},
	{"player_pause", KEYWORDS(player_pause), "player_pause(id, paused=True)"},
	{"player_set_level", KEYWORDS(player_set_level), "player_set_level(id, level)"},
	{"player_info", KEYWORDS(player_info), "player_info(id) -> dict"},
	{"recorder_open", KEYWORDS(recorder_open),
		"recorder_open(path, channels=1, max_ms=0, user=0) -> (id, slot, second slot or 0)"},
	{"recorder_pause", KEYWORDS(recorder_pause), "recorder_pause(id, paused=True)"},
	{"recorder_position", KEYWORDS(recorder_position), "recorder_position(id) -> (frames, dropped)"},
	{NULL, NULL, 0, NULL},
};
