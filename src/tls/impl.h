/* Inside of src/tls: the context, the filter of one connection, and what the files tell each other. */
#ifndef OH_TLS_IMPL_H
#define OH_TLS_IMPL_H

#include "base/list.h"
#include "tls/tls.h"

#include <openssl/ssl.h>
#include <stdio.h>

/* A record carries at most so much (RFC 8446 5.1). */
#define TLS_RECORD_MAX 16384u

struct tls_ctx {
	struct host *host;
	SSL_CTX *ssl;
	bool can_serve, trust_anyone, require_client_cert;
	enum tls_version min_version;
	char *name;
	FILE *keylog;
	struct list sessions; /* struct saved, the latest last */
	size_t n_sessions;
	uint8_t plain[TLS_RECORD_MAX]; /* where the filter that reads just now reads */
};

struct tls_filter {
	struct filter base;
	struct tls_ctx *ctx;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	bool client;
	char *name; /* client: whom we want to reach; NULL: nobody knows */
};

/* ctx_load.c: what the configuration names goes into ctx->ssl. */
int tls_load(struct tls_ctx *ctx, const struct tls_cfg *cfg);

/* verify.c: judges the peer's certificate, and tells the filter when it fails. */
int tls_verify(X509_STORE_CTX *store, void *ctx);

/* reason.c: fails the filter with what OpenSSL has just said. Returns its error. */
int tls_fail(struct tls_filter *f);

/* sessions.c: what a client may resume; by the name it wanted. */
int tls_session_new(SSL *ssl, SSL_SESSION *session); /* OpenSSL's callback */
void tls_session_offer(struct tls_filter *f);
void tls_sessions_free(struct tls_ctx *ctx);

#endif
