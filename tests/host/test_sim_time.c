#include "net.h"

#include "host/sim/sim.h"

struct diary {
	struct sim *sim;
	struct host *host;
	char text[4096];
};

static void note(struct diary *d, const char *what)
{
	size_t n = strlen(d->text);

	snprintf(d->text + n, sizeof(d->text) - n, "%s@%llu ", what,
		(unsigned long long)((sim_now(d->sim) - NS_PER_S) / NS_PER_MS));
}

static void rig(struct diary *d)
{
	*d = (struct diary){0};
	CHECK_OK(sim_new(1, &d->sim));
	CHECK_OK(sim_host_new(d->sim, "10.0.0.1", &d->host));
}

static void unrig(struct diary *d)
{
	CHECK(nothing_is_open(d->host));
	host_free(d->host);
	sim_free(d->sim);
}

static void note_idle(void *arg)
{
	note(arg, "idle");
}

static void note_wake(void *arg)
{
	note(arg, "wake");
}

static void timer_wakes(void *arg)
{
	struct diary *d = arg;

	host_wake(d->host);
	host_wake(d->host);
	note(d, "a");
}

static void timer_b(void *arg)
{
	note(arg, "b");
}

TEST(wake_ups_come_next_and_once_and_idle_after_each_batch)
{
	struct diary d;
	struct host_timer *a, *b;

	rig(&d);
	host_on_idle(d.host, note_idle, &d);
	host_on_wake(d.host, note_wake, &d);
	CHECK_OK(host_timer_new(d.host, timer_wakes, &d, &a));
	CHECK_OK(host_timer_new(d.host, timer_b, &d, &b));
	host_timer_at(a, sim_now(d.sim) + 5 * NS_PER_MS);
	host_timer_at(b, sim_now(d.sim) + 5 * NS_PER_MS);
	CHECK_EQ(host_run(d.host), OH_ENOTSUP);
	CHECK(host_is_sim(d.host));
	sim_run_for(d.sim, 10 * NS_PER_MS);
	CHECK_STR(d.text, "a@5 idle@5 wake@5 idle@5 b@5 idle@5 ");
	CHECK_EQ(sim_now(d.sim), NS_PER_S + 10 * NS_PER_MS);
	CHECK(!sim_step(d.sim));
	host_timer_free(a);
	host_timer_free(b);
	unrig(&d);
}

TEST(timers_stop_rearm_and_fire_at_once_when_late)
{
	struct diary d;
	struct host_timer *t;

	rig(&d);
	CHECK_OK(host_timer_new(d.host, timer_b, &d, &t));
	host_timer_at(t, sim_now(d.sim) + 5 * NS_PER_MS);
	host_timer_at(t, sim_now(d.sim) + 9 * NS_PER_MS);
	sim_run_for(d.sim, 20 * NS_PER_MS);
	host_timer_at(t, 1);
	sim_run_for(d.sim, 0);
	host_timer_at(t, sim_now(d.sim) + 1);
	host_timer_stop(t);
	host_timer_stop(t);
	sim_run_for(d.sim, NS_PER_S);
	CHECK_STR(d.text, "b@9 b@20 ");
	host_timer_free(t);
	unrig(&d);
}

static void tick(void *arg, const struct host_tick *now)
{
	CHECK_EQ(now->due_ns, now->now_ns);
	CHECK_EQ(now->skipped, 0);
	note(arg, "tick");
}

TEST(a_ticker_is_a_timer_that_does_not_drift_and_a_service_can_be_kicked)
{
	struct diary d;
	struct host_ticker *t;
	struct host_service *s;
	struct host_ticker_cfg cfg = {.period_ns = 20 * NS_PER_MS, .fn = tick, .arg = &d, .name = "media"};

	rig(&d);
	/* Neither is the loop thread. */
	host_on_idle(d.host, note_idle, &d);
	CHECK_OK(host_ticker_new(d.host, &cfg, &t));
	sim_run_for(d.sim, 60 * NS_PER_MS);
	host_ticker_free(t);
	CHECK_STR(d.text, "tick@20 tick@40 tick@60 ");
	d.text[0] = '\0';
	CHECK_OK(host_service_new(d.host, 50, note_wake, &d, &s));
	sim_run_for(d.sim, 60 * NS_PER_MS);
	host_service_kick(s);
	sim_run_for(d.sim, 60 * NS_PER_MS);
	host_service_free(s);
	sim_run_for(d.sim, NS_PER_S);
	CHECK_STR(d.text, "wake@110 wake@120 wake@170 ");
	unrig(&d);
}

