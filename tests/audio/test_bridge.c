#include "audio/rig.h"
#include "check.h"

#include "audio/ports.h"
#include "base/err.h"

#include <math.h>

static void says_noise(struct mem_port *m, uint64_t *seed, int amplitude)
{
	for (size_t i = 0; i < RIG_FRAME_MAX; i++)
		m->says[i] = (int16_t)((int)(rig_random(seed) % (2u * (unsigned)amplitude + 1)) - amplitude);
}

TEST(one_source_to_one_sink_is_bit_exact)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *a = rig_add(b, 16000, NULL), *c = rig_add(b, 16000, NULL);
	uint64_t seed = 1;

	says_noise(a, &seed, 32767);
	a->says[0] = INT16_MIN;
	rig_connect(b, a, c, 1);
	rig_tick(b);
	CHECK_EQ(c->heard_n, 320);
	CHECK_MEM(c->heard, a->says, 320 * sizeof(int16_t));
	CHECK(a->heard_n == 0); /* nobody speaks to it: it is not bothered */
	CHECK_EQ(c->pulls, 0);
	bridge_free(b);
}

TEST(a_slot_may_loop_back_to_itself)
{
	struct bridge *b = rig_bridge(8000);
	struct mem_port *a = rig_add(b, 8000, NULL);
	uint64_t seed = 2;

	says_noise(a, &seed, 32767);
	rig_connect(b, a, a, 1);
	rig_tick(b);
	CHECK_MEM(a->heard, a->says, 160 * sizeof(int16_t));
	bridge_free(b);
}

TEST(the_sum_is_clamped_once_at_the_end)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *p[4];
	struct mem_port *sink = rig_add(b, 16000, NULL);
	static const int16_t loud[4] = {30000, 30000, -30000, -29000};

	for (size_t i = 0; i < 4; i++) {
		p[i] = rig_add(b, 16000, NULL);
		for (size_t k = 0; k < RIG_FRAME_MAX; k++)
			p[i]->says[k] = loud[i];
		rig_connect(b, p[i], sink, 1);
	}
	rig_tick(b);
	CHECK_EQ(sink->heard[7], 1000);
	p[2]->silent = true;
	rig_tick(b);
	CHECK_EQ(sink->heard[7], 31000);
	p[3]->silent = true;
	rig_tick(b);
	CHECK_EQ(sink->heard[7], 32767);
	p[2]->silent = p[3]->silent = false;
	p[0]->silent = p[1]->silent = true;
	rig_tick(b);
	CHECK_EQ(sink->heard[319], -32768);
	bridge_free(b);
}

/* ---- against the obvious way to do it ---- */

enum { PORTS_MAX = 40 };

struct model {
	struct mem_port *port[PORTS_MAX];
	float level[PORTS_MAX][PORTS_MAX]; /* source, sink; negative: not connected */
	float tx[PORTS_MAX], rx[PORTS_MAX];
	size_t n;
};

static int64_t weight(float level)
{
	level = level < 64 ? level : 64;
	return lrintf(level * 4096);
}

