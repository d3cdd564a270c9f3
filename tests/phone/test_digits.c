/* Digits and requests inside a call. */
#include "rig.h"

TEST(digits_go_both_ways_and_none_is_lost_or_doubled_by_a_bad_wire)
{
	static const char digits[] = "0123456789*#ABCD";

	for (int loss = 0; loss <= 15; loss += 5) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct sim_wire wire = {
			.delay_ns = 5 * NS_PER_MS, .loss = loss / 100.0, .duplicate = loss / 100.0};

		rig_talk(r);
		sim_wire(r->sim, &wire);
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, digits, 0, 0));
		CHECK_OK(offhook_call_dtmf(r->b.phone, r->b.call, "42", 100, 100));
		CHECK(rig_wait(&r->a, "DTMF_SENT"));
		rig_run_ms(r, 1000);
		CHECK_STR(r->b.digits, digits);
		CHECK_STR(r->a.digits, "42");
		rig_close(r);
	}
}

TEST(digits_that_cannot_be_sent_are_named)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "12x", 0, 0), OH_EDIGIT);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "", 0, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1", 39, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1", 0, 9000), OH_EINVAL);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "012345678901234567890123456789012", 0, 0),
		OH_ETOOMANY);
	rig_run_ms(r, 2000);
	CHECK_STR(r->b.digits, "");
	rig_close(r);
}

static int request(struct side *s, const char *method, const char *type, const char *body)
{
	struct offhook_request req = {.size = sizeof(req),
		.method = method,
		.content_type = type,
		.body = body,
		.body_length = body ? strlen(body) : 0};

	return offhook_call_request(s->phone, s->call, &req);
}

TEST(info_is_answered_and_told_and_its_digits_count)
{
	static const struct {
		const char *type, *body;
		char digit;
	} rows[] = {
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"application/dtmf-relay", "Signal= *\nDuration= 250", '*'},
		{"application/dtmf-relay", "Duration=100\r\nsignal=11\r\n", '#'},
		{"application/dtmf-relay", "Signal=16\r\n", 'R'},
		{"application/dtmf", "7", '7'},
		{"application/dtmf", "d\r\n", 'D'},
		{"application/dtmf", "17", '\0'},
		{"application/dtmf-relay", "Signal=\r\n", '\0'},
		{"application/dtmf-relay", "=", '\0'},
		{"text/plain", "Signal=5", '\0'},
	};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char want[2] = {rows[i].digit, '\0'};
		size_t n;

		side_forget(&r->a);
		side_forget(&r->b);
		memset(r->b.digits, 0, sizeof(r->b.digits));
		CHECK_OK(request(&r->a, "INFO", rows[i].type, rows[i].body));
		rig_run_ms(r, 50);
		CHECK_STR(r->a.log, "RESPONSE(200) ");
		CHECK_STR(r->b.log, "REQUEST ");
		CHECK_STR(r->b.digits, want);
		CHECK_MEM(offhook_message_body(r->b.message, strlen(r->b.message), &n), rows[i].body,
			strlen(rows[i].body));
	}
	rig_close(r);
}

TEST(other_requests_get_what_they_deserve)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_header package = {"Info-Package", "foo"};
	struct offhook_request req = {
		.size = sizeof(req), .method = "INFO", .headers = &package, .n_headers = 1};

	rig_talk(r);
	side_forget(&r->a);
	CHECK_OK(request(&r->a, "OPTIONS", NULL, NULL));
	rig_run_ms(r, 50);
	CHECK_OK(request(&r->a, "MESSAGE", "text/plain", "hi"));
	rig_run_ms(r, 50);
	CHECK_OK(request(&r->a, "FOO", NULL, NULL));
	rig_run_ms(r, 50);
	CHECK_OK(offhook_call_request(r->a.phone, r->a.call, &req));
	rig_run_ms(r, 50);
	CHECK_STR(r->a.log, "RESPONSE(200) RESPONSE(200) RESPONSE(501) RESPONSE(469) ");
	CHECK_EQ(request(&r->a, "BYE", NULL, NULL), OH_EINVAL);
	CHECK_EQ(request(&r->a, "A B", NULL, NULL), OH_EINVAL);
	CHECK_EQ(request(&r->a, "", NULL, NULL), OH_EINVAL);
	CHECK_EQ(request(&r->a, "INFO", NULL, "body without type"), OH_EINVAL);
	rig_close(r);
}

static void slow(struct offhook_phone_cfg *cfg)
{
	cfg->max_queued_events = 20;
}

TEST(digits_that_nobody_fetches_are_counted)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_PULL, slow);

	rig_talk(r);
	side_forget(&r->b);
	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "11111111111111111111111111111111", 40, 30));
	for (int i = 0; i < 40; i++) {
		sim_run_for(r->sim, 100 * NS_PER_MS);
		while (offhook_process(r->a.phone, 0) > 0)
			;
	}
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 100);
	CHECK(strlen(r->b.digits) >= 19 && strlen(r->b.digits) < 32);
	/* What is missing is told before the next thing that is not. */
	CHECK(strstr(r->b.log, "DROPPED(") != NULL);
	CHECK(strstr(r->b.log, "DROPPED(") < strstr(r->b.log, "DISCONNECTED"));
	rig_close(r);
}

TESTS(RUN(digits_go_both_ways_and_none_is_lost_or_doubled_by_a_bad_wire),
	RUN(digits_that_cannot_be_sent_are_named), RUN(info_is_answered_and_told_and_its_digits_count),
	RUN(other_requests_get_what_they_deserve), RUN(digits_that_nobody_fetches_are_counted))
