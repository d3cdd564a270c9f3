/*
 * Dialogs: RFC 3261 12. A dialog is two blocks of memory: itself with the texts that never change (Call-ID,
 * both names with their tags), and its path (remote target and route set), which is replaced as a whole when
 * the target is refreshed or the 2xx brings the routes anew. So every change either happens or leaves no
 * trace.
 */
#include "sip/dialog.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/dialog_path.h"
#include "sip/stack_impl.h"

#define TAG_LEN 16u

struct dialog {
	struct sip_dialog_entry entry;
	struct sip_stack *stack;
	struct dialog_handler handler;
	struct sip_flow flow;
	struct sip_auth *auth;
	struct sip_auth_scope scope;
	uint64_t about;
	struct slice local, remote;     /* From/To values with their tags */
	size_t local_base, remote_base; /* their length without the tag */
	uint32_t local_seq, remote_seq; /* 0: none yet */
	enum { MAKER_HERE, MAKER_SAYS_BYE, MAKER_CLOSED, MAKER_GONE } maker;
	struct list usages; /* struct dialog_usage: they keep it when its maker has gone */
	size_t n_usages;
	bool was_shared;
	bool secure; /* RFC 3261 12.1.1: nothing but TLS will do */
	struct dialog_path *path;
	struct slice next_target; /* the Contact of a request that is not accepted yet; its own block */
	char texts[];
};

/* ---- texts ---- */

/* A name-addr without the parameters of the header: they are the header's, not the party's. */
static struct slice addr_base(const struct sip_addr *a)
{
	struct slice base = slice_trim(a->text);

	if (slice_present(a->params))
		base.n = (size_t)(a->params.p - base.p) - 1;
	return slice_trim(base);
}

/* "base;tag=tag", or the base alone for a null tag (RFC 2543). */
static struct slice put_party(char **at, struct slice base, struct slice tag, struct slice *ret_tag)
{
	struct slice value = dialog_put(at, base);

	if (slice_empty(tag)) {
		*ret_tag = slice_make(*at, 0);
		return value;
	}
	value.n += dialog_put(at, SLICE_LIT(";tag=")).n;
	*ret_tag = dialog_put(at, tag);
	value.n += tag.n;
	return value;
}

static void set_path(struct dialog *d, struct dialog_path *path)
{
	mem_free(d->path);
	d->path = path;
}

/* ---- life ---- */

static void receive(struct sip_dialog_entry *e, struct sip_msg *msg, struct sip_server *server);

struct parties {
	struct slice call_id;
	const struct sip_addr *local, *remote;
	struct slice local_tag, remote_tag;
};

/* Takes the path, also on failure. */
static int dialog_new(struct sip_stack *s, const struct dialog_handler *handler, const struct parties *who,
	const struct sip_flow *flow, struct dialog_path *path, struct dialog **ret_dialog)
{
	struct slice local = addr_base(who->local), remote = addr_base(who->remote);
	size_t tags = who->local_tag.n + who->remote_tag.n + 2 * strlen(";tag=");
	size_t size = who->call_id.n + local.n + remote.n + tags;
	struct dialog *d = NULL;
	char *at;

	if (size > DIALOG_TEXT_MAX) {
		mem_free(path);
		return OH_ETOOBIG;
	}
	d = mem_zalloc(sizeof(*d) + size);
	if (!d) {
		mem_free(path);
		return OH_ENOMEM;
	}
	at = d->texts;
	d->stack = s;
	d->handler = *handler;
	d->flow = *flow;
	d->path = path;
	d->entry.call_id = dialog_put(&at, who->call_id);
	d->local = put_party(&at, local, who->local_tag, &d->entry.local_tag);
	d->remote = put_party(&at, remote, who->remote_tag, &d->entry.remote_tag);
	d->local_base = local.n;
	d->remote_base = remote.n;
	d->entry.receive = receive;
	list_init(&d->usages);
	sip_dialog_add(s, &d->entry);
	*ret_dialog = d;
	return 0;
}

