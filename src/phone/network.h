/* What a phone does when the machine's addresses change under it, or when the machine has slept. */
#ifndef OH_PHONE_NETWORK_H
#define OH_PHONE_NETWORK_H

#include "phone/phone_impl.h"

struct call;

/* Listens to the host from now on. Where the system tells nothing, a line in the log says so, and
 * offhook_network_changed() is the way. */
void network_watch(struct offhook_phone *p);

/* Does what went over this flow still leave from the same address? */
bool network_stands(const struct sip_flow *flow);

/* ---- call_repair.c ---- */

/* The peer of this call is told anew where we are, as soon as that is possible. Harmless when that is under way. */
void call_repair(struct call *c);
/* A registration of this account has come to an outcome: its calls need not wait for it any longer. */
void call_repairs_go(struct offhook_phone *p, offhook_id account);
/* The call is confirmed now. */
void call_repair_confirmed(struct call *c);
/* Is the open re-INVITE its repair? */
bool call_is_repaired(const struct call *c);
/* Nobody has answered the open re-INVITE in time: is the peer to be asked elsewhere? */
bool call_repair_goes_on(struct call *c);
/* The description that answers the open re-INVITE has come: 0, or what is wrong with it. */
void call_repair_answered(struct call *c, int err);
/* The open re-INVITE was refused. True: it was a repair, and the program has been told what it needs to know. */
bool call_repair_refused(struct call *c, unsigned status, struct sip_msg *msg);
/* Accepts NULL. */
void call_repair_forget(struct call *c);

#endif