static int16_t expected(const struct model *m, size_t sink, size_t at)
{
	int64_t sum = 0;

	for (size_t s = 0; s < m->n; s++) {
		if (m->level[s][sink] >= 0 && !m->port[s]->silent)
			sum += m->port[s]->says[at] * weight(m->level[s][sink] * m->rx[s]);
	}
	sum = (sum + 2048) >> 12;
	if (m->tx[sink] != 1) {
		float f = (float)sum * m->tx[sink];

		f = f > 32767 ? 32767 : f < -32768 ? -32768 : f;
		sum = (int64_t)(f + (f < 0 ? -0.5f : 0.5f));
	}
	return (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
}

static void check_model(const struct model *m, size_t n)
{
	for (size_t j = 0; j < m->n; j++) {
		for (size_t i = 0; i < n; i++) {
			int16_t want = expected(m, j, i);

			if (m->port[j]->heard[i] != want)
				fail_msg("sink %zu sample %zu: %d, not %d", j, i, m->port[j]->heard[i], want);
		}
	}
}

/* density and oddness in percent: how many are connected, and how many of them at some level of their own. */
static void random_graph(
	struct bridge *b, struct model *m, uint64_t *seed, unsigned density, unsigned oddness)
{
	static const float levels[] = {0, 0.001f, 0.3f, 0.5f, 0.9999f, 1.7f, 2, 5.3f, 8.5f, 63.9f, 64};

	for (size_t s = 0; s < m->n; s++) {
		for (size_t d = 0; d < m->n; d++) {
			m->level[s][d] = -1;
			if (s == d ? rig_random(seed) % 20 : rig_random(seed) % 100 >= density)
				continue;
			m->level[s][d] = 1;
			if (rig_random(seed) % 100 < oddness)
				m->level[s][d] = levels[rig_random(seed) % ARRAY_LEN(levels)];
			rig_connect(b, m->port[s], m->port[d], m->level[s][d]);
		}
	}
}

static void change_something(struct bridge *b, struct model *m, uint64_t *seed)
{
	size_t s = rig_random(seed) % m->n, d = rig_random(seed) % m->n;
	struct bridge_link l = {m->port[s]->slot, m->port[d]->slot, (float)(rig_random(seed) % 30) / 10};

	switch (rig_random(seed) % 7) {
	case 0:
		CHECK_OK(bridge_connect(b, &l, 1));
		m->level[s][d] = l.level;
		break;
	case 5:
		CHECK_OK(bridge_ramp(b, &l, 45));
		m->level[s][d] = l.level;
		break;
	case 6:
		CHECK_OK(bridge_ramp_level(b, m->port[s]->slot, d & 1, l.level, 45));
		*(d & 1 ? &m->tx[s] : &m->rx[s]) = l.level;
		break;
	case 1:
		CHECK_OK(bridge_disconnect(b, &l, 1));
		m->level[s][d] = -1;
		break;
	case 2:
		CHECK_OK(bridge_set_tx_level(b, m->port[d]->slot, l.level));
		m->tx[d] = l.level;
		break;
	case 3:
		CHECK_OK(bridge_set_rx_level(b, m->port[s]->slot, l.level));
		m->rx[s] = l.level;
		break;
	case 4:
		m->port[s]->silent = !m->port[s]->silent;
		break;
	}
}

static void run_random(uint64_t seed, size_t n, unsigned density, unsigned oddness, int amplitude)
{
	struct bridge *b = rig_bridge(8000);
	struct model m = {.n = n};
	int freed = 0;

	for (size_t i = 0; i < n; i++) {
		m.port[i] = rig_add(b, 8000, &freed);
		m.tx[i] = m.rx[i] = 1;
		says_noise(m.port[i], &seed, amplitude);
	}
	random_graph(b, &m, &seed, density, oddness);
	for (unsigned round = 0; round < 12; round++) {
		/* A change comes in over a frame; a ramp takes three and is a weight after them. */
		for (unsigned i = 0; i < 4; i++)
			rig_tick(b);
		for (size_t i = 0; i < n; i++)
			memset(m.port[i]->heard, 0, sizeof(m.port[i]->heard));
		rig_tick(b);
		check_model(&m, 160);
		change_something(b, &m, &seed);
		change_something(b, &m, &seed);
	}
	bridge_free(b);
	CHECK_EQ(freed, n);
}

TEST(random_graphs_sound_as_if_each_sink_added_up_for_itself)
{
	static const struct {
		size_t n;
		unsigned density, oddness;
		int amplitude;
	} rows[] = {
		{2, 100, 0, 32767},
		{3, 100, 50, 32767},
		{7, 60, 30, 9000},
		{16, 100, 0, 32767},
		{16, 99, 10, 32767},
		{24, 90, 20, 1000},
		{40, 100, 0, 2000},
		{40, 99, 10, 32767},
		{40, 97, 100, 32767},
		{40, 50, 50, 500},
		{40, 8, 20, 32767},
		{33, 100, 2, 32767},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (uint64_t seed = 1; seed <= 3; seed++)
			run_random(seed * 100 + i, rows[i].n, rows[i].density, rows[i].oddness,
				rows[i].amplitude);
	}
}

enum { CHOIR = 1100 };

/* 64 times louder each, more than a thousand sources are more than a sum holds: all of them get as much softer as it takes, at
 * every sink for itself. */
TEST(a_choir_beyond_what_a_sum_holds_is_scaled_down)
{
	struct bridge *b = rig_bridge(8000);
	struct mem_port *voices[CHOIR], *sinks[6];
	uint64_t seed = 3;

	for (size_t i = 0; i < ARRAY_LEN(sinks); i++)
		sinks[i] = rig_add(b, 8000, NULL);
	for (size_t i = 0; i < CHOIR; i++) {
		voices[i] = rig_add(b, 8000, NULL);
		says_noise(voices[i], &seed, 8);
		for (size_t k = 0; k < ARRAY_LEN(sinks); k++)
			rig_connect(b, voices[i], sinks[k], i == k ? 32 : 64);
	}
	rig_tick(b);
	rig_tick(b);
	for (size_t k = 0; k < ARRAY_LEN(sinks); k++) {
		int64_t total = (CHOIR - 1) * 64 * 4096 + 32 * 4096;

		for (size_t at = 0; at < 160; at++) {
			int64_t sum = 0;

			for (size_t i = 0; i < CHOIR; i++)
				sum += voices[i]->says[at] *
				       ((i == k ? 32 : 64) * 4096 * (65535ll * 4096) / total);
			sum = (sum + 2048) >> 12;
			sum = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
			CHECK_EQ(sinks[k]->heard[at], sum);
		}
	}
	/* All at full scale: the loudest there is, and not something that has wrapped. */
	for (size_t i = 0; i < CHOIR; i++)
		for (size_t at = 0; at < 160; at++)
			voices[i]->says[at] = at & 1 ? 32767 : -32768;
	rig_tick(b);
	for (size_t k = 0; k < ARRAY_LEN(sinks); k++)
		CHECK(sinks[k]->heard[0] == -32768 && sinks[k]->heard[1] == 32767);
	bridge_free(b);
}

/* ---- slots ---- */

TEST(the_lowest_free_number_first_and_none_that_rests)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *a = rig_add(b, 16000, NULL), *c = rig_add(b, 16000, NULL),
			*d = rig_add(b, 16000, NULL), *e;
	struct bridge_slot old = c->slot, now;

	CHECK_EQ(a->slot.number, 1);
	CHECK_EQ(d->slot.number, 3);
	CHECK_OK(bridge_remove(b, old));
	CHECK_EQ(rig_add(b, 16000, NULL)->slot.number, 4);
	bridge_number_release(b, 2);
	e = rig_add(b, 16000, NULL);
	CHECK_EQ(e->slot.number, 2);
	CHECK(e->slot.generation != old.generation);
	CHECK_EQ(bridge_remove(b, old), OH_ENOENT);
	CHECK_EQ(bridge_connect(b, &(struct bridge_link){a->slot, old, 1}, 1), OH_ENOENT);
	CHECK_OK(bridge_slot_of(b, 2, &now));
	CHECK_EQ(now.generation, e->slot.generation);
	CHECK_EQ(bridge_slot_of(b, 99, &now), OH_ENOENT);
	CHECK_EQ(bridge_remove(b, BRIDGE_SLOT_0), OH_ENOENT);
	bridge_number_release(b, 1); /* in use: nothing happens */
	CHECK_EQ(rig_add(b, 16000, NULL)->slot.number, 5);
	bridge_free(b);
}

