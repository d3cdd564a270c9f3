/* Whom a stream on the simulated wire hears and believes, and what it reports (RTCP), and where. */
#include "rig_stream.h"

#include "rtp/rtcp.h"

/* ---- time-out, sources ------------------------------------------------------------------------------- */

TEST(silence_on_the_wire_is_reported_and_so_is_its_end)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);

	rig_run(r, 500);
	CHECK_EQ(rig_count(&r->a, MEDIA_RTP_RESUMED), 1);
	CHECK_EQ(r->a.reports[r->a.n_reports - 1].value, 0);
	sim_wire(r->sim, &(struct sim_wire){.loss = 1, .delay_ns = NS_PER_MS});
	rig_run(r, 5000);
	CHECK_EQ(rig_count(&r->a, MEDIA_RTP_TIMEOUT), 1);
	sim_wire(r->sim, &(struct sim_wire){.delay_ns = NS_PER_MS});
	rig_run(r, 500);
	CHECK_EQ(rig_count(&r->a, MEDIA_RTP_RESUMED), 2);
	CHECK_EQ(r->a.reports[r->a.n_reports - 1].value, 1);
	CHECK_EQ(rig_count(&r->a, MEDIA_RTP_TIMEOUT), 1);
	rig_stats(&r->a);
	rig_close(r);
}

TEST(a_stray_source_is_not_believed_a_steady_one_is)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;
	uint16_t seq = 65530;

	d = rig_speak_by_hand(r, 5000);
	for (; seq != 20; seq++) {
		rig_send(d, &r->a.rtp, 0, seq, (uint32_t)(int16_t)seq * 160, 0xaaa);
		if (seq == 5)
			rig_send(d, &r->a.rtp, 0, 700, 5, 0xbbb);
		rig_run(r, 20);
	}
	CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xaaa);
	CHECK_EQ(rig_stats(&r->a).invalid, 1);
	CHECK_EQ(rig_stats(&r->a).lost, 0);
	for (uint16_t i = 0; i < 20; i++) {
		rig_send(d, &r->a.rtp, 0, (uint16_t)(900 + i), i * 160u, 0xccc);
		rig_run(r, 20);
	}
	CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xccc);
	CHECK_EQ(rig_stats(&r->a).invalid, 2);
	host_dgram_close(d);
	rig_close(r);
}

TEST(behind_a_silence_another_source_is_believed_at_once)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	rig_send(d, &r->a.rtp, 0, 1, 1, 0xaaa);
	rig_run(r, 300);
	rig_send(d, &r->a.rtp, 0, 700, 5, 0xbbb);
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xbbb);
	CHECK_EQ(rig_stats(&r->a).invalid, 0);
	host_dgram_close(d);
	rig_close(r);
}

/* Concealment has ended long ago, or a line of another source has: there is nothing to go over from. */
TEST(behind_a_pause_the_first_samples_are_whole)
{
	static const struct {
		unsigned pause_ms;
		uint32_t ssrc;
	} rows[] = {{140, 0xaaa}, {2000, 0xaaa}, {300, 0xbbb}, {2000, 0xbbb}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_open(1, "PCMU", 20, 20);
		struct host_dgram *d = rig_speak_by_hand(r, 5000);
		uint32_t ts = 0;
		size_t since;

		for (uint16_t seq = 0; seq < 20; seq++, ts += 160) {
			rig_send(d, &r->a.rtp, 0, seq, ts, 0xaaa);
			rig_run(r, 20);
		}
		rig_run(r, rows[i].pause_ms);
		since = r->a.n_heard;
		ts += rows[i].pause_ms * 8;
		for (uint16_t seq = 20; seq < 40; seq++, ts += 160) {
			rig_send(d, &r->a.rtp, 0, seq, ts, rows[i].ssrc);
			rig_run(r, 20);
		}
		/* What was sent is one loud value; before it comes the noise of the room. */
		while (abs(r->a.heard[since]) < 200)
			since++;
		CHECK_EQ(r->a.heard[since], r->a.heard[rig_onset(&r->a) + 10]);
		host_dgram_close(d);
		rig_close(r);
	}
}

