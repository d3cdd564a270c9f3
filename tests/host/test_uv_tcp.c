#include "talk.h"
#include "world.h"

#include <errno.h>

struct rig {
	struct world w;
	struct door door;
	struct talker t;
	struct netaddr to;
	bool (*enough)(struct rig *r);
};

static void look(void *arg)
{
	struct rig *r = arg;

	if (!r->enough || !r->enough(r))
		return;
	r->enough = NULL; /* a second stop would end the next run */
	host_stop(r->w.host);
}

static void run_until(struct rig *r, bool (*enough)(struct rig *r))
{
	r->enough = enough;
	host_on_idle(r->w.host, look, r);
	world_run(&r->w);
	host_on_idle(r->w.host, NULL, NULL);
}

static bool both_open(struct rig *r)
{
	return r->t.opened && r->door.accepted;
}

static bool heard(struct rig *r)
{
	return r->door.t.n >= 5 && r->t.n >= 5;
}

static bool failed(struct rig *r)
{
	return r->t.failed;
}

static bool both_finished(struct rig *r)
{
	return r->t.finished && r->door.t.finished;
}

static bool finished(struct rig *r)
{
	return r->t.finished;
}

static void rig_open(struct rig *r, const char *ip)
{
	*r = (struct rig){0};
	world_open(&r->w);
	door_open(&r->door, r->w.host, ip, 0);
	r->to = host_listener_local(r->door.l);
}

static void rig_close(struct rig *r)
{
	talker_end(&r->t);
	door_close(&r->door);
	world_close(&r->w);
}

static void rig_talk(struct rig *r)
{
	talker_connect(&r->t, r->w.host, &r->to);
	run_until(r, both_open);
}

TEST(two_ends_talk_over_either_family)
{
	static const char *const ips[] = {"127.0.0.1", "::1"};

	for (size_t i = 0; i < ARRAY_LEN(ips); i++) {
		struct rig r;
		struct netaddr mine, seen;

		rig_open(&r, ips[i]);
		talker_connect(&r.t, r.w.host, &r.to);
		talker_say(&r.t, "hello"); /* before it is open */
		run_until(&r, both_open);
		mine = host_stream_local(r.t.s);
		seen = host_stream_peer(r.door.t.s);
		CHECK(netaddr_eq(&mine, &seen));
		seen = host_stream_peer(r.t.s);
		CHECK(netaddr_eq(&seen, &r.to));
		talker_say(&r.door.t, "world");
		run_until(&r, heard);
		CHECK_STR(r.door.t.text, "hello");
		CHECK_STR(r.t.text, "world");
		host_stream_finish(r.t.s);
		host_stream_finish(r.door.t.s);
		CHECK_EQ(host_stream_send(r.t.s, "x", 1), OH_ESTATE);
		run_until(&r, both_finished);
		CHECK_EQ(r.t.failed + r.door.t.failed, 0);
		rig_close(&r);
	}
}

TEST(a_closed_port_refuses_and_a_reset_is_heard)
{
	struct rig r;
	struct host_stream_cfg cfg = {.local = addr_of("127.0.0.1", 0)};
	struct host_stream_handler handler;

	rig_open(&r, "127.0.0.1");
	rig_talk(&r);
	r.door.t.s = host_stream_reset(r.door.t.s);
	run_until(&r, failed);
	CHECK_EQ(err_to_errno(r.t.err), ECONNRESET);
	CHECK_EQ(r.t.finished, 0);
	r.door.l = host_listener_close(r.door.l);
	talker_connect(&r.t, r.w.host, &r.to);
	talker_say(&r.t, "anybody?");
	run_until(&r, failed);
	CHECK_EQ(err_to_errno(r.t.err), ECONNREFUSED);
	CHECK_EQ(r.t.failed, 1);

	/* Nothing that could be connected. */
	handler = talker_handler(&r.t);
	CHECK_EQ(host_stream_connect(r.w.host, &(struct netaddr){0}, &cfg, &handler, &r.t.s), OH_EINVAL);
	cfg.local = addr_of("192.0.2.1", 0);
	CHECK_EQ(err_to_errno(host_stream_connect(r.w.host, &r.to, &cfg, &handler, &r.t.s)), EADDRNOTAVAIL);
	rig_close(&r);
}

