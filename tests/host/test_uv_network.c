/* The real network of the machine: in a network namespace of this test's own an interface comes up and gets an address. */
#include "world.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEW_IP "192.0.2.77"

struct told {
	struct world *w;
	unsigned times, changes;
};

static void on_network(void *arg, unsigned changes)
{
	struct told *t = arg;

	t->times++;
	t->changes |= changes;
	host_stop(t->w->host);
}

TEST(what_we_have_is_known)
{
	struct world w;
	struct netaddr ours = addr_of("127.0.0.1", 5060), six = addr_of("::1", 0),
		       other = addr_of("192.0.2.1", 0);

	world_open(&w);
	CHECK(host_has_address(w.host, &ours));
	CHECK(host_has_address(w.host, &six) || !if_nametoindex("lo"));
	CHECK(!host_has_address(w.host, &other));
	world_close(&w);
}

static void ask_lo(unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "lo");
	CHECK_OK(ioctl(fd, request, ifr));
	close(fd);
}

static void lo_up(void *arg)
{
	struct ifreq ifr = {.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};

	(void)arg;
	ask_lo(SIOCSIFFLAGS, &ifr);
}

static void lo_address(void *arg)
{
	struct ifreq ifr = {0};
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct netaddr ip = addr_of(NEW_IP, 0);

	(void)arg;
	memcpy(&sin.sin_addr, ip.ip, 4);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	ask_lo(SIOCSIFADDR, &ifr);
}

/* Runs the loop from the moment of the change until it was told. */
static void change(struct world *w, void (*fn)(void *arg))
{
	struct host_timer *t;

	CHECK_OK(host_timer_new(w->host, fn, w, &t));
	host_timer_at(t, host_now(w->host));
	world_run(w);
	host_timer_free(t);
}

TEST(a_new_address_is_told_once)
{
	struct netaddr ip = addr_of(NEW_IP, 0);
	struct world w;
	struct told told = {.w = &w};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) && unshare(CLONE_NEWNET)) {
		print_message("# no network namespace: %s\n", strerror(errno));
		skip();
	}
	world_open(&w);
	CHECK_OK(host_on_network(w.host, on_network, &told));
	change(&w, lo_up);
	CHECK_EQ(told.times, 1);
	CHECK(!host_has_address(w.host, &ip));
	change(&w, lo_address);
	CHECK_EQ(told.times, 2);
	CHECK_EQ(told.changes, HOST_ADDRESSES);
	CHECK(host_has_address(w.host, &ip));
	CHECK_OK(host_on_network(w.host, NULL, NULL));
	world_close(&w);
}

static int watch(void *arg)
{
	struct host *h;
	int err = host_uv_new(&h);

	(void)arg;
	if (err)
		return err;
	err = host_on_network(h, on_network, NULL);
	(void)host_on_network(h, NULL, NULL);
	host_free(h);
	return err;
}

TEST(watching_without_memory_leaves_nothing_behind)
{
	check_every_allocation_fails(watch, NULL);
}

TESTS_ON_UV(RUN(what_we_have_is_known), RUN(watching_without_memory_leaves_nothing_behind),
	RUN(a_new_address_is_told_once))
