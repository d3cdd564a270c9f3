/*
 * UDP sockets of our own. Sending and receiving are thin: no lock, no allocation, one system call. A socket
 * that is bound to one address and needs no stamps is read by recvfrom(); the others pay for their control
 * messages.
 */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long the difference between the two clocks is believed, and by how much it may drift in that time. */
#define OFFSET_LIFE_NS   (10 * NS_PER_MS)
#define OFFSET_JUMP_NS   NS_PER_MS
#define REFUSALS_AT_ONCE 64u /* ICMP errors that are dropped in one go */
/* A stamp outside of this comes from the other side of a jump of the wall clock. */
#define STAMP_AGE_MAX_NS   NS_PER_S
#define STAMP_AHEAD_MAX_NS (20 * NS_PER_MS)

static struct uv_dgram *uv_dgram_of(struct host_dgram *d)
{
	return (struct uv_dgram *)d;
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? err_from_errno(errno) : 0;
}

static int configure(const struct uv_dgram *d, const struct host_dgram_cfg *cfg)
{
	bool ip4 = cfg->local.family == NETADDR_IP4;
	int err = 0;

	/* One family a socket: an IPv4 peer must not show up as ::ffff:1.2.3.4. */
	if (!ip4)
		err = set_option(d->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err && cfg->dscp)
		err = set_option(
			d->fd, ip4 ? IPPROTO_IP : IPPROTO_IPV6, ip4 ? IP_TOS : IPV6_TCLASS, cfg->dscp << 2);
	if (!err && cfg->rcvbuf)
		err = set_option(
			d->fd, SOL_SOCKET, SO_RCVBUF, cfg->rcvbuf > INT32_MAX ? INT32_MAX : (int)cfg->rcvbuf);
	if (!err && cfg->timestamps)
		err = set_option(d->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (!err && cfg->refusals)
		err = set_option(d->fd, ip4 ? IPPROTO_IP : IPPROTO_IPV6, ip4 ? IP_RECVERR : IPV6_RECVERR, 1);
	if (!err && d->bound_to_any)
		err = set_option(
			d->fd, ip4 ? IPPROTO_IP : IPPROTO_IPV6, ip4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
	return err;
}

static int bind_to(struct uv_dgram *d, const struct netaddr *local)
{
	struct sockaddr_storage sa;
	socklen_t n = uv_addr_to(local, &sa);

	if (bind(d->fd, (struct sockaddr *)&sa, n))
		return err_from_errno(errno);
	n = sizeof(sa);
	/* What was asked for is what it has; of IPv6 the system decides what a zone is good for. */
	if ((local->port == 0 || local->family != NETADDR_IP4) &&
		getsockname(d->fd, (struct sockaddr *)&sa, &n))
		return err_from_errno(errno);
	d->base.local = uv_addr_from((struct sockaddr *)&sa);
	return 0;
}

int uv_dgram_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram)
{
	struct uv_dgram *d = mem_zalloc(sizeof(*d));
	int family = cfg->local.family == NETADDR_IP4 ? AF_INET : AF_INET6;
	int err;

	if (!d)
		return OH_ENOMEM;
	d->base.host = h;
	d->timestamps = cfg->timestamps;
	d->refusals = cfg->refusals;
	d->bound_to_any = netaddr_is_any(&cfg->local);
	d->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = d->fd < 0 ? err_from_errno(errno) : configure(d, cfg);
	if (!err)
		err = bind_to(d, &cfg->local);
	if (err) {
		uv_dgram_close(&d->base);
		return err;
	}
	*ret_dgram = &d->base;
	return 0;
}

void uv_dgram_close(struct host_dgram *base)
{
	struct uv_dgram *d = uv_dgram_of(base);

	uv_dgram_watch(base, NULL);
	if (d->fd >= 0)
		close(d->fd);
	mem_free(d);
}

/* ---- sending ---- */

/* The address that it shall come from. */
static void put_source(struct uv_datagram *o, const struct netaddr *from)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)o->control;

	o->msg.msg_control = o->control;
	if (from->family == NETADDR_IP4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, from->ip, 4);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
		o->msg.msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {.ipi6_ifindex = from->scope};

		memcpy(&info.ipi6_addr, from->ip, 16);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
		o->msg.msg_controllen = CMSG_SPACE(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

int uv_datagram_out(struct uv_datagram *o, const struct uv_dgram *d, const struct netaddr *to,
	const struct netaddr *from, const void *data, size_t n)
{
	bool choose = d->bound_to_any && from && !netaddr_is_any(from);

	if (to->family != d->base.local.family || (choose && from->family != to->family))
		return err_from_errno(EAFNOSUPPORT);
	o->iov = (struct iovec){(void *)(uintptr_t)data, n};
	o->msg = (struct msghdr){.msg_name = &o->addr,
		.msg_namelen = uv_addr_to(to, &o->addr),
		.msg_iov = &o->iov,
		.msg_iovlen = 1};
	if (choose)
		put_source(o, from);
	return 0;
}

int uv_datagram_send(struct uv_dgram *d, const struct uv_datagram *o)
{
	/* Where ICMP errors are wanted, that of an earlier datagram stops this one: once more, it is no
	 * answer to it. */
	int tries = d->watch || d->refusals ? 2 : 1, met = 0;
	ssize_t sent;

	do {
		if (o->msg.msg_control)
			sent = sendmsg(d->fd, &o->msg, 0);
		else
			sent = sendto(d->fd, o->iov.iov_base, o->iov.iov_len, 0, o->msg.msg_name,
				o->msg.msg_namelen);
		if (sent >= 0) {
			if (met)
				d->refused = met;
			return 0;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
			return OH_EAGAIN;
		if (errno != EINTR)
			met = d->refusals ? errno : 0;
	} while (--tries > 0 || errno == EINTR);
	return err_from_errno(errno);
}

int uv_dgram_send(struct host_dgram *base, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n)
{
	struct uv_dgram *d = uv_dgram_of(base);
	struct uv_datagram o;
	int err = uv_datagram_out(&o, d, to, from, data, n);

	return err ? err : uv_datagram_send(d, &o);
}

/* ---- receiving ---- */

/* What the wall clock is ahead of the monotonic one, as this thread last looked. */
static _Thread_local struct {
	uint64_t read_at_ns;
	int64_t offset_ns;
	bool jumped; /* then stamps of this while cannot be told apart: before or after? */
} clocks;

/* A few ns instead of some tens, and up to 10 ms behind: good enough to see that a stamp is plausible. */
static uint64_t coarse_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void compare_clocks(void)
{
	uint64_t now = uv_host_now(NULL);
	struct timespec wall;
	int64_t offset;

	clock_gettime(CLOCK_REALTIME, &wall);
	offset = wall.tv_sec * (int64_t)NS_PER_S + wall.tv_nsec - (int64_t)now;
	clocks.jumped = clocks.read_at_ns && llabs(offset - clocks.offset_ns) > (int64_t)OFFSET_JUMP_NS;
	clocks.offset_ns = offset;
	clocks.read_at_ns = now;
}

static uint64_t monotonic_of(const struct timespec *stamp)
{
	int64_t now = (int64_t)coarse_now(), at;

	if (now - (int64_t)clocks.read_at_ns > (int64_t)OFFSET_LIFE_NS)
		compare_clocks();
	at = stamp->tv_sec * (int64_t)NS_PER_S + stamp->tv_nsec - clocks.offset_ns;
	if (clocks.jumped || at > now + (int64_t)STAMP_AHEAD_MAX_NS || now - at > (int64_t)STAMP_AGE_MAX_NS)
		return uv_host_now(NULL);
	return (uint64_t)at;
}

static void read_control(struct msghdr *msg, struct host_rx *rx)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(rx->to.ip, &info.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(rx->to.ip, &info.ipi6_addr, 16);
			/* The zone matters for link-local addresses only, and would spoil
			 * comparing others. */
			rx->to.scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec stamp;

			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			rx->at_ns = monotonic_of(&stamp);
		}
	}
}

