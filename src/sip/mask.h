/* Secrets of a SIP message made unreadable: what is shown to people, files and collectors passes here first. */
#ifndef OH_SIP_MASK_H
#define OH_SIP_MASK_H

#include <stddef.h>

/*
 * Writes '*' over what proves or gives away a secret, in place, so that no length changes:
 *	- Authorization, Proxy-Authorization: the response of Digest, all of any other scheme; folded lines too
 *	- session descriptions: the keys of a=crypto (RFC 4568), a=ice-pwd (RFC 8445) and k= (RFC 4566)
 * Everything else stays, nonces and user names too: without them no failed login can be explained. Any bytes are taken.
 */
void sip_mask_secrets(char *text, size_t n);

#endif
