/*
 * TCP on libuv. A stream outlives its owner until libuv has let go of it: the callbacks that still come then find a
 * closing handle and say nothing. What the system takes at once needs no request; the rest waits in one for each send.
 */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define READ_BUF_BYTES (64u << 10)

struct uv_stream {
	struct host_stream base;
	uv_tcp_t tcp;
	uv_connect_t connecting;
	uv_shutdown_t finishing;
};

/* Bytes that the system did not take at once. */
struct unsent {
	uv_write_t req;
	size_t n;
	char data[];
};

static struct uv_stream *uv_stream_of(struct host_stream *s)
{
	return (struct uv_stream *)s;
}

static uv_stream_t *as_stream(struct uv_stream *s)
{
	return (uv_stream_t *)&s->tcp;
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static bool is_closing(const struct uv_stream *s)
{
	return uv_is_closing((const uv_handle_t *)&s->tcp);
}

static void fail(struct uv_stream *s, int err)
{
	if (is_closing(s) || s->base.state == STREAM_FAILED)
		return;
	uv_read_stop(as_stream(s));
	host_stream_fail(&s->base, err);
}

/* ---- making ---- */

int uv_tcp_set_dscp(uv_tcp_t *tcp, int family, uint8_t dscp)
{
	int value = dscp << 2, failed;
	uv_os_fd_t fd;

	if (!dscp || uv_fileno((uv_handle_t *)tcp, &fd))
		return 0;
	failed = family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof(value))
				   : setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value));
	return failed ? err_from_errno(errno) : 0;
}

static int bind_to(struct uv_stream *s, const struct netaddr *local)
{
	struct sockaddr_storage sa;

	if (!local || !local->family)
		return 0;
	uv_addr_to(local, &sa);
	return uv_err(uv_tcp_bind(
		&s->tcp, (struct sockaddr *)&sa, local->family == NETADDR_IP6 ? UV_TCP_IPV6ONLY : 0));
}

static int need_read_buf(struct uv_host *u)
{
	if (!u->read_buf)
		u->read_buf = mem_alloc(READ_BUF_BYTES);
	return u->read_buf ? 0 : OH_ENOMEM;
}

int uv_stream_new(struct host *h, int family, const struct netaddr *local, const struct host_stream_cfg *cfg,
	struct uv_stream **ret_stream)
{
	struct uv_stream *s;
	int err = need_read_buf(uv_host_of(h));

	if (err)
		return err;
	s = mem_zalloc(sizeof(*s));
	if (!s)
		return OH_ENOMEM;
	s->base.host = h;
	s->base.send_max = cfg->send_max ? cfg->send_max : HOST_STREAM_SEND_MAX;
	err = uv_err(uv_tcp_init_ex(&uv_host_of(h)->loop, &s->tcp, (unsigned)family));
	if (err) {
		mem_free(s);
		return err;
	}
	s->tcp.data = s;
	if (family != AF_UNSPEC)
		err = uv_tcp_set_dscp(&s->tcp, family, cfg->dscp);
	if (!err)
		err = bind_to(s, local);
	if (err) {
		uv_close((uv_handle_t *)&s->tcp, on_closed);
		return err;
	}
	*ret_stream = s;
	return 0;
}

static void learn_addresses(struct uv_stream *s)
{
	struct sockaddr_storage sa;
	int n = sizeof(sa);

	/* A message is one write: it must not wait for the answer to the one before. */
	uv_tcp_nodelay(&s->tcp, 1);
	if (uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&sa, &n) == 0)
		s->base.local = uv_addr_from((struct sockaddr *)&sa);
	n = sizeof(sa);
	if (uv_tcp_getpeername(&s->tcp, (struct sockaddr *)&sa, &n) == 0)
		s->base.peer = uv_addr_from((struct sockaddr *)&sa);
}

int uv_stream_accept(uv_stream_t *listener, struct host *h, const struct host_stream_cfg *cfg,
	struct host_stream **ret_stream)
{
	struct uv_stream *s;
	int err = uv_stream_new(h, AF_UNSPEC, NULL, cfg, &s);

	if (err)
		return err;
	err = uv_err(uv_accept(listener, as_stream(s)));
	if (!err) {
		learn_addresses(s);
		err = uv_tcp_set_dscp(
			&s->tcp, s->base.local.family == NETADDR_IP4 ? AF_INET : AF_INET6, cfg->dscp);
	}
	/* Gone already, before we looked. */
	if (!err && !s->base.peer.family)
		err = err_from_errno(ENOTCONN);
	if (err) {
		uv_close((uv_handle_t *)&s->tcp, on_closed);
		return err;
	}
	s->base.state = STREAM_OPEN;
	h->counters.streams++;
	*ret_stream = &s->base;
	return 0;
}

