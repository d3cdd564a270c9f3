#include "sip/grammar.h"

#include "base/err.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The table is computed by the compiler from the grammar's own words. */
#define DIGIT_(c) ((c) >= '0' && (c) <= '9')
#define ALPHA_(c) (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define ALNUM_(c) (DIGIT_(c) || ALPHA_(c))
#define AF_(c)    (((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define MARK_(c) \
	((c) == '-' || (c) == '_' || (c) == '.' || (c) == '!' || (c) == '~' || (c) == '*' || (c) == '\'' || \
		(c) == '(' || (c) == ')')
#define UNRESERVED_(c) (ALNUM_(c) || MARK_(c))
#define TOKEN_(c) \
	(ALNUM_(c) || (c) == '-' || (c) == '.' || (c) == '!' || (c) == '%' || (c) == '*' || (c) == '_' || \
		(c) == '+' || (c) == '`' || (c) == '\'' || (c) == '~')
#define PASS_(c) (UNRESERVED_(c) || (c) == '&' || (c) == '=' || (c) == '+' || (c) == '$' || (c) == ',')
/* '#' must be escaped by the book, but phones dial "*31#..." with it bare and everybody takes it. */
#define USER_(c) (PASS_(c) || (c) == ';' || (c) == '?' || (c) == '/' || (c) == '#')
/* '_' is in no host name of the RFC, but in those of many networks. */
#define HOST_(c) (ALNUM_(c) || (c) == '-' || (c) == '.' || (c) == '_')
#define PARAM_(c) \
	(UNRESERVED_(c) || (c) == '[' || (c) == ']' || (c) == '/' || (c) == ':' || (c) == '&' || \
		(c) == '+' || (c) == '$')
#define HEADER_(c) \
	(UNRESERVED_(c) || (c) == '[' || (c) == ']' || (c) == '/' || (c) == '?' || (c) == ':' || \
		(c) == '+' || (c) == '$')
#define OPAQUE_(c) ((c) > 0x20 && (c) < 0x7f && (c) != '<' && (c) != '>' && (c) != '"')
/* Wider than gen-value: addresses with colons (RFC 5118 4.5), base64, UTF-8. What ends a value
 * is left out. */
#define VALUE_(c) \
	((c) > 0x20 && (c) != 0x7f && (c) != '"' && (c) != ';' && (c) != ',' && (c) != '<' && (c) != '>')
#define LWS_(c) ((c) == ' ' || (c) == '\t' || (c) == '\r' || (c) == '\n')
#define PHONE_(c) \
	(DIGIT_(c) || AF_(c) || (c) == '*' || (c) == '#' || (c) == '-' || (c) == '.' || (c) == '(' || \
		(c) == ')')
#define SCHEME_(c) (ALNUM_(c) || (c) == '+' || (c) == '-' || (c) == '.')

#define C1(c) \
	((TOKEN_(c) ? CT_TOKEN : 0) | (USER_(c) ? CT_USER : 0) | (PASS_(c) ? CT_PASS : 0) | \
		(HOST_(c) ? CT_HOST : 0) | (PARAM_(c) ? CT_PARAM : 0) | (HEADER_(c) ? CT_HEADER : 0) | \
		(OPAQUE_(c) ? CT_OPAQUE : 0) | (VALUE_(c) ? CT_VALUE : 0) | (DIGIT_(c) ? CT_DIGIT : 0) | \
		(DIGIT_(c) || AF_(c) ? CT_HEX : 0) | (ALPHA_(c) ? CT_ALPHA : 0) | (LWS_(c) ? CT_LWS : 0) | \
		(PHONE_(c) ? CT_PHONE : 0) | (SCHEME_(c) ? CT_SCHEME : 0))
#define C4(c)  C1(c), C1((c) + 1), C1((c) + 2), C1((c) + 3)
#define C16(c) C4(c), C4((c) + 4), C4((c) + 8), C4((c) + 12)
#define C64(c) C16(c), C16((c) + 16), C16((c) + 32), C16((c) + 48)

const uint16_t sip_ctype[256] = {C64(0), C64(64), C64(128), C64(192)};

#ifdef __SSE2__
/* Are the bytes low..high? One addition moves the range to the bottom of the signed bytes, one comparison
 * cuts it. */
