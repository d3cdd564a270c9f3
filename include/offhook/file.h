/**
 * @file
 * @ingroup file
 * Sound files on the bridge: players of one file or of many, recorders of one channel or of two.
 *
 * What is played: WAV in any encoding that libsndfile knows, FLAC, Ogg with Vorbis or Opus, at any rate from 1 to 384 kHz;
 * of several channels the mean is heard, and of samples of floating point that are no number nothing. A file is what its bytes say. Only raw samples say nothing: they go by the end of
 * the name, 16 bits little-endian in .raw, .pcm and .sln, G.711 in .ul and .al. What is recorded goes by the end of the name
 * as well: .wav, .flac, .ogg (Vorbis), .opus. Positions are samples of a file's own rate.
 *
 * Files are read and written by a thread of their own. Neither the network nor the audio of calls ever waits for a disk.
 */
#ifndef OFFHOOK_FILE_H
#define OFFHOOK_FILE_H

#include "offhook/bridge.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup file Files
 * Players and recorders with all they can do; offhook_player_new() and offhook_recorder_new() are the short way.
 * @{
 */

/** What a file is. Bits, so that several can be asked for. */
enum offhook_format {
	OFFHOOK_FORMAT_WAV = 1,  /**< WAV, with its extensions for many channels and large files */
	OFFHOOK_FORMAT_FLAC = 2, /**< FLAC */
	OFFHOOK_FORMAT_OGG = 4,  /**< Ogg with Vorbis or Opus */
	OFFHOOK_FORMAT_RAW = 8   /**< samples and nothing else */
};

/** Why a player or recorder has come to its end: `status` of PLAYER_END and RECORDER_END. */
enum offhook_file_end {
	OFFHOOK_FILE_END_COMPLETE =
		0, /**< the last sample was played; as much was recorded as the recorder may take */
	OFFHOOK_FILE_END_DISK = 1,   /**< a file could not be read on, or written: `error` says why */
	OFFHOOK_FILE_END_REMOVED = 2 /**< a player was removed before its end; only with `tell_removal` */
};

/** How many files one player takes at most. */
#define OFFHOOK_PLAYER_FILES_MAX 1000

/** A player; fill with offhook_player_cfg_init() first. */
struct offhook_player_cfg {
	size_t size; /**< set by offhook_player_cfg_init() */
	const char *const
		*paths; /**< the files, played one after another without a gap; borrowed for the call */
	size_t n_paths; /**< 1..OFFHOOK_PLAYER_FILES_MAX */
	uint32_t loops; /**< how many times all of them are played; 0 = for ever; default 1 */
	float level;    /**< factor 0..64 on its samples; default 1: unchanged */
	int paused;     /**< non-zero: it begins when offhook_player_pause() lets it */
	unsigned
		formats; /**< of enum offhook_format: what the files may be; default 0: all that can be played */
	uint32_t raw_rate_hz;  /**< of raw files, 1000..384000; default 8000 */
	unsigned raw_channels; /**< of raw files, 1..32; default 1 */
	int tell_removal;      /**< non-zero: offhook_port_remove() too causes a PLAYER_END event, if it has
	                             *   not ended before: user_data must live until then */
	void *user_data;       /**< comes back in its events */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_player_cfg_init(struct offhook_player_cfg *cfg);

/**
 * Opens files to be played, all of them once, so that what is wrong with any is known now. It starts when its slot is first
 * connected to somebody; a PLAYER_NEXT event tells each file that begins after another one, a PLAYER_END event the end. Then
 * it stays and is silent; offhook_player_move() starts it again.
 *
 * @param phone     borrowed
 * @param cfg       copied
 * @param ret_id    set on success only: the player
 * @param ret_slot  set on success only: its slot
 * @return 0, OH_ENOFILE, OH_EFORMAT (the detail says what it is and what can be played), a wrapped errno, OH_ETOOMANY
 *         (max_ports), OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any; reads the beginnings of the files in the caller's thread.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_open(struct offhook_phone *phone, const struct offhook_player_cfg *cfg,
	offhook_id *ret_id, offhook_id *ret_slot);

/**
 * Moves a player to a place in any of its files; a finished one starts again, with all its rounds before it.
 *
 * @param phone  borrowed
 * @param id     the player
 * @param file   number of the file, from 0
 * @param frame  position in it, in samples of its own rate
 * @return 0, OH_ENOENT, OH_ERANGE (no such file, or behind its end: the detail says), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_move(struct offhook_phone *phone, offhook_id id, size_t file, uint64_t frame);

/**
 * Lets a player wait where it is, or go on.
 *
 * @param phone   borrowed
 * @param id      the player
 * @param paused  non-zero: it is silent and keeps its place
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_pause(struct offhook_phone *phone, offhook_id id, int paused);

/**
 * Makes a player louder or softer, in the course of one frame, so that nothing clicks.
 *
 * @param phone  borrowed
 * @param id     the player
 * @param level  factor 0..64 on its samples, 1 = unchanged
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_set_level(struct offhook_phone *phone, offhook_id id, float level);

/** What a player is doing. */
struct offhook_player_info {
	size_t size;                /**< set by the caller to sizeof */
	size_t file;                /**< number of the file that is played, from 0 */
	size_t n_files;             /**< how many it has */
	uint64_t position;          /**< in that file: what the bridge has taken so far */
	uint64_t length;            /**< of that file; 0 = unknown: a pipe, a recording that broke off */
	uint32_t rate_hz;           /**< of that file */
	unsigned channels;          /**< of that file */
	enum offhook_format format; /**< of that file */
	int paused;                 /**< as it was set */
	float level;                /**< as it was set */
};

/**
 * What a player is doing.
 *
 * @param phone     borrowed
 * @param id        the player
 * @param ret_info  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOENT, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_player_get_info(
	struct offhook_phone *phone, offhook_id id, struct offhook_player_info *ret_info);

/** A recorder; fill with offhook_recorder_cfg_init() first. */
struct offhook_recorder_cfg {
	size_t size;       /**< set by offhook_recorder_cfg_init() */
	const char *path;  /**< ends in .wav, .flac, .ogg or .opus; an existing file is overwritten */
	unsigned channels; /**< 1: all that its slot hears in one; 2: two slots, one a channel; default 1 */
	uint32_t max_ms;   /**< it takes so much, then comes a RECORDER_END event; default 0: no limit */
	void *user_data;   /**< comes back in its events */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_recorder_cfg_init(struct offhook_recorder_cfg *cfg);

/**
 * Opens a file to be recorded into, at the bridge's rate, with 16 bits where the format counts them. Time counts while
 * something is connected to one of its slots. With two channels, what the first slot hears is on the left and what the
 * second hears is on the right, of the same moment: connect one party of a call to each. Whatever happens to the process,
 * `kill -9` too, what was recorded can be played: a WAV file at every moment as far as it goes, which lacks the last quarter
 * of a second at most, the others but for their last second (which then may not say how long they are). The 4 GiB of WAV are
 * 37 hours of one channel at 16 kHz, then it is full and a RECORDER_END event says so.
 *
 * @param phone      borrowed
 * @param cfg        copied
 * @param ret_id     set on success only: the recorder
 * @param ret_slots  two places, set on success only: its slots; the second is 0 with one channel
 * @return 0, OH_ENOTSUP (the name's end, or a rate that the format has not), a wrapped errno (ENOENT: no such directory),
 *         OH_ETOOMANY, OH_EINVAL (the detail names the setting), OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any; opens the file in the caller's thread.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_recorder_open(struct offhook_phone *phone, const struct offhook_recorder_cfg *cfg,
	offhook_id *ret_id, offhook_id ret_slots[2]);

/**
 * Lets a recorder leave out what comes, or go on.
 *
 * @param phone   borrowed
 * @param id      the recorder
 * @param paused  non-zero: nothing is recorded
 * @return 0, OH_ENOENT, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_recorder_pause(struct offhook_phone *phone, offhook_id id, int paused);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
