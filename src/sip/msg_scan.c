/*
 * Finds the line ends of a message's head, 64 bytes at a time and without a branch per line: where lines end
 * is the one thing about a message that no branch predictor can learn.
 */
#include "sip/msg_impl.h"

#ifdef __SSE2__
#include <emmintrin.h>

/* Bit i is set where p[i] == c, for 64 bytes. */
static uint64_t bits_of(const char *p, char c)
{
	const __m128i *v = (const void *)p, want = _mm_set1_epi8(c);
	uint64_t bits = 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned part = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(v + i), want));

		bits |= (uint64_t)part << (16 * i);
	}
	return bits;
}
#else
static uint64_t bits_of(const char *p, char c)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 64; i++)
		bits |= (uint64_t)(p[i] == c) << i;
	return bits;
}
#endif

/* Appends the offset of every set bit. Four are written whether they are there or not (three lines in 64
 * bytes are many), so that the usual block costs no branch that depends on it. */
static unsigned flatten(uint64_t bits, size_t base, uint16_t *pos, unsigned n)
{
	for (unsigned i = 0; i < 2; i++) {
		/* The top bit keeps the count defined when no bit is left. */
		pos[n] = (uint16_t)(base + (unsigned)__builtin_ctzll(bits | 1ull << 63));
		n += bits != 0;
		bits &= bits - 1;
	}
	for (; bits; bits &= bits - 1)
		pos[n++] = (uint16_t)(base + (unsigned)__builtin_ctzll(bits));
	return n;
}

unsigned sip_scan_lines(struct line_scan *s, uint16_t pos[SCAN_BATCH + 4])
{
	size_t stop = s->at + SCAN_BATCH;
	unsigned n = 0;

	while (s->at < s->data.n && s->at < stop && !s->done) {
		const char *p = s->data.p + s->at;
		size_t left = s->data.n - s->at;
		uint64_t nl, cr, after_nl, after_cr, empty;
		char tail[64];

		if (left < 64) {
			memset(tail, 0, sizeof(tail));
			memcpy(tail, p, left);
			p = tail;
		}
		nl = bits_of(p, '\n');
		cr = bits_of(p, '\r');
		after_nl = nl << 1 | s->nl >> 63;
		after_cr = cr << 1 | s->cr >> 63;
		/* LF LF, or LF CR LF */
		empty = nl & (after_nl | ((after_nl << 1 | (s->nl >> 62 & 1)) & after_cr));
		s->nl = nl;
		s->cr = cr;
		if (empty) {
			uint64_t head = ((empty & -empty) << 1) - 1; /* up to and with the empty line's LF */

			nl &= head;
			after_cr &= head;
			s->done = true;
		}
		s->bare_cr |= (after_cr & ~nl) != 0;
		n = flatten(nl, s->at, pos, n);
		s->at += 64;
	}
	return n;
}
