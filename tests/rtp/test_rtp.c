/* RTP headers and what a receiver knows of a source (RFC 3550 5.1, A.1, A.3, A.8). */
#include "check.h"

#include "offhook/error.h"
#include "rtp/rtp.h"

#define N 12

struct header_row {
	const char *name;
	int err;
	size_t n, payload;
	uint8_t bytes[40];
};

#define FIXED(b0) b0, 0x80, 0x12, 0x34, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd

static const struct header_row headers[] = {
	{"no payload", 0, N, 0, {FIXED(0x80)}},
	{"payload", 0, N + 3, 3, {FIXED(0x80), 7, 8, 9}},
	{"too short", OH_ESYNTAX, N - 1, 0, {FIXED(0x80)}},
	{"version 1", OH_ESYNTAX, N, 0, {FIXED(0x40)}},
	{"version 3", OH_ESYNTAX, N, 0, {FIXED(0xc0)}},
	{"one contributing source", 0, N + 5, 1, {FIXED(0x81), 0, 0, 0, 1, 9}},
	{"sources behind the end", OH_ETRUNCATED, N + 4, 0, {FIXED(0x82), 0, 0, 0, 1}},
	{"an extension", 0, N + 10, 2, {FIXED(0x90), 0xbe, 0xde, 0, 1, 1, 1, 1, 1, 5, 6}},
	{"an empty extension", 0, N + 6, 2, {FIXED(0x90), 0xbe, 0xde, 0, 0, 5, 6}},
	{"an extension behind the end", OH_ETRUNCATED, N + 8, 0, {FIXED(0x90), 0xbe, 0xde, 0, 2, 1, 1, 1, 1}},
	{"half an extension header", OH_ETRUNCATED, N + 3, 0, {FIXED(0x90), 0xbe, 0xde, 0}},
	{"padding", 0, N + 4, 1, {FIXED(0xa0), 7, 0, 0, 3}},
	{"nothing but padding", 0, N + 4, 0, {FIXED(0xa0), 0, 0, 0, 4}},
	{"padding of zero", OH_ETRUNCATED, N + 2, 0, {FIXED(0xa0), 7, 0}},
	{"more padding than packet", OH_ETRUNCATED, N + 2, 0, {FIXED(0xa0), 7, 3}},
	{"padding announced, nothing there", OH_ETRUNCATED, N, 0, {FIXED(0xa0)}},
};

TEST(headers_are_parsed_or_named_wrong)
{
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		const struct header_row *h = &headers[i];
		uint8_t *data = malloc(h->n); /* so that the sanitizer sees the end */
		struct rtp_packet p = {0};

		memcpy(data, h->bytes, h->n);
		if (rtp_parse(data, h->n, &p) != h->err || (h->err == 0 && p.n != h->payload))
			fail_msg("%s", h->name);
		if (h->err == 0) {
			CHECK(p.marker);
			CHECK_EQ(p.pt, 0);
			CHECK_EQ(p.seq, 0x1234);
			CHECK_EQ(p.ts, 0x01020304);
			CHECK_EQ(p.ssrc, 0xaabbccdd);
		}
		free(data);
	}
}

TEST(what_is_written_is_read)
{
	struct rtp_packet p = {.pt = 101, .marker = true, .seq = 65535, .ts = 0xfedcba98, .ssrc = 0x01020304},
			  q;
	uint8_t out[RTP_HEADER_BYTES];

	rtp_write_header(out, &p);
	CHECK_OK(rtp_parse(out, sizeof(out), &q));
	CHECK(q.pt == 101 && q.marker && q.seq == 65535 && q.ts == p.ts && q.ssrc == p.ssrc && q.n == 0);
}

TEST(control_and_strangers_are_told_apart)
{
	static const uint8_t sr[] = {0x80, 200}, rtp[] = {0x80, 0xe0 - 64}, stun[] = {0, 1},
			     dtls[] = {22, 0xfe};

	CHECK_EQ(rtp_kind_of(sr, 2), RTP_CONTROL);
	CHECK_EQ(rtp_kind_of(rtp, 2), RTP_MEDIA);
	CHECK_EQ(rtp_kind_of(stun, 2), RTP_OTHER);
	CHECK_EQ(rtp_kind_of(dtls, 2), RTP_OTHER);
	CHECK_EQ(rtp_kind_of(sr, 1), RTP_OTHER);
	CHECK_EQ(rtp_kind_of(sr, 0), RTP_OTHER);
}

/* A row: sequence numbers in order of arrival, the verdict of each (the first starts the source), and the
 * loss. */
struct sequence {
	const char *name;
	size_t n;
	uint16_t seq[8];
	enum rtp_seq verdict[8];
	uint64_t lost;
	uint32_t ext; /* of the last valid one */
};