int dialog_new_uac(struct sip_stack *s, const struct dialog_uac_cfg *cfg, struct sip_msg *response,
	const struct sip_flow *flow, struct dialog **ret_dialog)
{
	struct parties who = {.call_id = sip_msg_call_id(response),
		.local_tag = sip_msg_from_tag(response),
		.remote_tag = sip_msg_to_tag(response)};
	struct dialog_path *path;
	struct dialog *d;
	int err = sip_msg_from(response, &who.local);

	if (err == 0)
		err = sip_msg_to(response, &who.remote);
	if (err == 0)
		err = path_from_msg(response, ROUTES_REVERSED, cfg->target, &path);
	if (err == 0)
		err = dialog_new(s, &cfg->handler, &who, flow, path, &d);
	if (err)
		return err;
	d->local_seq = cfg->local_seq;
	if (cfg->client) {
		d->auth = sip_auth_ref(sip_client_auth(cfg->client));
		d->scope = sip_client_scope(cfg->client);
		d->about = sip_client_about(cfg->client);
		d->secure = sip_client_is_secure(cfg->client);
	}
	*ret_dialog = d;
	return 0;
}

int dialog_new_uas(struct sip_stack *s, const struct dialog_handler *handler, struct sip_msg *request,
	const struct sip_flow *flow, struct dialog **ret_dialog)
{
	char tag[TAG_LEN + 1];
	struct parties who = {.call_id = sip_msg_call_id(request), .remote_tag = sip_msg_from_tag(request)};
	const struct sip_cseq *cseq;
	const struct sip_via *via;
	const struct sip_uri *ruri;
	struct dialog_path *path;
	struct dialog *d;
	int err = sip_msg_to(request, &who.local);

	if (err == 0)
		err = sip_msg_from(request, &who.remote);
	if (err == 0)
		err = sip_msg_cseq(request, &cseq);
	if (err == 0)
		err = sip_msg_via(request, &via);
	/* RFC 2543 did not ask for a Contact: its callers are where their From says. */
	if (err == 0)
		err = path_from_msg(
			request, ROUTES_AS_THEY_STAND, via->magic ? SLICE_NONE : who.remote->uri.text, &path);
	if (err)
		return err;
	sip_stack_token(s, tag, TAG_LEN);
	who.local_tag = slice_make(tag, TAG_LEN);
	err = dialog_new(s, handler, &who, flow, path, &d);
	if (err)
		return err;
	d->remote_seq = cseq->number;
	/* 12.1.1. A sips URI that came in clear binds us no less: the next hop is not to be worse. */
	d->secure = sip_msg_ruri(request, &ruri) == 0 && ruri->scheme == SIP_SCHEME_SIPS;
	*ret_dialog = d;
	return 0;
}

int dialog_new_notified(struct sip_stack *s, const struct dialog_uac_cfg *cfg, struct sip_msg *notify,
	const struct sip_flow *flow, struct dialog **ret_dialog)
{
	struct parties who = {.call_id = sip_msg_call_id(notify),
		.local_tag = sip_msg_to_tag(notify),
		.remote_tag = sip_msg_from_tag(notify)};
	const struct sip_cseq *cseq;
	struct dialog_path *path;
	struct dialog *d;
	int err = sip_msg_to(notify, &who.local);

	if (err == 0)
		err = sip_msg_from(notify, &who.remote);
	if (err == 0)
		err = sip_msg_cseq(notify, &cseq);
	if (err == 0)
		err = path_from_msg(notify, ROUTES_AS_THEY_STAND, SLICE_NONE, &path);
	if (err == 0)
		err = dialog_new(s, &cfg->handler, &who, flow, path, &d);
	if (err)
		return err;
	d->local_seq = cfg->local_seq;
	d->remote_seq = cseq->number;
	if (cfg->client) {
		d->auth = sip_auth_ref(sip_client_auth(cfg->client));
		d->scope = sip_client_scope(cfg->client);
		d->secure = sip_client_is_secure(cfg->client);
	}
	*ret_dialog = d;
	return 0;
}

void dialog_set_secure(struct dialog *d)
{
	d->secure = true;
}

