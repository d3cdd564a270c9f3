/*
 * What a SIP message is, at a glance: for traces and ladders, which see every message, also those of ours that were never
 * parsed and those of others that cannot be. Looks at the lines once, checks nothing, allocates nothing.
 */
#ifndef OH_SIP_PEEK_H
#define OH_SIP_PEEK_H

#include "sip/msg.h"

struct sip_peek {
	enum sip_method method; /* of the start line, or of CSeq */
	struct slice method_text;
	unsigned status; /* 0: a request */
	uint32_t cseq;
	struct slice call_id; /* absent: there is none */
	bool body_sdp;        /* has a body, alone or in parts, that may be a session description */
};

/* 0, or OH_ESYNTAX: no start line of SIP. Slices point into `bytes`. */
int sip_peek(struct slice bytes, struct sip_peek *ret_peek);

#endif
