/* What calls somebody has (RFC 4235): the event package, and its documents. */
#ifndef OH_SESSION_PKG_DIALOG_H
#define OH_SESSION_PKG_DIALOG_H

#include "session/sub_packages.h"
#include "session/xml.h"

#define DIALOG_INFO_TYPE     "application/dialog-info+xml"
#define DIALOG_INFO_TEXT_MAX 256u /* bytes of each text, its end included; longer ones are cut */

/* One list: constant, word. RFC 4235 3.7.1. */
#define DIALOG_INFO_STATES(X) \
	X(DIALOG_TRYING, "trying") \
	X(DIALOG_PROCEEDING, "proceeding") \
	X(DIALOG_EARLY, "early") \
	X(DIALOG_CONFIRMED, "confirmed") \
	X(DIALOG_TERMINATED, "terminated")
enum dialog_info_state {
#define X(name, word) name,
	DIALOG_INFO_STATES(X)
#undef X
};
const char *dialog_info_state_name(enum dialog_info_state state);

struct dialog_info_party {
	char identity[DIALOG_INFO_TEXT_MAX]; /* URI; "" = not said */
	char display[DIALOG_INFO_TEXT_MAX];
	char target[DIALOG_INFO_TEXT_MAX];
};

/* One call of the observed user. Texts: "" = not said. */
struct dialog_info {
	char id[DIALOG_INFO_TEXT_MAX];
	char call_id[DIALOG_INFO_TEXT_MAX], local_tag[DIALOG_INFO_TEXT_MAX], remote_tag[DIALOG_INFO_TEXT_MAX];
	bool initiator; /* the observed user has called */
	enum dialog_info_state state;
	char event[32]; /* why it is terminated: "rejected", "local-bye" ... */
	uint32_t code;  /* of the response that changed it; 0: none */
	struct dialog_info_party local, remote;
};

/* The document itself. */
struct dialog_info_doc {
	uint32_t version;
	bool full; /* else only what has changed */
	char entity[DIALOG_INFO_TEXT_MAX];
};

/* each: once for every dialog that has an id, in order. Errors as xml_read(), and OH_ESYNTAX for a version that is none; a
 * document is read twice, so that nothing is told of a bad one. */
struct dialog_info_reader {
	void (*each)(void *arg, const struct dialog_info_doc *doc, const struct dialog_info *d);
	void *arg;
};
int dialog_info_read(struct slice text, const struct dialog_info_reader *r, struct dialog_info_doc *ret_doc);

/* A document: begin, one put a dialog, end. */
void dialog_info_begin(struct xml_writer *w, struct slice entity, uint32_t version);
void dialog_info_put(struct xml_writer *w, const struct dialog_info *d);
int dialog_info_end(struct xml_writer *w, struct slice *ret_text); /* OH_ETOOBIG */

#endif
