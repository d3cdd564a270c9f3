/**
 * @file
 * @ingroup mixing
 * Mixing with time in it: levels that move, connections that are heard later, and ducking.
 */
#ifndef OFFHOOK_MIXING_H
#define OFFHOOK_MIXING_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup mixing Mixing
 * Ramps, delays and ducking of the bridge's connections and slots.
 *
 * No change on the bridge clicks: connecting, disconnecting and setting a level take one frame, on a straight line; only
 * what speaks for the first time when it is connected, where nothing else was heard, is heard from its first sample. These functions
 * take longer. A connection that moves, is delayed or ducked costs its sink as much as one more source at a level of its
 * own; what has come to rest at level 1 is bit-exact again.
 * @{
 */

/**
 * Connects source to sink, or sets the level of their connection, on a straight line from what it is now.
 *
 * @param phone   borrowed
 * @param source  slot that speaks
 * @param sink    slot that hears
 * @param level   to be reached, 0..64; 0 leaves them connected
 * @param ms      how long it takes, up to 60,000; 0: a frame
 * @return 0, OH_ENOENT (a slot is gone), OH_EINVAL, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_link_ramp(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, float level, uint32_t ms);

/** Which level of a slot. */
enum offhook_slot_way {
	OFFHOOK_SLOT_TX = 0, /**< of what the bridge sends to it */
	OFFHOOK_SLOT_RX = 1  /**< of what the bridge receives from it */
};

/**
 * Sets a level of a slot, on a straight line from what it is now.
 *
 * @param phone  borrowed
 * @param slot   the slot
 * @param way    which of its two
 * @param level  to be reached, 0..64
 * @param ms     how long it takes, up to 60,000; 0: a frame
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_ramp(
	struct offhook_phone *phone, offhook_id slot, enum offhook_slot_way way, float level, uint32_t ms);

/**
 * Lets what source says be heard by sink so much later: to align it with something else. What is on its way when the delay
 * changes is lost. It ends with the connection.
 *
 * @param phone   borrowed
 * @param source  slot that speaks
 * @param sink    slot that hears it
 * @param ms      0 (at once) to 1,000
 * @return 0, OH_ENOENT (a slot is gone, or they are not connected), OH_EINVAL, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_link_delay(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, uint32_t ms);

/** Who is ducked by whom, and how far; fill with offhook_duck_cfg_init() first. */
struct offhook_duck_cfg {
	size_t size; /**< set by offhook_duck_cfg_init() */
	offhook_id
		trigger; /**< slot: while it speaks others are softer. It need not be connected to anybody */
	double depth_db; /**< by so much, 0 to 96; default 15 */
	uint32_t attack_ms; /**< so long it takes to get there, up to 60,000; default 60; at least a frame */
	uint32_t
		release_ms; /**< and back, once the trigger has been silent for 400 ms; up to 60,000; default 600 */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_duck_cfg_init(struct offhook_duck_cfg *cfg);

/**
 * Makes what sink hears of source softer while somebody else speaks. It ends with the connection; when the trigger's slot
 * goes, nothing is ducked any more. Speech is found as for the CALL_SPEECH events: after 60 ms of it.
 *
 * @param phone   borrowed
 * @param source  slot that is ducked
 * @param sink    slot that hears it
 * @param cfg     copied; NULL: no more
 * @return 0, OH_ENOENT (a slot is gone, or they are not connected), OH_EINVAL (the detail names the setting), OH_ENOMEM,
 *         OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_link_duck(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, const struct offhook_duck_cfg *cfg);

/**
 * Makes all that a slot hears softer while somebody speaks, but for him.
 *
 * @param phone  borrowed
 * @param slot   who hears
 * @param cfg    copied; NULL: no more
 * @return 0, OH_ENOENT, OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_duck(
	struct offhook_phone *phone, offhook_id slot, const struct offhook_duck_cfg *cfg);

/** What is set of a connection, besides ducking. */
struct offhook_link_info {
	size_t size;       /**< set by the caller to sizeof */
	float level;       /**< factor; of a ramp, where it leads */
	uint32_t delay_ms; /**< so much later it is heard */
};

/**
 * What is set of a connection.
 *
 * @param phone     borrowed
 * @param source    slot that speaks
 * @param sink      slot that hears it
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT (a slot is gone, or they are not connected), OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_link_get_info(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, struct offhook_link_info *ret_info);

/**
 * How a connection is ducked.
 *
 * @param phone     borrowed
 * @param source    slot that is ducked
 * @param sink      slot that hears it
 * @param ret_duck  size must be set, as offhook_duck_cfg_init() does; filled as far as that size reaches. trigger 0: it is not
 *                  ducked, or no more, because the trigger's slot has gone; then the rest is the defaults
 * @return 0, OH_ENOENT (a slot is gone, or they are not connected), OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_link_get_duck(
	struct offhook_phone *phone, offhook_id source, offhook_id sink, struct offhook_duck_cfg *ret_duck);

/**
 * How all that a slot hears is ducked.
 *
 * @param phone     borrowed
 * @param slot      who hears
 * @param ret_duck  as for offhook_link_get_duck()
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_get_duck(
	struct offhook_phone *phone, offhook_id slot, struct offhook_duck_cfg *ret_duck);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
