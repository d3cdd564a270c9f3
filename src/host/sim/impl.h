/*
 * The inside of the simulated world, for the files of host/sim only.
 *
 * Everything that happens is an event in one heap, ordered by (time, serial): events of the same nanosecond
 * happen in the order in which they were scheduled. An event reserves its place in the heap when it is made,
 * so that scheduling never fails.
 *
 * Addresses live in realms: the open network is one, the inside of each NAT box another.
 */
#ifndef OH_HOST_SIM_IMPL_H
#define OH_HOST_SIM_IMPL_H

#include "base/hash.h"
#include "base/list.h"
#include "host/impl.h"
#include "host/sim/sim.h"

struct sim_host;

/* ---- events (sim.c) ---- */

struct sim_event {
	struct sim *sim;
	/* whose loop thread runs it, or NULL: a media or disk thread, or the wire itself */
	struct sim_host *loop;
	uint64_t due_ns, serial;
	size_t place; /* in the heap, from 1; 0: not scheduled */
	void (*fn)(void *arg);
	void *arg;
};

/* OH_ENOMEM: no place in the heap. */
int sim_event_init(
	struct sim_event *e, struct sim *s, struct sim_host *loop, void (*fn)(void *arg), void *arg);
/* Gives the place back. Harmless on a zeroed event. */
void sim_event_close(struct sim_event *e);
void sim_event_at(struct sim_event *e, uint64_t due_ns);
/* Now, and before everything else that is due now except events of this kind with a lower rank. */
void sim_event_now_first(struct sim_event *e, uint64_t rank);
void sim_event_cancel(struct sim_event *e);

/* ---- the world ---- */

struct sim_realm {
	struct hash ips;     /* of struct sim_ip */
	struct sim_nat *nat; /* the box whose inside this is, or NULL */
};

/* An address and who answers to it: a machine or a box. */
struct sim_ip {
	struct hash_node node;
	struct list in_owner;
	struct netaddr addr; /* port 0 */
	struct sim_host *host;
	struct sim_nat *nat;
};

struct sim {
	uint64_t now_ns, serial;
	int64_t wall_jump_ns;
	uint32_t tick_every; /* 1: each */
	struct sim_event **heap;
	size_t heap_count, heap_reserved, heap_cap;
	struct sim_host *running; /* whose loop runs now; NULL also when it was freed meanwhile */
	uint64_t random[4];
	uint64_t hosts_made;

	struct sim_realm open;
	struct hash directions;
	struct sim_wire wire;
	struct list packets; /* in flight */
	uint64_t packets_sent;
	struct list connections; /* TCP */
	size_t segment_max;
	sim_filter_fn *filter;
	void *filter_arg;
	sim_tap_fn *tap;
	void *tap_arg;

	struct list nats;
	struct list dns_records;      /* struct sim_record */
	unsigned dns_asked, dns_lost; /* so far; the one that is lost */
	uint64_t dns_lost_ns;
};

struct sim_host {
	struct host base;
	struct sim *sim;
	struct sim_realm *realm;
	struct list ips;
	struct hash sockets; /* of struct sim_dgram, by port */
	struct list listeners, streams;
	uint16_t next_port;
	uint64_t number;                /* of the machine, in order of making */
	struct sim_event wake, network; /* network: while somebody wants to hear of it */
	unsigned changes;               /* enum host_change that are not told yet */
	struct list cards;              /* struct sim_card */
	bool disk_hangs;
	struct list last_words; /* of struct sim_service: ended while it hung */
};

static inline struct sim_host *sim_host_of(const struct host *h)
{
	return (struct sim_host *)(uintptr_t)h;
}

/* 64 bits from the seed. */
uint64_t sim_draw(struct sim *s);
/* True with probability p. */
bool sim_chance(struct sim *s, double p);

/* host.c of the simulation */
int sim_host_make(struct sim *s, struct sim_realm *realm, const char *ip, struct host **ret_host);

/* ---- addresses (realm.c) ---- */

