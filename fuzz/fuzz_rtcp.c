/* RTCP: a compound packet as it came, and one that we write from the same bytes and read back. */
#include "fuzz.h"

#include "base/err.h"
#include "rtp/rtcp.h"

static void what_is_written_is_read(struct feed *f)
{
	struct rtcp_sender sender = {
		.ntp = feed_u32(f), .rtp_ts = feed_u32(f), .packets = feed_u32(f), .octets = feed_u32(f)};
	struct rtp_reception about = {.ssrc = feed_u32(f),
		.fraction = feed_byte(f),
		.lost = (int32_t)(feed_u32(f) << 8) >> 8,
		.max_ext = feed_u32(f),
		.jitter = feed_u32(f)};
	unsigned has = feed_byte(f);
	struct xr xr = {.has_reference = has & 8,
		.has_answer = has & 16,
		.has_voip = has & 32,
		.reference_ntp = feed_u32(f),
		.answer_ssrc = about.ssrc,
		.lrr = feed_u32(f),
		.dlrr = feed_u32(f),
		.voip = {.ssrc = about.ssrc,
			.loss = feed_byte(f),
			.burst_ms = feed_u16(f),
			.r = feed_byte(f)}};
	struct slice name = feed_bytes(f, f->n);
	char *cname = slice_dup(slice_make(name.p, strnlen(name.p, name.n)));
	struct rtcp_out out = {.ssrc = feed_u32(f),
		.sender = has & 1 ? &sender : NULL,
		.reception = has & 2 ? &about : NULL,
		.cname = cname,
		.xr = &xr,
		.bye = has & 4};
	uint8_t packet[RTCP_PACKET_MAX];
	struct rtcp_in in;
	size_t n = rtcp_write(packet, &out);

	CHECK(n <= sizeof(packet) && n % 4 == 0);
	CHECK_OK(rtcp_parse(packet, n, about.ssrc, &in));
	CHECK(in.ssrc == out.ssrc && in.has_sender == !!out.sender && in.has_about_us == !!out.reception);
	CHECK_EQ(in.bye, out.bye);
	CHECK(slice_eq(in.cname, slice_make(cname, strnlen(cname, RTCP_CNAME_MAX))));
	if (out.sender)
		CHECK(in.sender.ntp == sender.ntp && in.sender.octets == sender.octets);
	if (out.reception)
		CHECK(in.about_us.lost == about.lost && in.about_us.max_ext == about.max_ext);
	CHECK(in.xr.has_reference == xr.has_reference && in.xr.has_answer == xr.has_answer);
	CHECK_EQ(in.xr.has_voip, xr.has_voip);
	if (xr.has_answer)
		CHECK(in.xr.lrr == xr.lrr && in.xr.dlrr == xr.dlrr);
	if (xr.has_voip)
		CHECK(in.xr.voip.burst_ms == xr.voip.burst_ms && in.xr.voip.r <= XR_UNKNOWN);
	mem_free(cname);
}

/* However the sizes and times are: the next report is ahead, and comes within the bounds of RFC 3550 6.3.1. */
static void timing(struct feed *f)
{
	uint64_t now = 1;
	struct rtcp_timing t;

	rtcp_timing_init(&t, feed_u32(f), 8000 + feed_u16(f), now);
	for (unsigned i = 0; f->n && i < 100; i++) {
		unsigned what = feed_byte(f);

		now += (uint64_t)feed_u32(f);
		if (what & 1)
			rtcp_timing_packet(&t, feed_u16(f));
		if (what & 16)
			rtcp_timing_bandwidth(&t, 8000 + feed_u16(f), now);
		if (rtcp_timing_due(&t, now, what >> 1 & 3, what & 8))
			CHECK(t.next_ns > now);
	}
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct rtcp_in in = {.ssrc = 1, .bye = true};
	struct feed f = {data, n};
	int err = rtcp_parse(data, n, n >= 8 ? (uint32_t)data[7] : 1, &in);

	if (err) {
		CHECK_EQ(err, OH_ESYNTAX);
		CHECK(in.ssrc == 1 && in.bye && !in.has_sender);
	} else if (slice_present(in.cname)) {
		CHECK(in.cname.p >= (const char *)data && in.cname.p + in.cname.n <= (const char *)data + n);
	}
	timing(&f);
	f = (struct feed){data, n};
	what_is_written_is_read(&f);
}
