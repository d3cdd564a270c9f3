/*
 * Packets out of the jitter buffer as they are. Only whole ones: the line has to stand where a packet begins, and not
 * want to move. While it does, the owner takes samples; once it stands, jbuf_wish() leads it to the next beginning, in
 * quiet places alone.
 */
#include "rtp/jbuf_impl.h"

#include <string.h>

/* Is this what is wanted, in one piece? */
static bool fits(const struct jbuf *j, uint16_t i, const struct parcel *p, size_t used)
{
	const struct jbuf_cell *c = cell(j, i);

	return c->codec == p->want.codec && c->span == p->want.span && c->next_part == JBUF_NO_CELL &&
	       used + c->n <= p->room;
}

/* Can all of this tick be handed out? A place without a packet is one only behind others that were: else nobody knows
 * whether the line stands at a packet's beginning. */
static bool has_whole(const struct jbuf *j, const struct parcel *p, unsigned n)
{
	uint16_t i = j->first;
	uint32_t at = j->play_ts;
	size_t used = 0;

	for (unsigned k = 0; k < n; k++, at += p->want.span) {
		int32_t gap = i == JBUF_NO_CELL ? 0 : ts_diff(cell(j, i)->ts, at);

		if (i == JBUF_NO_CELL || gap > 0) {
			if (!j->handing || gap % (int32_t)p->want.span)
				return false;
			continue;
		}
		if (gap < 0 || !fits(j, i, p, used))
			return false;
		used += cell(j, i)->n;
		i = cell(j, i)->next_packet;
	}
	return true;
}

/* Returns the bytes. */
static size_t hand_first(struct jbuf *j, struct parcel *p, size_t used)
{
	const struct jbuf_cell *c = cell(j, j->first);
	size_t n = c->n;

	memcpy(p->data + used, c->data, n);
	p->packets[p->n].kind = PARCEL_PACKET;
	p->packets[p->n].marker = c->marker;
	p->packets[p->n].n = (uint16_t)n;
	j->stats.played++;
	jbuf_drop_first(j);
	j->heard_ts = j->play_ts + p->want.span;
	return n;
}

static void hand_nothing(struct jbuf *j, struct parcel *p)
{
	bool none = j->first == JBUF_NO_CELL;
	bool silent = j->excused || (!none && cell(j, j->first)->marker);

	if (none) {
		j->starved = true;
		j->starved_ts += p->want.span;
	}
	p->packets[p->n].kind = silent ? PARCEL_SILENT : PARCEL_LOST;
}

bool jbuf_hand(struct jbuf *j, uint64_t now_ns, struct parcel *p)
{
	uint32_t tick = ts_of_ms(j, j->tick_ms);
	unsigned n = tick / p->want.span;
	size_t used = 0;
	bool lost = false;

	/* What is wanted may be of another agreement than what is played. */
	if (n == 0 || n > PARCEL_PACKETS || tick % p->want.span)
		return false;
	j->whole = true;
	if (j->state == JBUF_PLAYING)
		jbuf_before_tick(j);
	if (j->state == JBUF_FILLING && jbuf_begins_in(j, now_ns) == 0)
		jbuf_begin(j, now_ns);
	if (j->state != JBUF_PLAYING || j->spill_n || jbuf_wish(j, now_ns))
		return false;
	jbuf_drop_past(j);
	if (!has_whole(j, p, n))
		return false;
	j->handing = true;
	j->starved = false;
	for (p->n = 0; p->n < n; p->n++) {
		if (j->first != JBUF_NO_CELL && cell(j, j->first)->ts == j->play_ts)
			used += hand_first(j, p, used);
		else
			hand_nothing(j, p);
		lost |= p->packets[p->n].kind == PARCEL_LOST;
		j->play_ts += p->want.span;
	}
	j->stats.concealed += lost;
	return true;
}

void jbuf_stop_handing(struct jbuf *j)
{
	if (!j->handing)
		return;
	j->handing = false;
	plc_init(&j->plc, j->dec.rate_hz); /* what it remembers is long past */
}
