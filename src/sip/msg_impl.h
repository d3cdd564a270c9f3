/* Shared by msg_*.c only. */
#ifndef OH_SIP_MSG_IMPL_H
#define OH_SIP_MSG_IMPL_H

#include "sip/grammar.h"
#include "sip/msg.h"

#include "base/err.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- names (msg_names.c has the tables); here because every header line passes through ---- */

struct sip_name {
	char text[30]; /* room for whole vectors */
	uint8_t n;
	char compact; /* or 0 */
};

extern const struct sip_name sip_hdr_names[N_SIP_HDRS];
extern uint8_t sip_hdr_slots[256]; /* open addressing by sip_hdr_hash(); 0 is an empty slot */

/* The factors make the list of today free of collisions; with one more name it need not be, and then a second
 * slot is looked at. n > 0. */
static inline unsigned sip_hdr_hash(const char *p, size_t n)
{
	return ((unsigned)n * 39 + (p[0] | 0x20u) * 132 + (p[n - 1] | 0x20u) * 151) & 255;
}

static inline bool sip_hdr_is(const struct sip_name *name, const char *p, size_t n, size_t readable)
{
	if (n == 1)
		return (*p | 0x20) == name->compact;
	if (n != name->n)
		return false;
#ifdef __SSE2__
	/* Names are letters and '-' only, so one OR folds their case. What it also folds, CR to '-', framing
	 * refuses. */
	if (n <= 16 && readable >= 16) {
		__m128i fold = _mm_set1_epi8(0x20);
		__m128i a = _mm_or_si128(_mm_loadu_si128((const void *)p), fold);
		__m128i b = _mm_or_si128(_mm_loadu_si128((const void *)name->text), fold);
		unsigned same = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));

		return (~same & ((1u << n) - 1)) == 0;
	}
#endif
	(void)readable;
	return slice_ieq(slice_make(p, n), slice_make(name->text, n));
}

/* sip_hdr_of() when `readable` bytes may be read at p, n of them the name. */
static inline enum sip_hdr_id sip_hdr_find(const char *p, size_t n, size_t readable)
{
	if (n == 0)
		return SIP_HDR_OTHER;
	for (unsigned at = sip_hdr_hash(p, n); sip_hdr_slots[at]; at = (at + 1) & 255) {
		if (sip_hdr_is(&sip_hdr_names[sip_hdr_slots[at]], p, n, readable))
			return sip_hdr_slots[at];
	}
	return SIP_HDR_OTHER;
}

/* Notes a fault unless there is one already: the first is the one to answer. Returns OH_ESYNTAX. */
int sip_msg_fault(struct sip_msg *m, unsigned status, const char *what);

/* How far a scanner may read: to the end of the message, body and all. */
static inline const char *sip_msg_readable(const struct sip_msg *m)
{
	return m->raw.p + m->raw.n;
}

/* sip_via_next() that may leave half a Via behind. */
int sip_scan_via(struct slice *rest, const char *readable, struct sip_via *via);

/* ---- finding line ends (msg_scan.c) ---- */

#define SCAN_BATCH 1024u /* bytes looked at before the lines found in them are worked on */

struct line_scan {
	struct slice data; /* at most SIP_MSG_MAX bytes */
	size_t at;         /* everything before it has been looked at; a multiple of 64 */
	uint64_t nl, cr;   /* line ends and CRs of the block before */
	bool bare_cr;      /* a CR without LF was met */
	bool done;         /* the empty line was met: it is the last line given out */
};

/* Offsets of the LFs of the next batch into pos[]; returns how many. Ends after the empty line that closes
 * the headers; nothing behind that is looked at. */
unsigned sip_scan_lines(struct line_scan *s, uint16_t pos[SCAN_BATCH + 4]);

#endif
