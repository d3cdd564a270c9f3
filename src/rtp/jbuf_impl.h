/* Between jbuf.c (store, time line, playing), jbuf_policy.c (when the line moves against the clock) and jbuf_scale.c
 * (how it does); and stream_pass.c, which hands on what is in a store. */
#ifndef OH_RTP_JBUF_IMPL_H
#define OH_RTP_JBUF_IMPL_H

#include "rtp/jbuf.h"

#define MS_NS 1000000ull

static inline struct jbuf_cell *cell(const struct jbuf *j, uint16_t i)
{
	return &j->room.cells[i / JBUF_ROW * j->room.step + i % JBUF_ROW];
}

static inline uint32_t ts_of_ms(const struct jbuf *j, uint32_t ms)
{
	return j->dec.clock_hz / 1000 * ms;
}

static inline uint32_t ts_of_samples(const struct jbuf *j, size_t n)
{
	return (uint32_t)((uint64_t)n * j->dec.clock_hz / j->dec.rate_hz);
}

static inline size_t samples_of_ts(const struct jbuf *j, uint32_t ts)
{
	return (size_t)((uint64_t)ts * j->dec.rate_hz / j->dec.clock_hz);
}

/* A sample, or what the clock counts for several. */
static inline uint32_t ts_of_one(const struct jbuf *j)
{
	return j->dec.clock_hz > j->dec.rate_hz ? j->dec.clock_hz / j->dec.rate_hz : 1;
}

/* The smallest number of samples that the clock can count. */
static inline uint32_t samples_at_least(const struct jbuf *j)
{
	return j->dec.rate_hz > j->dec.clock_hz ? j->dec.rate_hz / j->dec.clock_hz : 1;
}

/* From a to b along the circle of time stamps. */
static inline int32_t ts_diff(uint32_t b, uint32_t a)
{
	return (int32_t)(b - a);
}

/* Time stamp units from the playing point to the end of what is buffered, the decoded rest included. */
uint32_t jbuf_depth_ts(const struct jbuf *j);
/* FILLING: the line begins at at_ns. */
void jbuf_begin(struct jbuf *j, uint64_t at_ns);
/* What is wholly behind the playing point can only be there because its sender lets time stamps overlap. */
void jbuf_drop_past(struct jbuf *j);
/* Handing: from here on it is samples again. */
void jbuf_stop_handing(struct jbuf *j);
/* Nothing was handed out lately. */
void jbuf_forget(struct jbuf *j);
/* Takes the first packet off the line; its cells stay taken. */
uint16_t jbuf_take_first(struct jbuf *j);
/* A packet's cells are free. */
void jbuf_return(struct jbuf *j, uint16_t i);
/* Both. */
void jbuf_drop_first(struct jbuf *j);
/* A packet's payload in one piece: where it lies, or gathered into buf. */
const uint8_t *jbuf_payload(const struct jbuf *j, uint16_t i, uint8_t buf[CODEC_FRAME_MAX]);

/* What to do with a packet that a line in PLAYING meets. */
enum jbuf_verdict { JBUF_TAKE, JBUF_STRETCH, JBUF_TOO_LATE, JBUF_TOO_EARLY, JBUF_BEGIN_ANEW };
enum jbuf_verdict jbuf_judge(struct jbuf *j, const struct jbuf_packet *p);
/* A time line begins with this packet. */
void jbuf_policy_fill(struct jbuf *j, const struct jbuf_packet *p);
/* FILLING: how far into this tick the line begins, in ms; tick_ms: not in it. */
uint32_t jbuf_begins_in(const struct jbuf *j, uint64_t now_ns);
/* The line begins at at_ns. */
void jbuf_policy_begin(struct jbuf *j, uint64_t at_ns);
/* PLAYING, before a tick: skips or ends the line when it is time to. */
void jbuf_before_tick(struct jbuf *j);
/* By how many samples should the line move in this tick? Positive: more delay, at least so much; negative: less, at
 * most so much. */
int32_t jbuf_wish(struct jbuf *j, uint64_t now_ns);
/* Is the place that was found good enough to move there by lag samples? */
bool jbuf_accept(struct jbuf *j, int32_t wish, double likeness);
/* Moves the playing point; ts positive: skips (less delay). */
void jbuf_move(struct jbuf *j, int32_t ts);
/* The line has been moved by so many microseconds; positive: more delay. */
void jbuf_moved(struct jbuf *j, int64_t us);

/* Is so much buffered without a gap? */
bool jbuf_has(const struct jbuf *j, uint32_t ts);
bool jbuf_play(struct jbuf *j, int16_t *pcm, size_t n);
/* n samples, the last that were played, are to be played again. */
void jbuf_unplay(struct jbuf *j, const int16_t *pcm, size_t n);
/* A tick with the line moved by about `wish` samples if that can be done well; n samples. */
bool jbuf_play_scaled(struct jbuf *j, int32_t wish, int16_t *pcm, size_t n);

#endif
