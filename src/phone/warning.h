/* The Warning header of RFC 3261 20.43: why a description was refused. */
#ifndef OH_PHONE_WARNING_H
#define OH_PHONE_WARNING_H

#include "sip/writer.h"

#define WARNING_MAX 320u

/* The header in buf. why may repeat what the peer wrote. */
struct sip_extra warning_header(unsigned code, const char *why, char buf[WARNING_MAX]);

#endif
