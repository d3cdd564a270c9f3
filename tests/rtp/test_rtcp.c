/* RTCP: compound packets out and in, and the interval between them (RFC 3550 6.1 to 6.5, A.2, A.7). */
#include "check.h"

#include "offhook/error.h"
#include "rtp/rtcp.h"
#include "rtp/wire.h"

#define NS_S 1000000000ull

static const struct rtcp_sender sender = {
	.ntp = 0x0102030405060708, .rtp_ts = 0x11121314, .packets = 1000, .octets = 160000};
static const struct rtp_reception reception = {.ssrc = 42,
	.fraction = 12,
	.lost = -3,
	.max_ext = 0x10005,
	.jitter = 99,
	.lsr = 0x03040506,
	.dlsr = 65536};

TEST(what_is_written_is_read)
{
	struct rtcp_out out = {
		.ssrc = 7, .sender = &sender, .reception = &reception, .cname = "abcdefgh", .bye = true};
	uint8_t data[RTCP_PACKET_MAX];
	size_t n = rtcp_write(data, &out);
	struct rtcp_in in;

	CHECK_EQ(n % 4, 0);
	CHECK_OK(rtcp_parse(data, n, 42, &in));
	CHECK(in.has_sender && in.has_about_us && in.bye);
	CHECK_EQ(in.ssrc, 7);
	CHECK_EQ(in.sender.ntp, sender.ntp);
	CHECK_EQ(in.sender.rtp_ts, sender.rtp_ts);
	CHECK_EQ(in.sender.packets, 1000);
	CHECK_EQ(in.sender.octets, 160000);
	CHECK(in.about_us.ssrc == 42 && in.about_us.fraction == 12 && in.about_us.lost == -3);
	CHECK(in.about_us.max_ext == 0x10005 && in.about_us.jitter == 99);
	CHECK(in.about_us.lsr == 0x03040506 && in.about_us.dlsr == 65536);
	CHECK_EQ(rtcp_ntp_middle(in.sender.ntp), 0x03040506);
	CHECK_OK(rtcp_parse(data, n, 43, &in)); /* a block about somebody else */
	CHECK(!in.has_about_us);
}

/* Byte for byte, against the figures of 6.4.2, 6.5 and 6.6. */
TEST(an_empty_report_has_the_layout_of_the_rfc)
{
	static const uint8_t want[] = {
		0x80,
		201,
		0,
		1,
		1,
		2,
		3,
		4, /* RR without blocks */
		0x81,
		202,
		0,
		3,
		1,
		2,
		3,
		4,
		1,
		2,
		'a',
		'b',
		0,
		0,
		0,
		0, /* one chunk, ended and filled */
		0x81,
		203,
		0,
		1,
		1,
		2,
		3,
		4,
	};
	struct rtcp_out out = {.ssrc = 0x01020304, .cname = "ab", .bye = true};
	uint8_t data[RTCP_PACKET_MAX];

	CHECK_EQ(rtcp_write(data, &out), sizeof(want));
	CHECK_MEM(data, want, sizeof(want));
}

TEST(names_of_every_length_fit)
{
	char name[100];

	for (size_t n = 0; n < sizeof(name); n++) {
		struct rtcp_out out = {
			.ssrc = 7, .sender = &sender, .reception = &reception, .cname = name, .bye = true};
		uint8_t data[RTCP_PACKET_MAX];
		struct rtcp_in in;
		size_t bytes;

		memset(name, 'x', n);
		name[n] = 0;
		bytes = rtcp_write(data, &out);
		CHECK(bytes <= sizeof(data));
		CHECK_OK(rtcp_parse(data, bytes, 42, &in));
		CHECK(slice_eq(in.cname, slice_make(name, n < RTCP_CNAME_MAX ? n : RTCP_CNAME_MAX)));
	}
}

struct bad {
	const char *name;
	size_t n;
	uint8_t bytes[40];
};

static const struct bad bads[] = {
	{"empty", 0, {0}},
	{"a header alone", 4, {0x80, 201, 0, 0}},
	{"begins with SDES", 12, {0x81, 202, 0, 2, 0, 0, 0, 1}},
	{"padding in the first", 8, {0xa0, 201, 0, 1, 0, 0, 0, 1}},
	{"longer than the datagram", 8, {0x80, 201, 0, 2, 0, 0, 0, 1}},
	{"version", 8, {0x40, 201, 0, 1, 0, 0, 0, 1}},
	{"version of the second", 16, {0x80, 201, 0, 1, 0, 0, 0, 1, 0x41, 203, 0, 1, 0, 0, 0, 1}},
	{"rest of three bytes", 11, {0x80, 201, 0, 1, 0, 0, 0, 1}},
	{"a block that is not there", 8, {0x81, 201, 0, 1, 0, 0, 0, 1}},
	{"SR without sender", 8, {0x80, 200, 0, 1, 0, 0, 0, 1}},
	{"a second report of one word", 12, {0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 201, 0, 0}},
	{"padding in the middle", 24,
		{0x80, 201, 0, 1, 0, 0, 0, 1, 0xa1, 203, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 1}},
};

