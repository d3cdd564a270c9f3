/*
 * What a second of a G.711 call costs one side: calls that are up, joined two by two on the bridge, RTP both
 * ways from another process; CPU of ours by getrusage(), next to what the bare packets take (bare_udp.c) in
 * the same run. Rounds take turns, so that what else the machine does meets all of them. Joined calls pass packets on
 * undecoded; to be mixed, each is listened to. Packets of many calls go by one system call where the kernel grants it; one
 * way does without, to be held against the others.
 */
#include "callee.h"
#include "far.h"
#include "report.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 200u
#define ROUNDS    7u
#define SECONDS   1u
#define SETTLE_MS 200u

static double bare_round(const char *program, unsigned n_calls)
{
	char command[4200];
	double us = 0;
	FILE *p;

	snprintf(command, sizeof(command), "'%s' %u %u", program, n_calls, SECONDS);
	p = popen(command, "r");
	if (!p || fscanf(p, "%lf", &us) != 1 || pclose(p) != 0) {
		fprintf(stderr, "call_media: %s did not run\n", program);
		exit(1);
	}
	return us;
}

struct plan {
	unsigned n_calls;
	uint32_t rate;
	double goal;
	unsigned n_ways; /* the first so many of them */
};

/* One phone with its calls and whoever calls it. */
struct side {
	unsigned n_calls;
	struct callee callee;
	struct far *far;
};

enum way { MIXED, PASSED, PASSED_ALONE, WAYS };

static const char *const ways[WAYS] = {"", ", passed", ", passed, packets one by one"};

static void side_open(struct side *s, uint32_t rate, enum way way)
{
	struct callee_cfg cfg = {.delivery = OFFHOOK_DELIVER_INLINE,
		.clock_rate_hz = rate,
		.join = true,
		.plain = way == PASSED_ALONE,
		.mixed = way == MIXED};

	callee_open(&s->callee, &cfg);
	far_call(s->far,
		&(struct far_plan){
			.port = s->callee.port, .n = s->n_calls, .window = 8, .keep = true, .media = true});
}

static void side_close(struct side *s)
{
	far_hangup(s->far);
	callee_wait_ended(&s->callee, s->n_calls);
	callee_close(&s->callee);
	far_stop(s->far);
}

/* What does not flow costs nothing. */
static void require_flow(struct side *s)
{
	struct offhook_call_stats stats = {.size = sizeof(stats)};
	offhook_id calls[CALLS_MAX];
	const uint64_t least = 45 * SECONDS;

	if (offhook_calls(s->callee.phone, calls, CALLS_MAX) != s->n_calls)
		callee_require(OH_ENOENT, "calls");
	for (unsigned i = 0; i < s->n_calls; i++) {
		callee_require(offhook_call_get_stats(s->callee.phone, calls[i], &stats), "figures");
		if (stats.rx_packets >= least && stats.tx_packets >= least)
			continue;
		fprintf(stderr, "call_media: a call of %u s had %u packets in and %u out\n", SECONDS,
			(unsigned)stats.rx_packets, (unsigned)stats.tx_packets);
		exit(1);
	}
}

static double side_round(struct side *s)
{
	double before, us;

	far_media(s->far, SECONDS * 1000 + 2 * SETTLE_MS);
	callee_sleep_ms(SETTLE_MS);
	before = callee_cpu_us();
	callee_sleep_ms(SECONDS * 1000);
	us = callee_cpu_us() - before;
	far_wait(s->far);
	require_flow(s);
	return us / s->n_calls / SECONDS;
}

static double call_round(const struct plan *plan, enum way way)
{
	static struct side side;
	double us;

	side.n_calls = plan->n_calls;
	side.far = far_start();
	side_open(&side, plan->rate, way);
	us = side_round(&side);
	side_close(&side);
	return us;
}

static void report_way(
	struct report *r, const struct plan *plan, enum way way, const double *us, const double *bare)
{
	double times[ROUNDS], sorted[ROUNDS];
	char row[80];

	for (unsigned i = 0; i < ROUNDS; i++) {
		times[i] = us[i] / bare[i];
		sorted[i] = us[i];
	}
	snprintf(row, sizeof(row), "G.711 second, %u calls, %u kHz%s", plan->n_calls, plan->rate / 1000,
		ways[way]);
	report_row(r, row, bench_median(sorted, ROUNDS), "us", 0, NULL, 0);
	snprintf(row, sizeof(row), "... times bare, %u calls, %u kHz%s", plan->n_calls, plan->rate / 1000,
		ways[way]);
	report_row(r, row, bench_median(times, ROUNDS), "x", plan->goal, NULL, 0);
}

static void report_calls(struct report *r, const char *program, const struct plan *plan)
{
	double bare[ROUNDS], us[WAYS][ROUNDS];
	char row[64];

	for (unsigned i = 0; i < ROUNDS; i++) {
		bare[i] = bare_round(program, plan->n_calls);
		for (unsigned way = 0; way < plan->n_ways; way++)
			us[way][i] = call_round(plan, way);
	}
	for (unsigned way = 0; way < plan->n_ways; way++)
		report_way(r, plan, way, us[way], bare);
	snprintf(row, sizeof(row), "... bare, %u calls", plan->n_calls);
	report_row(r, row, bench_median(bare, ROUNDS), "us", 0, NULL, 0);
}

int main(int argc, char **argv)
{
	/* Few enough for the caches of one core, and not. What passes does not know the bridge's rate. */
	static const struct plan plans[] = {{50, 8000, 1.3, PASSED + 1}, {50, 16000, 1.8, MIXED + 1},
		{CALLS_MAX, 8000, 1.3, WAYS}, {CALLS_MAX, 16000, 1.8, MIXED + 1}};
	char program[4096], *here = strdup(argv[0]);
	struct report r;

	report_open(&r, "calls", argc, argv);
	snprintf(program, sizeof(program), "%s/bare_udp", dirname(here));
	for (unsigned i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
		report_calls(&r, program, &plans[i]);
	free(here);
	return report_close(&r);
}
