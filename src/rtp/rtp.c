#include "rtp/rtp.h"

#include "offhook/error.h"
#include "rtp/wire.h"

#define RTP_VERSION 2u
#define SEQ_MOD     0x10000u
#define NO_BAD_SEQ  (SEQ_MOD + 1)
/* A.1: a minute of 50 packets a second ahead, two seconds behind. */
#define MAX_DROPOUT  3000u
#define MAX_MISORDER 100u
#define SEEN_BITS    128u

enum rtp_kind rtp_kind_of(const uint8_t *data, size_t n)
{
	if (n < 2 || data[0] >> 6 != RTP_VERSION)
		return RTP_OTHER;
	/* RFC 5761 4: RTCP types 192..223 stand where RTP has marker and payload types 64..95, which nobody
	 * uses. */
	return data[1] >= 192 && data[1] <= 223 ? RTP_CONTROL : RTP_MEDIA;
}

int rtp_parse(const uint8_t *data, size_t n, struct rtp_packet *ret_packet)
{
	size_t at = RTP_HEADER_BYTES;

	if (n < RTP_HEADER_BYTES || data[0] >> 6 != RTP_VERSION)
		return OH_ESYNTAX;
	at += 4u * (data[0] & 15);
	if (data[0] & 0x10) { /* X: 5.3.1 */
		if (at + 4 > n)
			return OH_ETRUNCATED;
		at += 4 + 4u * get16(data + at + 2);
	}
	if (at > n)
		return OH_ETRUNCATED;
	if (data[0] & 0x20) { /* P: the last byte counts itself */
		uint8_t padding = data[n - 1];

		if (padding == 0 || padding > n - at)
			return OH_ETRUNCATED;
		n -= padding;
	}
	ret_packet->marker = data[1] >> 7;
	ret_packet->pt = data[1] & 0x7f;
	ret_packet->seq = get16(data + 2);
	ret_packet->ts = get32(data + 4);
	ret_packet->ssrc = get32(data + 8);
	ret_packet->payload = data + at;
	ret_packet->n = n - at;
	return 0;
}

void rtp_write_header(uint8_t out[RTP_HEADER_BYTES], const struct rtp_packet *p)
{
	out[0] = RTP_VERSION << 6;
	out[1] = (uint8_t)((p->marker ? 0x80 : 0) | (p->pt & 0x7f));
	put16(out + 2, p->seq);
	put32(out + 4, p->ts);
	put32(out + 8, p->ssrc);
}

static void start_sequence(struct rtp_source *s, uint16_t seq)
{
	s->base_ext = seq;
	s->max_seq = seq;
	s->cycles = 0;
	s->bad_seq = NO_BAD_SEQ;
	s->received = 1;
	s->doubled = 0;
	s->expected_prior = 0;
	s->received_prior = 0;
	s->seen[0] = 1;
	s->seen[1] = 0;
	s->timed = false;
}

void rtp_source_start(struct rtp_source *s, uint32_t ssrc, uint16_t seq)
{
	*s = (struct rtp_source){.ssrc = ssrc, .known = true};
	start_sequence(s, seq);
}

/* max_seq has moved on by `by`. */
static void seen_shift(struct rtp_source *s, unsigned by)
{
	if (by >= SEEN_BITS) {
		s->seen[1] = s->seen[0] = 0;
	} else if (by >= 64) {
		s->seen[1] = s->seen[0] << (by - 64);
		s->seen[0] = 0;
	} else if (by > 0) {
		s->seen[1] = s->seen[1] << by | s->seen[0] >> (64 - by);
		s->seen[0] <<= by;
	}
	s->seen[0] |= 1;
}

/* Marks max_seq - back; was it marked before? */
static bool seen_mark(struct rtp_source *s, unsigned back)
{
	uint64_t bit = 1ull << (back % 64);
	bool before = s->seen[back / 64] & bit;

	s->seen[back / 64] |= bit;
	return before;
}

