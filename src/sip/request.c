/*
 * Requests on their way out: printing, finding the next hop, the Via that goes in when the hop is known, and
 * the messages made from a request: its CANCEL, the ACK to its refusal, and the ACK to a 2xx (which is a
 * message of its own, sip_ack).
 */
#include "sip/draft.h"
#include "sip/txn_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "sip/route.h"

#define MAX_FORWARDS "70" /* RFC 3261 8.1.1.6 */
#define VIA_LINE_MAX (SIP_SENT_BY_MAX + 80u)
/* 200 bytes below the 1,500 of an unknown path (18.1.1); our Via is not in it yet when it is looked at. */
#define SIP_UDP_REQUEST_MAX 1300u
#define VIA_LINE_USUAL      84u

/* Into the stack's room, without Via. */
static int print_aimed(struct sip_stack *s, const struct sip_request *req, struct slice credentials,
	struct request_text *ret_text)
{
	struct slice method = req->method ? slice_of(sip_method_name(req->method)) : req->method_text;
	struct request_text t = {.p = s->out, .number = req->cseq, .uri = (uint32_t)method.n + 1};
	struct sip_writer w;
	struct slice text;
	int err;

	sipw_init(&w, s->out, sizeof(s->out));
	sipw_request_line(&w, method, req->target);
	t.via = (uint32_t)w.n;
	for (size_t i = 0; i < req->n_routes; i++)
		sipw_hdr(&w, SIP_HDR_ROUTE, req->routes[i]);
	sipw_hdr(&w, SIP_HDR_MAX_FORWARDS, SLICE_LIT(MAX_FORWARDS));
	sipw_hdr(&w, SIP_HDR_FROM, req->from);
	sipw_hdr(&w, SIP_HDR_CALL_ID, req->call_id);
	t.to = (uint32_t)w.n;
	sipw_hdr(&w, SIP_HDR_TO, req->to);
	t.cseq = (uint32_t)w.n;
	sipw_cseq(&w, req->cseq, method);
	t.auth = (uint32_t)w.n;
	sipw_put(&w, credentials);
	t.auth_end = (uint32_t)w.n;
	if (slice_present(req->contact))
		sipw_hdr(&w, SIP_HDR_CONTACT, req->contact);
	if (!slice_empty(s->cfg.user_agent))
		sipw_hdr(&w, SIP_HDR_USER_AGENT, s->cfg.user_agent);
	sipw_extras(&w, req->extras, req->n_extras);
	sipw_body(&w, req->content_type, req->body);
	err = sipw_end(&w, &text);
	if (err)
		return err;
	t.body = (uint32_t)(text.n - req->body.n);
	if (s->cfg.edit)
		t.body = (uint32_t)draft_show(s, &text, t.auth_end);
	t.n = (uint32_t)text.n;
	*ret_text = t;
	return 0;
}

static int print_strict(struct sip_stack *s, const struct sip_request *req, const struct sip_uri *first,
	struct slice credentials, struct request_text *ret_text)
{
	struct sip_request aimed = *req;
	struct route_aim aim;
	int err = route_aim_strict(req, first, &aim);

	if (err)
		return err;
	aimed.target = aim.target;
	aimed.routes = aim.routes;
	aimed.n_routes = aim.n_routes;
	return print_aimed(s, &aimed, credentials, ret_text);
}

static int print_routed(struct sip_stack *s, const struct sip_request *req, struct slice credentials,
	struct request_text *ret_text)
{
	struct sip_uri first;
	int err = route_first(req, &first);

	if (err)
		return err;
	return route_is_strict(req, &first) ? print_strict(s, req, &first, credentials, ret_text)
					    : print_aimed(s, req, credentials, ret_text);
}

static int print_secure(struct sip_stack *s, const struct sip_request *req, struct slice credentials,
	struct request_text *ret_text)
{
	struct sip_request aimed = *req;
	struct route_aim aim;
	int err = route_aim_secure(req, &aim);

	if (err)
		return err;
	aimed.routes = aim.routes;
	return print_routed(s, &aimed, credentials, ret_text);
}

