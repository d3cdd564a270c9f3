/*
 * Two SIP stacks and the wire between them, driven by a program in bytes: requests, responses, CANCELs, letting go, the
 * passing of time, datagrams from a stranger, memory running out; and the fate of each packet (wire.h). What holds whatever the
 * program does: a client hears one final response or one error and then nothing more, an INVITE's server transaction
 * ends once, and when all have lost interest nothing is left.
 */
#include "wire.h"

#include "base/err.h"
#include "sip/txn.h"

#define CLIENTS 6
#define SERVERS 6
#define NODES   2

struct client {
	struct node *node;
	struct sip_client *c; /* NULL: the place is free */
	struct sip_ack *ack;
	bool invite, impatient;     /* impatient: lets go when it hears of it first */
	unsigned accepted, refused; /* final responses heard */
};

struct server {
	struct node *node;
	struct sip_server *t;
	bool invite;
};

struct world;

struct node {
	struct world *world;
	const char *ip;
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct client clients[CLIENTS];
	struct server servers[SERVERS];
	uint32_t cseq;
};

struct world {
	struct feed f;
	struct bad_wire wire;
	struct sim *sim;
	struct node nodes[NODES];
	bool closing; /* new requests are refused at once */
};

/* ---- what clients hear ---- */

static void acknowledge(struct client *c, struct sip_msg *msg)
{
	struct sip_request req = {.method = SIP_ACK,
		.target = SLICE_LIT("sip:x@192.0.2.2"),
		.from = sip_msg_value(msg, SIP_HDR_FROM),
		.to = sip_msg_value(msg, SIP_HDR_TO),
		.call_id = sip_msg_call_id(msg),
		.cseq = 1};

	if (c->ack)
		sip_ack_again(c->ack);
	else
		(void)sip_ack_send(c->node->stack, &req, &c->ack);
}

static void client_gone(struct client *c)
{
	c->c = NULL;
	c->ack = sip_ack_free(c->ack);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct client *c = arg;

	(void)flow;
	CHECK(c->c && !c->refused);
	CHECK(!c->accepted || (c->invite && msg->status / 100 == 2));
	if (msg->status / 100 == 2 && c->invite)
		acknowledge(c, msg);
	c->accepted += msg->status / 100 == 2;
	c->refused += msg->status >= 300;
	if (c->impatient) {
		sip_client_free(c->c);
		client_gone(c);
	}
}

static void on_client_done(void *arg, int err)
{
	struct client *c = arg;

	CHECK(c->c);
	CHECK(err || c->accepted || c->refused);
	CHECK(err != OH_ETIMEDOUT || (!c->accepted && !c->refused));
	client_gone(c);
}

/* ---- what servers hear ---- */

static void on_cancel(void *arg, struct sip_msg *msg)
{
	struct server *s = arg;
	const struct sip_reply terminated = {.status = 487};

	(void)msg;
	CHECK(s->t);
	if (s->node->world->closing || feed_below(&s->node->world->f, 2))
		(void)sip_respond(s->t, &terminated);
}

static void on_failed(void *arg, int err)
{
	const struct server *s = arg;

	CHECK(s->t && err);
}

static void on_server_done(void *arg, int err)
{
	struct server *s = arg;

	(void)err;
	CHECK(s->t);
	s->t = NULL;
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *t)
{
	struct sip_server_handler handler = {on_cancel, on_failed, on_server_done, NULL};
	struct node *n = arg;
	struct server *s = NULL;

	CHECK(msg->method != SIP_ACK && msg->method != SIP_CANCEL);
	for (size_t i = 0; i < SERVERS; i++)
		if (!n->servers[i].t)
			s = &n->servers[i];
	if (!s || n->world->closing) {
		sip_refuse(t, 486, NULL);
		return;
	}
	*s = (struct server){n, t, msg->method == SIP_INVITE};
	handler.arg = s;
	if (s->invite)
		sip_server_handle(t, &handler);
}

/* ---- the program's verbs ---- */

static void send_request(struct world *w, struct node *n)
{
	static const enum sip_method methods[] = {SIP_INVITE, SIP_INVITE, SIP_OPTIONS, SIP_OPTIONS, SIP_INFO,
		SIP_BYE, SIP_REGISTER, SIP_METHOD_OTHER};
	static const char *const targets[] = {"sip:x@192.0.2.1", "sip:x@192.0.2.2", "sip:x@192.0.2.2",
		"sip:x@name.example", "sip:x@silent.example", "sip:x@nowhere.example", "sip:x@192.0.2.9",
		"tel:+1"};
	unsigned what = feed_byte(&w->f), where = feed_byte(&w->f);
	char cseq_id[32];
	struct sip_extra extra = {SLICE_LIT("X-Fuzz"), feed_bytes(&w->f, where >> 6)};
	struct client *c = NULL;
	struct sip_client_handler handler = {.response = on_response, .done = on_client_done, .arg = NULL};
	struct sip_request req = {.method = methods[what % ARRAY_LEN(methods)],
		.method_text = SLICE_LIT("NEWS"),
		.target = slice_of(targets[where % ARRAY_LEN(targets)]),
		.from = SLICE_LIT("<sip:a@h>;tag=1"),
		.to = SLICE_LIT("<sip:b@h>"),
		.cseq = ++n->cseq,
		.contact = SLICE_LIT("<sip:a@192.0.2.1>"),
		.extras = &extra,
		.n_extras = what >> 7};

	for (size_t i = 0; i < CLIENTS; i++)
		if (!n->clients[i].c)
			c = &n->clients[i];
	if (!c)
		return;
	snprintf(cseq_id, sizeof(cseq_id), "%s-%u", n->ip, n->cseq);
	req.call_id = slice_of(cseq_id);
	*c = (struct client){.node = n, .invite = req.method == SIP_INVITE, .impatient = what & 8};
	handler.arg = c;
	if (sip_client_send(n->stack, &req, &handler, &c->c) != 0)
		c->c = NULL;
}

