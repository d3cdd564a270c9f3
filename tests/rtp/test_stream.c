/* The stream end to end on the simulated wire. */
#include "rig_stream.h"

#include "rtp/rtcp.h"
#include "rtp/rtp.h"

struct law {
	const char *name;
	uint8_t (*encode)(int16_t);
	int16_t (*decode)(uint8_t);
};

static const struct law laws[] = {
	{"PCMU", g711_ulaw_encode, g711_ulaw_decode},
	{"PCMA", g711_alaw_encode, g711_alaw_decode},
};

/* What `to` heard, from its first sound on, is what `from` said through the codec, bit by bit. Returns how
 * late. */
static size_t check_exact(
	const struct rig_end *from, const struct rig_end *to, const struct law *law, size_t least)
{
	size_t at = rig_onset(to), n = to->n_heard - at;

	CHECK(n >= least);
	CHECK(n <= from->next_sample);
	for (size_t i = 0; i < n; i++)
		if (to->heard[at + i] != law->decode(law->encode(rig_sample((uint32_t)i))))
			fail_msg("%s: sample %zu is %d", law->name, i, to->heard[at + i]);
	return at;
}

TEST(a_clean_wire_is_bit_exact_for_every_packet_time)
{
	static const uint32_t ptimes[] = {10, 20, 30, 40, 50, 60}, ticks[] = {10, 20};

	for (size_t l = 0; l < ARRAY_LEN(laws); l++)
		for (size_t t = 0; t < ARRAY_LEN(ticks); t++)
			for (size_t p = 0; p < ARRAY_LEN(ptimes); p++) {
				struct rig *r = rig_open(1, laws[l].name, ticks[t], ptimes[p]);
				struct stream_stats s;

				rig_run(r, 10000);
				check_exact(&r->a, &r->b, &laws[l], 8000 * 9);
				check_exact(&r->b, &r->a, &laws[l], 8000 * 9);
				s = rig_stats(&r->b);
				CHECK_EQ(s.lost + s.concealed + s.late + s.full + s.early + s.invalid, 0);
				CHECK(s.played >= 9800 / ptimes[p]);
				rig_close(r);
			}
}

/* Design page 8: bridge to bridge at most 25 ms in the median, over all phases of the two clocks. */
TEST(the_next_tick_plays_a_packet)
{
	size_t samples = 0, phases = 0;

	for (uint64_t phase = 0; phase < 20; phase++) {
		struct rig *r = rig_open(1, "PCMU", 20, 20);
		uint64_t start = r->a.next_tick_ns;
		size_t at;

		r->b.next_tick_ns = start + phase * NS_PER_MS;
		rig_run(r, 2000);
		at = check_exact(&r->a, &r->b, &laws[0], 8000);
		/* A's first sample left at `start`; B's first was pulled at its own start. */
		samples += at + phase * 8;
		CHECK(at + phase * 8 <= 24 * 8);
		phases++;
		rig_close(r);
	}
	CHECK(samples / phases <= 16 * 8);
}

TEST(without_a_source_silence_is_sent)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct stream_stats s;

	r->a.quiet = true;
	rig_run(r, 1000);
	s = rig_stats(&r->a);
	CHECK_EQ(s.tx_packets, 51);
	CHECK_EQ(rig_onset(&r->b), r->b.n_heard);
	CHECK(rig_stats(&r->b).played >= 48);
	rig_close(r);
}

/* ---- direction, addresses ---------------------------------------------------------------------------- */

