/* The jitter buffer under seeded traces: whatever the wire does, every packet is accounted for at every
 * moment, what is played is played once and in order, and the damage stays near what the wire did. */
#include "check.h"

#include "base/mem.h"
#include "codec/codec.h"
#include "offhook/error.h"
#include "rtp/jbuf_impl.h"

#include <math.h>

#define NS_MS 1000000ull

struct trace {
	const char *name;
	uint32_t tick_ms, ptime_ms, target_ms;
	double loss, duplicate, jitter_ms, reorder, reorder_ms;
	double burst; /* chance that a loss goes on */
	double spike; /* chance of a packet that holds all behind it up for spike_ms */
	double spike_ms;
	double drift;              /* sender's clock against ours, ppm */
	double step_at_s, step_ms; /* from then on the way is longer */
	bool overtake;
	/* What must hold at the end, as shares of the packets that arrived or the ticks. */
	double least_played, most_concealed;
	uint32_t most_depth_ms;
};

static const struct trace traces[] = {
	{.name = "clean", .tick_ms = 20, .ptime_ms = 20, .least_played = 1, .most_depth_ms = 40},
	{.name = "clean, 10 in 20", .tick_ms = 20, .ptime_ms = 10, .least_played = 1, .most_depth_ms = 40},
	{.name = "clean, 60 in 20", .tick_ms = 20, .ptime_ms = 60, .least_played = 1, .most_depth_ms = 100},
	{.name = "clean, 20 in 10", .tick_ms = 10, .ptime_ms = 20, .least_played = 1, .most_depth_ms = 40},
	{.name = "loss 10 %",
		.tick_ms = 20,
		.ptime_ms = 20,
		.loss = .1,
		.least_played = 1,
		.most_concealed = .12,
		.most_depth_ms = 40},
	{.name = "bursts",
		.tick_ms = 20,
		.ptime_ms = 20,
		.loss = .02,
		.burst = .8,
		.least_played = .999,
		.most_concealed = .15,
		.most_depth_ms = 40},
	{.name = "duplicates",
		.tick_ms = 20,
		.ptime_ms = 20,
		.duplicate = .3,
		.least_played = .7,
		.most_depth_ms = 40},
	{.name = "ordered jitter 15 ms",
		.tick_ms = 20,
		.ptime_ms = 20,
		.jitter_ms = 15,
		.least_played = .99,
		.most_concealed = .01,
		.most_depth_ms = 80},
	{.name = "ordered jitter 35 ms",
		.tick_ms = 20,
		.ptime_ms = 20,
		.jitter_ms = 35,
		.least_played = .98,
		.most_concealed = .02,
		.most_depth_ms = 120},
	{.name = "reordering, prepared",
		.tick_ms = 20,
		.ptime_ms = 20,
		.target_ms = 60,
		.reorder = .1,
		.reorder_ms = 45,
		.overtake = true,
		.least_played = 1,
		.most_depth_ms = 120},
	{.name = "reordering, unprepared",
		.tick_ms = 20,
		.ptime_ms = 20,
		.reorder = .1,
		.reorder_ms = 45,
		.overtake = true,
		.least_played = .85,
		.most_concealed = .13,
		.most_depth_ms = 80},
	{.name = "spikes",
		.tick_ms = 20,
		.ptime_ms = 20,
		.spike = .004,
		.spike_ms = 150,
		.least_played = .96,
		.most_concealed = .06,
		.most_depth_ms = 240},
	{.name = "sender fast",
		.tick_ms = 20,
		.ptime_ms = 20,
		.drift = 300,
		.least_played = .999,
		.most_depth_ms = 80},
	{.name = "sender much too fast",
		.tick_ms = 20,
		.ptime_ms = 20,
		.drift = 3000,
		.least_played = .99,
		.most_depth_ms = 80},
	{.name = "sender slow",
		.tick_ms = 20,
		.ptime_ms = 20,
		.drift = -300,
		.least_played = .999,
		.most_concealed = .01,
		.most_depth_ms = 80},
	{.name = "a longer way",
		.tick_ms = 20,
		.ptime_ms = 20,
		.step_at_s = 20,
		.step_ms = 130,
		.least_played = .99,
		.most_concealed = .01,
		.most_depth_ms = 80},
	{.name = "everything",
		.tick_ms = 20,
		.ptime_ms = 20,
		.loss = .05,
		.burst = .5,
		.duplicate = .1,
		.jitter_ms = 40,
		.reorder = .05,
		.reorder_ms = 60,
		.overtake = true,
		.spike = .002,
		.spike_ms = 300,
		.drift = 100,
		.least_played = .6,
		.most_concealed = .5,
		.most_depth_ms = 400},
};

