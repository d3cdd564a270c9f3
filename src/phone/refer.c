#include "phone/refer.h"

#include "base/mem.h"
#include "offhook/refer.h"
#include "phone/asker.h"
#include "phone/transfer.h"
#include "phone/uri_text.h"
#include "session/pkg_refer.h"

struct refer {
	struct list node; /* offhook_phone.refers */
	struct offhook_phone *phone;
	offhook_id id;
	struct subject *subject;
	struct asker asker;
	uint64_t cause;
	char *refer_to, *referred_by;
	struct extras *extras; /* the program's */
	bool without_sub;
	struct event *last; /* made with it, so that its end can always be told */
	struct sip_locate *locate;
	struct sub *sub;
	int err;    /* why nobody could be asked */
	bool heard; /* somebody has answered: nobody else is asked */
	size_t n_ways, next;
	struct sip_flow ways[SIP_WAYS_MAX]; /* where he may be, best first (RFC 3263 4.2) */
};

/* ---- what is sent ---- */

static bool has(const struct extras *x, enum sip_hdr_id id)
{
	for (size_t i = 0; i < x->n; i++)
		if (sip_hdr_of(x->list[i].name) == id)
			return true;
	return false;
}

int refer_extras(const struct refer_headers *h, struct sip_extra **ret_list, size_t *ret_n)
{
	struct sip_extra *list = mem_alloc((h->more->n + 3) * sizeof(*list));
	size_t n = 0;

	if (!list)
		return OH_ENOMEM;
	list[n++] = (struct sip_extra){SLICE_LIT("Refer-To"), h->refer_to};
	if (h->without_sub)
		list[n++] = (struct sip_extra){SLICE_LIT("Refer-Sub"), SLICE_LIT("false")};
	/* RFC 3892 2.1. */
	if (!slice_empty(h->referred_by) && !has(h->more, SIP_HDR_REFERRED_BY))
		list[n++] = (struct sip_extra){SLICE_LIT("Referred-By"), h->referred_by};
	if (h->more->n)
		memcpy(&list[n], h->more->list, h->more->n * sizeof(*list));
	*ret_list = list;
	*ret_n = n + h->more->n;
	return 0;
}

int refer_to_text(const char *uri, char **ret_text)
{
	struct sip_addr addr;
	int err = uri_text_parse(uri, &addr);
	char *text;

	if (err)
		return err;
	text = mem_alloc(addr.uri.text.n + 3);
	if (!text)
		return OH_ENOMEM;
	snprintf(text, addr.uri.text.n + 3, "<%.*s>", SLICE_ARG(addr.uri.text));
	*ret_text = text;
	return 0;
}

/* ---- what is told ---- */

static struct event_say word(const struct refer *f)
{
	return (struct event_say){.type = OFFHOOK_EVENT_REFER_STATUS,
		.subject = f->subject,
		.account = account_find(f->phone, f->asker.account) ? f->asker.account : 0,
		.cause = f->cause};
}

static void say(struct refer *f, unsigned status, struct slice reason, const struct sip_msg *msg)
{
	struct event_say w = word(f);

	w.status = status;
	w.reason = slice_present(reason) ? reason : slice_of(sip_reason(status));
	w.message = msg->raw;
	w.repeated = true;
	event_emit(f->phone, &w);
}

static void refer_free(struct refer *f)
{
	struct offhook_phone *p = f->phone;

	if (list_linked(&f->node)) {
		list_remove(&f->node);
		p->n_refers--;
	}
	ids_remove(&p->ids, f->id);
	sip_locate_cancel(f->locate);
	sub_free(f->sub);
	asker_free(&f->asker);
	subject_unref(f->subject);
	event_free(f->last);
	mem_free(f->extras);
	mem_free(f->refer_to);
	mem_free(f->referred_by);
	mem_free(f);
}

void refers_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->refers)
		refer_free(CONTAINER_OF(it, struct refer, node));
}

/* The last word. error: nobody could be asked. */
static void finish(
	struct refer *f, unsigned status, struct slice reason, const struct sip_msg *msg, int error)
{
	struct event_say w = word(f);

	w.status = status;
	w.reason = slice_present(reason) ? reason : slice_of(sip_reason(status));
	w.message = msg ? msg->raw : SLICE_NONE;
	w.error = error;
	w.final = true;
	w.spare = f->last;
	f->last = NULL;
	event_emit(f->phone, &w);
	refer_free(f);
}