TEST(the_first_good_packet_latches_and_only_it)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *nat, *thief;
	struct stream_stats s;

	/* B's packets come from another port than it signalled; a thief's and a broken one come, too. */
	nat = rig_speak_by_hand(r, 5000);
	thief = rig_socket(r->b.host, "10.0.0.9", 6000);
	rig_run(r, 40);
	rig_send(thief, &r->a.rtp, 77, 1, 1, 1); /* a payload type that nobody agreed on */
	rig_run(r, 40);
	CHECK(!rig_stats(&r->a).latched);
	for (uint16_t i = 0; i < 50; i++) {
		rig_send(nat, &r->a.rtp, 0, i, i * 160, 0xb0b);
		if (i > 10)
			rig_send(thief, &r->a.rtp, 0, i, i * 160, 0xbad);
		rig_run(r, 20);
	}
	s = rig_stats(&r->a);
	CHECK(s.latched);
	CHECK_EQ(s.remote.port, 5000);
	CHECK_EQ(s.rx_ssrc, 0xb0b);
	CHECK(s.foreign == 38 || s.foreign == 39); /* the last may still wait in the socket */
	CHECK_EQ(s.invalid, 1);
	CHECK_EQ(rig_count(&r->a, MEDIA_LATCHED), 1);

	/* The same again stays; relatch opens the door once more. */
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 40);
	rig_send(thief, &r->a.rtp, 0, 60, 9600, 0xbad);
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).remote.port, 5000);
	r->a.params.relatch = true;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	r->a.params.relatch = false;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params)); /* overtakes the first, which no tick has seen */
	rig_run(r, 40);
	CHECK(!rig_stats(&r->a).latched);
	rig_send(thief, &r->a.rtp, 0, 62, 9920, 0xbad);
	rig_run(r, 60);
	s = rig_stats(&r->a);
	CHECK(s.latched);
	CHECK_EQ(s.remote.port, 6000);
	CHECK_EQ(s.rx_ssrc, 0xbad);

	/* Another address in the next answer is a wish to go there. */
	r->a.params.remote_rtp.port = 7000;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 40);
	s = rig_stats(&r->a);
	CHECK(!s.latched);
	CHECK_EQ(s.remote.port, 7000);
	host_dgram_close(nat);
	host_dgram_close(thief);
	rig_close(r);
}

/* A NAT box forgets its binding: the same source goes on from another port, and we have to go there. */
TEST(a_source_that_goes_on_from_elsewhere_is_followed)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *before, *after, *thief;
	struct stream_stats s;
	uint16_t seq = 65500;

	before = rig_speak_by_hand(r, 5000);
	after = rig_socket(r->b.host, "10.0.0.9", 5001);
	thief = rig_socket(r->b.host, "10.0.0.9", 6000);
	for (unsigned i = 0; i < 100; i++, seq++) {
		rig_send(i < 50 ? before : after, &r->a.rtp, 0, seq, i * 160, 0xb0b);
		/* Not while the source speaks where it was, and not who only knows half of it. */
		if (i == 30)
			rig_send(thief, &r->a.rtp, 0, (uint16_t)(seq + 1), i * 160 + 160, 0xb0b);
		if (i > 40) {
			rig_send(thief, &r->a.rtp, 0, (uint16_t)(seq + 1), i * 160 + 160, 0xbad);
			rig_send(thief, &r->a.rtp, 0, (uint16_t)(seq + 5000), i * 160, 0xb0b);
			rig_send(thief, &r->a.rtp, 0, (uint16_t)(seq - 90), i * 160, 0xb0b);
		}
		rig_run(r, 20);
		s = rig_stats(&r->a);
		CHECK(i == 0 || s.remote.port == (i < 50 ? 5000 : i >= 62 ? 5001 : s.remote.port));
		CHECK(s.remote.port != 6000);
	}
	CHECK_EQ(s.rx_ssrc, 0xb0b);
	CHECK(s.lost >= 9 && s.lost <= 12);
	CHECK_EQ(rig_count(&r->a, MEDIA_LATCHED), 2);
	host_dgram_close(before);
	host_dgram_close(after);
	host_dgram_close(thief);
	rig_close(r);
}

