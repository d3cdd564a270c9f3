/*
 * A subscription that is wanted until further notice: it finds the way, subscribes, and when the subscription ends against
 * its will it makes a new one: at once, after a while, or not at all, as the end says (RFC 6665 4.1.3).
 *
 *	OFF -> ASKING -> ACCEPTED* -> PENDING* -> ACTIVE     a NOTIFY decides between the last two
 *	       any of them -> WAITING -> ASKING              it broke; again when its time has come
 *	       any of them -> ENDED                          for good: only an order begins it again
 *
 * Owner: whoever made it, until standing_free(), which must come before sip_stack_free(). Callbacks come last; the owner may do
 * anything in them, standing_free() included. Thread: signalling.
 */
#ifndef OH_SESSION_STANDING_H
#define OH_SESSION_STANDING_H

#include "session/sub.h"
#include "session/whom.h"

struct standing;

enum standing_state {
	STANDING_OFF,
	STANDING_ASKING,
	STANDING_ACCEPTED,
	STANDING_PENDING,
	STANDING_ACTIVE,
	STANDING_WAITING,
	STANDING_ENDED
};

/* A subscription that ends sooner than so counts as a failure, whatever its end says: no storm by "deactivated". */
#define STANDING_LIVED_S    60u
#define STANDING_REASON_MAX 64u

struct standing_owner {
	whom_fn *whom;
	/* Our Contact for that way, from mem_alloc(). */
	int (*contact)(void *arg, const struct sip_flow *flow, char **ret_contact);
	/* The state has changed, without a NOTIFY. msg: what did it, or NULL. */
	void (*changed)(void *arg, struct sip_msg *msg);
	/* A NOTIFY came; the state has followed it, unless it is the last one, which `changed` follows. */
	void (*notify)(void *arg, const struct sub_news *news);
	void *arg;
};

struct standing_cfg {
	struct subs *subs;
	const struct sub_package *package;
	uint32_t expires_s;  /* SUB_SECONDS_UNKNOWN: the package's */
	uint32_t wait_max_s; /* between two attempts */
	uint32_t refused_s;  /* before whoever has refused for a while is asked again (404 ...); 0: never */
	struct standing_owner owner;
};
/* Nothing is sent. OH_ENOMEM. */
int standing_new(const struct standing_cfg *cfg, struct standing **ret_standing);
/* Unsubscribes, behind the owner. Returns NULL; NULL is harmless. */
struct standing *standing_free(struct standing *w);

/* Asks now; harmless when it is under way or there. No callback runs from inside but `whom` and `contact`: what fails at
 * once is STANDING_WAITING or STANDING_ENDED when this returns. */
void standing_start(struct standing *w);
/* Unsubscribes; OFF. No callback. */
void standing_stop(struct standing *w);
/* For the state once more, when it is there. */
void standing_ask_again(struct standing *w);

struct standing_info {
	enum standing_state state;
	unsigned status;    /* of the response that ended it last, 0: none, or it ended by NOTIFY or time */
	int err;            /* why nothing could be sent, or 0 */
	const char *reason; /* the phrase, or the reason of the NOTIFY; "" */
	uint32_t next_s;    /* WAITING: until the next attempt; PENDING, ACTIVE: what is left of it */
};
void standing_info(const struct standing *w, struct standing_info *ret_info);

#endif