static int print(struct sip_stack *s, const struct sip_request *req, struct slice credentials,
	struct request_text *ret_text)
{
	if (req->n_routes == 0)
		return print_aimed(s, req, credentials, ret_text);
	return sip_is_sips(req->target) ? print_secure(s, req, credentials, ret_text)
					: print_routed(s, req, credentials, ret_text);
}

/* A copy of its own with `via` behind the request line. */
static int keep(const struct request_text *from, struct slice via, struct request_text *ret_text)
{
	struct request_text t = *from;
	uint32_t more = (uint32_t)via.n;

	if (t.n + more > SIP_MSG_MAX)
		return OH_ETOOBIG;
	t.p = mem_alloc(t.n + more);
	if (!t.p)
		return OH_ENOMEM;
	memcpy(t.p, from->p, from->via);
	if (more)
		memcpy(t.p + t.via, via.p, more);
	memcpy(t.p + t.via + more, from->p + from->via, from->n - from->via);
	t.n += more;
	t.to += more;
	t.cseq += more;
	t.auth += more;
	t.auth_end += more;
	t.body += more;
	*ret_text = t;
	return 0;
}

/* RFC 3261 8.1.1.7; RFC 3581 3: rport asks the peer to answer to where we came from; RFC 5923 8.1: by our connections of TLS
 * we take requests too. */
static struct slice via_line(const struct outgoing *o, char buf[VIA_LINE_MAX])
{
	char sent_by[SIP_SENT_BY_MAX];
	struct text t = text_in(buf, VIA_LINE_MAX);

	text_str(&t, "Via: SIP/2.0/");
	text_str(&t, sip_transport_name(o->flow.transport->type));
	text_str(&t, " ");
	text_put(&t, sip_flow_sent_by(&o->flow, sent_by, sizeof(sent_by)));
	text_str(&t, ";branch=");
	text_str(&t, o->branch);
	text_str(&t, ";rport");
	text_str(&t, o->flow.transport->type == SIP_TRANSPORT_TLS ? ";alias\r\n" : "\r\n");
	return text_slice(&t);
}

bool request_wants_tls(const struct sip_request *req)
{
	return req->secure || sip_is_sips(req->target);
}

bool sip_request_is_sips(const struct sip_request *req)
{
	struct sip_uri first;

	if (sip_is_sips(req->target))
		return true;
	return req->n_routes && route_first(req, &first) == 0 && first.scheme == SIP_SCHEME_SIPS;
}

int request_next_hop(const struct sip_request *req, struct sip_uri *ret_uri)
{
	if (req->n_servers)
		return sip_uri_parse(req->servers[0], ret_uri);
	return route_first(req, ret_uri);
}

static struct other_ways *other_ways(const struct sip_flow *flows, size_t n)
{
	struct other_ways *w = n ? mem_alloc(sizeof(*w) + n * sizeof(*flows)) : NULL;

	if (w) {
		w->n = n;
		w->next = 0;
		memcpy(w->list, flows, n * sizeof(*flows));
	}
	return w;
}

/* The same peer over TCP, from the same address. */
static bool tcp_way(struct sip_stack *s, const struct sip_flow *udp, struct sip_flow *ret_tcp)
{
	LIST_FOREACH (it, &s->transports) {
		struct sip_flow f = {
			.transport = CONTAINER_OF(it, struct sip_transport, link), .remote = udp->remote};

		if (f.transport->type != SIP_TRANSPORT_TCP ||
			f.transport->local.family != udp->remote.family ||
			sip_transport_source(f.transport, &f.remote, &f.local) ||
			!netaddr_eq_ip(&f.local, &udp->local))
			continue;
		*ret_tcp = f;
		return true;
	}
	return false;
}

/* RFC 3261 18.1.1: a request that might be cut into fragments goes over TCP, and over UDP when that is refused; then the
 * peer is remembered for a while as one without TCP. An ACK goes as it was told: nobody would try it again. */
static bool outgrows_udp(struct outgoing *o, const struct request_text *bare, const struct sip_flow *udp,
	struct sip_flow *ret_tcp)
{
	struct sip_flow both[2] = {{0}, *udp};

