/* A body in parts: the first line is its Content-Type, the rest the body. Each part lies inside it, behind the one before,
 * and what a part says of itself lies inside the part's headers. */
#include "fuzz.h"

#include "offhook/error.h"
#include "sip/multipart.h"

static void check_inside(struct slice part, struct slice whole)
{
	CHECK(!part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_value(struct slice value)
{
	static const char *const names[] = {"boundary", "handling", "charset", "smime-type"};
	struct slice found;

	check_inside(sip_media_type(value), value);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (sip_media_param(value, slice_of(names[i]), &found) &&
			found.n) /* a flag has an empty one */
			check_inside(found, value);
}

static void read_parts(struct slice type, struct slice body)
{
	const char *behind = body.p;
	struct sip_multipart m;
	struct sip_part part;
	int more;

	check_value(type);
	if (sip_multipart_begin(type, body, &m))
		return;
	while ((more = sip_multipart_next(&m, &part)) == 1) {
		check_inside(part.body, body);
		check_inside(part.type, body);
		check_inside(part.disposition, body);
		check_inside(part.encoding, body);
		check_value(part.type);
		check_value(part.disposition);
		CHECK(m.rest.p > behind || m.rest.n == 0);
		behind = m.rest.p;
	}
	CHECK(more == 0 || more == OH_ESYNTAX);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct slice all = slice_make((const char *)data, n);
	struct slice type = slice_make(all.p, slice_index(all, '\n'));

	read_parts(slice_trim(type), slice_skip(all, type.n + 1));
}
