/* The functions of host.h: each asks its world. What is the same in both worlds is done here. */
#include "host/impl.h"

#include "base/mem.h"
#include "offhook/error.h"

#include <stdio.h>

#define LOG_LINE_MAX 1000

struct host *host_free(struct host *h)
{
	if (h)
		h->ops->free(h);
	return NULL;
}

int host_run(struct host *h)
{
	return h->ops->run(h);
}

void host_stop(struct host *h)
{
	h->ops->stop(h);
}

bool host_is_sim(const struct host *h)
{
	return h->ops->sim;
}

void host_wake(struct host *h)
{
	h->ops->wake(h);
}

void host_on_wake(struct host *h, void (*fn)(void *arg), void *arg)
{
	h->wake_fn = fn;
	h->wake_arg = arg;
}

void host_on_idle(struct host *h, void (*fn)(void *arg), void *arg)
{
	h->idle_fn = fn;
	h->idle_arg = arg;
}

int host_on_network(struct host *h, void (*fn)(void *arg, unsigned changes), void *arg)
{
	int err = 0;

	if ((fn != NULL) != (h->network_fn != NULL))
		err = h->ops->network_watch(h, fn != NULL);
	if (err)
		return err;
	h->network_fn = fn;
	h->network_arg = arg;
	return 0;
}

bool host_has_address(struct host *h, const struct netaddr *ip)
{
	return h->ops->has_address(h, ip);
}

/* ---- time and chance ---- */

uint64_t host_now(const struct host *h)
{
	return h->ops->now(h);
}

uint64_t host_wall(const struct host *h)
{
	return h->ops->wall(h);
}

void host_random(struct host *h, void *buf, size_t n)
{
	h->ops->random(h, buf, n);
}

uint32_t host_random_u32(struct host *h)
{
	uint32_t value;

	host_random(h, &value, sizeof(value));
	return value;
}

uint32_t host_random_below(struct host *h, uint32_t bound)
{
	/* The numbers below 2^32 mod bound are one too many for an even share: draw again. */
	uint32_t uneven = bound ? (uint32_t)-bound % bound : 0;
	uint32_t value;

	if (bound == 0)
		return 0;
	do {
		value = host_random_u32(h);
	} while (value < uneven);
	return value % bound;
}

int host_timer_new(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer)
{
	int err = h->ops->timer_new(h, fn, arg, ret_timer);

	if (!err)
		h->counters.timers++;
	return err;
}

void host_timer_at(struct host_timer *t, uint64_t due_ns)
{
	t->host->ops->timer_at(t, due_ns);
}

void host_timer_stop(struct host_timer *t)
{
	t->host->ops->timer_stop(t);
}

struct host_timer *host_timer_free(struct host_timer *t)
{
	if (t) {
		t->host->counters.timers--;
		t->host->ops->timer_free(t);
	}
	return NULL;
}

/* ---- datagrams ---- */

int host_dgram_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram)
{
	int err;

	if ((cfg->local.family != NETADDR_IP4 && cfg->local.family != NETADDR_IP6) || cfg->dscp > 63)
		return OH_EINVAL;
	err = h->ops->dgram_open(h, cfg, ret_dgram);
	if (!err)
		h->counters.dgrams++;
	return err;
}

struct host_dgram *host_dgram_close(struct host_dgram *d)
{
	if (d) {
		d->host->counters.dgrams--;
		d->host->ops->dgram_close(d);
	}
	return NULL;
}

struct netaddr host_dgram_local(const struct host_dgram *d)
{
	return d->local;
}

int host_dgram_send(struct host_dgram *d, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n)
{
	return d->host->ops->dgram_send(d, to, from, data, n);
}

int host_dgram_recv(struct host_dgram *d, void *buf, size_t cap, struct host_rx *ret_rx)
{
	return d->host->ops->dgram_recv(d, buf, cap, ret_rx);
}

int host_dgram_watch(struct host_dgram *d, const struct host_dgram_handler *handler)
{
	if (handler && !handler->readable)
		return OH_EINVAL;
	return d->host->ops->dgram_watch(d, handler);
}

struct host_lane *host_lane_new(struct host *h)
{
	struct host_lane *l;
	int err = h->ops->lane_new ? h->ops->lane_new(h, &l) : OH_ENOTSUP;

	if (err) {
		host_log(h, LOG_DEBUG, "host", "packets go one by one: %s", offhook_strerror(err));
		return NULL;
	}
	h->counters.lanes++;
	return l;
}

struct host_lane *host_lane_free(struct host_lane *l)
{
	if (l) {
		l->host->counters.lanes--;
		l->host->ops->lane_free(l);
	}
	return NULL;
}

