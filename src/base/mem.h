/*
 * Every allocation of the library passes here: one place to count, and one place where a test makes the n-th
 * allocation fail. Callable from any thread; never called from the media tick.
 */
#ifndef OH_BASE_MEM_H
#define OH_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* As malloc, calloc(1, n), realloc and free. NULL when memory is out or the test's turn has come. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);
void mem_free(void *p);

/* A terminated copy of text; NULL when memory is out or text is NULL. */
char *mem_strdup(const char *text);

/* Blocks now alive in the process: a test compares before and after. */
size_t mem_live(void);

/* Test hook: the n-th allocation from now fails (1 = the next one), once. 0 disarms. The return value of
 * mem_fail_armed() says whether the failure is still to come, so that a loop over n knows when to stop. */
void mem_fail_at(uint64_t n);
int mem_fail_armed(void);

#endif