TEST(the_wall_clock_jumps_and_monotonic_time_does_not)
{
	struct diary d;
	uint64_t wall, now;

	rig(&d);
	wall = host_wall(d.host);
	now = host_now(d.host);
	sim_wall_jump(d.sim, -(int64_t)(3600 * NS_PER_S));
	CHECK_EQ(host_wall(d.host), wall - 3600 * NS_PER_S);
	CHECK_EQ(host_now(d.host), now);
	unrig(&d);
}

TEST(chance_follows_from_the_seed)
{
	uint64_t seen[3];
	unsigned shares[3] = {0};

	for (size_t i = 0; i < 3; i++) {
		struct sim *s;
		struct host *h;

		CHECK_OK(sim_new(i == 2 ? 8 : 7, &s));
		CHECK_OK(sim_host_new(s, "::1", &h));
		host_random(h, &seen[i], sizeof(seen[i]));
		for (unsigned k = 0; k < 3000; k++)
			shares[host_random_below(h, 3)]++;
		CHECK_EQ(host_random_below(h, 0), 0);
		CHECK_EQ(host_random_below(h, 1), 0);
		host_free(h);
		sim_free(s);
	}
	CHECK(seen[0] == seen[1] && seen[0] != seen[2]);
	for (size_t i = 0; i < 3; i++)
		CHECK(shares[i] > 2700 && shares[i] < 3300);
}

struct sink {
	char text[2000];
	enum log_level level;
};

static void keep(void *arg, enum log_level level, const char *module, const char *text)
{
	struct sink *s = arg;

	s->level = level;
	snprintf(s->text, sizeof(s->text), "%s: %s", module, text);
}

TEST(log_lines_are_cut_and_texts_are_not)
{
	struct diary d;
	struct sink s = {0};
	char big[1500];

	rig(&d);
	memset(big, 'x', sizeof(big));
	host_log(d.host, LOG_ERROR, "sip", "nobody listens");
	host_log_to(d.host, LOG_INFO, keep, &s);
	CHECK(host_logs(d.host, LOG_INFO) && !host_logs(d.host, LOG_DEBUG));
	host_log(d.host, LOG_WARN, "sip", "%d calls", 3);
	CHECK_STR(s.text, "sip: 3 calls");
	CHECK_EQ(s.level, LOG_WARN);
	host_log(d.host, LOG_DEBUG, "sip", "not this");
	CHECK_STR(s.text, "sip: 3 calls");
	host_log(d.host, LOG_INFO, "sip", "%.*s", (int)sizeof(big), big);
	CHECK_EQ(strlen(s.text), 5 + 1000);
	host_log_text(d.host, LOG_INFO, "sip", slice_make(big, sizeof(big)));
	CHECK_EQ(strlen(s.text), 5 + 1500);
	host_log_text(d.host, LOG_INFO, "sip", SLICE_NONE);
	CHECK_STR(s.text, "sip: ");
	unrig(&d);
}

struct answer {
	unsigned calls;
	int err;
	size_t n;
	uint8_t raw[16];
	struct netaddr addrs[4];
};

static void got_raw(void *arg, int err, const uint8_t *answer, size_t n)
{
	struct answer *a = arg;

	a->calls++;
	a->err = err;
	a->n = n;
	if (n > 0)
		memcpy(a->raw, answer, n);
}

static void got_addrs(void *arg, int err, const struct netaddr *addrs, size_t n, uint32_t ttl_s)
{
	struct answer *a = arg;

	(void)ttl_s;
	a->calls++;
	a->err = err;
	a->n = n;
	for (size_t i = 0; i < n && i < 4; i++)
		a->addrs[i] = addrs[i];
}

