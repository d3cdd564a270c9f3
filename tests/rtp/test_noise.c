/* Silence: comfort noise (RFC 3389) as it is measured, described and made; who says when there is silence; and streams
 * that leave it out. Also what else a stream does for codecs with a mind of their own (Opus). */
#include "rig_stream.h"

#include "codec/noise.h"
#include "rtp/rtcp.h"

#include <math.h>

#define N 16000u

static double rms(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sqrt(sum / (double)n);
}

/* How alike neighbours are: the colour of noise in one number. */
static double colour(const int16_t *pcm, size_t n)
{
	double sum = 0, power = 1;

	for (size_t i = 1; i < n; i++) {
		sum += (double)pcm[i] * pcm[i - 1];
		power += (double)pcm[i] * pcm[i];
	}
	return sum / power;
}

/* Noise of this loudness; tint -0.9 .. 0.9 makes it bright or dull. */
static void make_noise(int16_t *pcm, size_t n, double level, double tint)
{
	double y = 0, gain = level * sqrt(3 * (1 - tint * tint));

	for (size_t i = 0; i < n; i++) {
		y = tint * y + gain * (2.0 * rand() / RAND_MAX - 1);
		pcm[i] = (int16_t)lrint(y);
	}
}

TEST(noise_sounds_as_loud_and_as_dull_as_it_was)
{
	static const double tints[] = {0, 0.8, -0.8, 0.4};
	static const double levels[] = {10, 100, 1000};
	static int16_t said[N], heard[N];
	uint8_t payload[NOISE_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(tints) * ARRAY_LEN(levels); i++) {
		struct noise noise = {0};
		double tint = tints[i % ARRAY_LEN(tints)];

		make_noise(said, N, levels[i / ARRAY_LEN(tints)], tint);
		CHECK_EQ(noise_describe(said, N, payload), NOISE_BYTES);
		CHECK(noise_hear(&noise, payload, NOISE_BYTES));
		noise_play(&noise, heard, N);
		CHECK(fabs(20 * log10(rms(heard, N) / rms(said, N))) < 1);
		CHECK(fabs(colour(heard, N) - tint) < 0.1);
	}
}

TEST(a_level_alone_is_noise_too_and_nothing_is_none)
{
	static const struct {
		uint8_t level;
		double rms;
	} rows[] = {{6, 16423}, {20, 3276.8}, {40, 327.7}, {60, 32.8}, {127, 0}, {0x80 | 40, 327.7}};
	static const int16_t silence[160];
	static int16_t heard[N];
	uint8_t payload[NOISE_BYTES];
	struct noise noise = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(noise_hear(&noise, &rows[i].level, 1));
		noise_play(&noise, heard, N);
		CHECK(fabs(rms(heard, N) - rows[i].rms) < 0.15 * rows[i].rms + 1);
	}
	CHECK(!noise_hear(&noise, payload, 0));
	CHECK_EQ(noise_describe(silence, 160, payload), 1);
	CHECK_EQ(payload[0], 127);
}

/* Whatever bytes come, the filter is stable (RFC 3389 3.2: every coefficient is below 1). */
TEST(no_description_makes_the_noise_run_away)
{
	uint8_t payload[32];
	int16_t heard[800];

	for (unsigned k = 0; k < 2000; k++) {
		struct noise noise = {0};

		payload[0] = 40;
		for (size_t i = 1; i < sizeof(payload); i++)
			payload[i] = k % 4 == 0 ? 255 : k % 4 == 1 ? 0 : (uint8_t)rand();
		CHECK(noise_hear(&noise, payload, 1 + k % 31));
		noise_play(&noise, heard, ARRAY_LEN(heard));
		CHECK(rms(heard, ARRAY_LEN(heard)) < 4000);
	}
}

