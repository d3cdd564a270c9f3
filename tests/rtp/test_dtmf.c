/* Telephone-events (RFC 4733): what is sent, packet by packet, and that each digit arrives exactly once
 * whatever the wire does to its packets. */
#include "check.h"

#include "offhook/error.h"
#include "rtp/dtmf_sound.h"
#include "rtp/wire.h"

#define NS_MS 1000000ull

/* ---- out ---- */

struct sent {
	uint32_t ts, at; /* at: start of the packet interval */
	bool marker, end;
	uint16_t duration;
	uint8_t event;
};

static size_t send_all(
	struct dtmf_tx *t, uint32_t from, uint32_t span, size_t steps, struct sent *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < steps; i++) {
		struct dtmf_packet p[DTMF_STEP_PACKETS];
		size_t got = dtmf_tx_step(t, from + (uint32_t)i * span, span, p);

		for (size_t k = 0; k < got; k++) {
			CHECK(n < cap);
			CHECK_EQ(p[k].payload[1] & 0x40, 0); /* reserved */
			out[n++] = (struct sent){.ts = p[k].ts,
				.at = from + (uint32_t)i * span,
				.marker = p[k].marker,
				.end = p[k].payload[1] >> 7,
				.duration = get16(p[k].payload + 2),
				.event = p[k].payload[0]};
		}
	}
	return n;
}

TEST(a_digit_is_one_time_stamp_a_growing_duration_and_three_ends)
{
	struct dtmf_tx t = {.clock_hz = 8000};
	struct sent s[32];
	size_t n;

	CHECK_OK(dtmf_queue_add(&t.queue, "5", 90, 60));
	n = send_all(&t, 1000, 160, 20, s, 32);
	CHECK_EQ(n, 7);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(s[i].event, 5);
		CHECK_EQ(s[i].ts, 1000);
		CHECK_EQ(s[i].at, 1000 + i * 160);
		CHECK_EQ(s[i].marker, i == 0);
		CHECK_EQ(s[i].end, i >= 4);
		CHECK_EQ(s[i].duration, i < 4 ? (i + 1) * 160 : 720);
	}
	CHECK(t.finished);
	CHECK_EQ(t.state, DTMF_IDLE);
}

TEST(a_digit_shorter_than_a_packet_is_marked_once)
{
	struct dtmf_tx t = {.clock_hz = 8000};
	struct sent s[8];

	CHECK_OK(dtmf_queue_add(&t.queue, "5", 40, 60));
	CHECK_EQ(send_all(&t, 1000, 480, 4, s, 8), 3);
	for (size_t i = 0; i < 3; i++) {
		CHECK(s[i].end);
		CHECK_EQ(s[i].marker, i == 0);
		CHECK_EQ(s[i].duration, 320);
	}
}

TEST(digits_keep_their_pause)
{
	struct dtmf_tx t = {.clock_hz = 8000};
	struct sent s[64];
	size_t n;

	CHECK_OK(dtmf_queue_add(&t.queue, "1#", 40, 100));
	n = send_all(&t, 0, 160, 20, s, 64);
	CHECK_EQ(n, 8);
	CHECK_EQ(s[3].ts, 0);
	CHECK_EQ(s[4].event, 11);
	CHECK_EQ(s[4].ts, 1120); /* 40 + 100 ms, not earlier */
	CHECK(s[4].marker);
}

/* RFC 4733 2.5.1.3: 9 s at 16 kHz is 144,000 units, two full segments and a rest. */
TEST(a_long_event_is_cut_into_segments)
{
	struct dtmf_tx t = {.clock_hz = 16000};
	struct sent s[700];
	uint32_t total = 0, last_segment = 0;
	size_t n, full = 0, ends = 0;

	t.queue.items[0] = (struct dtmf_item){.event = 3, .duration_ms = 9000, .pause_ms = 30};
	atomic_store(&t.queue.head, 1);
	n = send_all(&t, 5000, 320, 460, s, 700);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(s[i].marker, i == 0); /* M only at the beginning of the event */
		CHECK_EQ((s[i].ts - 5000) % 0xffff, 0);
		if (s[i].duration == 0xffff) {
			CHECK(!s[i].end);
			full++;
		}
		if (s[i].end) {
			ends++;
			total = s[i].ts - 5000 + s[i].duration;
		}
		last_segment = s[i].ts;
	}
	CHECK_EQ(full, 6); /* the last of each segment three times */
	CHECK_EQ(ends, 3);
	CHECK_EQ(total, 144000);
	CHECK_EQ(last_segment, 5000 + 2 * 0xffff);
}