bool rtp_source_goes_on(const struct rtp_source *s, const struct rtp_packet *p)
{
	uint16_t ahead = (uint16_t)(p->seq - s->max_seq);

	return s->known && p->ssrc == s->ssrc && ahead > 0 && ahead < MAX_DROPOUT;
}

enum rtp_seq rtp_source_update(struct rtp_source *s, uint16_t seq, uint32_t *ret_ext)
{
	uint16_t ahead = (uint16_t)(seq - s->max_seq), behind = (uint16_t)(s->max_seq - seq);

	if (ahead > 0 && ahead < MAX_DROPOUT) {
		if (seq < s->max_seq)
			s->cycles += SEQ_MOD;
		s->max_seq = seq;
		seen_shift(s, ahead);
		s->bad_seq = NO_BAD_SEQ;
		s->received++;
		*ret_ext = s->cycles + seq;
		return RTP_SEQ_NEXT;
	}
	if (behind < MAX_MISORDER) {
		s->received++;
		/* An overtaken packet from before the wrap still belongs to the cycle before. */
		*ret_ext = s->cycles + s->max_seq - behind;
		if (seen_mark(s, behind)) {
			s->doubled++;
			return RTP_SEQ_DUPLICATE;
		}
		/* It came before the first that we know of: the count of expected ones begins with it. */
		if ((int32_t)(*ret_ext - s->base_ext) < 0)
			s->base_ext = *ret_ext;
		s->reordered++;
		return RTP_SEQ_OLD;
	}
	if (seq == s->bad_seq) {
		/* Two in sequence far away: the source restarted without a word (A.1). Its losses are
		 * history. */
		s->lost_before = rtp_source_lost(s);
		start_sequence(s, seq);
		*ret_ext = seq;
		return RTP_SEQ_RESTART;
	}
	s->bad_seq = (seq + 1u) & (SEQ_MOD - 1);
	return RTP_SEQ_INVALID;
}

/*
 * A.8: jitter is the smoothed difference of transit times. Packets that repeat a time stamp (the updates of
 * one telephone-event) say nothing about transit and are left out; so would all be that the caller does not
 * pass.
 */
void rtp_source_jitter(struct rtp_source *s, uint32_t arrival, uint32_t ts)
{
	uint32_t transit = arrival - ts;

	if (s->timed && ts != s->last_ts) {
		int32_t d = (int32_t)(transit - s->transit);

		s->jitter += ((d < 0 ? -(double)d : (double)d) - s->jitter) / 16;
		if (s->jitter > s->jitter_max)
			s->jitter_max = s->jitter;
	}
	s->timed = true;
	s->transit = transit;
	s->last_ts = ts;
}

static uint32_t expected(const struct rtp_source *s)
{
	return s->cycles + s->max_seq - s->base_ext + 1;
}

uint64_t rtp_source_lost(const struct rtp_source *s)
{
	uint64_t wanted = s->known ? expected(s) : 0, came = s->received - s->doubled;

	return s->lost_before + (wanted > came ? wanted - came : 0);
}

void rtp_source_report(struct rtp_source *s, struct rtp_reception *ret_report)
{
	uint32_t wanted = expected(s);
	int64_t lost = (int64_t)wanted - (int64_t)s->received;
	int64_t interval = wanted - s->expected_prior;
	int64_t lost_interval = interval - (int64_t)(s->received - s->received_prior);

	s->expected_prior = wanted;
	s->received_prior = s->received;
	if (lost > 0x7fffff)
		lost = 0x7fffff;
	if (lost < -0x800000)
		lost = -0x800000;
	*ret_report = (struct rtp_reception){
		.ssrc = s->ssrc,
		.lost = (int32_t)lost,
		.max_ext = s->cycles + s->max_seq,
		.jitter = (uint32_t)s->jitter,
	};
	if (interval > 0 && lost_interval > 0)
		ret_report->fraction =
			(uint8_t)(lost_interval >= interval ? 255 : lost_interval * 256 / interval);
}
