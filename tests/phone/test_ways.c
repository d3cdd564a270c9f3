/*
 * The ways of a call: to which of several addresses it goes (RFC 3263 4.3), how long it may ring (RFC 3261 13.2.1),
 * what the program may say along with each message and what it hears of each answer.
 */
#include "peer.h"

#define NAME     "bob.example.com"
#define NOBODY_1 "192.0.2.66" /* on the wire, but nothing listens */
#define NOBODY_2 "192.0.2.67" /* no machine at all */

static const char audio[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			    "m=audio 4000 RTP/AVP 8\r\n";

static int call_with(struct side *s, const char *uri, uint32_t expires_s, const struct offhook_header *h)
{
	struct offhook_call_cfg cfg;

	offhook_call_cfg_init(&cfg);
	cfg.uri = uri;
	cfg.expires_s = expires_s;
	cfg.headers = h;
	cfg.n_headers = h ? 1 : 0;
	return offhook_call_make(s->phone, s->account, &cfg, &s->call);
}

/* ---- the next address ---- */

static struct rig *rig_with(const char *first, const char *second)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	CHECK_OK(sim_dns_addr(r->sim, NAME, first));
	if (second)
		CHECK_OK(sim_dns_addr(r->sim, NAME, second));
	return r;
}

TEST(the_next_address_is_tried_when_one_is_silent)
{
	struct rig *r = rig_with(NOBODY_2, RIG_B_IP);

	CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 0, NULL));
	rig_run_ms(r, 3900); /* SIP_TRY_T1 */
	CHECK_STR(r->b.log, "");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	CHECK_STR(r->a.log, "CALLING CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");
	rig_close(r);
}

TEST(the_next_address_is_tried_at_once_when_one_refuses_packets)
{
	struct rig *r = rig_with(NOBODY_1, RIG_B_IP);
	struct host *nobody;

	CHECK_OK(sim_host_new(r->sim, NOBODY_1, &nobody));
	CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 0, NULL));
	rig_run_ms(r, 100);
	CHECK_STR(r->b.log, "INCOMING ");
	CHECK_STR(r->a.log, "CALLING ");
	CHECK_OK(side_hangup(&r->b, 486));
	CHECK(rig_wait(&r->a, "DISCONNECTED(486)"));
	host_free(nobody);
	rig_close(r);
}

TEST(a_503_leads_to_the_next_address_and_a_486_does_not)
{
	static const struct {
		const char *answer, *a, *b;
	} rows[] = {
		{"503 Service Unavailable", "CALLING ", "INCOMING "},
		{"486 Busy Here", "CALLING DISCONNECTED(486) ", ""},
		{"302 Moved Temporarily", "CALLING QUESTION(4,sip:peer@" PEER_IP ") ", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig *r = rig_with(PEER_IP, RIG_B_IP);
		struct peer p;

		peer_open(&p, r);
		CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 0, NULL));
		CHECK(peer_hear(&p));
		peer_respond(&p, rows[i].answer, "", "");
		rig_run_ms(r, 100);
		CHECK_STR(r->a.log, rows[i].a);
		CHECK_STR(r->b.log, rows[i].b);
		peer_close(&p);
		rig_close(r);
	}
}

TEST(who_has_rung_is_not_left_for_another)
{
	struct rig *r = rig_with(PEER_IP, RIG_B_IP);
	struct peer p;

	peer_open(&p, r);
	CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 0, NULL));
	CHECK(peer_hear(&p));
	peer_respond(&p, "180 Ringing", "", "");
	rig_run_ms(r, 100);
	peer_respond(&p, "503 Service Unavailable", "", "");
	rig_run_ms(r, 100);
	CHECK_STR(r->a.log, "CALLING EARLY(180) DISCONNECTED(503) ");
	CHECK_STR(r->b.log, "");
	peer_close(&p);
	rig_close(r);
}

TEST(the_last_address_decides)
{
	struct rig *r = rig_with(NOBODY_1, NOBODY_2);
	struct host *nobody;

	CHECK_OK(sim_host_new(r->sim, NOBODY_1, &nobody));
	CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 0, NULL));
	CHECK(rig_wait(&r->a, "CALLING DISCONNECTED(408)"));
	host_free(nobody);
	rig_close(r);
}

TEST(a_call_can_be_given_up_on_its_second_way)
{
	struct rig *r = rig_with(NOBODY_2, RIG_B_IP);

	CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 0, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY"));
	CHECK_OK(side_hangup(&r->a, 0));
	CHECK(rig_wait(&r->b, "DISCONNECTED(487)"));
	rig_close(r);
}

/* ---- how long it may ring ---- */

