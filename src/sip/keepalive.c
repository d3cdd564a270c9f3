/* Keep-alives (RFC 5626 4.4): one timer each, which waits, asks, and waits for the answer. */
#include "sip/keepalive_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/conn.h"
#include "sip/stun.h"

/* RFC 8489 6.2.1: over UDP a request is sent seven times, and fails 16 RTO after the last. */
#define STUN_RTO_MS 500u
#define STUN_SENDS  7u
#define STUN_LAST   16u /* RTO */

#define PING "\r\n\r\n"

enum keepalive_state {
	WAITING, /* for the next time */
	ASKED,   /* for the answer */
	FAILED
};

struct sip_keepalive {
	struct list link;
	struct sip_stack *stack;
	struct sip_flow flow;
	struct sip_keepalive_cfg cfg;
	struct sip_keepalive_handler handler;
	enum keepalive_state state;
	struct wheel_timer timer;
	unsigned sends;
	uint8_t id[STUN_ID_BYTES];
	struct netaddr mapped;
};

static void timer_due(void *arg);

/* RFC 5626 4.4.1: between 80 % and 100 %, so that a thousand clients of one server do not come at once. */
static void wait_for_next(struct sip_keepalive *k)
{
	uint32_t most = k->cfg.interval_s * 1000;

	k->state = WAITING;
	sip_stack_arm(k->stack, &k->timer, most - host_random_below(sip_stack_host(k->stack), most / 5 + 1));
}

/* It was answered. */
static void go_on(struct sip_keepalive *k)
{
	wait_for_next(k);
	if (k->handler.answered)
		k->handler.answered(k->handler.arg); /* last: its owner frees it */
}

static void fail(struct sip_keepalive *k, int err)
{
	wheel_stop(&k->timer);
	k->state = FAILED;
	if (k->handler.failed)
		k->handler.failed(k->handler.arg, err); /* last: its owner frees it */
}

static struct sip_conn *conn_of(const struct sip_keepalive *k)
{
	return sip_conn_find(k->stack, k->flow.conn);
}

int sip_keepalive_start(struct sip_stack *s, const struct sip_flow *flow, const struct sip_keepalive_cfg *cfg,
	const struct sip_keepalive_handler *handler, struct sip_keepalive **ret_keepalive)
{
	struct sip_keepalive *k;
	struct sip_conn *c = NULL;
	struct sip_flow kept = *flow;

	if (!sip_transport_is_open(flow->transport))
		return OH_ETRANSPORT;
	if (sip_flow_reliable(flow)) {
		c = sip_conn_known(flow);
		if (!c)
			return OH_ECONN;
		kept.conn = c->id;
	}
	k = mem_zalloc(sizeof(*k));
	if (!k)
		return OH_ENOMEM;
	k->stack = s;
	k->flow = kept;
	k->cfg = *cfg;
	k->handler = *handler;
	if (!k->cfg.interval_s)
		k->cfg.interval_s = c ? SIP_KEEPALIVE_STREAM_S : SIP_KEEPALIVE_UDP_S;
	wheel_timer_init(&k->timer, timer_due, k);
	list_append(&s->keepalives, &k->link);
	if (c)
		c->kept++;
	wait_for_next(k);
	*ret_keepalive = k;
	return 0;
}

struct sip_keepalive *sip_keepalive_free(struct sip_keepalive *k)
{
	struct sip_conn *c = k && k->flow.conn ? conn_of(k) : NULL;

	if (!k)
		return NULL;
	if (c)
		c->kept--;
	wheel_stop(&k->timer);
	list_remove(&k->link);
	mem_free(k);
	return NULL;
}

/* ---- asking ---- */

static void ask_conn(struct sip_keepalive *k)
{
	struct sip_conn *c = conn_of(k);
	int err = c ? sip_conn_send(c, SLICE_LIT(PING)) : OH_ECONN;

	if (err) {
		fail(k, err);
		return;
	}
	if (k->cfg.way == SIP_KEEPALIVE_BLIND) {
		wait_for_next(k);
		return;
	}
	c->pings++;
	k->state = ASKED;
	sip_stack_arm(k->stack, &k->timer, SIP_KEEPALIVE_PONG_S * 1000);
}

static void ask_blindly(struct sip_keepalive *k)
{
	int err = sip_flow_send(&k->flow, SLICE_LIT(PING));

	if (err)
		fail(k, err);
	else
		wait_for_next(k);
}

