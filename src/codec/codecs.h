/* The codecs of this build, one per file; only codec.c reads this list. */
#ifndef OH_CODEC_CODECS_H
#define OH_CODEC_CODECS_H

#include "codec/codec.h"

extern const struct codec codec_pcmu, codec_pcma; /* g711.c */

#endif
