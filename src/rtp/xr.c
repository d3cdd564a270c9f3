#include "rtp/xr.h"

#include "rtp/wire.h"

enum { REFERENCE = 4, ANSWER = 5, VOIP = 7 }; /* block types */

#define HEADER_BYTES    8u
#define REFERENCE_BYTES 12u
#define ANSWER_BYTES    16u /* with one sub-block */
#define SUB_BYTES       12u
#define VOIP_BYTES      36u

/* A packet with a block of so many bytes; returns where what the block holds begins. */
static uint8_t *put_head(uint8_t *at, uint32_t ssrc, uint8_t type, size_t bytes)
{
	at[0] = 2u << 6;
	at[1] = RTCP_XR;
	put16(at + 2, (uint16_t)((HEADER_BYTES + bytes) / 4 - 1));
	put32(at + 4, ssrc);
	at[8] = type;
	at[9] = 0;
	put16(at + 10, (uint16_t)(bytes / 4 - 1));
	return at + HEADER_BYTES + 4;
}

static uint8_t *put_voip(uint8_t *at, uint32_t ssrc, const struct xr_voip *v)
{
	const uint8_t shares[] = {v->loss, v->discard, v->burst_density, v->gap_density};
	const uint8_t levels[] = {v->signal, v->noise, v->rerl, v->gmin};
	const uint8_t scores[] = {v->r, v->ext_r, v->mos_lq, v->mos_cq};

	at = put_head(at, ssrc, VOIP, VOIP_BYTES);
	put32(at, v->ssrc);
	for (size_t i = 0; i < 4; i++) {
		at[4 + i] = shares[i];
		at[16 + i] = levels[i];
		at[20 + i] = scores[i];
	}
	put16(at + 8, v->burst_ms);
	put16(at + 10, v->gap_ms);
	put16(at + 12, v->rtt_ms);
	put16(at + 14, v->end_system_ms);
	at[24] = v->rx_config;
	at[25] = 0;
	put16(at + 26, v->buffer_ms);
	put16(at + 28, v->buffer_max_ms);
	put16(at + 30, v->buffer_abs_ms);
	return at + VOIP_BYTES - 4;
}

size_t xr_write(uint8_t out[XR_MAX], uint32_t ssrc, const struct xr *x)
{
	uint8_t *at = out;

	if (x->has_reference) {
		at = put_head(at, ssrc, REFERENCE, REFERENCE_BYTES);
		put32(at, (uint32_t)(x->reference_ntp >> 32));
		put32(at + 4, (uint32_t)x->reference_ntp);
		at += 8;
	}
	if (x->has_answer) {
		at = put_head(at, ssrc, ANSWER, ANSWER_BYTES);
		put32(at, x->answer_ssrc);
		put32(at + 4, x->lrr);
		put32(at + 8, x->dlrr);
		at += SUB_BYTES;
	}
	if (x->has_voip)
		at = put_voip(at, ssrc, &x->voip);
	return (size_t)(at - out);
}

/* A score out of its range must be ignored (4.7.5). */
static uint8_t score(uint8_t value, uint8_t least, uint8_t most)
{
	return value < least || value > most ? XR_UNKNOWN : value;
}

static void read_voip(const uint8_t *at, struct xr_voip *v)
{
	*v = (struct xr_voip){
		.ssrc = get32(at),
		.loss = at[4],
		.discard = at[5],
		.burst_density = at[6],
		.gap_density = at[7],
		.burst_ms = get16(at + 8),
		.gap_ms = get16(at + 10),
		.rtt_ms = get16(at + 12),
		.end_system_ms = get16(at + 14),
		.signal = at[16],
		.noise = at[17],
		.rerl = at[18],
		.gmin = at[19],
		.r = score(at[20], 0, 100),
		.ext_r = score(at[21], 0, 100),
		.mos_lq = score(at[22], 10, 50),
		.mos_cq = score(at[23], 10, 50),
		.rx_config = at[24],
		.buffer_ms = get16(at + 26),
		.buffer_max_ms = get16(at + 28),
		.buffer_abs_ms = get16(at + 30),
	};
}

/* The contents of a block, behind its first word. */
static void read_block(
	uint8_t type, const uint8_t *at, size_t n, uint32_t sender, uint32_t our_ssrc, struct xr *x)
{
	switch (type) {
	case REFERENCE:
		if (n != REFERENCE_BYTES - 4)
			return;
		x->has_reference = true;
		x->reference_ssrc = sender;
		x->reference_ntp = (uint64_t)get32(at) << 32 | get32(at + 4);
		return;
	case ANSWER:
		for (; n >= SUB_BYTES; at += SUB_BYTES, n -= SUB_BYTES) {
			if (get32(at) != our_ssrc)
				continue;
			x->has_answer = true;
			x->answer_ssrc = our_ssrc;
			x->lrr = get32(at + 4);
			x->dlrr = get32(at + 8);
		}
		return;
	case VOIP:
		if (n != VOIP_BYTES - 4 || get32(at) != our_ssrc)
			return;
		x->has_voip = true;
		read_voip(at, &x->voip);
		return;
	}
}

void xr_read(const uint8_t *packet, size_t n, uint32_t our_ssrc, struct xr *ret_xr)
{
	size_t at = HEADER_BYTES;

	if (packet[0] & 0x20) /* padding: its last byte counts it */
		n -= packet[n - 1] <= n ? packet[n - 1] : n;
	while (at + 4 <= n) {
		size_t bytes = (get16(packet + at + 2) + 1u) * 4;

		if (bytes > n - at)
			return;
		read_block(packet[at], packet + at + 4, bytes - 4, get32(packet + 4), our_ssrc, ret_xr);
		at += bytes;
	}
}