void host_lane_fetch(struct host_lane *l, struct host_dgram *const *dgrams, size_t n)
{
	if (l)
		l->host->ops->lane_fetch(l, dgrams, n);
}

int host_lane_send(struct host_lane *l, struct host_dgram *d, const struct netaddr *to,
	const struct netaddr *from, const void *data, size_t n)
{
	return l ? l->host->ops->lane_send(l, d, to, from, data, n) : host_dgram_send(d, to, from, data, n);
}

void host_lane_flush(struct host_lane *l)
{
	if (l)
		l->host->ops->lane_flush(l);
}

struct host_failure host_dgram_failure(struct host_dgram *d)
{
	struct host_failure f = d->failure;

	if (f.err)
		d->failure = (struct host_failure){0};
	return f;
}

int host_route(struct host *h, const struct netaddr *to, struct netaddr *ret_local)
{
	return h->ops->route(h, to, ret_local);
}

/* ---- byte streams ---- */

int host_stream_connect(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
	const struct host_stream_handler *handler, struct host_stream **ret_stream)
{
	int err;

	if ((to->family != NETADDR_IP4 && to->family != NETADDR_IP6) || netaddr_is_any(to) || !to->port ||
		(cfg->local.family && cfg->local.family != to->family) || cfg->dscp > 63)
		return OH_EINVAL;
	err = h->ops->stream_connect(h, to, cfg, handler, ret_stream);
	if (!err)
		h->counters.streams++;
	return err;
}

void host_stream_handle(struct host_stream *s, const struct host_stream_handler *handler)
{
	s->host->ops->stream_handle(s, handler);
}

int host_stream_send(struct host_stream *s, const void *data, size_t n)
{
	if (s->state == STREAM_FINISHED || s->state == STREAM_FAILED)
		return OH_ESTATE;
	if (n > s->send_max)
		return OH_ETOOBIG;
	if (n > s->send_max - s->waiting)
		return OH_EAGAIN;
	return n ? s->host->ops->stream_send(s, data, n) : 0;
}

size_t host_stream_waiting(const struct host_stream *s)
{
	return s->waiting;
}

void host_stream_read(struct host_stream *s, bool on)
{
	if (s->state != STREAM_FAILED)
		s->host->ops->stream_read(s, on);
}

void host_stream_finish(struct host_stream *s)
{
	if (s->state == STREAM_OPEN)
		s->host->ops->stream_finish(s);
}

static void stream_end(struct host_stream *s, bool reset)
{
	s->host->counters.streams--;
	s->host->ops->stream_close(s, reset);
}

struct host_stream *host_stream_close(struct host_stream *s)
{
	if (s)
		stream_end(s, false);
	return NULL;
}

struct host_stream *host_stream_reset(struct host_stream *s)
{
	if (s)
		stream_end(s, true);
	return NULL;
}

struct netaddr host_stream_local(const struct host_stream *s)
{
	return s->local;
}

struct netaddr host_stream_peer(const struct host_stream *s)
{
	return s->peer;
}

int host_listener_open(struct host *h, const struct host_stream_cfg *cfg,
	const struct host_listener_handler *handler, struct host_listener **ret_listener)
{
	int err;

	if ((cfg->local.family != NETADDR_IP4 && cfg->local.family != NETADDR_IP6) || cfg->dscp > 63 ||
		!handler->accepted)
		return OH_EINVAL;
	err = h->ops->listener_open(h, cfg, handler, ret_listener);
	if (!err)
		h->counters.listeners++;
	return err;
}

struct host_listener *host_listener_close(struct host_listener *l)
{
	if (l) {
		l->host->counters.listeners--;
		l->host->ops->listener_close(l);
	}
	return NULL;
}

struct netaddr host_listener_local(const struct host_listener *l)
{
	return l->local;
}

/* ---- names ---- */

int host_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query)
{
	int err = h->ops->dns_query(h, name, type, fn, arg, ret_query);

	if (!err)
		h->counters.queries++;
	return err;
}

int host_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query)
{
	int err;

	if (family != 0 && family != NETADDR_IP4 && family != NETADDR_IP6)
		return OH_EINVAL;
	err = h->ops->dns_addrs(h, name, family, fn, arg, ret_query);
	if (!err)
		h->counters.queries++;
	return err;
}

void host_dns_cancel(struct host_dns *q)
{
	if (!q)
		return;
	q->host->counters.queries--;
	q->host->ops->dns_cancel(q);
}

int host_dns_servers(struct host *h, const struct netaddr *servers, size_t n)
{
	return h->ops->dns_servers(h, servers, n);
}

/* ---- other threads ---- */

