/*
 * Tags: how the media thread says whose report it sends. A tag is never reused while its owner could still be
 * mistaken for another one; a report for an owner that has gone finds nobody.
 */
#ifndef OH_PHONE_TAGS_H
#define OH_PHONE_TAGS_H

#include "base/hash.h"

struct offhook_phone;
struct media_report;

struct tagged {
	struct hash_node node;
	uint32_t tag; /* 0: not entered */
	void (*report)(struct tagged *t, const struct media_report *r);
};

/* Any thread: a fresh tag. */
uint32_t tag_draw(struct offhook_phone *p);
/* Signalling: t->tag and t->report are set. */
void tag_enter(struct offhook_phone *p, struct tagged *t);
/* Harmless when it was not entered. */
void tag_leave(struct offhook_phone *p, struct tagged *t);
/* engine_cfg.report: finds whom it concerns. */
void tag_report(void *phone, const struct media_report *r);

#endif
