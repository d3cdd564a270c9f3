/*
 * Fail-over of requests that are located (RFC 3263 4.3): from a target that is silent, unreachable or says 503 to the next
 * one, in a transaction of its own; who failed is put aside and comes back.
 */
#include "rig.h"

#define NAME   "sip:bob@pool.example.com"
#define ASIDE  "192.0.2.21" /* the first target; the rig's peer is the second */
#define NOBODY "192.0.2.22"

struct story {
	struct rig *r;
	struct host *host;
	struct host_dgram *first; /* NULL: nothing listens there */
	char decisions[2048];
	char got[4096]; /* the newest message at the first target */
	unsigned n_got;
};

static void on_decision(void *arg, enum sip_decision kind, uint64_t about, const char *text)
{
	struct story *s = arg;
	size_t n = strlen(s->decisions);

	(void)kind;
	(void)about;
	snprintf(s->decisions + n, sizeof(s->decisions) - n, "%s\n", text);
}

static void on_first(void *arg)
{
	struct story *s = arg;
	struct host_rx rx;

	while (host_dgram_recv(s->first, s->got, sizeof(s->got) - 1, &rx) == 0) {
		s->got[rx.n] = 0;
		s->n_got++;
	}
}

static void target(struct story *s, uint16_t priority, uint16_t port, const char *name)
{
	CHECK_OK(sim_dns_srv(
		s->r->sim, "_sip._udp.pool.example.com", &(struct sim_srv){3600, priority, 1, port, name}));
}

static void story_open(struct story *s, bool listens)
{
	struct sip_stack_cfg cfg = {.decision = on_decision, .decision_arg = s};
	struct host_dgram_cfg socket = {.local = {.port = 5060}};
	struct host_dgram_handler handler = {.readable = on_first, .arg = s};

	*s = (struct story){0};
	s->r = rig_new_with(&cfg);
	CHECK_OK(sim_host_new(s->r->sim, ASIDE, &s->host));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(ASIDE), 5060, &socket.local));
	if (listens) {
		CHECK_OK(host_dgram_open(s->host, &socket, &s->first));
		CHECK_OK(host_dgram_watch(s->first, &handler));
	}
	target(s, 1, 5060, ASIDE);
	target(s, 2, RIG_PEER_PORT, RIG_PEER_IP);
}

static void story_close(struct story *s)
{
	host_dgram_close(s->first);
	host_free(s->host);
	rig_close(s->r);
}

static struct sip_client *send(struct story *s, enum sip_method method)
{
	const struct sip_client_handler handler = rig_client_handler(s->r);
	struct sip_request req = rig_out(method);
	struct sip_client *c;

	s->r->user = (struct rig_user){0};
	req.target = SLICE_LIT(NAME);
	CHECK_OK(sip_client_send(s->r->stack, &req, &handler, &c));
	return c;
}

static void first_says(struct story *s, const char *status, const char *more)
{
	rig_send_from(s->r, s->first, rig_response(s->r, s->got, status, "first", more));
}

static const enum sip_method methods[] = {SIP_INVITE, SIP_OPTIONS};

TEST(an_unreachable_target_is_left_for_the_next_at_once)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct story s;
		const char *req;

		story_open(&s, false);
		send(&s, methods[i]);
		rig_run_for(s.r, 20);
		req = rig_expect(s.r, sip_method_name(methods[i]));
		CHECK(rig_has(req, NAME " SIP/2.0"));
		rig_reply(s.r, req, "200 OK");
		CHECK_EQ(s.r->user.status[0], 200);
		CHECK(strstr(s.decisions, "goes to UDP " RIG_PEER_IP ":5070 instead of " ASIDE ":5060"));
		CHECK(strstr(s.decisions, "UDP " ASIDE ":5060 is put aside for 30 s"));
		story_close(&s);
	}
}

/* The INVITE after SIP_TRY_T1, others after twice that: RFC 4320 4.1 lets a server think. Only the last has its 64*T1. */
TEST(a_silent_target_is_left_after_some_seconds)
{
	static const unsigned patience_ms[] = {4000, 8000};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct story s;
		char branch[64];

		story_open(&s, true);
		send(&s, methods[i]);
		rig_run_for(s.r, patience_ms[i] - 10);
		rig_expect_nothing(s.r);
		CHECK(s.n_got >= 4);
		snprintf(branch, sizeof(branch), "%s", rig_header(s.r, s.got, "Via"));
		rig_run_for(s.r, 20);
		CHECK_STR(rig_header(s.r, rig_expect(s.r, sip_method_name(methods[i])), "CSeq"),
			rig_header(s.r, s.got, "CSeq"));
		CHECK(s.r->user.done == 0);
		rig_run_for(s.r, 31900);
		CHECK(s.r->user.done == 0);
		rig_run_for(s.r, 200);
		CHECK_EQ(s.r->user.err, OH_ETIMEDOUT);
		while (s.r->got)
			rig_expect(s.r, sip_method_name(methods[i]));
		story_close(&s);
	}
}