void uv_datagram_in(struct uv_datagram *in, void *buf, size_t cap)
{
	in->iov = (struct iovec){buf, cap};
	in->msg = (struct msghdr){.msg_name = &in->addr,
		.msg_namelen = sizeof(in->addr),
		.msg_iov = &in->iov,
		.msg_iovlen = 1,
		.msg_control = in->control,
		.msg_controllen = sizeof(in->control)};
}

/* From the system. As recvmsg(); the address and the control messages are in `in`. */
static ssize_t receive(const struct uv_dgram *d, struct uv_datagram *in, void *buf, size_t cap)
{
	socklen_t from_n = sizeof(in->addr);

	/* MSG_TRUNC: the true length, even beyond the buffer. */
	if (d->timestamps || d->bound_to_any) {
		uv_datagram_in(in, buf, cap);
		return recvmsg(d->fd, &in->msg, MSG_TRUNC);
	}
	in->msg.msg_controllen = 0;
	return recvfrom(d->fd, buf, cap, MSG_TRUNC, (struct sockaddr *)&in->addr, &from_n);
}

/* What a lane has read already, into a buffer of its own that may be the smaller one. */
static ssize_t take_fetched(struct uv_dgram *d, struct uv_datagram **ret_in, void *buf, size_t *cap)
{
	struct uv_fetched *f = d->fetched;

	d->fetched = NULL;
	f->by = NULL;
	*ret_in = &f->in;
	if (f->got < 0) {
		errno = (int)-f->got;
		return -1;
	}
	if (*cap > f->in.iov.iov_len)
		*cap = f->in.iov.iov_len;
	memcpy(buf, f->in.iov.iov_base, (size_t)f->got < *cap ? (size_t)f->got : *cap);
	return f->got;
}

