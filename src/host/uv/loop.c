/* The real world on libuv: the loop, its wake-ups, the clocks. */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <time.h>

/* Turns of the loop until every handle is closed; one too few would be our bug, not a reason to hang. */
#define CLOSING_TURNS 16

int uv_err(int status)
{
	return status < 0 ? err_from_errno(-status) : 0;
}

uint64_t uv_read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t uv_host_now(const struct host *h)
{
	(void)h;
	return uv_read_clock(CLOCK_MONOTONIC);
}

static uint64_t uv_host_wall(const struct host *h)
{
	(void)h;
	return uv_read_clock(CLOCK_REALTIME);
}

static void on_wake(uv_async_t *async)
{
	host_run_wake(async->data);
}

static void on_stop(uv_async_t *async)
{
	uv_stop(async->loop);
}

static void on_prepare(uv_prepare_t *prepare)
{
	host_run_idle(prepare->data);
}

static int uv_host_run(struct host *h)
{
	uv_run(&uv_host_of(h)->loop, UV_RUN_DEFAULT);
	/* What the last callbacks changed is put into force as well. */
	host_run_idle(h);
	return 0;
}

static void uv_host_stop(struct host *h)
{
	uv_async_send(&uv_host_of(h)->stop);
}

static void uv_host_wake(struct host *h)
{
	uv_async_send(&uv_host_of(h)->wake);
}

static void uv_host_free(struct host *h)
{
	struct uv_host *u = uv_host_of(h);

	/* First: what they say at their end may wake the loop. */
	(void)uv_services_leave(h, UV_NO_LIMIT);
	uv_sounds_end(u);
	uv_dns_close(u->dns);
	uv_close((uv_handle_t *)&u->wake, NULL);
	uv_close((uv_handle_t *)&u->stop, NULL);
	uv_close((uv_handle_t *)&u->idle, NULL);
	/* Handles give their memory back from inside the loop, some by way of others. */
	for (int turns = 0; uv_loop_close(&u->loop) == UV_EBUSY && turns < CLOSING_TURNS; turns++)
		uv_run(&u->loop, UV_RUN_NOWAIT);
	mem_free(u->read_buf);
	mem_free(u);
}

static const struct host_ops uv_host_ops = {
	.free = uv_host_free,
	.run = uv_host_run,
	.stop = uv_host_stop,
	.wake = uv_host_wake,
	.now = uv_host_now,
	.wall = uv_host_wall,
	.random = uv_host_random,
	.timer_new = uv_timer_make,
	.timer_at = uv_timer_aim,
	.timer_stop = uv_timer_halt,
	.timer_free = uv_timer_drop,
	.dgram_open = uv_dgram_open,
	.dgram_close = uv_dgram_close,
	.dgram_send = uv_dgram_send,
	.dgram_recv = uv_dgram_recv,
	.dgram_watch = uv_dgram_watch,
#ifdef OH_URING
	.lane_new = uv_lane_new,
	.lane_free = uv_lane_free,
	.lane_fetch = uv_lane_fetch,
	.lane_send = uv_lane_send,
	.lane_flush = uv_lane_flush,
#endif
	.route = uv_route,
	.has_address = uv_has_address,
	.network_watch = uv_network_watch,
	.stream_connect = uv_stream_connect,
	.stream_handle = uv_stream_handle,
	.stream_send = uv_stream_send,
	.stream_read = uv_stream_receive,
	.stream_finish = uv_stream_finish,
	.stream_close = uv_stream_close,
	.listener_open = uv_listener_open,
	.listener_close = uv_listener_close,
	.dns_query = uv_dns_query,
	.dns_addrs = uv_dns_addrs,
	.dns_cancel = uv_dns_cancel,
	.dns_servers = uv_dns_servers,
	.crew_new = uv_crew_new,
	.crew_run = uv_crew_run,
	.crew_free = uv_crew_free,
	.ticker_new = uv_ticker_new,
	.ticker_free = uv_ticker_free,
	.service_new = uv_service_new,
	.service_kick = uv_service_kick,
	.service_free = uv_service_free,
	.service_end = uv_service_end,
	.services_leave = uv_services_leave,
	.sound_open = uv_sound_open,
	.sound_close = uv_sound_close,
	.sound_list = uv_sound_list,
	.sound_default = uv_sound_default,
	.sound_present = uv_sound_present,
};

int host_uv_new(struct host **ret_host)
{
	struct uv_host *u = mem_zalloc(sizeof(*u));
	int status;

	if (!u)
		return OH_ENOMEM;
	u->base.ops = &uv_host_ops;
	status = uv_loop_init(&u->loop);
	if (status) {
		mem_free(u);
		return uv_err(status);
	}
	/* These three cannot fail but for the eventfd, which the first of them opens. */
	status = uv_async_init(&u->loop, &u->wake, on_wake);
	if (status) {
		uv_loop_close(&u->loop);
		mem_free(u);
		return uv_err(status);
	}
	uv_async_init(&u->loop, &u->stop, on_stop);
	uv_prepare_init(&u->loop, &u->idle);
	u->wake.data = u->idle.data = u;
	uv_prepare_start(&u->idle, on_prepare);
	*ret_host = &u->base;
	return 0;
}
