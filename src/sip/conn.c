/* Connections: how they come, are found, have their time, and go. */
#include "sip/conn.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/keepalive_impl.h"

#include <stdarg.h>
#include <stdio.h>

#define SAID_MAX 256u

static void timer_due(void *arg);

static uint64_t now_ns(const struct sip_conn *c)
{
	return host_now(c->transport->stack->host);
}

/* ---- finding ---- */

static uint64_t id_hash(struct sip_stack *s, uint64_t id)
{
	return hash_key(&s->conns_by_id, slice_make((const char *)&id, sizeof(id)), 0);
}

static uint64_t peer_hash(struct sip_stack *s, const struct sip_transport *t, const struct netaddr *peer)
{
	uint64_t h =
		hash_key(&s->conns_by_peer, slice_make((const char *)peer->ip, sizeof(peer->ip)), peer->port);

	return hash_key(&s->conns_by_peer, slice_make((const char *)&t, sizeof(struct sip_transport *)), h);
}

struct sip_conn *sip_conn_find(struct sip_stack *s, uint64_t id)
{
	for (struct hash_node *n = hash_first(&s->conns_by_id, id_hash(s, id)); n; n = hash_next(n)) {
		struct sip_conn *c = CONTAINER_OF(n, struct sip_conn, by_id);

		if (c->id == id)
			return c;
	}
	return NULL;
}

/* Behind a filter a connection was opened to a name, and its certificate was judged by it: it serves that name (RFC 5922
 * 7.3), who wants the address that it leads to, and who answers or knows no name. */
static bool serves(const struct sip_conn *c, const struct sip_flow *flow)
{
	struct netaddr ip;

	if (!c->filter || !flow->name || c->name == flow->name)
		return true;
	return netaddr_parse_ip(peer_names_text(&flow->transport->stack->names, flow->name), 0, &ip) == 0 &&
	       netaddr_eq_ip(&ip, &c->peer);
}

/* RFC 5923 8.2: the address that the peer advertised, and a certificate for the host that the URI asked for. */
static struct sip_conn *find_alias(const struct sip_flow *flow)
{
	struct sip_transport *t = flow->transport;
	struct sip_stack *s = t->stack;

	if (t->type != SIP_TRANSPORT_TLS || !flow->name)
		return NULL;
	for (struct hash_node *n = hash_first(&s->conns_by_alias, peer_hash(s, t, &flow->remote)); n;
		n = hash_next(n)) {
		struct sip_conn *c = CONTAINER_OF(n, struct sip_conn, by_alias);

		if (c->transport == t && c->state == CONN_OPEN && netaddr_eq(&c->alias, &flow->remote) &&
			filter_proves(c->filter, peer_names_text(&s->names, flow->name)))
			return c;
	}
	return NULL;
}

void sip_conn_note_alias(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow)
{
	struct sip_conn *c = sip_conn_find(s, flow->conn);
	const struct sip_via *via;

	if (!c || !c->accepted || c->alias.family != NETADDR_NONE || sip_msg_via(request, &via) ||
		!sip_param_find(via->params, SLICE_LIT("alias"), NULL))
		return;
	c->alias = c->peer;
	c->alias.port = via->port ? via->port : 5061;
	hash_insert(&s->conns_by_alias, &c->by_alias, peer_hash(s, c->transport, &c->alias));
}

static struct sip_conn *find_peer(const struct sip_flow *flow)
{
	struct sip_transport *t = flow->transport;
	const struct netaddr *peer = &flow->remote;
	struct sip_stack *s = t->stack;

	for (struct hash_node *n = hash_first(&s->conns_by_peer, peer_hash(s, t, peer)); n;
		n = hash_next(n)) {
		struct sip_conn *c = CONTAINER_OF(n, struct sip_conn, by_peer);

		if (c->transport == t && c->state != CONN_CLOSING && netaddr_eq(&c->peer, peer) &&
			serves(c, flow))
			return c;
	}
	return find_alias(flow);
}

struct sip_flow sip_conn_flow(const struct sip_conn *c)
{
	return (struct sip_flow){.transport = c->transport,
		.local = c->local,
		.remote = c->peer,
		.conn = c->id,
		.name = c->name};
}

/* ---- coming ---- */

static void conn_free(struct sip_conn *c)
{
	struct sip_stack *s = c->transport->stack;

	if (list_linked(&c->link)) {
		hash_remove(&s->conns_by_id, &c->by_id);
		hash_remove(&s->conns_by_peer, &c->by_peer);
		if (c->alias.family != NETADDR_NONE)
			hash_remove(&s->conns_by_alias, &c->by_alias);
		list_remove(&c->link);
		c->transport->n_conns--;
		s->counters.conns--;
	}
	wheel_stop(&c->timer);
	host_stream_close(c->stream);
	filter_free(c->filter);
	bytes_free(&c->in);
	bytes_free(&c->out);
	mem_free(c);
}

