/*
 * Several threads tick together: real ones, on a world whose wire and clock are the test's, so that two runs can be held
 * against one another. Each call hears its own script; what leaves its sockets is written down as one number.
 */
#include "audio/rig.h"
#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "host/uv/impl.h"
#include "offhook/error.h"
#include "rtp/rtp.h"
#include "rtp/stream.h"

#define MS NS_PER_MS

enum {
	MIXED = 24,
	PAIRS = 6,
	LEGS = MIXED + 2 * PAIRS,
	TICKS = 120,
	PACKETS = 40,
	PACKET_MAX = 400,
	KINDS = 3
};
enum { QUIET_FROM = 12, QUIET_TO = 32 }; /* of the packets: there those of all codecs begin to pass */

/* ---- the world ---- */

struct wire_end {
	struct host_dgram base;
	uint8_t waits[PACKET_MAX];
	size_t n; /* 0: nothing waits */
	struct netaddr from;
	uint64_t sent; /* of all that was sent, a hash */
};

struct world {
	struct host base;
	uint64_t now_ns;
	uint16_t next_port;
	unsigned wakes;
};

static uint64_t world_now(const struct host *h)
{
	return ((const struct world *)h)->now_ns;
}

/* The same whoever asks first. */
static void world_random(struct host *h, void *buf, size_t n)
{
	(void)h;
	memset(buf, 0x35, n);
}

static void world_wake(struct host *h)
{
	((struct world *)h)->wakes++;
}

static int world_open(struct host *h, const struct host_dgram_cfg *cfg, struct host_dgram **ret_dgram)
{
	struct wire_end *w = mem_zalloc(sizeof(*w));

	if (!w)
		return OH_ENOMEM;
	w->base.host = h;
	w->base.local = cfg->local;
	w->sent = 14695981039346656037u;
	*ret_dgram = &w->base;
	return 0;
}

static void world_close(struct host_dgram *d)
{
	mem_free(d);
}

static int world_send(struct host_dgram *d, const struct netaddr *to, const struct netaddr *from,
	const void *data, size_t n)
{
	struct wire_end *w = (struct wire_end *)d;

	(void)to, (void)from;
	for (size_t i = 0; i < n; i++)
		w->sent = (w->sent ^ ((const uint8_t *)data)[i]) * 1099511628211u;
	return 0;
}

static int world_recv(struct host_dgram *d, void *buf, size_t cap, struct host_rx *ret_rx)
{
	struct wire_end *w = (struct wire_end *)d;

	if (!w->n || w->n > cap)
		return OH_EAGAIN;
	memcpy(buf, w->waits, w->n);
	*ret_rx = (struct host_rx){
		.from = w->from, .to = d->local, .at_ns = world_now(d->host) - 5 * MS, .n = w->n};
	w->n = 0;
	return 0;
}

/* The test ticks by hand. */
static int world_ticker(struct host *h, const struct host_ticker_cfg *cfg, struct host_ticker **ret_ticker)
{
	struct host_ticker *t = mem_zalloc(sizeof(*t));

	(void)cfg;
	if (!t)
		return OH_ENOMEM;
	t->host = h;
	*ret_ticker = t;
	return 0;
}

static void world_ticker_free(struct host_ticker *t)
{
	mem_free(t);
}

static const struct host_ops world_ops = {.now = world_now,
	.wall = world_now,
	.random = world_random,
	.wake = world_wake,
	.dgram_open = world_open,
	.dgram_close = world_close,
	.dgram_send = world_send,
	.dgram_recv = world_recv,
	.ticker_new = world_ticker,
	.ticker_free = world_ticker_free,
	.crew_new = uv_crew_new,
	.crew_run = uv_crew_run,
	.crew_free = uv_crew_free};

/* ---- what is said ---- */

struct speech {
	const struct codec *codec;
	uint8_t pt;
	size_t n[PACKETS];
	uint8_t packets[PACKETS][PACKET_MAX];
};

