/* What headers say: read when first asked for and kept in the message. */
#include "sip/msg_impl.h"

/* ---- untyped ---- */

const struct sip_hdr *sip_msg_hdr(const struct sip_msg *m, enum sip_hdr_id id)
{
	unsigned at = m->first[id];

	return at ? &m->hdrs[at - 1] : NULL;
}

const struct sip_hdr *sip_msg_hdr_next(const struct sip_msg *m, const struct sip_hdr *hdr)
{
	return hdr->next ? &m->hdrs[hdr->next - 1] : NULL;
}

const struct sip_hdr *sip_msg_hdr_named(const struct sip_msg *m, struct slice name)
{
	enum sip_hdr_id id = sip_hdr_of(name);
	const struct sip_hdr *h = sip_msg_hdr(m, id);

	if (id != SIP_HDR_OTHER)
		return h;
	while (h && !slice_ieq(h->name, name))
		h = sip_msg_hdr_next(m, h);
	return h;
}

struct slice sip_msg_value(const struct sip_msg *m, enum sip_hdr_id id)
{
	const struct sip_hdr *h = sip_msg_hdr(m, id);

	return h ? h->value : SLICE_NONE;
}

struct slice sip_msg_call_id(const struct sip_msg *m)
{
	return sip_msg_value(m, SIP_HDR_CALL_ID);
}

bool sip_list_next(struct slice *rest, struct slice *ret_element)
{
	struct bounds b = sip_bounds_of(*rest);
	const char *p = rest->p, *end = b.end;
	bool angled = false;

	while (rest->n) {
		const char *start = p;

		for (; p < end && (*p != ',' || angled); p++) {
			if (*p == '"') {
				p = sip_skip_quoted(p + 1, b);
				if (!p)
					p = end;
				p--;
			} else if (*p == '<' || *p == '>') {
				angled = *p == '<';
			}
		}
		*ret_element = slice_trim(sip_between(start, p));
		p = p < end ? p + 1 : end;
		*rest = sip_between(p, end);
		if (ret_element->n)
			return true; /* an empty element ("a,,b") says nothing */
		angled = false;
	}
	return false;
}

bool sip_msg_has_token(const struct sip_msg *m, enum sip_hdr_id id, struct slice token)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value, element;

		while (sip_list_next(&rest, &element)) {
			element.n = slice_index(element, ';');
			if (slice_ieq(slice_trim(element), token))
				return true;
		}
	}
	return false;
}

long sip_unfold(struct slice value, char *buf, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\r' || c == '\n') {
			while (i + 1 < value.n && sip_is(value.p[i + 1], CT_LWS))
				i++;
			c = ' ';
		}
		if (n == cap)
			return OH_ETOOBIG;
		buf[n++] = c;
	}
	return (long)n;
}

/* ---- one value of each kind ---- */

static bool known(const struct sip_msg *m, enum sip_typed_id id)
{
	return (m->parsed >> id & 1) != 0;
}

static int keep(struct sip_msg *m, enum sip_typed_id id, int err)
{
	m->parsed |= 1u << id;
	m->typed_err[id] = (int16_t)err;
	return err;
}

static int parse_ruri(struct sip_msg *m)
{
	struct bounds b = {m->ruri_text.p + m->ruri_text.n, sip_msg_readable(m)};
	const char *what;

	if (!m->is_request)
		return OH_ENOENT;
	return sip_scan_uri(m->ruri_text.p, b, &m->typed.ruri, &what) == b.end ? 0 : OH_EURI;
}

int sip_msg_ruri(struct sip_msg *m, const struct sip_uri **ret)
{
	int err = known(m, SIP_TYPED_RURI) ? m->typed_err[SIP_TYPED_RURI]
					   : keep(m, SIP_TYPED_RURI, parse_ruri(m));

	if (!err)
		*ret = &m->typed.ruri;
	return err;
}

/* What a scanner of lists said about the first element of a header. */
static int first_element(int n, struct slice value)
{
	if (n == 0)
		return slice_present(value) ? OH_ESYNTAX : OH_ENOENT;
	return n < 0 ? n : 0;
}

int sip_msg_via(struct sip_msg *m, const struct sip_via **ret)
{
	int err = m->typed_err[SIP_TYPED_VIA];

	if (!known(m, SIP_TYPED_VIA)) {
		struct slice rest = sip_msg_value(m, SIP_HDR_VIA);

		err = keep(m, SIP_TYPED_VIA,
			first_element(sip_scan_via(&rest, sip_msg_readable(m), &m->typed.via), rest));
	}
	if (!err)
		*ret = &m->typed.via;
	return err;
}

static int addr_of(struct sip_msg *m, enum sip_typed_id id, enum sip_hdr_id hdr, struct sip_addr *addr,
	const struct sip_addr **ret)
{
	int err = m->typed_err[id];

	if (!known(m, id)) {
		struct slice rest = sip_msg_value(m, hdr);

		err = first_element(sip_scan_addr(&rest, sip_msg_readable(m), addr), rest);
		if (!err && (rest.n || addr->star))
			err = OH_ESYNTAX; /* exactly one, and an address */
		(void)keep(m, id, err);
	}
	if (!err)
		*ret = addr;
	return err;
}

