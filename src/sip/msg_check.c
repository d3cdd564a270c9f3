/*
 * What every message must have before anybody acts on it (RFC 3261 8.1.1, 8.2.1, 8.2.2, 8.1.3.3; RFC 4475).
 * The first fault found is the one that is answered; its words name the header, so that the peer's author
 * finds it.
 */
#include "sip/msg_impl.h"

enum {
	NEEDED = 1 << 0, /* RFC 3261 8.1.1; Max-Forwards is missing in old requests (RFC 4475 3.4.1) and not
			    missed */
	SINGLE = 1 << 1, /* a second one makes the first doubtful (RFC 4475 3.3.8) */
};

typedef int value_fn(struct sip_msg *m);

static int check_via(struct sip_msg *m)
{
	struct sip_via via;

	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_VIA); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;

		do {
			int n = sip_scan_via(&rest, sip_msg_readable(m), &via);

			if (n <= 0)
				return n ? n : OH_ESYNTAX;
		} while (rest.n);
	}
	return 0;
}

static int check_from(struct sip_msg *m)
{
	const struct sip_addr *addr;

	return sip_msg_from(m, &addr);
}

static int check_to(struct sip_msg *m)
{
	const struct sip_addr *addr;

	return sip_msg_to(m, &addr);
}

static int check_cseq(struct sip_msg *m)
{
	const struct sip_cseq *cseq;

	return sip_msg_cseq(m, &cseq);
}

/* word [ "@" word ]: what a word is made of is wide (RFC 4475 3.1.1.2), but it has no blanks. */
static int check_call_id(struct sip_msg *m)
{
	struct slice value = sip_msg_call_id(m);
	bool blank = false;

	for (size_t i = 0; i < value.n; i++)
		blank |= (unsigned char)value.p[i] <= ' ';
	return value.n && !blank ? 0 : OH_ESYNTAX;
}

static int check_max_forwards(struct sip_msg *m)
{
	uint32_t hops;

	return sip_msg_max_forwards(m, &hops);
}

static int check_addrs(struct sip_msg *m, enum sip_hdr_id id, bool route)
{
	struct sip_addr addr;
	unsigned n_addrs = 0;
	bool star = false;

	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct slice rest = h->value;

		do {
			int n = sip_scan_addr(&rest, sip_msg_readable(m), &addr);

			if (n <= 0)
				return n ? n : OH_ESYNTAX;
			if (route && !addr.angled)
				return OH_ESYNTAX;
			star |= addr.star;
			n_addrs++;
		} while (rest.n);
	}
	return star && (n_addrs > 1 || m->method != SIP_REGISTER) ? OH_ESYNTAX : 0;
}

static int check_contact(struct sip_msg *m)
{
	return check_addrs(m, SIP_HDR_CONTACT, false);
}

static int check_route(struct sip_msg *m)
{
	return check_addrs(m, SIP_HDR_ROUTE, true);
}

static int check_record_route(struct sip_msg *m)
{
	return check_addrs(m, SIP_HDR_RECORD_ROUTE, true);
}

static int check_content_type(struct sip_msg *m)
{
	struct slice type = sip_msg_content_type(m), params;
	size_t slash = slice_index(type, '/');
	struct slice halves[2] = {
		slice_trim(slice_make(type.p, slash)), slice_trim(slice_skip(type, slash + 1))};
	struct slice value = sip_msg_value(m, SIP_HDR_CONTENT_TYPE);
	struct bounds b = sip_bounds_of(value);

	for (int i = 0; i < 2; i++) {
		const char *stop = halves[i].p + halves[i].n;

		if (!halves[i].n || sip_span(halves[i].p, stop, CT_TOKEN) != stop)
			return OH_ESYNTAX;
	}
	return sip_scan_params(type.p + type.n, b, &params) == b.end ? 0 : OH_ESYNTAX;
}

