/*
 * Tones as text, and as a list of parts: "440+480:2000 0:4000" is two frequencies for two seconds and four of silence, over
 * and over. HZ+HZ sound together, HZxHZ is one that swells and fades as fast as the other says (100 %), 0 is silence;
 * behind the colon is how long, in ms; without it for ever.
 */
#ifndef OH_AUDIO_PATTERN_H
#define OH_AUDIO_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_HZ_MAX    4u
#define PATTERN_PARTS_MAX 256u
#define PATTERN_MS_MAX    3600000u

struct pattern_part {
	uint32_t ms; /* 0: for ever */
	struct {
		double hz;     /* 0: none */
		double weight; /* of the level */
	} tones[PATTERN_HZ_MAX];
};

/* OH_EINVAL (the detail names the place), OH_ETOOMANY (more than cap parts). */
int pattern_parse(const char *text, struct pattern_part *parts, size_t cap, size_t *ret_n);
/* DTMF. OH_EDIGIT, OH_ETOOMANY. */
int pattern_digits(const char *digits, uint32_t duration_ms, uint32_t pause_ms, struct pattern_part *parts,
	size_t cap, size_t *ret_n);

static inline bool pattern_sounds(const struct pattern_part *p)
{
	return p->tones[0].hz > 0;
}

#endif
