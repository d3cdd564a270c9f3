/* Presence against a scripted server: publications (RFC 3903), message waiting (RFC 3842), dialogs in parts (RFC 4235),
 * subscriptions that end in all ways (RFC 6665). Bob's account is at the server's address. */
#include "peer.h"

#define SERVER "sip:bob@" PEER_IP

static struct rig *r;
static struct peer server;

static void give(int publish, int mwi, int watch_all)
{
	struct offhook_account_cfg cfg;
	struct offhook_presence_cfg pres;

	offhook_account_cfg_init(&cfg);
	offhook_presence_cfg_init(&pres);
	pres.publish = publish;
	pres.mwi = mwi;
	pres.publish_expires_s = 100;
	pres.watchers = watch_all ? OFFHOOK_WATCHERS_ALL : OFFHOOK_WATCHERS_ASK;
	cfg.presence = &pres;
	cfg.uri = SERVER;
	CHECK_OK(offhook_account_modify(r->b.phone, r->b.account, &cfg));
}

static void begin(int publish, int mwi)
{
	r = rig_new(OFFHOOK_DELIVER_INLINE);
	peer_open(&server, r);
	give(publish, mwi, 0);
	(void)peer_hear(&server);
}

static void end(void)
{
	peer_close(&server);
	rig_drop(r);
}

static int be(int online)
{
	const struct offhook_presence p = {.size = sizeof(p), .online = online};

	return offhook_account_set_presence(r->b.phone, r->b.account, &p);
}

static bool has_line(const char *line)
{
	return strstr(server.got, line) != NULL;
}

/* ---- publications ---- */

static void expect_publish(const char *etag, bool body, unsigned expires_s)
{
	char line[64];

	CHECK(peer_hear(&server));
	CHECK(peer_got(&server, "PUBLISH " SERVER " SIP/2.0\r\n"));
	CHECK(peer_got(&server, "\r\nEvent: presence\r\n"));
	snprintf(line, sizeof(line), "\r\nSIP-If-Match: %s\r\n", etag ? etag : "");
	CHECK_EQ(has_line(etag ? line : "SIP-If-Match"), etag != NULL);
	snprintf(line, sizeof(line), "\r\nExpires: %u\r\n", expires_s);
	CHECK(peer_got(&server, line));
	CHECK_EQ(has_line("<basic>"), body);
}

static void respond(const char *status, const char *more)
{
	peer_respond(&server, status, more, "");
	rig_run_ms(r, 10);
}

TEST(what_we_publish_is_renewed_changed_and_taken_away)
{
	begin(1, 0);
	CHECK_OK(be(1));
	expect_publish(NULL, true, 100);
	respond("200 OK", "SIP-ETag: e1\r\nExpires: 100\r\n");
	CHECK_STR(r->b.log, "PUBLICATION(200,OH_OK) ");
	rig_run_ms(r, 65000);
	expect_publish("e1", false, 100);
	respond("200 OK", "SIP-ETag: e2\r\nExpires: 60\r\n");
	rig_run_ms(r, 29000);
	CHECK(!peer_hear(&server));
	rig_run_ms(r, 1000);
	expect_publish("e2", false, 100);
	/* Said meanwhile: the newest goes next, and what lies between never. */
	CHECK_OK(be(0));
	CHECK_OK(be(1));
	CHECK_OK(be(0));
	respond("200 OK", "SIP-ETag: e3\r\n");
	expect_publish("e3", true, 100);
	CHECK(has_line("<basic>closed</basic>"));
	respond("200 OK", "SIP-ETag: e4\r\n");
	give(0, 0, 0);
	expect_publish("e4", false, 0);
	respond("200 OK", "SIP-ETag: e5\r\nExpires: 0\r\n");
	CHECK(!peer_hear(&server));
	/* And again. */
	give(1, 0, 0);
	expect_publish(NULL, true, 100);
	give(0, 0, 0); /* before it is answered: taken away when it is */
	respond("200 OK", "SIP-ETag: e6\r\n");
	expect_publish("e6", false, 0);
	give(1, 0, 0); /* before that is answered: wanted again */
	respond("404 Not Found", "");
	CHECK(peer_hear(&server));
	end();
}

