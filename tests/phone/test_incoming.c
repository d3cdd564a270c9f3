/* What strangers send: a bare socket speaks SIP to one phone, word by word. */
#include "rig.h"

#define PEER_IP "192.0.2.9"

struct peer {
	struct rig *r;
	struct host *host;
	struct host_dgram *dgram;
	struct netaddr phone;
	char got[4096]; /* the newest message from the phone */
	unsigned serial;
};

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

static void peer_open(struct peer *p, struct rig *r)
{
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 5060}};

	*p = (struct peer){.r = r};
	CHECK_OK(sim_host_new(r->sim, PEER_IP, &p->host));
	CHECK_OK(host_dgram_open(p->host, &cfg, &p->dgram));
	CHECK_OK(netaddr_parse_ip(SLICE_LIT(RIG_B_IP), 5060, &p->phone));
}

static void peer_close(struct peer *p)
{
	host_dgram_close(p->dgram);
	host_free(p->host);
}

/* Reads what has come; the newest stays. True: something came. */
static bool hear(struct peer *p)
{
	struct host_rx rx;
	bool any = false;

	rig_run_ms(p->r, 50);
	while (host_dgram_recv(p->dgram, p->got, sizeof(p->got) - 1, &rx) == 0) {
		p->got[rx.n] = '\0';
		any = true;
	}
	return any;
}

/* Sends a request and hears the answer. tag: the phone's, "" outside a dialog. */
static void say(struct peer *p, const char *method, const char *user, const char *tag, unsigned cseq,
	const char *more, const char *body)
{
	char text[4096];
	int n = snprintf(text, sizeof(text),
		"%s sip:%s@" RIG_B_IP " SIP/2.0\r\n"
		"Via: SIP/2.0/UDP " PEER_IP ":5060;branch=z9hG4bK-%u\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:stranger@" PEER_IP ">;tag=us\r\n"
		"To: <sip:%s@" RIG_B_IP ">%s%s\r\nCall-ID: one\r\nCSeq: %u %s\r\n"
		"Contact: <sip:stranger@" PEER_IP ">\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		method, user, ++p->serial, user, *tag ? ";tag=" : "", tag, cseq, method, more,
		*body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);

	CHECK_OK(host_dgram_send(p->dgram, &p->phone, NULL, text, (size_t)n));
	p->got[0] = '\0';
	hear(p);
}

static void tag_of(const struct peer *p, char tag[64])
{
	const char *at = strstr(p->got, "\r\nTo:");
	const char *found = at ? strstr(at, ";tag=") : NULL;

	assert_non_null(found);
	CHECK_EQ(sscanf(found, ";tag=%63[^;\r\n]", tag), 1);
}

static bool got(const struct peer *p, const char *words)
{
	if (strstr(p->got, words))
		return true;
	print_error("no '%s' in:\n%s\n", words, p->got);
	return false;
}

TEST(options_tell_what_an_invite_would_get)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	say(&p, "OPTIONS", "bob", "", 1, "", "");
	CHECK(got(&p, "SIP/2.0 200 OK\r\n"));
	CHECK(got(&p, "Allow: INVITE, ACK"));
	CHECK(got(&p, "Accept: application/sdp"));
	CHECK(got(&p, "Supported:"));
	CHECK_OK(offhook_account_remove(r->b.phone, r->b.account));
	say(&p, "OPTIONS", "bob", "", 2, "", "");
	CHECK(got(&p, "SIP/2.0 404 "));
	peer_close(&p);
	rig_close(r);
}

TEST(what_belongs_to_no_call_is_refused)
{
	static const struct {
		const char *method, *answer;
	} rows[] = {{"BYE", "481 "}, {"INFO", "481 "}, {"REGISTER", "405 "}, {"MESSAGE", "405 "},
		{"FOO", "501 "}};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;

	peer_open(&p, r);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		say(&p, rows[i].method, "bob", i == 0 ? "gone" : "", (unsigned)i + 1, "", "");
		CHECK(got(&p, rows[i].answer));
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
		say(&p, "INVITE", "bob", "", 2 * i + 1, "", offers[i]);
		CHECK(got(&p, "SIP/2.0 488 "));
		CHECK(got(&p, "Warning: 3"));
	}
	CHECK_STR(r->b.log, "");
	peer_close(&p);
	rig_close(r);
}

