/*
 * As much STUN as keeping a SIP flow alive takes (RFC 5626 4.4.2, RFC 8489): binding requests without credentials, and
 * their answers with XOR-MAPPED-ADDRESS. Bytes in, bytes out.
 */
#ifndef OH_SIP_STUN_H
#define OH_SIP_STUN_H

#include "base/netaddr.h"

#define STUN_ID_BYTES  12u
#define STUN_BYTES_MAX 48u /* of what is written here */

enum stun_kind { STUN_NONE, STUN_REQUEST, STUN_ANSWER, STUN_OTHER };

struct stun_msg {
	enum stun_kind kind;
	uint8_t id[STUN_ID_BYTES];
	struct netaddr mapped; /* of an answer; family 0: it says none */
};

/* STUN_NONE: not STUN at all. STUN_OTHER: what is not for us (indications, errors, attributes that we would have to
 * know). */
enum stun_kind stun_parse(struct slice data, struct stun_msg *ret_msg);
/* Both return the number of bytes. */
size_t stun_request(const uint8_t id[STUN_ID_BYTES], uint8_t buf[STUN_BYTES_MAX]);
size_t stun_answer(
	const uint8_t id[STUN_ID_BYTES], const struct netaddr *mapped, uint8_t buf[STUN_BYTES_MAX]);

#endif
