/* Shared by msg_*.c only. */
#ifndef OH_SIP_MSG_IMPL_H
#define OH_SIP_MSG_IMPL_H

#include "sip/grammar.h"
#include "sip/msg.h"

#include "base/err.h"

/* sip_hdr_of() for the framing: `readable` bytes may be read at p, n of them are the name. */
enum sip_hdr_id sip_hdr_find(const char *p, size_t n, size_t readable);

/* Notes a fault unless there is one already: the first is the one to answer. Returns OH_ESYNTAX. */
int sip_msg_fault(struct sip_msg *m, unsigned status, const char *what);

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
