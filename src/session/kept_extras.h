/* Headers of the program kept for a later message: one block, given back by mem_free(). */
#ifndef OH_SESSION_KEPT_EXTRAS_H
#define OH_SESSION_KEPT_EXTRAS_H

#include "sip/writer.h"

struct kept_extras {
	size_t n;
	struct sip_extra list[];
};
/* OH_ENOMEM. */
int kept_extras_new(const struct sip_extra *extras, size_t n, struct kept_extras **ret_kept);

#endif
