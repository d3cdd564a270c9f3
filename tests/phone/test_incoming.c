/* What strangers send: calls and questions of every kind. */
#include "peer.h"

static const char audio[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			    "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
static const char held[] =
	"v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
	"m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=inactive\r\n";
static const char refused[] = "v=0\r\no=- 1 3 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			      "m=audio 0 RTP/AVP 8\r\n";
static const char video[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			    "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
static const char strange[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
			      "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 foo/8000\r\n";

TEST(options_tell_what_an_invite_would_get)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	peer_say(&p, "OPTIONS", "bob", "", 1, "", "");
	CHECK(peer_got(&p, "SIP/2.0 200 OK\r\n"));
	CHECK(peer_got(&p, "Allow: INVITE, ACK"));
	CHECK(peer_got(&p, "Accept: application/sdp"));
	CHECK(peer_got(&p, "Supported:"));
	CHECK_OK(offhook_account_remove(r->b.phone, r->b.account));
	peer_say(&p, "OPTIONS", "bob", "", 2, "", "");
	CHECK(peer_got(&p, "SIP/2.0 404 "));
	peer_close(&p);
	rig_close(r);
}

TEST(what_belongs_to_no_call_is_refused)
{
	static const struct {
		const char *method, *answer;
	} rows[] = {{"BYE", "481 "}, {"INFO", "481 "}, {"REGISTER", "405 "}, {"PUBLISH", "405 "},
		{"FOO", "501 "}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		peer_say(&p, rows[i].method, "bob", i == 0 ? "gone" : "", (unsigned)i + 1, "", "");
		CHECK(peer_got(&p, rows[i].answer));
	}
	CHECK_STR(r->b.log, "");
	peer_close(&p);
	rig_close(r);
}

TEST(an_offer_that_cannot_be_answered_rings_nobody)
{
	const char *offers[] = {video, strange, "v=0\r\nnonsense\r\n"};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	for (unsigned i = 0; i < ARRAY_LEN(offers); i++) {
		peer_say(&p, "INVITE", "bob", "", 2 * i + 1, "", offers[i]);
		CHECK(peer_got(&p, "SIP/2.0 488 "));
		CHECK(peer_got(&p, "Warning: 3"));
	}
	CHECK_STR(r->b.log, "");
	peer_close(&p);
	rig_close(r);
}

/* MATRIX: RFC 6337 5.2.2 */
TEST(an_invite_without_offer_gets_ours_in_the_2xx)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", "");
	CHECK_OK(side_answer(&r->b, 183));
	CHECK(peer_hear(&p) && peer_got(&p, "183 Session Progress"));
	CHECK(!strstr(p.got, "m=audio"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(peer_hear(&p) && peer_got(&p, "200 OK"));
	CHECK(peer_got(&p, "m=audio "));
	peer_tag(&p, tag);
	CHECK_STR(r->b.log, "INCOMING EARLY(183) CONNECTING(200) ");
	peer_say(&p, "ACK", "bob", tag, 1, "", audio);
	CHECK_STR(r->b.log, "INCOMING EARLY(183) CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");

	/* A re-INVITE without offer asks what we would have now. */
	peer_say(&p, "INVITE", "bob", tag, 2, "", "");
	CHECK(peer_got(&p, "200 OK") && peer_got(&p, "m=audio "));
	peer_say(&p, "ACK", "bob", tag, 2, "", audio);
	peer_say(&p, "BYE", "bob", tag, 3, "", "");
	CHECK(peer_got(&p, "200 OK"));
	CHECK(strstr(r->b.log, "DISCONNECTED(200)") != NULL);
	peer_close(&p);
	rig_close(r);
}

TEST(audio_that_is_refused_loses_its_slot_and_comes_back)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_slot_info slot = {.size = sizeof(slot)};
	struct peer p;
	offhook_id old;
	char tag[64];

	peer_open(&p, r);
	peer_say(&p, "INVITE", "bob", "", 1, "", audio);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(peer_hear(&p) && peer_got(&p, "200 OK"));
	peer_tag(&p, tag);
	peer_say(&p, "ACK", "bob", tag, 1, "", "");
	old = r->b.slot;
	side_forget(&r->b);

	peer_say(&p, "INVITE", "bob", tag, 2, "", held);
	CHECK(peer_got(&p, "a=inactive"));
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	CHECK_EQ(r->b.slot, old);

	peer_say(&p, "INVITE", "bob", tag, 3, "", refused);
	CHECK(peer_got(&p, "m=audio 0 "));
	peer_say(&p, "ACK", "bob", tag, 3, "", "");
	CHECK_EQ(offhook_slot_get_info(r->b.phone, old, &slot), OH_ENOENT);
	CHECK_EQ(r->b.slot_number, -1);

	peer_say(&p, "INVITE", "bob", tag, 4, "", audio);
	peer_say(&p, "ACK", "bob", tag, 4, "", "");
	CHECK(r->b.slot && r->b.slot != old);
	CHECK_STR(r->b.log, "MEDIA(REMOTE_HOLD,0,slot) MEDIA(NULL,0,none) MEDIA(ACTIVE,3,slot) ");

	/* An offer of no use leaves everything as it is. */
	old = r->b.slot;
	peer_say(&p, "INVITE", "bob", tag, 5, "", strange);
	CHECK(peer_got(&p, "488 "));
	peer_say(&p, "ACK", "bob", tag, 5, "", "");
	CHECK_OK(offhook_slot_get_info(r->b.phone, old, &slot));
	peer_close(&p);
	rig_close(r);
}

TEST(calls_find_their_account)
{
	static const struct {
		const char *uri;
		int priority;
	} accounts[] = {
		{"sip:carol@192.0.2.2", 0},
		{"sip:carol@192.0.2.2", 5},
		{"sip:c%61rol2@elsewhere.example", 0},
		{"sip:dave@192.0.2.2", 9},
	};
	static const struct {
		const char *user;
		int account; /* -1: the default one */
	} rows[] = {{"carol", 1}, {"carol2", 2}, {"dave", 3}, {"nobody", -1}, {"Carol", -1}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	offhook_id ids[ARRAY_LEN(accounts)];
	struct offhook_account_cfg cfg;
	struct peer p;

	for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
		offhook_account_cfg_init(&cfg);
		cfg.uri = accounts[i].uri;
		cfg.priority = accounts[i].priority;
		CHECK_OK(offhook_account_add(r->b.phone, &cfg, &ids[i]));
	}
	peer_open(&p, r);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct offhook_call_info *info;

		peer_say(&p, "INVITE", rows[i].user, "", 2 * i + 1, "", audio);
		info = side_info(&r->b);
		CHECK_EQ(info->account, rows[i].account < 0 ? r->b.account : ids[rows[i].account]);
		offhook_call_info_free(info);
		CHECK_OK(side_hangup(&r->b, 0));
		peer_say(&p, "ACK", rows[i].user, "", 2 * i + 1, "", "");
	}
	peer_close(&p);
	rig_close(r);
}

TESTS(RUN(options_tell_what_an_invite_would_get), RUN(what_belongs_to_no_call_is_refused),
	RUN(an_offer_that_cannot_be_answered_rings_nobody), RUN(an_invite_without_offer_gets_ours_in_the_2xx),
	RUN(audio_that_is_refused_loses_its_slot_and_comes_back), RUN(calls_find_their_account))
