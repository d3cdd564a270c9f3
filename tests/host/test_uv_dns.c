/* Names on the real host, with a name server of the test's own on the same loop. */
#include "world.h"

struct server {
	struct world *w;
	struct host_dgram *d;
	unsigned asked;
	bool silent;
};

/* RFC 1035 4.1: echoes the question; "a.test" has 192.0.2.1, "b.test" does not exist. */
static void serve(void *arg)
{
	struct server *s = arg;
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
	uint8_t msg[600];
	struct host_rx rx;

	while (host_dgram_recv(s->d, msg, 500, &rx) == 0) {
		size_t n = 12;
		bool exists, is_a;

		while (n < rx.n && msg[n])
			n += 1u + msg[n];
		n += 5; /* the root label, type and class */
		if (n > rx.n)
			continue;
		s->asked++;
		if (s->silent)
			continue;
		exists = memcmp(msg + 12, "\1a\4test", 8) == 0;
		is_a = msg[n - 3] == HOST_DNS_A;
		msg[2] |= 0x84;                /* an answer with authority */
		msg[3] = exists ? 0x80 : 0x83; /* no error, or NXDOMAIN */
		msg[10] = msg[11] = 0;         /* no additional records */
		if (exists && is_a) {
			msg[7] = 1;
			memcpy(msg + n, record, sizeof(record));
			n += sizeof(record);
		}
		host_dgram_send(s->d, &rx.from, NULL, msg, n);
	}
}

static void server_open(struct server *s, struct world *w)
{
	struct host_dgram_cfg cfg = {.local = addr_of("127.0.0.1", 0)};
	struct host_dgram_handler handler = {.readable = serve, .arg = s};
	struct netaddr at;

	*s = (struct server){.w = w};
	CHECK_OK(host_dgram_open(w->host, &cfg, &s->d));
	CHECK_OK(host_dgram_watch(s->d, &handler));
	at = host_dgram_local(s->d);
	CHECK_OK(host_dns_servers(w->host, &at, 1));
	CHECK_EQ(host_dns_servers(w->host, &at, 0), OH_EINVAL);
}

struct answer {
	struct world *w;
	unsigned calls, stop_at;
	int err;
	size_t n;
	uint8_t raw[600];
	struct netaddr addrs[8];
	uint32_t ttl_s;
};

static void count(struct answer *a, int err, size_t n)
{
	a->err = err;
	a->n = n;
	if (++a->calls == a->stop_at)
		host_stop(a->w->host);
}

static void got_raw(void *arg, int err, const uint8_t *raw, size_t n)
{
	struct answer *a = arg;

	if (n > 0 && n <= sizeof(a->raw))
		memcpy(a->raw, raw, n);
	count(a, err, n);
}

static void got_addrs(void *arg, int err, const struct netaddr *addrs, size_t n, uint32_t ttl_s)
{
	struct answer *a = arg;

	a->ttl_s = ttl_s;
	for (size_t i = 0; i < n && i < ARRAY_LEN(a->addrs); i++)
		a->addrs[i] = addrs[i];
	count(a, err, n);
}

TEST(raw_answers_come_as_they_are_and_absence_is_an_error)
{
	struct world w;
	struct server s;
	struct host_dns *q;
	struct answer a = {.w = &w, .stop_at = 1};

	world_open(&w);
	server_open(&s, &w);
	CHECK_OK(host_dns_query(w.host, "a.test", HOST_DNS_A, got_raw, &a, &q));
	CHECK_EQ(a.calls, 0);
	world_run(&w);
	CHECK_OK(a.err);
	CHECK_EQ(a.n, 12 + 8 + 4 + 16);
	CHECK_EQ(a.raw[a.n - 1], 1);
	a.stop_at = 2;
	CHECK_OK(host_dns_query(w.host, "b.test", HOST_DNS_SRV, got_raw, &a, &q));
	world_run(&w);
	CHECK_EQ(a.err, OH_ERESOLVE);
	a.stop_at = 3;
	CHECK_OK(host_dns_query(w.host, "a.test", HOST_DNS_SRV, got_raw, &a, &q));
	world_run(&w);
	CHECK_EQ(a.err, OH_ERESOLVE);
	host_dgram_close(s.d);
	world_close(&w);
}

