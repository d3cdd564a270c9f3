/* The codecs of this build, one per file; only codec.c reads this list. */
#ifndef OH_CODEC_CODECS_H
#define OH_CODEC_CODECS_H

#include "codec/codec.h"

extern const struct codec codec_pcmu, codec_pcma;    /* g711.c */
extern const struct codec codec_l16_8, codec_l16_16; /* l16.c */

#endif