TEST(the_queue_takes_all_or_nothing)
{
	struct dtmf_tx t = {.clock_hz = 8000};

	CHECK_EQ(dtmf_queue_add(&t.queue, "12x", 0, 0), OH_EDIGIT);
	CHECK_EQ(dtmf_queue_add(&t.queue, "1", 39, 0), OH_EINVAL);
	CHECK_EQ(dtmf_queue_add(&t.queue, "1", 8001, 0), OH_EINVAL);
	CHECK_EQ(dtmf_queue_add(&t.queue, "1", 0, 29), OH_EINVAL);
	CHECK_EQ(atomic_load(&t.queue.head), 0);
	CHECK_OK(dtmf_queue_add(&t.queue, "0123456789ABCDabcd*#R", 0, 0));
	CHECK_EQ(dtmf_queue_add(&t.queue, "012345678901", 0, 0), OH_ETOOMANY);
	CHECK_OK(dtmf_queue_add(&t.queue, "01234567890", 0, 0));
	CHECK_EQ(dtmf_queue_add(&t.queue, "1", 0, 0), OH_ETOOMANY);
}

TEST(every_digit_has_its_event)
{
	static const char all[] = "0123456789*#ABCDR";

	for (int i = 0; all[i]; i++) {
		CHECK_EQ(dtmf_event_of(all[i]), i);
		CHECK_EQ(dtmf_digit_of((unsigned)i), all[i]);
	}
	CHECK_EQ(dtmf_event_of('\0'), -1);
	CHECK_EQ(dtmf_event_of('E'), -1);
	CHECK_EQ(dtmf_digit_of(17), 0);
}

/* ---- in ---- */

struct ear {
	struct dtmf_rx rx;
	char digits[256];
	uint32_t duration_ms[256];
	size_t n;
};

static void on_digit(void *arg, char digit, uint32_t duration_ms, uint64_t at_ns)
{
	struct ear *e = arg;

	(void)at_ns;
	CHECK(e->n < 255);
	e->duration_ms[e->n] = duration_ms;
	e->digits[e->n++] = digit;
	e->digits[e->n] = 0;
}

static void hear(
	struct ear *e, uint32_t ts, bool marker, uint8_t event, bool end, uint16_t duration, uint64_t ms)
{
	uint8_t p[4] = {event, (uint8_t)((end ? 0x80 : 0) | 10)};

	put16(p + 2, duration);
	CHECK(dtmf_rx_packet(&e->rx, ts, marker, p, 4, ms * NS_MS));
}

/*
 * Stories of packets: what is heard of each. A row: time stamp, mark, event, end, duration, at ms. event 255:
 * time passes to that moment.
 */
struct heard {
	uint32_t ts;
	bool marker;
	uint8_t event;
	bool end;
	uint16_t duration;
	uint32_t at_ms;
};

struct story {
	const char *name, *digits;
	struct heard rows[12];
};

