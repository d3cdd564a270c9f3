#include "session/caller.h"

#include "session/pkg_refer.h"

#define URI_HEADER_MAX 256u

/* A parameter's value without its quotes; what is escaped in it stays so. Absent: there is none. */
static struct slice param(struct slice params, const char *name)
{
	struct slice value;

	if (!slice_present(params) || !sip_param_find(params, slice_of(name), &value) || slice_empty(value))
		return SLICE_NONE;
	if (value.n >= 2 && value.p[0] == '"')
		value = slice_make(value.p + 1, value.n - 2);
	return value;
}

int diversion_next(struct slice *rest, struct diversion *ret_diversion)
{
	struct diversion d = {.counter = 1};
	int more = sip_addr_next(rest, &d.addr);

	if (more != 1)
		return more;
	d.reason = param(d.addr.params, "reason");
	d.privacy = param(d.addr.params, "privacy");
	if (slice_to_u32(param(d.addr.params, "counter"), UINT32_MAX, &d.counter) != 0)
		d.counter = 1;
	*ret_diversion = d;
	return 1;
}

/* "SIP;cause=302;text=..." as a header of the target (RFC 7044 10.2), with what else stands there. */
static void read_uri_headers(struct history *h)
{
	struct slice rest = h->addr.uri.headers;
	char buf[URI_HEADER_MAX];
	struct sip_extra header;
	uint32_t cause;

	while (slice_present(rest) && uri_header_next(&rest, buf, sizeof(buf), &header) == 1) {
		size_t protocol = slice_index(header.value, ';');

		if (slice_ieq(header.name, SLICE_LIT("Privacy")))
			h->hidden = h->hidden || slice_ieq(header.value, SLICE_LIT("history"));
		else if (slice_ieq(header.name, SLICE_LIT("Reason")) && !h->cause &&
			 protocol < header.value.n &&
			 slice_to_u32(param(slice_skip(header.value, protocol + 1), "cause"), 999, &cause) ==
				 0)
			h->cause = cause;
	}
}

int history_next(struct slice *rest, struct history *ret_history)
{
	static const char *const kinds[] = {"rc", "mp", "np"};
	struct history h = {.cause = 0};
	int more = sip_addr_next(rest, &h.addr);
	struct slice text;
	uint32_t cause;

	if (more != 1)
		return more;
	h.index = param(h.addr.params, "index");
	for (size_t i = 0; i < ARRAY_LEN(kinds) && !slice_present(h.why); i++) {
		h.from = param(h.addr.params, kinds[i]);
		if (slice_present(h.from))
			h.why = slice_of(kinds[i]);
	}
	read_uri_headers(&h);
	if (!h.cause && sip_uri_param(&h.addr.uri, SLICE_LIT("cause"), &text) &&
		slice_to_u32(text, 999, &cause) == 0)
		h.cause = cause;
	*ret_history = h;
	return 1;
}

/* ---- how it wants to be answered ---- */

/* "Auto;require" */
static void read_mode(struct slice value, struct answer_wish *wish)
{
	size_t n = slice_index(value, ';');
	struct slice mode = slice_trim(slice_make(value.p, n)), params = slice_skip(value, n + 1);

	if (slice_ieq(mode, SLICE_LIT("Auto")))
		wish->mode = ANSWER_MODE_AUTO;
	else if (slice_ieq(mode, SLICE_LIT("Manual")))
		wish->mode = ANSWER_MODE_MANUAL;
	else
		return;
	wish->required = params.n && sip_param_find(params, SLICE_LIT("require"), NULL);
}

/* The parameters of "<URI>;a=b"; absent: none. */
static struct slice params_of(struct slice element)
{
	size_t end = slice_index(element, '>');
	struct slice rest = slice_skip(element, end < element.n ? end : 0);
	size_t n = slice_index(rest, ';');

	return n < rest.n ? slice_skip(rest, n + 1) : SLICE_NONE;
}

/* answer-after=0 of Call-Info; info=alert-autoanswer;delay=0 of Alert-Info: no RFC, many phones. */
static bool wants_auto(struct slice params, enum sip_hdr_id id, uint32_t *ret_after_s)
{
	struct slice after = param(params, id == SIP_HDR_CALL_INFO ? "answer-after" : "delay");

	if (id == SIP_HDR_CALL_INFO)
		return slice_present(after) && slice_to_u32(after, ANSWER_AFTER_MAX_S, ret_after_s) == 0;
	if (!slice_ieq(param(params, "info"), SLICE_LIT("alert-autoanswer")))
		return false;
	return !slice_present(after) || slice_to_u32(after, ANSWER_AFTER_MAX_S, ret_after_s) == 0;
}

static void read_info(const struct sip_msg *msg, enum sip_hdr_id id, struct answer_wish *wish)
{
	for (const struct sip_hdr *h = sip_msg_hdr(msg, id); h; h = sip_msg_hdr_next(msg, h)) {
		struct slice rest = h->value, one;
		uint32_t after_s = 0;

		while (wish->mode == ANSWER_MODE_NONE && sip_list_next(&rest, &one)) {
			if (!wants_auto(params_of(one), id, &after_s))
				continue;
			wish->mode = ANSWER_MODE_AUTO;
			wish->after_s = after_s;
		}
	}
}

/* Priv-Answer-Mode asks for more (RFC 5373 4.1), so it comes first; what has an RFC comes before what has none. */
void answer_wish_read(const struct sip_msg *msg, struct answer_wish *ret_wish)
{
	const struct sip_hdr *privileged = sip_msg_hdr_named(msg, SLICE_LIT("Priv-Answer-Mode"));
	struct slice mode = privileged ? privileged->value : sip_msg_value(msg, SIP_HDR_ANSWER_MODE);

	*ret_wish = (struct answer_wish){.mode = ANSWER_MODE_NONE};
	if (slice_present(mode))
		read_mode(mode, ret_wish);
	read_info(msg, SIP_HDR_CALL_INFO, ret_wish);
	read_info(msg, SIP_HDR_ALERT_INFO, ret_wish);
}
