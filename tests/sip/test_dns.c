/* DNS for SIP: what answers are read as, in which order records are tried (RFC 2782), how long they are kept. */
#include "check.h"

#include "base/err.h"
#include "host/sim/sim.h"
#include "sip/dns_cache.h"
#include "sip/dns_order.h"

#define NAME "_sip._udp.example.com"

/* ---- messages ---- */

/* The header with these flags and so many answers, and the question for NAME (at offset 12, so "\xc0\x0c" is NAME). */
#define HEAD(flags, answers) "\0\0" flags "\0\1\0" answers "\0\0\0\0\4_sip\4_udp\7example\3com\0\0\x21\0\1"
#define OK_                  "\x81\x80"
#define SRV_(length)         "\0\x21\0\1\0\0\0\x3c\0" length
#define CNAME_(length)       "\0\5\0\1\0\0\0\x0a\0" length
#define THIS                 "\xc0\x0c"

struct message {
	const char *what;
	const char *bytes;
	size_t n;
	int err;
	const char *target; /* of the first record */
	uint32_t ttl_s;
};
#define MESSAGE(bytes) bytes, sizeof(bytes) - 1

TEST(what_a_name_server_says)
{
	static const struct message rows[] = {
		{"one record", MESSAGE(HEAD(OK_, "\1") THIS SRV_("\x0b") "\0\1\0\2\x13\xc4\3foo\0"), 0, "foo",
			60},
		{"compressed", MESSAGE(HEAD(OK_, "\1") THIS SRV_("\x0a") "\0\1\0\2\x13\xc4\1a\xc0\x16"), 0,
			"a.example.com", 60},
		{"the service is not there", MESSAGE(HEAD(OK_, "\1") THIS SRV_("\7") "\0\0\0\0\0\0\0"), 0, "",
			60},
		{"another name's record",
			MESSAGE(HEAD(OK_, "\1") "\1x\0" SRV_("\x0b") "\0\1\0\2\x13\xc4\3foo\0"), OH_ERESOLVE,
			NULL, 0},
		{"behind an alias, which lives shorter",
			MESSAGE(HEAD(OK_, "\2") THIS CNAME_("\3") "\1x\0\1x\0" SRV_(
				"\x0b") "\0\1\0\2\x13\xc4\3foo\0"),
			0, "foo", 10},
		{"an alias for itself", MESSAGE(HEAD(OK_, "\1") THIS CNAME_("\2") THIS), OH_ETOOMANY, NULL,
			0},
		{"an alias for nothing", MESSAGE(HEAD(OK_, "\1") THIS CNAME_("\3") "\1x\0"), OH_ERESOLVE,
			NULL, 0},
		{"no such name", MESSAGE(HEAD("\x81\x83", "\0")), OH_ERESOLVE, NULL, 0},
		{"refused", MESSAGE(HEAD("\x81\x85", "\0")), OH_ETRANSPORT, NULL, 0},
		{"a question", MESSAGE(HEAD("\1\0", "\0")), OH_ESYNTAX, NULL, 0},
		{"marked as cut", MESSAGE(HEAD("\x83\x80", "\0")), OH_ESYNTAX, NULL, 0},
		{"fewer records than said",
			MESSAGE(HEAD(OK_, "\2") THIS SRV_("\x0b") "\0\1\0\2\x13\xc4\3foo\0"), OH_ESYNTAX,
			NULL, 0},
		{"a pointer at itself", MESSAGE(HEAD(OK_, "\1") "\xc0\x27" SRV_("\7") "\0\0\0\0\0\0\0"),
			OH_ESYNTAX, NULL, 0},
		{"a pointer ahead", MESSAGE(HEAD(OK_, "\1") "\xc0\x30" SRV_("\7") "\0\0\0\0\0\0\0"),
			OH_ESYNTAX, NULL, 0},
		{"a name beyond its record",
			MESSAGE(HEAD(OK_, "\1") THIS SRV_("\x09") "\0\1\0\2\x13\xc4\3foo\0"), OH_ESYNTAX,
			NULL, 0},
		{"a line break in a name",
			MESSAGE(HEAD(OK_, "\1") THIS SRV_("\x0b") "\0\1\0\2\x13\xc4\3f\no\0"), OH_ERESOLVE,
			NULL, 0},
		{"a dot in a label", MESSAGE(HEAD(OK_, "\1") THIS SRV_("\x0b") "\0\1\0\2\x13\xc4\3f.o\0"),
			OH_ERESOLVE, NULL, 0},
		{"nothing", MESSAGE(""), OH_ESYNTAX, NULL, 0},
	};
	struct dns_records r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t *exact = mem_alloc(rows[i].n + !rows[i].n);
		int err;

		memcpy(exact, rows[i].bytes, rows[i].n);
		err = dns_msg_parse(exact, rows[i].n, NAME, HOST_DNS_SRV, &r);
		if (err != rows[i].err)
			print_message("# %s\n", rows[i].what);
		CHECK_EQ(err, rows[i].err);
		if (!err) {
			CHECK_STR(r.srv[0].target, rows[i].target);
			CHECK_EQ(r.ttl_s, rows[i].ttl_s);
		}
		/* Cut anywhere it is an error and nothing else. */
		for (size_t n = 0; !err && n < rows[i].n; n++) {
			uint8_t *cut = mem_alloc(n + !n);

			memcpy(cut, exact, n);
			CHECK(dns_msg_parse(cut, n, NAME, HOST_DNS_SRV, &r) != 0);
			mem_free(cut);
		}
		mem_free(exact);
	}
}

