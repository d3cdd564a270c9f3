/* The program's settings of sessions as those of the INVITE session. */
#ifndef OH_PHONE_SESSION_CFG_H
#define OH_PHONE_SESSION_CFG_H

#include "offhook/session.h"
#include "session/inv.h"

/* NULL: the defaults. OH_EINVAL: out of range. */
int session_policy(const struct offhook_session_cfg *cfg, struct inv_policy *ret_policy);

#endif