TEST(a_voice_is_told_from_its_pauses)
{
	struct voice_gate v = {0};
	int16_t pcm[160];

	/* The room, then a word, then the room: the word's end is waited for. */
	make_noise(pcm, 160, 50, 0);
	for (unsigned i = 0; i < 100; i++)
		(void)voice_gate_opens(&v, pcm, 160, 20);
	CHECK(!voice_gate_opens(&v, pcm, 160, 20));
	make_noise(pcm, 160, 2000, 0.5);
	CHECK(voice_gate_opens(&v, pcm, 160, 20));
	make_noise(pcm, 160, 50, 0);
	for (unsigned i = 0; i < 10; i++)
		CHECK(voice_gate_opens(&v, pcm, 160, 20));
	CHECK(!voice_gate_opens(&v, pcm, 160, 20));

	/* A voice from the first sample on, and music without an end. */
	v = (struct voice_gate){0};
	make_noise(pcm, 160, 2000, 0.5);
	for (unsigned i = 0; i < 5000; i++)
		CHECK(voice_gate_opens(&v, pcm, 160, 20));
	memset(pcm, 0, sizeof(pcm));
	for (unsigned i = 0; i < 10; i++)
		(void)voice_gate_opens(&v, pcm, 160, 20);
	CHECK(!voice_gate_opens(&v, pcm, 160, 20));
	/* A noise of the room that grows is learnt. */
	make_noise(pcm, 160, 120, 0);
	for (unsigned i = 0; i < 500; i++)
		(void)voice_gate_opens(&v, pcm, 160, 20);
	CHECK(!voice_gate_opens(&v, pcm, 160, 20));
}

/* ---- streams ----------------------------------------------------------------------------------------- */

/* Both ends send `c` and agree on comfort noise. */
static void agree(struct rig *r, const struct codec *c, uint8_t pt, bool noise)
{
	struct rig_end *ends[] = {&r->a, &r->b};

	for (size_t i = 0; i < 2; i++) {
		struct stream_params *p = &ends[i]->params;

		p->tx = c;
		p->tx_pt = pt;
		p->rx[2].codec = c;
		p->rx[2].pt = pt;
		p->n_rx = 3;
		p->noise.rx = p->noise.tx = noise;
		p->noise.rx_pt = p->noise.tx_pt = NOISE_STATIC_PT;
		ends[i]->khz = c->rate_hz / 1000;
		CHECK_OK(stream_apply(ends[i]->stream, p));
	}
}

/* One tick at each end: A says this, B says the test signal. Returns what B heard. */
static const int16_t *say(struct rig *r, const int16_t *pcm)
{
	uint64_t now;
	size_t n = r->a.khz * r->tick_ms;
	int16_t scrap[960];

	sim_run_until(r->sim, r->a.next_tick_ns);
	now = sim_now(r->sim);
	stream_receive(r->a.stream, now);
	stream_pull(r->a.stream, scrap, n);
	stream_push(r->a.stream, pcm, n, NULL, now);
	r->a.next_tick_ns += r->tick_ms * NS_PER_MS;
	sim_run_until(r->sim, r->b.next_tick_ns);
	r->b.quiet = true;
	rig_tick(r, &r->b);
	return r->b.heard + r->b.n_heard - n;
}

TEST(silence_is_described_and_not_sent_and_the_voice_after_it_is_whole)
{
	static const struct {
		const char *name;
		uint32_t clock_hz;
		uint8_t pt;
	} rows[] = {{"PCMU", 8000, 0}, {"G722", 8000, 9}, {"L16", 16000, 96}, {"L16", 48000, 97}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		const struct codec *c = codec_find(slice_of(rows[k].name), rows[k].clock_hz, 1);
		struct rig *r = rig_open(1, "PCMU", 20, c->number == CODEC_L16_48 ? 10 : 20);
		size_t n = c->rate_hz / 50;
		struct stream_stats before, after;
		int16_t room[960], voice[960];
		const int16_t *heard = NULL;
		double loud = 0;

		agree(r, c, rows[k].pt, true);
		make_noise(voice, n, 4000, 0.5);
		for (unsigned i = 0; i < 50; i++)
			(void)say(r, voice);
		before = rig_stats(&r->a);
		/* Three seconds of silence: longer than a line of the jitter buffer lives. */
		for (unsigned i = 0; i < 150; i++) {
			make_noise(room, n, 60, 0.5);
			heard = say(r, room);
			if (i > 30)
				loud += rms(heard, n) / 119;
		}
		after = rig_stats(&r->a);
		/* 200 ms are waited for; then a description each second. */
		CHECK(after.tx_packets - before.tx_packets < 150 / 5);
		CHECK_EQ(rig_stats(&r->b).rx_noise, 3);
		CHECK(fabs(20 * log10(loud / 60)) < 2.5);
		for (unsigned i = 0; i < 50; i++)
			(void)say(r, voice);
		after = rig_stats(&r->b);
		CHECK_EQ(after.lost, 0);
		CHECK_EQ(after.late + after.full + after.early + after.invalid, 0);
		CHECK_EQ(after.concealed, 0);
		CHECK_EQ(rig_count(&r->b, MEDIA_RTP_TIMEOUT), 0);
		rig_close(r);
	}
}

