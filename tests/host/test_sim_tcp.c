#include "talk.h"

#include "host/sim/sim.h"

#include <errno.h>

struct rig {
	struct sim *sim;
	struct host *a, *b;
	struct door door; /* on b */
	struct talker t;  /* from a */
	struct netaddr to;
};

static struct rig *rig_open(void)
{
	struct rig *r = mem_zalloc(sizeof(*r));

	CHECK_OK(sim_new(7, &r->sim));
	CHECK_OK(sim_host_new(r->sim, "192.0.2.1", &r->a));
	CHECK_OK(sim_host_new(r->sim, "192.0.2.2", &r->b));
	door_open(&r->door, r->b, "0.0.0.0", 5060);
	r->to = addr_of("192.0.2.2", 5060);
	return r;
}

static void rig_close(struct rig *r)
{
	talker_end(&r->t);
	door_close(&r->door);
	CHECK(nothing_is_open(r->a) && nothing_is_open(r->b));
	host_free(r->a);
	host_free(r->b);
	sim_free(r->sim);
	mem_free(r);
}

static struct rig *rig_talking(void)
{
	struct rig *r = rig_open();

	talker_connect(&r->t, r->a, &r->to);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(r->t.opened, 1);
	CHECK_EQ(r->door.accepted, 1);
	return r;
}

