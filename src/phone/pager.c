/* Pager-mode messages: RFC 3428. */
#include "phone/pager.h"

#include "base/mem.h"
#include "offhook/message.h"
#include "phone/account_way.h"
#include "phone/call_impl.h"
#include "phone/typing.h"
#include "phone/uri_text.h"
#include "session/composing.h"

#define CALL_ID_LENGTH 24
#define TAG_LENGTH     16
#define TYPE_DEFAULT   "text/plain;charset=UTF-8"

/* ---- theirs ---- */

static void answer(struct sip_server *server, unsigned status, struct sip_extra extra)
{
	struct sip_reply reply = {.status = status, .extras = &extra, .n_extras = 1};

	if (sip_respond(server, &reply) == OH_ENOMEM)
		sip_refuse(server, status, NULL);
}

void pager_take(struct offhook_phone *p, const struct account *a, struct call *c, struct sip_msg *msg,
	struct sip_server *server)
{
	struct subject *subject = c ? c->subject : NULL;
	struct event_say say = {.type = OFFHOOK_EVENT_MESSAGE,
		.subject = subject,
		.account = a ? a->id : 0,
		.message = msg->raw,
		.proven_user = sip_server_proven(server)};

	if (sip_msg_hdr(msg, SIP_HDR_CONTENT_ENCODING)) {
		answer(server, 415, (struct sip_extra){SLICE_LIT("Accept-Encoding"), SLICE_LIT("identity")});
		return;
	}
	if (slice_ieq(sip_msg_content_type(msg), SLICE_LIT(COMPOSING_TYPE))) {
		typing_take(p, a, c, msg, server);
		return;
	}
	typing_ended(p, a, c, msg);
	if (events_room(p, subject)) {
		say.picture = c ? picture_new(c) : NULL;
		if (event_emit(p, &say)) {
			sip_refuse(server, 200, NULL);
			return;
		}
	}
	answer(server, 503, (struct sip_extra){SLICE_LIT("Retry-After"), SLICE_LIT(CALL_RETRY_AFTER)});
}

/* ---- ours ---- */

struct pager {
	struct list node; /* offhook_phone.pagers */
	struct offhook_phone *phone;
	offhook_id id, account;
	struct subject *subject;
	struct sip_client *client;
	uint64_t cause;
	struct event
		*fate; /* made with it, so that its fate can always be told; NULL: nobody wants to know */
};

static void pager_free(struct pager *m)
{
	struct offhook_phone *p = m->phone;

	if (list_linked(&m->node)) {
		list_remove(&m->node);
		p->n_pagers--;
	}
	ids_remove(&p->ids, m->id);
	sip_client_free(m->client);
	subject_unref(m->subject);
	event_free(m->fate);
	mem_free(m);
}

void pagers_free_all(struct offhook_phone *p)
{
	LIST_FOREACH_SAFE (it, &p->pagers)
		pager_free(CONTAINER_OF(it, struct pager, node));
}

static void finish(struct pager *m, const struct sip_msg *msg, int err)
{
	const struct event_say say = {.type = OFFHOOK_EVENT_MESSAGE_SENT,
		.subject = m->subject,
		.account = account_find(m->phone, m->account) ? m->account : 0,
		.status = msg ? msg->status : 0,
		.error = err,
		.message = msg ? msg->raw : SLICE_NONE,
		.cause = m->cause,
		.spare = m->fate};

	m->fate = NULL;
	if (say.spare)
		event_emit(m->phone, &say);
	pager_free(m);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	(void)flow;
	if (msg->status >= 200)
		finish(arg, msg, 0);
}

static void on_done(void *arg, int err)
{
	struct pager *m = arg;

	m->client = NULL;
	finish(m, NULL, err);
}

struct send_args {
	offhook_id account;
	const struct offhook_message *message;
	const struct extras *extras;
	bool silent; /* its fate is not told */
	offhook_id id;
};

static int pager_new(
	struct offhook_phone *p, const struct account *a, const struct send_args *args, struct pager **ret)
{
	struct pager *m = NULL;
	int err;

	if (p->n_pagers >= PAGERS_MAX)
		return err_detail(OH_ETOOMANY, "%u messages are under way", PAGERS_MAX);
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return OH_ENOMEM;
	m->phone = p;
	m->account = a->id;
	m->cause = p->commands.cause;
	m->subject = subject_new(args->message->user_data);
	m->fate = args->silent ? NULL : event_new();
	err = m->subject && (m->fate || args->silent) ? ids_add(&p->ids, ID_MESSAGE, m, &m->id) : OH_ENOMEM;
	if (err) {
		pager_free(m);
		return err;
	}
	m->subject->id = m->id;
	list_append(&p->pagers, &m->node);
	p->n_pagers++;
	*ret = m;
	return 0;
}

