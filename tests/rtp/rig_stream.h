/* Two streams on the simulated wire, ticked by hand: A speaks from 10.0.0.1, B from 10.0.0.2. */
#ifndef OH_TESTS_RTP_RIG_STREAM_H
#define OH_TESTS_RTP_RIG_STREAM_H

#include "check.h"

#include "audio/ports.h"
#include "host/sim/sim.h"
#include "offhook/error.h"
#include "rtp/rtp.h"
#include "rtp/stream.h"

#define RIG_REPORTS 256

struct rig_end {
	struct host *host;
	struct stream *stream;
	struct netaddr rtp, rtcp;
	struct stream_params params;
	uint64_t phase_ns; /* of its ticks */
	uint64_t next_tick_ns;
	struct media_report reports[RIG_REPORTS];
	size_t n_reports;
	char digits[RIG_REPORTS];
	size_t n_digits;
	uint32_t next_sample; /* of the test signal it speaks */
	bool quiet;           /* pushes NULL */
	uint32_t khz;         /* of what it pushes and pulls */
	int16_t *heard;       /* everything it pulled */
	size_t n_heard, cap_heard;
};

struct rig {
	struct sim *sim;
	uint32_t tick_ms;
	struct rig_end a, b;
};

static inline void rig_report(void *arg, const struct media_report *r)
{
	struct rig_end *e = arg;

	if (e->n_reports < RIG_REPORTS)
		e->reports[e->n_reports++] = *r;
	if (r->type == MEDIA_DTMF && e->n_digits < RIG_REPORTS - 1)
		e->digits[e->n_digits++] = (char)r->value;
}

static inline size_t rig_count(const struct rig_end *e, enum media_report_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n_reports; i++)
		n += e->reports[i].type == type;
	return n;
}

static inline struct host_dgram *rig_socket(struct host *h, const char *ip, uint16_t port)
{
	struct host_dgram_cfg cfg = {.timestamps = true};
	struct host_dgram *d = NULL;

	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &cfg.local));
	CHECK_OK(host_dgram_open(h, &cfg, &d));
	return d;
}

/* Instead of B, which falls silent, packets come from this port of B's second address. */
static inline struct host_dgram *rig_speak_by_hand(struct rig *r, uint16_t port)
{
	r->b.next_tick_ns = UINT64_MAX;
	CHECK_OK(sim_host_add_ip(r->b.host, "10.0.0.9"));
	return rig_socket(r->b.host, "10.0.0.9", port);
}

static inline void rig_end_open(struct rig *r, struct rig_end *e, const char *ip, uint16_t port)
{
	struct stream_cfg cfg = {.tick_ms = r->tick_ms,
		.cname = "cname",
		.tag = port,
		.converter = &port_stream_converter,
		.report = rig_report,
		.report_arg = e,
		.timeout_ms = 1000};

	CHECK_OK(sim_host_new(r->sim, ip, &e->host));
	cfg.host = e->host;
	cfg.rtp = rig_socket(e->host, ip, port);
	cfg.rtcp = rig_socket(e->host, ip, (uint16_t)(port + 1));
	CHECK_OK(netaddr_parse_ip(slice_of(ip), port, &e->rtp));
	CHECK_OK(netaddr_parse_ip(slice_of(ip), (uint16_t)(port + 1), &e->rtcp));
	CHECK_OK(stream_new(&cfg, &e->stream));
	e->khz = 8;
}

static inline struct stream_params rig_params(
	const struct rig_end *to, const char *encoding, uint32_t ptime_ms)
{
	const struct codec *u = codec_find(SLICE_LIT("PCMU"), 8000, 1),
			   *a = codec_find(SLICE_LIT("PCMA"), 8000, 1);
	const struct codec *tx = codec_find(slice_of(encoding), 8000, 1);

	return (struct stream_params){.dir = STREAM_SEND | STREAM_RECV,
		.remote_rtp = to->rtp,
		.remote_rtcp = to->rtcp,
		.tx = tx,
		.tx_pt = (uint8_t)tx->static_pt,
		.ptime_ms = ptime_ms,
		.rx = {{u, 0}, {a, 8}},
		.n_rx = 2,
		.dtmf_tx_pt = 101,
		.dtmf_rx_pt = 101};
}

