/* Who may reach us: the settings of `answer` and `security`, and the list that `offhook security` prints. */
#ifndef OFFHOOK_CMD_POSTURE_H
#define OFFHOOK_CMD_POSTURE_H

#include "command.h"

bool posture_wanted(const struct options *o);
/* False: a setting is not good, and it has complained. */
bool posture_settings(const struct options *o, struct offhook_phone_cfg *cfg);
/* The words of --allow. */
void posture_sources(const struct options *o, struct offhook_transport_cfg *cfg);
/* Prints the list. EXIT_OK: fit for the open Internet, else EXIT_CALL_FAILED. */
int posture_report(const struct options *o, struct offhook_phone *phone);

#endif
