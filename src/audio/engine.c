#include "audio/engine.h"

#include "audio/rtp_ports.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/ring.h"
#include "rtp/jbuf_shelf.h"

#include <errno.h>
#include <stdatomic.h>

/* So long the media thread outlives its last port. */
#define LINGER_NS NS_PER_S
/* What a helper may report in one tick. */
#define ASIDE_PLACES 1024u

enum media_state { MEDIA_STOPPED, MEDIA_RUNNING, MEDIA_LINGERING };

/* Which of the threads that tick together this one is. */
static _Thread_local unsigned helper;

struct engine {
	struct engine_cfg cfg;
	struct bridge *bridge;
	struct rtp_ports ports;
	struct jbuf_shelves shelves;
	enum media_state state;
	uint64_t linger_until;
	struct host_ticker *ticker;
	bool start_failed; /* told once */

	struct host_lane *lanes[ENGINE_THREADS_MAX]; /* of each thread that ticks, while it does */
	struct host_crew *crew;                      /* the helpers; NULL: it ticks alone */
	struct ring *aside;          /* of each helper: what it has to report, until its part is done */
	struct ring reports;         /* media thread to signalling */
	_Atomic uint64_t stop_after; /* the tick from then on wakes signalling to stop it; 0: none */

	/* Media thread writes, any thread reads. */
	bool wake; /* of this tick: signalling has something to do */
	_Atomic uint64_t ticks, late, skipped, n_reports, n_dropped;
};

void engine_cfg_defaults(struct engine_cfg *cfg)
{
	*cfg = (struct engine_cfg){.rtp_port_min = 16384,
		.rtp_port_max = 32766,
		.dscp = 46,
		.report_places = 4096,
		.threads = 1};
	bridge_cfg_defaults(&cfg->bridge);
}

/* The bridge's turns, several at once. */
struct part {
	void (*fn)(void *arg, unsigned who);
	void *arg;
};

static void run_part(void *arg, unsigned who)
{
	const struct part *p = arg;

	helper = who;
	p->fn(p->arg, who);
}

static void collect(struct engine *e, struct ring *aside)
{
	struct media_report r;

	while (ring_pop(aside, &r))
		engine_report(e, &r);
}

static void run_together(void *arg, unsigned n, void (*fn)(void *arg, unsigned who), void *fn_arg)
{
	struct engine *e = arg;
	struct part p = {fn, fn_arg};

	host_crew_run(e->crew, n - 1, run_part, &p);
	helper = 0; /* where the helpers are the caller itself */
	for (unsigned i = 0; i + 1 < n; i++)
		collect(e, &e->aside[i]);
}

static int new_bridge(struct engine *e)
{
	struct bridge_cfg cfg = e->cfg.bridge;

	cfg.threads = e->cfg.threads;
	cfg.run = run_together;
	cfg.run_arg = e;
	cfg.lanes = e->lanes;
	return bridge_new(&cfg, &e->bridge);
}

static int new_aside(struct engine *e)
{
	unsigned n = e->cfg.threads - 1;
	int err = 0;

	if (!n)
		return 0;
	e->aside = mem_zalloc(n * sizeof(*e->aside));
	if (!e->aside)
		return OH_ENOMEM;
	for (unsigned i = 0; i < n && !err; i++)
		err = ring_init(&e->aside[i], sizeof(struct media_report), ASIDE_PLACES);
	return err;
}

static void free_aside(struct engine *e)
{
	for (unsigned i = 0; e->aside && i + 1 < e->cfg.threads; i++)
		ring_free(&e->aside[i]);
	mem_free(e->aside);
}

int engine_new(const struct engine_cfg *cfg, struct engine **ret_engine)
{
	struct engine *e;
	int err;

	if (cfg->dscp > 63 || cfg->report_places < 2 || cfg->threads < 1 || cfg->threads > ENGINE_THREADS_MAX)
		return err_detail(OH_EINVAL,
			"media engine: DSCP %u (0..63), %u places for reports (2 or more), %u threads "
			"(1..%u)",
			cfg->dscp, cfg->report_places, cfg->threads, ENGINE_THREADS_MAX);
	e = mem_zalloc(sizeof(*e));
	if (!e)
		return OH_ENOMEM;
	e->cfg = *cfg;
	jbuf_shelves_init(&e->shelves);
	err = new_bridge(e);
	if (err)
		goto fail;
	err = new_aside(e);
	if (err)
		goto fail;
	err = rtp_ports_init(&e->ports, cfg->rtp_port_min, cfg->rtp_port_max, host_random_u32(cfg->host),
		host_now(cfg->host));
	if (err)
		goto fail;
	err = ring_init(&e->reports, sizeof(struct media_report), cfg->report_places);
	if (err)
		goto fail;
	*ret_engine = e;
	return 0;
fail:
	engine_free(e);
	return err;
}

