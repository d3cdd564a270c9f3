/*
 * When the time line moves against the clock: see jbuf.h. All decisions are here, all mechanics in jbuf.c and
 * jbuf_scale.c.
 *
 * Packets that end where ticks end are needed as a whole when their tick begins. So a line that stands a little off
 * that grid costs delay and covers nothing more; it goes for places on the grid, whose step is what tick and packet
 * have in common.
 */
#include "rtp/jbuf_impl.h"

#define LATE_TICKS     3u    /* only late packets for so many ticks: the delay has grown for good */
#define EARLY_RUN      2u    /* so many in sequence beyond the span: the sender has moved its clock */
#define STILL_US       1000  /* the line stands where it should */
#define FAR_US         40000 /* it does not by far: hurry */
#define ALIKE          0.9   /* a good place to scale */
#define PATIENCE_HURRY 25u   /* ticks, then any place */
#define PATIENCE       100u
#define NOT_YET        INT32_MAX

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* What the grid of packets and the grid of ticks have in common. */
static uint32_t step_ms(const struct jbuf *j)
{
	uint32_t ms = j->first_span / (j->dec.clock_hz / 1000);

	return ms ? gcd(ms, j->tick_ms) : j->tick_ms;
}

/* Where packets do not end at ticks, a tick may need the packet that arrives up to this much later than its
 * first part: 10 ms packets and a 20 ms tick need a second one, 30 ms packets drift through the ticks. */
static uint32_t seam_ms(const struct jbuf *j)
{
	return j->tick_ms - step_ms(j);
}

/* ---- where the line should be ------------------------------------------------------------------------ */

/* How far behind the last place on the grid it stands, in time stamps. A packet has to be there to tell. */
static int32_t off_grid_ts(const struct jbuf *j)
{
	int32_t step = (int32_t)ts_of_ms(j, step_ms(j));
	int32_t off = ts_diff(cell(j, j->first)->ts, j->play_ts) % step;

	return off < 0 ? off + step : off;
}

static int32_t off_grid(const struct jbuf *j)
{
	return (int32_t)((int64_t)off_grid_ts(j) * 1000000 / j->dec.clock_hz);
}

/* Where packets are wanted as they are: the few samples to the nearest place on the grid. */
static int32_t to_grid(const struct jbuf *j)
{
	int32_t step = (int32_t)ts_of_ms(j, step_ms(j)), off;

	if (!j->whole || j->first == JBUF_NO_CELL)
		return 0;
	off = off_grid_ts(j);
	if (off > step / 2)
		return (int32_t)samples_of_ts(j, (uint32_t)(step - off));
	return -(int32_t)samples_of_ts(j, (uint32_t)off);
}

static void reconsider(struct jbuf *j)
{
	struct jitter_choice choice = {.step = (int32_t)step_ms(j) * 1000,
		.wanted = j->cover,
		.least = (int32_t)j->min_ms * 1000,
		.most = (int32_t)j->max_ms * 1000};
	int32_t place;

	if (j->first == JBUF_NO_CELL)
		return;
	if (j->line_least != NOT_YET)
		j->line = j->line_least;
	j->line_least = NOT_YET;
	place = j->line - off_grid(j);
	choice.cover = place - (int32_t)seam_ms(j) * 1000 - jitter_base(&j->jitter);
	j->cover = jitter_choose(&j->jitter, &choice);
	j->want = place + j->cover - choice.cover;
	j->reconsider = false;
}

/* Less delay than the last few packets needed is not for now, whatever the long run says. */
static int32_t wanted_now(const struct jbuf *j)
{
	int32_t step = (int32_t)step_ms(j) * 1000;
	int32_t beyond = jitter_newest(&j->jitter) + (int32_t)seam_ms(j) * 1000 - j->want;

	return beyond > 0 ? j->want + (beyond + step - 1) / step * step : j->want;
}

int32_t jbuf_wish(struct jbuf *j, uint64_t now_ns)
{
	int32_t here = jitter_transit(&j->jitter, j->play_ts, now_ns), us;

	/* A tick that came late is no place of the line; the earliest tells. */
	if (here < j->line)
		j->line = here;
	if (here < j->line_least)
		j->line_least = here;
	if (j->reconsider)
		reconsider(j);
	us = j->want - j->line;
	if (us < 0)
		us = wanted_now(j) < j->line ? wanted_now(j) - j->line : 0;
	if (us > -STILL_US && us < STILL_US)
		return to_grid(j);
	return (int32_t)((int64_t)us * j->dec.rate_hz / 1000000);
}

bool jbuf_accept(struct jbuf *j, int32_t wish, double likeness)
{
	bool hurry = wish > 0 || j->line - j->want > FAR_US;

	if (likeness < ALIKE && j->patience < (hurry ? PATIENCE_HURRY : PATIENCE)) {
		j->patience++;
		return false;
	}
	j->patience = 0;
	return true;
}

void jbuf_moved(struct jbuf *j, int64_t us)
{
	if (us > 0)
		j->stats.stretched++;
	else
		j->stats.cut++;
	j->line += (int32_t)us;
	if (j->line_least != NOT_YET)
		j->line_least += (int32_t)us;
}

