/* A peer that changes codec in the middle of its stream, as it may within what was agreed (RFC 3264 6.1): at one
 * clock nobody hears it, at another the time line begins anew. */
#include "rig_stream.h"

#include "rtp/dtmf.h"
#include "rtp/rtp.h"
#include "rtp/stream_impl.h"

#include <math.h>

#define TONE_HZ 412.0 /* no whole number of periods in a tick: a tick too few or too many breaks its phase */

/* The peer of A: a bare socket that sends a tone in any codec. */
struct peer {
	struct rig *r;
	struct host_dgram *d;
	struct rtp_packet next;
	double phase;
	bool tone; /* else the test signal of the rig, by `sample` */
	uint32_t sample;
	int16_t said[8000]; /* what A should hear of the test signal */
	size_t n_said;
};

static const struct codec *codec(const char *name, uint32_t hz)
{
	return codec_find(slice_of(name), hz, 1);
}

/* A sends `name` and takes all of PCMU, PCMA, L16 at 16 and 8 kHz. */
static void peer_open(struct peer *p, const char *name, uint32_t hz, uint32_t tick_ms)
{
	struct rig *r = rig_open(1, "PCMU", tick_ms, 20);

	*p = (struct peer){.r = r, .next = {.ssrc = 5, .seq = 65530, .ts = 0xfffff000}, .tone = true};
	p->d = rig_speak_by_hand(r, 5000);
	CHECK_OK(netaddr_parse_ip(SLICE_LIT("10.0.0.9"), 5000, &r->a.params.remote_rtp));
	r->a.params.tx = codec(name, hz);
	r->a.params.tx_pt = 96;
	r->a.params.rx[2].codec = codec("L16", 16000);
	r->a.params.rx[2].pt = 97;
	r->a.params.rx[3].codec = codec("L16", 8000);
	r->a.params.rx[3].pt = 98;
	r->a.params.n_rx = 4;
	r->a.khz = hz / 1000;
	CHECK_OK(stream_apply(r->a.stream, &r->a.params));
}

static void peer_close(struct peer *p)
{
	host_dgram_close(p->d);
	rig_close(p->r);
}

static void send_packet(struct peer *p, const struct rtp_packet *h, const uint8_t *payload, size_t n)
{
	uint8_t packet[RTP_HEADER_BYTES + CODEC_FRAME_MAX];

	rtp_write_header(packet, h);
	memcpy(packet + RTP_HEADER_BYTES, payload, n);
	CHECK_OK(host_dgram_send(p->d, &p->r->a.rtp, NULL, packet, RTP_HEADER_BYTES + n));
}

/* So many packets of 20 ms. */
static void speak(struct peer *p, const struct codec *c, uint8_t pt, unsigned packets)
{
	for (unsigned k = 0; k < packets; k++) {
		uint8_t payload[CODEC_FRAME_MAX];
		int16_t pcm[320];
		size_t n = c->rate_hz / 50;
		long bytes;

		for (size_t i = 0; i < n; i++) {
			pcm[i] = p->tone ? (int16_t)lrint(8000 * sin(p->phase)) : rig_sample(p->sample++);
			p->phase += 2 * M_PI * TONE_HZ / c->rate_hz;
		}
		bytes = c->encode(NULL, pcm, n, payload, sizeof(payload));
		if (!p->tone && p->n_said + n <= ARRAY_LEN(p->said)) {
			CHECK_EQ(c->decode(NULL, payload, (size_t)bytes, p->said + p->n_said, n), n);
			p->n_said += n;
		}
		p->next.pt = pt;
		send_packet(p, &p->next, payload, (size_t)bytes);
		p->next.seq++;
		p->next.ts += c->clock_hz / 50;
		rig_run(p->r, 20);
	}
}

