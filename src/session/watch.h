/*
 * A subscription that is wanted until further notice: it finds the way, subscribes, and when the subscription ends against
 * its will it makes a new one: at once, after a while, or not at all, as the end says (RFC 6665 4.1.3).
 *
 *	OFF -> ASKING -> ACCEPTED* -> PENDING* -> ACTIVE     a NOTIFY decides between the last two
 *	       any of them -> WAITING -> ASKING              it broke; again when its time has come
 *	       any of them -> ENDED                          for good: only an order begins it again
 *
 * Owner: whoever made it, until watch_free(), which must come before sip_stack_free(). Callbacks come last; the owner may do
 * anything in them, watch_free() included. Thread: signalling.
 */
#ifndef OH_SESSION_WATCH_H
#define OH_SESSION_WATCH_H

#include "session/sub.h"
#include "session/whom.h"

struct watch;

enum watch_state {
	WATCH_OFF,
	WATCH_ASKING,
	WATCH_ACCEPTED,
	WATCH_PENDING,
	WATCH_ACTIVE,
	WATCH_WAITING,
	WATCH_ENDED
};

/* A subscription that ends sooner than so counts as a failure, whatever its end says: no storm by "deactivated". */
#define WATCH_LIVED_S    60u
#define WATCH_REASON_MAX 64u

struct watch_owner {
	whom_fn *whom;
	/* Our Contact for that way, from mem_alloc(). */
	int (*contact)(void *arg, const struct sip_flow *flow, char **ret_contact);
	/* The state has changed, without a NOTIFY. msg: what did it, or NULL. */
	void (*changed)(void *arg, struct sip_msg *msg);
	/* A NOTIFY came; the state has followed it, unless it is the last one, which `changed` follows. */
	void (*notify)(void *arg, const struct sub_news *news);
	void *arg;
};

struct watch_cfg {
	struct subs *subs;
	const struct sub_package *package;
	uint32_t expires_s;  /* SUB_SECONDS_UNKNOWN: the package's */
	uint32_t wait_max_s; /* between two attempts */
	uint32_t refused_s;  /* before whoever has refused for a while is asked again (404 ...); 0: never */
	struct watch_owner owner;
};
/* Nothing is sent. OH_ENOMEM. */
int watch_new(const struct watch_cfg *cfg, struct watch **ret_watch);
/* Unsubscribes, behind the owner. Returns NULL; NULL is harmless. */
struct watch *watch_free(struct watch *w);

/* Asks now; harmless when it is under way or there. No callback runs from inside but `whom` and `contact`: what fails at
 * once is WATCH_WAITING or WATCH_ENDED when this returns. */
void watch_start(struct watch *w);
/* Unsubscribes; OFF. No callback. */
void watch_stop(struct watch *w);
/* For the state once more, when it is there. */
void watch_ask_again(struct watch *w);

struct watch_info {
	enum watch_state state;
	unsigned status;    /* of the response that ended it last, 0: none, or it ended by NOTIFY or time */
	int err;            /* why nothing could be sent, or 0 */
	const char *reason; /* the phrase, or the reason of the NOTIFY; "" */
	uint32_t next_s;    /* WAITING: until the next attempt; PENDING, ACTIVE: what is left of it */
};
void watch_info(const struct watch *w, struct watch_info *ret_info);

#endif
