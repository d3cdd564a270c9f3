/* Offer/answer, RFC 3264 section by section. */
#include "oa_rig.h"

#define OFFER(media) "v=0\r\no=- 7 7 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n" media

static const char plain_offer[] = OFFER("m=audio 4000 RTP/AVP 0 8\r\n");

static int answer(struct oa *oa, const char *offer, const struct oa_local *l, struct oa_audio *audio,
	struct slice *text)
{
	return oa_answer(oa, slice_of(offer), l, text, audio);
}

/* MATRIX: RFC 6337 5.2.1 */
TEST(an_offer_as_it_is_written)
{
	static const struct oa_codec codecs[] = {OPUS, PCMU};
	struct oa_local l = local_at("192.0.2.1", 4000, codecs, 2);
	struct oa *oa = oa_made(12345);
	struct slice text;

	l.dtmf = true;
	l.ptime_ms = 20;
	l.rtcp_port = 4007;
	l.user = "offhook";
	CHECK_OK(oa_make_offer(oa, &l, &text));
	CHECK_SLICE(text, "v=0\r\n"
			  "o=offhook 12345 12345 IN IP4 192.0.2.1\r\n"
			  "s=-\r\n"
			  "c=IN IP4 192.0.2.1\r\n"
			  "t=0 0\r\n"
			  "m=audio 4000 RTP/AVP 98 0 101 96\r\n"
			  "a=rtpmap:98 opus/48000/2\r\n"
			  "a=fmtp:98 useinbandfec=1\r\n"
			  "a=rtpmap:0 PCMU/8000\r\n"
			  "a=rtpmap:101 telephone-event/48000\r\n"
			  "a=fmtp:101 0-16\r\n"
			  "a=rtpmap:96 telephone-event/8000\r\n"
			  "a=fmtp:96 0-16\r\n"
			  "a=ptime:20\r\n"
			  "a=rtcp:4007\r\n"
			  "a=sendrecv\r\n");
	oa_free(oa);
}

TEST(both_sides_agree_on_the_same_call)
{
	static const struct oa_codec ours[] = {ILBC, PCMU, PCMA}, theirs[] = {PCMA, PCMU};
	struct oa_local a = local_at("192.0.2.1", 4000, ours, 3), b = local_at("192.0.2.2", 5000, theirs, 2);
	struct oa *alice = oa_made(1), *bob = oa_made(2);
	struct oa_audio at_a, at_b;
	struct slice offer, reply;

	a.dtmf = b.dtmf = true;
	b.ptime_ms = 30;
	CHECK_OK(oa_make_offer(alice, &a, &offer));
	CHECK_OK(oa_answer(bob, offer, &b, &reply, &at_b));
	check_has(reply, "m=audio 5000 RTP/AVP 0 8 101\r\n"); /* in the order of the offer: RFC 3264 6.1 */
	CHECK_OK(oa_take_answer(alice, reply, &at_a));

	CHECK_EQ(at_a.status, OA_ACTIVE);
	CHECK_STR(at_a.codec.encoding, "PCMU");
	CHECK_STR(at_b.codec.encoding, "PCMU");
	CHECK_EQ(at_a.n_codecs, 2);
	CHECK_STR(at_a.codecs[1].encoding, "PCMA");
	CHECK_EQ(at_a.dir, SDP_SENDRECV);
	CHECK_EQ(at_a.dtmf_tx_pt, 101);
	CHECK_EQ(at_b.dtmf_rx_pt, 101);
	CHECK_EQ(at_a.dtmf_events, 0x1ffff);
	CHECK_EQ(at_a.ptime_ms, 30);
	CHECK_EQ(at_b.ptime_ms, 0);
	check_addr(&at_a.remote_rtp, "192.0.2.2:5000");
	check_addr(&at_a.remote_rtcp, "192.0.2.2:5001");
	CHECK(!at_a.held_by_us && !at_a.held_by_peer);
	CHECK_EQ(oa_agreed(alice)->status, OA_ACTIVE);
	CHECK(slice_eq(oa_local_text(bob), reply));
	oa_free(alice);
	oa_free(bob);
}

