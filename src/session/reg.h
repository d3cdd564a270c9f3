/*
 * A registration (RFC 3261 10.2): the binding of one address-of-record to where we are, and everything that keeps it
 * alive: refreshing in time, the next address and the next registrar when one fails (RFC 3263 4.3), waiting when all have
 * (RFC 5626 4.5), coming back when the first is well again, following our own address as the registrar sees it.
 *
 * Owner: whoever made it; reg_free() before sip_stack_free(). Thread: signalling. The outcome callback comes last in
 * whatever calls it, so the owner may do anything in it, reg_free() included.
 *
 *	IDLE -> REGISTERING -> REGISTERED <-> REFRESHING    HOLDING: the refresh failed, the binding still stands
 *	          |    ^            |            |          WAITING: no binding; the next attempt has its time
 *	          v    |            v            v          REFUSED: the registrar does not want us (403, 404 ...)
 *	        WAITING, REFUSED  UNREGISTERING  HOLDING    LEAVING: unregisters as soon as the open request has ended;
 *	                                             RETURNING: the same the other way round
 */
#ifndef OH_SESSION_REG_H
#define OH_SESSION_REG_H

#include "sip/txn.h"

struct reg;

/* One list of states: constant, and name for the log. */
#define REG_STATES(X) \
	X(IDLE) \
	X(REGISTERING) \
	X(REGISTERED) X(REFRESHING) X(HOLDING) X(WAITING) X(REFUSED) X(LEAVING) X(UNREGISTERING) X(RETURNING)
enum reg_state {
#define X(name) REG_##name,
	REG_STATES(X)
#undef X
		N_REG_STATES
};
const char *reg_state_name(enum reg_state state);

/* Named limits. What a registrar says beyond them is not believed. */
#define REG_REGISTRARS_MAX 8u    /* the first and its backups */
#define REG_ROUTES_MAX     8u    /* of a Service-Route; of ours there may be SIP_ROUTES_MAX */
#define REG_TEXT_MAX       2048u /* bytes of one Service-Route, GRUU or Contact */
#define REG_EXPIRES_MAX_S \
	86400u /* a binding is refreshed at least so often, and no Min-Expires above it is met */
#define REG_REFRESH_MIN_S     5u /* ... and not more often than this, whatever was granted */
#define REG_RETRY_AFTER_MAX_S 3600u
#define REG_AGAIN_MAX         8u /* requests in a row that each mend the one before: 423, 439, 3xx, Contact */
#define REG_EXTRAS_MAX        16u
#define REG_CONTACTS_MAX      100u /* of a response that are looked at */

struct reg_outcome {
	enum reg_state state; /* as of now */
	unsigned status;      /* of the response that decided; 0: none came */
	struct slice reason;  /* its phrase */
	/* 0: as asked. OH_EREGISTRAR: the registrar refused (status); OH_ENOBINDING: it agreed and bound nothing;
	 * OH_ETIMEDOUT, OH_EUNREACH, OH_ERESOLVE, OH_ETRANSPORT: none could be asked; OH_ENOMEM */
	int err;
	struct sip_msg *msg; /* the response, or NULL */
};

struct reg_handler {
	/* A series of requests has come to its end (good, bad or for now), or the binding has run out. */
	void (*outcome)(void *arg, const struct reg_outcome *o);
	/* The answer to reg_fetch(): msg with all Contacts, or err (as above). May be NULL. */
	void (*bindings)(void *arg, int err, struct sip_msg *msg);
	void *arg;
};

