/*
 * The tick itself, on real sockets: calls of one process talk to one another over loopback, and each is mixed with its
 * neighbour. How long a tick takes with one thread and with two, in turns; and how many ticks of a real media thread came late.
 */
#include "callee.h"
#include "report.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "host/impl.h"
#include "rtp/stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CALLS_MAX  200u
#define OPUS_CALLS 40u
#define ROUNDS     3u
#define TICKS      60u
#define WARM_UP    10u
#define SECONDS    4u
#define TICK_NS    (20 * NS_PER_MS)

struct leg {
	struct stream *stream;
	struct netaddr rtp, rtcp;
	struct bridge_slot slot;
};

struct hall {
	struct host *host;
	struct engine *engine;
	unsigned n;
	struct leg legs[CALLS_MAX];
};

static void released(void *arg, uint16_t rtp_port)
{
	engine_rtp_release(((struct hall *)arg)->engine, rtp_port);
}

static void leg_open(struct hall *h, struct leg *l)
{
	struct stream_cfg cfg = {
		.host = h->host, .tick_ms = 20, .cname = "bench", .converter = &port_stream_converter};
	struct hearing_cfg want;
	struct netaddr local;
	struct port *port;

	callee_require(netaddr_parse_ip(SLICE_LIT("127.0.0.1"), 0, &local), "address");
	callee_require(engine_rtp_open(h->engine, &local, &cfg.rtp, &cfg.rtcp), "sockets");
	l->rtp = host_dgram_local(cfg.rtp);
	l->rtcp = host_dgram_local(cfg.rtcp);
	callee_require(stream_new(&cfg, &l->stream), "stream");
	port = port_stream_new(l->stream, released, h, l->rtp.port);
	callee_require(port ? 0 : OH_ENOMEM, "port");
	/* Who is listened to is mixed. */
	hearing_cfg_defaults(&want);
	want.silence_ms = 3600 * 1000;
	hearing_want(port_stream_hearing(port), &want);
	callee_require(bridge_add(engine_bridge(h->engine), port, &l->slot), "slot");
}

static void leg_talk(struct hall *h, struct leg *l, const struct leg *peer, const struct codec *c)
{
	struct stream_params p = {.dir = STREAM_SEND | STREAM_RECV,
		.remote_rtp = peer->rtp,
		.remote_rtcp = peer->rtcp,
		.tx = c,
		.tx_pt = 96,
		.ptime_ms = 20,
		.rx = {{c, 96}},
		.n_rx = 1,
		.dtmf_tx_pt = -1,
		.dtmf_rx_pt = -1};

	callee_require(stream_apply(l->stream, &p), "agreement");
	callee_require(
		bridge_rate_changed(engine_bridge(h->engine), l->slot, stream_rate(l->stream)), "rate");
}

/* Leg i speaks with leg i ^ 1 by wire, and is joined with leg i ^ 2 on the bridge. */
static void hall_open(struct hall *h, unsigned n, unsigned threads, const struct codec *c)
{
	struct engine_cfg cfg;

	*h = (struct hall){.n = n};
	callee_require(host_uv_new(&h->host), "host");
	engine_cfg_defaults(&cfg);
	cfg.host = h->host;
	cfg.threads = threads;
	callee_require(engine_new(&cfg, &h->engine), "engine");
	for (unsigned i = 0; i < n; i++)
		leg_open(h, &h->legs[i]);
	for (unsigned i = 0; i < n; i++) {
		leg_talk(h, &h->legs[i], &h->legs[i ^ 1], c);
		callee_require(bridge_connect(engine_bridge(h->engine),
				       &(struct bridge_link){h->legs[i].slot, h->legs[i ^ 2].slot, 1}, 1),
			"connect");
	}
}

static void hall_close(struct hall *h)
{
	engine_free(h->engine);
	host_free(h->host);
}

/* ---- how long a tick takes ---- */

/* The ticks are ours to time. */
static int no_ticker(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker)
{
	static struct host_ticker none;

	(void)cfg;
	none.host = h;
	*ret_ticker = &none;
	return 0;
}

