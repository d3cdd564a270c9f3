/*
 * The world as an argument: time, chance, the network, the disk and the threads that serve them. Nothing outside
 * src/host/ reads a clock, opens a socket, resolves a name or draws randomness. Two worlds implement this header:
 * host/uv (the real one, on libuv) and host/sim (virtual time, an in-memory wire, deterministic from a seed).
 *
 * Threads: a host has one loop thread (signalling), the thread that calls host_run(). Everything here belongs to it
 * unless the comment says otherwise. On the simulated host there is one thread in all: tickers and services are
 * virtual timers, and host_wake() runs the handler before the simulation goes on.
 */
#ifndef OH_HOST_HOST_H
#define OH_HOST_HOST_H

#include "base/netaddr.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;
struct host_timer;
struct host_dgram;
struct host_lane;
struct host_stream;
struct host_listener;
struct host_dns;
struct host_ticker;
struct host_crew;
struct host_service;
struct host_sound;

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* ---- life ---------------------------------------------------------------------------------------------- */

/* The real world. OH_ENOMEM or a wrapped errno. (The simulated one: host/sim/sim.h.) */
int host_uv_new(struct host **ret_host);

/* Everything opened on it must be closed before. Accepts NULL; returns NULL. Loop thread, or after its end. */
struct host *host_free(struct host *h);

/* Runs the loop in the calling thread until host_stop(). OH_ENOTSUP on the simulated host. */
int host_run(struct host *h);
/* Any thread: host_run() returns soon. */
void host_stop(struct host *h);

/* True on the simulated host: no threads, commands run at once in the caller. */
bool host_is_sim(const struct host *h);

/* Any thread (the media thread too: no lock, no allocation): the wake handler will run on the loop thread.
 * Wakes are coalesced. */
void host_wake(struct host *h);
/* The handler that host_wake() runs; fn NULL removes it. */
void host_on_wake(struct host *h, void (*fn)(void *arg), void *arg);

/* Called on the loop thread after each batch of callbacks, before the loop sleeps: what commands and messages of
 * one wake-up changed is put into force here, once. fn NULL removes it. */
void host_on_idle(struct host *h, void (*fn)(void *arg), void *arg);

/* ---- time and chance ------------------------------------------------------------------------------------ */

/* Monotonic nanoseconds, never 0. Any thread. */
uint64_t host_now(const struct host *h);
/* Nanoseconds since 1970 by the wall clock (RTCP's NTP stamps, log lines). Any thread. */
uint64_t host_wall(const struct host *h);
/* n random bytes; aborts when the system has none. Any thread on the real host. */
void host_random(struct host *h, void *buf, size_t n);
uint32_t host_random_u32(struct host *h);
/* 0 .. bound-1, unbiased; bound 0 gives 0. */
uint32_t host_random_below(struct host *h, uint32_t bound);

/* One-shot timers for the few owners that need one (the SIP timer wheel). fn may re-arm or free the timer. */
int host_timer_new(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer);
void host_timer_at(struct host_timer *t, uint64_t due_ns); /* re-arms; a past time fires at once */
void host_timer_stop(struct host_timer *t);
struct host_timer *host_timer_free(struct host_timer *t);

/* ---- datagrams ------------------------------------------------------------------------------------------ */

/*
 * A UDP socket. It is used by one thread at a time: the loop thread while it is watched, the media thread (or any
 * other single one) when it is not. Ownership passes by stopping the watch first.
 */
struct host_dgram_cfg {
	struct netaddr local; /* port 0: any free one; any-address: all interfaces of that family */
	uint8_t dscp;         /* 0..63, 0 = best effort */
	uint32_t rcvbuf;      /* bytes, 0 = the system's default */
	bool timestamps;      /* stamp arrivals by the kernel (media) */
	/* an ICMP error that a datagram brought about is told by the next host_dgram_recv(), unless the socket is
	 * watched; sending does not suffer from it */
	bool refusals;
};

struct host_rx {
	struct netaddr from;
	struct netaddr to; /* the local address that was asked (IP_PKTINFO), with the local port */
	/* arrival, monotonic: by the kernel's stamp when asked for, else the time of the read */
	uint64_t at_ns;
	size_t n;       /* bytes in the buffer */
	bool truncated; /* the datagram was larger than the buffer */
};