/* More than a packet of 120 ms has no room. */
TEST(packets_that_are_too_long_are_not_taken)
{
	uint8_t packet[RTP_HEADER_BYTES + 968] = {0};
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	for (uint16_t i = 0; i < 2; i++) {
		struct rtp_packet h = {.seq = i, .ts = i * 960u, .ssrc = 0xaaa};

		rtp_write_header(packet, &h);
		CHECK_OK(host_dgram_send(d, &r->a.rtp, NULL, packet, sizeof(packet) - (i == 0 ? 8 : 0)));
	}
	rig_run(r, 300);
	CHECK_EQ(rig_stats(&r->a).played, 1);
	CHECK_EQ(rig_stats(&r->a).invalid, 1);
	host_dgram_close(d);
	rig_close(r);
}

/* Comfort noise or a keep-alive of a type that nobody agreed on (RFC 6263 4.6) takes a number of the sequence. */
TEST(what_cannot_be_played_is_not_lost)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;
	struct stream_quality q;
	struct stream_stats s;

	d = rig_speak_by_hand(r, 5000);
	for (uint16_t i = 0; i < 200; i++) {
		rig_send(d, &r->a.rtp, i % 10 == 5 ? 13 : 0, i, i * 160u, 0xaaa);
		rig_run(r, 20);
	}
	/* That of another source takes nothing. */
	rig_send(d, &r->a.rtp, 13, 9000, 0, 0xbbb);
	rig_send(d, &r->a.rtp, 13, 9001, 0, 0xbbb);
	rig_run(r, 40);
	s = rig_stats(&r->a);
	CHECK_EQ(s.rx_ssrc, 0xaaa);
	CHECK_EQ(s.invalid, 22);
	CHECK_EQ(s.unknown_types, 22);
	CHECK_EQ(s.lost, 0);
	CHECK_EQ(s.played, 180);
	rig_run(r, 1000);
	stream_quality(r->a.stream, &q);
	CHECK(q.expected > 100);
	CHECK_EQ(q.lost, 0);
	host_dgram_close(d);
	rig_close(r);
}

/* ---- reports ------------------------------------------------------------------------------------------ */

TEST(reports_tell_loss_and_the_round_trip)
{
	struct rig *r = rig_open(3, "PCMU", 20, 20);
	struct stream_stats a, b;
	double share;

	sim_wire_between(
		r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.loss = .1, .delay_ns = 30 * NS_PER_MS});
	sim_wire_between(r->sim, "10.0.0.2", "10.0.0.1", &(struct sim_wire){.delay_ns = 50 * NS_PER_MS});
	rig_run(r, 30000);
	sim_wall_jump(r->sim, -3600 * (int64_t)NS_PER_S); /* must not show in the round trip */
	rig_run(r, 30000);
	a = rig_stats(&r->a);
	b = rig_stats(&r->b);
	CHECK(a.rtcp_tx >= 8 && a.rtcp_tx <= 25);
	CHECK(a.rtcp_rx >= 8 && b.rtcp_rx >= 6);
	CHECK(a.rtt_ms > 79.5 && a.rtt_ms < 80.5);
	share = (double)b.lost / (double)(b.lost + b.rx_packets);
	CHECK(share > .07 && share < .13);
	CHECK(a.peer_lost > b.lost / 2 && a.peer_lost <= b.lost);
	CHECK_EQ(a.lost, 0);
	CHECK(a.jitter_ms < 0.2);
	rig_close(r);
}

static void on_bye(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	struct rtcp_in in;

	(void)fate;
	if (p->from.port == 16385 && rtcp_parse(p->data, p->n, 0, &in) == 0)
		*(unsigned *)arg += in.bye;
}

TEST(the_end_says_bye)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	unsigned byes = 0;

	rig_run(r, 200);
	sim_tap(r->sim, on_bye, &byes);
	r->b.next_tick_ns = UINT64_MAX;
	r->b.stream = stream_free(r->b.stream);
	rig_run(r, 1100);
	CHECK_EQ(byes, 1);
	CHECK_EQ(rig_stats(&r->a).rtcp_rx, 1);
	rig_close(r);
}

