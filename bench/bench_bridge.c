/*
 * What a frame of the bridge costs, by number of ports and shape of connections: the median over many ticks,
 * with ports in memory (pull copies a prepared frame, push reads what it is given).
 *
 *	bench_bridge [--json FILE]
 */
#include "report.h"

#include "audio/bridge.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define TICKS    300u
#define CONNECTS 5u

struct mem_port {
	struct port port;
	const int16_t *says;
	int32_t read;
};

static int16_t noise[64][960];

static bool give(struct port *p, int16_t *pcm, size_t n, const struct audio_tick *t)
{
	(void)t;
	memcpy(pcm, ((struct mem_port *)p)->says, n * sizeof(*pcm));
	return true;
}

static void take(struct port *p, const int16_t *pcm, size_t n, const struct audio_tick *t)
{
	int32_t sum = 0;

	(void)t;
	for (size_t i = 0; pcm && i < n; i++)
		sum += pcm[i];
	((struct mem_port *)p)->read = sum;
}

static void drop(struct port *p)
{
	mem_free(p);
}

static const struct port_ops mem_ops = {.kind = "memory", .pull = give, .push = take, .free = drop};

static unsigned long random_state = 1;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

static void require(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "bench_bridge: %s: error %d\n", what, err);
	exit(1);
}

static void *require_memory(void *p)
{
	require(p ? 0 : -1, "memory");
	return p;
}

static struct bridge *bridge_with(uint32_t rate, uint32_t port_rate, size_t n, struct bridge_slot *ret_slots)
{
	struct bridge_cfg cfg;
	struct bridge *b;

	bridge_cfg_defaults(&cfg);
	cfg.rate_hz = rate;
	require(bridge_new(&cfg, &b), "bridge_new");
	for (size_t i = 0; i < n; i++) {
		struct mem_port *m = require_memory(mem_zalloc(sizeof(*m)));

		m->port = (struct port){&mem_ops, port_rate};
		m->says = noise[i % 64];
		require(bridge_add(b, &m->port, &ret_slots[i]), "bridge_add");
	}
	return b;
}

/* ---- shapes ---- */

enum shape { MESH, IMPERFECT, PAIRS };

/* Imperfect: 1 % of the connections are missing and 10 % are at some other level. */
static size_t make_links(enum shape shape, const struct bridge_slot *s, size_t n, struct bridge_link *links)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (shape == PAIRS) {
			links[k++] = (struct bridge_link){s[i], s[i ^ 1], 1};
			continue;
		}
		for (size_t j = 0; j < n; j++) {
			float level = 1;

			if (i == j || (shape == IMPERFECT && random_below(100) == 0))
				continue;
			if (shape == IMPERFECT && random_below(10) == 0)
				level = 0.1f + (float)random_below(190) / 100;
			links[k++] = (struct bridge_link){s[i], s[j], level};
		}
	}
	return k;
}

/* ---- figures ---- */

struct bench {
	struct report report;
	uint32_t rate_hz, port_hz;
};

/* The goals are for 16 kHz. */
static void add_row(struct bench *m, const char *what, size_t n, double us, double goal)
{
	char name[64];

	snprintf(name, sizeof(name), m->rate_hz == 16000 ? "%s %zu" : "%s %zu, at %u kHz", what, n,
		m->rate_hz / 1000);
	report_row(&m->report, name, us, "us", m->rate_hz == 16000 ? goal : 0, NULL, 0);
}

static double median_tick(struct bridge *b)
{
	double us[TICKS];

	for (unsigned i = 0; i < 20; i++)
		bridge_tick(b, 0, 0);
	for (unsigned i = 0; i < TICKS; i++) {
		uint64_t begin = bench_now();

		bridge_tick(b, 0, 0);
		us[i] = (double)(bench_now() - begin) / 1e3;
	}
	return bench_median(us, TICKS);
}

static void bench_ticks(struct bench *m, const char *what, enum shape shape, size_t n, double goal)
{
	struct bridge_slot *slots = require_memory(malloc(n * sizeof(*slots)));
	struct bridge_link *links = require_memory(malloc((shape == PAIRS ? n : n * n) * sizeof(*links)));
	struct bridge *b = bridge_with(m->rate_hz, m->port_hz, n, slots);

	require(bridge_connect(b, links, make_links(shape, slots, n, links)), "bridge_connect");
	require(bridge_publish(b), "bridge_publish");
	add_row(m, what, n, median_tick(b), goal);
	bridge_free(b);
	free(links);
	free(slots);
}

