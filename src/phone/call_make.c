/* Making a call: parse, find the next hop, open the sockets, offer, send. */
#include "phone/call_impl.h"

#include "base/mem.h"
#include "phone/uri_text.h"

void offhook_call_cfg_init(struct offhook_call_cfg *cfg)
{
	*cfg = (struct offhook_call_cfg){.size = sizeof(*cfg)};
}

struct make_args {
	offhook_id account;
	const struct offhook_call_cfg *cfg;
	offhook_id *ret_call;
};

/* Call-ID: a random token, so that it tells nothing about us (RFC 3261 8.1.1.4). */
#define CALL_ID_LENGTH 24

static int fill(struct call *c, const struct account *a, const struct offhook_call_cfg *cfg,
	const struct sip_addr *addr)
{
	char token[CALL_ID_LENGTH + 1];

	sip_stack_token(c->phone->stack, token, CALL_ID_LENGTH);
	c->account = a->id;
	c->local_uri = mem_strdup(a->uri);
	c->remote_uri = mem_strdup(cfg->uri);
	c->sip_call_id = mem_strdup(token);
	c->from = mem_strdup(a->from);
	c->to = uri_text_identity(addr);
	c->target = uri_text_target(&addr->uri);
	if (!c->local_uri || !c->remote_uri || !c->sip_call_id || !c->from || !c->to || !c->target)
		return OH_ENOMEM;
	c->end_picture = picture_new(c);
	return c->end_picture ? extras_new(cfg->headers, cfg->n_headers, &c->extras) : OH_ENOMEM;
}

/* The INVITE leaves. */
static int send_invite(struct call *c, const struct sip_flow *flow)
{
	struct inv_call_cfg cfg = {
		.target = slice_of(c->target),
		.from = slice_of(c->from),
		.to = slice_of(c->to),
		.call_id = slice_of(c->sip_call_id),
		.extras = c->extras->list,
		.n_extras = c->extras->n,
		.flow = *flow,
		.handler = call_inv_handler(c),
	};
	int err = call_media_offer(&c->media, flow, &cfg.offer);

	if (err)
		return err;
	err = account_contact(account_find(c->phone, c->account), flow, &c->contact);
	if (err)
		return err;
	cfg.contact = slice_of(c->contact);
	return inv_call(c->phone->stack, &cfg, &c->inv);
}

static void forget_texts(struct call *c)
{
	mem_free(c->target);
	mem_free(c->from);
	mem_free(c->to);
	mem_free(c->extras);
	c->target = c->from = c->to = NULL;
	c->extras = NULL;
}

/* RFC 3261 8.1.3.1: a request that cannot be sent counts as answered by 503. */
static void located(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct call *c = arg;
	bool later = c->state == OFFHOOK_CALL_CALLING;

	c->locate = NULL;
	for (size_t i = 0; i < n && !c->inv; i++)
		err = send_invite(c, &flows[i]);
	if (c->inv)
		err = 0;
	forget_texts(c);
	c->error = err;
	if (err && later)
		call_ended(
			c, &(struct call_end){.status = 503, .by = OFFHOOK_ENDED_BY_NETWORK, .error = err});
}

static int begin(struct call *c, const struct account *a, const struct sip_uri *next_hop)
{
	struct transport *t = a->transport ? transport_find(c->phone, a->transport) : NULL;
	int err;

	c->located_by = t ? t->sip : NULL;
	err = sip_locate(c->phone->stack, next_hop, c->located_by, located, c, &c->locate);
	if (err)
		return err;
	/* A numeric host has been called by now, or the attempt has failed. */
	return c->error;
}

static int make_run(struct offhook_phone *p, void *arg)
{
	const struct make_args *args = arg;
	struct account *a = args->account ? account_find(p, args->account) : p->default_account;
	struct sip_addr addr;
	struct call *c;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, args->account ? "no such account" : "the phone has no account");
	if (list_empty(&p->transports))
		return err_detail(OH_ETRANSPORT, "the phone has no transport");
	err = uri_text_parse(args->cfg->uri, &addr);
	if (!err)
		err = call_room(p);
	if (!err)
		err = call_new(p, OFFHOOK_CALLER, args->cfg->user_data, &c);
	if (err)
		return err;
	err = fill(c, a, args->cfg, &addr);
	if (!err)
		err = begin(c, a, &addr.uri);
	if (err) {
		call_discard(c);
		return err;
	}
	c->state = OFFHOOK_CALL_CALLING;
	*args->ret_call = c->id;
	call_say_state(c, NULL, false);
	return 0;
}

int offhook_call_make(struct offhook_phone *phone, offhook_id account, const struct offhook_call_cfg *cfg,
	offhook_id *ret_call)
{
	struct offhook_call_cfg ours;
	struct make_args args = {account, &ours, ret_call};
	int err;

	err_detail_clear();
	offhook_call_cfg_init(&ours);
	err = cfg_take(&ours, sizeof(ours), cfg);
	return err ? err : phone_command(phone, make_run, &args);
}
