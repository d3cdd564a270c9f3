/* --challenge: callers have to prove who they are. */
#ifndef OFFHOOK_CMD_CHALLENGE_H
#define OFFHOOK_CMD_CHALLENGE_H

#include "command.h"

#define CALLERS_MAX 1000

/* Who may call: lines "USER:PASSWORD" of a file. */
struct callers {
	size_t n;
	struct offhook_credential list[CALLERS_MAX];
	char text[64 * 1024];
};

/* Reads --challenge into *ret_callers (from malloc(); NULL without that option) and cfg, which points into it. EXIT_OK, or
 * EXIT_USAGE after a complaint. */
int challenge_read(const struct options *o, struct offhook_challenge_cfg *cfg, struct callers **ret_callers);
/* NULL is harmless. */
void challenge_wipe(struct callers *c);

#endif
