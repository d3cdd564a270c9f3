/* `offhook register`. */
#ifndef OFFHOOK_CMD_REGISTER_H
#define OFFHOOK_CMD_REGISTER_H

#include "command.h"

bool register_wanted(const struct options *o);
/* Borrows from the options. */
void register_settings(const struct options *o, struct offhook_registration_cfg *cfg);

enum register_verdict {
	REGISTER_GOES_ON, /* it will be tried again */
	REGISTER_DONE,    /* the account is registered */
	REGISTER_FAILED   /* the registrar does not want it */
};
/* Reports an OFFHOOK_EVENT_REGISTRATION. */
enum register_verdict register_outcome(
	const struct options *o, struct offhook_phone *phone, const struct offhook_event *e);

#endif