/* ---- receiving ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct uv_stream *s = handle->data;

	(void)suggested;
	*buf = uv_buf_init(uv_host_of(s->base.host)->read_buf, READ_BUF_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct uv_stream *s = stream->data;
	const struct host_stream_handler *user = &s->base.handler;

	if (n > 0) {
		user->received(user->arg, buf->base, (size_t)n);
	} else if (n == UV_EOF && user->finished) {
		uv_read_stop(stream);
		user->finished(user->arg);
	} else if (n < 0) {
		fail(s, n == UV_EOF ? OH_ECONN : uv_err((int)n));
	}
}

void uv_stream_receive(struct host_stream *base, bool on)
{
	struct uv_stream *s = uv_stream_of(base);

	if (base->state == STREAM_CONNECTING)
		return;
	if (on && base->handler.received)
		uv_read_start(as_stream(s), on_alloc, on_read);
	else
		uv_read_stop(as_stream(s));
}

void uv_stream_handle(struct host_stream *s, const struct host_stream_handler *handler)
{
	s->handler = *handler;
	uv_stream_receive(s, true);
}

/* ---- connecting ---- */

static void on_connected(uv_connect_t *req, int status)
{
	struct uv_stream *s = req->data;

	if (is_closing(s))
		return;
	if (status) {
		fail(s, uv_err(status));
		return;
	}
	s->base.state = STREAM_OPEN;
	learn_addresses(s);
	uv_stream_receive(&s->base, true);
	if (s->base.handler.opened)
		s->base.handler.opened(s->base.handler.arg);
}

int uv_stream_connect(struct host *h, const struct netaddr *to, const struct host_stream_cfg *cfg,
	const struct host_stream_handler *handler, struct host_stream **ret_stream)
{
	struct sockaddr_storage sa;
	struct uv_stream *s;
	int err;

	uv_addr_to(to, &sa);
	err = uv_stream_new(h, sa.ss_family, &cfg->local, cfg, &s);
	if (err)
		return err;
	s->base.handler = *handler;
	s->base.peer = *to;
	s->connecting.data = s;
	err = uv_err(uv_tcp_connect(&s->connecting, &s->tcp, (struct sockaddr *)&sa, on_connected));
	if (err) {
		uv_close((uv_handle_t *)&s->tcp, on_closed);
		return err;
	}
	*ret_stream = &s->base;
	return 0;
}

/* ---- sending ---- */

static void on_written(uv_write_t *req, int status)
{
	struct unsent *u = req->data;
	struct uv_stream *s = req->handle->data;

	s->base.waiting -= u->n;
	mem_free(u);
	if (status)
		fail(s, uv_err(status));
	else if (!is_closing(s) && s->base.waiting == 0 && s->base.handler.drained)
		s->base.handler.drained(s->base.handler.arg);
}

int uv_stream_send(struct host_stream *base, const void *data, size_t n)
{
	struct uv_stream *s = uv_stream_of(base);
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned)n);
	struct unsent *u;
	int taken = 0;

	u = mem_alloc(sizeof(*u) + n);
	if (!u)
		return OH_ENOMEM;
	if (base->state == STREAM_OPEN && base->waiting == 0)
		taken = uv_try_write(as_stream(s), &buf, 1);
	/* An error comes again with the request, and is reported by it. */
	if (taken < 0)
		taken = 0;
	u->n = n - (size_t)taken;
	if (u->n == 0) {
		mem_free(u);
		return 0;
	}
	memcpy(u->data, (const char *)data + taken, u->n);
	u->req.data = u;
	buf = uv_buf_init(u->data, (unsigned)u->n);
	taken = uv_write(&u->req, as_stream(s), &buf, 1, on_written);
	if (taken) {
		mem_free(u);
		return uv_err(taken);
	}
	base->waiting += buf.len;
	return 0;
}

static void on_finished(uv_shutdown_t *req, int status)
{
	(void)req;
	(void)status; /* what kept it from being told is told by failed() */
}

void uv_stream_finish(struct host_stream *base)
{
	struct uv_stream *s = uv_stream_of(base);

	base->state = STREAM_FINISHED;
	uv_shutdown(&s->finishing, as_stream(s), on_finished);
}

void uv_stream_close(struct host_stream *base, bool reset)
{
	struct uv_stream *s = uv_stream_of(base);

	base->handler = (struct host_stream_handler){0};
	if (!reset || uv_tcp_close_reset(&s->tcp, on_closed))
		uv_close((uv_handle_t *)&s->tcp, on_closed);
}
