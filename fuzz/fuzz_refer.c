/* What transfers and subscriptions read: a choice of header or body, then its bytes. What is found lies inside of what was
 * given, and what is written from it can be read again. */
#include "fuzz.h"

#include "session/pkg_refer.h"

static void check_inside(struct slice part, struct slice whole)
{
	CHECK(!part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void read_event(struct slice value)
{
	struct slice name, id;

	if (sub_event_parse(value, &name, &id))
		return;
	check_inside(name, value);
	check_inside(id, value);
	CHECK(name.n > 0);
}

static void read_state(struct slice value)
{
	struct sub_header_state s;

	if (sub_state_parse(value, &s))
		return;
	check_inside(s.reason, value);
	CHECK(s.state == SUB_PENDING || s.state == SUB_ACTIVE || s.state == SUB_TERMINATED);
}

static void read_sipfrag(struct slice body)
{
	char buf[1024];
	struct slice reason, text, again;
	unsigned status, second;

	if (sipfrag_parse(body, &status, &reason))
		return;
	check_inside(reason, body);
	CHECK(status >= 100 && status <= 699);
	if (sipfrag_write(status, reason, buf, sizeof(buf), &text))
		return;
	CHECK(sipfrag_parse(text, &second, &again) == 0 && second == status);
}

static void read_replaces(struct slice value)
{
	struct replaces r;

	if (replaces_parse(value, &r))
		return;
	check_inside(r.call_id, value);
	check_inside(r.to_tag, value);
	check_inside(r.from_tag, value);
	CHECK(r.call_id.n > 0 && r.to_tag.n > 0 && r.from_tag.n > 0);
}

static void read_uri_headers(struct slice rest)
{
	char buf[256];
	struct sip_extra h;

	for (size_t before = rest.n; uri_header_next(&rest, buf, sizeof(buf), &h) == 1; before = rest.n) {
		check_inside(h.name, slice_make(buf, sizeof(buf)));
		check_inside(h.value, slice_make(buf, sizeof(buf)));
		CHECK(h.name.n > 0 && rest.n < before);
	}
}

void fuzz_one(const uint8_t *data, size_t n)
{
	static void (*const readers[])(struct slice) = {
		read_event, read_state, read_sipfrag, read_replaces, read_uri_headers};
	struct feed f = {data, n};
	unsigned choice = feed_byte(&f);
	struct slice value = feed_bytes(&f, f.n);
	char *block = feed_block(value);

	readers[choice % ARRAY_LEN(readers)](slice_make(block, value.n));
	free(block);
}
