/* Calls over connections: two phones that have TCP and UDP on one port. */
#include "rig.h"

#include "host/sim/sim.h"

static offhook_id tcp[2]; /* of both sides */

/* A connection has a timer as long as its transport is there. */
static void tcp_close(struct rig *r)
{
	rig_run_ms(r, 64000);
	CHECK_OK(offhook_transport_remove(r->a.phone, tcp[0]));
	CHECK_OK(offhook_transport_remove(r->b.phone, tcp[1]));
	rig_close(r);
}

static struct rig *rig_tcp(void)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct side *sides[] = {&r->a, &r->b};

	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		struct offhook_transport_info info = {.size = sizeof(info)};
		struct offhook_transport_cfg cfg;

		offhook_transport_cfg_init(&cfg);
		cfg.type = OFFHOOK_TCP;
		cfg.port = 5060;
		CHECK_OK(offhook_transport_add(sides[i]->phone, &cfg, &tcp[i]));
		CHECK_OK(offhook_transport_get_info(sides[i]->phone, tcp[i], &info));
		CHECK_EQ(info.type, OFFHOOK_TCP);
		CHECK_EQ(info.port, 5060);
	}
	return r;
}

static void call(struct rig *r)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:bob@" RIG_B_IP ";transport=tcp";
	/* Any transport that fits. */
	CHECK_OK(offhook_call_make(r->a.phone, 0, &cfg, &r->a.call));
}

static void talk(struct rig *r)
{
	call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(strstr(r->b.message, "/TCP ") != NULL);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
}

TEST(a_call_over_tcp_is_ended_by_either_side)
{
	for (int who = 0; who < 2; who++) {
		struct rig *r = rig_tcp();

		talk(r);
		CHECK_OK(side_hangup(who ? &r->a : &r->b, 0));
		CHECK(rig_wait(&r->a, "DISCONNECTED"));
		CHECK(rig_wait(&r->b, "DISCONNECTED"));
		tcp_close(r);
	}
}

/* The connection dies in the middle of the call; whoever has something to say makes a new one to the other's Contact. */
TEST(a_call_outlives_its_connection)
{
	for (int who = 0; who < 4; who++) {
		struct rig *r = rig_tcp();

		talk(r);
		sim_break_connections(who & 1 ? r->a.host : r->b.host);
		rig_run_ms(r, 1000);
		CHECK(strstr(r->a.log, "DISCONNECTED") == NULL);
		CHECK_OK(side_hangup(who & 2 ? &r->a : &r->b, 0));
		CHECK(rig_wait(&r->a, "DISCONNECTED"));
		CHECK(rig_wait(&r->b, "DISCONNECTED"));
		tcp_close(r);
	}
}

TEST(a_caller_hears_when_nobody_takes_its_connection)
{
	struct rig *r = rig_tcp();

	offhook_transport_remove(r->b.phone, r->b.transport);
	sim_break_connections(r->b.host);
	{
		const struct sim_wire hole = {.loss = 1};

		CHECK_OK(sim_wire_between(r->sim, RIG_A_IP, RIG_B_IP, &hole));
		call(r);
		rig_run_ms(r, 6000);
		CHECK(strstr(r->a.log, "DISCONNECTED") != NULL);
	}
	tcp_close(r);
}

TESTS(RUN(a_call_over_tcp_is_ended_by_either_side), RUN(a_call_outlives_its_connection),
	RUN(a_caller_hears_when_nobody_takes_its_connection))
