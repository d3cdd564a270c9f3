/* TCP sockets of simulated machines. Whatever the way has to tell is noted and told by an event of the machine's own. */
#include "host/sim/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>

#define READ_BYTES       4096u /* in one go */
#define FIRST_FREE_PORT  32768
#define LAST_FREE_PORT   60999
#define LISTENER_BACKLOG 128u

enum news {
	NEWS_ACCEPTED = 1, /* its listener does not know it yet */
	NEWS_OPENED = 2,
	NEWS_ARRIVED = 4,
	NEWS_DRAINED = 8,
	NEWS_FAILED = 16
};

struct sim_stream {
	struct host_stream base;
	struct list link; /* of its machine's */
	struct sim_host *machine;
	struct sim_half *half;
	struct sim_listener *from; /* NEWS_ACCEPTED */
	struct sim_event ready;
	unsigned news;
	bool reading;
	int err;
};

struct sim_listener {
	struct host_listener base;
	struct list link;
	struct host_stream_cfg cfg;
	unsigned backlog;
};

static struct sim_stream *sim_stream_of(struct host_stream *s)
{
	return (struct sim_stream *)s;
}

static void tell_later(struct sim_stream *s, unsigned news)
{
	s->news |= news;
	if (!s->ready.place)
		sim_event_at(&s->ready, s->ready.sim->now_ns);
}

static bool takes(struct sim_stream *s, unsigned news)
{
	bool there = (s->news & news) != 0;

	s->news &= ~news;
	return there;
}

/* One piece; more follows in an event of its own, so that the owner may close meanwhile. */
static void receive(struct sim_stream *s)
{
	const struct host_stream_handler *user = &s->base.handler;
	char buf[READ_BYTES];
	bool end;
	size_t n;

	if (!s->reading || !user->received)
		return; /* asked again by host_stream_read() */
	n = sim_tcp_take(s->half, buf, sizeof(buf), &end);
	if (n == 0 && !end)
		return;
	tell_later(s, NEWS_ARRIVED);
	if (n)
		user->received(user->arg, buf, n);
	else if (user->finished)
		user->finished(user->arg);
	else
		host_stream_fail(&s->base, OH_ECONN);
}

static void tell(void *arg)
{
	struct sim_stream *s = arg;
	const struct host_stream_handler *user = &s->base.handler;
	unsigned after;

	if (takes(s, NEWS_ACCEPTED)) {
		struct sim_listener *l = s->from;

		s->from = NULL;
		l->backlog--;
		s->machine->base.counters.streams++;
		if (s->news)
			tell_later(s, 0);
		l->base.handler.accepted(l->base.handler.arg, &s->base);
		return;
	}
	if (s->base.state == STREAM_FAILED)
		return;
	after = s->news & (s->news - 1); /* all but the first */
	if (after)
		tell_later(s, 0);
	if (takes(s, NEWS_OPENED)) {
		s->base.state = STREAM_OPEN;
		if (user->opened)
			user->opened(user->arg);
	} else if (takes(s, NEWS_ARRIVED)) {
		receive(s);
	} else if (takes(s, NEWS_DRAINED)) {
		if (user->drained && s->base.waiting == 0)
			user->drained(user->arg);
	} else if (takes(s, NEWS_FAILED)) {
		host_stream_fail(&s->base, s->err);
	}
}

/* ---- what the way tells ---- */

void sim_stream_opened(struct sim_stream *s)
{
	tell_later(s, NEWS_OPENED);
}

void sim_stream_arrived(struct sim_stream *s)
{
	tell_later(s, NEWS_ARRIVED);
}

void sim_stream_drained(struct sim_stream *s, size_t waiting)
{
	s->base.waiting = waiting;
	if (waiting == 0)
		tell_later(s, NEWS_DRAINED);
}

void sim_stream_failed(struct sim_stream *s, int err)
{
	s->err = err;
	tell_later(s, NEWS_FAILED);
}

struct sim_host *sim_stream_machine(const struct sim_stream *s)
{
	return s->machine;
}

/* ---- ports ---- */

static bool is_listened_on(const struct sim_host *m, const struct netaddr *local)
{
	LIST_FOREACH (it, &m->listeners) {
		const struct netaddr *other = &CONTAINER_OF(it, struct sim_listener, link)->base.local;

		if (other->family == local->family && other->port == local->port &&
			(netaddr_is_any(other) || netaddr_is_any(local) || netaddr_eq_ip(other, local)))
			return true;
	}
	return false;
}

static bool port_is_taken(const struct sim_host *m, const struct netaddr *local)
{
	LIST_FOREACH (it, &m->streams)
		if (CONTAINER_OF(it, struct sim_stream, link)->base.local.port == local->port)
			return true;
	return is_listened_on(m, local);
}

static int choose_port(struct sim_host *m, struct netaddr *local)
{
	for (int tries = FIRST_FREE_PORT; tries <= LAST_FREE_PORT; tries++) {
		if (m->next_port < FIRST_FREE_PORT || m->next_port > LAST_FREE_PORT)
			m->next_port = FIRST_FREE_PORT;
		local->port = m->next_port++;
		if (!port_is_taken(m, local))
			return 0;
	}
	return err_from_errno(EADDRINUSE);
}

static bool owns_ip(const struct sim_host *m, const struct netaddr *ip)
{
	struct sim_ip *known = sim_realm_find(m->realm, ip);

	return known && known->host == m;
}

/* ---- streams ---- */

