/* Datagrams of many sockets at once: the same as one by one, also when the kernel does not play along. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SOCKETS (HOST_LANE_PLACES + 8) /* more than go at once */

struct pairs {
	struct world w;
	struct host_lane *lane;
	struct host_dgram *a[SOCKETS], *b[SOCKETS];
};

static void open_lane(struct pairs *p)
{
	world_open(&p->w);
	p->lane = host_lane_new(p->w.host);
	if (p->lane)
		return;
	world_close(&p->w);
	print_message("# this kernel or sandbox grants no io_uring\n");
	skip();
}

static void open_pairs(struct pairs *p, const char *ip)
{
	struct host_dgram_cfg cfg = {.local = addr_of(ip, 0), .timestamps = true, .refusals = true};

	open_lane(p);
	for (size_t i = 0; i < SOCKETS; i++) {
		CHECK_OK(host_dgram_open(p->w.host, &cfg, &p->a[i]));
		CHECK_OK(host_dgram_open(p->w.host, &cfg, &p->b[i]));
	}
}

static void close_pairs(struct pairs *p)
{
	for (size_t i = 0; i < SOCKETS; i++) {
		host_dgram_close(p->a[i]);
		host_dgram_close(p->b[i]);
	}
	p->lane = host_lane_free(p->lane);
	world_close(&p->w);
}

/* The n-th word of everybody leaves for its partner. */
static void say(struct pairs *p, const struct netaddr *loopback, unsigned n)
{
	char word[32];

	for (size_t i = 0; i < SOCKETS; i++) {
		struct netaddr to = host_dgram_local(p->b[i]);
		int len = snprintf(word, sizeof(word), "%zu says %u", i, n);

		if (loopback)
			memcpy(to.ip, loopback->ip, sizeof(to.ip));
		CHECK_OK(host_lane_send(p->lane, p->a[i], &to, NULL, word, (size_t)len));
	}
	host_lane_flush(p->lane);
}

static void fetch(struct pairs *p, size_t *at)
{
	size_t n = SOCKETS - *at < HOST_LANE_PLACES ? SOCKETS - *at : HOST_LANE_PLACES;

	host_lane_fetch(p->lane, p->b + *at, n);
	*at += n;
}

static void hear(struct pairs *p, size_t i, unsigned n, uint64_t since)
{
	char buf[64], word[32];
	struct host_rx rx;

	snprintf(word, sizeof(word), "%zu says %u", i, n);
	CHECK_OK(host_dgram_recv(p->b[i], buf, sizeof(buf) - 1, &rx));
	buf[rx.n] = '\0';
	CHECK_STR(buf, word);
	CHECK(!rx.truncated && netaddr_is_loopback(&rx.from));
	CHECK_EQ(rx.from.port, host_dgram_local(p->a[i]).port);
	CHECK_EQ(rx.to.port, host_dgram_local(p->b[i]).port);
	CHECK(rx.at_ns + NS_PER_MS >= since && rx.at_ns <= host_now(p->w.host));
}

static void is_silent(struct pairs *p)
{
	struct host_rx rx;
	char byte;

	for (size_t at = 0, i = 0; at < SOCKETS;) {
		fetch(p, &at);
		for (; i < at; i++)
			CHECK_EQ(host_dgram_recv(p->b[i], &byte, 1, &rx), OH_EAGAIN);
	}
}

TEST(many_sockets_speak_and_hear_at_once_and_in_order)
{
	static const struct {
		const char *bound, *loopback;
	} rows[] = {{"127.0.0.1", NULL}, {"::1", NULL}, {"0.0.0.0", "127.0.0.7"}, {"::", "::1"}};

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct pairs p;
		struct netaddr to;
		uint64_t since;

		open_pairs(&p, rows[r].bound);
		if (rows[r].loopback)
			to = addr_of(rows[r].loopback, 0);
		since = host_now(p.w.host);
		for (unsigned n = 0; n < 3; n++)
			say(&p, rows[r].loopback ? &to : NULL, n);
		for (size_t at = 0, i = 0; at < SOCKETS;) {
			fetch(&p, &at);
			for (; i < at; i++)
				for (unsigned n = 0; n < 3; n++)
					hear(&p, i, n, since);
		}
		is_silent(&p);
		close_pairs(&p);
	}
}

