#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_cpu(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), ascending);
	return values[n / 2];
}

void report_open(struct report *r, const char *bench, int argc, char **argv)
{
	*r = (struct report){.bench = bench};
	if (argc == 3 && strcmp(argv[1], "--json") == 0) {
		r->json = fopen(argv[2], "w");
		if (!r->json) {
			fprintf(stderr, "%s: cannot write %s\n", argv[0], argv[2]);
			exit(2);
		}
		fputs("[\n", r->json);
	} else if (argc != 1) {
		fprintf(stderr, "usage: %s [--json FILE]\n", argv[0]);
		exit(2);
	}
	printf("%-10s %-30s %12s %-6s %10s  %-12s %12s %8s\n", "bench", "row", "ours", "unit", "goal", "peer",
		"theirs", "ratio");
}

void report_row(struct report *r, const char *row, double ours, const char *unit, double goal,
	const char *peer, double theirs)
{
	double ratio = peer && ours > 0 ? theirs / ours : 0;
	char goal_text[32] = "";

	if (goal > 0)
		snprintf(goal_text, sizeof(goal_text), "<= %g", goal);
	printf("%-10s %-30s %12.1f %-6s %10s", r->bench, row, ours, unit, goal_text);
	if (peer)
		printf("  %-12s %12.1f %7.1fx", peer, theirs, ratio);
	puts("");
	if (!r->json)
		return;
	fprintf(r->json, "%s  {\"bench\": \"%s\", \"row\": \"%s\", \"ours\": %.3f, \"unit\": \"%s\"",
		r->rows++ ? ",\n" : "", r->bench, row, ours, unit);
	if (goal > 0)
		fprintf(r->json, ", \"goal\": %g", goal);
	if (peer)
		fprintf(r->json, ", \"peer\": \"%s\", \"theirs\": %.3f, \"ratio\": %.3f", peer, theirs,
			ratio);
	fputs("}", r->json);
}

int report_close(struct report *r)
{
	if (!r->json)
		return 0;
	fputs("\n]\n", r->json);
	return fclose(r->json) == 0 ? 0 : 1;
}
