/* Why nothing is heard, in words: each of the ways in which audio does not flow. */
#include "peer.h"

#include "offhook/quality.h"
#include "rtp/rtcp.h"

static char text[4096];

static const char *explained(struct side *s)
{
	long n = offhook_call_explain(s->phone, s->call, text, sizeof(text));

	CHECK(n > 0 && (size_t)n == strlen(text));
	return text;
}

/* Each of these parts stands in the explanation. */
static void check_says(struct side *s, const char *const *parts)
{
	explained(s);
	for (; *parts; parts++)
		if (!strstr(text, *parts))
			fail_msg("no \"%s\" in:\n%s", *parts, text);
}
#define SAYS(side, ...) check_says((side), (const char *const[]){__VA_ARGS__, NULL})

TEST(before_and_after_there_is_audio)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);

	rig_call(r);
	SAYS(&r->a, "Nobody has answered yet");
	CHECK(rig_wait(&r->b, "INCOMING"));
	SAYS(&r->b, "We have not answered yet");
	CHECK_OK(side_answer(&r->b, 180));
	CHECK(rig_wait(&r->a, "EARLY"));
	SAYS(&r->a, "It rings, and no early audio was agreed");
	CHECK_OK(side_answer(&r->b, 200));
	CHECK(rig_wait(&r->b, "CONFIRMED"));
	SAYS(&r->a, "audio has only just been agreed");
	rig_run_ms(r, 3000);
	SAYS(&r->a, "nothing but silence", "no listener", "We have sent 1",
		"packets to 192.0.2.2:", "as PCMU/8000/1", "It is silence that we send");
	CHECK_OK(offhook_call_hold(r->a.phone, r->a.call, NULL, 0));
	rig_run_ms(r, 1000);
	SAYS(&r->a, "We send and do not listen: we hold the call");
	SAYS(&r->b, "We send nothing: the peer holds the call and wants none of our audio");
	CHECK_OK(offhook_call_hold(r->b.phone, r->b.call, NULL, 0));
	rig_run_ms(r, 1000);
	SAYS(&r->b, "No audio flows either way: we hold the call");
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	CHECK_EQ(offhook_call_explain(r->a.phone, r->a.call, text, sizeof(text)), OH_ENOENT);
	rig_close(r);
}

static void at_the_end(struct side *s, const struct offhook_event *e)
{
	if (e->type == OFFHOOK_EVENT_CALL_STATE && e->call->state == OFFHOOK_CALL_DISCONNECTED)
		SAYS(s, "The call is over", "Before, ", " packets came and ");
}

TEST(all_is_well)
{
	struct rig *r = rig_new(OFFHOOK_DELIVER_INLINE);
	struct offhook_tone_cfg cfg;
	offhook_id tone, slot;

	r->b.handler = at_the_end;
	rig_talk(r);
	offhook_tone_cfg_init(&cfg);
	CHECK_OK(offhook_tone_new(r->a.phone, &cfg, &tone, &slot));
	CHECK_OK(offhook_connect(r->a.phone, slot, r->a.slot));
	CHECK_OK(offhook_connect(r->b.phone, r->b.slot, r->b.slot));
	rig_run_ms(r, 5000);
	CHECK_STR(strncmp(explained(&r->b), "Audio comes from the peer, and ours goes to it.\n", 48) ? text
												     : "",
		"");
	CHECK(!strstr(text, "no listener") && !strstr(text, "It is silence"));
	/* Cut to size, and told how long it is. */
	CHECK(offhook_call_explain(r->b.phone, r->b.call, text, 6) > 40);
	CHECK_STR(text, "Audio");
	CHECK_EQ(offhook_call_explain(r->b.phone, r->b.call, text, 0), OH_EINVAL);
	CHECK_EQ(offhook_call_explain(r->b.phone, r->b.call, NULL, 10), OH_EINVAL);
	CHECK_OK(offhook_port_remove(r->a.phone, tone));
	CHECK_OK(side_hangup(&r->a, 0));
	rig_run_ms(r, 1000);
	rig_close(r);
}

/* A peer that answers and is then told apart by what it does with its audio. */
struct talk {
	struct rig *r;
	struct peer p;
	struct host_dgram *audio, *control;
	struct netaddr to;
	char tag[64];
	uint16_t seq;
	uint32_t ssrc;
};

