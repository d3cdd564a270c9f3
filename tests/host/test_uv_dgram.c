#include "world.h"

#include <errno.h>

struct wait {
	struct host *host;
	const struct ear *ear;
	size_t n;
	unsigned unreachable;
};

static void stop_when_heard(void *arg)
{
	struct wait *w = arg;

	if (w->ear->n >= w->n && w->ear->unreachable >= w->unreachable)
		host_stop(w->host);
}

/* Runs the loop until the ear has heard n datagrams and that many ICMP errors. */
static void listen_for(struct world *w, const struct ear *ear, size_t n, unsigned unreachable)
{
	struct wait wait = {w->host, ear, n, unreachable};

	host_on_idle(w->host, stop_when_heard, &wait);
	world_run(w);
	host_on_idle(w->host, NULL, NULL);
}

TEST(what_is_sent_arrives_with_both_addresses)
{
	static const struct {
		const char *sender, *receiver, *to;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{"127.0.0.1", "0.0.0.0", "127.0.0.3"},
		{"0.0.0.0", "127.0.0.2", "127.0.0.2"},
		{"::1", "::1", "::1"},
		{"::1", "::", "::1"},
		{"::", "::1", "::1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		struct ear a, b;
		struct netaddr to;
		uint64_t before;

		world_open(&w);
		ear_open(&a, w.host, rows[i].sender, 0);
		ear_open(&b, w.host, rows[i].receiver, 0);
		to = addr_of(rows[i].to, host_dgram_local(b.d).port);
		before = host_now(w.host);
		ear_say(&a, &to, "hello");
		listen_for(&w, &b, 1, 0);
		CHECK_STR(b.text[0], "hello");
		CHECK(netaddr_eq(&b.rx[0].to, &to));
		CHECK_EQ(b.rx[0].from.port, host_dgram_local(a.d).port);
		CHECK(netaddr_is_loopback(&b.rx[0].from));
		CHECK(b.rx[0].at_ns >= before && b.rx[0].at_ns <= host_now(w.host));
		host_dgram_close(a.d);
		host_dgram_close(b.d);
		world_close(&w);
	}
}

TEST(the_answer_comes_from_the_address_that_was_asked)
{
	struct world w;
	struct ear a, b;
	struct netaddr to, wrong = addr_of("::1", 0);

	world_open(&w);
	ear_open(&a, w.host, "127.0.0.1", 0);
	ear_open(&b, w.host, "0.0.0.0", 0);
	to = addr_of("127.0.0.9", host_dgram_local(b.d).port);
	ear_say(&a, &to, "ask");
	listen_for(&w, &b, 1, 0);
	CHECK_OK(host_dgram_send(b.d, &b.rx[0].from, &b.rx[0].to, "answer", 6));
	listen_for(&w, &a, 1, 0);
	CHECK(netaddr_eq(&a.rx[0].from, &to));
	CHECK_EQ(err_to_errno(host_dgram_send(b.d, &to, &wrong, "x", 1)), EAFNOSUPPORT);
	CHECK_EQ(err_to_errno(host_dgram_send(b.d, &wrong, NULL, "x", 1)), EAFNOSUPPORT);
	host_dgram_close(a.d);
	host_dgram_close(b.d);
	world_close(&w);
}

/* By the error queue the sender learns which of its peers is gone, and goes on talking to the others. */
TEST(a_closed_port_is_reported_with_its_peer_and_disturbs_no_other)
{
	static const char *const ips[] = {"127.0.0.1", "::1"};

	for (size_t i = 0; i < ARRAY_LEN(ips); i++) {
		struct world w;
		struct ear a, b;
		struct netaddr to, gone, a_local;

		world_open(&w);
		ear_open(&a, w.host, ips[i], 0);
		ear_open(&b, w.host, ips[i], 0);
		to = host_dgram_local(b.d);
		gone = to;
		host_dgram_close(b.d);
		ear_say(&a, &gone, "x");
		ear_open(&b, w.host, ips[i], 0);
		to = host_dgram_local(b.d);
		for (int k = 0; k < 3; k++) {
			if (to.port == gone.port)
				break;
			ear_say(&a, &to, "y");
			ear_say(&a, &gone, "x");
		}
		listen_for(&w, &a, 0, 1);
		CHECK_EQ(err_to_errno(a.err), ECONNREFUSED);
		CHECK(netaddr_eq(&a.lost, &gone));
		listen_for(&w, &b, 3, 0);
		a_local = host_dgram_local(a.d);
		ear_say(&b, &a_local, "still there");
		listen_for(&w, &a, 1, 1);
		host_dgram_close(a.d);
		host_dgram_close(b.d);
		world_close(&w);
	}
}

TEST(an_unwatched_socket_is_read_by_hand)
{
	struct world w;
	struct host_dgram_cfg cfg = {.local = addr_of("127.0.0.1", 0), .dscp = 46, .rcvbuf = 65536};
	struct host_dgram *d;
	struct host_rx rx;
	struct netaddr to;
	char buf[4];

	world_open(&w);
	for (int stamped = 0; stamped < 2; stamped++) {
		uint64_t before;

		cfg.timestamps = stamped;
		CHECK_OK(host_dgram_open(w.host, &cfg, &d));
		to = host_dgram_local(d);
		CHECK_EQ(host_dgram_recv(d, buf, sizeof(buf), &rx), OH_EAGAIN);
		before = host_now(w.host);
		CHECK_OK(host_dgram_send(d, &to, NULL, "123456", 6));
		CHECK_OK(host_dgram_recv(d, buf, sizeof(buf), &rx));
		CHECK(rx.truncated && rx.n == 4);
		CHECK_MEM(buf, "1234", 4);
		CHECK(netaddr_eq(&rx.from, &to) && netaddr_eq(&rx.to, &to));
		/* The two clocks are compared to better than a millisecond. */
		CHECK(rx.at_ns + NS_PER_MS >= before && rx.at_ns <= host_now(w.host));
		CHECK_OK(host_dgram_send(d, &to, NULL, "", 0));
		CHECK_OK(host_dgram_recv(d, buf, sizeof(buf), &rx));
		CHECK(rx.n == 0 && !rx.truncated);
		CHECK_EQ(host_dgram_recv(d, buf, sizeof(buf), &rx), OH_EAGAIN);
		host_dgram_close(d);
	}
	world_close(&w);
}

/* As the media thread has them: nobody watches, sending never fails for it, and what is read behind it is whole. */
TEST(a_refusal_is_told_to_who_receives)
{
	struct world w;
	const char *ips[] = {"127.0.0.1", "::1"};

	world_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(ips); i++) {
		struct host_dgram_cfg cfg = {.local = addr_of(ips[i], 0), .refusals = true};
		struct host_dgram *d, *gone;
		struct netaddr nobody, us;
		struct host_rx rx;
		unsigned refused = 0, heard = 0;
		char buf[8];

		CHECK_OK(host_dgram_open(w.host, &cfg, &d));
		cfg.refusals = false;
		CHECK_OK(host_dgram_open(w.host, &cfg, &gone));
		nobody = host_dgram_local(gone);
		host_dgram_close(gone);
		us = host_dgram_local(d);
		for (unsigned n = 0; n < 2000; n++) {
			int err;

			CHECK_OK(host_dgram_send(d, &nobody, NULL, "lost", 4));
			CHECK_OK(host_dgram_send(d, &us, NULL, "kept", 4));
			while ((err = host_dgram_recv(d, buf, sizeof(buf), &rx)) != OH_EAGAIN) {
				if (err)
					CHECK_EQ(err_to_errno(err), ECONNREFUSED);
				refused += err != 0;
				heard += err == 0;
			}
		}
		CHECK_EQ(heard, 2000);
		CHECK(refused > 1900 && refused <= 4000);
		host_dgram_close(d);
	}
	world_close(&w);
}

