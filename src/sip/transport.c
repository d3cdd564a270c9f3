/*
 * Transports (RFC 3261 18): what all kinds have in common. A transport is a local address over which messages
 * come and go; a flow is a transport with the two addresses of one exchange. What comes in is parsed here, in
 * the receiver's buffer, and handed to the transactions; what goes out passes sip_flow_send().
 */
#include "sip/conn.h"
#include "sip/stack_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "sip/conn.h"
#include "sip/keepalive_impl.h"

#include <stdio.h>

/* How long an answer of the system's routing table is believed. */
#define ROUTE_KEPT_NS NS_PER_S

#define INVALID_HOST_LEN 12u

/* It goes into Via and Contact as it is. */
static bool publishable(struct slice host)
{
	if (host.n > SIP_PUBLIC_HOST_MAX)
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] <= ' ' || host.p[i] > '~' || strchr("<>;,\"?@", host.p[i]))
			return false;
	return true;
}

/* As it stands in Via and Contact: IPv6 in brackets (RFC 3261 25.1 IPv6reference). NULL: memory is out. */
static char *sent_by_host(struct slice host)
{
	struct netaddr ip;
	char text[NETADDR_TEXT];

	if (netaddr_parse_ip(host, 0, &ip) == 0)
		host = slice_of(netaddr_ip_text(&ip, true, text));
	return slice_dup(host);
}

/* A pure client of WebSocket has no address to be reached at (RFC 7118 5, B.1). NULL: memory is out. */
static char *invalid_host(struct sip_stack *s)
{
	char name[INVALID_HOST_LEN + sizeof(".invalid")];

	sip_stack_token(s, name, INVALID_HOST_LEN);
	memcpy(name + INVALID_HOST_LEN, ".invalid", sizeof(".invalid"));
	return mem_strdup(name);
}

static int check(const struct sip_transport_cfg *cfg)
{
	if (cfg->type < SIP_TRANSPORT_UDP || cfg->type > SIP_TRANSPORT_WSS ||
		(cfg->type > SIP_TRANSPORT_TCP && !cfg->maker.make))
		return err_detail(OH_ENOTSUP, "this build has no such SIP transport");
	if (cfg->connect_only && cfg->type != SIP_TRANSPORT_WS && cfg->type != SIP_TRANSPORT_WSS)
		return err_detail(OH_EINVAL, "only WebSocket can do without being connected to");
	if (!publishable(cfg->public_host))
		return err_detail(
			OH_EINVAL, "'%.*s' is no host name to publish", SLICE_ARG(cfg->public_host));
	return 0;
}

static int transport_open(
	struct sip_stack *s, const struct sip_transport_cfg *cfg, struct sip_transport **ret_transport)
{
	struct sip_transport *t;
	int err = check(cfg);

	if (err)
		return err;
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return OH_ENOMEM;
	t->stack = s;
	t->type = cfg->type;
	list_init(&t->conns);
	t->connect_only = cfg->connect_only;
	if (cfg->connect_only || slice_present(cfg->public_host)) {
		t->public_host = cfg->connect_only ? invalid_host(s) : sent_by_host(cfg->public_host);
		err = OH_ENOMEM;
		if (!t->public_host)
			goto fail;
	}
	err = cfg->type == SIP_TRANSPORT_UDP ? sip_udp_open(t, cfg) : sip_stream_open(t, cfg);
	if (err)
		goto fail;
	t->public_port = cfg->public_port ? cfg->public_port : t->local.port;
	list_append(&s->transports, &t->link);
	s->counters.transports++;
	*ret_transport = t;
	return 0;
fail:
	mem_free(t->public_host);
	mem_free(t);
	return err;
}

int sip_transport_new(
	struct sip_stack *s, const struct sip_transport_cfg *cfg, struct sip_transport **ret_transport)
{
	int err = transport_open(s, cfg, ret_transport);

	if (err && cfg->maker.free)
		cfg->maker.free(cfg->maker.arg);
	return err;
}

/* The struct stays as a shell until the stack goes: flows are plain values that name it, in dialogs and ACKs,
 * and sending on them must be an error and not a crash. */
