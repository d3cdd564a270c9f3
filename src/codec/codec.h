/*
 * One small table of codecs; one file a codec. Everything is mono 16-bit PCM on the inside. Encoders and
 * decoders run on the media thread: no allocation, no lock after codec_*_init().
 */
#ifndef OH_CODEC_CODEC_H
#define OH_CODEC_CODEC_H

#include "base/slice.h"

#define CODEC_STATE_MAX \
	512u /* bytes of an encoder or decoder inside its owner; larger ones point to the heap */
#define CODEC_FRAME_MAX 1500u /* bytes of one encoded packet */
#define CODEC_PCM_MAX   5760u /* samples of one packet: 120 ms at 48 kHz */

struct codec {
	const char *encoding; /* as in rtpmap: "PCMU" */
	uint32_t clock_hz;    /* RTP clock (differs from rate_hz for G.722) */
	uint32_t rate_hz;     /* samples a second of the PCM */
	uint8_t channels;
	int static_pt; /* RFC 3551 table 4, or -1 */
	uint32_t bits_per_s;
	uint32_t frame_us;  /* packets are multiples of this (125 for sample codecs) */
	uint16_t enc_bytes; /* of state, 0..CODEC_STATE_MAX: an owner keeps no more than this for it */
	uint16_t dec_bytes;

	/* state: enc_bytes or dec_bytes, aligned for anything; a codec without state may get NULL. 0 or
	 * OH_ENOMEM. Any thread, before use. A state may be moved by memcpy(). */
	int (*enc_init)(void *state, struct slice fmtp);
	int (*dec_init)(void *state, struct slice fmtp);
	void (*enc_free)(void *state);
	void (*dec_free)(void *state);
	/* n samples -> bytes; returns how many, or a negative error. */
	long (*encode)(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap);
	/* bytes -> samples; returns how many (at most cap), or OH_ESYNTAX. */
	long (*decode)(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap);
	/* How many samples a packet holds, without decoding it; OH_ESYNTAX when it is none of this codec. */
	long (*samples)(const uint8_t *data, size_t n);
	/* n samples for a lost packet from the decoder's own memory; NULL: the jitter buffer conceals. */
	void (*conceal)(void *state, int16_t *pcm, size_t n);
};

/* All that this build has, best first; NULL at the end. */
const struct codec *const *codec_list(void);
/* What is offered when nobody chooses: a list for codec_choose(). */
#define CODEC_DEFAULT "PCMU, PCMA"
/*
 * A choice as text: names with or without clock rate, in order of preference, between commas ("L16/16000, PCMU"); a
 * name alone means every rate of it. OH_ENOCODEC (the detail names what this build lacks and what it has), OH_EINVAL
 * (nothing chosen, or more than cap). Any thread.
 */
int codec_choose(struct slice text, const struct codec **ret_codecs, size_t cap, size_t *ret_n);
/* By rtpmap: name without case, clock, channels. NULL when there is none. */
const struct codec *codec_find(struct slice encoding, uint32_t clock_hz, unsigned channels);

/* G.711 by itself (tests, tones). */
uint8_t g711_ulaw_encode(int16_t sample);
int16_t g711_ulaw_decode(uint8_t code);
uint8_t g711_alaw_encode(int16_t sample);
int16_t g711_alaw_decode(uint8_t code);

#endif
