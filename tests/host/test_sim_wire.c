#include "net.h"

#include "host/sim/sim.h"

#include <errno.h>

#define MS NS_PER_MS

struct rig {
	struct sim *sim;
	struct host *alice, *bob;
	struct ear a, b;
	struct netaddr to_a, to_b;
	unsigned fates[SIM_UNREACHABLE + 1];
};

static struct rig *rig_open(uint64_t seed)
{
	struct rig *r = mem_zalloc(sizeof(*r));

	CHECK_OK(sim_new(seed, &r->sim));
	CHECK_OK(sim_host_new(r->sim, "10.0.0.1", &r->alice));
	CHECK_OK(sim_host_new(r->sim, "10.0.0.2", &r->bob));
	ear_open(&r->a, r->alice, "10.0.0.1", 5060);
	ear_open(&r->b, r->bob, "0.0.0.0", 5060);
	r->to_a = addr_of("10.0.0.1", 5060);
	r->to_b = addr_of("10.0.0.2", 5060);
	return r;
}

static void rig_close(struct rig *r)
{
	host_dgram_close(r->a.d);
	host_dgram_close(r->b.d);
	CHECK(nothing_is_open(r->alice) && nothing_is_open(r->bob));
	host_free(r->alice);
	host_free(r->bob);
	sim_free(r->sim);
	mem_free(r);
}

TEST(a_datagram_takes_a_millisecond_and_tells_both_addresses)
{
	struct rig *r = rig_open(1);

	ear_say(&r->a, &r->to_b, "hello");
	sim_run_for(r->sim, MS - 1);
	CHECK_EQ(r->b.n, 0);
	sim_run_for(r->sim, 1);
	CHECK_EQ(r->b.n, 1);
	CHECK_STR(r->b.text[0], "hello");
	CHECK(netaddr_eq(&r->b.rx[0].from, &r->to_a));
	CHECK(netaddr_eq(&r->b.rx[0].to, &r->to_b));
	CHECK_EQ(r->b.rx[0].at_ns, sim_now(r->sim));
	rig_close(r);
}

TEST(sockets_are_bound_as_in_a_kernel)
{
	static const struct {
		const char *ip;
		uint16_t port;
		int err;
	} rows[] = {
		{"0.0.0.0", 5060, EADDRINUSE},
		{"10.0.0.1", 5060, EADDRINUSE},
		{"10.0.0.9", 5060, 0},
		{"10.0.0.7", 5061, EADDRNOTAVAIL},
		{"::", 5060, 0},
	};
	struct rig *r = rig_open(1);
	struct host_dgram *d, *any[2];
	struct netaddr route, to = addr_of("10.0.0.2", 0);

	CHECK_OK(sim_host_add_ip(r->alice, "10.0.0.9"));
	CHECK_EQ(err_to_errno(sim_host_add_ip(r->alice, "10.0.0.2")), EADDRINUSE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host_dgram_cfg cfg = {.local = addr_of(rows[i].ip, rows[i].port)};
		int err = host_dgram_open(r->alice, &cfg, &d);

		CHECK_EQ(err_to_errno(err), rows[i].err);
		if (!err)
			host_dgram_close(d);
	}
	for (size_t i = 0; i < 2; i++) {
		struct host_dgram_cfg cfg = {.local = addr_of("0.0.0.0", 0)};

		CHECK_OK(host_dgram_open(r->alice, &cfg, &any[i]));
	}
	CHECK(host_dgram_local(any[0]).port != host_dgram_local(any[1]).port);
	CHECK(host_dgram_local(any[0]).port >= 1024);
	for (size_t i = 0; i < 2; i++)
		host_dgram_close(any[i]);
	CHECK_OK(host_route(r->alice, &to, &route));
	CHECK(route.port == 0 && netaddr_eq_ip(&route, &r->to_a));
	to = addr_of("2001:db8::1", 0);
	CHECK_EQ(host_route(r->alice, &to, &route), OH_EUNREACH);
	rig_close(r);
}

TEST(the_answer_comes_from_the_address_that_was_asked)
{
	struct rig *r = rig_open(1);
	struct netaddr second = addr_of("10.0.0.3", 5060);

	CHECK_OK(sim_host_add_ip(r->bob, "10.0.0.3"));
	ear_say(&r->a, &second, "ask");
	sim_run_for(r->sim, MS);
	CHECK(netaddr_eq(&r->b.rx[0].to, &second));
	CHECK_OK(host_dgram_send(r->b.d, &r->b.rx[0].from, &r->b.rx[0].to, "reply", 5));
	sim_run_for(r->sim, MS);
	CHECK(netaddr_eq(&r->a.rx[0].from, &second));
	rig_close(r);
}

