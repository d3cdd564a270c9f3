/* Phone's methods about accounts: who we are, where we are registered. */
#include "ext.h"

struct account_args {
	struct offhook_credential credentials[MAX_CREDENTIALS];
	struct offhook_auth_cfg auth;
	struct offhook_registration_cfg registration;
	struct offhook_presence_cfg presence;
	struct offhook_account_cfg cfg;
	const char *proxies[OFFHOOK_PROXIES_MAX], *servers[OFFHOOK_PROXIES_MAX];
	PyObject *kept[3]; /* whose the texts are, with the arguments */
};

static void give_back(struct account_args *a)
{
	for (size_t i = 0; i < sizeof(a->kept) / sizeof(a->kept[0]); i++)
		Py_CLEAR(a->kept[i]);
}

/* The settings of an account, until give_back(). -1 with an exception set. */
static int account_args_from(struct account_args *a, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"uri", "transport", "contact", "priority", "make_default", "user",
		"credentials", "initial_send", "registrar", "expires_s", "contact_rewrite", "keepalive_s",
		"keepalive_data", "wait_max_s", "proxies", "servers", "secure_only", "publish", "mwi",
		"watchers", "instance_id", "reg_id", "use_gruu", "codecs", NULL};
	struct offhook_registration_cfg *r = &a->registration;
	PyObject *list = NULL, *proxies = NULL, *servers = NULL;
	unsigned long long transport = 0, user = 0;
	int watchers = 0;

	offhook_account_cfg_init(&a->cfg);
	offhook_auth_cfg_init(&a->auth);
	offhook_registration_cfg_init(r);
	offhook_presence_cfg_init(&a->presence);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|zKzipKOpzIpIzIOOpppizIpz", names, &a->cfg.uri,
		    &transport, &a->cfg.contact, &a->cfg.priority, &a->cfg.make_default, &user, &list,
		    &a->auth.initial_send, &r->registrar, &r->expires_s, &r->contact_rewrite, &r->keepalive_s,
		    &r->keepalive_data, &r->wait_max_s, &proxies, &servers, &a->cfg.secure_only,
		    &a->presence.publish, &a->presence.mwi, &watchers, &r->instance_id, &r->reg_id,
		    &r->use_gruu, &a->cfg.codecs))
		return -1;
	a->kept[0] = credentials_from(list, a->credentials, &a->auth.n_credentials);
	if (a->kept[0])
		a->kept[1] = texts_from(proxies, a->proxies, OFFHOOK_PROXIES_MAX, &a->cfg.n_proxies);
	if (a->kept[1])
		a->kept[2] = texts_from(servers, a->servers, OFFHOOK_PROXIES_MAX, &a->cfg.n_servers);
	if (!a->kept[2]) {
		give_back(a);
		return -1;
	}
	a->cfg.proxies = a->proxies;
	a->cfg.servers = a->servers;
	a->auth.credentials = a->credentials;
	a->cfg.auth = a->auth.n_credentials ? &a->auth : NULL;
	a->cfg.registration = r->registrar ? r : NULL;
	a->presence.watchers = (enum offhook_watchers)watchers;
	a->cfg.presence = &a->presence;
	a->cfg.transport = transport;
	a->cfg.user_data = (void *)(uintptr_t)user;
	return 0;
}

static PyObject *account_add(PyObject *op, PyObject *args, PyObject *kwargs)
{
	struct phone_object *self = (struct phone_object *)op;
	struct account_args a = {.kept = {NULL}};
	offhook_id id = 0;
	int err;

	if (account_args_from(&a, args, kwargs))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_account_add(self->phone, &a.cfg, &id);
	Py_END_ALLOW_THREADS give_back(&a);
	return err ? raise_error(err) : PyLong_FromUnsignedLongLong(id);
}

static PyObject *account_modify(PyObject *op, PyObject *args, PyObject *kwargs)
{
	struct phone_object *self = (struct phone_object *)op;
	struct account_args a = {.kept = {NULL}};
	PyObject *first = PyTuple_GetSlice(args, 0, 1), *rest = PyTuple_GetSlice(args, 1, PyTuple_Size(args));
	unsigned long long id;
	bool ok = first && rest && PyArg_ParseTuple(first, "K", &id) && !account_args_from(&a, rest, kwargs);
	int err;

	Py_XDECREF(first);
	Py_XDECREF(rest);
	if (!ok)
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_account_modify(self->phone, id, &a.cfg);
	Py_END_ALLOW_THREADS give_back(&a);
	return none_or_error(err);
}

