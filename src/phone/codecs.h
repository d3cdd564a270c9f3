/*
 * The codecs of a phone: its table, with a priority and settings for each, and choices out of it. A choice is what a
 * phone, an account or a call offers and accepts, in order; whoever uses one holds a reference.
 *
 * Signalling thread. Codecs stay as long as the phone, so streams point at them.
 */
#ifndef OH_PHONE_CODECS_H
#define OH_PHONE_CODECS_H

#include "codec/codec.h"
#include "offhook/codec.h"
#include "rtp/stream.h"

#define PHONE_CODECS_MAX   64u
#define PROGRAM_CODECS_MAX 32u

struct program_codec;

struct phone_codec {
	const struct codec *base;      /* of the build, or the program's */
	const struct codec *codec;     /* the same at the rate that this phone uses */
	struct program_codec *program; /* NULL: of the build */
	int priority;
	struct offhook_codec_cfg cfg;
};

struct codec_choice {
	unsigned refs;
	size_t n;
	struct phone_codec *list[]; /* at most STREAM_CODECS_MAX */
};

struct phone_codecs {
	uint32_t rate_hz;                           /* of the bridge */
	struct phone_codec *list[PHONE_CODECS_MAX]; /* in their order under equal priorities */
	size_t n, n_programs;
	struct codec_choice *choice; /* what has a priority */
};

/* text: what to offer, the rest is there with priority 0. OH_EINVAL, OH_ENOCODEC, OH_ENOMEM; free it in any case. */
int phone_codecs_init(struct phone_codecs *t, uint32_t bridge_rate_hz, struct slice text);
void phone_codecs_free(struct phone_codecs *t);

/* A choice by text, with one reference. OH_EINVAL, OH_ENOCODEC, OH_ENOMEM. */
int codec_choice_new(const struct phone_codecs *t, struct slice text, struct codec_choice **ret_choice);
struct codec_choice *codec_choice_ref(struct codec_choice *c);
/* Returns NULL. NULL is harmless. */
struct codec_choice *codec_choice_unref(struct codec_choice *c);

/* By rtpmap; NULL: this phone has none. */
struct phone_codec *phone_codec_find(
	const struct phone_codecs *t, struct slice encoding, uint32_t clock_hz, unsigned channels);
/* What we want of an encoder. */
struct codec_params phone_codec_params(const struct phone_codec *c);

/* By whole name. OH_ENOCODEC, OH_EINVAL. */
int phone_codec_named(const struct phone_codecs *t, const char *name, struct phone_codec **ret_codec);
/* OH_ENOMEM: as before. */
int phone_codec_set_priority(struct phone_codecs *t, struct phone_codec *c, int priority);
/* cfg is in range. */
void phone_codec_set(
	const struct phone_codecs *t, struct phone_codec *c, const struct offhook_codec_cfg *cfg);
/* given is in range. OH_EINVAL (is there already), OH_ETOOMANY, OH_ENOMEM. */
int phone_codecs_add(struct phone_codecs *t, const struct offhook_codec *given);

/* ---- codec_program.c ---- */

/* given is in range, see program_codec_check(). OH_ENOMEM. number: of the codec. */
int program_codec_new(const struct offhook_codec *given, uint8_t number, struct program_codec **ret_program);
/* OH_EINVAL: the detail says what is out of range. */
int program_codec_check(const struct offhook_codec *given);
struct program_codec *program_codec_free(struct program_codec *p);
const struct codec *program_codec_of(const struct program_codec *p);

#endif