static void publish(struct sip_conn *c)
{
	struct sip_transport *t = c->transport;
	struct sip_stack *s = t->stack;

	c->id = ++s->conns_made;
	hash_insert(&s->conns_by_id, &c->by_id, id_hash(s, c->id));
	hash_insert(&s->conns_by_peer, &c->by_peer, peer_hash(s, t, &c->peer));
	list_append(&t->conns, &c->link);
	t->n_conns++;
	s->counters.conns++;
	c->used_ns = now_ns(c);
}

static int make_filter(struct sip_conn *c)
{
	const struct filter_maker *maker = &c->transport->maker;
	char peer[NETADDR_TEXT];
	const struct filter_ask ask = {.client = !c->accepted,
		.name = peer_names_text(&c->transport->stack->names, c->name),
		.peer = slice_of(netaddr_text(&c->peer, peer))};

	return maker->make ? maker->make(maker->arg, &ask, &c->filter) : 0;
}

static struct sip_conn *conn_new(struct sip_transport *t, const struct netaddr *peer)
{
	struct sip_conn *c = mem_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->transport = t;
	c->peer = *peer;
	wheel_timer_init(&c->timer, timer_due, c);
	return c;
}

/* What was decided of a connection that we have made: those of strangers are no decisions of ours. */
static __attribute__((format(printf, 2, 3))) void say(const struct sip_conn *c, const char *format, ...)
{
	char peer[NETADDR_TEXT], text[SAID_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sip_decided(c->transport->stack, SIP_DECIDED_CONNECTION, 0, "the connection with %s %s %s",
		sip_transport_name(c->transport->type), netaddr_text(&c->peer, peer), text);
}

/* Room for one more: the one that was not used for longest goes, unless it is young or kept. */
static bool make_room(struct sip_transport *t)
{
	uint64_t now = host_now(t->stack->host);

	if (t->n_conns < t->max_conns)
		return true;
	LIST_FOREACH (it, &t->conns) {
		struct sip_conn *c = CONTAINER_OF(it, struct sip_conn, link);

		if (now - c->used_ns < SIP_CONN_YOUNG_MS * NS_PER_MS)
			break;
		if (c->kept || c->state != CONN_OPEN)
			continue;
		if (!c->accepted)
			say(c, "gives its place to another: they are %zu", t->n_conns);
		/* Nothing waits on it for that long: transactions end before. So nobody needs to be told. */
		conn_free(c);
		return true;
	}
	return false;
}

static int connect_to(struct sip_transport *t, const struct sip_flow *flow, struct sip_conn **ret_conn)
{
	struct host_stream_cfg cfg = {.local = flow->local, .dscp = t->dscp, .send_max = SIP_CONN_OUT_MAX};
	struct host_stream_handler handler = sip_conn_handler;
	struct sip_conn *c;
	int err;

	if (!make_room(t))
		return OH_ETOOMANY;
	c = conn_new(t, &flow->remote);
	if (!c)
		return OH_ENOMEM;
	c->local = flow->local;
	c->name = flow->name;
	cfg.local.port = 0; /* the listener has the transport's own */
	handler.arg = c;
	err = make_filter(c);
	if (!err)
		err = host_stream_connect(t->stack->host, &c->peer, &cfg, &handler, &c->stream);
	if (err) {
		conn_free(c);
		return err;
	}
	publish(c);
	sip_conn_enter(c, CONN_CONNECTING);
	*ret_conn = c;
	return 0;
}

struct sip_conn *sip_conn_known(const struct sip_flow *flow)
{
	struct sip_conn *c = flow->conn ? sip_conn_find(flow->transport->stack, flow->conn) : NULL;

	return c && c->state != CONN_CLOSING ? c : find_peer(flow);
}

int sip_conn_for(const struct sip_flow *flow, struct sip_conn **ret_conn)
{
	struct sip_conn *c = sip_conn_known(flow);

	if (!c)
		return connect_to(flow->transport, flow, ret_conn);
	*ret_conn = c;
	return 0;
}

static size_t accepted_from(const struct sip_transport *t, const struct netaddr *ip)
{
	size_t n = 0;

	LIST_FOREACH (it, &t->conns) {
		const struct sip_conn *c = CONTAINER_OF(it, struct sip_conn, link);

		n += c->accepted && netaddr_eq_ip(&c->peer, ip);
	}
	return n;
}

static bool admitted(const struct sip_transport *t, const struct netaddr *peer)
{
	const struct sip_stack_cfg *cfg = &t->stack->cfg;

	return !cfg->admit_conn || cfg->admit_conn(cfg->admit_arg, t, peer);
}

void sip_conn_accept(struct sip_transport *t, struct host_stream *stream)
{
	struct host_stream_handler handler = sip_conn_handler;
	struct netaddr peer = host_stream_peer(stream);
	struct sip_conn *c = NULL;
	char text[NETADDR_TEXT];
	bool welcome = admitted(t, &peer);

	if (welcome && accepted_from(t, &peer) < t->max_conns_ip && make_room(t))
		c = conn_new(t, &peer);
	if (!c) {
		sip_stack_log(t->stack, LOG_WARN, "%s for a connection from %s",
			welcome ? "no room" : "no leave", netaddr_text(&peer, text));
		host_stream_reset(stream);
		return;
	}
	c->accepted = true;
	c->stream = stream;
	c->local = host_stream_local(stream);
	if (make_filter(c)) {
		conn_free(c);
		return;
	}
	publish(c);
	handler.arg = c;
	host_stream_handle(stream, &handler);
	sip_conn_begin(c);
}

/* ---- time ---- */

void sip_conn_used(struct sip_conn *c)
{
	c->used_ns = now_ns(c);
	list_remove(&c->link);
	list_append(&c->transport->conns, &c->link);
}

void sip_conn_arm(struct sip_conn *c)
{
	uint64_t now = now_ns(c), due = c->limit_ns;

	if (!due)
		due = c->used_ns + c->transport->idle_s * NS_PER_S;
	sip_stack_arm(
		c->transport->stack, &c->timer, due > now ? (due - now + NS_PER_MS - 1) / NS_PER_MS : 0);
}

void sip_conn_enter(struct sip_conn *c, enum conn_state state)
{
	static const uint32_t limit_ms[] = {
		[CONN_CONNECTING] = SIP_CONN_OPEN_MS,
		[CONN_OPENING] = SIP_CONN_OPEN_MS,
		[CONN_OPEN] = SIP_CONN_FIRST_MS,
		[CONN_CLOSING] = SIP_CONN_LINGER_MS,
	};

	c->state = state;
	c->limit_ns = now_ns(c) + limit_ms[state] * NS_PER_MS;
	if (state == CONN_OPEN && !c->accepted)
		c->limit_ns = 0;
	sip_conn_arm(c);
}

static void timer_due(void *arg)
{
	struct sip_conn *c = arg;
	char text[NETADDR_TEXT];

	if (c->limit_ns) {
		sip_stack_log(c->transport->stack, LOG_INFO, "connection with %s: %s took too long",
			netaddr_text(&c->peer, text),
			c->state == CONN_OPEN      ? "a message"
			: c->state == CONN_CLOSING ? "the end"
						   : "opening");
		sip_conn_lost(c, OH_ETIMEDOUT);
	} else if (c->kept || now_ns(c) < c->used_ns + c->transport->idle_s * NS_PER_S) {
		if (c->kept)
			c->used_ns = now_ns(c);
		sip_conn_arm(c); /* it was used since */
	} else {
		sip_conn_finish(c);
	}
}

/* ---- going ---- */

void sip_conn_finish(struct sip_conn *c)
{
	if (c->state == CONN_CLOSING)
		return;
	if (c->filter)
		filter_finish(c->filter);
	sip_conn_enter(c, CONN_CLOSING);
	host_stream_finish(c->stream);
}

/* To SIP there is no difference between the ways in which a connection is not to be had (RFC 3261 18.4). */
static int error_of(const struct sip_conn *c, int err)
{
	/* Who it is that answers there, or how: the program is told. In TLS 1.3 a client is through with the handshake before
	 * it hears that its certificate does not please. */
	if (c->filter && c->filter->state == FILTER_FAILED)
		err = c->filter->err;
	if (err == OH_ETLS || err == OH_ECERT || err == OH_ENOMEM)
		return err;
	if (c->state == CONN_CONNECTING || c->state == CONN_OPENING)
		return OH_EUNREACH;
	return err == OH_ETIMEDOUT ? err : OH_ECONN;
}

void sip_conn_lost(struct sip_conn *c, int err)
{
	struct sip_stack *s = c->transport->stack;
	struct sip_flow flow = sip_conn_flow(c);
	char text[NETADDR_TEXT];
	int why = error_of(c, err);

	if (c->state != CONN_CLOSING)
		sip_stack_log(s, LOG_INFO, "connection with %s has ended: %s", netaddr_text(&c->peer, text),
			c->filter && c->filter->state == FILTER_FAILED ? c->filter->why
								       : offhook_strerror(err));
	if (c->state != CONN_CLOSING && !c->accepted)
		say(c, "has ended: %s",
			c->filter && c->filter->state == FILTER_FAILED ? c->filter->why
								       : offhook_strerror(err));
	if (why == OH_ETLS || why == OH_ECERT)
		snprintf(s->secure_fault, sizeof(s->secure_fault), "%s", c->filter->why);
	conn_free(c);
	sip_txns_conn_gone(s, &flow, why);
	sip_keepalives_conn_gone(s, flow.conn, why);
}

void sip_conns_moved(struct sip_transport *t, struct list *gone)
{
	LIST_FOREACH_SAFE (it, &t->conns) {
		struct sip_conn *c = CONTAINER_OF(it, struct sip_conn, link);

		if (host_has_address(t->stack->host, &c->local))
			continue;
		c->state = CONN_CLOSING;
		list_remove(&c->link);
		list_append(gone, &c->link);
	}
}

void sip_conns_lose(struct list *gone)
{
	/* Who is told may end others of them. */
	while (!list_empty(gone))
		sip_conn_lost(CONTAINER_OF(list_first(gone), struct sip_conn, link), OH_ECONN);
}

void sip_conns_free_all(struct sip_transport *t)
{
	while (!list_empty(&t->conns))
		conn_free(CONTAINER_OF(list_first(&t->conns), struct sip_conn, link));
}
