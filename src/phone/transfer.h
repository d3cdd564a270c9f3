/*
 * Transfers of a call, as its other files see them. Inside of src/phone only.
 *
 *	transfer.c      we ask: REFER out, NOTIFY in
 *	transfer_in.c   we are asked: REFER in, the question, the new call, NOTIFY out
 *	replaces.c      an INVITE that takes the place of a call, or joins it
 */
#ifndef OH_PHONE_TRANSFER_H
#define OH_PHONE_TRANSFER_H

#include "phone/call_impl.h"

/* Headers that may come with a Refer-To, and bytes of all their names and values. */
#define TRANSFER_HEADERS_MAX 8u
#define TRANSFER_TEXT_MAX    4096u

/* ---- we ask ---- */
/* The other call of an attended transfer was answered, or has ended with this status (0: answered). */
void transfer_other_moved(struct call *other, unsigned status);
/* The call ends: nothing more is told. */
void transfer_drop(struct call *c);

/* ---- we are asked ---- */
/* A REFER; c: the call that it came in, NULL: outside of calls. */
void transfer_take(struct offhook_phone *p, struct call *c, struct sip_msg *msg, struct sip_server *server);
/* A call that was placed for somebody: how it goes. final: nothing follows. */
void transfer_report(struct call *c, unsigned status, struct slice reason, bool final);
/* The call in which we are asked ends: 481 when it was not answered yet (RFC 5407 3.3.3). */
void transfer_asker_gone(struct call *c);
/* The call is freed: whatever transfer it still has goes without a word. */
void transfer_forget(struct call *c);

/* ---- replaced, or joined ---- */
/* What a new call wants of one that is there. */
struct replaces_wish {
	struct call *old; /* NULL: nothing */
	bool joins;       /* RFC 3911; else to take its place */
};
/* An INVITE with Replaces, or with a Join that the account takes: true when it was refused here. */
bool replaces_refused(struct offhook_phone *p, const struct account *a, struct sip_msg *msg,
	struct sip_server *server, struct replaces_wish *ret_wish);
/* The wish of c, new and not yet told of. An error: it has been refused, and c stays to be discarded. */
int replaces_ask(struct call *c, const struct replaces_wish *wish, struct sip_msg *msg);
/* The one that waits for its answer has ended: it goes. */
void replaces_withdrawn(struct call *c);
/* Those that want the place of a call that ends, or to join it: 603. */
void replaces_old_gone(struct call *old);

#endif
