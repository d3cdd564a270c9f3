/* Calls on the bridge: two machines, each with an engine, and speech that goes from a file on one over RTP to a port on
 * the other. */
#include "audio/rig.h"
#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "host/sim/sim.h"
#include "rtp/stream.h"

#include <math.h>

#define MS NS_PER_MS

struct side {
	struct host *host;
	struct engine *engine;
	struct bridge *bridge;
	struct stream *stream;
	struct netaddr rtp, rtcp;
	struct bridge_slot call;
};

static void on_wake(void *arg)
{
	engine_dispatch(((struct side *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct side *)arg)->engine);
}

static void on_released(void *arg, uint16_t rtp_port)
{
	engine_rtp_release(((struct side *)arg)->engine, rtp_port);
}

static void side_open(struct side *s, struct sim *sim, const char *ip, uint32_t bridge_hz)
{
	struct engine_cfg cfg;
	struct stream_cfg stream_cfg = {.tick_ms = 20, .cname = "cname"};
	struct netaddr local;
	struct port *port;

	CHECK_OK(sim_host_new(sim, ip, &s->host));
	engine_cfg_defaults(&cfg);
	cfg.host = s->host;
	cfg.bridge.rate_hz = bridge_hz;
	CHECK_OK(engine_new(&cfg, &s->engine));
	s->bridge = engine_bridge(s->engine);
	host_on_wake(s->host, on_wake, s);
	host_on_idle(s->host, on_idle, s);

	CHECK_OK(netaddr_parse_ip(slice_of(ip), 0, &local));
	stream_cfg.host = s->host;
	stream_cfg.report = engine_report;
	stream_cfg.report_arg = s->engine;
	CHECK_OK(engine_rtp_open(s->engine, &local, &stream_cfg.rtp, &stream_cfg.rtcp));
	s->rtp = host_dgram_local(stream_cfg.rtp);
	s->rtcp = host_dgram_local(stream_cfg.rtcp);
	CHECK_OK(stream_new(&stream_cfg, &s->stream));
	port = port_stream_new(s->stream, on_released, s, s->rtp.port);
	assert_non_null(port);
	CHECK_OK(bridge_add(s->bridge, port, &s->call));
}

static void talk_to(struct side *s, const struct side *peer)
{
	const struct codec *pcmu = codec_find(SLICE_LIT("PCMU"), 8000, 1);
	struct stream_params p = {
		.dir = STREAM_SEND | STREAM_RECV,
		.remote_rtp = peer->rtp,
		.remote_rtcp = peer->rtcp,
		.tx = pcmu,
		.ptime_ms = 20,
		.rx = {{pcmu, 0}},
		.n_rx = 1,
		.dtmf_tx_pt = -1,
		.dtmf_rx_pt = -1,
	};

	CHECK_OK(stream_apply(s->stream, &p));
	CHECK_OK(bridge_rate_changed(s->bridge, s->call, stream_rate(s->stream)));
	engine_publish(s->engine);
}

static void side_close(struct side *s)
{
	struct engine_counters c;
	struct host_counters n;

	CHECK_OK(bridge_remove(s->bridge, s->call));
	engine_publish(s->engine);
	host_on_idle(s->host, NULL, NULL);
	bridge_acknowledge(s->bridge);
	CHECK(!bridge_reap(s->bridge));
	engine_counters(s->engine, &c);
	CHECK_EQ(c.rtp_ports_used, 0);
	CHECK_EQ(c.rtp_ports_resting, 1);
	host_counters(s->host, &n);
	CHECK_EQ(n.dgrams, 0);
	engine_free(s->engine);
	host_free(s->host);
}

/* ---- what is said and what is heard ---- */

struct talk {
	struct port port;
	int16_t *pcm;
	size_t n, cap;
};

static bool say(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct talk *talk = (struct talk *)p;

	(void)t;
	if (talk->n + n > talk->cap)
		return false;
	memcpy(pcm, talk->pcm + talk->n, n * sizeof(*pcm));
	talk->n += n;
	return true;
}

static void hear(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	struct talk *talk = (struct talk *)p;

	(void)t;
	if (talk->n + n > talk->cap)
		return;
	if (pcm)
		memcpy(talk->pcm + talk->n, pcm, n * sizeof(*pcm));
	talk->n += n;
}

