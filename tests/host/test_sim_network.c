/* A simulated machine that changes its address, or sleeps: who is told, and what still works. */
#include "net.h"

#include "host/sim/sim.h"

#include <errno.h>

struct told {
	unsigned times, changes;
};

static void on_network(void *arg, unsigned changes)
{
	struct told *t = arg;

	t->times++;
	t->changes |= changes;
}

TEST(changes_are_told_once_after_they_have_settled)
{
	struct told told = {0};
	struct sim *sim;
	struct host *h;

	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, "192.0.2.1", &h));
	CHECK_OK(sim_host_move(h, NULL, "192.0.2.2")); /* nobody listens yet */
	sim_run_for(sim, NS_PER_S);
	CHECK_OK(host_on_network(h, on_network, &told));
	CHECK_OK(sim_host_move(h, "192.0.2.1", "192.0.2.3"));
	sim_run_for(sim, (HOST_SETTLE_MS - 100) * NS_PER_MS);
	sim_host_slept(h);
	sim_run_for(sim, (HOST_SETTLE_MS - 100) * NS_PER_MS);
	CHECK_EQ(told.times, 0);
	sim_run_for(sim, 200 * NS_PER_MS);
	CHECK_EQ(told.times, 1);
	CHECK_EQ(told.changes, HOST_ADDRESSES | HOST_SLEPT);

	sim_host_slept(h);
	CHECK_OK(host_on_network(h, NULL, NULL));
	CHECK_OK(host_on_network(h, NULL, NULL));
	sim_run_for(sim, NS_PER_S);
	CHECK_EQ(told.times, 1);
	host_free(h);
	sim_free(sim);
}

TEST(an_address_that_is_gone_neither_sends_nor_receives)
{
	struct sim *sim;
	struct host *a, *b;
	struct ear bound, any, there;
	struct netaddr to, old, new;

	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, "192.0.2.1", &a));
	CHECK_OK(sim_host_new(sim, "192.0.2.9", &b));
	ear_open(&bound, a, "192.0.2.1", 4000);
	ear_open(&any, a, "0.0.0.0", 4002);
	ear_open(&there, b, "192.0.2.9", 4000);
	to = addr_of("192.0.2.9", 4000);
	old = addr_of("192.0.2.1", 4002);
	new = addr_of("192.0.2.7", 4002);
	CHECK(host_has_address(a, &old) && !host_has_address(a, &new) && !host_has_address(b, &old));
	CHECK_OK(sim_host_move(a, "192.0.2.1", "192.0.2.7"));
	CHECK(!host_has_address(a, &old) && host_has_address(a, &new));
	CHECK_EQ(host_dgram_send(bound.d, &to, NULL, "x", 1), err_from_errno(EADDRNOTAVAIL));
	CHECK_EQ(host_dgram_send(any.d, &to, &old, "x", 1), err_from_errno(EADDRNOTAVAIL));
	CHECK_OK(host_dgram_send(any.d, &to, NULL, "here", 4));
	CHECK_OK(host_dgram_send(there.d, &old, NULL, "lost", 4));
	CHECK_OK(host_dgram_send(there.d, &new, NULL, "found", 5));
	sim_run_for(sim, NS_PER_S);
	CHECK_EQ(there.n, 1);
	CHECK(netaddr_eq(&there.rx[0].from, &new));
	CHECK_EQ(any.n, 1);
	CHECK_STR(any.text[0], "found");

	CHECK_EQ(sim_host_move(a, "192.0.2.1", NULL), err_from_errno(EADDRNOTAVAIL));
	CHECK_EQ(sim_host_move(a, "192.0.2.9", NULL), err_from_errno(EADDRNOTAVAIL));
	CHECK_EQ(sim_host_move(a, NULL, "192.0.2.9"), err_from_errno(EADDRINUSE));
	CHECK_EQ(sim_host_move(a, "nowhere", NULL), OH_EINVAL);
	host_dgram_close(bound.d);
	host_dgram_close(any.d);
	host_dgram_close(there.d);
	host_free(a);
	host_free(b);
	sim_free(sim);
}

static int watch(void *arg)
{
	struct sim *sim = NULL;
	struct host *h = NULL;
	int err = sim_new(1, &sim);

	(void)arg;
	if (!err)
		err = sim_host_new(sim, "192.0.2.1", &h);
	for (int i = 0; i < 70 && !err; i++) { /* more than the heap has places at first */
		char ip[32];

		snprintf(ip, sizeof(ip), "198.51.100.%d", i);
		err = sim_host_move(h, NULL, ip);
	}
	if (!err)
		err = host_on_network(h, on_network, &(struct told){0});
	host_free(h);
	sim_free(sim);
	return err;
}

TEST(watching_without_memory_leaves_nothing_behind)
{
	check_every_allocation_fails(watch, NULL);
}

TESTS(RUN(changes_are_told_once_after_they_have_settled),
	RUN(an_address_that_is_gone_neither_sends_nor_receives),
	RUN(watching_without_memory_leaves_nothing_behind))
