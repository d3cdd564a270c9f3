/* Requests inside a call: ours, and the peer's. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "phone/transfer.h"
#include "phone/pager.h"

#include <ctype.h>

/* ---- ours ---- */

struct request_args {
	offhook_id call;
	struct dialog_request req;
};

static int request_run(struct offhook_phone *p, void *arg)
{
	const struct request_args *a = arg;
	struct call *c;
	int err = call_operand(p, a->call, &c);

	if (err)
		return err;
	if (!c->inv)
		return err_detail(OH_ESTATE, "the call has no dialog yet");
	return inv_request(c->inv, &a->req, p->commands.cause);
}

/* The methods that make, change or end a call have functions of their own. */
static int method_of(const char *text, struct dialog_request *req)
{
	static const enum sip_method others[] = {
		SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_PRACK, SIP_UPDATE};

	if (!text || !*text)
		return err_detail(OH_EINVAL, "a request needs a method");
	for (const char *s = text; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-.!%*_+`'~", *s))
			return err_detail(OH_EINVAL, "'%.64s' is not a method", text);
	req->method = sip_method_of(slice_of(text));
	req->method_text = slice_of(text);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (req->method == others[i])
			return err_detail(OH_EINVAL, "%.64s is not sent this way", text);
	return 0;
}

int offhook_call_request(struct offhook_phone *phone, offhook_id call, const struct offhook_request *request)
{
	struct offhook_request ours = {0};
	struct request_args args = {.call = call};
	struct extras *extras = NULL;
	int err;

	err_detail_clear();
	err = cfg_take(&ours, sizeof(ours), request);
	if (!err)
		err = method_of(ours.method, &args.req);
	if (!err && ours.body_length && (!ours.body || !ours.content_type))
		err = err_detail(OH_EINVAL, "a body needs its bytes and a content type");
	if (!err)
		err = extras_new(ours.headers, ours.n_headers, &extras);
	if (err)
		return err;
	args.req.extras = extras->list;
	args.req.n_extras = extras->n;
	if (ours.body_length) {
		args.req.content_type = slice_of(ours.content_type);
		args.req.body = slice_make(ours.body, ours.body_length);
	}
	err = phone_command(phone, request_run, &args);
	mem_free(extras);
	return err;
}

/* ---- the peer's ---- */

/* DTMF by INFO. */
static void take_info_digit(struct call *c, const struct sip_msg *msg)
{
	uint32_t ms;
	char digit = digit_in_info(msg, &ms);

	if (!digit ||
		!digit_is_new(&c->twins, digit, DIGIT_BY_INFO, host_now(c->phone->host) - ms * NS_PER_MS))
		return;
	c->media.digits_received++;
	call_say_digit(c, digit, ms);
}

/* RFC 6086 4.2.2: we have announced no Info Packages, so none may come; an INFO without is of
 * the old kind. */
static bool has_package(const struct sip_msg *msg)
{
	return sip_msg_hdr_named(msg, SLICE_LIT("Info-Package")) != NULL;
}

static const struct sip_extra no_package = {{"Recv-Info", 9}, {"", 0}},
			      later = {{"Retry-After", 11}, {CALL_RETRY_AFTER, sizeof(CALL_RETRY_AFTER) - 1}};
static const struct sip_reply bad_package = {.status = 469,
				      .reason = {"Bad Info Package", 16},
				      .extras = &no_package,
				      .n_extras = 1},
			      too_much = {.status = 503, .extras = &later, .n_extras = 1};

static void refuse_with(struct sip_server *server, const struct sip_reply *reply)
{
	if (sip_respond(server, reply) == OH_ENOMEM)
		sip_refuse(server, reply->status, reply->reason.p);
}

static void take_info(struct call *c, struct sip_msg *msg, struct sip_server *server)
{
	struct event_say say = {
		.type = OFFHOOK_EVENT_CALL_REQUEST,
		.subject = c->subject,
		.account = account_find(c->phone, c->account) ? c->account : 0,
		.message = msg->raw,
	};

	if (has_package(msg)) {
		refuse_with(server, &bad_package);
		return;
	}
	if (!events_room(c->phone, c->subject)) {
		refuse_with(server, &too_much);
		return;
	}
	say.picture = picture_new(c);
	event_emit(c->phone, &say);
	take_info_digit(c, msg);
	sip_refuse(server, 200, NULL);
}

void call_take_request(struct call *c, struct sip_msg *msg, struct sip_server *server)
{
	static const struct sip_extra allow = {{"Allow", 5}, {SIP_STACK_ALLOW, sizeof(SIP_STACK_ALLOW) - 1}};
	struct sip_reply reply = {.status = 405, .extras = &allow, .n_extras = 1};

	if (msg->method == SIP_OPTIONS)
		options_answer(c->phone, c->rules.policy.join, server);
	else if (msg->method == SIP_INFO)
		take_info(c, msg, server);
	else if (msg->method == SIP_REFER)
		transfer_take(c->phone, c, msg, server);
	else if (msg->method == SIP_NOTIFY)
		sip_refuse(server, 481, "Subscription Does Not Exist");
	else if (msg->method == SIP_SUBSCRIBE)
		sip_refuse(server, 403, "Dialog Sharing Not Supported"); /* RFC 6665 4.5.2 */
	else if (msg->method == SIP_MESSAGE)
		pager_take(c->phone, account_find(c->phone, c->account), c, msg, server);
	else if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, 405, NULL);
}
