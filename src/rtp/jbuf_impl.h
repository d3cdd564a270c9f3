/* Between jbuf.c (store, time line, playing) and jbuf_policy.c (when the line moves against the clock). */
#ifndef OH_RTP_JBUF_IMPL_H
#define OH_RTP_JBUF_IMPL_H

#include "rtp/jbuf.h"

#define MS_NS 1000000ull

static inline struct jbuf_cell *cell(const struct jbuf *j, uint16_t i)
{
	return &j->cells[i];
}

static inline uint32_t ts_of_ms(const struct jbuf *j, uint32_t ms)
{
	return j->dec.clock_hz / 1000 * ms;
}

static inline uint32_t ts_of_samples(const struct jbuf *j, size_t n)
{
	return (uint32_t)(n / (j->dec.rate_hz / j->dec.clock_hz));
}

static inline size_t samples_of_ts(const struct jbuf *j, uint32_t ts)
{
	return (size_t)ts * (j->dec.rate_hz / j->dec.clock_hz);
}

/* From a to b along the circle of time stamps. */
static inline int32_t ts_diff(uint32_t b, uint32_t a)
{
	return (int32_t)(b - a);
}

/* Time stamp units from the playing point to the end of what is buffered, the decoded rest included. */
uint32_t jbuf_depth_ts(const struct jbuf *j);
/* Takes the first packet out of the store. */
void jbuf_drop_first(struct jbuf *j);

/* What to do with a packet that a line in PLAYING meets. */
enum jbuf_verdict { JBUF_TAKE, JBUF_STRETCH, JBUF_TOO_LATE, JBUF_TOO_EARLY, JBUF_BEGIN_ANEW };
enum jbuf_verdict jbuf_judge(struct jbuf *j, const struct jbuf_packet *p);
/* FILLING: may the line begin in this tick? */
bool jbuf_may_begin(const struct jbuf *j, uint64_t now_ns);
/* PLAYING, before a tick: cuts or ends the line when it is time to. */
void jbuf_before_tick(struct jbuf *j, uint64_t now_ns);
/* A packet begins to play. */
void jbuf_note_wait(struct jbuf *j, uint64_t now_ns, uint64_t at_ns);
/* n samples of the tick have been played; was it quiet? Cuts when a cut is due. */
void jbuf_after_tick(struct jbuf *j, uint64_t now_ns, const int16_t *pcm, size_t n);
/* The line began at now_ns. */
void jbuf_policy_begin(struct jbuf *j, uint64_t now_ns);

#endif
