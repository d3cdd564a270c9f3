/*
 * Packets that pass from call to call undecoded. One machine with an engine and two calls on its bridge; the far ends
 * are bare sockets, so that every packet that leaves can be held against what came.
 */
#include "audio/rig.h"
#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"
#include "host/sim/sim.h"
#include "rtp/rtp.h"
#include "rtp/stream.h"

#define MS    NS_PER_MS
#define PT    0
#define DTMF  101
#define BYTES 160u
#define HEARD 600u

struct heard {
	struct rtp_packet h;
	uint8_t payload[2 * BYTES];
};

/* A far end and our call with it. */
struct leg {
	struct host_dgram *far, *far_rtcp;
	struct stream *stream;
	struct netaddr ours;
	struct bridge_slot slot;
	uint32_t n_sent;
	struct heard *heard;
	size_t n_heard;
};

struct stage {
	struct sim *sim;
	struct host *host, *away;
	struct engine *engine;
	struct bridge *bridge;
	struct stream_params params;
	struct leg a, b;
	uint8_t (*sound)(uint32_t i);
	/* fate of the n-th packet of a */
	bool (*lost)(uint32_t n);
};

static void on_wake(void *arg)
{
	engine_dispatch(((struct stage *)arg)->engine);
}

static void on_idle(void *arg)
{
	engine_publish(((struct stage *)arg)->engine);
}

static void on_released(void *arg, uint16_t rtp_port)
{
	engine_rtp_release(((struct stage *)arg)->engine, rtp_port);
}

static struct host_dgram *far_open(struct stage *s, uint16_t port)
{
	struct host_dgram_cfg cfg = {0};
	struct host_dgram *d;

	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.2"), port, &cfg.local));
	CHECK_OK(host_dgram_open(s->away, &cfg, &d));
	return d;
}

static void leg_open(struct stage *s, struct leg *l, uint16_t port)
{
	struct stream_cfg cfg = {.host = s->host,
		.tick_ms = 20,
		.cname = "cname",
		.converter = &port_stream_converter,
		.report = engine_report,
		.report_arg = s->engine};
	struct stream_params p = s->params;
	struct netaddr local;
	struct port *call;

	*l = (struct leg){.far = far_open(s, port), .far_rtcp = far_open(s, (uint16_t)(port + 1))};
	l->heard = mem_zalloc(HEARD * sizeof(*l->heard));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.1"), 0, &local));
	CHECK_OK(engine_rtp_open(s->engine, &local, &cfg.rtp, &cfg.rtcp));
	l->ours = host_dgram_local(cfg.rtp);
	CHECK_OK(stream_new(&cfg, &l->stream));
	p.remote_rtp = host_dgram_local(l->far);
	p.remote_rtcp = host_dgram_local(l->far_rtcp);
	CHECK_OK(stream_apply(l->stream, &p));
	call = port_stream_new(l->stream, on_released, s, l->ours.port);
	assert_non_null(call);
	CHECK_OK(bridge_add(s->bridge, call, &l->slot));
}

/* Every code but minus zero, which comes back from the mix as plus zero. */
static uint8_t every_code(uint32_t i)
{
	uint8_t code = (uint8_t)(i * 7 + i / 160);

	return code == 0x7f ? 0xff : code;
}

static void stage_open(struct stage *s, uint32_t bridge_hz, const char *codec, uint32_t clock_hz)
{
	const struct codec *c = codec_find(slice_of(codec), clock_hz, 1);
	struct engine_cfg cfg;

	*s = (struct stage){.sound = every_code,
		.params = {.dir = STREAM_SEND | STREAM_RECV,
			.tx = c,
			.tx_pt = PT,
			.ptime_ms = 20,
			.rx = {{c, PT}},
			.n_rx = 1,
			.dtmf_tx_pt = DTMF,
			.dtmf_rx_pt = DTMF}};
	CHECK_OK(sim_new(5, &s->sim));
	CHECK_OK(sim_host_new(s->sim, "10.0.0.1", &s->host));
	CHECK_OK(sim_host_new(s->sim, "10.0.0.2", &s->away));
	engine_cfg_defaults(&cfg);
	cfg.host = s->host;
	cfg.bridge.rate_hz = bridge_hz;
	CHECK_OK(engine_new(&cfg, &s->engine));
	s->bridge = engine_bridge(s->engine);
	host_on_wake(s->host, on_wake, s);
	host_on_idle(s->host, on_idle, s);
	leg_open(s, &s->a, 4000);
	leg_open(s, &s->b, 5000);
	/* Packets come and are looked at between the ticks. */
	engine_publish(s->engine);
	sim_run_for(s->sim, 5 * MS);
}

