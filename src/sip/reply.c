/*
 * Responses (RFC 3261 8.2.6). What they repeat from the request is printed once, when the request comes, as
 * the reply head; so a request can be answered later without keeping it. Answers that need no transaction
 * (8.2.7) are made here as well.
 */
#include "sip/txn_impl.h"

#include "base/err.h"
#include "base/text.h"
#include "sip/draft.h"

/* A value that may be folded over lines (7.3.1): line ends become spaces. */
static void put_unfolded(struct sip_writer *w, struct slice text)
{
	while (text.n) {
		size_t n = 0;

		while (n < text.n && text.p[n] != '\r' && text.p[n] != '\n')
			n++;
		sipw_put(w, slice_make(text.p, n));
		text = slice_skip(text, n);
		if (text.n) {
			sipw_put(w, SLICE_LIT(" "));
			text = slice_skip(text, 1);
		}
	}
}

static bool came_from_sent_by(const struct sip_via *via, const struct netaddr *source)
{
	struct netaddr sent_by;

	return netaddr_parse_ip(via->host, 0, &sent_by) == 0 && netaddr_eq_ip(&sent_by, source);
}

/* RFC 3261 18.2.1 and RFC 3581 4: the top Via says where the request really came from. A `received` that the
 * sender wrote itself is replaced. */
static void put_top_via(struct sip_writer *w, const struct sip_via *via, const struct netaddr *source)
{
	bool wants_rport = slice_present(via->rport);
	struct slice rest = via->params, before = via->text;
	struct sip_param param;
	struct netaddr shown = *source;
	char ip[NETADDR_TEXT], digits[8];

	shown.scope = 0; /* a zone means nothing to others */
	if (slice_present(rest))
		before = slice_make(via->text.p, (size_t)(rest.p - via->text.p));
	while (before.n && strchr("; \t\r\n", before.p[before.n - 1]))
		before.n--;
	sipw_put(w, SLICE_LIT("Via: "));
	put_unfolded(w, before);
	while (sip_param_next(&rest, &param) > 0) {
		if (slice_ieq(param.name, SLICE_LIT("received")) || slice_ieq(param.name, SLICE_LIT("rport")))
			continue;
		sipw_put(w, SLICE_LIT(";"));
		put_unfolded(w, param.name);
		if (!slice_present(param.value))
			continue;
		sipw_put(w, SLICE_LIT("="));
		put_unfolded(w, param.value);
	}
	if (wants_rport || !came_from_sent_by(via, source)) {
		sipw_put(w, SLICE_LIT(";received="));
		sipw_put(w, slice_of(netaddr_ip_text(&shown, false, ip)));
	}
	if (wants_rport) {
		struct text port = text_in(digits, sizeof(digits));

		text_u32(&port, source->port);
		sipw_put(w, SLICE_LIT(";rport="));
		sipw_put(w, text_slice(&port));
	}
	sipw_put(w, SLICE_LIT("\r\n"));
}

/* All Vias of the request. Those that cannot be read go back as they came, so that the sender of a 400 "Bad Via" can
 * tell what it is about (RFC 4475 3.1.2.1). */
static int put_vias(struct sip_writer *w, struct sip_msg *request, const struct sip_flow *flow)
{
	const struct sip_via *vias;
	size_t n;
	int err = sip_msg_vias(request, &vias, &n);

	if (err == OH_ENOMEM)
		return err;
	if (err && sip_msg_hdr(request, SIP_HDR_VIA)) {
		sipw_copy(w, request, SIP_HDR_VIA);
		return 0;
	}
	if (err || n == 0)
		return OH_ESYNTAX;
	put_top_via(w, &vias[0], &flow->remote);
	for (size_t i = 1; i < n; i++) {
		sipw_put(w, SLICE_LIT("Via: "));
		put_unfolded(w, vias[i].text);
		sipw_put(w, SLICE_LIT("\r\n"));
	}
	return 0;
}

int reply_head_print(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow,
	struct reply_head *ret_head)
{
	struct reply_head head = {.p = s->head, .to_tagged = slice_present(sip_msg_to_tag(request))};
	struct sip_writer w;
	int err;

