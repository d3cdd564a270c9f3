/* The inside of the real world, for the files of host/uv only. */
#ifndef OH_HOST_UV_IMPL_H
#define OH_HOST_UV_IMPL_H

#include "base/list.h"
#include "host/impl.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <uv.h>

struct uv_dns;
struct uv_disk;
struct uv_sounds;
struct uv_network;

/* chance.c */
struct uv_chance {
	_Atomic bool in_use;
	size_t left; /* at the front of bytes */
	uint8_t bytes[256];
};
/* Any thread. */
void uv_host_random(struct host *h, void *buf, size_t n);

struct uv_host {
	struct host base;
	uv_loop_t loop;
	uv_async_t wake, stop;
	uv_prepare_t idle;
	struct uv_chance chance;
	struct uv_dns *dns;         /* from the first query on */
	struct uv_disk *disk;       /* while there are services */
	struct uv_disk *left_disk;  /* its thread ends or has ended by itself: to be joined */
	struct uv_network *network; /* while somebody wants to hear of it */
	struct uv_sounds *sounds;   /* from the first device or list on */
	char *read_buf;             /* where every stream is read; from the first one on */
};

static inline struct uv_host *uv_host_of(const struct host *h)
{
	return (struct uv_host *)(uintptr_t)h;
}

/* Nanoseconds. */
uint64_t uv_read_clock(clockid_t clock);
/* Monotonic nanoseconds. */
uint64_t uv_host_now(const struct host *h);
/* An enum oh_err for a libuv status (0 or a negative errno). */
int uv_err(int status);

/* addr.c: to and from the system's form. */
socklen_t uv_addr_to(const struct netaddr *a, struct sockaddr_storage *ret_sa);
struct netaddr uv_addr_from(const struct sockaddr *sa);

/* thread.c: a joinable thread that takes no signals. Wrapped errno. */
int uv_thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *arg), void *arg);

/* timer.c */
int uv_timer_make(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer);
void uv_timer_aim(struct host_timer *t, uint64_t due_ns);
void uv_timer_halt(struct host_timer *t);
void uv_timer_drop(struct host_timer *t);

/* dgram.c, watch.c, route.c */
struct dgram_watch;
struct uv_dgram {
	struct host_dgram base;
	int fd;
	bool timestamps;
	bool bound_to_any;
	bool refusals;
	int refused;                /* an errno that sending met, to be told to who receives; 0: none */
	struct dgram_watch *watch;  /* NULL: not watched */
	struct uv_fetched *fetched; /* what a lane has read of it and nobody has taken yet; NULL: nothing */
};
/* What sendmsg() and recvmsg() want to know and give back of one datagram; not to be moved between the two. */
struct uv_datagram {
	struct msghdr msg;
	struct iovec iov;
	struct sockaddr_storage addr;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
					      CMSG_SPACE(sizeof(struct timespec))];
};
struct uv_fetched {
	struct uv_dgram *by;
	long got; /* as of recvmsg(): bytes, or a negative errno */
	struct uv_datagram in;
};
/* The sockets' families differ: a wrapped errno. data is borrowed. */
int uv_datagram_out(struct uv_datagram *o, const struct uv_dgram *d, const struct netaddr *to,
	const struct netaddr *from, const void *data, size_t n);
/* As host_dgram_send(). */
int uv_datagram_send(struct uv_dgram *d, const struct uv_datagram *o);
void uv_datagram_in(struct uv_datagram *in, void *buf, size_t cap);
int uv_dgram_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram);
void uv_dgram_close(struct host_dgram *d);
int uv_dgram_send(struct host_dgram *d, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n);
int uv_dgram_recv(struct host_dgram *d, void *buf, size_t cap, struct host_rx *ret_rx);
int uv_dgram_watch(struct host_dgram *d, const struct host_dgram_handler *handler);
int uv_route(struct host *h, const struct netaddr *to, struct netaddr *ret_local);

/* lane.c */
int uv_lane_new(struct host *h, struct host_lane **ret_lane);
void uv_lane_free(struct host_lane *l);
void uv_lane_fetch(struct host_lane *l, struct host_dgram *const *dgrams, size_t n);
int uv_lane_send(struct host_lane *l, struct host_dgram *d, const struct netaddr *to,
	const struct netaddr *from, const void *data, size_t n);
void uv_lane_flush(struct host_lane *l);

/* network.c */
bool uv_has_address(struct host *h, const struct netaddr *ip);
int uv_network_watch(struct host *h, bool on);

/* stream.c, listener.c */
struct uv_stream;
/* A stream with a socket of this family, bound to `local` unless that has none. */
int uv_stream_new(struct host *h, int family, const struct netaddr *local, const struct host_stream_cfg *cfg,
	struct uv_stream **ret_stream);
/* 0 leaves it as it is. A wrapped errno. */
int uv_tcp_set_dscp(uv_tcp_t *tcp, int family, uint8_t dscp);
/* Takes the next one that waits. */
int uv_stream_accept(uv_stream_t *listener, struct host *h, const struct host_stream_cfg *cfg,
	struct host_stream **ret_stream);
int uv_stream_connect(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
	const struct host_stream_handler *handler, struct host_stream **ret_stream);
void uv_stream_handle(struct host_stream *s, const struct host_stream_handler *handler);
int uv_stream_send(struct host_stream *s, const void *data, size_t n);
void uv_stream_receive(struct host_stream *s, bool on);
void uv_stream_finish(struct host_stream *s);
void uv_stream_close(struct host_stream *s, bool reset);
int uv_listener_open(struct host *h, const struct host_stream_cfg *cfg,
	const struct host_listener_handler *handler, struct host_listener **ret_listener);
void uv_listener_close(struct host_listener *l);

/* dns.c */
int uv_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query);
int uv_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query);
void uv_dns_cancel(struct host_dns *q);
int uv_dns_servers(struct host *h, const struct netaddr *servers, size_t n);
void uv_dns_close(struct uv_dns *dns);

/* sound.c */
int uv_sound_open(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound);
void uv_sound_close(struct host_sound *s);
long uv_sound_list(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms);
const char *uv_sound_default(const struct host *h, unsigned n);
bool uv_sound_present(struct host *h, const char *id);
void uv_sounds_end(struct uv_host *u);

/* crew.c, ticker.c, service.c */
int uv_crew_new(struct host *h, const char *name, unsigned n, struct host_crew **ret_crew);
void uv_crew_run(struct host_crew *c, unsigned n, void (*fn)(void *arg, unsigned who), void *arg);
void uv_crew_free(struct host_crew *c);
int uv_ticker_new(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker);
void uv_ticker_free(struct host_ticker *t);
int uv_service_new(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
	struct host_service **ret_service);
void uv_service_kick(struct host_service *s);
void uv_service_free(struct host_service *s);
void uv_service_end(struct host_service *s, void (*ended)(void *arg));
bool uv_services_leave(struct host *h, unsigned limit_ms);
#define UV_NO_LIMIT (~0u)

#endif
