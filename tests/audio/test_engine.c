#include "audio/rig.h"
#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "base/err.h"
#include "host/sim/sim.h"

#define MS NS_PER_MS

struct world {
	struct sim *sim;
	struct host *host;
	struct engine *engine;
	unsigned reports, dtmf;
	struct media_report last;
};

static void on_report(void *arg, const struct media_report *r)
{
	struct world *w = arg;

	w->reports++;
	w->dtmf += r->type == MEDIA_DTMF;
	w->last = *r;
}

static void on_wake(void *arg)
{
	engine_dispatch(((struct world *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct world *)arg)->engine);
}

static void world_open_threads(
	struct world *w, uint16_t port_min, uint16_t port_max, uint32_t places, unsigned threads)
{
	struct engine_cfg cfg;

	*w = (struct world){0};
	CHECK_OK(sim_new(7, &w->sim));
	CHECK_OK(sim_host_new(w->sim, "10.0.0.1", &w->host));
	engine_cfg_defaults(&cfg);
	cfg.host = w->host;
	cfg.report = on_report;
	cfg.report_arg = w;
	cfg.threads = threads;
	if (port_min) {
		cfg.rtp_port_min = port_min;
		cfg.rtp_port_max = port_max;
	}
	if (places)
		cfg.report_places = places;
	CHECK_OK(engine_new(&cfg, &w->engine));
	host_on_wake(w->host, on_wake, w);
	host_on_idle(w->host, on_idle, w);
}

static void world_open(struct world *w, uint16_t port_min, uint16_t port_max, uint32_t places)
{
	world_open_threads(w, port_min, port_max, places, 1);
}

static void world_close(struct world *w)
{
	struct host_counters n;

	engine_free(w->engine);
	host_counters(w->host, &n);
	CHECK_EQ(n.tickers + n.services + n.dgrams + n.timers, 0);
	host_free(w->host);
	sim_free(w->sim);
}

static struct engine_counters count(const struct world *w)
{
	struct engine_counters c;

	engine_counters(w->engine, &c);
	return c;
}

TEST(the_media_thread_runs_while_ports_need_it_and_a_second_longer)
{
	struct bridge_counters n;
	struct mem_port *a, *c;
	struct world w;
	int freed = 0;

	world_open(&w, 0, 0, 0);
	engine_publish(w.engine);
	sim_run_for(w.sim, 1000 * MS);
	CHECK(!count(&w).running);
	CHECK_EQ(count(&w).ticks, 0);

	a = rig_add(engine_bridge(w.engine), 16000, &freed);
	c = rig_add(engine_bridge(w.engine), 16000, &freed);
	rig_connect(engine_bridge(w.engine), a, c, 1);
	engine_publish(w.engine);
	sim_run_for(w.sim, 1000 * MS);
	CHECK(count(&w).running);
	CHECK_EQ(count(&w).ticks, 50);
	CHECK_EQ(a->pulls, 50);
	CHECK_EQ(c->pushes, 50);
	CHECK_EQ(count(&w).late_ticks, 0);

	CHECK_OK(bridge_remove(engine_bridge(w.engine), a->slot));
	engine_publish(w.engine);
	CHECK_EQ(freed, 0);
	sim_run_for(w.sim, 20 * MS); /* the tick takes the new plan over and wakes signalling */
	CHECK_EQ(freed, 1);
	CHECK_OK(bridge_remove(engine_bridge(w.engine), c->slot));
	engine_publish(w.engine);
	sim_run_for(w.sim, 900 * MS);
	CHECK(count(&w).running);
	sim_run_for(w.sim, 200 * MS);
	CHECK(!count(&w).running);
	CHECK_EQ(freed, 2);
	bridge_counters(engine_bridge(w.engine), &n);
	CHECK_EQ(n.retired, 0);
	world_close(&w);
}

TEST(without_a_media_thread_changes_take_effect_at_once)
{
	struct bridge_counters n;
	struct world w;
	struct port device = null_port(16000);
	struct bridge_slot slot;
	int freed = 0;

	world_open(&w, 0, 0, 0);
	CHECK_OK(bridge_add(engine_bridge(w.engine), &mem_port_new(8000, &freed)->port, &slot));
	CHECK_OK(bridge_remove(engine_bridge(w.engine), slot));
	engine_publish(w.engine);
	CHECK_EQ(freed, 1);
	CHECK(!count(&w).running);
	CHECK_OK(bridge_set_device(engine_bridge(w.engine), &device));
	engine_publish(w.engine);
	CHECK(count(&w).running);
	bridge_counters(engine_bridge(w.engine), &n);
	CHECK_EQ(n.ports, 1);
	world_close(&w);
}

