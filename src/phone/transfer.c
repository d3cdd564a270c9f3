/* We ask the peer of a call to call somebody: REFER out, and how it goes by NOTIFY (RFC 3515, RFC 5589). */
#include "phone/transfer.h"

#include "base/mem.h"
#include "phone/refer.h"
#include "session/pkg_refer.h"

struct transfer_out {
	struct call *call;
	struct sub *sub;  /* NULL: it waits for the other call */
	offhook_id other; /* whose answer it waits for; 0: it waits for none */
	uint64_t cause;   /* the command */
	struct extras *extras;
};

/* ---- what is told ---- */

static void say(
	struct transfer_out *t, unsigned status, struct slice reason, const struct sip_msg *msg, bool final)
{
	struct call *c = t->call;
	struct event_say say = {
		.type = OFFHOOK_EVENT_TRANSFER_STATUS,
		.subject = c->subject,
		.account = account_find(c->phone, c->account) ? c->account : 0,
		.picture = picture_new(c),
		.status = status,
		.reason = slice_present(reason) ? reason : slice_of(sip_reason(status)),
		.message = msg ? msg->raw : SLICE_NONE,
		.final = final,
		.repeated = !final,
		.cause = t->cause,
	};

	event_emit(c->phone, &say);
}

/* It waits no more for the other call. */
static void stop_waiting(struct transfer_out *t)
{
	if (t->other)
		t->call->phone->n_waiting_transfers--;
	t->other = 0;
}

static void drop(struct transfer_out *t)
{
	stop_waiting(t);
	t->call->transfer = NULL;
	sub_free(t->sub);
	mem_free(t->extras);
	mem_free(t);
}

void transfer_drop(struct call *c)
{
	if (c->transfer)
		drop(c->transfer);
}

static void on_accepted(void *arg, struct sub *sub, struct sip_msg *msg)
{
	(void)sub;
	say(arg, 100, SLICE_LIT("Accepted"), msg, false);
}

static void on_notify(void *arg, struct sub *sub, const struct sub_news *news)
{
	struct slice reason;
	unsigned status;

	(void)sub;
	if (refer_news(news, &status, &reason))
		say(arg, status, reason, news->msg, news->state.state == SUB_TERMINATED);
}

static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	struct transfer_out *t = arg;
	struct slice reason;
	unsigned status;

	(void)sub;
	refer_end(end, &status, &reason);
	/* Else the last NOTIFY has said it. */
	if (end->status || !end->msg || !end->msg->is_request)
		say(t, status, reason, end->msg, true);
	drop(t);
}

/* ---- the request ---- */

static int send_refer(struct transfer_out *t, const char *refer_to)
{
	struct call *c = t->call;
	struct sub_cfg cfg = {.package = &pkg_refer,
		.method = SIP_REFER,
		.contact = slice_of(c->contact),
		.handler = {.notify = on_notify, .accepted = on_accepted, .ended = on_ended, .arg = t}};
	const struct refer_headers headers = {
		.refer_to = slice_of(refer_to), .referred_by = inv_local_uri(c->inv), .more = t->extras};
	struct sip_extra *extras;
	int err = refer_extras(&headers, &extras, &cfg.n_extras);

	if (err)
		return err;
	cfg.extras = extras;
	err = sub_subscribe_in(&c->phone->subs, &cfg, inv_dialog(c->inv), &t->sub);
	mem_free(extras);
	return err;
}

static int send_to_other(struct transfer_out *t, const struct call *other)
{
	char *refer_to = mem_alloc(TRANSFER_TEXT_MAX);
	int err =
		refer_to ? replaces_refer_to(inv_dialog(other->inv), refer_to, TRANSFER_TEXT_MAX) : OH_ENOMEM;

	if (!err)
		err = send_refer(t, refer_to);
	mem_free(refer_to);
	return err;
}

/* RFC 5589 7.6: what goes on when the one who wanted it talks to nobody yet. */
void transfer_other_moved(struct call *other, unsigned status)
{
	if (!other->phone->n_waiting_transfers)
		return;
	LIST_FOREACH_SAFE (it, &other->phone->calls) {
		struct call *c = CONTAINER_OF(it, struct call, node);
		struct transfer_out *t = c->transfer;

		if (!t || t->other != other->id)
			continue;
		stop_waiting(t);
		if (!status && send_to_other(t, other) != 0)
			status = 500;
		if (status) {
			say(t, status, SLICE_NONE, NULL, true);
			drop(t);
		}
	}
}

/* ---- the API ---- */

struct transfer_args {
	offhook_id call, other; /* other 0: blind */
	char *refer_to;
	struct extras *extras;
};

static int find_other(const struct offhook_phone *p, const struct transfer_args *a, struct call **ret_other)
{
	int err;

	if (!a->other) {
		*ret_other = NULL;
		return 0;
	}
	if (a->other == a->call)
		return err_detail(OH_EINVAL, "a call cannot take its own place");
	err = call_operand(p, a->other, ret_other);
	return err;
}

static int transfer_run(struct offhook_phone *p, void *arg)
{
	struct transfer_args *a = arg;
	struct transfer_out *t;
	struct call *c, *other;
	int err = call_operand(p, a->call, &c);

	if (!err)
		err = find_other(p, a, &other);
	if (err)
		return err;
	if (c->state != OFFHOOK_CALL_CONFIRMED)
		return err_detail(OH_ESTATE, "the call is not confirmed");
	if (c->transfer)
		return err_detail(OH_EBUSY, "another transfer of this call is open");
	t = mem_zalloc(sizeof(*t));
	if (!t)
		return OH_ENOMEM;
	t->call = c;
	t->cause = p->commands.cause;
	t->extras = a->extras;
	if (!other)
		err = send_refer(t, a->refer_to);
	else if (other->state == OFFHOOK_CALL_CONFIRMED)
		err = send_to_other(t, other);
	else
		t->other = other->id;
	if (err) {
		mem_free(t);
		return err;
	}
	a->extras = NULL; /* the transfer's from now on */
	c->transfer = t;
	p->n_waiting_transfers += t->other != 0;
	return 0;
}

static int run(
	struct offhook_phone *phone, struct transfer_args *a, const struct offhook_header *headers, size_t n)
{
	int err = extras_new(headers, n, &a->extras);

	if (!err)
		err = phone_command(phone, transfer_run, a);
	mem_free(a->extras);
	return err;
}

int offhook_call_transfer(struct offhook_phone *phone, offhook_id call, const char *uri,
	const struct offhook_header *headers, size_t n_headers)
{
	struct transfer_args args = {.call = call};
	int err;

	err_detail_clear();
	err = refer_to_text(uri, &args.refer_to);
	if (!err)
		err = run(phone, &args, headers, n_headers);
	mem_free(args.refer_to);
	return err;
}

int offhook_call_transfer_to(struct offhook_phone *phone, offhook_id call, offhook_id other,
	const struct offhook_header *headers, size_t n_headers)
{
	struct transfer_args args = {.call = call, .other = other};

	err_detail_clear();
	if (!other)
		return err_detail(OH_ENOENT, "no such other call");
	return run(phone, &args, headers, n_headers);
}

static int stop_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct call *c;
	int err = call_operand(p, *id, &c);

	if (err)
		return err;
	if (!c->transfer)
		return err_detail(OH_ESTATE, "no transfer of this call is open");
	drop(c->transfer);
	return 0;
}

int offhook_call_transfer_stop(struct offhook_phone *phone, offhook_id call)
{
	return phone_command(phone, stop_run, &call);
}