static void answer(struct world *w, struct node *n)
{
	static const unsigned statuses[] = {
		100, 180, 183, 200, 200, 202, 302, 404, 408, 486, 503, 603, 700, 99};
	struct server *s = &n->servers[feed_below(&w->f, SERVERS)];
	unsigned what = feed_byte(&w->f);
	struct sip_extra extra = {SLICE_LIT("X-Fuzz"), feed_bytes(&w->f, what >> 6)};
	struct sip_reply reply = {.status = statuses[what % ARRAY_LEN(statuses)],
		.contact = SLICE_LIT("<sip:b@192.0.2.2>"),
		.record_route = what & 16,
		.extras = &extra,
		.n_extras = what >> 7};
	int err;

	if (!s->t)
		return;
	err = sip_respond(s->t, &reply);
	/* What was not sent for its own fault leaves the transaction with us. */
	if (!s->invite && err != OH_EINVAL && err != OH_ETOOBIG && err != OH_ENOMEM)
		s->t = NULL;
}

static void let_go(struct world *w, struct node *n, unsigned how)
{
	struct client *c = &n->clients[feed_below(&w->f, CLIENTS)];
	struct server *s = &n->servers[feed_below(&w->f, SERVERS)];

	switch (how % 4) {
	case 0:
		if (c->c)
			(void)sip_client_cancel(c->c, NULL, 0);
		break;
	case 1:
		sip_client_free(c->c);
		client_gone(c);
		break;
	case 2:
		if (s->t && s->invite)
			(void)sip_respond_again(s->t);
		break;
	default:
		if (s->t)
			sip_server_detach(s->t);
		s->t = NULL;
	}
}

static void open_udp(struct node *n)
{
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};

	CHECK_OK(netaddr_parse_ip(slice_of(n->ip), 5060, &udp.local));
	mem_fail_at(0);
	CHECK_OK(sip_transport_new(n->stack, &udp, &n->udp));
}

static void step(struct world *w)
{
	unsigned op = feed_byte(&w->f);
	struct node *n = &w->nodes[op % NODES];

	switch (op >> 4) {
	case 0:
	case 1:
	case 2:
	case 3:
		send_request(w, n);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		answer(w, n);
		break;
	case 8:
	case 9:
		let_go(w, n, op >> 1);
		break;
	case 10:
		wire_inject(&w->wire, n->ip, feed_bytes(&w->f, feed_u16(&w->f) % 1500));
		break;
	case 11:
		mem_fail_at(1 + feed_byte(&w->f));
		break;
	case 12:
		if (op & 8)
			break;
		n->udp = sip_transport_free(n->udp);
		open_udp(n);
		break;
	default:
		sim_run_for(w->sim, (op & 0x10 ? 10ull : 1000ull) * feed_byte(&w->f) * NS_PER_MS);
	}
	sim_run_for(w->sim, 0);
}

/* ---- life ---- */

static void node_open(struct world *w, struct node *n, const char *ip)
{
	struct sip_stack_cfg cfg = {.handler = {.request = on_request, .arg = n}};

	n->world = w;
	n->ip = ip;
	CHECK_OK(sim_host_new(w->sim, ip, &n->host));
	cfg.host = n->host;
	CHECK_OK(sip_stack_new(&cfg, &n->stack));
	open_udp(n);
}

static void world_open(struct world *w)
{
	CHECK_OK(sim_new(feed_byte(&w->f), &w->sim));
	CHECK_OK(sim_dns_addr(w->sim, "name.example", "192.0.2.2"));
	CHECK_OK(sim_dns_answer(w->sim, "silent.example", 1, NULL, 0, 5 * NS_PER_S));
	node_open(w, &w->nodes[0], "192.0.2.1");
	node_open(w, &w->nodes[1], "192.0.2.2");
	wire_open(&w->wire, w->sim, &w->f);
}

/* Nobody wants anything any more. Requests that are no INVITE end by themselves; one of those may ring for ever. */
static void lose_interest(struct world *w)
{
	w->closing = true;
	for (size_t i = 0; i < NODES; i++)
		for (size_t k = 0; k < SERVERS; k++) {
			struct server *s = &w->nodes[i].servers[k];

			if (s->t)
				sip_server_detach(s->t);
			s->t = NULL;
		}
	sim_run_for(w->sim, 50 * NS_PER_S);
	for (size_t i = 0; i < NODES; i++)
		for (size_t k = 0; k < CLIENTS; k++) {
			struct client *c = &w->nodes[i].clients[k];

			CHECK(!c->c || c->invite);
			sip_client_free(c->c);
			client_gone(c);
		}
	sim_run_for(w->sim, 200 * NS_PER_S);
}

static void world_close(struct world *w)
{
	struct sip_counters c;

	for (size_t i = 0; i < NODES; i++) {
		sip_stack_counters(w->nodes[i].stack, &c);
		CHECK_EQ(c.client_txns + c.server_txns + c.dialogs + c.timers + c.locating + c.unanswered, 0);
		sip_stack_free(w->nodes[i].stack);
		host_free(w->nodes[i].host);
	}
	wire_close(&w->wire);
	sim_free(w->sim);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct world w = {.f = {data, n}};

	world_open(&w);
	for (unsigned steps = 0; w.f.n && steps < 300; steps++)
		step(&w);
	mem_fail_at(0);
	lose_interest(&w);
	world_close(&w);
}
