/*
 * Packets that pass from call to call undecoded, as they are.
 */
#include "audio/rig.h"
#include "audio/stage.h"
#include "check.h"

#include "audio/engine.h"

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
	/* a, whose own sources never changed, heard nothing but packets. */
	CHECK(passed(&s.a) >= 80);
	from = first_with_sound(&s.b) + 1;
	s.b.n_heard = from + 60; /* before the level */
	check_all(&s, &s.b, from, BYTES);
	stage_close(&s);
}

/* A busy switchboard has a new plan in every tick; calls that it leaves alone pass packets on, of any codec. */
TEST(a_plan_for_others_stops_no_packets)
{
	static const struct {
		const char *codec;
		uint32_t bytes;
	} rows[] = {{"PCMU", 160}, {"G726-32", 80}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mem_port *ear = mem_port_new(8000, NULL), *mouth = mem_port_new(8000, NULL);
		struct stage s;
		uint64_t n;

		stage_open(&s, 8000, rows[i].codec, 8000);
		s.bytes = rows[i].bytes;
		CHECK_OK(bridge_add(s.bridge, &ear->port, &ear->slot));
		CHECK_OK(bridge_add(s.bridge, &mouth->port, &mouth->slot));
		join(&s);
		talk(&s, 300);
		n = passed(&s.b);
		CHECK(n > 0);
		for (unsigned k = 0; k < 20; k++) {
			link_up(&s, mouth->slot, ear->slot, k % 2 ? 1 : 0.5f);
			talk(&s, 1);
		}
		CHECK_EQ(passed(&s.b), n + 20);
		link_up(&s, s.a.slot, ear->slot, 1);
		talk(&s, 2);
		CHECK_EQ(passed(&s.b), n + 20);
		stage_close(&s);
	}
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
	p.dtmf_sound = true;
	stage_apply(&s.b, p);
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
		{"packets twice as long", long_packets},
		{"silence left out", leave_out_silence},
		{"does not send", only_listen},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stage s;
		struct stream_params p;

		stage_open(&s, 8000, "PCMU", 8000);
		p = s.params;
		rows[i].change(&p);
		stage_apply(&s.b, p);
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
	other_codec(&p);
	stage_apply(&s.b, p);
	talk(&s, 5);
	CHECK_EQ(passed(&s.b), n);
	CHECK_EQ(s.b.heard[s.b.n_heard - 1].h.pt, 8);
	stage_close(&s);
}

/* All that a far end got, laid one after the other, is what the other one said from `at` on: once, in order, no hole. */
static void check_sound(const struct stage *s, const struct leg *l, uint32_t at)
{
	size_t i = 0;
	uint32_t ts;

	while (i < l->n_heard &&
		(l->heard[i].payload[0] != s->sound(at) || l->heard[i].payload[1] != s->sound(at + 1)))
		i++;
	CHECK(i < 5);
	for (ts = l->heard[i].h.ts; i < l->n_heard; i++) {
		const struct heard *h = &l->heard[i];

		CHECK_EQ(h->h.seq, (uint16_t)(l->heard[0].h.seq + i));
		CHECK_EQ(h->h.ts, ts);
		for (uint32_t k = 0; k < h->h.n; k++, at++)
			CHECK_EQ(h->payload[k], s->sound(at));
		ts += (uint32_t)(h->h.n * s->params.tx->rate_hz * s->ms / 1000 / s->bytes);
	}
}

static uint8_t any_byte(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 160);
}

/* A third one comes and goes in every tick of a packet. */
TEST(longer_and_larger_packets_pass_and_are_left_in_their_middle)
{
	static const struct {
		const char *codec;
		uint32_t hz, ms, bytes;
	} rows[] = {{"PCMU", 8000, 10, 80}, {"PCMU", 8000, 30, 240}, {"PCMU", 8000, 40, 320},
		{"PCMU", 8000, 60, 480}, {"L16", 16000, 20, 640}, {"L16", 16000, 40, 1280}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mem_port *mouth = mem_port_new(rows[i].hz, NULL);
		struct stream_params p;
		struct stage s;
		uint64_t n;

		stage_params(&p, codec_find(slice_of(rows[i].codec), rows[i].hz, 1), rows[i].ms);
		stage_open_params(&s, rows[i].hz, &p);
		s.bytes = rows[i].bytes;
		s.sound = rows[i].bytes < 640 ? every_code : any_byte;
		mouth->silent = true;
		CHECK_OK(bridge_add(s.bridge, &mouth->port, &mouth->slot));
		join(&s);
		for (unsigned k = 0; k < 4; k++) {
			n = passed(&s.b);
			talk(&s, 12);
			if (passed(&s.b) < n + 7)
				fail_msg("%s, %u ms: %u of 12 packets passed", rows[i].codec, rows[i].ms,
					(unsigned)(passed(&s.b) - n));
			talk_for(&s, 20 * k);
			link_up(&s, mouth->slot, s.b.slot, 1);
			n = passed(&s.b);
			talk(&s, 6);
			CHECK_EQ(passed(&s.b), n);
			link_down(&s, mouth->slot, s.b.slot);
		}
		check_sound(&s, &s.b, 0);
		check_sound(&s, &s.a, 0);
		stage_close(&s);
	}
}

TESTS(RUN(packets_pass_as_they_are_under_a_name_of_their_own),
	RUN(anything_else_makes_it_samples_without_gap_and_back), RUN(a_plan_for_others_stops_no_packets),
	RUN(a_meter_that_is_looked_at_is_no_longer_passed_by), RUN(what_is_lost_is_lost_for_the_far_end_too),
	RUN(a_digit_stands_in_the_place_of_packets), RUN(a_digit_as_sound_stands_in_the_place_of_packets),
	RUN(a_call_that_falls_silent_is_not_left_without_packets),
	RUN(on_a_bad_network_no_packet_passes_twice), RUN(only_packets_that_the_other_would_make_pass),
	RUN(a_new_codec_is_met_at_once), RUN(longer_and_larger_packets_pass_and_are_left_in_their_middle))
