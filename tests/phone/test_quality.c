/* How a call sounds, as its program reads it: agreed by SDP, told by RTCP, live and when it is over. */
#include "peer.h"

#include "offhook/quality.h"
#include "rtp/rtcp.h"

#include <math.h>

static struct offhook_call_quality quality(struct side *s)
{
	struct offhook_call_quality q = {.size = sizeof(q)};

	CHECK_OK(offhook_call_get_quality(s->phone, s->call, &q));
	return q;
}

/* Both ends agree about each direction, because each tells the other (RFC 3611 5.2: our offer asks, the answer too). */
TEST(two_phones_tell_each_other_how_it_sounds)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_quality a, b;

	sim_wire_between(
		r->sim, RIG_A_IP, RIG_B_IP, &(struct sim_wire){.loss = .1, .delay_ns = 30 * NS_PER_MS});
	sim_wire_between(r->sim, RIG_B_IP, RIG_A_IP, &(struct sim_wire){.delay_ns = 70 * NS_PER_MS});
	rig_talk(r);
	rig_run_ms(r, 60000);
	a = quality(&r->a);
	b = quality(&r->b);
	CHECK(a.rx_all_mos_cq > 4.3 && a.rx_loss_percent == 0 && a.rx_bursts == 0);
	CHECK(b.rx_loss_percent > 7 && b.rx_loss_percent < 13);
	/* 93.2 - 95 * 10 / 35.1, and what 70 ms take; single losses make no more of it than bursts do (G.107). */
	CHECK(b.rx_all_r > 60 && b.rx_all_r < 67.5 && b.rx_worst_r < b.rx_all_r && b.rx_seconds >= 57);
	CHECK(b.rx_all_mos_lq > b.rx_all_mos_cq && b.rx_worst_mos_lq < b.rx_all_mos_lq);
	CHECK(b.rx_bursts > 20 && b.rx_burst_loss_percent > 10 && b.rx_gap_loss_percent < 6);
	CHECK(b.rx_burst_ms > 100 && b.rx_gap_ms > 100);
	CHECK(a.rx_delay_ms > 65 && a.rx_delay_ms < 95 && fabs(a.rtt_ms - 100) < 1);
	CHECK(a.tx_told && b.tx_told && a.xr_sent >= 8 && b.xr_received >= 6);
	CHECK(fabs(a.tx_r - b.rx_all_r) < 3 && fabs(a.tx_loss_percent - b.rx_loss_percent) < 2);
	CHECK(a.tx_burst_loss_percent > 10 && a.tx_delay_ms >= 38);
	CHECK(b.tx_mos_cq > 4.3 && b.tx_loss_percent == 0);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	rig_close(r);
}

static void with_wide_band(struct offhook_phone_cfg *cfg)
{
	cfg->codecs = "G722, PCMU";
}

/* ITU-T G.107.1: a wide band is judged on a scale of its own besides. */
TEST(a_wide_band_has_a_scale_of_its_own)
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, with_wide_band);
	struct offhook_call_quality q;

	rig_talk(r);
	rig_run_ms(r, 5000);
	q = quality(&r->b);
	/* 129 - 13, and what the buffer takes. */
	CHECK(q.rx_wide_r > 113 && q.rx_wide_r < 116 && q.rx_all_wide_r > 113 && q.rx_all_wide_r < 116);
	CHECK(q.rx_wide_mos_lq > 4.3 && q.rx_wide_mos_cq <= q.rx_wide_mos_lq && q.rx_wide_mos_cq > 4.3);
	CHECK(q.rx_all_wide_mos_lq > 4.3 && q.rx_all_wide_mos_cq > 4.3 && q.rx_r < 93.3);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	rig_close(r);
}

static struct offhook_call_quality at_the_end;

static void look_at_the_end(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_DISCONNECTED)
		at_the_end = quality(s);
}