/* RFC 3264 6.1: the peer's direction bounds ours, what we want bounds it further. */
/* MATRIX: RFC 6337 5.3 inactive */
TEST(direction_arithmetic)
{
	static const enum sdp_dir expected[4][4] = {
		/* we want:      inactive      sendonly      recvonly      sendrecv */
		[SDP_INACTIVE] = {SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE},
		[SDP_SENDONLY] = {SDP_INACTIVE, SDP_INACTIVE, SDP_RECVONLY, SDP_RECVONLY},
		[SDP_RECVONLY] = {SDP_INACTIVE, SDP_SENDONLY, SDP_INACTIVE, SDP_SENDONLY},
		[SDP_SENDRECV] = {SDP_INACTIVE, SDP_SENDONLY, SDP_RECVONLY, SDP_SENDRECV},
	};

	for (int theirs = 0; theirs < 4; theirs++) {
		for (int want = 0; want < 4; want++) {
			struct oa_local a = local_at("192.0.2.1", 4000, g711, 2), b = a;
			struct oa *alice = oa_made(1), *bob = oa_made(2);
			struct oa_audio at_a, at_b;
			struct slice offer, reply;
			char line[32];

			a.want = (enum sdp_dir)theirs;
			b.want = (enum sdp_dir)want;
			CHECK_OK(oa_make_offer(alice, &a, &offer));
			CHECK_OK(oa_answer(bob, offer, &b, &reply, &at_b));
			CHECK_OK(oa_take_answer(alice, reply, &at_a));
			CHECK_EQ(at_b.dir, expected[theirs][want]);
			CHECK_EQ(at_a.dir, sdp_dir_reverse(at_b.dir));
			snprintf(line, sizeof(line), "a=%s\r\n", sdp_dir_name(at_b.dir));
			check_has(reply, line);
			CHECK_EQ(at_b.held_by_us, !(want & SDP_RECVONLY));
			CHECK_EQ(at_b.held_by_peer, !(theirs & SDP_RECVONLY));
			oa_free(alice);
			oa_free(bob);
		}
	}
}

struct pair {
	struct oa *a, *b;
	struct oa_local la, lb;
	struct oa_audio at_a, at_b;
};

static void pair_open(struct pair *p)
{
	p->a = oa_made(100);
	p->b = oa_made(200);
	p->la = local_at("192.0.2.1", 4000, g711, 2);
	p->lb = local_at("192.0.2.2", 5000, g711, 2);
}

static void pair_close(struct pair *p)
{
	oa_free(p->a);
	oa_free(p->b);
}

static void a_offers(struct pair *p)
{
	struct slice offer, reply;

	CHECK_OK(oa_make_offer(p->a, &p->la, &offer));
	CHECK_OK(oa_answer(p->b, offer, &p->lb, &reply, &p->at_b));
	CHECK_OK(oa_take_answer(p->a, reply, &p->at_a));
}

static void b_offers(struct pair *p)
{
	struct slice offer, reply;

	CHECK_OK(oa_make_offer(p->b, &p->lb, &offer));
	CHECK_OK(oa_answer(p->a, offer, &p->la, &reply, &p->at_a));
	CHECK_OK(oa_take_answer(p->b, reply, &p->at_b));
}

/* RFC 6337 5.3, the whole paragraph: both hold, then each resumes, and nobody is stuck. */
/* MATRIX: RFC 6337 5.1 */
TEST(both_sides_hold_and_resume)
{
	struct pair p;

	pair_open(&p);
	a_offers(&p);

	p.la.want = SDP_SENDONLY; /* a holds b */
	a_offers(&p);
	CHECK_EQ(p.at_a.dir, SDP_SENDONLY);
	CHECK_EQ(p.at_b.dir, SDP_RECVONLY);
	CHECK(p.at_a.held_by_us && !p.at_a.held_by_peer);
	CHECK(!p.at_b.held_by_us && p.at_b.held_by_peer);

	p.lb.want = SDP_SENDONLY; /* b holds a, too */
	b_offers(&p);
	CHECK_EQ(p.at_a.dir, SDP_INACTIVE);
	CHECK_EQ(p.at_b.dir, SDP_INACTIVE);
	CHECK(p.at_a.held_by_us && p.at_a.held_by_peer);
	CHECK(p.at_b.held_by_us && p.at_b.held_by_peer);

	p.la.want = SDP_SENDRECV; /* a resumes: b still holds */
	a_offers(&p);
	CHECK_EQ(p.at_a.dir, SDP_RECVONLY);
	CHECK_EQ(p.at_b.dir, SDP_SENDONLY);
	CHECK(!p.at_a.held_by_us && p.at_a.held_by_peer);

	p.lb.want = SDP_SENDRECV;
	b_offers(&p);
	CHECK_EQ(p.at_a.dir, SDP_SENDRECV);
	CHECK_EQ(p.at_b.dir, SDP_SENDRECV);
	CHECK(!p.at_b.held_by_us && !p.at_b.held_by_peer);
	pair_close(&p);
}

