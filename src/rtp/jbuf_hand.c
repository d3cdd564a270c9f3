/*
 * Packets out of the jitter buffer as they are. Only whole ones, each in the tick in which it begins: when handing
 * starts the line has to stand where a packet begins, and not want to move. While it does, the owner takes samples; once
 * it stands, jbuf_wish() leads it to the next beginning, in quiet places alone.
 *
 * What was handed out stays in the store for a while, as the past: whoever takes it reads it there, and when samples are
 * wanted again it is decoded after all. So the decoder knows what came before, and of a packet that is under way the rest
 * is heard.
 */
#include "rtp/jbuf_impl.h"

/* The past of a codec whose packets need those before them: all its decoders have come together by then. */
#define PAST_MS    200u
#define PAST_CELLS 16u

static uint32_t end_of(const struct jbuf_cell *c)
{
	return c->ts + c->span;
}

/* ---- the past ---------------------------------------------------------------------------------------- */

static void remember_first(struct jbuf *j)
{
	uint16_t i = jbuf_take_first(j), k = i;

	cell(j, i)->next_packet = JBUF_NO_CELL;
	if (j->past == JBUF_NO_CELL)
		j->past = i;
	else
		cell(j, j->past_last)->next_packet = i;
	j->past_last = i;
	for (; k != JBUF_NO_CELL; k = cell(j, k)->next_part)
		j->past_cells++;
}

static void forget_oldest(struct jbuf *j)
{
	uint16_t i = j->past, n_free = j->n_free;

	j->past = cell(j, i)->next_packet;
	jbuf_return(j, i);
	j->past_cells = (uint16_t)(j->past_cells - (j->n_free - n_free));
}

void jbuf_forget(struct jbuf *j)
{
	while (j->past != JBUF_NO_CELL)
		forget_oldest(j);
}

/* What is needed no more goes; what is under way stays. */
static void forget_old(struct jbuf *j, const struct parcel_want *want)
{
	int32_t keep = want->chained ? (int32_t)ts_of_ms(j, PAST_MS) : 0;

	while (j->past != JBUF_NO_CELL) {
		int32_t ago = ts_diff(j->play_ts, end_of(cell(j, j->past)));

		if (ago < 0 || (ago < keep && j->past_cells <= PAST_CELLS))
			return;
		forget_oldest(j);
	}
}

/* What is behind the playing point is heard as what came last, the rest is to be played. */
static void decode_again(struct jbuf *j, uint16_t i)
{
	uint8_t buf[CODEC_FRAME_MAX];
	const struct jbuf_cell *c = cell(j, i);
	int32_t rest = ts_diff(end_of(c), j->play_ts);
	size_t left = rest > 0 ? samples_of_ts(j, (uint32_t)rest) : 0;
	long n = j->dec.decode(
		j->dec.arg, c->codec, jbuf_payload(j, i, buf), c->n, j->dec.spill, j->dec.spill_cap);

	if (n <= 0)
		return;
	if (left > (size_t)n)
		left = (size_t)n;
	plc_good(&j->plc, j->dec.spill, (size_t)n - left);
	j->spill_at = (size_t)n - left;
	j->spill_n = left;
}

void jbuf_stop_handing(struct jbuf *j)
{
	j->handing = false;
	j->ahead_ms = 0;
	plc_init(&j->plc, j->dec.rate_hz); /* what it remembers is long past */
	for (uint16_t i = j->past; i != JBUF_NO_CELL; i = cell(j, i)->next_packet)
		decode_again(j, i);
}

/* ---- a tick ------------------------------------------------------------------------------------------ */

/* Can all that begins in this tick be handed out? A place without a packet is one only behind others that were: else
 * nobody knows whether the line stands at a packet's beginning. */
static bool has_whole(const struct jbuf *j, const struct parcel_want *want)
{
	uint32_t span = ts_of_ms(j, want->ms), tick = ts_of_ms(j, j->tick_ms);
	uint16_t i = j->first;

	for (uint32_t at = ts_of_ms(j, j->ahead_ms); at < tick; at += span) {
		int32_t gap = i == JBUF_NO_CELL ? 0 : ts_diff(cell(j, i)->ts, j->play_ts + at);

		if (i == JBUF_NO_CELL || gap > 0) {
			if (!j->handing || gap % (int32_t)span)
				return false;
			continue;
		}
		if (gap < 0 || cell(j, i)->codec != want->codec || cell(j, i)->span != span)
			return false;
		i = cell(j, i)->next_packet;
	}
	return true;
}

static enum parcel_kind hand_first(struct jbuf *j)
{
	j->heard_ts = end_of(cell(j, j->first));
	j->starved = false;
	j->stats.played++;
	remember_first(j);
	return PARCEL_PACKET;
}

static enum parcel_kind hand_nothing(struct jbuf *j, uint32_t span)
{
	bool silent = j->excused || (j->first != JBUF_NO_CELL && cell(j, j->first)->marker);

	j->starved = j->first == JBUF_NO_CELL;
	if (j->starved)
		j->starved_ts += span;
	return silent ? PARCEL_SILENT : PARCEL_LOST;
}

static void hand_tick(struct jbuf *j, struct parcel *p)
{
	uint32_t at = j->ahead_ms, lost = 0;

	p->store = j;
	for (p->n = 0; at < j->tick_ms; at += p->want.ms, p->n++) {
		bool there =
			j->first != JBUF_NO_CELL && cell(j, j->first)->ts == j->play_ts + ts_of_ms(j, at);
		enum parcel_kind kind = there ? hand_first(j) : hand_nothing(j, ts_of_ms(j, p->want.ms));

		p->packets[p->n].kind = (uint8_t)kind;
		p->packets[p->n].at_ms = (uint8_t)at;
		p->packets[p->n].cell = there ? j->past_last : JBUF_NO_CELL;
		lost += kind == PARCEL_LOST ? p->want.ms : 0;
	}
	j->stats.concealed += (lost + j->tick_ms - 1) / j->tick_ms;
	j->ahead_ms = (uint8_t)(at - j->tick_ms);
	j->play_ts += ts_of_ms(j, j->tick_ms);
	j->handing = true;
}

bool jbuf_hand(struct jbuf *j, uint64_t now_ns, struct parcel *p)
{
	if (p->want.ms > PARCEL_MS_MAX || j->tick_ms > PARCEL_PACKETS * p->want.ms)
		return false;
	j->whole = true;
	if (j->state == JBUF_PLAYING)
		jbuf_before_tick(j);
	if (j->state == JBUF_FILLING && jbuf_begins_in(j, now_ns) == 0)
		jbuf_begin(j, now_ns);
	if (j->state != JBUF_PLAYING || j->spill_n || jbuf_wish(j, now_ns))
		return false;
	jbuf_drop_past(j);
	if (!has_whole(j, &p->want))
		return false;
	forget_old(j, &p->want);
	hand_tick(j, p);
	return true;
}
