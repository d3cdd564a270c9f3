/*
 * The machine's own network. Netlink tells that addresses or routes have changed. That the machine has slept shows in the
 * clock that runs on in sleep and the one that does not; when to compare them is told by a timer on the wall clock, which
 * the kernel cancels whenever that clock is set, and at the end of a sleep too. So nothing is ever polled.
 */
#include "host/uv/impl.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NEWS_BYTES 8192
/* Shorter ones do no harm. */
#define SLEEP_MIN_NS NS_PER_S
/* Of a timer that is there to be cancelled. */
#define FAR_AWAY_S (100ll * 366 * 86400)

struct uv_network {
	struct host *host;
	int netlink, clock; /* -1: not open */
	uv_poll_t netlink_poll, clock_poll;
	uv_timer_t settle;
	unsigned handles;  /* that libuv has */
	unsigned changes;  /* enum host_change, not told yet */
	uint64_t first_ns; /* when the first of them came */
	uint64_t slept_ns; /* since the machine was switched on */
};

bool uv_has_address(struct host *h, const struct netaddr *ip)
{
	struct netaddr local = *ip;
	struct sockaddr_storage sa;
	socklen_t n;
	bool has;
	int fd;

	(void)h;
	local.port = 0;
	n = uv_addr_to(&local, &sa);
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Without a descriptor nobody knows: nothing is given up for that. */
	has = fd < 0 || bind(fd, (struct sockaddr *)&sa, n) == 0;
	if (fd >= 0)
		close(fd);
	return has;
}

/* ---- telling ---- */

static void on_settled(uv_timer_t *timer)
{
	struct uv_network *n = timer->data;
	unsigned changes = n->changes;

	n->changes = 0;
	host_run_network(n->host, changes);
}

static void changed(struct uv_network *n, enum host_change what)
{
	uint64_t now = uv_host_now(n->host), waited_ms, wait_ms = HOST_SETTLE_MS;

	if (!n->changes)
		n->first_ns = now;
	n->changes |= what;
	waited_ms = (now - n->first_ns) / NS_PER_MS;
	if (waited_ms + wait_ms > HOST_SETTLE_MAX_MS)
		wait_ms = waited_ms < HOST_SETTLE_MAX_MS ? HOST_SETTLE_MAX_MS - waited_ms : 0;
	uv_timer_start(&n->settle, on_settled, wait_ms, 0);
}

/* ---- netlink ---- */

static bool tells_of_us(const char *news, size_t n)
{
	struct nlmsghdr head;

	for (size_t at = 0; at + sizeof(head) <= n; at += NLMSG_ALIGN(head.nlmsg_len)) {
		memcpy(&head, news + at, sizeof(head));
		switch (head.nlmsg_type) {
		case RTM_NEWADDR:
		case RTM_DELADDR:
		case RTM_NEWROUTE:
		case RTM_DELROUTE:
			return true;
		}
		if (head.nlmsg_len < sizeof(head))
			break;
	}
	return false;
}

static void on_netlink(uv_poll_t *poll, int status, int events)
{
	struct uv_network *n = poll->data;
	char news[NEWS_BYTES];
	bool told = status < 0;
	ssize_t got;

	(void)events;
	do {
		got = recv(n->netlink, news, sizeof(news), 0);
		/* ENOBUFS: there was more than the socket could hold. */
		told = told || (got < 0 ? errno == ENOBUFS : tells_of_us(news, (size_t)got));
	} while (got > 0 || (got < 0 && (errno == EINTR || errno == ENOBUFS)));
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_netlink);
	if (told)
		changed(n, HOST_ADDRESSES);
}

static int open_netlink(struct uv_network *n)
{
	const struct sockaddr_nl sa = {.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};

	n->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (n->netlink < 0 || bind(n->netlink, (const struct sockaddr *)&sa, sizeof(sa)))
		return err_from_errno(errno);
	return 0;
}

/* ---- sleep ---- */

static uint64_t slept_ns(void)
{
	uint64_t awake = uv_read_clock(CLOCK_MONOTONIC), all = uv_read_clock(CLOCK_BOOTTIME);

	return all > awake ? all - awake : 0;
}

static int arm_clock(const struct uv_network *n)
{
	const struct itimerspec far = {
		.it_value.tv_sec = (time_t)(uv_read_clock(CLOCK_REALTIME) / NS_PER_S) + FAR_AWAY_S};

	return timerfd_settime(n->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL)
		       ? err_from_errno(errno)
		       : 0;
}

static void on_clock(uv_poll_t *poll, int status, int events)
{
	struct uv_network *n = poll->data;
	uint64_t count, slept = slept_ns();
	ssize_t got = read(n->clock, &count, sizeof(count));

	(void)status;
	(void)events;
	(void)got; /* ECANCELED is what it is there for */
	(void)arm_clock(n);
	if (slept > n->slept_ns + SLEEP_MIN_NS)
		changed(n, HOST_SLEPT);
	n->slept_ns = slept;
}

static int open_clock(struct uv_network *n)
{
	n->clock = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (n->clock < 0)
		return err_from_errno(errno);
	n->slept_ns = slept_ns();
	return arm_clock(n);
}

/* ---- life ---- */

static void network_free(struct uv_network *n)
{
	if (n->netlink >= 0)
		close(n->netlink);
	if (n->clock >= 0)
		close(n->clock);
	mem_free(n);
}

static void on_closed(uv_handle_t *handle)
{
	struct uv_network *n = handle->data;

	if (--n->handles == 0)
		network_free(n);
}

static void network_close(struct uv_network *n)
{
	uv_close((uv_handle_t *)&n->settle, on_closed);
	uv_close((uv_handle_t *)&n->netlink_poll, on_closed);
	uv_close((uv_handle_t *)&n->clock_poll, on_closed);
}

static int poll_both(struct uv_network *n, uv_loop_t *loop)
{
	int status = uv_poll_init(loop, &n->netlink_poll, n->netlink);

	if (status)
		return uv_err(status);
	n->handles++;
	status = uv_poll_init(loop, &n->clock_poll, n->clock);
	if (status) {
		uv_close((uv_handle_t *)&n->netlink_poll, on_closed);
		return uv_err(status);
	}
	uv_timer_init(loop, &n->settle);
	n->handles += 2;
	n->netlink_poll.data = n->clock_poll.data = n->settle.data = n;
	uv_poll_start(&n->netlink_poll, UV_READABLE, on_netlink);
	uv_poll_start(&n->clock_poll, UV_READABLE, on_clock);
	return 0;
}

static int network_open(struct uv_host *u)
{
	struct uv_network *n = mem_zalloc(sizeof(*n));
	int err;

	if (!n)
		return OH_ENOMEM;
	n->host = &u->base;
	n->netlink = n->clock = -1;
	n->netlink_poll.data = n;
	err = open_netlink(n);
	if (!err)
		err = open_clock(n);
	if (!err)
		err = poll_both(n, &u->loop);
	if (err && !n->handles)
		network_free(n);
	if (!err)
		u->network = n;
	return err;
}

int uv_network_watch(struct host *h, bool on)
{
	struct uv_host *u = uv_host_of(h);

	if (on)
		return network_open(u);
	network_close(u->network);
	u->network = NULL;
	return 0;
}
