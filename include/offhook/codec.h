/**
 * @file
 * @ingroup codec
 * Codecs: which there are, which are used and how, and those that a program brings along.
 */
#ifndef OFFHOOK_CODEC_H
#define OFFHOOK_CODEC_H

#include "offhook/phone.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup codec Codecs
 * A phone has a table of codecs. Each has a priority: those above 0 are offered and accepted, the highest first. An
 * account or a call may choose others by its setting `codecs`; how each works is said once, for the whole phone.
 *
 * A codec is named as in session descriptions: "PCMU/8000", "G722/8000" or, by its sample rate, "G722/16000",
 * "opus/48000/2". In lists the rate may be left out.
 * @{
 */

/** Priority of a codec that the phone's `codecs` names, and of one that a program adds. */
#define OFFHOOK_CODEC_PRIORITY 128

/** When packets carry what repairs losses (Opus). */
enum offhook_fec {
	OFFHOOK_FEC_BY_LOSS = 0, /**< default: when the peer reports losses, and wants it */
	OFFHOOK_FEC_NEVER = 1,   /**< never */
	OFFHOOK_FEC_ALWAYS = 2   /**< whatever the peer says */
};

/** How a codec works; fill with offhook_codec_cfg_init() first. Concerns descriptions made from then on. */
struct offhook_codec_cfg {
	size_t size; /**< set by offhook_codec_cfg_init() */
	uint32_t
		ptime_ms; /**< 10 to 60 in steps of 10: packets that we ask for and send; 0 (default) = the phone's */
	/** non-zero: silence is left out, by comfort noise (RFC 3389) when the peer takes it, or by the codec's own
	 * means (Opus); default off */
	int vad;
	int plc; /**< zero: lost packets are heard as silence; default on */
	/** Opus: average rate of what is sent, and asked for, 6,000 to 510,000; 0 (default) = by the sample rate */
	uint32_t bits_per_s;
	/** Opus: highest sample rate, 8000, 16000, 24000 or 48000; 0 (default) = the bridge's. Above the bridge's it
	 * counts as that */
	uint32_t max_rate_hz;
	enum offhook_fec fec; /**< Opus; default by loss */
	int cbr;              /**< Opus: non-zero: packets of one size; default off */
	uint32_t complexity;  /**< Opus: 1 to 10, the more the better and the more work; 0 (default) = 5 */
};

/**
 * Fills in the defaults.
 *
 * @param cfg  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_codec_cfg_init(struct offhook_codec_cfg *cfg);

/** A codec of a phone. */
struct offhook_codec_info {
	char name[40];       /**< "G722/8000/1": encoding, RTP clock, channels, as in rtpmap */
	uint32_t clock_hz;   /**< RTP clock */
	uint32_t rate_hz;    /**< samples a second, as it is used on this phone's bridge */
	uint32_t channels;   /**< as in rtpmap; audio is mono all the same */
	uint32_t bits_per_s; /**< of what is sent, at most */
	uint32_t ptime_ms;   /**< length of a packet */
	uint32_t frame_ms;   /**< packets are multiples of this, or 10 when any length will do */
	int payload_type;    /**< the static one (RFC 3551), or -1 */
	int priority;        /**< 0 to 255; 0 = neither offered nor accepted */
	int vad;             /**< 1: silence is left out */
	int plc;             /**< 1: lost packets are concealed */
};

/**
 * The codecs of a phone: all that there are, highest priority first.
 *
 * @param phone     borrowed
 * @param infos     filled with as many as there is room for; may be NULL when capacity is 0
 * @param capacity  how many fit
 * @param ret_n     how many there are
 * @return 0, OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_codecs(
	struct offhook_phone *phone, struct offhook_codec_info *infos, size_t capacity, size_t *ret_n);

/**
 * Gives a codec its place: the highest priority is offered first, equal ones stay in their order.
 *
 * @param phone     borrowed
 * @param name      "PCMU/8000" or "PCMU/8000/1"
 * @param priority  0 to 255; 0 = neither offered nor accepted
 * @return 0, OH_ENOCODEC (the detail names those that there are), OH_EINVAL, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 3264 5.1.
 */
OFFHOOK_API int offhook_codec_set_priority(struct offhook_phone *phone, const char *name, int priority);

/**
 * Sets how a codec works, in every call whose audio is agreed from now on.
 *
 * @param phone  borrowed
 * @param name   "opus/48000" or "opus/48000/2"
 * @param cfg    copied
 * @return 0, OH_ENOCODEC (the detail names those that there are), OH_EINVAL (a setting out of range: the detail names
 *         it), OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 7587 6.1, RFC 3389.
 */
OFFHOOK_API int offhook_codec_set(
	struct offhook_phone *phone, const char *name, const struct offhook_codec_cfg *cfg);

/**
 * How a codec works.
 *
 * @param phone    borrowed
 * @param name     "opus/48000" or "opus/48000/2"
 * @param ret_cfg  size must be set; filled as far as that size reaches
 * @return 0, OH_ENOCODEC (the detail names those that there are), OH_EINVAL, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API int offhook_codec_get(
	struct offhook_phone *phone, const char *name, struct offhook_codec_cfg *ret_cfg);

/**
 * A codec of the program's own. The callbacks of one state never run at the same time; those of two states may, on
 * different threads.
 *
 * The rules of the media thread, on which encode, decode, samples and conceal run: they do not allocate, lock, log, wait,
 * read a file, or call the library, and they are done within a fraction of a millisecond: while they run, no call of the
 * phone is heard. They get what the network sends, and must stand anything.
 */
struct offhook_codec {
	size_t size; /**< set by offhook_codec_init() */
	const char
		*encoding; /**< as in rtpmap: "X-MYCODEC"; 1 to 23 visible characters without slash; copied */
	uint32_t
		clock_hz; /**< RTP clock, 8000 to 96000 in thousands; it and rate_hz are multiples of one another */
	uint32_t rate_hz;    /**< samples a second: 8000, 16000, 24000, 32000 or 48000 */
	uint32_t channels;   /**< as in rtpmap; default 1. Audio is mono all the same */
	int payload_type;    /**< a static one (RFC 3551), or -1 (default): any free dynamic one */
	uint32_t bits_per_s; /**< of what is sent, at most; a packet of frame_ms fits into 1,400 bytes */
	uint32_t frame_ms;   /**< 10 to 60 in steps of 10: packets are whole multiples of this; default 10 */
	const char *fmtp; /**< our a=fmtp parameters, at most 111 characters; NULL (default): none; copied */
	void *arg;        /**< given to every callback */

	/**
	 * Reads the peer's a=fmtp ("" when it has none) into a number of the codec's own, which open gets for an
	 * encoder. Signalling thread; must not call the library. NULL: 0.
	 */
	uint32_t (*read_fmtp)(void *arg, const char *fmtp);
	/** Makes the state of an encoder (encoder non-zero) or decoder: 0, or a negative enum oh_err. Signalling thread; must
	 * not call the library. NULL: there is no state. */
	int (*open)(void *arg, int encoder, uint32_t mode, void **ret_state);
	/** Frees a state. Signalling thread; must not call the library. NULL: nothing to free. */
	void (*close)(void *arg, void *state);
	/** n samples, a whole packet, become at most cap bytes: returns how many; 0 = silence, nothing is sent; negative =
	 * it cannot. Media thread. */
	int (*encode)(void *arg, void *state, const int16_t *pcm, size_t n, uint8_t *bytes, size_t cap);
	/** n bytes become at most cap samples: returns how many; 0 or negative: that was no packet. Media thread. */
	int (*decode)(void *arg, void *state, const uint8_t *bytes, size_t n, int16_t *pcm, size_t cap);
	/** How many samples the packet holds, without decoding it; 0 or negative: it is none. Media thread. */
	int (*samples)(void *arg, const uint8_t *bytes, size_t n);
	/** Fills in n samples for what was lost: non-zero when it did. Media thread. NULL: the library conceals. */
	int (*conceal)(void *arg, void *state, int16_t *pcm, size_t n);
};

/**
 * Fills in the defaults.
 *
 * @param codec  to be filled; must not be NULL
 *
 * Thread: any.  May call back: no.  Spec: none.
 */
OFFHOOK_API void offhook_codec_init(struct offhook_codec *codec);

/**
 * Adds a codec of the program's own. It is offered and accepted from now on, behind those of the same priority, and
 * stays as long as the phone. At most 32.
 *
 * @param phone  borrowed
 * @param codec  copied; encode, decode and samples are needed
 * @return 0, OH_EINVAL (out of range: the detail says what; there is one of that name, clock and channels already),
 *         OH_ETOOMANY, OH_ENOMEM, OH_ECLOSED
 *
 * Thread: any.  May call back: no.  Spec: RFC 8866 6.6.
 */
OFFHOOK_API int offhook_codec_add(struct offhook_phone *phone, const struct offhook_codec *codec);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