int sip_msg_from(struct sip_msg *m, const struct sip_addr **ret)
{
	return addr_of(m, SIP_TYPED_FROM, SIP_HDR_FROM, &m->typed.from, ret);
}

int sip_msg_to(struct sip_msg *m, const struct sip_addr **ret)
{
	return addr_of(m, SIP_TYPED_TO, SIP_HDR_TO, &m->typed.to, ret);
}

int sip_msg_contact(struct sip_msg *m, const struct sip_addr **ret)
{
	int err = m->typed_err[SIP_TYPED_CONTACT];

	if (!known(m, SIP_TYPED_CONTACT)) {
		struct slice rest = sip_msg_value(m, SIP_HDR_CONTACT);

		err = keep(m, SIP_TYPED_CONTACT,
			first_element(sip_scan_addr(&rest, sip_msg_readable(m), &m->typed.contact), rest));
	}
	if (!err)
		*ret = &m->typed.contact;
	return err;
}

static struct slice tag_of(int err, const struct sip_addr *addr)
{
	struct slice tag = SLICE_NONE;

	if (!err)
		(void)sip_param_find(addr->params, SLICE_LIT("tag"), &tag);
	return tag;
}

struct slice sip_msg_from_tag(struct sip_msg *m)
{
	const struct sip_addr *from = NULL;
	int err = sip_msg_from(m, &from);

	return tag_of(err, from);
}

struct slice sip_msg_to_tag(struct sip_msg *m)
{
	const struct sip_addr *to = NULL;
	int err = sip_msg_to(m, &to);

	return tag_of(err, to);
}

static int parse_cseq(struct slice value, struct sip_cseq *ret_cseq)
{
	const char *p = value.p, *end = p + value.n, *digits = p, *method;
	int err;

	p = sip_span(p, end, CT_DIGIT);
	/* RFC 3261 8.1.1.5 wants less than 2^31, but a receiver only that it fits 32 bits. */
	err = slice_to_u32(sip_between(digits, p), UINT32_MAX, &ret_cseq->number);
	if (err)
		return err == OH_ERANGE ? err : OH_ESYNTAX;
	method = sip_skip_lws(p, end);
	if (method == p || method == end || sip_span(method, end, CT_TOKEN) != end)
		return OH_ESYNTAX;
	ret_cseq->method_text = sip_between(method, end);
	ret_cseq->method = sip_method_of(ret_cseq->method_text);
	return 0;
}

int sip_msg_cseq(struct sip_msg *m, const struct sip_cseq **ret)
{
	int err = m->typed_err[SIP_TYPED_CSEQ];

	if (!known(m, SIP_TYPED_CSEQ)) {
		const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_CSEQ);

		err = keep(m, SIP_TYPED_CSEQ, h ? parse_cseq(h->value, &m->typed.cseq) : OH_ENOENT);
	}
	if (!err)
		*ret = &m->typed.cseq;
	return err;
}

/* ---- numbers ---- */

static int number_of(const struct sip_msg *m, enum sip_hdr_id id, uint32_t *ret)
{
	const struct sip_hdr *h = sip_msg_hdr(m, id);
	int err;

	if (!h)
		return OH_ENOENT;
	err = slice_to_u32(h->value, UINT32_MAX, ret);
	return err == OH_EINVAL ? OH_ESYNTAX : err;
}

int sip_msg_content_length(struct sip_msg *m, uint32_t *ret)
{
	int err = m->typed_err[SIP_TYPED_CONTENT_LENGTH];

	if (!known(m, SIP_TYPED_CONTENT_LENGTH)) {
		err = keep(m, SIP_TYPED_CONTENT_LENGTH,
			number_of(m, SIP_HDR_CONTENT_LENGTH, &m->typed.content_length));
	}
	if (!err)
		*ret = m->typed.content_length;
	return err;
}

int sip_msg_max_forwards(struct sip_msg *m, uint32_t *ret)
{
	uint32_t hops = 255;
	int err = number_of(m, SIP_HDR_MAX_FORWARDS, &hops);

	if (err && err != OH_ERANGE)
		return err;
	*ret = hops < 255 ? hops : 255;
	return 0;
}

int sip_msg_seconds(const struct sip_msg *m, enum sip_hdr_id id, uint32_t *ret)
{
	struct slice value = sip_msg_value(m, id);
	const char *end = slice_end(value), *stop, *after;
	int err;

	if (!slice_present(value))
		return OH_ENOENT;
	stop = sip_span(value.p, end, CT_DIGIT);
	after = sip_skip_lws(stop, end);
	/* Retry-After: 5 (in a meeting);duration=3600 */
	if (after < end && *after != ';' && *after != '(')
		return OH_ESYNTAX;
	err = slice_to_u32(sip_between(value.p, stop), UINT32_MAX, ret);
	return err == OH_EINVAL ? OH_ESYNTAX : err;
}

struct slice sip_msg_content_type(const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_CONTENT_TYPE);

	value.n = slice_index(value, ';');
	return slice_present(value) ? slice_trim(value) : value;
}
