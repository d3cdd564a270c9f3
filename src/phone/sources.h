/* Who may send requests: a list of addresses and prefixes. */
#ifndef OH_PHONE_SOURCES_H
#define OH_PHONE_SOURCES_H

#include "base/netaddr.h"

/* One block; NULL: everybody may. */
struct sources;

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; *ret_sources is NULL for an empty list. OH_EINVAL (detail), OH_ENOMEM. From
 * mem_alloc(). */
int sources_new(const char *const *list, size_t n, struct sources **ret_sources);
bool sources_allow(const struct sources *s, const struct netaddr *addr);
size_t sources_count(const struct sources *s);

#endif
