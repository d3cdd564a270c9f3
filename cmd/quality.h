/* How a call sounds, in its reports. */
#ifndef OFFHOOK_CMD_QUALITY_H
#define OFFHOOK_CMD_QUALITY_H

#include "command.h"

#include "offhook/quality.h"

#include <stdio.h>

struct quality_clock {
	offhook_id call; /* whose reports come, 0 = none */
	double next;
};
/* Looked at between events: call is the one that stands, or 0. */
void quality_watch(struct quality_clock *c, const struct options *o, struct offhook_phone *phone,
	offhook_id call, double now);
/* The figures as fields of an object. */
struct json_t *quality_json(const struct offhook_call_quality *q);

#endif
