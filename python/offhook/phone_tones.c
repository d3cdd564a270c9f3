/* Phone's methods about tones: those that are made, and those that are heard in calls. */
#include "ext.h"

static PyObject *id_and_slot(int err, offhook_id id, offhook_id slot)
{
	return err ? raise_error(err)
		   : Py_BuildValue("(KK)", (unsigned long long)id, (unsigned long long)slot);
}

static PyObject *tone_pattern(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"pattern", "repeats", "level", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_pattern_cfg cfg;
	unsigned long long user = 0;
	offhook_id id = 0, slot = 0;
	int err;

	offhook_pattern_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "s|IdK", names, &cfg.pattern, &cfg.repeats, &cfg.level, &user))
		return NULL;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_tone_pattern(self->phone, &cfg, &id, &slot);
	Py_END_ALLOW_THREADS return id_and_slot(err, id, slot);
}

static PyObject *tone_national(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"country", "kind", NULL};
	struct phone_object *self = (struct phone_object *)op;
	offhook_id id = 0, slot = 0;
	const char *country;
	int kind, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "si", names, &country, &kind))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err =
		offhook_tone_national(self->phone, country, (enum offhook_tone_kind)kind, &id, &slot);
	Py_END_ALLOW_THREADS return id_and_slot(err, id, slot);
}

static PyObject *tone_digits(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"digits", "duration_ms", "pause_ms", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_digits_cfg cfg = {.size = sizeof(cfg)};
	unsigned long long user = 0;
	offhook_id id = 0, slot = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "s|IIK", names, &cfg.digits, &cfg.duration_ms, &cfg.pause_ms, &user))
		return NULL;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_tone_digits(self->phone, &cfg, &id, &slot);
	Py_END_ALLOW_THREADS return id_and_slot(err, id, slot);
}

static PyObject *tone_find(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"country", "kind", NULL};
	const char *country, *pattern;
	int kind;

	(void)op;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "si", names, &country, &kind))
		return NULL;
	pattern = offhook_tone_find(country, (enum offhook_tone_kind)kind);
	return Py_BuildValue("z", pattern);
}

static PyObject *tone_countries(PyObject *op, PyObject *args)
{
	PyObject *list = PyList_New(0);
	const char *country;

	(void)op;
	(void)args;
	for (size_t i = 0; list && (country = offhook_tone_country(i)); i++) {
		PyObject *text = PyUnicode_FromString(country);

		if (!text || PyList_Append(list, text) < 0)
			Py_CLEAR(list);
		Py_XDECREF(text);
	}
	return list;
}

static PyObject *call_hear_dtmf(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "hear", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long call;
	unsigned hear;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KI", names, &call, &hear))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_hear_dtmf(self->phone, call, (enum offhook_dtmf_hear)hear);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *call_progress_listen(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "on", "country", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_progress_cfg cfg;
	unsigned long long call = 0;
	int err;

	offhook_progress_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|Kpz", names, &call, &cfg.on, &cfg.country))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_progress_listen(self->phone, call, &cfg);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyMethodDef phone_tone_methods[] = {
	{"tone_pattern", KEYWORDS(tone_pattern),
		"tone_pattern(pattern, repeats=0, level=0.25, user=0) -> (id, slot): such as '440+480:2000 "
		"0:4000'"},
	{"tone_national", KEYWORDS(tone_national),
		"tone_national(country, kind) -> (id, slot): 1 dial, 2 ringback, 3 busy, 4 congestion, 5 "
		"call waiting, "
		"6 special information"},
	{"tone_digits", KEYWORDS(tone_digits),
		"tone_digits(digits, duration_ms=0, pause_ms=0, user=0) -> (id, slot): DTMF"},
	{"tone_find", KEYWORDS(tone_find), "tone_find(country, kind) -> str or None: its pattern"},
	{"tone_countries", tone_countries, METH_NOARGS, "tone_countries() -> list of str"},
	{"call_hear_dtmf", KEYWORDS(call_hear_dtmf),
		"call_hear_dtmf(call, hear): digits in its audio: 1 no, 2 without RTP events, 3 yes"},
	{"call_progress_listen", KEYWORDS(call_progress_listen),
		"call_progress_listen(call=0, on=True, country=None): events about tones that tell "
		"something; call 0: of "
		"each call from now on"},
	{NULL, NULL, 0, NULL},
};
