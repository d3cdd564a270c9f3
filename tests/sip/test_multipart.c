/* The parts of multipart bodies: RFC 2046 5.1, byte for byte. */
#include "check.h"

#include "offhook/error.h"
#include "sip/multipart.h"

#define TYPE "multipart/mixed;boundary=b"

TEST(parts_as_they_lie_in_the_body)
{
	static const struct {
		const char *body;
		int n; /* parts, or the error behind the last of them */
		const char *parts[3];
	} rows[] = {
		{"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", 2, {"one", "two"}},
		{"--b\r\n\r\none\r\n--b--", 1, {"one"}},
		{"--b\n\none\n--b--\n", 1, {"one"}},
		{"--b  \t\r\n\r\none\r\n--b-- \r\nbehind", 1, {"one"}},
		{"before\r\n--b\r\n\r\none\r\n\r\n--b--", 1, {"one\r\n"}},
		{"--b\r\n\r\n\r\n--b--", 1, {""}},
		{"--b\r\n--b--", 1, {""}},
		{"--b\r\n\r\n--bother\r\n -b--\r\n--b--", 1, {"--bother\r\n -b--"}},
		{"", OH_ESYNTAX, {NULL}},
		{"no parts at all", OH_ESYNTAX, {NULL}},
		{"--b--", OH_ESYNTAX, {NULL}},
		{"--b\r\n\r\none", OH_ESYNTAX, {NULL}},
		{"--b\r\n\r\none\r\n--b\r\n\r\ntwo", OH_ESYNTAX, {"one"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sip_multipart m;
		struct sip_part part;
		int n = 0, more;

		CHECK_OK(sip_multipart_begin(SLICE_LIT(TYPE), slice_of(rows[i].body), &m));
		while ((more = sip_multipart_next(&m, &part)) == 1)
			CHECK_SLICE(part.body, rows[i].parts[n++]);
		CHECK_EQ(more ? more : n, rows[i].n);
		CHECK(n == 3 || !rows[i].parts[n]);
	}
}

TEST(headers_of_a_part)
{
	struct sip_multipart m;
	struct sip_part part;
	struct slice value;

	CHECK_OK(sip_multipart_begin(SLICE_LIT("multipart/mixed; x=y; boundary=\"a b\""),
		SLICE_LIT("--a b\r\nX-Other: no\r\nCONTENT-TYPE: application/sdp;\r\n charset=utf-8\r\n"
			  "Content-Disposition: session;handling=\"optional\"\r\nno colon\r\n"
			  "Content-Transfer-Encoding: binary\r\n\r\nv=0\r\n--a b--"),
		&m));
	CHECK_EQ(sip_multipart_next(&m, &part), 1);
	CHECK_SLICE(sip_media_type(part.type), "application/sdp");
	CHECK_SLICE(sip_media_type(part.disposition), "session");
	CHECK(sip_media_param(part.disposition, SLICE_LIT("handling"), &value));
	CHECK_SLICE(value, "optional");
	CHECK(sip_media_param(part.type, SLICE_LIT("charset"), &value));
	CHECK(!sip_media_param(part.type, SLICE_LIT("boundary"), &value));
	CHECK_SLICE(part.encoding, "binary");
	CHECK_SLICE(part.body, "v=0");
	CHECK_EQ(sip_multipart_next(&m, &part), 0);
	CHECK_EQ(sip_multipart_next(&m, &part), 0);
}

TEST(a_boundary_is_needed)
{
	static const char too_long[] =
		"multipart/mixed;boundary="
		"12345678901234567890123456789012345678901234567890123456789012345678901";
	static const char *const types[] = {
		"multipart/mixed", "multipart/mixed;boundary=", "multipart/mixed;boundary=\"\"", too_long};
	struct sip_multipart m;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		CHECK_EQ(sip_multipart_begin(slice_of(types[i]), SLICE_LIT("--b--"), &m), OH_ESYNTAX);
}

TESTS(RUN(parts_as_they_lie_in_the_body), RUN(headers_of_a_part), RUN(a_boundary_is_needed))
