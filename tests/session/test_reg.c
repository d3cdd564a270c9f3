/* A registration, story by story: what it asks, what it believes, how long it waits. */
#include "reg_rig.h"

#include <stdio.h>

static const struct registrar_cfg friendly = {.max_s = 300};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void start(struct reg_rig *r)
{
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
}

/* RFC 3261 10.2: what a REGISTER looks like; each has the next number under the same Call-ID. */
TEST(a_register_has_what_rfc_3261_10_2_wants)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);
	char call_id[64];

	start(r);
	CHECK(begins(r->registrar->last, "REGISTER sip:" REGISTRAR_IP " SIP/2.0\r\n"));
	CHECK_STR(registrar_saw(r->registrar, "To"), "<" REG_RIG_AOR ">");
	CHECK(begins(registrar_saw(r->registrar, "From"), "<" REG_RIG_AOR ">;tag="));
	CHECK_STR(registrar_saw(r->registrar, "Contact"), "<" REG_RIG_BOUND ">");
	CHECK_STR(registrar_saw(r->registrar, "Expires"), "300");
	CHECK_STR(registrar_saw(r->registrar, "Supported"), "path");
	CHECK_STR(registrar_saw(r->registrar, "CSeq"), "1 REGISTER");
	snprintf(call_id, sizeof(call_id), "%s", registrar_saw(r->registrar, "Call-ID"));
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_STR(registrar_saw(r->registrar, "CSeq"), "2 REGISTER");
	CHECK_STR(registrar_saw(r->registrar, "Call-ID"), call_id);
	reg_rig_close(r);
}

static void to_a_user(struct reg_cfg *cfg)
{
	static const struct slice registrar =
		SLICE_LIT("sip:somebody@" REGISTRAR_IP ":5060;transport=udp?a=b");

	cfg->registrars = &registrar;
}

TEST(the_request_uri_is_the_domain_alone)
{
	struct reg_rig *r = reg_rig_new(&friendly, to_a_user);

	start(r);
	CHECK(begins(r->registrar->last, "REGISTER sip:" REGISTRAR_IP ":5060;transport=udp SIP"));
	reg_rig_close(r);
}

/* ---- how long ---- */

/* 10.2.4: the parameter of our Contact, else the header, else what was asked. */
TEST(the_granted_time_counts_and_not_the_one_asked_for)
{
	static const struct {
		const char *answer;
		unsigned granted_s, from_s, to_s; /* the next request comes then */
	} rows[] = {
		{"200 OK\r\nContact: <" REG_RIG_BOUND ">;expires=120\r\nExpires: 999\r\n", 120, 53, 60},
		{"200 OK\r\nContact: <sip:bob@192.0.2.9>;expires=7, <" REG_RIG_BOUND ">;expires=600\r\n", 600,
			420, 480},
		{"200 OK\r\nContact: <" REG_RIG_BOUND ">\r\nExpires: 200\r\n", 200, 90, 100},
		{"200 OK\r\nContact: <" REG_RIG_BOUND ">\r\n", 300, 180, 200},
		{"200 OK\r\n", 300, 180, 200},
		{"200 OK\r\nContact: <" REG_RIG_BOUND ">;expires=soon\r\n", 3600, 2592, 2880},
		{"200 OK\r\nContact: <" REG_RIG_BOUND ">;expires=99999999999\r\n", 4294967295, 62000, 69120},
		{"200 OK\r\nContact: <sip:alice@198.51.100.1:9>;expires=600\r\n", 600, 420, 480},
		{"200 OK\r\nContact: <" REG_RIG_BOUND ">;expires=1\r\n", 1, 4, 5},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.answer = rows[i].answer}, NULL);
		struct reg_info info;

		start(r);
		info = reg_rig_info(r);
		CHECK_EQ(info.granted_s, rows[i].granted_s);
		CHECK(info.next_s >= rows[i].from_s && info.next_s <= rows[i].to_s);
		CHECK(info.bound);
		reg_rig_close(r);
	}
}

