/*
 * One INVITE that we sent, first or again: its client transaction lives on after the 2xx (RFC 6026, timer M),
 * because the 2xx is repeated until an ACK arrives, and each repeat gets the kept ACK again. A 2xx of another
 * fork is acknowledged and ended by a dialog that lives for two messages (RFC 3261 13.2.2.4).
 */
#include "session/inv_impl.h"

#define SEQ_GAP 65536u

/* The 2xx of another fork: what is left of it is its ACK. */
struct fork {
	struct list link;
	struct sip_ack *ack;
	size_t n_tag;
	char tag[];
};

static struct fork *fork_find(const struct invite *v, struct slice tag)
{
	LIST_FOREACH (it, &v->forks) {
		struct fork *f = CONTAINER_OF(it, struct fork, link);

		if (slice_ieq(slice_make(f->tag, f->n_tag), tag))
			return f;
	}
	return NULL;
}

static size_t fork_count(const struct invite *v)
{
	size_t n = 0;

	LIST_FOREACH (it, &v->forks) {
		n++;
	}
	return n;
}

static void ignore_request(void *arg, struct sip_msg *msg, struct sip_server *server)
{
	(void)arg;
	(void)msg;
	if (server)
		sip_refuse(server, 481, NULL);
}

/* ACK and BYE to a 2xx that nobody wants; invite: the transaction that it came to, or NULL. *ret_ack may be asked for again; the caller's. */
static int end_unwanted(struct sip_stack *s, struct sip_msg *response, const struct sip_flow *flow,
	struct slice target, const struct sip_client *invite, struct sip_ack **ret_ack)
{
	static const struct sip_client_handler nobody = {.response = NULL};
	struct dialog_uac_cfg cfg = {.target = target, .client = invite, .handler = {ignore_request, NULL}};
	struct dialog_request bye = {.method = SIP_BYE};
	struct sip_client *client;
	const struct sip_cseq *cseq;
	struct dialog *d;
	int err = sip_msg_cseq(response, &cseq);

	if (err)
		return err;
	/* Above whatever a request in the early dialog (INFO) may have used: a gap is allowed, a lower number is
	 * answered with 500 (RFC 3261 12.2.2). The ACK has the number of its INVITE all the same. */
	cfg.local_seq = cseq->number < INT32_MAX - SEQ_GAP ? cseq->number + SEQ_GAP : cseq->number;
	err = dialog_new_uac(s, &cfg, response, flow, &d);
	if (err)
		return err;
	err = dialog_ack(d, &(struct dialog_ack){.cseq = cseq->number, .invite = invite}, ret_ack);
	if (err == 0 && dialog_send(d, &bye, &nobody, &client) == 0)
		sip_client_free(client);
	dialog_free(d);
	return err;
}

void inv_end_stray(struct sip_stack *s, struct sip_msg *response, const struct sip_flow *flow)
{
	struct sip_ack *ack;
	const struct sip_addr *to;

	if (sip_msg_to(response, &to) == 0 && end_unwanted(s, response, flow, to->uri.text, NULL, &ack) == 0)
		sip_ack_free(ack);
}

static void end_fork(struct invite *v, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct slice tag = sip_msg_to_tag(msg);
	struct fork *f;

	/* Without room it is left alone: that fork hears no ACK and ends its call by itself. */
	if (fork_count(v) >= INV_FORKS_MAX)
		return;
	f = mem_zalloc(sizeof(*f) + tag.n);
	if (!f)
		return;
	if (end_unwanted(v->inv->stack, msg, flow, v->inv->target, v->client, &f->ack) != 0) {
		mem_free(f);
		return;
	}
	f->n_tag = tag.n;
	if (tag.n)
		memcpy(f->tag, tag.p, tag.n);
	list_append(&v->forks, &f->link);
}

static bool is_from_our_dialog(const struct invite *v, struct sip_msg *msg)
{
	const struct dialog *d = v->inv->dialog;

	return d && slice_ieq(dialog_remote_tag(d), sip_msg_to_tag(msg));
}

