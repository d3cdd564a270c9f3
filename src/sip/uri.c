/* Reading URIs: RFC 3261 19.1.1 and 25.1, RFC 3966 3. Comparing them is uri_cmp.c. */
#include "sip/grammar.h"

#include "base/err.h"

static int bad(struct slice text, const char *what) __attribute__((cold, noinline));

static int bad(struct slice text, const char *what)
{
	return err_detail(
		OH_EURI, "%s in '%.*s'", what, (int)(text.n < 120 ? text.n : 120), text.p ? text.p : "");
}

/* name [ "=" value ] *( ";" ... ) up to '?' or the end. NULL: malformed or too many. */
static const char *scan_uri_params(const char *p, const char *end)
{
	for (unsigned n = 0; n < SIP_URI_PARAMS_MAX; n++) {
		const char *name = p;

		p = sip_span_escaped(p, end, CT_PARAM);
		if (!p || p == name)
			return NULL;
		if (p < end && *p == '=') {
			p = sip_span_escaped(p + 1, end, CT_PARAM);
			if (!p)
				return NULL;
		}
		if (p == end || *p == '?')
			return p;
		if (*p++ != ';')
			return NULL;
	}
	return NULL;
}

/* hname "=" [ hvalue ] *( "&" ... ) to the end. */
static bool headers_ok(const char *p, const char *end)
{
	for (unsigned n = 0; n < SIP_URI_PARAMS_MAX; n++) {
		const char *name = p;

		p = sip_span_escaped(p, end, CT_HEADER);
		if (!p || p == name || p == end || *p != '=')
			return false;
		p = sip_span_escaped(p + 1, end, CT_HEADER);
		if (!p)
			return false;
		if (p == end)
			return true;
		if (*p++ != '&')
			return false;
	}
	return false;
}

/* [ userinfo "@" ]: returns where the host begins, NULL when malformed. */
static const char *scan_userinfo(
	const char *p, const char *end, struct slice *ret_user, struct slice *ret_password)
{
	/* The grammar has no bare '@' but the one after userinfo, and userinfo may hold ';' and '?' (RFC 4475
	 * 3.1.1.9), so the '@' must be looked for first. */
	const char *at = memchr(p, '@', (size_t)(end - p)), *stop;

	*ret_user = *ret_password = SLICE_NONE;
	if (!at)
		return p;
	stop = sip_span_escaped(p, at, CT_USER);
	if (!stop || stop == p)
		return NULL;
	*ret_user = sip_between(p, stop);
	if (stop < at && *stop == ':') {
		p = stop + 1;
		stop = sip_span_escaped(p, at, CT_PASS);
		if (!stop)
			return NULL;
		*ret_password = sip_between(p, stop);
	}
	return stop == at ? at + 1 : NULL;
}

static int parse_sip(struct slice text, enum sip_scheme scheme, size_t scheme_n, struct sip_uri *ret_uri)
{
	const char *p = text.p + scheme_n + 1, *end = text.p + text.n;
	struct slice user, password, host, params = SLICE_NONE, headers = SLICE_NONE;
	uint16_t port;

	p = scan_userinfo(p, end, &user, &password);
	if (!p)
		return bad(text, "bad character or empty user before the '@'");
	p = sip_scan_hostport(p, end, false, &host, &port);
	if (!p)
		return bad(text, "no host, or a bad host or port");
	if (p < end && *p == ';') {
		const char *first = p + 1;

		p = scan_uri_params(first, end);
		if (!p)
			return bad(text, "bad URI parameter");
		params = sip_between(first, p);
	}
	if (p < end && *p == '?') {
		headers = sip_between(p + 1, end);
		if (!headers_ok(p + 1, end))
			return bad(text, "bad header part after the '?'");
		p = end;
	}
	if (p != end)
		return bad(text, "unexpected character after the host");
	*ret_uri = (struct sip_uri){
		scheme, text, slice_make(text.p, scheme_n), user, password, host, port, params, headers};
	return 0;
}

static int parse_tel(struct slice text, struct sip_uri *ret_uri)
{
	const char *number = text.p + 4, *end = text.p + text.n, *p = number;
	struct slice params = SLICE_NONE;
	bool any = false;

	if (p < end && *p == '+')
		p++;
	for (; p < end && sip_is(*p, CT_PHONE); p++)
		any |= sip_is(*p, CT_HEX) || *p == '*' || *p == '#';
	if (!any)
		return bad(text, "no telephone number");
	*ret_uri = (struct sip_uri){.scheme = SIP_SCHEME_TEL,
		.text = text,
		.scheme_text = slice_make(text.p, 3),
		.user = sip_between(number, p)};
	if (p < end && *p == ';') {
		const char *first = p + 1;

		p = scan_uri_params(first, end);
		params = sip_between(first, end);
	}
	if (p != end)
		return bad(text, "bad telephone number or parameter");
	ret_uri->params = params;
	return 0;
}

static int parse_opaque(struct slice text, struct sip_uri *ret_uri)
{
	const char *end = text.p + text.n, *colon;

	if (slice_empty(text) || !sip_is(text.p[0], CT_ALPHA))
		return bad(text, "no scheme such as 'sip:'");
	colon = sip_span(text.p, end, CT_SCHEME);
	if (colon == end || *colon != ':')
		return bad(text, "no scheme such as 'sip:'");
	if (colon + 1 == end || sip_span(colon + 1, end, CT_OPAQUE) != end)
		return bad(text, "nothing, or a bad character, after the scheme");
	*ret_uri = (struct sip_uri){
		.scheme = SIP_SCHEME_OTHER, .text = text, .scheme_text = sip_between(text.p, colon)};
	return 0;
}

/* Is the text "word:..." without case? */
static bool scheme_is(struct slice text, const char *word, size_t n)
{
	if (text.n <= n || text.p[n] != ':')
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((text.p[i] | 0x20) != word[i])
			return false;
	}
	return true;
}

int sip_uri_parse(struct slice text, struct sip_uri *ret_uri)
{
	struct sip_uri tel;
	int err;

	if (scheme_is(text, "sip", 3))
		return parse_sip(text, SIP_SCHEME_SIP, 3, ret_uri);
	if (scheme_is(text, "sips", 4))
		return parse_sip(text, SIP_SCHEME_SIPS, 4, ret_uri);
	if (!scheme_is(text, "tel", 3))
		return parse_opaque(text, ret_uri);
	err = parse_tel(text, &tel);
	if (!err)
		*ret_uri = tel;
	return err;
}

bool sip_uri_param(const struct sip_uri *u, struct slice name, struct slice *ret_value)
{
	struct slice rest = u->params;

	while (rest.n) {
		size_t n = slice_index(rest, ';');
		struct slice one = slice_make(rest.p, n);
		size_t eq = slice_index(one, '=');

		rest = slice_skip(rest, n + 1);
		if (!sip_escaped_eq(slice_make(one.p, eq), name, true))
			continue;
		if (ret_value)
			*ret_value =
				eq < n ? slice_make(one.p + eq + 1, n - eq - 1) : slice_make(one.p + n, 0);
		return true;
	}
	return false;
}

int sip_uri_netaddr(const struct sip_uri *u, struct netaddr *ret_addr)
{
	return sip_host_netaddr(u->host, u->port, ret_addr);
}
