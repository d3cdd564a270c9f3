/*
 * The examples of RFC 4317, as far as one audio line goes. Where the RFC's party accepts video or a second
 * audio stream, ours refuses that line in its place; what happens to the first audio stream is the RFC's.
 * Each example runs with us as the answerer, and where our offer can look like the RFC's, with us as the
 * offerer.
 */
#include "oa_rig.h"

#define ALICE(version, media) \
	"v=0\r\no=alice 2890844526 " version " IN IP4 host.atlanta.example.com\r\ns= \r\n" \
	"c=IN IP4 host.atlanta.example.com\r\nt=0 0\r\n" media
#define BOB_AT(host, version, media) \
	"v=0\r\no=bob 2808844564 " version " IN IP4 host.biloxi.example.com\r\ns= \r\n" \
	"c=IN IP4 " host "\r\nt=0 0\r\n" media
#define BOB(version, media) BOB_AT("host.biloxi.example.com", version, media)

#define A1 "2890844526"
#define A2 "2890844527"
#define B1 "2808844564"
#define B2 "2808844565"

#define VIDEO      "m=video 51372 RTP/AVP 31 32\r\na=rtpmap:31 H261/90000\r\na=rtpmap:32 MPV/90000\r\n"
#define VIDEO_H261 "m=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"
#define NO_VIDEO   "m=video 0 RTP/AVP 31\r\n"
#define THREE \
	"m=audio 49170 RTP/AVP 0 8 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:97 " \
	"iLBC/8000\r\n"
#define ILBC_AT(port) "m=audio " port " RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\n"
#define PCMU_AT(port) "m=audio " port " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
#define EVENTS(port)  "m=audio " port " RTP/AVP 98\r\na=rtpmap:98 telephone-event/8000\r\n"

static const struct oa_codec only_pcmu[] = {PCMU}, only_ilbc[] = {ILBC}, pcmu_ilbc[] = {PCMU, ILBC},
			     all_three[] = {PCMU, PCMA, ILBC};

struct party {
	struct oa *oa;
	struct oa_local local;
	struct oa_audio audio;
	struct slice text;
};

static struct party party(uint64_t session_id, uint16_t port, const struct oa_codec *codecs, size_t n_codecs)
{
	return (struct party){
		.oa = oa_made(session_id), .local = local_at("192.0.2.1", port, codecs, n_codecs)};
}

#define BOB_WITH(port, codecs)   party(2808844564, port, codecs, ARRAY_LEN(codecs))
#define ALICE_WITH(port, codecs) party(2890844526, port, codecs, ARRAY_LEN(codecs))

static void offered(struct party *p, const char *offer)
{
	CHECK_OK(oa_answer(p->oa, slice_of(offer), &p->local, &p->text, &p->audio));
}

static void offers(struct party *p)
{
	CHECK_OK(oa_make_offer(p->oa, &p->local, &p->text));
}

static void answered(struct party *p, const char *answer)
{
	CHECK_OK(oa_take_answer(p->oa, slice_of(answer), &p->audio));
}

static void sends_to(const struct party *p, const char *host, uint16_t port, const char *encoding, int tx_pt)
{
	CHECK_EQ(p->audio.status, OA_ACTIVE);
	CHECK_STR(p->audio.remote_host, host);
	CHECK_EQ(p->audio.remote_rtp.port, port);
	CHECK_STR(p->audio.codec.encoding, encoding);
	CHECK_EQ(p->audio.tx_pt, tx_pt);
}

TEST(s2_1_one_codec_of_three)
{
	struct party bob = BOB_WITH(49174, only_pcmu), alice = ALICE_WITH(49170, all_three);

	offered(&bob, ALICE(A1, THREE VIDEO));
	check_has(bob.text, "m=audio 49174 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n");
	check_has(bob.text, NO_VIDEO);
	sends_to(&bob, "host.atlanta.example.com", 49170, "PCMU", 0);

	offers(&alice);
	check_has(alice.text, THREE);
	answered(&alice, BOB(B1, PCMU_AT("49174")));
	sends_to(&alice, "host.biloxi.example.com", 49174, "PCMU", 0);
	CHECK_EQ(alice.audio.n_codecs, 1);
	oa_free(bob.oa);
	oa_free(alice.oa);
}

