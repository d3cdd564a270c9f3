#include "check.h"

#include "base/arena.h"
#include "base/slice.h"
#include "offhook/error.h"

TEST(letters_compare_without_case_and_other_bytes_as_they_are)
{
	static const struct {
		const char *a, *b;
		int order;
	} rows[] = {
		{"Via", "vIA", 0},
		{"", "", 0},
		{"a", "B", -1},
		{"b", "A", 1},
		{"ab", "a", 1},
		{"a", "ab", -1},
		{"[", "{", -1},
		{"@", "`", -1},
		{"\xc3", "\xe3", -1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice a = slice_of(rows[i].a), b = slice_of(rows[i].b);
		int order = slice_icmp(a, b);

		CHECK_EQ((order > 0) - (order < 0), rows[i].order);
		CHECK_EQ(slice_ieq(a, b), rows[i].order == 0);
	}
	CHECK(slice_eq(SLICE_NONE, slice_make("x", 0)));
	CHECK(!slice_eq(slice_of("a"), slice_of("A")));
}

TEST(pieces_of_a_slice)
{
	CHECK_SLICE(slice_trim(slice_of(" \t a b\r\n")), "a b");
	CHECK_SLICE(slice_trim(slice_of(" \t ")), "");
	CHECK(!slice_present(slice_trim(SLICE_NONE)));
	CHECK_SLICE(slice_skip(slice_of("abc"), 2), "c");
	CHECK_SLICE(slice_skip(slice_of("abc"), 9), "");
	CHECK(!slice_present(slice_skip(SLICE_NONE, 3)));
	CHECK_EQ(slice_index(slice_of("a:b:c"), ':'), 1);
	CHECK_EQ(slice_index(slice_of("abc"), ':'), 3);
	CHECK_EQ(slice_index(SLICE_NONE, ':'), 0);
	CHECK(slice_starts(slice_of("sip:a"), slice_of("sip:")));
	CHECK(slice_starts(slice_of("sip:a"), SLICE_NONE));
	CHECK(!slice_starts(slice_of("sip"), slice_of("sip:")));
}

TEST(numbers_are_digits_and_nothing_else)
{
	static const struct {
		const char *text;
		uint64_t max;
		int err;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0, 0},
		{"00017", 20, 0, 17},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, OH_ERANGE, 0},
		{"99999999999999999999999999", UINT64_MAX, OH_ERANGE, 0},
		{"70", 69, OH_ERANGE, 0},
		{"69", 69, 0, 69},
		{"7", 6, OH_ERANGE, 0},
		{"7", 0, OH_ERANGE, 0},
		{"", 9, OH_EINVAL, 0},
		{"-1", 9, OH_EINVAL, 0},
		{"+1", 9, OH_EINVAL, 0},
		{" 1", 9, OH_EINVAL, 0},
		{"1x", 9, OH_EINVAL, 0},
		{"999x", 9, OH_EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value = 4711;

		CHECK_EQ(slice_to_u64(slice_of(rows[i].text), rows[i].max, &value), rows[i].err);
		CHECK_EQ(value, rows[i].err ? 4711 : rows[i].value);
	}
}

TEST(a_copy_is_terminated)
{
	char *copy = slice_dup(slice_make("hello world", 5));

	CHECK_STR(copy, "hello");
	mem_free(copy);
	CHECK(slice_dup(SLICE_NONE) == NULL);
}

TEST(an_arena_uses_its_buffer_first_and_respects_its_limit)
{
	char buf[64];
	struct arena a;
	size_t blocks = mem_live();
	char *p, *q;

	arena_init(&a, buf, sizeof(buf), 5000);
	p = arena_zalloc(&a, 8);
	CHECK(p >= buf && p < buf + sizeof(buf));
	q = arena_zalloc(&a, 0);
	CHECK(q && q != p);
	CHECK_EQ(mem_live(), blocks);
	p = arena_zalloc(&a, 3000);
	CHECK(p != NULL);
	CHECK_EQ((uintptr_t)p % _Alignof(max_align_t), 0);
	for (size_t i = 0; i < 3000; i++)
		CHECK_EQ(p[i], 0);
	CHECK(arena_zalloc(&a, 3000) == NULL);
	CHECK(arena_zalloc(&a, SIZE_MAX) == NULL);
	CHECK(arena_zalloc(&a, 2000) != NULL);
	arena_free(&a);
	CHECK(arena_zalloc(&a, 3000) != NULL);
	mem_fail_at(1);
	CHECK(arena_zalloc(&a, 1000) == NULL);
	arena_free(&a);
}

TESTS(RUN(letters_compare_without_case_and_other_bytes_as_they_are), RUN(pieces_of_a_slice),
	RUN(numbers_are_digits_and_nothing_else), RUN(a_copy_is_terminated),
	RUN(an_arena_uses_its_buffer_first_and_respects_its_limit))
