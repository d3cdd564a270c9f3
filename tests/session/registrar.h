/*
 * A registrar on the simulated wire (RFC 3261 10.3), on a host of its own, as unfriendly as a story needs it: it asks for
 * credentials, wants long intervals, sends people elsewhere, goes away with or without its memory. It keeps no
 * transactions: what is repeated is worked on again, and what is older than what it has (Call-ID, CSeq) is refused.
 */
#ifndef OH_TESTS_SESSION_REGISTRAR_H
#define OH_TESTS_SESSION_REGISTRAR_H

#include "check.h"

#include "host/sim/sim.h"

#define REGISTRAR_IP "192.0.2.10"

struct registrar_cfg {
	const char *ip;        /* NULL: REGISTRAR_IP */
	uint32_t min_s, max_s; /* below: 423; above: granted so much; 0: no limit */
	const char *password;  /* every user's, by digest; NULL: nobody is asked */
	const char *headers;   /* of each 2xx, "\r\n" behind each */
	const char *sees;      /* the address where it says to see everybody; NULL: where they are */
	const char *params;    /* of each Contact of a 2xx, ";" before each */
	bool stun;             /* binding requests are answered */
	/* Instead of all that: status line and headers, for each request, of any method; NULL: it is a registrar */
	const char *answer;
	/* It hears of each binding that comes, with how long the address-of-record was away before. */
	void (*bound)(void *arg, uint64_t away_ns);
	void *arg;
};

struct registrar {
	struct registrar_cfg cfg; /* may be changed at any time */
	struct sim *sim;
	struct host *host;
	struct host_dgram *dgram;
	bool up;
	uint64_t began_ns;
	struct registrar_aor **aors;
	char *last;         /* the last request, terminated */
	unsigned datagrams; /* of any kind, heard or not */
	unsigned requests, challenged, refused, accepted;
	unsigned pings;        /* binding requests, answered or not */
	unsigned oldest_nonce; /* those before it are not its own any more */
};

/* NULL: memory is out. */
struct registrar *registrar_try_new(struct sim *sim, const struct registrar_cfg *cfg);
struct registrar *registrar_new(struct sim *sim, const struct registrar_cfg *cfg);
/* NULL is harmless. */
void registrar_free(struct registrar *r);
/* Hears nothing any more. */
void registrar_down(struct registrar *r);
/* Is there again; what it knew of bindings is forgotten, or not. Its nonces are. */
void registrar_up(struct registrar *r, bool forgets);
/* The Contacts that are bound to "sip:alice@example.com" now, URIs in order, one blank between. */
const char *registrar_contacts(struct registrar *r, const char *aor);
/* A header of the last request that it saw, "" when there is none. */
const char *registrar_saw(struct registrar *r, const char *header);
/* Since when nobody of this address-of-record could be reached; 0: it can be. */
uint64_t registrar_away_since(struct registrar *r, const char *aor);

#endif
