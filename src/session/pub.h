/*
 * A publication (RFC 3903): state of ours that a server keeps and tells others of. It is given once, renewed in time by its
 * entity-tag, given anew when the server has forgotten it (412), replaced when it changes, and taken away at the end.
 *
 *	OFF -> ASKING -> ACTIVE -> ASKING (in time, or something new) ...
 *	       ASKING -> WAITING -> ASKING    nobody answered, 5xx
 *	       ASKING -> REFUSED              for good, or asked again after refused_s
 *	       any -> REMOVING -> OFF
 *
 * One request is under way at a time (RFC 3903 4); of what is given meanwhile the newest goes next.
 *
 * Owner: whoever made it, until pub_free(), before sip_stack_free(). Callbacks come last. Thread: signalling.
 */
#ifndef OH_SESSION_PUB_H
#define OH_SESSION_PUB_H

#include "session/whom.h"

struct pub;
struct sip_msg;

enum pub_state { PUB_OFF, PUB_ASKING, PUB_ACTIVE, PUB_WAITING, PUB_REFUSED, PUB_REMOVING };

struct pub_outcome {
	enum pub_state state;
	unsigned status;     /* of the response that decided; 0: none */
	int err;             /* 0, or why there was none */
	struct sip_msg *msg; /* the response, or NULL */
};

struct pub_cfg {
	struct sip_stack *stack;
	const char *event;   /* the package, a literal */
	uint32_t expires_s;  /* asked for */
	uint32_t wait_max_s; /* between two attempts */
	uint32_t refused_s;  /* 0: never again by itself */
	whom_fn *whom;
	/* A request came to its end. Not after pub_free(). */
	void (*outcome)(void *arg, const struct pub_outcome *o);
	void *arg; /* of both */
};
#define PUB_EXPIRES_MAX 86400u
#define PUB_BODY_MAX    65536u
#define PUB_ETAG_MAX    256u

/* Nothing is sent. OH_ENOMEM. */
int pub_new(const struct pub_cfg *cfg, struct pub **ret_pub);
/* Publishes this instead of what was there, now or after what is under way. Copied. OH_ETOOBIG, OH_ENOMEM: nothing has
 * changed. No callback but `whom`. */
int pub_set(struct pub *p, struct slice content_type, struct slice body);
/* Takes it away; `outcome` tells the end, PUB_OFF. Without one when nothing was there. */
void pub_remove(struct pub *p);
/* Without a word. Returns NULL; NULL is harmless. */
struct pub *pub_free(struct pub *p);
enum pub_state pub_state(const struct pub *p);

#endif