/* What A tells of who it hears, and where. */
struct reports {
	struct rtcp_in last;
	uint32_t about;
	uint16_t to_port;
	unsigned n;
};

static void on_report(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	struct reports *t = arg;

	(void)fate;
	if (p->from.ip[3] != 1 || p->from.port != 16385 || rtcp_parse(p->data, p->n, t->about, &t->last) < 0)
		return;
	t->to_port = p->to.port;
	t->n++;
}

/* Somebody's sender report, and BYE, on the port of the RTP (RFC 5761). */
static void send_sender_report(
	struct host_dgram *from, const struct netaddr *to, uint32_t ssrc, uint64_t ntp, bool bye)
{
	struct rtcp_sender sender = {.ntp = ntp};
	struct rtcp_out out = {.ssrc = ssrc, .cname = "x", .sender = &sender, .bye = bye};
	uint8_t packet[RTCP_PACKET_MAX];

	CHECK_OK(host_dgram_send(from, to, NULL, packet, rtcp_write(packet, &out)));
}

/* RFC 3550 6.4.1: LSR and DLSR are about reports of the source that the block is about. */
TEST(the_time_of_a_report_is_that_of_its_source)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct reports t = {.about = 0xaaa};
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	sim_tap(r->sim, on_report, &t);
	for (uint16_t i = 0; i < 1000; i++) {
		rig_send(d, &r->a.rtp, 0, i, i * 160u, t.about);
		if (i == 20) {
			send_sender_report(d, &r->a.rtp, 0xaaa, 0x11112222333344ull << 8, false);
			send_sender_report(d, &r->a.rtp, 0x777, 0x55556666777788ull << 8, false);
		}
		/* Another source takes over, and has not reported yet. */
		if (i == 500) {
			CHECK(t.n > 0 && t.last.has_about_us);
			CHECK_EQ(t.last.about_us.lsr, 0x22223333);
			CHECK(t.last.about_us.dlsr > 65536 && t.last.about_us.dlsr < 10 * 65536);
			t.about = 0xbbb;
		}
		rig_run(r, 20);
	}
	CHECK(t.last.has_about_us);
	CHECK_EQ(t.last.about_us.lsr, 0);
	CHECK_EQ(t.last.about_us.dlsr, 0);
	host_dgram_close(d);
	rig_close(r);
}

/* A peer that says that it kept our report for longer than it has been under way. */
TEST(a_round_trip_is_never_shorter_than_nothing)
{
	static const uint32_t kept[] = {0x7fffffff, 0};
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct reports t = {0};
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	sim_tap(r->sim, on_report, &t);
	rig_send(d, &r->a.rtp, 0, 0, 0, 0xaaa);
	rig_run(r, 4000);
	CHECK(t.n > 0 && t.last.has_sender);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		struct rtp_reception about = {
			.ssrc = t.last.ssrc, .lsr = rtcp_ntp_middle(t.last.sender.ntp), .dlsr = kept[i]};
		struct rtcp_out out = {.ssrc = 0xaaa, .cname = "x", .reception = &about};
		uint8_t packet[RTCP_PACKET_MAX];

		CHECK_OK(host_dgram_send(d, &r->a.rtp, NULL, packet, rtcp_write(packet, &out)));
		rig_run(r, 40);
		CHECK_EQ(rig_stats(&r->a).rtt_ms > 0, i == 1);
	}
	host_dgram_close(d);
	rig_close(r);
}

/* RFC 3550 6.4: who has sent since its second-last report. */
TEST(a_stream_that_is_held_reports_as_a_sender_twice_more)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct reports t = {0};

	sim_tap(r->sim, on_report, &t);
	rig_run(r, 20000);
	CHECK(t.last.has_sender);
	r->a.params.dir = STREAM_RECV;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	for (unsigned n = 1; n <= 5; n++) {
		unsigned before = t.n;

		for (unsigned ms = 0; t.n == before && ms < 20000; ms += 100)
			rig_run(r, 100);
		CHECK_EQ(t.last.has_sender, n <= 2);
	}
	rig_close(r);
}