static void success(struct invite *v, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct inv *inv = v->inv;
	struct fork *f = fork_find(v, sip_msg_to_tag(msg));

	if (f)
		sip_ack_again(f->ack);
	else if (inv->open == v)
		inv_handle(inv, &(struct ev){.kind = EV_SUCCESS, .msg = msg, .flow = flow, .invite = v});
	else if (!is_from_our_dialog(v, msg))
		end_fork(v, msg, flow);
	else if (v->ack)
		sip_ack_again(v->ack);
	else
		invite_ack(v, SLICE_NONE); /* the first time it could not be sent */
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct invite *v = arg;
	struct inv *inv = v->inv;
	struct ev ev = {.msg = msg, .flow = flow, .invite = v};

	if (msg->status >= 200 && msg->status < 300) {
		success(v, msg, flow);
	} else if (msg->status >= 300 && inv->open == v) {
		ev.kind = EV_FAILURE;
		inv->open = NULL;
		inv_ref(inv);
		invite_free(v); /* it absorbs the repeats without us */
		inv_handle(inv, &ev);
		inv_unref(inv);
	} else if (msg->status > 100 && msg->status < 200 && inv->open == v) {
		ev.kind = EV_PROVISIONAL;
		inv_handle(inv, &ev);
	}
}

static void on_done(void *arg, int err)
{
	struct invite *v = arg;
	struct inv *inv = v->inv;
	bool open = inv->open == v;

	v->client = NULL;
	inv_ref(inv);
	if (open)
		inv->open = NULL;
	invite_free(v);
	if (open)
		inv_handle(inv, &(struct ev){.kind = EV_NO_RESPONSE, .err = err});
	inv_unref(inv);
}

/* Challenged, and to be sent again: the dialog counts, or before there is one we do. */
static uint32_t next_cseq(void *arg)
{
	struct invite *v = arg;
	struct dialog *d = v->inv->dialog;

	v->cseq = d ? dialog_next_seq(d) : v->cseq + 1;
	v->inv->first_cseq = v->cseq;
	return v->cseq;
}

int invite_new(struct inv *inv, struct invite **ret_invite)
{
	struct invite *v = mem_zalloc(sizeof(*v));

	if (!v)
		return OH_ENOMEM;
	v->inv = inv;
	list_init(&v->forks);
	list_append(&inv->invites, &v->link);
	inv_ref(inv);
	*ret_invite = v;
	return 0;
}

struct sip_client_handler invite_handler(struct invite *v)
{
	return (struct sip_client_handler){
		.response = on_response, .done = on_done, .arg = v, .next_cseq = next_cseq};
}

static void drop(struct invite *v)
{
	LIST_FOREACH_SAFE (it, &v->forks) {
		struct fork *f = CONTAINER_OF(it, struct fork, link);

		sip_ack_free(f->ack);
		mem_free(f);
	}
	sip_ack_free(v->ack);
	sip_client_free(v->client);
	list_remove(&v->link);
	mem_free(v);
}

void invite_free(struct invite *v)
{
	struct inv *inv = v->inv;

	if (inv->open == v)
		inv->open = NULL;
	drop(v);
	inv_unref(inv);
}

void invites_free_all(struct inv *inv)
{
	LIST_FOREACH_SAFE (it, &inv->invites) {
		drop(CONTAINER_OF(it, struct invite, link));
	}
}

int invite_ack(struct invite *v, struct slice body)
{
	struct sip_ack *ack;
	int err = dialog_ack(v->inv->dialog,
		&(struct dialog_ack){.cseq = v->cseq,
			.invite = v->client,
			.content_type = slice_empty(body) ? SLICE_NONE : SDP_TYPE,
			.body = body},
		&ack);

	if (err)
		return err;
	sip_ack_free(v->ack);
	v->ack = ack;
	return 0;
}
