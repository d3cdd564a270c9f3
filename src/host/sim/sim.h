/*
 * The simulated world: several hosts on one virtual clock and one in-memory wire. Everything that happens
 * follows from the seed: the same program with the same seed sees the same packets at the same nanoseconds.
 *
 * A host is a machine with one or more addresses. Datagrams between hosts pass the wire: each is lost,
 * doubled, delayed or overtaken by the rules of its direction, or by a filter of the test. Hosts behind a NAT
 * box reach the outside through its bindings.
 */
#ifndef OH_HOST_SIM_SIM_H
#define OH_HOST_SIM_SIM_H

#include "host/host.h"

struct sim;
struct sim_nat;

int sim_new(uint64_t seed, struct sim **ret_sim);
/* Its hosts must have been freed before. Returns NULL. */
struct sim *sim_free(struct sim *s);

/* A machine with this IPv4 or IPv6 address (text without port), directly on the wire. Free with
 * host_free(). */
int sim_host_new(struct sim *s, const char *ip, struct host **ret_host);
/* One more address for it. */
int sim_host_add_ip(struct host *h, const char *ip);
/* One address goes (NULL: none) and another one comes (NULL: none). Sockets that are bound to the one that goes stay, as in a
 * kernel: they can neither send nor receive; a connection from it is cut off. host_on_network() tells. */
int sim_host_move(struct host *h, const char *from, const char *to);
/* The machine has slept: host_on_network() tells, nothing else happens. */
void sim_host_slept(struct host *h);
/* While it hangs no service of the host runs, and the last words of those that end wait until it answers. */
void sim_disk_hangs(struct host *h, bool hangs);

/* ---- time ---- */
uint64_t sim_now(const struct sim *s);          /* starts at 1 s */
void sim_run_until(struct sim *s, uint64_t ns); /* everything due up to and including ns has happened */
void sim_run_for(struct sim *s, uint64_t ns);
/* Advances to the next thing that happens and does it; false when nothing is ever going to happen. */
bool sim_step(struct sim *s);
/* Runs until cond() holds or the virtual time limit_ns has passed from now; returns cond(). */
bool sim_run_while_not(struct sim *s, bool (*cond)(void *arg), void *arg, uint64_t limit_ns);
/* The wall clock jumps by this much (tests of stamps); monotonic time does not. */
void sim_wall_jump(struct sim *s, int64_t ns);
/* Media threads get one tick in so many from now on, the others count as skipped: for tests of signalling over
 * long times that would otherwise spend them on sound. 1: all. */
void sim_starve_tickers(struct sim *s, uint32_t every);

/* ---- the wire ---- */
struct sim_wire {
	double loss, duplicate; /* probability, 0..1, each direction's packets drawn one by one */
	double reorder;         /* probability that a packet waits reorder_ns longer and is overtaken */
	uint64_t delay_ns;      /* fixed part; default 1 ms */
	uint64_t jitter_ns; /* uniform extra 0..jitter_ns; overtaking is allowed only with allow_overtake */
	uint64_t reorder_ns;
	bool allow_overtake;
	size_t mtu; /* larger datagrams vanish; 0 = no limit */
};
/* The rule for all directions that have none of their own. */
void sim_wire(struct sim *s, const struct sim_wire *w);
/* From one address to another (texts without port). */
int sim_wire_between(struct sim *s, const char *from_ip, const char *to_ip, const struct sim_wire *w);

struct sim_packet {
	struct netaddr from, to; /* as on the wire at the sender */
	const uint8_t *data;
	size_t n;
	uint64_t sent_ns;
	uint64_t serial; /* counts all packets from 1 */
};
enum sim_fate { SIM_BY_RULE, SIM_DROP, SIM_DELIVER, SIM_DOUBLE, SIM_DELAY, SIM_UNREACHABLE };
/* Decides each packet before the wire's own rules; *delay_ns is added when SIM_DELAY. NULL removes it.
 * DELIVER, DOUBLE, DELAY: with the wire's delay, but neither lost nor cut. UNREACHABLE: the sender hears
 * EHOSTUNREACH. */
typedef enum sim_fate sim_filter_fn(void *arg, const struct sim_packet *p, uint64_t *delay_ns);
void sim_filter(struct sim *s, sim_filter_fn *fn, void *arg);
/* Sees every packet that is sent, with the fate it got; the test's ladder. */
typedef void sim_tap_fn(void *arg, const struct sim_packet *p, enum sim_fate fate);
void sim_tap(struct sim *s, sim_tap_fn *fn, void *arg);

