/**
 * @file
 * @ingroup tone
 * Tones: digits that are heard, the tones of telephone networks, and what they tell about a call.
 */
#ifndef OFFHOOK_TONE_H
#define OFFHOOK_TONE_H

#include "offhook/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup tone Tones
 * What telephones say without words: digits, dial tone, ringback, busy.
 * @{
 */

/**
 * Says whether digits are looked for in the audio of a call from now on; what offhook_session_cfg.dtmf_hear said is
 * forgotten.
 *
 * @param phone  borrowed
 * @param call   the call
 * @param hear   whether
 * @return 0, OH_EINVAL, OH_ENOENT, OH_EENDED, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: ITU-T Q.24.
 */
OFFHOOK_API int offhook_call_hear_dtmf(
	struct offhook_phone *phone, offhook_id call, enum offhook_dtmf_hear hear);

/** A tone in parts; fill with offhook_pattern_cfg_init() first. */
struct offhook_pattern_cfg {
	size_t size; /**< set by offhook_pattern_cfg_init() */
	/** parts with blanks between them, each HZ[+HZ[+HZ[+HZ]]][:MS], HZxHZ[:MS] (the first one swells and fades as fast as
	 * the second one says) or 0:MS (silence); without MS for ever. 20 Hz to 0.45 of the bridge's rate, 256 parts at most.
	 * "440+480:2000 0:4000" is American ringback; borrowed for the call */
	const char *pattern;
	unsigned repeats; /**< of all parts, before it ends with a TONE_END event; 0 (default) = for ever */
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
OFFHOOK_API void offhook_pattern_cfg_init(struct offhook_pattern_cfg *cfg);

/**
 * Makes a tone generator that says a pattern; to be removed by offhook_port_remove().
 *
 * @param phone     borrowed
 * @param cfg       copied
 * @param ret_id    set on success only: the tone
 * @param ret_slot  set on success only: its slot
 * @return 0, OH_EINVAL (the detail names the place), OH_ETOOMANY (parts, or max_ports), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_tone_pattern(struct offhook_phone *phone, const struct offhook_pattern_cfg *cfg,
	offhook_id *ret_id, offhook_id *ret_slot);

/** The tones that a country's network has. */
enum offhook_tone_kind {
	OFFHOOK_TONE_DIAL = 1,         /**< dial now */
	OFFHOOK_TONE_RINGBACK = 2,     /**< it rings there */
	OFFHOOK_TONE_BUSY = 3,         /**< they are talking to somebody */
	OFFHOOK_TONE_CONGESTION = 4,   /**< the network has no way there now */
	OFFHOOK_TONE_CALL_WAITING = 5, /**< for who is talking: somebody else calls */
	OFFHOOK_TONE_SIT = 6 /**< special information: something is to be said, such as: no such number */
};

/**
 * Makes a tone generator that says a tone of a country's network, for ever; to be removed by offhook_port_remove().
 *
 * @param phone     borrowed
 * @param country   two letters (ISO 3166) in either case: one of offhook_tone_country(); "uk" and "ca" are known too
 * @param kind      which tone
 * @param ret_id    set on success only: the tone
 * @param ret_slot  set on success only: its slot
 * @return 0, OH_EINVAL (no such country or tone), OH_ETOOMANY (max_ports), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: ITU-T E.180, Supplement 2.
 */
OFFHOOK_API int offhook_tone_national(struct offhook_phone *phone, const char *country,
	enum offhook_tone_kind kind, offhook_id *ret_id, offhook_id *ret_slot);

/**
 * A country's tone as a pattern.
 *
 * @param country  as offhook_tone_national(); NULL is none
 * @param kind     which tone
 * @return text that stays as long as the library, or NULL: it is not known
 *
 * Thread: any.  May call back: no.  Spec: ITU-T E.180, Supplement 2.
 */
OFFHOOK_API const char *offhook_tone_find(const char *country, enum offhook_tone_kind kind);

/**
 * The countries whose tones are known.
 *
 * @param number  from 0 on
 * @return two letters that stay as long as the library, or NULL: no more
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API const char *offhook_tone_country(size_t number);

/** Digits as tones, for whoever is connected to them. */
struct offhook_digits_cfg {
	size_t size;          /**< set by the caller to sizeof */
	const char *digits;   /**< 0-9 A-D * #, in either case, 128 at most; borrowed for the call */
	unsigned duration_ms; /**< of each, 40-8000; 0 = 160 */
	unsigned pause_ms;    /**< between two, 30-8000; 0 = 80 */
	void *user_data;      /**< comes back in its TONE_END event */
};

/**
 * Makes a tone generator that says digits once, from when its slot is first connected; to be removed by
 * offhook_port_remove(). Digits of a call go out by offhook_call_dtmf().
 *
 * @param phone     borrowed
 * @param cfg       copied
 * @param ret_id    set on success only: the tone
 * @param ret_slot  set on success only: its slot
 * @return 0, OH_EINVAL, OH_EDIGIT, OH_ETOOMANY (digits, or max_ports), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: ITU-T Q.23.
 */
OFFHOOK_API int offhook_tone_digits(struct offhook_phone *phone, const struct offhook_digits_cfg *cfg,
	offhook_id *ret_id, offhook_id *ret_slot);

/** What a tone in a call tells: `status` of an OFFHOOK_EVENT_CALL_PROGRESS. */
enum offhook_progress {
	OFFHOOK_PROGRESS_DIAL = 1,        /**< dial tone */
	OFFHOOK_PROGRESS_RINGBACK = 2,    /**< it rings there */
	OFFHOOK_PROGRESS_BUSY = 3,        /**< they talk to somebody else */
	OFFHOOK_PROGRESS_CONGESTION = 4,  /**< the network has no way there */
	OFFHOOK_PROGRESS_SIT = 5,         /**< special information tones: an announcement follows */
	OFFHOOK_PROGRESS_FAX_CALLS = 6,   /**< CNG: a fax machine has called */
	OFFHOOK_PROGRESS_FAX_ANSWERS = 7, /**< CED or ANS: a fax machine or a modem has answered */
	OFFHOOK_PROGRESS_BEEP = 8         /**< one tone behind speech: a machine records from here on */
};

/** What is to be heard of tones in calls; fill with offhook_progress_cfg_init() first. */
struct offhook_progress_cfg {
	size_t size; /**< set by offhook_progress_cfg_init() */
	int on;      /**< 0: nothing; default 1 */
	/** whose networks' tones, as offhook_tone_national(); NULL (default) = any: then only what is usual is known, and
	 * less surely, because one country's busy tone is the other one's congestion; copied */
	const char *country;
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_progress_cfg_init(struct offhook_progress_cfg *cfg);

/**
 * Asks for CALL_PROGRESS events about tones that are heard in a call, early audio included. Each is told once, as soon as
 * it is sure: ringback in its first pause, busy and congestion at their third tone; and again after somebody has spoken.
 *
 * @param phone  borrowed
 * @param call   the call; 0 = each call that begins from now on
 * @param cfg    copied; NULL = the defaults
 * @return 0, OH_EINVAL (a country that is not known), OH_ENOENT, OH_EENDED, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: ITU-T E.180, T.30 4.1.2, 4.2.2.
 */
OFFHOOK_API int offhook_call_progress_listen(
	struct offhook_phone *phone, offhook_id call, const struct offhook_progress_cfg *cfg);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