/* Wrapped errno (EADDRINUSE, EADDRNOTAVAIL, EMFILE ...), OH_EINVAL, OH_ENOMEM. Non-blocking, close-on-exec. */
int host_dgram_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram);
/* Harmless on NULL; returns NULL. Stops the watch. */
struct host_dgram *host_dgram_close(struct host_dgram *d);

/* The bound address; any-address stays any-address, the port is real. */
struct netaddr host_dgram_local(const struct host_dgram *d);

/* Sends one datagram. `from`: the local address to send from (the address that was asked), NULL or any = by route.
 * 0; OH_EAGAIN: the socket's buffer is full, the datagram is dropped; a wrapped errno. Never blocks. */
int host_dgram_send(struct host_dgram *d, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n);

/* Receives one datagram. 0, OH_EAGAIN when none waits, or a wrapped errno. */
int host_dgram_recv(struct host_dgram *d, void *buf, size_t cap, struct host_rx *ret_rx);

struct host_dgram_handler {
	/* Datagrams wait: read with host_dgram_recv() until OH_EAGAIN (or some; it is level-triggered). */
	void (*readable)(void *arg);
	/* ICMP: what was sent to `peer` did not arrive; err is a wrapped errno (ECONNREFUSED, EHOSTUNREACH, ...). */
	void (*unreachable)(void *arg, const struct netaddr *peer, int err);
	void *arg;
};
/* Watches the socket on the loop; handler is copied; NULL stops the watch. The callbacks may close the socket. */
int host_dgram_watch(struct host_dgram *d, const struct host_dgram_handler *handler);

/*
 * A lane carries datagrams of many sockets with few system calls where the system can (Linux 6.1 and later, by
 * io_uring). Everything here accepts NULL for one, and then they go one by one, as on the simulated host. One thread
 * uses a lane, always the same, and only with sockets that are its own at that time.
 */
#define HOST_LANE_PLACES 32u
#define HOST_LANE_BYTES  2048u /* of a datagram; a longer one is cut when it comes, and leaves by itself */

/* NULL: none to be had; why is logged (LOG_DEBUG). Loop thread. */
struct host_lane *host_lane_new(struct host *h);
/* Its thread uses it no more. Harmless on NULL; returns NULL. Loop thread. */
struct host_lane *host_lane_free(struct host_lane *l);
/* Reads the datagram that waits longest at each of n <= HOST_LANE_PLACES sockets: the next host_dgram_recv() of each gives
 * it, or OH_EAGAIN, without a system call. That must be before the next fetch, and before the socket is closed. */
void host_lane_fetch(struct host_lane *l, struct host_dgram *const *dgrams, size_t n);
/* As host_dgram_send(), but the datagram (copied) leaves with the next flush, or earlier. What is found wrong by then is told
 * by host_dgram_failure(). */
int host_lane_send(struct host_lane *l, struct host_dgram *d, const struct netaddr *to,
	const struct netaddr *from, const void *data, size_t n);
void host_lane_flush(struct host_lane *l);
/* What a lane has taken from a socket and could not send, since it was last asked: all 0 when there is nothing. */
struct host_failure {
	int err; /* what host_dgram_send() would have said of the last one */
	unsigned datagrams;
	size_t bytes;
};
struct host_failure host_dgram_failure(struct host_dgram *d);

/* The local address that the system would use towards `to` (port 0 in the result). OH_EUNREACH or wrapped errno. */
int host_route(struct host *h, const struct netaddr *to, struct netaddr *ret_local);

/* Does this machine have the address? Its port does not matter. */
bool host_has_address(struct host *h, const struct netaddr *ip);

/* What happens to the machine's network. */
enum host_change {
	HOST_ADDRESSES = 1, /* addresses or routes have changed, perhaps none that anybody here uses */
	HOST_SLEPT = 2      /* it was suspended: timers are late by that, and peers may have given us up */
};
/* One change seldom comes alone: it is told so long after the last one, and so long after the first one at most. */
#define HOST_SETTLE_MS     500u
#define HOST_SETTLE_MAX_MS 3000u
/* fn hears on the loop thread which of enum host_change have happened. fn NULL removes it (before host_free()). Only while
 * the loop does not run, or on its thread. OH_ENOMEM or a wrapped errno: nobody will tell. */
