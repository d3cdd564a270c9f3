/* Reading URIs: RFC 3261 19.1.1 and 25.1, RFC 3966 3. Comparing them is uri_cmp.c. */
#include "sip/grammar.h"

#include "base/err.h"

/* name [ "=" value ] *( ";" ... ) as far as it goes. NULL: malformed or too many. */
static const char *scan_uri_params(const char *p, struct bounds b)
{
	for (unsigned n = 0; n < SIP_URI_PARAMS_MAX; n++) {
		const char *name = p;

		p = sip_span_escaped(p, b, CT_PARAM);
		if (!p || p == name)
			return NULL;
		if (p < b.end && *p == '=') {
			p = sip_span_escaped(p + 1, b, CT_PARAM);
			if (!p)
				return NULL;
		}
		if (p == b.end || *p != ';')
			return p;
		p++;
	}
	return NULL;
}

/* hname "=" [ hvalue ] *( "&" ... ) as far as it goes. */
static const char *scan_headers(const char *p, struct bounds b)
{
	for (unsigned n = 0; n < SIP_URI_PARAMS_MAX; n++) {
		const char *name = p;

		p = sip_span_escaped(p, b, CT_HEADER);
		if (!p || p == name || p == b.end || *p != '=')
			return NULL;
		p = sip_span_escaped(p + 1, b, CT_HEADER);
		if (!p || p == b.end || *p != '&')
			return p;
		p++;
	}
	return NULL;
}

/* [ userinfo "@" ]: returns where the host begins, NULL when malformed. */
static const char *scan_userinfo(const char *p, struct bounds b, struct sip_uri *u)
{
	const char *stop = sip_span_word(p, b, CT_USER), *at;

	u->user = u->password = SLICE_NONE;
	if (stop < b.end && *stop == '@' && stop > p) {
		u->user = sip_between(p, stop);
		return stop + 1;
	}
	/* The grammar has no bare '@' but the one after userinfo, and userinfo may hold ';' and '?' (RFC 4475
	 * 3.1.1.9), so only the '@' tells whether there is a user. What follows a '>' is no longer the URI.
	 */
	at = sip_find(stop, b, '@', '>');
	if (at == b.end || *at == '>')
		return p;
	b.end = at;
	stop = sip_span_escaped(p, b, CT_USER);
	if (!stop || stop == p)
		return NULL;
	u->user = sip_between(p, stop);
	if (stop < at && *stop == ':') {
		p = stop + 1;
		stop = sip_span_escaped(p, b, CT_PASS);
		if (!stop)
			return NULL;
		u->password = sip_between(p, stop);
	}
	return stop == at ? at + 1 : NULL;
}

/* p is after "sip:" or "sips:". */
static const char *scan_sip(const char *p, struct bounds b, struct sip_uri *u, const char **ret_what)
{
	const char *end = b.end, *first;

	*ret_what = "bad character or empty user before the '@'";
	p = scan_userinfo(p, b, u);
	if (!p)
		return NULL;
	*ret_what = "no host, or a bad host or port";
	p = sip_scan_hostport(p, b, false, &u->host, &u->port);
	if (!p)
		return NULL;
	u->params = u->headers = SLICE_NONE;
	if (p < end && *p == ';') {
		*ret_what = "bad URI parameter";
		first = p + 1;
		p = scan_uri_params(first, b);
		if (!p)
			return NULL;
		u->params = sip_between(first, p);
	}
	if (p < end && *p == '?') {
		*ret_what = "bad header part after the '?'";
		first = p + 1;
		p = scan_headers(first, b);
		if (!p)
			return NULL;
		u->headers = sip_between(first, p);
	}
	*ret_what = "unexpected character after the host";
	return p;
}

/* p is after "tel:". */
static const char *scan_tel(const char *p, struct bounds b, struct sip_uri *u, const char **ret_what)
{
	const char *first = p, *end = b.end;
	bool any = false;

	*ret_what = "bad telephone number or parameter";
	if (p < end && *p == '+')
		p++;
	for (; p < end && sip_is(*p, CT_PHONE); p++)
		any |= sip_is(*p, CT_HEX) || *p == '*' || *p == '#';
	if (!any)
		return NULL;
	u->user = sip_between(first, p);
	u->password = u->host = u->params = u->headers = SLICE_NONE;
	u->port = 0;
	if (p < end && *p == ';') {
		first = p + 1;
		p = scan_uri_params(first, b);
		if (!p)
			return NULL;
		u->params = sip_between(first, p);
	}
	return p;
}

static const char *scan_opaque(const char *p, const char *end, struct sip_uri *u, const char **ret_what)
{
	const char *colon = p < end && sip_is(*p, CT_ALPHA) ? sip_span(p, end, CT_SCHEME) : end, *stop;

	*ret_what = "no scheme such as 'sip:'";
	if (colon == end || *colon != ':')
		return NULL;
	*ret_what = "nothing, or a bad character, after the scheme";
	*u = (struct sip_uri){.scheme = SIP_SCHEME_OTHER, .scheme_text = sip_between(p, colon)};
	stop = sip_span(colon + 1, end, CT_OPAQUE);
	return stop == colon + 1 ? NULL : stop;
}

const char *sip_scan_uri(const char *p, struct bounds b, struct sip_uri *u, const char **ret_what)
{
	const char *start = p;
	unsigned scheme_n = 3;

	if (b.end - p > 4 && sip_is_word(p, "sip", 3) &&
		(p[3] == ':' || ((p[3] | 0x20) == 's' && p[4] == ':'))) {
		scheme_n = p[3] == ':' ? 3 : 4;
		u->scheme = scheme_n == 3 ? SIP_SCHEME_SIP : SIP_SCHEME_SIPS;
		p = scan_sip(p + scheme_n + 1, b, u, ret_what);
	} else if (b.end - p > 4 && sip_is_word(p, "tel", 3) && p[3] == ':') {
		u->scheme = SIP_SCHEME_TEL;
		p = scan_tel(p + 4, b, u, ret_what);
	} else {
		p = scan_opaque(p, b.end, u, ret_what);
		scheme_n = (unsigned)u->scheme_text.n;
	}
	if (!p)
		return NULL;
	u->scheme_text = slice_make(start, scheme_n);
	u->text = sip_between(start, p);
	return p;
}

__attribute__((cold, noinline)) static int bad_uri(struct slice text, const char *what)
{
	return err_detail(
		OH_EURI, "%s in '%.*s'", what, (int)(text.n < 120 ? text.n : 120), text.p ? text.p : "");
}

int sip_uri_parse(struct slice text, struct sip_uri *ret_uri)
{
	struct bounds b = sip_bounds_of(text);
	const char *what = NULL;
	struct sip_uri uri;

	if (sip_scan_uri(text.p, b, &uri, &what) != b.end || !slice_present(text))
		return bad_uri(text, what ? what : "nothing");
	*ret_uri = uri;
	return 0;
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

bool sip_is_sips(struct slice uri)
{
	return uri.n > 5 && slice_ieq(slice_make(uri.p, 5), SLICE_LIT("sips:"));
}
