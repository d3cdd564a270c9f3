/* The type offhook._offhook.Phone: life, events, transports. The rest: phone_accounts.c, phone_calls.c,
 * phone_bridge.c, phone_audio.c, phone_trace.c. */
#include "ext.h"

#include <stdlib.h>

#include <string.h>

#define NAMESERVERS_MAX 8u /* as the library */

/* What a handler raised to end more than itself (Ctrl-C, exit()), until the call that hands out returns. */
static _Thread_local PyObject *way_out[3];

/* Nothing else may stop the events behind this one: the traceback is printed and the call goes on. */
static void handler_failed(PyObject *handler)
{
	if (PyErr_ExceptionMatches(PyExc_Exception) || way_out[0])
		PyErr_WriteUnraisable(handler);
	else
		PyErr_Fetch(&way_out[0], &way_out[1], &way_out[2]);
}

/* Runs inside process(), on the Python thread that called it, which has let go of the interpreter for the
 * wait. */
static void on_event(void *arg, const struct offhook_event *e)
{
	struct phone_object *self = arg;
	PyGILState_STATE gil = PyGILState_Ensure();
	PyObject *dict, *result = NULL, *handler = Py_XNewRef(self->handler);

	if (handler && handler != Py_None) {
		dict = dict_from_event(e);
		result = dict ? PyObject_CallFunctionObjArgs(handler, dict, NULL) : NULL;
		Py_XDECREF(dict);
		if (!result)
			handler_failed(handler);
	}
	Py_XDECREF(result);
	Py_XDECREF(handler);
	PyGILState_Release(gil);
}

/* -1 with an exception set. */
static int phone_open(struct phone_object *self, struct offhook_phone_cfg *cfg, PyObject *handler)
{
	int err;

	if (!self->log)
		self->log = log_queue_new();
	if (!self->log) {
		PyErr_NoMemory();
		return -1;
	}
	Py_CLEAR(self->handler);
	self->handler = Py_NewRef(handler);
	cfg->delivery = OFFHOOK_DELIVER_PULL;
	cfg->on_event = on_event;
	cfg->on_event_arg = self;
	cfg->on_log = log_queue_add;
	cfg->log_arg = self->log;
	Py_BEGIN_ALLOW_THREADS err = offhook_phone_new(cfg, &self->phone);
	Py_END_ALLOW_THREADS if (!err) return 0;
	raise_error(err);
	return -1;
}

static int phone_init(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"handler", "user_agent", "max_calls", "max_ports", "clock_rate", "frame_ms",
		"ptime_ms", "jitter_ms", "codecs", "rtp_port_min", "rtp_port_max", "rtp_timeout_ms", "t1_ms",
		"log_level", "log_messages", "jitter_min_ms", "jitter_max_ms", "nameservers", "plain_names",
		"proxies", "secure_only", "media_threads", "disk_limit_ms", "plain_packets", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_phone_cfg cfg;
	const char *servers[NAMESERVERS_MAX], *proxies[OFFHOOK_PROXIES_MAX];
	PyObject *handler = Py_None, *server_list = NULL, *proxy_list = NULL, *kept_servers, *kept_proxies;
	int err = -1;

	if (self->phone) {
		PyErr_SetString(PyExc_RuntimeError, "a Phone is initialised once");
		return -1;
	}
	offhook_phone_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OzIIIIIIzHHIIipIIOpOpIIp", names, &handler,
		    &cfg.user_agent, &cfg.max_calls, &cfg.max_ports, &cfg.clock_rate_hz, &cfg.frame_ms,
		    &cfg.ptime_ms, &cfg.jitter_ms, &cfg.codecs, &cfg.rtp_port_min, &cfg.rtp_port_max,
		    &cfg.rtp_timeout_ms, &cfg.t1_ms, &cfg.log_level, &cfg.log_messages, &cfg.jitter_min_ms,
		    &cfg.jitter_max_ms, &server_list, &cfg.plain_names, &proxy_list, &cfg.secure_only,
		    &cfg.media_threads, &cfg.disk_limit_ms, &cfg.plain_packets))
		return -1;
	kept_servers = texts_from(server_list, servers, NAMESERVERS_MAX, &cfg.n_nameservers);
	kept_proxies =
		kept_servers ? texts_from(proxy_list, proxies, OFFHOOK_PROXIES_MAX, &cfg.n_proxies) : NULL;
	cfg.nameservers = servers;
	cfg.proxies = proxies;
	if (kept_proxies)
		err = phone_open(self, &cfg, handler);
	Py_XDECREF(kept_servers);
	Py_XDECREF(kept_proxies);
	return err;
}

