/* Phone's methods about calls. */
#include "ext.h"

static PyObject *call_make(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"uri", "account", "headers", "user", "codecs", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	struct offhook_call_cfg cfg;
	PyObject *list = NULL, *kept;
	unsigned long long account = 0, user = 0;
	offhook_id call = 0;
	int err;

	offhook_call_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "s|KOKz", names, &cfg.uri, &account, &list, &user, &cfg.codecs))
		return NULL;
	kept = headers_from(list, headers, &cfg.n_headers);
	if (!kept)
		return NULL;
	cfg.headers = headers;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_make(self->phone, account, &cfg, &call);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return err ? raise_error(err) : PyLong_FromUnsignedLongLong(call);
}

static PyObject *call_set_user(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "user", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long call, user;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK", names, &call, &user))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_set_user_data(self->phone, call, (void *)(uintptr_t)user);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *answer_with(PyObject *op, PyObject *args, PyObject *kwargs, unsigned code,
	int (*command)(struct offhook_phone *, offhook_id, const struct offhook_answer *))
{
	static char *names[] = {"call", "code", "reason", "headers", "codecs", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	struct offhook_answer answer;
	PyObject *list = NULL, *kept;
	unsigned long long call;
	int given = (int)code, err; /* "i", because "I" lets too large numbers wrap around */

	offhook_answer_init(&answer);
	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "K|izOz", names, &call, &given, &answer.reason, &list, &answer.codecs))
		return NULL;
	kept = headers_from(list, headers, &answer.n_headers);
	if (!kept)
		return NULL;
	answer.code = (unsigned)given;
	answer.headers = headers;
	Py_BEGIN_ALLOW_THREADS err = command(self->phone, call, &answer);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return none_or_error(err);
}

static PyObject *call_answer(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return answer_with(op, args, kwargs, 200, offhook_call_answer);
}

static PyObject *call_hangup(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return answer_with(op, args, kwargs, 0, offhook_call_hangup);
}

static PyObject *reoffer_with(PyObject *op, PyObject *args, PyObject *kwargs,
	int (*command)(struct offhook_phone *, offhook_id, const struct offhook_header *, size_t))
{
	static char *names[] = {"call", "headers", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	PyObject *list = NULL, *kept;
	unsigned long long call;
	size_t n;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|O", names, &call, &list))
		return NULL;
	kept = headers_from(list, headers, &n);
	if (!kept)
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = command(self->phone, call, headers, n);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return none_or_error(err);
}

static PyObject *call_hold(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return reoffer_with(op, args, kwargs, offhook_call_hold);
}

static PyObject *call_update(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return reoffer_with(op, args, kwargs, offhook_call_update);
}

static PyObject *call_reinvite(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return reoffer_with(op, args, kwargs, offhook_call_reinvite);
}

static PyObject *call_transfer(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "uri", "headers", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	PyObject *list = NULL, *kept;
	unsigned long long call;
	const char *uri;
	size_t n;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ks|O", names, &call, &uri, &list))
		return NULL;
	kept = headers_from(list, headers, &n);
	if (!kept)
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_transfer(self->phone, call, uri, headers, n);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return none_or_error(err);
}

static PyObject *call_transfer_to(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "other", "headers", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	PyObject *list = NULL, *kept;
	unsigned long long call, other;
	size_t n;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KK|O", names, &call, &other, &list))
		return NULL;
	kept = headers_from(list, headers, &n);
	if (!kept)
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_transfer_to(self->phone, call, other, headers, n);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return none_or_error(err);
}

static PyObject *call_transfer_stop(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long call;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_transfer_stop(self->phone, call);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *question_answer(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"ticket", "code", "reason", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long ticket;
	const char *reason = NULL;
	int code, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ki|z", names, &ticket, &code, &reason))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_question_answer(self->phone, ticket, (unsigned)code, reason);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *call_dtmf(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "digits", "duration_ms", "pause_ms", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long call;
	const char *digits;
	unsigned duration_ms = 0, pause_ms = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "Ks|II", names, &call, &digits, &duration_ms, &pause_ms))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_dtmf(self->phone, call, digits, duration_ms, pause_ms);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *message_send(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"account", "uri", "content_type", "body", "headers", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	struct offhook_message message = {.size = sizeof(message)};
	PyObject *list = NULL, *kept;
	const char *body = NULL;
	Py_ssize_t body_n = 0;
	unsigned long long account;
	offhook_id id = 0;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ks|zz#O", names, &account, &message.uri,
		    &message.content_type, &body, &body_n, &list))
		return NULL;
	kept = headers_from(list, headers, &message.n_headers);
	if (!kept)
		return NULL;
	message.headers = headers;
	message.body = body;
	message.body_length = (size_t)body_n;
	Py_BEGIN_ALLOW_THREADS err = offhook_message_send(self->phone, account, &message, &id);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

