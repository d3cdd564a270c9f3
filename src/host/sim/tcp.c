/*
 * The way between two TCP sockets. A connection is two halves, one for what each end sends: bytes that wait, and segments
 * on the wire. A half goes on when its socket has gone, as in a kernel, until everything has arrived or was given up.
 *
 * It is TCP as its users see it: a window, order, retransmission, half-close, reset. There are no sequence numbers and no
 * acknowledgements; what the wire loses is known to be lost and goes again after a time-out.
 */
#include "host/sim/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define WINDOW          (64u << 10) /* bytes that a socket holds for a reader who does not come */
#define SYN_RTO_NS      NS_PER_S
#define SYN_TRIES       7u /* 127 s in all, as Linux */
#define DATA_RTO_NS     (200 * NS_PER_MS)
#define DATA_RTO_MAX_NS (120 * NS_PER_S)
#define DATA_TRIES      16u /* 924 s or so, as Linux */

enum half_state {
	HALF_CONNECTING, /* its SYN is on the way, or lost */
	HALF_OPEN,
	HALF_FINISHING, /* the end comes after the bytes that wait */
	HALF_FINISHED,  /* the end is on the wire */
	HALF_DEAD       /* reset or given up: nothing moves any more */
};

struct segment {
	struct list node;
	struct sim_event due;
	struct sim_half *half; /* of the sender */
	enum segment_kind { SEG_SYN, SEG_SYN_ACK, SEG_DATA, SEG_END, SEG_RESET } kind;
	int err; /* of a reset */
	size_t n, taken;
	char data[];
};

struct connection {
	struct list link;
	struct sim *sim;
	struct sim_half {
		struct connection *conn;
		struct sim_half *other;
		struct sim_stream *stream; /* NULL: not there yet, or gone */
		enum half_state state;
		struct sim_realm *realm;
		/* its own address, that of the other end as it knows it, and how it is seen behind a NAT box */
		struct netaddr local, to, seen_as;
		char *bytes; /* that wait */
		size_t n, cap;
		struct list flying, arrived; /* segments; arrived: at the other end, not taken */
		size_t untaken;              /* bytes flying and arrived */
		struct sim_event go;         /* something may be sent */
		unsigned tries;              /* of the segment or SYN that is being lost */
		uint64_t last_due_ns;
	} half[2];
};

static void go_on(void *arg);

static struct segment *segment_free(struct segment *g)
{
	sim_event_close(&g->due);
	list_remove(&g->node);
	mem_free(g);
	return NULL;
}

static void segments_free(struct list *list)
{
	while (!list_empty(list))
		segment_free(CONTAINER_OF(list_first(list), struct segment, node));
}

static struct connection *connection_free(struct connection *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->half); i++) {
		struct sim_half *h = &c->half[i];

		segments_free(&h->flying);
		segments_free(&h->arrived);
		sim_event_close(&h->go);
		mem_free(h->bytes);
	}
	list_remove(&c->link);
	mem_free(c);
	return NULL;
}

void sim_tcp_close(struct sim *s)
{
	while (!list_empty(&s->connections))
		connection_free(CONTAINER_OF(list_first(&s->connections), struct connection, link));
}

/* When nobody holds it and nothing is under way. */
static void reap(struct connection *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->half); i++) {
		const struct sim_half *h = &c->half[i];

		if (h->stream || !list_empty(&h->flying))
			return;
		if (h->state != HALF_DEAD && h->state != HALF_FINISHED)
			return;
	}
	connection_free(c);
}

static void kill(struct sim_half *h)
{
	h->state = HALF_DEAD;
	h->n = 0;
	sim_event_cancel(&h->go);
}

/* Both directions are dead; this end hears why. */
static void end(struct sim_half *h, int err)
{
	struct sim_stream *s = h->stream;

	kill(h);
	kill(h->other);
	if (s)
		sim_stream_failed(s, err);
}

/* ---- the wire ---- */

/* Refreshes the binding of a NAT box on the way. False: the box knows the connection no more. */
static bool passes_out(struct sim_half *h)
{
	struct netaddr seen_as;

	if (!h->realm->nat || sim_realm_find(h->realm, &h->to))
		return true;
	return sim_nat_out(h->realm->nat, &h->local, &h->to, &seen_as) == 0 &&
	       netaddr_eq(&seen_as, &h->seen_as);
}

static bool is_lost(struct sim_half *h)
{
	struct sim *s = h->conn->sim;
	struct netaddr there;

	/* From an address that its machine has lost nothing comes through. */
	if (!sim_realm_find(h->realm, &h->local))
		return true;
	return !passes_out(h) || !sim_wire_receiver(s, h->realm, &h->seen_as, &h->to, &there) ||
	       sim_chance(s, sim_wire_rule(s, &h->local, &h->to)->loss);
}

static void retry(struct sim_half *h)
{
	uint64_t wait = DATA_RTO_NS << h->tries;

	if (++h->tries == DATA_TRIES)
		end(h, err_from_errno(ETIMEDOUT));
	else
		sim_event_at(
			&h->go, h->conn->sim->now_ns + (wait < DATA_RTO_MAX_NS ? wait : DATA_RTO_MAX_NS));
}