static void talk_open_with(struct talk *t, const char *ip, const char *more, rig_settings *settings)
{
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 4000}};
	unsigned port = 0;
	char offer[512];

	*t = (struct talk){.r = rig_new_with(OFFHOOK_DELIVER_INLINE, settings), .ssrc = 7};
	peer_open(&t->p, t->r);
	CHECK_OK(host_dgram_open(t->p.host, &cfg, &t->audio));
	cfg.local.port++;
	CHECK_OK(host_dgram_open(t->p.host, &cfg, &t->control));
	snprintf(offer, sizeof(offer),
		"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n%s", ip,
		ip, more);
	peer_say(&t->p, "INVITE", "bob", "", 1, "", offer);
	CHECK(rig_wait(&t->r->b, "INCOMING"));
	CHECK_OK(side_answer(&t->r->b, 200));
	peer_hear(&t->p);
	peer_tag(&t->p, t->tag);
	CHECK(sscanf(strstr(t->p.got, "m=audio "), "m=audio %u", &port) == 1);
	t->to = t->p.phone;
	t->to.port = (uint16_t)port;
	peer_say(&t->p, "ACK", "bob", t->tag, 1, "", "");
	/* Somebody is connected: that is not what is missing. */
	CHECK_OK(offhook_connect(t->r->b.phone, t->r->b.slot, t->r->b.slot));
}

static void talk_open_at(struct talk *t, const char *ip, const char *more)
{
	talk_open_with(t, ip, more, NULL);
}

static void talk_close(struct talk *t)
{
	CHECK_OK(side_hangup(&t->r->b, 0));
	peer_hear(&t->p);
	peer_respond(&t->p, "200 OK", "", "");
	host_dgram_close(t->audio);
	host_dgram_close(t->control);
	peer_close(&t->p);
	rig_close(t->r);
}

static void speak(struct talk *t, struct host_dgram *from, uint8_t pt, uint8_t sample, unsigned n)
{
	uint8_t packet[RTP_HEADER_BYTES + 160];

	memset(packet, sample, sizeof(packet));
	for (unsigned i = 0; i < n; i++, t->seq++) {
		struct rtp_packet h = {.pt = pt, .seq = t->seq, .ts = t->seq * 160u, .ssrc = t->ssrc};

		rtp_write_header(packet, &h);
		for (size_t k = RTP_HEADER_BYTES; k < sizeof(packet); k++)
			packet[k] = sample == 0xff ? 0xff : (uint8_t)(sample ^ (k % 8 < 4 ? 0x80 : 0));
		CHECK_OK(host_dgram_send(from, &t->to, NULL, packet, sizeof(packet)));
		rig_run_ms(t->r, 20);
	}
}

TEST(nothing_comes_back)
{
	struct rtcp_out report = {.ssrc = 7, .cname = "peer"};
	uint8_t data[RTCP_PACKET_MAX];
	struct netaddr control;
	struct talk t;

	talk_open_at(&t, PEER_IP, "");
	rig_run_ms(t.r, 5000);
	SAYS(&t.r->b, "Nothing is heard of the peer: we send, and nothing comes back", "No report (RTCP)",
		"packets to " PEER_IP ":4000");
	control = t.to;
	control.port++;
	CHECK_OK(host_dgram_send(t.control, &control, NULL, data, rtcp_write(data, &report)));
	rig_run_ms(t.r, 2000);
	SAYS(&t.r->b, "Its reports (RTCP) do come, 1 so far");
	talk_close(&t);
}

TEST(what_comes_is_of_no_agreed_codec)
{
	struct talk t;

	talk_open_at(&t, PEER_IP, "");
	speak(&t, t.audio, 96, 0x10, 100);
	SAYS(&t.r->b, "what it sends is of no codec that was agreed", "100 packets came with a payload type",
		"with 96");
	talk_close(&t);
}

TEST(what_comes_is_silence_and_then_stops)
{
	struct talk t;

	talk_open_at(&t, PEER_IP, "");
	speak(&t, t.audio, 0, 0x10, 100);
	SAYS(&t.r->b, "Audio comes from the peer, and ours goes to it");
	speak(&t, t.audio, 0, 0xff, 200);
	SAYS(&t.r->b, "but for ", "nothing but silence");
	rig_run_ms(t.r, 4000);
	SAYS(&t.r->b, "its packets stopped 4.");
	talk_close(&t);
}

TEST(strangers_are_named)
{
	struct host_dgram_cfg cfg = {.local = {.family = NETADDR_IP4, .port = 4444}};
	struct host_dgram *other;
	struct talk t;

	talk_open_at(&t, PEER_IP, "");
	speak(&t, t.audio, 0, 0x10, 50);
	CHECK_OK(host_dgram_open(t.p.host, &cfg, &other));
	t.ssrc = 8;
	speak(&t, other, 0, 0x10, 150);
	SAYS(&t.r->b, "its packets stopped", "150 packets were thrown away",
		"the last was from " PEER_IP ":4444");
	host_dgram_close(other);
	talk_close(&t);
}