static void free_threads(struct engine *e)
{
	e->ticker = host_ticker_free(e->ticker);
	e->crew = host_crew_free(e->crew);
	for (unsigned i = 0; i < e->cfg.threads; i++)
		e->lanes[i] = host_lane_free(e->lanes[i]);
}

struct engine *engine_free(struct engine *e)
{
	if (!e)
		return NULL;
	free_threads(e);
	e->bridge = bridge_free(e->bridge); /* what ports give back is freed after */
	jbuf_shelves_free(&e->shelves);
	rtp_ports_free(&e->ports);
	ring_free(&e->reports);
	free_aside(e);
	mem_free(e);
	return NULL;
}

struct bridge *engine_bridge(struct engine *e)
{
	return e->bridge;
}

struct jbuf_shelves *engine_shelves(struct engine *e)
{
	return &e->shelves;
}

/* ---- media thread ---- */

/* What is told once, and waited for. */
static bool is_reserved(const struct media_report *r)
{
	return r->type == MEDIA_DTMF || r->type == MEDIA_DTMF_HEARD || r->type == MEDIA_DTMF_SENT ||
	       r->type == MEDIA_FILE_END || r->type == MEDIA_AUDIO_MARK || r->type == MEDIA_AUDIO_CLEARED ||
	       r->type == MEDIA_RTP_TIMEOUT || r->type == MEDIA_RTP_RESUMED;
}

static bool put(struct ring *ring, const struct media_report *r)
{
	return (is_reserved(r) || ring_count(ring) < ring_capacity(ring) / 2) && ring_push(ring, r);
}

void engine_report(void *engine, const struct media_report *r)
{
	struct engine *e = engine;

	if (helper) {
		if (!put(&e->aside[helper - 1], r))
			atomic_fetch_add_explicit(&e->n_dropped, 1, memory_order_relaxed);
		return;
	}
	e->wake = true;
	if (put(&e->reports, r))
		atomic_fetch_add_explicit(&e->n_reports, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&e->n_dropped, 1, memory_order_relaxed);
}

void media_tick(struct engine *e, const struct host_tick *tick)
{
	uint64_t stop_after = atomic_load_explicit(&e->stop_after, memory_order_relaxed);

	e->wake = bridge_tick(e->bridge, tick->due_ns, tick->now_ns) || e->wake;
	atomic_fetch_add_explicit(&e->ticks, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&e->skipped, tick->skipped, memory_order_relaxed);
	if (tick->now_ns > tick->due_ns + e->cfg.bridge.frame_ms * NS_PER_MS)
		atomic_fetch_add_explicit(&e->late, 1, memory_order_relaxed);
	if (!e->wake && (!stop_after || tick->now_ns < stop_after))
		return;
	e->wake = false;
	host_wake(e->cfg.host);
}

static void on_tick(void *arg, const struct host_tick *tick)
{
	media_tick(arg, tick);
}

/* ---- signalling thread ---- */

static bool is_needed(const struct engine *e)
{
	struct bridge_counters c;

	bridge_counters(e->bridge, &c);
	return c.ports > 1 || bridge_has_device(e->bridge);
}

static bool start(struct engine *e)
{
	struct host_ticker_cfg cfg = {
		.period_ns = e->cfg.bridge.frame_ms * NS_PER_MS,
		.name = "offhook-media",
		.fn = on_tick,
		.arg = e,
	};
	int err = 0;

	if (e->cfg.threads > 1)
		err = host_crew_new(e->cfg.host, cfg.name, e->cfg.threads - 1, &e->crew);
	for (unsigned i = 0; !err && !e->cfg.plain_packets && i < e->cfg.threads; i++)
		e->lanes[i] = host_lane_new(e->cfg.host);
	if (!err)
		err = host_ticker_new(e->cfg.host, &cfg, &e->ticker);
	if (err)
		free_threads(e);
	if (err && !e->start_failed)
		host_log(e->cfg.host, LOG_ERROR, "media", "the media thread does not start: %s",
			offhook_strerror(err));
	e->start_failed = err != 0;
	return err == 0;
}

