/*
 * What an INVITE says about its way and its wishes: whom it was meant for before it came to us (Diversion, RFC 5806;
 * History-Info, RFC 7044), and whether it wants to be answered without anybody (Answer-Mode, RFC 5373; what desk phones
 * read from Call-Info and Alert-Info). Pure: slices point into the message.
 */
#ifndef OH_SESSION_CALLER_H
#define OH_SESSION_CALLER_H

#include "sip/msg.h"

struct diversion {
	struct sip_addr addr; /* who has sent the call on */
	struct slice reason;  /* "unconditional", "user-busy", "no-answer" ...; absent: not told */
	struct slice privacy; /* "full", "name", "uri", "off"; absent: not told */
	uint32_t counter;     /* how often: 1 unless told */
};
/* Takes the next element of a Diversion value off *rest. 1: *ret_diversion set; 0: nothing left; an error as
 * sip_addr_next(). */
int diversion_next(struct slice *rest, struct diversion *ret_diversion);

struct history {
	struct sip_addr addr; /* a target that the request was sent to */
	struct slice index;   /* "1.1.2"; absent: not told */
	struct slice why;     /* "rc", "mp" or "np" (RFC 7044 10.3); absent: not told */
	struct slice from;    /* the index that it was made from; absent: not told */
	unsigned cause; /* why that target did not take it: a SIP status or a cause (RFC 4458); 0: not told */
	bool hidden;    /* it asks not to be shown (Privacy "history") */
};
/* The same for History-Info. */
int history_next(struct slice *rest, struct history *ret_history);

enum answer_mode { ANSWER_MODE_NONE, ANSWER_MODE_MANUAL, ANSWER_MODE_AUTO };
struct answer_wish {
	enum answer_mode mode;
	bool required;    /* to be refused rather than answered another way (RFC 5373 4.2) */
	uint32_t after_s; /* AUTO: not before */
};
/* Limit: a wish to wait longer is none. */
#define ANSWER_AFTER_MAX_S 3600u
void answer_wish_read(const struct sip_msg *msg, struct answer_wish *ret_wish);

#endif