/* A small generator: the same trace for the same seed on every machine. */
static double draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state / 4294967296.0;
}

static long decode(void *arg, uint8_t codec, const uint8_t *data, size_t n, int16_t *pcm, size_t cap)
{
	(void)arg;
	(void)codec;
	return codec_list()[0]->decode(NULL, data, n, pcm, cap);
}

struct rig {
	struct jbuf j;
	int16_t spill[960];
};

static void rig_open(struct rig *r, uint32_t tick_ms, uint32_t target_ms)
{
	struct jbuf_decoder dec = {
		.decode = decode, .clock_hz = 8000, .rate_hz = 8000, .spill = r->spill, .spill_cap = 960};
	const struct jbuf_cfg cfg = {.tick_ms = tick_ms, .min_ms = target_ms, .max_ms = target_ms};

	CHECK_OK(jbuf_init(&r->j, &cfg));
	jbuf_bind(&r->j, &dec);
}

static void check_law(const struct jbuf *j)
{
	const struct jbuf_stats *s = &j->stats;

	CHECK_EQ(s->put, s->played + s->late + s->duplicate + s->full + s->invalid + s->early + s->buffered);
}

/* Packet k carries the code 1 + k % 100 in all its samples, so that what is heard tells which
 * packet it was. */
static void put(struct jbuf *j, uint32_t k, uint32_t ms, uint64_t at_ns)
{
	uint8_t data[480];

	memset(data, (int)(1 + k % 100), sizeof(data));
	jbuf_put(j, &(struct jbuf_packet){.data = data,
			    .n = ms * 8,
			    .ts = 0xfffff000u + k * ms * 8,
			    .span = ms * 8,
			    .at_ns = at_ns});
	check_law(j);
}

struct arrival {
	uint64_t at_ns;
	uint32_t k;
};

static int by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns ? 1 : x->k < y->k ? -1 : x->k > y->k;
}

#define SECONDS 60u

static size_t make_trace(const struct trace *t, uint32_t seed, struct arrival *out)
{
	uint32_t rng = seed * 2654435761u + 1, packets = SECONDS * 1000 / t->ptime_ms;
	double held_until = 0, last = 0;
	bool losing = false;
	size_t n = 0;

	for (uint32_t k = 0; k < packets; k++) {
		double sent = 1000 + k * t->ptime_ms * (1 - t->drift / 1e6),
		       at = sent + 5.25 + t->jitter_ms * draw(&rng);

		losing = draw(&rng) < (losing ? t->burst : t->loss);
		if (draw(&rng) < t->spike)
			held_until = at + t->spike_ms;
		if (t->step_ms > 0 && sent > t->step_at_s * 1000)
			at += t->step_ms;
		if (at < held_until)
			at = held_until;
		if (draw(&rng) < t->reorder)
			at += t->reorder_ms;
		else if (!t->overtake && at < last)
			at = last;
		if (!t->overtake)
			last = at;
		if (losing)
			continue;
		out[n++] = (struct arrival){(uint64_t)(at * 1e6), k};
		if (draw(&rng) < t->duplicate)
			out[n++] = (struct arrival){(uint64_t)((at + 1) * 1e6), k};
	}
	qsort(out, n, sizeof(*out), by_time);
	return n;
}