/* In the order in which a fault is looked for: the text of the answer needs what comes first. */
static const struct rule {
	enum sip_hdr_id id;
	unsigned demands;
	const char *missing, *twice, *malformed;
	value_fn *check; /* run when the header is there; NULL: any value */
} rules[] = {
#define RULE(id, name, demands, check) \
	{ \
		SIP_HDR_##id, demands, "No " name, "More than one " name, "Bad " name, check \
	}
	RULE(VIA, "Via", NEEDED, check_via),
	RULE(FROM, "From", NEEDED | SINGLE, check_from),
	RULE(TO, "To", NEEDED | SINGLE, check_to),
	RULE(CALL_ID, "Call-ID", NEEDED | SINGLE, check_call_id),
	RULE(CSEQ, "CSeq", NEEDED | SINGLE, check_cseq),
	RULE(MAX_FORWARDS, "Max-Forwards", SINGLE, check_max_forwards),
	RULE(CONTACT, "Contact", 0, check_contact),
	RULE(ROUTE, "Route", 0, check_route),
	RULE(RECORD_ROUTE, "Record-Route", 0, check_record_route),
	RULE(CONTENT_TYPE, "Content-Type", SINGLE, check_content_type),
	RULE(CONTENT_DISPOSITION, "Content-Disposition", SINGLE, NULL),
	RULE(EXPIRES, "Expires", SINGLE, NULL),
	RULE(EVENT, "Event", SINGLE, NULL),
	RULE(SUBSCRIPTION_STATE, "Subscription-State", SINGLE, NULL),
	RULE(RSEQ, "RSeq", SINGLE, NULL),
	RULE(RACK, "RAck", SINGLE, NULL),
	RULE(REFER_TO, "Refer-To", SINGLE, NULL),
	RULE(REFERRED_BY, "Referred-By", SINGLE, NULL),
	RULE(REPLACES, "Replaces", SINGLE, NULL),
	RULE(SESSION_EXPIRES, "Session-Expires", SINGLE, NULL),
	RULE(MIN_SE, "Min-SE", SINGLE, NULL),
#undef RULE
};

static int check_rule(struct sip_msg *m, const struct rule *r)
{
	const struct sip_hdr *h = sip_msg_hdr(m, r->id);

	if (!h)
		return r->demands & NEEDED ? sip_msg_fault(m, 400, r->missing) : 0;
	if (r->demands & SINGLE && h->next)
		return sip_msg_fault(m, 400, r->twice);
	if (r->check && r->check(m) != 0)
		return sip_msg_fault(m, 400, r->malformed);
	return 0;
}

static int check_request(struct sip_msg *m)
{
	const struct sip_uri *uri;
	const struct sip_cseq *cseq;

	if (sip_msg_ruri(m, &uri) != 0)
		return sip_msg_fault(m, 400, "Bad Request-URI");
	if (m->ruri_text.n > SIP_MSG_RURI_MAX)
		return sip_msg_fault(m, 414, "Request-URI Too Long");
	/* RFC 3261 19.1.5: headers have no place there, and one of them could be a Route (RFC
	 * 4475 3.1.2.11). */
	if (slice_present(uri->headers))
		return sip_msg_fault(m, 400, "Headers in the Request-URI");
	if (sip_msg_cseq(m, &cseq) != 0 || slice_eq(cseq->method_text, m->method_text))
		return 0;
	/* RFC 4475 3.1.2.18: that the method is unknown says more than that it is not the same. */
	return m->method == SIP_METHOD_OTHER ? sip_msg_fault(m, 501, "Not Implemented")
					     : sip_msg_fault(m, 400, "CSeq method is not the request's");
}

/* RFC 3261 8.1.3.3: a second Via says that the response was for somebody behind us, and we are no proxy. */
static int check_response(struct sip_msg *m)
{
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_VIA);
	struct slice rest = h->value;
	struct sip_via via;

	(void)sip_via_next(&rest, &via);
	return h->next || rest.n ? sip_msg_fault(m, 400, "More than one Via in a response") : 0;
}

int sip_msg_check(struct sip_msg *m)
{
	int err;

	if (m->fault.status)
		return OH_ESYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		err = check_rule(m, &rules[i]);
		if (err)
			return err;
	}
	return m->is_request ? check_request(m) : check_response(m);
}
