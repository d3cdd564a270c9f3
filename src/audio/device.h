/*
 * A sound card as a port of the bridge. The bridge goes by the system's clock and waits for no card: between them lie
 * rings, and whoever finds one empty gives silence and counts a gap.
 *
 *	microphone -> [echo, noise, gain] -> volume -> a hair faster or slower -> ring -> pull -> bridge
 *	speaker <- volume <- a hair faster or slower <- ring <- push <- bridge
 *
 * Left of the rings is the card's thread (host.h), right of them the media thread. Both directions are opened, lost and
 * changed by themselves while the port stays where it is.
 *
 * Everything here belongs to signalling. The handle is good until the port's ops->free; both directions must be closed
 * before the bridge is given the port back to free.
 */
#ifndef OH_AUDIO_DEVICE_H
#define OH_AUDIO_DEVICE_H

#include "audio/port.h"
#include "host/host.h"

struct device;

struct device_cfg {
	struct host *host;   /* borrowed */
	uint32_t rate_hz;    /* 8000, 16000, 24000, 32000 or 48000 */
	uint32_t tick_ms;    /* of the bridge */
	uint32_t latency_ms; /* asked of the card; 10..500 */
	uint32_t echo_ms;    /* tail of the echo canceller; 0: none, at most 500 */
	bool noise, gain;    /* suppression, automatic */
};
/* OH_ENOMEM. */
int device_new(const struct device_cfg *cfg, struct device **ret_device, struct port **ret_port);

/* Opens one direction, which is closed. As host_sound_open(). */
int device_open(struct device *d, enum host_sound_side side, const char *id);
/* Harmless when it is not open. */
void device_close(struct device *d, enum host_sound_side side);
/* Of one that was opened. */
enum host_sound_state device_state(const struct device *d, enum host_sound_side side, int *ret_err);
/* 1 = unchanged; without a click. */
void device_volume(struct device *d, enum host_sound_side side, float volume);

struct device_figures {
	uint64_t gaps, cuts; /* times that samples were missing; that too many were thrown away */
	double drift_ppm;    /* the card's clock is faster by so much, as it is corrected now */
	double depth_ms;     /* that lie in the ring */
};
void device_figures(const struct device *d, enum host_sound_side side, struct device_figures *ret_figures);

#endif