TEST(s2_2_two_codecs_then_one)
{
	struct party bob = BOB_WITH(49172, g711), alice = ALICE_WITH(49170, all_three);

	offered(&bob, ALICE(A1, THREE VIDEO));
	check_has(bob.text, "m=audio 49172 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n");
	check_has(bob.text, NO_VIDEO);
	CHECK_EQ(bob.audio.n_codecs, 2);
	offered(&bob, ALICE(A2, PCMU_AT("51372") NO_VIDEO));
	check_has(bob.text, "o=- " B1 " " B2 " ");
	check_has(bob.text, "m=audio 49172 RTP/AVP 0\r\n");
	check_has(bob.text, NO_VIDEO);
	CHECK_EQ(bob.audio.remote_rtp.port, 51372);
	CHECK_EQ(bob.audio.n_codecs, 1);

	offers(&alice);
	answered(&alice,
		BOB(B1, "m=audio 49172 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"));
	CHECK_EQ(alice.audio.n_codecs, 2);
	alice.local = local_at("192.0.2.1", 51372, only_pcmu, 1);
	offers(&alice);
	check_has(alice.text, "o=- " A1 " " A2 " ");
	check_has(alice.text, PCMU_AT("51372"));
	answered(&alice, BOB(B2, PCMU_AT("49172")));
	CHECK_EQ(alice.audio.n_codecs, 1);
	oa_free(bob.oa);
	oa_free(alice.oa);
}

TEST(s2_3_the_answer_changes_the_number)
{
	struct party alice = ALICE_WITH(49170, all_three);

	offers(&alice);
	answered(&alice, BOB(B1, "m=audio 49172 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\n"));
	sends_to(&alice, "host.biloxi.example.com", 49172, "iLBC", 99);
	CHECK_EQ(alice.audio.rx_pt, 97);
	oa_free(alice.oa);
}

TEST(s2_4_of_two_audio_streams_the_one_with_speech)
{
	struct party bob = BOB_WITH(49172, only_ilbc);

	bob.local.dtmf = true;
	offered(&bob, ALICE(A1, "m=audio 49170 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 "
				"iLBC/8000\r\n" EVENTS("49172") "a=sendonly\r\n"));
	check_has(bob.text, "m=audio 49172 RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\na=sendrecv\r\nm=audio 0 "
			    "RTP/AVP 98\r\n");
	sends_to(&bob, "host.atlanta.example.com", 49170, "iLBC", 97);
	CHECK_EQ(bob.audio.dtmf_tx_pt, -1);
	oa_free(bob.oa);
}

TEST(s2_5_the_offerer_moves_and_the_answer_stays)
{
	struct party alice = ALICE_WITH(49170, only_ilbc);
	struct slice first;
	char copy[1024];

	offers(&alice);
	answered(&alice, BOB(B1, ILBC_AT("49174")));
	first = oa_local_text(alice.oa);
	memcpy(copy, first.p, first.n);
	offered(&alice, BOB_AT("newhost.biloxi.example.com", B2, ILBC_AT("49178")));
	sends_to(&alice, "newhost.biloxi.example.com", 49178, "iLBC", 97);
	CHECK_EQ(alice.text.n, first.n); /* the version included */
	CHECK_MEM(alice.text.p, copy, first.n);
	oa_free(alice.oa);
}

TEST(s2_6_the_second_audio_stream_is_the_one)
{
	struct party bob = BOB_WITH(49170, only_ilbc);

	bob.local.dtmf = true;
	offered(&bob, ALICE(A1, PCMU_AT("49170") "m=audio 51372 RTP/AVP 97 101\r\na=rtpmap:97 iLBC/8000\r\n"
						 "a=rtpmap:101 telephone-event/8000\r\n"));
	check_has(bob.text, "m=audio 0 RTP/AVP 0\r\nm=audio 49170 RTP/AVP 97 101\r\na=rtpmap:97 iLBC/8000\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n");
	sends_to(&bob, "host.atlanta.example.com", 51372, "iLBC", 97);
	CHECK_EQ(bob.audio.dtmf_tx_pt, 101);
	oa_free(bob.oa);
}

TEST(s2_7_a_change_of_video_only_changes_nothing_of_ours)
{
	struct party bob = BOB_WITH(49172, only_ilbc);

	offered(&bob, ALICE(A1, "m=audio 49170 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\n" VIDEO_H261));
	check_has(bob.text, "m=audio 49172 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\n");
	offered(&bob, ALICE(A2, "m=audio 49170 RTP/AVP 99\r\na=rtpmap:99 iLBC/8000\r\n" VIDEO));
	check_has(bob.text, "o=- " B1 " " B1 " ");
	oa_free(bob.oa);
}

