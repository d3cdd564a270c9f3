/*
 * What became of a signal on its way: delay, and what was spoiled.
 *
 * The output is walked along. As long as its samples are those of the sent signal at one delay, bit by bit, they are
 * good. Where they are not, a gap begins; it ends where at least ORACLE_RUN samples in a row are the sent signal again,
 * at whatever delay, not earlier in it than ORACLE_BACK before where the gap began, nor later than ORACLE_ON after it;
 * and when it is earlier, they have to go on into what had not been heard (so a period that is repeated is no signal).
 * (So what is shuffled, said again or swapped is no signal.) A gap took `out` samples of output and `sent` samples of
 * the signal. It spoils the longer of the two, less what the network lost of that piece of the signal:
 *
 *	spoiled = max(out, sent) - lost, at least 0
 *
 * So a concealed packet that the network lost costs nothing but what was blended behind it; one that came late costs
 * all of it; what is skipped costs as much as what is put in.
 *
 * The one exception is a faithful stretch: a gap with nothing lost in it that makes the signal longer or shorter by at
 * most ORACLE_SCALE and puts at most that and 5 ms more out, where
 *   - what stands in the output is the signal from where the gap began, or from as far before (said twice) or behind
 * (left out) as it was made longer or shorter, to a millisecond, but for a tenth of its energy; or both are quiet (-50
 * dBov); and
 *   - what is left out or said twice is like its neighbour (normalised correlation 0.7), or quiet.
 *
 * A pause may become longer or shorter by any length: then what stands in the output, what is left out, and the signal
 * where the gap began are all quiet.
 *
 * Silent is 10 ms of output in a gap that is nearly zero where the signal at the last delay is not quiet.
 */
#ifndef OH_TESTS_RTP_ORACLE_H
#define OH_TESTS_RTP_ORACLE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ORACLE_RUN   40
#define ORACLE_BACK  160
#define ORACLE_ON    8000
#define ORACLE_SCALE 160
#define ORACLE_SLACK 8
#define ORACLE_QUIET 100.0

struct oracle {
	const int16_t *sent;
	const bool *lost; /* per sample of sent; NULL: nothing */
	long n_sent;
	const int16_t *out;
	long n_out;
	/* Found. Samples. */
	long good, spoiled, silent, gaps, stretches;
	long first_delay;
	int32_t *delay; /* per sample of out, room for n_out: where it is good, else INT32_MIN */
};

