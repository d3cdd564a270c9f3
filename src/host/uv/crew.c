/*
 * Threads that help. Each sleeps on a semaphore of its own until there is work, and the last one to end wakes who waits
 * for them: words and wake-ups, no lock.
 */
#include "host/uv/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <semaphore.h>
#include <stdio.h>

struct helper {
	struct uv_crew *crew;
	unsigned who;
	pthread_t thread;
	sem_t go;
};

struct uv_crew {
	struct host_crew base;
	unsigned n; /* that run */
	void (*fn)(void *arg, unsigned who);
	void *arg;
	bool over;
	_Atomic unsigned left; /* that have not ended their part */
	sem_t done;
	struct helper helpers[];
};

static void wait_for(sem_t *s)
{
	while (sem_wait(s) != 0)
		;
}

static void *run_helper(void *arg)
{
	struct helper *me = arg;
	struct uv_crew *c = me->crew;

	for (;;) {
		wait_for(&me->go);
		if (c->over)
			return NULL;
		c->fn(c->arg, me->who);
		if (atomic_fetch_sub_explicit(&c->left, 1, memory_order_acq_rel) == 1)
			sem_post(&c->done);
	}
}

static int start(struct uv_crew *c, const char *name)
{
	struct helper *h = &c->helpers[c->n];
	char its_name[16];
	int err;

	h->crew = c;
	h->who = c->n + 1;
	sem_init(&h->go, 0, 0);
	snprintf(its_name, sizeof(its_name), "%.12s-%u", name, h->who % 100);
	err = uv_thread_start(&h->thread, its_name, run_helper, h);
	if (err)
		sem_destroy(&h->go);
	else
		c->n++;
	return err;
}

int uv_crew_new(struct host *h, const char *name, unsigned n, struct host_crew **ret_crew)
{
	struct uv_crew *c = mem_zalloc(sizeof(*c) + n * sizeof(c->helpers[0]));
	int err = 0;

	if (!c)
		return OH_ENOMEM;
	c->base.host = h;
	sem_init(&c->done, 0, 0);
	while (c->n < n && !err)
		err = start(c, name);
	if (err) {
		uv_crew_free(&c->base);
		return err;
	}
	*ret_crew = &c->base;
	return 0;
}

void uv_crew_run(struct host_crew *base, unsigned n, void (*fn)(void *arg, unsigned who), void *arg)
{
	struct uv_crew *c = (struct uv_crew *)base;

	if (n > c->n)
		n = c->n;
	c->fn = fn;
	c->arg = arg;
	atomic_store_explicit(&c->left, n, memory_order_relaxed);
	for (unsigned i = 0; i < n; i++)
		sem_post(&c->helpers[i].go);
	fn(arg, 0);
	if (n)
		wait_for(&c->done);
}

void uv_crew_free(struct host_crew *base)
{
	struct uv_crew *c = (struct uv_crew *)base;

	c->over = true;
	for (unsigned i = 0; i < c->n; i++) {
		sem_post(&c->helpers[i].go);
		pthread_join(c->helpers[i].thread, NULL);
		sem_destroy(&c->helpers[i].go);
	}
	sem_destroy(&c->done);
	mem_free(c);
}