	if (udp->transport->type != SIP_TRANSPORT_UDP || bare->n + VIA_LINE_USUAL <= SIP_UDP_REQUEST_MAX ||
		slice_starts(slice_make(bare->p, bare->n), SLICE_LIT("ACK ")) ||
		!tcp_way(o->stack, udp, &both[0]))
		return false;
	sip_targets_sort(o->stack, both, 2);
	*ret_tcp = both[0];
	return both[0].transport != udp->transport;
}

static struct slice method_of(const struct request_text *t)
{
	return slice_make(t->p, t->uri - 1);
}

static void choose_way(
	struct outgoing *o, const struct request_text *bare, const struct sip_flow *flows, size_t n)
{
	char text[NETADDR_TEXT];

	if (outgrows_udp(o, bare, &flows[0], &o->flow)) {
		o->others = other_ways(flows, n);
		sip_decided(o->stack, SIP_DECIDED_SIZE, o->about,
			"%.*s of %u bytes is too large for UDP and goes to TCP %s",
			SLICE_ARG(method_of(bare)), bare->n, netaddr_text(&o->flow.remote, text));
		return;
	}
	o->flow = flows[0];
	o->others = other_ways(flows + 1, n - 1);
}

/* The way is known: the Via goes in. */
static int take_way(struct outgoing *o, const struct sip_flow *flows, size_t n)
{
	char via[VIA_LINE_MAX];
	struct request_text bare = o->text;

	choose_way(o, &bare, flows, n);
	return keep(&bare, via_line(o, via), &o->text);
}

static void located(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct outgoing *o = arg;
	struct request_text bare = o->text;

	o->query = NULL;
	if (!err && n == 0)
		err = OH_ERESOLVE;
	if (!err) {
		sip_decided_target(o->stack, o->about, method_of(&bare), &flows[0]);
		err = take_way(o, flows, n);
	}
	if (!o->ready) {
		o->err = err; /* still inside outgoing_start(); bare is in the stack's room */
		return;
	}
	if (!err)
		mem_free(bare.p);
	o->ready(o->arg, err);
}

int sip_request_hops(
	const struct sip_request *req, struct sip_uri list[SIP_HOPS_MAX], struct sip_hops *ret_hops)
{
	struct sip_hops hops = {
		.list = list, .n = req->n_servers, .prefer = req->prefer, .secure = request_wants_tls(req)};
	int err = req->n_servers > SIP_HOPS_MAX ? OH_ETOOBIG : 0;

	if (req->n_servers == 0) {
		hops.n = 1;
		err = route_first(req, list);
	}
	for (size_t i = 0; i < req->n_servers && !err; i++)
		err = sip_uri_parse(req->servers[i], &list[i]);
	if (!err)
		*ret_hops = hops;
	return err;
}

static int locate(struct outgoing *o, const struct sip_request *req)
{
	struct sip_uri list[SIP_HOPS_MAX];
	struct sip_hops hops;
	int err;

	if (req->flow.transport) {
		if (request_wants_tls(req) && !sip_transport_is_secure(req->flow.transport->type))
			return err_detail(
				OH_EINSECURE, "'%.*s' is not reached by TLS", SLICE_ARG(req->target));
		return take_way(o, &req->flow, 1);
	}
	err = sip_request_hops(req, list, &hops);
	if (err)
		return err;
	err = sip_locate_any(o->stack, &hops, located, o, &o->query);
	if (err)
		return err;
	if (!o->query)
		return o->err;
	err = keep(&o->text, SLICE_NONE, &o->text);
	if (err) {
		sip_locate_cancel(o->query);
		o->query = NULL;
	}
	return err;
}

static void new_branch(struct outgoing *o)
{
	memcpy(o->branch, "z9hG4bK", 7);
	sip_stack_token(o->stack, o->branch + 7, SIP_BRANCH_TOKEN);
}

int outgoing_start(struct outgoing *o, struct sip_stack *s, const struct sip_request *req,
	struct slice credentials, void (*ready)(void *arg, int err), void *arg)
{
	int err;

