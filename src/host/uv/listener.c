/* Listening for TCP on libuv. */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <netinet/in.h>

#define BACKLOG 128

struct uv_listener {
	struct host_listener base;
	struct host_stream_cfg cfg;
	uv_tcp_t tcp;
	uv_tcp_t
		refused; /* takes what we have no memory for, only to close it: libuv waits until somebody does */
	int handles;     /* of the two that libuv knows */
	bool more;       /* the last one turned away was there: perhaps another waits behind it */
};

static void turn_away(struct uv_listener *l);

static void on_closed(uv_handle_t *handle)
{
	struct uv_listener *l = handle->data;

	if (--l->handles == 0)
		mem_free(l);
	else if (l->more && !uv_is_closing((uv_handle_t *)&l->tcp))
		turn_away(l);
}

/* One at a time; those behind it have their turn when it has closed. */
static void turn_away(struct uv_listener *l)
{
	if (l->handles > 1 || uv_tcp_init(l->tcp.loop, &l->refused))
		return;
	l->refused.data = l;
	l->handles++;
	l->more = uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)&l->refused) == 0;
	uv_close((uv_handle_t *)&l->refused, on_closed);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct uv_listener *l = stream->data;
	struct host_stream *s;
	int err = status ? uv_err(status) : uv_stream_accept(stream, l->base.host, &l->cfg, &s);

	if (err) {
		host_log(l->base.host, LOG_WARN, "host", "cannot accept a connection: %s",
			offhook_strerror(err));
		turn_away(l);
	} else {
		l->base.handler.accepted(l->base.handler.arg, s);
	}
}

static int listen_on(struct uv_listener *l, const struct netaddr *local)
{
	struct sockaddr_storage sa;
	int n = sizeof(sa), status;

	uv_addr_to(local, &sa);
	status = uv_tcp_bind(
		&l->tcp, (struct sockaddr *)&sa, local->family == NETADDR_IP6 ? UV_TCP_IPV6ONLY : 0);
	if (!status)
		status = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	if (!status)
		status = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&sa, &n);
	if (!status)
		l->base.local = uv_addr_from((struct sockaddr *)&sa);
	if (status)
		return uv_err(status);
	/* Its SYN-ACKs too, and what it accepts from their first packet on. */
	return uv_tcp_set_dscp(&l->tcp, local->family == NETADDR_IP4 ? AF_INET : AF_INET6, l->cfg.dscp);
}

int uv_listener_open(struct host *h, const struct host_stream_cfg *cfg,
	const struct host_listener_handler *handler, struct host_listener **ret_listener)
{
	struct uv_listener *l = mem_zalloc(sizeof(*l));
	int err;

	if (!l)
		return OH_ENOMEM;
	l->base.host = h;
	l->base.handler = *handler;
	l->cfg = *cfg;
	err = uv_err(uv_tcp_init(&uv_host_of(h)->loop, &l->tcp));
	if (err) {
		mem_free(l);
		return err;
	}
	l->tcp.data = l;
	l->handles = 1;
	err = listen_on(l, &cfg->local);
	if (err) {
		uv_close((uv_handle_t *)&l->tcp, on_closed);
		return err;
	}
	*ret_listener = &l->base;
	return 0;
}

void uv_listener_close(struct host_listener *base)
{
	uv_close((uv_handle_t *)&((struct uv_listener *)base)->tcp, on_closed);
}