int sim_realm_init(struct sim_realm *r, struct sim *s, struct sim_nat *nat);
void sim_realm_free(struct sim_realm *r);
struct sim_ip *sim_realm_find(const struct sim_realm *r, const struct netaddr *ip);
/* Wrapped EADDRINUSE, OH_EINVAL (no address), OH_ENOMEM. Exactly one of host and nat. */
int sim_realm_add(
	struct sim_realm *r, const char *ip, struct sim_host *host, struct sim_nat *nat, struct list *owned);
void sim_realm_drop(struct sim_realm *r, struct list *owned);
/* One of them goes. */
void sim_realm_remove(struct sim_realm *r, struct sim_ip *known);

/* ---- the wire (wire.c) ---- */

void sim_wire_close(struct sim *s);
/* The rule from one address to another. */
const struct sim_wire *sim_wire_rule(struct sim *s, const struct netaddr *from, const struct netaddr *to);
/* Who answers to `to` when a packet of `seen_as` comes out of the realm; a NAT box rewrites the address. NULL: nobody. */
struct sim_host *sim_wire_receiver(struct sim *s, struct sim_realm *r, const struct netaddr *seen_as,
	const struct netaddr *to, struct netaddr *ret_to);
/* A datagram leaves a machine of realm r. 0, OH_ENOMEM. */
int sim_wire_send(struct sim *s, struct sim_realm *r, const struct netaddr *from, const struct netaddr *to,
	const void *data, size_t n);

/* ---- sockets (dgram.c) ---- */

extern const struct host_ops sim_host_ops;

int sim_dgram_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram);
void sim_dgram_close(struct host_dgram *d);
int sim_dgram_send(struct host_dgram *d, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n);
int sim_dgram_recv(struct host_dgram *d, void *buf, size_t cap, struct host_rx *ret_rx);
int sim_dgram_watch(struct host_dgram *d, const struct host_dgram_handler *handler);
int sim_route(struct host *h, const struct netaddr *to, struct netaddr *ret_local);
/* A datagram has arrived at a machine; false when no socket asks for it. */
bool sim_dgram_arrive(
	struct sim_host *h, const struct netaddr *from, const struct netaddr *to, const void *data, size_t n);
/* What the socket at `from` sent to `to` did not arrive. */
void sim_dgram_unreachable(struct sim_host *h, const struct netaddr *from, const struct netaddr *to, int err);

/* ---- the machine's network (network.c) ---- */

bool sim_has_address(struct host *h, const struct netaddr *ip);
int sim_network_watch(struct host *h, bool on);

/* ---- TCP: sockets (stream.c), the way between them (tcp.c) ---- */

struct sim_stream;
struct sim_half;

int sim_stream_connect(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
	const struct host_stream_handler *handler, struct host_stream **ret_stream);
void sim_stream_handle(struct host_stream *s, const struct host_stream_handler *handler);
int sim_stream_send(struct host_stream *s, const void *data, size_t n);
void sim_stream_read(struct host_stream *s, bool on);
void sim_stream_finish(struct host_stream *s);
void sim_stream_close(struct host_stream *s, bool reset);
int sim_listener_open(struct host *h, const struct host_stream_cfg *cfg,
	const struct host_listener_handler *handler, struct host_listener **ret_listener);
void sim_listener_close(struct host_listener *l);

/* What the way tells a socket; it tells its owner by an event of its own machine. */
void sim_stream_opened(struct sim_stream *s);
void sim_stream_arrived(struct sim_stream *s);
void sim_stream_drained(struct sim_stream *s, size_t waiting);
void sim_stream_failed(struct sim_stream *s, int err);
struct sim_host *sim_stream_machine(const struct sim_stream *s);
/* A SYN has come: the new socket of whoever listens there, its end being `half`; its listener will hear of it.
 * OH_ENOENT: nobody; OH_ENOMEM. */
int sim_listener_ask(struct sim_host *h, const struct netaddr *local, const struct netaddr *peer,
	struct sim_half *half, struct sim_stream **ret_stream);

