/**
 * @file
 * @ingroup audio
 * The program's own audio: a place on the bridge that the program writes samples to and reads samples from, at a rate of its
 * own, whatever the calls have negotiated.
 */
#ifndef OFFHOOK_AUDIO_H
#define OFFHOOK_AUDIO_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup audio The program's own audio
 * Ports of 16-bit mono samples: writing with back-pressure, reading with a stated drop rule, clearing for barge-in, marks and
 * a ledger of what has really been heard.
 *
 * Positions are counts of samples at the port's own rate since it was made. Of what was written each sample is queued, heard
 * (the bridge has taken it: it leaves with that tick's packet) or cleared: written = queued + heard + cleared, always.
 * Samples come and go only while the port is connected; a call's port is as soon as the call has audio.
 *
 * Several threads may use one port. On a phone whose events are handed out inline no handler may wait in here.
 * @{
 */

/** Settings of a port; fill with offhook_audio_cfg_init() first. */
struct offhook_audio_cfg {
	size_t size;      /**< set by offhook_audio_cfg_init() */
	uint32_t rate_hz; /**< of its samples: 8000, 16000 (default), 24000, 32000 or 48000 */
	uint32_t play_ms; /**< room for what is written and not heard yet; default 2,000, at most 60,000 */
	uint32_t
		heard_ms; /**< room for what is heard and not read yet; beyond it the oldest samples go; default 1,000, at
			    * most 60,000 */
	/** the port speaks with this call: connected both ways whenever the call has audio, through hold and re-INVITE too;
	 * when the call ends, reading and writing end with OH_EENDED. 0 (default): the program connects it itself */
	offhook_id call;
	/** non-zero: AUDIO_READABLE and AUDIO_WRITABLE events come; 0 (default): the program waits in the functions, or at
	 * the descriptors */
	int events;
	void *user_data; /**< comes back in its events */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_audio_cfg_init(struct offhook_audio_cfg *cfg);

/**
 * Makes a port. offhook_port_remove() removes it.
 *
 * @param phone     borrowed
 * @param cfg       copied; NULL takes the defaults
 * @param ret_id    set on success only: the port
 * @param ret_slot  set on success only: its slot on the bridge; may be NULL
 * @return 0, OH_EINVAL (a setting out of range: the detail names it), OH_ENOENT (no such call), OH_EENDED (it has ended),
 *         OH_ETOOMANY (max_ports), a wrapped errno (EMFILE), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_audio_new(struct offhook_phone *phone, const struct offhook_audio_cfg *cfg,
	offhook_id *ret_id, offhook_id *ret_slot);

/**
 * Writes samples: others hear them one after another. While the queue is full it waits.
 *
 * @param phone    borrowed
 * @param id       the port
 * @param pcm      n samples of 16 bits, mono, at the port's rate; borrowed
 * @param n        how many
 * @param wait_ms  how long to wait for room: 0 = not, negative = without limit. On a simulated host it never waits
 * @return how many were taken, the first ones (fewer than n: there was no room in time), OH_ENOENT (gone, and nothing was
 *         taken), OH_EENDED (its call has ended), OH_ECLOSED, OH_EINVAL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_audio_write(
	struct offhook_phone *phone, offhook_id id, const int16_t *pcm, size_t n, int wait_ms);

/** Where samples that were read stand. */
struct offhook_audio_heard {
	size_t size;       /**< set by the caller to sizeof */
	uint64_t position; /**< of the first one */
	uint64_t dropped;  /**< samples lost right before it: the program was slow, and the oldest went */
};

/**
 * Reads what others say. Silence is samples too; while nobody is connected nothing comes.
 *
 * @param phone      borrowed
 * @param id         the port
 * @param pcm        receives up to n samples
 * @param n          how many are wanted; also more than heard_ms holds, if the calling thread gets its turn in time
 * @param wait_ms    how long to wait until there are n: 0 = not, negative = without limit. On a simulated host it never
 *                   waits
 * @param ret_heard  size must be set; may be NULL
 * @return how many there are (fewer than n: the time was over, or those behind them were lost, which the next read tells),
 *         OH_ENOENT (gone, and nothing is left), OH_EENDED (its call has ended, likewise), OH_ECLOSED, OH_EINVAL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API long offhook_audio_read(struct offhook_phone *phone, offhook_id id, int16_t *pcm, size_t n,
	int wait_ms, struct offhook_audio_heard *ret_heard);

/**
 * Barge-in: drops what was written and not heard yet. In force with the next frame of the bridge; an AUDIO_CLEARED event tells
 * it, and the ledger is exact from then on. What is written after this call is heard.
 *
 * @param phone       borrowed
 * @param id          the port
 * @param fade_ms     so much of it is still heard, getting softer: at most one frame; 0 = stops at once
 * @param ret_queued  receives how many samples were queued; may be NULL
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_audio_clear(
	struct offhook_phone *phone, offhook_id id, uint32_t fade_ms, uint64_t *ret_queued);

/**
 * Sets a mark behind what was written so far. An AUDIO_MARK event (`count`: this number) comes when all before it has been
 * heard (`status` 0), or cleared (`status` 1).
 *
 * @param phone   borrowed
 * @param id      the port
 * @param number  any; the same one may be used again
 * @return 0, OH_ETOOMANY (128 wait already), OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_audio_mark(struct offhook_phone *phone, offhook_id id, uint32_t number);

/**
 * Holds what is queued back, or lets it go on.
 *
 * @param phone   borrowed
 * @param id      the port
 * @param paused  non-zero: others hear silence from the next frame on
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_audio_pause(struct offhook_phone *phone, offhook_id id, int paused);

/** Which side of a port. */
enum offhook_audio_side {
	OFFHOOK_AUDIO_READ = 0, /**< what others say */
	OFFHOOK_AUDIO_WRITE = 1 /**< what the program says */
};

/**
 * A descriptor for event loops: after a read (or write) that got less than it wanted, it is readable as soon as there is
 * something (or room) again, and for ever when the port has ended.
 *
 * @param phone  borrowed
 * @param id     the port
 * @param side   which
 * @return a descriptor that belongs to the port: watch it for input, do not read or close it; OH_ENOENT, OH_EINVAL,
 *         OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_audio_fd(struct offhook_phone *phone, offhook_id id, enum offhook_audio_side side);

/** The ledger of a port: samples at its own rate. */
struct offhook_audio_info {
	size_t size;       /**< set by the caller to sizeof */
	uint32_t rate_hz;  /**< of its samples */
	offhook_id slot;   /**< on the bridge */
	offhook_id call;   /**< that it speaks with; 0: none */
	uint64_t written;  /**< taken by offhook_audio_write() */
	uint64_t heard;    /**< of these, given to the bridge */
	uint64_t cleared;  /**< of these, dropped by offhook_audio_clear() */
	uint64_t queued;   /**< of these, still to come */
	uint64_t captured; /**< that others have said */
	uint64_t read;     /**< of these, taken by offhook_audio_read() */
	uint64_t dropped;  /**< of these, lost because the program was slow */
	uint64_t ran_dry;  /**< how often the queue became empty while it was heard */
	/** answers: times that the program began to speak after the others had spoken; the three below measure from the last
	 * frame of their speech to the first of the answer */
	uint64_t turns;
	double turn_last_ms; /**< the newest */
	double turn_mean_ms; /**< of all */
	double turn_max_ms;  /**< the longest */
};

/**
 * The ledger of a port.
 *
 * @param phone     borrowed
 * @param id        the port
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_audio_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_audio_info *ret_info);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