static PyObject *account_info(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_account_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_account_get_info(self->phone, id, &info);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_account_info(&info);
}

static PyObject *account_remove(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_account_remove);
}

static PyObject *account_set_default(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_id(op, args, kwargs, offhook_account_set_default);
}

static PyObject *account_set_transport(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "transport", NULL};

	return with_two_ids(op, args, kwargs, names, offhook_account_set_transport);
}

static PyObject *account_register(PyObject *op, PyObject *args, PyObject *kwargs)
{
	return with_flag(op, args, kwargs, "on", offhook_account_register);
}

static PyObject *account_registration(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_registration_info info = {.size = sizeof(info)};
	unsigned long long id;
	int err;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &id))
		return NULL;
	Py_BEGIN_ALLOW_THREADS err = offhook_account_get_registration(self->phone, id, &info);
	Py_END_ALLOW_THREADS return err ? raise_error(err) : dict_from_registration(&info);
}

static PyObject *account_set_session(PyObject *op, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"id", "reliable", "timer", "session_expires_s", "min_se_s", "options_s",
		"redirect", "dtmf", "join", "dtmf_hear", NULL};
	struct phone_object *self = (struct phone_object *)op;
	struct offhook_session_cfg cfg;
	unsigned reliable = 0, timer = 0, redirect = 0, dtmf = 0, dtmf_hear = 0;
	unsigned long long id;
	int err;

	offhook_session_cfg_init(&cfg);
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K|IIIIIIIpI", names, &id, &reliable, &timer,
		    &cfg.session_expires_s, &cfg.min_se_s, &cfg.options_s, &redirect, &dtmf, &cfg.join,
		    &dtmf_hear))
		return NULL;
	cfg.reliable = (enum offhook_reliable)reliable;
	cfg.timer = (enum offhook_session_timer)timer;
	cfg.redirect = (enum offhook_redirect)redirect;
	cfg.dtmf = (enum offhook_dtmf)dtmf;
	cfg.dtmf_hear = (enum offhook_dtmf_hear)dtmf_hear;
	Py_BEGIN_ALLOW_THREADS err = offhook_account_set_session(self->phone, id, &cfg);
	Py_END_ALLOW_THREADS return none_or_error(err);
}

PyMethodDef phone_account_methods[] = {
	{"account_add", KEYWORDS(account_add),
		"account_add(uri=None, transport=0, contact=None, priority=0, make_default=False, user=0, "
		"credentials=None, initial_send=False, registrar=None, expires_s=300, contact_rewrite=True, "
		"keepalive_s=15, keepalive_data='\\r\\n', wait_max_s=60, proxies=None, servers=None, "
		"secure_only=False, publish=False, mwi=False, watchers=0, instance_id=None, reg_id=0, "
		"use_gruu=False, codecs=None) -> id"},
	{"account_modify", KEYWORDS(account_modify),
		"account_modify(id, ...): all settings anew, as account_add takes them"},
	{"account_set_session", KEYWORDS(account_set_session),
		"account_set_session(id, reliable=0, timer=0, session_expires_s=0, min_se_s=0, options_s=0, "
		"redirect=0, dtmf=0, join=False, dtmf_hear=0): as struct offhook_session_cfg"},
	{"account_info", KEYWORDS(account_info), "account_info(id) -> dict"},
	{"account_remove", KEYWORDS(account_remove), "account_remove(id)"},
	{"account_set_default", KEYWORDS(account_set_default), "account_set_default(id)"},
	{"account_set_transport", KEYWORDS(account_set_transport), "account_set_transport(id)"},
	{"account_register", KEYWORDS(account_register),
		"account_register(id, on=True): registers or refreshes now, or unregisters"},
	{"account_registration", KEYWORDS(account_registration), "account_registration(id) -> dict"},
	{NULL, NULL, 0, NULL},
};
