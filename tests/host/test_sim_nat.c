#include "net.h"

#include "host/sim/sim.h"

struct rig {
	struct sim *sim;
	struct sim_nat *nat;
	struct host *inner, *server, *stranger;
	struct ear in, srv, srv2, other;
	struct netaddr to_srv, to_srv2, to_other;
};

static struct rig *rig_open(enum sim_nat_kind kind)
{
	struct rig *r = mem_zalloc(sizeof(*r));

	CHECK_OK(sim_new(1, &r->sim));
	CHECK_OK(sim_nat_new(r->sim, kind, "203.0.113.1", 30 * NS_PER_S, &r->nat));
	CHECK_OK(sim_nat_host_new(r->nat, "192.168.0.2", &r->inner));
	CHECK_OK(sim_host_new(r->sim, "198.51.100.1", &r->server));
	CHECK_OK(sim_host_new(r->sim, "198.51.100.2", &r->stranger));
	ear_open(&r->in, r->inner, "0.0.0.0", 5060);
	ear_open(&r->srv, r->server, "0.0.0.0", 5060);
	ear_open(&r->srv2, r->server, "0.0.0.0", 5070);
	ear_open(&r->other, r->stranger, "0.0.0.0", 5060);
	r->to_srv = addr_of("198.51.100.1", 5060);
	r->to_srv2 = addr_of("198.51.100.1", 5070);
	r->to_other = addr_of("198.51.100.2", 5060);
	return r;
}

static void rig_close(struct rig *r)
{
	struct ear *ears[] = {&r->in, &r->srv, &r->srv2, &r->other};
	struct host *hosts[] = {r->inner, r->server, r->stranger};

	for (size_t i = 0; i < ARRAY_LEN(ears); i++)
		host_dgram_close(ears[i]->d);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		host_free(hosts[i]);
	sim_free(r->sim);
	mem_free(r);
}

/* Does text from this ear to that address reach the machine inside? */
static bool gets_in(struct rig *r, struct ear *from, const struct netaddr *to)
{
	size_t before = r->in.n;

	ear_say(from, to, "in");
	sim_run_for(r->sim, 10 * NS_PER_MS);
	return r->in.n == before + 1;
}

static struct netaddr seen_by(struct rig *r, struct ear *by, const struct netaddr *to)
{
	ear_say(&r->in, to, "out");
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK(by->n > 0);
	return by->rx[by->n - 1].from;
}

TEST(each_kind_maps_and_filters_as_its_name_says)
{
	static const struct {
		enum sim_nat_kind kind;
		bool server, other_port, stranger, same_port_for_all;
	} rows[] = {
		{SIM_NAT_FULL_CONE, true, true, true, true},
		{SIM_NAT_ADDRESS_RESTRICTED, true, true, false, true},
		{SIM_NAT_PORT_RESTRICTED, true, false, false, true},
		{SIM_NAT_SYMMETRIC, true, false, false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_open(rows[i].kind);
		struct netaddr public = seen_by(r, &r->srv, &r->to_srv), again;

		CHECK(public.port != 5060);
		CHECK_EQ(gets_in(r, &r->srv, &public), rows[i].server);
		CHECK_EQ(gets_in(r, &r->srv2, &public), rows[i].other_port);
		CHECK_EQ(gets_in(r, &r->other, &public), rows[i].stranger);
		again = seen_by(r, &r->srv, &r->to_srv);
		CHECK(netaddr_eq(&public, &again));
		again = seen_by(r, &r->other, &r->to_other);
		CHECK_EQ(netaddr_eq(&public, &again), rows[i].same_port_for_all);
		/* Who was talked to may answer now. */
		CHECK(gets_in(r, &r->other, &again));
		CHECK(netaddr_eq(&r->in.rx[r->in.n - 1].from, &r->to_other));
		rig_close(r);
	}
}

TEST(an_idle_binding_dies_and_comes_back_with_another_port)
{
	struct rig *r = rig_open(SIM_NAT_FULL_CONE);
	struct netaddr first = seen_by(r, &r->srv, &r->to_srv), second;

	sim_run_for(r->sim, 29 * NS_PER_S);
	CHECK(gets_in(r, &r->srv, &first));
	/* What comes in does not keep it alive. */
	sim_run_for(r->sim, 2 * NS_PER_S);
	CHECK(!gets_in(r, &r->srv, &first));
	second = seen_by(r, &r->srv, &r->to_srv);
	CHECK(first.port != second.port);
	for (int i = 0; i < 5; i++) {
		sim_run_for(r->sim, 29 * NS_PER_S);
		first = seen_by(r, &r->srv, &r->to_srv);
		CHECK(netaddr_eq(&first, &second));
	}
	rig_close(r);
}

TEST(a_box_that_restarts_forgets_everything)
{
	struct rig *r = rig_open(SIM_NAT_FULL_CONE);
	struct netaddr public = seen_by(r, &r->srv, &r->to_srv);

	sim_nat_reset(r->nat);
	CHECK(!gets_in(r, &r->srv, &public));
	/* The port is closed, not refused: a box says nothing. */
	CHECK_EQ(r->srv.unreachable, 0);
	rig_close(r);
}

TEST(neighbours_meet_directly_and_by_the_hairpin)
{
	struct rig *r = rig_open(SIM_NAT_FULL_CONE);
	struct host *neighbour;
	struct ear near;
	struct netaddr inner = addr_of("192.168.0.2", 5060), public = seen_by(r, &r->srv, &r->to_srv);

	CHECK_OK(sim_nat_host_new(r->nat, "192.168.0.3", &neighbour));
	ear_open(&near, neighbour, "192.168.0.3", 5060);
	CHECK(gets_in(r, &near, &inner));
	CHECK_EQ(r->in.rx[0].from.port, 5060);
	CHECK(gets_in(r, &near, &public));
	CHECK(r->in.rx[1].from.port != 5060);
	/* The private address is nowhere outside. */
	CHECK(!gets_in(r, &r->srv, &inner));
	host_dgram_close(near.d);
	host_free(neighbour);
	rig_close(r);
}

TESTS(RUN(each_kind_maps_and_filters_as_its_name_says),
	RUN(an_idle_binding_dies_and_comes_back_with_another_port),
	RUN(a_box_that_restarts_forgets_everything), RUN(neighbours_meet_directly_and_by_the_hairpin))
