/* Subscriptions against a scripted peer: what two good ends never say to each other (RFC 6665 4, 5, RFC 3265 errata). */
#include "../sip/rig.h"

#include "base/err.h"
#include "session/pkg_refer.h"
#include "session/sub.h"

#include <stdio.h>

static const struct sub_package weather = {.name = "weather",
	.accept = "text/plain",
	.use = SUB_BOTH_WAYS,
	.expires_s = 600,
	.min_s = 60,
	.max_s = 3600};
static const struct sub_package *const packages[] = {&pkg_refer, &weather};

struct story {
	struct rig *r;
	struct subs subs;
	struct sub *sub;
	int refused;
	unsigned ended;
};

static void on_notify(void *arg, struct sub *sub, const struct sub_news *news)
{
	(void)arg;
	(void)sub;
	(void)news;
}

static void on_accepted(void *arg, struct sub *sub, struct sip_msg *msg)
{
	(void)arg;
	(void)sub;
	(void)msg;
}

static void on_asked_again(void *arg, struct sub *sub)
{
	(void)arg;
	(void)sub;
}

static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	(void)sub;
	(void)end;
	((struct story *)arg)->ended++;
}

static void on_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	struct story *t = arg;
	struct sub_incoming in = {.contact = SLICE_LIT("<sip:b@192.0.2.1>"),
		.handler = {on_notify, on_accepted, on_asked_again, on_ended, t}};

	t->refused = sub_incoming(&t->subs, &in, msg, server, &t->sub);
}

static struct story *story_new(void)
{
	struct story *t = calloc(1, sizeof(*t));
	struct sip_stack_cfg cfg = {.handler = {.request = on_request, .arg = t}};

	CHECK(t);
	t->r = rig_new_with(&cfg);
	subs_init(&t->subs, t->r->stack);
	t->subs.packages = packages;
	t->subs.n_packages = ARRAY_LEN(packages);
	return t;
}

static void story_close(struct story *t)
{
	t->sub = sub_free(t->sub);
	rig_run_for(t->r, 140000);
	CHECK_EQ(sip_stack_ending(t->r->stack), 0);
	rig_close(t->r);
	free(t);
}

/* A request of the peer; to_tag "": outside of dialogs. */
static void peer_sends(
	struct story *t, const char *method, unsigned cseq, const char *to_tag, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s sip:b@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKs%s%u\n"
		"Max-Forwards: 70\nFrom: <sip:peer@example.test>;tag=p1\nTo: <sip:b@example.test>%s%s\n"
		"Call-ID: sub-1\nCSeq: %u %s\nContact: <sip:peer@192.0.2.2:5070>\n%sContent-Length: 0\n\n",
		method, method, cseq, *to_tag ? ";tag=" : "", to_tag, cseq, method, more);
	rig_send(t->r, text);
}

