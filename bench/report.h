/*
 * How a benchmark reports: a table for people on stdout, and with `--json FILE` the same rows for machines,
 * so that two commits can be compared. A row may stand beside the figure of a peer measured in the same run.
 */
#ifndef OH_BENCH_REPORT_H
#define OH_BENCH_REPORT_H

#include <stdint.h>
#include <stdio.h>

struct report {
	const char *bench;
	FILE *json; /* NULL: not asked for */
	unsigned rows;
};

/* Takes `--json FILE` off the arguments. Exits with 2 and one sentence when they make no sense. */
void report_open(struct report *r, const char *bench, int argc, char **argv);
/* peer NULL: nobody beside us. goal 0: none; else ours <= goal is what the design asks for. */
void report_row(struct report *r, const char *row, double ours, const char *unit, double goal,
	const char *peer, double theirs);
/* Ends the file. Returns the exit status. */
int report_close(struct report *r);

/* Monotonic, and of this process's CPU; ns. */
uint64_t bench_now(void);
uint64_t bench_cpu(void);
/* The middle one; sorts. */
double bench_median(double *values, unsigned n);

#endif
