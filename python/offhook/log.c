/* Log lines come from threads of the library, which must not enter Python: they wait here, at most LIMIT of
 * them. */
#include "ext.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT 10000

struct line {
	struct line *next;
	int level;
	const char *module; /* the library's own text, lives as long as the process */
	char text[];
};

struct log_queue {
	pthread_mutex_t lock;
	struct line *first, **last;
	size_t count, dropped;
};

struct log_queue *log_queue_new(void)
{
	struct log_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	pthread_mutex_init(&q->lock, NULL);
	q->last = &q->first;
	return q;
}

static struct line *take_all(struct log_queue *q, size_t *ret_dropped)
{
	struct line *first;

	pthread_mutex_lock(&q->lock);
	first = q->first;
	*ret_dropped = q->dropped;
	q->first = NULL;
	q->last = &q->first;
	q->count = q->dropped = 0;
	pthread_mutex_unlock(&q->lock);
	return first;
}

static void free_all(struct line *l)
{
	while (l) {
		struct line *next = l->next;

		free(l);
		l = next;
	}
}

void log_queue_free(struct log_queue *q)
{
	size_t dropped;

	if (!q)
		return;
	free_all(take_all(q, &dropped));
	pthread_mutex_destroy(&q->lock);
	free(q);
}

void log_queue_add(void *queue, int level, const char *module, const char *text)
{
	struct log_queue *q = queue;
	size_t n = strlen(text) + 1;
	struct line *l = malloc(sizeof(*l) + n);

	if (l) {
		l->next = NULL;
		l->level = level;
		l->module = module;
		memcpy(l->text, text, n);
	}
	pthread_mutex_lock(&q->lock);
	if (l && q->count < LIMIT) {
		*q->last = l;
		q->last = &l->next;
		q->count++;
		l = NULL;
	} else {
		q->dropped++;
	}
	pthread_mutex_unlock(&q->lock);
	free(l);
}

static int append(PyObject *list, int level, const char *module, PyObject *text)
{
	PyObject *tuple = text ? Py_BuildValue("(isN)", level, module, text) : NULL;
	int err = tuple ? PyList_Append(list, tuple) : -1;

	Py_XDECREF(tuple);
	return err;
}

PyObject *log_queue_drain(struct log_queue *q)
{
	PyObject *list = PyList_New(0);
	size_t dropped;
	struct line *lines;
	int err = list ? 0 : -1;

	if (!list)
		return NULL;
	lines = take_all(q, &dropped);
	for (struct line *l = lines; l && !err; l = l->next)
		err = append(list, l->level, l->module,
			PyUnicode_DecodeUTF8(l->text, (Py_ssize_t)strlen(l->text), "replace"));
	if (!err && dropped)
		err = append(list, OFFHOOK_LOG_WARN, "log",
			PyUnicode_FromFormat("%zu lines were dropped", dropped));
	free_all(lines);
	if (err)
		Py_CLEAR(list);
	return list;
}
