/*
 * A thousand registrations with digest over a bad wire (5 % lost each way) to a registrar that is started anew every hour,
 * its time away drawn anew each time; its nonces are forgotten then. When it keeps its bindings nobody is away longer than
 * it was plus 92 s: an attempt that began just before it came back times out (64*T1 = 32 s), and the longest wait follows
 * (60 s). When it forgets them nobody is away longer than one refresh interval: 480 s of the 600 s that it grants. And
 * nobody storms: it never hears much more than it grants.
 *
 * A day of each here; OFFHOOK_REG_DAYS=30 plays the month. It said: 6,689,104 requests; longest away 217 s when the bindings
 * were kept, 474 s when they were forgotten.
 */
#include "reg_rig.h"

#include <stdio.h>

#define ACCOUNTS      1000u
#define EXPIRES_S     600u
#define REFRESH_MAX_S 480u /* what 600 s give: reg_machine.c */
#define OUTAGE_MIN_S  5u
#define OUTAGE_MAX_S  300u

struct month {
	struct sim *sim;
	struct host *host;
	struct sip_stack *stack;
	struct sip_transport *udp;
	struct registrar *registrar;
	struct reg *regs[ACCOUNTS];
	uint64_t limit_ns, longest_ns;
	unsigned late;
};

static void on_bound(void *arg, uint64_t away_ns)
{
	struct month *m = arg;

	if (away_ns > m->longest_ns)
		m->longest_ns = away_ns;
	m->late += away_ns > m->limit_ns;
}

static void on_outcome(void *arg, const struct reg_outcome *o)
{
	(void)arg;
	CHECK(o->state == REG_REGISTERED || o->err);
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)arg;
	(void)msg;
	sip_refuse(server, 404, NULL);
}

static void register_all(struct month *m)
{
	static const struct slice registrar = SLICE_LIT("sip:" REGISTRAR_IP);

	/* Each with a password of its own: what one of them was asked for helps nobody else. */
	for (size_t i = 0; i < ACCOUNTS; i++) {
		char aor[64], user[16];
		struct sip_credential who = {.realm = SLICE_LIT("*"), .password = SLICE_LIT("secret")};
		struct sip_auth *auth;
		struct reg_cfg cfg = {.registrars = &registrar,
			.n_registrars = 1,
			.expires_s = EXPIRES_S,
			.rewrite = true,
			.handler = {.outcome = on_outcome, .arg = m}};

		snprintf(user, sizeof(user), "u%zu", i);
		snprintf(aor, sizeof(aor), "<sip:%s@example.com>", user);
		cfg.aor = slice_of(aor);
		cfg.user = who.user = slice_of(user);
		CHECK_OK(
			sip_auth_new(&(struct sip_auth_cfg){.credentials = &who, .n_credentials = 1}, &auth));
		cfg.auth = auth;
		CHECK_OK(reg_new(m->stack, &cfg, &m->regs[i]));
		sip_auth_unref(auth);
		reg_start(m->regs[i]);
	}
}

static struct month *month_new(void)
{
	struct month *m = calloc(1, sizeof(*m));
	struct sip_stack_cfg cfg = {.handler = {.request = on_request}};
	struct sip_transport_cfg udp = {.type = SIP_TRANSPORT_UDP};
	const struct sim_wire wire = {.loss = 0.05, .delay_ns = 20 * NS_PER_MS, .jitter_ns = 10 * NS_PER_MS};

	CHECK(m);
	CHECK_OK(sim_new(30, &m->sim));
	CHECK_OK(sim_host_new(m->sim, REG_RIG_IP, &m->host));
	cfg.host = m->host;
	CHECK_OK(sip_stack_new(&cfg, &m->stack));
	CHECK_OK(netaddr_parse_ip(slice_of(REG_RIG_IP), 5060, &udp.local));
	CHECK_OK(sip_transport_new(m->stack, &udp, &m->udp));
	m->registrar = registrar_new(
		m->sim, &(struct registrar_cfg){
				.max_s = EXPIRES_S, .password = "secret", .bound = on_bound, .arg = m});
	sim_wire(m->sim, &wire);
	m->limit_ns = 32 * NS_PER_S;
	register_all(m);
	sim_run_for(m->sim, 60 * NS_PER_S);
	return m;
}

static void month_close(struct month *m)
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		reg_free(m->regs[i]);
	sip_stack_free(m->stack);
	registrar_free(m->registrar);
	host_free(m->host);
	sim_free(m->sim);
	free(m);
}

static void hour(struct month *m, bool forgets)
{
	uint64_t outage_s = OUTAGE_MIN_S + host_random_below(m->host, OUTAGE_MAX_S - OUTAGE_MIN_S + 1);

	m->limit_ns = (forgets ? REFRESH_MAX_S : outage_s + 92) * NS_PER_S;
	registrar_down(m->registrar);
	sim_run_for(m->sim, outage_s * NS_PER_S);
	registrar_up(m->registrar, forgets);
	sim_run_for(m->sim, (3600 - outage_s) * NS_PER_S);
}

static void play(bool forgets)
{
	const char *text = getenv("OFFHOOK_REG_DAYS");
	unsigned hours = text ? 24 * (unsigned)atoi(text) : CHECK_SANITIZED ? 6 : 24;
	struct month *m = month_new();
	unsigned begun = m->registrar->requests;

	for (unsigned h = 0; h < hours; h++)
		hour(m, forgets);
	print_message("# %u hours, %u requests, longest away %u s\n", hours, m->registrar->requests - begun,
		(unsigned)(m->longest_ns / NS_PER_S));
	CHECK_EQ(m->late, 0);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		struct reg_info info;

		reg_info(m->regs[i], &info);
		CHECK(info.bound);
	}
	/* A refresh each 432..480 s, some heard twice because its answer was lost, and those that an outage moved. */
	CHECK(m->registrar->requests - begun < hours * 3600ull * ACCOUNTS / 432 * 125 / 100);
	month_close(m);
}

TEST(a_registrar_that_keeps_its_bindings)
{
	play(false);
}

TEST(a_registrar_that_forgets_them)
{
	play(true);
}

TESTS(RUN(a_registrar_that_keeps_its_bindings), RUN(a_registrar_that_forgets_them))
