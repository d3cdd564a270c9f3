/*
 * The jitter buffer: packets in, one tick of PCM out. It orders packets by time stamp, decodes them when
 * their time has come, conceals what is missing, and keeps the delay near its target.
 *
 * Time line. The first packet starts it: it plays in the first tick that is `target` after its arrival. From
 * there on a tick plays the time stamps that follow; what is not there is concealed and the line goes on. So
 * a packet that arrived before its tick is played in that tick, and on a clean wire the delay is the distance
 * to the next tick.
 *
 * Policy (jbuf_policy.c). The line goes for the place where jitter.h says that it covers what the network does at the
 * least delay, between the bounds of its owner:
 *   - it moves there by time-scaling (jbuf_scale.c): a period of the voice goes in or out of a tick, or any length
 * where it is quiet, and all other samples stay what they were;
 *   - starved, and then the packets come: the line waits for them, and what was concealed meanwhile was a stretch;
 *   - far too much is buffered (a stalled machine), or packets are late tick after tick, or two in sequence
 * are far in the future: the line starts anew.
 * On a wire without jitter it stands still where it began.
 *
 * Conservation, at every moment: put == played + late + duplicate + full + invalid + early + buffered.
 *
 * Payloads are kept encoded in cells of a fixed store; a G.711 packet of 20 ms takes one cell and longer ones
 * are chained. Cells are taken last-returned-first, so a quiet buffer touches one or two of them; where they are is
 * jbuf_shelf.h's.
 *
 * One thread (media). No allocation after jbuf_init().
 */
#ifndef OH_RTP_JBUF_H
#define OH_RTP_JBUF_H

#include "codec/codec.h"
#include "rtp/jbuf_shelf.h"
#include "rtp/jitter.h"
#include "rtp/parcel.h"
#include "rtp/plc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JBUF_CELLS      64u
#define JBUF_CELL_BYTES 168u
#define JBUF_SPAN_MS    1000u /* a packet further ahead is early; starved for longer, the line ends */
#define JBUF_EXCESS_MS  200u  /* buffered above target: start anew */
#define JBUF_WAIT_MS    300u  /* starved, the line waits for a packet that is not later than this */
#define JBUF_RESERVE_MS 2u    /* the smallest target: a tick may come this much too soon */
#define JBUF_MOST_MS    300u  /* the largest that an owner without a wish gets */
#define JBUF_NO_CELL    0xffffu

struct jbuf_packet {
	const uint8_t *data;
	size_t n;
	uint32_t ts;
	uint32_t span;  /* in time stamp units, at least 1 */
	uint64_t at_ns; /* arrival */
	uint8_t codec;  /* handed to decode() */
	bool marker;    /* a talk spurt begins */
};

struct jbuf_cell {
	uint16_t next_part, next_packet; /* of one payload; in order of time */
	uint16_t n;                      /* bytes of the whole payload, in its first cell */
	uint8_t codec;
	bool marker;
	uint32_t ts, span;
	uint64_t at_ns;
	uint8_t data[JBUF_CELL_BYTES];
};

struct jbuf_stats {
	uint64_t put, played, late, duplicate, full, invalid, early, buffered;
	uint64_t concealed;      /* ticks with something concealed */
	uint64_t stretched, cut; /* times the line was moved to more delay, to less */
	uint64_t waited_us;      /* concealed while the line waited for packets that then came */
	uint64_t restarts;
};

/* How packets become samples; the owner's. */
struct jbuf_decoder {
	/* As codec.decode. */
	long (*decode)(void *arg, uint8_t codec, const uint8_t *data, size_t n, int16_t *pcm, size_t cap);
	/* As codec.conceal of what was decoded last; `codec` is that of gap->next. False: it cannot. */
	bool (*conceal)(void *arg, uint8_t codec, const struct codec_gap *gap, int16_t *pcm, size_t n);
	void *arg;
	uint32_t clock_hz, rate_hz; /* whole multiples of one another */
	int16_t *spill;             /* room for one decoded packet */
	size_t spill_cap;
};

enum jbuf_state {
	JBUF_EMPTY,   /* no time line */
	JBUF_FILLING, /* the first packet is there, its tick is not */
	JBUF_PLAYING,
};

struct jbuf {
	enum jbuf_state state;
	uint32_t tick_ms, min_ms, max_ms;
	struct jbuf_decoder dec;
	struct jbuf_stats stats;

	uint16_t first, last, free_cell, fresh; /* packets by time; returned cells; cells never used yet */
	uint16_t n_free;
	uint16_t past, past_last, past_cells; /* packets that were handed out lately, oldest first */

	uint64_t first_at_ns; /* arrival of the packet that starts the line */
	uint32_t first_span;
	uint32_t play_ts;  /* the next sample to play */
	uint32_t heard_ts; /* end of what was really played */
	size_t spill_at, spill_n;
	bool made_up;        /* of the last tick, some was concealed */
	bool starved;        /* the last tick ended without anything buffered */
	uint32_t starved_ts; /* for how long */
	bool whole;          /* set by the owner's wish for packets: the line goes to where one begins */
	bool handing;        /* the last tick was packets */
	uint8_t ahead_ms;    /* while it is: what has been handed out beyond the playing point */
	bool excused; /* set by the owner: the sender is busy with something else, nothing is missing */

	/* policy */
	bool late_since_get, reconsider, scaling;
	uint8_t late_ticks, early_run, patience; /* ticks that were no good place to scale */
	/* How late a packet may be against the quickest: what the line goes for. As transits (jitter.h), in us:
	 * where the line stands, the earliest it stood in this block, where it should. */
	int32_t cover, line, line_least, want;

	struct jbuf_shelves *shelves;
	struct jbuf_room room;
	struct jitter jitter;
	struct plc plc; /* last: long */
};

struct jbuf_cfg {
	struct jbuf_shelves *shelves; /* borrowed: where its cells are; NULL: in a block of its own */
	uint32_t tick_ms;
	/* The delay moves between these; the same twice: fixed. min_ms below JBUF_RESERVE_MS: that; max_ms 0: JBUF_MOST_MS. */
	uint32_t min_ms, max_ms;
};

/* OH_ENOMEM. */
int jbuf_init(struct jbuf *j, const struct jbuf_cfg *cfg);
void jbuf_free(struct jbuf *j);

/* New codecs. Another clock or rate ends the time line. */
void jbuf_bind(struct jbuf *j, const struct jbuf_decoder *dec);
/* The time line ends (new source, no longer receiving); what is buffered counts as late. */
void jbuf_restart(struct jbuf *j);

void jbuf_put(struct jbuf *j, const struct jbuf_packet *p);
/* One tick of n samples. False: silence (pcm is zeroed). */
bool jbuf_get(struct jbuf *j, uint64_t now_ns, int16_t *pcm, size_t n);

/*
 * One tick as packets (jbuf_hand.c): p says what is wanted. False: not in this tick, and jbuf_get() has its samples.
 * The owner clears `whole` when it asks no more.
 */
bool jbuf_hand(struct jbuf *j, uint64_t now_ns, struct parcel *p);
/* The payload of a packet in the store, in one piece: at most CODEC_FRAME_MAX bytes. Returns how many. */
size_t jbuf_copy(const struct jbuf *j, uint16_t cell, uint8_t *to);

/* Is the whole next tick buffered without a gap? Then nothing that still waits in the socket is needed for
 * it. */
bool jbuf_has_tick(const struct jbuf *j);
uint32_t jbuf_depth_ms(const struct jbuf *j);
/* How late a packet may be at the place that the line goes for. */
uint32_t jbuf_target_ms(const struct jbuf *j);

#endif