/* The peer's description moves it; what it sent before from where it was is under way, and nobody is there any more. */
TEST(late_packets_of_an_old_address_do_not_turn_the_stream_back)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;

	CHECK_OK(sim_host_add_ip(r->b.host, "10.0.0.9"));
	d = rig_socket(r->b.host, "10.0.0.9", 5000);
	rig_run(r, 500);
	CHECK(rig_stats(&r->a).latched);
	r->a.params.remote_rtp = (struct netaddr){0};
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.9"), 5000, &r->a.params.remote_rtp));
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 300);
	CHECK(!rig_stats(&r->a).latched);
	CHECK_EQ(rig_stats(&r->a).remote.port, 5000);
	/* What goes on coming from there is no accident. */
	rig_run(r, 500);
	CHECK(rig_stats(&r->a).latched);
	CHECK_EQ(rig_stats(&r->a).remote.port, 16384);
	/* The announced address may always take over. */
	rig_send(d, &r->a.rtp, 0, 1, 1, 0xbbb);
	rig_send(d, &r->a.rtp, 0, 2, 161, 0xbbb);
	rig_run(r, 40);
	CHECK_EQ(rig_stats(&r->a).remote.port, 5000);
	host_dgram_close(d);
	rig_close(r);
}

TEST(packets_from_before_the_answer_are_not_taken)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct stream_stats s;

	r->a.params.not_before_ns = sim_now(r->sim) + 500 * NS_PER_MS;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 1000);
	s = rig_stats(&r->a);
	CHECK(s.foreign >= 23 && s.foreign <= 26);
	CHECK(s.rx_packets >= 23 && s.rx_packets <= 26);
	rig_close(r);
}

/* Hold and resume: what is sent follows the direction, the time stamps count through the pause. */
struct tap {
	size_t rtp, empty, marks, events;
	uint32_t last_ts, ts_step;
	uint16_t last_seq;
	bool seen, seq_gap;
	uint16_t port;
};

static void on_packet(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	struct tap *t = arg;
	struct rtp_packet h;

	(void)fate;
	if (p->from.ip[3] != 1 || p->from.port != t->port)
		return;
	if (p->n == 0) {
		t->empty++;
		return;
	}
	CHECK_OK(rtp_parse(p->data, p->n, &h));
	if (t->seen && h.seq != (uint16_t)(t->last_seq + 1))
		t->seq_gap = true;
	t->ts_step = h.ts - t->last_ts;
	t->last_ts = h.ts;
	t->last_seq = h.seq;
	t->seen = true;
	t->rtp++;
	t->marks += h.marker;
	t->events += h.pt == 101;
}

TEST(a_held_stream_sends_nothing_but_keeps_its_way_open)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct tap t = {.port = 16384};
	size_t rtp;

	sim_tap(r->sim, on_packet, &t);
	rig_run(r, 1000);
	CHECK_EQ(t.marks, 1);
	rtp = t.rtp;
	r->a.params.dir = STREAM_RECV;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 60000);
	CHECK_EQ(t.rtp, rtp);
	CHECK(t.empty == 3 || t.empty == 4); /* one in 15 s */
	CHECK(rig_stats(&r->a).rtcp_tx >= 8);
	CHECK(rig_stats(&r->a).played > 3000);
	CHECK_EQ(rig_stats(&r->b).foreign + rig_stats(&r->b).invalid, 0); /* the peer is not disturbed */
	r->a.params.dir = STREAM_SEND | STREAM_RECV;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 20);
	CHECK_EQ(t.rtp, rtp + 1);
	CHECK_EQ(t.marks, 2);
	CHECK(!t.seq_gap);
	CHECK_EQ(t.ts_step, 8 * (60000 + 20));
	/* Sending only: what comes is counted and not played. */
	r->a.params.dir = STREAM_SEND;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 1000);
	CHECK(rig_stats(&r->a).early >= 49);
	rig_close(r);
}

static void set_direction(struct rig_end *e, unsigned dir)
{
	e->params.dir = dir;
	CHECK_OK(stream_apply(e->stream, &e->params));
}

/* What lay in the buffer when the stream was held is not said when it goes on, nor is half a packet of ours. */
TEST(nothing_old_is_heard_behind_a_hold)
{
	struct rig *r = rig_open(1, "PCMU", 20, 60);
	size_t before;

	rig_run(r, 1000);
	set_direction(&r->a, STREAM_SEND);
	rig_run(r, 100);
	r->b.next_tick_ns = UINT64_MAX;
	rig_run(r, 200);
	before = r->a.n_heard;
	set_direction(&r->a, STREAM_SEND | STREAM_RECV);
	rig_run(r, 500);
	for (size_t i = before; i < r->a.n_heard; i++)
		CHECK_EQ(r->a.heard[i], 0);
	rig_close(r);
}

