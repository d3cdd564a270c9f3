#include "flow.h"

void flow_talk(struct pair *p)
{
	pair_call(p, "offer-1");
	CHECK(pair_wait(&p->b, INV_INCOMING));
	end_reply(&p->b, 180, NULL);
	pair_run_ms(p, 2000);
	end_reply(&p->b, 200, "answer-1");
	CHECK(pair_wait(&p->a, INV_CONFIRMED));
	CHECK(pair_wait(&p->b, INV_CONFIRMED));
}

void flow_hangup(struct end *e)
{
	struct end *other = e == &e->pair->a ? &e->pair->b : &e->pair->a;

	end_hangup(e);
	CHECK(pair_wait(other, INV_DISCONNECTED));
}

/* ---- what a run came to ---- */

static bool came_to(const struct pair *p, const struct flow_end *end)
{
	return end->a && strcmp(p->a.reason_text, end->a) == 0 && strcmp(p->b.reason_text, end->b) == 0;
}

static void check_end(const struct pair *p, const struct flow *flow, const struct fault *f)
{
	size_t n_ends = f->kind == SIM_BY_RULE ? 1 : FLOW_ENDS;
	bool good = false;

	for (size_t i = 0; i < n_ends; i++)
		good = good || came_to(p, &flow->ends[i]);
	if (!good || (!flow->apart && strcmp(p->a.session, p->b.session) != 0))
		fail_msg("fate %d of packet %u and %u, delay %u ms: \"%s\" and \"%s\", sessions %s and "
			 "%s\n%s\n%s",
			(int)f->kind, (unsigned)f->serial, (unsigned)f->second,
			(unsigned)(f->delay_ns / NS_PER_MS), p->a.reason_text, p->b.reason_text, p->a.session,
			p->b.session, p->a.log, p->b.log);
}

/* Who is told to go by a proxy finds no other way. */
static void close_direct_way(struct pair *p)
{
	static const char *const others[] = {END_B_IP, END_C_IP};
	const struct sim_wire closed = {.loss = 1};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		CHECK_OK(sim_wire_between(p->sim, END_A_IP, others[i], &closed));
		CHECK_OK(sim_wire_between(p->sim, others[i], END_A_IP, &closed));
	}
}

static void open_proxies(struct pair *p, const struct flow *flow, struct proxy *proxies[FLOW_PROXIES])
{
	for (size_t i = 0; i < FLOW_PROXIES && flow->proxies[i].ip; i++) {
		proxies[i] = proxy_new(p->sim, &flow->proxies[i]);
		if (flow->proxies[i].record_route)
			close_direct_way(p);
	}
}

/* Alice's, for whoever asks on the way. */
static struct sip_auth *credentials(void)
{
	static const struct sip_credential alice = {
		.realm = SLICE_LIT("*"), .user = SLICE_LIT("alice"), .password = SLICE_LIT("secret")};
	struct sip_auth *auth;

	CHECK_OK(sip_auth_new(&(struct sip_auth_cfg){.credentials = &alice, .n_credentials = 1}, &auth));
	return auth;
}

/* How many packets there were. */
static uint64_t run(const struct flow *flow, struct fault *f)
{
	struct pair *p = pair_new();
	struct proxy *proxies[FLOW_PROXIES] = {NULL};

	p->auth = credentials();
	p->target = flow->target;
	p->route = flow->route;
	open_proxies(p, flow, proxies);
	pair_fault(p, f);
	flow->script(p);
	pair_run_ms(p, 100000);
	check_end(p, flow, f);
	if (f->kind == SIM_BY_RULE && flow->a) {
		CHECK_STR(p->a.log, flow->a);
		CHECK_STR(p->b.log, flow->b);
	}
	pair_finish(p);
	for (size_t i = 0; i < FLOW_PROXIES; i++)
		proxy_free(proxies[i]);
	sip_auth_unref(p->auth);
	pair_drop(p);
	return f->n_packets;
}

/* Two packets share the fate; repeats, which the clean run has not, among them. */
static void run_with_two(const struct flow *flow, const struct fault *kind, uint64_t n)
{
	for (uint64_t first = 1; first < n; first++) {
		for (uint64_t second = first + 1; second <= n + 2; second++) {
			struct fault f = *kind;

			f.serial = first;
			f.second = second;
			run(flow, &f);
		}
	}
}

void flow_run(const struct flow *flow)
{
	static const struct {
		struct fault fault;
		bool in_pairs;
	} kinds[] = {{{.kind = SIM_DROP}, true}, {{.kind = SIM_DOUBLE}, false},
		{{.kind = SIM_DELAY, .delay_ns = 4 * NS_PER_MS}, false},
		{{.kind = SIM_DELAY, .delay_ns = 700 * NS_PER_MS}, true}};
	struct fault none = {.kind = SIM_BY_RULE};
	uint64_t n = run(flow, &none);

	CHECK(n >= 3);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (uint64_t serial = 1; serial <= n; serial++) {
			struct fault f = kinds[k].fault;

			f.serial = serial;
			run(flow, &f);
		}
		if (kinds[k].in_pairs)
			run_with_two(flow, &kinds[k].fault, n);
	}
}