/* The tone and nothing else, in the samples that A heard from here on? */
static void check_tone(const struct rig_end *a, size_t from)
{
	double hz = a->khz * 1000.0, re = 0, im = 0, power = 0;
	size_t n = a->n_heard - from;

	for (size_t i = from; i < a->n_heard; i++) {
		re += a->heard[i] * cos(2 * M_PI * TONE_HZ * (double)i / hz);
		im += a->heard[i] * sin(2 * M_PI * TONE_HZ * (double)i / hz);
		power += (double)a->heard[i] * a->heard[i];
	}
	CHECK(power / (double)n > 0.99 * 8000 * 8000 / 2 && power / (double)n < 1.01 * 8000 * 8000 / 2);
	CHECK(2 * (re * re + im * im) / (double)n > 0.99 * power);
}

TEST(a_codec_of_the_same_clock_follows_without_a_seam)
{
	struct peer p;
	struct rig_end *a;
	size_t at;

	peer_open(&p, "PCMU", 8000, 20);
	a = &p.r->a;
	p.tone = false;
	for (unsigned i = 0; i < 4; i++) {
		speak(&p, codec("PCMU", 8000), 0, 5);
		speak(&p, codec("PCMA", 8000), 8, 5);
		speak(&p, codec("L16", 8000), 98, 2);
	}
	rig_run(p.r, 20);
	at = rig_onset(a);
	CHECK(a->n_heard - at >= p.n_said);
	CHECK_MEM(a->heard + at, p.said, p.n_said * 2);
	CHECK_EQ(rig_stats(a).played, 48);
	CHECK_EQ(rig_stats(a).rx_packets, 48);
	peer_close(&p);
}

TEST(a_codec_of_another_clock_is_heard_whatever_we_send)
{
	static const struct {
		const char *name;
		uint32_t hz, tick_ms;
	} rows[] = {{"PCMU", 8000, 20}, {"PCMU", 8000, 10}, {"L16", 16000, 20}, {"L16", 16000, 10}};

	for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
		struct peer p;
		struct rig_end *a;

		peer_open(&p, rows[row].name, rows[row].hz, rows[row].tick_ms);
		a = &p.r->a;
		for (unsigned turn = 0; turn < 6; turn++) {
			const struct codec *c = turn % 3 == 0   ? codec("PCMU", 8000)
						: turn % 3 == 1 ? codec("L16", 16000)
								: codec("PCMA", 8000);
			size_t from;

			speak(&p, c, turn % 3 == 0 ? 0 : turn % 3 == 1 ? 97 : 8, 5);
			from = a->n_heard;
			speak(&p, c, turn % 3 == 0 ? 0 : turn % 3 == 1 ? 97 : 8, 50);
			check_tone(a, from);
			CHECK(rig_stats(a).jitter_ms < 0.2);
		}
		/* Whatever lay in the buffer at a change went with its time line: a packet each, no more. */
		CHECK_EQ(rig_stats(a).rx_packets, 330);
		CHECK(rig_stats(a).late <= 4);
		CHECK_EQ(rig_stats(a).invalid, 0);
		CHECK_EQ(rig_stats(a).lost, 0);
		peer_close(&p);
	}
}

/* The last packet of the old clock comes after the first of the new one. */
TEST(a_packet_that_the_change_overtook_does_not_turn_it_back)
{
	static const uint8_t silence[160];
	struct rtp_packet overtaken;
	struct peer p;
	uint64_t late;
	size_t from;

	peer_open(&p, "PCMU", 8000, 20);
	speak(&p, codec("PCMU", 8000), 0, 10);
	overtaken = p.next;
	p.next.seq++;
	speak(&p, codec("L16", 16000), 97, 5);
	late = rig_stats(&p.r->a).late;
	send_packet(&p, &overtaken, silence, sizeof(silence));
	rig_run(p.r, 20);
	speak(&p, codec("L16", 16000), 97, 5);
	from = p.r->a.n_heard;
	speak(&p, codec("L16", 16000), 97, 20);
	check_tone(&p.r->a, from);
	CHECK_EQ(rig_stats(&p.r->a).late, late + 1);
	CHECK_EQ(rig_stats(&p.r->a).reordered, 1);
	peer_close(&p);
}

