/*
 * What a call gives to another one instead of samples, when nobody else hears it and they speak one codec: the packets
 * that begin in one tick, as they came. The jitter buffer of the giving call decides order, loss and time as ever; the
 * taking call sends them under its own SSRC, numbers and time stamps. Of a packet that is longer than a tick the rest is
 * under way in those that follow.
 */
#ifndef OH_RTP_PARCEL_H
#define OH_RTP_PARCEL_H

#include <stdbool.h>
#include <stdint.h>

struct jbuf;

#define PARCEL_PACKETS 2u   /* of 10 ms in a tick of 20 */
#define PARCEL_MS_MAX  120u /* of one */

/* What the taking call sends; nothing else will do. */
struct parcel_want {
	uint8_t codec; /* enum codec_number */
	bool chained;  /* a packet needs those before it to be understood */
	uint16_t ms;   /* how long it is */
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
		uint8_t kind;  /* enum parcel_kind */
		uint8_t at_ms; /* into the tick it begins */
		uint16_t cell; /* of the store: where a packet lies */
	} packets[PARCEL_PACKETS];
	const struct jbuf *store; /* the giving call's; what lies there stays so until its next tick */
};

#endif
