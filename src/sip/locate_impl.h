/*
 * Inside of finding the next hop, for the files locate*.c only.
 *
 *	locate_aim.c       what the URI says, and which of our transports reach an address
 *	locate_service.c   NAPTR and SRV: which transports and hosts serve a domain
 *	locate_seek.c      the steps from one URI to its addresses
 *	locate.c           the door: one URI, or several in their order
 */
#ifndef OH_SIP_LOCATE_IMPL_H
#define OH_SIP_LOCATE_IMPL_H

#include "sip/dns_cache.h"
#include "sip/stack_impl.h"

#define FLOWS_MAX    8u /* that are handed on */
#define SERVICES_MAX 4u /* names of SRV records that are looked at */
#define HOSTS_MAX    8u /* hosts whose addresses are looked up */

/* How long a slow name server is waited for when another question has brought an address: for the other family of a host
 * (as RFC 8305 3), for another host. */
#define SLOW_FAMILY_MS 300u
#define SLOW_HOST_MS   2000u

enum step { ASK_NAPTR, ASK_SRV, ASK_ADDRS };
enum family { IP6, IP4, N_FAMILIES }; /* in the order of trying: RFC 6157 6, RFC 7984 3.1 */

#define TRANSPORTS (SIP_TRANSPORT_WSS + 1u)

struct question {
	struct dns_wait wait;
	struct seek *owner;
	int type;
	size_t index; /* of its service or host */
};

/* Something to look up the SRV records of. */
struct service {
	enum sip_transport_type type;
	char name[DNS_NAME_MAX + 1];
	struct question question;
	bool answered;           /* there are such records, be it only the one that says no */
	struct dns_records *srv; /* in their order, or NULL */
};

/* A host to be found, or found. */
struct host_target {
	enum sip_transport_type type;
	uint16_t port;
	char name[DNS_NAME_MAX + 1];
	struct question questions[N_FAMILIES];
	struct netaddr addrs[N_FAMILIES][FLOWS_MAX];
	size_t n_addrs[N_FAMILIES];
};

/* What the URI says. */
struct aim {
	struct sip_stack *stack;
	struct sip_transport *prefer; /* NULL when it is not open any more */
	bool secure;       /* only over TLS: it is a sips URI (RFC 3261 26.2.2), or that is the policy */
	struct slice host; /* whom it names: what a certificate must show (RFC 5922 7.3) */
	enum sip_transport_type type; /* as the URI names it, or the first that we would take */
	bool type_open;               /* the URI left it open */
	uint16_t port;                /* 0: open */
};

/* The look-up of one URI. */
struct seek {
	struct aim aim;
	sip_locate_fn *fn;
	void *arg;
	char name[DNS_NAME_MAX + 1];

	enum step step;
	unsigned open; /* questions of this step */
	int err;       /* why the last name had nothing */
	struct wheel_timer slow;
	struct question naptr;
	struct service services[SERVICES_MAX];
	size_t n_services;
	struct host_target hosts[HOSTS_MAX];
	size_t n_hosts;
};

/* ---- what the URI says (locate_aim.c) ---- */

/* RFC 3261 19.1.2; RFC 7118 8.1 for WebSocket. */
uint16_t locate_default_port(enum sip_transport_type type);
/* The transports that this stack has, a bit each; of one family, or of any (0). */
unsigned locate_ours(const struct sip_stack *s, uint8_t family);
/* What the URI says; secure: only over TLS, whatever it says. OH_ESCHEME, OH_EURI, OH_ETRANSPORT (none of ours fits),
 * OH_EINSECURE (it names one without TLS). */
int locate_aim(
	struct sip_stack *s, const struct sip_uri *u, const struct sip_hops *hops, struct aim *ret_aim);
/* From which of our transports remote is reached. OH_ETRANSPORT (none of that kind or family), OH_EUNREACH. */
int locate_flow_to(const struct aim *a, enum sip_transport_type type, const struct netaddr *remote,
	struct sip_flow *ret_flow);

/* ---- one URI (locate_seek.c) ---- */

/* Nothing is asked yet. OH_EURI, OH_ENOMEM. */
int seek_new(const struct aim *aim, sip_locate_fn *fn, void *arg, struct seek **ret_seek);
/* fn runs once with the flows in the order of the records, q is gone then. True: that is over. */
bool seek_begin(struct seek *q);
/* fn will not run. Accepts NULL. */
void seek_free(struct seek *q);

/* ---- services (locate_service.c) ---- */

/* What the NAPTR records of the domain say. */
void locate_take_naptr(struct seek *q, struct dns_records *records);
/* No NAPTR: the transport of the URI, or all that we have, the default one first. */
void locate_guess_services(struct seek *q);
void locate_take_srv(struct seek *q, struct service *s, const struct dns_records *records);
/* What the services led to; when none has records, the domain itself (RFC 3263 4.2). */
void locate_hosts_of_services(struct seek *q);
void locate_add_host(struct seek *q, enum sip_transport_type type, const char *name, uint16_t port);

#endif