static int phone_traverse(PyObject *op, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(op));
	Py_VISIT(((struct phone_object *)op)->handler);
	return 0;
}

static int phone_clear(PyObject *op)
{
	Py_CLEAR(((struct phone_object *)op)->handler);
	return 0;
}

static void phone_dealloc(PyObject *op)
{
	struct phone_object *self = (struct phone_object *)op;
	PyTypeObject *type = Py_TYPE(op);
	freefunc tp_free = (freefunc)PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(op);
	phone_clear(op);
	if (self->phone) {
		Py_BEGIN_ALLOW_THREADS offhook_phone_free(self->phone);
		Py_END_ALLOW_THREADS
	}
	traces_free(self->traces);
	log_queue_free(self->log);
	tp_free(op);
	Py_DECREF(type);
}

/* ---- life and events ---- */

static PyObject *phone_close(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"limit_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned limit_ms = 2000;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|I", names, &limit_ms))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_phone_close(self->phone, limit_ms);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

/* Of one object, or (id 0) of all. */
static PyObject *hand_out(struct phone_object *self, offhook_id id, uint64_t command, int timeout_ms)
{
	int n;

	Py_BEGIN_ALLOW_THREADS n = id ? offhook_process_object(self->phone, id, command)
				      : offhook_process(self->phone, timeout_ms);
	Py_END_ALLOW_THREADS if (way_out[0])
	{
		PyErr_Restore(way_out[0], way_out[1], way_out[2]);
		way_out[0] = way_out[1] = way_out[2] = NULL;
		return NULL;
	}
	/* A signal may have ended the wait. */
	if (PyErr_CheckSignals())
		return NULL;
	return n < 0 ? raise_error(n) : PyLong_FromLong(n);
}

static PyObject *phone_process(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"timeout_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	int timeout_ms = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|i", names, &timeout_ms))
		return NULL;
	return hand_out(self, 0, 0, timeout_ms);
}

static PyObject *phone_process_object(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "command", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id, command;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK", names, &id, &command))
		return NULL;
	return hand_out(self, id, command, 0);
}

static PyObject *phone_fileno(PyObject *op, PyObject *unused)
{
	int fd = offhook_events_fd(((struct phone_object *)op)->phone);

	(void)unused;
	return fd < 0 ? raise_error(fd) : PyLong_FromLong(fd);
}

static PyObject *phone_drain_log(PyObject *op, PyObject *unused)
{
	struct phone_object *self = (struct phone_object *)op;

	(void)unused;
	return self->log ? log_queue_drain(self->log) : PyList_New(0);
}

static PyObject *phone_counters(PyObject *op, PyObject *unused)
{
	struct offhook_counters c = {.size = sizeof(c)};
	int err;

	(void)unused;
	Py_BEGIN_ALLOW_THREADS err = offhook_phone_counters(((struct phone_object *)op)->phone, &c);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_counters(&c);
}

/* ---- transports ---- */

static PyObject *transport_add(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"type", "address", "port", "public_address", "dscp", "cert_file", "key_file",
		"ca_file", "verify", "require_client_cert", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_transport_cfg cfg;
	struct offhook_tls_cfg tls;
	int type = OFFHOOK_UDP, err;
	offhook_id id = 0;

	offhook_transport_cfg_init(&cfg);
	offhook_tls_cfg_init(&tls);
	cfg.tls = &tls;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|izHzbzzzpp", names, &type, &cfg.address, &cfg.port,
		    &cfg.public_address, &cfg.dscp, &tls.cert_file, &tls.key_file, &tls.ca_file, &tls.verify,
		    &tls.require_client_cert))
		return NULL;
	cfg.type = (enum offhook_transport_type)type;
	Py_BEGIN_ALLOW_THREADS err = offhook_transport_add(self->phone, &cfg, &id);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

static PyObject *transport_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_transport_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_transport_get_info(self->phone, id, &info);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_transport_info(&info);
}

