/* Pager-mode messages, both ways: RFC 3428. */
#ifndef OH_PHONE_PAGER_H
#define OH_PHONE_PAGER_H

#include "phone/account.h"
#include "phone/event.h"

/* Under way at a time. */
#define PAGERS_MAX 10000u

struct call;

/* A MESSAGE for this account, or inside this call (else NULL): told and answered. */
void pager_take(struct offhook_phone *p, const struct account *a, struct call *c, struct sip_msg *msg,
	struct sip_server *server);
/* Nobody hears of those under way any more. */
void pagers_free_all(struct offhook_phone *p);

#endif
