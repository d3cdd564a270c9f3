/* Phone's methods about the bridge: slots, connections, files, tones. */
#include "ext.h"

#include <stdlib.h>

static PyObject *slot_of(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"number", NULL};
	struct phone_object *self = (struct phone_object *)op;
	offhook_id id = 0;
	int number, err; /* "i", because "I" lets too large numbers wrap around */

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i", names, &number))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_slot_of(self->phone, (unsigned)number, &id);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

/* -1 with an exception set. */
static int link_from(PyObject *tuple, struct offhook_link *ret_link)
{
	unsigned long long source, sink;
	float level = 1;

	if (!PyTuple_Check(tuple)) {
		PyErr_SetString(PyExc_TypeError, "a link is a tuple (source, sink) or (source, sink, level)");
		return -1;
	}
	if (!PyArg_ParseTuple(tuple, "KK|f:link", &source, &sink, &level))
		return -1;
	*ret_link = (struct offhook_link){source, sink, level};
	return 0;
}

/* To be freed; NULL with an exception set. */
static struct offhook_link *links_from(PyObject *source, size_t *ret_n)
{
	/* A copy: what runs when a member becomes a number cannot change it. */
	PyObject *kept = PySequence_Tuple(source);
	Py_ssize_t n = kept ? PyTuple_Size(kept) : 0;
	struct offhook_link *links = kept ? calloc((size_t)n + 1, sizeof(*links)) : NULL;

	if (kept && !links)
		PyErr_NoMemory();
	for (Py_ssize_t i = 0; links && i < n; i++) {
		if (!link_from(PyTuple_GetItem(kept, i), &links[i]))
			continue;
		free(links);
		links = NULL;
	}
	Py_XDECREF(kept);
	*ret_n = (size_t)n;
	return links;
}

static PyObject *connect_many(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"links", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_link *links;
	PyObject *source;
	size_t n;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O", names, &source))
		return NULL;
	links = links_from(source, &n);
	if (!links)
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_connect_many(self->phone, links, n);
	Py_END_ALLOW_THREADS free(links);
	return none_or_error(err);
}

static PyObject *disconnect(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"source", "sink", NULL};

	return with_two_ids(op, args, kwargs, names, offhook_disconnect);
}

static PyObject *slot_set_levels(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", "tx", "rx", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long slot;
	float tx, rx;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Kff", names, &slot, &tx, &rx))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_slot_set_levels(self->phone, slot, tx, rx);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *slot_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_slot_info info = {.size = sizeof(info)};
	unsigned long long slot;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &slot))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_slot_get_info(self->phone, slot, &info);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_slot_info(&info);
}

static long all_slots(struct offhook_phone *phone, offhook_id of, offhook_id *ret_ids, size_t cap)
{
	(void)of;
	return offhook_slots(phone, ret_ids, cap);
}

static PyObject *slots(PyObject *op, PyObject *unused)
{
	(void)unused;
	return all_ids(op, 0, all_slots);
}

static PyObject *slot_sinks(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"slot", NULL};
	unsigned long long slot;

	return PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &slot)
		       ? all_ids(op, slot, offhook_slot_sinks)
		       : NULL;
}

static PyObject *player_new(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"path", "loop", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	const char *path;
	unsigned long long user = 0;
	offhook_id id = 0, slot = 0;
	int loop = 0, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|pK", names, &path, &loop, &user))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err =
		offhook_player_new(self->phone, path, loop, (void *)(uintptr_t)user, &id, &slot);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : Py_BuildValue("(KK)", id, slot);
}

static PyObject *player_seek(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "frame", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id, frame;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK", names, &id, &frame))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_player_seek(self->phone, id, frame);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *player_position(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	uint64_t position = 0, length = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_player_position(self->phone, id, &position, &length);
	Py_END_ALLOW_THREADS return err
		? raise_error(err)
		: Py_BuildValue("(KK)", (unsigned long long)position, (unsigned long long)length);
}

static PyObject *recorder_new(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"path", NULL};
	struct phone_object *self = (struct phone_object *)op;
	const char *path;
	offhook_id id = 0, slot = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s", names, &path))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_recorder_new(self->phone, path, &id, &slot);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : Py_BuildValue("(KK)", id, slot);
}

static PyObject *tone_new(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"hz1", "hz2", "on_ms", "off_ms", "repeats", "level", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_tone_cfg cfg;
	unsigned long long user = 0;
	offhook_id id = 0, slot = 0;
	int err;

	offhook_tone_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|ddIIIdK", names, &cfg.hz1, &cfg.hz2, &cfg.on_ms,
		    &cfg.off_ms, &cfg.repeats, &cfg.level, &user))
		return NULL;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_tone_new(self->phone, &cfg, &id, &slot);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : Py_BuildValue("(KK)", id, slot);
}

PyMethodDef phone_bridge_methods[] = {
	{"slot_of", KEYWORDS(slot_of), "slot_of(number) -> id"},
	{"connect_many", KEYWORDS(connect_many), "connect_many([(source, sink[, level]), ...])"},
	{"disconnect", KEYWORDS(disconnect), "disconnect(source, sink)"},
	{"slot_set_levels", KEYWORDS(slot_set_levels),
		"slot_set_levels(slot, tx, rx): negative leaves as it is"},
	{"slot_info", KEYWORDS(slot_info), "slot_info(slot) -> dict"},
	{"slots", slots, METH_NOARGS, "slots() -> list of ids"},
	{"slot_sinks", KEYWORDS(slot_sinks), "slot_sinks(slot) -> list of ids"},
	{"player_new", KEYWORDS(player_new), "player_new(path, loop=False, user=0) -> (id, slot)"},
	{"player_seek", KEYWORDS(player_seek), "player_seek(id, frame)"},
	{"player_position", KEYWORDS(player_position),
		"player_position(id) -> (position, length), in file samples"},
	{"recorder_new", KEYWORDS(recorder_new), "recorder_new(path) -> (id, slot)"},
	{"tone_new", KEYWORDS(tone_new),
		"tone_new(hz1=440, hz2=0, on_ms=0, off_ms=0, repeats=0, level=0.25, user=0) -> (id, slot)"},
	{NULL, NULL, 0, NULL},
};
