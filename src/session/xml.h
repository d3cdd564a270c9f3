/*
 * XML that comes in the body of a SIP message, read by expat, and small documents written. A reader is told of the
 * elements that it knows by their number in its own list; all others are passed over with what is in them.
 *
 * A body is a stranger's: a document type declaration ends the reading (no entities, no outside files), and size, depth,
 * elements, attributes and text have their limits. Nothing here allocates but expat, by base/mem.h.
 */
#ifndef OH_SESSION_XML_H
#define OH_SESSION_XML_H

#include "base/slice.h"

/* Named limits: beyond them a document is OH_ETOOBIG. Longer text is cut. */
#define XML_SIZE_MAX     65536u
#define XML_DEPTH_MAX    16u
#define XML_ELEMENTS_MAX 4096u
#define XML_ATTRS_MAX    32u
#define XML_TEXT_MAX     1024u

#define XML_UNKNOWN (-1) /* an element that is not in the list; or the outside of the root */

struct xml_name {
	const char *ns; /* NULL: whatever namespace */
	const char *name;
};

struct xml_element {
	int what, in;             /* this element and the one around it: indices into names, or XML_UNKNOWN */
	struct slice name;        /* without its namespace */
	const char *const *attrs; /* name, value, name, value, NULL; at its begin only, else NULL */
	struct slice text; /* at its end: what stood in it since its begin or its last child, trimmed */
};

struct xml_reader {
	const struct xml_name *names;
	size_t n_names;
	/* Either may be NULL. Everything is good until they return. */
	void (*begin)(void *arg, const struct xml_element *e);
	void (*end)(void *arg, const struct xml_element *e);
	void *arg;
};
/* OH_ESYNTAX: not well-formed, another root than names[0], or a document type declaration; OH_ETOOBIG; OH_ENOMEM. What the
 * reader was told before an error is of no use. */
int xml_read(struct slice doc, const struct xml_reader *r);

/* The value of an attribute without namespace; absent: it has none. */
struct slice xml_attr(const struct xml_element *e, const char *name);

/* A terminated copy, cut to cap bytes, never inside a character (UTF-8) nor after a blank. */
void xml_copy(char *buf, size_t cap, struct slice text);

/* ---- writing ---- */

/* Never fails in the middle: it goes on counting, and the end tells. */
struct xml_writer {
	char *buf;
	size_t cap, n;
};
void xmlw_init(struct xml_writer *w, char *buf, size_t cap);
void xmlw_markup(struct xml_writer *w, const char *markup);
/* Text or the value of an attribute: escaped, and what is no UTF-8 or no character of XML becomes '?'. */
void xmlw_text(struct xml_writer *w, struct slice text);
void xmlw_number(struct xml_writer *w, uint32_t number);
/* OH_ETOOBIG, or 0 and *ret_doc inside buf. */
int xmlw_end(const struct xml_writer *w, struct slice *ret_doc);

#endif
