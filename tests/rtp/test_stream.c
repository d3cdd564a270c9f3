/* The stream end to end on the simulated wire. */
#include "rig_stream.h"

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

TESTS(RUN(a_clean_wire_is_bit_exact_for_every_packet_time), RUN(the_next_tick_plays_a_packet),
	RUN(without_a_source_silence_is_sent))