TEST(a_server_that_has_forgotten_wants_longer_or_is_busy)
{
	begin(1, 0);
	CHECK_OK(be(1));
	expect_publish(NULL, true, 100);
	respond("423 Interval Too Brief", "Min-Expires: 200\r\n");
	expect_publish(NULL, true, 200);
	respond("200 OK", "SIP-ETag: e1\r\n");
	rig_run_ms(r, 165000);
	expect_publish("e1", false, 200);
	respond("412 Conditional Request Failed", "");
	expect_publish(NULL, true, 200);
	respond("503 Service Unavailable", "Retry-After: 20\r\n");
	CHECK_STR(r->b.log, "PUBLICATION(200,OH_OK) PUBLICATION(503,OH_OK) ");
	rig_run_ms(r, 19900);
	CHECK(!peer_hear(&server));
	rig_run_ms(r, 2200);
	expect_publish(NULL, true, 200);
	/* Nobody answers. */
	rig_run_ms(r, 33000);
	CHECK(strstr(r->b.log, "PUBLICATION(0,OH_ETIMEDOUT) "));
	side_forget(&r->b);
	rig_run_ms(r, 4000);
	(void)peer_hear(&server);
	respond("404 Not Found", "");
	CHECK_STR(r->b.log, "PUBLICATION(404,OH_OK) ");
	rig_run_ms(r, 1700 * 1000);
	CHECK(!peer_hear(&server));
	rig_run_ms(r, 300 * 1000);
	CHECK(peer_hear(&server));
	respond("404 Not Found", "");
	/* Something new is worth an attempt. */
	CHECK_OK(be(0));
	expect_publish(NULL, true, 200);
	respond("200 OK", "Expires: 0\r\n"); /* without the tag that it owes us: given anew in time */
	rig_run_ms(r, 165000);
	expect_publish(NULL, true, 200);
	respond("412 Conditional Request Failed", ""); /* of no condition: waits */
	CHECK(!peer_hear(&server));
	CHECK_OK(be(1));
	expect_publish(NULL, true, 200);
	respond("200 OK", "SIP-ETag: e9\r\n");
	CHECK_OK(offhook_account_remove(r->b.phone, r->b.account));
	expect_publish("e9", false, 0);
	end();
}

TEST(a_phone_that_closes_takes_its_publication_away)
{
	begin(1, 0);
	CHECK_OK(be(1));
	expect_publish(NULL, true, 100);
	respond("200 OK", "SIP-ETag: e1\r\n");
	(void)offhook_phone_close(r->b.phone, 0);
	expect_publish("e1", false, 0);
	respond("200 OK", "");
	end();
}

/* ---- subscriptions ---- */

static struct {
	char call_id[128], tag[64]; /* of bob's SUBSCRIBE */
	unsigned cseq;
} dialog;

static void take_word(const char *begin, const char *stop, char *out, size_t size)
{
	const char *at = strstr(server.got, begin);

	assert_non_null(at);
	at += strlen(begin);
	snprintf(out, size, "%.*s", (int)strcspn(at, stop), at);
}

static void expect_subscribe(const char *event, unsigned expires_s)
{
	char line[64];

	CHECK(peer_hear(&server));
	CHECK(peer_got(&server, "SUBSCRIBE sip:"));
	snprintf(line, sizeof(line), "\r\nEvent: %s\r\n", event);
	CHECK(peer_got(&server, line));
	snprintf(line, sizeof(line), "\r\nExpires: %u\r\n", expires_s);
	CHECK(peer_got(&server, line));
	take_word("\r\nCall-ID: ", "\r", dialog.call_id, sizeof(dialog.call_id));
	take_word("\r\nFrom: ", "\r", line, sizeof(line));
	take_word(";tag=", ";\r", dialog.tag, sizeof(dialog.tag));
}

