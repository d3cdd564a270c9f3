/*
 * What a C test looks like here. cmocka underneath.
 *
 *	TEST(name_that_tells_the_story) { CHECK_EQ(1 + 1, 2); }
 *	TESTS(RUN(name_that_tells_the_story))
 *
 * Every test runs in a group that fails when blocks of mem.h, file descriptors or threads are left over.
 */
#ifndef OH_TESTS_CHECK_H
#define OH_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/slice.h"

/* Under a sanitizer all takes many times as long: what is long takes a shorter way then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECK_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHECK_SANITIZED true
#endif
#endif
#ifndef CHECK_SANITIZED
#define CHECK_SANITIZED false
#endif

#define TEST(name) static void name(__attribute__((unused)) void **check_state)

#define CHECK(cond)        assert_true(cond)
#define CHECK_EQ(a, b)     assert_int_equal((long long)(a), (long long)(b))
#define CHECK_OK(expr)     assert_int_equal((long long)(expr), 0)
#define CHECK_STR(a, b)    assert_string_equal((a), (b))
#define CHECK_MEM(a, b, n) assert_memory_equal((a), (b), (n))
/* A slice against a C string. */
#define CHECK_SLICE(s, text) check_slice((s), (text), __FILE__, __LINE__)

void check_slice(struct slice s, const char *text, const char *file, int line);

/* Setup and teardown of every test: counts blocks, /proc/self/fd and /proc/self/task before and after. */
int check_before(void **state);
int check_after(void **state);
/* Waits until there are no more threads than before the test: one that nobody joins has gone. */
void check_threads_gone(void);

#define RUN(name) \
	{ \
#name, name, check_before, check_after, NULL \
	}
#define TESTS(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = {__VA_ARGS__}; \
		int failed; \
\
		check_tap_begin(); \
		failed = cmocka_run_group_tests(tests, NULL, NULL); \
		check_tap_end(); \
		return failed; \
	}

/* For TESTS(): standard output as readers of TAP expect it. A test that cannot run prints the reason as a comment
 * (print_message("# no such data\n")) and calls skip(). */
void check_tap_begin(void);
void check_tap_end(void);

/* The n-th allocation fails, for n = 1, 2, 3, ...: story(arg) must return an error or 0 and leave nothing behind;
 * ends when a run passes without the failure having come. */
void check_every_allocation_fails(int (*story)(void *arg), void *arg);

/* The first descriptor from `from` on that is a ring of the kernel (io_uring); -1: there is none. */
int check_ring(int from);

/* Path of a file under the torture data, or NULL when the data is absent (then the test skips with the reason). */
const char *check_data_path(const char *relative, char *buf, size_t size);

#endif
