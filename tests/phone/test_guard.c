/* A phone in the open: floods from one address and from many, requests for nobody, and the list of how it stands. */
#include "rig.h"

#include "offhook/security.h"

static void limited(struct offhook_phone_cfg *cfg)
{
	cfg->max_requests = 50;
	cfg->max_requests_per_source = 10;
}

static void silent(struct offhook_phone_cfg *cfg)
{
	cfg->unmatched = OFFHOOK_UNMATCHED_DROP;
}

static void refusing(struct offhook_phone_cfg *cfg)
{
	cfg->unmatched = 403;
}

/* A stranger: a socket and what was answered to it. */
struct stranger {
	struct host *host;
	struct host_dgram *d;
	struct netaddr to;
	unsigned answers, refusals, sent;
	char last[2048];
};

static void hear(void *arg)
{
	struct stranger *s = arg;
	struct host_rx rx;

	while (host_dgram_recv(s->d, s->last, sizeof(s->last) - 1, &rx) == 0) {
		s->last[rx.n] = 0;
		s->answers++;
		s->refusals += strncmp(s->last, "SIP/2.0 503 ", 12) == 0;
	}
}

static void stranger_open(struct stranger *s, struct rig *r, const char *ip)
{
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4}};
	struct host_dgram_handler handler = {.readable = hear, .arg = s};

	*s = (struct stranger){0};
	CHECK_OK(sim_host_new(r->sim, ip, &s->host));
	CHECK_OK(host_dgram_open(s->host, &cfg, &s->d));
	CHECK_OK(host_dgram_watch(s->d, &handler));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(RIG_B_IP), 5060, &s->to));
}

static void stranger_close(struct stranger *s)
{
	host_dgram_close(s->d);
	host_free(s->host);
}

static void ask(struct stranger *s, const char *method, const char *user)
{
	char text[1024];
	struct netaddr me = host_dgram_local(s->d);
	int n = snprintf(text, sizeof(text),
		"%s sip:%s@" RIG_B_IP
		" SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.200:%u;branch=z9hG4bKx%u;rport\r\n"
		"From: <sip:x@x>;tag=%u\r\nTo: <sip:%s@" RIG_B_IP
		">\r\nCall-ID: flood-%p-%u\r\nCSeq: 1 %s\r\n"
		"Max-Forwards: 70\r\nContact: <sip:x@192.0.2.200>\r\nContent-Length: 0\r\n\r\n",
		method, user, me.port, s->sent, s->sent, user, (void *)s, s->sent, method);

	s->sent++;
	CHECK_OK(host_dgram_send(s->d, &s->to, NULL, text, (size_t)n));
}

static uint64_t transactions(struct side *s)
{
	struct offhook_counters c = {.size = sizeof(c)};

	CHECK_OK(offhook_phone_counters(s->phone, &c));
	return c.transactions;
}

TEST(a_flood_from_one_address_leaves_the_others_and_the_running_call_alone)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, limited);
	struct stranger flood, other;

	rig_talk(r);
	rig_run_ms(r, 2000);
	stranger_open(&flood, r, "192.0.2.200");
	stranger_open(&other, r, "192.0.2.201");
	for (unsigned i = 0; i < 1000; i++) {
		ask(&flood, "INVITE", "bob");
		rig_run_ms(r, i % 10 == 0);
	}
	rig_run_ms(r, 100);
	/* A dozen came in; the others were refused and cost nothing. */
	CHECK(flood.refusals >= 980);
	CHECK(strstr(flood.last, "\r\nRetry-After: ") || flood.refusals < 1000);
	CHECK(transactions(&r->b) <= 20);
	ask(&other, "OPTIONS", "bob");
	rig_run_ms(r, 100);
	CHECK(strncmp(other.last, "SIP/2.0 200 ", 12) == 0);
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->a, "DISCONNECTED(200)"));
	/* After a second there is room for it again. */
	rig_run_ms(r, 1000);
	flood.answers = flood.refusals = 0;
	ask(&flood, "OPTIONS", "bob");
	rig_run_ms(r, 100);
	CHECK_EQ(flood.refusals, 0);
	stranger_close(&flood);
	stranger_close(&other);
	rig_drop(r);
}

