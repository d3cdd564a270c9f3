/* Digits and requests inside a call. */
#include "peer.h"

#include "offhook/codec.h"
#include "offhook/tone.h"
#include "phone/call_impl.h"

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

/* ---- by INFO ---- */

static void set_dtmf(struct side *s, enum offhook_dtmf dtmf)
{
	struct offhook_session_cfg cfg;

	offhook_session_cfg_init(&cfg);
	cfg.dtmf = dtmf;
	CHECK_OK(offhook_account_set_session(s->phone, s->account, &cfg));
}

TEST(digits_go_by_info_and_none_is_lost_or_doubled_by_a_bad_wire)
{
	static const char digits[] = "0123456789*#ABCDR";
	static const enum offhook_dtmf ways[] = {OFFHOOK_DTMF_INFO_RELAY, OFFHOOK_DTMF_INFO};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct sim_wire wire = {.delay_ns = 5 * NS_PER_MS, .loss = 0.1, .duplicate = 0.1};

		set_dtmf(&r->a, ways[i]);
		set_dtmf(&r->b, ways[i]);
		rig_talk(r);
		sim_wire(r->sim, &wire);
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "0123456789", 40, 30));
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "*#abcdr", 40, 30));
		/* The callee has his own way. */
		CHECK_OK(offhook_call_dtmf(r->b.phone, r->b.call, "42", 100, 100));
		CHECK(rig_wait(&r->a, "DTMF_SENT "));
		CHECK(rig_wait(&r->b, "DTMF_SENT "));
		CHECK_STR(r->b.digits, digits);
		CHECK_STR(r->a.digits, "42");
		rig_close(r);
	}
}

static const char without_events[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\n"
				     "t=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

/* a has called the stranger, who knows no telephone-event. */
static struct rig *rig_at_stranger(struct peer *p, enum offhook_dtmf dtmf, const char *more)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_cfg cfg;

	peer_open(p, r);
	set_dtmf(&r->a, dtmf);
	offhook_call_cfg_init(&cfg);
	cfg.uri = "sip:peer@" PEER_IP;
	CHECK_OK(offhook_call_make(r->a.phone, r->a.account, &cfg, &r->a.call));
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1", 0, 0),
		dtmf == OFFHOOK_DTMF_INFO_RELAY || dtmf == OFFHOOK_DTMF_INFO ? OH_ESTATE : OH_ENOMEDIA);
	CHECK(peer_hear(p));
	peer_respond(p, "200 OK", more, without_events);
	CHECK(peer_hear(p));
	CHECK(peer_got(p, "ACK "));
	return r;
}

static void leave_stranger(struct peer *p, struct rig *r)
{
	(void)side_hangup(&r->a, 0);
	if (peer_hear(p) && strstr(p->got, "BYE ") == p->got)
		peer_respond(p, "200 OK", "", "");
	peer_close(p);
	rig_close(r);
}

TEST(by_info_they_go_one_after_the_other)
{
	struct peer p;
	struct rig *r = rig_at_stranger(&p, OFFHOOK_DTMF_INFO_RELAY, "");

	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "1r", 100, 50));
	CHECK(peer_hear(&p));
	CHECK(peer_got(&p, "Content-Type: application/dtmf-relay\r\n"));
	CHECK(peer_got(&p, "\r\n\r\nSignal=1\r\nDuration=100\r\n"));
	/* Neither before its answer, nor before its time. */
	rig_run_ms(r, 200);
	peer_respond(&p, "200 OK", "", "");
	CHECK(peer_hear(&p));
	CHECK(peer_got(&p, "Signal=16\r\n"));
	peer_respond(&p, "200 OK", "", "");
	rig_run_ms(r, 10);
	CHECK(!strstr(r->a.log, "DTMF_SENT"));
	CHECK(rig_wait(&r->a, "DTMF_SENT "));
	leave_stranger(&p, r);
}

TEST(a_type_that_is_not_taken_leads_to_the_other_one)
{
	struct peer p;
	struct rig *r = rig_at_stranger(&p, OFFHOOK_DTMF_INFO_RELAY, "");

	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "5", 0, 0));
	CHECK(peer_hear(&p));
	peer_respond(&p, "415 Unsupported Media Type", "Accept: application/dtmf\r\n", "");
	CHECK(peer_hear(&p));
	CHECK(peer_got(&p, "Content-Type: application/dtmf\r\n"));
	CHECK(peer_got(&p, "\r\n\r\n5"));
	peer_respond(&p, "200 OK", "", "");
	CHECK(rig_wait(&r->a, "DTMF_SENT "));
	leave_stranger(&p, r);
}