static void link_up(struct stage *s, struct bridge_slot from, struct bridge_slot to, float level)
{
	CHECK_OK(bridge_connect(s->bridge, &(struct bridge_link){from, to, level}, 1));
	engine_publish(s->engine);
}

static void link_down(struct stage *s, struct bridge_slot from, struct bridge_slot to)
{
	CHECK_OK(bridge_disconnect(s->bridge, &(struct bridge_link){from, to, 1}, 1));
	engine_publish(s->engine);
}

static void join(struct stage *s)
{
	link_up(s, s->a.slot, s->b.slot, 1);
	link_up(s, s->b.slot, s->a.slot, 1);
}

static void leg_close(struct stage *s, struct leg *l)
{
	CHECK_OK(bridge_remove(s->bridge, l->slot));
	host_dgram_close(l->far);
	host_dgram_close(l->far_rtcp);
	mem_free(l->heard);
}

static void stage_close(struct stage *s)
{
	leg_close(s, &s->a);
	leg_close(s, &s->b);
	engine_publish(s->engine);
	host_on_idle(s->host, NULL, NULL);
	bridge_acknowledge(s->bridge);
	CHECK(!bridge_reap(s->bridge));
	engine_free(s->engine);
	host_free(s->host);
	host_free(s->away);
	sim_free(s->sim);
}

static void say(struct stage *s, struct leg *l, bool lost)
{
	uint8_t packet[RTP_HEADER_BYTES + BYTES];
	struct rtp_packet h = {.pt = PT,
		.marker = l->n_sent == 0,
		.seq = (uint16_t)(65530 + l->n_sent),
		.ts = l->n_sent * BYTES,
		.ssrc = l == &s->a ? 11 : 22};

	rtp_write_header(packet, &h);
	for (uint32_t i = 0; i < BYTES; i++)
		packet[RTP_HEADER_BYTES + i] = s->sound(l->n_sent * BYTES + i);
	l->n_sent++;
	if (!lost)
		CHECK_OK(host_dgram_send(l->far, &l->ours, NULL, packet, sizeof(packet)));
}

static void hear(struct leg *l)
{
	uint8_t buf[2048];
	struct host_rx rx;

	while (host_dgram_recv(l->far, buf, sizeof(buf), &rx) == 0) {
		struct heard *h = &l->heard[l->n_heard];

		CHECK(l->n_heard < HEARD);
		if (rx.n == 0) /* keeps a way open */
			continue;
		CHECK_OK(rtp_parse(buf, rx.n, &h->h));
		CHECK(h->h.n <= sizeof(h->payload));
		memcpy(h->payload, h->h.payload, h->h.n);
		l->n_heard++;
	}
}

static void talk(struct stage *s, unsigned frames)
{
	for (unsigned i = 0; i < frames; i++) {
		say(s, &s->a, s->lost && s->lost(s->a.n_sent));
		say(s, &s->b, false);
		sim_run_for(s->sim, 20 * MS);
		hear(&s->a);
		hear(&s->b);
	}
}

static uint64_t passed(const struct leg *l)
{
	struct stream_stats t;

	stream_stats(l->stream, &t);
	CHECK_EQ(t.rx_packets, t.played + t.late + t.duplicate + t.full + t.invalid + t.early + t.buffered);
	return t.tx_passed;
}

/* From packet `from` on all that the other end said from sample *at on is there, once and in order. */
static void check_all(const struct stage *s, const struct leg *l, size_t from, uint32_t at)
{
	for (size_t i = from; i < l->n_heard; i++) {
		const struct heard *h = &l->heard[i], *first = l->heard;

		CHECK_EQ(h->h.n, BYTES);
		CHECK_EQ(h->h.seq, (uint16_t)(first->h.seq + i));
		CHECK_EQ(h->h.ts, first->h.ts + i * BYTES);
		CHECK_EQ(h->h.ssrc, first->h.ssrc);
		for (uint32_t k = 0; k < BYTES; k++, at++)
			CHECK_EQ(h->payload[k], s->sound(at));
	}
}

