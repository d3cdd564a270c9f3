/*
 * What the name servers told a stack, as long as it is good (RFC 1035 7.4, RFC 2308): addresses, SRV and NAPTR records.
 * Many who ask the same at the same time share one question. Absence is kept for a short time. When no server answers, an
 * answer that has run out serves a while longer (RFC 8767): calls outlive their name server.
 *
 * Thread: signalling. Inside of src/sip only.
 */
#ifndef OH_SIP_DNS_CACHE_H
#define OH_SIP_DNS_CACHE_H

#include "base/list.h"
#include "host/host.h"
#include "sip/dns_msg.h"

struct dns_cache;

/* Named limits. */
#define DNS_CACHE_MAX    1000u  /* names times kinds; the oldest goes */
#define DNS_TTL_MAX_S    86400u /* RFC 8767 4 */
#define DNS_ABSENT_S     30u    /* no such name, or no such records */
#define DNS_UNANSWERED_S 5u     /* nobody answered: not everybody who asks waits for that again */
#define DNS_STALE_S      3600u /* how long after its end an answer still serves when nobody gives a newer one */

struct dns_answer {
	int err; /* 0, OH_ERESOLVE (none), OH_ETIMEDOUT, OH_ETRANSPORT, OH_ESYNTAX, OH_ETOOMANY, OH_ENOMEM */
	/* As asked for. */
	struct dns_records *records;
	struct netaddr *addrs; /* ports 0 */
	size_t n_addrs;
};

/* Somebody who waits: embedded in what does. */
struct dns_wait {
	struct list link;
	/* answer: good until return. */
	void (*fn)(struct dns_wait *w, const struct dns_answer *answer);
};

/* host is borrowed. seed: 16 random bytes. OH_ENOMEM. */
int dns_cache_new(struct host *host, const uint64_t seed[2], struct dns_cache **ret_cache);
/* Who still waits is not told. Returns NULL. */
struct dns_cache *dns_cache_free(struct dns_cache *c);

/* type: HOST_DNS_A, HOST_DNS_AAAA (the hosts file counts), HOST_DNS_SRV, HOST_DNS_NAPTR. Known: the answer, good until the
 * next call here, and w is left alone. NULL: w->fn runs once, unless dns_cache_leave(). */
const struct dns_answer *dns_cache_ask(struct dns_cache *c, const char *name, int type, struct dns_wait *w);
/* Harmless for one that does not wait. */
void dns_cache_leave(struct dns_wait *w);

#endif