/*
 * ---- TCP ----
 * Bytes arrive in order and once; a segment that the wire's rule loses is sent again after 200 ms, 400 ms ... So loss 1 in
 * a direction is a black hole: connecting ends by ETIMEDOUT after about two minutes, a connection after a quarter of an
 * hour. Filter and tap see datagrams only.
 */
#define SIM_SEGMENT_MAX 1460u
/* Bytes travel in segments of 1 to `most` bytes, each drawn; 1: one by one. 0: as much as there is. */
void sim_segments(struct sim *s, size_t most);
/* Every connection of this machine is reset, as when it is switched off and on again: the other ends hear of it at their
 * wire's delay. Its own sockets hear ECONNRESET. */
void sim_break_connections(struct host *h);

/* ---- NAT boxes ---- */
enum sim_nat_kind {
	SIM_NAT_FULL_CONE,
	SIM_NAT_ADDRESS_RESTRICTED,
	SIM_NAT_PORT_RESTRICTED,
	SIM_NAT_SYMMETRIC
};
/* binding_ns: an idle binding dies after this long (0 = 30 s). Freed with the sim. */
int sim_nat_new(struct sim *s, enum sim_nat_kind kind, const char *public_ip, uint64_t binding_ns,
	struct sim_nat **ret_nat);
/* A machine behind the box; `ip` is its private address. */
int sim_nat_host_new(struct sim_nat *nat, const char *ip, struct host **ret_host);
/* The box restarts: all bindings are forgotten. */
void sim_nat_reset(struct sim_nat *nat);

/* ---- names ---- */
/* An address record; several for one name are all returned, in order of adding. Not to be kept (its TTL is 0), or good
 * for ttl_s seconds. */
int sim_dns_addr(struct sim *s, const char *name, const char *ip);
int sim_dns_addr_for(struct sim *s, const char *name, const char *ip, uint32_t ttl_s);
/* Records of the other kinds; a question gets all that fit, behind the aliases that lead to them. */
struct sim_srv {
	uint32_t ttl_s;
	uint16_t priority, weight, port;
	const char *target;
};
struct sim_naptr {
	uint32_t ttl_s;
	uint16_t order, preference;
	const char *flags, *service, *regexp, *replacement; /* NULL: empty */
};
int sim_dns_srv(struct sim *s, const char *name, const struct sim_srv *srv);
int sim_dns_naptr(struct sim *s, const char *name, const struct sim_naptr *naptr);
int sim_dns_alias(struct sim *s, const char *name, const char *target);
/* All that was said about this name is taken back. */
void sim_dns_forget(struct sim *s, const char *name);
/* A raw answer for (name, type), n bytes copied; delay_ns before it arrives. n 0: nobody answers,
 * OH_ETIMEDOUT after delay_ns; for A and AAAA that goes for addresses of that family too. It replaces an earlier one. A
 * name that nobody wrote down gives OH_ERESOLVE. */
int sim_dns_answer(
	struct sim *s, const char *name, int type, const void *answer, size_t n, uint64_t delay_ns);
/* How many questions were asked so far. */
unsigned sim_dns_asked(const struct sim *s);
/* The n-th from now on (1: the next) is lost: OH_ETIMEDOUT after delay_ns. 0: none. */
void sim_dns_lose(struct sim *s, unsigned nth, uint64_t delay_ns);

/* ---- sound devices ---- */
/*
 * A card of a machine: with a clock of its own, and with a person at it. The first one added is the default.
 */
struct sim_card_cfg {
	const char *id, *name; /* copied */
	bool deaf, dumb;       /* no microphone, no speaker */
	int32_t drift_ppm;     /* its clock runs faster by so much */
	uint32_t block_ms;     /* it works in blocks of this; 0 = 10 */
	uint64_t open_ns;      /* opening takes so long */
	bool broken;           /* opening fails, with OH_EBUSY */
	/* What its microphone hears, but for the echo; NULL: silence. */
	void (*says)(void *arg, int16_t *pcm, size_t n);
	/* What comes out of its speaker. NULL: nobody listens. */
	void (*hears)(void *arg, const int16_t *pcm, size_t n);
	void *arg;
	/* The microphone hears the speaker too, so much later and by so much softer (0: not). */
	uint32_t echo_ms;
	double echo;
};
struct sim_card;
/* Plugged in. OH_ENOMEM. It goes with its machine. */
int sim_card_add(struct host *h, const struct sim_card_cfg *cfg, struct sim_card **ret_card);
/* What is open on it fails with OH_ECONN. */
void sim_card_unplug(struct sim_card *c);
void sim_card_plug(struct sim_card *c);
/* Nothing happens on it for so long; then its blocks come all at once. */
void sim_card_stall(struct sim_card *c, uint64_t ns);
/* How many directions of it are open. */
unsigned sim_card_open(const struct sim_card *c);

#endif
