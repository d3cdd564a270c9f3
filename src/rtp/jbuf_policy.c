/*
 * When the time line moves against the clock: see jbuf.h. All decisions of the fixed target are here, all
 * mechanics in jbuf.c.
 */
#include "rtp/jbuf_impl.h"

#include <stdlib.h>

#define HYSTERESIS_NS (1 * MS_NS) /* of the clocks of two machines within a window */
#define CUT_WAIT_MS   1000u       /* for a quiet tick */
#define QUIET         200         /* mean magnitude: about -44 dBov */
#define LATE_TICKS    3u          /* only late packets for so many ticks: the delay has grown for good */
#define EARLY_RUN     2u          /* so many in sequence beyond the span: the sender has moved its clock */

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Where packets do not end at ticks, a tick may need the packet that arrives up to this much later than its
 * first part: 10 ms packets and a 20 ms tick need a second one, 30 ms packets drift through the ticks. */
static uint32_t seam_ms(const struct jbuf *j)
{
	uint32_t ms = j->first_span / (j->dec.clock_hz / 1000);

	return ms ? j->tick_ms - gcd(ms, j->tick_ms) : 0;
}

bool jbuf_may_begin(const struct jbuf *j, uint64_t now_ns)
{
	return now_ns >= j->first_at_ns + (j->target_ms + seam_ms(j)) * MS_NS;
}

void jbuf_policy_begin(struct jbuf *j, uint64_t now_ns)
{
	/* A burst after a pause: begin near its end, not with all of its delay. */
	uint32_t keep = ts_of_ms(j, j->target_ms + 2 * j->tick_ms) + j->first_span;

	while (j->first != j->last && jbuf_depth_ts(j) - cell(j, j->first)->span >= keep) {
		j->stats.full++;
		jbuf_drop_first(j);
		j->play_ts = cell(j, j->first)->ts;
	}
	j->window_end_ns = now_ns + JBUF_WINDOW_MS * MS_NS;
	j->least_wait_ns = UINT64_MAX;
	j->surplus = false;
	j->late_since_get = false;
	j->late_ticks = 0;
	j->early_run = 0;
}

enum jbuf_verdict jbuf_judge(struct jbuf *j, const struct jbuf_packet *p)
{
	int32_t ahead = ts_diff(p->ts, j->play_ts);

	if (ahead > (int32_t)ts_of_ms(j, JBUF_SPAN_MS)) {
		/* A marker says that a talk spurt begins here, and nothing of the old one is left: believe
		 * it. */
		if ((p->marker && j->first == JBUF_NO_CELL) || ++j->early_run >= EARLY_RUN)
			return JBUF_BEGIN_ANEW;
		return JBUF_TOO_EARLY;
	}
	j->early_run = 0;
	if (ahead >= 0)
		return JBUF_TAKE;
	if (j->starved && ts_diff(p->ts, j->heard_ts) >= 0 &&
		-ahead <= (int32_t)(p->span + ts_of_ms(j, j->tick_ms)))
		return JBUF_STRETCH;
	if (ahead + (int32_t)p->span > 0 && ts_diff(p->ts, j->heard_ts) >= 0)
		return JBUF_TAKE; /* some of it is still to come */
	j->late_since_get = true;
	return JBUF_TOO_LATE;
}

static void cut(struct jbuf *j, uint32_t ts)
{
	j->stats.cut++;
	j->play_ts += ts;
	j->surplus = false;
	plc_cut(&j->plc);
	/* Decoded samples that are skipped; packets are dropped here, a partly skipped one when it plays. */
	if (j->spill_n) {
		size_t skip = samples_of_ts(j, ts);

		if (skip > j->spill_n)
			skip = j->spill_n;
		j->spill_at += skip;
		j->spill_n -= skip;
	}
	while (j->first != JBUF_NO_CELL &&
		ts_diff(cell(j, j->first)->ts + cell(j, j->first)->span, j->play_ts) <= 0) {
		j->stats.full++;
		jbuf_drop_first(j);
	}
	j->window_end_ns = 0; /* a new window: what was measured before the cut says nothing now */
}

void jbuf_before_tick(struct jbuf *j, uint64_t now_ns)
{
	uint32_t excess = ts_of_ms(j, j->target_ms + j->tick_ms + JBUF_EXCESS_MS), depth = jbuf_depth_ts(j);

	if (j->late_since_get && j->starved && j->first == JBUF_NO_CELL)
		j->late_ticks++;
	else if (j->first != JBUF_NO_CELL)
		j->late_ticks = 0;
	j->late_since_get = false;
	if (j->late_ticks >= LATE_TICKS || j->starved_ts > ts_of_ms(j, JBUF_SPAN_MS)) {
		jbuf_restart(j);
		return;
	}
	if (depth > excess + (j->first != JBUF_NO_CELL ? cell(j, j->first)->span : 0))
		cut(j, depth - ts_of_ms(j, j->target_ms + j->tick_ms));
	if (now_ns < j->window_end_ns)
		return;
	if (j->window_end_ns && j->least_wait_ns != UINT64_MAX &&
		j->least_wait_ns >= (j->target_ms + seam_ms(j) + j->tick_ms) * MS_NS + HYSTERESIS_NS &&
		!j->surplus) {
		j->surplus = true;
		j->surplus_until_ns = now_ns + CUT_WAIT_MS * MS_NS;
	}
	j->window_end_ns = now_ns + JBUF_WINDOW_MS * MS_NS;
	j->least_wait_ns = UINT64_MAX;
}

void jbuf_note_wait(struct jbuf *j, uint64_t now_ns, uint64_t at_ns)
{
	uint64_t wait = now_ns > at_ns ? now_ns - at_ns : 0;

	if (wait < j->least_wait_ns)
		j->least_wait_ns = wait;
}

void jbuf_after_tick(struct jbuf *j, uint64_t now_ns, const int16_t *pcm, size_t n)
{
	uint64_t sum = 0;

	if (!j->surplus)
		return;
	if (!jbuf_has_tick(j)) { /* the network took it back */
		j->surplus = false;
		return;
	}
	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)abs(pcm[i]);
	if (sum <= QUIET * n || now_ns >= j->surplus_until_ns)
		cut(j, ts_of_ms(j, j->tick_ms));
}
