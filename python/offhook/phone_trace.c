/*
 * Phone's methods about traces and ladders. The messages of a trace come on a thread of the library, which must not enter
 * Python: they wait in their trace, at most LIMIT of them, until Python drains them.
 */
#include "ext.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT 10000

struct kept {
	struct kept *next;
	struct offhook_trace_message message; /* its texts lie behind it */
	char texts[];
};

struct trace {
	struct trace *next;
	offhook_id id;
	pthread_mutex_t lock; /* of the rest */
	struct kept *first, **last;
	size_t count;
};

/* ---- the queue ---- */

static const char *put(char **at, const char *text, size_t n)
{
	char *copy = memcpy(*at, text, n);

	copy[n] = '\0';
	*at += n + 1;
	return copy;
}

static struct kept *kept_new(const struct offhook_trace_message *m)
{
	size_t local = strlen(m->local), remote = strlen(m->remote), call_id = strlen(m->sip_call_id);
	struct kept *k = malloc(sizeof(*k) + local + remote + call_id + m->text_bytes + 4);
	char *at;

	if (!k)
		return NULL;
	at = k->texts;
	k->next = NULL;
	k->message = *m;
	k->message.local = put(&at, m->local, local);
	k->message.remote = put(&at, m->remote, remote);
	k->message.sip_call_id = put(&at, m->sip_call_id, call_id);
	k->message.text = put(&at, m->text, m->text_bytes);
	return k;
}

static void on_message(void *arg, const struct offhook_trace_message *m)
{
	struct trace *t = arg;
	struct kept *k = kept_new(m), *oldest = NULL;

	if (!k)
		return;
	pthread_mutex_lock(&t->lock);
	*t->last = k;
	t->last = &k->next;
	if (t->count == LIMIT) {
		oldest = t->first;
		t->first = oldest->next;
	} else {
		t->count++;
	}
	pthread_mutex_unlock(&t->lock);
	free(oldest);
}

static struct kept *take_all(struct trace *t)
{
	struct kept *first;

	pthread_mutex_lock(&t->lock);
	first = t->first;
	t->first = NULL;
	t->last = &t->first;
	t->count = 0;
	pthread_mutex_unlock(&t->lock);
	return first;
}

static void free_all(struct kept *k)
{
	while (k) {
		struct kept *next = k->next;

		free(k);
		k = next;
	}
}

static PyObject *list_from_kept(struct kept *kept)
{
	PyObject *list = PyList_New(0);

	for (struct kept *k = kept; k && list; k = k->next) {
		PyObject *dict = dict_from_trace_message(&k->message);

		if (!dict || PyList_Append(list, dict))
			Py_CLEAR(list);
		Py_XDECREF(dict);
	}
	free_all(kept);
	return list;
}

/* ---- traces ---- */

static struct trace *trace_new(void)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	t->last = &t->first;
	return t;
}

static void trace_free(struct trace *t)
{
	free_all(take_all(t));
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void traces_free(struct trace *traces)
{
	while (traces) {
		struct trace *next = traces->next;

		trace_free(traces);
		traces = next;
	}
}

/* Where the trace hangs in the list; NULL when there is none. */
static struct trace **trace_find(struct phone_object *self, offhook_id id)
{
	for (struct trace **at = &self->traces; *at; at = &(*at)->next)
		if ((*at)->id == id)
			return at;
	return NULL;
}

static PyObject *trace_start(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "pcap", "hep", "hep_agent_id", "hep_key", "secrets", "keep", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_trace_cfg cfg;
	unsigned long long call = 0;
	struct trace *t = trace_new();
	int keep = 1, err;

	offhook_trace_cfg_init(&cfg);
	if (!t)
		return PyErr_NoMemory();
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|KzzIzpp", names, &call, &cfg.pcap, &cfg.hep,
		    &cfg.hep_agent_id, &cfg.hep_key, &cfg.secrets, &keep)) {
		trace_free(t);
		return NULL;
	}
	cfg.call = call;
	cfg.on_message = keep ? on_message : NULL;
	cfg.arg = t;
	Py_BEGIN_ALLOW_THREADS err = offhook_trace_start(self->phone, &cfg, &t->id);
	Py_END_ALLOW_THREADS if (err)
	{
		trace_free(t);
		return raise_error(err);
	}
	t->next = self->traces;
	self->traces = t;
	return PyLong_FromUnsignedLongLong(t->id);
}

static PyObject *trace_drain(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct trace **at;
	unsigned long long id;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	at = trace_find((struct phone_object *)op, id);
	return at ? list_from_kept(take_all(*at)) : raise_error(OH_ENOENT);
}

static PyObject *trace_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_trace_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_trace_get_info(self->phone, id, &info);
	Py_END_ALLOW_THREADS return err
		? raise_error(err)
		: Py_BuildValue("{s:K,s:K}", "messages", info.messages, "dropped", info.dropped);
}

/* Of several threads that stop one trace, one alone is not told OH_ENOENT, and takes it out of the list. It has stopped too when
 * its file is not complete. */
static PyObject *trace_stop(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct trace **at, *t = NULL;
	struct kept *kept;
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_trace_stop(self->phone, id);
	Py_END_ALLOW_THREADS if (err && err != OH_ETIMEDOUT && err > OH_EOS) return raise_error(err);
	at = trace_find(self, id);
	if (!at)
		return raise_error(OH_ENOENT);
	t = *at;
	*at = t->next;
	kept = take_all(t);
	trace_free(t);
	if (!err)
		return list_from_kept(kept);
	free_all(kept);
	return raise_error(err);
}

static PyObject *call_ladder(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long call;
	PyObject *result = NULL;
	size_t size = 65536;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &call))
		return NULL;
	while (!result) {
		char *text = malloc(size);
		long n;

		if (!text)
			return PyErr_NoMemory();
		Py_BEGIN_ALLOW_THREADS n = offhook_call_ladder(self->phone, call, text, size);
		Py_END_ALLOW_THREADS if (n >= 0 && (size_t)n < size) result =
			PyUnicode_DecodeUTF8(text, n, "replace");
		free(text);
		if (n < 0)
			return raise_error((int)n);
		if (PyErr_Occurred())
			return NULL;
		size = (size_t)n + 4096; /* it may grow meanwhile */
	}
	return result;
}

PyMethodDef phone_trace_methods[] = {
	{"trace_start", KEYWORDS(trace_start),
		"trace_start(call=0, pcap=None, hep=None, hep_agent_id=2001, hep_key=None, secrets=False, "
		"keep=True) -> id"},
	{"trace_drain", KEYWORDS(trace_drain),
		"trace_drain(id) -> list of dicts: the messages since the last time, the newest 10,000"},
	{"trace_info", KEYWORDS(trace_info), "trace_info(id) -> dict"},
	{"trace_stop", KEYWORDS(trace_stop),
		"trace_stop(id) -> list of dicts: the messages not drained yet; a file is complete "
		"afterwards"},
	{"call_ladder", KEYWORDS(call_ladder),
		"call_ladder(call) -> str: the messages of a call, for people; of the 32 that ended last "
		"too"},
	{NULL, NULL, 0, NULL},
};
