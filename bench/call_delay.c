/*
 * How old a sample is when the other bridge has it: from the tick that takes a burst from a source on one bridge,
 * through G.711 and RTP over loopback, to the tick that gives it to a sink on another. One bridge speaks to many, each
 * with a media thread that began at a random moment, so that the phases between the two clocks are random too.
 */
#include "callee.h"
#include "report.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "base/mem.h"
#include "rtp/stream.h"

#include <stdio.h>
#include <stdlib.h>

#define LISTENERS   40u
#define BURST_EVERY 10u /* frames */
#define SECONDS     4u
#define WARM_UP     3u /* bursts */
#define DELAYS_MAX  64u
#define LOUD        8000

struct ear {
	struct port port;
	bool loud;
	unsigned heard, n;
	double ms[DELAYS_MAX];
};

static struct host *host;
static _Atomic uint64_t burst_at; /* ns */
static struct engine *speaker;
static struct bridge_slot mouth_slot;

/* ---- the two ports ---- */

static bool mouth_pull(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	bool loud = t->index % BURST_EVERY == 0;

	(void)p;
	if (loud)
		atomic_store(&burst_at, bench_now());
	for (size_t i = 0; i < n; i++)
		pcm[i] = loud ? LOUD : 0;
	return true;
}

static void ear_push(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct ear *e = (struct ear *)p;

	(void)t;
	for (size_t i = 0; i < n; i++) {
		bool loud = pcm && pcm[i] > LOUD / 2;

		if (loud && !e->loud && ++e->heard > WARM_UP && e->n < DELAYS_MAX)
			e->ms[e->n++] = (double)(bench_now() - atomic_load(&burst_at)) / 1e6 +
					(double)i * 1000 / p->rate_hz;
		e->loud = loud;
	}
}

static void port_gone(struct port *p)
{
	(void)p; /* ours */
}

static const struct port_ops mouth_ops = {.kind = "mouth", .pull = mouth_pull, .free = port_gone};
static const struct port_ops ear_ops = {.kind = "ear", .push = ear_push, .free = port_gone};
static struct port mouth = {&mouth_ops, 16000};
static struct ear ears[LISTENERS];

/* ---- wiring ---- */

static struct engine *engine_open(void)
{
	struct engine_cfg cfg;
	struct engine *e;

	engine_cfg_defaults(&cfg);
	cfg.host = host;
	callee_require(engine_new(&cfg, &e), "engine");
	return e;
}

static struct stream *stream_open(struct engine *e, struct netaddr *ret_rtp, struct netaddr *ret_rtcp)
{
	struct stream_cfg cfg = {
		.host = host, .tick_ms = 20, .cname = "bench", .report = engine_report, .report_arg = e};
	struct netaddr local;
	struct stream *s;

	callee_require(netaddr_parse_ip(SLICE_LIT("127.0.0.1"), 0, &local), "address");
	callee_require(engine_rtp_open(e, &local, &cfg.rtp, &cfg.rtcp), "sockets");
	*ret_rtp = host_dgram_local(cfg.rtp);
	*ret_rtcp = host_dgram_local(cfg.rtcp);
	callee_require(stream_new(&cfg, &s), "stream");
	return s;
}

static struct bridge_slot stream_join(
	struct engine *e, struct stream *s, struct netaddr rtp, struct netaddr rtcp)
{
	const struct codec *pcmu = codec_find(SLICE_LIT("PCMU"), 8000, 1);
	struct stream_params p = {.dir = STREAM_SEND | STREAM_RECV,
		.remote_rtp = rtp,
		.remote_rtcp = rtcp,
		.tx = pcmu,
		.ptime_ms = 20,
		.rx = {{pcmu, 0}},
		.n_rx = 1,
		.dtmf_tx_pt = -1,
		.dtmf_rx_pt = -1};
	struct bridge_slot slot;
	struct port *port;

	callee_require(stream_apply(s, &p), "stream");
	port = port_stream_new(s, NULL, NULL, 0);
	callee_require(port ? 0 : OH_ENOMEM, "port");
	callee_require(bridge_add(engine_bridge(e), port, &slot), "slot");
	return slot;
}

static void listener_open(struct engine *e, struct ear *ear)
{
	struct netaddr here[2], there[2];
	struct bridge_slot slot, ear_slot;
	struct stream *from, *to;

	*ear = (struct ear){.port = {&ear_ops, 16000}};
	from = stream_open(speaker, &here[0], &here[1]);
	to = stream_open(e, &there[0], &there[1]);
	slot = stream_join(speaker, from, there[0], there[1]);
	callee_require(bridge_connect(engine_bridge(speaker), &(struct bridge_link){mouth_slot, slot, 1}, 1),
		"connect");
	slot = stream_join(e, to, here[0], here[1]);
	callee_require(bridge_add(engine_bridge(e), &ear->port, &ear_slot), "ear");
	callee_require(
		bridge_connect(engine_bridge(e), &(struct bridge_link){slot, ear_slot, 1}, 1), "connect");
	engine_publish(e);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct engine *engines[LISTENERS];
	static double all[LISTENERS * DELAYS_MAX];
	unsigned n = 0;
	struct report r;

	report_open(&r, "calls", argc, argv);
	callee_require(host_uv_new(&host), "host");
	speaker = engine_open();
	callee_require(bridge_add(engine_bridge(speaker), &mouth, &mouth_slot), "mouth");
	for (unsigned i = 0; i < LISTENERS; i++) {
		engines[i] = engine_open();
		listener_open(engines[i], &ears[i]);
		callee_sleep_ms(host_random_below(host, 20));
		/* Whole ms would leave the phases on a grid. */
		for (uint64_t until = bench_now() + host_random_below(host, 1000000); bench_now() < until;)
			;
	}
	engine_publish(speaker);
	callee_sleep_ms(SECONDS * 1000);
	speaker = engine_free(speaker);
	for (unsigned i = 0; i < LISTENERS; i++) {
		engine_free(engines[i]);
		for (unsigned k = 0; k < ears[i].n; k++)
			all[n++] = ears[i].ms[k];
	}
	host_free(host);
	if (n < LISTENERS * 5) {
		fprintf(stderr, "call_delay: only %u bursts were heard\n", n);
		return 1;
	}
	qsort(all, n, sizeof(*all), ascending);
	report_row(&r, "bridge to bridge, median", all[n / 2], "ms", 25, NULL, 0);
	report_row(&r, "bridge to bridge, 99 of 100", all[n * 99 / 100], "ms", 0, NULL, 0);
	return report_close(&r);
}
