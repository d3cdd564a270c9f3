/* The context: who we are, whom we trust, and what all connections of a transport share. */
#include "base/err.h"
#include "base/mem.h"
#include "tls/impl.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/stat.h>

static const int protos[] = {[TLS_VERSION_DEFAULT] = TLS1_2_VERSION,
	[TLS_VERSION_1_2] = TLS1_2_VERSION,
	[TLS_VERSION_1_3] = TLS1_3_VERSION};

static void keylog(const SSL *ssl, const char *line)
{
	const struct tls_filter *f = SSL_get_app_data(ssl);

	fprintf(f->ctx->keylog, "%s\n", line);
	fflush(f->ctx->keylog);
}

/* Readable by its owner alone: with it the calls can be read. */
static int open_keylog(struct tls_ctx *ctx, const char *path)
{
	int err;

	ctx->keylog = fopen(path, "ae");
	if (!ctx->keylog) {
		err = err_from_errno(errno);
		return err_detail(err, "cannot write the key log '%s': %s", path, offhook_strerror(err));
	}
	fchmod(fileno(ctx->keylog), S_IRUSR | S_IWUSR);
	SSL_CTX_set_keylog_callback(ctx->ssl, keylog);
	return 0;
}

static int set_up(struct tls_ctx *ctx, const struct tls_cfg *cfg)
{
	static const uint8_t session_context[] = "offhook";

	SSL_CTX_set_min_proto_version(ctx->ssl, protos[cfg->min_version]);
	/* Nobody needs a second handshake inside a session, and it has been an attack. Idle connections give their
	 * buffers back. */
	SSL_CTX_set_options(ctx->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx->ssl, SSL_MODE_RELEASE_BUFFERS);
	/* A server's sessions travel in tickets; a client's are kept by sessions.c. */
	SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx->ssl, tls_session_new);
	SSL_CTX_set_session_id_context(ctx->ssl, session_context, sizeof(session_context) - 1);
	SSL_CTX_set_cert_verify_callback(ctx->ssl, tls_verify, ctx);
	if (cfg->ciphers && !SSL_CTX_set_cipher_list(ctx->ssl, cfg->ciphers))
		return err_detail(OH_EINVAL, "OpenSSL knows no cipher in '%s'", cfg->ciphers);
	return tls_load(ctx, cfg);
}

int tls_ctx_new(const struct tls_cfg *cfg, struct tls_ctx **ret_ctx)
{
	struct tls_ctx *ctx;
	int err = OH_ENOMEM;

	if (cfg->min_version >= ARRAY_LEN(protos))
		return err_detail(OH_EINVAL, "TLS 1.2 and 1.3 are the versions that can be asked for");
	ctx = mem_zalloc(sizeof(*ctx));
	if (!ctx)
		return OH_ENOMEM;
	list_init(&ctx->sessions);
	ctx->host = cfg->host;
	ctx->trust_anyone = cfg->trust_anyone;
	ctx->require_client_cert = cfg->require_client_cert;
	ctx->min_version = cfg->min_version;
	ctx->ssl = SSL_CTX_new(TLS_method());
	ctx->name = mem_strdup(cfg->name);
	if (!ctx->ssl || (cfg->name && !ctx->name))
		goto fail;
	err = set_up(ctx, cfg);
	if (!err && cfg->keylog_file)
		err = open_keylog(ctx, cfg->keylog_file);
	ERR_clear_error();
	if (err)
		goto fail;
	*ret_ctx = ctx;
	return 0;
fail:
	tls_ctx_free(ctx);
	return err;
}

struct tls_ctx *tls_ctx_free(struct tls_ctx *ctx)
{
	if (!ctx)
		return NULL;
	tls_sessions_free(ctx);
	SSL_CTX_free(ctx->ssl);
	if (ctx->keylog)
		fclose(ctx->keylog);
	mem_free(ctx->name);
	mem_free(ctx);
	return NULL;
}

bool tls_ctx_can_serve(const struct tls_ctx *ctx)
{
	return ctx->can_serve;
}

static int make(void *arg, const struct filter_ask *ask, struct filter **ret_filter)
{
	return tls_filter_new(arg, ask, ret_filter);
}

static void free_maker(void *arg)
{
	tls_ctx_free(arg);
}

void tls_ctx_maker(struct tls_ctx *ctx, struct filter_maker *ret_maker)
{
	*ret_maker = (struct filter_maker){make, free_maker, ctx};
}
