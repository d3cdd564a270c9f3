/*
 * Where the requests of a dialog go: its remote target and its route set, one block of memory that is replaced as a
 * whole. For dialog.c only.
 */
#ifndef OH_SIP_DIALOG_PATH_H
#define OH_SIP_DIALOG_PATH_H

#include "sip/dialog.h"

/* One block: the struct, the routes, the texts. Given back by mem_free(). */
struct dialog_path {
	struct slice target;
	size_t n_routes;
	struct slice routes[];
};

/* RFC 3261 12.1.1 keeps the order of Record-Route for the callee, 12.1.2 turns it round for the caller. */
enum route_order { ROUTES_AS_THEY_STAND, ROUTES_REVERSED };

/* From the Record-Route and Contact of a message; fallback: the target when it has no Contact, absent: OH_ENOENT.
 * OH_ESYNTAX, OH_EURI, OH_ETOOBIG, OH_ENOMEM. */
int path_from_msg(
	struct sip_msg *msg, enum route_order order, struct slice fallback, struct dialog_path **ret_path);
/* The same routes to another target. OH_ETOOBIG, OH_ENOMEM. */
int path_retarget(const struct dialog_path *old, struct slice target, struct dialog_path **ret_path);

/* Appends text at *at. A line folded by the peer (RFC 3261 7.3.1) becomes one line: we print it again. */
struct slice dialog_put(char **at, struct slice text);

#endif
