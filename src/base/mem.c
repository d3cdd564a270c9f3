#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic size_t live;
static _Atomic uint64_t fail_in;

/* Has the test's turn come? Only one allocation fails, even when several threads count down. */
static int must_fail(void)
{
	uint64_t left = atomic_load_explicit(&fail_in, memory_order_relaxed);

	while (left > 0)
		if (atomic_compare_exchange_weak_explicit(
			    &fail_in, &left, left - 1, memory_order_relaxed, memory_order_relaxed))
			return left == 1;
	return 0;
}

static void *counted(void *p)
{
	if (p)
		atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return p;
}

void *mem_alloc(size_t n)
{
	return must_fail() ? NULL : counted(malloc(n ? n : 1));
}

void *mem_zalloc(size_t n)
{
	return must_fail() ? NULL : counted(calloc(1, n ? n : 1));
}

void *mem_realloc(void *p, size_t n)
{
	if (!p)
		return mem_alloc(n);
	/* Never realloc(p, 0): what that means changed between C standards. */
	return must_fail() ? NULL : realloc(p, n ? n : 1);
}

void mem_free(void *p)
{
	if (!p)
		return;
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	free(p);
}

char *mem_strdup(const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0;
	char *copy = text ? mem_alloc(n) : NULL;

	if (copy)
		memcpy(copy, text, n);
	return copy;
}

size_t mem_live(void)
{
	return atomic_load_explicit(&live, memory_order_relaxed);
}

void mem_fail_at(uint64_t n)
{
	atomic_store_explicit(&fail_in, n, memory_order_relaxed);
}

int mem_fail_armed(void)
{
	return atomic_load_explicit(&fail_in, memory_order_relaxed) > 0;
}
