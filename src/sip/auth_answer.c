/*
 * Which challenges are answered, and with what: RFC 3261 22.2, 22.3; RFC 7616 3.4; RFC 8760 2.4.
 */
#include "sip/auth_answer.h"

#include "base/err.h"
#include "base/hash.h"
#include "sip/auth_impl.h"
#include "sip/txn_impl.h"

#include <stdio.h>

/* Room for a quoted value whose every character is escaped. */
#define QUOTED_MAX (2 * SIP_AUTH_TEXT_MAX + 1)

/* ---- keys ---- */

static uint64_t realm_key(struct sip_stack *s, struct slice realm, bool proxy)
{
	return hash_key(&s->clients, realm, proxy ? 1 : 2);
}

static uint64_t nonce_key(struct sip_stack *s, struct slice raw)
{
	return hash_key(&s->clients, raw, 3);
}

uint64_t auth_server_key(struct sip_stack *s, const struct sip_uri *next_hop)
{
	return hash_key_nocase(&s->clients, next_hop->host, next_hop->port);
}

static struct auth_shown *shown_find(struct auth_tried *t, uint64_t key)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->shown[i].key == key)
			return &t->shown[i];
	return NULL;
}

static bool in_scope(const struct sip_auth_scope *scope, uint64_t key)
{
	for (size_t i = 0; i < scope->n_realms; i++)
		if (scope->realms[i] == key)
			return true;
	return false;
}

void auth_scope(const struct auth_tried *tried, struct sip_auth_scope *ret_scope)
{
	*ret_scope = (struct sip_auth_scope){.where = SIP_AUTH_OUR_DIALOG};
	for (size_t i = 0; i < tried->n; i++)
		ret_scope->realms[ret_scope->n_realms++] = tried->shown[i].key;
}

/* ---- without being asked ---- */

static bool is_shown_unasked(const struct sip_auth *a, const struct auth_request *req, const struct nonce *n)
{
	if (req->scope.where != SIP_AUTH_OUTSIDE)
		return in_scope(&req->scope, n->key);
	/* REGISTER is the same request again and again; others only when the program wants it: what they show goes to
	 * whom they are sent. */
	return n->outside && n->server == req->server && (a->initial_send || req->method == SIP_REGISTER);
}

void auth_begin(const struct sip_auth *a, const struct auth_request *req, struct auth_tried *ret_tried)
{
	*ret_tried = (struct auth_tried){0};
	LIST_FOREACH (it, &a->nonces) {
		const struct nonce *n = CONTAINER_OF(it, struct nonce, link);

		if (ret_tried->n < SIP_AUTH_REALMS_MAX && is_shown_unasked(a, req, n))
			ret_tried->shown[ret_tried->n++] = (struct auth_shown){.key = n->key};
	}
}

/* ---- what was asked ---- */

struct asked {
	struct challenge list[SIP_AUTH_REALMS_MAX];
	size_t n;
};

/* By preference, 0 best; without one all are as good as the first (RFC 8760 2.4). -1: not to be used. */
static int rank(const struct sip_auth *a, enum sip_auth_hash hash)
{
	for (size_t i = 0; i < a->n_prefer; i++)
		if (a->prefer[i] == hash)
			return (int)i;
	return a->n_prefer ? -1 : 0;
}

/* What cannot be read, or not be answered, is as if it were not there (RFC 7616 3.7). */
static void consider(
	const struct sip_auth *a, struct sip_stack *s, struct slice value, bool proxy, struct asked *asked)
{
	struct challenge c = {.proxy = proxy};
	const struct slice *f = c.fields.f;
	char realm_buf[SIP_AUTH_TEXT_MAX];
	struct slice realm;

	if (digest_parse(value, &c.fields) != 0 || f[DIGEST_NONCE].n > SIP_AUTH_TEXT_MAX ||
		f[DIGEST_OPAQUE].n > SIP_AUTH_TEXT_MAX || f[DIGEST_REALM].n > SIP_AUTH_TEXT_MAX)
		return;
	realm = digest_unquote(f[DIGEST_REALM], realm_buf, sizeof(realm_buf));
	if (!slice_present(realm) || !slice_present(f[DIGEST_NONCE]) ||
		digest_algorithm_of(f[DIGEST_ALGORITHM], &c.algorithm) != 0 ||
		digest_qop_of(f[DIGEST_QOP], &c.qop) != 0 || rank(a, c.algorithm.hash) < 0)
		return;
	/* RFC 3261 22.4 number 8: -sess needs a cnonce, and that needs qop. */
	if (c.algorithm.sess && c.qop == DIGEST_QOP_NONE)
		return;
	c.key = realm_key(s, realm, proxy);
	c.stale = slice_ieq(f[DIGEST_STALE], SLICE_LIT("true"));
	for (size_t i = 0; i < asked->n; i++) {
		struct challenge *same = &asked->list[i];

		if (same->key != c.key)
			continue;
		/* Topmost first, unless a later one is liked better or is the first that we have a hash for. */
		if (rank(a, c.algorithm.hash) < rank(a, same->algorithm.hash) ||
			(!auth_credential(a, realm, same->algorithm.hash) &&
				auth_credential(a, realm, c.algorithm.hash)))
			*same = c;
		return;
	}
	if (asked->n < SIP_AUTH_REALMS_MAX)
		asked->list[asked->n++] = c;
}