/* The one writer of e->state. */
static void enter(struct engine *e, enum media_state state)
{
	uint64_t stop_after = 0;

	if (state == MEDIA_STOPPED && e->ticker) {
		free_threads(e);
	} else if (state == MEDIA_RUNNING && !e->ticker) {
		if (!start(e))
			return;
	} else if (state == MEDIA_LINGERING) {
		stop_after = host_now(e->cfg.host) + LINGER_NS;
	}
	e->state = state;
	e->linger_until = stop_after;
	atomic_store_explicit(&e->stop_after, stop_after, memory_order_relaxed);
}

static void step(struct engine *e)
{
	bool needed = is_needed(e);

	switch (e->state) {
	case MEDIA_STOPPED:
		if (needed)
			enter(e, MEDIA_RUNNING);
		break;
	case MEDIA_RUNNING:
		if (!needed)
			enter(e, MEDIA_LINGERING);
		break;
	case MEDIA_LINGERING:
		if (needed)
			enter(e, MEDIA_RUNNING);
		else if (host_now(e->cfg.host) >= e->linger_until)
			enter(e, MEDIA_STOPPED);
		break;
	}
}

void engine_publish(struct engine *e)
{
	(void)bridge_publish(
		e->bridge); /* memory is out: the plan stays dirty, the next wake-up tries again */
	step(e);
	if (e->state == MEDIA_STOPPED) {
		bridge_acknowledge(e->bridge);
		(void)bridge_reap(e->bridge);
	}
}

void engine_dispatch(struct engine *e)
{
	struct media_report r;

	while (ring_pop(&e->reports, &r)) {
		if (e->cfg.report)
			e->cfg.report(e->cfg.report_arg, &r);
	}
	(void)bridge_reap(e->bridge);
}

/* ---- RTP sockets ---- */

static int open_pair(struct engine *e, const struct netaddr *local_ip, uint16_t port,
	struct host_dgram **ret_rtp, struct host_dgram **ret_rtcp)
{
	struct host_dgram_cfg cfg = {
		.local = *local_ip, .dscp = e->cfg.dscp, .timestamps = true, .refusals = true};
	struct host_dgram *rtp, *rtcp;
	int err;

	cfg.local.port = port;
	err = host_dgram_open(e->cfg.host, &cfg, &rtp);
	if (err)
		return err;
	cfg.local.port++;
	err = host_dgram_open(e->cfg.host, &cfg, &rtcp);
	if (err) {
		host_dgram_close(rtp);
		return err;
	}
	*ret_rtp = rtp;
	*ret_rtcp = rtcp;
	return 0;
}

int engine_rtp_open(struct engine *e, const struct netaddr *local_ip, struct host_dgram **ret_rtp,
	struct host_dgram **ret_rtcp)
{
	/* A pair that another program holds is passed over; one round through the range is all we try. */
	for (uint32_t i = 0; i < e->ports.n_pairs; i++) {
		uint16_t port = rtp_ports_take(&e->ports, host_now(e->cfg.host));
		int err;

		if (!port)
			break;
		err = open_pair(e, local_ip, port, ret_rtp, ret_rtcp);
		if (!err)
			return 0;
		rtp_ports_put_back(&e->ports, port);
		if (err_to_errno(err) != EADDRINUSE)
			return err;
	}
	return err_detail(OH_ENOPORTS, "all RTP ports of %u-%u are in use or resting", e->cfg.rtp_port_min,
		e->cfg.rtp_port_max);
}

void engine_rtp_release(struct engine *e, uint16_t rtp_port)
{
	rtp_ports_rest(&e->ports, rtp_port, host_now(e->cfg.host));
}

/* Signalling thread, because of the RTP ports. */
void engine_counters(const struct engine *e, struct engine_counters *ret_counters)
{
	*ret_counters = (struct engine_counters){
		.ticks = atomic_load_explicit(&e->ticks, memory_order_relaxed),
		.late_ticks = atomic_load_explicit(&e->late, memory_order_relaxed),
		.skipped_ticks = atomic_load_explicit(&e->skipped, memory_order_relaxed),
		.reports = atomic_load_explicit(&e->n_reports, memory_order_relaxed),
		.reports_dropped = atomic_load_explicit(&e->n_dropped, memory_order_relaxed),
		.rtp_ports_used = e->ports.used,
		.rtp_ports_resting = rtp_ports_resting(&e->ports, host_now(e->cfg.host)),
		.running = e->state != MEDIA_STOPPED,
	};
}