static void send_stun(struct sip_keepalive *k)
{
	uint8_t buf[STUN_BYTES_MAX];
	size_t n = stun_request(k->id, buf);
	int err = sip_flow_send(&k->flow, slice_make((const char *)buf, n));
	uint32_t rto = STUN_RTO_MS << k->sends++;

	if (err)
		fail(k, err);
	else
		sip_stack_arm(k->stack, &k->timer, k->sends < STUN_SENDS ? rto : STUN_LAST * STUN_RTO_MS);
}

static void ask(struct sip_keepalive *k)
{
	if (k->flow.conn) {
		ask_conn(k);
	} else if (k->cfg.way == SIP_KEEPALIVE_BLIND) {
		ask_blindly(k);
	} else {
		k->state = ASKED;
		k->sends = 0;
		host_random(sip_stack_host(k->stack), k->id, sizeof(k->id));
		send_stun(k);
	}
}

void sip_keepalive_now(struct sip_keepalive *k)
{
	/* By the timer, so that nobody is called from here. */
	if (k->state == WAITING)
		sip_stack_arm(k->stack, &k->timer, 0);
}

static void pong_is_due(struct sip_keepalive *k)
{
	struct sip_conn *c = conn_of(k);

	if (c && c->pings)
		sip_conn_lost(c, OH_ETIMEDOUT); /* 4.4.1; tells us too */
	else
		go_on(k);
}

static void timer_due(void *arg)
{
	struct sip_keepalive *k = arg;

	if (k->state == WAITING)
		ask(k);
	else if (k->flow.conn)
		pong_is_due(k);
	else if (k->sends < STUN_SENDS)
		send_stun(k);
	else
		fail(k, OH_ETIMEDOUT);
}

/* ---- what the network tells ---- */

static void answered(struct sip_keepalive *k, const struct netaddr *mapped)
{
	bool first = !k->mapped.family, changed = !first && !netaddr_eq(&k->mapped, mapped);

	if (!k->handler.mapped || !mapped->family || (!first && !changed)) {
		go_on(k);
		return;
	}
	wait_for_next(k);
	k->mapped = *mapped;
	k->handler.mapped(k->handler.arg, mapped, changed); /* last */
}

void sip_stun_receive(struct sip_stack *s, const struct sip_flow *flow, struct slice bytes)
{
	uint8_t buf[STUN_BYTES_MAX];
	struct stun_msg msg;

	switch (stun_parse(bytes, &msg)) {
	case STUN_REQUEST:
		sip_flow_send(flow, slice_make((const char *)buf, stun_answer(msg.id, &flow->remote, buf)));
		return;
	case STUN_ANSWER:
		LIST_FOREACH (it, &s->keepalives) {
			struct sip_keepalive *k = CONTAINER_OF(it, struct sip_keepalive, link);

			if (k->state == ASKED && memcmp(k->id, msg.id, sizeof(k->id)) == 0) {
				answered(k, &msg.mapped);
				return;
			}
		}
		break;
	case STUN_OTHER:
	case STUN_NONE:
		break;
	}
	sip_drop(s, flow, "STUN that is not for us");
}

typedef bool meant_fn(const struct sip_keepalive *k, const struct sip_flow *flow);

/* The owners may free any of them meanwhile: from the beginning after each. */
static void fail_all(struct sip_stack *s, meant_fn *meant, const struct sip_flow *flow, int err)
{
	for (struct list *it = s->keepalives.next; it != &s->keepalives;) {
		struct sip_keepalive *k = CONTAINER_OF(it, struct sip_keepalive, link);

		it = it->next;
		if (k->state == FAILED || !meant(k, flow))
			continue;
		fail(k, err);
		it = s->keepalives.next;
	}
}

static bool is_on_conn(const struct sip_keepalive *k, const struct sip_flow *flow)
{
	return k->flow.conn == flow->conn;
}

static bool is_on_transport(const struct sip_keepalive *k, const struct sip_flow *flow)
{
	return k->flow.transport == flow->transport;
}

static bool is_to_peer(const struct sip_keepalive *k, const struct sip_flow *flow)
{
	return is_on_transport(k, flow) && netaddr_eq(&k->flow.remote, &flow->remote);
}

void sip_keepalives_conn_gone(struct sip_stack *s, uint64_t conn, int err)
{
	const struct sip_flow flow = {.conn = conn};

	fail_all(s, is_on_conn, &flow, err);
}

void sip_keepalives_transport_gone(struct sip_stack *s, struct sip_transport *t)
{
	const struct sip_flow flow = {.transport = t};

	fail_all(s, is_on_transport, &flow, OH_ETRANSPORT);
}

void sip_keepalives_unreachable(struct sip_stack *s, struct sip_transport *t, const struct netaddr *peer)
{
	const struct sip_flow flow = {.transport = t, .remote = *peer};

	fail_all(s, is_to_peer, &flow, OH_EUNREACH);
}