static const struct story stories[] = {
	{"plain", "1",
		{{800, true, 1, false, 160, 10}, {800, false, 1, false, 320, 30},
			{800, false, 1, true, 480, 50}, {800, false, 1, true, 480, 70},
			{800, false, 1, true, 480, 90}}},
	{"only an end packet", "2", {{800, false, 2, true, 480, 70}}},
	{"only the first packet", "3", {{800, true, 3, false, 160, 10}}},
	{"no end packet, the next key ends it", "45",
		{{800, true, 4, false, 160, 10}, {2400, true, 5, false, 160, 130},
			{2400, false, 5, true, 320, 150}}},
	{"the same key twice, no end and no mark", "66",
		{{800, false, 6, false, 160, 10}, {2400, false, 6, false, 160, 130}}},
	{"an end packet after the time-out", "7",
		{{800, true, 7, false, 160, 10}, {0, false, 255, false, 0, 500},
			{800, false, 7, true, 480, 600}}},
	{"a gap in the middle", "8",
		{{800, true, 8, false, 160, 10}, {0, false, 255, false, 0, 300},
			{800, false, 8, false, 2400, 310}, {800, false, 8, true, 2560, 330}}},
	{"ends of the first overtaken by the second", "90",
		{{800, true, 9, false, 160, 10}, {2400, true, 0, false, 160, 40},
			{800, false, 9, true, 480, 45}, {800, false, 9, true, 480, 50},
			{2400, false, 0, true, 320, 60}}},
	{"the first wholly overtaken", "AB",
		{{2400, true, 13, false, 160, 10}, {800, true, 12, true, 480, 15},
			{2400, false, 13, true, 320, 30}}},
	{"everything doubled", "C",
		{{800, true, 14, false, 160, 10}, {800, true, 14, false, 160, 11},
			{800, false, 14, true, 320, 30}, {800, false, 14, true, 320, 31},
			{800, true, 14, false, 160, 90}}},
	{"zero duration and no digit", "",
		{{800, true, 1, false, 0, 10}, {800, true, 36, true, 160, 10},
			{800, false, 254, true, 160, 20}}},
	{"flash", "R", {{800, true, 16, true, 160, 10}}},
	{"a long one in segments, its seam lost", "D",
		{{800, true, 15, false, 64000, 10}, {800 + 0xffff, false, 15, false, 500, 60},
			{800, false, 15, false, 0xffff, 70}, {800 + 0xffff, false, 15, true, 900, 80}}},
	{"eight segments lost", "1",
		{{800, true, 1, false, 500, 10}, {800 + 8u * 0xffff, false, 1, true, 500, 60}}},
	{"nine lost: another event", "11",
		{{800, true, 1, false, 500, 10}, {800 + 9u * 0xffff, false, 1, true, 500, 60}}},
	{"a long one that was taken for ended", "*",
		{{800, true, 10, false, 64000, 10}, {0, false, 255, false, 0, 300},
			{800 + 0xffff, false, 10, false, 500, 310},
			{800 + 0xffff, false, 10, true, 900, 330}}},
};

TEST(each_digit_is_reported_once)
{
	for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
		struct ear e = {0};

		dtmf_rx_init(&e.rx, 8000, on_digit, &e);
		for (const struct heard *h = stories[i].rows; h->at_ms; h++) {
			dtmf_rx_tick(&e.rx, h->at_ms * NS_MS);
			if (h->event != 255)
				hear(&e, h->ts, h->marker, h->event, h->end, h->duration, h->at_ms);
		}
		dtmf_rx_tick(&e.rx, 2000 * NS_MS);
		dtmf_rx_tick(&e.rx, 4000 * NS_MS);
		if (strcmp(e.digits, stories[i].digits) != 0)
			fail_msg("%s: heard \"%s\"", stories[i].name, e.digits);
	}
}

TEST(a_segmented_event_has_its_whole_duration)
{
	struct ear e = {0};

	dtmf_rx_init(&e.rx, 8000, on_digit, &e);
	hear(&e, 800, true, 1, false, 0xffff, 10);
	hear(&e, 800 + 0xffff, false, 1, false, 100, 20);
	hear(&e, 800 + 2u * 0xffff, false, 1, true, 8000, 40);
	CHECK_EQ(e.n, 1);
	CHECK_EQ(e.duration_ms[0], (2 * 0xffff + 8000) / 8);
}

TEST(several_events_in_one_packet)
{
	static const uint8_t packed[] = {1, 0x8a, 0, 160, 2, 0x8a, 0, 160, 3, 0x0a, 0, 80};
	struct ear e = {0};

	dtmf_rx_init(&e.rx, 8000, on_digit, &e);
	CHECK(dtmf_rx_packet(&e.rx, 800, true, packed, sizeof(packed), NS_MS));
	CHECK(!dtmf_rx_packet(&e.rx, 800, true, packed, 3, NS_MS));
	CHECK_STR(e.digits, "12");
	hear(&e, 1120, false, 3, true, 240, 2);
	CHECK_STR(e.digits, "123");
}

