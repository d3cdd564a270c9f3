/* Phone's methods about codecs. */
#include "ext.h"

#define CODECS_MAX 64

static PyObject *dict_of(const struct offhook_codec_info *i)
{
	return Py_BuildValue("{sssIsIsIsIsIsIsisisOsO}", "name", i->name, "clock_hz", i->clock_hz, "rate_hz",
		i->rate_hz, "channels", i->channels, "bits_per_s", i->bits_per_s, "ptime_ms", i->ptime_ms,
		"frame_ms", i->frame_ms, "payload_type", i->payload_type, "priority", i->priority, "vad",
		i->vad ? Py_True : Py_False, "plc", i->plc ? Py_True : Py_False);
}

static PyObject *codecs(PyObject *op, PyObject *args)
{
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_codec_info infos[CODECS_MAX];
	PyObject *list;
	size_t n = 0;
	int err;

	(void)args;
	Py_BEGIN_ALLOW_THREADS err = offhook_codecs(self->phone, infos, CODECS_MAX, &n);
	Py_END_ALLOW_THREADS if (err) return raise_error(err);
	list = PyList_New(0);
	for (size_t i = 0; list && i < n && i < CODECS_MAX; i++) {
		PyObject *dict = dict_of(&infos[i]);

		if (!dict || PyList_Append(list, dict))
			Py_CLEAR(list);
		Py_XDECREF(dict);
	}
	return list;
}

static PyObject *codec_set_priority(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"name", "priority", NULL};
	struct phone_object *self = (struct phone_object *)op;
	const char *name;
	int priority, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "si", names, &name, &priority))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_codec_set_priority(self->phone, name, priority);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *codec_get(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"name", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_codec_cfg cfg = {.size = sizeof(cfg)};
	const char *name;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s", names, &name))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_codec_get(self->phone, name, &cfg);
	Py_END_ALLOW_THREADS if (err) return raise_error(err);
	return Py_BuildValue("{sIsOsOsIsIsisOsI}", "ptime_ms", cfg.ptime_ms, "vad",
		cfg.vad ? Py_True : Py_False, "plc", cfg.plc ? Py_True : Py_False, "bits_per_s",
		cfg.bits_per_s, "max_rate_hz", cfg.max_rate_hz, "fec", (int)cfg.fec, "cbr",
		cfg.cbr ? Py_True : Py_False, "complexity", cfg.complexity);
}

/* What is not given stays as it is. */
static PyObject *codec_set(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"name", "ptime_ms", "vad", "plc", "bits_per_s", "max_rate_hz", "fec", "cbr",
		"complexity", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_codec_cfg cfg = {.size = sizeof(cfg)};
	PyObject *name;
	const char *text;
	int fec, err;

	/* The name first: the defaults of the rest are what is set now. */
	if (PyTuple_Size(args) < 1) {
		PyErr_SetString(PyExc_TypeError, "codec_set() needs the name of a codec");
		return NULL;
	}
	name = PyTuple_GetItem(args, 0);
	text = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
	if (!text) {
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_TypeError, "the name of a codec is a str");
		return NULL;
	}
	Py_BEGIN_ALLOW_THREADS err = offhook_codec_get(self->phone, text, &cfg);
	Py_END_ALLOW_THREADS if (err) return raise_error(err);
	fec = (int)cfg.fec;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|IppIIipI", names, &text, &cfg.ptime_ms, &cfg.vad,
		    &cfg.plc, &cfg.bits_per_s, &cfg.max_rate_hz, &fec, &cfg.cbr, &cfg.complexity))
		return NULL;
	cfg.fec = (enum offhook_fec)fec;
	Py_BEGIN_ALLOW_THREADS err = offhook_codec_set(self->phone, text, &cfg);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyMethodDef phone_codec_methods[] = {
	{"codecs", codecs, METH_NOARGS, "codecs() -> list of dicts, highest priority first"},
	{"codec_set_priority", KEYWORDS(codec_set_priority),
		"codec_set_priority(name, priority): 0 (off) to 255; \"PCMU/8000\""},
	{"codec_get", KEYWORDS(codec_get), "codec_get(name) -> dict of its settings"},
	{"codec_set", (PyCFunction)(void (*)(void))codec_set, METH_VARARGS | METH_KEYWORDS,
		"codec_set(name, ptime_ms, vad, plc, bits_per_s, max_rate_hz, fec, cbr, complexity): what is "
		"not given "
		"stays"},
	{NULL, NULL, 0, NULL},
};
