#include "proxy.h"

#include "sip/digest.h"
#include "sip/msg.h"

#include <stdio.h>

#define TEXT_MAX 8192

struct proxy {
	struct proxy_cfg cfg;
	struct host *host;
	struct host_dgram *dgram;
	/* The call that may go on to cfg.then: its INVITE, and the last of its targets that was heard. */
	char invite[TEXT_MAX];
	size_t n_invite, at;
};

struct text {
	char p[TEXT_MAX];
	size_t n;
};

static __attribute__((format(printf, 2, 3))) void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->n += (size_t)vsnprintf(t->p + t->n, sizeof(t->p) - t->n, format, args);
	va_end(args);
	CHECK(t->n < sizeof(t->p));
}

static void send_to(struct proxy *p, struct slice ip, uint16_t port, const struct text *t)
{
	struct netaddr to;

	CHECK_OK(netaddr_parse_ip(ip, port ? port : 5060, &to));
	CHECK_OK(host_dgram_send(p->dgram, &to, NULL, t->p, t->n));
}

static void put_header(struct text *t, const struct sip_hdr *h)
{
	put(t, "%.*s: %.*s\r\n", SLICE_ARG(h->name), SLICE_ARG(h->value));
}

static bool is_us(const struct proxy *p, const struct sip_addr *route)
{
	return slice_eq(route->uri.host, slice_of(p->cfg.ip));
}

/* RFC 3261 16.4, 16.6: our own Route goes away, and the next hop is the next Route, the Request-URI when it is the
 * address of somebody else, or what we were told. */
static struct sip_uri next_hop(const struct proxy *p, struct sip_msg *m)
{
	struct sip_uri told = {.host = slice_of(p->cfg.next)};
	const struct sip_addr *routes;
	const struct sip_uri *ruri;
	struct netaddr address;
	size_t n = 0;

	if (sip_msg_routes(m, SIP_HDR_ROUTE, &routes, &n))
		n = 0;
	if (n > 0 && !is_us(p, &routes[0]))
		return routes[0].uri;
	if (n > 1)
		return routes[1].uri;
	CHECK_OK(sip_msg_ruri(m, &ruri));
	if (slice_eq(ruri->host, told.host) || netaddr_parse_ip(ruri->host, 0, &address) != 0)
		return told;
	return slice_eq(ruri->host, slice_of(p->cfg.ip)) ? told : *ruri;
}

static void forward_to(struct proxy *p, struct sip_msg *m, const struct sip_uri *next, const char *branch)
{
	const struct sip_addr *routes;
	const struct sip_via *via;
	struct slice line = slice_make(m->raw.p, slice_index(m->raw, '\r'));
	struct text t = {.n = 0};
	size_t n_routes = 0;

	CHECK_OK(sip_msg_via(m, &via));
	if (sip_msg_routes(m, SIP_HDR_ROUTE, &routes, &n_routes))
		n_routes = 0;
	put(&t, "%.*s\r\n", SLICE_ARG(line));
	/* The branch follows from that of the hop before, so that a CANCEL and an ACK get the same (16.11). */
	put(&t, "Via: SIP/2.0/UDP %s:5060;branch=%.*s%s\r\n", p->cfg.ip, SLICE_ARG(via->branch), branch);
	if (p->cfg.record_route && m->method == SIP_INVITE)
		put(&t, "Record-Route: <sip:%s;lr>\r\n", p->cfg.ip);
	for (size_t i = 0; i < n_routes; i++)
		if (i > 0 || !is_us(p, &routes[i]))
			put(&t, "Route: %.*s\r\n", SLICE_ARG(routes[i].text));
	for (size_t i = 0; i < m->n_hdrs; i++)
		if (m->hdrs[i].id != SIP_HDR_ROUTE)
			put_header(&t, &m->hdrs[i]);
	put(&t, "\r\n%.*s", SLICE_ARG(m->body));
	send_to(p, next->host, next->port, &t);
}

/* ---- going on after a refusal (RFC 3261 16.7) ---- */

/* Of the targets, `next` first. */
static const char *const branch_ends[PROXY_THEN_MAX + 1] = {"-p", "-r", "-s", "-t"};
#define FIRST_BRANCH branch_ends[0]

/* NULL: there are no more. */
static const char *target(const struct proxy *p, size_t i)
{
	return i == 0 ? p->cfg.next : i <= PROXY_THEN_MAX ? p->cfg.then[i - 1] : NULL;
}

