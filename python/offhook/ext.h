/*
 * The extension module offhook._offhook: thin. It turns Python values into the arguments of the C API and
 * events into dicts; everything shaped for people is Python above it. Limited API of 3.11: one module for
 * every later Python.
 *
 * No Python code runs on a thread of the library: events are pulled by whichever Python thread calls
 * process(), log lines are queued and drained. Every call into the library lets other Python threads run
 * meanwhile.
 */
#ifndef OFFHOOK_PYTHON_EXT_H
#define OFFHOOK_PYTHON_EXT_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "offhook/offhook.h"

#include <pthread.h>
#include <stdbool.h>

struct log_queue;
struct trace;

struct phone_object {
	PyObject ob_base;
	struct offhook_phone *phone;
	PyObject *handler; /* called with one dict an event, or NULL */
	struct log_queue *log;
	struct trace *traces; /* running ones; the interpreter's lock guards the list */
};

/* ---- error.c ---- */

/* Makes the class. -1 with an exception set. */
int error_init(void);
/* Raises offhook.Error(code, symbol, sentence, detail) and returns NULL. The detail is peer text at times: what is no UTF-8 is replaced. */
PyObject *raise_error(int err);
/* None for 0, else as raise_error(). */
PyObject *none_or_error(int err);
/* The exception class; owned by the module. */
extern PyObject *ext_error;

/* ---- convert.c ---- */

#define MAX_HEADERS     64
#define MAX_CREDENTIALS 64

/* [(name, value), ...] or None. The texts belong to what is returned, until it is given back; NULL with an exception set. */
PyObject *headers_from(PyObject *source, struct offhook_header *ret_headers, size_t *ret_n);
/* The same for a list of (realm, user, password, ha1), each a str or None; room for MAX_CREDENTIALS. */
PyObject *credentials_from(PyObject *source, struct offhook_credential *ret_credentials, size_t *ret_n);
/* The same for a list of at most max str. */
PyObject *texts_from(PyObject *source, const char **ret_texts, size_t max, size_t *ret_n);

/* Text from the network or the system: bytes that are no UTF-8 must not raise. */
PyObject *str_from(const char *text);
PyObject *dict_from_call_info(const struct offhook_call_info *info);
PyObject *dict_from_call_stats(const struct offhook_call_stats *s);
PyObject *dict_from_event(const struct offhook_event *e);
PyObject *dict_from_slot_info(const struct offhook_slot_info *info);
PyObject *dict_from_account_info(const struct offhook_account_info *info);
PyObject *dict_from_registration(const struct offhook_registration_info *info);
PyObject *dict_from_buddy_info(const struct offhook_buddy_info *info);
PyObject *dict_from_audio_info(const struct offhook_audio_info *info);
PyObject *dict_from_trace_message(const struct offhook_trace_message *m);
PyObject *dict_from_transport_info(const struct offhook_transport_info *info);
PyObject *dict_from_counters(const struct offhook_counters *c);
PyObject *list_from_ids(const offhook_id *ids, size_t n);

/* ---- log.c: lines wait here until Python drains them ---- */

struct log_queue *log_queue_new(void);
void log_queue_free(struct log_queue *q);
void log_queue_add(void *queue, int level, const char *module, const char *text); /* an offhook_log_fn */
/* [(level, module, text), ...]; when lines were dropped the last one says how many. */
PyObject *log_queue_drain(struct log_queue *q);

/* ---- phone_trace.c: messages wait here likewise ---- */

/* All that are left, after the phone is freed. */
void traces_free(struct trace *traces);

/* ---- phone.c, phone_*.c ---- */

extern PyType_Spec phone_spec;
extern PyMethodDef phone_account_methods[], phone_call_methods[], phone_bridge_methods[],
	phone_audio_methods[], phone_file_methods[], phone_device_methods[], phone_codec_methods[],
	phone_presence_methods[], phone_quality_methods[], phone_tone_methods[], phone_mixing_methods[],
	phone_trace_methods[];
/* The row of a method that takes keywords. */
#define KEYWORDS(fn) (PyCFunction)(void (*)(void)) fn, METH_VARARGS | METH_KEYWORDS

/* A command that takes an id, or two, and nothing else. */
PyObject *with_id(
	PyObject *op, PyObject *args, PyObject *kwargs, int (*command)(struct offhook_phone *, offhook_id));
PyObject *with_two_ids(PyObject *op, PyObject *args, PyObject *kwargs, char *names[],
	int (*command)(struct offhook_phone *, offhook_id, offhook_id));
/* One that takes an id and whether, True unless it is said, by that name. */
PyObject *with_flag(PyObject *op, PyObject *args, PyObject *kwargs, char *flag,
	int (*command)(struct offhook_phone *, offhook_id, int));
/* A list of all the ids that `query` knows of this one. */
PyObject *all_ids(PyObject *op, offhook_id of,
	long (*query)(struct offhook_phone *, offhook_id of, offhook_id *ret_ids, size_t cap));
/* Joins the tables of methods; once, before the type is made from phone_spec. */
void phone_join_methods(void);

#endif
