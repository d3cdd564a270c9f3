/* The same work done by somebody else. Every function returns a number made from what it read, so that
 * nothing can be left out by the compiler, and 0 when the peer could not do it. */
#ifndef OH_BENCH_PARSE_PEER_H
#define OH_BENCH_PARSE_PEER_H

#include <stddef.h>

struct parse_peer {
	const char *name;
	void (*init)(void);
	/* Parse, read the ten values of the row "typed", free. */
	size_t (*typed)(const char *text, size_t n);
	/* Print a message that was parsed before. */
	void *(*load)(const char *text, size_t n);
	size_t (*print)(void *message);
	void (*unload)(void *message);
	/* Compare two URIs that were parsed before; NULL: it has no such thing. */
	void *(*uri)(const char *text);
	size_t (*uri_equal)(const void *a, const void *b);
};

#ifdef HAVE_SOFIA_SIP
extern const struct parse_peer peer_sofia;
#endif
#ifdef HAVE_OSIP2
extern const struct parse_peer peer_osip;
#endif

#endif
