/* One-shot timers on uv_timer. libuv counts whole milliseconds of the monotonic clock: round up,
 * never early. */
#include "host/uv/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

struct uv_host_timer {
	struct host_timer base;
	uv_timer_t uv;
	void (*fn)(void *arg);
	void *arg;
	bool firing;
};

static struct uv_host_timer *timer_of(struct host_timer *t)
{
	return (struct uv_host_timer *)t;
}

int uv_timer_make(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer)
{
	struct uv_host_timer *t = mem_zalloc(sizeof(*t));

	if (!t)
		return OH_ENOMEM;
	t->base.host = h;
	t->fn = fn;
	t->arg = arg;
	t->uv.data = t;
	uv_timer_init(&uv_host_of(h)->loop, &t->uv);
	*ret_timer = &t->base;
	return 0;
}

static void on_timer(uv_timer_t *uv)
{
	struct uv_host_timer *t = uv->data;

	t->firing = true;
	t->fn(t->arg);
	t->firing = false; /* still there: a closing handle is freed by a later turn of the loop */
}

void uv_timer_aim(struct host_timer *base, uint64_t due_ns)
{
	struct uv_host_timer *t = timer_of(base);
	uint64_t due_ms = due_ns / NS_PER_MS + (due_ns % NS_PER_MS != 0);
	uint64_t now_ms = uv_now(t->uv.loop);
	uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;

	/* Before libuv 1.45 a timer that re-arms itself for "now" keeps the loop from ever polling. */
	if (t->firing && wait_ms == 0)
		wait_ms = 1;
	uv_timer_start(&t->uv, on_timer, wait_ms, 0);
}

void uv_timer_halt(struct host_timer *t)
{
	uv_timer_stop(&timer_of(t)->uv);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void uv_timer_drop(struct host_timer *t)
{
	uv_close((uv_handle_t *)&timer_of(t)->uv, on_closed);
}