TEST(half_a_packet_is_given_up_with_the_direction)
{
	for (unsigned ticks = 10; ticks < 13; ticks++) {
		struct rig *r = rig_open(1, "PCMU", 20, 30);
		size_t said, at;

		rig_run(r, ticks * 20);
		set_direction(&r->a, STREAM_RECV);
		rig_run(r, 2000);
		set_direction(&r->a, STREAM_SEND | STREAM_RECV);
		said = r->a.next_sample;
		at = r->b.n_heard;
		rig_run(r, 500);
		while (at < r->b.n_heard && !r->b.heard[at])
			at++;
		CHECK(at + 240 < r->b.n_heard);
		/* Its first 1.5 ms are blended in. */
		for (size_t i = 12; i < 240; i++)
			CHECK_EQ(r->b.heard[at + i],
				g711_ulaw_decode(g711_ulaw_encode(rig_sample((uint32_t)(said + i)))));
		rig_close(r);
	}
}

/* Neither side notices that the same is agreed once more, in the middle of a packet too. */
TEST(the_same_agreement_again_changes_no_sample)
{
	struct rig *r = rig_open(1, "PCMU", 20, 30);

	for (unsigned i = 0; i < 100; i++) {
		CHECK_OK(stream_apply(r->a.stream, &r->a.params));
		CHECK_OK(stream_apply(r->b.stream, &r->b.params));
		rig_run(r, 20);
	}
	check_exact(&r->a, &r->b, &laws[0], 8000);
	check_exact(&r->b, &r->a, &laws[0], 8000);
	rig_close(r);
}

TEST(nothing_goes_to_nowhere)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct tap t = {.port = 16384};

	memset(r->a.params.remote_rtp.ip, 0, 16);
	memset(r->a.params.remote_rtcp.ip, 0, 16);
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	sim_tap(r->sim, on_packet, &t);
	rig_run(r, 20000);
	CHECK_EQ(t.rtp + t.empty, 0);
	CHECK_EQ(rig_stats(&r->a).rtcp_tx, 0);
	CHECK(rig_stats(&r->a).played > 900);
	rig_close(r);
}

TEST(codecs_may_change_in_the_middle)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct stream_stats s;

	rig_run(r, 1000);
	r->a.params.tx = codec_find(SLICE_LIT("PCMA"), 8000, 1);
	r->a.params.tx_pt = 8;
	r->a.params.ptime_ms = 30;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_OK(stream_apply(r->b.stream, &r->b.params));
	rig_run(r, 1000);
	s = rig_stats(&r->b);
	CHECK_EQ(s.invalid + s.late + s.lost, 0);
	CHECK(s.played >= 80);
	rig_close(r);
}

TEST(wrong_parameters_change_nothing)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct stream_params p = r->a.params;

	p.tx = NULL;
	CHECK_EQ(stream_apply(r->a.stream, &p), OH_EINVAL);
	p = r->a.params;
	p.ptime_ms = 61;
	CHECK_EQ(stream_apply(r->a.stream, &p), OH_EINVAL);
	p = r->a.params;
	p.n_rx = STREAM_CODECS_MAX + 1;
	CHECK_EQ(stream_apply(r->a.stream, &p), OH_EINVAL);
	rig_run(r, 100);
	CHECK(rig_stats(&r->a).tx_packets >= 5);
	rig_close(r);
}

/* ---- telephone-events
 * -------------------------------------------------------------------------------------- */

TEST(digits_cross_a_bad_wire_once_each)
{
	static const char digits[] = "0123456789*#ABCDR";

	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct rig *r = rig_open(seed, "PCMU", 20, 20);

		sim_wire(r->sim, &(struct sim_wire){.loss = .2,
					 .duplicate = .2,
					 .reorder = .2,
					 .reorder_ns = 45 * NS_PER_MS,
					 .delay_ns = NS_PER_MS,
					 .jitter_ns = 10 * NS_PER_MS,
					 .allow_overtake = true});
		rig_run(r, 200);
		CHECK_OK(stream_dtmf(r->a.stream, digits, 120, 80));
		rig_run(r, 6000);
		CHECK_STR(r->b.digits, digits);
		CHECK_EQ(rig_count(&r->a, MEDIA_DTMF_SENT), 1);
		CHECK(rig_stats(&r->b).rx_events > 17 * 3);
		rig_close(r);
	}
}