static void speak(struct speech *s, const char *name, uint32_t clock_hz, unsigned channels, uint8_t pt)
{
	_Alignas(16) char state[CODEC_STATE_MAX];
	struct codec_params how = {0};
	const struct codec *c = codec_find(slice_of(name), clock_hz, channels);
	uint64_t seed = 7 + pt;

	/* A build without it speaks another one. */
	c = codec_at_rate(c ? c : codec_find(SLICE_LIT("PCMA"), 8000, 1), 16000);
	*s = (struct speech){.codec = c, .pt = pt};
	CHECK_OK(c->enc_init(c, state, &how));
	for (size_t i = 0; i < PACKETS; i++) {
		int16_t pcm[960];
		size_t n = c->rate_hz / 50;
		long got;

		for (size_t k = 0; k < n; k++)
			pcm[k] = i >= QUIET_FROM && i < QUIET_TO
					 ? (int16_t)(rig_random(&seed) % 8)
					 : (int16_t)((k % 80) * 100 + rig_random(&seed) % 2000 - 5000);
		got = c->encode(state, pcm, n, s->packets[i], PACKET_MAX);
		CHECK(got > 0);
		s->n[i] = (size_t)got;
	}
	c->enc_free(state);
}

/* ---- a run ---- */

struct leg {
	struct stream *stream;
	struct wire_end *rtp, *rtcp;
	struct bridge_slot slot;
	const struct speech *says;
};

struct run {
	struct world world;
	struct engine *engine;
	struct bridge *bridge;
	struct leg legs[LEGS];
	unsigned n_legs;
	struct mem_port *ear;
	uint64_t heard; /* by the ear, a hash */
	unsigned reports;
};

struct outcome {
	uint64_t rtp[LEGS], rtcp[LEGS], heard;
	struct stream_stats stats[LEGS];
	unsigned reports;
};

static void on_report(void *arg, const struct media_report *r)
{
	(void)r;
	((struct run *)arg)->reports++;
}

static void on_released(void *arg, uint16_t rtp_port)
{
	engine_rtp_release(((struct run *)arg)->engine, rtp_port);
}

static void leg_open(struct run *r, struct leg *l, const struct speech *says, uint32_t tag)
{
	struct stream_cfg cfg = {.host = &r->world.base,
		.tick_ms = 20,
		.cname = "cname",
		.tag = tag,
		.converter = &port_stream_converter,
		.report = engine_report,
		.report_arg = r->engine};
	struct stream_params p = {.dir = STREAM_SEND | STREAM_RECV,
		.tx = says->codec,
		.tx_pt = says->pt,
		.ptime_ms = 20,
		.rx = {{says->codec, says->pt}},
		.n_rx = 1,
		.dtmf_tx_pt = 101,
		.dtmf_rx_pt = 101};
	struct netaddr ip;
	struct port *port;
	uint16_t rtp_port;

	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.1"), 0, &ip));
	CHECK_OK(engine_rtp_open(r->engine, &ip, &cfg.rtp, &cfg.rtcp));
	l->rtp = (struct wire_end *)cfg.rtp;
	l->rtcp = (struct wire_end *)cfg.rtcp;
	l->says = says;
	rtp_port = host_dgram_local(cfg.rtp).port;
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.2"), 4000, &p.remote_rtp));
	p.remote_rtcp = p.remote_rtp;
	p.remote_rtcp.port++;
	l->rtp->from = p.remote_rtp;
	CHECK_OK(stream_new(&cfg, &l->stream));
	CHECK_OK(stream_apply(l->stream, &p));
	port = port_stream_new(l->stream, on_released, r, rtp_port);
	assert_non_null(port);
	CHECK_OK(bridge_add(r->bridge, port, &l->slot));
}

