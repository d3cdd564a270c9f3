#include "sdp/edit.h"

#include "base/err.h"

struct out {
	char *buf;
	size_t n, cap;
	bool full;
};

static void put(struct out *o, struct slice s)
{
	if (o->full || s.n > o->cap - o->n) {
		o->full = true;
		return;
	}
	if (s.n)
		memcpy(o->buf + o->n, s.p, s.n);
	o->n += s.n;
}

static void put_line(struct out *o, struct slice line)
{
	put(o, line);
	put(o, SLICE_LIT("\r\n"));
}

static char kind_of(struct slice line)
{
	return line.n >= 2 && line.p[1] == '=' ? line.p[0] : '\0';
}

bool sdp_edit_allowed(const struct sdp_edit *edit)
{
	struct slice texts[] = {edit->begins, edit->line};
	bool used[] = {edit->op != SDP_EDIT_ADD, edit->op != SDP_EDIT_REMOVE};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!used[i])
			continue;
		if ((kind_of(texts[i]) != 'a' && kind_of(texts[i]) != 'b') || texts[i].n < 3)
			return false;
		for (size_t at = 0; at < texts[i].n; at++)
			if ((unsigned char)texts[i].p[at] < ' ')
				return false;
	}
	/* The place of a line is that of its kind. */
	return edit->op != SDP_EDIT_REPLACE || kind_of(edit->begins) == kind_of(edit->line);
}

/* Which part a line belongs to: 0 session, 1 audio, 2 something else. */
static unsigned part_after(unsigned part, struct slice line)
{
	if (kind_of(line) != 'm')
		return part;
	return slice_starts(line, SLICE_LIT("m=audio ")) ? SDP_EDIT_AUDIO : 2;
}

static void put_added(struct out *o, const struct sdp_edit *edits, size_t n, unsigned part, char kind)
{
	for (size_t i = 0; i < n; i++)
		if (edits[i].op == SDP_EDIT_ADD && edits[i].part == part && kind_of(edits[i].line) == kind)
			put_line(o, edits[i].line);
}

/* The line after its edits; absent: it goes. */
static struct slice edited(struct slice line, const struct sdp_edit *edits, size_t n, unsigned part)
{
	for (size_t i = 0; i < n && slice_present(line); i++) {
		if (edits[i].op == SDP_EDIT_ADD || edits[i].part != part ||
			!slice_starts(line, edits[i].begins))
			continue;
		line = edits[i].op == SDP_EDIT_REPLACE ? edits[i].line : SLICE_NONE;
	}
	return line;
}

static struct slice next_line(struct slice *rest)
{
	size_t n = slice_index(*rest, '\n');
	struct slice line = slice_make(rest->p, n);

	*rest = slice_skip(*rest, n < rest->n ? n + 1 : n);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* Lines that b= comes before: in the session t= and what follows it, in a medium a= (RFC 8866 5). */
static bool is_behind_bandwidth(struct slice line, unsigned part)
{
	char kind = kind_of(line);

	return kind == 'a' || kind == 'k' ||
	       (part == SDP_EDIT_SESSION && (kind == 't' || kind == 'r' || kind == 'z'));
}

long sdp_edit(struct slice text, const struct sdp_edit *edits, size_t n, char *buf, size_t cap)
{
	struct out o = {.buf = buf, .cap = cap};
	unsigned part = SDP_EDIT_SESSION;
	bool bandwidth_due = true;

	while (text.n) {
		struct slice line = next_line(&text), kept;
		bool new_part = kind_of(line) == 'm';

		if (bandwidth_due && (new_part || is_behind_bandwidth(line, part))) {
			put_added(&o, edits, n, part, 'b');
			bandwidth_due = false;
		}
		if (new_part) {
			put_added(&o, edits, n, part, 'a');
			part = part_after(part, line);
			bandwidth_due = true;
		}
		kept = edited(line, edits, n, part);
		if (slice_present(kept))
			put_line(&o, kept);
	}
	if (bandwidth_due)
		put_added(&o, edits, n, part, 'b');
	put_added(&o, edits, n, part, 'a');
	return o.full ? OH_ETOOBIG : (long)o.n;
}