static void run_trace(const struct trace *t, uint32_t seed)
{
	static struct arrival arrivals[SECONDS * 100 * 2];
	size_t n = make_trace(t, seed, arrivals), at = 0, sounding = 0, ticks = 0;
	int16_t pcm[160];
	struct rig r;
	const struct jbuf_stats *s = &r.j.stats;

	rig_open(&r, t->tick_ms, t->target_ms);
	for (uint64_t now = 990 * NS_MS; now < (1000 + SECONDS * 1000 + 2000) * NS_MS;
		now += t->tick_ms * NS_MS) {
		for (; at < n && arrivals[at].at_ns <= now; at++)
			put(&r.j, arrivals[at].k, t->ptime_ms, arrivals[at].at_ns);
		sounding += jbuf_get(&r.j, now, pcm, t->tick_ms * 8);
		check_law(&r.j);
		if (jbuf_depth_ms(&r.j) > t->most_depth_ms)
			fail_msg("%s: %u ms deep", t->name, jbuf_depth_ms(&r.j));
		ticks += now < (1000 + SECONDS * 1000) * NS_MS;
	}
	CHECK_EQ(at, n);
	CHECK_EQ(s->put, n);
	CHECK_EQ(s->buffered, 0);
	CHECK(sounding > 0);
	/* The second after the end of the trace is concealed until the line ends. */
	if ((double)s->played < t->least_played * (double)n ||
		(double)s->concealed - 1100.0 / t->tick_ms > t->most_concealed * (double)ticks)
		fail_msg(
			"%s, seed %u: %zu arrived, played %llu late %llu duplicate %llu full %llu early %llu "
			"concealed %llu of %zu, stretched %llu cut %llu",
			t->name, seed, n, (unsigned long long)s->played, (unsigned long long)s->late,
			(unsigned long long)s->duplicate, (unsigned long long)s->full,
			(unsigned long long)s->early, (unsigned long long)s->concealed, ticks,
			(unsigned long long)s->stretched, (unsigned long long)s->cut);
	jbuf_free(&r.j);
}

TEST(every_trace_keeps_the_law_and_its_damage_small)
{
	for (size_t i = 0; i < ARRAY_LEN(traces); i++)
		for (uint32_t seed = 1; seed <= 10; seed++)
			run_trace(&traces[i], seed);
}

/* Which packet is heard at the start of each tick. */
static uint32_t heard(struct rig *r, uint64_t now_ns)
{
	int16_t pcm[160];

	if (!jbuf_get(&r->j, now_ns, pcm, 160))
		return 0;
	check_law(&r->j);
	for (uint32_t k = 1; k <= 100; k++)
		if (pcm[80] == g711_ulaw_decode((uint8_t)k))
			return k;
	return 0;
}

TEST(overtaken_packets_play_in_order_when_there_is_time)
{
	static const uint32_t order[] = {1, 0, 2, 4, 3};
	struct rig r;

	rig_open(&r, 20, 60);
	for (uint32_t i = 0; i < ARRAY_LEN(order); i++)
		put(&r.j, order[i], 20, (100 + i) * NS_MS);
	CHECK_EQ(heard(&r, 110 * NS_MS), 0);
	for (uint32_t k = 0; k < 5; k++)
		CHECK_EQ(heard(&r, (170 + 20 * k) * NS_MS), k + 1);
	CHECK_EQ(r.j.stats.played, 5);
	jbuf_free(&r.j);
}

TEST(a_packet_late_by_a_hair_is_waited_for_once)
{
	struct rig r;
	uint64_t now = 110 * NS_MS;
	uint32_t k = 0;

	rig_open(&r, 20, 0);
	for (; k < 10; k++, now += 20 * NS_MS) {
		put(&r.j, k, 20, now - 3 * NS_MS);
		CHECK_EQ(heard(&r, now), k + 1);
	}
	/* From here on packets come 2 ms after the tick that wanted them. */
	heard(&r, now);
	for (; k < 20; k++) {
		put(&r.j, k, 20, now + 2 * NS_MS);
		now += 20 * NS_MS;
		CHECK_EQ(heard(&r, now), k + 1);
	}
	CHECK_EQ(r.j.stats.concealed, 1);
	CHECK_EQ(r.j.stats.stretched, 1);
	CHECK_EQ(r.j.stats.played, 20);
	jbuf_free(&r.j);
}

