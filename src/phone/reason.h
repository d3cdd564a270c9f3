/* Why a call ended, as the peer's Reason headers tell (RFC 3326). */
#ifndef OH_PHONE_REASON_H
#define OH_PHONE_REASON_H

#include "sip/msg.h"

struct reason {
	unsigned sip, q850; /* causes; 0: not told */
	char text[96];      /* of the first that has one; cut to size */
};

void reason_read(const struct sip_msg *msg, struct reason *ret_reason);

#endif