static void describe(
	const struct uv_dgram *d, struct uv_datagram *in, size_t got, size_t cap, struct host_rx *rx)
{
	rx->to = d->base.local;
	rx->at_ns = 0;
	if (in->msg.msg_controllen)
		read_control(&in->msg, rx);
	if (rx->at_ns == 0)
		rx->at_ns = uv_host_now(d->base.host);
	rx->from = uv_addr_from((struct sockaddr *)&in->addr);
	rx->n = got < cap ? got : cap;
	rx->truncated = got > cap;
}

/* The queue of ICMP errors takes the place of datagrams when nobody empties it. */
static void drop_refusals(const struct uv_dgram *d)
{
	struct msghdr msg = {0};

	for (unsigned i = 0; i < REFUSALS_AT_ONCE; i++)
		if (recvmsg(d->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
}

static int tell_refusal(struct uv_dgram *d, int error)
{
	d->refused = 0;
	drop_refusals(d);
	return err_from_errno(error);
}

int uv_dgram_recv(struct host_dgram *base, void *buf, size_t cap, struct host_rx *ret_rx)
{
	struct uv_dgram *d = uv_dgram_of(base);
	struct uv_datagram own, *in = &own;
	int tries = d->watch ? 2 : 1; /* as in uv_dgram_send() */
	ssize_t got;

	if (d->refused)
		return tell_refusal(d, d->refused);
	do {
		got = d->fetched ? take_fetched(d, &in, buf, &cap) : receive(d, &own, buf, cap);
		if (got >= 0) {
			describe(d, in, (size_t)got, cap, ret_rx);
			return 0;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return OH_EAGAIN;
	} while (--tries > 0 || errno == EINTR);
	return d->refusals ? tell_refusal(d, errno) : err_from_errno(errno);
}
