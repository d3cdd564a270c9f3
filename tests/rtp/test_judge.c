/* How a stream sounds on wires whose figures are known: scores, metrics and what the peer is told. */
#include "rig_stream.h"

#include "rtp/rtcp.h"

#include <math.h>

#define ALL_XR (STREAM_XR_VOIP | STREAM_XR_RTT)

static struct rig *open_with(uint64_t seed, unsigned xr)
{
	struct rig *r = rig_open(seed, "PCMU", 20, 20);

	r->a.params.xr = r->b.params.xr = xr;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_OK(stream_apply(r->b.stream, &r->b.params));
	return r;
}

static struct stream_quality quality(const struct rig_end *e)
{
	struct stream_quality q;

	stream_quality(e->stream, &q);
	return q;
}

static void delays(struct rig *r, uint64_t there_ms, uint64_t back_ms)
{
	sim_wire_between(
		r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.delay_ns = there_ms * NS_PER_MS});
	sim_wire_between(r->sim, "10.0.0.2", "10.0.0.1", &(struct sim_wire){.delay_ns = back_ms * NS_PER_MS});
}

/* G.107: 93.2 less what 60 ms (half of 80, and one packet) take; both ends say the same, and tell each other. */
TEST(a_clean_wire_has_the_best_score)
{
	struct rig *r = open_with(1, ALL_XR);
	struct stream_quality a, b;

	delays(r, 30, 50);
	rig_run(r, 30000);
	a = quality(&r->a);
	b = quality(&r->b);
	CHECK(a.delay_ms >= 58 && a.delay_ms <= 62);
	CHECK(fabs(a.now.r - 91.5) < 0.2 && fabs(b.now.r - 91.5) < 0.2);
	CHECK(fabs(a.all.r - 91.6) < 0.3 && fabs(a.all.mos_cq - 4.375) < 0.01);
	CHECK(fabs(a.worst.r - 91.5) < 0.2 || a.worst.r < a.now.r + 0.1);
	CHECK(fabs(a.now.mos_lq - 4.409) < 0.001);
	CHECK(a.seconds >= 28 && a.seconds <= 30);
	CHECK(a.lost == 0 && a.discarded == 0 && a.bursts == 0 && a.waited_ms == 0);
	CHECK(a.peer_told && b.peer_told);
	CHECK(a.peer.r >= 91 && a.peer.r <= 93 && fabs(a.peer.mos_lq - 4.4) < 0.01);
	CHECK(a.told.gmin == 16 && a.told.loss == 0 && a.told.rtt_ms >= 79 && a.told.rtt_ms <= 81);
	CHECK(a.told.end_system_ms >= 38 && a.told.end_system_ms <= 42);
	CHECK_EQ(a.told.rx_config, XR_PLC_STANDARD | XR_BUFFER_ADAPTIVE);
	CHECK(a.told.signal == XR_UNKNOWN && a.told.rerl == XR_UNKNOWN);
	CHECK(a.xr_tx >= 3 && a.xr_rx >= 3 && a.xr_rx <= b.xr_tx);
	rig_close(r);
}

/* Independent losses of 5 %: R = 93.2 - 95 * 5 / (5 + 25.1) - delay = 76 (tests/rtp/emodel.py); every second has its own
 * score, and the worst is worse than all. */
TEST(losses_cost_what_the_e_model_says)
{
	struct rig *r = open_with(3, ALL_XR);
	struct stream_quality a, b;
	double share;

	sim_wire_between(
		r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.loss = .05, .delay_ns = 10 * NS_PER_MS});
	rig_run(r, 300000);
	a = quality(&r->a);
	b = quality(&r->b);
	share = (double)b.lost / (double)b.expected;
	CHECK(share > .045 && share < .055);
	CHECK(b.discarded == 0);
	CHECK(fabs(b.all.r - 76.9) < 1.5);
	CHECK(b.worst.r < b.all.r - 10 && b.now.r > 0);
	CHECK(b.bursts > 10 && b.burst_density > .08 && b.gap_density < .06);
	CHECK(a.all.r > 91 && a.lost == 0);
	/* And this is what the other side is told of itself, to the precision of its fields. */
	CHECK(a.peer_told && fabs(a.peer.r - b.all.r) < 1 && fabs(a.peer.mos_cq - b.all.mos_cq) < 0.06);
	CHECK(fabs(a.peer_loss - share) < .006);
	CHECK(fabs(a.told.burst_density / 256.0 - b.burst_density) < .02);
	rig_close(r);
}