TEST(bad_destinations_are_refused_or_reported_or_silent)
{
	struct rig *r = rig_open(1);
	struct netaddr closed = addr_of("10.0.0.2", 9), nobody = addr_of("10.0.0.77", 9);
	struct netaddr other_family = addr_of("::1", 9), no_port = addr_of("10.0.0.2", 0);

	CHECK_EQ(err_to_errno(host_dgram_send(r->a.d, &other_family, NULL, "x", 1)), EAFNOSUPPORT);
	CHECK_EQ(err_to_errno(host_dgram_send(r->a.d, &no_port, NULL, "x", 1)), EINVAL);
	CHECK_EQ(err_to_errno(host_dgram_send(r->a.d, &r->to_b, NULL, "x", 70000)), EMSGSIZE);
	CHECK_EQ(err_to_errno(host_dgram_send(r->b.d, &r->to_a, &nobody, "x", 1)), EADDRNOTAVAIL);
	ear_say(&r->a, &nobody, "x");
	ear_say(&r->a, &closed, "x");
	sim_run_for(r->sim, 2 * MS - 1);
	CHECK_EQ(r->a.unreachable, 0);
	sim_run_for(r->sim, NS_PER_S);
	CHECK_EQ(r->a.unreachable, 1);
	CHECK_EQ(err_to_errno(r->a.err), ECONNREFUSED);
	CHECK(netaddr_eq(&r->a.lost, &closed));
	rig_close(r);
}

static void read_one(void *arg)
{
	struct ear *e = arg;
	char buf[3];

	CHECK_OK(host_dgram_recv(e->d, buf, sizeof(buf), &e->rx[e->n]));
	e->n++;
}

TEST(readable_comes_again_until_all_is_read_and_long_ones_are_cut)
{
	struct rig *r = rig_open(1);
	struct host_dgram_handler one = {.readable = read_one, .arg = &r->b};
	struct host_rx rx;

	CHECK_OK(host_dgram_watch(r->b.d, NULL));
	for (int i = 0; i < 3; i++)
		ear_say(&r->a, &r->to_b, "long");
	sim_run_for(r->sim, MS);
	CHECK_EQ(r->b.n, 0);
	CHECK_OK(host_dgram_watch(r->b.d, &one));
	sim_run_for(r->sim, 0);
	CHECK_EQ(r->b.n, 3);
	CHECK(r->b.rx[0].truncated && r->b.rx[0].n == 3);
	CHECK_EQ(host_dgram_recv(r->b.d, NULL, 0, &rx), OH_EAGAIN);
	CHECK_OK(host_dgram_watch(r->b.d, NULL));
	CHECK_EQ(host_dgram_watch(r->b.d, &(struct host_dgram_handler){0}), OH_EINVAL);
	rig_close(r);
}

TEST(a_full_receive_buffer_loses_what_comes_later)
{
	struct rig *r = rig_open(1);
	struct host_dgram_cfg cfg = {.local = addr_of("10.0.0.2", 7000), .rcvbuf = 4096};
	struct netaddr to = cfg.local;
	struct host_dgram *small;
	struct host_rx rx;
	unsigned n = 0;
	char byte;

	CHECK_OK(host_dgram_open(r->bob, &cfg, &small));
	for (int i = 0; i < 100; i++)
		ear_say(&r->a, &to, "x");
	sim_run_for(r->sim, MS);
	while (host_dgram_recv(small, &byte, 1, &rx) == 0)
		n++;
	CHECK(n > 5 && n < 20);
	host_dgram_close(small);
	rig_close(r);
}

static void count_fate(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	(void)p;
	((struct rig *)arg)->fates[fate]++;
}

/* 2,000 packets by each rule: the shares, and that the same seed repeats them exactly. */
TEST(loss_and_doubling_follow_their_probability_and_the_seed)
{
	unsigned heard[2], lost[2];

	for (size_t i = 0; i < 2; i++) {
		struct rig *r = rig_open(99);

		sim_wire(r->sim, &(struct sim_wire){.loss = 0.1, .duplicate = 0.2, .delay_ns = MS});
		sim_tap(r->sim, count_fate, r);
		heard[i] = 0;
		for (int k = 0; k < 2000; k++) {
			r->b.n = 0;
			ear_say(&r->a, &r->to_b, "x");
			sim_run_for(r->sim, 2 * MS);
			heard[i] += (unsigned)r->b.n;
		}
		lost[i] = r->fates[SIM_DROP];
		CHECK(lost[i] > 140 && lost[i] < 260);
		CHECK(r->fates[SIM_DOUBLE] > 280 && r->fates[SIM_DOUBLE] < 440);
		CHECK_EQ(heard[i], 2000 - lost[i] + r->fates[SIM_DOUBLE]);
		rig_close(r);
	}
	CHECK(heard[0] == heard[1] && lost[0] == lost[1]);
}

