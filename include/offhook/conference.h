/**
 * @file
 * @ingroup conference
 * Conferences: who is in, who is heard by whom, and who speaks.
 */
#ifndef OFFHOOK_CONFERENCE_H
#define OFFHOOK_CONFERENCE_H

#include "offhook/levels.h"
#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup conference Conferences
 * Members that hear each other, everybody but himself.
 *
 * A member is a call, a player, a recorder, a tone, a port of the program, or the device (slot 0). The conference makes the
 * connections between its members, and only these: whatever else a member is connected to is the program's. A call without
 * audio, or held by one of its ends, is a member that is away: it comes back by itself, no CALL_MEDIA event needs to be
 * minded. Whose object ends is no longer in.
 *
 * Its cost is that of the bridge: it grows with the members, not with their pairs.
 * @{
 */

/** A conference; fill with offhook_conference_cfg_init() first. */
struct offhook_conference_cfg {
	size_t size; /**< set by offhook_conference_cfg_init() */
	/** when the floor changes hands: ACTIVE_SPEAKER events tell, `id` the conference, `other` the member. Copied; NULL
	 * (default): nothing is told */
	const struct offhook_speaker_cfg *speaker;
	void *user_data; /**< comes back in its events, that of `speaker` does not */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_conference_cfg_init(struct offhook_conference_cfg *cfg);

/**
 * Makes an empty conference.
 *
 * @param phone   borrowed
 * @param cfg     copied; NULL takes the defaults
 * @param ret_id  set on success only: the conference
 * @return 0, OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_conference_new(
	struct offhook_phone *phone, const struct offhook_conference_cfg *cfg, offhook_id *ret_id);

/**
 * Ends a conference: its members no longer hear each other. Calls go on.
 *
 * @param phone  borrowed
 * @param id     the conference
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_conference_end(struct offhook_phone *phone, offhook_id id);

/** What a member does. */
enum offhook_member_role {
	OFFHOOK_MEMBER_TALKS = 0,   /**< hears all others, and they hear him */
	OFFHOOK_MEMBER_LISTENS = 1, /**< hears all others, and nobody hears him */
	OFFHOOK_MEMBER_WHISPERS = 2 /**< hears all others, and is heard by one only: a coach */
};

/** How somebody is in a conference; fill with offhook_member_cfg_init() first. */
struct offhook_member_cfg {
	size_t size;                   /**< set by offhook_member_cfg_init() */
	enum offhook_member_role role; /**< default OFFHOOK_MEMBER_TALKS */
	offhook_id to; /**< who hears a whisper: a member, or somebody who will be one; else 0 */
	int muted;     /**< non-zero: nobody hears him for now */
	float level;   /**< how loud others hear him, 0..64; default 1 */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_member_cfg_init(struct offhook_member_cfg *cfg);

/**
 * Lets somebody in. A CONFERENCE_MEMBER event tells when he is there with audio.
 *
 * @param phone   borrowed
 * @param id      the conference
 * @param member  a call, player, recorder, tone, port of the program, or a slot; that of one of these stands for it
 * @param cfg     copied; NULL takes the defaults
 * @return 0, OH_ENOENT (no such conference, or no such member), OH_EENDED (a call that has ended), OH_EBUSY (he is in one
 *         already), OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_conference_add(
	struct offhook_phone *phone, offhook_id id, offhook_id member, const struct offhook_member_cfg *cfg);

/**
 * Changes how somebody is in it: mutes him, lets him whisper.
 *
 * @param phone   borrowed
 * @param id      the conference
 * @param member  as it was added
 * @param cfg     copied: all of it holds from now on
 * @return 0, OH_ENOENT, OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_conference_set(
	struct offhook_phone *phone, offhook_id id, offhook_id member, const struct offhook_member_cfg *cfg);

/**
 * Takes somebody out: he and the others hear each other no longer.
 *
 * @param phone   borrowed
 * @param id      the conference
 * @param member  as it was added
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_conference_remove(struct offhook_phone *phone, offhook_id id, offhook_id member);

/** `status` of a CONFERENCE_MEMBER event. */
enum offhook_member_state {
	OFFHOOK_MEMBER_GONE = 0,  /**< no longer a member */
	OFFHOOK_MEMBER_AWAY = 1,  /**< a member without audio: it rings, or is on hold */
	OFFHOOK_MEMBER_THERE = 2, /**< hears and is heard, as he is set */
};

/** How somebody is in a conference now. */
struct offhook_member_info {
	size_t size;                     /**< set by the caller to sizeof */
	offhook_id id;                   /**< the member */
	enum offhook_member_state state; /**< OFFHOOK_MEMBER_AWAY or OFFHOOK_MEMBER_THERE */
	enum offhook_member_role role;   /**< as he was set, like the rest */
	offhook_id to;                   /**< who hears a whisper */
	int muted;                       /**< non-zero: nobody hears him */
	float level;                     /**< how loud others hear him */
	int speaking;                    /**< non-zero: he has the floor; of a conference with `speaker` */
};

/**
 * Who is in it, in the order in which they came.
 *
 * @param phone        borrowed
 * @param id           the conference
 * @param ret_members  receives up to cap ids; may be NULL when cap is 0
 * @param cap          places in ret_members
 * @return how many there are (may be more than cap), OH_ENOENT or OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_conference_members(
	struct offhook_phone *phone, offhook_id id, offhook_id *ret_members, size_t cap);

/**
 * How somebody is in it.
 *
 * @param phone     borrowed
 * @param id        the conference
 * @param member    as it was added
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_conference_get_member(
	struct offhook_phone *phone, offhook_id id, offhook_id member, struct offhook_member_info *ret_info);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
