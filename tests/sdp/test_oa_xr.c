/* Extended reports in offer and answer (RFC 3611 5): who asks for what, and what both end up with. */
#include "oa_rig.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
#define LINE "m=audio 4000 RTP/AVP 0\r\n"

static const struct oa_codec pcmu = {.encoding = "PCMU", .clock_hz = 8000, .channels = 1, .pt = 0};

static struct oa_local ours(bool xr)
{
	struct oa_local local = {.codecs = &pcmu, .n_codecs = 1, .xr = xr, .want = SDP_SENDRECV};

	CHECK_OK(netaddr_parse_ip(SLICE_LIT("192.0.2.1"), 5000, &local.rtp));
	local.rtcp_port = 5001;
	return local;
}

static bool has(struct slice text, const char *what)
{
	char copy[2048];

	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(text));
	return strstr(copy, what) != NULL;
}

struct row {
	const char *theirs; /* in the peer's description */
	bool we_do;
	const char *answer; /* a=rtcp-xr of ours; NULL: none */
	unsigned agreed;    /* when they offer */
	unsigned taken;     /* when they answer the same */
};

static const struct row rows[] = {
	{"", true, NULL, 0, 0},
	{"a=rtcp-xr:voip-metrics\r\n", true, "a=rtcp-xr:voip-metrics\r\n", OA_XR_VOIP, OA_XR_VOIP},
	{"a=rtcp-xr:voip-metrics\r\n", false, NULL, 0, 0},
	{"a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt voip-metrics\r\n", true,
		"a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n", OA_XR_VOIP | OA_XR_RTT, OA_XR_VOIP | OA_XR_RTT},
	{"a=rtcp-xr:RCVR-RTT=sender\r\n", true, "a=rtcp-xr:rcvr-rtt=all\r\n", OA_XR_RTT | OA_XR_RTT_SENDER,
		OA_XR_RTT | OA_XR_RTT_SENDER},
	{"a=rtcp-xr:rcvr-rtt=nobody x-ours\r\n", true, "a=rtcp-xr:\r\n", 0, 0},
	{"a=rtcp-xr:\r\n", true, "a=rtcp-xr:\r\n", 0, 0},
	{"a=rtcp-xr\r\n", true, "a=rtcp-xr:\r\n", 0, 0},
};

TEST(an_answer_asks_for_no_more_than_was_offered)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oa_local local = ours(rows[i].we_do);
		struct oa_audio audio;
		struct slice text;
		char offer[512];
		struct oa *oa;

		snprintf(offer, sizeof(offer), "%s%s%s", HEAD, LINE, rows[i].theirs);
		CHECK_OK(oa_new(1, &oa));
		CHECK_OK(oa_answer(oa, slice_of(offer), &local, &text, &audio));
		CHECK_EQ(has(text, "a=rtcp-xr"), rows[i].answer != NULL);
		if (rows[i].answer)
			CHECK(has(text, rows[i].answer));
		CHECK_EQ(audio.xr, rows[i].agreed);
		oa_free(oa);
	}
}

TEST(an_offer_asks_for_all_and_the_answer_says_what_we_send)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oa_local local = ours(rows[i].we_do);
		struct oa_audio audio;
		struct slice text;
		char answer[512];
		struct oa *oa;

		snprintf(answer, sizeof(answer), "%s%s%s", HEAD, LINE, rows[i].theirs);
		CHECK_OK(oa_new(1, &oa));
		CHECK_OK(oa_make_offer(oa, &local, &text));
		CHECK_EQ(has(text, "a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n"), rows[i].we_do);
		CHECK_OK(oa_take_answer(oa, slice_of(answer), &audio));
		CHECK_EQ(audio.xr, rows[i].taken);
		oa_free(oa);
	}
}

/* 5.1: what the media says replaces what the session says. */
TEST(the_media_decides_over_the_session)
{
	struct oa_local local = ours(true);
	struct oa_audio audio;
	struct slice text;
	struct oa *oa;

	CHECK_OK(oa_new(1, &oa));
	CHECK_OK(oa_answer(oa, SLICE_LIT(HEAD "a=rtcp-xr:voip-metrics\r\n" LINE), &local, &text, &audio));
	CHECK_EQ(audio.xr, OA_XR_VOIP);
	CHECK_OK(oa_answer(oa, SLICE_LIT(HEAD "a=rtcp-xr:voip-metrics\r\n" LINE "a=rtcp-xr:rcvr-rtt=all\r\n"),
		&local, &text, &audio));
	CHECK_EQ(audio.xr, OA_XR_RTT);
	oa_free(oa);
}

TESTS(RUN(an_answer_asks_for_no_more_than_was_offered),
	RUN(an_offer_asks_for_all_and_the_answer_says_what_we_send), RUN(the_media_decides_over_the_session))
