/*
 * Which codec each dynamic payload type number has meant in this session. RFC 3264 8.3.2: a number, once
 * given to a codec, is never given to another one in the same media stream, whichever side wrote it.
 */
#ifndef OH_SDP_OA_PT_H
#define OH_SDP_OA_PT_H

#include "sdp/sdp.h"

struct pt_binding {
	char encoding[24];
	uint32_t clock_hz;
	uint8_t channels;
	uint8_t pt;
};

struct pt_map {
	struct pt_binding *list; /* at most one for each number */
	size_t n;
};

/* A set of payload types. */
struct pt_set {
	uint64_t bits[2];
};

static inline bool pt_set_has(const struct pt_set *s, unsigned pt)
{
	return s->bits[pt >> 6 & 1] >> (pt & 63) & 1;
}

static inline void pt_set_add(struct pt_set *s, unsigned pt)
{
	s->bits[pt >> 6 & 1] |= UINT64_C(1) << (pt & 63);
}

void pt_map_free(struct pt_map *map);

/* Remembers the meaning of a dynamic number (static ones have theirs from RFC 3551). A peer that gives a
 * number a new meaning breaks the rule, and gets its way. OH_ENOMEM. */
int pt_map_bind(struct pt_map *map, unsigned pt, const struct sdp_rtpmap *codec);

/* A number for a codec in a description of ours: the one it had before, else `wanted` if that is free, else
 * any free one. OH_ETOOBIG: none is left; OH_EINVAL: a static number twice. */
int pt_map_choose(const struct pt_map *map, unsigned wanted, const struct sdp_rtpmap *codec,
	const struct pt_set *used, unsigned *ret_pt);

#endif