/* How many of 60 numbered packets, a millisecond apart, arrive after a later one. */
static unsigned overtaken(const struct sim_wire *w)
{
	struct rig *r = rig_open(5);
	unsigned late = 0;
	int newest = -1;

	sim_wire(r->sim, w);
	for (int i = 0; i < 60; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		ear_say(&r->a, &r->to_b, text);
		sim_run_for(r->sim, MS);
	}
	sim_run_for(r->sim, NS_PER_S);
	CHECK_EQ(r->b.n, 60);
	for (size_t i = 0; i < r->b.n; i++) {
		int number = atoi(r->b.text[i]);

		late += number < newest;
		newest = number > newest ? number : newest;
	}
	rig_close(r);
	return late;
}

TEST(packets_are_overtaken_only_where_the_rule_says_so)
{
	CHECK_EQ(overtaken(&(struct sim_wire){.delay_ns = MS, .jitter_ns = 20 * MS}), 0);
	CHECK(overtaken(&(struct sim_wire){.delay_ns = MS, .jitter_ns = 20 * MS, .allow_overtake = true}) >
		5);
	CHECK(overtaken(&(struct sim_wire){.delay_ns = MS, .reorder = 0.2, .reorder_ns = 5 * MS}) > 3);
}

TEST(a_direction_has_its_own_rule_and_large_datagrams_vanish)
{
	struct rig *r = rig_open(1);

	CHECK_OK(sim_wire_between(
		r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.delay_ns = 50 * MS, .mtu = 4}));
	CHECK_EQ(sim_wire_between(r->sim, "x", "10.0.0.2", &(struct sim_wire){0}), OH_EINVAL);
	ear_say(&r->a, &r->to_b, "1234");
	ear_say(&r->a, &r->to_b, "12345");
	ear_say(&r->b, &r->to_a, "12345");
	sim_run_for(r->sim, MS);
	CHECK(r->a.n == 1 && r->b.n == 0);
	sim_run_for(r->sim, 49 * MS);
	CHECK_EQ(r->b.n, 1);
	rig_close(r);
}

static enum sim_fate by_text(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	(void)arg;
	*delay_ns = 10 * MS;
	switch (p->data[0]) {
	case 'd':
		return SIM_DROP;
	case '2':
		return SIM_DOUBLE;
	case 'l':
		return SIM_DELAY;
	case 'u':
		return SIM_UNREACHABLE;
	default:
		return SIM_BY_RULE;
	}
}

TEST(a_filter_decides_before_the_rule)
{
	struct rig *r = rig_open(1);

	sim_filter(r->sim, by_text, NULL);
	sim_tap(r->sim, count_fate, r);
	ear_say(&r->a, &r->to_b, "drop");
	ear_say(&r->a, &r->to_b, "late");
	ear_say(&r->a, &r->to_b, "2");
	ear_say(&r->a, &r->to_b, "unreachable");
	ear_say(&r->a, &r->to_b, "normal");
	sim_run_for(r->sim, MS);
	CHECK_EQ(r->b.n, 3);
	CHECK_STR(r->b.text[2], "normal");
	sim_run_for(r->sim, 10 * MS);
	CHECK_EQ(r->b.n, 4);
	CHECK_STR(r->b.text[3], "late");
	CHECK_EQ(err_to_errno(r->a.err), EHOSTUNREACH);
	for (int fate = SIM_DROP; fate <= SIM_UNREACHABLE; fate++)
		CHECK_EQ(r->fates[fate], 1);
	rig_close(r);
}

static bool bob_heard(void *arg)
{
	return ((struct rig *)arg)->b.n > 0;
}

TEST(time_passes_until_something_is_so_or_the_limit)
{
	struct rig *r = rig_open(1);
	uint64_t start = sim_now(r->sim);

	CHECK(!sim_run_while_not(r->sim, bob_heard, r, 5 * MS));
	CHECK_EQ(sim_now(r->sim), start + 5 * MS);
	ear_say(&r->a, &r->to_b, "x");
	CHECK(sim_run_while_not(r->sim, bob_heard, r, NS_PER_S));
	CHECK_EQ(sim_now(r->sim), start + 6 * MS);
	/* What is still in flight when all is closed is freed with the world. */
	ear_say(&r->a, &r->to_b, "x");
	rig_close(r);
}

TESTS(RUN(a_datagram_takes_a_millisecond_and_tells_both_addresses), RUN(sockets_are_bound_as_in_a_kernel),
	RUN(the_answer_comes_from_the_address_that_was_asked),
	RUN(bad_destinations_are_refused_or_reported_or_silent),
	RUN(readable_comes_again_until_all_is_read_and_long_ones_are_cut),
	RUN(a_full_receive_buffer_loses_what_comes_later),
	RUN(loss_and_doubling_follow_their_probability_and_the_seed),
	RUN(packets_are_overtaken_only_where_the_rule_says_so),
	RUN(a_direction_has_its_own_rule_and_large_datagrams_vanish), RUN(a_filter_decides_before_the_rule),
	RUN(time_passes_until_something_is_so_or_the_limit))
