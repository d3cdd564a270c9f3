/* What the two worlds share: the parts of the objects that host.c itself reads, and the table
 * that it calls. */
#ifndef OH_HOST_IMPL_H
#define OH_HOST_IMPL_H

#include "host/host.h"

#include <stdatomic.h>

/* One world. The functions mean what host.h says; the objects they make begin with the structs below. */
struct host_ops {
	void (*free)(struct host *h);
	int (*run)(struct host *h);
	void (*stop)(struct host *h);
	void (*wake)(struct host *h);
	uint64_t (*now)(const struct host *h);
	uint64_t (*wall)(const struct host *h);
	void (*random)(struct host *h, void *buf, size_t n);
	int (*timer_new)(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer);
	void (*timer_at)(struct host_timer *t, uint64_t due_ns);
	void (*timer_stop)(struct host_timer *t);
	void (*timer_free)(struct host_timer *t);
	int (*dgram_open)(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram);
	void (*dgram_close)(struct host_dgram *d);
	int (*dgram_send)(struct host_dgram *d, const struct netaddr *to, const struct netaddr *from,
		const void *data, size_t n);
	int (*dgram_recv)(struct host_dgram *d, void *buf, size_t cap, struct host_rx *ret_rx);
	int (*dgram_watch)(struct host_dgram *d, const struct host_dgram_handler *handler);
	/* NULL: this world has no lanes. */
	int (*lane_new)(struct host *h, struct host_lane **ret_lane);
	void (*lane_free)(struct host_lane *l);
	void (*lane_fetch)(struct host_lane *l, struct host_dgram *const *dgrams, size_t n);
	int (*lane_send)(struct host_lane *l, struct host_dgram *d, const struct netaddr *to,
		const struct netaddr *from, const void *data, size_t n);
	void (*lane_flush)(struct host_lane *l);
	int (*route)(struct host *h, const struct netaddr *to, struct netaddr *ret_local);
	bool (*has_address)(struct host *h, const struct netaddr *ip);
	int (*network_watch)(struct host *h, bool on);
	int (*stream_connect)(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
		const struct host_stream_handler *handler, struct host_stream **ret_stream);
	void (*stream_handle)(struct host_stream *s, const struct host_stream_handler *handler);
	int (*stream_send)(struct host_stream *s, const void *data, size_t n);
	void (*stream_read)(struct host_stream *s, bool on);
	void (*stream_finish)(struct host_stream *s);
	void (*stream_close)(struct host_stream *s, bool reset);
	int (*listener_open)(struct host *h, const struct host_stream_cfg *cfg,
		const struct host_listener_handler *handler, struct host_listener **ret_listener);
	void (*listener_close)(struct host_listener *l);
	int (*dns_query)(struct host *h, const char *name, int type, host_dns_fn *fn, void *arg,
		struct host_dns **ret_query);
	int (*dns_addrs)(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
		struct host_dns **ret_query);
	void (*dns_cancel)(struct host_dns *q);
	int (*dns_servers)(struct host *h, const struct netaddr *servers, size_t n);
	int (*ticker_new)(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker);
	void (*ticker_free)(struct host_ticker *t);
	int (*crew_new)(struct host *h, const char *name, unsigned n_helpers, struct host_crew **ret_crew);
	void (*crew_run)(struct host_crew *c, unsigned n, void (*fn)(void *arg, unsigned who), void *arg);
	void (*crew_free)(struct host_crew *c);
	int (*service_new)(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
		struct host_service **ret_service);
	void (*service_kick)(struct host_service *s);
	void (*service_free)(struct host_service *s);
	void (*service_end)(struct host_service *s, void (*ended)(void *arg));
	bool (*services_leave)(struct host *h, unsigned limit_ms);
	int (*sound_open)(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound);
	void (*sound_close)(struct host_sound *s);
	long (*sound_list)(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms);
	const char *(*sound_default)(const struct host *h, unsigned n);
	bool (*sound_present)(struct host *h, const char *id);
	bool sim;
};

struct host {
	const struct host_ops *ops;
	void (*wake_fn)(void *arg);
	void *wake_arg;
	void (*idle_fn)(void *arg);
	void *idle_arg;
	void (*network_fn)(void *arg, unsigned changes);
	void *network_arg;
	struct host_counters counters;
	_Atomic unsigned sound_changes;
	enum log_level log_level;
	host_log_fn *log_fn;
	void *log_arg;
};

struct host_timer {
	struct host *host;
};

struct host_dgram {
	struct host *host;
	struct netaddr local;
	struct host_failure failure; /* of what a lane took */
};

struct host_lane {
	struct host *host;
};

/* Where a stream stands; the worlds write it, host.c refuses what does not fit. */
enum stream_state {
	STREAM_CONNECTING,
	STREAM_OPEN,
	STREAM_FINISHED, /* we send no more */
	STREAM_FAILED
};

struct host_stream {
	struct host *host;
	enum stream_state state;
	struct netaddr local, peer;
	struct host_stream_handler handler;
	size_t waiting, send_max;
};

struct host_listener {
	struct host *host;
	struct netaddr local;
	struct host_listener_handler handler;
};

struct host_dns {
	struct host *host;
};

struct host_ticker {
	struct host *host;
};

struct host_crew {
	struct host *host;
};

struct host_service {
	struct host *host;
};

struct host_sound {
	struct host *host;
	struct host_sound_cfg cfg; /* without id */
	_Atomic int state, err;    /* the world writes them */
};

/* Any thread of the world, while the loop exists. */
static inline void host_sound_enter(struct host_sound *s, enum host_sound_state state, int err)
{
	atomic_store_explicit(&s->err, err, memory_order_relaxed);
	atomic_store_explicit(&s->state, state, memory_order_release);
	host_wake(s->host);
}

static inline void host_sound_list_changed(struct host *h)
{
	atomic_fetch_add_explicit(&h->sound_changes, 1, memory_order_release);
	host_wake(h);
}

static inline void host_dgram_fail(struct host_dgram *d, int err, size_t n)
{
	d->failure.err = err;
	d->failure.datagrams++;
	d->failure.bytes += n;
}

static inline void host_run_idle(struct host *h)
{
	if (h->idle_fn)
		h->idle_fn(h->idle_arg);
}

static inline void host_run_wake(struct host *h)
{
	if (h->wake_fn)
		h->wake_fn(h->wake_arg);
}

static inline void host_run_network(struct host *h, unsigned changes)
{
	if (h->network_fn)
		h->network_fn(h->network_arg, changes);
}

/* The last thing that a stream's owner hears. */
static inline void host_stream_fail(struct host_stream *s, int err)
{
	s->state = STREAM_FAILED;
	if (s->handler.failed)
		s->handler.failed(s->handler.arg, err);
}

#endif