static uint64_t arrival_ns(struct sim_half *h)
{
	struct sim *s = h->conn->sim;
	const struct sim_wire *w = sim_wire_rule(s, &h->local, &h->to);
	uint64_t due = s->now_ns + w->delay_ns + (w->jitter_ns ? sim_draw(s) % (w->jitter_ns + 1) : 0);

	if (due < h->last_due_ns)
		due = h->last_due_ns;
	h->last_due_ns = due;
	return due;
}

static void syn_arrives(struct sim_half *h);

static void syn_ack_arrives(struct sim_half *h)
{
	if (h->state != HALF_CONNECTING)
		return;
	h->state = HALF_OPEN;
	h->tries = 0;
	sim_event_at(&h->go, h->conn->sim->now_ns);
	sim_stream_opened(h->stream);
}

static void arrive(void *arg)
{
	struct segment *g = arg;
	struct sim_half *from = g->half, *at = from->other;
	enum segment_kind kind = g->kind;
	int err = g->err;

	if (at->stream && at->state != HALF_DEAD && (kind == SEG_DATA || kind == SEG_END)) {
		list_remove(&g->node);
		list_append(&from->arrived, &g->node);
		sim_stream_arrived(at->stream);
		return;
	}
	segment_free(g);
	if (kind == SEG_SYN)
		syn_arrives(from);
	else if (kind == SEG_RESET)
		end(at, err);
	else if (!at->stream && kind != SEG_END)
		end(from, err_from_errno(ECONNRESET)); /* nobody is there any more */
	else if (kind == SEG_SYN_ACK)
		syn_ack_arrives(at);
	reap(at->conn);
}

/* OH_ENOMEM. */
static int launch(struct sim_half *h, enum segment_kind kind, const void *data, size_t n, int err)
{
	struct segment *g = mem_alloc(sizeof(*g) + n);

	if (!g)
		return OH_ENOMEM;
	*g = (struct segment){.half = h, .kind = kind, .n = n, .err = err};
	if (sim_event_init(&g->due, h->conn->sim, NULL, arrive, g)) {
		mem_free(g);
		return OH_ENOMEM;
	}
	if (n)
		memcpy(g->data, data, n);
	list_append(&h->flying, &g->node);
	h->untaken += n;
	sim_event_at(&g->due, arrival_ns(h));
	return 0;
}

/* Tells the other end, if memory allows; else it finds out when it sends. */
static void reset_other(struct sim_half *h, int err)
{
	segments_free(&h->flying);
	launch(h, SEG_RESET, NULL, 0, err);
}

/* ---- connecting ---- */

static void half_init(struct sim_half *h, struct connection *c, struct sim_realm *realm,
	const struct netaddr *local, const struct netaddr *to)
{
	h->conn = c;
	h->other = h == &c->half[0] ? &c->half[1] : &c->half[0];
	h->realm = realm;
	h->local = h->seen_as = *local;
	h->to = *to;
	h->state = HALF_CONNECTING;
	list_init(&h->flying);
	list_init(&h->arrived);
}

int sim_tcp_connect(struct sim_stream *from, const struct netaddr *local, const struct netaddr *to,
	struct sim_half **ret_half)
{
	struct sim_host *m = sim_stream_machine(from);
	struct connection *c = mem_zalloc(sizeof(*c));
	int err = 0;

	if (!c)
		return OH_ENOMEM;
	c->sim = m->sim;
	list_append(&m->sim->connections, &c->link);
	half_init(&c->half[0], c, m->realm, local, to);
	half_init(&c->half[1], c, m->realm, to, local);
	for (size_t i = 0; i < ARRAY_LEN(c->half) && !err; i++)
		err = sim_event_init(&c->half[i].go, m->sim, NULL, go_on, &c->half[i]);
	if (!err && m->realm->nat && !sim_realm_find(m->realm, to))
		err = sim_nat_out(m->realm->nat, local, to, &c->half[0].seen_as);
	if (err) {
		connection_free(c);
		return err;
	}
	c->half[0].stream = from;
	sim_event_at(&c->half[0].go, m->sim->now_ns);
	*ret_half = &c->half[0];
	return 0;
}

static void syn(struct sim_half *h)
{
	if (h->tries == SYN_TRIES) {
		end(h, err_from_errno(ETIMEDOUT));
		return;
	}
	if (!is_lost(h))
		launch(h, SEG_SYN, NULL, 0, 0); /* out of memory: one more that is lost */
	sim_event_at(&h->go, h->conn->sim->now_ns + (SYN_RTO_NS << h->tries++));
}