TEST(rfc3261_13_2_1_an_invite_expires)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	CHECK_OK(call_with(&r->a, "sip:bob@" RIG_B_IP, 30, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(strstr(r->b.message, "\r\nExpires: 30\r\n") != NULL);
	CHECK_OK(side_answer(&r->b, 180));
	rig_run_ms(r, 29900);
	CHECK_STR(r->a.log, "CALLING EARLY(180) ");
	rig_run_ms(r, 1000);
	CHECK_STR(r->a.log, "CALLING EARLY(180) DISCONNECTED(487) ");
	CHECK_STR(r->b.log, "INCOMING EARLY(180) DISCONNECTED(487) ");
	rig_close(r);
}

TEST(an_answer_in_time_ends_the_expiry)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	CHECK_OK(call_with(&r->a, "sip:bob@" RIG_B_IP, 30, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	rig_run_ms(r, 20000);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->a, "CONFIRMED"));
	rig_run_ms(r, 60000);
	CHECK(!strstr(r->a.log, "DISCONNECTED") && !strstr(r->b.log, "DISCONNECTED"));
	rig_close(r);
}

/* Over all addresses together; before the first has given up. */
TEST(expiry_counts_from_the_first_invite)
{
	struct rig *r = rig_with(NOBODY_2, RIG_B_IP);

	CHECK_OK(call_with(&r->a, "sip:bob@" NAME, 40, NULL));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK(strstr(r->b.message, "\r\nExpires: 36\r\n") != NULL);
	rig_run_ms(r, 40000);
	CHECK_STR(r->a.log, "CALLING DISCONNECTED(487) ");
	rig_close(r);
}

/* ---- headers ---- */

static const struct offhook_header note = {"X-Note", "from the program"};
static const char noted[] = "\r\nX-Note: from the program\r\n";

static int answer_with_note(struct side *s, unsigned code)
{
	struct offhook_answer a;

	offhook_answer_init(&a);
	a.code = code;
	a.headers = &note;
	a.n_headers = 1;
	return offhook_call_answer(s->phone, s->call, &a);
}

static int hang_up_with_note(struct side *s)
{
	struct offhook_answer a;

	offhook_answer_init(&a);
	a.code = 0;
	a.headers = &note;
	a.n_headers = 1;
	return offhook_call_hangup(s->phone, s->call, &a);
}

/* RFC 3261 13.2.1, 13.3.1.4. */
static bool tells_what_it_can(const struct peer *p)
{
	return peer_got(p, "\r\nAllow: INVITE, ACK, ") && peer_got(p, "\r\nSupported:");
}

TEST(headers_of_the_program_stand_in_every_message_of_a_caller)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	CHECK_OK(call_with(&r->b, "sip:peer@" PEER_IP, 0, &note));
	CHECK(peer_hear(&p) && peer_got(&p, "INVITE ") && peer_got(&p, noted));
	CHECK(peer_got(&p, "\r\nUser-Agent: offhook/") && tells_what_it_can(&p));
	peer_respond(&p, "200 OK", "", audio);
	CHECK(peer_hear(&p) && peer_got(&p, "ACK "));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK_OK(offhook_call_reinvite(r->b.phone, r->b.call, &note, 1));
	CHECK(peer_hear(&p) && peer_got(&p, "INVITE ") && peer_got(&p, noted));
	CHECK(tells_what_it_can(&p));
	peer_respond(&p, "488 Not Acceptable Here", "Warning: 370 x \"no room\"\r\n", "");
	CHECK(peer_hear(&p) && peer_got(&p, "ACK "));
	CHECK(rig_wait(&r->b, "HOLD_FAILED(488)"));
	CHECK(strstr(r->b.message, "\r\nWarning: 370 x \"no room\"\r\n") != NULL);
	CHECK_OK(hang_up_with_note(&r->b));
	CHECK(peer_hear(&p) && peer_got(&p, "BYE ") && peer_got(&p, noted));
	peer_respond(&p, "200 OK", "", "");

	CHECK_OK(call_with(&r->b, "sip:peer@" PEER_IP, 0, NULL));
	CHECK(peer_hear(&p));
	peer_respond(&p, "180 Ringing", "", "");
	rig_run_ms(r, 50);
	CHECK_OK(hang_up_with_note(&r->b));
	CHECK(peer_hear(&p) && peer_got(&p, "CANCEL ") && peer_got(&p, noted));
	peer_close(&p);
	rig_close(r);
}