TEST(broken_compounds_are_refused_whole)
{
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		uint8_t *data = malloc(bads[i].n + 1);
		struct rtcp_in in = {.ssrc = 99};

		memcpy(data, bads[i].bytes, bads[i].n);
		if (rtcp_parse(data, bads[i].n, 1, &in) != OH_ESYNTAX || in.ssrc != 99)
			fail_msg("%s", bads[i].name);
		free(data);
	}
}

/* What a mixer puts behind its own report (6.1). */
TEST(the_first_sender_report_is_the_peers)
{
	struct rtcp_sender first = {.ntp = 111, .packets = 1}, second = {.ntp = 222, .packets = 2};
	struct rtcp_out a = {.ssrc = 5, .sender = &first, .cname = "a"},
			b = {.ssrc = 6, .sender = &second, .cname = "b", .bye = true};
	uint8_t data[2 * RTCP_PACKET_MAX];
	size_t n = rtcp_write(data, &a);
	struct rtcp_in in;

	n += rtcp_write(data + n, &b);
	CHECK_OK(rtcp_parse(data, n, 1, &in));
	CHECK(in.has_sender && !in.bye);
	CHECK_EQ(in.ssrc, 5);
	CHECK_EQ(in.sender.ntp, 111);
}

TEST(unknown_types_and_padding_at_the_end_are_passed_over)
{
	static const uint8_t data[] = {0x80, 201, 0, 1, 0, 0, 0, 5, 0x80, 207, 0, 1, 1, 2, 3, 4, 0xa1, 203, 0,
		2, 0, 0, 0, 5, 0, 0, 0, 4};
	struct rtcp_in in;

	CHECK_OK(rtcp_parse(data, sizeof(data), 1, &in));
	CHECK(in.bye && in.ssrc == 5 && !in.has_sender);
}

/* 6.5: chunks of several sources, items of several kinds, of which one may be the name. */
TEST(the_name_is_that_of_who_reports)
{
	static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 5};
	static const struct {
		const char *name;
		uint8_t sdes[28];
	} rows[] = {
		{"me", {0x82, 202, 0, 6, 0, 0, 0, 4, 1, 2, 'n', 'o', 0, 0, 0, 0, 0, 0, 0, 5, 2, 1, 'x', 1, 2,
			       'm', 'e', 0}},
		{NULL, {0x82, 202, 0, 6, 0, 0, 0, 4, 1, 2, 'n', 'o', 0, 0, 0, 0, 0, 0, 0, 5, 2, 1, 'x', 3, 2,
			       'm', 'e', 0}},
		/* Longer than the packet. */
		{NULL, {0x82, 202, 0, 6, 0, 0, 0, 4, 1, 2, 'n', 'o', 0, 0, 0, 0, 0, 0, 0, 5, 2, 1, 'x', 1, 4,
			       'm', 'e', 0}},
		/* More chunks than there are. */
		{NULL, {0x9f, 202, 0, 6, 0, 0, 0, 4, 1, 2, 'n', 'o', 0, 0, 0, 0, 0, 0, 0, 3, 2, 1, 'x', 1, 2,
			       'm', 'e', 0}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t *data = malloc(sizeof(report) + sizeof(rows[i].sdes));
		struct rtcp_in in;

		memcpy(data, report, sizeof(report));
		memcpy(data + sizeof(report), rows[i].sdes, sizeof(rows[i].sdes));
		CHECK_OK(rtcp_parse(data, sizeof(report) + sizeof(rows[i].sdes), 1, &in));
		CHECK_EQ(slice_present(in.cname), rows[i].name != NULL);
		CHECK(!rows[i].name || slice_eq(in.cname, slice_of(rows[i].name)));
		free(data);
	}
}

TEST(ntp_counts_from_1900)
{
	CHECK_EQ(rtcp_ntp(0) >> 32, 2208988800u);
	CHECK_EQ((uint32_t)rtcp_ntp(NS_S / 2), 0x80000000u);
	CHECK_EQ((uint32_t)rtcp_ntp(NS_S - 1) >> 20, 0xfff);
}