/* Whose response is it? -1: nobody's of them. */
static int target_of(struct sip_msg *response)
{
	const struct sip_via *via;

	CHECK_OK(sip_msg_via(response, &via));
	for (size_t i = 0; i < ARRAY_LEN(branch_ends); i++)
		if (via->branch.n > 2 && memcmp(slice_end(via->branch) - 2, branch_ends[i], 2) == 0)
			return (int)i;
	return -1;
}

/* The ACK or CANCEL to the INVITE that this target got, which is a hop's own affair: with one Via. to: with its tag, if any. */
static void send_own(struct proxy *p, size_t i, const char *method, struct slice to)
{
	static const enum sip_hdr_id copied[] = {SIP_HDR_FROM, SIP_HDR_CALL_ID};
	struct text t = {.n = 0};
	const struct sip_cseq *cseq;
	const struct sip_via *via;
	struct sip_msg invite;

	CHECK_OK(sip_msg_parse(&invite, slice_make(p->invite, p->n_invite)));
	CHECK_OK(sip_msg_via(&invite, &via));
	CHECK_OK(sip_msg_cseq(&invite, &cseq));
	put(&t, "%s %.*s SIP/2.0\r\nMax-Forwards: 70\r\n", method, SLICE_ARG(invite.ruri_text));
	put(&t, "Via: SIP/2.0/UDP %s:5060;branch=%.*s%s\r\n", p->cfg.ip, SLICE_ARG(via->branch),
		branch_ends[i]);
	for (size_t k = 0; k < ARRAY_LEN(copied); k++)
		put_header(&t, sip_msg_hdr(&invite, copied[k]));
	put(&t, "To: %.*s\r\n", SLICE_ARG(slice_present(to) ? to : sip_msg_value(&invite, SIP_HDR_TO)));
	put(&t, "CSeq: %u %s\r\nContent-Length: 0\r\n\r\n", cseq->number, method);
	send_to(p, slice_of(target(p, i)), 0, &t);
	sip_msg_free(&invite);
}

static void send_on(struct proxy *p, size_t i)
{
	struct sip_uri to = {.host = slice_of(target(p, i))};
	struct sip_msg invite;

	CHECK_OK(sip_msg_parse(&invite, slice_make(p->invite, p->n_invite)));
	forward_to(p, &invite, &to, branch_ends[i]);
	sip_msg_free(&invite);
}

void proxy_give_up(struct proxy *p)
{
	if (p->n_invite && p->at == 0)
		send_own(p, 0, "CANCEL", SLICE_NONE);
}

/* An INVITE that begins a call. True: it has gone on already. */
static bool keep_invite(struct proxy *p, const struct sip_msg *m)
{
	if (p->at) {
		send_on(p, p->at);
		return true;
	}
	CHECK(m->raw.n <= sizeof(p->invite));
	memcpy(p->invite, m->raw.p, m->raw.n);
	p->n_invite = m->raw.n;
	return false;
}

/* A refusal is acknowledged only when the next one has been heard: until then its repeats bring the INVITE there again,
 * because the caller, who has had a 100, repeats nothing. */
static bool goes_on(struct proxy *p, struct sip_msg *m)
{
	int i = target_of(m);

	if (!p->cfg.then[0] || m->method != SIP_INVITE || i < 0)
		return false;
	if ((size_t)i > p->at)
		p->at = (size_t)i;
	if (m->status < 300 || !target(p, (size_t)i + 1))
		return false;
	if (p->at > (size_t)i)
		send_own(p, (size_t)i, "ACK", sip_msg_value(m, SIP_HDR_TO));
	else
		send_on(p, (size_t)i + 1);
	return true;
}

static void forward_request(struct proxy *p, struct sip_msg *m)
{
	bool begins = m->method == SIP_INVITE && !slice_present(sip_msg_to_tag(m));
	struct sip_uri next = next_hop(p, m), fork = {.host = slice_of(p->cfg.fork)};

	if (p->cfg.then[0] && begins && keep_invite(p, m))
		return;
	forward_to(p, m, &next, FIRST_BRANCH);
	if (p->cfg.fork && slice_eq(next.host, slice_of(p->cfg.next)) && !slice_present(sip_msg_to_tag(m)))
		forward_to(p, m, &fork, "-q");
}