int host_on_network(struct host *h, void (*fn)(void *arg, unsigned changes), void *arg);

/* ---- byte streams --------------------------------------------------------------------------------------- */

/*
 * TCP. Everything here belongs to the loop thread, and no callback runs from inside one of these functions. An owner
 * closes its stream when it likes, also from a callback; after that nothing is called any more.
 */
struct host_stream_cfg {
	/* listen: as for datagrams. connect: where from; family 0 = the system chooses, port 0 = any free one */
	struct netaddr local;
	uint8_t dscp; /* 0..63 */
	size_t send_max; /* bytes that may wait to be sent; 0 = HOST_STREAM_SEND_MAX. Of a listener: for what it accepts */
};
#define HOST_STREAM_SEND_MAX (256u << 10)

struct host_stream_handler {
	void (*opened)(void *arg); /* connected; not for accepted ones, which are open from the beginning */
	/* Bytes, borrowed until it returns. NULL: nothing is read. */
	void (*received)(void *arg, const void *data, size_t n);
	/* All that waited to be sent has been given to the system. */
	void (*drained)(void *arg);
	/* The peer sends no more; we still may. NULL: as failed with OH_ECONN. */
	void (*finished)(void *arg);
	/* Over: never connected (wrapped ECONNREFUSED, ETIMEDOUT ...), reset, or lost. Once and last; the owner closes. A
	 * stream that is not read may hear of it only when it sends or reads again. */
	void (*failed)(void *arg, int err);
	void *arg;
};

/* Connects. How long the system tries is its own affair (two minutes): the caller has a timer. After 0: opened or failed.
 * A wrapped errno (EADDRNOTAVAIL, EMFILE ...), OH_EINVAL, OH_ENOMEM. The handler is copied. */
int host_stream_connect(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
	const struct host_stream_handler *handler, struct host_stream **ret_stream);
/* For what was accepted: from now on it is read and its owner hears of it. */
void host_stream_handle(struct host_stream *s, const struct host_stream_handler *handler);

/* Takes all bytes (copied) or none: OH_EAGAIN (too many wait; `drained` will come), OH_ETOOBIG (more than send_max),
 * OH_ESTATE (finished or failed), OH_ENOMEM. What is sent before `opened` waits until then. */
int host_stream_send(struct host_stream *s, const void *data, size_t n);
size_t host_stream_waiting(const struct host_stream *s); /* bytes */
/* Back-pressure: off = nothing is received until it is switched on again; the peer is slowed down. */
void host_stream_read(struct host_stream *s, bool on);
/* We send no more: the peer hears of it after all that waits. */
void host_stream_finish(struct host_stream *s);
/* What waits is thrown away; what was given to the system still goes. Harmless on NULL; returns NULL. */
struct host_stream *host_stream_close(struct host_stream *s);
/* The peer hears ECONNRESET. As close otherwise. */
struct host_stream *host_stream_reset(struct host_stream *s);
struct netaddr host_stream_local(const struct host_stream *s); /* of one that is not open yet: unknown */
struct netaddr host_stream_peer(const struct host_stream *s);

struct host_listener_handler {
	/* Somebody has connected: it is the callee's, to handle or to close before this returns. */
	void (*accepted)(void *arg, struct host_stream *s);
	void *arg;
};
/* Errors as host_dgram_open(). */
int host_listener_open(struct host *h, const struct host_stream_cfg *cfg,
	const struct host_listener_handler *handler, struct host_listener **ret_listener);
struct host_listener *host_listener_close(struct host_listener *l); /* as host_dgram_close() */
struct netaddr host_listener_local(const struct host_listener *l);

/* ---- names ---------------------------------------------------------------------------------------------- */

enum { HOST_DNS_A = 1, HOST_DNS_AAAA = 28, HOST_DNS_SRV = 33, HOST_DNS_NAPTR = 35 };

