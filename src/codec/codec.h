/*
 * One small table of codecs; one file a codec. Everything is mono 16-bit PCM on the inside. Encoders and
 * decoders run on the media thread: no allocation, no lock after codec_*_init().
 */
#ifndef OH_CODEC_CODEC_H
#define OH_CODEC_CODEC_H

#include "base/slice.h"

/* Bytes of an encoder or decoder inside its owner. A larger one keeps a pointer there, to what its ..._init() has
 * allocated and its ..._free() frees: that block then holds no pointer to the state, which its owner moves. */
#define CODEC_STATE_MAX 512u
#define CODEC_FRAME_MAX 1500u /* bytes of one encoded packet */
#define CODEC_PCM_MAX   5760u /* samples of one packet: 120 ms at 48 kHz */
#define CODEC_FMTP_MAX  112u  /* bytes of a=fmtp parameters, with their end */

/* Which codec a packet is of, for those who keep packets longer than the agreement that they came under. */
enum codec_number {
	CODEC_NONE,
	CODEC_PCMU,
	CODEC_PCMA,
	CODEC_L16_8,
	CODEC_L16_16,
	CODEC_L16_24,
	CODEC_L16_32,
	CODEC_L16_48,
	CODEC_G722,
	CODEC_GSM,
	CODEC_G726_16,
	CODEC_G726_24,
	CODEC_G726_32,
	CODEC_G726_40,
	CODEC_AAL2_G726_16,
	CODEC_AAL2_G726_24,
	CODEC_AAL2_G726_32,
	CODEC_AAL2_G726_40,
	CODEC_OPUS_8,
	CODEC_OPUS_16,
	CODEC_OPUS_24,
	CODEC_OPUS_48,
	CODEC_PROGRAM = 64, /* and those behind it: the program's own, in the order of their coming */
};

/* When an encoder adds what repairs losses. */
enum codec_fec {
	CODEC_FEC_BY_LOSS, /* as soon as the peer reports some */
	CODEC_FEC_NEVER,
	CODEC_FEC_ALWAYS,
};

/* How an encoder works: what its owner wants, within what the peer takes. A plain value; all zero is the codec's own
 * choice. Codecs without a choice do not look. */
struct codec_params {
	uint32_t bits_per_s; /* on the average */
	uint32_t max_hz;     /* the peer plays nothing that this sample rate could not carry */
	enum codec_fec fec;
	uint32_t mode;      /* a number of the codec's own, read from the peer's a=fmtp */
	uint8_t complexity; /* 1..10: the more the better, and the more work */
	bool dtx;           /* silence may be left out, by the codec's own means */
	bool cbr;           /* packets of one size */
};

/* What stands behind a gap. */
struct codec_gap {
	size_t samples;      /* from where the decoder is now to the next packet; 0: nobody knows */
	const uint8_t *next; /* that packet, of this codec; NULL: it is not there yet, or of another one */
	size_t n;
};

#define CODEC_PACKETS_ANY 0x3fu /* of 10, 20, 30, 40, 50, 60 ms */

struct codec {
	const char *encoding; /* as in rtpmap: "PCMU" */
	uint32_t clock_hz;    /* RTP clock. It and rate_hz are whole multiples of one another */
	uint32_t rate_hz;     /* samples a second of the PCM: 8000, 16000, 24000, 32000 or 48000 */
	uint8_t number;       /* enum codec_number */
	uint8_t channels;     /* as in rtpmap; the PCM is mono all the same */
	uint8_t packets;      /* bit n: packets of 10 * (n + 1) ms can be made */
	bool dtx; /* it has a way of its own to leave out silence; else comfort noise (RFC 3389) stands for it */
	int static_pt; /* RFC 3551 table 4, or -1 */
	uint32_t bits_per_s;
	uint16_t enc_bytes; /* of state, 0..CODEC_STATE_MAX: an owner keeps no more than this for it */
	uint16_t dec_bytes;