/* The frame in which a plan takes over: one of all comes or goes, or two others do. */
static void bench_change(struct bench *m, const char *what, bool of_all, size_t n, double goal)
{
	struct bridge_slot *slots = require_memory(malloc(n * sizeof(*slots)));
	struct bridge_link *links = require_memory(malloc(n * n * sizeof(*links)));
	size_t n_links, n_one = of_all ? n - 3 : 1;
	struct bridge *b = bridge_with(m->rate_hz, m->port_hz, n, slots);
	double us[TICKS];

	/* The last two hear each other alone. */
	n_links = make_links(MESH, slots, n - 2, links);
	require(bridge_connect(b, links, n_links), "bridge_connect");
	if (!of_all)
		links[0] = (struct bridge_link){slots[n - 2], slots[n - 1], 1};
	for (unsigned i = 0; i < TICKS; i++) {
		uint64_t begin;

		require(i % 2 ? bridge_connect(b, links, n_one) : bridge_disconnect(b, links, n_one),
			"change");
		require(bridge_publish(b), "bridge_publish");
		begin = bench_now();
		bridge_tick(b, 0, 0);
		us[i] = (double)(bench_now() - begin) / 1e3;
		bridge_reap(b);
	}
	add_row(m, what, n, bench_median(us, TICKS), goal);
	bridge_free(b);
	free(links);
	free(slots);
}

/* All connections in one call, and the plan. */
static void bench_connect(struct bench *m, const char *what, enum shape shape, size_t n, double goal)
{
	struct bridge_slot *slots = require_memory(malloc(n * sizeof(*slots)));
	struct bridge_link *links = require_memory(malloc(n * n * sizeof(*links)));
	double us[CONNECTS];

	for (unsigned i = 0; i < CONNECTS; i++) {
		struct bridge *b = bridge_with(m->rate_hz, m->port_hz, n, slots);
		size_t n_links = make_links(shape, slots, n, links);
		uint64_t begin = bench_now();

		require(bridge_connect(b, links, n_links), "bridge_connect");
		require(bridge_publish(b), "bridge_publish");
		us[i] = (double)(bench_now() - begin) / 1e3;
		bridge_free(b);
	}
	add_row(m, what, n, bench_median(us, CONNECTS), goal);
	free(links);
	free(slots);
}

static void bench_rate(struct bench *m, uint32_t rate_hz)
{
	static const size_t mesh[] = {10, 50, 100, 200, 500, 1000};

	m->rate_hz = m->port_hz = rate_hz;
	for (size_t i = 0; i < sizeof(mesh) / sizeof(mesh[0]); i++)
		bench_ticks(m, "frame, all-to-all", MESH, mesh[i], mesh[i] == 500 ? 250 : 0);
	bench_change(m, "frame of a change, all-to-all", true, 500, 0);
	bench_change(m, "frame of a change elsewhere, all-to-all", false, 500, 0);
	bench_ticks(m, "frame, imperfect all-to-all", IMPERFECT, 500, 750);
	bench_ticks(m, "frame, pairs", PAIRS, 1000, 190);
	bench_ticks(m, "frame, pairs", PAIRS, 5000, 0);
}

int main(int argc, char **argv)
{
	struct bench m = {.rate_hz = 16000};

	report_open(&m.report, "bridge", argc, argv);
	for (size_t i = 0; i < 64; i++) {
		for (size_t k = 0; k < 960; k++)
			noise[i][k] = (int16_t)((int)random_below(2000) - 1000);
	}
	bench_rate(&m, 16000);
	m.port_hz = 8000;
	bench_ticks(&m, "frame, 8 kHz ports in pairs", PAIRS, 1000, 0);
	m.port_hz = 16000;
	bench_connect(&m, "connect all-to-all", MESH, 500, 50000);
	bench_connect(&m, "connect imperfect", IMPERFECT, 500, 0);
	bench_rate(&m, 8000);
	bench_rate(&m, 48000);
	return report_close(&m.report);
}
