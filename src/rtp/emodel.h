/*
 * What a listener would say of a call: the E-model (ITU-T G.107) with the default of every parameter that a phone cannot
 * know (noise, loudness, echo), so that delay, codec and loss decide. On its narrow-band scale PCMU without loss or delay
 * has R = 93.2 and MOS = 4.41; a codec of a wider band counts as one that does no harm. Plain arithmetic; any thread.
 */
#ifndef OH_RTP_EMODEL_H
#define OH_RTP_EMODEL_H

/* What a codec does to the voice (ITU-T G.113 Appendix I). */
struct emodel_codec {
	double ie;  /* equipment impairment without loss, 0..95 */
	double bpl; /* robustness: the loss in percent that costs half of what is left */
};
/* By its rtpmap name, without case; an unknown one counts as a frame codec of middling robustness. */
struct emodel_codec emodel_codec(const char *encoding);

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

#endif
