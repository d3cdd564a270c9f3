/*
 * The host that a URI asked for, beside the address that it led to: a filter of connections wants to know it (the name
 * that a certificate must show, RFC 5922 7.3). Flows are plain values, so they carry a number for it: the keyed hash of
 * the name. What a number means is known of the last SIP_PEER_NAMES_MAX names; of an older one it is forgotten, and a
 * connection that would need it is refused rather than trusted.
 *
 * Inside of src/sip only. Thread: signalling.
 */
#ifndef OH_SIP_PEER_NAME_H
#define OH_SIP_PEER_NAME_H

#include "base/hash.h"
#include "base/list.h"

#define SIP_PEER_NAMES_MAX 4096u

struct peer_names {
	struct hash by_name;
	struct list list; /* who was not asked for longest comes first */
	size_t n;
};

/* OH_ENOMEM. */
int peer_names_init(struct peer_names *p, const uint64_t seed[2]);
void peer_names_free(struct peer_names *p);

/* Its number, never 0; 0 when memory is out. */
uint64_t peer_names_note(struct peer_names *p, struct slice name);
/* Good until the next peer_names_note(); absent: forgotten, or 0. */
struct slice peer_names_text(const struct peer_names *p, uint64_t number);

#endif