/* MATRIX: RFC 6337 5.3 inactive */
TEST(an_answer_to_our_inactive_offer_does_not_change_what_we_know_of_the_peer)
{
	struct pair p;

	pair_open(&p);
	a_offers(&p);
	p.la.want = SDP_INACTIVE;
	a_offers(&p);
	CHECK(p.at_a.held_by_us && !p.at_a.held_by_peer);
	p.la.want = SDP_SENDRECV;
	p.lb.want = SDP_SENDONLY;
	b_offers(&p);
	CHECK(p.at_a.held_by_peer);
	p.la.want = SDP_INACTIVE;
	a_offers(&p);
	CHECK_EQ(p.at_a.dir, SDP_INACTIVE);
	CHECK(p.at_a.held_by_us && p.at_a.held_by_peer);
	pair_close(&p);
}

/* RFC 3264 8: the version grows by one, and only when something changed. */
/* MATRIX: RFC 6337 5.2.5 */
TEST(versions_count_changes)
{
	struct pair p;

	pair_open(&p);
	a_offers(&p);
	check_has(oa_local_text(p.a), "o=- 100 100 IN IP4 192.0.2.1\r\n");
	a_offers(&p);
	check_has(oa_local_text(p.a), "o=- 100 100 IN");
	check_has(oa_local_text(p.b), "o=- 200 200 IN");
	p.la.want = SDP_SENDONLY;
	a_offers(&p);
	check_has(oa_local_text(p.a), "o=- 100 101 IN");
	check_has(oa_local_text(p.b), "o=- 200 201 IN");
	p.la = local_at("192.0.2.77", 4100, g711, 2); /* c= moves, o= does not */
	a_offers(&p);
	check_has(oa_local_text(p.a), "o=- 100 102 IN IP4 192.0.2.1\r\n");
	check_has(oa_local_text(p.a), "c=IN IP4 192.0.2.77\r\n");
	pair_close(&p);
}

TEST(a_refused_offer_leaves_the_session_standing_but_uses_its_version)
{
	struct oa_audio audio;
	struct slice text;
	struct pair p;

	pair_open(&p);
	a_offers(&p);
	p.la.want = SDP_SENDONLY;
	CHECK_OK(oa_make_offer(p.a, &p.la, &text));
	check_has(text, "o=- 100 101 IN");
	CHECK_EQ(oa_make_offer(p.a, &p.la, &text), OH_EBUSY);
	CHECK_EQ(answer(p.a, plain_offer, &p.la, &audio, &text), OH_ESTATE); /* glare: 491 */
	oa_rollback(p.a);
	CHECK_EQ(oa_agreed(p.a)->dir, SDP_SENDRECV);
	check_has(oa_local_text(p.a), "o=- 100 100 IN");

	/* The old content under a version that nobody has seen. */
	p.la.want = SDP_SENDRECV;
	a_offers(&p);
	check_has(oa_local_text(p.a), "o=- 100 102 IN");
	CHECK_EQ(oa_take_answer(p.a, text, &audio), OH_ESTATE);
	pair_close(&p);
}

/* RFC 3261 13.2.2.4: early media from one fork, the call accepted by another. */
TEST(another_fork_answers_the_same_offer)
{
	static const char fork[] = OFFER("m=audio 6000 RTP/AVP 8\r\n");
	struct oa_audio audio;
	struct slice text;
	struct pair p;

	pair_open(&p);
	CHECK_EQ(oa_reopen(p.a), OH_ESTATE);
	a_offers(&p);
	CHECK_OK(oa_reopen(p.a));
	CHECK_OK(oa_take_answer(p.a, slice_of(fork), &audio));
	CHECK_EQ(audio.remote_rtp.port, 6000);
	CHECK_EQ(audio.tx_pt, 8);
	CHECK_OK(answer(p.a, plain_offer, &p.la, &audio, &text));
	CHECK_EQ(oa_reopen(p.a), OH_ESTATE);
	pair_close(&p);
}