TEST(a_removed_port_is_freed_only_after_a_later_plan_runs)
{
	struct bridge *b = rig_bridge(16000);
	int freed = 0;
	struct mem_port *a = rig_add(b, 16000, &freed), *c = rig_add(b, 16000, &freed);
	struct bridge_slot_info info;

	rig_connect(b, a, c, 1);
	rig_tick(b);
	CHECK_OK(bridge_remove(b, a->slot));
	CHECK_OK(bridge_slot_info(b, c->slot, &info));
	CHECK_EQ(info.n_sources, 0);
	CHECK(bridge_reap(b));
	bridge_tick(b, 0, 0); /* the old plan still names it */
	CHECK(bridge_reap(b));
	CHECK_EQ(freed, 0);
	CHECK_OK(bridge_publish(b));
	CHECK(bridge_reap(b));
	CHECK_EQ(freed, 0);
	CHECK(bridge_tick(b, 0, 0));
	CHECK(!bridge_tick(b, 0, 0));
	CHECK(!bridge_reap(b));
	CHECK_EQ(freed, 1);
	CHECK_OK(bridge_remove(b, c->slot));
	CHECK_OK(bridge_publish(b));
	bridge_acknowledge(b); /* no thread ticks */
	CHECK(!bridge_reap(b));
	CHECK_EQ(freed, 2);
	bridge_free(b);
}