/* What is told about whom: only about who was heard since the last report. And where: back to where the peer's come from. */
TEST(reports_go_back_to_where_reports_come_from)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct reports t = {.about = 0xaaa};
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	sim_tap(r->sim, on_report, &t);
	rig_send(d, &r->a.rtp, 0, 0, 0, 0xaaa);
	rig_run(r, 100);
	send_sender_report(d, &r->a.rtcp, 0xaaa, 1, false);
	rig_run(r, 4000);
	CHECK(t.n > 0 && t.last.has_about_us);
	CHECK_EQ(t.to_port, 5000);
	rig_run(r, 8000);
	CHECK(!t.last.has_about_us); /* silent since */
	host_dgram_close(d);
	rig_close(r);
}

TEST(reports_of_strangers_and_of_the_past_are_not_taken)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d, *stranger;

	CHECK_OK(sim_host_add_ip(r->b.host, "10.0.0.8"));
	d = rig_speak_by_hand(r, 5000);
	stranger = rig_socket(r->b.host, "10.0.0.8", 5000);
	rig_send(d, &r->a.rtp, 0, 0, 0, 0xaaa);
	rig_run(r, 100);
	send_sender_report(stranger, &r->a.rtp, 0xaaa, 1, false);
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).rtcp_rx, 0);
	CHECK_EQ(rig_stats(&r->a).foreign, 1);
	r->a.params.not_before_ns = sim_now(r->sim) + 200 * NS_PER_MS;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 40);
	send_sender_report(d, &r->a.rtp, 0xaaa, 1, false);
	rig_run(r, 400);
	CHECK_EQ(rig_stats(&r->a).rtcp_rx, 0);
	send_sender_report(d, &r->a.rtp, 0xaaa, 1, false);
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).rtcp_rx, 1);
	host_dgram_close(d);
	host_dgram_close(stranger);
	rig_close(r);
}

static unsigned steered;

static void steer(void *state, unsigned lost_of_256)
{
	(void)state;
	steered = lost_of_256;
}

TEST(an_encoder_hears_of_the_losses)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct codec c = *codec_find(SLICE_LIT("PCMU"), 8000, 1);

	c.steer = steer;
	r->a.params.tx = &c;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	sim_wire_between(
		r->sim, "10.0.0.1", "10.0.0.2", &(struct sim_wire){.loss = .5, .delay_ns = NS_PER_MS});
	rig_run(r, 30000);
	CHECK(steered > 90 && steered < 166);
	rig_close(r);
}

TEST(only_the_source_itself_says_bye)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	for (uint16_t i = 0; i < 40; i++) {
		rig_send(d, &r->a.rtp, 0, i, i * 160u, 0xaaa);
		if (i == 10)
			send_sender_report(d, &r->a.rtp, 0x777, 1, true);
		if (i == 20)
			rig_send(d, &r->a.rtp, 0, 700, 5, 0xbbb);
		rig_run(r, 20);
		CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xaaa);
	}
	CHECK_EQ(rig_stats(&r->a).invalid, 1);
	send_sender_report(d, &r->a.rtp, 0xaaa, 1, true);
	rig_run(r, 20);
	rig_send(d, &r->a.rtp, 0, 800, 5, 0xccc); /* no word of the next one is lost */
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xccc);
	CHECK_EQ(rig_stats(&r->a).invalid, 1);
	host_dgram_close(d);
	rig_close(r);
}

/* Who has said BYE and yet goes on is as hard to turn out as before. */
TEST(a_bye_that_is_not_meant_opens_the_door_for_a_moment_only)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	for (uint16_t i = 0; i < 100; i++) {
		rig_send(d, &r->a.rtp, 0, i, i * 160u, 0xaaa);
		if (i == 10)
			send_sender_report(d, &r->a.rtp, 0xaaa, 1, true);
		if (i == 60)
			rig_send(d, &r->a.rtp, 0, 700, 5, 0xbbb);
		rig_run(r, 20);
		CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xaaa);
	}
	CHECK_EQ(rig_stats(&r->a).invalid, 1);
	host_dgram_close(d);
	rig_close(r);
}

