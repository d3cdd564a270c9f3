/**
 * @file
 * @ingroup levels
 * Level meters, and who speaks in a conference.
 */
#ifndef OFFHOOK_LEVELS_H
#define OFFHOOK_LEVELS_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup levels Levels
 * How loud a slot of the bridge is, and which of those whom somebody hears has the floor.
 * @{
 */

/** How loud a slot is, in dB below full scale: -96 is silence, 0 the most that 16 bits hold. */
struct offhook_slot_levels {
	size_t size;         /**< set by the caller to sizeof */
	double tx_peak_dbov; /**< the highest sample of the last frame that the bridge sent to it */
	double tx_rms_dbov; /**< the power of what the bridge sends to it, over the last eighth of a second */
	double rx_peak_dbov; /**< the highest sample of the last frame that it gave */
	double rx_rms_dbov;  /**< the power of what it gives, over the last eighth of a second */
};

/**
 * How loud a slot is. Power is measured for as long as somebody asks at least once a second: the first answer has the
 * peaks alone.
 *
 * @param phone       borrowed
 * @param slot        the slot
 * @param ret_levels  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_get_levels(
	struct offhook_phone *phone, offhook_id slot, struct offhook_slot_levels *ret_levels);

/** When the floor changes hands; fill with offhook_speaker_cfg_init() first. */
struct offhook_speaker_cfg {
	size_t size;       /**< set by offhook_speaker_cfg_init() */
	uint32_t start_ms; /**< who speaks for so long may get it, up to 10,000; default 300 */
	uint32_t
		pause_ms; /**< when the present speaker has been silent for so long, up to 10,000; default 600 */
	uint32_t
		quiet_ms; /**< when nobody has spoken for so long, nobody has it, up to 60,000; default 2,000 */
	double margin_db; /**< louder than the present speaker by so much, one gets it at once, 0 to 60; default 6 */
	void *user_data; /**< comes back in its events */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_speaker_cfg_init(struct offhook_speaker_cfg *cfg);

/**
 * Watches who speaks among those whom a slot hears, as they are connected at each moment: ACTIVE_SPEAKER events tell when
 * that changes. Watch a recorder or a port that hears everybody of a conference.
 *
 * @param phone   borrowed
 * @param slot    who listens
 * @param cfg     copied
 * @param ret_id  set on success only: the watch
 * @return 0, OH_ENOENT (no such slot), OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_speaker_watch(struct offhook_phone *phone, offhook_id slot,
	const struct offhook_speaker_cfg *cfg, offhook_id *ret_id);

/**
 * Ends a watch; one whose slot is gone tells nothing any more and is ended likewise.
 *
 * @param phone  borrowed
 * @param id     the watch
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_speaker_unwatch(struct offhook_phone *phone, offhook_id id);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