TEST(headers_of_the_program_stand_in_every_answer)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", audio);
	CHECK_OK(answer_with_note(&r->b, 183));
	CHECK(peer_hear(&p) && peer_got(&p, "183 ") && peer_got(&p, noted));
	CHECK(peer_got(&p, "\r\nServer: offhook/") && tells_what_it_can(&p));
	CHECK_OK(answer_with_note(&r->b, 200));
	CHECK(peer_hear(&p) && peer_got(&p, "200 OK") && peer_got(&p, noted));
	CHECK(tells_what_it_can(&p));
	peer_tag(&p, tag);
	peer_say(&p, "ACK", "bob", tag, 1, "", "");
	CHECK_OK(hang_up_with_note(&r->b));
	CHECK(peer_hear(&p) && peer_got(&p, "BYE ") && peer_got(&p, noted));
	peer_respond(&p, "200 OK", "", "");

	peer_say(&p, "INVITE", "bob", "", 11, "", audio);
	CHECK_OK(answer_with_note(&r->b, 480));
	CHECK(peer_hear(&p) && peer_got(&p, "480 ") && peer_got(&p, noted));
	peer_say(&p, "ACK", "bob", tag, 11, "", "");
	peer_close(&p);
	rig_close(r);
}

static long header_of(const struct side *s, const char *name, unsigned index, char *buf, size_t size)
{
	return offhook_message_header(s->message, strlen(s->message), name, index, buf, size);
}

TEST(every_header_of_every_answer_reaches_the_program)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_request info = {.size = sizeof(info), .method = "INFO"};
	struct peer p;
	char value[128];

	peer_open(&p, r);
	CHECK_OK(call_with(&r->b, "sip:peer@" PEER_IP, 0, NULL));
	CHECK(peer_hear(&p));
	peer_respond(&p, "180 Ringing", "Alert-Info: <http://x>\r\n", "");
	CHECK(rig_wait(&r->b, "EARLY"));
	CHECK(header_of(&r->b, "Alert-Info", 0, value, sizeof(value)) > 0);
	CHECK_STR(value, "<http://x>");
	peer_respond(&p, "200 OK", "X-Desk: 7\r\n", audio);
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	CHECK(header_of(&r->b, "x-desk", 0, value, sizeof(value)) > 0);
	peer_hear(&p);
	CHECK_OK(offhook_call_request(r->b.phone, r->b.call, &info));
	CHECK(peer_hear(&p) && peer_got(&p, "INFO "));
	peer_respond(&p, "200 OK", "X-Info: yes\r\n", "");
	CHECK(rig_wait(&r->b, "RESPONSE(200)"));
	CHECK(header_of(&r->b, "X-Info", 0, value, sizeof(value)) > 0);
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(peer_hear(&p));
	peer_respond(&p, "200 OK", "", "");

	/* RFC 3261 8.1.3.4: where to look instead. */
	CHECK_OK(call_with(&r->b, "sip:peer@" PEER_IP, 0, NULL));
	CHECK(peer_hear(&p));
	peer_respond(&p, "302 Moved Temporarily", "Contact: <sip:elsewhere@192.0.2.77>;q=0.5\r\n", "");
	CHECK(rig_wait(&r->b, "DISCONNECTED(302)"));
	CHECK(header_of(&r->b, "Contact", 1, value, sizeof(value)) > 0);
	CHECK_STR(value, "<sip:elsewhere@192.0.2.77>;q=0.5");
	peer_close(&p);
	rig_close(r);
}

/* ---- without memory ---- */

static int two_ways(void *arg)
{
	struct rig *r = rig_try_new(OFFHOOK_DELIVER_INLINE, NULL);
	struct host *nobody = NULL;
	int err = OH_ENOMEM;

	(void)arg;
	if (!r)
		return err;
	if (sim_dns_addr(r->sim, NAME, NOBODY_1) || sim_dns_addr(r->sim, NAME, RIG_B_IP) ||
		sim_host_new(r->sim, NOBODY_1, &nobody))
		goto done;
	err = call_with(&r->a, "sip:bob@" NAME, 20, NULL);
	rig_run_ms(r, 2000);
	if (!err && !strstr(r->b.log, "INCOMING"))
		err = OH_ENOMEM;
done:
	offhook_phone_free(r->a.phone);
	r->a.phone = NULL;
	host_free(nobody);
	rig_drop(r);
	return err;
}

TEST(a_second_way_without_memory_leaves_nothing_behind)
{
	check_every_allocation_fails(two_ways, NULL);
}

TESTS(RUN(the_next_address_is_tried_when_one_is_silent),
	RUN(the_next_address_is_tried_at_once_when_one_refuses_packets),
	RUN(a_503_leads_to_the_next_address_and_a_486_does_not), RUN(who_has_rung_is_not_left_for_another),
	RUN(the_last_address_decides), RUN(a_call_can_be_given_up_on_its_second_way),
	RUN(rfc3261_13_2_1_an_invite_expires), RUN(an_answer_in_time_ends_the_expiry),
	RUN(expiry_counts_from_the_first_invite),
	RUN(headers_of_the_program_stand_in_every_message_of_a_caller),
	RUN(headers_of_the_program_stand_in_every_answer),
	RUN(every_header_of_every_answer_reaches_the_program),
	RUN(a_second_way_without_memory_leaves_nothing_behind))