static size_t first_with_sound(const struct leg *l)
{
	size_t i = 0;

	while (i < l->n_heard && l->heard[i].payload[1] == 0xff && l->heard[i].payload[2] == 0xff)
		i++;
	return i;
}

static uint8_t all_codes(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 160);
}

TEST(packets_pass_as_they_are_under_a_name_of_their_own)
{
	struct stage s;
	size_t from;

	stage_open(&s, 16000, "PCMU", 8000);
	s.sound = all_codes; /* even minus zero, and no rate of the bridge matters */
	join(&s);
	talk(&s, 60);
	from = first_with_sound(&s.b);
	CHECK(from < 3);
	CHECK(s.b.n_heard >= 58);
	check_all(&s, &s.b, from, 0);
	check_all(&s, &s.a, first_with_sound(&s.a), 0);
	CHECK(s.b.heard[from].h.ssrc != 11);
	CHECK_EQ(passed(&s.b), s.b.n_heard - from);
	CHECK_EQ(passed(&s.a), s.a.n_heard - first_with_sound(&s.a));
	stage_close(&s);
}

/* A third one who listens for a while, one who speaks, a level: samples from the same tick on, and packets again. */
TEST(anything_else_makes_it_samples_without_gap_and_back)
{
	struct mem_port *ear, *mouth;
	struct stage s;
	uint64_t n;
	size_t from;

	stage_open(&s, 8000, "PCMU", 8000);
	ear = mem_port_new(8000, NULL);
	CHECK_OK(bridge_add(s.bridge, &ear->port, &ear->slot));
	mouth = mem_port_new(8000, NULL);
	mouth->silent = true;
	CHECK_OK(bridge_add(s.bridge, &mouth->port, &mouth->slot));
	join(&s);
	talk(&s, 20);
	n = passed(&s.b);
	CHECK(n > 15);

	link_up(&s, s.a.slot, ear->slot, 1);
	talk(&s, 1);
	CHECK_EQ(passed(&s.b), n);
	CHECK_EQ(ear->heard_n, BYTES);
	CHECK(!ear->got_silence);
	talk(&s, 9);
	CHECK_EQ(passed(&s.b), n);
	link_down(&s, s.a.slot, ear->slot);
	talk(&s, 11); /* in the first of them the old plan is heard too */
	CHECK_EQ(passed(&s.b), n + 10);

	link_up(&s, mouth->slot, s.b.slot, 1);
	talk(&s, 10);
	CHECK_EQ(passed(&s.b), n + 10);
	link_down(&s, mouth->slot, s.b.slot);
	talk(&s, 11);
	CHECK_EQ(passed(&s.b), n + 20);

	CHECK_OK(bridge_set_tx_level(s.bridge, s.b.slot, 0.5f));
	engine_publish(s.engine);
	talk(&s, 10);
	CHECK_EQ(passed(&s.b), n + 20);
	CHECK_OK(bridge_set_tx_level(s.bridge, s.b.slot, 1));
	engine_publish(s.engine);
	talk(&s, 11);
	CHECK_EQ(passed(&s.b), n + 30);
	/* a, whose own sources never changed, heard packets but for the ticks in which plans changed. */
	CHECK(passed(&s.a) >= 70);
	from = first_with_sound(&s.b) + 1;
	s.b.n_heard = from + 60; /* before the level */
	check_all(&s, &s.b, from, BYTES);
	stage_close(&s);
}

/* Somebody looks at a meter: by his next look there is something to see. */
TEST(a_meter_that_is_looked_at_is_no_longer_passed_by)
{
	struct stage s;
	float tx, rx;
	uint64_t n;

	stage_open(&s, 8000, "PCMU", 8000);
	join(&s);
	talk(&s, 200);
	n = passed(&s.b);
	CHECK(n > 190);
	CHECK_OK(bridge_signal(s.bridge, s.a.slot, &tx, &rx));
	CHECK(rx == 0);
	talk(&s, 1);
	CHECK_OK(bridge_signal(s.bridge, s.a.slot, &tx, &rx));
	CHECK(rx > 0.9f && tx > 0.9f);
	CHECK_EQ(passed(&s.b), n);
	talk(&s, 200);
	CHECK(passed(&s.b) > n + 140);
	check_all(&s, &s.b, first_with_sound(&s.b) + 1, BYTES);
	stage_close(&s);
}