TEST(an_invite_without_offer_gets_ours_in_the_2xx)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct peer p;
	char tag[64];

	peer_open(&p, r);
	say(&p, "INVITE", "bob", "", 1, "", "");
	CHECK(got(&p, "100 Trying"));
	CHECK_OK(side_answer(&r->b, 183));
	CHECK(hear(&p) && got(&p, "183 Session Progress"));
	CHECK(!strstr(p.got, "m=audio"));
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(hear(&p) && got(&p, "200 OK"));
	CHECK(got(&p, "m=audio "));
	tag_of(&p, tag);
	CHECK_STR(r->b.log, "INCOMING EARLY(183) CONNECTING(200) ");
	say(&p, "ACK", "bob", tag, 1, "", audio);
	CHECK_STR(r->b.log, "INCOMING EARLY(183) CONNECTING(200) MEDIA(ACTIVE,3,slot) CONFIRMED(200) ");

	/* A re-INVITE without offer asks what we would have now. */
	say(&p, "INVITE", "bob", tag, 2, "", "");
	CHECK(got(&p, "200 OK") && got(&p, "m=audio "));
	say(&p, "ACK", "bob", tag, 2, "", audio);
	say(&p, "BYE", "bob", tag, 3, "", "");
	CHECK(got(&p, "200 OK"));
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
	say(&p, "INVITE", "bob", "", 1, "", audio);
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(hear(&p) && got(&p, "200 OK"));
	tag_of(&p, tag);
	say(&p, "ACK", "bob", tag, 1, "", "");
	old = r->b.slot;
	side_forget(&r->b);

	say(&p, "INVITE", "bob", tag, 2, "", held);
	CHECK(got(&p, "a=inactive"));
	say(&p, "ACK", "bob", tag, 2, "", "");
	CHECK_EQ(r->b.slot, old);

	say(&p, "INVITE", "bob", tag, 3, "", refused);
	CHECK(got(&p, "m=audio 0 "));
	say(&p, "ACK", "bob", tag, 3, "", "");
	CHECK_EQ(offhook_slot_get_info(r->b.phone, old, &slot), OH_ENOENT);
	CHECK_EQ(r->b.slot_number, -1);

	say(&p, "INVITE", "bob", tag, 4, "", audio);
	say(&p, "ACK", "bob", tag, 4, "", "");
	CHECK(r->b.slot && r->b.slot != old);
	CHECK_STR(r->b.log, "MEDIA(REMOTE_HOLD,0,slot) MEDIA(NULL,0,none) MEDIA(ACTIVE,3,slot) ");

	/* An offer of no use leaves everything as it is. */
	old = r->b.slot;
	say(&p, "INVITE", "bob", tag, 5, "", strange);
	CHECK(got(&p, "488 "));
	say(&p, "ACK", "bob", tag, 5, "", "");
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

		say(&p, "INVITE", rows[i].user, "", 2 * i + 1, "", audio);
		info = side_info(&r->b);
		CHECK_EQ(info->account, rows[i].account < 0 ? r->b.account : ids[rows[i].account]);
		offhook_call_info_free(info);
		CHECK_OK(side_hangup(&r->b, 0));
		say(&p, "ACK", rows[i].user, "", 2 * i + 1, "", "");
	}
	peer_close(&p);
	rig_close(r);
}

TESTS(RUN(options_tell_what_an_invite_would_get), RUN(what_belongs_to_no_call_is_refused),
	RUN(an_offer_that_cannot_be_answered_rings_nobody), RUN(an_invite_without_offer_gets_ours_in_the_2xx),
	RUN(audio_that_is_refused_loses_its_slot_and_comes_back), RUN(calls_find_their_account))
