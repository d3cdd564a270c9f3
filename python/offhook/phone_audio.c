/* Phone's methods about the program's own audio. */
#include "ext.h"

#include <stdlib.h>
#include <string.h>

/* A thread that waits looks for signals so often, for Ctrl-C. */
#define SLICE_MS 100

/* A minute at the highest rate: no port holds more. */
#define READ_MAX (60 * 48000)

/* How long the next wait is, out of what is left of a limit; negative is without limit. */
static int slice_of_wait(int left_ms)
{
	return left_ms < 0 || left_ms > SLICE_MS ? SLICE_MS : left_ms;
}

static PyObject *audio_new(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"rate", "play_ms", "heard_ms", "call", "events", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_audio_cfg cfg;
	unsigned long long call = 0, user = 0;
	offhook_id id = 0, slot = 0;
	int err;

	offhook_audio_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|IIIKpK", names, &cfg.rate_hz, &cfg.play_ms,
		    &cfg.heard_ms, &call, &cfg.events, &user))
		return NULL;
	cfg.call = call;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_audio_new(self->phone, &cfg, &id, &slot);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : Py_BuildValue("(KK)", id, slot);
}

/* Writes all in slices of time. The samples taken; what was taken before an error counts. */
static PyObject *write_all(
	struct phone_object *self, offhook_id id, const int16_t *pcm, Py_ssize_t n, int wait_ms)
{
	Py_ssize_t taken = 0;

	for (;;) {
		int slice_ms = slice_of_wait(wait_ms);
		long got;

		Py_BEGIN_ALLOW_THREADS got =
			offhook_audio_write(self->phone, id, pcm + taken, (size_t)(n - taken), slice_ms);
		Py_END_ALLOW_THREADS if (got < 0 && !taken) return raise_error((int)got);
		if (got > 0)
			taken += got;
		if (wait_ms > 0)
			wait_ms -= slice_ms;
		if (got < 0 || taken == n || !wait_ms)
			return PyLong_FromSsize_t(taken);
		if (PyErr_CheckSignals())
			return NULL;
	}
}

static PyObject *audio_write(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "pcm", "wait_ms", NULL};
	Py_buffer view;
	PyObject *result = NULL;
	unsigned long long id;
	int wait_ms = -1;
	int16_t *copy = NULL; /* the buffer may lie at an odd address */

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ky*|i", names, &id, &view, &wait_ms))
		return NULL;
	if (view.len % 2) {
		PyErr_SetString(
			PyExc_ValueError, "samples have 16 bits: an odd number of bytes is none of them");
	} else if (!(copy = malloc((size_t)view.len + 1))) {
		PyErr_NoMemory();
	} else {
		memcpy(copy, view.buf, (size_t)view.len);
		result = write_all((struct phone_object *)op, id, copy, view.len / 2, wait_ms);
	}
	free(copy);
	PyBuffer_Release(&view);
	return result;
}

/* Reads up to n in slices of time; what was read before an error counts. */
static PyObject *read_all(struct phone_object *self, offhook_id id, int16_t *pcm, Py_ssize_t n, int wait_ms)
{
	Py_ssize_t taken = 0;

	for (;;) {
		int slice_ms = slice_of_wait(wait_ms);
		long got;

		Py_BEGIN_ALLOW_THREADS got =
			offhook_audio_read(self->phone, id, pcm + taken, (size_t)(n - taken), slice_ms, NULL);
		Py_END_ALLOW_THREADS if (got < 0 && !taken) return raise_error((int)got);
		if (got > 0)
			taken += got;
		if (wait_ms > 0)
			wait_ms -= slice_ms;
		if (got < 0 || taken == n || !wait_ms)
			return PyBytes_FromStringAndSize((const char *)pcm, taken * (Py_ssize_t)sizeof(*pcm));
		if (PyErr_CheckSignals())
			return NULL;
	}
}

static PyObject *audio_read(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "n", "wait_ms", NULL};
	PyObject *result;
	unsigned long long id;
	Py_ssize_t n;
	int wait_ms = -1;
	int16_t *pcm;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Kn|i", names, &id, &n, &wait_ms))
		return NULL;
	if (n < 0 || n > READ_MAX) {
		PyErr_Format(PyExc_ValueError, "n is %zd; 0 to %d samples can be read at once", n, READ_MAX);
		return NULL;
	}
	pcm = malloc(((size_t)n + 1) * sizeof(*pcm));
	if (!pcm)
		return PyErr_NoMemory();
	result = read_all((struct phone_object *)op, id, pcm, n, wait_ms);
	free(pcm);
	return result;
}

static PyObject *audio_clear(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "fade_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	unsigned fade_ms = 0;
	uint64_t queued = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|I", names, &id, &fade_ms))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_audio_clear(self->phone, id, fade_ms, &queued);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : PyLong_FromUnsignedLongLong(queued);
}

static PyObject *audio_mark(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "number", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	unsigned number;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KI", names, &id, &number))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_audio_mark(self->phone, id, number);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *audio_pause(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_flag(op, args, kwargs, "paused", offhook_audio_pause);
}

static PyObject *audio_fileno(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "writing", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	int writing = 0, fd;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|p", names, &id, &writing))
		return NULL;
	Py_BEGIN_ALLOW_THREADS fd =
		offhook_audio_fd(self->phone, id, writing ? OFFHOOK_AUDIO_WRITE : OFFHOOK_AUDIO_READ);
	Py_END_ALLOW_THREADS return fd < 0 ? raise_error(fd) : PyLong_FromLong(fd);
}

static PyObject *audio_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_audio_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_audio_get_info(self->phone, id, &info);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_audio_info(&info);
}

PyMethodDef phone_audio_methods[] = {
	{"audio_new", KEYWORDS(audio_new),
		"audio_new(rate=16000, play_ms=2000, heard_ms=1000, call=0, events=False, user=0) -> (id, "
		"slot)"},
	{"audio_write", KEYWORDS(audio_write),
		"audio_write(id, pcm, wait_ms=-1) -> int: how many samples were taken; waits for room"},
	{"audio_read", KEYWORDS(audio_read),
		"audio_read(id, n, wait_ms=-1) -> bytes: waits until there are n samples, or fewer when the "
		"time is over"},
	{"audio_clear", KEYWORDS(audio_clear),
		"audio_clear(id, fade_ms=0) -> int: drops what was not heard yet; how much was queued"},
	{"audio_mark", KEYWORDS(audio_mark),
		"audio_mark(id, number): an event when all that was written so far has been heard"},
	{"audio_pause", KEYWORDS(audio_pause), "audio_pause(id, paused=True)"},
	{"audio_fileno", KEYWORDS(audio_fileno),
		"audio_fileno(id, writing=False) -> int: readable when there is something to read, or room"},
	{"audio_info", KEYWORDS(audio_info), "audio_info(id) -> dict: the ledger"},
	{NULL, NULL, 0, NULL},
};