static void talk_free(struct port *p)
{
	mem_free(((struct talk *)p)->pcm);
	mem_free(p);
}

static const struct port_ops say_ops = {.kind = "say", .pull = say, .free = talk_free};
static const struct port_ops hear_ops = {.kind = "hear", .push = hear, .free = talk_free};

static struct talk *add_talk(
	struct side *s, const struct port_ops *ops, uint32_t rate, size_t cap, bool to_call)
{
	struct talk *t = mem_zalloc(sizeof(*t));
	struct bridge_slot slot;
	struct bridge_link l;

	t->port = (struct port){ops, rate};
	t->cap = cap;
	t->pcm = mem_zalloc(cap * sizeof(*t->pcm));
	CHECK_OK(bridge_add(s->bridge, &t->port, &slot));
	l = to_call ? (struct bridge_link){slot, s->call, 1} : (struct bridge_link){s->call, slot, 1};
	CHECK_OK(bridge_connect(s->bridge, &l, 1));
	return t;
}

/* Speech band noise with syllables. */
static void make_speech(int16_t *pcm, size_t n)
{
	uint64_t seed = 4;
	double low = 0, lower = 0;

	for (size_t i = 0; i < n; i++) {
		low += 0.25 * ((int)(rig_random(&seed) % 20001) - 10000 - low);
		lower += 0.25 * (low - lower);
		pcm[i] = (int16_t)(lower * (0.3 + fabs(sin((double)i / 2000))));
	}
}

static double correlation(const int16_t *a, const int16_t *b, size_t n)
{
	double ab = 0, aa = 1, bb = 1;

	for (size_t i = 0; i < n; i++) {
		ab += (double)a[i] * b[i];
		aa += (double)a[i] * a[i];
		bb += (double)b[i] * b[i];
	}
	return ab / sqrt(aa * bb);
}

/* Speech at 16 kHz, whatever the bridge's rate. */
static void run_call(uint32_t bridge_hz, const struct sim_wire *wire, double least)
{
	const uint32_t hz = 16000;
	size_t n = 3 * hz, best_at = 0;
	struct side a = {0}, b = {0};
	struct talk *said, *heard;
	double best = 0;
	struct sim *sim;

	CHECK_OK(sim_new(3, &sim));
	sim_wire(sim, wire);
	side_open(&a, sim, "10.0.0.1", bridge_hz);
	side_open(&b, sim, "10.0.0.2", bridge_hz);
	said = add_talk(&a, &say_ops, hz, n, true);
	heard = add_talk(&b, &hear_ops, hz, n, false);
	make_speech(said->pcm, n);
	talk_to(&a, &b);
	talk_to(&b, &a);
	sim_run_for(sim, 3100 * MS);
	CHECK_EQ(said->n, n);
	for (size_t late = 0; late < hz / 5; late++) {
		double c = correlation(said->pcm + hz, heard->pcm + hz + late, hz);

		if (c > best) {
			best = c;
			best_at = late;
		}
	}
	if (best < least || best_at > hz / 10)
		fail_msg("%u Hz: correlation %.4f, %zu samples late", bridge_hz, best, best_at);
	side_close(&a);
	side_close(&b);
	sim_free(sim);
}

TEST(speech_crosses_the_wire_at_every_bridge_rate)
{
	static const uint32_t rates[] = {8000, 16000, 32000, 48000};
	struct sim_wire wire = {.delay_ns = 1 * MS};

	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		run_call(rates[i], &wire, 0.98);
}

/* The check above is worth something only if it can fail. */
TEST(the_check_of_speech_fails_on_other_speech)
{
	int16_t *pcm = malloc(32000 * sizeof(*pcm));

	make_speech(pcm, 32000);
	CHECK(correlation(pcm, pcm, 16000) > 0.999);
	CHECK(fabs(correlation(pcm, pcm + 9000, 16000)) < 0.5);
	memset(pcm + 16000, 0, 16000 * sizeof(*pcm));
	CHECK(fabs(correlation(pcm, pcm + 16000, 16000)) < 0.5);
	free(pcm);
}

TESTS(RUN(speech_crosses_the_wire_at_every_bridge_rate), RUN(the_check_of_speech_fails_on_other_speech))
