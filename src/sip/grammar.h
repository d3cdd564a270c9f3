/*
 * What the parsers of this layer share: character classes of RFC 3261 25.1 and the few scanners built on
 * them. Only for the files of src/sip. A scanner takes [p, end) and returns where it stopped; NULL where it
 * says so: a syntax fault.
 */
#ifndef OH_SIP_GRAMMAR_H
#define OH_SIP_GRAMMAR_H

#include "sip/uri.h"

enum {
	CT_TOKEN = 1 << 0,  /* token */
	CT_USER = 1 << 1,   /* user without "%" */
	CT_PASS = 1 << 2,   /* password without "%" */
	CT_HOST = 1 << 3,   /* hostname and IPv4address */
	CT_PARAM = 1 << 4,  /* paramchar of a URI without "%" */
	CT_HEADER = 1 << 5, /* hname and hvalue of a URI without "%" */
	CT_OPAQUE = 1 << 6, /* anything in a URI of a scheme that we do not know */
	CT_VALUE = 1 << 7,  /* a header parameter's value that is not quoted */
	CT_DIGIT = 1 << 8,
	CT_HEX = 1 << 9,
	CT_ALPHA = 1 << 10,
	CT_LWS = 1 << 11,    /* SP, HTAB and the CR and LF of a folded line */
	CT_PHONE = 1 << 12,  /* phonedigit-hex of RFC 3966: digits, A-F, * # and visual separators */
	CT_SCHEME = 1 << 13, /* scheme after its first letter */
};

extern const uint16_t sip_ctype[256];

/* Where a text ends, and how far the memory behind it may be read: a header's value is followed by the rest
 * of the message, so that even its last word can be looked at 16 bytes at once. readable >= end. */
struct bounds {
	const char *end, *readable;
};

static inline struct bounds sip_bounds_of(struct slice s)
{
	return (struct bounds){slice_end(s), slice_end(s)};
}

static inline bool sip_is(char c, unsigned classes)
{
	return (sip_ctype[(unsigned char)c] & classes) != 0;
}

static inline const char *sip_span(const char *p, const char *end, unsigned classes)
{
	while (p < end && sip_is(*p, classes))
		p++;
	return p;
}

/* As sip_span(), for classes that hold letters, digits, '-' and '.' and stand for words of unknown length. */
const char *sip_span_word(const char *p, struct bounds b, unsigned classes);

/* The first c or other, or the end. */
const char *sip_find(const char *p, struct bounds b, char c, char other);

/* Is p[0..n) the word in lower case? For n known to the compiler. '@', '[' and CR would pass for other
 * characters, so word has letters and digits only. */
static inline bool sip_is_word(const char *p, const char *word, size_t n)
{
	unsigned diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (unsigned char)((p[i] | 0x20) ^ word[i]);
	return diff == 0;
}

/* The line ends that a value still holds are folds: framing has made sure that SP or HTAB follows. */
static inline const char *sip_skip_lws(const char *p, const char *end)
{
	return sip_span(p, end, CT_LWS);
}

static inline struct slice sip_between(const char *p, const char *end)
{
	return (struct slice){p, (size_t)(end - p)};
}

/* Like sip_span(), with %HH besides; NULL: a "%" without two hexadecimal digits. */
const char *sip_span_escaped(const char *p, struct bounds b, unsigned classes);

/* p is after the opening quote; returns after the closing one, or NULL when it never comes. */
const char *sip_skip_quoted(const char *p, struct bounds b);

/* host [ ":" port ] (RFC 3261 25.1 hostport). *ret_port is 0 when there is none. Blanks about the colon are
 * taken when `lws` (sent-by of Via); NULL: no host, or a port that is none. */
const char *sip_scan_hostport(
	const char *p, struct bounds b, bool lws, struct slice *ret_host, uint16_t *ret_port);

/* Numeric host, with or without brackets; also the colon too many of RFC 5118 4.10. OH_EINVAL for a name. */
int sip_host_netaddr(struct slice host, uint16_t port, struct netaddr *ret_addr);

/* One "name=value" or "name" at p; NULL: malformed. Blanks after it are taken. */
const char *sip_scan_param(const char *p, struct bounds b, struct sip_param *ret_param);

/* *( SEMI generic-param ) up to a comma outside quotes or the end; *ret_params begins after the first ';',
 * absent when there are none. Blanks before and after are taken. NULL: empty or malformed parameter. */
const char *sip_scan_params(const char *p, struct bounds b, struct slice *ret_params);

/* A URI at p: returns where it ends, which is b.end unless something follows that is in no URI. NULL:
 * malformed, and *ret_what says how. *ret_uri may be half written. */
const char *sip_scan_uri(const char *p, struct bounds b, struct sip_uri *ret_uri, const char **ret_what);

/* sip_addr_next() that may leave half an address behind. */
int sip_scan_addr(struct slice *rest, const char *readable, struct sip_addr *addr);

/* Do the two texts say the same when escapes of characters outside "reserved" are undone (RFC
 * 3261 19.1.4)? */
bool sip_escaped_eq(struct slice a, struct slice b, bool icase);

#endif
