/* Calls that are answered without the program (RFC 5373 4.5). */
#ifndef OH_PHONE_AUTO_ANSWER_H
#define OH_PHONE_AUTO_ANSWER_H

#include "phone/call_impl.h"

/* An INVITE for this account: true when it was refused, because it insists on an answer that it will not get. */
bool auto_answer_refused(const struct account *a, const struct sip_msg *msg, struct sip_server *server);
/* The program has been told of the call: it will be answered in time, if it is one of those. */
void auto_answer_begin(struct call *c, const struct account *a, const struct sip_msg *msg);

#endif
