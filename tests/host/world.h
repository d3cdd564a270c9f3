/* The real world for a test: a host whose loop runs in the test until something says stop, at most 10 s. */
#ifndef OH_TESTS_HOST_WORLD_H
#define OH_TESTS_HOST_WORLD_H

#include "net.h"

struct world {
	struct host *host;
	struct host_timer *guard;
	bool too_late;
};

static inline void world_too_late(void *arg)
{
	struct world *w = arg;

	w->too_late = true;
	host_stop(w->host);
}

static inline void world_open(struct world *w)
{
	*w = (struct world){0};
	CHECK_OK(host_uv_new(&w->host));
	CHECK_OK(host_timer_new(w->host, world_too_late, w, &w->guard));
}

/* Until host_stop(). */
static inline void world_run(struct world *w)
{
	host_timer_at(w->guard, host_now(w->host) + 10 * NS_PER_S);
	CHECK_OK(host_run(w->host));
	CHECK(!w->too_late);
}

static inline void world_close(struct world *w)
{
	host_timer_free(w->guard);
	CHECK(nothing_is_open(w->host));
	host_free(w->host);
}

/* libuv keeps a pair of descriptors for the whole process from its first loop on: before they are counted. */
#define TESTS_ON_UV(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = {__VA_ARGS__}; \
		struct host *first; \
		if (host_uv_new(&first)) \
			return 1; \
		host_free(first); \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

#endif
