/*
 * The requests of a registration: which registrar, by which address, with which Contact. A series is one attempt to
 * register, refresh or unregister: it goes on over addresses and registrars until one decides (RFC 3263 4.3), and mends
 * what a response says is wrong (423, 439, a redirection, our own address).
 */
#include "session/reg_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>

#define CONTACT_MAX (2 * REG_TEXT_MAX)

/* ---- whom it asks ---- */

static struct slice registrar(const struct reg *r)
{
	return r->redirect ? r->redirect->list[0] : r->own->list[REG_N_TEXTS + r->registrar];
}

static const struct slice *routes(const struct reg *r)
{
	return &r->own->list[REG_N_TEXTS + r->n_registrars];
}

/* ---- our Contact ---- */

/* The parameters that a made Contact has besides those of its transport: which of our registrations it is, and that
 * requests inside dialogs shall take the same flow (RFC 5626 4.3). */
static void put_own_params(const struct reg *r, struct text *t)
{
	struct slice line = r->own->list[REG_LINE];

	if (r->setup.reg_id)
		text_str(t, ";ob");
	if (!slice_empty(line))
		text_format(t, ";line=%.*s", SLICE_ARG(line));
}

/* "<sip:user@host:port...>", at the address where the registrar saw us if it told. */
static int make_contact(const struct reg *r, const struct sip_flow *flow, char **ret_contact)
{
	const struct sip_request aim = {
		.target = registrar(r), .routes = routes(r), .n_routes = r->redirect ? 0 : r->n_routes};
	char local[SIP_SENT_BY_MAX + REG_TEXT_MAX], seen[NETADDR_TEXT], buf[CONTACT_MAX];
	struct text t = text_in(buf, sizeof(buf));
	struct slice user = r->own->list[REG_USER], made;
	struct sip_addr addr;
	int err;

	if (!slice_empty(r->own->list[REG_FIXED])) {
		*ret_contact = slice_dup(r->own->list[REG_FIXED]);
		return *ret_contact ? 0 : OH_ENOMEM;
	}
	err = sip_flow_contact_as(flow, sip_request_is_sips(&aim), user, local, sizeof(local), &made);
	if (!err)
		err = sip_addr_parse(made, &addr);
	if (err)
		return err;
	if (r->seen.family == NETADDR_NONE)
		text_format(&t, "%.*s", (int)made.n - 1, made.p);
	else
		text_format(&t, "<%.*s:%.*s%s%s%s%.*s", SLICE_ARG(addr.uri.scheme_text), SLICE_ARG(user),
			slice_empty(user) ? "" : "@", netaddr_text(&r->seen, seen),
			slice_empty(addr.uri.params) ? "" : ";", SLICE_ARG(addr.uri.params));
	put_own_params(r, &t);
	text_str(&t, ">");
	if (t.cut)
		return OH_ETOOBIG;
	*ret_contact = slice_dup(text_slice(&t));
	return *ret_contact ? 0 : OH_ENOMEM;
}

/* A binding that another Contact takes the place of is taken away by the same request, so that the registrar never rings
 * at both. A registrar that knows instances replaces it by itself (RFC 5626 6). */
static int follow_contact(struct reg *r, const struct sip_flow *flow)
{
	char *contact;
	int err;

	if (reg_leaves(r) && r->contact)
		return 0;
	err = make_contact(r, flow, &contact);
	if (err)
		return err;
	if (r->contact && strcmp(r->contact, contact) == 0) {
		mem_free(contact);
		return 0;
	}
	if (r->grant.until_ns && !r->grant.outbound) {
		mem_free(r->old_contact);
		r->old_contact = r->contact;
	} else {
		mem_free(r->contact);
	}
	r->contact = contact;
	return 0;
}

static void put_contacts(const struct reg *r, struct text *t)
{
	struct slice params = r->own->list[REG_PARAMS], instance = r->own->list[REG_INSTANCE];

	text_str(t, r->contact);
	if (!slice_empty(params))
		text_format(t, ";%.*s", SLICE_ARG(params));
	if (!slice_empty(instance))
		text_format(t, ";+sip.instance=\"<%.*s>\"", SLICE_ARG(instance));
	if (r->setup.reg_id)
		text_format(t, ";reg-id=%u", r->setup.reg_id);
	if (r->old_contact)
		text_format(t, ", %s;expires=0", r->old_contact);
}

/* ---- sending ---- */

/* RFC 3261 10.2: the Request-URI is the domain alone. */
static struct slice request_uri(struct slice text, char *buf, size_t cap)
{
	struct sip_uri uri;
	struct text t = text_in(buf, cap);

	if (sip_uri_parse(text, &uri) || (!slice_present(uri.user) && !slice_present(uri.headers)))
		return text;
	text_format(&t, "%.*s:%.*s", SLICE_ARG(uri.scheme_text), SLICE_ARG(uri.host));
	if (uri.port)
		text_format(&t, ":%u", uri.port);
	if (!slice_empty(uri.params))
		text_format(&t, ";%.*s", SLICE_ARG(uri.params));
	return text_slice(&t);
}

