#include "session/xml.h"

#include "base/err.h"
#include "base/mem.h"

#include <expat.h>
#include <stdio.h>

/* Between the namespace and the name of an element as expat joins them: no document can hold it. */
#define NS_END '\f'

struct reading {
	const struct xml_reader *reader;
	XML_Parser parser;
	int err;
	unsigned depth, elements;
	int around[XML_DEPTH_MAX + 1]; /* around[d]: the element at depth d; around[0] is the outside */
	size_t n_text;                 /* all that came, of which text holds the beginning */
	char text[XML_TEXT_MAX + 1];
};

static void stop(struct reading *r, int err)
{
	r->err = err;
	(void)XML_StopParser(r->parser, XML_FALSE);
}

/* ---- names ---- */

static void split(const char *joined, struct slice *ret_ns, struct slice *ret_name)
{
	const char *end = strchr(joined, NS_END);

	*ret_ns = end ? slice_make(joined, (size_t)(end - joined)) : SLICE_NONE;
	*ret_name = slice_of(end ? end + 1 : joined);
}

static int known(const struct xml_reader *reader, const char *joined, struct slice *ret_name)
{
	struct slice ns;

	split(joined, &ns, ret_name);
	for (size_t i = 0; i < reader->n_names; i++) {
		const struct xml_name *n = &reader->names[i];

		if (slice_eq(*ret_name, slice_of(n->name)) && (!n->ns || slice_eq(ns, slice_of(n->ns))))
			return (int)i;
	}
	return XML_UNKNOWN;
}

struct slice xml_attr(const struct xml_element *e, const char *name)
{
	for (const char *const *a = e->attrs; a && a[0]; a += 2)
		if (strcmp(a[0], name) == 0)
			return slice_of(a[1]);
	return SLICE_NONE;
}

/* ---- what expat tells ---- */

static size_t count(const XML_Char **attrs)
{
	size_t n = 0;

	while (attrs[2 * n])
		n++;
	return n;
}

static void XMLCALL on_begin(void *arg, const XML_Char *joined, const XML_Char **attrs)
{
	struct reading *r = arg;
	struct xml_element e = {.attrs = (const char *const *)attrs};

	if (r->depth == XML_DEPTH_MAX || ++r->elements > XML_ELEMENTS_MAX || count(attrs) > XML_ATTRS_MAX) {
		stop(r, OH_ETOOBIG);
		return;
	}
	e.in = r->around[r->depth];
	e.what = known(r->reader, joined, &e.name);
	if (r->depth == 0 && e.what != 0) {
		stop(r, OH_ESYNTAX);
		return;
	}
	r->around[++r->depth] = e.what;
	r->n_text = 0;
	if (r->reader->begin)
		r->reader->begin(r->reader->arg, &e);
}

/* At most max bytes from the beginning of a text, as whole characters (UTF-8), and no blank where it was cut: so the rest
 * reads the same when it comes back in a document of ours. */
static struct slice beginning(struct slice text, size_t max)
{
	size_t n = max;

	if (text.n <= max)
		return text;
	/* Not before a byte that goes on with a character. */
	while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	while (n > 0 && slice_empty(slice_trim(slice_make(text.p + n - 1, 1))))
		n--;
	return slice_make(text.p, n);
}

static void XMLCALL on_end(void *arg, const XML_Char *joined)
{
	struct reading *r = arg;
	struct xml_element e = {.what = r->around[r->depth]};
	struct slice ns;

	/* The end of an empty element is told even when its begin has stopped the parser. */
	if (r->err)
		return;
	split(joined, &ns, &e.name);
	e.in = r->around[--r->depth];
	e.text = slice_trim(beginning(slice_make(r->text, r->n_text), XML_TEXT_MAX));
	if (r->reader->end)
		r->reader->end(r->reader->arg, &e);
	r->n_text = 0;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int n)
{
	struct reading *r = arg;
	size_t room = r->n_text < sizeof(r->text) ? sizeof(r->text) - r->n_text : 0;
	size_t take = (size_t)n < room ? (size_t)n : room;

	if (take)
		memcpy(r->text + r->n_text, text, take);
	r->n_text += (size_t)n;
}

static void XMLCALL on_doctype(
	void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(arg, OH_ESYNTAX);
}

int xml_read(struct slice doc, const struct xml_reader *reader)
{
	static const XML_Memory_Handling_Suite memory = {mem_alloc, mem_realloc, mem_free};
	static const XML_Char ns_end[] = {NS_END, '\0'};
	struct reading r = {.reader = reader, .around = {XML_UNKNOWN}};

	if (doc.n > XML_SIZE_MAX)
		return OH_ETOOBIG;
	r.parser = XML_ParserCreate_MM(NULL, &memory, ns_end);
	if (!r.parser)
		return OH_ENOMEM;
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_begin, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	if (XML_Parse(r.parser, doc.p ? doc.p : "", (int)doc.n, XML_TRUE) != XML_STATUS_OK && !r.err)
		r.err = XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY ? OH_ENOMEM : OH_ESYNTAX;
	XML_ParserFree(r.parser);
	return r.err;
}

/* ---- characters ---- */

/* Bytes of the character at p, at most n: 1 to 4, or 0 when it is none that XML 1.0 (2.2) knows. */
static size_t character(const unsigned char *p, size_t n)
{
	size_t length = p[0] < 0x80         ? 1
			: (p[0] >> 5) == 6  ? 2
			: (p[0] >> 4) == 14 ? 3
			: (p[0] >> 3) == 30 ? 4
					    : 0;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;

	if (length == 0 || length > n)
		return 0;
	code = length == 1 ? p[0] : p[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[length] || (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff ||
		code > 0x10ffff)
		return 0;
	return code >= 0x20 || code == '\t' || code == '\n' || code == '\r' ? length : 0;
}

void xml_copy(char *buf, size_t cap, struct slice text)
{
	struct slice kept = beginning(text, cap - 1);

	if (kept.n)
		memcpy(buf, kept.p, kept.n);
	buf[kept.n] = '\0';
}

/* ---- writing ---- */

void xmlw_init(struct xml_writer *w, char *buf, size_t cap)
{
	*w = (struct xml_writer){buf, cap, 0};
}

static void put(struct xml_writer *w, const char *p, size_t n)
{
	if (n <= w->cap && w->n <= w->cap - n)
		memcpy(w->buf + w->n, p, n);
	w->n += n;
}

void xmlw_markup(struct xml_writer *w, const char *markup)
{
	put(w, markup, strlen(markup));
}

static const char *escape(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	/* In an attribute they would become spaces. */
	case '\t':
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

void xmlw_text(struct xml_writer *w, struct slice text)
{
	for (size_t i = 0; i < text.n;) {
		size_t n = character((const unsigned char *)text.p + i, text.n - i);
		const char *escaped = escape(text.p[i]);

		if (n == 0)
			put(w, "?", 1);
		else if (escaped)
			xmlw_markup(w, escaped);
		else
			put(w, text.p + i, n);
		i += n ? n : 1;
	}
}

void xmlw_number(struct xml_writer *w, uint32_t number)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	xmlw_markup(w, digits);
}

int xmlw_end(const struct xml_writer *w, struct slice *ret_doc)
{
	if (w->n > w->cap)
		return OH_ETOOBIG;
	*ret_doc = slice_make(w->buf, w->n);
	return 0;
}