/* RFC 3428 4: a request of its own; no Contact, because it makes no dialog. */
static int send_it(
	struct pager *m, const struct account *a, const struct send_args *args, const struct sip_addr *to)
{
	struct sip_stack *s = m->phone->stack;
	const struct sip_client_handler handler = {.response = on_response, .done = on_done, .arg = m};
	const char *type = args->message->content_type;
	char call_id[CALL_ID_LENGTH + 1], tag[TAG_LENGTH + 1];
	char *target = uri_text_target(&to->uri), *identity = uri_text_identity(to), *from = NULL;
	size_t n_from = strlen(a->from) + strlen(";tag=") + TAG_LENGTH + 1;
	struct sip_request req = {.method = SIP_MESSAGE,
		.cseq = 1,
		.extras = args->extras->list,
		.n_extras = args->extras->n,
		.content_type = type && *type ? slice_of(type) : SLICE_LIT(TYPE_DEFAULT),
		.body = slice_make(args->message->body, args->message->body_length)};
	struct slice routes[SIP_ROUTES_MAX];
	int err = OH_ENOMEM;

	sip_stack_token(s, call_id, CALL_ID_LENGTH);
	sip_stack_token(s, tag, TAG_LENGTH);
	from = mem_alloc(n_from);
	if (target && identity && from) {
		snprintf(from, n_from, "%s;tag=%s", a->from, tag);
		req.target = slice_of(target);
		req.from = slice_of(from);
		req.to = slice_of(identity);
		req.call_id = slice_of(call_id);
		account_way_of(m->phone, a, &req, routes);
		err = sip_client_send(s, &req, &handler, &m->client);
	}
	mem_free(target);
	mem_free(identity);
	mem_free(from);
	return err;
}

static int send_run(struct offhook_phone *p, void *arg)
{
	struct send_args *args = arg;
	const struct account *a = args->account ? account_find(p, args->account) : p->default_account;
	struct sip_addr to;
	struct pager *m = NULL;
	int err = phone_check_taking(p);

	if (err)
		return err;
	if (!a)
		return err_detail(OH_ENOENT, args->account ? "no such account" : "the phone has no account");
	if (list_empty(&p->transports))
		return err_detail(OH_ETRANSPORT, "the phone has no transport");
	err = uri_text_parse(args->message->uri, &to);
	if (!err)
		err = pager_new(p, a, args, &m);
	if (err)
		return err;
	args->id = m->id;
	err = send_it(m, a, args, &to);
	if (err)
		pager_free(m);
	return err;
}

int offhook_message_send(struct offhook_phone *phone, offhook_id account,
	const struct offhook_message *message, offhook_id *ret_id)
{
	struct offhook_message ours = {.size = sizeof(ours)};
	struct send_args args = {.account = account, .message = &ours};
	struct extras *extras = NULL;
	int err;

	err_detail_clear();
	err = cfg_take(&ours, sizeof(ours), message);
	if (!err && !ours.uri)
		err = err_detail(OH_EINVAL, "a message needs a URI");
	if (!err && ours.body_length > OFFHOOK_MESSAGE_BODY_MAX)
		err = err_detail(OH_ETOOBIG, "a message holds at most %d bytes", OFFHOOK_MESSAGE_BODY_MAX);
	if (!err)
		err = extras_new(ours.headers, ours.n_headers, &extras);
	if (err)
		return err;
	args.extras = extras;
	err = phone_command(phone, send_run, &args);
	mem_free(extras);
	if (!err && ret_id)
		*ret_id = args.id;
	return err;
}

/* ---- typing ---- */

int offhook_message_typing(
	struct offhook_phone *phone, offhook_id account, const char *uri, offhook_id call, int active)
{
	char buf[COMPOSING_DOC_MAX];
	struct slice doc =
		composing_write(&(struct composing){active != 0, active ? COMPOSING_REFRESH_S : 0}, buf);
	const struct offhook_message m = {.size = sizeof(m),
		.uri = uri,
		.content_type = COMPOSING_TYPE,
		.body = doc.p,
		.body_length = doc.n};
	const struct offhook_request in_call = {.size = sizeof(in_call),
		.method = "MESSAGE",
		.content_type = COMPOSING_TYPE,
		.body = doc.p,
		.body_length = doc.n};
	struct send_args args = {.account = account, .message = &m, .silent = true};
	struct extras *none = NULL;
	int err;

	err_detail_clear();
	if (call)
		return offhook_call_request(phone, call, &in_call);
	if (!uri)
		return err_detail(OH_EINVAL, "typing needs a URI or a call");
	err = extras_new(NULL, 0, &none);
	if (err)
		return err;
	args.extras = none;
	err = phone_command(phone, send_run, &args);
	mem_free(none);
	return err;
}
