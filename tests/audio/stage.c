#include "audio/stage.h"

#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"

#define STEP_MS 10u

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

void stage_apply(struct leg *l, struct stream_params p)
{
	p.remote_rtp = host_dgram_local(l->far);
	p.remote_rtcp = host_dgram_local(l->far_rtcp);
	CHECK_OK(stream_apply(l->stream, &p));
}

static void leg_open(struct stage *s, struct leg *l, uint16_t port)
{
	struct stream_cfg cfg = {.host = s->host,
		.tick_ms = 20,
		.cname = "cname",
		.converter = &port_stream_converter,
		.report = engine_report,
		.report_arg = s->engine};
	struct netaddr local;
	struct port *call;

	*l = (struct leg){.far = far_open(s, port), .far_rtcp = far_open(s, (uint16_t)(port + 1))};
	l->heard = mem_zalloc(HEARD * sizeof(*l->heard));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.1"), 0, &local));
	CHECK_OK(engine_rtp_open(s->engine, &local, &cfg.rtp, &cfg.rtcp));
	l->ours = host_dgram_local(cfg.rtp);
	CHECK_OK(stream_new(&cfg, &l->stream));
	stage_apply(l, s->params);
	call = port_stream_new(l->stream, on_released, s, l->ours.port);
	assert_non_null(call);
	CHECK_OK(bridge_add(s->bridge, call, &l->slot));
}

uint8_t every_code(uint32_t i)
{
	uint8_t code = (uint8_t)(i * 7 + i / 160);

	return code == 0x7f ? 0xff : code;
}

void stage_params(struct stream_params *p, const struct codec *c, uint32_t ptime_ms)
{
	*p = (struct stream_params){.dir = STREAM_SEND | STREAM_RECV,
		.tx = c,
		.tx_pt = PT,
		.ptime_ms = ptime_ms,
		.rx = {{c, PT}},
		.n_rx = 1,
		.dtmf_tx_pt = DTMF,
		.dtmf_rx_pt = DTMF};
}

void stage_open_params(struct stage *s, uint32_t bridge_hz, const struct stream_params *p)
{
	struct engine_cfg cfg;

	*s = (struct stage){.sound = every_code, .bytes = BYTES, .params = *p, .ms = p->ptime_ms};
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

void stage_open(struct stage *s, uint32_t bridge_hz, const char *codec, uint32_t clock_hz)
{
	struct stream_params p;

	stage_params(&p, codec_find(slice_of(codec), clock_hz, 1), 20);
	stage_open_params(s, bridge_hz, &p);
}

void link_up(struct stage *s, struct bridge_slot from, struct bridge_slot to, float level)
{
	CHECK_OK(bridge_connect(s->bridge, &(struct bridge_link){from, to, level}, 1));
	engine_publish(s->engine);
}

void link_down(struct stage *s, struct bridge_slot from, struct bridge_slot to)
{
	CHECK_OK(bridge_disconnect(s->bridge, &(struct bridge_link){from, to, 1}, 1));
	engine_publish(s->engine);
}

void join(struct stage *s)
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

void stage_close(struct stage *s)
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
	uint8_t packet[RTP_HEADER_BYTES + CODEC_FRAME_MAX];
	struct rtp_packet h = {.pt = PT,
		.marker = l->n_sent == 0,
		.seq = (uint16_t)(65530 + l->n_sent),
		.ts = l->n_sent * s->ms * (s->params.tx->clock_hz / 1000),
		.ssrc = l == &s->a ? 11 : 22};
	size_t n = s->bytes;

	rtp_write_header(packet, &h);
	if (s->make)
		n = s->make(s, l, packet + RTP_HEADER_BYTES);
	for (uint32_t i = 0; i < s->bytes && !s->make; i++)
		packet[RTP_HEADER_BYTES + i] = s->sound(l->n_sent * s->bytes + i);
	l->n_sent++;
	if (!lost && n)
		CHECK_OK(host_dgram_send(l->far, &l->ours, NULL, packet, RTP_HEADER_BYTES + n));
}

void hear(struct leg *l)
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

void talk_for(struct stage *s, uint32_t ms)
{
	for (uint32_t end = s->now_ms + ms; s->now_ms < end; s->now_ms += STEP_MS) {
		if (s->now_ms == s->a.n_sent * s->ms) {
			say(s, &s->a, s->lost && s->lost(s->a.n_sent));
			say(s, &s->b, false);
		}
		sim_run_for(s->sim, STEP_MS * MS);
		hear(&s->a);
		hear(&s->b);
	}
}

void talk(struct stage *s, unsigned frames)
{
	talk_for(s, frames * s->ms);
}

uint64_t passed(const struct leg *l)
{
	struct stream_stats t;

	stream_stats(l->stream, &t);
	CHECK_EQ(t.rx_packets, t.played + t.late + t.duplicate + t.full + t.invalid + t.early + t.buffered);
	return t.tx_passed;
}
