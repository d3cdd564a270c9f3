/* Inside of a registration, for the files reg_*.c only. */
#ifndef OH_SESSION_REG_IMPL_H
#define OH_SESSION_REG_IMPL_H

#include "base/wheel.h"
#include "session/reg.h"

/* Copies of texts in one block: what comes and goes together is one allocation. */
struct texts {
	size_t n;
	struct slice list[];
};
/* NULL: memory is out. */
struct texts *texts_new(const struct slice *list, size_t n);

struct reg_setup {
	uint32_t expires_s, wait_base_s, wait_max_s, refused_s, reg_id;
	bool gruu, rewrite, secure;
};

/* What the last 2xx gave. */
struct reg_grant {
	uint64_t until_ns; /* the binding runs out; 0: there is none */
	uint32_t expires_s, flow_timer_s;
	bool outbound;
	struct texts *texts; /* pub-gruu, temp-gruu, then the service route; NULL: none of it */
	struct sip_flow flow;
	bool answers; /* keep-alives over it */
};

struct reg {
	struct sip_stack *stack;
	struct reg_handler handler;
	struct reg_setup setup;
	struct texts *own; /* see enum reg_text; registrars, routes and servers behind */
	size_t n_registrars, n_routes, n_servers;
	struct texts *extras; /* name, value, name, value ... */
	uint64_t about;
	struct sip_transport *prefer;
	struct sip_auth *auth;

	enum reg_state state;
	struct wheel_timer due;    /* refresh or next attempt, by the state */
	struct wheel_timer expiry; /* the binding runs out */
	uint32_t cseq;
	uint32_t failures;     /* in a row */
	uint32_t broken;       /* ways in a row that took a registration and never answered a keep-alive */
	int64_t retry_after_s; /* of the last refusal; -1: none */

	/* The open request. */
	struct sip_locate *locate;
	int locate_err; /* of a look-up that ended at once */
	int unsent;     /* why a request could not be sent: told by the due timer, never from inside */
	struct sip_client *client;
	struct texts *redirect; /* RFC 3261 8.1.3.4: asked instead of the registrar; NULL: not redirected */
	struct sip_flow *flows; /* of the registrar, best first; NULL: to be located */
	size_t n_flows, flow;
	bool second_best; /* somebody before the one in use was left out, because he had failed */
	size_t registrar; /* the one that is asked */
	size_t bound_at;  /* the one that has our binding */
	size_t tried;     /* registrars in this series */
	unsigned again;   /* requests of this series that mended the one before */
	uint64_t sent_ns;

	struct sip_client *fetch;

	struct reg_grant grant;
	char *contact;       /* as sent, "<sip:...>"; NULL: none yet */
	char *old_contact;   /* a binding that the next request takes away; NULL: none */
	struct netaddr seen; /* where the registrar sees us; family NONE: as we do */

	unsigned status; /* of the last outcome */
	int err;
	char *reason;
};

/* Of reg_grant.texts; the service route is behind. */
enum { REG_PUB_GRUU, REG_TEMP_GRUU, REG_N_GRUUS };

enum reg_text {
	REG_AOR,
	REG_FROM,
	REG_CALL_ID,
	REG_USER,
	REG_FIXED,
	REG_PARAMS,
	REG_LINE,
	REG_INSTANCE,
	REG_N_TEXTS
};

/* ---- the machine (reg_machine.c) ---- */

#define REG_EVENTS(X) \
	X(START) \
	X(STOP) X(MOVED) X(BROKEN) X(DUE) X(EXPIRED) X(BOUND) X(GRANTED) X(GONE) X(FAILED) X(DENIED)
enum reg_event {
#define X(name) REG_EV_##name,
	REG_EVENTS(X)
#undef X
		N_REG_EVENTS
};
/* What a response was, and how it is told. */
struct reg_happened {
	unsigned status;
	struct slice reason;
	int err;
	struct sip_msg *msg;
};
void reg_handle(struct reg *r, enum reg_event ev, const struct reg_happened *h);
bool reg_asks(const struct reg *r); /* a request is open, or being located */

/* ---- requests (reg_request.c) ---- */

/* Begins a series: the first request to the best registrar. Its end comes as an event, never from inside. */
void reg_ask(struct reg *r);
/* The open request is given up; the transaction goes on alone. */
void reg_ask_drop(struct reg *r);
/* The same once more, mended. False: too often. */
bool reg_ask_again(struct reg *r);
/* The next address, or the next registrar. False: none left. */
bool reg_ask_next(struct reg *r);
/* The addresses of the registrar are forgotten. */
void reg_forget_way(struct reg *r);
/* The binding at the backup is taken away, when the first registrar has one. */
void reg_leave_backup(struct reg *r);
bool reg_leaves(const struct reg *r); /* it asks for the end of the binding */

/* ---- responses (reg_response.c) ---- */

void reg_respond(struct reg *r, struct sip_msg *msg, const struct sip_flow *flow);
void reg_grant_clear(struct reg *r);

#endif
