/*
 * What a stream's turn touches, asked for while another stream is in the kernel. A turn has some fifty cache lines in
 * six places; fetched one after the other when they are needed they cost more than all the work on them.
 */
#include "rtp/jbuf_impl.h"
#include "rtp/stream_impl.h"

#include <stddef.h>

#define LINE 64u

static inline void fetch(const void *from, size_t n)
{
	for (const char *p = from; p < (const char *)from + n; p += LINE)
		__builtin_prefetch(p, 1);
}

/* From one member to the end of another. */
#define FETCH(s, type, first, last) \
	fetch(&(s)->first, offsetof(struct type, last) + sizeof((s)->last) - offsetof(struct type, first))

static void fetch_setup(const struct stream_setup *set)
{
	if (!set)
		return;
	FETCH(set, stream_setup, p.dir, p.rx[0]);
	FETCH(set, stream_setup, p.n_rx, dec[0]);
}

void stream_warm_pull(const struct stream *s, bool far)
{
	const struct jbuf *j = &s->jbuf;

	if (far) {
		FETCH(s, stream, host, report_arg);
		FETCH(s, stream, door.pending, rx);
		FETCH(s, stream, dtmf_rx.n_open, dtmf_rx.clock_hz);
		FETCH(s, stream, judge.bursts, judge.depth_sum);
		FETCH(s, stream, jbuf.state, jbuf.plc.newest);
		return;
	}
	__builtin_prefetch(s->rtp_sock);
	fetch_setup(s->cur);
	if (j->fresh)
		fetch(cell(j, j->free_cell == JBUF_NO_CELL ? 0 : j->free_cell), sizeof(struct jbuf_cell));
	fetch(j->plc.history + j->plc.newest, s->cur ? s->cur->tick_samples * sizeof(int16_t) : 0);
}

void stream_warm_push(const struct stream *s, bool far)
{
	if (far) {
		FETCH(s, stream, host, bound_any);
		FETCH(s, stream, door, rx);
		FETCH(s, stream, rtcp, dtmf_tx.finished);
		FETCH(s, stream, jbuf.stats, jbuf.play_ts);
		return;
	}
	__builtin_prefetch(s->rtp_sock);
	fetch_setup(s->cur);
}
