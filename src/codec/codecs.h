/* The codecs of this build, one per file; only codec.c reads this list. */
#ifndef OH_CODEC_CODECS_H
#define OH_CODEC_CODECS_H

#include "codec/codec.h"

extern const struct codec codec_pcmu, codec_pcma;                                              /* g711.c */
extern const struct codec codec_l16_8, codec_l16_16, codec_l16_24, codec_l16_32, codec_l16_48; /* l16.c */
extern const struct codec codec_g722;                                                          /* g722.c */
extern const struct codec codec_gsm;                                                           /* gsm.c */
extern const struct codec codec_g726_16, codec_g726_24, codec_g726_32, codec_g726_40;          /* g726.c */
extern const struct codec codec_aal2_g726_16, codec_aal2_g726_24, codec_aal2_g726_32, codec_aal2_g726_40;
extern const struct codec codec_opus_8, codec_opus_16, codec_opus_24, codec_opus_48; /* opus.c */

/* For codecs without state. */
int codec_no_enc(const struct codec *c, void *state, const struct codec_params *p);
int codec_no_dec(const struct codec *c, void *state);
void codec_no_free(void *state);

#endif
