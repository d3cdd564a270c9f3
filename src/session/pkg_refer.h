/*
 * What belongs to REFER: the "refer" event package with its bodies (message/sipfrag, RFC 3420), and the headers Refer-To
 * (RFC 3515), Referred-By (RFC 3892), Replaces (RFC 3891) and Refer-Sub (RFC 4488).
 */
#ifndef OH_SESSION_PKG_REFER_H
#define OH_SESSION_PKG_REFER_H

#include "session/sub_packages.h"

#define SIPFRAG_TYPE "message/sipfrag;version=2.0"

/* "SIP/2.0 180 Ringing" into buf; reason absent: the standard phrase. OH_ETOOBIG, OH_EINVAL (a line break). */
int sipfrag_write(unsigned status, struct slice reason, char *buf, size_t cap, struct slice *ret_body);
/* The status line that a sipfrag begins with (RFC 3515 2.4.5). OH_ESYNTAX. */
int sipfrag_parse(struct slice body, unsigned *ret_status, struct slice *ret_reason);

/* What a NOTIFY says of the call that was asked for; a last one without a body no more than that it is the last: status 0. False:
 * nothing. */
bool refer_news(const struct sub_news *news, unsigned *ret_status, struct slice *ret_reason);
/* What the end of the subscription says of it, when no last NOTIFY did: the refusal, the 2xx of a peer that tells nothing more (RFC
 * 4488), or 408. */
void refer_end(const struct sub_end *end, unsigned *ret_status, struct slice *ret_reason);

/* The one Refer-To of a request. OH_ENOENT: none; OH_ESYNTAX: more than one; OH_ESYNTAX, OH_EURI: malformed. */
int refer_to_parse(const struct sip_msg *msg, struct sip_addr *ret_addr);
/* Does the message say "Refer-Sub: false"? */
bool refer_sub_false(const struct sip_msg *msg);

struct replaces {
	struct slice call_id, to_tag, from_tag;
	bool early_only;
};
/* The value of a Replaces header. OH_ESYNTAX. */
int replaces_parse(struct slice value, struct replaces *ret_replaces);
/* The Replaces of a message. OH_ENOENT: none; OH_ESYNTAX: malformed or more than one. */
int replaces_of(const struct sip_msg *msg, struct replaces *ret_replaces);
/* The Join of a message (RFC 3911), which looks the same. Errors as replaces_of(). */
int join_of(const struct sip_msg *msg, struct replaces *ret_join);
/* "<sip:bob@host?Replaces=...&Require=replaces>" into buf, terminated: whoever calls it takes the place of our
 * dialog. OH_ETOOBIG. */
int replaces_refer_to(const struct dialog *dialog, char *buf, size_t cap);

/* The next header of a URI's "?..." part, its name and value unescaped into buf. 1: *ret set; 0: end; OH_ESYNTAX,
 * OH_ETOOBIG. */
int uri_header_next(struct slice *rest, char *buf, size_t cap, struct sip_extra *ret);

#endif