TEST(an_answer_that_binds_nothing_is_a_refusal)
{
	static const char *const answers[] = {
		"200 OK\r\nContact: <" REG_RIG_BOUND ">;expires=0\r\n",
		"200 OK\r\nExpires: 0\r\n",
		"200 OK\r\nContact: <sip:x@192.0.2.9>;expires=60, <sip:y@192.0.2.9>;expires=60\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.answer = answers[i]}, NULL);

		reg_start(r->reg);
		reg_rig_run_ms(r, 100);
		CHECK_STR(r->log, "REFUSED(200,OH_ENOBINDING)");
		reg_rig_close(r);
	}
}

/* Three days: it is never away, and no request comes before its time. */
TEST(a_binding_is_refreshed_before_it_runs_out)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);
	const uint64_t days = 3;

	start(r);
	for (uint64_t minute = 0; minute < days * 24 * 60; minute++) {
		reg_rig_run_ms(r, 60000);
		CHECK_EQ(registrar_away_since(r->registrar, REG_RIG_AOR), 0);
	}
	CHECK(r->registrar->requests >= days * 86400 / 200);
	CHECK(r->registrar->requests <= days * 86400 / 170);
	reg_rig_close(r);
}

/* 10.2.8. */
TEST(senseless_intervals_are_not_asked_for)
{
	static const char *const answers[] = {"423 Interval Too Brief\r\n",
		"423 Interval Too Brief\r\nMin-Expires: 0\r\n",
		"423 Interval Too Brief\r\nMin-Expires: 300\r\n",
		"423 Interval Too Brief\r\nMin-Expires: 86401\r\n",
		"423 Interval Too Brief\r\nMin-Expires: -1\r\n",
		"423 Interval Too Brief\r\nMin-Expires: 4294967296\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.answer = answers[i]}, NULL);

		reg_start(r->reg);
		reg_rig_run_ms(r, 1000);
		CHECK_STR(r->log, "REFUSED(423,OH_EREGISTRAR)");
		CHECK_EQ(r->registrar->requests, 1);
		reg_rig_close(r);
	}
}

TEST(the_longer_interval_is_kept_for_the_refreshes)
{
	struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.min_s = 1800}, NULL);

	start(r);
	CHECK_EQ(r->registrar->requests, 2);
	CHECK_EQ(reg_rig_info(r).granted_s, 1800);
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_EQ(r->registrar->requests, 3);
	reg_rig_close(r);
}

/* ---- failures ---- */

/* RFC 5626 4.5, capped at a minute: 30..60 s behind each failure. */
TEST(a_registrar_that_is_away_is_asked_again_within_the_cap)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);
	struct reg_info info;

	registrar_down(r->registrar);
	reg_start(r->reg);
	for (unsigned i = 1; i <= 20; i++) {
		CHECK(reg_rig_wait(r, REG_WAITING, 40));
		info = reg_rig_info(r);
		CHECK_EQ(info.failures, i);
		CHECK_EQ(info.err, OH_ETIMEDOUT);
		CHECK(info.next_s >= 30 && info.next_s <= 60);
		CHECK(reg_rig_wait(r, REG_REGISTERING, 61));
	}
	registrar_up(r->registrar, false);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 92));
	CHECK_EQ(reg_rig_info(r).failures, 0);
	reg_rig_close(r);
}

TEST(a_binding_stands_while_its_refresh_fails_and_then_runs_out)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);

	start(r);
	registrar_down(r->registrar);
	CHECK(reg_rig_wait(r, REG_HOLDING, 300));
	CHECK(reg_rig_info(r).bound);
	reg_rig_run_ms(r, 120000);
	CHECK(!reg_rig_info(r).bound);
	CHECK(strstr(r->log, "REGISTERED(200) HOLDING(0,OH_ETIMEDOUT) ") == r->log);
	registrar_up(r->registrar, true);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 92));
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), REG_RIG_BOUND);
	reg_rig_close(r);
}