	sipw_init(&w, s->head, sizeof(s->head));
	err = put_vias(&w, request, flow);
	if (err)
		return err;
	sipw_copy(&w, request, SIP_HDR_FROM);
	sipw_copy(&w, request, SIP_HDR_CALL_ID);
	sipw_copy(&w, request, SIP_HDR_CSEQ);
	head.record_route = (uint32_t)w.n;
	sipw_copy(&w, request, SIP_HDR_RECORD_ROUTE);
	head.timestamp = (uint32_t)w.n;
	sipw_copy(&w, request, SIP_HDR_TIMESTAMP);
	head.to = (uint32_t)w.n;
	sipw_put(&w, SLICE_LIT("To: "));
	put_unfolded(&w, sip_msg_value(request, SIP_HDR_TO));
	if (w.err)
		return w.err;
	if (w.n > w.cap)
		return OH_ETOOBIG;
	head.n = (uint32_t)w.n;
	*ret_head = head;
	return 0;
}

static struct slice part(const struct reply_head *h, uint32_t from, uint32_t to)
{
	return slice_make(h->p + from, to - from);
}

int reply_print(struct sip_stack *s, const struct reply_head *head, const struct sip_reply *reply,
	struct slice tag, struct slice auth_info, struct slice *ret_text)
{
	struct sip_writer w;
	size_t tail;
	int err;

	sipw_init(&w, s->out, sizeof(s->out));
	sipw_status_line(&w, reply->status, reply->reason);
	sipw_put(&w, part(head, 0, head->record_route));
	if (reply->record_route)
		sipw_put(&w, part(head, head->record_route, head->timestamp));
	if (reply->status == 100) /* 8.2.6.1 */
		sipw_put(&w, part(head, head->timestamp, head->to));
	sipw_put(&w, part(head, head->to, head->n));
	if (!head->to_tagged && slice_present(tag)) {
		sipw_put(&w, SLICE_LIT(";tag="));
		sipw_put(&w, tag);
	}
	sipw_put(&w, SLICE_LIT("\r\n"));
	tail = w.n;
	if (slice_present(reply->contact))
		sipw_hdr(&w, SIP_HDR_CONTACT, reply->contact);
	if (!slice_empty(s->cfg.user_agent))
		sipw_hdr(&w, SIP_HDR_SERVER, s->cfg.user_agent);
	if (!slice_empty(auth_info))
		sipw_hdr(&w, SIP_HDR_AUTHENTICATION_INFO, auth_info);
	sipw_extras(&w, reply->extras, reply->n_extras);
	sipw_body(&w, reply->content_type, reply->body);
	err = sipw_end(&w, ret_text);
	if (!err && s->cfg.edit)
		(void)draft_show(s, ret_text, tail);
	return err;
}

/* Without multicast. Over a stream it is where a new connection goes when that of the request has gone: to the port of the
 * sent-by. The source address is what `received` says when it differs; a Via that
 * cannot be read names no port, and the answer goes to where the request came from. */
int reply_address(struct sip_msg *request, const struct sip_flow *flow, struct netaddr *ret_to)
{
	const struct sip_via *via;
	struct netaddr to = flow->remote;
	struct slice maddr;
	uint16_t sent_by_port;
	int err = sip_msg_via(request, &via);

	if (err == OH_ENOMEM)
		return err;
	if (err) {
		*ret_to = to;
		return 0;
	}
	sent_by_port = via->port ? via->port : SIP_PORT;
	if (!sip_flow_reliable(flow)) {
		if (sip_param_find(via->params, SLICE_LIT("maddr"), &maddr) &&
			netaddr_parse_ip(maddr, sent_by_port, &to) == 0 && to.family == flow->remote.family) {
			*ret_to = to;
			return 0;
		}
		to = flow->remote;
		if (!slice_present(via->rport))
			to.port = sent_by_port;
	} else {
		to.port = sent_by_port;
	}
	*ret_to = to;
	return 0;
}

struct slice reply_tag(uint64_t number, char *buf)
{
	size_t n = 0;

	do {
		buf[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
		number /= 36;
	} while (number);
	buf[n] = 0;
	return slice_make(buf, n);
}

void reply_stateless(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow,
	const struct sip_reply *reply)
{
	struct sip_flow back = *flow;
	struct slice tag = reply->to_tag, text;
	char tag_buf[SIP_TO_TAG_MAX + 1];
	struct reply_head head;
	int err = reply_head_print(s, request, flow, &head);

	if (!err)
		err = reply_address(request, flow, &back.remote);
	if (err) {
		sip_drop(s, flow, "it cannot be answered");
		return;
	}
	if (!slice_present(tag))
		tag = reply_tag(hash_key(&s->servers, part(&head, 0, head.record_route), 1), tag_buf);
	err = reply_print(s, &head, reply, tag, SLICE_NONE, &text);
	if (err)
		sip_drop(s, flow, "it cannot be answered");
	else
		sip_flow_send(&back, text); /* an error is one more lost packet */
}
