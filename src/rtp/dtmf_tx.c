#include "rtp/dtmf.h"

#include "offhook/error.h"
#include "rtp/wire.h"

#include <string.h>

#define SEGMENT_MAX 0xffffu
#define END_BIT     0x80u
#define VOLUME      10u /* -10 dBm0 (RFC 4733 2.3.4) */
#define REPEATS     2u  /* the final packet is sent three times in all (2.5.1.4) */

static const char digits_by_event[] = "0123456789*#ABCDR";

int dtmf_event_of(char digit)
{
	const char *at;

	if (digit >= 'a' && digit <= 'd')
		digit = (char)(digit - 'a' + 'A');
	at = digit ? strchr(digits_by_event, digit) : NULL;
	return at ? (int)(at - digits_by_event) : -1;
}

char dtmf_digit_of(unsigned event)
{
	return event < sizeof(digits_by_event) - 1 ? digits_by_event[event] : 0;
}

int dtmf_queue_add(struct dtmf_queue *q, const char *digits, unsigned duration_ms, unsigned pause_ms)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	size_t n = strlen(digits);

	if (!duration_ms)
		duration_ms = DTMF_DEFAULT_MS;
	if (!pause_ms)
		pause_ms = DTMF_DEFAULT_PAUSE;
	if (duration_ms < DTMF_MIN_MS || duration_ms > DTMF_MAX_MS || pause_ms < DTMF_MIN_PAUSE ||
		pause_ms > DTMF_MAX_MS)
		return OH_EINVAL;
	for (size_t i = 0; i < n; i++)
		if (dtmf_event_of(digits[i]) < 0)
			return OH_EDIGIT;
	if (n > DTMF_QUEUE - (head - tail))
		return OH_ETOOMANY;
	for (size_t i = 0; i < n; i++)
		q->items[head++ % DTMF_QUEUE] = (struct dtmf_item){
			.event = (uint8_t)dtmf_event_of(digits[i]),
			.duration_ms = (uint16_t)duration_ms,
			.pause_ms = (uint16_t)pause_ms,
		};
	atomic_store_explicit(&q->head, head, memory_order_release);
	return 0;
}

bool dtmf_queue_take(struct dtmf_queue *q, struct dtmf_item *ret_item)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);

	if (atomic_load_explicit(&q->head, memory_order_acquire) == tail)
		return false;
	*ret_item = q->items[tail % DTMF_QUEUE];
	atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
	return true;
}

bool dtmf_queue_empty(const struct dtmf_queue *q)
{
	return atomic_load_explicit(&q->head, memory_order_acquire) ==
	       atomic_load_explicit(&q->tail, memory_order_relaxed);
}

/* RFC 4733 2.3. All packets of a segment carry the time stamp of its beginning. */
static struct dtmf_packet packet(struct dtmf_tx *t, uint32_t duration, bool end)
{
	struct dtmf_packet p = {.ts = t->segment_ts, .marker = t->first};

	p.payload[0] = t->item.event;
	p.payload[1] = (uint8_t)((end ? END_BIT : 0) | VOLUME);
	put16(p.payload + 2, (uint16_t)duration);
	t->first = false;
	return p;
}

static void start_event(struct dtmf_tx *t, uint32_t ts)
{
	t->state = DTMF_EVENT;
	t->segment_ts = ts;
	t->elapsed = 0;
	t->left = t->clock_hz / 1000 * t->item.duration_ms;
	t->first = true;
	t->segment_repeats = 0;
}

/* The segment is full: its end is told without the E bit, and the event goes on in a new one (2.5.1.3). */
static struct dtmf_packet next_segment(struct dtmf_tx *t)
{
	t->segment = packet(t, SEGMENT_MAX, false);
	t->segment.marker = false;
	t->segment_repeats = REPEATS;
	t->segment_ts += SEGMENT_MAX;
	t->elapsed -= SEGMENT_MAX;
	return t->segment;
}

static size_t step_event(struct dtmf_tx *t, uint32_t span, struct dtmf_packet *out)
{
	uint32_t by = span < t->left ? span : t->left;
	size_t n = 0;

	t->left -= by;
	t->elapsed += by;
	if (t->segment_repeats) {
		t->segment_repeats--;
		out[n++] = t->segment;
	}
	if (t->elapsed > SEGMENT_MAX)
		out[n++] = next_segment(t);
	out[n++] = packet(t, t->elapsed, t->left == 0);
	if (t->left > 0)
		return n;
	t->final = out[n - 1];
	t->final.marker = false;
	t->repeats = REPEATS;
	t->pause_until = t->segment_ts + t->elapsed + t->clock_hz / 1000 * t->item.pause_ms;
	t->state = DTMF_REPEAT;
	return n;
}

size_t dtmf_tx_step(struct dtmf_tx *t, uint32_t ts, uint32_t span, struct dtmf_packet out[DTMF_STEP_PACKETS])
{
	switch (t->state) {
	case DTMF_PAUSE:
		if ((int32_t)(ts - t->pause_until) < 0)
			return 0;
		t->state = DTMF_IDLE;
		__attribute__((fallthrough));
	case DTMF_IDLE:
		if (!dtmf_queue_take(&t->queue, &t->item))
			return 0;
		start_event(t, ts);
		__attribute__((fallthrough));
	case DTMF_EVENT:
		return step_event(t, span, out);
	case DTMF_REPEAT:
		out[0] = t->final;
		if (--t->repeats == 0) {
			t->state = DTMF_PAUSE;
			t->finished = dtmf_queue_empty(&t->queue);
		}
		return 1;
	}
	return 0;
}

void dtmf_tx_stop(struct dtmf_tx *t)
{
	if (t->state == DTMF_EVENT || t->state == DTMF_REPEAT)
		t->finished |= dtmf_queue_empty(&t->queue);
	t->state = DTMF_IDLE;
}
