#include "check.h"

#include "base/text.h"

TEST(a_text_is_put_together)
{
	char buf[64];
	struct text t = text_in(buf, sizeof(buf));

	CHECK_STR(buf, "");
	text_put(&t, SLICE_LIT("Via: "));
	text_str(&t, "");
	text_put(&t, SLICE_NONE);
	text_u32(&t, 0);
	text_str(&t, ",");
	text_u32(&t, 4294967295u);
	text_format(&t, "/%02X", 10u);
	CHECK_STR(buf, "Via: 0,4294967295/0A");
	CHECK_SLICE(text_slice(&t), "Via: 0,4294967295/0A");
	CHECK(!t.cut);
}

TEST(what_does_not_fit_is_cut_off_and_said)
{
	char buf[9] = "........";
	struct text t = text_in(buf, 5);

	text_str(&t, "abcd");
	CHECK(!t.cut);
	text_u32(&t, 12);
	CHECK(t.cut);
	text_str(&t, "");
	text_format(&t, "x");
	CHECK_STR(buf, "abcd");
	CHECK_MEM(buf + 5, "...", 3);

	t = text_in(buf, 5);
	text_str(&t, "ab");
	text_u32(&t, 345);
	CHECK_STR(buf, "ab34");
	CHECK(t.cut);

	t = text_in(buf, 5);
	text_format(&t, "%s", "abcdef");
	CHECK_STR(buf, "abcd");
	CHECK_EQ(t.n, 4);
	CHECK(t.cut);
	text_str(&t, "g"); /* nothing comes behind a gap */
	CHECK_STR(buf, "abcd");

	t = text_in(buf, 1);
	text_str(&t, "a");
	CHECK_STR(buf, "");
	CHECK(t.cut);
}

TESTS(RUN(a_text_is_put_together), RUN(what_does_not_fit_is_cut_off_and_said))