TEST(what_is_for_good_is_told_and_not_repeated)
{
	static const unsigned statuses[] = {
		400, 403, 404, 405, 410, 415, 420, 484, 488, 501, 505, 513, 603, 604, 606};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		char answer[64], log[64];
		struct registrar_cfg cfg = {.answer = answer};
		struct reg_rig *r;

		snprintf(answer, sizeof(answer), "%u No\r\n", statuses[i]);
		snprintf(log, sizeof(log), "REFUSED(%u,OH_EREGISTRAR)", statuses[i]);
		r = reg_rig_new(&cfg, NULL);
		reg_start(r->reg);
		reg_rig_run_ms(r, 24ull * 3600 * 1000);
		CHECK_EQ(r->registrar->requests, 1);
		CHECK_STR(r->log, log);
		CHECK_SLICE(reg_rig_info(r).reason, "No");
		r->registrar->cfg.answer = NULL;
		start(r);
		reg_rig_close(r);
	}
}

static void asks_again_in_half_an_hour(struct reg_cfg *cfg)
{
	cfg->refused_s = 1800;
}

TEST(a_refused_one_may_ask_again_slowly)
{
	struct reg_rig *r = reg_rig_new(
		&(struct registrar_cfg){.answer = "403 Forbidden\r\n"}, asks_again_in_half_an_hour);

	reg_start(r->reg);
	reg_rig_run_ms(r, 10ull * 3600 * 1000);
	CHECK(r->registrar->requests >= 20 && r->registrar->requests <= 41);
	r->registrar->cfg.answer = NULL;
	CHECK(reg_rig_wait(r, REG_REGISTERED, 1801));
	reg_rig_close(r);
}

TEST(what_is_for_now_is_asked_again)
{
	static const unsigned statuses[] = {408, 430, 480, 482, 500, 502, 503, 504, 600};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		char answer[64];
		struct registrar_cfg cfg = {.answer = answer};
		struct reg_rig *r;

		snprintf(answer, sizeof(answer), "%u Later\r\n", statuses[i]);
		r = reg_rig_new(&cfg, NULL);
		reg_start(r->reg);
		reg_rig_run_ms(r, 100);
		CHECK_EQ(reg_rig_info(r).state, REG_WAITING);
		reg_rig_run_ms(r, 3600 * 1000);
		CHECK(r->registrar->requests >= 60 && r->registrar->requests <= 121);
		reg_rig_close(r);
	}
}

/* RFC 3261 20.33, RFC 5626 4.2.1. */
TEST(retry_after_is_honoured_within_reason)
{
	static const struct {
		const char *answer;
		unsigned from_s, to_s;
	} rows[] = {
		{"503 Busy\r\nRetry-After: 600\r\n", 600, 720},
		{"503 Busy\r\nRetry-After: 5 (soon);duration=60\r\n", 30, 60},
		{"503 Busy\r\nRetry-After: 4000000000\r\n", 3600, 4320},
		{"503 Busy\r\nRetry-After: never\r\n", 30, 60},
		{"503 Busy\r\nRetry-After: 0\r\n", 0, 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.answer = rows[i].answer}, NULL);

		reg_start(r->reg);
		reg_rig_run_ms(r, 10);
		CHECK_EQ(reg_rig_info(r).state, REG_WAITING);
		CHECK(reg_rig_info(r).next_s >= rows[i].from_s && reg_rig_info(r).next_s <= rows[i].to_s);
		if (rows[i].to_s == 1) { /* once, and no storm behind it */
			reg_rig_run_ms(r, 3600 * 1000);
			CHECK(r->registrar->requests < 125);
		}
		reg_rig_close(r);
	}
}

/* ---- elsewhere ---- */

TEST(a_redirection_is_followed)
{
	struct reg_rig *r = reg_rig_new(
		&(struct registrar_cfg){.answer = "302 Moved\r\nContact: <sip:x@192.0.2.11;lr>\r\n"}, NULL);
	struct registrar *other = registrar_new(r->sim, &(struct registrar_cfg){.ip = "192.0.2.11"});

	start(r);
	CHECK_EQ(r->registrar->requests, 1);
	CHECK_STR(registrar_contacts(other, REG_RIG_AOR), REG_RIG_BOUND);
	CHECK(begins(other->last, "REGISTER sip:192.0.2.11;lr SIP"));
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_EQ(r->registrar->requests, 1);
	registrar_free(other);
	reg_rig_close(r);
}