	/* state: enc_bytes or dec_bytes, aligned for anything; a codec without state may get NULL. 0 or
	 * OH_ENOMEM. Any thread, before use. A state may be moved by memcpy(). */
	int (*enc_init)(const struct codec *c, void *state, const struct codec_params *p);
	int (*dec_init)(const struct codec *c, void *state);
	void (*enc_free)(void *state);
	void (*dec_free)(void *state);
	/* n samples, a whole packet -> bytes; returns how many, 0 (silence: nothing is to be sent), or a negative
	 * error. */
	long (*encode)(void *state, const int16_t *pcm, size_t n, uint8_t *out, size_t cap);
	/* bytes -> samples; returns how many (at most cap), or OH_ESYNTAX. */
	long (*decode)(void *state, const uint8_t *data, size_t n, int16_t *pcm, size_t cap);
	/* How many samples a packet holds, without decoding it; OH_ESYNTAX when it is none of this codec. */
	long (*samples)(const struct codec *c, const uint8_t *data, size_t n);
	/* n samples for a lost packet from the decoder's own memory, or out of the packet behind it. False: it cannot.
	 * NULL: the jitter buffer conceals. */
	bool (*conceal)(void *state, const struct codec_gap *gap, int16_t *pcm, size_t n);
	/* Packets of another encoder have left in this one's place: data is one of the last of them, in order, and NULL says
	 * that what is encoded next goes on behind them. NULL: nothing to follow. */
	void (*follow)(void *state, const uint8_t *data, size_t n);
	/* The peer's RTCP says that so many of 256 packets were lost of late. Media thread. NULL: nothing to steer. */
	void (*steer)(void *state, unsigned lost_of_256);

	/* a=fmtp of ours: what we would like to get. Writes a terminated text. NULL: none. */
	void (*describe)(const struct codec *c, const struct codec_params *want, char *buf, size_t size);
	/* The peer's a=fmtp takes away from what we want to send. NULL: it says nothing. */
	void (*limit)(const struct codec *c, struct slice fmtp, struct codec_params *want);
};

/* All that this build has, best first; NULL at the end. */
const struct codec *const *codec_list(void);
/* What is offered when nobody chooses: a list for codec_choose(). */
#define CODEC_DEFAULT "PCMU, PCMA"
/*
 * A choice as text: names with or without clock rate, in order of preference, between commas ("L16/16000, PCMU"); a
 * name alone means every rate of it; the sample rate will do for the clock rate ("G722/16000"). Out of the n_from of
 * `from`. OH_ENOCODEC (the detail names what this build lacks and what it has), OH_EINVAL (nothing chosen, or more than
 * cap). Any thread.
 */
int codec_choose(const struct codec *const *from, size_t n_from, struct slice text,
	const struct codec **ret_codecs, size_t cap, size_t *ret_n);
/* One codec by its whole name, "NAME/RATE" or "NAME/RATE/CHANNELS"; NULL: none of them has it. */
const struct codec *codec_named(const struct codec *const *from, size_t n_from, struct slice name);
/* By rtpmap: name without case, clock, channels. NULL when there is none in this build. */
const struct codec *codec_find(struct slice encoding, uint32_t clock_hz, unsigned channels);
/* A codec whose packets tell their rate (Opus), made for PCM of no more than this; every other one as it is. */
const struct codec *codec_at_rate(const struct codec *c, uint32_t rate_hz);
/* The longest packet that this codec can make and that is not longer than ms; else its shortest. */
uint32_t codec_packet_ms(const struct codec *c, uint32_t ms);

/* How far the RTP clock goes in n samples. */
static inline uint32_t codec_ts(const struct codec *c, size_t n)
{
	return (uint32_t)((uint64_t)n * c->clock_hz / c->rate_hz);
}

/* The value of one parameter in a=fmtp ("a=1; b=2"; names without case), trimmed; absent when it is not there. */
struct slice codec_fmtp_value(struct slice fmtp, const char *name);

/* G.711 by itself (tests, tones). */
uint8_t g711_ulaw_encode(int16_t sample);
int16_t g711_ulaw_decode(uint8_t code);
uint8_t g711_alaw_encode(int16_t sample);
int16_t g711_alaw_decode(uint8_t code);

#endif