TEST(a_subscribe_that_cannot_be_is_told_why)
{
	static const struct {
		const char *more, *answer;
	} rows[] = {
		{"", "SIP/2.0 489 "},
		{"Event: sunshine\n", "SIP/2.0 489 "},
		{"Event: weather\nAccept: application/pidf+xml\n", "SIP/2.0 406 "},
		{"Event: weather\nExpires: 5\n", "SIP/2.0 423 "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct story *t = story_new();

		peer_sends(t, "SUBSCRIBE", 1, "", rows[i].more);
		rig_expect(t->r, rows[i].answer);
		CHECK(t->refused < 0);
		CHECK(!t->sub);
		story_close(t);
	}
}

static const char *to_tag(struct story *t, const char *response)
{
	static char tag[64];
	const char *at = strstr(rig_header(t->r, response, "To"), "tag=");

	CHECK(at);
	snprintf(tag, sizeof(tag), "%s", at + 4);
	return tag;
}

/* The id of Event travels with each NOTIFY; while the program thinks, a second SUBSCRIBE is told to come back; what is not for
 * a subscription is refused inside its dialog; the end says when to try again. */
TEST(a_subscription_with_an_id_lives_and_ends)
{
	struct story *t = story_new();
	struct sub_notice n = {
		.state = SUB_ACTIVE, .content_type = SLICE_LIT("text/plain"), .body = SLICE_LIT("rain")};
	const char *notify, *tag;

	peer_sends(t, "SUBSCRIBE", 1, "", "Event: weather;id=7\nAccept: text/plain\nExpires: 300\n");
	assert_non_null(t->sub);
	CHECK_OK(sub_reply(t->sub, &(struct sub_reply){.status = 200}));
	tag = to_tag(t, rig_expect(t->r, "SIP/2.0 200 "));
	CHECK_OK(sub_notify(t->sub, &n));
	notify = rig_expect(t->r, "NOTIFY sip:peer@192.0.2.2:5070 SIP/2.0");
	CHECK_STR(rig_header(t->r, notify, "Event"), "weather;id=7");
	rig_send(t->r, rig_response(t->r, notify, "200 OK", NULL, ""));

	peer_sends(t, "INFO", 2, tag, "");
	CHECK(strstr(rig_header(t->r, rig_expect(t->r, "SIP/2.0 405 "), "Allow"), "SUBSCRIBE"));
	peer_sends(t, "BYE", 3, tag, "");
	rig_expect(t->r, "SIP/2.0 481 ");
	CHECK_EQ(sub_state(t->sub), SUB_ACTIVE);

	n = (struct sub_notice){
		.state = SUB_TERMINATED, .reason = SLICE_LIT("probation"), .retry_after_s = 90};
	CHECK_OK(sub_notify(t->sub, &n));
	notify = rig_expect(t->r, "NOTIFY sip:peer@192.0.2.2:5070 SIP/2.0");
	CHECK(strstr(rig_header(t->r, notify, "Subscription-State"), "reason=probation;retry-after=90"));
	rig_send(t->r, rig_response(t->r, notify, "200 OK", NULL, ""));
	story_close(t);
}

TEST(a_second_subscribe_waits_for_the_first)
{
	struct story *t = story_new();

	peer_sends(t, "SUBSCRIBE", 1, "", "Event: weather\n");
	assert_non_null(t->sub);
	CHECK_EQ(sub_state(t->sub), SUB_ASKED);
	CHECK_OK(sub_reply(t->sub, &(struct sub_reply){.status = 403}));
	rig_expect(t->r, "SIP/2.0 403 ");
	CHECK_EQ(sub_reply(t->sub, &(struct sub_reply){.status = 200}), OH_ESTATE);
	story_close(t);
}

/* ---- we subscribe ---- */

static int ask(struct story *t, const struct sub_cfg *what)
{
	struct sub_cfg cfg = *what;
	struct sub_whom whom = {.target = SLICE_LIT(RIG_PEER_URI),
		.from = SLICE_LIT("<sip:b@example.test>"),
		.to = SLICE_LIT("<sip:peer@example.test>")};

	cfg.method = SIP_SUBSCRIBE;
	cfg.contact = SLICE_LIT("<sip:b@192.0.2.1>");
	cfg.handler = (struct sub_handler){on_notify, on_accepted, on_asked_again, on_ended, t};
	return sub_subscribe(&t->subs, &cfg, &whom, &t->sub);
}

TEST(notifications_that_make_no_sense_are_refused)
{
	struct story *t = story_new();
	struct sub_cfg cfg = {.package = &weather, .expires_s = UINT32_MAX - 1, .id = SLICE_LIT("9")};
	const char *subscribe, *from;
	char text[2048], tag[64];

	CHECK_OK(ask(t, &cfg));
	CHECK_EQ(sub_refresh(t->sub, 60), OH_ESTATE);
	subscribe = rig_expect(t->r, "SUBSCRIBE ");
	CHECK_STR(rig_header(t->r, subscribe, "Event"), "weather;id=9");
	from = strstr(rig_header(t->r, subscribe, "From"), "tag=");
	CHECK(from);
	snprintf(tag, sizeof(tag), "%s", from + 4);
	rig_send(t->r, rig_response(t->r, subscribe, "200 OK", "p2",
			       "Contact: <sip:peer@192.0.2.2:5070>\nExpires: 600\n"));
	for (unsigned i = 0; i < 3; i++) {
		static const char *const rows[][2] = {
			{"Event: weather;id=9\nContent-Length: 0\n\n", "SIP/2.0 400 "},
			{"Event: weather;id=9\nSubscription-State: active\nContent-Type: "
			 "text/html\nContent-Length: 1\n\nx",
				"SIP/2.0 415 "},
			{"Event: weather;id=9\nSubscription-State: active;expires=500\nContent-Length: 0\n\n",
				"SIP/2.0 200 "}};

		snprintf(text, sizeof(text),
			"NOTIFY sip:b@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKn%u\n"
			"Max-Forwards: 70\nFrom: <sip:peer@example.test>;tag=p2\nTo: "
			"<sip:b@example.test>;tag=%s\n"
			"Call-ID: %s\nCSeq: %u NOTIFY\nContact: <sip:peer@192.0.2.2:5070>\n%s",
			i, tag, rig_header(t->r, subscribe, "Call-ID"), i + 1, rows[i][0]);
		rig_send(t->r, text);
		rig_expect(t->r, rows[i][1]);
	}
	CHECK_EQ(sub_state(t->sub), SUB_ACTIVE);
	CHECK_OK(sub_refresh(t->sub, UINT32_MAX - 1));
	CHECK_EQ(sub_refresh(t->sub, 60), OH_EBUSY);
	rig_expect(t->r, "SUBSCRIBE ");
	story_close(t);
}

TEST(too_many_headers_are_refused)
{
	struct story *t = story_new();
	struct sip_extra extras[100];

	for (size_t i = 0; i < ARRAY_LEN(extras); i++)
		extras[i] = (struct sip_extra){SLICE_LIT("X-A"), SLICE_LIT("b")};
	CHECK_EQ(ask(t,
			 &(struct sub_cfg){
				 .package = &weather, .extras = extras, .n_extras = ARRAY_LEN(extras)}),
		OH_ETOOBIG);
	story_close(t);
}

TESTS(RUN(a_subscribe_that_cannot_be_is_told_why), RUN(a_subscription_with_an_id_lives_and_ends),
	RUN(a_second_subscribe_waits_for_the_first), RUN(notifications_that_make_no_sense_are_refused),
	RUN(too_many_headers_are_refused))
