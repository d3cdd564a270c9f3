/* Conferences, as far as calls, ports and the phone itself have to know of them. Signalling. */
#ifndef OH_PHONE_CONFERENCE_H
#define OH_PHONE_CONFERENCE_H

#include "offhook/phone.h"

struct offhook_phone;

/* The audio of a call has become something else: a member of that id comes back, or is away. */
void conferences_follow(struct offhook_phone *p, offhook_id call);
/* A call or port ends: it is in no conference any more. */
void conferences_gone(struct offhook_phone *p, offhook_id member);
void conferences_free_all(struct offhook_phone *p);

#endif
