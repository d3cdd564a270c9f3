#include "sip/multipart.h"

#include "offhook/error.h"

struct slice sip_media_type(struct slice content_type)
{
	if (!slice_present(content_type))
		return content_type;
	content_type.n = slice_index(content_type, ';');
	return slice_trim(content_type);
}

bool sip_media_param(struct slice value, struct slice name, struct slice *ret_value)
{
	struct slice found;

	if (!slice_present(value) ||
		!sip_param_find(slice_skip(value, slice_index(value, ';') + 1), name, &found))
		return false;
	if (found.n >= 2 && found.p[0] == '"')
		found = slice_make(found.p + 1, found.n - 2);
	*ret_value = found;
	return true;
}

int sip_multipart_begin(struct slice content_type, struct slice body, struct sip_multipart *ret_parts)
{
	struct sip_multipart m = {.rest = body};

	if (!sip_media_param(content_type, SLICE_LIT("boundary"), &m.boundary) || slice_empty(m.boundary) ||
		m.boundary.n > SIP_BOUNDARY_MAX)
		return OH_ESYNTAX;
	*ret_parts = m;
	return 0;
}

/* Takes a line off *rest, without its end. A bare LF ends a line too, as in headers. */
static struct slice take_line(struct slice *rest)
{
	size_t n = slice_index(*rest, '\n');
	struct slice line = slice_make(rest->p, n);

	*rest = slice_skip(*rest, n + 1);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

enum border { NO_BORDER, OPENS, CLOSES };

/* "--boundary" and perhaps "--", then nothing but blanks (RFC 2046 5.1.1). */
static enum border border_of(struct slice line, struct slice boundary)
{
	enum border border = OPENS;

	if (!slice_starts(line, SLICE_LIT("--")) || !slice_starts(slice_skip(line, 2), boundary))
		return NO_BORDER;
	line = slice_skip(line, 2 + boundary.n);
	if (slice_starts(line, SLICE_LIT("--"))) {
		border = CLOSES;
		line = slice_skip(line, 2);
	}
	return slice_empty(slice_trim(line)) ? border : NO_BORDER;
}

/* Takes off all lines before the next border and the border itself; NO_BORDER: it never comes. The line end
 * before a border belongs to the border. */
static enum border take_until_border(struct sip_multipart *m, struct slice *ret_before)
{
	struct slice all = m->rest;

	while (m->rest.n) {
		const char *begin = m->rest.p;
		enum border border = border_of(take_line(&m->rest), m->boundary);

		if (border == NO_BORDER)
			continue;
		all.n = (size_t)(begin - all.p);
		if (all.n && all.p[all.n - 1] == '\n')
			all.n--;
		if (all.n && all.p[all.n - 1] == '\r')
			all.n--;
		*ret_before = all;
		return border;
	}
	return NO_BORDER;
}

/* Takes a header off *text, folded lines included. */
static struct slice take_header(struct slice *text)
{
	struct slice header = take_line(text);

	while (text->n && (text->p[0] == ' ' || text->p[0] == '\t')) {
		struct slice more = take_line(text);

		header.n = (size_t)(more.p + more.n - header.p);
	}
	return header;
}

static void note_header(struct sip_part *part, struct slice header)
{
	size_t colon = slice_index(header, ':');
	struct slice name = slice_trim(slice_make(header.p, colon));
	struct slice value = slice_trim(slice_skip(header, colon + 1));

	if (colon == header.n)
		return;
	if (slice_ieq(name, SLICE_LIT("Content-Type")))
		part->type = value;
	else if (slice_ieq(name, SLICE_LIT("Content-Disposition")))
		part->disposition = value;
	else if (slice_ieq(name, SLICE_LIT("Content-Transfer-Encoding")))
		part->encoding = value;
}

static struct sip_part part_of(struct slice text)
{
	struct sip_part part = {.body = SLICE_NONE};

	while (text.n) {
		struct slice header = take_header(&text);

		if (slice_empty(header))
			break;
		note_header(&part, header);
	}
	part.body = text;
	return part;
}

int sip_multipart_next(struct sip_multipart *m, struct sip_part *ret_part)
{
	struct slice text;
	enum border border;

	/* Before the first part there may be a preamble, which says nothing. */
	if (m->at == SIP_MULTIPART_PREAMBLE && take_until_border(m, &text) != OPENS)
		return OH_ESYNTAX;
	if (m->at == SIP_MULTIPART_OVER)
		return 0;
	border = take_until_border(m, &text);
	if (border == NO_BORDER)
		return OH_ESYNTAX;
	m->at = border == CLOSES ? SIP_MULTIPART_OVER : SIP_MULTIPART_PARTS;
	*ret_part = part_of(text);
	return 1;
}
