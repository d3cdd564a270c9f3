/*
 * An event is known by the time stamp at which it began; all its packets repeat it. So whatever is lost,
 * doubled or overtaken, one packet is enough to know the digit, and a time stamp that has been reported is
 * never reported again.
 *
 * A digit is reported when it ends: an end packet, the first packet of a later event, or DTMF_GAP_MS without
 * any. Open events are kept by time stamp and earlier ones are reported first, so digits keep their order.
 */
#include "rtp/dtmf.h"

#include "rtp/wire.h"

#include <string.h>

#define SEGMENT_MAX   0xffffu
#define SEGMENTS_LOST 8u /* so many segments without one packet, and it is another event */
#define NS_OF_MS      1000000ull

void dtmf_rx_init(struct dtmf_rx *r, uint32_t clock_hz, dtmf_rx_fn *fn, void *arg)
{
	memset(r, 0, sizeof(*r));
	r->clock_hz = clock_hz;
	r->fn = fn;
	r->arg = arg;
}

/* Does a packet with time stamp ts continue a long event in a new segment (2.5.2.3)? Without the mark, the
 * same event, exactly a whole number of full segments later. Returns that number, 0 for no. */
static uint32_t segments_on(const struct dtmf_seen *id, uint8_t event, uint32_t ts, bool marker)
{
	uint32_t by = ts - id->last_ts;

	if (marker || id->event != event || by == 0 || by % SEGMENT_MAX || by / SEGMENT_MAX > SEGMENTS_LOST)
		return 0;
	return by / SEGMENT_MAX;
}

/* Is ts one of the segments that an event has had? */
static bool is_part_of(const struct dtmf_seen *id, uint8_t event, uint32_t ts)
{
	uint32_t from_start = ts - id->ts;

	return id->event == event && from_start <= id->last_ts - id->ts && from_start % SEGMENT_MAX == 0;
}

static bool already_reported(struct dtmf_rx *r, uint8_t event, uint32_t ts, bool marker)
{
	for (size_t i = 0; i < DTMF_HISTORY; i++) {
		struct dtmf_seen *id = &r->history[i];

		if (!id->valid)
			continue;
		if (is_part_of(id, event, ts))
			return true;
		/* It was taken for ended in a gap, and goes on: still the same key press. */
		if (segments_on(id, event, ts, marker)) {
			id->last_ts = ts;
			return true;
		}
	}
	return false;
}

/* False: more than anybody can press. */
static bool may_tell(struct dtmf_rx *r, uint64_t at_ns)
{
	const uint64_t each = DTMF_EACH_MS * NS_OF_MS;

	if (r->paid_ns < at_ns)
		r->paid_ns = at_ns;
	if (r->paid_ns - at_ns > (DTMF_BURST - 1) * each)
		return false;
	r->paid_ns += each;
	return true;
}

static void report_first(struct dtmf_rx *r)
{
	struct dtmf_open o = r->open[0];
	uint64_t units = o.before + o.duration;

	memmove(&r->open[0], &r->open[1], (size_t)--r->n_open * sizeof(r->open[0]));
	r->history[r->next] = o.id;
	r->next = (uint8_t)((r->next + 1) % DTMF_HISTORY);
	if (may_tell(r, o.last_at_ns))
		r->fn(r->arg, dtmf_digit_of(o.id.event), (uint32_t)(units * 1000 / r->clock_hz),
			o.last_at_ns);
}

/* Everything up to and including place i is over: report in order. */
static void report_through(struct dtmf_rx *r, size_t i)
{
	for (size_t n = i + 1; n > 0; n--)
		report_first(r);
}

static struct dtmf_open *find_open(struct dtmf_rx *r, uint8_t event, uint32_t ts, bool marker)
{
	for (size_t i = 0; i < r->n_open; i++) {
		struct dtmf_open *o = &r->open[i];
		uint32_t segments;

		if (is_part_of(&o->id, event, ts))
			return o;
		segments = segments_on(&o->id, event, ts, marker);
		if (segments && !o->ended) {
			o->before += (uint64_t)segments * SEGMENT_MAX;
			o->duration = 0;
			o->id.last_ts = ts;
			return o;
		}
	}
	return NULL;
}

static struct dtmf_open *open_event(struct dtmf_rx *r, uint8_t event, uint32_t ts)
{
	size_t at = r->n_open;

	if (r->n_open == DTMF_OPEN) {
		report_first(r);
		at = r->n_open;
	}
	while (at > 0 && (int32_t)(ts - r->open[at - 1].id.ts) < 0)
		at--;
	memmove(&r->open[at + 1], &r->open[at], (r->n_open - at) * sizeof(r->open[0]));
	r->n_open++;
	r->open[at] = (struct dtmf_open){.id = {.ts = ts, .last_ts = ts, .event = event, .valid = true}};
	/* The key before it has been let go of. */
	if (at > 0) {
		report_through(r, at - 1);
		at = 0;
	}
	return &r->open[at];
}

static void one_event(struct dtmf_rx *r, uint32_t ts, bool marker, const uint8_t *data, uint64_t at_ns)
{
	uint8_t event = data[0];
	uint16_t duration = get16(data + 2);
	struct dtmf_open *o;

	/* Only digits; a zero duration means a state, which they are not: ignored (2.3.5). */
	if (!dtmf_digit_of(event) || duration == 0 || already_reported(r, event, ts, marker))
		return;
	o = find_open(r, event, ts, marker);
	if (!o)
		o = open_event(r, event, ts);
	o->last_at_ns = at_ns;
	if (ts == o->id.last_ts && duration > o->duration)
		o->duration = duration;
	if (data[1] & 0x80)
		o->ended = true;
	if (o->ended)
		report_through(r, (size_t)(o - r->open));
}

bool dtmf_rx_packet(
	struct dtmf_rx *r, uint32_t ts, bool marker, const uint8_t *data, size_t n, uint64_t at_ns)
{
	if (n < DTMF_BYTES)
		return false;
	/* Several events in one packet follow each other without a gap (2.5.1.5); a rest of fewer bytes is
	 * padding that somebody forgot to announce. */
	for (; n >= DTMF_BYTES; data += DTMF_BYTES, n -= DTMF_BYTES) {
		one_event(r, ts, marker, data, at_ns);
		ts += get16(data + 2);
	}
	return true;
}

void dtmf_rx_tick(struct dtmf_rx *r, uint64_t now_ns)
{
	for (size_t i = r->n_open; i > 0; i--) {
		if (now_ns >= r->open[i - 1].last_at_ns + DTMF_GAP_MS * NS_OF_MS) {
			report_through(r, i - 1);
			return;
		}
	}
}

void dtmf_rx_restart(struct dtmf_rx *r)
{
	if (r->n_open)
		report_through(r, r->n_open - 1u);
	memset(r->history, 0, sizeof(r->history));
}
