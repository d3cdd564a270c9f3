#include "pair.h"

static __attribute__((format(printf, 2, 3))) void note(struct end *e, const char *format, ...)
{
	size_t n = strlen(e->log);
	va_list args;

	if (n && n + 1 < sizeof(e->log))
		e->log[n++] = ' ';
	va_start(args, format);
	vsnprintf(e->log + n, sizeof(e->log) - n, format, args);
	va_end(args);
}

/* ---- who agreed on what ---- */

static void offered(struct end *e, const char *offer)
{
	snprintf(e->our_offer, sizeof(e->our_offer), "%s", offer ? offer : "");
}

static void their_offer(struct end *e, struct slice offer)
{
	snprintf(e->their_offer, sizeof(e->their_offer), "%.*s", SLICE_ARG(offer));
}

static void they_answered(struct end *e, struct slice answer)
{
	snprintf(e->session, sizeof(e->session), "%s/%.*s", e->our_offer, SLICE_ARG(answer));
}

static void we_answered(struct end *e, const char *answer)
{
	snprintf(e->session, sizeof(e->session), "%s/%s", e->their_offer, answer);
	e->their_offer[0] = '\0';
}

/* ---- what the session tells ---- */

static void called_back(struct end *e)
{
	if (++e->callbacks == e->free_at)
		e->inv = inv_free(e->inv);
}

static void on_state(void *arg, struct inv *inv, struct sip_msg *msg)
{
	struct end *e = arg;
	struct slice reason = inv_reason(inv);

	(void)msg;
	note(e, "%s(%u)", inv_state_name(inv_state(inv)), inv_status(inv));
	if (inv_state(inv) == INV_DISCONNECTED) {
		e->status = inv_status(inv);
		e->by = inv_ended_by(inv);
		snprintf(e->reason_text, sizeof(e->reason_text), "%.*s", SLICE_ARG(reason));
	}
	called_back(e);
}

static int on_sdp(void *arg, struct inv *inv, enum inv_sdp kind, struct slice body, bool early)
{
	struct end *e = arg;
	int err = 0;

	note(e, "%s%s:%.*s", early ? "early-" : "", kind == INV_SDP_OFFER ? "offer" : "answer",
		SLICE_ARG(body));
	if (e->verdict)
		return e->verdict;
	if (kind == INV_SDP_ANSWER)
		they_answered(e, body);
	else
		their_offer(e, body);
	if (kind == INV_SDP_OFFER && e->answer) {
		err = inv_answer_offer(inv, slice_of(e->answer), SLICE_NONE);
		if (err == 0)
			we_answered(e, e->answer);
	}
	called_back(e);
	return err;
}

static void on_reoffer_failed(void *arg, struct inv *inv, unsigned status, struct sip_msg *msg)
{
	(void)inv;
	(void)msg;
	note(arg, "failed(%u)", status);
	called_back(arg);
}

static struct slice on_reoffer_again(void *arg, struct inv *inv)
{
	struct end *e = arg;

	(void)inv;
	note(e, "again");
	offered(e, e->again);
	called_back(e);
	return slice_of(e->again);
}

static struct slice on_prack_offer(void *arg, struct inv *inv)
{
	struct end *e = arg;
	const char *offer = e->in_prack;

	(void)inv;
	e->in_prack = NULL;
	if (offer)
		offered(e, offer);
	return slice_of(offer);
}

static void on_response(void *arg, struct inv *inv, uint64_t token, struct sip_msg *msg, int err)
{
	(void)inv;
	note(arg, "response(%u,%u,%s)", (unsigned)token, msg ? msg->status : 0, offhook_errname(err));
}

struct inv_handler end_inv_handler(struct end *e)
{
	return (struct inv_handler){.state = on_state,
		.sdp = on_sdp,
		.reoffer_failed = on_reoffer_failed,
		.reoffer_again = on_reoffer_again,
		.prack_offer = on_prack_offer,
		.response = on_response,
		.arg = e};
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct end *e = arg;
	struct inv_handler handler = end_inv_handler(e);
	struct slice offer;

	if (msg->method != SIP_INVITE || e->inv) {
		sip_refuse(server, 486, NULL);
		return;
	}
	if (inv_incoming(e->stack, msg, server, &e->policy, &handler, &e->inv) != 0)
		return;
	offer = inv_remote_offer(e->inv);
	note(e, "INCOMING");
	their_offer(e, offer);
	if (!slice_empty(offer))
		note(e, "offer:%.*s", SLICE_ARG(offer));
}

static void on_stray(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct end *e = arg;

	inv_end_stray(e->stack, msg, flow);
}

struct sip_stack_handler end_stack_handler(struct end *e)
{
	return (struct sip_stack_handler){on_request, on_stray, e};
}

/* ---- life ---- */

static int end_open(struct end *e, struct pair *p, const char *ip, const char *name)
{
	struct sip_stack_cfg cfg = {.handler = end_stack_handler(e)};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	int err = sim_host_new(p->sim, ip, &e->host);

	e->pair = p;
	e->policy = inv_policy_default();
	e->ip = ip;
	e->name = name;
	if (err)
		return err;
	cfg.host = e->host;
	err = netaddr_parse_ip(slice_of(ip), 5060, &udp.local);
	if (!err)
		err = sip_stack_new(&cfg, &e->stack);
	if (!err)
		err = sip_transport_new(e->stack, &udp, &e->udp);
	return err;
}

static struct pair *open_pair(uint64_t seed)
{
	struct pair *p = calloc(1, sizeof(*p));
	int err;

	CHECK(p);
	err = sim_new(seed, &p->sim);
	if (!err)
		err = end_open(&p->a, p, END_A_IP, "alice");
	if (!err)
		err = end_open(&p->b, p, END_B_IP, "bob");
	if (!err)
		return p;
	pair_drop(p);
	return NULL;
}