/* The commands that take an id and nothing else. */
PyObject *with_id(
	PyObject *op, PyObject *args, PyObject *kwargs, int (*command)(struct offhook_phone *, offhook_id))
{
	struct phone_object *self = (struct phone_object *)op;
	static char *names[] = {"id", NULL};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = command(self->phone, id);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyObject *with_flag(PyObject *op, PyObject *args, PyObject *kwargs, char *flag,
	int (*command)(struct offhook_phone *, offhook_id, int))
{
	char *names[] = {"id", flag, NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	int on = 1, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|p", names, &id, &on))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = command(self->phone, id, on);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyObject *with_two_ids(PyObject *op, PyObject *args, PyObject *kwargs, char *names[],
	int (*command)(struct offhook_phone *, offhook_id, offhook_id))
{
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long one, other;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK", names, &one, &other))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = command(self->phone, one, other);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyObject *all_ids(PyObject *op, offhook_id of,
	long (*query)(struct offhook_phone *, offhook_id of, offhook_id *ret_ids, size_t cap))
{
	struct phone_object *self = (struct phone_object *)op;
	size_t cap = 64;

	for (;;) {
		offhook_id *ids = calloc(cap, sizeof(*ids));
		PyObject *list;
		long n;

		if (!ids)
			return PyErr_NoMemory();
		Py_BEGIN_ALLOW_THREADS n = query(self->phone, of, ids, cap);
		Py_END_ALLOW_THREADS if (n >= 0 && (size_t)n > cap)
		{
			free(ids);
			cap = (size_t)n + 64;
			continue;
		}
		list = n < 0 ? raise_error((int)n) : list_from_ids(ids, (size_t)n);
		free(ids);
		return list;
	}
}

static PyObject *transport_remove(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_transport_remove);
}

static PyObject *port_remove(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_port_remove);
}

static PyMethodDef life_methods[] = {
	{"close", KEYWORDS(phone_close),
		"close(limit_ms=2000): ends every call and waits for the peers at most so long."},
	{"process", KEYWORDS(phone_process),
		"process(timeout_ms=0) -> int: hands waiting events to the handler; negative waits without "
		"limit. What a handler raises is printed; KeyboardInterrupt and SystemExit come out of "
		"here."},
	{"process_object", KEYWORDS(phone_process_object),
		"process_object(id, command) -> int: hands out one object's events up to those that the "
		"command caused."},
	{"fileno", phone_fileno, METH_NOARGS,
		"fileno() -> int: a descriptor that is readable while events wait."},
	{"drain_log", phone_drain_log, METH_NOARGS, "drain_log() -> list of (level, module, text)."},
	{"counters", phone_counters, METH_NOARGS, "counters() -> dict: what is alive."},
	{"transport_add", KEYWORDS(transport_add),
		"transport_add(type=1, address=None, port=0, public_address=None, dscp=0, cert_file=None, "
		"key_file=None, "
		"ca_file=None, verify=True, require_client_cert=False) -> id"},
	{"transport_info", KEYWORDS(transport_info), "transport_info(id) -> dict"},
	{"transport_remove", KEYWORDS(transport_remove), "transport_remove(id)"},
	{"port_remove", KEYWORDS(port_remove),
		"port_remove(id): removes a player, recorder or tone; a recording is complete afterwards."},
};

/* All tables of methods in one: built before the type is made. */
#define MAX_METHODS 192
static PyMethodDef all_methods[MAX_METHODS];

void phone_join_methods(void)
{
	PyMethodDef *const others[] = {phone_account_methods, phone_call_methods, phone_bridge_methods,
		phone_audio_methods, phone_file_methods, phone_device_methods, phone_codec_methods,
		phone_presence_methods, phone_quality_methods, phone_tone_methods, phone_mixing_methods,
		phone_trace_methods};
	size_t n = 0;

	for (; n < sizeof(life_methods) / sizeof(life_methods[0]); n++)
		all_methods[n] = life_methods[n];
	for (size_t t = 0; t < sizeof(others) / sizeof(others[0]); t++) {
		for (PyMethodDef *m = others[t]; m->ml_name && n < MAX_METHODS - 1; m++)
			all_methods[n++] = *m;
	}
}

static PyType_Slot slots[] = {
	{Py_tp_doc, "One phone of the C library. Every method may be called from any Python thread."},
	{Py_tp_init, phone_init},
	{Py_tp_new, PyType_GenericNew},
	{Py_tp_dealloc, phone_dealloc},
	{Py_tp_traverse, phone_traverse},
	{Py_tp_clear, phone_clear},
	{Py_tp_methods, all_methods},
	{0, NULL},
};

PyType_Spec phone_spec = {
	.name = "offhook.Phone",
	.basicsize = sizeof(struct phone_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.slots = slots,
};