static bool every_tenth(uint32_t n)
{
	return n % 10 == 9;
}

TEST(what_is_lost_is_lost_for_the_far_end_too)
{
	struct stage s;
	size_t from;
	uint32_t at = 0;

	stage_open(&s, 8000, "PCMU", 8000);
	s.lost = every_tenth;
	join(&s);
	talk(&s, 60);
	from = first_with_sound(&s.b);
	for (size_t i = from + 1; i < s.b.n_heard; i++) {
		const struct heard *h = &s.b.heard[i], *before = h - 1;
		unsigned steps = every_tenth(++at) ? 2 : 1;

		at += steps - 1;
		CHECK_EQ(h->h.seq, (uint16_t)(before->h.seq + steps));
		CHECK_EQ(h->h.ts, before->h.ts + steps * BYTES);
		CHECK_EQ(h->payload[0], s.sound(at * BYTES));
	}
	CHECK(at >= 57);
	CHECK_EQ(passed(&s.b), s.b.n_heard - from);
	stage_close(&s);
}

/* The taking call sends a digit: its event stands in the place of the packets, which pass again behind it. */
TEST(a_digit_stands_in_the_place_of_packets)
{
	struct stage s;
	unsigned events = 0, marks = 0;

	stage_open(&s, 8000, "PCMU", 8000);
	join(&s);
	talk(&s, 20);
	CHECK_OK(stream_dtmf(s.b.stream, "5", 100, 40));
	talk(&s, 30);
	for (size_t i = 1; i < s.b.n_heard; i++) {
		const struct heard *h = &s.b.heard[i];

		CHECK_EQ(h->h.seq, (uint16_t)(h[-1].h.seq + 1));
		events += h->h.pt == DTMF;
		marks += h->h.pt == DTMF && h->h.marker;
	}
	CHECK(events >= 5);
	CHECK_EQ(marks, 1);
	CHECK_EQ(s.b.heard[s.b.n_heard - 1].h.pt, PT);
	CHECK(passed(&s.b) > 35);
	stage_close(&s);
}

/* The same as sound: the tone, and its pause, are samples in their place. */
TEST(a_digit_as_sound_stands_in_the_place_of_packets)
{
	struct stream_params p;
	struct stage s;
	size_t from;

	stage_open(&s, 8000, "PCMU", 8000);
	p = s.params;
	p.remote_rtp = host_dgram_local(s.b.far);
	p.remote_rtcp = host_dgram_local(s.b.far_rtcp);
	p.dtmf_sound = true;
	CHECK_OK(stream_apply(s.b.stream, &p));
	join(&s);
	talk(&s, 20);
	from = s.b.n_heard - passed(&s.b);
	CHECK_OK(stream_dtmf(s.b.stream, "5", 100, 40));
	talk(&s, 30);
	for (size_t i = 1; i < s.b.n_heard; i++) {
		CHECK_EQ(s.b.heard[i].h.seq, (uint16_t)(s.b.heard[i - 1].h.seq + 1));
		CHECK_EQ(s.b.heard[i].h.pt, PT);
	}
	/* 140 ms are seven packets; an eighth has the end of the pause in it. */
	CHECK(s.b.n_heard - from - passed(&s.b) >= 7 && s.b.n_heard - from - passed(&s.b) <= 8);
	stage_close(&s);
}

/* The sender stops: silence is sent in its place, as ever, and its packets pass again when they come. */
TEST(a_call_that_falls_silent_is_not_left_without_packets)
{
	struct stage s;
	uint64_t n;

	stage_open(&s, 8000, "PCMU", 8000);
	join(&s);
	talk(&s, 20);
	sim_run_for(s.sim, 3000 * MS);
	n = passed(&s.b);
	hear(&s.b);
	CHECK(s.b.n_heard > 20 + 90); /* two seconds of the three */
	CHECK_EQ(s.b.heard[s.b.n_heard - 1].payload[0], 0xff);
	talk(&s, 20);
	CHECK(passed(&s.b) >= n + 15);
	stage_close(&s);
}

