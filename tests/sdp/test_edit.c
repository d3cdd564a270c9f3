/* Descriptions with other lines than we would write. */
#include "check.h"

#include "base/err.h"
#include "sdp/edit.h"

static const char plain[] =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
	"m=video 0 RTP/AVP 31\r\na=ptime:20\r\n";

#define ADD(part, line) \
	{ \
		SDP_EDIT_ADD, part, {NULL, 0}, SLICE_LIT(line) \
	}
#define REMOVE(part, begins) \
	{ \
		SDP_EDIT_REMOVE, part, SLICE_LIT(begins), \
		{ \
			NULL, 0 \
		} \
	}
#define REPLACE(part, begins, line) \
	{ \
		SDP_EDIT_REPLACE, part, SLICE_LIT(begins), SLICE_LIT(line) \
	}

TEST(each_edit_finds_its_place)
{
	static const struct {
		struct sdp_edit edits[3];
		size_t n;
		const char *want;
	} rows[] = {
		{{{0}}, 0, plain},
		{{ADD(SDP_EDIT_SESSION, "a=group:X"), ADD(SDP_EDIT_SESSION, "b=CT:64"),
			 ADD(SDP_EDIT_AUDIO, "b=AS:80")},
			3,
			"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nb=CT:64\r\nt=0 "
			"0\r\na=group:X\r\n"
			"m=audio 4000 RTP/AVP 0 101\r\nb=AS:80\r\na=rtpmap:0 "
			"PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
			"m=video 0 RTP/AVP 31\r\na=ptime:20\r\n"},
		{{REMOVE(SDP_EDIT_AUDIO, "a=ptime"), ADD(SDP_EDIT_AUDIO, "a=x"),
			 REMOVE(SDP_EDIT_SESSION, "a=")},
			3,
			"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
			"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\na=x\r\n"
			"m=video 0 RTP/AVP 31\r\na=ptime:20\r\n"},
		/* In their order. */
		{{REPLACE(SDP_EDIT_AUDIO, "a=ptime:", "a=ptime:40"),
			 REPLACE(SDP_EDIT_AUDIO, "a=ptime:40", "a=maxptime:40")},
			2,
			"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
			"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 "
			"PCMU/8000\r\na=maxptime:40\r\na=sendrecv\r\n"
			"m=video 0 RTP/AVP 31\r\na=ptime:20\r\n"},
	};
	char buf[1024];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		long n = sdp_edit(SLICE_LIT(plain), rows[i].edits, rows[i].n, buf, sizeof(buf));

		CHECK(n > 0);
		CHECK_SLICE(slice_make(buf, (size_t)n), rows[i].want);
	}
}

TEST(additions_at_the_end_and_ends_of_lines_that_are_missing)
{
	static const struct sdp_edit edits[] = {ADD(SDP_EDIT_AUDIO, "b=AS:1"), ADD(SDP_EDIT_AUDIO, "a=y")};
	char buf[128];
	long n = sdp_edit(SLICE_LIT("v=0\nm=audio 1 RTP/AVP 0"), edits, 2, buf, sizeof(buf));

	CHECK(n > 0);
	CHECK_SLICE(slice_make(buf, (size_t)n), "v=0\r\nm=audio 1 RTP/AVP 0\r\nb=AS:1\r\na=y\r\n");
	for (size_t cap = 0; cap < (size_t)n; cap++)
		CHECK_EQ(sdp_edit(SLICE_LIT("v=0\nm=audio 1 RTP/AVP 0"), edits, 2, buf, cap), OH_ETOOBIG);
}

TEST(what_may_not_be_touched)
{
	static const struct {
		struct sdp_edit edit;
		bool allowed;
	} rows[] = {
		{ADD(SDP_EDIT_AUDIO, "a=x"), true},
		{ADD(SDP_EDIT_AUDIO, "b=AS:1"), true},
		{ADD(SDP_EDIT_AUDIO, "c=IN IP4 1.2.3.4"), false},
		{ADD(SDP_EDIT_AUDIO, "a="), false},
		{ADD(SDP_EDIT_AUDIO, "a=x\r\nm=video"), false},
		{ADD(SDP_EDIT_AUDIO, ""), false},
		{REMOVE(SDP_EDIT_SESSION, "o="), false},
		{REMOVE(SDP_EDIT_SESSION, "a=x"), true},
		{REPLACE(SDP_EDIT_AUDIO, "a=x", "a=y"), true},
		{REPLACE(SDP_EDIT_AUDIO, "a=x", "b=y"), false},
		{REPLACE(SDP_EDIT_AUDIO, "m=x", "a=y"), false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (sdp_edit_allowed(&rows[i].edit) != rows[i].allowed)
			fail_msg("row %zu", i);
}

TESTS(RUN(each_edit_finds_its_place), RUN(additions_at_the_end_and_ends_of_lines_that_are_missing),
	RUN(what_may_not_be_touched))
