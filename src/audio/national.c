/*
 * Where the figures come from: A is ITU-T E.180 Supplement 2 (01/94), B its successor, the list annexed to ITU Operational
 * Bulletin 781 (1.II.2003, "Various tones used in national networks"), both as free telephone software carries them. Where
 * the two do not agree, or a national document is newer, the line says so and B is taken. What a country does not define
 * is E.180's: the special information tone of 950, 1400 and 1800 Hz (7), and congestion as a busy tone twice as fast (5, 6).
 *
 * Held against quotations of the texts themselves, which do not pass through such software, and found to be the same: gb,
 * all but call waiting and special information (B, in its edition of 2010; BT's own list of supervisory tones); de, all (B);
 * fr, ringback and busy (B); us, all but call waiting (the North American precise tone plan, which is Supplement 3 of the
 * E.300 series); jp, ringback and busy (article 33 of the ordinance on facilities of telecommunications business, 1985); au,
 * busy (AS/CA S002:2010 5.3.4.1, which sends whoever listens to tones from abroad to B); hu and nl, all (B); tr, all but
 * special information (B; call waiting also A in its edition of 04/98); in, busy, congestion and call waiting (B). Not seen
 * so: the rest.
 */
#include "audio/national.h"

#include <string.h>

#define SIT   "950:330 1400:330 1800:330 0:1000"
#define DIAL  "425"
#define RING  "425:1000 0:4000"
#define HALF  "425:500 0:500"
#define QUICK "425:250 0:250"
#define FAST  "425:200 0:200"