int host_ticker_new(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker)
{
	int err;

	if (cfg->period_ns == 0 || !cfg->fn)
		return OH_EINVAL;
	err = h->ops->ticker_new(h, cfg, ret_ticker);
	if (!err)
		h->counters.tickers++;
	return err;
}

int host_crew_new(struct host *h, const char *name, unsigned n_helpers, struct host_crew **ret_crew)
{
	int err = h->ops->crew_new(h, name, n_helpers, ret_crew);

	if (!err)
		h->counters.crews++;
	return err;
}

void host_crew_run(struct host_crew *c, unsigned n, void (*fn)(void *arg, unsigned who), void *arg)
{
	c->host->ops->crew_run(c, n, fn, arg);
}

struct host_crew *host_crew_free(struct host_crew *c)
{
	if (c) {
		c->host->counters.crews--;
		c->host->ops->crew_free(c);
	}
	return NULL;
}

struct host_ticker *host_ticker_free(struct host_ticker *t)
{
	if (t) {
		t->host->counters.tickers--;
		t->host->ops->ticker_free(t);
	}
	return NULL;
}

int host_service_new(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
	struct host_service **ret_service)
{
	int err;

	if (period_ms == 0)
		return OH_EINVAL;
	err = h->ops->service_new(h, period_ms, fn, arg, ret_service);
	if (!err)
		__atomic_add_fetch(&h->counters.services, 1, __ATOMIC_RELAXED);
	return err;
}

void host_service_kick(struct host_service *s)
{
	s->host->ops->service_kick(s);
}

struct host_service *host_service_free(struct host_service *s)
{
	if (s) {
		__atomic_sub_fetch(&s->host->counters.services, 1, __ATOMIC_RELAXED);
		s->host->ops->service_free(s);
	}
	return NULL;
}

void host_service_end(struct host_service *s, void (*ended)(void *arg))
{
	__atomic_sub_fetch(&s->host->counters.services, 1, __ATOMIC_RELAXED);
	s->host->ops->service_end(s, ended);
}

bool host_services_leave(struct host *h, unsigned limit_ms)
{
	return h->ops->services_leave(h, limit_ms);
}

/* ---- sound devices ---- */

int host_sound_open(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound)
{
	int err;

	if (!cfg->id || !cfg->block || cfg->rate_hz < 8000 || cfg->rate_hz > 48000 || cfg->latency_ms < 10 ||
		cfg->latency_ms > 500 ||
		(cfg->side != HOST_SOUND_CAPTURE && cfg->side != HOST_SOUND_PLAYBACK))
		return OH_EINVAL;
	err = h->ops->sound_open(h, cfg, ret_sound);
	if (!err)
		h->counters.sounds++;
	return err;
}

struct host_sound *host_sound_close(struct host_sound *s)
{
	if (s) {
		s->host->counters.sounds--;
		s->host->ops->sound_close(s);
	}
	return NULL;
}

enum host_sound_state host_sound_state(const struct host_sound *s, int *ret_err)
{
	int state = atomic_load_explicit(&s->state, memory_order_acquire);

	*ret_err = atomic_load_explicit(&s->err, memory_order_relaxed);
	return (enum host_sound_state)state;
}

long host_sound_list(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms)
{
	return h->ops->sound_list(h, ret_infos, cap, wait_ms);
}

const char *host_sound_default(const struct host *h, unsigned n)
{
	return h->ops->sound_default(h, n);
}

bool host_sound_present(struct host *h, const char *id)
{
	return h->ops->sound_present(h, id);
}

unsigned host_sound_changes(const struct host *h)
{
	return atomic_load_explicit(&h->sound_changes, memory_order_acquire);
}

/* ---- log ---- */

void host_log_to(struct host *h, enum log_level level, host_log_fn *fn, void *arg)
{
	h->log_level = level;
	h->log_fn = fn;
	h->log_arg = arg;
}

bool host_logs(const struct host *h, enum log_level level)
{
	return h->log_fn && level <= h->log_level;
}

void host_log(struct host *h, enum log_level level, const char *module, const char *format, ...)
{
	char line[LOG_LINE_MAX + 1];
	va_list args;

	if (!host_logs(h, level))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	h->log_fn(h->log_arg, level, module, line);
}

void host_log_text(struct host *h, enum log_level level, const char *module, struct slice text)
{
	char *copy;

	if (!host_logs(h, level))
		return;
	/* Terminated for the sink. A log line lost for want of memory is no error. */
	copy = slice_dup(slice_present(text) ? text : SLICE_LIT(""));
	if (copy)
		h->log_fn(h->log_arg, level, module, copy);
	mem_free(copy);
}

void host_counters(const struct host *h, struct host_counters *ret_counters)
{
	*ret_counters = h->counters;
}
