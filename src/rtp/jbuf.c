#include "rtp/jbuf_impl.h"

#include <stdlib.h>
#include <string.h>

/* ---- store ------------------------------------------------------------------------------------------- */

int jbuf_init(struct jbuf *j, const struct jbuf_cfg *cfg)
{
	struct jbuf_room room;
	int err = jbuf_room_take(cfg->shelves, &room);

	if (err)
		return err;
	memset(j, 0, sizeof(*j));
	j->shelves = cfg->shelves;
	j->room = room;
	j->tick_ms = cfg->tick_ms;
	j->min_ms = cfg->min_ms > JBUF_RESERVE_MS ? cfg->min_ms : JBUF_RESERVE_MS;
	j->max_ms = cfg->max_ms ? cfg->max_ms : JBUF_MOST_MS;
	if (j->max_ms < j->min_ms)
		j->max_ms = j->min_ms;
	j->cover = (int32_t)j->min_ms * 1000;
	j->first = j->last = j->free_cell = j->past = JBUF_NO_CELL;
	j->n_free = JBUF_CELLS;
	return 0;
}

void jbuf_free(struct jbuf *j)
{
	jbuf_room_give(j->shelves, &j->room);
}

static uint16_t take_cell(struct jbuf *j)
{
	uint16_t i = j->free_cell;

	j->n_free--;
	if (i == JBUF_NO_CELL)
		return j->fresh++; /* memory that no packet has touched costs no page until now */
	j->free_cell = cell(j, i)->next_part;
	return i;
}

void jbuf_return(struct jbuf *j, uint16_t i)
{
	while (i != JBUF_NO_CELL) {
		uint16_t next = cell(j, i)->next_part;

		cell(j, i)->next_part = j->free_cell;
		j->free_cell = i;
		j->n_free++;
		i = next;
	}
}

static unsigned cells_for(size_t n)
{
	return n ? (unsigned)((n + JBUF_CELL_BYTES - 1) / JBUF_CELL_BYTES) : 1;
}

/* The caller has made sure that there are enough cells. */
static uint16_t store(struct jbuf *j, const struct jbuf_packet *p)
{
	uint16_t head = take_cell(j), at = head;
	struct jbuf_cell *c = cell(j, head);
	size_t done = 0;

	c->n = (uint16_t)p->n;
	c->codec = p->codec;
	c->marker = p->marker;
	c->ts = p->ts;
	c->span = p->span;
	c->at_ns = p->at_ns;
	for (;;) {
		size_t part = p->n - done < JBUF_CELL_BYTES ? p->n - done : JBUF_CELL_BYTES;

		memcpy(cell(j, at)->data, p->data + done, part);
		done += part;
		if (done == p->n)
			break;
		cell(j, at)->next_part = take_cell(j);
		at = cell(j, at)->next_part;
	}
	cell(j, at)->next_part = JBUF_NO_CELL;
	return head;
}

uint16_t jbuf_take_first(struct jbuf *j)
{
	uint16_t i = j->first;

	j->first = cell(j, i)->next_packet;
	if (j->first == JBUF_NO_CELL)
		j->last = JBUF_NO_CELL;
	j->stats.buffered--;
	return i;
}

void jbuf_drop_first(struct jbuf *j)
{
	jbuf_return(j, jbuf_take_first(j));
}

/* The packet before which ts belongs is after the returned one (JBUF_NO_CELL: first of all). Packets mostly
 * come in order, so the usual answer is the last; the list is short otherwise. */
static uint16_t place_of(const struct jbuf *j, uint32_t ts)
{
	uint16_t before = JBUF_NO_CELL;

	if (j->last != JBUF_NO_CELL && ts_diff(ts, cell(j, j->last)->ts) >= 0)
		return j->last;
	for (uint16_t i = j->first; i != JBUF_NO_CELL && ts_diff(ts, cell(j, i)->ts) >= 0;
		i = cell(j, i)->next_packet)
		before = i;
	return before;
}

