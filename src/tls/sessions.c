/*
 * Sessions that a client may resume, one a server. A ticket of TLS 1.3 is offered once: two connections that show
 * the same one can be told to be of the same client (RFC 8446 C.4), and a server sends new ones anyway.
 */
#include "base/mem.h"
#include "tls/impl.h"

struct saved {
	struct list link;
	SSL_SESSION *session;
	char name[];
};

static struct saved *find(struct tls_ctx *ctx, const char *name)
{
	LIST_FOREACH (it, &ctx->sessions) {
		struct saved *s = CONTAINER_OF(it, struct saved, link);

		if (slice_ieq(slice_of(s->name), slice_of(name)))
			return s;
	}
	return NULL;
}

static void forget(struct tls_ctx *ctx, struct saved *s)
{
	list_remove(&s->link);
	ctx->n_sessions--;
	SSL_SESSION_free(s->session);
	mem_free(s);
}

/* 1: the session is ours now. When memory is out the next connection makes a whole handshake. */
int tls_session_new(SSL *ssl, SSL_SESSION *session)
{
	struct tls_filter *f = SSL_get_app_data(ssl);
	struct saved *old, *s;
	size_t n;

	if (!f->client || !f->name)
		return 0;
	n = strlen(f->name) + 1;
	s = mem_zalloc(sizeof(*s) + n);
	if (!s)
		return 0;
	memcpy(s->name, f->name, n);
	s->session = session;
	old = find(f->ctx, f->name);
	if (!old && f->ctx->n_sessions == TLS_SESSIONS_MAX)
		old = CONTAINER_OF(list_first(&f->ctx->sessions), struct saved, link);
	if (old)
		forget(f->ctx, old);
	list_append(&f->ctx->sessions, &s->link);
	f->ctx->n_sessions++;
	return 1;
}

void tls_session_offer(struct tls_filter *f)
{
	struct saved *s = f->name ? find(f->ctx, f->name) : NULL;

	if (!s)
		return;
	SSL_set_session(f->ssl, s->session);
	if (SSL_SESSION_get_protocol_version(s->session) >= TLS1_3_VERSION)
		forget(f->ctx, s);
}

void tls_sessions_free(struct tls_ctx *ctx)
{
	while (!list_empty(&ctx->sessions))
		forget(ctx, CONTAINER_OF(list_first(&ctx->sessions), struct saved, link));
}
