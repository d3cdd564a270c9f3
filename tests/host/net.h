/* Two machines that talk, on either world: what the tests of host/ share. */
#ifndef OH_TESTS_HOST_NET_H
#define OH_TESTS_HOST_NET_H

#include "check.h"

#include "base/err.h"
#include "host/host.h"

/* A socket that writes down what it hears. */
struct ear {
	struct host_dgram *d;
	char text[64][32];
	struct host_rx rx[64];
	size_t n;
	unsigned unreachable;
	struct netaddr lost;
	int err;
};

static inline void ear_readable(void *arg)
{
	struct ear *e = arg;
	char buf[32];
	struct host_rx rx;

	while (e->n < 64 && host_dgram_recv(e->d, buf, sizeof(buf) - 1, &rx) == 0) {
		buf[rx.n] = '\0';
		strcpy(e->text[e->n], buf);
		e->rx[e->n++] = rx;
	}
}

static inline void ear_unreachable(void *arg, const struct netaddr *peer, int err)
{
	struct ear *e = arg;

	e->unreachable++;
	e->lost = *peer;
	e->err = err;
}

static inline struct netaddr addr_of(const char *ip, uint16_t port)
{
	struct netaddr a;

	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &a));
	return a;
}

static inline void ear_open(struct ear *e, struct host *h, const char *ip, uint16_t port)
{
	struct host_dgram_cfg cfg = {.local = addr_of(ip, port)};
	struct host_dgram_handler handler = {ear_readable, ear_unreachable, e};

	*e = (struct ear){0};
	CHECK_OK(host_dgram_open(h, &cfg, &e->d));
	CHECK_OK(host_dgram_watch(e->d, &handler));
}

static inline void ear_say(struct ear *e, const struct netaddr *to, const char *text)
{
	CHECK_OK(host_dgram_send(e->d, to, NULL, text, strlen(text)));
}

static inline bool nothing_is_open(const struct host *h)
{
	struct host_counters c;

	host_counters(h, &c);
	return c.timers + c.dgrams + c.lanes + c.streams + c.listeners + c.queries + c.tickers + c.crews +
		       c.services + c.sounds ==
	       0;
}

#endif