static void insert(struct jbuf *j, const struct jbuf_packet *p)
{
	unsigned want = cells_for(p->n);
	uint16_t before, i;

	/* The oldest makes room: after a stall what counts is to be near the present again. */
	while (j->n_free < want) {
		j->stats.full++;
		jbuf_drop_first(j);
	}
	before = place_of(j, p->ts);
	if (before != JBUF_NO_CELL && cell(j, before)->ts == p->ts) {
		j->stats.duplicate++;
		return;
	}
	i = store(j, p);
	if (before == JBUF_NO_CELL) {
		cell(j, i)->next_packet = j->first;
		j->first = i;
	} else {
		cell(j, i)->next_packet = cell(j, before)->next_packet;
		cell(j, before)->next_packet = i;
	}
	if (cell(j, i)->next_packet == JBUF_NO_CELL)
		j->last = i;
	j->stats.buffered++;
}

/* ---- the time line ----------------------------------------------------------------------------------- */

void jbuf_restart(struct jbuf *j)
{
	if (j->state != JBUF_EMPTY)
		j->stats.restarts++;
	if (j->handing)
		jbuf_stop_handing(j);
	jbuf_forget(j);
	j->stats.late += j->stats.buffered;
	while (j->first != JBUF_NO_CELL)
		jbuf_drop_first(j);
	j->state = JBUF_EMPTY;
	j->spill_n = 0;
	j->starved = false;
	j->starved_ts = 0;
}

void jbuf_bind(struct jbuf *j, const struct jbuf_decoder *dec)
{
	if (dec->clock_hz != j->dec.clock_hz || dec->rate_hz != j->dec.rate_hz) {
		if (j->dec.clock_hz)
			jbuf_restart(j);
		plc_init(&j->plc, dec->rate_hz);
		jitter_init(&j->jitter, dec->clock_hz);
	} else if (j->spill_n) {
		/* Re-bound in the middle of a packet: its rest moves to the new room, which may be the old one. */
		if (j->spill_n > dec->spill_cap)
			j->spill_n = dec->spill_cap;
		memmove(dec->spill, j->dec.spill + j->spill_at, j->spill_n * sizeof(int16_t));
		j->spill_at = 0;
	}
	j->dec = *dec;
}

static void begin_line(struct jbuf *j, const struct jbuf_packet *p)
{
	jbuf_restart(j);
	j->state = JBUF_FILLING;
	j->play_ts = p->ts;
	jbuf_policy_fill(j, p);
	insert(j, p);
}

void jbuf_put(struct jbuf *j, const struct jbuf_packet *p)
{
	j->stats.put++;
	if (p->n > CODEC_FRAME_MAX || p->span == 0 || p->span > ts_of_ms(j, JBUF_SPAN_MS)) {
		j->stats.invalid++;
		return;
	}
	switch (j->state) {
	case JBUF_EMPTY:
		begin_line(j, p);
		return;
	case JBUF_FILLING:
		/* llabs: half the circle away is the one int32_t whose abs() is none. */
		if (llabs(ts_diff(p->ts, j->play_ts)) > ts_of_ms(j, JBUF_SPAN_MS)) {
			begin_line(j, p);
			return;
		}
		j->reconsider |= jitter_packet(&j->jitter, p->ts, p->at_ns);
		insert(j, p);
		j->play_ts =
			cell(j, j->first)->ts; /* overtaken before the first tick: it still comes first */
		return;
	case JBUF_PLAYING:
		break;
	}
	switch (jbuf_judge(j, p)) {
	case JBUF_STRETCH:
		j->stats.waited_us += (uint64_t)ts_diff(j->play_ts, p->ts) * 1000000 / j->dec.clock_hz;
		jbuf_move(j, ts_diff(p->ts, j->play_ts));
		__attribute__((fallthrough));
	case JBUF_TAKE:
		j->starved_ts = 0;
		insert(j, p);
		return;
	case JBUF_TOO_LATE:
		j->stats.late++;
		return;
	case JBUF_TOO_EARLY:
		j->stats.early++;
		return;
	case JBUF_BEGIN_ANEW:
		begin_line(j, p);
		return;
	}
}

/* To where is it ready, decoded or handed out? */
static uint32_t ready_to(const struct jbuf *j)
{
	return j->play_ts + ts_of_samples(j, j->spill_n) + ts_of_ms(j, j->ahead_ms);
}

uint32_t jbuf_depth_ts(const struct jbuf *j)
{
	uint32_t end = ready_to(j);

	if (j->last != JBUF_NO_CELL) {
		uint32_t last = cell(j, j->last)->ts + cell(j, j->last)->span;

		if (ts_diff(last, end) > 0)
			end = last;
	}
	return end - j->play_ts;
}