static inline struct rig *rig_open(uint64_t seed, const char *encoding, uint32_t tick_ms, uint32_t ptime_ms)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->tick_ms = tick_ms;
	CHECK_OK(sim_new(seed, &r->sim));
	rig_end_open(r, &r->a, "10.0.0.1", 16384);
	rig_end_open(r, &r->b, "10.0.0.2", 16384);
	r->a.params = rig_params(&r->b, encoding, ptime_ms);
	r->b.params = rig_params(&r->a, encoding, ptime_ms);
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_OK(stream_apply(r->b.stream, &r->b.params));
	r->b.phase_ns = 7 * NS_PER_MS;
	r->a.next_tick_ns = sim_now(r->sim) + r->a.phase_ns;
	r->b.next_tick_ns = sim_now(r->sim) + r->b.phase_ns;
	return r;
}

static inline void rig_close(struct rig *r)
{
	struct rig_end *ends[] = {&r->a, &r->b};

	for (size_t i = 0; i < 2; i++) {
		ends[i]->stream = stream_free(ends[i]->stream);
		host_free(ends[i]->host);
		free(ends[i]->heard);
	}
	sim_free(r->sim);
	free(r);
}

/* Something like a voice, that no codec value is hidden from: a chirp over a ramp. */
static inline int16_t rig_sample(uint32_t i)
{
	int32_t tri = (int32_t)(i * (90 + i / 4000 % 7) % 32768) - 16384;

	return (int16_t)(tri + (int32_t)(i * 2654435761u >> 20) - 2048);
}

static inline void rig_tick(struct rig *r, struct rig_end *e)
{
	int16_t pcm[960];
	size_t n = e->khz *
		   r->tick_ms; /* not stream_rate(): that is signalling's, and this may be another thread */
	uint64_t now = sim_now(r->sim);

	stream_receive(e->stream, now);
	stream_pull(e->stream, pcm, n);
	if (e->n_heard + n > e->cap_heard) {
		e->cap_heard = (e->cap_heard + n) * 2;
		e->heard = realloc(e->heard, e->cap_heard * sizeof(int16_t));
	}
	memcpy(e->heard + e->n_heard, pcm, n * sizeof(int16_t));
	e->n_heard += n;
	for (size_t i = 0; i < n; i++)
		pcm[i] = rig_sample(e->next_sample++);
	stream_push(e->stream, e->quiet ? NULL : pcm, n, now);
	e->next_tick_ns += r->tick_ms * NS_PER_MS;
}

static inline void rig_run(struct rig *r, uint64_t ms)
{
	uint64_t end = sim_now(r->sim) + ms * NS_PER_MS;

	for (;;) {
		struct rig_end *e = r->a.next_tick_ns <= r->b.next_tick_ns ? &r->a : &r->b;

		if (e->next_tick_ns > end)
			break;
		sim_run_until(r->sim, e->next_tick_ns);
		rig_tick(r, e);
	}
	sim_run_until(r->sim, end);
}

static inline struct stream_stats rig_stats(const struct rig_end *e)
{
	struct stream_stats s;

	stream_stats(e->stream, &s);
	/* The conservation law, wherever anybody looks. */
	CHECK_EQ(s.rx_packets, s.played + s.late + s.duplicate + s.full + s.invalid + s.early + s.buffered);
	return s;
}

/* 20 ms of PCMU or PCMA from a third address. */
static inline void rig_send(struct host_dgram *from, const struct netaddr *to, uint8_t pt, uint16_t seq,
	uint32_t ts, uint32_t ssrc)
{
	uint8_t packet[12 + 160];
	struct rtp_packet h = {.pt = pt, .seq = seq, .ts = ts, .ssrc = ssrc};

	memset(packet, 0x55, sizeof(packet));
	rtp_write_header(packet, &h);
	CHECK_OK(host_dgram_send(from, to, NULL, packet, sizeof(packet)));
}

/* The first sample that is no silence; n_heard when there is none. */
static inline size_t rig_onset(const struct rig_end *e)
{
	for (size_t i = 0; i < e->n_heard; i++)
		if (e->heard[i])
			return i;
	return e->n_heard;
}

#endif
