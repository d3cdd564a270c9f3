/* Two stacks and a wire that harms one message: lost, doubled or late. Both ends agree, and nothing is left. */
#include "check.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "sip/txn.h"

#define CALLER_IP "192.0.2.1"
#define CALLEE_IP "192.0.2.2"

struct story {
	const char *name;
	enum sip_method method;
	unsigned answer; /* 0: it rings until the caller cancels */
	unsigned final;  /* what the caller must hear in the end */
};

static const struct story stories[] = {
	{"OPTIONS answered", SIP_OPTIONS, 200, 200},
	{"INVITE refused", SIP_INVITE, 486, 486},
	{"INVITE cancelled", SIP_INVITE, 0, 487},
};

struct world {
	const struct story *story;
	struct sim *sim;
	struct host *hosts[2];
	struct sip_stack *caller, *callee;
	struct sip_client *client;
	struct sip_server *server;
	unsigned final, finals, requests;
	int client_done, client_err, server_done, server_err;
	uint64_t harmed; /* serial of the packet */
	enum sim_fate fate;
};

static enum sim_fate harm(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	struct world *w = arg;

	if (p->serial != w->harmed)
		return SIM_BY_RULE;
	*delay_ns = 700 * NS_PER_MS;
	return w->fate;
}

static void on_cancel(void *arg, struct sip_msg *msg)
{
	struct world *w = arg;

	(void)msg;
	CHECK_OK(sip_respond(w->server, &(struct sip_reply){.status = 487}));
}

static void on_server_done(void *arg, int err)
{
	struct world *w = arg;

	w->server_done++;
	w->server_err = err;
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct world *w = arg;
	const struct sip_server_handler handler = {.cancel = on_cancel, .done = on_server_done, .arg = w};
	const struct sip_reply reply = {.status = w->story->answer ? w->story->answer : 180};

	w->requests++;
	w->server = server;
	if (msg->method == SIP_INVITE)
		sip_server_handle(server, &handler);
	CHECK_OK(sip_respond(server, &reply));
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct world *w = arg;

	(void)flow;
	if (msg->status >= 200) {
		w->final = msg->status;
		w->finals++;
	} else if (msg->status == 180) {
		CHECK_OK(sip_client_cancel(w->client, NULL, 0));
	}
}

static void on_client_done(void *arg, int err)
{
	struct world *w = arg;

	w->client_done++;
	w->client_err = err;
}

static struct sip_stack *open_stack(struct world *w, int which, const char *ip)
{
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	struct sip_stack_cfg cfg = {.handler = {.request = on_request, .arg = w}};
	struct sip_transport *t;
	struct sip_stack *s;

	CHECK_OK(sim_host_new(w->sim, ip, &w->hosts[which]));
	CHECK_OK(netaddr_parse_ip(slice_of(ip), 5060, &udp.local));
	cfg.host = w->hosts[which];
	CHECK_OK(sip_stack_new(&cfg, &s));
	CHECK_OK(sip_transport_new(s, &udp, &t));
	return s;
}

static void tell(struct world *w)
{
	const struct sip_client_handler handler = {.response = on_response, .done = on_client_done, .arg = w};
	const struct sip_request req = {
		.method = w->story->method,
		.target = SLICE_LIT("sip:bob@" CALLEE_IP),
		.from = SLICE_LIT("<sip:alice@example.com>;tag=a"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.call_id = SLICE_LIT("call@" CALLER_IP),
		.cseq = 1,
	};

	CHECK_OK(sim_new(7, &w->sim));
	w->caller = open_stack(w, 0, CALLER_IP);
	w->callee = open_stack(w, 1, CALLEE_IP);
	sim_filter(w->sim, harm, w);
	CHECK_OK(sip_client_send(w->caller, &req, &handler, &w->client));
	sim_run_for(w->sim, 120 * NS_PER_S);
}

static void check_all_is_over(struct sip_stack *s)
{
	struct sip_counters c;

	sip_stack_counters(s, &c);
	CHECK_EQ(c.client_txns + c.server_txns + c.timers + c.locating, 0);
}

static void close_world(struct world *w)
{
	check_all_is_over(w->caller);
	check_all_is_over(w->callee);
	sip_stack_free(w->caller);
	sip_stack_free(w->callee);
	host_free(w->hosts[0]);
	host_free(w->hosts[1]);
	sim_free(w->sim);
}

TEST(one_harmed_message_changes_no_outcome)
{
	static const enum sim_fate fates[] = {SIM_BY_RULE, SIM_DROP, SIM_DOUBLE, SIM_DELAY};

	for (size_t s = 0; s < ARRAY_LEN(stories); s++) {
		for (size_t f = 0; f < ARRAY_LEN(fates); f++) {
			for (uint64_t serial = 1; serial <= 8; serial++) {
				struct world w = {.story = &stories[s], .harmed = serial, .fate = fates[f]};
				bool invite = stories[s].method == SIP_INVITE;

				tell(&w);
				if (w.final != stories[s].final || w.finals != 1 || w.requests != 1)
					fail_msg("%s, fate %d of packet %u: heard %u, %u times",
						stories[s].name, fates[f], (unsigned)serial, w.final,
						w.finals);
				CHECK_EQ(w.client_done, 1);
				CHECK_EQ(w.client_err, 0);
				CHECK_EQ(w.server_done, invite ? 1 : 0);
				CHECK_EQ(w.server_err, 0);
				close_world(&w);
			}
		}
	}
}

TESTS(RUN(one_harmed_message_changes_no_outcome))
