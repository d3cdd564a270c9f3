/*
 * The program's own place on the bridge: it writes 16-bit samples that others hear, and reads what others say, at a rate of
 * its own. Two queues lie between the program's threads and the media thread:
 *
 *	program --write--> play queue --pull--> bridge      full: the writer waits or gets a short count
 *	program <--read--- heard queue <--push-- bridge     full: the oldest goes, and is counted
 *
 * Positions are counts of samples since the port began, at its own rate. Of what was written each sample is queued, heard
 * (the bridge has taken it) or cleared, and nothing else: written == queued + heard + cleared.
 *
 * Threads: one lock each keeps writers and readers among themselves apart; the media thread takes none, it leaves a word
 * and rings a bell (an eventfd). Counted, because a thread may still be inside when the port goes.
 */
#ifndef OH_AUDIO_PROGRAM_H
#define OH_AUDIO_PROGRAM_H

#include "audio/port.h"
#include "host/host.h"

#include <stdatomic.h>
#include <stdint.h>

struct program;

#define PROGRAM_QUEUE_MS_MAX 60000u
#define PROGRAM_MARKS_MAX    128u

struct program_cfg {
	struct host *host;          /* borrowed */
	uint32_t rate_hz;           /* 8000, 16000, 24000, 32000 or 48000 */
	uint32_t tick_ms;           /* of the bridge */
	uint32_t play_ms, heard_ms; /* the queues, at least two ticks */
	bool tell;                  /* MEDIA_AUDIO_READABLE and _WRITABLE are reported too */
	uint32_t tag;
	media_report_fn *report;
	void *report_arg;
};

/* Two references are made: the port's, given back by its ops->free, and the caller's. OH_EINVAL, OH_ENOMEM, a wrapped errno. */
int program_new(const struct program_cfg *cfg, struct program **ret_program, struct port **ret_port);
struct program *program_ref(struct program *a);
/* Any thread. Returns NULL; NULL is harmless. */
struct program *program_unref(struct program *a);
/* Nobody waits in it any longer: readers and writers get `why` when nothing is left for them. Any thread; once. */
void program_end(struct program *a, int why);

/* ---- any thread of the program; wait_ms: 0 = not, negative = without limit ---- */

/* Queues n samples; returns how many were, or the reason of program_end(). Waits while the queue is full. */
long program_write(struct program *a, const int16_t *pcm, size_t n, int wait_ms);

struct program_heard {
	uint64_t position; /* of the first sample that was read */
	uint64_t dropped;  /* samples that were lost right before it */
};
/* Reads up to n samples; waits until there are n, or the time is over; returns how many, or the reason of program_end() when
 * nothing is left. More than the queue holds is read in parts, while they come; where some were lost between two, or another
 * reader took them, it ends. */
long program_read(struct program *a, int16_t *pcm, size_t n, int wait_ms, struct program_heard *ret_heard);

/* What is queued is dropped, but for a fade of at most one tick; in force with the next tick. Returns how much was queued. */
uint64_t program_clear(struct program *a, uint32_t fade_ms);
/* Reports MEDIA_AUDIO_MARK with this number when all that was written before has been heard or cleared. OH_ETOOMANY. */
int program_mark(struct program *a, uint32_t number);
void program_pause(struct program *a, bool paused);
/* Readable while samples wait after a read that wanted more / while there is room after a write that found none. */
int program_fd_read(const struct program *a);
int program_fd_write(const struct program *a);
/* The program was told that it may read (or write): it is told anew after its next read (or write). */
void program_told(struct program *a, bool readable);

struct program_ledger {
	uint64_t written, heard, cleared, queued; /* of what the program says */
	uint64_t captured, read, dropped;         /* of what others say */
	uint64_t ran_dry; /* times that the play queue became empty while it was heard */
	/* From the last tick of the others' speech to the first of the program's answer. */
	uint64_t turns;
	uint64_t turn_last_ns, turn_sum_ns, turn_max_ns;
};
void program_ledger(struct program *a, struct program_ledger *ret_ledger);

#endif
