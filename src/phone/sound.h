/*
 * Who opens and closes sound devices: slot 0, and ringers. Signalling looks at each after every wake-up.
 *
 *	CLOSED --connected--> IN_USE --nobody--> LINGERING --a second--> CLOSED
 *
 * While it is not closed, each direction (line) opens the device that was chosen, else the system's, one after another;
 * when none can be had it waits and tries again, later each time, or at once when the list of devices has changed.
 */
#ifndef OH_PHONE_SOUND_H
#define OH_PHONE_SOUND_H

#include "audio/bridge.h"
#include "audio/device.h"
#include "base/list.h"
#include "host/host.h"
#include "offhook/device.h"

struct offhook_phone;
struct command;

#define SOUND_OPEN_LIMIT_S 5u  /* a device that takes longer counts as failed */
#define SOUND_LOOK_S       10u /* so often it looks for the chosen device while another one serves */
#define SOUND_PATIENCE_S   60u /* longest wait between two attempts */

enum line_state {
	LINE_CLOSED,
	LINE_OPENING,
	LINE_REOPENING, /* the same, but there was one before */
	LINE_OPEN,
	LINE_MISSING, /* none could be opened */
	LINE_LOST     /* the same, but there was one before */
};

struct line {
	enum line_state state;
	enum offhook_device_side side; /* 0: the place has no such direction */
	char chosen[HOST_SOUND_ID_MAX];
	char tried[HOST_SOUND_ID_MAX]; /* what is open or was last tried */
	unsigned attempt;              /* 0: the chosen one (the system's first one), 1: the next, ... */
	uint64_t due_ns;               /* opening: it takes too long; else it looks or tries again */
	unsigned patience_s;           /* the next wait after a failure */
	int err;                       /* why the one that should be open is not */
	int told;                      /* of a FAILED event */
	float volume;
	bool muted;
};

enum sound_state { SOUND_CLOSED, SOUND_IN_USE, SOUND_LINGERING };

/* A place of the bridge where devices are. */
struct sound {
	struct list node; /* sounds.all */
	struct offhook_phone *phone;
	enum sound_state state;
	struct bridge_slot slot;
	/* Slot 0: NULL while the null device serves. A ringer: as long as it is on the bridge. */
	struct device *device;
	struct line capture, playback;
	uint64_t linger_until;
	unsigned changes; /* of the host's list, as of the last look */
};

/* All of a phone, and the settings. */
struct sounds {
	struct list all;
	struct sound main;             /* slot 0 */
	struct offhook_device_cfg cfg; /* its texts are the copies below */
	char capture[HOST_SOUND_ID_MAX], playback[HOST_SOUND_ID_MAX], ring[HOST_SOUND_ID_MAX];
	float ring_volume;
	bool ring_muted;
	struct host_timer *timer; /* the loop looks again */
	struct command *opener;   /* waits in offhook_device_open() */
	unsigned changes;         /* of the host's list, as it was told */
	bool warned;              /* that there is no device */
};

/* OH_ENOMEM. */
int sounds_init(struct offhook_phone *p);
/* From the idle hook: opens, closes, tells. */
void sounds_step(struct offhook_phone *p);
/* The phone has closed: nothing is opened any more, and nobody waits. */
void sounds_close(struct offhook_phone *p);
void sounds_free(struct offhook_phone *p);

/* A place is there (a ringer: with a speaker only) and is used from now on. */
void sound_begin(struct offhook_phone *p, struct sound *s, struct bridge_slot slot);
/* Closes its devices; what is connected to it opens them again. */
void sound_shut(struct sound *s);
/* It is used no more. Harmless when it never was. */
void sound_end(struct sound *s);
/* By the settings. OH_ENOMEM. */
int sound_device_new(const struct offhook_phone *p, struct device **ret_device, struct port **ret_port);
/* What was chosen, how loud: the settings have changed. */
void sound_configure(struct sound *s);
/* As if it were connected, for as long as it would linger. */
void sound_wake(struct sound *s);
/* Has each direction opened or failed? */
bool sound_settled(const struct sound *s);

#endif
