#include "phone/closing.h"

#include "base/mem.h"
#include "phone/phone_impl.h"

struct closing {
	/* Signalling. */
	struct list node; /* closings.all */
	struct offhook_phone *phone;
	const char *what;
	char *path;
	struct command *waiter;
	uint64_t due_ns; /* it waits so long */

	pthread_mutex_t lock; /* of what follows */
	struct host *host;    /* to be woken; NULL: signalling has let go */
	bool complete;
	int err; /* then */
};

struct closing *closing_new(struct offhook_phone *p, const char *what, const char *path)
{
	struct closing *c = mem_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->path = mem_strdup(path);
	if (!c->path) {
		mem_free(c);
		return NULL;
	}
	c->phone = p;
	c->what = what;
	c->host = p->host;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

struct closing *closing_free(struct closing *c)
{
	if (c) {
		pthread_mutex_destroy(&c->lock);
		mem_free(c->path);
		mem_free(c);
	}
	return NULL;
}

/* ---- the disk thread ---- */

void closing_done(void *arg, int err)
{
	struct closing *c = arg;
	bool alone;

	pthread_mutex_lock(&c->lock);
	c->complete = true;
	c->err = err;
	alone = !c->host;
	/* Under the lock: afterwards the host may be gone. */
	if (c->host)
		host_wake(c->host);
	pthread_mutex_unlock(&c->lock);
	if (alone)
		closing_free(c);
}

/* ---- signalling ---- */

void closing_begin(struct closing *c)
{
	list_append(&c->phone->closings.all, &c->node);
}

static bool is_complete(struct closing *c)
{
	bool complete;

	pthread_mutex_lock(&c->lock);
	complete = c->complete;
	pthread_mutex_unlock(&c->lock);
	return complete;
}

static int result(const struct closing *c)
{
	return c->err ? err_detail(c->err, "the %s '%s' is not complete", c->what, c->path) : 0;
}

/* All wait equally long: the first one is the earliest. */
static void aim(struct offhook_phone *p)
{
	LIST_FOREACH (it, &p->closings.all) {
		const struct closing *c = CONTAINER_OF(it, struct closing, node);

		if (c->waiter) {
			host_timer_at(p->closings.limit, c->due_ns);
			return;
		}
	}
	host_timer_stop(p->closings.limit);
}

static void limit_passed(void *arg)
{
	struct offhook_phone *p = arg;

	LIST_FOREACH (it, &p->closings.all) {
		struct closing *c = CONTAINER_OF(it, struct closing, node);
		struct command *waiter = c->waiter;

		if (!waiter || c->due_ns > host_now(p->host))
			continue;
		c->waiter = NULL;
		host_log(p->host, LOG_WARN, "disk", "no answer for %u ms: the %s '%s' is not complete yet",
			p->cfg.disk_limit_ms, c->what, c->path);
		command_finish(
			waiter, err_detail(OH_ETIMEDOUT,
					"the disk does not answer: the %s '%s' is completed when it does",
					c->what, c->path));
	}
	aim(p);
}

int closing_wait(struct closing *c)
{
	struct offhook_phone *p = c->phone;

	if (is_complete(c))
		return result(c);
	c->waiter = command_defer(p);
	c->due_ns = host_now(p->host) + p->cfg.disk_limit_ms * NS_PER_MS;
	aim(p);
	return 0;
}

int closings_init(struct offhook_phone *p)
{
	list_init(&p->closings.all);
	return host_timer_new(p->host, limit_passed, p, &p->closings.limit);
}

void closings_check(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->closings.all) {
		struct closing *c = CONTAINER_OF(it, struct closing, node);

		if (!is_complete(c))
			continue;
		list_remove(&c->node);
		if (c->waiter)
			command_finish(c->waiter, result(c));
		closing_free(c);
		aim(p);
	}
}

void closings_leave(struct offhook_phone *p)
{
	p->closings.limit = host_timer_free(p->closings.limit);
	if (!p->closings.all.next)
		return;
	LIST_FOREACH_SAFE (it, &p->closings.all) {
		struct closing *c = CONTAINER_OF(it, struct closing, node);
		bool complete = is_complete(c);

		list_remove(&c->node);
		/* Here, because it is the disk's when signalling has let go. */
		if (!complete)
			host_log(p->host, LOG_WARN, "disk", "the phone goes: the %s '%s' is not complete",
				c->what, c->path);
		pthread_mutex_lock(&c->lock);
		complete = c->complete;
		c->host = NULL;
		pthread_mutex_unlock(&c->lock);
		if (complete)
			closing_free(c);
	}
}