TEST(a_digit_that_is_refused_ends_them)
{
	struct peer p;
	struct rig *r = rig_at_stranger(&p, OFFHOOK_DTMF_INFO, "");

	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "012345678901234567890123456789012", 0, 0),
		OH_ETOOMANY);
	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "01234567890123456789012345678901", 0, 0));
	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "2", 0, 0));
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "3", 0, 0), OH_ETOOMANY);
	CHECK(peer_hear(&p));
	peer_respond(&p, "415 Unsupported Media Type", "", "");
	CHECK(rig_wait(&r->a, "DTMF_SENT(415) "));
	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "7", 0, 0));
	CHECK(peer_hear(&p));
	leave_stranger(&p, r); /* while it is open */
}

TEST(who_takes_neither_gets_none)
{
	struct peer p;
	struct rig *r = rig_at_stranger(&p, OFFHOOK_DTMF_INFO, "Allow: INVITE, ACK, BYE\r\n");

	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1", 0, 0), OH_ENODTMF);
	leave_stranger(&p, r);
	r = rig_at_stranger(&p, OFFHOOK_DTMF_RTP, "");
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1", 0, 0), OH_ENODTMF);
	leave_stranger(&p, r);
}

/* ---- as sound ---- */

TEST(without_telephone_event_they_go_as_sound)
{
	struct peer p;
	struct rig *r = rig_at_stranger(&p, OFFHOOK_DTMF_DEFAULT, "");

	/* And may come so: nothing else was agreed. */
	CHECK(call_find(r->a.phone, r->a.call)->media.hearing->digits_wanted);
	CHECK_EQ(offhook_call_dtmf(r->a.phone, r->a.call, "1R", 0, 0), OH_EDIGIT);
	CHECK(strstr(offhook_error_detail(), "no sound"));
	CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "12", 100, 50));
	rig_run_ms(r, 200);
	CHECK(!strstr(r->a.log, "DTMF_SENT"));
	CHECK(rig_wait(&r->a, "DTMF_SENT "));
	leave_stranger(&p, r);
}

/* b's ears and a's mouth. NULL: there is no such codec in this build. */
static struct rig *rig_by_sound(enum offhook_dtmf way, enum offhook_dtmf_hear hear, const char *codec)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_session_cfg cfg;

	offhook_session_cfg_init(&cfg);
	cfg.dtmf_hear = (enum offhook_dtmf_hear)9;
	CHECK_EQ(offhook_account_set_session(r->b.phone, r->b.account, &cfg), OH_EINVAL);
	if (offhook_codec_set_priority(r->a.phone, codec, 255)) {
		rig_close(r);
		return NULL;
	}
	CHECK_OK(offhook_codec_set_priority(r->b.phone, codec, 255));
	set_dtmf(&r->a, way);
	offhook_session_cfg_init(&cfg);
	cfg.dtmf_hear = hear;
	CHECK_OK(offhook_account_set_session(r->b.phone, r->b.account, &cfg));
	rig_talk(r);
	return r;
}

static unsigned drawn(uint64_t *random, unsigned bound)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33) % bound;
}

/* n digits by chance, as many at a time as may wait; how many of these batches arrive as they went? */
static unsigned send_many(struct rig *r, unsigned n, unsigned duration_ms, unsigned pause_ms)
{
	uint64_t random = 5;
	unsigned good = 0;

	for (; n > 0; n -= n < 32 ? n : 32) {
		char digits[33] = "";

		for (unsigned i = 0; i < 32 && i < n; i++)
			digits[i] = "0123456789*#ABCD"[drawn(&random, 16)];
		side_forget(&r->a);
		side_forget(&r->b);
		memset(r->b.digits, 0, sizeof(r->b.digits));
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, digits, duration_ms, pause_ms));
		CHECK(rig_wait(&r->a, "DTMF_SENT "));
		rig_run_ms(r, 300);
		good += strcmp(r->b.digits, digits) == 0;
	}
	return good;
}

TEST(of_five_thousand_digits_at_ten_percent_loss_none_is_lost_or_doubled)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct sim_wire wire = {.delay_ns = 5 * NS_PER_MS, .loss = 0.1, .duplicate = 0.02};
	struct offhook_call_stats stats = {.size = sizeof(stats)};

	rig_talk(r);
	sim_wire(r->sim, &wire);
	CHECK_EQ(send_many(r, 5000, 100, 40), (5000 + 31) / 32);
	CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &stats));
	CHECK_EQ(stats.rx_digits, 5000);
	rig_close(r);
}

