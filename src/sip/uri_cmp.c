/* Equality of URIs: RFC 3261 19.1.4 for sip and sips, RFC 3966 4 for tel. */
#include "sip/grammar.h"

/* Splits "name=value<sep>..." ; a name without '=' has an absent value. false: nothing left. */
static bool take(struct slice *rest, char sep, struct sip_param *ret_param)
{
	const char *p = rest->p, *end = p + rest->n, *from = p;

	if (slice_empty(*rest))
		return false;
	while (p < end && *p != '=' && *p != sep)
		p++;
	ret_param->name = sip_between(from, p);
	ret_param->value = SLICE_NONE;
	if (p < end && *p == '=') {
		from = ++p;
		while (p < end && *p != sep)
			p++;
		ret_param->value = sip_between(from, p);
	}
	*rest = sip_between(p < end ? p + 1 : end, end);
	return true;
}

static bool find(struct slice list, char sep, struct slice name, struct sip_param *ret_param)
{
	while (take(&list, sep, ret_param)) {
		if (sip_escaped_eq(ret_param->name, name, true))
			return true;
	}
	return false;
}

/* A numeric host is compared as a number, so that two spellings of one IPv6 address are one host, and so is
 * an IPv4 address mapped into IPv6 (RFC 5118 4.9). */
static bool host_eq(struct slice a, struct slice b)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct netaddr na, nb, *each[2] = {&na, &nb};

	if (slice_ieq(a, b))
		return true;
	if (sip_host_netaddr(a, 0, &na) != 0 || sip_host_netaddr(b, 0, &nb) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		if (each[i]->family == NETADDR_IP6 && memcmp(each[i]->ip, mapped, sizeof(mapped)) == 0) {
			each[i]->family = NETADDR_IP4;
			memmove(each[i]->ip, each[i]->ip + 12, 4);
		}
	}
	return netaddr_eq_ip(&na, &nb);
}

/* Is it one of those that matter even when only one URI has it? transport is not in the list of rules but in
 * the sentence about defaults and in the examples. */
static bool never_alone(struct slice name)
{
	static const char *const of_length[] = {
		[3] = "ttl", [4] = "user", [5] = "maddr", [6] = "method", [9] = "transport"};
	char plain[16];
	long n = sip_unescape(name, plain, sizeof(plain));

	if (n < 0 || n >= (long)ARRAY_LEN(of_length) || !of_length[n])
		return false;
	return slice_ieq(slice_make(plain, (size_t)n), slice_make(of_length[n], (size_t)n));
}

/* The next parameter of `list` off *rest. Of two with one name (19.1.1 forbids it) the first counts, as in
 * sip_uri_param(): it is given twice. */
static bool take_param(struct slice list, struct slice *rest, struct sip_param *ret_param)
{
	return take(rest, ';', ret_param) && find(list, ';', ret_param->name, ret_param);
}

/* Every parameter of a that b has too must be equal, and some must not stand alone. */
static bool params_match(struct slice a, struct slice b)
{
	struct slice rest = a;
	struct sip_param mine, theirs;

	while (take_param(a, &rest, &mine)) {
		if (find(b, ';', mine.name, &theirs)) {
			if (!sip_escaped_eq(mine.value, theirs.value, true))
				return false;
		} else if (never_alone(mine.name)) {
			return false;
		}
	}
	return true;
}

static size_t count_params(struct slice list, char sep)
{
	struct sip_param param;
	size_t n = 0;

	while (take(&list, sep, &param))
		n++;
	return n;
}

/* Header components are never ignored. As often in one as in the other, each with the same value: a header
 * may be there twice (two Route), so equal pairs are counted. */
static bool headers_match(struct slice a, struct slice b)
{
	struct slice rest = a;
	struct sip_param h, other;

	if (count_params(a, '&') != count_params(b, '&'))
		return false;
	while (take(&rest, '&', &h)) {
		struct slice sides[2] = {a, b};
		size_t equal[2] = {0, 0};

		for (int i = 0; i < 2; i++) {
			while (take(&sides[i], '&', &other))
				equal[i] += sip_escaped_eq(h.name, other.name, true) &&
					    sip_escaped_eq(h.value, other.value, true);
		}
		if (equal[0] != equal[1])
			return false;
	}
	return true;
}

static bool sip_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	return a->port == b->port && sip_escaped_eq(a->user, b->user, false) &&
	       sip_escaped_eq(a->password, b->password, false) && host_eq(a->host, b->host) &&
	       params_match(a->params, b->params) && params_match(b->params, a->params) &&
	       headers_match(a->headers, b->headers);
}

static bool is_visual_separator(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

static int next_digit(struct slice *s)
{
	while (s->n) {
		char c = s->p[0];

		*s = slice_make(s->p + 1, s->n - 1);
		if (!is_visual_separator(c))
			return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	return -1;
}

static bool digits_eq(struct slice a, struct slice b)
{
	for (;;) {
		int c = next_digit(&a);

		if (c != next_digit(&b))
			return false;
		if (c < 0)
			return true;
	}
}

static bool tel_params_match(struct slice a, struct slice b)
{
	struct slice rest = a;
	struct sip_param mine, theirs;

	while (take_param(a, &rest, &mine)) {
		bool number = sip_escaped_eq(mine.name, SLICE_LIT("ext"), true);

		if (!find(b, ';', mine.name, &theirs))
			return false;
		if (sip_escaped_eq(mine.name, SLICE_LIT("phone-context"), true))
			number = mine.value.n && mine.value.p[0] == '+';
		if (slice_present(mine.value) != slice_present(theirs.value))
			return false;
		if (number ? !digits_eq(mine.value, theirs.value)
			   : !sip_escaped_eq(mine.value, theirs.value, true))
			return false;
	}
	return true;
}

/* The '+' is a digit here: it keeps a global number from being equal to a local one. */
static bool tel_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	return digits_eq(a->user, b->user) && tel_params_match(a->params, b->params) &&
	       tel_params_match(b->params, a->params);
}

bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	switch (a->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return sip_eq(a, b);
	case SIP_SCHEME_TEL:
		return tel_eq(a, b);
	case SIP_SCHEME_OTHER:
		break;
	}
	/* Of any other scheme we only know that the scheme's own letters have no case (RFC 3986 6.2.2.1). */
	return slice_ieq(a->scheme_text, b->scheme_text) &&
	       slice_eq(slice_skip(a->text, a->scheme_text.n), slice_skip(b->text, b->scheme_text.n));
}