/* Both kinds, whatever the status: a proxy that forks puts together what it was told (RFC 3261 22.3). */
static void collect(const struct sip_auth *a, struct sip_stack *s, const struct sip_msg *response,
	struct asked *ret_asked)
{
	static const enum sip_hdr_id ids[] = {SIP_HDR_WWW_AUTHENTICATE, SIP_HDR_PROXY_AUTHENTICATE};

	ret_asked->n = 0;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		for (const struct sip_hdr *h = sip_msg_hdr(response, ids[i]); h;
			h = sip_msg_hdr_next(response, h))
			consider(a, s, h->value, ids[i] == SIP_HDR_PROXY_AUTHENTICATE, ret_asked);
}

/* ---- may it be answered? ---- */

/* RFC 3261 22 asks nothing of this: it keeps a hash of the password from whoever we happen to be in a dialog with. */
static bool is_allowed(const struct sip_auth *a, const struct auth_request *req, const struct challenge *c,
	const struct credential *credential)
{
	const struct nonce *before;

	if (req->scope.where == SIP_AUTH_OUTSIDE || a->policy == SIP_AUTH_ANY)
		return true;
	if (a->policy == SIP_AUTH_NAMED && !auth_is_any(credential))
		return true;
	if (req->scope.where == SIP_AUTH_THEIR_DIALOG)
		return false;
	before = nonce_find(a, c->key);
	return in_scope(&req->scope, c->key) || (before && before->outside && !auth_is_any(credential));
}

/* RFC 3261 22.1: what was rejected is not tried again, unless only the nonce was stale. */
static bool is_rejected(struct sip_stack *s, const struct challenge *c, const struct auth_shown *shown,
	const struct auth_tried *tried)
{
	if (!shown)
		return false;
	if (c->stale)
		return tried->stale >= AUTH_STALE_MAX;
	/* What was shown from memory may have an old nonce whose server does not say "stale". */
	return shown->asked || shown->nonce == nonce_key(s, c->fields.f[DIGEST_NONCE]);
}

static const char *objection(const struct sip_auth *a, const struct auth_request *req,
	const struct challenge *c, const struct auth_tried *tried, const struct auth_shown *shown,
	int *ret_err)
{
	char buf[SIP_AUTH_TEXT_MAX];
	struct slice realm = digest_unquote(c->fields.f[DIGEST_REALM], buf, sizeof(buf));
	const struct credential *credential = auth_credential(a, realm, c->algorithm.hash);

	*ret_err = OH_ENOENT;
	if (!credential)
		return "no credential for it";
	*ret_err = OH_EREFUSED;
	if (!is_allowed(a, req, c, credential))
		return "asked by the peer of a dialog, where it was not met before";
	if (is_rejected(req->stack, c, shown, tried))
		return c->stale ? "stale too often" : "our credentials were rejected";
	if (!shown && tried->n == SIP_AUTH_REALMS_MAX)
		return "too many realms";
	*ret_err = 0;
	return NULL;
}

/* One challenge: 0 when it is going to be answered. */
static int take(struct sip_auth *a, const struct auth_request *req, const struct challenge *c,
	struct auth_tried *tried)
{
	struct auth_shown *shown = shown_find(tried, c->key);
	int err;
	const char *why = objection(a, req, c, tried, shown, &err);

	if (!why)
		err = nonce_keep(a, req, c);
	if (err) {
		sip_stack_log(req->stack, LOG_WARN, "challenge of realm \"%.*s\" not answered: %s",
			SLICE_ARG(c->fields.f[DIGEST_REALM]), why ? why : offhook_strerror(err));
		return err;
	}
	tried->stale += c->stale && shown;
	if (!shown)
		shown = &tried->shown[tried->n++];
	*shown = (struct auth_shown){.key = c->key, .asked = true};
	return 0;
}