static void on_response(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct reg *r = arg;
	struct sip_flow came = *flow;

	if (msg->status < 200)
		return;
	/* The transaction absorbs repeats by itself. */
	r->client = sip_client_free(r->client);
	reg_respond(r, msg, &came);
}

static void on_done(void *arg, int err)
{
	struct reg *r = arg;
	struct reg_happened failed = {.err = err};

	r->client = NULL;
	if (err && !reg_ask_next(r))
		reg_handle(r, REG_EV_FAILED, &failed);
}

static uint32_t next_cseq(void *arg)
{
	struct reg *r = arg;

	return ++r->cseq;
}

static size_t common_extras(const struct reg *r, char supported[32], struct sip_extra *list)
{
	size_t n = 0;

	/* RFC 3327 5.1, RFC 5626 4.2.1, RFC 5627 4.1. */
	snprintf(supported, 32, "path%s%s", r->setup.reg_id ? ", outbound" : "",
		r->setup.gruu ? ", gruu" : "");
	list[n++] = (struct sip_extra){SLICE_LIT("Supported"), slice_of(supported)};
	for (size_t i = 0; r->extras && i < r->extras->n; i += 2)
		list[n++] = (struct sip_extra){r->extras->list[i], r->extras->list[i + 1]};
	return n;
}

static struct sip_request request(struct reg *r, struct slice target)
{
	return (struct sip_request){
		.method = SIP_REGISTER,
		.target = target,
		.routes = routes(r),
		.n_routes = r->n_routes,
		.from = r->own->list[REG_FROM],
		.to = r->own->list[REG_AOR],
		.call_id = r->own->list[REG_CALL_ID],
		.cseq = ++r->cseq,
		.auth = r->auth,
		.secure = r->setup.secure,
		.about = r->about,
	};
}

static int send_over(struct reg *r, const struct sip_flow *flow)
{
	char supported[32], expires[16], uri[REG_TEXT_MAX], contacts[CONTACT_MAX];
	struct sip_extra extras[REG_EXTRAS_MAX + 2];
	struct sip_client_handler handler = {on_response, on_done, r, next_cseq};
	struct text t = text_in(contacts, sizeof(contacts));
	struct sip_request req = request(r, request_uri(registrar(r), uri, sizeof(uri)));
	int err = follow_contact(r, flow);

	if (err)
		return err;
	put_contacts(r, &t);
	if (t.cut)
		return OH_ETOOBIG;
	req.contact = text_slice(&t);
	snprintf(expires, sizeof(expires), "%u", reg_leaves(r) ? 0 : r->setup.expires_s);
	req.n_extras = common_extras(r, supported, extras);
	extras[req.n_extras++] = (struct sip_extra){SLICE_LIT("Expires"), slice_of(expires)};
	req.extras = extras;
	req.flow = *flow;
	req.spare = r->flow + 1 < r->n_flows;
	r->sent_ns = host_now(sip_stack_host(r->stack));
	return sip_client_send(r->stack, &req, &handler, &r->client);
}

/* ---- the way there ---- */

/* Over the address that has its turn or, when it cannot be sent to, over the next ones. */
static int send_somewhere(struct reg *r)
{
	int err = OH_ERESOLVE;

	while (r->flow < r->n_flows) {
		err = send_over(r, &r->flows[r->flow]);
		if (!err)
			break;
		r->flow++;
	}
	return err;
}

/* It is told by the timer, because the caller is in the middle of something. */
static void cannot(struct reg *r, int err)
{
	r->unsent = err;
	sip_stack_arm(r->stack, &r->due, 0);
}

static void drop_flows(struct reg *r)
{
	sip_locate_cancel(r->locate);
	r->locate = NULL;
	mem_free(r->flows);
	r->flows = NULL;
	r->n_flows = r->flow = 0;
	r->second_best = false;
}

static bool others_aside(const struct reg *r)
{
	for (size_t i = 0; i < r->n_flows; i++)
		if (i != r->flow && sip_flow_aside(r->stack, &r->flows[i]))
			return true;
	return false;
}

static void located(void *arg, int err, const struct sip_flow *flows, size_t n)
{
	struct reg *r = arg;
	bool later = r->locate != NULL;

	r->locate = NULL;
	if (!err) {
		r->flows = mem_alloc(n * sizeof(*flows));
		err = r->flows ? 0 : OH_ENOMEM;
	}
	if (!err) {
		memcpy(r->flows, flows, n * sizeof(*flows));
		r->n_flows = n;
		r->second_best = others_aside(r);
		sip_decided_target(r->stack, r->about, SLICE_LIT("REGISTER"), &flows[0]);
	}
	r->locate_err = err;
	if (!later)
		return; /* locate() goes on */
	if (!err)
		err = send_somewhere(r);
	if (err && !reg_ask_next(r))
		cannot(r, err);
}

