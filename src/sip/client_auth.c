/*
 * Challenges to requests of ours: RFC 3261 22.2, 22.3. The request is sent again, with the next number and to the same
 * place, in a transaction of its own; the user keeps its pointer and hears only the outcome.
 */
#include "sip/client_impl.h"

#include "base/err.h"
#include "base/mem.h"

/* Where a request goes first, as the cache of challenges knows it. */
static uint64_t server_key(struct sip_stack *s, const struct sip_request *req)
{
	struct sip_uri hop;

	return request_next_hop(req, &hop) == 0 ? auth_server_key(s, &hop) : 0;
}

static struct slice method_text(const struct sip_client *c)
{
	return slice_make(c->out.text.p, c->out.text.uri - 1);
}

static int print(struct sip_client *c, const struct auth_request *req, char *buf, struct slice *ret_lines)
{
	struct sip_writer w;
	int err;

	sipw_init(&w, buf, CLIENT_CREDENTIALS_MAX);
	err = auth_write(c->auth, req, c->tried, &w);
	if (err == 0)
		*ret_lines = slice_make(buf, w.n);
	return err;
}

int client_auth_begin(struct sip_client *c, const struct sip_request *req, char *buf, struct slice *ret_lines)
{
	struct auth_request r = {.stack = c->out.stack,
		.method = req->method,
		.method_text = req->method ? slice_of(sip_method_name(req->method)) : req->method_text,
		.uri = req->target,
		.body = req->body,
		.scope = req->scope};

	*ret_lines = SLICE_NONE;
	if (!req->auth)
		return 0;
	c->tried = mem_zalloc(sizeof(*c->tried));
	if (!c->tried)
		return OH_ENOMEM;
	c->auth = sip_auth_ref(req->auth);
	c->scope = req->scope;
	c->server = r.server = server_key(c->out.stack, req);
	auth_begin(c->auth, &r, c->tried);
	return print(c, &r, buf, ret_lines);
}

static struct auth_request request_of(const struct sip_client *c)
{
	return (struct auth_request){.stack = c->out.stack,
		.method = c->method,
		.method_text = method_text(c),
		.uri = outgoing_uri(&c->out),
		.body = outgoing_body(&c->out),
		.scope = c->scope,
		.server = c->server};
}

static uint32_t next_number(struct sip_client *c)
{
	uint32_t lowest = c->out.text.number + 1, n = lowest;

	if (c->handler.next_cseq)
		n = c->handler.next_cseq(c->handler.arg);
	return n < lowest ? lowest : n;
}

static int again(struct sip_client *c, struct sip_msg *response)
{
	const struct auth_request req = request_of(c);
	char buf[CLIENT_CREDENTIALS_MAX];
	struct slice lines;
	struct outgoing next;
	int err = auth_challenged(c->auth, &req, response, c->tried);

	if (err == 0)
		err = print(c, &req, buf, &lines);
	if (err == 0)
		err = outgoing_again(&c->out, &c->out.flow, next_number(c), lines, &next);
	return err ? err : client_restart(c, &next, response);
}

bool client_auth_answer(struct sip_client *c, struct sip_msg *response)
{
	return c->auth && (response->status == 401 || response->status == 407) && client_is_open(c) &&
	       again(c, response) == 0;
}

bool client_auth_done(struct sip_client *c, const struct sip_msg *response)
{
	struct auth_request req;

	if (!c->auth || !client_is_open(c) || response->status >= 300)
		return true;
	req = request_of(c);
	if (auth_accepted(c->auth, &req, response, c->tried))
		return true;
	sip_decided(c->out.stack, SIP_DECIDED_PROOF, c->about,
		"the server has not proven that it knows our password (rspauth)");
	return c->method == SIP_INVITE;
}

struct slice client_credentials(const struct sip_client *invite)
{
	return outgoing_credentials(&invite->out);
}

struct sip_auth *sip_client_auth(const struct sip_client *c)
{
	return c->auth;
}

struct sip_auth_scope sip_client_scope(const struct sip_client *c)
{
	struct sip_auth_scope scope = {.where = SIP_AUTH_OUR_DIALOG};

	if (c->tried)
		auth_scope(c->tried, &scope);
	return scope;
}
