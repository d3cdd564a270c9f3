/*
 * The core of a user agent server (RFC 3261 8.2): a request passes the checks in the order of the RFC, and
 * finds its transaction, its dialog or the user. What is refused here is refused without a transaction, so
 * that a stranger's nonsense costs no memory; an ACK is never answered.
 */
#include "sip/txn_server_impl.h"

#include "base/err.h"

#define OVERLOAD_RETRY_AFTER "10" /* s */
#define UNSUPPORTED_MAX      512u /* bytes of a Require that we repeat */

struct arrival {
	struct sip_stack *stack;
	struct sip_msg *msg;
	const struct sip_flow *flow;
	const struct server_key *key;
};

static void refuse_with(struct arrival *a, unsigned status, const char *header, struct slice value)
{
	const struct sip_extra extra = {slice_of(header), value};
	const struct sip_reply reply = {.status = status, .extras = &extra, .n_extras = header ? 1 : 0};

	reply_stateless(a->stack, a->msg, a->flow, &reply);
}

/* A 501 says what is taken instead (RFC 3261 8.2.1). */
static void refuse(struct arrival *a, unsigned status, const char *reason)
{
	const struct sip_extra allow = {SLICE_LIT("Allow"), SLICE_LIT(SIP_STACK_ALLOW)};
	const struct sip_reply reply = {
		.status = status, .reason = slice_of(reason), .extras = &allow, .n_extras = status == 501};

	reply_stateless(a->stack, a->msg, a->flow, &reply);
}

static void refuse_faulty(struct arrival *a)
{
	sip_log_faulty(a->stack, a->flow, a->msg->fault.what ? a->msg->fault.what : "malformed");
	refuse(a, a->msg->fault.status, a->msg->fault.what);
}

static struct sip_dialog_entry *dialog_of(struct arrival *a)
{
	struct slice call_id = sip_msg_call_id(a->msg), ours = sip_msg_to_tag(a->msg);
	struct sip_dialog_entry *e = sip_dialog_find(a->stack, call_id, ours, sip_msg_from_tag(a->msg));

	/* The first NOTIFY makes the dialog of a SUBSCRIBE (RFC 6665 4.4.1). */
	if (!e && a->msg->method == SIP_NOTIFY)
		e = sip_dialog_find(a->stack, call_id, ours, SLICE_LIT(""));
	return e;
}

/* The ACK to a refusal ends in the transaction of its INVITE, the one to a 2xx in the dialog. */
static void receive_ack(struct arrival *a)
{
	struct sip_server *invite = server_find_acked(a->stack, a->key, sip_msg_to_tag(a->msg));
	struct sip_dialog_entry *dialog;

	if (invite && server_acked(invite))
		return;
	dialog = dialog_of(a);
	if (dialog)
		dialog->receive(dialog, a->msg, NULL);
	else
		sip_drop(a->stack, a->flow, "an ACK that fits nothing");
}

/* RFC 3261 9.2. The answer is the same for a repeated CANCEL, so it needs no transaction of its own. */
static void receive_cancel(struct arrival *a)
{
	struct sip_server *t = server_find_cancelled(a->stack, a->key);
	struct sip_reply ok = {.status = 200};
	char tag[SIP_TO_TAG_MAX + 1];

	if (!t) {
		refuse(a, 481, NULL);
		return;
	}
	ok.to_tag = server_to_tag(t, tag);
	reply_stateless(a->stack, a->msg, a->flow, &ok);
	server_cancelled(t, a->msg); /* last: it calls the user */
}

/* 8.2.1, 8.2.2.1: methods and Request-URIs that nobody here takes, and more body than anybody needs. */
static bool check_what_it_asks(struct arrival *a)
{
	const struct sip_uri *uri;
	enum sip_method method = a->msg->method;

	if (!(a->stack->allowed & 1u << method)) {
		refuse_with(a, method == SIP_METHOD_OTHER ? 501 : 405, "Allow", SLICE_LIT(SIP_STACK_ALLOW));
		return false;
	}
	if (sip_msg_ruri(a->msg, &uri)) {
		refuse(a, 400, "Bad Request-URI");
		return false;
	}
	if (uri->scheme == SIP_SCHEME_OTHER) {
		refuse(a, 416, NULL);
		return false;
	}
	if (a->msg->body.n > SIP_MSG_BODY_MAX) {
		refuse(a, 413, NULL);
		return false;
	}
	return true;
}