TEST(redirections_in_a_circle_end)
{
	static const char *const answers[] = {"302 Moved\r\nContact: <sip:" REGISTRAR_IP ">\r\n",
		"302 Moved\r\nContact: <tel:+1>\r\n", "302 Moved\r\n", "305 Use\r\nContact: *\r\n",
		"300 Choose\r\nContact: <sip:" REGISTRAR_IP ">\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.answer = answers[i]}, NULL);

		reg_start(r->reg);
		reg_rig_run_ms(r, 60000);
		CHECK_EQ(reg_rig_info(r).state, REG_REFUSED);
		CHECK(r->registrar->requests <= 1 + REG_AGAIN_MAX);
		reg_rig_close(r);
	}
}

static void with_backup(struct reg_cfg *cfg)
{
	static const struct slice both[] = {SLICE_LIT("sip:" REGISTRAR_IP), SLICE_LIT("sip:192.0.2.11")};

	cfg->registrars = both;
	cfg->n_registrars = 2;
}

static void by_name(struct reg_cfg *cfg)
{
	static const struct slice registrar = SLICE_LIT("sip:registrar.example.com");

	cfg->registrars = &registrar;
}

/* RFC 3263 4.3: of two servers of one name the second is used while the first is away, and left when it is back. */
TEST(the_second_server_of_a_name_is_left_when_the_first_one_is_well_again)
{
	struct reg_rig *r = reg_rig_new(&friendly, by_name);
	struct registrar *second = registrar_new(r->sim, &(struct registrar_cfg){.ip = "192.0.2.11"});
	unsigned before;

	CHECK_OK(sim_dns_srv(r->sim, "_sip._udp.registrar.example.com",
		&(struct sim_srv){3600, 1, 1, 5060, "one.example.com"}));
	CHECK_OK(sim_dns_srv(r->sim, "_sip._udp.registrar.example.com",
		&(struct sim_srv){3600, 2, 1, 5060, "two.example.com"}));
	CHECK_OK(sim_dns_addr_for(r->sim, "one.example.com", REGISTRAR_IP, 3600));
	CHECK_OK(sim_dns_addr_for(r->sim, "two.example.com", "192.0.2.11", 3600));
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 40));
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), REG_RIG_BOUND);

	for (int outage = 0; outage < 3; outage++) {
		registrar_down(r->registrar);
		reg_rig_run_ms(r, 600 * 1000);
		CHECK_STR(registrar_contacts(second, REG_RIG_AOR), REG_RIG_BOUND);
		registrar_up(r->registrar, true);
		reg_rig_run_ms(r, 300 * 1000);
		CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), REG_RIG_BOUND);
		CHECK_EQ(reg_rig_info(r).state, REG_REGISTERED);
	}
	/* Now it stays where it is. */
	before = second->requests;
	reg_rig_run_ms(r, 3600 * 1000);
	CHECK_EQ(second->requests, before);
	registrar_free(second);
	reg_rig_close(r);
}

TEST(a_backup_is_used_and_left_when_the_first_one_is_well_again)
{
	struct reg_rig *r = reg_rig_new(&friendly, with_backup);
	struct registrar *backup = registrar_new(r->sim, &(struct registrar_cfg){.ip = "192.0.2.11"});

	registrar_down(r->registrar);
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 40));
	CHECK_EQ(reg_rig_info(r).registrar, 1);
	CHECK_STR(registrar_contacts(backup, REG_RIG_AOR), REG_RIG_BOUND);
	reg_rig_run_ms(r, 3600 * 1000);
	CHECK_STR(registrar_contacts(backup, REG_RIG_AOR), REG_RIG_BOUND);
	registrar_up(r->registrar, true);
	reg_rig_run_ms(r, 300 * 1000);
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), REG_RIG_BOUND);
	CHECK_STR(registrar_contacts(backup, REG_RIG_AOR), "");
	CHECK_EQ(reg_rig_info(r).registrar, 0);
	registrar_free(backup);
	reg_rig_close(r);
}

