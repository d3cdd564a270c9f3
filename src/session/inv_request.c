/*
 * Requests inside the dialog that are neither INVITE, ACK, BYE, CANCEL, PRACK nor UPDATE: INFO, OPTIONS, MESSAGE ...,
 * both ways; and how any request of ours comes to its end.
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
	struct dialog *dialog;
	struct sip_client *client;
	inv_done_fn *done;
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

void inv_requests_forget(struct inv *inv, const struct dialog *d)
{
	LIST_FOREACH_SAFE (it, &inv->requests) {
		struct inv_req *r = CONTAINER_OF(it, struct inv_req, link);

		if (r->dialog == d)
			drop(r);
	}
}

bool inv_request_open(const struct inv *inv, inv_done_fn *done)
{
	LIST_FOREACH (it, &inv->requests) {
		if (CONTAINER_OF(it, struct inv_req, link)->done == done)
			return true;
	}
	return false;
}

static void finish(struct inv_req *r, struct sip_msg *msg, int err)
{
	struct inv *inv = r->inv;
	inv_done_fn *done = r->done;
	uint64_t token = r->token;

	inv_ref(inv);
	drop(r);
	done(inv, msg, err, token);
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

	return dialog_next_seq(r->dialog);
}

int inv_request_send(struct inv *inv, struct dialog *d, const struct dialog_request *req, inv_done_fn *done,
	uint64_t token)
{
	struct sip_client_handler handler = {on_response, on_done, NULL, next_cseq};
	struct inv_req *r = mem_zalloc(sizeof(*r));
	int err;

	if (!r)
		return OH_ENOMEM;
	r->inv = inv;
	r->dialog = d;
	r->done = done;
	r->token = token;
	handler.arg = r;
	err = dialog_send(d, req, &handler, &r->client);
	if (err) {
		mem_free(r);
		return err;
	}
	list_append(&inv->requests, &r->link);
	return 0;
}

void inv_judge_response(struct inv *inv, struct sip_msg *msg, int err)
{
	unsigned status = msg ? msg->status : 0;

	/* RFC 3261 12.2.1.2: the peer does not know this call any more, or is gone. */
	if (status == 481 || status == 408)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_PEER,
					.status = status,
					.reason = msg->reason,
					.msg = msg});
	else if (err == OH_ETIMEDOUT)
		inv_hangup(inv, &(struct op_end){.by = INV_ENDED_BY_NETWORK, .status = 408});
}

static void owners_done(struct inv *inv, struct sip_msg *msg, int err, uint64_t token)
{
	if (inv->handler.response)
		inv->handler.response(inv->handler.arg, inv, token, msg, err);
	inv_judge_response(inv, msg, err);
}

int inv_request(struct inv *inv, const struct dialog_request *req, uint64_t token)
{
	static const enum sip_method others[] = {
		SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_PRACK, SIP_UPDATE};

	if (inv_ended(inv))
		return OH_EENDED;
	if (!inv->dialog || inv->phase == PHASE_INCOMING)
		return OH_ESTATE;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (req->method == others[i])
			return err_detail(
				OH_EINVAL, "%s has an operation of its own", sip_method_name(req->method));
	return inv_request_send(inv, inv->dialog, req, owners_done, token);
}