TEST(a_full_store_throws_the_oldest_out)
{
	struct rig r;

	rig_open(&r, 20, 60);
	/* 60 ms packets take three cells: 22 of them do not fit. */
	for (uint32_t k = 0; k < 16; k++)
		put(&r.j, k, 60, 100 * NS_MS);
	CHECK_EQ(r.j.stats.buffered, 16);
	jbuf_restart(&r.j);
	check_law(&r.j);
	CHECK_EQ(r.j.stats.late, 16);
	for (uint32_t k = 0; k < 49; k++)
		put(&r.j, k, 10, 100 * NS_MS);
	for (uint32_t k = 0; k < 80; k++)
		put(&r.j, k + 49, 10, 100 * NS_MS);
	CHECK_EQ(r.j.stats.buffered, JBUF_CELLS);
	CHECK(r.j.stats.full > 0);
	heard(&r, 300 * NS_MS);
	CHECK(jbuf_depth_ms(&r.j) <= 100); /* and it begins near the end of the burst */
	jbuf_free(&r.j);
}

TEST(a_time_stamp_from_nowhere_disturbs_nothing_two_begin_anew)
{
	struct rig r;
	uint64_t now = 110 * NS_MS;
	uint8_t data[160];

	memset(data, 77, sizeof(data));
	rig_open(&r, 20, 0);
	for (uint32_t k = 0; k < 5; k++, now += 20 * NS_MS) {
		put(&r.j, k, 20, now - 5 * NS_MS);
		if (k == 2)
			jbuf_put(&r.j,
				&(struct jbuf_packet){
					.data = data, .n = 160, .ts = 0x5000000, .span = 160, .at_ns = now});
		CHECK_EQ(heard(&r, now), k + 1);
	}
	CHECK_EQ(r.j.stats.early, 1);
	for (uint32_t k = 0; k < 2; k++)
		jbuf_put(&r.j, &(struct jbuf_packet){.data = data,
				       .n = 160,
				       .ts = 0x5000000 + k * 160,
				       .span = 160,
				       .at_ns = now - 5 * NS_MS});
	CHECK_EQ(heard(&r, now), 77);
	check_law(&r.j);
	jbuf_free(&r.j);
}

TEST(what_no_packet_can_be_is_refused)
{
	struct rig r;
	uint8_t data[CODEC_FRAME_MAX + 1] = {0};

	rig_open(&r, 20, 0);
	jbuf_put(&r.j,
		&(struct jbuf_packet){.data = data, .n = sizeof(data), .ts = 1, .span = 160, .at_ns = 1});
	jbuf_put(&r.j, &(struct jbuf_packet){.data = data, .n = 160, .ts = 1, .span = 0, .at_ns = 1});
	jbuf_put(&r.j, &(struct jbuf_packet){.data = data, .n = 160, .ts = 1, .span = 80000, .at_ns = 1});
	CHECK_EQ(r.j.stats.invalid, 3);
	check_law(&r.j);
	jbuf_free(&r.j);
}

/* A setup with less room takes over in the middle of a packet: what does not fit is missing, and nothing is written behind
 * it. The same when samples go back that were played. */
TEST(a_rest_that_does_not_fit_is_cut)
{
	int16_t room[480], back[160];
	struct jbuf_decoder dec;
	struct rig r;

	for (unsigned with_rest = 0; with_rest < 2; with_rest++) {
		rig_open(&r, 20, 0);
		put(&r.j, 0, 60, NS_MS);
		CHECK(heard(&r, 21 * NS_MS) || heard(&r, 41 * NS_MS));
		CHECK(r.j.spill_n >= 320);
		for (size_t i = 0; i < ARRAY_LEN(room); i++)
			room[i] = 12345;
		dec = r.j.dec;
		dec.spill = room;
		dec.spill_cap = 100;
		jbuf_bind(&r.j, &dec);
		CHECK_EQ(r.j.spill_n, 100);
		CHECK(room[99] == g711_ulaw_decode(1) && room[100] == 12345);
		if (!with_rest)
			r.j.spill_n = 40;
		memset(back, 0, sizeof(back));
		jbuf_unplay(&r.j, back, 70 + 90 * with_rest);
		CHECK_EQ(r.j.spill_n, 100);
		CHECK(room[0] == 0 && room[69] == 0 && room[100] == 12345);
		CHECK_EQ(room[99], with_rest ? 0 : g711_ulaw_decode(1));
		jbuf_free(&r.j);
	}
}