TEST(a_flood_from_many_addresses_meets_the_limit_of_all)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, limited);
	unsigned refusals = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct stranger s;
		char ip[32];

		snprintf(ip, sizeof(ip), "198.51.100.%u", i + 1);
		stranger_open(&s, r, ip);
		s.sent = i; /* another transaction each */
		ask(&s, "OPTIONS", "bob");
		rig_run_ms(r, 4);
		refusals += s.refusals;
		stranger_close(&s);
	}
	/* 50 at once and 50 a second: some 70 in 0.4 s. */
	CHECK(refusals >= 25 && refusals <= 35);
	rig_close(r);
}

TEST(who_asks_for_nobody_hears_what_was_chosen)
{
	static const struct {
		rig_settings *settings;
		const char *user, *answer;
	} rows[] = {
		{NULL, "nobody", "SIP/2.0 200 "},
		{refusing, "nobody", "SIP/2.0 403 "},
		{refusing, "bob", "SIP/2.0 200 "},
		{silent, "nobody", ""},
		{silent, "bob", "SIP/2.0 200 "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, rows[i].settings);
		struct stranger s;

		stranger_open(&s, r, "192.0.2.200");
		ask(&s, "OPTIONS", rows[i].user);
		rig_run_ms(r, 100);
		CHECK(strncmp(s.last, rows[i].answer, strlen(rows[i].answer)) == 0);
		CHECK_EQ(s.answers, rows[i].answer[0] != 0);
		stranger_close(&s);
		rig_close(r);
	}
}

static const struct offhook_security_row *row_of(
	const struct offhook_security_row *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

TEST(the_posture_is_one_list)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct rig *guarded = rig_new_with(OFFHOOK_DELIVER_INLINE, limited);
	struct offhook_security_row rows[16];
	size_t n = 0;

	CHECK_EQ(offhook_phone_security(r->b.phone, NULL, 1, &n), OH_EINVAL);
	CHECK_OK(offhook_phone_security(r->b.phone, NULL, 0, &n));
	CHECK(n > 4 && n <= ARRAY_LEN(rows));
	CHECK_OK(offhook_phone_security(r->b.phone, rows, ARRAY_LEN(rows), &n));
	CHECK(!row_of(rows, n, "transport")->ok && strstr(row_of(rows, n, "transport")->value, "UDP "));
	CHECK(row_of(rows, n, "watchers")->ok);
	CHECK(!row_of(rows, n, "unmatched")->ok && !row_of(rows, n, "max_requests")->ok);
	CHECK_OK(offhook_phone_security(guarded->b.phone, rows, ARRAY_LEN(rows), &n));
	CHECK(row_of(rows, n, "max_requests_per_source")->ok);
	CHECK_STR(row_of(rows, n, "max_requests_per_source")->value, "10");
	rig_close(guarded);
	rig_close(r);
}

TEST(settings_that_make_no_sense_are_refused)
{
	struct offhook_phone_cfg cfg;
	struct offhook_phone *phone;
	struct host *h;
	struct sim *sim;

	CHECK_OK(sim_new(1, &sim));
	CHECK_OK(sim_host_new(sim, RIG_A_IP, &h));
	offhook_phone_cfg_init(&cfg);
	cfg.unmatched = 200;
	CHECK_EQ(phone_new_on(h, &cfg, &phone), OH_EINVAL);
	host_free(h);
	sim_free(sim);
}

TESTS(RUN(a_flood_from_one_address_leaves_the_others_and_the_running_call_alone),
	RUN(a_flood_from_many_addresses_meets_the_limit_of_all),
	RUN(who_asks_for_nobody_hears_what_was_chosen), RUN(the_posture_is_one_list),
	RUN(settings_that_make_no_sense_are_refused))
