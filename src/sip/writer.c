#include "sip/writer.h"

#include "sip/grammar.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void sipw_init(struct sip_writer *w, char *buf, size_t cap)
{
	*w = (struct sip_writer){.buf = buf, .cap = cap};
}

/* Inline, so that a literal is one or two stores. */
static inline void put(struct sip_writer *w, const char *p, size_t n)
{
	if (n && w->n <= w->cap && n <= w->cap - w->n)
		memcpy(w->buf + w->n, p, n);
	w->n += n;
}

#define PUT_LIT(w, text) put((w), (text), sizeof(text) - 1)

/* How many bytes at the start are neither CR, LF nor NUL; it may say less than there are. */
static size_t harmless(const char *p, size_t n)
{
	size_t i = 0;

#ifdef __SSE2__
	const __m128i cr = _mm_set1_epi8('\r');
	__m128i v;

	/* Every byte above CR: nearly always all of them. The last step overlaps the one before. */
	for (; n - i >= 16; i += 16) {
		v = _mm_loadu_si128((const void *)(p + i));
		if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, cr), v)))
			break;
	}
	if (n >= 16 && n - i < 16) {
		v = _mm_loadu_si128((const void *)(p + n - 16));
		if (!_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, cr), v)))
			return n;
	}
#endif
	while (i < n && p[i] != '\r' && p[i] != '\n' && p[i] != '\0')
		i++;
	return i;
}

/* A line end inside a text: one SP for a fold. Returns where the text goes on, NULL when it is no fold. */
static const char *put_fold(struct sip_writer *w, const char *p, const char *end)
{
	p += *p == '\r';
	if (end - p < 2 || p[0] != '\n' || (p[1] != ' ' && p[1] != '\t'))
		return NULL;
	PUT_LIT(w, " ");
	return sip_skip_lws(p, end);
}

enum strictness {
	REFUSE, /* what could end a line makes the message fail */
	ECHO, /* it becomes a SP: the answer to a faulty message gives its headers back as far as that can be
		 done */
};

/* A text from outside; see the top of writer.h. */
static void put_checked(struct sip_writer *w, struct slice s, enum strictness strictness)
{
	const char *p = s.p, *end = s.p + s.n;

	for (;;) {
		size_t n = harmless(p, (size_t)(end - p));
		const char *after;

		put(w, p, n);
		p += n;
		if (p == end)
			return;
		if (*p == '\0' && p > s.p && p[-1] == '\\') {
			put(w, p++, 1);
			continue;
		}
		after = *p ? put_fold(w, p, end) : NULL;
		if (!after && strictness == REFUSE) {
			w->err = OH_EINVAL;
			return;
		}
		if (!after)
			PUT_LIT(w, " ");
		p = after ? after : p + 1;
	}
}

static void put_text(struct sip_writer *w, struct slice s)
{
	put_checked(w, s, REFUSE);
}

static void put_number(struct sip_writer *w, size_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	put(w, digits + at, sizeof(digits) - at);
}

void sipw_request_line(struct sip_writer *w, struct slice method, struct slice uri)
{
	put_text(w, method);
	PUT_LIT(w, " ");
	put_text(w, uri);
	PUT_LIT(w, " SIP/2.0\r\n");
}

void sipw_status_line(struct sip_writer *w, unsigned status, struct slice reason)
{
	PUT_LIT(w, "SIP/2.0 ");
	put_number(w, status);
	PUT_LIT(w, " ");
	put_text(w, slice_present(reason) ? reason : slice_of(sip_reason(status)));
	PUT_LIT(w, "\r\n");
}

void sipw_hdr_named(struct sip_writer *w, struct slice name, struct slice value)
{
	put_text(w, name);
	PUT_LIT(w, ": ");
	put_text(w, value);
	PUT_LIT(w, "\r\n");
}

/* Our own names need no look. */
static void put_name(struct sip_writer *w, enum sip_hdr_id id)
{
	const char *name = sip_hdr_name(id);

	put(w, name, strlen(name));
	PUT_LIT(w, ": ");
}

void sipw_hdr(struct sip_writer *w, enum sip_hdr_id id, struct slice value)
{
	put_name(w, id);
	put_text(w, value);
	PUT_LIT(w, "\r\n");
}

void sipw_cseq(struct sip_writer *w, uint32_t number, struct slice method)
{
	put_name(w, SIP_HDR_CSEQ);
	put_number(w, number);
	PUT_LIT(w, " ");
	put_text(w, method);
	PUT_LIT(w, "\r\n");
}

void sipw_extras(struct sip_writer *w, const struct sip_extra *extras, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sipw_hdr_named(w, extras[i].name, extras[i].value);
}

void sipw_copy(struct sip_writer *w, const struct sip_msg *m, enum sip_hdr_id id)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		put_name(w, id);
		put_checked(w, h->value, ECHO);
		PUT_LIT(w, "\r\n");
	}
}

void sipw_body(struct sip_writer *w, struct slice content_type, struct slice body)
{
	if (body.n)
		sipw_hdr(w, SIP_HDR_CONTENT_TYPE, content_type);
	PUT_LIT(w, "Content-Length: ");
	put_number(w, body.n);
	PUT_LIT(w, "\r\n\r\n");
	put(w, body.p, body.n);
}

int sipw_end(struct sip_writer *w, struct slice *ret_text)
{
	if (w->err)
		return w->err;
	if (w->n > w->cap)
		return OH_ETOOBIG;
	*ret_text = slice_make(w->buf, w->n);
	return 0;
}

int sip_msg_print(const struct sip_msg *m, char *buf, size_t cap, struct slice *ret_text)
{
	struct sip_writer w;

	sipw_init(&w, buf, cap);
	if (m->is_request)
		sipw_request_line(&w, m->method_text, m->ruri_text);
	else
		sipw_status_line(&w, m->status, m->reason);
	for (size_t i = 0; i < m->n_hdrs; i++) {
		/* Names of a message without fault are tokens. */
		if (m->fault.status)
			put_text(&w, m->hdrs[i].name);
		else
			put(&w, m->hdrs[i].name.p, m->hdrs[i].name.n);
		PUT_LIT(&w, ": ");
		put_text(&w, m->hdrs[i].value);
		PUT_LIT(&w, "\r\n");
	}
	PUT_LIT(&w, "\r\n");
	put(&w, m->body.p, m->body.n);
	return sipw_end(&w, ret_text);
}