TEST(names_answer_what_the_test_wrote_down)
{
	static const struct {
		const char *name;
		int family, err;
		size_t n;
	} rows[] = {
		{"pbx.example.COM.", 0, 0, 3},
		{"pbx.example.com", NETADDR_IP4, 0, 2},
		{"pbx.example.com", NETADDR_IP6, 0, 1},
		{"other.example.com", 0, OH_ERESOLVE, 0},
		{"192.0.2.9", 0, 0, 1},
		{"192.0.2.9", NETADDR_IP6, OH_ERESOLVE, 0},
	};
	struct diary d;
	struct host_dns *q;
	struct answer a;

	rig(&d);
	CHECK_OK(sim_dns_addr(d.sim, "pbx.example.com", "192.0.2.1"));
	CHECK_OK(sim_dns_addr(d.sim, "pbx.example.com", "2001:db8::1"));
	CHECK_OK(sim_dns_addr(d.sim, "pbx.example.com", "192.0.2.2"));
	CHECK_EQ(sim_dns_addr(d.sim, "pbx.example.com", "bad"), OH_EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		a = (struct answer){0};
		CHECK_OK(host_dns_addrs(d.host, rows[i].name, rows[i].family, got_addrs, &a, &q));
		CHECK_EQ(a.calls, 0);
		sim_run_for(d.sim, NS_PER_S);
		CHECK_EQ(a.calls, 1);
		CHECK_EQ(a.err, rows[i].err);
		CHECK_EQ(a.n, rows[i].n);
	}
	CHECK_OK(sim_dns_answer(d.sim, "_sip._udp.x", HOST_DNS_SRV, "old", 3, NS_PER_S));
	CHECK_OK(sim_dns_answer(d.sim, "_sip._udp.x", HOST_DNS_SRV, "\1\2\3\4", 4, 2 * NS_PER_S));
	CHECK_OK(sim_dns_answer(d.sim, "slow", HOST_DNS_NAPTR, NULL, 0, 5 * NS_PER_S));
	a = (struct answer){0};
	CHECK_OK(host_dns_query(d.host, "_SIP._udp.x", HOST_DNS_SRV, got_raw, &a, &q));
	sim_run_for(d.sim, 2 * NS_PER_S - 1);
	CHECK_EQ(a.calls, 0);
	sim_run_for(d.sim, 1);
	CHECK(a.calls == 1 && a.err == 0 && a.n == 4 && a.raw[3] == 4);
	CHECK_OK(host_dns_query(d.host, "slow", HOST_DNS_NAPTR, got_raw, &a, &q));
	sim_run_for(d.sim, 5 * NS_PER_S);
	CHECK(a.calls == 2 && a.err == OH_ETIMEDOUT);
	CHECK_OK(host_dns_query(d.host, "slow", HOST_DNS_SRV, got_raw, &a, &q));
	sim_run_for(d.sim, NS_PER_S);
	CHECK(a.calls == 3 && a.err == OH_ERESOLVE);
	CHECK_OK(host_dns_query(d.host, "slow", HOST_DNS_SRV, got_raw, &a, &q));
	host_dns_cancel(q);
	sim_run_for(d.sim, NS_PER_S);
	CHECK_EQ(a.calls, 3);
	unrig(&d);
}

/* Everything that allocates, in a row; stops at the first error. */
static int live_a_little(void *arg)
{
	struct sim *s = NULL;
	struct host *h = NULL;
	struct sim_nat *nat;
	struct host *inner = NULL;
	struct host_timer *t = NULL;
	struct host_dgram *d = NULL;
	struct host_dns *q = NULL;
	struct answer a;
	struct host_dgram_cfg cfg = {.local = addr_of("0.0.0.0", 5060)};
	struct netaddr to = addr_of("10.0.0.1", 5060);
	int err = sim_new(1, &s);

	(void)arg;
	if (!err)
		err = sim_host_new(s, "10.0.0.1", &h);
	if (!err)
		err = sim_host_add_ip(h, "10.0.0.2");
	if (!err)
		err = sim_nat_new(s, SIM_NAT_SYMMETRIC, "10.0.0.3", 0, &nat);
	if (!err)
		err = sim_nat_host_new(nat, "192.168.0.1", &inner);
	if (!err)
		err = sim_dns_addr(s, "a", "10.0.0.1");
	if (!err)
		err = sim_dns_answer(s, "a", HOST_DNS_A, "x", 1, 0);
	if (!err)
		err = host_timer_new(h, timer_b, NULL, &t);
	if (!err)
		err = host_dgram_open(h, &cfg, &d);
	if (!err)
		err = host_dgram_send(d, &to, NULL, "hello", 5);
	if (!err)
		err = host_dns_query(h, "a", HOST_DNS_A, got_raw, &a, &q);
	if (s)
		sim_run_for(s, NS_PER_S);
	host_dgram_close(d);
	host_timer_free(t);
	host_free(inner);
	host_free(h);
	sim_free(s);
	return err;
}

TEST(every_allocation_may_fail)
{
	CHECK_OK(live_a_little(NULL));
	check_every_allocation_fails(live_a_little, NULL);
}

TESTS(RUN(wake_ups_come_next_and_once_and_idle_after_each_batch),
	RUN(timers_stop_rearm_and_fire_at_once_when_late),
	RUN(a_ticker_is_a_timer_that_does_not_drift_and_a_service_can_be_kicked),
	RUN(the_wall_clock_jumps_and_monotonic_time_does_not), RUN(chance_follows_from_the_seed),
	RUN(log_lines_are_cut_and_texts_are_not), RUN(names_answer_what_the_test_wrote_down),
	RUN(every_allocation_may_fail))