TEST(s2_8_each_stream_may_have_its_own_address)
{
	struct party bob = BOB_WITH(49174, only_pcmu);

	/* Seen from the other end: the address of another stream is not ours. */
	offered(&bob, ALICE(A1, THREE VIDEO "c=IN IP4 otherhost.atlanta.example.com\r\n"));
	sends_to(&bob, "host.atlanta.example.com", 49170, "PCMU", 0);
	oa_free(bob.oa);
	bob = BOB_WITH(49174, only_pcmu);
	offered(&bob, ALICE(A1, VIDEO THREE "c=IN IP4 otherhost.atlanta.example.com\r\n"));
	sends_to(&bob, "otherhost.atlanta.example.com", 49170, "PCMU", 0);
	oa_free(bob.oa);
}

TEST(s3_1_hold_in_the_answer_and_resume)
{
	struct party alice = ALICE_WITH(49170, pcmu_ilbc), bob = BOB_WITH(49172, only_ilbc);

	offers(&alice);
	answered(&alice, BOB_AT("placeholder.biloxi.example.com", B1, ILBC_AT("49172") "a=sendonly\r\n"));
	CHECK_EQ(alice.audio.dir, SDP_RECVONLY);
	CHECK(alice.audio.held_by_peer);
	alice.local = local_at("192.0.2.1", 49178, only_ilbc, 1);
	offered(&alice, BOB(B2, ILBC_AT("49170")));
	check_has(alice.text, "o=- " A1 " " A2 " ");
	check_has(alice.text, ILBC_AT("49178"));
	CHECK_EQ(alice.audio.dir, SDP_SENDRECV);
	CHECK(!alice.audio.held_by_peer);

	bob.local.want = SDP_SENDONLY;
	offered(&bob,
		ALICE(A1, "m=audio 49170 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 iLBC/8000\r\n"));
	check_has(bob.text, ILBC_AT("49172") "a=sendonly\r\n");
	CHECK(bob.audio.held_by_us);
	bob.local.want = SDP_SENDRECV;
	offers(&bob);
	answered(&bob, ALICE(A2, ILBC_AT("49178")));
	CHECK_EQ(bob.audio.dir, SDP_SENDRECV);
	oa_free(alice.oa);
	oa_free(bob.oa);
}

TEST(s3_2_hold_with_two_streams)
{
	struct party bob = BOB_WITH(49172, only_ilbc);

	bob.local.dtmf = true;
	offered(&bob, ALICE(A1, "m=audio 49170 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 "
				"iLBC/8000\r\n" EVENTS("49172") "a=sendonly\r\n"));
	bob.local.want = SDP_SENDONLY;
	bob.local.dtmf = false;
	offers(&bob);
	check_has(bob.text, "o=- " B1 " " B2 " ");
	check_has(bob.text, ILBC_AT("49172") "a=sendonly\r\nm=audio 0 RTP/AVP 98\r\n");
	/* The RFC's Alice answers sendrecv to sendonly here, against RFC 3264 6.1: what she may not do does
	 * not count. */
	answered(&bob,
		ALICE(A2, "m=audio 49170 RTP/AVP 0 97\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:97 iLBC/8000\r\n"
			  "m=audio 0 RTP/AVP 98\r\n"));
	CHECK_EQ(bob.audio.dir, SDP_SENDONLY);
	CHECK(bob.audio.held_by_us && !bob.audio.held_by_peer);
	CHECK_EQ(bob.audio.n_codecs, 1); /* PCMU was not offered */
	oa_free(bob.oa);
}

TEST(s4_1_a_second_audio_stream_is_added)
{
	struct party alice = ALICE_WITH(49170, pcmu_ilbc);

	offers(&alice);
	answered(&alice, BOB(B1, ILBC_AT("49170")));
	offered(&alice, BOB(B2, ILBC_AT("49170") EVENTS("48282") "c=IN IP4 mediaserver.biloxi.example.com\r\n"
								 "a=recvonly\r\n"));
	check_has(alice.text, "o=- " A1 " " A2 " ");
	check_has(alice.text, ILBC_AT("49170") "a=sendrecv\r\nm=audio 0 RTP/AVP 98\r\n");
	sends_to(&alice, "host.biloxi.example.com", 49170, "iLBC", 97);
	oa_free(alice.oa);
}