static __m128i in_range(__m128i v, char low, char high)
{
	return _mm_cmplt_epi8(_mm_add_epi8(v, _mm_set1_epi8((char)(-128 - low))),
		_mm_set1_epi8((char)(-128 + high - low + 1)));
}

/* Bit i is set where p[i] is no letter, digit, '-' or '.'. */
static unsigned odd_bits(const char *p)
{
	__m128i v = _mm_loadu_si128((const void *)p);
	__m128i letter = in_range(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');
	__m128i rest = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('/')), in_range(v, '-', '9'));

	return ~(unsigned)_mm_movemask_epi8(_mm_or_si128(letter, rest)) & 0xffff;
}
#endif

const char *sip_span_word(const char *p, struct bounds b, unsigned classes)
{
#ifdef __SSE2__
	/* Words differ in length from message to message: a loop over bytes guesses their end wrong nearly
	 * every time, and that costs more than the loop. */
	while (b.readable - p >= 16 && p < b.end) {
		unsigned odd = odd_bits(p);

		if (odd) {
			p += __builtin_ctz(odd);
			break;
		}
		p += 16;
	}
	if (p > b.end)
		p = b.end;
#endif
	return sip_span(p, b.end, classes);
}

const char *sip_find(const char *p, struct bounds b, char c, char other)
{
#ifdef __SSE2__
	while (b.readable - p >= 16 && p < b.end) {
		__m128i v = _mm_loadu_si128((const void *)p);
		unsigned bits = (unsigned)_mm_movemask_epi8(_mm_or_si128(
			_mm_cmpeq_epi8(v, _mm_set1_epi8(c)), _mm_cmpeq_epi8(v, _mm_set1_epi8(other))));

		if (bits) {
			p += __builtin_ctz(bits);
			return p < b.end ? p : b.end;
		}
		p += 16;
	}
	if (p > b.end)
		p = b.end;
#endif
	while (p < b.end && *p != c && *p != other)
		p++;
	return p;
}

const char *sip_span_escaped(const char *p, struct bounds b, unsigned classes)
{
	for (;;) {
		p = sip_span_word(p, b, classes);
		if (p == b.end || *p != '%')
			return p;
		if (b.end - p < 3 || !sip_is(p[1], CT_HEX) || !sip_is(p[2], CT_HEX))
			return NULL;
		p += 3;
	}
}

const char *sip_skip_quoted(const char *p, struct bounds b)
{
	for (;;) {
		p = sip_find(p, b, '"', '\\');
		if (p == b.end)
			return NULL;
		if (*p == '"')
			return p + 1;
		/* quoted-pair: the next byte stands for itself, a quote as well as a NUL */
		if (b.end - p < 2)
			return NULL;
		p += 2;
	}
}

static const char *scan_ip6(const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	struct netaddr addr;

	if (!close || sip_host_netaddr(sip_between(p, close + 1), 0, &addr) != 0)
		return NULL;
	return close + 1;
}

const char *sip_scan_hostport(
	const char *p, struct bounds b, bool lws, struct slice *ret_host, uint16_t *ret_port)
{
	const char *host = p, *end = b.end, *colon, *digits;
	uint32_t port = 0;

	if (p < end && *p == '[') {
		p = scan_ip6(p, end);
		if (!p)
			return NULL;
	} else {
		p = sip_span_word(p, b, CT_HOST);
		if (p == host || *host == '.' || *host == '-')
			return NULL;
	}
	*ret_host = sip_between(host, p);
	*ret_port = 0;

	colon = lws ? sip_skip_lws(p, end) : p;
	if (colon == end || *colon != ':')
		return p;
	p = lws ? sip_skip_lws(colon + 1, end) : colon + 1;
	for (digits = p; p < end && sip_is(*p, CT_DIGIT); p++) {
		port = port * 10 + (uint32_t)(*p - '0');
		if (port > 65535)
			return NULL;
	}
	if (p == digits || port == 0)
		return NULL;
	*ret_port = (uint16_t)port;
	return p;
}