/* One end's half of a connection: what it sends. Made by connecting. */
int sim_tcp_connect(struct sim_stream *from, const struct netaddr *local, const struct netaddr *to,
	struct sim_half **ret_half);
int sim_tcp_send(struct sim_half *half, const void *data, size_t n);
void sim_tcp_finish(struct sim_half *half);
/* Bytes that have arrived for the owner of this half: up to cap of them. 0: none; *ret_end: and none will come. */
size_t sim_tcp_take(struct sim_half *half, void *buf, size_t cap, bool *ret_end);
/* The socket has gone; what it had given to the system still goes. */
void sim_tcp_leave(struct sim_half *half, bool reset);
void sim_tcp_close(struct sim *s);

/* ---- NAT boxes (nat.c) ---- */

void sim_nat_free(struct sim_nat *nat);
/* Outwards: the public address that `from` has towards `to`. OH_ENOMEM, OH_ETOOMANY (no port is free). */
int sim_nat_out(
	struct sim_nat *nat, const struct netaddr *from, const struct netaddr *to, struct netaddr *ret_from);
/* Inwards: who is behind the public address `to` for a packet from `from`. False: the box drops it. */
bool sim_nat_in(
	struct sim_nat *nat, const struct netaddr *from, const struct netaddr *to, struct netaddr *ret_to);
struct sim_realm *sim_nat_realm(struct sim_nat *nat);

/* ---- names (dns.c; dns_records.c: raw answers) ---- */

enum sim_record_kind { SIM_RECORD_ADDR, SIM_RECORD_DATA, SIM_RECORD_WHOLE_ANSWER };

struct sim_record {
	struct list node;
	enum sim_record_kind kind;
	char *name;
	int type; /* of DNS; not of addresses */
	uint32_t ttl_s;
	struct netaddr addr;
	uint8_t *data; /* RDATA, or a message */
	size_t n;
	uint64_t delay_ns;
};
bool sim_dns_same_name(const char *a, const char *b);
/* data is copied. OH_ENOMEM. */
int sim_record_new(struct sim *s, const struct sim_record *what, const char *name, const void *data);
#define SIM_DNS_ANSWER_MAX 4096u
/* What a name server would say; 0: no such record. */
size_t sim_dns_write(struct sim *s, const char *name, int type, uint8_t buf[SIM_DNS_ANSWER_MAX]);

void sim_dns_close(struct sim *s);
int sim_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query);
int sim_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query);
void sim_dns_cancel(struct host_dns *q);
int sim_dns_servers(struct host *h, const struct netaddr *servers, size_t n);

/* ---- timers, tickers, services (timer.c) ---- */

int sim_timer_new(struct host *h, void (*fn)(void *arg), void *arg, struct host_timer **ret_timer);
void sim_timer_at(struct host_timer *t, uint64_t due_ns);
void sim_timer_stop(struct host_timer *t);
void sim_timer_free(struct host_timer *t);
int sim_crew_new(struct host *h, const char *name, unsigned n_helpers, struct host_crew **ret_crew);
void sim_crew_run(struct host_crew *c, unsigned n, void (*fn)(void *arg, unsigned who), void *arg);
void sim_crew_free(struct host_crew *c);
int sim_ticker_new(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker);
void sim_ticker_free(struct host_ticker *t);
int sim_service_new(struct host *h, unsigned period_ms, void (*fn)(void *arg), void *arg,
	struct host_service **ret_service);
void sim_service_kick(struct host_service *s);
void sim_service_free(struct host_service *s);
void sim_service_end(struct host_service *s, void (*ended)(void *arg));
bool sim_services_leave(struct host *h, unsigned limit_ms);

/* ---- sound devices (sound.c) ---- */

void sim_cards_free(struct sim_host *m);
int sim_sound_open(struct host *h, const struct host_sound_cfg *cfg, struct host_sound **ret_sound);
void sim_sound_close(struct host_sound *s);
long sim_sound_list(struct host *h, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms);
const char *sim_sound_default(const struct host *h, unsigned n);
bool sim_sound_present(struct host *h, const char *id);

#endif