/* A packet has room for hundreds of events, and a tick for hundreds of packets. */
TEST(a_flood_of_events_is_no_flood_of_digits)
{
	uint8_t packed[200 * DTMF_BYTES];
	struct ear e = {0};
	uint64_t ms = 1;

	for (size_t i = 0; i < 200; i++)
		memcpy(packed + i * DTMF_BYTES, (uint8_t[]){(uint8_t)(i % 10), 0x8a, 0, 160}, DTMF_BYTES);
	dtmf_rx_init(&e.rx, 8000, on_digit, &e);
	CHECK(dtmf_rx_packet(&e.rx, 0, true, packed, sizeof(packed), ms * NS_MS));
	CHECK_EQ(e.n, DTMF_BURST);
	CHECK_EQ(e.digits[DTMF_BURST - 1], '0' + (DTMF_BURST - 1) % 10);
	/* From then on as fast as anybody can press keys. */
	for (uint32_t i = 0; i < 10; i++) {
		ms += DTMF_EACH_MS;
		hear(&e, 1000000 + i * 1600, true, 11, true, 160, ms);
		hear(&e, 1000000 + i * 1600 + 800, true, 1, true, 160, ms);
	}
	CHECK_EQ(e.n, DTMF_BURST + 10);
	CHECK_STR(e.digits + DTMF_BURST, "##########");
	/* What waited in a stalled network comes at once, and is told after a pause. */
	ms += 2 * DTMF_BURST * DTMF_EACH_MS;
	for (uint32_t i = 0; i < DTMF_BURST; i++)
		hear(&e, 2000000 + i * 1600, true, 2, true, 160, ms);
	CHECK_EQ(e.n, 2 * DTMF_BURST + 10);
}

TEST(a_new_source_may_use_old_time_stamps)
{
	struct ear e = {0};

	dtmf_rx_init(&e.rx, 8000, on_digit, &e);
	hear(&e, 800, true, 1, true, 160, 10);
	hear(&e, 1600, true, 2, false, 160, 20);
	dtmf_rx_restart(&e.rx);
	hear(&e, 800, true, 1, true, 160, 30);
	CHECK_STR(e.digits, "121");
}

static uint32_t draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

struct flight {
	uint32_t at_ms;
	struct sent p;
};

static int by_time(const void *a, const void *b)
{
	const struct flight *x = a, *y = b;

	return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

/* Sender against receiver: a third of the packets lost, a third doubled, some overtaken by up to 70 ms. As
 * long as one packet of a digit arrives, the digit does, once and in order. */
TEST(random_wires_lose_and_double_no_digit)
{
	static const char digits[] = "1123581321345589144*#0017";

	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct dtmf_tx t = {.clock_hz = 8000};
		struct sent sent[400];
		struct flight air[800];
		char want[64] = "";
		struct ear e = {0};
		uint32_t rng = seed, start = rng * 77777, ts = 0;
		size_t n, in_air = 0, wanted = 0;
		bool arrives = false;

		CHECK_OK(dtmf_queue_add(&t.queue, digits, 80 + seed % 100, 80));
		n = send_all(&t, start, 160, 500, sent, 400);
		for (size_t i = 0; i < n; i++) {
			uint32_t at = 1000 + (sent[i].at - start) / 8 + 5;

			if (i == 0 || sent[i].ts != ts)
				arrives = false;
			ts = sent[i].ts;
			if (draw(&rng) % 3 == 0)
				continue;
			if (!arrives)
				want[wanted++] = dtmf_digit_of(sent[i].event);
			arrives = true;
			if (draw(&rng) % 5 == 0)
				at += draw(&rng) % 70;
			air[in_air++] = (struct flight){at, sent[i]};
			if (draw(&rng) % 3 == 0)
				air[in_air++] = (struct flight){at + draw(&rng) % 200, sent[i]};
		}
		qsort(air, in_air, sizeof(*air), by_time);
		dtmf_rx_init(&e.rx, 8000, on_digit, &e);
		for (size_t i = 0; i < in_air; i++) {
			dtmf_rx_tick(&e.rx, air[i].at_ms * NS_MS);
			hear(&e, air[i].p.ts, air[i].p.marker, air[i].p.event, air[i].p.end,
				air[i].p.duration, air[i].at_ms);
		}
		dtmf_rx_tick(&e.rx, 60000 * NS_MS);
		if (strcmp(e.digits, want) != 0)
			fail_msg("seed %u: \"%s\" became \"%s\"", seed, want, e.digits);
	}
}

