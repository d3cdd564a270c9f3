/*
 * The media thread. It sleeps on a semaphore until the next absolute due time, as exact as clock_nanosleep();
 * posting the semaphore ends it at once instead of after a period.
 */
#include "host/uv/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <errno.h>
#include <semaphore.h>
#include <time.h>

#define MAX_BEHIND_DEFAULT 10

struct uv_ticker {
	struct host_ticker base;
	struct host_ticker_cfg cfg;
	pthread_t thread;
	sem_t ended;
};

/* True: told to end. */
static bool sleep_until(struct uv_ticker *t, uint64_t due_ns)
{
	struct timespec due = {.tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S)};

	for (;;) {
		if (sem_clockwait(&t->ended, CLOCK_MONOTONIC, &due) == 0)
			return true;
		if (errno != EINTR)
			return false;
	}
}

static void *run_ticker(void *arg)
{
	struct uv_ticker *t = arg;
	uint64_t due = uv_host_now(t->base.host) + t->cfg.period_ns;

	while (!sleep_until(t, due)) {
		struct host_tick tick = {.now_ns = uv_host_now(t->base.host)};
		uint64_t behind = tick.now_ns > due ? (tick.now_ns - due) / t->cfg.period_ns : 0;

		if (behind > t->cfg.max_behind) {
			tick.skipped = behind < UINT32_MAX ? (uint32_t)behind : UINT32_MAX;
			due += behind * t->cfg.period_ns;
		}
		tick.due_ns = due;
		t->cfg.fn(t->cfg.arg, &tick);
		due += t->cfg.period_ns;
	}
	return NULL;
}

int uv_ticker_new(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker)
{
	struct uv_ticker *t = mem_zalloc(sizeof(*t));
	int err;

	if (!t)
		return OH_ENOMEM;
	t->base.host = h;
	t->cfg = *cfg;
	if (t->cfg.max_behind == 0)
		t->cfg.max_behind = MAX_BEHIND_DEFAULT;
	sem_init(&t->ended, 0, 0);
	err = uv_thread_start(&t->thread, cfg->name, run_ticker, t);
	t->cfg.name = NULL; /* was borrowed */
	if (err) {
		sem_destroy(&t->ended);
		mem_free(t);
		return err;
	}
	*ret_ticker = &t->base;
	return 0;
}

void uv_ticker_free(struct host_ticker *base)
{
	struct uv_ticker *t = (struct uv_ticker *)base;

	sem_post(&t->ended);
	pthread_join(t->thread, NULL);
	sem_destroy(&t->ended);
	mem_free(t);
}
