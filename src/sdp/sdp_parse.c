/*
 * The parser of session descriptions (RFC 8866 9). Two passes over the lines: the first one finds the ends of
 * lines and counts, the second one fills arrays of exactly that size. Nothing is copied.
 */
#include "sdp/sdp.h"

#include "base/err.h"

struct line {
	char type;
	struct slice value;
};

struct parse {
	struct sdp *s;
	struct slice rest;
	struct sdp_media *media; /* the one being filled, NULL at session level */
	size_t n_media, n_attrs; /* seen in the first pass, filled in the second */
	size_t line_no;
	bool session_dir, media_dir; /* a direction attribute was there: the first one counts */
	enum sdp_dir dir;            /* of the session */
};

static int refuse(struct parse *p, const char *fault)
{
	p->s->fault = fault;
	p->s->fault_line = p->line_no;
	return OH_ESDP;
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`{|}~", c) != NULL);
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* token *("/" token) */
static bool is_proto(struct slice s)
{
	while (s.n > 0) {
		size_t slash = slice_index(s, '/');

		if (!is_token(slice_make(s.p, slash)))
			return false;
		if (slash == s.n)
			return true;
		s = slice_skip(s, slash + 1);
	}
	return false;
}

/* A number that is no address would otherwise pass as a name: "300.1.2.3". */
static bool is_host_name(struct slice s)
{
	bool letter = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			letter = true;
		else if (!((c >= '0' && c <= '9') || c == '-' || c == '.'))
			return false;
	}
	return letter;
}

/* 1 and a line, 0 at the end, or OH_ESDP. */
static int next_line(struct parse *p, struct line *ret_line)
{
	struct slice text;
	size_t end;

	if (slice_empty(p->rest))
		return 0;
	p->line_no++;
	end = slice_index(p->rest, '\n');
	text = slice_make(p->rest.p, end);
	p->rest = slice_skip(p->rest, end + 1);
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	if (text.n < 2 || text.p[1] != '=' || text.p[0] < 'a' || text.p[0] > 'z')
		return refuse(p, "a line that is not <letter>=<value>");
	if (memchr(text.p, '\r', text.n) || memchr(text.p, '\0', text.n))
		return refuse(p, "a CR or NUL within a line");
	*ret_line = (struct line){text.p[0], slice_skip(text, 2)};
	return 1;
}

static int parse_conn(struct parse *p, struct slice value, struct sdp_conn *ret_conn)
{
	struct sdp_conn c = {
		.net = sdp_word(&value), .addr_type = sdp_word(&value), .addr = sdp_word(&value)};
	struct netaddr ip;

	if (!is_token(c.net) || !is_token(c.addr_type) || slice_empty(c.addr) ||
		!slice_empty(sdp_word(&value)))
		return refuse(p, "an address that is not <net type> <address type> <address>");
	/* A multicast address may carry /ttl and /count: offer/answer has no use for them. */
	c.addr.n = slice_index(c.addr, '/');
	if (slice_ieq(c.net, SLICE_LIT("IN")) && netaddr_parse_ip(c.addr, 0, &ip) && !is_host_name(c.addr))
		return refuse(p, "neither an IP address nor a host name where an address belongs");
	*ret_conn = c;
	return 0;
}

static int parse_origin(struct parse *p, struct slice value)
{
	struct sdp *s = p->s;

	if (slice_present(s->origin_user))
		return refuse(p, "a second o= line");
	s->origin_user = sdp_word(&value);
	s->origin_id = sdp_word(&value);
	s->origin_version = sdp_word(&value);
	if (!is_digits(s->origin_id) || !is_digits(s->origin_version))
		return refuse(p, "o= without a numeric session id and version");
	return parse_conn(p, value, &s->origin);
}

static int parse_time(struct parse *p, struct slice value)
{
	struct slice rest = value;
	bool good = is_digits(sdp_word(&rest));

	good = is_digits(sdp_word(&rest)) && good;
	if (!good || !slice_empty(sdp_word(&rest)))
		return refuse(p, "t= is not <start> <stop>");
	if (!slice_present(p->s->time))
		p->s->time = slice_trim(value);
	return 0;
}

static bool dir_of(struct slice name, enum sdp_dir *ret_dir)
{
	for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++) {
		if (slice_eq(name, slice_of(sdp_dir_name((enum sdp_dir)d)))) {
			*ret_dir = (enum sdp_dir)d;
			return true;
		}
	}
	return false;
}

static int parse_attr(struct parse *p, struct slice value)
{
	size_t colon = slice_index(value, ':');
	struct sdp_attr a = {.name = slice_make(value.p, colon)};
	enum sdp_dir dir;

	if (!is_token(a.name))
		return refuse(p, "a= without an attribute name");
	if (colon < value.n)
		a.value = slice_skip(value, colon + 1);
	p->s->attrs[p->n_attrs++] = a;
	if (p->media)
		p->media->n_attrs++;
	else
		p->s->n_attrs++;

	if (slice_present(a.value) || !dir_of(a.name, &dir))
		return 0;
	if (p->media && !p->media_dir) {
		p->media->dir = dir;
		p->media_dir = true;
	} else if (!p->media && !p->session_dir) {
		p->dir = dir;
		p->session_dir = true;
	}
	return 0;
}

static int parse_port(struct parse *p, struct slice word, struct sdp_media *m)
{
	size_t slash = slice_index(word, '/');
	uint32_t port, n_ports = 1;

	if (slice_to_u32(slice_make(word.p, slash), 65535, &port))
		return refuse(p, "m= line without a port of 0..65535");
	if (slash < word.n && (slice_to_u32(slice_skip(word, slash + 1), 65535, &n_ports) || n_ports == 0))
		return refuse(p, "m= line with a bad number of ports");
	m->port = (uint16_t)port;
	m->n_ports = (uint16_t)n_ports;
	return 0;
}

static int parse_formats(struct parse *p, struct slice value, struct sdp_media *m)
{
	struct slice rest = value, word;
	size_t n = 0;

	while (!slice_empty(word = sdp_word(&rest))) {
		if (!is_token(word))
			return refuse(p, "m= line with a format that is no token");
		n++;
	}
	if (n == 0)
		return refuse(p, "m= line without formats");
	if (n > SDP_FORMATS_MAX)
		return refuse(p, "m= line with too many formats");
	m->formats = arena_zalloc(&p->s->arena, n * sizeof(*m->formats));
	if (!m->formats)
		return OH_ENOMEM;
	while (m->n_formats < n)
		m->formats[m->n_formats++] = sdp_word(&value);
	return 0;
}

static int parse_media(struct parse *p, struct slice value)
{
	struct sdp_media *m = &p->s->media[p->s->n_media];
	int err;

	m->type = sdp_word(&value);
	if (!is_token(m->type))
		return refuse(p, "m= line without a media type");
	err = parse_port(p, sdp_word(&value), m);
	if (err)
		return err;
	m->proto = sdp_word(&value);
	if (!is_proto(m->proto))
		return refuse(p, "m= line without a transport");
	m->conn = p->s->conn;
	m->dir = p->session_dir ? p->dir : SDP_SENDRECV;
	m->attrs = p->s->attrs ? p->s->attrs + p->n_attrs : NULL;
	p->media_dir = false;
	p->media = m;
	p->s->n_media++;
	return parse_formats(p, value, m);
}

static int parse_line(struct parse *p, const struct line *l)
{
	struct sdp_conn conn;
	int err;

	switch (l->type) {
	case 'v':
		return refuse(p, "a second v= line");
	case 'o':
		return p->media ? refuse(p, "o= after m=") : parse_origin(p, l->value);
	case 's':
		if (!p->media && !slice_present(p->s->name))
			p->s->name = l->value;
		return 0;
	case 't':
		return p->media ? refuse(p, "t= after m=") : parse_time(p, l->value);
	case 'c':
		err = parse_conn(p, l->value, &conn);
		if (err)
			return err;
		/* More than one c= is for layered multicast only: the first one is the base layer. */
		if (!p->media && !slice_present(p->s->conn.addr))
			p->s->conn = conn;
		else if (p->media && p->media->conn.addr.p == p->s->conn.addr.p)
			p->media->conn = conn;
		return 0;
	case 'm':
		return parse_media(p, l->value);
	case 'a':
		return parse_attr(p, l->value);
	default:
		return 0;
	}
}

/* Finds every line once, so that the second pass cannot fail for the form of a line. */
static int count(struct parse *p)
{
	struct line l;
	int more;

	while ((more = next_line(p, &l)) > 0) {
		if (p->line_no == 1 && (l.type != 'v' || !slice_eq(slice_trim(l.value), SLICE_LIT("0"))))
			return refuse(p, "the first line is not v=0");
		p->n_media += l.type == 'm';
		p->n_attrs += l.type == 'a';
		if (p->n_media > SDP_MEDIA_MAX)
			return refuse(p, "too many m= lines");
		if (p->n_attrs > SDP_ATTRS_MAX)
			return refuse(p, "too many a= lines");
	}
	if (more == 0 && p->line_no == 0)
		return refuse(p, "an empty description");
	return more;
}

static int fill(struct parse *p)
{
	struct line l;
	int err = 0;

	(void)next_line(p, &l); /* v=, seen by count() */
	while (!err && next_line(p, &l) > 0)
		err = parse_line(p, &l);
	if (err)
		return err;
	p->line_no = 0;
	return slice_present(p->s->origin_user) ? 0 : refuse(p, "no o= line");
}

/* Empty lines at the end are forgiven, once and for all lines. */
static struct slice without_tail(struct slice text)
{
	while (text.n > 0 && strchr("\r\n \t", text.p[text.n - 1]) && text.p[text.n - 1] != '\0')
		text.n--;
	return text;
}

int sdp_parse(struct sdp *s, struct slice text)
{
	struct parse p = {.s = s, .rest = without_tail(text)};
	size_t n_media, n_attrs;
	int err;

	memset(s, 0, offsetof(struct sdp, space));
	s->text = text;
	arena_init(&s->arena, s->space, sizeof(s->space), SDP_ARENA_MAX);
	err = count(&p);
	if (err)
		return err;
	n_media = p.n_media;
	n_attrs = p.n_attrs;
	s->media = n_media ? arena_zalloc(&s->arena, n_media * sizeof(*s->media)) : NULL;
	s->attrs = n_attrs ? arena_zalloc(&s->arena, n_attrs * sizeof(*s->attrs)) : NULL;
	if ((n_media && !s->media) || (n_attrs && !s->attrs))
		return OH_ENOMEM;
	p = (struct parse){.s = s, .rest = without_tail(text)};
	return fill(&p);
}

void sdp_free(struct sdp *s)
{
	arena_free(&s->arena);
	s->media = NULL;
	s->attrs = NULL;
	s->n_media = s->n_attrs = 0;
}