/* Dial, ringback, busy, congestion, call waiting, special information. */
static const struct national list[] = {
	{"at", {"420", "420:1000 0:5000", "420:400 0:400", "420:200 0:200", "420:40 0:1960", SIT}},
	/* B and ACIF S002; A has 400 Hz for busy, 383+417 for ringback. Every other congestion is 10 dB softer: not here. */
	{"au", {"413+438", "413+438:400 0:200 413+438:400 0:2000", "425:375 0:375", "425:375 0:375",
		       "425:200 0:200 425:200 0:4400", SIT}},
	/* A has a special information tone of 900, 1380 and 1860 Hz. */
	{"be", {DIAL, "425:1000 0:3000", HALF, "425:167 0:167", "1400:175 0:175 1400:175 0:3500",
		       "900:330 1400:330 1800:330 0:1000"}},
	/* A calls B's congestion the number that cannot be reached. */
	{"br", {DIAL, RING, QUICK, "425:250 0:250 425:750 0:250", "425:50 0:1000", SIT}},
	{"ch", {DIAL, RING, HALF, FAST, "425:200 0:200 425:200 0:4000", SIT}},
	/* B's special information is four short tones of 450 Hz. */
	{"cn", {"450", "450:1000 0:4000", "450:350 0:350", "450:700 0:700", "450:400 0:4000",
		       "450:100 0:100 450:100 0:100 450:100 0:100 450:400 0:400"}},
	/* A's call waiting comes every 5 s. */
	{"cz", {"425:330 0:330 425:660 0:660", RING, "425:330 0:330", "425:165 0:165", "425:330 0:9000",
		       "950:330 0:30 1400:330 0:30 1800:330 0:1000"}},
	/* Some exchanges, in A and B: busy 0.5 s, congestion 0.2 s, a shorter ringback first, special information that begins with
	 * 900 Hz. */
	{"de", {DIAL, RING, "425:480 0:480", "425:240 0:240", "425:200 0:200 425:200 0:5000", SIT}},
	/* A has 0.25 s for busy and for congestion. */
	{"dk", {DIAL, RING, HALF, FAST, "425:200 0:600 425:200 0:3000", SIT}},
	{"es", {DIAL, "425:1500 0:3000", FAST, "425:200 0:200 425:200 0:200 425:200 0:600",
		       "425:175 0:175 425:175 0:3500", SIT}},
	{"fi", {DIAL, RING, "425:300 0:300", FAST, "425:150 0:150 425:150 0:8000", SIT}},
	/* Dial tone may be 330+440 too; neither defines congestion. */
	{"fr", {"440", "440:1500 0:3500", "440:500 0:500", "440:250 0:250", "440:300 0:10000",
		       "950:300 0:30 1400:300 0:30 1800:300 0:1000"}},
	/* BT SIN 350 says the same as A and B. */
	{"gb", {"350+440", "400+450:400 0:200 400+450:400 0:2000", "400:375 0:375",
		       "400:400 0:350 400:225 0:525", "400:100 0:4000",
		       "950:330 0:15 1400:330 0:15 1800:330 0:1000"}},
	/* A: congestion 0.15 s, call waiting 0.3 s every 10 s. */
	{"gr", {"425:200 0:300 425:700 0:800", RING, "425:300 0:300", FAST, "425:150 0:150 425:150 0:8000",
		       SIT}},
	/* A: ringback 1.2 and 3.7 s, no congestion. */
	{"hu", {DIAL, "425:1250 0:3750", "425:300 0:300", "425:300 0:300", "425:40 0:1960", SIT}},
	/* A writes 400x25 as 375+425; its busy tone is 0.6 s in some networks. */
	{"in", {"400x25", "400x25:400 0:200 400x25:400 0:2000", "400:750 0:750", "400:250 0:250",
		       "400:200 0:100 400:200 0:7500", SIT}},
	/* A: busy 0.2 s, no congestion. */
	{"it", {"425:200 0:200 425:600 0:1000", RING, HALF, FAST,
		       "425:400 0:100 425:250 0:100 425:150 0:14000", SIT}},
	/* A writes 400x16 as 384+416. */
	{"jp", {"400", "400x16:1000 0:2000", "400:500 0:500", "400:500 0:500", "400x16:500 0:8000", SIT}},
	/* A alone; call waiting as in the United States. */
	{"kr", {"350+440", "440+480:1000 0:2000", "480+620:500 0:500", "480+620:300 0:200", "440:300 0:10000",
		       SIT}},
	{"mx", {DIAL, RING, QUICK, QUICK, "425:200 0:600 425:200 0:10000",
		       "950:330 0:30 1400:330 0:30 1800:330 0:1000"}},
	{"nl", {DIAL, RING, HALF, QUICK, "425:500 0:9500", SIT}},
	/* A: congestion 0.25 s. */
	{"no", {DIAL, RING, HALF, FAST, "425:200 0:600 425:200 0:10000", SIT}},
	/* PTC 102 has no special information tone. */
	{"nz", {"400", "400+450:400 0:200 400+450:400 0:2000", "400:500 0:500", "400:250 0:250",
		       "400:200 0:3000", SIT}},
	{"pl", {DIAL, RING, HALF, HALF, "425:150 0:150 425:150 0:4000", SIT}},
	/* B: call waiting 440 Hz, 0.3 s every 10 s, which is that of the United States; A's is taken. */
	{"pt", {DIAL, "425:1000 0:5000", HALF, FAST, "425:200 0:200 425:200 0:5000", SIT}},
	/* GOST 45.223-2001; A: ringback 0.8 and 3.2 s, busy 0.4 s. */
	{"ru", {DIAL, RING, "425:350 0:350", "425:175 0:175", "425:200 0:5000", SIT}},
	{"se", {DIAL, "425:1000 0:5000", QUICK, "425:250 0:750", "425:200 0:500 425:200 0:9100",
		       "950:332 0:24 1400:332 0:24 1800:332 0:2024"}},
	/* IDA TS PSTN 1; A writes 425x24 as 401+449. */
	{"sg", {DIAL, "425x24:400 0:200 425x24:400 0:2000", "425:750 0:750", QUICK,
		       "425x24:300 0:200 425x24:300 0:3200", SIT}},
	{"tr", {"450", "450:2000 0:4000", "450:500 0:500",
		       "450:200 0:200 450:200 0:200 450:200 0:200 450:600 0:200",
		       "450:200 0:600 450:200 0:8000", "950:300 1400:300 1800:300 0:1000"}},
	/* Telcordia GR-506 and ATIS say the same; Canada and the Caribbean too. B has 0.3 and 0.2 s for congestion, no busy. */
	{"us", {"350+440", "440+480:2000 0:4000", "480+620:500 0:500", "480+620:250 0:250", "440:300 0:10000",
		       SIT}},
	/* A writes 400x33 as 367+433; some exchanges have 383+417. */
	{"za", {"400x33", "400x33:400 0:200 400x33:400 0:2000", "400:500 0:500", "400:250 0:250",
		       "400x33:250 0:250 400x33:250 0:250 400x33:250 0:250 400x33:250 0:7250", SIT}},
};

const struct national *national_at(size_t i)
{
	return i < sizeof(list) / sizeof(list[0]) ? &list[i] : NULL;
}

const struct national *national_find(struct slice country)
{
	if (slice_ieq(country, SLICE_LIT("uk")))
		country = SLICE_LIT("gb");
	if (slice_ieq(country, SLICE_LIT("ca")))
		country = SLICE_LIT("us");
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (slice_ieq(country, slice_of(list[i].country)))
			return &list[i];
	return NULL;
}