int auth_challenged(struct sip_auth *a, const struct auth_request *req, struct sip_msg *response,
	struct auth_tried *tried)
{
	struct asked asked;
	int err = OH_ENOENT;
	bool some = false;

	if (tried->rounds >= AUTH_ROUNDS_MAX) {
		sip_stack_log(req->stack, LOG_WARN, "challenged too often: given up");
		return OH_EREFUSED;
	}
	collect(a, req->stack, response, &asked);
	for (size_t i = 0; i < asked.n; i++) {
		int one = take(a, req, &asked.list[i], tried);

		some |= one == 0;
		err = one ? one : err;
	}
	tried->rounds += some;
	return some ? 0 : err;
}

/* ---- the answer ---- */

static void put_text(struct sip_writer *w, const char *text)
{
	sipw_put(w, slice_of(text));
}

/* RFC 7616 3.4, 3.4.4, RFC 5987: which form of the name. quoted: QUOTED_MAX. */
static int put_user(struct sip_writer *w, const struct nonce *n, const struct credential *c,
	struct slice realm, char *quoted)
{
	char hash[TLS_HASH_HEX];
	bool ascii = true;
	int err;

	if (n->userhash) {
		err = digest_userhash(n->algorithm.hash, c->user, realm, hash);
		put_text(w, "username=\"");
		put_text(w, hash);
		put_text(w, "\", userhash=true");
		return err;
	}
	for (size_t i = 0; i < c->user.n; i++)
		ascii &= (unsigned char)c->user.p[i] < 0x80;
	if (ascii || !n->utf8) {
		put_text(w, "username=\"");
		sipw_put(w, digest_quote(c->user, quoted, QUOTED_MAX));
		put_text(w, "\"");
		return 0;
	}
	put_text(w, "username*=UTF-8''");
	for (size_t i = 0; i < c->user.n; i++) {
		snprintf(quoted, QUOTED_MAX, "%%%02X", (unsigned)(unsigned char)c->user.p[i]);
		put_text(w, quoted);
	}
	return 0;
}

static void put_quoted(struct sip_writer *w, const char *name, struct slice raw)
{
	put_text(w, ", ");
	put_text(w, name);
	put_text(w, "=\"");
	sipw_put(w, raw);
	put_text(w, "\"");
}

/* The line for one realm. */
static int put_line(
	const struct sip_auth *a, const struct auth_request *req, struct nonce *n, struct sip_writer *w)
{
	char realm_buf[SIP_AUTH_TEXT_MAX], nonce_buf[SIP_AUTH_TEXT_MAX], quoted[QUOTED_MAX];
	char response[TLS_HASH_HEX], count[16];
	struct digest d = {.algorithm = n->algorithm,
		.qop = n->qop,
		.realm = digest_unquote(n->realm, realm_buf, sizeof(realm_buf)),
		.nonce = digest_unquote(n->nonce, nonce_buf, sizeof(nonce_buf)),
		.cnonce = slice_of(n->cnonce),
		.method = req->method_text,
		.uri = req->uri,
		.body = req->body};
	const struct credential *c = auth_credential(a, d.realm, n->algorithm.hash);
	int err;

	if (!c)
		return OH_ENOENT;
	snprintf(count, sizeof(count), "%08x", n->count + 1);
	d.nc = slice_of(count);
	d.ha1 = c->ha1[n->algorithm.hash];
	d.user = c->user;
	d.password = c->password;
	err = digest_compute(&d, response);
	if (err)
		return err;
	n->count++;
	put_text(w, n->proxy ? "Proxy-Authorization: Digest " : "Authorization: Digest ");
	err = put_user(w, n, c, d.realm, quoted);
	put_quoted(w, "realm", n->realm);
	put_quoted(w, "nonce", n->nonce);
	put_quoted(w, "uri", req->uri);
	put_quoted(w, "response", slice_of(response));
	if (n->named) {
		put_text(w, ", algorithm=");
		put_text(w, digest_algorithm_name(n->algorithm));
	}
	if (n->qop != DIGEST_QOP_NONE) {
		put_quoted(w, "cnonce", d.cnonce);
		put_text(w, n->qop == DIGEST_QOP_AUTH ? ", qop=auth, nc=" : ", qop=auth-int, nc=");
		put_text(w, count);
	}
	if (slice_present(n->opaque))
		put_quoted(w, "opaque", n->opaque);
	put_text(w, "\r\n");
	return err;
}