/* A raw DNS answer as it came (RFC 1035 message). err: 0, OH_ERESOLVE (no such name or no data), OH_ETIMEDOUT,
 * OH_ETRANSPORT. Runs on the loop thread, exactly once unless cancelled, never from inside host_dns_query(). */
typedef void host_dns_fn(void *arg, int err, const uint8_t *answer, size_t n);
int host_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query);

/* Addresses of a host name, the hosts file included: addrs of the wanted family (NETADDR_IP4, NETADDR_IP6 or 0 for
 * both), ports 0, good for ttl_s seconds (0: not to be kept). Same rules as host_dns_fn. */
typedef void host_addrs_fn(void *arg, int err, const struct netaddr *addrs, size_t n, uint32_t ttl_s);
int host_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query);
/* fn will not run. Only before it ran. */
void host_dns_cancel(struct host_dns *q);

/* Asks these servers instead of the system's (1..8; port 0 = 53). OH_EINVAL, OH_ENOMEM, OH_ETRANSPORT. The simulated
 * host knows its names by itself and takes no notice. */
int host_dns_servers(struct host *h, const struct netaddr *servers, size_t n);

/* ---- other threads -------------------------------------------------------------------------------------- */

/*
 * A ticker calls fn every period on a thread of its own (the media thread) by an absolute schedule that does not
 * drift: `due_ns` is the tick's scheduled time, `now_ns` the time of the call. A tick that is late is made up for
 * at once; after more than `max_behind` periods the missed ones are skipped and counted in `skipped`.
 * On the simulated host: a virtual timer on the one thread. host_ticker_free() returns when fn is not running and
 * never will again; not from inside fn.
 */
struct host_tick {
	uint64_t due_ns, now_ns;
	uint32_t skipped;
};
struct host_ticker_cfg {
	uint64_t period_ns;
	uint32_t max_behind; /* periods, 0 = 10 */
	const char *name;    /* thread name, at most 15 characters */
	void (*fn)(void *arg, const struct host_tick *tick);
	void *arg;
};
int host_ticker_new(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker);
struct host_ticker *host_ticker_free(struct host_ticker *t);

/*
 * A crew is threads that help another one, the media thread in its tick. host_crew_run() calls fn(arg, 0) in the calling
 * thread and fn(arg, 1) ... fn(arg, n) in n helpers (no more than there are), all at once, and returns when all have
 * returned: they see what the caller wrote before, and the caller what they wrote. One caller at a time. Words and
 * wake-ups, no lock, no allocation. On the simulated host one after the other in the caller, in this order.
 */
int host_crew_new(struct host *h, const char *name, unsigned n_helpers, struct host_crew **ret_crew);
void host_crew_run(struct host_crew *c, unsigned n, void (*fn)(void *arg, unsigned who), void *arg);
struct host_crew *host_crew_free(struct host_crew *c);

/*
 * A service calls fn on the disk thread about every period_ms while it exists (file players refill their rings,
 * recorders empty them); host_service_kick() (any thread but the media thread) asks for a call soon. All services
 * of a host share one thread; fn may block on the disk. On the simulated host: a virtual timer.
 * host_service_free() returns when fn is not running and never will again. All but fn itself may make and free
 * services, on any thread.
 * host_service_end() waits for nothing: when fn is not running and never will again, ended(arg) is called, with fn's own
 * arg; it is the disk thread that calls, so ended may block on the disk, and it is the service's last trace. On the
 * simulated host that has happened when host_service_end() returns, unless the disk hangs (sim_disk_hangs()); on the real
 * one host_free() waits for it, unless host_services_leave() was called before.
 * host_services_leave() waits until every service is gone that was ended, limit_ms at most (on the simulated host: not at
 * all); there may be no others, and none is made afterwards. False: a disk hangs. Its thread goes on by itself then, says the
 * last words of the services when it can, and wants nothing of the host any more.
 */
int host_service_new(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
	struct host_service **ret_service);
void host_service_kick(struct host_service *s);
struct host_service *host_service_free(struct host_service *s);
void host_service_end(struct host_service *s, void (*ended)(void *arg));
bool host_services_leave(struct host *h, unsigned limit_ms);