	*o = (struct outgoing){.stack = s, .arg = arg, .about = req->about};
	new_branch(o);
	err = print(s, req, credentials, &o->text);
	if (!err)
		err = locate(o, req);
	if (err) {
		mem_free(o->others);
		o->others = NULL;
		o->text = (struct request_text){0}; /* nothing was kept */
	}
	o->ready = ready;
	return err;
}

int outgoing_send(const struct outgoing *o)
{
	return sip_flow_send(&o->flow, slice_make(o->text.p, o->text.n));
}

/* Where a request's own lines begin: behind our Via, which is its first header. */
static uint32_t behind_via(const struct request_text *t)
{
	const char *end = memchr(t->p + t->via, '\n', t->n - t->via);

	return (uint32_t)(end + 1 - t->p);
}

int outgoing_again(const struct outgoing *from, const struct sip_flow *flow, uint32_t cseq,
	struct slice credentials, struct outgoing *ret_next)
{
	struct outgoing next = {.stack = from->stack, .flow = *flow};
	const struct request_text *old = &from->text;
	struct request_text t = {.uri = old->uri, .via = old->via, .number = cseq};
	uint32_t own = behind_via(old);
	struct slice method = slice_make(old->p, old->uri - 1);
	char via[VIA_LINE_MAX];
	struct sip_writer w;
	int err;

	new_branch(&next);
	sipw_init(&w, from->stack->out, sizeof(from->stack->out));
	sipw_put(&w, slice_make(old->p, old->via));
	sipw_put(&w, via_line(&next, via));
	t.to = (uint32_t)w.n + old->to - own;
	sipw_put(&w, slice_make(old->p + own, old->cseq - own));
	t.cseq = (uint32_t)w.n;
	sipw_cseq(&w, cseq, method);
	t.auth = (uint32_t)w.n;
	sipw_put(&w, credentials);
	t.auth_end = (uint32_t)w.n;
	t.body = t.auth_end + old->body - old->auth_end;
	sipw_put(&w, slice_make(old->p + old->auth_end, old->n - old->auth_end));
	if (w.err || w.n > w.cap)
		return w.err ? w.err : OH_ETOOBIG;
	t.p = w.buf;
	t.n = (uint32_t)w.n;
	err = keep(&t, SLICE_NONE, &next.text);
	if (err == 0)
		*ret_next = next;
	return err;
}

void outgoing_trim(struct outgoing *o)
{
	char *shorter;

	if (o->text.n <= o->text.cseq)
		return;
	shorter = mem_realloc(o->text.p, o->text.cseq);
	if (shorter)
		o->text.p = shorter;
	o->text.n = o->text.cseq;
}

void outgoing_drop(struct outgoing *o)
{
	sip_locate_cancel(o->query);
	o->query = NULL;
	mem_free(o->others);
	o->others = NULL;
	mem_free(o->text.p);
	o->text = (struct request_text){0};
}

struct slice outgoing_credentials(const struct outgoing *o)
{
	if (!o->text.p || o->text.auth_end > o->text.n)
		return SLICE_NONE; /* trimmed away */
	return slice_make(o->text.p + o->text.auth, o->text.auth_end - o->text.auth);
}

void outgoing_keep_credentials(struct outgoing *o)
{
	struct slice lines = outgoing_credentials(o);
	char *kept = slice_empty(lines) ? NULL : mem_alloc(lines.n);

	if (kept)
		memcpy(kept, lines.p, lines.n);
	outgoing_drop(o);
	if (kept)
		o->text = (struct request_text){
			.p = kept, .n = (uint32_t)lines.n, .auth_end = (uint32_t)lines.n};
}

struct slice outgoing_uri(const struct outgoing *o)
{
	size_t n = o->text.via - o->text.uri - strlen(" SIP/2.0\r\n");

	return slice_make(o->text.p + o->text.uri, n);
}

struct slice outgoing_body(const struct outgoing *o)
{
	return slice_make(o->text.p + o->text.body, o->text.n - o->text.body);
}

