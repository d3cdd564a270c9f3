/* G.711 against the text of the Recommendation instead of against another program: every code's value by the
 * formula of its tables, and every one of the 65,536 samples by adding up the widths of its intervals. */
#include "check.h"

#include "codec/codec.h"
#include "offhook/error.h"

/* ITU-T G.711 table 2: 33 + 2 * step, doubled per segment, minus 33, on a scale of 14 bits. */
static int ulaw_by_the_book(int code)
{
	int inverted = code ^ 0xff;
	int value = 33 + 2 * (inverted & 15);

	for (int seg = (inverted >> 4) & 7; seg > 0; seg--)
		value *= 2;
	value = (value - 33) * 4;
	return inverted & 0x80 ? -value : value;
}

/* ITU-T G.711 table 1: the middle of the interval, 13 bits; segments 0 and 1 share a step. */
static int alaw_by_the_book(int code)
{
	int even = code ^ 0x55, seg = (even >> 4) & 7, step = 2 * (even & 15) + 1;
	double value = seg == 0 ? step : step + 32;

	for (; seg > 1; seg--)
		value *= 2;
	return (int)(value * 8) * (even & 0x80 ? 1 : -1);
}

struct law {
	const char *name;
	uint8_t (*encode)(int16_t);
	int16_t (*decode)(uint8_t);
	int (*book)(int code);
	/* Decision values by the widths of the intervals (16-bit scale): of the first interval, of the rest
	 * of the first segment, and from which segment on they double. */
	int first, width, doubles_from;
	int minus; /* added to -x: where the interval of a negative decision value begins, which the text
		      leaves open */
	int inverted;
};

static const struct law laws[] = {
	{"PCMU", g711_ulaw_encode, g711_ulaw_decode, ulaw_by_the_book, 4, 8, 1, 0, 0xff},
	{"PCMA", g711_alaw_encode, g711_alaw_decode, alaw_by_the_book, 16, 16, 2, -1, 0xd5},
};

TEST(every_code_has_the_value_of_the_table)
{
	for (size_t l = 0; l < ARRAY_LEN(laws); l++)
		for (int code = 0; code < 256; code++)
			CHECK_EQ(laws[l].decode((uint8_t)code), laws[l].book(code));
}

/* The interval (0..127) that a magnitude falls into, by adding up widths. */
static int interval(const struct law *law, int magnitude)
{
	int width = law->width, edge = law->first, i = 0;

	while (magnitude >= edge && i < 127) {
		i++;
		if (i % 16 == 0 && i / 16 >= law->doubles_from)
			width *= 2;
		edge += width;
	}
	return i;
}

TEST(every_sample_falls_into_its_interval)
{
	for (size_t l = 0; l < ARRAY_LEN(laws); l++) {
		for (int x = -32768; x <= 32767; x++) {
			int i = interval(&laws[l], x < 0 ? -x + laws[l].minus : x);
			int want = (x < 0 ? i | 0x80 : i) ^ laws[l].inverted;
			int got = laws[l].encode((int16_t)x);

			if (got != want)
				fail_msg("%s: %d became %#x instead of %#x", laws[l].name, x, got, want);
		}
	}
}

TEST(every_value_survives_a_second_coding)
{
	for (size_t l = 0; l < ARRAY_LEN(laws); l++)
		for (int code = 0; code < 256; code++) {
			int16_t value = laws[l].decode((uint8_t)code);

			CHECK_EQ(laws[l].decode(laws[l].encode(value)), value);
		}
}

TEST(silence_is_the_code_that_others_send)
{
	CHECK_EQ(g711_ulaw_encode(0), 0xff);
	CHECK_EQ(g711_alaw_encode(0), 0xd5);
}

TEST(the_table_is_found_by_rtpmap)
{
	const struct codec *c = codec_find(SLICE_LIT("pcmu"), 8000, 1);

	CHECK(c && c->static_pt == 0);
	c = codec_find(SLICE_LIT("PCMA"), 8000, 1);
	CHECK(c && c->static_pt == 8);
	CHECK(!codec_find(SLICE_LIT("PCMU"), 16000, 1));
	CHECK(!codec_find(SLICE_LIT("PCMU"), 8000, 2));
	CHECK(!codec_find(SLICE_LIT("G728"), 8000, 1));
	CHECK(codec_list()[0]);
}

TEST(packets_are_coded_as_their_samples)
{
	for (size_t l = 0; l < ARRAY_LEN(laws); l++) {
		const struct codec *c = codec_find(slice_of(laws[l].name), 8000, 1);
		int16_t pcm[160], back[160];
		uint8_t bytes[160];

		for (int i = 0; i < 160; i++)
			pcm[i] = (int16_t)(i * 400 - 32000);
		CHECK_EQ(c->encode(NULL, pcm, 160, bytes, 159), OH_ETOOBIG);
		CHECK_EQ(c->encode(NULL, pcm, 160, bytes, 160), 160);
		CHECK_EQ(c->samples(c, bytes, 160), 160);
		CHECK_EQ(c->samples(c, bytes, 0), OH_ESYNTAX);
		CHECK_EQ(c->decode(NULL, bytes, 160, back, 160), 160);
		for (int i = 0; i < 160; i++) {
			CHECK_EQ(bytes[i], laws[l].encode(pcm[i]));
			CHECK_EQ(back[i], laws[l].decode(bytes[i]));
		}
		CHECK_EQ(c->decode(NULL, bytes, 160, back, 80), 80);
	}
}

TESTS(RUN(every_code_has_the_value_of_the_table), RUN(every_sample_falls_into_its_interval),
	RUN(every_value_survives_a_second_coding), RUN(silence_is_the_code_that_others_send),
	RUN(the_table_is_found_by_rtpmap), RUN(packets_are_coded_as_their_samples))