/* The circle of time stamps closes after a day at 48 kHz, and half of it is as far as a difference can tell. */
TEST(a_call_of_days_has_no_jitter_by_its_time_stamps)
{
	struct jitter j;
	uint32_t ts = 77;
	uint64_t at_ns = NS_MS;

	jitter_init(&j, 48000);
	jitter_begin(&j, ts, at_ns);
	for (uint32_t i = 0; i < 500000; i++, ts += 48 * 320, at_ns += 320 * NS_MS) {
		(void)jitter_packet(&j, ts, at_ns);
		CHECK(abs(jitter_newest(&j)) < 10 && abs(jitter_base(&j)) < 10);
	}
}

/* Concealment by itself: a steady voice with one lost packet keeps its level and has no click. */
TEST(concealment_bridges_a_voice)
{
	struct plc p;
	int16_t pcm[160];
	double worst = 0, energy = 0, wanted = 0;
	int last = 0;

	plc_init(&p, 8000);
	for (int frame = 0; frame < 12; frame++) {
		bool lost = frame == 6;

		for (int i = 0; i < 160; i++) {
			double t = (frame * 160 + i) / 8000.0;

			pcm[i] = (int16_t)(6000 * sin(2 * M_PI * 150 * t) + 3000 * sin(2 * M_PI * 450 * t));
			if (lost)
				wanted += (double)pcm[i] * pcm[i];
		}
		if (lost) {
			CHECK(plc_conceal(&p, pcm, 160));
			for (int i = 0; i < 160; i++)
				energy += (double)pcm[i] * pcm[i];
		} else {
			plc_good(&p, pcm, 160);
		}
		for (int i = 0; i < 160; i++) {
			if (frame > 0 && abs(pcm[i] - last) > worst)
				worst = abs(pcm[i] - last);
			last = pcm[i];
		}
	}
	/* The steepest step of the signal itself is 1,770; a period is known to a sample only. */
	CHECK(worst < 2400);
	CHECK(energy > 0.6 * wanted && energy < 1.1 * wanted);
}

static double loudness(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sqrt(sum / (double)n);
}

/* A room as loud as `room`, a voice, and then nothing: what is left after 60 ms. */
static double left_after_loss(int room)
{
	double level[3];
	uint32_t rng = 5;
	int16_t pcm[160];
	struct plc p;

	plc_init(&p, 8000);
	for (int frame = 0; frame < 5; frame++) {
		for (int i = 0; i < 160; i++)
			pcm[i] = (int16_t)(frame < 2
						   ? (draw(&rng) - .5) * 2 * room
						   : 8000 * sin(2 * M_PI * 125 * (frame * 160 + i) / 8000.0));
		plc_good(&p, pcm, 160);
	}
	for (int i = 0; i < 3; i++) {
		CHECK(plc_conceal(&p, pcm, 160));
		level[i] = loudness(pcm, 160);
	}
	CHECK(level[0] > 5000 && level[1] < 0.75 * level[0] && level[2] < 0.4 * level[1] && level[2] > 0);
	CHECK_EQ(plc_conceal(&p, pcm, 160), room > 0);
	return loudness(pcm, 160);
}

TEST(a_long_loss_fades_into_the_noise_of_the_room)
{
	double quiet = left_after_loss(20), loud = left_after_loss(1000);

	CHECK(left_after_loss(0) == 0);
	CHECK(quiet > 5 && quiet < 20);
	/* Evenly spread up to a hundred. */
	CHECK(loud > 54 && loud < 62);
}

