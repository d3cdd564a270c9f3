/*
 * What the tones in a call tell about it: that it rings there, that they are busy, that the network is; that something
 * special is to be heard, that a fax is there, that a machine wants to record. By frequencies and by how long tones and
 * pauses last: of one country's network (national.h), or of networks in general (E.180 4-7, and T.30 for fax machines).
 *
 *	spectra (tonal.h) -> runs: so long so many Hz, then so long nothing -> kinds
 *
 * Plain values; the media thread. No allocation.
 */
#ifndef OH_AUDIO_PROGRESS_H
#define OH_AUDIO_PROGRESS_H

#include "audio/national.h"
#include "audio/tonal.h"

enum progress_kind {
	PROGRESS_DIAL = 1,
	PROGRESS_RINGBACK,
	PROGRESS_BUSY,
	PROGRESS_CONGESTION,
	PROGRESS_SIT,
	PROGRESS_FAX_CALLS,   /* CNG: 1,100 Hz (T.30 4.1.2) */
	PROGRESS_FAX_ANSWERS, /* CED or ANS: 2,100 Hz (T.30 4.2.2, V.25) */
	PROGRESS_BEEP,        /* one tone behind speech */
};

struct progress_heard {
	enum progress_kind kind;
	unsigned confidence; /* percent, in steps of 10 */
	uint32_t hz[2];      /* 0: none; at most 4,000 */
	uint32_t on_ms, off_ms;
};

/* As it goes through a ring of reports. */
struct progress_packed {
	uint32_t value, times;
};
struct progress_packed progress_pack(const struct progress_heard *h);
struct progress_heard progress_unpack(struct progress_packed p);

#define PROGRESS_RUNS  8u
#define PROGRESS_PAIRS 4u

/* So long a tone, then so long nothing. */
struct progress_run {
	uint32_t on_ms, off_ms;
	uint32_t sound_ms; /* of off_ms: not silent */
	float hz[2];       /* the lower one first; 0: none */
	bool steady;       /* in level and frequency */
};

/* What a country's tone looks like. */
struct progress_cadence {
	size_t n; /* 0: there is none such */
	float hz[2];
	uint32_t on_ms[PROGRESS_PAIRS], off_ms[PROGRESS_PAIRS];
};

/* The tone that is heard now. */
struct progress_now {
	bool on;
	unsigned hops, misses, changes; /* of 10 ms */
	float power, least, most;       /* mean, and its bounds once it is whole */
	size_t n_ref;
	float ref[2];          /* its frequencies, once what was before has gone from the window */
	float lowest, highest; /* of the stronger one */
	/* Hops with one tone and with two, and the sums of their frequencies, the lower one's first. */
	unsigned singles, pairs;
	float single, pair[2];
};

struct progress {
	struct tonal tonal;
	const struct national *country; /* NULL: any */
	struct progress_cadence cadences[NATIONAL_TONES];
	struct progress_now now;
	unsigned tonal_hops;                     /* in a row, while there is no tone yet */
	struct progress_run runs[PROGRESS_RUNS]; /* newest first; the first one's pause goes on */
	size_t n_runs;
	uint32_t voice_ms;       /* of what is no tone, lately */
	enum progress_kind told; /* not to be told again for now; 0: nothing */
};

typedef void progress_fn(void *arg, const struct progress_heard *h);

void progress_init(struct progress *p);
/* Some samples at a multiple of 8 kHz, at most 20 ms; pcm NULL: silence. country: NULL: any. May call fn. */
void progress_hear(struct progress *p, const struct national *country, uint32_t rate_hz, const int16_t *pcm,
	size_t n, progress_fn *fn, void *arg);

#endif