struct sip_transport *sip_transport_free(struct sip_transport *t)
{
	if (!t || !sip_transport_is_open(t))
		return NULL;
	if (t->type != SIP_TRANSPORT_UDP)
		sip_stream_close(t);
	t->dgram = host_dgram_close(t->dgram);
	list_remove(&t->link);
	list_append(&t->stack->closed_transports, &t->link);
	t->stack->counters.transports--;
	sip_locates_transport_gone(t->stack, t);
	sip_txns_transport_gone(t->stack, t);
	sip_keepalives_transport_gone(t->stack, t);
	return NULL;
}

void sip_transports_free_all(struct sip_stack *s)
{
	while (!list_empty(&s->transports))
		sip_transport_free(CONTAINER_OF(list_first(&s->transports), struct sip_transport, link));
	while (!list_empty(&s->closed_transports)) {
		struct sip_transport *t =
			CONTAINER_OF(list_first(&s->closed_transports), struct sip_transport, link);

		list_remove(&t->link);
		mem_free(t->public_host);
		mem_free(t);
	}
}

struct netaddr sip_transport_local(const struct sip_transport *t)
{
	return t->local;
}

enum sip_transport_type sip_transport_type(const struct sip_transport *t)
{
	return t->type;
}

const char *sip_transport_name(enum sip_transport_type type)
{
	static const char *const names[] = {"?", "UDP", "TCP", "TLS", "WS", "WSS"};

	return names[type];
}

int sip_transport_source(struct sip_transport *t, const struct netaddr *remote, struct netaddr *ret_local)
{
	struct host *h = t->stack->host;
	int err;

	if (!netaddr_is_any(&t->local)) {
		*ret_local = t->local;
		return 0;
	}
	if (!netaddr_eq_ip(&t->route_to, remote) || host_now(h) >= t->route_until) {
		err = host_route(h, remote, &t->route_from);
		if (err)
			return err;
		t->route_from.port = t->local.port;
		t->route_to = *remote;
		t->route_until = host_now(h) + ROUTE_KEPT_NS;
	}
	*ret_local = t->route_from;
	return 0;
}

int sip_flow_follow(struct sip_flow *f)
{
	struct netaddr local;
	int err;

	if (!sip_transport_is_open(f->transport))
		return OH_EUNREACH;
	err = sip_transport_source(f->transport, &f->remote, &local);
	if (!err && !host_has_address(f->transport->stack->host, &local))
		err = OH_EUNREACH;
	if (err)
		return err;
	f->local = local;
	return 0;
}

bool sip_stack_moved(struct sip_stack *s)
{
	bool astray = s->sent_astray;
	struct list gone;

	list_init(&gone);
	LIST_FOREACH (it, &s->transports) {
		struct sip_transport *t = CONTAINER_OF(it, struct sip_transport, link);

		t->route_until = 0;
		sip_conns_moved(t, &gone);
	}
	s->sent_astray = false;
	sip_conns_lose(&gone);
	return astray;
}

/* ---- flows ---- */

struct slice sip_flow_sent_by(const struct sip_flow *f, char *buf, size_t cap)
{
	char ip[NETADDR_TEXT];
	const char *host = f->transport->public_host;
	struct netaddr local = f->local;
	struct text t = text_in(buf, cap);

	local.scope = 0; /* a zone means nothing to others */
	text_str(&t, host ? host : netaddr_ip_text(&local, true, ip));
	if (!f->transport->connect_only) {
		text_str(&t, ":");
		text_u32(&t, f->transport->public_port);
	}
	return text_slice(&t);
}

bool sip_transport_is_secure(enum sip_transport_type type)
{
	return type == SIP_TRANSPORT_TLS || type == SIP_TRANSPORT_WSS;
}

/* RFC 7118 5.1: one name for both kinds of WebSocket. RFC 5630 3.1.4: a sips URI says nothing of TLS besides. */
static const char *contact_params(enum sip_transport_type type, bool secure)
{
	static const char *const params[] = {
		"", "", ";transport=tcp", ";transport=tls", ";transport=ws", ";transport=ws"};

	return secure && type == SIP_TRANSPORT_TLS ? "" : params[type];
}

int sip_flow_contact_as(const struct sip_flow *f, bool secure, struct slice user, char *buf, size_t cap,
	struct slice *ret_contact)
{
	enum sip_transport_type type = f->transport->type;
	char sent_by[SIP_SENT_BY_MAX];
	struct text t = text_in(buf, cap);

