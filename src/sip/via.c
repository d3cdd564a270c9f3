/* Via elements: RFC 3261 20.42 and 25.1, rport of RFC 3581, addresses in received as in RFC 5118 4.5. */
#include "sip/msg_impl.h"

/* sent-protocol: name SLASH version SLASH transport, with blanks allowed about the slashes.
 * NULL: malformed. */
static const char *scan_protocol(const char *p, struct bounds b, struct slice *ret_transport)
{
	const char *end = b.end, *word;

	/* As nearly everybody writes it. */
	if (end - p > 8 && memcmp(p, "SIP/2.0/", 8) == 0) {
		p += 8;
	} else {
		for (int i = 0; i < 2; i++) {
			word = p;
			p = sip_span(p, end, CT_TOKEN);
			if (p == word)
				return NULL;
			p = sip_skip_lws(p, end);
			if (p == end || *p != '/')
				return NULL;
			p = sip_skip_lws(p + 1, end);
		}
	}
	word = p;
	p = sip_span(p, end, CT_TOKEN);
	*ret_transport = sip_between(word, p);
	return p == word ? NULL : p;
}

/* The parameters that we read; others are kept in v->params. */
static void via_param(struct sip_via *v, const struct sip_param *param)
{
	struct slice value = slice_present(param->value) ? param->value : slice_make(param->name.p, 0);

	if (param->name.n == 6 && sip_is_word(param->name.p, "branch", 6))
		v->branch = value;
	else if (param->name.n == 5 && sip_is_word(param->name.p, "rport", 5))
		v->rport = value;
	else if (param->name.n == 8 && sip_is_word(param->name.p, "received", 8))
		v->received = value;
}

/* sip_scan_params() that looks at each on the way. */
static const char *scan_via_params(const char *p, struct bounds b, struct sip_via *v)
{
	const char *end = b.end;
	struct sip_param param;

	v->params = v->branch = v->received = v->rport = SLICE_NONE;
	p = sip_skip_lws(p, end);
	while (p < end && *p == ';') {
		p = sip_scan_param(sip_skip_lws(p + 1, end), b, &param);
		if (!p)
			return NULL;
		via_param(v, &param);
		if (!v->params.p)
			v->params.p = param.name.p;
		v->params.n = (size_t)((slice_present(param.value) ? param.value.p + param.value.n
								   : param.name.p + param.name.n) -
				       v->params.p);
	}
	return p == end || *p == ',' ? p : NULL;
}

int sip_scan_via(struct slice *rest, const char *readable, struct sip_via *v)
{
	const char *p = rest->p, *end = p + rest->n, *start, *blank;
	struct bounds b = {end, readable};

	if (!p)
		return 0;
	p = start = sip_skip_lws(p, end);
	if (p == end)
		return 0;
	p = blank = scan_protocol(p, b, &v->transport);
	if (!p)
		return OH_ESYNTAX;
	p = sip_skip_lws(p, end);
	if (p == blank)
		return OH_ESYNTAX;
	p = sip_scan_hostport(p, b, true, &v->host, &v->port);
	if (!p)
		return OH_ESYNTAX;
	p = scan_via_params(p, b, v);
	if (!p)
		return OH_ESYNTAX;
	/* RFC 3261 8.1.1.7; compared without case because branches are. The bare cookie is no unique id (RFC
	 * 4475 3.2.1), so the old rules serve for it. */
	v->magic = v->branch.n > 7 && sip_is_word(v->branch.p, "z9hg4bk", 7);
	v->text = slice_trim(sip_between(start, p));
	if (p < end) {
		p = sip_skip_lws(p + 1, end);
		if (p == end)
			return OH_ESYNTAX; /* a comma with nothing after it */
	}
	*rest = sip_between(p, end);
	return 1;
}

int sip_via_next(struct slice *rest, struct sip_via *ret_via)
{
	struct sip_via v;
	int n = sip_scan_via(rest, rest->p + rest->n, &v);

	if (n == 1)
		*ret_via = v;
	return n;
}