static void forward_response(struct proxy *p, struct sip_msg *m)
{
	struct slice line = slice_make(m->raw.p, slice_index(m->raw, '\r'));
	struct text t = {.n = 0};
	const struct sip_via *vias;
	bool first = true;
	size_t n;

	CHECK_OK(sip_msg_vias(m, &vias, &n));
	if (n == 1 || goes_on(p, m))
		return; /* to something of our own */
	put(&t, "%.*s\r\n", SLICE_ARG(line));
	for (size_t i = 0; i < m->n_hdrs; i++) {
		if (m->hdrs[i].id == SIP_HDR_VIA && first)
			first = false;
		else
			put_header(&t, &m->hdrs[i]);
	}
	put(&t, "\r\n%.*s", SLICE_ARG(m->body));
	send_to(p, vias[1].host, vias[1].port, &t);
}

static void answer_with(struct proxy *p, struct sip_msg *m, const char *status)
{
	static const enum sip_hdr_id copied[] = {SIP_HDR_VIA, SIP_HDR_FROM, SIP_HDR_CALL_ID, SIP_HDR_CSEQ};
	const struct sip_via *via;
	struct text t = {.n = 0};

	CHECK_OK(sip_msg_via(m, &via));
	put(&t, "SIP/2.0 %s", status);
	for (size_t i = 0; i < ARRAY_LEN(copied); i++)
		for (const struct sip_hdr *h = sip_msg_hdr(m, copied[i]); h; h = sip_msg_hdr_next(m, h))
			put_header(&t, h);
	put(&t, "To: %.*s", SLICE_ARG(sip_msg_value(m, SIP_HDR_TO)));
	if (!slice_present(sip_msg_to_tag(m)))
		put(&t, ";tag=%s", p->cfg.ip);
	put(&t, "\r\n");
	put(&t, "Content-Length: 0\r\n\r\n");
	send_to(p, via->host, via->port, &t);
}

/* Without state: a repeated INVITE is answered again, an ACK is absorbed. */
static void answer(struct proxy *p, struct sip_msg *m)
{
	if (m->method == SIP_INVITE)
		answer_with(p, m, p->cfg.answer);
}

/* The proof itself is not looked at here: test_client_auth.c does. */
static bool has_credentials(const struct proxy *p, const struct sip_msg *m)
{
	struct digest_fields f;

	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_PROXY_AUTHORIZATION); h;
		h = sip_msg_hdr_next(m, h)) {
		CHECK_OK(digest_parse(h->value, &f));
		if (slice_eq(f.f[DIGEST_REALM], slice_of(p->cfg.realm)) &&
			slice_eq(f.f[DIGEST_NONCE], m->method_text))
			return true;
	}
	return false;
}

/* True: answered, or the ACK to such an answer. */
static bool challenged(struct proxy *p, struct sip_msg *m)
{
	char status[200];

	if (!p->cfg.realm)
		return false;
	if (m->method == SIP_ACK)
		return slice_eq(sip_msg_to_tag(m), slice_of(p->cfg.ip));
	if ((m->method != SIP_INVITE && m->method != SIP_BYE) || has_credentials(p, m))
		return false;
	snprintf(status, sizeof(status),
		"407 Proxy Authentication Required\r\nProxy-Authenticate: Digest realm=\"%s\", "
		"nonce=\"%.*s\", "
		"stale=true, qop=\"auth\"\r\n",
		p->cfg.realm, SLICE_ARG(m->method_text));
	answer_with(p, m, status);
	return true;
}

static void on_readable(void *arg)
{
	struct proxy *p = arg;
	struct sip_msg msg;
	struct host_rx rx;
	char buf[TEXT_MAX];

	while (host_dgram_recv(p->dgram, buf, sizeof(buf), &rx) == 0) {
		CHECK_OK(sip_msg_parse(&msg, slice_make(buf, rx.n)));
		if (msg.status)
			forward_response(p, &msg);
		else if (!challenged(p, &msg))
			(p->cfg.answer ? answer : forward_request)(p, &msg);
		sip_msg_free(&msg);
	}
}

struct proxy *proxy_new(struct sim *sim, const struct proxy_cfg *cfg)
{
	struct host_dgram_handler handler = {.readable = on_readable};
	struct host_dgram_cfg dgram = {.local = {.family = NETADDR_IP4}};
	struct proxy *p = calloc(1, sizeof(*p));

	CHECK(p);
	p->cfg = *cfg;
	handler.arg = p;
	CHECK_OK(sim_host_new(sim, cfg->ip, &p->host));
	CHECK_OK(netaddr_parse_ip(slice_of(cfg->ip), 5060, &dgram.local));
	CHECK_OK(host_dgram_open(p->host, &dgram, &p->dgram));
	CHECK_OK(host_dgram_watch(p->dgram, &handler));
	return p;
}

void proxy_free(struct proxy *p)
{
	if (!p)
		return;
	host_dgram_close(p->dgram);
	host_free(p->host);
	free(p);
}
