/*
 * Who has the floor among some slots: their levels are read ten times a second, and an ACTIVE_SPEAKER event tells when it
 * changes. Of a watch, or of a conference.
 */
#ifndef OH_PHONE_FLOOR_H
#define OH_PHONE_FLOOR_H

#include "audio/speaker.h"
#include "phone/phone_impl.h"

struct floor_cfg {
	struct offhook_phone *phone;
	struct subject *subject; /* borrowed: of its events */
	/* Those who may have it: up to cap into ret_slots; returns how many there are. */
	size_t (*candidates)(void *arg, struct bridge_slot *ret_slots, size_t cap);
	/* What the program calls a slot. */
	offhook_id (*name)(void *arg, struct bridge_slot slot);
	void *arg;
};

struct floor {
	struct floor_cfg cfg;
	struct host_timer *timer; /* NULL: nobody looks */
	struct speaker_cfg rules;
	struct speaker speaker;
	offhook_id holder; /* as named; 0: nobody */
};

/* OH_EINVAL with detail. */
int floor_check(const struct offhook_speaker_cfg *cfg);
/* Begins to look. OH_ENOMEM. */
int floor_open(struct floor *f, const struct floor_cfg *cfg, const struct offhook_speaker_cfg *rules);
/* Harmless for one that was never opened, when it is zero. */
void floor_close(struct floor *f);

#endif
