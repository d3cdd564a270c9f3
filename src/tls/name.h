/*
 * Is this certificate good for that host? RFC 5922 7.1 and 7.2: the SIP domains in a certificate are the hosts of its
 * "sip:" URIs without a user; when there is none, its DNS names; and only when it has no alternative name at all, its
 * common name. They are compared whole, without case; a wildcard is good for nothing. A host that is an IP address is
 * looked for among the IP addresses (RFC 5922 says nothing of them; RFC 2818 3.1 does).
 */
#ifndef OH_TLS_NAME_H
#define OH_TLS_NAME_H

#include "base/slice.h"

#include <openssl/x509.h>

bool tls_name_matches(X509 *cert, struct slice host);

/* The identities that were there to compare with, for people: "sip:a.example, b.example"; "no name" when there is none.
 * What does not print is shown as '?'; cut to cap. Returns buf. */
const char *tls_name_list(X509 *cert, char *buf, size_t cap);

#endif
