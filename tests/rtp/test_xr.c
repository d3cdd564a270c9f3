/* Extended reports (RFC 3611): bytes out and in. */
#include "check.h"

#include "offhook/error.h"
#include "rtp/rtcp.h"
#include "rtp/wire.h"

static const struct xr full = {.has_reference = true,
	.has_answer = true,
	.has_voip = true,
	.reference_ntp = 0x0102030405060708,
	.answer_ssrc = 0x2a,
	.lrr = 0x11121314,
	.dlrr = 0x21222324,
	.voip = {.ssrc = 0x2a,
		.loss = 1,
		.discard = 2,
		.burst_density = 3,
		.gap_density = 4,
		.burst_ms = 0x0506,
		.gap_ms = 0x0708,
		.rtt_ms = 0x090a,
		.end_system_ms = 0x0b0c,
		.signal = (uint8_t)-20,
		.noise = (uint8_t)-60,
		.rerl = XR_UNKNOWN,
		.gmin = 16,
		.r = 93,
		.ext_r = XR_UNKNOWN,
		.mos_lq = 44,
		.mos_cq = 43,
		.rx_config = XR_PLC_STANDARD | XR_BUFFER_ADAPTIVE,
		.buffer_ms = 0x0d0e,
		.buffer_max_ms = 0x0f10,
		.buffer_abs_ms = 0x1112}};

/* All packets that xr_write() made. */
static void read_all(const uint8_t *out, size_t n, uint32_t our_ssrc, struct xr *x)
{
	for (size_t at = 0, bytes; at < n; at += bytes) {
		bytes = (get16(out + at + 2) + 1u) * 4;
		CHECK(at + bytes <= n && out[at + 1] == RTCP_XR);
		xr_read(out + at, bytes, our_ssrc, x);
	}
}

/* Byte for byte, by the figures of 2, 4.4, 4.5 and 4.7. */
TEST(the_layout_is_that_of_the_rfc)
{
	static const uint8_t want[] = {
		0x80,
		207,
		0,
		4,
		0,
		0,
		0,
		7, /* a packet */
		4,
		0,
		0,
		2,
		1,
		2,
		3,
		4,
		5,
		6,
		7,
		8, /* its block */
		0x80,
		207,
		0,
		5,
		0,
		0,
		0,
		7,
		5,
		0,
		0,
		3, /* the next ones */
		0,
		0,
		0,
		0x2a,
		0x11,
		0x12,
		0x13,
		0x14,
		0x21,
		0x22,
		0x23,
		0x24,
		0x80,
		207,
		0,
		10,
		0,
		0,
		0,
		7,
		7,
		0,
		0,
		8,
		0,
		0,
		0,
		0x2a,
		1,
		2,
		3,
		4,
		5,
		6,
		7,
		8,
		9,
		10,
		11,
		12,
		236,
		196,
		127,
		16,
		93,
		127,
		44,
		43,
		0xf0,
		0,
		13,
		14,
		15,
		16,
		17,
		18,
	};
	uint8_t out[XR_MAX];

	CHECK_EQ(xr_write(out, 7, &full), sizeof(want));
	CHECK_EQ(sizeof(want), XR_MAX);
	CHECK_MEM(out, want, sizeof(want));
}

TEST(what_is_written_is_read_by_whom_it_concerns)
{
	uint8_t out[XR_MAX];
	struct xr x = {0}, other = {0}, none = {0};
	size_t n = xr_write(out, 7, &full);

	read_all(out, n, 0x2a, &x);
	CHECK(x.has_reference && x.has_answer && x.has_voip);
	CHECK_EQ(x.reference_ntp, full.reference_ntp);
	CHECK_EQ(x.reference_ssrc, 7);
	CHECK(x.answer_ssrc == 0x2a && x.lrr == full.lrr && x.dlrr == full.dlrr);
	CHECK_MEM(&x.voip, &full.voip, sizeof(x.voip));
	read_all(out, n, 0x2b, &other);
	CHECK(other.has_reference && !other.has_answer && !other.has_voip);
	CHECK_EQ(xr_write(out, 7, &none), 0);
}