/* As many losses, but five in a row: worse (G.107 7.5). */
TEST(bursts_are_worse_than_single_losses)
{
	struct rig *r = open_with(3, 0);
	struct stream_quality b;
	uint64_t lost = 0;

	for (unsigned i = 0; i < 100; i++) {
		sim_wire_between(r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.delay_ns = NS_PER_MS});
		rig_run(r, 1900);
		sim_wire_between(r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.loss = 1});
		rig_run(r, 100);
		lost += 5;
	}
	rig_run(r, 10);
	b = quality(&r->b);
	CHECK(b.lost + 10 >= lost && b.lost <= lost);
	CHECK(b.bursts >= 97 && b.burst_density > .99);
	CHECK(b.burst_ms >= 95 && b.burst_ms <= 105 && b.gap_ms > 1800 && b.gap_ms < 2000);
	CHECK(b.all.r < 76.9 - 2 && b.all.r > 70);
	rig_close(r);
}

/* Packets that come when their time has passed count as if they had not come: later than is worth waiting for. */
TEST(what_comes_too_late_is_discarded)
{
	struct rig *r = open_with(5, 0);
	struct stream_quality b;

	sim_wire_between(r->sim, "10.0.0.1", "10.0.0.2",
		&(struct sim_wire){.reorder = .03, .reorder_ns = 400 * NS_PER_MS, .delay_ns = NS_PER_MS});
	rig_run(r, 120000);
	b = quality(&r->b);
	CHECK_EQ(b.lost, 0);
	CHECK(b.discarded > 20);
	CHECK(b.all.r < 91 && b.all.r > 60);
	rig_close(r);
}

/* Nothing is lost, but all of it stands still now and then: the buffer waits, and what is made up meanwhile is heard. */
TEST(waiting_for_packets_is_heard_too)
{
	struct rig *r = open_with(5, 0);
	struct stream_quality b;

	for (unsigned i = 0; i < 20; i++) {
		sim_wire_between(r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.delay_ns = NS_PER_MS});
		rig_run(r, 5000);
		sim_wire_between(
			r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.delay_ns = 200 * NS_PER_MS});
		rig_run(r, 40);
	}
	b = quality(&r->b);
	CHECK_EQ(b.lost, 0);
	CHECK(b.waited_ms > 200);
	CHECK(b.worst.mos_lq < 4);
	rig_close(r);
}

/* A second without a packet has no score; one that was lost shows when the sequence goes on. */
TEST(a_silent_wire_has_no_score)
{
	struct rig *r = open_with(1, 0);
	struct stream_quality b;

	rig_run(r, 5000);
	CHECK(quality(&r->b).now.r > 90);
	r->a.next_tick_ns += 5000 * NS_PER_MS;
	rig_run(r, 4000);
	b = quality(&r->b);
	CHECK(b.now.r == 0 && b.now.mos_cq == 0 && b.all.r > 90);
	CHECK(b.seconds <= 6);
	rig_close(r);
	r = open_with(1, 0);
	rig_run(r, 10);
	b = quality(&r->b);
	CHECK(b.seconds == 0 && b.all.r == 0 && b.worst.r == 0 && b.peer.r == 0);
	rig_close(r);
}

/* A peer that speaks no extended reports: its losses tell, and nothing that it did not ask for is sent (RFC 3611 5.1). */
TEST(without_extended_reports_losses_tell_what_the_peer_hears)
{
	struct rig *r = open_with(3, 0);
	struct stream_quality a;

	sim_wire_between(
		r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.loss = .2, .delay_ns = 10 * NS_PER_MS});
	rig_run(r, 60000);
	a = quality(&r->a);
	CHECK(!a.peer_told && a.xr_tx == 0 && a.xr_rx == 0 && a.told.ssrc == 0);
	CHECK(a.peer_loss > .08 && a.peer_loss < .35);
	CHECK(a.peer.r > 25 && a.peer.r < 75 && a.peer.mos_lq > a.peer.mos_cq);
	rig_close(r);
}