/* The same source at a new address: from its first packet there it is the one to be protected. */
TEST(a_source_that_has_arrived_where_it_moved_is_not_turned_out_by_one_packet)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *before, *after;

	before = rig_speak_by_hand(r, 5000);
	after = rig_socket(r->b.host, "10.0.0.9", 5002);
	for (uint16_t i = 0; i < 100; i++) {
		if (i == 30) {
			r->a.params.remote_rtp = host_dgram_local(after);
			CHECK_OK(stream_apply(r->a.stream, &r->a.params));
		}
		/* Late ones from where it was are not its arrival. */
		rig_send(i < 33 ? before : after, &r->a.rtp, 0, i, i * 160u, 0xaaa);
		if (i == 40)
			rig_send(after, &r->a.rtp, 0, 700, 5, 0xbbb);
		rig_run(r, 20);
		CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xaaa);
	}
	CHECK_EQ(rig_stats(&r->a).invalid, 1);
	CHECK_EQ(rig_stats(&r->a).lost, 0);
	host_dgram_close(before);
	host_dgram_close(after);
	rig_close(r);
}

/* And until then the first packet of another source is believed: of a new phone no word is lost. */
TEST(a_late_packet_from_where_the_source_was_does_not_close_the_door)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *before, *after;

	before = rig_speak_by_hand(r, 5000);
	after = rig_socket(r->b.host, "10.0.0.9", 5002);
	for (uint16_t i = 0; i < 33; i++) {
		if (i == 30) {
			r->a.params.remote_rtp = host_dgram_local(after);
			CHECK_OK(stream_apply(r->a.stream, &r->a.params));
		}
		rig_send(before, &r->a.rtp, 0, i, i * 160u, 0xaaa);
		rig_run(r, 20);
	}
	rig_send(after, &r->a.rtp, 0, 700, 5, 0xbbb);
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).rx_ssrc, 0xbbb);
	CHECK_EQ(rig_stats(&r->a).invalid, 0);
	host_dgram_close(before);
	host_dgram_close(after);
	rig_close(r);
}

/* a=rtcp may change alone (RFC 3605). */
TEST(reports_go_where_the_last_description_says)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct reports t = {0};

	rig_run(r, 1000);
	r->b.next_tick_ns = UINT64_MAX;
	sim_tap(r->sim, on_report, &t);
	r->a.params.remote_rtcp.port = 7777;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 20000);
	CHECK(t.n > 0);
	CHECK_EQ(t.to_port, 7777);
	CHECK(rig_stats(&r->a).latched);
	rig_close(r);
}

static unsigned reports_in_five_minutes(struct rig *r, struct reports *t)
{
	unsigned before = t->n;

	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 300000);
	return t->n - before;
}

/* RFC 3550 6.2: five hundredths of the bandwidth, of what was agreed last; lower layers included. */
TEST(reports_follow_the_bandwidth_of_the_codec)
{
	struct codec thin = *codec_find(SLICE_LIT("PCMU"), 8000, 1);
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct reports t = {0};
	struct stream_params usual;
	unsigned n;

	thin.bits_per_s = 100;
	r->a.params.xr = STREAM_XR_VOIP;
	usual = r->a.params;
	sim_tap(r->sim, on_report, &t);
	n = reports_in_five_minutes(r, &t);
	CHECK(n >= 54 && n <= 68);
	r->a.params.tx = &thin;
	r->a.params.ptime_ms = 60;
	n = reports_in_five_minutes(r, &t);
	CHECK(n >= 20 && n <= 45);
	/* Headers are most of it. */
	r->a.params.ptime_ms = 20;
	n = reports_in_five_minutes(r, &t);
	CHECK(n >= 54 && n <= 68);
	r->a.params.ptime_ms = 60;
	r->a.params.how.bits_per_s = 20000; /* as the peer wants it */
	n = reports_in_five_minutes(r, &t);
	CHECK(n >= 54 && n <= 68);
	r->a.params = usual;
	n = reports_in_five_minutes(r, &t);
	CHECK(n >= 54 && n <= 68);
	rig_close(r);
}

