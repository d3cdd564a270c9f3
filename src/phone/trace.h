/*
 * Traces of a phone: where its SIP messages go besides the wire. Inside of src/phone.
 *
 *	stack -> trace_message() -> ladder of the call, and each sink: callback | queue -> disk thread -> file | collector
 *
 * Nothing here waits: what disk or network cannot take is dropped and counted.
 */
#ifndef OH_PHONE_TRACE_H
#define OH_PHONE_TRACE_H

#include "base/hash.h"
#include "base/list.h"
#include "offhook/trace.h"
#include "sip/stack.h"

struct offhook_phone;

/* Named limits. */
#define TRACES_MAX         16u
#define TRACE_QUEUE_MAX    (4u << 20) /* bytes that may wait for the disk, a trace */
#define TRACE_HEP_KEY_MAX  128u
#define LADDER_ROWS_MAX    128u
#define LADDERS_KEPT       32u /* of calls that have ended */
#define LADDER_REMOTES_MAX 8u

struct traces {
	struct list sinks;
	size_t n_sinks;
	struct hash ladders; /* struct ladder by Call-ID */
	struct list ended;   /* struct ladder, oldest first */
	size_t n_ended;
};

/* seed: 16 random bytes. OH_ENOMEM. */
int traces_init(struct traces *t, const uint64_t seed[2]);
/* Also after a failed or no init. Files are given to the disk thread. */
void traces_free(struct offhook_phone *p);

/* Every message, as it passes the stack. */
void trace_message(struct offhook_phone *p, bool out, const struct sip_flow *flow, struct slice bytes);

/* ---- ladders (ladder.c) ---- */

struct ladder;
/* From now on messages of this Call-ID belong to the call. NULL: memory is out, and the call has none. */
struct ladder *ladder_new(struct offhook_phone *p, const char *sip_call_id, offhook_id call);
/* The call is forgotten: its ladder stays a while. NULL is harmless; returns NULL. */
struct ladder *ladder_end(struct offhook_phone *p, struct ladder *l);
void ladders_free_all(struct offhook_phone *p);

struct ladder_message {
	bool out;
	const struct netaddr *local, *remote;
	struct slice bytes;
};
void ladder_note(struct offhook_phone *p, const struct ladder_message *m);
/* For a message that passed before its ladder was there. */
void ladder_add(struct offhook_phone *p, struct ladder *l, const struct ladder_message *m);

#endif