/* A packet of this tick for everybody, but for one that is lost now and then. */
static void deliver(struct run *r, unsigned tick)
{
	for (unsigned i = 0; i < r->n_legs; i++) {
		struct leg *l = &r->legs[i];
		size_t which = (tick + i) % PACKETS;
		struct rtp_packet h = {.pt = l->says->pt,
			.seq = (uint16_t)tick,
			.ts = tick * l->says->codec->clock_hz / 50,
			.ssrc = i + 1};

		if ((tick + i) % 17 == 5)
			continue;
		rtp_write_header(l->rtp->waits, &h);
		memcpy(l->rtp->waits + RTP_HEADER_BYTES, l->says->packets[which], l->says->n[which]);
		l->rtp->n = RTP_HEADER_BYTES + l->says->n[which];
	}
}

static void change(struct run *r, unsigned tick, uint64_t *seed)
{
	unsigned from = rig_random(seed) % MIXED, n = 2 + rig_random(seed) % 6;

	if (tick % 3)
		return;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < n; k++) {
			struct bridge_link l = {r->legs[(from + i) % MIXED].slot,
				r->legs[(from + k) % MIXED].slot, tick % 2 ? 1 : 0.7f};

			if (i != k)
				CHECK_OK(tick % 9 ? bridge_connect(r->bridge, &l, 1)
						  : bridge_disconnect(r->bridge, &l, 1));
		}
	}
	CHECK_OK(bridge_connect(r->bridge, &(struct bridge_link){r->legs[from].slot, r->ear->slot, 1}, 1));
	if (tick % 30 == 0)
		CHECK_OK(stream_dtmf(r->legs[from].stream, "1", 100, 50));
}

static struct leg *of_pair(struct run *r, unsigned i)
{
	return &r->legs[MIXED + i];
}

/* They come later, so that there is more to do for helpers; hear nobody else, one codec each, on different threads. */
static void pair_up(struct run *r, const struct speech *speeches)
{
	for (; r->n_legs < LEGS; r->n_legs++)
		leg_open(r, &r->legs[r->n_legs], &speeches[r->n_legs % KINDS], r->n_legs);
	for (unsigned i = 0; i < PAIRS; i++) {
		struct bridge_slot a = of_pair(r, i)->slot, b = of_pair(r, PAIRS + i)->slot;
		struct bridge_link both[] = {{a, b, 1}, {b, a, 1}};

		CHECK_OK(bridge_connect(r->bridge, both, 2));
	}
}

/* Samples are wanted of some: from one plan to the next, or of a sudden. */
static void disturb_pairs(struct run *r, unsigned tick)
{
	struct bridge_link spy = {of_pair(r, 0)->slot, r->ear->slot, 1};
	float tx, rx;

	if (tick == 70)
		CHECK_OK(bridge_connect(r->bridge, &spy, 1));
	if (tick == 90)
		CHECK_OK(bridge_disconnect(r->bridge, &spy, 1));
	for (unsigned i = 1; i <= KINDS && tick == 70; i++)
		CHECK_OK(bridge_signal(r->bridge, of_pair(r, i)->slot, &tx, &rx));
}

static void take_down(struct run *r)
{
	for (size_t i = 0; i < r->ear->heard_n && !r->ear->got_silence; i++)
		r->heard = (r->heard ^ (uint16_t)r->ear->heard[i]) * 1099511628211u;
}