static char *long_text(size_t n)
{
	char *text = mem_alloc(n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	text[n] = 0;
	return text;
}

TEST(bytes_arrive_in_order_and_in_pieces_of_any_size)
{
	struct rig *r = rig_talking();
	struct netaddr mine = host_stream_local(r->t.s), seen = host_stream_peer(r->door.t.s);
	char *text = long_text(20000);

	CHECK(netaddr_eq(&mine, &seen));
	CHECK(mine.port != 0 && mine.port != 5060);
	seen = host_stream_local(r->door.t.s);
	CHECK(netaddr_eq(&seen, &r->to));
	talker_say(&r->t, text);
	talker_say(&r->door.t, "hello");
	sim_run_for(r->sim, NS_PER_S);
	CHECK_STR(r->door.t.text, text);
	CHECK(r->door.t.pieces > 10);
	CHECK_STR(r->t.text, "hello");
	CHECK_EQ(r->t.drained, 1);
	mem_free(text);
	rig_close(r);
}

TEST(connecting_takes_a_way_and_back_and_what_was_said_before_waits)
{
	struct rig *r = rig_open();

	talker_connect(&r->t, r->a, &r->to);
	talker_say(&r->t, "early");
	CHECK_EQ(host_stream_waiting(r->t.s), 5);
	sim_run_for(r->sim, 2 * NS_PER_MS - 1);
	CHECK_EQ(r->t.opened, 0);
	sim_run_for(r->sim, 1);
	CHECK_EQ(r->t.opened, 1);
	CHECK(r->door.t.text == NULL);
	sim_run_for(r->sim, NS_PER_MS);
	CHECK_STR(r->door.t.text, "early");
	CHECK_EQ(host_stream_waiting(r->t.s), 0);
	rig_close(r);
}

TEST(one_byte_segments_and_all_at_once)
{
	for (size_t most = 0; most < 2; most++) {
		struct rig *r = rig_talking();

		sim_segments(r->sim, most);
		talker_say(&r->t, "twelve bytes");
		sim_run_for(r->sim, NS_PER_S);
		CHECK_STR(r->door.t.text, "twelve bytes");
		CHECK_EQ(r->door.t.pieces, most ? 12 : 1);
		rig_close(r);
	}
}

TEST(a_wire_that_loses_only_costs_time)
{
	const struct sim_wire bad = {.loss = 0.3, .delay_ns = 20 * NS_PER_MS, .jitter_ns = 30 * NS_PER_MS};
	struct rig *r = rig_open();
	char *text = long_text(30000);

	sim_wire(r->sim, &bad);
	talker_connect(&r->t, r->a, &r->to);
	talker_say(&r->t, text);
	sim_run_for(r->sim, 60 * NS_PER_S);
	CHECK_STR(r->door.t.text, text);
	CHECK_EQ(r->door.accepted, 1);
	mem_free(text);
	rig_close(r);
}

TEST(nobody_listens_and_nobody_is_there)
{
	struct rig *r = rig_open();
	struct netaddr closed = addr_of("192.0.2.2", 5061), nobody = addr_of("192.0.2.99", 5060);

	talker_connect(&r->t, r->a, &closed);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(err_to_errno(r->t.err), ECONNREFUSED);
	talker_connect(&r->t, r->a, &nobody);
	sim_run_for(r->sim, 126 * NS_PER_S);
	CHECK_EQ(r->t.failed, 0);
	sim_run_for(r->sim, 2 * NS_PER_S);
	CHECK_EQ(err_to_errno(r->t.err), ETIMEDOUT);
	rig_close(r);
}

TEST(a_black_hole_ends_a_connection_after_a_quarter_of_an_hour)
{
	const struct sim_wire hole = {.loss = 1, .delay_ns = NS_PER_MS};
	struct rig *r = rig_talking();

	CHECK_OK(sim_wire_between(r->sim, "192.0.2.1", "192.0.2.2", &hole));
	talker_say(&r->t, "into the void");
	sim_run_for(r->sim, 600 * NS_PER_S);
	CHECK_EQ(r->t.failed, 0);
	sim_run_for(r->sim, 600 * NS_PER_S);
	CHECK_EQ(err_to_errno(r->t.err), ETIMEDOUT);
	CHECK(r->door.t.s != NULL);
	rig_close(r);
}

TEST(each_side_finishes_by_itself)
{
	struct rig *r = rig_talking();

	talker_say(&r->t, "the last");
	host_stream_finish(r->t.s);
	CHECK_EQ(host_stream_send(r->t.s, "x", 1), OH_ESTATE);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_STR(r->door.t.text, "the last");
	CHECK_EQ(r->door.t.finished, 1);
	talker_say(&r->door.t, "goodbye");
	r->door.t.s = host_stream_close(r->door.t.s);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_STR(r->t.text, "goodbye");
	CHECK_EQ(r->t.finished, 1);
	CHECK_EQ(r->t.failed + r->door.t.failed, 0);
	rig_close(r);
}

TEST(who_sends_to_a_closed_end_hears_a_reset)
{
	struct rig *r = rig_talking();

	r->door.t.s = host_stream_close(r->door.t.s);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(r->t.finished, 1);
	talker_say(&r->t, "still there?");
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(err_to_errno(r->t.err), ECONNRESET);
	rig_close(r);
}

TEST(a_reset_and_a_machine_that_is_switched_off)
{
	struct rig *r = rig_talking();

	r->door.t.s = host_stream_reset(r->door.t.s);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(err_to_errno(r->t.err), ECONNRESET);
	talker_connect(&r->t, r->a, &r->to);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	sim_break_connections(r->b);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(err_to_errno(r->t.err), ECONNRESET);
	CHECK_EQ(err_to_errno(r->door.t.err), ECONNRESET);
	rig_close(r);
}

TEST(a_reader_that_pauses_slows_the_sender_down)
{
	struct rig *r = rig_talking();
	char *text = long_text(200000);

	host_stream_read(r->door.t.s, false);
	talker_say(&r->t, text);
	CHECK_EQ(host_stream_send(r->t.s, text, 100000), OH_EAGAIN);
	CHECK_EQ(host_stream_send(r->t.s, text, HOST_STREAM_SEND_MAX + 1), OH_ETOOBIG);
	sim_run_for(r->sim, 10 * NS_PER_S);
	CHECK_EQ(r->door.t.n, 0);
	CHECK(host_stream_waiting(r->t.s) > 100000);
	CHECK_EQ(r->t.drained, 0);
	host_stream_read(r->door.t.s, true);
	sim_run_for(r->sim, 10 * NS_PER_S);
	CHECK_STR(r->door.t.text, text);
	CHECK_EQ(r->t.drained, 1);
	CHECK_OK(host_stream_send(r->t.s, text, 100000));
	mem_free(text);
	rig_close(r);
}

TEST(a_closed_stream_is_silent_and_a_listener_that_closes_takes_the_unknown_along)
{
	struct rig *r = rig_open();

	talker_connect(&r->t, r->a, &r->to);
	r->t.s = host_stream_close(r->t.s);
	sim_run_for(r->sim, NS_PER_S);
	CHECK_EQ(r->t.opened + r->t.failed, 0);
	CHECK_EQ(r->door.accepted, 0);
	r->door.refuses = true;
	talker_connect(&r->t, r->a, &r->to);
	sim_run_for(r->sim, NS_PER_S);
	CHECK_EQ(r->t.finished, 1);
	rig_close(r);
}

TEST(a_box_maps_a_connection_and_forgets_it)
{
	struct rig *r = rig_open();
	struct sim_nat *nat;
	struct host *inner;
	struct talker in;
	struct netaddr seen;

	CHECK_OK(sim_nat_new(r->sim, SIM_NAT_PORT_RESTRICTED, "203.0.113.1", 60 * NS_PER_S, &nat));
	CHECK_OK(sim_nat_host_new(nat, "10.0.0.2", &inner));
	talker_connect(&in, inner, &r->to);
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_EQ(in.opened, 1);
	seen = host_stream_peer(r->door.t.s);
	CHECK_EQ(seen.ip[0], 203);
	talker_say(&r->door.t, "inwards");
	sim_run_for(r->sim, 10 * NS_PER_MS);
	CHECK_STR(in.text, "inwards");
	sim_nat_reset(nat);
	talker_say(&r->door.t, "lost");
	sim_run_for(r->sim, 10 * NS_PER_S);
	CHECK_STR(in.text, "inwards");
	talker_end(&in);
	host_free(inner);
	rig_close(r);
}

/* Memory that is out may refuse or delay, and nothing else. */
static int short_of_memory(void *arg)
{
	struct rig *r = arg;
	const struct host_stream_cfg cfg = {0};
	const struct host_stream_handler handler = talker_handler(&r->t);
	int err = host_stream_connect(r->a, &r->to, &cfg, &handler, &r->t.s);

	if (err)
		return err;
	err = host_stream_send(r->t.s, "hello", 5);
	sim_run_for(r->sim, 5 * NS_PER_S);
	CHECK(r->t.opened == 1 || r->t.failed == 1);
	r->t.s = host_stream_close(r->t.s);
	r->t.opened = r->t.failed = 0;
	sim_run_for(r->sim, 5 * NS_PER_S);
	r->door.t.s = host_stream_close(r->door.t.s);
	sim_run_for(r->sim, 5 * NS_PER_S);
	return err;
}

static void ignore(void *arg, const void *data, size_t n)
{
	(void)arg;
	(void)data;
	(void)n;
}

static void accept_quietly(void *arg, struct host_stream *s)
{
	struct door *d = arg;
	struct host_stream_handler handler = talker_handler(&d->t);

	handler.received = ignore;
	d->t.s = s;
	host_stream_handle(s, &handler);
}

TEST(every_allocation_may_fail)
{
	struct rig *r = rig_open();
	const struct host_stream_cfg cfg = {.local = addr_of("0.0.0.0", 5070)};
	const struct host_listener_handler quiet = {accept_quietly, &r->door};
	struct host_listener *l;

	CHECK_OK(host_listener_open(r->b, &cfg, &quiet, &l));
	r->to.port = 5070;
	check_every_allocation_fails(short_of_memory, r);
	host_listener_close(l);
	rig_close(r);
}

TESTS(RUN(bytes_arrive_in_order_and_in_pieces_of_any_size),
	RUN(connecting_takes_a_way_and_back_and_what_was_said_before_waits),
	RUN(one_byte_segments_and_all_at_once), RUN(a_wire_that_loses_only_costs_time),
	RUN(nobody_listens_and_nobody_is_there),
	RUN(a_black_hole_ends_a_connection_after_a_quarter_of_an_hour), RUN(each_side_finishes_by_itself),
	RUN(who_sends_to_a_closed_end_hears_a_reset), RUN(a_reset_and_a_machine_that_is_switched_off),
	RUN(a_reader_that_pauses_slows_the_sender_down),
	RUN(a_closed_stream_is_silent_and_a_listener_that_closes_takes_the_unknown_along),
	RUN(a_box_maps_a_connection_and_forgets_it), RUN(every_allocation_may_fail))
