/* URIs as programs write them: with or without brackets, with or without a display name. */
#ifndef OH_PHONE_URI_TEXT_H
#define OH_PHONE_URI_TEXT_H

#include "sip/uri.h"

/* "sip:bob@host", "<sip:...>" or with a display name; slices into text. OH_EURI, OH_ESCHEME (not sip or
 * sips), OH_EINVAL (NULL). */
int uri_text_parse(const char *text, struct sip_addr *ret_addr);
/* As From and To take it: brackets, and without what RFC 3261 19.1.1 table 1 does not allow there (port,
 * method, maddr, ttl, transport, lr, headers). From mem_alloc(); NULL: memory is out. */
char *uri_text_identity(const struct sip_addr *addr);
/* A name-addr or URI with sips in place of sip, and without transport=tls (RFC 5630 3.1.4). From mem_alloc(); NULL: memory is
 * out. */
char *uri_text_secure(const struct sip_addr *addr);
/* As the Request-URI takes it: without method and headers. From mem_alloc(); NULL: memory is out. */
char *uri_text_target(const struct sip_uri *uri);

#endif