/* ---- what a 2xx brings ---- */

static void with_everything(struct reg_cfg *cfg)
{
	cfg->instance = SLICE_LIT("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
	cfg->reg_id = 1;
	cfg->gruu = true;
	cfg->line = SLICE_LIT("x7");
	cfg->params = SLICE_LIT("q=0.5");
}

/* RFC 5626 4.2, RFC 5627 4.1, RFC 3608 5. */
TEST(outbound_gruus_and_the_service_route_are_taken)
{
	struct reg_rig *r = reg_rig_new(
		&(struct registrar_cfg){.params = ";pub-gruu=\"sip:alice@example.com;gr=urn:uuid:f81d\";temp-"
						  "gruu=\"sip:t@example.com;gr\"",
			.headers = "Require: outbound\r\nFlow-Timer: 120\r\n"
				   "Service-Route: <sip:a.example.com;lr>, <sip:b.example.com;lr>\r\n"
				   "Service-Route: <sip:c.example.com;lr>\r\n"},
		with_everything);
	struct reg_info info;

	start(r);
	info = reg_rig_info(r);
	CHECK_STR(registrar_saw(r->registrar, "Contact"),
		"<" REG_RIG_BOUND
		";ob;line=x7>;q=0.5;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\";"
		"reg-id=1");
	CHECK_STR(registrar_saw(r->registrar, "Supported"), "path, outbound, gruu");
	CHECK(info.outbound);
	CHECK_EQ(info.flow_timer_s, 120);
	CHECK_SLICE(info.pub_gruu, "sip:alice@example.com;gr=urn:uuid:f81d");
	CHECK_SLICE(info.temp_gruu, "sip:t@example.com;gr");
	CHECK_EQ(info.n_service_route, 3);
	CHECK_SLICE(info.service_route[2], "<sip:c.example.com;lr>");
	r->registrar->cfg.headers = NULL;
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_EQ(reg_rig_info(r).n_service_route, 0);
	CHECK(!reg_rig_info(r).outbound);
	reg_rig_close(r);
}

TEST(a_service_route_that_is_none_is_not_followed)
{
	static const char *const headers[] = {"Service-Route: <sip:a.example.com;lr>, nonsense, <\r\n",
		"Service-Route: sip:a.example.com\r\n",
		"Service-Route: <sip:a>,<sip:a>,<sip:a>,<sip:a>,<sip:a>,<sip:a>,<sip:a>,<sip:a>,<sip:a>\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.headers = headers[i]}, NULL);

		start(r);
		CHECK_EQ(reg_rig_info(r).n_service_route, 0);
		reg_rig_close(r);
	}
}

/* RFC 5626 11.6. */
TEST(a_proxy_without_outbound_is_met_without)
{
	struct reg_rig *r =
		reg_rig_new(&(struct registrar_cfg){.answer = "439 First Hop Lacks Outbound Support\r\n"},
			with_everything);

	reg_start(r->reg);
	reg_rig_run_ms(r, 100);
	CHECK_EQ(r->registrar->requests, 2);
	CHECK(!strstr(registrar_saw(r->registrar, "Contact"), "reg-id"));
	CHECK_STR(registrar_saw(r->registrar, "Supported"), "path, gruu");
	CHECK_EQ(reg_rig_info(r).state, REG_REFUSED);
	reg_rig_close(r);
}

/* ---- orders at bad moments ---- */

TEST(an_end_before_the_answer_is_an_end)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);

	reg_start(r->reg);
	reg_stop(r->reg);
	CHECK_EQ(reg_rig_info(r).state, REG_LEAVING);
	CHECK(reg_rig_wait(r, REG_IDLE, 10));
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), "");
	CHECK_STR(r->log, "IDLE(200)");
	reg_start(r->reg);
	reg_stop(r->reg);
	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	reg_stop(r->reg);
	reg_start(r->reg);
	CHECK_EQ(reg_rig_info(r).state, REG_RETURNING);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), REG_RIG_BOUND);
	reg_rig_close(r);
}