static void notify(const char *event, const char *state, const char *type, const char *body)
{
	char text[4096];
	int n = snprintf(text, sizeof(text),
		"NOTIFY sip:bob@" RIG_B_IP " SIP/2.0\r\nVia: SIP/2.0/UDP " PEER_IP
		":5060;branch=z9hG4bKn%u\r\n"
		"Max-Forwards: 70\r\nFrom: <" SERVER ">;tag=peer\r\nTo: <" SERVER
		">;tag=%s\r\nCall-ID: %s\r\n"
		"CSeq: %u NOTIFY\r\nContact: <sip:peer@" PEER_IP
		">\r\nEvent: %s\r\nSubscription-State: %s\r\n"
		"%s%s%sContent-Length: %zu\r\n\r\n%s",
		++server.serial, dialog.tag, dialog.call_id, ++dialog.cseq, event, state,
		*body ? "Content-Type: " : "", *body ? type : "", *body ? "\r\n" : "", strlen(body), body);

	peer_send(&server, text, (size_t)n);
}

#define SUMMARY_TYPE "application/simple-message-summary"
#define SUMMARY      "Messages-Waiting: yes\r\nMessage-Account: sip:vm@x\r\nVoice-Message: 2/8 (0/2)\r\n"

TEST(messages_wait)
{
	begin(0, 0);
	give(0, 1, 0);
	expect_subscribe("message-summary", 3600);
	CHECK(peer_got(&server, "\r\nAccept: " SUMMARY_TYPE "\r\n"));
	respond("200 OK", "Expires: 3600\r\n");
	notify("message-summary", "active;expires=3600", SUMMARY_TYPE, SUMMARY);
	CHECK(peer_got(&server, "SIP/2.0 200 OK"));
	CHECK_STR(r->b.log, "MWI(1,2/8,sip:vm@x) ");
	notify("message-summary", "active;expires=3500", SUMMARY_TYPE, "nonsense");
	notify("message-summary", "active;expires=3500", "", "");
	notify("message-summary", "active;expires=3500", SUMMARY_TYPE, "Messages-Waiting: no\r\n");
	CHECK_STR(r->b.log, "MWI(1,2/8,sip:vm@x) MWI(0,0/0,) ");
	/* Asked for no longer. */
	give(0, 0, 0);
	expect_subscribe("message-summary", 0);
	respond("200 OK", "Expires: 0\r\n");
	notify("message-summary", "terminated;reason=timeout", SUMMARY_TYPE, SUMMARY);
	CHECK(peer_got(&server, "SIP/2.0 200 OK"));
	CHECK_STR(r->b.log, "MWI(1,2/8,sip:vm@x) MWI(0,0/0,) ");
	end();
}

/* RFC 3842 4.1: the server tells without having been asked. */
TEST(messages_wait_unasked)
{
	struct peer_request req = {.method = "NOTIFY",
		.cseq = 1,
		.more = "Event: message-summary\r\nSubscription-State: active\r\n",
		.type = SUMMARY_TYPE,
		.body = SUMMARY};

	begin(0, 0);
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 200 OK"));
	CHECK_STR(r->b.log, "MWI(1,2/8,sip:vm@x) ");
	req.cseq++;
	req.body = "nonsense";
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 400 Bad Message Summary"));
	req.cseq++;
	req.type = "text/plain";
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 400"));
	req.cseq++;
	req.more = "Event: presence\r\nSubscription-State: active\r\n";
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 481"));
	end();
}

static offhook_id follow(enum offhook_buddy_kind kind)
{
	struct offhook_buddy_cfg cfg;
	offhook_id id;

	offhook_buddy_cfg_init(&cfg);
	cfg.uri = "sip:carol@" PEER_IP;
	cfg.kind = kind;
	cfg.subscribe = 1;
	CHECK_OK(offhook_buddy_add(r->b.phone, r->b.account, &cfg, &id));
	return id;
}