TEST(silence_is_sent_when_the_peer_has_not_agreed_to_anything_else)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	int16_t room[160] = {0};

	agree(r, codec_find(SLICE_LIT("PCMU"), 8000, 1), 0, false);
	for (unsigned i = 0; i < 100; i++)
		(void)say(r, room);
	CHECK_EQ(rig_stats(&r->a).tx_packets, 100);
	CHECK_EQ(rig_stats(&r->b).rx_noise, 0);
	rig_close(r);
}

/* A description that was overtaken, doubled or is empty changes nothing. */
TEST(late_descriptions_do_not_silence_a_voice)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	int16_t room[160], voice[160];

	agree(r, codec_find(SLICE_LIT("PCMU"), 8000, 1), 0, true);
	sim_wire(r->sim, &(struct sim_wire){.duplicate = 0.3,
				 .delay_ns = NS_PER_MS,
				 .jitter_ns = 50 * NS_PER_MS,
				 .allow_overtake = true});
	make_noise(room, 160, 30, 0);
	make_noise(voice, 160, 3000, 0.5);
	for (unsigned turn = 0; turn < 20; turn++) {
		for (unsigned i = 0; i < 30; i++)
			(void)say(r, voice);
		for (unsigned i = 0; i < 30; i++)
			(void)say(r, room);
	}
	(void)rig_stats(&r->b);
	CHECK(rig_stats(&r->b).rx_noise >= 15);
	rig_close(r);
}

TEST(without_concealment_what_is_lost_is_silent)
{
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	int16_t voice[160];

	r->b.params.bare = true;
	agree(r, codec_find(SLICE_LIT("PCMU"), 8000, 1), 0, false);
	make_noise(voice, 160, 3000, 0.5);
	for (unsigned i = 0; i < 20; i++)
		CHECK(i < 2 || rms(say(r, voice), 160) > 1000);
	sim_run_until(r->sim, r->b.next_tick_ns);
	rig_tick(r, &r->b);
	CHECK(rms(r->b.heard + r->b.n_heard - 160, 160) < 1);
	rig_close(r);
}

static const struct codec *opus(uint32_t rate_hz)
{
	const struct codec *c = codec_find(SLICE_LIT("opus"), 48000, 2);

	if (!c) {
		fprintf(stderr, "this build has no Opus\n");
		skip();
	}
	return codec_at_rate(c, rate_hz);
}

/* The clock is finer than the samples, and everything still fits. */
TEST(opus_runs_through_a_stream_at_every_rate)
{
	static const uint32_t rates[] = {8000, 16000, 24000, 48000};

	for (size_t k = 0; k < 2 * ARRAY_LEN(rates); k++) {
		const struct codec *c = opus(rates[k / 2]);
		struct rig *r = rig_open(1, "PCMU", k % 2 ? 10 : 20, k % 2 ? 60 : 20);
		size_t n = c->rate_hz / 1000 * r->tick_ms;
		struct stream_stats s;
		int16_t voice[960];
		double loud = 0;

		agree(r, c, 98, false);
		for (unsigned i = 0; i < 150; i++) {
			for (size_t j = 0; j < n; j++)
				voice[j] = (int16_t)(8000 *
						     sin(2 * M_PI * 600 * (double)(i * n + j) / c->rate_hz));
			loud = rms(say(r, voice), n);
		}
		CHECK(fabs(20 * log10(loud / 5657)) < 1.5);
		s = rig_stats(&r->b);
		CHECK_EQ(s.lost + s.late + s.early + s.invalid + s.full, 0);
		CHECK_EQ(s.concealed, 0);
		rig_close(r);
	}
}

