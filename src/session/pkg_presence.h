/*
 * Presence (RFC 3856): the event package, and its documents: PIDF (RFC 3863) with the activities of RPID (RFC 4480) as far
 * as a telephone tells them.
 */
#ifndef OH_SESSION_PKG_PRESENCE_H
#define OH_SESSION_PKG_PRESENCE_H

#include "session/sub_packages.h"

#define PIDF_TYPE     "application/pidf+xml"
#define PIDF_TEXT_MAX 256u   /* bytes of each text, its end included; longer ones are cut */
#define PIDF_DOC_MAX  12288u /* enough for what pidf_write() makes of texts of PIDF_TEXT_MAX bytes */

enum pidf_basic { PIDF_UNKNOWN, PIDF_OPEN, PIDF_CLOSED };
enum pidf_activity { PIDF_NO_ACTIVITY, PIDF_AWAY, PIDF_BUSY };

struct pidf {
	enum pidf_basic basic; /* of several tuples: open when one of them is */
	enum pidf_activity activity;
	char contact[PIDF_TEXT_MAX]; /* of the tuple that decided; "" = none */
	char note[PIDF_TEXT_MAX];    /* about the person, else the whole, else the tuple; "" = none */
	char id[PIDF_TEXT_MAX];      /* of the tuple that decided */
};

/* Errors as xml_read(). */
int pidf_read(struct slice doc, struct pidf *ret_pidf);

/* entity: whose presence, a URI. An empty id becomes one that stays the same. OH_ETOOBIG. */
int pidf_write(struct slice entity, const struct pidf *pidf, char *buf, size_t cap, struct slice *ret_doc);

#endif
