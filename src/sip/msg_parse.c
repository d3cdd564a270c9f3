/*
 * Framing: start line, header lines, body (RFC 3261 7, 18.3). One pass over the head; what the headers say is
 * read by msg_typed.c when somebody asks, except Content-Length, and CSeq of a response.
 */
#include "sip/msg_impl.h"

int sip_msg_fault(struct sip_msg *m, unsigned status, const char *what)
{
	if (!m->fault.status)
		m->fault = (struct sip_fault){status, what};
	return OH_ESYNTAX;
}

/* Everything but the arrays, which hold nothing before their counts and bits say so. */
static void reset(struct sip_msg *m, struct slice data)
{
	m->raw = data;
	m->is_request = false;
	m->method = SIP_METHOD_OTHER;
	m->method_text = m->ruri_text = m->reason = m->body = SLICE_NONE;
	m->status = 0;
	m->hdrs = m->first_hdrs;
	m->n_hdrs = 0;
	m->fault = (struct sip_fault){0, NULL};
	m->parsed = 0;
	memset(m->first, 0, sizeof(m->first));
	arena_init(&m->arena, m->room, sizeof(m->room), SIP_MSG_ARENA_MAX);
}

/* ---- start line ---- */

static bool is_version(struct slice s)
{
	return s.n == 7 && (slice_eq(s, SLICE_LIT("SIP/2.0")) || slice_ieq(s, SLICE_LIT("SIP/2.0")));
}

static bool begins_sip(struct slice s)
{
	return s.n >= 4 && slice_ieq(slice_make(s.p, 4), SLICE_LIT("SIP/"));
}

/* SIP-Version SP Status-Code SP Reason-Phrase. A peer that leaves out the last SP is understood (RFC
 * 4475 3.1.1.13). */
static void status_line(struct sip_msg *m, struct slice line)
{
	size_t n = slice_index(line, ' ');
	struct slice code = slice_skip(line, n + 1);
	uint32_t status;

	if (!is_version(slice_make(line.p, n)))
		(void)sip_msg_fault(m, 505, "Version Not Supported");
	n = slice_index(code, ' ');
	m->reason = slice_skip(code, n + 1);
	code.n = n;
	if (n != 3 || slice_to_u32(code, 699, &status) != 0 || status < 100)
		(void)sip_msg_fault(m, 400, "Bad status code");
	else
		m->status = status;
	if (memchr(line.p, '\n', line.n))
		(void)sip_msg_fault(m, 400, "Folded start line");
}

/* What is wrong with a request line that is not "Method SP URI SP SIP/2.0". Returns OH_ESYNTAX when it is
 * none. */
static int odd_request_line(struct sip_msg *m, struct slice after_method)
{
	struct slice rest = slice_trim(after_method);
	size_t at = rest.n;

	while (at > 0 && !sip_is(rest.p[at - 1], CT_LWS))
		at--;
	m->ruri_text = slice_trim(slice_make(rest.p, at));
	if (at == 0) {
		m->ruri_text = rest;
		(void)sip_msg_fault(m, 400, "No SIP version in the start line");
	} else if (begins_sip(slice_skip(rest, at))) {
		if (is_version(slice_skip(rest, at)))
			(void)sip_msg_fault(m, 400, "White space in the start line");
		else
			(void)sip_msg_fault(m, 505, "Version Not Supported");
	} else if (memchr(rest.p + at, '/', rest.n - at)) {
		return OH_ESYNTAX; /* HTTP/1.1, RTSP/1.0: another protocol, which our answer would only
				      confuse */
	} else {
		(void)sip_msg_fault(m, 400, "No SIP version in the start line");
	}
	return 0;
}

static int request_line(struct sip_msg *m, struct slice line)
{
	const char *end = line.p + line.n, *sp = sip_span(line.p, end, CT_TOKEN);

	if (sp == line.p || sp == end || *sp != ' ')
		return OH_ESYNTAX;
	m->is_request = true;
	m->method_text = sip_between(line.p, sp);
	m->method = sip_method_of(m->method_text);
	if (end - sp > 9 && end[-8] == ' ' && is_version(slice_make(end - 7, 7)) && !sip_is(sp[1], CT_LWS) &&
		!sip_is(end[-9], CT_LWS)) {
		m->ruri_text = sip_between(sp + 1, end - 8);
		return 0;
	}
	return odd_request_line(m, sip_between(sp + 1, end));
}

static int start_line(struct sip_msg *m, struct slice line)
{
	if (!begins_sip(line))
		return request_line(m, line);
	status_line(m, line);
	return 0;
}

