/* Sound systems of the real world, for sound*.c only. An id is the name of its system, or that, a colon and a name within:
 * "pulse" is PulseAudio's default device, "alsa:plughw:CARD=PCH,DEV=0" one of ALSA's. */
#ifndef OH_HOST_UV_SOUND_H
#define OH_HOST_UV_SOUND_H

#include "host/uv/impl.h"

struct uv_sound_system {
	const char *name;
	/* What it needs for all of its devices; on the loop thread or a program's, one at a time. OH_ENOMEM. */
	int (*begin)(struct host *h, void **ret_state);
	void (*end)(void *state); /* nothing is open any more */
	/* device: the name within, "" is the default. As host_sound_open(). */
	int (*open)(void *state, struct host *h, const char *device, const struct host_sound_cfg *cfg,
		struct host_sound **ret_sound);
	void (*close)(struct host_sound *s);
	/* Its devices into ret_infos, ids and all; returns how many, OH_ENOMEM. Any thread. */
	long (*list)(void *state, struct host_sound_info *ret_infos, size_t cap, unsigned wait_ms);
	bool (*present)(void *state, const char *device);
};

/* First member of each system's own. */
struct uv_sound {
	struct host_sound base;
	const struct uv_sound_system *system;
};

#ifdef OH_PULSE
extern const struct uv_sound_system uv_pulse;
#endif
#ifdef OH_ALSA
extern const struct uv_sound_system uv_alsa;
#endif

#endif
