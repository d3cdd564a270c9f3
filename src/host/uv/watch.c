/*
 * A socket on the loop: uv_poll tells that datagrams wait, and the socket's error queue (IP_RECVERR) which
 * peer an ICMP error was about. The watch outlives its socket until libuv has let go of it.
 */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/errqueue.h>
#include <string.h>

/* ICMP errors handed on in one go; the rest keeps the socket's error state and comes next. */
#define ERRORS_AT_ONCE 16

struct dgram_watch {
	uv_poll_t poll;
	struct uv_dgram *dgram; /* NULL: the watch has ended */
	struct host_dgram_handler handler;
};

struct icmp_error {
	struct netaddr peer;
	int err;
};

static bool read_error(int fd, struct icmp_error *ret_error)
{
	union {
		struct cmsghdr align;
		char bytes[512];
	} control;
	struct sockaddr_storage peer = {0};
	struct msghdr msg = {.msg_name = &peer,
		.msg_namelen = sizeof(peer),
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	*ret_error = (struct icmp_error){0};
	if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		bool ours = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
		struct sock_extended_err info;

		if (!ours)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		ret_error->err = err_from_errno((int)info.ee_errno);
		ret_error->peer = uv_addr_from((struct sockaddr *)&peer);
	}
	return true;
}

static void hand_on_errors(struct dgram_watch *w)
{
	struct icmp_error errors[ERRORS_AT_ONCE];
	size_t n = 0;

	while (n < ERRORS_AT_ONCE && read_error(w->dgram->fd, &errors[n]))
		n++;
	for (size_t i = 0; i < n && w->dgram; i++)
		if (w->handler.unreachable && errors[i].peer.family != NETADDR_NONE)
			w->handler.unreachable(w->handler.arg, &errors[i].peer, errors[i].err);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct dgram_watch *w = poll->data;

	/* libuv stops the poll on an error state, which here is the error queue. */
	if (status < 0) {
		hand_on_errors(w);
		if (w->dgram)
			uv_poll_start(poll, UV_READABLE, on_poll);
	} else if (events & UV_READABLE) {
		w->handler.readable(w->handler.arg);
	}
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

/* Off means also: what waits in the error queue is thrown away, and ICMP does not disturb the
 * media thread. */
static void receive_errors(const struct uv_dgram *d, int on)
{
	if (d->base.local.family == NETADDR_IP4)
		setsockopt(d->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		setsockopt(d->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

static void end_watch(struct uv_dgram *d)
{
	if (!d->watch)
		return;
	receive_errors(d, 0);
	d->watch->dgram = NULL;
	uv_close((uv_handle_t *)&d->watch->poll, on_closed);
	d->watch = NULL;
}

int uv_dgram_watch(struct host_dgram *base, const struct host_dgram_handler *handler)
{
	struct uv_dgram *d = (struct uv_dgram *)base;
	struct dgram_watch *w;
	int status;

	end_watch(d);
	if (!handler)
		return 0;
	w = mem_zalloc(sizeof(*w));
	if (!w)
		return OH_ENOMEM;
	w->poll.data = w;
	w->dgram = d;
	w->handler = *handler;
	status = uv_poll_init(&uv_host_of(base->host)->loop, &w->poll, d->fd);
	if (status) {
		mem_free(w);
		return uv_err(status);
	}
	d->watch = w;
	if (handler->unreachable)
		receive_errors(d, 1);
	status = uv_poll_start(&w->poll, UV_READABLE, on_poll);
	if (status)
		end_watch(d);
	return uv_err(status);
}
