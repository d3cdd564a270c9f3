/* RTCP of a call as it appears on the wire (RFC 3550 6): when, how much, about whom, and how it ends. */
#include "peer.h"

#include "rtp/rtcp.h"

#define OFFER(version, port, more) \
	"v=0\r\no=- 1 " #version " IN IP4 " PEER_IP "\r\ns=-\r\nc=IN IP4 " PEER_IP "\r\nt=0 0\r\n" \
	"m=audio " #port " RTP/AVP 0\r\n" more
#define IP_UDP_BYTES 28u

/* What one end sent. */
struct heard {
	struct rig *r;
	const char *from_ip;
	unsigned n, byes, senders;
	uint64_t last_ns, least_ns, most_ns;
	size_t bytes;
	uint32_t ssrc, bye_ssrc;
	uint16_t to_port;
	bool one_ssrc;
};

static void listen_to(struct heard *h, const struct sim_packet *p)
{
	struct netaddr from;
	struct rtcp_in in;
	uint64_t now = sim_now(h->r->sim), gap = now - h->last_ns;

	CHECK_OK(netaddr_parse_ip(slice_of(h->from_ip), p->from.port, &from));
	if (!netaddr_eq(&from, &p->from) || p->from.port == 5060 || p->from.port % 2 == 0 ||
		rtcp_parse(p->data, p->n, 0, &in))
		return;
	if (in.bye) {
		h->byes++;
		h->bye_ssrc = in.ssrc;
		return;
	}
	if (h->n++ == 0) {
		h->ssrc = in.ssrc;
		h->one_ssrc = true;
	} else {
		h->least_ns = gap < h->least_ns ? gap : h->least_ns;
		h->most_ns = gap > h->most_ns ? gap : h->most_ns;
	}
	h->one_ssrc &= h->ssrc == in.ssrc;
	h->senders += in.has_sender;
	h->bytes += p->n + IP_UDP_BYTES;
	h->last_ns = now;
	h->to_port = p->to.port;
}

static struct heard of_a, of_b;

static void on_packet(void *arg, const struct sim_packet *p, enum sim_fate fate)
{
	(void)arg;
	(void)fate;
	listen_to(&of_a, p);
	listen_to(&of_b, p);
}

static void listen_in(struct rig *r)
{
	of_a = (struct heard){.r = r, .from_ip = RIG_A_IP, .least_ns = UINT64_MAX};
	of_b = (struct heard){.r = r, .from_ip = RIG_B_IP, .least_ns = UINT64_MAX};
	sim_tap(r->sim, on_packet, NULL);
}

/* 6.2: five seconds on average, 6.3.1: times 0.5 to 1.5 over 1.21828; far below its share of the bandwidth; 6.6: one
 * BYE at the end, of the source that had reported. */
TEST(reports_of_a_long_call_keep_their_time_and_share)
{
	static const unsigned seconds = 600;
	const double least = 2.5 / 1.21828, most = 7.5 / 1.21828;
	struct heard *ends[] = {&of_a, &of_b};
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	listen_in(r);
	rig_talk(r);
	rig_run_ms(r, seconds * 1000);
	for (size_t i = 0; i < 2; i++) {
		struct heard *h = ends[i];

		CHECK(h->n >= seconds / 5.6 && h->n <= seconds / 4.4);
		CHECK_EQ(h->senders, h->n);
		CHECK(h->one_ssrc);
		CHECK((double)h->least_ns / 1e9 >= least - 0.001 && (double)h->most_ns / 1e9 <= most + 0.021);
		CHECK((double)(h->most_ns - h->least_ns) / 1e9 > 2.5); /* never regular */
		CHECK((double)h->bytes / seconds < 0.05 * 80000 / 8);
		CHECK_EQ(h->byes, 0);
	}
	CHECK(of_a.ssrc != of_b.ssrc);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(ends[i]->byes, 1);
		CHECK_EQ(ends[i]->bye_ssrc, ends[i]->ssrc);
	}
	rig_close(r);
}