#define OFFER(version, port) \
	"v=0\r\no=- 1 " #version " IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP "\r\nt=0 0\r\n" \
	"m=audio " #port " RTP/AVP 0\r\n"
#define OFFER_WIDE(version, port) \
	"v=0\r\no=- 1 " #version " IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP "\r\nt=0 0\r\n" \
	"m=audio " #port " RTP/AVP 9\r\n"

/* n packets of audio to the phone; without: none of these. */
static void speak_without(struct peer *p, struct host_dgram *audio, const struct rtp_packet *like,
	uint16_t port, unsigned n, unsigned without)
{
	uint8_t packet[RTP_HEADER_BYTES + 160] = {0};
	struct netaddr to = p->phone;

	to.port = port;
	for (unsigned i = 0; i < n; i++) {
		struct rtp_packet h = {.pt = like->pt, .seq = (uint16_t)i, .ts = i * 160, .ssrc = like->ssrc};

		rtp_write_header(packet, &h);
		if (!without || i % without)
			CHECK_OK(host_dgram_send(audio, &to, NULL, packet, sizeof(packet)));
		rig_run_ms(p->r, 20);
	}
}

static void speak(struct peer *p, struct host_dgram *audio, uint16_t port, unsigned n)
{
	speak_without(p, audio, &(struct rtp_packet){.ssrc = 7}, port, n, 0);
}

static void two_streams(bool wide, const unsigned without[2])
{
	struct rig *r = rig_new_with(OFFHOOK_DELIVER_INLINE, wide ? with_wide_band : NULL);
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 4000}};
	struct offhook_call_quality q = {.size = sizeof(q)};
	struct host_dgram *audio;
	unsigned port = 0;
	char tag[64];
	struct peer p;

	r->b.handler = look_at_the_end;
	peer_open(&p, r);
	CHECK_OK(host_dgram_open(p.host, &cfg, &audio));
	for (unsigned turn = 0; turn < 2; turn++) {
		if (turn == 0) {
			peer_say(&p, "INVITE", "bob", "", 1, "", wide ? OFFER_WIDE(1, 4000) : OFFER(1, 4000));
			CHECK(rig_wait(&r->b, "INCOMING"));
			CHECK_OK(side_answer(&r->b, 200));
			peer_hear(&p);
			peer_tag(&p, tag);
			CHECK(!strstr(p.got, "rtcp-xr")); /* not offered, not answered (RFC 3611 5.2) */
		} else {
			peer_say(&p, "INVITE", "bob", tag, 2, "", wide ? OFFER_WIDE(2, 0) : OFFER(2, 0));
			peer_say(&p, "ACK", "bob", tag, 2, "", "");
			CHECK(quality(&r->b).rx_seconds >= 2);
			peer_say(
				&p, "INVITE", "bob", tag, 3, "", wide ? OFFER_WIDE(3, 4000) : OFFER(3, 4000));
		}
		CHECK(sscanf(strstr(p.got, "m=audio "), "m=audio %u", &port) == 1);
		peer_say(&p, "ACK", "bob", tag, turn ? 3 : 1, "", "");
		speak_without(&p, audio, &(struct rtp_packet){.pt = wide ? 9 : 0, .ssrc = turn},
			(uint16_t)port, 200, without[turn]);
	}
	CHECK_OK(side_hangup(&r->b, 0));
	CHECK(at_the_end.rx_seconds >= 5);
	CHECK(at_the_end.rx_loss_percent > 3 && at_the_end.rx_loss_percent < 6);
	CHECK(at_the_end.rx_worst_r < at_the_end.rx_all_r - 5 && at_the_end.rx_all_r > 60 &&
		at_the_end.rx_all_r < 85);
	CHECK(!at_the_end.tx_told && at_the_end.tx_r == 0 && at_the_end.xr_sent == 0);
	CHECK(at_the_end.tx_signal_dbm0 == 127 && at_the_end.tx_noise_dbm0 == 127);
	peer_hear(&p);
	CHECK_EQ(offhook_call_get_quality(r->b.phone, r->b.call, &q), OH_ENOENT);
	host_dgram_close(audio);
	peer_close(&p);
	rig_close(r);
}

