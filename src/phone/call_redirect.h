/*
 * A 3xx to a call of ours (RFC 3261 8.1.3.4): its Contacts become targets, and the call goes on to one after the other, as
 * the program agrees or has agreed beforehand. To the program it stays one call; on the wire Call-ID, From and To stay.
 *
 * The set of targets only grows and holds no URI twice, so that two places which send us to each other come to an end.
 */
#ifndef OH_PHONE_CALL_REDIRECT_H
#define OH_PHONE_CALL_REDIRECT_H

#include "phone/call_impl.h"

/* Limit: addresses that one call is sent to, besides the first. */
#define REDIRECT_TARGETS_MAX 10u

/* The call has failed like this. True: it goes on, or a question about it is open; `end` is told later if at all. */
bool redirect_goes_on(struct call *c, const struct call_end *end);
/* Is the program being asked? The session has ended then, and the call has not. */
bool redirect_waits(const struct call *c);
/* What the INVITE proves itself with: nothing when a stranger has named the target (he would have a hash of the password
 * to try lists on), and no proxy of ours is in between. */
struct sip_auth *redirect_auth(const struct call *c, const struct account *a);
/* Returns NULL; NULL is harmless. */
struct redirect *redirect_free(struct redirect *r);

#endif
