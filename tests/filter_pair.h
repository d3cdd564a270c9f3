/*
 * Two filters face to face, without a network: what one hands down is kept until it is carried to the other, whole or in
 * pieces of any size.
 */
#ifndef OH_TESTS_FILTER_PAIR_H
#define OH_TESTS_FILTER_PAIR_H

#include "base/filter.h"

struct filter_end {
	struct filter *f; /* freed by filter_end_close() */
	struct {
		char *p; /* terminated, for texts */
		size_t n;
	} down, up;        /* sent and not carried yet; payload understood so far */
	unsigned messages; /* times that the door for payload was called */
};

/* Takes f. The error of filter_start(). */
int filter_end_start(struct filter_end *e, struct filter *f);
void filter_end_close(struct filter_end *e);
/* Forgets the payload of so far. */
void filter_end_clear(struct filter_end *e);

/* What `from` has sent reaches `to`, `piece` bytes at a time (0: at once). False: there was nothing. */
bool filter_carry(struct filter_end *from, struct filter_end *to, size_t piece);
/* To and fro until nobody has anything to say; at most 100 times. */
void filter_talk(struct filter_end *a, struct filter_end *b, size_t piece);

#endif