TEST(a_503_is_acknowledged_and_left_and_its_retry_after_respected)
{
	struct story s;
	unsigned heard;
	const char *req;

	story_open(&s, true);
	send(&s, SIP_INVITE);
	rig_run_for(s.r, 20);
	first_says(&s, "100 Trying", "");
	rig_run_for(s.r, 20);
	first_says(&s, "503 Service Unavailable", "Retry-After: 120 (busy)\n");
	rig_run_for(s.r, 20);
	CHECK(strncmp(s.got, "ACK ", 4) == 0);
	req = rig_expect(s.r, "INVITE ");
	rig_reply(s.r, req, "486 Busy Here");
	CHECK(s.r->user.n == 2 && s.r->user.status[0] == 100 && s.r->user.status[1] == 486);
	rig_expect(s.r, "ACK ");
	CHECK(strstr(s.decisions, ASIDE ":5060 is put aside for 120 s: it answered 503"));
	/* The next request does not go there first ... */
	rig_run_for(s.r, 100000);
	heard = s.n_got;
	send(&s, SIP_OPTIONS);
	rig_reply(s.r, rig_expect(s.r, "OPTIONS "), "200 OK");
	CHECK_EQ(s.n_got, heard);
	/* ... until its time has passed; and then it is back. */
	rig_run_for(s.r, 20000);
	send(&s, SIP_OPTIONS);
	rig_run_for(s.r, 20);
	CHECK(strncmp(s.got, "OPTIONS ", 8) == 0);
	rig_expect_nothing(s.r);
	first_says(&s, "200 OK", "");
	rig_run_for(s.r, 20);
	CHECK_EQ(s.r->user.status[0], 200);
	CHECK(strstr(s.decisions, ASIDE ":5060 is tried again\n"));
	CHECK(strstr(s.decisions, ASIDE ":5060 is back\n"));
	story_close(&s);
}

/* While one request finds out, the others do without. */
TEST(one_request_probes_a_target_that_may_be_back)
{
	struct story s;
	unsigned heard;

	story_open(&s, true);
	send(&s, SIP_OPTIONS);
	rig_run_for(s.r, 20);
	first_says(&s, "503 Service Unavailable", "");
	rig_reply(s.r, rig_expect(s.r, "OPTIONS "), "200 OK");
	rig_run_for(s.r, 31000);
	heard = s.n_got;
	send(&s, SIP_OPTIONS);
	rig_run_for(s.r, 20);
	CHECK_EQ(s.n_got, heard + 1);
	send(&s, SIP_OPTIONS);
	rig_reply(s.r, rig_expect(s.r, "OPTIONS "), "200 OK");
	CHECK_EQ(s.n_got, heard + 1);
	rig_run_for(s.r, 9000);
	rig_reply(s.r, rig_expect(s.r, "OPTIONS "), "200 OK");
	story_close(&s);
}

TEST(other_answers_are_answers_and_so_is_a_provisional)
{
	struct story s;

	story_open(&s, true);
	send(&s, SIP_OPTIONS);
	rig_run_for(s.r, 20);
	first_says(&s, "500 Server Internal Error", "");
	rig_run_for(s.r, 20);
	CHECK_EQ(s.r->user.status[0], 500);
	send(&s, SIP_OPTIONS);
	rig_run_for(s.r, 20);
	first_says(&s, "100 Trying", "");
	rig_run_for(s.r, 40000);
	CHECK_EQ(s.r->user.err, OH_ETIMEDOUT);
	rig_expect_nothing(s.r);
	story_close(&s);
}

TEST(what_is_cancelled_goes_nowhere_else)
{
	struct story s;
	struct sip_client *c;

	story_open(&s, true);
	c = send(&s, SIP_INVITE);
	rig_run_for(s.r, 20);
	CHECK_OK(sip_client_cancel(c, NULL, 0));
	first_says(&s, "503 Service Unavailable", "");
	rig_run_for(s.r, 20);
	CHECK_EQ(s.r->user.status[0], 503);
	rig_expect_nothing(s.r);
	story_close(&s);
}

TEST(all_are_tried_and_the_last_one_decides)
{
	struct story s;
	struct host *nobody;

	story_open(&s, false);
	CHECK_OK(sim_host_new(s.r->sim, NOBODY, &nobody));
	target(&s, 1, 5060, NOBODY);
	send(&s, SIP_OPTIONS);
	rig_run_for(s.r, 100);
	rig_reply(s.r, rig_expect(s.r, "OPTIONS "), "503 Service Unavailable");
	rig_run_for(s.r, 100);
	CHECK_EQ(s.r->user.status[0], 503);
	host_free(nobody);
	story_close(&s);
}

TEST(every_allocation_may_fail)
{
	bool more = true;

	for (uint64_t n = 1; more; n++) {
		const struct sip_client_handler handler = {0};
		struct sip_request req = rig_out(SIP_INVITE);
		struct sip_client *c;
		struct story s;

		story_open(&s, false);
		req.target = SLICE_LIT(NAME);
		mem_fail_at(n);
		if (sip_client_send(s.r->stack, &req, &handler, &c) == 0)
			rig_run_for(s.r, 100);
		more = !mem_fail_armed();
		mem_fail_at(0);
		rig_run_for(s.r, 100000);
		host_dgram_close(s.first);
		host_free(s.host);
		rig_drop(s.r);
	}
}

TESTS(RUN(an_unreachable_target_is_left_for_the_next_at_once),
	RUN(a_silent_target_is_left_after_some_seconds),
	RUN(a_503_is_acknowledged_and_left_and_its_retry_after_respected),
	RUN(one_request_probes_a_target_that_may_be_back),
	RUN(other_answers_are_answers_and_so_is_a_provisional), RUN(what_is_cancelled_goes_nowhere_else),
	RUN(all_are_tried_and_the_last_one_decides), RUN(every_allocation_may_fail))