struct slice outgoing_branch(const struct outgoing *o)
{
	return slice_make(o->branch, SIP_BRANCH_MAX - 1);
}

/* ---- what is made from an INVITE ---- */

/* Request line and headers up to To; the caller goes on from there. */
static void begin_like(struct sip_writer *w, const struct outgoing *invite, const char *method,
	struct request_text *ret_text)
{
	const struct request_text *from = &invite->text;
	size_t n = strlen(method);

	sipw_init(w, invite->stack->out, sizeof(invite->stack->out));
	sipw_put(w, slice_of(method));
	sipw_put(w, SLICE_LIT(" "));
	sipw_put(w, slice_make(from->p + from->uri, from->to - from->uri));
	*ret_text = (struct request_text){
		.p = w->buf,
		.uri = (uint32_t)n + 1,
		.via = from->via - from->uri + (uint32_t)n + 1,
		.to = (uint32_t)w->n,
		.number = from->number,
	};
}

int outgoing_cancel(
	struct outgoing *o, const struct outgoing *invite, const struct sip_extra *extras, size_t n_extras)
{
	struct sip_writer w;
	struct request_text t;
	struct slice text;
	size_t tail;
	int err;

	begin_like(&w, invite, "CANCEL", &t);
	sipw_put(&w, slice_make(invite->text.p + invite->text.to, invite->text.cseq - invite->text.to));
	t.cseq = (uint32_t)w.n;
	sipw_cseq(&w, t.number, SLICE_LIT("CANCEL"));
	tail = w.n;
	sipw_extras(&w, extras, n_extras);
	sipw_body(&w, SLICE_NONE, SLICE_NONE);
	err = sipw_end(&w, &text);
	if (err)
		return err;
	if (invite->stack->cfg.edit)
		(void)draft_show(invite->stack, &text, tail);
	t.n = (uint32_t)text.n;
	*o = (struct outgoing){.stack = invite->stack, .flow = invite->flow};
	memcpy(o->branch, invite->branch, sizeof(o->branch));
	return keep(&t, SLICE_NONE, &o->text);
}

int outgoing_ack(const struct outgoing *invite, const struct sip_msg *response)
{
	struct sip_writer w;
	struct request_text t;
	struct slice text;
	size_t tail;
	int err;

	begin_like(&w, invite, "ACK", &t);
	sipw_copy(&w, response, SIP_HDR_TO);
	sipw_cseq(&w, t.number, SLICE_LIT("ACK"));
	tail = w.n;
	sipw_body(&w, SLICE_NONE, SLICE_NONE);
	err = sipw_end(&w, &text);
	if (err)
		return err;
	if (invite->stack->cfg.edit)
		(void)draft_show(invite->stack, &text, tail);
	return sip_flow_send(&invite->flow, text);
}

/* ---- the ACK to a 2xx ---- */

struct sip_ack {
	struct outgoing out;
};

static void ack_ready(void *arg, int err)
{
	struct sip_ack *a = arg;

	if (err)
		outgoing_drop(&a->out); /* without a way there the peer repeats its 2xx until it gives up */
	else
		sip_ack_again(a);
}

int sip_ack_send(struct sip_stack *s, const struct sip_request *req, struct sip_ack **ret_ack)
{
	struct sip_ack *a = mem_alloc(sizeof(*a));
	int err;

	if (!a)
		return OH_ENOMEM;
	err = outgoing_start(
		&a->out, s, req, req->invite ? client_credentials(req->invite) : SLICE_NONE, ack_ready, a);
	if (!err && !a->out.query)
		err = outgoing_send(&a->out);
	if (err) {
		sip_ack_free(a);
		return err;
	}
	*ret_ack = a;
	return 0;
}

void sip_ack_again(struct sip_ack *a)
{
	if (a->out.query || !a->out.text.p)
		return;
	outgoing_send(&a->out);
}

struct sip_ack *sip_ack_free(struct sip_ack *a)
{
	if (!a)
		return NULL;
	outgoing_drop(&a->out);
	mem_free(a);
	return NULL;
}