TEST(an_unusable_answer_leaves_the_session_standing)
{
	static const struct {
		const char *text;
		int err;
		unsigned code;
		const char *fault;
	} rows[] = {
		{"v=0\r\n", OH_ESDP, 399, "Session description: no o= line"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 31\r\n"), OH_ESDP, 399,
			"The answer has 2 media lines, the offer had 1"},
		{OFFER(""), OH_ESDP, 399, "The answer has 0 media lines, the offer had 1"},
		{OFFER("m=video 4000 RTP/AVP 0\r\n"), OH_ESDP, 304,
			"Media line 1 of the answer is video, it was offered as audio"},
		{OFFER("m=audio 4000 RTP/AVP 18\r\n"), OH_ENOCODEC, 305,
			"The answer has none of the offered codecs"},
		{OFFER("m=audio 4000 RTP/SAVP 0\r\n"), OH_ESDP, 302, "RTP/SAVP is not supported; RTP/AVP is"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"), OH_ESDP, 301,
			"IP6 media cannot be reached from here; IP4 can"},
	};
	struct pair p;

	pair_open(&p);
	a_offers(&p);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oa_audio audio;
		struct slice text;
		unsigned code;

		CHECK_OK(oa_make_offer(p.a, &p.la, &text));
		CHECK_EQ(oa_take_answer(p.a, slice_of(rows[i].text), &audio), rows[i].err);
		CHECK_STR(oa_fault(p.a, &code), rows[i].fault);
		CHECK_EQ(code, rows[i].code);
		check_addr(&oa_agreed(p.a)->remote_rtp, "192.0.2.2:5000");
	}
	a_offers(&p);
	CHECK_EQ(p.at_a.status, OA_ACTIVE);
	pair_close(&p);
}

/* MATRIX: RFC 6337 5.2.3 */
TEST(offers_that_cannot_be_answered_say_why)
{
	static const struct {
		const char *text;
		int err;
		unsigned code;
		const char *fault;
	} rows[] = {
		{OFFER("m=video 4000 RTP/AVP 31\r\n"), OH_ENOCODEC, 304, "No audio stream was offered"},
		{OFFER("m=audio 4000 RTP/AVP 18 97\r\n"), OH_ENOCODEC, 305,
			"None of the offered codecs is supported"},
		{OFFER("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n"), OH_ENOCODEC, 305,
			"None of the offered codecs is supported"},
		{OFFER("m=audio 4000 RTP/AVP 000 pcmu 128\r\n"), OH_ENOCODEC, 305,
			"None of the offered codecs is supported"},
		{OFFER("m=audio 4000 RTP/SAVP 0\r\n"), OH_ESDP, 302, "RTP/SAVP is not supported; RTP/AVP is"},
		{OFFER("m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"), OH_ESDP, 302,
			"UDP/TLS/RTP/SAVPF is not supported; RTP/AVP is"},
		{OFFER("m=audio 4000 RTP/AVPF 0\r\n"), OH_ESDP, 302, "RTP/AVPF is not supported; RTP/AVP is"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n"), OH_ESDP, 330,
			"Multicast is not supported"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"), OH_ESDP, 301,
			"IP6 media cannot be reached from here; IP4 can"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\nc=ATM NSAP 47.0091\r\n"), OH_ESDP, 300,
			"Network type ATM is not supported; IN is"},
		{"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 0\r\n", OH_ESDP, 301,
			"No c= line for the audio stream"},
		{OFFER("m=audio\r\n"), OH_ESDP, 399,
			"Session description, line 6: m= line without a port of 0..65535"},
	};
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;
	unsigned code;

	l.dtmf = true;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_EQ(answer(oa, rows[i].text, &l, &audio, &text), rows[i].err);
		CHECK_STR(oa_fault(oa, &code), rows[i].fault);
		CHECK_EQ(code, rows[i].code);
		CHECK_EQ(oa_agreed(oa)->status, OA_NONE);
		CHECK(!slice_present(oa_local_text(oa)));
	}
	CHECK_OK(answer(oa, plain_offer, &l, &audio, &text));
	CHECK_STR(oa_fault(oa, &code), "");
	CHECK_EQ(code, 0);
	oa_free(oa);
}