TEST(the_answer_comes_from_the_address_that_was_asked)
{
	struct pairs p;
	struct host_dgram_cfg cfg = {.local = addr_of("127.0.0.1", 0)};
	struct host_dgram *ask, *any;
	struct netaddr to, wrong = addr_of("::1", 9);
	struct host_rx rx;
	char buf[8];

	open_lane(&p);
	CHECK_OK(host_dgram_open(p.w.host, &cfg, &ask));
	cfg.local = addr_of("0.0.0.0", 0);
	CHECK_OK(host_dgram_open(p.w.host, &cfg, &any));
	to = addr_of("127.0.0.9", host_dgram_local(any).port);
	CHECK_OK(host_lane_send(p.lane, ask, &to, NULL, "ask", 3));
	host_lane_flush(p.lane);
	host_lane_fetch(p.lane, &any, 1);
	CHECK_OK(host_dgram_recv(any, buf, sizeof(buf), &rx));
	CHECK(netaddr_eq(&rx.to, &to));
	CHECK_OK(host_lane_send(p.lane, any, &rx.from, &rx.to, "answer", 6));
	CHECK_EQ(err_to_errno(host_lane_send(p.lane, any, &to, &wrong, "x", 1)), EAFNOSUPPORT);
	CHECK_EQ(err_to_errno(host_lane_send(p.lane, any, &wrong, NULL, "x", 1)), EAFNOSUPPORT);
	host_lane_flush(p.lane);
	host_lane_fetch(p.lane, &ask, 1);
	CHECK_OK(host_dgram_recv(ask, buf, sizeof(buf), &rx));
	CHECK(rx.n == 6 && netaddr_eq(&rx.from, &to));
	host_dgram_close(ask);
	host_dgram_close(any);
	p.lane = host_lane_free(p.lane);
	world_close(&p.w);
}

TEST(what_is_too_long_leaves_by_itself_behind_the_others_and_is_cut_when_it_comes)
{
	static char big[HOST_LANE_BYTES + 100], buf[HOST_LANE_BYTES + 200];
	struct pairs p;
	struct netaddr to;
	struct host_rx rx;

	open_pairs(&p, "127.0.0.1");
	to = host_dgram_local(p.b[0]);
	memset(big, 'x', sizeof(big));
	CHECK_OK(host_lane_send(p.lane, p.a[0], &to, NULL, "first", 5));
	CHECK_OK(host_lane_send(p.lane, p.a[0], &to, NULL, big, sizeof(big)));
	CHECK_OK(host_lane_send(p.lane, p.a[0], &to, NULL, "last", 4));
	host_lane_flush(p.lane);
	host_lane_fetch(p.lane, p.b, 1);
	CHECK_OK(host_dgram_recv(p.b[0], buf, sizeof(buf), &rx));
	CHECK_MEM(buf, "first", 5);
	host_lane_fetch(p.lane, p.b, 1);
	CHECK_OK(host_dgram_recv(p.b[0], buf, sizeof(buf), &rx));
	CHECK(rx.truncated && rx.n == HOST_LANE_BYTES && buf[rx.n - 1] == 'x');
	host_lane_fetch(p.lane, p.b, 1);
	CHECK_OK(host_dgram_recv(p.b[0], buf, 2, &rx));
	CHECK(rx.truncated && rx.n == 2);
	CHECK_MEM(buf, "la", 2);
	CHECK_EQ(err_to_errno(host_lane_send(p.lane, p.a[0], &to, NULL, big, 70000)), EMSGSIZE);
	close_pairs(&p);
}

