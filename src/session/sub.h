/*
 * Event subscriptions (RFC 6665), both ways: a subscriber asks to be told of a state and hears NOTIFYs; a notifier is
 * asked and sends them. REFER makes one by itself (RFC 3515). What is told is the business of an event package, one row
 * in sub_package.c; bodies are not looked into here.
 *
 * A subscription has a dialog of its own, or shares the one of a call (REFER inside a call, RFC 5057): then it goes on when
 * the call has ended, until its own end.
 *
 * Owner: whoever made it, until sub_free(), which must come before sip_stack_free(). After `ended` nothing more is
 * reported; what SIP still owes the peer (a SUBSCRIBE that ends it, the last NOTIFY) goes on behind the owner.
 * Thread: signalling. Callbacks come last in each operation; the owner may do anything in them, sub_free() included.
 *
 *	subscriber   ASKED -> PENDING* -> ACTIVE -> TERMINATED
 *	notifier     ASKED (the request waits for sub_reply) -> PENDING* -> ACTIVE -> TERMINATED
 *
 * Forking: the first NOTIFY makes the subscription; those of other forks get 481, which ends them (RFC 6665 4.1.2.4 leaves
 * it to us).
 */
#ifndef OH_SESSION_SUB_H
#define OH_SESSION_SUB_H

#include "sip/dialog.h"

struct sub;

enum sub_state { SUB_ASKED, SUB_PENDING, SUB_ACTIVE, SUB_TERMINATED };

/* ---- event packages (sub_package.c) ---- */

/* Who may be asked for it. */
enum sub_package_use {
	SUB_SUBSCRIBE_ONLY = 1, /* we subscribe, nobody subscribes to us */
	SUB_BOTH_WAYS,          /* stands in Allow-Events */
	SUB_BY_REFER            /* both ways, and never by SUBSCRIBE (RFC 3515 2.4.4) */
};

struct sub_package {
	const char *name;   /* as in Event; compared byte by byte (RFC 6665 8.2.1) */
	const char *accept; /* the types that its NOTIFYs may carry, as in Accept */
	enum sub_package_use use;
	uint32_t expires_s; /* what a subscription lasts when nobody says */
	uint32_t min_s;     /* as notifier: shorter ones are refused with 423 ... */
	uint32_t max_s;     /* ... and longer ones shortened */
};
struct subs;
/* Of those that these subscriptions know. NULL: unknown. */
const struct sub_package *sub_package_find(const struct subs *subs, struct slice name);
/* "presence, dialog": what we notify of, as in Allow-Events; may be empty, and leaves room for a terminator. */
#define SUB_ALLOW_EVENTS_MAX 256u
struct slice sub_allow_events(const struct subs *subs, char buf[SUB_ALLOW_EVENTS_MAX]);

/* ---- headers (sub_header.c) ---- */

/* Event: the package and the id parameter (absent when there is none). OH_ESYNTAX. */
int sub_event_parse(struct slice value, struct slice *ret_package, struct slice *ret_id);

#define SUB_SECONDS_UNKNOWN UINT32_MAX
struct sub_header_state {
	enum sub_state state;   /* an unknown word counts as ACTIVE (RFC 6665 4.1.3) */
	struct slice reason;    /* absent when there is none */
	uint32_t expires_s;     /* SUB_SECONDS_UNKNOWN: not said */
	uint32_t retry_after_s; /* 0: not said */
};
/* Subscription-State. OH_ESYNTAX. */
int sub_state_parse(struct slice value, struct sub_header_state *ret_state);

/* ---- subscriptions ---- */

/* What a NOTIFY says. */
struct sub_news {
	struct sub_header_state state;
	struct sip_msg *msg; /* its body has one of the package's types, or is empty */
};

/* How it ended. */
struct sub_end {
	/* the final response that refused it; 408: no answer, or no NOTIFY in 64*T1; 503: the network; 0: by a NOTIFY, or
	 * its time was over */
	unsigned status;
	struct slice
		reason; /* the phrase, or the reason of the NOTIFY ("timeout" for its time); may be absent */
	uint32_t retry_after_s; /* 0: not said */
	struct sip_msg *msg;    /* what ended it, or NULL */
};

struct sub_handler {
	/* Subscriber: a NOTIFY came, and was answered. A last one is followed by `ended`. */
	void (*notify)(void *arg, struct sub *sub, const struct sub_news *news);
	/* Subscriber: the peer said 2xx to the first SUBSCRIBE or REFER. It may come after a NOTIFY. May be NULL. */
	void (*accepted)(void *arg, struct sub *sub, struct sip_msg *msg);
	/* Notifier: the peer has renewed it, or asks for the state once more: answer by sub_notify() from inside. */
	void (*asked_again)(void *arg, struct sub *sub);
	/* It is over. Once. */
	void (*ended)(void *arg, struct sub *sub, const struct sub_end *end);
	void *arg;
};