/* MATRIX: RFC 6337 5.2.3 */
TEST(other_lines_are_refused_in_their_places)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;
	unsigned code;

	CHECK_OK(answer(oa,
		OFFER("m=video 4002 RTP/AVP 31 32\r\nm=audio 4004 RTP/SAVP 0\r\nm=audio 4006 RTP/AVP 18\r\n"
		      "m=audio 4008 RTP/AVP 8\r\nm=audio 4010 RTP/AVP 0\r\nm=image 4012 udptl t38\r\n"),
		&l, &audio, &text));
	check_has(text, "t=0 0\r\n"
			"m=video 0 RTP/AVP 31\r\n"
			"m=audio 0 RTP/SAVP 0\r\n"
			"m=audio 0 RTP/AVP 18\r\n"
			"m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
			"m=audio 0 RTP/AVP 0\r\n"
			"m=image 0 udptl t38\r\n");
	check_addr(&audio.remote_rtp, "192.0.2.9:4008");
	CHECK_STR(oa_fault(oa, &code), "");

	/* Our own offer keeps every line where it was (RFC 3264 8). */
	l.want = SDP_SENDONLY;
	CHECK_OK(oa_make_offer(oa, &l, &text));
	check_has(text, "m=video 0 RTP/AVP 31\r\nm=audio 0 RTP/SAVP 0\r\nm=audio 0 RTP/AVP 18\r\nm=audio "
			"4000 RTP/AVP");
	check_has(text, "a=sendonly\r\nm=audio 0 RTP/AVP 0\r\nm=image 0 udptl t38\r\n");
	oa_free(oa);
}

TEST(the_audio_line_in_use_goes_on)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(answer(oa, OFFER("m=audio 0 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n"), &l, &audio, &text));
	check_addr(&audio.remote_rtp, "192.0.2.9:4002");
	CHECK_OK(
		answer(oa, OFFER("m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n"), &l, &audio, &text));
	check_addr(&audio.remote_rtp, "192.0.2.9:4002");
	CHECK_OK(answer(oa, OFFER("m=audio 4000 RTP/AVP 0\r\nm=audio 0 RTP/AVP 0\r\n"), &l, &audio, &text));
	check_addr(&audio.remote_rtp, "192.0.2.9:4000");
	oa_free(oa);
}

/* MATRIX: RFC 6337 5.2.5 */
TEST(a_stream_can_be_removed_and_come_back)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(answer(oa, plain_offer, &l, &audio, &text));
	CHECK_OK(answer(oa, OFFER("m=audio 0 RTP/AVP 0\r\n"), &l, &audio, &text));
	CHECK_EQ(audio.status, OA_REFUSED);
	CHECK_EQ(audio.dtmf_tx_pt, -1);
	check_has(text, "m=audio 0 RTP/AVP 0\r\n");
	CHECK_OK(oa_make_offer(oa, &l, &text)); /* in the same place: RFC 3264 8.1 */
	check_has(text, "t=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\n");
	CHECK_OK(oa_take_answer(oa, SLICE_LIT(OFFER("m=audio 0 RTP/AVP 0\r\n")), &audio));
	CHECK_EQ(audio.status, OA_REFUSED);
	oa_free(oa);
}

TEST(no_media_at_first_then_ours_is_added)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(answer(oa, OFFER("m=video 0 RTP/AVP 31\r\n"), &l, &audio, &text));
	CHECK_EQ(audio.status, OA_REFUSED);
	CHECK_OK(oa_make_offer(oa, &l, &text));
	check_has(text, "m=video 0 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0 8\r\n");
	oa_free(oa);
}

/* RFC 3264 6.1: the answer uses the offer's numbers; 8.3.2: and they keep their meaning. */
/* MATRIX: RFC 6337 5.2.5 */
TEST(payload_type_numbers_are_mirrored_and_stay)
{
	static const struct oa_codec codecs[] = {{"L16", 8000, 1, 111, ""}, OPUS, PCMU};
	struct oa_local l = local_at("192.0.2.1", 4000, codecs, 3);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	l.dtmf = true;
	CHECK_OK(answer(oa,
		OFFER("m=audio 4000 RTP/AVP 111 0 126 101\r\na=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 "
		      "stereo=1\r\n"
		      "a=rtpmap:101 telephone-event/8000\r\na=rtpmap:126 telephone-event/48000\r\n"
		      "a=fmtp:126 0-11,16\r\n"),
		&l, &audio, &text));
	check_has(text, "m=audio 4000 RTP/AVP 111 0 126 101\r\na=rtpmap:111 opus/48000/2\r\n"
			"a=fmtp:111 useinbandfec=1\r\n");
	CHECK_STR(audio.codec.encoding, "opus");
	CHECK_STR(audio.codec.fmtp, "stereo=1");
	CHECK_EQ(audio.tx_pt, 111);
	CHECK_EQ(audio.rx_pt, 111);
	CHECK_EQ(audio.dtmf_rx_pt, 126);   /* at the codec's clock */
	CHECK_EQ(audio.n_dtmf_rx_more, 1); /* and beside PCMU, should the peer change to it */
	CHECK_EQ(audio.dtmf_rx_more[0].pt, 101);
	CHECK_EQ(audio.dtmf_rx_more[0].clock_hz, 8000);
	CHECK_EQ(audio.dtmf_events, 0x10fff);

	/* Now we offer: opus keeps 111, so our L16 must go elsewhere. */
	CHECK_OK(oa_make_offer(oa, &l, &text));
	check_has(text, "m=audio 4000 RTP/AVP 96 111 0 101 126\r\n");
	check_has(text, "a=rtpmap:96 L16/8000\r\n");
	oa_free(oa);
}

