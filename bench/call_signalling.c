/*
 * Signalling alone, one side: INVITE-200-ACK-BYE-200 through the INVITE session and everything below it,
 * without media. CPU of this process by getrusage(), beside it what the kernel takes for the same five datagrams alone;
 * memory by the growth of PSS while the transactions wait for what may still come (32 s). SIPp calls us too where it is
 * installed: then its CPU stands beside ours for the same calls.
 */
#include "bare_calls.h"
#include "callee.h"
#include "far.h"
#include "report.h"
#include "sipp.h"

#include "session/inv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS  3000u
#define ROUNDS 3u
#define WINDOW 8u

#define SDP \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16384 RTP/AVP " \
	"0\r\n" \
	"a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"

struct side {
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct sip_flow flow; /* as caller */
	struct far *far;
	pthread_t thread;
	char contact[64], target[64], from[64];
	unsigned n_begun, n_calls; /* as caller */
	/* The datagrams of a call, where they are looked at. */
	struct bare_step steps[BARE_STEPS_MAX];
	unsigned n_steps;
};

static void require(int err, const char *what)
{
	callee_require(err, what);
}

/* ---- as callee ---- */

static void on_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	(void)arg;
	(void)msg;
	if (inv_state(inv) == INV_DISCONNECTED)
		inv_free(inv);
}

static int on_sdp(void *arg, struct inv *inv, enum inv_sdp kind, struct slice body, bool early)
{
	(void)arg;
	(void)inv;
	(void)kind;
	(void)body;
	(void)early;
	return 0;
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct side *s = arg;
	struct inv_handler handler = {.state = on_state, .sdp = on_sdp, .arg = s};
	struct inv_reply reply = {.status = 200, .contact = slice_of(s->contact), .sdp = SLICE_LIT(SDP)};
	struct inv_policy policy = inv_policy_default();
	struct inv *inv;

	require(inv_incoming(s->stack, msg, server, &policy, &handler, &inv), "INVITE");
	require(inv_reply(inv, &reply), "200");
}

/* ---- as caller ---- */

static void dial(struct side *s);

static void on_caller_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	(void)msg;
	if (inv_state(inv) == INV_CONFIRMED) {
		require(inv_end(inv, 0, SLICE_NONE, NULL, 0), "BYE");
	} else if (inv_state(inv) == INV_DISCONNECTED) {
		inv_free(inv);
		dial(arg);
	}
}

static void dial(struct side *s)
{
	struct inv_call_cfg cfg = {.target = slice_of(s->target),
		.from = slice_of(s->from),
		.to = slice_of(s->target),
		.contact = slice_of(s->contact),
		.offer = SLICE_LIT(SDP),
		.policy = inv_policy_default(),
		.flow = s->flow,
		.handler = {.state = on_caller_state, .sdp = on_sdp, .arg = s}};
	struct inv *inv;

	if (s->n_begun == s->n_calls)
		return;
	s->n_begun++;
	require(inv_call(s->stack, &cfg, &inv), "INVITE");
}

static void on_wake(void *arg)
{
	for (unsigned i = 0; i < WINDOW; i++)
		dial(arg);
}

/* ---- life ---- */

static void *run(void *arg)
{
	require(host_run(((struct side *)arg)->host), "loop");
	return NULL;
}

typedef void trace_fn(void *arg, bool out, const struct sip_flow *flow, struct slice bytes);

static void note_step(void *arg, bool out, const struct sip_flow *flow, struct slice bytes)
{
	struct side *s = arg;

	(void)flow;
	if (s->n_steps < BARE_STEPS_MAX)
		s->steps[s->n_steps++] = (struct bare_step){out, bytes.n};
}

