/*
 * What a listener would say of a call: the E-model (ITU-T G.107) with the default of every parameter that a phone cannot
 * know (noise, loudness, echo), so that delay, codec and loss decide. On its narrow-band scale PCMU without loss or delay
 * has R = 93.2 and MOS = 4.41; a codec of a wider band counts as one that does no harm.
 *
 * A wide band has a scale of its own (G.107.1), asked in tests where people had heard both: its R goes to 129, and what
 * is 4.4 in a narrow band is 3.7 on it. The two are never compared. Plain arithmetic; any thread.
 */
#ifndef OH_RTP_EMODEL_H
#define OH_RTP_EMODEL_H

#include <stdbool.h>
#include <stdint.h>

/* What a codec does to the voice (ITU-T G.113 Appendix I). */
struct emodel_codec {
	double ie;  /* equipment impairment without loss, 0..95 */
	double bpl; /* robustness: the loss in percent that costs half of what is left */
};
/* By its rtpmap name, without case; an unknown one counts as a frame codec of middling robustness. */
struct emodel_codec emodel_codec(const char *encoding);

/* The same on the wide-band scale (G.113 Appendix IV); false: at this rate the codec carries no wide band. */
bool emodel_wide_codec(const char *encoding, uint32_t rate_hz, struct emodel_codec *ret_codec);

struct emodel_in {
	struct emodel_codec codec;
	double loss;        /* of the packets that should have been heard, 0..1: lost, or too late */
	double burst_ratio; /* mean run of losses over that of independent losses: 1 = these, up to 8 */
	double delay_ms;    /* mouth to ear */
};

/* All zero: not known. */
struct emodel_score {
	double r;      /* 0..100, with delay */
	double mos_lq; /* 1..4.5, listening: without delay */
	double mos_cq; /* conversation: with it */
};
struct emodel_score emodel_score(const struct emodel_in *in);
/* The score of this R (G.107 Annex B). */
double emodel_mos(double r);

/* G.107.1: R above 0 and up to 129; all zero: not known. */
struct emodel_wide {
	float r;    /* conversation: with delay */
	float r_lq; /* listening: without */
};
/* in->codec is one of emodel_wide_codec(). */
struct emodel_wide emodel_wide_score(const struct emodel_in *in);
/* The score of such an R (G.107.1 Annex A); 0 of one that is not known. */
double emodel_wide_mos(double r);

#endif
