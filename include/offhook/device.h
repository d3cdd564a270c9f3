/**
 * @file
 * @ingroup device
 * Sound devices: the microphone and the speaker at slot 0, and a device of its own for ringing.
 */
#ifndef OFFHOOK_DEVICE_H
#define OFFHOOK_DEVICE_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup device Sound devices
 * Slot 0 of the bridge is the sound device. It is opened when something is connected to it and closed when nothing has been
 * for a while; the program need not do anything. PulseAudio (PipeWire too) and ALSA are asked, in this order.
 *
 * A device that is missing, slow or unplugged never holds up a call, and is no error: the null device, a silent microphone
 * and a speaker that swallows, serves in its place, one warning is logged, and a DEVICE event tells the program. When a
 * device goes the default one takes over, and the chosen one again when it is back.
 * @{
 */

/** The id of no device: silence, and nothing is opened. */
#define OFFHOOK_DEVICE_NULL "null"

/** A direction. */
enum offhook_device_side {
	OFFHOOK_DEVICE_CAPTURE = 1,  /**< the microphone */
	OFFHOOK_DEVICE_PLAYBACK = 2, /**< the speaker */
	OFFHOOK_DEVICE_RING = 3      /**< the speaker for ringing */
};

/** What a DEVICE event tells (`status`). */
enum offhook_device_change {
	OFFHOOK_DEVICE_OPENED = 1, /**< it works */
	OFFHOOK_DEVICE_LOST =
		2, /**< it was there and has gone: `error`, `reason`; the default one is tried */
	OFFHOOK_DEVICE_BACK = 3, /**< it works again */
	OFFHOOK_DEVICE_FAILED =
		4,              /**< it cannot be opened: `error`, `reason`; it is tried again now and then */
	OFFHOOK_DEVICE_LIST = 5 /**< devices have come or gone: offhook_devices() */
};

/** A device that could be chosen. */
struct offhook_device {
	size_t size;                /**< set by the caller to sizeof */
	char id[160];               /**< for offhook_device_cfg */
	char name[160];             /**< for people */
	unsigned capture_channels;  /**< 0: it has no microphone */
	unsigned playback_channels; /**< 0: it has no speaker */
	uint32_t rate_hz;           /**< its own; others are converted */
	int default_capture;        /**< non-zero: the system's choice */
	int default_playback;       /**< non-zero: the system's choice */
};

/**
 * The sound devices of this machine.
 *
 * @param phone        borrowed
 * @param ret_devices  receives up to cap of them; size must be set in each
 * @param cap          how many; 0 = only count
 * @return how many there are, OH_EINVAL, OH_ENOMEM, OH_ECLOSED. It waits up to two seconds for a sound server; called from
 *         an inline handler it does not, and tells what is known
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_devices(struct offhook_phone *phone, struct offhook_device *ret_devices, size_t cap);

/** Which devices, and how; fill with offhook_device_cfg_init() first. */
struct offhook_device_cfg {
	size_t size;          /**< set by offhook_device_cfg_init() */
	const char *capture;  /**< id; NULL or "" (default): the system's; "null": none; copied */
	const char *playback; /**< likewise */
	const char *ring;     /**< likewise, for ringing; NULL (default): as playback */
	uint32_t rate_hz;     /**< 8000, 16000, 24000, 32000 or 48000; 0 (default): the bridge's */
	uint32_t latency_ms;  /**< asked of the device, 10..500; default 40 */
	uint32_t echo_ms;     /**< tail of the echo canceller, 0 (off)..500; default 200 */
	int noise;            /**< non-zero: noise of the microphone is suppressed; default 0 */
	int gain;             /**< non-zero: the microphone's level is adapted; default 0 */
	int32_t close_ms;     /**< unused for so long, it is closed; -1: never; default 1,000 */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_device_cfg_init(struct offhook_device_cfg *cfg);

/**
 * Chooses devices. In the middle of calls too: slot 0 keeps its connections and levels. A device that is not there now is
 * used when it comes.
 *
 * @param phone  borrowed
 * @param cfg    copied; NULL takes the defaults
 * @return 0, OH_EINVAL (a setting out of range: the detail names it), OH_ETOOBIG (an id), OH_ECLOSED
 *
 * Thread: any.  May call back: yes (inline delivery).  Spec: none.
 */
OFFHOOK_API int offhook_device_set(struct offhook_phone *phone, const struct offhook_device_cfg *cfg);

/**
 * Opens the devices of slot 0 now, as if something were connected to it, and waits for the outcome: some seconds at most.
 *
 * @param phone  borrowed
 * @return 0 (also when "null" was chosen), OH_ENODEV (no such device, or none at all), OH_ENOSOUND (the
 *         library was built without such devices), OH_ETIMEDOUT, a wrapped errno,
 *         OH_EBUSY (another thread waits already), OH_EAGAIN (from an inline handler, and on a simulated host: an event
 *         will tell), OH_ECLOSED. In case of an error the null device, or the default one, serves
 *
 * Thread: any.  May call back: yes (inline delivery).  Spec: none.
 */
OFFHOOK_API int offhook_device_open(struct offhook_phone *phone);

/** How one direction does. */
struct offhook_device_info {
	size_t size;      /**< set by the caller to sizeof */
	char chosen[160]; /**< id as it was set; "": the system's */
	char in_use[160]; /**< id of what is open; "": nothing, the null device serves */
	float volume;     /**< as it was set */
	int muted;        /**< as it was set */
	int error;        /**< why the last opening failed; 0: it did not */
	uint64_t gaps;    /**< times that samples were missing since it was opened for this use */
	uint64_t cuts;    /**< times that too many waited, and some were thrown away */
	double drift_ppm; /**< its clock is faster than the system's by so much */
	double depth_ms;  /**< audio that lies between it and the bridge */
};

/**
 * How one direction does.
 *
 * @param phone     borrowed
 * @param side      capture or playback; ring: of the first ringer
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_EINVAL, OH_ENOENT (there is no ringer), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_device_get_info(
	struct offhook_phone *phone, enum offhook_device_side side, struct offhook_device_info *ret_info);

/**
 * Sets the volume of one direction, for whatever device serves it; without a click.
 *
 * @param phone   borrowed
 * @param side    which one
 * @param volume  0..16, 1 = unchanged; negative: as it is
 * @param muted   1: silent, 0: not; negative: as it is
 * @return 0, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_device_set_volume(
	struct offhook_phone *phone, enum offhook_device_side side, float volume, int muted);

/**
 * Makes a ringer: a slot that is the ringing device, for players and tones that are to be heard while calls use other
 * devices. It is opened while something is connected to it. offhook_port_remove() removes it.
 *
 * @param phone     borrowed
 * @param ret_id    set on success only: the ringer
 * @param ret_slot  set on success only: its slot on the bridge; may be NULL
 * @return 0, OH_EINVAL, OH_ETOOMANY (max_ports), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_ringer_new(struct offhook_phone *phone, offhook_id *ret_id, offhook_id *ret_slot);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
