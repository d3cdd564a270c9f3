/* The module offhook._offhook: its type, its exception, its functions without a phone. */
#include "ext.h"

#include <stdlib.h>

static PyObject *py_strerror(PyObject *module, PyObject *args)
{
	int err;

	(void)module;
	return PyArg_ParseTuple(args, "i", &err) ? PyUnicode_FromString(offhook_strerror(err)) : NULL;
}

static PyObject *pjsua_code(PyObject *module, PyObject *args)
{
	int err;

	(void)module;
	return PyArg_ParseTuple(args, "i", &err) ? PyLong_FromLong(offhook_err_to_pjsua(err)) : NULL;
}

static PyObject *pjsua_strerror(PyObject *module, PyObject *args)
{
	char buf[256];
	int code;

	(void)module;
	if (!PyArg_ParseTuple(args, "i", &code))
		return NULL;
	return PyUnicode_FromString(offhook_pjsua_strerror(code, buf, sizeof(buf)));
}

static PyObject *uri_check(PyObject *module, PyObject *args)
{
	const char *uri;

	(void)module;
	return PyArg_ParseTuple(args, "s", &uri) ? PyLong_FromLong(offhook_uri_check(uri)) : NULL;
}

static PyObject *last_command(PyObject *module, PyObject *unused)
{
	(void)module;
	(void)unused;
	return PyLong_FromUnsignedLongLong(offhook_last_command());
}

static PyObject *version(PyObject *module, PyObject *unused)
{
	(void)module;
	(void)unused;
	return PyUnicode_FromString(offhook_version());
}

/* NULL with an exception set; None: there is none. */
static PyObject *whole_header(const char *message, size_t n, const char *name, unsigned index)
{
	char few[256], *buf = few;
	long length = offhook_message_header(message, n, name, index, few, sizeof(few));
	PyObject *value;

	if (length < 0)
		Py_RETURN_NONE;
	if ((size_t)length >= sizeof(few)) {
		buf = malloc((size_t)length + 1);
		if (!buf)
			return PyErr_NoMemory();
		(void)offhook_message_header(message, n, name, index, buf, (size_t)length + 1);
	}
	value = PyUnicode_DecodeUTF8(buf, length, "replace");
	if (buf != few)
		free(buf);
	return value;
}

static PyObject *message_header(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {"message", "name", "index", NULL};
	const char *message, *name;
	Py_ssize_t n;
	unsigned index = 0;

	(void)module;
	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y#s|I", names, &message, &n, &name, &index))
		return NULL;
	return whole_header(message, (size_t)n, name, index);
}

static PyObject *message_body(PyObject *module, PyObject *args)
{
	const char *message, *body;
	Py_ssize_t n;
	size_t length = 0;

	(void)module;
	if (!PyArg_ParseTuple(args, "y#", &message, &n))
		return NULL;
	body = offhook_message_body(message, (size_t)n, &length);
	if (!body)
		Py_RETURN_NONE;
	return PyBytes_FromStringAndSize(body, (Py_ssize_t)length);
}

static PyMethodDef functions[] = {
	{"strerror", py_strerror, METH_VARARGS, "strerror(err) -> str: the library's sentence for an error"},
	{"pjsua_code", pjsua_code, METH_VARARGS,
		"pjsua_code(err) -> int: the old module's status code for an error"},
	{"pjsua_strerror", pjsua_strerror, METH_VARARGS,
		"pjsua_strerror(code) -> str, with the symbol in brackets"},
	{"uri_check", uri_check, METH_VARARGS,
		"uri_check(text) -> int: 0 for a URI that can be called, else an error"},
	{"last_command", last_command, METH_NOARGS,
		"last_command() -> int: serial of this thread's last command"},
	{"version", version, METH_NOARGS, "version() -> str"},
	{"message_header", KEYWORDS(message_header), "message_header(message, name, index=0) -> str or None"},
	{"message_body", message_body, METH_VARARGS, "message_body(message) -> bytes or None"},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "offhook._offhook",
	.m_doc = "The C library liboffhook, thinly. Use the modules offhook or pjsua.",
	.m_size = -1,
	.m_methods = functions,
};

PyMODINIT_FUNC PyInit__offhook(void);

PyMODINIT_FUNC PyInit__offhook(void)
{
	PyObject *module = PyModule_Create(&definition);
	PyObject *type;

	if (!module)
		return NULL;
	phone_join_methods();
	type = PyType_FromSpec(&phone_spec);
	if (!type || error_init() || PyModule_AddObjectRef(module, "Phone", type) ||
		PyModule_AddObjectRef(module, "Error", ext_error))
		Py_CLEAR(module);
	Py_XDECREF(type);
	return module;
}