TEST(the_owner_may_free_it_in_its_callback)
{
	static const char *const answers[] = {NULL, "403 No\r\n", "503 Later\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct reg_rig *r = reg_rig_new(&(struct registrar_cfg){.answer = answers[i]}, NULL);

		r->drops_at_outcome = true;
		reg_start(r->reg);
		reg_rig_run_ms(r, 1000);
		CHECK(!r->reg);
		reg_rig_close(r);
	}
}

TEST(a_name_is_looked_up_again_for_each_attempt)
{
	struct reg_rig *r = reg_rig_new(&friendly, by_name);

	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_WAITING, 60));
	CHECK_EQ(reg_rig_info(r).err, OH_ERESOLVE);
	CHECK_OK(sim_dns_addr(r->sim, "registrar.example.com", REGISTRAR_IP));
	CHECK(reg_rig_wait(r, REG_REGISTERED, 61));
	reg_rig_close(r);
}

/* RFC 5626 4.5: the same registration over a new way. */
TEST(a_new_address_replaces_the_old_one)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);

	start(r);
	CHECK_OK(sim_host_add_ip(r->host, "192.0.2.99"));
	reg_moved(r->reg);
	CHECK(reg_rig_info(r).bound);
	CHECK(reg_rig_wait(r, REG_REFRESHING, 1));
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_STR(registrar_contacts(r->registrar, REG_RIG_AOR), REG_RIG_BOUND);
	reg_rig_close(r);
}

/* RFC 5626 4.5: a way that has answered is replaced at once; those that never did wait longer and longer. */
TEST(a_way_that_fails_is_replaced_by_what_it_has_shown)
{
	static const struct {
		uint64_t least_s, most_s;
	} rows[] = {{0, 1}, {60, 60}, {60, 60}, {60, 60}};
	struct reg_rig *r = reg_rig_new(&friendly, NULL);
	uint64_t before;

	reg_flow_failed(r->reg, OH_ETIMEDOUT); /* it has none */
	CHECK_STR(r->log, "");
	start(r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (i == 0)
			reg_flow_answers(r->reg);
		before = sim_now(r->sim);
		reg_flow_failed(r->reg, OH_ETIMEDOUT);
		reg_flow_failed(r->reg, OH_ETIMEDOUT); /* it is known */
		CHECK_EQ(reg_rig_info(r).state, REG_HOLDING);
		CHECK(reg_rig_wait(r, REG_REGISTERED, 100));
		CHECK(sim_now(r->sim) - before >= rows[i].least_s * NS_PER_S / 2);
		CHECK(sim_now(r->sim) - before <= (rows[i].most_s + 1) * NS_PER_S);
	}
	CHECK(begins(r->log, "REGISTERED(200) HOLDING(0,OH_ETIMEDOUT) REGISTERED(200) "));
	reg_rig_close(r);
}

TEST(a_fetch_that_nobody_answers_is_told)
{
	const struct sim_wire closed = {.loss = 1};
	struct reg_rig *r = reg_rig_new(&friendly, NULL);

	reg_start(r->reg);
	CHECK(reg_rig_wait(r, REG_REGISTERED, 10));
	CHECK_OK(reg_fetch(r->reg));
	CHECK_EQ(reg_fetch(r->reg), OH_EBUSY);
	reg_rig_run_ms(r, 1000);
	CHECK(r->bindings[0] != '\0');
	sim_wire(r->sim, &closed);
	CHECK_OK(reg_fetch(r->reg));
	reg_rig_run_ms(r, 40000);
	CHECK_STR(r->bindings, "OH_ETIMEDOUT");
	sim_wire(r->sim, &(struct sim_wire){.delay_ns = NS_PER_MS});
	reg_rig_close(r);
}

