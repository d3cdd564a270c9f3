/* The program's settings of sessions as those of the INVITE session. */
#ifndef OH_PHONE_SESSION_CFG_H
#define OH_PHONE_SESSION_CFG_H

#include "offhook/session.h"
#include "session/inv.h"

/* The longest time that a setting, or a peer, may ask for. */
#define SESSION_SECONDS_MAX 86400u

struct session_rules {
	struct inv_policy policy;
	enum offhook_redirect redirect; /* never DEFAULT */
	enum offhook_dtmf dtmf;         /* never DEFAULT */
	enum offhook_dtmf_hear hear;    /* never DEFAULT */
};

/* NULL: the defaults. OH_EINVAL: out of range. */
int session_rules(const struct offhook_session_cfg *cfg, struct session_rules *ret_rules);
struct session_rules session_rules_default(void);

#endif
