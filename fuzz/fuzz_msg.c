/* A datagram and a stream of SIP: everything that can be asked of a message, printing and parsing again. */
#include "fuzz.h"

#include "sip/msg_laws.h"

void fuzz_one(const uint8_t *data, size_t n)
{
	msg_laws((const char *)data, n);
}
