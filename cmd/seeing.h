/* What a run shows of its SIP besides --trace: a capture file, a collector, ladders of its calls. */
#ifndef OFFHOOK_CMD_SEEING_H
#define OFFHOOK_CMD_SEEING_H

#include "command.h"

#define SEEING_ENDED_MAX 32

struct seeing {
	const struct options *o;
	struct offhook_phone *phone;
	offhook_id trace; /* 0: none */
	struct {
		offhook_id call;
		double at;         /* seconds of the run's clock */
	} ended[SEEING_ENDED_MAX]; /* whose ladder is still to be drawn */
	unsigned n_ended;
};

/* False: it cannot, and has complained. */
bool seeing_start(struct seeing *s, const struct options *o, struct offhook_phone *phone);
void seeing_call_ended(struct seeing *s, offhook_id call, double now);
void seeing_clock(struct seeing *s, double now);
/* The phone was closed and is still there: what is left is drawn. */
void seeing_closed(struct seeing *s);
void seeing_stop(struct seeing *s);

#endif