/* ---- sound devices -------------------------------------------------------------------------------------- */

/*
 * Cards are opened one direction at a time. A card has a thread of its own, or shares one with others of its kind, and
 * a clock of its own. Opening, losing and closing never make the loop thread wait: how an opening ended is a state that
 * is looked at, and the world calls host_wake() when it has changed, or when the list of devices has.
 */
enum host_sound_side { HOST_SOUND_CAPTURE = 1, HOST_SOUND_PLAYBACK = 2 };
enum host_sound_state { HOST_SOUND_OPENING, HOST_SOUND_OPEN, HOST_SOUND_FAILED /* for good: close it */ };

struct host_sound_cfg {
	const char *id; /* as listed, or what host_sound_default() names; copied */
	enum host_sound_side side;
	uint32_t rate_hz;    /* mono, 16 bits; the world converts what the card cannot */
	uint32_t latency_ms; /* asked for, 10..500: how much may lie in the world's buffers */
	/* On the card's thread; short, and no call to anything here. n is what the card likes, 1 or more. Of a capturing card:
	 * these samples came. Of a playing one: fill in n samples. */
	void (*block)(void *arg, int16_t *pcm, size_t n);
	void *arg;
};
/* OH_ENODEV (no such device or kind of device), OH_ENOSOUND (a kind that was left out when this was built), OH_EINVAL, OH_ENOMEM, a wrapped errno (no thread). Loop thread. */
int host_sound_open(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound);
/* block is not running and never will again. Harmless on NULL; returns NULL. Loop thread. */
struct host_sound *host_sound_close(struct host_sound *s);
/* ret_err: why it failed (OH_ENODEV, OH_ECONN: it was there and has gone, wrapped errno). */
enum host_sound_state host_sound_state(const struct host_sound *s, int *ret_err);

#define HOST_SOUND_ID_MAX   160u
#define HOST_SOUND_LIST_MAX 256u
struct host_sound_info {
	char id[HOST_SOUND_ID_MAX], name[HOST_SOUND_ID_MAX];
	unsigned capture_channels, playback_channels; /* 0: not that side */
	uint32_t rate_hz;                             /* its own */
	bool default_capture, default_playback;
};
/* Any thread. The devices there are: up to cap into ret_infos; returns how many there are, OH_ENOMEM. It waits up to
 * wait_ms for a sound server to answer; 0: what is known already. */
long host_sound_list(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms);
/* What to open when nothing was chosen: n = 0 first, 1 when that failed, ...; NULL: nothing more. In a library that was built
 * without any the first one is "", which OH_ENOSOUND answers. */
const char *host_sound_default(const struct host *h, unsigned n);
/* Is it listed, as far as is known? Begins to find out when nothing is known. Loop thread. */
bool host_sound_present(struct host *h, const char *id);
/* Grows by one with each change of the list. Any thread. */
unsigned host_sound_changes(const struct host *h);

/* ---- log ------------------------------------------------------------------------------------------------ */

enum log_level { LOG_ERROR = 1, LOG_WARN = 2, LOG_INFO = 3, LOG_DEBUG = 4, LOG_TRACE = 5 };

/* text: one line, terminated, without newline. Called on the thread that logs. */
typedef void host_log_fn(void *arg, enum log_level level, const char *module, const char *text);
/* Before any other thread exists. level 0 = nothing. */
void host_log_to(struct host *h, enum log_level level, host_log_fn *fn, void *arg);
bool host_logs(const struct host *h, enum log_level level);
/* Any thread but the media thread. Lines over 1,000 bytes are cut, except by host_log_text(). */
void host_log(struct host *h, enum log_level level, const char *module, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A text of any length and any bytes (a SIP message), as it is. */
void host_log_text(struct host *h, enum log_level level, const char *module, struct slice text);

/* ---- counters for tests ---------------------------------------------------------------------------------- */

struct host_counters {
	unsigned timers, dgrams, lanes, streams, listeners, queries, tickers, crews, services, sounds;
};
void host_counters(const struct host *h, struct host_counters *ret_counters);

#endif
