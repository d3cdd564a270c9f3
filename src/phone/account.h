/* Accounts and transports of a phone: whom we call as, whom we are called as, and over what. */
#ifndef OH_PHONE_ACCOUNT_H
#define OH_PHONE_ACCOUNT_H

#include "base/list.h"
#include "phone/session_cfg.h"
#include "sip/auth_server.h"
#include "sip/stack.h"
#include "offhook/identity.h"

struct edits;
struct account_way;
struct sources;
struct filter_maker;
struct account_presence;
struct identity;
/* transport_filter.c: what the connections of such a transport speak through; nothing for UDP and TCP. */
int transport_maker(
	struct offhook_phone *p, const struct offhook_transport_cfg *cfg, struct filter_maker *ret_maker);

struct transport {
	struct list node; /* offhook_phone.transports */
	offhook_id id;
	struct sip_transport *sip;
	char *public_host;       /* NULL: none */
	struct sources *allowed; /* who may send requests by it; NULL: everybody */
	/* Its number, as last found (transport_public.c). */
	struct netaddr public_ip;
	struct host_dns *public_query;
	uint64_t public_asked_ns; /* 0: never */
};

struct account {
	struct list node; /* offhook_phone.accounts */
	offhook_id id;
	offhook_id transport; /* 0: any */
	char *uri;            /* as configured, or made from the transport */
	char *from;    /* the same as it stands in From: a name-addr with what RFC 3261 19.1.1 allows there */
	char *contact; /* configured; NULL: made from the flow */
	struct sip_uri parsed; /* slices into uri */
	int priority;
	struct subject *subject;           /* what events are about; has its user_data */
	struct sip_auth *auth;             /* NULL: none */
	struct sip_auth_server *challenge; /* NULL: everybody may call */
	struct account_reg *reg;           /* NULL: it has no registrar */
	struct account_presence *presence; /* stays when the account is given other settings */
	struct sources *allowed;           /* who may call; NULL: everybody */
	struct account_way *way;           /* account_way.h */
	struct session_rules rules;        /* of its calls */
	struct edits *edits;               /* NULL: none */
	struct identity *identity;         /* NULL: nothing but its URI */
	enum offhook_auto_answer auto_answer;
	uint32_t auto_answer_ms;
	struct codec_choice *codecs; /* of its calls; NULL: the phone's */
};

struct transport *transport_find(const struct offhook_phone *p, offhook_id id);
struct transport *transport_of(const struct offhook_phone *p, const struct sip_transport *sip);
/* The published address: public_address, else the bound one, else the one that faces the world.
 * Port 0 never. */
void transport_published(const struct offhook_phone *p, const struct transport *t, char *host, size_t size,
	uint16_t *ret_port);
/* The public address for session descriptions; family NONE: there is none of the transport's family, or its name has no
 * address yet. */
struct netaddr transport_public_ip(struct offhook_phone *p, struct transport *t);
/* Its name, if it has one, is looked up anew. */
void transport_public_renew(struct offhook_phone *p, struct transport *t);
void transport_public_forget(struct transport *t);
void transports_free_all(struct offhook_phone *p);

struct account *account_find(const struct offhook_phone *p, offhook_id id);
/* For operations: OH_ENOENT with detail, or 0 and the account. */
int account_operand(const struct offhook_phone *p, offhook_id id, struct account **ret_account);
/* The account that a call to this Request-URI is for: same user and host, else same user, else an account of
 * the transport that it came by, else the default one. Of several the highest priority, then the one that is bound to
 * that transport, then the oldest. NULL: there is no account. */
struct account *account_match(
	const struct offhook_phone *p, const struct sip_uri *ruri, const struct sip_flow *flow);
/* The same without the default one. */
struct account *account_match_exact(
	const struct offhook_phone *p, const struct sip_uri *ruri, const struct sip_flow *flow);
void accounts_free_all(struct offhook_phone *p);

/* The Contact to give to the peer of a flow: the configured one, what is registered for that way (a GRUU, or the address
 * that the registrar saw), or "<sip:user@host:port>". From mem_alloc().
 * OH_ENOMEM, OH_ETOOBIG. */
int account_contact(const struct account *a, const struct sip_flow *flow, char **ret_contact);
/* The same; secure: as a sips URI. OH_EINSECURE: the flow is not one of TLS. */
int account_contact_as(const struct account *a, const struct sip_flow *flow, bool secure, char **ret_contact);

#endif
