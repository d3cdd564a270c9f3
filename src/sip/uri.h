/*
 * SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966) and name-addrs (RFC 3261 20.10). A parsed URI is slices into the
 * text it came from: nothing is copied, nothing is unescaped until somebody compares or asks.
 */
#ifndef OH_SIP_URI_H
#define OH_SIP_URI_H

#include "base/netaddr.h"
#include "base/slice.h"

enum sip_scheme { SIP_SCHEME_OTHER, SIP_SCHEME_SIP, SIP_SCHEME_SIPS, SIP_SCHEME_TEL };

struct sip_uri {
	enum sip_scheme scheme;
	struct slice text; /* the whole URI as it stood */
	struct slice scheme_text;
	struct slice user; /* escaped as it stood; absent when there is none. tel: the number */
	struct slice password;
	struct slice host;    /* IPv6 with its brackets; absent for tel and other schemes */
	uint16_t port;        /* 0: none given */
	struct slice params;  /* after the first ';', without it; absent when none */
	struct slice headers; /* after '?', without it; absent when none */
};

/* Parameters, and headers, of one URI. Comparing two URIs costs the square of it. */
#define SIP_URI_PARAMS_MAX 64u

/* The whole text must be one URI. OH_EURI: detail says what is wrong and where; any scheme parses
 * (SIP_SCHEME_OTHER: only scheme_text and text are set). */
int sip_uri_parse(struct slice text, struct sip_uri *ret_uri);

/* Does the text begin as a sips URI does? */
bool sip_is_sips(struct slice uri);

/* The value of a URI parameter ("lr", "transport", "maddr", ...), name without case. True when present; the value
 * is empty for a flag. ret_value may be NULL. */
bool sip_uri_param(const struct sip_uri *u, struct slice name, struct slice *ret_value);

/* Equality by every rule of RFC 3261 19.1.4 and RFC 3966 4. */
bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b);

/* Undoes %-escapes into buf; returns the number of bytes, or OH_ETOOBIG / OH_ESYNTAX as a negative number. */
long sip_unescape(struct slice text, char *buf, size_t cap);

/* A list of ";name=value" parameters, as in Via, From, Contact: text begins at the first name, without ';'. */
struct sip_param {
	struct slice name, value; /* value absent for a flag; quotes are kept */
};
/* Iterates: *rest is consumed. 1: *ret_param set; 0: end; OH_ESYNTAX. */
int sip_param_next(struct slice *rest, struct sip_param *ret_param);
/* Finds one, name without case. ret_value may be NULL. */
bool sip_param_find(struct slice params, struct slice name, struct slice *ret_value);

/* name-addr / addr-spec with header parameters: From, To, Contact, Route, Record-Route, Refer-To ... */
struct sip_addr {
	struct slice text;    /* the whole element, without the comma after it */
	struct slice display; /* without its quotes, escapes kept; absent when none */
	struct sip_uri uri;
	struct slice params; /* header parameters after ';', without it; absent when none */
	bool angled;         /* <...> was there */
	bool star;           /* Contact: * */
};
/* Takes the first element of a (comma-separated) value off *rest. 1: *ret_addr set; 0: nothing left; OH_ESYNTAX or
 * OH_EURI. Without brackets, parameters belong to the header and a '?' or ',' is an error (RFC 3261 20). */
int sip_addr_next(struct slice *rest, struct sip_addr *ret_addr);
/* The text must be exactly one element. */
int sip_addr_parse(struct slice text, struct sip_addr *ret_addr);

/* The host part as an address when it is numeric; OH_EINVAL for a name. The port is that of the URI, 0 if none. */
int sip_uri_netaddr(const struct sip_uri *u, struct netaddr *ret_addr);

#endif
