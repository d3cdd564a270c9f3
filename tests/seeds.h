/*
 * Random tests whose whole run follows from a seed: many of them, or the one that somebody names.
 *
 *	OFFHOOK_SCHEDULES=n	plays the seeds 1 to n; of long ones, a part of so many
 *	OFFHOOK_SEED=n		plays that one
 *
 * Whatever ends a run, a check or a sanitizer, the line that replays it is printed.
 */
#ifndef OH_TESTS_SEEDS_H
#define OH_TESTS_SEEDS_H

#include "check.h"

struct seeds {
	const char *program; /* below build/, for that line */
	uint64_t n;          /* unless told otherwise */
	unsigned weight;     /* as long as so many of the plain ones: an nth of OFFHOOK_SCHEDULES is played */
};
/* Were as many played as without being told, so that what was exercised can be counted? */
bool seeds_play(const struct seeds *cfg, void (*play)(uint64_t seed));
/* For who plays seeds by himself: this is the one from now on; 0: none. */
void seeds_now(const char *program, uint64_t seed);
/* Such a test in the list of TESTS(), in place of RUN(). */
#define RUN_SEEDS(name) \
	{ \
#name, name, check_before, seeds_after, NULL \
	}
int seeds_after(void **state);

#endif