TEST(what_could_not_be_sent_is_told_with_its_number_and_bytes)
{
	struct pairs p;
	/* Broadcast, which a socket has to be allowed. */
	struct netaddr never = addr_of("255.255.255.255", 9), to;
	struct host_failure f;

	open_pairs(&p, "127.0.0.1");
	to = host_dgram_local(p.b[0]);
	CHECK_OK(host_lane_send(p.lane, p.a[0], &never, NULL, "1234", 4));
	CHECK_OK(host_lane_send(p.lane, p.a[0], &to, NULL, "word", 4));
	CHECK_OK(host_lane_send(p.lane, p.a[0], &never, NULL, "123456", 6));
	CHECK_EQ(host_dgram_failure(p.a[0]).err, 0);
	host_lane_flush(p.lane);
	f = host_dgram_failure(p.a[0]);
	CHECK_EQ(err_to_errno(f.err), EACCES);
	CHECK_EQ(f.datagrams, 2);
	CHECK_EQ(f.bytes, 10);
	CHECK_EQ(host_dgram_failure(p.a[0]).err, 0);
	close_pairs(&p);
}

/* As for single datagrams: sending never fails for it, who receives is told, and what is behind it is whole. */
TEST(a_refusal_is_told_to_who_receives)
{
	struct pairs p;
	struct netaddr nobody, us;
	unsigned refused = 0, heard = 0;

	open_pairs(&p, "127.0.0.1");
	nobody = host_dgram_local(p.a[0]);
	p.a[0] = host_dgram_close(p.a[0]);
	us = host_dgram_local(p.b[0]);
	for (unsigned n = 0; n < 1000; n++) {
		struct host_rx rx;
		char buf[8];
		int err;

		CHECK_OK(host_lane_send(p.lane, p.b[0], &nobody, NULL, "lost", 4));
		CHECK_OK(host_lane_send(p.lane, p.b[0], &us, NULL, "kept", 4));
		host_lane_flush(p.lane);
		CHECK_EQ(host_dgram_failure(p.b[0]).err, 0);
		host_lane_fetch(p.lane, p.b, 1);
		while ((err = host_dgram_recv(p.b[0], buf, sizeof(buf), &rx)) != OH_EAGAIN) {
			if (err)
				CHECK_EQ(err_to_errno(err), ECONNREFUSED);
			refused += err != 0;
			heard += err == 0;
		}
	}
	CHECK_EQ(heard, 1000);
	CHECK(refused > 900 && refused <= 2000);
	close_pairs(&p);
}

/* Puts something else in the place of the process' ring. */
static void spoil_ring(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = check_ring(0); fd >= 0; fd = check_ring(fd + 1))
		CHECK(dup2(null, fd) == fd);
	close(null);
}

TEST(without_its_ring_a_lane_goes_on_and_loses_nothing)
{
	for (unsigned spoiled_at = 0; spoiled_at < 3; spoiled_at++) {
		struct pairs p;
		uint64_t since;

		open_pairs(&p, "127.0.0.1");
		since = host_now(p.w.host);
		for (unsigned n = 0; n < 2; n++) {
			if (n == spoiled_at)
				spoil_ring();
			say(&p, NULL, n);
		}
		if (spoiled_at == 2)
			spoil_ring();
		for (size_t at = 0, i = 0; at < SOCKETS;) {
			fetch(&p, &at);
			for (; i < at; i++)
				for (unsigned n = 0; n < 2; n++)
					hear(&p, i, n, since);
		}
		is_silent(&p);
		close_pairs(&p);
	}
}

TEST(no_lane_is_one_by_one)
{
	struct pairs p;
	uint64_t since;

	open_pairs(&p, "127.0.0.1");
	p.lane = host_lane_free(p.lane);
	mem_fail_at(1);
	CHECK(host_lane_new(p.w.host) == NULL);
	since = host_now(p.w.host);
	say(&p, NULL, 1);
	for (size_t at = 0; at < SOCKETS;)
		fetch(&p, &at);
	for (size_t i = 0; i < SOCKETS; i++)
		hear(&p, i, 1, since);
	close_pairs(&p);
}

TESTS_ON_UV(RUN(many_sockets_speak_and_hear_at_once_and_in_order),
	RUN(the_answer_comes_from_the_address_that_was_asked),
	RUN(what_is_too_long_leaves_by_itself_behind_the_others_and_is_cut_when_it_comes),
	RUN(what_could_not_be_sent_is_told_with_its_number_and_bytes), RUN(a_refusal_is_told_to_who_receives),
	RUN(without_its_ring_a_lane_goes_on_and_loses_nothing), RUN(no_lane_is_one_by_one))
