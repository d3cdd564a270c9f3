/* The E-model against the full equations of G.107 with every default parameter (tests/rtp/emodel.py prints the rows). */
#include "check.h"

#include "rtp/emodel.h"

#include <math.h>

#define NEAR(a, b, by) CHECK(fabs((a) - (b)) <= (by))

TEST(scores_are_those_of_the_whole_equations)
{
	static const struct {
		double ie, bpl, percent, burst, delay_ms, r, mos_lq, mos_cq;
	} rows[] = {
		{0, 25.1, 0, 1, 0, 93.2062, 4.4094, 4.4094},
		{0, 25.1, 0, 1, 50, 91.7562, 4.4094, 4.3796},
		{0, 25.1, 0, 1, 100, 90.6637, 4.4094, 4.3549},
		{0, 25.1, 0, 1, 150, 89.5391, 4.4094, 4.3275},
		{0, 25.1, 0, 1, 200, 85.8047, 4.4094, 4.2232},
		{0, 25.1, 0, 1, 250, 79.1771, 4.4094, 3.9925},
		{0, 25.1, 0, 1, 300, 72.6664, 4.4094, 3.7194},
		{0, 25.1, 0, 1, 400, 62.2468, 4.4094, 3.2156},
		{0, 25.1, 0, 1, 600, 49.4838, 4.4094, 2.5479},
		{0, 25.1, 0, 1, 1000, 39.0765, 4.4094, 2.0190},
		{0, 25.1, 1, 1, 40, 88.3586, 4.3282, 4.2967},
		{0, 25.1, 5, 1, 40, 76.2177, 3.9231, 3.8734},
		{0, 25.1, 5, 2, 40, 74.7883, 3.8641, 3.8128},
		{0, 25.1, 10, 1, 120, 63.1987, 3.4112, 3.2640},
		{0, 25.1, 20, 1.5, 60, 42.0877, 2.2523, 2.1675},
		{0, 4.3, 1, 1, 0, 75.2817, 3.8339, 3.8339},
		{0, 4.3, 5, 1, 0, 42.1309, 2.1696, 2.1696},
		{7, 25.1, 0, 1, 20, 85.5313, 4.2354, 4.2148},
		{7, 25.1, 3, 1, 180, 71.4370, 3.8980, 3.6637},
		{20, 43, 0, 1, 30, 72.2544, 3.7435, 3.7009},
		{20, 43, 5, 1, 30, 64.4419, 3.3742, 3.3267},
		{11, 19, 2, 1, 0, 74.2062, 3.7876, 3.7876},
		{0, 25.1, 50, 1, 20, 29.2823, 1.6072, 1.5796},
		{0, 25.1, 100, 8, 0, 0.0000, 1.0000, 1.0000},
		{0, 25.1, 100, 1, 500, 0.0000, 1.1770, 1.0000},
		{95, 10, 0, 1, 0, 0.0000, 1.0000, 1.0000},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct emodel_in in = {
			{rows[i].ie, rows[i].bpl}, rows[i].percent / 100, rows[i].burst, rows[i].delay_ms};
		struct emodel_score s = emodel_score(&in);

		NEAR(s.r, rows[i].r, 0.01);
		NEAR(s.mos_lq, rows[i].mos_lq, 0.001);
		NEAR(s.mos_cq, rows[i].mos_cq, 0.001);
	}
}

