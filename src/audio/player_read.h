/*
 * What the disk side of a player does: files, one after another or round and round, as one stream of samples at the
 * bridge's rate. From file to file no sample is missing and none is added; where both have the same rate the filter
 * between rates does not even notice. One file is open at a time.
 *
 * Threads: one at a time (the disk thread); what describes the files never changes and may be read anywhere.
 */
#ifndef OH_AUDIO_PLAYER_READ_H
#define OH_AUDIO_PLAYER_READ_H

#include "audio/soundfile.h"

struct reader;

#define READER_FILES_MAX 1000u

struct reader_cfg {
	const char *const *paths; /* 1..READER_FILES_MAX; copied */
	size_t n_paths;
	struct soundfile_read_cfg how; /* but for its path */
	uint32_t loops;                /* so many rounds, 0: for ever */
	uint32_t rate_hz;              /* of what comes out */
};

struct reader_file {
	char *path;
	uint64_t length; /* in its own samples, 0: unknown */
	uint32_t rate_hz;
	unsigned channels;
	enum sound_format format;
};

/* Every file is opened once: what is wrong with any of them is known at once. OH_EINVAL (no or too many paths) and as
 * soundfile_open_read(). */
int reader_new(const struct reader_cfg *cfg, struct reader **ret_reader);
/* Returns NULL; NULL is harmless. */
struct reader *reader_free(struct reader *r);

size_t reader_n_files(const struct reader *r);
const struct reader_file *reader_file(const struct reader *r, size_t file);

/* Goes on from there, with all rounds before it; behind the end is the end. */
void reader_seek(struct reader *r, size_t file, uint64_t frame);

struct reader_place {
	size_t file;
	uint64_t position; /* in the file's own samples, behind the last sample that was read */
	bool ended;        /* that was all */
	int err;           /* at the end: why it was no good one; else 0 */
};
/* Up to n samples, fewer only at the end; n is at most READER_MAX. */
size_t reader_read(struct reader *r, int16_t *pcm, size_t n, struct reader_place *ret_place);
#define READER_MAX 480u

#endif
