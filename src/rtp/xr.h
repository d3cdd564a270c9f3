/*
 * RTCP extended reports (RFC 3611): the blocks that a phone has use for. Receiver reference time and its answer measure
 * the round trip of who does not send (4.4, 4.5); VoIP metrics tell the other side how it sounds here (4.7). Bytes in and
 * out; no clock and no I/O.
 */
#ifndef OH_RTP_XR_H
#define OH_RTP_XR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTCP_XR    207
#define XR_MAX     88u  /* bytes that xr_write() needs at most */
#define XR_UNKNOWN 127u /* of levels, R and MOS */

/* 4.7; shares are of 256, levels in dBm0 as signed bytes. */
struct xr_voip {
	uint32_t ssrc; /* of the source that it is about */
	uint8_t loss, discard, burst_density, gap_density;
	uint16_t burst_ms, gap_ms, rtt_ms, end_system_ms;
	uint8_t signal, noise, rerl, gmin;
	uint8_t r, ext_r, mos_lq, mos_cq; /* R 0..100; MOS 10..50 */
	uint8_t rx_config;
	uint16_t buffer_ms, buffer_max_ms, buffer_abs_ms;
};
/* rx_config: 4.7.6 */
enum {
	XR_PLC_ENHANCED = 2 << 6,
	XR_PLC_STANDARD = 3 << 6,
	XR_BUFFER_FIXED = 2 << 4,
	XR_BUFFER_ADAPTIVE = 3 << 4
};

struct xr {
	bool has_reference, has_answer, has_voip;
	uint64_t reference_ntp;  /* 4.4: when it left */
	uint32_t reference_ssrc; /* read: who sent it */
	uint32_t answer_ssrc;    /* 4.5: whose reference it answers */
	uint32_t lrr, dlrr;      /* its middle bits, and how long it was kept in 1/65536 s */
	struct xr_voip voip;
};

/* XR packets, each with one block: linphone (ortp 5.1) reads no more of a packet than its first. 0 bytes when there is
 * no block to write. */
size_t xr_write(uint8_t out[XR_MAX], uint32_t ssrc, const struct xr *x);
/* A whole XR packet of n bytes (a multiple of 4, at least 4). The answer and the metrics that are about our_ssrc are
 * taken, of two the last; what is unknown, of a wrong length or cut off is passed over (4). */
void xr_read(const uint8_t *packet, size_t n, uint32_t our_ssrc, struct xr *ret_xr);

#endif
