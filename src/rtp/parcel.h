/*
 * What a call gives to another one instead of samples, when nobody else hears it and they speak one codec: the packets
 * of one tick as they came. The jitter buffer of the giving call decides order, loss and time as ever; the taking call
 * sends them under its own SSRC, numbers and time stamps.
 */
#ifndef OH_RTP_PARCEL_H
#define OH_RTP_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARCEL_PACKETS 2u /* of 10 ms in a tick of 20 */

/* What the taking call sends; nothing else will do. */
struct parcel_want {
	uint8_t codec; /* enum codec_number */
	uint32_t span; /* of one packet in time stamp units; a tick is made of whole ones */
};

enum parcel_kind {
	PARCEL_PACKET,
	PARCEL_LOST,   /* it did not come: the far end shall see the loss */
	PARCEL_SILENT, /* its sender sent none */
};

struct parcel {
	struct parcel_want want;
	uint8_t n;
	struct {
		uint8_t kind; /* enum parcel_kind */
		bool marker;
		uint16_t n; /* bytes */
	} packets[PARCEL_PACKETS];
	uint16_t room; /* for the bytes of all packets, one after the other */
	uint8_t data[];
};

#endif