/* A re-INVITE that names the same codecs in another order changes what we send, not what the peer does. */
TEST(a_new_agreement_lets_the_peer_speak_on)
{
	struct peer p;
	struct rig_end *a;
	size_t from;

	peer_open(&p, "PCMU", 8000, 20);
	a = &p.r->a;
	speak(&p, codec("PCMU", 8000), 0, 10);
	a->params.tx = codec("L16", 16000);
	CHECK_OK(stream_apply(a->stream, &a->params));
	CHECK_EQ(stream_rate(a->stream), 16000);
	a->khz = 16;
	speak(&p, codec("PCMU", 8000), 0, 5);
	from = a->n_heard;
	speak(&p, codec("PCMU", 8000), 0, 20);
	check_tone(a, from);
	CHECK_EQ(rig_stats(a).late + rig_stats(a).invalid, 0);
	/* PCMU alone is agreed now. */
	a->params.tx = codec("PCMU", 8000);
	a->params.n_rx = 1;
	CHECK_OK(stream_apply(a->stream, &a->params));
	a->khz = 8;
	speak(&p, codec("L16", 16000), 97, 5);
	CHECK_EQ(rig_stats(a).invalid, 5);
	peer_close(&p);
}

/* RFC 4733 2.1: events count in the clock of the audio beside them, under a payload type of their own. */
TEST(a_digit_beside_another_clock_has_its_own_length)
{
	static const uint8_t pressed[] = {5, 0x80 | 10, 1600 >> 8, 1600 & 0xff};
	struct peer p;
	struct rig_end *a;

	peer_open(&p, "L16", 16000, 20);
	a = &p.r->a;
	a->params.dtmf_rx_more[0].pt = 102;
	a->params.dtmf_rx_more[0].clock_hz = 8000;
	a->params.n_dtmf_rx_more = 1;
	CHECK_OK(stream_apply(a->stream, &a->params));
	for (unsigned i = 0; i < 2; i++) {
		speak(&p, i ? codec("PCMU", 8000) : codec("L16", 16000), i ? 0 : 97, 5);
		p.next.pt = i ? 102 : 101;
		send_packet(&p, &p.next, pressed, sizeof(pressed));
		p.next.seq++;
		rig_run(p.r, 20);
	}
	CHECK_STR(a->digits, "55");
	for (size_t i = 0, k = 0; i < a->n_reports; i++)
		if (a->reports[i].type == MEDIA_DTMF)
			CHECK_EQ(a->reports[i].duration_ms, k++ ? 200 : 100);
	CHECK_EQ(rig_stats(a).invalid, 0);
	peer_close(&p);
}

/* Peers offer one codec under several payload types: all of them mean the first one's decoder. */
TEST(a_codec_under_two_types_keeps_its_past_in_a_new_agreement)
{
	const struct codec *c = codec_find(SLICE_LIT("G722"), 8000, 1);
	struct stream_params p = {.tx = c,
		.ptime_ms = 20,
		.rx = {{c, 9}, {c, 99}},
		.n_rx = 2,
		.dtmf_tx_pt = -1,
		.dtmf_rx_pt = -1};
	struct stream_setup *before, *after;
	uint8_t loud[160], past[CODEC_STATE_MAX];
	int16_t pcm[320];

	memset(loud, 0x11, sizeof(loud));
	CHECK_OK(stream_setup_new(&p, NULL, 20, &before));
	CHECK_OK(stream_setup_new(&p, NULL, 20, &after));
	CHECK_EQ(c->decode(before->dec[0], loud, sizeof(loud), pcm, 320), 320);
	memcpy(past, before->dec[0], c->dec_bytes);
	CHECK(memcmp(past, after->dec[0], c->dec_bytes) != 0);
	stream_setup_inherit(after, before);
	CHECK_EQ(memcmp(past, after->dec[0], c->dec_bytes), 0);
	stream_setup_free(before);
	stream_setup_free(after);
}

TESTS(RUN(a_codec_of_the_same_clock_follows_without_a_seam),
	RUN(a_codec_of_another_clock_is_heard_whatever_we_send),
	RUN(a_packet_that_the_change_overtook_does_not_turn_it_back),
	RUN(a_new_agreement_lets_the_peer_speak_on), RUN(a_digit_beside_another_clock_has_its_own_length),
	RUN(a_codec_under_two_types_keeps_its_past_in_a_new_agreement))