/* A re-INVITE takes the audio away and another one brings it back: the second stream adds to the first, and both are there
 * when the call has ended. */
TEST(the_end_has_the_figures_of_the_whole_call)
{
	static const unsigned without[2] = {0, 10};

	two_streams(false, without);
	CHECK(at_the_end.rx_all_wide_r == 0 && at_the_end.rx_all_wide_mos_cq == 0);
	two_streams(true, without);
	/* Of 116 and of what 10 % of loss leave, 116 - 82 * 10 / 35.1. */
	CHECK(at_the_end.rx_all_wide_r > 97 && at_the_end.rx_all_wide_r < 109);
}

TEST(the_worst_second_may_be_long_ago)
{
	two_streams(false, (const unsigned[2]){10, 0});
}

TEST(a_caller_of_another_version_gets_as_much_as_he_knows)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_quality q = {.size = offsetof(struct offhook_call_quality, rx_mos_lq)};

	rig_talk(r);
	rig_run_ms(r, 3000);
	q.rx_mos_lq = -1;
	CHECK_OK(offhook_call_get_quality(r->a.phone, r->a.call, &q));
	CHECK(q.rx_r > 90 && q.rx_mos_lq == -1);
	q.size = 0;
	CHECK_EQ(offhook_call_get_quality(r->a.phone, r->a.call, &q), OH_EINVAL);
	q.size = sizeof(q);
	CHECK_EQ(offhook_call_get_quality(r->a.phone, r->a.call + 4096, &q), OH_ENOENT);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	rig_close(r);
}

/* A refresh of the session that forgets the attribute stops the reports and leaves the connections alone. */
TEST(extended_reports_end_without_touching_the_audio)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 4000}};
	struct host_dgram *audio;
	unsigned port = 0;
	uint64_t sent;
	struct offhook_slot_info info = {.size = sizeof(info)};
	char tag[64];
	struct peer p;

	peer_open(&p, r);
	CHECK_OK(host_dgram_open(p.host, &cfg, &audio));
	peer_say(&p, "INVITE", "bob", "", 1, "", OFFER(1, 4000) "a=rtcp-xr:voip-metrics rcvr-rtt=all\r\n");
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	peer_hear(&p);
	CHECK(peer_got(&p, "a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n"));
	peer_tag(&p, tag);
	CHECK(sscanf(strstr(p.got, "m=audio "), "m=audio %u", &port) == 1);
	peer_say(&p, "ACK", "bob", tag, 1, "", "");
	CHECK_OK(offhook_connect(r->b.phone, r->b.slot, r->b.slot));
	speak(&p, audio, (uint16_t)port, 1000);
	CHECK(sent = quality(&r->b).xr_sent);
	peer_say(&p, "INVITE", "bob", tag, 2, "", OFFER(2, 4000));
	CHECK(peer_got(&p, "SIP/2.0 200 "));
	CHECK(!strstr(p.got, "rtcp-xr"));
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	speak(&p, audio, (uint16_t)port, 1000);
	CHECK_EQ(quality(&r->b).xr_sent, sent);
	CHECK_OK(offhook_slot_get_info(r->b.phone, r->b.slot, &info));
	CHECK_EQ(info.n_sinks, 1);
	CHECK_OK(side_hangup(&r->b, 0));
	peer_hear(&p);
	host_dgram_close(audio);
	peer_close(&p);
	rig_close(r);
}

TESTS(RUN(two_phones_tell_each_other_how_it_sounds), RUN(a_wide_band_has_a_scale_of_its_own),
	RUN(the_end_has_the_figures_of_the_whole_call), RUN(the_worst_second_may_be_long_ago),
	RUN(a_caller_of_another_version_gets_as_much_as_he_knows),
	RUN(extended_reports_end_without_touching_the_audio))
