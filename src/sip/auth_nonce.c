/* What servers have asked for: one entry for a realm, the least recently used goes first. */
#include "base/err.h"
#include "base/mem.h"
#include "sip/auth_impl.h"

struct nonce *nonce_find(const struct sip_auth *a, uint64_t key)
{
	LIST_FOREACH (it, &a->nonces) {
		struct nonce *n = CONTAINER_OF(it, struct nonce, link);

		if (n->key == key)
			return n;
	}
	return NULL;
}

static void drop(struct sip_auth *a, struct nonce *n)
{
	list_remove(&n->link);
	a->n_nonces--;
	mem_free(n);
}

void nonces_free_all(struct sip_auth *a)
{
	LIST_FOREACH_SAFE (it, &a->nonces)
		drop(a, CONTAINER_OF(it, struct nonce, link));
}

static struct slice put(char **at, struct slice text)
{
	struct slice copy = slice_make(*at, text.n);

	if (!slice_present(text))
		return SLICE_NONE;
	memcpy(*at, text.p, text.n);
	*at += text.n;
	return copy;
}

static struct nonce *nonce_new(struct slice realm, struct slice nonce, struct slice opaque)
{
	struct nonce *n = mem_zalloc(sizeof(*n) + realm.n + nonce.n + opaque.n);
	char *at;

	if (!n)
		return NULL;
	at = n->texts;
	n->realm = put(&at, realm);
	n->nonce = put(&at, nonce);
	n->opaque = put(&at, opaque);
	return n;
}

static void put_first(struct sip_auth *a, struct nonce *n)
{
	struct list *last = a->nonces.prev;

	if (a->n_nonces == AUTH_NONCES_MAX)
		drop(a, CONTAINER_OF(last, struct nonce, link));
	list_append(a->nonces.next, &n->link); /* before the first */
	a->n_nonces++;
}

int nonce_keep(struct sip_auth *a, const struct auth_request *req, const struct challenge *c)
{
	const struct slice *f = c->fields.f;
	struct nonce *old = nonce_find(a, c->key), *n;

	n = nonce_new(f[DIGEST_REALM], f[DIGEST_NONCE], f[DIGEST_OPAQUE]);
	if (!n)
		return OH_ENOMEM;
	n->key = c->key;
	n->server = req->server;
	n->proxy = c->proxy;
	/* A realm that once asked outside of dialogs stays known as such. */
	n->outside = req->scope.where == SIP_AUTH_OUTSIDE || (old && old->outside);
	n->named = slice_present(f[DIGEST_ALGORITHM]);
	n->userhash = slice_ieq(f[DIGEST_USERHASH], SLICE_LIT("true"));
	n->utf8 = slice_ieq(f[DIGEST_CHARSET], SLICE_LIT("UTF-8"));
	n->algorithm = c->algorithm;
	n->qop = c->qop;
	sip_stack_token(req->stack, n->cnonce, AUTH_CNONCE_TOKEN);
	if (old)
		drop(a, old);
	put_first(a, n);
	return 0;
}

void nonce_renew(struct sip_auth *a, struct nonce *old, struct slice next)
{
	struct nonce *n = nonce_new(old->realm, next, old->opaque);
	struct slice realm, nonce, opaque;

	if (!n)
		return;
	realm = n->realm;
	nonce = n->nonce;
	opaque = n->opaque;
	*n = *old;
	n->link = (struct list){NULL, NULL};
	n->realm = realm;
	n->nonce = nonce;
	n->opaque = opaque;
	n->count = 0;
	drop(a, old);
	put_first(a, n);
}