/* ---- as sound ---- */

enum { SOUND_N = 8000 };

static double strength(const int16_t *pcm, size_t n, double hz)
{
	double re = 0, im = 0;

	for (size_t i = 0; i < n; i++) {
		re += pcm[i] * cos(2 * M_PI * hz * (double)i / 8000);
		im += pcm[i] * sin(2 * M_PI * hz * (double)i / 8000);
	}
	return 20 * log10(hypot(re, im) * 2 / (double)n / 32767) + 3.14;
}

/* What leaves in a second in place of a program that says 111. */
static void say(struct dtmf_sound *t, struct dtmf_queue *q, int16_t *ret_pcm)
{
	int16_t theirs[160], ours[160];

	for (size_t i = 0; i < 160; i++)
		theirs[i] = 111;
	for (size_t at = 0; at < SOUND_N; at += 160)
		memcpy(ret_pcm + at, dtmf_sound_step(t, q, 8000, theirs, ours, 160), sizeof(ours));
}

TEST(digits_as_sound_stand_in_the_place_of_the_audio_and_end_with_their_pause)
{
	static int16_t pcm[SOUND_N];
	struct dtmf_queue q = {.head = 0};
	struct dtmf_sound t = {.at = 0};

	/* 'R' is passed over: it has no sound. */
	CHECK_OK(dtmf_queue_add(&q, "5R#", 103, 57));
	say(&t, &q, pcm);
	CHECK(fabs(strength(pcm + 80, 640, 770) - DTMF_LOW_DBM0) < 0.2);
	CHECK(fabs(strength(pcm + 80, 640, 1336) - DTMF_HIGH_DBM0) < 0.2);
	for (size_t i = 103 * 8; i < 160 * 8; i++)
		CHECK_EQ(pcm[i], 0);
	CHECK(fabs(strength(pcm + 1280 + 80, 640, 941) - DTMF_LOW_DBM0) < 0.2);
	CHECK(fabs(strength(pcm + 1280 + 80, 640, 1477) - DTMF_HIGH_DBM0) < 0.2);
	CHECK_EQ(pcm[320 * 8 - 1], 0);
	for (size_t i = 320 * 8; i < SOUND_N; i++)
		CHECK_EQ(pcm[i], 111);
	CHECK(t.finished);
	CHECK_EQ(t.state, DTMF_SOUND_IDLE);
}

TEST(a_digit_as_sound_may_be_given_up)
{
	static int16_t pcm[SOUND_N];
	struct dtmf_queue q = {.head = 0};
	struct dtmf_sound t = {.at = 0};
	int16_t none[160] = {0}, out[160];

	CHECK_OK(dtmf_queue_add(&q, "12", 500, 40));
	CHECK(dtmf_sound_step(&t, &q, 8000, none, out, 160) == out);
	dtmf_sound_stop(&t, &q);
	dtmf_sound_stop(&t, &q);
	CHECK(!t.finished);
	/* What is queued waits. */
	say(&t, &q, pcm);
	CHECK(fabs(strength(pcm + 80, 640, 1336) - DTMF_HIGH_DBM0) < 0.2);
	CHECK(t.finished);
}

TESTS(RUN(a_digit_is_one_time_stamp_a_growing_duration_and_three_ends),
	RUN(a_digit_shorter_than_a_packet_is_marked_once), RUN(digits_keep_their_pause),
	RUN(a_long_event_is_cut_into_segments), RUN(the_queue_takes_all_or_nothing),
	RUN(every_digit_has_its_event), RUN(each_digit_is_reported_once),
	RUN(a_segmented_event_has_its_whole_duration), RUN(several_events_in_one_packet),
	RUN(a_flood_of_events_is_no_flood_of_digits), RUN(a_new_source_may_use_old_time_stamps),
	RUN(random_wires_lose_and_double_no_digit),
	RUN(digits_as_sound_stand_in_the_place_of_the_audio_and_end_with_their_pause),
	RUN(a_digit_as_sound_may_be_given_up))
