/* Phone's methods about sound devices. */
#include "ext.h"

#include <stdlib.h>
#include <string.h>

/* Far more than anybody has. */
#define LIST_MAX 256

static PyObject *dict_from_device(const struct offhook_device *d)
{
	return Py_BuildValue("{s:N,s:N,s:I,s:I,s:I,s:O,s:O}", "id", str_from(d->id), "name",
		str_from(d->name), "capture_channels", d->capture_channels, "playback_channels",
		d->playback_channels, "rate", d->rate_hz, "default_capture",
		d->default_capture ? Py_True : Py_False, "default_playback",
		d->default_playback ? Py_True : Py_False);
}

static PyObject *devices(PyObject *op, PyObject *unused)
{
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_device *found = calloc(LIST_MAX, sizeof(*found));
	PyObject *list = NULL;
	long n;

	(void)unused;
	if (!found)
		return PyErr_NoMemory();
	for (size_t i = 0; i < LIST_MAX; i++)
		found[i].size = sizeof(found[i]);
	Py_BEGIN_ALLOW_THREADS n = offhook_devices(self->phone, found, LIST_MAX);
	Py_END_ALLOW_THREADS if (n < 0) raise_error((int)n);
	else list = PyList_New(0);
	for (long i = 0; list && i < n && i < LIST_MAX; i++) {
		PyObject *d = dict_from_device(&found[i]);

		if (!d || PyList_Append(list, d))
			Py_CLEAR(list);
		Py_XDECREF(d);
	}
	free(found);
	return list;
}

static PyObject *device_set(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"capture", "playback", "ring", "rate", "latency_ms", "echo_ms", "noise",
		"gain", "close_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_device_cfg cfg;
	int err;

	offhook_device_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|zzzIIIppi", names, &cfg.capture, &cfg.playback,
		    &cfg.ring, &cfg.rate_hz, &cfg.latency_ms, &cfg.echo_ms, &cfg.noise, &cfg.gain,
		    &cfg.close_ms))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_device_set(self->phone, &cfg);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *device_open(PyObject *op, PyObject *unused)
{
	struct phone_object *self = (struct phone_object *)op;
	int err;

	(void)unused;
	Py_BEGIN_ALLOW_THREADS err = offhook_device_open(self->phone);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *device_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"side", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_device_info i = {.size = sizeof(i)};
	int side, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i", names, &side))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_device_get_info(self->phone, (enum offhook_device_side)side, &i);
	Py_END_ALLOW_THREADS if (err) return raise_error(err);
	return Py_BuildValue("{s:N,s:N,s:d,s:O,s:i,s:K,s:K,s:d,s:d}", "chosen", str_from(i.chosen), "in_use",
		str_from(i.in_use), "volume", (double)i.volume, "muted", i.muted ? Py_True : Py_False,
		"error", i.error, "gaps", i.gaps, "cuts", i.cuts, "drift_ppm", i.drift_ppm, "depth_ms",
		i.depth_ms);
}

static PyObject *device_set_volume(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"side", "volume", "muted", NULL};
	struct phone_object *self = (struct phone_object *)op;
	int side, muted = -1, err;
	float volume = -1;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i|fi", names, &side, &volume, &muted))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err =
		offhook_device_set_volume(self->phone, (enum offhook_device_side)side, volume, muted);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *ringer_new(PyObject *op, PyObject *unused)
{
	struct phone_object *self = (struct phone_object *)op;
	offhook_id id = 0, slot = 0;
	int err;

	(void)unused;
	Py_BEGIN_ALLOW_THREADS err = offhook_ringer_new(self->phone, &id, &slot);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : Py_BuildValue("(KK)", id, slot);
}

PyMethodDef phone_device_methods[] = {
	{"devices", devices, METH_NOARGS, "devices() -> list of dict: what could be chosen"},
	{"device_set", KEYWORDS(device_set),
		"device_set(capture=None, playback=None, ring=None, rate=0, latency_ms=40, echo_ms=200, "
		"noise=False, gain=False, close_ms=1000): ids, None for the system's, \"null\" for none"},
	{"device_open", device_open, METH_NOARGS, "device_open(): opens slot 0's devices now and waits"},
	{"device_info", KEYWORDS(device_info),
		"device_info(side) -> dict: side is 1 capture, 2 playback, 3 ring"},
	{"device_set_volume", KEYWORDS(device_set_volume),
		"device_set_volume(side, volume=-1, muted=-1): negative keeps what is"},
	{"ringer_new", ringer_new, METH_NOARGS, "ringer_new() -> (id, slot): the ringing device"},
	{NULL, NULL, 0, NULL},
};
