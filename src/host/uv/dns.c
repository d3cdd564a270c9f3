/*
 * Questions to the domain name system through c-ares, with only the calls that 1.18 and 1.34 have in common.
 * Its sockets are polled by the loop, its time-outs hang on one timer. c-ares may answer from inside the
 * question and cannot forget a single question, so an answer is copied, waits in a list, and goes out from a
 * turn of the loop of its own.
 */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

/* Later releases mark the calls that 1.18 has as deprecated. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#define DNS_CLASS_IN   1
#define DNS_TIMEOUT_MS 1500 /* for the first try; c-ares doubles it */
#define DNS_TRIES      3
#define DNS_ADDRS_MAX  64 /* addresses of one name that are handed on */
#define SERVERS_MAX    8

struct uv_dns {
	struct uv_host *host;
	ares_channel channel;
	uv_timer_t timeout, deliver;
	unsigned open_timers;
	struct list sockets;
	struct list answered;
};

struct dns_socket {
	struct list node;
	uv_poll_t poll;
	ares_socket_t fd;
	struct uv_dns *dns;
};

enum query_state { ASKED, ANSWERED, ABANDONED };

struct uv_query {
	struct host_dns base;
	struct list node; /* in answered */
	struct uv_dns *dns;
	enum query_state state;
	int err;
	host_dns_fn *fn;
	host_addrs_fn *addrs_fn;
	void *arg;
	void *answer; /* bytes, or struct netaddr */
	size_t n;
	uint32_t ttl_s;
};

static void query_free(struct uv_query *q)
{
	list_remove(&q->node);
	mem_free(q->answer);
	mem_free(q);
}

static int err_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
	case ARES_EBADNAME:
	case ARES_EFORMERR:
		return OH_ERESOLVE;
	case ARES_ETIMEOUT:
		return OH_ETIMEDOUT;
	default:
		return OH_ETRANSPORT;
	}
}

/* ---- c-ares on the loop ---- */

static void on_timeout(uv_timer_t *timer);

static void aim_timeout(struct uv_dns *dns)
{
	struct timeval tv, *next = ares_timeout(dns->channel, NULL, &tv);

	if (next)
		uv_timer_start(&dns->timeout, on_timeout,
			(uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1, 0);
	else
		uv_timer_stop(&dns->timeout);
}

static void on_timeout(uv_timer_t *timer)
{
	struct uv_dns *dns = timer->data;

	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	aim_timeout(dns);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct dns_socket *s = poll->data;
	struct uv_dns *dns = s->dns;
	bool failed = status < 0;

	/* A failed socket is read and written, so that c-ares meets the error itself. */
	ares_process_fd(dns->channel, failed || events & UV_READABLE ? s->fd : ARES_SOCKET_BAD,
		failed || events & UV_WRITABLE ? s->fd : ARES_SOCKET_BAD);
	if (failed && list_linked(&s->node))
		uv_poll_start(poll, UV_READABLE, on_socket);
	aim_timeout(dns);
}

static void on_socket_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static struct dns_socket *find_socket(struct uv_dns *dns, ares_socket_t fd)
{
	LIST_FOREACH (it, &dns->sockets) {
		struct dns_socket *s = CONTAINER_OF(it, struct dns_socket, node);

		if (s->fd == fd)
			return s;
	}
	return NULL;
}

static struct dns_socket *socket_new(struct uv_dns *dns, ares_socket_t fd)
{
	struct dns_socket *s = mem_zalloc(sizeof(*s));

	if (!s)
		return NULL;
	if (uv_poll_init(&dns->host->loop, &s->poll, fd)) {
		mem_free(s);
		return NULL;
	}
	s->fd = fd;
	s->dns = dns;
	s->poll.data = s;
	list_append(&dns->sockets, &s->node);
	return s;
}

/* c-ares says what it wants to know of a socket; both 0: it closes it. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct uv_dns *dns = arg;
	struct dns_socket *s = find_socket(dns, fd);

	if (!readable && !writable) {
		if (!s)
			return;
		list_remove(&s->node);
		uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		return;
	}
	/* Without memory to watch it the question times out. */
	if (!s)
		s = socket_new(dns, fd);
	if (s)
		uv_poll_start(
			&s->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_socket);
}

/* ---- life ---- */

