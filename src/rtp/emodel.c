#include "rtp/emodel.h"

#include "base/slice.h"

#include <math.h>

/* What the defaults of G.107 table 2 come to: signal to noise (7.2), what comes together with the voice (7.3), echo
 * (TELR), round trip echo at the listener (WEPL). The tests work them out again from the parameters. */
#define RO         94.7688
#define NO         (-61.1792)
#define IS         1.4136
#define RLR        2.0
#define TELR       65.0
#define WEPL       110.0
#define DELAY_MT   100.0 /* ms that nobody minds */
#define BURST_MOST 8.0   /* table 2: more is not defined */

static const struct {
	const char *encoding;
	struct emodel_codec codec;
} codecs[] = {
	/* G.113 I.4: G.711 with the concealment of its Appendix I, which ours is modelled on. */
	{"PCMU", {0, 25.1}},
	{"PCMA", {0, 25.1}},
	/* The same concealment; the coding does less harm than that of G.711. */
	{"L16", {0, 25.1}},
	{"G722", {0, 25.1}},
	/* G.113 I.1; the concealment is the same. */
	{"G726-40", {2, 25.1}},
	{"G726-32", {7, 25.1}},
	{"G726-24", {25, 25.1}},
	{"G726-16", {50, 25.1}},
	/* G.113 I.1; robustness as I.4 has it for the enhanced one. */
	{"GSM", {20, 10}},
};

struct emodel_codec emodel_codec(const char *encoding)
{
	/* Opus among them: not in G.113. */
	static const struct emodel_codec other = {0, 16};

	for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++)
		if (slice_ieq(slice_of(codecs[i].encoding), slice_of(encoding)))
			return codecs[i].codec;
	return other;
}

/* 7.4: talker echo, listener echo, and too long a wait. */
static double delay_impairment(double ms)
{
	double terv = TELR - 40 * log10((1 + ms / 10) / (1 + ms / 150)) + 6 * exp(-0.3 * ms * ms);
	double roe = -1.5 * (NO - RLR), re = 80 + 2.5 * (terv - 14), half = (roe - re) / 2;
	double idte = (half + sqrt(half * half + 100) - 1) * (1 - exp(-ms));
	double rle = 10.5 * (WEPL + 7) * pow(2 * ms + 1, -0.25), idle = (RO - rle) / 2;
	double x, idd = 0;

	idle += sqrt(idle * idle + 169);
	if (ms > DELAY_MT) {
		x = log2(ms / DELAY_MT);
		idd = 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
	}
	return idte + idle + idd;
}

/* 7.5 */
static double equipment_impairment(const struct emodel_in *in)
{
	double ppl = in->loss * 100, burst = in->burst_ratio;

	if (burst < 1)
		burst = 1;
	if (burst > BURST_MOST)
		burst = BURST_MOST;
	return in->codec.ie + (95 - in->codec.ie) * ppl / (ppl / burst + in->codec.bpl);
}

double emodel_mos(double r)
{
	double mos;

	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;
	mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return mos < 1 ? 1 : mos; /* the polynomial dips below its own end, between 0 and 6.5 */
}

struct emodel_score emodel_score(const struct emodel_in *in)
{
	double best = RO - IS - equipment_impairment(in), r = best - delay_impairment(in->delay_ms);

	return (struct emodel_score){
		.r = r < 0 ? 0 : r,
		.mos_lq = emodel_mos(best - delay_impairment(0)),
		.mos_cq = emodel_mos(r),
	};
}