/* ---- our own identifier (RFC 3550 8.2) ---------------------------------------------------------------- */

/* What A sends: under which identifier, and whose ends it tells. */
struct wire_of_a {
	uint32_t rtp_ssrc, bye_ssrc;
	unsigned byes;
	struct rtcp_sender sender;
};

static void on_wire_of_a(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	struct wire_of_a *w = arg;
	struct rtp_packet rtp;
	struct rtcp_in in;

	(void)fate;
	if (p->from.ip[3] != 1)
		return;
	if (rtp_kind_of(p->data, p->n) == RTP_MEDIA && rtp_parse(p->data, p->n, &rtp) == 0)
		w->rtp_ssrc = rtp.ssrc;
	if (rtp_kind_of(p->data, p->n) != RTP_CONTROL || rtcp_parse(p->data, p->n, 0, &in) < 0)
		return;
	if (in.bye) {
		w->bye_ssrc = in.ssrc;
		w->byes++;
	}
	w->sender = in.sender;
}

/* Packets of 20 ms with this identifier; their numbers and times are somebody else's. */
static void speak_as(struct rig *r, struct host_dgram *from, uint32_t ssrc, unsigned n)
{
	static uint16_t seq;
	uint32_t far = rig_stats(&r->a).tx_ssrc * 2654435761u;

	for (unsigned i = 0; i < n; i++, seq++) {
		rig_send(from, &r->a.rtp, 0, seq, far + seq * 160u, ssrc);
		rig_run(r, 20);
	}
}

TEST(who_has_drawn_our_identifier_is_heard_and_we_draw_another)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	uint32_t first = rig_stats(&r->a).tx_ssrc, second;
	struct wire_of_a w = {0};
	struct host_dgram *d;
	struct stream_stats s;

	d = rig_speak_by_hand(r, 5000);
	sim_tap(r->sim, on_wire_of_a, &w);
	rig_run(r, 400);
	CHECK_EQ(w.rtp_ssrc, first);
	speak_as(r, d, first, 1);
	rig_run(r, 40);
	second = rig_stats(&r->a).tx_ssrc;
	CHECK(second != first);
	CHECK_EQ(w.byes, 1);
	CHECK_EQ(w.bye_ssrc, first);
	CHECK_EQ(w.rtp_ssrc, second);
	CHECK_EQ(rig_count(&r->a, MEDIA_COLLISION), 1);
	speak_as(r, d, first, 400);
	s = rig_stats(&r->a);
	CHECK_EQ(s.rx_ssrc, first);
	CHECK_EQ(s.tx_ssrc, second);
	CHECK_EQ(s.collisions, 1);
	CHECK_EQ(s.looped, 0);
	CHECK_EQ(s.lost, 0);
	CHECK(s.played > 390);
	/* 6.4.1: the counts are those of the new identifier. */
	CHECK(w.sender.packets > 0 && w.sender.packets <= s.tx_packets - 20);
	CHECK_EQ(w.sender.octets, w.sender.packets * 160);
	host_dgram_close(d);
	rig_close(r);
}

/* Whoever always takes what we have drawn does not make us draw without end; he is heard all the same. */
TEST(an_identifier_is_changed_once_in_ten_reports)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct wire_of_a w = {0};
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	rig_run(r, 100);
	sim_tap(r->sim, on_wire_of_a, &w);
	for (unsigned i = 0; i < 60 * 5; i++)
		speak_as(r, d, rig_stats(&r->a).tx_ssrc, 10);
	CHECK_EQ(rig_stats(&r->a).collisions, 2);
	CHECK_EQ(w.byes, 2);
	CHECK(rig_stats(&r->a).played > 2950);
	host_dgram_close(d);
	rig_close(r);
}

/* Sends back whatever has come, RTP as it is. */
static void send_back(struct host_dgram *d)
{
	uint8_t data[2048];
	struct host_rx rx;

	while (host_dgram_recv(d, data, sizeof(data), &rx) == 0)
		CHECK_OK(host_dgram_send(d, &rx.from, NULL, data, rx.n));
}

