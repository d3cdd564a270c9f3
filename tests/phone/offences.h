/*
 * What a media thread must not do inside a tick: ask for memory, take a lock, wait, log, touch a disk. The C library's
 * functions for that stand here once more, before the library's own, and write down who calls them then.
 *
 * A tick lasts from the moment when the ticker's wait ends by the clock (or that of a helper by a word) until the
 * thread waits again. Not for builds with a sanitizer: those have functions of their own in this place.
 */
#ifndef OH_TESTS_OFFENCES_H
#define OH_TESTS_OFFENCES_H

#include <stddef.h>

/* Forgets what was written down. */
void offences_forget(void);
/* How many there were since, and how many ticks. */
size_t offences(void);
size_t offence_ticks(void);
/* Is an offence of this name among them? */
int offences_have(const char *name);
/* Who, with the way there, to stderr. */
void offences_print(void);
/* For what is no function of the C library: written down when the calling thread is inside a tick. */
void offence(const char *name);

#endif
