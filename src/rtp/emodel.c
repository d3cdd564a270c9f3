#include "rtp/emodel.h"

#include "base/slice.h"

#include <math.h>

#define WIDE_HZ 16000u /* from here on, PCM holds the 50-7000 Hz that G.107.1 is about */

/* What the defaults of G.107 table 2 come to: signal to noise (7.2), what comes together with the voice (7.3), echo
 * (TELR), round trip echo at the listener (WEPL). The tests work them out again from the parameters. */
#define RLR        2.0
#define TELR       65.0
#define WEPL       110.0
#define DELAY_MT   100.0 /* ms that nobody minds */
#define BURST_MOST 8.0   /* table 2: more is not defined */

struct scale {
	double ro, is; /* 7.2, 7.3 */
	double no;     /* dBm0p, of the noise that hides an echo (7.4) */
	double terv;   /* what a dB of echo counts */
	double late;   /* what waiting counts */
};
static const struct scale narrow = {.ro = 94.7688, .is = 1.4136, .no = -61.1792, .terv = 2.5, .late = 1};
/* G.107.1 gives no sum of noises; that of G.107 with its own noise floor of -96 dBmp. */
static const struct scale wide = {.ro = 129, .is = 0, .no = -68.8055, .terv = 3, .late = 1.29};
#define WIDE_LEAST 0.01 /* R: 0 is "not known" there */

/*
 * Where the values are from. G.113 is not at hand as a text; those of its Table I.4 (pairs of Ie and Bpl) are what every
 * implementation that names it has: 0 and 25.1 for G.711 with the concealment of its Appendix I, 0 and 4.3 without. The
 * Ie of Table I.1 (without loss) are from its editions of 2001 and 2007, checked against nothing else. "Ours": nobody
 * has published one; taken from the nearest codec that has one.
 */
static const struct row {
	const char *encoding;
	struct emodel_codec codec;
} codecs[] = {
	/* Table I.4; our concealment is made after that Appendix. */
	{"PCMU", {0, 25.1}},
	{"PCMA", {0, 25.1}},
	/* Ours: the same concealment; the coding does less harm than that of G.711. */
	{"L16", {0, 25.1}},
	{"G722", {0, 25.1}},
	/* Ie: Table I.1. Bpl: ours, the concealment is the same. */
	{"G726-40", {2, 25.1}},
	{"G726-32", {7, 25.1}},
	{"G726-24", {25, 25.1}},
	{"G726-16", {50, 25.1}},
	/* The same coding in another order of bits. */
	{"AAL2-G726-40", {2, 25.1}},
	{"AAL2-G726-32", {7, 25.1}},
	{"AAL2-G726-24", {25, 25.1}},
	{"AAL2-G726-16", {50, 25.1}},
	/* Ie: Table I.1. Bpl: ours, that of the enhanced full rate in Table I.4 (5, 10). */
	{"GSM", {20, 10}},
};
/* Opus among them: ours. */
static const struct emodel_codec other = {0, 16};

static const struct row wide_codecs[] = {
	/* Ie: G.113 Appendix IV for 64 kbit/s, as free implementations quote it. Bpl: ours, as on the narrow scale. */
	{"G722", {13, 25.1}},
	/* The scale has its end there: a wide band without coding. Bpl: ours. */
	{"L16", {0, 25.1}},
};
static const struct emodel_codec wide_other = {0, 16}; /* ours, Opus among them: nothing is published */

static struct emodel_codec find(
	const struct row *rows, size_t n, const char *encoding, struct emodel_codec otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(slice_of(rows[i].encoding), slice_of(encoding)))
			return rows[i].codec;
	return otherwise;
}

struct emodel_codec emodel_codec(const char *encoding)
{
	return find(codecs, sizeof(codecs) / sizeof(*codecs), encoding, other);
}

bool emodel_wide_codec(const char *encoding, uint32_t rate_hz, struct emodel_codec *ret_codec)
{
	if (rate_hz < WIDE_HZ)
		return false;
	*ret_codec = find(wide_codecs, sizeof(wide_codecs) / sizeof(*wide_codecs), encoding, wide_other);
	return true;
}

/* G.107.1 7.4: an echo is less disturbing in a wide band. */
static double echo_hidden(const struct scale *s, double ms)
{
	if (s != &wide)
		return 0;
	return ms < 100 ? 0.08 * ms + 10 : 18;
}

/* 7.4: talker echo, listener echo, and too long a wait. */
static double delay_impairment(const struct scale *s, double ms)
{
	double terv = TELR + echo_hidden(s, ms) - 40 * log10((1 + ms / 10) / (1 + ms / 150)) +
		      6 * exp(-0.3 * ms * ms);
	double roe = -1.5 * (s->no - RLR), re = 80 + s->terv * (terv - 14), half = (roe - re) / 2;
	double idte = (half + sqrt(half * half + 100) - 1) * (1 - exp(-ms));
	double rle = 10.5 * (WEPL + 7) * pow(2 * ms + 1, -0.25), idle = (s->ro - rle) / 2;
	double x, idd = 0;

	idle += sqrt(idle * idle + 169);
	if (ms > DELAY_MT) {
		x = log2(ms / DELAY_MT);
		idd = 25 * s->late * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
	}
	return idte + idle + idd;
}

/* 7.5, and G.107.1 7.5: 95 on both scales. */
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
	double best = narrow.ro - narrow.is - equipment_impairment(in);
	double r = best - delay_impairment(&narrow, in->delay_ms);

	return (struct emodel_score){
		.r = r < 0 ? 0 : r,
		.mos_lq = emodel_mos(best - delay_impairment(&narrow, 0)),
		.mos_cq = emodel_mos(r),
	};
}

static float wide_r(double best, double delay_ms)
{
	double r = best - delay_impairment(&wide, delay_ms);

	return (float)(r < WIDE_LEAST ? WIDE_LEAST : r);
}

struct emodel_wide emodel_wide_score(const struct emodel_in *in)
{
	double best = wide.ro - wide.is - equipment_impairment(in);

	return (struct emodel_wide){.r = wide_r(best, in->delay_ms), .r_lq = wide_r(best, 0)};
}

double emodel_wide_mos(double r)
{
	return r > 0 ? emodel_mos(r / 1.29) : 0;
}