bool sip_msg_wants_sips(struct sip_msg *request)
{
	const struct sip_addr *list, *contact;
	const struct sip_uri *ruri;
	size_t n;

	if (sip_msg_ruri(request, &ruri) == 0 && ruri->scheme == SIP_SCHEME_SIPS)
		return true;
	if (sip_msg_routes(request, SIP_HDR_RECORD_ROUTE, &list, &n) == 0 && n)
		return list[0].uri.scheme == SIP_SCHEME_SIPS;
	return sip_msg_contact(request, &contact) == 0 && !contact->star &&
	       contact->uri.scheme == SIP_SCHEME_SIPS;
}

void dialog_set_auth(struct dialog *d, struct sip_auth *auth)
{
	struct sip_auth *old = d->auth;

	d->auth = sip_auth_ref(auth);
	d->scope = (struct sip_auth_scope){.where = SIP_AUTH_THEIR_DIALOG};
	sip_auth_unref(old);
}

static void destroy(struct dialog *d)
{
	sip_auth_unref(d->auth);
	mem_free((char *)d->next_target.p);
	mem_free(d->path);
	mem_free(d);
}

void dialog_close(struct dialog *d)
{
	if (!d || d->maker >= MAKER_CLOSED)
		return;
	d->maker = MAKER_CLOSED;
	LIST_FOREACH_SAFE (it, &d->usages) {
		struct dialog_usage *u = CONTAINER_OF(it, struct dialog_usage, link);

		u->may_send(u);
	}
	if (list_empty(&d->usages))
		sip_dialog_remove(d->stack, &d->entry);
}

struct dialog *dialog_free(struct dialog *d)
{
	if (!d)
		return NULL;
	dialog_close(d);
	d->maker = MAKER_GONE;
	if (list_empty(&d->usages))
		destroy(d);
	return NULL;
}

/* ---- further usages ---- */

int dialog_join(struct dialog *d, struct dialog_usage *u)
{
	if (d->n_usages == DIALOG_USAGES_MAX)
		return err_detail(OH_ETOOMANY, "a dialog holds at most %u subscriptions", DIALOG_USAGES_MAX);
	if (d->maker >= MAKER_CLOSED && list_empty(&d->usages))
		sip_dialog_add(d->stack, &d->entry);
	list_append(&d->usages, &u->link);
	d->n_usages++;
	d->was_shared = true;
	return 0;
}

bool dialog_ends_usage(const struct dialog *d)
{
	return d->maker == MAKER_SAYS_BYE;
}

bool dialog_was_shared(const struct dialog *d)
{
	return d->was_shared;
}

void dialog_leave(struct dialog *d, struct dialog_usage *u)
{
	if (!list_linked(&u->link))
		return;
	list_remove(&u->link);
	d->n_usages--;
	if (!list_empty(&d->usages) || d->maker < MAKER_CLOSED)
		return;
	sip_dialog_remove(d->stack, &d->entry);
	if (d->maker == MAKER_GONE)
		destroy(d);
}

/* ---- before there is a dialog ---- */

static void receive_half(struct sip_dialog_entry *e, struct sip_msg *msg, struct sip_server *server)
{
	struct dialog_half *h = CONTAINER_OF(e, struct dialog_half, entry);

	if (server)
		h->notified(h, msg, server);
}

void dialog_half_open(
	struct sip_stack *s, struct dialog_half *h, struct slice call_id, struct slice local_tag)
{
	h->entry.call_id = call_id;
	h->entry.local_tag = local_tag;
	h->entry.remote_tag = SLICE_LIT("");
	h->entry.receive = receive_half;
	sip_dialog_add(s, &h->entry);
}

void dialog_half_close(struct sip_stack *s, struct dialog_half *h)
{
	if (h->entry.receive)
		sip_dialog_remove(s, &h->entry);
	h->entry.receive = NULL;
}

struct dialog *dialog_find(
	struct sip_stack *s, struct slice call_id, struct slice local_tag, struct slice remote_tag)
{
	struct sip_dialog_entry *e = sip_dialog_find(s, call_id, local_tag, remote_tag);

	return e && e->receive == receive ? CONTAINER_OF(e, struct dialog, entry) : NULL;
}