TEST(bad_sockets_are_refused_with_the_reason)
{
	struct world w;
	struct host_dgram_cfg cfg = {.local = addr_of("127.0.0.1", 0)};
	struct host_dgram *d, *second;
	struct netaddr route, to = addr_of("127.0.0.1", 0);
	char big[1] = {0};

	world_open(&w);
	CHECK_OK(host_dgram_open(w.host, &cfg, &d));
	cfg.local = host_dgram_local(d);
	CHECK_EQ(err_to_errno(host_dgram_open(w.host, &cfg, &second)), EADDRINUSE);
	cfg.local = addr_of("192.0.2.1", 0);
	CHECK_EQ(err_to_errno(host_dgram_open(w.host, &cfg, &second)), EADDRNOTAVAIL);
	cfg.dscp = 64;
	CHECK_EQ(host_dgram_open(w.host, &cfg, &second), OH_EINVAL);
	cfg = (struct host_dgram_cfg){0};
	CHECK_EQ(host_dgram_open(w.host, &cfg, &second), OH_EINVAL);
	cfg.local = addr_of("127.0.0.1", 0);
	mem_fail_at(1);
	CHECK_EQ(host_dgram_open(w.host, &cfg, &second), OH_ENOMEM);
	to.port = host_dgram_local(d).port;
	CHECK_EQ(err_to_errno(host_dgram_send(d, &to, NULL, big, 70000)), EMSGSIZE);
	CHECK_OK(host_route(w.host, &to, &route));
	CHECK(netaddr_is_loopback(&route) && route.port == 0);
	CHECK_EQ(host_route(w.host, &(struct netaddr){0}, &route), OH_EINVAL);
	host_dgram_close(d);
	world_close(&w);
}

static void close_it(void *arg)
{
	struct ear *e = arg;

	e->d = host_dgram_close(e->d);
	e->n++;
}

TEST(a_handler_may_close_its_socket_and_a_watch_may_change_hands)
{
	struct world w;
	struct ear a, b;
	struct netaddr to;
	struct host_dgram_handler closing = {.readable = close_it, .arg = &b};

	world_open(&w);
	ear_open(&a, w.host, "127.0.0.1", 0);
	ear_open(&b, w.host, "127.0.0.1", 0);
	to = host_dgram_local(b.d);
	ear_say(&a, &to, "x");
	CHECK_OK(host_dgram_watch(b.d, NULL));
	CHECK_OK(host_dgram_watch(b.d, &closing));
	CHECK_OK(host_dgram_watch(b.d, &closing));
	listen_for(&w, &b, 1, 0);
	CHECK(b.d == NULL);
	host_dgram_close(a.d);
	world_close(&w);
}

TESTS_ON_UV(RUN(what_is_sent_arrives_with_both_addresses),
	RUN(the_answer_comes_from_the_address_that_was_asked),
	RUN(a_closed_port_is_reported_with_its_peer_and_disturbs_no_other),
	RUN(an_unwatched_socket_is_read_by_hand), RUN(a_refusal_is_told_to_who_receives),
	RUN(bad_sockets_are_refused_with_the_reason),
	RUN(a_handler_may_close_its_socket_and_a_watch_may_change_hands))