static void side_open(struct side *s, trace_fn *trace)
{
	struct sip_stack_cfg cfg = {.user_agent = SLICE_LIT("offhook"),
		.handler = {on_request, NULL, s},
		.trace = trace,
		.trace_arg = s};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	struct netaddr local;

	*s = (struct side){.far = far_start()};
	require(netaddr_parse_ip(SLICE_LIT("127.0.0.1"), 0, &udp.local), "address");
	require(host_uv_new(&s->host), "host");
	cfg.host = s->host;
	require(sip_stack_new(&cfg, &s->stack), "stack");
	require(sip_transport_new(s->stack, &udp, &s->udp), "transport");
	local = sip_transport_local(s->udp);
	s->flow = (struct sip_flow){.transport = s->udp, .local = local, .remote = local};
	s->flow.remote.port = far_port(s->far);
	snprintf(s->contact, sizeof(s->contact), "<sip:bench@127.0.0.1:%u>", local.port);
	snprintf(s->from, sizeof(s->from), "<sip:bench@127.0.0.1:%u>", local.port);
	snprintf(s->target, sizeof(s->target), "sip:far@127.0.0.1:%u", s->flow.remote.port);
	host_on_wake(s->host, on_wake, s);
	if (pthread_create(&s->thread, NULL, run, s) != 0)
		require(OH_ENOMEM, "thread");
}

static void side_close(struct side *s)
{
	host_stop(s->host);
	pthread_join(s->thread, NULL);
	sip_stack_free(s->stack);
	host_free(s->host);
	far_stop(s->far);
}

/* ---- rounds: us and kB a call ---- */

typedef void work_fn(struct side *s, unsigned calls);

static void be_called(struct side *s, unsigned calls)
{
	far_call(s->far, &(struct far_plan){.port = s->flow.local.port, .n = calls, .window = WINDOW});
}

static void be_calling(struct side *s, unsigned calls)
{
	far_serve(s->far, calls);
	s->n_calls = calls;
	host_wake(s->host);
	far_wait(s->far);
	callee_sleep_ms(5); /* the last 200 */
}

static void round_of(work_fn *work, double *ret_us, double *ret_kb)
{
	static struct side s;
	double us, kb;

	side_open(&s, NULL);
	kb = callee_pss_kb();
	us = callee_cpu_us();
	work(&s, CALLS);
	*ret_us = (callee_cpu_us() - us) / CALLS;
	*ret_kb = (callee_pss_kb() - kb) / CALLS;
	side_close(&s);
}

/* The same datagrams bare, as one call shows them. */
static double bare_round(work_fn *work)
{
	static struct side s;

	side_open(&s, note_step);
	work(&s, 1);
	side_close(&s);
	if (s.n_steps != 5) {
		fprintf(stderr, "bench: a call of %u messages instead of 5\n", s.n_steps);
		exit(1);
	}
	return bare_calls_us(s.steps, s.n_steps, CALLS, WINDOW);
}

static void report(struct report *r, const char *role, work_fn *work)
{
	double us[ROUNDS], kb[ROUNDS], bare_us[ROUNDS];
	char row[64];

	for (unsigned i = 0; i < ROUNDS; i++) {
		round_of(work, &us[i], &kb[i]);
		bare_us[i] = bare_round(work);
	}
	snprintf(row, sizeof(row), "signalling, %s", role);
	report_row(r, row, bench_median(us, ROUNDS), "us", 40, "bare", bench_median(bare_us, ROUNDS));
	snprintf(row, sizeof(row), "kept 32 s, %s", role);
	/* The largest (bench_median() sorts): later rounds find the memory of the first. */
	(void)bench_median(kb, ROUNDS);
	report_row(r, row, kb[ROUNDS - 1], "kB", 4, NULL, 0);
}

/* ---- SIPp ---- */

static void report_sipp(struct report *r)
{
	static struct side s;
	double ours, theirs;
	bool there;

	side_open(&s, NULL);
	ours = callee_cpu_us();
	there = sipp_call(s.flow.local.port, "u1", CALLS, &theirs);
	ours = (callee_cpu_us() - ours) / CALLS;
	side_close(&s);
	if (there)
		report_row(r, "signalling, SIPp calls at 1,500/s", ours, "us", 40, "sipp", theirs);
}

int main(int argc, char **argv)
{
	struct report r;

	report_open(&r, "calls", argc, argv);
	report(&r, "callee", be_called);
	report(&r, "caller", be_calling);
	report_sipp(&r);
	return report_close(&r);
}
