/* How names are looked up, and what is told of where requests go. */
#ifndef OH_PHONE_NAMES_H
#define OH_PHONE_NAMES_H

#include "phone/phone_impl.h"

/* The name servers of the configuration, if any. Before the loop runs. OH_EINVAL, OH_ENOMEM, OH_ETRANSPORT. */
int names_setup(struct host *host, const struct offhook_phone_cfg *cfg);

/* sip_stack_cfg.decision: a line in the log and, when the program wants them, an event. */
void names_decided(void *phone, enum sip_decision kind, uint64_t about, const char *text);
/* A description of the peer's, in the call `about` or (0) before there is one. */
void names_offer_refused(struct offhook_phone *p, uint64_t about, const char *why);

#endif