TEST(s4_2_video_is_added)
{
	struct party bob = BOB_WITH(49172, only_pcmu);

	offered(&bob, ALICE(A1, PCMU_AT("49170")));
	offered(&bob, ALICE(A2, PCMU_AT("49170") "m=video 49172 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"));
	check_has(bob.text, "o=- " B1 " " B2 " ");
	check_has(bob.text, "a=sendrecv\r\n" NO_VIDEO);
	oa_free(bob.oa);
}

TEST(s4_3_video_is_deleted)
{
	struct party alice = ALICE_WITH(49170, only_ilbc);

	offered(&alice, BOB(B1, ILBC_AT("49174") VIDEO_H261));
	offered(&alice, BOB(B2, ILBC_AT("49174") NO_VIDEO));
	check_has(alice.text, ILBC_AT("49170") "a=sendrecv\r\n" NO_VIDEO);
	sends_to(&alice, "host.biloxi.example.com", 49174, "iLBC", 97);
	oa_free(alice.oa);
}

TEST(s5_1_no_media_then_audio)
{
	struct party bob = BOB_WITH(49172, only_ilbc);

	offered(&bob, ALICE(A1, ""));
	check_has_not(bob.text, "m=");
	CHECK_EQ(bob.audio.status, OA_NONE);
	offered(&bob, ALICE(A2, ILBC_AT("49170")));
	check_has(bob.text, "o=- " B1 " " B2 " ");
	check_has(bob.text, ILBC_AT("49172"));
	sends_to(&bob, "host.atlanta.example.com", 49170, "iLBC", 97);
	oa_free(bob.oa);
}

TEST(s5_2_a_black_hole_in_the_offer)
{
	struct party bob = BOB_WITH(49170, only_ilbc);

	offered(&bob, "v=0\r\no=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\ns= \r\n"
		      "c=IN IP4 0.0.0.0\r\nt=0 0\r\n" ILBC_AT("23442"));
	check_has(bob.text, "c=IN IP4 192.0.2.1\r\n");
	CHECK(netaddr_is_any(&bob.audio.remote_rtp));
	CHECK_EQ(bob.audio.dir, SDP_RECVONLY);
	offered(&bob, ALICE(A2, ILBC_AT("49170")));
	check_has(bob.text, "o=- " B1 " " B1 " "); /* nothing of ours has changed */
	CHECK_EQ(bob.audio.dir, SDP_SENDRECV);
	oa_free(bob.oa);
}

TEST(s5_3_a_black_hole_in_the_answer)
{
	struct party alice = ALICE_WITH(49170, only_ilbc);

	offers(&alice);
	answered(&alice, BOB_AT("0.0.0.0", B1, ILBC_AT("9322")));
	CHECK_EQ(alice.audio.dir, SDP_RECVONLY);
	CHECK(alice.audio.held_by_peer);
	offered(&alice, BOB(B2, ILBC_AT("49172")));
	check_has(alice.text, "o=- " A1 " " A1 " ");
	CHECK_EQ(alice.audio.dir, SDP_SENDRECV);
	CHECK(!alice.audio.held_by_peer);
	oa_free(alice.oa);
}

TESTS(RUN(s2_1_one_codec_of_three), RUN(s2_2_two_codecs_then_one), RUN(s2_3_the_answer_changes_the_number),
	RUN(s2_4_of_two_audio_streams_the_one_with_speech), RUN(s2_5_the_offerer_moves_and_the_answer_stays),
	RUN(s2_6_the_second_audio_stream_is_the_one),
	RUN(s2_7_a_change_of_video_only_changes_nothing_of_ours),
	RUN(s2_8_each_stream_may_have_its_own_address), RUN(s3_1_hold_in_the_answer_and_resume),
	RUN(s3_2_hold_with_two_streams), RUN(s4_1_a_second_audio_stream_is_added), RUN(s4_2_video_is_added),
	RUN(s4_3_video_is_deleted), RUN(s5_1_no_media_then_audio), RUN(s5_2_a_black_hole_in_the_offer),
	RUN(s5_3_a_black_hole_in_the_answer))