/* RFC 3264 5.1: we send with the answer's numbers, the peer sends with ours. */
TEST(numbers_may_differ_by_direction)
{
	static const struct oa_codec codecs[] = {ILBC, PCMU};
	struct oa_local l = local_at("192.0.2.1", 4000, codecs, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	l.dtmf = true;
	CHECK_OK(oa_make_offer(oa, &l, &text));
	CHECK_OK(oa_take_answer(oa,
		SLICE_LIT(OFFER("m=audio 4000 RTP/AVP 99 0 100\r\na=rtpmap:99 ilbc/8000/1\r\n"
				"a=rtpmap:100 telephone-event/8000\r\n")),
		&audio));
	CHECK_STR(audio.codec.encoding, "iLBC");
	CHECK_EQ(audio.tx_pt, 99);
	CHECK_EQ(audio.rx_pt, 97);
	CHECK_EQ(audio.codecs[0].pt, 97);
	CHECK_EQ(audio.dtmf_tx_pt, 100);
	CHECK_EQ(audio.dtmf_rx_pt, 101);
	CHECK_EQ(audio.dtmf_events, 0xffff);
	CHECK_OK(oa_make_offer(oa, &l, &text)); /* ours again: nothing has changed */
	check_has(text, "o=- 1 1 IN");
	check_has(text, "RTP/AVP 97 0 101\r\n");
	oa_free(oa);
}

TEST(one_codec_under_two_numbers)
{
	static const struct oa_codec codecs[] = {PCMU, {"PCMU", 8000, 1, 96, ""}};
	struct oa_local l = local_at("192.0.2.1", 4000, codecs, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(oa_make_offer(oa, &l, &text));
	CHECK_OK(oa_take_answer(
		oa, SLICE_LIT(OFFER("m=audio 4000 RTP/AVP 96 0\r\na=rtpmap:96 PCMU/8000\r\n")), &audio));
	CHECK_EQ(audio.rx_pt, 96);
	CHECK_EQ(audio.codecs[1].pt, 0);
	oa_free(oa);
}

TEST(an_answer_that_forgot_its_rtpmap_means_our_number)
{
	static const struct oa_codec codecs[] = {ILBC};
	struct oa_local l = local_at("192.0.2.1", 4000, codecs, 1);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	l.dtmf = true;
	CHECK_OK(oa_make_offer(oa, &l, &text));
	CHECK_OK(oa_take_answer(oa, SLICE_LIT(OFFER("m=audio 4000 RTP/AVP 97 101\r\n")), &audio));
	CHECK_STR(audio.codec.encoding, "iLBC");
	CHECK_EQ(audio.dtmf_tx_pt, 101);
	oa_free(oa);
}

TEST(the_answer_decides_what_we_send)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(oa_make_offer(oa, &l, &text));
	CHECK_OK(oa_take_answer(oa, SLICE_LIT(OFFER("m=audio 4000 RTP/AVP 13 8 0\r\n")), &audio));
	CHECK_STR(audio.codec.encoding, "PCMA"); /* RFC 3264 7: the first one of the answer */
	CHECK_EQ(audio.n_codecs, 2);
	CHECK_EQ(audio.dtmf_tx_pt, -1);
	oa_free(oa);
}

/* RFC 3264 8.4, RFC 6337 5.4: c=0.0.0.0 says "send me nothing", whatever the direction says. */
/* MATRIX: RFC 6337 5.4 */
TEST(hold_by_a_zero_address)
{
	static const char zero[] =
		OFFER("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp:4005 IN IP4 192.0.2.9\r\n");
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(answer(oa, zero, &l, &audio, &text));
	check_has(text, "a=sendrecv\r\n");
	CHECK_EQ(audio.dir, SDP_RECVONLY);
	CHECK(audio.held_by_peer && !audio.held_by_us);
	CHECK(netaddr_is_any(&audio.remote_rtp) && netaddr_is_any(&audio.remote_rtcp));

	CHECK_OK(oa_make_offer(oa, &l, &text));
	CHECK_OK(oa_take_answer(oa, SLICE_LIT(zero), &audio));
	CHECK_EQ(audio.dir, SDP_RECVONLY);
	CHECK(audio.held_by_peer);
	oa_free(oa);
}

TEST(where_rtcp_goes)
{
	static const struct {
		const char *media, *rtcp;
	} rows[] = {
		{OFFER("m=audio 4000 RTP/AVP 0\r\n"), "192.0.2.9:4001"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=rtcp:53020\r\n"), "192.0.2.9:53020"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=rtcp:53020 IN IP4 192.0.2.7\r\n"), "192.0.2.7:53020"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=rtcp:53020 IN IP6 2001:db8::7\r\n"), "192.0.2.9:53020"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=rtcp:0\r\n"), "192.0.2.9:4001"},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\n"), "192.0.2.9:4001"},
		{OFFER("m=audio 65535 RTP/AVP 0\r\n"), "192.0.2.9:0"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
		struct oa *oa = oa_made(1);
		struct oa_audio audio;
		struct slice text;

		CHECK_OK(answer(oa, rows[i].media, &l, &audio, &text));
		check_addr(&audio.remote_rtcp, rows[i].rtcp);
		check_has_not(text, "a=rtcp");
		oa_free(oa);
	}
}

