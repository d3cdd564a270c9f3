/* SIP messages as events carry them: headers by name, and the body. */
#include "offhook/event.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/msg.h"

/* Copies value without the line breaks of folding (RFC 3261 7.3.1); returns its whole length. */
static size_t unfold(struct slice value, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\r' || c == '\n')
			continue;
		if (n + 1 < size)
			buf[n] = c;
		n++;
	}
	buf[n < size ? n : size - 1] = '\0';
	return n;
}

static long header(const struct sip_msg *m, const char *name, unsigned index, char *buf, size_t size)
{
	enum sip_hdr_id id = sip_hdr_of(slice_of(name));

	for (size_t i = 0; i < m->n_hdrs; i++) {
		const struct sip_hdr *h = &m->hdrs[i];
		bool same = id ? h->id == id : slice_ieq(h->name, slice_of(name));

		if (same && index-- == 0)
			return (long)unfold(h->value, buf, size);
	}
	return OH_ENOENT;
}

long offhook_message_header(
	const char *message, size_t length, const char *name, unsigned index, char *buf, size_t size)
{
	struct sip_msg *m;
	long n;

	err_detail_clear();
	if (!message || !name || !buf || size == 0)
		return err_detail(OH_EINVAL, "message, name and buf are needed");
	m = mem_alloc(sizeof(*m));
	if (!m)
		return OH_ENOMEM;
	n = sip_msg_parse(m, slice_make(message, length));
	n = n ? OH_ESYNTAX : header(m, name, index, buf, size);
	sip_msg_free(m);
	mem_free(m);
	return n;
}

const char *offhook_message_body(const char *message, size_t length, size_t *ret_length)
{
	struct sip_msg *m = message ? mem_alloc(sizeof(*m)) : NULL;
	const char *body = NULL;

	*ret_length = 0;
	if (!m)
		return NULL;
	if (sip_msg_parse(m, slice_make(message, length)) == 0) {
		body = m->body.p ? m->body.p : message + length;
		*ret_length = m->body.n;
	}
	sip_msg_free(m);
	mem_free(m);
	return body;
}