/* Time stamps that no sample falls on: hostile, or only strange. */
TEST(opus_time_stamps_between_two_samples_do_no_harm)
{
	const struct codec *c = opus(8000);
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	struct host_dgram *peer = rig_socket(r->a.host, "10.0.0.1", 9000);
	struct rtp_packet h = {.pt = 98, .ssrc = 9};
	struct codec_params how = {0};
	_Alignas(16) char enc[CODEC_STATE_MAX];
	uint8_t packet[RTP_HEADER_BYTES + 400];
	int16_t voice[160];

	agree(r, c, 98, false);
	CHECK_OK(c->enc_init(c, enc, &how));
	for (unsigned i = 0; i < 400; i++) {
		long bytes;

		make_noise(voice, 160, 3000, 0.5);
		bytes = c->encode(enc, voice, 160, packet + RTP_HEADER_BYTES, 400);
		rtp_write_header(packet, &h);
		CHECK_OK(host_dgram_send(peer, &r->b.rtp, NULL, packet, RTP_HEADER_BYTES + (size_t)bytes));
		h.seq++;
		h.ts += 960 + (i % 7 ? 0 : i % 13) - (i % 11 ? 0 : 5);
		rig_run(r, 20);
		(void)rig_stats(&r->b);
	}
	CHECK(rig_stats(&r->b).played > 200);
	c->enc_free(enc);
	host_dgram_close(peer);
	rig_close(r);
}

/* The peer's reports reach the encoder: FEC goes on by itself, and most of what is lost comes back. */
TEST(opus_is_steered_by_what_the_peer_reports)
{
	double cost[2] = {0};

	for (size_t run = 0; run < 2; run++) {
		const struct codec *c = opus(16000);
		struct rig *r = rig_open(3, "PCMU", 20, 20);
		int16_t voice[320];
		uint64_t before = 0;

		r->a.params.how.fec = run ? CODEC_FEC_BY_LOSS : CODEC_FEC_NEVER;
		agree(r, c, 98, false);
		sim_wire(r->sim, &(struct sim_wire){.loss = 0.08, .delay_ns = NS_PER_MS});
		for (unsigned i = 0; i < 1500; i++) {
			for (size_t j = 0; j < 320; j++)
				voice[j] = rig_sample(i * 320 + (uint32_t)j) / 4;
			if (i == 1000)
				before = rig_stats(&r->a).tx_bytes;
			(void)say(r, voice);
		}
		cost[run] = (double)(rig_stats(&r->a).tx_bytes - before);
		CHECK(rig_stats(&r->b).lost > 50);
		rig_close(r);
	}
	/* FEC costs bytes. */
	CHECK(cost[1] > cost[0] * 1.1);
}

/* Opus leaves out silence by itself; its decoder fills in, and nothing counts as lost. */
TEST(opus_is_silent_by_its_own_means)
{
	const struct codec *c = opus(16000);
	struct rig *r = rig_open(1, "PCMU", 20, 20);
	int16_t quiet[320] = {0};
	struct stream_stats s;

	r->a.params.how.dtx = r->b.params.how.dtx = true;
	agree(r, c, 98, false);
	for (unsigned i = 0; i < 300; i++)
		(void)say(r, quiet);
	CHECK(rig_stats(&r->a).tx_packets < 100);
	s = rig_stats(&r->b);
	CHECK_EQ(s.lost + s.late + s.invalid, 0);
	rig_close(r);
}

/* B's report, by hand: it ticks no more. */
static void report_as(struct rig *r, uint32_t ssrc, bool bye)
{
	struct rtcp_out out = {.ssrc = ssrc, .cname = "b", .bye = bye};
	uint8_t packet[RTCP_PACKET_MAX];
	struct host_dgram *d = rig_socket(r->b.host, "10.0.0.2", 0);

	CHECK_OK(host_dgram_send(d, &r->a.rtcp, NULL, packet, rtcp_write(packet, &out)));
	host_dgram_close(d);
}