/* ---- memory ---- */

static int whole_life(void *arg)
{
	struct reg_rig *r;
	int err = reg_rig_try_new(0,
		&(struct registrar_cfg){.min_s = 400, .headers = "Service-Route: <sip:a.example.com;lr>\r\n"},
		with_everything, &r);

	(void)arg;
	if (err)
		return err;
	reg_start(r->reg);
	if (!reg_rig_wait(r, REG_REGISTERED, 600))
		fail_msg("memory was short once, and it never came back: %s", r->log);
	(void)reg_fetch(r->reg);
	reg_rig_run_ms(r, 1000);
	reg_stop(r->reg);
	CHECK(reg_rig_wait(r, REG_IDLE, 600));
	reg_rig_close(r);
	return 0;
}

TEST(every_allocation_may_fail)
{
	check_every_allocation_fails(whole_life, NULL);
}

TEST(what_a_registration_must_have)
{
	struct reg_rig *r = reg_rig_new(&friendly, NULL);
	struct slice registrar = SLICE_LIT("sip:" REGISTRAR_IP), bad = SLICE_LIT("tel:+1"),
		     worse = SLICE_LIT("sip:");
	struct reg_cfg cfg = {.registrars = &registrar, .n_registrars = 1, .aor = SLICE_LIT("<sip:a@b>")};
	struct reg *reg = NULL;

	cfg.n_registrars = 0;
	CHECK_EQ(reg_new(r->stack, &cfg, &reg), OH_EINVAL);
	cfg.n_registrars = REG_REGISTRARS_MAX + 1;
	CHECK_EQ(reg_new(r->stack, &cfg, &reg), OH_EINVAL);
	cfg.n_registrars = 1;
	cfg.reg_id = 1;
	CHECK_EQ(reg_new(r->stack, &cfg, &reg), OH_EINVAL);
	cfg.reg_id = 0;
	cfg.registrars = &bad;
	CHECK_EQ(reg_new(r->stack, &cfg, &reg), OH_ESCHEME);
	cfg.registrars = &worse;
	CHECK_EQ(reg_new(r->stack, &cfg, &reg), OH_EURI);
	CHECK(!reg);
	reg_rig_close(r);
}

TESTS(RUN(a_register_has_what_rfc_3261_10_2_wants), RUN(the_request_uri_is_the_domain_alone),
	RUN(the_granted_time_counts_and_not_the_one_asked_for),
	RUN(an_answer_that_binds_nothing_is_a_refusal), RUN(a_binding_is_refreshed_before_it_runs_out),
	RUN(senseless_intervals_are_not_asked_for), RUN(the_longer_interval_is_kept_for_the_refreshes),
	RUN(a_registrar_that_is_away_is_asked_again_within_the_cap),
	RUN(a_binding_stands_while_its_refresh_fails_and_then_runs_out),
	RUN(what_is_for_good_is_told_and_not_repeated), RUN(a_refused_one_may_ask_again_slowly),
	RUN(what_is_for_now_is_asked_again), RUN(retry_after_is_honoured_within_reason),
	RUN(a_redirection_is_followed), RUN(redirections_in_a_circle_end),
	RUN(a_backup_is_used_and_left_when_the_first_one_is_well_again),
	RUN(the_second_server_of_a_name_is_left_when_the_first_one_is_well_again),
	RUN(outbound_gruus_and_the_service_route_are_taken),
	RUN(a_service_route_that_is_none_is_not_followed), RUN(a_proxy_without_outbound_is_met_without),
	RUN(an_end_before_the_answer_is_an_end), RUN(the_owner_may_free_it_in_its_callback),
	RUN(a_name_is_looked_up_again_for_each_attempt), RUN(a_new_address_replaces_the_old_one),
	RUN(a_way_that_fails_is_replaced_by_what_it_has_shown), RUN(a_fetch_that_nobody_answers_is_told),
	RUN(every_allocation_may_fail), RUN(what_a_registration_must_have))