static int stream_new(struct sim_host *m, const struct host_stream_cfg *cfg, struct sim_stream **ret_stream)
{
	struct sim_stream *s = mem_zalloc(sizeof(*s));

	if (!s)
		return OH_ENOMEM;
	s->base.host = &m->base;
	s->base.send_max = cfg->send_max ? cfg->send_max : HOST_STREAM_SEND_MAX;
	s->machine = m;
	s->reading = true;
	if (sim_event_init(&s->ready, m->sim, m, tell, s)) {
		mem_free(s);
		return OH_ENOMEM;
	}
	list_append(&m->streams, &s->link);
	*ret_stream = s;
	return 0;
}

static void stream_free(struct sim_stream *s)
{
	list_remove(&s->link);
	sim_event_close(&s->ready);
	mem_free(s);
}

static int choose_local(
	struct sim_host *m, const struct netaddr *to, const struct netaddr *wanted, struct netaddr *ret_local)
{
	if (netaddr_is_any(wanted)) {
		uint16_t port = wanted->port;
		int err = sim_route(&m->base, to, ret_local);

		if (err)
			return err_from_errno(ENETUNREACH);
		ret_local->port = port;
	} else {
		if (!owns_ip(m, wanted))
			return err_from_errno(EADDRNOTAVAIL);
		*ret_local = *wanted;
	}
	return ret_local->port ? 0 : choose_port(m, ret_local);
}

int sim_stream_connect(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
	const struct host_stream_handler *handler, struct host_stream **ret_stream)
{
	struct sim_host *m = sim_host_of(h);
	struct sim_stream *s;
	struct netaddr local;
	int err = choose_local(m, to, &cfg->local, &local);

	if (!err)
		err = stream_new(m, cfg, &s);
	if (err)
		return err;
	s->base.handler = *handler;
	s->base.local = local;
	s->base.peer = *to;
	err = sim_tcp_connect(s, &local, to, &s->half);
	if (err) {
		stream_free(s);
		return err;
	}
	*ret_stream = &s->base;
	return 0;
}

void sim_stream_read(struct host_stream *base, bool on)
{
	struct sim_stream *s = sim_stream_of(base);

	s->reading = on;
	if (on)
		tell_later(s, NEWS_ARRIVED);
}

void sim_stream_handle(struct host_stream *s, const struct host_stream_handler *handler)
{
	s->handler = *handler;
	sim_stream_read(s, true);
}

int sim_stream_send(struct host_stream *s, const void *data, size_t n)
{
	int err = sim_tcp_send(sim_stream_of(s)->half, data, n);

	if (!err)
		s->waiting += n;
	return err;
}

void sim_stream_finish(struct host_stream *s)
{
	s->state = STREAM_FINISHED;
	sim_tcp_finish(sim_stream_of(s)->half);
}

void sim_stream_close(struct host_stream *base, bool reset)
{
	struct sim_stream *s = sim_stream_of(base);

	sim_tcp_leave(s->half, reset);
	stream_free(s);
}

/* ---- listening ---- */

static struct sim_listener *listener_on(const struct sim_host *m, const struct netaddr *to)
{
	struct sim_listener *by_any = NULL;

	LIST_FOREACH (it, &m->listeners) {
		struct sim_listener *l = CONTAINER_OF(it, struct sim_listener, link);

		if (l->base.local.port != to->port || l->base.local.family != to->family)
			continue;
		if (netaddr_eq_ip(&l->base.local, to))
			return l;
		if (netaddr_is_any(&l->base.local))
			by_any = l;
	}
	return by_any;
}

int sim_listener_ask(struct sim_host *m, const struct netaddr *local, const struct netaddr *peer,
	struct sim_half *half, struct sim_stream **ret_stream)
{
	struct sim_listener *l = listener_on(m, local);
	struct sim_stream *s;
	int err;

	if (!l)
		return OH_ENOENT;
	err = l->backlog < LISTENER_BACKLOG ? stream_new(m, &l->cfg, &s) : OH_ENOMEM;
	if (err)
		return err;
	l->backlog++;
	s->base.state = STREAM_OPEN;
	s->base.local = *local;
	s->base.peer = *peer;
	s->half = half;
	s->from = l;
	tell_later(s, NEWS_ACCEPTED);
	*ret_stream = s;
	return 0;
}

int sim_listener_open(struct host *h, const struct host_stream_cfg *cfg,
	const struct host_listener_handler *handler, struct host_listener **ret_listener)
{
	struct sim_host *m = sim_host_of(h);
	struct netaddr local = cfg->local;
	struct sim_listener *l;
	int err = 0;

	if (!netaddr_is_any(&local) && !owns_ip(m, &local))
		return err_from_errno(EADDRNOTAVAIL);
	if (local.port == 0)
		err = choose_port(m, &local);
	else if (is_listened_on(m, &local))
		err = err_from_errno(EADDRINUSE);
	if (err)
		return err;
	l = mem_zalloc(sizeof(*l));
	if (!l)
		return OH_ENOMEM;
	l->base.host = h;
	l->base.local = local;
	l->base.handler = *handler;
	l->cfg = *cfg;
	list_append(&m->listeners, &l->link);
	*ret_listener = &l->base;
	return 0;
}

void sim_listener_close(struct host_listener *base)
{
	struct sim_listener *l = (struct sim_listener *)base;

	/* Those that it was not told of yet are reset. */
	LIST_FOREACH_SAFE (it, &sim_host_of(base->host)->streams) {
		struct sim_stream *s = CONTAINER_OF(it, struct sim_stream, link);

		if (s->from == l)
			sim_stream_close(&s->base, true);
	}
	list_remove(&l->link);
	mem_free(l);
}