static inline double oracle_level(const int16_t *pcm, long n)
{
	double sum = 0;

	for (long i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return n > 0 ? sqrt(sum / (double)n) : 0;
}

/* Energy of the difference as a share of that of b. */
static inline double oracle_error(const int16_t *a, const int16_t *b, long n)
{
	double e = 0, p = 1;

	for (long i = 0; i < n; i++) {
		e += (double)(a[i] - b[i]) * (a[i] - b[i]);
		p += (double)b[i] * b[i];
	}
	return e / p;
}

static inline double oracle_alike(const int16_t *a, const int16_t *b, long n)
{
	double r = 0, p = 1, q = 1;

	for (long i = 0; i < n; i++) {
		r += (double)a[i] * b[i];
		p += (double)a[i] * a[i];
		q += (double)b[i] * b[i];
	}
	return r / sqrt(p * q);
}

/* From `at` on the output is the signal from s on, up to something that had not been heard when the gap began. */
static inline bool oracle_same(const struct oracle *o, long at, long s, long sent)
{
	long n = ORACLE_RUN + (s < sent ? sent - s : 0);

	return s >= 0 && at + n <= o->n_out && s + n <= o->n_sent && o->out[at] == o->sent[s] &&
	       !memcmp(o->out + at, o->sent + s, (size_t)n * sizeof(*o->out));
}

/* The gap that began at `at`, where `sent` should have stood: where it ends. */
static inline bool oracle_resume(const struct oracle *o, long at, long sent, long *ret_at, long *ret_sent)
{
	for (long q = at; q + ORACLE_RUN <= o->n_out; q++) {
		long here = sent + (q - at);

		/* The nearest delay first. */
		for (long d = 0; d <= ORACLE_ON + ORACLE_BACK; d++)
			for (int side = -1; side <= 1; side += 2) {
				long s = here + side * d;

				if (s < sent - ORACLE_BACK || s > sent + ORACLE_ON ||
					!oracle_same(o, q, s, sent))
					continue;
				*ret_at = q;
				*ret_sent = s;
				return true;
			}
	}
	return false;
}

static inline bool oracle_is_the_signal(const struct oracle *o, long at, long n, long from, long to)
{
	bool quiet = oracle_level(o->out + at, n) <= ORACLE_QUIET;

	for (long s = from < 0 ? 0 : from; s <= to && s + n <= o->n_sent; s++)
		if (oracle_error(o->out + at, o->sent + s, n) <= 0.1 ||
			(quiet && oracle_level(o->sent + s, n) <= ORACLE_QUIET))
			return true;
	return n == 0;
}

static inline bool oracle_faithful(const struct oracle *o, long at, long sent, long out_n, long sent_n)
{
	long by = labs(out_n - sent_n), from = sent_n < 0 ? sent + sent_n : sent;

	if (oracle_level(o->out + at, out_n) <= ORACLE_QUIET &&
		oracle_level(o->sent + from, labs(sent_n)) <= ORACLE_QUIET &&
		oracle_level(o->sent + sent, 80) <= ORACLE_QUIET)
		return true;
	if (by > ORACLE_SCALE || out_n > ORACLE_SCALE + 40 || from + 2 * by > o->n_sent)
		return false;
	if (!oracle_is_the_signal(o, at, out_n, sent - (out_n > sent_n ? by : 0) - ORACLE_SLACK,
		    sent + (out_n < sent_n ? by : 0) + ORACLE_SLACK))
		return false;
	return by == 0 || oracle_alike(o->sent + from, o->sent + from + by, by) >= 0.7 ||
	       oracle_level(o->sent + from, 2 * by) <= ORACLE_QUIET;
}

static inline void oracle_gap(struct oracle *o, long at, long sent, long out_n, long sent_n)
{
	long lost = 0, longer = out_n > sent_n ? out_n : sent_n;

	o->gaps++;
	for (long i = sent; o->lost && i < sent + sent_n; i++)
		lost += o->lost[i];
	for (long i = 0; i + 80 <= out_n; i += 80)
		if (sent + i + 80 <= o->n_sent && oracle_level(o->out + at + i, 80) < 4 &&
			oracle_level(o->sent + sent + i, 80) > ORACLE_QUIET)
			o->silent += 80;
	if (lost == 0 && oracle_faithful(o, at, sent, out_n, sent_n))
		o->stretches++;
	else if (longer > lost)
		o->spoiled += longer - lost;
}

static inline void oracle_run(struct oracle *o)
{
	long at, sent, first = 0;

	o->good = o->spoiled = o->silent = o->gaps = o->stretches = 0;
	for (long i = 0; i < o->n_out; i++)
		o->delay[i] = INT32_MIN;
	/* What comes before the first sound is no gap, but the signal has to come from its beginning. */
	while (first < o->n_out && !o->out[first])
		first++;
	if (!oracle_resume(o, first, 0, &at, &sent)) {
		o->spoiled = o->n_sent;
		return;
	}
	o->first_delay = at - sent;
	oracle_gap(o, at, 0, 0, sent);
	for (;;) {
		long next_at, next_sent;

		for (; at < o->n_out && sent < o->n_sent && o->out[at] == o->sent[sent]; at++, sent++) {
			o->delay[at] = (int32_t)(at - sent);
			o->good++;
		}
		if (sent >= o->n_sent || at >= o->n_out)
			return;
		if (!oracle_resume(o, at, sent, &next_at, &next_sent)) {
			oracle_gap(o, at, sent, o->n_sent - sent, o->n_sent - sent);
			return;
		}
		oracle_gap(o, at, sent, next_at - at, next_sent - sent);
		at = next_at;
		sent = next_sent;
	}
}

#endif