/* A network that moves the line: whenever it stands where a packet begins, packets pass; never is one sent twice or out of
 * order. */
TEST(on_a_bad_network_no_packet_passes_twice)
{
	struct sim_wire bad = {.delay_ns = 5 * MS,
				.jitter_ns = 40 * MS,
				.loss = 0.02,
				.duplicate = 0.02,
				.allow_overtake = true},
			good = {.delay_ns = 5 * MS};
	struct stage s;
	uint64_t n;

	stage_open(&s, 8000, "PCMU", 8000);
	join(&s);
	for (unsigned i = 0; i < 4; i++) {
		sim_wire(s.sim, i % 2 ? &good : &bad);
		talk(&s, i % 2 ? 200 : 60);
	}
	for (size_t i = 1; i < s.b.n_heard; i++)
		CHECK((int16_t)(s.b.heard[i].h.seq - s.b.heard[i - 1].h.seq) > -8);
	/* The line has come to rest, and though it was never quiet it stands where packets begin. */
	talk(&s, 30);
	n = passed(&s.b);
	talk(&s, 30);
	CHECK_EQ(passed(&s.b), n + 30);
	stage_close(&s);
}

static void other_codec(struct stream_params *p)
{
	p->tx = p->rx[0].codec = codec_find(SLICE_LIT("PCMA"), 8000, 1);
	p->tx_pt = p->rx[0].pt = 8;
}

static void long_packets(struct stream_params *p)
{
	p->ptime_ms = 40;
}

static void leave_out_silence(struct stream_params *p)
{
	p->noise.tx = true;
	p->noise.tx_pt = 13;
}

static void only_listen(struct stream_params *p)
{
	p->dir = STREAM_RECV;
}

/* What two calls have agreed decides whether packets of one are packets of the other. */
TEST(only_packets_that_the_other_would_make_pass)
{
	static const struct {
		const char *why;
		void (*change)(struct stream_params *p);
	} rows[] = {
		{"codec", other_codec},
		{"packets of two ticks", long_packets},
		{"silence left out", leave_out_silence},
		{"does not send", only_listen},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stage s;
		struct stream_params p;

		stage_open(&s, 8000, "PCMU", 8000);
		p = s.params;
		p.remote_rtp = host_dgram_local(s.b.far);
		p.remote_rtcp = host_dgram_local(s.b.far_rtcp);
		rows[i].change(&p);
		CHECK_OK(stream_apply(s.b.stream, &p));
		join(&s);
		talk(&s, 20);
		if (passed(&s.b))
			fail_msg("%s: %u packets passed", rows[i].why, (unsigned)passed(&s.b));
		stage_close(&s);
	}
}

/* Agreed anew in the middle, a tick before the plan knows: nothing of the old codec leaves under the new one. */
TEST(a_new_codec_is_met_at_once)
{
	struct stage s;
	struct stream_params p;
	uint64_t n;

	stage_open(&s, 8000, "PCMU", 8000);
	join(&s);
	talk(&s, 20);
	n = passed(&s.b);
	p = s.params;
	p.remote_rtp = host_dgram_local(s.b.far);
	p.remote_rtcp = host_dgram_local(s.b.far_rtcp);
	other_codec(&p);
	CHECK_OK(stream_apply(s.b.stream, &p));
	talk(&s, 5);
	CHECK_EQ(passed(&s.b), n);
	CHECK_EQ(s.b.heard[s.b.n_heard - 1].h.pt, 8);
	stage_close(&s);
}

TESTS(RUN(packets_pass_as_they_are_under_a_name_of_their_own),
	RUN(anything_else_makes_it_samples_without_gap_and_back),
	RUN(a_meter_that_is_looked_at_is_no_longer_passed_by), RUN(what_is_lost_is_lost_for_the_far_end_too),
	RUN(a_digit_stands_in_the_place_of_packets), RUN(a_digit_as_sound_stands_in_the_place_of_packets),
	RUN(a_call_that_falls_silent_is_not_left_without_packets),
	RUN(on_a_bad_network_no_packet_passes_twice), RUN(only_packets_that_the_other_would_make_pass),
	RUN(a_new_codec_is_met_at_once))
