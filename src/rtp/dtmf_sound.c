#include "rtp/dtmf_sound.h"

#define EDGE_MS        3u   /* soft: nothing clicks */
#define FULL_SINE_DBM0 3.14 /* G.711 */

bool dtmf_hz(unsigned event, double *ret_low, double *ret_high)
{
	static const double low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};
	static const char keys[] = "123A456B789C*0#D";
	char digit = dtmf_digit_of(event);

	for (unsigned i = 0; i < sizeof(keys) - 1; i++) {
		if (keys[i] != digit)
			continue;
		*ret_low = low[i / 4];
		*ret_high = high[i % 4];
		return true;
	}
	return false;
}

static double amplitude(double dbm0)
{
	return pow(10, (dbm0 - FULL_SINE_DBM0) / 20) * 32767;
}

/* The one writer of the state. */
static void enter(struct dtmf_sound *t, enum dtmf_sound_state state, uint32_t samples)
{
	t->state = state;
	t->at = 0;
	t->until = samples;
}

static bool begin(struct dtmf_sound *t, struct dtmf_queue *q, uint32_t rate_hz)
{
	struct dtmf_item item;
	double low, high;

	while (dtmf_queue_take(q, &item)) {
		/* Queued when digits went as events, which have more signs than sounds. */
		if (!dtmf_hz(item.event, &low, &high))
			continue;
		turning_init(&t->low, low, rate_hz, amplitude(DTMF_LOW_DBM0));
		turning_init(&t->high, high, rate_hz, amplitude(DTMF_HIGH_DBM0));
		t->pause = rate_hz / 1000 * item.pause_ms;
		enter(t, DTMF_SOUND_TONE, rate_hz / 1000 * item.duration_ms);
		return true;
	}
	return false;
}

static double envelope(const struct dtmf_sound *t, uint32_t edge)
{
	uint32_t to_edge = t->until - t->at < t->at ? t->until - t->at : t->at;

	return to_edge < edge ? (double)to_edge / edge : 1;
}

/* What of n samples the present state fills. */
static size_t fill(struct dtmf_sound *t, uint32_t rate_hz, int16_t *out, size_t n)
{
	uint32_t edge = rate_hz / 1000 * EDGE_MS;
	size_t i;

	for (i = 0; i < n && t->at < t->until; i++, t->at++) {
		double x = t->state == DTMF_SOUND_TONE ? (turn(&t->low) + turn(&t->high)) * envelope(t, edge)
						       : 0;

		out[i] = (int16_t)lrint(x);
	}
	return i;
}

/* The present state is over. False: so is everything. */
static bool go_on(struct dtmf_sound *t, struct dtmf_queue *q, uint32_t rate_hz)
{
	if (t->state == DTMF_SOUND_TONE) {
		enter(t, DTMF_SOUND_PAUSE, t->pause);
		t->finished = dtmf_queue_empty(q);
		return true;
	}
	if (begin(t, q, rate_hz))
		return true;
	enter(t, DTMF_SOUND_IDLE, 0);
	return false;
}

const int16_t *dtmf_sound_step(struct dtmf_sound *t, struct dtmf_queue *q, uint32_t rate_hz,
	const int16_t *pcm, int16_t *out, size_t n)
{
	size_t done = 0;

	if (t->state == DTMF_SOUND_IDLE && !begin(t, q, rate_hz))
		return pcm;
	for (;;) {
		done += fill(t, rate_hz, out + done, n - done);
		if (done == n)
			break;
		if (!go_on(t, q, rate_hz)) {
			/* The rest of the frame is the program's again. */
			for (; done < n; done++)
				out[done] = pcm[done];
			break;
		}
	}
	turning_keep(&t->low, amplitude(DTMF_LOW_DBM0));
	turning_keep(&t->high, amplitude(DTMF_HIGH_DBM0));
	return out;
}

void dtmf_sound_stop(struct dtmf_sound *t, const struct dtmf_queue *q)
{
	if (t->state == DTMF_SOUND_TONE)
		t->finished |= dtmf_queue_empty(q);
	if (t->state != DTMF_SOUND_IDLE)
		enter(t, DTMF_SOUND_IDLE, 0);
}