/* A transfer behind our back: the new source happens to use the same time stamps, and its digit is another one. */
TEST(a_new_source_has_its_own_digits)
{
	static const uint32_t sources[] = {0xaaa, 0xccc, 0xccc};
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;

	d = rig_speak_by_hand(r, 5000);
	/* The third is the second that has begun anew, far away. */
	for (size_t i = 0; i < 3; i++)
		for (uint16_t seq = 0; seq < 5; seq++) {
			uint8_t packet[16] = {
				[12] = 7, [13] = seq < 2 ? 10 : 0x8a, [14] = 1, [15] = (uint8_t)seq};
			struct rtp_packet h = {.pt = 101,
				.seq = (uint16_t)(seq + (i == 2 ? 20000 : 0)),
				.ts = 800,
				.ssrc = sources[i]};

			rtp_write_header(packet, &h);
			CHECK_OK(host_dgram_send(d, &r->a.rtp, NULL, packet, sizeof(packet)));
			rig_run(r, 20);
		}
	CHECK_STR(r->a.digits, "777");
	host_dgram_close(d);
	rig_close(r);
}

TEST(digits_need_an_agreement_and_a_direction)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct tap t = {.port = 16384};

	CHECK_EQ(stream_dtmf(r->a.stream, "1y", 0, 0), OH_EDIGIT);
	r->a.params.dtmf_tx_pt = -1;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_EQ(stream_dtmf(r->a.stream, "1", 0, 0), OH_ENODTMF);
	/* As sound they need no agreement, but one of them has none. */
	r->a.params.dtmf_sound = true;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_EQ(stream_dtmf(r->a.stream, "1r", 0, 0), OH_EDIGIT);
	r->a.params.dtmf_sound = false;
	r->a.params.dtmf_tx_pt = 101;
	r->a.params.dir = STREAM_RECV;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	CHECK_EQ(stream_dtmf(r->a.stream, "1", 0, 0), OH_ENOMEDIA);
	r->a.params.dir = STREAM_SEND | STREAM_RECV;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	sim_tap(r->sim, on_packet, &t);
	rig_run(r, 200);
	CHECK_OK(stream_dtmf(r->a.stream, "1", 100, 0));
	rig_run(r, 1000);
	CHECK_EQ(t.events, 7); /* five of 20 ms, the last of them three times */
	CHECK(!t.seq_gap);
	CHECK_STR(r->b.digits, "1");
	CHECK_EQ(rig_stats(&r->b).concealed, 0); /* the pause of the audio is no loss */
	rig_close(r);
}

/* The program waits for the end of its digits, even when a hold cuts them off. */
TEST(digits_that_are_given_up_have_their_end_too)
{
	for (int sound = 0; sound < 2; sound++) {
		struct rig *r = rig_open(1, "PCMU", 20, 20);

		r->a.params.dtmf_sound = sound;
		CHECK_OK(stream_apply(r->a.stream, &r->a.params));
		rig_run(r, 200);
		CHECK_OK(stream_dtmf(r->a.stream, "12", 1000, 0));
		rig_run(r, 200);
		set_direction(&r->a, STREAM_RECV);
		rig_run(r, 3000);
		CHECK_EQ(rig_count(&r->a, MEDIA_DTMF_SENT), 0); /* the second one waits */
		set_direction(&r->a, STREAM_SEND | STREAM_RECV);
		rig_run(r, 200);
		set_direction(&r->a, STREAM_RECV);
		rig_run(r, 100);
		CHECK_EQ(rig_count(&r->a, MEDIA_DTMF_SENT), 1);
		/* Without a digit under way there is nothing to tell. */
		set_direction(&r->a, STREAM_SEND | STREAM_RECV);
		rig_run(r, 200);
		set_direction(&r->a, STREAM_RECV);
		rig_run(r, 100);
		CHECK_EQ(rig_count(&r->a, MEDIA_DTMF_SENT), 1);
		if (!sound)
			CHECK_STR(r->b.digits, "12");
		rig_close(r);
	}
}

