/* name-addr, addr-spec and header parameters: RFC 3261 20.10, 25.1. */
#include "sip/grammar.h"

#include "base/err.h"

int sip_param_next(struct slice *rest, struct sip_param *ret_param)
{
	struct bounds b = sip_bounds_of(*rest);
	const char *p = rest->p, *end = b.end;
	struct sip_param param;

	if (slice_empty(*rest))
		return 0;
	p = sip_scan_param(sip_skip_lws(p, end), b, &param);
	if (!p || (p < end && *p != ';'))
		return OH_ESYNTAX;
	if (p < end) {
		p = sip_skip_lws(p + 1, end);
		if (p == end)
			return OH_ESYNTAX; /* a ';' with nothing after it */
	}
	*rest = sip_between(p, end);
	*ret_param = param;
	return 1;
}

bool sip_param_find(struct slice params, struct slice name, struct slice *ret_value)
{
	struct sip_param param;

	while (sip_param_next(&params, &param) == 1) {
		if (param.name.n != name.n || !slice_ieq(param.name, name))
			continue;
		if (ret_value)
			*ret_value = slice_present(param.value) ? param.value : slice_make(name.p, 0);
		return true;
	}
	return false;
}

/* Unquoted display name: by the book tokens and blanks; phones also send UTF-8 and punctuation. What could
 * hide another element or a header is refused (RFC 4475 3.1.2.15 has the comma, which ends the scan before).
 */
static bool display_ok(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!sip_is(s.p[i], CT_VALUE | CT_LWS))
			return false;
	}
	return true;
}

/* p is at '<'; returns after '>'. */
static const char *scan_angled(const char *p, struct bounds b, struct sip_addr *a, int *ret_err)
{
	const char *close, *what;

	a->angled = true;
	*ret_err = OH_EURI;
	close = sip_scan_uri(p + 1, b, &a->uri, &what);
	if (!close || close == b.end || *close != '>')
		return NULL;
	return close + 1;
}

/* No quotes: tokens before '<', or a URI that stands bare. Returns where the parameters begin. */
static const char *scan_unquoted(const char *p, struct bounds b, struct sip_addr *a, int *ret_err)
{
	const char *stop = p, *end = b.end, *what;
	struct slice text;

	while (stop < end && *stop != '<' && *stop != ',' && *stop != ';' && *stop != '"')
		stop++;
	text = slice_trim(sip_between(p, stop));
	if (stop < end && *stop == '<') {
		*ret_err = OH_ESYNTAX;
		if (!display_ok(text))
			return NULL;
		a->display = text;
		return scan_angled(stop, b, a, ret_err);
	}
	if (text.n == 1 && *text.p == '*') {
		a->star = true;
		memset(&a->uri, 0, sizeof(a->uri));
		return stop;
	}
	/* RFC 3261 20: a '?' must be within brackets; that the sender meant the URI's is only a guess. */
	*ret_err = OH_EURI;
	b.end = text.p + text.n;
	if (memchr(text.p, '?', text.n) || sip_scan_uri(text.p, b, &a->uri, &what) != b.end)
		return NULL;
	return stop;
}

int sip_scan_addr(struct slice *rest, const char *readable, struct sip_addr *a)
{
	const char *p = rest->p, *end = p + rest->n, *start;
	struct bounds b = {end, readable};
	int err = OH_ESYNTAX;

	if (!p)
		return 0;
	p = start = sip_skip_lws(p, end);
	if (p == end)
		return 0;
	a->display = SLICE_NONE;
	a->angled = a->star = false;
	if (*p == '<') {
		p = scan_angled(p, b, a, &err);
	} else if (*p == '"') {
		p = sip_skip_quoted(p + 1, b);
		if (!p)
			return OH_ESYNTAX;
		a->display = sip_between(start + 1, p - 1);
		p = sip_skip_lws(p, end);
		p = p < end && *p == '<' ? scan_angled(p, b, a, &err) : NULL;
	} else {
		p = scan_unquoted(p, b, a, &err);
	}
	if (!p)
		return err;

	p = sip_scan_params(p, b, &a->params);
	if (!p)
		return OH_ESYNTAX;
	a->text = slice_trim(sip_between(start, p));
	if (p < end) {
		p = sip_skip_lws(p + 1, end);
		if (p == end)
			return OH_ESYNTAX; /* a comma with nothing after it */
	}
	*rest = sip_between(p, end);
	return 1;
}

int sip_addr_next(struct slice *rest, struct sip_addr *ret_addr)
{
	struct sip_addr a;
	int n = sip_scan_addr(rest, rest->p + rest->n, &a);

	if (n == 1)
		*ret_addr = a;
	return n;
}

int sip_addr_parse(struct slice text, struct sip_addr *ret_addr)
{
	struct sip_addr a;
	int n = sip_addr_next(&text, &a);

	if (n < 0)
		return n;
	if (n == 0 || !slice_empty(text))
		return OH_ESYNTAX;
	*ret_addr = a;
	return 0;
}
