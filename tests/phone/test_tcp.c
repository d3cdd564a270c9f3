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

/* RFC 3261 18.2.2: the answer comes by a connection of the callee's; and the CANCEL goes by one of the caller's. */
TEST(a_ringing_call_outlives_its_connection)
{
	for (int how = 0; how < 4; how++) {
		struct rig *r = rig_tcp();

		call(r);
		CHECK(rig_wait(&r->b, "INCOMING"));
		CHECK_OK(side_answer(&r->b, 180));
		CHECK(rig_wait(&r->a, "EARLY(180)"));
		sim_break_connections(how & 1 ? r->a.host : r->b.host);
		rig_run_ms(r, 200000);
		CHECK_STR(r->a.log, "CALLING EARLY(180) ");
		if (how & 2) {
			CHECK_OK(side_hangup(&r->a, 0));
			CHECK(rig_wait(&r->b, "DISCONNECTED(487)"));
		} else {
			CHECK_OK(side_answer(&r->b, 200));
			CHECK(rig_wait(&r->a, "CONFIRMED"));
			CHECK(rig_wait(&r->b, "CONFIRMED"));
			CHECK_OK(side_hangup(&r->a, 0));
			CHECK(rig_wait(&r->b, "DISCONNECTED"));
		}
		tcp_close(r);
	}
}

TEST(who_is_not_heard_again_has_not_rung_for_ever)
{
	const struct sim_wire hole = {.loss = 1};
	struct rig *r = rig_tcp();

	call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY(180)"));
	sim_break_connections(r->a.host);
	CHECK_OK(sim_wire_between(r->sim, RIG_B_IP, RIG_A_IP, &hole));
	rig_run_ms(r, 179000);
	CHECK_STR(r->a.log, "CALLING EARLY(180) ");
	CHECK(rig_wait(&r->a, "DISCONNECTED(408)"));
	CHECK_OK(sim_wire_between(r->sim, RIG_B_IP, RIG_A_IP, &(struct sim_wire){.delay_ns = NS_PER_MS}));
	CHECK_OK(side_hangup(&r->b, 0));
	tcp_close(r);
}

/* Nobody has rung: it may ring elsewhere. */
TEST(a_call_that_was_only_taken_up_ends_with_its_connection)
{
	struct rig *r = rig_tcp();

	call(r);
	CHECK(rig_wait(&r->b, "INCOMING"));
	sim_break_connections(r->a.host);
	CHECK(rig_wait(&r->a, "DISCONNECTED(503)"));
	CHECK_OK(side_hangup(&r->b, 0));
	tcp_close(r);
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
	RUN(a_ringing_call_outlives_its_connection), RUN(who_is_not_heard_again_has_not_rung_for_ever),
	RUN(a_call_that_was_only_taken_up_ends_with_its_connection),
	RUN(a_caller_hears_when_nobody_takes_its_connection))
