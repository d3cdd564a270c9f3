/* Bursts and gaps in a sequence of packets (RFC 3611 4.7.2, A.2; burst ratio of G.107). */
#include "check.h"

#include "rtp/bursts.h"

#include <math.h>

#define NEAR(a, b) CHECK(fabs((a) - (b)) < 0.0001)

/* '1' came in time, '0' never, 'X' too late. The first number is far from zero, and near the wrap of 32 bits. */
static struct bursts fed(const char *pattern)
{
	struct bursts b = {0};
	uint32_t ext = 0xffffffe0;

	for (const char *p = pattern; *p; p++, ext++) {
		if (*p == '0')
			continue;
		bursts_packet(&b, ext, false);
		if (*p == 'X')
			bursts_packet(&b, ext, true);
	}
	return b;
}

static struct bursts ended(const char *pattern)
{
	struct bursts b = fed(pattern);

	bursts_end(&b);
	return b;
}

/* The pattern and its figures as 4.7.2 prints them: one burst of 12 packets, 23 and 29 outside of it. */
TEST(the_example_of_the_rfc)
{
	struct bursts b = ended("11110111111111111111111X111X1011110111111111111111111X111111111");
	struct bursts_report r = bursts_report(&b);

	CHECK_EQ(b.count.expected, 63); /* the RFC says 64 and prints 63 */
	CHECK_EQ(b.count.lost, 3);
	CHECK_EQ(b.count.discarded, 3);
	CHECK_EQ(r.bursts, 1);
	NEAR(r.burst_packets, 12);
	NEAR(r.burst_density, 4 / 12.0);
	NEAR(r.gap_packets, 51);
	NEAR(r.gap_density, 2 / 51.0);
	CHECK_EQ((int)(256.0 * 3 / 63), 12);
}