/* ---- header lines ---- */

/* Offset of the first ':' within n bytes, n when there is none. `readable` bytes may be read. */
static size_t find_colon(const char *p, size_t n, size_t readable)
{
#ifdef __SSE2__
	if (readable >= 16) {
		unsigned bits = (unsigned)_mm_movemask_epi8(
			_mm_cmpeq_epi8(_mm_loadu_si128((const void *)p), _mm_set1_epi8(':')));

		if (bits) {
			size_t at = (size_t)__builtin_ctz(bits);

			return at < n ? at : n;
		}
	}
#endif
	(void)readable;
	return slice_index(slice_make(p, n), ':');
}

/* A name that is in no table as it stands. */
__attribute__((noinline)) static enum sip_hdr_id odd_name(struct sip_msg *m, struct slice *name)
{
	/* HCOLON takes blanks before the colon, but no fold. */
	while (name->n && (name->p[name->n - 1] == ' ' || name->p[name->n - 1] == '\t'))
		name->n--;
	if (!name->n || sip_span(name->p, name->p + name->n, CT_TOKEN) != name->p + name->n) {
		(void)sip_msg_fault(m, 400, "Bad header name");
		return SIP_HDR_OTHER;
	}
	return sip_hdr_of(*name);
}

static bool grow_hdrs(struct sip_msg *m)
{
	struct sip_hdr *more = arena_zalloc(&m->arena, SIP_MSG_HDRS_MAX * sizeof(*more));

	if (!more)
		return false;
	memcpy(more, m->hdrs, m->n_hdrs * sizeof(*more));
	m->hdrs = more;
	return true;
}

/* One header line without its line end; folds are inside. last[]: index + 1 of the last header of each id,
 * where first[] has one. */
static inline int header_line(
	struct sip_msg *m, struct slice line, size_t readable, uint16_t last[N_SIP_HDRS])
{
	size_t colon = find_colon(line.p, line.n, readable);
	const char *value, *end = line.p + line.n;
	struct slice name = slice_make(line.p, colon);
	struct sip_hdr *h;
	enum sip_hdr_id id;

	if (colon == line.n) {
		(void)sip_msg_fault(m, 400, "Header line without a colon");
		return 0;
	}
	if (m->n_hdrs == SIP_MSG_HDRS_FIRST && m->hdrs == m->first_hdrs && !grow_hdrs(m))
		return OH_ENOMEM;
	if (m->n_hdrs == SIP_MSG_HDRS_MAX) {
		(void)sip_msg_fault(m, 513, "Too many headers");
		return 0;
	}
	id = sip_hdr_find(name.p, name.n, readable);
	if (id == SIP_HDR_OTHER)
		id = odd_name(m, &name);
	value = line.p + colon + 1;
	if (value < end && *value == ' ')
		value++; /* as everybody writes it */
	value = sip_skip_lws(value, end);
	while (end > value && sip_is(end[-1], CT_LWS))
		end--;

	h = &m->hdrs[m->n_hdrs++];
	h->id = id;
	h->name = name;
	h->value = sip_between(value, end);
	h->next = 0;
	if (m->first[id])
		m->hdrs[last[id] - 1].next = (uint16_t)m->n_hdrs;
	else
		m->first[id] = (uint16_t)m->n_hdrs;
	last[id] = (uint16_t)m->n_hdrs;
	return 0;
}

/* Start line and headers. *ret_head: bytes up to and with the empty line. OH_EAGAIN: it never came. */
static int parse_head(struct sip_msg *m, struct slice data, size_t *ret_head)
{
	struct line_scan scan = {.data = data};
	uint16_t pos[SCAN_BATCH + 4], last[N_SIP_HDRS];
	size_t begin = 0;
	bool started = false;
	int err = 0;

	while (!scan.done && scan.at < data.n) {
		unsigned n = sip_scan_lines(&scan, pos);

		for (unsigned i = 0; i < n; i++) {
			size_t lf = pos[i], end = lf;

			if (scan.done && i + 1 == n) {
				*ret_head = lf + 1;
				break;
			}
			/* One comparison tells that the next line does not go on with this one. */
			if (lf + 1 < data.n && (unsigned char)data.p[lf + 1] <= ' ' &&
				(data.p[lf + 1] == ' ' || data.p[lf + 1] == '\t'))
				continue;
			if (end > begin && data.p[end - 1] == '\r')
				end--;
			if (started)
				err = header_line(
					m, slice_make(data.p + begin, end - begin), data.n - begin, last);
			else
				err = start_line(m, slice_make(data.p, end));
			if (err)
				return err;
			started = true;
			begin = lf + 1;
		}
	}
	if (scan.bare_cr)
		(void)sip_msg_fault(m, 400, "Bare CR in a header");
	if (!started)
		return scan.at >= SIP_MSG_MAX ? OH_ETOOBIG : OH_EAGAIN;
	return scan.done ? 0 : OH_EAGAIN;
}

