/* Tones: those that are played, and what those that are heard tell. */
#ifndef OFFHOOK_CMD_TONES_H
#define OFFHOOK_CMD_TONES_H

#include "command.h"

/* "de:ringback" as a pattern; NULL: it is none. */
const char *tones_national(const char *text);
/* --tone as HZ[,HZ], as a pattern, or as COUNTRY:KIND. Errors as offhook_tone_pattern(). */
int tones_play(
	const struct options *o, struct offhook_phone *phone, offhook_id *ret_id, offhook_id *ret_slot);
/* Asks for what --progress wants. */
int tones_listen(const struct options *o, struct offhook_phone *phone);
/* An OFFHOOK_EVENT_CALL_PROGRESS. */
void tones_event(const struct options *o, const struct offhook_event *e);
/* --dtmf-by; false: there is no such way. */
bool tones_way(const char *text, enum offhook_dtmf *ret_way);

#endif