/* However often it is lost, and however loud what was heard: -56 dBov of noise is the most that is left. */
TEST(no_loss_after_another_makes_the_room_louder)
{
	uint32_t rng = 5;
	int16_t pcm[160];
	struct plc p;

	plc_init(&p, 8000);
	for (unsigned loss = 0; loss < 20; loss++) {
		for (unsigned frame = 0; frame < 4; frame++) {
			for (int i = 0; i < 160; i++)
				pcm[i] = (int16_t)((draw(&rng) - .5) * 20000);
			plc_good(&p, pcm, 160);
		}
		for (unsigned frame = 0; frame < 4; frame++)
			CHECK(plc_conceal(&p, pcm, 160));
		CHECK(loudness(pcm, 160) < 62);
	}
}

/* A voice that swells: one period ago it was a quarter softer, and the seam must not click. It ends at a crest, where
 * the signal itself hardly moves. */
TEST(a_loss_begins_without_a_click)
{
	double amplitude = 2000;
	int16_t pcm[160];
	struct plc p;
	int last = 0;

	plc_init(&p, 8000);
	for (int i = 0; i < 16 * 64 + 16; i++) {
		pcm[0] = (int16_t)(amplitude * sin(2 * M_PI * i / 64));
		amplitude *= 1.0025;
		last = pcm[0];
		plc_good(&p, pcm, 1);
	}
	CHECK(last > 20000);
	CHECK(plc_conceal(&p, pcm, 160));
	CHECK(abs(pcm[0] - last) < 600);
}

TEST(concealment_survives_every_history)
{
	static const uint32_t rates[] = {8000, 16000, 32000, 48000};

	for (size_t r = 0; r < ARRAY_LEN(rates); r++) {
		uint32_t rng = 7;
		int16_t pcm[960];
		struct plc p;

		plc_init(&p, rates[r]);
		for (int step = 0; step < 2000; step++) {
			size_t n = 1 + (size_t)(draw(&rng) * (rates[r] / 50 - 1));

			for (size_t i = 0; i < n; i++)
				pcm[i] = draw(&rng) < .5 ? 32767 : -32768;
			if (draw(&rng) < .5)
				plc_good(&p, pcm, n);
			else
				plc_conceal(&p, pcm, n);
			if (draw(&rng) < .05)
				plc_cut(&p);
		}
	}
}

/* ---- shelves ---- */

static int take(struct jbuf_shelves *shelves, struct jbuf *j)
{
	return jbuf_init(j, &(struct jbuf_cfg){.shelves = shelves, .tick_ms = 20});
}

TEST(cells_of_all_buffers_on_a_shelf_are_their_own)
{
	static struct jbuf j[JBUF_SHELF_PLACES + 1];
	struct jbuf_shelves shelves;

	jbuf_shelves_init(&shelves);
	for (size_t k = 0; k < ARRAY_LEN(j); k++) {
		CHECK_OK(take(&shelves, &j[k]));
		for (uint16_t i = 0; i < JBUF_CELLS; i++)
			memset(cell(&j[k], i), (int)(k * 7 + i), sizeof(struct jbuf_cell));
	}
	for (size_t k = 0; k < ARRAY_LEN(j); k++) {
		for (uint16_t i = 0; i < JBUF_CELLS; i++) {
			CHECK_EQ(cell(&j[k], i)->data[0], (uint8_t)(k * 7 + i));
			CHECK_EQ(cell(&j[k], i)->data[JBUF_CELL_BYTES - 1], (uint8_t)(k * 7 + i));
		}
		jbuf_free(&j[k]);
	}
	jbuf_shelves_free(&shelves);
}