TEST(sixteen_good_packets_part_two_bursts_and_fifteen_do_not)
{
	static const struct {
		const char *pattern;
		unsigned bursts, burst_packets, burst_losses;
	} rows[] = {
		{"1111", 0, 0, 0},
		{"1101111", 0, 0, 0},              /* isolated */
		{"10111111111111111101", 0, 0, 0}, /* sixteen between */
		{"1011111111111111101", 1, 17, 2}, /* fifteen */
		{"1001", 1, 2, 2},
		{"100111111111111111101", 1, 2, 2},  /* a burst, then an isolated one */
		{"1001111111111111111001", 2, 4, 4}, /* two bursts */
		{"1X01111111111111110X1", 1, 19, 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bursts b = ended(rows[i].pattern);
		struct bursts_report r = bursts_report(&b);

		CHECK_EQ(b.count.expected, strlen(rows[i].pattern));
		CHECK_EQ(r.bursts, rows[i].bursts);
		NEAR(r.burst_packets * (double)r.bursts, rows[i].burst_packets);
		NEAR(r.burst_density * rows[i].burst_packets, rows[i].burst_losses);
	}
}

TEST(a_long_hole_is_one_run_and_one_burst)
{
	for (uint32_t hole = 1; hole < 3000; hole += hole < 100 ? 1 : 289) {
		struct bursts b = {0};
		struct bursts_report r;

		for (uint32_t ext = 0; ext < 100; ext++)
			bursts_packet(&b, ext < 50 ? ext : ext + hole, ext == 10);
		bursts_end(&b);
		r = bursts_report(&b);
		CHECK_EQ(b.count.expected, 100 + hole);
		CHECK_EQ(b.count.lost, hole);
		CHECK_EQ(b.count.discarded, 1);
		CHECK_EQ(b.count.runs, 2);
		CHECK_EQ(r.bursts, hole > 1);
		NEAR(r.burst_packets, hole > 1 ? hole : 0);
		NEAR(r.burst_density, hole > 1);
	}
}

/* A report in the middle takes what is open as over, and changes nothing. */
TEST(a_report_in_a_burst_does_not_end_it)
{
	struct bursts b = {0};
	uint32_t ext = 5;

	for (unsigned i = 0; i < 200; i++, ext++) {
		if (i % 4 != 3 || i < 40)
			bursts_packet(&b, ext, false);
		if (i == 120)
			CHECK_EQ(bursts_report(&b).bursts, 1);
	}
	for (unsigned i = 0; i < 60; i++)
		bursts_packet(&b, ext++, false);
	CHECK_EQ(bursts_report(&b).bursts, 1);
	NEAR(bursts_report(&b).burst_density, 40 / 157.0);
	CHECK_EQ(b.count.lost, 40);
}

/* What is overtaken within the wait is not lost; what comes later is, and counts once. */
TEST(a_late_packet_is_lost_only_behind_the_wait)
{
	struct bursts b = {0};

	for (uint32_t ext = 100; ext < 200; ext++)
		if (ext != 110 && ext != 150)
			bursts_packet(&b, ext, false);
		else if (ext == 150)
			bursts_packet(&b, 110, false); /* 39 behind */
	bursts_packet(&b, 200, false);
	bursts_packet(&b, 199 - BURSTS_WAIT + 2, true);
	bursts_end(&b);
	CHECK_EQ(b.count.expected, 101);
	CHECK_EQ(b.count.lost, 2);
	CHECK_EQ(b.count.discarded, 1);
	for (uint32_t ext = 1000; ext < 1010; ext++) {
		bursts_packet(&b, ext + 1, false);
		bursts_packet(&b, ext, false);
	}
	bursts_packet(&b, 900, false); /* before the first */
	bursts_end(&b);
	CHECK_EQ(b.count.lost, 2);
	CHECK_EQ(b.count.expected, 101 + 10);
}

/* A sequence that is far away is another one: nothing between was ever sent. */
TEST(a_jump_is_a_new_sequence)
{
	struct bursts b = {0};

	bursts_packet(&b, 1, false);
	bursts_packet(&b, 2 + BURSTS_JUMP, false);
	CHECK_EQ(b.count.expected, 1);
	bursts_packet(&b, 2 + 2 * BURSTS_JUMP, false); /* and one as far as it gets is a long loss */
	bursts_end(&b);
	CHECK_EQ(b.count.expected, 1 + 1 + BURSTS_JUMP);
	CHECK_EQ(b.count.lost, BURSTS_JUMP - 1);
}

TEST(independent_losses_have_a_burst_ratio_of_one)
{
	struct bursts b = {0};
	uint64_t random = 7;

	for (uint32_t ext = 1; ext < 200000; ext++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		if (random >> 33 > (1u << 31) / 10)
			bursts_packet(&b, ext, false);
	}
	bursts_end(&b);
	CHECK(fabs(bursts_share(&b.count) - 0.1) < 0.003);
	CHECK(fabs(bursts_ratio(&b.count) - 1) < 0.02);
	b = ended("1000111111100011111100011111110001111");
	NEAR(bursts_ratio(&b.count), 3 * (1 - 12.0 / 37));
	b = ended("1111");
	NEAR(bursts_ratio(&b.count), 1);
}

TEST(nothing_at_all_reports_nothing)
{
	struct bursts b = {0};

	bursts_end(&b);
	CHECK_EQ(bursts_report(&b).bursts, 0);
	NEAR(bursts_report(&b).gap_packets, 0);
	NEAR(bursts_share(&b.count), 0);
}

TESTS(RUN(the_example_of_the_rfc), RUN(sixteen_good_packets_part_two_bursts_and_fifteen_do_not),
	RUN(a_long_hole_is_one_run_and_one_burst), RUN(a_report_in_a_burst_does_not_end_it),
	RUN(a_late_packet_is_lost_only_behind_the_wait), RUN(a_jump_is_a_new_sequence),
	RUN(independent_losses_have_a_burst_ratio_of_one), RUN(nothing_at_all_reports_nothing))
