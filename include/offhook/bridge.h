/**
 * @file
 * @ingroup bridge
 * The conference bridge: slots joined by directed connections, and the files and tones that speak and listen on it.
 *
 * Slot 0 is the sound device, or the null device where there is none: it is always there. A slot's plain number is what
 * people see; its id carries a generation and never means another slot.
 */
#ifndef OFFHOOK_BRIDGE_H
#define OFFHOOK_BRIDGE_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup bridge Bridge
 * Slots that speak and hear, the connections between them, and players, recorders and tones.
 * @{
 */

/** A directed connection: what source says is heard by sink. */
struct offhook_link {
	offhook_id source; /**< slot that speaks */
	offhook_id sink;   /**< slot that hears */
	float level;       /**< 0..64, 1 = unchanged */
};

/**
 * The id of the slot that has this plain number now.
 *
 * @param phone    borrowed
 * @param number   0 = the device
 * @param ret_id   set on success only
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_of(struct offhook_phone *phone, unsigned number, offhook_id *ret_id);

/**
 * Makes connections, all or none; one that is there already gets the level.
 *
 * @param phone  borrowed
 * @param links  borrowed
 * @param n      how many
 * @return 0, OH_ENOENT (a slot is gone: the detail names the link), OH_EINVAL (level 0..64), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_connect_many(struct offhook_phone *phone, const struct offhook_link *links, size_t n);

/**
 * Connects source to sink at level 1.
 *
 * @param phone   borrowed
 * @param source  slot that speaks
 * @param sink    slot that hears; the same one loops back
 * @return as offhook_connect_many()
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_connect(struct offhook_phone *phone, offhook_id source, offhook_id sink);

/**
 * Undoes a connection; one that is not there is no error.
 *
 * @param phone   borrowed
 * @param source  slot
 * @param sink    slot
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_disconnect(struct offhook_phone *phone, offhook_id source, offhook_id sink);

/**
 * Sets the factors on what a slot hears and says.
 *
 * @param phone  borrowed
 * @param slot   the slot
 * @param tx     factor 0..64 on what the bridge sends to it; negative = leave
 * @param rx     factor 0..64 on what the bridge receives from it; negative = leave
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_set_levels(struct offhook_phone *phone, offhook_id slot, float tx, float rx);

/** What a slot is now. */
struct offhook_slot_info {
	size_t size;      /**< set by the caller to sizeof */
	offhook_id id;    /**< the slot */
	unsigned number;  /**< its plain number; 0 = the device */
	char kind[16];    /**< "null", "device", "call", "player", "recorder", "tone", "program" */
	offhook_id owner; /**< the call, player, recorder, tone, ringer or program's port; 0 for slot 0 */
	uint32_t rate_hz; /**< of its own samples: the bridge converts */
	float tx_level;   /**< factor on what the bridge sends to it */
	float rx_level;   /**< factor on what the bridge receives from it */
	float tx_signal;  /**< peak of the last frame sent to it, 0..1 */
	float rx_signal;  /**< peak of the last frame received from it, 0..1 */
	size_t n_sinks;   /**< how many hear it */
	size_t n_sources; /**< how many it hears */
};

/**
 * What a slot is now.
 *
 * @param phone     borrowed
 * @param slot      the slot
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_slot_get_info(
	struct offhook_phone *phone, offhook_id slot, struct offhook_slot_info *ret_info);

/**
 * The slots that exist, lowest number first.
 *
 * @param phone      borrowed
 * @param ret_slots  receives up to cap ids; may be NULL when cap is 0
 * @param cap        places in ret_slots
 * @return how many there are (may be more than cap), or OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_slots(struct offhook_phone *phone, offhook_id *ret_slots, size_t cap);

/**
 * The slots that hear this one.
 *
 * @param phone      borrowed
 * @param slot       the source
 * @param ret_sinks  receives up to cap ids; may be NULL when cap is 0
 * @param cap        places in ret_sinks
 * @return how many there are (may be more than cap), OH_ENOENT or OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_slot_sinks(
	struct offhook_phone *phone, offhook_id slot, offhook_id *ret_sinks, size_t cap);

/* ---- files and tones ------------------------------------------------------------------------------------------- */

/**
 * Opens a sound file to be played (offhook/file.h says which, and has more to offer). It starts when its slot is first
 * connected to somebody; at the end it falls silent and a PLAYER_END event comes, unless it loops.
 *
 * @param phone      borrowed
 * @param path       of the file
 * @param loop       non-zero: from the beginning again at the end
 * @param user_data  comes back in its events
 * @param ret_id     set on success only: the player
 * @param ret_slot   set on success only: its slot
 * @return 0, OH_ENOFILE, OH_EFORMAT, a wrapped errno, OH_ETOOMANY (max_ports), OH_EINVAL, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any; reads the beginning of the file in the caller's thread.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_new(struct offhook_phone *phone, const char *path, int loop, void *user_data,
	offhook_id *ret_id, offhook_id *ret_slot);

/**
 * Moves a player in the file that it plays; a finished one starts again.
 *
 * @param phone  borrowed
 * @param id     the player
 * @param frame  position in samples of the file's own rate
 * @return 0, OH_ENOENT, OH_ERANGE (behind the end), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_seek(struct offhook_phone *phone, offhook_id id, uint64_t frame);

/**
 * Where a player is in its present file, in samples of the file's own rate.
 *
 * @param phone         borrowed
 * @param id            the player
 * @param ret_position  what the bridge has taken so far; may be NULL
 * @param ret_length    of the file; may be NULL
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_position(
	struct offhook_phone *phone, offhook_id id, uint64_t *ret_position, uint64_t *ret_length);

/**
 * Records what its slot hears into a file of one channel, at the bridge's rate (offhook/file.h has more to offer). It
 * can be played even if the process dies, but for its last second.
 *
 * @param phone     borrowed
 * @param path      ends in .wav, .flac, .ogg or .opus; an existing file is overwritten
 * @param ret_id    set on success only: the recorder
 * @param ret_slot  set on success only: its slot
 * @return 0, OH_ENOTSUP (another end, or a rate that the format has not), a wrapped errno (ENOENT: no such directory), OH_ETOOMANY, OH_EINVAL, OH_ENOMEM,
 *         OH_ECLOSED
 *
 * Thread: any; opens the file in the caller's thread.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_recorder_new(
	struct offhook_phone *phone, const char *path, offhook_id *ret_id, offhook_id *ret_slot);

/**
 * How much a recorder has taken, in samples at the bridge's rate.
 *
 * @param phone        borrowed
 * @param id           the recorder
 * @param ret_frames   what its slot has heard so far; may be NULL
 * @param ret_dropped  of these, what is lost because the disk did not keep up; may be NULL
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_recorder_position(
	struct offhook_phone *phone, offhook_id id, uint64_t *ret_frames, uint64_t *ret_dropped);

/** A tone; fill with offhook_tone_cfg_init() first. */
struct offhook_tone_cfg {
	size_t size;      /**< set by offhook_tone_cfg_init() */
	double hz1;       /**< 20 Hz to 0.45 of the bridge's rate; default 440 */
	double hz2;       /**< a second frequency of the same range; 0 = none; default 0 */
	unsigned on_ms;   /**< of a cadence; default 0: steady */
	unsigned off_ms;  /**< of a cadence, needs on_ms; default 0 */
	unsigned repeats; /**< cadences before it ends with a TONE_END event; 0 = for ever */
	double level;     /**< 0..1 of full scale for each frequency; default 0.25 */
	void *user_data;  /**< comes back in its events */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_tone_cfg_init(struct offhook_tone_cfg *cfg);

/**
 * Makes a tone generator.
 *
 * @param phone     borrowed
 * @param cfg       copied
 * @param ret_id    set on success only: the tone
 * @param ret_slot  set on success only: its slot
 * @return 0, OH_EINVAL (the detail names the setting), OH_ETOOMANY, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_tone_new(struct offhook_phone *phone, const struct offhook_tone_cfg *cfg,
	offhook_id *ret_id, offhook_id *ret_slot);

/**
 * Removes a player, recorder or tone with its slot and connections. A recorder's file is complete when this returns 0; only
 * from an inline handler, which cannot wait, it is completed right after. An event of it that waits already still comes,
 * with its user_data.
 *
 * @param phone  borrowed
 * @param id     player, recorder or tone
 * @return 0, OH_ENOENT, a wrapped errno (the disk was full: what could be written is there), OH_ETIMEDOUT (the disk hangs: the
 *         recording is completed when that answers), OH_ECLOSED
 *
 * Thread: any; a recorder's remover waits for the disk, disk_limit_ms of the phone at most; nobody else does.
 * May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_port_remove(struct offhook_phone *phone, offhook_id id);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
