/*
 * Requests inside the dialog that are neither INVITE, ACK, BYE nor CANCEL: INFO, OPTIONS, MESSAGE ..., both
 * ways.
 */
#include "session/inv_impl.h"

/* ---- theirs ---- */

/* Nobody wants it: RFC 3261 8.2.1, 11.2. */
static void answer_by_rule(struct sip_msg *msg, struct sip_server *server)
{
	static const struct sip_extra capabilities[] = {{SLICE_LIT("Allow"), SLICE_LIT(SIP_STACK_ALLOW)},
		{SLICE_LIT("Accept"), SLICE_LIT(INV_ACCEPT)}};
	struct sip_reply reply = {.status = msg->method == SIP_OPTIONS ? 200 : 405,
		.extras = capabilities,
		.n_extras = msg->method == SIP_OPTIONS ? 2 : 1};

	if (msg->method == SIP_METHOD_OTHER)
		reply.status = 501;
	if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, 500, NULL);
}

void inv_other_request(struct inv *inv, struct sip_msg *msg, struct sip_server *server)
{
	if (inv_ended(inv))
		sip_refuse(server, 481, NULL);
	else if (inv->handler.request)
		inv->handler.request(inv->handler.arg, inv, msg, server);
	else
		answer_by_rule(msg, server);
}

/* ---- ours ---- */

struct inv_req {
	struct list link;
	struct inv *inv;
	struct sip_client *client;
	uint64_t token;
};

static void drop(struct inv_req *r)
{
	sip_client_free(r->client);
	list_remove(&r->link);
	mem_free(r);
}

void inv_requests_free_all(struct inv *inv)
{
	LIST_FOREACH_SAFE (it, &inv->requests) {
		drop(CONTAINER_OF(it, struct inv_req, link));
	}
}

static void finish(struct inv_req *r, struct sip_msg *msg, int err)
{
	struct inv *inv = r->inv;
	uint64_t token = r->token;
	unsigned status = msg ? msg->status : 0;

	inv_ref(inv);
	drop(r);
	if (inv->handler.response)
		inv->handler.response(inv->handler.arg, inv, token, msg, err);
	/* RFC 3261 12.2.1.2: the peer does not know this call any more, or is gone. */
	if (status == 481 || status == 408)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_PEER,
					.status = status,
					.reason = msg->reason,
					.msg = msg});
	else if (err == OH_ETIMEDOUT)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_NETWORK, .status = 408});
	inv_unref(inv);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	(void)flow;
	if (msg->status >= 200)
		finish(arg, msg, 0);
}

static void on_done(void *arg, int err)
{
	struct inv_req *r = arg;

	r->client = NULL;
	finish(r, NULL, err);
}

static uint32_t next_cseq(void *arg)
{
	struct inv_req *r = arg;

	return dialog_next_seq(r->inv->dialog);
}

int inv_request(struct inv *inv, const struct dialog_request *req, uint64_t token)
{
	struct sip_client_handler handler = {on_response, on_done, NULL, next_cseq};
	struct inv_req *r;
	int err;

	if (inv_ended(inv))
		return OH_EENDED;
	if (!inv->dialog || inv->phase == PHASE_INCOMING)
		return OH_ESTATE;
	if (req->method == SIP_INVITE || req->method == SIP_ACK || req->method == SIP_BYE ||
		req->method == SIP_CANCEL)
		return err_detail(OH_EINVAL, "%s has an operation of its own", sip_method_name(req->method));
	r = mem_zalloc(sizeof(*r));
	if (!r)
		return OH_ENOMEM;
	r->inv = inv;
	r->token = token;
	handler.arg = r;
	err = dialog_send(inv->dialog, req, &handler, &r->client);
	if (err) {
		mem_free(r);
		return err;
	}
	list_append(&inv->requests, &r->link);
	return 0;
}