	if (secure && !sip_transport_is_secure(type))
		return OH_EINSECURE;
	text_str(&t, secure ? "<sips:" : "<sip:");
	text_put(&t, user);
	text_str(&t, slice_empty(user) ? "" : "@");
	text_put(&t, sip_flow_sent_by(f, sent_by, sizeof(sent_by)));
	text_str(&t, contact_params(type, secure));
	text_str(&t, ">");
	if (t.cut)
		return OH_ETOOBIG;
	*ret_contact = text_slice(&t);
	return 0;
}

int sip_flow_contact(
	const struct sip_flow *f, struct slice user, char *buf, size_t cap, struct slice *ret_contact)
{
	return sip_flow_contact_as(f, false, user, buf, cap, ret_contact);
}

bool sip_flow_reliable(const struct sip_flow *f)
{
	return f->transport && f->transport->type != SIP_TRANSPORT_UDP;
}

int sip_flow_send(const struct sip_flow *f, struct slice bytes)
{
	struct sip_transport *t = f->transport;
	struct sip_stack *s;
	int err;

	if (!t || !sip_transport_is_open(t))
		return OH_ETRANSPORT;
	s = t->stack;
	if (s->cfg.trace)
		s->cfg.trace(s->cfg.trace_arg, true, f, bytes);
	s->counters.tx_messages++;
	if (t->type != SIP_TRANSPORT_UDP) {
		err = sip_stream_send(f, bytes);
	} else {
		err = host_dgram_send(t->dgram, &f->remote, &f->local, bytes.p, bytes.n);
		/* An address that we have no more: by whatever way there is. RFC 3581's rport brings the answer. */
		if (err && err != OH_EAGAIN && !host_has_address(s->host, &f->local)) {
			s->sent_astray = true;
			t->route_until = 0;
			err = host_dgram_send(t->dgram, &f->remote, NULL, bytes.p, bytes.n);
		}
		if (err == OH_EAGAIN)
			err = 0; /* the socket's buffer is full; the retransmission timers make up for it */
	}
	if (err) {
		char text[NETADDR_TEXT];

		sip_stack_log(s, LOG_WARN, "cannot send to %s: %s", netaddr_text(&f->remote, text),
			offhook_strerror(err));
	}
	return err;
}

/* ---- what comes in ---- */

static void log_unwanted(struct sip_stack *s, const struct sip_flow *flow, const char *what, const char *why)
{
	uint32_t before = s->drop_rate.dropped;
	char text[NETADDR_TEXT], more[48] = "";

	if (!host_logs(s->host, LOG_DEBUG) || !rate_allow(&s->drop_rate, host_now(s->host)))
		return;
	if (before)
		snprintf(more, sizeof(more), " (and %u more since the last such line)", before);
	host_log(s->host, LOG_DEBUG, "sip", "%s a message from %s: %s%s", what,
		netaddr_text(&flow->remote, text), why, more);
}

void sip_drop(struct sip_stack *s, const struct sip_flow *flow, const char *why)
{
	s->counters.rx_dropped++;
	log_unwanted(s, flow, "dropped", why);
}

void sip_log_faulty(struct sip_stack *s, const struct sip_flow *flow, const char *why)
{
	log_unwanted(s, flow, "refused", why);
}

static void sort(struct sip_stack *s, struct sip_msg *msg, const struct sip_flow *flow)
{
	int err = sip_msg_check(msg);

	if (err == OH_ENOMEM) {
		sip_drop(s, flow, "out of memory");
	} else if (msg->is_request) {
		if (flow->transport->type == SIP_TRANSPORT_TLS && !msg->fault.status)
			sip_conn_note_alias(s, msg, flow);
		sip_uas_receive(s, msg, flow);
	} else if (msg->fault.status) {
		sip_drop(s, flow, msg->fault.what); /* RFC 3261 18.1.2: nobody could be told */
	} else {
		sip_client_receive(s, msg, flow);
	}
}

void sip_receive(struct sip_stack *s, const struct sip_flow *flow, struct slice bytes)
{
	struct sip_msg msg;
	int err;

	if (s->cfg.trace)
		s->cfg.trace(s->cfg.trace_arg, false, flow, bytes);
	err = sip_msg_parse(&msg, bytes);
	if (err == OH_EAGAIN)
		return; /* CRLF: it kept a NAT binding open (RFC 5626 3.5.1) and wants no answer over UDP */
	s->counters.rx_messages++;
	if (err) {
		sip_drop(s, flow, err == OH_ENOMEM ? "out of memory" : "not SIP");
		return;
	}
	sort(s, &msg, flow);
	sip_msg_free(&msg);
}