void jbuf_move(struct jbuf *j, int32_t ts)
{
	/* What is under way does not move with it. */
	if (j->ahead_ms)
		jbuf_stop_handing(j);
	j->play_ts += (uint32_t)ts;
	jbuf_moved(j, -(int64_t)ts * 1000000 / j->dec.clock_hz);
}

uint32_t jbuf_target_ms(const struct jbuf *j)
{
	return (uint32_t)j->cover / 1000;
}

/* ---- beginning --------------------------------------------------------------------------------------- */

void jbuf_policy_fill(struct jbuf *j, const struct jbuf_packet *p)
{
	j->first_at_ns = p->at_ns;
	j->first_span = p->span;
	jitter_begin(&j->jitter, p->ts, p->at_ns);
	(void)jitter_packet(&j->jitter, p->ts, p->at_ns);
}

uint32_t jbuf_begins_in(const struct jbuf *j, uint64_t now_ns)
{
	uint64_t step_ns = step_ms(j) * MS_NS, least_ns = j->min_ms * MS_NS, cover_ns = j->cover * 1000ull,
		 due;

	/* On the average the grid adds half of a step. */
	due = j->first_at_ns + (cover_ns > least_ns + step_ns / 2 ? cover_ns - step_ns / 2 : least_ns) +
	      seam_ms(j) * MS_NS;
	if (now_ns >= due)
		return 0;
	due = (due - now_ns + step_ns - 1) / step_ns * step_ms(j);
	return due < j->tick_ms ? (uint32_t)due : j->tick_ms;
}

void jbuf_policy_begin(struct jbuf *j, uint64_t at_ns)
{
	/* A burst after a pause: begin near its end, not with all of its delay. */
	uint32_t keep = ts_of_ms(j, jbuf_target_ms(j) + 2 * j->tick_ms) + j->first_span;

	while (j->first != j->last && jbuf_depth_ts(j) - cell(j, j->first)->span >= keep) {
		j->stats.full++;
		jbuf_drop_first(j);
		j->play_ts = cell(j, j->first)->ts;
	}
	j->line = j->line_least = jitter_transit(&j->jitter, j->play_ts, at_ns);
	/* Here it stays until there is something to go by. */
	j->want = j->line;
	j->cover = j->line - (int32_t)seam_ms(j) * 1000 - jitter_base(&j->jitter);
	if (j->cover < (int32_t)j->min_ms * 1000)
		j->cover = (int32_t)j->min_ms * 1000;
	if (j->cover > (int32_t)j->max_ms * 1000)
		j->cover = (int32_t)j->max_ms * 1000;
	j->reconsider = false;
	j->late_since_get = false;
	j->late_ticks = 0;
	j->early_run = 0;
	j->patience = 0;
}

/* ---- while it plays ---------------------------------------------------------------------------------- */

/* All since what was heard last was concealed, so the line can go back to there. It does when nothing else is there
 * to play, and when it has to become longer anyway. */
static bool is_worth_waiting(struct jbuf *j, const struct jbuf_packet *p)
{
	int32_t late = ts_diff(j->play_ts, p->ts);

	if (ts_diff(p->ts, j->heard_ts) < 0 || late > (int32_t)ts_of_ms(j, JBUF_WAIT_MS))
		return false;
	return j->starved || (int64_t)late * 1000000 / j->dec.clock_hz <= j->want - j->line + STILL_US;
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
	j->reconsider |= jitter_packet(&j->jitter, p->ts, p->at_ns);
	if (ahead >= 0)
		return JBUF_TAKE;
	j->reconsider = true;
	reconsider(j);
	if (is_worth_waiting(j, p))
		return JBUF_STRETCH;
	if (ahead + (int32_t)p->span > 0 && ts_diff(p->ts, j->heard_ts) >= 0)
		return JBUF_TAKE; /* some of it is still to come */
	j->late_since_get = true;
	return JBUF_TOO_LATE;
}

/* Skips so much that is buffered. */
static void skip(struct jbuf *j, uint32_t ts)
{
	jbuf_move(j, (int32_t)ts);
	plc_cut(&j->plc);
	/* Decoded samples that are skipped; packets are dropped here, a partly skipped one when it plays. */
	if (j->spill_n) {
		size_t gone = samples_of_ts(j, ts);

		if (gone > j->spill_n)
			gone = j->spill_n;
		j->spill_at += gone;
		j->spill_n -= gone;
	}
	while (j->first != JBUF_NO_CELL &&
		ts_diff(cell(j, j->first)->ts + cell(j, j->first)->span, j->play_ts) <= 0) {
		j->stats.full++;
		jbuf_drop_first(j);
	}
}

void jbuf_before_tick(struct jbuf *j)
{
	uint32_t target = ts_of_ms(j, jbuf_target_ms(j) + j->tick_ms), depth = jbuf_depth_ts(j);

	if (j->late_since_get && j->starved && j->first == JBUF_NO_CELL)
		j->late_ticks++;
	else if (j->first != JBUF_NO_CELL)
		j->late_ticks = 0;
	j->late_since_get = false;
	if (j->late_ticks >= LATE_TICKS || j->starved_ts > ts_of_ms(j, JBUF_SPAN_MS)) {
		jbuf_restart(j);
		return;
	}
	if (depth > target + ts_of_ms(j, JBUF_EXCESS_MS) +
			    (j->first != JBUF_NO_CELL ? cell(j, j->first)->span : 0))
		skip(j, depth - target);
}
