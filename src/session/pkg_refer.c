#include "session/pkg_refer.h"

#include "base/err.h"
#include "base/text.h"
#include "sip/grammar.h"

/* What the peer may be told of a call that rings for as long as it likes, and a little more (RFC 3515 3.4). */
const struct sub_package pkg_refer = {
	.name = "refer",
	.accept = "message/sipfrag",
	.use = SUB_BY_REFER,
	.expires_s = 600,
	.min_s = 0,
	.max_s = 3600,
};

/* ---- sipfrag ---- */

int sipfrag_write(unsigned status, struct slice reason, char *buf, size_t cap, struct slice *ret_body)
{
	struct sip_writer w;

	sipw_init(&w, buf, cap);
	sipw_status_line(&w, status, reason);
	return sipw_end(&w, ret_body);
}

int sipfrag_parse(struct slice body, unsigned *ret_status, struct slice *ret_reason)
{
	struct slice line = slice_make(body.p, slice_index(body, '\n'));
	uint32_t status;

	line = slice_trim(line);
	if (line.n < 11 || !slice_ieq(slice_make(line.p, 8), SLICE_LIT("SIP/2.0 ")))
		return OH_ESYNTAX;
	if (slice_to_u32(slice_make(line.p + 8, 3), 699, &status) || status < 100)
		return OH_ESYNTAX;
	if (line.n > 11 && line.p[11] != ' ')
		return OH_ESYNTAX;
	*ret_status = status;
	*ret_reason = slice_trim(slice_skip(line, 11));
	return 0;
}

bool refer_news(const struct sub_news *news, unsigned *ret_status, struct slice *ret_reason)
{
	unsigned status = 0;
	struct slice reason = SLICE_NONE;

	/* RFC 3515 2.4.5: a body must be there. */
	if (sipfrag_parse(news->msg->body, &status, &reason) != 0 && news->state.state != SUB_TERMINATED)
		return false;
	*ret_status = status;
	*ret_reason = status ? reason : SLICE_LIT("No Status");
	return true;
}

void refer_end(const struct sub_end *end, unsigned *ret_status, struct slice *ret_reason)
{
	bool by_response = end->msg && !end->msg->is_request;

	*ret_status = end->status ? end->status : by_response ? end->msg->status : 408;
	*ret_reason = end->status ? end->reason : by_response ? end->msg->reason : SLICE_NONE;
}

/* ---- headers ---- */

int refer_to_parse(const struct sip_msg *msg, struct sip_addr *ret_addr)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REFER_TO);

	if (!h)
		return OH_ENOENT;
	if (sip_msg_hdr_next(msg, h))
		return OH_ESYNTAX;
	return sip_addr_parse(h->value, ret_addr);
}

bool refer_sub_false(const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr_named(msg, SLICE_LIT("Refer-Sub"));
	struct slice word;

	if (!h)
		return false;
	word = slice_make(h->value.p, slice_index(h->value, ';'));
	return slice_ieq(slice_trim(word), SLICE_LIT("false"));
}

int replaces_parse(struct slice value, struct replaces *ret_replaces)
{
	struct replaces r = {.call_id = SLICE_NONE};
	size_t n = slice_index(value, ';');
	struct slice rest = slice_skip(value, n + 1);
	struct sip_param param;
	int more;

	r.call_id = slice_trim(slice_make(value.p, n));
	if (slice_empty(r.call_id) || n == value.n)
		return OH_ESYNTAX;
	while ((more = sip_param_next(&rest, &param)) == 1) {
		if (slice_ieq(param.name, SLICE_LIT("to-tag")))
			r.to_tag = param.value;
		else if (slice_ieq(param.name, SLICE_LIT("from-tag")))
			r.from_tag = param.value;
		else if (slice_ieq(param.name, SLICE_LIT("early-only")))
			r.early_only = true;
	}
	if (more < 0 || slice_empty(r.to_tag) || slice_empty(r.from_tag))
		return OH_ESYNTAX;
	*ret_replaces = r;
	return 0;
}

int replaces_of(const struct sip_msg *msg, struct replaces *ret_replaces)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REPLACES);

	if (!h)
		return OH_ENOENT;
	if (sip_msg_hdr_next(msg, h))
		return OH_ESYNTAX;
	return replaces_parse(h->value, ret_replaces);
}

int join_of(const struct sip_msg *msg, struct replaces *ret_join)
{
	const struct sip_hdr *found = NULL;

	for (size_t i = 0; i < msg->n_hdrs; i++) {
		if (!slice_ieq(msg->hdrs[i].name, SLICE_LIT("Join")))
			continue;
		if (found)
			return OH_ESYNTAX;
		found = &msg->hdrs[i];
	}
	return found ? replaces_parse(found->value, ret_join) : OH_ENOENT;
}

/* ---- URIs with headers ---- */

/* hvalue of RFC 3261 25.1. */
static void put_escaped(struct text *t, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (sip_is(s.p[i], CT_HEADER))
			text_put(t, slice_make(&s.p[i], 1));
		else
			text_format(t, "%%%02X", (unsigned)(unsigned char)s.p[i]);
	}
}

int replaces_refer_to(const struct dialog *dialog, char *buf, size_t cap)
{
	struct text t = text_in(buf, cap);
	struct slice target = dialog_remote_target(dialog);
	size_t headers = slice_index(target, '?');

	text_put(&t, SLICE_LIT("<"));
	text_put(&t, slice_make(target.p, headers));
	text_put(&t, SLICE_LIT("?Replaces="));
	put_escaped(&t, dialog_call_id(dialog));
	text_put(&t, SLICE_LIT("%3Bto-tag%3D"));
	put_escaped(&t, dialog_remote_tag(dialog));
	text_put(&t, SLICE_LIT("%3Bfrom-tag%3D"));
	put_escaped(&t, dialog_local_tag(dialog));
	text_put(&t, SLICE_LIT("&Require=replaces>"));
	return t.cut ? OH_ETOOBIG : 0;
}

int uri_header_next(struct slice *rest, char *buf, size_t cap, struct sip_extra *ret)
{
	struct slice pair;
	size_t n, eq;
	long name, value;

	if (slice_empty(*rest))
		return 0;
	n = slice_index(*rest, '&');
	pair = slice_make(rest->p, n);
	*rest = slice_skip(*rest, n + 1);
	eq = slice_index(pair, '=');
	if (eq == 0 || eq == pair.n)
		return OH_ESYNTAX;
	name = sip_unescape(slice_make(pair.p, eq), buf, cap);
	if (name <= 0)
		return name ? (int)name : OH_ESYNTAX;
	value = sip_unescape(slice_skip(pair, eq + 1), buf + name, cap - (size_t)name);
	if (value < 0)
		return (int)value;
	*ret = (struct sip_extra){slice_make(buf, (size_t)name), slice_make(buf + name, (size_t)value)};
	return 1;
}