/* RFC 3611 4.4, 4.5: who does not send has no SR to be echoed, and learns the round trip all the same. */
TEST(a_listener_learns_the_round_trip)
{
	struct rig *r = open_with(1, ALL_XR);

	r->a.params.dir = STREAM_RECV;
	r->b.params.dir = STREAM_SEND;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_OK(stream_apply(r->b.stream, &r->b.params));
	delays(r, 30, 50);
	rig_run(r, 20000);
	CHECK_EQ(rig_stats(&r->a).tx_packets, 0);
	CHECK(fabs(rig_stats(&r->a).rtt_ms - 80) < 0.5);
	CHECK(fabs(rig_stats(&r->b).rtt_ms - 80) < 0.5);
	rig_close(r);
}

/* Mode "sender" of rcvr-rtt: who does not send shall not answer (5.1). */
TEST(a_reference_is_answered_by_senders_only_when_that_is_asked)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rig *r = open_with(1, STREAM_XR_RTT | (i ? STREAM_XR_RTT_SENDER : 0));

		r->a.params.dir = r->b.params.dir = STREAM_RECV;
		CHECK_OK(stream_apply(r->a.stream, &r->a.params));
		CHECK_OK(stream_apply(r->b.stream, &r->b.params));
		rig_run(r, 30000);
		CHECK_EQ(rig_stats(&r->a).rtt_ms > 0, i == 0);
		CHECK(quality(&r->a).xr_tx > 2);
		rig_close(r);
	}
}

/* A phone whose metrics have no score, and one that has only some. */
TEST(metrics_without_a_score_are_judged_here)
{
	static const struct {
		uint8_t r, mos, loss;
		double want_r;
	} rows[] = {{XR_UNKNOWN, XR_UNKNOWN, 26, 66}, {80, XR_UNKNOWN, 0, 80}, {255, 255, 255, 17}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = open_with(1, ALL_XR);
		struct xr x = {.has_voip = true,
			.voip = {.loss = rows[i].loss,
				.r = rows[i].r,
				.mos_lq = rows[i].mos,
				.mos_cq = rows[i].mos,
				.signal = (uint8_t)-18,
				.end_system_ms = 60}};
		struct rtcp_out out = {.ssrc = 5, .cname = "x", .xr = &x};
		uint8_t data[RTCP_PACKET_MAX];
		struct stream_quality a;
		struct host_dgram *d;

		r->b.next_tick_ns = UINT64_MAX;
		r->b.stream = stream_free(r->b.stream);
		d = rig_socket(r->b.host, "10.0.0.2", 16385);
		rig_run(r, 3000);
		x.voip.ssrc = rig_stats(&r->a).tx_ssrc;
		CHECK_OK(host_dgram_send(d, &r->a.rtcp, NULL, data, rtcp_write(data, &out)));
		rig_run(r, 2000);
		a = quality(&r->a);
		CHECK(a.peer_told && fabs(a.peer.r - rows[i].want_r) < 2);
		CHECK_EQ((int8_t)a.told.signal, -18);
		host_dgram_close(d);
		rig_close(r);
	}
}

/* What is heard of a voice goes into the metrics as dBm0 (RFC 3611 4.7.4): a sine at full scale has 3. */
TEST(levels_are_told_to_the_peer)
{
	struct rig *r = open_with(1, ALL_XR);

	stream_levels(r->a.stream, -3.01, -200);
	rig_run(r, 10000);
	CHECK_EQ((int8_t)quality(&r->b).told.signal, 3);
	CHECK_EQ((int8_t)quality(&r->b).told.noise, -90);
	rig_close(r);
}

TESTS(RUN(a_clean_wire_has_the_best_score), RUN(losses_cost_what_the_e_model_says),
	RUN(bursts_are_worse_than_single_losses), RUN(what_comes_too_late_is_discarded),
	RUN(waiting_for_packets_is_heard_too), RUN(a_silent_wire_has_no_score),
	RUN(without_extended_reports_losses_tell_what_the_peer_hears), RUN(a_listener_learns_the_round_trip),
	RUN(a_reference_is_answered_by_senders_only_when_that_is_asked),
	RUN(metrics_without_a_score_are_judged_here), RUN(levels_are_told_to_the_peer))