static bool supported(const struct sip_msg *msg, struct slice extension)
{
	struct slice rest = SLICE_LIT(SIP_STACK_SUPPORTED), known;

	while (sip_list_next(&rest, &known))
		if (slice_ieq(known, extension))
			return true;
	return msg->method == SIP_INVITE && slice_ieq(extension, SLICE_LIT(SIP_STACK_ALLOWED_JOIN));
}

/* 8.2.2.3: all that we do not know, in one Unsupported header. */
static bool check_require(struct arrival *a)
{
	char list[UNSUPPORTED_MAX];
	size_t n = 0;

	for (const struct sip_hdr *h = sip_msg_hdr(a->msg, SIP_HDR_REQUIRE); h;
		h = sip_msg_hdr_next(a->msg, h)) {
		struct slice rest = h->value, extension;

		while (sip_list_next(&rest, &extension)) {
			if (supported(a->msg, extension) || n + extension.n + 2 > sizeof(list))
				continue;
			if (n) {
				memcpy(list + n, ", ", 2);
				n += 2;
			}
			memcpy(list + n, extension.p, extension.n);
			n += extension.n;
		}
	}
	if (n == 0)
		return true;
	refuse_with(a, 420, "Unsupported", slice_make(list, n));
	return false;
}

/* True: it may come in. */
static bool admitted(struct arrival *a)
{
	const struct sip_stack_cfg *cfg = &a->stack->cfg;
	unsigned verdict = cfg->admit ? cfg->admit(cfg->admit_arg, a->msg, a->flow) : 0;

	if (verdict == SIP_ADMIT_DROP)
		sip_drop(a->stack, a->flow, "not admitted");
	else if (verdict == 503)
		refuse_with(a, 503, "Retry-After", SLICE_LIT(OVERLOAD_RETRY_AFTER));
	else if (verdict)
		refuse(a, verdict, NULL);
	return verdict == 0;
}

static int start(struct arrival *a, struct sip_server **ret_server)
{
	struct sip_stack *s = a->stack;
	int err = OH_ETOOMANY;

	if (s->counters.server_txns < s->cfg.max_server_txns && s->server_bytes < s->cfg.max_server_bytes)
		err = server_new(s, a->msg, a->key, a->flow, ret_server);
	if (!err)
		return 0;
	/* Who hears 503 to its BYE takes the call for ended (RFC 3261 15.1.1), and we would keep it. Over UDP the BYE comes
	 * again when nobody answers. */
	if (a->msg->method == SIP_BYE && !sip_flow_reliable(a->flow))
		sip_drop(s, a->flow, "no room for a BYE: it will be repeated");
	else
		refuse_with(a, 503, "Retry-After", SLICE_LIT(OVERLOAD_RETRY_AFTER));
	return err;
}

static void receive_new(struct arrival *a)
{
	const struct sip_stack_handler *user = &a->stack->cfg.handler;
	struct sip_dialog_entry *dialog = NULL;
	struct sip_server *server;
	bool tagged = slice_present(sip_msg_to_tag(a->msg));

	if (!check_what_it_asks(a))
		return;
	if (tagged) {
		dialog = dialog_of(a);
		if (!dialog) {
			refuse(a, 481, NULL);
			return;
		}
	} else if (server_is_merged(a->stack, a->msg)) {
		refuse(a, 482, NULL);
		return;
	}
	if (!tagged && !admitted(a))
		return;
	if (!check_require(a) || start(a, &server))
		return;
	if (dialog)
		dialog->receive(dialog, a->msg, server);
	else if (user->request)
		user->request(user->arg, a->msg, server);
	else
		sip_server_detach(server);
	if (a->msg->method == SIP_INVITE)
		server_settle(a->stack, a->key);
}

void sip_uas_receive(struct sip_stack *s, struct sip_msg *request, const struct sip_flow *flow)
{
	struct server_key key;
	struct arrival a = {s, request, flow, &key};
	struct sip_server *known;

	if (request->fault.status) {
		if (request->method == SIP_ACK)
			sip_drop(s, flow, request->fault.what);
		else
			refuse_faulty(&a);
		return;
	}
	if (server_key_make(s, request, &key)) {
		sip_drop(s, flow, "too long to be told from others");
		return;
	}
	switch (request->method) {
	case SIP_ACK:
		receive_ack(&a);
		break;
	case SIP_CANCEL:
		receive_cancel(&a);
		break;
	default:
		known = server_find(s, &key, request->method);
		if (known)
			server_repeated(known);
		else
			receive_new(&a);
	}
}
