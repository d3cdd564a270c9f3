/*
 * What the network does to the time of packets, and how much of it a buffer should cover.
 *
 * A packet's transit is its arrival against its time stamp, from any origin. What matters is how much later than the
 * quickest of its neighbours it comes: each block of a third of a second is measured against its own quickest packet,
 * so that a route that becomes longer or shorter, or a clock that drifts, is no jitter. The excess goes into a histogram
 * that forgets within a quarter of a minute.
 *
 * Which cover is best weighs delay against damage: JITTER_WORTH_US is how much longer a listener waits to be spared one
 * packet in a hundred, and a hole of more than a packet counts for some. So steady jitter is covered whole, and a rare
 * spike of 200 ms is not waited for all the time.
 *
 * Plain arithmetic on what it is given; the owner's thread. Times in microseconds unless they say ns.
 */
#ifndef OH_RTP_JITTER_H
#define OH_RTP_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JITTER_BINS      128u
#define JITTER_BIN_US    2000
#define JITTER_BLOCK_NS  320000000ull
#define JITTER_BLOCK_MAX 40u /* packets of one that are looked at */
#define JITTER_WORTH_US  30000
#define JITTER_HOLE_US \
	20000           /* late by more than this, a packet leaves a hole that no concealment fills well */
#define JITTER_HOLE   5 /* packets that such a one counts for */
#define JITTER_RECENT 4u

struct jitter {
	uint32_t clock_hz;
	uint32_t ref_ts;
	uint64_t ref_ns;
	uint64_t block_end_ns;
	uint16_t n_block, top;         /* top: the highest bin that holds something */
	uint16_t n_recent;             /* packets seen, up to JITTER_RECENT */
	int32_t least, before[3];      /* the quickest of this block and of those before it */
	int32_t recent[JITTER_RECENT]; /* transit of the last ones */
	uint32_t weight;               /* of the whole histogram */
	int32_t block[JITTER_BLOCK_MAX];
	uint16_t bins[JITTER_BINS];  /* packets by excess */
	uint16_t worst[JITTER_BINS]; /* blocks by the excess of their latest packet */
};

/* Where the line may stand: at `cover` and whole `step`s above and below it. */
struct jitter_choice {
	int32_t cover; /* how late a packet may be now, against the quickest, and still be played */
	int32_t step;
	int32_t wanted;      /* what was chosen last; stays unless another one is clearly better */
	int32_t least, most; /* most: no more than one step above it */
};

void jitter_init(struct jitter *j, uint32_t clock_hz);
/* A new time line: transits have another origin. The histogram stays. */
void jitter_begin(struct jitter *j, uint32_t ts, uint64_t at_ns);
int32_t jitter_transit(const struct jitter *j, uint32_t ts, uint64_t at_ns);
/* True: a block has ended, and another choice may be better now. */
bool jitter_packet(struct jitter *j, uint32_t ts, uint64_t at_ns);
/* Transit of the quickest packets of the last second. */
int32_t jitter_base(const struct jitter *j);
/* The slowest of the last few packets. */
int32_t jitter_newest(const struct jitter *j);
/* The cover to go for. */
int32_t jitter_choose(const struct jitter *j, const struct jitter_choice *c);

#endif