/* An event whose agreement has gone does not go on where it was when another one comes. */
TEST(an_event_ends_with_its_agreement)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct tap t = {.port = 16384};

	rig_run(r, 200);
	CHECK_OK(stream_dtmf(r->a.stream, "1", 8000, 0));
	rig_run(r, 200);
	r->a.params.dtmf_tx_pt = -1;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 500);
	CHECK_EQ(rig_count(&r->a, MEDIA_DTMF_SENT), 1);
	sim_tap(r->sim, on_packet, &t);
	r->a.params.dtmf_tx_pt = 101;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	rig_run(r, 500);
	CHECK_EQ(t.events, 0);
	CHECK_OK(stream_dtmf(r->a.stream, "2", 100, 0));
	rig_run(r, 500);
	CHECK_EQ(t.events, 7);
	CHECK_STR(r->b.digits, "12");
	rig_close(r);
}

/* ---- bad wires, bad bytes
 * ------------------------------------------------------------------------------------ */

static const struct sim_wire wires[] = {
	{.delay_ns = NS_PER_MS, .loss = .05},
	{.delay_ns = NS_PER_MS, .duplicate = .2},
	{.delay_ns = NS_PER_MS, .reorder = .1, .reorder_ns = 50 * NS_PER_MS, .allow_overtake = true},
	{.delay_ns = NS_PER_MS, .jitter_ns = 60 * NS_PER_MS},
	{.delay_ns = NS_PER_MS,
		.jitter_ns = 60 * NS_PER_MS,
		.allow_overtake = true,
		.loss = .2,
		.duplicate = .2},
};

TEST(the_law_holds_on_every_wire_and_with_every_packet_time)
{
	static const uint32_t ptimes[] = {10, 20, 30, 60};

	for (size_t w = 0; w < ARRAY_LEN(wires); w++)
		for (size_t p = 0; p < ARRAY_LEN(ptimes); p++)
			for (uint64_t seed = 1; seed <= 3; seed++) {
				struct rig *r = rig_open(seed, "PCMA", seed == 1 ? 10 : 20, ptimes[p]);
				struct stream_stats a, b;

				sim_wire(r->sim, &wires[w]);
				for (int i = 0; i < 50; i++) {
					rig_run(r, 200);
					rig_stats(&r->a);
					rig_stats(&r->b);
				}
				r->a.next_tick_ns = UINT64_MAX; /* B hears out what is under way */
				rig_run(r, 2000);
				a = rig_stats(&r->a);
				b = rig_stats(&r->b);
				CHECK(b.rx_packets - b.duplicate + b.lost <= a.tx_packets);
				CHECK(b.rx_packets - b.duplicate + b.lost + 5 >= a.tx_packets);
				CHECK_EQ(b.buffered, 0);
				CHECK(b.played > a.tx_packets / 2);
				rig_close(r);
			}
}

/* Random bytes, and good packets with a few bytes changed or cut short, into both sockets. */
TEST(no_bytes_from_the_wire_do_harm)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *d;
	uint32_t rng = 1;
	uint8_t data[400];

	d = rig_speak_by_hand(r, 5000);
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.9"), 5000, &r->a.params.remote_rtp));
	r->a.params.remote_rtcp = r->a.params.remote_rtp;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
	for (unsigned i = 0; i < 20000; i++) {
		struct rtp_packet h = {
			.pt = i % 7 ? (i % 3 ? 0 : 8) : 101, .seq = (uint16_t)i, .ts = i * 160, .ssrc = 5};
		struct rtcp_out out = {.ssrc = 5, .cname = "x", .bye = i % 50 == 0};
		size_t n = 12 + (i * 7919u >> 3) % 300;
		bool control = i % 11 == 0;

		for (size_t k = 0; k < sizeof(data); k++) {
			rng = rng * 1664525 + 1013904223;
			data[k] = (uint8_t)(rng >> 24);
		}
		if (control)
			n = rtcp_write(data, &out);
		else if (i % 13)
			rtp_write_header(data, &h);
		for (unsigned k = 0; k < i % 4; k++)
			data[rng / (k + 1) % (i % 5 ? 12 : n)] ^= (uint8_t)(rng >> k);
		if (i % 6 == 0)
			n = rng % (n + 1);
		CHECK_OK(host_dgram_send(d, control && i % 2 ? &r->a.rtcp : &r->a.rtp, NULL, data, n));
		if (i % 3 == 0) {
			rig_run(r, 20);
			rig_stats(&r->a);
		}
	}
	CHECK(rig_stats(&r->a).played > 100);
	CHECK(rig_stats(&r->a).invalid > 100);
	CHECK(rig_stats(&r->a).rtcp_rx > 10);
	host_dgram_close(d);
	rig_close(r);
}

