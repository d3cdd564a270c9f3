/* What a parsed description says: attributes, payload types, directions. */
#include "sdp/sdp.h"

#include "base/err.h"

/* RFC 3551 6, tables 4 and 5: the payload types that need no rtpmap. */
static const struct {
	uint8_t pt, channels;
	uint32_t clock_hz;
	const char *encoding;
} static_types[] = {
	{0, 1, 8000, "PCMU"},
	{3, 1, 8000, "GSM"},
	{4, 1, 8000, "G723"},
	{5, 1, 8000, "DVI4"},
	{6, 1, 16000, "DVI4"},
	{7, 1, 8000, "LPC"},
	{8, 1, 8000, "PCMA"},
	{9, 1, 8000, "G722"},
	{10, 2, 44100, "L16"},
	{11, 1, 44100, "L16"},
	{12, 1, 8000, "QCELP"},
	{13, 1, 8000, "CN"},
	{14, 1, 90000, "MPA"},
	{15, 1, 8000, "G728"},
	{16, 1, 11025, "DVI4"},
	{17, 1, 22050, "DVI4"},
	{18, 1, 8000, "G729"},
	{25, 1, 90000, "CelB"},
	{26, 1, 90000, "JPEG"},
	{28, 1, 90000, "nv"},
	{31, 1, 90000, "H261"},
	{32, 1, 90000, "MPV"},
	{33, 1, 90000, "MP2T"},
	{34, 1, 90000, "H263"},
};

struct slice sdp_word(struct slice *rest)
{
	struct slice word;

	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		*rest = slice_skip(*rest, 1);
	word = slice_make(rest->p, 0);
	while (word.n < rest->n && rest->p[word.n] != ' ' && rest->p[word.n] != '\t')
		word.n++;
	*rest = slice_skip(*rest, word.n);
	return word;
}

static const struct sdp_attr *find_attr(const struct sdp_attr *attrs, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, name))
			return &attrs[i];
	return NULL;
}

struct slice sdp_attr_value(const struct sdp *s, const struct sdp_media *m, const char *name)
{
	const struct sdp_attr *a = m ? find_attr(m->attrs, m->n_attrs, slice_of(name)) : NULL;

	if (!a)
		a = find_attr(s->attrs, s->n_attrs, slice_of(name));
	if (!a)
		return SLICE_NONE;
	return slice_present(a->value) ? a->value : slice_make(a->name.p + a->name.n, 0);
}

int sdp_payload_type(struct slice format, unsigned *ret_pt)
{
	uint32_t pt;

	if (slice_to_u32(format, 127, &pt) || (format.n > 1 && format.p[0] == '0'))
		return OH_EINVAL;
	*ret_pt = pt;
	return 0;
}

/* The value of the first "name:<pt> value" attribute whose number is pt. */
static struct slice attr_of_pt(const struct sdp_media *m, const char *name, unsigned pt)
{
	for (size_t i = 0; i < m->n_attrs; i++) {
		struct slice rest = m->attrs[i].value;
		unsigned n;

		if (slice_eq(m->attrs[i].name, slice_of(name)) &&
			sdp_payload_type(sdp_word(&rest), &n) == 0 && n == pt)
			return slice_trim(rest);
	}
	return SLICE_NONE;
}

/* <encoding>/<clock>[/<channels>] (RFC 8866 6.6) */
static int parse_rtpmap(struct slice value, struct sdp_rtpmap *ret_map)
{
	struct sdp_rtpmap map = {.channels = 1};
	size_t slash = slice_index(value, '/');
	struct slice rest = slice_skip(value, slash + 1);

	map.encoding = slice_make(value.p, slash);
	slash = slice_index(rest, '/');
	if (slice_empty(map.encoding) || slice_index(map.encoding, ' ') < map.encoding.n ||
		slice_to_u32(slice_make(rest.p, slash), UINT32_MAX, &map.clock_hz) || map.clock_hz == 0)
		return OH_ESYNTAX;
	/* The encoding parameter is a channel count for audio; peers also write other things there, and
	 * mean 1. */
	if (slash < rest.n && slice_to_u32(slice_skip(rest, slash + 1), 255, &map.channels))
		map.channels = 1;
	if (map.channels == 0)
		map.channels = 1;
	*ret_map = map;
	return 0;
}

int sdp_rtpmap(const struct sdp_media *m, unsigned pt, struct sdp_rtpmap *ret_map)
{
	struct slice value = attr_of_pt(m, "rtpmap", pt);

	if (slice_present(value))
		return parse_rtpmap(value, ret_map) ? OH_ENOENT : 0;
	for (size_t i = 0; i < ARRAY_LEN(static_types); i++) {
		if (static_types[i].pt == pt) {
			*ret_map = (struct sdp_rtpmap){slice_of(static_types[i].encoding),
				static_types[i].clock_hz, static_types[i].channels};
			return 0;
		}
	}
	return OH_ENOENT;
}

bool sdp_rtpmap_eq(const struct sdp_rtpmap *a, const struct sdp_rtpmap *b)
{
	return a->clock_hz == b->clock_hz && a->channels == b->channels &&
	       slice_ieq(a->encoding, b->encoding);
}

struct slice sdp_fmtp(const struct sdp_media *m, unsigned pt)
{
	return attr_of_pt(m, "fmtp", pt);
}

const char *sdp_dir_name(enum sdp_dir dir)
{
	static const char *const names[] = {"inactive", "sendonly", "recvonly", "sendrecv"};

	return names[dir & SDP_SENDRECV];
}

enum sdp_dir sdp_dir_reverse(enum sdp_dir dir)
{
	return (enum sdp_dir)(((dir & SDP_SENDONLY) << 1) | ((dir & SDP_RECVONLY) >> 1));
}