static int dns_new(struct uv_host *u, struct uv_dns **ret_dns)
{
	struct uv_dns *dns = mem_zalloc(sizeof(*dns));
	struct ares_options options = {.timeout = DNS_TIMEOUT_MS,
		.tries = DNS_TRIES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = dns};
	int status;

	if (!dns)
		return OH_ENOMEM;
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS) {
		status = ares_init_options(&dns->channel, &options,
			ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
		if (status != ARES_SUCCESS)
			ares_library_cleanup();
	}
	if (status != ARES_SUCCESS) {
		mem_free(dns);
		return status == ARES_ENOMEM ? OH_ENOMEM : OH_ETRANSPORT;
	}
	dns->host = u;
	list_init(&dns->sockets);
	list_init(&dns->answered);
	uv_timer_init(&u->loop, &dns->timeout);
	uv_timer_init(&u->loop, &dns->deliver);
	dns->timeout.data = dns->deliver.data = dns;
	dns->open_timers = 2;
	*ret_dns = dns;
	return 0;
}

static int dns_of(struct host *h, struct uv_dns **ret_dns)
{
	struct uv_host *u = uv_host_of(h);
	int err = u->dns ? 0 : dns_new(u, &u->dns);

	if (!err)
		*ret_dns = u->dns;
	return err;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct uv_dns *dns = handle->data;

	if (--dns->open_timers == 0)
		mem_free(dns);
}

void uv_dns_close(struct uv_dns *dns)
{
	if (!dns)
		return;
	/* Calls back for what was abandoned, and closes the sockets. */
	ares_destroy(dns->channel);
	ares_library_cleanup();
	while (!list_empty(&dns->answered))
		query_free(CONTAINER_OF(dns->answered.next, struct uv_query, node));
	uv_close((uv_handle_t *)&dns->timeout, on_timer_closed);
	uv_close((uv_handle_t *)&dns->deliver, on_timer_closed);
}

int uv_dns_servers(struct host *h, const struct netaddr *servers, size_t n)
{
	char list[SERVERS_MAX * (NETADDR_TEXT + 1)] = "", text[NETADDR_TEXT];
	struct uv_dns *dns;
	size_t used = 0;
	int err;

	if (n == 0 || n > SERVERS_MAX)
		return OH_EINVAL;
	err = dns_of(h, &dns);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		struct netaddr server = servers[i];

		server.port = server.port ? server.port : 53;
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, "%s%s", i ? "," : "", netaddr_text(&server, text));
	}
	return ares_set_servers_ports_csv(dns->channel, list) == ARES_SUCCESS ? 0 : OH_ETRANSPORT;
}

/* ---- questions and answers ---- */

static void on_deliver(uv_timer_t *timer)
{
	struct uv_dns *dns = timer->data;
	struct list batch;

	/* A question that an answer provokes is answered in a later turn. */
	list_init(&batch);
	while (!list_empty(&dns->answered)) {
		struct list *node = dns->answered.next;

		list_remove(node);
		list_append(&batch, node);
	}
	while (!list_empty(&batch)) {
		struct uv_query *q = CONTAINER_OF(batch.next, struct uv_query, node);

		list_remove(&q->node);
		q->base.host->counters.queries--;
		if (q->fn)
			q->fn(q->arg, q->err, q->answer, q->n);
		else
			q->addrs_fn(q->arg, q->err, q->answer, q->n, q->ttl_s);
		query_free(q);
	}
}

static void keep_answer(struct uv_query *q, int err)
{
	if (q->state == ABANDONED) {
		query_free(q);
		return;
	}
	q->state = ANSWERED;
	q->err = err;
	if (err)
		q->n = 0;
	list_append(&q->dns->answered, &q->node);
	uv_timer_start(&q->dns->deliver, on_deliver, 0, 0);
}

static void on_raw(void *arg, int status, int timeouts, unsigned char *answer, int n)
{
	struct uv_query *q = arg;
	int err = err_of(status);

	(void)timeouts;
	if (!err && n > 0) {
		q->answer = mem_alloc((size_t)n);
		if (q->answer)
			memcpy(q->answer, answer, (size_t)n);
		q->n = (size_t)n;
	}
	keep_answer(q, !err && !q->answer ? OH_ETRANSPORT : err);
}

