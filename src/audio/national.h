/* The tones of telephone networks by country (ITU-T E.180, Supplement 2). */
#ifndef OH_AUDIO_NATIONAL_H
#define OH_AUDIO_NATIONAL_H

#include "base/slice.h"

enum national_tone {
	NATIONAL_DIAL,
	NATIONAL_RINGBACK,
	NATIONAL_BUSY,
	NATIONAL_CONGESTION,
	NATIONAL_CALL_WAITING,
	NATIONAL_SIT,
	NATIONAL_TONES
};

struct national {
	char country[3];                   /* ISO 3166, small letters */
	const char *tones[NATIONAL_TONES]; /* as pattern_parse() takes them */
};

/* NULL: there is no such country in the list. "uk" is "gb", case does not count. */
const struct national *national_find(struct slice country);
/* By number, from 0; NULL: no more. */
const struct national *national_at(size_t i);

#endif