/* 6.2: on average one in five seconds, never regular, the first earlier; and the same for the same seed. */
TEST(the_interval_is_random_and_five_seconds_on_average)
{
	double sum = 0, least = 1e9, most = 0;
	uint64_t first_again = 0;

	for (uint32_t seed = 1; seed <= 50; seed++) {
		struct rtcp_timing t;
		uint64_t last = NS_S, sent = 0;

		rtcp_timing_init(&t, seed * 7919, 80000, NS_S);
		for (uint64_t now = NS_S; sent < 41; now += 20000000) {
			double s = (double)(now - last) / 1e9;

			if (!rtcp_timing_due(&t, now, 2, true))
				continue;
			rtcp_timing_packet(&t, 120);
			last = now;
			if (sent++ == 0) {
				CHECK(s >= 2.5 * 0.5 / 1.21828 && s <= 2.5 * 1.5 / 1.21828 + 0.02);
				if (seed == 1)
					first_again = now;
				continue;
			}
			sum += s;
			least = s < least ? s : least;
			most = s > most ? s : most;
		}
	}
	CHECK(sum / 2000 > 4.6 && sum / 2000 < 5.4);
	CHECK(least >= 5 * 0.5 / 1.21828 && least < 2.8);
	CHECK(most <= 5 * 1.5 / 1.21828 + 0.02 && most > 5.5);
	{
		struct rtcp_timing t;
		uint64_t now = NS_S;

		rtcp_timing_init(&t, 7919, 80000, NS_S);
		while (!rtcp_timing_due(&t, now, 2, true))
			now += 20000000;
		CHECK_EQ(now, first_again);
	}
}

/* A session without bandwidth sends less often, whoever is a sender. */
TEST(little_bandwidth_makes_long_intervals)
{
	for (unsigned senders = 0; senders <= 2; senders++) {
		struct rtcp_timing t;
		uint64_t now = NS_S, first = 0, n = 0;

		rtcp_timing_init(&t, 99, 800, NS_S); /* 5 bytes a second for RTCP */
		while (n < 20) {
			now += 100000000;
			if (rtcp_timing_due(&t, now, senders, senders > 0)) {
				if (n++ == 0)
					first = now;
				rtcp_timing_packet(&t, 100);
			}
		}
		CHECK((now - first) / 19 > 15 * NS_S);
	}
}

/* It is not waited for as long as the little bandwidth of before wanted, and not sent sooner than that of now wants. */
TEST(a_session_that_gets_bandwidth_reports_sooner)
{
	struct rtcp_timing t;
	uint64_t now = NS_S, reported;

	rtcp_timing_init(&t, 99, 800, now);
	while (!rtcp_timing_due(&t, now, 2, true))
		now += NS_S / 10;
	CHECK(t.next_ns > now + 15 * NS_S);
	reported = now;
	now += NS_S;
	rtcp_timing_bandwidth(&t, 80000, now);
	while (!rtcp_timing_due(&t, now, 2, true))
		now += NS_S / 10;
	CHECK(now - reported > 2 * NS_S && now - reported < 7 * NS_S);
}

/* Every byte changed, every length cut: no crash (the sanitizer's business), and what parses parses. */
TEST(mutations_of_a_compound)
{
	struct rtcp_out out = {
		.ssrc = 7, .sender = &sender, .reception = &reception, .cname = "abcdefgh", .bye = true};
	uint8_t good[RTCP_PACKET_MAX];
	size_t n = rtcp_write(good, &out), parsed = 0;
	struct rtcp_in in;

	for (size_t cut = 0; cut <= n; cut++) {
		uint8_t *data = malloc(cut + 1);

		memcpy(data, good, cut);
		rtcp_parse(data, cut, 42, &in);
		for (size_t i = 0; i < cut; i++)
			for (unsigned v = 0; v < 256; v += 15) {
				data[i] = (uint8_t)v;
				parsed += rtcp_parse(data, cut, 42, &in) == 0;
				data[i] = good[i];
			}
		free(data);
	}
	CHECK(parsed > 0);
}

TESTS(RUN(what_is_written_is_read), RUN(an_empty_report_has_the_layout_of_the_rfc),
	RUN(names_of_every_length_fit), RUN(broken_compounds_are_refused_whole),
	RUN(the_first_sender_report_is_the_peers), RUN(unknown_types_and_padding_at_the_end_are_passed_over),
	RUN(ntp_counts_from_1900), RUN(the_interval_is_random_and_five_seconds_on_average),
	RUN(little_bandwidth_makes_long_intervals), RUN(a_session_that_gets_bandwidth_reports_sooner),
	RUN(mutations_of_a_compound), RUN(the_name_is_that_of_who_reports))
