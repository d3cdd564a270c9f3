/* The connections of one slot in one direction: an array sorted by the peer's number, 8 bytes
 * a connection. */
#ifndef OH_AUDIO_LINKS_H
#define OH_AUDIO_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
	uint32_t peer;
	float level;
};

struct links {
	struct link *v;
	uint32_t n, cap;
};

/* Room for `more` new ones. OH_ENOMEM. */
int links_reserve(struct links *l, size_t more);
/* Adds it, or sets its level; true when it is new. The room was reserved before. */
bool links_set(struct links *l, uint32_t peer, float level);
/* False when there is none. */
bool links_drop(struct links *l, uint32_t peer);
const struct link *links_find(const struct links *l, uint32_t peer);
void links_free(struct links *l);

#endif
