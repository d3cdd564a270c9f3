/*
 * What keeps the way to an account's registrar open (RFC 5626 4.4). Where the registrar does Outbound with us, or the
 * program says that it answers: pings whose missing answer fails the flow, so that it is made anew (4.5). Else something is
 * sent now and then, and nobody expects an answer.
 */
#ifndef OH_PHONE_ACCOUNT_KEEPALIVE_H
#define OH_PHONE_ACCOUNT_KEEPALIVE_H

#include "base/wheel.h"
#include "offhook/registration.h"
#include "session/reg.h"
#include "sip/keepalive.h"

struct account_keepalive {
	struct sip_stack *stack;
	struct reg *reg; /* borrowed; set before the first account_keepalive_follow() */
	enum offhook_keepalive way;
	uint32_t every_s; /* blindly; 0: never, neither way */
	char *data;       /* what is sent blindly */
	struct wheel_timer blind;
	struct sip_keepalive *answered; /* NULL: none */
	struct sip_flow flow;           /* of it */
	uint32_t flow_timer_s;          /* of it */
};

/* OH_EINVAL (out of range), OH_ENOMEM. */
int account_keepalive_init(
	struct account_keepalive *k, struct sip_stack *s, const struct offhook_registration_cfg *cfg);
/* Something has changed at the registration: begins, goes on or ends accordingly. */
void account_keepalive_follow(struct account_keepalive *k);
/* Harmless on a zeroed one. */
void account_keepalive_close(struct account_keepalive *k);

#endif
