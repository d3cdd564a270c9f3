/* A glance at a message: peek.h. */
#include "sip/peek.h"

#include "offhook/error.h"

static struct slice take_line(struct slice *rest)
{
	size_t n = slice_index(*rest, '\n');
	struct slice line = slice_make(rest->p, n);

	*rest = slice_skip(*rest, n + 1);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static struct slice take_word(struct slice *rest)
{
	size_t n = slice_index(*rest, ' ');
	struct slice word = slice_make(rest->p, n);

	*rest = slice_trim(slice_skip(*rest, n));
	return word;
}

static int start_line(struct slice line, struct sip_peek *p)
{
	struct slice first = take_word(&line);
	uint32_t status;

	if (!slice_starts(first, SLICE_LIT("SIP/"))) {
		p->method_text = first;
		p->method = sip_method_of(first);
		return slice_empty(first) || slice_empty(line) ? OH_ESYNTAX : 0;
	}
	if (slice_to_u32(take_word(&line), 699, &status) || status < 100)
		return OH_ESYNTAX;
	p->status = status;
	return 0;
}

static void cseq(struct slice value, struct sip_peek *p)
{
	uint32_t number;

	if (slice_to_u32(take_word(&value), UINT32_MAX, &number))
		return;
	p->cseq = number;
	if (p->status) {
		p->method_text = value;
		p->method = sip_method_of(value);
	}
}

static void header(struct slice line, struct sip_peek *p)
{
	size_t colon = slice_index(line, ':');
	struct slice value = slice_trim(slice_skip(line, colon + 1));

	switch (sip_hdr_of(slice_trim(slice_make(line.p, colon)))) {
	case SIP_HDR_CALL_ID:
		p->call_id = value;
		break;
	case SIP_HDR_CSEQ:
		cseq(value, p);
		break;
	case SIP_HDR_CONTENT_TYPE:
		p->body_sdp = slice_ieq(slice_make(value.p, slice_index(value, ';')),
				      SLICE_LIT("application/sdp")) ||
			      (value.n > 10 && slice_ieq(slice_make(value.p, 10), SLICE_LIT("multipart/")));
		break;
	default:
		break;
	}
}

/* May it be one of the headers that matter? Most lines are told apart by their first letter. */
static bool matters(struct slice line)
{
	char c = line.p[0];

	return c == 'C' || c == 'c' || c == 'I' || c == 'i';
}

int sip_peek(struct slice bytes, struct sip_peek *ret_peek)
{
	struct sip_peek p = {0};
	struct slice line = take_line(&bytes);

	if (start_line(line, &p))
		return OH_ESYNTAX;
	while (bytes.n && (line = take_line(&bytes)).n) {
		if (matters(line))
			header(line, &p);
	}
	*ret_peek = p;
	return 0;
}