TEST(packet_times)
{
	static const struct {
		const char *media;
		uint32_t ms;
	} rows[] = {
		{OFFER("m=audio 4000 RTP/AVP 0\r\n"), 0},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=ptime:30\r\n"), 30},
		{OFFER("a=ptime:40\r\nm=audio 4000 RTP/AVP 0\r\n"), 40},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=ptime:30\r\na=maxptime:20\r\n"), 20},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=maxptime:150\r\n"), 0},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=maxptime:10\r\n"), 10},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=ptime:20.5\r\n"), 20},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=ptime:0\r\n"), 0},
		{OFFER("m=audio 4000 RTP/AVP 0\r\na=ptime:-5\r\n"), 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
		struct oa *oa = oa_made(1);
		struct oa_audio audio;
		struct slice text;

		CHECK_OK(answer(oa, rows[i].media, &l, &audio, &text));
		CHECK_EQ(audio.ptime_ms, rows[i].ms);
		oa_free(oa);
	}
}

TEST(the_time_line_of_the_offer_comes_back)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(answer(oa,
		"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\nc=IN IP4 192.0.2.9\r\nt=2873397496 2873404696\r\n"
		"m=audio 4000 RTP/AVP 0\r\n",
		&l, &audio, &text));
	check_has(text, "t=2873397496 2873404696\r\n"); /* RFC 3264 6 */
	oa_free(oa);
}

TEST(ipv6_both_ways)
{
	struct oa_local a = local_at("2001:db8::1", 4000, g711, 2),
			b = local_at("2001:db8::2", 5000, g711, 2);
	struct oa *alice = oa_made(1), *bob = oa_made(2);
	struct oa_audio audio;
	struct slice offer, reply;

	CHECK_OK(oa_make_offer(alice, &a, &offer));
	check_has(offer, "c=IN IP6 2001:db8::1\r\n");
	CHECK_OK(oa_answer(bob, offer, &b, &reply, &audio));
	check_addr(&audio.remote_rtp, "[2001:db8::1]:4000");
	CHECK_OK(oa_take_answer(alice, reply, &audio));
	check_addr(&audio.remote_rtcp, "[2001:db8::2]:5001");
	oa_free(alice);
	oa_free(bob);
}