static void run(unsigned threads, const struct speech *speeches, struct outcome *ret)
{
	struct run r = {.world = {.base = {.ops = &world_ops}, .now_ns = NS_PER_S}};
	struct engine_cfg cfg;
	uint64_t seed = 3;

	engine_cfg_defaults(&cfg);
	cfg.host = &r.world.base;
	cfg.report = on_report;
	cfg.report_arg = &r;
	cfg.threads = threads;
	CHECK_OK(engine_new(&cfg, &r.engine));
	r.bridge = engine_bridge(r.engine);
	r.ear = mem_port_new(16000, NULL);
	CHECK_OK(bridge_add(r.bridge, &r.ear->port, &r.ear->slot));
	for (; r.n_legs < MIXED; r.n_legs++)
		leg_open(&r, &r.legs[r.n_legs], &speeches[r.n_legs % KINDS], r.n_legs);
	for (unsigned tick = 0; tick < TICKS; tick++) {
		change(&r, tick, &seed);
		if (tick == 6)
			pair_up(&r, speeches);
		disturb_pairs(&r, tick);
		engine_publish(r.engine);
		deliver(&r, tick);
		r.world.now_ns += 20 * MS;
		media_tick(r.engine, &(struct host_tick){r.world.now_ns, r.world.now_ns, 0});
		engine_dispatch(r.engine);
		take_down(&r);
	}
	for (unsigned i = 0; i < LEGS; i++) {
		ret->rtp[i] = r.legs[i].rtp->sent;
		ret->rtcp[i] = r.legs[i].rtcp->sent;
		stream_stats(r.legs[i].stream, &ret->stats[i]);
	}
	ret->heard = r.heard;
	ret->reports = r.reports;
	engine_free(r.engine);
}

TEST(what_several_threads_make_is_what_one_makes)
{
	static struct speech speeches[KINDS];
	static struct outcome alone, together;

	speak(&speeches[0], "PCMU", 8000, 1, 0);
	speak(&speeches[1], "G722", 8000, 1, 9);
	speak(&speeches[2], "opus", 48000, 2, 96);
	run(1, speeches, &alone);
	CHECK(alone.reports > LEGS);
	CHECK(alone.heard != 0);
	for (unsigned i = 0; i < 2 * PAIRS; i++)
		CHECK(alone.stats[MIXED + i].tx_passed > 10);
	for (unsigned i = 1; i <= KINDS; i++)
		CHECK(alone.stats[MIXED + i].tx_passed < TICKS - 20);
	for (unsigned threads = 2; threads <= 4; threads++) {
		run(threads, speeches, &together);
		for (unsigned i = 0; i < LEGS; i++) {
			CHECK(alone.stats[i].played > TICKS / 2);
			CHECK(alone.stats[i].tx_packets > TICKS / 2);
			CHECK_EQ(together.rtp[i], alone.rtp[i]);
			CHECK_EQ(together.rtcp[i], alone.rtcp[i]);
			CHECK_MEM(&together.stats[i], &alone.stats[i], sizeof(alone.stats[i]));
		}
		CHECK_EQ(together.heard, alone.heard);
		CHECK_EQ(together.reports, alone.reports);
	}
}

TEST(an_engine_has_no_more_threads_than_it_says)
{
	struct world world = {.base = {.ops = &world_ops}, .now_ns = NS_PER_S};
	struct engine *e = NULL;
	struct engine_cfg cfg;

	engine_cfg_defaults(&cfg);
	cfg.host = &world.base;
	cfg.threads = 0;
	CHECK_EQ(engine_new(&cfg, &e), OH_EINVAL);
	cfg.threads = ENGINE_THREADS_MAX + 1;
	CHECK_EQ(engine_new(&cfg, &e), OH_EINVAL);
}

static int make_engine(void *arg)
{
	struct world world = {.base = {.ops = &world_ops}, .now_ns = NS_PER_S};
	struct engine *e = NULL;
	struct engine_cfg cfg;
	int err;

	(void)arg;
	engine_cfg_defaults(&cfg);
	cfg.host = &world.base;
	cfg.threads = 3;
	err = engine_new(&cfg, &e);
	if (!err)
		engine_free(e);
	return err;
}

TEST(without_memory_there_is_no_engine_and_nothing_is_left)
{
	check_every_allocation_fails(make_engine, NULL);
}

TESTS(RUN(what_several_threads_make_is_what_one_makes), RUN(an_engine_has_no_more_threads_than_it_says),
	RUN(without_memory_there_is_no_engine_and_nothing_is_left))