TEST(addresses_come_from_the_server_the_text_itself_and_for_localhost_from_here)
{
	static const struct {
		const char *name;
		int family, err;
		const char *ip;
		uint32_t ttl_s;
	} rows[] = {
		{"a.test", NETADDR_IP4, 0, "192.0.2.1", 60},
		{"a.test", 0, 0, "192.0.2.1", 60},
		{"b.test", 0, OH_ERESOLVE, NULL, 0},
		{"localhost", NETADDR_IP4, 0, "127.0.0.1", 0},
		{"localhost", 0, 0, "127.0.0.1", 0},
		{"Phone.LOCALHOST.", NETADDR_IP6, 0, "::1", 0},
		{"nolocalhost", 0, OH_ERESOLVE, NULL, 0},
		{"192.0.2.77", 0, 0, "192.0.2.77", 0},
		{"2001:db8::7", NETADDR_IP6, 0, "2001:db8::7", 0},
		{"2001:db8::7", NETADDR_IP4, OH_ERESOLVE, NULL, 0},
	};
	struct world w;
	struct server s;
	struct host_dns *q;
	char text[NETADDR_TEXT];

	world_open(&w);
	server_open(&s, &w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer a = {.w = &w, .stop_at = 1};

		CHECK_OK(host_dns_addrs(w.host, rows[i].name, rows[i].family, got_addrs, &a, &q));
		CHECK_EQ(a.calls, 0);
		world_run(&w);
		CHECK_EQ(a.err, rows[i].err);
		CHECK_EQ(a.n > 0, rows[i].ip != NULL);
		if (a.n > 0)
			CHECK_STR(netaddr_ip_text(&a.addrs[0], false, text), rows[i].ip);
		CHECK_EQ(a.ttl_s, rows[i].ttl_s);
	}
	CHECK_EQ(host_dns_addrs(w.host, "x", 5, got_addrs, NULL, &q), OH_EINVAL);
	host_dgram_close(s.d);
	world_close(&w);
}

TEST(a_cancelled_question_is_never_answered)
{
	struct world w;
	struct server s;
	struct host_dns *open, *numeric, *last;
	struct answer never = {.w = &w}, a = {.w = &w, .stop_at = 1};

	world_open(&w);
	server_open(&s, &w);
	CHECK_OK(host_dns_query(w.host, "a.test", HOST_DNS_A, got_raw, &never, &open));
	/* Answered already, not yet handed on. */
	CHECK_OK(host_dns_addrs(w.host, "192.0.2.5", 0, got_addrs, &never, &numeric));
	host_dns_cancel(open);
	host_dns_cancel(numeric);
	CHECK_OK(host_dns_query(w.host, "a.test", HOST_DNS_A, got_raw, &a, &last));
	world_run(&w);
	CHECK(a.calls == 1 && never.calls == 0);
	/* The host may end while the server still thinks. */
	s.silent = true;
	CHECK_OK(host_dns_query(w.host, "a.test", HOST_DNS_A, got_raw, &never, &open));
	host_dns_cancel(open);
	host_dgram_close(s.d);
	world_close(&w);
	CHECK_EQ(never.calls, 0);
}

TEST(a_server_that_is_not_there_is_a_failure_and_no_silence)
{
	struct world w;
	struct server s;
	struct host_dns *q;
	struct answer a = {.w = &w, .stop_at = 1};

	world_open(&w);
	server_open(&s, &w);
	host_dgram_close(s.d);
	CHECK_OK(host_dns_query(w.host, "a.test", HOST_DNS_A, got_raw, &a, &q));
	world_run(&w);
	CHECK_EQ(a.err, OH_ETRANSPORT);
	world_close(&w);
}

static int ask(void *arg)
{
	struct host *h;
	struct host_dns *q;
	struct answer a = {0};
	int err = host_uv_new(&h);

	(void)arg;
	if (err)
		return err;
	err = host_dns_addrs(h, "192.0.2.5", 0, got_addrs, &a, &q);
	if (!err)
		host_dns_cancel(q);
	host_free(h);
	return err;
}

TEST(every_allocation_may_fail)
{
	CHECK_OK(ask(NULL));
	check_every_allocation_fails(ask, NULL);
}

TESTS_ON_UV(RUN(raw_answers_come_as_they_are_and_absence_is_an_error),
	RUN(addresses_come_from_the_server_the_text_itself_and_for_localhost_from_here),
	RUN(a_cancelled_question_is_never_answered),
	RUN(a_server_that_is_not_there_is_a_failure_and_no_silence), RUN(every_allocation_may_fail))
