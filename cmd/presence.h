/* `offhook message` and `offhook presence`: what they ask for, and what they are told. */
#ifndef OFFHOOK_CMD_PRESENCE_H
#define OFFHOOK_CMD_PRESENCE_H

#include "command.h"

bool message_wanted(const struct options *o);
/* Sends the message of the options, or what stands on standard input. EXIT_OK: its fate comes as an event. */
enum exit_status message_send(const struct options *o, struct offhook_phone *phone, offhook_id account);
/* Reports an OFFHOOK_EVENT_MESSAGE_SENT: the verdict. */
enum exit_status message_fate(const struct options *o, const struct offhook_event *e);

bool presence_wanted(const struct options *o);
enum exit_status presence_begin(const struct options *o, struct offhook_phone *phone, offhook_id account);
enum presence_verdict {
	PRESENCE_GOES_ON, /* nothing is known yet, or it is tried again */
	PRESENCE_KNOWN,
	PRESENCE_REFUSED
};
/* Reports an OFFHOOK_EVENT_BUDDY_STATE. */
enum presence_verdict presence_changed(const struct options *o, const struct offhook_event *e);
/* Reports an OFFHOOK_EVENT_DIALOG_INFO. */
void presence_call(const struct options *o, const struct offhook_event *e);

#endif
