/*
 * What a call with G.711 media keeps in memory: growth of PSS from 1,000 calls to many, RTP having flowed
 * through all of them, by call. As many as the limit of descriptors allows (two sockets a call, and one at
 * the far end).
 */
#include "callee.h"
#include "far.h"
#include "report.h"

#include <stdio.h>
#include <sys/resource.h>

#define FIRST 1000u
#define MOST  5000u

/* Calls that fit into this process's descriptors. */
static unsigned most_calls(void)
{
	struct rlimit limit;
	unsigned fit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	fit = limit.rlim_cur > 2 * MOST + 100 ? MOST : ((unsigned)limit.rlim_cur - 100) / 2;
	return fit / FIRST * FIRST;
}

static double grow(struct callee *c, struct far *far, unsigned n)
{
	far_call(far, &(struct far_plan){.port = c->port, .n = n, .window = 16, .keep = true, .media = true});
	far_media(far, 400);
	far_wait(far);
	callee_sleep_ms(200);
	return callee_pss_kb();
}

int main(int argc, char **argv)
{
	struct callee_cfg cfg = {.delivery = OFFHOOK_DELIVER_INLINE, .clock_rate_hz = 16000, .join = true};
	static struct callee c;
	unsigned most = most_calls();
	struct far *far;
	struct report r;
	double first, last;
	char row[64];

	report_open(&r, "calls", argc, argv);
	if (most <= FIRST) {
		fprintf(stderr, "call_memory: the limit of open files is too low for %u calls\n", 2 * FIRST);
		return 1;
	}
	far = far_start();
	callee_open(&c, &cfg);
	first = grow(&c, far, FIRST);
	last = first;
	for (unsigned n = FIRST; n < most; n += FIRST)
		last = grow(&c, far, FIRST);
	snprintf(row, sizeof(row), "memory a call, %u to %u", FIRST, most);
	report_row(&r, row, (last - first) / (most - FIRST), "kB", 24, NULL, 0);
	far_stop(far); /* not 5,000 BYEs to a machine that has been asked for enough */
	offhook_phone_close(c.phone, 0);
	callee_close(&c);
	return report_close(&r);
}