/* RFC 4733 2.1, 7.1.1: events have the clock of the audio beside them. */
TEST(digits_arrive_once_each_at_every_clock)
{
	static const char *const codecs[] = {"PCMU/8000", "G722/8000", "L16/16000", "opus/48000"};

	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
		struct sim_wire wire = {.delay_ns = 5 * NS_PER_MS, .loss = 0.05, .duplicate = 0.05};

		/* Opus is not there in every build. */
		if (offhook_codec_set_priority(r->a.phone, codecs[i], 255) == 0) {
			CHECK_OK(offhook_codec_set_priority(r->b.phone, codecs[i], 255));
			rig_talk(r);
			CHECK_EQ(call_find(r->b.phone, r->b.call)->media.params.tx->clock_hz,
				(uint32_t)atoi(strchr(codecs[i], '/') + 1));
			sim_wire(r->sim, &wire);
			CHECK_EQ(send_many(r, 64, 100, 50), 2);
		}
		rig_close(r);
	}
}

TEST(as_sound_none_is_lost_or_doubled_on_a_clean_wire)
{
	static const struct {
		const char *codec;
		unsigned duration_ms, pause_ms;
	} rows[] = {{"PCMU/8000", 50, 50}, {"PCMA/8000", 50, 50}, {"G722/8000", 50, 50},
		{"G726-16/8000", 50, 50}, {"opus/48000", 50, 50}, {"GSM/8000", 160, 80}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_by_sound(OFFHOOK_DTMF_IN_BAND, OFFHOOK_DTMF_HEAR_ON, rows[i].codec);

		if (r) {
			CHECK_EQ(send_many(r, 256, rows[i].duration_ms, rows[i].pause_ms), 8);
			rig_close(r);
		}
	}
}

/* Sound has no numbers that tell what is missing, but the jitter buffer knows where something is: at the usual 160 ms no
 * digit is lost or cut in two. docs/tones.md has the figures of shorter ones. */
TEST(as_sound_they_stand_some_loss)
{
	struct rig *r = rig_by_sound(OFFHOOK_DTMF_IN_BAND, OFFHOOK_DTMF_HEAR_ON, "PCMU/8000");
	struct sim_wire wire = {.delay_ns = 5 * NS_PER_MS, .loss = 0.1};

	sim_wire(r->sim, &wire);
	CHECK_EQ(send_many(r, 1000, 160, 80), (1000 + 31) / 32);
	rig_close(r);
}

TEST(digits_in_the_audio_are_heard_when_they_are_asked_for)
{
	static const struct {
		enum offhook_dtmf_hear hear;
		const char *digits;
	} rows[] = {{OFFHOOK_DTMF_HEAR_AUTO, ""}, {OFFHOOK_DTMF_HEAR_OFF, ""}, {OFFHOOK_DTMF_HEAR_ON, "12"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_by_sound(OFFHOOK_DTMF_IN_BAND, rows[i].hear, "PCMU/8000");

		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "12", 0, 0));
		rig_run_ms(r, 1000);
		CHECK_STR(r->b.digits, rows[i].digits);
		CHECK_OK(offhook_call_hear_dtmf(r->b.phone, r->b.call, OFFHOOK_DTMF_HEAR_ON));
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "3", 0, 0));
		rig_run_ms(r, 500);
		CHECK_OK(offhook_call_hear_dtmf(r->b.phone, r->b.call, OFFHOOK_DTMF_HEAR_DEFAULT));
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "4", 0, 0));
		rig_run_ms(r, 500);
		CHECK_STR(r->b.digits + strlen(rows[i].digits), "3");
		CHECK_EQ(offhook_call_hear_dtmf(r->b.phone, r->b.call, (enum offhook_dtmf_hear)9), OH_EINVAL);
		rig_close(r);
	}
}