/* ---- one after the other of his addresses ---- */

static bool try_ways(struct refer *f, int *ret_err);

static void on_accepted(void *arg, struct sub *sub, struct sip_msg *msg)
{
	struct refer *f = arg;

	(void)sub;
	f->heard = true;
	say(f, 100, SLICE_LIT("Accepted"), msg);
}

static void on_notify(void *arg, struct sub *sub, const struct sub_news *news)
{
	struct refer *f = arg;
	unsigned status;
	struct slice reason;

	(void)sub;
	f->heard = true;
	if (!refer_news(news, &status, &reason))
		return;
	if (news->state.state == SUB_TERMINATED)
		finish(f, status, reason, news->msg, 0);
	else
		say(f, status, reason, news->msg);
}

static void on_ended(void *arg, struct sub *sub, const struct sub_end *end)
{
	struct refer *f = arg;
	unsigned status;
	struct slice reason;
	int err;

	(void)sub;
	f->sub = sub_free(f->sub);
	/* RFC 3263 4.3: nobody there, or one who says that another may be. */
	if (!f->heard && (end->status == 503 || end->status == 408) && try_ways(f, &err))
		return;
	refer_end(end, &status, &reason);
	finish(f, status, reason, end->msg, 0);
}

static int send_to(struct refer *f, const struct sip_flow *flow)
{
	struct sub_cfg cfg = {.package = &pkg_refer,
		.method = SIP_REFER,
		.handler = {.notify = on_notify, .accepted = on_accepted, .ended = on_ended, .arg = f}};
	struct sip_extra *extras = NULL;
	struct sip_request whom;
	char *contact = NULL;
	int err = asker_whom(&f->asker, &whom);

	if (!err)
		err = account_contact_as(
			account_find(f->phone, f->asker.account), flow, sip_request_is_sips(&whom), &contact);
	if (!err)
		err = refer_extras(&(struct refer_headers){slice_of(f->refer_to),
					   f->referred_by ? slice_of(f->referred_by) : whom.from,
					   f->without_sub, f->extras},
			&extras, &cfg.n_extras);
	if (!err) {
		const struct sub_whom to = {.target = whom.target,
			.from = whom.from,
			.to = whom.to,
			.routes = whom.routes,
			.n_routes = whom.n_routes,
			.flow = *flow,
			.auth = whom.auth};

		cfg.contact = slice_of(contact);
		cfg.extras = extras;
		err = sub_subscribe(&f->phone->subs, &cfg, &to, &f->sub);
	}
	mem_free(contact);
	mem_free(extras);
	return err;
}

static bool try_ways(struct refer *f, int *ret_err)
{
	*ret_err = OH_EUNREACH;
	while (f->next < f->n_ways) {
		*ret_err = send_to(f, &f->ways[f->next++]);
		if (!*ret_err)
			return true;
	}
	return false;
}

static void on_located(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct refer *f = arg;
	bool later = f->locate != NULL; /* else begin() is told */

	f->locate = NULL;
	if (!err) {
		memcpy(f->ways, flows, n * sizeof(*flows));
		f->n_ways = n;
		(void)try_ways(f, &err);
	}
	f->err = err;
	if (err && later)
		finish(f, 0, SLICE_NONE, NULL, err);
}

/* RFC 3261 8.1.2; RFC 5626 4.3: who has a flow of his own takes it. */
static int begin(struct refer *f)
{
	struct sip_uri list[SIP_HOPS_MAX];
	struct sip_hops hops;
	struct sip_request whom;
	int err = asker_whom(&f->asker, &whom);

	if (!err && whom.flow.transport)
		on_located(f, 0, &whom.flow, 1);
	else if (!err)
		err = sip_request_hops(&whom, list, &hops);
	if (!err && !whom.flow.transport)
		err = sip_locate_any(f->phone->stack, &hops, on_located, f, &f->locate);
	/* Whom nobody had to be asked for has got it by now. */
	return err ? err : f->err;
}

/* ---- the API ---- */

struct refer_args {
	offhook_id account;
	const struct offhook_refer *cfg;
	char *refer_to, *referred_by; /* taken */
	struct extras *extras;        /* taken */
	offhook_id id;
};