TEST(connecting_is_all_or_nothing)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *a = rig_add(b, 16000, NULL), *c = rig_add(b, 16000, NULL);
	struct bridge_link links[] = {{a->slot, c->slot, 1}, {c->slot, a->slot, 1}, {a->slot, {77, 1}, 1}};
	struct bridge_counters n;

	CHECK_EQ(bridge_connect(b, links, 3), OH_ENOENT);
	CHECK(strstr(err_detail_text(), "link 2") != NULL);
	bridge_counters(b, &n);
	CHECK_EQ(n.links, 0);
	CHECK_OK(bridge_connect(b, links, 2));
	CHECK_OK(bridge_connect(b, links, 2)); /* again: success */
	bridge_counters(b, &n);
	CHECK_EQ(n.links, 2);
	links[1].level = 65;
	CHECK_EQ(bridge_connect(b, links, 2), OH_EINVAL);
	links[1].level = NAN;
	CHECK_EQ(bridge_connect(b, links, 2), OH_EINVAL);
	CHECK_OK(bridge_disconnect(b, links, 1));
	CHECK_OK(bridge_disconnect(b, links, 1)); /* not connected: skipped */
	CHECK_EQ(bridge_disconnect(b, links + 2, 1), OH_ENOENT);
	CHECK_OK(bridge_disconnect_all(b, a->slot));
	bridge_counters(b, &n);
	CHECK_EQ(n.links, 0);
	bridge_free(b);
}

TEST(meters_show_the_peak_of_what_was_sent_and_received)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *a = rig_add(b, 16000, NULL), *c = rig_add(b, 16000, NULL);
	struct bridge_slot old = a->slot;
	float tx = -1, rx = -1;

	a->says[100] = -16384;
	rig_connect(b, a, c, 0.5f);
	CHECK_OK(bridge_signal(b, a->slot, &tx, &rx));
	CHECK(tx == 0 && rx == 0);
	rig_tick(b);
	CHECK_OK(bridge_signal(b, a->slot, &tx, &rx));
	CHECK(tx == 0 && rx == 0.5f);
	CHECK_OK(bridge_signal(b, c->slot, &tx, &rx));
	CHECK(tx == 0.25f && rx == 0);
	CHECK_OK(bridge_remove(b, old));
	CHECK_EQ(bridge_signal(b, old, &tx, &rx), OH_ENOENT);
	CHECK_EQ(bridge_signal(b, (struct bridge_slot){500, 1}, &tx, &rx), OH_ENOENT);
	bridge_free(b);
}

TEST(the_device_is_exchanged_and_keeps_its_connections)
{
	struct bridge *b = rig_bridge(16000);
	struct mem_port *a = rig_add(b, 16000, NULL), *device;
	struct bridge_link l = {a->slot, BRIDGE_SLOT_0, 1};
	int freed = 0;

	a->says[5] = 123;
	CHECK_OK(bridge_connect(b, &l, 1));
	rig_tick(b);
	CHECK(!bridge_has_device(b));
	device = mem_port_new(48000, &freed);
	CHECK_OK(bridge_set_device(b, &device->port));
	CHECK(bridge_has_device(b));
	rig_tick(b);
	CHECK_EQ(device->heard_n, 960);
	CHECK_OK(bridge_set_device(b, NULL));
	rig_tick(b);
	CHECK_EQ(freed, 1);
	bridge_free(b);
}