/* ---- whole messages ---- */

/* Empty lines before a start line are ignored (RFC 3261 7.5). */
static size_t leading_crlf(struct slice data)
{
	size_t n = 0;

	while (n < data.n && (data.p[n] == '\r' || data.p[n] == '\n'))
		n++;
	return n;
}

/* The number of bytes that belong to the body by Content-Length; OH_ENOENT: it does not say. */
static int body_length(struct sip_msg *m, uint32_t *ret_n)
{
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_CONTENT_LENGTH);
	int err;

	if (!h)
		return OH_ENOENT;
	if (h->next)
		return sip_msg_fault(m, 400, "More than one Content-Length");
	err = sip_msg_content_length(m, ret_n);
	if (err == OH_ERANGE)
		return sip_msg_fault(m, 513, "Message Too Large");
	return err ? sip_msg_fault(m, 400, "Bad Content-Length") : 0;
}

/* RFC 3261 18.2.1, 7.1: the method that a response is about is that of its CSeq. */
static void method_of_response(struct sip_msg *m)
{
	const struct sip_cseq *cseq;

	if (sip_msg_cseq(m, &cseq) != 0)
		return;
	m->method = cseq->method;
	m->method_text = cseq->method_text;
}

int sip_msg_parse(struct sip_msg *m, struct slice data)
{
	size_t head = 0;
	uint32_t length;
	int err;

	data = slice_skip(data, leading_crlf(data));
	reset(m, data);
	if (slice_empty(data))
		return OH_EAGAIN;
	if (data.n > SIP_MSG_MAX) {
		(void)sip_msg_fault(m, 513, "Message Too Large");
		data.n = m->raw.n = SIP_MSG_MAX;
	}
	err = parse_head(m, data, &head);
	if (err == OH_EAGAIN) {
		/* No empty line. Without even a start line there is nothing to answer. */
		if (!slice_present(m->method_text) && !m->status && !m->fault.status)
			return OH_ESYNTAX;
		(void)sip_msg_fault(m, 400, "No empty line after the headers");
		head = data.n;
	} else if (err) {
		return err == OH_ENOMEM ? err : OH_ESYNTAX;
	}
	if (!m->is_request)
		method_of_response(m);

	m->body = slice_skip(data, head);
	if (body_length(m, &length) != 0)
		return 0; /* no Content-Length: the body ends with the datagram; a bad one: the fault is noted
			   */
	if (length > m->body.n) {
		(void)sip_msg_fault(m, 400, "Content-Length larger than the body");
		return 0;
	}
	m->body.n = length;
	m->raw.n = head + length;
	return 0;
}

int sip_msg_parse_stream(struct sip_msg *m, struct slice data, size_t *ret_used)
{
	size_t skipped = leading_crlf(data), head = 0;
	uint32_t length;
	int err;

	data = slice_skip(data, skipped);
	reset(m, data);
	if (slice_empty(data))
		return OH_EAGAIN;
	if (data.n > SIP_MSG_MAX)
		data.n = SIP_MSG_MAX;
	err = parse_head(m, data, &head);
	if (err == OH_EAGAIN && data.n == SIP_MSG_MAX)
		return OH_ETOOBIG;
	if (err)
		return err;
	if (!m->is_request)
		method_of_response(m);

	m->raw.n = head;
	err = body_length(m, &length);
	if (err == OH_ENOENT) {
		/* RFC 3261 18.3: on a stream only Content-Length tells where the next message begins. */
		return sip_msg_fault(m, 400, "No Content-Length");
	}
	if (err)
		return err;
	if (length > SIP_MSG_MAX - head) {
		(void)sip_msg_fault(m, 513, "Message Too Large");
		return OH_ETOOBIG;
	}
	if (data.n - head < length)
		return OH_EAGAIN;
	m->raw.n = head + length;
	m->body = slice_make(data.p + head, length);
	*ret_used = skipped + head + length;
	return 0;
}

void sip_msg_free(struct sip_msg *m)
{
	arena_free(&m->arena);
	m->hdrs = m->first_hdrs;
	m->n_hdrs = 0;
}