uint32_t jbuf_depth_ms(const struct jbuf *j)
{
	return j->state == JBUF_EMPTY ? 0 : jbuf_depth_ts(j) / (j->dec.clock_hz / 1000);
}

bool jbuf_has(const struct jbuf *j, uint32_t ts)
{
	uint32_t have = ready_to(j), end = j->play_ts + ts;

	for (uint16_t i = j->first; i != JBUF_NO_CELL && ts_diff(have, end) < 0;
		i = cell(j, i)->next_packet) {
		if (ts_diff(cell(j, i)->ts, have) > 0)
			return false;
		if (ts_diff(cell(j, i)->ts + cell(j, i)->span, have) > 0)
			have = cell(j, i)->ts + cell(j, i)->span;
	}
	return ts_diff(have, end) >= 0;
}

bool jbuf_has_tick(const struct jbuf *j)
{
	return j->state == JBUF_PLAYING && jbuf_has(j, ts_of_ms(j, j->tick_ms));
}

/* ---- playing ----------------------------------------------------------------------------------------- */

size_t jbuf_copy(const struct jbuf *j, uint16_t i, uint8_t *to)
{
	size_t n = cell(j, i)->n, done = 0;

	for (; i != JBUF_NO_CELL; i = cell(j, i)->next_part) {
		size_t part = n - done < JBUF_CELL_BYTES ? n - done : JBUF_CELL_BYTES;

		memcpy(to + done, cell(j, i)->data, part);
		done += part;
	}
	return n;
}

const uint8_t *jbuf_payload(const struct jbuf *j, uint16_t i, uint8_t buf[CODEC_FRAME_MAX])
{
	if (cell(j, i)->next_part == JBUF_NO_CELL)
		return cell(j, i)->data;
	(void)jbuf_copy(j, i, buf);
	return buf;
}

/* Decodes the first packet and takes it out; when it fits, straight into pcm (room samples), else into the
 * spill. Returns how many samples stand in pcm. */
static size_t decode_first(struct jbuf *j, int16_t *pcm, size_t room)
{
	uint8_t buf[CODEC_FRAME_MAX];
	struct jbuf_cell *c = cell(j, j->first);
	size_t skip = samples_of_ts(j, j->play_ts - c->ts), want = samples_of_ts(j, c->span);
	bool direct = skip == 0 && want <= room;
	int16_t *to = direct ? pcm : j->dec.spill;
	long n = j->dec.decode(j->dec.arg, c->codec, jbuf_payload(j, j->first, buf), c->n, to,
		direct ? room : j->dec.spill_cap);

	if (n < 0)
		j->stats.invalid++;
	else
		j->stats.played++;
	jbuf_drop_first(j);
	if (n < 0)
		return 0;
	if (direct)
		return (size_t)n;
	/* Less than it said, and all of that is past. */
	if ((size_t)n <= skip)
		skip = (size_t)n;
	j->spill_at = skip;
	j->spill_n = (size_t)n - skip;
	return 0;
}

/* n good samples have been laid at pcm. */
static void good(struct jbuf *j, int16_t *pcm, size_t n)
{
	if (!j->scaling) /* else it is when it has its final shape */
		plc_good(&j->plc, pcm, n);
	j->play_ts += ts_of_samples(j, n);
	j->heard_ts = j->play_ts;
}

/* The codec's own way, when it has one. What it makes is heard like any other sound. */
static bool conceal_by_codec(struct jbuf *j, int16_t *pcm, size_t n)
{
	uint8_t buf[CODEC_FRAME_MAX];
	struct codec_gap gap = {0};
	uint8_t codec = CODEC_NONE;

	if (!j->dec.conceal)
		return false;
	if (j->first != JBUF_NO_CELL) {
		gap.samples = samples_of_ts(j, cell(j, j->first)->ts - j->play_ts);
		gap.next = jbuf_payload(j, j->first, buf);
		gap.n = cell(j, j->first)->n;
		codec = cell(j, j->first)->codec;
	}
	if (!j->dec.conceal(j->dec.arg, codec, &gap, pcm, n))
		return false;
	if (!j->scaling)
		plc_good(&j->plc, pcm, n);
	return true;
}

static bool conceal(struct jbuf *j, int16_t *pcm, size_t n)
{
	bool sound = conceal_by_codec(j, pcm, n) || plc_conceal(&j->plc, pcm, n);

	j->play_ts += ts_of_samples(j, n);
	return sound;
}

