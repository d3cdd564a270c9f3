/*
 * Printing writes once, forwards, into one buffer. A writer never fails in the middle: it goes on counting, and the
 * end says OH_ETOOBIG. Every text is checked: a CR or LF in one would let a program (or a peer whose text is echoed)
 * add headers, so the end then says OH_EINVAL. Two things that a peer may rightly have sent pass: a fold (CRLF and
 * a blank) becomes one SP, and a NUL after a backslash stays (RFC 4475 3.1.1.2); any other NUL is refused.
 */
#ifndef OH_SIP_WRITER_H
#define OH_SIP_WRITER_H

#include "sip/msg.h"

struct sip_writer {
	char *buf;
	size_t cap, n; /* n > cap: too big, and this big */
	int err;
};

/* A header to add: name and value as text. */
struct sip_extra {
	struct slice name, value;
};

void sipw_init(struct sip_writer *w, char *buf, size_t cap);
void sipw_request_line(struct sip_writer *w, struct slice method, struct slice uri);
void sipw_status_line(
	struct sip_writer *w, unsigned status, struct slice reason); /* absent: the standard phrase */
void sipw_hdr(struct sip_writer *w, enum sip_hdr_id id, struct slice value);
void sipw_hdr_named(struct sip_writer *w, struct slice name, struct slice value);
void sipw_cseq(struct sip_writer *w, uint32_t number, struct slice method);
void sipw_extras(struct sip_writer *w, const struct sip_extra *extras, size_t n);
/* All header lines of `id` of a message, unfolded, in order. */
void sipw_copy(struct sip_writer *w, const struct sip_msg *m, enum sip_hdr_id id);
/* Content-Type when the body is not empty, Content-Length, the empty line, the body. Ends the message. */
void sipw_body(struct sip_writer *w, struct slice content_type, struct slice body);
/* 0, OH_ETOOBIG or OH_EINVAL; *ret_text is the message. */
int sipw_end(struct sip_writer *w, struct slice *ret_text);

/* Prints a parsed message again, headers in order and untouched, folded lines joined. */
int sip_msg_print(const struct sip_msg *m, char *buf, size_t cap, struct slice *ret_text);

#endif
