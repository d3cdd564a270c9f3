/* Phone's methods about presence: buddies, watchers, what others are told of us, who is typing. */
#include "ext.h"

static PyObject *buddy_add(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"account", "uri", "kind", "subscribe", "user", "expires_s", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_buddy_cfg cfg;
	unsigned long long account, user = 0;
	offhook_id id = 0;
	int kind = 0, err;

	offhook_buddy_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ks|ipKI", names, &account, &cfg.uri, &kind,
		    &cfg.subscribe, &user, &cfg.expires_s))
		return NULL;
	cfg.kind = (enum offhook_buddy_kind)kind;
	cfg.user_data = (void *)(uintptr_t)user;
	Py_BEGIN_ALLOW_THREADS err = offhook_buddy_add(self->phone, account, &cfg, &id);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

static PyObject *buddy_remove(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_buddy_remove);
}

static PyObject *buddy_subscribe(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_flag(op, args, kwargs, "on", offhook_buddy_subscribe);
}

static PyObject *buddy_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_buddy_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_buddy_get_info(self->phone, id, &info);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_buddy_info(&info);
}

static PyObject *watcher_set(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "state", "reason", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long id;
	const char *reason = NULL;
	int state, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Ki|z", names, &id, &state, &reason))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err =
		offhook_watcher_set(self->phone, id, (enum offhook_subscription)state, reason);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *account_set_presence(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"account", "online", "activity", "note", "id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_presence p = {.size = sizeof(p)};
	unsigned long long account;
	int activity = 0, err;

	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "Kp|izz", names, &account, &p.online, &activity, &p.note, &p.id))
		return NULL;
	p.activity = (enum offhook_activity)activity;
	Py_BEGIN_ALLOW_THREADS err = offhook_account_set_presence(self->phone, account, &p);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

static PyObject *message_typing(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"account", "uri", "active", "call", NULL};
	struct phone_object *self = (struct phone_object *)op;
	unsigned long long account, call = 0;
	const char *uri = NULL;
	int active = 1, err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Kz|pK", names, &account, &uri, &active, &call))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_message_typing(self->phone, account, uri, call, active);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyMethodDef phone_presence_methods[] = {
	{"buddy_add", KEYWORDS(buddy_add),
		"buddy_add(account, uri, kind=0, subscribe=False, user=0, expires_s=3600) -> id"},
	{"buddy_remove", KEYWORDS(buddy_remove), "buddy_remove(id)"},
	{"buddy_subscribe", KEYWORDS(buddy_subscribe), "buddy_subscribe(id, on=True)"},
	{"buddy_info", KEYWORDS(buddy_info), "buddy_info(id) -> dict"},
	{"watcher_set", KEYWORDS(watcher_set), "watcher_set(id, state, reason=None)"},
	{"account_set_presence", KEYWORDS(account_set_presence),
		"account_set_presence(account, online, activity=0, note=None, id=None)"},
	{"message_typing", KEYWORDS(message_typing), "message_typing(account, uri, active=True, call=0)"},
	{NULL, NULL, 0, NULL},
};