/* ---- order ---- */

/* RFC 2782, "Weight": 1 of 4 against 3 of 4; what weighs nothing is hardly ever first, and all are in the list. */
TEST(rfc2782_weights_share_the_load_and_priorities_do_not)
{
	unsigned heavy = 0, light = 0, none = 0;
	struct host *h;
	struct sim *sim;

	CHECK_OK(sim_new(7, &sim));
	CHECK_OK(sim_host_new(sim, "192.0.2.1", &h));
	for (unsigned i = 0; i < 4000; i++) {
		struct dns_srv list[] = {{20, 1000, 4, "backup"}, {10, 1, 1, "light"}, {10, 0, 2, "none"},
			{10, 3, 3, "heavy"}};
		unsigned ports = 0;

		dns_srv_order(h, list, ARRAY_LEN(list));
		for (size_t k = 0; k < ARRAY_LEN(list); k++)
			ports |= 1u << list[k].port;
		CHECK_EQ(ports, 0x1e);
		CHECK_STR(list[3].target, "backup");
		light += list[0].port == 1;
		none += list[0].port == 2;
		heavy += list[0].port == 3;
	}
	/* The draw is 0..4: 0 is "none", 1 "light", 2 to 4 "heavy". */
	CHECK(none > 650 && none < 950);
	CHECK(light > 650 && light < 950);
	CHECK(heavy > 2200 && heavy < 2600);
	host_free(h);
	sim_free(sim);
}

TEST(naptr_goes_by_order_and_then_by_preference)
{
	struct dns_naptr list[] = {{.order = 90, .preference = 1}, {.order = 50, .preference = 9},
		{.order = 50, .preference = 3}};

	dns_naptr_order(list, ARRAY_LEN(list));
	CHECK(list[0].preference == 3 && list[1].preference == 9 && list[2].order == 90);
}

/* ---- the cache ---- */

struct asker {
	struct dns_wait wait;
	unsigned calls;
	int err;
	char target[DNS_NAME_MAX + 1];
};

static void note(struct asker *a, const struct dns_answer *answer)
{
	a->calls++;
	a->err = answer->err;
	a->target[0] = 0;
	if (!answer->err && answer->records)
		snprintf(a->target, sizeof(a->target), "%s", answer->records->srv[0].target);
}

static void on_answer(struct dns_wait *w, const struct dns_answer *answer)
{
	note(CONTAINER_OF(w, struct asker, wait), answer);
}

struct world {
	struct sim *sim;
	struct host *host;
	struct dns_cache *cache;
};

static void world_open(struct world *w)
{
	static const uint64_t seed[2] = {1, 2};

	CHECK_OK(sim_new(1, &w->sim));
	CHECK_OK(sim_host_new(w->sim, "192.0.2.1", &w->host));
	CHECK_OK(dns_cache_new(w->host, seed, &w->cache));
}

static void world_close(struct world *w)
{
	w->cache = dns_cache_free(w->cache);
	host_free(w->host);
	sim_free(w->sim);
}

static void srv(struct world *w, const char *name, const char *target, uint32_t ttl_s)
{
	CHECK_OK(sim_dns_srv(w->sim, name, &(struct sim_srv){ttl_s, 1, 1, 5060, target}));
}

/* Asks, and waits for the answer. Did the network have to be asked? */
static bool asks(struct world *w, const char *name, struct asker *a)
{
	const struct dns_answer *known;
	unsigned before = sim_dns_asked(w->sim);

	*a = (struct asker){.wait = {.fn = on_answer}};
	known = dns_cache_ask(w->cache, name, HOST_DNS_SRV, &a->wait);
	if (known)
		note(a, known);
	else
		sim_run_for(w->sim, 20 * NS_PER_MS);
	return sim_dns_asked(w->sim) > before;
}