/* ---- memory
 * -------------------------------------------------------------------------------------------------- */

static int life(void *arg)
{
	struct rig *r = arg;
	struct host_dgram *rtp = NULL, *rtcp = NULL;
	struct host_dgram_cfg sock = {.local = {.family = NETADDR_IP4}};
	struct stream *s = NULL;
	struct stream_cfg cfg = {
		.host = r->a.host, .tick_ms = 20, .cname = "c", .converter = &port_stream_converter};
	int16_t pcm[160];
	int err = host_dgram_open(r->a.host, &sock, &rtp);

	if (err == 0)
		err = host_dgram_open(r->a.host, &sock, &rtcp);
	cfg.rtp = rtp;
	cfg.rtcp = rtcp;
	if (err == 0)
		err = stream_new(&cfg, &s);
	if (err < 0) {
		host_dgram_close(rtp); /* still ours */
		host_dgram_close(rtcp);
		return err;
	}
	for (int i = 0; i < 3 && err == 0; i++) {
		err = stream_apply(s, &r->a.params);
		if (i != 1) {
			stream_receive(s, sim_now(r->sim));
			stream_pull(s, pcm, 160);
		}
	}
	stream_free(s);
	return err;
}

TEST(every_failing_allocation_leaves_nothing_behind)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);

	r->a.params.dir = 0;
	memset(&r->a.params.remote_rtcp, 0, sizeof(r->a.params.remote_rtcp));
	memset(&r->a.params.remote_rtp, 0, sizeof(r->a.params.remote_rtp));
	r->a.params.ptime_ms = 30;
	r->a.params.rx[r->a.params.n_rx].codec = codec_find(SLICE_LIT("L16"), 16000, 1);
	r->a.params.rx[r->a.params.n_rx++].pt = 96;
	check_every_allocation_fails(life, r);
	rig_close(r);
}

TESTS(RUN(a_clean_wire_is_bit_exact_for_every_packet_time), RUN(the_next_tick_plays_a_packet),
	RUN(without_a_source_silence_is_sent), RUN(the_first_good_packet_latches_and_only_it),
	RUN(a_source_that_goes_on_from_elsewhere_is_followed),
	RUN(late_packets_of_an_old_address_do_not_turn_the_stream_back),
	RUN(packets_from_before_the_answer_are_not_taken),
	RUN(a_held_stream_sends_nothing_but_keeps_its_way_open), RUN(nothing_old_is_heard_behind_a_hold),
	RUN(half_a_packet_is_given_up_with_the_direction), RUN(the_same_agreement_again_changes_no_sample),
	RUN(nothing_goes_to_nowhere), RUN(codecs_may_change_in_the_middle),
	RUN(wrong_parameters_change_nothing), RUN(digits_cross_a_bad_wire_once_each),
	RUN(a_new_source_has_its_own_digits), RUN(digits_need_an_agreement_and_a_direction),
	RUN(digits_that_are_given_up_have_their_end_too), RUN(an_event_ends_with_its_agreement),
	RUN(the_law_holds_on_every_wire_and_with_every_packet_time), RUN(no_bytes_from_the_wire_do_harm),
	RUN(every_failing_allocation_leaves_nothing_behind))