TEST(a_compound_packet_carries_it_behind_the_names)
{
	struct rtcp_out out = {.ssrc = 7, .cname = "abcdefgh", .xr = &full, .bye = true};
	uint8_t data[RTCP_PACKET_MAX];
	size_t n = rtcp_write(data, &out);
	struct rtcp_in in;

	CHECK_OK(rtcp_parse(data, n, 0x2a, &in));
	CHECK(in.bye && in.xr.has_voip && in.xr.has_answer && in.xr.has_reference);
	CHECK_EQ(in.xr.voip.mos_cq, 43);
	CHECK_EQ(data[n - 8 - XR_MAX + 1], RTCP_XR);
}

/* 4.7.5: scores outside of their ranges must be ignored. */
TEST(impossible_scores_are_unknown)
{
	static const struct {
		uint8_t r, mos, want_r, want_mos;
	} rows[] = {{0, 10, 0, 10}, {100, 50, 100, 50}, {101, 9, 127, 127}, {127, 51, 127, 127},
		{255, 0, 127, 127}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct xr x = full, back = {0};
		uint8_t out[XR_MAX];

		x.voip.r = x.voip.ext_r = rows[i].r;
		x.voip.mos_lq = x.voip.mos_cq = rows[i].mos;
		read_all(out, xr_write(out, 7, &x), 0x2a, &back);
		CHECK(back.voip.r == rows[i].want_r && back.voip.ext_r == rows[i].want_r);
		CHECK(back.voip.mos_lq == rows[i].want_mos && back.voip.mos_cq == rows[i].want_mos);
	}
}

struct odd {
	const char *name;
	size_t n;
	uint8_t bytes[64];
	bool reference, answer, voip;
};

static const struct odd odds[] = {
	{"a header alone", 4, {0x80, 207, 0, 0}, false, false, false},
	{"no block", 8, {0x80, 207, 0, 1, 0, 0, 0, 7}, false, false, false},
	{"an unknown one before", 24,
		{0x80, 207, 0, 5, 0, 0, 0, 7, 99, 0, 0, 0, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8}, true, false,
		false},
	{"a reference of another length", 16, {0x80, 207, 0, 3, 0, 0, 0, 7, 4, 0, 0, 1, 1, 2, 3, 4}, false,
		false, false},
	{"longer than the packet", 16, {0x80, 207, 0, 3, 0, 0, 0, 7, 4, 0, 0, 9, 1, 2, 3, 4}, false, false,
		false},
	{"an answer to nobody", 12, {0x80, 207, 0, 2, 0, 0, 0, 7, 5, 0, 0, 0}, false, false, false},
	{"half an answer", 20, {0x80, 207, 0, 4, 0, 0, 0, 7, 5, 0, 0, 2, 0, 0, 0, 0x2a, 0, 0, 0, 1}, false,
		false, false},
	{"two answers, ours behind", 36,
		{0x80, 207, 0, 8, 0, 0, 0, 7, 5, 0, 0, 6, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0x2a,
			0, 0, 0, 3, 0, 0, 0, 4},
		false, true, false},
	{"metrics that are too short", 16, {0x80, 207, 0, 3, 0, 0, 0, 7, 7, 0, 0, 1, 0, 0, 0, 0x2a}, false,
		false, false},
	{"a reference inside the padding", 20,
		{0xa0, 207, 0, 4, 0, 0, 0, 7, 4, 0, 0, 2, 1, 2, 3, 4, 0, 0, 0, 12}, false, false, false},
	{"padding longer than all", 12, {0xa0, 207, 0, 2, 0, 0, 0, 7, 0, 0, 0, 200}, false, false, false},
};

TEST(odd_blocks_are_passed_over)
{
	for (size_t i = 0; i < ARRAY_LEN(odds); i++) {
		const struct odd *o = &odds[i];
		struct xr x = {0};

		print_message("# %s\n", o->name);
		xr_read(o->bytes, o->n, 0x2a, &x);
		CHECK(x.has_reference == o->reference && x.has_answer == o->answer && x.has_voip == o->voip);
		if (x.has_answer)
			CHECK(x.lrr == 3 && x.dlrr == 4);
	}
}

TESTS(RUN(the_layout_is_that_of_the_rfc), RUN(what_is_written_is_read_by_whom_it_concerns),
	RUN(a_compound_packet_carries_it_behind_the_names), RUN(impossible_scores_are_unknown),
	RUN(odd_blocks_are_passed_over))