/* What a source says of its silence, and what it reports meanwhile. The time-out of the rig is one second. */
TEST(who_has_said_that_he_is_silent_and_goes_on_reporting_is_there)
{
	static const struct {
		uint8_t pt, bytes; /* of the last packet */
		uint32_t reporter; /* every six seconds; 0: nobody */
		bool bye;
		unsigned gone_after_s; /* so long; 0: never */
	} rows[] = {
		{NOISE_STATIC_PT, 1, 0xaaa, false, 0},
		{99, 1, 0xaaa, false, 0}, /* DTX */
		/* He has said nothing of a silence. */
		{0, 160, 0xaaa, false, 1},
		/* The reports are those of somebody else, or do not come. */
		{NOISE_STATIC_PT, 1, 0xbbb, false, 1},
		{NOISE_STATIC_PT, 1, 0, false, 1},
		{99, 1, 0, false, 1},
		/* He goes. */
		{NOISE_STATIC_PT, 1, 0xaaa, true, 60},
	};
	struct codec dtx = *codec_find(SLICE_LIT("PCMU"), 8000, 1);

	dtx.dtx = true;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_open(1, "PCMU", 20, 20);
		uint8_t packet[RTP_HEADER_BYTES + 160] = {0};
		struct host_dgram *d = rig_speak_by_hand(r, 5000);
		struct rtp_packet h = {.pt = rows[i].pt, .seq = 20, .ts = 20 * 160, .ssrc = 0xaaa};

		agree(r, &dtx, 99, true);
		for (uint16_t k = 0; k < 20; k++) {
			rig_send(d, &r->a.rtp, 0, k, k * 160u, 0xaaa);
			rig_run(r, 20);
		}
		rtp_write_header(packet, &h);
		CHECK_OK(host_dgram_send(d, &r->a.rtp, NULL, packet, RTP_HEADER_BYTES + rows[i].bytes));
		/* The first report of a silence comes within it, the last one after a minute. */
		for (unsigned s = 0; s < 60; s++) {
			if (s % 6 == 0 && rows[i].reporter)
				report_as(r, rows[i].reporter, false);
			CHECK_EQ(rig_count(&r->a, MEDIA_RTP_TIMEOUT),
				rows[i].gone_after_s > 0 && s > rows[i].gone_after_s);
			rig_run(r, 1000);
		}
		if (rows[i].bye) {
			report_as(r, 0xaaa, true);
			rig_run(r, 1100);
		}
		CHECK_EQ(rig_count(&r->a, MEDIA_RTP_TIMEOUT), rows[i].gone_after_s > 0);
		/* The line is cut: five reports are missing (RFC 3550 6.3.5). */
		rig_run(r, 18000);
		CHECK_EQ(rig_count(&r->a, MEDIA_RTP_TIMEOUT), rows[i].gone_after_s > 0);
		rig_run(r, 8000);
		CHECK_EQ(rig_count(&r->a, MEDIA_RTP_TIMEOUT), 1);
		host_dgram_close(d);
		rig_close(r);
	}
}

TESTS(RUN(noise_sounds_as_loud_and_as_dull_as_it_was), RUN(a_level_alone_is_noise_too_and_nothing_is_none),
	RUN(no_description_makes_the_noise_run_away), RUN(a_voice_is_told_from_its_pauses),
	RUN(silence_is_described_and_not_sent_and_the_voice_after_it_is_whole),
	RUN(silence_is_sent_when_the_peer_has_not_agreed_to_anything_else),
	RUN(late_descriptions_do_not_silence_a_voice), RUN(without_concealment_what_is_lost_is_silent),
	RUN(opus_runs_through_a_stream_at_every_rate), RUN(opus_time_stamps_between_two_samples_do_no_harm),
	RUN(opus_is_steered_by_what_the_peer_reports), RUN(opus_is_silent_by_its_own_means),
	RUN(who_has_said_that_he_is_silent_and_goes_on_reporting_is_there))