int auth_write(
	struct sip_auth *a, const struct auth_request *req, struct auth_tried *tried, struct sip_writer *w)
{
	for (size_t i = 0; i < tried->n; i++) {
		struct nonce *n = nonce_find(a, tried->shown[i].key);
		int err;

		if (!n)
			continue; /* pushed out by others meanwhile: the server asks again */
		err = put_line(a, req, n, w);
		if (err)
			return err;
		tried->shown[i].nonce = nonce_key(req->stack, n->nonce);
	}
	return w->n > w->cap ? OH_ETOOBIG : w->err;
}

/* ---- the server's part ---- */

/* Who it is that knows the password: the one nonce whose cnonce the server, or the proxy, repeats. */
static struct nonce *find_shown(
	const struct sip_auth *a, const struct auth_tried *tried, bool proxy, struct slice cnonce)
{
	for (size_t i = 0; i < tried->n; i++) {
		struct nonce *n = nonce_find(a, tried->shown[i].key);

		if (n && n->proxy == proxy && tried->shown[i].nonce &&
			(!slice_present(cnonce) || slice_eq(cnonce, slice_of(n->cnonce))))
			return n;
	}
	return NULL;
}

/* RFC 7616 3.5: it proves that the server knows the password too. Over auth-int it would need the body that the server
 * sent. */
static bool is_proof_good(const struct sip_auth *a, const struct auth_request *req, const struct nonce *n,
	const struct digest_fields *info, struct slice body)
{
	char realm_buf[SIP_AUTH_TEXT_MAX], nonce_buf[SIP_AUTH_TEXT_MAX], expected[TLS_HASH_HEX];
	struct digest d = {.algorithm = n->algorithm,
		.realm = digest_unquote(n->realm, realm_buf, sizeof(realm_buf)),
		.nonce = digest_unquote(n->nonce, nonce_buf, sizeof(nonce_buf)),
		.cnonce = slice_of(n->cnonce),
		.nc = info->f[DIGEST_NC],
		.uri = req->uri,
		.body = body};
	const struct credential *c = auth_credential(a, d.realm, n->algorithm.hash);

	if (!c || digest_qop_of(info->f[DIGEST_QOP], &d.qop) != 0)
		return false;
	d.ha1 = c->ha1[n->algorithm.hash];
	d.user = c->user;
	d.password = c->password;
	return digest_compute(&d, expected) == 0 && tls_equal(slice_of(expected), info->f[DIGEST_RSPAUTH]);
}

/* One of both headers. True: it is a good proof. */
static bool take_info(struct sip_auth *a, const struct auth_request *req, const struct sip_msg *response,
	const struct auth_tried *tried, bool proxy)
{
	const struct sip_hdr *h = proxy ? sip_msg_hdr_named(response, SLICE_LIT("Proxy-Authentication-Info"))
					: sip_msg_hdr(response, SIP_HDR_AUTHENTICATION_INFO);
	struct digest_fields info;
	struct nonce *n;
	struct slice next;
	bool proves;

	if (!h || digest_parse_info(h->value, &info) != 0)
		return false;
	n = find_shown(a, tried, proxy, info.f[DIGEST_CNONCE]);
	if (!n)
		return false;
	proves = slice_present(info.f[DIGEST_RSPAUTH]);
	if (proves && !is_proof_good(a, req, n, &info, response->body)) {
		sip_stack_log(req->stack, LOG_WARN, "the server of realm \"%.*s\" does not know our password",
			SLICE_ARG(n->realm));
		return false;
	}
	next = info.f[DIGEST_NEXTNONCE];
	/* With -sess the session's key has the first nonce in it: a server that wants another one asks (RFC 7616 3.4.2). */
	if (!slice_empty(next) && next.n <= SIP_AUTH_TEXT_MAX && !n->algorithm.sess)
		nonce_renew(a, n, next);
	return proves;
}

bool auth_accepted(struct sip_auth *a, const struct auth_request *req, const struct sip_msg *response,
	const struct auth_tried *tried)
{
	bool proven[2];

	for (int proxy = 0; proxy < 2; proxy++)
		proven[proxy] = take_info(a, req, response, tried, proxy);
	if (!a->wants_proof)
		return true;
	for (int proxy = 0; proxy < 2; proxy++)
		if (find_shown(a, tried, proxy, SLICE_NONE) && !proven[proxy])
			return false;
	return true;
}