int sip_host_netaddr(struct slice host, uint16_t port, struct netaddr *ret_addr)
{
	char buf[64];
	size_t n = 0;

	if (slice_empty(host) || host.n >= sizeof(buf))
		return OH_EINVAL;
	if (host.p[0] == '[') {
		if (host.n < 2 || host.p[host.n - 1] != ']')
			return OH_EINVAL;
		host = slice_make(host.p + 1, host.n - 2);
	}

	/* RFC 5118 4.10: the grammar of RFC 3261 made people print ":::" before a dotted part; read it as
	 * "::". */
	for (size_t i = 0; i < host.n; i++) {
		if (i >= 2 && host.p[i] == ':' && host.p[i - 1] == ':' && host.p[i - 2] == ':' &&
			memchr(host.p + i, '.', host.n - i))
			continue;
		buf[n++] = host.p[i];
	}
	return netaddr_parse_ip(slice_make(buf, n), port, ret_addr);
}

const char *sip_scan_param(const char *p, struct bounds b, struct sip_param *ret_param)
{
	const char *name = p, *end = b.end, *value, *value_end;

	p = sip_span_word(p, b, CT_TOKEN);
	if (p == name)
		return NULL;
	ret_param->name = sip_between(name, p);
	ret_param->value = SLICE_NONE;
	p = sip_skip_lws(p, end);
	if (p == end || *p != '=')
		return p;

	value = sip_skip_lws(p + 1, end);
	if (value < end && *value == '"') {
		value_end = sip_skip_quoted(value + 1, b);
		if (!value_end)
			return NULL;
	} else {
		value_end = sip_span_word(value, b, CT_VALUE);
		if (value_end == value)
			return NULL;
	}
	ret_param->value = sip_between(value, value_end);
	return sip_skip_lws(value_end, end);
}

const char *sip_scan_params(const char *p, struct bounds b, struct slice *ret_params)
{
	struct sip_param param;
	const char *end = b.end, *first;

	*ret_params = SLICE_NONE;
	p = sip_skip_lws(p, end);
	if (p == end || *p != ';')
		return p == end || *p == ',' ? p : NULL;
	first = sip_skip_lws(p + 1, end);
	do {
		p = sip_scan_param(sip_skip_lws(p + 1, end), b, &param);
		if (!p)
			return NULL;
	} while (p < end && *p == ';');
	if (p < end && *p != ',')
		return NULL;
	*ret_params = sip_between(first,
		slice_present(param.value) ? param.value.p + param.value.n : param.name.p + param.name.n);
	return p;
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

long sip_unescape(struct slice text, char *buf, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (n == cap)
			return OH_ETOOBIG;
		if (c == '%') {
			if (text.n - i < 3 || !sip_is(text.p[i + 1], CT_HEX) ||
				!sip_is(text.p[i + 2], CT_HEX))
				return OH_ESYNTAX;
			c = (char)(hex_value(text.p[i + 1]) << 4 | hex_value(text.p[i + 2]));
			i += 2;
		}
		buf[n++] = c;
	}
	return (long)n;
}

/* The next character of an escaped text as a number that is equal for equal meaning: a reserved character and
 * its escape are different (RFC 2396 2.2), so the escape of one gets a number of its own. */
static unsigned next_escaped(struct slice *s, bool icase)
{
	unsigned c = (unsigned char)s->p[0], reserved = 0;

	if (c == '%' && s->n >= 3 && sip_is(s->p[1], CT_HEX) && sip_is(s->p[2], CT_HEX)) {
		c = (unsigned)(hex_value(s->p[1]) << 4 | hex_value(s->p[2]));
		if (c && c < 0x80 && strchr(";/?:@&=+$,", (int)c))
			reserved = 0x100;
		*s = slice_make(s->p + 3, s->n - 3);
	} else {
		*s = slice_make(s->p + 1, s->n - 1);
	}
	if (icase && c >= 'A' && c <= 'Z')
		c |= 0x20;
	return c | reserved;
}

bool sip_escaped_eq(struct slice a, struct slice b, bool icase)
{
	if (slice_present(a) != slice_present(b))
		return false;
	if (slice_eq(a, b))
		return true;
	while (a.n && b.n) {
		if (next_escaped(&a, icase) != next_escaped(&b, icase))
			return false;
	}
	return a.n == b.n;
}
