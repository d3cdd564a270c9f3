/* Two URIs, split at the first NUL or newline: parsing, escapes, parameters, and the laws of comparing. */
#include "fuzz.h"

#include "base/err.h"
#include "sip/uri.h"

static void unescape(struct slice text)
{
	char *buf = malloc(text.n + 1), small[4];
	long n = sip_unescape(text, buf, text.n);

	CHECK(n == OH_ESYNTAX || (n >= 0 && n <= (long)text.n));
	CHECK(sip_unescape(text, small, sizeof(small)) <= (long)sizeof(small));
	free(buf);
}

static bool parse(struct slice text, struct sip_uri *u)
{
	struct slice rest, value;
	struct sip_param param;
	struct netaddr addr;
	int err = sip_uri_parse(text, u);

	if (err) {
		CHECK_EQ(err, OH_EURI);
		return false;
	}
	CHECK(slice_eq(u->text, text));
	CHECK(sip_uri_netaddr(u, &addr) != 0 || addr.port == u->port);
	(void)sip_uri_param(u, SLICE_LIT("transport"), &value);
	(void)sip_uri_param(u, SLICE_LIT("lr"), NULL);
	unescape(u->user);
	unescape(u->headers);
	for (rest = u->params; sip_param_next(&rest, &param) == 1;)
		unescape(param.name);
	CHECK(sip_uri_eq(u, u));
	return true;
}

void fuzz_one(const uint8_t *data, size_t n)
{
	struct slice whole = {(const char *)data, n}, a, b, rest;
	struct sip_uri ua, ub, ua_again;
	struct sip_addr addr;
	size_t at = 0;
	char *block_a, *block_b;

	while (at < n && data[at] != '\n' && data[at])
		at++;
	a = slice_make(whole.p, at);
	b = slice_skip(whole, at + 1);
	block_a = feed_block(a);
	block_b = feed_block(b);
	a.p = block_a;
	b.p = block_b;
	if (parse(a, &ua) && parse(b, &ub)) {
		CHECK_EQ(sip_uri_eq(&ua, &ub), sip_uri_eq(&ub, &ua));
		/* The same text at another place is the same URI. */
		CHECK_OK(sip_uri_parse(a, &ua_again));
		CHECK_EQ(sip_uri_eq(&ua, &ub), sip_uri_eq(&ua_again, &ub));
	}
	if (sip_addr_parse(b, &addr) == 0 && !addr.star) {
		rest = addr.uri.text;
		CHECK_OK(sip_uri_parse(rest, &ub));
	}
	unescape(a);
	free(block_a);
	free(block_b);
}
