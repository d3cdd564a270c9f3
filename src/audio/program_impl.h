/* Inside of the program's port, for program*.c only. */
#ifndef OH_AUDIO_PROGRAM_IMPL_H
#define OH_AUDIO_PROGRAM_IMPL_H

#include "audio/program.h"
#include "base/ring.h"

#include <pthread.h>

struct mark {
	uint64_t at; /* position */
	uint32_t number;
};

/* What others say. The media thread always writes, over the oldest if need be; a reader that was overtaken while it copied
 * sees it by `claimed` and copies again. */
struct heard_queue {
	_Atomic int16_t *slots;
	uint64_t mask;
	_Atomic uint64_t claimed; /* the media thread may have written up to here */
	_Atomic uint64_t head;    /* and has, up to here */
	uint64_t tail;            /* reader; under its lock */
};

/* One side's bell: `waits` is set by who found nothing and cleared by who rings. */
struct bell {
	int fd;
	_Atomic bool waits, told;
};

struct program {
	struct port port; /* first */
	struct program_cfg cfg;
	_Atomic unsigned refs;
	_Atomic int end; /* 0: none yet */

	/* Program to bridge. */
	pthread_mutex_t write_lock;
	struct ring play, marks;
	struct bell room;
	_Atomic uint64_t written;
	_Atomic uint64_t clear_to;
	_Atomic uint32_t clear_fade; /* samples */
	_Atomic bool paused;

	/* Bridge to program. */
	pthread_mutex_t read_lock;
	struct heard_queue heard;
	struct bell frames;
	_Atomic uint64_t read, dropped;

	/* Media thread writes, anybody reads. `turn` is odd while consumed and cleared do not fit each other. */
	_Atomic uint32_t turn;
	_Atomic uint64_t consumed, cleared, ran_dry;
	_Atomic uint64_t turns, turn_last_ns, turn_sum_ns, turn_max_ns;
	/* Media thread only. */
	struct mark mark;
	bool has_mark, playing;
	uint64_t speech_ns; /* of the others, last; 0: none since our last answer */
	uint64_t floor;     /* energy of a sample when nobody speaks */
};

/* program_tick.c */
extern const struct port_ops program_ops;
void bell_ring(struct bell *b);

#endif
