/* The exception offhook.Error: args (code, symbol, sentence, detail), each by name too, and a sentence as its text. */
#include "ext.h"

#include <stdint.h>

PyObject *ext_error;

static PyObject *part(PyObject *error, void *index)
{
	PyObject *args = PyObject_GetAttrString(error, "args"), *item;

	if (!args)
		return NULL;
	item = PySequence_GetItem(args, (Py_ssize_t)(intptr_t)index);
	Py_DECREF(args);
	return item;
}

static PyGetSetDef parts[] = {
	{"code", part, NULL, "int: an ErrorCode", (void *)0},
	{"symbol", part, NULL, "str: its name, such as \"OH_EENDED\"", (void *)1},
	{"sentence", part, NULL, "str: what it means", (void *)2},
	{"detail", part, NULL, "str: what exactly was wrong, and what would be right; or empty", (void *)3},
};

static PyObject *text(PyObject *error, PyObject *unused)
{
	PyObject *args = PyObject_GetAttrString(error, "args"), *symbol, *sentence, *detail, *result;
	int code;

	(void)unused;
	if (!args)
		return NULL;
	if (!PyArg_ParseTuple(args, "iUUU", &code, &symbol, &sentence, &detail)) {
		PyErr_Clear(); /* one that somebody else made */
		result = PyObject_Str(args);
	} else {
		result = PyUnicode_GetLength(detail) > 0
				 ? PyUnicode_FromFormat("%U: %U (%U)", sentence, detail, symbol)
				 : PyUnicode_FromFormat("%U (%U)", sentence, symbol);
	}
	Py_DECREF(args);
	return result;
}

static PyMethodDef text_method = {"__str__", text, METH_NOARGS, NULL};

/* Takes the descriptor. */
static int put(const char *name, PyObject *descriptor)
{
	int err = descriptor ? PyObject_SetAttrString(ext_error, name, descriptor) : -1;

	Py_XDECREF(descriptor);
	return err;
}

int error_init(void)
{
	PyTypeObject *type;
	int err;

	ext_error = PyErr_NewExceptionWithDoc(
		"offhook.Error", "args: (code, symbol, sentence, detail), each by name too", NULL, NULL);
	if (!ext_error)
		return -1;
	type = (PyTypeObject *)ext_error;
	err = put("__str__", PyDescr_NewMethod(type, &text_method));
	for (size_t i = 0; !err && i < sizeof(parts) / sizeof(parts[0]); i++)
		err = put(parts[i].name, PyDescr_NewGetSet(type, &parts[i]));
	return err;
}

PyObject *raise_error(int err)
{
	PyObject *args = Py_BuildValue(
		"(issN)", err, offhook_errname(err), offhook_strerror(err), str_from(offhook_error_detail()));

	if (args) {
		PyErr_SetObject(ext_error, args);
		Py_DECREF(args);
	}
	return NULL;
}

PyObject *none_or_error(int err)
{
	if (err < 0)
		return raise_error(err);
	Py_RETURN_NONE;
}