TEST(what_is_told_once_finds_a_place_when_the_ring_is_full_of_lesser_reports)
{
	static const enum media_report_type once[] = {MEDIA_DTMF, MEDIA_DTMF_HEARD, MEDIA_DTMF_SENT,
		MEDIA_FILE_END, MEDIA_AUDIO_MARK, MEDIA_AUDIO_CLEARED, MEDIA_RTP_TIMEOUT, MEDIA_RTP_RESUMED};
	struct media_report lesser = {.type = MEDIA_AUDIO_READABLE};
	struct world w;

	for (size_t k = 0; k < ARRAY_LEN(once); k++) {
		struct media_report one = {.type = once[k], .value = '5'};

		world_open(&w, 0, 0, 16);
		for (unsigned i = 0; i < 20; i++)
			engine_report(w.engine, &lesser);
		for (unsigned i = 0; i < 8; i++)
			engine_report(w.engine, &one);
		CHECK_EQ(count(&w).reports_dropped, 12);
		engine_dispatch(w.engine);
		CHECK_EQ(w.reports, 16);
		CHECK_EQ(w.last.type, once[k]);
		CHECK_EQ(w.last.value, '5');
		world_close(&w);
	}
}

/* A port whose turn may be on a helper, and that has more to tell than there is room for. */
static struct engine *told;

static void tell_much(struct port *p, const struct audio_tick *t)
{
	struct media_report lesser = {.type = MEDIA_AUDIO_READABLE}, digit = {.type = MEDIA_DTMF};

	(void)p, (void)t;
	for (unsigned i = 0; i < 1000; i++)
		engine_report(told, &lesser);
	engine_report(told, &digit);
}

TEST(a_helper_keeps_places_for_what_is_told_once_too)
{
	struct port_ops ops;
	struct world w;

	world_open_threads(&w, 0, 0, 65536, 2);
	told = w.engine;
	for (unsigned i = 0; i < 16; i++) {
		struct mem_port *m = mem_port_new(16000, NULL);

		ops = *m->port.ops;
		ops.anywhere = true;
		ops.prepare = tell_much;
		m->port.ops = &ops;
		CHECK_OK(bridge_add(engine_bridge(w.engine), &m->port, &m->slot));
		rig_connect(engine_bridge(w.engine), m, m, 1);
	}
	engine_publish(w.engine);
	sim_run_for(w.sim, 21 * MS);
	CHECK(count(&w).reports_dropped > 0);
	CHECK_EQ(w.dtmf, 16);
	world_close(&w);
}

TEST(rtp_ports_come_in_pairs_rest_five_seconds_and_run_out)
{
	struct netaddr ip = {0};
	struct host_dgram *rtp[4], *rtcp[4], *taken;
	struct host_dgram_cfg other = {0};
	uint16_t port;
	struct world w;

	world_open(&w, 4001, 4008, 0); /* 4002 to 4007: three pairs */
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.1"), 0, &ip));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_OK(engine_rtp_open(w.engine, &ip, &rtp[i], &rtcp[i]));
		port = host_dgram_local(rtp[i]).port;
		CHECK(port % 2 == 0 && port >= 4002 && port <= 4006);
		CHECK_EQ(host_dgram_local(rtcp[i]).port, port + 1);
	}
	CHECK_EQ(engine_rtp_open(w.engine, &ip, &rtp[3], &rtcp[3]), OH_ENOPORTS);
	CHECK(strstr(err_detail_text(), "4001-4008") != NULL);
	port = host_dgram_local(rtp[1]).port;
	host_dgram_close(rtp[1]);
	host_dgram_close(rtcp[1]);
	engine_rtp_release(w.engine, port);
	CHECK_EQ(count(&w).rtp_ports_used, 2);
	CHECK_EQ(count(&w).rtp_ports_resting, 1);
	sim_run_for(w.sim, 4900 * MS);
	CHECK_EQ(engine_rtp_open(w.engine, &ip, &rtp[1], &rtcp[1]), OH_ENOPORTS);
	sim_run_for(w.sim, 300 * MS);
	/* Another program holds the odd one: the pair is passed over, and is tried again later. */
	other.local = ip;
	other.local.port = (uint16_t)(port + 1);
	CHECK_OK(host_dgram_open(w.host, &other, &taken));
	CHECK_EQ(engine_rtp_open(w.engine, &ip, &rtp[1], &rtcp[1]), OH_ENOPORTS);
	host_dgram_close(taken);
	CHECK_OK(engine_rtp_open(w.engine, &ip, &rtp[1], &rtcp[1]));
	CHECK_EQ(host_dgram_local(rtp[1]).port, port);
	for (unsigned i = 0; i < 3; i++) {
		host_dgram_close(rtp[i]);
		host_dgram_close(rtcp[i]);
	}
	world_close(&w);
}

static int story(void *arg)
{
	struct world *w = arg;
	struct engine_cfg cfg;
	struct engine *e = NULL;
	int err;

	engine_cfg_defaults(&cfg);
	cfg.host = w->host;
	err = engine_new(&cfg, &e);
	engine_free(e);
	return err;
}

TEST(memory_may_run_out_while_an_engine_is_made)
{
	struct world w;

	world_open(&w, 0, 0, 0);
	check_every_allocation_fails(story, &w);
	world_close(&w);
}

TESTS(RUN(the_media_thread_runs_while_ports_need_it_and_a_second_longer),
	RUN(without_a_media_thread_changes_take_effect_at_once),
	RUN(what_is_told_once_finds_a_place_when_the_ring_is_full_of_lesser_reports),
	RUN(a_helper_keeps_places_for_what_is_told_once_too),
	RUN(rtp_ports_come_in_pairs_rest_five_seconds_and_run_out),
	RUN(memory_may_run_out_while_an_engine_is_made))