TEST(a_listener_has_its_port_alone)
{
	struct rig r;
	struct host_stream_cfg cfg;
	const struct host_listener_handler handler = {door_accepted, &r.door};
	struct host_listener *second;

	rig_open(&r, "127.0.0.1");
	cfg = (struct host_stream_cfg){.local = r.to};
	CHECK_EQ(err_to_errno(host_listener_open(r.w.host, &cfg, &handler, &second)), EADDRINUSE);
	cfg.dscp = 64;
	CHECK_EQ(host_listener_open(r.w.host, &cfg, &handler, &second), OH_EINVAL);
	rig_close(&r);
}

TEST(a_reader_that_pauses_slows_the_sender_down)
{
	struct rig r;
	char *text = mem_zalloc(HOST_STREAM_SEND_MAX);
	size_t sent = 0;

	memset(text, 'x', HOST_STREAM_SEND_MAX);
	rig_open(&r, "127.0.0.1");
	rig_talk(&r);
	/* Loopback takes some megabytes before the queue begins. */
	host_stream_read(r.door.t.s, false);
	while (host_stream_send(r.t.s, text, HOST_STREAM_SEND_MAX) == 0)
		sent += HOST_STREAM_SEND_MAX;
	CHECK(sent > 0 && host_stream_waiting(r.t.s) > 0);
	CHECK_EQ(host_stream_send(r.t.s, text, HOST_STREAM_SEND_MAX), OH_EAGAIN);
	CHECK_EQ(host_stream_send(r.t.s, text, HOST_STREAM_SEND_MAX + 1), OH_ETOOBIG);
	CHECK_EQ(r.door.t.n, 0);
	host_stream_read(r.door.t.s, true);
	mem_free(text);
	host_stream_finish(r.t.s);
	host_stream_finish(r.door.t.s);
	run_until(&r, both_finished);
	CHECK_EQ(r.door.t.n, sent);
	CHECK(r.t.drained > 0);
	rig_close(&r);
}

TEST(a_connection_that_nobody_has_memory_for_is_closed_and_the_next_one_comes)
{
	struct rig r;

	rig_open(&r, "127.0.0.1");
	talker_connect(&r.t, r.w.host, &r.to);
	mem_fail_at(1); /* connecting is done; the next allocation is the other end's */
	run_until(&r, finished);
	CHECK_EQ(r.door.accepted, 0);
	talker_end(&r.t);
	rig_talk(&r);
	CHECK_EQ(r.door.accepted, 1);
	rig_close(&r);
}

TEST(closing_at_any_moment_leaves_nothing)
{
	struct rig r;

	rig_open(&r, "127.0.0.1");
	talker_connect(&r.t, r.w.host, &r.to);
	r.t.s = host_stream_close(r.t.s);
	talker_connect(&r.t, r.w.host, &r.to);
	talker_say(&r.t, "never sent");
	r.t.s = host_stream_reset(r.t.s);
	rig_talk(&r);
	r.door.t.closes = true;
	host_stream_finish(r.t.s);
	run_until(&r, finished);
	CHECK(r.door.t.s == NULL);
	rig_close(&r);
}

TESTS_ON_UV(RUN(two_ends_talk_over_either_family), RUN(a_closed_port_refuses_and_a_reset_is_heard),
	RUN(a_listener_has_its_port_alone), RUN(a_reader_that_pauses_slows_the_sender_down),
	RUN(a_connection_that_nobody_has_memory_for_is_closed_and_the_next_one_comes),
	RUN(closing_at_any_moment_leaves_nothing))
