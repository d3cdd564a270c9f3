/*
 * Is what was heard what was said? Two recordings are brought to 8 kHz, the telephone's band, and compared
 * second by second: each piece of the first is looked for in the second around the common delay, so that one
 * slipped frame does not spoil the rest.
 */
#ifndef OFFHOOK_CMD_CORRELATE_H
#define OFFHOOK_CMD_CORRELATE_H

struct likeness {
	double correlation; /* normalised, energy-weighted over the pieces: 1 = the same, 0 = unrelated */
	double level_db;    /* heard against said */
	double delay_s;     /* of the heard recording */
	double seconds;     /* how much speech was compared */
};

/* 0 on success; else a sentence is in `ret_why` (static text). */
int compare_wavs(
	const char *said_path, const char *heard_path, struct likeness *ret_likeness, const char **ret_why);

#endif