static size_t from_spill(struct jbuf *j, int16_t *pcm, size_t room)
{
	size_t n = j->spill_n < room ? j->spill_n : room;

	memcpy(pcm, j->dec.spill + j->spill_at, n * sizeof(*pcm));
	j->spill_at += n;
	j->spill_n -= n;
	return n;
}

void jbuf_drop_past(struct jbuf *j)
{
	while (j->first != JBUF_NO_CELL &&
		ts_diff(cell(j, j->first)->ts + cell(j, j->first)->span, j->play_ts) <= 0) {
		j->stats.late++;
		jbuf_drop_first(j);
	}
}

bool jbuf_play(struct jbuf *j, int16_t *pcm, size_t n)
{
	bool sound = false, concealed = false;
	size_t done = 0;

	j->starved = false;
	while (done < n) {
		size_t room = n - done, got;

		if (j->spill_n) {
			got = from_spill(j, pcm + done, room);
		} else {
			int32_t gap;

			jbuf_drop_past(j);
			if (j->first == JBUF_NO_CELL) {
				j->starved = true;
				j->starved_ts += ts_of_samples(j, room);
				sound |= conceal(j, pcm + done, room);
				concealed = !j->excused;
				break;
			}
			gap = ts_diff(cell(j, j->first)->ts, j->play_ts);
			if (gap > 0) {
				/* A part of a sample is one: the clock may be the finer of the two. */
				size_t missing = samples_of_ts(j, (uint32_t)gap + ts_of_one(j) - 1);

				if (missing > room)
					missing = room;
				sound |= conceal(j, pcm + done, missing);
				concealed = true;
				done += missing;
				continue;
			}
			got = decode_first(j, pcm + done, room);
			if (got == 0)
				continue;
		}
		good(j, pcm + done, got);
		sound = true;
		done += got;
	}
	j->stats.concealed += concealed;
	j->made_up = concealed;
	return sound;
}

void jbuf_unplay(struct jbuf *j, const int16_t *pcm, size_t n)
{
	size_t keep = j->spill_n;

	j->play_ts -= ts_of_samples(j, n);
	j->heard_ts = j->play_ts;
	if (n <= j->spill_at) {
		j->spill_at -= n;
	} else {
		/* Its beginning came straight from another packet. Room is short only when a packet held more than
		 * it said; then what does not fit is missing. */
		if (n > j->dec.spill_cap)
			n = j->dec.spill_cap;
		if (keep > j->dec.spill_cap - n)
			keep = j->dec.spill_cap - n;
		memmove(j->dec.spill + n, j->dec.spill + j->spill_at, keep * sizeof(*pcm));
		j->spill_at = 0;
	}
	memcpy(j->dec.spill + j->spill_at, pcm, n * sizeof(*pcm));
	j->spill_n = n + keep;
}

void jbuf_begin(struct jbuf *j, uint64_t at_ns)
{
	j->state = JBUF_PLAYING;
	jbuf_policy_begin(j, at_ns);
	j->heard_ts = j->play_ts;
}

static bool begin(struct jbuf *j, uint64_t now_ns, int16_t *pcm, size_t n)
{
	uint32_t ms = jbuf_begins_in(j, now_ns);
	size_t silent = ms < j->tick_ms ? n / j->tick_ms * ms : n;

	memset(pcm, 0, silent * sizeof(*pcm));
	if (silent)
		plc_rest(&j->plc);
	if (silent == n)
		return false;
	jbuf_begin(j, now_ns + ms * MS_NS);
	return jbuf_play(j, pcm + silent, n - silent);
}

bool jbuf_get(struct jbuf *j, uint64_t now_ns, int16_t *pcm, size_t n)
{
	int32_t wish;

	if (j->handing)
		jbuf_stop_handing(j);
	else
		jbuf_forget(j);
	if (j->state == JBUF_PLAYING)
		jbuf_before_tick(j);
	switch (j->state) {
	case JBUF_PLAYING:
		wish = jbuf_wish(j, now_ns);
		return wish ? jbuf_play_scaled(j, wish, pcm, n) : jbuf_play(j, pcm, n);
	case JBUF_FILLING:
		return begin(j, now_ns, pcm, n);
	case JBUF_EMPTY:
		break;
	}
	memset(pcm, 0, n * sizeof(*pcm));
	plc_rest(&j->plc);
	return false;
}