const struct dialog_handler *dialog_maker(const struct dialog *d)
{
	return &d->handler;
}

int dialog_confirm(struct dialog *d, struct sip_msg *response)
{
	struct dialog_path *path;
	int err = path_from_msg(response, ROUTES_REVERSED, d->path->target, &path);

	if (err == 0)
		set_path(d, path);
	return err;
}

/* ---- requests in: RFC 3261 12.2.2 ---- */

/* The Contact of a message, absent when it has none; never "*". */
static int contact_of(struct sip_msg *msg, struct slice *ret_target)
{
	const struct sip_addr *contact;
	int err = sip_msg_contact(msg, &contact);

	if (err == OH_ENOENT) {
		*ret_target = SLICE_NONE;
		return 0;
	}
	if (err == 0 && (contact->star || contact->uri.text.n > DIALOG_TEXT_MAX))
		err = OH_ESYNTAX;
	if (err == 0)
		*ret_target = contact->uri.text;
	return err;
}

static int keep_next_target(struct dialog *d, struct sip_msg *msg)
{
	struct slice target, copy = SLICE_NONE;
	int err = contact_of(msg, &target);

	if (err)
		return err;
	if (slice_present(target) && !slice_eq(target, d->path->target)) {
		copy = slice_make(slice_dup(target), target.n);
		if (!copy.p)
			return OH_ENOMEM;
	}
	mem_free((char *)d->next_target.p);
	d->next_target = copy;
	return 0;
}

static bool refreshes_target(enum sip_method method)
{
	switch (method) {
	case SIP_INVITE:
	case SIP_UPDATE:
	case SIP_SUBSCRIBE: /* RFC 6665 3.1, 3.2 */
	case SIP_NOTIFY:
	case SIP_REFER: /* RFC 3515 2.2 */
		return true;
	default:
		return false;
	}
}

/* True: a usage has taken it. It may free the dialog. */
static bool offer_to_usages(struct dialog *d, struct sip_msg *msg, struct sip_server *server)
{
	if (msg->method != SIP_SUBSCRIBE && msg->method != SIP_NOTIFY)
		return false;
	LIST_FOREACH_SAFE (it, &d->usages) {
		struct dialog_usage *u = CONTAINER_OF(it, struct dialog_usage, link);

		if (u->request(u, msg, server))
			return true;
	}
	return false;
}

static void receive(struct sip_dialog_entry *e, struct sip_msg *msg, struct sip_server *server)
{
	struct dialog *d = CONTAINER_OF(e, struct dialog, entry);
	const struct sip_cseq *cseq;
	int err;

	/* An ACK repeats the number of the INVITE that it confirms: it is never out of order. */
	if (!server) {
		if (d->maker < MAKER_CLOSED)
			d->handler.request(d->handler.arg, msg, NULL);
		return;
	}
	if (sip_msg_cseq(msg, &cseq) != 0) {
		sip_refuse(server, 400, "Bad CSeq");
		return;
	}
	/* Only a lower number is wrong: a gap is what is left of requests that a proxy challenged. */
	if (cseq->number < d->remote_seq) {
		sip_refuse(server, 500, "CSeq Out Of Order");
		return;
	}
	if (refreshes_target(msg->method)) {
		err = keep_next_target(d, msg);
		if (err) {
			sip_refuse(server, err == OH_ENOMEM ? 500 : 400,
				err == OH_ENOMEM ? NULL : "Bad Contact");
			return;
		}
	}
	d->remote_seq = cseq->number;
	d->flow = *sip_server_flow(server);
	if (offer_to_usages(d, msg, server))
		return;
	if (d->maker < MAKER_CLOSED)
		d->handler.request(d->handler.arg, msg, server);
	else
		sip_refuse(server, 481, NULL);
}

int dialog_refresh_target(struct dialog *d, struct sip_msg *msg)
{
	struct dialog_path *path;
	struct slice target;
	int err = contact_of(msg, &target);

	if (err || !slice_present(target) || slice_eq(target, d->path->target))
		return err;
	err = path_retarget(d->path, target, &path);
	if (err == 0)
		set_path(d, path);
	return err;
}

