/*
 * RTP headers (RFC 3550 5.1) and what a receiver knows of one source: sequence validation with wrap, restart
 * and duplicates (A.1), loss (A.3) and jitter (A.8). Plain values; no clock, no I/O; any thread that owns the
 * value.
 */
#ifndef OH_RTP_RTP_H
#define OH_RTP_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_BYTES 12u

struct rtp_packet {
	uint8_t pt; /* 0..127 */
	bool marker;
	uint16_t seq;
	uint32_t ts, ssrc;
	const uint8_t *payload; /* into the datagram; without padding */
	size_t n;
};

/* What the first bytes say (RFC 7983 7, RFC 5761 4), before anything is believed. */
enum rtp_kind { RTP_OTHER, RTP_MEDIA, RTP_CONTROL };
enum rtp_kind rtp_kind_of(const uint8_t *data, size_t n);

/* Contributing sources and header extensions are skipped. OH_ESYNTAX: not RTP (5.1, A.1); OH_ETRUNCATED: its
 * own lengths point behind the datagram. */
int rtp_parse(const uint8_t *data, size_t n, struct rtp_packet *ret_packet);

/* Writes the fixed header; the payload follows it. */
void rtp_write_header(uint8_t out[RTP_HEADER_BYTES], const struct rtp_packet *p);

/* One source, as heard. */
struct rtp_source {
	uint32_t ssrc;
	bool known;
	uint32_t cycles; /* sequence cycles, shifted: extended number = cycles + max_seq */
	uint16_t max_seq;
	uint32_t base_ext;       /* the first extended number */
	uint32_t bad_seq;        /* what would confirm a restart; 0x10001: nothing */
	uint64_t received;       /* since base_ext, duplicates included (A.3) */
	uint64_t doubled;        /* of them, duplicates */
	uint64_t lost_before;    /* of the sequences before a restart */
	uint32_t expected_prior; /* at the last report */
	uint64_t received_prior;
	uint64_t seen[2]; /* bit n: max_seq - n has been received */
	uint64_t reordered;

	bool timed; /* transit is valid */
	uint32_t transit, last_ts;
	double jitter, jitter_max; /* timestamp units */
};

enum rtp_seq {
	RTP_SEQ_NEXT,    /* valid */
	RTP_SEQ_OLD,     /* valid, overtaken by a later one */
	RTP_SEQ_RESTART, /* valid: the source began a new sequence; what is buffered belongs to the old one */
	RTP_SEQ_DUPLICATE, /* seen before */
	RTP_SEQ_INVALID,   /* far off; the next number would confirm it */
};

/*
 * Begins with a source at its first packet. No probation: the address, the payload type and the moment have
 * been checked by the caller, and a call must not lose its first word (A.1 lets such packets be delivered).
 */
void rtp_source_start(struct rtp_source *s, uint32_t ssrc, uint16_t seq);
/* Every further packet of the source. ret_ext: the extended sequence number, set unless RTP_SEQ_INVALID. */
enum rtp_seq rtp_source_update(struct rtp_source *s, uint16_t seq, uint32_t *ret_ext);
/* Is this what this source would send next, losses allowed? Nobody guesses the two numbers that were drawn at random (5.1). */
bool rtp_source_goes_on(const struct rtp_source *s, const struct rtp_packet *p);
/* arrival: in timestamp units (any origin). Call once per packet with media: see jitter in rtp.c. */
void rtp_source_jitter(struct rtp_source *s, uint32_t arrival, uint32_t ts);

/* Packets that never came, so far. Unlike the count of A.3 in the reports, duplicates do not hide it. */
uint64_t rtp_source_lost(const struct rtp_source *s);

/* A reception report block (6.4.1) without the SR times; starts the next interval. */
struct rtp_reception {
	uint32_t ssrc;
	uint8_t fraction; /* of 256 */
	int32_t lost;     /* 24 bits, clamped */
	uint32_t max_ext;
	uint32_t jitter;
	uint32_t lsr, dlsr; /* filled by the caller; dlsr in 1/65536 s */
};
void rtp_source_report(struct rtp_source *s, struct rtp_reception *ret_report);

#endif
