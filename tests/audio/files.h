/* Players and recorders on the simulated host; the files are real ones in a directory of the test's own. */
#ifndef OH_TESTS_AUDIO_FILES_H
#define OH_TESTS_AUDIO_FILES_H

#include "check.h"

#include "audio/engine.h"
#include "audio/ports.h"

#include <sndfile.h>

struct world {
	struct sim *sim;
	struct host *host;
	struct engine *engine;
	struct bridge *bridge;
	unsigned ends, nexts, next; /* reports of ends, of next files, the last one's number */
	int end_err;
	uint32_t tag;
	uint64_t ended_at;
	char dir[64], path[128];
};

void world_open(struct world *w, uint32_t rate_hz);
/* With all files in its directory. */
void world_close(struct world *w);
void files_run(struct world *w, unsigned ms);
/* The path of a file in the directory, good until the next one; it is w->path too. */
const char *in_dir(struct world *w, const char *name);

void write_file(const char *path, int format, int rate_hz, int channels, const int16_t *pcm, size_t frames);
/* Up to cap frames, each of as many samples as the file has channels; how many there were. */
size_t read_file(const char *path, int16_t *pcm, size_t cap, SF_INFO *ret_info);
/* Something like speech: syllables of noise, never zero, so that places can be told from each other. */
int16_t *make_speech(size_t n);
/* The amplitude of one frequency in the middle half of a signal, against a full-scale sine of that frequency. */
double amplitude(const int16_t *pcm, size_t n, double hz, double rate);

/* Settings of a player that reports to the world; loops 0: for ever. */
struct player_cfg player_of(struct world *w, const char *const *paths, size_t n, uint32_t loops);
struct player *add_player_of(struct world *w, struct player_cfg *cfg, struct bridge_slot *ret_slot);
struct player *add_player(struct world *w, const char *path, bool loop, struct bridge_slot *ret_slot);
uint64_t position(const struct player *p);

/* A sink that remembers everything. */
struct tape {
	struct port port;
	int16_t *pcm;
	size_t n, cap;
	unsigned silent_frames;
};

struct tape *add_tape(struct world *w, uint32_t rate_hz, struct bridge_slot source);

#endif