/* Limits of one stack, and what is counted for them. Plain struct of the owner, above all its subscriptions. */
struct subs {
	struct sip_stack *stack;
	const struct sub_package *const *packages; /* all of sub_package.c */
	size_t n_packages;
	size_t n_notifiers, max_notifiers; /* more are refused with 503 */
};
#define SUBS_NOTIFIERS_MAX 10000u
void subs_init(struct subs *subs, struct sip_stack *stack);

struct sub_cfg {
	const struct sub_package *package;
	enum sip_method method;         /* SUBSCRIBE or REFER */
	struct slice contact;           /* whole value */
	const struct sip_extra *extras; /* of the first request: Refer-To ... */
	size_t n_extras;
	/* The last two for SUBSCRIBE only. */
	uint32_t expires_s; /* SUB_SECONDS_UNKNOWN: the package's; 0: the state once (RFC 6665 4.4.3) */
	struct slice id;    /* of Event; absent: none */
	struct sub_handler handler;
};

/* Where a request outside dialogs goes. */
struct sub_whom {
	struct slice target, from, to; /* from and to without tag */
	const struct slice *routes;
	size_t n_routes;
	struct sip_flow flow;
	struct sip_auth *auth; /* kept by reference; NULL: nobody */
};
/* All slices are copied. Errors as sip_client_send(), OH_ETOOBIG. No callback runs from inside. */
int sub_subscribe(
	struct subs *subs, const struct sub_cfg *cfg, const struct sub_whom *whom, struct sub **ret_sub);
/* The same inside a dialog, which it then shares. OH_ETOOMANY: DIALOG_USAGES_MAX. */
int sub_subscribe_in(
	struct subs *subs, const struct sub_cfg *cfg, struct dialog *dialog, struct sub **ret_sub);
/* Subscriber: asks for another time, or for the state once more. OH_ESTATE: it has no dialog yet, or is over; OH_ENOTSUP: a
 * REFER made it; OH_EBUSY: it is asking already; else as sip_client_send(). */
int sub_refresh(struct sub *sub, uint32_t expires_s);

/* Notifier: takes a SUBSCRIBE or REFER with its server transaction; it then waits for sub_reply(). `shared`: the
 * dialog that it came in, NULL: none. Refuses by itself what cannot become a subscription and returns the error then
 * (the server transaction is used up): 489 (no such event), 403 (SUBSCRIBE to "refer"), 423, 406, 400 (no Contact), 503
 * (too many), 500. contact: our own, copied. */
struct sub_incoming {
	struct dialog *shared;
	struct slice contact;
	struct sip_auth *auth; /* kept by reference; NULL: nobody */
	struct sub_handler handler;
};
int sub_incoming(struct subs *subs, const struct sub_incoming *in, struct sip_msg *msg,
	struct sip_server *server, struct sub **ret_sub);
/* Answers it. 200-299: sub_notify() must follow at once; a REFER may be answered without subscription (`refer_sub`
 * false, RFC 4488): it is over then, without `ended`. 300-699: it is over, without `ended`. OH_ESTATE: nothing to answer;
 * OH_EINVAL, OH_ETOOBIG, OH_ENOMEM: nothing was sent. */
struct sub_reply {
	unsigned status;
	struct slice reason;
	bool without_sub; /* REFER: no NOTIFY will come */
	const struct sip_extra *extras;
	size_t n_extras;
};
int sub_reply(struct sub *sub, const struct sub_reply *reply);

/* Notifier: the state, in full. One NOTIFY is under way at a time: of those given meanwhile the newest goes next. After
 * TERMINATED nothing more is reported. Slices are copied. OH_ESTATE: not accepted, or over; OH_ENOMEM. */
struct sub_notice {
	enum sub_state state;            /* PENDING, ACTIVE or TERMINATED */
	struct slice reason;             /* of TERMINATED: "noresource" ...; absent: none */
	uint32_t retry_after_s;          /* 0: none */
	struct slice content_type, body; /* empty: none */
};
int sub_notify(struct sub *sub, const struct sub_notice *notice);

/* How its dialog reaches the peer; NULL: it has none yet. */
const struct sip_flow *sub_flow(const struct sub *sub);
/* Our end is at `flow` now, with this Contact (copied): a subscriber says so by renewing it, a notifier by the next
 * sub_notify() of its owner (both are target refreshes, RFC 6665 8.1). OH_ESTATE: no dialog, or over; OH_ENOMEM. */
int sub_moved(struct sub *sub, const struct sip_flow *flow, struct slice contact);

/* Lets go. A subscriber unsubscribes (not after a REFER: the next NOTIFY gets 481), a notifier sends its last NOTIFY
 * (noresource), a request that waits is refused with 480; all without callbacks. Returns NULL; NULL is harmless. */
struct sub *sub_free(struct sub *sub);

enum sub_state sub_state(const struct sub *sub);
const char *sub_state_name(enum sub_state state); /* as in Subscription-State; "asked" before */
const struct sub_package *sub_package(const struct sub *sub);
/* Seconds until it ends when nobody renews it. */
uint32_t sub_seconds_left(const struct sub *sub);

#endif
