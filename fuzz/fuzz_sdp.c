/* A session description: parsing, and every question that can be asked of one. */
#include "fuzz.h"

#include "base/err.h"
#include "sdp/sdp.h"

static void check_inside(struct slice part, struct slice whole)
{
	CHECK(!part.p || !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void ask_media(const struct sdp *s, const struct sdp_media *m)
{
	struct sdp_rtpmap map, other;
	unsigned pt;

	CHECK(m->n_formats >= 1 && m->n_formats <= SDP_FORMATS_MAX);
	check_inside(m->type, s->text);
	check_inside(m->proto, s->text);
	check_inside(m->conn.addr, s->text);
	for (size_t i = 0; i < m->n_formats; i++) {
		check_inside(m->formats[i], s->text);
		if (sdp_payload_type(m->formats[i], &pt) != 0)
			continue;
		CHECK(pt <= 127);
		if (sdp_rtpmap(m, pt, &map) == 0) {
			CHECK(map.encoding.n > 0 && map.channels > 0);
			CHECK(sdp_rtpmap_eq(&map, &map));
			CHECK(sdp_rtpmap(m, 0, &other) != 0 ||
				sdp_rtpmap_eq(&map, &other) == sdp_rtpmap_eq(&other, &map));
		}
		check_inside(sdp_fmtp(m, pt), s->text);
	}
	for (size_t i = 0; i < m->n_attrs; i++) {
		check_inside(m->attrs[i].name, s->text);
		check_inside(m->attrs[i].value, s->text);
	}
	check_inside(sdp_attr_value(s, m, "ptime"), s->text);
	CHECK_STR(sdp_dir_name(m->dir), sdp_dir_name(sdp_dir_reverse(sdp_dir_reverse(m->dir))));
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct sdp s;
	int err = sdp_parse(&s, slice_make((const char *)data, n));

	if (err) {
		CHECK_EQ(err, OH_ESDP);
		CHECK(s.fault && s.fault[0]);
	} else {
		CHECK(s.n_media <= SDP_MEDIA_MAX);
		for (size_t i = 0; i < s.n_media; i++)
			ask_media(&s, &s.media[i]);
	}
	sdp_free(&s);
}