/* What one phone lost is what the other one is told; the round trip is that of the wire. */
TEST(both_ends_tell_the_same_of_a_bad_wire)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_call_stats a = {.size = sizeof(a)}, b = {.size = sizeof(b)};
	double share;

	rig_talk(r);
	sim_wire_between(
		r->sim, RIG_A_IP, RIG_B_IP, &(struct sim_wire){.loss = .05, .delay_ns = 30 * NS_PER_MS});
	sim_wire_between(r->sim, RIG_B_IP, RIG_A_IP,
		&(struct sim_wire){.delay_ns = 70 * NS_PER_MS, .jitter_ns = 8 * NS_PER_MS});
	rig_run_ms(r, 120000);
	CHECK_OK(offhook_call_get_stats(r->a.phone, r->a.call, &a));
	CHECK_OK(offhook_call_get_stats(r->b.phone, r->b.call, &b));
	share = (double)b.rx_lost / (double)(b.rx_lost + b.rx_packets);
	CHECK(share > .03 && share < .07);
	CHECK(b.rx_packets + b.rx_lost + 3 >= a.tx_packets && b.rx_packets + b.rx_lost <= a.tx_packets);
	/* As of the last report: up to seven seconds old, or one more when that was lost. */
	CHECK(a.peer_lost <= b.rx_lost && a.peer_lost + 60 >= b.rx_lost && a.peer_lost > 0);
	CHECK_EQ(a.rx_lost, 0);
	CHECK_EQ(b.peer_lost, 0);
	CHECK(a.rtt_ms >= 99.9 && a.rtt_ms <= 108.1);
	CHECK(b.rtt_ms >= 99.9 && b.rtt_ms <= 108.1);
	CHECK(a.rx_jitter_ms > 0.5 && a.rx_jitter_ms < 8);
	CHECK(b.peer_jitter_ms > 0.5 && b.peer_jitter_ms < 8);
	CHECK(b.rx_jitter_ms < 0.2);
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 5000);
	rig_close(r);
}

/* RFC 3605 a=rtcp; 6.6: a BYE is about a source and no word on the call; a stream that a re-INVITE takes away says BYE
 * itself. */
TEST(reports_go_where_they_were_asked_and_a_removed_stream_says_bye)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct rtcp_out bye = {.ssrc = 77, .cname = "peer", .bye = true};
	uint8_t data[RTCP_PACKET_MAX];
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 4444}};
	struct host_dgram *control;
	struct netaddr to;
	char tag[64];
	const char *at;
	unsigned port = 0;
	struct peer p;

	peer_open(&p, r);
	CHECK_OK(host_dgram_open(p.host, &cfg, &control));
	listen_in(r);
	peer_say(&p, "INVITE", "bob", "", 1, "", OFFER(1, 4000, "a=rtcp:4444\r\n"));
	CHECK(rig_wait(&r->b, "INCOMING"));
	CHECK_OK(side_answer(&r->b, 200));
	peer_hear(&p);
	CHECK(peer_got(&p, "SIP/2.0 200 "));
	peer_tag(&p, tag);
	at = strstr(p.got, "m=audio ");
	CHECK(at && sscanf(at, "m=audio %u", &port) == 1);
	peer_say(&p, "ACK", "bob", tag, 1, "", "");
	rig_run_ms(r, 10000);
	CHECK(of_b.n >= 1);
	CHECK_EQ(of_b.to_port, 4444);

	to = p.phone;
	to.port = (uint16_t)(port + 1);
	CHECK_OK(host_dgram_send(control, &to, NULL, data, rtcp_write(data, &bye)));
	rig_run_ms(r, 10000);
	CHECK(of_b.n >= 2);
	CHECK_EQ(of_b.byes, 0);
	CHECK(strstr(r->b.log, "DISCONNECTED") == NULL);

	peer_say(&p, "INVITE", "bob", tag, 2, "", OFFER(2, 0, ""));
	CHECK(peer_got(&p, "m=audio 0 "));
	peer_say(&p, "ACK", "bob", tag, 2, "", "");
	rig_run_ms(r, 10000);
	CHECK_EQ(of_b.byes, 1);
	CHECK_EQ(of_b.bye_ssrc, of_b.ssrc);
	CHECK_EQ(of_b.to_port, 4444);
	CHECK(strstr(r->b.log, "DISCONNECTED") == NULL);
	peer_say(&p, "BYE", "bob", tag, 3, "", "");
	CHECK(rig_wait(&r->b, "DISCONNECTED"));
	CHECK_EQ(of_b.byes, 1); /* there was nothing left to end */
	host_dgram_close(control);
	peer_close(&p);
	rig_close(r);
}

TESTS(RUN(reports_of_a_long_call_keep_their_time_and_share), RUN(both_ends_tell_the_same_of_a_bad_wire),
	RUN(reports_go_where_they_were_asked_and_a_removed_stream_says_bye))
