/* RTP: one datagram as it came; and a source whose sequence numbers are the bytes. */
#include "fuzz.h"

#include "base/err.h"
#include "rtp/rtp.h"

static void datagram(const uint8_t *data, size_t n)
{
	uint8_t header[RTP_HEADER_BYTES];
	struct rtp_packet p, again;
	int err = rtp_parse(data, n, &p);

	if (err) {
		CHECK(err == OH_ESYNTAX || err == OH_ETRUNCATED);
		return;
	}
	CHECK(rtp_kind_of(data, n) != RTP_OTHER);
	CHECK(p.payload >= data + RTP_HEADER_BYTES && p.payload + p.n <= data + n);
	rtp_write_header(header, &p);
	CHECK_OK(rtp_parse(header, sizeof(header), &again));
	CHECK(again.pt == p.pt && again.marker == p.marker && again.seq == p.seq && again.ts == p.ts &&
		again.ssrc == p.ssrc && again.n == 0);
}

static void source(struct feed *f)
{
	uint16_t seq = feed_u16(f);
	uint32_t ext, highest = seq;
	struct rtp_source s = {0};
	struct rtp_reception r;
	uint64_t valid = 1;

	rtp_source_start(&s, feed_u32(f), seq);
	while (f->n) {
		unsigned op = feed_byte(f);
		enum rtp_seq verdict;

		/* Mostly the next one, sometimes near by, sometimes anywhere. */
		seq = op < 0x80 ? (uint16_t)(seq + 1) : op < 0xe0 ? (uint16_t)(seq + op - 0xb0) : feed_u16(f);
		verdict = rtp_source_update(&s, seq, &ext);
		switch (verdict) {
		case RTP_SEQ_NEXT:
			CHECK((int32_t)(ext - highest) > 0 && (uint16_t)ext == seq);
			highest = ext;
			break;
		case RTP_SEQ_OLD:
			CHECK((int32_t)(ext - highest) < 0 && (uint16_t)ext == seq);
			break;
		case RTP_SEQ_RESTART:
			CHECK_EQ((uint16_t)ext, seq);
			highest = ext;
			break;
		case RTP_SEQ_DUPLICATE:
			CHECK((uint16_t)ext == seq);
			break;
		case RTP_SEQ_INVALID:
			break;
		}
		valid += verdict != RTP_SEQ_INVALID;
		rtp_source_jitter(&s, feed_byte(f) * 40u, feed_byte(f) * 40u);
		CHECK(s.jitter >= 0 && s.jitter <= s.jitter_max);
		if (op % 16 == 0) {
			rtp_source_report(&s, &r);
			CHECK(r.lost >= -0x800000 && r.lost <= 0x7fffff);
			CHECK(rtp_source_lost(&s) <= valid * 0x10000);
		}
	}
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed f = {data, n};

	datagram(data, n);
	source(&f);
}