TEST(an_echo_of_our_own_is_told)
{
	uint8_t data[2048];
	struct host_rx rx;
	struct talk t;

	talk_open_at(&t, PEER_IP, "");
	for (unsigned i = 0; i < 50; i++) {
		rig_run_ms(t.r, 20);
		while (host_dgram_recv(t.audio, data, sizeof(data), &rx) == 0)
			CHECK_OK(host_dgram_send(t.audio, &t.to, NULL, data, rx.n));
	}
	SAYS(&t.r->b, "Audio comes from the peer", "of the packets that came are our own, sent back");
	talk_close(&t);
}

static unsigned renamed;

static void on_log(void *arg, int level, const char *module, const char *line)
{
	(void)arg;
	(void)level;
	(void)module;
	renamed += strstr(line, "had our identifier (SSRC)") != NULL;
}

static void with_log(struct offhook_phone_cfg *cfg)
{
	cfg->on_log = on_log;
	cfg->log_level = OFFHOOK_LOG_INFO;
}

/* RFC 3550 8.2: one of both has to give way, and tells the log. */
TEST(a_peer_that_has_drawn_our_ssrc_is_logged)
{
	uint8_t data[2048];
	struct rtp_packet p;
	struct host_rx rx;
	struct talk t;

	renamed = 0;
	talk_open_with(&t, PEER_IP, "", with_log);
	rig_run_ms(t.r, 100);
	CHECK_OK(host_dgram_recv(t.audio, data, sizeof(data), &rx));
	CHECK_OK(rtp_parse(data, rx.n, &p));
	t.ssrc = p.ssrc;
	t.seq = (uint16_t)(p.seq + 20000);
	speak(&t, t.audio, 0, 0x10, 50);
	CHECK_EQ(renamed, 1);
	while (host_dgram_recv(t.audio, data, sizeof(data), &rx) == 0)
		;
	rig_run_ms(t.r, 40);
	CHECK_OK(host_dgram_recv(t.audio, data, sizeof(data), &rx));
	CHECK_OK(rtp_parse(data, rx.n, &p));
	CHECK(p.ssrc != t.ssrc);
	talk_close(&t);
}

/* The description names an address inside of its own network; the packets show the true one. */
TEST(a_nat_is_seen_through)
{
	struct talk t;

	talk_open_at(&t, "10.9.9.9", "");
	rig_run_ms(t.r, 5000);
	SAYS(&t.r->b, "The peer's description says that it is at 10.9.9.9, a private address",
		"behind a NAT");
	speak(&t, t.audio, 0, 0x10, 100);
	SAYS(&t.r->b, "Audio comes from the peer", "come from " PEER_IP ":4000 and not from 10.9.9.9:4000");
	talk_close(&t);
}

static enum sim_fate nobody_there(void *arg, const struct sim_packet *p, uint64_t *delay_ns)
{
	(void)arg;
	(void)delay_ns;
	return p->to.port == 4000 ? SIM_UNREACHABLE : SIM_BY_RULE;
}

TEST(a_refusal_of_the_network_is_told)
{
	struct talk t;

	talk_open_at(&t, PEER_IP, "");
	sim_filter(t.r->sim, nobody_there, NULL);
	rig_run_ms(t.r, 5000);
	SAYS(&t.r->b, "we send, and nothing comes back", "The network has refused 2", "the last time with: ");
	talk_close(&t);
}

TEST(nowhere_to_send_to)
{
	struct talk t;

	talk_open_at(&t, "0.0.0.0", "");
	rig_run_ms(t.r, 5000);
	SAYS(&t.r->b, "Nothing is heard of the peer: we only listen, and nothing comes back");
	talk_close(&t);
	talk_open_at(&t, PEER_IP, "a=recvonly\r\n");
	rig_run_ms(t.r, 5000);
	SAYS(&t.r->b, "We send and do not listen: so it was agreed");
	talk_close(&t);
	talk_open_at(&t, PEER_IP, "a=sendonly\r\n");
	speak(&t, t.audio, 0, 0x10, 100);
	SAYS(&t.r->b, "Audio comes from the peer.", "We send nothing: the peer holds the call");
	talk_close(&t);
}

TESTS(RUN(before_and_after_there_is_audio), RUN(all_is_well), RUN(nothing_comes_back),
	RUN(what_comes_is_of_no_agreed_codec), RUN(what_comes_is_silence_and_then_stops),
	RUN(strangers_are_named), RUN(an_echo_of_our_own_is_told), RUN(a_nat_is_seen_through),
	RUN(a_refusal_of_the_network_is_told), RUN(nowhere_to_send_to),
	RUN(a_peer_that_has_drawn_our_ssrc_is_logged))