/* RFC 3261 8.1.2. A redirection names its server itself. */
static int locate(struct reg *r)
{
	struct sip_request req = {.target = registrar(r), .prefer = r->prefer, .secure = r->setup.secure};
	struct sip_uri list[SIP_HOPS_MAX];
	struct sip_hops hops;
	int err;

	drop_flows(r);
	if (!r->redirect) {
		req.routes = routes(r);
		req.n_routes = r->n_routes;
		req.servers = routes(r) + r->n_routes;
		req.n_servers = r->n_servers;
	}
	err = sip_request_hops(&req, list, &hops);
	if (err)
		return err;
	r->locate_err = 0;
	err = sip_locate_any(r->stack, &hops, located, r, &r->locate);
	if (err || r->locate)
		return err;
	return r->locate_err ? r->locate_err : send_somewhere(r);
}

static int ask_here(struct reg *r)
{
	if (r->flow < r->n_flows)
		return send_somewhere(r);
	return locate(r);
}

void reg_forget_way(struct reg *r)
{
	drop_flows(r);
	mem_free(r->redirect);
	r->redirect = NULL;
}

static void ask_at(struct reg *r, size_t registrar)
{
	if (r->registrar != registrar) {
		reg_forget_way(r);
		r->seen = (struct netaddr){0}; /* by whom it is no longer known */
	}
	r->registrar = r->tried = registrar;
}

static void say_next(const struct reg *r)
{
	const struct sip_flow *to = &r->flows[r->flow];
	char new[NETADDR_TEXT], old[NETADDR_TEXT];

	sip_decided(r->stack, SIP_DECIDED_FAILOVER, r->about, "REGISTER goes to %s %s instead of %s",
		sip_transport_name(sip_transport_type(to->transport)), netaddr_text(&to->remote, new),
		netaddr_text(&to[-1].remote, old));
}

/* Registrars in order from the first one; behind the last one it is over. */
bool reg_ask_next(struct reg *r)
{
	if (r->flow < r->n_flows)
		r->flow++;
	if (r->flow < r->n_flows) {
		r->second_best = true;
		say_next(r);
		if (send_somewhere(r) == 0)
			return true;
	}
	while (!reg_leaves(r) && ++r->tried < r->n_registrars) {
		ask_at(r, r->tried);
		if (locate(r) == 0)
			return true;
	}
	return false;
}

bool reg_ask_again(struct reg *r)
{
	int err;

	if (++r->again > REG_AGAIN_MAX)
		return false;
	err = ask_here(r);
	if (err)
		cannot(r, err);
	return true;
}

/* RFC 3261 10.2.4: a refresh goes where the registration went, for as long as that works; but from a backup the first
 * registrar is asked whether it is well again, and from a second server of its name (RFC 3263 4.3) the name is looked up
 * anew when the time of those that had failed has passed. */
void reg_ask(struct reg *r)
{
	int err;

	r->again = 0;
	r->retry_after_s = -1;
	ask_at(r, reg_leaves(r) ? r->bound_at : 0);
	/* ... and from a list of servers the first that is well is taken. */
	if (!reg_leaves(r) && (r->n_servers || (r->second_best && !others_aside(r))))
		drop_flows(r);
	err = ask_here(r);
	if (err && !reg_ask_next(r))
		cannot(r, err);
}

void reg_ask_drop(struct reg *r)
{
	sip_locate_cancel(r->locate);
	r->locate = NULL;
	r->client = sip_client_free(r->client);
}

/* It is not waited for: what the registrar does not hear runs out by itself. */
void reg_leave_backup(struct reg *r)
{
	static const struct sip_extra gone = {SLICE_LIT("Expires"), SLICE_LIT("0")};
	char uri[REG_TEXT_MAX];
	struct sip_request req =
		request(r, request_uri(r->own->list[REG_N_TEXTS + r->bound_at], uri, sizeof(uri)));
	struct sip_client *client;

	req.contact = slice_of(r->old_contact ? r->old_contact : r->contact);
	req.extras = &gone;
	req.n_extras = 1;
	req.flow = r->grant.flow;
	if (sip_client_send(r->stack, &req, &(struct sip_client_handler){0}, &client) == 0)
		sip_client_free(client);
}

/* ---- fetching ---- */

static void on_fetched(void *arg, struct sip_msg *msg, const struct sip_flow *flow)
{
	struct reg *r = arg;

	(void)flow;
	if (msg->status < 200)
		return;
	r->fetch = sip_client_free(r->fetch);
	if (r->handler.bindings)
		r->handler.bindings(r->handler.arg, msg->status < 300 ? 0 : OH_EREGISTRAR, msg);
}

static void on_fetch_done(void *arg, int err)
{
	struct reg *r = arg;

	r->fetch = NULL;
	if (err && r->handler.bindings)
		r->handler.bindings(r->handler.arg, err, NULL);
}

int reg_fetch(struct reg *r)
{
	char supported[32], uri[REG_TEXT_MAX];
	struct sip_extra extras[REG_EXTRAS_MAX + 2];
	struct sip_client_handler handler = {on_fetched, on_fetch_done, r, next_cseq};
	struct sip_request req;

	if (r->fetch)
		return OH_EBUSY;
	req = request(r, request_uri(registrar(r), uri, sizeof(uri)));
	req.n_extras = common_extras(r, supported, extras);
	req.extras = extras;
	req.prefer = r->prefer;
	req.flow = r->grant.flow;
	return sip_client_send(r->stack, &req, &handler, &r->fetch);
}
