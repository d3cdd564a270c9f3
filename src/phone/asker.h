/* An account that asks somebody, or its own server, outside of dialogs: what session/whom.h wants to know. */
#ifndef OH_PHONE_ASKER_H
#define OH_PHONE_ASKER_H

#include "phone/account.h"
#include "session/whom.h"

struct asker {
	struct offhook_phone *phone;
	offhook_id account;
	char *target, *to; /* both NULL: the account's own address */
	char *own;         /* that address as a Request-URI, while a request is made */
	struct sip_flow flow;
};

/* to: whom; NULL: the account's own address. OH_ENOMEM. */
int asker_init(struct asker *k, struct offhook_phone *p, offhook_id account, const struct sip_addr *to);
void asker_free(struct asker *k);
/* OH_ENOENT (the account has gone), OH_ECLOSED, OH_ENOMEM. */
int asker_whom(struct asker *k, struct whom *ret_whom);
int asker_contact(const struct asker *k, const struct sip_flow *flow, char **ret_contact);

#endif