/* An echo service speaks under the identifier of who is heard: that is no reason to take another. */
TEST(our_own_packets_that_come_back_are_heard_and_counted)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	uint32_t ssrc = rig_stats(&r->a).tx_ssrc;
	struct wire_of_a w = {0};
	struct host_dgram *rtp, *rtcp;
	struct stream_stats s;

	rtp = rig_speak_by_hand(r, 5000);
	rtcp = rig_socket(r->b.host, "10.0.0.9", 5001);
	r->a.params.remote_rtp = host_dgram_local(rtp);
	r->a.params.remote_rtcp = host_dgram_local(rtcp);
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	sim_tap(r->sim, on_wire_of_a, &w);
	CHECK_OK(stream_dtmf(r->a.stream, "5", 4000, 0));
	for (unsigned i = 0; i < 1000; i++) {
		rig_run(r, 20);
		send_back(rtp);
		send_back(rtcp);
	}
	s = rig_stats(&r->a);
	CHECK_EQ(s.tx_ssrc, ssrc);
	CHECK_EQ(s.collisions, 0);
	CHECK_EQ(w.byes, 0);
	CHECK(s.looped > 990);
	CHECK(s.played > 700);
	CHECK_STR(r->a.digits, "5");
	/* Reports of ours tell us nothing. */
	CHECK(s.rtcp_tx > 2);
	CHECK_EQ(s.rtcp_rx, 0);
	host_dgram_close(rtp);
	host_dgram_close(rtcp);
	rig_close(r);
}

/* A peer that only listens shows its identifier in its reports alone: by the name beside it it is not us. */
TEST(a_report_under_our_identifier_is_a_collision_too)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	uint32_t first = rig_stats(&r->a).tx_ssrc, second;
	struct wire_of_a w = {0};
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	rig_send(d, &r->a.rtp, 0, 1, 1, 0xaaa);
	rig_run(r, 100);
	sim_tap(r->sim, on_wire_of_a, &w);
	send_sender_report(d, &r->a.rtp, first, 1, false); /* "x" */
	rig_run(r, 100);
	second = rig_stats(&r->a).tx_ssrc;
	CHECK(second != first);
	CHECK_EQ(w.bye_ssrc, first);
	CHECK_EQ(rig_stats(&r->a).collisions, 1);
	CHECK_EQ(rig_stats(&r->a).rtcp_rx, 1);
	host_dgram_close(d);
	rig_close(r);
}

TESTS(RUN(silence_on_the_wire_is_reported_and_so_is_its_end),
	RUN(a_stray_source_is_not_believed_a_steady_one_is),
	RUN(behind_a_silence_another_source_is_believed_at_once),
	RUN(packets_that_are_too_long_are_not_taken), RUN(what_cannot_be_played_is_not_lost),
	RUN(reports_tell_loss_and_the_round_trip), RUN(the_end_says_bye),
	RUN(the_time_of_a_report_is_that_of_its_source), RUN(a_round_trip_is_never_shorter_than_nothing),
	RUN(a_stream_that_is_held_reports_as_a_sender_twice_more),
	RUN(reports_go_back_to_where_reports_come_from),
	RUN(reports_of_strangers_and_of_the_past_are_not_taken), RUN(an_encoder_hears_of_the_losses),
	RUN(only_the_source_itself_says_bye), RUN(a_bye_that_is_not_meant_opens_the_door_for_a_moment_only),
	RUN(a_source_that_has_arrived_where_it_moved_is_not_turned_out_by_one_packet),
	RUN(a_late_packet_from_where_the_source_was_does_not_close_the_door),
	RUN(reports_go_where_the_last_description_says), RUN(reports_follow_the_bandwidth_of_the_codec),
	RUN(who_has_drawn_our_identifier_is_heard_and_we_draw_another),
	RUN(an_identifier_is_changed_once_in_ten_reports),
	RUN(our_own_packets_that_come_back_are_heard_and_counted),
	RUN(a_report_under_our_identifier_is_a_collision_too),
	RUN(behind_a_pause_the_first_samples_are_whole))