/* All slices are copied. */
struct reg_cfg {
	const struct slice
		*registrars; /* Request-URIs, the first one first, backups behind it; 1..REG_REGISTRARS_MAX */
	size_t n_registrars;
	const struct slice
		*routes; /* outbound proxies: Route values, each a name-addr; they decide the next hop */
	size_t n_routes;
	const struct slice *servers; /* URIs: where it goes instead, in this order (sip_request.servers) */
	size_t n_servers;
	bool secure;       /* sip_request.secure */
	struct slice aor;  /* From and To: a name-addr without tag */
	struct slice user; /* of our Contact; may be empty */
	struct slice
		contact; /* "<sip:...>" instead of one made from the way there; absent: made, and followed */
	struct slice params; /* Contact header parameters without the first ';', e.g. "q=0.5"; absent: none */
	struct slice
		line; /* value of a "line" parameter by which calls to a made Contact are known; absent: none */
	struct slice instance; /* "urn:uuid:..." (RFC 5626 4.1); absent: neither Outbound nor GRUU */
	uint32_t reg_id;       /* 0: no Outbound (RFC 5626 4.2.1) */
	bool gruu;             /* ask for GRUUs (RFC 5627 4.1) */
	bool rewrite;          /* the Contact follows received and rport of the response (RFC 3581) */
	uint32_t expires_s;    /* asked for; 0: 300 */
	uint32_t wait_base_s;  /* RFC 5626 4.5 base-time; 0: 30 */
	uint32_t wait_max_s;   /* ... max-time: the cap of the back-off; 0: 60 */
	uint32_t refused_s;    /* how long a refused one waits before it asks again; 0: for ever */
	const struct sip_extra *extras;
	size_t n_extras;
	uint64_t about;               /* sip_request.about */
	struct sip_transport *prefer; /* for locating; NULL: any */
	struct sip_auth *auth;        /* kept by reference; NULL: challenges are refusals */
	struct reg_handler handler;
};

/* OH_EINVAL (no registrar, too many, no UUID), OH_EURI, OH_ESCHEME, OH_ENOMEM. Nothing is sent before reg_start(). */
int reg_new(struct sip_stack *s, const struct reg_cfg *cfg, struct reg **ret_reg);
/* Without a word to the registrar: reg_stop() first to leave it properly. Returns NULL; accepts NULL. */
struct reg *reg_free(struct reg *r);

/* Registers, or refreshes at once; also out of a wait or a refusal. The outcome comes later, never from inside. */
void reg_start(struct reg *r);
/* Unregisters (RFC 3261 10.2.2) when there may be a binding; IDLE when that has ended. */
void reg_stop(struct reg *r);
/* Asks for all bindings of the address-of-record (10.2.3). OH_EBUSY: it was asked and has not answered; else as
 * sip_client_send(). */
int reg_fetch(struct reg *r);
/* The way to the registrar broke, or our address changed: all is looked up anew and the binding replaced (RFC 5626
 * 4.5), within REG_SPREAD_MS, so that a thousand of them do not speak at once. Nothing when IDLE or leaving. */
#define REG_SPREAD_MS 500u
void reg_moved(struct reg *r);

/* A keep-alive over the way of the binding was answered: it counts as a good one (RFC 5626 4.5). */
void reg_flow_answers(struct reg *r);
/* ... was not (err): a good way is replaced at once, within REG_SPREAD_MS; one that never worked after the back-off, which
 * grows as with failed requests. The outcome tells err. */
void reg_flow_failed(struct reg *r, int err);

/* As reg_cfg.prefer, from now on; as reg_moved() when that changes anything. */
void reg_prefer(struct reg *r, struct sip_transport *prefer);

struct reg_info {
	enum reg_state state;
	unsigned status; /* of the last outcome */
	struct slice reason;
	int err;
	bool bound;                        /* a binding stands, as far as we know */
	uint32_t granted_s;                /* by the last 2xx; 0: none */
	uint32_t next_s;                   /* until the next request; 0: nothing planned */
	uint32_t failures;                 /* in a row */
	size_t registrar;                  /* which one is asked: 0 = the first */
	struct slice contact;              /* "<sip:...>" as registered; absent before the first request */
	struct slice pub_gruu, temp_gruu;  /* URIs; absent: none */
	const struct slice *service_route; /* Route values (RFC 3608) */
	size_t n_service_route;
	bool outbound;         /* the registrar does Outbound with us */
	uint32_t flow_timer_s; /* RFC 5626 4.4; 0: none given */
	struct sip_flow flow;  /* of the binding; transport NULL: none */
};
/* Slices are good until the next thing that happens to it. */
void reg_info(const struct reg *r, struct reg_info *ret_info);

#endif