int dialog_retarget(struct dialog *d, struct slice uri)
{
	struct dialog_path *path;
	int err = uri.n > DIALOG_TEXT_MAX ? OH_ETOOBIG : path_retarget(d->path, uri, &path);

	if (err == 0)
		set_path(d, path);
	return err;
}

void dialog_accept_target(struct dialog *d)
{
	struct dialog_path *path;

	/* Out of memory: the old target is still an address that the peer gave; better than no call. */
	if (slice_present(d->next_target) && path_retarget(d->path, d->next_target, &path) == 0)
		set_path(d, path);
	mem_free((char *)d->next_target.p);
	d->next_target = SLICE_NONE;
}

/* ---- requests out: RFC 3261 12.2.1.1 ---- */

static void fill(const struct dialog *d, struct sip_request *req)
{
	req->target = d->path->target;
	req->routes = d->path->routes;
	req->n_routes = d->path->n_routes;
	req->from = d->local;
	req->to = d->remote;
	req->call_id = d->entry.call_id;
	req->prefer = d->flow.transport;
	/* Without proxies between us the other end of the peer's connection is the peer, perhaps behind a NAT box or without a
	 * listener of its own (RFC 7118 5): we stay on it while it is there. */
	if (d->path->n_routes == 0 && sip_flow_is_connected(&d->flow) &&
		(!d->secure || sip_transport_is_secure(sip_transport_type(d->flow.transport))))
		req->flow = d->flow;
	req->auth = d->auth;
	req->scope = d->scope;
	req->about = d->about;
	req->secure = d->secure;
}

/* RFC 3261 8.1.1.5: the first number is free, below 2**31; a small one leaves room to count. */
static uint32_t next_seq(const struct dialog *d)
{
	return 1 + (d->local_seq ? d->local_seq : host_random_below(sip_stack_host(d->stack), 30000));
}

int dialog_send(struct dialog *d, const struct dialog_request *r, const struct sip_client_handler *handler,
	struct sip_client **ret_client)
{
	struct sip_request req = {.method = r->method,
		.method_text = r->method_text,
		.contact = r->contact,
		.extras = r->extras,
		.n_extras = r->n_extras,
		.content_type = r->content_type,
		.body = r->body};
	int err;

	fill(d, &req);
	req.cseq = next_seq(d);
	err = sip_client_send(d->stack, &req, handler, ret_client);
	if (err == 0)
		d->local_seq = req.cseq;
	if (err == 0 && r->method == SIP_BYE && d->maker == MAKER_HERE)
		d->maker = MAKER_SAYS_BYE;
	return err;
}

int dialog_ack(struct dialog *d, const struct dialog_ack *ack, struct sip_ack **ret_ack)
{
	struct sip_request req = {.method = SIP_ACK,
		.cseq = ack->cseq,
		.invite = ack->invite,
		.content_type = ack->content_type,
		.body = ack->body};

	fill(d, &req);
	return sip_ack_send(d->stack, &req, ret_ack);
}

void dialog_moved(struct dialog *d, const struct netaddr *local)
{
	d->flow.local = *local;
}

/* ---- questions ---- */

uint32_t dialog_local_seq(const struct dialog *d)
{
	return d->local_seq;
}

uint32_t dialog_next_seq(struct dialog *d)
{
	d->local_seq = next_seq(d);
	return d->local_seq;
}

struct slice dialog_call_id(const struct dialog *d)
{
	return d->entry.call_id;
}

struct slice dialog_local_tag(const struct dialog *d)
{
	return d->entry.local_tag;
}

struct slice dialog_remote_tag(const struct dialog *d)
{
	return d->entry.remote_tag;
}

struct slice dialog_local_uri(const struct dialog *d)
{
	return slice_make(d->local.p, d->local_base);
}

struct slice dialog_remote_uri(const struct dialog *d)
{
	return slice_make(d->remote.p, d->remote_base);
}

struct slice dialog_remote_target(const struct dialog *d)
{
	return d->path->target;
}

const struct sip_flow *dialog_flow(const struct dialog *d)
{
	return &d->flow;
}
