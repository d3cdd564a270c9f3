/* Message waiting (RFC 3842): the event package, and what its summaries say. */
#ifndef OH_SESSION_PKG_MWI_H
#define OH_SESSION_PKG_MWI_H

#include "session/sub_packages.h"

#define MWI_TYPE        "application/simple-message-summary"
#define MWI_CLASSES_MAX 8u

/* One line: "Voice-Message: 2/8 (0/2)". */
struct mwi_class {
	struct slice name; /* as it stood: "Voice-Message" */
	uint32_t new_count, old_count, new_urgent, old_urgent;
};

struct mwi {
	bool waiting;
	struct slice account; /* absent: not said */
	size_t n_classes;     /* more than MWI_CLASSES_MAX are passed over */
	struct mwi_class classes[MWI_CLASSES_MAX];
};
/* Slices into body. OH_ESYNTAX: it does not begin with its status, or a line is none. */
int mwi_read(struct slice body, struct mwi *ret_mwi);
/* The class that counts what was spoken; NULL: none was told of. */
const struct mwi_class *mwi_voice(const struct mwi *mwi);

#endif
