#include "sdp/oa_pt.h"

#include "base/err.h"
#include "base/mem.h"

#define FIRST_DYNAMIC 96u
#define LAST_DYNAMIC  127u
/* When 96-127 are used up, RFC 3551 6 lets a session go on here. */
#define FIRST_SPARE 35u
#define LAST_SPARE  63u

void pt_map_free(struct pt_map *map)
{
	mem_free(map->list);
	*map = (struct pt_map){0};
}

static struct pt_binding *find(const struct pt_map *map, unsigned pt)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->list[i].pt == pt)
			return &map->list[i];
	return NULL;
}

static bool means(const struct pt_binding *b, const struct sdp_rtpmap *codec)
{
	const struct sdp_rtpmap bound = {slice_of(b->encoding), b->clock_hz, b->channels};

	return sdp_rtpmap_eq(&bound, codec);
}

int pt_map_bind(struct pt_map *map, unsigned pt, const struct sdp_rtpmap *codec)
{
	struct pt_binding *b = find(map, pt), *list;

	if (pt < FIRST_SPARE || codec->encoding.n >= sizeof(b->encoding))
		return 0;
	if (b && means(b, codec))
		return 0;
	if (!b) {
		list = mem_realloc(map->list, (map->n + 1) * sizeof(*list));
		if (!list)
			return OH_ENOMEM;
		map->list = list;
		b = &list[map->n++];
	}
	*b = (struct pt_binding){
		.clock_hz = codec->clock_hz, .channels = (uint8_t)codec->channels, .pt = (uint8_t)pt};
	memcpy(b->encoding, codec->encoding.p, codec->encoding.n);
	return 0;
}

static bool is_free(
	const struct pt_map *map, unsigned pt, const struct sdp_rtpmap *codec, const struct pt_set *used)
{
	const struct pt_binding *b = find(map, pt);

	return !pt_set_has(used, pt) && (!b || means(b, codec));
}

int pt_map_choose(const struct pt_map *map, unsigned wanted, const struct sdp_rtpmap *codec,
	const struct pt_set *used, unsigned *ret_pt)
{
	/* A static number that a program wants is its own affair: its meaning does not change. */
	if (wanted < FIRST_SPARE) {
		*ret_pt = wanted;
		return pt_set_has(used, wanted) ? OH_EINVAL : 0;
	}
	for (size_t i = 0; i < map->n; i++) {
		const struct pt_binding *b = &map->list[i];

		if (means(b, codec) && !pt_set_has(used, b->pt)) {
			*ret_pt = b->pt;
			return 0;
		}
	}
	if (is_free(map, wanted, codec, used)) {
		*ret_pt = wanted;
		return 0;
	}
	for (unsigned pt = FIRST_DYNAMIC; pt <= LAST_DYNAMIC; pt++) {
		if (is_free(map, pt, codec, used)) {
			*ret_pt = pt;
			return 0;
		}
	}
	for (unsigned pt = FIRST_SPARE; pt <= LAST_SPARE; pt++) {
		if (is_free(map, pt, codec, used)) {
			*ret_pt = pt;
			return 0;
		}
	}
	return OH_ETOOBIG;
}
