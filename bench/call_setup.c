/*
 * Set up and end a call with media, one side: INVITE-200-ACK-BYE-200 with an offer and an answer, RTP sockets
 * opened and closed, a port on the bridge and off it; as callee and as caller, with inline events and by the
 * event thread. Then what it takes to be ready, and to go.
 */
#include "callee.h"
#include "far.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#define CALLS  300u
#define ROUNDS 5u
#define WINDOW 4u /* calls at a time: a busy phone, no flood */
#define LIVES  21u

/* A call without audio would be cheap. */
static void require_media(const struct callee *c)
{
	if (atomic_load(&c->n_media) == CALLS)
		return;
	fprintf(stderr, "call_setup: %u of %u calls had audio\n", atomic_load(&c->n_media), CALLS);
	exit(1);
}

static double callee_round(enum offhook_delivery delivery)
{
	struct callee_cfg cfg = {.delivery = delivery, .clock_rate_hz = 16000};
	struct far *far = far_start();
	static struct callee c;
	double us;

	callee_open(&c, &cfg);
	us = callee_cpu_us();
	far_call(far, &(struct far_plan){.port = c.port, .n = CALLS, .window = WINDOW});
	callee_wait_ended(&c, CALLS);
	us = callee_cpu_us() - us;
	require_media(&c);
	callee_close(&c);
	far_stop(far);
	return us / CALLS;
}

/* ---- as caller ---- */

struct caller {
	struct callee side;
	char uri[64];
	unsigned n_left;
};

static void dial(struct caller *c)
{
	struct offhook_call_cfg call;
	offhook_id id;

	if (c->n_left == 0)
		return;
	c->n_left--;
	offhook_call_cfg_init(&call);
	call.uri = c->uri;
	callee_require(offhook_call_make(c->side.phone, c->side.account, &call, &id), "call");
}

static void on_call_event(void *arg, const struct offhook_event *event)
{
	struct caller *c = arg;

	if (event->type != OFFHOOK_EVENT_CALL_STATE)
		return;
	if (event->call->state == OFFHOOK_CALL_CONFIRMED)
		callee_require(offhook_call_hangup(c->side.phone, event->id, NULL), "hang up");
	else if (event->call->state == OFFHOOK_CALL_DISCONNECTED)
		dial(c);
}

static double caller_round(enum offhook_delivery delivery)
{
	struct callee_cfg cfg = {.delivery = delivery, .clock_rate_hz = 16000};
	struct far *far = far_start();
	static struct caller c;
	double us;

	c.side.on_event = on_call_event;
	c.side.arg = &c;
	c.n_left = CALLS - WINDOW; /* the first ones are dialled here */
	callee_open(&c.side, &cfg);
	snprintf(c.uri, sizeof(c.uri), "sip:far@127.0.0.1:%u", far_port(far));
	us = callee_cpu_us();
	far_serve(far, CALLS);
	for (unsigned i = 0; i < WINDOW; i++) {
		struct offhook_call_cfg call;
		offhook_id id;

		offhook_call_cfg_init(&call);
		call.uri = c.uri;
		callee_require(offhook_call_make(c.side.phone, c.side.account, &call, &id), "call");
	}
	far_wait(far);
	callee_wait_ended(&c.side, CALLS);
	us = callee_cpu_us() - us;
	require_media(&c.side);
	callee_close(&c.side);
	far_stop(far);
	return us / CALLS;
}

/* ---- being there ---- */

static void report_lives(struct report *r)
{
	static struct callee c;
	double ready[LIVES], gone[LIVES];

	for (unsigned i = 0; i < LIVES; i++) {
		struct callee_cfg cfg = {.delivery = OFFHOOK_DELIVER_THREAD, .clock_rate_hz = 16000};
		uint64_t begin = bench_now(), middle;

		callee_open(&c, &cfg);
		middle = bench_now();
		ready[i] = (double)(middle - begin) / 1e6;
		callee_sleep_ms(2); /* its threads have gone to sleep */
		middle = bench_now();
		callee_close(&c);
		gone[i] = (double)(bench_now() - middle) / 1e6;
	}
	report_row(r, "phone ready, UDP and account", bench_median(ready, LIVES), "ms", 10, NULL, 0);
	report_row(r, "idle phone shut down", bench_median(gone, LIVES), "ms", 50, NULL, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *row;
		double (*round)(enum offhook_delivery delivery);
		enum offhook_delivery delivery;
		double goal;
	} rows[] = {
		{"set up and end, callee, inline", callee_round, OFFHOOK_DELIVER_INLINE, 150},
		{"set up and end, callee, thread", callee_round, OFFHOOK_DELIVER_THREAD, 400},
		{"set up and end, caller, inline", caller_round, OFFHOOK_DELIVER_INLINE, 150},
		{"set up and end, caller, thread", caller_round, OFFHOOK_DELIVER_THREAD, 400},
	};
	struct report r;

	report_open(&r, "calls", argc, argv);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double us[ROUNDS];

		for (unsigned k = 0; k < ROUNDS; k++)
			us[k] = rows[i].round(rows[i].delivery);
		report_row(&r, rows[i].row, bench_median(us, ROUNDS), "us", rows[i].goal, NULL, 0);
	}
	report_lives(&r);
	return report_close(&r);
}