TEST(an_answer_is_good_as_long_as_it_says)
{
	struct asker a;
	struct world w;

	world_open(&w);
	srv(&w, NAME, "one", 30);
	CHECK(asks(&w, NAME, &a));
	CHECK_STR(a.target, "one");
	sim_dns_forget(w.sim, NAME);
	srv(&w, NAME, "two", 0);
	sim_run_for(w.sim, 29 * NS_PER_S);
	CHECK(!asks(&w, "_SIP._udp.Example.COM", &a));
	CHECK_STR(a.target, "one");
	sim_run_for(w.sim, 1 * NS_PER_S);
	CHECK(asks(&w, NAME, &a));
	CHECK_STR(a.target, "two");
	CHECK(asks(&w, NAME, &a)); /* a TTL of 0: for this one use */
	world_close(&w);
}

TEST(absence_is_kept_for_a_short_time)
{
	struct asker a;
	struct world w;

	world_open(&w);
	CHECK(asks(&w, NAME, &a));
	CHECK_EQ(a.err, OH_ERESOLVE);
	srv(&w, NAME, "late", 30);
	CHECK(!asks(&w, NAME, &a));
	CHECK_EQ(a.err, OH_ERESOLVE);
	sim_run_for(w.sim, DNS_ABSENT_S * NS_PER_S);
	CHECK(asks(&w, NAME, &a));
	CHECK_STR(a.target, "late");
	world_close(&w);
}

/* RFC 8767. */
TEST(what_was_known_serves_while_the_name_server_is_away)
{
	struct asker a;
	struct world w;

	world_open(&w);
	srv(&w, NAME, "one", 30);
	CHECK(asks(&w, NAME, &a));
	sim_run_for(w.sim, 60 * NS_PER_S);
	CHECK_OK(sim_dns_answer(w.sim, NAME, HOST_DNS_SRV, NULL, 0, NS_PER_MS));
	CHECK(asks(&w, NAME, &a));
	CHECK_STR(a.target, "one");
	CHECK(!asks(&w, NAME, &a)); /* not everybody waits for the silence again */
	sim_run_for(w.sim, (DNS_STALE_S + 60) * NS_PER_S);
	CHECK(asks(&w, NAME, &a));
	CHECK_EQ(a.err, OH_ETIMEDOUT);
	sim_dns_forget(w.sim, NAME);
	srv(&w, NAME, "two", 30);
	sim_run_for(w.sim, DNS_UNANSWERED_S * NS_PER_S);
	CHECK(asks(&w, NAME, &a));
	CHECK_STR(a.target, "two");
	world_close(&w);
}

TEST(many_who_ask_the_same_share_one_question)
{
	struct asker many[5], gone;
	struct world w;

	world_open(&w);
	srv(&w, NAME, "one", 30);
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		many[i] = (struct asker){.wait = {.fn = on_answer}};
		CHECK(!dns_cache_ask(w.cache, NAME, HOST_DNS_SRV, &many[i].wait));
	}
	gone = (struct asker){.wait = {.fn = on_answer}};
	CHECK(!dns_cache_ask(w.cache, NAME, HOST_DNS_SRV, &gone.wait));
	dns_cache_leave(&gone.wait);
	sim_run_for(w.sim, NS_PER_S);
	CHECK_EQ(sim_dns_asked(w.sim), 1);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		CHECK(many[i].calls == 1 && strcmp(many[i].target, "one") == 0);
	CHECK_EQ(gone.calls, 0);
	world_close(&w);
}

TEST(the_cache_is_bounded_and_its_oldest_name_goes)
{
	struct asker a;
	struct world w;
	char name[32];

	world_open(&w);
	srv(&w, NAME, "one", 10000);
	CHECK(asks(&w, NAME, &a));
	for (unsigned i = 0; i < DNS_CACHE_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		CHECK(asks(&w, name, &a));
	}
	CHECK(asks(&w, NAME, &a));
	CHECK(!asks(&w, "n999.example.com", &a));
	world_close(&w);
}

TESTS(RUN(what_a_name_server_says), RUN(rfc2782_weights_share_the_load_and_priorities_do_not),
	RUN(naptr_goes_by_order_and_then_by_preference), RUN(an_answer_is_good_as_long_as_it_says),
	RUN(absence_is_kept_for_a_short_time), RUN(what_was_known_serves_while_the_name_server_is_away),
	RUN(many_who_ask_the_same_share_one_question), RUN(the_cache_is_bounded_and_its_oldest_name_goes))