static void on_addrs(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct uv_query *q = arg;
	struct netaddr *addrs = NULL;
	int err = err_of(status), ttl_s = INT_MAX;
	size_t n = 0;

	(void)timeouts;
	if (!err) {
		addrs = mem_zalloc(DNS_ADDRS_MAX * sizeof(*addrs));
		err = addrs ? 0 : OH_ETRANSPORT;
	}
	for (struct ares_addrinfo_node *it = err ? NULL : info->nodes; it && n < DNS_ADDRS_MAX;
		it = it->ai_next) {
		addrs[n] = uv_addr_from(it->ai_addr);
		n += addrs[n].family != NETADDR_NONE;
		/* 0 for what stands in the hosts file. */
		if (it->ai_ttl < ttl_s)
			ttl_s = it->ai_ttl;
	}
	if (info)
		ares_freeaddrinfo(info);
	q->answer = addrs;
	q->n = n;
	q->ttl_s = n && ttl_s > 0 ? (uint32_t)ttl_s : 0;
	keep_answer(q, !err && n == 0 ? OH_ERESOLVE : err);
}

static int query_new(struct host *h, void *arg, struct uv_query **ret_query)
{
	struct uv_dns *dns;
	struct uv_query *q;
	int err = dns_of(h, &dns);

	if (err)
		return err;
	q = mem_zalloc(sizeof(*q));
	if (!q)
		return OH_ENOMEM;
	q->base.host = h;
	q->dns = dns;
	q->arg = arg;
	*ret_query = q;
	return 0;
}

int uv_dns_query(
	struct host *h, const char *name, int type, host_dns_fn *fn, void *arg, struct host_dns **ret_query)
{
	struct uv_query *q;
	int err = query_new(h, arg, &q);

	if (err)
		return err;
	q->fn = fn;
	*ret_query = &q->base;
	ares_query(q->dns->channel, name, DNS_CLASS_IN, type, on_raw, q);
	aim_timeout(uv_host_of(h)->dns);
	return 0;
}

/* Answers from what is known here: nobody on the network is asked. */
static void answer_known(struct uv_query *q, const struct netaddr *known, size_t n, int family)
{
	struct netaddr *addrs = mem_zalloc(n * sizeof(*addrs));
	int err = addrs ? 0 : OH_ETRANSPORT;

	for (size_t i = 0; addrs && i < n; i++)
		if (family == 0 || family == known[i].family)
			addrs[q->n++] = known[i];
	q->answer = addrs;
	keep_answer(q, !err && !q->n ? OH_ERESOLVE : err);
}

/* "localhost" and what ends in it is this machine, whatever a server or a missing hosts file says (RFC 6761 6.3). */
static bool is_localhost(struct slice name)
{
	static const struct slice localhost = SLICE_LIT("localhost");

	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n > localhost.n && name.p[name.n - localhost.n - 1] == '.')
		name = slice_skip(name, name.n - localhost.n);
	return slice_ieq(name, localhost);
}

int uv_dns_addrs(struct host *h, const char *name, int family, host_addrs_fn *fn, void *arg,
	struct host_dns **ret_query)
{
	struct ares_addrinfo_hints hints = {
		/* In the order of the answer: RFC 3263 and the program's own preference sort,
		 * not the system. */
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = family == NETADDR_IP4   ? AF_INET
			     : family == NETADDR_IP6 ? AF_INET6
						     : AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
	};
	static const struct netaddr loopback[] = {
		{.family = NETADDR_IP4, .ip = {127, 0, 0, 1}}, {.family = NETADDR_IP6, .ip = {[15] = 1}}};
	struct netaddr literal;
	struct uv_query *q;
	int err = query_new(h, arg, &q);

	if (err)
		return err;
	q->addrs_fn = fn;
	*ret_query = &q->base;
	if (netaddr_parse_ip(slice_of(name), 0, &literal) == 0) {
		answer_known(q, &literal, 1, family);
		return 0;
	}
	if (is_localhost(slice_of(name))) {
		answer_known(q, loopback, ARRAY_LEN(loopback), family);
		return 0;
	}
	ares_getaddrinfo(q->dns->channel, name, NULL, &hints, on_addrs, q);
	aim_timeout(uv_host_of(h)->dns);
	return 0;
}

void uv_dns_cancel(struct host_dns *base)
{
	struct uv_query *q = (struct uv_query *)base;

	if (q->state == ANSWERED)
		query_free(q);
	else
		q->state = ABANDONED; /* c-ares still has it */
}
