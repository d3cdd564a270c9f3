/* The table of codecs, the choice among them, and L16 (RFC 3551 4.5.11). */
#include "check.h"

#include "base/err.h"
#include "codec/codec.h"

static int choose(const char *text, const struct codec **chosen, size_t cap, size_t *n)
{
	size_t all = 0;

	while (codec_list()[all])
		all++;
	return codec_choose(codec_list(), all, slice_of(text), chosen, cap, n);
}

TEST(a_choice_keeps_its_order_and_names_no_codec_twice)
{
	static const struct {
		const char *text, *chosen;
		int err;
	} rows[] = {
		{CODEC_DEFAULT, "PCMU/8000 PCMA/8000 ", 0},
		{"PCMA", "PCMA/8000 ", 0},
		{" pcma , PCMU/8000,PCMA", "PCMA/8000 PCMU/8000 ", 0},
		{"L16", "L16/16000 L16/8000 L16/48000 L16/32000 L16/24000 ", 0},
		{"L16/8000,L16/8000/1,L16/16000", "L16/8000 L16/16000 ", 0},
		{"", "", OH_EINVAL},
		{"PCMU,", "PCMU/8000 ", 0},
		{"PCMU,,PCMA", "", OH_ENOCODEC},
		{"Speex", "", OH_ENOCODEC},
		{"L16/44100", "", OH_ENOCODEC},
		{"PCMU/", "", OH_EINVAL},
		{"PCMU/8k", "", OH_EINVAL},
		{"PCMU/8000/x", "", OH_EINVAL},
		{"PCMU,PCMA,L16,L16,PCMA",
			"PCMU/8000 PCMA/8000 L16/16000 L16/8000 L16/48000 L16/32000 L16/24000 ", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct codec *chosen[8];
		char said[256] = "";
		size_t n = 0, at = 0;

		CHECK_EQ(choose(rows[i].text, chosen, ARRAY_LEN(chosen), &n), rows[i].err);
		for (size_t k = 0; k < n; k++)
			at += (size_t)snprintf(said + at, sizeof(said) - at, "%s/%u ", chosen[k]->encoding,
				chosen[k]->clock_hz);
		CHECK_STR(said, rows[i].chosen);
	}
}

TEST(an_unknown_codec_is_named_with_those_that_there_are)
{
	const struct codec *chosen[8];
	size_t n;

	CHECK_EQ(choose("PCMU, Speex/16000", chosen, ARRAY_LEN(chosen), &n), OH_ENOCODEC);
	CHECK(strstr(err_detail_text(), "'Speex/16000'") != NULL);
	CHECK(strstr(err_detail_text(), "L16/16000") != NULL);
}

TEST(linear_samples_travel_in_network_order)
{
	static const int16_t said[] = {0, 1, -1, 32767, -32768, 0x1234};
	static const uint8_t wire[] = {0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0x80, 0, 0x12, 0x34};
	const struct codec *l16 = codec_find(slice_of("l16"), 16000, 1);
	uint8_t out[sizeof(wire)];
	int16_t heard[ARRAY_LEN(said)];

	CHECK(l16 != NULL);
	CHECK_EQ(l16->encode(NULL, said, ARRAY_LEN(said), out, sizeof(out)), sizeof(wire));
	CHECK_MEM(out, wire, sizeof(wire));
	CHECK_EQ(l16->samples(l16, wire, sizeof(wire)), ARRAY_LEN(said));
	CHECK_EQ(l16->decode(NULL, wire, sizeof(wire), heard, ARRAY_LEN(heard)), ARRAY_LEN(said));
	CHECK_MEM(heard, said, sizeof(said));
	/* Half a sample is no packet of ours; what does not fit is not written. */
	CHECK_EQ(l16->samples(l16, wire, 3), OH_ESYNTAX);
	CHECK_EQ(l16->decode(NULL, wire, 3, heard, ARRAY_LEN(heard)), OH_ESYNTAX);
	CHECK_EQ(l16->samples(l16, wire, 0), OH_ESYNTAX);
	CHECK_EQ(l16->encode(NULL, said, ARRAY_LEN(said), out, sizeof(out) - 1), OH_ETOOBIG);
	CHECK_EQ(l16->decode(NULL, wire, sizeof(wire), heard, 2), 2);
}

TESTS(RUN(a_choice_keeps_its_order_and_names_no_codec_twice),
	RUN(an_unknown_codec_is_named_with_those_that_there_are), RUN(linear_samples_travel_in_network_order))