/* A gateway that knows a digit only after it has let some of it through, and lets some through behind it. */
TEST(an_event_whose_tone_is_heard_too_is_told_once)
{
	struct rig *r = rig_by_sound(OFFHOOK_DTMF_RTP, OFFHOOK_DTMF_HEAR_ON, "PCMU/8000");
	struct offhook_tone_cfg cfg;
	offhook_id tone, slot;

	offhook_tone_cfg_init(&cfg);
	cfg.hz1 = 697;
	cfg.hz2 = 1209;
	for (unsigned ms = 20; ms <= 120; ms += 20) {
		CHECK_OK(offhook_tone_new(r->a.phone, &cfg, &tone, &slot));
		CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
		rig_run_ms(r, ms);
		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, "1", 0, 0));
		rig_run_ms(r, 300);
		CHECK_OK(offhook_port_remove(r->a.phone, tone));
		rig_run_ms(r, 700);
		CHECK_STR(r->b.digits, "1");
		memset(r->b.digits, 0, sizeof(r->b.digits));
	}
	rig_close(r);
}

TEST(a_digit_that_comes_both_ways_is_told_once)
{
	static const struct {
		unsigned at_ms;
		char digit;
		enum digit_way way;
		bool told;
	} rows[] = {
		{0, '1', DIGIT_BY_RTP, true}, {100, '1', DIGIT_BY_RTP, true},
		{150, '1', DIGIT_BY_INFO, false}, {180, '1', DIGIT_BY_INFO, false},
		{200, '1', DIGIT_BY_INFO, true}, /* a third one */
		{210, '2', DIGIT_BY_INFO, true}, {1300, '2', DIGIT_BY_RTP, false},
		{1400, '3', DIGIT_BY_RTP, true},
		{3500, '3', DIGIT_BY_INFO, true}, /* too late to be the same */
		{5000, '4', DIGIT_BY_SOUND, true}, {4800, '4', DIGIT_BY_RTP, false},
		{6000, '4', DIGIT_BY_RTP, true}, {6700, '4', DIGIT_BY_SOUND, true}, /* too late likewise */
	};
	struct digit_twins twins = {.next = 0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (digit_is_new(&twins, rows[i].digit, rows[i].way, rows[i].at_ms * NS_PER_MS) !=
			rows[i].told)
			fail_msg("row %zu", i);
}

TEST(a_peer_that_sends_both_ways)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_talk(r);
	for (const char *d = "1122"; *d; d++) {
		char text[2] = {*d, '\0'};

		CHECK_OK(offhook_call_dtmf(r->a.phone, r->a.call, text, 0, 0));
		CHECK_OK(request(&r->a, "INFO", "application/dtmf", text));
		rig_run_ms(r, 400);
	}
	CHECK_STR(r->b.digits, "1122");
	rig_close(r);
}

static int digit_with_failing_memory(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct offhook_session_cfg cfg;
	int err = r ? 0 : OH_ENOMEM;

	(void)arg;
	if (err)
		return err;
	offhook_session_cfg_init(&cfg);
	cfg.dtmf = OFFHOOK_DTMF_INFO_RELAY;
	cfg.dtmf_hear = OFFHOOK_DTMF_HEAR_ON;
	err = offhook_account_set_session(r->a.phone, r->a.account, &cfg);
	if (!err)
		err = rig_try_call(r);
	rig_run_ms(r, 100);
	(void)side_answer(&r->b, 200);
	rig_run_ms(r, 1000);
	if (!err)
		(void)offhook_call_dtmf(r->a.phone, r->a.call, "12", 0, 0);
	rig_run_ms(r, 2000);
	rig_drop(r);
	return err;
}

TEST(every_allocation_of_a_digit_by_info_may_fail)
{
	check_every_allocation_fails(digit_with_failing_memory, NULL);
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
	RUN(other_requests_get_what_they_deserve),
	RUN(digits_go_by_info_and_none_is_lost_or_doubled_by_a_bad_wire),
	RUN(by_info_they_go_one_after_the_other), RUN(a_type_that_is_not_taken_leads_to_the_other_one),
	RUN(a_digit_that_is_refused_ends_them), RUN(who_takes_neither_gets_none),
	RUN(without_telephone_event_they_go_as_sound),
	RUN(of_five_thousand_digits_at_ten_percent_loss_none_is_lost_or_doubled),
	RUN(digits_arrive_once_each_at_every_clock), RUN(as_sound_none_is_lost_or_doubled_on_a_clean_wire),
	RUN(as_sound_they_stand_some_loss), RUN(digits_in_the_audio_are_heard_when_they_are_asked_for),
	RUN(an_event_whose_tone_is_heard_too_is_told_once), RUN(a_digit_that_comes_both_ways_is_told_once),
	RUN(a_peer_that_sends_both_ways), RUN(every_allocation_of_a_digit_by_info_may_fail),
	RUN(digits_that_nobody_fetches_are_counted))