/* What only a burst reaches is apart from what every call writes to: else it would be there for all of them. */
TEST(the_first_cells_of_all_buffers_lie_together)
{
	static struct jbuf j[JBUF_SHELF_PLACES];
	struct jbuf_shelves shelves;

	jbuf_shelves_init(&shelves);
	for (size_t k = 0; k < ARRAY_LEN(j); k++) {
		CHECK_OK(take(&shelves, &j[k]));
		CHECK_EQ((uintptr_t)cell(&j[k], 0) % 64, 0);
		CHECK(cell(&j[k], JBUF_ROW - 1) < cell(&j[0], 0) + JBUF_ROW * JBUF_SHELF_PLACES);
		CHECK(cell(&j[k], JBUF_ROW) >= cell(&j[0], 0) + JBUF_ROW * JBUF_SHELF_PLACES);
	}
	for (size_t k = 0; k < ARRAY_LEN(j); k++)
		jbuf_free(&j[k]);
	jbuf_shelves_free(&shelves);
}

TEST(a_shelf_goes_when_it_is_empty_but_for_the_last)
{
	static struct jbuf j[2 * JBUF_SHELF_PLACES + 1];
	size_t before = mem_live();
	struct jbuf_shelves shelves;
	struct jbuf_cell *place;

	jbuf_shelves_init(&shelves);
	for (size_t k = 0; k < ARRAY_LEN(j); k++)
		CHECK_OK(take(&shelves, &j[k]));
	CHECK_EQ(mem_live(), before + 3);
	/* One call comes and goes beside full shelves: nothing is allocated for it. */
	jbuf_free(&j[2 * JBUF_SHELF_PLACES]);
	CHECK_EQ(mem_live(), before + 3);
	mem_fail_at(1);
	CHECK_OK(take(&shelves, &j[2 * JBUF_SHELF_PLACES]));
	mem_fail_at(0);
	/* A place in the middle is the next one's. */
	place = cell(&j[3], 0);
	jbuf_free(&j[3]);
	CHECK_OK(take(&shelves, &j[3]));
	CHECK(cell(&j[3], 0) == place);
	/* The first that are empty are not needed while others have room. */
	for (size_t k = 0; k < 2 * JBUF_SHELF_PLACES; k++)
		jbuf_free(&j[k]);
	CHECK_EQ(mem_live(), before + 1);
	jbuf_free(&j[2 * JBUF_SHELF_PLACES]);
	CHECK_EQ(mem_live(), before + 1);
	jbuf_shelves_free(&shelves);
	CHECK_EQ(mem_live(), before);
}

static int take_and_give(void *arg)
{
	static struct jbuf j[JBUF_SHELF_PLACES + 1];
	struct jbuf_shelves shelves;
	size_t n = 0;
	int err = 0;

	(void)arg;
	jbuf_shelves_init(&shelves);
	while (n < ARRAY_LEN(j) && !err) {
		err = take(&shelves, &j[n]);
		n += !err;
	}
	for (size_t k = 0; k < n; k++)
		jbuf_free(&j[k]);
	jbuf_shelves_free(&shelves);
	CHECK(!err || err == OH_ENOMEM);
	return err;
}

TEST(a_buffer_without_a_shelf_is_an_error)
{
	check_every_allocation_fails(take_and_give, NULL);
}

TESTS(RUN(every_trace_keeps_the_law_and_its_damage_small),
	RUN(overtaken_packets_play_in_order_when_there_is_time),
	RUN(a_packet_late_by_a_hair_is_waited_for_once), RUN(a_full_store_throws_the_oldest_out),
	RUN(a_time_stamp_from_nowhere_disturbs_nothing_two_begin_anew), RUN(what_no_packet_can_be_is_refused),
	RUN(concealment_bridges_a_voice), RUN(a_long_loss_fades_into_the_noise_of_the_room),
	RUN(a_loss_begins_without_a_click), RUN(concealment_survives_every_history),
	RUN(a_rest_that_does_not_fit_is_cut), RUN(a_call_of_days_has_no_jitter_by_its_time_stamps),
	RUN(no_loss_after_another_makes_the_room_louder), RUN(cells_of_all_buffers_on_a_shelf_are_their_own),
	RUN(the_first_cells_of_all_buffers_lie_together), RUN(a_shelf_goes_when_it_is_empty_but_for_the_last),
	RUN(a_buffer_without_a_shelf_is_an_error))