struct pair *pair_try_new(void)
{
	return open_pair(7);
}

struct pair *pair_seeded(uint64_t seed)
{
	struct pair *p = open_pair(seed);

	CHECK(p);
	return p;
}

struct pair *pair_new(void)
{
	return pair_seeded(7);
}

void pair_add_third(struct pair *p)
{
	CHECK_OK(end_open(&p->c, p, END_C_IP, "carol"));
}

static void end_close(struct end *e)
{
	inv_free(e->inv);
	sip_stack_free(e->stack);
	host_free(e->host);
}

void pair_drop(struct pair *p)
{
	end_close(&p->a);
	end_close(&p->b);
	end_close(&p->c);
	sim_free(p->sim);
	free(p);
}

static void check_empty(const struct end *e)
{
	struct sip_counters c;

	if (!e->stack)
		return;
	sip_stack_counters(e->stack, &c);
	if (c.client_txns || c.server_txns || c.dialogs || c.timers || c.locating)
		fail_msg("left at %s: %zu client and %zu server transactions, %zu dialogs, %zu timers; log: "
			 "%s",
			e->name, c.client_txns, c.server_txns, c.dialogs, c.timers, e->log);
}

void pair_finish(struct pair *p)
{
	p->a.inv = inv_free(p->a.inv);
	p->b.inv = inv_free(p->b.inv);
	p->c.inv = inv_free(p->c.inv);
	pair_run_ms(p, 200000);
	check_empty(&p->a);
	check_empty(&p->b);
	check_empty(&p->c);
}

void pair_close(struct pair *p)
{
	pair_finish(p);
	pair_drop(p);
}

/* ---- the story's verbs ---- */

int pair_try_call(struct pair *p, const char *offer)
{
	struct slice route = slice_of(p->route);
	struct inv_call_cfg cfg = {.target = slice_of(p->target ? p->target : "sip:bob@" END_B_IP),
		.routes = &route,
		.n_routes = p->route != NULL,
		.from = SLICE_LIT("Alice <sip:alice@example.com>"),
		.to = SLICE_LIT("<sip:bob@example.com>"),
		.contact = SLICE_LIT("<sip:alice@" END_A_IP ">"),
		.offer = slice_of(offer),
		.auth = p->auth,
		.policy = p->a.policy,
		.handler = end_inv_handler(&p->a)};

	offered(&p->a, offer);
	return inv_call(p->a.stack, &cfg, &p->a.inv);
}

void pair_call(struct pair *p, const char *offer)
{
	CHECK_OK(pair_try_call(p, offer));
}

struct wait {
	struct end *end;
	enum inv_state state;
};

static bool has_state(void *arg)
{
	struct wait *w = arg;

	return w->end->inv && inv_state(w->end->inv) >= w->state;
}

bool pair_wait(struct end *e, enum inv_state state)
{
	struct wait w = {e, state};

	return sim_run_while_not(e->pair->sim, has_state, &w, 100 * NS_PER_S) && inv_state(e->inv) == state;
}

static bool is_settled(void *arg)
{
	struct pair *p = arg;

	return !inv_offer_open(p->a.inv) && !inv_offer_open(p->b.inv);
}

bool pair_wait_settled(struct pair *p)
{
	return sim_run_while_not(p->sim, is_settled, p, 100 * NS_PER_S);
}

void pair_run_ms(struct pair *p, unsigned ms)
{
	sim_run_for(p->sim, ms * NS_PER_MS);
}

void pair_settle(struct pair *p)
{
	pair_run_ms(p, 10);
}

int end_try_reply(struct end *e, unsigned status, const char *sdp)
{
	struct inv_reply reply = {.status = status, .sdp = slice_of(sdp)};
	/* An offer in an UPDATE may have been refused since. */
	bool asked = *e->their_offer && !slice_empty(inv_remote_offer(e->inv));
	bool open = inv_offer_open(e->inv);
	char contact[64];
	int err;

	snprintf(contact, sizeof(contact), "<sip:bob@%s>", e->ip ? e->ip : END_B_IP);
	reply.contact = slice_of(contact);
	err = inv_reply(e->inv, &reply);
	if (err == 0 && sdp && asked)
		we_answered(e, sdp);
	else if (err == 0 && sdp && !open && !e->session[0])
		offered(e, sdp);
	return err;
}

void end_reply(struct end *e, unsigned status, const char *sdp)
{
	CHECK_OK(end_try_reply(e, status, sdp));
}

int end_reoffer(struct end *e, const char *offer)
{
	int err = inv_reoffer(e->inv, slice_of(offer), SLICE_NONE, NULL, 0);

	if (err == 0)
		offered(e, offer);
	return err;
}

int end_update(struct end *e, const char *offer)
{
	int err = inv_update(e->inv, slice_of(offer), SLICE_NONE, NULL, 0);

	if (err == 0 && offer)
		offered(e, offer);
	return err;
}

void end_hangup(struct end *e)
{
	if (e->inv)
		(void)inv_end(e->inv, 0, SLICE_NONE, NULL, 0);
}

/* ---- one packet's fate ---- */

static enum sim_fate fate_of(void *arg, const struct sim_packet *packet, uint64_t *delay_ns)
{
	struct fault *f = arg;

	f->n_packets++;
	if (f->n_packets != f->serial && f->n_packets != f->second)
		return SIM_BY_RULE;
	*delay_ns = f->delay_ns;
	(void)packet;
	return f->kind;
}

void pair_fault(struct pair *p, struct fault *f)
{
	f->n_packets = 0;
	sim_filter(p->sim, fate_of, f);
}