/* What each end of a subscription leads to: how many seconds until the next SUBSCRIBE, at least and at most; 0, 0: none. */
TEST(how_a_subscription_ends_says_when_to_come_again)
{
	static const struct {
		const char *response, *more, *state;
		unsigned least_s, most_s;
	} rows[] = {
		{"200 OK", "", "terminated;reason=deactivated", 0, 1},
		{"200 OK", "", "terminated;reason=timeout", 0, 1},
		{"200 OK", "", "terminated;reason=probation;retry-after=60", 60, 67},
		{"200 OK", "", "terminated;reason=giveup", 1, 3},
		{"200 OK", "", "terminated;reason=something", 1, 3},
		{"200 OK", "", "terminated;retry-after=4000000000", 86400, 95100},
		{"200 OK", "", "terminated;reason=rejected;retry-after=5", 0, 0},
		{"200 OK", "", "terminated;reason=noresource", 0, 0},
		{"200 OK", "", "terminated;reason=invariant", 0, 0},
		{"503 Service Unavailable", "Retry-After: 30\r\n", NULL, 30, 34},
		{"480 Temporarily Unavailable", "", NULL, 1, 3},
		{"404 Not Found", "", NULL, 1800, 1990},
		{"489 Bad Event", "", NULL, 0, 0},
		{"600 Busy Everywhere", "", NULL, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		begin(0, 0);
		(void)follow(OFFHOOK_BUDDY_PRESENCE);
		expect_subscribe("presence", 3600);
		respond(rows[i].response, rows[i].more);
		if (rows[i].state)
			notify("presence", rows[i].state, "", "");
		server.got[0] = '\0';
		if (rows[i].least_s > 1) {
			rig_run_ms(r, rows[i].least_s * 1000 - 100);
			CHECK(!peer_hear(&server));
		}
		rig_run_ms(r, (rows[i].most_s ? rows[i].most_s : 100000) * 1000);
		(void)peer_hear(&server);
		CHECK_EQ(has_line("SUBSCRIBE "), rows[i].most_s != 0);
		end();
	}
}

/* Thrown out again and again "deactivated": no storm. */
TEST(a_server_that_always_ends_is_asked_less_and_less)
{
	unsigned asked = 0;

	begin(0, 0);
	(void)follow(OFFHOOK_BUDDY_PRESENCE);
	for (unsigned second = 0; second < 600; second++) {
		while (peer_hear(&server)) {
			if (!strstr(server.got, "SUBSCRIBE ") ||
				strstr(server.got, "\r\nTo: <sip:carol@" PEER_IP ">;tag"))
				break;
			asked++;
			take_word("\r\nCall-ID: ", "\r", dialog.call_id, sizeof(dialog.call_id));
			take_word(";tag=", ";\r", dialog.tag, sizeof(dialog.tag));
			respond("200 OK", "");
			notify("presence", "terminated;reason=deactivated", "", "");
		}
		rig_run_ms(r, 950);
	}
	CHECK(asked >= 6 && asked <= 14);
	end();
}

#define PIDF_DOC "application/pidf+xml"

TEST(a_document_that_is_none_changes_nothing)
{
	begin(0, 0);
	(void)follow(OFFHOOK_BUDDY_PRESENCE);
	expect_subscribe("presence", 3600);
	respond("200 OK", "");
	notify("presence", "active;expires=100", PIDF_DOC,
		"<presence xmlns='urn:ietf:params:xml:ns:pidf'><tuple "
		"id='1'><status><basic>open</basic></status></tuple>"
		"</presence>");
	side_forget(&r->b);
	notify("presence", "active;expires=100", PIDF_DOC, "<presence");
	CHECK(peer_got(&server, "SIP/2.0 200 OK"));
	CHECK_STR(r->b.log, "BUDDY(active,online) ");
	notify("presence", "active;expires=100", "text/html", "<html/>");
	CHECK(peer_got(&server, "SIP/2.0 415"));
	end();
}

#define DIALOGS "application/dialog-info+xml"
#define DI(v, how) \
	"<dialog-info xmlns='urn:ietf:params:xml:ns:dialog-info' version='" v "' state='" how \
	"' entity='sip:x'>"
#define D(id, state) "<dialog id='" id "'><state>" state "</state></dialog>"

TEST(dialogs_come_in_full_and_in_parts)
{
	begin(0, 0);
	(void)follow(OFFHOOK_BUDDY_DIALOGS);
	expect_subscribe("dialog", 3600);
	respond("200 OK", "");
	notify("dialog", "active", DIALOGS,
		DI("3", "full") D("1", "early") D("2", "trying") "</dialog-info>");
	CHECK(strstr(r->b.log, "DIALOG(early) DIALOG(trying) "));
	side_forget(&r->b);
	/* What has not changed is not told again; the second one is gone. */
	notify("dialog", "active", DIALOGS, DI("4", "full") D("1", "early") "</dialog-info>");
	notify("dialog", "active", DIALOGS, DI("2", "full") D("1", "confirmed") "</dialog-info>"); /* old */
	notify("dialog", "active", DIALOGS,
		DI("5", "partial") D("1", "confirmed") D("3", "trying") "</dialog-info>");
	notify("dialog", "active", DIALOGS, DI("5", "partial") D("1", "early") "</dialog-info>"); /* old */
	notify("dialog", "active", DIALOGS, "<dialog-info");
	notify("dialog", "active", "", "");
	CHECK_STR(r->b.log, "BUDDY(active,?) DIALOG(terminated) BUDDY(active,?) BUDDY(active,?) "
			    "DIALOG(confirmed) DIALOG(trying) "
			    "BUDDY(active,?) BUDDY(active,?) BUDDY(active,?) ");
	side_forget(&r->b);
	/* Something is missing between: asked for all of it (RFC 4235 4.3). */
	notify("dialog", "active", DIALOGS, DI("7", "partial") D("1", "terminated") "</dialog-info>");
	CHECK(strstr(r->b.log, "DIALOG(terminated) "));
	CHECK(has_line("SUBSCRIBE ") || peer_hear(&server));
	CHECK(peer_got(&server, "SUBSCRIBE "));
	end();
}

TEST(a_stranger_subscribes)
{
	struct peer_request req = {
		.method = "SUBSCRIBE", .cseq = 1, .more = "Event: presence\r\nExpires: 0\r\n"};

	begin(0, 0);
	/* Nothing of ours, or nothing that he would understand. */
	req.more = "Event: message-summary\r\n";
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 489"));
	CHECK(peer_got(&server, "\r\nAllow-Events: refer, presence, dialog\r\n"));
	req.cseq++;
	req.more = "Event: presence\r\nAccept: text/plain\r\n";
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 406"));
	CHECK_STR(r->b.log, "");
	/* The state once (RFC 6665 4.4.3). */
	give(0, 0, 1);
	req.cseq++;
	req.more = "Event: presence\r\nExpires: 0\r\n";
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "NOTIFY sip:stranger@" PEER_IP));
	CHECK(peer_got(&server, "\r\nSubscription-State: terminated;reason=timeout\r\n"));
	CHECK(peer_got(&server, "<basic>closed</basic>"));
	respond("200 OK", "");
	CHECK_STR(r->b.log, "WATCHER_GONE(0,timeout) ");
	/* The phone closes. */
	(void)offhook_phone_close(r->b.phone, 0);
	req.cseq++;
	peer_ask(&server, &req);
	CHECK(peer_got(&server, "SIP/2.0 503"));
	end();
}

TESTS(RUN(what_we_publish_is_renewed_changed_and_taken_away),
	RUN(a_server_that_has_forgotten_wants_longer_or_is_busy),
	RUN(a_phone_that_closes_takes_its_publication_away), RUN(messages_wait), RUN(messages_wait_unasked),
	RUN(how_a_subscription_ends_says_when_to_come_again),
	RUN(a_server_that_always_ends_is_asked_less_and_less), RUN(a_document_that_is_none_changes_nothing),
	RUN(dialogs_come_in_full_and_in_parts), RUN(a_stranger_subscribes))