TEST(a_program_cannot_write_lines_of_its_own)
{
	static const struct oa_codec evil[] = {{"PCMU", 8000, 1, 0, "x\r\na=evil"}},
				     spaced[] = {{"PC MU", 8000, 1, 0, ""}},
				     far[] = {{"PCMU", 8000, 1, 128, ""}},
				     twice[] = {PCMU, {"PCMA", 8000, 1, 0, ""}};
	struct oa_local rows[] = {
		local_at("192.0.2.1", 4000, evil, 1),
		local_at("192.0.2.1", 4000, spaced, 1),
		local_at("192.0.2.1", 4000, far, 1),
		local_at("192.0.2.1", 4000, twice, 2),
		local_at("192.0.2.1", 4000, g711, 0),
		local_at("192.0.2.1", 0, g711, 2),
		local_at("192.0.2.1", 4000, g711, 2),
	};
	struct oa *oa = oa_made(1);
	struct slice text;

	rows[6].user = "a b";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_EQ(oa_make_offer(oa, &rows[i], &text), OH_EINVAL);
	oa_free(oa);
}

TEST(a_long_fmtp_is_cut_between_parameters)
{
	struct oa_local l = local_at("192.0.2.1", 4000, g711, 2);
	struct oa *oa = oa_made(1);
	struct oa_audio audio;
	struct slice text;

	CHECK_OK(answer(oa,
		OFFER("m=audio 4000 RTP/AVP 0\r\na=fmtp:0 one=1;two=2;"
		      "three="
		      "33333333333333333333333333333333333333333333333333333333333333333333333333333333333333"
		      "333333333333333333\r\n"),
		&l, &audio, &text));
	CHECK_STR(audio.codec.fmtp, "one=1;two=2");
	oa_free(oa);
}

/* One story that passes every allocation: offer, answer, hold, refusal, a host name. */
static int whole_story(void *arg)
{
	static const struct oa_codec codecs[] = {OPUS, PCMU};
	struct oa_local l = local_at("192.0.2.1", 4000, codecs, 2);
	struct oa_audio audio;
	struct oa *oa = NULL;
	struct slice text;
	int err = oa_new(1, &oa);

	(void)arg;
	l.dtmf = true;
	if (err)
		return err;
	err = oa_make_offer(oa, &l, &text);
	if (!err)
		err = oa_take_answer(oa, slice_of(plain_offer), &audio);
	l.want = SDP_SENDONLY;
	if (!err)
		err = oa_make_offer(oa, &l, &text);
	oa_rollback(oa);
	if (!err)
		err = oa_answer(oa,
			SLICE_LIT(OFFER("m=audio 4000 RTP/AVP 99\r\nc=IN IP4 media.example\r\n"
					"a=rtpmap:99 opus/48000/2\r\n")),
			&l, &text, &audio);
	if (!err)
		CHECK_STR(audio.remote_host, "media.example");
	oa_free(oa);
	CHECK(err == 0 || err == OH_ENOMEM);
	return err;
}

TEST(lack_of_memory_at_any_moment)
{
	CHECK_OK(whole_story(NULL));
	check_every_allocation_fails(whole_story, NULL);
}

TESTS(RUN(an_offer_as_it_is_written), RUN(both_sides_agree_on_the_same_call), RUN(direction_arithmetic),
	RUN(both_sides_hold_and_resume),
	RUN(an_answer_to_our_inactive_offer_does_not_change_what_we_know_of_the_peer),
	RUN(versions_count_changes), RUN(a_refused_offer_leaves_the_session_standing_but_uses_its_version),
	RUN(another_fork_answers_the_same_offer), RUN(an_unusable_answer_leaves_the_session_standing),
	RUN(offers_that_cannot_be_answered_say_why), RUN(other_lines_are_refused_in_their_places),
	RUN(the_audio_line_in_use_goes_on), RUN(a_stream_can_be_removed_and_come_back),
	RUN(no_media_at_first_then_ours_is_added), RUN(payload_type_numbers_are_mirrored_and_stay),
	RUN(numbers_may_differ_by_direction), RUN(one_codec_under_two_numbers),
	RUN(an_answer_that_forgot_its_rtpmap_means_our_number), RUN(the_answer_decides_what_we_send),
	RUN(hold_by_a_zero_address), RUN(where_rtcp_goes), RUN(packet_times),
	RUN(the_time_line_of_the_offer_comes_back), RUN(ipv6_both_ways),
	RUN(a_program_cannot_write_lines_of_its_own), RUN(a_long_fmtp_is_cut_between_parameters),
	RUN(lack_of_memory_at_any_moment))