static void no_ticker_free(struct host_ticker *t)
{
	(void)t;
}

static double tick_us(unsigned n, unsigned threads, const struct codec *c)
{
	static struct host_ops ops;
	static struct hall h;
	double us[TICKS];
	struct timespec due;

	hall_open(&h, n, threads, c);
	ops = *h.host->ops;
	ops.ticker_new = no_ticker;
	ops.ticker_free = no_ticker_free;
	h.host->ops = &ops;
	engine_publish(h.engine);
	clock_gettime(CLOCK_MONOTONIC, &due);
	for (unsigned i = 0; i < WARM_UP + TICKS; i++) {
		uint64_t now;

		due.tv_nsec += (long)TICK_NS;
		due.tv_sec += due.tv_nsec / (long)NS_PER_S;
		due.tv_nsec %= (long)NS_PER_S;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		now = bench_now();
		media_tick(h.engine, &(struct host_tick){now, now, 0});
		if (i >= WARM_UP)
			us[i - WARM_UP] = (double)(bench_now() - now) / 1e3;
	}
	hall_close(&h);
	return bench_median(us, TICKS);
}

static void report_codec(struct report *r, const char *name, const struct codec *c, unsigned n)
{
	double one[ROUNDS], two[ROUNDS], part[ROUNDS];
	char row[64];

	for (unsigned i = 0; i < ROUNDS; i++) {
		one[i] = tick_us(n, 1, c);
		two[i] = tick_us(n, 2, c);
		part[i] = two[i] / one[i];
	}
	snprintf(row, sizeof(row), "tick of %u %s calls, 1 thread", n, name);
	report_row(r, row, bench_median(one, ROUNDS), "us", 0, NULL, 0);
	snprintf(row, sizeof(row), "tick of %u %s calls, 2 threads", n, name);
	report_row(r, row, bench_median(two, ROUNDS), "us", 0, NULL, 0);
	snprintf(row, sizeof(row), "... two threads' part of one's time, %s", name);
	report_row(r, row, bench_median(part, ROUNDS), "x", 0, NULL, 0);
}

/* ---- late ticks ---- */

static void on_wake(void *arg)
{
	engine_dispatch(((struct hall *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct hall *)arg)->engine);
}

static void *loop(void *arg)
{
	callee_require(host_run(((struct hall *)arg)->host), "loop");
	return NULL;
}

static void report_late(struct report *r, const struct codec *c, unsigned n)
{
	static struct hall h;
	struct engine_counters counters;
	pthread_t thread;
	char row[64];

	hall_open(&h, n, 1, c);
	host_on_wake(h.host, on_wake, &h);
	host_on_idle(h.host, on_idle, &h);
	host_wake(h.host);
	callee_require(pthread_create(&thread, NULL, loop, &h) ? OH_EBUG : 0, "thread");
	callee_sleep_ms(SECONDS * 1000);
	host_stop(h.host);
	pthread_join(thread, NULL);
	engine_counters(h.engine, &counters);
	snprintf(row, sizeof(row), "late ticks in %u s, %u PCMU calls", SECONDS, n);
	report_row(r, row, (double)counters.late_ticks, "", 0, NULL, 0);
	hall_close(&h);
}

int main(int argc, char **argv)
{
	const struct codec *pcmu = codec_find(SLICE_LIT("PCMU"), 8000, 1);
	const struct codec *opus = codec_find(SLICE_LIT("opus"), 48000, 2);
	struct report r;

	report_open(&r, "calls", argc, argv);
	report_codec(&r, "PCMU", pcmu, CALLS_MAX);
	report_codec(&r, "G722", codec_find(SLICE_LIT("G722"), 8000, 1), CALLS_MAX);
	if (opus) /* this build may have no such codec */
		report_codec(&r, "opus", codec_at_rate(opus, 16000), OPUS_CALLS);
	report_late(&r, pcmu, CALLS_MAX);
	return report_close(&r);
}
