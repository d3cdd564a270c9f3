/* What holds for every text that somebody may send as a message: asking everything of it does no harm, and a sound one
 * that is printed and parsed again is the same. The tests of messages and the fuzz targets share it. */
#ifndef OH_TESTS_SIP_MSG_LAWS_H
#define OH_TESTS_SIP_MSG_LAWS_H

#include "check.h"

#include "sip/msg.h"

/* Both ways of framing. The text is copied to a block of its size, so that a sanitizer sees a read beyond its end. */
void msg_laws(const char *text, size_t n);

#endif