static void run_rates(uint32_t bridge_hz, uint32_t port_hz, uint32_t frame_ms)
{
	struct bridge_cfg cfg = {.rate_hz = bridge_hz, .frame_ms = frame_ms};
	struct bridge *b = NULL;
	struct mem_port *a, *c;

	CHECK_OK(bridge_new(&cfg, &b));
	a = rig_add(b, port_hz, NULL);
	c = rig_add(b, port_hz, NULL);
	for (size_t s = 0; s < RIG_FRAME_MAX; s++)
		a->says[s] = 1000;
	rig_connect(b, a, c, 1);
	for (unsigned t = 0; t < 5; t++)
		rig_tick(b);
	CHECK_EQ(c->heard_n, port_hz / 1000 * frame_ms);
	CHECK(abs(c->heard[c->heard_n - 1] - 1000) <= 10);
	a->silent = true;
	for (unsigned t = 0; t < 6; t++)
		rig_tick(b);
	CHECK(c->got_silence); /* the filters have run dry */
	CHECK_OK(bridge_rate_changed(b, c->slot, port_hz == 8000 ? 48000 : 8000));
	rig_tick(b);
	CHECK_EQ(c->heard_n, (port_hz == 8000 ? 48 : 8) * frame_ms);
	CHECK_EQ(bridge_rate_changed(b, c->slot, 44100), OH_EINVAL);
	bridge_free(b);
}

TEST(ports_of_other_rates_get_frames_of_their_own_length)
{
	static const uint32_t bridges[] = {8000, 16000, 32000, 48000};
	static const uint32_t ports[] = {8000, 16000, 24000, 32000, 48000};

	for (size_t i = 0; i < ARRAY_LEN(bridges); i++) {
		for (size_t k = 0; k < ARRAY_LEN(ports); k++) {
			run_rates(bridges[i], ports[k], 20);
			run_rates(bridges[i], ports[k], 10);
		}
	}
}

TEST(a_bridge_refuses_what_it_cannot_be)
{
	struct bridge_cfg cfg = {.rate_hz = 44100, .frame_ms = 20};
	struct bridge *b = NULL;
	struct mem_port *m;
	struct bridge_slot slot;

	CHECK_EQ(bridge_new(&cfg, &b), OH_EINVAL);
	cfg = (struct bridge_cfg){.rate_hz = 16000, .frame_ms = 10, .max_ports = 2};
	CHECK_OK(bridge_new(&cfg, &b));
	rig_add(b, 16000, NULL);
	m = mem_port_new(16000, NULL);
	CHECK_EQ(bridge_add(b, &m->port, &slot), OH_ETOOMANY);
	mem_free(m);
	bridge_free(b);
}

static int story_on(struct bridge *b)
{
	static struct port ports[6];
	struct bridge_link links[36];
	struct bridge_slot s[6];
	int err = 0;

	for (size_t i = 0; i < 6; i++) {
		ports[i] = null_port(16000);
		err = bridge_add(b, &ports[i], &s[i]);
		if (err)
			return err;
	}
	for (size_t i = 0; i < 36; i++)
		links[i] = (struct bridge_link){s[i / 6], s[i % 6], 0.5f};
	err = bridge_connect(b, links, 36);
	if (err)
		return err;
	err = bridge_publish(b);
	if (err)
		return err;
	return bridge_rate_changed(b, s[1], 8000);
}

static int story(void *arg)
{
	struct bridge_cfg cfg;
	struct bridge *b = NULL;
	int err;

	(void)arg;
	bridge_cfg_defaults(&cfg);
	err = bridge_new(&cfg, &b);
	if (!err)
		err = story_on(b);
	bridge_free(b);
	return err;
}

TEST(memory_may_run_out_anywhere)
{
	check_every_allocation_fails(story, NULL);
}

TESTS(RUN(one_source_to_one_sink_is_bit_exact), RUN(a_slot_may_loop_back_to_itself),
	RUN(the_sum_is_clamped_once_at_the_end), RUN(random_graphs_sound_as_if_each_sink_added_up_for_itself),
	RUN(the_lowest_free_number_first_and_none_that_rests),
	RUN(a_removed_port_is_freed_only_after_a_later_plan_runs), RUN(connecting_is_all_or_nothing),
	RUN(meters_show_the_peak_of_what_was_sent_and_received),
	RUN(the_device_is_exchanged_and_keeps_its_connections),
	RUN(ports_of_other_rates_get_frames_of_their_own_length), RUN(a_bridge_refuses_what_it_cannot_be),
	RUN(memory_may_run_out_anywhere), RUN(a_choir_beyond_what_a_sum_holds_is_scaled_down))
