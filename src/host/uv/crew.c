/*
 * Threads that help. Each sleeps on a semaphore of its own until there is work, and the last one to end wakes who waits
 * for them: words and wake-ups, no lock. They keep off the CPU of who calls them: some kernels wake a thread where its waker
 * runs, and it would wait there until the waker has done his own part.
 */
#include "host/uv/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <sched.h>
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
	cpu_set_t cpus;
	int callers_cpu; /* which they keep off; -1: they were not told yet, or there is no other */
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
	c->callers_cpu = -1;
	sem_init(&c->done, 0, 0);
	while (c->n < n && !err)
		err = start(c, name);
	if (err) {
		uv_crew_free(&c->base);
		return err;
	}
	if (sched_getaffinity(0, sizeof(c->cpus), &c->cpus))
		CPU_ZERO(&c->cpus);
	*ret_crew = &c->base;
	return 0;
}

static void keep_off(struct uv_crew *c, int cpu)
{
	cpu_set_t others = c->cpus;

	if (cpu < 0 || cpu == c->callers_cpu)
		return;
	CPU_CLR((size_t)cpu, &others);
	if (!CPU_COUNT(&others))
		return;
	c->callers_cpu = cpu;
	for (unsigned i = 0; i < c->n; i++)
		pthread_setaffinity_np(c->helpers[i].thread, sizeof(others), &others);
}

void uv_crew_run(struct host_crew *base, unsigned n, void (*fn)(void *arg, unsigned who), void *arg)
{
	struct uv_crew *c = (struct uv_crew *)base;

	if (n > c->n)
		n = c->n;
	keep_off(c, sched_getcpu());
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