TEST(wide_scores_are_those_of_the_whole_equations)
{
	static const struct {
		double ie, bpl, percent, burst, delay_ms, r, mos_lq, mos_cq;
	} rows[] = {
		{0, 15, 0, 1, 0, 128.8463, 4.4992, 4.4992}, {5, 15, 0, 1, 0, 123.8463, 4.4568, 4.4568},
		{0, 15, 0, 1, 50, 128.2550, 4.4992, 4.4956}, {5, 15, 0, 1, 150, 122.4213, 4.4568, 4.4397},
		{0, 25.1, 0, 1, 200, 123.4447, 4.4992, 4.4522},
		{13, 25.1, 0, 1, 20, 115.6317, 4.3342, 4.3300},
		{13, 25.1, 3, 1, 180, 103.9796, 4.1328, 4.0466},
		{13, 25.1, 5, 2, 40, 100.5007, 3.9577, 3.9425}, {0, 16, 10, 1, 120, 91.2743, 3.6691, 3.6322},
		{0, 16, 100, 8, 0, 0.01, 1.0000, 1.0000}, /* below 0: bad, but not unknown */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct emodel_in in = {
			{rows[i].ie, rows[i].bpl}, rows[i].percent / 100, rows[i].burst, rows[i].delay_ms};
		struct emodel_wide s = emodel_wide_score(&in);

		NEAR((double)s.r, rows[i].r, 0.01);
		NEAR(emodel_wide_mos((double)s.r_lq), rows[i].mos_lq, 0.001);
		NEAR(emodel_wide_mos((double)s.r), rows[i].mos_cq, 0.001);
	}
	CHECK(emodel_wide_mos(0) == 0);
	/* G.107.1 Annex A: what a good narrow band would be worth. */
	NEAR(emodel_wide_mos(93.2), 3.70, 0.01);
}

TEST(only_a_wide_band_has_a_wide_score)
{
	struct emodel_codec c = {-1, -1};

	CHECK(!emodel_wide_codec("PCMU", 8000, &c) && !emodel_wide_codec("L16", 8000, &c) && c.ie == -1);
	CHECK(emodel_wide_codec("g722", 16000, &c) && c.ie == 13);
	CHECK(emodel_wide_codec("L16", 16000, &c) && c.ie == 0 && c.bpl == 25.1);
	CHECK(emodel_wide_codec("opus", 48000, &c) && c.ie == 0 && c.bpl == 16);
}

/* G.107 Annex B: the ends, and the table of G.109 between (90 very satisfied, 80, 70, 60, 50 nearly all unhappy). */
TEST(mos_of_r_has_the_values_of_the_recommendation)
{
	static const struct {
		double r, mos;
	} rows[] = {{-5, 1}, {0, 1}, {3, 1}, {50, 2.58}, {60, 3.10}, {70, 3.60}, {80, 4.03}, {90, 4.34},
		{100, 4.5}, {120, 4.5}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		NEAR(emodel_mos(rows[i].r), rows[i].mos, 0.007);
}

/* Table 2: a burst ratio below 1 or above 8 does not exist. */
TEST(burst_ratios_are_kept_in_their_range)
{
	struct emodel_in in = {{0, 25.1}, .05, 8, 0}, odd = in;

	odd.burst_ratio = 1000;
	CHECK(emodel_score(&in).r == emodel_score(&odd).r);
	in.burst_ratio = 1;
	odd.burst_ratio = 0;
	CHECK(emodel_score(&in).r == emodel_score(&odd).r);
}

/* Coarser coding and weaker robustness are worse; an unknown codec is no error. */
TEST(codecs_are_known_by_name)
{
	CHECK(emodel_codec("PCMU").ie == 0 && emodel_codec("pcma").bpl == 25.1);
	CHECK(emodel_codec("G726-32").ie == 7 && emodel_codec("AAL2-G726-32").ie == 7);
	CHECK(emodel_codec("GSM").ie == 20);
	CHECK(emodel_codec("of 2050").ie == 0 && emodel_codec("of 2050").bpl < emodel_codec("PCMU").bpl);
}

TESTS(RUN(scores_are_those_of_the_whole_equations), RUN(wide_scores_are_those_of_the_whole_equations),
	RUN(only_a_wide_band_has_a_wide_score), RUN(mos_of_r_has_the_values_of_the_recommendation),
	RUN(burst_ratios_are_kept_in_their_range), RUN(codecs_are_known_by_name))