static const struct sequence sequences[] = {
	{"in order", 4, {10, 11, 12, 13}, {0, 0, 0, 0}, 0, 13},
	{"wrap", 4, {65534, 65535, 0, 1}, {0, 0, 0, 0}, 0, 0x10001},
	{"loss", 3, {10, 12, 15}, {0, 0, 0}, 3, 15},
	{"overtaken", 4, {10, 12, 11, 13}, {0, 0, RTP_SEQ_OLD, 0}, 0, 13},
	{"overtaken across the wrap", 4, {65534, 0, 65535, 1}, {0, 0, RTP_SEQ_OLD, 0}, 0, 0x10001},
	{"the first was overtaken", 3, {10, 9, 11}, {0, RTP_SEQ_OLD, 0}, 0, 11},
	{"one before the first came, another did not", 3, {10, 8, 11}, {0, RTP_SEQ_OLD, 0}, 1, 11},
	{"doubled", 3, {10, 10, 11}, {0, RTP_SEQ_DUPLICATE, 0}, 0, 11},
	{"doubled late", 4, {10, 11, 80, 11}, {0, 0, 0, RTP_SEQ_DUPLICATE}, 68, 11},
	{"one from far away", 4, {10, 40000, 11, 12}, {0, RTP_SEQ_INVALID, 0, 0}, 0, 12},
	{"two from far away, but not in a row", 4, {10, 40000, 11, 40001},
		{0, RTP_SEQ_INVALID, 0, RTP_SEQ_INVALID}, 0, 11},
	{"restart", 4, {10, 40000, 40001, 40002}, {0, RTP_SEQ_INVALID, RTP_SEQ_RESTART, 0}, 0, 40002},
	{"restart with loss before", 5, {10, 13, 40000, 40001, 40003},
		{0, 0, RTP_SEQ_INVALID, RTP_SEQ_RESTART, 0}, 3, 40003},
	{"too old to be overtaken", 2, {1000, 899}, {0, RTP_SEQ_INVALID}, 0, 1000},
	{"a minute lost", 2, {10, 3009}, {0, 0}, 2998, 3009},
	{"more than a minute lost", 3, {10, 3010, 3011}, {0, RTP_SEQ_INVALID, RTP_SEQ_RESTART}, 0, 3011},
};

TEST(sequence_numbers_are_judged)
{
	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		const struct sequence *q = &sequences[i];
		struct rtp_source s;
		uint32_t ext = q->seq[0];

		rtp_source_start(&s, 1, q->seq[0]);
		for (size_t k = 1; k < q->n; k++) {
			enum rtp_seq got = rtp_source_update(&s, q->seq[k], &ext);

			if (got != q->verdict[k])
				fail_msg("%s: packet %zu is %d", q->name, k, (int)got);
		}
		if (rtp_source_lost(&s) != q->lost || ext != q->ext)
			fail_msg("%s: lost %u, extended %u", q->name, (unsigned)rtp_source_lost(&s), ext);
	}
}

/* A.3: every fourth packet is missing, reported twice. */
TEST(reports_tell_the_fraction_of_their_interval)
{
	struct rtp_source s;
	struct rtp_reception r;
	uint32_t ext;

	rtp_source_start(&s, 0x11223344, 0);
	for (uint16_t seq = 1; seq <= 99; seq++)
		if (seq % 4)
			rtp_source_update(&s, seq, &ext);
	rtp_source_report(&s, &r);
	CHECK_EQ(r.ssrc, 0x11223344);
	CHECK_EQ(r.lost, 24);
	CHECK_EQ(r.fraction, 24 * 256 / 100);
	CHECK_EQ(r.max_ext, 99);
	for (uint16_t seq = 100; seq <= 199; seq++)
		rtp_source_update(&s, seq, &ext);
	rtp_source_report(&s, &r);
	CHECK_EQ(r.fraction, 0);
	CHECK_EQ(r.lost, 24);
	for (int i = 0; i < 30; i++)
		rtp_source_update(&s, 199, &ext);
	rtp_source_report(&s, &r);
	CHECK_EQ(r.lost, -6); /* duplicates count as received */
	CHECK_EQ(r.fraction, 0);
	/* More came than was to come, and none of it. */
	for (int i = 0; i < 5; i++)
		rtp_source_update(&s, 200, &ext);
	rtp_source_report(&s, &r);
	CHECK_EQ(r.fraction, 0);
	s.max_seq += 10;
	rtp_source_report(&s, &r);
	CHECK_EQ(r.fraction, 255);
}

/* 6.4.1: 24 bits with a sign. */
TEST(reported_losses_stay_within_their_field)
{
	struct rtp_source s;
	struct rtp_reception r;
	uint32_t ext, n = 0x7fffff / 2998 + 1;

	rtp_source_start(&s, 1, 0);
	for (uint32_t i = 1; i <= n; i++)
		CHECK_EQ(rtp_source_update(&s, (uint16_t)(i * 2999), &ext), RTP_SEQ_NEXT);
	CHECK_EQ(rtp_source_lost(&s), n * 2998);
	CHECK_EQ(ext, n * 2999);
	rtp_source_report(&s, &r);
	CHECK_EQ(r.lost, 0x7fffff);
	CHECK_EQ(r.max_ext, n * 2999);
	s.received = s.cycles + 0x1000000u;
	rtp_source_report(&s, &r);
	CHECK_EQ(r.lost, -0x800000);
}

TEST(jitter_follows_the_formula)
{
	struct rtp_source s;
	double j = 0;
	int last = 0;

	rtp_source_start(&s, 1, 0);
	for (uint32_t i = 0; i < 200; i++) {
		int late = (int)(i * 37 % 91);

		rtp_source_jitter(&s, 4294900000u + i * 160 + (uint32_t)late, 77 + i * 160);
		/* The same time stamp again, as in a telephone-event, is no measurement. */
		rtp_source_jitter(&s, 4294900000u + i * 160 + (uint32_t)late, 77 + i * 160);
		if (i)
			j += (abs(late - last) - j) / 16;
		last = late;
		CHECK(s.jitter > j - 0.001 && s.jitter < j + 0.001);
	}
	CHECK(s.jitter > 20 && s.jitter_max >= s.jitter);
}

TESTS(RUN(headers_are_parsed_or_named_wrong), RUN(what_is_written_is_read),
	RUN(control_and_strangers_are_told_apart), RUN(sequence_numbers_are_judged),
	RUN(reports_tell_the_fraction_of_their_interval), RUN(reported_losses_stay_within_their_field),
	RUN(jitter_follows_the_formula))