static PyObject *call_request(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", "method", "headers", "content_type", "body", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_header headers[MAX_HEADERS];
	struct offhook_request request = {.size = sizeof(request)};
	PyObject *list = NULL, *kept;
	const char *body = NULL;
	Py_ssize_t body_n = 0;
	unsigned long long call;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ks|Ozz#", names, &call, &request.method, &list,
		    &request.content_type, &body, &body_n))
		return NULL;
	kept = headers_from(list, headers, &request.n_headers);
	if (!kept)
		return NULL;
	request.headers = headers;
	request.body = body;
	request.body_length = (size_t)body_n;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_request(self->phone, call, &request);
	Py_END_ALLOW_THREADS Py_DECREF(kept);
	return none_or_error(err);
}

static PyObject *call_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_call_info *info = NULL;
	PyObject *dict;
	unsigned long long call;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_get_info(self->phone, call, &info);
	Py_END_ALLOW_THREADS if (err) return raise_error(err);
	dict = dict_from_call_info(info);
	offhook_call_info_free(info);
	return dict;
}

static PyObject *call_stats(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_call_stats stats = {.size = sizeof(stats)};
	unsigned long long call;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_call_get_stats(self->phone, call, &stats);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_call_stats(&stats);
}

static long all_calls(struct offhook_phone *phone, offhook_id of, offhook_id *ret_ids, size_t cap)
{
	(void)of;
	return offhook_calls(phone, ret_ids, cap);
}

static PyObject *calls(PyObject *op, PyObject *unused)
{
	(void)unused;
	return all_ids(op, 0, all_calls);
}

PyMethodDef phone_call_methods[] = {
	{"call_make", KEYWORDS(call_make),
		"call_make(uri, account=0, headers=None, user=0, codecs=None) -> id"},
	{"call_set_user", KEYWORDS(call_set_user), "call_set_user(call, user)"},
	{"call_answer", KEYWORDS(call_answer),
		"call_answer(call, code=200, reason=None, headers=None, codecs=None)"},
	{"call_hangup", KEYWORDS(call_hangup), "call_hangup(call, code=0, reason=None, headers=None)"},
	{"call_hold", KEYWORDS(call_hold), "call_hold(call, headers=None)"},
	{"call_update", KEYWORDS(call_update), "call_update(call, headers=None): an UPDATE with an offer"},
	{"call_reinvite", KEYWORDS(call_reinvite),
		"call_reinvite(call, headers=None): also releases our hold"},
	{"call_transfer", KEYWORDS(call_transfer), "call_transfer(call, uri, headers=None)"},
	{"call_transfer_to", KEYWORDS(call_transfer_to), "call_transfer_to(call, other, headers=None)"},
	{"call_transfer_stop", KEYWORDS(call_transfer_stop), "call_transfer_stop(call)"},
	{"question_answer", KEYWORDS(question_answer), "question_answer(ticket, code, reason=None)"},
	{"call_dtmf", KEYWORDS(call_dtmf), "call_dtmf(call, digits, duration_ms=0, pause_ms=0)"},
	{"message_send", KEYWORDS(message_send),
		"message_send(account, uri, content_type=None, body=None, headers=None) -> id"},
	{"call_request", KEYWORDS(call_request),
		"call_request(call, method, headers=None, content_type=None, body=None)"},
	{"call_info", KEYWORDS(call_info), "call_info(call) -> dict"},
	{"call_stats", KEYWORDS(call_stats), "call_stats(call) -> dict"},
	{"calls", calls, METH_NOARGS, "calls() -> list of ids"},
	{NULL, NULL, 0, NULL},
};