/* He takes our place in a call (RFC 5359 2.15). */
static int place_in_call(struct offhook_phone *p, struct refer_args *args)
{
	struct call *c;
	int err = call_operand(p, args->cfg->call, &c);

	if (err)
		return err;
	if (c->state != OFFHOOK_CALL_CONFIRMED)
		return err_detail(OH_ESTATE, "the call is not confirmed");
	args->refer_to = mem_alloc(TRANSFER_TEXT_MAX);
	return args->refer_to ? replaces_refer_to(inv_dialog(c->inv), args->refer_to, TRANSFER_TEXT_MAX)
			      : OH_ENOMEM;
}

static int refer_new(struct offhook_phone *p, offhook_id account, struct refer_args *args,
	const struct sip_addr *to, struct refer **ret)
{
	struct refer *f;
	int err;

	if (p->n_refers >= REFERS_MAX)
		return err_detail(OH_ETOOMANY, "%u requests of this kind are open", REFERS_MAX);
	f = mem_zalloc(sizeof(*f));
	if (!f)
		return OH_ENOMEM;
	f->phone = p;
	f->cause = p->commands.cause;
	f->without_sub = args->cfg->without_progress != 0;
	f->refer_to = args->refer_to;
	f->referred_by = args->referred_by;
	f->extras = args->extras;
	args->refer_to = args->referred_by = NULL;
	args->extras = NULL;
	f->subject = subject_new(args->cfg->user_data);
	f->last = event_new();
	err = asker_init(&f->asker, p, account, to);
	if (!err)
		err = f->subject && f->last ? ids_add(&p->ids, ID_REFER, f, &f->id) : OH_ENOMEM;
	if (err) {
		refer_free(f);
		return err;
	}
	f->subject->id = f->id;
	list_append(&p->refers, &f->node);
	p->n_refers++;
	*ret = f;
	return 0;
}

static int refer_run(struct offhook_phone *p, void *arg)
{
	struct refer_args *args = arg;
	const struct account *a = args->account ? account_find(p, args->account) : p->default_account;
	struct sip_addr to;
	struct refer *f = NULL;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, args->account ? "no such account" : "the phone has no account");
	if (list_empty(&p->transports))
		return err_detail(OH_ETRANSPORT, "the phone has no transport");
	err = uri_text_parse(args->cfg->uri, &to);
	if (!err && args->cfg->call)
		err = place_in_call(p, args);
	if (!err)
		err = refer_new(p, a->id, args, &to, &f);
	if (err)
		return err;
	args->id = f->id;
	err = begin(f);
	if (err)
		refer_free(f);
	return err;
}

/* "<uri>"; "": not said, and then it stays empty. */
static int take_referred_by(const char *uri, char **ret_text)
{
	if (!uri)
		return 0;
	if (*uri)
		return refer_to_text(uri, ret_text);
	*ret_text = mem_strdup("");
	return *ret_text ? 0 : OH_ENOMEM;
}

int offhook_refer(struct offhook_phone *phone, offhook_id account, const struct offhook_refer *refer,
	offhook_id *ret_id)
{
	struct offhook_refer ours = {.size = sizeof(ours)};
	struct refer_args args = {.account = account, .cfg = &ours};
	int err;

	err_detail_clear();
	err = cfg_take(&ours, sizeof(ours), refer);
	if (!err && !ours.uri)
		err = err_detail(OH_EINVAL, "nobody is named whom to ask");
	if (!err && !ours.refer_to == !ours.call)
		err = err_detail(OH_EINVAL, "either refer_to or call says whom to call");
	if (!err && ours.refer_to)
		err = refer_to_text(ours.refer_to, &args.refer_to);
	if (!err)
		err = take_referred_by(ours.referred_by, &args.referred_by);
	if (!err)
		err = extras_new(ours.headers, ours.n_headers, &args.extras);
	if (!err)
		err = phone_command(phone, refer_run, &args);
	mem_free(args.refer_to);
	mem_free(args.referred_by);
	mem_free(args.extras);
	if (!err && ret_id)
		*ret_id = args.id;
	return err;
}

static int stop_run(struct offhook_phone *p, void *arg)
{
	const offhook_id *id = arg;
	struct refer *f = ids_find(&p->ids, ID_REFER, *id);
	int err = phone_check_open(p);

	if (err)
		return err;
	if (!f)
		return err_detail(OH_ENOENT, "no such request: its last event was told");
	refer_free(f);
	return 0;
}

int offhook_refer_stop(struct offhook_phone *phone, offhook_id id)
{
	return phone_command(phone, stop_run, &id);
}
