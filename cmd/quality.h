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
/* Asks for what --silence and --speech want. */
void quality_listen(const struct options *o, struct offhook_phone *phone);
/* An event about what is heard; others are left alone. */
void quality_event(const struct options *o, struct offhook_phone *phone, const struct offhook_event *e);
/* The figures as fields of an object. */
struct json_t *quality_json(const struct offhook_call_quality *q);

#define QUALITY_TEXT 16 /* bytes that a score takes as text */
/* For people; 0, which is no score, is "unknown". */
void quality_text(double mos, char buf[QUALITY_TEXT]);

#endif