/* What fails here for want of memory is as if a packet had been lost: the SYN comes again. */
static void syn_arrives(struct sim_half *h)
{
	struct sim *s = h->conn->sim;
	struct sim_half *there = h->other;
	struct sim_host *m = sim_wire_receiver(s, h->realm, &h->seen_as, &h->to, &there->local);
	int err;

	if (!m || h->state != HALF_CONNECTING)
		return;
	there->realm = m->realm;
	there->to = h->seen_as;
	there->seen_as = h->to; /* behind a box: the box's address */
	if (!there->stream) {
		err = sim_listener_ask(m, &there->local, &h->seen_as, there, &there->stream);
		if (err == OH_ENOENT)
			launch(there, SEG_RESET, NULL, 0, err_from_errno(ECONNREFUSED));
		if (err)
			return;
		there->state = HALF_OPEN;
		sim_event_at(&there->go, s->now_ns);
	}
	if (!is_lost(there))
		launch(there, SEG_SYN_ACK, NULL, 0, 0);
}

/* ---- sending ---- */

static size_t segment_size(const struct sim_half *h)
{
	struct sim *s = h->conn->sim;
	size_t n = s->segment_max ? 1 + sim_draw(s) % s->segment_max : h->n, room = WINDOW - h->untaken;

	if (n > h->n)
		n = h->n;
	return n < room ? n : room;
}

static void go_on(void *arg)
{
	struct sim_half *h = arg;
	bool had = h->n > 0;

	if (h->state == HALF_CONNECTING)
		syn(h);
	while (h->state != HALF_CONNECTING && h->n && h->untaken < WINDOW) {
		size_t n = segment_size(h);

		if (is_lost(h) || launch(h, SEG_DATA, h->bytes, n, 0)) {
			retry(h);
			break;
		}
		h->tries = 0;
		h->n -= n;
		memmove(h->bytes, h->bytes + n, h->n);
	}
	if (h->n == 0 && h->state == HALF_FINISHING) {
		if (is_lost(h) || launch(h, SEG_END, NULL, 0, 0))
			retry(h);
		else
			h->state = HALF_FINISHED;
	}
	if (had && h->stream)
		sim_stream_drained(h->stream, h->n);
	reap(h->conn);
}

static void want(struct sim_half *h)
{
	/* A retransmission that is waiting for its time-out is not hurried. */
	if (h->state != HALF_CONNECTING && h->state != HALF_DEAD && !h->go.place)
		sim_event_at(&h->go, h->conn->sim->now_ns);
}

int sim_tcp_send(struct sim_half *h, const void *data, size_t n)
{
	if (h->n + n > h->cap) {
		size_t cap = (h->n + n) * 2;
		char *bytes = mem_realloc(h->bytes, cap);

		if (!bytes)
			return OH_ENOMEM;
		h->bytes = bytes;
		h->cap = cap;
	}
	memcpy(h->bytes + h->n, data, n);
	h->n += n;
	want(h);
	return 0;
}

void sim_tcp_finish(struct sim_half *h)
{
	if (h->state != HALF_OPEN)
		return;
	h->state = HALF_FINISHING;
	want(h);
}

/* ---- receiving ---- */

size_t sim_tcp_take(struct sim_half *own, void *buf, size_t cap, bool *ret_end)
{
	struct sim_half *h = own->other;
	struct segment *g;
	size_t n;

	*ret_end = false;
	if (list_empty(&h->arrived))
		return 0;
	g = CONTAINER_OF(list_first(&h->arrived), struct segment, node);
	if (g->kind == SEG_END) {
		*ret_end = true;
		segment_free(g);
		return 0;
	}
	n = g->n - g->taken < cap ? g->n - g->taken : cap;
	memcpy(buf, g->data + g->taken, n);
	g->taken += n;
	h->untaken -= n;
	if (g->taken == g->n)
		segment_free(g);
	if (h->n)
		want(h);
	return n;
}

/* ---- the end ---- */

void sim_tcp_leave(struct sim_half *h, bool reset)
{
	struct connection *c = h->conn;

	h->stream = NULL;
	if (h->state == HALF_CONNECTING) {
		kill(h);
		if (!h->other->stream)
			kill(h->other);
	} else if (reset || !list_empty(&h->other->arrived)) {
		/* Closing with bytes unread is a reset (RFC 1122 4.2.2.13). */
		if (h->state != HALF_DEAD)
			reset_other(h, err_from_errno(ECONNRESET));
		kill(h);
	} else if (h->state == HALF_OPEN || h->state == HALF_FINISHING) {
		/* What the system holds still goes. */
		if (h->n > WINDOW)
			h->n = WINDOW;
		h->state = HALF_FINISHING;
		want(h);
	}
	segments_free(&h->other->arrived);
	reap(c); /* the other end may go on sending; it hears a reset then */
}

void sim_break_connections(struct host *base)
{
	struct sim_host *m = sim_host_of(base);

	LIST_FOREACH_SAFE (it, &m->sim->connections) {
		struct connection *c = CONTAINER_OF(it, struct connection, link);

		for (size_t i = 0; i < ARRAY_LEN(c->half); i++) {
			struct sim_half *h = &c->half[i];

			if (!h->stream || sim_stream_machine(h->stream) != m || h->state == HALF_DEAD)
				continue;
			reset_other(h, err_from_errno(ECONNRESET));
			h->state = HALF_DEAD;
			sim_stream_failed(h->stream, err_from_errno(ECONNRESET));
		}
	}
}

void sim_segments(struct sim *s, size_t most)
{
	s->segment_max = most;
}
