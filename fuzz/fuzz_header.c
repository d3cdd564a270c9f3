/* One header field: the first byte chooses which, the rest is its value in a request or a response that is sound
 * otherwise. What is read of it, in each of the ways there are, lies inside it. */
#include "fuzz.h"

#include "sip/msg_laws.h"

/* The rest of a message in which the header under test may stand once. */
static const struct {
	enum sip_hdr_id id;
	const char *value;
} others[] = {
	{SIP_HDR_VIA, "SIP/2.0/UDP h;branch=z9hG4bK1"},
	{SIP_HDR_FROM, "<sip:a@h>;tag=1"},
	{SIP_HDR_TO, "<sip:b@h>"},
	{SIP_HDR_CALL_ID, "1"},
	{SIP_HDR_CSEQ, "1 OPTIONS"},
};

static struct slice message(enum sip_hdr_id id, bool request, struct slice value, char *buf, size_t cap)
{
	int n = snprintf(buf, cap, "%s\r\n", request ? "OPTIONS sip:b@h SIP/2.0" : "SIP/2.0 200 OK");
	size_t at = (size_t)n;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].id != id)
			at += (size_t)snprintf(buf + at, cap - at, "%s: %s\r\n", sip_hdr_name(others[i].id),
				others[i].value);
	at += (size_t)snprintf(
		buf + at, cap - at, "%s: ", id == SIP_HDR_OTHER ? "X-Other" : sip_hdr_name(id));
	memcpy(buf + at, value.p, value.n);
	memcpy(buf + at + value.n, "\r\n\r\n", 4);
	return slice_make(buf, at + value.n + 4);
}

static void check_inside(struct slice part, struct slice whole)
{
	CHECK(!part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_uri(const struct sip_uri *u, struct slice whole)
{
	check_inside(u->text, whole);
	check_inside(u->user, u->text);
	check_inside(u->password, u->text);
	check_inside(u->host, u->text);
	check_inside(u->params, u->text);
	check_inside(u->headers, u->text);
	CHECK(u->scheme != SIP_SCHEME_SIP || u->host.n > 0);
}

/* Each iterator ends, and takes at least a byte each time. */
static void read_as_list(struct slice value)
{
	struct slice rest = value, element;
	struct sip_addr addr;
	struct sip_via via;
	size_t before;

	for (before = rest.n; sip_list_next(&rest, &element); before = rest.n) {
		check_inside(element, value);
		CHECK(rest.n < before);
	}
	rest = value;
	for (before = rest.n; sip_addr_next(&rest, &addr) == 1; before = rest.n) {
		check_inside(addr.text, value);
		check_inside(addr.display, addr.text);
		check_inside(addr.params, addr.text);
		if (!addr.star)
			check_uri(&addr.uri, addr.text);
		CHECK(rest.n < before);
	}
	rest = value;
	for (before = rest.n; sip_via_next(&rest, &via) == 1; before = rest.n) {
		check_inside(via.host, via.text);
		check_inside(via.branch, via.text);
		CHECK(via.host.n > 0 && rest.n < before);
	}
}

static void read_as_params(struct slice value)
{
	struct slice rest = value;
	struct sip_param param;

	for (size_t before = rest.n; sip_param_next(&rest, &param) == 1; before = rest.n) {
		check_inside(param.name, value);
		check_inside(param.value, value);
		CHECK(param.name.n > 0 && rest.n < before);
	}
	(void)sip_param_find(value, SLICE_LIT("tag"), NULL);
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct feed f = {data, n};
	unsigned choice = feed_byte(&f);
	enum sip_hdr_id id = (enum sip_hdr_id)(choice % 128 % N_SIP_HDRS);
	struct slice value = feed_bytes(&f, f.n), text;
	char *block = feed_block(value);
	size_t cap = value.n + 512;
	char *buf = malloc(cap);

	CHECK(buf);
	read_as_list(slice_make(block, value.n));
	read_as_params(slice_make(block, value.n));
	text = message(id, choice < 128, value, buf, cap);
	msg_laws(text.p, text.n);
	free(buf);
	free(block);
}
